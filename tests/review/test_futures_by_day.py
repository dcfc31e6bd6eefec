"""The walk against a workbook that is planned and recorded on every day, with funding and liquidations in between."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from rebalance_xl.book import actions
from rebalance_xl.book.futures import Tiers, liquidation_price
from rebalance_xl.book.memory import MemoryWorkbook
from rebalance_xl.book.model import read_book
from rebalance_xl.book.schema import JOURNAL, PLAN
from rebalance_xl.book.walk import changed
from rebalance_xl.review.general import run_any
from rebalance_xl.review.history import History

FIRST, CLOSES = 46_000.0, 30
EVENTS = [
    None,
    ["A", "TRIM", FIRST + 5, FIRST + 9, 0.5],
    ["A", "EXIT", FIRST + 8, FIRST + 12, None],
    ["all", "HOLD", FIRST + 4, FIRST + 14, None],
    ["A", "LONG", FIRST + 6, FIRST + 20, 0.1],
]


@st.composite
def books(draw: st.DrawFn) -> tuple[MemoryWorkbook, History]:
    """Return a book at two venues with a perpetual that pays funding and may be liquidated, and its history."""
    source = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    names = "ABC"[: draw(st.integers(1, 3))]
    start = source.uniform(1.0, 200.0, len(names))
    moves = np.exp(source.normal(0.0, source.uniform(0.03, 0.09, len(names)), (CLOSES - 1, len(names))))
    prices = np.vstack([start, start * np.cumprod(moves, axis=0)])
    parts = source.uniform(0.2, 1.0, len(names))
    parts = parts / parts.sum() * 0.7
    band, lot = draw(st.sampled_from([0.01, 0.03, 0.05])), draw(st.sampled_from([None, None, 0.5]))
    places = [draw(st.sampled_from("VVW")) for _ in names]
    rows: list[list[Any]] = [
        [name, "spot", place, 8_000.0 * part / price, price, 8_000.0 * part, part, band, lot]
        for name, place, part, price in zip(names, places, parts.tolist(), start.tolist(), strict=True)
    ]
    side = draw(st.sampled_from(["long", "short"]))
    tables: dict[str, Any] = {
        "Portfolio": [
            ["Asset", "Kind", "Venue", "Quantity", "Price", "CostBasis", "Target", "Band", "Lot"],
            *rows,
            ["USDT", "stable", "V", draw(st.sampled_from([300.0, 2_000.0])), 1.0, None, None, None, None],
            ["USDC", "stable", "W", 500.0, 1.0, None, None, None, None],
        ],
        "Venues": [
            ["Venue", "SpotFee", "FuturesFee", "WithdrawalFee"],
            ["V", 0.001, 0.0005, 1.0],
            ["W", 0.002, 0.0, draw(st.sampled_from([0.0, 2.0]))],
        ],
        "Futures": [
            ["Symbol", "Asset", "Venue", "Side", "Leverage", "MarkPrice", "Quantity", "EntryPrice", "Margin", "Target",
             "Band", "FundingRate", "FundingHours"],
            ["AUSDT", "A", "V", side, draw(st.sampled_from([3.0, 10.0, 20.0])), float(start[0]), 0.0, None, 0.0, 0.08,
             draw(st.sampled_from([None, 0.02])), draw(st.sampled_from([0.0001, 0.004, -0.002])), 8.0],
        ],
        "MarginTiers": [
            ["Venue", "Symbol", "Floor", "Cap", "MaxLeverage", "Rate", "Amount"],
            ["V", "AUSDT", 0, None, 125, 0.005, 0],
        ],
        "Plan": [[column.name for column in PLAN.columns], [None] * len(PLAN.columns)],
        "Journal": [[column.name for column in JOURNAL.columns], [None] * len(JOURNAL.columns)],
    }  # fmt: skip
    happening = draw(st.sampled_from(EVENTS))
    if happening is not None:
        tables["Events"] = [["Scope", "Action", "Start", "End", "Level"], happening]
    chosen = {
        "ReserveMin": draw(st.sampled_from([None, 0.05])),
        "ReserveMax": draw(st.sampled_from([None, 0.1])),
        "TrimTo": draw(st.sampled_from(["target", "midpoint"])),
        "ReviewFrequency": draw(st.sampled_from([None, "weekly"])),
        "Cooldown": draw(st.sampled_from([None, 3])),
        "LastReview": FIRST,
        "AsOf": FIRST,
    }
    columns = {name.casefold(): prices[:, i] for i, name in enumerate(names)}
    if draw(st.booleans()):
        wicks = source.uniform(0.0, 0.06, CLOSES)
        columns["a low"], columns["a high"] = prices[:, 0] * (1 - wicks), prices[:, 0] * (1 + wicks)
    return MemoryWorkbook(tables, chosen), History(FIRST + np.arange(float(CLOSES)), columns)


class Day:
    """What happens between two closes, written out on the workbook's cells."""

    def __init__(self, port: MemoryWorkbook, history: History) -> None:
        self.port, self.history = port, history
        self.funding, self.lost = 0.0, 0.0
        self.liquidations = 0

    def cell(self, table: str, row: int, column: str) -> Any:
        """Return a cell of a data row."""
        headers, *rows = self.port.tables[table]
        return rows[row][headers.index(column)]

    def column(self, name: str) -> Any:
        """Return a column of the history."""
        found = self.history.close(name)
        assert found is not None
        return found

    def pass_to(self, t: int) -> None:
        """Pay three settlements at the new close, then see whether the price has reached the liquidation."""
        quantity = self.cell("Futures", 0, "Quantity")
        if not quantity:
            return
        side = 1.0 if self.cell("Futures", 0, "Side") == "long" else -1.0
        close = float(self.column("A")[t])
        cost = side * quantity * close * self.cell("Futures", 0, "FundingRate") * 3.0
        self.funding += cost
        stable = next(
            i for i, row in enumerate(self.port.tables["Portfolio"][1:]) if row[1] == "stable" and row[2] == "V"
        )
        money = self.cell("Portfolio", stable, "Quantity")
        paid = min(cost, money)
        self.port.set_cells("Portfolio", stable, {"Quantity": money - paid})
        margin = self.cell("Futures", 0, "Margin") - (cost - paid)
        self.port.set_cells("Futures", 0, {"Margin": margin})
        book = read_book(self.port, float(self.history.days[t]))
        position = changed(book.positions[0], mark=close)
        entry = close if position.entry is None else position.entry
        limit = liquidation_price(book, Tiers.of(book), position, position.quantity, entry, margin)
        worst = self.history.close("A low" if side > 0 else "A high")
        price = close if worst is None else float(worst[t])
        if limit is not None and math.isfinite(limit) and (price <= limit if side > 0 else price >= limit):
            self.liquidations += 1
            self.lost += margin
            self.port.set_cells("Futures", 0, {"Quantity": 0.0, "Margin": 0.0, "EntryPrice": None})

    def mark(self, t: int) -> None:
        """Put the closes of a day into the workbook."""
        for number, row in enumerate(self.port.tables["Portfolio"][1:]):
            close = self.history.close(str(row[0]))
            if close is not None:
                self.port.set_cells("Portfolio", number, {"Price": float(close[t])})
        self.port.set_cells("Futures", 0, {"MarkPrice": float(self.column("A")[t])})


