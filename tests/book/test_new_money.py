"""Money at a venue that has no stablecoin: Record adds a row that the next plan can read, and loses nothing."""

from __future__ import annotations

from typing import Any

import pytest

from rebalance_xl.book import actions
from rebalance_xl.book.memory import MemoryWorkbook
from rebalance_xl.book.model import read_book
from rebalance_xl.book.plan import book_value
from rebalance_xl.book.problems import BookError
from rebalance_xl.book.schema import JOURNAL, PLAN
from rebalance_xl.book.walk import carry_out, decide
from tests.book.books import DAY, FUTURES, line, perpetual, spot, stable, table, unit, workbook

approx = pytest.approx


def bare(columns: list[str], rows: list[list[Any]]) -> MemoryWorkbook:
    """Return a book with just these columns of Portfolio and two open positions of 1,000 to be closed, at a and b."""
    wanted = {"Quantity": 10.0, "EntryPrice": 100.0, "Margin": 1_000.0, "Target": 0.0}
    futures = [
        perpetual("ETHUSDT", "ETH", "long", 100.0, Venue="a", **wanted),
        perpetual("BTCUSDT", "BTC", "long", 100.0, Venue="b", **wanted),
    ]
    tables = {"Portfolio": [columns, *rows], "Futures": table(FUTURES, futures)}
    tables |= {each.name: [[column.name for column in each.columns]] for each in (PLAN, JOURNAL)}
    return MemoryWorkbook(tables, {"AsOf": DAY})


def recorded(book: MemoryWorkbook) -> MemoryWorkbook:
    """Return the book after its plan was recorded as it stands: worth the same, the Journal says so, and sound."""
    before = book_value(read_book(book))
    fees = actions.rebalance(book).totals.fees
    journal = actions.record(book).journal
    assert journal["Value"] == approx(before - fees)
    assert book_value(read_book(book)) == approx(before - fees)
    actions.plan(book)
    return book


def added(book: MemoryWorkbook) -> dict[str, Any]:
    """Return the last row of Portfolio, blank cells left out."""
    header, *rows = book.tables["Portfolio"]
    return {name: cell for name, cell in zip(header, rows[-1], strict=True) if cell is not None}


@pytest.mark.parametrize("venue", ["binance", "bybit"])
def test_a_coin_that_its_row_calls_spot_receives_no_money(venue: str) -> None:
    """USDT is typed as spot: a second row of it, as money, would contradict the first, so USDC takes the proceeds."""
    rows = [
        spot("BTC", 6_000.0, 0.4, 0.05, Venue="binance"),
        spot("USDT", 1_000.0, 0.1, 0.9, Venue=venue, Price=1.0, Kind="spot"),
        spot("ETH", 3_000.0, 0.3, 0.5, Venue="binance"),
    ]
    row = added(recorded(workbook(rows)))
    assert row == {"Asset": "USDC", "Kind": "stable", "Venue": "binance", "Quantity": approx(2_000.0), "Price": 1.0}


@pytest.mark.parametrize("quote", ["USD", "EUR"])
def test_where_every_coin_is_called_spot_the_currency_itself_receives_money(quote: str) -> None:
    """All that stands for the currency is typed as spot: what is left is a row of money under a name of its own."""
    coins = ["USDT", "USDC", "DAI", "FDUSD", "TUSD", "PYUSD", "USDE", "USDS", "USD"] if quote == "USD" else ["EUR"]
    rows = [spot("BTC", 6_000.0, 0.4, 0.05), spot("ETH", 3_000.0, 0.3, 0.5)]
    rows += [spot(coin, 100.0, None, None, Price=1.0, Kind="spot") for coin in coins]
    assert added(recorded(workbook(rows, settings={"Quote": quote})))["Asset"] == f"{quote} cash"


def test_without_a_column_venue_the_money_of_two_venues_is_one_row() -> None:
    """Two positions are closed at two venues: rows of one coin that no venue tells apart would be the same row."""
    book = recorded(bare(["Asset", "Quantity", "Price", "Target", "Band"], [["BTC", 1.0, 6_000.0, 0.4, 0.5]]))
    assert len(book.tables["Portfolio"]) == 3
    assert added(book) == {"Asset": "USDT", "Quantity": approx(2_000.0), "Price": 1.0}


