"""Worksheet values: errors, blanks, dates."""

from __future__ import annotations

import datetime as dt
import math
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebalance_xl import cells
from rebalance_xl.cells import (
    BLANK,
    BLANK_CODE,
    ERROR_CODES,
    MISSING,
    CellError,
    as_float,
    as_rows,
    describe,
    error_to_nan,
    from_serial,
    nan_code,
    nan_to_error,
    to_serial,
)


def test_errors_are_equal_by_code() -> None:
    """The reason is no part of an error's identity."""
    assert CellError("#NUM!", "one") == CellError("#NUM!", "other")
    assert CellError("#NUM!") != CellError("#N/A")
    assert CellError("#NUM!") != "#NUM!"
    assert len({CellError("#NUM!", "one"), CellError("#NUM!"), cells.NUM}) == 1


def test_errors_are_immutable_and_survive_pickling() -> None:
    """An error can be shared and can go to another process with its reason."""
    error = CellError("#N/A", "no price")
    with pytest.raises(AttributeError):
        error.code = "#NUM!"
    copy = pickle.loads(pickle.dumps(error))
    assert (copy, copy.reason) == (error, "no price")
    assert str(error) == "#N/A"
    assert repr(error) == "CellError('#N/A', 'no price')"


@pytest.mark.parametrize("code", [code for code in ERROR_CODES if code != "#NUM!"] + ["#NUM!"])
def test_an_error_survives_as_a_nan(code: str) -> None:
    """Inside a kernel an error is a NaN that carries it, also through arithmetic and numpy."""
    import numpy as np

    number = error_to_nan(code)
    assert number != number
    assert nan_to_error(number) == code
    assert nan_to_error(number * 2.0 + 1.0) == code
    assert nan_to_error(float((np.array([1.0, number]) * 2.0)[1])) == code


def test_other_nans() -> None:
    """A NaN out of arithmetic is #NUM!, an unknown error #VALUE!, and a blank is no error."""
    assert nan_to_error(math.inf - math.inf) == "#NUM!"
    assert nan_to_error(error_to_nan("#BUSY!")) == "#VALUE!"
    assert nan_code(BLANK) == BLANK_CODE
    assert len(ERROR_CODES) <= BLANK_CODE


@pytest.mark.parametrize(
    "moment, serial",
    [
        (dt.date(1900, 1, 1), 1.0),
        (dt.date(1900, 2, 28), 59.0),
        (dt.date(1900, 3, 1), 61.0),
        (dt.date(1904, 1, 1), 1462.0),
        (dt.date(2026, 1, 31), 46053.0),
        (dt.datetime(2026, 1, 31, 18), 46053.75),
        (dt.datetime(2026, 1, 31, 18, tzinfo=dt.UTC), 46053.75),
        (dt.date(9999, 12, 31), 2_958_465.0),
    ],
)
def test_serial_numbers(moment: dt.date, serial: float) -> None:
    """Dates are Excel's serial numbers of the 1900 system, with its 29 February 1900 that never was."""
    assert to_serial(moment) == serial
    plain = moment.replace(tzinfo=None) if isinstance(moment, dt.datetime) else dt.datetime(*moment.timetuple()[:3])
    assert from_serial(serial) == plain


@given(st.datetimes(dt.datetime(1900, 3, 1), dt.datetime(9999, 12, 31, 23, 59, 59)))
def test_dates_come_back(moment: dt.datetime) -> None:
    """A date and its serial number are the same to a microsecond or so, as far as a float holds it."""
    assert abs(from_serial(to_serial(moment)) - moment) < dt.timedelta(microseconds=50)


@pytest.mark.parametrize("serial", [-1.0, 2_958_466.0, math.nan, math.inf])
def test_numbers_that_are_no_dates(serial: float) -> None:
    """Numbers before 1900 and beyond 9999 are refused."""
    with pytest.raises(ValueError, match="is no date"):
        from_serial(serial)


def test_rows_of_a_flat_sequence() -> None:
    """A flat sequence is one column; rows stay rows."""
    assert as_rows([1.0, None]) == [[1.0], [None]]
    assert as_rows([[1.0, 2.0]]) == [[1.0, 2.0]]
    assert as_rows([]) == []


@pytest.mark.parametrize(
    "value, text",
    [
        (None, "blank"),
        (MISSING, "missing"),
        (True, "TRUE"),
        (0.30000000000000004, "0.3"),
        (12_000, "12000"),
        (10**400, "inf"),
        ("abc", '"abc"'),
        ("x" * 50, '"' + "x" * 37 + '..."'),
        ([[1.0]], "a range"),
        (CellError("#REF!"), "#REF!"),
    ],
)
def test_values_in_messages(value: object, text: str) -> None:
    """Messages show a value as a person would write it."""
    assert describe(value) == text


def test_huge_whole_numbers_are_infinite() -> None:
    """A whole number too large for a float is infinite and not an exception."""
    assert (as_float(10**400), as_float(-(10**400)), as_float(3)) == (math.inf, -math.inf, 3.0)
