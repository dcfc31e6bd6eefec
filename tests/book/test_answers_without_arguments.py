"""Functions without arguments over small books: the plan's numbers, row by row, and an error where there is none."""

from __future__ import annotations

import datetime as dt
import math
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter
import xlwings

from rebalance_xl.book import schema
from rebalance_xl.book.actions import plan as planned
from rebalance_xl.book.memory import MemoryWorkbook
from rebalance_xl.book.model import read_book
from rebalance_xl.book.net_delta import coin_deltas
from rebalance_xl.book.parts import TABLES, BookParts, references
from rebalance_xl.catalogue import WHOLE_BOOK
from rebalance_xl.cells import MISSING, CellError, to_serial
from rebalance_xl.functions import FUNCTIONS
from rebalance_xl.hosts import excel
from rebalance_xl.recalc.workbook import recalculate
from tests.book.books import DAY, perpetual, spot, stable, table, workbook
from tests.excel.engine import open_book

approx = pytest.approx
TIER_COLUMNS: list[Any] = ["Venue", "Symbol", "Floor", "Cap", "MaxLeverage", "Rate", "Amount"]


def answer(name: str, book: MemoryWorkbook, *given: Any, today: Any = DAY, offset: float = 0.0) -> Any:
    """Return what a function says of a book that reads itself."""
    count = len(FUNCTIONS[name].parameters)
    day = to_serial(today) - offset if today is not None else MISSING
    arguments = [*given, *[MISSING] * (count - len(given))]
    return FUNCTIONS[name].call(*arguments, WHOLE_BOOK, day, book, date_offset=offset)


def column(found: Any) -> list[Any]:
    """Return an answer as a column, errors by their code."""
    cells = [row[0] for row in found] if isinstance(found, list) else [found]
    return [cell.code if isinstance(cell, CellError) else cell for cell in cells]


def with_tiers(book: MemoryWorkbook, *symbols: str, rate: float = 0.0) -> MemoryWorkbook:
    """Give symbols at binance one tier each."""
    book.tables["MarginTiers"] = [
        TIER_COLUMNS,
        *(["binance", symbol, 0.0, None, 50.0, rate, 0.0] for symbol in symbols),
    ]
    return book


def long(symbol: str, **more: Any) -> dict[str, Any]:
    """Return 10 units long at 100 with 200 of margin, isolated at binance."""
    at = {"Venue": "binance", "MarginMode": "isolated", "Quantity": 10.0, "EntryPrice": 100.0, "Margin": 200.0}
    return perpetual(symbol, symbol.removesuffix("USDT"), "long", 100.0, **at | more)


SPOT = [spot("BTC", 6_000.0, 0.6, 0.3), stable(4_000.0)]


# --- liquidation prices -----------------------------------------------------------------------------------------


def test_prices_follow_the_margin_of_each_row() -> None:
    """200 of margin are lost at 80, 500 at 50; more than the notional is never; a blank margin follows leverage."""
    rows = [long("AUSDT"), long("BUSDT", Margin=500.0), long("CUSDT", Margin=1_100.0), long("DUSDT", Margin=None)]
    book = with_tiers(workbook(SPOT, rows), *(row["Symbol"] for row in rows))
    prices = column(answer("LIQUIDATION_PRICE", book))
    assert prices == [approx(80.0), approx(50.0), "NEVER", approx(90.0)]
    assert column(answer("LIQUIDATION_DISTANCE", book)) == [approx(0.2), approx(0.5), "NEVER", approx(0.1)]


def test_a_coin_margined_row_without_a_margin_has_the_coins_of_its_leverage() -> None:
    """10,000 USD at 50,000 and 2x are 0.1 BTC of margin: the short is lost where 0.2 BTC are worth 0.1 less."""
    row = perpetual("BTCUSD", "BTC", "short", 50_000.0, Venue="binance", Contract="inverse", Quantity=10_000.0)
    row |= {"EntryPrice": 50_000.0, "Leverage": 2.0, "MarginMode": "isolated"}
    book = with_tiers(workbook(SPOT, [row]), "BTCUSD")
    assert answer("LIQUIDATION_PRICE", book) == approx(100_000.0)


