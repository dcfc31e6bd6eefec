"""References that depend on one another without end."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import formualizer as fz
import pytest

from rebalance_xl.recalc.evaluation.engine import Engine
from rebalance_xl.recalc.formulas.text import in_order
from rebalance_xl.recalc.references import Place
from rebalance_xl.recalc.workbook import recalculate
from tests.recalc.books import make, values

GAVE_UP = fz.ExcelEvaluationError("dynamic dependency evaluation did not converge after 5 replans")


def test_an_engine_that_gave_up_is_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Computed references that follow from many others take several attempts, and no search for cells that fail."""
    evaluate, attempts, tried = Engine.evaluate, [GAVE_UP, GAVE_UP], []

    def failing(engine: Engine) -> None:
        if attempts:
            raise attempts.pop()
        evaluate(engine)

    monkeypatch.setattr(Engine, "evaluate", failing)
    monkeypatch.setattr(Engine, "evaluate_cells", lambda _, cells: tried.append(cells))
    path = make(tmp_path / "a.xlsx", lambda _, sheet: sheet.write_formula("A1", '=INDIRECT("B"&1)+1', None, 5))
    assert recalculate(path, tmp_path / "b.xlsx").kept == 0
    assert not tried
    assert values(tmp_path / "b.xlsx")["A1"] == 1


def test_the_engine_is_told_of_named_cells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What INDIRECT may mean by a name is told beforehand, also where named cells follow from one another."""
    given, load = list[bytes](), Engine.load

    def build(book: Any, sheet: Any) -> None:
        for row in range(1, 10):
            book.define_name(f"step_{row}", f"=Sheet1!$A${row}")
            sheet.write(f"B{row}", f"step_{row + 1}")
            sheet.write_formula(f"A{row}", f"=INDIRECT(B{row})+1" if row < 9 else "=RAND()*0+1", None, 0)
        sheet.write_formula("C1", "=SUM(INDIRECT(B1))", None, 0)

    def loaded(engine: Engine, package: bytes) -> None:
        given.append(zipfile.ZipFile(io.BytesIO(package)).read("xl/worksheets/sheet1.xml"))
        load(engine, package)

    monkeypatch.setattr(Engine, "load", loaded)
    assert recalculate(make(tmp_path / "a.xlsx", build)).kept == 0
    assert b"CHOOSE(" in given[0]
    assert b"INDIRECT" not in given[0]
    found = values(tmp_path / "a.xlsx")
    assert [found[name] for name in ("A1", "A8", "C1")] == [9, 2, 8]


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ('INDIRECT("price_"&C1)', 7),
        ('SUM(INDIRECT("prices"))+COUNTIF(INDIRECT(C2),">5")+ROWS(INDIRECT(C2))', 16),
        ('VLOOKUP(7,INDIRECT("pri"&"ces"),1,FALSE)', 7),
        ('INDIRECT("PRICE_"&C1)&INDIRECT(C3)', "73"),  # an address among the names
        ('SUM(INDIRECT("A1"),INDIRECT(C2))', 15),
        ('INDIRECT("Sheet1!"&C3)', 3),
        ('IFERROR(INDIRECT(C4),"none")', "none"),
        ('ERROR.TYPE(INDIRECT("price_"&C4))', 4),
        ("ERROR.TYPE(INDIRECT(C5))", 2),
        ('IFERROR(INDIRECT("- -"),"none")', "none"),
        ('INDIRECT("price_"&A3)', "#REF!"),
    ],
)
def test_a_text_may_mean_a_name_or_not(tmp_path: Path, formula: str, expected: object) -> None:
    """INDIRECT gives the cells of a name, those of an address, and #REF! for anything else; cell by cell, too."""

    def build(book: Any, sheet: Any) -> None:
        book.define_name("price_a", "=Sheet1!$A$2")
        book.define_name("prices", "=Sheet1!$A$1:$A$3")
        for row, number in enumerate((3, 7, 2)):
            sheet.write(row, 0, number)
        for row, text in enumerate(("a", "prices", "A1", "b")):
            sheet.write(row, 2, text)
        sheet.write_formula("C5", "=1/0", None, 0)
        sheet.write_formula("E1", f"={formula}", None, 0)

    recalculate(make(tmp_path / "a.xlsx", build))
    recalculate(make(tmp_path / "b.xlsx", build), plain=True)
    assert values(tmp_path / "a.xlsx")["E1"] == values(tmp_path / "b.xlsx")["E1"] == expected


