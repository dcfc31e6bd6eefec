"""Calendar spreads: what the far contract costs over the near one, and whether that is unusual."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rebalance_xl.catalogue import Example, Result, number, price, worksheet_function
from rebalance_xl.functions.carry import CATEGORY
from rebalance_xl.functions.elementwise import DIV0, NA, NUM, TOLERANCE, Numbers, divide, where

NONE, SELL_NEAR, BUY_NEAR = 0.0, 1.0, 2.0
SIGNALS = ("NONE", "SELL_NEAR_BUY_FAR", "BUY_NEAR_SELL_FAR")


@worksheet_function(
    "CALENDAR_SPREAD",
    CATEGORY,
    [
        price("near_price", blank="row"),
        price("far_price"),
        number("near_days", unit="days", low=0.0),
        number("far_days", unit="days", low=0.0),
    ],
    Result("fraction"),
    errors={"#NUM!": "a price is not above 0, or far_days is not above near_days"},
    examples=[Example("=CALENDAR_SPREAD(102,105,30,120)", "=0.11928104575163399")],
)
def calendar_spread(near_price: Numbers, far_price: Numbers, near_days: Numbers, far_days: Numbers) -> Numbers:
    """Return what the far contract costs over the near one, per year of 365 days.

    Parameters
    ----------
    near_price : price, one or a range
        Price of the contract that expires first. A blank row stays blank.
    far_price : price
        Price of the contract that expires later.
    near_days, far_days : days
        Days to each expiry; the far one must be later.

    Notes
    -----
    Equation: (far / near − 1) × 365 / (far_days − near_days)

    Source: the annualised basis of one contract against the other.

    Examples
    --------
    >>> round(calendar_spread(102.0, 105.0, 30.0, 120.0), 9)
    0.119281046
    """
    wrong = (near_price <= 0.0) | (far_price <= 0.0) | (far_days <= near_days)
    per_day = divide(divide(far_price - near_price, near_price, NUM), far_days - near_days, NUM)
    return where(wrong, NUM, per_day * 365.0)


_CURRENT = number("current", blank="row")
_HISTORY = number("history", vector=True, blank="row")
_HISTORY_ERRORS = {
    "#N/A": "the history has fewer than two values",
    "#DIV/0!": "the history does not vary",
}


@worksheet_function(
    "BASIS_ZSCORE",
    CATEGORY,
    [_CURRENT, _HISTORY],
    Result("number", shape="value"),
    errors=_HISTORY_ERRORS,
    examples=[Example("=BASIS_ZSCORE(0.05,{0.01;0.02;0.03})", "=3", "Mean 0.02, deviation 0.01.")],
)
def basis_zscore(current: float, history: Sequence[float]) -> float:
    """Return how unusual a basis (or spread) is: its distance from the mean in standard deviations.

    Parameters
    ----------
    current : number
        The basis now, in the unit of the history.
    history : number, a range
        Earlier values, without the current one. Blank cells are skipped.

    Notes
    -----
    Equation: (current − mean) / sample standard deviation (n − 1)

    Source: the definition of the standard score.

    Examples
    --------
    >>> round(basis_zscore(0.05, [0.01, 0.02, 0.03]), 9)
    3.0
    """
    known = [value for value in history if value == value]
    if len(known) < 2:
        return NA
    mean = math.fsum(known) / len(known)
    deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in known) / (len(known) - 1))
    # Equal values leave rounding dust, not a deviation.
    if deviation <= 1e-14 * max(abs(value) for value in known):
        return DIV0
    return (current - mean) / deviation


@worksheet_function(
    "SPREAD_SIGNAL",
    CATEGORY,
    [_CURRENT, _HISTORY, number("threshold", low=0.0, default=2.0, blank="default", data=False)],
    Result("word", shape="value", words=SIGNALS),
    errors=_HISTORY_ERRORS,
    examples=[
        Example("=SPREAD_SIGNAL(0.05,{0.01;0.02;0.03})", '="SELL_NEAR_BUY_FAR"'),
        Example("=SPREAD_SIGNAL(0.03,{0.01;0.02;0.03})", '="NONE"'),
    ],
)
def spread_signal(current: float, history: Sequence[float], threshold: float = 2.0) -> float:
    """Return which way to trade the calendar spread when the near premium is unusual.

    Parameters
    ----------
    current : number
        The near contract's premium now.
    history : number, a range
        As in BASIS_ZSCORE.
    threshold : number
        Standard deviations from the mean beyond which it is unusual. Default 2.

    Notes
    -----
    Equation: SELL_NEAR_BUY_FAR where z > threshold, BUY_NEAR_SELL_FAR where z < −threshold, else NONE

    Source: the standard score of the premium, as BASIS_ZSCORE gives it.

    Examples
    --------
    >>> SIGNALS[int(spread_signal(-0.05, [0.01, 0.02, 0.03]))]
    'BUY_NEAR_SELL_FAR'
    """
    score = basis_zscore(current, history)
    if score != score:
        return score
    if score > threshold + TOLERANCE:
        return SELL_NEAR
    return BUY_NEAR if score < -threshold - TOLERANCE else NONE
