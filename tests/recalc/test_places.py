"""What the text of an INDIRECT means: cells in both styles, names of the workbook and of its sheets, tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rebalance_xl.recalc.workbook import recalculate
from tests.recalc.books import make, values


def _book(path: Path, formulas: list[str]) -> Path:
    """Write a book with three sheets, a table and names; the formulas stand in Sheet1!H1 and below."""

    def build(book: Any, sheet: Any) -> None:
        sheet.write_column("A1", [1, 2, 3, 4])
        sheet.write_column("B1", ["2015", "it's", "Own", "gone"])
        for name, factor in (("2015", 10), ("it's", 100)):
            other = book.add_worksheet(name)
            other.write_column("A1", [factor, 2 * factor, 3 * factor])
            other.write("C1", "x")
        other.add_table("E1:F3", {"name": "Deals", "columns": [{"header": "Coin"}, {"header": "Size"}]})
        other.write_column("F2", [7, 8])
        book.define_name("Whole", "='2015'!$A$1:$A$3")
        book.define_name("'2015'!Own", "='2015'!$A$2")
        book.define_name("Own", "=Sheet1!$A$2")
        book.define_name("Sizes", "=Deals[Size]")
        book.define_name("Moving", "=OFFSET(Sheet1!$A$1,0,0,2,1)")
        book.define_name("Fixed", "=5")
        book.define_name("Alias", "=Whole")
        book.define_name("Beside", "=Sheet1!A1")
        for row, formula in enumerate(formulas, 1):
            sheet.write_formula(f"H{row}", "=" + formula, None, -999)

    return make(path, build)


FOUND: list[tuple[str, Any]] = [
    ('INDIRECT("\'"&B1&"\'!Own")', 20),
    ('INDIRECT("\'"&SUBSTITUTE(B2,"\'","\'\'")&"\'!A2")', 200),
    ('INDIRECT(B3)&""', "2"),
    ('INDIRECT("Sheet1!"&"Own")', 2),
    ('SUM(INDIRECT("\'"&B1&"\'!Whole"))', 60),
    ('SUM(INDIRECT("Sheet1!whole"))', 60),
    ('SUMIFS(INDIRECT("\'2015\'!Whole"),INDIRECT("\'2015\'!A1:A"&3),">15")', 50),
    ('INDEX(INDIRECT("\'"&B1&"\'!Whole"),MATCH(30,INDIRECT("\'"&B1&"\'!Whole"),0))', 30),
    ('INDIRECT("\'"&B4&"\'!Own")', "#REF!"),
    ('IFERROR(INDIRECT("\'"&B4&"\'!A1"),-1)', -1),
    ('SUM(INDIRECT("Sizes"))', 15),
    ('SUM(INDIRECT("Deals[[#All],[Size]]"))', 15),
    ('COUNTA(INDIRECT("Deals[#Headers]"))', 2),
    ('INDIRECT("Deals[Price]")', "#REF!"),
    ('INDIRECT("Moving")', "#REF!"),
    ('INDIRECT("Fix"&"ed")', "#REF!"),
    ("INDIRECT(A1)", "#REF!"),
    ('SUM(INDIRECT("Sheet1!A1:Sheet1!A"&3))', 6),
    ('SUM(INDIRECT("R1C1:R3C1",FALSE))', 6),
    ("SUM(INDIRECT(\"'2015'!C1\",0))", 60),
    ('SUM(INDIRECT("R[-20]C[-7]:R[-19]C1",A1>5))', 3),
    ('INDIRECT("R2C",FALSE)', 200),
    ('ROW(INDIRECT("RC",FALSE))', 23),
    ('INDIRECT("A1",FALSE)', "#REF!"),
    ('INDIRECT("Own",FALSE)', 2),
    ('SUM(A1:INDIRECT("A"&3))', 6),
    ('INDIRECT(INDIRECT("A9"&1/0))', "#DIV/0!"),
]


def _found(tmp_path: Path, cases: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return what formulas give in the book of this module."""
    path = _book(tmp_path / "b.xlsx", [formula for formula, _ in cases])
    recalculate(path)
    found = values(path)
    return {formula: found.get(f"H{row}") for row, (formula, _) in enumerate(cases, 1)}


