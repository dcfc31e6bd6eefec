"""Securities without coupons: discounts, interest at maturity, Treasury bills, prices in fractions of a dollar."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Final

from rebalance_xl.recalc.native.arguments import Rows, cells_of, to_strict
from rebalance_xl.recalc.native.coupons import check_order
from rebalance_xl.recalc.native.days import add_months, days_between, year_fraction, year_length
from rebalance_xl.recalc.native.faults import Fault, number_fault
from rebalance_xl.recalc.native.registry import worksheet


def _discounted(
    formula: Callable[[float, float, float], float],
    settlement: int,
    maturity: int,
    first: float,
    second: float,
    basis: int,
) -> float:
    """Return what a formula makes of two amounts and the years between two dates."""
    check_order(settlement, maturity)
    return formula(first, second, year_fraction(settlement, maturity, basis))


def _received(investment: float, discount: float, years: float) -> float:
    if discount * years >= 1:
        raise number_fault(f"a discount of {discount:.10g} over {years:.4g} years leaves nothing")
    return investment / (1.0 - discount * years)


#: The two amounts, and what is computed of them and the years to maturity.
_DISCOUNTED: Final[dict[str, tuple[str, Callable[[float, float, float], float]]]] = {
    "DISC": ("pr redemption", lambda price, redemption, years: (redemption - price) / redemption / years),
    "PRICEDISC": ("discount redemption", lambda rate, redemption, years: redemption - rate * redemption * years),
    "YIELDDISC": ("pr redemption", lambda price, redemption, years: (redemption / price - 1.0) / years),
    "INTRATE": ("investment redemption", lambda paid, redemption, years: (redemption - paid) / paid / years),
    "RECEIVED": ("investment discount", _received),
}
for _name, (_amounts, _formula) in _DISCOUNTED.items():
    worksheet(_name, kinds=f"settlement maturity {_amounts} basis=0")(partial(_discounted, _formula))


def _at_maturity(settlement: int, maturity: int, issue: int, basis: int) -> tuple[float, float, float]:
    """Return the years from issue to maturity, issue to settlement and settlement to maturity."""
    check_order(settlement, maturity)
    if issue > settlement:
        raise number_fault("the issue date must not lie after settlement")
    year = year_length(issue, maturity, basis) if basis != 1 else year_length(issue, settlement, basis)
    spans = ((issue, maturity), (issue, settlement), (settlement, maturity))
    whole, before, after = (days_between(start, end, basis) / year for start, end in spans)
    return whole, before, after


@worksheet("PRICEMAT", kinds="settlement maturity issue rate yld basis=0")
def price_at_maturity(settlement: int, maturity: int, issue: int, rate: float, yld: float, basis: int) -> float:
    """Return the price of a security that pays its interest at maturity."""
    whole, before, after = _at_maturity(settlement, maturity, issue, basis)
    return 100.0 * ((1.0 + whole * rate) / (1.0 + after * yld) - before * rate)


@worksheet("YIELDMAT", kinds="settlement maturity issue rate pr basis=0")
def yield_at_maturity(settlement: int, maturity: int, issue: int, rate: float, price: float, basis: int) -> float:
    """Return the yield of a security that pays its interest at maturity."""
    whole, before, after = _at_maturity(settlement, maturity, issue, basis)
    return ((1.0 + whole * rate) / (price / 100.0 + before * rate) - 1.0) / after


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


def _dollars(to_decimal: bool, price: float, fraction: float) -> float:
    """Return a price quoted in fractions (1.02 for 1 2/16) as a decimal number, or the other way round."""
    whole = int(fraction)
    if whole == 0:
        raise Fault("#DIV/0!", "the fraction must be 1 or more")
    scale = 10 ** math.ceil(math.log10(whole))
    dollars = math.trunc(price)
    rest = price - dollars
    return dollars + (rest * scale / whole if to_decimal else rest * whole / scale)


worksheet("DOLLARDE", kinds="strict fraction")(partial(_dollars, True))
worksheet("DOLLARFR", kinds="strict fraction")(partial(_dollars, False))


@worksheet("FVSCHEDULE", kinds="strict range")
def fvschedule(principal: float, rates: Rows) -> float:
    """Return the value of a principal after a series of compound rates; a blank rate is 0."""
    for cell in cells_of(rates):
        principal *= 1.0 + to_strict(cell)
    return principal
