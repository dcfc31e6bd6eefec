"""What may stand in a book without stopping the plan, and what stops it with its cell: one test a sentence."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from rebalance_xl.book import actions, schema
from rebalance_xl.book.model import read_book
from rebalance_xl.book.problems import ERROR, WARNING, BookError
from rebalance_xl.functions import FUNCTIONS
from rebalance_xl.hosts.file import FileWorkbook
from tests.book.books import DAY, amounts, as_values, line, perpetual, plan_of, spot, stable, unit, workbook

approx = pytest.approx
BREAKOUT = {"Scope": "BTC", "Action": "BREAKOUT", "Start": DAY, "Level": 0.1}


def closes(last: Any = 101.0, tenth: Any = 100.0) -> list[list[Any]]:
    """Return 25 closes of BTC, the last one above the twenty before it."""
    days = [DAY - dt.timedelta(days=30 - place) for place in range(25)]
    values = [100.0] * 9 + [tenth] + [100.0] * 14 + [last]
    return [["Date", "BTC"], *[[day, value] for day, value in zip(days, values, strict=True)]]


# --- numbers stored as text ------------------------------------------------------------------------------------


@pytest.mark.parametrize("change, cell", [({"last": "99"}, "Prices!B26"), ({"tenth": "250.0"}, "Prices!B11")])
def test_a_close_stored_as_text_is_refused(change: dict[str, Any], cell: str) -> None:
    """Passed over, the resistance would be another one, and a breakout come out of nothing."""
    rows = [spot("BTC", 6_000.0, 0.6, 0.2), stable(4_000.0, 0.3)]
    futures = [perpetual("BTCUSDT", "BTC", "long", 10.0)]
    assert amounts(plan_of(rows, futures, events=[BREAKOUT], prices=closes())) == {"BTCUSDT": ("OPEN LONG", 1_000.0)}
    with pytest.raises(BookError, match=rf"{cell}: Prices\[BTC\] holds the text"):
        plan_of(rows, futures, events=[BREAKOUT], prices=closes(**change))


def test_a_close_stored_as_text_is_refused_in_a_long_table_as_well() -> None:
    """Prices with the columns Date, Asset and Price; a day without a close, or a word for it, is no number."""
    rows = [spot("BTC", 6_000.0, 0.6, 0.2), stable(4_000.0, 0.4)]
    table = [["Date", "Asset", "Price"], [DAY, "BTC", 100.0], [DAY, "1INCH", None], [DAY, "007", "n/a"]]
    assert plan_of(rows, prices=table).nothing_to_do
    with pytest.raises(BookError, match=r'Prices!C3: Prices\[Price\] holds the text "1,000.5"'):
        plan_of(rows, prices=[*table[:2], [DAY, "ETH", "1,000.5"]])


def test_a_tier_stored_as_text_is_refused() -> None:
    """It would leave the position without a liquidation price."""
    row = perpetual("BTCUSDT", "BTC", "long", 10.0, Venue="binance", Quantity=10.0, EntryPrice=10.0, Margin=10.0)
    book = workbook([spot("BTC", 6_000.0, 0.6, 0.2), stable(4_000.0, 0.4)], [row])
    header = ["Venue", "Symbol", "Floor", "Cap", "MaxLeverage", "Rate", "Amount"]
    book.tables["MarginTiers"] = [header, ["binance", "BTCUSDT", 0.0, None, 20.0, 0.01, 0.0]]
    assert actions.plan(book).positions[0].liquidation_price is not None
    book.tables["MarginTiers"][1][5] = "0.01"
    with pytest.raises(BookError, match=r'MarginTiers!F2: MarginTiers\[Rate\] holds the text "0.01"'):
        actions.plan(book)
    assert any(each.severity == ERROR and each.where == "MarginTiers!F2" for each in actions.check(book))


@pytest.mark.parametrize("table", [name for name in schema.TABLES if name not in ("Plan", "Journal")])
def test_a_number_stored_as_text_is_refused_in_every_table(table: str) -> None:
    """The first column of each table that holds numbers, in its first row."""
    kind = schema.TABLES[table]
    book = workbook([spot("BTC", 6_000.0, 0.6, 0.2), stable(4_000.0, 0.4)])
    numbers = [column for column in kind.columns if column.kind in ("amount", "number", "price", "share")]
    columns = [column.name for column in kind.columns if column.required or column in numbers[:1]]
    words: dict[str, Any] = {"Date": DAY, "Start": DAY, "Action": "BUY" if table == "Fills" else "TRIM", "Side": "long"}
    words |= {"Kind": "FEE", "Asset": "BTC", "Scope": "BTC"}
    if table == "Prices":
        columns.append("BTC")
    name = numbers[0].name if numbers else "BTC"
    row = [words.get(each, 1.0 if each in [c.name for c in numbers] else "x") for each in columns]
    row[columns.index(name)] = "12"
    book.tables[table] = [columns, row]
    found = [each for each in actions.check(book) if each.severity == ERROR and f"{table}[{name}]" in each.message]
    assert [each.where for each in found] == [f"{table}!{chr(65 + columns.index(name))}2"]


def test_a_date_of_the_journal_that_cannot_be_read_is_warned_of() -> None:
    """The cooldown follows from the Journal: a row without a day starts none, and nobody would know."""
    book = workbook([spot("BTC", 7_000.0, 0.5, 0.05), spot("ETH", 3_000.0, 0.5, 0.05)], settings={"Cooldown": 5.0})
    header = book.tables["Journal"][0]
    entry = {"Date": "29 Sept 2026", "Entry": "EXECUTION", "Sold": 100.0}
    book.tables["Journal"].append([entry.get(name) for name in header])
    warnings = [each for each in read_book(book).problems if each.severity == WARNING]
    assert [each.where for each in warnings] == ["Journal!A2"]
    assert any("no cooldown follows from this row" in each for each in actions.plan(book).warnings)
    book.tables["Journal"][1][0] = DAY - dt.timedelta(days=1)
    assert actions.plan(book).nothing_to_do


# --- what stands under a table ---------------------------------------------------------------------------------


@pytest.mark.parametrize("formula", [False, True])
@pytest.mark.parametrize("table", [name for name in schema.TABLES if name != "Plan"])
def test_what_is_typed_directly_under_a_table_is_warned_of(table: str, formula: bool, tmp_path: Path) -> None:
    """It looks like a row and is none: a warning with the cell, for every table that a person fills."""
    path = tmp_path / "book.xlsx"
    book = xlsxwriter.Workbook(path)
    for kind in [schema.TABLES["Portfolio"], *([schema.TABLES[table]] if table != "Portfolio" else [])]:
        sheet = book.add_worksheet(kind.name)
        headers = [column.name for column in kind.columns] + (["BTC"] if kind.name == "Prices" else [])
        sheet.add_table(0, 0, 1, len(headers) - 1, {"name": kind.name, "columns": [{"header": h} for h in headers]})
        if kind.name == "Portfolio":
            for column, cell in {"Asset": "BTC", "Quantity": 1.0, "Price": 10.0, "Target": 0.9}.items():
                sheet.write(1, headers.index(column), cell)
        if kind.name == table:
            if formula:
                sheet.write_formula(2, 1, '=""', None, "")
            else:
                sheet.write(2, 1, "more")
    book.close()
    found = read_book(FileWorkbook.open(path), as_of=DAY).problems
    where = [each.where for each in found if "stands directly under the table" in each.message]
    assert where == [f"{table}!B3"]
    assert all(each.severity == WARNING for each in found if "directly under" in each.message)


# --- odd positions ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["isolated", "cross"])
def test_nothing_is_opened_on_a_margin_below_0(mode: str) -> None:
    """Isolated or cross, and also where an event wants it: margin is added first."""
    row = perpetual("ETHUSDT", "ETH", "long", 100.0, MarginMode=mode, Quantity=10.0, EntryPrice=90.0, Margin=-5.0)
    rows = [spot("BTC", 6_000.0, 0.6, 0.2), stable(4_000.0, 0.1)]
    event = {"Scope": "ETH", "Action": "LONG", "Start": DAY, "Level": 0.1}
    plan = plan_of(rows, [row], events=[event])
    assert plan.nothing_to_do
    above = amounts(plan_of(rows, [row | {"Margin": 5.0}], events=[event]))
    assert above["ETHUSDT"] == ("OPEN LONG", approx(1_005.5))
    sold = plan_of([spot("BTC", 8_000.0, 0.5, 0.2), stable(2_000.0, 0.1)], [row | {"Target": 0.1}])
    assert "its margin is -5.00, below 0: add margin" in line(sold, "ETHUSDT").reason


# --- prices and values -----------------------------------------------------------------------------------------


def test_a_dead_coin_may_have_a_target_of_0() -> None:
    """At a price of 0 it counts 0 and stops nothing; with a target above 0 the cell is refused."""
    rows = [spot("BTC", 6_000.0, 0.9, 0.5), {"Asset": "LUNA", "Quantity": 100.0, "Price": 0.0, "Target": 0.0}]
    plan = plan_of(rows)
    assert plan.totals.value == approx(6_000.0)
    assert line(plan, "LUNA").weight_before == 0.0
    with pytest.raises(BookError, match=r"Portfolio!F3: Portfolio\[Price\] of LUNA holds 0; it must be above 0"):
        plan_of([rows[0], rows[1] | {"Target": 0.1}])


def test_a_row_that_keeps_its_value_says_so() -> None:
    """Without a price its Value counts: no warning, and its line does not call it worth 0."""
    columns = ["Asset", "Quantity", "Price", "Value", "Target", "Band"]
    rows = [spot("BTC", 6_000.0, 0.9, 0.5), {"Asset": "LUNA", "Quantity": 1000.0, "Value": 500.0}]
    plan = actions.plan(as_values(rows, columns))
    assert not any("LUNA" in each for each in plan.warnings)
    assert line(plan, "LUNA").reason == "no target: held and never traded; no price, its Value counts"
    rows[1]["Value"] = None
    plan = actions.plan(as_values(rows, columns))
    assert [each for each in plan.warnings if "LUNA" in each] == [
        "Portfolio!C3: the Price of LUNA is blank: it has no target, so it counts 0"
    ]
    assert line(plan, "LUNA").reason == "no price: counts 0 and is not traded"


def test_a_position_that_is_open_or_wanted_needs_a_mark() -> None:
    """Only a closed row that nobody wants may leave it blank."""
    row = perpetual("ETHUSDT", "ETH", "short", 100.0) | {"MarkPrice": None}
    btc = spot("BTC", 6_000.0, 0.9, 0.5)
    for cells in ({"Target": 0.1}, {"HedgeRatio": 0.5}, {"Quantity": 1.0, "EntryPrice": 100.0, "Margin": 10.0}):
        with pytest.raises(BookError, match=r"Futures!I2: the MarkPrice of ETHUSDT is blank"):
            plan_of([btc], [row | cells])
    assert (
        "Futures!A2: ETHUSDT is closed and has no MarkPrice: ignored" in plan_of([btc], [row | {"Target": 0.0}]).notes
    )


@pytest.mark.parametrize("column, place", [("Quantity", "B"), ("Value", "D")])
def test_only_money_may_be_below_0(column: str, place: str) -> None:
    """A stablecoin below 0 is a debt that counts; anything else below 0 is refused with its cell."""
    columns = ["Asset", "Quantity", "Price", "Value", "Target", "Kind"]
    rows = [{"Asset": "BTC", "Value": 6_000.0, "Target": 0.9}, {"Asset": "USDT", column: -500.0}]
    rows[1] |= {"Price": 1.0} if column == "Quantity" else {}
    assert actions.plan(as_values(rows, columns)).totals.value == approx(5_500.0)
    with pytest.raises(
        BookError, match=rf"Portfolio!{place}3: Portfolio\[{column}\] holds -500; it cannot be negative"
    ):
        actions.plan(as_values([rows[0], rows[1] | {"Kind": "spot"}], columns))


# --- debts -----------------------------------------------------------------------------------------------------


def paid(plan: Any, asset: str) -> str:
    """Return what the line of a debt says of it: how much is paid, and what is still owed."""
    text: str = line(plan, asset).reason.partition("; a debt of ")[2]
    return text


def test_a_debt_of_three_cents_is_paid_at_the_next_trigger() -> None:
    """It is far below what counts as a trade, and paid all the same, before what BTC lacks with Priority 1."""
    rows = [spot("BTC", 30_000.0, 0.5, 0.05, Priority=1), spot("SOL", 70_000.0, 0.5, 0.05), stable(-0.03)]
    plan = plan_of(rows)
    assert paid(plan, "USDT") == "0.03 is paid first: 0.03 of 0.03"
    assert line(plan, "USDT").weight_after == approx(0.0, abs=1e-12)


def test_a_debt_is_paid_before_margin_in_danger_and_below_reserve_min() -> None:
    """A cash of 300 is all there is for a debt of 300 and a short near its liquidation: the debt takes it."""
    row = perpetual(
        "ETHUSDT", "ETH", "long", 100.0, Venue="binance", Quantity=100.0, EntryPrice=100.0, Margin=600.0, Leverage=20.0
    )
    rows = [spot("BTC", 9_000.0, 0.9, 0.5), stable(-300.0), stable(300.0, Asset="USDC")]
    book = workbook(rows, [row], {"MarginTopUp": 0.2, "ReserveMin": 0.05, "FundFrom": "none"})
    header = ["Venue", "Symbol", "Floor", "Cap", "MaxLeverage", "Rate", "Amount"]
    book.tables["MarginTiers"] = [header, ["binance", "ETHUSDT", 0.0, None, 50.0, 0.005, 0.0]]
    plan = actions.plan(book)
    assert plan.trigger.kind == "THRESHOLD"
    assert paid(plan, "USDT") == "300.00 is paid first: 300.00 of 300.00"
    assert line(plan, "ETHUSDT").amount == 0.0


def test_a_debt_that_stays_says_why() -> None:
    """The money is locked: nothing is paid, the debt is still owed, and its line names the lock."""
    rows = [spot("BTC", 5_000.0, 0.5, 0.05, Locked="yes"), spot("SOL", 10.0, 0.0), stable(-300.0)]
    rows += [stable(5_000.0, Asset="USDC", Locked="yes")]
    said = paid(plan_of(rows), "USDT")
    assert said.startswith("300.00 is paid first: 10.00 of 300.00; 290.00 is still owed: ")
    assert "5,000.00 of USDC is locked" in said


def test_record_pays_a_debt_first() -> None:
    """SOL's 1,000 pay the debt of 300 before they fill what USDC lacks, whatever its Priority."""
    rows = [
        spot("BTC", 6_000.0, 0.6, 0.1),
        spot("SOL", 1_000.0, 0.0),
        stable(-300.0),
        stable(2_000.0, 0.4, Asset="USDC", Priority=1),
    ]
    book = workbook(rows)
    actions.rebalance(book)
    actions.record(book)
    header, *after = book.tables["Portfolio"]
    place = header.index("Quantity")
    assert [row[place] for row in after[2:]] == [approx(0.0), approx(2_700.0)]


