"""What one run comes to, whichever way it was walked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from rebalance_xl.functions.simulation.curves import TOO_FEW, curve_measures, halves
from rebalance_xl.functions.simulation.rules import Array

#: An execution that trades less than this share of the book is small.
SMALL = 0.002


@dataclass(slots=True)
class Run:
    """A walk through a history; money in the book's currency.

    Parameters
    ----------
    days, curve
        (n + 1,): serial numbers; value before any trade at the first close, after trading at each later one.
    lines, executions
        Lines that traded, and closes with a trade: day, trigger, lines.
    turned
        Sum of (sold + bought spot) / (2 × value before).
    funding
        Paid is positive.
    out_of_band
        Closes after trading at which an unlocked row with a target is outside its band; None without targets.
    small
        Executions that trade less than 0.2 % of the book.
    by
        "kernel", "plan" (the plan itself decided at every candidate) or "hold".
    """

    days: Array
    curve: Array
    lines: int = 0
    executions: list[tuple[float, str, int]] = field(default_factory=list)
    fees: float = 0.0
    sold: float = 0.0
    bought: float = 0.0
    turned: float = 0.0
    gain: float = 0.0
    margin: float = 0.0
    funding: float = 0.0
    liquidations: list[tuple[float, str, float, float]] = field(default_factory=list)
    reduced: int = 0
    out_of_band: int | None = None
    distance: float | None = None
    tracking_error: float | None = None
    small: int = 0
    by: str = "kernel"
    notes: tuple[str, ...] = ()
    final: Any = None

    @property
    def value(self) -> float:
        """Value after the last close."""
        return float(self.curve[-1])

    @property
    def margin_lost(self) -> float:
        """Margin that liquidations took."""
        return float(sum(each[3] for each in self.liquidations))

    def measures(self, year: float) -> dict[str, float | None]:
        """Return every measure of the run by its name."""
        curve = self.curve.tolist()
        found = curve_measures(curve, self.days.tolist(), year)
        years = (len(self.curve) - 1) / year
        first, second = halves(curve, year)
        return found | {
            "first_half": first,
            "second_half": second,
            "turnover": self.turned / years if years else None,
            "lines": float(self.lines),
            "executions": float(len(self.executions)),
            "fees": self.fees,
            "gain": self.gain,
            "funding": self.funding,
            "liquidations": float(len(self.liquidations)),
            "margin_lost": self.margin_lost,
            "reduced": float(self.reduced),
            "out_of_band": None if self.out_of_band is None else float(self.out_of_band),
            "distance": self.distance,
            "tracking_error": self.tracking_error,
            "small": float(self.small),
            "value": self.value,
        }

    @property
    def too_few(self) -> bool:
        """Whether there are too few executions to judge the rule."""
        return 0 < len(self.executions) < TOO_FEW
