"""What was read outside, as rows for the tables of a book: the one form that every source is mapped to."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from rebalance_xl.book.interface import Cell

#: No amount, price or rate of an answer is as large as this.
_LARGEST = 1e20


@dataclass(frozen=True, slots=True)
class Row:
    """One row for a table of the book.

    Parameters
    ----------
    table
        The table of the book (``Portfolio``).
    key
        The columns by which the row is found, and what stands in them.
    values
        What the other columns should hold; a column that the source leaves out is not in here, so the cell stays.
    source
        Who says so: ``binance balances``, ``kraken_ledgers.csv``.
    time
        When it was true by the source's own word; None where it gives no time.
    missing
        Columns that the source left out though it usually gives them.
    new
        Columns that only a row that is added gets; a row of the book keeps its own.
    adds
        Whether the row is added where the book has none.
    venue
        The venue that says so, as the book names it.
    place
        The data row of the book, from 0, where it is known already; the key is not looked at then.
    """

    table: str
    key: Mapping[str, Cell]
    values: Mapping[str, Cell]
    source: str
    time: dt.datetime | None = None
    missing: tuple[str, ...] = ()
    new: Mapping[str, Cell] = field(default_factory=dict)
    adds: bool = True
    venue: str = ""
    place: int | None = None


@dataclass(slots=True)
class Found:
    """Rows of one source, what has to be said about them, and what the source does not know.

    Parameters
    ----------
    rows
        What was read.
    notes
        Sentences: names merged, dust left out, figures refused.
    complete
        Pairs of table and venue of which every row was told: a row of the book that is not among them is gone.
    """

    rows: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    complete: set[tuple[str, str]] = field(default_factory=set)

    def take(self, other: Found) -> None:
        """Add what another source gave."""
        self.rows += other.rows
        self.notes += other.notes
        self.complete |= other.complete


def number(value: object) -> float | None:
    """Return a figure of an answer, None where there is none: text, blank, NaN and absurd ones are no figures.

    Examples
    --------
    >>> number("0.05"), number(""), number(None), number(0)
    (0.05, None, None, 0.0)
    """
    if value is None or isinstance(value, bool) or value == "":
        return None
    try:
        found = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return found if abs(found) < _LARGEST else None  # false for NaN, too


def positive(value: object) -> float | None:
    """Return a figure above 0, else None: no venue means a price, a leverage or a size by 0 or null."""
    found = number(value)
    return found if found is not None and found > 0 else None


def moment(milliseconds: object) -> dt.datetime | None:
    """Return a time of an answer (ms since 1970) in UTC to the second, None where it gives none.

    Examples
    --------
    >>> moment(1764280000000)
    datetime.datetime(2025, 11, 27, 21, 46, 40, tzinfo=datetime.timezone.utc)
    """
    found = positive(milliseconds)
    if found is None or not 946_684_800_000 < found < 4_102_444_800_000:
        return None
    return dt.datetime.fromtimestamp(int(found // 1000), dt.UTC)


def latest(times: Iterable[dt.datetime | None]) -> dt.datetime | None:
    """Return the last of some times, None where there is none."""
    return max((each for each in times if each is not None), default=None)
