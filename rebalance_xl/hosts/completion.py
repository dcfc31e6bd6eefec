"""A call from a cell completed: the workbook's model, today's date and hidden arguments in the places left out.

Excel and Calc convert what a cell hands over and what it takes back; what happens in between is written here, once.
Nothing here needs numpy or a host's package.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from rebalance_xl.book.interface import WorkbookPort
from rebalance_xl.catalogue import WHOLE_BOOK, Function, model_arguments, wants_model
from rebalance_xl.cells import MISSING, CellError, is_range, to_serial
from rebalance_xl.expressions import Reference

__all__ = ["CallingWorkbook", "answer", "has_dates", "needs_workbook"]


class CallingWorkbook(Protocol):
    """The workbook whose cell calls, as far as a call needs it; each question may cost, so few are asked."""

    def lookup(self, reference: Reference) -> Any:
        """Return the values behind a column, a table or a name, MISSING where the workbook has none."""

    def date_offset(self) -> int:
        """Return the days between the workbook's dates and Excel's 1900 system: 1462 in a 1904 book."""

    def book_for(self, function: Function) -> WorkbookPort | None:
        """Return the workbook where it holds the table without which the book does not answer a function."""


def answer(
    function: Function,
    given: Sequence[Any],
    workbook: CallingWorkbook,
    *,
    hidden: Sequence[Any] = (),
    today: Callable[[], dt.date] = dt.date.today,
) -> Any:
    """Return the worksheet value of one call from a cell.

    Parameters
    ----------
    function
        What is called.
    given
        One worksheet value per parameter, MISSING where not given; fewer stand for omitted ones at the end.
    workbook
        The calling workbook: its tables stand for omitted arguments, its origin of dates counts.
    hidden
        The hidden arguments as far as the host filled them already, None or MISSING where it did not.
    today
        The date that an omitted day means.
    """
    filled = [*given, *[MISSING] * (len(function.parameters) - len(given))]
    if function.asks_book(filled) and (book := workbook.book_for(function)) is not None:
        offset = workbook.date_offset()
        return function.call(*filled, WHOLE_BOOK, to_serial(today()) - offset, book, date_offset=offset)
    if wants_model(function, filled):
        filled = model_arguments(function, filled, workbook.lookup)
        for each in filled:  # the table or column that the workbook lacks, not what follows from its absence
            if isinstance(each, CellError) and each.code == "#N/A":
                return each
    offset = workbook.date_offset() if has_dates(function) else 0
    for index, parameter in enumerate(function.parameters):
        if parameter.clock and filled[index] is MISSING:
            filled[index] = to_serial(today()) - offset
    return function.call(*filled, *_hidden_arguments(function, filled, hidden, workbook), date_offset=offset)


def has_dates(function: Function) -> bool:
    """Tell whether a function takes or returns a date, so that the workbook's origin of dates counts."""
    return function.result.kind == "date" or any(each.kind == "date" or each.clock for each in function.parameters)


def needs_workbook(function: Function) -> bool:
    """Tell whether any call of a function may ask its workbook for something."""
    return bool(function.has_model or function.context or function.book_options is not None or has_dates(function))


def _hidden_arguments(
    function: Function, filled: Sequence[Any], hidden: Sequence[Any], workbook: CallingWorkbook
) -> Sequence[Any]:
    if not function.context:
        return hidden  # arguments too many, which the call refuses
    found = []
    for index, parameter in enumerate(function.context):
        value = hidden[index] if index < len(hidden) else None
        if value is None or value is MISSING:
            named = _names_a_table(function, filled)
            value = workbook.lookup(Reference(parameter.model)) if named else MISSING
        found.append(value)
    return found


def _names_a_table(function: Function, arguments: Sequence[Any]) -> bool:
    """Tell whether some argument is, or may hold, a name to be looked up, such as "binance:BTCUSDT"."""
    if sum(each.kind == "raw" for each in function.parameters) != 1:
        return True  # whole tables of positions and wallets
    for parameter, value in zip(function.parameters, arguments, strict=False):
        if parameter.kind != "raw":
            continue
        if parameter.unit == "table" and parameter.data and is_range(value):
            return True  # wallets and positions name tiers and ratios in their cells, or by venue and symbol
        cells = [cell for row in value for cell in row] if is_range(value) else [value]
        if any(type(cell) is str and ":" in cell for cell in cells):
            return True
    return False
