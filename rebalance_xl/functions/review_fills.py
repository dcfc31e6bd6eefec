"""PERFORMANCE: what the spot rows of a workbook really earned, from its fills, cash flows and closes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from rebalance_xl.catalogue import Example, Result, switch, worksheet_function
from rebalance_xl.cells import CellError
from rebalance_xl.functions.review_measures import CATEGORY
from rebalance_xl.functions.review_prices import Table, read_table, table
from rebalance_xl.functions.review_tables import closes_of, maybe, numbers_in, price_table, texts_in

PERFORMANCE_HEADERS = ("Line", "Start", "End", "Profit", "Contribution")

_FILLS = maybe("fills", lambda value: read_table("fills", value), "Fills[#All]")
_FLOWS = maybe("cash_flows", lambda value: read_table("cash_flows", value), "CashFlows[#All]")


@worksheet_function(
    "PERFORMANCE",
    CATEGORY,
    [
        table("prices", model="Prices[#All]"),
        table("portfolio", model="Portfolio[#All]"),
        _FILLS,
        _FLOWS,
        switch("headers", True),
    ],
    Result("table", shape="table"),
    errors={
        "#N/A": "an asset has no prices, or one is blank",
        "#NUM!": "a price is not above 0, or days do not rise",
        "#VALUE!": "a table has no column that is needed, or a fill is of a future: `rebalance-xl review` follows them",
    },
    examples=[
        Example(
            '=PERFORMANCE({"Date","BTC","ETH";46023,50000,2500;46024,55000,2400;46025,54000,2300;46026,60000,2600},'
            '{"Asset","Kind","Quantity";"BTC","spot",0.1;"ETH","spot",2.5;"USDT","stable",348},'
            '{"Date","Asset","Action","Quantity","Price","Amount","Fee";46025,"ETH","BUY",0.5,2300,1150,1.15},'
            '{"Date","Kind","Asset","Amount";46024,"DEPOSIT","USDT",2000;46026,"FUNDING","",-0.85;'
            '46026,"WITHDRAWAL","USDT",-500},FALSE)',
            '={"Book",10000,12848,1348,0.1177593495934958;"Benchmark",10000,12874.757281553398,"",0.12;'
            '"BTC",5000,6000,1000,0.091869918699186992;"ETH",5000,6500,348.85,0.025960609756097515;'
            '"stablecoins",0,348,0,0;"funding",0,0,-0.85,-0.000071178861788617875}',
            "Three days with a deposit, a purchase, funding and a withdrawal.",
        )
    ],
)
def performance(
    prices: Table,
    portfolio: Table,
    fills: Table | None = None,
    cash_flows: Table | None = None,
    headers: float = 1.0,
) -> list[list[Any]] | CellError:
    """Return what the real book earned since the first close: the book, holding what it had, and every row.

    The first row's contribution is the time-weighted return, which the others add up to; the second row keeps the
    first quantities and invests the flows in them in proportion.

    Parameters
    ----------
    prices : table
        The table Prices with its header row: Date and a column of closes for each asset.
    portfolio : table
        The table Portfolio with its header row, as it stands now: Asset, Quantity, and where given Kind.
    fills : table
        The table Fills with its header row. Default: nothing was traded.
    cash_flows : table
        The table CashFlows with its header row; amounts into the book are positive. Default: none.
    headers : TRUE or FALSE
        As in REBALANCE_PLAN.

    Notes
    -----
    Equation: profit = end − start − bought + sold − fees; contribution = Σ growth so far × profit / value before

    Source: GIPS Standards for Firms 2020, section 2: valued at every external flow.

    Examples
    --------
    >>> prices = (("date", "a"), ((46000.0, 10.0), (46001.0, 11.0)))
    >>> performance(prices, (("asset", "quantity"), (("A", 5.0),)), headers=0.0)[0]
    ['Book', 50.0, 55.0, 5.0, 0.10000000000000009]
    """
    read = price_table(prices)
    if isinstance(read, CellError):
        return read
    days, known = read
    if len(days) < 2:
        return CellError("#N/A", f"prices has {len(days)} closes; at least 2 are needed")
    quantities: dict[str, float] = {}
    closes: dict[str, Any] = {}
    cash = 0.0
    amounts = numbers_in(portfolio, "Quantity", 0.0)
    if isinstance(amounts, CellError):
        return amounts
    from rebalance_xl.functions.simulation.performance import performance as worked_out

    for asset, kind, amount in zip(texts_in(portfolio, "Asset"), texts_in(portfolio, "Kind"), amounts, strict=True):
        if kind.casefold() == "stable":
            cash += amount
        elif asset:
            column = closes_of(asset, days, known)
            if isinstance(column, CellError):
                return column
            quantities[asset] = quantities.get(asset, 0.0) + amount
            closes[asset] = column
    trades = _trades(fills, days, quantities)
    if isinstance(trades, CellError):
        return trades
    moved = _moves(cash_flows, days, closes)
    if isinstance(moved, CellError):
        return moved
    found = worked_out(days, closes, quantities, cash, trades, *moved)
    start, end = found.values[0], found.values[-1]
    flows = math.fsum(found.flows[1:])
    rows: list[list[Any]] = [list(PERFORMANCE_HEADERS)] if headers else []
    rows.append(["Book", start, end, end - start - flows, found.time_weighted])
    rows.append(["Benchmark", start, found.benchmark_value, "", found.benchmark])
    rows += [[row.name, row.start, row.end, row.profit, row.contribution] for row in found.rows]
    return rows


def _place(day: float, days: Sequence[float]) -> int:
    """Return the first close on or after a day, else the last."""
    return next((i for i, each in enumerate(days) if math.floor(each) >= math.floor(day)), len(days) - 1)


def _trades(fills: Table | None, days: Sequence[float], quantities: dict[str, float]) -> Any:
    from rebalance_xl.functions.simulation.performance import Trade

    if fills is None:
        return []
    columns: dict[str, list[float]] = {}
    for name in ("Date", "Quantity", "Price", "Amount", "Fee"):
        column = numbers_in(fills, name, 0.0)
        if isinstance(column, CellError):
            return column
        columns[name] = column
    names = {name.casefold(): name for name in quantities}
    found = []
    for i, (asset, action) in enumerate(zip(texts_in(fills, "Asset"), texts_in(fills, "Action"), strict=True)):
        if not asset and not action:
            continue
        fee, at = columns["Fee"][i], _place(columns["Date"][i], days)
        if action.upper() == "TRANSFER":
            found.append(Trade(at, asset, 0.0, 0.0, 0.0, fee))
            continue
        if action.upper() not in ("BUY", "SELL"):
            return CellError("#VALUE!", f"fills has {action} of {asset}; PERFORMANCE follows BUY, SELL and TRANSFER")
        if asset.casefold() not in names:
            return CellError("#VALUE!", f"fills has {asset}, which is no row of portfolio")
        side = 1.0 if action.upper() == "BUY" else -1.0
        units, money = side * columns["Quantity"][i], side * columns["Amount"][i]
        found.append(Trade(at, names[asset.casefold()], units, columns["Price"][i], money, fee))
    return found


def _moves(cash_flows: Table | None, days: Sequence[float], closes: dict[str, Any]) -> Any:
    from rebalance_xl.functions.simulation.performance import FUNDING, OTHER, Flow, Payment

    flows: list[Flow] = []
    payments: list[Payment] = []
    if cash_flows is None:
        return flows, payments
    dates, amounts = numbers_in(cash_flows, "Date", 0.0), numbers_in(cash_flows, "Amount", 0.0)
    if isinstance(dates, CellError):
        return dates
    if isinstance(amounts, CellError):
        return amounts
    names = {name.casefold(): name for name in closes}
    kinds, assets = texts_in(cash_flows, "Kind"), texts_in(cash_flows, "Asset")
    for day, amount, kind, asset in zip(dates, amounts, kinds, assets, strict=True):
        if not kind:
            continue
        at = _place(day, days)
        coin = names.get(asset.casefold(), "")
        if kind.upper() in ("DEPOSIT", "WITHDRAWAL"):
            units = amount / float(closes[coin][at]) if coin else 0.0
            flows.append(Flow(at, amount, coin, units))
        elif kind.upper() in ("FUNDING", "FEE", "INCOME"):
            payments.append(Payment(at, FUNDING if kind.upper() == "FUNDING" else OTHER, amount))
        else:
            return CellError(
                "#VALUE!", f"cash_flows has the kind {kind}; allowed are DEPOSIT, WITHDRAWAL, FUNDING, ..."
            )
    return flows, payments
