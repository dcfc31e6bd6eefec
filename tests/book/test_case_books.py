"""Situations that users report, each as a small book with the figures that must come out."""

from __future__ import annotations

import datetime as dt
import math
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from rebalance_xl.book import actions
from rebalance_xl.book.memory import MemoryWorkbook
from rebalance_xl.book.model import read_book
from rebalance_xl.book.plan import book_value
from rebalance_xl.book.problems import BookError
from rebalance_xl.book.schema import PLAN
from rebalance_xl.hosts.file import FileWorkbook
from tests.book.book_files import written
from tests.book.books import DAY, line, perpetual, plan_of, spot, stable, workbook

approx = pytest.approx
TIERS = [
    ["Venue", "Symbol", "Floor", "Cap", "MaxLeverage", "Rate", "Amount", "Unit"],
    ["binance", "BTCUSDT", 0.0, None, 125.0, 0.004, 0.0, "USDT"],
    ["bybit", "BTCUSDT", 0.0, None, 100.0, 0.005, 0.0, "USDT"],
    ["binance", "BTCUSD", 0.0, 5.0, 125.0, 0.004, 0.0, "coin"],
    ["binance", "BTCUSD", 5.0, 100.0, 100.0, 0.005, 0.005, "coin"],
    ["binance", "ETHUSD", 0.0, 50.0, 100.0, 0.005, 0.0, "coin"],
    ["binance", "ETHUSD", 50.0, 1_000.0, 75.0, 0.0065, 0.075, "coin"],
]


def with_tiers(book: MemoryWorkbook) -> MemoryWorkbook:
    """Return the book with tiers of its own, so that no shipped table decides."""
    book.tables["MarginTiers"] = TIERS
    return book


# --- positions -------------------------------------------------------------------------------------------------

LONG = perpetual(
    "BTCUSDT", "BTC", "long", 61_000.0, Venue="binance", Quantity=0.1, EntryPrice=60_000.0, Margin=600.0, Leverage=10.0
)
SHORT = perpetual(
    "BTCUSDT",
    "BTC",
    "short",
    61_000.0,
    Venue="binance",
    Quantity=0.05,
    EntryPrice=62_000.0,
    Margin=310.0,
    Leverage=10.0,
)


@pytest.mark.parametrize("venue, second", [("binance", 67_928.29), ("bybit", 67_860.70)])
def test_each_side_and_each_venue_has_its_own_liquidation_price(venue: str, second: float) -> None:
    """Hedge mode, and one symbol at two venues: 54,216.87 for the long, and the short's by its own margin and tiers."""
    rows = [spot("BTC", 30_500.0, 0.9, 0.2, Price=61_000.0, Venue="binance")]
    plan = actions.plan(with_tiers(workbook(rows, [LONG, SHORT | {"Venue": venue}])))
    assert [round(each.liquidation_price or 0.0, 2) for each in plan.positions] == [54_216.87, second]
    assert [(each.venue, each.side) for each in plan.positions] == [("binance", "long"), (venue, "short")]


def test_the_function_without_arguments_gives_the_plans_price(tmp_path: Path) -> None:
    """Margin 600 at a typed leverage of 20 is not 20x: =LIQUIDATION_PRICE() says 54,216.87 as the plan does."""
    from rebalance_xl import recalculate

    row = LONG | {"MarkPrice": 58_000.0, "Leverage": 20.0}
    rows = [spot("BTC", 29_000.0, 0.8, 0.2, Price=58_000.0, Venue="binance"), {**stable(3_000.0), "Venue": "binance"}]
    book = with_tiers(workbook(rows, [row]))
    path = written(tmp_path / "book.xlsx", book, formulas={"A1": ("=LIQUIDATION_PRICE()", 57_228.9156626506)})
    recalculate(path)
    sheet = openpyxl.load_workbook(path, data_only=True)["Calc"]
    assert sheet["A1"].value == approx(54_216.867469879515)
    assert actions.plan(FileWorkbook.open(path)).positions[0].liquidation_price == approx(sheet["A1"].value)


