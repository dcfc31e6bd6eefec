"""LAMBDA and the functions that call one, in workbooks as Excel writes them."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.formula import ArrayFormula

from rebalance_xl.recalc.evaluation.calls import Calls
from rebalance_xl.recalc.formulas.lambdas import Scratch
from rebalance_xl.recalc.workbook import recalculate
from tests.recalc.books import make, values

#: Formulas over A1:B3 = 1, 10 | 2, 20 | 3, 30, written as in files, after the names of their functions' prefixes.
CASES = [
    ("SUM(F.MAP(A1:A3,F.LAMBDA(P.a,P.a*2)))", 12),
    ("SUM(F.MAP(A1:A3,B1:B3,F.LAMBDA(P.a,P.b,F.LET(P.y,P.a+1,P.y*P.b))))", 200),
    ('F.CONCAT(F.MAP(A1:A3,F.LAMBDA(P.a,IF(P.a>1,"x""y","z"))))', 'zx"yx"y'),
    ("SUM(F.MAP(A1:A3,F.LAMBDA(P.a,SUM(F.MAP(B1:B2,F.LAMBDA(P.b,P.a*P.b*A1))))))", 180),
    ("SUM(F.MAP(A1:A3,F.LAMBDA(P.a,MROUND(P.a,2))))", 8),
    ("IFERROR(F.MAP(A1,F.LAMBDA(P.a,A1:B1)),ERROR.TYPE(F.MAP(A1,F.LAMBDA(P.a,A1:B1))))", 14),
    ("F.REDUCE(0,A1:A3,F.LAMBDA(P.a,P.b,P.a+P.b^2))", 14),
    ("ROWS(F.REDUCE(A1:B1,A2:A3,F.LAMBDA(P.a,P.v,F.VSTACK(P.a,P.v))))", 3),
    ("SUM(F.SCAN(1,A1:A3,F.LAMBDA(P.a,P.b,P.a*P.b)))", 9),
    ("SUM(F.BYROW(A1:B3,F.LAMBDA(P.r,MAX(P.r))))", 60),
    ("SUM(F.BYROW(A1:B3,_xleta.SUM))", 66),
    ("SUM(F.BYCOL(A1:B3,F.LAMBDA(P.c,SUM(P.c)*B1)))", 660),
    ("SUM(F.MAKEARRAY(2,3,F.LAMBDA(P.r,P.c,P.r*P.c)))", 18),
    ("F.LAMBDA(P.x,P.x*2)(4)", 8),
    ("F.LET(P.x,1,P.y,2,F.LAMBDA(P.x,P.y,P.x-P.y)(P.y,P.x))", 1),
    ("F.LET(P.x,A1:A3,SUM(LEN(P.x)))", 3),
    ("F.LET(P.k,10,SUM(F.MAP(A1:A3,F.LAMBDA(P.a,P.a*P.k))))", 60),
    ("Double(4)", 8),
    ("SUM(Double(A1:A3))", 12),
    ("SUM(F.MAP(A1:A3,F.LAMBDA(P.x,P.x+SUM(B:B))))", 186),
    ("SUM(F.MAP(A1:A3,F.LAMBDA(P.x,INDEX(B:B,P.x))))", 60),
    ("SUM(F.MAP(A1:A3,F.LAMBDA(P.x,Shifted(P.x))))", 42),
    ("SUM(F.MAP(A1:A2,F.LAMBDA(P.x,SUM(F.MAP(A1:A3,F.LAMBDA(P.y,F.LET(P.z,P.y+1,Shifted(P.z)+P.x)))))))", 105),
]


def as_in_files(formula: str) -> str:
    """Return a formula with the prefixes that files carry."""
    return "=" + formula.replace("ERROR.TYPE", "ERROR_TYPE").replace("F.", "_xlfn.").replace("P.", "_xlpm.").replace(
        "ERROR_TYPE", "ERROR.TYPE"
    )


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> list[object]:
    """Return the values of all cases in one recalculated workbook."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for line in ([1, 10], [2, 20], [3, 30]):
        sheet.append(line)
    for number, (formula, _) in enumerate(CASES, 1):
        sheet.cell(number, 8).value = ArrayFormula(f"H{number}", as_in_files(formula))
    shifted = "_xlfn.LAMBDA(_xlpm.x,_xlpm.x*2+Sheet!$B$1)"
    book.defined_names["Shifted"] = DefinedName("Shifted", attr_text=shifted)
    book.defined_names["Double"] = DefinedName("Double", attr_text="_xlfn.LAMBDA(_xlpm.x,_xlpm.x*2)")
    path: Path = tmp_path_factory.mktemp("lambdas") / "book.xlsx"
    book.save(path)
    recalculate(path)
    values = openpyxl.load_workbook(path, data_only=True).active
    assert values is not None
    return [values.cell(number, 8).value for number in range(1, len(CASES) + 1)]


