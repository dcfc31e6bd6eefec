"""A book filled from its venues: what it wants is read from its tables, what comes back is shown before it is written.

Every host and the command call the same three functions: :func:`wishes_of`, :func:`preview` and
:func:`~rebalance_xl.venues.difference.apply`.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rebalance_xl.book.interface import WorkbookPort
from rebalance_xl.cells import MISSING, from_serial
from rebalance_xl.venues import exchange, keys
from rebalance_xl.venues.difference import Changes, Options, compare
from rebalance_xl.venues.fetching import KINDS, Reply, Wish, fetch_all
from rebalance_xl.venues.matching import BookTable, is_blank, serial_day
from rebalance_xl.venues.names import venue_id
from rebalance_xl.venues.preparing import prepared
from rebalance_xl.venues.rows import Found

_CLOSES_BACK = dt.timedelta(days=365)
_FLOWS_BACK = dt.timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the user asks for.

    Parameters
    ----------
    kinds
        Of :data:`~rebalance_xl.venues.fetching.KINDS`.
    venues
        As the book or ccxt names them; empty for all that the book names.
    since
        From when on flows are wanted; by default the last one in the book, else 30 days.
    accept_jumps, zero_missing
        As for :class:`~rebalance_xl.venues.difference.Options`.
    aliases
        The user's own names of coins.
    """

    kinds: frozenset[str] = frozenset(KINDS)
    venues: tuple[str, ...] = ()
    since: dt.date | None = None
    accept_jumps: bool = False
    zero_missing: bool = False
    aliases: Mapping[tuple[str, str], str] = field(default_factory=dict)


@dataclass(slots=True)
class Preview:
    """What a refresh found.

    Parameters
    ----------
    changes
        What it would change.
    replies
        One a venue: its faults, the number of its answers.
    """

    changes: Changes
    replies: list[Reply]

    @property
    def faults(self) -> list[str]:
        """One line for each thing that failed, with its venue."""
        return [f"{reply.venue}: {fault.line}" for reply in self.replies for fault in reply.faults]


def wishes_of(port: WorkbookPort, asked: Asked, now: dt.datetime) -> tuple[list[Wish], list[str]]:
    """Return what a book wants from each of its venues.

    Parameters
    ----------
    port : WorkbookPort
        The book: the columns Venue of Portfolio, Futures and Venues name the venues, Portfolio and Prices the coins.
    asked : Asked
        What the user asks for.
    now : datetime
        UTC.

    Returns
    -------
    tuple of list
        The wishes, and sentences about venues of the book that ccxt does not know.

    Raises
    ------
    MissingPackageError
        ccxt is not installed.
    """
    tables = {name: BookTable.of(port, name) for name in ("Portfolio", "Futures", "Venues", "Prices", "CashFlows")}
    tiers = BookTable.of(port, "MarginTiers") if asked.kinds - {"tiers"} else None  # asked for alone, they are read
    named: dict[str, str] = {}
    for name in ("Portfolio", "Futures", "Venues"):
        for text in _texts(tables[name], "Venue"):
            named.setdefault(venue_id(text), text)
    if asked.venues:
        named = {venue_id(each): named.get(venue_id(each), each) for each in asked.venues}
    known = {code: name for code, name in named.items() if exchange.knows(code)}
    notes = [f"{name}: no venue that ccxt knows: its rows stay" for code, name in named.items() if code not in known]
    quote = port.read_name("Quote")
    closes = [each for each in (tables["Prices"].data.headers if tables["Prices"] else ()) if each.casefold() != "date"]
    wishes = []
    for code, venue in known.items():
        contracts = _contracts(tables["Futures"], code)
        wishes.append(
            Wish(
                venue,
                code,
                asked.kinds,
                tuple(dict.fromkeys(each.upper() for each in _texts(tables["Portfolio"], "Asset"))),
                contracts,
                tuple(_own_closes(closes, code, known, tables["Portfolio"])),
                "USD" if quote is MISSING or is_blank(quote) else str(quote).strip().upper(),
                _since(tables["Prices"], None, now - _CLOSES_BACK),
                _start(asked.since) if asked.since else _since(tables["CashFlows"], code, now - _FLOWS_BACK),
                asked.aliases,
                _tiers_of(tiers, code, now.date()),
            )
        )
    return wishes, notes


@dataclass(slots=True)
class Answers:
    """What the venues of a book said.

    Parameters
    ----------
    found
        Rows and notes of all of them.
    replies
        One a venue.
    quote
        The book's currency.
    secrets
        The keys that were used, so that nothing of them is ever told.
    """

    found: Found
    replies: list[Reply]
    quote: str
    secrets: list[keys.Secrets]


