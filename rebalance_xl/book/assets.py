"""What belongs to an asset, whichever venue holds it: target, band, priority, sector and kind; and what is money."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import rebalance_xl.data
from rebalance_xl.book.problems import ERROR, NOTE, WARNING, Problem
from rebalance_xl.book.reading import Record
from rebalance_xl.book.rows import Holding
from rebalance_xl.book.tolerances import CENT, DUST
from rebalance_xl.cells import CellError
from rebalance_xl.functions.account import STEADY

#: What a typed total calls itself, without regard to case.
TOTAL_WORDS = ("total", "totals", "sum", "summe", "gesamt", "grand total", "book value", "portfolio total")
_MINTED = (
    "USD EUR GBP CHF CAD AUD NZD JPY CNY HKD SGD TWD KRW INR IDR THB VND PHP MYR TRY BRL MXN ARS CLP COP ZAR NGN KES "
    "AED SAR ILS PLN CZK HUF RON BGN SEK NOK DKK ISK UAH GEL KZT"
)
_CURRENCIES = STEADY | frozenset(_MINTED.split())
_SHARED = ("Target", "Band", "Priority", "Sector", "Kind")


@lru_cache(maxsize=1)
def stablecoins() -> dict[str, str]:
    """Return the coins that everybody counts as money, each with the currency that it stands for."""
    assert rebalance_xl.data.__file__ is not None
    text = (Path(rebalance_xl.data.__file__).parent / "stablecoins.txt").read_text(encoding="utf-8")
    pairs = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    return {coin.casefold(): currency for coin, currency in pairs}


def is_money(asset: str, quote: str) -> bool:
    """Tell whether an asset whose Kind is blank is money: a known stablecoin, or the book's currency itself."""
    return asset.casefold() in stablecoins() or asset.casefold() == quote.casefold()


def cent_of(quote: str, total: float) -> float:
    """Return the money that makes no line and no row: half a cent of a currency; in a book kept in a coin, its dust.

    Parameters
    ----------
    quote
        The currency of the book. One that is not known is taken for a coin.
    total
        What the book is worth.
    """
    is_currency = quote.upper() in _CURRENCIES
    return CENT if is_currency else min(CENT, DUST * abs(total))


def receiving_coin(holdings: Sequence[Holding], quote: str) -> str:
    """Return the stablecoin that money comes in where its venue has none: the book's first one.

    Parameters
    ----------
    holdings
        The rows of Portfolio. Without money among them it is USDT, or the currency of the book where that is not USD;
        a coin that its row calls spot is none, so that the next one of the currency takes its place.
    quote
        The currency of the book.
    """
    first = next((holding.asset for holding in holdings if holding.stable), None)
    if first is not None:
        return first
    currency = quote.upper() or "USD"
    coins = [coin.upper() for coin, stands_for in stablecoins().items() if stands_for == currency]
    taken = {holding.asset.casefold() for holding in holdings}
    wanted = [*coins, currency] if currency == "USD" else [currency, *coins]
    return next((coin for coin in wanted if coin.casefold() not in taken), f"{currency} cash")


def money_price(holdings: Sequence[Holding], coin: str) -> float:
    """Return what a unit of money is worth in the book's currency: the price of a row that has it, else 1."""
    folded = coin.casefold()
    return next((row.price for row in holdings if row.asset.casefold() == folded and row.price), 1.0)


