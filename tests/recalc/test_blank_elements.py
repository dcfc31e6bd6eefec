"""Blank cells in arrays made of cells: COUNTA counts them, other functions keep their value where they matter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rebalance_xl.recalc.evaluation import suspects
from rebalance_xl.recalc.sheets.formula_cells import FormulaCell
from rebalance_xl.recalc.workbook import recalculate
from tests.recalc.books import make, values

#: A1:A5 is x, x, y, x, x, B1:B5 is 5, 3, 7, blank, 9, C1:C5 is -5, -3, -7, blank, -9; D1 is 5.
CELLS: list[list[Any]] = [
    ["x", 5, -5, 5],
    ["x", 3, -3],
    ["y", 7, -7],
    ["x", None, None],
    ["x", 9, -9],
]
#: UNIQUE: the value that Excel cached in a workbook of a public repository; the others have their blank cells alike.
COUNTED: list[tuple[str, Any]] = [
    ("COUNTA(UNIQUE(B1:B5))", 5),
    ("COUNTA(UNIQUE(B1:B9))", 5),
    ('COUNTA(FILTER(B1:B5,A1:A5="x"))', 4),
    ('COUNTA(IF(A1:A5="x",B1:B5,""))', 5),
    ("COUNTA(VSTACK(B1:B5,B4),B1:B5)", 10),
    ("LET(u,SORT(B1:B5),COUNTA(u))", 5),
    ("COUNTA(IF(TRUE,B1:B5))", 4),
    ("LET(r,B1:B5,COUNTA(r))", 4),
    ("COUNTA(INDEX(B1:B5,0))", 4),
]
#: What is the same whether blank cells are 0 or nothing.
EITHER: list[tuple[str, Any]] = [
    ('MAX(IF(A1:A5="x",B1:B5))', 9),
    ('SUM(IF(A1:A5="x",B1:B5))', 17),
    ('MIN(IF(A1:A5="y",B1:B5))', 7),
    ('AVERAGE(FILTER(B1:B5,A1:A5="y"))', 7),
    ('LARGE(IF(A1:A5="x",B1:B5),2)', 5),
    ("MIN(IF(TRUE,B1:B5))", 3),
    ("MIN(UNIQUE(C1:C5))", -9),
    ("MIN(B1:B5)", 3),
]
#: Where no blank cell is handed on, and nothing is to be asked.
LEFT_OUT: list[tuple[str, Any]] = [
    ('MIN(IF(A1:A5="x",IF(B1:B5<>"",B1:B5)))', 3),
    ('COUNT(IF((A1:A5="x")*(B1:B5<>0),B1:B5))', 3),
    ("MEDIAN(IF(ISNUMBER($B$1:$B$5),B1:B5))", 6),
    ('MAX(IF(C1:C5="","",C1:C5))', -3),
    ("AVERAGE(FILTER(B1:B5,B1:B5>0))", 6),
]
#: Where a test leaves out other blank cells than those that are handed on, or none.
NOT_LEFT_OUT = [
    ("MAX(IF(B1:B5<>0,C1:C5,C1:C5))"),
    ('MAX(IF((A1:A5="x")*(C1:C5<1),C1:C5))'),
    ("MIN(IF((A1:A5<>0)+(B1:B5<>0),B1:B5))"),
    ('MAX(IF(C1:C4<>0,FILTER(C1:C4,A1:A4="x")))'),
    ('MAX(IF((A1:A5="y")*(C1:C5=0),0-1,C1:C5))'),
]
OPEN = [
    *NOT_LEFT_OUT,
    'MIN(IF(A1:A5="x",B1:B5))',
    'MAX(IF(A1:A5="x",C1:C5))',
    'AVERAGE(FILTER(B1:B5,A1:A5="x"))',
    "MEDIAN(SORT(B1:B5))",
    "COUNT(TRANSPOSE(B1:B5))",
    'SMALL(IF(A1:A5="x",B1:B5),1)',
    "LET(u,UNIQUE(B1:B5),STDEV(u))",
]


def _computed(path: Path, formulas: list[str]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return what array formulas come to in K1, K2 and so on, and the causes of those that are kept."""

    def build(_: Any, sheet: Any) -> None:
        for row, line in enumerate(CELLS):
            sheet.write_row(row, 0, line)
        for row, formula in enumerate(formulas):
            sheet.write_dynamic_array_formula(row, 10, row, 10, f"={formula}", None, 77)

    report = recalculate(make(path, build, use_future_functions=True))
    causes = {row.cell: row.cause for row in report.changed if row.status == "kept"}
    return values(path), causes


@pytest.mark.parametrize("formula, expected", [*COUNTED, *EITHER])
def test_blank_cells_in_arrays_count_in_counta_alone(tmp_path: Path, formula: str, expected: Any) -> None:
    """COUNTA counts every element of an array, and what no blank cell can change is computed."""
    found, kept = _computed(tmp_path / "b.xlsx", [formula])
    assert (found["K1"], kept) == (expected, {})


@pytest.mark.parametrize("formula, expected", LEFT_OUT)
def test_nothing_is_asked_where_a_test_leaves_blank_cells_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, formula: str, expected: Any
) -> None:
    """Cells that are blank are none of those that IF and FILTER hand on by a test of the same cells."""
    asked: list[FormulaCell] = []
    monkeypatch.setattr(suspects, "compute_carefully", lambda _, cells: asked.extend(cells))
    found, kept = _computed(tmp_path / "b.xlsx", [formula])
    assert (found["K1"], kept, asked) == (expected, {}, [])


@pytest.mark.parametrize("formula", OPEN)
def test_totals_are_kept_where_blank_cells_of_an_array_matter(tmp_path: Path, formula: str) -> None:
    """A total, count or rank that depends on whether blank elements are 0 keeps its value and says why."""
    found, kept = _computed(tmp_path / "b.xlsx", [formula])
    assert found["K1"] == 77
    assert "blank cells in an array" in kept["K1"]
