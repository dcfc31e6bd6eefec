"""One function, one answer: alone, filled down, as an array, and on a machine without numpy."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rebalance_xl import calling
from rebalance_xl.catalogue import Function
from rebalance_xl.cells import MISSING
from rebalance_xl.functions import FUNCTIONS
from tests.golden.golden import differences

from . import strategies as own

PER_ROW = [each for each in FUNCTIONS.values() if each.result.shape == "data" and not each.takes_ranges_whole]


@st.composite
def filled_down(draw: st.DrawFn, function: Function) -> tuple[list[Any], int]:
    """Return arguments of which some are columns of one length, as a user fills a formula down."""
    size = draw(st.sampled_from([1, 2, 15, 16, 17]))
    arguments: list[Any] = []
    # Labels join rows into one asset, so a row alone says something else; tests/functions has tests for them.
    for parameter in function.plain.parameters:
        single = draw(own.optional(parameter))
        as_column = draw(st.booleans()) and single is not MISSING
        cells = [[draw(own.argument(parameter))] for _ in range(size)] if as_column else single
        arguments.append(cells)
    if not any(isinstance(each, list) for each in arguments):
        arguments[0] = [[draw(own.argument(function.parameters[0]))] for _ in range(size)]
    return arguments, size


def row_of(arguments: list[Any], row: int) -> list[Any]:
    """Return the scalars of one row."""
    return [each[row][0] if isinstance(each, list) else each for each in arguments]


def has_header(arguments: list[Any]) -> bool:
    """Tell whether the first cells may read as a header."""
    return any(isinstance(each, list) and isinstance(each[0][0], str) for each in arguments)


@pytest.mark.parametrize("name", [each.name for each in PER_ROW])
@settings(max_examples=12)
@given(data=st.data())
def test_array_is_the_same_as_row_by_row(name: str, data: st.DataObject) -> None:
    """A call on columns gives in each row what the call on that row's cells gives."""
    function = FUNCTIONS[name]
    arguments, size = data.draw(filled_down(function))
    ends_blank = all(each[-1][0] in (None, "") for each in arguments if isinstance(each, list))
    if has_header(arguments) or ends_blank:
        return
    total = [i for i, each in enumerate(function.parameters) if each.sum_of]
    for index in total:
        arguments[index] = 1234.5 if arguments[index] is MISSING else arguments[index]
    answer = function.call(*arguments)
    rows = answer if isinstance(answer, list) else [[answer]]
    assert len(rows) == size
    if any(str(cell) == "#NUM!" and "sum to" in getattr(cell, "reason", "") for row in rows for cell in row):
        return
    for row in range(size):
        alone = function.call(*row_of(arguments, row))
        # A row may ask for two cells, and then every row has two; one that has but one says it in both.
        wide = alone[0] if isinstance(alone, list) else [alone] * len(rows[row])
        assert differences([rows[row]], [wide]) == [], f"row {row}: {row_of(arguments, row)}"


@pytest.mark.parametrize("name", FUNCTIONS)
@settings(max_examples=8)
@given(data=st.data())
def test_without_numpy_the_answers_are_the_same(name: str, data: st.DataObject) -> None:
    """A Python without numpy (Calc's own) gives the same answers, row by row."""
    function = FUNCTIONS[name]
    arguments, _ = data.draw(filled_down(function))
    with_numpy = function.call(*arguments)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "numpy", None)
        patch.setattr(calling, "_numpy_module", None)
        patch.setattr(calling, "_numpy_tried", True)
        assert calling.array_module() is None
        without = function.call(*arguments)
    assert differences(without, with_numpy) == []


@pytest.mark.parametrize("name", FUNCTIONS)
@settings(max_examples=8)
@given(data=st.data())
def test_fast_path_is_the_same_as_the_full_path(name: str, data: st.DataObject) -> None:
    """The short cut for plain scalars answers as the full path does."""
    function = FUNCTIONS[name]
    arguments = [data.draw(own.optional(parameter)) for parameter in function.parameters]
    quick = function._fast(arguments)
    if quick is not None:
        assert differences(quick, calling.call_function(function, arguments, 0.0)) == []