def resolved(
    records: Sequence[Record], holdings: Sequence[Holding], quote: str, problems: list[Problem]
) -> list[Holding]:
    """Return the holdings with what belongs to their asset filled in, and report rows that contradict each other.

    Parameters
    ----------
    records, holdings
        The rows of Portfolio as read.
    quote
        The currency of the book.
    problems
        Receives two rows that differ (both cells named), and a note for money without a Kind.
    """
    groups: dict[str, list[int]] = {}
    for place, holding in enumerate(holdings):
        groups.setdefault(holding.asset.casefold(), []).append(place)
    found = list(holdings)
    noted = []
    for places in groups.values():
        shared: dict[str, Any] = {}
        for column in _SHARED:
            owner = _owner(records, places, column, problems)
            if owner is not None:
                shared[column] = records[owner][column]
                shared[f"{column} owner"] = owner
        asset = holdings[places[0]].asset
        stable = shared.get("Kind") == "stable"
        if "Kind" not in shared and is_money(asset, quote):
            stable = True
            noted.append(asset)
        main = shared.get("Target owner", places[0])
        for place in places:
            found[place] = replace(
                holdings[place],
                stable=stable,
                target=shared.get("Target"),
                band=shared.get("Band", 0.0),
                banded="Band" in shared,
                priority=shared.get("Priority"),
                sector=shared.get("Sector", ""),
                main=place == main,
            )
    if noted:
        problems.append(Problem(NOTE, "Portfolio", f"counted as money, as their Kind is blank: {', '.join(noted)}"))
    return found


def _owner(records: Sequence[Record], places: Sequence[int], column: str, problems: list[Problem]) -> int | None:
    """Return the row that states a column for its asset; two that state different things are an error."""
    owner: int | None = None
    for place in places:
        record = records[place]
        if record.is_blank(column) or record.table.column(column) is None:
            continue
        if owner is None:
            owner = place
        elif not _same(records[owner][column], record[column]):
            problems.append(
                Problem(
                    ERROR,
                    record.where(column),
                    f"the {column} of {record['Asset']} is {_shown(record[column])} here and "
                    f"{_shown(records[owner][column])} in {records[owner].where(column)}: it belongs to the asset, so "
                    "give it once",
                )
            )
    return owner


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, str) and isinstance(other, str):
        return one.casefold() == other.casefold()
    return bool(one == other)


def _shown(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def typed_total(records: Sequence[Record], problems: list[Problem]) -> None:
    """Report a last row that is a total typed into the table: it would count everything twice."""
    if len(records) < 2:
        return
    last = records[-1]
    name = str(last["Asset"] or "").strip().rstrip(":").casefold()
    value = last["Value"]
    others = [record["Value"] for record in records[:-1]]
    worth = [
        record["Quantity"] * record["Price"]
        if record["Value"] is None and record["Quantity"] is not None and record["Price"] is not None
        else record["Value"] or 0.0
        for record in records[:-1]
    ]
    is_sum = (
        value is not None
        and value > 0
        and last["Quantity"] is None
        and last["Price"] is None
        and last["Target"] is None
        and len(others) > 1
        and math.isclose(value, math.fsum(worth), rel_tol=DUST)
    )
    if name in TOTAL_WORDS or is_sum:
        what = f'"{last["Asset"]}"' if name in TOTAL_WORDS else f"the Value of {last['Asset']}"
        problems.append(
            Problem(
                ERROR,
                last.where("Asset"),
                f"{what} looks like a total typed into the table; delete the row and switch on the table's own total "
                "row (Table Design, Total Row)",
            )
        )


def check_quantities(records: Sequence[Record], holdings: Sequence[Holding], problems: list[Problem]) -> None:
    """Refuse a quantity or value below 0, but for money: a stablecoin below 0 is a debt."""
    for record, holding in zip(records, holdings, strict=True):
        for column in ("Quantity", "Value"):
            number = record[column]
            if number is not None and number < 0 and not holding.stable:
                message = f"Portfolio[{column}] holds {number:g}; it cannot be negative (a stablecoin's may: a debt)"
                problems.append(Problem(ERROR, record.where(column), message))


def excused(records: Sequence[Record], holdings: Sequence[Holding], problems: Iterable[Problem]) -> list[Problem]:
    """Return the problems, with an error value in the price of an untargeted row as a warning: it has no price."""
    cells = {}
    for record, holding in zip(records, holdings, strict=True):
        if holding.target is not None:
            continue
        for column in ("Price", "Value"):
            place = record.table.column(column)
            cell = record.table.rows[record.row][place] if place is not None else None
            if isinstance(cell, CellError):
                cells[record.where(column)] = f"the {column} of {record['Asset']} is {cell.code}: it counts as no price"
    return [
        Problem(WARNING, each.where, cells[each.where]) if each.severity == ERROR and each.where in cells else each
        for each in problems
    ]
