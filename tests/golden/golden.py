"""The golden table: calls of worksheet functions with their answers, the same for every host.

``golden.json`` holds one object per call: ``id``, ``function``, ``kind`` ("example", "rule" or "edge"), ``rule`` (which
one), ``arguments`` and ``result``. Worksheet values are written in JSON as follows.

==================  ==========================================================
number              a number
text, blank text    a string; a blank result is ``""``
TRUE, FALSE         ``true``, ``false``
blank cell          ``null``
date                ``{"date": "2026-01-31"}`` or with a time ``{"date": "2026-01-31T12:00:00"}``
error value         ``{"error": "#N/A"}``
omitted argument    ``{"omitted": true}``
range               a list of rows, each a list of cells
==================  ==========================================================

A host's test imports :func:`load` and :func:`differences`.
"""

from __future__ import annotations

import datetime as dt
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rebalance_xl.cells import MISSING, CellError, to_serial

PATH = Path(__file__).with_name("golden.json")

#: Two numbers agree within this share of the larger, or within this amount near 0.
RELATIVE, ABSOLUTE = 1e-9, 1e-9


@dataclass(frozen=True, slots=True)
class Case:
    """One call and its answer, as worksheet values; dates are datetimes."""

    id: str
    function: str
    arguments: tuple[Any, ...]
    result: Any
    kind: str = "example"
    rule: str = ""

    @property
    def has_ranges(self) -> bool:
        """Whether an argument or the result is a range."""
        return any(isinstance(each, list) for each in (*self.arguments, self.result))


def encode(value: Any) -> Any:
    """Return a worksheet value as JSON data."""
    if isinstance(value, list | tuple):
        return [[encode(cell) for cell in row] for row in value]
    if value is MISSING:
        return {"omitted": True}
    if isinstance(value, CellError):
        return {"error": value.code}
    if isinstance(value, dt.datetime) and value.time() != dt.time():
        return {"date": value.isoformat()}
    if isinstance(value, dt.date):
        return {"date": value.isoformat()[:10]}
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{value} is no worksheet value")
    if isinstance(value, float) and value == int(value) and abs(value) < 1e15:
        return int(value)
    return value


def decode(data: Any) -> Any:
    """Return the worksheet value of JSON data; numbers are floats, dates are datetimes."""
    if isinstance(data, list):
        return [[decode(cell) for cell in row] for row in data]
    if isinstance(data, dict):
        if "date" in data:
            return dt.datetime.fromisoformat(data["date"])
        return MISSING if "omitted" in data else CellError(data["error"])
    return float(data) if isinstance(data, int) and not isinstance(data, bool) else data


def load(path: Path = PATH) -> list[Case]:
    """Return the committed table."""
    return [
        Case(
            each["id"],
            each["function"],
            tuple(decode(argument) for argument in each["arguments"]),
            decode(each["result"]),
            each["kind"],
            each.get("rule", ""),
        )
        for each in json.loads(path.read_text(encoding="utf-8"))
    ]


def differences(actual: Any, expected: Any, *, flags_are_numbers: bool = False, where: str = "") -> list[str]:
    """Return how a host's answer differs from the expected one; an empty list when it does not.

    Parameters
    ----------
    actual, expected
        Worksheet values. A blank (None) and a blank text are the same answer; a date and its serial number too.
    flags_are_numbers
        The host has no TRUE and FALSE and shows 1 and 0.
    where
        Cell position in the message.
    """
    if isinstance(expected, list | tuple):
        return _range_differences(actual, expected, flags_are_numbers)
    if isinstance(actual, list | tuple):
        rows = [list(row) if isinstance(row, list | tuple) else [row] for row in actual]
        if len(rows) == 1 and len(rows[0]) == 1:
            return differences(rows[0][0], expected, flags_are_numbers=flags_are_numbers, where=where)
        return [f"{where}got a range of {len(rows)} rows, expected {expected!r}"]
    if _same(actual, expected, flags_are_numbers):
        return []
    return [f"{where}got {actual!r}, expected {expected!r}"]


def _range_differences(actual: Any, expected: Any, flags_are_numbers: bool) -> list[str]:
    rows = list(actual) if isinstance(actual, list | tuple) else [[actual]]
    rows = [list(row) if isinstance(row, list | tuple) else [row] for row in rows]
    shape, wanted = (len(rows), len(rows[0]) if rows else 0), (len(expected), len(expected[0]))
    if shape != wanted:
        return [f"got {shape[0]} x {shape[1]} cells ({actual!r}), expected {wanted[0]} x {wanted[1]}"]
    return [
        text
        for i, (row, wanted_row) in enumerate(zip(rows, expected, strict=True), 1)
        for j, (cell, wanted_cell) in enumerate(zip(row, wanted_row, strict=True), 1)
        for text in differences(cell, wanted_cell, flags_are_numbers=flags_are_numbers, where=f"row {i} column {j}: ")
    ]


def _same(actual: Any, expected: Any, flags_are_numbers: bool) -> bool:
    if isinstance(expected, CellError) or isinstance(actual, CellError):
        return bool(actual == expected)
    if expected in ("", None) or actual in ("", None):
        return actual in ("", None) and expected in ("", None)
    if isinstance(expected, bool):
        return actual is expected or (flags_are_numbers and actual == float(expected))
    if isinstance(expected, str) or isinstance(actual, str):
        return bool(actual == expected)
    if isinstance(actual, bool):
        return False
    got, wanted = (to_serial(each) if isinstance(each, dt.date) else float(each) for each in (actual, expected))
    return math.isclose(got, wanted, rel_tol=RELATIVE, abs_tol=ABSOLUTE)
