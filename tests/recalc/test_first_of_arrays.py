"""Arrays where a function takes one value: an ordinary formula takes the first one, an array formula all of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.recalc.test_kinds_of_formulas import check

#: A1:A5 is 1 to 5, B1:B5 is 3, 5, 8, 10, 13 (a slope of 2.5, from 0.3), C1:C3 is b, a, b.
ROWS: list[list[Any]] = [[1, 3, "b"], [2, 5, "a"], [3, 8, "b"], [4, 10], [5, 13]]
#: A formula, its value, and as an array formula.
CASES: list[tuple[str, Any, Any]] = [
    ("ROUND(LINEST(B1:B5,A1:A5),2)", 2.5, 2.5),
    ("ROUND(INDEX(LINEST(B1:B5,A1:A5),2),2)", 0.3, 0.3),
    ("SUM(ABS(TREND(B1:B5,A1:A5)))", 2.8, 39.0),
    ("SUM(ROUND(FREQUENCY(A1:A5,A1:A2)/3,0))", 0, 1),
    ("SUM(--(FREQUENCY(A1:A5,A1:A2)>0))", 3, 3),
    ('IF(MMULT(A1:A2,B1)>1,"up","down")', "up", "up"),
    ("SUM(LEN(MMULT(A1:A2,{10})))", 2, 4),
    ('UPPER(TRANSPOSE(C1:C3))&"."', "#VALUE!", "B."),
    ("SUM(COUNTIF(A1:A5,TREND(A1:A5)))", 1, 5),
    ("SUM(LARGE(A1:A5,MMULT({1;2},{1})))", 5, 9),
    ('SUBSTITUTE(MMULT(A1:A2,B1),"3","x")', "x", "x"),
    ("ROUND(WEIGHT(A1:A5,15),2)", 0.07, 0.07),
    ("SUM(LEN({1,22,333}))", 6, 6),
    ("_xlfn.LET(_xlpm.x,_xlfn._xlws.FILTER(A1:A5,A1:A5>2)*10,SUM(LEN(_xlpm.x)))", 6, 6),
    ("_xlfn.LET(_xlpm.x,MMULT(A1:A2,B1),ROUND(SUM(_xlpm.x),0))", 9, 9),
]


@pytest.mark.parametrize("array", [False, True])
def test_one_value_of_an_array(tmp_path: Path, array: bool) -> None:
    """What a function gives as an array goes on as its first value where one is taken, never as a text of all."""
    check(tmp_path / "b.xlsx", [(formula, both[array]) for formula, *both in CASES], ROWS, array)
