"""Loops that start from what cells hold, comparisons to 15 digits, and texts that are added up as numbers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rebalance_xl.recalc.evaluation import suspects
from rebalance_xl.recalc.native.registry import REGISTERED
from rebalance_xl.recalc.references import cell_name
from rebalance_xl.recalc.workbook import recalculate
from tests.recalc.books import make, rewrite, values

WORKBOOK = "xl/workbook.xml"


def iterating(path: Path, cells: dict[str, Any]) -> Path:
    """Write a workbook that iterates: cells with constants, or with a formula and its cached value."""

    def build(_: Any, sheet: Any) -> None:
        for name, content in cells.items():
            if isinstance(content, tuple):
                sheet.write_formula(name, content[0], None, content[1])
            else:
                sheet.write(name, content)

    path = make(path, build)
    return rewrite(path, {WORKBOOK: lambda text: text.replace("<calcPr ", '<calcPr iterate="1" ')})


def test_loops_go_on_from_the_values_that_the_cells_hold(tmp_path: Path) -> None:
    """Neutral loops and latches keep what they hold, and what reads them is computed from it."""
    path = iterating(
        tmp_path / "b.xlsx",
        {
            "A1": ("=C1*B1/C2", 220.1),
            "B1": ("=(A1/C1)*C2", 73.03318181818182),
            "C1": 1100,
            "C2": 365,
            "D1": ("=200-A1", -1),
            "A3": ("=IF(B3>100,B3,50)", 500),
            "B3": ("=A3", 500),
            "A5": "BTC",
            "B5": ('=IF(A5="","",IF(B5="",NOW(),B5))', 45000.5),
        },
    )
    report = recalculate(path)
    found = values(path)
    assert (found["A1"], found["B1"]) == (220.1, 73.03318181818182)
    assert found["D1"] == 200 - 220.1
    assert (found["A3"], found["B3"], found["B5"]) == (500, 500, 45000.5)
    assert [row.cell for row in report.changed] == ["D1"]


def test_a_loop_that_is_not_at_rest_converges(tmp_path: Path) -> None:
    """Interest on an average balance that changed goes on from the old values to the new solution."""
    path = iterating(
        tmp_path / "b.xlsx", {"A1": 1000, "B1": ("=A1+C1", 1.0), "C1": ("=B1*0.1", 1.0), "D1": ("=B1*2", 0)}
    )
    recalculate(path)
    assert values(path)["B1"] == pytest.approx(1000 / 0.9, rel=1e-5)
    assert values(path)["D1"] == values(path)["B1"] * 2


def test_a_counter_keeps_its_value_and_is_named(tmp_path: Path) -> None:
    """A cell that adds to itself with every calculation keeps what it holds, with the cause."""
    path = iterating(tmp_path / "b.xlsx", {"A1": ("=A1+1", 41), "B1": ("=A1*2", 0)})
    report = recalculate(path)
    assert (values(path)["A1"], values(path)["B1"]) == (41, 82)
    assert [(row.cell, row.status) for row in report.changed] == [("A1", "kept"), ("B1", "changed")]
    assert report.changed[0].cause.startswith("circular")


def test_a_loop_that_never_settles_is_told(tmp_path: Path) -> None:
    """Two cells that double each other are written as the passes leave them, with a warning."""
    path = iterating(tmp_path / "b.xlsx", {"A1": ("=B1*2", 1), "B1": ("=A1+1", 1)})
    report = recalculate(path)
    assert any("have not settled" in warning for warning in report.warnings)


def test_what_reads_a_last_subtraction_gets_the_zero_in_iterating_books(tmp_path: Path) -> None:
    """The noise of a last subtraction is 0 for its readers, too, and books that iterate are no exception."""
    path = iterating(
        tmp_path / "b.xlsx",
        {
            "A4": 26921.300000000003,
            "A5": 26921.3,
            "D2": ("=A4-A5", -1),
            "D3": ('=IF(D2=0,"balanced","CHECK")', ""),
            "F1": ("=F2/2+1", 2),
            "F2": ("=F1", 2),
        },
    )
    recalculate(path)
    assert (values(path)["D2"], values(path)["D3"]) == (0, "balanced")


@pytest.mark.parametrize(
    "formula, expected",
    [
        ("A1=A2", True),
        ("IF(A1=A2,0,1)", 0),
        ('IF((A1<>A2),"Check","fine")', "fine"),
        ('IF(A1>=A2,"ge","lt")', "ge"),
        ("AND(A1=A2,A3>A1)", True),
        ("A4=0.3", True),
        ('IF(A4>0.3,"over","not")', "not"),
        ("A1=A3", False),
        ('A5="BTC"', True),
        ("A6=0", True),
        ("SUMPRODUCT(--(A1:A2=A2))", 2),
        ("ROUND(A4,1)=A4", True),
        ("A1<A5", True),
        ("A5<TRUE", True),
        ('A7="é"', True),
        ("A7=A8", True),
        ('IF(A7<>A8,"two","one")', "one"),
    ],
)
def test_comparisons_look_at_15_digits(tmp_path: Path, formula: str, expected: Any) -> None:
    """Plain cells, constants and arrays are compared as Excel does, after rounding to 15 significant digits."""

    def build(_: Any, sheet: Any) -> None:
        sheet.write_column("A1", [245411.04938361436, 245411.0493836144, 245411.1, 0.1 + 0.2, "btc", None, "É", "é"])
        sheet.write_formula("D1", "=" + formula, None, -1)

    path = make(tmp_path / "b.xlsx", build)
    recalculate(path)
    assert values(path)["D1"] is expected if isinstance(expected, bool) else values(path)["D1"] == expected


@pytest.mark.parametrize(
    "formula, expected",
    [
        ('"$1,200.50"+0', 1200.5),
        ("A1+0", 1200.5),
        ("IFERROR(A1*2,0)", 2401),
        ('IF(ISNUMBER(A1+0),"number","text")', "number"),
        ('"(5)"*1', -5),
        ('"1,234"+1', 1235),
        ('"12%"*100', 12),
        ("-A1", -1200.5),
        ("IFERROR(A2+1,-9)", -9),
        ("SUM(A1)+A1", 1200.5),
        ("SUMPRODUCT(A1:A1*2)", 2401),
        ('IFERROR("x"&A1*1,0)', "x1200.5"),
        ("(A1+A3)/2", 602.25),
    ],
)
def test_arithmetic_reads_texts_as_value_does(tmp_path: Path, formula: str, expected: Any) -> None:
    """Money, brackets and thousands are numbers for + - * / wherever they stand, also where errors are caught."""

    def build(_: Any, sheet: Any) -> None:
        sheet.write_column("A1", ["$1,200.50", "no number", "4"])
        sheet.write_formula("D1", "=" + formula, None, -1)

    path = make(tmp_path / "b.xlsx", build)
    recalculate(path)
    assert values(path)["D1"] == expected


@pytest.mark.parametrize("formula", ["A1+31", "IFERROR(A1+31,0)", "A2*2", "SUMPRODUCT(A1:A2*1)"])
def test_a_text_that_may_be_a_number_elsewhere_keeps_the_cell(tmp_path: Path, formula: str) -> None:
    """What May-25 and 1.234,50 mean their author's system says: the old value stays, also inside IFERROR."""

    def build(_: Any, sheet: Any) -> None:
        sheet.write_column("A1", ["May-25", "1.234,50"])
        sheet.write_formula("D1", "=" + formula, None, 45809)
        sheet.write_formula("E1", "=D1+1", None, 0)

    path = make(tmp_path / "b.xlsx", build)
    report = recalculate(path)
    assert (values(path)["D1"], values(path)["E1"]) == (45809, 45810)
    assert [(row.cell, row.status) for row in report.changed] == [("D1", "kept"), ("E1", "changed")]
    assert "may be a number or a date elsewhere" in report.changed[0].cause


