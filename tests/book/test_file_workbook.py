"""The workbook file as a book: read from cached values, written losslessly and all at once."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter

from rebalance_xl.book import actions
from rebalance_xl.book.model import read_book
from rebalance_xl.book.problems import BookError
from rebalance_xl.book.schema import JOURNAL, PLAN
from rebalance_xl.cells import MISSING
from rebalance_xl.hosts.file import FileWorkbook
from tests.book.books import ETH_MARGIN, FUTURES, amounts, example

DAY = dt.date(2026, 9, 30)
PORTFOLIO = ("Asset", "Kind", "Venue", "Quantity", "Price", "Value", "CostBasis", "Target", "Band", "Priority")


def write_file(
    path: Path,
    names: Mapping[str, Any] | None = None,
    portfolio: Sequence[Mapping[str, Any]] | None = None,
    below_plan: str = "",
    leave_out: str = "",
    rename: str = "Portfolio",
    date_1904: bool = False,
) -> Path:
    """Write the practical example as a user's file: a calculated Value column, formats, a chart, a comment."""
    book = xlsxwriter.Workbook(path, {"default_date_format": "yyyy-mm-dd", "date_1904": date_1904})
    money = book.add_format({"num_format": "#,##0.00"})
    sheet = book.add_worksheet("Portfolio")
    rows = list(portfolio or example())
    columns: list[dict[str, Any]] = [{"header": title} for title in PORTFOLIO]
    columns[5] |= {"formula": "=[@Quantity]*[@Price]", "format": money}
    sheet.add_table(2, 1, 2 + len(rows), len(PORTFOLIO), {"name": rename, "columns": columns})
    for number, row in enumerate(rows, 3):
        for place, title in enumerate(PORTFOLIO, 1):
            if title == "Value":
                value = (row["Quantity"] or 0) * (row["Price"] or 0)
                sheet.write_formula(
                    number, place, f"={rename}[[#This Row],[Quantity]]*{rename}[[#This Row],[Price]]", money, value
                )
            elif row.get(title) is not None:
                sheet.write(number, place, row[title], money if title == "Quantity" else None)
    sheet.write_comment("A1", "mine")
    chart = book.add_chart({"type": "pie"})
    chart.add_series({"values": "=Portfolio!$G$4:$G$6"})
    sheet.insert_chart("M2", chart)
    futures = book.add_worksheet("Futures")
    futures.add_table(
        0,
        0,
        1,
        len(FUTURES) - 1,
        {"name": "Futures", "columns": [{"header": title} for title in FUTURES], "data": [[]]},
    )
    for place, title in enumerate(FUTURES):
        if ETH_MARGIN.get(title) is not None:
            futures.write(1, place, ETH_MARGIN[title])
    for table in (PLAN, JOURNAL):
        if table.name != leave_out:
            headers = [{"header": column.name} for column in table.columns]
            target = book.add_worksheet(table.name)
            target.add_table(0, 0, 1, len(headers) - 1, {"name": table.name, "columns": headers})
            if table is JOURNAL:
                target.write_blank(1, 0, None, book.add_format({"num_format": "yyyy-mm-dd"}))
            elif below_plan:
                target.write(3, 0, below_plan)
    settings = book.add_worksheet("Settings")
    given = {"AsOf": DAY, "LastReview": dt.date(2026, 8, 1), "TrimTo": "target", "MinTrade": 10} | dict(names or {})
    for number, (name, value) in enumerate(given.items()):
        settings.write(number, 0, name)
        if isinstance(value, str) and value.startswith("="):
            settings.write_formula(number, 1, value, None, 46200)
        elif value is not None:
            settings.write(number, 1, value)
        book.define_name(name, f"=Settings!$B${number + 1}")
    book.define_name("Cooldown", "=2")
    book.define_name("Settings!DeployMethod", '="priority"')
    book.define_name("BuyScope", "=Settings!$A$1:$B$2" if names and "wide" in names else '="underweight"')
    book.close()
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write_file(tmp_path / "book.xlsx")


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {info.filename: archive.read(info) for info in archive.infolist()}


def rows_of(path: Path, sheet: str) -> list[tuple[Any, ...]]:
    workbook = openpyxl.load_workbook(path, data_only=True)
    found = [row for row in workbook[sheet].iter_rows(values_only=True) if any(cell is not None for cell in row)]
    workbook.close()
    return found


