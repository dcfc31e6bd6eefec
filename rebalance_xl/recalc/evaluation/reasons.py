"""Why functions gave errors: their formulas are computed once more, and what they tell meanwhile is written down."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from ...cells import CellError
from ..references import MAX_COLUMNS, Place
from ..sheets.formula_cells import FormulaCell
from .calculation import Calculation
from .decision import Finding, decide
from .doubts import as_before
from .engine import Engine
from .engine_values import FAILURES
from .exchange import set_formulas, set_values
from .reads import cells_at

#: The functions around a formula that is computed to hear why it fails.
_BEGIN, _TELL = "RXL.BEGIN", "RXL.TELL"


def explain_errors(calculation: Calculation) -> None:
    """Find the reasons of errors that functions gave; what a failed function gave is not written."""
    asked: dict[FormulaCell, None] = {}
    failed = calculation.engine.calls.failed
    heard = failed | calculation.engine.calls.telling
    for cell in calculation.odd:
        if cell.value.__class__ is CellError and cell.status != "kept":
            cell.status = "error"
            if cell.template is not None and cell.lowered is not None and cell.template.functions & heard:
                asked[cell] = None
    for cell in calculation.book.cells() if failed else ():
        if cell.template is not None and cell.lowered is not None and cell.template.functions & failed:
            asked[cell] = None
    if not asked:
        return
    reasons = _reasons(calculation.engine, asked)
    unsure: dict[FormulaCell, str] = {}
    for cell, (reason, failure) in zip(asked, reasons.values(), strict=True):
        changed = not as_before(cell) or calculation.spills.differs(cell.where)
        if failure and (cell.value.__class__ is CellError or changed):
            unsure[cell] = decide(Finding(answer=cell.value, old=cell.old, failure=failure))[1]
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
