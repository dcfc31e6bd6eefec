"""Columns of catalogue calls computed at once between the engine's rounds, when their arguments are computed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..formulas.filled_down import FilledColumn
from ..references import Area
from .column_graph import column_graph
from .early import compute_column
from .engine import Engine, to_argument, to_engine
from .known_cells import KnownCells

#: Shorter columns are left to the engine, because every stage is a round of the engine.
FEWEST_STAGED = 100


@dataclass(slots=True, kw_only=True)
class ComputedCells(KnownCells):
    """What the cells of a workbook hold after a round of the engine."""

    engine: Engine

    def column(self, sheet: int, column: int, top: int, bottom: int) -> list[Any]:
        """Return the values of a column's cells from one row to another."""
        area = Area(top, column, bottom, column)
        constant = (sheet, column) not in self.linked
        if (
            constant
            and not self.may_be_filled(sheet, column, top, bottom)
            and not self.scans[sheet].has_formulas_in(area)
        ):
            return self.constants(sheet, column, top, bottom)
        return [to_argument(row[0]) for row in self.engine.read_block(sheet, top, column, bottom, column)]


def staged(known: KnownCells, sheet_names: Sequence[str], waiting: Sequence[FilledColumn]) -> list[list[FilledColumn]]:
    """Return the columns to compute between the engine's rounds; the others get their text for the engine.

    Parameters
    ----------
    known : KnownCells
        The workbook, with every other formula lowered.
    sheet_names : sequence of str
        The names of its sheets.
    waiting : sequence of FilledColumn
        Columns that need something from the engine; their cells have no text for it yet.

    Returns
    -------
    list of list of FilledColumn
        The columns of every stage: each reads only constants, what the engine computes from constants and earlier
        stages. Columns that read themselves through others are not among them.
    """
    long = [column for column in waiting if len(column.cells) >= FEWEST_STAGED]
    for column in waiting:
        if len(column.cells) < FEWEST_STAGED:
            column.render()
    if not long:
        return []
    formulas = [[(cell, cell.lowered) for cell in scan.formulas if cell.lowered is not None] for scan in known.scans]
    arrays = [(anchor.sheet, anchor.cell.column) for anchor in known.anchors]
    graph = column_graph(formulas, long, sheet_names, arrays)
    order = graph.stages() if graph is not None else {}
    stages: list[list[FilledColumn]] = [[] for _ in range(max(order.values(), default=-1) + 1)]
    for number, column in enumerate(long):
        if number not in order:
            column.render()
            continue
        stages[order[number]].append(column)
        for cell in column.cells:
            cell.early = True
            cell.value = 0.0 if cell.old is None else cell.old
    return stages


def compute_stage(known: ComputedCells, columns: list[FilledColumn]) -> bool:
    """Compute the columns of one stage and hand their values to the engine.

    Parameters
    ----------
    known : ComputedCells
        What the columns read, all of it computed.
    columns : list of FilledColumn
        The stage; columns that cannot be computed this way are taken off it and left to the engine.

    Returns
    -------
    bool
        Whether the engine has anything new to compute.
    """
    changed = False
    for column in list(columns):
        before = [cell.value for cell in column.cells]
        if not compute_column(known, column):
            columns.remove(column)
            _leave_to_engine(known.engine, column)
            changed = True
            continue
        after = [cell.value for cell in column.cells]
        if before != after or list(map(type, before)) != list(map(type, after)):
            changed = True
            for first, last in _runs(column.rows):
                rows = [[to_engine(value)] for value in after[first:last]]
                known.engine.set_block(column.sheet, column.cells[first].row, column.column, rows)
    return changed


def _leave_to_engine(engine: Engine, column: FilledColumn) -> None:
    column.render()
    for cell in column.cells:
        cell.early = False
        # One by one: a block of formulas does not take the place of values in the engine.
        engine.set_formula(column.sheet, cell.row, column.column, f"={cell.lowered}")


def _runs(rows: Sequence[int]) -> list[tuple[int, int]]:
    """Return where rows follow each other without a gap, as slices."""
    if rows[-1] - rows[0] == len(rows) - 1:
        return [(0, len(rows))]
    starts = [0, *(index for index in range(1, len(rows)) if rows[index] != rows[index - 1] + 1)]
    return list(zip(starts, [*starts[1:], len(rows)], strict=True))
