"""A sweep over settings: the plateau and not the best cell, because on one history the best is mostly luck."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rebalance_xl.functions.simulation.curves import PARTS, part_growth
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
    steps
        The walk forward: for each part of the history but the first, the cell that was best up to it, and its log
        growth in it less that of holding, a year.
    noise
        The band that the bootstrap draws around a rule's difference: cells inside it are not told apart.
    """

    axes: tuple[Axis, ...]
    measures: list[dict[str, Any]]
    difference: Array
    worst_neighbour: Array
    executions: Array
    best_first: int
    rank_of_winner: int
    correlation: float
    steps: tuple[tuple[int, float], ...] = ()
    noise: tuple[float, float] | None = None

    @property
    def walk_forward(self) -> float | None:
        """Mean of the steps: what choosing the best so far would have earned afterwards, a year from holding."""
        return math.fsum(step for _, step in self.steps) / len(self.steps) if self.steps else None

    @property
    def inside(self) -> npt.NDArray[np.bool_]:
        """Whether each cell lies inside the band of the bootstrap; none does where nothing was drawn."""
        if self.noise is None:
            return np.zeros(self.difference.shape, dtype=bool)
        low, high = self.noise
        found: npt.NDArray[np.bool_] = (self.difference >= low) & (self.difference <= high)
        return found

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
        text = (
            f"{text} The best of {count} cells in the first half ({self.cell_text(self.best_first)}) comes "
            f"{_ordinal(self.rank_of_winner)} in the second; the halves correlate with {self.correlation:+.2f} "
            "over the cells."
        )
        return " ".join([text, *self._forward(), *self._noise()])

    def _forward(self) -> list[str]:
        if not self.steps:
            return []
        listed = ", ".join(f"{step:+.1%}" for _, step in self.steps)
        return [
            f"Walk forward: the best cell up to each fifth of the history, held over the next one, came to {listed} a "
            f"year from holding, {self.walk_forward:+.1%} on average."
        ]

    def _noise(self) -> list[str]:
        if self.noise is None:
            return []
        inside, count = int(self.inside.sum()), self.inside.size
        return [
            f"{inside} of {count} cells lie inside the band of the bootstrap ({self.noise[0]:+.1%} to "
            f"{self.noise[1]:+.1%}) and have one colour: this history does not tell them apart."
        ]


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
    return Sweep(
        axes=tuple(axes),
        measures=measures,
        difference=difference,
        worst_neighbour=worst_neighbours(difference),
        executions=np.array([each["executions"] for each in measures]).reshape(shape),
        best_first=winner,
        rank_of_winner=rank,
        correlation=correlation,
        steps=_walked_forward(measures, hold, year),
    )


def _walked_forward(measures: Sequence[dict[str, Any]], hold: Run, year: float) -> tuple[tuple[int, float], ...]:
    """Choose the best cell of all parts so far and judge it on the next; nothing where a part has no value."""
    held = part_growth(hold.curve.tolist(), year)
    names = [f"part_{number}" for number in range(1, PARTS + 1)]
    known = [each.get(name) for each in [*measures, held] for name in names]
    if len(measures) < 2 or len(hold.curve) < 10 * PARTS or any(value is None for value in known):
        return ()
    cells = np.array([[float(each[name]) for name in names] for each in measures])
    steps = []
    for part in range(1, PARTS):
        chosen = int(np.argmax(cells[:, :part].sum(axis=1)))
        steps.append((chosen, float(cells[chosen, part]) - float(held[names[part]] or 0.0)))
    return tuple(steps)


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
