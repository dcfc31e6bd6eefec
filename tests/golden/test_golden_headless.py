"""The golden table through a workbook: arguments in cells, formulas over them, recalculated without a spreadsheet."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from xlsxwriter.utility import xl_range, xl_rowcol_to_cell

from rebalance_xl.cells import MISSING, CellError
from rebalance_xl.recalc.workbook import recalculate

from .golden import Case, differences, load

CASES = load()


def rows_of(value: Any) -> list[list[Any]]:
    """Return a value as rows of cells."""
    return value if isinstance(value, list) else [[value]]


def put(sheet: Any, row: int, column: int, cell: Any, day: Any) -> None:
    """Write one input cell as Excel stores it; None stays blank."""
    if isinstance(cell, CellError):
        sheet.write_formula(row, column, f"={cell.code}", None, cell.code)
    elif isinstance(cell, dt.datetime):
        sheet.write_datetime(row, column, cell, day)
    elif isinstance(cell, bool):
        sheet.write_boolean(row, column, cell)
    elif cell == "":
        sheet.write_formula(row, column, '=""', None, "")
    elif isinstance(cell, str):
        sheet.write_string(row, column, cell)
    elif cell is not None:
        sheet.write_number(row, column, cell)


def write_book(path: Path) -> list[tuple[Case, int]]:
    """Write all cases into one book; return each with the row of its formula."""
    book = xlsxwriter.Workbook(str(path))
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    inputs, answers = book.add_worksheet("In"), book.add_worksheet("Out")
    row, placed = 0, []
    for case in CASES:
        column, references = 0, []
        for argument in case.arguments:
            if argument is MISSING:
                references.append("")
                continue
            cells = rows_of(argument)
            for down, line in enumerate(cells):
                for right, cell in enumerate(line):
                    put(inputs, row + down, column + right, cell, day)
            last = (row + len(cells) - 1, column + len(cells[0]) - 1)
            single = last == (row, column)
            where = xl_rowcol_to_cell(row, column) if single else xl_range(row, column, *last)
            references.append(f"In!{where}")
            column = last[1] + 2
        formula = f"={case.function}({','.join(references)})"
        wanted = rows_of(case.result)
        if isinstance(case.result, list):
            end = (row + len(wanted) - 1, len(wanted[0]) - 1)
            answers.write_dynamic_array_formula(row, 0, *end, formula, None, 0)
        else:
            answers.write_formula(row, 0, formula, None, 0)
        placed.append((case, row))
        row += max(len(wanted), *(len(rows_of(each)) for each in case.arguments)) + 1
    book.close()
    return placed


@pytest.fixture(scope="module")
def answered(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], dict[str, list[str]]]:
    """Return a function that gives the disagreements of a function's cases in the recalculated book."""
    path = tmp_path_factory.mktemp("golden") / "golden.xlsx"
    placed = write_book(path)
    recalculate(path, as_of=dt.date(2026, 11, 20))
    sheet = openpyxl.load_workbook(path, data_only=True)["Out"]
    wrong: dict[str, dict[str, list[str]]] = {}
    for case, row in placed:
        seen: Any = [
            [_error(sheet.cell(row + 1 + down, 1 + right).value) for right in range(len(line))]
            for down, line in enumerate(rows_of(case.result))
        ]
        if not isinstance(case.result, list):
            seen = seen[0][0]
        found = differences(seen, case.result)
        if found:
            wrong.setdefault(case.function, {})[case.id] = found
    return lambda name: wrong.get(name, {})


def _error(value: Any) -> Any:
    return CellError(value) if isinstance(value, str) and value.startswith("#") else value


@pytest.mark.parametrize("name", sorted({case.function for case in CASES}))
def test_golden_cases_in_a_workbook(name: str, answered: Callable[[str], dict[str, list[str]]]) -> None:
    """The recalculated cells hold what the table says."""
    assert answered(name) == {}
