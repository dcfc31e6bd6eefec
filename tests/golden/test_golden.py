"""The golden table against the Python functions, and its freshness."""

from __future__ import annotations

import pytest

from rebalance_xl.cells import CellError
from rebalance_xl.functions import FUNCTIONS

from .golden import PATH, Case, differences, load
from .make_golden import DOCS, golden_text, inputs_page

CASES = load()


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


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_golden_case(case: Case) -> None:
    """The function answers as the table says."""
    answer = FUNCTIONS[case.function].call(*case.arguments)
    assert differences(answer, case.result) == []


@pytest.mark.parametrize("case", [case for case in CASES if case.kind != "example"], ids=lambda case: case.id)
def test_errors_carry_a_reason(case: Case) -> None:
    """An error that the function found itself says why; one that was handed in is handed on."""
    answer = FUNCTIONS[case.function].call(*case.arguments)
    cells = [cell for row in answer for cell in row] if isinstance(answer, list) else [answer]
    for cell in cells:
        if isinstance(cell, CellError) and case.rule != "error-value" and "#REF!" not in str(case.arguments):
            assert cell.reason, f"{cell} without a reason"
            assert not cell.reason.startswith("internal error")
