"""The walk in which the plan itself decides: known answers, and the kernel beside it."""

from __future__ import annotations

from typing import Any

import pytest

from rebalance_xl.cells import from_serial
from rebalance_xl.review.general import run_any
from rebalance_xl.review.kernel import run_simple
from rebalance_xl.review.simple import beyond_the_kernel

from . import cases
from .full_cases import whole

KNOWN = cases.known()["cases"]


@pytest.mark.skipif(not KNOWN, reason="the file of known answers is not at hand")
@pytest.mark.parametrize("case", KNOWN, ids=lambda case: case["id"])
def test_known_cases(case: dict[str, Any]) -> None:
    """Quantities, money, futures, trades, measures and the day of every execution agree to 1e-9."""
    book, history = whole(case)
    assert not [problem for problem in book.problems if problem.severity == "error"]
    run = run_any(book, history)
    wanted = case["expected"]
    held = {holding.asset: holding.quantity for holding in run.final.holdings}
    for asset, quantity in wanted["quantities"].items():
        assert held[asset] == pytest.approx(quantity, rel=1e-9, abs=1e-9), asset
    found = run.measures(365.0)
    for name, value in wanted.items():
        if name in ("fees", "funding", "gain", "margin_lost", "turnover", "out_of_band", "distance", "value"):
            assert found[name] == pytest.approx(value, rel=1e-9, abs=1e-9), name
    money = {"sold": run.sold, "bought": run.bought, "margin": run.margin}
    assert money == pytest.approx({name: wanted[name] for name in money}, rel=1e-9, abs=1e-9)
    assert (run.lines, len(run.executions)) == (wanted["trades"], wanted["executions"])
    assert len(run.liquidations) == wanted["liquidations"]
    executed = [[str(from_serial(day).date()), trigger, lines] for day, trigger, lines in run.executions]
    assert executed == wanted["execution_days"]
    for name, value in wanted["measures"].items():
        if value is None:
            assert found[name] is None
        else:
            assert found[name] == pytest.approx(value, rel=1e-9, abs=1e-9), name
    if "perp" in wanted:
        position = run.final.positions[0]
        perp = {"Quantity": position.quantity, "EntryPrice": position.entry, "Margin": position.margin}
        assert perp == pytest.approx(wanted["perp"], rel=1e-9, abs=1e-9)


@pytest.mark.skipif(not KNOWN, reason="the file of known answers is not at hand")
@pytest.mark.parametrize("case", [case for case in KNOWN if case["id"] in ("G01", "G03", "G04", "G05", "G06")])
def test_the_kernel_is_the_plan(case: dict[str, Any]) -> None:
    """A simple book comes to the same through the kernel and through the plan."""
    book, history = whole(case)
    assert beyond_the_kernel(book) == ""
    by_plan, by_kernel = run_any(book, history), run_simple(book, history)
    assert by_kernel.curve == pytest.approx(by_plan.curve, rel=1e-11)
    assert by_kernel.executions == by_plan.executions
    assert by_kernel.gain == pytest.approx(by_plan.gain, rel=1e-9, abs=1e-9)
    assert by_kernel.out_of_band == by_plan.out_of_band
