"""Look-ups that the engine may answer otherwise than Excel, which are searched again, cell by cell.

Approximately both halve the cells, but Excel stops where it meets the very value: that makes a difference among cells
in no rising order. Exactly Excel finds the very number, the engine also one that differs by less than 1E-12.
"""

from __future__ import annotations

from collections.abc import Iterator, Set
from itertools import pairwise
from typing import Any, Final

from ...cells import CellError
from ..formulas.parameter_classes import NUMBER
from ..formulas.whole_calls import APPROXIMATE
from ..native.lookup import sort_key
from ..native.reading import number_of
from ..native.text_order import is_sure
from ..sheets.formula_cells import FormulaCell
from .calculation import Calculation
from .reads import ColumnsRead, Read, asked_in, reads_of

#: The engine takes numbers for one another that differ by no more.
_ALIKE: Final = 1e-12


def searching_in_no_order(calculation: Calculation, columns: ColumnsRead) -> Iterator[FormulaCell]:
    """Yield the cells that look something up approximately among cells that do not rise."""
    known: dict[tuple[str, int, str], bool] = {}
    for name in APPROXIMATE:
        for cell in [cell for group in calculation.readers.groups(name) for cell in group.cells]:
            key = name, cell.sheet, asked_in(cell, cell.template.parts(name))
            if key not in known:
                searched = reads_of(key[2], cell.sheet, calculation.readers.sheets)
                known[key] = all(_rises(_line(columns, name, read)) for read in searched)
            if not known[key]:
                yield cell


def finding_another(calculation: Calculation, columns: ColumnsRead) -> Iterator[FormulaCell]:
    """Yield the cells that look for the same number where the engine may take another one for it."""
    known: dict[tuple[object, ...], bool] = {}
    readers = calculation.readers
    for about in ("IN COLUMN", "IN LINE"):
        for group in readers.groups(about):
            cell = group.of[group.places[0]]
            for sought, among in group.template.asked[about]:
                text, searched = asked_in(cell, [sought]), readers.columns_of(asked_in(cell, [among]), cell.sheet)
                if about == "IN COLUMN":
                    searched = [read._replace(right=read.left) for read in searched]
                computed = sought.gives == NUMBER
                number, reads = number_of(text), readers.columns_of(text, cell.sheet)
                key = (computed, "(" in text, number, *reads, *searched)
                if key not in known:
                    held = columns.kind(columns.of(searched), float)
                    wanted = columns.kind(columns.of(reads), float) if held else set()
                    wanted |= held if "(" in text else set() if number is None else {number}
                    known[key] = _has_alike(held, wanted) or (computed and not all(map(float.is_integer, held)))
                if known[key]:
                    yield from group.cells


def _has_alike(held: Set[float], wanted: Set[float]) -> bool:
    """Say whether a number that is wanted differs from one that is held, but by no more than the engine sees."""
    near = ((low, high) for low, high in pairwise(sorted(held | wanted)) if high - low <= _ALIKE)
    return any((low in held and high in wanted) or (low in wanted and high in held) for low, high in near)


def _line(columns: ColumnsRead, kind: str, read: Read) -> Iterator[Any]:
    """Yield the values of the row or column that a look-up goes through."""
    in_row = kind == "HLOOKUP" or (kind == "MATCH" and read.top == read.bottom)
    last = min(read.right, columns.book.extent(read.sheet)[1]) if in_row else read.left
    for column in range(read.left, last + 1):
        yield from columns.values((read.sheet, column))[read.top - 1 : read.top if in_row else read.bottom]


def _rises(values: Iterator[Any]) -> bool:
    """Say whether values of each type surely stand in rising order; blanks and errors are passed over."""
    last: dict[int, Any] = {}
    texts: set[str] = set()
    for value in values:
        if value is None or isinstance(value, CellError):
            continue
        kind, key = sort_key(value)
        if kind in last and key < last[kind]:
            return False
        last[kind] = key
        if kind == 1:
            texts.add(key)
    return is_sure(texts)
