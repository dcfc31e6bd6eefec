"""Rows with one label are one asset: the trailing arguments `assets` and `locked` of the allocation functions."""

from __future__ import annotations

from typing import Any

import pytest

from rebalance_xl.cells import CellError
from rebalance_xl.functions import FUNCTIONS

VALUES = [[30_000.0], [30_000.0], [30_000.0]]
TARGETS = [[0.5], [None], [0.5]]
ASSETS = [["BTC"], ["btc"], ["ETH"]]


#: What comes between the bands and the labels.
MIDDLE = (0.05, "target", "absolute", 90_000.0, ASSETS)
SHARES = ([None, None, None], [None, "yes", None], ["x", True, ""])
SOLD = ([7_500.0, 7_500.0], [15_000.0, 0.0], [0.0, 0.0])
THREE = (VALUES, [[0.2], [0.3], [0.5]], 0.01)


def call(name: str, *arguments: Any) -> list[Any]:
    """Return the cells of a column."""
    return [row[0] for row in FUNCTIONS[name].call(*arguments)]


def test_weight_drift_and_flag_are_the_assets_on_each_of_its_rows() -> None:
    """Two rows of BTC weigh two thirds together; only one of them states the target."""
    assert call("WEIGHT", VALUES, 90_000.0, ASSETS) == pytest.approx([2 / 3, 2 / 3, 1 / 3])
    assert call("DRIFT", VALUES, TARGETS, "absolute", 90_000.0, ASSETS) == pytest.approx([1 / 6, 1 / 6, -1 / 6])
    assert call("DRIFT_FLAG", VALUES, TARGETS, 0.05, "absolute", 90_000.0, ASSETS) == ["TRIM", "TRIM", "ADD"]
    reasons = call("REBALANCE_REASON", VALUES, TARGETS, 0.05, "target", "absolute", 90_000.0, ASSETS)
    assert all("66.67 %" in reason for reason in reasons[:2])


@pytest.mark.parametrize("locked, sold", list(zip(SHARES, SOLD, strict=True)))
def test_amounts_are_shared_by_what_is_unlocked(locked: list[Any], sold: list[float]) -> None:
    """15,000 are sold from the rows that may be; nothing where all of them are locked."""
    locks = [[one] for one in locked]
    assert call("TRIM_AMOUNT", VALUES, TARGETS, *MIDDLE, locks) == pytest.approx([*sold, 0.0])
    traded = call("TRADE_AMOUNT", VALUES, TARGETS, *MIDDLE, locks)
    assert traded == pytest.approx([-sold[0], -sold[1], 15_000.0])


def test_no_more_is_sold_than_is_unlocked() -> None:
    """The free row holds 6,000 of the 15,000 that the rule would sell."""
    values = [[6_000.0], [54_000.0], [30_000.0]]
    found = call("TRIM_AMOUNT", values, TARGETS, *MIDDLE, [[None], ["yes"], [None]])
    assert found == pytest.approx([6_000.0, 0.0, 0.0])


def test_locked_units_are_no_amount_of_money() -> None:
    """How much 3 units are only the plan knows: #N/A with the reason, never a guess."""
    found = call("TRIM_AMOUNT", VALUES, TARGETS, *MIDDLE, [[3.0], [None], [None]])
    assert isinstance(found[0], CellError)
    assert found[0].code == "#N/A"
    assert found[2] == 0.0


def test_without_labels_everything_is_as_before() -> None:
    """Omitted, distinct or blank labels leave each row for itself."""
    before = call("TRIM_AMOUNT", *THREE)
    for labels in ([["a"], ["b"], ["c"]], [[""], [None], [""]]):
        assert call("TRIM_AMOUNT", *THREE, "target", "absolute", 90_000.0, labels) == before
    assert FUNCTIONS["WEIGHT"].call(VALUES, 90_000.0, [["a"], ["b"]]).code == "#VALUE!"


def test_a_plan_of_rows_of_one_asset_is_the_assets() -> None:
    """REBALANCE_PLAN sums the rows of one label; different targets are refused."""
    table = FUNCTIONS["REBALANCE_PLAN"].call(ASSETS, VALUES, TARGETS, 0.05)
    assert [row[:3] for row in table[1:]] == [["BTC", "SELL", 15_000.0], ["ETH", "BUY", 15_000.0]]
    assert FUNCTIONS["REBALANCE_PLAN"].call(ASSETS, VALUES, [[0.5], [0.4], [0.1]], 0.05).code == "#VALUE!"
