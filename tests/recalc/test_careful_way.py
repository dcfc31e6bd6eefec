"""What the careful way does otherwise matters wherever its operand comes from: names, tables, LET, LAMBDA, choices."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rebalance_xl.recalc.workbook import recalculate
from tests.recalc.books import make, values

#: A1:A3 read as numbers, B1 is B2 in 15 digits, C1 is a truth value, C2 is C3 in capitals, D2 is -0, G1 a date, and L
#: holds a word, a text that reads as a number, a number and an error.
COLUMNS: dict[str, list[Any]] = {
    "A": ["$1,200.50", "(5)", "4"],
    "B": [0.3000000000000001, 0.3, 7],
    "C": ["TRUE", "É", "é"],
    "D": [0, "=-D1"],
    "G": ["2020-01-31", 2],
    "L": ["abc", "12", 7, "=NA()"],
}
NUMBERS = [
    ("IFERROR(ABS(A:A),0)", 1200.5),
    ("IFERROR(A1*2,0)", 2401),
    ("IFERROR(-A1,0)", -1200.5),
    ("IFERROR(A1^1,0)", 1200.5),
    ("IFERROR(A1%,0)", 12.005),
    ("IFERROR(1+(A1),0)", 1201.5),
    ("IFERROR(+A1+0,0)", 1200.5),
    ("IFERROR(ROUND(A1,0),0)", 1201),
    ("IFERROR(SQRT(A1-0.5)+0,0)", 1200**0.5),
    ("IFERROR(IF(B3=7,A1,0)*2,0)", 2401),
    ("IFERROR(CHOOSE(1,A1)*2,0)", 2401),
    ("IFERROR(IFERROR(A1,0)*2,0)", 2401),
    ("IFERROR(INDEX(A1:A3,2)*2,0)", -10),
    ('IFERROR(VLOOKUP("(5)",A1:A3,1,FALSE)*2,0)', -10),
    ("IFERROR(OFFSET(A1,1,0)*2,0)", -10),
    ("IFERROR(SUMPRODUCT(OFFSET(B1,0,-1,2)*1),0)", 1195.5),
    ("IFERROR(SUM(INDEX(A1:INDEX(A:A,2),2)*2),0)", -10),
    ('COUNTIF(OFFSET(A1,0,0,3),"<>4")', 3),
    ("IFERROR(OFFSET(A1,1,0)*A1*0,9)", 0),
    ("IFERROR(INT(A3),0)", 4),
    ("IFERROR(PMT(A3,1,-1),0)", 5),
    ("IFERROR(EDATE(G1,1),0)", 43890),
    ("COUNT(A1/0,word,G2=2,G1)", 1),
    ("COUNT(A1/0,IF(G2=2,A3,0),G2=2)", 1),
    ("IFERROR(first*2,0)", 2401),
    ("IFERROR(doubled,0)", 2401),
    ("IFERROR(SUMPRODUCT(Coins[Price]*2),0)", 2392),
    ("IFERROR(SUMPRODUCT(A1:A3*1),0)", 1199.5),
    ("IFERROR(_xlfn.LET(_xlpm.x,A1,_xlpm.x*2),0)", 2401),
    ("IFERROR(_xlfn.LET(_xlpm.x,A1,_xlpm.y,_xlpm.x,_xlpm.y*2),0)", 2401),
    ("_xlfn.LET(_xlpm.x,IFERROR(A1*2,0),_xlpm.x+1)", 2402),
    ("IFERROR(_xlfn.LAMBDA(_xlpm.x,_xlpm.x*2)(A1),0)", 2401),
    ("IFERROR(twice(A1),0)", 2401),
    ("SUM(_xlfn.MAP(A1:A3,_xlfn.LAMBDA(_xlpm.x,IFERROR(_xlpm.x*2,0))))", 2399),
    ("SUM(_xlfn.MAP(B1:B3,_xlfn.LAMBDA(_xlpm.x,IFERROR(A1*2,0))))", 7203),
    ("IFERROR(COSH(B3*200),-7)", -7),
    ("IFERROR(FV(B3*1E9,100,1),-7)", -7),
    ("IFERROR(SUMSQ(B3*1E300,1),-7)", -7),
    ("IFERROR(STDEV(B3,1E300),B3)", 7),
    ("_xlfn.REDUCE(0,A1:A2,_xlfn.LAMBDA(_xlpm.a,_xlpm.x,IFERROR(_xlpm.a+_xlpm.x,0)))", 1195.5),
]
TRUTHS = [
    ("IFERROR(IF(C1,1,0),9)", 1),
    ("IFERROR(NOT(C1),9)", False),
    ("IFERROR(AND(INDEX(C1:C3,1),B3=7),9)", True),
    ("IFERROR(AND(INDEX(C1:C3,1)),9)", 9),
    ("IFERROR(OR(OFFSET(C1,0,0,3)),9)", 9),
    ("IFERROR(OR(IF(B3=7,C1),C1=0),9)", False),
    ('IFERROR(AND(IF(B3=7,"TRUE",0)),9)', True),
    ("IFERROR(_xlfn.LET(_xlpm.t,C1,IF(_xlpm.t,1,0)),9)", 1),
]
COMPARED = [
    ('IF(B1=B2,"same","other")', "same"),
    ('IF((B1)=(B2),"same","other")', "same"),
    ('IF(INDIRECT("B1")=INDIRECT("B2"),"same","other")', "same"),
    ('SUMPRODUCT((INDIRECT("C1:C3")=OFFSET(C1,2,0))*1)', 2),
    ('IF(INDEX(B1:B3,1)=B2,"same","other")', "same"),
    ('IF(third=B2,"same","other")', "same"),
    ('IF(_xlfn.LET(_xlpm.x,B1,_xlpm.x=B2),"same","other")', "same"),
    ('IF(_xlfn.LAMBDA(_xlpm.x,_xlpm.x=0.3)(B1),"same","other")', "same"),
    ("SUM(--_xlfn.MAP(B1:B3,_xlfn.LAMBDA(_xlpm.x,_xlpm.x=0.3)))", 2),
    ('IFERROR(IF(IF(B3=7,B1,0)=B2,"same","other"),"")', "same"),
    ("COUNTIF(B1:B3,0.3)", 2),
    ("SUMPRODUCT((B1:B3=B2)*1)", 2),
    ("C2=C3", True),
    ('C2="é"', True),
    ("_xlfn.LET(_xlpm.x,C2,_xlpm.x=C3)", True),
    ("SUM(--_xlfn.MAP(C2:C3,_xlfn.LAMBDA(_xlpm.x,_xlpm.x=C3)))", 2),
    ("INDEX(C1:C3,2)=C3", True),
]
SHOWN = [
    ("LEN(B:B)", 3),
    ('_xlfn.TEXTJOIN("-",TRUE,OFFSET(B1,0,0,2))', "0.3-0.3"),
    ('_xlfn.CONCAT(IF(B3=7,B1:B2,""),INDIRECT("B1"))', "0.30.30.3"),
    ("TRIM(INDEX(B1:B3,1))", "0.3"),
    ('LEFT(CONCATENATE(OFFSET(B1,0,0),"x"),9)', "0.3x"),
    ('B3*123456789012345678&""', "864197523086420000"),
    ('B3*1E+21&""', "7E+21"),
    ("LEN(B3*1E+21)", 5),
    ('-D1&"x"', "0x"),
    ('"Net "&ROUND(-0.4,0)', "Net 0"),
    ('TRUNC(-0.5)&"; "&D1*-1', "0; 0"),
    ('CONCATENATE("a",-D1)', "a0"),
    ('_xlfn.TEXTJOIN(",",TRUE,D2,1)', "0,1"),
    ('TEXT(-0.4,"0")&", "&D2', "0, 0"),
    ("LEN(B1)", 3),
    ("LEN(third)", 3),
    ("LEN(B1*1)", 3),
    ("LEN(SUM(B1:B1))", 3),
    ('LEN(B1&"x")', 4),
    ("LEN(TRIM(B1))", 3),
    ("LEN(IF(B3=7,B1,0))", 3),
    ('LEFT(B1*1&"",9)', "0.3"),
    ('B1*1&"x"="0.3x"', True),
    ('EXACT(B1,"0.3")', True),
    ('MATCH(B1&"",{"0.3"},0)', 1),
    ("_xlfn.LET(_xlpm.x,B1,LEN(_xlpm.x))", 3),
    ('_xlfn.LET(_xlpm.x,B1&"",_xlpm.x="0.3")', True),
    ('SUM(_xlfn.MAP(B1:B2,_xlfn.LAMBDA(_xlpm.x,LEN(_xlpm.x&""))))', 6),
]

#: What COUNT is given stands in cells (a text that reads as a number does not count), or was computed (it does).
COUNTED = [
    ('COUNT("x",INDEX(L1:L4,2))', 0),
    ("COUNT(INDEX(L1:L4,3))", 1),
    ("COUNT(INDEX(L1:L4,9),1)", 1),
    ("COUNT(L2:INDEX(L1:L4,4))", 1),
    ("COUNT(INDEX(L1:L4,2):L4,L3)", 2),
    ("COUNT(OFFSET(L1,1,0))", 0),
    ("COUNT(OFFSET(L1,0,0,4,1))", 1),
    ("COUNT(L1:L4,INDEX(L1:L4,2))", 1),
    ("COUNT(Sheet1!$L$1:INDEX(Sheet1!$L:$L,4))", 1),
    ("COUNT(moving)", 1),
    ("COUNT(INDEX(L1:L3+0,0),1)", 3),
    ("COUNT(IF(L3=7,L2,L3))", 0),
    ("IFERROR(COUNT(L3/0,L3*2,L4),9)", 1),
    ('COUNT("5",L2&"",TRUE)', 3),
    ("SUM(three)", 7),
    ("SUM(Sheet1!L1:INDEX(L:L,3))", 7),
    ("SUM(L1:INDEX(Sheet1!L:L,3))", 7),
    ("SUM(INDEX(Sheet1!L:L,2):Sheet1!L3)", 7),
    ("ROWS(Sheet1!L1:OFFSET(Sheet1!L1,2,0))", 3),
    ('ROWS(Sheet1!L1:INDIRECT("Sheet1!L3"))', 3),
]


@pytest.mark.parametrize("plain", [False, True])
@pytest.mark.parametrize(
    "cases", [NUMBERS, TRUTHS, COMPARED, SHOWN, COUNTED], ids=["numbers", "truths", "compared", "shown", "counted"]
)
def test_operands_from_anywhere(tmp_path: Path, cases: list[tuple[str, Any]], plain: bool) -> None:
    """An operand that the engine reads less of than Excel is found behind names, tables, LET, LAMBDA and choices."""

    def build(book: Any, sheet: Any) -> None:
        for column, cells in COLUMNS.items():
            sheet.write_column(f"{column}1", cells)
        sheet.add_table("E1:E3", {"name": "Coins", "columns": [{"header": "Price"}], "data": [["$1,200"], ["(4)"]]})
        book.define_name("first", "=Sheet1!$A$1")
        book.define_name("third", "=Sheet1!$B$1")
        book.define_name("word", "=Sheet1!$A$3")
        book.define_name("moving", "=Sheet1!$L$1:INDEX(Sheet1!$L:$L,4)")
        book.define_name("three", "=Sheet1!$L$1:INDEX(Sheet1!$L:$L,3)")
        book.define_name("doubled", "=Sheet1!$A$1*2")
        book.define_name("twice", "=_xlfn.LAMBDA(_xlpm.x,_xlpm.x*2)")
        for row, (formula, _) in enumerate(cases, 1):
            sheet.write_formula(f"H{row}", "=" + formula, None, -1)

    path = make(tmp_path / "b.xlsx", build)
    recalculate(path, plain=plain)
    found = values(path)
    wrong = {
        formula: found.get(f"H{row}")
        for row, (formula, right) in enumerate(cases, 1)
        if found.get(f"H{row}") != (pytest.approx(right) if isinstance(right, float) else right)
    }
    assert not wrong
