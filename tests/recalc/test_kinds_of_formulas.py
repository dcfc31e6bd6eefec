"""Kinds of formulas that came out wrong in real workbooks, on a few made-up cells with the values that Excel gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rebalance_xl.recalc.workbook import recalculate
from tests.recalc.books import make, rewrite, values

ROWS = [
    ["ab", 1, 0.2, 45292, '"q"', True, "1/2/2020"],
    ["cd", 2, 0.25, 45323, "x", False, "13/2/2020"],
    ["ef", 3, 0.1, 45352, '"q"', None, "May-25"],
    ["gh", 4, 0.5, 45383, "", True, "$1,200.50"],
]


def recalculated(path: Path, formulas: list[str], rows: list[list[Any]], array: bool = False) -> list[Any]:
    """Return what the formulas give over some rows from A1 on; "kept" for a cell that keeps its value."""

    def build(_: Any, sheet: Any) -> None:
        for row, line in enumerate(rows):
            for column, value in enumerate(line):
                if isinstance(value, str) and not value.startswith("="):
                    sheet.write_string(row, column, value)
                elif value is not None:
                    sheet.write(row, column, value)
        for row, formula in enumerate(formulas, 1):
            if array:
                sheet.write_array_formula(f"N{row}:N{row}", "{=" + formula + "}", None, -999)
            else:
                sheet.write_formula(f"N{row}", "=" + formula, None, -999)

    path = make(path, build)
    report = recalculate(path)
    kept = {row.cell for row in report.changed if row.status == "kept" and row.cause}
    found = values(path)
    return ["kept" if f"N{row}" in kept else found.get(f"N{row}", "") for row in range(1, len(formulas) + 1)]


def check(path: Path, cases: list[tuple[str, Any]], rows: list[list[Any]], array: bool = False) -> None:
    """Demand the right value of every formula; all of them stand in one book."""
    found = recalculated(path, [formula for formula, _ in cases], rows, array)
    wrong = [
        (formula, value, right)
        for (formula, right), value in zip(cases, found, strict=True)
        if (value != pytest.approx(right, rel=1e-9) if type(right) is float else value != right)
    ]
    assert not wrong


def test_index_reaches_below_and_beside_the_used_cells(tmp_path: Path) -> None:
    """Whole columns and rows end where the sheet ends; what is there is blank, not an error."""
    check(
        tmp_path / "b.xlsx",
        [
            ("INDEX(A:A,20)", 0), ('INDEX(A:A,20)&"x"', "x"), ("ISBLANK(INDEX(A:A,20))", True), ("INDEX(B:B,4)", 4),
            ('IF(INDEX(A:A,1000)="","none","some")', "none"), ("SUM(INDEX(A:B,0,2))", 10), ("INDEX(1:1,40)", 0),
            ("INDEX(2:2,2)", 2), ("SUM(B2:INDEX(B:B,50))", 9), ("INDEX(A:A,1048576)", 0), ("INDEX(B1:B4,5)", "#REF!"),
            ('INDEX($B:$B,MATCH("cd",$A:$A,0)+30)', 0), ("INDEX(A:B,2,3)", "#REF!"),
        ],
        ROWS,
    )  # fmt: skip


def test_a_lookup_is_a_reference(tmp_path: Path) -> None:
    """XLOOKUP may stand at an end of a range and where a cell is wanted."""
    check(
        tmp_path / "b.xlsx",
        [
            ('SUM(_xlfn.XLOOKUP("cd",A1:A4,B1:B4):_xlfn.XLOOKUP("gh",A1:A4,B1:B4))', 9),
            ('SUM(_xlfn.XLOOKUP("cd",A1:A4,B1:B4):B4)', 9),
            ('ROW(_xlfn.XLOOKUP("ef",A1:A4,B1:B4))', 3),
            ('COLUMN(_xlfn.XLOOKUP("ef",A1:A4,B1:B4))', 2),
            ('SUM(_xlfn.XLOOKUP("cd",A1:A4,B1:C4):C3)', 5.35),
            ('SUM(B1:_xlfn.XLOOKUP("zz",A1:A4,B1:B4))', "#N/A"),
            ('_xlfn.XLOOKUP("ef",A1:A4,B1:B4)', 3),
        ],
        ROWS,
    )


def test_a_formula_of_one_value_spills_into_its_own_cell(tmp_path: Path) -> None:
    """The operator # after a cell with an ordinary formula is that cell; after a constant it is #REF!."""
    rows = [["=B1*3", 7, "=SUM(B1:B1)"]]
    check(tmp_path / "b.xlsx", [("SUM(_xlfn.ANCHORARRAY(A1))", 21), ("_xlfn.ANCHORARRAY(B1)", "#REF!")], rows)