@settings(max_examples=8, deadline=None)
@given(books())
def test_the_walk_is_a_workbook_that_pays_funding_and_is_liquidated(drawn: tuple[MemoryWorkbook, History]) -> None:
    """Quantities, margin, value, fees, funding, liquidations and executions are those of the workbook's own days."""
    port, history = drawn
    run = run_any(read_book(port), history)
    day, fees, executions = Day(port, history), 0.0, 0
    for t in range(CLOSES):
        if t:
            day.pass_to(t)
        day.mark(t)
        today = float(history.days[t])
        plan = actions.rebalance(port, today)
        if plan.trades or plan.review:
            done = actions.record(port, today)
            executions += bool(plan.trades)
            fees += float(done.journal.get("Fees") or 0.0)
    ended = read_book(port, float(history.days[-1]))
    held = {(row.asset, row.venue): row.quantity for row in ended.holdings}
    for ours in run.final.holdings:
        assert ours.quantity == pytest.approx(held[ours.asset, ours.venue], rel=1e-9, abs=1e-9), ours.asset
    mine, other = run.final.positions[0], ended.positions[0]
    assert mine.quantity == pytest.approx(other.quantity, rel=1e-9, abs=1e-9)
    assert mine.margin == pytest.approx(other.margin, rel=1e-9, abs=1e-9)
    assert len(run.executions) == executions
    assert run.fees == pytest.approx(fees, rel=1e-9, abs=1e-9)
    assert run.funding == pytest.approx(day.funding, rel=1e-9, abs=1e-9)
    assert len(run.liquidations) == day.liquidations
    assert run.margin_lost == pytest.approx(day.lost, rel=1e-9, abs=1e-9)
    event("liquidated" if day.liquidations else "not liquidated")
