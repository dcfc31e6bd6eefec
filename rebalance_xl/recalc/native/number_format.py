"""Number formats cut into sections and tokens, and the choice of the section for a value.

Source of the syntax: ECMA-376 part 1, 18.8.31 (numFmts), and the page "Number format codes" of Excel.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

Token = tuple[str, str]

_TOKEN = re.compile(
    r'"([^"]*)"?|\\(.?)|_(.?)|\*(.?)|(\[[^\]]*\])|(general)|([AaPp]/[AaPp])|([Aa][Mm]/[Pp][Mm])|(E[+-])'
    r"|(y+|m+|d+|h+|s+|e+|b+|g+)|([0#?])|([.,%/@;])|(.)",
    re.IGNORECASE | re.DOTALL,
)
_CONDITION = re.compile(r"\[\s*(<=|>=|<>|<|>|=)\s*([+-]?[\d.]+(?:[eE][+-]?\d+)?)\s*\]")
_ELAPSED = re.compile(r"\[(h+|m+|s+)\]", re.IGNORECASE)
_LOCALE = re.compile(r"\[\$([^\]-]*)(?:-([^\]]*))?\]")
_TESTS: Final[dict[str, Callable[[float, float], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
    "<>": operator.ne,
}


@dataclass(frozen=True, slots=True)
class Section:
    """One section of a number format.

    Attributes
    ----------
    tokens
        Pairs of a kind and its text: ``text``, ``digit`` (0, #, ?), ``point``, ``comma``, ``percent``, ``slash``,
        ``exponent``, ``date`` (runs of one letter), ``elapsed``, ``half`` (AM/PM or A/P), ``general``, ``at``.
    condition
        The comparison and the bound that a value must meet, None when the section has none.
    language
        The tag that fixes the language of names, "" when there is none.
    """

    tokens: tuple[Token, ...]
    condition: tuple[str, float] | None
    language: str = ""

    def has(self, *kinds: str) -> bool:
        """Tell whether a token of one of the kinds occurs."""
        return any(kind in kinds for kind, _ in self.tokens)

    def meets(self, value: float) -> bool:
        """Tell whether a value meets the section's condition."""
        return self.condition is None or _TESTS[self.condition[0]](value, self.condition[1])


@lru_cache(maxsize=512)
def sections(text: str) -> tuple[Section, ...]:
    """Return the sections of a number format."""
    found: list[Section] = []
    tokens: list[Token] = []
    condition: tuple[str, float] | None = None
    language = ""
    for match in _TOKEN.finditer(text):
        kind, value = _classified(match)
        if kind == "end":
            found.append(Section(tuple(tokens), condition, language))
            tokens, condition, language = [], None, ""
        elif kind == "condition":
            parts = _CONDITION.fullmatch(value)
            assert parts is not None
            condition = (parts[1], float(parts[2]))
        elif kind:
            tokens.append((kind, value))
        tag = _LOCALE.fullmatch(match[0])
        language = tag[2] if tag and tag[2] else language
    return (*found, Section(tuple(tokens), condition, language))


_KIND_OF_SIGN: Final = {
    ".": "point",
    ",": "comma",
    "%": "percent",
    "/": "slash",
    "@": "at",
    ";": "end",
}


def _classified(match: re.Match[str]) -> Token:
    whole = match[0]
    index = match.lastindex or 0
    if index in (1, 2):
        return "text", match[index]
    if index == 3:
        return "text", " "
    if index == 4:
        return "", ""
    if index == 5:
        return _bracketed(whole)
    if index == 6:
        return "general", whole
    if index in (7, 8):
        return "half", whole
    if index == 9:
        return "exponent", whole
    if index == 10:
        return "date", whole.lower()
    if index == 11:
        return "digit", whole
    if index == 12:
        return _KIND_OF_SIGN[whole], whole
    return "text", whole if index else ""


def _bracketed(text: str) -> Token:
    if _CONDITION.fullmatch(text):
        return "condition", text
    elapsed = _ELAPSED.fullmatch(text)
    if elapsed:
        return "elapsed", elapsed[1].lower()
    currency = _LOCALE.fullmatch(text)
    return ("text", currency[1]) if currency and currency[1] else ("", "")


def choose(found: tuple[Section, ...], value: float) -> tuple[Section | None, bool]:
    """Return the section for a number, None for General, and whether the section shows the sign itself.

    Without conditions the sections are for positive, negative and zero; a section for negative numbers shows no sign
    of its own accord. With conditions the first section met counts.
    """
    numeric = [section for section in found[:3] if not (section.has("at") and len(found) > 1)] or list(found[:1])
    if all(section.condition is None for section in numeric):
        if len(numeric) == 1:
            return numeric[0], False
        if value < 0:
            return numeric[1], True
        return (numeric[2] if len(numeric) > 2 and value == 0 else numeric[0]), False
    for position, section in enumerate(numeric):
        if section.condition is not None:
            if section.meets(value):
                relation, bound = section.condition
                return section, relation in ("<", "<=") and bound <= 0 and position > 0
        elif position == len(numeric) - 1 or (position == 1 and value < 0):
            return section, position == 1 and len(numeric) > 2
    return None, False
