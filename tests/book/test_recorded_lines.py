"""Lines that are recorded: their rows among the fills, the rows that they change, and what the Journal says."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from rebalance_xl.book import actions
from rebalance_xl.book.model import read_book
from rebalance_xl.book.plan import book_value
from rebalance_xl.book.problems import BookError
from tests.book.books import perpetual, spot, stable, workbook
from tests.book.coin_hedges import coin_book

approx = pytest.approx


def test_fills_get_a_row_each() -> None:
    """Record appends one row a recorded line, in the order of the plan, with its day."""
    book = coin_book()
    book.tables["Fills"] = [["Date", "Asset", "Action", "Quantity", "Price", "Amount", "Fee", "Realised gain"]]
    actions.rebalance(book)
    actions.record(book)
    assert [row[1:3] for row in book.tables["Fills"][1:]] == [
        ["BTC", "SELL"],
        ["BTC", "CONVERT"],
        ["BTCUSD_PERP", "OPEN SHORT"],
    ]
    assert book.tables["Fills"][1][0] == dt.datetime(2026, 9, 30)


def test_a_fill_says_what_it_realised_and_where_it_went() -> None:
    """2,000 of SOL that cost half are sold at bybit and moved to binance for BTC: 1,000 are realised, once."""
    rows = [
        spot("SOL", 4_000.0, 0.2, 0.05, CostBasis=2_000.0, Venue="bybit"),
        spot("BTC", 6_000.0, 0.8, 0.05, Venue="binance"),
    ]
    book = workbook(rows, venues=[{"Venue": "bybit", "WithdrawalFee": 1.0}, {"Venue": "binance"}])
    book.tables["Fills"] = [
        ["Date", "Asset", "Action", "Amount", "Fee", "Venue", "To venue", "Realised gain"],
    ]
    actions.rebalance(book)
    actions.record(book)
    assert [row[2:] for row in book.tables["Fills"][1:]] == [
        ["SELL", approx(2_000.0), 0.0, "bybit", None, approx(1_000.0)],
        ["TRANSFER", approx(1_999.0), approx(1.0), "bybit", "binance", None],
        ["BUY", approx(1_999.0), 0.0, "binance", None, None],
    ]


def test_fills_find_their_row_in_hedge_mode() -> None:
    """Two sides of one symbol at one venue: the line's side says which position is closed."""
    long = perpetual("BTCUSDT", "BTC", "long", 100.0, Venue="V", Quantity=1.0, EntryPrice=90.0, Margin=30.0, Target=0.0)
    short = perpetual("BTCUSDT", "BTC", "short", 100.0, Venue="V", Quantity=2.0, EntryPrice=110.0, Margin=60.0)
    book = workbook([spot("BTC", 900.0, 0.9, 0.2)], [long, short])
    plan = actions.rebalance(book)
    assert [(each.action, each.side) for each in plan.trades if each.product == "futures"] == [("CLOSE", "long")]
    actions.record(book)
    header, *rows = book.tables["Futures"]
    assert [row[header.index("Quantity")] for row in rows] == [0.0, 2.0]


@pytest.mark.parametrize("apart", [{"Venue": "W"}, {"MarginMode": "cross"}])
def test_fills_find_their_row_by_venue_and_by_margin_mode(apart: dict[str, Any]) -> None:
    """Two longs of one symbol at two venues, or in two margin modes: the one that the line names is closed."""
    long = perpetual("BTCUSDT", "BTC", "long", 100.0, Venue="V", Quantity=1.0, EntryPrice=100.0, Margin=30.0)
    for futures, left in (
        ([long, long | apart | {"Target": 0.0}], [1.0, 0.0]),
        ([long | {"Target": 0.0}, long | apart], [0.0, 1.0]),
    ):
        book = workbook([spot("BTC", 900.0, 0.9, 0.2)], futures)
        actions.rebalance(book)
        actions.record(book)
        header, *rows = book.tables["Futures"]
        assert [row[header.index("Quantity")] for row in rows] == left


@pytest.mark.parametrize("other", [0.0, 2.0])
def test_a_closing_without_its_side_takes_the_row_that_is_open(other: float) -> None:
    """Side is deleted from the line: of both rows the open one is meant, and two open ones are refused."""
    short = perpetual("BTCUSDT", "BTC", "short", 100.0, Venue="V", Quantity=other, EntryPrice=100.0, Margin=60.0)
    long = perpetual("BTCUSDT", "BTC", "long", 100.0, Venue="V", Quantity=1.0, EntryPrice=90.0, Margin=30.0, Target=0.0)
    book = workbook([spot("BTC", 900.0, 0.9, 0.2)], [short, long])
    actions.rebalance(book)
    header, *lines = book.tables["Plan"]
    next(each for each in lines if each[0] == "BTCUSDT")[header.index("Side")] = None
    if other:
        with pytest.raises(BookError, match="BTCUSDT stands in more than one row of Futures: say Venue and Side"):
            actions.record(book)
    else:
        actions.record(book)
    header, *rows = book.tables["Futures"]
    assert [row[header.index("Quantity")] for row in rows] == [other, 1.0 if other else 0.0]


def test_a_book_that_changed_since_its_plan_is_noticed() -> None:
    """Record refuses, unless told to go on; new prices alone are no change."""
    book = workbook([spot("BTC", 6_000.0, 0.5, 0.05), spot("ETH", 4_000.0, 0.5, 0.05)])
    actions.rebalance(book)
    header, btc, _ = book.tables["Portfolio"]
    btc[header.index("Price")] = 10.5
    btc[header.index("Quantity")] += 1.0
    with pytest.raises(BookError, match="changed since this plan was written"):
        actions.record(book)
    actions.record(book, changed=True)
    other = workbook([spot("BTC", 6_000.0, 0.5, 0.05), spot("ETH", 4_000.0, 0.5, 0.05)])
    actions.rebalance(other)
    other.tables["Portfolio"][1][header.index("Price")] = 10.5
    actions.record(other)


def test_the_journal_has_the_value_after_the_fills_and_what_was_left() -> None:
    """Half of the sale was filled, at a worse price: Value is that of the recorded book."""
    book = workbook([spot("BTC", 6_000.0, 0.5, 0.05), spot("ETH", 3_000.0, 0.3, 0.05), stable(1_000.0, 0.1, 0.05)])
    plan = actions.rebalance(book)
    header, *rows = book.tables["Plan"]
    sale = next(row for row in rows if row[:2] == ["BTC", "SELL"])
    sale[header.index("Price")] = 9.5
    done = actions.record(book)
    assert done.journal["Value"] == approx(book_value(read_book(book)))
    assert done.journal["Value"] == approx(10_000.0 - 100.0 * 0.5)
    whole = workbook([spot("BTC", 6_000.0, 0.5, 0.05), spot("ETH", 3_000.0, 0.3, 0.05), stable(1_000.0, 0.1, 0.05)])
    plan = actions.rebalance(whole)
    assert actions.record(whole).journal["Left over"] == approx(plan.totals.left_over)
