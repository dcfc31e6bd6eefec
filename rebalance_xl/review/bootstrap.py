"""How sure a difference is: the history's days drawn again in blocks, thousands of times.

The stationary bootstrap (D. N. Politis and J. P. Romano 1994) draws whole rows of returns, so that what moves together
stays together, in blocks whose length has a mean of `block` days.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rebalance_xl.functions.simulation.rules import Array
from rebalance_xl.functions.simulation.terms import SpotBook, Terms
from rebalance_xl.functions.simulation.walk import walk_many
from rebalance_xl.recalc.batch.jobs import Job
from rebalance_xl.recalc.batch.workers import run_jobs

#: Paths in one piece of work; the seed of each piece follows from its number, so the pieces may lie anywhere.
PIECE = 250


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """The distribution of a difference of log growth to holding, a year."""

    variant: str
    point: float
    q05: float
    q50: float
    q95: float
    above: float
    paths: int
    block: float
    seed: int
    longer: tuple[float, float] | None = None
    shorter: tuple[float, float] | None = None

    @property
    def inside_the_noise(self) -> bool:
        """Whether the band reaches over 0: the history does not tell the rule from holding."""
        return self.q05 <= 0.0 <= self.q95

    def sentence(self) -> str:
        """Say what the figures mean."""
        if self.inside_the_noise:
            return (
                f"This history does not tell {self.variant} from holding: the difference of {self.point:+.1%} a year "
                f"lies between {self.q05:+.1%} and {self.q95:+.1%} in 90 of 100 histories drawn from the same days."
            )
        side = "above" if self.q05 > 0 else "below"
        return (
            f"{self.variant} lies {side} holding in at least 95 of 100 histories drawn from the same days "
            f"({self.q05:+.1%} to {self.q95:+.1%} a year); days that never happened are not among them."
        )


def draw(days: int, length: int, paths: int, block: float, source: np.random.Generator) -> np.ndarray:
    """Return which day each step of each path repeats, (length, paths).

    Parameters
    ----------
    days
        Days to draw from.
    length, paths
        Steps of a path, and how many paths.
    block
        Mean length of a block in steps.
    source
        Random numbers.
    """
    fresh = source.random((length, paths)) < 1.0 / block
    fresh[0] = True
    starts = source.integers(0, days, (length, paths))
    steps = np.arange(length)[:, None]
    begun = np.maximum.accumulate(np.where(fresh, steps, 0), axis=0)
    found: np.ndarray = (np.take_along_axis(starts, begun, axis=0) + steps - begun) % days
    return found


def differences(
    book: SpotBook, terms: Terms, days: Array, prices: Array, paths: int, block: float, seed: int, length: int
) -> Array:
    """Return the difference of log growth to holding over a year's closes, one for each path.

    Parameters
    ----------
    book, terms
        The book and the rule.
    days, prices
        The history: (n + 1,) days and (n + 1, N) closes.
    paths, block, seed
        How many, mean length of a block in closes, and the seed of this piece.
    length
        Steps of a path.
    """
    source = np.random.default_rng(seed)
    returns = prices[1:] / prices[:-1]
    chosen = returns[draw(len(returns), length, paths, block, source)]
    path = np.empty((length + 1, prices.shape[1], paths))
    path[0] = prices[0][:, None]
    path[1:] = np.cumprod(chosen.transpose(0, 2, 1), axis=0) * path[0]
    step = (days[-1] - days[0]) / (len(days) - 1)
    dates = days[0] + step * np.arange(length + 1)
    walk = walk_many(book, [terms] * paths, dates, path)
    held = (np.array([row.quantity for row in book.rows])[:, None] * path[-1]).sum(axis=0) + book.cash
    found: Array = np.log(walk.curve[-1] / held)
    return found


def work(job: Job) -> list[float]:
    """Return the differences of one piece; runs in a worker."""
    book, terms, days, prices, paths, block, seed, length = job.options
    return [float(each) for each in differences(book, terms, days, prices, paths, block, seed, length)]


def resample(
    variant: str,
    book: SpotBook,
    terms: Terms,
    days: Array,
    prices: Array,
    point: float,
    *,
    paths: int = 2000,
    block: float = 30.0,
    seed: int = 1,
    year: float = 365.0,
    length: int | None = None,
    workers: int = 1,
    scheduler: str = "",
    checks: bool = False,
    progress: Callable[[], None] | None = None,
) -> Bootstrap:
    """Return the bootstrap of a rule's difference to holding.

    Parameters
    ----------
    variant, book, terms, days, prices
        The rule and the history.
    point
        The difference on the history itself, a year.
    paths, block, seed
        How many histories are drawn, the mean block in days, and the seed that makes them the same again.
    year
        Closes in a year.
    length
        Steps of a path; the whole history by default.
    workers, scheduler
        Processes, or a dask scheduler.
    checks
        Also with blocks of twice and half the length, a quarter of the paths each.
    progress
        Called after each piece.
    """
    steps = len(prices) - 1 if length is None else length
    closes_a_day = year / 365.0

    def run(block_days: float, count: int, first: int) -> Array:
        jobs = [
            Job(
                Path(f"bootstrap {number + 1}"),
                Path(),
                (
                    book,
                    terms,
                    days,
                    prices,
                    min(PIECE, count - number * PIECE),
                    max(1.0, block_days * closes_a_day),
                    first + number,
                    steps,
                ),
            )
            for number in range(math.ceil(count / PIECE))
        ]
        outcomes = run_jobs(
            jobs,
            work,
            workers=workers,
            scheduler=scheduler,
            done=(lambda outcome: progress()) if progress is not None else None,
        )
        failed = next((outcome.failure for outcome in outcomes if outcome.failure), "")
        if failed:
            raise RuntimeError(f"a piece of the bootstrap failed: {failed}")
        parts: list[Any] = [outcome.value for outcome in outcomes]
        return np.concatenate(parts) * year / steps

    found = run(block, paths, seed * 1_000_003)
    low, middle, high = (float(each) for each in np.quantile(found, (0.05, 0.5, 0.95)))
    ends: list[tuple[float, float] | None] = [None, None]
    if checks:
        for place, length_factor in enumerate((2.0, 0.5)):
            other = run(block * length_factor, max(PIECE, paths // 4), seed * 1_000_003 + 500_000 * (place + 1))
            ends[place] = (float(np.quantile(other, 0.05)), float(np.quantile(other, 0.95)))
    return Bootstrap(variant, point, low, middle, high, float((found > 0).mean()), paths, block, seed, ends[0], ends[1])
