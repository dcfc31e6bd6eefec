"""Between what Calc hands to an add-in and the worksheet values of the catalogue.

Calc passes a missing argument as nothing, a number (also a date or a truth value) as a float, text as text and
a range as rows in which a blank cell is an empty text. A *single* blank cell arrives as 0.0: this cannot be
seen from inside an add-in.
"""

from __future__ import annotations

import datetime as dt
import struct
from collections.abc import Sequence
from typing import Any, Final

from rebalance_xl.cells import MISSING, CellError, to_serial

__all__ = ["CALC_ERRORS", "error_value", "from_calc", "to_cell", "to_rows"]

#: Calc's number of each error value; the ones that Calc lacks are shown as the nearest that it has.
CALC_ERRORS: Final = {
    "#NULL!": 521,
    "#DIV/0!": 532,
    "#VALUE!": 519,
    "#REF!": 524,
    "#NAME?": 525,
    "#NUM!": 503,
    "#N/A": 32767,
    "#SPILL!": 519,
    "#CALC!": 519,
    "#GETTING_DATA": 32767,
}
_ERROR_OF: Final = {number: text for text, number in reversed(CALC_ERRORS.items())}
_QUIET_NAN: Final = 0x7FF8_0000_0000_0000


def _error_number(code: int) -> float:
    number: float = struct.unpack("<d", struct.pack("<Q", _QUIET_NAN | code))[0]
    return number


_NAN_OF: Final = {text: _error_number(code) for text, code in CALC_ERRORS.items()}


def error_value(number: int) -> CellError:
    """Return the error value behind Calc's number of an error; #VALUE! for one that only Calc has."""
    return CellError(_ERROR_OF.get(number, "#VALUE!"))


def from_calc(argument: Any) -> Any:
    """Return an argument of a call as a worksheet value.

    Parameters
    ----------
    argument : None, float, str or rows of these
        As Calc passes it; ``None`` is an omitted argument, an empty text in a range is a blank cell.
    """
    if type(argument) is float:
        return argument
    if argument is None:
        return MISSING
    if type(argument) is tuple:
        return [[None if cell == "" else cell for cell in row] for row in argument]
    return argument


def to_cell(result: Any) -> float | str:
    """Return a worksheet value as a single value for Calc; of rows the first cell.

    An error value becomes the NaN in whose lowest bits Calc reads the number of the error; a truth value
    becomes 1 or 0, because Calc would reject it otherwise.
    """
    while isinstance(result, list | tuple):
        result = result[0] if result else None
    return _cell(result)


def to_rows(result: Any) -> tuple[tuple[float | str, ...], ...]:
    """Return a worksheet value or range as rows for Calc; a single value is one row of one cell."""
    if not isinstance(result, list | tuple):
        return ((_cell(result),),)
    return tuple(tuple(map(_cell, row)) for row in _rectangle(result)) or (("",),)


def _cell(value: Any) -> float | str:
    if type(value) is float:
        return value
    if isinstance(value, CellError):
        return _NAN_OF.get(value.code, _NAN_OF["#VALUE!"])
    if value is None or value is MISSING:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, dt.date):
        return to_serial(value)
    return float(value)


def _rectangle(rows: Sequence[Any]) -> list[list[Any]]:
    """Rows of equal length: Calc fills what is missing with 0, which would be a value."""
    whole = [list(row) if isinstance(row, list | tuple) else [row] for row in rows]
    width = max(map(len, whole), default=0)
    return [row + [None] * (width - len(row)) for row in whole]