def ask(
    port: WorkbookPort,
    asked: Asked,
    now: dt.datetime,
    make: exchange.Maker | None = None,
    folder: Path | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> Answers:
    """Ask the venues for what a book wants; the book is only read.

    Parameters
    ----------
    port : WorkbookPort
        The book.
    asked : Asked
        What the user asks for.
    now : datetime
        UTC.
    make, folder, sleep
        How an exchange is made, where markets are kept between runs, how to wait.

    Raises
    ------
    MissingPackageError
        ccxt is not installed.
    VenueKeyError
        A key cannot be read.
    """
    wishes, notes = wishes_of(port, asked, now)
    secrets = {wish.code: keys.find_secrets(wish.code) for wish in wishes}
    replies = fetch_all(wishes, now, secrets, make, folder, sleep)
    found = Found(notes=notes)
    for reply in replies:
        found.take(reply.found)
    return Answers(found, replies, wishes[0].quote if wishes else "USD", list(secrets.values()))


def compared(port: WorkbookPort, answers: Answers, asked: Asked, now: dt.datetime) -> Changes:
    """Return what the answers would change in a book as it stands; nothing is written.

    Parameters
    ----------
    port, asked, now
        As for :func:`ask`.
    answers
        What the venues said.
    """
    options = Options(now, asked.accept_jumps, asked.zero_missing, answers.quote)
    changes = compare(port, prepared(port, answers.found, answers.quote), options)
    changes.notes = [keys.scrubbed(note, answers.secrets) for note in dict.fromkeys(changes.notes)]
    return changes


def preview(
    port: WorkbookPort,
    asked: Asked,
    now: dt.datetime,
    make: exchange.Maker | None = None,
    folder: Path | None = None,
) -> Preview:
    """Ask the venues and compare what they say with the book, as the buttons do; nothing is written.

    Parameters
    ----------
    port, asked, now, make, folder
        As for :func:`ask`.
    """
    answers = ask(port, asked, now, make, folder)
    return Preview(compared(port, answers, asked, now), answers.replies)


def _texts(table: BookTable | None, column: str) -> list[str]:
    if table is None or not table.has(column):
        return []
    cells = [table.cell(place, column) for place in range(len(table.data.rows))]
    return [cell.strip() for cell in cells if isinstance(cell, str) and cell.strip()]


def _contracts(table: BookTable | None, code: str) -> tuple[str, ...]:
    if table is None:
        return ()
    rows = range(len(table.data.rows))
    found = [table.cell(place, "Symbol") for place in rows if table.plain(place, "Venue") == code]
    return tuple(dict.fromkeys(str(each).strip() for each in found if not is_blank(each)))


def _tiers_of(table: BookTable | None, code: str, day: dt.date) -> tuple[str, ...]:
    """Return the contracts of a venue whose tiers were read on a day; they change seldom, and each is a question."""
    if table is None or not (table.has("Venue") and table.has("Symbol") and table.has("AsOf")):
        return ()
    today = serial_day(day)
    days: dict[str, set[int | None]] = {}
    for place in range(len(table.data.rows)):
        symbol = table.cell(place, "Symbol")
        if table.plain(place, "Venue") == code and not is_blank(symbol):
            days.setdefault(str(symbol).strip(), set()).add(serial_day(table.cell(place, "AsOf")))
    return tuple(symbol for symbol, found in days.items() if found == {today})


def _own_closes(closes: Sequence[str], code: str, known: Mapping[str, str], portfolio: BookTable | None) -> list[str]:
    """Return the columns of Prices that a venue fills: those of its own rows; the first venue fills all others too."""
    own: dict[str, list[str]] = {}
    for place in range(len(portfolio.data.rows)) if portfolio is not None else ():
        assert portfolio is not None
        own.setdefault(str(portfolio.plain(place, "Asset")), []).append(str(portfolio.plain(place, "Venue")))
    first = next(iter(known))
    found = []
    for column in closes:
        venues = [each for each in own.get(column.upper(), []) if each in known]
        if (venues[0] if venues else first) == code:
            found.append(column)
    return found


def _since(table: BookTable | None, code: str | None, otherwise: dt.datetime) -> dt.datetime | None:
    """Return the day from which a table wants more; None where the book has no such table."""
    if table is None:
        return None
    rows = range(len(table.data.rows))
    own = [place for place in rows if code is None or table.plain(place, "Venue") == code]
    days = [day for place in own if (day := serial_day(table.cell(place, "Date"))) is not None]
    if not days:
        return otherwise
    return max(from_serial(float(max(days))).replace(tzinfo=dt.UTC), otherwise)


def _start(day: dt.date) -> dt.datetime:
    return dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC)
