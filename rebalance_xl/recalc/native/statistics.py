"""The commonest value, probabilities over a table, permutations, multinomial coefficients."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

from rebalance_xl.recalc.native.arguments import Rows, cells_of, numbers_of, pairs_of, to_strict
from rebalance_xl.recalc.native.faults import Fault, number_fault
from rebalance_xl.recalc.native.registry import worksheet


@worksheet("MODE", "MODE.SNGL", kinds="range*", override=True)
def mode(*numbers: Rows) -> float:
    """Return the commonest number, of several as common the first one; #N/A when none comes twice."""
    counted = Counter(number for rows in numbers for number in numbers_of(rows))
    found, times = max(counted.items(), key=lambda item: item[1], default=(0.0, 0))
    if times < 2:
        raise Fault("#N/A", "no number comes more than once")
    return found


@worksheet("MODE.MULT", kinds="range*", override=True)
def modes(*numbers: Rows) -> Rows:
    """Return the commonest numbers as a column, in the order in which they come."""
    counted = Counter(number for rows in numbers for number in numbers_of(rows))
    most = max(counted.values(), default=0)
    if most < 2:
        raise Fault("#N/A", "no number comes more than once")
    return [[number] for number, times in counted.items() if times == most]


@worksheet("PROB", kinds="range range number number")
def prob(x_range: Rows, prob_range: Rows, lower_limit: float, upper_limit: float | None = None) -> float:
    """Return the probability that values lie between two limits, or equal the one limit given."""
    pairs = pairs_of(x_range, prob_range)
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


@worksheet("MULTINOMIAL", kinds="range*", override=True)
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
