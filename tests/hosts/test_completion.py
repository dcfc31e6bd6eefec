"""A call from a cell completed, as Excel and Calc both have it: a workbook of three answers stands for theirs."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from rebalance_xl.cells import MISSING, CellError
from rebalance_xl.expressions import Reference
from rebalance_xl.functions import FUNCTIONS
from rebalance_xl.hosts import completion

DAY = dt.date(2026, 11, 22)


class Workbook:
    """A workbook of given columns and names; it remembers what it was asked."""

    def __init__(self, contents: dict[str, Any] | None = None, offset: int = 0) -> None:
        self.contents = contents or {}
        self.offset = offset
        self.asked: list[str] = []

    def lookup(self, reference: Reference) -> Any:
        """Return what was given under the reference's text."""
        self.asked.append(reference.text)
        return self.contents.get(reference.text, MISSING)

    def date_offset(self) -> int:
        """Return what was given."""
        self.asked.append("dates")
        return self.offset

    def book_for(self, function: object) -> None:
        """Hold no book."""


def answer(name: str, *given: Any, workbook: Workbook | None = None, hidden: tuple[Any, ...] = ()) -> Any:
    """Complete and make a call on DAY."""
    return completion.answer(FUNCTIONS[name], given, workbook or Workbook(), hidden=hidden, today=lambda: DAY)


def test_the_model_stands_for_data_that_are_left_out() -> None:
    """A call without data takes the workbook's columns."""
    workbook = Workbook({"Portfolio[Value]": [[5000.0], [3000.0]]})
    assert answer("WEIGHT", workbook=workbook) == [[0.625], [0.375]]


def test_a_call_with_data_asks_the_workbook_for_nothing() -> None:
    """Given data are computed without a look at the workbook: each question over COM costs a millisecond."""
    workbook = Workbook({"Portfolio[Value]": [[1.0]]})
    assert answer("WEIGHT", 5000.0, 10000.0, workbook=workbook) == 0.5
    assert workbook.asked == []


def test_a_table_that_is_not_there_is_named() -> None:
    """The answer is what the workbook lacks, not what follows from its absence."""
    found = answer("WEIGHT")
    assert isinstance(found, CellError)
    assert (found.code, "Portfolio[Value]" in found.reason) == ("#N/A", True)


@pytest.mark.parametrize("offset", [0, 1462])
def test_an_omitted_day_is_today_in_either_system_of_dates(offset: int) -> None:
    """A review a month after the last is due today and not a day earlier, whichever year the workbook counts from."""
    last = 46317.0 - offset  # 2026-10-22, a month before DAY
    workbook = Workbook(offset=offset)
    assert answer("REVIEW_DUE", last, "monthly", workbook=workbook) is True
    assert answer("REVIEW_DUE", last + 1.0, "monthly", workbook=workbook) is False


def test_tiers_are_looked_up_only_for_a_name() -> None:
    """A rate needs no table, a name asks for the workbook's, and tables that the host brings are not asked for."""
    name = "MAINTENANCE_MARGIN"
    tables = Workbook()
    assert isinstance(answer(name, 50000.0, 0.01, workbook=tables), float)
    assert tables.asked == []
    answer(name, 50000.0, "binance:BTCUSDT", workbook=tables)
    assert tables.asked == [FUNCTIONS[name].context[0].model]
    tables.asked.clear()
    answer(name, 50000.0, "binance:BTCUSDT", workbook=tables, hidden=([["x"]],))
    assert tables.asked == []


def test_arguments_too_many_are_refused() -> None:
    """What stands after the last parameter of a function without hidden ones is not swallowed."""
    found = answer("WEIGHT", 1.0, 2.0, hidden=(3.0,))
    assert isinstance(found, CellError)
    assert found.code == "#VALUE!"
