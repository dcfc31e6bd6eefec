"""Bonds: coupon dates, accrued interest, prices, yields and durations, also with odd first and last periods.

Coupon dates step back from the maturity date by whole periods; a bond that matures on the last day of a month pays on
last days. An odd period is cut into quasi-coupon periods of normal length. Basis: 0 American 30/360, 1 actual/actual,
2 actual/360, 3 actual/365, 4 European 30/360. Source of the equations: the function reference of Excel, and Lynch and
Mayle, Standard Securities Calculation Methods (1986).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from operator import attrgetter
from typing import Final

from rebalance_xl.recalc.native.days import (
    add_months,
    days_360,
    days_between,
    is_month_end,
    month_length,
    parts,
    serial_of,
    year_fraction,
)
from rebalance_xl.recalc.native.faults import number_fault
from rebalance_xl.recalc.native.roles import declare

PAR: Final = 100.0


def check_order(*dates: int) -> None:
    """Refuse dates that do not follow each other (#NUM!)."""
    if any(earlier >= later for earlier, later in pairwise(dates)):
        raise number_fault("each date must lie before the next: issue or last coupon, settlement, coupon, maturity")


def step(anchor: int, months: int) -> int:
    """Return the coupon date some months from a coupon date; a last day of a month leads to last days."""
    day = add_months(anchor, months)
    if is_month_end(anchor):
        year, month, _ = parts(day)
        return serial_of(year, month, month_length(year, month))
    return day


def period_length(previous: int, following: int, frequency: int, basis: int) -> float:
    """Return the days of a coupon period by a day-count basis."""
    if basis == 1:
        return float(following - previous)
    return 365.0 / frequency if basis == 3 else 360.0 / frequency


@dataclass(frozen=True, slots=True)
class Schedule:
    """The coupon period that a settlement date lies in, and the number of coupons still to come."""

    previous: int
    following: int
    coupons: int
    settlement: int
    frequency: int
    basis: int

    @property
    def length(self) -> float:
        """Days of the period (E)."""
        return period_length(self.previous, self.following, self.frequency, self.basis)

    @property
    def elapsed(self) -> float:
        """Days from the beginning of the period to settlement (A)."""
        return float(days_between(self.previous, self.settlement, self.basis))

    @property
    def remaining(self) -> float:
        """Days from settlement to the next coupon (DSC)."""
        if self.basis in (0, 4):
            return self.length - self.elapsed
        return float(self.following - self.settlement)


def schedule(settlement: int, maturity: int, frequency: int, basis: int) -> Schedule:
    """Return the coupon period around a settlement date."""
    check_order(settlement, maturity)
    months = 12 // frequency
    (y1, m1, _), (y2, m2, _) = parts(settlement), parts(maturity)
    count = max(((y2 - y1) * 12 + m2 - m1) // months - 1, 0)
    while step(maturity, -months * (count + 1)) > settlement:
        count += 1
    previous, following = (step(maturity, -months * each) for each in (count + 1, count))
    return Schedule(previous, following, count + 1, settlement, frequency, basis)


def solve(residual: Callable[[float], float], guess: float, low: float = -1.0) -> float:
    """Return where a falling function of a rate is zero: secant steps inside a bracket that halves when they stall.

    Raises
    ------
    Fault
        ``#NUM!`` when no rate between `low` and 1e9 solves it.
    """
    left, right = low, max(2 * abs(guess), 0.1)
    while residual(right) > 0:
        left, right = right, right * 4 + 1
        if right > 1e9:
            raise number_fault("no yield solves the price")
    f_left = f_right = None
    previous = guess if left < guess < right else (left + right) / 2
    for _ in range(200):
        value = residual(previous)
        if value == 0 or right - left < 1e-15 * max(1.0, abs(previous)):
            return previous
        if value > 0:
            left, f_left = previous, value
        else:
            right, f_right = previous, value
        if f_left is not None and f_right is not None:
            following = right - f_right * (right - left) / (f_right - f_left)
            margin = 0.01 * (right - left)
            following = min(max(following, left + margin), right - margin)
            if abs(following - previous) < 1e-16:
                following = (left + right) / 2
        else:
            following = (left + right) / 2
        previous = following
    return previous


@dataclass(frozen=True, slots=True)
class Payments:
    """What a bond still pays: coupons at `wait`, `wait` + 1, ... periods, the redemption with the last of them."""

    wait: float
    coupons: list[float]
    redemption: float
    accrued: float
    frequency: int

    def price(self, yld: float) -> float:
        """Return the clean price at a yield.

        With one coupon to come the yield counts simply, with more it is compounded per coupon period:
        ``P = redemption / q**(n - 1 + f) + sum(c / q**(k + f)) - accrued``, where q is 1 + yield / frequency, f the
        part of a period to the first coupon and c the coupons.
        """
        if len(self.coupons) == 1:
            return (self.redemption + self.coupons[0]) / (1.0 + self.wait * yld / self.frequency) - self.accrued
        growth = 1.0 + yld / self.frequency
        if growth <= 0:
            return float("inf")
        worth = sum(coupon / growth ** (k + self.wait) for k, coupon in enumerate(self.coupons))
        return float(self.redemption / growth ** (len(self.coupons) - 1 + self.wait) + worth - self.accrued)

    def yield_at(self, price: float, guess: float) -> float:
        """Return the yield at a clean price."""
        if len(self.coupons) == 1:
            paid = price + self.accrued
            return (self.redemption + self.coupons[0] - paid) / paid * self.frequency / self.wait
        return solve(lambda yld: self.price(yld) - price, guess or 0.05, low=-self.frequency + 1e-9)

    def duration(self, yld: float) -> float:
        """Return the mean time to the payments, weighted by their present values, in years."""
        growth = 1.0 + yld / self.frequency
        amounts = [*self.coupons[:-1], self.coupons[-1] + self.redemption]
        values = [amount / growth ** (k + self.wait) for k, amount in enumerate(amounts)]
        weighted = sum((k + self.wait) * value for k, value in enumerate(values))
        return float(weighted / sum(values) / self.frequency)


def regular(settlement: int, maturity: int, rate: float, redemption: float, frequency: int, basis: int) -> Payments:
    """Return the payments of a bond with regular periods.

    The days to come are the length of the period without the days gone by, so that the parts sum to one in every
    basis; COUPDAYSNC counts the days themselves, which differ over a year of 360 or 365 (bases 2 and 3).
    """
    period = schedule(settlement, maturity, frequency, basis)
    coupon = PAR * rate / frequency
    wait = (period.length - period.elapsed) / period.length
    return Payments(wait, [coupon] * period.coupons, redemption, coupon * period.elapsed / period.length, frequency)


def _quasi_dates(anchor: int, until: int, months: int) -> list[int]:
    """Return quasi-coupon dates from an anchor to the first at or beyond `until`, in order of time."""
    dates = [anchor]
    while (dates[-1] < until) if months > 0 else (dates[-1] > until):
        dates.append(step(anchor, months * len(dates)))
    return sorted(dates)


def _span(dates: list[int], start: int, end: int, frequency: int, basis: int) -> float:
    """Return the time from start to end in quasi-coupon periods."""
    total = 0.0
    for begin, finish in pairwise(dates):
        low, high = max(begin, start), min(finish, end)
        if low < high:
            total += days_between(low, high, basis) / period_length(begin, finish, frequency, basis)
    return total


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


def odd_first(
    settlement: int, maturity: int, issue: int, first: int, rate: float, redemption: float, frequency: int, basis: int
) -> Payments:
    """Return the payments of a bond whose first period is short or long."""
    check_order(issue, settlement, first, maturity)
    months = 12 // frequency
    quasi = _quasi_dates(first, issue, -months)
    coupon = PAR * rate / frequency
    begun, accrued = (coupon * _span(quasi, issue, end, frequency, basis) for end in (first, settlement))
    later = len(_quasi_dates(first, maturity, months)) - 1
    wait = _waiting(quasi, settlement, frequency, basis)
    return Payments(wait, [begun, *[coupon] * later], redemption, accrued, frequency)


def odd_last(
    settlement: int, maturity: int, last: int, rate: float, redemption: float, frequency: int, basis: int
) -> Payments:
    """Return the payments of a bond whose last period is short or long: all of them at maturity."""
    check_order(last, settlement, maturity)
    quasi = _quasi_dates(last, maturity, 12 // frequency)
    spans = ((last, maturity), (last, settlement), (settlement, maturity))
    whole, before, after = (_span(quasi, *span, frequency, basis) for span in spans)
    coupon = PAR * rate / frequency
    return Payments(after, [coupon * whole], redemption, coupon * before, frequency)


# --- interest that accrues ----------------------------------------------------------------------------------------


def _signed_days(start: int, end: int, basis: int) -> int:
    return days_360(start, end, european=basis == 4) if basis in (0, 4) else end - start


def _accrued(
    issue: int, first: int, settlement: int, rate: float, par: float, frequency: int, basis: int, from_issue: bool
) -> float:
    """Return the accrued interest of a security that pays periodically.

    Quasi-coupon dates step back from the first interest date. Up to the last of them before it, whole periods count as
    one coupon each and the period of issue by its days; from there on days count against the length of the last
    period. Without `from_issue` the whole periods are left out.
    """
    check_order(issue, settlement)
    check_order(issue, first)
    months = 12 // frequency
    last = step(first, -months)
    length = period_length(last, first, frequency, basis)
    coupon = par * rate / frequency
    if issue > last:
        return coupon * _signed_days(issue, settlement, basis) / length
    begin, whole = last, 0
    while (earlier := step(first, -months * (whole + 2))) >= issue:
        begin, whole = earlier, whole + 1
    if begin == issue:
        periods = 0.0
    else:
        periods = days_between(issue, begin, basis) / period_length(earlier, begin, frequency, basis)
    if not from_issue:
        return coupon * (periods + _signed_days(last, settlement, basis) / length)
    passed = len(_quasi_dates(first, settlement, months)) - 1
    running = step(first, months * (passed - 1))
    return coupon * (periods + whole + passed + _signed_days(running, settlement, basis) / length)


def _accrued_at_maturity(issue: int, settlement: int, rate: float, par: float, basis: int) -> float:
    check_order(issue, settlement)
    return par * rate * year_fraction(issue, settlement, basis)


# --- the worksheet functions --------------------------------------------------------------------------------------

for _name, _part in {
    **{"COUPDAYS": "length", "COUPDAYBS": "elapsed", "COUPDAYSNC": "remaining"},
    **{"COUPNCD": "following", "COUPPCD": "previous", "COUPNUM": "coupons"},
}.items():
    declare(
        _name,
        "settlement maturity frequency basis=0",
        lambda *terms, found=attrgetter(_part): found(schedule(*terms)),
        dates=_part in ("following", "previous"),
    )

_FIRST, _LAST, _END = "settlement maturity issue first_coupon", "settlement maturity last_interest", "frequency basis=0"
declare(
    "PRICE",
    f"settlement maturity rate yld redemption {_END}",
    lambda start, end, rate, yld, *terms: regular(start, end, rate, *terms).price(yld),
    override=True,
)
declare(
    "YIELD",
    f"settlement maturity rate pr redemption {_END}",
    lambda start, end, rate, pr, *terms: regular(start, end, rate, *terms).yield_at(pr, rate),
    override=True,
)
declare(
    "DURATION",
    f"settlement maturity coupon yld {_END}",
    lambda start, end, coupon, yld, *terms: regular(start, end, coupon, PAR, *terms).duration(yld),
)
declare(
    "MDURATION",
    f"settlement maturity coupon yld {_END}",
    lambda start, end, coupon, yld, frequency, basis: (
        regular(start, end, coupon, PAR, frequency, basis).duration(yld) / (1.0 + yld / frequency)
    ),
)
declare(
    "ODDFPRICE",
    f"{_FIRST} rate yld redemption {_END}",
    lambda start, end, issue, first, rate, yld, *terms: odd_first(start, end, issue, first, rate, *terms).price(yld),
)
declare(
    "ODDFYIELD",
    f"{_FIRST} rate pr redemption {_END}",
    lambda start, end, issue, first, rate, pr, *terms: odd_first(start, end, issue, first, rate, *terms).yield_at(
        pr, rate
    ),
)
declare(
    "ODDLPRICE",
    f"{_LAST} rate yld redemption {_END}",
    lambda start, end, last, rate, yld, *terms: odd_last(start, end, last, rate, *terms).price(yld),
)
declare(
    "ODDLYIELD",
    f"{_LAST} rate pr redemption {_END}",
    lambda start, end, last, rate, pr, *terms: odd_last(start, end, last, rate, *terms).yield_at(pr, rate),
)
declare(
    "ACCRINT",
    "issue first_interest settlement interest par=1000 frequency=1 basis=0 calc_method=TRUE",
    _accrued,
    override=True,
)
declare("ACCRINTM", "issue settlement interest par=1000 basis=0", _accrued_at_maturity, override=True)
