"""What is written was really computed: kinds of formulas that came out wrong without a word, on small books."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rebalance_xl.hosts.file import FileWorkbook
from rebalance_xl.recalc.evaluation.engine import Engine
from rebalance_xl.recalc.evaluation.engine_values import NOTHING, Settings
from rebalance_xl.recalc.workbook import recalculate
from tests.recalc.books import make, rewrite, values

SHEET = "xl/worksheets/sheet1.xml"
WORKBOOK = "xl/workbook.xml"


def shared_column(path: Path, rows: int, formula: str) -> Path:
    """Write a running balance whose formulas are one shared group from row 2 on."""

    def build(_: Any, sheet: Any) -> None:
        sheet.write("A1", 5000)
        for row in range(2, rows + 1):
            sheet.write(f"B{row}", row)
            sheet.write_formula(f"A{row}", "=FORMULA", None, -1)

    path = make(path, build)

    def share(text: str) -> str:
        text = text.replace("<f>FORMULA</f>", f'<f t="shared" ref="A2:A{rows}" si="0">{formula}</f>', 1)
        return text.replace("<f>FORMULA</f>", '<f t="shared" si="0"/>')

    return rewrite(path, {SHEET: share})


@pytest.mark.parametrize("formula", ['IF(B2="","",A1-B2)', "A1-B2", "IF(ISBLANK(B2),0,A1-B2)", "PROPER(A1)-B2"])
def test_every_cell_of_a_shared_group_is_computed(tmp_path: Path, formula: str) -> None:
    """A filled-down balance is right below rows 10, 100 and 1000, where references gain a digit."""
    path = shared_column(tmp_path / "b.xlsx", 1030, formula)
    report = recalculate(path)
    found = values(path)
    expected = 5000.0
    for row in range(2, 1031):
        expected -= row
        assert found[f"A{row}"] == pytest.approx(expected), row
    assert report.kept == 0


@pytest.mark.parametrize("name", ["sheet1", "SHEET1", "Sheet1", "sHEET1"])
def test_a_sheet_with_the_name_of_the_engines_own_is_computed(tmp_path: Path, name: str) -> None:
    """The engine has a sheet called Sheet1 and tells capitals apart; workbooks do not, and the report says its name."""

    def build(_: Any, sheet: Any) -> None:
        sheet.write("A1", 21)
        sheet.write_formula("B1", "=A1*2", None, -1)
        sheet.write_formula("B2", "=SHEET1!A1+sheet1!B1", None, -1)
        sheet.write_formula("B3", '=INDIRECT("Sheet1!A1")', None, -1)

    path = rewrite(make(tmp_path / "b.xlsx", build), {WORKBOOK: lambda text: text.replace("Sheet1", name)})
    report = recalculate(path)
    assert [values(path, name)[cell] for cell in ("B1", "B2", "B3")] == [42, 63, 21]
    assert {row.sheet for row in report.changed} == {name}


def test_no_answer_of_the_engine_is_not_zero(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cell for which the engine has no value keeps the cached one, with the cause, and its dependents use that."""

    def build(_: Any, sheet: Any) -> None:
        sheet.write("A1", 1)
        sheet.write_formula("B1", "=A1*1", None, 7)
        sheet.write_formula("C1", "=B1*2", None, 0)

    path = make(tmp_path / "b.xlsx", build)
    read = Engine.read_block

    def losing(self: Engine, sheet: int, top: int, left: int, bottom: int, right: int) -> list[list[Any]]:
        rows = read(self, sheet, top, left, bottom, right)
        if left <= 2 <= right:
            rows = [[None if left + place == 2 and each == 1.0 else each for place, each in enumerate(r)] for r in rows]
        return rows

    monkeypatch.setattr(Engine, "read_block", losing)
    report = recalculate(path)
    assert (values(path)["B1"], values(path)["C1"]) == (7, 14)
    assert [(row.cell, row.status, row.cause) for row in report.changed if row.cell == "B1"] == [
        ("B1", "kept", NOTHING.cause)
    ]


