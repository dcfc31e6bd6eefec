"""What Excel's functions do beside their first sentence: sizes, order, letters, digits and blanks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.native.test_guards import KEPT, recalculated, wrong

ROWS: list[list[Any]] = [
    [0.3, 0.2, 0.1, "B", 1, "=A1-B1"],
    [1.1, 1, 0.1, "a", 2, 0.1],
    [5, 3, 0.5, "b", 3, "=AGGREGATE(14,6,B1:B3,1)"],
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
    # regressions count from 1 where the numbers are left out, in any form
    ("LINEST(B1:B5,,TRUE)", 0.76),
    ("INDEX(LINEST(B1:B5,,TRUE,TRUE),4,2)", 3.0),
    ("LINEST(B1:B5,,FALSE)", 44.2 / 55),
    ("TREND(B1:B5,,6)", 4.72),
    ("SUM(TREND({1;2;4},{1;2;3},,FALSE))", 7.285714285714286),
    ("GROWTH({1;2;4;8},,5)", 16.0),
    ("INDEX(LOGEST({1;2;4;8},,TRUE),1,2)", 0.5),
    ("LINEST({10;20;30;40;50},{1,11;4,20;8,32;7,29;9,35})", KEPT),
    ("TREND({10;20;30;40;50},{1,11;4,20;8,32;7,29;9,35},{1,2})", KEPT),
    ("LINEST({1;2},{1,2,3,4;2,3,1,5})", KEPT),
    ("LINEST({1;2},{5,3;1,7},FALSE)", KEPT),
    ("TREND({1,2,4},{1,2,3;1,4,9})", 1),
    ("ROUND(LINEST({10;20;30;40;50},{1,11;4,20;8,32;7,29;9,36}),6)", 10.333333),
    ("LOGEST({1;-2;4})", "#NUM!"),
    # blank cells come last in both orders
    ('TEXTJOIN("|",FALSE,SORTBY(A2:A5,A2:A5,-1))', "|5|1.1|"),
    ('TEXTJOIN("|",FALSE,SORTBY(A2:A4,A2:A4,-1))', "5|1.1|"),
    ('TEXTJOIN("|",FALSE,SORTBY(A2:A4,A2:A4))', "1.1|5|"),
    # totals that count texts and truth values of ranges; those of arrays Excel was seen to count in part
    ('AVERAGEA({1;2;4;"Text";TRUE})', KEPT),
    ("MAXA(-1,{-2,TRUE})", KEPT),
    ("AVERAGEA(B1:D2)", 1.4 / 6),
    ("SUBTOTAL(2,#REF!)", "#REF!"),
    ("SUBTOTAL(3,B1:B2,#REF!)", "#REF!"),
    # ranges that end where a call says
    ("SUM(IF(A1>0,B1,B2):B3)", 4.2),
    ("SUM(IFS(A1>9,B2,TRUE,CHOOSE(2,B1,B3)):B2)", 4),
    ("SUM(B1:INDEX(B1:B5,2))", 1.2),
    ("SUM(XLOOKUP(3,B1:B5,B1:B5):B5)", 11),
    ("SUM(LET(x,B1:B2,x):B3)", KEPT),
    ("SUM(B1:SWITCH(1,1,B3))", KEPT),
    ('SUM(IF(A1>0,B1,"B2"):B3)', KEPT),
    ("SUM(IF(A1>0,SWITCH(1,1,B1),B2):B3)", KEPT),
    # AGGREGATE passes over cells of its own kind, also over those whose function takes arrays
    ("AGGREGATE(2,0,F1:F3)", 2),
    ("AGGREGATE(2,4,F1:F3)", 3),
    ("AGGREGATE(14,6,B1:B3/B1:B3,2)", 1),
    ('SEARCH("~x","~x")', KEPT),
    ('SEARCH("a~*","ba*")', 2),
    ('FIND("a","aaa","1 1/2")', 1),
    ('FIND("a","aaa","$2")', 2),
    ('FIND("a","aaa","x")', "#VALUE!"),
    # arguments out of their range
    ("IPMT(-1.5,2,3,1000)", "#NUM!"),
    ("PPMT(-1,2,3,1000)", "#NUM!"),
    ("FACT(-A1)", "#NUM!"),
    ("COMBIN(-A1,0)", "#NUM!"),
    ("FACT(E5)", 5040),
    ("COMBIN(E5,2)", 21),
    ("T.TEST(A1:A3,D1:D3,1,2)", "#DIV/0!"),
    ("CHISQ.TEST(A1,B1)", "#N/A"),
    ("TYPE(#N/A)", 16),
    ('NUMBERVALUE("123.45",".",".")', "#VALUE!"),
    ('VALUE("1.2E+308")', "#VALUE!"),
    ('TEXTJOIN(",","x",B1:B2)', "#VALUE!"),
    ('TEXTJOIN(",","true",A3:A4,B3)', "5,3"),
    # a text that is computed is no cell that a total passes over
    ('MAX(1,IF(B1>0,"",2))', "#VALUE!"),
    ('AVERAGE(IFERROR(1/0,""),5)', "#VALUE!"),
    ('MIN(1,IF(B1>9,"",IF(B1>0,"5")))', 1),
    ("MEDIAN(1,LEFT(D1,1))", "#VALUE!"),
    ('PRODUCT(2,LEFT("30",1))', 6),
    ('MAX(1,CHOOSE(2,5,"x"))', "#VALUE!"),
    ('MAX(1,IF(B1>0,A5,"x"))', 1),
    ("MAX(1,A5,D1:D5)", 1),
    ('MAX(IF({1,0},5,"x"))', 5),
    ('SUMPRODUCT(LEFT("5"),2)', 0),
    # so is one where a number is wanted
    ('LEFT("abc","")', "#VALUE!"),
    ('RIGHT("abc",D1)', "#VALUE!"),
    ('MID("abc",1,A5)', "#VALUE!"),
    ('LEFT("abc",C4)', "abc"),
    ('LARGE(E1:E5,"x")', "#VALUE!"),
    ("SMALL(E1:E5,C4)", 6),
    ("RANK(D1,E1:E5)", "#VALUE!"),
    ('RANK(E1,E1:E5,"x")', "#VALUE!"),
    ("RANK.EQ(E1,E1:E5,D1)", "#VALUE!"),
    ("RANK(E1,E1:E5,C4)=RANK(E1,E1:E5,1)", True),
    ('PERCENTRANK({1,2,4},2.5,"x")', "#VALUE!"),
    ('PERCENTRANK.EXC({1,2,4},2.5,"2")', 0.56),
    ('AVEDEV("x",2)', "#VALUE!"),
    ('SKEW(1,2,4,"x")', "#VALUE!"),
    ('KURT(1,2,4,7,"x")', "#VALUE!"),
    ('AVEDEV("3",1)', 1),
    # what IF and the like make of an array constant is an array in every formula, too
    ('SUM(LEN(IF({1,0},"x","yy")))', 3),
    ("SUM(COUNTIF(D1:D5,IF({1,0},D1,D2)))", 3),
    ("SUM(ROUND(IFERROR(1/{0,3},5),1))", 5.3),
    ("ROUND(IF({0,1},1.26,2.26),1)", 2.3),
    ("SUM(LEN(COS({0,0})))", 2),
    # names of array constants are arrays in every formula
    ("SUM(Weights*2)", 12),
    ("SUM(LARGE(E1:E5,Weights))", 16),
    ("SUM(COUNTIF(D1:D5,Letters))", 3),
    ("SUM(Weights)+SUM(Other!Weights)", 7),
    ("Weights*2", 2),
    # an ordinary formula gives TRANSPOSE one cell
    ("TRANSPOSE(A1:B3)", "#VALUE!"),
    ("SUM(TRANSPOSE(Weights))", 6),
    # texts whose order is not that of their letters' codes are not sorted by guess, unless nothing is sorted by them
    ('INDEX(SORT({"Zoe";"Anna"}),1)', "Anna"),
    ('INDEX(SORT({"Zoe";"\N{LATIN CAPITAL LETTER E WITH ACUTE}va"}),1)', KEPT),
    ('INDEX(SORT({"co-op";"cook"}),1)', KEPT),
    ('INDEX(SORT({"\N{CJK UNIFIED IDEOGRAPH-4E2D}";"a"}),1)', KEPT),
    ('INDEX(SORT({"co-op",2;"cook",1},2),1,1)', "cook"),
    ('INDEX(SORT({"co-op",2;"cook",1},{2,1}),1,1)', KEPT),
    ('INDEX(SORT({"co-op","cook";2,1},2,1,TRUE),1,1)', "cook"),
    ('INDEX(SORTBY({1;2},{"co-op";"cook"}),1)', KEPT),
    ("INDEX(SORT(D1:D5),1)", "a"),
    # only the size of a range counts, which may hold the cell itself
    ("DATE(2020,ROWS(H$1:H9),1)", 44075),
    ("COLUMNS(H1:J2)", 3),
    ("ROWS(A1:A4)", 4),
    ("IFERROR(COUNT(B1/0),9)", 0),
    ("IFERROR(COUNT(1/0,2),9)", 1),
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
    ('NUMBERVALUE("1e5")', 100000),
    ('NUMBERVALUE("1.5e-3")', 0.0015),
    ('NUMBERVALUE("1-Dec-2020")', "#VALUE!"),
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
    assert wrong(ANSWERS, recalculated(tmp_path / "b.xlsx", [formula for formula, _ in ANSWERS], ROWS)) == []


#: A1 and A2 hold texts of 255 and 256 characters, A4 and A5 longer ones that are computed.
LONG_ROWS: list[list[Any]] = [["a" * 255, 1], ["a" * 256, 2], ["b", 3], ['=A1&"a"', 4], ['=A2&"x"', 5]]
LONG: list[tuple[str, Any]] = [
    ("MATCH(A1,A1:A5,0)", 1),
    ("MATCH(A2,A1:A5,0)", "#VALUE!"),
    ("VLOOKUP(A2,A1:B5,2,FALSE)", "#VALUE!"),
    ("VLOOKUP(A3,A1:B5,2,FALSE)", 3),
    ("IFERROR(MATCH(A4,A1:A5,0),0)", 0),
    ("COUNTIF(A1:A5,A2)", "#VALUE!"),
    ("COUNTIF(A1:A5,A1)", 1),
    ('COUNTIF(A1:A5,"="&A1)', "#VALUE!"),
    ("COUNTIF(A1:A5,NA())", 0),
    ("SUMPRODUCT(COUNTIF(A1:A5,A1:A3))", "#VALUE!"),
    ("SUMPRODUCT(1/COUNTIF(A3:A3,A3:A3))", 1),
    ("SUMIF(A1:A5,A3,B1:B5)", 3),
    ("SUMIFS(B1:B5,A1:A5,A2,B1:B5,2)", "#VALUE!"),
    ("COUNTIFS(B1:B5,2,A1:A5,A4)", "#VALUE!"),
    ("XLOOKUP(A2,A1:A5,B1:B5)", KEPT),
    ("XLOOKUP(A1,A1:A5,B1:B5)", 1),
]


def test_texts_beyond_255_characters_are_not_looked_for(tmp_path: Path) -> None:
    """Look-ups and criteria refuse a longer text; the newer functions, of which nobody says it, keep their value."""
    assert wrong(LONG, recalculated(tmp_path / "b.xlsx", [formula for formula, _ in LONG], LONG_ROWS)) == []