def test_margins_of_two_coins_do_not_carry_each_other() -> None:
    """BTCUSD is liquidated at 83,666.67 whether ETHUSD is there or not; the short of 1x in ETH never."""
    rows = [
        spot("BTC", 100_000.0, 0.9, 0.2, Price=100_000.0, Venue="binance"),
        {**stable(11_000.0), "Venue": "binance"},
    ]
    cross = {"Venue": "binance", "Contract": "inverse", "MarginMode": "cross", "Leverage": 5.0}
    btc = perpetual("BTCUSD", "BTC", "long", 100_000.0, Quantity=50_000.0, EntryPrice=100_000.0, Margin=0.1, **cross)
    eth = perpetual("ETHUSD", "ETH", "short", 4_000.0, Quantity=20_000.0, EntryPrice=4_000.0, Margin=10.0, **cross)
    for futures in ([btc], [btc, eth]):
        plan = actions.plan(with_tiers(workbook(rows, futures)))
        assert plan.positions[0].liquidation_price == approx(83_666.67, abs=0.005)
        assert all(each.liquidation_price == math.inf for each in plan.positions[1:])


def test_a_price_that_rests_on_a_guess_says_so() -> None:
    """What the neighbour in the same wallet requires is not known: BTCUSDT's price is an estimate."""
    rows = [
        spot("BTC", 100_000.0, 0.9, 0.2, Price=100_000.0, Venue="binance"),
        {**stable(11_000.0), "Venue": "binance"},
    ]
    cross = {"Venue": "binance", "MarginMode": "cross", "Leverage": 10.0}
    btc = perpetual("BTCUSDT", "BTC", "long", 100_000.0, Quantity=1.0, EntryPrice=100_000.0, Margin=10_000.0, **cross)
    other = perpetual("NOSUCHUSDT", "XRP", "long", 2.0, Quantity=1_000.0, EntryPrice=2.0, **cross)
    plan = actions.plan(with_tiers(workbook(rows, [btc, other])))
    guess = "estimate: the tiers of NOSUCHUSDT are not known, half its initial margin is counted"
    assert plan.positions[0].estimate == guess
    assert any(w.startswith("BTCUSDT is ") and f"({guess})" in w for w in plan.warnings)


# --- reviews ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("held", [False, True])
def test_a_review_names_one_rule_with_and_without_an_open_event(held: bool) -> None:
    """BTC sells 3,591 in both: trigger and line name ReviewDrift of 2 points, and neither the band of 5 nor "of 2"."""
    rows = [
        spot("BTC", 63_000.0, 0.6, 0.05, Price=63_000.0, Venue="binance", Lot=0.001, CostBasis=30_000.0),
        spot("ETH", 9_000.0, 0.1, 0.05, Price=3_000.0, Venue="binance", Lot=0.01),
        {**stable(27_000.0, 0.3, 0.05), "Venue": "binance"},
    ]
    settings = {"ReviewFrequency": "monthly", "LastReview": dt.date(2026, 8, 1), "ReviewDrift": 0.02}
    events = [{"Scope": "ETH", "Action": "HOLD", "Start": dt.date(2026, 9, 1)}] if held else []
    venues = [{"Venue": "binance", "SpotFee": 0.001}]
    plan = plan_of(rows, settings=settings, events=events, venues=venues)
    assert plan.trigger.kind == "TIME"
    assert line(plan, "BTC").amount == approx(3_591.0)
    for text in (*plan.trigger.reasons, line(plan, "BTC").reason):
        assert "beyond ReviewDrift of 2.00 points" in text
        assert "the band of 2.00 points" not in text


