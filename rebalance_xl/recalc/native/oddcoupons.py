"""Bonds whose first or last coupon period is short or long: ODDFPRICE, ODDFYIELD, ODDLPRICE, ODDLYIELD.

An odd period is cut into quasi-coupon periods of normal length. Source of the equations: the function reference of
Excel, and Lynch and Mayle, Standard Securities Calculation Methods (1986).
"""

from __future__ import annotations

from itertools import pairwise

from rebalance_xl.recalc.native.bonds import PAR, check_not_negative, check_positive, solve
from rebalance_xl.recalc.native.coupons import check_terms, period_length, step
from rebalance_xl.recalc.native.days import days_between
from rebalance_xl.recalc.native.faults import number_fault
from rebalance_xl.recalc.native.registry import worksheet


def _increasing(names: str, *dates: int) -> None:
    if any(a >= b for a, b in pairwise(dates)):
        raise number_fault(f"the dates must follow each other: {names}")


def _quasi_dates(anchor: int, until: int, months: int, forward: bool) -> list[int]:
    """Return quasi-coupon dates from an anchor to the first at or beyond `until`, in order of time."""
    dates, count = [anchor], 0
    while (dates[-1] < until) if forward else (dates[-1] > until):
        count += 1
        dates.append(step(anchor, months * count if forward else -months * count))
    return dates if forward else dates[::-1]


def _span(dates: list[int], start: int, end: int, frequency: int, basis: int) -> float:
    """Return the time from start to end in quasi-coupon periods."""
    total = 0.0
    for begin, finish in pairwise(dates):
        low, high = max(begin, start), min(finish, end)
        if low < high:
            total += days_between(low, high, basis) / period_length(begin, finish, frequency, basis)
    return total


def _first_price(
    settlement: int,
    maturity: int,
    issue: int,
    first_coupon: int,
    rate: float,
    yld: float,
    redemption: float,
    frequency: int,
    basis: int,
) -> float:
    months = 12 // frequency
    quasi = _quasi_dates(first_coupon, issue, months, forward=False)
    coupon = PAR * rate / frequency
    first = coupon * _span(quasi, issue, first_coupon, frequency, basis)
    accrued = coupon * _span(quasi, issue, settlement, frequency, basis)
    wait = _waiting(quasi, settlement, frequency, basis)
    count, day = 0, first_coupon
    while day < maturity:
        count += 1
        day = step(first_coupon, months * count)
    growth = 1.0 + yld / frequency
    if growth <= 0:
        return float("inf")
    value = redemption / growth ** (count + wait) + first / growth**wait
    value += sum(coupon / growth ** (k + wait) for k in range(1, count + 1))
    return float(value - accrued)


def _waiting(quasi: list[int], settlement: int, frequency: int, basis: int) -> float:
    """Return the time from settlement to the end of the quasi-coupon dates, in periods."""
    waiting = 0.0
    for begin, finish in pairwise(quasi):
        if finish <= settlement:
            continue
        length = period_length(begin, finish, frequency, basis)
        if begin >= settlement:
            waiting += 1.0
        elif basis in (0, 4):
            waiting += (length - days_between(begin, settlement, basis)) / length
        else:
            waiting += (finish - settlement) / length
    return waiting


@worksheet("ODDFPRICE", kinds="date date date date strict strict strict whole whole")
def oddfprice(
    settlement: int,
    maturity: int,
    issue: int,
    first_coupon: int,
    rate: float,
    yld: float,
    redemption: float,
    frequency: int,
    basis: int = 0,
) -> float:
    """Return the price per 100 of a security with an odd first period."""
    check_terms(frequency, basis)
    _increasing("issue, settlement, first_coupon, maturity", issue, settlement, first_coupon, maturity)
    check_not_negative(rate=rate, yld=yld)
    check_positive(redemption=redemption)
    return _first_price(settlement, maturity, issue, first_coupon, rate, yld, redemption, frequency, basis)


@worksheet("ODDFYIELD", kinds="date date date date strict strict strict whole whole")
def oddfyield(
    settlement: int,
    maturity: int,
    issue: int,
    first_coupon: int,
    rate: float,
    pr: float,
    redemption: float,
    frequency: int,
    basis: int = 0,
) -> float:
    """Return the yield of a security with an odd first period."""
    check_terms(frequency, basis)
    _increasing("issue, settlement, first_coupon, maturity", issue, settlement, first_coupon, maturity)
    check_not_negative(rate=rate)
    check_positive(pr=pr, redemption=redemption)

    def residual(yld: float) -> float:
        worth = _first_price(settlement, maturity, issue, first_coupon, rate, yld, redemption, frequency, basis)
        return worth - pr

    return solve(residual, rate or 0.05, low=-frequency + 1e-9)


def _last_terms(
    settlement: int, maturity: int, last_interest: int, rate: float, frequency: int, basis: int
) -> tuple[float, float, float]:
    """Return the coupon paid at maturity, the interest accrued at settlement, and the years of yield that remain."""
    quasi = _quasi_dates(last_interest, maturity, 12 // frequency, forward=True)
    coupon = PAR * rate / frequency
    whole = _span(quasi, last_interest, maturity, frequency, basis)
    before = _span(quasi, last_interest, settlement, frequency, basis)
    after = _span(quasi, settlement, maturity, frequency, basis)
    return coupon * whole, coupon * before, after / frequency


@worksheet("ODDLPRICE", kinds="date date date strict strict strict whole whole")
def oddlprice(
    settlement: int,
    maturity: int,
    last_interest: int,
    rate: float,
    yld: float,
    redemption: float,
    frequency: int,
    basis: int = 0,
) -> float:
    """Return the price per 100 of a security with an odd last period."""
    check_terms(frequency, basis)
    _increasing("last_interest, settlement, maturity", last_interest, settlement, maturity)
    check_not_negative(rate=rate, yld=yld)
    check_positive(redemption=redemption)
    paid, accrued, years = _last_terms(settlement, maturity, last_interest, rate, frequency, basis)
    return (redemption + paid) / (1.0 + years * yld) - accrued


@worksheet("ODDLYIELD", kinds="date date date strict strict strict whole whole")
def oddlyield(
    settlement: int,
    maturity: int,
    last_interest: int,
    rate: float,
    pr: float,
    redemption: float,
    frequency: int,
    basis: int = 0,
) -> float:
    """Return the yield of a security with an odd last period."""
    check_terms(frequency, basis)
    _increasing("last_interest, settlement, maturity", last_interest, settlement, maturity)
    check_not_negative(rate=rate)
    check_positive(pr=pr, redemption=redemption)
    paid, accrued, years = _last_terms(settlement, maturity, last_interest, rate, frequency, basis)
    return ((redemption + paid) / (pr + accrued) - 1.0) / years
