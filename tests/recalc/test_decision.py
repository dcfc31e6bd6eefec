"""What is written and what is kept: a test for each row of the table that decides it."""

from __future__ import annotations

import pytest

from rebalance_xl.cells import CellError
from rebalance_xl.recalc.evaluation.decision import Action, decide
from rebalance_xl.recalc.evaluation.engine_values import Trouble

VALUE, NA = CellError("#VALUE!"), CellError("#N/A")


@pytest.mark.parametrize("answer", [2.0, "text", "", True, 0.0])
@pytest.mark.parametrize("old", [None, 1.0, "old", NA])
def test_a_computed_value_is_written(answer: object, old: object) -> None:
    """A number, text or truth value is written whatever the old value was."""
    assert decide(answer=answer, old=old)[0] is Action.WRITE


@pytest.mark.parametrize("failure", ["engine-unsupported: the engine gave no value", "circular", "function-error: x"])
@pytest.mark.parametrize("old", [None, 1.0, NA])
def test_what_could_not_be_computed_is_kept_with_its_cause(failure: str, old: object) -> None:
    """Nothing, a limit and a failed function are no values, whatever stood there before."""
    assert decide(answer=0.0, old=old, failure=failure) == (Action.KEEP, failure)
    assert decide(answer=Trouble(failure), old=old) == (Action.KEEP, failure)


def test_an_error_over_an_error_is_written() -> None:
    """An error that follows by rule is written where an error stood; another one is computed the careful way first."""
    assert decide(answer=NA, old=NA)[0] is Action.WRITE
    assert decide(answer=VALUE, old=NA)[0] is Action.AGAIN
    assert decide(answer=VALUE, old=NA, careful=True)[0] is Action.WRITE


@pytest.mark.parametrize("old", [1.0, "text", True, None])
def test_an_error_over_a_value_is_computed_once_more(old: object) -> None:
    """An error where none was is computed the careful way, and written when it is still one."""
    assert decide(answer=VALUE, old=old)[0] is Action.AGAIN
    assert decide(answer=VALUE, old=old, careful=True)[0] is Action.WRITE


def test_a_text_that_may_be_a_number_elsewhere_is_kept() -> None:
    """Arithmetic on a date of another language is a failure to read, not an error of the worksheet."""
    failure = "a text that may be a number or a date elsewhere: 'May-25'"
    assert decide(answer=VALUE, old=1.0, failure=failure, careful=True) == (Action.KEEP, failure)


def test_an_error_that_is_not_sure_is_kept_over_a_value() -> None:
    """What follows from a kept error or another workbook is written over errors only."""
    assert decide(answer=VALUE, old=1.0, doubtful="reads X") == (Action.KEEP, "reads X")
    assert decide(answer=VALUE, old=NA, doubtful="reads X", careful=True)[0] is Action.WRITE
    assert decide(answer=2.0, old=1.0, doubtful="reads X")[0] is Action.WRITE


@pytest.mark.parametrize("answer", [2.0, "text", VALUE])
def test_what_reads_something_unreadable_is_kept(answer: object) -> None:
    """A picture or an unknown data type among the cells read makes every answer a guess."""
    assert decide(answer=answer, old=1.0, unreadable="reads a picture") == (Action.KEEP, "reads a picture")


def test_a_blocked_array_is_kept() -> None:
    """Where constants are in the way the anchor stays as it is."""
    assert decide(answer=CellError("#SPILL!"), old=3.0, blocked=True) == (Action.KEEP, "spill-blocked")


def test_a_linked_data_type_is_kept() -> None:
    """A cell whose value is a linked data type cannot be written back."""
    assert decide(answer="BTC", old=VALUE, linked=True) == (Action.KEEP, "linked-data-type")
