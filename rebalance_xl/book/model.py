"""The book: holdings, positions, events, venues, lots, prices and settings, read once from a workbook.

A book is plain data. Reading it never raises for what a cell holds: every finding is a
:class:`~rebalance_xl.book.problems.Problem` with the cell's address, and :func:`require_sound` turns those
that forbid a plan into one :class:`~rebalance_xl.book.problems.BookError`.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from rebalance_xl.book import schema
from rebalance_xl.book.assets import check_quantities, excused, resolved, stablecoins, typed_total
from rebalance_xl.book.checks import check_below, check_book, check_position, value_of_holding
from rebalance_xl.book.contents import Book, Settings
from rebalance_xl.book.interface import WorkbookPort
from rebalance_xl.book.problems import ERROR, WARNING, BookError, Problem, by_severity, errors_of
from rebalance_xl.book.reading import Record, check_number_texts, check_table_names, read_records, read_settings
from rebalance_xl.book.rows import (
    CashFlow,
    CollateralTier,
    Event,
    Holding,
    Lot,
    Position,
    RecordedFill,
    Venue,
    Wallet,
    fields_of,
)
from rebalance_xl.book.schema import Table, snake_case
from rebalance_xl.cells import from_serial, to_serial
from rebalance_xl.functions.symbols import quote_of

__all__ = [
    "Book",
    "CashFlow",
    "CollateralTier",
    "Event",
    "Holding",
    "Lot",
    "Position",
    "RecordedFill",
    "Settings",
    "Venue",
    "Wallet",
    "read_book",
    "require_sound",
]


def read_book(port: WorkbookPort, as_of: dt.date | float | None = None, today: dt.date | None = None) -> Book:
    """Read the book of a workbook.

    Parameters
    ----------
    port
        The workbook.
    as_of
        The day to plan for; goes before the setting AsOf.
    today
        The clock, used when neither is given. Without any of them reviews, events and
        cooldown are not judged.

    Returns
    -------
    Book
        With all findings in `problems`; nothing is raised for what the cells hold.
    """
    problems: list[Problem] = []
    check_table_names(port, problems)
    settings = Settings(**{snake_case(name): value for name, value in read_settings(port, problems).items()})
    portfolio = read_records(port, schema.PORTFOLIO, problems)
    futures = read_records(port, schema.FUTURES, problems)
    events = read_records(port, schema.EVENTS, problems)
    venues = read_records(port, schema.VENUES, problems)
    lots = read_records(port, schema.LOTS, problems)
    journal = _read_journal(port, problems)
    rows = portfolio or []
    typed_total(rows, problems)
    held = resolved(rows, [_holding(record) for record in rows], settings.quote, problems)
    check_quantities(rows, held, problems)
    holdings = tuple(
        replace(holding, value=value_of_holding(record, holding, problems))
        for record, holding in zip(rows, held, strict=True)
    )
    problems = excused(rows, holdings, problems)
    wallets = _rows(port, schema.WALLETS, Wallet, problems)
    accounts = {wallet.account_name.strip().casefold() for wallet in wallets}
    positions = tuple(
        position for record in futures or () if (position := _position(record, problems, settings, holdings, accounts))
    )
    # A review that traded nothing is recorded with noughts and starts no cooldown.
    moved = ("Sold", "Bought", "Margin", "Fees")
    executions = [
        entry["Date"]
        for entry in journal
        if entry["Entry"] == "EXECUTION" and entry["Date"] and any(entry[name] != 0 for name in moved)
    ]
    total = port.read_name("Total")
    clock = to_serial(as_of) if isinstance(as_of, dt.date) else as_of
    if clock is None:
        clock = settings.as_of if settings.as_of is not None else (to_serial(today) if today else None)
    book = Book(
        holdings=holdings,
        positions=positions,
        events=tuple(_event(record) for record in events or () if record["Action"] and record["Start"]),
        venues={record["Venue"].casefold(): _venue(record) for record in venues or ()},
        lots=tuple(_lot(record) for record in lots or () if record["Quantity"] and record["Price"] is not None),
        dated=(dated := _read_prices(port, problems)),
        prices={asset: tuple(days[day] for day in sorted(days)) for asset, days in dated.items()},
        tiers=port.read_table("MarginTiers"),
        settings=settings,
        as_of=clock,
        last_execution=max(executions, default=None),
        total=float(total) if isinstance(total, int | float) and not isinstance(total, bool) else None,
        wallets=wallets,
        collateral_tiers=_rows(port, schema.COLLATERAL_TIERS, CollateralTier, problems),
        cash_flows=_rows(port, schema.CASH_FLOWS_TABLE, CashFlow, problems),
        fills=_rows(port, schema.FILLS, RecordedFill, problems),
    )
    problems += check_book(book, portfolio, futures or [], venues or [])
    check_number_texts(book.tiers, schema.numeric_columns(schema.MARGIN_TIERS), problems)
    problems += check_below(port, schema.INPUTS)
    return _with_problems(book, problems)


def require_sound(book: Book) -> Book:
    """Return the book, or refuse it with every error that it has.

    Raises
    ------
    BookError
        If a finding forbids a plan.
    """
    errors = errors_of(book.problems)
    if errors:
        raise BookError(errors)
    return book


def _with_problems(book: Book, problems: list[Problem]) -> Book:
    return replace(book, problems=tuple(by_severity(problems)))


def _holding(record: Record) -> Holding:
    fields = fields_of(record, schema.PORTFOLIO)
    locked = fields["locked"]
    fields |= {
        "asset": fields["asset"] or "",
        "stable": fields.pop("kind") == "stable",
        "value": 0.0,
        "locked": locked is True,
        "locked_units": 0.0 if isinstance(locked, bool) else float(locked),
    }
    return Holding(**fields, **_place(record, schema.PORTFOLIO))


def _position(
    record: Record, problems: list[Problem], settings: Settings, holdings: tuple[Holding, ...], accounts: set[str]
) -> Position | None:
    account = (record["Account"] or record["Venue"] or "").strip().casefold()
    if not check_position(record, problems, account in accounts):
        return None
    fields = fields_of(record, schema.FUTURES)
    inverse = fields["contract"] == "inverse"
    coin = fields["margin_coin"] or margin_coin_of(fields["symbol"], fields["asset"], inverse)
    fields["margin_coin"] = coin.upper()
    money = coin_money(coin, fields["venue"], settings.quote, holdings)
    if inverse and settings.quote.upper() == "USD":
        money = fields["mark"]
    elif money is None:
        problems.append(
            Problem(
                ERROR,
                record.where("Symbol"),
                f"the margin of {fields['symbol']} is in {fields['margin_coin']}, whose price in {settings.quote} is "
                f"not known: give {fields['margin_coin']} a row in Portfolio with its Price",
            )
        )
    return Position(**fields, money=1.0 if money is None else money, **_place(record, schema.FUTURES))


def coin_money(coin: str, venue: str, quote: str, holdings: tuple[Holding, ...]) -> float | None:
    """Return the price of a margin coin in the book's currency, None where nothing says it.

    It is the Price of the coin's row in Portfolio, at the venue where there is one; else 1 for the currency itself and
    for coins that stand for it.
    """
    rows = [row for row in holdings if row.asset.casefold() == coin.casefold() and row.price]
    near = [row for row in rows if row.venue.casefold() == venue.casefold()]
    if rows:
        return (near or rows)[0].price
    if coin.casefold() == quote.casefold():
        return 1.0
    pegs = stablecoins()
    currency = pegs.get(quote.casefold(), quote.upper())
    return 1.0 if pegs.get(coin.casefold(), coin.upper()) == currency else None


def margin_coin_of(symbol: str, asset: str, inverse: bool) -> str:
    """Return the coin in which a contract's margin is kept where its row does not say: the coin, or the quote.

    Examples
    --------
    >>> margin_coin_of("BTCUSDC", "BTC", False), margin_coin_of("BTCUSD_PERP", "BTC", True)
    ('USDC', 'BTC')
    """
    return asset if inverse else quote_of(symbol)


def _place(record: Record, table: Table) -> dict[str, Any]:
    return {"row": record.row, "where": record.where(table.key)}


def _event(record: Record) -> Event:
    return Event(**fields_of(record, schema.EVENTS), where=record.where("Scope"))


def _venue(record: Record) -> Venue:
    return Venue(**fields_of(record, schema.VENUES))


def _lot(record: Record) -> Lot:
    return Lot(**fields_of(record, schema.LOTS), row=record.row)


def _rows(port: WorkbookPort, table: Table, row: Callable[..., Any], problems: list[Problem]) -> tuple[Any, ...]:
    """Return the rows of a table as objects; a row that lacks what it needs is a problem already."""
    records = read_records(port, table, problems) or []
    needed = [column.name for column in table.columns if column.required]
    whole = [record for record in records if all(record[name] is not None for name in needed)]
    return tuple(row(**fields_of(record, table), **_place(record, table)) for record in whole)


def _read_journal(port: WorkbookPort, problems: list[Problem]) -> list[Record]:
    """Return the rows of the Journal; a Date or Entry that cannot be read is a warning: no cooldown follows from it."""
    found: list[Problem] = []
    records = read_records(port, schema.JOURNAL, found) or []
    problems += [
        Problem(WARNING, each.where, f"{each.message}: no cooldown follows from this row")
        for each in found
        if each.message.startswith(("Journal[Date]", "Journal[Entry]"))
    ]
    return records


def _read_prices(port: WorkbookPort, problems: list[Problem]) -> dict[str, dict[float, float]]:
    """Read the closes by day: one column an asset, or long with the columns Date, Asset and Price.

    A day that stands twice is said with its cells; the lower one counts.
    """
    records = read_records(port, schema.PRICES, problems)
    if not records:
        return {}
    data = records[0].table
    asset_column, price_column = data.column("Asset"), data.column("Price")
    long = asset_column is not None and price_column is not None
    headers = [price_column] if long else [place for place in range(len(data.headers)) if place != data.column("Date")]
    check_number_texts(data, [data.headers[place] for place in headers if place is not None], problems)
    series: dict[str, dict[float, float]] = {}
    cells: dict[tuple[float, str], str] = {}
    for record in records:
        day, row = math.floor(record["Date"] or 0.0), data.rows[record.row]
        where = record.where("Date")
        if long:
            assert asset_column is not None
            assert price_column is not None
            pairs = [(str(row[asset_column]), row[price_column])]
        else:
            pairs = [pair for pair in zip(data.headers, row, strict=False) if pair[0].casefold() != "date"]
        key = (day, pairs[0][0].casefold() if long else "")
        if key in cells and day:
            message = f"the day {from_serial(day):%Y-%m-%d} stands in {cells[key]} as well: the lower close counts"
            problems.append(Problem(WARNING, where, message))
        cells[key] = where
        for asset, cell in pairs:
            if isinstance(cell, int | float) and not isinstance(cell, bool):
                series.setdefault(asset.casefold(), {})[day] = float(cell)
    return series
