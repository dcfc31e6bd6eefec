"""Arrays that fill several cells: array formulas of a fixed area and dynamic arrays that spill."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..cells import CellError
from .engine import from_engine
from .references import Area
from .scan import SheetScan

NOT_AVAILABLE = CellError("#N/A")


@dataclass(slots=True)
class Anchor:
    """A cell whose formula fills an area; `written` is the area the file gives it."""

    key: int
    sheet: int
    row: int
    column: int
    area: Area
    dynamic: bool
    new: bool = False
    active: bool = False
    blocked: bool = False
    rows: list[list[Any]] | None = None
    text: str = ""
    written: Area | None = None

    def is_blocked(self, area: Area, taken: dict[tuple[int, int], Any]) -> bool:
        """Say whether something else lies in an area."""
        if area.height * area.width > len(taken):
            return any(
                area.contains(row, column) and owner is not self and (row, column) != (self.row, self.column)
                for (row, column), owner in taken.items()
            )
        return any(
            taken.get((row, column), self) is not self and (row, column) != (self.row, self.column)
            for row in range(area.top, area.bottom + 1)
            for column in range(area.left, area.right + 1)
        )


def occupied_by(scans: list[SheetScan], anchors: list[Anchor]) -> list[dict[tuple[int, int], Any]]:
    """Return for every sheet which cells are taken: by a value, by a formula, or by the anchor that filled them."""
    taken: list[dict[tuple[int, int], Any]] = []
    for scan in scans:
        cells: dict[tuple[int, int], Any] = {
            (row, column): "value" for row, values in scan.rows.items() for column, _ in values
        }
        for cell in scan.formulas:
            if cell.formula or cell.kind != "normal":
                cells[cell.row, cell.column] = "formula"
        taken.append(cells)
    for anchor in anchors:
        area, cells = anchor.area, taken[anchor.sheet]
        if area.height * area.width > 1:
            for row in range(area.top, area.bottom + 1):
                for column in range(area.left, area.right + 1):
                    if cells.get((row, column)) != "formula":
                        cells[row, column] = anchor
    return taken


def fitted(rows: list[list[Any]], height: int, width: int) -> list[list[Any]]:
    """Return an array in the area of an array formula: cut, repeated when one cell, row or column, else #N/A.

    Parameters
    ----------
    rows : list of list
        What the formula gave.
    height, width : int
        The area of the array formula.

    Returns
    -------
    list of list
    """
    tall, wide = len(rows), len(rows[0])
    return [
        [
            NOT_AVAILABLE
            if (row >= tall and tall > 1) or (column >= wide and wide > 1)
            else rows[min(row, tall - 1)][min(column, wide - 1)]
            for column in range(width)
        ]
        for row in range(height)
    ]


def blank_to_zero(rows: list[list[Any]]) -> list[list[Any]]:
    """Return rows as cells show them: blanks as 0, the engine's error records as error values."""
    return [
        [
            cell
            if cell.__class__ is float or cell.__class__ is str
            else 0.0
            if cell is None
            else cell
            if isinstance(cell, CellError)
            else from_engine(cell)
            for cell in row
        ]
        for row in rows
    ]
