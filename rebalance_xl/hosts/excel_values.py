"""What Excel hands over and takes back, as worksheet values: errors, blanks, dates, numbers.

Classic xlwings cannot return error values over COM, so an error goes back as a mark, a text such as ``#!NUM!``, which
the wrapper in the workbook (module ErrorMarks) turns into the error value. xlwings Lite understands the error's own
text.
"""

from __future__ import annotations

import sys
from decimal import Decimal
from typing import Any, Final

from xlwings.conversion import Accessor, ConversionContext, Pipeline

from rebalance_xl.cells import ERROR_CODES, CellError

__all__ = ["ERROR_MARK", "WorksheetValue", "from_excel", "is_lite", "to_excel"]

#: What a returned error begins with, in place of the "#" of its code.
ERROR_MARK: Final = "#!"

# An error cell arrives over COM as an integer: this plus Excel's own number of the error (CVErr).
_ERROR_BASE = -2146828288
_ERROR_OF_NUMBER = {
    2000: "#NULL!",
    2007: "#DIV/0!",
    2015: "#VALUE!",
    2023: "#REF!",
    2029: "#NAME?",
    2036: "#NUM!",
    2042: "#N/A",
    2043: "#GETTING_DATA",
    2045: "#SPILL!",
    2050: "#CALC!",
}
_LAST_ERROR = 2999
_ERROR_TEXTS = frozenset(ERROR_CODES)

# Ranges taller than this are cut at the last used row: a whole column has a million cells.
_TALL = 50_000


def is_lite() -> bool:
    """Tell whether this is xlwings Lite, where Python runs inside of Excel's browser engine."""
    return sys.platform == "emscripten"


def from_excel(value: Any) -> Any:
    """Return the worksheet value for what xlwings hands to a function.

    Parameters
    ----------
    value
        A cell's value, or rows of them; one row may come flat. Errors come as COM error numbers, as their texts or
        (xlwings Lite) as objects with a type.

    Returns
    -------
    worksheet value
        A range of one cell is that cell; other ranges are lists of rows.
    """
    if isinstance(value, list | tuple):
        rows = list(value)
        if not rows or not isinstance(rows[0], list | tuple):
            rows = [rows]
        if len(rows) == 1 and len(rows[0]) == 1:
            return _cell(rows[0][0])
        return [[cell if type(cell) is float else _cell(cell) for cell in row] for row in rows]
    return _cell(value)


def _cell(value: Any) -> Any:
    kind = type(value)
    if kind is float or kind is bool or value is None:
        return value
    if kind is str:
        return CellError(value) if value[:1] == "#" and value in _ERROR_TEXTS else value
    if kind is int:
        number = value - _ERROR_BASE
        if 2000 <= number <= _LAST_ERROR:
            return CellError(_ERROR_OF_NUMBER.get(number, "#VALUE!"))
        return float(value)
    if isinstance(value, Decimal):  # a cell with a currency format
        return float(value)
    if isinstance(value, dict):
        content = value.get("basicValue")
        return CellError(str(content)) if value.get("type") == "Error" else content
    if kind.__name__ == "JsNull":  # a blank cell of a range in xlwings Lite
        return None
    return value


def to_excel(value: Any) -> Any:
    """Return what xlwings can hand back to Excel for a worksheet value: errors become their marks."""
    if isinstance(value, CellError):
        return value.code if is_lite() else ERROR_MARK + value.code.removeprefix("#")
    if isinstance(value, list | tuple):
        return [[to_excel(cell) for cell in row] for row in value]
    return "" if value is None else value


class WorksheetValue(Accessor):
    """xlwings' converter of this package: reads a range or a plain argument as a worksheet value.

    On Windows it takes Range.Value2 where xlwings itself takes Range.Value: that rounds cells with a currency
    format to four decimals, which is too coarse for the price of many coins, and turns numbers into dates.
    """

    @classmethod
    def reader(cls, options: Any) -> Pipeline:
        """Return xlwings' reading steps: one."""
        return Pipeline([_read])


def _read(context: ConversionContext) -> None:
    value = context.value if context.range is None else _range_value(context)
    context.value = from_excel(value)


def _range_value(context: ConversionContext) -> Any:
    area = context.range
    if area.shape[0] > _TALL:
        last = area.sheet.used_range.last_cell.row
        area = area.resize(row_size=max(1, min(area.shape[0], last - area.row + 1)))
    if sys.platform == "win32" and context.engine.name == "excel":
        return area.api.Value2
    return area.options(ndim=2, err_to_str=True).value
