"""SUMPRODUCT of what is no number, ranges that go up from their start, and several places at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.recalc.test_kinds_of_formulas import check, recalculated

#: A1:A3 is 1, 2, 3; B1:B3 the text 5, x and blank; C1:C3 TRUE, FALSE, TRUE; D1 is -2, E1:E3 is 10, 20, 30.
ROWS: list[list[Any]] = [[1, "5", True, -2, 10], [2, "x", False, None, 20], [3, None, True, None, 30]]
PRODUCTS: list[tuple[str, Any]] = [
    ("SUMPRODUCT(A1:A3,B1:B3)", 0),
    ("SUMPRODUCT(B1:B3)", 0),
    ("SUMPRODUCT(B1,A1)", 0),
    ("SUMPRODUCT(A1:A3,C1:C3)", 0),
    ("SUMPRODUCT(A1:A3>1,A1:A3)", 0),
    ("SUMPRODUCT((A1:A3>1),A1:A3)", 0),
    ("SUMPRODUCT(ISNUMBER(A1:A3),A1:A3)", 0),
    ('SUMPRODUCT({1,2},{"5",1})', 2),
    ("SUMPRODUCT({1,2},{TRUE,1})", 2),
    ("SUMPRODUCT(--(A1:A3>1),A1:A3)", 5),
    ("SUMPRODUCT((A1:A3>1)*A1:A3)", 5),
    ("SUMPRODUCT(C1:C3*1)", 2),
    ("SUMPRODUCT(A1:A3,E1:E3)", 140),
    ("SUMPRODUCT(A1:A3,OFFSET(B1,0,0,3))", 0),
    ('SUMPRODUCT(INDIRECT("A1:A3"),INDIRECT("C1:C3"))', 0),
    ("SUMPRODUCT(IF(A1=1,B1:B3))", 0),
    ("SUMPRODUCT(B1:INDEX(B:B,3),INDEX(A1:B3,0,1))", 0),
    ("SUMPRODUCT(B1:B1*1,A1:A1)", 5),
    ("SUMPRODUCT(1/0,2)", "#DIV/0!"),
]
UPWARDS: list[tuple[str, Any]] = [
    ("SUM(OFFSET(E3,0,0,-3,1))", 60),
    ("SUM(OFFSET(E3,0,0,-2))", 50),
    ("SUM(OFFSET(E3,,,-2))", 50),
    ("SUM(OFFSET(E3,-1,0,-2,-1))", 30),
    ("SUM(OFFSET(E3,0,-4,-3))", 6),
    ("SUM(OFFSET(E1,0,0,1,-5))", 9),
    ("SUM(OFFSET(E3,0,0,-A2,1))", 50),
    ("SUM(OFFSET(E3,0,0,D1,1))", 50),
    ("AVERAGE(OFFSET(E3,0,0,-(1+1),1))", 25),
    ("SUM(OFFSET(E3,0,0,-4,1))", "#REF!"),
    ("ROWS(OFFSET(E3,0,0,-3,1))", 3),
]


@pytest.mark.parametrize("cases", [PRODUCTS, UPWARDS], ids=["products", "upwards"])
def test_what_is_counted(tmp_path: Path, cases: list[tuple[str, Any]]) -> None:
    """Texts and truth values count as 0 in SUMPRODUCT; a negative height or width goes up or to the left."""
    check(tmp_path / "b.xlsx", cases, ROWS)


def test_several_places_at_once_are_kept(tmp_path: Path) -> None:
    """What would be an array of references keeps its value, because the engine would take the first of them."""
    formulas = [
        "SUMPRODUCT(SUBTOTAL(3,OFFSET(A1,ROW(A1:A3)-1,0)))",
        'SUMPRODUCT(SUMIF(OFFSET(A1,ROW(A1:A3)-1,0),">1"))',
        "SUM(N(OFFSET(A1,{0,1,2},0)))",
        'SUMPRODUCT(SUMIF(INDIRECT("A"&{1,2}),">0"))',
        'SUMPRODUCT(SUMIF(INDIRECT("A"&A1:A3),">0"))',
        "SUM(INDEX(A1:A3,N(IF(1,{1,3}))))",
        'CODE("Ω")',
    ]
    assert recalculated(tmp_path / "b.xlsx", formulas, ROWS) == ["kept"] * len(formulas)
    singles = ["SUM(OFFSET(A1,MATCH(2,A1:A3,0),0))", "SUM(INDEX(A1:A3,{1,3}))", 'CODE("€")', 'SUM(INDIRECT("A"&A2))']
    assert recalculated(tmp_path / "c.xlsx", singles, ROWS) == [3, 4, 128, 2]