def test_a_review_without_a_trade_is_recorded_in_the_file(tmp_path: Path) -> None:
    """Plan --write and record succeed, and LastReview is the day in the file."""
    rows = [spot("BTC", 60_000.0, 0.6, 0.05, Price=60_000.0), stable(40_000.0, 0.4, 0.05)]
    book = workbook(rows, settings={"ReviewFrequency": "monthly", "LastReview": dt.date(2026, 8, 1)})
    path = written(tmp_path / "book.xlsx", book)
    actions.rebalance(FileWorkbook.open(path))
    actions.record(FileWorkbook.open(path))
    file = openpyxl.load_workbook(path)
    found = {row[0].value: row[1].value for row in file["Settings"].iter_rows()}
    assert found["LastReview"] == dt.datetime(2026, 9, 30)
    assert [row[1].value for row in file["Journal"].iter_rows(min_row=2)] == ["PLAN", "EXECUTION"]


# --- files -----------------------------------------------------------------------------------------------------


def test_text_under_a_table_is_warned_of_with_its_cell(tmp_path: Path) -> None:
    """It looks like a row and is none: the plan says so and goes on without it."""
    rows = [spot("BTC", 6_000.0, 0.6, 0.05), spot("ETH", 4_000.0, 0.4, 0.05)]
    path = written(tmp_path / "book.xlsx", workbook(rows), under={"Portfolio": "SOL"})
    plan = actions.plan(FileWorkbook.open(path))
    said = "Portfolio!A4: this cell stands directly under the table Portfolio"
    assert any(said in warning for warning in plan.warnings)
    assert {each.asset for each in plan.lines} == {"BTC", "ETH"}


def test_text_under_any_table_that_is_read_is_warned_of(tmp_path: Path) -> None:
    """Futures, Events, Venues, Lots, Wallets and CashFlows lose such a row as silently as Portfolio would."""
    book = workbook(
        [spot("BTC", 6_000.0, 0.6, 0.05), spot("ETH", 4_000.0, 0.4, 0.05)],
        [perpetual("BTCUSDT", "BTC", "long", 10.0)],
        events=[{"Scope": "ETH", "Action": "HOLD", "Start": DAY}],
        venues=[{"Venue": "kraken"}],
        lots=[{"Asset": "BTC", "Date": DAY, "Quantity": 600.0, "Price": 5.0}],
    )
    book.tables["Wallets"] = [["Venue", "Coin", "Balance"], ["kraken", "USDT", 0.0]]
    book.tables["CashFlows"] = [["Date", "Kind", "Amount"], [DAY, "DEPOSIT", 1.0]]
    tables = [name for name in book.tables if name not in ("Plan", "Journal")]
    path = written(tmp_path / "book.xlsx", book, under=dict.fromkeys(tables, "SOL"))
    found = actions.check(FileWorkbook.open(path))
    said = {each.where for each in found if "directly under" in each.message}
    assert said == {"Portfolio!A4", *(f"{name}!A3" for name in tables if name != "Portfolio")}


def test_lots_keep_columns_times_and_rows_of_the_user(tmp_path: Path) -> None:
    """TxId, Wallet, the time 13:45 and the lot of a coin that Portfolio does not hold are as before."""
    book = workbook([spot("BTC", 1_000.0, 0.3, 0.05, Price=100.0), spot("ETH", 1_000.0, 0.7, 0.05), stable(0.0)])
    moment = dt.datetime(2025, 1, 2, 13, 45)
    book.tables["Lots"] = [
        ["Asset", "Date", "Quantity", "Price", "TxId", "Wallet"],
        ["BTC", moment, 10.0, 50.0, "0xabc", "ledger"],
        ["ETH", dt.datetime(2025, 3, 4), 100.0, 5.0, "0xdef", "hot"],
        ["XRP", dt.datetime(2025, 5, 6), 3.0, 1.0, "0x123", "not in Portfolio"],
    ]
    path = written(tmp_path / "book.xlsx", book)
    actions.rebalance(FileWorkbook.open(path))
    actions.record(FileWorkbook.open(path))
    rows = [[cell.value for cell in row] for row in openpyxl.load_workbook(path)["Lots"].iter_rows(min_row=2)]
    assert rows[0] == ["BTC", moment, approx(6.0), 50.0, "0xabc", "ledger"]
    assert rows[1:3] == [
        ["ETH", dt.datetime(2025, 3, 4), 100.0, 5.0, "0xdef", "hot"],
        ["XRP", dt.datetime(2025, 5, 6), 3.0, 1.0, "0x123", "not in Portfolio"],
    ]
    assert rows[3] == ["ETH", dt.datetime(2026, 9, 30), approx(40.0), 10.0, None, None]
    assert len(rows) == 4


