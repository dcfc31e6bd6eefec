"""Rows of single calls computed at once give what the calls give one at a time, to the last bit."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest

from rebalance_xl.arguments import Parameter
from rebalance_xl.cells import MISSING, NA, CellError
from rebalance_xl.column_calls import PerRow, call_rows, takes_columns
from rebalance_xl.functions import FUNCTIONS

SIZE = 400
COLUMNS = [function for function in FUNCTIONS.values() if takes_columns(function)]


def usual(parameter: Parameter, chance: random.Random) -> Any:
    """Return a value that the parameter allows."""
    if parameter.kind == "raw":
        return chance.choice(["binance:BTCUSDT", "binance", "bybit", 0.004, ""])
    if parameter.words and (not parameter.or_number or chance.random() < 0.5):
        return chance.choice(list(parameter.words))
    low = max(parameter.low, -1e4)
    high = min(parameter.high, 1e5)
    return chance.choice([chance.uniform(low, min(high, low + 3)), round(chance.uniform(low, high), 2)])


def odd(parameter: Parameter, chance: random.Random) -> Any:
    """Return a value that may not be allowed."""
    strange = [None, "", "text", True, NA, -1.0, 0.0, 1e300, -1e300, math.inf, 7, parameter.low, parameter.high]
    return usual(parameter, chance) if chance.random() < 0.7 else chance.choice(strange)


@pytest.mark.parametrize("pick", [usual, odd], ids=["usual", "odd"])
@pytest.mark.parametrize("function", COLUMNS, ids=lambda function: function.name)
def test_rows_at_once_are_the_single_calls(function: Any, pick: Any) -> None:
    """Every row has the value, the type and the reason of its own call, whichever arguments are columns."""
    chance = random.Random(function.name)
    declared = (*function.parameters, *function.context)
    for columns in range(len(declared) + 1):
        arguments: list[Any] = [
            PerRow([pick(each, chance) for _ in range(SIZE)]) if position <= columns else usual(each, chance)
            for position, each in enumerate(declared)
        ]
        arguments = [MISSING if chance.random() < 0.1 else each for each in arguments]
        found = call_rows(function, arguments, SIZE)
        for row in range(SIZE):
            single = function.call(*[each[row] if isinstance(each, PerRow) else each for each in arguments])
            assert type(found[row]) is type(single)
            assert found[row] == single
            if isinstance(single, CellError):
                assert found[row].reason == single.reason


def test_one_row_is_no_header() -> None:
    """A text in the first row is an error of that row only, and nothing is summed over the rows."""
    found = call_rows(
        FUNCTIONS["TRIM_AMOUNT"], [PerRow(["Value", 300.0]), PerRow([0.9, 0.9]), 0.05, MISSING, MISSING, 400.0], 2
    )
    assert isinstance(found[0], CellError)
    assert found[1] == 0.0


def test_too_many_arguments_are_refused_in_every_row() -> None:
    """The answer of a call with more arguments than declared stands in every row."""
    found = call_rows(FUNCTIONS["WEIGHT"], [PerRow([1.0, 2.0]), 3.0, 4.0, 5.0, 6.0], 2)
    assert [each.code for each in found] == ["#VALUE!", "#VALUE!"]


def test_most_functions_take_columns() -> None:
    """The functions that people fill down are among those that are computed at once."""
    names = {function.name for function in COLUMNS}
    assert {"WEIGHT", "DRIFT_FLAG", "TRIM_AMOUNT", "LIQUIDATION_PRICE", "FUNDING_COST", "HEDGE_NOTIONAL"} <= names
    assert "DEPLOY" not in names
