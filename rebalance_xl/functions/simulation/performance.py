"""What a real book earned between two days, from what it holds now and everything that happened before.

Holdings are walked back from today through the recorded fills and flows, so that every day can be valued. Flows, fills
and funding of a day happen at its close.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rebalance_xl.functions.review_flows import money_weighted_return
from rebalance_xl.functions.simulation.performance_lines import (
    Flow,
    Future,
    Payment,
    Row,
    Trade,
    after,
    asset_line,
    future_line,
    kept_as_it_was,
)

__all__ = ["CASH", "FUNDING", "OTHER", "Flow", "Future", "Payment", "Performance", "Row", "Trade", "performance"]

CASH = "stablecoins"
FUNDING = "funding"
OTHER = "fees, interest, rewards"


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
        rows[name], profits[name], worth[name] = asset_line(name, quantity, closes[name], own, coins)
    for symbol, future in futures.items():
        own = [trade for trade in trades if trade.name == symbol]
        borne = [payment for payment in payments if payment.future == symbol]
        rows[symbol], profits[symbol], worth[symbol] = future_line(symbol, future, closes[symbol], own, borne)
    change = [0.0] * count
    for trade in trades:
        change[trade.at] -= trade.money + trade.fee
        if trade.name not in worth and trade.fee:  # of a transfer, or of coins bought as margin
            rows.setdefault(OTHER, Row(OTHER)).fees += trade.fee
            profits.setdefault(OTHER, [0.0] * count)[trade.at] -= trade.fee
    external = [0.0] * count
    for flow in flows:
        external[flow.at] += flow.money
        change[flow.at] += 0.0 if flow.units else flow.money
    for payment in payments:
        change[payment.at] += payment.money if payment.future not in futures else 0.0
        rows.setdefault(payment.line, Row(payment.line))
        profits.setdefault(payment.line, [0.0] * count)[payment.at] += payment.money
    money = [cash - later for later in after(change)]
    rows[CASH], profits[CASH] = Row(CASH, start=money[0], end=money[-1]), [0.0] * count
    values = [math.fsum([money[t], *(each[t] for each in worth.values())]) for t in range(count)]
    growth = [1.0]
    for t in range(1, count):
        growth.append(growth[-1] * (values[t] - external[t]) / values[t - 1])
    for name, row in rows.items():
        row.profit = math.fsum(profits[name][1:])
        row.contribution = math.fsum(growth[t - 1] * profits[name][t] / values[t - 1] for t in range(1, count))
    mark = kept_as_it_was(rows, quantities, futures, closes, trades, money[0], values[0], count)
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