@pytest.mark.parametrize(
    "formula",
    ["A3", "IF(1,A3)", "INDEX(A1:A3,3)", "CHOOSE(1,A3)", "OFFSET(A1,2,0)", "VLOOKUP(1,A1:B3,2,FALSE)", "(A3)"],
)
def test_the_engine_gives_zero_for_a_blank_cell(formula: str) -> None:
    """Blank cells come out of the engine as 0, which is why no value at all means that it failed."""
    engine = Engine(["Sheet1"], Settings())
    engine.set_value((0, 1, 1), 1.0)
    engine.set_formula((0, 1, 4), formula)
    engine.evaluate()
    assert engine.read_block(0, 1, 4, 1, 4) == [[0.0]]


@pytest.mark.parametrize(
    "formula, expected",
    [
        ("A1:A1*2", 12),
        ('IF(A2:A2>5,"y","n")', "y"),
        ('$A$1:$A$1&"x"', "6x"),
        ("SUM(A1:A1,A2:A2)", 14),
        ("-A2:A2", -8),
    ],
)
def test_a_range_of_one_cell_is_that_cell(tmp_path: Path, formula: str, expected: Any) -> None:
    """Wherever the formula stands, a range of one cell is no range to take the cell of the own row from."""

    def build(_: Any, sheet: Any) -> None:
        sheet.write_column("A1", [6, 8, 1])
        sheet.write_formula("D9", "=" + formula, None, -1)

    path = make(tmp_path / "b.xlsx", build)
    recalculate(path)
    assert values(path)["D9"] == expected


@pytest.mark.parametrize(
    "formula, expected",
    [
        ("lastrow", 5),
        ("lastrow+1", 6),
        ("big", 2),
        ("SUM(twice)", 28),
        ("twice", 2),
        ('IF(flag,"has","no")', "has"),
        ("SUM(column)", 14),
        ("SUM(window)", 9),
        ("column", 4),
        ("IF(big>1,lastrow,0)", 5),
    ],
)
def test_the_formula_of_a_name_is_an_array_formula(tmp_path: Path, formula: str, expected: Any) -> None:
    """MAX(ROW(...)) and SUM(IF(...)) behind a name work on whole ranges in a cell without an array mark."""

    def build(book: Any, sheet: Any) -> None:
        for row, number in enumerate([1, 4, 7, 2], 2):
            sheet.write(f"A{row}", number)
        book.define_name("lastrow", "=MAX(ROW(Sheet1!$A$2:$A$5))")
        book.define_name("big", "=SUM(IF(Sheet1!$A$2:$A$5>2,1,0))")
        book.define_name("twice", "=Sheet1!$A$2:$A$5*2")
        book.define_name("flag", "=OR(Sheet1!$A$2:$A$5=7)")
        book.define_name("column", "=Sheet1!$A$2:$A$5")
        book.define_name("window", "=OFFSET(Sheet1!$A$4,0,0,COUNTA(Sheet1!$A:$A)-2,1)")
        sheet.write_formula("D3", "=" + formula, None, -1)

    path = make(tmp_path / "b.xlsx", build)
    recalculate(path)
    assert values(path)["D3"] == expected


@pytest.mark.parametrize(
    "formula, expected",
    [
        ('INDIRECT("B"&A1)', "#N/A"),
        ('IFNA(INDIRECT("B"&A1),"none")', "none"),
        ('SUM(INDIRECT("B1:B"&A2))', 9),
        ('SUM(INDIRECT("B"&A1))', "#N/A"),
        ('SUM(B1:INDIRECT("B"&A2))', 9),
        ('ROW(INDIRECT("B"&A2))', 2),
        ('SUMPRODUCT(ROW(INDIRECT("1:"&A2)))', 3),
        ('OFFSET(INDIRECT("B"&A2),-1,0)', 4),
    ],
)
def test_an_error_in_the_text_of_an_indirect_is_passed_on(tmp_path: Path, formula: str, expected: Any) -> None:
    """INDIRECT gives the error that its text is, and everything else as before."""

    def build(_: Any, sheet: Any) -> None:
        sheet.write_formula("A1", "=NA()", None, "#N/A")
        sheet.write("A2", 2)
        sheet.write_column("B1", [4, 5])
        sheet.write_formula("D1", "=" + formula, None, -1)

    path = make(tmp_path / "b.xlsx", build)
    recalculate(path)
    assert values(path)["D1"] == expected


