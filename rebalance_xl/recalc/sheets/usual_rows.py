"""How Excel and most programs write rows: so that they can be read with arrays, and by the engine itself."""

from __future__ import annotations

import re
from typing import Final

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
