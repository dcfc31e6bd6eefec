"""`rebalance-xl import`: the preview, the write path, what is remembered, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rebalance_xl.commands import import_files as command
from tests.venues.books import NOW, find, rows_of, venue_book
from tests.venues.conftest import Answer
from tests.venues.samples import SAMPLES


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Any:
    """Run the command on a book and files."""

    def call(book: Path, *files: Path, **options: Any) -> Answer:
        capsys.readouterr()
        code = command.run(command.Request(book, list(files), now=NOW, **options))
        out, err = capsys.readouterr()
        return Answer(code, out, err)

    return call


def sample(folder: Path, name: str) -> Path:
    """Write one of the samples."""
    found = next(each for each in SAMPLES if each.name == name)
    path = folder / name
    path.write_bytes(found.text.encode(found.encoding))
    return path


def test_a_statement_fills_portfolio_and_flows(run: Any, tmp_path: Path) -> None:
    """Balances go to the venue's rows, deposits and withdrawals to CashFlows; targets stay; twice changes no byte."""
    book = venue_book(tmp_path / "book.xlsx", "Binance")
    file = sample(tmp_path, "statement.csv")
    answer = run(book, file)
    assert answer.code == 0, answer.err
    portfolio = rows_of(book, "Portfolio")
    row = find(portfolio, Asset="BTC", Venue="Binance")
    assert (row["Quantity"], row["Target"], row["Source"]) == (0.04, 0.5, "statement.csv")
    assert find(portfolio, Asset="USDT", Venue="Binance")["Quantity"] == 3995.4
    flows = [(row["Kind"], row["Asset"], row["Amount"]) for row in rows_of(book, "CashFlows") if "Id" in row]
    assert flows == [("DEPOSIT", "USDT", 8000.0), ("WITHDRAWAL", "USDT", -401.0)]
    assert "LDBTC is taken as BTC (flexible earn)" in answer.out
    first = book.read_bytes()
    again = run(book, file)
    assert (again.code, book.read_bytes() == first) == (0, True)
    assert "nothing to write" in again.out


def test_trades_become_fills_never_balances(run: Any, tmp_path: Path) -> None:
    """A file of trades leaves quantities; its trades stand in Fills once, with fees in money."""
    book = venue_book(tmp_path / "book.xlsx", "mexc", Fills=[])
    file = sample(tmp_path, "mexc.csv")
    for _ in (1, 2):
        assert run(book, file).code == 0
    assert find(rows_of(book, "Portfolio"), Asset="BTC")["Quantity"] == 0.1
    fills = rows_of(book, "Fills")
    assert len(fills) == 2
    row = find(fills, Asset="BTC")
    assert (row["Action"], row["Quantity"], row["Price"], row["Amount"], row["Fee"]) == ("BUY", 0.01, 90000, 900.0, 0.9)
    assert row["Venue"] == "mexc"


def test_trackers_name_their_wallets(run: Any, tmp_path: Path) -> None:
    """Koinly's wallets are venues: a coin stands once a wallet."""
    book = venue_book(tmp_path / "book.xlsx", "kraken")
    assert run(book, sample(tmp_path, "koinly.csv")).code == 0
    portfolio = rows_of(book, "Portfolio")
    assert find(portfolio, Asset="BTC", Venue="kraken")["Quantity"] == pytest.approx(0.005)
    assert find(portfolio, Asset="BTC", Venue="Ledger")["Quantity"] == 0.0049
    assert find(portfolio, Asset="EUR", Venue="kraken")["Quantity"] == 97.5


def test_margin_of_the_book_is_taken_off_a_futures_wallet(run: Any, tmp_path: Path) -> None:
    """USDT of a unified account less the margin that stands in Futures, so that nothing counts twice."""
    position = {"Symbol": "BTCUSDT", "Asset": "BTC", "Venue": "bybit", "Side": "short", "Quantity": 0.1,
                "MarkPrice": 91000.0, "Margin": 300.0}  # fmt: skip
    book = venue_book(tmp_path / "book.xlsx", "bybit", Futures=[position])
    answer = run(book, sample(tmp_path, "bybit.csv"))
    assert find(rows_of(book, "Portfolio"), Asset="USDT")["Quantity"] == 700.5
    assert "300 USDT are margin in Futures and are taken off" in answer.out


def test_a_table_of_ones_own_needs_a_venue_in_a_book_with_venues(run: Any, tmp_path: Path) -> None:
    """Without --venue it is refused; with it the rows are the venue's."""
    book = venue_book(tmp_path / "book.xlsx", "kraken")
    file = sample(tmp_path, "swiss.csv")
    before = book.read_bytes()
    answer = run(book, file)
    assert (answer.code, book.read_bytes() == before) == (1, True)
    assert "say --venue NAME" in answer.err
    assert run(book, file, venue="kraken").code == 0
    assert find(rows_of(book, "Portfolio"), Asset="ADA", Venue="kraken")["Quantity"] == 12000.0


