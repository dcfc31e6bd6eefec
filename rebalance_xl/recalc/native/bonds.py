"""Bonds with coupons: PRICE, YIELD, DURATION, MDURATION."""

from __future__ import annotations

from collections.abc import Callable

from rebalance_xl.recalc.native.coupons import Schedule, schedule
from rebalance_xl.recalc.native.faults import number_fault
from rebalance_xl.recalc.native.registry import worksheet

PAR = 100.0


def check_not_negative(**values: float) -> None:
    """Refuse arguments below 0 (#NUM!)."""
    for name, value in values.items():
        if value < 0:
            raise number_fault(f"{name} is {value:.10g}; it must not be below 0")


def check_positive(**values: float) -> None:
    """Refuse arguments of 0 or below (#NUM!)."""
    for name, value in values.items():
        if value <= 0:
            raise number_fault(f"{name} is {value:.10g}; it must be above 0")


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


def unexpired(period: Schedule) -> float:
    """Return the part of the coupon period that is still to come (DSC / E).

    The days to come are the length of the period without the days gone by, so that the parts sum to one in every
    basis; COUPDAYSNC counts the days themselves, which differ over a year of 360 or 365 (bases 2 and 3).
    """
    return (period.length - period.elapsed) / period.length


def price_at(period: Schedule, rate: float, yld: float, redemption: float) -> float:
    """Return the clean price per 100 at a yield.

    With one coupon to come the yield counts simply, with more it is compounded per coupon period:
    ``P = redemption / q**(n - 1 + f) + sum(c / q**(k + f)) - c * A / E``, where q is 1 + yield / frequency, f = DSC / E
    and c the coupon.
    """
    coupon = PAR * rate / period.frequency
    fraction = unexpired(period)
    accrued = coupon * period.elapsed / period.length
    if period.coupons == 1:
        return (redemption + coupon) / (1.0 + fraction * yld / period.frequency) - accrued
    growth = 1.0 + yld / period.frequency
    if growth <= 0:
        return float("inf")
    coupons = sum(coupon / growth ** (k + fraction) for k in range(period.coupons))
    return float(redemption / growth ** (period.coupons - 1 + fraction) + coupons - accrued)


@worksheet("PRICE", kinds="date date strict strict strict whole whole", override=True)
def price(
    settlement: int, maturity: int, rate: float, yld: float, redemption: float, frequency: int, basis: int = 0
) -> float:
    """Return the price per 100 of a security that pays periodic interest."""
    period = schedule(settlement, maturity, frequency, basis)
    check_not_negative(rate=rate, yld=yld)
    check_positive(redemption=redemption)
    return price_at(period, rate, yld, redemption)


@worksheet("YIELD", kinds="date date strict strict strict whole whole", override=True)
def yield_(
    settlement: int, maturity: int, rate: float, pr: float, redemption: float, frequency: int, basis: int = 0
) -> float:
    """Return the yearly yield of a security that pays periodic interest."""
    period = schedule(settlement, maturity, frequency, basis)
    check_not_negative(rate=rate)
    check_positive(pr=pr, redemption=redemption)
    if period.coupons == 1:
        coupon = PAR * rate / frequency
        paid = pr + coupon * period.elapsed / period.length
        return (redemption + coupon - paid) / paid * frequency / unexpired(period)
    return solve(lambda yld: price_at(period, rate, yld, redemption) - pr, rate or 0.05, low=-frequency + 1e-9)


def macaulay(period: Schedule, coupon: float, yld: float) -> float:
    """Return the mean time to the payments of a bond at par, weighted by their present values, in years."""
    growth = 1.0 + yld / period.frequency
    fraction = unexpired(period)
    amounts = [PAR * coupon / period.frequency] * period.coupons
    amounts[-1] += PAR
    values = [amount / growth ** (k + fraction) for k, amount in enumerate(amounts)]
    weighted = sum((k + fraction) * value for k, value in enumerate(values))
    return float(weighted / sum(values) / period.frequency)


@worksheet("DURATION", kinds="date date strict strict whole whole")
def duration(settlement: int, maturity: int, coupon: float, yld: float, frequency: int, basis: int = 0) -> float:
    """Return the Macaulay duration in years of a security with a par value of 100."""
    check_not_negative(coupon=coupon, yld=yld)
    return macaulay(schedule(settlement, maturity, frequency, basis), coupon, yld)


@worksheet("MDURATION", kinds="date date strict strict whole whole")
def mduration(settlement: int, maturity: int, coupon: float, yld: float, frequency: int, basis: int = 0) -> float:
    """Return the modified duration: the Macaulay duration divided by 1 + yield / frequency."""
    check_not_negative(coupon=coupon, yld=yld)
    return macaulay(schedule(settlement, maturity, frequency, basis), coupon, yld) / (1.0 + yld / frequency)
