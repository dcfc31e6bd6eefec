"""Statements of files as rows of a book: balances to Portfolio, flows to CashFlows, trades to Fills."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from rebalance_xl.book.interface import WorkbookPort
from rebalance_xl.table_files import TableFileError
from rebalance_xl.venues.difference import DOLLARS
from rebalance_xl.venues.matching import BookTable, is_blank, serial_day
from rebalance_xl.venues.movements import Movement, Statement, Trade
from rebalance_xl.venues.names import coin_of, venue_id
from rebalance_xl.venues.rows import Found, Row

#: Movements that cross the book's border or earn and cost without a trade.
_FLOWS: Final = ("DEPOSIT", "WITHDRAWAL", "FUNDING", "INCOME")
#: Wallets of venues whose money backs positions.
_FUTURES_WALLETS: Final = ("futures", "usd-m", "coin-m", "unified", "trading", "derivatives", "contract")
#: A sum below 0 by less than this share of what came and went is rounding.
_ROUNDING: Final = Decimal("1e-8")


@dataclass(frozen=True, slots=True)
class Choice:
    """What the user chose for an import.

    Parameters
    ----------
    venue
        Where the balances are held, for files that do not say it.
    kinds
        Of balances, flows and trades: what is taken.
    aliases
        The user's own names of coins.
    """

    venue: str = ""
    kinds: frozenset[str] = frozenset(("balances", "flows", "trades"))
    aliases: Mapping[tuple[str, str], str] = field(default_factory=dict)


def rows_of_statement(port: WorkbookPort, read: Statement, source: str, now: dt.datetime, choice: Choice) -> Found:
    """Return what a statement means for a book.

    Parameters
    ----------
    port : WorkbookPort
        The book: its coins are known names, its venues keep their spelling.
    read : Statement
        What the file says.
    source : str
        The file's name, for the column Source.
    now : datetime
        UTC.
    choice : Choice
        What the user chose.

    Returns
    -------
    Found
        Rows for Portfolio (only of a state, or a ledger that begins at zero), CashFlows and Fills.

    Raises
    ------
    TableFileError
        Balances whose venue neither the file nor the user names in a book that has venues.
    """
    found = Found(notes=[f"{source}: {note}" for note in read.notes])
    spell = _Spelling(read, source, _coins(port), _venues(port), choice, found)
    if "balances" in choice.kinds:
        if read.kind in ("ledger", "balances"):
            _balances(port, read, spell, found, now)
        elif read.kind == "trades":
            found.notes.append(f"{source}: holds trades, not balances: quantities stay")
    if "flows" in choice.kinds and read.kind in ("ledger", "flows"):
        for movement in read.movements:
            if movement.kind in _FLOWS and movement.amount:
                found.rows.append(_flow(movement, spell))
    if "trades" in choice.kinds and read.trades:
        _fills(port, read, spell, found)
    spell.tell()
    return found


class _Spelling:
    """Names of coins and venues as the book has them; what was merged is told once."""

    def __init__(
        self,
        read: Statement,
        source: str,
        coins: Collection[str],
        venues: Mapping[str, str],
        choice: Choice,
        found: Found,
    ) -> None:
        self.venues = venues
        self.read, self.source, self.coins, self.choice, self.found = read, source, coins, choice, found
        self.merged: dict[str, str] = {}

    def coin(self, name: str, wallet: str = "") -> str:
        """Return a coin as the book names it."""
        code = venue_id(self.read.venue or (wallet if self.read.by_wallet else ""))
        known = coin_of(name, code, self.choice.aliases, self.coins)
        if known.rule:
            self.merged[name] = f"{name} is taken as {known.coin} ({known.rule})"
        return known.coin

    def venue(self, wallet: str) -> str:
        """Return the venue of a movement as the book spells it: the user's choice, the file's own, that of the row."""
        name = self.choice.venue or self.read.venue or (wallet if self.read.by_wallet else "")
        return self.venues.get(venue_id(name), name) if name else ""

    def tell(self) -> None:
        """Note the names that were merged."""
        self.found.notes += [f"{self.source}: {text}" for text in self.merged.values()]


def _coins(port: WorkbookPort) -> set[str]:
    table = BookTable.of(port, "Portfolio")
    return {str(table.plain(place, "Asset")) for place in range(len(table.data.rows))} if table is not None else set()


def _venues(port: WorkbookPort) -> dict[str, str]:
    """Return the venues of the book by ccxt's name, as the book spells them."""
    found: dict[str, str] = {}
    for name in ("Portfolio", "Futures", "Venues"):
        table = BookTable.of(port, name)
        for place in range(len(table.data.rows)) if table is not None else ():
            assert table is not None
            cell = table.cell(place, "Venue")
            if isinstance(cell, str) and cell.strip():
                found.setdefault(venue_id(cell), cell.strip())
    return found