@pytest.mark.parametrize("formula", ["ROW(Coins[Asset])", "ROW(area)", "ROW(A2:INDEX(A:A,4))", "ROW(A2:A4)"])
def test_row_counts_the_rows_of_computed_references_too(tmp_path: Path, formula: str) -> None:
    """ROW of a table's column, a name or a range with a computed end is an array where arrays are wanted."""

    def build(book: Any, sheet: Any) -> None:
        sheet.add_table("A1:A4", {"name": "Coins", "columns": [{"header": "Asset"}], "data": [["a"], ["b"], ["c"]]})
        book.define_name("area", "=Sheet1!$A$2:$A$4")
        sheet.write_formula("C1", f"=SUMPRODUCT({formula})", None, 0)

    path = make(tmp_path / "b.xlsx", build)
    recalculate(path)
    assert values(path)["C1"] == 9


@pytest.mark.parametrize(
    "formula, expected",
    [
        ("SUMIF(A1:A4,1,B1)", 40),
        ("SUM(SUMIF(A1:A4,{1;2},B1))", 100),
        ("SUMPRODUCT(SUMIF(A1:A4,A1:A2,B1:B2))", 100),
        ("SUM(SUMIF(A1:A4,A1:A2,amounts))", 100),
        ("SUM(AVERAGEIF(A1:A4,{1,2},B1))", 50),
        ("IFERROR(SUMIF(A1:A5,1,B1),7)", 7),
        ("SUMIF(A1:A5,2,B1)", 60),
    ],
)
def test_a_range_to_be_summed_is_as_large_as_the_one_tested(tmp_path: Path, formula: str, expected: Any) -> None:
    """SUMIF takes the top left cell of its sum range and the size of the other, also for several criteria at once."""

    def build(book: Any, sheet: Any) -> None:
        sheet.write_column("A1", [1, 2, 1, 2, 1])
        sheet.write_column("B1", [10, 20, 30, 40])
        sheet.write_formula("B5", "=NA()", None, "#N/A")
        book.define_name("amounts", "=Sheet1!$B$1")
        sheet.write_array_formula("D1:D1", "{=" + formula + "}", None, -1)

    path = make(tmp_path / "b.xlsx", build)
    recalculate(path)
    assert values(path)["D1"] == expected


def test_formulatext_shows_the_braces_of_an_array_formula(tmp_path: Path) -> None:
    """Array formulas of the old kind are shown in braces, dynamic ones are not."""

    def build(_: Any, sheet: Any) -> None:
        sheet.write_column("A1", [1, 2])
        sheet.write_array_formula("B1:B1", "{=SUM(A1:A2*2)}", None, 0)
        sheet.write_dynamic_array_formula("C1:C1", "=SUM(A1:A2*2)", None, 0)
        sheet.write_formula("B2", "=_xlfn.FORMULATEXT(B1)", None, -1)
        sheet.write_formula("C2", "=_xlfn.FORMULATEXT(C1)", None, -1)

    path = make(tmp_path / "b.xlsx", build)
    recalculate(path)
    assert (values(path)["B2"], values(path)["C2"]) == ("{=SUM(A1:A2*2)}", "=SUM(A1:A2*2)")


def test_a_google_formula_gives_the_value_of_its_export(tmp_path: Path) -> None:
    """IFERROR around the stand-in for a Google formula is its second argument, also when another value is cached."""

    def build(_: Any, sheet: Any) -> None:
        stand_in = '__xludf.DUMMYFUNCTION("GOOGLEFINANCE(""BTCUSD"")")'
        sheet.write_formula("A1", f"=IFERROR({stand_in},61234.5)", None, -1)
        sheet.write_formula("A2", f'=IFERROR({stand_in},"ETH")&"!"', None, -1)
        sheet.write_formula("A3", f"=IFERROR({stand_in},-2.5)*2", None, -1)
        sheet.write_formula("A4", f"=1+{stand_in}", None, 77)

    path = make(tmp_path / "b.xlsx", build)
    report = recalculate(path)
    assert [values(path)[f"A{row}"] for row in (1, 2, 3, 4)] == [61234.5, "ETH!", -5, 77]
    assert [row.cell for row in report.changed if row.status == "kept"] == ["A4"]


