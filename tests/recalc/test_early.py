"""Columns of calls computed at once, before the engine: the same values, errors and reasons as one call at a time."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rebalance_xl.recalc.evaluation import passes
from rebalance_xl.recalc.formulas.filled_down import Fill
from rebalance_xl.recalc.workbook import recalculate
from tests.recalc.books import make

ROWS = 60
#: Formulas for row {0}, the row above {1} and the row below {2}: A to E hold inputs, F words, G odd cells.
FORMULAS = (
    "WEIGHT(A{0},$J$1)",
    "TRIM_AMOUNT(A{0},B{0},C{0},,,A{0}*4)",
    'ADD_AMOUNT(A{0},B{0},C{0},"midpoint",,A{0}*7-D{0}/2)',
    "DRIFT_FLAG(A{0},B{0},C{0},,$J$1)",
    "INITIAL_MARGIN(A{0},E{0})",
    "BREAKEVEN_PRICE(F{0},D{0},0.0005,5%)",
    "BASIS_RATE(D{0},D{0}*(1.01+0.01))",
    "BASIS_RATE(D{0},-D{0}*-2)",
    "LIQUIDATION_PRICE(F{0},1,D{0},E{0})",
    'LIQUIDATION_PRICE("long",A{0},D{0},E{0},"binance:BTCUSDT")',
    'LIQUIDATION_PRICE("short",A{0},D{0},E{0},$M$1:$P$3)',
    'MAX_LEVERAGE(A{0}*100,"binance:BTCUSDT")',
    "WEIGHT(G{0},$J$1)",
    "TRIM_AMOUNT(G{0},B{0},C{0},,,$J$1)",
    "TRIM_AMOUNT(A{0},G{0},C{0},,,$J$1)",
    "FUNDING_COST(G{0},A{0},0.0001,30)",
    "FUNDING_COST(F{0},G{0}*2,0.0001,30)",
    "INITIAL_MARGIN(A{0},$G$3)",
    "WEIGHT(A{2},A{0}+A{2})",
    "WEIGHT(H{0},$J$1)",
    "WEIGHT(A{0},$J$1)*2-1",
    "-WEIGHT(A{0},$J$1)",
    "WEIGHT(WEIGHT(A{0},$J$1),1)",
    "WEIGHT(Other!A{0},Other!$A$1)",
    "WEIGHT(K{0},$J$1)",
    'IF(A{0}>100,WEIGHT(A{0},$J$1),"none")',
    "WEIGHT(A{0},SUM(A$1:A${0}))",
    "NEXT_REVIEW(45000+A{0},F{0})",
    "WEIGHT(A{0},A{0}-A{0})",
    "WEIGHT(A{0},1/(A{0}-A{0}))",
    "WEIGHT(A{0})",
    "WEIGHT(A{0},Total)",
    "WEIGHT(I{0},Value)",
    "TRIM_AMOUNT(I{0},B{0},C{0},,,Value)",
    "TRIM_AMOUNT(AZ{0},B{0},C{0},,,Value)",
    "TRIM_AMOUNT(I{0}*2,BB{1},C{0},,,Value)",
    "WEIGHT(BD{2},$J$1)",
    "WEIGHT(SUM(BA$1:BA{0}),$J$1)",
    "WEIGHT(BG{0},$J$1)",
    'WEIGHT(INDIRECT("A"&{0}),$J$1)',
    "WEIGHT(L{0},$J$1)",
)


def write_inputs(sheet: Any, chance: random.Random) -> None:
    """Fill the columns of inputs."""
    odd: list[Callable[[int], Any]] = [
        lambda row: sheet.write_string(row, 6, "text"),
        lambda row: sheet.write_string(row, 6, "long"),
        lambda row: sheet.write_boolean(row, 6, True),
        lambda row: sheet.write_formula(row, 6, "=1/0", None, "#DIV/0!"),
        lambda row: sheet.write_formula(row, 6, f"=A{row + 1}*1.5", None, 1),
        lambda row: sheet.write_number(row, 6, -3.25),
        lambda row: sheet.write_number(row, 6, 0.1),
        lambda row: None,
    ]
    for row in range(ROWS):
        sheet.write_row(row, 0, [chance.choice([0.0, 100.0, 1234.5678, 98765.4321]), chance.choice([0, 0.1, 0.2])])
        sheet.write_row(row, 2, [0.05, chance.uniform(1, 1e5), chance.choice([1, 3, 10, 125, 0.5])])
        sheet.write(row, 5, chance.choice(["long", "short", "Long ", "sideways", "weekly"]))
        chance.choice(odd)(row)
        sheet.write_formula(row, 7, f"=A{row + 1}*2", None, 0)
        sheet.write_formula(row, 8, f"=A{row + 1}*D{row + 1}+Other!B{row + 1}", None, 0)
        if row % 7:
            sheet.write_formula(row, 11, f'=IF(A{row + 1}=0,"",Q{row + 1})', None, 0)
    sheet.write("J1", 5e5)
    for row, tier in enumerate([("MaxNotional", 50000, 0.004, 0), (1, 200000, 0.005, 50), (2, 1e9, 0.01, 1050)]):
        sheet.write_row(row, 12, tier)


def write_book(path: Path, formulas: tuple[str, ...], seed: int) -> Path:
    """Write a book with every formula filled down in a column of its own, from column U on; K holds one of them too."""
    chance = random.Random(seed)

    def build(book: Any, sheet: Any) -> None:
        write_inputs(sheet, chance)
        other = book.add_worksheet("Other")
        other.write_column(0, 0, [10.0 + row for row in range(ROWS)])
        book.define_name("Total", "=Sheet1!$J$1")
        book.define_name("Value", "=Sheet1!$J$2")
        sheet.write_formula("J2", "=SUM(I1:I60)", None, 0)
        for row in range(ROWS):
            places = (row + 1, max(row, 1), row + 2)
            sheet.write_formula(row, 10, f"=TRIM_AMOUNT(A{row + 1},0.1,0.01,,,1000)", None, 7)
            for column, formula in enumerate(formulas):
                sheet.write_formula(row, 20 + column, "=" + formula.format(*places), None, 7)

    return make(path, build)


def outcome(path: Path, output: Path) -> list[Any]:
    """Return what every formula cell became."""
    report = recalculate(path, output)
    return sorted(
        (line.cell, line.formula, str(line.new), type(line.new).__name__, line.status, line.cause)
        for line in report.changed
    )


def without_early(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the engine make every call."""
    monkeypatch.setattr(passes, "compute_arrays_early", lambda _: None)
    monkeypatch.setattr(passes, "compute_early", lambda _, filled: [column.render() for column in filled])


