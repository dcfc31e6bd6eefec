"""Parts that array formulas share: remembered only where they are the same, and the answers as without that."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rebalance_xl.recalc.evaluation import ready
from rebalance_xl.recalc.workbook import recalculate
from tests.recalc.books import make, values

ROWS = 1200
#: Formulas of a row ({0}), and what they share in all rows, if that is remembered.
SHARED: list[tuple[str, str]] = [
    ("SUM((B$1:B$1200=F{0})*(C$1:C$1200>3)*(D$1:D$1200<>2)*C$1:C$1200)", "(C$1:C$1200>3)*(D$1:D$1200<>2)"),
    ("COUNT(IF((C$1:C$1200>3)*(D$1:D$1200<>2)*(B$1:B$1200=F{0}),C$1:C$1200))", "(C$1:C$1200>3)*(D$1:D$1200<>2)"),
    ('SUM((B$1:B$1200=F{0})*(ISNUMBER(SEARCH("a",B$1:B$1200))))', '(RXL.FOUND("a",B$1:B$1200))'),
    ('SUM((B$1:B$1200=F{0})*(B$1:B$1200<>"(x)*(")*(C$1:C$1200>1))', '(B$1:B$1200<>"(x)*(")*(C$1:C$1200>1)'),
    ("SUM(IFERROR((B$1:B$1200=F{0})*(E$1:E$1200>2)*(C$1:C$1200>1),7))", "(E$1:E$1200>2)*(C$1:C$1200>1)"),
]
#: No tests, cells with formulas, few cells, another order of operations, one test alone.
NOT_SHARED = [
    "SUM((B$1:B$1200=F{0})*(C$1:C$1200)*(D$1:D$1200))",
    "SUM((B$1:B$1200=F{0})*(H$1:H$1200>1)*(H$1:H$1200<5))",
    "SUM((B$1:B$99=F{0})*(C$1:C$99>3)*(D$1:D$99<>2))",
    "SUM(2^(C$1:C$1200>3)*(D$1:D$1200<>2)*(B$1:B$1200=F{0}))",
    "SUM((B$1:B$1200=F{0})*(C$1:C$1200>3))",
]


def _book(path: Path, formula: str) -> Path:
    def build(_: Any, sheet: Any) -> None:
        for row in range(ROWS):
            sheet.write_row(row, 1, ["abcd"[row % 4], row % 7, row % 3, row % 5])
        sheet.write_column("F1", [*"abcde"])
        for row in range(1, 6):
            sheet.write_formula(f"H{row}", f"=F{row}&1")
            sheet.write_array_formula(row - 1, 8, row - 1, 8, "{=" + formula.format(row) + "}", None, 0)

    return make(path, build)


def _answers(path: Path, monkeypatch: pytest.MonkeyPatch, formula: str) -> tuple[list[Any], list[Any], set[str]]:
    """Return what formulas give in both ways, and what is remembered."""
    texts: list[str] = []

    def shared(book: Any, cells: Any) -> None:
        share(book, cells)
        texts.extend(cell.lowered for cell in cells)

    share = ready.share_parts
    monkeypatch.setattr(ready, "share_parts", shared)
    found = []
    for plain in (True, False):
        recalculate(_book(path, formula), plain=plain)
        found.append([values(path)[f"I{row}"] for row in range(1, 6)])
    parts = {text.partition("RXL.NOTED(")[2].partition(",RXL.NOTED(")[2][2:].partition("))*")[0] for text in texts}
    return found[0], found[1], parts


@pytest.mark.parametrize("formula, part", SHARED)
def test_what_formulas_share_is_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, formula: str, part: str
) -> None:
    """Tests of constants that stand in many array formulas are multiplied first, once, and the sums stay the same."""
    plain, fast, parts = _answers(tmp_path / "b.xlsx", monkeypatch, formula)
    assert plain == fast
    assert len({*plain}) > 1
    assert all(part in each for each in parts)


@pytest.mark.parametrize("formula", NOT_SHARED)
def test_what_may_change_or_costs_little_is_not_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, formula: str
) -> None:
    """What is no test, reads formulas or few cells, or is not multiplied first is computed wherever it stands."""
    plain, fast, parts = _answers(tmp_path / "b.xlsx", monkeypatch, formula)
    assert (plain, parts) == (fast, {""})
