"""What formulas mean: tables, names, shared and array formulas, prefixes, intersection, date systems."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from rebalance_xl.recalc.formulas.book_view import BookView
from rebalance_xl.recalc.formulas.in_bulk import Lowering
from rebalance_xl.recalc.formulas.parameter_classes import ARRAY, VALUE
from rebalance_xl.recalc.formulas.text import shift_formula
from rebalance_xl.recalc.workbook import open_book, recalculate
from tests.recalc.books import make, rewrite, values

SHEET = "xl/worksheets/sheet1.xml"


def _book(path: Path, formulas: dict[str, str], array: bool = False) -> Path:
    def build(book: Any, sheet: Any) -> None:
        sheet.add_table(
            "A1:C5",
            {
                "name": "Portfolio",
                "total_row": True,
                "columns": [
                    {"header": "Asset", "total_string": "Total"},
                    {"header": "Value [USD]", "total_function": "sum"},
                    {"header": "Target#"},
                ],
                "data": [["BTC", 10, 0.5], ["ETH", 20, 0.3], ["SOL", 30, 0.2]],
            },
        )
        sheet.write_column("E1", [1, 2, 3, None, 5])
        other = book.add_worksheet("Other")
        other.write_column("A1", [100, 200, 300])
        book.add_worksheet("Third").write("A1", 7)
        book.define_name("Rate", "=0.25")
        book.define_name("Block", "=Sheet1!$E$1:$E$3")
        book.define_name("Doubled", "=Rate*2")
        book.define_name("LeftCell", "=Sheet1!A1")
        book.define_name("Sheet1!Local", "=Sheet1!$E$5")
        book.define_name("Other!Local", "=Other!$A$1")
        for cell, formula in formulas.items():
            if array:
                sheet.write_array_formula(f"{cell}:{cell}", "{" + formula + "}", None, 0)
            else:
                sheet.write_formula(cell, formula, None, 0)

    return make(path, build)


@pytest.mark.parametrize(
    "formula, expected",
    [
        ("=SUM(Portfolio[Value '[USD']])", 60),
        ("=SUM(portfolio[value '[usd']])", 60),
        ("=Portfolio[[#Totals],[Value '[USD']]]", 60),
        ("=COUNTA(Portfolio[#All])", 14),
        ("=COUNTA(Portfolio)", 9),
        ("=COUNTA(Portfolio[#Headers])", 3),
        ("=SUM(Portfolio[[Value '[USD']]:[Target'#]])", 61),
        ("=SUM(Portfolio[[#Data],[Target'#]])", 1),
        ("=COUNTA(Portfolio[[#Headers],[#Data],[Asset]])", 4),
        ("=INDEX(Portfolio[Asset],2)", "ETH"),
        ("=Rate*4", 1),
        ("=Doubled", 0.5),
        ("=SUM(Block)", 6),
        ("=N(Block)+N(Doubled)", 1.5),
        ("=T(Portfolio[Asset])", "BTC"),
        ("=Local", 5),
        ("=Other!Local", 100),
        ("=SUM(Sheet1:Third!A1)+SUM(Other:Third!A1)", 214),
        ("=SUM((E1:E2,E5))", 8),
        ("=SUM(E:E)", 11),
        ("=SUM(Other!A:A)", 600),
        ("=SUMPRODUCT((E:E>1)*E:E)", 10),
        ("=ROWS(E:E)", 1048576),
        ('=_xlfn.CONCAT("a","b")', "ab"),
        ("=IF(FALSE,1,)", 0),
        ("=SUM(E1:INDEX(E1:E5,2))", 3),
        ("=SUMPRODUCT(--(MONTH(E1:E3)=1),E1:E3)", 6),
        ("=SUMPRODUCT(1/COUNTIF(Portfolio[Asset],Portfolio[Asset]))", 3),
        ("=SUM(SUMIF(E1:E5,{1,2},E1:E5))", 3),
        ("=SUM(E3:E1)", 6),
        ("=_xlfn.SHEETS()", 3),
        ("=_xlfn.FORMULATEXT(B5)", "=SUBTOTAL(109,[Value '[USD']])"),
        ("=ISERROR(Missing!A1)", True),
        ("=-2^2", 4),
        ('="A1"&E1&"\'E1\'"', "A11'E1'"),
    ],
)
def test_one_formula(tmp_path: Path, formula: str, expected: Any) -> None:
    """Each formula gives what Excel gives."""
    path = _book(tmp_path / "b.xlsx", {"K9": formula})
    report = recalculate(path)
    assert [(row.cell, row.cause) for row in report.changed if row.cause] == []
    assert values(path)["K9"] == (pytest.approx(expected) if isinstance(expected, float) else expected)


@pytest.mark.parametrize(
    "formula, expected",
    [
        ('=SUM(INDIRECT("Block"))', 6),
        ('=SUM(INDIRECT("blo"&"ck"))', 6),
        ('=INDIRECT("Local")', 5),
        ("=SUM(INDIRECT(\"Portfolio[Value '[USD']]\"))", 60),
        ('=SUM(INDIRECT("portfolio[target\'#]",TRUE))', 1),
        ("=COUNTA(INDIRECT(A7))", 9),
        ("=SUM(INDIRECT(A8))", 6),
        ('=INDIRECT("E"&2)', 2),
        ('=SUM(INDIRECT("Other!A1:A3"))', 600),
        ('=INDIRECT("Nothing")', "#REF!"),
        ('=INDIRECT("Rate")', "#REF!"),
        ('=INDIRECT("R1C5",FALSE)', 1),
        ('=SUM(INDIRECT("R[2]C[-3]:R[3]C5",FALSE))', 3),
    ],
)
def test_indirect_by_name(tmp_path: Path, formula: str, expected: Any) -> None:
    """INDIRECT finds names and tables as it finds cells; what it cannot read keeps the cached value."""
    texts = {"A7": '="Portfolio"', "A8": '="Block"'}
    book = _book(tmp_path / "b.xlsx", {"H1": formula, **texts})
    recalculate(book)
    assert values(book)["H1"] == expected


@pytest.mark.parametrize(
    "cell, formula, expected",
    [
        ("K2", "=E1:E5", 2),
        ("K3", "=E1:E5*2", 6),
        ("K4", "=E:E", 0),
        ("K9", "=E1:E5", "#VALUE!"),
        ("E9", '=$A$2:$F$2&""', "2"),
        ("K3", "=SUM(E1:E5*2)", 6),
        ("K3", "=Portfolio[Value '[USD']]", 20),
        ("K3", "=Portfolio[[#This Row],[Value '[USD']]]*2", 40),
        ("K9", "=Portfolio[[#This Row],[Value '[USD']]]", "#VALUE!"),
        ("K3", "=ABS(E1:E5)", 3),
        ("K2", "=_xlfn.SINGLE(E1:E5)", 2),
        ("K2", "=INDEX(E1:E5,0)", 2),
        ("K2", '=IF(E1:E5>1,"big","small")', "big"),
        ("K2", "=IF(E1:E5,7,8)", 7),
        ("K4", "=IF(E:E,7,8)", 8),
        ("K9", "=IF(E1:E5,7,8)", "#VALUE!"),
        ("K3", '=CHOOSE(Block,"a","b","c")', "c"),
        ("K2", "=SUM(IF(Block,E1:E5))", 11),
        ("M4", "=LeftCell", 0.2),
    ],
)
def test_implicit_intersection(tmp_path: Path, cell: str, formula: str, expected: Any) -> None:
    """An ordinary formula takes the one cell of a range in its own row or column."""
    path = _book(tmp_path / "b.xlsx", {cell: formula})
    if "LeftCell" in formula:
        rewrite(path, {"xl/workbook.xml": lambda text: text.replace(">Sheet1!A1<", ">Sheet1!XEU1<")})
    recalculate(path)
    assert values(path)[cell] == expected


@pytest.mark.parametrize(
    "formula, expected",
    [
        ("=SUM(E1:E3*E1:E3)", 14),
        ("=SUM(IF(E1:E5>1,1,0))", 3),
        ("=MAX(LEN(Portfolio[Asset]))", 3),
        ("=SUM(LARGE(E1:E5,{1,2}))", 8),
        ("=INDEX(E1:E5,MATCH(1,(E1:E5>1)*(E1:E5<4),0))", 2),
        ("=SUM(ROW(1:3))", 6),
        ("=SUM(ROW(Portfolio[Asset]))-3*ROW(Portfolio[[#Headers],[Asset]])", 6),
        ("=SUM(COLUMN(Portfolio))-2*COLUMN(Portfolio[Asset])", 4),
        ('=SUM(VLOOKUP({"BTC","SOL"},Portfolio,2,FALSE))', 40),
        ("=SUM(IF(ISNUMBER(E1:E5),E1:E5))", 11),
    ],
)
def test_one_array_formula(tmp_path: Path, formula: str, expected: float) -> None:
    """An array formula computes with whole arrays, also through functions of one value."""
    path = _book(tmp_path / "b.xlsx", {"K9": formula}, array=True)
    recalculate(path)
    assert values(path)["K9"] == expected


@pytest.mark.parametrize(
    "formula, expected",
    [
        ("=A1:A2*10", [[10, 10, 10], [20, 20, 20], ["#N/A", "#N/A", "#N/A"]]),
        ("=7", [[7, 7, 7], [7, 7, 7], [7, 7, 7]]),
        ("=TRANSPOSE(A1:A3)", [[1, 2, 3], [1, 2, 3], [1, 2, 3]]),
        ("=A1:A3+TRANSPOSE(A1:A3)", [[2, 3, 4], [3, 4, 5], [4, 5, 6]]),
        ("=A4:A6", [[0, 0, 0], [0, 0, 0], [0, 0, 0]]),
    ],
)
def test_array_formula_over_an_area(tmp_path: Path, formula: str, expected: list[list[Any]]) -> None:
    """A result that is too small is repeated along a single row or column and else filled with #N/A."""

    def build(_: Any, sheet: Any) -> None:
        sheet.write_column("A1", [1, 2, 3])
        sheet.write_array_formula("C1:E3", "{" + formula + "}", None, 0)
        sheet.write_formula("G1", '=COUNTIF(C1:E3,">0")', None, 0)

    path = make(tmp_path / "b.xlsx", build)
    recalculate(path)
    found = values(path)
    assert [[found[f"{column}{row}"] for column in "CDE"] for row in (1, 2, 3)] == expected
    numbers = [cell for row in expected for cell in row if isinstance(cell, int) and cell > 0]
    assert found["G1"] == len(numbers)


