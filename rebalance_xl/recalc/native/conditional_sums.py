"""Sums and means of the cells that meet criteria, in ranges that hold errors: an error that is met is the answer.

The engine leaves such errors out; these functions answer when the range to be summed holds one.
"""

from __future__ import annotations

import math
from typing import Any

from rebalance_xl.cells import CellError
from rebalance_xl.recalc.native.arguments import Rows, cells_of, is_number
from rebalance_xl.recalc.native.criteria import matcher, plain_criterion
from rebalance_xl.recalc.native.faults import Fault, value_fault
from rebalance_xl.recalc.native.registry import worksheet


def _meeting(cells: list[Any], conditions: tuple[Rows, ...]) -> list[bool]:
    """Say of each cell whether its row meets every pair of a range and a criterion."""
    if len(conditions) % 2:
        raise value_fault("ranges and criteria come in pairs")
    kept = [True] * len(cells)
    for index in range(0, len(conditions), 2):
        tested = list(cells_of(conditions[index]))
        if len(tested) != len(cells):
            raise value_fault(f"the ranges have {len(cells)} and {len(tested)} cells; they must be as large")
        meets = matcher(next(cells_of(conditions[index + 1])))
        kept = [keep and meets(cell) for keep, cell in zip(kept, tested, strict=True)]
    return kept


def _met(summed: Rows, conditions: tuple[Rows, ...]) -> list[float]:
    """Return the numbers whose rows meet every pair of a range and a criterion; an error among them ends it."""
    cells = list(cells_of(summed))
    return _numbers(cells, _meeting(cells, conditions))


def _numbers(cells: list[Any], kept: list[bool]) -> list[float]:
    found = []
    for keep, cell in zip(kept, cells, strict=False):
        if keep and isinstance(cell, CellError):
            raise Fault(cell.code, cell.reason)
        if keep and is_number(cell):
            found.append(float(cell))
    return found


def _met_one(tested: Rows, criterion: Any, summed: Rows) -> list[float]:
    meets = matcher(criterion)
    return _numbers(list(cells_of(summed)), [meets(cell) for cell in cells_of(tested)])


@worksheet("RXL.COUNTIFS", kinds="range range*")
def countifs(range_: Rows, *conditions: Rows) -> float:
    """Return how many cells meet every criterion; an error as a criterion counts such errors."""
    return float(sum(_meeting(list(cells_of(range_)), (range_, *conditions))))


@worksheet("RXL.SUMIFS", kinds="range range*")
def sumifs(sum_range: Rows, *conditions: Rows) -> float:
    """Return the sum of the numbers that meet every criterion."""
    return math.fsum(_met(sum_range, conditions))


@worksheet("RXL.AVERAGEIFS", kinds="range range*")
def averageifs(average_range: Rows, *conditions: Rows) -> float:
    """Return the mean of the numbers that meet every criterion; #DIV/0! without any."""
    numbers = _met(average_range, conditions)
    return math.fsum(numbers) / len(numbers)


@worksheet("RXL.MAXIFS", kinds="range range*")
def maxifs(max_range: Rows, *conditions: Rows) -> float:
    """Return the largest number that meets every criterion, 0 without any."""
    return max(_met(max_range, conditions), default=0.0)


@worksheet("RXL.MINIFS", kinds="range range*")
def minifs(min_range: Rows, *conditions: Rows) -> float:
    """Return the smallest number that meets every criterion, 0 without any."""
    return min(_met(min_range, conditions), default=0.0)


@worksheet("RXL.SUMIF", kinds="range any range")
def sumif(range_: Rows, criterion: Any, sum_range: Rows) -> float:
    """Return the sum of the numbers beside the cells that meet a criterion."""
    return math.fsum(_met_one(range_, criterion, sum_range))


@worksheet("RXL.AVERAGEIF", kinds="range any range")
def averageif(range_: Rows, criterion: Any, average_range: Rows) -> float:
    """Return the mean of the numbers beside the cells that meet a criterion; #DIV/0! without any."""
    numbers = _met_one(range_, criterion, average_range)
    return math.fsum(numbers) / len(numbers)


@worksheet("RXL.CRITERION", kinds="any")
def criterion(criterion: Any) -> Any:
    """Return a criterion as the engine reads it: the number that a text stands for, quotation marks as they are."""
    return plain_criterion(criterion) if isinstance(criterion, str) else criterion