# --- typed totals ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Total", "TOTAL:", " sum ", "Gesamt", "Grand Total", "Book value"])
def test_a_last_row_that_calls_itself_a_total_is_refused(name: str) -> None:
    """In any letters, with its cell and the advice to use the table's own total row."""
    rows = [{"Asset": "BTC", "Value": 5_000.0, "Target": 0.9}, {"Asset": name, "Value": 4_999.0}]
    with pytest.raises(BookError, match=r"Portfolio!A3: .* switch on the table's own total row \(Table Design, Total"):
        actions.plan(as_values(rows, ["Asset", "Value", "Target"]))
    actions.plan(as_values(rows[::-1], ["Asset", "Value", "Target"]))


def test_a_value_that_is_the_sum_of_the_others_is_a_total_only_where_nothing_speaks_against_it() -> None:
    """Not with units, a price or a target of its own, and not where there is one other row."""
    columns = ["Asset", "Quantity", "Price", "Value", "Target"]
    rows: list[dict[str, Any]] = [
        {"Asset": "BTC", "Quantity": 0.1, "Price": 50_000.0, "Target": 0.5},
        {"Asset": "ETH", "Value": 3_000.0},
        {"Asset": "all", "Value": 8_000.0},
    ]
    with pytest.raises(BookError, match="the Value of all looks like a total"):
        actions.plan(as_values(rows, columns))
    for cells in ({"Quantity": 80.0, "Price": 100.0}, {"Price": 100.0}, {"Quantity": 8.0}, {"Target": 0.4}):
        actions.plan(as_values([*rows[:2], rows[2] | cells], columns))
    actions.plan(as_values([rows[1], {"Asset": "SOL", "Value": 3_000.0}], columns))


