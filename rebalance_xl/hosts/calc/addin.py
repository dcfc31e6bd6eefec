"""The add-in object that Calc calls: one method per worksheet function, made from the catalogue.

This runs inside Calc, in LibreOffice's own Python; nothing here needs numpy.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Sequence
from typing import Any

from rebalance_xl.catalogue import WHOLE_BOOK, Function, book_parts, model_arguments, wants_model
from rebalance_xl.cells import MISSING, CellError, to_serial
from rebalance_xl.hosts.calc.book import CalcWorkbook
from rebalance_xl.hosts.calc.document import CalcDocument
from rebalance_xl.hosts.calc.identity import method_name
from rebalance_xl.hosts.calc.values import from_calc, to_cell, to_rows

__all__ = ["answer", "as_tall_as_data", "make_methods", "returns_rows"]

_log = logging.getLogger("rebalance_xl.calc")
#: A whole column as an argument has a million blank rows; nobody needs as many blank results.
_MOST_BLANK_ROWS = 10_000


def answer(
    function: Function,
    document: CalcDocument,
    arguments: Sequence[Any],
    today: Callable[[], dt.date],
    has_dates: bool = True,
) -> Any:
    """Return the worksheet value of one call from a cell.

    Parameters
    ----------
    function : Function
        What is called.
    document : CalcDocument
        The calling document: its tables stand for omitted arguments, its origin of dates counts.
    arguments : sequence
        As Calc passes them, one per parameter.
    today : callable
        The date that an omitted ``as_of`` means.
    has_dates : bool
        False where the function neither takes nor returns a date, so that the document's origin does not count.
    """
    given = [from_calc(argument) for argument in arguments]
    if function.asks_book(given) and document.uses_book(book_parts(function)):
        offset, book = document.date_offset(), CalcWorkbook(document.model)
        return function.call(*given, WHOLE_BOOK, to_serial(today()) - offset, book, date_offset=offset)
    offset = document.date_offset() if has_dates else 0
    if wants_model(function, given):
        given = model_arguments(function, given, lambda reference: document.lookup(reference.text))
        missing = [each for each in given if isinstance(each, CellError) and each.code == "#N/A"]
        if missing:
            return missing[0]
    for index, parameter in enumerate(function.parameters):
        if parameter.clock and given[index] is MISSING:
            given[index] = to_serial(today()) - offset
    for parameter in function.context:
        given.append(document.lookup(parameter.model or parameter.name))
    return function.call(*given, date_offset=offset)


def _has_dates(function: Function) -> bool:
    return function.result.kind == "date" or any(each.kind == "date" or each.clock for each in function.parameters)


def returns_rows(function: Function) -> bool:
    """Tell whether the method behind a function is declared to return rows; a single value is then one row.

    LibreOffice's Python bridge can put rows only into a result that is declared as rows, and a value only into
    one that is not.
    """
    return function.result.shape != "value"


def _method(function: Function) -> Callable[..., Any]:
    has_dates = _has_dates(function)
    plain = not (function.has_model or function.context or has_dates or function.book_options is not None)
    convert = to_rows if returns_rows(function) else to_cell

    def method(self: Any, caller: Any, *arguments: Any) -> Any:
        try:
            if plain:  # no look at the document: each property of it costs more than the kernel
                result = function.call(*map(from_calc, arguments))
            else:
                document = CalcDocument(caller)
                result = answer(function, document, arguments, dt.date.today, has_dates)
                if document.used:
                    self.watches.watch(caller, document.used)
            if isinstance(result, CellError) and result.reason:
                _log.info("%s: %s %s", function.name, result.code, result.reason)
            elif convert is to_rows:
                result = as_tall_as_data(result, arguments)
            return convert(result)
        except Exception:
            _log.exception("%s failed", function.name)
            return convert(CellError("#VALUE!"))

    method.__name__ = method_name(function.name)
    method.__doc__ = function.summary
    return method


def as_tall_as_data(result: Any, arguments: Sequence[Any]) -> Any:
    """Return a column of results with a blank for each trailing blank row of the data.

    In Calc an array formula has a fixed area, in which rows without a result would show #N/A.
    """
    if not isinstance(result, list) or not result or len(result[0]) != 1:
        return result
    tallest = max((len(each) for each in arguments if type(each) is tuple and len(each[0]) == 1), default=0)
    missing = tallest - len(result)
    return result + [[""]] * missing if 0 < missing <= _MOST_BLANK_ROWS else result


def make_methods(functions: dict[str, Function]) -> dict[str, Any]:
    """Return the methods of the add-in's class."""
    return {method_name(name): _method(function) for name, function in functions.items()}
