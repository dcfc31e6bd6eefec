"""Every kind of fill on one book: what it changes, to the cent, in rows, margins, lots and Journal; and no more."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from rebalance_xl.book import actions
from rebalance_xl.book.memory import MemoryWorkbook
from rebalance_xl.book.model import read_book
from rebalance_xl.book.plan import book_value
from rebalance_xl.book.problems import BookError
from rebalance_xl.book.schema import JOURNAL
from tests.book.books import DAY, table
from tests.book.fills import COLUMNS, fill, filled, held, state

approx = pytest.approx


def changes(*fills: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what fills change in the rows, and the sums of the Journal that are not 0."""
    book = held()
    before = state(book)
    done = filled(book, *fills)
    after = state(book)
    assert done.journal["Value"] == approx(book_value(read_book(book)))
    assert [row[0] for row in book.tables["Plan"][1:]] == ["Recorded"]
    sums = {name: done.journal[name] for name in ("Sold", "Bought", "Margin", "Fees", "Left over", "Realised gain")}
    rows = {name: after[name] for name in after if name not in before or after[name] != before[name]}
    return rows, {name: value for name, value in sums.items() if value}


SOL = {"Venue": "kraken", "Side": "short"}
CASES: dict[str, tuple[list[dict[str, Any]], dict[str, Any], dict[str, float]]] = {
    "a sale": (
        [fill("SELL", "BTC", 5_000.0, 0.1, 60_000.0, Fee=6.0)],
        {"BTC binance": 0.9, "cost of BTC binance": 27_000.0, "USDT binance": 15_994.0},
        {"Sold": 6_000.0, "Fees": 6.0, "Left over": 5_994.0, "Realised gain": 3_000.0},
    ),
    "a sale elsewhere": (
        [fill("SELL", "BTC", 0.0, 0.5, 60_000.0, Venue="kraken")],
        {"BTC kraken": 0.0, "cost of BTC kraken": 0.0, "USDT kraken": 35_000.0},
        {"Sold": 30_000.0, "Left over": 30_000.0, "Realised gain": 10_000.0},
    ),
    "a purchase": (
        [fill("BUY", "ETH", 4_000.0, 2.0, 2_100.0, Fee=4.2)],
        {"ETH binance": 12.0, "cost of ETH binance": 19_200.0, "USDT binance": 5_795.8},
        {"Bought": 4_200.0, "Fees": 4.2},
    ),
    "a first purchase": (
        [fill("BUY", "ADA", 0.0, 100.0, 1.1)],
        {"ADA binance": 100.0, "cost of ADA binance": 110.0, "USDT binance": 9_890.0},
        {"Bought": 110.0},
    ),
    "a transfer of money": (
        [fill("TRANSFER", "USDT", 0.0, 1_000.0, 1.0, Fee=2.0, Venue="kraken", **{"To venue": "binance"})],
        {"USDT kraken": 3_998.0, "USDT binance": 11_000.0},
        {"Fees": 2.0, "Left over": 1_000.0},
    ),
    "a move of coins": (
        [fill("TRANSFER", "BTC", 0.0, 0.2, 50_000.0, Fee=5.0, Venue="kraken", **{"To venue": "binance"})],
        {
            "BTC kraken": 0.3,
            "cost of BTC kraken": 12_000.0,
            "BTC binance": 1.2,
            "cost of BTC binance": 38_000.0,
            "USDT kraken": 4_995.0,
        },
        {"Fees": 5.0},
    ),
    "a part is closed": (
        [fill("CLOSE", "ETHUSDT", 1_000.0, 4.0, 2_200.0, Fee=4.4)],
        {"Quantity of ETHUSDT": 6.0, "Margin of ETHUSDT": 2_400.0, "USDT binance": 12_395.6},
        {"Sold": 2_400.0, "Fees": 4.4, "Left over": 2_395.6, "Realised gain": 800.0},
    ),
    "a part is reduced at a loss": (
        [fill("REDUCE", "ETHUSDT", 1_000.0, 5.0, 1_800.0)],
        {"Quantity of ETHUSDT": 5.0, "Margin of ETHUSDT": 2_000.0, "USDT binance": 11_000.0},
        {"Sold": 1_000.0, "Left over": 1_000.0, "Realised gain": -1_000.0},
    ),
    "all of a coin-margined short is closed": (
        [fill("CLOSE", "BTCUSD", 0.0, 10_000.0, 50_000.0, Fee=5.0)],
        {"Quantity of BTCUSD": 0.0, "Margin of BTCUSD": 0.0, "USDT binance": 12_495.0},
        {"Sold": 2_500.0, "Fees": 5.0, "Left over": 2_495.0, "Realised gain": -2_500.0},
    ),
    "a coin-margined short is closed at another price": (
        [fill("CLOSE", "BTCUSD", 0.0, 5_000.0, 62_500.0)],
        {"Quantity of BTCUSD": 5_000.0, "Margin of BTCUSD": 0.05, "USDT binance": 10_312.5},
        {"Sold": 312.5, "Left over": 312.5, "Realised gain": -2_812.5},
    ),
    "margin comes back": (
        [fill("RELEASE", "ADAUSDT", 200.0, None, None, Fee=1.0)],
        {"Margin of ADAUSDT": 100.0, "EntryPrice of ADAUSDT": 1.0, "USDT binance": 10_199.0},
        {"Sold": 200.0, "Fees": 1.0, "Left over": 199.0},
    ),
    "margin is added": (
        [fill("ADD MARGIN", "ETHUSDT", 500.0, None, 2_100.0, Fee=1.0)],
        {"Margin of ETHUSDT": 4_500.0, "USDT binance": 9_499.0},
        {"Margin": 500.0, "Fees": 1.0},
    ),
    "more is opened": (
        [fill("OPEN LONG", "ETHUSDT", 920.0, 2.0, 2_300.0, Fee=2.3, Notional=4_600.0)],
        {
            "Quantity of ETHUSDT": 12.0,
            "EntryPrice of ETHUSDT": 2_050.0,
            "Margin of ETHUSDT": 4_920.0,
            "USDT binance": 9_077.7,
        },
        {"Margin": 920.0, "Fees": 2.3},
    ),
    "a part of what was planned is opened elsewhere": (
        [fill("OPEN SHORT", "SOLUSDT", 1_000.0, 30.0, 90.0, Notional=5_000.0, **SOL)],
        {
            "Quantity of SOLUSDT": 30.0,
            "EntryPrice of SOLUSDT": 90.0,
            "Margin of SOLUSDT": 540.0,
            "USDT kraken": 4_460.0,
        },
        {"Margin": 540.0},
    ),
    "another margin than planned is posted": (
        [fill("OPEN SHORT", "SOLUSDT", 1_500.0, 50.0, 100.0, Notional=5_000.0, **SOL)],
        {
            "Quantity of SOLUSDT": 50.0,
            "EntryPrice of SOLUSDT": 100.0,
            "Margin of SOLUSDT": 1_500.0,
            "USDT kraken": 3_500.0,
        },
        {"Margin": 1_500.0},
    ),
    "coins are moved as margin": (
        [
            fill("CONVERT", "BTC", 0.0, 0.1, 50_000.0, **{"To venue": "binance"}),
            fill("OPEN SHORT", "BTCUSD", 5_000.0, 10_000.0, 50_000.0, Notional=10_000.0),
        ],
        {
            "BTC binance": 0.9,
            "cost of BTC binance": 27_000.0,
            "Quantity of BTCUSD": 20_000.0,
            "EntryPrice of BTCUSD": 20_000.0 / 0.45,
            "Margin of BTCUSD": 0.2,
        },
        {"Margin": 5_000.0},
    ),
    "coins are bought as margin": (
        [
            fill("CONVERT", "BTC", 0.0, 0.1, 50_000.0, Fee=5.0),
            fill("ADD MARGIN", "BTCUSD", 5_000.0, None, 50_000.0),
        ],
        {"Margin of BTCUSD": 0.2, "USDT binance": 4_995.0},
        {"Margin": 5_000.0, "Fees": 5.0},
    ),
    "coins are bought after the margin is named": (
        [
            fill("ADD MARGIN", "BTCUSD", 5_000.0, None, 50_000.0),
            fill("CONVERT", "BTC", 0.0, 0.1, 50_000.0, Fee=5.0),
        ],
        {"Margin of BTCUSD": 0.2, "USDT binance": 4_995.0},
        {"Margin": 5_000.0, "Fees": 5.0},
    ),
    "coins move after the margin is named": (
        [
            fill("ADD MARGIN", "BTCUSD", 5_000.0, None, 50_000.0),
            fill("CONVERT", "BTC", 0.0, 0.1, 50_000.0, **{"To venue": "binance"}),
        ],
        {"BTC binance": 0.9, "cost of BTC binance": 27_000.0, "Margin of BTCUSD": 0.2},
        {"Margin": 5_000.0},
    ),
    "coins that moved and were not posted come back": (
        [
            fill("CONVERT", "BTC", 0.0, 0.1, 50_000.0, **{"To venue": "binance"}),
            fill("ADD MARGIN", "BTCUSD", 2_000.0, None, 50_000.0),
        ],
        {"BTC binance": 0.96, "cost of BTC binance": 28_800.0, "Margin of BTCUSD": 0.14},
        {"Margin": 2_000.0},
    ),
    "coins that were bought and not posted are money": (
        [
            fill("CONVERT", "BTC", 0.0, 0.1, 50_000.0),
            fill("ADD MARGIN", "BTCUSD", 2_000.0, None, 50_000.0),
        ],
        {"Margin of BTCUSD": 0.14, "USDT binance": 8_000.0},
        {"Margin": 2_000.0},
    ),
    "coins at another venue are no margin here": (
        [
            fill("CONVERT", "BTC", 0.0, 0.1, 50_000.0, Venue="kraken", **{"To venue": "kraken"}),
            fill("ADD MARGIN", "BTCUSD", 5_000.0, None, 50_000.0),
        ],
        {"Margin of BTCUSD": 0.2, "USDT binance": 5_000.0},
        {"Margin": 5_000.0},
    ),
    "coins of another kind are no margin": (
        [
            fill("CONVERT", "ETH", 0.0, 1.0, 2_000.0, **{"To venue": "binance"}),
            fill("ADD MARGIN", "BTCUSD", 2_000.0, None, 50_000.0),
        ],
        {"Margin of BTCUSD": 0.14, "USDT binance": 8_000.0},
        {"Margin": 2_000.0},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_fill_changes_what_it_changes_and_no_more(case: str) -> None:
    """The rows that differ from before, and the sums of the Journal that are not 0."""
    fills, rows, sums = CASES[case]
    found, told = changes(*fills)
    assert found == {name: approx(value, abs=1e-9) for name, value in rows.items()}
    assert told == {name: approx(value, abs=1e-9) for name, value in sums.items()}


# --- Fills and the Journal --------------------------------------------------------------------------------------


def test_each_line_becomes_a_row_of_fills() -> None:
    """With its day, its own quantity, price, fee and venue, what it realised, and the money that came or went."""
    book = held()
    sale = fill("SELL", "BTC", 1.0, 0.1, 60_000.0, Fee=6.0)
    closing = fill("CLOSE", "ETHUSDT", 1.0, 4.0, 2_200.0, Fee=4.4)
    sent = fill("TRANSFER", "USDT", 0.0, 100.0, 1.0, Fee=2.0, Venue="kraken", **{"To venue": "binance"})
    done = filled(book, sale, closing, sent)
    header, *rows = book.tables["Fills"]
    day = dt.datetime(DAY.year, DAY.month, DAY.day)
    names = ["Date", "Asset", "Action", "Quantity", "Price", "Amount", "Fee", "Venue", "To venue", "Realised gain"]
    assert [[row[header.index(name)] for name in names] for row in rows] == [
        [day, "BTC", "SELL", 0.1, 60_000.0, 6_000.0, 6.0, "binance", None, approx(3_000.0)],
        [day, "ETHUSDT", "CLOSE", 4.0, 2_200.0, approx(2_400.0), 4.4, "binance", None, approx(800.0)],
        [day, "USDT", "TRANSFER", 100.0, 1.0, 100.0, 2.0, "kraken", "binance", None],
    ]
    assert done.journal["Reason"] == "SELL BTC 6,000.00, CLOSE ETHUSDT 2,400.00, TRANSFER USDT 100.00"
    assert (done.journal["Date"], done.journal["Entry"]) == (day, "EXECUTION")


def test_a_book_without_the_table_fills_is_recorded() -> None:
    """Fills is what a review reads; Record does not need it."""
    book = held()
    del book.tables["Fills"]
    filled(book, fill("SELL", "BTC", 0.0, 0.1, 60_000.0))
    assert state(book)["BTC binance"] == 0.9


# --- fills that cannot be ---------------------------------------------------------------------------------------

IMPOSSIBLE: dict[str, tuple[dict[str, Any], str]] = {
    "sold": (fill("SELL", "BTC", 0.0, 1.1, 50_000.0), "1.1 of BTC sold, but only 1 held"),
    "moved": (
        fill("TRANSFER", "BTC", 0.0, 0.6, 50_000.0, Venue="kraken", **{"To venue": "binance"}),
        "0.6 of BTC moved, but only 0.5 held at kraken",
    ),
    "posted": (
        fill("CONVERT", "BTC", 0.0, 0.6, 50_000.0, Venue="kraken", **{"To venue": "margin"}),
        "0.6 of BTC moved as margin, but only 0.5 held",
    ),
    "closed": (fill("CLOSE", "ETHUSDT", 0.0, 10.1, 2_100.0), "10.1 of ETHUSDT closed, but only 10 open"),
    "released": (
        fill("RELEASE", "ADAUSDT", 301.0, None, None),
        "301.00 of ADAUSDT released, but only 300.00 posted",
    ),
    "turned round": (
        fill("OPEN SHORT", "ETHUSDT", 100.0, 1.0, 2_100.0),
        "OPEN SHORT does not fit ETHUSDT, which is long",
    ),
    "spent": (fill("BUY", "ETH", 0.0, 8.0, 2_000.0), "the fills spend 1,000.00 more than they bring"),
    "posted without money": (fill("ADD MARGIN", "ETHUSDT", 15_001.0, None, 2_100.0), "the fills spend"),
    "a size without a number": (fill("CLOSE", "ETHUSDT", 100.0, None, 2_100.0), "has no Quantity"),
    "units without a number": (fill("SELL", "BTC", 100.0, None, 50_000.0), "has no Quantity"),
}


@pytest.mark.parametrize("case", IMPOSSIBLE)
def test_a_fill_that_cannot_be_is_refused_and_nothing_is_written(case: str) -> None:
    """More than there is, the other side, or no number: the sentence says what there is, and the book stays."""
    line, words = IMPOSSIBLE[case]
    book = held()
    book.tables["Plan"] = table(COLUMNS, [line])
    before = {name: [list(row) for row in rows] for name, rows in book.tables.items()}
    with pytest.raises(BookError, match=words):
        actions.record(book)
    assert book.tables == before


def test_more_money_than_a_holding_is_worth_is_not_sold() -> None:
    """In a book that keeps values only: 1,001 of 1,000."""
    columns = ["Asset", "Venue", "Value", "Target", "Band"]
    rows = [{"Asset": "SOL", "Value": 1_000.0, "Target": 0.4, "Band": 0.05}, {"Asset": "USDT", "Value": 500.0}]
    tables = {"Portfolio": table(columns, rows), "Journal": [[each.name for each in JOURNAL.columns]]}
    tables["Plan"] = table(COLUMNS, [fill("SELL", "SOL", 1_001.0, None, None, Venue=None)])
    with pytest.raises(BookError, match=r"1,001\.00 of SOL sold, but only 1,000\.00 held"):
        actions.record(MemoryWorkbook(tables, {"AsOf": DAY}))


def test_a_last_digit_more_than_is_held_is_all_of_it() -> None:
    """0.1 + 0.2 is not 0.3 in binary: a sale of all units leaves 0, not 5e-17, and is not refused."""
    book = held()
    book.tables["Portfolio"][2][book.tables["Portfolio"][0].index("Quantity")] = 0.3
    filled(book, fill("SELL", "BTC", 0.0, 0.1 + 0.2, 50_000.0, Venue="kraken"))
    assert state(book)["BTC kraken"] == 0.0


# --- what is written, and what stays ----------------------------------------------------------------------------


def typed(formula: bool) -> MemoryWorkbook:
    """Return a book with a column Value beside quantities and prices: typed, or a formula of the workbook."""
    book = held()
    header, *rows = book.tables["Portfolio"]
    header.append("Value")
    for row in rows:
        row.append(row[header.index("Quantity")] * row[header.index("Price")])
    book.is_formula = lambda name, row, column: formula and column == "Value"  # type: ignore[method-assign]
    return book


@pytest.mark.parametrize("formula", [True, False])
def test_a_typed_value_follows_its_quantity_and_a_formula_stays(formula: bool) -> None:
    """0.1 of 1 BTC is sold and 6,000 come in: a typed Value is 45,000 and 16,000; a formula is left alone."""
    book = typed(formula)
    done = filled(book, fill("SELL", "BTC", 0.0, 0.1, 60_000.0))
    header, btc, *_ = book.tables["Portfolio"]
    usdt = book.tables["Portfolio"][5]
    wanted = [50_000.0, 10_000.0] if formula else [approx(45_000.0), approx(16_000.0)]
    assert [btc[header.index("Value")], usdt[header.index("Value")]] == wanted
    assert any("Value" in values for _, _, values in done.cells) is not formula


def test_numbers_are_written_as_people_write_them() -> None:
    """0.3 less 0.1 is 0.2, not 0.19999999999999998."""
    book = held()
    book.tables["Portfolio"][2][book.tables["Portfolio"][0].index("Quantity")] = 0.3
    filled(book, fill("SELL", "BTC", 0.0, 0.1, 50_000.0, Venue="kraken"))
    assert repr(state(book)["BTC kraken"]) == "0.2"


def test_a_stablecoin_off_its_peg_changes_by_its_own_units() -> None:
    """990 come in where USDT costs 0.99: 1,000 more of it."""
    book = held()
    header = book.tables["Portfolio"][0]
    book.tables["Portfolio"][5][header.index("Price")] = 0.99
    filled(book, fill("SELL", "ETH", 0.0, 0.495, 2_000.0))
    assert state(book)["USDT binance"] == approx(11_000.0)


@pytest.mark.parametrize("units", [True, False])
def test_money_at_a_venue_without_a_stablecoin_gets_a_row_there(units: bool) -> None:
    """600 of a sale at bybit become a row of money there: stable, in units where the book keeps them, else in money."""
    columns = ["Asset", "Kind", "Venue", "Quantity", "Price", "Value", "Target", "Band"]
    bought = {"Quantity": 10.0, "Price": 100.0} if units else {"Value": 1_000.0}
    rows = [{"Asset": "SOL", "Venue": "bybit", "Target": 0.4, "Band": 0.05} | bought]
    book = MemoryWorkbook(
        {"Portfolio": table(columns, rows), "Plan": [COLUMNS], "Journal": [[c.name for c in JOURNAL.columns]]},
        {"AsOf": DAY},
    )
    actions.rebalance(book)
    actions.record(book)
    new = dict(zip(columns, book.tables["Portfolio"][2], strict=True))
    assert (new["Asset"], new["Kind"], new["Venue"]) == ("USDT", "stable", "bybit")
    assert (new["Quantity"], new["Price"], new["Value"]) == ((600.0, 1.0, None) if units else (None, None, 600.0))
    after = read_book(book)
    assert book_value(after) == approx(1_000.0)
    assert [row.stable for row in after.holdings] == [False, True]
    journal = dict(zip(book.tables["Journal"][0], book.tables["Journal"][-1], strict=True))
    assert (journal["Value"], journal["Left over"], journal["Trigger"]) == (approx(1_000.0), approx(600.0), "THRESHOLD")


@pytest.mark.parametrize("target, settings", [(None, {"ReserveMin": 0.05}), (0.1, {})])
def test_what_fills_the_reserve_or_a_target_is_not_left_over(target: float | None, settings: dict[str, Any]) -> None:
    """5,994 come in: what lacks in ReserveMin, or in the Target of the stablecoin, is used, and the rest left over."""
    book = held()
    book.settings |= settings
    header = book.tables["Portfolio"][0]
    book.tables["Portfolio"][5][header.index("Target")] = target
    for row in book.tables["Portfolio"][5:7]:
        row[header.index("Quantity")] = 2_500.0 if target is None else 5_000.0
    whole = book_value(read_book(book)) - 6.0
    done = filled(book, fill("SELL", "BTC", 0.0, 0.1, 60_000.0, Fee=6.0))
    lacking = 0.05 * whole - 5_000.0 if target is None else 0.1 * whole - 10_000.0
    assert 0.0 < lacking < 5_994.0
    assert done.journal["Left over"] == approx(5_994.0 - lacking)
