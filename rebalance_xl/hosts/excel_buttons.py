"""The buttons of the ribbon: each acts on the workbook that called it and answers in a dialog.

A refusal shows the sentences that the command line prints; nothing was written then.
"""

from __future__ import annotations

import datetime as dt
import logging
import sys
from collections.abc import Callable, Sequence

import xlwings

from rebalance_xl import __version__
from rebalance_xl.book import actions
from rebalance_xl.book.fills import Fill
from rebalance_xl.book.forms import plan_sentences
from rebalance_xl.book.problems import BookError
from rebalance_xl.functions import FUNCTIONS
from rebalance_xl.functions.plan_table import amount_text
from rebalance_xl.hosts.excel_book import ExcelWorkbook

__all__ = [
    "about_button",
    "check_button",
    "functions_button",
    "rebalance_button",
    "record_button",
    "refresh_button",
    "review_button",
]

_TITLE = "Rebalancer"
# Excel's message box cuts at 1,023 characters.
_LONGEST_MESSAGE = 1000
_AFTER_FAILURE = "Look at Plan and Journal: if only a part was written, close the workbook without saving it."

_log = logging.getLogger("rebalance_xl.excel")


def rebalance_button(book: xlwings.Book | None = None) -> None:
    """Write the plan and a Journal row, show the Plan sheet and say what the plan does.

    Parameters
    ----------
    book : xlwings.Book
        The workbook; without it the one whose button was pressed. The same goes for the other buttons.
    """

    def press(book: xlwings.Book) -> None:
        plan = actions.rebalance(_opened(book), today=dt.date.today())
        _show(book, "Plan")
        sentences = [each for each in plan_sentences(plan) if not each.startswith("HOLD ")]
        _tell(book, sentences, "Every line with its reason is on the sheet Plan; nothing else was changed.")

    _press(press, book)


def record_button(book: xlwings.Book | None = None) -> None:
    """Ask, then apply the fills of the Plan table to the book."""

    def press(book: xlwings.Book) -> None:
        workbook, today = _opened(book), dt.date.today()
        found = actions.to_record(workbook, today=today)
        question = ["Record these fills as executed?", *(_fill_text(fill) for fill in found.fills)]
        if not found.fills:
            question = ["Record the review? Nothing was traded: LastReview becomes the day."]
        if found.changed:
            question.append(f"Beware: {actions.CHANGED}. No, then Rebalance, is safer.")
        question.append("Quantities, prices and fees are taken from the Plan table. This cannot be undone.")
        if _ask(book, question):
            execution = actions.record(workbook, today=today, changed=found.changed)
            what = f"{len(found.fills)} fills" if found.fills else "the review"
            _tell(book, [f"Recorded {what} on {execution.date}; the Journal has a new row."])

    _press(press, book)


def refresh_button(book: xlwings.Book | None = None) -> None:
    """Ask the venues for balances, positions and prices, show what would change, and write it after a yes."""

    def press(book: xlwings.Book) -> None:
        # Loaded here: what asks exchanges takes half a second to load, and every cell would wait for it.
        from rebalance_xl.venues.buttons import apply, preview_refresh

        workbook = _opened(book)
        found = preview_refresh(workbook)
        lines = found.text.splitlines()
        if not found.has_changes:
            _tell(book, lines)
        elif _ask(book, [*lines, "Write these values into the book? Nothing has been written yet."]):
            apply(workbook, found)

    _press(press, book)


def review_button(book: xlwings.Book | None = None) -> None:
    """Review the book's rules over its prices, write the sheet Review and show it."""

    def press(book: xlwings.Book) -> None:
        from rebalance_xl.review.sheet import fill_review

        fill_review(_opened(book), today=dt.date.today())
        _show(book, "Review")

    _press(press, book)


