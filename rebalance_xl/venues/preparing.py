"""Rows from outside brought to what a book can take: prices by venue, tiers by table, new closes, flows in money."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import Any

from rebalance_xl.book.interface import Cell, WorkbookPort
from rebalance_xl.cells import to_serial
from rebalance_xl.venues.difference import DOLLARS
from rebalance_xl.venues.matching import BookTable, is_blank, serial_day
from rebalance_xl.venues.names import plain_symbol, venue_id
from rebalance_xl.venues.rows import Found, Row

#: A close this many days before a flow still prices it.
_NEAR_DAYS = 3


def prepared(port: WorkbookPort, found: Found, quote: str) -> Found:
    """Return the rows as the comparison takes them.

    Parameters
    ----------
    port : WorkbookPort
        The book.
    found : Found
        What venues and files gave, in the order in which venues are preferred.
    quote : str
        The book's currency.
    """
    by_table: dict[str, list[Row]] = {}
    for row in found.rows:
        by_table.setdefault(row.table, []).append(row)
    notes = list(found.notes)
    rows = [row for row in by_table.pop("Portfolio", []) if "Quantity" in row.values or row.adds]
    prices = [row for row in found.rows if row.table == "Portfolio" and "Price" in row.values and not row.adds]
    rows += _prices(BookTable.of(port, "Portfolio"), rows, [each for each in prices if "Quantity" not in each.values])
    closes = by_table.get("Prices", [])
    rows += _closes(BookTable.of(port, "Prices"), by_table.pop("Prices", []), notes)
    rows += _tiers(BookTable.of(port, "MarginTiers"), by_table.pop("MarginTiers", []))
    rows += _flows(port, by_table.pop("CashFlows", []), closes, quote, notes)
    for others in by_table.values():
        rows += others
    return Found(rows, notes, found.complete)


def _prices(table: BookTable | None, holdings: list[Row], prices: list[Row]) -> list[Row]:
    """Return the price of each row of the book and of each new holding: its own venue's, else the first."""
    by_asset: dict[str, list[Row]] = {}
    for row in prices:
        by_asset.setdefault(str(row.key["Asset"]).upper(), []).append(row)
    found = []
    for place in range(len(table.data.rows)) if table is not None else ():
        assert table is not None
        candidates = by_asset.get(str(table.plain(place, "Asset")), [])
        chosen = _of_venue(candidates, str(table.plain(place, "Venue")))
        if chosen is not None:
            found.append(dataclasses.replace(chosen, place=place))
    for holding in holdings:
        candidates = by_asset.get(str(holding.key["Asset"]).upper(), [])
        chosen = _of_venue(candidates, venue_id(str(holding.key.get("Venue") or "")))
        if chosen is not None and holding.adds and (table is None or not table.find(holding.key)):
            found.append(dataclasses.replace(chosen, key=dict(holding.key)))
    return found


def _of_venue(candidates: list[Row], venue: str) -> Row | None:
    return next((row for row in candidates if venue_id(row.venue) == venue), candidates[0] if candidates else None)


def _closes(table: BookTable | None, rows: list[Row], notes: list[str]) -> list[Row]:
    """Return closes for blank cells and for days after the last one; what stands in the table is never changed."""
    if table is None or not rows:
        return []
    days = {day: place for place in range(len(table.data.rows)) if (day := serial_day(table.cell(place, "Date")))}
    last = max(days, default=0)
    kept: dict[int, dict[str, tuple[Cell, Row]]] = {}
    for row in rows:
        day = serial_day(row.key["Date"])
        if day is None or (day not in days and day <= last):
            continue
        for column, value in row.values.items():
            if table.has(column) and (day not in days or is_blank(table.cell(days[day], column))):
                kept.setdefault(day, {}).setdefault(column, (value, row))
    found = []
    for day in sorted(kept):
        values = {column: value for column, (value, _) in kept[day].items()}
        first = next(row for _, row in kept[day].values())
        found.append(dataclasses.replace(first, values=values, place=days.get(day)))
    return found