def test_shared_formulas_move_their_references(tmp_path: Path) -> None:
    """Relative parts move, fixed parts and text stay, in every direction."""

    def build(_: Any, sheet: Any) -> None:
        sheet.write_column("A1", [1, 2, 3])
        sheet.write_column("B1", [10, 20, 30])

    path = make(tmp_path / "b.xlsx", build)
    cells = (
        '<c r="D1"><f t="shared" ref="D1:E2" si="0">A1*$B$1+SUM(A$1:A1)+LEN("A1")</f><v>0</v></c>'
        '<c r="E1"><f t="shared" si="0"/><v>0</v></c></row>'
    )
    rewrite(
        path,
        {
            SHEET: lambda text: (
                text.replace("</row>", cells, 1)
                .replace("</row>", "\0", 1)
                .replace("</row>", '<c r="D2"><f t="shared" si="0"/></c></row>', 1)
                .replace("\0", "</row>")
            )
        },
    )
    recalculate(path)
    found = values(path)
    assert [found["D1"], found["E1"], found["D2"]] == [1 * 10 + 1 + 2, 10 * 10 + 10 + 2, 2 * 10 + 3 + 2]


@pytest.mark.parametrize(
    "formula, expected",
    [
        ("=SUM(Block:E5)", 11),
        ("=SUM(Local:Local)", 5),
        ("=SUM(Block:Local)", 11),
        ("=SUM(E2:Local)", 10),
        ("=SUM(Sheet1!E2:Local)", 10),
        ("=SUM(Local:INDEX(E:E,3))", 8),
        ("=SUM(OFFSET(E1,1,0):Local)", 10),
        ("=SUM(Other!A2:Other!Local)", 300),
        ("=SUM(Other!Local:E1)", "#VALUE!"),
        ("=SUM(Portfolio[Value '[USD']]:Portfolio[Target'#])", 61),
        ("=SUM(Portfolio[Value '[USD']] A3:E3)", 20),
        ("=SUM(B1:C3 A2:E2)", 10.5),
        ("=SUM(E:E 3:3)", 3),
        ("=SUM((E1:E3) (Block))", 6),
        ("=SUM(E1:E2 B2:C5)", "#NULL!"),
        ("=E1:E5 A3:G3", 3),
        ("=ROWS(Block:Local)", 5),
    ],
)
def test_ranges_between_references_and_what_two_have_in_common(tmp_path: Path, formula: str, expected: Any) -> None:
    """The ends of a range may be names, tables and functions; a space between references is their intersection."""
    book = _book(tmp_path / "book.xlsx", {"G1": formula})
    recalculate(book)
    assert values(book)["G1"] == expected


