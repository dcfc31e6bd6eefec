"""The known answers as whole books: workbook tables in memory, and the history that they walk through."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np

from rebalance_xl.book.memory import MemoryWorkbook
from rebalance_xl.book.model import Book, read_book
from rebalance_xl.review.history import History

from . import cases

PORTFOLIO = (
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
)
FUTURES = (
    "Symbol",
    "Asset",
    "Venue",
    "Side",
    "Quantity",
    "EntryPrice",
    "MarkPrice",
    "Leverage",
    "Margin",
    "FundingRate",
    "FundingHours",
    "Target",
    "Band",
    "HedgeRatio",
)
EVENTS = ("Scope", "Action", "Start", "End", "Level")


def workbook(case: dict[str, Any], closes: np.ndarray) -> MemoryWorkbook:
    """Return the workbook of a case at its first close."""
    first = dict(zip(case["prices"]["assets"], closes[0], strict=True))
    rows = [
        [({"Venue": "V", "Price": first.get(row["Asset"], 1.0)} | row).get(name) for name in PORTFOLIO]
        for row in case["portfolio"]
    ]
    tables: dict[str, list[list[Any]]] = {
        "Portfolio": [list(PORTFOLIO), *rows],
        "Venues": [
            ["Venue", "SpotFee", "FuturesFee"],
            ["V", case["venue"].get("SpotFee", 0.0), case["venue"].get("FuturesFee", 0.0)],
        ],
    }
    future = case.get("futures")
    if future:
        given = {"Venue": "V", "MarkPrice": first[future["Asset"]], "FundingRate": case["funding"], "Quantity": 0}
        tables["Futures"] = [list(FUTURES), [(given | future).get(name) for name in FUTURES]]
        tables["MarginTiers"] = [
            ["Venue", "Symbol", "Floor", "Cap", "MaxLeverage", "Rate", "Amount"],
            *(
                [["V", future["Symbol"], *row] for row in case["tiers"]]
                if "tiers" in case
                else [["V", future["Symbol"], 0, None, 125, case["mmr"], 0]]
            ),
        ]
    if case.get("events"):
        dated = [
            {k: dt.date.fromisoformat(v) if k in ("Start", "End") else v for k, v in e.items()} for e in case["events"]
        ]
        tables["Events"] = [list(EVENTS), *([event.get(name) for name in EVENTS] for event in dated)]
    names = {
        name: dt.date.fromisoformat(value) if name == "LastReview" else value
        for name, value in case["settings"].items()
    }
    return MemoryWorkbook(tables, names)


def whole(case: dict[str, Any]) -> tuple[Book, History]:
    """Return the book of a case, and its history."""
    closes = cases.closes_of(case)
    first = cases.day_of(case["start"])
    columns = {name.casefold(): closes[:, i] for i, name in enumerate(case["prices"]["assets"])}
    if "extremes" in case:
        future = case["futures"]
        suffix = " low" if future["Side"] == "long" else " high"
        columns[future["Symbol"].casefold() + suffix] = np.array(case["extremes"], dtype=float)
    return read_book(workbook(case, closes), first), History(first + np.arange(float(len(closes))), columns)