def test_prices_stand_beside_their_rows() -> None:
    """A blank row, one that is not open, one that is wrong and one without tiers keep their places."""
    rows = [
        long("AUSDT"),
        {},
        long("BUSDT", Quantity=0.0, Margin=0.0),
        long("CUSDT", Leverage=0.5),
        long("NEWUSDT"),
        long("EUSDT", Margin=500.0),
    ]
    book = workbook(SPOT)
    names = [*long(""), "Account"]
    book.tables["Futures"] = table(names, rows)
    with_tiers(book, "AUSDT", "BUSDT", "CUSDT", "EUSDT")
    wanted = [approx(80.0), "", "#N/A", "#VALUE!", "#N/A", approx(50.0)]
    assert column(answer("LIQUIDATION_PRICE", book)) == wanted
    found = answer("LIQUIDATION_PRICE", book)
    assert "BUSDT is not open" in found[2][0].reason
    assert "Leverage of CUSDT is 0.5" in found[3][0].reason
    assert "NEWUSDT" in found[4][0].reason


def test_a_position_past_its_price_has_a_negative_distance() -> None:
    """A long at 100 whose price is 110 and a short whose price is 90 have been passed by 10 % of the mark."""
    over = {"EntryPrice": 130.0, "Margin": 200.0}
    rows = [long("AUSDT", **over), long("BUSDT", Side="short", EntryPrice=70.0), long("CUSDT", Side="short")]
    book = with_tiers(workbook(SPOT, rows), *(row["Symbol"] for row in rows))
    assert column(answer("LIQUIDATION_PRICE", book)) == approx([110.0, 90.0, 120.0])
    assert column(answer("LIQUIDATION_DISTANCE", book)) == approx([-0.1, -0.1, 0.2])


def test_the_smaller_leg_of_a_cross_account_has_the_side_of_the_larger() -> None:
    """10 long and 4 short of one symbol in one wallet fall together: the short is as far from the price below."""
    cross = {"MarginMode": "cross", "Margin": 150.0}
    rows = [long("AUSDT", **cross), long("AUSDT", Side="short", **cross | {"Quantity": 4.0})]
    book = with_tiers(workbook(SPOT, rows), "AUSDT")
    assert column(answer("LIQUIDATION_PRICE", book)) == approx([50.0, 50.0])
    assert column(answer("LIQUIDATION_DISTANCE", book)) == approx([0.5, 0.5])


@pytest.mark.parametrize(
    "side, price, wanted",
    [
        (MISSING, 90.0, 0.1), (MISSING, 110.0, 0.1), ("long", 90.0, 0.1), ("long", 110.0, -0.1),
        ("short", 110.0, 0.1), ("short", 90.0, -0.1), ("sell", 90.0, -0.1), ("none", 110.0, 0.1),
        ("long", "NEVER", "NEVER"),
    ],
)  # fmt: skip
def test_a_side_gives_a_distance_its_sign(side: Any, price: Any, wanted: Any) -> None:
    """Passed prices are negative with a side; without one it is how far they are apart."""
    found = FUNCTIONS["LIQUIDATION_DISTANCE"].call(price, 100.0, side)
    assert found == (wanted if isinstance(wanted, str) else approx(wanted))


# --- trigger and plan -------------------------------------------------------------------------------------------


def test_trigger_and_plan_are_the_plans() -> None:
    """With locked rows, lots, bands of another kind and an event: word, lines, weights and reasons."""
    rows = [
        spot("BTC", 4_500.0, 0.4, 0.1, Lot=7.0),
        spot("ETH", 2_500.0, 0.2, 0.1, Locked="yes"),
        spot("XMR", 1_000.0, 0.1, 0.9, Sector="privacy"),
        stable(2_000.0, 0.2),
    ]
    events = [{"Scope": "privacy", "Action": "EXIT", "Start": DAY}]
    for settings in ({"BandKind": "relative"}, {"BandKind": "absolute", "TrimTo": "edge"}):
        for happened in ((), events):
            book = workbook(rows, settings=settings, events=happened)
            plan = planned(book)
            assert answer("REBALANCE_TRIGGER", book) == plan.trigger.kind
            found = answer("REBALANCE_PLAN", book)
            assert found[0] == ["Asset", "Action", "Amount", "Weight before", "Weight after", "Reason"]
            assert [row[:3] for row in found[1:]] == [[each.asset, each.action, each.amount] for each in plan.lines]
            assert [row[5] for row in found[1:]] == [each.reason for each in plan.lines]


def test_a_due_review_is_no_trigger_where_nothing_acts_on_it() -> None:
    """The review finds nothing to trade: the trigger is NONE, and TIME where a row has drifted."""
    settings = {"ReviewFrequency": "monthly", "LastReview": dt.date(2026, 8, 1), "ReviewDrift": 0.05}
    assert answer("REBALANCE_TRIGGER", workbook(SPOT, settings=settings)) == "NONE"
    drifted = [spot("BTC", 7_000.0, 0.6, 0.3), stable(3_000.0, 0.4)]
    assert answer("REBALANCE_TRIGGER", workbook(drifted, settings=settings)) == "TIME"