def test_a_range_from_a_local_name_keeps_its_value(tmp_path: Path) -> None:
    """Where a name of LET stands for a cell, a range from it is not computed, and nothing wrong is written."""
    book = _book(tmp_path / "book.xlsx", {"G1": "=_xlfn.LET(_xlpm.x,E1,SUM(_xlpm.x:E2))"})
    before = values(book)["G1"]
    found = recalculate(book)
    assert (values(book)["G1"], found.kept) == (before, 1)


@pytest.mark.parametrize("date1904, serial", [(False, 46023), (True, 46023 - 1462)])
def test_date_systems(tmp_path: Path, date1904: bool, serial: int) -> None:
    """TODAY, DATE and the functions of the catalogue count days in the workbook's own system."""

    def build(_: Any, sheet: Any) -> None:
        sheet.write_formula("A1", "=TODAY()", None, 0)
        sheet.write_formula("A2", "=DATE(2026,1,1)", None, 0)
        sheet.write_formula("A3", "=YEAR(A2)", None, 0)
        sheet.write_formula("A4", '=NEXT_REVIEW(A2,"monthly")-A2', None, 0)

    path = make(tmp_path / "b.xlsx", build, date_1904=date1904)
    recalculate(path, as_of=dt.date(2026, 1, 1))
    with_numbers = recalculate(path, check=True, as_of=dt.date(2026, 1, 1))
    assert not with_numbers.stale
    import openpyxl

    book = openpyxl.load_workbook(path, data_only=True)
    found = [book["Sheet1"][f"A{row}"].value for row in (1, 2, 3, 4)]
    assert found == [serial, serial, 2026, 31]


