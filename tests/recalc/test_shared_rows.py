"""Rows that array formulas choose alike: remembered only where they are the same, and the answers as without that."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rebalance_xl.recalc.evaluation import ready, shared_rows
from rebalance_xl.recalc.evaluation.calls import _chosen
from rebalance_xl.recalc.workbook import recalculate
from tests.recalc.books import make, values

ROWS = 120
B, C, D, E = (f"{letter}$1:{letter}$120" for letter in "BCDE")
#: Formulas of a row ({0}), and the tests that are remembered as rows.
SHARED: list[tuple[str, str]] = [
    (f"COUNT(IF(({C}>3)*({D}<>2)*({B}=F{{0}}),{C}))", f"({C}>3)*({D}<>2)"),
    (f"SUM(IF(({B}=F{{0}})*({C}>3),{E}))", f"({C}>3)"),
    (f"AVERAGE(IF(({C}>3)*({B}<=F{{0}}),{E}))", f"({C}>3)"),
    (f"MEDIAN(IF(({B}=F{{0}})*({C}=6)*({D}=1),{E}))+ROW()", f"({C}=6)*({D}=1)"),
    (f'MAX(IF((ISNUMBER(SEARCH(F{{0}},{B})))*(ISNUMBER(SEARCH("a",{B}))),{E}))', f'(RXL.FOUND("a",{B}))'),
    (f"COUNT(IF(({B}=F{{0}})*({B}=$F$9),{C}))", f"({B}=$F$9)"),
    (f"MIN(IF(({C}>99)*({B}=F{{0}}),{E}))", f"({C}>99)"),
    (f"COUNT(IF(({B}=F{{0}})*({E}=$E$7),{C}))", f"({E}=$E$7)"),
    (f"SUM(IF(({B}>F{{0}})*({C}>3),{E}))-SUM(IF(({B}>F{{0}})*({C}>3),{E}))/3", f"({C}>3)"),
]
#: Not seen: sums without a choice, cells with formulas, few cells, another order of operations, one test, a text.
NOT_SHARED = [
    f"SUM(({B}=F{{0}})*({C}>3)*{E})",
    f"SUM(IF(({B}=F{{0}})*(H$1:H$120>1),{E}))",
    f"SUM(IF(({B}=F{{0}})*({C}>3),H$1:H$120))",
    "SUM(IF((B$1:B$9=F{0})*(C$1:C$9>3),E$1:E$9))",
    f"SUM(IF(2^({C}>3)*({B}=F{{0}}),{E}))",
    f"SUM(IF(({C}>3),{E}))+F{{0}}%",
    f"SUM(IF(({C}>3)*(F{{0}}=1),{E}))",
    f'SUM(IF(({C}>3)*({B}&"A1:A9"=F{{0}}&"A1:A9"),{E}))',
    f"COUNTA(IF(({C}>3)*({B}=F{{0}}),{E}))",
]


def _book(path: Path, formula: str) -> Path:
    def build(_: Any, sheet: Any) -> None:
        for row in range(ROWS):
            sheet.write_row(row, 1, ["abcd"[row % 4], row % 7, row % 3, (row * 0.37) ** 1.7 - row / 3])
        sheet.write_column("F1", [*"abcde"])
        for row in range(1, 6):
            sheet.write_formula(f"H{row}", f"=F{row}&1")
            sheet.write_array_formula(row - 1, 8, row - 1, 8, "{=" + formula.format(row) + "}", None, 0)

    return make(path, build)


def _answers(path: Path, monkeypatch: pytest.MonkeyPatch, formula: str) -> tuple[list[Any], list[Any], list[str]]:
    """Return what formulas give in both ways, and what the engine is given."""
    texts: list[str] = []

    def shared(book: Any, cells: Any) -> None:
        share(book, cells)
        texts.extend(cell.lowered for cell in cells)

    share = ready.share_rows
    monkeypatch.setattr(ready, "share_rows", shared)
    monkeypatch.setattr(shared_rows, "_CELLS", 100)
    found = []
    for plain in (True, False):
        recalculate(_book(path, formula), plain=plain)
        found.append([values(path)[f"I{row}"] for row in range(1, 6)])
    return found[0], found[1], texts


@pytest.mark.parametrize("formula, tests", SHARED)
def test_rows_that_formulas_share_are_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, formula: str, tests: str
) -> None:
    """Tests of constants that stand in many array formulas are made once, and all stays the same to the last bit."""
    plain, fast, texts = _answers(tmp_path / "b.xlsx", monkeypatch, formula)
    assert plain == fast
    assert all(f"RXL.NOTED(0,{tests}," in each for each in texts)


@pytest.mark.parametrize("formula", NOT_SHARED)
def test_what_may_change_or_costs_little_is_not_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, formula: str
) -> None:
    """What is no choice by tests, reads formulas or few cells is computed wherever it stands."""
    plain, fast, texts = _answers(tmp_path / "b.xlsx", monkeypatch, formula)
    assert plain == fast
    assert not any("RXL.NOTED" in each for each in texts)


NA = {"type": "Error", "kind": "Na"}


@pytest.mark.parametrize(
    "tests, column, chosen",
    [
        ([1.0, 0.0, 1.0], ["a", None, 5.0], ["a", 5.0]),
        ([False, False, False], [1.0, 2.0, 3.0], []),
        ([True, False, True], [1.0, 2.0, None], None),
        ([1.0, 0.0, 1.0], [1.0, NA, 3.0], None),
        ([1.0, NA, 1.0], [1.0, 2.0, 3.0], None),
        ([1.0, 1.0], [1.0, 2.0, 3.0], None),
    ],
)
def test_rows_are_not_chosen_where_all_have_to_be_seen(tests: list[Any], column: list[Any], chosen: Any) -> None:
    """An error anywhere, a blank cell among those chosen and other sizes leave the formula as it is."""
    expected = [] if chosen is None else [[[each] for each in [*chosen, False, False]]]
    assert expected == _chosen([[each] for each in tests], [[each] for each in column])
    assert _chosen(tests[0], tests[0]) == _chosen(NA, [[1.0]]) == _chosen([[1.0, 1.0]], [[1.0, 1.0]]) == []
