"""One formula computed for all rows of a column: calls of the catalogue, references, constants, the four operations.

It reads cells that are known before the engine runs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

from ...cells import MISSING
from ...column_calls import PerRow, call_rows, takes_columns
from ..formulas.book_view import BookView
from ..formulas.compiling_catalogue import MISSING_TEXT
from ..formulas.filled_down import Slots
from ..formulas.operands import constant_text, plain_name, sheet_name
from ..formulas.parameter_classes import implementation
from ..formulas.tree import At, Call, Expression, Group, Literal, Operand, Ref
from ..references import MAX_COLUMNS, MAX_ROWS, Area, column_number, parse_area
from .spills import Anchor

#: A range that is one argument for every row of a column, such as a table of margin tiers, is not larger than this.
LARGEST_RANGE = 4096


class NotNowError(Exception):
    """A column that cannot be computed yet, or not in this way."""


@dataclass(slots=True)
class KnownCells:
    """What the cells of a workbook hold before the engine runs: constants, and what was computed early.

    The `anchors` are its arrays, which may fill more cells than in the file. Columns with linked data types are not
    what their cached values say.
    """

    book: BookView
    anchors: Sequence[Anchor]
    _unknown: dict[int, list[Area]] = field(default_factory=dict)
    _columns: dict[tuple[int, int, int, int], list[Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Note the cells that arrays may fill, and the columns with linked data types."""
        for anchor in self.anchors:
            area = anchor.area
            may_fill = Area(area.top, area.left, MAX_ROWS, MAX_COLUMNS) if anchor.dynamic else area
            self._unknown.setdefault(anchor.cell.sheet, []).append(may_fill)
        for sheet, column in {(sheet, column) for sheet, _, column in self.book.linked}:
            self._unknown.setdefault(sheet, []).append(Area(1, column, MAX_ROWS, column))

    def column(self, sheet: int, column: int, top: int, bottom: int) -> list[Any]:
        """Return the values of a column's cells from one row to another; NotNowError where any is unknown."""
        asked = (sheet, column, top, bottom)
        if asked not in self._columns:
            area, own = Area(top, column, bottom, column), self.book.scans[sheet].formulas
            known = (at in own.early or own.statuses.get(at) == "kept" for at in own.between(column, top, bottom))
            if any(each.meets(area) for each in self._unknown.get(sheet, ())) or not all(known):
                raise NotNowError
            self._columns[asked] = self.book.column(sheet, column, top, bottom)
        return self._columns[asked]


@dataclass(slots=True)
class RowFormula:
    """One formula computed for all rows of a column."""

    known: KnownCells
    sheet: int
    slots: Slots
    rows: Sequence[int]
    largest: int = LARGEST_RANGE

    def expression(self, expression: Expression) -> Any:
        """Return a value, or a PerRow of them."""
        single = expression.single
        return self.arithmetic(expression.items) if single is None else self.operand(single)

    def operand(self, operand: Operand) -> Any:
        """Return the value of one operand."""
        if isinstance(operand, Literal):
            return self.literal(operand)
        if isinstance(operand, Ref):
            return self.reference(operand)
        if isinstance(operand, Call):
            return self.call(operand)
        if isinstance(operand, Group) and len(operand.members) == 1:
            return self.expression(operand.members[0])
        if isinstance(operand, At) and isinstance(operand.operand, Group):
            return self.operand(operand.operand)
        raise NotNowError

    def literal(self, literal: Literal) -> Any:
        """Return a constant."""
        content = constant_text(literal)
        if content is not None:
            if content == MISSING_TEXT:
                return MISSING
            if content.startswith(MISSING_TEXT):
                raise NotNowError
            return content
        if literal.text in ("TRUE", "FALSE"):
            return literal.text == "TRUE"
        try:
            return float(literal.text)
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
        sheet = self.known.book.sheet_index.get(sheet_name(ref.sheet).lower(), -1) if ref.sheet else self.sheet
        if sheet < 0 or not isinstance(ref.first, int):  # no such sheet, or whole columns or rows
            raise NotNowError
        stem, offset = self.slots[ref.first]
        if ref.last is None and offset is not None:
            column, top = column_number(stem.replace("$", "")), self.rows[0] + offset
            values = self.known.column(sheet, column, top, self.rows[-1] + offset)
            return PerRow(
                values if len(values) == len(self.rows) else [values[row + offset - top] for row in self.rows]
            )
        last, moves = self.slots[ref.last] if isinstance(ref.last, int) else (stem, None)
        area = parse_area(f"{stem}:{last}")
        if area is None or offset is not None or moves is not None or area.size > self.largest:
            raise NotNowError
        columns = [self.known.column(sheet, each, area.top, area.bottom) for each in range(area.left, area.right + 1)]
        return list(map(list, zip(*columns, strict=True))) if area.size > 1 else columns[0][0]

    def arithmetic(self, items: Sequence[str | Operand]) -> Any:
        """Return what operators and operands give; numbers and the four operations only."""
        written: list[str] = []
        values: list[Any] = []
        for item in items:
            if not isinstance(item, str):
                written.append(f"v{len(values)}")
                values.append(_numbers(self.operand(item)))
            elif item == "%":
                part = values[-1]
                values[-1] = PerRow([each / 100.0 for each in part]) if isinstance(part, PerRow) else part / 100.0
            elif item in "+-*/":
                written.append(item)
            else:
                raise NotNowError
        names = ",".join(f"v{number}" for number in range(len(values)))
        # The four operations and the signs before numbers bind here as they do in Python. Nothing of the file but these
        # signs is in the text.
        compute: Callable[..., float] = eval(f"lambda {names}: {' '.join(written)}")
        columns = [each if isinstance(each, PerRow) else [each] * len(self.rows) for each in values]
        several = any(isinstance(each, PerRow) for each in values)
        try:
            results = PerRow(map(compute, *columns) if several else [compute(*values)])
        except ArithmeticError:
            raise NotNowError from None
        if not all(map(isfinite, results)):
            raise NotNowError
        return results if several else results[0]


def _numbers(value: Any) -> Any:
    """Return operands of arithmetic as numbers, blanks as 0; text, truth values and errors are the engine's affair."""
    cells = value if isinstance(value, PerRow) else [value]
    if not set(map(type, cells)) <= {float, type(None)}:
        raise NotNowError
    numbers = PerRow([0.0 if each is None else each for each in cells] if None in cells else cells)
    return numbers if isinstance(value, PerRow) else numbers[0]
