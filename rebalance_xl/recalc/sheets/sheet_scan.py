"""What a scan of one worksheet found: its formula cells, and its constants when somebody asks for them."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..files.parts import ESCAPED_CHARACTER
from ..references import MAX_COLUMNS, MAX_ROWS, Area, parse_area, place_of
from .cell_xml import Cells, attributes_of
from .formula_cells import Formulas

if TYPE_CHECKING:  # numpy comes with the first large sheet
    from .cell_table import CellTable

#: Columns of a large sheet are read one by one up to this number.
MANY_COLUMNS = 32
EVERYWHERE = Area(1, 1, MAX_ROWS, MAX_COLUMNS)
_FILTER = re.compile(r"<(?:\w+:)?autoFilter\s[^>]*?ref=\"([^\"]*)\"[^>]*>\s*<(?:\w+:)?(?:filterColumn|sortState)")
_HIDDEN_ROW = re.compile(r"<(?:\w+:)?row\s([^>]*\bhidden\s*=[^>]*)>")


@dataclass(slots=True)
class SheetScan:
    """One worksheet's cells: the formula cells in order of rows, the constants read when they are first asked for.

    `plain` tells that every program reads its cells alike, `table` where the constants of a large sheet lie, `proven`
    that its rows are well-formed XML, `has_metadata` whether any cell may have value metadata, and `unreadable` which
    constants nobody can read, and why.
    """

    text: str
    encoding: str
    prefix: str
    start: int
    end: int
    part: str = ""
    formulas: Formulas = field(default_factory=Formulas)
    plain: bool = False
    table: CellTable | None = None
    proven: bool = False
    has_metadata: bool = True
    unreadable: dict[tuple[int, int], str] = field(default_factory=dict)
    _cells: Cells = field(default_factory=Cells)

    def extent(self) -> tuple[int, int]:
        """Return the last row and column in use."""
        rows, columns, _ = self._cells
        last = (max(rows[-1:], default=0), max(columns, default=0)) if self.table is None else self.table.extent()
        if self.formulas:
            return max(last[0], self.formulas.rows[-1]), max(last[1], *self.formulas.columns)
        return last

    def is_empty_element(self) -> bool:
        """Say whether the sheet's data is a tag without content, which `start` and `end` then enclose."""
        return self.text.startswith(f"<{self.prefix}sheetData", self.start)

    def has_texts(self) -> bool:
        """Say whether any cell may hold a text of its own."""
        if self.table is not None:
            return self.table.has_texts()
        return any(mark in self.text for mark in ('str"', "str'", "inlineStr"))

    def has_escapes(self) -> bool:
        """Say whether any text has characters written as _x000D_."""
        if self.table is not None and not self.table.has_texts():
            return False
        found = self.text.find("_x", self.start, self.end)
        return found >= 0 and ESCAPED_CHARACTER.search(self.text, found, self.end) is not None

    def within(self, area: Area = EVERYWHERE) -> Cells:
        """Return the constants inside an area, those of a large sheet read on the spot."""
        if self.table is not None:
            return self.table.within(area)
        found = self._cells
        first, last = bisect_left(found.rows, area.top), bisect_right(found.rows, area.bottom)
        chosen = [n for n, column in enumerate(found.columns[first:last], first) if area.left <= column <= area.right]
        return Cells(*([each[place] for place in chosen] for each in found))

    def values_within(self, area: Area = EVERYWHERE) -> dict[tuple[int, int], Any]:
        """Return the constants inside an area by (row, column)."""
        rows, columns, values = self.within(area)
        return dict(zip(zip(rows, columns, strict=True), values, strict=True))

    def places_within(self, area: Area) -> list[int]:
        """Return where constants stand inside an area, each place as one number."""
        if self.table is not None:
            return self.table.places_within(area)
        rows, columns, _ = self.within(area)
        return list(map(place_of, rows, columns))

    def column_values(self, column: int, top: int, bottom: int) -> list[Any]:
        """Return the constants of one column from one row to another, None where there is none."""
        rows, _, found = self.within(Area(top, column, bottom, column))
        if len(rows) == bottom - top + 1:
            return list(found)
        values: list[Any] = [None] * (bottom - top + 1)
        for row, value in zip(rows, found, strict=True):
            values[row - top] = value
        return values

    def columns_within(self, area: Area) -> dict[int, list[Any]]:
        """Return the constants of an area by column, from its top to its bottom; None where there is none."""
        if area.width <= MANY_COLUMNS and self.table is not None:
            columns = range(area.left, area.right + 1)
            return {column: self.column_values(column, area.top, area.bottom) for column in columns}
        found: dict[int, list[Any]] = {}
        for row, column, value in zip(*self.within(area), strict=True):
            if column not in found:
                found[column] = [None] * area.height
            found[column][row - area.top] = value
        return found

    def hidden_rows(self) -> frozenset[int]:
        """Return the rows that are not shown."""
        if self.text.find("hidden=", self.start, self.end) < 0:
            return frozenset()
        rows = map(attributes_of, _HIDDEN_ROW.findall(self.text, self.start, self.end))
        return frozenset(int(row["r"]) for row in rows if row.get("hidden") in ("1", "true") and "r" in row)

    def filtered_area(self) -> Area | None:
        """Return the area of the sheet's own filter when it is in use."""
        match = _FILTER.search(self.text, self.end)
        return parse_area(match[1]) if match is not None else None
