"""What a refresh or an import would change in a book: every cell, old and new, before anything is written."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from rebalance_xl.book.interface import Cell, WorkbookPort
from rebalance_xl.cells import to_serial
from rebalance_xl.venues.matching import PLAIN, BookTable, is_blank, same, serial_day
from rebalance_xl.venues.names import venue_id
from rebalance_xl.venues.rows import Found, Row

#: A price that moved further than this since the last refresh is shown and not written unless the user says so.
JUMP: Final = 0.5
_PRICES: Final = ("Price", "MarkPrice")
#: Coins that count as one unit of a book in USD; a peg that moved is the user's to enter.
DOLLARS: Final = ("USD", "USDT", "USDC")
#: Tables whose rows say where their figures are from and when they were true.
_STAMPED: Final = ("portfolio", "futures", "wallets")
_ORDER: Final = ("Portfolio", "Wallets", "Futures", "MarginTiers", "Prices", "CashFlows", "Fills")


@dataclass(frozen=True, slots=True)
class Difference:
    """One cell that would change.

    Parameters
    ----------
    table, row, column
        The cell; row counts the data rows from 0 and is None in a row that is added.
    cell
        Its address; the table's name in a row that is added.
    label
        What the row is called.
    old, new
        The values.
    source, time
        Who says so, and when it was true (UTC).
    held
        Why it is not written; empty where it is.
    """

    table: str
    row: int | None
    column: str
    cell: str
    label: str
    old: Cell
    new: Cell
    source: str
    time: dt.datetime | None = None
    held: str = ""


@dataclass(slots=True)
class Changes:
    """All that would change, and what has to be said.

    Parameters
    ----------
    differences
        Cells of rows that exist, in the order of tables and rows; stamps (Source, Updated) are among them.
    added
        Rows to add: table and values by column.
    notes
        Sentences about what was left as it is.
    """

    differences: list[Difference] = field(default_factory=list)
    added: list[tuple[str, dict[str, Cell], str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def written(self) -> list[Difference]:
        """The differences that are written."""
        return [each for each in self.differences if not each.held]

    def __bool__(self) -> bool:
        return bool(self.written or self.added)


@dataclass(frozen=True, slots=True)
class Options:
    """How a comparison is done.

    Parameters
    ----------
    now
        UTC; the time of figures whose source gives none.
    accept_jumps
        Write prices that moved by more than half as well.
    zero_missing
        Set what the venue no longer has to 0.
    quote
        The book's currency.
    """

    now: dt.datetime
    accept_jumps: bool = False
    zero_missing: bool = False
    quote: str = "USD"


def compare(port: WorkbookPort, found: Found, options: Options) -> Changes:
    """Return what rows from outside would change in a book; nothing is written.

    Parameters
    ----------
    port : WorkbookPort
        The book.
    found : Found
        Rows and notes.
    options : Options
        How.

    Notes
    -----
    A cell that the source leaves out stays; a formula stays and is named; a row is added only where the source holds
    something and the book has no row of that asset without a venue, which would count it twice.
    """
    changes = Changes(notes=list(found.notes))
    by_table: dict[str, list[Row]] = {}
    for row in found.rows:
        by_table.setdefault(row.table, []).append(row)
    for name in (*_ORDER, *(each for each in by_table if each not in _ORDER)):
        rows = by_table.get(name, [])
        if not rows and not any(table == name for table, _ in found.complete):
            continue
        table = BookTable.of(port, name)
        if table is None:
            if any(row.adds for row in rows):
                changes.notes.append(f"the book has no table {name}: {len(rows)} rows are not written")
            continue
        _Comparison(table, changes, options, found.complete).take(rows)
    return changes


class _Comparison:
    """The comparison of one table."""

    def __init__(self, table: BookTable, changes: Changes, options: Options, complete: set[tuple[str, str]]) -> None:
        self.table, self.changes, self.options, self.complete = table, changes, options, complete
        self.name = table.data.name
        self.touched: dict[int, list[tuple[Row, bool]]] = {}
        self.seen: set[int] = set()
        self.new: dict[tuple[Any, ...], dict[str, Cell]] = {}
        self.new_by: dict[tuple[str, ...], dict[tuple[Any, ...], list[dict[str, Cell]]]] = {}
        self.formulas: dict[str, int] = {}
        self.missing: dict[str, list[str]] = {}

    def take(self, rows: list[Row]) -> None:
        """Compare rows with the table, those with more of a key first."""
        for row in sorted(rows, key=lambda each: -len(each.key)):
            places = self._places(row)
            if places:
                for place in places:
                    self._update(place, row)
            elif row.adds:
                self._add(row)
            elif self.new:
                self._complete_new(row)
        self._gone()
        self._stamp()
        for values, source in self._new_rows():
            self.changes.added.append((self.name, values, source))
        self._tell()

    def _places(self, row: Row) -> list[int]:
        if row.place is not None:
            return [row.place]
        if self.name.casefold() == "portfolio" and "Venue" in row.key and not self.table.has("Venue"):
            self.missing.setdefault("Portfolio has no column Venue: the quantities stay as they are", [])
            return []
        places = self.table.find(row.key)
        if not places and "Account" in row.key:
            return self._wallet(row)
        if not places and "MarginMode" in row.key:
            without = {column: value for column, value in row.key.items() if column != "MarginMode"}
            places = [each for each in self.table.find(without) if each not in self.seen]
            if len(places) == 1:
                self._set(places[0], "MarginMode", row.key["MarginMode"], row)
        elif len(places) > 1 and "Side" in row.key:
            self.changes.notes.append(f"{self.name}: {self.table.label(places[0])} stands in several rows: they stay")
            return []
        if "Quantity" in row.values:
            self.seen |= set(places)
        return places

    def _wallet(self, row: Row) -> list[int]:
        """Return the rows of a wallet whose account or venue the user left blank, or calls by the venue's name."""
        if row.key["Account"]:
            return []
        named = {**row.key, "Account": row.key["Venue"]}
        for key in (named, {**named, "Venue": ""}):
            if places := self.table.find(key):
                return places
        return []

    def _update(self, place: int, row: Row) -> None:
        for column in row.missing:
            if self.table.has(column):
                self.missing.setdefault(f"{row.source} leaves out {column}: the cell stays", []).append(
                    self.table.label(place)
                )
        changed = False
        for column, value in row.values.items():
            changed |= self._set(place, column, value, row)
        self.touched.setdefault(place, []).append((row, changed))

    def _set(self, place: int, column: str, value: Cell, row: Row) -> bool:
        """Note the difference of one cell; True where it is written."""
        old = self.table.cell(place, column)
        if not self.table.has(column) or same(old, value):
            return False
        if self.table.is_formula(place, column):
            self.formulas[column] = self.formulas.get(column, 0) + 1
            return False
        held = self._held(column, old, value)
        address = self.table.data.address(place, column)
        label = self.table.label(place)
        self.changes.differences.append(
            Difference(self.name, place, column, address, label, old, value, row.source, row.time, held)
        )
        return not held

    def _held(self, column: str, old: Cell, new: Cell) -> str:
        if column not in _PRICES or self.options.accept_jumps:
            return ""
        if not isinstance(old, int | float) or not isinstance(new, int | float) or old <= 0:
            return ""
        move = new / old - 1
        return f"moved by {move:+.0%}: accept it to write it" if abs(move) > JUMP else ""

    # --- rows that are new, and rows that are gone ---

    def _add(self, row: Row) -> None:
        if self.name.casefold() == "portfolio":
            if not self.table.has("Venue"):
                return
            if self.table.find({"Asset": row.key["Asset"], "Venue": ""}):
                text = "stands in Portfolio without a venue: write the venue beside it and refresh again; not added"
                self.missing.setdefault(text, []).append(f"{row.key['Asset']} of {row.key['Venue']}")
                return
        key = tuple(str(row.key.get(column)) for column in row.key)
        self.new_by.clear()
        values = self.new.setdefault(key, {})
        values.update({"Source": row.source, **row.key, **row.new, **row.values})
        self._date(values, row)

    def _complete_new(self, row: Row) -> None:
        """Give prices and rates to rows that are added in the same round."""
        columns = tuple(row.key)
        if columns not in self.new_by:
            found: dict[tuple[Any, ...], list[dict[str, Cell]]] = {}
            for values in self.new.values():
                found.setdefault(tuple(PLAIN[each](values.get(each)) for each in columns), []).append(values)
            self.new_by[columns] = found
        for values in self.new_by[columns].get(tuple(PLAIN[each](row.key[each]) for each in columns), []):
            added = {column: value for column, value in row.values.items() if values.get(column) is None}
            if added:
                values.update(added)
                self._date(values, row)

    def _date(self, values: dict[str, Cell], row: Row) -> None:
        """Give a row that is added the latest time of what it holds."""
        time, before = _naive(row.time or self.options.now), values.get("Updated")
        values["Updated"] = max(time, before) if isinstance(before, dt.datetime) else time

    def _new_rows(self) -> list[tuple[dict[str, Cell], str]]:
        rows: list[tuple[dict[str, Cell], str]] = []
        for values in self.new.values():
            source = str(values.get("Source", ""))
            if self.name.casefold() == "portfolio" and values.get("Price") is None:
                values["Price"] = self._known_price(str(values["Asset"]))
            kept: dict[str, Cell] = {
                column: value for column, value in values.items() if self.table.has(column) and value is not None
            }
            if values.get("ContractSize") and not self.table.has("ContractSize"):
                kept["Asset"] = str(values["Symbol"]).removesuffix(str(values.get("MarginCoin", "")))
                self.changes.notes.append(
                    f"{values['Symbol']} is on {values['ContractSize']:g} {values['Asset']}: Futures has no column "
                    f"ContractSize, so it is no hedge of {values['Asset']}"
                )
            rows.append((kept, source))
        return rows

    def _known_price(self, asset: str) -> float | None:
        """Return the price of an asset that its source gives none: that of its other row, 1 for the book's money."""
        for place in self.table.find({"Asset": asset}):
            price = self.table.cell(place, "Price")
            if isinstance(price, int | float) and not isinstance(price, bool) and price > 0:
                return float(price)
        if asset == self.options.quote or (self.options.quote == "USD" and asset in DOLLARS):
            return 1.0
        self.missing.setdefault("added without a price: enter it, or refresh", []).append(asset)
        return None

    def _gone(self) -> None:
        """Name rows of venues that told all they have and did not name these."""
        venues = {venue_id(venue) for table, venue in self.complete if table == self.name}
        if not venues or not self.table.has("Venue") or not self.table.has("Quantity"):
            return
        for place in range(len(self.table.data.rows)):
            quantity = self.table.cell(place, "Quantity")
            if place in self.seen or self.table.plain(place, "Venue") not in venues:
                continue
            if not isinstance(quantity, int | float) or not quantity:
                continue
            if self.options.zero_missing:
                source = f"{self.table.cell(place, 'Venue')}: not there"
                changed = self._set(place, "Quantity", 0.0, Row(self.name, {}, {}, source))
                self.touched.setdefault(place, []).append((Row(self.name, {}, {}, source), changed))
            else:
                text = f"in {self.name}, but the venue names none: the row stays (--zero-missing sets it to 0)"
                self.missing.setdefault(text, []).append(self.table.label(place))

    # --- stamps and notes ---

    def _stamp(self) -> None:
        """Write source and time beside the rows whose figures changed, or that the venue confirms at a later time."""
        if self.name.casefold() not in _STAMPED:
            return
        for place, sources in self.touched.items():
            changed = [row for row, written in sources if written]
            times = [row.time for row, _ in sources if row.time is not None]
            times += [self.options.now for row in changed if row.time is None]
            if not times:
                continue
            time, before = _naive(max(times)), self.table.cell(place, "Updated")
            if not changed and not _is_later(time, before):
                continue
            if not changed and is_blank(before):
                changed = [row for row, _ in sources]
            stamp = Row(self.name, {}, {}, ", ".join(dict.fromkeys(row.source for row in changed)), None)
            if changed:
                self._set(place, "Source", stamp.source, stamp)
            self._set(place, "Updated", time, stamp)

    def _tell(self) -> None:
        for text, names in self.missing.items():
            self.changes.notes.append(f"{', '.join(names)}: {text}" if names else text)
        for column, count in self.formulas.items():
            cells = "1 cell is a formula" if count == 1 else f"{count} cells are formulas"
            self.changes.notes.append(f"{self.name}[{column}]: {cells} and stays")


