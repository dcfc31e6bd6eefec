"""What a walk comes to: the measures of its curve, its trades, and how near it stayed to its targets."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from rebalance_xl.functions import review_measures as measures
from rebalance_xl.functions.simulation.rules import DUST, TOLERANCE, Array, Rules
from rebalance_xl.functions.simulation.walk import Walk

#: Fewer executions than this tell nothing about a rule.
TOO_FEW = 30


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
    deepest = measures.max_drawdown(values)
    growth = math.expm1(log_growth)
    found: dict[str, float | None] = {
        "total_return": whole,
        "growth": growth,
        "log_growth": log_growth,
        "volatility": measures.volatility(values, year),
        "sharpe": measures.sharpe_ratio(values, year),
        "sortino": measures.sortino_ratio(values, year),
        "max_drawdown": deepest,
        "drawdown_days": measures.drawdown_length(values),
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


def halves(curve: Sequence[float], year: float) -> tuple[float | None, float | None]:
    """Return the log growth a year of the first and of the second half of a curve."""
    middle = (len(curve) - 1) // 2
    found: list[float | None] = []
    for part in (curve[: middle + 1], curve[middle:]):
        good = len(part) > 1 and part[0] > 0 and part[-1] > 0
        found.append(math.log(part[-1] / part[0]) * year / (len(part) - 1) if good else None)
    return found[0], found[1]


def nearness(rules: Rules, walk: Walk, prices: Array, year: float) -> dict[str, float]:
    """Return closes out of band, distance from the targets, and tracking error of one variant's walk.

    Parameters
    ----------
    rules
        Of the one variant.
    walk
        Its walk, with what was held at each close.
    prices
        (n + 1, N) closes.
    year
        Closes in a year.
    """
    assert walk.held is not None
    assert walk.money is not None
    targets, widths = rules.targets[:, 0], rules.widths[:, 0]
    values = prices * walk.held
    total = values.sum(axis=1) + walk.money
    weights, cash = values / total[:, None], walk.money / total
    targeted = ~np.isnan(targets)
    drift = np.where(targeted, weights - np.where(targeted, targets, 0.0), 0.0)
    outside = (np.abs(drift) > np.maximum(widths + TOLERANCE, DUST)) & targeted & ~rules.locked[:, 0]
    stable, stable_width = rules.stable_target[0], rules.stable_width[0]
    out = outside.any(axis=1)
    apart = np.abs(drift).sum(axis=1)
    rest = 1.0 - weights[:, targeted].sum(axis=1)
    wanted = 1.0 - targets[targeted].sum()
    if not np.isnan(stable):
        away = cash - stable
        apart = apart + np.abs(away)
        rest, wanted = rest - cash, wanted - stable
        if not np.isnan(stable_width):
            out = out | (np.abs(away) > max(stable_width + TOLERANCE, DUST))
    distance = 0.5 * (apart + np.abs(rest - wanted))
    curve = walk.curve[:, 0]
    returns = curve[1:] / curve[:-1] - 1.0
    asset_returns = prices[1:] / prices[:-1] - 1.0
    against = returns - asset_returns @ np.where(targeted, targets, 0.0)
    error = math.sqrt(year) * float(np.std(against, ddof=1)) if len(against) > 1 else math.nan
    return {"out_of_band": float(out.sum()), "distance": float(distance.mean()), "tracking_error": error}


def many_measures(walk: Walk, year: float) -> dict[str, Array]:
    """Return value, return, growth, halves and deepest drawdown of every variant of a sweep, (K,) each."""
    curve = walk.curve
    periods, middle = len(curve) - 1, (len(curve) - 1) // 2
    peak = np.maximum.accumulate(curve, axis=0)
    log = np.log(curve[[0, middle, -1]])
    return {
        "value": curve[-1],
        "total_return": curve[-1] / curve[0] - 1.0,
        "log_growth": (log[2] - log[0]) * year / periods,
        "first_half": (log[1] - log[0]) * year / max(middle, 1),
        "second_half": (log[2] - log[1]) * year / (periods - middle),
        "max_drawdown": (curve / peak - 1.0).min(axis=0),
        "lines": walk.lines,
        "executions": walk.trades,
        "fees": walk.fees,
        "turnover": walk.turned / (periods / year),
    }