def test_tables_names_and_addresses_are_read(file: Path) -> None:
    """Tables anywhere on a sheet, names in any case, constants as names."""
    port = FileWorkbook.open(file)
    table = port.read_table("PORTFOLIO")
    assert table is not None
    assert table.headers == PORTFOLIO
    assert table.rows[2][:6] == ("SOL", None, None, 20.0, 200.0, 4000.0)
    assert table.address(2, "Price") == "Portfolio!F6"
    assert sorted(port.table_names()) == ["Futures", "Journal", "Plan", "Portfolio"]
    assert port.read_name("trimto") == "target"
    assert port.read_name("Cooldown") == 2.0
    assert port.read_name("DeployMethod") == "priority"
    assert port.read_name("Nothing") is MISSING
    assert port.name_address("MinTrade") == "Settings!B4"
    assert port.read_table("Nothing") is None


def test_the_book_is_the_one_in_memory(file: Path) -> None:
    """The plan of a file is the plan of its tables."""
    plan = actions.plan(FileWorkbook.open(file))
    assert amounts(plan) == {
        "SOL": ("SELL", 1600.0),
        "BTC": ("BUY", 400.0),
        "ETH": ("BUY", 600.0),
        "ETHUSDT": ("OPEN LONG", 600.0),
    }


def test_rebalance_writes_plan_and_journal_and_nothing_else(file: Path) -> None:
    """Only the sheets and table ranges of Plan and Journal change; every other part is the same byte for byte."""
    before = members(file)
    port = FileWorkbook.open(file)
    actions.rebalance(port)
    port_changed = {name for name, content in members(file).items() if before.get(name) != content}
    assert before.keys() == members(file).keys()
    assert port_changed == {
        "xl/worksheets/sheet3.xml",
        "xl/worksheets/sheet4.xml",
        "xl/tables/table3.xml",
    }
    plan = rows_of(file, "Plan")
    assert plan[0] == tuple(column.name for column in PLAN.columns)
    assert plan[1][:4] == ("SOL", "SELL", 1600, 8)
    assert [row[:3] for row in plan if row[1] == "CHECK"] == [("Money", "CHECK", 0)]
    journal = rows_of(file, "Journal")
    assert journal[1][:3] == (dt.datetime(2026, 9, 30), "PLAN", "THRESHOLD")
    table = openpyxl.load_workbook(file)["Plan"].tables["Plan"]
    assert table.ref == f"A1:P{len(plan)}"
    assert table.autoFilter.ref == table.ref


def test_a_second_plan_replaces_the_first(file: Path) -> None:
    """Writing a plan twice leaves one plan and two Journal rows."""
    actions.rebalance(FileWorkbook.open(file))
    first = rows_of(file, "Plan")
    actions.rebalance(FileWorkbook.open(file))
    assert rows_of(file, "Plan") == first
    assert [row[1] for row in rows_of(file, "Journal")] == ["Entry", "PLAN", "PLAN"]


def test_record_then_nothing_to_do(file: Path) -> None:
    """Recording changes Portfolio, Futures, LastReview and Journal; the next plan is empty and says why."""
    actions.rebalance(FileWorkbook.open(file))
    actions.record(FileWorkbook.open(file))
    port = FileWorkbook.open(file)
    table = port.read_table("Portfolio")
    assert table is not None
    quantity = table.column("Quantity")
    cost = table.column("CostBasis")
    assert quantity is not None
    assert cost is not None
    assert [row[quantity] for row in table.rows] == [0.108, 1.8, 12.0]
    assert [row[cost] for row in table.rows] == [5400.0, 3600.0, 1200.0]
    assert all(port.is_formula("Portfolio", row, "Value") for row in range(3))
    assert port.read_name("LastReview") == 46235.0  # no review was due
    plan = actions.plan(port)
    assert plan.nothing_to_do
    assert plan.trigger.kind == "NONE"
    with pytest.raises(BookError, match="nothing to record"):
        actions.record(port)


def test_money_without_a_stablecoin_row_gets_one_with_its_formula(tmp_path: Path) -> None:
    """A new Portfolio row continues the calculated column and the formats of the rows above."""
    path = write_file(tmp_path / "book.xlsx", {"FuturesShare": 0}, example((0.4, 0.3, 0.2)))
    futures = FileWorkbook.open(path)
    futures.set_cells("Futures", 0, {"Target": None})
    futures.commit()
    actions.rebalance(FileWorkbook.open(path))
    actions.record(FileWorkbook.open(path))
    port = FileWorkbook.open(path)
    table = port.read_table("Portfolio")
    assert table is not None
    assert table.rows[3][:5] == ("USDT", "stable", None, 1000.0, 1.0)
    assert port.is_formula("Portfolio", 3, "Value")
    sheet = openpyxl.load_workbook(path)["Portfolio"]
    assert sheet["G7"].value == "=Portfolio[[#This Row],[Quantity]]*Portfolio[[#This Row],[Price]]"
    assert sheet["G7"].number_format == sheet["E7"].number_format == "#,##0.00"
    assert sheet.tables["Portfolio"].ref == "B3:K7"
    assert actions.plan(port).nothing_to_do


