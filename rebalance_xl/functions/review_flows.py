"""What a book earned although money came and went: time-weighted and money-weighted return, rebalancing return."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

from rebalance_xl.catalogue import Example, Result, date, fraction, money, worksheet_function
from rebalance_xl.cells import CellError
from rebalance_xl.functions.elementwise import NA, NUM, TOLERANCE
from rebalance_xl.functions.review_measures import CATEGORY
from rebalance_xl.functions.review_prices import grid

_VALUES = money("values", low=0.0, above=True, vector=True)
_FLOWS = money("flows", vector=True, blank="keep")
_STEPS = 200


@worksheet_function(
    "TIME_WEIGHTED_RETURN",
    CATEGORY,
    [_VALUES, _FLOWS],
    Result("fraction", shape="value"),
    errors={"#N/A": "there are fewer than two values", "#NUM!": "a value is not above 0, or a flow took everything"},
    examples=[
        Example(
            "=TIME_WEIGHTED_RETURN({10000;12300;11998.85;12848},{0;2000;0;-500})",
            "=0.1177593495934958",
            "A deposit of 2,000 and a withdrawal of 500, each at the close of its day.",
        )
    ],
)
def time_weighted_return(values: Sequence[float], flows: Sequence[float]) -> float:
    """Return what one unit of money earned that was there all the time: deposits and withdrawals leave no trace.

    It judges the rules of the book, not when its owner put money in.

    Parameters
    ----------
    values : money, a range
        Value at each close, after the flow of that close, oldest first.
    flows : money, a range
        Money put in (+) or taken out (−) at each close; blank is 0. The first one is part of the first
        value and not read.

    Notes
    -----
    Equation: product of (value − flow) / value before − 1

    Source: GIPS Standards for Firms 2020, provisions of section 2: valued at every external flow.

    Examples
    --------
    >>> round(time_weighted_return([10000.0, 12300.0, 11998.85, 12848.0], [0.0, 2000.0, 0.0, -500.0]), 10)
    0.1177593496
    """
    if len(values) < 2:
        return NA
    wide = _wide(flows, len(values))
    growth = 1.0
    for before, after, flow in zip(values, values[1:], wide[1:], strict=False):
        growth *= (after - flow) / before
        if growth <= 0.0:
            return NUM
    return growth - 1.0


def _wide(flows: Sequence[float], length: int) -> list[float]:
    """Return a flow for each close; a blank is none."""
    known = [each if each == each else 0.0 for each in flows]
    return known if len(known) == length else known * length


@worksheet_function(
    "MONEY_WEIGHTED_RETURN",
    CATEGORY,
    [_VALUES, _FLOWS, date("dates", vector=True)],
    Result("fraction", shape="value"),
    errors={
        "#N/A": "there are fewer than two values",
        "#NUM!": "a value is not above 0, the dates do not rise, or no rate balances the flows",
    },
    examples=[
        Example(
            "=MONEY_WEIGHTED_RETURN({10000;12300;11998.85;12848},{0;2000;0;-500},{46023;46024;46025;46026})",
            "=0.11920599475891046",
            "Of these three days, not a year.",
        )
    ],
)
def money_weighted_return(values: Sequence[float], flows: Sequence[float], dates: Sequence[float]) -> float:
    """Return the one rate at which the first value, all flows and the last value balance, over the whole period.

    It judges the owner's timing as well as the rules. Raised to 365 / days it is the annual rate that XIRR gives.

    Parameters
    ----------
    values : money, a range
        Value at each close, after the flow of that close, oldest first; only the first and the last are used.
    flows : money, a range
        Money put in (+) or taken out (−) at each close; blank is 0. The first one is part of the first value.
    dates : date, a range
        Day of each value.

    Notes
    -----
    Equation: first × g + Σ flow × g ^ (share of the period that is left) = last; the answer is g − 1

    Source: the internal rate of return; pyxirr gives the same rate a year.

    Examples
    --------
    >>> days = [46023.0, 46024.0, 46025.0, 46026.0]
    >>> round(money_weighted_return([10000.0, 12300.0, 11998.85, 12848.0], [0.0, 2000.0, 0.0, -500.0], days), 10)
    0.1192059948
    """
    if len(values) < 2:
        return NA
    if any(later <= earlier for earlier, later in itertools.pairwise(dates)) or len(dates) != len(values):
        return NUM
    length = dates[-1] - dates[0]
    paid = [(1.0, values[0])]
    for day, flow in zip(dates[1:], _wide(flows, len(values))[1:], strict=True):
        if flow:
            paid.append(((dates[-1] - day) / length, flow))

    def missing(log_growth: float) -> float:
        return math.fsum(flow * math.exp(left * log_growth) for left, flow in paid) - values[-1]

    return _nearest_root(missing)


def _nearest_root(function: object) -> float:
    """Return the growth less 1 at the root nearest to no growth, found by widening and halving."""
    assert callable(function)
    step = 0.05
    for number in range(1, 700):
        low, high = -step * number, step * number
        inner = step * (number - 1)
        for left, right in ((inner, high), (low, -inner)):
            if function(left) == 0.0:
                return math.expm1(left)
            if (function(left) < 0.0) is not (function(right) < 0.0):
                return math.expm1(_halved(function, left, right))
    return NUM


def _halved(function: object, left: float, right: float) -> float:
    assert callable(function)
    rising = function(left) < 0.0
    for _ in range(_STEPS):
        middle = 0.5 * (left + right)
        if middle in (left, right):
            break
        if (function(middle) < 0.0) is rising:
            left = middle
        else:
            right = middle
    return 0.5 * (left + right)


@worksheet_function(
    "REBALANCING_RETURN",
    CATEGORY,
    [
        fraction("weights", low=0.0, high=1.0, vector=True),
        fraction("volatilities", low=0.0, vector=True),
        grid("correlations"),
    ],
    Result("fraction", shape="value"),
    errors={
        "#NUM!": "the weights do not sum to 1, or a correlation is not from -1 to 1",
        "#VALUE!": "correlations is neither one number nor a square with one row an asset",
    },
    examples=[
        Example("=REBALANCING_RETURN({0.5;0.5},{0.8;0.6},0.25)", "=0.095", "1/2 × 1/4 × (0.64 + 0.36 − 0.24)."),
        Example("=REBALANCING_RETURN({0.5;0.5},{0.8;0.6},{1,0.25;0.25,1})", "=0.095"),
    ],
)
def rebalancing_return(
    weights: Sequence[float], volatilities: Sequence[float], correlations: Sequence[Sequence[float]]
) -> float | CellError:
    """Return by how much a constant mix grows faster than the weighted mean of the growth of its assets, a year.

    It is not what rebalancing earns over holding: a held book grows faster than that mean, too, because it ends in
    the asset that won.

    Parameters
    ----------
    weights : fraction, a range
        Weight of each asset; they sum to 1.
    volatilities : fraction, a range
        Volatility of each asset, a year.
    correlations : number or a square range
        One correlation for all pairs, or the matrix with a row and a column for each asset.

    Notes
    -----
    Equation: ½ (Σ wᵢ σᵢ² − Σ wᵢ wⱼ ρᵢⱼ σᵢ σⱼ); of two assets ½ w (1 − w)(σ₁² + σ₂² − 2 ρ σ₁ σ₂)

    Source: the growth of a constant mix in continuous time; P. Willenbrock, Financial Analysts Journal 67(4), 2011.

    Examples
    --------
    >>> round(rebalancing_return([0.5, 0.5], [0.8, 0.6], [[0.25]]), 9)
    0.095
    """
    count = len(weights)
    if abs(math.fsum(weights) - 1.0) > TOLERANCE:
        return CellError("#NUM!", f"the weights sum to {math.fsum(weights):g}; they must sum to 1")
    if len(volatilities) not in (1, count):
        return CellError("#VALUE!", "volatilities must have one number for each weight")
    wide = list(volatilities) * count if len(volatilities) == 1 else list(volatilities)
    single = len(correlations) == 1 and len(correlations[0]) == 1
    if not single and (len(correlations) != count or any(len(row) != count for row in correlations)):
        return CellError("#VALUE!", f"correlations must be one number, or {count} rows and {count} columns")
    if any(not -1.0 <= each <= 1.0 for row in correlations for each in row):
        return CellError("#NUM!", "a correlation lies outside -1 to 1")

    def between(i: int, j: int) -> float:
        if i == j:
            return 1.0
        return correlations[0][0] if single else correlations[i][j]

    own = math.fsum(w * s * s for w, s in zip(weights, wide, strict=True))
    mix = math.fsum(
        weights[i] * weights[j] * between(i, j) * wide[i] * wide[j] for i in range(count) for j in range(count)
    )
    return 0.5 * (own - mix)
