"""What damaged books once did wrong; each was found by the fuzz test."""

from __future__ import annotations

import zipfile
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter

from rebalance_xl.recalc.refusals import Refused
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


@pytest.mark.parametrize(
    "old, new, message",
    [
        ('<row r="7"', '<row r="4"', "stands in row 4|row 4 stands after row 4"),
        ('<row r="3"', '<row r="4"', "stands in row 4|row 4 stands after row 4"),
        ('r="A4"', 'r="A40"', "stands in row 4"),
    ],
)
def test_rows_that_contradict_their_cells_are_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    """Where rows stand twice, or hold cells of other rows, nothing is written over."""
    path = write_book(tmp_path / "book.xlsx", "=1+1", old, new)
    before = path.read_bytes()
    with pytest.raises(Refused, match=message):
        recalculate(path)
    assert path.read_bytes() == before
