"""Lots that fills take and make: which of them, and at which gain."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from rebalance_xl.book.memory import MemoryWorkbook
from tests.book.books import DAY, table
from tests.book.fills import fill, filled, held, state

approx = pytest.approx


BOUGHT = [
    {"Asset": "BTC", "Date": dt.datetime(2025, 3, 4, 15, 30), "Quantity": 0.4, "Price": 20_000.0},
    {"Asset": "ETH", "Date": dt.date(2025, 1, 1), "Quantity": 10.0, "Price": 1_500.0},
    {"Asset": "BTC", "Date": dt.datetime(2025, 1, 2, 9, 0), "Quantity": 0.5, "Price": 50_000.0},
    {"Asset": "btc", "Date": dt.date(2026, 1, 2), "Quantity": 0.6, "Price": 40_000.0},
]


def with_lots(**settings: Any) -> MemoryWorkbook:
    """Return the book with lots of BTC at both venues together, and of ETH."""
    book = held()
    book.settings |= settings
    book.tables["Lots"] = table(["Asset", "Date", "Quantity", "Price"], BOUGHT)
    return book


def left(book: MemoryWorkbook) -> list[Any]:
    """Return the quantities of the lots that were there."""
    return [row[2] for row in book.tables["Lots"][1:5]]


@pytest.mark.parametrize(
    "method, lots, gain",
    [
        ("fifo", [0.2, 10.0, 0.0, 0.6], 0.5 * 10_000.0 + 0.2 * 40_000.0),
        ("lifo", [0.3, 10.0, 0.5, 0.0], 0.6 * 20_000.0 + 0.1 * 40_000.0),
        ("hifo", [0.4, 10.0, 0.0, 0.4], 0.5 * 10_000.0 + 0.2 * 20_000.0),
    ],
)
def test_sales_at_two_venues_take_one_assets_lots_in_turn(method: str, lots: list[float], gain: float) -> None:
    """0.3 are sold at binance and 0.4 at kraken, both at 60,000: 0.7 leave the lots, as one sale would."""
    book = with_lots(LotMethod=method)
    sales = [fill("SELL", "BTC", 0.0, 0.3, 60_000.0), fill("SELL", "BTC", 0.0, 0.4, 60_000.0, Venue="kraken")]
    done = filled(book, *sales)
    assert left(book) == approx(lots)
    assert done.journal["Realised gain"] == approx(gain)
    assert len(book.tables["Lots"]) == 5
    assert [row[1] for row in book.tables["Lots"][1:]] == [row["Date"] for row in BOUGHT]


def test_coins_that_are_posted_leave_their_lots_and_the_others_stay() -> None:
    """0.1 BTC are moved and 0.04 of them posted: the oldest lot has 0.04 less, at its own cost."""
    book = with_lots(LotMethod="fifo")
    moved = fill("CONVERT", "BTC", 0.0, 0.1, 50_000.0, **{"To venue": "binance"})
    filled(book, moved, fill("ADD MARGIN", "BTCUSD", 2_000.0, None, 50_000.0))
    assert left(book) == approx([0.4, 10.0, 0.46, 0.6])
    assert state(book)["cost of BTC binance"] == approx(30_000.0 - 0.04 * 50_000.0)


def test_coins_that_are_posted_after_a_sale_take_the_lots_that_follow() -> None:
    """0.5 BTC are sold and 0.1 posted: the sale takes the oldest lot, the margin the next one."""
    book = with_lots(LotMethod="fifo")
    moved = fill("CONVERT", "BTC", 0.0, 0.1, 50_000.0, **{"To venue": "binance"})
    added = fill("ADD MARGIN", "BTCUSD", 5_000.0, None, 50_000.0)
    filled(book, fill("SELL", "BTC", 0.0, 0.5, 60_000.0), moved, added)
    assert left(book) == approx([0.3, 10.0, 0.0, 0.6])
    assert state(book)["cost of BTC binance"] == approx(30_000.0 - 0.5 * 50_000.0 - 0.1 * 20_000.0)


def test_a_purchase_adds_a_lot_at_its_own_price_on_its_day() -> None:
    """Of an asset that keeps lots, and of one of which nothing was held; the lots that were there stay as they are."""
    book = with_lots()
    bought = [fill("BUY", "ETH", 0.0, 2.0, 2_200.0, Fee=3.0), fill("BUY", "ADA", 0.0, 100.0, 1.1)]
    done = filled(book, *bought)
    day = dt.datetime(DAY.year, DAY.month, DAY.day)
    assert book.tables["Lots"][5:] == [["ETH", day, 2.0, approx(2_200.0)], ["ADA", day, 100.0, approx(1.1)]]
    assert "Lots" not in [name for name, *_ in done.cells]


def test_an_asset_held_without_lots_gets_none() -> None:
    """BTC is held and has no lots: one lot would not add up to what is held."""
    book = held()
    book.tables["Lots"] = table(["Asset", "Date", "Quantity", "Price"], [BOUGHT[1]])
    filled(book, fill("BUY", "BTC", 0.0, 0.1, 50_000.0))
    assert len(book.tables["Lots"]) == 2


def test_lots_that_do_not_add_up_stay_as_they_are() -> None:
    """1.5 BTC in lots of 1.4: the gain is that of the average cost, and no lot changes."""
    book = with_lots()
    book.tables["Lots"][1][2] = 0.3
    done = filled(book, fill("SELL", "BTC", 0.0, 0.1, 60_000.0))
    assert left(book) == [0.3, 10.0, 0.5, 0.6]
    assert done.journal["Realised gain"] == approx(3_000.0)


def test_a_lot_that_is_sold_out_holds_nothing() -> None:
    """Of a lot of 0.1 + 0.2 coins 0.3 are sold: 0 are left, not 5e-17; its row stays."""
    book = held()
    quantity = book.tables["Portfolio"][0].index("Quantity")
    book.tables["Portfolio"][1][quantity], book.tables["Portfolio"][2][quantity] = 0.1 + 0.2, 0.0
    book.tables["Lots"] = table(["Asset", "Date", "Quantity", "Price"], [BOUGHT[0] | {"Quantity": 0.1 + 0.2}])
    filled(book, fill("SELL", "BTC", 0.0, 0.3, 60_000.0))
    assert [row[2] for row in book.tables["Lots"][1:]] == [0.0]
    assert state(book)["BTC binance"] == 0.0