def test_both_sides_of_a_comparison_are_looked_at(tmp_path: Path) -> None:
    """Two cells of different columns are the same where their 15 digits are, whichever stands first."""

    def build(_: Any, sheet: Any) -> None:
        sheet.write_row("A1", [0.1, 0.2, 0.3])
        sheet.write_formula("B2", "=A1+B1", None, 0.3)
        for name, formula in (("D1", '=IF(B2=C1,"same","other")'), ("E1", "=C1=B2"), ("F1", "=B2 <> C1")):
            sheet.write_formula(name, formula, None, "")

    path = make(tmp_path / "b.xlsx", build)
    recalculate(path)
    found = values(path)
    assert (found["D1"], found["E1"], found["F1"]) == ("same", True, False)


def suspected(monkeypatch: pytest.MonkeyPatch, search: str) -> set[str]:
    """Return a set that is filled with the cells which one search for suspects finds."""
    found: set[str] = set()
    real = getattr(suspects, search)

    def noted(calculation: Any, columns: Any) -> Any:
        for cell in real(calculation, columns):
            found.add(cell_name(cell.row, cell.column))
            yield cell

    monkeypatch.setattr(suspects, search, noted)
    return found


def test_only_cells_that_compare_nearly_equal_numbers_are_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A number that some other row holds but for the 16th digit makes a formula no suspect, nor does a text."""
    looked_at = suspected(monkeypatch, "_near")

    def build(_: Any, sheet: Any) -> None:
        for row in range(1, 6):
            sheet.write(f"A{row}", "=0.1+0.2" if row == 3 else row)
            sheet.write(f"B{row}", 0.3 if row in (3, 5) else -row)
            sheet.write_formula(f"C{row}", f"=IF(A{row}=B{row},1,0)", None, 0)
        sheet.write_array_formula("D1", '{=SUM((A1:A5=B3)*(B1:B5={"a","b"}))}', None, 0)
        sheet.write_formula("D2", '=SUMPRODUCT((A4:A5=B5)*(B1:B2={"a","b"}))', None, 0)
        sheet.write_formula("D3", "=SUMPRODUCT((A4:A5=B5)*A3:A4*B2:B3)", None, 0)
        sheet.write_formula("D4", "=SUMPRODUCT((A3:A4=LEFT(B5,2))*1)", None, 0)

    recalculate(make(tmp_path / "b.xlsx", build))
    assert looked_at == {"C3", "D1"}
    assert values(tmp_path / "b.xlsx")["C3"] == 1


def test_single_cells_of_a_formula_filled_down_are_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a column of one formula those cells are suspects that read what matters, wherever it stands."""
    looked_at = suspected(monkeypatch, "_reading")

    def build(_: Any, sheet: Any) -> None:
        for row in range(1, 41):
            sheet.write(f"A{row}", "(5)" if row in (7, 29) else str(row))
            sheet.write(f"B{row}", 1)
            sheet.write_formula(f"C{row}", f"=IFERROR(A{row}+B{row},0)", None, 0)
            sheet.write_formula(f"D{row}", f"=IFERROR(B{row}+A{41 - row},0)", None, 0)
            sheet.write_formula(f"E{row}", f"=IFERROR(SUM(B{row}:B$40)+A$29,0)", None, 0)

    recalculate(make(tmp_path / "b.xlsx", build))
    assert looked_at == {"C7", "C29", "D34", "D12", *(f"E{row}" for row in range(1, 41))}
    assert [values(tmp_path / "b.xlsx")[name] for name in ("C7", "D12", "E40")] == [-4, -4, -4]