# --- partial fills ---------------------------------------------------------------------------------------------

#: Asset, venue, quantity, price, cost, target, band, lot, smallest order.
HELD: list[tuple[Any, ...]] = [
    ("BTC", "kraken", 0.85, 90_000.0, 52_000.0, 0.33, 0.05, 1e-05, 10.0),
    ("ETH", "kraken", 9.2, 3_000.0, 21_000.0, 0.13, 0.04, 0.0001, 10.0),
    ("DOT", "kraken", 500.0, 5.0, 4_200.0, 0.02, 0.015, 0.01, 10.0),
    ("DOT.S", "kraken", 400.0, 5.0, 3_300.0, None, None, None, None),
    ("ADA", "kraken", 12_000.0, 0.6, 8_000.0, 0.03, 0.015, 1.0, 10.0),
    ("SOL", "binance", 80.0, 150.0, 8_000.0, 0.07, 0.03, 0.01, 5.0),
    ("SOL.S", "binance", 60.0, 150.0, 6_000.0, None, None, None, None),
    ("LINK", "binance", 420.0, 15.0, 5_000.0, 0.04, 0.02, 0.01, 5.0),
    ("AVAX", "binance", 260.0, 30.0, 9_000.0, 0.03, 0.02, 0.01, 5.0),
    ("UNI", "binance", 700.0, 8.0, 5_100.0, 0.025, 0.015, 0.01, 5.0),
    ("AAVE", "binance", 25.0, 180.0, 3_500.0, 0.025, 0.015, 0.001, 5.0),
    ("XRP", "kraken", 5_000.0, 1.1, 2_500.0, 0.03, 0.02, 1.0, 10.0),
    ("USDT", "binance", 16_000.0, 1.0, 16_000.0, 0.08, 0.04, None, None),
    ("USDC", "kraken", 9_000.0, 1.0, 9_000.0, 0.05, 0.03, None, None),
]
#: Asset, action, amount as planned, quantity and price as filled, fee, venue, to venue, notional as planned.
FILLED: list[tuple[Any, ...]] = [
    ("BTC", "SELL", 10_252.8, 0.05, 89_000.0, 11.57, "kraken", None, None),
    ("USDC", "TRANSFER", 7_864.425635466669, 7_864.425635466669, 1.0, 2.5, "kraken", "binance", None),
    ("SOL", "BUY", 2_052.0, 13.68, 150.0, 2.052, "binance", None, None),
    ("LINK", "BUY", 1_729.8, 115.32, 15.0, 1.7298, "binance", None, None),
    ("DOT", "BUY", 1_514.9, 302.98, 5.0, 3.93874, "kraken", None, None),
    ("XRP", "BUY", 521.4, 474.0, 1.1, 1.35564, "kraken", None, None),
    ("AAVE", "BUY", 518.58, 0.0, 180.0, 0.51858, "binance", None, None),
    ("SOLUSDT", "OPEN LONG", 2_894.9434, 48.0, 151.0, 3.62, "binance", None, 14_419.2),
    ("BTCUSDT", "OPEN SHORT", 600.6666666666666, 0.02, 90_100.0, 0.901, "binance", None, 1_802.0),
]


