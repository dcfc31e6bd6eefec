"""The workbook's formulas on another book than the example: more rows, blanks, open and inverse positions."""

from __future__ import annotations

import datetime as dt
import io
import warnings
from typing import Any

import openpyxl
import pytest

pytest.importorskip("xlsxwriter", reason="XlsxWriter is not installed")
from rebalance_xl.authoring import build, example_book
from rebalance_xl.book.model import read_book
from rebalance_xl.book.plan import make_plan
from rebalance_xl.book.plan_data import Plan
from rebalance_xl.hosts.file import FileWorkbook

MORE_HOLDINGS: list[dict[str, Any]] = [
    {"Asset": "XRP", "Kind": "spot", "Quantity": 100, "Price": 2.0},
    {"Asset": "USDC", "Kind": "stable", "Quantity": 3000, "Price": 1.0, "Target": 0.0},
]
MORE_POSITIONS: list[dict[str, Any]] = [
    {"Symbol": "BTCUSDT", "Asset": "BTC", "Venue": "binance", "Side": "long", "Contract": "linear", "Quantity": 0.02}
    | {"EntryPrice": 48_000, "MarkPrice": 50_000, "Leverage": 5, "Margin": 192, "FundingRate": 0.0001, "Target": 0.02},
    {"Symbol": "BTCUSD", "Asset": "BTC", "Venue": "bybit", "Side": "short", "Contract": "inverse", "Quantity": 1_000}
    | {"EntryPrice": 51_000, "MarkPrice": 50_000, "Leverage": 4, "Margin": 0.005, "FundingHours": 8},
    {"Symbol": "SOLUSDT", "Asset": "SOL", "Venue": "binance", "Side": "short", "MarkPrice": 160, "HedgeRatio": 0.5},
    {"Symbol": "XRPUSDT", "Asset": "XRP", "Venue": "weex", "Side": "short", "MarkPrice": 2},
]
MORE_EVENTS: list[dict[str, Any]] = [
    {"Scope": "Smart contracts", "Action": "TRIM", "Start": dt.date(2026, 11, 18), "Note": "a sector is named"},
]


@pytest.fixture(scope="module")
def package() -> bytes:
    """Build the workbook around the fuller book and calculate it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(example_book, "PORTFOLIO", example_book.PORTFOLIO + MORE_HOLDINGS)
        patch.setattr(example_book, "FUTURES", example_book.FUTURES + MORE_POSITIONS)
        patch.setattr(example_book, "EVENTS", example_book.EVENTS + MORE_EVENTS)
        return build.recalculated(build.workbook_bytes(build.ROOT, [], {}))


@pytest.fixture(scope="module")
def plan(package: bytes) -> Plan:
    """Make the plan of that workbook."""
    return make_plan(read_book(FileWorkbook.from_bytes(package)))


@pytest.fixture(scope="module")
def book(package: bytes) -> openpyxl.Workbook:
    """Read the values of that workbook."""
    with warnings.catch_warnings(action="ignore"):
        return openpyxl.load_workbook(io.BytesIO(package), data_only=True)


def column(book: openpyxl.Workbook, sheet: str, title: str, header: int, rows: int) -> list[Any]:
    """Return the cells under a header."""
    place = next(cell.column for cell in book[sheet][header] if cell.value == title)
    return [book[sheet].cell(header + 1 + row, place).value for row in range(rows)]


def test_no_error_values_anywhere(book: openpyxl.Workbook) -> None:
    """Blank targets, costs, leverages and funding rates, and rows without a position, leave no error behind."""
    errors = [
        f"{sheet}!{cell.coordinate} {cell.value}"
        for sheet in ("Dashboard", "Portfolio", "Futures")
        for row in book[sheet].iter_rows()
        for cell in row
        if isinstance(cell.value, str) and cell.value.startswith("#")
    ]
    assert errors == []


def test_equity_of_open_positions_counts_in_the_total(book: openpyxl.Workbook) -> None:
    """Linear: 192 + 40 of profit. Inverse: 0.005 coin and its profit, at the mark."""
    inverse = (0.005 + 1_000 * (1 / 50_000 - 1 / 51_000)) * 50_000
    assert column(book, "Futures", "Equity", 4, 5) == pytest.approx([0, 232, inverse, 0, 0])
    spot = 5_000 + 3_000 + 4_000 + 200 + 3_000
    assert book["Dashboard"]["B5"].value == pytest.approx(spot + 232 + inverse)


def test_money_in_stablecoins_is_not_called_a_sale(book: openpyxl.Workbook, plan: Plan) -> None:
    """The card To sell counts SOL's trim, lots and fees included, not the 3,000 USDC that are money to deploy."""
    (line,) = [line for line in plan.lines if line.action == "SELL"]
    total, sold = book["Dashboard"]["B5"].value, book["Dashboard"]["F5"].value
    assert (line.asset, line.amount) == ("SOL", pytest.approx(sold))
    assert sold == pytest.approx(4_000 - 0.2 * total, abs=0.1)
    assert column(book, "Portfolio", "Trim", 4, 6) == pytest.approx([0, 0, sold, 0, 0, 0])


