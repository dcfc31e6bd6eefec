"""References that depend on one another without end."""

from __future__ import annotations

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


def test_named_cells_are_told_of_to_an_engine_that_gave_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What INDIRECT may mean by a name is computed before it, also where named cells follow from one another."""
    evaluate, attempts, given = Engine.evaluate, [GAVE_UP], list[str]()
    set_formula, set_block = Engine.set_formula, Engine.set_formula_block

    def failing(engine: Engine) -> None:
        if attempts:
            raise attempts.pop()
        evaluate(engine)

    def build(book: Any, sheet: Any) -> None:
        for row in range(1, 10):
            book.define_name(f"step_{row}", f"=Sheet1!$A${row}")
            sheet.write(f"B{row}", f"step_{row + 1}")
            sheet.write_formula(f"A{row}", f"=INDIRECT(B{row})+1" if row < 9 else "=RAND()*0+1", None, 0)
        sheet.write_formula("C1", "=SUM(INDIRECT(B1))", None, 0)

    def one(engine: Engine, place: Place, text: str) -> None:
        given.append(text)
        set_formula(engine, place, text)

    def block(engine: Engine, sheet: int, row: int, column: int, rows: list[list[str]]) -> None:
        given.extend(text for line in rows for text in line)
        set_block(engine, sheet, row, column, rows)

    monkeypatch.setattr(Engine, "evaluate", failing)
    monkeypatch.setattr(Engine, "set_formula", one)
    monkeypatch.setattr(Engine, "set_formula_block", block)
    assert recalculate(make(tmp_path / "a.xlsx", build)).kept == 0
    assert len(given) == 9
    assert all("SUM('Sheet1'!A1,'Sheet1'!A2" in text or "SUM(A1,A2" in text for text in given)
    found = values(tmp_path / "a.xlsx")
    assert [found[name] for name in ("A1", "A8", "C1")] == [9, 2, 8]


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
    ],
)
def test_only_ranges_that_run_backwards_are_turned_round(formula: str, expected: str) -> None:
    """What the engine took once is not set again: it refuses single formulas that name their own cell."""
    assert in_order(formula) == expected


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
