"""The buttons: Rebalance writes a plan, Record applies its fills, Check lists what is wrong.

Everything is computed before the first write, so that a refusal leaves the workbook as it was.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

from rebalance_xl.book import schema
from rebalance_xl.book.decision import decide
from rebalance_xl.book.doubts import distant_marks, no_tables, old_date
from rebalance_xl.book.execution import Execution, execute
from rebalance_xl.book.fills import Fill, planned_mark, planned_trigger, read_fills
from rebalance_xl.book.forms import day_of, journal_row, plan_rows
from rebalance_xl.book.interface import Cell, WorkbookPort
from rebalance_xl.book.model import Book, read_book, require_sound
from rebalance_xl.book.plan import make_plan, mark_of
from rebalance_xl.book.plan_data import Plan
from rebalance_xl.book.problems import ERROR, WARNING, BookError, Problem, by_severity, errors_of
from rebalance_xl.book.reading import check_headers
from rebalance_xl.book.schema import Table
from rebalance_xl.cells import MISSING


def check(port: WorkbookPort, as_of: dt.date | float | None = None, today: dt.date | None = None) -> list[Problem]:
    """Return what is wrong with a book, errors first, each with its cell; nothing is written.

    Parameters
    ----------
    port, as_of, today
        As for :func:`~rebalance_xl.book.model.read_book`.
    """
    book = read_book(port, as_of, today)
    problems = [*book.problems, *distant_marks(book), *no_tables(port.table_names())]
    if as_of is None:
        problems += old_date(book, today)
    if not errors_of(problems):
        try:
            warnings = make_plan(book).warnings
            problems += [
                Problem(WARNING, holding.where, warning)
                for holding in book.holdings
                for warning in warnings
                if warning.startswith(f"{holding.asset} is locked")
            ]
        except BookError as refusal:
            problems += refusal.problems
    for table in (schema.PLAN, schema.JOURNAL):
        problems += [Problem(WARNING, each.where, each.message) for each in _writable(port, table)]
    return by_severity(problems)


def plan(port: WorkbookPort, as_of: dt.date | float | None = None, today: dt.date | None = None) -> Plan:
    """Return the plan of a workbook without writing anything."""
    return make_plan(read_book(port, as_of, today))


def rebalance(port: WorkbookPort, as_of: dt.date | float | None = None, today: dt.date | None = None) -> Plan:
    """Write the plan into the Plan table and a row into the Journal; inputs are never changed.

    Raises
    ------
    BookError
        If the book is unsound, has no date or lacks a table to write; nothing was written.
    """
    book = _dated(read_book(port, as_of, today))
    found = make_plan(book)
    missing = [problem for table in (schema.PLAN, schema.JOURNAL) for problem in _writable(port, table)]
    if missing:
        raise BookError(missing)
    headers = [column.name for column in schema.PLAN.columns]
    rows: list[list[Cell]] = [[row.get(header) for header in headers] for row in plan_rows(found)]
    port.write_table("Plan", headers, rows)
    port.append_row("Journal", journal_row(found))
    port.commit()
    return found


#: What is said of a plan that does not belong to the book any more.
CHANGED: Final = "quantities, positions or wallets changed since this plan was written"


@dataclass(frozen=True, slots=True)
class Recording:
    """What Record is about to do, for a host that asks before.

    Parameters
    ----------
    book
        The book as it stands.
    fills
        The lines that were executed; none where a review that is due found nothing to trade.
    review
        A review is carried out with them: LastReview becomes the day.
    changed
        Quantities or positions changed since the plan was written.
    """

    book: Book
    fills: tuple[Fill, ...]
    review: bool
    changed: bool


def to_record(port: WorkbookPort, as_of: dt.date | float | None = None, today: dt.date | None = None) -> Recording:
    """Return what Record would do; nothing is written.

    Parameters
    ----------
    port, as_of, today
        As for :func:`~rebalance_xl.book.model.read_book`.

    Raises
    ------
    BookError
        If the book is unsound, lacks a table to write or its Plan table holds nothing to record.
    """
    book = _dated(require_sound(read_book(port, as_of, today)))
    missing = [problem for table in (schema.PLAN, schema.JOURNAL) for problem in _writable(port, table)]
    if missing:
        raise BookError(missing)
    review = decide(book).review
    planned = planned_mark(port)
    return Recording(book, tuple(read_fills(port, review)), review, bool(planned) and planned != mark_of(book))


def record(
    port: WorkbookPort,
    as_of: dt.date | float | None = None,
    today: dt.date | None = None,
    changed: bool = False,
) -> Execution:
    """Apply the fills of the Plan table to the book and add their rows to Lots, Fills and the Journal.

    The quantities, prices and fees of the Plan table are taken as the real fills: edit them before recording.
    LastReview becomes the day where a review was due, also where the plan traded nothing. Afterwards the Plan table is
    emptied, so that nothing is recorded twice.

    Parameters
    ----------
    port, as_of, today
        As for :func:`~rebalance_xl.book.model.read_book`.
    changed
        Go on although quantities changed since the plan was written.

    Returns
    -------
    Execution
        What was changed.

    Raises
    ------
    BookError
        If the book is unsound, the Plan table holds nothing to record, the book changed since the plan, or a fill
        cannot be (more sold than held, more spent than there is); nothing was written.
    """
    found = to_record(port, as_of, today)
    if found.changed and not changed:
        message = f"{CHANGED}: press Rebalance for a new one, or record it all the same (record --changed)"
        raise BookError(Problem(ERROR, "Plan", message))
    book, review = found.book, found.review
    execution = execute(book, found.fills, port, planned_trigger(port), review)
    for name, row, values in execution.cells:
        port.set_cells(name, row, values)
    for name, values in execution.new_rows:
        port.append_row(name, values)
    if port.read_table(schema.FILLS.name) is not None:
        for values in execution.fill_rows:
            port.append_row(schema.FILLS.name, values)
    if review and port.read_name("LastReview") is not MISSING:
        port.write_name("LastReview", day_of(book.as_of))
    port.append_row("Journal", execution.journal)
    done = f"the fills were recorded on {execution.date}; press Rebalance for a new plan"
    port.write_table("Plan", ["Asset", "Action", "Reason"], [["Recorded", "HOLD", done]])
    port.commit()
    return execution


def _dated(book: Book) -> Book:
    if book.as_of is None:
        raise BookError(Problem(ERROR, "AsOf", "no date is given: fill in the setting AsOf"))
    return book


def _writable(port: WorkbookPort, table: Table) -> list[Problem]:
    """Return why a table cannot be written, if it cannot."""
    data = port.read_table(table.name)
    if data is None:
        return [Problem(ERROR, table.name, f"the workbook has no table {table.name} ({table.help}); add it to write")]
    problems: list[Problem] = []
    check_headers(data, table, problems)
    return problems
