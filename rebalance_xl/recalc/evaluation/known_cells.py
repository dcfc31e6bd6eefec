"""What the cells of a workbook hold before the engine runs: constants, and what was computed without it."""

from __future__ import annotations

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
    _unknown: dict[int, list[Area]] = field(default_factory=dict)
    _columns: dict[tuple[int, int, int, int], list[Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Note the cells that arrays may fill, and the columns with linked data types."""
        for anchor in self.anchors:
            area = anchor.area
            if anchor.dynamic:
                area = Area(area.top, area.left, MAX_ROWS, MAX_COLUMNS)
            self._unknown.setdefault(anchor.cell.sheet, []).append(area)
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
