"""Depreciation: DB, VDB, AMORLINC, AMORDEGRC."""

from __future__ import annotations

import math
from typing import Final

from .days import year_fraction
from .faults import number_fault, undecided_fault
from .registry import worksheet

#: Periods are stepped through one by one; a life in days of a thousand years is beyond any asset.
_MOST_PERIODS = 400_000


@worksheet("DB", kinds="amount amount life number number")
def db(cost: float, salvage: float, life: float, period: float, month: float = 12.0) -> float:
    """Return the depreciation of a period by the fixed-declining balance, with `month` months in the first year.

    The rate is ``1 - (salvage / cost) ** (1 / life)``, rounded to three decimals.
    """
    whole, months = int(period), int(month)
    if not 1 <= months <= 12:
        raise number_fault(f"the month is {month:.10g}; it must lie between 1 and 12")
    if whole < 1 or whole > min(math.ceil(life) + (1 if months < 12 else 0), _MOST_PERIODS):
        raise number_fault(f"the period is {period:.10g}; it must lie between 1 and {life:.10g}")
    if cost == 0:
        return 0.0
    rate: float = math.floor((1 - (salvage / cost) ** (1 / life)) * 1000 + 0.5) / 1000
    amount = cost * rate * months / 12
    total = amount
    for step in range(2, whole + 1):
        amount = (cost - total) * rate
        if step > life:
            amount *= (12 - months) / 12
        total += amount
    return amount


@worksheet("VDB", kinds="amount amount life start_period number factor=2 flag=FALSE")
def vdb(
    cost: float, salvage: float, life: float, start_period: float, end_period: float, factor: float, no_switch: bool
) -> float:
    """Return the depreciation between two periods by the declining balance.

    It changes to equal amounts as soon as these are larger, unless `no_switch`. Parts of periods count in proportion.
    """
    if not start_period <= end_period <= min(life, _MOST_PERIODS):
        raise number_fault(f"end_period is {end_period:.10g}; it must lie between start_period and life")
    total, book = 0.0, cost
    straight: float | None = None
    for period in range(math.ceil(end_period)):
        amount = max(min(book * min(factor / life, 1.0), book - salvage), 0.0) if straight is None else straight
        even = (book - salvage) / (life - period)
        if straight is None and not no_switch and even > amount:
            straight = amount = max(even, 0.0)
        overlap = min(period + 1, end_period) - max(period, start_period)
        if overlap > 0:
            total += amount * min(overlap, 1.0)
        book -= amount
    return total


def _terms(cost: float, salvage: float, basis: int) -> None:
    if basis == 2 or salvage > cost:
        raise number_fault("salvage must not be above cost, and basis 2 is not defined for this function")


#: Cost, date of purchase, end of the first period, salvage, period, rate, basis.
_FRENCH: Final = "cost date date salvage period depreciation basis=0"


@worksheet("AMORLINC", kinds=_FRENCH)
def amorlinc(
    cost: float, date_purchased: int, first_period: int, salvage: float, period: float, rate: float, basis: int
) -> float:
    """Return the linear depreciation of a period, the first one in proportion to its days (French rules)."""
    _terms(cost, salvage, basis)
    yearly = cost * rate
    first = yearly * year_fraction(date_purchased, first_period, basis)
    whole = int(period)
    if whole == 0:
        return min(first, cost - salvage)
    left = cost - salvage - first - yearly * (whole - 1)
    return min(yearly, max(left, 0.0))


def _coefficient(life: float) -> float:
    """Return the factor of the declining balance by the useful life in years (1.5 from 3 to 4, 2 from 5 to 6, 2.5)."""
    if life < 3 or 4 < life < 5:
        raise number_fault(f"the useful life is {life:.4g} years; it must be 3 to 4 or 5 and more")
    if life in (3, 4, 5):
        raise undecided_fault(f"a useful life of exactly {life:.0f} years lies between two rules")
    return 1.5 if life < 5 else 2.0 if life <= 6 else 2.5


@worksheet("AMORDEGRC", kinds=_FRENCH)
def amordegrc(
    cost: float, date_purchased: int, first_period: int, salvage: float, period: float, rate: float, basis: int
) -> float:
    """Return the declining depreciation of a period in whole units (French rules).

    The rate is raised by a factor that depends on the useful life; the last period but one takes half of what is left,
    the last one the rest.
    """
    _terms(cost, salvage, basis)
    declining = rate * _coefficient(1.0 / rate)
    whole = int(period)
    amount = _rounded(declining * year_fraction(date_purchased, first_period, basis) * cost)
    left = cost - amount
    above = left - salvage
    for step in range(min(whole, _MOST_PERIODS)):
        amount = _rounded(declining * left)
        above -= amount
        if above < 0:
            return _rounded(left * 0.5) if whole - step <= 1 else 0.0
        left -= amount
    return amount


def _rounded(value: float) -> float:
    return float(math.floor(value + 0.5))