def test_texts_longer_than_a_cell_holds(tmp_path: Path) -> None:
    """Joining more than 32,767 characters is #VALUE!, also in the middle of a formula."""
    rows = [["x" * 32767, "y" * 600, '=REPT("z",30000)'], ["ab", "=A1&A2"]]
    check(
        tmp_path / "b.xlsx",
        [
            ('A1&"y"', "#VALUE!"), ('LEN(A1&"y")', "#VALUE!"), ('LEN(A1&"")', 32767), ("LEN(B1&B1)", 1200),
            ("LEN(CONCATENATE(A1,A2))", "#VALUE!"), ("LEN(_xlfn.CONCAT(A1:B1))", "#VALUE!"), ("LEN(C1&C1)", "#VALUE!"),
            ('LEN(SUBSTITUTE(A1,"x","xy"))', "#VALUE!"), ('LEN(SUBSTITUTE(A1,"x",""))', 0), ("LEN(B2)", "#VALUE!"),
            ('IFERROR(A1&"y","long")', "long"), ('LEN(REPT("a",32767)&"b")', "#VALUE!"), ('A1&"y"="q"', "#VALUE!"),
            ('LEN(_xlfn.TEXTJOIN("",TRUE,A1,A1))', "#VALUE!"), ('LEN(REPLACE(A1,1,0,"abc"))', "#VALUE!"),
            ('SUMPRODUCT(LEN(A1:A2&"y"))', "#VALUE!"),
        ],
        rows,
    )  # fmt: skip


def test_a_date_in_a_text_whose_order_the_file_does_not_tell(tmp_path: Path) -> None:
    """Day and month that may be swapped are not guessed, in a formula or in a cell that it computes with."""
    cases: list[tuple[str, Any]] = [
        (formula, "kept")
        for formula in (
            '"1/2/2020"+1', "G1+1", "G1*1", "--G1", 'IFERROR(G1+1,"x")', "ISNUMBER(G1*1)", "ISERROR(DATEVALUE(G1))",
            'IFERROR(DATEVALUE("1/2/2020"),0)', 'MAX("1/2/2020",1)', 'SUM("1/2/2020",1)', "G2+1", "G3+31", "YEAR(G1)",
            'IF(G1-1>0,"later","earlier")', "SUMPRODUCT(G1:G1*1)",
        )
    ]  # fmt: skip
    cases += [
        ('"2020-02-01"+1', 43863), ('"1 Feb 2020"+0', 43862), ('"2/2/2020"+0', 43863), ("G4+0", 1200.5),
        ('G1&""', "1/2/2020"), ("G1>1", True), ('"$1,200.50"+0', 1200.5), ('"(5)"*1', -5), ('"12%"*100', 12),
        ('"1,234"+1', 1235),
    ]  # fmt: skip
    check(tmp_path / "b.xlsx", cases, ROWS)


def test_a_format_of_another_language_within_iferror(tmp_path: Path) -> None:
    """It is kept, not taken for an error that IFERROR catches, whether written in the formula or in a cell."""
    rows = [["TT.MM.JJJJ", "0,00%", "dd.mm.yyyy", 46346]]
    cases = [('IFERROR(TEXT(D1,A1),"?")', "kept"), ('IFERROR(TEXT(D1,"jj/mm/aaaa"),"?")', "kept")]
    cases += [('IFERROR(TEXT(D1,B1),"?")', "kept"), ('IFERROR(TEXT(D1,C1),"?")', "20.11.2026")]
    check(tmp_path / "b.xlsx", cases, rows)


def test_joined_cells_in_an_array_formula_are_texts_that_and_passes_over(tmp_path: Path) -> None:
    """In an array formula a text made of cells is an array, whose texts count neither as true nor as false."""
    cases = [('IF(AND(B1:B4>0,">"&C1),"all","x")', "all"), ('OR(B1:B4>9,">"&C1)', False), ("AND(B1:B4>0)", True)]
    check(tmp_path / "b.xlsx", cases, ROWS, array=True)


def test_criteria_are_read_as_if_typed(tmp_path: Path) -> None:
    """Percent, thousands, money and quotation marks in criteria count as in a cell."""
    check(
        tmp_path / "b.xlsx",
        [
            ('COUNTIF(C1:C4,">20%")', 2), ('SUMIF(C1:C4,"<=25%",B1:B4)', 6), ('COUNTIF(B1:B4,"<$3.00")', 2),
            ('COUNTIF(D1:D4,">45,300")', 3), ("COUNTIF(E1:E4,E1)", 2), ('SUMIFS(B1:B4,E1:E4,"="&E1)', 4),
            ('COUNTIF(C1:C4,"<>20%")', 3), ('AVERAGEIF(C1:C4,">"&20%,B1:B4)', 3),
        ],
        ROWS,
    )  # fmt: skip


