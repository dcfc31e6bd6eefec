"""The workbook as its formulas see it: sheets, names, tables, what other workbooks hold, what its cells are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from typing import Any, Final

from ..files.package import Package
from ..native.format_language import is_other_name, shows_names
from ..references import Area, Place
from ..sheets.formula_cells import FormulaCell
from ..sheets.linked import Linked, add_external_links, linked_cells
from ..sheets.sheet_scan import SheetScan

#: How many characters a text has at most that is looked for.
LONGEST_KEY: Final = 255
_LONG: Final = re.compile(rf"<(?:\w+:)?t[ >][^<]{{{LONGEST_KEY + 1}}}")


@dataclass
class BookView:
    """A workbook that was read; behind its own sheets, to which alone is written, those cached from other workbooks.

    The engine calls the sheets by `sheet_names`; `sheet_index` has their numbers by what formulas call them, in lower
    case. `names` are the defined names by sheet, -1 for the whole workbook, -1 - N for the N-th other one. `linked`
    are the cells with linked data types and pictures, `unreadable` those whose value nobody can read, and why.

    `spilled` are the areas that arrays fill at the moment, by their anchors; `decimal_comma` tells that the workbook
    shows numbers within texts with a comma; on `addressed` sheets INDIRECT is given more than names of cells.
    """

    package: Package
    scans: list[SheetScan]
    sheet_names: list[str]
    sheet_index: dict[str, int]
    names: dict[tuple[int, str], str]
    linked: dict[Place, Linked]
    unreadable: dict[Place, str]
    spilled: dict[Place, Area] = field(default_factory=dict)
    decimal_comma: bool = False
    addressed: set[int] = field(default_factory=set)
    _extents: dict[int, tuple[int, int]] = field(default_factory=dict)
    _hidden: dict[int, tuple[frozenset[int], ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, package: Package, scans: list[SheetScan]) -> BookView:
        """Return the view of a workbook whose sheets were read."""
        # The engine has a first sheet of its own.
        names = ["Sheet1" if each.name.lower() == "sheet1" else each.name for each in package.sheets]
        scans, index, defined = list(scans), dict(package.sheet_index), dict(package.names)
        if b"externalReference" in package.container.read(package.part):
            add_external_links(package, scans, names, index, defined)
        for number, scan in enumerate(scans):
            scan.formulas.sheet = number
        linked = linked_cells(package, scans[: len(package.sheets)])
        unreadable = {(n, *at): why for n, scan in enumerate(scans) for at, why in scan.unreadable.items()}
        unknown = [place for place, each in linked.items() if each.shown is None]
        unreadable |= dict.fromkeys(unknown, "a linked data type or a picture")
        return cls(package, scans, names, index, defined, linked, unreadable)

    @property
    def sheet_count(self) -> int:
        """How many sheets the workbook itself has."""
        return len(self.package.sheets)

    def cells(self) -> Iterator[FormulaCell]:
        """Yield every formula cell."""
        return (cell for scan in self.scans for cell in scan.formulas)

    def column(self, sheet: int, column: int, top: int = 1, bottom: int | None = None) -> list[Any]:
        """Return what the cells of a column hold from one row to another, the last used one if none is given."""
        last = self.extent(sheet)[0] if bottom is None else bottom
        values = self.scans[sheet].column_values(column, top, last)
        own = self.scans[sheet].formulas
        for place in own.between(column, top, last):
            values[own.rows[place] - top] = own.values[place]
        return values

    def extent(self, sheet: int) -> tuple[int, int]:
        """Return the last used row and column of a sheet."""
        if sheet not in self._extents:
            self._extents[sheet] = self.scans[sheet].extent()
        return self._extents[sheet]

    def spill(self, anchor: Place, area: Area) -> None:
        """Note the area that an array fills from now on."""
        self.spilled[anchor] = area
        bottom, right = self.extent(anchor[0])
        self._extents[anchor[0]] = (max(bottom, area.bottom), max(right, area.right))

    @cached_property
    def foreign_names(self) -> bool:
        """Whether cached texts show that months and days have names of another language here."""
        shown = (both for scan in self.scans for both in zip(scan.formulas.olds, scan.formulas.texts, strict=True))
        texts = ((text, old) for old, text in shown if old.__class__ is str)
        return any(shows_names(text) and (not old.isascii() or is_other_name(text, old)) for text, old in texts)

    @cached_property
    def long_texts(self) -> bool:
        """Whether cells may hold texts that are too long to be looked for."""
        shown = (old for scan in self.scans for old in scan.formulas.olds if isinstance(old, str))
        return any(len(text) > LONGEST_KEY for text in chain(self.package.strings, shown)) or any(
            "inlineStr" in scan.text and _LONG.search(scan.text) for scan in self.scans
        )

    def formula_at(self, sheet: int, row: int, column: int) -> str | None:
        """Return the formula of a cell as the formula bar shows it, array formulas of the old kind in braces."""
        cell = self.scans[sheet].formulas.find(row, column)
        if cell is None:
            return None
        formula = cell.formula
        for prefix in ("_xlfn.", "_xlws.", "_xlpm."):
            formula = formula.replace(prefix, "")
        return f"{{={formula}}}" if cell.kind == "array" and not cell.dynamic else f"={formula}"

    def hidden_rows(self, sheet: int, filtered: bool, beside: bool = False) -> frozenset[int]:
        """Return the rows of a sheet that are not shown, or only those that a filter hides, or others beside these."""
        if sheet >= self.sheet_count:
            return frozenset()
        if sheet not in self._hidden:
            hidden = self.scans[sheet].hidden_rows()
            areas = [table.area for table in self.package.sheets[sheet].tables if table.filtered]
            areas += filter(None, [self.scans[sheet].filtered_area() if hidden else None])
            by_filter = frozenset(row for row in hidden if any(area.top < row <= area.bottom for area in areas))
            self._hidden[sheet] = (hidden, by_filter, hidden - by_filter if areas else frozenset())
        return self._hidden[sheet][2 if beside else filtered]
