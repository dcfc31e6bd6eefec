"""Sentences about Record that no other test stands for: one test a sentence, in its unhappy variants too."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from rebalance_xl.book import actions
from rebalance_xl.book.memory import MemoryWorkbook
from rebalance_xl.book.model import read_book
from rebalance_xl.book.problems import BookError
from rebalance_xl.book.walk import carry_out, decide
from tests.book.books import perpetual, spot, stable, table, workbook

approx = pytest.approx


def set_cell(book: MemoryWorkbook, name: str, row: int, column: str, change: Callable[[Any], Any]) -> None:
    """Change a cell of a table, its rows counted from 1."""
    header = book.tables[name][0]
    cell = book.tables[name][row]
    cell[header.index(column)] = change(cell[header.index(column)])


# --- a book that changed ---------------------------------------------------------------------------------------


def of_everything() -> MemoryWorkbook:
    """Return a book with a typed Value, an open position and a wallet, in which BTC is sold for ETH."""
    rows = [spot("BTC", 6_000.0, 0.4, 0.05), spot("ETH", 2_000.0, 0.4, 0.05), stable(500.0, None)]
    position = perpetual(
        "BTCUSDT", "BTC", "long", 100.0, Venue="x", MarginMode="cross", Quantity=1.0, EntryPrice=100.0, Margin=50.0
    )
    book = workbook(rows, [position])
    book.tables["Portfolio"][0].append("Value")
    for place, row in enumerate(book.tables["Portfolio"][1:]):
        row.append(500.0 if place == 2 else None)
    set_cell(book, "Portfolio", 3, "Quantity", lambda _: None)
    set_cell(book, "Portfolio", 3, "Price", lambda _: None)
    wallet = {"Account": "x", "Coin": "USDT", "Balance": 200.0, "Loan": 10.0}
    book.tables["Wallets"] = table(["Account", "Venue", "Coin", "Balance", "Price", "Loan"], [wallet])
    return book


@pytest.mark.parametrize(
    "name, row, column, change",
    [
        ("Portfolio", 1, "Quantity", lambda cell: cell - 1.0),
        ("Portfolio", 3, "Value", lambda cell: cell - 1.0),
        ("Portfolio", 2, "Venue", lambda _: "y"),
        ("Futures", 1, "Quantity", lambda _: 2.0),
        ("Futures", 1, "Margin", lambda _: 51.0),
        ("Futures", 1, "Side", lambda _: "short"),
        ("Futures", 1, "MarginMode", lambda _: "isolated"),
        ("Futures", 1, "EntryPrice", lambda _: 101.0),
        ("Wallets", 1, "Balance", lambda _: 201.0),
        ("Wallets", 1, "Loan", lambda _: 0.0),
    ],
)
def test_whatever_is_held_is_missed_when_it_changed(
    name: str, row: int, column: str, change: Callable[[Any], Any]
) -> None:
    """A quantity, a typed Value, a position or a wallet that changed: Record refuses and writes nothing."""
    book = of_everything()
    actions.rebalance(book)
    set_cell(book, name, row, column, change)
    before = {each: [list(cells) for cells in rows] for each, rows in book.tables.items()}
    with pytest.raises(BookError, match="changed since this plan was written"):
        actions.record(book)
    assert book.tables == before
    assert actions.to_record(book).changed


@pytest.mark.parametrize(
    "name, row, column, change",
    [
        ("Portfolio", 1, "Price", lambda _: 10.5),
        ("Portfolio", 1, "Target", lambda _: 0.45),
        ("Futures", 1, "MarkPrice", lambda _: 101.0),
        ("Futures", 1, "FundingRate", lambda _: 0.001),
    ],
)
def test_prices_and_rules_are_not_what_is_held(name: str, row: int, column: str, change: Callable[[Any], Any]) -> None:
    """New prices, marks, funding and targets leave the fills as they are: Record goes on."""
    book = of_everything()
    actions.rebalance(book)
    set_cell(book, name, row, column, change)
    assert not actions.to_record(book).changed
    assert actions.record(book).fills


def test_an_execution_since_the_plan_is_a_change() -> None:
    """The Journal says that something was executed after the plan was written: its fills may stand in it already."""
    book = of_everything()
    actions.rebalance(book)
    header = book.tables["Journal"][0]
    row: dict[Any, Any] = {"Date": dt.date(2026, 9, 30), "Entry": "EXECUTION", "Sold": 100.0}
    book.tables["Journal"].append([row.get(name) for name in header])
    assert actions.to_record(book).changed


def test_a_plan_of_an_older_release_is_recorded() -> None:
    """Its check line has no mark: nothing tells whether the book changed, and nothing is refused."""
    book = of_everything()
    actions.rebalance(book)
    header, *rows = book.tables["Plan"]
    for row in rows:
        if row[header.index("Action")] == "CHECK":
            row[header.index("Side")] = None
    assert not actions.to_record(book).changed


def test_a_review_is_recorded_only_with_its_plan() -> None:
    """A review is due and nothing is to be traded: before Rebalance was pressed there is nothing to record."""
    settings = {"ReviewFrequency": "monthly", "LastReview": dt.date(2026, 8, 1)}
    book = workbook([spot("BTC", 6_000.0, 0.6), spot("ETH", 4_000.0, 0.4)], settings=settings)
    with pytest.raises(BookError, match="nothing to record: press Rebalance first"):
        actions.record(book)
    actions.rebalance(book)
    assert actions.record(book).fills == ()
    assert book.settings["LastReview"] == dt.datetime(2026, 9, 30)


# --- the walk of a review ---------------------------------------------------------------------------------------


def of_all_orders(**settings: Any) -> MemoryWorkbook:
    """Return a book whose plan sells BTC, buys ETH, closes one position, opens another and moves coins as margin."""
    rows = [
        spot("BTC", 60_000.0, 0.4, 0.05, Price=50_000.0, Venue="x", CostBasis=30_000.0),
        spot("ETH", 10_000.0, 0.2, 0.05, Price=2_000.0, Venue="x", CostBasis=9_000.0),
        {**stable(10_000.0, None), "Venue": "x"},
    ]
    at = {"Venue": "x", "Leverage": 2.0}
    futures = [
        perpetual("BTCUSD", "BTC", "short", 50_000.0, Contract="inverse", HedgeRatio=0.5, **at),
        perpetual("OLDUSDT", "OLD", "long", 10.0, Quantity=100.0, EntryPrice=9.0, Margin=500.0, Target=0.0, **at),
        perpetual("SOLUSDT", "SOL", "long", 100.0, Target=0.02, **at),
    ]
    lots = [
        {"Asset": "BTC", "Date": dt.date(2025, 1, 1), "Quantity": 0.3, "Price": 20_000.0},
        {"Asset": "BTC", "Date": dt.date(2025, 2, 1), "Quantity": 0.9, "Price": 26_000.0},
        {"Asset": "ETH", "Date": dt.date(2025, 2, 1), "Quantity": 5.0, "Price": 1_800.0},
    ]
    due = {"ReviewFrequency": "monthly", "LastReview": dt.date(2026, 8, 1), "LotMethod": "fifo"}
    return workbook(rows, futures, due | settings, lots=lots, venues=[{"Venue": "x", "SpotFee": 0.001}])


def test_the_walk_of_a_review_leaves_what_record_leaves() -> None:
    """Quantities, costs, lots, positions, the review and the start of the cooldown, filled as planned."""
    book = of_all_orders()
    before = read_book(book)
    decision = decide(before)
    walked = carry_out(before, decision)
    plan = actions.rebalance(book)
    assert {"SELL", "BUY", "CLOSE", "CONVERT", "OPEN SHORT", "OPEN LONG"} == {each.action for each in plan.trades}
    actions.record(book)
    left = read_book(book)
    for one, other in zip(walked.holdings, left.holdings, strict=True):
        assert (one.asset, one.quantity) == (other.asset, approx(other.quantity, rel=1e-9))
        assert one.cost_basis == (None if other.cost_basis is None else approx(other.cost_basis, rel=1e-9))
    for mine, theirs in zip(walked.positions, left.positions, strict=True):
        assert (mine.quantity, mine.margin) == (approx(theirs.quantity, rel=1e-9), approx(theirs.margin, rel=1e-9))
    units, written = [[(each.asset, each.quantity) for each in one.lots if each.quantity] for one in (walked, left)]
    assert units == [(name, approx(quantity, rel=1e-9)) for name, quantity in written]
    assert walked.settings.last_review == left.settings.last_review == before.as_of
    assert walked.last_execution == left.last_execution == before.as_of


def test_the_gain_of_sales_at_two_venues_is_that_of_their_lots_in_turn() -> None:
    """All of BTC is sold at both venues: the plan says the gain that Record books, each lot counted once."""
    rows = [
        spot("BTC", 30_000.0, 0.0, None, Price=50_000.0, Venue="x"),
        spot("BTC", 20_000.0, None, None, Price=50_000.0, Venue="y"),
        {**stable(50_000.0, None), "Venue": "x"},
    ]
    lots = [
        {"Asset": "BTC", "Date": dt.date(2025, 1, 1), "Quantity": 0.6, "Price": 20_000.0},
        {"Asset": "BTC", "Date": dt.date(2025, 2, 1), "Quantity": 0.4, "Price": 40_000.0},
    ]
    book = workbook(rows, settings={"LotMethod": "fifo"}, lots=lots)
    plan = actions.rebalance(book)
    assert plan.totals.realised_gain == approx(0.6 * 30_000.0 + 0.4 * 10_000.0)
    gains = [each.realised_gain for each in plan.trades]
    walked = carry_out(read_book(book), decide(read_book(book)))
    done = actions.record(book)
    assert done.journal["Realised gain"] == approx(plan.totals.realised_gain)
    assert [row["Realised gain"] for row in done.fill_rows] == approx(gains)
    assert [each.cost_basis for each in walked.holdings] == [each.cost_basis for each in read_book(book).holdings]
