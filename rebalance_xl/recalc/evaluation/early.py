"""Columns of catalogue calls computed before the engine, each column at once, where their arguments are known by then.

A call in a cell costs the engine's way into Python and back; a column of the same formula filled down is one call with
columns. What depends on cells that the engine has to compute first stays with the engine.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...cells import MISSING, CellError
from ...column_calls import PerRow, takes_columns
from ..formulas.filled_down import FilledColumn
from ..formulas.operands import plain_name
from ..formulas.parameter_classes import implementation
from ..formulas.parser import Parser
from ..formulas.text import split_references
from ..formulas.tree import Call, FormulaError
from ..sheets.formula_cells import FormulaCell, put
from .exchange import TINY
from .row_formula import KnownCells, NotNowError, RowFormula

#: An array does not read more cells than this without the engine.
MAX_CELLS = 4_000_000


def compute_early(known: KnownCells, filled: Sequence[FilledColumn]) -> None:
    """Compute the filled-down catalogue calls whose arguments are known already; the others go to the engine."""
    at_once = not known.book.package.date1904  # columns at once know the 1900 system only
    waiting = [column for column in filled if at_once and _calls_columns(column)]
    before = -1
    while waiting and len(waiting) != before:
        before = len(waiting)
        waiting = [column for column in waiting if not _compute_column(known, column)]
    for column in filled:
        if not column.early:
            column.render()


def compute_arrays_early(known: KnownCells) -> dict[int, Any] | None:
    """Compute all arrays of a workbook, by the keys of their anchors; None when anything in it needs the engine."""
    anchors = [anchor for anchor in known.anchors if anchor.active]
    most = sum(anchor.cell.lowered is not None for anchor in anchors)
    if sum(len(scan.formulas) - scan.formulas.lowered.count(None) for scan in known.book.scans) > most:
        return None
    arrays: dict[int, Any] = {}
    for anchor in anchors:
        template = anchor.cell.template
        row, column, references = anchor.cell.row, anchor.cell.column, split_references(anchor.cell.formula)[1]
        if template is None or template.layout or not template.fits(row, column, references):
            return None
        text = template.render(references, row, column)
        try:
            arrays[anchor.key] = _array(known, anchor.cell, text)
        except (NotNowError, FormulaError, RecursionError):
            return None
    for anchor in anchors:
        anchor.cell.lowered, anchor.cell.early = None, True
    return arrays


def _array(known: KnownCells, cell: FormulaCell, text: str) -> Any:
    """Return what one call of a catalogue function with whole ranges gives."""
    shape, references = split_references(text)
    call = Parser(shape, references).parse().single
    function = implementation(plain_name(call.name)) if isinstance(call, Call) else None
    if not isinstance(call, Call) or function is None or not hasattr(function, "parameters"):
        raise NotNowError
    evaluation = RowFormula(known, cell.sheet, [(each, None) for each in references], [cell.row], MAX_CELLS)
    arguments = [MISSING if each is None else evaluation.expression(each) for each in call.arguments]
    answer = function.call(*arguments)
    if isinstance(answer, CellError) and answer.reason.startswith("internal error"):
        raise NotNowError
    return answer


def _calls_columns(column: FilledColumn) -> bool:
    assert column.template is not None
    if column.template.layout:
        return False
    registered = [implementation(name) for name in column.template.functions]
    return bool(registered) and all(hasattr(each, "parameters") and takes_columns(each) for each in registered)


def _compute_column(known: KnownCells, column: FilledColumn) -> bool:
    """Compute a column when its arguments are known; False when they are not, or when it takes the engine."""
    assert column.lowered is not None
    top = column.rows[0]
    stems = [stem if offset is None else f"{stem}{top + offset}" for stem, offset in column.lowered.slots]
    try:
        expression = Parser(column.lowered.shape, stems).parse()
        values = RowFormula(known, column.sheet, column.lowered.slots, column.rows).expression(expression)
    except (NotNowError, FormulaError, RecursionError):
        return False
    answers = values if isinstance(values, PerRow) else [values] * len(column.places)
    if expression.single is None and any(map(_is_tiny, answers)):
        return False  # it may be the noise of a subtraction
    reasons = {at: each.reason for at, each in zip(column.places, answers, strict=True) if each.__class__ is CellError}
    failed = any(reason.startswith("internal error") for reason in reasons.values())
    if failed or not set(map(type, answers)) <= {float, str, bool, CellError}:
        return False
    own = column.of
    own.early.update(dict.fromkeys(column.places, True))
    put(own.values, column.places, answers)
    own.statuses.update(dict.fromkeys(reasons, "error"))
    own.causes.update(reasons)
    return True


def _is_tiny(value: object) -> bool:
    """Say whether a value may be nothing but the noise of a subtraction."""
    return value.__class__ is float and value != 0.0 and -TINY < value < TINY
