"""Securities without coupons: discounts, interest at maturity, Treasury bills, prices in fractions of a dollar."""

from __future__ import annotations

import math

from rebalance_xl.recalc.native.arguments import Rows, cells_of, to_strict
from rebalance_xl.recalc.native.bonds import check_not_negative, check_positive
from rebalance_xl.recalc.native.coupons import check_basis, check_order
from rebalance_xl.recalc.native.days import add_months, days_between, year_fraction, year_length
from rebalance_xl.recalc.native.faults import Fault, number_fault
from rebalance_xl.recalc.native.registry import worksheet


def _years(settlement: int, maturity: int, basis: int) -> float:
    check_basis(basis)
    check_order(settlement, maturity, "settlement and maturity")
    return year_fraction(settlement, maturity, basis)


@worksheet("DISC", kinds="date date strict strict whole")
def disc(settlement: int, maturity: int, pr: float, redemption: float, basis: int = 0) -> float:
    """Return the discount rate of a security: ``(redemption - price) / redemption / years``."""
    years = _years(settlement, maturity, basis)
    check_positive(pr=pr, redemption=redemption)
    return (redemption - pr) / redemption / years


@worksheet("PRICEDISC", kinds="date date strict strict whole")
def pricedisc(settlement: int, maturity: int, discount: float, redemption: float, basis: int = 0) -> float:
    """Return the price per 100 of a discounted security."""
    years = _years(settlement, maturity, basis)
    check_positive(discount=discount, redemption=redemption)
    return redemption - discount * redemption * years


@worksheet("YIELDDISC", kinds="date date strict strict whole")
def yielddisc(settlement: int, maturity: int, pr: float, redemption: float, basis: int = 0) -> float:
    """Return the yearly yield of a discounted security."""
    years = _years(settlement, maturity, basis)
    check_positive(pr=pr, redemption=redemption)
    return (redemption / pr - 1.0) / years


@worksheet("INTRATE", kinds="date date strict strict whole")
def intrate(settlement: int, maturity: int, investment: float, redemption: float, basis: int = 0) -> float:
    """Return the interest rate of a fully invested security."""
    years = _years(settlement, maturity, basis)
    check_positive(investment=investment, redemption=redemption)
    return (redemption - investment) / investment / years


@worksheet("RECEIVED", kinds="date date strict strict whole")
def received(settlement: int, maturity: int, investment: float, discount: float, basis: int = 0) -> float:
    """Return the amount received at maturity for a fully invested security."""
    years = _years(settlement, maturity, basis)
    check_positive(investment=investment, discount=discount)
    if discount * years >= 1:
        raise number_fault(f"a discount of {discount:.10g} over {years:.4g} years leaves nothing")
    return investment / (1.0 - discount * years)


def _at_maturity(settlement: int, maturity: int, issue: int, basis: int) -> tuple[float, float, float]:
    """Return the years from issue to maturity, issue to settlement and settlement to maturity."""
    check_basis(basis)
    check_order(settlement, maturity, "settlement and maturity")
    if issue > settlement:
        raise number_fault("the issue date must not lie after settlement")
    year = year_length(issue, maturity, basis) if basis != 1 else year_length(issue, settlement, basis)
    spans = ((issue, maturity), (issue, settlement), (settlement, maturity))
    whole, before, after = (days_between(start, end, basis) / year for start, end in spans)
    return whole, before, after


@worksheet("PRICEMAT", kinds="date date date strict strict whole")
def pricemat(settlement: int, maturity: int, issue: int, rate: float, yld: float, basis: int = 0) -> float:
    """Return the price per 100 of a security that pays interest at maturity."""
    whole, before, after = _at_maturity(settlement, maturity, issue, basis)
    check_not_negative(rate=rate, yld=yld)
    return 100.0 * ((1.0 + whole * rate) / (1.0 + after * yld) - before * rate)