def _balances(port: WorkbookPort, read: Statement, spell: _Spelling, found: Found, now: dt.datetime) -> None:
    table = BookTable.of(port, "Portfolio")
    totals: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    turnover: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    backing: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for (wallet, name), amount in read.sums().items():
        key = (spell.venue(wallet), spell.coin(name, wallet))
        totals[key] += amount
        if any(word in wallet.casefold() for word in _FUTURES_WALLETS) and not read.by_wallet:
            backing[key] += amount
    for movement in read.movements:
        turnover[spell.venue(movement.wallet), spell.coin(movement.coin, movement.wallet)] += abs(movement.amount)
    posted = _posted(port) if backing else {}
    has_venues = (
        table is not None
        and table.has("Venue")
        and any(not is_blank(table.cell(place, "Venue")) for place in range(len(table.data.rows)))
    )
    for (venue, coin), total in sorted(totals.items()):
        if not venue and has_venues:
            raise TableFileError(f"{spell.source}: names no venue, and the book's rows have one: say --venue NAME")
        if total < 0:
            if -total <= _ROUNDING * turnover[venue, coin]:
                total = Decimal(0)
            else:
                found.notes.append(
                    f"{spell.source}: the file does not begin at zero: {-total.normalize():f} {coin} are missing, "
                    "so it stays"
                )
                continue
        margin = posted.get((venue_id(venue), coin), Decimal(0))
        if margin and backing.get((venue, coin)):
            total = max(total - margin, Decimal(0))
            found.notes.append(f"{spell.source}: {margin.normalize():f} {coin} are margin in Futures and are taken off")
        elif backing.get((venue, coin)):
            found.notes.append(
                f"{spell.source}: {backing[venue, coin].normalize():f} {coin} of it lie in a futures account: the "
                "margin of open positions belongs into Futures and would count twice here"
            )
        held: dict[str, Any] = {"Asset": coin, "Venue": venue}
        found.rows.append(
            Row("Portfolio", held, {"Quantity": float(total)}, spell.source, _last(read), adds=total > 0, venue=venue)
        )
    found.complete |= {("Portfolio", venue) for venue, _ in totals if venue}


def _last(read: Statement) -> dt.datetime | None:
    """Return the time of the last movement, to which the balances hold."""
    return max((each.time for each in read.movements if each.time is not None), default=None)


def _posted(port: WorkbookPort) -> dict[tuple[str, str], Decimal]:
    """Return the margin of the book's open positions by venue and coin."""
    table = BookTable.of(port, "Futures")
    found: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for place in range(len(table.data.rows)) if table is not None else ():
        assert table is not None
        margin, quantity = table.cell(place, "Margin"), table.cell(place, "Quantity")
        if isinstance(margin, int | float) and isinstance(quantity, int | float) and quantity:
            coin = str(table.cell(place, "MarginCoin") or "USDT").upper()
            found[str(table.plain(place, "Venue")), coin] += Decimal(str(margin))
    return found


def _flow(movement: Movement, spell: _Spelling) -> Row:
    assert movement.time is not None
    venue, coin = spell.venue(movement.wallet), spell.coin(movement.coin, movement.wallet)
    values: dict[str, Any] = {
        "Date": movement.time.date(), "Kind": movement.kind, "Asset": coin, "Amount": float(movement.amount),
        "Venue": venue, "Note": "",
    }  # fmt: skip
    return Row("CashFlows", {"Id": movement.mark}, values, spell.source, movement.time)


def _fills(port: WorkbookPort, read: Statement, spell: _Spelling, found: Found) -> None:
    """Add the trades that the Fills table does not have yet; amounts only where they are in the book's money."""
    table = BookTable.of(port, "Fills")
    if table is None:
        found.notes.append(f"{spell.source}: the book has no table Fills: {len(read.trades)} trades are not written")
        return
    ids = {str(table.cell(place, "Id")).strip() for place in range(len(table.data.rows))}
    keys = {
        (serial_day(table.cell(place, "Date")), table.plain(place, "Asset"), table.cell(place, "Quantity"))
        for place in range(len(table.data.rows))
        if is_blank(table.cell(place, "Id"))
    }
    quote = _quote(port)
    for trade in read.trades:
        if trade.mark in ids:
            continue
        row = _fill(trade, spell, quote)
        if row is None:
            found.notes.append(
                f"{spell.source}: line {trade.line}: the trade is in {trade.quote}, the book in {quote}: not added"
            )
        elif (serial_day(row.values["Date"]), str(row.values["Asset"]).upper(), row.values["Quantity"]) in keys:
            found.notes.append(f"{spell.source}: line {trade.line}: stands in Fills already, recorded by the book")
        else:
            found.rows.append(row)


def _fill(trade: Trade, spell: _Spelling, quote: str) -> Row | None:
    money = spell.coin(trade.quote)
    if trade.time is None or not (money == quote or (quote == "USD" and money in DOLLARS)):
        return None
    fee_coin = spell.coin(trade.fee_coin) if trade.fee_coin else ""
    fee: float | None = float(trade.fee)
    if fee_coin == spell.coin(trade.base):
        fee = float(trade.fee * trade.price)
    elif fee_coin and fee_coin != money:
        fee = None  # a third coin, whose price of that day is not in the file
    values: dict[str, Any] = {
        "Date": trade.time.date(), "Asset": spell.coin(trade.base), "Action": trade.side.upper(),
        "Quantity": float(trade.quantity), "Price": float(trade.price),
        "Amount": float(trade.quantity * trade.price), "Fee": fee, "Fee coin": fee_coin or None,
        "Venue": spell.venue("") or None,
    }  # fmt: skip
    return Row("Fills", {"Id": trade.mark}, values, spell.source, trade.time)


def _quote(port: WorkbookPort) -> str:
    cell = port.read_name("Quote")
    return cell.strip().upper() if isinstance(cell, str) and cell.strip() else "USD"
