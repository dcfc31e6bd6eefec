"""The fixture workbooks in a running Calc: what they expect, after opening and a hard recalculation."""

from __future__ import annotations

import datetime as dt
import math
import shutil
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.utils.cell import coordinate_to_tuple

from rebalance_xl.cells import CellError, to_serial
from tests.fixtures.fixture_book import BLANK
from tests.fixtures.test_fixtures import FOUND, expectations

from .office import Office
from .sheets import worksheet_value

#: Cells in which Calc cannot agree: a book (all of it) or one of its cells, and why.
DIFFERENT = {
    "practical_example.xlsx": "Calc 7.4 does not read [[#This Row],Column], which XlsxWriter writes and Excel does not",
    **{
        f"seed_{name}.xlsx": "Calc 7.4 does not read [[#This Row],Column], so Portfolio[Value] is an error there"
        for name in ("breakout", "scenario_b", "sector_event")
    },
    "spills.xlsx Checks!B3": "Calc 7.4 has no spilled ranges (A2#)",
}


def agrees(actual: Any, expected: Any, offset: int) -> bool:
    """Tell whether Calc shows what a book expects; Calc has 1 for TRUE and numbers for dates."""
    if expected in (BLANK, None):
        return actual in (None, "")
    if isinstance(expected, str) and expected.startswith("#"):
        return bool(actual == CellError(expected))
    if isinstance(expected, dt.date):
        expected = to_serial(expected) - offset
    if isinstance(expected, int | float):
        return isinstance(actual, float) and math.isclose(actual, expected, rel_tol=1e-9, abs_tol=1e-9)
    return bool(actual == expected)


@pytest.mark.parametrize("source", [path for path in FOUND if path.name not in DIFFERENT], ids=lambda path: path.name)
def test_fixture_in_calc(office: Office, source: Path, tmp_path: Path) -> None:
    """Every cell that a fixture has an expectation for shows it in Calc too."""
    path = tmp_path / source.name
    shutil.copyfile(source, path)
    book = openpyxl.load_workbook(path)
    offset = 1462 if book.epoch.year == 1904 else 0
    office.open(path=str(path))
    office.calculate()
    shown = {
        sheet.title: office.area(address=f"A1:{sheet.dimensions.split(':')[-1]}", sheet=sheet.title) for sheet in book
    }
    office.close_document(name="book")
    wrong = []
    for (sheet, address), expected in expectations(source).items():
        row, column = coordinate_to_tuple(address)
        actual = worksheet_value(shown[sheet]["values"][row - 1][column - 1])
        if f"{source.name} {sheet}!{address}" not in DIFFERENT and not agrees(actual, expected, offset):
            wrong.append((sheet, address, actual, expected))
    assert wrong == []
