"""Rounding to multiples, prices in fractions, Roman numerals, sums over pairs, arrangements, divisors and multiples."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from itertools import accumulate, starmap
from typing import Final

from .arguments import Rows, cells_of, is_number, no_error, to_number, to_strict
from .faults import Fault, number_fault, value_fault
from .registry import worksheet


def quotient(number: float, multiple: float) -> float:
    """Return number / multiple, snapped to a whole number when only binary noise separates it from one.

    >>> quotient(7.1, 0.1)  # 70.99999999999999 in binary
    71.0
    """
    ratio = number / multiple
    nearest = float(round(ratio))
    return nearest if abs(ratio - nearest) <= 4e-15 * abs(nearest) else ratio


def _to_multiple(up: bool, number: float, multiple: float) -> float:
    return (math.ceil if up else math.floor)(quotient(number, multiple)) * multiple + 0.0


def _of_sign(up: bool, number: float, significance: float) -> float:
    """Round up or down to a multiple (CEILING, FLOOR); where both are negative, away from zero or towards it."""
    if number == 0 or (up and significance == 0):
        return 0.0
    if significance == 0:
        raise Fault("#DIV/0!", "the significance is 0")
    if number > 0 > significance:
        raise number_fault(f"a positive number needs a positive significance, not {significance:.10g}")
    return _to_multiple(up, number, significance)


def _of_size(up: bool, number: float, significance: float, mode: float = 0.0) -> float:
    """Round to a multiple whatever its sign; a mode other than 0 turns the direction below zero."""
    multiple = abs(significance)
    if number == 0 or multiple == 0:
        return 0.0
    return _to_multiple(up != (number < 0 and mode != 0), number, multiple)


for _direction, _more in (("CEILING", "ISO.CEILING ECMA.CEILING"), ("FLOOR", "")):  # ECMA: other programs' files
    worksheet(_direction, kinds="number number")(partial(_of_sign, _direction == "CEILING"))
    _function = partial(_of_size, _direction == "CEILING")
    worksheet(f"{_direction}.MATH", kinds="number number=1 number=0")(_function)
    worksheet(f"{_direction}.PRECISE", *_more.split(), kinds="number number=1")(_function)


@worksheet("MROUND", kinds="strict strict")
def mround(number: float, multiple: float) -> float:
    """Return the multiple nearest to a number of the same sign; halves go away from zero."""
    if number == 0 or multiple == 0:
        return 0.0
    if (number > 0) != (multiple > 0):
        raise number_fault("number and multiple must have the same sign")
    return float(math.floor(quotient(number, multiple) + 0.5)) * multiple


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


_NUMERALS: Final = (1, "I"), (5, "V"), (10, "X"), (50, "L"), (100, "C"), (500, "D"), (1000, "M")


@worksheet("ROMAN", kinds="roman any")
def roman(number: float, form: object = None) -> str:
    """Return a whole number from 0 to 3999 as a Roman numeral, form 0 (classic, TRUE) to 4 (simplest, FALSE).

    Before a numeral stands the unit below it (C before M and D), in simpler forms also one that much smaller.
    """
    rest, style = int(number), 4 * (not form) if isinstance(form, bool) else int(to_number(form))
    if not 0 <= style <= 4:
        raise value_fault(f"the form is {style}; it must lie between 0 and 4")
    steps, text = [*_NUMERALS], ""
    for place, (value, letter) in enumerate(_NUMERALS[1:]):
        unit = place // 2 * 2
        steps += [(value - less, before + letter) for less, before in _NUMERALS[max(unit - style, 0) : unit + 1]]
    for value, letters in sorted(steps, reverse=True):
        times, rest = divmod(rest, value)
        text += times * letters
    return text


def _pairs(one: Rows, other: Rows) -> list[tuple[float, float]]:
    """Return the numbers that stand at the same place; #N/A where the ranges are not as long."""
    first, second = list(cells_of(one)), list(cells_of(other))
    if len(first) != len(second):
        raise Fault("#N/A", f"the ranges have {len(first)} and {len(second)} cells; they must be as long")
    both = zip(map(no_error, first), map(no_error, second), strict=True)
    return [(float(x), float(y)) for x, y in both if is_number(x) and is_number(y)]


#: Sums over pairs of numbers, and what each pair adds.
_TERMS: Final[dict[str, Callable[[float, float], float]]] = {
    "SUMXMY2": lambda x, y: (x - y) ** 2,
    "SUMX2MY2": lambda x, y: x * x - y * y,
    "SUMX2PY2": lambda x, y: x * x + y * y,
}


for _name, _term in _TERMS.items():
    worksheet(_name, kinds="range range")(lambda *arrays, term=_term: math.fsum(starmap(term, _pairs(*arrays))))


@worksheet("PROB", kinds="range range number number")
def prob(x_range: Rows, prob_range: Rows, lower_limit: float, upper_limit: float | None = None) -> float:
    """Return the probability that values lie between two limits, or equal the one limit given."""
    pairs = _pairs(x_range, prob_range)
    if not pairs:
        raise Fault("#DIV/0!", "there are no numbers with probabilities")
    if any(not 0 < chance <= 1 for _, chance in pairs) or abs(math.fsum(chance for _, chance in pairs) - 1) > 1e-7:
        raise number_fault("the probabilities must be above 0, at most 1, and sum to 1")
    upper = lower_limit if upper_limit is None else upper_limit
    return math.fsum(chance for x, chance in pairs if lower_limit <= x <= upper)


#: The number of arrangements with repetition.
worksheet("PERMUTATIONA", kinds="natural natural")(lambda number, number_chosen: float(number) ** number_chosen)


@worksheet("MULTINOMIAL", kinds="range*")
def multinomial(*numbers: Rows) -> float:
    """Return the factorial of a sum divided by the factorials of its parts."""
    parts = _wholes(numbers)
    total = sum(parts)
    if total > 1000:
        return math.exp(math.lgamma(total + 1) - math.fsum(math.lgamma(part + 1) for part in parts))
    return float(math.prod(map(math.comb, accumulate(parts), parts)))


#: Excel's whole numbers end below this.
_LIMIT = 2**53


def _wholes(ranges: tuple[Rows, ...]) -> list[int]:
    """Return the numbers cut off to whole ones; blank cells are left out, only blank cells count as one 0."""
    found = [to_strict(cell) for cell in cells_of(map(cells_of, ranges)) if cell is not None]
    for number in found:
        if not 0 <= number < _LIMIT:
            raise number_fault(f"{number:.15g} must lie between 0 and 2^53")
    return list(map(int, found or [0]))


worksheet("GCD", kinds="range*")(lambda *numbers: math.gcd(*_wholes(numbers)))


@worksheet("LCM", kinds="range*")
def lcm(*numbers: Rows) -> int:
    """Return the least common multiple."""
    result = math.lcm(*_wholes(numbers))
    if result >= _LIMIT:
        raise number_fault("the least common multiple is 2^53 or more")
    return result