def test_errors_and_truth_values_in_functions_that_look_at_them(tmp_path: Path) -> None:
    """An error ends neither IS-functions nor IFERROR, and TRUE is a text of four letters where one is wanted."""
    check(
        tmp_path / "b.xlsx",
        [
            ('ISERROR(SUM("abc"))', True), ('ERROR.TYPE(SUM("abc"))', 3), ('IFNA(SUM("abc"),1)', "#VALUE!"),
            ('IFERROR(SUM(B1,"abc"),7)', 7), ("LEFT(F1,2)", "TR"), ("REPT(F2,2)", "FALSEFALSE"), ("LEN(F3)", 0),
            ("YEAR(TRUE)", 1900), ('EXACT(F1,"TRUE")', True), ("MID(B1>0,2,2)", "RU"),
            ('SUBSTITUTE(F1,"R","x")', "TxUE"),
            ("IF(ISERROR(1/0),1,2)", 1), ('SUMSQ("3")', 9),
        ],
        ROWS,
    )  # fmt: skip


def test_omitted_arguments_and_blanks(tmp_path: Path) -> None:
    """What is left out has Excel's default, and blank pairs of cash flows and days are passed over."""
    rows = [[-100, 45292, 1, 2.2], [30, None, 2, 4.1], [None, 45400, 3, 6.5], [60, 45658, 4, 8.3], [40, 45700, 5, 11]]
    check(
        tmp_path / "b.xlsx",
        [
            ("IRR(A1:A5)", 0.13705867874), ("INDEX(LINEST(D1:D5,C1:C5,,TRUE),1,1)", 2.18), ("LCM(C2,C3,A3)", 6),
            ("NETWORKDAYS.INTL(45292,45322,,45293)", 22), ("ADDRESS(3,7,1,0)", "R3C7"), ("GCD(C2,C4,A3)", 2),
            ("_xlfn.SEQUENCE(,1,5)", 5), ("INDEX(TREND(D1:D5,C1:C5,6),1,1)", 12.96),
        ],
        rows,
    )  # fmt: skip


def test_one_cell_ranges_and_lookups_over_headings(tmp_path: Path) -> None:
    """A range of one cell is that cell, and an approximate look-up passes over the heading of its column."""
    rows = [["name", "rate"], ["AUD", 1], ["EUR", 3], ["USD", 5]]
    check(
        tmp_path / "b.xlsx",
        [
            ("B2:B2*2", 2), ('$A$2:$A$2&"x"', "AUDx"), ('VLOOKUP("EUR",A1:B9,2)', 3), ('VLOOKUP("FFF",A1:B4,2)', 3),
            ('MATCH("USD",A1:A4)', 4), ("IF(B3:B3>2,B3:B3,0)", 3),
        ],
        rows,
    )  # fmt: skip


def test_cells_with_numbers_as_texts_are_no_headers(tmp_path: Path) -> None:
    """A text that reads as a number, or is none at all, above numbers is refused and not passed over as a heading."""
    rows = [["5000", "-", "Value", "0.45"], [3000, 3000, 3000, 0.3], [4000, 4000, 4000, 0.2]]
    check(
        tmp_path / "b.xlsx",
        [
            ("SUM(WEIGHT(A1:A3))", "#VALUE!"), ("SUM(WEIGHT(B1:B3))", "#VALUE!"), ("SUM(WEIGHT(C1:C3))", 1),
            ("SUM(TRIM_AMOUNT(A1:A3,D1:D3,0.05))", "#VALUE!"), ("SUM(WEIGHT(C2:C3))", 1),
        ],
        rows,
    )  # fmt: skip


def test_comparisons_look_at_fifteen_digits(tmp_path: Path) -> None:
    """Plain cells that differ beyond 15 digits are equal, and a last subtraction that is noise is 0."""
    rows = [[245411.04938361436, 26921.300000000003, 0.3], [245411.0493836144, 26921.3, "=0.1+0.2"], [1.0000000001, 1]]
    check(
        tmp_path / "b.xlsx",
        [
            ("A1=A2", True), ("IF(A1=A2,0,1)", 0), ('IF((A1<>A2),"Check","")', ""), ('IF(A1>=A2,"ge","lt")', "ge"),
            ("B1-B2", 0), ("C1=C2", True), ("C2>C1", False), ("A3=B3", False), ("A3>B3", True),
            ("AND(A1<=A2,A1>=A2)", True),
        ],
        rows,
    )  # fmt: skip


