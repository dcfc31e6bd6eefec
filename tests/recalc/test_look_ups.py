"""Look-ups and counts: the last argument in all its spellings, and errors in the place of a range."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rebalance_xl.recalc.evaluation import reads
from rebalance_xl.recalc.workbook import recalculate
from tests.recalc.books import make, values
from tests.recalc.test_kinds_of_formulas import check

#: A1:A3 is 3, 1, 2, B1:B3 is c, b, a, C1:C3 is 1, 2, 3; D1 is 0, E1 is FALSE.
ROWS: list[list[Any]] = [[3, "c", 1, 0, False], [1, "b", 2], [2, "a", 3]]
EXACT = ["0", "FALSE", "", "D1", "E1", "Z9", "1=2", "NOT(TRUE)", "-FALSE", '"0"', "IF(D1=0,FALSE,1)", "C1-1"]
DELETED: list[tuple[str, Any]] = [
    ("MATCH(1,#REF!,0)", "#REF!"),
    ("MATCH(1/0,#REF!,0)", "#DIV/0!"),
    ("MATCH(NA(),#REF!,0)", "#N/A"),
    ("INDEX(#REF!,MATCH(B2,#REF!,0))", "#REF!"),
    ("INDEX(#REF!,NA())", "#REF!"),
    ("INDEX(A1:A3,NA(),1/0)", "#N/A"),
    ('VLOOKUP("a",#REF!,1,FALSE)', "#REF!"),
    ('HLOOKUP("a",#REF!,1)', "#REF!"),
    ("LOOKUP(1,#REF!)", "#REF!"),
    ("LOOKUP(1,#REF!,A1:A3)", "#REF!"),
    ("COUNTIF(#REF!,1)", "#REF!"),
    ("COUNTIFS(A1:A3,1,#REF!,1)", "#REF!"),
    ("SUMIFS(#REF!,A1:A3,1)", "#REF!"),
    ("SUMIFS(A1:A3,#REF!,1)", "#REF!"),
    ("COUNTBLANK(#REF!)", "#REF!"),
    ("ROWS(#REF!)", "#REF!"),
    ("COLUMNS(gone!A1:B2)", "#REF!"),
    ("RANK(1/0,#REF!)", "#DIV/0!"),
    ("COUNT(#REF!)", 0),
    ("COUNTA(#REF!)", 1),
]
COMPUTED: list[tuple[str, Any]] = [
    ('MATCH(1,INDIRECT("gone!A1:A3"),0)', "#REF!"),
    ('MATCH(1,INDIRECT("A1:A3"),0)', 2),
    ('COUNTIF(INDIRECT("gone!A1:A3"),1)', "#REF!"),
    ('COUNTIF(INDIRECT("A1:A3"),">1")', 2),
    ('ROWS(INDIRECT("gone!A1:A3"))', "#REF!"),
    ("ROWS(OFFSET(A1,0,0,2,1))", 2),
    ("ROWS(OFFSET(A1,-5,0,2,1))", "#REF!"),
    ("COUNTBLANK(OFFSET(A1,NA(),0,2,1))", "#N/A"),
    ("COUNTIF(OFFSET(A1,0,0,3,1),1)", 1),
    ("COUNTIF(INDEX(A1:C3,0,9),1)", "#REF!"),
    ("COUNTIF(INDEX(A1:C3,0,3),1)", 1),
    ("MATCH(2,OFFSET(A1,-9,0,3,1),0)", "#REF!"),
    ('SUMIFS(INDIRECT("gone!A1:A3"),B1:B3,"a")', "#REF!"),
    ('IFERROR(COUNTIF(INDIRECT("gone!A1:A3"),1),"none")', "none"),
]
COLUMNS: list[tuple[str, Any]] = [
    ('VLOOKUP("zz",B1:C3,0,FALSE)', "#N/A"),
    ('VLOOKUP("b",B1:C3,0,FALSE)', "#VALUE!"),
    ('VLOOKUP("zz",B1:C3,-1,FALSE)', "#N/A"),
    ('HLOOKUP("zz",B1:C3,0,FALSE)', "#N/A"),
    ('HLOOKUP("c",B1:C3,0,FALSE)', "#VALUE!"),
    ('VLOOKUP("b",B1:C3,2,FALSE)', 2),
    ('VLOOKUP("b",B1:C3,1/0,FALSE)', "#DIV/0!"),
]


def test_match_is_exact_for_false_as_for_0(tmp_path: Path) -> None:
    """FALSE, a blank, a left-out and a computed last argument look for the very value, in cells in no order."""
    cases: list[tuple[str, Any]] = [(f'MATCH("b",B1:B3,{each})', 2) for each in EXACT]
    cases += [(f"MATCH(3,A1:A3,{each})", 1) for each in EXACT]
    cases += [
        ("MATCH(2.5,C1:C3,TRUE)", 2),
        ("MATCH(2.5,C1:C3,C1)", 2),
        ("MATCH(2.5,C1:C3)", 2),
        ("MATCH(1,A1:A3,1/0)", "#DIV/0!"),
        ('MATCH(1,A1:A3,"x")', "#VALUE!"),
        ("SUMPRODUCT(MATCH(C1:C3,A1:A3,FALSE))", 6),
        ('IFERROR(MATCH("zz",B1:B3,FALSE),-1)', -1),
        ("INDEX(C1:C3,MATCH(3,A1:A3,FALSE))", 1),
    ]
    check(tmp_path / "b.xlsx", cases, ROWS)


@pytest.mark.parametrize("cases", [DELETED, COMPUTED, COLUMNS], ids=["deleted", "computed", "columns"])
def test_an_error_in_the_place_of_a_range_is_the_answer(tmp_path: Path, cases: list[tuple[str, Any]]) -> None:
    """Nothing is looked for or counted in an error; what is sought comes before it, and finding before the column."""
    check(tmp_path / "b.xlsx", cases, ROWS)


def test_an_error_that_is_asked_for_is_the_answer(tmp_path: Path) -> None:
    """Places, ranks and shares of a range that are errors themselves are not passed over."""
    cases: list[tuple[str, Any]] = [
        ("SMALL(A1:A3,NA())", "#N/A"),
        ("LARGE(A1:A3,1/0)", "#DIV/0!"),
        ("PERCENTILE(A1:A3,NA())", "#N/A"),
        ("QUARTILE(A1:A3,1/0)", "#DIV/0!"),
        ("PERCENTRANK(A1:A3,2,NA())", "#N/A"),
        ("RANK(2,A1:A3,NA())", "#N/A"),
        ("RANK(1/0,A1:A3)", "#DIV/0!"),
        ("RANK(2,A1:A3,C1)", 2),
        ("FORECAST(NA(),A1:A3,C1:C3)", "#N/A"),
        ("SUM(SMALL(A1:A3,{1,2}))", 3),
        ("SUMPRODUCT(LARGE(A1:A3,ROW(A1:A2)))", 5),
        ("IFNA(SMALL(A1:A3,NA()),-1)", -1),
        ("AGGREGATE(9,6,A1:A3*C1:C3)", "#VALUE!"),
        ("AGGREGATE(9,6,A1:A3)", 6),
        ("AGGREGATE(9,6,#REF!)", "#REF!"),
        ("AGGREGATE(14,6,A1:A3*C1:C3,1)", 6),
        ("CHOOSE(TRUE,5,6)", 5),
        ("CHOOSE(A1>B1,5,6)", "#VALUE!"),
        ('VLOOKUP("b",B1:C3,TRUE,0)', "b"),
        ('CHOOSE("2",5,6)', 6),
    ]
    check(tmp_path / "b.xlsx", cases, ROWS)


def test_an_approximate_look_up_stops_at_the_very_value(tmp_path: Path) -> None:
    """Among cells in no order the search ends where it meets what it looks for, at the last that follow each other."""
    rows: list[list[Any]] = [
        ["TCS", 1, 5, 2], ["Relience", 2, 9, 4], ["Infosys", 3, 4, 7], ["HDFC", 4, 4, 7], ["ITC", 5, 3, 9],
    ]  # fmt: skip
    cases: list[tuple[str, Any]] = [
        ('MATCH("Infosys",A1:A5)', 3),
        ('MATCH("Infosys",A1:A5,1)', 3),
        ('VLOOKUP("Infosys",A1:B5,2)', 3),
        ('VLOOKUP("Infosys",A1:B5,2,TRUE)', 3),
        ('LOOKUP("Infosys",A1:A5,B1:B5)', 3),
        ('LOOKUP("Infosys",A1:B5)', 3),
        ('IFERROR(INDEX(B1:B5,MATCH("infosys",A1:A5)),0)', 3),
        ("MATCH(4,C1:C5)", 4),
        ("HLOOKUP(5,A1:D2,2)", 9),
        ("MATCH(7,D1:D5)", 4),
        ("MATCH(8,D1:D5)", 4),
    ]
    check(tmp_path / "b.xlsx", cases, rows)


def test_a_date_in_a_criterion_whose_order_the_file_does_not_tell(tmp_path: Path) -> None:
    """Which of day and month comes first is not guessed in a criterion either, with strokes or with hyphens."""
    rows: list[list[Any]] = [[43500, 1, ">02-10-2019"], [43800, 2, "02/10/2019"]]
    cases: list[tuple[str, Any]] = [
        ('COUNTIF(A1:A2,">02-10-2019")', "kept"),
        ('COUNTIFS(A1:A2,">02/10/2019")', "kept"),
        ('SUMIF(A1:A2,"<=2-10-2019",B1:B2)', "kept"),
        ("COUNTIF(A1:A2,C1)", "kept"),
        ('AVERAGEIFS(B1:B2,A1:A2,">"&C2)', "kept"),
        ('COUNTIF(A1:A2,">2019-02-10")', 1),
        ('COUNTIF(A1:A2,">02-02-2019")', 2),
        ('COUNTIF(A1:A2,">13-02-2019")', "kept"),
        ('COUNTIF(A1:A2,">02-13-2019")', "kept"),
        ('COUNTIF(B1:B2,">-5")', 2),
    ]
    check(tmp_path / "b.xlsx", cases, rows)


#: Look-ups of numbers that others in A1:A4 or C1:E1 are near, but not the same; 0.1+0.2 and 0.3 are two numbers.
NEAR = [
    ("MATCH(0,A1:A4,0)", "#N/A"),
    ("MATCH(0.3,A1:A4,0)", "#N/A"),
    ("MATCH(0.1+0.2,A1:A4,0)", 2),
    ("MATCH(B1,A1:A4,0)", 3),
    ("MATCH(B1-0,A1:A4,0)", 3),
    ("MATCH(B2*3,A1:A4,0)", 2),
    ("MATCH(MIN(A1:A4),A1:A4,0)", 1),
    ("MATCH(MAX(B2)*3-0.2,B2:B3,0)", "#N/A"),
    ("MATCH(SMALL(A1:A4,3),A1:A4,0)", 2),
    ("MATCH(_xlfn.SINGLE(B1),A1:A4,)", 3),
    ("VLOOKUP(0,A1:B4,2,FALSE)", "#N/A"),
    ("VLOOKUP(B1,A1:B4,2,0)", 13),
    ("IFERROR(VLOOKUP(B1,A1:B4,1,)-B1,9)", 0),
    ("HLOOKUP(0.3,C1:E2,2,FALSE)", "#N/A"),
    ("HLOOKUP(C1,C1:E2,2,FALSE)", 31),
    ("_xlfn.XMATCH(B1,A1:A4)", 3),
    ("_xlfn.XMATCH(0,A1:A4,0,1)", "#N/A"),
    ("_xlfn.XMATCH(Z99,C1:E1,0,-1)", 3),
    ('_xlfn.XLOOKUP(Z99,C1:E1,C2:E2,IF(B1=0.3,"near"),0,-1)', 33),
    ('_xlfn.XLOOKUP(Z99,A1:A4,B1:B4,"none")', "none"),
    ("_xlfn.XLOOKUP(B1,A1:A4,B1:B4)", 13),
    ('_xlfn.XLOOKUP(0.3,A1:A4,B1:B4,"none")', "none"),
    ("SUM(_xlfn.MAP(A1:A4,_xlfn.LAMBDA(_xlpm.x,MATCH(_xlpm.x,A1:A4,0))))", 10),
    ("MATCH(4,A1:A4,0)", 4),
    # in ordinary formulas a computed list is one cell, the one beside the formula
    ("ISERROR(MATCH(B1,A1:A4*1,0))", True),
    ("ISERROR(MATCH(4,A1:A4*1))", True),
    ("MATCH(B1,A1:A24*1,0)", "#N/A"),
    ("SUMPRODUCT(MATCH(B1,A1:A4*1,0))", 3),
]


@pytest.mark.parametrize("plain", [False, True])
def test_exact_look_ups_find_the_very_number(tmp_path: Path, plain: bool) -> None:
    """What is looked for exactly is the number as it is stored, not one that is near it, and no blank is a 0."""

    def build(_: Any, sheet: Any) -> None:
        sheet.write_column("A1", [1e-17, "=0.1+0.2", "=1.2-0.9", 4])
        sheet.write_column("B1", ["=1.2-0.9", 0.1, 13, 14])
        sheet.write_row("C1", ["=0.1+0.2", "x", None])
        sheet.write_row("C2", [31, 32, 33])
        for row, (formula, _) in enumerate(NEAR, 1):
            sheet.write_formula(f"H{row}", "=" + formula, None, -1)

    path = make(tmp_path / "b.xlsx", build)
    recalculate(path, plain=plain)
    found = values(path)
    assert {formula: found.get(f"H{row}") for row, (formula, _) in enumerate(NEAR, 1)} == dict(NEAR)


def test_whole_columns_are_looked_at_once_for_all_look_ups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What formulas filled down search is asked of a few of them where it is the same text in all."""
    asked: list[str] = []
    original = reads.asked_in
    monkeypatch.setattr(reads, "asked_in", lambda *given: asked.append(original(*given)) or asked[-1])

    def build(_: Any, sheet: Any) -> None:
        for row in range(1, 101):
            sheet.write_row(row - 1, 0, [row, row, 2 * row])
            sheet.write_formula(row - 1, 4, f"=LOOKUP(A{row},B:B,C:C)")

    path = make(tmp_path / "b.xlsx", build)
    recalculate(path)
    assert values(path)["E100"] == 200
    assert 0 < len(asked) < 50


