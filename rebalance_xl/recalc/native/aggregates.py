"""Totals, means and the like of some of the cells: AGGREGATE over arrays, the database functions, SUMIFS and friends.

Each of these is a way to choose cells and one of the :data:`AGGREGATES`. The engine answers AGGREGATE over ranges, and
SUMIFS and friends where the cells to be summed hold no errors, which it passes over.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from functools import partial, reduce
from itertools import chain, compress, pairwise
from operator import add
from statistics import multimode
from typing import Any, Final

from ...cells import MISSING, CellError
from .arguments import Rows, cells_of, is_number, no_error, numbers_of, to_number, to_text
from .criteria import matcher, plain_criterion
from .faults import Fault, number_fault, undecided_fault, value_fault
from .reading import in_1904
from .registry import worksheet

Numbers = list[float]


def _mean(numbers: Numbers) -> float:
    return math.fsum(numbers) / len(numbers)


def _variance(numbers: Numbers, degrees: int) -> float:
    mean = _mean(numbers)
    return math.fsum((number - mean) ** 2 for number in numbers) / degrees


def _modes(numbers: Numbers) -> Numbers:
    """Return the commonest numbers in the order in which they come; #N/A when none comes twice."""
    if len({*numbers}) == len(numbers):
        raise Fault("#N/A", "no number comes more than once")
    return multimode(numbers)


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


def _nth(numbers: Numbers, k: float, largest: bool) -> float:
    place = math.ceil(k) if largest else int(k)
    if not 1 <= place <= len(numbers):
        raise number_fault(f"k is {k:.10g}, there are {len(numbers)} numbers")
    return sorted(numbers, reverse=largest)[place - 1]


def _of(function: Callable[[Numbers], float]) -> Callable[[list[Any]], float]:
    """Return a function of the numbers among cells."""
    return lambda cells: function(numbers_of([cells]))


#: In the order of AGGREGATE's numbers from 1; a division by no number at all is #DIV/0!.
AGGREGATES: Final[dict[str, Callable[[list[Any]], float]]] = {
    "AVERAGE": _of(_mean),
    "COUNT": lambda cells: float(sum(map(is_number, cells))),
    "COUNTA": lambda cells: float(len(cells) - cells.count(None)),
    "MAX": _of(lambda numbers: max(numbers, default=0.0)),
    "MIN": _of(lambda numbers: min(numbers, default=0.0)),
    "PRODUCT": _of(lambda numbers: math.prod(numbers) if numbers else 0.0),
    "STDEV": _of(lambda numbers: math.sqrt(_variance(numbers, len(numbers) - 1))),
    "STDEVP": _of(lambda numbers: math.sqrt(_variance(numbers, len(numbers)))),
    "SUM": _of(math.fsum),
    "VAR": _of(lambda numbers: _variance(numbers, len(numbers) - 1)),
    "VARP": _of(lambda numbers: _variance(numbers, len(numbers))),
    "MEDIAN": _of(lambda numbers: percentile(numbers, 0.5, exclusive=False)),
    "MODE": _of(lambda numbers: _modes(numbers)[0]),
}
#: The same from 14 on.
_WITH_K: Final[tuple[Callable[[Numbers, float], float], ...]] = (
    lambda numbers, k: _nth(numbers, k, True),
    lambda numbers, k: _nth(numbers, k, False),
    lambda numbers, k: percentile(numbers, k, False),
    lambda numbers, k: percentile(numbers, int(k) / 4, False),
    lambda numbers, k: percentile(numbers, k, True),
    lambda numbers, k: percentile(numbers, int(k) / 4, True),
)


@worksheet("RXL.AGGREGATE", kinds="integer integer range any=MISSING")
def aggregate(function_num: int, options: int, array: Rows, k: Any) -> float:
    """Return an aggregate; options 2, 3, 6 and 7 leave errors out (hidden rows are left out before)."""
    if not 0 <= options <= 7 or not 1 <= function_num <= 19:
        raise value_fault(f"function_num is {function_num}, options {options}; they go to 19 and 7")
    cells = list(cells_of(array))
    if options in (2, 3, 6, 7):
        cells = [cell for cell in cells if not isinstance(cell, CellError)]
    if function_num > len(AGGREGATES):
        if k is MISSING:
            raise value_fault("k is needed")
        return _WITH_K[function_num - 1 - len(AGGREGATES)](numbers_of([cells]), to_number(k))
    if k is not MISSING:
        raise undecided_fault("a total of several ranges whose function is computed")
    return list(AGGREGATES.values())[function_num - 1](cells)


worksheet("MODE", "MODE.SNGL", kinds="range*")(lambda *ranges: _modes(numbers_of([*chain(*ranges)]))[0])
worksheet("MODE.MULT", kinds="range*")(lambda *ranges: [[number] for number in _modes(numbers_of([*chain(*ranges)]))])


def _label(cell: Any) -> str:
    return "" if isinstance(cell, CellError) else to_text(cell).lower()


