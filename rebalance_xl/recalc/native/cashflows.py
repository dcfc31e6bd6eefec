"""Payments over time: IRR, MIRR, XNPV, XIRR, IPMT, PPMT, FVSCHEDULE."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from itertools import pairwise

from .arguments import Rows, cells_of, is_number, no_error, numbers_of, to_strict
from .days import parts
from .faults import Fault, number_fault
from .registry import worksheet

#: How Excel's search for XIRR ends: a bracket this narrow (relative to 1 + rate), a residual this small (relative to
#: the largest payment). Ten answers of Excel, bit for bit, leave 7.55E-9 to 8.0E-9 and 6.7E-9 to 8.6E-9.
_BRACKET, _RESIDUAL = 7.8e-9, 7.6e-9


def _amounts(values: Rows, wrong: str) -> list[float]:
    cells = list(map(no_error, cells_of(values)))
    if not all(map(is_number, cells)):
        raise Fault(wrong, "every amount and date must be a number")
    return cells


def _flows(values: Rows, dates: Rows, wrong: str) -> list[tuple[float, float]]:
    """Return the amounts with their times in years of 365 days from the first date."""
    amounts, days = _amounts(values, wrong), _amounts(dates, wrong)
    if len(amounts) != len(days):
        raise number_fault(f"there are {len(amounts)} amounts and {len(days)} dates")
    for day in days:
        parts(day)
    start = int(days[0])
    if any(int(day) < start for day in days):
        raise number_fault("no date may lie before the first one")
    return [(amount, (int(day) - start) / 365.0) for amount, day in zip(amounts, days, strict=True)]


def _check_signs(amounts: list[float]) -> None:
    if not min(amounts, default=0.0) < 0 < max(amounts, default=0.0):
        raise number_fault("the payments need at least one inflow and one outflow")


def present_value(rate: float, flows: list[tuple[float, float]]) -> float:
    """Return the present value of dated amounts at a yearly rate."""
    growth = 1.0 + rate
    return float(sum(amount / growth**years for amount, years in flows))


@worksheet("XNPV", kinds="number range range")
def xnpv(rate: float, values: Rows, dates: Rows) -> float:
    """Return the present value of payments on given dates; every cell must hold a number."""
    flows = _flows(values, dates, "#NUM!")
    if rate <= 0:
        raise number_fault(f"the rate is {rate:.10g}; it must be above 0")
    return present_value(rate, flows)


@worksheet("XIRR", kinds="range range number")
def xirr(values: Rows, dates: Rows, guess: float = 0.1) -> float:
    """Return the yearly rate at which dated payments have no present value.

    The bracket doubles away from the guess on both sides (towards -1 it halves the distance) until the present value
    changes sign in it, and is then halved until it is narrow; Excel's answers are such midpoints, not exact roots.
    """
    pairs = list(zip(cells_of(values), cells_of(dates), strict=False))
    if len(pairs) == max(sum(map(len, values)), sum(map(len, dates))):  # pairs without amount and date are left out
        pairs = [pair for pair in pairs if pair != (None, None)]
        values, dates = [[amount for amount, _ in pairs]], [[day for _, day in pairs]]
    flows = _flows([[0.0 if cell is None else cell for cell in row] for row in values], dates, "#VALUE!")
    if guess <= -1:
        raise number_fault(f"the guess is {guess:.10g}; it must be above -1")
    _check_signs([amount for amount, _ in flows])

    worth = partial(present_value, flows=flows)
    for low, high in _spans(abs(guess) or 0.1):
        if worth(low) * worth(high) <= 0:
            return halved(worth, low, high, _RESIDUAL * max(abs(amount) for amount, _ in flows), _BRACKET)
    raise number_fault("no rate makes the present value 0")


def halved(
    worth: Callable[[float], float], low: float, high: float, residual: float = math.inf, bracket: float = 0.0
) -> float:
    """Return the middle of two rates between which the sign changes, halved until both are as near as asked for.

    Without a bracket they are halved until no number lies between them.
    """
    at_low = worth(low)
    falling = at_low > 0 if at_low else worth(high) <= 0
    middle = low
    for _ in range(100 if bracket else 200):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        value = worth(middle)
        if (value > 0) == falling:
            low = middle
        else:
            high = middle
        if abs(high - low) < bracket * max(1.0, 1.0 + middle) and abs(value) < residual:
            break
    return middle


def _spans(start: float) -> Iterator[tuple[float, float]]:
    up, down = start, -min(start, 0.9)
    yield 0.0, up
    yield down, 0.0
    for _ in range(60):
        yield up, up * 2
        lower = (down - 1.0) / 2
        if lower > -1.0 + 1e-12:
            yield down, lower
            down = lower
        up *= 2


#: IRR's search: steps of Newton's rule, the relative change at which a rate is found, and the rates looked through.
_STEPS, _SETTLED = 50, 1e-13
_LADDER = (-0.99, -0.9, -0.75, -0.5, -0.25, -0.1, 0.0, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 100.0, 1000.0)


@worksheet("IRR", kinds="range number")
def irr(values: Rows, guess: float = 0.1) -> float:
    """Return the rate at which payments in equal steps have no present value; blanks, text and booleans are left out.

    Newton's rule from the guess; where it leads nowhere, the change of sign nearest to the guess is halved down.
    """
    amounts = numbers_of(values)
    _check_signs(amounts)
    if guess <= -1:
        raise Fault("#VALUE!", f"the guess is {guess:.10g}; it must be above -1")

    def worth(rate: float) -> float:
        growth, value = 1.0 + rate, 0.0
        for amount in reversed(amounts):
            value = amount + value / growth
        return value

    def slope(rate: float) -> float:
        growth = 1.0 + rate
        return -sum(period * amount / growth ** (period + 1) for period, amount in enumerate(amounts))

    rate = guess
    with suppress(ArithmeticError):
        for _ in range(_STEPS):
            following = rate - worth(rate) / slope(rate)
            if not following > -1:
                break
            if abs(following - rate) <= _SETTLED * max(1.0, abs(rate)):
                return following
            rate = following
    ladder = sorted({*_LADDER, guess})
    signs = {each: worth(each) for each in ladder}
    spans = [(low, high) for low, high in pairwise(ladder) if signs[low] == 0 or signs[low] * signs[high] < 0]
    if not spans:
        raise number_fault("no rate makes the present value 0")
    return halved(worth, *min(spans, key=lambda span: min(abs(span[0] - guess), abs(span[1] - guess))))


@worksheet("MIRR", kinds="range number number")
def mirr(values: Rows, finance_rate: float, reinvest_rate: float) -> float:
    """Return the rate of return of payments whose inflows are reinvested and whose outflows are financed.

    Blanks, text and booleans are left out: the periods are those of the numbers.
    """
    amounts = numbers_of(values)
    earned = sum(max(a, 0.0) / (1.0 + reinvest_rate) ** period for period, a in enumerate(amounts))
    paid = sum(min(a, 0.0) / (1.0 + finance_rate) ** period for period, a in enumerate(amounts))
    if not earned or not paid:
        raise Fault("#DIV/0!", "the payments need at least one inflow and one outflow")
    periods = len(amounts) - 1
    growth = (-earned * (1.0 + reinvest_rate) ** periods / paid) ** (1.0 / periods)
    if isinstance(growth, complex):
        raise number_fault("reinvested inflows and financed outflows have the same sign")
    return float(growth - 1.0)


def payment(rate: float, nper: float, pv: float, fv: float, due: bool) -> float:
    """Return the level payment of an annuity (PMT)."""
    if rate == 0:
        return -(pv + fv) / nper
    growth: float = (1.0 + rate) ** nper
    return -rate * (pv * growth + fv) / ((1.0 + rate if due else 1.0) * (growth - 1.0))


@worksheet("IPMT", kinds="number number number number number=0 number=0")
def interest(rate: float, per: float, nper: float, pv: float, fv: float, type: float) -> float:
    """Return the interest part of a payment of an annuity (IPMT)."""
    due = type != 0
    if rate <= -1:
        raise number_fault(f"the rate is {rate:.10g}; it must lie above -1")
    if not 1 <= per < nper + 1:
        raise number_fault(f"the period is {per:.10g}; it must lie between 1 and {nper:.10g}")
    if rate == 0 or (due and per == 1):
        return 0.0
    level = payment(rate, nper, pv, fv, due)
    passed: float = (1.0 + rate) ** (per - 1)
    balance = pv * passed + level * (1.0 + rate if due else 1.0) * (passed - 1.0) / rate
    return -balance * rate / (1.0 + rate if due else 1.0)


#: The principal part of the payment.
worksheet("PPMT", kinds="number number number number number=0 number=0")(
    lambda rate, per, nper, pv, fv, type: (
        -interest(rate, per, nper, pv, fv, type) + payment(rate, nper, pv, fv, type != 0)
    )
)


@worksheet("FVSCHEDULE", kinds="strict range")
def fvschedule(principal: float, rates: Rows) -> float:
    """Return the value of a principal after a series of compound rates; a blank rate is 0."""
    for cell in cells_of(rates):
        principal *= 1.0 + to_strict(cell)
    return principal
