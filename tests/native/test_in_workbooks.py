"""Native functions in workbooks: formulas in, cached values out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from rebalance_xl.recalc.workbook import recalculate

DATA = [["Name", "Amount", "Date"], ["ab", 3, "2020-01-22"], ["abcd", None, "x"], ["c", 5, 43832], ["dd", "#N/A", 60]]

FORMULAS: list[tuple[str, Any]] = [
    ("SUM(MMULT({1,2},{3;4}))", 11),
    ("INDEX(MINVERSE({4,-1;2,0}),2,1)", -1),
    ("GCD(B2,B4,30)", 1),
    ("YEAR(C2)", 2020),
    ("DAY(C5)", 29),
    ("YEAR(C3)", "#VALUE!"),
    ('TEXT(C4,"ddd d mmm yyyy")', "Thu 2 Jan 2020"),
    ('TEXT(B2/8,"# ?/?")', " 3/8"),
    ("SUMPRODUCT(LEN(A2:A5))", 9),
    ("SUMPRODUCT(MROUND(B2:B4,2))", 10),
    ("AGGREGATE(14,6,B2:B5/(B2:B5>3),1)", 5),
    ("XLOOKUP(4,{9,7,5,3},{1,2,3,4},0,1,-2)", 3),
    ('XMATCH("a*",A2:A5,2,-1)', 2),
    ('TEXTAFTER("a-b-c","-",-1)', "c"),
    ('REGEXREPLACE("x12","[0-9]+","#")', "x#"),
    ("DISC(39107,39248,97.975,100)", 0.05207142857142884),
    ("COUPNUM(DATE(2007,1,25),DATE(2008,11,15),2,1)", 4),
    ('DSUM(A1:B4,"Amount",A1:A2)', 3),
    ("IFERROR(VDB(2400,300,10,0,0.875,1.5),0)", 315),
    ("F.DIST(0.8,2.9,3,TRUE)", "same as F.DIST(0.8,2,3,TRUE)"),
    ('CONVERT(1,"lbm","kg")', 0.45359237),
    ("SUM(VSTACK({1,2},{3,4}))", 10),
    ("MROUND(B2,)", "#N/A"),
    ("FLOOR.MATH(-5.5,,1)", -5),
    ('LOOKUP(2,1/(A2:A5="c"),B2:B5)', 5),
    ("LOOKUP(1E+99,B:B)", 5),
    ("LOOKUP(1E+99,B1:B5)", 5),
    ("LOOKUP(1E+99,C1:C9,A1:A9)", "dd"),
    ('LOOKUP(REPT("z",255),C1:C5)', "x"),
    ("MATCH(1E+99,C1:C5)", 5),
    ('SUMIF(A2:A5,"a*",B2:B5)', 3),
    ('SUMIF(A2:A5,"d*",B2:B5)', "#N/A"),
    ('SUMIFS(B:B,A:A,"*")', "#N/A"),
    ('SUMIFS(B2:B5,A2:A5,"c",C2:C5,">100")', 5),
    ('AVERAGEIFS(B2:B5,A2:A5,"<>dd")', 4),
    ('AVERAGEIFS(B2:B5,A2:A5,"nobody")', "#DIV/0!"),
    ('AVERAGEIF(A2:A5,"nobody",B2:B5)', "#DIV/0!"),
    ('MAXIFS(B2:B5,A2:A5,"d?")', "#N/A"),
    ("SUM(TAKE({1,2;3,4},,1))", 4),
    ("SUM(SEQUENCE(,3,5))", 18),
    ("NETWORKDAYS.INTL(43831,43861,,{43833})", 22),
    ("WORKDAY.INTL(43831,5,,{43833})", 43839),
    ('ARABIC("mcmxii")', 1912),
    ('ARABIC(" -LV")', -55),
    ('ADDRESS(1,2,,,"S")', "S!$B$1"),
    ('IF(ISERROR(NoSuchName),"unknown","known")', "unknown"),
]


def recalculated(folder: Path, rows: list[list[Any]], formulas: list[str], epoch1904: bool = False) -> list[Any]:
    """Return the values of formulas in column H of a workbook with these rows."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    if epoch1904:
        book.epoch = CALENDAR_MAC_1904
    for line in rows:
        sheet.append(line)
    for number, formula in enumerate(formulas, 1):
        sheet.cell(number, 8, f"={formula}")
    path = folder / "book.xlsx"
    book.save(path)
    recalculate(path)
    values = openpyxl.load_workbook(path, data_only=True).active
    assert values is not None
    return [values.cell(number, 8).value for number in range(1, len(formulas) + 1)]


