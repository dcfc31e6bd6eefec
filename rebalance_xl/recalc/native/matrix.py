"""Matrix functions: product, inverse, determinant, unit matrix."""

from __future__ import annotations

import math

from rebalance_xl.recalc.native.arguments import MOST_CELLS, Rows, matrix_of
from rebalance_xl.recalc.native.faults import number_fault, value_fault
from rebalance_xl.recalc.native.registry import worksheet

Matrix = list[list[float]]


@worksheet("MMULT", kinds="range range")
def mmult(left: Rows, right: Rows) -> Matrix:
    """Return the product of two matrices: as many rows as the left one, as many columns as the right one."""
    a, b = matrix_of(left), matrix_of(right)
    if len(a[0]) != len(b):
        raise value_fault(f"the left matrix has {len(a[0])} columns, the right one {len(b)} rows; they must be equal")
    columns = list(zip(*b, strict=True))
    return [[sum(x * y for x, y in zip(row, column, strict=True)) for column in columns] for row in a]


@worksheet("MINVERSE", kinds="range")
def minverse(array: Rows) -> Matrix:
    """Return the inverse of a square matrix; #NUM! when it has none."""
    matrix = _square(array)
    size = len(matrix)
    work = [[*row, *(1.0 if i == j else 0.0 for j in range(size))] for i, row in enumerate(matrix)]
    if not _eliminate(work, size, above=True):
        raise number_fault("the matrix is singular: it has no inverse")
    return [row[size:] for row in work]


@worksheet("MDETERM", kinds="range")
def mdeterm(array: Rows) -> float:
    """Return the determinant of a square matrix."""
    work = [list(row) for row in _square(array)]
    return _determinant(work)


@worksheet("MUNIT", kinds="number")
def munit(dimension: float) -> Matrix:
    """Return the unit matrix of a dimension of at least 1."""
    if not 1 <= dimension <= math.isqrt(MOST_CELLS):
        raise value_fault(f"the dimension is {dimension:.10g}; it must be 1 or more, and not too large")
    size = int(dimension)
    return [[1.0 if i == j else 0.0 for j in range(size)] for i in range(size)]


def _square(array: Rows) -> Matrix:
    matrix = matrix_of(array)
    if any(len(row) != len(matrix) for row in matrix):
        raise value_fault(f"the matrix has {len(matrix)} rows and {len(matrix[0])} columns; it must be square")
    return matrix


def _pivot(work: Matrix, column: int) -> int:
    """Return the row whose entry in the column is largest, from the diagonal down."""
    return max(range(column, len(work)), key=lambda row: abs(work[row][column]))


def _eliminate(work: Matrix, size: int, above: bool) -> bool:
    """Reduce the left part to the unit matrix, in place; False when it is singular."""
    for column in range(size):
        best = _pivot(work, column)
        if work[best][column] == 0.0:
            return False
        work[column], work[best] = work[best], work[column]
        pivot = work[column][column]
        work[column] = [entry / pivot for entry in work[column]]
        for row in range(size):
            factor = work[row][column]
            if row != column and factor != 0.0 and (above or row > column):
                work[row] = [x - factor * y for x, y in zip(work[row], work[column], strict=True)]
    return True


def _determinant(work: Matrix) -> float:
    result = 1.0
    for column in range(len(work)):
        best = _pivot(work, column)
        if work[best][column] == 0.0:
            return 0.0
        if best != column:
            work[column], work[best] = work[best], work[column]
            result = -result
        result *= work[column][column]
        for row in range(column + 1, len(work)):
            factor = work[row][column] / work[column][column]
            work[row] = [x - factor * y for x, y in zip(work[row], work[column], strict=True)]
    return result
