"""Values on their way from Excel and back: errors, blanks, dates, shapes."""

from __future__ import annotations

import datetime as dt
import sys
from decimal import Decimal
from typing import Any

import pytest
import xlwings
from xlwings import conversion

from rebalance_xl.cells import NA, NUM, CellError
from rebalance_xl.hosts.excel_values import WorksheetValue, from_excel, to_excel

from .engine import open_book


class JsNull:
    """Stands for a blank cell as the browser hands it over."""


@pytest.mark.parametrize(
    "value, expected",
    [
        (1.5, 1.5),
        (2, 2.0),
        (True, True),
        (None, None),
        ("text", "text"),
        ("#N/A", NA),
        ("#hash", "#hash"),
        (-2146826246, NA),
        (-2146826252, NUM),
        (-2146826281, CellError("#DIV/0!")),
        (-2146826243, CellError("#SPILL!")),
        (-2146826238, CellError("#CALC!")),
        (-2146826242, CellError("#VALUE!")),  # #CONNECT!, which no other host knows
        (Decimal("0.25"), 0.25),
        ({"type": "Error", "errorType": "NotAvailable", "basicValue": "#N/A"}, NA),
        ({"type": "FormattedNumber", "basicValue": 46000.0}, 46000.0),
        (JsNull(), None),
        (dt.datetime(2026, 1, 31), dt.datetime(2026, 1, 31)),
        ([[1.0]], 1.0),
        (((5.0,),), 5.0),
        ([[1.0, 2], [None, "#N/A"]], [[1.0, 2.0], [None, NA]]),
        (((1.0,), (2.0,)), [[1.0], [2.0]]),
        ((1.0, 2.0), [[1.0, 2.0]]),  # an array constant of one row
        ([3.0], 3.0),
    ],
)
def test_from_excel(value: Any, expected: Any) -> None:
    """Whatever xlwings hands over is the worksheet value that the cell shows."""
    found = from_excel(value)
    assert found == expected
    assert type(found) is type(expected)


def test_from_excel_takes_numbers_near_the_error_numbers() -> None:
    """An integer that is no error number is a number."""
    assert from_excel(-2146828288) == -2146828288.0


@pytest.mark.parametrize(
    "value, expected",
    [
        (1.5, 1.5),
        (True, True),
        ("HOLD", "HOLD"),
        (None, ""),
        (NA, "#!N/A"),
        (CellError("#DIV/0!", "an empty book"), "#!DIV/0!"),
        ([[1.0], [NUM], [""]], [[1.0], ["#!NUM!"], [""]]),
    ],
)
def test_to_excel(value: Any, expected: Any) -> None:
    """Errors leave as marks, which no plain answer looks like."""
    assert to_excel(value) == expected


def test_xlwings_lite_gets_the_error_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the browser an error's own text becomes the error value."""
    monkeypatch.setattr(sys, "platform", "emscripten")
    assert to_excel([[NA], [1.0]]) == [["#N/A"], [1.0]]


def test_converter_reads_ranges() -> None:
    """Range.options(convert=...) gives the same for a live range, errors included."""
    book, _ = open_book({"T": [["a", None], [1.0, NA]]})
    area = book.sheets[0].range((3, 2), (4, 3))
    assert area.options(convert=WorksheetValue).value == [["a", None], [1.0, NA]]
    assert area[0, 0].options(convert=WorksheetValue).value == "a"
    assert area[:, 1].options(convert=WorksheetValue).value == [[None], [NA]]


def test_converter_reads_plain_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    """An argument that is no range goes through xlwings' conversion for functions."""
    monkeypatch.setattr(xlwings.conversion.framework.xlwings, "engines", {"excel": None})
    options = {"convert": WorksheetValue}
    assert [conversion.read(None, value, options) for value in (1.0, None, ((1.0,), (2.0,)))] == [
        1.0,
        None,
        [[1.0], [2.0]],
    ]


def test_whole_columns_are_cut_at_the_last_used_row() -> None:
    """A million rows are not read where ten are used."""
    book, behind = open_book({"T": [["a"], *[[float(number)] for number in range(8)]]})
    area = book.sheets[0].range((1, 2), (1_000_000, 2))
    found = area.options(convert=WorksheetValue).value
    assert found == [[None], [None], ["a"], *[[float(number)] for number in range(8)]]
    assert behind.sheet("T").most_read == 11
