"""The buttons of xlwings Lite: scripts that get the workbook as their argument.

A script cannot ask and wait for the answer, so there is none for Record, which asks first; the command
``rebalance-xl record`` does it on the saved file.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import xlwings

from rebalance_xl.hosts import excel_buttons

__all__ = ["scripts"]


def scripts() -> dict[str, Callable[..., Any]]:
    """Return the scripts by name, decorated for xlwings Lite, which lists them as buttons."""

    # The type of the argument is how xlwings Lite knows what to hand over, so it must be the class itself.
    def rebalance_book(book: Any) -> None:
        excel_buttons.rebalance_button(book)

    def check_book(book: Any) -> None:
        excel_buttons.check_button(book)

    for script in (rebalance_book, check_book):
        script.__annotations__ = {"book": xlwings.Book, "return": None}
    rebalance_book.__doc__ = "Write the plan and a Journal row."
    check_book.__doc__ = "List what is wrong with the book, with cell addresses."
    return {each.__name__: xlwings.script(each) for each in (rebalance_book, check_book)}
