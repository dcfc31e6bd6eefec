"""The golden table against the Python functions, and its freshness."""

from __future__ import annotations

import pytest

from rebalance_xl.cells import CellError
from rebalance_xl.functions import FUNCTIONS

from .golden import PATH, Case, differences, load
from .make_golden import DOCS, golden_text, inputs_page

CASES = load()


def cases_of(name: str, *kinds: str) -> list[Case]:
    """Return the cases of a function."""
    return [case for case in CASES if case.function == name and (not kinds or case.kind in kinds)]


def test_golden_table_is_fresh() -> None:
    """The committed table is what the declarations, rules and edge cases make."""
    assert golden_text() == PATH.read_text(encoding="utf-8"), "run python tests/golden/make_golden.py"


def test_inputs_page_is_fresh() -> None:
    """docs/inputs.md is what the rules make."""
    assert inputs_page() == DOCS.read_text(encoding="utf-8"), "run python tests/golden/make_golden.py"


def test_every_function_is_in_the_table() -> None:
    """Every function has an example and rule cases."""
    kinds = {(case.function, case.kind) for case in CASES}
    assert {(name, kind) for name in FUNCTIONS for kind in ("example", "rule")} <= kinds


@pytest.mark.parametrize("name", FUNCTIONS)
def test_golden_cases(name: str) -> None:
    """The function answers as the table says, in every case."""
    wrong = {
        case.id: found
        for case in cases_of(name)
        if (found := differences(FUNCTIONS[name].call(*case.arguments), case.result))
    }
    assert wrong == {}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_errors_carry_a_reason(name: str) -> None:
    """An error that the function found itself says why; one that was handed in is handed on."""
    silent = []
    for case in cases_of(name, "rule", "edge"):
        if case.rule == "error-value" or "#REF!" in str(case.arguments):
            continue
        answer = FUNCTIONS[name].call(*case.arguments)
        cells = [cell for row in answer for cell in row] if isinstance(answer, list) else [answer]
        if any(isinstance(cell, CellError) and not cell.reason for cell in cells):
            silent.append(case.id)
    assert silent == []


def test_differences_are_found() -> None:
    """The comparison itself tells a wrong answer from a right one, by value, type, shape and error."""
    assert differences(1.0, 1.0 + 1e-12) == []
    assert differences(None, "") == []
    assert differences([[1.0]], 1.0) == []
    assert differences(1.0, True, flags_are_numbers=True) == []
    for actual, expected in [
        (1.0, 1.00001),
        (1.0, True),
        (True, 1.0),
        (0.0, ""),
        ("", 0.0),
        ("HOLD", "TRIM"),
        (CellError("#N/A"), CellError("#NUM!")),
        (CellError("#N/A"), ""),
        ("#N/A", CellError("#N/A")),
        ([[1.0], [2.0]], 1.0),
        ([[1.0, 2.0]], [[1.0], [2.0]]),
        ([[1.0], [2.0]], [[1.0], [3.0]]),
    ]:
        assert differences(actual, expected), f"{actual!r} passes for {expected!r}"