@pytest.mark.parametrize(
    "columns, row, expected",
    [
        (["Asset", "Quantity", "Price", "Target"], ["BTC", None, 6_000.0, None], {"Quantity": 2_000.0, "Price": 1.0}),
        (["Asset", "Value", "Target"], ["BTC", 6_000.0, None], {"Value": 2_000.0}),
        (["Asset", "Quantity", "Value", "Target"], ["BTC", 1.0, 6_000.0, None], {"Value": 2_000.0}),
        (["Asset", "Quantity", "Price", "Value", "Target"], ["BTC", None, None, 60.0, None], {"Value": 2_000.0}),
        (
            ["Asset", "Quantity", "Price", "Value", "Target"],
            ["BTC", 1.0, 60.0, None, None],
            {"Quantity": 2_000.0, "Price": 1.0},
        ),
    ],
)
def test_new_money_is_written_into_the_columns_that_the_book_has(
    columns: list[str], row: list[Any], expected: dict[str, float]
) -> None:
    """In units where Quantity and Price are kept, else as a Value: no column that is missing swallows it."""
    assert added(recorded(bare(columns, [row]))) == {"Asset": "USDT", **expected}


def test_new_money_is_counted_at_the_price_of_its_coin() -> None:
    """A book in EUR holds USDT at 0.90: 3,240 EUR of proceeds at b are 3,600 USDT, in Record and in a walk."""
    rows = [spot("BTC", 6_000.0, 0.4, 0.05, Venue="b"), {**stable(900.0, 0.1), "Quantity": 1_000.0, "Price": 0.9}]
    rows[1]["Venue"] = "a"
    book = workbook(rows, settings={"Quote": "EUR"})
    before = read_book(book)
    walked = carry_out(before, decide(before)).holdings[-1]
    assert line(actions.plan(book), "USDT", "b").price == 0.9
    row = added(recorded(book))
    assert (row["Asset"], row["Quantity"], row["Price"]) == ("USDT", approx(3_600.0), 0.9)
    assert (walked.asset, walked.quantity, walked.price) == ("USDT", approx(3_600.0), 0.9)


def test_a_transfer_names_the_coins_that_it_moves() -> None:
    """A book in EUR holds USDT at 0.90: 900 EUR that move are 1,000 USDT."""
    rows = [
        unit("BTC", 1.0, 1_000.0, 0.5, 0.05, Venue="b"),
        {**stable(2_700.0, 0.5), "Quantity": 3_000.0, "Price": 0.9, "Venue": "a"},
    ]
    book = workbook(rows, settings={"Quote": "EUR"})
    moved = next(each for each in actions.plan(book).trades if each.action == "TRANSFER")
    assert (moved.amount, moved.quantity, moved.price) == (approx(850.0), approx(850.0 / 0.9), 0.9)
    recorded(book)


def test_a_book_in_bitcoin_loses_no_cents_of_it() -> None:
    """0.004 BTC are hundreds of dollars: they make a line and a row, and Record refuses to spend them twice."""
    rows = [unit("SOL", 100.0, 0.002, 0.0, Venue="a", Locked=98.0), unit("ETH", 1.0, 0.03, None, Venue="b")]
    book = workbook(rows, settings={"Quote": "BTC"})
    assert line(actions.plan(book), "BTC", "a").reason == "0.00 left over stays in stablecoins (a new row)"
    row = added(recorded(book))
    assert row == {"Asset": "BTC", "Kind": "stable", "Venue": "a", "Quantity": approx(0.004), "Price": 1.0}
    spent = {"Asset": "SOL", "Action": "BUY", "Quantity": 4.0, "Price": 0.002, "Amount": 0.008, "Venue": "a"}
    header = book.tables["Plan"][0]
    book.tables["Plan"] = [header, [spent.get(name) for name in header]]
    with pytest.raises(BookError, match="more than they bring and the stablecoins"):
        actions.record(book)


@pytest.mark.parametrize("quote", ["USD", "eur", "USDC", "usdt", "KRW"])
def test_less_than_a_cent_of_a_currency_makes_no_row(quote: str) -> None:
    """Half a cent is nothing that a person would write down, however small the book is."""
    rows = [spot("SOL", 100.0, 0.5, 0.1, Locked=9.9996), spot("ETH", 50.0, 0.2, 0.0, Locked="yes")]
    book = workbook(rows, settings={"Quote": quote, "FundFrom": "none"})
    plan = actions.rebalance(book)
    assert [(each.asset, each.action, each.amount) for each in plan.trades] == [("SOL", "SELL", approx(0.004))]
    assert all("left over" not in each.reason for each in plan.lines)
    actions.record(book)
    assert len(book.tables["Portfolio"]) == 3
