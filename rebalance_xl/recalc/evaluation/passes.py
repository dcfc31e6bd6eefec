"""The passes that a workbook goes through, one after the other: each decides something and has it computed again.

The last ones hear why functions gave errors, which is written down.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from ...cells import CellError
from ..files.package import Package
from ..formulas.book_view import BookView
from ..formulas.in_bulk import Lowering
from ..references import Place
from ..sheets.formula_cells import FormulaCell
from ..sheets.sheet_scan import SheetScan
from .calculation import Calculation
from .criteria_and_look_ups import keep_decimal_commas
from .data_tables import compute_tables
from .decision import decide
from .doubts import as_before, name_what_is_old, settle_doubts
from .engine import Engine
from .engine_values import Settings
from .exchange import load
from .loops import close_loops
from .reads import Readers
from .ready import compute_arrays_early, compute_early, lower_book
from .row_formula import KnownCells
from .spills import Spills
from .suspects import compute_suspects

#: Errors that no file names: Excel writes #VALUE! and says in the cell's metadata what it means.
NEW_ERRORS = frozenset(("#SPILL!", "#CALC!", "#FIELD!", "#BLOCKED!", "#CONNECT!", "#BUSY!"))


@contextmanager
def calculated(
    package: Package,
    scans: list[SheetScan],
    now: dt.datetime,
    *,
    spill_plain: bool = False,
    singly: bool = False,
    inputs: Callable[[], Iterable[Place]] | None = None,
) -> Iterator[Calculation]:
    """Give a workbook calculated: its formula cells have values, statuses and causes, its spills their arrays.

    The engine keeps its cells until the end, also an unexpected one: it and its functions refer to each other.
    `spill_plain` lets ordinary formulas spill, `singly` computes every formula without any short cut, `inputs` gives
    the cells without formulas that were changed before the calculation.
    """
    settings = Settings(package.date1904, package.iterate, package.iterations, package.max_change, now)
    book = BookView.of(package, scans)
    engine = Engine(book.sheet_names, settings)
    try:
        calculation = _loaded(book, engine, spill_plain, singly)
        calculation.compute()
        if package.iterate:
            close_loops(calculation)
        settle_doubts(calculation)
        compute_suspects(calculation)
        keep_decimal_commas(calculation)
        compute_tables(calculation)
        explain_errors(calculation)
        name_what_is_old(calculation, inputs)
        _write_new_errors_as_old(calculation)
        yield calculation
    finally:
        engine.close()


def _loaded(book: BookView, engine: Engine, spill_plain: bool, singly: bool) -> Calculation:
    """Make every formula ready, compute what needs no engine, and hand all cells to the engine."""
    package, lowering = book.package, Lowering(book, singly)
    if package.iterate or any("dataTable" in scan.formulas.kinds.values() for scan in book.scans):
        book.addressed.update(range(len(book.scans)))
    spills = Spills(book, engine)
    filled = lower_book(book, lowering, spills, spill_plain)
    known = KnownCells(book, spills.anchors)
    compute_early(known, filled)
    arrays = None if singly or package.date1904 else compute_arrays_early(known)
    calculation = Calculation(book, lowering, engine, spills, Readers(book, filled))
    if arrays is None:
        load(engine, book, singly)
        engine.calls.register_around()
        calculation.register()
    else:
        engine.idle = True
        engine.calls.kept.update(arrays)
    for place, each in book.linked.items():
        if each.shown is not None:
            engine.set_value(place, each.shown)
    return calculation


def _write_new_errors_as_old(calculation: Calculation) -> None:
    """Let errors that old programs do not know be written as #VALUE!, as Excel does, and be named as the cause."""
    for cell in calculation.odd:
        if _is_new(cell.value) and cell.status != "kept":
            cell.cause = cell.cause or cell.value.code
            cell.value = CellError("#VALUE!", cell.cause)
    for anchor in calculation.spills.anchors:
        for row in anchor.rows or () if anchor.active else ():
            row[:] = [CellError("#VALUE!", each.reason or each.code) if _is_new(each) else each for each in row]
        if anchor.cell.early and anchor.active and anchor.rows is not None:
            anchor.cell.value = anchor.rows[0][0]


def _is_new(value: Any) -> bool:
    return value.__class__ is CellError and value.code in NEW_ERRORS


def explain_errors(calculation: Calculation) -> None:
    """Find the reasons of errors that functions gave; what a failed function gave is not written."""
    if calculation.listen():
        calculation.compute()
    unsure: dict[FormulaCell, str] = {}
    for cell in calculation.failing():
        reason, failure = calculation.engine.calls.heard.get(cell.where, ("", ""))
        changed = not as_before(cell) or calculation.spills.differs(cell.where)
        if failure and (cell.value.__class__ is CellError or changed):
            unsure[cell] = decide(answer=cell.value, old=cell.old, failure=f"function-error: {failure}")[1]
        elif cell.value.__class__ is CellError:
            cell.cause = reason
    calculation.keep(unsure)
    if unsure:
        calculation.compute()
    for cell in calculation.odd:
        if cell.value.__class__ is CellError and cell.status != "kept":
            cell.status = "error"
