"""Cells whose formulas fill areas, and which cells are taken, so that an array must not fill them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

from ..references import MAX_COLUMNS, MAX_ROWS, Area, place_of
from ..sheets.formula_cells import FormulaCell
from ..sheets.sheet_scan import SheetScan
from .engine_calls import KEEP


@dataclass(slots=True, eq=False)
class Anchor:
    """A cell whose formula fills an area; `written` is the area the file gives it, None for an ordinary formula."""

    key: int
    cell: FormulaCell
    area: Area
    dynamic: bool
    written: Area | None
    active: bool = False
    blocked: bool = False
    failure: str = ""
    rows: list[list[Any]] | None = None

    @property
    def before(self) -> Area:
        """The area that it fills in the file."""
        return self.written or self.cell.area

    def kept(self, formula: str) -> str:
        """Return what the engine computes: the formula, its array kept aside.

        The sign keeps the engine from computing what IF and its like give twice, as a reference first.
        """
        return f"{KEEP}({self.key},{'+' * formula.startswith(('IF(', 'IFS(', 'CHOOSE('))}{formula})"

    def is_blocked(self, area: Area, taken: dict[int, Any]) -> bool:
        """Say whether something else lies in an area, or whether it leaves the sheet."""
        if area.bottom > MAX_ROWS or area.right > MAX_COLUMNS:
            return True
        return not set(map(taken.get, islice(places_in(area), 1, None))) <= {None, self}


def places_in(area: Area) -> Iterable[int]:
    """Return the places of an area's cells."""
    if area.width == 1:
        return range(place_of(area.top, area.left), place_of(area.bottom, area.left) + 1, 1 << 15)
    rows = (range(place_of(row, area.left), place_of(row, area.right) + 1) for row in range(area.top, area.bottom + 1))
    return chain.from_iterable(rows)


def occupied_by(scans: list[SheetScan], anchors: list[Anchor]) -> list[dict[int, Any]]:
    """Return for every sheet which cells are taken: by a value, by a formula, or by the anchor that filled them."""
    taken: list[dict[int, Any]] = []
    for sheet, scan in enumerate(scans):
        cells: dict[int, Any] = {}
        own = [anchor for anchor in anchors if anchor.cell.sheet == sheet]
        if own:
            # Arrays grow to the right and downwards: what lies above or left of all of them is in nobody's way.
            top, left = min(anchor.cell.row for anchor in own), min(anchor.cell.column for anchor in own)
            cells = dict.fromkeys(scan.places_within(Area(top, left, MAX_ROWS, MAX_COLUMNS)), "value")
            for anchor in own:
                if anchor.area.size > 1:
                    cells.update(dict.fromkeys(places_in(anchor.area), anchor))
            found = scan.formulas
            for place, (row, column, text) in enumerate(zip(found.rows, found.columns, found.texts, strict=True)):
                if text or place in found.kinds:
                    cells[place_of(row, column)] = "formula"
        taken.append(cells)
    return taken