def test_the_headers_of_a_plan_may_be_left_out() -> None:
    """FALSE leaves the lines; TRUE and nothing begin with the titles."""
    book = workbook(SPOT)
    plain, headed = answer("REBALANCE_PLAN", book, *[MISSING] * 7, False), answer("REBALANCE_PLAN", book)
    assert headed[1:] == plain
    assert len(plain) == 2
    assert answer("REBALANCE_PLAN", book, *[MISSING] * 7, "maybe").code == "#VALUE!"


def test_options_go_before_the_books_settings() -> None:
    """TrimTo of the book is the target; asked with the edge, less is sold."""
    book = workbook([spot("BTC", 7_000.0, 0.5, 0.1), stable(3_000.0)])

    def sold(*given: Any) -> float:
        return sum(row[2] for row in answer("REBALANCE_PLAN", book, *given)[1:] if row[1] == "SELL")

    assert sold() == approx(2_000.0)
    assert sold(*[MISSING] * 4, "edge") == approx(1_000.0)


def test_the_day_is_that_of_the_book_else_today() -> None:
    """An event of 2026-10-05: AsOf decides; where it is blank, the day that the workbook says it is."""
    events = [{"Scope": "BTC", "Action": "EXIT", "Start": dt.date(2026, 10, 5)}]
    book = workbook(SPOT, events=events)
    later = dt.date(2026, 10, 6)
    assert answer("REBALANCE_TRIGGER", book, today=later) == "NONE"
    book.settings["AsOf"] = None
    assert answer("REBALANCE_TRIGGER", book, today=DAY) == "NONE"
    assert answer("REBALANCE_TRIGGER", book, today=later) == "EVENT"


def test_a_book_that_cannot_be_planned_answers_with_its_reasons() -> None:
    """Targets above 1 are a wrong value, a book worth nothing has no weights, one without the table has no answer."""
    wrong = answer("REBALANCE_TRIGGER", workbook([spot("BTC", 1.0, 0.6), spot("ETH", 1.0, 0.6)]))
    assert (wrong.code, "the targets sum to 1.2" in wrong.reason) == ("#VALUE!", True)
    empty = answer("REBALANCE_PLAN", workbook([spot("BTC", 0.0, 0.6)]))
    assert (empty.code, "there are no weights" in empty.reason) == ("#DIV/0!", True)
    assert answer("LIQUIDATION_PRICE", workbook(SPOT)).code == "#N/A"


def test_a_book_that_changed_is_read_again() -> None:
    """Prices, a lock of TRUE in the place of 1, another day: the answer is the new one."""
    book = workbook([spot("BTC", 7_000.0, 0.5, 0.1, Price=1_000.0, Locked=1.0), stable(3_000.0)])
    assert answer("REBALANCE_TRIGGER", book) == "THRESHOLD"
    header, row = book.tables["Portfolio"][:2]
    row[header.index("Locked")] = True
    assert answer("REBALANCE_TRIGGER", book) == "NONE"
    row[header.index("Locked")] = 1.0
    assert answer("REBALANCE_TRIGGER", book) == "THRESHOLD"
    row[header.index("Price")] = 500.0
    assert answer("REBALANCE_TRIGGER", book) == "NONE"


# --- deltas, accounts, stress -----------------------------------------------------------------------------------


def test_net_deltas_stand_beside_their_rows() -> None:
    """600 BTC and 10 of a future on it; a blank row stays blank; a coin that is sold short has less than is held."""
    rows = [spot("BTC", 6_000.0, 0.5, 0.9), {}, spot("ETH", 1_000.0, 0.1, 0.9), stable(3_000.0)]
    book = workbook(rows, [long("BTCUSDT"), long("ETHUSDT", Side="short")])
    found = column(answer("NET_DELTA", book))
    assert (found[0], found[1], found[2]) == (approx(610.0), "", approx(90.0))
    assert coin_deltas(read_book(book))["btc"] == approx(610.0)


def test_a_wrong_row_or_wallet_is_no_part_of_an_account() -> None:
    """The error is the answer: an equity without one of its positions would be another account's."""
    wrong = workbook(SPOT, [long("AUSDT", MarginMode="cross"), long("BUSDT", Leverage=0.5)])
    found = answer("ACCOUNT_EQUITY", wrong)
    assert (found.code, "Leverage of BUSDT is 0.5" in found.reason) == ("#VALUE!", True)
    book = with_tiers(workbook(SPOT, [long("AUSDT", MarginMode="cross")]), "AUSDT")
    book.tables["Wallets"] = table(["Venue", "Coin", "Balance"], [{"Venue": "binance", "Coin": "USDT", "Balance": "x"}])
    found = answer("ACCOUNT_EQUITY", book)
    assert (found.code, "Wallets" in found.reason) == ("#VALUE!", True)


