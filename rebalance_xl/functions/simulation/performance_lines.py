"""The lines of a real book's performance: an asset, a future, and what was held kept as it was.

Each is walked back from what is there today through the recorded trades, flows and payments.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate


@dataclass(frozen=True, slots=True)
class Trade:
    """A recorded line at the close `at`.

    `units` is what came to the row (+) or left it (−), `money` what it took out of the stablecoins (+) or brought (−)
    without the fee.
    """

    at: int
    name: str
    units: float
    price: float
    money: float
    fee: float = 0.0


@dataclass(frozen=True, slots=True)
class Flow:
    """Money or coins put in (+) or taken out (−) by the owner; `units` of the asset, 0 where it is a stablecoin."""

    at: int
    money: float
    name: str = ""
    units: float = 0.0


@dataclass(frozen=True, slots=True)
class Payment:
    """Funding, interest, fees and rewards inside the book: paid (−) or received (+), `line` says which.

    `future` is the coin-margined future whose margin pays or receives it; "" where the stablecoins do.
    """

    at: int
    line: str
    money: float
    future: str = ""


@dataclass(frozen=True, slots=True)
class Future:
    """A future today: side +1 or −1, units open, and its equity (margin and unrealised profit) at the last close.

    An `inverse` one counts its units in dollars and its margin in coins; `rate` is the book's money for a dollar.
    """

    side: float
    units: float
    equity: float
    inverse: bool = False
    rate: float = 1.0


@dataclass(slots=True)
class Row:
    """One line of the performance."""

    name: str
    start: float = 0.0
    bought: float = 0.0
    sold: float = 0.0
    fees: float = 0.0
    end: float = 0.0
    profit: float = 0.0
    contribution: float = 0.0


def after(change: Sequence[float]) -> list[float]:
    """Return for each close the sum of what comes after it."""
    return [*list(accumulate(reversed(change)))[::-1][1:], 0.0]


def asset_line(
    name: str, quantity: float, closes: Sequence[float], trades: Sequence[Trade], coins: Sequence[Flow]
) -> tuple[Row, list[float], list[float]]:
    """Return the row of an asset, its profit at each close, and what it is worth at each."""
    units, spent = [0.0] * len(closes), [0.0] * len(closes)
    row = Row(name)
    for trade in trades:
        units[trade.at] += trade.units
        spent[trade.at] += trade.money + trade.fee
        row.fees += trade.fee
        row.bought += max(trade.money, 0.0)
        row.sold += max(-trade.money, 0.0)
    for flow in coins:
        units[flow.at] += flow.units
        spent[flow.at] += flow.money
        row.bought += max(flow.money, 0.0)
        row.sold += max(-flow.money, 0.0)
    value = [(quantity - later) * close for later, close in zip(after(units), closes, strict=True)]
    profit = [0.0] + [value[t] - value[t - 1] - spent[t] for t in range(1, len(closes))]
    row.start, row.end = value[0], value[-1]
    return row, profit, value


def future_line(
    symbol: str,
    future: Future,
    marks: Sequence[float],
    trades: Sequence[Trade],
    payments: Sequence[Payment] = (),
) -> tuple[Row, list[float], list[float]]:
    """Return the row of a future, its profit at each close, and its equity at each.

    Parameters
    ----------
    symbol, future
        Its name and how it stands today.
    marks
        (n + 1,) closes.
    trades, payments
        What was done in it, and the payments that its own margin bears.

    Notes
    -----
    Its equity is walked back in margin coins: what was moved there and what it gained between two closes,
    side × units × (X(t) − X(t−1)), inverse side × units × (1/X(t−1) − 1/X(t)). Its profit is the change of the equity
    in money less what was moved in.
    """
    count = len(marks)
    coin = [mark * future.rate if future.inverse else 1.0 for mark in marks]
    units, moved, change = [0.0] * count, [0.0] * count, [0.0] * count
    fees, aside = [0.0] * count, [0.0] * count
    row = Row(symbol)
    for trade in trades:
        price = trade.price or marks[trade.at]
        units[trade.at] += trade.units
        moved[trade.at] += trade.money
        fees[trade.at] += trade.fee
        change[trade.at] += trade.money / (price * future.rate if future.inverse else 1.0)
        change[trade.at] += future.side * _gain(future, trade.units, price, marks[trade.at])
        row.fees += trade.fee
        row.bought += max(trade.money, 0.0)
        row.sold += max(-trade.money, 0.0)
    for payment in payments:
        change[payment.at] += payment.money / coin[payment.at]
        aside[payment.at] += payment.money
    held = [future.units - later for later in after(units)]
    for t in range(1, count):
        change[t] += future.side * _gain(future, held[t - 1], marks[t - 1], marks[t])
    equity = [(future.equity / coin[-1] - later) * worth for later, worth in zip(after(change), coin, strict=True)]
    profit = [0.0] + [equity[t] - equity[t - 1] - moved[t] - aside[t] - fees[t] for t in range(1, count)]
    row.start, row.end = equity[0], equity[-1]
    return row, profit, equity


def _gain(future: Future, units: float, first: float, last: float) -> float:
    """Return what units of a long gain between two prices, in margin coins."""
    return units * (1.0 / first - 1.0 / last) if future.inverse else units * (last - first)


def kept_as_it_was(
    rows: Mapping[str, Row],
    quantities: Mapping[str, float],
    futures: Mapping[str, Future],
    closes: Mapping[str, Sequence[float]],
    trades: Sequence[Trade],
    cash: float,
    start: float,
    count: int,
) -> list[float]:
    """Return the worth of what the book held at the first close, kept as it was, as a share of its value then."""
    kept = [cash] * count
    for name in quantities:
        units = rows[name].start / closes[name][0]
        kept = [money + units * close for money, close in zip(kept, closes[name], strict=True)]
    for symbol, future in futures.items():
        units = future.units - math.fsum(trade.units for trade in trades if trade.name == symbol)
        marks, equity = closes[symbol], rows[symbol].start
        coin = [mark * future.rate if future.inverse else 1.0 for mark in marks]
        kept = [
            money + max(0.0, (equity / coin[0] + future.side * _gain(future, units, marks[0], mark)) * worth)
            for money, mark, worth in zip(kept, marks, coin, strict=True)
        ]
    return [money / start for money in kept]
