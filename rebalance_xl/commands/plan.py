"""`rebalance-xl plan`, `record` and `check`: the actions of the ribbon, on a file."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from rebalance_xl import terminal
from rebalance_xl.book import actions
from rebalance_xl.book.forms import conservation, iso_date, plan_to_dict
from rebalance_xl.book.problems import ERROR, BookError
from rebalance_xl.commands.options import Overrides, UsageError, read_day
from rebalance_xl.commands.plan_inputs import Editor, Inputs
from rebalance_xl.hosts.file import FileWorkbook
from rebalance_xl.recalc.files.locks import remove_leftovers_once
from rebalance_xl.recalc.files.output import update
from rebalance_xl.recalc.files.refusals import Refused, read_input
from rebalance_xl.recalc.workbook import recalculate_bytes

if TYPE_CHECKING:
    from rebalance_xl.book.execution import Execution
    from rebalance_xl.book.plan_data import Plan

Answer = TypeVar("Answer")


def show_plan(
    book: Path,
    as_of: str,
    as_json: bool,
    write: bool,
    output: Path | None,
    overrides: Overrides,
    inputs: Inputs | None = None,
) -> int:
    """Print the plan of a book, and write it into the book when asked; returns the exit code.

    `inputs` are written first: into the book with `write`, else only into what the plan is made from.
    """

    def show(day: dt.date | None) -> int:
        edit = inputs.editor() if inputs is not None else None
        if write:
            plan = _act(book, output, overrides, day, lambda port: actions.rebalance(port, day, dt.date.today()), edit)
        else:
            plan = actions.plan(_opened(book, day, edit), day, dt.date.today())
        if as_json:
            terminal.print_json(plan_to_dict(plan))
        else:
            print_plan(plan)
            if write:
                terminal.say(f"{output or book}: the plan stands in the tables Plan and Journal")
        return 0

    return _guarded(book, as_of, show)


def record_execution(
    book: Path, as_of: str, as_json: bool, output: Path | None, overrides: Overrides, changed: bool = False
) -> int:
    """Apply the fills of the Plan table to the book; returns the exit code."""

    def apply(day: dt.date | None) -> int:
        names = RowNames()

        def act(port: FileWorkbook) -> Execution:
            names.learn(port)
            return actions.record(port, day, dt.date.today(), changed)

        done = _act(book, output, overrides, day, act)
        if as_json:
            changes = [{"table": table, "row": row + 1, "values": values} for table, row, values in done.cells]
            terminal.print_json({"date": done.date, "changes": changes, "journal": done.journal})
        else:
            for table, row, values in done.cells:
                told = ", ".join(f"{name} {_cell_text(value)}" for name, value in values.items())
                terminal.say(f"{names(table, row)}: {told}")
            what = "the fills are" if done.fills else "the review, in which nothing was traded, is"
            terminal.say(f"{output or book}: {what} recorded as of {done.date}")
        return 0

    return _guarded(book, as_of, apply)


def check_book(book: Path, as_json: bool, as_of: str = "") -> int:
    """Print the data problems of a book; returns 1 when one of them forbids a plan."""

    def check(day: dt.date | None) -> int:
        problems = actions.check(_opened(book, day), day, dt.date.today())
        if as_json:
            terminal.print_json(
                [{"severity": each.severity, "where": each.where, "message": each.message} for each in problems]
            )
        elif problems:
            terminal.print_table(
                ["Severity", "Where", "What"], [[each.severity, each.where, each.message] for each in problems]
            )
        else:
            terminal.say(f"{book}: no problems")
        return 1 if any(each.severity == ERROR for each in problems) else 0

    return _guarded(book, as_of, check)


def _guarded(book: Path, as_of: str, action: Callable[[dt.date | None], int]) -> int:
    try:
        return action(read_day(as_of))
    except UsageError as failure:
        terminal.complain(str(failure))
        return 2
    except Refused as refusal:
        terminal.complain(f"{book}: {refusal}")
    except BookError as failure:
        for problem in failure.problems:
            terminal.complain(f"{book}: {problem}")
    return 1


def _opened(book: Path, day: dt.date | None, edit: Editor | None = None) -> FileWorkbook:
    """Return a book with its formulas calculated in memory; a file without cached values plans as well."""
    remove_leftovers_once(book.parent)
    data, _ = read_input(book, ignore_lock=True)
    data = edit(data) if edit is not None else data
    return FileWorkbook.from_bytes(recalculate_bytes(data, as_of=day)[0])


def _act(
    book: Path,
    output: Path | None,
    overrides: Overrides,
    day: dt.date | None,
    action: Callable[[FileWorkbook], Answer],
    edit: Editor | None = None,
) -> Answer:
    """Do an action on a book in memory, calculate the result, and write it once; nothing comes between."""
    with update(book, output, ignore_lock=overrides.ignore_lock, read_only_too=overrides.read_only_too) as held:
        data = edit(held.data) if edit is not None else held.data
        port = FileWorkbook.from_bytes(recalculate_bytes(data, as_of=day)[0])
        answer = action(port)
        content, _ = recalculate_bytes(port.content(), as_of=day)
        held.write(content)
    return answer


class RowNames:
    """What a person calls the rows of Portfolio and Futures, as they were before something was written."""

    def __init__(self) -> None:
        self._names: dict[tuple[str, int], str] = {}

    def learn(self, port: FileWorkbook) -> None:
        """Note the names: the asset, or the symbol with its side; the venue where a name stands twice."""
        for table, columns in (("Portfolio", ("Asset",)), ("Futures", ("Symbol", "Side"))):
            data = port.read_table(table)
            if data is None:
                continue
            rows = [
                [
                    str(row[place] or "") if (place := data.column(name)) is not None else ""
                    for name in (*columns, "Venue")
                ]
                for row in data.rows
            ]
            plain = [" ".join(filter(None, row[:-1])) for row in rows]
            for number, (name, row) in enumerate(zip(plain, rows, strict=True)):
                twice = plain.count(name) > 1 and row[-1]
                self._names[table, number] = f"{name} at {row[-1]}" if twice else name

    def __call__(self, table: str, row: int) -> str:
        """Return the name of a data row, counted from 0."""
        return self._names.get((table, row)) or f"{table} row {row + 1}"


def _cell_text(value: object) -> str:
    return terminal.units(value) if isinstance(value, float) else str(value)


# --- what is printed --------------------------------------------------------------------------------------------


def print_plan(plan: Plan) -> None:
    """Print a plan: tables on a terminal, sentences and plain columns in a pipe."""
    day = iso_date(plan.as_of)
    terminal.say(f"Trigger {plan.trigger.kind}" + (f" on {day}" if day else ""))
    for reason in plan.trigger.reasons:
        terminal.say(f"  {reason}")
    if plan.lines:
        terminal.say()
        rows = [
            [
                line.asset,
                line.action,
                terminal.money(line.amount) if line.amount else "",
                terminal.units(line.quantity),
                terminal.price(line.price),
                terminal.money(line.fee) if line.fee else "",
                terminal.share(line.weight_before),
                terminal.share(line.weight_after),
                terminal.money(line.realised_gain),
                line.reason,
            ]
            for line in plan.lines
        ]
        headers = ["Asset", "Action", "Amount", "Quantity", "Price", "Fee", "Before", "After", "Gain", "Reason"]
        terminal.print_table(headers, rows, right=range(2, 9))
    terminal.say(conservation(plan.totals))
    _print_terms(plan)
    _print_positions(plan)
    _print_accounts(plan)
    for unresolved in plan.unresolved:
        terminal.say(f"Unresolved: {unresolved.asset} {terminal.money(unresolved.amount)}: {unresolved.reason}")
    for warning in plan.warnings:
        terminal.say(f"Warning: {warning}")
    for note in plan.notes:
        terminal.say(f"Note: {note}")


def _print_terms(plan: Plan) -> None:
    """Print what the futures lines mean: the size of each, and the whole position after it."""
    rows = [
        [
            line.asset,
            line.action,
            terminal.money(terms.notional),
            terminal.units(terms.leverage),
            terminal.price(terms.liquidation_price),
            terminal.share(terms.liquidation_distance),
            terminal.price(terms.break_even),
            terminal.money(terms.funding_per_day),
            "estimate" if terms.estimate and terms.liquidation_price is not None else "",
        ]
        for line in plan.lines
        if (terms := line.futures) is not None
    ]
    if not rows:
        return
    terminal.say()
    headers = ["Futures", "Action", "Notional", "Leverage", "Liquidation", "Distance", "Break-even", "Funding/day", ""]
    terminal.print_table(headers, rows, right=range(2, 8))


def _print_accounts(plan: Plan) -> None:
    """Print how near each pool of the derivatives accounts is to liquidation, alone and by a move of the market."""
    if not plan.accounts:
        return
    terminal.say()
    rows = [
        [
            each.account,
            each.pool,
            terminal.money(each.equity),
            terminal.money(each.requirement),
            terminal.money(each.free),
            "no equity left" if math.isinf(each.ratio) else f"{each.ratio:.1%}",
            _move(each.fall),
            _move(each.rise),
            "estimate" if each.estimate else "",
        ]
        for each in plan.accounts
    ]
    headers = ["Account", "Pool", "Equity", "Requirement", "Free", "Ratio", "Market falls", "Market rises", ""]
    terminal.print_table(headers, rows, right=range(2, 8))


def _move(move: float | None) -> str:
    if move is None:
        return ""
    return "NEVER" if math.isinf(move) else "now" if move == 0.0 else f"{move:+.1%}"


def _print_positions(plan: Plan) -> None:
    if not plan.positions:
        return
    terminal.say()
    rows = [
        [
            each.symbol,
            each.venue,
            each.side,
            terminal.money(each.notional),
            terminal.money(each.margin),
            terminal.money(each.pnl),
            terminal.price(each.liquidation_price),
            terminal.share(each.liquidation_distance),
            terminal.money(each.funding_per_day),
            terminal.share(each.funding_per_year),
            "estimate" if each.estimate else "",
        ]
        for each in plan.positions
    ]
    headers = ["Position", "Venue", "Side", "Notional", "Margin", "PnL", "Liquidation", "Distance", "Funding/day"]
    terminal.print_table([*headers, "a year", ""], rows, right=range(3, 10))
