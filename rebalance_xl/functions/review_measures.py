"""How a curve of values did: growth, volatility, ratios and drawdowns, with one exact definition each.

A year has 365 days, because crypto trades every day; the risk-free rate is 0; returns are simple.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

from rebalance_xl.catalogue import Example, Result, date, money, number, worksheet_function
from rebalance_xl.functions.elementwise import DIV0, NA, NUM

CATEGORY = "Review"

DAYS_A_YEAR = 365.0
_VALUES = money("values", low=0.0, above=True, vector=True)
_YEAR = number("year", low=0.0, above=True, default=DAYS_A_YEAR, blank="default", data=False)
_TOO_FEW = "there are too few values"
_SAME = "{10000;10500;9450;9900;11000;10450}"
#: Returns that differ by rounding only do not vary.
_FLAT = 1e-14


def returns_of(values: Sequence[float]) -> list[float]:
    """Return the simple return of each period.

    Examples
    --------
    >>> returns_of([100.0, 110.0, 99.0])
    [0.10000000000000009, -0.09999999999999998]
    """
    return [after / before - 1.0 for before, after in itertools.pairwise(values)]


@worksheet_function(
    "GROWTH_RATE",
    CATEGORY,
    [_VALUES, date("dates", vector=True, default=0.0), _YEAR],
    Result("fraction", shape="value"),
    errors={"#N/A": _TOO_FEW, "#NUM!": "a value is not above 0, or the dates do not rise"},
    examples=[
        Example("=GROWTH_RATE({10000;12100},{44927;45657})", "=0.1", "730 days: 1.21 in two years."),
        Example("=GROWTH_RATE({100;121},,0.5)", "=0.1", "One period of which half makes a year."),
    ],
)
def growth_rate(values: Sequence[float], dates: Sequence[float] = (0.0,), year: float = DAYS_A_YEAR) -> float:
    """Return the growth a year that leads from the first value to the last.

    A period much shorter than a year makes a rate that says nothing: six days up 4.5 % "grow" by more than 2,000 %.

    Parameters
    ----------
    values : money, a range
        Value of the book at each close, oldest first.
    dates : date, a range
        Day of each value. Default: one value a day.
    year : number
        Periods in a year. Default 365; 8760 for hourly values without dates.

    Notes
    -----
    Equation: (last / first) ^ (year / periods) − 1

    Source: compound annual growth rate; equal to empyrical's annual_return at 365 periods a year.

    Examples
    --------
    >>> round(growth_rate([10000.0, 12100.0], [44927.0, 45657.0]), 9)
    0.1
    """
    if len(values) < 2:
        return NA
    periods = float(len(values) - 1)
    if any(dates):
        if any(later <= earlier for earlier, later in itertools.pairwise(dates)):
            return NUM
        periods = dates[-1] - dates[0]
    exponent = year / periods * math.log(values[-1] / values[0])
    return math.expm1(exponent) if exponent < 700.0 else NUM


@worksheet_function(
    "VOLATILITY",
    CATEGORY,
    [_VALUES, _YEAR],
    Result("fraction", shape="value"),
    errors={"#N/A": _TOO_FEW, "#NUM!": "a value is not above 0"},
    examples=[Example(f"=VOLATILITY({_SAME})", "=1.6245802023794382")],
)
def volatility(values: Sequence[float], year: float = DAYS_A_YEAR) -> float:
    """Return the volatility of a curve of values, a year.

    Parameters
    ----------
    values : money, a range
        Value at each close, oldest first; at least three.
    year : number
        Closes in a year. Default 365.

    Notes
    -----
    Equation: √year × sample standard deviation (n − 1) of the simple returns

    Source: the usual definition; empyrical annual_volatility with annualization 365.

    Examples
    --------
    >>> round(volatility([10000.0, 10500.0, 9450.0, 9900.0, 11000.0, 10450.0]), 10)
    1.6245802024
    """
    if len(values) < 3:
        return NA
    return math.sqrt(year) * deviation(returns_of(values))


def deviation(numbers: Sequence[float]) -> float:
    """Return the sample standard deviation; exactly 0 where the numbers differ by rounding only.

    Examples
    --------
    >>> deviation([1.0, 2.0, 3.0])
    1.0
    """
    mean = math.fsum(numbers) / len(numbers)
    found = math.sqrt(math.fsum((each - mean) ** 2 for each in numbers) / (len(numbers) - 1))
    return found if found > _FLAT * (1.0 + abs(mean)) else 0.0


@worksheet_function(
    "SHARPE_RATIO",
    CATEGORY,
    [_VALUES, _YEAR],
    Result("number", shape="value"),
    errors={"#N/A": _TOO_FEW, "#DIV/0!": "the returns do not vary", "#NUM!": "a value is not above 0"},
    examples=[Example(f"=SHARPE_RATIO({_SAME})", "=2.639021195150728")],
)
def sharpe_ratio(values: Sequence[float], year: float = DAYS_A_YEAR) -> float:
    """Return the mean return a year over the volatility; the risk-free rate is 0.

    Parameters
    ----------
    values : money, a range
        As in VOLATILITY.
    year : number
        As in VOLATILITY.

    Notes
    -----
    Equation: year × mean of the returns / VOLATILITY

    Source: W. F. Sharpe 1966, with the risk-free rate 0.

    Examples
    --------
    >>> round(sharpe_ratio([10000.0, 10500.0, 9450.0, 9900.0, 11000.0, 10450.0]), 10)
    2.6390211952
    """
    if len(values) < 3:
        return NA
    returns = returns_of(values)
    spread = math.sqrt(year) * deviation(returns)
    return year * math.fsum(returns) / len(returns) / spread if spread else DIV0


@worksheet_function(
    "SORTINO_RATIO",
    CATEGORY,
    [_VALUES, _YEAR],
    Result("number", shape="value"),
    errors={"#N/A": _TOO_FEW, "#DIV/0!": "no return is below 0", "#NUM!": "a value is not above 0"},
    examples=[Example(f"=SORTINO_RATIO({_SAME})", "=4.488152428305303")],
)
def sortino_ratio(values: Sequence[float], year: float = DAYS_A_YEAR) -> float:
    """Return the mean return over the deviation of the losses, a year.

    Parameters
    ----------
    values : money, a range
        Value at each close, oldest first; at least two.
    year : number
        As in VOLATILITY.

    Notes
    -----
    Equation: √year × mean of the returns / √(mean over all periods of min(return, 0)²)

    Source: F. A. Sortino and R. van der Meer 1991, with the target 0.

    Examples
    --------
    >>> round(sortino_ratio([10000.0, 10500.0, 9450.0, 9900.0, 11000.0, 10450.0]), 10)
    4.4881524283
    """
    if len(values) < 2:
        return NA
    returns = returns_of(values)
    losses = math.sqrt(math.fsum(min(each, 0.0) ** 2 for each in returns) / len(returns))
    if losses <= _FLAT:
        return DIV0
    return math.sqrt(year) * math.fsum(returns) / len(returns) / losses


@worksheet_function(
    "DRAWDOWN",
    CATEGORY,
    [_VALUES],
    Result("fraction", shape="vector"),
    errors={"#NUM!": "a value is not above 0"},
    examples=[
        Example(f"=DRAWDOWN({_SAME})", "={0;0;-0.1;-0.057142857142857162;0;-0.05}"),
    ],
)
def drawdown(values: Sequence[float]) -> list[float]:
    """Return how far each value lies below the highest so far: 0 at a new peak, else negative.

    Parameters
    ----------
    values : money, a range
        Value at each close, oldest first.

    Notes
    -----
    Equation: value / highest value so far − 1

    Source: the usual definition; the first value counts as a peak.

    Examples
    --------
    >>> drawdown([100.0, 80.0, 120.0])
    [0.0, -0.19999999999999996, 0.0]
    """
    found, peak = [], 0.0
    for value in values:
        peak = max(peak, value)
        found.append(value / peak - 1.0)
    return found


@worksheet_function(
    "MAX_DRAWDOWN",
    CATEGORY,
    [_VALUES],
    Result("fraction", shape="value"),
    errors={"#NUM!": "a value is not above 0"},
    examples=[Example(f"=MAX_DRAWDOWN({_SAME})", "=-0.1")],
)
def max_drawdown(values: Sequence[float]) -> float:
    """Return the deepest fall from a peak: negative, 0 where there was none.

    Parameters
    ----------
    values : money, a range
        As in DRAWDOWN.

    Notes
    -----
    Equation: smallest DRAWDOWN

    Source: the usual definition; empyrical max_drawdown.

    Examples
    --------
    >>> round(max_drawdown([10000.0, 10500.0, 9450.0, 9900.0]), 10)
    -0.1
    """
    return min(drawdown(values))


@worksheet_function(
    "DRAWDOWN_LENGTH",
    CATEGORY,
    [_VALUES],
    Result("number", shape="value"),
    errors={"#NUM!": "a value is not above 0"},
    examples=[Example(f"=DRAWDOWN_LENGTH({_SAME})", "=2")],
)
def drawdown_length(values: Sequence[float]) -> float:
    """Return the longest run of closes below an earlier peak, also one that is still open at the end.

    Parameters
    ----------
    values : money, a range
        As in DRAWDOWN.

    Notes
    -----
    Equation: longest run of closes with DRAWDOWN below 0

    Source: the usual definition; quantstats counts the same days.

    Examples
    --------
    >>> drawdown_length([100.0, 90.0, 95.0, 100.0, 99.0])
    2.0
    """
    longest = current = 0
    for each in drawdown(values):
        current = current + 1 if each < 0.0 else 0
        longest = max(longest, current)
    return float(longest)
