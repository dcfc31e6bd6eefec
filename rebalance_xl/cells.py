"""Worksheet values: blanks, text, dates, error values, and the numbers that stand for them inside a kernel.

A worksheet value is a float, int, bool, str, ``None`` (a blank cell), a date, or a :class:`CellError`; a range is a
list of rows. An argument that was not given is :data:`MISSING`, which is neither a blank nor a 0. Inside a kernel
there are only floats: an error or a meaningful blank is a NaN that carries a code.
"""

from __future__ import annotations

import datetime as dt
import enum
import math
import struct
from collections.abc import Sequence
from functools import cache
from typing import Any, Final, TypeAlias

#: Error values in the order of their NaN codes; code 0 is a NaN that came out of arithmetic and reads as #NUM!.
ERROR_CODES: Final = (
    "#NUM!",
    "#VALUE!",
    "#NUM!",
    "#N/A",
    "#DIV/0!",
    "#NULL!",
    "#REF!",
    "#NAME?",
    "#SPILL!",
    "#CALC!",
    "#GETTING_DATA",
)
BLANK_CODE: Final = 15
CODE_MASK: Final = 0xFFFF
_QUIET_NAN: Final = 0x7FF8_0000_0000_0000


class Missing(enum.Enum):
    """The type of :data:`MISSING`."""

    MISSING = "missing"

    def __repr__(self) -> str:
        return "MISSING"


#: An argument that was not given.
MISSING: Final = Missing.MISSING


class CellError:
    """A worksheet error value such as ``#NUM!``, with the reason in words.

    Parameters
    ----------
    code
        The error as a cell shows it.
    reason
        One sentence that names argument, value and allowed range; not part of equality.
    """

    __slots__ = ("code", "reason")

    code: str
    reason: str

    def __init__(self, code: str, reason: str = "") -> None:
        object.__setattr__(self, "code", code)
        object.__setattr__(self, "reason", reason)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a CellError is immutable; {name} cannot be set")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CellError) and other.code == self.code

    def __hash__(self) -> int:
        return hash(self.code)

    def __str__(self) -> str:
        return self.code

    def __repr__(self) -> str:
        return f"CellError({self.code!r}, {self.reason!r})" if self.reason else f"CellError({self.code!r})"

    def __reduce__(self) -> tuple[type[CellError], tuple[str, str]]:
        return CellError, (self.code, self.reason)


VALUE: Final = CellError("#VALUE!")
NUM: Final = CellError("#NUM!")
NA: Final = CellError("#N/A")
DIV0: Final = CellError("#DIV/0!")
REF: Final = CellError("#REF!")
NAME: Final = CellError("#NAME?")

Scalar: TypeAlias = float | int | bool | str | dt.date | CellError | None
CellValue: TypeAlias = Scalar | Missing | Sequence[Any]


def coded_nan(code: int) -> float:
    """Return the quiet NaN that carries `code` in its lowest bits."""
    value: float = struct.unpack("<d", struct.pack("<Q", _QUIET_NAN | code))[0]
    return value


def nan_code(value: float) -> int:
    """Return the code that a NaN carries, 0 for a NaN that came out of arithmetic."""
    bits: int = struct.unpack("<Q", struct.pack("<d", value))[0]
    return bits & CODE_MASK


_NAN_OF = {text: coded_nan(code) for code, text in enumerate(ERROR_CODES) if code}

#: A blank cell inside a kernel, in the arguments in which a blank means something.
BLANK: Final = coded_nan(BLANK_CODE)


def error_to_nan(code: str) -> float:
    """Return the NaN that stands for an error value inside a kernel; an unknown error reads as #VALUE!."""
    return _NAN_OF.get(code, _NAN_OF["#VALUE!"])


def nan_to_error(value: float) -> str:
    """Return the error value that a NaN stands for."""
    code = nan_code(value)
    return ERROR_CODES[code] if code < len(ERROR_CODES) else "#NUM!"


# --- dates: Excel's serial numbers, 1900 system -------------------------------------------------------------

_EPOCH = dt.datetime(1899, 12, 30)
_FIRST_REAL_DAY = 61  # 1 March 1900: before it Excel counts a 29 February 1900 that never was
LAST_SERIAL: Final = 2_958_465.999_988_426  # 31 December 9999, 23:59:59


def to_serial(moment: dt.date) -> float:
    """Return the serial number of a date or datetime (1900 system; a time zone is dropped)."""
    if not isinstance(moment, dt.datetime):
        moment = dt.datetime(moment.year, moment.month, moment.day)
    delta = moment.replace(tzinfo=None) - _EPOCH
    serial = delta.days + (delta.seconds + delta.microseconds / 1e6) / 86_400
    return float(serial if serial >= _FIRST_REAL_DAY else serial - 1)


def from_serial(serial: float) -> dt.datetime:
    """Return the datetime of a serial number (1900 system), to the microsecond.

    Raises
    ------
    ValueError
        If the number is below 0 or beyond the year 9999.
    """
    if not 0 <= serial <= LAST_SERIAL:
        raise ValueError(f"{serial!r} is no date: a serial number lies between 0 and 2958465")
    days = math.floor(serial)
    microseconds = round((serial - days) * 86_400e6)
    return _EPOCH + dt.timedelta(days=days if days >= _FIRST_REAL_DAY else days + 1, microseconds=microseconds)


# --- shapes ------------------------------------------------------------------------------------------------


def is_range(value: object) -> bool:
    """Tell whether a worksheet value is a range (rows of cells, or one flat column)."""
    return isinstance(value, list | tuple)


def as_rows(value: Sequence[Any]) -> list[Sequence[Any]]:
    """Return a range as rows; a flat sequence is one column."""
    rows = list(value)
    if rows and not isinstance(rows[0], list | tuple):
        return [[cell] for cell in rows]
    return rows


def as_float(number: float) -> float:
    """Return a number as a float, infinity for a whole number that is too large for one."""
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def describe(value: object) -> str:
    """Name a worksheet value in an error message."""
    if value is None:
        return "blank"
    if value is MISSING:
        return "missing"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, str):
        shown = value if len(value) <= 40 else value[:37] + "..."
        return f'"{shown}"'
    if isinstance(value, float | int):
        return f"{as_float(value):.10g}"
    if is_range(value):
        return "a range"
    return str(value)


@cache
def column_letters(number: int) -> str:
    """Return the letters of a column counted from 1: 1 is A, 28 is AB."""
    letters = ""
    while number > 0:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
