"""The workbook interface on a live Excel, through xlwings' own classes."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from rebalance_xl.book.problems import BookError
from rebalance_xl.cells import MISSING, CellError
from rebalance_xl.expressions import Reference
from rebalance_xl.hosts.excel_book import ExcelWorkbook, to_cell

from .engine import Name, open_book

TABLE = [["Asset", "Value"], ["BTC", 5000.0], ["ETH", None], ["SOL", CellError("#N/A")]]


def test_table_is_read_with_its_place() -> None:
    """Headers, rows with blanks and errors, sheet and corner."""
    book, _ = open_book({"Portfolio": TABLE})
    table = ExcelWorkbook(book).read_table("portfolio")
    assert table is not None
    assert (table.name, table.headers, table.sheet, table.top, table.left) == (
        "Portfolio",
        ("Asset", "Value"),
        "Portfolio",
        3,
        2,
    )
    assert table.rows == (("BTC", 5000.0), ("ETH", None), ("SOL", CellError("#N/A")))
    assert table.address(1, "Value") == "Portfolio!C5"


def test_table_that_is_not_there() -> None:
    """No such table is None, and so is one whose header row is hidden."""
    book, behind = open_book({"Portfolio": TABLE})
    assert ExcelWorkbook(book).read_table("Futures") is None
    behind.sheet("Portfolio").tables[0].show_headers = False
    assert ExcelWorkbook(book).read_table("Portfolio") is None


def test_table_of_one_cell() -> None:
    """A table of one column and one row is still rows."""
    book, _ = open_book({"Prices": [["BTC"], [5.0]]})
    table = ExcelWorkbook(book).read_table("Prices")
    assert table is not None
    assert (table.headers, table.rows) == (("BTC",), ((5.0,),))


def test_names() -> None:
    """Named cells, constants, broken names; any spelling."""
    book, behind = open_book({}, {"TrimTo": "edge", "MinTrade": None, "AsOf": dt.date(2026, 9, 30)})
    behind.names.held += [Name("Fee", None, "=0.001"), Name("Label", None, '="a"'), Name("Lost", None, "=#REF!")]
    behind.names.held.append(Name("Odd", None, "=OFFSET(A1,1,1)*2"))
    workbook = ExcelWorkbook(book)
    read = [workbook.read_name(name) for name in ("trimto", "MinTrade", "AsOf", "Fee", "Label", "Lost", "Odd", "None")]
    assert read == ["edge", None, 46295.0, 0.001, "a", CellError("#REF!"), CellError("#REF!"), MISSING]
    assert workbook.names() == ["TrimTo", "MinTrade", "AsOf", "Fee", "Label", "Lost", "Odd"]
    assert (workbook.name_address("TRIMTO"), workbook.name_address("Fee")) == ("Settings!C4", "Fee")


@pytest.mark.parametrize(
    "reference, expected",
    [
        ("Portfolio[Value]", [[5000.0], [None], [CellError("#N/A")]]),
        ("portfolio[value]", [[5000.0], [None], [CellError("#N/A")]]),
        ("Portfolio[#All]", [["Asset", "Value"], ["BTC", 5000.0], ["ETH", None], ["SOL", CellError("#N/A")]]),
        ("Portfolio[Target]", MISSING),
        ("Futures[Value]", MISSING),
        ("TrimTo", "edge"),
        ("MinTrade", MISSING),
        ("Cooldown", MISSING),
    ],
)
def test_lookup(reference: str, expected: Any) -> None:
    """What a worksheet call without arguments finds; a setting left blank is not used."""
    book, _ = open_book({"Portfolio": TABLE}, {"TrimTo": "edge", "MinTrade": None})
    assert ExcelWorkbook(book).lookup(Reference(reference)) == expected


def test_writes_wait_for_commit() -> None:
    """Nothing reaches the cells before commit, but reading sees it."""
    book, behind = open_book({"Portfolio": TABLE}, {"LastReview": None})
    workbook = ExcelWorkbook(book)
    workbook.set_cells("Portfolio", 1, {"Value": 7.0})
    workbook.write_name("lastreview", 46000.0)
    table = workbook.read_table("Portfolio")
    assert table is not None
    assert table.rows[1] == ("ETH", 7.0)
    assert workbook.read_name("LastReview") == 46000.0
    assert behind.writes == 0
    workbook.commit()
    assert behind.rows("Portfolio")[2] == ["ETH", 7.0]
    assert behind.sheet("Settings").cells_held[4, 3] == 46000.0
    assert behind.writes == 2


def test_cells_that_nobody_wrote_keep_their_formulas() -> None:
    """Writing the quantity of a row leaves the formula beside it."""
    book, behind = open_book({"Portfolio": [["Asset", "Quantity", "Value"], ["BTC", 1.0, "=[@Quantity]*10"]]})
    workbook = ExcelWorkbook(book)
    assert workbook.is_formula("Portfolio", 0, "Value")
    assert not workbook.is_formula("Portfolio", 0, "Quantity")
    assert not workbook.is_formula("Portfolio", 3, "Value")
    workbook.set_cells("Portfolio", 0, {"Quantity": 2.0})
    workbook.append_row("Portfolio", {"Asset": "ETH", "Unknown": 1.0})
    workbook.commit()
    sheet = behind.sheet("Portfolio")
    assert [sheet.cells_held.get((4, column)) for column in (2, 3, 4)] == ["BTC", 2.0, "=[@Quantity]*10"]
    assert (sheet.cells_held[5, 2], (5, 4) in sheet.cells_held) == ("ETH", False)


@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_table_is_replaced(count: int) -> None:
    """Rows are replaced, the table grows and shrinks, columns are matched by header."""
    book, behind = open_book({"Plan": [["Asset", "Action", "Amount"], ["A", "HOLD", 1.0], ["B", "HOLD", 2.0]]})
    workbook = ExcelWorkbook(book)
    rows = [[float(number), f"asset {number}", "ignored"] for number in range(count)]
    workbook.write_table("plan", ["Amount", "Asset", "Other"], rows)
    workbook.commit()
    expected = [[f"asset {number}", None, float(number)] for number in range(count)] or [[None] * 3]
    assert behind.rows("Plan") == [["Asset", "Action", "Amount"], *expected]
    below = [behind.sheet("Plan").shown((4 + row, 2)) for row in range(count, 6)]
    assert below == [None] * (6 - count)


def test_rows_are_appended() -> None:
    """The first goes into the blank row of an empty table, the next ones below."""
    book, behind = open_book({"Journal": [["Date", "Reason"]]})
    workbook = ExcelWorkbook(book)
    workbook.append_row("Journal", {"date": 46000.0})
    workbook.commit()
    workbook.append_row("Journal", {"Date": 46001.0, "Reason": "time"})
    workbook.append_row("Journal", {"Date": 46002.0})
    workbook.commit()
    assert behind.rows("Journal") == [["Date", "Reason"], [46000.0, None], [46001.0, "time"], [46002.0, None]]


def test_totals_row_moves_down() -> None:
    """A table with a totals row grows and shows it again."""
    book, behind = open_book({"Plan": [["Asset", "Amount"], ["A", 1.0]]})
    table = behind.sheet("Plan").tables[0]
    workbook = ExcelWorkbook(book)
    workbook.append_row("Plan", {"Asset": "B"})
    table.show_totals = True
    workbook.commit()
    assert table.show_totals is True
    assert table.range.shape == (3, 2)


def test_no_room_below_a_table() -> None:
    """A table that would grow into used cells is refused by name, before anything is written."""
    book, behind = open_book({"Plan": [["Asset", "Amount"], ["A", 1.0]], "Portfolio": TABLE})
    behind.sheet("Plan").cells_held[6, 3] = "a note"
    workbook = ExcelWorkbook(book)
    workbook.set_cells("Portfolio", 0, {"Value": 1.0})
    workbook.write_table("Plan", ["Asset"], [["A"], ["B"], ["C"]])
    with pytest.raises(BookError, match=r"The table Plan needs 2 more rows, but Plan!C6 below it is in use"):
        workbook.commit()
    assert behind.writes == 0


@pytest.mark.parametrize(
    "write, message",
    [
        (lambda book: book.write_name("Nowhere", 1.0), "no cell named Nowhere"),
        (lambda book: book.write_table("Plan", ["A"], []), "no table Plan"),
        (lambda book: book.append_row("Plan", {}), "no table Plan"),
        (lambda book: book.set_cells("Portfolio", 9, {"Value": 1.0}), "Portfolio has no row 10"),
        (lambda book: book.set_cells("Portfolio", 0, {"Worth": 1.0}), "Portfolio has no column Worth"),
    ],
)
def test_what_cannot_be_written(write: Any, message: str) -> None:
    """A write to something that is not there is refused by name."""
    book, behind = open_book({"Portfolio": TABLE})
    with pytest.raises(BookError, match=message):
        write(ExcelWorkbook(book))
    assert behind.writes == 0


@pytest.mark.parametrize(
    "text",
    ["BTC", "SEP1", "1INCH", "1/2", "-5 % of it", "=1+1", "+1", "@Home", "TRUE", "0x", "12", "1e5", "'quoted", "#N/A",
     "HOLD: weight 50.00 % is above", "Mar 5", "a\nb", "10,000"],
)  # fmt: skip
def test_text_stays_text(text: str) -> None:
    """No text becomes a number, a date, a truth value, an error or a formula when it is written."""
    book, behind = open_book({"Plan": [["Asset", "Amount"], ["A", 1.0]]})
    workbook = ExcelWorkbook(book)
    workbook.set_cells("Plan", 0, {"Asset": text})
    workbook.commit()
    assert behind.rows("Plan")[1][0] == text


def test_error_values_and_dates_are_written_as_such() -> None:
    """An error is an error in the cell, a date is a date."""
    assert to_cell(CellError("#N/A")) == "#N/A"
    assert to_cell(dt.date(2026, 9, 30)) == dt.datetime(2026, 9, 30)
    assert to_cell(1.5) == 1.5
    assert to_cell(None) is None
