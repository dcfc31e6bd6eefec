"""Columns of catalogue calls computed before the engine, each column at once, where their arguments are known by then.

A call in a cell costs the engine's way into Python and back; a column of the same formula filled down is one call with
columns. What depends on cells that the engine has to compute first stays with the engine.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import isfinite
from operator import add, mul, sub, truediv
from typing import TYPE_CHECKING, Any

from ..cells import MISSING, CellError
from ..column_calls import PerRow, call_rows, takes_columns
from .filled_down import Fill, FilledColumn
from .formula_parser import Parser
from .formula_text import split_references
from .formula_tree import At, Call, Expression, FormulaError, Group, Literal, Operand, Ref
from .implementations import implementation
from .model_calls import MISSING_TEXT
from .operands import plain_name, sheet_name
from .references import MAX_COLUMNS, MAX_ROWS, Area, column_number, parse_area
from .sheet_scan import FormulaCell

if TYPE_CHECKING:
    from .calculation import Calculation

#: A range that is one argument for every row of a column, such as a table of margin tiers, is not larger than this.
_LARGEST_RANGE = 4096
MAX_CELLS = 4_000_000
_OPERATIONS: dict[str, Callable[[float, float], float]] = {"+": add, "-": sub, "*": mul, "/": truediv}
_BINDING = {"+": 1, "-": 1, "*": 2, "/": 2}


class NotNowError(Exception):
    """A column that cannot be computed yet, or not in this way."""


@dataclass(slots=True)
class KnownCells:
    """What the cells of a workbook hold before the engine runs: constants, and what was computed early."""

    calculation: Calculation
    reach: dict[int, list[Area]] = field(default_factory=dict)
    _columns: dict[int, frozenset[int]] = field(default_factory=dict)
    _constants: dict[tuple[int, int, int, int], list[Any]] = field(default_factory=dict)
    _formulas: dict[tuple[int, int], tuple[list[int], list[FormulaCell]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Note the cells that arrays may fill."""
        for anchor in self.calculation.spills.anchors:
            area = anchor.area
            if anchor.dynamic:
                area = Area(area.top, area.left, MAX_ROWS, MAX_COLUMNS)
            self.reach.setdefault(anchor.sheet, []).append(area)

    def formulas(self, sheet: int, column: int) -> tuple[list[int], list[FormulaCell]]:
        """Return the rows and the formula cells of a column."""
        if sheet not in self._columns:
            self._columns[sheet] = frozenset([cell.column for cell in self.calculation.scans[sheet].formulas])
        if column not in self._columns[sheet]:
            return [], []
        found = self._formulas.get((sheet, column))
        if found is None:
            cells = [cell for cell in self.calculation.scans[sheet].formulas if cell.column == column]
            found = self._formulas[sheet, column] = ([cell.row for cell in cells], cells)
        return found

    def constants(self, sheet: int, column: int, top: int, bottom: int) -> list[Any]:
        """Return the constants of a column from one row to another, None for other cells."""
        place = (sheet, column, top, bottom)
        values = self._constants.get(place)
        if values is None:
            values = self._constants[place] = self.calculation.scans[sheet].column_values(column, top, bottom)
        return values

    def column(self, sheet: int, column: int, top: int, bottom: int) -> list[Any]:
        """Return the values of a column's cells from one row to another.

        Raises
        ------
        NotNowError
            One of them is not known yet.
        """
        for area in self.reach.get(sheet, ()):
            if area.left <= column <= area.right and top <= area.bottom and bottom >= area.top:
                raise NotNowError
        values = self.constants(sheet, column, top, bottom)
        rows, cells = self.formulas(sheet, column)
        values = list(values) if rows else values
        for index in range(bisect_left(rows, top), bisect_right(rows, bottom)):
            cell = cells[index]
            if cell.early:
                values[cell.row - top] = cell.value
            elif cell.status == "kept":
                values[cell.row - top] = cell.old
            else:
                raise NotNowError
        return values


def compute_early(calculation: Calculation, filled: Sequence[FilledColumn]) -> list[FilledColumn]:
    """Compute the filled-down catalogue calls whose arguments are known already.

    Parameters
    ----------
    calculation : Calculation
        With every other formula lowered.
    filled : sequence of FilledColumn
        Formulas filled down; their cells have no text for the engine yet.

    Returns
    -------
    list of FilledColumn
        Those that could be computed at once as soon as their arguments are known; the others, which were not computed
        here, have their text for the engine now.
    """
    able = [column for column in filled if not calculation.package.date1904 and _calls_columns(column)]
    known = KnownCells(calculation) if able else None
    waiting, before = able, -1
    while known is not None and waiting and len(waiting) != before:
        before = len(waiting)
        waiting = [column for column in waiting if not compute_column(known, column)]
    for column in filled:
        if column not in able:
            column.render()
    return waiting


