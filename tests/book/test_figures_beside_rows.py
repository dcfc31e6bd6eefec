"""What stands beside the rows and on the dashboard: the plan's numbers, and a row's error in words, never a blank."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from rebalance_xl.book.asked import BookAnswers
from rebalance_xl.book.figures import figure_table
from rebalance_xl.book.memory import MemoryWorkbook
from rebalance_xl.book.parts import BookParts
from rebalance_xl.cells import CellError, to_serial
from tests.book.books import DAY, perpetual, spot, stable, workbook

approx = pytest.approx
TIERS: list[Any] = ["Venue", "Symbol", "Floor", "Cap", "MaxLeverage", "Rate", "Amount"]


def shown(book: MemoryWorkbook, *names: str) -> list[list[Any]]:
    """Return figures of a book, a row each."""
    found = figure_table(BookAnswers(BookParts.of_workbook(book), to_serial(DAY)), names)
    return found if isinstance(found, list) else [[found]]


def column(book: MemoryWorkbook, name: str) -> list[Any]:
    """Return one figure of every row."""
    return [row[0] for row in shown(book, name)]


def test_a_row_that_cannot_be_used_shows_its_error_beside_it() -> None:
    """A Leverage of 0.5 is named in each figure; a sound row has numbers, a closed one without a mark has blanks."""
    rows = [
        perpetual("BTCUSDT", "BTC", "long", 100.0, Quantity=1.0, EntryPrice=100.0, Margin=50.0, Leverage=0.5),
        perpetual("ETHUSDT", "ETH", "long", 100.0, Quantity=1.0, EntryPrice=90.0, Margin=50.0),
        {"Symbol": "LUNAUSDT", "Asset": "LUNA", "Side": "long", "Quantity": 0.0},
    ]
    book = workbook([spot("BTC", 6_000.0, 0.6), stable(4_000.0, 0.4)], rows)
    broken, sound, closed = shown(book, "Equity", "Funding a day")
    assert all(isinstance(cell, CellError) and "Leverage of BTCUSDT is 0.5" in cell.reason for cell in broken)
    assert sound == [60.0, 0.0]
    assert closed == ["", ""]


# --- beside Portfolio -------------------------------------------------------------------------------------------


def holdings(**more: Any) -> MemoryWorkbook:
    """Return 10,000: BTC at two venues over its band, ETH under its target inside it, a coin without a target, USDT."""
    rows = [
        spot("BTC", 2_000.0, 0.3, 0.05, Venue="binance", CostBasis=1_000.0),
        spot("BTC", 2_500.0, None, None, Venue="kraken", CostBasis=2_000.0),
        spot("ETH", 3_500.0, 0.4, 0.1, Venue="binance"),
        spot("XYZ", 500.0, None, None),
        stable(1_500.0, 0.15, 0.05, Venue="binance"),
    ]
    venues = [{"Venue": "binance", "SpotFee": 0.001, "FuturesFee": 0.0005}, {"Venue": "kraken", "SpotFee": 0.001}]
    return workbook(rows, venues=venues, **more)


def test_weight_drift_and_flag_are_the_plans() -> None:
    """Weights are each row's; drift and flag the asset's; what is inside its band or without a target says so."""
    book = holdings()
    assert column(book, "Weight") == approx([0.2, 0.25, 0.35, 0.05, 0.15])
    drifts = column(book, "Drift")
    assert drifts[3] == ""
    assert [drifts[place] for place in (0, 1, 2, 4)] == approx([0.15, 0.15, -0.05, 0.0])
    assert column(book, "Flag") == ["TRIM", "TRIM", "HOLD", "UNTARGETED", "HOLD"]


def test_a_row_shows_what_the_plan_does_with_it() -> None:
    """1,500 of BTC are sold at binance, where ETH is bought: nothing stands beside the row at kraken."""
    book = holdings()
    assert column(book, "Trim") == approx([1_500.0, 0.0, 0.0, 0.0, 0.0])
    assert column(book, "Buy") == approx([0.0, 0.0, 500.0, 0.0, 0.0], abs=1.0)
    assert column(book, "Short of target") == approx([0.0, 0.0, 500.0, 0.0, 0.0])
    gains = column(book, "Realised gain")
    assert (gains[0], gains[1]) == (approx(750.0), 0.0)
    assert gains[2:] == ["", "", ""]
    reasons = column(book, "Reason")
    assert "sell down to 30.00 %" in reasons[0]
    assert "traded in another row" in reasons[1]
    assert "filled" in reasons[2]


def test_the_shortfall_of_an_asset_stands_on_its_row_with_the_target() -> None:
    """BTC at two venues lacks 1,000: once, not at each venue."""
    rows = [
        spot("BTC", 1_000.0, None, None, Venue="kraken"),
        spot("BTC", 1_000.0, 0.3, 0.2, Venue="binance"),
        stable(8_000.0),
    ]
    assert column(workbook(rows), "Short of target") == approx([0.0, 1_000.0, 0.0])


# --- beside Futures ---------------------------------------------------------------------------------------------


def positions() -> MemoryWorkbook:
    """Return a long with profit, a short in coins, one that is gone, and one still to be opened with 50 posted."""
    rows = [
        perpetual("ETHUSDT", "ETH", "long", 100.0, Quantity=10.0, EntryPrice=90.0, Margin=200.0, Target=0.1),
        perpetual(
            "BTCUSD", "BTC", "short", 50_000.0, Contract="inverse", Quantity=1_000.0, EntryPrice=40_000.0, Margin=0.02
        ),
        perpetual("SOLUSDT", "SOL", "long", 50.0, Quantity=10.0, EntryPrice=100.0, Margin=300.0),
        perpetual("ADAUSDT", "ADA", "long", 1.0, Margin=50.0, Target=0.02, Leverage=5.0),
    ]
    rates = {"FundingRate": 0.0001, "FundingHours": 8.0, "Venue": "binance", "MarginMode": "isolated"}
    settings = {"LiquidationWarning": 0.15}
    holdings = [spot("BTC", 6_000.0, 0.5, 0.6, Price=50_000.0), stable(2_000.0)]
    book = workbook(holdings, [rates | row for row in rows], settings)
    symbols = [(row["Symbol"], 50.0) for row in rows]
    book.tables["MarginTiers"] = [TIERS, *(["binance", name, 0.0, None, most, 0.01, 0.0] for name, most in symbols)]
    return book


def test_figures_of_positions_are_the_plans() -> None:
    """Equity is 0 where a position is gone; a row that is not open is shown as its Target asks for."""
    book = positions()
    total = 8_000.0 + 300.0 + (0.02 + 1_000.0 * (1 / 50_000.0 - 1 / 40_000.0)) * 50_000.0 + 50.0
    assert column(book, "Equity") == approx([300.0, 750.0, 0.0, 50.0])
    assert shown(book, "Book value") == [[approx(total)]]
    assert column(book, "Margin at target") == approx([0.1 * total, 0.0, 0.0, 0.02 * total])
    assert column(book, "Margin in money") == approx([200.0, 1_000.0, 300.0, 0.02 * total])
    assert column(book, "Size") == approx([10.0, 1_000.0, 10.0, 0.1 * total])
    assert column(book, "Notional") == approx([1_000.0, 1_000.0, 500.0, 0.1 * total])
    assert column(book, "Funding a day") == approx([0.3, -0.3, 0.15, 0.00003 * total])
    assert column(book, "Funding a year") == approx([0.1095] * 4)


def test_prices_and_distances_of_positions_are_the_plans() -> None:
    """Below the mark for a long, above it for a short; of the row to be opened, at its Target's margin and size."""
    book = positions()
    long, short, gone, later = column(book, "Liquidation price")
    assert long == approx((10.0 * 90.0 - 200.0) / (10.0 * 0.99))
    assert short > 50_000.0
    assert later == approx((1.0 - 0.2) / 0.99)  # 5x on a contract at 1
    distances = column(book, "Distance")
    assert distances == approx([1 - long / 100.0, short / 50_000.0 - 1, 0.0, 1 - later])
    assert gone > 50.0
    assert shown(book, "Nearest liquidation") == [[0.0]]