def test_native_functions_answer_in_a_workbook(tmp_path: Path) -> None:
    """Formulas that use native functions, alone, nested and over arrays, get their values."""
    texts = [formula for formula, _ in FORMULAS]
    answers = recalculated(tmp_path, DATA, [*texts, "F.DIST(0.8,2,3,TRUE)"])
    expected = [answers[-1] if str(value).startswith("same as") else value for _, value in FORMULAS]
    for formula, want, got in zip(texts, expected, answers, strict=False):
        assert got == (pytest.approx(want, rel=1e-12) if isinstance(want, float) else want), formula


@pytest.mark.parametrize(
    "formula, expected",
    [
        ("0.7+0.2+0.1=1", True),
        ("SUM(A1:C1)=1", True),
        ("SUM(A1:C1)<>1", False),
        ("SUM(A1:C1)>=1", True),
        ("SUM(A1:C1)<1", False),
        ("1=SUM(A1:C1)", True),
        ('IF(SUM(A1:C1)=D1,"ok","off")', "ok"),
        ("1.1*1.1=1.21", True),
        ("(A1+B1+C1)=1", True),
        ("1+1=3", False),
        ("1.000000000001*1=1", False),
        ("1+0=TRUE", False),
        ('1+1="x"', False),
        ('1+1<"x"', True),
        ("1-1=E1", True),
        ("1/0=1", "#DIV/0!"),
        ("SUMPRODUCT((A1:C1*10=7)*1)", 1),
        ("A1*1=A1:A1", True),
    ],
)
def test_computed_numbers_compare_to_fifteen_digits(tmp_path: Path, formula: str, expected: object) -> None:
    """A total that differs from a number in its last bits is equal to it, as in Excel; everything else is not."""
    assert recalculated(tmp_path, [[0.7, 0.2, 0.1, 1]], [formula]) == [expected]


def test_dates_follow_the_1904_system_of_the_workbook(tmp_path: Path) -> None:
    """DATE, YEAR and TEXT count from 1904 in a workbook that does, and dates in texts are of that system, too."""
    expected = {
        "DATE(1904,1,2)": 1,
        "YEAR(1)": 1904,
        'TEXT(1,"yyyy-mm-dd")': "1904-01-02",
        'TEXT(-0.5,"hh:mm")': "-12:00",
        'VALUE("1904-01-13")': 12,
        'YEAR("2020-01-31")': 2020,
        "MONTH(A1)": 1,
        'TEXT(A1,"mmm d")': "Jan 31",
        "A1+0": 42399,
        "EDATE(A1,1)": 42428,
        'DAYS("2020-01-31",B1)': 1,
        "WORKDAY(A1,1)": 42402,
        'COUNTIF(B1:B2,">=2020-01-31")': 1,
        "COUNTIF(B1:B2,A1)": 1,
        'SUMIF(B1:B2,"<2020-01-31",B1:B2)': 42398,
    }
    answers = recalculated(tmp_path, [["2020-01-31", 42398], [None, 42399]], list(expected), epoch1904=True)
    assert dict(zip(expected, answers, strict=True)) == expected


@pytest.mark.parametrize("top, height, width", [(28, 41, 6), (131, 61, 5), (2, 229, 4), (60, 9, 6)])
def test_formulas_between_values_keep_their_results(tmp_path: Path, top: int, height: int, width: int) -> None:
    """Every formula beside values has its result, wherever the block of values begins and ends."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for number in range(top, top + height):
        sheet.cell(number, 1, 1)
        sheet.cell(number, width + 1, "text")
        for column in range(2, width + 1):
            sheet.cell(number, column, f"=$A${top}+1")
    path = tmp_path / "book.xlsx"
    book.save(path)
    recalculate(path)
    values = openpyxl.load_workbook(path, data_only=True).active
    assert values is not None
    found = {values.cell(number, column).value for number in range(top, top + height) for column in range(2, width + 1)}
    assert found == {2}
