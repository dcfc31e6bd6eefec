"""FILTER in the body of a LAMBDA: rows that a parameter chooses are found once for all, as the engine finds each."""

from __future__ import annotations

import re
from typing import Any

import pytest

from rebalance_xl.cells import CellError
from rebalance_xl.recalc.evaluation.engine_values import Settings, to_engine
from rebalance_xl.recalc.formulas import lambdas

COLUMNS: dict[str, list[Any]] = {
    "numbers": [2.0, 0.0, 1.0, -0.0, 0.1 + 0.2, 1.0, 0.3, 1e15, 1e15 + 1],
    "texts": ["a", "b", "A", "1", "x ", "x", "a*", "TRUE", "#N/A"],
    "other letters": ["É", "é", "a", "\u212a", "k", "K", "ß", "ss", "a"],
    "blanks": [None, 1.0, 2.0, None, 0.0, 2.0, 1.0, 2.0, None],
    "mixed": [1.0, "1", "", None, True, "a", CellError("#N/A"), 1.0, "A"],
}
BODIES = [
    'TEXTJOIN("|",FALSE,FILTER(F0,F1=P0))',
    "ISBLANK(INDEX(FILTER(F0,F1=P0),1))",
    "COUNTA(FILTER(F2,INDEX(F2,,1)=P0))&SUM(FILTER(F0,F1=P0))",
    "ROWS(FILTER(INDEX(F2,,3),F1=P0))",
    "COUNT(FILTER(INDEX(F2,,2),INDEX(F2,,1)=P0))",
    "SUM(FILTER(INDEX(F2,1),F1=P0))",
]


def _answers(body: str, key: list[Any], other: list[Any], asked: list[Any]) -> tuple[Any, lambdas.Scratch]:
    scratch = lambdas.Scratch(_workbook(), 1, to_engine)
    free = [[[each] for each in other], [[each] for each in key], [list(row) for row in zip(key, other, strict=True)]]
    text = re.sub(r"([FP])(\d)", lambda found: lambdas.mark(found[1], 1, int(found[2])), body)
    return lambdas.call("MAP", text, scratch, free, [[[each] for each in asked]]), scratch


def _workbook() -> Any:
    workbook = Settings().new_workbook()
    workbook.sheet("S")
    return workbook


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("kind", COLUMNS)
@pytest.mark.parametrize("shown", ["numbers", "mixed"])
def test_the_rows_are_those_of_the_engine(monkeypatch: pytest.MonkeyPatch, body: str, kind: str, shown: str) -> None:
    """Every formula gives what the engine gives when it compares all rows with each parameter."""
    asked = [*COLUMNS[kind], *COLUMNS["mixed"], 99.0, "not there"]
    found, _ = _answers(body, COLUMNS[kind], COLUMNS[shown], asked)
    monkeypatch.setattr(lambdas, "_WITH", re.compile("(?!)"))
    expected, _ = _answers(body, COLUMNS[kind], COLUMNS[shown], asked)
    assert repr(expected) == repr(found)


@pytest.mark.parametrize(("kind", "once"), [("numbers", True), ("texts", True), ("other letters", False)])
def test_the_rows_are_looked_for_once(kind: str, once: bool) -> None:
    """Rows are put below each other for all parameters where none may be taken for another one."""
    _, scratch = _answers("SUM(FILTER(F0,F1=P0))", COLUMNS[kind], COLUMNS["numbers"], COLUMNS[kind])
    assert once == any(len(rows[0]) == 2 and rows[0][1] is True for rows in scratch.placed.values())


def test_nothing_is_looked_for_where_parameters_are_no_cells() -> None:
    """In REDUCE, whose parameters stand in the same cells again and again, the engine compares each."""
    scratch = lambdas.Scratch(_workbook(), 1, to_engine)
    marks = [lambdas.mark("F", 1, 0), lambdas.mark("P", 1, 0), lambdas.mark("P", 1, 1)]
    body = f"{marks[1]}+SUM(FILTER({marks[0]},{marks[0]}={marks[2]}))"
    assert lambdas.call("REDUCE", body, scratch, [[[1.0], [2.0], [2.0]]], [0.0, [[1.0], [2.0]]]) == 5.0