@pytest.mark.parametrize("array", [False, True])
def test_an_error_that_is_looked_for_is_not_missing(tmp_path: Path, array: bool) -> None:
    """XLOOKUP passes the error on that it is to look for, #N/A too, instead of what is given for nothing found."""
    rows = [["=NA()", 1, "x"], ["=1/0", 2, "=NA()"]]
    check(
        tmp_path / "b.xlsx",
        [
            ('_xlfn.XLOOKUP(A1,B1:B2,C1:C2,"none")', "#N/A"), ('_xlfn.XLOOKUP(A2,B1:B2,C1:C2,"none")', "#DIV/0!"),
            ('_xlfn.XLOOKUP(A1,B1:B2,C1:C2,"none",1)', "#N/A"), ('_xlfn.XLOOKUP(5,B1:B2,C1:C2,"none")', "none"),
            ('_xlfn.XLOOKUP(2,B1:B2,C1:C2,"none")', "#N/A"),
            ('IFERROR(_xlfn.XLOOKUP(A1,B1:B2,C1:C2,"none"),"err")', "err"),
        ],
        rows,
        array,
    )  # fmt: skip


def test_truth_values_are_no_numbers_to_approximate_look_ups(tmp_path: Path) -> None:
    """TRUE stands behind all numbers and is none of them, in a cell or computed."""
    rows = [[0, True, "x"], [1, False, "y"], [2, 1, "z"]]
    check(
        tmp_path / "b.xlsx",
        [
            ("MATCH(B1,A1:A3)", "#N/A"), ("MATCH(B3,A1:A3)", 2), ("VLOOKUP(B1,A1:C3,3)", "#N/A"),
            ("IFERROR(VLOOKUP(B2,A1:C3,3,TRUE),0)", 0), ("LOOKUP(B1,A1:A3,C1:C3)", "#N/A"),
            ("IFERROR(MATCH(B3=1,A1:A3),0)", 0), ("HLOOKUP(B1,A1:C1,1)", True),
        ],
        rows,
    )  # fmt: skip


