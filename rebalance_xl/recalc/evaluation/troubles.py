"""What is done about cells the engine could not compute, and where the reasons of errors come from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...cells import CellError
from ..sheets.sheet_scan import FormulaCell
from .engine import FAILURES, Engine, Trouble, from_engine
from .spills import SPILL

if TYPE_CHECKING:
    from .calculation import Calculation

MAX_REASONS = 2000
MAX_RETRIES = 5000


def replace_troubles(calculation: Calculation) -> None:
    """Give cells the engine could not compute their cached value back, and compute the others with it.

    Parameters
    ----------
    calculation : Calculation
        Evaluated and read.
    """
    for _ in range(3):
        troubled = [
            (sheet, cell)
            for sheet, cell in calculation.odd
            if isinstance(cell.value, Trouble) and cell.lowered is not None
        ]
        if not troubled:
            return
        engine = calculation.engine
        for sheet, cell in troubled:
            engine.set_value(sheet, cell.row, cell.column, cell.old)
        for sheet, cell in troubled:
            cause = cell.value.cause
            if cause != "circular" and len(troubled) <= MAX_RETRIES:
                if _works_alone(engine, sheet, cell):
                    continue
                engine.set_value(sheet, cell.row, cell.column, cell.old)
            _keep(calculation, sheet, cell, cause)
        calculation.settle()
        calculation.read()
    for sheet, cell in calculation.odd:
        if isinstance(cell.value, Trouble):
            _keep(calculation, sheet, cell, cell.value.cause)


def _works_alone(engine: Engine, sheet: int, cell: FormulaCell) -> bool:
    try:
        engine.set_formula(sheet, cell.row, cell.column, f"={cell.lowered}")
        engine.evaluate_cell(sheet, cell.row, cell.column)
        again = engine.read_block(sheet, cell.row, cell.column, cell.row, cell.column)[0][0]
    except FAILURES:  # the engine cannot read the formula at all
        return False
    return again is not None and not isinstance(from_engine(again), Trouble)


def _keep(calculation: Calculation, sheet: int, cell: FormulaCell, cause: str) -> None:
    cell.status, cell.cause, cell.value, cell.lowered = "kept", cause, cell.old, None
    anchor = calculation.spills.at(sheet, cell.row, cell.column)
    if anchor is not None:
        anchor.active = False


def explain_errors(calculation: Calculation) -> None:
    """Find the reasons of errors that registered functions gave; a function that failed keeps its cached value.

    Parameters
    ----------
    calculation : Calculation
        Evaluated and read.
    """
    asked = 0
    failed: list[tuple[int, FormulaCell]] = []
    for sheet, cell in calculation.odd:
        if cell.value.__class__ is not CellError or cell.status == "kept":
            continue
        cell.status = "error"
        anchor = calculation.spills.at(sheet, cell.row, cell.column)
        if anchor is not None and anchor.active and anchor.blocked:
            cell.value, cell.cause = SPILL, "spill-blocked"
            continue
        if cell.template is None or not cell.template.functions or cell.lowered is None:
            continue
        asked += 1
        if asked > MAX_REASONS:
            continue
        reason, failure = calculation.engine.reason_at(sheet, cell.row, cell.column, f"={cell.lowered}")
        if failure:
            cell.cause = f"function-error: {failure}"
            failed.append((sheet, cell))
        else:
            cell.cause = reason
    if failed:
        for sheet, cell in failed:
            _keep(calculation, sheet, cell, cell.cause)
            calculation.engine.set_value(sheet, cell.row, cell.column, cell.old)
        calculation.settle()
        calculation.read()