def test_unknown_costs_are_left_out_of_the_gain(book: openpyxl.Workbook) -> None:
    """Rows without a cost basis have no gain, and the sum is that of the others."""
    gains = column(book, "Portfolio", "Realised gain", 4, 6)
    assert gains[4:] == [None, None]
    assert book["Dashboard"]["H5"].value == pytest.approx(book["Dashboard"]["F5"].value * (1 - 2_000 / 4_000))


def test_the_nearest_liquidation_is_found_among_gaps(book: openpyxl.Workbook) -> None:
    """Rows without a position show nothing, and the smallest distance of the others is on the card."""
    distances = column(book, "Futures", "Distance", 4, 5)
    assert distances[3:] == [None, None]
    assert book["Dashboard"]["O5"].value == min(distances[:3])
    assert sorted(column(book, "Dashboard", "Distance", 23, 3)) == sorted(distances[:3])
    assert column(book, "Dashboard", "Margin", 23, 5)[1:4] == pytest.approx([192, 250, 0])


def test_flags_of_rows_without_target(book: openpyxl.Workbook) -> None:
    """A blank target is said to be one; a row that an event names is not bought, money without a Band is no trigger."""
    flags = column(book, "Portfolio", "Flag", 4, 6)
    assert flags == ["ADD", "HOLD", "TRIM", "HOLD", "UNTARGETED", "HOLD"]
    assert column(book, "Portfolio", "Drift", 4, 6)[4] is None
    shown = dict(zip(column(book, "Dashboard", "Asset", 23, 6), column(book, "Dashboard", "Flag", 23, 6), strict=True))
    assert shown == dict(zip(column(book, "Portfolio", "Asset", 4, 6), flags, strict=True))


def test_an_event_that_names_a_sector_is_the_trigger(book: openpyxl.Workbook) -> None:
    """The sector of ETH and SOL is named by an event in force."""
    assert book["Dashboard"]["D5"].value == "EVENT"


def shown_trigger(settings: dict[str, Any], holdings: dict[str, dict[str, Any]], margin: float = 0.0) -> Any:
    """Build the workbook with other settings and holdings, without events, and return the card Trigger."""
    portfolio = [row | holdings.get(row["Asset"], {}) for row in example_book.PORTFOLIO]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(example_book, "PORTFOLIO", portfolio)
        patch.setattr(example_book, "SETTINGS", example_book.SETTINGS | settings)
        patch.setattr(example_book, "EVENTS", [])
        if margin:
            position = {"Quantity": 0.72, "EntryPrice": 2_500, "MarkPrice": 2_500, "Margin": margin}
            patch.setattr(example_book, "FUTURES", [example_book.FUTURES[0] | position])
        package = build.recalculated(build.workbook_bytes(build.ROOT, [], {}))
    with warnings.catch_warnings(action="ignore"):
        return openpyxl.load_workbook(io.BytesIO(package), data_only=True)["Dashboard"]["D5"].value


ON_TARGET = {"BTC": {"Quantity": 0.108}, "ETH": {"Quantity": 1.44}, "SOL": {"Quantity": 15}}
LATER = dt.date(2027, 1, 5)


