"""The plain way of computing, one formula after the other, and that the fast ways give the same bytes."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from rebalance_xl.recalc.evaluation import ready
from rebalance_xl.recalc.files.refusals import Refused
from rebalance_xl.recalc.formulas.filled_down import FilledColumn
from rebalance_xl.recalc.workbook import recalculate
from tests.recalc.books import make, values
from tests.recalc.test_truth import shared_column

AS_OF = dt.date(2026, 1, 15)
FIXTURES = sorted((Path(__file__).parents[1] / "fixtures").glob("*.xlsx"))


def mixed(path: Path) -> Path:
    """Write a book with filled-down calls, arrays, totals, names, texts and errors."""

    def build(book: Any, sheet: Any) -> None:
        book.define_name("total", "=SUM(Sheet1!$A$2:$A$200)")
        for row in range(2, 201):
            sheet.write_row(row - 1, 0, [100.0 + row * 0.1, 0.02 + row * 1e-4])
            sheet.write_formula(f"C{row}", f"=WEIGHT(A{row},total)", None, 0)
            sheet.write_formula(f"D{row}", f"=WEIGHT(A{row},1000)", None, 0)
            sheet.write_formula(f"E{row}", f'=IF(A{row}>110,A{row}-0.1-100,"low "&B{row})', None, 0)
            sheet.write_formula(f"F{row}", f"=E{row}*1", None, 0)
        sheet.write_dynamic_array_formula("H2", "=SORT(A2:A20,1,-1)", None, 0)
        sheet.write_formula("J2", "=SUMPRODUCT((A2:A200>105)*B2:B200)", None, 0)
        sheet.write_formula("J3", "=SUM(H2:H20)-SUM(A2:A20)", None, 1)

    return make(path, build)


@pytest.mark.parametrize("source", [None, *FIXTURES], ids=lambda each: each.name if each else "mixed")
def test_both_ways_give_the_same_bytes(tmp_path: Path, source: Path | None) -> None:
    """Every fixture of the project comes out of both ways alike, byte for byte."""
    book = source if source is not None else mixed(tmp_path / "mixed.xlsx")
    recalculate(book, tmp_path / "plain.xlsx", as_of=AS_OF, plain=True)
    recalculate(book, tmp_path / "fast.xlsx", as_of=AS_OF)
    assert (tmp_path / "plain.xlsx").read_bytes() == (tmp_path / "fast.xlsx").read_bytes()


def test_the_plain_way_is_right_by_itself(tmp_path: Path) -> None:
    """Shared formulas come out right without any of the short cuts."""
    path = shared_column(tmp_path / "b.xlsx", 120, 'IF(B2="","",A1-B2)')
    recalculate(path, plain=True)
    assert values(path)["A120"] == 5000 - sum(range(2, 121))


@pytest.mark.parametrize("argument", ["A{0}" + "%" * 250, "--A{0}*2/4%", "+".join(["A{0}"] * 3000)])
def test_arguments_of_any_length_are_computed_alike(tmp_path: Path, argument: str) -> None:
    """Arithmetic in the arguments of a column of calls is the same in both ways, however much of it there is."""

    def build(_: Any, sheet: Any) -> None:
        for row in range(1, 13):
            sheet.write(f"A{row}", 2.0 * row)
            sheet.write_formula(f"C{row}", f"=WEIGHT({argument.format(row)},100)", None, 7)

    recalculate(make(tmp_path / "b.xlsx", build), verify=True)


def test_verify_accepts_a_book_that_both_ways_agree_on(tmp_path: Path) -> None:
    """A book is written as without it, and a second run finds nothing to do."""
    path = mixed(tmp_path / "b.xlsx")
    assert recalculate(path, as_of=AS_OF, verify=True).stale
    assert not recalculate(path, as_of=AS_OF, verify=True, check=True).stale


@pytest.mark.parametrize("check", [False, True])
def test_verify_refuses_any_difference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, check: bool) -> None:
    """A short cut that gives another value is a failure that names the cell, and the file stays as it is."""
    path = mixed(tmp_path / "b.xlsx")
    before = path.read_bytes()
    compute = ready._compute_column

    def wrong(known: Any, column: FilledColumn) -> bool:
        done = compute(known, column)
        if done and isinstance(column.of.values[column.places[0]], float):
            column.of.values[column.places[0]] += 1.0
        return done

    monkeypatch.setattr(ready, "_compute_column", wrong)
    with pytest.raises(Refused, match=r"the fast and the plain way of computing differ: Sheet1!\w+ gives"):
        recalculate(path, as_of=AS_OF, verify=True, check=check)
    assert path.read_bytes() == before
