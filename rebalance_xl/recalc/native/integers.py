"""Greatest common divisor and least common multiple of numbers and ranges."""

from __future__ import annotations

import math

from rebalance_xl.recalc.native.arguments import Rows, cells_of, to_strict
from rebalance_xl.recalc.native.faults import number_fault
from rebalance_xl.recalc.native.registry import worksheet

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


@worksheet("GCD", kinds="range*", override=True)
def gcd(*numbers: Rows) -> int:
    """Return the greatest common divisor."""
    return math.gcd(*_wholes(numbers))


@worksheet("LCM", kinds="range*", override=True)
def lcm(*numbers: Rows) -> int:
    """Return the least common multiple."""
    result = math.lcm(*_wholes(numbers))
    if result >= _LIMIT:
        raise number_fault("the least common multiple is 2^53 or more")
    return result
