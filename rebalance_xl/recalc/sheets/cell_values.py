"""The character data of a cell turned into its value."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from contextlib import suppress
from math import isfinite
from typing import Any, NamedTuple

from ...cells import CellError
from ..files.parts import from_xml, unescaped

_NUMBER = re.compile(r"[ \t\r\n]*[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?[ \t\r\n]*")
_ATTRIBUTE = re.compile(r"([\w:.-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")


class Cells(NamedTuple):
    """Cells that have a value and no formula, as three lists in step, in order of rows and columns."""

    rows: Sequence[int] = ()
    columns: Sequence[int] = ()
    values: Sequence[Any] = ()


class CellValues:
    """Turns a cell's type and character data into a value."""

    def __init__(self, strings: list[str], date1904: bool) -> None:
        self.strings = strings
        self.offset = 1462 if date1904 else 0
        self.errors: dict[str, CellError] = {}

    @staticmethod
    def number(data: str) -> Any:
        """Return the value of a cell without a type; "" is no value, and what is no number stays a text."""
        if _NUMBER.fullmatch(data) is None:
            return data.strip() or None
        number = float(data)
        return number if number - number == 0 else None

    def numbers(self, data: Sequence[str]) -> list[Any]:
        """Return the values of many cells without a type."""
        some = data[:256]
        if 2 * len(set(some)) < len(some):  # reading the same number again takes longer than looking it up
            different = list(set(data))
            return list(map(dict(zip(different, self.numbers(different), strict=True)).__getitem__, data))
        joined = "".join(data)
        if joined.isascii() and "_" not in joined:  # else Python reads numbers that are none for anybody else
            with suppress(ValueError):
                numbers: list[Any] = list(map(float, data))
                if isfinite(sum(numbers)) or all(map(isfinite, numbers)):
                    return numbers
        return list(map(self.number, data))

    def alike(self, kind: str, data: Sequence[str]) -> list[Any]:
        """Return the values of many cells of one type whose missing data reads as ""."""
        if kind == "n":
            return self.numbers(data)
        if kind == "s" and "" not in data:
            with suppress(ValueError, IndexError):
                return list(map(self.strings.__getitem__, map(int, data)))
        return [self.resolved(kind, each) for each in data]

    def resolved(self, kind: str, data: str | None, inside: bool = False) -> Any:
        """Return the value of a cell whose data an XML parser has read; `inside` tells a text inside the cell."""
        if not data and not inside:
            return "" if kind == "str" else None
        data = data or ""
        if kind == "n":
            return self.number(data)
        if kind == "s":
            try:
                return self.strings[int(data)]
            except (ValueError, IndexError):
                return ""
        if kind == "b":
            return data.strip() in ("1", "true")
        if kind == "e":
            code = data.strip()
            return self.errors.setdefault(code, CellError(code))
        if kind == "d":
            return _serial(data, self.offset)
        return unescaped(data)


def _serial(text: str, offset: int) -> float | str:
    try:
        moment = dt.datetime.fromisoformat(text.strip())
    except ValueError:
        return text
    return (moment.replace(tzinfo=None) - dt.datetime(1899, 12, 30)) / dt.timedelta(days=1) - offset


def attributes_of(text: str) -> dict[str, str]:
    """Return the attributes of a tag, entities resolved."""
    return {name: from_xml(double or single) for name, double, single in _ATTRIBUTE.findall(text)}
