"""The XML of cells: what their data mean, where elements stand in a sheet's text, and how programs write rows."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from contextlib import suppress
from math import isfinite
from typing import Any, Final, NamedTuple
from xml.parsers import expat

from ...cells import CellError
from ..files.parts import from_xml, unescaped
from ..files.refusals import Refused

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
            return CellError(data.strip())
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


_DECLARATION = re.compile(r"\ufeff?\s*<\?xml[^>]*\?>")
TAG = re.compile(r"<(?:[^\"'>]|\"[^\"]*\"|'[^']*')*>")


def check_well_formed(text: str, part: str) -> None:
    """Refuse a part that is no XML."""
    PlacedXml(text, part).parse()


class PlacedXml:
    """The text of a part and a parser for it, which is given its handlers before it parses."""

    def __init__(self, text: str, part: str) -> None:
        self.text, self.part = text, part
        declaration = _DECLARATION.match(text)
        self._place = declaration.end() if declaration else 0
        self._content, self._byte = text[self._place :].encode("utf-8", "replace"), 0
        self.parser = expat.ParserCreate("utf-8")

    def parse(self) -> None:
        """Parse the text; refused is what is no XML."""
        try:
            self.parser.Parse(self._content, True)
        except expat.ExpatError as error:
            raise Refused(f"damaged: the part {self.part} is not well-formed XML ({error})") from None

    def here(self) -> int:
        """Return where in the text the parser is."""
        before, self._byte = self._byte, self.parser.CurrentByteIndex
        self._place += len(self._content[before : self._byte].decode())
        return self._place

    def span(self, start: int, at: int) -> tuple[int, int, int]:
        """Return where an element begins, where its content ends and where it ends, from where both its tags are."""
        if self.text.startswith("/>", at - 2) and self.tag_end(start) == at:
            return start, at, at
        return start, at, self.text.index(">", at) + 1

    def tag_end(self, start: int) -> int:
        """Return where a start tag ends."""
        tag = TAG.match(self.text, start)
        assert tag is not None
        return tag.end()


_PLAIN_NUMBER = r"[-+]?+(?:[0-9]++\.?+[0-9]*+|\.[0-9]++)(?:[eE][-+]?+[0-9]++)?+"
_TEXT = r"[^<>&\r]*+(?:&(?:lt|gt|amp|quot|apos|#[0-9]++|#x[0-9A-Fa-f]++);[^<>&\r]*+)*+"
_VALUE = r'<v(?:>|(?: xml:space="preserve")>)'
_DATA = rf"(?:{_VALUE}{_TEXT}</v>|<v ?/>)"
_INSIDE = rf'<is><t(?: xml:space="preserve">(?!<){_TEXT}|>(?=[^\s<]){_TEXT}(?<!\s))</t></is>'
#: Attributes but for the name and the type of a cell, in ASCII: what is alike in its bytes is alike.
_OTHERS = r"""(?: (?!r=|t=)[A-Za-z_:][0-9A-Za-z_:]*+="[ !#-%'-;=@-~]*+")*+"""
_ATTRIBUTES = r'(?: (?!r=)[A-Za-z_:][0-9A-Za-z_:]*+="[^"<>&]*+")*+'
_FORMULA = rf"<f{_ATTRIBUTES} ?(?:/>|>{_TEXT.replace(chr(92) + 'r', '')}</f>)"
#: The end of most cells: a number written as most are, which is found several times faster.
_PLAIN = r"<v>-?+[0-9]++\.?+[0-9]*+(?:</v>|[eE][-+]?+[0-9]++</v>)</c>"
#: Rows whose cells all tell the number of their row; constants without a type are numbers. Line ends within formulas
#: are as the file has them.
USUAL_ROWS: Final = re.compile(
    rf'(?:<row r="([1-9][0-9]{{0,6}})"{_ATTRIBUTES} ?(?:/>|>(?:<c r="[A-Z]{{1,3}}\1"(?: s="[0-9]++")?+(?:'
    rf'>{_PLAIN}|><f>[^<>&\r]*+(?:&(?:lt|gt|amp|quot|apos);[^<>&\r]*+)*+</f>{_PLAIN}| t="s"><v>[0-9]++</v></c>'
    rf'|{_OTHERS}(?:(?: t="\w++"{_OTHERS})?+ ?>{_FORMULA}{_DATA}?+</c>'
    rf'|(?: t="n"{_OTHERS})?+ ?(?:/>|>(?:{_VALUE}(?:{_PLAIN_NUMBER})?+</v>|<v ?/>)?+</c>)'
    rf'| t="inlineStr"{_OTHERS} ?>{_INSIDE}</c>'
    rf'| t="(?!n")\w++"{_OTHERS} ?(?:/>|>{_DATA}?+</c>)'
    r")))*+</row>))*+"
)


def is_usual(rows: str) -> bool:
    """Say whether rows are written the usual way, so that every program reads their cells alike.

    Spaces in texts inside cells that are written as entities are dropped by some, and line ends are read in two ways.
    """
    return "\r" not in rows and USUAL_ROWS.fullmatch(rows) is not None and not ("<is>" in rows and "&#" in rows)
