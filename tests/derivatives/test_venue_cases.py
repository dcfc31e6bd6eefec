"""The formulas per venue, through the functions themselves."""

from __future__ import annotations

import pytest

from rebalance_xl import expressions
from rebalance_xl.functions import FUNCTIONS
from tests.derivatives.venue_cases import VENUE_CASES, Case


@pytest.mark.parametrize(
    "case",
    [pytest.param(case, id=f"{venue} {case.formula}") for venue, cases in VENUE_CASES.items() for case in cases],
)
def test_formula(case: Case) -> None:
    """A formula gives the published number, or the word or error of the cell."""
    call = expressions.parse(case.formula)
    assert isinstance(call, expressions.Call)
    actual = FUNCTIONS[call.name].call(*(expressions.evaluate(each) for each in call.arguments))
    if isinstance(case.expected, str):
        assert str(actual) == case.expected
    else:
        assert actual == pytest.approx(case.expected, rel=1e-12, abs=case.tolerance)


def test_every_venue_has_its_formulas() -> None:
    """Each venue's workbook has eight formulas or more."""
    assert all(len(cases) >= 8 for cases in VENUE_CASES.values())
