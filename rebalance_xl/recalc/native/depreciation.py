"""Depreciation: DB, VDB, AMORLINC, AMORDEGRC."""

from __future__ import annotations

import math
from typing import Final

from .days import days_between, parts, year_length
from .faults import number_fault, undecided_fault
from .registry import worksheet

#: Periods are stepped through one by one; a life in days of a thousand years is beyond any asset.
_MOST_PERIODS = 400_000


@worksheet("DB", kinds="amount amount life number number")
def db(cost: float, salvage: float, life: float, period: float, month: float = 12.0) -> float:
    """Return the depreciation of a period by the fixed-declining balance, with `month` months in the first year.

    The rate is ``1 - (salvage / cost) ** (1 / life)``, rounded to three decimals.
    """
    whole, months = int(period) or int(period > 0), int(month)  # a part of the first is all of it
    if not 1 <= months <= 12:
        raise number_fault(f"the month is {month:.10g}; it must lie between 1 and 12")
    if whole < 1 or whole > min(math.ceil(life) + (1 if months < 12 else 0), _MOST_PERIODS):
        raise number_fault(f"the period is {period:.10g}; it must lie between 1 and {life:.10g}")
    if cost == 0:
        return 0.0
    rate: float = math.floor((1 - (salvage / cost) ** (1 / life)) * 1000 + 0.5) / 1000
    amount = total = cost * rate * months / 12
    for step in range(2, whole + 1):
        amount = (cost - total) * rate
        if step > life:
            amount *= (12 - months) / 12
        total += amount
    return amount


@worksheet("VDB", kinds="amount amount life start_period number factor=2 flag=FALSE")
def vdb(cost: float, salvage: float, life: float, start: float, end: float, factor: float, no_switch: bool) -> float:
    """Return the depreciation between two periods by the declining balance.

    It changes to equal amounts as soon as these are larger, unless `no_switch`. Parts of periods count in proportion.
    """
    if not start <= end <= min(life, _MOST_PERIODS):
        raise number_fault(f"the end is {end:.10g}; it must lie between the start and the life")
    total, book = 0.0, cost
    straight: float | None = None
    for period in range(math.ceil(end)):
        amount = max(min(book * min(factor / life, 1.0), book - salvage), 0.0) if straight is None else straight
        even = (book - salvage) / (life - period)
        if straight is None and not no_switch and even > amount:
            straight = amount = max(even, 0.0)
        overlap = min(period + 1, end) - max(period, start)
        if overlap > 0:
            total += amount * min(overlap, 1.0)
        book -= amount
    return total


#: Cost, date of purchase, end of the first period, salvage, period, rate, basis.
_FRENCH: Final = "cost date date salvage period depreciation basis=0"


def _first(cost: float, purchased: int, end: int, salvage: float, rate: float, basis: int) -> tuple[float, int]:
    """Return the depreciation of the first period by its days, of a year when it has none, and how many more follow."""
    if basis == 2 or salvage > cost:
        raise number_fault("salvage must not be above cost, and basis 2 is not defined for this function")
    if purchased >= end:
        raise undecided_fault("the first period ends before it begins")
    start, stop = (day - (basis in (1, 3) and parts(day)[1:] == (2, 29)) for day in (purchased, end))
    days = days_between(start, stop, basis)
    share = days / year_length(purchased, purchased, basis) if days else 1.0
    return min(share * rate * cost, cost - salvage), 1 if days else 0


@worksheet("AMORLINC", kinds=_FRENCH)
def amorlinc(cost: float, bought: int, end: int, salvage: float, period: float, rate: float, basis: int) -> float:
    """Return the linear depreciation of a period, the first one in proportion to its days (French rules)."""
    first, _ = _first(cost, bought, end, salvage, rate, basis)
    if period > math.ceil(1.0 / rate) or cost == salvage:
        return 0.0
    left = cost - salvage - first - cost * rate * (int(period) - 1)
    return first if period == 0 else cost * rate if period < 1 else min(cost * rate, max(left, 0.0))


def _coefficient(life: float) -> float:
    """Return the factor of the declining balance by the useful life in years (1.5 from 3 to 4, 2 from 5 to 6, 2.5)."""
    if life < 3 or 4 < life < 5:
        raise number_fault(f"the useful life is {life:.4g} years; it must be 3 to 4 or 5 and more")
    if life in (3, 4, 5):
        raise undecided_fault(f"a useful life of exactly {life:.0f} years lies between two rules")
    return 1.5 if life < 5 else 2.0 if life <= 6 else 2.5


@worksheet("AMORDEGRC", kinds=_FRENCH)
def amordegrc(cost: float, bought: int, end: int, salvage: float, period: float, rate: float, basis: int) -> float:
    """Return the declining depreciation of a period in whole units (French rules).

    The rate is raised by a factor that depends on the useful life; the last period but one takes half of what is left,
    the last one the rest; nothing is taken of less than the salvage. Only the first period is rounded on the way.
    """
    years, declining = math.ceil(1.0 / rate), rate * _coefficient(1.0 / rate)
    amount, more = _first(cost, bought, end, salvage, declining, basis)
    if period > years or cost == salvage:
        return 0.0
    left = cost - _rounded(amount)
    for step in range(1, min(int(period), _MOST_PERIODS) + 1):
        half = step == years + more - 3
        amount = left * (0.5 if half else declining) if left >= salvage else 0.0
        declining = 1.0 if half else declining
        left -= amount
    return 0.0 if 0 < period < 1 else _rounded(amount)


def _rounded(value: float) -> float:
    """Return a whole amount; Excel looks at 13 decimals."""
    return float(math.floor(round(value, 13) + 0.5))
