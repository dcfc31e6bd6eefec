"""A1 references: letters to numbers and back, areas, and their limits."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any

from rebalance_xl.cells import column_letters as column_letters

MAX_ROWS = 1_048_576
MAX_COLUMNS = 16_384

#: A cell of a workbook: the number of its sheet, row and column.
Place = tuple[int, int, int]

_AREA = re.compile(r"\$?([A-Za-z]{1,3})\$?([0-9]{1,7})(?::\$?([A-Za-z]{1,3})\$?([0-9]{1,7}))?$")


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle of cells, rows and columns counted from 1."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def height(self) -> int:
        """Number of rows."""
        return self.bottom - self.top + 1

    @property
    def width(self) -> int:
        """Number of columns."""
        return self.right - self.left + 1

    @property
    def size(self) -> int:
        """Number of cells."""
        return self.height * self.width

    def contains(self, row: int, column: int) -> bool:
        """Say whether a cell lies inside."""
        return self.top <= row <= self.bottom and self.left <= column <= self.right

    def meets(self, other: Area) -> bool:
        """Say whether two areas have a cell in common."""
        across = self.left <= other.right and other.left <= self.right
        return across and self.top <= other.bottom and other.top <= self.bottom

    def cells(self) -> Iterator[tuple[int, int]]:
        """Return the rows and columns of all cells."""
        return product(range(self.top, self.bottom + 1), range(self.left, self.right + 1))

    def text(self) -> str:
        """Return the area as A1 text, a single cell without a colon."""
        first, last = cell_name(self.top, self.left), cell_name(self.bottom, self.right)
        return first if first == last else f"{first}:{last}"


@cache
def column_number(letters: str) -> int:
    """Return the number of a column from its letters (A is 1)."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number


def cell_name(row: int, column: int) -> str:
    """Return a cell's A1 name."""
    return f"{column_letters(column)}{row}"


def place_of(row: Any, column: Any) -> Any:
    """Return a cell's place, or those of arrays of cells, as one number, which takes less room than a pair."""
    return row << 15 | column


def parse_area(text: str) -> Area | None:
    """Return the area that A1 text means, such as ``B2:D9`` or ``$A$1``; None when it is no area."""
    match = _AREA.match(text.strip())
    if match is None:
        return None
    left, top = column_number(match[1]), int(match[2])
    right, bottom = (column_number(match[3]), int(match[4])) if match[3] else (left, top)
    area = Area(min(top, bottom), min(left, right), max(top, bottom), max(left, right))
    return area if area.top >= 1 and area.bottom <= MAX_ROWS and area.right <= MAX_COLUMNS else None


def quoted_sheet(name: str) -> str:
    """Return a sheet's name as a formula writes it before the exclamation mark."""
    return "'" + name.replace("'", "''") + "'"
