"""The Refresh button of Excel and Calc: one preview for the dialog, one write after it; the words are the command's."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from rebalance_xl.book.interface import WorkbookPort
from rebalance_xl.book.problems import BookError
from rebalance_xl.venues.difference import apply as apply_changes
from rebalance_xl.venues.exchange import Maker, MissingPackageError, cache_folder
from rebalance_xl.venues.keys import VenueKeyError
from rebalance_xl.venues.refresh import Asked, Preview, preview
from rebalance_xl.venues.telling import dialog_text


@dataclass(frozen=True, slots=True)
class ButtonPreview:
    """What the dialog shows.

    Parameters
    ----------
    text
        Plain lines.
    has_changes
        Whether there is something to write.
    found
        What is written.
    """

    text: str
    has_changes: bool
    found: Preview


def preview_refresh(
    port: WorkbookPort, now: dt.datetime | None = None, asked: Asked | None = None, make: Maker | None = None
) -> ButtonPreview:
    """Ask the venues of the open book and return what would change; nothing is written.

    Parameters
    ----------
    port : WorkbookPort
        The open book.
    now : datetime, optional
        UTC; the clock's by default.
    asked : Asked, optional
        Everything by default.
    make : callable, optional
        Makes an exchange; ccxt's own by default.

    Raises
    ------
    BookError
        ccxt is not installed, a key cannot be read, or the book names no venue.
    """
    try:
        found = preview(port, asked or Asked(), now or dt.datetime.now(dt.UTC), make, None if make else cache_folder())
    except (MissingPackageError, VenueKeyError) as failure:
        raise BookError(str(failure)) from None
    if not found.replies:
        raise BookError("the book names no venue: write binance, bybit or another into a column Venue")
    return ButtonPreview(dialog_text(found.changes, found.faults), bool(found.changes), found)


def apply(port: WorkbookPort, shown: ButtonPreview) -> None:
    """Write what was shown and commit.

    Raises
    ------
    BookError
        Something cannot be written; nothing has been.
    """
    if shown.has_changes:
        apply_changes(port, shown.found.changes)
        port.commit()
