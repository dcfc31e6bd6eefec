"""A sweep over settings: the plateau and not the best cell, because on one history the best is mostly luck."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rebalance_xl.functions.simulation.curves import halves
from rebalance_xl.functions.simulation.rules import Array
from rebalance_xl.review.runs import Run
from rebalance_xl.review.variants import Axis


@dataclass(slots=True)
class Sweep:
    """The cells of a sweep, the last axis running fastest.

    Parameters
    ----------
    axes
        One or two.
    measures
        Of each cell.
    difference
        Log growth less that of holding, a year, with the shape of the axes.
    worst_neighbour
        Smallest difference of a cell and those beside it.
    executions
        Of each cell.
    rank_of_winner, correlation
        Which place the best cell of the first half takes in the second, from 1; correlation of the halves over the
        cells. NaN where there are fewer than three cells.
    """

    axes: tuple[Axis, ...]
    measures: list[dict[str, Any]]
    difference: Array
    worst_neighbour: Array
    executions: Array
    best_first: int
    rank_of_winner: int
    correlation: float
    walk_forward: float | None

    @property
    def plateau(self) -> int:
        """The cell whose worst neighbour is best: a region, not a point."""
        return int(np.argmax(self.worst_neighbour))

    def cell_text(self, cell: int) -> str:
        """Name a cell: ``Band 0.05, TrimTo 0.5``."""
        places = np.unravel_index(cell, self.difference.shape)
        parts = []
        for axis, place in zip(self.axes, places, strict=True):
            value = axis.values[int(place)]
            parts.append(f"{axis.name} {value:g}" if isinstance(value, float | int) else f"{axis.name} {value}")
        return ", ".join(parts)

    def sentence(self) -> str:
        """Say where the plateau lies, and what became of the best cell of the first half."""
        count = len(self.measures)
        text = (
            f"The plateau lies around {self.cell_text(self.plateau)}: it and its neighbours are at least "
            f"{self.worst_neighbour.flat[self.plateau]:+.1%} a year from holding."
        )
        if count < 3:
            return text
        return (
            f"{text} The best of {count} cells in the first half ({self.cell_text(self.best_first)}) comes "
            f"{_ordinal(self.rank_of_winner)} in the second; the halves correlate with {self.correlation:+.2f} "
            "over the cells."
        )


def _ordinal(number: int) -> str:
    ending = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def sweep_of(axes: Sequence[Axis], measures: list[dict[str, Any]], hold_growth: float, hold: Run, year: float) -> Sweep:
    """Return the sweep of measured cells.

    Parameters
    ----------
    axes, measures
        What was swept, and the measures of every cell.
    hold_growth, hold
        Log growth a year of holding, and its run.
    year
        Closes in a year.
    """
    shape = tuple(len(axis.values) for axis in axes)
    growth = np.array([_known(each["log_growth"]) for each in measures])
    first = np.array([_known(each["first_half"]) for each in measures])
    second = np.array([_known(each["second_half"]) for each in measures])
    winner = int(np.argmax(first))
    rank = int((second > second[winner]).sum()) + 1
    spread = len(measures) > 2 and float(np.ptp(first)) > 0.0 and float(np.ptp(second)) > 0.0
    correlation = float(np.corrcoef(first, second)[0, 1]) if spread else math.nan
    difference = (growth - hold_growth).reshape(shape)
    held = halves(hold.curve.tolist(), year)[1]
    return Sweep(
        axes=tuple(axes),
        measures=measures,
        difference=difference,
        worst_neighbour=worst_neighbours(difference),
        executions=np.array([each["executions"] for each in measures]).reshape(shape),
        best_first=winner,
        rank_of_winner=rank,
        correlation=correlation,
        walk_forward=None if held is None else float(second[winner]) - held,
    )


def _known(value: float | None) -> float:
    return -math.inf if value is None else float(value)


def worst_neighbours(cells: Array) -> Array:
    """Return for each cell the smallest of it and the cells beside it along every axis.

    Examples
    --------
    >>> import numpy as np
    >>> worst_neighbours(np.array([1.0, 5.0, 4.0, 4.0])).tolist()
    [1.0, 1.0, 4.0, 4.0]
    """
    found = cells.copy()
    for axis in range(cells.ndim):
        for step in (1, -1):
            moved = np.roll(cells, step, axis=axis)
            edge: list[Any] = [slice(None)] * cells.ndim
            edge[axis] = 0 if step == 1 else -1
            moved[tuple(edge)] = cells[tuple(edge)]
            found = np.minimum(found, moved)
    return found