@worksheet("YIELDMAT", kinds="date date date strict strict whole")
def yieldmat(settlement: int, maturity: int, issue: int, rate: float, pr: float, basis: int = 0) -> float:
    """Return the yearly yield of a security that pays interest at maturity."""
    whole, before, after = _at_maturity(settlement, maturity, issue, basis)
    check_not_negative(rate=rate)
    check_positive(pr=pr)
    return ((1.0 + whole * rate) / (pr / 100.0 + before * rate) - 1.0) / after


def _bill_days(settlement: int, maturity: int) -> int:
    """Return the days of a Treasury bill; it must mature within a year."""
    check_order(settlement, maturity, "settlement and maturity")
    if maturity > add_months(settlement, 12):
        raise number_fault("a Treasury bill matures within one year of settlement")
    return maturity - settlement


@worksheet("TBILLPRICE", kinds="date date strict", override=True)
def tbillprice(settlement: int, maturity: int, discount: float) -> float:
    """Return the price per 100 of a Treasury bill: ``100 * (1 - discount * days / 360)``."""
    days = _bill_days(settlement, maturity)
    check_positive(discount=discount)
    price = 100.0 * (1.0 - discount * days / 360.0)
    if price < 0:
        raise number_fault(f"a discount of {discount:.10g} over {days} days leaves a price below 0")
    return price


@worksheet("TBILLYIELD", kinds="date date strict", override=True)
def tbillyield(settlement: int, maturity: int, pr: float) -> float:
    """Return the yield of a Treasury bill: ``(100 - price) / price * 360 / days``."""
    days = _bill_days(settlement, maturity)
    check_positive(pr=pr)
    return (100.0 - pr) / pr * 360.0 / days


@worksheet("TBILLEQ", kinds="date date strict", override=True)
def tbilleq(settlement: int, maturity: int, discount: float) -> float:
    """Return the bond-equivalent yield of a Treasury bill.

    Up to 182 days it is ``365 * d / (360 - d * days)``. A longer bill is compared with a bond that pays after half a
    year, so that the yield y solves ``price * (1 + y/2) * (1 + (2 * days / year - 1) * y/2) = 100``; the year has 366
    days when the bill runs for 366.
    """
    days = _bill_days(settlement, maturity)
    check_positive(discount=discount)
    price = 1.0 - discount * days / 360.0
    if price <= 0:
        raise number_fault(f"a discount of {discount:.10g} over {days} days leaves no price")
    if days <= 182:
        return 365.0 * discount / (360.0 - discount * days)
    years = days / (366.0 if days == 366 else 365.0)
    square = years * years - (2.0 * years - 1.0) * (1.0 - 1.0 / price)
    return 2.0 * (math.sqrt(square) - years) / (2.0 * years - 1.0)


def _parts_of_dollar(fraction: float) -> tuple[int, int]:
    """Return the denominator and the power of ten that its digits need."""
    if fraction < 0:
        raise number_fault(f"the fraction is {fraction:.10g}; it must not be below 0")
    whole = int(fraction)
    if whole == 0:
        raise Fault("#DIV/0!", "the fraction must be 1 or more")
    return whole, 10 ** math.ceil(math.log10(whole))


@worksheet("DOLLARDE", kinds="strict strict", override=True)
def dollarde(fractional_dollar: float, fraction: float) -> float:
    """Return a price quoted in fractions (1.02 for 1 2/16) as a decimal number."""
    whole, scale = _parts_of_dollar(fraction)
    dollars = math.trunc(fractional_dollar)
    return dollars + (fractional_dollar - dollars) * scale / whole


@worksheet("DOLLARFR", kinds="strict strict", override=True)
def dollarfr(decimal_dollar: float, fraction: float) -> float:
    """Return a decimal price as a price quoted in fractions."""
    whole, scale = _parts_of_dollar(fraction)
    dollars = math.trunc(decimal_dollar)
    return dollars + (decimal_dollar - dollars) * whole / scale


@worksheet("FVSCHEDULE", kinds="strict range")
def fvschedule(principal: float, rates: Rows) -> float:
    """Return the value of a principal after a series of compound rates; a blank rate is 0."""
    for cell in cells_of(rates):
        principal *= 1.0 + to_strict(cell)
    return principal
