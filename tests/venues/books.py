"""Books for the tests: written with XlsxWriter, read back through the file host."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import xlsxwriter

from rebalance_xl.book import schema
from rebalance_xl.hosts.file import FileWorkbook

NOW = dt.datetime(2026, 11, 28, 22, 0, tzinfo=dt.UTC)


def columns(table: str) -> list[str]:
    """Return the columns of a table of the model."""
    return [column.name for column in schema.TABLES[table].columns]


def write_book(
    path: Path,
    tables: Mapping[str, Sequence[Mapping[str, Any]]],
    names: Mapping[str, Any] | None = None,
    headers: Mapping[str, Sequence[str]] | None = None,
) -> Path:
    """Write a book: each table on a sheet of its name, settings on a sheet of their own."""
    with xlsxwriter.Workbook(str(path)) as book:
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        for name, rows in tables.items():
            sheet = book.add_worksheet(name)
            titles = list((headers or {}).get(name) or columns(name))
            for row in rows:
                titles += [each for each in row if each not in titles]
            options = {"name": name, "columns": [{"header": each} for each in titles]}
            sheet.add_table(0, 0, max(len(rows), 1), len(titles) - 1, options)
            for place, row in enumerate(rows, start=1):
                for title, value in row.items():
                    column = titles.index(title)
                    if isinstance(value, dt.date):
                        sheet.write_datetime(place, column, value, day)
                    elif isinstance(value, str) and value.startswith("="):
                        sheet.write_formula(place, column, value, None, 0)
                    else:
                        sheet.write(place, column, value)
        sheet = book.add_worksheet("Settings")
        for place, (name, value) in enumerate((names or {}).items()):
            sheet.write(place, 0, name)
            sheet.write(place, 1, value)
            book.define_name(name, f"=Settings!$B${place + 1}")
    return path


def rows_of(book: Path | FileWorkbook, table: str) -> list[dict[str, Any]]:
    """Return the rows of a table that hold something, without blank cells."""
    port = book if isinstance(book, FileWorkbook) else FileWorkbook.open(book)
    data = port.read_table(table)
    assert data is not None
    found = [
        {header: cell for header, cell in zip(data.headers, row, strict=True) if cell not in (None, "")}
        for row in data.rows
    ]
    return [row for row in found if row]


def find(rows: Sequence[Mapping[str, Any]], **wanted: Any) -> dict[str, Any]:
    """Return the one row that holds all of some cells."""
    found = [row for row in rows if all(row.get(key.replace("_", " ")) == value for key, value in wanted.items())]
    assert len(found) == 1, (wanted, found)
    return dict(found[0])


def venue_book(path: Path, venue: str, **more: Sequence[Mapping[str, Any]]) -> Path:
    """Write a book that names a venue and holds little: what Refresh is to fill."""
    tables: dict[str, Sequence[Mapping[str, Any]]] = {
        "Portfolio": [
            {"Asset": "BTC", "Venue": venue, "Quantity": 0.1, "Price": 80000.0, "Target": 0.5, "Band": 0.05},
            {"Asset": "USDT", "Venue": venue, "Quantity": 1.0, "Price": 1.0, "Kind": "stable"},
        ],
        "Futures": [],
        "Venues": [{"Venue": venue}],
        "MarginTiers": [],
        "Wallets": [],
        "Prices": [{"Date": dt.date(2026, 11, 25), "BTC": 89700.0}],
        "CashFlows": [
            {"Date": dt.date(2026, 11, 20), "Kind": "DEPOSIT", "Asset": "USDT", "Amount": 1.0, "Venue": venue}
        ],
        **more,
    }
    return write_book(path, tables, headers={"Prices": ["Date", "BTC", "ETH"]})