def test_the_nearest_liquidation_is_the_nearest_of_all() -> None:
    """Of two longs the one with less margin; without positions there is none."""
    rows = [
        perpetual("ETHUSDT", "ETH", "long", 100.0, Quantity=10.0, EntryPrice=100.0, Margin=margin, Venue="binance")
        for margin in (400.0, 200.0)
    ]
    rows[1]["Symbol"] = "BTCUSDT"
    book = workbook([spot("BTC", 6_000.0, 0.6), stable(4_000.0, 0.4)], rows)
    book.tables["MarginTiers"] = [TIERS, *(["binance", row["Symbol"], 0.0, None, 50.0, 0.0, 0.0] for row in rows)]
    assert shown(book, "Nearest liquidation") == [[approx(0.2)]]
    assert shown(holdings(), "Nearest liquidation") == [["none"]]


# --- the dashboard ----------------------------------------------------------------------------------------------


def test_the_dashboard_counts_sales_without_closings_and_fees_with_them() -> None:
    """BTC is sold for 1,500 and a long is closed: its equity is no sale, its fee is one of the plan's."""
    closed = perpetual(
        "ETHUSDT", "ETH", "long", 100.0, Venue="binance", Quantity=10.0, EntryPrice=90.0, Margin=100.0, Target=0.0
    )
    plain, with_closing = shown(holdings(), "To sell", "To buy", "Gain", "Fees")[0], None
    book = holdings(futures=[closed])
    with_closing = shown(book, "To sell", "To buy", "Gain", "Fees")[0]
    assert plain[0] == approx(1_500.0)
    assert with_closing[0] == approx(4_500.0 - 0.3 * 10_200.0)
    assert plain[2] == approx(750.0)
    assert with_closing[2] == approx(1_440.0 * 0.5 + 100.0)
    assert plain[3] == approx((plain[0] + plain[1]) * 0.001)
    assert with_closing[3] == approx((with_closing[0] + with_closing[1]) * 0.001 + 0.5)


