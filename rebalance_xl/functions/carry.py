"""What holding futures costs or earns: funding, basis and calendar spreads."""

from __future__ import annotations

from rebalance_xl.catalogue import Example, Result, fraction, money, number, price, switch, word, worksheet_function
from rebalance_xl.functions.contracts import SIDES
from rebalance_xl.functions.elementwise import NUM, Numbers, divide, power, where

CATEGORY = "Carry"

HOURS_A_YEAR = 24.0 * 365.0

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
        As in RETURN_ON_MARGIN.
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
        As in RETURN_ON_MARGIN.
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
        As in BASIS.
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
        As in BASIS.
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
