"""Fills at venues whose money lies in wallets: what the wallet, the margin and the stablecoin are after each."""

from __future__ import annotations

from typing import Any

import pytest

from rebalance_xl.book.memory import MemoryWorkbook
from rebalance_xl.book.model import read_book
from rebalance_xl.book.plan import book_value
from tests.book.books import perpetual, stable, table, unit, workbook
from tests.book.fills import fill, filled, held

approx = pytest.approx


def in_account(balance: float = 1_000.0) -> MemoryWorkbook:
    """Return a long on ETH in a cross account at bybit, whose wallet holds its margin of 400 and more."""
    rows = [unit("BTC", 1.0, 50_000.0, 0.5, 0.05, Venue="binance"), {**stable(10_000.0, None), "Venue": "binance"}]
    long = perpetual("ETHUSDT", "ETH", "long", 2_000.0, Venue="bybit", MarginMode="cross", Quantity=1.0, Leverage=5.0)
    book = workbook(rows, [long | {"EntryPrice": 2_000.0, "Margin": 400.0}])
    book.tables["Wallets"] = table(
        ["Venue", "Coin", "Balance"], [{"Venue": "bybit", "Coin": "USDT", "Balance": balance}]
    )
    return book


def money(book: MemoryWorkbook) -> tuple[float, float, float]:
    """Return the wallet's balance, the margin and the stablecoin."""
    margin = book.tables["Futures"][1][book.tables["Futures"][0].index("Margin")]
    row = book.tables["Portfolio"][2]
    return book.tables["Wallets"][1][2], margin, row[book.tables["Portfolio"][0].index("Quantity")]


AT = {"Venue": "bybit"}
ACCOUNT: dict[str, tuple[dict[str, Any], tuple[float, float, float]]] = {
    "opened with free margin": (
        fill("OPEN LONG", "ETHUSDT", 400.0, 1.0, 2_000.0, Fee=2.0, Notional=2_000.0, **AT),
        (998.0, 800.0, 10_000.0),
    ),
    "added from outside": (fill("ADD MARGIN", "ETHUSDT", 300.0, None, 2_000.0, **AT), (1_300.0, 700.0, 9_700.0)),
}


@pytest.mark.parametrize("case", ACCOUNT)
def test_a_wallet_follows_its_position(case: str) -> None:
    """An opening takes free margin, added margin comes from outside; what the book is worth is the Journal's Value."""
    line, wanted = ACCOUNT[case]
    book = in_account()
    done = filled(book, line)
    assert money(book) == approx(wanted)
    assert done.journal["Value"] == approx(book_value(read_book(book)))


def test_a_closing_leaves_its_margin_free_in_the_wallet_and_its_profit() -> None:
    """Closed at 2,100: 100 of profit stay with the wallet's coins, or come out with what is free; none is lost."""
    book = in_account()
    before = book_value(read_book(book))
    done = filled(book, fill("CLOSE", "ETHUSDT", 0.0, 1.0, 2_100.0, Fee=1.0, **AT))
    balance, margin, _ = money(book)
    held_after = sum(row.value for row in read_book(book).holdings if row.stable)
    assert margin == 0.0
    assert balance + held_after == approx(1_000.0 + 10_000.0 + 100.0 - 1.0)
    assert done.journal["Value"] == approx(book_value(read_book(book)))
    assert book_value(read_book(book)) == approx(before + 100.0 - 1.0)
    assert done.journal["Realised gain"] == approx(100.0)


@pytest.mark.parametrize("balance, loan, left", [(1.0, 0.0, 0.9), (1.2, 0.2, 1.1), (1.0, 0.2, 1.0), (0.8, 0.0, 0.8)])
def test_a_wallet_follows_the_coins_that_it_holds_all_of(balance: float, loan: float, left: float) -> None:
    """1 BTC at binance, 0.1 sold: a wallet that holds all of them, less what it owes, follows; one of a part not."""
    book = held()
    wallet = {"Venue": "binance", "Coin": "BTC", "Balance": balance, "Loan": loan}
    book.tables["Wallets"] = table(["Venue", "Coin", "Balance", "Loan"], [wallet])
    done = filled(book, fill("SELL", "BTC", 0.0, 0.1, 50_000.0))
    assert book.tables["Wallets"][1][2] == approx(left)
    assert done.journal["Value"] == approx(book_value(read_book(book)))


def test_money_that_goes_into_a_wallet_is_counted_in_its_coin() -> None:
    """990 of a sale at bybit, where only a wallet has USDT, at 0.99: 1,000 coins more, and nothing is lost."""
    rows = [
        unit("SOL", 20.0, 99.0, 0.3, 0.05, Venue="bybit"),
        {**stable(990.0, None), "Venue": "kraken", "Quantity": 1_000.0, "Price": 0.99},
    ]
    book = workbook(rows)
    book.tables["Wallets"] = table(["Venue", "Coin", "Balance"], [{"Venue": "bybit", "Coin": "USDT", "Balance": 100.0}])
    before = book_value(read_book(book))
    filled(book, fill("SELL", "SOL", 0.0, 10.0, 99.0, Venue="bybit"))
    assert book.tables["Wallets"][1][2] == approx(1_100.0)
    assert book_value(read_book(book)) == approx(before)