def test_iteration_settings_are_followed(tmp_path: Path) -> None:
    """A workbook that asks for iteration gets it."""
    path = make(tmp_path / "b.xlsx", lambda _, sheet: sheet.write_formula("A1", "=A1/2+1", None, 0))
    rewrite(
        path,
        {
            "xl/workbook.xml": lambda text: text.replace(
                "<calcPr ", '<calcPr iterate="1" iterateCount="200" iterateDelta="1E-12" '
            )
        },
    )
    recalculate(path)
    assert values(path)["A1"] == pytest.approx(2)


def test_random_numbers_are_the_same_in_every_run(tmp_path: Path) -> None:
    """RAND is seeded, so that two runs write the same file."""
    path = make(tmp_path / "b.xlsx", lambda _, sheet: sheet.write_formula("A1", "=RAND()", None, 0))
    recalculate(path, tmp_path / "one.xlsx")
    recalculate(path, tmp_path / "two.xlsx")
    assert values(tmp_path / "one.xlsx") == values(tmp_path / "two.xlsx")
    assert 0 < values(tmp_path / "one.xlsx")["A1"] < 1


@pytest.mark.parametrize(
    ("formula", "mean"),
    [
        ("RAND()*RAND()", 0.25),
        ("RANDBETWEEN(0,1)*RANDBETWEEN(0,1)", 0.25),
        ("RANDBETWEEN(-2.5,A1)+RANDBETWEEN(1,A1)", 2.5),
    ],
)
def test_every_random_number_of_a_formula_is_drawn(tmp_path: Path, formula: str, mean: float) -> None:
    """Two random numbers in one cell are two draws, in the range that each of them has."""

    def build(_: Any, sheet: Any) -> None:
        sheet.write("A1", 3.5)
        for row in range(3000):
            sheet.write_formula(row, 2, "=" + formula.replace("A1", "$A$1"))

    path = make(tmp_path / "b.xlsx", build)
    recalculate(path)
    found = [value for cell, value in values(path).items() if cell.startswith("C")]
    assert len(found) == 3000
    assert sum(found) / 3000 == pytest.approx(mean, abs=0.12 if mean == 2.5 else 0.03)
    if mean == 2.5:
        assert {*found} == {*range(-1, 7)}


