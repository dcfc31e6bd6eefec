"""The table of native functions: complete, lazy, and safe whatever it is given."""

from __future__ import annotations

import random
import subprocess
import sys
from typing import Any

import formualizer as fz
import pytest

from rebalance_xl.cells import DIV0, MISSING, NA, VALUE, CellError
from rebalance_xl.recalc.evaluation.calls import Calls
from rebalance_xl.recalc.evaluation.engine_values import Settings
from rebalance_xl.recalc.native import MODULE_OF, native, numbered
from rebalance_xl.recalc.native.registry import REGISTERED
from tests.native.calls import call, error

ODD_VALUES: list[Any] = [
    0.0, 1.0, -1.0, 2.5, 1e308, -1e308, 1e15, 45000.0, 0.5, 60.0, 1e-300, True, False, None, "", "abc", "5", "1/2/2020",
    "#,##0.00;;", ">=3", "(", "3+4i", MISSING, VALUE, NA, DIV0, [[1.0, 2.0], [3.0, 4.0]], [[None]], [["a"], ["b"]],
    [[NA, 1.0]], [["x", "y"], [1.0, "z"]], [[1.0]], [], [[]],
]  # fmt: skip


def is_worksheet_value(value: Any) -> bool:
    """Tell whether the engine can put a value into a cell, or into several."""
    if isinstance(value, list):
        return all(isinstance(line, list) and all(map(is_worksheet_value, line)) for line in value)
    if isinstance(value, float):
        return value == value and abs(value) != float("inf")
    return value is None or isinstance(value, bool | str | fz.LiteralValue)


def test_every_name_has_its_function() -> None:
    """Every listed name loads under its own name, and no module holds a function that is not listed."""
    for name in MODULE_OF:
        function = native(name)
        assert function.name == name
        assert function.max_args is None or function.min_args <= function.max_args
    assert set(MODULE_OF) == set(REGISTERED)


def test_alternatives_are_in_the_table() -> None:
    """Every alternative to an engine function is implemented under its own name."""
    for name in (*numbered("beside"), *numbered("passes-over")):
        assert f"RXL.{name}" in MODULE_OF, name
        assert name not in MODULE_OF, name


def test_an_unknown_name_is_not_in_the_table() -> None:
    """Asking for a name is an ordinary look-up."""
    assert "SUM" not in MODULE_OF
    with pytest.raises(KeyError):
        native("SUM")


def test_asking_for_names_imports_no_function() -> None:
    """A book that needs none of the functions imports none of their modules, nor numpy."""
    program = (
        "import sys; from rebalance_xl.recalc.native import MODULE_OF as own; assert 'MMULT' in own;"
        "print([name for name in sys.modules if name.startswith('rebalance_xl.recalc.native.') or name == 'numpy'])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", sorted(MODULE_OF))
def test_odd_arguments_give_values_or_errors(name: str) -> None:
    """No argument makes a function raise, hang or give something that no cell can hold."""
    function = native(name)
    calls = Calls(Settings(), Settings().new_workbook())
    chooser = random.Random(name)
    most = function.max_args if function.max_args is not None else function.min_args + 3
    for _ in range(60):
        arguments = [chooser.choice(ODD_VALUES) for _ in range(chooser.randint(function.min_args, most))]
        answer = calls._answer(name, function.callable(*arguments))
        assert is_worksheet_value(answer), (arguments, answer)


def test_arrays_are_given_as_they_are() -> None:
    """What cells can hold is given to the engine untouched, also where its sum is beyond all numbers; inf is #NUM!."""
    calls = Calls(Settings(), Settings().new_workbook())
    for plain in ([[1.0, "a"], [None, True]], [[1e308, 1e308]]):
        assert calls._answer("MMULT", plain) == plain
    first, second = calls._answer("MMULT", [[1.0, float("inf")]])[0]
    assert first == 1
    assert is_worksheet_value(second)


def test_arrays_are_answered_cell_by_cell() -> None:
    """Arrays in arguments of one value give arrays; single rows and columns repeat, what does not fit is #N/A."""
    assert call("MROUND", [[10.0], [11.0]], [[3.0, 4.0]]) == [[9.0, 12.0], [12.0, 12.0]]
    assert call("MROUND", [[10.0, 11.0, 12.0]], [[3.0, 4.0]]) == [[9.0, 12.0, error("#N/A")]]


def test_errors_in_arguments_are_the_answer() -> None:
    """The first error among the arguments is what the cell shows, with its reason."""
    reason = CellError("#DIV/0!", "a price is missing")
    answer = call("FLOOR", reason, NA)
    assert answer == error("#DIV/0!")
    assert answer.reason == "a price is missing"


def test_left_out_arguments_take_their_defaults() -> None:
    """MISSING is the default of an optional argument, and #N/A where the former ToolPak functions need one."""
    assert call("FLOOR.MATH", 5.5, MISSING, 1.0) == 5.0
    assert call("MROUND", MISSING, 2.0) == error("#N/A")
    assert call("POISSON.DIST", MISSING, MISSING, MISSING) == 1.0


def test_ranges_are_told_apart_from_single_values() -> None:
    """The table says which arguments take ranges, also behind the last one named."""
    assert native("DSUM").takes_range(2)
    assert not native("TEXT").takes_range(0)
    assert native("GCD").takes_range(7)
    assert not native("RXL.XLOOKUP").takes_range(0)
    assert native("RXL.XLOOKUP").takes_range(2)


def test_a_reason_names_argument_value_and_range() -> None:
    """An error tells what was wrong."""
    assert call("MUNIT", 0.0).reason == "dimension is 0; it must be 1 or more, and not too large"
    assert "basis is 7" in call("DISC", 39107.0, 39248.0, 97.975, 100.0, 7.0).reason


def test_dates_of_the_1904_system_count_from_there() -> None:
    """Dates in and out are shifted, amounts are not."""
    settlement, maturity = 39107.0, 39767.0
    shifted = (settlement - 1462, maturity - 1462, 2.0, 1.0)
    assert call("COUPNCD", *shifted, date_offset=1462) == 39217.0 - 1462
    assert call("COUPDAYS", *shifted, date_offset=1462) == 181.0
    assert call("DATE", 1904.0, 1.0, 2.0, date_offset=1462) == 1.0
