"""The ribbon's Refresh on a live workbook, with real ccxt over loopback."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import xlwings

from rebalance_xl.hosts import excel
from rebalance_xl.hosts.file import FileWorkbook
from rebalance_xl.venues import buttons
from tests.venues.books import NOW, venue_book
from tests.venues.loopback import Venues, maker

from .engine import Book, open_book


@pytest.fixture
def behind(okx: Venues, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Book:
    """Open a book that names OKX in Excel; its button asks the server on this computer at a fixed time."""
    file = FileWorkbook.open(venue_book(tmp_path / "book.xlsx", "okx"))
    tables: dict[str, list[list[Any]]] = {}
    for name in file.table_names():
        table = file.read_table(name)
        assert table is not None
        tables[name] = [list(table.headers), *map(list, table.rows)]
    book, behind = open_book(tables)
    preview = buttons.preview_refresh
    monkeypatch.setattr(buttons, "preview_refresh", lambda port: preview(port, NOW, make=maker(okx)))
    monkeypatch.setattr(xlwings.Book, "caller", lambda: book)
    monkeypatch.setattr(xlwings.engines, "active", xlwings.Engine(impl=behind.app.engine))
    return behind


def portfolio(behind: Book) -> list[dict[str, Any]]:
    """Return the rows of Portfolio by header."""
    headers, *rows = behind.rows("Portfolio")
    return [dict(zip(headers, row, strict=True)) for row in rows]


def test_the_open_workbook_is_filled_after_a_yes(behind: Book) -> None:
    """The dialog names old and new price; after a yes the cells hold the new one; a second press finds nothing."""
    behind.app.answer = "yes"
    excel.refresh_button()
    assert "(BTC okx Price): 80000 -> 90000" in behind.app.alerts[0][0]
    (bitcoin,) = [row for row in portfolio(behind) if row["Asset"] == "BTC"]
    assert bitcoin["Price"] == 90000.0
    filled = portfolio(behind)
    behind.app.alerts.clear()
    excel.refresh_button()
    assert "->" not in behind.app.alerts[0][0], behind.app.alerts[0][0]
    assert portfolio(behind) == filled


def test_the_open_workbook_stays_after_a_no(behind: Book) -> None:
    """A no leaves every cell as it was."""
    before = portfolio(behind)
    behind.app.answer = "no"
    excel.refresh_button()
    assert "80000 -> 90000" in behind.app.alerts[0][0]
    assert portfolio(behind) == before
