"""What may be right and is more often forgotten: an old date, two prices of one asset, a book without tables."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Final

from rebalance_xl.book.model import Book
from rebalance_xl.book.problems import NOTE, WARNING, Problem
from rebalance_xl.cells import from_serial, to_serial

#: Days after which a fixed AsOf is taken for forgotten.
OLD_DAYS: Final = 7
#: Share by which spot price and mark of one asset may differ: more is a stale price or another coin.
MARK_TOLERANCE: Final = 0.05

HOW_TO_MAKE_A_TABLE: Final = (
    "A table is a range with a name and headers. Excel: select the cells, press Ctrl+T, then give the name under "
    "Table Design - Table Name. LibreOffice: select them, Data - Define Range, enter the name. Python: "
    'from openpyxl.worksheet.table import Table; sheet.add_table(Table(displayName="Portfolio", ref="A1:C9")); '
    "book.save(path). Or start from a finished book: rebalance-xl new BOOK.xlsx"
)


def old_date(book: Book, today: dt.date | None) -> list[Problem]:
    """Return a warning where the book's own AsOf, not one asked for, is more than :data:`OLD_DAYS` days old.

    Parameters
    ----------
    book
        A book that was read without a date of its own.
    today
        The day it is; without it nothing is old.
    """
    as_of = book.settings.as_of
    if as_of is None or today is None:
        return []
    days = int(to_serial(today) - as_of)
    if days <= OLD_DAYS:
        return []
    return [
        Problem(
            WARNING,
            "AsOf",
            f"the book is fixed on {from_serial(as_of):%Y-%m-%d}, {days} days ago: reviews, events and expiries are "
            "judged for that day; clear the cell for today, or use --as-of",
        )
    ]


def distant_marks(book: Book) -> list[Problem]:
    """Return a warning for each futures row whose mark is more than 5 % away from the spot price of its asset.

    Both in the book's currency; a contract of several units is compared by unit. Assets without a spot price are left
    out, and so are coin-margined contracts of a book in another currency than the mark's.
    """
    prices = {holding.asset.casefold(): holding for holding in reversed(book.holdings) if holding.price}
    found = []
    for position in book.positions:
        holding = prices.get(position.asset.casefold())
        if holding is None or holding.price is None or not position.mark:
            continue
        if position.inverse and book.settings.quote.upper() != "USD":
            continue
        mark = position.mark if position.inverse else position.mark * position.money / position.contract_size
        away = mark / holding.price - 1
        if abs(away) > MARK_TOLERANCE:
            found.append(
                Problem(
                    WARNING,
                    position.where,
                    f"the mark of {position.symbol} is {mark:,.6g}, {away:+.1%} from the price of {holding.asset} "
                    f"({holding.price:,.6g}, {holding.where}): one of them is old, or they are not the same coin",
                )
            )
    return found


def no_tables(names: Sequence[str]) -> list[Problem]:
    """Return what a table is and how to make one, where a workbook has none at all."""
    return [] if names else [Problem(NOTE, "", HOW_TO_MAKE_A_TABLE)]