@pytest.mark.parametrize("seed", range(3))
def test_early_columns_give_what_single_calls_give(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Values to the last bit, errors and their reasons are those of one call at a time, and so are the bytes."""
    book = write_book(tmp_path / "b.xlsx", FORMULAS, seed)
    at_once = outcome(book, tmp_path / "at-once.xlsx")
    without_early(monkeypatch)
    assert outcome(book, tmp_path / "one-by-one.xlsx") == at_once
    assert (tmp_path / "one-by-one.xlsx").read_bytes() == (tmp_path / "at-once.xlsx").read_bytes()


@pytest.mark.parametrize("formula", FORMULAS[:12])
def test_columns_with_known_arguments_do_not_reach_the_engine(
    formula: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What needs nothing from the engine is computed before it, and the report does not tell the difference."""
    rendered: list[int] = []
    monkeypatch.setattr(
        "rebalance_xl.recalc.formulas.filled_down.FilledColumn.render", lambda self: rendered.append(self.column)
    )
    recalculate(write_book(tmp_path / "b.xlsx", (formula,), 1), tmp_path / "out.xlsx")
    assert 20 not in rendered


def test_cells_that_an_array_fills_are_not_known_beforehand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A column that reads spilled cells, even such as are blank in the file, waits for the array."""

    def build(_: Any, sheet: Any) -> None:
        sheet.write("A1", 20)
        sheet.write_dynamic_array_formula("C1", "=SEQUENCE(A1)", None, 0)
        for row in range(1, 21):
            sheet.write_formula(f"E{row}", f"=WEIGHT(C{row},100)", None, 0)

    book = make(tmp_path / "b.xlsx", build)
    at_once = outcome(book, tmp_path / "a.xlsx")
    assert ("E20", "=WEIGHT(C20,100)", "0.2", "float", "changed", "") in at_once
    without_early(monkeypatch)
    assert outcome(book, tmp_path / "b2.xlsx") == at_once


@pytest.mark.parametrize(
    "formula",
    [
        "=TRIM_AMOUNT(A1:A30,B1:B30,0.05)",
        "=DRIFT_FLAG(A1:A30,B1:B30,C1:C30)",
        "=WEIGHT(A1:A30,0)",
        "=WEIGHT(A1:A30,B1:B29)",
        "=DEPLOY(1000,A1:A30)",
    ],
)
def test_arrays_computed_without_the_engine(formula: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A book whose formulas are arrays over constants gets the bytes and the report that the engine would give."""

    def build(_: Any, sheet: Any) -> None:
        for row in range(30):
            sheet.write_row(row, 0, [100.0 + row, 0.03, 0.01])
        sheet.write_dynamic_array_formula("E1", formula, None, 0)
        sheet.write_dynamic_array_formula("G1", "=WEIGHT(A1:A3,400)", None, 0)
        sheet.write("G3", "in the way")

    book = make(tmp_path / "b.xlsx", build)
    at_once = outcome(book, tmp_path / "a.xlsx")
    without_early(monkeypatch)
    assert [line[:5] for line in outcome(book, tmp_path / "o.xlsx")] == [line[:5] for line in at_once]
    assert (tmp_path / "o.xlsx").read_bytes() == (tmp_path / "a.xlsx").read_bytes()
    assert any(line[4] == "kept" and line[0] == "G1" and line[5] == "spill-blocked" for line in at_once)


def test_known_cells_follow_kept_values(tmp_path: Path) -> None:
    """A formula that nobody can compute counts with its cached value, as the engine counts it."""

    def build(_: Any, sheet: Any) -> None:
        for row in range(1, 11):
            sheet.write_formula(f"A{row}", f"=NO_SUCH_FUNCTION({row})", None, 50)
            sheet.write_formula(f"B{row}", f"=WEIGHT(A{row},100)", None, 0)

    report = recalculate(make(tmp_path / "b.xlsx", build))
    assert {line.new for line in report.changed if line.cell.startswith("B")} == {0.5}
    assert report.unknown_functions == ["NO_SUCH_FUNCTION"]


def test_a_filled_text_says_what_changes() -> None:
    """Relative references move with the row, others and everything else must be the same."""
    fill = Fill.between("A2*$B$1+'Q1'!C1", 2, "A9*$B$1+'Q1'!C8", 9)
    assert fill is not None
    assert fill.texts([2, 5]) == ["A2*$B$1+'Q1'!C1", "A5*$B$1+'Q1'!C4"]
    assert Fill.between("A2*2", 2, "A9*3", 9) is None
    assert Fill.between("A2", 2, "B9", 9) is None
    assert Fill.between("A2", 2, "A8", 9) is None
    assert Fill.between("A$2", 2, "A$9", 9) is None