def _column(labels: list[str], field: Rows) -> int:
    """Return the column of a field given by its name or its number from 1."""
    value: Any = no_error(field[0][0]) if len(field) == len(field[0]) == 1 else None
    if isinstance(value, str) and value.lower() in labels:
        return labels.index(value.lower())
    if not is_number(value) or not 1 <= int(value) <= len(labels):
        raise value_fault(f"the field is {value!r}; it must be a column's name or one number from 1 to {len(labels)}")
    return int(value) - 1


def _matching(database: Rows, field: Rows, criteria: Rows) -> list[Any]:
    """Return the cells of a field in the rows that meet every criterion of any row of the criteria."""
    labels = list(map(_label, database[0]))
    column = _column(labels, field)
    if len(database) < 2 or len(criteria) < 2:
        raise value_fault("the table and the criteria need a header and at least one row")
    alternatives = []
    for row in criteria[1:]:
        tests: list[tuple[int, Callable[[Any], bool]]] = []
        for name, criterion in zip(map(_label, criteria[0]), row, strict=False):
            if criterion is None or criterion == "":
                continue
            if name and name in labels:
                tests.append((labels.index(name), matcher(criterion, begins=True)))
            elif criterion is not True:
                tests.append((0, lambda cell: False))
        alternatives.append(tests)
    rows = (row for row in database[1:] if any(all(test(row[at]) for at, test in tests) for tests in alternatives))
    return [row[column] for row in rows]


def _of_database(name: str, database: Rows, field: Rows, criteria: Rows) -> float:
    if name.startswith("COUNT") and field in ([[0.0]], [[None]]):  # without a field rows count, whatever they hold
        return len(_matching([["", *row] for row in database], [[1.0]], criteria))
    return AGGREGATES[name](_matching(database, field, criteria))


for _name in list(AGGREGATES)[:11]:
    worksheet(f"D{_name}", kinds="range range range")(partial(_of_database, _name))


@worksheet("DGET", kinds="range range range")
def dget(database: Rows, field: Rows, criteria: Rows) -> Any:
    """Return the one matching cell; #VALUE! without any, #NUM! for several."""
    cells = _matching(database, field, criteria)
    if not cells:
        raise value_fault("no row meets the criteria")
    if len(cells) > 1:
        raise number_fault(f"{len(cells)} rows meet the criteria")
    return 0.0 if cells[0] is None else cells[0]


def _meeting(size: int, conditions: Sequence[Rows]) -> list[bool]:
    """Say of each cell whether its row meets every pair of a range and a criterion."""
    if len(conditions) % 2:
        raise value_fault("ranges and criteria come in pairs")
    kept = [True] * size
    for tested, criterion in zip(conditions[::2], conditions[1::2], strict=True):
        cells = list(cells_of(tested))
        if len(cells) != size:
            raise value_fault(f"the ranges have {size} and {len(cells)} cells; they must be as large")
        meets = matcher(next(cells_of(criterion)))
        kept = [keep and meets(cell) for keep, cell in zip(kept, cells, strict=True)]
    return kept


def _sum(numbers: Numbers) -> float:
    """Add one number after the other, as the engine does for columns: equal totals are equal to the last bit."""
    return reduce(add, numbers, 0.0)


_OF_SOME: Final = {**AGGREGATES, "SUM": _of(_sum), "AVERAGE": _of(lambda numbers: _sum(numbers) / len(numbers))}


def _of_kept(name: str, summed: Rows, kept: Iterable[bool]) -> float:
    return _OF_SOME[name](list(compress(cells_of(summed), kept)))


for _name in ("SUM", "AVERAGE", "MAX", "MIN"):
    worksheet(f"RXL.{_name}IFS", kinds="range range*")(
        lambda summed, *conditions, name=_name: _of_kept(name, summed, _meeting(sum(map(len, summed)), conditions))
    )
for _name in ("SUM", "AVERAGE"):
    worksheet(f"RXL.{_name}IF", kinds="range any range")(
        lambda tested, criterion, summed, *, name=_name: _of_kept(
            name, summed, map(matcher(criterion), cells_of(tested))
        )
    )


#: How many cells meet every criterion; an error as a criterion counts such errors.
worksheet("RXL.COUNTIFS", kinds="range range*")(lambda *given: sum(_meeting(sum(map(len, given[0])), given)))


@worksheet("FREQUENCY", kinds="range range")
def frequency(data: Rows, bins: Rows) -> Rows:
    """Return how many numbers lie up to each bound and above the one below it, in the order of the bounds."""
    numbers, bounds = sorted(numbers_of(data)), numbers_of(bins)
    order = sorted(range(len(bounds)), key=bounds.__getitem__)
    ends = [0, *(bisect_right(numbers, bounds[place]) for place in order), len(numbers)]
    counts = dict(zip([*order, len(bounds)], (float(end - start) for start, end in pairwise(ends)), strict=True))
    return [[counts[place]] for place in range(len(bounds) + 1)]


@worksheet("RXL.CRITERION", kinds="any", dated=True)
def criterion_(given: Any, *, date_offset: int = 0) -> Any:
    """Return a criterion as the engine reads it: numbers in texts plainly, dates in the workbook's own system."""
    if isinstance(given, str) and date_offset:
        operand = given.lstrip("<>=")
        given = f"{given[: len(given) - len(operand)]}{in_1904(operand)}"
    return plain_criterion(given) if isinstance(given, str) else given
