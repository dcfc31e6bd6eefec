"""Arrays of different sizes in one operation: the places that one of them lacks are #N/A, as in Excel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rebalance_xl.recalc.workbook import recalculate
from tests.recalc.books import make, values
from tests.recalc.test_kinds_of_formulas import check

#: A1:A5 is 1 to 5, B1:B3 is 10, 20, 30, C1:F1 is 1 to 4, G1:G3 is a, b, c.
ROWS: list[list[Any]] = [
    [1, 10, 1, 2, 3, 4, "a"],
    [2, 20, None, None, None, None, "b"],
    [3, 30, None, None, None, None, "c"],
    [4],
    [5],
]
ARRAYS: list[tuple[str, Any]] = [
    ("SUM(IFERROR(A1:A5*B1:B3,0))", 140),
    ("SUM(IFERROR((A1:A5>0)*(C1:E1>0)*A1:B3,0))", 66),
    ("SUM(A1:A5*B1:B3)", "#N/A"),
    ("SUM(A1:A5*C1:F1)", 150),
    ("COUNT(A1:A5+B1:B3)", 3),
    ("SUM(IF(ISNA(A1:A5=B1:B3),1,0))", 2),
    ("SUM(IF(ISNA(A1:A5&B1:B3),1,0))", 2),
    ("SUM(IF(ISNA(A1:A5^B1:B3),1,0))", 2),
    ("SUM(IFERROR(-A1:A5+B1:B3%,1000))", 1994.6),
    ("SUM(IFERROR({1,2,3;4,5,6}*{1,2},0))", 19),
    ('SUM(LEN(IFERROR(G1:G3&A1:A5,"zzz")))', 12),
    ("COUNT(ATAN2(A1:A5,B1:B3))", 3),
    ("SUM(IFERROR(MOD(A1:A5,B1:B3),1000))", 2006),
    ("MATCH(TRUE,ISNA(A1:A5*B1:B3),0)", 4),
    ("INDEX(A1:A5*B1:B3,2)", 40),
    ("SUM(IFERROR(((A1:A5*2)+(B1:B3*1))*{1;2;3;4},0))", 168),
    ("SUM(IFERROR(INDEX(A1:B5,0,1)*INDEX(B1:C3,,1),0))", 140),
    ("SUM(IFERROR(TRANSPOSE(C1:F1)*B1:B3,0))", 140),
    ("SUM(IFERROR(OFFSET(A1,0,0,5,1)*OFFSET(B1,0,0,3,1),0))", 140),
    ("SUM(IFERROR(OFFSET(A1,0,0,3,1)*OFFSET(B1,0,0,3,1),0))", 140),
    ("(MMULT(C1:F1,A1:A4)-MMULT(C1:E1,A1:A3))/MMULT(B1,A2)", 0.8),
    ("IFERROR(MMULT(C1:F1,A1:A5)-MMULT(C1:F1,A1:A4),-1)", -1),
    ("COUNT(MMULT(A1:A5,C1:F1)*B1:B3)", 12),
    ("COUNT(MMULT(C1:E1,A1:B3)*C1:F1)", 2),
]
#: A function of one value is computed once for the values of an array that are alike; these are not.
ONE_BY_ONE: list[tuple[str, Any]] = [
    ("SUM(--ISLOGICAL({1,TRUE;0,FALSE}))", 2),
    ('SUM(--ISTEXT({1,"1";TRUE,"TRUE"}))', 2),
    ("SUM(--ISBLANK(A3:C5))", 5),
    ('SUM(LEN({"a","A","a";"bb","bb","ccc"}))', 10),
    ('CONCAT(SUBSTITUTE({"a","A","a"},"a","b"))', "bAb"),
    ("SUM(IFERROR(ABS({-1,#N/A,-1,#DIV/0!,2}),10))", 24),
    ("SUM(IF(ISERR(ABS({-1,#N/A,-1,#DIV/0!,2})),1,0))", 1),
    ("SUM(MOD({7,7;8,8},{2,3;2,3}))", 4),
    ("SUM(RANDBETWEEN({1,1,1},1000000)*{1,1,-2})<>0", True),
]
CHOICES: list[tuple[str, Any]] = [
    ("SUM(IFERROR(IF(A1:A5>2,B1:B3,100),0))", 230),
    ("SUM(IFERROR(IF(A1:A5<3,B1:B3,100),0))", 330),
    ("SUM(IFERROR(IF({TRUE,FALSE},{1,2,3},{4,5,6,7}),0))", 6),
    ("SUM(IF(A1>0,B1:B3,A1:A5))", 60),
    ("SUM(IF(A1<0,B1:B3,A1:A5))", 15),
    ("COUNT(IF(OFFSET(A1,0,0,5,1)>2,OFFSET(B1,0,0,3,1),1))", 3),
    ("COUNT(IF(OFFSET(A1,0,0,1,1)>2,OFFSET(B1,0,0,3,1),A1:A5))", 5),
    ("SUM(IFERROR(IFERROR(A1:A5*B1:B3,B1:B3),1000))", 2140),
    ("SUM(IFERROR(IFNA(A1:A5*B1:B3,B1:B3),1000))", 2140),
    ("SUM(IFERROR(IFERROR(A1:B5,B1:B3),1000))", 75),
    ("COUNT(IF(A1:A3>1,B1:B3))", 2),
    ('COUNTA(IF(A1:A3>1,G1:G3,""))', 3),
    ("MATCH(30,IF(A1:A3>1,B1:B3),0)", 3),
    ("SUM(IF(A1>0,G1,B1))", 0),
    ('CONCAT(IF(A1:A3>1,G1:G3,"-"))', "-bc"),
]
PLAIN: list[tuple[str, Any]] = [
    ("SUMPRODUCT(IFERROR(A1:A5*B1:B3,0))", 140),
    ("SUMPRODUCT(A1:A5*B1:B3)", "#N/A"),
    ("SUMPRODUCT(A1:A5,B1:B3)", "#VALUE!"),
    ("SUMPRODUCT(ISNA(A1:A5&B1:B3)*1)", 2),
    ('SUMPRODUCT(IFERROR(ROW(INDIRECT("1:4"))*{1;2;3},0))', 14),
    ("AGGREGATE(14,6,A1:A5/(B1:B3>10),1)", 3),
    ("SUM(IFERROR({1,2,3}*{1,2},0))", 5),
    ("SUM(IFERROR(_xlfn._xlws.FILTER(A1:A5,A1:A5>1)*_xlfn._xlws.FILTER(B1:B3,B1:B3>0),0))", 200),
    ("SUM(IFERROR(_xlfn.LET(_xlpm.a,A1:A5,_xlpm.b,B1:B3,_xlpm.a*_xlpm.b),0))", 140),
    ("SUM(_xlfn.MAP({1,2},_xlfn.LAMBDA(_xlpm.r,COUNT(IF(A1:A5>_xlpm.r,B1:B3,A1:A5)))))", 6),
    ("SUM(_xlfn.MAP(A1:A5,_xlfn.LAMBDA(_xlpm.r,SUM(IF(A1:A5<_xlpm.r,LEN(_xlpm.r),0)))))", 10),
    ("SUM(_xlfn.REDUCE(0,{1,2},_xlfn.LAMBDA(_xlpm.a,_xlpm.v,LEN(_xlfn.VSTACK(_xlpm.a,_xlpm.v))*_xlpm.v)))", 6),
]

CONDITIONS: list[tuple[str, Any]] = [
    ('SUMIFS(A1:A3,B1:B3,">5")', 6),
    ('SUMIFS(A1:A5,B1:B3,">5")', "#VALUE!"),
    ('SUMIFS(A1:A3,B1:B3,">5",G1:G4,"a")', "#VALUE!"),
    ('SUMIFS(A:A,B:B,">5")', 6),
    ('SUMIFS(A:A,B1:B3,">5")', "#VALUE!"),
    ('COUNTIFS(A1:A3,">0",C1:E1,">0")', "#VALUE!"),
    ('COUNTIFS(A1:A2,">0",C1,">0")', "#VALUE!"),
    ('COUNTIFS(A1,">0",C1,">0")', 1),
    ('AVERAGEIFS(A1:A3,B1:B2,">5")', "#VALUE!"),
    ('MAXIFS(A1:A3,B1:B2,">5")', "#VALUE!"),
    ('MINIFS(A1:A3,B1:B2,">5")', "#VALUE!"),
    ('SUMIFS(OFFSET(A1,0,0,3,1),B1:B3,">5")', 6),
    ('SUMIFS(OFFSET(A1,0,0,4,1),B1:B3,">5")', "#VALUE!"),
    ('SUMIFS(INDIRECT("A1:A"&3),INDIRECT("B1:B"&3),">5")', 6),
    ('SUMIFS(INDIRECT("A1:A"&4),INDIRECT("B1:B"&3),">5")', "#VALUE!"),
    ('SUMIFS(A1:INDEX(A:A,4),B1:INDEX(B:B,3),">5")', "#VALUE!"),
    ('SUM(SUMIFS(A1:A3,G1:G3,{"a","b"}))', 3),
    ('SUM(SUMIFS(A1:A4,G1:G3,{"a","b"}))', "#VALUE!"),
    ('IFERROR(SUMIFS(A1:A4,B1:B3,">5"),-1)', -1),
    ('SUMIF(A1:A3,">1",B1)', 50),
    ('AVERAGEIF(A1:A3,">1",B1:B2)', 25),
]


@pytest.mark.parametrize("cases", [ARRAYS, CHOICES, ONE_BY_ONE], ids=["operators", "choices", "one by one"])
def test_what_an_array_lacks_is_not_available(tmp_path: Path, cases: list[tuple[str, Any]]) -> None:
    """Operators, comparisons and choices fill up with #N/A in array formulas, and IFERROR catches just these places."""
    check(tmp_path / "b.xlsx", cases, ROWS, array=True)


