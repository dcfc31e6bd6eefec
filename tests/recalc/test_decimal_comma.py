"""Texts of numbers in workbooks whose author's system writes 5,4."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rebalance_xl.recalc.workbook import recalculate
from tests.recalc.books import make, values

#: A1 is 5.4, A2 is 12, A3 a text with a point, A4 "5,4"; formula, cached text, text now.
SHOWN: list[tuple[str, Any, Any]] = [
    ('="Mean: "&A1', "Mean: 5,4", "Mean: 5,4"),
    ('=A2&" x "&A1*2&" "&A3', "12 x 0 v1.2", "12 x 10,8 v1.2"),
    ('=CONCATENATE(A1," and ",A2/8)', "5,4 and 0", "5,4 and 1,5"),
    ("=LEFT(A1,3)", "5,4", "5,4"),
    ('=SUBSTITUTE(A1,",",";")', "5;4", "5;4"),
    ('=IF(A1&""="5,4","yes","no")', "yes", "yes"),
    ('="as of "&IFERROR(ROUND(A1/3,1),0)', "as of 1,8", "as of 1,8"),
    ("=_xlfn.CONCAT(A1:A2)", "5,412", "5,412"),
    ("=LEN(D8)", 5, 5),
    ('=COUNTIF(A1:A2,">"&A1)', 1, 1),
    ('=VALUE(A1&"")+A2', 0, 17.4),
    ('=COUNTIF(A1:A2,">5")', 0, 2),
    ('=COUNTIF(A1:A2,">5.5")', 7, 7),
    ('=TEXT(A1,"00.00")', "0.005", "0.005"),
    ('=TEXT(A1,"0%")', "?", "540%"),
    ('=VALUE("1.5")', 44682, 44682),
    ('=FIND(",",A1)', 2, 2),
    ('=IF(ISNUMBER(SEARCH(",",A1)),"yes","no")', "yes", "yes"),
    ("=MID(A1,2,1)", ",", ","),
    ('=MATCH(A1&"",A3:A4,0)', 2, 2),
    ('=COUNTIF(A1:A2,">"&A1)&": "&A1', "1: 2", "1: 2"),
]


def _book(path: Path, cached: bool) -> Path:
    def build(book: Any, sheet: Any) -> None:
        sheet.write_column("A1", [5.4, 12, "v1.2", "5,4"])
        for row, (formula, old, _) in enumerate(SHOWN):
            sheet.write_formula(row, 3, formula, None, old if cached else "")

    return make(path, build)


def test_a_cached_text_tells_the_comma(tmp_path: Path) -> None:
    """One text that shows 5,4 where the number is 5.4 decides for all texts of numbers in the workbook."""
    report = recalculate(_book(tmp_path / "a.xlsx", True), tmp_path / "b.xlsx")
    found = values(tmp_path / "b.xlsx")
    assert [found[f"D{row}"] for row in range(1, len(SHOWN) + 1)] == [now for _, _, now in SHOWN]
    assert {cell.cause for cell in report.changed if cell.status == "kept"} == {
        "a number within a text, which this workbook writes with a decimal comma"
    }


def test_without_such_a_text_it_is_a_point(tmp_path: Path) -> None:
    """A workbook without cached values, or with points in them, gets points."""
    recalculate(_book(tmp_path / "a.xlsx", False), tmp_path / "b.xlsx")
    assert values(tmp_path / "b.xlsx")["D1"] == "Mean: 5.4"
