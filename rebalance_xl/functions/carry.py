"""What holding futures costs or earns: funding, basis and calendar spreads."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rebalance_xl.catalogue import Example, Result, fraction, money, number, price, switch, word, worksheet_function
from rebalance_xl.functions.contracts import SIDES
from rebalance_xl.functions.elementwise import DIV0, NA, NUM, Numbers, divide, power, where

CATEGORY = "Carry"

HOURS_A_YEAR = 24.0 * 365.0
NONE, SELL_NEAR, BUY_NEAR = 0.0, 1.0, 2.0
SIGNALS = ("NONE", "SELL_NEAR_BUY_FAR", "BUY_NEAR_SELL_FAR")

_SIDE = word("side", SIDES, data=True, blank="row", model="Futures[Side]")
_RATE = fraction("rate", low=-1.0, high=1.0)
_INTERVAL = number(
    "interval_hours",
    unit="hours",
    low=0.0,
    above=True,
    default=8.0,
    blank="default",
    data=False,
    model="Futures[FundingHours]",
)
_SPOT, _FUTURES = price("spot_price", blank="row"), price("futures_price")
_DAYS = number("days", unit="days", low=0.0, above=True)
_COMPOUND = switch("compound", False)


@worksheet_function(
    "FUNDING_PAYMENT",
    CATEGORY,
    [_SIDE, money("notional", low=0.0, blank="row"), _RATE],
    Result("money"),
    examples=[
        Example('=FUNDING_PAYMENT("short",20,0.0001)', "=0.002", "freqtrade, test_calculate_funding_fees."),
        Example('=FUNDING_PAYMENT("long",20000,0.0001)', "=-2", "A positive rate: longs pay."),
    ],
)
def funding_payment(side: Numbers, notional: Numbers, rate: Numbers) -> Numbers:
    """Return the funding received (+) or paid (−) at one settlement.

    Parameters
    ----------
    side : word
        "long" or "short". A blank row stays blank.
    notional : money, one or a range
        Value of the position at the mark.
    rate : fraction
        Funding rate of the settlement (0.0001 = 0.01 %); positive means longs pay shorts.

    Notes
    -----
    Equation: −s × notional × rate

    Source: Binance help on funding; freqtrade test_exchange.py.

    Examples
    --------
    >>> funding_payment(-1.0, 20.0, 0.0001)
    0.002
    """
    return where(notional < 0.0, NUM, 0.0 - side * notional * rate)


@worksheet_function(
    "FUNDING_COST",
    CATEGORY,
    [
        _SIDE,
        money("notional", low=0.0, blank="row"),
        _RATE,
        number("days", unit="days", low=0.0),
        _INTERVAL,
    ],
    Result("money"),
    examples=[
        Example('=FUNDING_COST("long",20000,0.0001,1)', "=6", "Three settlements a day."),
        Example('=FUNDING_COST("short",20000,0.0001,30,4)', "=-360", "A short earns it."),
    ],
)
def funding_cost(
    side: Numbers, notional: Numbers, rate: Numbers, days: Numbers, interval_hours: Numbers = 8.0
) -> Numbers:
    """Return what holding a perpetual costs in funding: paid is positive, received negative.

    Parameters
    ----------
    side : word
        "long" or "short". A blank row stays blank.
    notional : money, one or a range
        Value of the position at the mark.
    rate : fraction
        Funding rate of one interval, taken to stay as it is.
    days : days
        Holding period.
    interval_hours : hours
        Hours between settlements. Default 8.

    Notes
    -----
    Equation: s × notional × rate × days × 24 / interval

    Source: the sum of the settlements; Binance help on funding.

    Examples
    --------
    >>> round(funding_cost(1.0, 20000.0, 0.0001, 1.0, 8.0), 9)
    6.0
    """
    wrong = (notional < 0.0) | (days < 0.0) | (interval_hours <= 0.0)
    settlements = days * divide(24.0, interval_hours, NUM)
    return where(wrong, NUM, side * notional * rate * settlements)


@worksheet_function(
    "FUNDING_APR",
    CATEGORY,
    [fraction("rate", low=-1.0, high=1.0, blank="row", model="Futures[FundingRate]"), _INTERVAL, _COMPOUND],
    Result("fraction"),
    errors={"#NUM!": "the rate or the interval is out of range, or the compound rate is too large"},
    examples=[
        Example("=FUNDING_APR(0.0001)", "=0.1095", "0.01 % every 8 hours is 10.95 % a year, simple."),
        Example("=FUNDING_APR(0.0001,8,TRUE)", "=0.11571396279167323", "11.57 % compounded."),
        Example("=FUNDING_APR(0.0001,1)", "=0.876"),
    ],
)
def funding_apr(rate: Numbers, interval_hours: Numbers = 8.0, compound: Numbers = 0.0) -> Numbers:
    """Return a funding rate per year of 365 days: simple by default, compounded on request.

    Parameters
    ----------
    rate : fraction, one or a range
        Funding rate of one interval. A blank row stays blank.
    interval_hours : hours
        Hours between settlements. Default 8.
    compound : TRUE/FALSE
        TRUE: each payment is invested again at the same rate. Default FALSE.

    Notes
    -----
    Equation: simple rate × 24/h × 365; compound (1 + rate)^(24/h × 365) − 1

    Source: perpsindex.xyz and fundingview.app on annualising funding (simple, 365 days).

    Examples
    --------
    >>> funding_apr(0.0001, 8.0, 0.0)
    0.1095
    """
    settlements = divide(HOURS_A_YEAR, interval_hours, NUM)
    compounded = power(1.0 + rate, settlements) - 1.0
    return where(interval_hours <= 0.0, NUM, where(compound == 1.0, compounded, rate * settlements))


@worksheet_function(
    "BASIS",
    CATEGORY,
    [_SPOT, _FUTURES],
    Result("price"),
    examples=[
        Example("=BASIS(62059.8193617,62046.6)", "=-13.2193617", "Binance /futures/data/basis sample."),
    ],
)
def basis(spot_price: Numbers, futures_price: Numbers) -> Numbers:
    """Return the basis: the futures price less the spot (or index) price.

    Parameters
    ----------
    spot_price : price, one or a range
        Spot or index price. A blank row stays blank.
    futures_price : price
        Futures price.

    Notes
    -----
    Equation: F − S

    Source: Binance /futures/data/basis.

    Examples
    --------
    >>> basis(100.0, 102.0)
    2.0
    """
    return futures_price - spot_price


@worksheet_function(
    "BASIS_RATE",
    CATEGORY,
    [_SPOT, _FUTURES],
    Result("fraction"),
    examples=[
        Example("=BASIS_RATE(100,102)", "=0.02"),
        Example(
            "=BASIS_RATE(29269.93972727,29341.3)",
            "=0.002438005455252582",
            "Binance /futures/data/basis sample: 0.0024.",
        ),
    ],
)
def basis_rate(spot_price: Numbers, futures_price: Numbers) -> Numbers:
    """Return the basis as a share of the spot (or index) price.

    Parameters
    ----------
    spot_price : price, one or a range
        Spot or index price. A blank row stays blank.
    futures_price : price
        Futures price.

    Notes
    -----
    Equation: F / S − 1

    Source: Binance /futures/data/basis.

    Examples
    --------
    >>> round(basis_rate(100.0, 102.0), 12)
    0.02
    """
    return divide(futures_price - spot_price, spot_price, NUM)


@worksheet_function(
    "ANNUALIZED_BASIS",
    CATEGORY,
    [_SPOT, _FUTURES, _DAYS, _COMPOUND],
    Result("fraction"),
    errors={"#NUM!": "a price or the days are not above 0, or the compound rate is too large"},
    examples=[
        Example("=ANNUALIZED_BASIS(100,102,90)", "=0.0811111111111111", "Simple."),
        Example("=ANNUALIZED_BASIS(100,102,90,TRUE)", "=0.08362364865431271", "Compounded."),
    ],
)
def annualized_basis(spot_price: Numbers, futures_price: Numbers, days: Numbers, compound: Numbers = 0.0) -> Numbers:
    """Return the basis rate per year of 365 days.

    Binance's own endpoint rounds the rate to four decimals before it annualises; this does not.

    Parameters
    ----------
    spot_price : price, one or a range
        Spot or index price. A blank row stays blank.
    futures_price : price
        Price of the dated contract; a perpetual has no annualised basis.
    days : days
        Days to expiry, above 0.
    compound : TRUE/FALSE
        TRUE: compounded. Default FALSE.

    Notes
    -----
    Equation: simple (F/S − 1) × 365/days; compound (F/S)^(365/days) − 1

    Source: Binance /futures/data/basis (simple).

    Examples
    --------
    >>> round(annualized_basis(100.0, 102.0, 90.0), 12)
    0.081111111111
    """
    periods = divide(365.0, days, NUM)
    simple = divide(futures_price - spot_price, spot_price, NUM) * periods
    compounded = power(divide(futures_price, spot_price, NUM), periods) - 1.0
    wrong = (spot_price <= 0.0) | (futures_price <= 0.0) | (days <= 0.0)
    return where(wrong, NUM, where(compound == 1.0, compounded, simple))


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
        Earlier values, without the current one. Blank cells are skipped.
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
    if score > threshold:
        return SELL_NEAR
    return BUY_NEAR if score < -threshold else NONE
