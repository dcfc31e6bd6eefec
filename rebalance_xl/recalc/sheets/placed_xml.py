"""XML parsed with the places of its elements: where in the text the parser is, which counts bytes.

And how Excel and most programs write rows: so that they can be read with arrays, and by the engine itself.
"""

from __future__ import annotations

import re
from typing import Final
from xml.parsers import expat

from ..files.refusals import Refused

_DECLARATION = re.compile(r"\ufeff?\s*<\?xml[^>]*\?>")
TAG = re.compile(r"<(?:[^\"'>]|\"[^\"]*\"|'[^']*')*>")

#: The bytes of UTF-8 that letters begin with.
_FIRST_BYTES = bytes(each for each in range(256) if each & 0xC0 != 0x80)
_BLOCK = 512


def check_well_formed(text: str, part: str) -> None:
    """Refuse a part that is no XML."""
    PlacedXml(text, part).parse()


class PlacedXml:
    """The text of a part and a parser for it, which is given its handlers before it parses."""

    def __init__(self, text: str, part: str) -> None:
        self.text, self.part = text, part
        declaration = _DECLARATION.match(text)
        self._first = declaration.end() if declaration else 0
        self._content = text[self._first :].encode("utf-8", "replace")
        self._is_ascii = self._first + len(self._content) == len(text)
        self._further = [0]  # how many bytes up to each block are not the first of their letter
        for start in range(0, 0 if self._is_ascii else len(self._content), _BLOCK):
            further = len(self._content[start : start + _BLOCK].translate(None, _FIRST_BYTES))
            self._further.append(self._further[-1] + further)
        self.parser = expat.ParserCreate("utf-8")

    def parse(self) -> None:
        """Parse the text; refused is what is no XML."""
        try:
            self.parser.Parse(self._content, True)
        except expat.ExpatError as error:
            raise Refused(f"damaged: the part {self.part} is not well-formed XML ({error})") from None

    def place(self, byte: int) -> int:
        """Return where a byte is in the text."""
        if self._is_ascii:
            return byte + self._first
        block = byte // _BLOCK
        further = len(self._content[block * _BLOCK : byte].translate(None, _FIRST_BYTES))
        return byte + self._first - self._further[block] - further

    def span(self, first: int, last: int) -> tuple[int, int, int]:
        """Return where an element begins, where its content ends and where it ends, from the bytes of both its tags."""
        start, at = self.place(first), self.place(last)
        if self.text.startswith("/>", at - 2) and self.tag_end(start) == at:
            return start, at, at
        return start, at, self.text.index(">", at) + 1

    def tag_end(self, start: int) -> int:
        """Return where a start tag ends."""
        tag = TAG.match(self.text, start)
        assert tag is not None
        return tag.end()


# --- rows written the usual way -------------------------------------------------------------------------------------

_NUMBER = r"[-+]?+(?:[0-9]++\.?+[0-9]*+|\.[0-9]++)(?:[eE][-+]?+[0-9]++)?+"
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
    rf'|(?: t="n"{_OTHERS})?+ ?(?:/>|>(?:{_VALUE}(?:{_NUMBER})?+</v>|<v ?/>)?+</c>)'
    rf'| t="inlineStr"{_OTHERS} ?>{_INSIDE}</c>'
    rf'| t="(?!n")\w++"{_OTHERS} ?(?:/>|>{_DATA}?+</c>)'
    r")))*+</row>))*+"
)


def is_usual(rows: str) -> bool:
    """Say whether rows are written the usual way, so that every program reads their cells alike.

    Spaces in texts inside cells that are written as entities are dropped by some, and line ends are read in two ways.
    """
    return "\r" not in rows and USUAL_ROWS.fullmatch(rows) is not None and not ("<is>" in rows and "&#" in rows)