def test_the_journal_has_the_value_of_the_recorded_book_after_partial_fills(tmp_path: Path) -> None:
    """A part of the sale at a worse price, a purchase not done, a dearer long: 200,631.10 in Journal and book.

    200,747.17 before; 50.00 lost on the sale (0.05 x 1,000), 38.40 on the long (48 x 0.80) and 27.67 of fees (those of
    the purchase that was not done are not paid).
    """
    columns = ["Asset", "Venue", "Quantity", "Price", "CostBasis", "Target", "Band", "Lot", "MinNotional"]
    portfolio = [dict(zip(columns, row, strict=True)) for row in HELD]
    at = {"Venue": "binance", "MinNotional": 5.0}
    futures = [
        perpetual("BTCUSDT", "BTC", "short", 90_100.0, Quantity=0.2, EntryPrice=88_000.0, Margin=5_866.67, Leverage=3.0,
                  HedgeRatio=0.3, Lot=0.001, **at),
        perpetual("SOLUSDT", "SOL", "long", 150.2, Quantity=40.0, EntryPrice=140.0, Margin=1_120.0, Leverage=5.0,
                  Target=0.02, Lot=1.0, **at),
        perpetual("BTCUSDT_260327", "BTC", "long", 91_200.0, Quantity=0.05, EntryPrice=91_500.0, Margin=2_287.5,
                  Leverage=2.0, Expiry=dt.date(2026, 3, 27), Lot=0.001, **at),
    ]  # fmt: skip
    venues = [
        {"Venue": "binance", "SpotFee": 0.001, "FuturesFee": 0.0005, "WithdrawalFee": 1.0, "MinNotional": 5.0},
        {"Venue": "kraken", "SpotFee": 0.0026, "WithdrawalFee": 2.5, "MinNotional": 10.0, "Products": "spot"},
    ]
    day = dt.date(2026, 1, 31)
    book = workbook(portfolio, futures, {"AsOf": day, "ReserveMin": 0.08, "ReserveMax": 0.2}, venues=venues)
    book.tables["MarginTiers"] = [
        TIERS[0],
        *[["binance", symbol, 0.0, None, 100.0, 0.005, 0.0, "USDT"] for symbol in ("BTCUSDT", "SOLUSDT")],
        ["binance", "BTCUSDT_260327", 0.0, None, 100.0, 0.005, 0.0, "USDT"],
    ]
    header = [column.name for column in PLAN.columns]
    names = ("Asset", "Action", "Amount", "Quantity", "Price", "Fee", "Venue", "To venue", "Notional")
    fills = [dict(zip(names, row, strict=True)) for row in FILLED]
    book.tables["Plan"] = [header, *[[fill.get(title) for title in header] for fill in fills]]
    assert book_value(read_book(book)) == approx(200_747.17, abs=0.005)
    path = written(tmp_path / "book.xlsx", book)
    done = actions.record(FileWorkbook.open(path))
    assert done.journal["Value"] == approx(200_631.10, abs=0.005)
    assert book_value(read_book(FileWorkbook.open(path))) == approx(200_631.10, abs=0.005)
    assert done.journal["Fees"] == approx(27.667_18, abs=1e-5)


SHARED = Path(__file__).resolve().parents[3] / "shared" / "cases" / "book"


@pytest.mark.skipif(not SHARED.is_dir(), reason="the folder of untidy books is not there")
@pytest.mark.parametrize("path", sorted(SHARED.glob("*.xls?")) if SHARED.is_dir() else [], ids=lambda path: path.stem)
def test_books_kept_elsewhere_are_planned_or_refused_in_words(path: Path) -> None:
    """Every untidy book is planned with its money conserved; only a typed total is refused."""
    from rebalance_xl.commands.plan import _opened

    port = _opened(path, None)
    if path.stem == "typed-total":
        with pytest.raises(BookError, match="total"):
            actions.plan(port, today=dt.date(2026, 11, 20))
        return
    plan = actions.plan(port, today=dt.date(2026, 11, 20))
    assert plan.totals.check == 0.0
    assert sum(each.weight_after or 0.0 for each in plan.lines) == approx(1.0)
    if path.stem == "row-under-table":
        assert any("Portfolio!A16: this cell stands directly under the table Portfolio" in w for w in plan.warnings)