def test_a_text_where_a_number_belongs_is_refused() -> None:
    """A word is no 0."""
    with pytest.raises(BookError, match=r'Portfolio!E2: Portfolio\[Quantity\] holds the text "many" where a number'):
        plan_of([unit("BTC", 1.0, 10.0, 0.5) | {"Quantity": "many"}])


# --- liquidated and expired ------------------------------------------------------------------------------------

GONE: dict[str, Any] = {"Quantity": 2.0, "EntryPrice": 3_500.0, "Margin": 700.0}
BTC = spot("BTC", 9_000.0, 0.9, 0.9)


def test_a_cross_position_may_be_worth_less_than_0() -> None:
    """Its account pays the loss; an isolated one loses its margin at most."""
    row = perpetual("ETHUSDT", "ETH", "long", 3_000.0, **GONE)
    isolated = plan_of([BTC], [row])
    assert isolated.totals.value == approx(9_000.0)
    assert line(isolated, "ETHUSDT").reason.startswith("LIQUIDATED")
    assert plan_of([BTC], [row | {"MarginMode": "cross"}]).totals.value == approx(9_000.0 + 700.0 - 1_000.0)


def test_a_liquidated_position_is_left_as_it_is() -> None:
    """Neither closed by a target of 0 or an EXIT, nor given margin, nor counted in the net delta; a warning says it."""
    row = perpetual("ETHUSDT", "ETH", "long", 3_000.0, Venue="binance", **GONE)
    for cells in ({"Target": 0.0}, {"Target": 0.3}, {}):
        plan = plan_of(
            [BTC, stable(900.0, 0.05)],
            [row | cells],
            {"MarginTopUp": 0.3},
            [{"Scope": "ETH", "Action": "EXIT", "Start": DAY}] if not cells else [],
        )
        assert "ETHUSDT" not in amounts(plan)
        assert line(plan, "ETHUSDT").reason.startswith(
            "LIQUIDATED: the mark has passed its liquidation price; it counts 0"
        )
        assert plan.deltas == ()
        warning = "ETHUSDT has passed its liquidation price: it counts 0 and hedges nothing; correct its row"
        assert warning in plan.warnings


