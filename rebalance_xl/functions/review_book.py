"""The review of a workbook's own tables as worksheet functions: rules side by side, and what the real book earned."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

from rebalance_xl.arguments import Parameter
from rebalance_xl.catalogue import Example, Result, fraction, number, switch, word, worksheet_function
from rebalance_xl.cells import MISSING, CellError
from rebalance_xl.functions.allocation import BAND_KINDS, DESTINATIONS
from rebalance_xl.functions.review_measures import CATEGORY
from rebalance_xl.functions.review_prices import Table, column_of, numbers_of, read_table, table
from rebalance_xl.functions.triggers import FREQUENCIES, REVIEW_DRIFT

REVIEW_HEADERS = (
    "Variant",
    "Growth",
    "1st half",
    "2nd half",
    "Volatility",
    "Max drawdown",
    "Days down",
    "Sharpe",
    "Sortino",
    "Turnover",
    "Lines",
    "Executions",
    "Fees",
    "Value",
)
#: The rules that REVIEW lays side by side.
VARIANTS = (
    "hold",
    "book",
    "weekly",
    "monthly",
    "quarterly",
    "threshold",
    "threshold, FundFrom none",
    "relative 20 %",
    "5/25",
    "threshold to the edge",
)
PERFORMANCE_HEADERS = ("Line", "Start", "End", "Profit", "Contribution")
_FEWEST = 30


def _maybe(name: str, convert: Callable[[Any], Any], model: str, help_text: str = "") -> Parameter:
    """Declare a table that may be missing."""

    def read(value: Any) -> Any:
        return None if value is MISSING or value is None else convert(value)

    return Parameter(
        name, kind="raw", unit="table", default=MISSING, data=False, model=model, convert=read, help=help_text
    )


_SETTINGS = [
    _maybe("venues", lambda value: read_table("venues", value), "Venues[#All]", "The table Venues, for its SpotFee."),
    word("band_kind", BAND_KINDS, "absolute", model="BandKind", help="The setting BandKind."),
    word(
        "trim_to",
        DESTINATIONS,
        "target",
        or_number=True,
        low=0.0,
        high=1.0,
        model="TrimTo",
        help="The setting TrimTo.",
    ),
    word(
        "review_frequency",
        FREQUENCIES,
        0.0,
        or_number=True,
        low=0.0,
        model="ReviewFrequency",
        help="The setting ReviewFrequency.",
    ),
    fraction(
        "review_drift",
        low=0.0,
        default=REVIEW_DRIFT,
        blank="default",
        data=False,
        model="ReviewDrift",
        help="The setting ReviewDrift.",
    ),
    fraction(
        "reserve_min",
        low=0.0,
        default=-1.0,
        blank="default",
        data=False,
        model="ReserveMin",
        help="The setting ReserveMin.",
    ),
    fraction(
        "reserve_max",
        low=0.0,
        default=-1.0,
        blank="default",
        data=False,
        model="ReserveMax",
        help="The setting ReserveMax.",
    ),
    number(
        "min_trade", low=0.0, default=0.0, blank="default", data=False, model="MinTrade", help="The setting MinTrade."
    ),
    number(
        "cooldown", low=0.0, default=0.0, blank="default", data=False, model="Cooldown", help="The setting Cooldown."
    ),
    word("fund_from", {"overweight": 1.0, "none": 0.0}, "overweight", model="FundFrom", help="The setting FundFrom."),
    word(
        "deploy_method",
        {"priority": 0.0, "pro_rata": 1.0},
        "priority",
        model="DeployMethod",
        help="The setting DeployMethod.",
    ),
]


def _price_table(found: Table) -> tuple[list[float], dict[str, list[float]]] | CellError:
    """Return days and closes by asset of a wide table of prices."""
    headers, rows = found
    if "date" not in headers:
        return CellError("#VALUE!", "prices has no column Date")
    at = headers.index("date")
    days = numbers_of([row[at] for row in rows], math.nan)
    if isinstance(days, CellError):
        return days
    if any(day != day for day in days):
        return CellError("#N/A", "prices has a blank Date")
    if any(later <= earlier for earlier, later in itertools.pairwise(days)):
        return CellError("#NUM!", "the days of prices must rise, each once")
    closes: dict[str, list[float]] = {}
    for place, header in enumerate(headers):
        if place == at or not header:
            continue
        column = numbers_of([row[place] for row in rows], math.nan)
        if isinstance(column, CellError):
            return column
        closes[header] = column
    return days, closes


def _closes(name: str, days: Sequence[float], closes: dict[str, list[float]]) -> list[float] | CellError:
    found = closes.get(name.casefold())
    if found is None:
        return CellError("#N/A", f"prices has no column {name}")
    for day, close in zip(days, found, strict=True):
        if close != close:
            return CellError("#N/A", f"{name} is blank on day {day:g} of prices")
        if close <= 0.0:
            return CellError("#NUM!", f"{name} is {close:g} on day {day:g} of prices; allowed is a price above 0")
    return found


def _texts(found: Table, name: str) -> list[str]:
    cells = column_of(found, name) or [None] * len(found[1])
    return ["" if cell is None else str(cell).strip() for cell in cells]


def _amounts(found: Table, name: str, blank: float) -> list[float] | CellError:
    cells = column_of(found, name)
    return [blank] * len(found[1]) if cells is None else numbers_of(cells, blank)


def _spot_fee(venues: Table | None, name: str) -> float | CellError:
    if venues is None:
        return 0.0
    fees = _amounts(venues, "SpotFee", 0.0)
    if isinstance(fees, CellError):
        return fees
    for venue, fee in zip(_texts(venues, "Venue"), fees, strict=True):
        if venue.casefold() == name.casefold():
            return fee
    return 0.0


@worksheet_function(
    "REVIEW",
    CATEGORY,
    [
        table("prices", model="Prices[#All]"),
        table("portfolio", model="Portfolio[#All]"),
        switch("headers", True),
    ],
    Result("table", shape="table"),
    context=_SETTINGS,
    errors={
        "#N/A": "an asset has no prices, one is blank, or there are fewer than 30 closes",
        "#NUM!": "a price is not above 0, or days do not rise",
        "#VALUE!": "a table has no column that is needed, or the Portfolio has several rows of one asset",
    },
    examples=[
        Example(
            '=REVIEW({"Date","A";' + ";".join(f"{day},100" for day in range(1, 31)) + "},"
            '{"Asset","Quantity","Target";"A",50,1},FALSE)',
            "={" + ";".join(f'"{name}",0,0,0,0,0,0,"","",0,0,0,0,5000' for name in VARIANTS) + "}",
            "Thirty closes that stand still: nothing is traded, and the ratios have no value.",
        ),
    ],
)
def review(
    prices: Table,
    portfolio: Table,
    headers: float = 1.0,
    venues: Table | None = None,
    band_kind: float = 0.0,
    trim_to: float = 0.0,
    review_frequency: float = 0.0,
    review_drift: float = REVIEW_DRIFT,
    reserve_min: float = -1.0,
    reserve_max: float = -1.0,
    min_trade: float = 0.0,
    cooldown: float = 0.0,
    fund_from: float = 1.0,
    deploy_method: float = 0.0,
) -> list[list[Any]] | CellError:
    """Return what holding, calendars, bands and the book's own settings would have made of the spot rows.

    Growth is a year's, volatility and ratios too; both halves stand beside it, because one history is one draw. The
    spot rows are taken at one venue and without lots, events and futures: `rebalance-xl review` does the whole book.
    The settings of the workbook hold; those that it lacks have their defaults.

    Parameters
    ----------
    prices : table
        The table Prices with its header row: Date and a column of closes for each asset, at least 30.
    portfolio : table
        The table Portfolio with its header row: Asset, Quantity, Target, Band, and where given Kind, CostBasis,
        Priority, Locked, MinNotional, Venue.
    headers : TRUE or FALSE
        As in REBALANCE_PLAN.

    Notes
    -----
    Equation: SIMULATE with the book's quantities, settings and fees, once for each rule

    Source: the rules of the plan (docs/book.md); measures as GROWTH_RATE to DRAWDOWN_LENGTH.

    Examples
    --------
    >>> days = [[46000.0 + i, 100.0 + i % 7, 50.0 + i % 5] for i in range(40)]
    >>> rows = (("A", 50.0, 0.5, 0.05), ("B", 100.0, 0.5, 0.05))
    >>> prices = (("date", "a", "b"), tuple(map(tuple, days)))
    >>> [row[0] for row in review(prices, (("asset", "quantity", "target", "band"), rows))[:4]]
    ['Variant', 'hold', 'book', 'weekly']
    """
    made = _simple_book(prices, portfolio, venues)
    if isinstance(made, CellError):
        return made
    book, days, closes, fee = made
    import dataclasses
    import statistics

    from rebalance_xl.functions.simulation.course import curve_of, walk_course
    from rebalance_xl.functions.simulation.curves import curve_measures, halves
    from rebalance_xl.functions.simulation.terms import Terms

    own = Terms(
        band_kind=band_kind,
        trim_to=trim_to,
        spot_fee=fee,
        min_trade=min_trade,
        cooldown=cooldown,
        reserve_min=reserve_min if reserve_min >= 0.0 else math.nan,
        reserve_max=reserve_max if reserve_max >= 0.0 else math.nan,
        review_drift=review_drift,
        frequency=review_frequency or math.nan,
        fund=fund_from == 1.0,
        pro_rata=deploy_method == 1.0,
    )
    calendar = dataclasses.replace(own, band_kind=0.0, band=10.0, review_drift=0.0)
    bands = dataclasses.replace(own, frequency=math.nan)
    variants = (
        dataclasses.replace(own, frequency=math.nan),
        own,
        dataclasses.replace(calendar, frequency=FREQUENCIES["weekly"]),
        dataclasses.replace(calendar, frequency=FREQUENCIES["monthly"]),
        dataclasses.replace(calendar, frequency=FREQUENCIES["quarterly"]),
        bands,
        dataclasses.replace(bands, fund=False),
        dataclasses.replace(bands, band_kind=BAND_KINDS["relative"], band=0.2),
        dataclasses.replace(bands, band_kind=BAND_KINDS["5/25"]),
        dataclasses.replace(bands, trim_to=1.0),
    )
    year = 365.0 / statistics.median(later - earlier for earlier, later in itertools.pairwise(days))
    found: list[list[Any]] = [list(REVIEW_HEADERS)] if headers else []
    for name, terms in zip(VARIANTS, variants, strict=True):
        held = book if name != "hold" else _held(book)
        course = walk_course(held, terms, days, closes)
        curve = curve_of(course, closes)
        measured = curve_measures(curve, days, year)
        first, second = halves(curve, year)
        shown = [measured["growth"], first, second]
        shown += [measured[key] for key in ("volatility", "max_drawdown", "drawdown_days", "sharpe", "sortino")]
        turnover = course.turned / ((len(days) - 1) / year)
        counts = [turnover, float(course.lines), float(len(course.executions)), course.fees, curve[-1]]
        found.append([name, *(value if value is not None else "" for value in shown), *counts])
    return found


def _locked(cell: Any) -> float:
    """Return how many units are locked, infinity for all."""
    if cell is True or (isinstance(cell, str) and cell.strip().casefold() in ("yes", "true", "y", "x")):
        return math.inf
    return float(cell) if isinstance(cell, int | float) and not isinstance(cell, bool) else 0.0


def _held(book: Any) -> Any:
    """Return the book without targets: nothing is traded."""
    import dataclasses

    rows = tuple(dataclasses.replace(row, target=math.nan) for row in book.rows)
    return dataclasses.replace(book, rows=rows, stable_target=math.nan)


def _simple_book(
    prices: Table, portfolio: Table, venues: Table | None
) -> tuple[Any, list[float], list[list[float]], float] | CellError:
    """Return the spot book of the tables, its days and closes, and the fee; or what is wrong with them."""
    from rebalance_xl.functions.simulation.terms import SpotBook, SpotRow

    read = _price_table(prices)
    if isinstance(read, CellError):
        return read
    days, known = read
    if len(days) < _FEWEST:
        return CellError("#N/A", f"prices has {len(days)} closes; a review needs at least {_FEWEST}")
    assets, kinds, places = (_texts(portfolio, name) for name in ("Asset", "Kind", "Venue"))
    numbers: dict[str, list[float]] = {}
    for name, blank in (
        ("Quantity", 0.0),
        ("CostBasis", math.nan),
        ("Target", math.nan),
        ("Band", math.nan),
        ("Priority", math.nan),
        ("MinNotional", 0.0),
    ):
        column = _amounts(portfolio, name, blank)
        if isinstance(column, CellError):
            return column
        numbers[name] = column
    if len({asset.casefold() for asset in assets if asset}) < sum(1 for asset in assets if asset):
        return CellError("#VALUE!", "portfolio names an asset twice; REVIEW takes one venue")
    locked = [_locked(cell) for cell in column_of(portfolio, "Locked") or [None] * len(assets)]
    rows, closes, fee = [], [], 0.0
    cash, stable_target, stable_band, stable_priority = 0.0, math.nan, math.nan, math.nan
    for i, asset in enumerate(assets):
        if not asset:
            continue
        if kinds[i].casefold() == "stable":
            cash += numbers["Quantity"][i]
            if numbers["Target"][i] == numbers["Target"][i]:
                stable_target, stable_band = numbers["Target"][i], numbers["Band"][i]
            stable_priority = numbers["Priority"][i]
            continue
        if not numbers["Quantity"][i] and numbers["Target"][i] != numbers["Target"][i]:
            continue
        column = _closes(asset, days, known)
        if isinstance(column, CellError):
            return column
        found_fee = _spot_fee(venues, places[i])
        if isinstance(found_fee, CellError):
            return found_fee
        fee = max(fee, found_fee)
        closes.append(column)
        rows.append(
            SpotRow(
                asset=asset,
                quantity=numbers["Quantity"][i],
                target=numbers["Target"][i],
                band=numbers["Band"][i] if numbers["Band"][i] == numbers["Band"][i] else 0.0,
                cost=numbers["CostBasis"][i],
                priority=numbers["Priority"][i],
                minimum=numbers["MinNotional"][i],
                locked=locked[i] == math.inf,
                locked_units=locked[i] if locked[i] < math.inf else 0.0,
            )
        )
    if not rows:
        return CellError("#N/A", "portfolio has no row whose price moves")
    book = SpotBook(
        tuple(rows),
        cash=cash,
        stable_target=stable_target,
        stable_band=stable_band,
        stable_priority=stable_priority,
        last_review=days[0],
    )
    return book, days, [list(row) for row in zip(*closes, strict=True)], fee


_FILLS = _maybe("fills", lambda value: read_table("fills", value), "Fills[#All]")
_FLOWS = _maybe("cash_flows", lambda value: read_table("cash_flows", value), "CashFlows[#All]")


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
    read = _price_table(prices)
    if isinstance(read, CellError):
        return read
    days, known = read
    if len(days) < 2:
        return CellError("#N/A", f"prices has {len(days)} closes; at least 2 are needed")
    quantities: dict[str, float] = {}
    closes: dict[str, Any] = {}
    cash = 0.0
    amounts = _amounts(portfolio, "Quantity", 0.0)
    if isinstance(amounts, CellError):
        return amounts
    from rebalance_xl.functions.simulation.performance import performance as worked_out

    for asset, kind, amount in zip(_texts(portfolio, "Asset"), _texts(portfolio, "Kind"), amounts, strict=True):
        if kind.casefold() == "stable":
            cash += amount
        elif asset:
            column = _closes(asset, days, known)
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
        column = _amounts(fills, name, 0.0)
        if isinstance(column, CellError):
            return column
        columns[name] = column
    names = {name.casefold(): name for name in quantities}
    found = []
    for i, (asset, action) in enumerate(zip(_texts(fills, "Asset"), _texts(fills, "Action"), strict=True)):
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
    dates, amounts = _amounts(cash_flows, "Date", 0.0), _amounts(cash_flows, "Amount", 0.0)
    if isinstance(dates, CellError):
        return dates
    if isinstance(amounts, CellError):
        return amounts
    names = {name.casefold(): name for name in closes}
    kinds, assets = _texts(cash_flows, "Kind"), _texts(cash_flows, "Asset")
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