def test_a_stress_says_where_no_equity_is_left() -> None:
    """A fall of 90 % leaves the wallet less than nothing: LIQUIDATABLE, not an infinite ratio."""
    book = with_tiers(workbook(SPOT, [long("BTCUSDT", MarginMode="cross")]), "BTCUSDT", rate=0.01)
    header, calm, crash = answer("STRESS_TABLE", book, [["ALL"], [0.0], [-0.9]])
    assert header == ["Value", "Value if lost", "Equity", "Ratio", "Liquidated"]
    assert math.isfinite(calm[3])
    assert crash[3] == "LIQUIDATABLE"
    assert crash[4] == "USDT"  # the pool of its margin coin


# --- allocation functions ---------------------------------------------------------------------------------------

#: BTC at two venues, one of them locked, over its band; ETH locked as a whole; SOL under its target.
SHARED = [
    spot("BTC", 2_000.0, 0.3, 0.05, Venue="a", Locked="yes"),
    spot("BTC", 3_000.0, None, None, Venue="b"),
    spot("ETH", 3_000.0, 0.2, 0.05, Locked="yes"),
    spot("SOL", 2_000.0, 0.5, 0.1),
]
WANTED = {
    "WEIGHT": [0.5, 0.5, 0.3, 0.2],
    "DRIFT": [0.2, 0.2, 0.1, -0.3],
    "DRIFT_FLAG": ["TRIM", "TRIM", "TRIM", "ADD"],
    "TRIM_AMOUNT": [0.0, 2_000.0, 0.0, 0.0],
    "ADD_AMOUNT": [0.0, 0.0, 0.0, 3_000.0],
}


def in_excel(book: MemoryWorkbook, monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Any]]:
    """Return what the functions say in a live workbook."""
    opened, _ = open_book(book.tables, book.settings)
    monkeypatch.setattr(xlwings.Book, "caller", lambda: opened)
    return {name: column(excel.answer(FUNCTIONS[name], ())) for name in WANTED}


def in_a_file(book: MemoryWorkbook, path: Path) -> dict[str, list[Any]]:
    """Return what a recalculation puts beside the rows."""
    with xlsxwriter.Workbook(path) as written:
        sheet = written.add_worksheet("Portfolio")
        header, *rows = book.tables["Portfolio"]
        place = (0, 0, len(rows), len(header) - 1)
        sheet.add_table(*place, {"name": "Portfolio", "columns": [{"header": each} for each in header], "data": rows})
        for number, name in enumerate(WANTED):
            sheet.write_dynamic_array_formula(f"Z{1 + 10 * number}", f"={name}()", "", 0)
    recalculate(path, as_of=DAY)
    values = openpyxl.load_workbook(path, data_only=True)["Portfolio"]
    return {
        name: [values.cell(1 + 10 * number + row, 26).value for row in range(4)] for number, name in enumerate(WANTED)
    }


