"""Bonds: prices, yields and durations, also with odd first and last periods.

An odd period is cut into quasi-coupon periods of normal length. Source of the equations: the function reference of
Excel, and Lynch and Mayle, Standard Securities Calculation Methods (1986).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from .cashflows import halved
from .days import add_months, coupon_days, days_between, is_month_end
from .faults import number_fault
from .registry import worksheet
from .securities import check_order, quasi_dates, schedule

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


def odd_first(
    settlement: int, maturity: int, issue: int, first: int, rate: float, redemption: float, frequency: int, basis: int
) -> Payments:
    """Return the payments of a bond whose first period is short or long.

    Whole quasi-coupon periods of a long one count as one coupon each, and towards the accrued interest by their days.
    """
    check_order(issue, settlement, first, maturity)
    months = 12 // frequency
    dates = quasi_dates(maturity, first, -months)
    if dates[0] != first:
        raise number_fault("the first coupon date is none of a bond that matures on that date")
    now = schedule(settlement, first, frequency, basis)
    if days_between(issue, first, basis) < now.length:
        spans = ((issue, first), (issue, settlement), (settlement, first))
        begun, accrued, wait = (days_between(*span, basis) / now.length for span in spans)
    else:
        begin, begun, accrued = first, 0.0, 0.0
        while begin > issue:
            begin, finish = add_months(begin, -months), begin
            length = float(finish - begin) if basis == 1 else now.length
            begun += 1.0 if begin > issue else days_between(issue, finish, basis) / length
            accrued += max(days_between(max(begin, issue), min(finish, settlement), basis), 0) / length
        left = now.remaining if basis in (2, 3) else now.length - now.elapsed
        start = add_months(settlement, 0, to_end=is_month_end(first))  # so does Excel, which counts it as a period
        wait = (start > settlement) + max(len(quasi_dates(start, first, months)) - 2, 0) + left / now.length
    coupon = PAR * rate / frequency
    return Payments(wait, [coupon * begun, *[coupon] * (len(dates) - 1)], redemption, coupon * accrued, frequency)


def odd_last(
    settlement: int, maturity: int, last: int, rate: float, redemption: float, frequency: int, basis: int
) -> Payments:
    """Return the payments of a bond whose last period is short or long: all of them at maturity.

    Each quasi-coupon period counts by its own days.
    """
    check_order(last, settlement, maturity)
    finish, whole, before, after = last, 0.0, 0.0, 0.0
    for to_come in reversed(range(schedule(last, maturity, frequency, basis).coupons)):
        begin, finish = finish, add_months(finish, 12 // frequency)
        length = coupon_days(begin, finish, basis)
        days = length if to_come else coupon_days(begin, maturity, basis)
        whole += days / length
        before += (days if finish < settlement else max(days_between(begin, settlement, basis), 0)) / length
        after += max(days_between(max(begin, settlement), min(finish, maturity), basis), 0) / length
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
