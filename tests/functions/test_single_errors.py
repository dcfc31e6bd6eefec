"""An error in the one value of a call outranks the missing total."""

from __future__ import annotations

from rebalance_xl.cells import CellError
from rebalance_xl.functions import FUNCTIONS


def test_an_error_is_the_answer_even_without_a_total() -> None:
    """A single value that is an error is the answer; a single number still needs its total."""
    found = FUNCTIONS["WEIGHT"].call(CellError("#N/A", "the workbook has no Portfolio[Value]"))
    assert (found.code, found.reason) == ("#N/A", "the workbook has no Portfolio[Value]")
    assert FUNCTIONS["WEIGHT"].call(5.0).code == "#VALUE!"