def test_named_columns_are_remembered_beside_the_book(run: Any, tmp_path: Path) -> None:
    """--map is asked for once; the next file with the same titles needs none."""
    book = venue_book(tmp_path / "book.xlsx", "kraken")
    file = tmp_path / "odd.csv"
    file.write_text("What,Have,Had\nBTC,0.7,0.2\n", encoding="utf-8")
    assert 'say --map "coin=TITLE"' in run(book, file, venue="kraken").err
    assert run(book, file, venue="kraken", mapping=["coin=What,quantity=Have"]).code == 0
    assert json.loads((tmp_path / "book.import.json").read_text())["maps"] == {
        "What|Have|Had": {"coin": "What", "quantity": "Have"}
    }
    file.write_text("What,Have,Had\nBTC,0.9,0.7\n", encoding="utf-8")
    assert run(book, file, venue="kraken").code == 0
    assert find(rows_of(book, "Portfolio"), Asset="BTC")["Quantity"] == 0.9


def test_rows_that_are_added_have_a_price_to_plan_with(run: Any, tmp_path: Path) -> None:
    """A new row takes the price of the asset's other row, 1 for the book's money; a coin without one is named."""
    book = venue_book(tmp_path / "book.xlsx", "binance")
    file = tmp_path / "mine.csv"
    file.write_text("Coin,Quantity\nBTC,0.25\nUSDT,10\nSOL,3\n", encoding="utf-8")
    answer = run(book, file, venue="kraken")
    rows = rows_of(book, "Portfolio")
    assert find(rows, Asset="BTC", Venue="kraken")["Price"] == 80000.0
    assert find(rows, Asset="USDT", Venue="kraken")["Price"] == 1.0
    assert "Price" not in find(rows, Asset="SOL", Venue="kraken")
    assert "SOL: added without a price" in answer.out


def test_aliases_of_the_user_go_before_every_rule(run: Any, tmp_path: Path) -> None:
    """A name under "aliases" beside the book is the coin that the user means."""
    book = venue_book(tmp_path / "book.xlsx", "kraken")
    (tmp_path / "book.import.json").write_text('{"aliases": {"SATOSHI": "BTC"}}', encoding="utf-8")
    file = tmp_path / "mine.csv"
    file.write_text("Coin,Quantity\nSatoshi,0.25\n", encoding="utf-8")
    assert run(book, file, venue="kraken").code == 0
    assert find(rows_of(book, "Portfolio"), Asset="BTC")["Quantity"] == 0.25


def test_two_files_that_differ_about_one_coin_are_refused(run: Any, tmp_path: Path) -> None:
    """Nothing is written when two files state two balances of one coin at one venue."""
    book = venue_book(tmp_path / "book.xlsx", "kraken")
    files = [tmp_path / "a.csv", tmp_path / "b.csv"]
    for file, units in zip(files, ("1", "2"), strict=True):
        file.write_text(f"Coin,Quantity\nBTC,{units}\n", encoding="utf-8")
    before = book.read_bytes()
    answer = run(book, *files, venue="kraken")
    assert (answer.code, book.read_bytes() == before) == (1, True)
    assert "BTC at kraken is 2 here and 1 in another file" in answer.err


def test_a_ledger_that_does_not_begin_at_zero_keeps_that_coin(run: Any, tmp_path: Path) -> None:
    """A sum below zero is told and not written; the other coins are."""
    book = venue_book(tmp_path / "book.xlsx", "binance")
    file = tmp_path / "statement.csv"
    file.write_text(
        "User_ID,UTC_Time,Account,Operation,Coin,Change,Remark\n"
        "1,2026-03-01 09:00:01,Spot,Transaction Spend,USDT,-10,\n"
        "1,2026-03-01 09:00:01,Spot,Transaction Buy,BTC,0.2,\n",
        encoding="utf-8",
    )
    answer = run(book, file)
    assert answer.code == 0
    assert "does not begin at zero: 10 USDT are missing" in answer.out
    assert find(rows_of(book, "Portfolio"), Asset="USDT")["Quantity"] == 1.0
    assert find(rows_of(book, "Portfolio"), Asset="BTC")["Quantity"] == 0.2


def test_dry_run_json_and_wrong_words(run: Any, tmp_path: Path) -> None:
    """The preview holds cell, old and new; wrong options are named."""
    book = venue_book(tmp_path / "book.xlsx", "binance")
    before = book.read_bytes()
    data = run(book, sample(tmp_path, "statement.csv"), dry_run=True, as_json=True).data
    assert book.read_bytes() == before
    assert find(data["differences"], row="BTC binance", column="Quantity")["new"] == 0.04
    assert data["files"] == [{"file": "statement.csv", "kind": "Binance statement", "tells": "ledger", "rows": 7}]
    for options, word in (({"mapping": ["coins=X"]}, "--map"), ({"only": "all"}, "balances, flows, trades")):
        answer = run(book, tmp_path / "statement.csv", **options)
        assert (answer.code, word in answer.err) == (2, True)
    assert "cannot be read" in run(book, tmp_path / "none.csv").err