def test_an_error_at_the_top_of_a_column_hides_no_comparison_below_it(tmp_path: Path) -> None:
    """Where the first cell of a column is computed the careful way for its error, those below it are looked at."""

    def build(_: Any, sheet: Any) -> None:
        sheet.write_formula("A1", "=1/0", None, 1)
        for row in range(1, 13):
            sheet.write(f"A{row}", 0.3000000000000001) if row > 1 else None
            sheet.write(f"C{row}", 0.3)
            sheet.write_formula(f"B{row}", f"=A{row}=C{row}", None, False)

    recalculate(make(tmp_path / "b.xlsx", build))
    assert [values(tmp_path / "b.xlsx")[f"B{row}"] for row in (1, 2, 12)] == ["#DIV/0!", True, True]


def test_texts_that_are_only_compared_are_no_operands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A formula that catches errors is a suspect where it computes with unclear texts, not where it compares them."""
    looked_at = suspected(monkeypatch, "_reading")

    def build(_: Any, sheet: Any) -> None:
        sheet.write_column("A1", ["1 234", "2 345"])
        sheet.write_column("B1", [5, 6])
        sheet.write("C1", "1 234")
        sheet.write_formula("D1", "=IFERROR(SUMPRODUCT((A1:A2=C1)*B1:B2),0)", None, 0)
        sheet.write_formula("D2", '=IFERROR(SUMPRODUCT((A1:A2=CONCATENATE("1 ",234))*B1:B2),0)', None, 0)
        sheet.write_formula("D3", "=IFERROR(A1+B1,0)", None, 0)
        sheet.write_formula("D4", "=IFERROR(IF(A1=C1,A2*B1,0),0)", None, 0)

    recalculate(make(tmp_path / "b.xlsx", build))
    assert looked_at == {"D3", "D4"}
    assert values(tmp_path / "b.xlsx")["D1"] == 5


def test_what_the_compiler_itself_asks_of_a_sum_catches_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error among what is summed, or anywhere else, makes a sum by criteria no suspect; only IFERROR does."""
    looked_at = suspected(monkeypatch, "_reading")

    def build(_: Any, sheet: Any) -> None:
        for row, content in enumerate(["a", "b", "=NA()"], 1):
            sheet.write(f"A{row}", content)
            sheet.write(f"B{row}", row)
        sheet.write_formula("D1", '=SUMIFS(B1:B3,A1:A3,"a")', None, 0)
        sheet.write_formula("D2", '=IFERROR(SUMIFS(B1:B3,A1:A3,"a"),0)', None, 0)

    recalculate(make(tmp_path / "b.xlsx", build))
    assert looked_at == {"D2"}
    assert (values(tmp_path / "b.xlsx")["D1"], values(tmp_path / "b.xlsx")["D2"]) == (1, 1)