def test_a_table_without_a_header_row(tmp_path: Path) -> None:
    """All its rows are data."""

    def build(_: Any, sheet: Any) -> None:
        columns = [{"header": "Amount"}]
        sheet.add_table("A1:A3", {"name": "Bare", "header_row": False, "columns": columns, "data": [[1], [2], [4]]})
        sheet.write_formula("C1", "=SUM(Bare[Amount])", None, 0)
        sheet.write_formula("C2", "=ROWS(Bare)", None, 0)

    path = make(tmp_path / "b.xlsx", build)
    recalculate(path)
    assert (values(path)["C1"], values(path)["C2"]) == (7, 3)


def test_a_column_is_called_what_its_header_shows(tmp_path: Path) -> None:
    """What looks like an entity in a header is its text."""

    def build(_: Any, sheet: Any) -> None:
        sheet.add_table("A1:A3", {"name": "Costs", "columns": [{"header": "R&amp;D"}], "data": [[1], [2]]})
        sheet.write_formula("C1", "=SUM(Costs[R&amp;D])", None, 0)

    path = make(tmp_path / "b.xlsx", build)
    recalculate(path)
    assert values(path)["C1"] == 3


def test_a_loop_at_rest_stays_bit_for_bit(tmp_path: Path) -> None:
    """Values that solve a loop to a millionth are not iterated on; others go on from where they are."""

    def build(_: Any, sheet: Any) -> None:
        sheet.write_formula("A1", "=0.5*A2+1", None, 2.000000001)
        sheet.write_formula("A2", "=A1", None, 2.000000001)
        sheet.write_formula("C1", "=0.5*C2+1", None, 3)
        sheet.write_formula("C2", "=C1", None, 3)

    path = make(tmp_path / "b.xlsx", build)
    rewrite(path, {"xl/workbook.xml": lambda xml: xml.replace("<calcPr ", '<calcPr iterate="1" ')})
    recalculate(path)
    found = values(path)
    assert (found["A1"], found["A2"]) == (2.000000001, 2.000000001)
    assert found["C1"] == pytest.approx(2, abs=0.01)


def test_errors_that_are_asked_for_are_counted(tmp_path: Path) -> None:
    """An error as a criterion counts the cells that hold it, and texts of dates are numbers for ISODD and EXP."""
    rows = [["=NA()", 1, "2024-01-22"], ["=NA()", 2, "€100"], ["=1/0", 3, None], ["x", 4, None]]
    check(
        tmp_path / "b.xlsx",
        [
            ("COUNTIF(A1:A4,A1)", 2), ("COUNTIFS(A1:A4,A3)", 1), ("COUNTIFS(A1:A4,A1,B1:B4,2)", 1),
            ("COUNTIF(A1:A4,NA())", 2), ("ISODD(C1)", True), ("EXP(C2)", 2.6881171418161356e43), ("SIGN(C2)", 1),
            ("SUBTOTAL(2,A1:C4)", 4), ("IFERROR(SUBTOTAL(102,A1:B2,B3),9)", 3),
            ('ISEVEN("1/22/2024")', "kept"), ("COUNT(NA())", 0), ("COUNT(B1,1/0,B2:B3)", 3),
            ("_xlfn.LET(_xlpm.x,_xlfn._xlws.FILTER(B1:B4,B1:B4>9),COUNT(_xlpm.x))", 0),
        ],
        rows,
    )  # fmt: skip


def test_texts_that_are_computed_are_read_as_numbers_where_errors_are_caught(tmp_path: Path) -> None:
    """A number that a formula spells itself, with a currency or as a date, is no error to IFERROR and its like."""
    check(
        tmp_path / "b.xlsx",
        [
            ('IFERROR(ABS(DOLLAR(A1)),"e")', 1234.5), ('IFERROR(-FIXED(A1,1),"e")', -1234.5),
            ('IFERROR(("$"&A2)*2,"e")', 20), ('ISNUMBER(PMT(DOLLAR(A2),2,3))', True),
            ('IFERROR(ABS("x"&A2),"e")', "kept"),
            ('IFERROR(TEXT(A3,"dd/mm/yyyy")+0,"e")', "kept"), ("NPV(A2:A9,A1:A2)", 1244.5),
        ],
        [[1234.5], [10], [45000]],
    )  # fmt: skip