def test_a_text_means_what_it_means_to_excel(tmp_path: Path) -> None:
    """Names of a sheet and of the workbook, with and without a sheet before them; what is no reference is #REF!."""
    assert _found(tmp_path, FOUND) == dict(FOUND)


@pytest.mark.parametrize(
    "formula",
    [
        'INDIRECT("Alias")',
        'INDIRECT("Beside")',
        'INDIRECT("A1#")',
        'SUM(INDIRECT("A1,A2"))',
        'IFERROR(INDIRECT("Other.xlsx!Own"),0)',
        'SUM(_xlfn.MAP({1,2},_xlfn.LAMBDA(_xlpm.r,INDIRECT("A"&_xlpm.r))))',
        "SUM(_xlfn.MAP({1,2},_xlfn.LAMBDA(_xlpm.r,SUM(OFFSET(A1,_xlpm.r,0)))))",
        "SUM(_xlfn.MAP(A1:A3,_xlfn.LAMBDA(_xlpm.r,ROW(_xlpm.r))))",
    ],
)
def test_what_is_not_known_keeps_the_value(tmp_path: Path, formula: str) -> None:
    """What Excel may find and nobody here can follow is kept and named, also within IFERROR."""
    path = _book(tmp_path / "b.xlsx", [formula])
    report = recalculate(path)
    assert values(path)["H1"] == -999
    assert [row.cell for row in report.changed if row.status == "kept" and row.cause] == ["H1"]


def test_a_lambda_may_use_cells_that_do_not_depend_on_it(tmp_path: Path) -> None:
    """ROW, OFFSET and INDIRECT in a LAMBDA mean the cells of the workbook, wherever the LAMBDA is computed."""
    formulas = [
        "SUM(_xlfn.MAP({1,2},_xlfn.LAMBDA(_xlpm.r,ROW())))",
        "SUM(_xlfn.MAP({1,2},_xlfn.LAMBDA(_xlpm.r,_xlpm.r*ROW(A7))))",
        "SUM(_xlfn.MAP({1,2},_xlfn.LAMBDA(_xlpm.r,_xlpm.r*SUM(OFFSET(A1,2,0)))))",
        'SUM(_xlfn.MAP({1,2},_xlfn.LAMBDA(_xlpm.r,_xlpm.r*INDIRECT("A"&4))))',
    ]
    path = _book(tmp_path / "b.xlsx", formulas)
    recalculate(path)
    assert [values(path)[f"H{row}"] for row in range(1, 5)] == [2, 21, 9, 12]


#: In an ordinary formula, written from row 1 on, a place is the cell beside it where one value is wanted.
BESIDE: list[tuple[str, Any]] = [
    ("OFFSET(A1,0,0,4)*10", 10),
    ('INDIRECT("A1:A4")*10', 20),
    ("INDEX(A1:A4,0)*10", 30),
    ("A1:INDEX(A:A,4)*10", 40),
    ('A3:INDEX(A:A,3)&"x"', "3x"),
    ("SUM(IF(OFFSET(A1,0,0,4)>0,1,0))", "#VALUE!"),
    ("ABS(INDEX(A:A,0))", 0),
    ("IF(INDEX(A1:A8,0)<1,A1:OFFSET(A1,7,0))", 0),
    ('IF(ISERROR(OFFSET(B1,1,0,1,1)*1),"none",OFFSET(B1,1,0,1,1)+1)', "none"),
    ("SUMPRODUCT(OFFSET(A1,0,0,4)*10)", 100),
    ("SUM(INDEX((A1:A4>2)*1,0))", 2),
    ("ISBLANK(A9:INDEX(A:A,9))", True),
    ("NPV(0,A1:INDEX(A:A,3))", 6),
    ("SUMPRODUCT(IFERROR(A1:INDEX(A:A,4)*1,0))", 10),
    ("SUMPRODUCT((A1:OFFSET(A1,3,0)>2)*A1:INDEX(A:A,4))", 7),
    ("SUM(SUMIF(A1:INDEX(A:A,4),{1,3},B1))", 0),
    ("ROWS(A1:INDEX(A:A,4))+ROW(A2:INDEX(A:A,4))", 6),
]


def test_a_place_is_one_cell_where_one_value_is_wanted(tmp_path: Path) -> None:
    """Places that are computed are cut to the cell beside the formula, as written ranges are."""
    assert _found(tmp_path, BESIDE) == dict(BESIDE)
