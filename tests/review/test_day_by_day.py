"""The walk against planning and recording a workbook on every single day, over random spot and futures books."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rebalance_xl.book import actions
from rebalance_xl.book.decision import decide
from rebalance_xl.book.memory import MemoryWorkbook
from rebalance_xl.book.model import Book, read_book
from rebalance_xl.book.schema import JOURNAL, PLAN
from rebalance_xl.book.walk import carry_out, with_prices
from rebalance_xl.review.general import run_any
from rebalance_xl.review.history import History

FIRST, CLOSES = 46_000.0, 40


@st.composite
def books(draw: st.DrawFn) -> tuple[MemoryWorkbook, History]:
    """Return the workbook of a spot book at one venue, sometimes with lots and a perpetual, and its history."""
    seed = draw(st.integers(0, 2**32 - 1))
    source = np.random.default_rng(seed)
    names = "ABC"[: draw(st.integers(1, 3))]
    start = source.uniform(1.0, 200.0, len(names))
    moves = np.exp(source.normal(0.0, source.uniform(0.02, 0.07, len(names)), (CLOSES - 1, len(names))))
    prices = np.vstack([start, start * np.cumprod(moves, axis=0)])
    parts = source.uniform(0.2, 1.0, len(names))
    parts = parts / parts.sum() * 0.8
    band = draw(st.sampled_from([0.01, 0.03, 0.05]))
    lot = draw(st.sampled_from([None, None, 0.5]))
    rows: list[list[Any]] = [
        [name, "spot", "V", 8_000.0 * part / price, price, 8_000.0 * part, part, band, lot]
        for name, part, price in zip(names, parts.tolist(), start.tolist(), strict=True)
    ]
    tables: dict[str, Any] = {
        "Portfolio": [
            ["Asset", "Kind", "Venue", "Quantity", "Price", "CostBasis", "Target", "Band", "Lot"],
            *rows,
            ["USDT", "stable", "V", 2_000.0, 1.0, None, None, None, None],
        ],
        "Venues": [["Venue", "SpotFee", "FuturesFee"], ["V", 0.001, 0.0005]],
        "Plan": [[column.name for column in PLAN.columns], [None] * len(PLAN.columns)],
        "Journal": [[column.name for column in JOURNAL.columns], [None] * len(JOURNAL.columns)],
    }
    if draw(st.booleans()):
        tables["Futures"] = [
            ["Symbol", "Asset", "Venue", "Side", "Leverage", "MarkPrice", "Quantity", "EntryPrice", "Margin", "Target",
             "Band"],
            ["AUSDT", "A", "V", draw(st.sampled_from(["long", "short"])), draw(st.sampled_from([2.0, 5.0])),
             float(start[0]), 0.0, None, 0.0, 0.05, draw(st.sampled_from([None, 0.01]))],
        ]  # fmt: skip
        tiers = ["V", "AUSDT", 0, None, 125, 0.005, 0]
        tables["MarginTiers"] = [["Venue", "Symbol", "Floor", "Cap", "MaxLeverage", "Rate", "Amount"], tiers]
    chosen = {
        "ReserveMin": draw(st.sampled_from([None, 0.05])),
        "ReserveMax": draw(st.sampled_from([None, 0.1])),
        "TrimTo": draw(st.sampled_from(["target", "midpoint", "edge"])),
        "ReviewFrequency": draw(st.sampled_from([None, "weekly"])),
        "Cooldown": draw(st.sampled_from([None, 3])),
        "DeployMethod": draw(st.sampled_from(["priority", "pro_rata"])),
        "LastReview": FIRST,
        "AsOf": FIRST,
    }
    history = History(FIRST + np.arange(float(CLOSES)), {name.casefold(): prices[:, i] for i, name in enumerate(names)})
    return MemoryWorkbook(tables, chosen), history


def set_prices(port: MemoryWorkbook, history: History, t: int) -> None:
    """Put the closes of a day into the workbook."""
    for number, row in enumerate(port.tables["Portfolio"][1:]):
        close = history.close(str(row[0]))
        if close is not None:
            port.set_cells("Portfolio", number, {"Price": float(close[t])})
    if "Futures" in port.tables:
        closes = history.close("A")
        assert closes is not None
        port.set_cells("Futures", 0, {"MarkPrice": float(closes[t])})


def safe(book: Book, history: History) -> bool:
    """Tell whether no liquidation comes: the workbook's own actions know none between two days."""
    return not run_any(book, history).liquidations


@settings(max_examples=5, deadline=None)
@given(books())
def test_the_walk_is_planning_and_recording_every_day(drawn: tuple[MemoryWorkbook, History]) -> None:
    """Quantities, value, fees and executions are those of Rebalance and Record pressed on every day."""
    port, history = drawn
    book = read_book(port)
    if not safe(book, history):
        return
    run = run_any(book, history)
    fees, executions = 0.0, 0
    for t in range(CLOSES):
        day = float(history.days[t])
        set_prices(port, history, t)
        plan = actions.rebalance(port, day)
        if plan.trades or plan.review:
            done = actions.record(port, day)
            executions += bool(plan.trades)
            fees += float(done.journal.get("Fees") or 0.0)
    ended = read_book(port, float(history.days[-1]))
    for ours, theirs in zip(run.final.holdings, ended.holdings, strict=True):
        assert ours.quantity == pytest.approx(theirs.quantity, rel=1e-9, abs=1e-9), ours.asset
    for mine, other in zip(run.final.positions, ended.positions, strict=True):
        assert mine.quantity == pytest.approx(other.quantity, rel=1e-9, abs=1e-9)
        assert mine.margin == pytest.approx(other.margin, rel=1e-9, abs=1e-9)
    assert len(run.executions) == executions
    assert run.fees == pytest.approx(fees, rel=1e-9, abs=1e-9)


@settings(max_examples=5, deadline=None)
@given(books())
def test_passing_over_quiet_days_changes_nothing(drawn: tuple[MemoryWorkbook, History]) -> None:
    """Deciding on every day, from Book to Book, gives the quantities and fees of the walk to the bit."""
    port, history = drawn
    book = read_book(port)
    if not safe(book, history):
        return
    run = run_any(book, history)
    fees = 0.0
    for t in range(CLOSES):
        prices = {
            holding.row: float(close[t])
            for holding in book.holdings
            if (close := history.close(holding.asset)) is not None
        }
        closes = history.close("A")
        assert closes is not None
        marks = {position.row: float(closes[t]) for position in book.positions}
        book = with_prices(book, prices, marks, float(history.days[t]))
        decision = decide(book)
        fees += decision.fees if decision.trades else 0.0
        book = carry_out(book, decision)
    assert [holding.quantity for holding in run.final.holdings] == [holding.quantity for holding in book.holdings]
    assert [replace(each, mark=1.0) for each in run.final.positions] == [replace(p, mark=1.0) for p in book.positions]
    assert math.isclose(run.fees, fees, rel_tol=1e-12, abs_tol=1e-12)
