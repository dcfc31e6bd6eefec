"""What a real book earned between two days, from what it holds now and everything that happened before.

Holdings are walked back from today through the recorded fills and flows, so that every day can be valued. Flows, fills
and funding of a day happen at its close.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from rebalance_xl.functions.review_flows import money_weighted_return

CASH = "stablecoins"
FUNDING = "funding"
OTHER = "fees, interest, rewards"


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
    """Funding, interest, fees and rewards inside the book: paid (−) or received (+), `line` says which."""

    at: int
    line: str
    money: float


@dataclass(frozen=True, slots=True)
class Future:
    """A future today: side +1 or −1, units open, and its equity (margin and unrealised profit) at the last close."""

    side: float
    units: float
    equity: float


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


@dataclass(slots=True)
class Performance:
    """The book between its first and last close.

    Parameters
    ----------
    values, flows
        (n + 1,): value after the flow of a close, and that flow.
    time_weighted, money_weighted
        Of the whole period, not a year.
    benchmark, benchmark_value
        Return of the first quantities kept, and what that would be worth with the same flows.
    rows
        Assets, futures, stablecoins, funding, and other payments.
    """

    days: list[float]
    values: list[float]
    flows: list[float]
    time_weighted: float
    money_weighted: float
    benchmark: float
    benchmark_value: float
    rows: list[Row] = field(default_factory=list)
    growth: list[float] = field(default_factory=list)
    benchmark_curve: list[float] = field(default_factory=list)


def performance(
    days: Sequence[float],
    closes: Mapping[str, Sequence[float]],
    quantities: Mapping[str, float],
    cash: float,
    trades: Sequence[Trade] = (),
    flows: Sequence[Flow] = (),
    payments: Sequence[Payment] = (),
    futures: Mapping[str, Future] | None = None,
) -> Performance:
    """Return the performance of a book.

    Parameters
    ----------
    days
        (n + 1,) serial numbers of the closes.
    closes
        (n + 1,) closes of every asset and future.
    quantities, cash
        Units of every asset, and the stablecoins' money, after the last close.
    trades, flows, payments
        What happened at which close; those of the first close are part of the start.
    futures
        The futures of the book, by their symbol.
    """
    futures = dict(futures or {})
    count = len(days)
    trades = [trade for trade in trades if trade.at > 0]
    flows = [flow for flow in flows if flow.at > 0]
    payments = [payment for payment in payments if payment.at > 0]
    rows: dict[str, Row] = {}
    profits: dict[str, list[float]] = {}
    worth: dict[str, list[float]] = {}
    for name, quantity in quantities.items():
        own = [trade for trade in trades if trade.name == name]
        coins = [flow for flow in flows if flow.name == name and flow.units]
        rows[name], profits[name], worth[name] = _asset(name, quantity, closes[name], own, coins)
    for symbol, future in futures.items():
        own = [trade for trade in trades if trade.name == symbol]
        rows[symbol], profits[symbol], worth[symbol] = _future(symbol, future, closes[symbol], own)
    change = [0.0] * count
    for trade in trades:
        change[trade.at] -= trade.money + trade.fee
    external = [0.0] * count
    for flow in flows:
        external[flow.at] += flow.money
        change[flow.at] += 0.0 if flow.units else flow.money
    for payment in payments:
        change[payment.at] += payment.money
        rows.setdefault(payment.line, Row(payment.line))
        profits.setdefault(payment.line, [0.0] * count)[payment.at] += payment.money
    money = [cash - later for later in _after(change)]
    rows[CASH], profits[CASH] = Row(CASH, start=money[0], end=money[-1]), [0.0] * count
    values = [math.fsum([money[t], *(each[t] for each in worth.values())]) for t in range(count)]
    growth = [1.0]
    for t in range(1, count):
        growth.append(growth[-1] * (values[t] - external[t]) / values[t - 1])
    for name, row in rows.items():
        row.profit = math.fsum(profits[name][1:])
        row.contribution = math.fsum(growth[t - 1] * profits[name][t] / values[t - 1] for t in range(1, count))
    mark = _kept(rows, quantities, futures, closes, trades, money[0], values[0], count)
    invested = values[0] * mark[-1] + math.fsum(external[t] * mark[-1] / mark[t] for t in range(1, count))
    order = [*quantities, *futures, CASH]
    order += [name for name in rows if name not in order]
    return Performance(
        days=list(days),
        values=values,
        flows=external,
        time_weighted=growth[-1] - 1.0,
        money_weighted=float(money_weighted_return(values, external, list(days))),
        benchmark=mark[-1] - 1.0,
        benchmark_value=invested,
        rows=[rows[name] for name in order],
        growth=growth,
        benchmark_curve=mark,
    )


def _after(change: Sequence[float]) -> list[float]:
    """Return for each close the sum of what comes after it."""
    return [*list(accumulate(reversed(change)))[::-1][1:], 0.0]


def _asset(
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
    value = [(quantity - later) * close for later, close in zip(_after(units), closes, strict=True)]
    profit = [0.0] + [value[t] - value[t - 1] - spent[t] for t in range(1, len(closes))]
    row.start, row.end = value[0], value[-1]
    return row, profit, value


def _future(
    symbol: str, future: Future, marks: Sequence[float], trades: Sequence[Trade]
) -> tuple[Row, list[float], list[float]]:
    """Return the row of a future, its profit at each close, and its equity at each."""
    units, moved, gained = [0.0] * len(marks), [0.0] * len(marks), [0.0] * len(marks)
    fees = [0.0] * len(marks)
    row = Row(symbol)
    for trade in trades:
        units[trade.at] += trade.units
        moved[trade.at] += trade.money
        fees[trade.at] += trade.fee
        gained[trade.at] += future.side * trade.units * (marks[trade.at] - trade.price)
        row.fees += trade.fee
        row.bought += max(trade.money, 0.0)
        row.sold += max(-trade.money, 0.0)
    held = [future.units - later for later in _after(units)]
    for t in range(1, len(marks)):
        gained[t] += future.side * held[t - 1] * (marks[t] - marks[t - 1])
    change = [profit + money for profit, money in zip(gained, moved, strict=True)]
    equity = [future.equity - later for later in _after(change)]
    row.start, row.end = equity[0], equity[-1]
    return row, [profit - fee for profit, fee in zip(gained, fees, strict=True)], equity


def _kept(
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
        kept = [
            money + max(0.0, equity + future.side * units * (mark - marks[0]))
            for money, mark in zip(kept, marks, strict=True)
        ]
    return [money / start for money in kept]
