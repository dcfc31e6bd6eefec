"""Securities: coupon dates and accrued interest; discounts, interest at maturity, Treasury bills.

Coupon dates step back from the maturity date by whole periods; a bond that matures on the last day of a month pays on
last days. Basis: 0 American 30/360, 1 actual/actual, 2 actual/360, 3 actual/365, 4 European 30/360.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from operator import attrgetter
from typing import Final, NamedTuple

from .days import add_months, coupon_days, days_between, is_month_end, parts, year_fraction, year_length
from .faults import number_fault
from .registry import worksheet


def check_order(*dates: int) -> None:
    """Refuse dates that do not follow each other (#NUM!)."""
    if any(earlier >= later for earlier, later in pairwise(dates)):
        raise number_fault("each date must lie before the next: issue or last coupon, settlement, coupon, maturity")


def step(anchor: int, months: int) -> int:
    """Return the coupon date some months from a coupon date; a last day of a month leads to last days."""
    return add_months(anchor, months, to_end=is_month_end(anchor))


def period_length(previous: int, following: int, frequency: int, basis: int) -> float:
    """Return the days of a coupon period by a day-count basis."""
    return float(following - previous) if basis == 1 else year_length(previous, following, basis) / frequency


class Schedule(NamedTuple):
    """The coupon period that a settlement date lies in: its dates and days, and the number of coupons still to come.

    `length` is the days of the period (E), `elapsed` those up to settlement (A), `remaining` those after it (DSC).
    """

    previous: int
    following: int
    coupons: int
    length: float
    elapsed: float
    remaining: float


def schedule(settlement: int, maturity: int, frequency: int, basis: int) -> Schedule:
    """Return the coupon period around a settlement date."""
    check_order(settlement, maturity)
    months = 12 // frequency
    (y1, m1, _), (y2, m2, _) = parts(settlement), parts(maturity)
    count = max(((y2 - y1) * 12 + m2 - m1) // months - 1, 0)
    while step(maturity, -months * (count + 1)) > settlement:
        count += 1
    previous, following = (step(maturity, -months * each) for each in (count + 1, count))
    length = period_length(previous, following, frequency, basis)
    elapsed = float(days_between(previous, settlement, basis))
    whole = coupon_days(previous, following, basis)
    remaining = whole - elapsed if basis == 0 else float(days_between(settlement, following, basis))
    return Schedule(previous, following, count + 1, length, elapsed, remaining)


def quasi_dates(anchor: int, until: int, months: int) -> list[int]:
    """Return quasi-coupon dates from an anchor to the first at or beyond `until`, in order of time."""
    dates = [anchor]
    while (dates[-1] < until) if months > 0 else (dates[-1] > until):
        dates.append(step(anchor, months * len(dates)))
    return sorted(dates)


for _name, _part in {
    **{"COUPDAYS": "length", "COUPDAYBS": "elapsed", "COUPDAYSNC": "remaining"},
    **{"COUPNCD": "following", "COUPPCD": "previous", "COUPNUM": "coupons"},
}.items():
    _dates = _part in ("following", "previous")
    worksheet(_name, kinds="settlement maturity frequency basis=0", dates=_dates)(
        lambda *terms, found=attrgetter(_part): found(schedule(*terms))
    )


@worksheet("ACCRINT", kinds="issue first_interest settlement interest par=1000 frequency=1 basis=0 calc_method=TRUE")
def accrued(
    issue: int, first: int, settlement: int, rate: float, par: float, frequency: int, basis: int, from_issue: bool
) -> float:
    """Return the accrued interest of a security that pays periodically.

    Quasi-coupon dates step back from the first interest date. Up to the last of them before it, whole periods count as
    one coupon each and the period of issue by its days; from there on days count against the length of the last
    period. Without `from_issue` the whole periods are left out.
    """
    check_order(issue, min(settlement, first))
    months = 12 // frequency
    last = step(first, -months)
    length = period_length(last, first, frequency, basis)
    coupon = par * rate / frequency
    if issue > last:
        return coupon * days_between(issue, settlement, basis) / length
    begin, whole = last, 0
    while (earlier := step(first, -months * (whole + 2))) >= issue:
        begin, whole = earlier, whole + 1
    periods = days_between(issue, begin, basis) / period_length(earlier, begin, frequency, basis)
    if not from_issue:
        return coupon * (periods + days_between(last, settlement, basis) / length)
    passed = len(quasi_dates(first, settlement, months)) - 1
    running = step(first, months * (passed - 1))
    return coupon * (periods + whole + passed + days_between(running, settlement, basis) / length)


def _received(investment: float, discount: float, years: float) -> float:
    if discount * years >= 1:
        raise number_fault(f"a discount of {discount:.10g} over {years:.4g} years leaves nothing")
    return investment / (1.0 - discount * years)


def _discounted(formula: Callable[..., float], settlement: int, maturity: int, *rest: float) -> float:
    check_order(settlement, maturity)
    *amounts, basis = rest
    return formula(*amounts, year_fraction(settlement, maturity, int(basis)))


#: The two amounts, and what is computed of them and the years to maturity; ACCRINTM counts from issue to settlement.
_DISCOUNTED: Final[dict[str, tuple[str, Callable[[float, float, float], float]]]] = {
    "DISC": ("pr redemption", lambda price, redemption, years: (redemption - price) / redemption / years),
    "PRICEDISC": ("discount redemption", lambda rate, redemption, years: redemption - rate * redemption * years),
    "YIELDDISC": ("pr redemption", lambda price, redemption, years: (redemption / price - 1.0) / years),
    "INTRATE": ("investment redemption", lambda paid, redemption, years: (redemption - paid) / paid / years),
    "RECEIVED": ("investment discount", _received),
    "ACCRINTM": ("interest par=1000", lambda rate, par, years: par * rate * years),
}
for _name, (_amounts, _formula) in _DISCOUNTED.items():
    worksheet(_name, kinds=f"settlement maturity {_amounts} basis=0")(partial(_discounted, _formula))


def _at_maturity(
    priced: bool, settlement: int, maturity: int, issue: int, rate: float, known: float, basis: int
) -> float:
    """Return the price at a yield, or the yield at a price, of a security that pays its interest at maturity."""
    check_order(settlement, maturity)
    if issue > settlement:
        raise number_fault("the issue date must not lie after settlement")
    year = year_length(issue, maturity, basis) if basis != 1 else year_length(issue, settlement, basis)
    whole, before = (days_between(issue, end, basis) / year for end in (maturity, settlement))
    after = whole - before
    if priced:
        return 100.0 * ((1.0 + whole * rate) / (1.0 + after * known) - before * rate)
    return ((1.0 + whole * rate) / (known / 100.0 + before * rate) - 1.0) / after


for _name, _known in (("PRICEMAT", "yld"), ("YIELDMAT", "pr")):
    worksheet(_name, kinds=f"settlement maturity issue rate {_known} basis=0")(
        partial(_at_maturity, _name == "PRICEMAT")
    )


def _bill(formula: Callable[[float, int], float], settlement: int, maturity: int, amount: float) -> float:
    """Return what a formula makes of an amount and the days of a Treasury bill, which must mature within a year."""
    check_order(settlement, maturity)
    if maturity > add_months(settlement, 12):
        raise number_fault("a Treasury bill matures within one year of settlement")
    return formula(amount, maturity - settlement)


def _bill_price(discount: float, days: int) -> float:
    price = 100.0 * (1.0 - discount * days / 360.0)
    if price < 0:
        raise number_fault(f"a discount of {discount:.10g} over {days} days leaves a price below 0")
    return price


def _bond_equivalent(discount: float, days: int) -> float:
    """Return the bond-equivalent yield of a Treasury bill.

    Up to 182 days it is ``365 * d / (360 - d * days)``. A longer bill is compared with a bond that pays after half a
    year, so that the yield y solves ``price * (1 + y/2) * (1 + (2 * days / year - 1) * y/2) = 100``; the year has 366
    days when the bill runs for 366.
    """
    price = 1.0 - discount * days / 360.0
    if price <= 0:
        raise number_fault(f"a discount of {discount:.10g} over {days} days leaves no price")
    if days <= 182:
        return 365.0 * discount / (360.0 - discount * days)
    years = days / (366.0 if days == 366 else 365.0)
    square = years * years - (2.0 * years - 1.0) * (1.0 - 1.0 / price)
    return 2.0 * (math.sqrt(square) - years) / (2.0 * years - 1.0)


_BILLS: Final[dict[str, tuple[str, Callable[[float, int], float]]]] = {
    "TBILLPRICE": ("discount", _bill_price),
    "TBILLYIELD": ("pr", lambda price, days: (100.0 - price) / price * 360.0 / days),
    "TBILLEQ": ("discount", _bond_equivalent),
}
for _name, (_amount, _of_bill) in _BILLS.items():
    worksheet(_name, kinds=f"settlement maturity {_amount}")(partial(_bill, _of_bill))
