"""AGGREGATE with four and more arguments: order statistics over arrays, and several ranges, errors left out."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

from rebalance_xl.cells import CellError
from rebalance_xl.recalc.native.arguments import Rows, cells_of, is_number, to_number
from rebalance_xl.recalc.native.faults import Fault, number_fault, value_fault
from rebalance_xl.recalc.native.registry import worksheet

Numbers = list[float]


def _variance(numbers: Numbers, degrees: int) -> float:
    mean = math.fsum(numbers) / len(numbers)
    return math.fsum((number - mean) ** 2 for number in numbers) / degrees


def _mode(numbers: Numbers) -> float:
    counts = Counter(numbers)
    best = max(counts.values(), default=0)
    if best < 2:
        raise Fault("#N/A", "no number occurs twice")
    return next(number for number in numbers if counts[number] == best)


def percentile(numbers: Numbers, part: float, exclusive: bool) -> float:
    """Return the number below which a part of the numbers lies, between two of them in proportion."""
    count = len(numbers)
    place = part * (count + 1) - 1 if exclusive else part * (count - 1)
    if not numbers or not 0 <= part <= 1 or not 0 <= place <= count - 1:
        raise number_fault(f"{part:.10g} is outside the range of {count} numbers")
    ordered = sorted(numbers)
    low = math.floor(place)
    high = min(low + 1, count - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def _median(numbers: Numbers) -> float:
    return percentile(numbers, 0.5, exclusive=False)


_OVER_NUMBERS: Final[dict[int, Callable[[Numbers], float]]] = {
    1: lambda numbers: math.fsum(numbers) / len(numbers),
    2: lambda numbers: float(len(numbers)),
    4: lambda numbers: max(numbers, default=0.0),
    5: lambda numbers: min(numbers, default=0.0),
    6: lambda numbers: math.prod(numbers) if numbers else 0.0,
    7: lambda numbers: math.sqrt(_variance(numbers, len(numbers) - 1)),
    8: lambda numbers: math.sqrt(_variance(numbers, len(numbers))),
    9: math.fsum,
    10: lambda numbers: _variance(numbers, len(numbers) - 1),
    11: lambda numbers: _variance(numbers, len(numbers)),
    12: _median,
    13: _mode,
}


def nth(numbers: Numbers, k: float, largest: bool) -> float:
    """Return the k-th largest or smallest number."""
    place = math.ceil(k) if largest else int(k)
    if not 1 <= place <= len(numbers):
        raise number_fault(f"k is {k:.10g}, there are {len(numbers)} numbers")
    return sorted(numbers, reverse=largest)[place - 1]


_WITH_K: Final[dict[int, Callable[[Numbers, float], float]]] = {
    14: lambda numbers, k: nth(numbers, k, True),
    15: lambda numbers, k: nth(numbers, k, False),
    16: lambda numbers, k: percentile(numbers, k, False),
    17: lambda numbers, k: percentile(numbers, int(k) / 4, False),
    18: lambda numbers, k: percentile(numbers, k, True),
    19: lambda numbers, k: percentile(numbers, int(k) / 4, True),
}


@worksheet("RXL.AGGREGATE", kinds="integer integer range range*", needs=3)
def aggregate(function_num: int, options: int, array: Rows, *more: Rows) -> float:
    """Return an aggregate; options 2, 3, 6 and 7 leave errors out (hidden rows are left out before)."""
    if not 0 <= options <= 7 or not 1 <= function_num <= 19:
        raise value_fault(f"function_num is {function_num}, options {options}; they go to 19 and 7")
    tolerant = options in (2, 3, 6, 7)
    if function_num >= 14:
        if len(more) != 1:
            raise value_fault("k is needed")
        cell: Any = next(cells_of(more[0]))
        return _WITH_K[function_num](_numbers(cells_of(array), tolerant), to_number(cell))
    cells = [cell for rows in (array, *more) for cell in cells_of(rows)]
    if function_num == 3:
        return float(sum(1 for cell in cells if cell is not None and not (tolerant and isinstance(cell, CellError))))
    return _OVER_NUMBERS[function_num](_numbers(iter(cells), tolerant or function_num == 2))


def _numbers(cells: Any, tolerant: bool) -> Numbers:
    found = []
    for cell in cells:
        if isinstance(cell, CellError) and not tolerant:
            raise Fault(cell.code, cell.reason)
        if is_number(cell):
            found.append(float(cell))
    return found
