"""Approximate look-ups among cells in no order: where Excel's search ends there, the engine's does not.

Both halve the cells, but Excel stops where it meets the very value. Among cells in rising order that makes no
difference, so only look-ups among others are searched again, cell by cell.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...cells import CellError
from ..formulas.whole_calls import APPROXIMATE
from ..native.lookup import sort_key
from ..sheets.formula_cells import FormulaCell
from .calculation import Calculation
from .columns_read import ColumnsRead
from .reads import Read, asked_in, reads_of


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


def _line(columns: ColumnsRead, kind: str, read: Read) -> Iterator[Any]:
    """Yield the values of the row or column that a look-up goes through."""
    in_row = kind == "HLOOKUP" or (kind == "MATCH" and read.top == read.bottom)
    last = min(read.right, columns.book.extent(read.sheet)[1]) if in_row else read.left
    for column in range(read.left, last + 1):
        yield from columns.values((read.sheet, column))[read.top - 1 : read.top if in_row else read.bottom]


def _rises(values: Iterator[Any]) -> bool:
    """Say whether values of each type stand in rising order; blanks and errors are passed over."""
    last: dict[int, Any] = {}
    for value in values:
        if value is None or isinstance(value, CellError):
            continue
        kind, key = sort_key(value)
        if kind in last and key < last[kind]:
            return False
        last[kind] = key
    return True
