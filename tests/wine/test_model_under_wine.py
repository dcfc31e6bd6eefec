"""Calls without arguments, hidden arguments and the clock, against a workbook that is served over COM."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest

from rebalance_xl.cells import MISSING, CellError

from .wine_session import WineError, WineSession

PORTFOLIO = [
    ["Asset", "Value", "Target", "Band", "Kind"],
    ["BTC", 5000.0, 0.45, 0.05, "spot"],
    ["ETH", 3000.0, 0.30, 0.05, "spot"],
    ["SOL", 4000.0, 0.20, 0.05, "spot"],
]
MARGIN_TIERS = [
    ["Venue", "Symbol", "Floor", "Cap", "MaxLeverage", "Rate", "Amount"],
    ["binance", "BTCUSDT", 0.0, 50000.0, 10.0, 0.02, 0.0],
    ["binance", "BTCUSDT", 50000.0, 1000000.0, 5.0, 0.05, 1500.0],
]
NO_ARGUMENTS = [MISSING] * 6


@pytest.fixture
def book(excel: WineSession) -> Iterator[WineSession]:
    """Open the practical example, with tiers of its own."""
    names = {"TrimTo": "target", "BandKind": None, "LastReview": dt.datetime(2026, 1, 31), "ReviewFrequency": "monthly"}
    excel.open_workbook({"Portfolio": PORTFOLIO, "MarginTiers": MARGIN_TIERS}, names)
    yield excel
    excel.open_workbook({}, {})


def test_trim_amount_without_arguments(book: WineSession) -> None:
    """=TRIM_AMOUNT() is one amount per row of the calling workbook's Portfolio table."""
    assert book.call("TRIM_AMOUNT", *NO_ARGUMENTS) == [[0.0], [0.0], [1600.0]]


def test_a_changed_cell_counts(book: WineSession) -> None:
    """The next call without arguments sees the table as it then is."""
    richer = [[*row[:1], 9000.0, *row[2:]] if row[0] == "SOL" else row for row in PORTFOLIO]
    book.open_workbook({"Portfolio": richer}, {})
    assert book.call("TRIM_AMOUNT", *NO_ARGUMENTS) == [[0.0], [0.0], [9000.0 - 0.2 * 17000.0]]


def test_model_of_a_model(book: WineSession) -> None:
    """=DEPLOY() nests: the trims go to the needs, in the order of the table."""
    assert book.call("DEPLOY", MISSING, MISSING, MISSING, MISSING) == [[400.0], [600.0], [0.0]]


def test_settings_are_read(book: WineSession) -> None:
    """A named cell with a date and one with a word make =NEXT_REVIEW()."""
    assert book.call("NEXT_REVIEW", MISSING, MISSING) == 46081.0  # 28 February 2026


def test_missing_table_is_not_available(excel: WineSession) -> None:
    """Without a Portfolio table the answer is #N/A, as an error mark."""
    excel.open_workbook({}, {})
    assert excel.call("TRIM_AMOUNT", *NO_ARGUMENTS) == CellError("#N/A")


def test_omitted_date_is_today(book: WineSession) -> None:
    """An omitted as_of is today: a review of long ago is due, one of the far future is not."""
    assert book.call("REVIEW_DUE", dt.datetime(2020, 1, 1), "yearly", MISSING) is True
    assert book.call("REVIEW_DUE", dt.datetime(2200, 1, 1), "yearly", MISSING) is False


def test_own_tiers_come_first(book: WineSession) -> None:
    """A name is looked up in the workbook's MarginTiers table where the wrapper passes none."""
    assert book.call("MAX_LEVERAGE", 20000.0, "binance:BTCUSDT", None) == 10.0


def test_tiers_passed_by_the_wrapper(excel: WineSession) -> None:
    """The hidden argument that the workbook's wrapper fills is used as it is."""
    excel.open_workbook({}, {})
    assert excel.call("MAX_LEVERAGE", 20000.0, "binance:BTCUSDT", MARGIN_TIERS) == 10.0
    assert excel.call("MAX_LEVERAGE", 20000.0, "binance:BTCUSDT", None) == 150.0  # the shipped table


def test_small_prices_are_not_rounded(excel: WineSession) -> None:
    """A price far below a cent arrives whole, which Range.Value of a currency cell would not give."""
    assert excel.call("BASIS", [[0.00001234]], [[0.00001244]]) == pytest.approx(1e-7, rel=1e-6)


def test_python_error_is_reported(excel: WineSession) -> None:
    """What the wrapper turns into an error value is Python's own text, and the server lives on."""
    with pytest.raises(WineError, match="has no attribute 'NO_SUCH_FUNCTION'"):
        excel.call("NO_SUCH_FUNCTION", 1.0)
    assert excel.call("BASIS", 100.0, 101.0) == 1.0
