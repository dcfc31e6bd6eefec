"""What a walk comes to with arrays: how near it stayed to its targets, and the measures of many at once."""

from __future__ import annotations

import math

import numpy as np

from rebalance_xl.functions.simulation.curves import part_ends
from rebalance_xl.functions.simulation.rules import Array
from rebalance_xl.functions.simulation.single import row_rules
from rebalance_xl.functions.simulation.terms import DUST, TOLERANCE, SpotBook, Terms
from rebalance_xl.functions.simulation.walk import Walk


def nearness(
    book: SpotBook, terms: Terms, curve: Array, held: Array, money: Array, prices: Array, year: float
) -> dict[str, float]:
    """Return closes out of band, distance from the targets, and tracking error of one variant's walk.

    Parameters
    ----------
    book, terms
        The variant.
    curve, held, money
        (n + 1,) value, (n + 1, N) what is held from each close on, (n + 1,) stablecoins.
    prices
        (n + 1, N) closes.
    year
        Closes in a year.
    """
    rules = row_rules(book, terms)
    targets, widths = np.array(rules.targets), np.array(rules.widths)
    values = prices * held
    total = values.sum(axis=1) + money
    weights, cash = values / total[:, None], money / total
    targeted = ~np.isnan(targets)
    drift = np.where(targeted, weights - np.where(targeted, targets, 0.0), 0.0)
    outside = (np.abs(drift) > np.maximum(widths + TOLERANCE, DUST)) & targeted & ~np.array(rules.locked)
    stable, stable_width = rules.stable_target, rules.stable_width
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
    ends = part_ends(len(curve))
    at_ends = np.log(curve[ends])
    parts = {
        f"part_{number}": (at_ends[number] - at_ends[number - 1]) * year / max(ends[number] - ends[number - 1], 1)
        for number in range(1, len(ends))
    }
    return parts | {
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
