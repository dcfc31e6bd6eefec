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
from rebalance_xl.hosts.file import FileWorkbook
from tests.book.books import DAY, amounts, line, perpetual, plan_of, spot, stable, workbook

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


@pytest.mark.parametrize("table", [name for name in schema.TABLES if name != "Plan"])
def test_what_is_typed_directly_under_a_table_is_warned_of(table: str, tmp_path: Path) -> None:
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
