"""Counting and numbers: sums and probabilities over pairs, permutations, multinomial coefficients, GCD and LCM."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import starmap
from typing import Any, Final

from rebalance_xl.recalc.native.arguments import Rows, cells_of, is_number, no_error, to_strict
from rebalance_xl.recalc.native.faults import Fault, number_fault
from rebalance_xl.recalc.native.registry import worksheet


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
    worksheet(_name, kinds="range range", defaults=())(
        lambda array_x, array_y, term=_term: math.fsum(starmap(term, _pairs(array_x, array_y)))
    )


@worksheet("PROB", kinds="range range number number")
def prob(x_range: Rows, prob_range: Rows, lower_limit: float, upper_limit: float | None = None) -> float:
    """Return the probability that values lie between two limits, or equal the one limit given."""
    pairs = _pairs(x_range, prob_range)
    if any(not 0 < chance <= 1 for _, chance in pairs) or abs(math.fsum(chance for _, chance in pairs) - 1) > 1e-7:
        raise number_fault("the probabilities must be above 0, at most 1, and sum to 1")
    upper = lower_limit if upper_limit is None else upper_limit
    return math.fsum(chance for x, chance in pairs if lower_limit <= x <= upper)


@worksheet("PERMUTATIONA", kinds="number number")
def permutationa(number: float, number_chosen: float) -> float:
    """Return the number of arrangements with repetition: ``number ** number_chosen``."""
    objects, chosen = int(number), int(number_chosen)
    if objects < 0 or chosen < 0:
        raise number_fault("number and number_chosen must not be below 0")
    return float(objects) ** chosen


@worksheet("MULTINOMIAL", kinds="range*")
def multinomial(*numbers: Rows) -> float:
    """Return the factorial of a sum divided by the factorials of its parts; a boolean is refused."""
    parts = [_count(cell) for rows in numbers for cell in cells_of(rows)]
    total = sum(parts)
    if total > 1000:
        return math.exp(math.lgamma(total + 1) - math.fsum(math.lgamma(part + 1) for part in parts))
    result, so_far = 1, 0
    for part in parts:
        so_far += part
        result *= math.comb(so_far, part)
    return float(result)


def _count(cell: Any) -> int:
    part = int(to_strict(cell))
    if part < 0:
        raise number_fault(f"{part} must not be below 0")
    return part


#: Excel's whole numbers end below this.
_LIMIT = 2**53


def _wholes(ranges: tuple[Rows, ...]) -> list[int]:
    """Return the numbers cut off to whole ones; blank cells are left out, only blank cells count as one 0."""
    found = []
    for rows in ranges:
        for cell in cells_of(rows):
            if cell is None:
                continue
            number = to_strict(cell)
            if not 0 <= number < _LIMIT:
                raise number_fault(f"{number:.15g} must lie between 0 and 2^53")
            found.append(int(number))
    return found or [0]


@worksheet("GCD", kinds="range*")
def gcd(*numbers: Rows) -> int:
    """Return the greatest common divisor."""
    return math.gcd(*_wholes(numbers))


@worksheet("LCM", kinds="range*")
def lcm(*numbers: Rows) -> int:
    """Return the least common multiple."""
    result = math.lcm(*_wholes(numbers))
    if result >= _LIMIT:
        raise number_fault("the least common multiple is 2^53 or more")
    return result