def test_cells_below_a_table_are_never_overwritten(tmp_path: Path) -> None:
    """A table that cannot grow is refused with the cell in its way; the file stays as it was."""
    path = write_file(tmp_path / "book.xlsx", below_plan="my notes")
    before = path.read_bytes()
    with pytest.raises(BookError, match=r"Plan!A4.*in use"):
        actions.rebalance(FileWorkbook.open(path))
    assert path.read_bytes() == before


@pytest.mark.parametrize("table", ["Plan", "Journal"])
def test_a_missing_sheet_is_refused_without_a_partial_write(tmp_path: Path, table: str) -> None:
    """Without Plan or Journal nothing at all is written."""
    path = write_file(tmp_path / "book.xlsx", leave_out=table)
    before = path.read_bytes()
    with pytest.raises(BookError, match=f"no table {table}"):
        actions.rebalance(FileWorkbook.open(path))
    assert path.read_bytes() == before


def test_a_formula_is_never_overwritten(tmp_path: Path) -> None:
    """A LastReview that is a formula makes Record refuse, and nothing is written."""
    path = write_file(tmp_path / "book.xlsx", {"LastReview": "=TODAY()-40", "ReviewFrequency": "monthly"})
    actions.rebalance(FileWorkbook.open(path))
    before = path.read_bytes()
    with pytest.raises(BookError, match=r"Settings!B2.*is a formula"):
        actions.record(FileWorkbook.open(path))
    assert path.read_bytes() == before


def test_a_renamed_table_is_named(tmp_path: Path) -> None:
    """A Portfolio table under another name is recognised by its columns."""
    path = write_file(tmp_path / "book.xlsx", rename="Holdings")
    with pytest.raises(BookError, match=r'"Holdings".*did you mean "Portfolio"'):
        actions.rebalance(FileWorkbook.open(path))


def test_output_elsewhere_leaves_the_input(file: Path, tmp_path: Path) -> None:
    """With an output the file itself is not touched."""
    before = file.read_bytes()
    out = tmp_path / "out.xlsx"
    actions.rebalance(FileWorkbook.open(file, out))
    assert file.read_bytes() == before
    assert rows_of(out, "Plan")[1][0] == "SOL"


def test_bytes_in_bytes_out(file: Path) -> None:
    """A book in memory gives its new content as bytes; without a write they are the old ones."""
    port = FileWorkbook.from_bytes(file.read_bytes())
    assert port.content() == file.read_bytes()
    actions.rebalance(port)
    written = openpyxl.load_workbook(io.BytesIO(port.content()))
    assert written["Plan"]["A2"].value == "SOL"


def test_dates_of_a_1904_book(tmp_path: Path) -> None:
    """In a 1904 book dates are read and written in its own system."""
    path = write_file(tmp_path / "book.xlsx", date_1904=True)
    book = read_book(FileWorkbook.open(path))
    assert book.as_of == 46295.0
    actions.rebalance(FileWorkbook.open(path))
    assert rows_of(path, "Journal")[1][0] == dt.datetime(2026, 9, 30)


def test_values_read_back_before_they_are_saved(file: Path) -> None:
    """What was written is seen by the next read of the same workbook."""
    port = FileWorkbook.open(file)
    port.set_cells("Portfolio", 0, {"Price": 60_000.0})
    port.append_row("Journal", {"Date": DAY, "Entry": "PLAN"})
    port.append_row("Journal", {"Date": DAY, "Entry": "EXECUTION"})
    portfolio, journal = port.read_table("Portfolio"), port.read_table("Journal")
    assert portfolio is not None
    assert journal is not None
    assert portfolio.rows[0][4] == 60_000.0
    assert [row[1] for row in journal.rows] == ["PLAN", "EXECUTION"]


def test_a_name_of_several_cells_is_no_setting(tmp_path: Path) -> None:
    """A setting is one cell; anything else is said with the name."""
    path = write_file(tmp_path / "book.xlsx", {"wide": 1})
    with pytest.raises(BookError, match="the name BuyScope does not stand for one cell"):
        actions.plan(FileWorkbook.open(path))
