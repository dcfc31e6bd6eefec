"""REBALANCE_PLAN by hand: books in any unit, and the lines that say what cannot be met."""

from __future__ import annotations

from typing import Any

import pytest

from rebalance_xl.functions import FUNCTIONS


def planned(values: list[float], targets: list[float]) -> list[list[Any]]:
    """Return asset, action and amount of the lines for assets A, B, ... with a band of 5 points."""
    names = [[name] for name in "ABC"[: len(values)]]
    table = FUNCTIONS["REBALANCE_PLAN"].call(names, [[v] for v in values], [[t] for t in targets], 0.05)
    return [line[:3] for line in table[1:]]


@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
def test_a_book_in_small_or_large_units_has_the_same_plan(unit: float) -> None:
    """Of 6 against 50 % of 10 one is sold and B buys it, in millionths of a bitcoin as in millions."""
    assert planned([6.0 * unit, 4.0 * unit], [0.5, 0.5]) == [
        ["A", "SELL", pytest.approx(1.0 * unit)],
        ["B", "BUY", pytest.approx(1.0 * unit)],
    ]
