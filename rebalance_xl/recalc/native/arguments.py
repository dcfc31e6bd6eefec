"""Worksheet values as the arguments of a native function: how each kind is converted, and which values it refuses.

A kind of a general name says the type alone: ``number`` (text that reads as a number counts, TRUE is 1, a blank is 0),
``strict`` (the same, but TRUE and FALSE are refused, as the functions of the former Analysis ToolPak do), ``integer``
and ``whole`` (number and strict, cut off towards zero), ``floor`` (cut off downwards), ``day`` and ``date`` (integer
and whole, shifted to the 1900 system), ``text``, ``flag``, ``any`` (one value as it is, errors too), ``cells`` (one
value or an array, as rows) and ``range`` (rows of values as they are). The others are roles in a family of functions,
with their limits.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import chain
from typing import Any, Final

from ...cells import NA, CellError
from .days import parts
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


@dataclass(frozen=True, slots=True)
class Kind:
    """How an argument is read, which values are allowed and how that is said.

    `left_out` gives what counts where there is neither an argument nor a default; `days` says that it is a day, which
    the 1904 system counts from another one, `texts` that texts are taken as they are.
    """

    read: Callable[[Any], Any]
    left_out: Callable[[], Any] = float
    days: bool = False
    texts: bool = False
    allowed: Callable[[Any], object] | None = None
    limits: str = ""
    error: str = "#NUM!"


def _refuse_none() -> Any:
    raise Fault("#N/A", "a required argument is left out")


_NUMBER = Kind(to_number)
_STRICT = Kind(to_strict, left_out=_refuse_none)
_INTEGER = Kind(lambda value: int(to_number(value)), left_out=int)
_WHOLE = Kind(lambda value: int(to_strict(value)), left_out=_refuse_none)
_DATE = replace(_WHOLE, days=True)
_TEXT = Kind(to_text, left_out=str, texts=True)
_FLOOR = Kind(lambda value: math.floor(to_number(value)), left_out=int)

KINDS: Final[dict[str, Kind]] = {
    "number": _NUMBER,
    "strict": _STRICT,
    "integer": _INTEGER,
    "floor": _FLOOR,
    "whole": _WHOLE,
    "day": replace(_INTEGER, days=True),
    "date": _DATE,
    "text": _TEXT,
    "any": Kind(lambda value: value, left_out=lambda: None, texts=True),
    **dict.fromkeys(("flag", "calc_method", "cumulative"), Kind(to_flag, left_out=bool, texts=True)),
    **dict.fromkeys(("cells", "range"), Kind(to_rows, left_out=lambda: [[None]], texts=True)),
}
#: Roles in the families of functions: amounts, securities, distributions, ways of counting. The limits of the second
#: group are those of a #VALUE!.
_ROLES: Final[tuple[tuple[str, Kind, Callable[[Any], object], str], ...]] = (
    ("x amount start_period factor time", _NUMBER, lambda value: value >= 0, "not be below 0"),
    ("positive life", _NUMBER, lambda value: value > 0, "be above 0"),
    ("settlement maturity issue first_coupon first_interest last_interest start_date end_date", _DATE, parts, ""),
    ("pr redemption investment discount par interest cost depreciation", _STRICT, lambda rate: rate > 0, "be above 0"),
    ("rate yld coupon salvage period fraction", _STRICT, lambda value: value >= 0, "not be below 0"),
    ("frequency", _WHOLE, (1, 2, 4).__contains__, "be 1, 2 or 4 coupons a year"),
    ("basis", _WHOLE, range(5).__contains__, "lie between 0 and 4"),
    ("count", _FLOOR, range(10**15 + 1).__contains__, "not be below 0"),
    ("freedom", _INTEGER, range(1, 10**10 + 1).__contains__, "be 1 or more, at most 10^10"),
    ("chance", _NUMBER, lambda value: 0 <= value <= 1, "lie between 0 and 1"),
    ("below_1", _NUMBER, lambda value: 0 <= value < 1, "lie between 0 and below 1"),
    ("above_0", _NUMBER, lambda value: 0 < value <= 1, "lie above 0 and at most at 1"),
    ("between", _NUMBER, lambda value: 0 < value < 1, "lie between 0 and 1"),
    ("natural", _INTEGER, lambda value: value >= 0, "not be below 0"),
    ("year", _FLOOR, range(10_000).__contains__, "lie between 0 and 9999"),
    ("clock", _INTEGER, lambda value: value <= 32_767, "not be above 32767"),
    ("bits", _NUMBER, lambda value: 0 <= value < 2**48 and value == int(value), "be a whole number from 0 to 2^48 - 1"),
    ("shift", _INTEGER, range(-53, 54).__contains__, "lie between -53 and 53"),
    ("wrap_count", _INTEGER, range(1, MOST_CELLS + 1).__contains__, "be 1 or more"),
)
_CHOICES: Final[tuple[tuple[str, Kind, Callable[[Any], object], str], ...]] = (
    ("start_num", _INTEGER, lambda value: value >= 1, "be 1 or more"),
    ("num_chars", _INTEGER, lambda value: value >= 0, "not be below 0"),
    ("instance_num", _FLOOR, bool, "not be 0"),
    ("case_sensitivity match_mode match_end", _NUMBER, (0, 1).__contains__, "be 0 or 1"),
    ("return_mode", _NUMBER, (0, 1, 2).__contains__, "be 0, 1 or 2"),
    ("sides", _INTEGER, range(4).__contains__, "be 0, 1, 2 or 3"),
    ("decimals", _INTEGER, lambda value: value < 128, "be below 128"),
    ("dimension", _INTEGER, range(1, math.isqrt(MOST_CELLS) + 1).__contains__, "be 1 or more, and not too large"),
    ("roman", _NUMBER, lambda value: 0 <= value < 4000, "lie between 0 and 3999"),
    ("separator", _TEXT, bool, "not be empty"),
)
for _roles, _error in ((_ROLES, "#NUM!"), (_CHOICES, "#VALUE!")):
    for _names, _kind, _allowed, _limits in _roles:
        KINDS.update(dict.fromkeys(_names.split(), replace(_kind, allowed=_allowed, limits=_limits, error=_error)))


def check(name: str, kind: Kind, value: Any) -> None:
    """Refuse a read argument that its kind does not allow; None, the default of some, is allowed."""
    if value is not None and kind.allowed is not None and not kind.allowed(value):
        raise Fault(kind.error, f"{name} is {to_text(value) or 'empty'}; it must {kind.limits}")