def test_the_spill_operator_after_a_name(tmp_path: Path) -> None:
    """A name that stands for an anchor, followed by #, is the area that the anchor fills."""

    def build(book: Any, sheet: Any) -> None:
        book.define_name("Start", "=Sheet1!$B$1")
        sheet.write_dynamic_array_formula("B1", "=_xlfn.SEQUENCE(4)", None, 0)
        sheet.write_dynamic_array_formula("D1", "=SUM(_xlfn.ANCHORARRAY(Start))", None, 0)

    path = make(tmp_path / "b.xlsx", build)
    recalculate(path)
    assert values(path)["D1"] == 10


def test_what_follows_from_an_old_value_says_so(tmp_path: Path) -> None:
    """A kept cell whose input changed is named as old, and so is what follows from it; others are not."""

    def build(_: Any, sheet: Any) -> None:
        sheet.write("A1", 5)
        sheet.write_formula("B1", "=A1*2", None, 4)
        sheet.write_formula("C1", "=NOBODYKNOWS(B1)", None, 7)
        sheet.write_formula("D1", "=C1+1", None, 0)
        sheet.write_formula("E1", "=D1+1", None, 0)
        sheet.write_formula("C2", "=NOBODYKNOWS(A1)", None, 7)
        sheet.write_formula("D2", "=C2+1", None, 0)

    report = recalculate(make(tmp_path / "b.xlsx", build))
    causes = {row.cell: row.cause for row in report.changed}
    assert causes["C1"] == "unknown-function:NOBODYKNOWS; what it reads has changed"
    assert (causes["D1"], causes["E1"]) == ("from an old value", "from an old value")
    assert (causes["C2"], causes["D2"]) == ("unknown-function:NOBODYKNOWS", "")
    assert report.unknown_functions == ["NOBODYKNOWS"]


@pytest.mark.parametrize("plain", [False, True])
def test_inputs_that_are_set_count_as_changes(tmp_path: Path, plain: bool) -> None:
    """A kept cell that reads an input which the run itself sets is old, and so is a column of calls that reads it."""

    def build(_: Any, sheet: Any) -> None:
        for row in range(1, 13):
            sheet.write(f"A{row}", row)
            sheet.write_formula(f"B{row}", f"=NOBODYKNOWS(A{row})", None, 7)
            sheet.write_formula(f"C{row}", f"=WEIGHT(B{row},100)", None, 0)

    def edit(data: bytes) -> bytes:
        book = FileWorkbook.from_bytes(data)
        book.write_name("Third", 33)
        return book.content()

    def named(book: Any, sheet: Any) -> None:
        build(book, sheet)
        book.define_name("Third", "=Sheet1!$A$3")

    report = recalculate(make(tmp_path / "b.xlsx", named), edit=edit, plain=plain)
    causes = {row.cell: row.cause for row in report.changed}
    assert causes["B3"] == "unknown-function:NOBODYKNOWS; what it reads has changed"
    assert causes["B4"] == "unknown-function:NOBODYKNOWS"
    assert (causes["C3"], causes["C4"]) == ("from an old value", "")


@pytest.mark.parametrize("plain", [False, True])
def test_an_error_that_stood_there_before_is_no_reason_to_believe_it(tmp_path: Path, plain: bool) -> None:
    """A text that reads as a number is one for arithmetic, also where the cell showed an error until now."""

    def build(book: Any, sheet: Any) -> None:
        sheet.write_column("A1", ["$1,200", "n/a"])
        sheet.write_formula("B1", "=A1*2", None, "#VALUE!")
        sheet.write_formula("C1", "=IFERROR(B1+1,0)", None, 0)
        sheet.write_formula("B2", "=A2*2", None, "#VALUE!")

    path = make(tmp_path / "book.xlsx", build)
    recalculate(path, plain=plain)
    assert values(path)["B1"] == 2400
    assert values(path)["C1"] == 2401
    assert values(path)["B2"] == "#VALUE!"


def test_names_that_double_are_kept_before_they_take_the_memory(tmp_path: Path) -> None:
    """A name that stands for two of the next, seventeen times over, is not written out."""

    def build(book: Any, sheet: Any) -> None:
        for number in range(1, 18):
            book.define_name(f"doubled_{number}", f"=doubled_{number + 1}+doubled_{number + 1}")
        book.define_name("doubled_18", "=Sheet1!$A$1+1.0000001")
        sheet.write_formula("B1", "=doubled_1", None, 5)

    path = make(tmp_path / "b.xlsx", build)
    report = recalculate(path)
    assert values(path)["B1"] == 5
    assert "too long" in report.changed[0].cause
