"""What damaged books once did wrong; each was found by the fuzz test."""

from __future__ import annotations

import zipfile
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter

from rebalance_xl.recalc.files.refusals import Refused
from rebalance_xl.recalc.workbook import recalculate


def write_book(path: Path, formula: str = "=1+1", old: str = "", new: str = "") -> Path:
    """Write a book with a spill over rows 2 to 4 and another formula, then replace a piece of its sheet."""
    plain = path.with_name("plain.xlsx")
    with xlsxwriter.Workbook(str(plain)) as book:
        sheet = book.add_worksheet("Book")
        sheet.write_column("A2", [5000, 3000, 4000])
        sheet.write_column("B2", [0.45, 0.3, 0.2])
        sheet.write_dynamic_array_formula("D2:D4", "=TRIM_AMOUNT(A2:A4,B2:B4,0.05)", None, 0)
        sheet.write_formula("F2", formula, None, 7)
        sheet.write_column("A7", [1, 2])
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(path, "w") as target:
        for info in source.infolist():
            data = source.read(info)
            if info.filename == "xl/worksheets/sheet1.xml" and old:
                assert data.count(old.encode()) == 1
                data = data.replace(old.encode(), new.encode())
            target.writestr(info, data)
    return path


@pytest.mark.parametrize("formula", ["=SUM(Book!E2:E)", "=SUM(A1;A2)", "=SUM(1,,)*(2"])
def test_a_formula_the_engine_cannot_read_keeps_its_value(tmp_path: Path, formula: str) -> None:
    """One unreadable formula keeps its cached value and is reported; the others are computed."""
    path = write_book(tmp_path / "book.xlsx", formula)
    done = recalculate(path)
    assert [(row.cell, row.status) for row in done.changed if row.cell == "F2"] == [("F2", "kept")]
    sheet = openpyxl.load_workbook(path, data_only=True)["Book"]
    assert (sheet["F2"].value, sheet["D4"].value) == (7, 1600)


def test_a_row_that_holds_cells_of_another_is_refused(tmp_path: Path) -> None:
    """Where the cells of row 3 stand in a row 4, writing row 4 would have replaced them."""
    path = write_book(tmp_path / "book.xlsx", "=1+1", '<row r="3"', '<row r="4"')
    before = path.read_bytes()
    with pytest.raises(Refused, match="stands in row 4"):
        recalculate(path)
    assert path.read_bytes() == before