@pytest.mark.parametrize("host", ["excel", "file"])
def test_without_arguments_the_assets_and_locks_are_the_books(
    host: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Rows of BTC are one asset, its locked row sells nothing; what is sold is the plan's, in a workbook and a file."""
    book = workbook(SHARED)
    header, *rows = book.tables["Portfolio"]
    header.append("Value")
    for row in rows:
        row.append(row[header.index("Quantity")] * row[header.index("Price")])
    found = in_excel(book, monkeypatch) if host == "excel" else in_a_file(book, tmp_path / "book.xlsx")
    assert {name: found[name] for name in WANTED} == {
        name: [each if isinstance(each, str) else approx(each) for each in cells] for name, cells in WANTED.items()
    }
    sold = [each.amount for each in planned(book).trades if each.action == "SELL"]
    assert sum(found["TRIM_AMOUNT"]) == approx(sum(sold))


# --- what the book is made of -----------------------------------------------------------------------------------


def test_the_parts_of_a_book_are_all_tables_that_a_plan_reads() -> None:
    """A table that a plan reads and a formula does not would give two answers: only what is written is left out."""
    known = {each.name for each in TABLES} | {"Prices"}
    assert {*schema.TABLES} - known == {"Plan", "Fills", "CashFlows"}
    asked = references()
    for part in TABLES:
        assert f"{part.name}[#Headers]" in asked
    assert "Prices[#All]" in asked
    assert {*schema.SETTINGS} <= {*asked}


def test_cooldown_lots_and_closes_count_in_formulas() -> None:
    """An execution of yesterday, lots that tell the gain, and a breakout in Prices: as in the plan."""
    rows = [spot("BTC", 7_000.0, 0.5, 0.1, CostBasis=1.0), stable(3_000.0)]
    lots = [{"Asset": "BTC", "Date": dt.date(2025, 1, 1), "Quantity": 700.0, "Price": 4.0}]
    book = workbook(rows, lots=lots, settings={"Cooldown": 30})
    assert answer("PLAN_FIGURES", book, "Gain") == approx(2_000.0 - 200.0 * 4.0)
    assert answer("REBALANCE_TRIGGER", book) == "THRESHOLD"
    row: dict[Any, Any] = {"Date": dt.date(2026, 9, 29), "Entry": "EXECUTION", "Sold": 10.0}
    book.tables["Journal"].append([row.get(each) for each in book.tables["Journal"][0]])
    assert answer("REBALANCE_TRIGGER", book) == "NONE"
    closes = [[dt.date(2026, 9, 1) + dt.timedelta(days=day), 9.0 + day / 100] for day in range(29)]
    events = [{"Scope": "BTC", "Action": "BREAKOUT", "Start": dt.date(2026, 9, 1), "Level": 0.05}]
    held = [spot("BTC", 6_000.0, 0.6, 0.3), stable(4_000.0)]
    later = perpetual("BTCUSDT", "BTC", "long", 10.0)
    broken = workbook(held, [later], events=events, prices=[["Date", "BTC"], *closes])
    assert answer("REBALANCE_TRIGGER", broken) == "EVENT"


def test_figures_of_two_tables_are_not_mixed() -> None:
    """Weight stands beside Portfolio and Equity beside Futures: together they are refused, each alone is not."""
    book = workbook(SPOT, [long("AUSDT")])
    found = answer("PLAN_FIGURES", book, [["Weight"], ["Equity"]])
    assert (found.code, "not of one table" in found.reason) == ("#VALUE!", True)
    assert column(answer("PLAN_FIGURES", book, "weight")) == approx([6_000.0 / 10_200.0, 4_000.0 / 10_200.0])
    assert answer("PLAN_FIGURES", book, [[" EQUITY "]]) == approx(200.0)
    assert answer("PLAN_FIGURES", book, "Wieght").reason.endswith('did you mean "Weight"?')


@pytest.mark.parametrize(
    "stated, known", [({"Equity": 1_000.0, "Maintenance": 50.0}, True), ({"Equity": 1_000.0}, False), ({}, False)]
)
def test_an_account_that_is_given_has_both_of_its_figures_or_none(stated: dict[str, float], known: bool) -> None:
    """An equity without its requirement is not a ratio of 0: nothing is said but that it is missing."""
    book = workbook(SPOT, [long("AUSDT", MarginMode="cross")], venues=[{"Venue": "binance"}])
    header, venue = book.tables["Venues"]
    header.append("AccountMode")
    venue.append("given")
    wallet = {"Venue": "binance", "Coin": "USDT"} | stated
    book.tables["Wallets"] = table(["Venue", "Coin", "Balance", "Equity", "Maintenance"], [wallet])
    accounts = planned(book).accounts
    assert [(each.equity, each.requirement, each.ratio) for each in accounts] == (
        [(1_000.0, 50.0, 0.05)] if known else []
    )


def test_what_is_given_decides_who_answers() -> None:
    """Nothing, options and the day leave the answer to the book; data do not, nor functions without one."""
    plan, trigger = FUNCTIONS["REBALANCE_PLAN"], FUNCTIONS["REBALANCE_TRIGGER"]
    assert plan.asks_book([MISSING] * 8)
    assert plan.asks_book([*[MISSING] * 4, "edge", MISSING, MISSING, False])
    assert not plan.asks_book([["BTC"], [1.0]])
    assert trigger.asks_book([*[MISSING] * 5, 46_000.0])
    assert not trigger.asks_book([[1.0], [1.0]])
    assert not trigger.asks_book([*[MISSING] * 6, "TRIM"])
    assert not FUNCTIONS["WEIGHT"].asks_book([])


def test_every_table_of_the_workbook_has_its_name() -> None:
    """Also those that no plan reads: a name that is nearly one of ours is told apart from a table that is missing."""
    book = workbook(SPOT)
    book.tables["Portfolo"] = [["Asset"]]
    assert {*BookParts.of_workbook(book).table_names()} >= {"Portfolio", "Portfolo", "Plan"}