def _tiers(table: BookTable | None, rows: list[Row]) -> list[Row]:
    """Return tiers laid over the book's rows of the same contract, in their order; rows left over become blank."""
    if table is None:
        return []
    tables: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        key = (venue_id(str(row.key["Venue"])), plain_symbol(str(row.key["Symbol"])))
        tables.setdefault(key, []).append(row)
    held: dict[tuple[str, str], list[int]] = {}
    for place in range(len(table.data.rows)):
        if not is_blank(table.cell(place, "Symbol")):
            held.setdefault((table.plain(place, "Venue"), table.plain(place, "Symbol")), []).append(place)
    found = []
    for key, new in tables.items():
        places = held.get(key, [])
        for row, place in zip(new, places, strict=False):
            found.append(dataclasses.replace(row, place=place, values={"Floor": row.key["Floor"], **row.values}))
        found += new[len(places) :]
        blank: dict[str, Cell] = {header: None for header in table.data.headers}
        found += [dataclasses.replace(new[0], place=place, values=blank) for place in places[len(new) :]]
    return found


def _flows(port: WorkbookPort, rows: list[Row], closes: list[Row], quote: str, notes: list[str]) -> list[Row]:
    """Return the flows that the book does not have yet, in its currency."""
    table = BookTable.of(port, "CashFlows")
    if table is None or not rows:
        return rows
    ids = {str(table.cell(place, "Id")).strip() for place in range(len(table.data.rows))}
    marks = [str(table.cell(place, "Note") or "") for place in range(len(table.data.rows))]
    prices = _day_prices(port, closes)
    typed = {
        (
            serial_day(table.cell(place, "Date")),
            str(table.cell(place, "Kind")).upper(),
            table.plain(place, "Asset"),
        ): place
        for place in range(len(table.data.rows))
    }
    found, without, alike = [], [], []
    for row in rows:
        mark, coin = str(row.key["Id"]), str(row.values["Asset"])
        if mark in ids or any(f"[{mark}]" in text for text in marks):
            continue
        day = serial_day(row.values["Date"])
        amount = _in_money(row, coin, day, prices, quote)
        if amount is None:
            without.append(f"{row.values['Kind']} {row.values['Amount']:.10g} {coin} of {row.values['Date']}")
            continue
        place = typed.get((day, str(row.values["Kind"]), coin.upper()))
        if place is not None and is_blank(table.cell(place, "Id")) and _alike(table.cell(place, "Amount"), amount):
            alike.append(f"{row.values['Kind']} {coin} of {row.values['Date']}")
            continue
        note = str(row.values.get("Note") or "")
        if coin not in (quote, *(DOLLARS if quote == "USD" else ())):
            note = f"{note} {row.values['Amount']:.10g} {coin}".strip()
        if not table.has("Id"):
            note = f"{note} [{mark}]".strip()
        values = {**row.values, "Amount": amount, "Note": note or None}
        found.append(dataclasses.replace(row, key={"Id": mark}, values=values))
    if without:
        notes.append(f"no price of that day, so not taken: {', '.join(without)}")
    if alike:
        notes.append(f"typed into CashFlows already, so not added again: {', '.join(alike)}")
    return sorted(found, key=lambda row: (serial_day(row.values["Date"]) or 0, str(row.key["Id"])))


def _alike(typed: Cell, amount: float) -> bool:
    return isinstance(typed, int | float) and abs(float(typed) - amount) <= 0.005 * abs(amount)


def _in_money(
    row: Row, coin: str, day: int | None, prices: Mapping[str, Mapping[int, float]], quote: str
) -> float | None:
    units: Any = row.values["Amount"]
    if coin == quote or (quote == "USD" and coin in DOLLARS):
        return float(units)
    known = prices.get(coin.upper(), {})
    for back in range(_NEAR_DAYS + 1):
        if day is not None and day - back in known:
            return round(float(units) * known[day - back], 8)
    return None


def _day_prices(port: WorkbookPort, closes: list[Row]) -> dict[str, dict[int, float]]:
    """Return the closes that are known, by coin and day: those of this round and those of the book."""
    found: dict[str, dict[int, float]] = {}
    for row in closes:
        for coin, value in row.values.items():
            if isinstance(value, float):
                found.setdefault(coin.upper(), {})[int(to_serial(_day(row.key["Date"])))] = value
    table = BookTable.of(port, "Prices")
    for place in range(len(table.data.rows)) if table is not None else ():
        assert table is not None
        day = serial_day(table.cell(place, "Date"))
        for header in table.data.headers:
            value = table.cell(place, header)
            if day is not None and isinstance(value, int | float) and header.casefold() != "date":
                found.setdefault(header.upper(), {}).setdefault(day, float(value))
    return found


def _day(cell: Cell) -> dt.date:
    assert isinstance(cell, dt.date)
    return cell
