"""Worksheet values as numbers, texts and rows, and arrays of them; values that a function refuses end it."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from decimal import Decimal
from itertools import chain
from typing import Any, Final

from ...cells import NA, CellError
from .faults import Fault, value_fault
from .reading import typed_number

Rows = list[list[Any]]

#: The operators that compare, as formulas, criteria and number formats write them.
COMPARISONS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    **{"=": operator.eq, "<>": operator.ne, "<": operator.lt, ">": operator.gt, "<=": operator.le, ">=": operator.ge}
}
#: The most characters that the text in a cell may have.
LONGEST: Final = 32_767
#: No function makes an array of more cells than this (twice the rows of a sheet).
MOST_CELLS: Final = 2_097_152


def no_error(value: Any) -> Any:
    """Return a worksheet value; an error ends the function, and is its answer."""
    if isinstance(value, CellError):
        raise Fault(value.code, value.reason)
    return value


def to_number(value: Any) -> float:
    """Return a worksheet value as a number: text has to read as one (else #VALUE!), TRUE is 1, a blank is 0."""
    if value.__class__ is float:
        return float(value)
    if isinstance(no_error(value), str):
        number = typed_number(value)
        if number is None:
            raise value_fault(f"{value!r} is no number")
        return number
    return float(value or 0.0)


def to_strict(value: Any) -> float:
    """Return a worksheet value as a number, refusing TRUE and FALSE (``#VALUE!``)."""
    if isinstance(value, bool):
        raise value_fault("TRUE and FALSE are no numbers here")
    return to_number(value)


def to_text(value: Any) -> str:
    """Return a worksheet value as text, numbers in General format."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return general(float(no_error(value)))


def to_flag(value: Any) -> bool:
    """Return a worksheet value as TRUE or FALSE; the words count in any case, other text is ``#VALUE!``."""
    if isinstance(value, str):
        word = value.strip().upper()
        if word in ("TRUE", "FALSE"):
            return word == "TRUE"
        raise value_fault(f"{value!r} is neither TRUE nor FALSE")
    return to_number(value) != 0.0


def to_rows(value: Any) -> Rows:
    """Return a range, or a single value, as rows of cells; nothing at all is one blank cell."""
    rows: Rows = value if isinstance(value, list) else [[value]]
    return rows if rows and rows[0] else [[None]]


def general(number: float) -> str:
    """Return a number as Excel makes a text of it: 15 digits, an exponent where it would take more than 20 characters.

    Source: what Excel was asked for, as the class NumberToTextConverter of Apache POI lists it.

    >>> general(0.1 + 0.2), general(1e20), general(12345678901234567890), general(1e-18), general(5.67890123456e-8)
    ('0.3', '1E+20', '12345678901234600000', '0.000000000000000001', '5.67890123456E-08')
    """
    if abs(number) < 1e15 and number == int(number):
        return str(int(number))
    exact = Decimal(f"{number:.14e}").normalize()
    if abs(exact.adjusted()) > 98:  # a digit less goes with the longer exponent
        exact = Decimal(f"{number:.13e}").normalize()
    _, digits, exponent = exact.as_tuple()
    return f"{number:.{len(digits) - 1}E}" if exact.adjusted() > 19 or int(exponent) < -18 else f"{exact:f}"


def transposed(rows: Rows) -> Rows:
    """Return rows as columns."""
    return list(map(list, zip(*rows, strict=True)))


#: Gives the cells of a range, row by row.
cells_of = chain.from_iterable


def cells_of_line(rows: Rows) -> list[Any]:
    """Return the cells of one row or one column; #VALUE! for more."""
    if len(rows) > 1 and len(rows[0]) > 1:
        raise value_fault("the array must be one row or one column")
    return list(cells_of(rows))


def numbers_of(rows: Sequence[Sequence[Any]]) -> list[float]:
    """Return the numbers of a range; blanks, text and booleans are left out, an error ends the function."""
    return [float(cell) for cell in cells_of(rows) if cell.__class__ is float or is_number(no_error(cell))]


def alike(arrays: Sequence[Rows]) -> list[Rows]:
    """Return arrays as large as each other: a single row or column is repeated, cells that one has not are #N/A.

    >>> [[cell for cell in row] for row in alike([[[1.0], [2.0]], [[3.0, 4.0]]])[1]]
    [[3.0, 4.0], [3.0, 4.0]]
    """
    height, width = max(map(len, arrays)), max(len(rows[0]) for rows in arrays)
    found = []
    for rows in arrays:
        if len(rows[0]) < width:
            rows = [[*row * (width if len(row) == 1 else 1), *[NA] * (width - len(row))][:width] for row in rows]
        found.append(rows * height if len(rows) == 1 else [*rows, *[[NA] * width] * (height - len(rows))])
    return found


def told_apart(value: Any) -> Any:
    """Return what tells a value from all others: 1 from TRUE, 0 from -0, an error from one with another reason.

    >>> told_apart(1.0) == told_apart(True), told_apart(0.0) == told_apart(-0.0), told_apart("a") == told_apart("a")
    (False, False, True)
    """
    kind = value.__class__
    return value if kind is str or (kind is float and value) else (kind, repr(value))


def each_once(
    arrays: Sequence[Rows], answer: Callable[[list[tuple[Any, ...]]], Sequence[Any]], apart: bool = False
) -> Rows:
    """Return what becomes of the values at each place of some arrays, asked once for the same ones, unless `apart`."""
    grids = alike(arrays)
    columns = [list(cells_of(grid)) for grid in grids]
    values = list(zip(*columns, strict=True))
    keys: Sequence[Any] = range(len(values)) if apart else list(zip(*map(_keys, columns), strict=True))
    different = dict(zip(keys, values, strict=True))
    found = dict(zip(different, answer(list(different.values())), strict=True))
    return list(map(list, zip(*[map(found.__getitem__, keys)] * len(grids[0][0]), strict=True)))


def _keys(cells: list[Any]) -> list[Any]:
    """Return what tells each of some cells from all others; most are told apart by themselves."""
    plain = {*map(type, cells)} <= {str, float, type(None)} and 0.0 not in cells
    return cells if plain else list(map(told_apart, cells))


def is_number(cell: Any) -> bool:
    """Tell whether a cell holds a number (a boolean is none)."""
    return isinstance(cell, float | int) and not isinstance(cell, bool)
