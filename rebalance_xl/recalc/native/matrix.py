"""Matrix functions: product, inverse, determinant, unit matrix."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .arguments import Rows, cells_of, is_number, no_error
from .faults import number_fault, value_fault
from .registry import worksheet

Matrix = NDArray[np.float64]


@worksheet("MMULT", kinds="range range")
def mmult(left: Rows, right: Rows) -> Any:
    """Return the product of two matrices: as many rows as the left one, as many columns as the right one."""
    _refuse_others(left)
    _refuse_others(right)
    columns, rows = len(left[0]), len(right)
    if columns != rows:
        raise value_fault(f"the left matrix has {columns} columns, the right one {rows} rows; they must be equal")
    if len(left) == len(right[0]) == 1:
        total = 0.0
        for number, (other,) in zip(left[0], right, strict=True):
            total += float(number) * other
        return total
    a, b = np.array(left, dtype=float), np.array(right, dtype=float)
    product = np.zeros((a.shape[0], b.shape[1]))
    with np.errstate(all="ignore"):
        for k in range(columns):  # one term after the other: the same bits on every machine, unlike `a @ b`
            product += a[:, k, None] * b[k]
    return product.tolist()


@worksheet("MINVERSE", kinds="range")
def minverse(array: Rows) -> Any:
    """Return the inverse of a square matrix; #NUM! when it has none."""
    matrix = _square(array)
    work = np.hstack([matrix, np.eye(len(matrix))])
    if not _reduced(work):
        raise number_fault("the matrix is singular: it has no inverse")
    return work[:, len(matrix) :].tolist()


#: The determinant of a square matrix.
worksheet("MDETERM", kinds="range")(lambda array: _reduced(_square(array)))
#: The unit matrix.
worksheet("MUNIT", kinds="dimension")(lambda dimension: np.eye(dimension).tolist())


@worksheet("RXL.COLLINEAR", kinds="range range")
def collinear(values: Rows, numbers: Rows) -> bool:
    """Say whether one of several lines of numbers of a regression follows from the others and a constant."""
    if not all(map(is_number, cells_of(numbers))):
        return False
    lines = np.array(numbers, dtype=float)
    lines = lines if lines.shape[0] == sum(map(len, values)) else lines.T
    return bool(np.linalg.matrix_rank(np.insert(lines, 0, 1.0, axis=1)) <= lines.shape[1])


def _refuse_others(rows: Rows) -> None:
    """Refuse a range with a blank, text or boolean cell as ``#VALUE!``."""
    if set(map(type, cells_of(rows))) != {float} and not all(is_number(no_error(cell)) for cell in cells_of(rows)):
        raise value_fault("every cell of a matrix must be a number")


def _square(array: Rows) -> Matrix:
    _refuse_others(array)
    matrix = np.array(array, dtype=float)
    if matrix.shape[0] != matrix.shape[1]:
        raise value_fault(f"the matrix has {matrix.shape[0]} rows and {matrix.shape[1]} columns; it must be square")
    return matrix


def _reduced(work: Matrix) -> float:
    """Turn the square that a matrix begins with into the unit matrix, as far as it goes; return its determinant.

    The largest entry of each column, from the diagonal down, is brought to the diagonal.
    """
    determinant = 1.0
    with np.errstate(all="ignore"):
        for column in range(len(work)):
            best = column + int(abs(work[column:, column]).argmax())
            pivot = float(work[best, column])
            if pivot == 0.0:
                return 0.0
            if best != column:
                work[[column, best]] = work[[best, column]]
                determinant = -determinant
            determinant *= pivot
            work[column] /= pivot
            for others in (work[:column], work[column + 1 :]):
                others -= others[:, column, None] * work[column]
    return determinant
