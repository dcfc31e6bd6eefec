"""The ribbon's Review on the shipped workbook, live in Excel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import xlwings

from rebalance_xl.hosts import excel
from rebalance_xl.hosts.file import FileWorkbook
from rebalance_xl.review.sheet import VARIANTS

from .engine import Book, open_book

SHIPPED = Path(__file__).parents[2] / "workbook" / "Rebalancer.xlsm"


@pytest.fixture
def behind(monkeypatch: pytest.MonkeyPatch) -> Book:
    """Open the shipped workbook in Excel."""
    file = FileWorkbook.open(SHIPPED)
    tables: dict[str, list[list[Any]]] = {}
    for name in file.table_names():
        table = file.read_table(name)
        assert table is not None
        tables[name] = [list(table.headers), *map(list, table.rows)]
    book, behind = open_book(tables, {name: file.read_name(name) for name in file.names()})
    monkeypatch.setattr(xlwings.Book, "caller", lambda: book)
    monkeypatch.setattr(xlwings.engines, "active", xlwings.Engine(impl=behind.app.engine))
    return behind


@pytest.mark.slow
def test_review_fills_its_sheet(behind: Book) -> None:
    """The variants stand in their table with figures, the book's own rules among them; nothing else changes."""
    before = behind.rows("Portfolio")
    excel.review_button()
    assert not behind.app.alerts, behind.app.alerts
    headers, *rows = behind.rows(VARIANTS)
    table = [dict(zip(headers, row, strict=True)) for row in rows]
    names = [row["Variant"] for row in table if row["Variant"]]
    assert {"hold", "threshold"} <= set(names)
    assert any(name.startswith("book") for name in names)
    values = [row["Value"] for row in table if row["Variant"]]
    assert all(isinstance(each, float) and each > 0 for each in values)
    assert behind.rows("Portfolio") == before
