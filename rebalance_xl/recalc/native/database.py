"""Database functions: a table with headers, a field, and criteria whose rows are alternatives."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from rebalance_xl.cells import CellError
from rebalance_xl.recalc.native.arguments import Rows, is_number, to_text
from rebalance_xl.recalc.native.criteria import matcher
from rebalance_xl.recalc.native.faults import Fault, number_fault, value_fault
from rebalance_xl.recalc.native.registry import worksheet


def _label(cell: Any) -> str:
    return "" if isinstance(cell, CellError) else to_text(cell).lower()


def _column(headers: list[Any], field: Rows) -> int:
    """Return the column of a field given by its name or its number from 1."""
    if len(field) != 1 or len(field[0]) != 1:
        raise value_fault("the field must be one value")
    value = field[0][0]
    if isinstance(value, CellError):
        raise Fault(value.code, value.reason)
    if isinstance(value, str):
        for index, header in enumerate(headers):
            if _label(header) == value.lower():
                return index
        raise value_fault(f"the table has no column {value!r}")
    if not is_number(value) or not 1 <= int(value) <= len(headers):
        raise value_fault(f"the field is {value!r}; it must be a column name or a number from 1 to {len(headers)}")
    return int(value) - 1


def _tests(headers: list[Any], criteria: Rows) -> list[list[tuple[int, Callable[[Any], bool]]]]:
    """Return, per row of criteria, the columns and the tests that must all be met."""
    labels = [_label(header) for header in headers]
    alternatives = []
    for row in criteria[1:]:
        tests: list[tuple[int, Callable[[Any], bool]]] = []
        for name, criterion in zip(criteria[0], row, strict=False):
            if criterion is None or criterion == "":
                continue
            label = _label(name)
            if label and label in labels:
                tests.append((labels.index(label), matcher(criterion, begins=True)))
            elif criterion is not True:
                tests.append((0, lambda cell: False))
        alternatives.append(tests)
    return alternatives


def matching_rows(database: Rows, criteria: Rows) -> list[list[Any]]:
    """Return the rows of a table that meet the criteria."""
    if len(database) < 2 or len(criteria) < 2:
        raise value_fault("the table and the criteria need a header and at least one row")
    alternatives = _tests(database[0], criteria)
    return [
        row for row in database[1:] if any(all(test(row[column]) for column, test in tests) for tests in alternatives)
    ]


def matching_cells(database: Rows, field: Rows, criteria: Rows) -> list[Any]:
    """Return the cells of a field in the rows that meet the criteria."""
    column = _column(database[0], field)
    return [row[column] for row in matching_rows(database, criteria)]


def _numbers(database: Rows, field: Rows, criteria: Rows) -> list[float]:
    found = []
    for cell in matching_cells(database, field, criteria):
        if isinstance(cell, CellError):
            raise Fault(cell.code, cell.reason)
        if is_number(cell):
            found.append(float(cell))
    return found


@worksheet("DSUM", kinds="range range range", override=True)
def dsum(database: Rows, field: Rows, criteria: Rows) -> float:
    """Return the sum of the matching numbers."""
    return math.fsum(_numbers(database, field, criteria))


@worksheet("DAVERAGE", kinds="range range range", override=True)
def daverage(database: Rows, field: Rows, criteria: Rows) -> float:
    """Return the mean of the matching numbers; #DIV/0! without any."""
    numbers = _numbers(database, field, criteria)
    return math.fsum(numbers) / len(numbers)


@worksheet("DMAX", kinds="range range range", override=True)
def dmax(database: Rows, field: Rows, criteria: Rows) -> float:
    """Return the largest matching number, 0 without any."""
    return max(_numbers(database, field, criteria), default=0.0)


@worksheet("DMIN", kinds="range range range", override=True)
def dmin(database: Rows, field: Rows, criteria: Rows) -> float:
    """Return the smallest matching number, 0 without any."""
    return min(_numbers(database, field, criteria), default=0.0)


@worksheet("DPRODUCT", kinds="range range range", override=True)
def dproduct(database: Rows, field: Rows, criteria: Rows) -> float:
    """Return the product of the matching numbers, 0 without any."""
    numbers = _numbers(database, field, criteria)
    return math.prod(numbers) if numbers else 0.0


@worksheet("DCOUNT", kinds="range range range", override=True)
def dcount(database: Rows, field: Rows, criteria: Rows) -> int:
    """Return how many matching cells hold numbers; without a field, how many rows match."""
    if field == [[0.0]] or field == [[None]]:
        return len(matching_rows(database, criteria))
    return sum(1 for cell in matching_cells(database, field, criteria) if is_number(cell))


@worksheet("DCOUNTA", kinds="range range range", override=True)
def dcounta(database: Rows, field: Rows, criteria: Rows) -> int:
    """Return how many matching cells are not blank; without a field, how many rows match."""
    if field == [[0.0]] or field == [[None]]:
        return len(matching_rows(database, criteria))
    return sum(1 for cell in matching_cells(database, field, criteria) if cell is not None)


@worksheet("DGET", kinds="range range range", override=True)
def dget(database: Rows, field: Rows, criteria: Rows) -> Any:
    """Return the one matching cell; #VALUE! without any, #NUM! for several."""
    cells = matching_cells(database, field, criteria)
    if not cells:
        raise value_fault("no row meets the criteria")
    if len(cells) > 1:
        raise number_fault(f"{len(cells)} rows meet the criteria")
    return 0.0 if cells[0] is None else cells[0]


def _variance(numbers: list[float], degrees: int) -> float:
    mean = math.fsum(numbers) / len(numbers)
    return math.fsum((number - mean) ** 2 for number in numbers) / degrees


@worksheet("DVAR", kinds="range range range", override=True)
def dvar(database: Rows, field: Rows, criteria: Rows) -> float:
    """Return the variance of the matching numbers as a sample."""
    numbers = _numbers(database, field, criteria)
    return _variance(numbers, len(numbers) - 1)


@worksheet("DVARP", kinds="range range range", override=True)
def dvarp(database: Rows, field: Rows, criteria: Rows) -> float:
    """Return the variance of the matching numbers as a population."""
    numbers = _numbers(database, field, criteria)
    return _variance(numbers, len(numbers))


@worksheet("DSTDEV", kinds="range range range", override=True)
def dstdev(database: Rows, field: Rows, criteria: Rows) -> float:
    """Return the standard deviation of the matching numbers as a sample."""
    return math.sqrt(dvar(database, field, criteria))


@worksheet("DSTDEVP", kinds="range range range", override=True)
def dstdevp(database: Rows, field: Rows, criteria: Rows) -> float:
    """Return the standard deviation of the matching numbers as a population."""
    return math.sqrt(dvarp(database, field, criteria))
