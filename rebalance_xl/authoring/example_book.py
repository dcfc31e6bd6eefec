"""The book that the workbook opens with: the practical example, after SOL doubled.

BTC 5,000, ETH 3,000 and SOL 4,000 (bought for 2,000), targets 45, 30 and 20 %, 5 % as margin of an ETH
futures position: SOL is 13.3 points over and 1,600 of it are to be sold. Prices are invented.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from typing import Any, Final

from rebalance_xl.book import schema

AS_OF: Final = dt.date(2026, 11, 20)
LAST_REVIEW: Final = dt.date(2026, 11, 2)

#: Closes of the example's own story, and the ups and downs a day of the invented ones before it.
_LAST_DAYS: Final = 30
_VOLATILITIES: Final = {"BTC": 0.022, "ETH": 0.029, "SOL": 0.038}

PORTFOLIO: Final[list[dict[str, Any]]] = [
    {
        "Asset": "BTC",
        "Sector": "Store of value",
        "Kind": "spot",
        "Venue": "binance",
        "Quantity": 0.1,
        "Price": 50_000,
        "CostBasis": 4_200,
        "Target": 0.45,
        "Band": 0.05,
        "Priority": 1,
        "Locked": "no",
    },
    {
        "Asset": "ETH",
        "Sector": "Smart contracts",
        "Kind": "spot",
        "Venue": "binance",
        "Quantity": 1.2,
        "Price": 2_500,
        "CostBasis": 2_700,
        "Target": 0.30,
        "Band": 0.05,
        "Priority": 2,
        "Locked": "no",
    },
    {
        "Asset": "SOL",
        "Sector": "Smart contracts",
        "Kind": "spot",
        "Venue": "binance",
        "Quantity": 25,
        "Price": 160,
        "CostBasis": 2_000,
        "Target": 0.20,
        "Band": 0.05,
        "Priority": 4,
        "Locked": "no",
    },
    {
        "Asset": "USDT",
        "Sector": "Stablecoins",
        "Kind": "stable",
        "Venue": "binance",
        "Quantity": 0,
        "Price": 1,
        "CostBasis": 0,
        "Target": 0.0,
        "Priority": 9,
        "Locked": "no",
    },
]

FUTURES: Final[list[dict[str, Any]]] = [
    {
        "Symbol": "ETHUSDT",
        "Asset": "ETH",
        "Venue": "binance",
        "Side": "long",
        "Contract": "linear",
        "MarginMode": "isolated",
        "Quantity": 0,
        "MarkPrice": 2_500,
        "Leverage": 3,
        "Margin": 0,
        "FundingRate": 0.0001,
        "FundingHours": 8,
        "Target": 0.05,
    },
]

EVENTS: Final[list[dict[str, Any]]] = [
    {
        "Scope": "SOL",
        "Action": "HOLD",
        "Start": dt.date(2026, 8, 3),
        "End": dt.date(2026, 8, 14),
        "Note": "Example: wait for the network upgrade. Over, so nothing follows from it",
    },
]

# Fees and limits differ from user to user (discounts, credits, verification), so they start at 0 and "yes".
VENUES: Final[list[dict[str, Any]]] = [
    {
        "Venue": venue,
        "KYC": "yes" if venue in ("binance", "bybit") else "no",
        "Withdrawals": "yes" if venue in ("binance", "bybit") else "no",
        "Products": "both",
        "SpotFee": 0,
        "FuturesFee": 0,
        "WithdrawalFee": 0,
        "MaxLeverage": 10,
        "Lot": 0.0001,
        "MinNotional": 5,
        "Credit": 0,
    }
    for venue in ("binance", "bybit", "bingx", "mexc", "weex")
]

SETTINGS: Final[dict[str, Any]] = {
    "ReviewFrequency": "monthly",
    "LastReview": LAST_REVIEW,
    "AsOf": AS_OF,
    "BandKind": "absolute",
    "TrimTo": "target",
    "BuyScope": "underweight",
    "DeployMethod": "priority",
    "MinTrade": 10,
    "Cooldown": 0,
    "LotMethod": "AVERAGE",
    "ReviewDrift": 0.05,
    "HoldingDays": 30,
    "LiquidationWarning": 0.15,
    "FundingWarning": 0.20,
    "EventFunding": "reserve",
    "BreakoutLookback": 20,
    "BreakoutBuffer": 0.01,
}


def prices(days: int = 400) -> list[dict[str, Any]]:
    """Invent closing prices up to the example's date: a year of ordinary ups and downs, then a SOL that doubles.

    Parameters
    ----------
    days
        Number of closes; the last ones are the prices of the Portfolio table.
    """
    rows = []
    for index in range(_LAST_DAYS):
        left = _LAST_DAYS - 1 - index
        wave = math.sin(left * 0.9) * math.exp(-0.02 * left) * (left > 0)
        rows.append(
            {
                "Date": AS_OF - dt.timedelta(days=left),
                "BTC": round(50_000 * (1 - 0.0011 * left + 0.012 * wave), 0),
                "ETH": round(2_500 * (1 + 0.0006 * left + 0.015 * wave), 1),
                "SOL": round(160 * 2 ** (-left / (_LAST_DAYS - 1)) * (1 + 0.03 * wave), 2),
            }
        )
    return _earlier(rows[0], days - _LAST_DAYS) + rows


def _earlier(first: dict[str, Any], days: int) -> list[dict[str, Any]]:
    """Invent closes back from a day, with numbers that come out the same everywhere."""
    state, rows, row = 20_261_120, [], first
    for _ in range(days):
        moves = []
        for _ in range(1 + len(_VOLATILITIES)):
            total = 0.0
            for _ in range(4):
                state = (1103515245 * state + 12345) % 2**31
                total += state / 2**31
            moves.append((total - 2.0) * math.sqrt(3.0))
        row = {"Date": row["Date"] - dt.timedelta(days=1)} | {
            asset: round(row[asset] / (1.0 + volatility * (0.8 * moves[0] + 0.6 * move)), 2)
            for (asset, volatility), move in zip(_VOLATILITIES.items(), moves[1:], strict=True)
        }
        rows.append(row)
    return rows[::-1]


def margin_tiers(name: str = "binance:ETHUSDT") -> list[dict[str, Any]]:
    """Take the shipped tiers of the example's contract, as rows of the MarginTiers table.

    Parameters
    ----------
    name
        Venue and symbol.
    """
    from rebalance_xl.functions.tier_tables import shipped_tables

    raw = shipped_tables().raw(name)
    venue, _, symbol = name.partition(":")
    keys = ("Floor", "Cap", "MaxLeverage", "Rate", "Amount")
    return [
        {"Venue": venue, "Symbol": symbol, "Unit": raw.unit, "Source": raw.source}
        | {"AsOf": dt.date.fromisoformat(raw.as_of)}
        | {key: None if cell in ("", None) else float(cell) for key, cell in zip(keys, cells, strict=False)}
        for cells in raw.cells
    ]


def plan_lines() -> list[dict[str, Any]]:
    """Make the plan that the Rebalance button writes for this book."""
    from rebalance_xl.book.actions import plan
    from rebalance_xl.book.forms import plan_rows
    from rebalance_xl.book.memory import MemoryWorkbook

    def table(columns: Sequence[schema.Column], rows: list[dict[str, Any]]) -> list[list[Any]]:
        names = [column.name for column in columns]
        return [names, *([row.get(name) for name in names] for row in rows)]

    valued = [row | {"Value": row["Quantity"] * row["Price"]} for row in PORTFOLIO]
    tables = {
        "Portfolio": table(schema.PORTFOLIO.columns, valued),
        "Futures": table(schema.FUTURES.columns, FUTURES),
        "Events": table(schema.EVENTS.columns, EVENTS),
        "Venues": table(schema.VENUES.columns, VENUES),
    }
    total = sum(row["Value"] for row in valued)
    return plan_rows(plan(MemoryWorkbook(tables, SETTINGS | {"Total": total})))
