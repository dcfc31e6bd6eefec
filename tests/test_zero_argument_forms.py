"""Functions called without arguments: what they take from the workbook, and what they say when it lacks it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from rebalance_xl import expressions
from rebalance_xl.catalogue import (
    model_arguments,
    wants_model,
)
from rebalance_xl.cells import MISSING, CellError
from rebalance_xl.functions import FUNCTIONS
from tests.golden.golden import differences

#: Names and argument order that formulas in users' books depend on: the contract, line by line.

BOOK: dict[str, Any] = {
    "Portfolio[Asset]": [["BTC"], ["ETH"], ["SOL"]],
    "Portfolio[Value]": [[5000.0], [3000.0], [4000.0]],
    "Portfolio[Target]": [[0.45], [0.30], [0.20]],
    "Portfolio[Band]": [[0.05], [0.05], [0.05]],
    "Portfolio[CostBasis]": [[5000.0], [3000.0], [2000.0]],
    "Portfolio[Kind]": [["spot"], ["spot"], ["spot"]],
    "LastReview": 46_000.0,
    "ReviewFrequency": "monthly",
    "AsOf": 46_010.0,
}


def from_book(name: str, *arguments: Any, book: dict[str, Any] = BOOK) -> Any:
    """Call a function as a host that evaluates in Python does."""

    def lookup(reference: expressions.Reference) -> Any:
        return book.get(reference.text, MISSING)

    function = FUNCTIONS[name]
    return function.call(*model_arguments(function, arguments, lookup))


@pytest.mark.parametrize(
    "name, answer",
    [
        ("WEIGHT", [[5 / 12], [0.25], [1 / 3]]),
        ("TRIM_AMOUNT", [[0.0], [0.0], [1600.0]]),
        ("TRADE_AMOUNT", [[0.0], [0.0], [-1600.0]]),
        ("DRIFT_FLAG", [["HOLD"], ["HOLD"], ["TRIM"]]),
        ("REALIZED_GAIN", [[0.0], [0.0], [800.0]]),
        ("DEPLOY", [[400.0], [600.0], [0.0]]),
        ("UNDEPLOYED", 600.0),
        ("OVERCOMMITTED", 0.0),
        ("RESERVE_FLAG", "LOW"),
        ("RESERVE_GAP", 600.0),
        ("REVIEW_DUE", False),
        ("REBALANCE_TRIGGER", "THRESHOLD"),
    ],
)
def test_zero_argument_form(name: str, answer: Any) -> None:
    """Without arguments a function reads the workbook's own model."""
    assert differences(from_book(name), answer) == []


def test_zero_argument_form_without_tables_that_only_options_come_from() -> None:
    """Without an Events table no event is in force; with one, an event of an asset is."""
    events = {"Events[Scope]": [["SOL"]], "Events[Action]": [["TRIM"]], "Events[Start]": [[46_005.0]]}
    assert from_book("REBALANCE_TRIGGER") == "THRESHOLD"
    assert from_book("REBALANCE_TRIGGER", book={**BOOK, **events}) == "EVENT"
    assert from_book("EVENT_ACTION", book={**BOOK, **events}) == [[""], [""], ["TRIM"]]


def test_zero_argument_form_uses_names_of_the_book() -> None:
    """TrimTo, BandKind and Total of the workbook count where they exist."""
    book = {**BOOK, "TrimTo": "edge", "Total": 20_000.0, "Portfolio[Band]": [[0.05], [0.05], [0.0]]}
    assert from_book("TRIM_AMOUNT", book={**BOOK, "TrimTo": "edge"}) == [[0.0], [0.0], [pytest.approx(1000.0)]]
    assert from_book("WEIGHT", book=book) == [[0.25], [0.15], [0.2]]


def test_options_may_be_given_in_the_zero_argument_form() -> None:
    """Only data arguments decide whether the model is used."""
    assert from_book("TRIM_AMOUNT", MISSING, MISSING, MISSING, "edge") == [[0.0], [0.0], [pytest.approx(1000.0)]]


def test_one_given_data_argument_switches_the_model_off() -> None:
    """When any data argument is given, the others take their plain defaults."""
    given: Sequence[Any] = [BOOK["Portfolio[Value]"], BOOK["Portfolio[Target]"]]
    assert not wants_model(FUNCTIONS["TRIM_AMOUNT"], given)
    assert from_book("TRIM_AMOUNT", *given, book={**BOOK, "TrimTo": "edge"}) == [[0.0], [0.0], [1600.0]]


def test_a_missing_column_is_named() -> None:
    """Without the column that a required argument comes from the answer is #N/A and names it."""
    answer = from_book("TRIM_AMOUNT", book={"Portfolio[Value]": [[1.0], [2.0]]})
    cells = [answer] if isinstance(answer, CellError) else [row[0] for row in answer]
    assert set(cells) == {CellError("#N/A")}
    assert "Portfolio[Target]" in cells[0].reason
