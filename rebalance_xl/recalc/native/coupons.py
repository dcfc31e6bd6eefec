"""Coupon dates of a bond and the interest that accrues between them: COUP*, ACCRINT, ACCRINTM.

Coupon dates step back from the maturity date by whole periods; a bond that matures on the last day of a month pays on
last days. Basis: 0 American 30/360, 1 actual/actual, 2 actual/360, 3 actual/365, 4 European 30/360.
"""

from __future__ import annotations

from calendar import monthrange
from itertools import pairwise
from operator import attrgetter
from typing import NamedTuple

from rebalance_xl.recalc.native.days import add_months, days_between, is_month_end, parts, serial_of, year_fraction
from rebalance_xl.recalc.native.faults import number_fault
from rebalance_xl.recalc.native.registry import worksheet


def check_order(*dates: int) -> None:
    """Refuse dates that do not follow each other (#NUM!)."""
    if any(earlier >= later for earlier, later in pairwise(dates)):
        raise number_fault("each date must lie before the next: issue or last coupon, settlement, coupon, maturity")


def step(anchor: int, months: int) -> int:
    """Return the coupon date some months from a coupon date; a last day of a month leads to last days."""
    day = add_months(anchor, months)
    year, month, _ = parts(day)
    return serial_of(year, month, monthrange(year, month)[1]) if is_month_end(anchor) else day


def period_length(previous: int, following: int, frequency: int, basis: int) -> float:
    """Return the days of a coupon period by a day-count basis."""
    if basis == 1:
        return float(following - previous)
    return 365.0 / frequency if basis == 3 else 360.0 / frequency


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
    remaining = length - elapsed if basis in (0, 4) else float(following - settlement)
    return Schedule(previous, following, count + 1, length, elapsed, remaining)


def quasi_dates(anchor: int, until: int, months: int) -> list[int]:
    """Return quasi-coupon dates from an anchor to the first at or beyond `until`, in order of time."""
    dates = [anchor]
    while (dates[-1] < until) if months > 0 else (dates[-1] > until):
        dates.append(step(anchor, months * len(dates)))
    return sorted(dates)


# --- the worksheet functions --------------------------------------------------------------------------------------

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
    check_order(issue, settlement)
    check_order(issue, first)
    months = 12 // frequency
    last = step(first, -months)
    length = period_length(last, first, frequency, basis)
    coupon = par * rate / frequency
    if issue > last:
        return coupon * days_between(issue, settlement, basis) / length
    begin, whole = last, 0
    while (earlier := step(first, -months * (whole + 2))) >= issue:
        begin, whole = earlier, whole + 1
    if begin == issue:
        periods = 0.0
    else:
        periods = days_between(issue, begin, basis) / period_length(earlier, begin, frequency, basis)
    if not from_issue:
        return coupon * (periods + days_between(last, settlement, basis) / length)
    passed = len(quasi_dates(first, settlement, months)) - 1
    running = step(first, months * (passed - 1))
    return coupon * (periods + whole + passed + days_between(running, settlement, basis) / length)


@worksheet("ACCRINTM", kinds="issue settlement interest par=1000 basis=0")
def accrued_at_maturity(issue: int, settlement: int, rate: float, par: float, basis: int) -> float:
    """Return the accrued interest of a security that pays at maturity."""
    check_order(issue, settlement)
    return par * rate * year_fraction(issue, settlement, basis)
