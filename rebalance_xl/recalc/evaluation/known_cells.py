"""What the cells of a workbook hold before the engine runs: constants, and what was computed without it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ..formulas.book_view import BookView
from ..references import MAX_COLUMNS, MAX_ROWS, Area
from .spills import Anchor


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
    _linked: set[tuple[int, int]] = field(default_factory=set)
    _reach: dict[int, list[Area]] = field(default_factory=dict)
    _constants: dict[tuple[int, int, int, int], list[Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Note the cells that arrays may fill, and the columns with linked data types."""
        self._linked = {(sheet, column) for sheet, _, column in self.book.linked}
        for anchor in self.anchors:
            area = anchor.area
            if anchor.dynamic:
                area = Area(area.top, area.left, MAX_ROWS, MAX_COLUMNS)
            self._reach.setdefault(anchor.cell.sheet, []).append(area)

    def may_be_filled(self, sheet: int, column: int, top: int, bottom: int) -> bool:
        """Say whether an array may fill any cell of a column from one row to another."""
        return any(
            area.left <= column <= area.right and top <= area.bottom and bottom >= area.top
            for area in self._reach.get(sheet, ())
        )

    def constants(self, sheet: int, column: int, top: int, bottom: int) -> list[Any]:
        """Return the constants of a column from one row to another, None for other cells."""
        place = (sheet, column, top, bottom)
        values = self._constants.get(place)
        if values is None:
            values = self._constants[place] = self.book.scans[sheet].column_values(column, top, bottom)
        return values

    def column(self, sheet: int, column: int, top: int, bottom: int) -> list[Any]:
        """Return the values of a column's cells from one row to another.

        Raises
        ------
        NotNowError
            One of them is not known yet.
        """
        if self.may_be_filled(sheet, column, top, bottom) or (sheet, column) in self._linked:
            raise NotNowError
        values = self.constants(sheet, column, top, bottom)
        own = self.book.scans[sheet].formulas
        places = own.in_column(column)
        values = list(values) if places else values
        first, last = (bisect_left(places, row, key=own.rows.__getitem__) for row in (top, bottom + 1))
        for place in places[first:last]:
            if place in own.early:
                values[own.rows[place] - top] = own.values[place]
            elif own.statuses.get(place) == "kept":
                values[own.rows[place] - top] = own.olds[place]
            else:
                raise NotNowError
        return values
