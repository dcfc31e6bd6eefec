"""What ``import rebalance_xl as rx`` offers, put together from the package; loaded on first use.

::

    BookError          the book cannot be read, planned, recorded or reviewed; nothing was changed
    Refused            the file cannot be read or written; nothing was changed
    FunctionError      a worksheet function got input that it refuses; .code is what a cell would show
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Sequence
from inspect import Parameter as Argument
from inspect import Signature
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rebalance_xl.book.model import Book
from rebalance_xl.book.model import read_book as _read_book
from rebalance_xl.book.plan import make_plan
from rebalance_xl.book.problems import BookError, Problem
from rebalance_xl.catalogue import Function
from rebalance_xl.cells import MISSING, CellError
from rebalance_xl.functions import FUNCTIONS
from rebalance_xl.recalc.files.refusals import Refused
from rebalance_xl.recalc.workbook import recalculate, recalculate_bytes

if TYPE_CHECKING:
    from rebalance_xl.book.execution import Execution
    from rebalance_xl.hosts.file import FileWorkbook
    from rebalance_xl.review.answers import Review

__all__ = [
    "BookError",
    "FunctionError",
    "Refused",
    "check_book",
    "function",
    "make_plan",
    "read_book",
    "recalculate",
    "record",
    "review",
    "stress",
]


class FunctionError(ValueError):
    """A worksheet function got input that it refuses.

    Parameters
    ----------
    code
        What a cell would show, such as ``#NUM!``.
    reason
        Which argument is wrong, and what is allowed.
    """

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(f"{code}: {reason}" if reason else code)
        self.code = code
        self.reason = reason


def read_book(path: str | os.PathLike[str], as_of: dt.date | None = None) -> Book:
    """Read the tables and settings of a workbook file; its formulas are calculated in memory first.

    Parameters
    ----------
    path
        An .xlsx or .xlsm file; it is not changed.
    as_of
        The day to plan for; else the book's AsOf, and where that is blank no day: reviews and events are not judged.

    Returns
    -------
    Book
        With ``problems``: what was found wrong, cell by cell.

    Raises
    ------
    Refused
        If the file is missing, damaged, encrypted or no workbook.
    """
    return _read_book(_opened(path, as_of), as_of)


def check_book(path: str | os.PathLike[str], as_of: dt.date | None = None) -> list[Problem]:
    """Return what is wrong or doubtful in a workbook file, errors first, each with its cell.

    Parameters
    ----------
    path, as_of
        As for :func:`read_book`.
    """
    from rebalance_xl.book import actions

    return actions.check(_opened(path, as_of), as_of)


def record(
    path: str | os.PathLike[str], output: str | os.PathLike[str] | None = None, as_of: dt.date | None = None
) -> Execution:
    """Apply the fills in the Plan table of a workbook file to its Portfolio, Futures and Lots.

    Parameters
    ----------
    path, as_of
        As for :func:`read_book`.
    output
        Where the result goes; the file itself is replaced, in one step, without it.

    Returns
    -------
    Execution
        What was changed.

    Raises
    ------
    BookError
        If the plan holds nothing to record or the book is unsound; nothing was written.
    Refused
        If the file cannot be read or written; nothing was written.
    """
    from rebalance_xl.book import actions
    from rebalance_xl.hosts.file import FileWorkbook
    from rebalance_xl.recalc.files.output import update

    with update(Path(path), Path(output) if output is not None else None) as held:
        port = FileWorkbook.from_bytes(recalculate_bytes(held.data, as_of=as_of)[0])
        done = actions.record(port, as_of)
        held.write(recalculate_bytes(port.content(), as_of=as_of)[0])
    return done


def review(
    path: str | os.PathLike[str], *, variants: Sequence[str] = (), sweeps: Sequence[str] = (), **options: Any
) -> Review:
    """Let the rules of a workbook file, and variants of them, run over the closes in its table Prices.

    Parameters
    ----------
    path
        As for :func:`read_book`; it is not changed.
    variants, sweeps
        As ``rebalance-xl review`` takes them: ``"calm: Band=0.1"``, ``"Band=0.01:0.25:0.01"``.
    **options
        The other fields of :class:`rebalance_xl.review.request.Request`, such as ``bootstrap`` or ``seed``.

    Raises
    ------
    BookError
        If the book or the history is refused.
    """
    from rebalance_xl.review.request import Request
    from rebalance_xl.review.sheet import review_workbook

    request = Request(variants=tuple(variants), sweeps=tuple(sweeps), **options)
    return review_workbook(_opened(path, None), request)


def stress(path: str | os.PathLike[str], shocks: Sequence[str] = (), as_of: dt.date | None = None) -> list[Any]:
    """Return what moves of prices do to a workbook file's book: value, equity, ratio, and what is liquidated.

    Parameters
    ----------
    path, as_of
        As for :func:`read_book`.
    shocks
        Texts such as ``"ALL=-30%"`` or ``"BTC=-20%, USDT=-3%"``; moves of the whole market without them.

    Raises
    ------
    BookError
        If the book is unsound, or a shock names what it does not hold.
    """
    from rebalance_xl.book.model import require_sound
    from rebalance_xl.book.stress import read_shock, stress_book

    book = require_sound(_read_book(_opened(path, as_of), as_of))
    return list(stress_book(book, [read_shock(each) for each in shocks] or None))


def function(name: str) -> Callable[..., Any]:
    """Return a worksheet function as a Python callable.

    It takes numbers, texts, dates and lists by position or by the names of the arguments: a flat list is a column, a
    list of lists a range. A column of results comes back as a flat list. The workbook's own tables are not there, so
    nothing is filled in for what is left out but the default.

    Parameters
    ----------
    name
        A function of ``docs/functions.md``.

    Raises
    ------
    AttributeError
        If there is none of that name.

    Examples
    --------
    >>> function("TRIM_AMOUNT")([5000, 3000, 4000], [0.45, 0.3, 0.2], 0.05)
    [0.0, 0.0, 1600.0]
    >>> function("LIQUIDATION_PRICE")("long", 1, 50_000, 10, 0.005)
    45226.13065326633
    """
    found = FUNCTIONS.get(name)
    if found is None:
        raise AttributeError(f"rebalance_xl has no function {name}")
    return _callable(found)


def _callable(declared: Function) -> Callable[..., Any]:
    names = [each.name for each in declared.parameters]
    # Python allows none without a default behind one that has one.
    last = max((place for place, each in enumerate(declared.parameters) if each.required), default=-1)
    signature = Signature(
        [
            Argument(name, Argument.POSITIONAL_OR_KEYWORD, default=Argument.empty if place <= last else MISSING)
            for place, name in enumerate(names)
        ]
    )

    def call(*arguments: Any, **named: Any) -> Any:
        bound = signature.bind(*arguments, **named).arguments
        answer = declared.call(*(_range(bound[each]) if each in bound else MISSING for each in names))
        cells = [cell for row in answer for cell in row] if isinstance(answer, list) else [answer]
        first = cells[0] if cells else None
        # An option that is refused is refused for every row: that is one error, and no answer.
        if isinstance(first, CellError) and all(each == first for each in cells):
            raise FunctionError(first.code, first.reason)
        if isinstance(answer, list) and all(len(row) == 1 for row in answer):
            return [row[0] for row in answer]
        return answer

    call.__name__ = call.__qualname__ = declared.name
    call.__doc__ = declared.summary
    call.__signature__ = signature  # type: ignore[attr-defined]
    return call


def _range(value: Any) -> Any:
    if hasattr(value, "tolist"):  # a numpy array, a pandas Series
        value = value.tolist()
    if isinstance(value, tuple | list):
        return [list(row) if isinstance(row, tuple | list) else [row] for row in value]
    return value


def _opened(path: str | os.PathLike[str], as_of: dt.date | None) -> FileWorkbook:
    from rebalance_xl.hosts.file import FileWorkbook
    from rebalance_xl.recalc.files.refusals import read_input

    data, _ = read_input(Path(path), ignore_lock=True)
    return FileWorkbook.from_bytes(recalculate_bytes(data, as_of=as_of)[0])