@pytest.mark.parametrize("number", range(len(CASES)), ids=[formula for formula, _ in CASES])
def test_a_lambda_is_computed(answers: list[object], number: int) -> None:
    """The formula has the value that Excel gives it."""
    assert answers[number] == CASES[number][1]


def _held() -> int:
    """Return how many workbooks of the engine Python still refers to."""
    gc.collect()
    return sum(isinstance(each, Calls | Scratch) for each in gc.get_objects())


def test_the_workbooks_of_lambdas_are_freed(tmp_path: Path) -> None:
    """What a LAMBDA is computed in is gone after the recalculation; a batch would grow by all of it."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet["A1"] = ArrayFormula("A1:A5", as_in_files("F.MAP(F.SEQUENCE(5),F.LAMBDA(P.x,MROUND(P.x,2)))"))
    sheet["B1"] = as_in_files("F.REDUCE(0,F.SEQUENCE(5),F.LAMBDA(P.a,P.x,P.a+MROUND(P.x,2)))")
    path = tmp_path / "book.xlsx"
    book.save(path)
    before = _held()
    recalculate(path)
    assert _held() == before
    values = openpyxl.load_workbook(path, data_only=True).active
    assert values is not None
    assert values["B1"].value == 18


@pytest.mark.parametrize(
    "formula",
    [
        "SUM(IFERROR(F.MAP(A1:A2,F.LAMBDA(P.x,VALUE(P.x))),0))",
        "SUM(F.BYROW(A1:A2,F.LAMBDA(P.x,IFERROR(VALUE(P.x),1))))",
    ],
)
def test_what_nobody_can_know_in_a_lambda_keeps_the_cell(tmp_path: Path, formula: str) -> None:
    """A date that may be read in two ways inside a LAMBDA leaves the cell as it is, also where the error is caught."""

    def build(_: Any, sheet: Any) -> None:
        sheet.write_column("A1", ["03/04/2020", "5"])
        sheet.write_array_formula("C1", as_in_files(formula), None, 7)

    path = make(tmp_path / "book.xlsx", build)
    assert recalculate(path).kept == 1
    assert values(path)["C1"] == 7


@pytest.mark.parametrize(
    ("one", "other"), [("1", "TRUE"), ("1", '"1"'), ("0", '""'), ('"a"', '"A"'), ("1", "NA()"), ("NA()", "1/0")]
)
def test_calls_of_lambdas_are_told_apart(tmp_path: Path, one: str, other: str) -> None:
    """A LAMBDA is asked anew for TRUE instead of 1, a text that reads like a number, another error or letter."""
    body = 'IFERROR(CODE(P.x&"!"),0)&IFERROR(ERROR.TYPE(P.x),TYPE(P.x))'

    def build(_: Any, sheet: Any) -> None:
        for column, each in enumerate((one, other, one)):
            name = "ABC"[column]
            sheet.write_formula(0, column, f"={each}")
            sheet.write_formula(1, column, as_in_files(body.replace("P.x", f"{name}1")))
            sheet.write_array_formula(2, column, 2, column, as_in_files(f"F.MAP({name}1,F.LAMBDA(P.x,{body}))"))

    path = make(tmp_path / "book.xlsx", build)
    recalculate(path)
    found = values(path)
    assert found["A2"] == found["C2"] != found["B2"]
    assert [found[f"{name}3"] for name in "ABC"] == [found[f"{name}2"] for name in "ABC"]
