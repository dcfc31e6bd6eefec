"""Structured references without a table's name mean the table that the formula stands in."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest
import xlsxwriter

from rebalance_xl.recalc.workbook import recalculate


@pytest.mark.parametrize(
    "formula, expected",
    [
        ("=[@Quantity]*[@Price]", [10.0, 30.0]),
        ("=[@[Quantity]]", [5.0, 10.0]),
        ("=[[#This Row],Quantity]", [5.0, 10.0]),
        ("=Portfolio[[#This Row],Quantity]", [5.0, 10.0]),
        ("=Portfolio[[#This Row],[Quantity]]", [5.0, 10.0]),
        ("=SUM([Quantity])", [15.0, 15.0]),
        ("=SUM([@[Quantity]:[Price]])", [7.0, 13.0]),
        ("=WEIGHT([@Quantity],SUM([Quantity]))", [1 / 3, 2 / 3]),
    ],
)
def test_references_to_the_own_table(tmp_path: Path, formula: str, expected: list[float]) -> None:
    """Each form gives the row's (or the column's) values of the table around the formula."""
    path = tmp_path / "book.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("Book")
        headers = [{"header": name} for name in ("Quantity", "Price", "Value")]
        sheet.add_table(0, 0, 2, 2, {"name": "Portfolio", "columns": headers, "data": [[5, 2], [10, 3]]})
        for row in (1, 2):
            sheet.write_formula(row, 2, formula)
    done = recalculate(path)
    assert [row.cause for row in done.changed if row.cause] == []
    sheet = openpyxl.load_workbook(path, data_only=True)["Book"]
    assert [sheet["C2"].value, sheet["C3"].value] == pytest.approx(expected)