def test_a_row_without_units_is_not_liquidated() -> None:
    """A wanted row with margin 0 has no loss to be eaten by."""
    row = perpetual("ETHUSDT", "ETH", "long", 100.0, Target=0.05, Margin=0.0)
    plan = plan_of([spot("BTC", 9_500.0, 0.5, 0.05)], [row])
    assert line(plan, "ETHUSDT").action == "OPEN LONG"


def test_margin_may_be_added_to_a_margin_below_0() -> None:
    """Funding took more than was posted; near its liquidation MarginTopUp adds, and nothing is opened in that plan."""
    row = perpetual(
        "BTCUSDT", "BTC", "long", 200.0, Venue="binance", Quantity=10.0, EntryPrice=190.0, Margin=-50.0, Target=0.2
    )
    plan = plan_of([spot("ETH", 9_000.0, 0.7, 0.5), stable(1_000.0, 0.0)], [row], {"MarginTopUp": 0.1})
    assert [each.action for each in plan.trades if each.asset == "BTCUSDT"] == ["ADD MARGIN"]
    assert line(plan, "BTCUSDT").amount > 100.0


EXPIRED: dict[str, Any] = {"Quantity": 10.0, "EntryPrice": 90.0, "Margin": 500.0, "Expiry": DAY - dt.timedelta(days=1)}


