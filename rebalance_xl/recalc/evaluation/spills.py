"""Arrays that fill several cells: array formulas of a fixed area and dynamic arrays that spill, of any size.

The engine computes an anchor through a function that keeps the array aside and returns its corner; the other cells are
written as values, which may change further arrays, until nothing changes any more.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any

from ...cells import CellError
from ..formulas.book_view import BookView
from ..native.arguments import alike
from ..references import MAX_COLUMNS, MAX_ROWS, Area, Place, place_of
from ..sheets.formula_cells import FormulaCell
from ..sheets.sheet_scan import SheetScan
from .calls import KEEP
from .decision import decide
from .engine import Engine
from .engine_values import FAILURES, Trouble, from_engine, to_engine

SPILL = CellError("#SPILL!", "the cells it would fill are not empty")


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
        beyond = area.bottom > MAX_ROWS or area.right > MAX_COLUMNS
        return beyond or not set(map(taken.get, islice(places_in(area), 1, None))) <= {None, self}


@dataclass(slots=True)
class Spills:
    """All anchors of a workbook."""

    book: BookView
    engine: Engine
    max_rounds: int = 200
    anchors: list[Anchor] = field(default_factory=list)
    taken: list[dict[int, Any]] = field(default_factory=list)
    _places: dict[Place, Anchor] = field(default_factory=dict)

    def add(self, cell: FormulaCell, area: Area, dynamic: bool, written: Area | None) -> Anchor:
        """Add an anchor that fills an area so far."""
        anchor = Anchor(len(self.anchors), cell, area, dynamic, written)
        self.anchors.append(anchor)
        self._places[cell.where] = anchor
        self.book.spilled[cell.where] = area
        return anchor

    def at(self, place: Place) -> Anchor | None:
        """Return the anchor in a cell."""
        return self._places.get(place)

    def differs(self, place: Place) -> bool:
        """Say whether the array of a cell is another one than the file holds."""
        anchor = self._places.get(place)
        if anchor is None or anchor.rows is None:
            return False
        return anchor.area != anchor.before or not self._holds(anchor, anchor.area, anchor.rows)

    def begin(self) -> bool:
        """Note what every cell is taken by; return whether there is anything to do."""
        any_active = any(anchor.active for anchor in self.anchors)
        if any_active and not self.taken:
            self.taken = occupied_by(self.book.scans, self.anchors)
        return any_active

    def place_all(self) -> tuple[bool, bool]:
        """Write the arrays computed last into their cells; return whether any cell and any area changed."""
        kept, self.engine.calls.kept = self.engine.calls.kept, {}
        changed = moved = False
        for key, array in kept.items():
            anchor = self.anchors[key]
            before = anchor.area
            changed = self._place(anchor, array) or changed
            moved = moved or anchor.area != before
        return changed, moved

    def _place(self, anchor: Anchor, array: Any) -> bool:
        rows = array if array.__class__ is list else [[array]]
        kinds = set(map(type, chain.from_iterable(rows)))
        found = (each for row in rows for each in map(from_engine, row)) if dict in kinds else ()
        anchor.failure = next((each.cause for each in found if isinstance(each, Trouble)), "")
        turned = False
        if anchor.dynamic:
            row, column, among = anchor.cell.row, anchor.cell.column, self.engine.calls.blocked
            area = Area(row, column, row + len(rows) - 1, column + max(len(rows[0]), 1) - 1)
            blocked = anchor.is_blocked(area, self.taken[anchor.cell.sheet])
            if blocked:
                area, rows = anchor.cell.area, [[SPILL]]
            if blocked != anchor.blocked:
                anchor.blocked = turned = blocked
                (among.add if blocked else among.discard)(anchor.key)
                with suppress(*FAILURES):  # refused where it refers to itself, which its value tells already
                    self.engine.set_formula(anchor.cell.where, str(anchor.cell.lowered))
        else:
            area = anchor.area
            if (len(rows), len(rows[0])) != (area.height, area.width):  # repeated, filled up with #N/A, and cut
                rows = alike((rows, [[None] * area.width] * area.height))[0][: area.height]
                rows = [row[: area.width] for row in rows]
        if not kinds <= {float, str}:
            rows = [[each if each.__class__ in (float, str) else _shown(each) for each in row] for row in rows]
        if anchor.rows == rows and anchor.area == area:
            return turned
        wrote = self._clear(anchor, area) or turned
        if area.size > 1:
            there = anchor.rows is None and area == anchor.written and self._holds(anchor, area, rows)
            if not there:  # and so taken by this anchor from the beginning
                wrote = True
                self._fill(anchor, area, rows)
        anchor.area, anchor.rows = area, rows
        self.book.spill(anchor.cell.where, area)
        return wrote

    def _holds(self, anchor: Anchor, area: Area, rows: list[list[Any]]) -> bool:
        """Say whether the cells of an array hold in the file what it gives, so that whatever read them was right."""
        cached = self.book.scans[anchor.cell.sheet].columns_within(area)
        for column, new in enumerate(zip(*rows, strict=True), area.left):
            first = column == area.left  # whose first cell is the anchor
            old = cached.get(column, [None] * area.height)[first:]
            if list(map(type, old)) != list(map(type, new[first:])) or old != list(new[first:]):
                return False
        return True

    def _clear(self, anchor: Anchor, area: Area) -> bool:
        """Empty the cells an anchor filled before and does not fill now."""
        old, owned, sheet = anchor.area, self.taken[anchor.cell.sheet], anchor.cell.sheet
        if old.height <= area.height and old.width <= area.width:
            return False
        wrote = False
        for row, column in old.cells():
            place = place_of(row, column)
            if not area.contains(row, column) and owned.get(place) is anchor:
                self.engine.set_value((sheet, row, column), None)
                del owned[place]
                wrote = True
        return wrote

    def _fill(self, anchor: Anchor, area: Area, rows: list[list[Any]]) -> None:
        engine, sheet = self.engine, anchor.cell.sheet
        self.taken[sheet].update(dict.fromkeys(places_in(area), anchor))
        if engine.idle:
            return
        if area.width > 1:
            engine.set_block(sheet, area.top, area.left + 1, [[to_engine(value) for value in rows[0][1:]]])
        if area.height > 1:
            engine.set_block(sheet, area.top + 1, area.left, [[to_engine(value) for value in row] for row in rows[1:]])

    def give_back(self, anchor: Anchor) -> None:
        """Let the cells that an anchor fills hold what the file says, because the anchor keeps its value."""
        cell, scan = anchor.cell, self.book.scans[anchor.cell.sheet]
        for area in (anchor.area, anchor.before):
            if area.size == 1:
                continue
            values = scan.values_within(area)
            values.update({(each.row, each.column): each.old for each in _carried_along(scan)})
            for row, column in area.cells():
                if (row, column) != (cell.row, cell.column):
                    self.engine.set_value((cell.sheet, row, column), values.get((row, column)))
        anchor.active, anchor.area, anchor.rows = False, anchor.before, None
        self.book.spilled[cell.where] = anchor.area

    def fill_early(self) -> None:
        """Give the anchors computed without the engine the corner of their arrays."""
        for anchor in self.anchors:
            if anchor.cell.early and anchor.rows is not None:
                value = anchor.cell.value = anchor.rows[0][0]
                if anchor.blocked:
                    anchor.cell.cause = decide(answer=value, old=anchor.cell.old, blocked=True)[1]
                    anchor.cell.status, anchor.cell.value, anchor.active = "kept", anchor.cell.old, False
                elif value.__class__ is CellError:
                    anchor.cell.status, anchor.cell.cause = "error", value.reason

    def fill_children(self) -> None:
        """Give the cells that stand empty inside an array its values."""
        for scan, taken in zip(self.book.scans, self.taken, strict=False):
            for cell in _carried_along(scan):
                owner = taken.get(place_of(cell.row, cell.column))
                if cell.lowered is None and isinstance(owner, Anchor) and owner.rows is not None and owner.active:
                    cell.status, cell.cause = "computed", ""
                    cell.value = owner.rows[cell.row - owner.area.top][cell.column - owner.area.left]


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


def _carried_along(scan: SheetScan) -> list[FormulaCell]:
    """Return the cells with an empty formula: those of volatile arrays carry one, and their values with them."""
    return scan.formulas.at(place for place, text in enumerate(scan.formulas.texts) if not text)


def _shown(cell: Any) -> Any:
    """Return what a cell of an array shows: a blank as 0, the engine's error records as error values."""
    if cell is None:
        return 0.0
    shown = cell if isinstance(cell, CellError) else from_engine(cell)
    return CellError("#VALUE!") if isinstance(shown, Trouble) else shown
