"""What a curve of values comes to: its measures by name, and its two halves."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

from rebalance_xl.functions.review_measures import (
    drawdown_length,
    max_drawdown,
    sharpe_ratio,
    sortino_ratio,
    volatility,
)

#: Fewer executions than this tell nothing about a rule.
TOO_FEW = 30
#: Parts of a history on which a rule is chosen and then judged: chosen on the first ones, judged on the next.
PARTS = 5


def curve_measures(curve: Sequence[float], days: Sequence[float], year: float) -> dict[str, float | None]:
    """Return the measures of a curve; None where one has no value (no variation, a period under a year).

    Parameters
    ----------
    curve
        Value at each close.
    days
        Serial number of each close.
    year
        Closes in a year.
    """
    values = [float(each) for each in curve]
    periods = len(values) - 1
    whole = values[-1] / values[0] - 1.0 if values[0] > 0 else math.nan
    if min(values) <= 0.0:
        return {"total_return": whole} | dict.fromkeys(_CURVE, None)
    log_growth = math.log(values[-1] / values[0]) * year / periods
    deepest = max_drawdown(values)
    growth = math.expm1(log_growth)
    found: dict[str, float | None] = {
        "total_return": whole,
        "growth": growth,
        "log_growth": log_growth,
        "volatility": volatility(values, year),
        "sharpe": sharpe_ratio(values, year),
        "sortino": sortino_ratio(values, year),
        "max_drawdown": deepest,
        "drawdown_days": drawdown_length(values),
        "calmar": growth / -deepest if deepest < 0.0 else None,
    }
    return {name: value if value is not None and math.isfinite(value) else None for name, value in found.items()}


_CURVE = (
    "growth",
    "log_growth",
    "volatility",
    "sharpe",
    "sortino",
    "max_drawdown",
    "drawdown_days",
    "calmar",
)


def part_ends(closes: int) -> list[int]:
    """Return the closes between which the parts of a history lie: PARTS + 1 places.

    Examples
    --------
    >>> part_ends(11)
    [0, 2, 4, 6, 8, 10]
    """
    return [round((closes - 1) * part / PARTS) for part in range(PARTS + 1)]


def part_growth(curve: Sequence[float], year: float) -> dict[str, float | None]:
    """Return the log growth a year of each part of a curve by its name, None where a value is not above 0."""
    ends = part_ends(len(curve))
    found: dict[str, float | None] = {}
    for number, (begin, end) in enumerate(itertools.pairwise(ends), start=1):
        good = end > begin and curve[begin] > 0 and curve[end] > 0
        found[f"part_{number}"] = math.log(curve[end] / curve[begin]) * year / (end - begin) if good else None
    return found


def halves(curve: Sequence[float], year: float) -> tuple[float | None, float | None]:
    """Return the log growth a year of the first and of the second half of a curve."""
    middle = (len(curve) - 1) // 2
    found: list[float | None] = []
    for part in (curve[: middle + 1], curve[middle:]):
        good = len(part) > 1 and part[0] > 0 and part[-1] > 0
        found.append(math.log(part[-1] / part[0]) * year / (len(part) - 1) if good else None)
    return found[0], found[1]
