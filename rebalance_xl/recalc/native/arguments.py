"""Worksheet values as the arguments of a native function, the way Excel converts them.

Each argument has a kind: ``number`` (text that reads as a number counts, TRUE is 1, a blank is 0), ``strict`` (the
same, but TRUE and FALSE are refused, as the functions of the former Analysis ToolPak do), ``integer`` and ``whole``
(number and strict, cut off towards zero), ``day`` and ``date`` (integer and whole, shifted to the 1900 system),
``text``, ``flag``, ``any`` (one value as it is, errors too), ``cells`` (one value or an array, as rows) and ``range``
(rows of values as they are).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from rebalance_xl.cells import MISSING, NA, CellError, is_range
from rebalance_xl.recalc.native.faults import Fault, value_fault
from rebalance_xl.recalc.native.reading import typed_number

Rows = list[list[Any]]

KINDS: Final = ("number", "strict", "integer", "whole", "day", "date", "text", "flag", "any", "cells", "range")
#: No function makes an array of more cells than this (twice the rows of a sheet).
MOST_CELLS: Final = 2_097_152
#: What a left-out argument without a default counts as, by kind.
_LEFT_OUT: Final[dict[str, Any]] = {"text": "", "flag": False, "any": None, "integer": 0}


def to_number(value: Any) -> float:
    """Return a worksheet value as a number: text that reads as one counts, TRUE is 1, a blank is 0.

    Raises
    ------
    Fault
        The error that the value is, or ``#VALUE!`` for other text.
    """
    if value.__class__ is float:
        return float(value)
    if value is None or value is MISSING:
        return 0.0
    if isinstance(value, bool | int | float):
        return float(value)
    if isinstance(value, CellError):
        raise Fault(value.code, value.reason)
    if isinstance(value, str):
        number = typed_number(value)
        if number is not None:
            return number
    raise value_fault(f"{value!r} is no number")


def to_strict(value: Any) -> float:
    """Return a worksheet value as a number, refusing TRUE and FALSE (``#VALUE!``)."""
    if isinstance(value, bool):
        raise value_fault("TRUE and FALSE are no numbers here")
    return to_number(value)


def to_integer(value: Any) -> int:
    """Return a worksheet value as a number cut off towards zero."""
    return _cut(to_number(value))


def to_whole(value: Any) -> int:
    """Return a worksheet value as a number cut off towards zero, refusing TRUE and FALSE."""
    return _cut(to_strict(value))


def _cut(number: float) -> int:
    if not math.isfinite(number):
        raise Fault("#NUM!", f"{number} has no whole part")
    return int(number)


def to_text(value: Any) -> str:
    """Return a worksheet value as text, numbers in General format."""
    if isinstance(value, str):
        return value
    if value is None or value is MISSING:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, CellError):
        raise Fault(value.code, value.reason)
    return general(float(value))


