"""The buttons through RunPython's way: xlwings' Windows engine on a workbook that is served over COM."""

from __future__ import annotations

import datetime as dt
from typing import Any

from rebalance_xl.book import actions
from rebalance_xl.book.memory import MemoryWorkbook
from rebalance_xl.cells import to_serial
from tests.book.books import ETH_MARGIN, example, workbook

from .wine_session import WineSession


def book_of_the_example() -> MemoryWorkbook:
    """Return the practical example with its futures row."""
    return workbook(example(), [ETH_MARGIN])


def opened(excel: WineSession, memory: MemoryWorkbook) -> None:
    """Open a workbook in the Excel that is not there."""
    excel.open_workbook(memory.tables, memory.settings)


def plain(rows: list[list[Any]]) -> list[list[Any]]:
    """Return cells in a form in which hosts agree: dates as serial numbers, blank texts as blanks."""

    def cell(value: Any) -> Any:
        if isinstance(value, dt.date):
            return to_serial(value)
        if isinstance(value, float | int) and not isinstance(value, bool):
            return round(float(value), 6)
        return None if value == "" else value

    return [[cell(value) for value in row] for row in rows]


def test_rebalance_and_record(excel: WineSession) -> None:
    """Plan, Journal, Portfolio and Futures end as in memory; the dialogs say what was done."""
    expected = book_of_the_example()
    opened(excel, expected)
    text, mode = excel.press("rebalance_button")
    actions.rebalance(expected)
    assert mode == "info", text
    assert "SELL SOL 1,600.00" in text
    assert plain(excel.rows("Plan")) == plain(expected.tables["Plan"])
    text, mode = excel.press("record_button")
    actions.record(expected)
    assert mode == "info", text
    assert text.startswith("Recorded 4 fills")
    for table in ("Portfolio", "Futures", "Plan", "Journal"):
        assert plain(excel.rows(table)) == plain(expected.tables[table]), table
    text, _ = excel.press("rebalance_button")
    assert "Nothing to do." in text


def test_protected_sheet_is_refused_before_anything_is_written(excel: WineSession) -> None:
    """The dialog says which sheet to unprotect, and the Plan table is as it was."""
    opened(excel, book_of_the_example())
    before = excel.rows("Plan")
    excel.request("protect", sheet="Journal")
    text, mode = excel.press("rebalance_button")
    assert (text.startswith("The sheet Journal is protected"), mode) == (True, "critical")
    assert excel.rows("Plan") == before


def test_check_names_the_cell(excel: WineSession) -> None:
    """A blank price is found by its cell."""
    broken = book_of_the_example()
    broken.tables["Portfolio"][1][5] = None
    opened(excel, broken)
    text, _ = excel.press("check_button")
    assert "ERROR Portfolio!F2" in text


def test_about(excel: WineSession) -> None:
    """The Windows Python at work is named."""
    opened(excel, MemoryWorkbook())
    text, _ = excel.press("about_button")
    assert "xlwings 0.37.8, Python 3.13" in text
    assert "C:\\Book.xlsm" in text


def test_refresh_says_what_it_lacks(excel: WineSession) -> None:
    """Without ccxt in its Python the button says so in a dialog, and the book is as it was."""
    book = book_of_the_example()
    venue = book.tables["Portfolio"][0].index("Venue")
    for row in book.tables["Portfolio"][1:]:
        row[venue] = "binance"
    opened(excel, book)
    before = excel.rows("Portfolio")
    text, _ = excel.press("refresh_button")
    assert "ccxt" in text
    assert excel.rows("Portfolio") == before
