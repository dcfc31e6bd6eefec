"""What Excel's functions do beside their first sentence: sizes, order, letters, digits and blanks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.native.test_guards import KEPT, recalculated

ROWS: list[list[Any]] = [
    [0.3, 0.2, 0.1, "B", 1, "=A1-B1"],
    [1.1, 1, 0.1, "a", 2, 0.1],
    [5, 3, 0.5, "b", 3],
    [None, 7, "4", "\N{LATIN CAPITAL LETTER E WITH ACUTE}", 6],
    ["", 1, 2, "\N{LATIN SMALL LETTER E WITH ACUTE}", 7],
]
ANSWERS: list[tuple[str, Any]] = [
    # what is computed within ABS, MAX and the like, or named by LET, is compared to 15 digits
    ("ABS(A1-B1)=C1", True),
    ('IF(ABS(B1-A1)<C1,"in","out")', "out"),
    ("ABS(A2-B2)<=C2", True),
    ("MAX(A1-B1,0)=C1", True),
    ("IF(A1>0,A1-B1,0)>=C1", True),
    ("IFERROR(A1-B1,1)=0.1", True),
    ("MOD(A2,1)=C1", True),
    ("POWER(C1,2)=0.01", True),
    ("LET(d,ABS(A1-B1),IF(d>=C1,1,0))", 1),
    ("SWITCH(A1-B1,C1,1,0)", 1),
    ("ABS(A1-B1-C1)>0", True),
    # so is a number that is computed and compared with cells
    ("SUMPRODUCT(--(C1:C3=A1-B1))", 2),
    ("SUMPRODUCT((A1-B1>=C1:C3)*1)", 2),
    ("SUMPRODUCT((A1-B1<C1:C3)*1)", 1),
    ("SUMPRODUCT((C1:C3<=A1-B1)*1)", 2),
    ("SUMPRODUCT((F1:F2>=A1-B1)*(F1:F2<=A1-B1)*(F1:F2=A1-B1))", 2),
    # SWITCH compares as = does
    ('SWITCH(A4,"","blank",0)', "blank"),
    ('SWITCH(A4,0,"zero","","blank")', "zero"),
    ('SWITCH(A5,"","empty",0)', "empty"),
    ('SWITCH(D5,"\N{LATIN CAPITAL LETTER E WITH ACUTE}",1,2)', 1),
    ('SWITCH(5,1,"a",2,"b")', "#N/A"),
    # arrays that are multiplied are of one size
    ("SUMPRODUCT(A1:A3,B1:C3)", "#VALUE!"),
    ("SUMPRODUCT(A1:A3,B1:D1)", "#VALUE!"),
    ("SUMPRODUCT(B1:B3,E1)", "#VALUE!"),
    ("SUMPRODUCT(B1:B3,{1,2,3})", "#VALUE!"),
    ("SUMPRODUCT(B1:B3,{1;2;3})", 11.2),
    ("SUMPRODUCT(B3:B4*1,B3:B5)", "#VALUE!"),
    ("SUMPRODUCT(2,3)", 6),
    ("SUMPRODUCT(B1:B5,C1:C5)", 3.62),  # the text 4 counts as 0, although cells of the same kind are no texts
    # UNIQUE knows no capitals, of any alphabet, FREQUENCY keeps the order of its bounds
    ("ROWS(UNIQUE(D1:D5))", 3),
    ('TEXTJOIN("",FALSE,UNIQUE(D1:D5,,TRUE))', "a"),
    ("COLUMNS(UNIQUE({1,2,1;3,4,3},TRUE))", 2),
    ('TEXTJOIN(",",FALSE,FREQUENCY(E1:E5,{5,2}))', "1,2,2"),
    ('TEXTJOIN(",",FALSE,FREQUENCY(E1:E5,{2,2}))', "2,0,3"),
    ("SUM(FREQUENCY(D1:E5,D1:D5))", 5),
    # limits
    ("TIME(0,-1,0)", "#NUM!"),
    ("TIME(1,-30,0)", 0.5 / 24),
    ("TIME(25,0,0)", 1 / 24),
    ("TIME(40000,0,0)", "#NUM!"),
    ('NETWORKDAYS.INTL(44197,44227,"1111111")', 0),
    ('NUMBERVALUE("")', 0),
    ('NUMBERVALUE(" 1 2,5",",",".")', 12.5),
    ('NUMBERVALUE("1.234,5",",",".")', 1234.5),
    ('NUMBERVALUE("9%%")', 0.0009),
    ('NUMBERVALUE("1.2,3")', "#VALUE!"),
    ('NUMBERVALUE("-.5")', -0.5),
    ('FIND("","abc",4)', 4),
    ('FIND(A5,"abc",5)', "#VALUE!"),
    ("INDEX(E1:E5,2,1,1)", 2),
    # what nobody knows from the file
    ("INDEX(E1:E5,2,1,E2)", KEPT),
    ('TEXTJOIN({"-","+"},TRUE,E1:E3)', KEPT),
    ("TEXTJOIN(D1:D2,TRUE,E1:E3)", KEPT),
    ('VALUE("\N{FULLWIDTH DIGIT FIVE}")', KEPT),
]


def test_calls_follow_the_fine_print(tmp_path: Path) -> None:
    """Every call gives the value of Excel, or keeps the cached value where it is not known here."""
    found = recalculated(tmp_path / "b.xlsx", [formula for formula, _ in ANSWERS], ROWS)
    wrong = [
        (formula, got, want)
        for (formula, want), got in zip(ANSWERS, found, strict=True)
        if got != (pytest.approx(want, rel=1e-12) if isinstance(want, float) else want)
        or type(got) is bool is not type(want)
    ]
    assert wrong == []
