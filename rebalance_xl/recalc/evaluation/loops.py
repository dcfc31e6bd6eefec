"""Formulas that refer to themselves in workbooks that iterate: they go on from the values that the cells hold."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, chain
from typing import Any, Final

from ..sheets.formula_cells import FormulaCell
from .calculation import Calculation
from .reads import cells_at, reads_of

#: A loop whose cells one pass moves by no more than this, relatively, rests where it is.
AT_REST: Final = 1e-6
#: Workbooks in which formulas read each other so often are not searched for loops.
MOST_READS: Final = 3_000_000


def close_loops(calculation: Calculation) -> None:
    """Let the loops of a workbook that iterates come to rest, and take their cells for constants from then on.

    A loop that the cached values solve already stays as it is, bit for bit. A single cell that changes with every pass
    counts and keeps its value; other loops that have not settled are told in a warning.
    """
    loops = _loops(calculation) if calculation.engine.looping else []
    if not loops:
        return
    engine = calculation.engine
    found: dict[FormulaCell, Any] = {cell: cell.value for loop in loops for cell in loop}
    moving: set[FormulaCell] = set()
    if engine.has_unsettled_loops():
        calculation.compute()
        moving = {cell for cell, value in found.items() if not _near(value, cell.value, engine.settings.max_change)}
    unsettled = 0
    for loop in loops:
        rests = all(_near(cell.old, found[cell]) for cell in loop)
        moves = not moving.isdisjoint(loop)
        counts = moves and len(loop) == 1
        unsettled += moves and not counts
        for cell in loop:
            cell.value = cell.old if rests or counts else found[cell]
            if counts:
                cell.status, cell.cause = "kept", "circular: it counts on with every calculation"
            cell.lowered, cell.early = None, True
            engine.set_value(cell.where, cell.value)
    if unsettled:
        calculation.warnings.append(
            f"{unsettled} loops of formulas have not settled after {engine.settings.iterations} passes"
        )
    calculation.compute()


def _near(one: Any, other: Any, change: float = 0.0) -> bool:
    if one.__class__ is float and other.__class__ is float:
        return abs(one - other) <= max(change, AT_REST * abs(one))
    return bool(one == other)


def _loops(calculation: Calculation) -> list[list[FormulaCell]]:
    """Return the cells that read themselves, directly or through each other, loop by loop."""
    nodes = [cell for cell in calculation.book.cells() if cell.lowered is not None]
    edges = _edges(calculation, nodes)
    if edges is None:
        calculation.warnings.append("too many references to look for loops of formulas; none was taken for settled")
        return []
    import numpy as np  # scipy takes longer to load than most loops to be found
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    others, starts = list(chain.from_iterable(edges)), [0, *accumulate(map(len, edges))]
    graph = csr_array((np.ones(len(others)), others, starts), shape=(len(edges), len(edges)))
    groups: dict[int, list[int]] = {}
    for node, group in enumerate(connected_components(graph, connection="strong")[1].tolist()):
        groups.setdefault(group, []).append(node)
    loops = [group for group in groups.values() if len(group) > 1 or group[0] in edges[group[0]]]
    return [[nodes[each] for each in loop] for loop in loops]


def _edges(calculation: Calculation, nodes: Sequence[FormulaCell]) -> list[list[int]] | None:
    """Return for every formula the formulas that it reads, None when they are too many."""
    numbers = {((cell.sheet, cell.column), cell.row): number for number, cell in enumerate(nodes)}
    cells = cells_at(cell.where for cell in nodes)
    reads = [[*reads_of(str(cell.lowered), cell.sheet, calculation.readers.sheets)] for cell in nodes]
    met = {read: [numbers[place] for place in read.met(cells)] for read in {*chain.from_iterable(reads)}}
    if sum(len(met[read]) for own in reads for read in own) > MOST_READS:
        return None
    # Looking for loops does not come to an end where an edge is told twice.
    return [sorted({*chain.from_iterable(met[read] for read in own)}) for own in reads]