def test_only_what_is_looked_into_matters_for_long_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A number of 17 digits that a formula adds, counts or looks for beside a text is none that it looks into."""
    looked_at = suspected(monkeypatch, "_reading")

    def build(_: Any, sheet: Any) -> None:
        sheet.write_column("A1", ["12", "34"])
        sheet.write_column("B1", [0.3000000000000001, 0.7])
        formulas = ["LEFT(A1,1)+B1", "LEN(A1)*SUM(B1:B2)", "MID(A1,ROUND(B2,0),1)*B1", "LEFT(B1,9)", "LEN(A1&B1)"]
        for row, formula in enumerate(formulas, 1):
            sheet.write_formula(f"D{row}", "=" + formula, None, 9)

    recalculate(make(tmp_path / "b.xlsx", build))
    assert looked_at == {"D4", "D5"}


def test_arrays_whose_choice_is_computed_are_computed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine asks a function's argument for a reference first where it may be one, and would compute it twice."""
    calls: list[Any] = []
    proper = REGISTERED["PROPER"]
    counted = replace(proper, callable=lambda *given, **named: calls.append(given) or proper.callable(*given, **named))
    monkeypatch.setitem(REGISTERED, "PROPER", counted)

    def build(_: Any, sheet: Any) -> None:
        sheet.write("A1", "ada")
        sheet.write_array_formula("B1:B1", '{=IF(A1="","",PROPER(A1))}')

    recalculate(make(tmp_path / "b.xlsx", build))
    assert len(calls) == 1


@pytest.mark.parametrize("plain", [False, True])
def test_criteria_find_texts_that_read_as_the_number(tmp_path: Path, plain: bool) -> None:
    """A text spelled otherwise than the number that it reads as is counted where that is asked for, by either text."""
    answers = {
        'COUNTIF(A1:A6,"2020-01-31")': 2,
        "COUNTIF(A1:A6,43861)": 2,
        "COUNTIF(A1:A6,A1)": 2,
        "SUMIF(A1:A6,A1,B1:B6)": 11,
        'SUMIFS(B1:B6,A1:A6,"12%")': 4,
        "COUNTIF(A1:A6,B4)": 1,
        'COUNTIFS(A1:A6,"<>"&A1)': 5,
        'COUNTIF(A1:A6,"x")': 1,
    }

    def build(_: Any, sheet: Any) -> None:
        sheet.write_column("A1", ["2020-01-31", "x", "12%", "$5", 43861, "6"])
        sheet.write_column("B1", [1, 2, 4, 5, 10, 20])
        for row, formula in enumerate(answers, 1):
            sheet.write_formula(f"D{row}", "=" + formula, None, -1)

    path = make(tmp_path / "b.xlsx", build)
    recalculate(path, plain=plain)
    found = values(path)
    assert {formula: found[f"D{row}"] for row, formula in enumerate(answers, 1)} == answers


@pytest.mark.parametrize("twins", [True, False])
def test_texts_are_the_same_in_any_case_of_any_alphabet(tmp_path: Path, twins: bool) -> None:
    """Cells, columns and a choice of cells are compared as their letters are, with and without another case beside."""
    texts = ["\u00e9t\u00e9", "ete", "stra\u00dfe", "\u0434\u0430", "k", "A", "a", "\u03c3", "", "1"]
    texts += ["\u00c9t\u00e9", "STRASSE", "\u0414\u0430", "\u212a", "\u03a3", "\u03c2"] if twins else []
    last = len(texts)

    def build(_: Any, sheet: Any) -> None:
        for row, text in enumerate(texts, 1):
            sheet.write_string(f"A{row}", text) if text else sheet.write_formula(f"A{row}", '=""', None, "")
            for column in range(last):
                sheet.write_formula(row - 1, 2 + column, f"=$A{row}=$A${column + 1}")
            sheet.write_array_formula(f"Z{row}", f"=SUM((A$1:A${last}=A{row})*1)")
            sheet.write_formula(f"AA{row}", f"=IF(1,A{row},A1)<>A1")
            sheet.write_formula(f"AB{row}", f"=UPPER(A{row})=A{row}")

    path = make(tmp_path / "b.xlsx", build)
    recalculate(path)
    found = values(path)
    folded = [text.casefold() for text in texts]
    for row, text in enumerate(folded, 1):
        letters = [chr(ord("C") + column) for column in range(last)]
        assert [found[f"{letter}{row}"] for letter in letters] == [text == other for other in folded]
        assert found[f"Z{row}"] == folded.count(text)
        assert found[f"AA{row}"] == (text != folded[0])
        assert found[f"AB{row}"] is True