def test_an_expired_contract_is_settled_whatever_forbids_trading() -> None:
    """A HOLD or a venue without futures keeps no contract that is no more; on its last day it still is one."""
    row = perpetual("ETHUSDT_Q", "ETH", "long", 100.0, Venue="a", **EXPIRED)
    event = {"Scope": "ETH", "Action": "HOLD", "Start": DAY}
    for more in ({}, {"events": [event]}, {"venues": [{"Venue": "a", "Products": "spot"}]}):
        plan = plan_of([BTC], [row], **more)
        assert amounts(plan) == {"ETHUSDT_Q": ("CLOSE", approx(600.0))}
        assert any("ETHUSDT_Q expired on 2026-09-29: it is closed at its mark" in each for each in plan.warnings)
    assert plan_of([BTC], [row | {"Expiry": DAY}]).nothing_to_do


def test_an_expired_contract_waits_for_the_end_of_the_cooldown() -> None:
    """Only events act in it."""
    row = perpetual("ETHUSDT_Q", "ETH", "long", 100.0, **EXPIRED)
    book = workbook([BTC], [row], {"Cooldown": 5.0})
    header = book.tables["Journal"][0]
    done = {"Date": DAY - dt.timedelta(days=2), "Entry": "EXECUTION", "Sold": 1.0}
    book.tables["Journal"].append([done.get(name) for name in header])
    assert "cooldown" in actions.plan(book).trigger.reasons[0]


