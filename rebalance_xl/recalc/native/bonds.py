"""Bonds: prices, yields and durations, also with odd first and last periods.

An odd period is cut into quasi-coupon periods of normal length. Source of the equations: the function reference of
Excel, and Lynch and Mayle, Standard Securities Calculation Methods (1986).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Final

from .cashflows import halved
from .days import days_between
from .faults import number_fault
from .registry import worksheet
from .securities import check_order, days_left, period_length, quasi_dates, schedule

PAR: Final = 100.0


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
        return sum(self._worths(growth)) - self.accrued if growth > 0 else math.inf

    def _worths(self, growth: float) -> list[float]:
        """Return what each payment is worth today, the redemption with the last coupon."""
        amounts = [*self.coupons[:-1], self.coupons[-1] + self.redemption]
        return [amount / growth ** (k + self.wait) for k, amount in enumerate(amounts)]

    def yield_at(self, price: float) -> float:
        """Return the yield at a clean price; #NUM! where it is above 1e9."""
        if len(self.coupons) == 1:
            paid = price + self.accrued
            return (self.redemption + self.coupons[0] - paid) / paid * self.frequency / self.wait
        low, high = -float(self.frequency), 0.1  # at which the price is infinite
        while self.price(high) > price:
            low, high = high, high * 4 + 1
            if high > 1e9:
                raise number_fault("no yield solves the price")
        found = halved(lambda yld: self.price(yld) - price, low, high)
        if not math.isclose(self.price(found), price, rel_tol=1e-6, abs_tol=1e-6):
            raise number_fault("no yield gives the price")  # where digits do not suffice for such coupons
        return found

    def duration(self, yld: float) -> float:
        """Return the mean time to the payments, weighted by their present values, in years."""
        worths = self._worths(1.0 + yld / self.frequency)
        weighted = sum((k + self.wait) * worth for k, worth in enumerate(worths))
        return weighted / sum(worths) / self.frequency


def regular(settlement: int, maturity: int, rate: float, redemption: float, frequency: int, basis: int) -> Payments:
    """Return the payments of a bond with regular periods.

    The days to come are the length of the period without the days gone by, so that the parts sum to one in every
    basis; COUPDAYSNC counts the days themselves, which differ over a year of 360 or 365 (bases 2 and 3).
    """
    period = schedule(settlement, maturity, frequency, basis)
    coupon = PAR * rate / frequency
    wait = (period.length - period.elapsed) / period.length
    return Payments(wait, [coupon] * period.coupons, redemption, coupon * period.elapsed / period.length, frequency)


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
        if begin >= settlement:
            waiting += 1.0
        elif finish > settlement:
            left = days_left(begin, finish, settlement, frequency, basis)
            waiting += left / period_length(begin, finish, frequency, basis)
    return waiting


def odd_first(
    settlement: int, maturity: int, issue: int, first: int, rate: float, redemption: float, frequency: int, basis: int
) -> Payments:
    """Return the payments of a bond whose first period is short or long."""
    check_order(issue, settlement, first, maturity)
    months = 12 // frequency
    quasi = quasi_dates(first, issue, -months)
    coupon = PAR * rate / frequency
    begun, accrued = (coupon * _span(quasi, issue, end, frequency, basis) for end in (first, settlement))
    later = len(quasi_dates(first, maturity, months)) - 1
    wait = _waiting(quasi, settlement, frequency, basis)
    return Payments(wait, [begun, *[coupon] * later], redemption, accrued, frequency)


def odd_last(
    settlement: int, maturity: int, last: int, rate: float, redemption: float, frequency: int, basis: int
) -> Payments:
    """Return the payments of a bond whose last period is short or long: all of them at maturity."""
    check_order(last, settlement, maturity)
    quasi = quasi_dates(last, maturity, 12 // frequency)
    spans = ((last, maturity), (last, settlement), (settlement, maturity))
    whole, before, after = (_span(quasi, *span, frequency, basis) for span in spans)
    coupon = PAR * rate / frequency
    return Payments(after, [coupon * whole], redemption, coupon * before, frequency)


def _of_payments(count: int, sought: str, payments: Callable[..., Payments], *given: float) -> float:
    """Return the price or the yield, given some dates, the coupon rate, the other of the two, and terms."""
    dates, (rate, known, *terms) = given[:count], given[count:]
    found = payments(*dates, rate, *terms)
    return found.price(known) if sought == "PRICE" else found.yield_at(known)


for _prefix, _dates, _payments in (
    ("", "settlement maturity", regular),
    ("ODDF", "settlement maturity issue first_coupon", odd_first),
    ("ODDL", "settlement maturity last_interest", odd_last),
):
    for _sought, _known in (("PRICE", "yld"), ("YIELD", "pr")):
        worksheet(f"{_prefix}{_sought}", kinds=f"{_dates} rate {_known} redemption frequency basis=0")(
            partial(_of_payments, len(_dates.split()), _sought, _payments)
        )


def _duration(modified: bool, start: int, end: int, coupon: float, yld: float, frequency: int, basis: int) -> float:
    years = regular(start, end, coupon, PAR, frequency, basis).duration(yld)
    return years / (1.0 + yld / frequency) if modified else years


for _name in ("DURATION", "MDURATION"):
    worksheet(_name, kinds="settlement maturity coupon yld frequency basis=0")(partial(_duration, _name == "MDURATION"))
