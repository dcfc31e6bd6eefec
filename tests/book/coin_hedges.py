"""A short on BTC in coins, which hedges half of what a book holds of it."""

from __future__ import annotations

from typing import Any

from rebalance_xl.book.memory import MemoryWorkbook
from rebalance_xl.book.plan_data import Line, Plan
from tests.book.books import perpetual, spot, stable, workbook


def line(plan: Plan, asset: str, action: str = "") -> Line:
    """Return the first line of an asset, with an action where one is given."""
    return next(each for each in plan.lines if each.asset == asset and action in ("", each.action))


def inverse(**more: Any) -> dict[str, Any]:
    """Return a coin-margined short on BTC at 60,000, a hedge of half."""
    row = perpetual("BTCUSD_PERP", "BTC", "short", 60_000.0, Venue="binance", Contract="inverse", HedgeRatio=0.5)
    return row | {"Leverage": 2.0, "Lot": 100.0} | more


def coin_book(**more: Any) -> MemoryWorkbook:
    """Return 1 BTC of 60,000 with a target of 60 % of 90,000, and 30,000 USDT."""
    rows = [
        spot("BTC", 60_000.0, 0.6, 0.02, Price=60_000.0, Venue="binance"),
        {**stable(30_000.0, 0.1), "Venue": "binance"},
    ]
    return workbook(rows, [inverse(**more)])
