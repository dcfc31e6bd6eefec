"""Excel as a host, through xlwings: every worksheet function of the catalogue, and the buttons of the ribbon.

Classic xlwings (Windows) imports the functions from the module ``udfs``; in xlwings Lite (macOS, web) the file
main.py holds the line ``from rebalance_xl.hosts.excel import *``. Off these hosts xlwings' decorators do nothing.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import xlwings

from rebalance_xl.arguments import Parameter
from rebalance_xl.catalogue import Function, book_parts
from rebalance_xl.cells import MISSING
from rebalance_xl.expressions import Reference
from rebalance_xl.functions import FUNCTIONS
from rebalance_xl.hosts import completion
from rebalance_xl.hosts.excel_book import ExcelWorkbook, calling_book
from rebalance_xl.hosts.excel_buttons import (
    about_button,
    check_button,
    functions_button,
    rebalance_button,
    record_button,
    refresh_button,
    review_button,
)
from rebalance_xl.hosts.excel_values import WorksheetValue, is_lite, to_excel

# The functions and the buttons, so that ``import *`` brings what Excel needs and nothing else.
__all__ = ["about_button", "check_button", "functions_button", "rebalance_button", "record_button"]
__all__ += ["refresh_button", "review_button"]
__all__ += list(FUNCTIONS)

#: What the function wizard's groups begin with, so that they stand together.
GROUP = "Rebalancer"
_LONGEST_HELP = 255
_NAMES_IN_VBA = {"event": "event_in_force", "price_change": "price_move"}
_DAYS_1904 = 1462


def worksheet_functions() -> dict[str, Callable[..., Any]]:
    """Return every worksheet function as xlwings wants it, by name.

    They are decorated with what ``xlwings.func``, ``arg`` and ``ret`` are at the time of the call.
    """
    return {name: _decorated(function) for name, function in FUNCTIONS.items()}


def _decorated(function: Function) -> Callable[..., Any]:
    def worksheet_function(*arguments: Any) -> Any:
        return to_excel(answer(function, arguments))

    worksheet_function.__name__ = worksheet_function.__qualname__ = function.name
    worksheet_function.__doc__ = help_text(function)
    hidden = () if is_lite() else function.context
    arguments = [
        inspect.Parameter(
            argument_name(parameter),
            inspect.Parameter.POSITIONAL_OR_KEYWORD,
            default=MISSING if optional else inspect.Parameter.empty,
        )
        for parameter, optional in zip(function.parameters + hidden, optional_flags(function), strict=False)
    ]
    worksheet_function.__signature__ = inspect.Signature(arguments)  # type: ignore[attr-defined]
    decorated: Callable[..., Any] = worksheet_function
    for parameter in function.parameters:
        text = argument_help(parameter)
        decorated = xlwings.arg(argument_name(parameter), convert=WorksheetValue, doc=text)(decorated)
    for parameter in hidden:
        # In the wrapper this is a variable of its own name, which VBA makes when it meets it. The workbook's own
        # wrappers put the table into it; those that xlwings writes elsewhere leave it empty.
        decorated = xlwings.arg(parameter.name, convert=WorksheetValue, vba=parameter.name)(decorated)
    # Last, as the outermost decorator: each of the others resets the category.
    decorated = xlwings.func(category=group_name(function.category))(decorated)
    return decorated


def group_name(category: str) -> str:
    """Return the function wizard's group for a category; Excel allows 32 characters, so a second word is left out."""
    return f"{GROUP} - {category.partition(' and ')[0]}"


def argument_name(parameter: Parameter) -> str:
    """Return an argument's name in VBA.

    No word of VBA, nothing that a macro scanner takes for an event, and no worksheet function: VBA knows no case, so
    an argument of that name would hide the function inside of its wrapper.
    """
    name = _NAMES_IN_VBA.get(parameter.name, parameter.name)
    return f"{name}_value" if name.upper() in FUNCTIONS else name


def optional_flags(function: Function) -> list[bool]:
    """Tell for each argument, hidden ones included, whether Excel may leave it out.

    All of them where a call without arguments means the workbook's own model, else from the first one on that has
    a default: VBA allows no other order.
    """
    flags: list[bool] = []
    for parameter in function.parameters:
        may_miss = function.has_model or parameter.clock or not parameter.required
        flags.append(may_miss or (bool(flags) and flags[-1]))
    return flags + [True] * len(function.context)


def help_text(function: Function) -> str:
    """Return the line of help that Excel shows for a function: at most 255 characters."""
    label = f" Estimate: {function.estimate}" if function.estimate else ""
    return shortened(function.summary + label)


def argument_help(parameter: Parameter) -> str:
    """Return the line of help that Excel shows for an argument: at most 255 characters."""
    return shortened(parameter.help)


def shortened(text: str) -> str:
    """Return a text in one line that Excel's function wizard does not cut: whole sentences, else whole words."""
    line = " ".join(text.split())
    if len(line) <= _LONGEST_HELP:
        return line
    head = line[:_LONGEST_HELP]
    if ". " in head:
        return head[: head.rindex(". ") + 1]
    return head[: _LONGEST_HELP - 3].rpartition(" ")[0] + "..."


# --- calling --------------------------------------------------------------------------------------------------


def answer(function: Function, arguments: Sequence[Any]) -> Any:
    """Return the worksheet value of one call from a cell.

    Parameters
    ----------
    function
        What is called.
    arguments
        Worksheet values for the parameters, then for the hidden ones, which the wrapper in the workbook may have filled
        already; fewer, or MISSING, where not given.
    """
    count = len(function.parameters)
    return completion.answer(function, arguments[:count], _Calling(), hidden=arguments[count:])


class _Calling:
    """The workbook that calls, opened when first asked for: most calls never need it."""

    def __init__(self) -> None:
        self._workbook: ExcelWorkbook | None = None
        self._sought = False

    def _open(self) -> ExcelWorkbook | None:
        if not self._sought:
            self._sought = True
            book = calling_book()
            self._workbook = None if book is None else ExcelWorkbook(book)
        return self._workbook

    def lookup(self, reference: Reference) -> Any:
        """Return the values behind a column or a name, MISSING where the workbook has none."""
        workbook = self._open()
        return MISSING if workbook is None else workbook.lookup(reference)

    def book_for(self, function: Function) -> ExcelWorkbook | None:
        """Return the workbook where it holds the table without which the book does not answer a function."""
        workbook = self._open()
        table = book_parts(function)[0].partition("[")[0]
        return None if workbook is None or workbook.read_table(table) is None else workbook

    def date_offset(self) -> int:
        """Return the days between the workbook's dates and Excel's 1900 system."""
        workbook = self._open()
        return _DAYS_1904 if workbook is not None and workbook.has_1904_dates() else 0


globals().update(worksheet_functions())
if is_lite():
    from rebalance_xl.hosts import excel_lite

    globals().update(excel_lite.scripts())
    __all__ += excel_lite.scripts()