def compute_arrays_early(calculation: Calculation) -> bool:
    """Compute all arrays of a workbook in which nothing else needs the engine; False when the engine is needed.

    Parameters
    ----------
    calculation : Calculation
        With every formula lowered and what filled columns give computed.

    Returns
    -------
    bool
    """
    anchors = [anchor for anchor in calculation.spills.anchors if anchor.active]
    waiting = sum([cell.lowered is not None for scan in calculation.scans for cell in scan.formulas])
    if calculation.package.date1904 or waiting > sum(anchor.cell.lowered is not None for anchor in anchors):
        return False
    known = KnownCells(calculation) if anchors else None
    arrays: list[Any] = []
    for anchor in anchors:
        template = anchor.cell.template
        if known is None or template is None or template.layout or template.by_cell:
            return False
        _, references = split_references(anchor.cell.formula)
        text = template.render(references, anchor.cell.row, anchor.cell.column)
        try:
            arrays.append(_array(known, anchor.sheet, anchor.cell, text))
        except (NotNowError, FormulaError, RecursionError):
            return False
    for anchor, array in zip(anchors, arrays, strict=True):
        calculation.engine.kept[anchor.key] = array
        anchor.cell.lowered, anchor.cell.early = None, True
    calculation.engine.idle = True
    return True


def _array(known: KnownCells, sheet: int, cell: FormulaCell, text: str) -> Any:
    """Return what one call of a catalogue function with whole ranges gives."""
    shape, references = split_references(text)
    call = Parser(shape, references).parse().single
    function = implementation(plain_name(call.name)) if isinstance(call, Call) else None
    if not isinstance(call, Call) or function is None or not hasattr(function, "parameters"):
        raise NotNowError
    fill = Fill(shape, tuple((each, None) for each in references))
    evaluation = _Evaluation(known, FilledColumn(sheet, cell.column, fill, [cell], lowered=fill), MAX_CELLS)
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


def compute_column(known: KnownCells, column: FilledColumn) -> bool:
    """Compute a column when its arguments are known; False when they are not, or when it takes the engine.

    Parameters
    ----------
    known : KnownCells
        What the arguments are read from.
    column : FilledColumn
        Its cells get their values.

    Returns
    -------
    bool
    """
    assert column.lowered is not None
    stems = [
        stem if offset is None else f"{stem}{column.cells[0].row + offset}" for stem, offset in column.lowered.slots
    ]
    try:
        values = _Evaluation(known, column).expression(Parser(column.lowered.shape, stems).parse())
    except (NotNowError, FormulaError, RecursionError):
        return False
    answers = values if isinstance(values, PerRow) else [values] * len(column.cells)
    plain = set(map(type, answers)) <= {float, str, bool}
    if not plain and not all(map(_is_answer, answers)):
        return False
    for cell, answer in zip(column.cells, answers, strict=True):
        cell.value = answer
        cell.early = True
        if cell.cause:
            cell.status, cell.cause = "computed", ""
    if not plain:
        for cell in column.cells:
            if cell.value.__class__ is CellError:
                cell.status, cell.cause = "error", cell.value.reason
    return True


def _is_answer(value: Any) -> bool:
    """Say whether a value is what a cell shows, and no sign that a function failed."""
    if value.__class__ is CellError:
        return not value.reason.startswith("internal error")
    return value.__class__ is float or value.__class__ is str or value.__class__ is bool