@pytest.mark.parametrize("wanted", [{"Target": 0.1}, {"HedgeRatio": 0.5, "Side": "short", "Asset": "BTC"}])
def test_nothing_is_opened_in_an_expired_contract(wanted: dict[str, Any]) -> None:
    """Neither for its target nor as a hedge, at another row's trigger; its line and a warning say why."""
    row = perpetual("ETHUSDT_Q", "ETH", "long", 100.0, Expiry=DAY - dt.timedelta(days=1)) | wanted
    plan = plan_of([spot("BTC", 7_000.0, 0.6, 0.05), stable(3_000.0, 0.1)], [row])
    assert list(amounts(plan)) == ["BTC"]
    assert "it expired on 2026-09-29" in line(plan, "ETHUSDT_Q").reason
    assert any("nothing is opened in it" in each for each in plan.warnings)


@pytest.mark.parametrize("text", ["5000", " 5,000 ", "50%", "-"])
def test_a_number_stored_as_text_is_an_error_in_a_function(text: str) -> None:
    """In the first row as well: only a word is the heading of a range, and no row is dropped."""
    answer = FUNCTIONS["WEIGHT"].call([[text], [3_000.0], [1_000.0]])
    assert [row[0].code for row in answer] == ["#VALUE!"] * 3
    assert FUNCTIONS["WEIGHT"].call([["Value"], [3_000.0], [1_000.0]]) == [[0.75], [0.25]]
