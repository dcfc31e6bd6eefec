"""Criteria along a row, which the package answers itself because the engine takes a hundred times longer there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.recalc.test_kinds_of_formulas import check

#: Row 1 is k1, K2, k1, blank, 5 and the text 5; row 2 is 1 to 6, row 3 has an error in its second cell.
ROWS: list[list[Any]] = [["k1", "K2", "k1", None, 5, "5"], [1, 2, 3, 4, 5, 6], [1, "=1/0", 3, 4, "x", 6]]
ACROSS: list[tuple[str, Any]] = [
    ('SUMIF(A1:F1,"k1",A2:F2)', 4),
    ('SUMIF(A1:F1,"k?",A2)', 6),
    ('SUMIF(A2:F2,">3")', 15),
    ('SUMIFS(A2:F2,A1:F1,"k*",A2:F2,"<3")', 3),
    ('SUMIFS(A2:F2,A1:F1,"")', 4),
    ('SUMIFS(A2:F2,A1:F1,"<>")', 17),
    ("SUMIFS(A2:F2,A1:F1,5)", 11),
    ('AVERAGEIF(A1:F1,"k1",A2:F2)', 2),
    ('AVERAGEIFS(A2:F2,A1:F1,"none")', "#DIV/0!"),
    ('COUNTIF(A1:F1,"k1")', 2),
    ("COUNTIF(A1:F1,E1)", 2),
    ('COUNTIFS(A1:F1,"k1",A2:F2,">1")', 1),
    ('MAXIFS(A2:F2,A1:F1,"k*")', 3),
    ('SUMIF(A1:F1,"k1",A3:F3)', 4),
    ('SUMIF(A1:F1,"K2",A3:F3)', "#DIV/0!"),
    ('SUMIFS(A2:F2,A1:E1,"k1")', "#VALUE!"),
    ('SUM(SUMIF(A1:F1,{"k1","k2"},A2:F2))', 6),
]


def test_criteria_along_a_row(tmp_path: Path) -> None:
    """Along a row criteria mean what they mean down a column."""
    check(tmp_path / "b.xlsx", ACROSS, ROWS)