def test_texts_are_numbers_to_all_arguments_of_annuities(tmp_path: Path) -> None:
    """A payment, a present or a future value may stand in a text, also a rate of NPV, in a cell or in the formula."""
    check(
        tmp_path / "b.xlsx",
        [
            ("PMT(1,1,A1)", -16.0), ('PMT(1,1,-4,"8")', 0.0), ("FV(1,1,A1)", -8.0), ("FV(1,1,0,A1)", -16.0),
            ("PV(1,1,A1)", -4.0), ("PV(1,1,0,A1)", -4.0), ("NPER(1,-16,A1)", 1.0), ("NPER(1,0,-4,A1)", 1.0),
            ("SLN(10,2,A1)", 1.0), ("ISPMT(1,1,A1,4)", -3.5), ("NPV(A2,2,4)", 2.0),
            ('IFERROR(PMT(1,1,TRIM(A1)),"e")', -16.0), ('PMT(1,1,"$8")', -16.0),
        ],
        [["8"], ["1"]],
    )  # fmt: skip


def test_errors_are_among_what_is_something_else(tmp_path: Path) -> None:
    """A cell with an error is not 1, so that it is summed, and the sum an error, where all but 1 is asked for."""
    rows = [[1], [2], ["=NA()"], [4]]
    check(
        tmp_path / "b.xlsx",
        [
            ('SUMIF(A1:A4,"<>1")', "#N/A"), ('AVERAGEIF(A1:A4,"<>")', "#N/A"), ('SUMIF(A1:A4,"<>"&A1)', "#N/A"),
            ('SUMIF(A1:A4,"<>#N/A")', 7), ('SUMIF(A1:A4,">1")', 6), ("SUMIF(A1:A4,A1)", 1),
            ('SUMIF(A:A,"<>2")', "#N/A"), ('SUMIF(A1:A2,"<>1")', 2), ('IFERROR(AVERAGEIF(A1:A4,"<>1"),9)', 9),
        ],
        rows,
    )  # fmt: skip


@pytest.mark.parametrize("array", [False, True])
def test_several_criteria_at_once_ask_as_each_alone(tmp_path: Path, array: bool) -> None:
    """An array of criteria sees errors among what it sums, and texts that read as numbers, as a single one does."""
    rows = [[1, 1, "5%"], [2, 2, "12"], [1, "=NA()", 12], [3, 4, 0.05], ["x", 5, "=1/0"]]
    check(
        tmp_path / "b.xlsx",
        [
            ("SUM(SUMIF(A1:A5,{1,2},B1:B5))", "#N/A"), ("SUM(SUMIF(A1:A5,{2,3},B1:B5))", 6),
            ("SUMPRODUCT(IFERROR(SUMIF(A1:A5,A1:A4+0,B1:B5),100))", 206),
            ("SUM(SUMIFS(B1:B5,A1:A5,{2,3}))", 6), ("SUM(IFERROR(AVERAGEIFS(B1:B5,A1:A5,{1,2}),10))", 12),
            ("SUM(_xlfn.MAXIFS(B1:B5,A1:A5,{2,3}))", 6), ("SUMPRODUCT(COUNTIF(C1:C5,C1:C5))", 9),
            ('SUMPRODUCT(COUNTIF(C1:C5,"<>"&C1:C4))', 16), ('SUM(COUNTIFS(C1:C5,{"5%",12},A1:A5,{1,2}))', 2),
        ],
        rows,
        array,
    )  # fmt: skip


def test_what_a_spilled_array_holds_matters_as_what_cells_hold(tmp_path: Path) -> None:
    """Texts in an array that was computed are no numbers in a product, and a look-up's whole column is one range."""

    def build(_: Any, sheet: Any) -> None:
        sheet.write_row("A1", ["Key", "Size"])
        sheet.write_column("A2", [2, "3", "x"])
        sheet.write_column("B2", [10, 20, 30])
        sheet.write_dynamic_array_formula("D2:D4", "=A2:A4", None, -1)
        sheet.write_column("D3", [-1, -1])
        found = '_xlfn.XLOOKUP("Key",A1:B1,Sheet1!A2:B4)'
        for row, formula in enumerate(
            (
                "SUMPRODUCT(_xlfn.ANCHORARRAY(D2),B2:B4)", "COUNTIF(_xlfn.ANCHORARRAY(D2),\"<>3\")",
                f"IFERROR(COUNT({found},1/0),9)", f'SUMIF({found},">0")', f"SUMPRODUCT({found},B2:B4)",
            ),
            1,
        ):  # fmt: skip
            sheet.write_formula(f"F{row}", "=" + formula, None, -1)

    path = make(tmp_path / "b.xlsx", build)
    recalculate(path)
    found = values(path)
    assert [found[f"F{row}"] for row in range(1, 6)] == [20, 3, 1, 2, 20]
