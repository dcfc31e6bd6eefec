"""Approximate look-ups among cells in no order: where Excel's search ends there, the engine's does not.

Both halve the cells, but Excel stops where it meets the very value. Among cells in rising order that makes no
difference, so only look-ups among others are searched again, cell by cell.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from ...cells import CellError
from ..native.lookup import sort_key
from ..sheets.formula_cells import FormulaCell
from .calculation import Calculation
from .columns_read import ColumnsRead
from .reads import Read, reads_of

_SEARCHES: Final = re.compile(r"\bRXL\.(MATCH|VLOOKUP|HLOOKUP)\(")
_REF: Final = re.compile(
    r"(?:(?:'(?:[^']|'')*'|[^\W\d][\w.]*)!)?\$?[A-Z]{1,3}(?:\$?[0-9]+)?:\$?[A-Z]{1,3}(?:\$?[0-9]+)?(?=[,)])"
)


def searching_in_no_order(calculation: Calculation, columns: ColumnsRead) -> Iterator[FormulaCell]:
    """Yield the cells that look something up approximately among cells that do not rise."""
    known: dict[tuple[str, int, str], bool] = {}
    for group in calculation.readers.groups(_SEARCHES):
        for cell, text in zip(group.cells, group.texts, strict=True):
            for match in _SEARCHES.finditer(text):
                place = _REF.match(text, _second_argument(text, match.end()))
                if place is None:
                    continue  # computed ones are searched as arrays anyway
                key = match[1], group.sheet, place[0]
                if key not in known:
                    searched = reads_of(place[0], group.sheet, calculation.readers.sheets)
                    known[key] = all(_rises(_line(columns, match[1], read)) for read in searched)
                if not known[key]:
                    yield cell
                    break


def _second_argument(text: str, start: int) -> int:
    """Return where the second argument of a call begins whose first one begins at a place."""
    depth, quote = 0, ""
    for place in range(start, len(text)):
        sign = text[place]
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "\"'":
            quote = sign
        elif sign == "," and not depth:
            return place + 1
        else:
            depth += (sign in "({") - (sign in ")}")
    return len(text)


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
