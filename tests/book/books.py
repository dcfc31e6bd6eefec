"""Books that the tests of this folder share, built in memory."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from typing import Any

from rebalance_xl.book.free_margin import wallet_for
from rebalance_xl.book.memory import MemoryWorkbook
from rebalance_xl.book.model import Book, read_book
from rebalance_xl.book.plan import make_plan
from rebalance_xl.book.plan_cash import cash_changes
from rebalance_xl.book.plan_data import Line, Plan
from rebalance_xl.book.schema import JOURNAL, PLAN
from rebalance_xl.book.tolerances import CENT
from rebalance_xl.book.walk import decide

DAY = dt.date(2026, 9, 30)
PORTFOLIO = [
    "Asset",
    "Sector",
    "Kind",
    "Venue",
    "Quantity",
    "Price",
    "CostBasis",
    "Target",
    "Band",
    "Priority",
    "Locked",
    "Lot",
    "MinNotional",
]
FUTURES = [
    "Symbol",
    "Asset",
    "Venue",
    "Side",
    "Contract",
    "MarginMode",
    "Quantity",
    "EntryPrice",
    "MarkPrice",
    "Leverage",
    "Margin",
    "FundingRate",
    "FundingHours",
    "Expiry",
    "Target",
    "HedgeRatio",
    "Priority",
    "Lot",
    "MinNotional",
    "MarginCoin",
    "Account",
    "Spread",
    "Band",
    "ContractSize",
]
EVENTS = ["Scope", "Action", "Start", "End", "Level", "Note"]
VENUES = [
    "Venue",
    "KYC",
    "Withdrawals",
    "Products",
    "SpotFee",
    "FuturesFee",
    "WithdrawalFee",
    "MaxLeverage",
    "Lot",
    "MinNotional",
    "Credit",
]
LOTS = ["Asset", "Date", "Quantity", "Price"]

Rows = Sequence[Mapping[str, Any]]


def table(headers: Sequence[str], rows: Rows) -> list[list[Any]]:
    """Return a header row and one row for each mapping; what a mapping lacks is blank."""
    unknown = {key for row in rows for key in row} - set(headers)
    assert not unknown, unknown
    return [list(headers), *[[row.get(header) for header in headers] for row in rows]]


def workbook(
    portfolio: Rows,
    futures: Rows = (),
    settings: Mapping[str, Any] | None = None,
    events: Rows = (),
    venues: Rows = (),
    lots: Rows = (),
    prices: Sequence[Sequence[Any]] = (),
) -> MemoryWorkbook:
    """Return a workbook with the tables given, and empty Plan and Journal tables."""
    tables = {"Portfolio": table(PORTFOLIO, portfolio)}
    if futures:
        tables["Futures"] = table(FUTURES, futures)
    if events:
        tables["Events"] = table(EVENTS, events)
    if venues:
        tables["Venues"] = table(VENUES, venues)
    if lots:
        tables["Lots"] = table(LOTS, lots)
    if prices:
        tables["Prices"] = [list(row) for row in prices]
    tables["Plan"] = [[column.name for column in PLAN.columns]]
    tables["Journal"] = [[column.name for column in JOURNAL.columns]]
    names: dict[str, Any] = {"AsOf": DAY, "LastReview": None}
    return MemoryWorkbook(tables, names | dict(settings or {}))


def plan_of(*arguments: Any, **keywords: Any) -> Plan:
    """Return the plan of a workbook built from the arguments."""
    return make_plan(read_book(workbook(*arguments, **keywords)))


def spot(asset: str, value: float, target: float | None, band: float | None = 0.05, **more: Any) -> dict[str, Any]:
    """Return a row of Portfolio worth `value`, at a price of 10 unless another is given."""
    price = more.pop("Price", 10.0)
    return {"Asset": asset, "Quantity": value / price, "Price": price, "Target": target, "Band": band, **more}


def stable(value: float, target: float | None = None, band: float | None = None, **more: Any) -> dict[str, Any]:
    """Return a stablecoin row."""
    return {"Asset": "USDT", **spot("USDT", value, target, band, Kind="stable", Price=1.0), **more}


def perpetual(symbol: str, asset: str, side: str, mark: float, **more: Any) -> dict[str, Any]:
    """Return a row of Futures, not open unless a quantity is given."""
    return {"Symbol": symbol, "Asset": asset, "Side": side, "MarkPrice": mark, "Leverage": 10.0, **more}


def example(targets: tuple[float, float, float] = (0.45, 0.30, 0.20), sol: float = 4000.0) -> list[dict[str, Any]]:
    """Return the practical example: BTC 5,000, ETH 3,000, SOL 2,000 that doubled."""
    return [
        spot("BTC", 5000.0, targets[0], 0.05, Price=50000.0, CostBasis=5000.0, Priority=1),
        spot("ETH", 3000.0, targets[1], 0.05, Price=2000.0, CostBasis=3000.0, Priority=2),
        spot("SOL", sol, targets[2], 0.05, Price=sol / 20.0, CostBasis=2000.0, Priority=3),
    ]


ETH_MARGIN = perpetual("ETHUSDT", "ETH", "long", 2000.0, Venue="Binance", Target=0.05, Priority=4)


def share_after(book: Book) -> float:
    """Return the sum of the weights after a plan, with the crumbs below a cent that make no line of their own."""
    plan, draft = make_plan(book), decide(book).draft
    crumbs = [
        change
        for venue, change in cash_changes(draft).items()
        if isinstance(venue, str) and abs(change) <= CENT and wallet_for(book, draft.new_stable, venue) is None
    ]
    return math.fsum(line.weight_after or 0.0 for line in plan.lines) + math.fsum(crumbs) / plan.totals.value_after


def amounts(plan: Plan) -> dict[str, tuple[str, float]]:
    """Return action and amount of every line that trades, amounts to the cent."""
    return {line.asset: (line.action, round(line.amount, 2)) for line in plan.trades}


def line(plan: Plan, asset: str, venue: str | None = None) -> Line:
    """Return the first line of an asset, at a venue where one is given."""
    return next(each for each in plan.lines if each.asset == asset and venue in (None, each.venue))


def unit(
    asset: str, quantity: float, price: float | None, target: float | None, band: float | None = None, **more: Any
) -> dict[str, Any]:
    """Return a row by its quantity and price."""
    return {"Asset": asset, "Quantity": quantity, "Price": price, "Target": target, "Band": band, **more}


def as_values(rows: Rows, columns: Sequence[str], **names: Any) -> MemoryWorkbook:
    """Return a book with just these columns of Portfolio."""
    return MemoryWorkbook(
        {"Portfolio": [list(columns), *[[row.get(c) for c in columns] for row in rows]]}, {"AsOf": DAY, **names}
    )


#: A review every month, the last one two months ago.
REVIEW = {"ReviewFrequency": "monthly", "LastReview": dt.date(2026, 8, 1), "ReviewDrift": 0.02}


def three(a: float, b: float, c: float, band: float = 0.05, **more: Any) -> list[dict[str, Any]]:
    """Return A, B and C of the given values at a price of 1 against targets of 40, 30 and 30 %; `more` belongs to A."""
    return [
        spot("A", a, 0.4, band, Price=1.0, **more),
        spot("B", b, 0.3, band, Price=1.0),
        spot("C", c, 0.3, band, Price=1.0),
    ]
