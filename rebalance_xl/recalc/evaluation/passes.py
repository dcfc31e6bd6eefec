"""The passes that a workbook goes through, one after the other: each decides something and has it computed again.

The last ones have formulas computed once more to hear why functions gave errors, which is written down.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from ...cells import CellError
from ..files.package import Package
from ..formulas.book_view import BookView
from ..formulas.in_bulk import Lowering
from ..references import MAX_COLUMNS, Place
from ..sheets.formula_cells import FormulaCell
from ..sheets.sheet_scan import SheetScan
from .calculation import Calculation
from .criteria_and_look_ups import keep_decimal_commas
from .data_tables import compute_tables
from .decision import decide
from .doubts import as_before, name_what_is_old, settle_doubts
from .engine import Engine
from .engine_values import FAILURES, Settings
from .exchange import load, set_formulas, set_values
from .loops import close_loops
from .reads import Readers, cells_at
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
    spills = Spills(book, engine)
    filled = lower_book(book, lowering, spills, spill_plain)
    known = KnownCells(book, spills.anchors)
    compute_early(known, filled)
    arrays = None if singly or package.date1904 else compute_arrays_early(known)
    calculation = Calculation(book, lowering, engine, spills, Readers(book, filled))
    if arrays is None:
        load(engine, book, singly)
        calculation.register()
        if spills.anchors:
            engine.calls.register_keeper()
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


#: The functions around a formula that is computed to hear why it fails.
_BEGIN, _TELL = "RXL.BEGIN", "RXL.TELL"


def explain_errors(calculation: Calculation) -> None:
    """Find the reasons of errors that functions gave; what a failed function gave is not written."""
    asked: dict[FormulaCell, None] = {}
    calls = calculation.engine.calls
    failed, heard = calls.failed, calls.failed | calls.telling
    sound = {each.cell.where for each in calculation.spills.anchors if each.active and each.key not in calls.failing}
    for cell in calculation.odd:
        if cell.value.__class__ is CellError and cell.status != "kept":
            cell.status = "error"
            if cell.template is not None and cell.lowered is not None and cell.template.functions & heard:
                asked[cell] = None
    for cell in calculation.book.cells() if failed else ():
        calling = cell.template is not None and cell.lowered is not None and cell.template.functions & failed
        if calling and cell.where not in sound:
            asked[cell] = None
    if not asked:
        return
    reasons = _reasons(calculation.engine, asked)
    unsure: dict[FormulaCell, str] = {}
    for cell, (reason, failure) in zip(asked, reasons.values(), strict=True):
        changed = not as_before(cell) or calculation.spills.differs(cell.where)
        if failure and (cell.value.__class__ is CellError or changed):
            unsure[cell] = decide(answer=cell.value, old=cell.old, failure=f"function-error: {failure}")[1]
        elif cell.value.__class__ is CellError:
            cell.cause = reason
    set_values(calculation.engine, ((cell.where, cell.old) for cell in unsure))
    for cell, cause in unsure.items():
        calculation.keep(cell, cause, held=True)
    if unsure:
        beside = cells_at(reasons)
        if any(read.meets(beside) for group in calculation.readers.groups() for read in group.columns):
            set_values(calculation.engine, ((place, None) for place in reasons))
        calculation.compute()
        for cell in calculation.book.cells():
            if cell.status != "kept" and not cell.early:
                cell.status = "error" if cell.value.__class__ is CellError else "computed"


def _reasons(engine: Engine, cells: Iterable[FormulaCell]) -> dict[Place, tuple[str, str]]:
    """Compute formulas once more, all in one round and beside the cells, to hear why they fail.

    By where they were computed, in order, the first reason that a function gave for an error is returned, and how a
    function failed, "" for none. They stay there, all alike down a column: to have them forgotten takes far longer.
    """
    calls = engine.calls
    found: dict[Place, tuple[str, str]] = {}

    def begin(_: float) -> float:
        calls.reason = calls.failure = ""
        return 0.0

    def tell(sheet: float, row: float, column: float, _: Any, __: Any) -> float:
        found[int(sheet), int(row), int(column)] = calls.reason, calls.failure
        return 0.0

    engine.workbook.register_function(_BEGIN, begin, min_args=1, max_args=1)
    engine.workbook.register_function(_TELL, tell, min_args=5, max_args=5)
    beside: Counter[tuple[int, int]] = Counter()
    texts: dict[int, list[tuple[int, int, str]]] = {}
    for cell in cells:
        sheet, row, _ = cell.where
        beside[sheet, row] += 1
        column = MAX_COLUMNS + 1 - beside[sheet, row]
        found[sheet, row, column] = "", ""
        text = f"{_TELL}({sheet},ROW(),COLUMN(),{_BEGIN}(ROW()),+{cell.lowered})"
        texts.setdefault(sheet, []).append((column, row, text))
    for sheet, formulas in texts.items():
        set_formulas(engine, sheet, formulas, False)
    kept = dict(calls.kept)
    with suppress(*FAILURES):
        engine.evaluate()
    calls.kept = kept
    return found
