"""What a review answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from rebalance_xl.functions.simulation.performance import Performance
from rebalance_xl.review.bootstrap import Bootstrap
from rebalance_xl.review.history import History
from rebalance_xl.review.runs import Run
from rebalance_xl.review.sweeps import Sweep
from rebalance_xl.review.variants import Variant


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
