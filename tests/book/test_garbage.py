"""Anything in any cell: a plan or a refusal in words, never a traceback, never a partial write."""

from __future__ import annotations

import copy
import datetime as dt
import json
import math
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from rebalance_xl.book import actions
from rebalance_xl.book.forms import plan_sentences, plan_to_dict
from rebalance_xl.book.memory import MemoryWorkbook
from rebalance_xl.book.problems import BookError
from rebalance_xl.book.schema import SETTINGS
from rebalance_xl.cells import DIV0, NA
from tests.book.books import ETH_MARGIN, VENUES, example, perpetual, stable, table, workbook

GARBAGE = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from(
        ["", " ", "x", "50%", "1,000", "yes", "no", "long", "target", "#N/A", "ALL", "0", "=1+1", "é" * 300]
    ),
    st.sampled_from([0, 1, -1, 0.5, 1e-12, 1e12, 1e300, -1e300, math.inf, -math.inf, math.nan, 46295, 3e6]),
    st.sampled_from([NA, DIV0, dt.date(2026, 1, 1), dt.datetime(1900, 1, 1, 12), dt.date(9999, 12, 31)]),
    st.text(max_size=8),
    st.floats(),
)


def full() -> MemoryWorkbook:
    """Return a book that uses every table."""
    short = perpetual("BTCUSD", "BTC", "short", 50_000.0, Venue="Bybit", Contract="inverse", HedgeRatio=0.2)
    open_long = perpetual(
        "SOLUSDT", "SOL", "long", 200.0, MarginMode="cross", Quantity=3.0, EntryPrice=150.0, Margin=90.0, Target=0.0
    )
    book = workbook(
        [*example((0.4, 0.3, 0.15)), stable(500.0, 0.05)],
        [ETH_MARGIN, short, open_long],
        dict.fromkeys(SETTINGS) | {"AsOf": dt.date(2026, 9, 30), "ReviewFrequency": "monthly"},
        [{"Scope": "SOL", "Action": "TRIM", "Start": dt.date(2026, 9, 1), "Level": 0.5}],
        (),
        [{"Asset": "SOL", "Date": dt.date(2025, 1, 1), "Quantity": 20.0, "Price": 100.0}],
        [["Date", "BTC"], *[[46_000 + day, 100.0 + day] for day in range(25)]],
    )
    book.tables["Venues"] = table(VENUES, [{"Venue": "Binance"}, {"Venue": "Bybit"}])
    book.tables["MarginTiers"] = [
        ["Venue", "Symbol", "Floor", "Cap", "MaxLeverage", "Rate", "Amount"],
        ["bybit", "BTCUSD", 0.0, None, 50.0, 0.01, 0.0],
    ]
    book.tables["Journal"].append([dt.date(2026, 1, 1), "EXECUTION", *[None] * 9])
    return book


@given(st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 10_000), GARBAGE), min_size=1, max_size=4), st.data())
def test_garbage_is_planned_or_refused(cells: list[tuple[int, int, Any]], data: st.DataObject) -> None:
    """Whatever stands in a cell, header or setting, the answer is a plan or sentences."""
    book = full()
    places = [(name, row) for name, rows in book.tables.items() for row in range(len(rows)) if name != "Plan"]
    for where, column, value in cells:
        name, row = places[where % len(places)]
        line = book.tables[name][row]
        line[column % len(line)] = value if row else str(value)
    if data.draw(st.booleans()):
        book.settings[data.draw(st.sampled_from(sorted(SETTINGS)))] = data.draw(GARBAGE)
    before = copy.deepcopy(book.tables)
    problems = actions.check(book)
    assert all(problem.message for problem in problems)
    try:
        plan = actions.rebalance(book)
    except BookError:
        assert repr(book.tables) == repr(before)
        return
    json.dumps(plan_to_dict(plan), allow_nan=False)
    assert plan_sentences(plan)
    assert abs(plan.totals.check) <= 1e-9 * max(1.0, plan.totals.value)
    if plan.nothing_to_do:
        return
    planned = repr(book.tables)
    try:
        actions.record(book)
    except BookError:
        assert repr(book.tables) == planned
