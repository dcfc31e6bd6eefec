"""What a review is asked, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from rebalance_xl.functions.simulation.performance import Performance
from rebalance_xl.review.bootstrap import Bootstrap
from rebalance_xl.review.history import History
from rebalance_xl.review.runs import Run
from rebalance_xl.review.sweeps import Sweep
from rebalance_xl.review.variants import Variant


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be reviewed.

    Parameters
    ----------
    variants
        Names or ``name: Setting=value; ...``; none for all standard ones.
    sweeps
        ``Band=0.01:0.25:0.01``: one makes a curve, two a grid.
    bootstrap
        Histories to draw; 0 for none, None for as many as are quick.
    of
        The variant that the bootstrap and the first page are about.
    block, seed
        Mean block in days, and the seed.
    fill
        "close", or "next": what is decided at a close is traded at the next one.
    slippage
        Share of the amount on top of the fee.
    without
        Assets that are left out.
    fill_gaps
        Carry closes over holes of the history.
    first, last
        Days between which the history is used, as serial numbers.
    workers, scheduler
        Processes, or a dask scheduler, for sweeps and bootstraps.
    """

    variants: tuple[str, ...] = ()
    sweeps: tuple[str, ...] = ()
    bootstrap: int | None = None
    of: str = ""
    block: float = 30.0
    seed: int = 1
    fill: str = "close"
    slippage: float = 0.0
    without: tuple[str, ...] = ()
    fill_gaps: bool = False
    first: float | None = None
    last: float | None = None
    workers: int = 1
    scheduler: str = ""


@dataclass(slots=True)
class Result:
    """A variant and what it came to."""

    variant: Variant
    run: Run
    measures: dict[str, float | None]


@dataclass(slots=True)
class Review:
    """Everything that a review found."""

    history: History
    results: list[Result]
    own: Result
    hold: Result
    sweep: Sweep | None = None
    bootstrap: Bootstrap | None = None
    performance: Performance | None = None
    approximate: Any = None
    warnings: list[str] = field(default_factory=list)
    assumptions: list[str] = field(default_factory=list)
    slippage: float = 0.0