def to_flag(value: Any) -> bool:
    """Return a worksheet value as TRUE or FALSE; the words count in any case, other text is ``#VALUE!``."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        word = value.strip().upper()
        if word in ("TRUE", "FALSE"):
            return word == "TRUE"
        raise value_fault(f"{value!r} is neither TRUE nor FALSE")
    return to_number(value) != 0.0


def to_rows(value: Any) -> Rows:
    """Return a range, or a single value, as rows of cells; nothing at all is one blank cell."""
    if isinstance(value, list | tuple) and (not value or (is_range(value[0]) and not value[0])):
        return [[None]]
    if isinstance(value, list):
        return value if isinstance(value[0], list) else [[cell] for cell in value]
    if isinstance(value, tuple):
        return [list(row) if is_range(row) else [row] for row in value]
    return [[None if value is MISSING else value]]


_CONVERT: Final[dict[str, Callable[[Any], Any]]] = {
    "number": to_number,
    "strict": to_strict,
    "integer": to_integer,
    "whole": to_whole,
    "text": to_text,
    "flag": to_flag,
    "any": lambda value: value,
    "cells": to_rows,
    "range": to_rows,
}


def convert(kind: str, value: Any, date_offset: int) -> Any:
    """Return a worksheet value as the kind of argument a native function declares."""
    if kind == "date":
        return to_whole(value) + date_offset
    if kind == "day":
        return to_integer(value) + date_offset
    return _CONVERT[kind](value)


def left_out(kind: str) -> Any:
    """Return what a left-out argument without a default counts as; the ToolPak functions refuse it (#N/A)."""
    if kind in ("strict", "whole", "date"):
        raise Fault("#N/A", "a required argument is left out")
    return [[None]] if kind in ("range", "cells") else _LEFT_OUT.get(kind, 0.0)


def general(number: float) -> str:
    """Return a number as Excel shows it in General format with no limit of width.

    >>> general(0.1 + 0.2), general(1e21), general(123456789012), general(1e-10)
    ('0.3', '1E+21', '123456789012', '1E-10')
    """
    if number == 0:
        return "0"
    digits, _, exponent_text = f"{number:.14e}".partition("e")
    exponent = int(exponent_text)
    if -5 <= exponent <= 20 and not (exponent < -4 and len(digits.rstrip("0")) > 6):
        text = f"{number:.{max(0, 14 - exponent)}f}"
        if exponent > 14:
            text = str(round(float(f"{number:.14e}")))
        return text.rstrip("0").rstrip(".") if "." in text else text
    return f"{digits.rstrip('0').rstrip('.')}E{'-' if exponent < 0 else '+'}{abs(exponent):02d}"


def cells_of(rows: Sequence[Sequence[Any]]) -> Iterator[Any]:
    """Yield the cells of a range, row by row."""
    for row in rows:
        yield from row


def numbers_of(rows: Sequence[Sequence[Any]]) -> list[float]:
    """Return the numbers of a range; blanks, text and booleans are left out, an error ends the function."""
    found: list[float] = []
    for cell in cells_of(rows):
        if cell.__class__ is float:
            found.append(cell)
        elif isinstance(cell, CellError):
            raise Fault(cell.code, cell.reason)
        elif isinstance(cell, int) and not isinstance(cell, bool):
            found.append(float(cell))
    return found


def alike(arrays: Sequence[Rows]) -> list[Rows]:
    """Return arrays as large as each other: a single row or column is repeated, cells that one has not are #N/A.

    >>> [[cell for cell in row] for row in alike([[[1.0], [2.0]], [[3.0, 4.0]]])[1]]
    [[3.0, 4.0], [3.0, 4.0]]
    """
    height, width = max(map(len, arrays)), max(len(rows[0]) for rows in arrays)
    found = []
    for rows in arrays:
        wide = [[*row * (width if len(row) == 1 else 1), *[NA] * (width - len(row))][:width] for row in rows]
        found.append(wide * height if len(wide) == 1 else [*wide, *[[NA] * width] * (height - len(wide))])
    return found


def pairs_of(left: Rows, right: Rows) -> list[tuple[float, float]]:
    """Return the pairs of numbers of two ranges with as many cells; a pair with a cell that is no number is left out.

    Raises
    ------
    Fault
        ``#N/A`` when the ranges have not as many cells; an error inside the ranges.
    """
    first, second = list(cells_of(left)), list(cells_of(right))
    if len(first) != len(second):
        raise Fault("#N/A", f"the ranges have {len(first)} and {len(second)} cells; they must be as long")
    found = []
    for a, b in zip(first, second, strict=True):
        for cell in (a, b):
            if isinstance(cell, CellError):
                raise Fault(cell.code, cell.reason)
        if is_number(a) and is_number(b):
            found.append((float(a), float(b)))
    return found


def is_number(cell: Any) -> bool:
    """Tell whether a cell holds a number (a boolean is none)."""
    return isinstance(cell, float | int) and not isinstance(cell, bool)


def matrix_of(rows: Rows) -> list[list[float]]:
    """Return a range as a matrix of numbers; a blank, text or boolean cell is ``#VALUE!``."""
    matrix = []
    for row in rows:
        line = []
        for cell in row:
            if isinstance(cell, CellError):
                raise Fault(cell.code, cell.reason)
            if not is_number(cell):
                raise value_fault("every cell of a matrix must be a number")
            line.append(float(cell))
        matrix.append(line)
    return matrix
