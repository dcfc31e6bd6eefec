"""A book as an Excel user has it, written with XlsxWriter: the practical example after SOL has doubled."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import xlsxwriter

from rebalance_xl.book import schema

AS_OF = dt.date(2026, 11, 20)
PORTFOLIO = {
    "Asset": ["BTC", "ETH", "SOL"],
    "Kind": ["spot"] * 3,
    "Quantity": [0.1, 1.2, 25],
    "Price": [50000, 2500, 160],
    "Value": [5000, 3000, 4000],
    "CostBasis": [4200, 2700, 2000],
    "Target": [0.45, 0.3, 0.2],
    "Band": [0.05, 0.05, 0.05],
    "Priority": [1, 2, 4],
}
FUTURES = {
    "Symbol": ["ETHUSDT"],
    "Asset": ["ETH"],
    "Side": ["long"],
    "MarkPrice": [2500],
    "Leverage": [5],
    "Target": [0.05],
    "Priority": [3],
}
SETTINGS = {"AsOf": AS_OF, "LastReview": dt.date(2026, 10, 31), "ReviewFrequency": "monthly", "TrimTo": "target"}


def write_book(path: Path, **changes: Any) -> Path:
    """Write the book; `changes` replace columns of Portfolio, e.g. ``Price=[...]``.

    Sheets: Book (Portfolio in A1, formulas beside it), Futures, Settings, Plan, Journal.
    """
    portfolio = {**PORTFOLIO, **changes}
    with xlsxwriter.Workbook(path) as book:
        date = book.add_format({"num_format": "yyyy-mm-dd"})
        sheet = book.add_worksheet("Book")
        _table(sheet, "Portfolio", list(portfolio), list(zip(*portfolio.values(), strict=True)))
        _table(book.add_worksheet("Futures"), "Futures", list(FUTURES), list(zip(*FUTURES.values(), strict=True)))
        settings = book.add_worksheet("Settings")
        for row, (name, value) in enumerate(SETTINGS.items()):
            settings.write(row, 0, name)
            settings.write(row, 1, value, date if isinstance(value, dt.date) else None)
            book.define_name(name, f"=Settings!$B${row + 1}")
        for table in (schema.PLAN, schema.JOURNAL):
            blank = [tuple("" for _ in table.columns)]
            _table(book.add_worksheet(table.name), table.name, [column.name for column in table.columns], blank)
        _formulas(book, sheet)
    return path


def _table(sheet: Any, name: str, headers: list[str], rows: list[tuple[Any, ...]]) -> None:
    place = (0, 0, len(rows), len(headers) - 1)
    sheet.add_table(*place, {"name": name, "columns": [{"header": each} for each in headers], "data": rows})


def _formulas(book: Any, sheet: Any) -> None:
    """Write formulas of every kind, each with a cached value that no calculation gives."""
    sheet.write_dynamic_array_formula(
        "M2:M4", "=TRIM_AMOUNT(Portfolio[Value],Portfolio[Target],Portfolio[Band])", "", 7
    )
    sheet.write_formula("N2", "=TRIM_AMOUNT(E4,G4,H4,,,SUM(Portfolio[Value]))", None, 7)
    sheet.write_formula("O2", '=IF(TRIM_AMOUNT(E4,G4,H4,"midpoint",,12000)>0,"trim_amount(x)","no")', None, "cached")
    sheet.write_dynamic_array_formula("P2:P4", "=TRIM_AMOUNT()", "", 7)
    sheet.write_array_formula("Q2:Q4", "{=DRIFT_FLAG(E2:E4,G2:G4,H2:H4)}", None, "cached")
    sheet.write_formula("R2", "=DRIFT_FLAG(E3,G9,H3,,12000)", None, "cached")
    book.define_name("Excess", "=SUM(TRIM_AMOUNT(Book!$E$2:$E$4,Book!$G$2:$G$4))")
    sheet.write_formula("S2", "=Excess", None, 7)
    red = book.add_format({"bg_color": "#FF0000"})
    rule = {"type": "formula", "criteria": "=TRIM_AMOUNT($E2,$G2,$H2,,,12000)>0", "format": red}
    sheet.conditional_format("A2:A4", rule)