def test_only_a_few_are_tried_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the engine comes to no end with computed references, three are tried and all others keep their value."""
    evaluate, tried = Engine.evaluate, []

    def failing(engine: Engine) -> None:
        if len(tried) < 3:
            raise GAVE_UP
        evaluate(engine)

    def alone(engine: Engine, cells: list[Place]) -> None:
        if len(cells) == 1:
            tried.append(cells)
        raise GAVE_UP

    def build(book: Any, sheet: Any) -> None:
        for row in range(1, 9):
            sheet.write_formula(f"A{row}", f'=INDIRECT("B{row}")+1', None, row)
            sheet.write(f"B{row}", 10)
        sheet.write_formula("C9", "=SUM(A1:A8)+B1", None, 0)

    monkeypatch.setattr(Engine, "evaluate", failing)
    monkeypatch.setattr(Engine, "evaluate_cells", alone)
    report = recalculate(make(tmp_path / "a.xlsx", build), tmp_path / "b.xlsx")
    assert len(tried) == 3
    assert report.kept == 8
    assert values(tmp_path / "b.xlsx")["C9"] == 46


@pytest.mark.parametrize(
    "formula, expected",
    [
        ("ROWS($C$9:C9)", "ROWS($C$9:C9)"),
        ("SUM($A$1:B$3)+A1:A1", "SUM($A$1:B$3)+A1:A1"),
        ("SUM($A$3:A1,B1:A2)", "SUM(A1:A3,A1:B2)"),
        ('"A3:A1 ""B2:A1"""&SUM(A3:A1)', '"A3:A1 ""B2:A1"""&SUM(A1:A3)'),
    ],
)
def test_only_ranges_that_run_backwards_are_turned_round(formula: str, expected: str) -> None:
    """What the engine took once is not set again: it refuses single formulas that name their own cell."""
    assert in_order(formula) == expected


@pytest.mark.parametrize("plain", [False, True])
def test_ranges_that_run_backwards_are_computed_the_careful_way_too(tmp_path: Path, plain: bool) -> None:
    """A range that is turned round stays so when its formula is written anew, and texts that look like one stay."""

    def build(_: Any, sheet: Any) -> None:
        for row, line in enumerate([(1, "12", True), (2, 0, 0), (4, 5, 0)], 1):
            for column, value in enumerate(line):
                (sheet.write_string if isinstance(value, str) else sheet.write)(row, column, value)
        sheet.write_formula("E1", "=SUMPRODUCT(A4:C2)", None, 0)
        sheet.write_formula("E2", '="A4:A2 is "&SUM(A4:A2)', None, "")

    recalculate(make(tmp_path / "a.xlsx", build), plain=plain)
    found = values(tmp_path / "a.xlsx")
    assert [found["E1"], found["E2"]] == [12, "A4:A2 is 7"]


def test_a_formula_that_the_engine_refuses_leaves_no_value_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a cell held before is no value of the formula that it was to get: it is kept, and those beside are not."""
    set_block, set_formula = Engine.set_formula_block, Engine.set_formula

    def block(engine: Engine, sheet: int, row: int, column: int, rows: list[list[str]]) -> None:
        if any("RXL.NUMERIC(A2" in text for line in rows for text in line):
            raise fz.ParserError("refused")
        set_block(engine, sheet, row, column, rows)

    def one(engine: Engine, place: Place, text: str) -> None:
        if "RXL.NUMERIC(A2" in text:
            raise fz.ParserError("refused")
        set_formula(engine, place, text)

    def build(_: Any, sheet: Any) -> None:
        for row in range(1, 4):
            sheet.write_string(f"A{row}", "5")
            sheet.write_formula(f"B{row}", f"=SUMPRODUCT(A{row}:A{row})", None, 7)

    monkeypatch.setattr(Engine, "set_formula_block", block)
    monkeypatch.setattr(Engine, "set_formula", one)
    report = recalculate(make(tmp_path / "a.xlsx", build))
    assert [each.cell for each in report.changed if each.status == "kept"] == ["B2"]
    found = values(tmp_path / "a.xlsx")
    assert [found[f"B{row}"] for row in (1, 2, 3)] == [0, 7, 0]


def test_an_unexpected_end_frees_the_cells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A calculation that ends in an exception nobody expects leaves no workbook in the engine's memory."""
    opened: list[Engine] = []
    begin = Engine.__init__

    def noted(engine: Engine, *given: Any) -> None:
        begin(engine, *given)
        opened.append(engine)

    def failing(_: Any) -> None:
        raise RuntimeError("not expected")

    monkeypatch.setattr(Engine, "__init__", noted)
    monkeypatch.setattr("rebalance_xl.recalc.evaluation.passes.settle_doubts", failing)
    path = make(tmp_path / "a.xlsx", lambda _, sheet: sheet.write_formula("A1", "=1+B1", None, 1))
    with pytest.raises(RuntimeError):
        recalculate(path, tmp_path / "b.xlsx")
    assert [engine.read_cell((0, 1, 1)) for engine in opened] == [None]