@pytest.mark.parametrize("array", [False, True])
def test_index_makes_arrays_of_what_is_computed(tmp_path: Path, array: bool) -> None:
    """What INDEX looks into is computed for every cell of a range, so that no array formula is needed for it."""
    rows = [["x", "x", 1], ["y", "y", 2], ["z", None, 3], ["x", None, 4], ["w", None, 5]]
    check(
        tmp_path / "b.xlsx",
        [
            ("MATCH(0,INDEX(COUNTIF(B1:B2,A1:A5),0),0)", 3),
            ("INDEX(A1:A5,MATCH(0,INDEX(COUNTIF($B$1:B2,A1:A5),0,0),0))", "z"),
            ("SUM(INDEX(1/COUNTIF(A1:A5,A1:A5),0))", 4), ("SUM(INDEX(COUNTIF(A1:A5,A1:A5),0))", 7),
            ("INDEX(LARGE(C1:C5,C1:C3),2)", 4), ("SUM(INDEX(VLOOKUP(A1:A2,A1:C5,3,0),0))", 3),
            ("INDEX(VLOOKUP(C1:C3,C1:C5,1),2)", 2), ("INDEX(MATCH(C1:C3,C1:C5,1),3)", 3),
            ("INDEX(MATCH(C1:C3,C1:C5),3)", 3), ("SUM(INDEX(SUMIF(A1:A5,A1:A5,C1:C5),0))", 20),
            ("INDEX(RANK(C1:C3,C1:C3),3)", 1), ("INDEX(IFERROR(VLOOKUP(A1:A3,B1:C5,2,0),-1),3)", -1),
            ("INDEX(NPV(C1:C3,C1:C5),1)", 1.78125),
            ("INDEX(CHOOSE(2,A1:A5,C1:C5),3)", 3), ("INDEX(CHAR(C1:C3+64),2)", "B"),
            ("SUM(INDEX(--(CHAR(C1:C3+127)=CHAR(129)),0))", 1),
        ],
        rows,
        array,
    )  # fmt: skip