def test_hidden_rows_are_left_out_of_subtotals(tmp_path: Path) -> None:
    """SUBTOTAL 109 and AGGREGATE 5 ignore hidden rows, by a name of the range too; SUBTOTAL 9 does not."""

    def build(book: Any, sheet: Any) -> None:
        book.define_name("Data", f"={sheet.name}!$A$1:$A$3")
        sheet.write_column("A1", [1, 2, 4])
        sheet.set_row(1, None, None, {"hidden": True})
        sheet.write_formula("C1", "=SUBTOTAL(109,A1:A3)", None, 0)
        sheet.write_formula("C3", "=SUBTOTAL(9,A1:A3)", None, 0)
        sheet.write_formula("D3", "=AGGREGATE(9,5,A1:A3)", None, 0)
        sheet.write_formula("E3", "=SUBTOTAL(109,A:A)", None, 0)
        sheet.write_formula("F3", "=SUBTOTAL(109,Data)", None, 0)
        sheet.write_formula("G3", "=AGGREGATE(9,5,Data)", None, 0)

    path = make(tmp_path / "b.xlsx", build)
    recalculate(path)
    found = values(path)
    assert [found[cell] for cell in ("C1", "C3", "D3", "E3", "F3", "G3")] == [5, 7, 5, 5, 5, 5]


def test_rows_hidden_by_hand_on_a_filtered_sheet_keep_the_subtotal(tmp_path: Path) -> None:
    """SUBTOTAL 9 over rows hidden by hand beside a filter in use keeps its value; without one they count."""

    def build(book: Any, sheet: Any) -> None:
        for each, filters in ((sheet, True), (book.add_worksheet(), False)):
            each.write_column("A1", ["h", 1, 2, 4, 8, 16])
            each.autofilter("A1:A3")
            if filters:
                each.filter_column("A", "x == 2")
            each.set_row(1, None, None, {"hidden": True})
            each.set_row(4, None, None, {"hidden": True})
            for cell, area in (("C1", "A2:A4"), ("C3", "A4:A6"), ("C4", "A6"), ("C6", "A2:A6")):
                each.write_formula(cell, f"=SUBTOTAL(9,{area})", None, 77)

    path = make(tmp_path / "b.xlsx", build)
    report = recalculate(path)
    shown = [[values(path, sheet)[cell] for cell in ("C1", "C3", "C4", "C6")] for sheet in ("Sheet1", "Sheet2")]
    assert shown == [[6, 77, 16, 77], [7, 28, 16, 31]]
    kept = [row.cause for row in report.changed if row.status == "kept"]
    assert all(cause.endswith("rows hidden by hand on a sheet that is filtered") for cause in kept)
    assert len(kept) == 2


@pytest.mark.parametrize(
    ("shown", "expected"),
    [("=SUMME(A1;1,5)", "=SUMME(A1;1,5)"), ("=SUM(A1;1.5)", "=SUM(A1;1.5)"), ("=SUM(A2,1.5)", "=SUM(A1,1.5)"), ("", 0)],
)
def test_formulas_as_texts_keep_the_spelling_of_the_system(tmp_path: Path, shown: str, expected: Any) -> None:
    """FORMULATEXT keeps what another system's names and separators make of the formula, and follows another formula."""

    def build(_: Any, sheet: Any) -> None:
        sheet.write_formula("B1", "=SUM(A1,1.5)", None, 1.5)
        sheet.write_formula("C1", "=_xlfn.FORMULATEXT(B1)", None, shown)

    path = make(tmp_path / "b.xlsx", build)
    recalculate(path)
    assert values(path)["C1"] == (expected or "=SUM(A1,1.5)")


