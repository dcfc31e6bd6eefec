"""Coupon dates of a bond and the interest that accrues between them: COUP*, ACCRINT, ACCRINTM.

Coupon dates step back from the maturity date by whole periods; a bond that matures on the last day of a month pays on
last days. Basis: 0 American 30/360, 1 actual/actual, 2 actual/360, 3 actual/365, 4 European 30/360.
"""

from __future__ import annotations

from dataclasses import dataclass

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
from rebalance_xl.recalc.native.registry import worksheet


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


def check_terms(frequency: int, basis: int) -> None:
    """Refuse a frequency other than 1, 2 or 4 and a basis other than 0 to 4 (#NUM!)."""
    if frequency not in (1, 2, 4):
        raise number_fault(f"the frequency is {frequency}; it must be 1, 2 or 4 coupons a year")
    check_basis(basis)


def check_basis(basis: int) -> None:
    """Refuse a day-count basis other than 0 to 4 (#NUM!)."""
    if not 0 <= basis <= 4:
        raise number_fault(f"the basis is {basis}; it must lie between 0 and 4")


def check_order(earlier: int, later: int, names: str) -> None:
    """Refuse a first date that does not lie before a second one (#NUM!)."""
    parts(earlier)
    if earlier >= later:
        raise number_fault(f"{names}: the first date must lie before the second")


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


def schedule(settlement: int, maturity: int, frequency: int, basis: int) -> Schedule:
    """Return the coupon period around a settlement date.

    Raises
    ------
    Fault
        ``#NUM!`` for a settlement on or after maturity, an unknown frequency or basis.
    """
    check_terms(frequency, basis)
    check_order(settlement, maturity, "settlement and maturity")
    months = 12 // frequency
    (y1, m1, _), (y2, m2, _) = parts(settlement), parts(maturity)
    count = max(((y2 - y1) * 12 + m2 - m1) // months - 1, 0)
    while step(maturity, -months * (count + 1)) > settlement:
        count += 1
    return Schedule(
        step(maturity, -months * (count + 1)),
        step(maturity, -months * count),
        count + 1,
        settlement,
        frequency,
        basis,
    )


@worksheet("COUPDAYS", kinds="date date whole whole")
def coupdays(settlement: int, maturity: int, frequency: int, basis: int = 0) -> float:
    """Return the days in the coupon period that contains the settlement date."""
    return schedule(settlement, maturity, frequency, basis).length


@worksheet("COUPDAYBS", kinds="date date whole whole")
def coupdaybs(settlement: int, maturity: int, frequency: int, basis: int = 0) -> float:
    """Return the days from the beginning of the coupon period to the settlement date."""
    return schedule(settlement, maturity, frequency, basis).elapsed


@worksheet("COUPDAYSNC", kinds="date date whole whole")
def coupdaysnc(settlement: int, maturity: int, frequency: int, basis: int = 0) -> float:
    """Return the days from the settlement date to the next coupon date."""
    return schedule(settlement, maturity, frequency, basis).remaining


@worksheet("COUPNCD", kinds="date date whole whole", dates=True)
def coupncd(settlement: int, maturity: int, frequency: int, basis: int = 0) -> int:
    """Return the next coupon date after the settlement date."""
    return schedule(settlement, maturity, frequency, basis).following


@worksheet("COUPPCD", kinds="date date whole whole", dates=True)
def couppcd(settlement: int, maturity: int, frequency: int, basis: int = 0) -> int:
    """Return the last coupon date on or before the settlement date."""
    return schedule(settlement, maturity, frequency, basis).previous


@worksheet("COUPNUM", kinds="date date whole whole")
def coupnum(settlement: int, maturity: int, frequency: int, basis: int = 0) -> int:
    """Return the number of coupons between settlement and maturity, the last one included."""
    return schedule(settlement, maturity, frequency, basis).coupons


@worksheet("ACCRINT", kinds="date date date strict strict whole whole flag", override=True)
def accrint(
    issue: int,
    first_interest: int,
    settlement: int,
    rate: float,
    par: float = 1000.0,
    frequency: int = 1,
    basis: int = 0,
    calc_method: bool = True,
) -> float:
    """Return the accrued interest of a security that pays periodically.

    Quasi-coupon dates step back from `first_interest`. Up to the last of them before `first_interest`, whole periods
    count as one coupon each and the period of issue by its days; from there on days count against the length of the
    last period. With `calc_method` FALSE the whole periods are left out.
    """
    check_terms(frequency, basis)
    _check_amounts(rate, par)
    check_order(issue, settlement, "issue and settlement")
    check_order(issue, first_interest, "issue and first_interest")
    months = 12 // frequency
    last = step(first_interest, -months)
    length = period_length(last, first_interest, frequency, basis)
    coupon = par * rate / frequency
    if issue > last:
        return coupon * _signed_days(issue, settlement, basis) / length
    begin, whole = last, 0
    while (earlier := step(first_interest, -months * (whole + 2))) >= issue:
        begin, whole = earlier, whole + 1
    if begin == issue:
        periods = 0.0
    else:
        periods = days_between(issue, begin, basis) / period_length(earlier, begin, frequency, basis)
    if not calc_method:
        return coupon * (periods + _signed_days(last, settlement, basis) / length)
    passed = 0
    while step(first_interest, months * passed) < settlement:
        passed += 1
    running = step(first_interest, months * (passed - 1))
    return coupon * (periods + whole + passed + _signed_days(running, settlement, basis) / length)


@worksheet("ACCRINTM", kinds="date date strict strict whole", override=True)
def accrintm(issue: int, settlement: int, rate: float, par: float = 1000.0, basis: int = 0) -> float:
    """Return the accrued interest of a security that pays at maturity."""
    check_basis(basis)
    _check_amounts(rate, par)
    check_order(issue, settlement, "issue and settlement")
    return par * rate * year_fraction(issue, settlement, basis)


def _check_amounts(rate: float, par: float) -> None:
    if rate <= 0 or par <= 0:
        raise number_fault(f"rate {rate:.10g} and par {par:.10g} must be above 0")


def _signed_days(start: int, end: int, basis: int) -> int:
    if basis in (0, 4):
        return days_360(start, end, european=basis == 4)
    return end - start
