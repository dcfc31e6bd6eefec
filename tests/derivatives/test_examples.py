"""Help: every function here is explained, and what its examples and docstrings show is what comes out."""

from __future__ import annotations

import doctest
import importlib

import pytest

from rebalance_xl.catalogue import Example, Function
from rebalance_xl.functions import FUNCTIONS

OURS = [each for each in FUNCTIONS.values() if each.category in ("Margin and liquidation", "Carry")]

CONTRACT = """
INITIAL_MARGIN(notional, leverage)
MARGIN_NOTIONAL(margin, leverage)
MAX_LEVERAGE(notional, tiers)
MAINTENANCE_MARGIN(notional, tiers)
LIQUIDATION_PRICE(side, quantity, entry_price, leverage, tiers, [contract], [venue], [extra_margin], [taker_fee])
CROSS_LIQUIDATION_PRICE(side, quantity, entry_price, wallet_balance, tiers, [other_maintenance], [other_pnl], \
[contract], [venue], [taker_fee])
HEDGED_LIQUIDATION_PRICE(long_quantity, long_entry, short_quantity, short_entry, wallet_balance, tiers, \
[other_maintenance], [other_pnl], [contract])
LIQUIDATION_DISTANCE(liquidation_price, mark_price)
BANKRUPTCY_PRICE(side, entry_price, leverage, [contract])
FUTURES_PNL(side, quantity, entry_price, exit_price, [contract])
RETURN_ON_MARGIN(side, entry_price, exit_price, leverage, [contract])
BREAKEVEN_PRICE(side, entry_price, open_fee, close_fee, [contract])
AVERAGE_ENTRY(quantities, prices, [contract])
FUNDING_PAYMENT(side, notional, rate)
FUNDING_COST(side, notional, rate, days, [interval_hours])
FUNDING_APR(rate, [interval_hours], [compound])
BASIS(spot_price, futures_price)
BASIS_RATE(spot_price, futures_price)
ANNUALIZED_BASIS(spot_price, futures_price, days, [compound])
CALENDAR_SPREAD(near_price, far_price, near_days, far_days)
BASIS_ZSCORE(current, history)
SPREAD_SIGNAL(current, history, [threshold])
"""


def test_names_and_argument_order_are_the_contract() -> None:
    """Formulas in users' books depend on names, order and what is optional."""
    assert {each.signature for each in OURS} == set(CONTRACT.strip().splitlines())


@pytest.mark.parametrize("function", OURS, ids=lambda function: function.name)
def test_function_is_explained(function: Function) -> None:
    """Summary, equation, source, help for each argument and a worked example are there, within Excel's limits."""
    assert 0 < len(function.summary) <= 255
    assert function.equation
    assert function.source
    assert function.examples
    assert all(0 < len(parameter.help) <= 255 for parameter in function.parameters), [
        (parameter.name, len(parameter.help)) for parameter in function.parameters
    ]


@pytest.mark.parametrize(
    ("function", "example"),
    [pytest.param(each, example, id=example.formula) for each in OURS for example in each.examples],
)
def test_example(function: Function, example: Example) -> None:
    """A worked example gives what the help says."""
    actual, expected = function.call(*example.arguments), example.result
    if isinstance(expected, float):
        assert actual == pytest.approx(expected, rel=1e-12)
    else:
        assert actual == expected


@pytest.mark.parametrize("name", ["carry", "spreads", "contracts", "margin", "liquidation", "hedge_mode"])
def test_docstrings(name: str) -> None:
    """The examples in the docstrings hold."""
    results = doctest.testmod(importlib.import_module(f"rebalance_xl.functions.{name}"))
    assert results.attempted > 0
    assert results.failed == 0