class _Evaluation:
    """One formula computed for all rows of a column."""

    def __init__(self, known: KnownCells, column: FilledColumn, largest: int = _LARGEST_RANGE) -> None:
        assert column.lowered is not None
        self.known = known
        self.largest = largest
        self.sheet = column.sheet
        self.slots = column.lowered.slots
        self.rows = column.rows
        self.gapless = self.rows[-1] - self.rows[0] == len(self.rows) - 1

    def expression(self, expression: Expression) -> Any:
        """Return a value, or a PerRow of them."""
        single = expression.single
        if single is not None:
            return self.operand(single)
        return self.arithmetic(expression.items)

    def operand(self, operand: Operand) -> Any:
        """Return the value of one operand."""
        if isinstance(operand, Literal):
            return self.literal(operand.text)
        if isinstance(operand, Ref):
            return self.reference(operand)
        if isinstance(operand, Call):
            return self.call(operand)
        if isinstance(operand, Group) and len(operand.members) == 1:
            return self.expression(operand.members[0])
        if isinstance(operand, At) and isinstance(operand.operand, Group):
            return self.operand(operand.operand)
        raise NotNowError

    def literal(self, text: str) -> Any:
        """Return a constant."""
        if text[0] == '"':
            content = text[1:-1].replace('""', '"')
            if content == MISSING_TEXT:
                return MISSING
            if content.startswith(MISSING_TEXT):
                raise NotNowError
            return content
        if text in ("TRUE", "FALSE"):
            return text == "TRUE"
        try:
            return float(text)
        except ValueError:
            raise NotNowError from None

    def call(self, call: Call) -> Any:
        """Return what a catalogue function gives in every row."""
        function = implementation(plain_name(call.name))
        if function is None or not hasattr(function, "parameters") or not takes_columns(function):
            raise NotNowError
        declared = (*function.parameters, *function.context)
        if len(call.arguments) > len(declared):
            raise NotNowError
        arguments = [MISSING if each is None else self.expression(each) for each in call.arguments]
        for parameter, argument in zip(declared, arguments, strict=False):
            if argument.__class__ is list and parameter.kind != "raw":
                raise NotNowError
        if not any(isinstance(each, PerRow) for each in arguments):
            answer = function.call(*arguments)
            if isinstance(answer, list):
                raise NotNowError
            return answer
        return PerRow(call_rows(function, arguments, len(self.rows)))

    def reference(self, ref: Ref) -> Any:
        """Return what a reference holds: a value, one for every row, or the rows of a range."""
        sheet = self.sheet
        if ref.sheet:
            sheet = self.known.calculation.sheet_index.get(sheet_name(ref.sheet).lower(), -1)
            if sheet < 0:
                raise NotNowError
        if not isinstance(ref.first, int) or ref.kind not in ("cell", "range"):
            raise NotNowError
        stem, offset = self.slots[ref.first]
        if ref.kind == "cell":
            if offset is None:
                area = parse_area(stem)
                if area is None:
                    raise NotNowError
                return self.known.column(sheet, area.left, area.top, area.top)[0]
            return self.column(sheet, column_number(stem.replace("$", "")), offset)
        if not isinstance(ref.last, int) or offset is not None or self.slots[ref.last][1] is not None:
            raise NotNowError
        area = parse_area(f"{stem}:{self.slots[ref.last][0]}")
        if area is None or area.height * area.width > self.largest:
            raise NotNowError
        columns = [self.known.column(sheet, each, area.top, area.bottom) for each in range(area.left, area.right + 1)]
        return [list(row) for row in zip(*columns, strict=True)] if area.height * area.width > 1 else columns[0][0]

    def column(self, sheet: int, column: int, offset: int) -> PerRow:
        """Return what stands in a column, as far below the own row of each as the reference says."""
        top = self.rows[0]
        values = self.known.column(sheet, column, top + offset, self.rows[-1] + offset)
        return PerRow(values if self.gapless else [values[row - top] for row in self.rows])

    def arithmetic(self, items: Sequence[str | Operand]) -> Any:
        """Return what operators and operands give; numbers and the four operations only."""
        values: list[Any] = []
        operators: list[str] = []
        sign = 1.0
        expecting = True
        for item in items:
            if not isinstance(item, str):
                value = _numbers(self.operand(item))
                values.append(_each(mul, -1.0, value) if sign < 0 else value)
                sign, expecting = 1.0, False
            elif expecting and item in "+-":
                sign = -sign if item == "-" else sign
            elif item == "%" and not expecting:
                values.append(_each(truediv, values.pop(), 100.0))
            elif item in _BINDING and not expecting:
                while operators and _BINDING[operators[-1]] >= _BINDING[item]:
                    _apply(operators.pop(), values)
                operators.append(item)
                expecting = True
            else:
                raise NotNowError
        while operators:
            _apply(operators.pop(), values)
        return values[0]


def _apply(operator: str, values: list[Any]) -> None:
    right, left = values.pop(), values.pop()
    values.append(_each(_OPERATIONS[operator], left, right))


def _numbers(value: Any) -> Any:
    """Return operands of arithmetic as numbers, blanks as 0; text, truth values and errors are the engine's affair."""
    if not isinstance(value, PerRow):
        if value is None:
            return 0.0
        if value.__class__ is not float:
            raise NotNowError
        return value
    kinds = set(map(type, value))
    if kinds == {float}:
        return value
    if kinds <= {float, type(None)}:
        return PerRow([0.0 if each is None else each for each in value])
    raise NotNowError


def _each(operation: Callable[[float, float], float], left: Any, right: Any) -> Any:
    """Apply an operation row by row; what is no finite number is the engine's affair."""
    try:
        if isinstance(left, PerRow) or isinstance(right, PerRow):
            size = len(left) if isinstance(left, PerRow) else len(right)
            lefts = left if isinstance(left, PerRow) else [left] * size
            rights = right if isinstance(right, PerRow) else [right] * size
            result: Any = PerRow(map(operation, lefts, rights))
            finite = all(map(isfinite, result))
        else:
            result = operation(left, right)
            finite = isfinite(result)
    except ArithmeticError:
        raise NotNowError from None
    if not finite:
        raise NotNowError
    return result