def check_button(book: xlwings.Book | None = None) -> None:
    """List what is wrong with the book, with cell addresses."""

    def press(book: xlwings.Book) -> None:
        problems = actions.check(_opened(book), today=dt.date.today())
        found = [f"{problem.severity.upper()} {problem}" for problem in problems]
        _tell(book, found or ["No problems found."])

    _press(press, book)


def functions_button(book: xlwings.Book | None = None) -> None:
    """Show the sheet with the help of every function, or list them."""

    def press(book: xlwings.Book) -> None:
        if not _show(book, "Functions"):
            groups: dict[str, list[str]] = {}
            for name, function in FUNCTIONS.items():
                groups.setdefault(function.category, []).append(name)
            told = [f"{category}: {', '.join(names)}." for category, names in groups.items()]
            _tell(book, [f"{len(FUNCTIONS)} functions.", *told])

    _press(press, book)


def about_button(book: xlwings.Book | None = None) -> None:
    """Say which versions are at work, and where."""

    def press(book: xlwings.Book) -> None:
        python = ".".join(str(part) for part in sys.version_info[:3])
        _tell(
            book,
            [
                f"Rebalancer {__version__}: {len(FUNCTIONS)} worksheet functions.",
                f"xlwings {xlwings.__version__}, Python {python} in {sys.prefix}.",
                f"Workbook {book.fullname}.",
            ],
        )

    _press(press, book)


def _opened(book: xlwings.Book) -> ExcelWorkbook:
    workbook = ExcelWorkbook(book)
    if workbook.has_1904_dates():
        raise BookError(
            "This workbook counts its dates from 1904, in which the buttons would write wrong days: turn off "
            '"Use 1904 date system" (File - Options - Advanced), or use the command rebalance-xl.'
        )
    return workbook


def _press(action: Callable[[xlwings.Book], None], book: xlwings.Book | None) -> None:
    book = book or xlwings.Book.caller()
    try:
        action(book)
    except BookError as refusal:
        _tell(book, str(refusal).splitlines(), mode="critical")
    except Exception as failure:  # a trader must see a sentence; the details are for the log
        _log.exception("a button failed")
        what = _failure_text(failure)
        _tell(book, [f"Rebalancer failed: {what}", _AFTER_FAILURE], mode="critical")


def _failure_text(failure: Exception) -> str:
    # Excel's own words where it refused something: a pywin32 error keeps them in its third field.
    details = getattr(failure, "excepinfo", None)
    if details and len(details) > 2 and details[2]:
        return str(details[2])
    return f"{type(failure).__name__}: {failure}"


def _tell(book: xlwings.Book, lines: Sequence[str], last: str = "", mode: str = "info") -> None:
    book.app.alert(_message(lines, last), title=_TITLE, mode=mode)


def _ask(book: xlwings.Book, lines: Sequence[str]) -> bool:
    *items, last = lines
    return book.app.alert(_message(items, last), title=_TITLE, buttons="yes_no", mode="info") == "yes"


def _message(lines: Sequence[str], last: str = "") -> str:
    """Join as many whole lines as Excel's message box shows, and say how many are left out."""
    room = _LONGEST_MESSAGE - len(last) - 40
    shown: list[str] = []
    for line in lines:
        room -= len(line) + 1
        if room < 0:
            break
        shown.append(line)
    if len(shown) < len(lines):
        shown.append(f"... and {len(lines) - len(shown)} more lines.")
    return "\n".join([*shown, last] if last else shown)


def _show(book: xlwings.Book, name: str) -> bool:
    """Bring a sheet to the front; tell whether there is one that can be shown."""
    for sheet in book.sheets:
        if sheet.name.casefold() == name.casefold():
            try:
                sheet.select()
            except Exception:  # a hidden sheet, or another workbook in front: no reason to call the action failed
                return False
            return True
    return False


def _fill_text(fill: Fill) -> str:
    units = "" if fill.quantity is None or fill.price is None else f" ({fill.quantity:.10g} at {fill.price:.10g})"
    return f"{fill.action} {fill.asset} {amount_text(fill.amount)}{units}"