def test_what_an_array_lacks_is_not_available_in_ordinary_formulas(tmp_path: Path) -> None:
    """The same holds where a function makes its arguments arrays, and for sizes that only the computation shows."""
    check(tmp_path / "b.xlsx", PLAIN, ROWS)


def test_ranges_of_several_criteria_are_of_one_size(tmp_path: Path) -> None:
    """SUMIFS and its like refuse ranges of different sizes; SUMIF sums as many cells as it tests."""
    check(tmp_path / "b.xlsx", CONDITIONS, ROWS)


def test_sizes_are_those_of_each_cell_of_a_column(tmp_path: Path) -> None:
    """A formula filled down has ranges that fit in one row and not in others; each row counts what it has."""

    def build(book: Any, sheet: Any) -> None:
        book.define_name("first", "=Sheet1!$A$1:$A$4")
        for row in range(1, 13):
            sheet.write(f"A{row}", 1)
            sheet.write_formula(f"B{row}", f"=SUMPRODUCT(IFERROR($A$1:$A$6*A$1:A{row},0))", None, -1)
            sheet.write_formula(f"C{row}", f"=SUMPRODUCT(--ISNA(first+A$1:A{row}))", None, -1)
            sheet.write_formula(f"D{row}", f'=IFERROR(SUMIFS(A$1:A{row},A$1:A$6,">0"),-9)', None, -1)
            sheet.write_formula(f"E{row}", f"=SUMPRODUCT(A{row}:A{row + 1}*A{row}:A{row + 1})", None, -1)

    path = make(tmp_path / "b.xlsx", build)
    recalculate(path)
    found = values(path)
    assert [found[f"B{row}"] for row in range(1, 13)] == [6, *range(2, 7), *[6] * 6]
    assert [found[f"C{row}"] for row in range(1, 13)] == [0, 2, 1, 0, *range(1, 9)]
    assert [found[f"D{row}"] for row in range(1, 13)] == [*[-9] * 5, 6, *[-9] * 6]
    assert [found[f"E{row}"] for row in range(1, 13)] == [*[2] * 11, 1]
