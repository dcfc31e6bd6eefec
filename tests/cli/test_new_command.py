"""`rebalance-xl new`: a book to start with, in three formats."""

from __future__ import annotations

import datetime as dt
import os
import platform
import warnings
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from rebalance_xl.recalc.workbook import recalculate

from .conftest import Run


def opened(path: Path) -> Any:
    """Read a book's values with openpyxl, which remarks on parts that it does not know."""
    with warnings.catch_warnings(action="ignore"):
        return openpyxl.load_workbook(path, data_only=True)


def test_a_workbook_without_macros(run: Run, tmp_path: Path) -> None:
    """An .xlsx has no macros, no ribbon and no button that would call one, and every formula has its value."""
    path = tmp_path / "Book.xlsx"
    answer = run("new", path)
    assert (answer.code, answer.err) == (0, "")
    with zipfile.ZipFile(path) as package:
        names = package.namelist()
        everything = b"".join(package.read(name) for name in names)
    assert not [name for name in names if "vba" in name.lower() and name.endswith(".bin")]
    assert not [name for name in names if name.startswith("customUI")]
    assert b"FmlaMacro" not in everything
    assert b"macroEnabled" not in everything
    report = recalculate(path, check=True)
    assert (report.stale, report.errors, report.unknown_functions) == (False, 0, [])
    assert run("check", path).code == 0


def test_a_new_book_means_today_unless_it_is_asked_to_be_fixed(run: Run, tmp_path: Path) -> None:
    """AsOf is blank; with --as-of it is that day."""
    for words, day in (((), None), (("--as-of", "2026-11-22"), dt.datetime(2026, 11, 22))):
        path = tmp_path / f"Book{len(words)}.xlsm"
        assert run("new", path, *words).code == 0
        book = opened(path)
        (name,) = [each for each in book.defined_names.values() if each.name == "AsOf"]
        sheet, cell = name.value.replace("$", "").split("!")
        assert book[sheet][cell].value == day


def test_an_empty_book(run: Run, tmp_path: Path) -> None:
    """Every table of the example has one blank row; nothing is left of what it gave, and nothing is an error."""
    path = tmp_path / "Book.xlsx"
    assert run("new", path, "--empty").code == 0
    book = opened(path)
    areas = {table.name: table.ref for sheet in book for table in sheet.tables.values()}
    assert areas["Portfolio"].endswith("5")
    assert areas["Prices"].endswith("5")
    cells = [
        (sheet.title, cell.coordinate, cell.value)
        for sheet in book
        if sheet.title not in ("Functions", "xlwings.conf", "Settings", "Venues")
        for row in sheet.iter_rows(min_row=5)
        for cell in row
        if cell.value not in (None, "", 0)
    ]
    assert not [cell for cell in cells if str(cell[2]).startswith("#")]
    assert {sheet for sheet, _, _ in cells} <= {"Dashboard", "Prices", "Review", "Stress"}
    assert (book["Dashboard"]["B24"].value, book["Dashboard"]["K24"].value) == ("No assets", "No positions")
    refused = run("plan", path)
    assert refused.code == 1
    assert "no holdings" in refused.err


@pytest.mark.parametrize("name", ["Book.xls", "Book"])
def test_another_format_is_refused(run: Run, tmp_path: Path, name: str) -> None:
    """The endings that are possible are named."""
    answer = run("new", tmp_path / name)
    assert answer.code == 2
    assert ".xlsm" in answer.err
    assert ".ods" in answer.err


def test_an_existing_file_stays(run: Run, tmp_path: Path) -> None:
    """Only --force replaces it."""
    path = tmp_path / "Book.xlsx"
    path.write_text("mine")
    assert run("new", path).code == 1
    assert path.read_text() == "mine"
    assert run("new", path, "--force").code == 0


def test_inputs_before_a_plan(run: Run, tmp_path: Path) -> None:
    """`plan --set` and `--prices` plan as if the inputs stood in the book, and leave it alone."""
    path, prices = tmp_path / "Book.xlsx", tmp_path / "prices.csv"
    run("new", path, "--as-of", "2026-11-20")
    before = path.read_bytes()
    assert "1,600.00" in run("plan", path).out
    prices.write_text("Asset,Price\nSOL,80\n", "utf-8")
    halved = run("plan", path, "--prices", prices)
    assert halved.code == 0
    assert "1,600.00" not in halved.out
    assert "midpoint" not in run("plan", path, "--set", "TrimTo = midpoint").err
    assert "1,600.00" not in run("plan", path, "--set", "TrimTo = midpoint").out
    wrong = run("plan", path, "--set", "TrimTo")
    assert wrong.code == 2
    assert path.read_bytes() == before


def test_record_names_assets(run: Run, tmp_path: Path) -> None:
    """What was recorded is said by asset and symbol, not by row."""
    path = tmp_path / "Book.xlsx"
    run("new", path, "--as-of", "2026-11-20")
    assert run("plan", path, "--write").code == 0
    answer = run("record", path)
    assert answer.code == 0
    said = [line.partition(":")[0] for line in answer.out.splitlines()]
    assert {"BTC", "ETH", "SOL", "ETHUSDT long"} <= set(said)


def test_a_workbook_without_tables_is_told_how_to_make_one(run: Run, tmp_path: Path) -> None:
    """Check says what a table is, in Excel, LibreOffice and Python."""
    path = tmp_path / "plain.xlsx"
    book = openpyxl.Workbook()
    book.active.append(["Asset", "Quantity", "Price"])
    book.save(path)
    answer = run("check", path, "--json")
    assert answer.code == 1
    for words in ("Ctrl+T", "Define Range", "openpyxl", "rebalance-xl new"):
        assert words in answer.out


def test_a_book_from_an_export(run: Run, tmp_path: Path) -> None:
    """The holdings of a file are the rows of the new book; the example is gone."""
    export, path = tmp_path / "balances.csv", tmp_path / "Book.xlsx"
    export.write_text("Asset,Quantity,Price,Venue\nBTC,0.5,60000,binance\nUSDT,1000,1,binance\n", "utf-8")
    answer = run("new", path, "--from", export)
    assert (answer.code, answer.err) == (0, "")
    sheet = opened(path)["Portfolio"]
    rows = {row[0]: row for row in sheet.iter_rows(min_row=5, max_col=12, values_only=True) if row[0]}
    assert set(rows) == {"BTC", "USDT"}
    assert rows["BTC"][4] == 0.5
    missing = run("new", tmp_path / "Other.xlsx", "--from", tmp_path / "nowhere.csv")
    assert missing.code == 1
    assert not (tmp_path / "Other.xlsx").exists()


@pytest.mark.skipif(os.name != "posix", reason="leftovers are told by their locks, which Windows has not")
def test_what_a_killed_run_left_is_cleared(run: Run, tmp_path: Path) -> None:
    """Half a book that a killed run left goes when a new one is written, and nothing else lies beside that."""
    (tmp_path / f".rebalance-{platform.node()}-1-abc.xlsx").write_bytes(b"half")
    path = tmp_path / "Book.xlsx"
    assert run("new", path).code == 0
    assert list(tmp_path.iterdir()) == [path]
