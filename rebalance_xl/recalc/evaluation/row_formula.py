"""One formula computed for all rows of a column: calls of the catalogue, references, constants, the four operations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isfinite
from operator import add, mul, sub, truediv
from typing import Any

from ...cells import MISSING
from ...column_calls import PerRow, call_rows, takes_columns
from ..formulas.compiling_catalogue import MISSING_TEXT
from ..formulas.filled_down import FilledColumn
from ..formulas.implementations import implementation
from ..formulas.operands import plain_name, sheet_name
from ..formulas.tree import At, Call, Expression, Group, Literal, Operand, Ref
from ..references import column_number, parse_area
from .known_cells import KnownCells, NotNowError

#: A range that is one argument for every row of a column, such as a table of margin tiers, is not larger than this.
LARGEST_RANGE = 4096
_OPERATIONS: dict[str, Callable[[float, float], float]] = {"+": add, "-": sub, "*": mul, "/": truediv}
_BINDING = {"+": 1, "-": 1, "*": 2, "/": 2}


class RowFormula:
    """One formula computed for all rows of a column."""

    def __init__(self, known: KnownCells, column: FilledColumn, largest: int = LARGEST_RANGE) -> None:
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
            sheet = self.known.book.sheet_index.get(sheet_name(ref.sheet).lower(), -1)
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
        if area is None or area.size > self.largest:
            raise NotNowError
        columns = [self.known.column(sheet, each, area.top, area.bottom) for each in range(area.left, area.right + 1)]
        return list(map(list, zip(*columns, strict=True))) if area.size > 1 else columns[0][0]

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