@pytest.mark.parametrize(
    "cash, settings, word",
    [
        (400.0, {}, "LOW"),
        (500.0, {}, "OK"),
        (2_000.0, {}, "OK"),
        (2_100.0, {}, "HIGH"),
        (900.0, {"ReserveMin": 0.1}, "LOW"),
        (900.0, {"ReserveMax": 0.08}, "HIGH"),
    ],
)
def test_the_reserve_is_judged_by_its_settings(cash: float, settings: dict[str, Any], word: str) -> None:
    """Between ReserveMin and ReserveMax, 5 and 20 % where they are blank, it is OK."""
    book = workbook([spot("BTC", 10_000.0 - cash, 0.9, 0.5), stable(cash)], settings=settings)
    assert shown(book, "Reserve") == [[word]]


def test_the_next_review_is_a_date_of_the_workbook() -> None:
    """Monthly after 2026-09-15; a workbook that counts from 1904 gets its own number; else it is not set."""
    settings = {"ReviewFrequency": "monthly", "LastReview": dt.date(2026, 9, 15)}
    asked = BookAnswers(BookParts.of_workbook(holdings(settings=settings)), to_serial(DAY))
    due = to_serial(dt.date(2026, 10, 15))
    assert figure_table(asked, ["Next review"]) == due
    assert figure_table(asked, ["Next review"], 1_462.0) == due - 1_462.0
    assert shown(holdings(settings={"ReviewFrequency": "monthly"}), "Next review") == [["not set"]]


def test_a_book_that_cannot_be_planned_says_why() -> None:
    """Figures that are texts hold the reason, numbers are errors with it; a book without rows has zeros."""
    book = workbook([spot("BTC", 6_000.0, 0.6), spot("ETH", 4_000.0, 0.6)])
    trigger, reason, sold = shown(book, "Trigger", "Trigger reason", "To sell")[0]
    assert isinstance(trigger, CellError)
    assert isinstance(sold, CellError)
    assert "the targets sum to 1.2" in sold.reason
    assert reason.startswith("no plan: ")
    assert "the targets sum to 1.2" in reason
    assert shown(workbook([]), "Book value", "Trigger", "To sell", "Reserve") == [[0.0, "NONE", 0.0, "none"]]