def test_texts_that_look_like_cells_are_worked_out_once_each(tmp_path: Path) -> None:
    """Formulas whose texts hold Q1 or Q2 share what was worked out with those of the same text, and with no others."""
    path = make(tmp_path / "b.xlsx", lambda book, sheet: sheet.write("A1", 1))
    lowering = Lowering(BookView.of(*open_book(path.read_bytes())))
    texts = ['IF(A1="Q1",C1,0)', 'IF(A2="Q2",C1,0)', 'IF(A3="Q1",C1,0)']
    found = [lowering.lower(text, 0, row, 2, VALUE) for row, text in enumerate(texts, 1)]
    assert found[0][0] is found[2][0] is not found[1][0]
    assert [text for _, text in found] == texts


@pytest.mark.parametrize(
    "formula, rows, columns, expected",
    [
        ("A1*$A1+A$1-$A$1", 2, 1, "B3*$A3+B$1-$A$1"),
        ("IF(B9>5%,\"A1 %d 100%\",'A1'!C3)", 1, 0, "IF(B10>5%,\"A1 %d 100%\",'A1'!C4)"),
        ("SUM(A:B,$C:C,2:$3,A1:B2)", 1, 1, "SUM(B:C,$C:D,3:$3,B2:C3)"),
        ("XFD1048576+A1", 1, 1, "A1+B2"),
        ("A2+Z9", -1, -1, "XFD1+Y8"),
    ],
)
def test_filled_formulas_move_what_is_not_fixed(formula: str, rows: int, columns: int, expected: str) -> None:
    """References move with rows and columns and wrap around the sheet; texts, sheets and percent signs stay."""
    assert shift_formula(formula, rows, columns) == expected


@pytest.mark.parametrize(
    "formula, expected",
    [
        ("XLOOKUP(A1,B1:B9,C1:C9,,0)", "XLOOKUP(A1,B1:B9,C1:C9)"),
        ("XLOOKUP(A1,B1:B9,C1:C9,,,)", "XLOOKUP(A1,B1:B9,C1:C9)"),
        ("XLOOKUP(A1,B1:B9,C1:C9,0,0,1)", "IF(ISERROR(A1),A1,XLOOKUP(A1,B1:B9,C1:C9,0))"),
        ("XMATCH(A1,B1:B9,0)", "XMATCH(A1,B1:B9)"),
        ("XMATCH(A1,B1:B9,1)", "RXL.XMATCH(A1,B1:B9,1)"),
        ("XMATCH(A1,B1:B9,0,-1)", "RXL.XMATCH(A1,B1:B9,0,-1)"),
    ],
)
def test_usual_modes_of_look_ups_go_without_saying(tmp_path: Path, formula: str, expected: str) -> None:
    """The engine answers the plain form, which Python takes a hundred times as long for."""
    path = make(tmp_path / "b.xlsx", lambda book, sheet: sheet.write("A1", 1))
    lowering = Lowering(BookView.of(*open_book(path.read_bytes())))
    assert lowering.lower(f"_xlfn.{formula}", 0, 1, 5, ARRAY)[1] == expected


def test_a_gap_where_cells_are_to_be_is_refused(tmp_path: Path) -> None:
    """A function with criteria and a gap in the place of cells is no formula that Excel would write."""
    path = make(tmp_path / "b.xlsx", lambda book, sheet: sheet.write("A1", 1))
    lowering = Lowering(BookView.of(*open_book(path.read_bytes())))
    found, _ = lowering.lower('AVERAGEIF("x",A1:B3,{1,2},,A1)', 0, 1, 5, VALUE)
    assert str(found) == "an argument is missing in the formula"


def test_what_a_lambda_takes_from_outside_is_given_once(tmp_path: Path) -> None:
    """The same cells are one value for all places of a LAMBDA's body in which they are read."""
    path = make(tmp_path / "b.xlsx", lambda book, sheet: sheet.write("C1", 1))
    formula = "_xlfn.MAP(A1:A3,_xlfn.LAMBDA(_xlpm.x,SUM($B$1:$B$9)*MAX(Sheet1!$C:$C)+MIN(Sheet1!$C:$C)))"
    lowering = Lowering(BookView.of(*open_book(path.read_bytes())))
    assert lowering.lower(formula, 0, 1, 5, ARRAY)[1].count("Sheet1!") == 1
