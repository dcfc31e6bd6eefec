"""A book that fills are recorded in, and the fills."""

from __future__ import annotations

from typing import Any

from rebalance_xl.book import actions
from rebalance_xl.book.execution import Execution
from rebalance_xl.book.memory import MemoryWorkbook
from rebalance_xl.book.schema import FILLS, PLAN
from tests.book.books import perpetual, stable, table, unit, workbook

COLUMNS = [column.name for column in PLAN.columns]


def held() -> MemoryWorkbook:
    """Return a book with coins and money at two venues and four positions, one of them without a size."""
    rows = [
        unit("BTC", 1.0, 50_000.0, 0.5, 0.05, Venue="binance", CostBasis=30_000.0),
        unit("BTC", 0.5, 50_000.0, None, Venue="kraken", CostBasis=20_000.0),
        unit("ETH", 10.0, 2_000.0, 0.2, 0.05, Venue="binance", CostBasis=15_000.0),
        unit("ADA", 0.0, 1.0, 0.1, 0.05, Venue="binance"),
        {**stable(10_000.0, None), "Venue": "binance"},
        {**stable(5_000.0, None), "Venue": "kraken"},
    ]
    at = {"Venue": "binance", "MarginMode": "isolated"}
    futures = [
        perpetual("ETHUSDT", "ETH", "long", 2_100.0, Quantity=10.0, EntryPrice=2_000.0, Margin=4_000.0, **at)
        | {"Leverage": 5.0},
        perpetual("BTCUSD", "BTC", "short", 50_000.0, Contract="inverse", Quantity=10_000.0, EntryPrice=40_000.0, **at)
        | {"Margin": 0.1, "Leverage": 2.0},
        perpetual("ADAUSDT", "ADA", "long", 1.0, Quantity=0.0, Margin=300.0, **at),
        perpetual("SOLUSDT", "SOL", "short", 100.0, Venue="kraken", Leverage=5.0),
    ]
    book = workbook(rows, futures)
    book.tables["Fills"] = [[column.name for column in FILLS.columns]]
    return book


def filled(book: MemoryWorkbook, *fills: dict[str, Any]) -> Execution:
    """Record lines as they were executed."""
    book.tables["Plan"] = table(COLUMNS, fills)
    return actions.record(book)


def state(book: MemoryWorkbook) -> dict[str, Any]:
    """Return quantities and costs of the rows and size, entry and margin of the positions."""
    found: dict[str, Any] = {}
    names = book.tables["Portfolio"][0]
    for row in book.tables["Portfolio"][1:]:
        cells = dict(zip(names, row, strict=True))
        where = f"{cells['Asset']} {cells['Venue']}"
        found[where] = cells["Quantity"]
        if cells["CostBasis"] is not None:
            found[f"cost of {where}"] = cells["CostBasis"]
    names = book.tables["Futures"][0]
    for row in book.tables["Futures"][1:]:
        cells = dict(zip(names, row, strict=True))
        found |= {f"{name} of {cells['Symbol']}": cells[name] for name in ("Quantity", "EntryPrice", "Margin")}
    return found


def fill(action: str, asset: str, amount: float, quantity: float | None, price: float | None, **more: Any) -> Any:
    """Return a line of the plan as it was executed; amounts of spot follow from quantity and price."""
    return {
        "Action": action, "Asset": asset, "Amount": amount, "Quantity": quantity, "Price": price, "Fee": 0.0,
        "Venue": "binance",
    } | more  # fmt: skip
