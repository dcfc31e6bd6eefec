"""The add-in object that Calc calls: one method per worksheet function, made from the catalogue.

This runs inside Calc, in LibreOffice's own Python; nothing here needs numpy.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

from rebalance_xl.catalogue import Function, book_parts
from rebalance_xl.cells import CellError
from rebalance_xl.expressions import Reference
from rebalance_xl.hosts.calc.book import CalcWorkbook
from rebalance_xl.hosts.calc.document import CalcDocument
from rebalance_xl.hosts.calc.identity import method_name
from rebalance_xl.hosts.calc.values import from_calc, to_cell, to_rows
from rebalance_xl.hosts.completion import answer, needs_workbook

__all__ = ["as_tall_as_data", "make_methods", "returns_rows"]

_log = logging.getLogger("rebalance_xl.calc")
#: A whole column as an argument has a million blank rows; nobody needs as many blank results.
_MOST_BLANK_ROWS = 10_000


class _Calling:
    """The document that calls, as :mod:`rebalance_xl.hosts.completion` asks for it."""

    def __init__(self, document: CalcDocument) -> None:
        self._document = document

    def lookup(self, reference: Reference) -> Any:
        """Return the values behind a column, a table or a name, MISSING where the document has none."""
        return self._document.lookup(reference.text)

    def book_for(self, function: Function) -> CalcWorkbook | None:
        """Return the document where it holds the table without which the book does not answer a function."""
        return CalcWorkbook(self._document.model) if self._document.uses_book(book_parts(function)) else None

    def date_offset(self) -> int:
        """Return the days between the document's dates and Excel's 1900 system."""
        return self._document.date_offset()


def returns_rows(function: Function) -> bool:
    """Tell whether the method behind a function is declared to return rows; a single value is then one row.

    LibreOffice's Python bridge can put rows only into a result that is declared as rows, and a value only into
    one that is not.
    """
    return function.result.shape != "value"


def _method(function: Function) -> Callable[..., Any]:
    plain = not needs_workbook(function)
    convert = to_rows if returns_rows(function) else to_cell

    def method(self: Any, caller: Any, *arguments: Any) -> Any:
        try:
            if plain:  # no look at the document: each property of it costs more than the kernel
                result = function.call(*map(from_calc, arguments))
            else:
                document = CalcDocument(caller)
                result = answer(function, [from_calc(each) for each in arguments], _Calling(document))
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
