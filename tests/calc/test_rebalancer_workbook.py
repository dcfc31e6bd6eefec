"""Rebalancer.xlsm, a copy of it, in Calc with the extension: the same values and the same plan as elsewhere."""

from __future__ import annotations

import datetime as dt
import math
import shutil
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from rebalance_xl.cells import CellError, to_serial

from .office import Office
from .sheets import worksheet_value


@pytest.fixture
def copy(root: Path, tmp_path: Path) -> Path:
    """Copy the workbook: Calc must never save the original."""
    path = tmp_path / "Rebalancer.xlsm"
    shutil.copy(root / "workbook" / "Rebalancer.xlsm", path)
    return path


@pytest.fixture
def opened(office: Office, copy: Path) -> Iterator[Office]:
    """Open the copy in Calc."""
    office.open(path=str(copy))
    yield office
    office.close_document(name="book")


def load(path: Path, values: bool) -> Any:
    """Read a file with openpyxl, which remarks on parts that it does not know."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return openpyxl.load_workbook(path, data_only=values)


def same(actual: Any, expected: Any) -> bool:
    """Tell whether Calc shows what Excel's file holds; Calc has 1 for TRUE and numbers for dates."""
    if expected in (None, ""):
        return actual in (None, "")
    if isinstance(expected, str) and expected.startswith("#"):
        return actual == CellError(expected)
    if isinstance(expected, dt.date):
        expected = to_serial(expected)
    if isinstance(expected, int | float) and isinstance(actual, float):
        return math.isclose(actual, expected, rel_tol=1e-9, abs_tol=1e-9)
    return bool(actual == expected)


def test_every_formula_has_the_cached_value_after_a_hard_recalculation(opened, copy):
    """Every formula cell, spilled cells included, comes out as it was cached; hundreds of them."""
    opened.calculate()
    wrong, count, ours = [], 0, 0
    for sheet in load(copy, values=True):
        area = opened.area(address=sheet.dimensions, sheet=sheet.title)
        for row, (formulas, values) in enumerate(zip(area["formulas"], area["values"], strict=True)):
            for column, (formula, value) in enumerate(zip(formulas, values, strict=True)):
                if not formula.startswith(("=", "{=")):
                    continue
                count += 1
                ours += "REBALANCER.FUNCTIONS" in formula
                cached = sheet.cell(sheet.min_row + row, sheet.min_column + column).value
                if not same(worksheet_value(value), cached):
                    wrong.append((sheet.title, row + 1, column + 1, formula, value, cached))
    assert wrong == []
    assert count > 300
    assert ours > 150


def test_the_same_plan_as_the_command_line(opened, copy, tmp_path):
    """Rebalance in Calc fills the Plan table as ``rebalance-xl plan --write`` does."""
    output = tmp_path / "planned.xlsm"
    command = [
        sys.executable,
        "-m",
        "rebalance_xl.cli",
        "plan",
        str(copy),
        "--write",
        "--ignore-lock",
        "-o",
        str(output),
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    sheet = load(output, values=True)["Plan"]
    expected = [[cell.value for cell in row] for row in sheet[sheet.tables["Plan"].ref][1:]]
    opened.dispatch(url="org.rebalancer.calc:rebalance")
    written = opened.port(call="read_table", arguments=["Plan"])["rows"]
    assert len(written) == len(expected)
    assert [
        (actual, wanted)
        for got, want in zip(written, expected, strict=True)
        for actual, wanted in zip(got, want, strict=True)
        if not same(actual, wanted)
    ] == []
    assert {row[0]: row[2] for row in written if row[1] == "SELL"} == {"SOL": 1600.0}