def _naive(time: dt.datetime) -> dt.datetime:
    """Return a time as cells hold it: UTC to the minute, without a zone."""
    return time.astimezone(dt.UTC).replace(tzinfo=None, second=0, microsecond=0)


def _is_later(time: dt.datetime, before: Cell) -> bool:
    if is_blank(before):
        return True
    if isinstance(before, dt.date):
        return to_serial(time) > to_serial(before) + 1e-6
    if isinstance(before, int | float) and not isinstance(before, bool):
        return to_serial(time) > float(before) + 1e-6
    return serial_day(before) is None


def apply(port: WorkbookPort, changes: Changes) -> None:
    """Write the changes through the one interface that every host has; the caller commits.

    Parameters
    ----------
    port : WorkbookPort
        The book that was compared, unchanged since.
    changes : Changes
        As :func:`compare` gave them; those that are held back are not written.

    Raises
    ------
    BookError
        Something cannot be written; nothing has been committed.
    """
    cells: dict[tuple[str, int], dict[str, Cell]] = {}
    for each in changes.written:
        assert each.row is not None
        cells.setdefault((each.table, each.row), {})[each.column] = each.new
    for (table, row), values in cells.items():
        port.set_cells(table, row, values)
    for table, new, _ in changes.added:
        port.append_row(table, new)


def as_data(changes: Changes) -> dict[str, Any]:
    """Return the changes as JSON has them."""
    differences: list[Mapping[str, Any]] = [
        {
            "cell": each.cell,
            "row": each.label,
            "column": each.column,
            "old": _cell(each.old),
            "new": _cell(each.new),
            "source": each.source,
            "time": each.time.isoformat() if each.time else None,
            "written": not each.held,
            "held": each.held,
        }
        for each in changes.differences
    ]
    added = [
        {"table": table, "values": {column: _cell(value) for column, value in values.items()}, "source": source}
        for table, values, source in changes.added
    ]
    return {"differences": differences, "added": added, "notes": list(changes.notes)}


def _cell(value: Cell) -> Any:
    return value.isoformat() if isinstance(value, dt.date) else value
