"""The real book's performance: what Fills, CashFlows, Journal and Prices say about it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from rebalance_xl.book.futures import equity_of, sign
from rebalance_xl.book.interface import WorkbookPort
from rebalance_xl.book.model import Book
from rebalance_xl.book.problems import ERROR, BookError, Problem
from rebalance_xl.book.rows import CashFlow, Position, RecordedFill
from rebalance_xl.functions.simulation.performance import (
    FUNDING,
    OTHER,
    Flow,
    Future,
    Payment,
    Performance,
    Trade,
    performance,
)
from rebalance_xl.functions.simulation.rules import Array
from rebalance_xl.review.history import History, check_history

_OUTSIDE = ("DEPOSIT", "WITHDRAWAL")
#: What takes money out of the stablecoins, and what brings it there.
_SPENDING, _EARNING = ("BUY", "OPEN LONG", "OPEN SHORT", "ADD MARGIN"), ("SELL", "CLOSE", "REDUCE", "RELEASE")
_ADDING, _TAKING = ("BUY", "OPEN LONG", "OPEN SHORT"), ("SELL", "CLOSE", "REDUCE")


@dataclass(frozen=True, slots=True)
class Approximation:
    """Linked modified Dietz returns between the Journal's values, where no fills are recorded: approximate."""

    days: tuple[float, ...]
    values: tuple[float, ...]
    total: float


def _refuse(message: str, where: str = "Fills") -> BookError:
    return BookError(Problem(ERROR, where, message))


def real_performance(book: Book, history: History, fill_gaps: bool = False) -> Performance:
    """Return the performance of a book since the first close of its history.

    Parameters
    ----------
    book
        As it stands today, with its fills and cash flows.
    history
        Closes of all that it holds or held.
    fill_gaps
        Carry closes over holes.

    Raises
    ------
    BookError
        If a fill cannot be placed: an unknown asset, a kind that changes several coins, or no prices.
    """
    names = {holding.asset.casefold(): holding.asset for holding in book.holdings if not holding.stable}
    symbols = {position.symbol.casefold(): position for position in book.positions}
    for fill in book.fills:
        known = fill.asset.casefold() in symbols or any(
            holding.asset.casefold() == fill.asset.casefold() for holding in book.holdings
        )
        known = known or (fill.action == "CONVERT" and not fill.to_venue)
        if not known:
            raise _refuse(f"{fill.asset} is neither in Portfolio nor in Futures: add its row, with quantity 0")
        if fill.action == "CONVERT" and fill.to_venue and fill.asset.casefold() not in names:
            raise _refuse(f"a CONVERT moves {fill.asset} into margin, but Portfolio has no row of it")
    history = check_history(history, list(names.values()), fill_gaps)
    days = np.floor(history.days)
    closes = {name: history.columns[key].tolist() for key, name in names.items()}
    for position in symbols.values():
        own = history.close(position.symbol)
        asset = history.close(position.asset)
        marks = own if own is not None else asset
        if marks is None:
            raise _refuse(f"Prices has neither {position.symbol} nor {position.asset}", "Prices")
        closes[position.symbol] = marks.tolist()
    quantities = {name: 0.0 for name in names.values()}
    cash = 0.0
    for holding in book.holdings:
        if holding.stable:
            cash += holding.value
        else:
            units = holding.quantity
            price = float(closes[names[holding.asset.casefold()]][-1])
            quantities[names[holding.asset.casefold()]] += units if units is not None else holding.value / price
    trades = [_trade(fill, days, names, symbols) for fill in book.fills]
    futures = {
        position.symbol: _future(position, float(closes[position.symbol][-1]))
        for position in symbols.values()
        if _was_used(book, position.symbol) or position.quantity
    }
    coins = {
        position.margin_coin.casefold(): position.symbol
        for position in symbols.values()
        if position.inverse and position.symbol in futures
    }
    flows, payments = _flows(book.cash_flows, days, names, closes, coins)
    return performance(history.days.tolist(), closes, quantities, cash, trades, flows, payments, futures)


def _was_used(book: Book, symbol: str) -> bool:
    return any(fill.asset.casefold() == symbol.casefold() for fill in book.fills)


def _future(position: Position, mark: float) -> Future:
    """Return a position as it stands at the last close; a coin is worth its mark in the book's money for a dollar."""
    rate = position.money / position.mark if position.inverse else 1.0
    marked = replace(position, mark=mark, money=mark * rate if position.inverse else position.money)
    return Future(sign(position), position.quantity, max(0.0, equity_of(marked)), position.inverse, rate)


def _place(day: float, days: Array) -> int:
    """Return the close at which something of a day happens: the first on or after it, else the last."""
    return min(int(np.searchsorted(days, math.floor(day))), len(days) - 1)


def _trade(fill: RecordedFill, days: Array, names: dict[str, str], symbols: Mapping[str, Position]) -> Trade:
    key, at = fill.asset.casefold(), _place(fill.date, days)
    units = fill.quantity or 0.0
    if fill.action in _SPENDING:
        money = fill.amount
    elif fill.action in _EARNING:
        money = -fill.amount
    else:
        money = 0.0
    signed = units if fill.action in _ADDING else -units if fill.action in _TAKING else 0.0
    if fill.action == "CONVERT" and fill.to_venue:
        # The coins leave their row for the margin; the opening that follows takes the same money from the book.
        signed, money = -units, -fill.amount
    name = names.get(key) or (symbols[key].symbol if key in symbols else fill.asset)
    return Trade(at, name, signed, fill.price or 0.0, money, fill.fee)


def _flows(
    rows: Sequence[CashFlow],
    days: Array,
    names: dict[str, str],
    closes: dict[str, list[float]],
    coins: Mapping[str, str],
) -> tuple[list[Flow], list[Payment]]:
    flows: list[Flow] = []
    payments: list[Payment] = []
    for row in rows:
        at = _place(row.date, days)
        coin = names.get(row.asset.casefold())
        if row.kind in _OUTSIDE:
            units = row.amount / float(closes[coin][at]) if coin else 0.0
            flows.append(Flow(at, row.amount, coin or "", units))
        else:
            future = coins.get(row.asset.casefold(), "") if row.kind == "FUNDING" else ""
            payments.append(Payment(at, FUNDING if row.kind == "FUNDING" else OTHER, row.amount, future))
    return flows, payments


def approximate(port: WorkbookPort, book: Book) -> Approximation | None:
    """Return linked modified Dietz returns between the Journal's values, None where it has fewer than two."""
    data = port.read_table("Journal")
    if data is None or data.column("Date") is None or data.column("Value") is None:
        return None
    from rebalance_xl.book import schema
    from rebalance_xl.book.reading import read_records

    points: dict[float, float] = {}
    for record in read_records(port, schema.JOURNAL, []) or []:
        if record["Date"] and record["Value"]:
            points[math.floor(record["Date"])] = float(record["Value"])
    days = sorted(points)
    if len(days) < 2:
        return None
    growth = 1.0
    for first, last in itertools.pairwise(days):
        inside = [row for row in book.cash_flows if row.kind in _OUTSIDE and first < math.floor(row.date) <= last]
        put_in = math.fsum(row.amount for row in inside)
        weighted = math.fsum(row.amount * (last - math.floor(row.date)) / (last - first) for row in inside)
        base = points[first] + weighted
        if base <= 0:
            return None
        growth *= 1.0 + (points[last] - points[first] - put_in) / base
    return Approximation(tuple(days), tuple(points[day] for day in days), growth - 1.0)