@pytest.mark.slow  # the card asks the plan, whose own tests are quick; each row here builds a workbook
@pytest.mark.parametrize(
    ("settings", "holdings", "margin", "trigger"),
    [
        # 5,400, 3,600, 2,400 and 600 of margin: every weight is on its target, though none is of the spot alone.
        ({}, ON_TARGET | {"SOL": {"Quantity": 15, "Band": 0.01}}, 600.0, "NONE"),
        ({}, ON_TARGET | {"SOL": {"Quantity": 15.9, "Band": 0.01}}, 600.0, "NONE"),
        ({}, ON_TARGET | {"SOL": {"Quantity": 17, "Band": 0.01}}, 600.0, "THRESHOLD"),
        ({}, ON_TARGET | {"SOL": {"Quantity": 17, "Band": 0.01, "Locked": "yes"}}, 600.0, "NONE"),
        # 22.1 % against 20 %: inside a band of 5 points, beyond 5 % of the target.
        ({"BandKind": "absolute"}, ON_TARGET | {"SOL": {"Quantity": 17}}, 600.0, "NONE"),
        ({"BandKind": "relative"}, ON_TARGET | {"SOL": {"Quantity": 17}}, 600.0, "THRESHOLD"),
        ({"BandKind": "5/25"}, ON_TARGET | {"SOL": {"Quantity": 17}}, 600.0, "NONE"),
        # A review that is due acts on drifts above 5 points, also where the setting is blank.
        ({"AsOf": LATER}, ON_TARGET, 600.0, "NONE"),
        ({"AsOf": LATER}, ON_TARGET | {"SOL": {"Quantity": 22, "Band": 0.2}}, 600.0, "TIME"),
        ({"AsOf": LATER, "ReviewDrift": None}, ON_TARGET | {"SOL": {"Quantity": 22, "Band": 0.2}}, 600.0, "TIME"),
        ({"AsOf": LATER, "ReviewDrift": None}, ON_TARGET | {"SOL": {"Quantity": 18, "Band": 0.2}}, 600.0, "NONE"),
        ({}, ON_TARGET | {"SOL": {"Quantity": 22, "Band": 0.2}}, 600.0, "NONE"),
        ({"LastReview": None}, ON_TARGET | {"SOL": {"Quantity": 22, "Band": 0.2}}, 600.0, "TIME"),
        ({"ReviewFrequency": None}, ON_TARGET | {"SOL": {"Quantity": 22, "Band": 0.2}}, 600.0, "NONE"),
    ],
)
def test_the_trigger_is_the_one_of_the_plan(
    settings: dict[str, Any], holdings: dict[str, dict[str, Any]], margin: float, trigger: str
) -> None:
    """Weights count futures equity, bands follow BandKind, locked rows do not trigger, blank settings are defaults."""
    assert shown_trigger(settings, holdings, margin) == trigger


def test_a_passed_liquidation_price_leaves_no_distance() -> None:
    """A long whose mark is below its liquidation price, and a short above it, have 0 left, not the way they passed."""
    position = {"Asset": "ETH", "Venue": "binance", "Contract": "linear", "Quantity": 1, "EntryPrice": 2_500}
    position |= {"Symbol": "ETHUSDT", "Leverage": 10, "Margin": 250}
    rows = [
        position | {"Side": side, "MarkPrice": mark}
        for side, mark in (("long", 2_000), ("long", 2_400), ("short", 3_000), ("short", 2_600))
    ]
    rows.append(position | {"Side": "long", "MarkPrice": 2_000, "Leverage": 1, "Margin": 2_500})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(example_book, "FUTURES", rows)
        package = build.recalculated(build.workbook_bytes(build.ROOT, [], {}))
    with warnings.catch_warnings(action="ignore"):
        shown = openpyxl.load_workbook(io.BytesIO(package), data_only=True)
    prices = column(shown, "Futures", "Liquidation price", 4, 5)
    assert prices[4] == "NEVER"
    expected = [0, 1 - prices[1] / 2_400, 0, prices[3] / 2_600 - 1]
    distances = column(shown, "Futures", "Distance", 4, 5)
    assert distances[:4] == pytest.approx(expected)
    assert distances[4] == "NEVER"
    assert sorted(map(str, column(shown, "Dashboard", "Distance", 23, 5))) == sorted(map(str, distances))
    assert shown["Dashboard"]["O5"].value == 0
