"""Number formats cut into sections and tokens, and the choice of the section for a value.

Source of the syntax: ECMA-376 part 1, 18.8.31 (numFmts), and the page "Number format codes" of Excel.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from rebalance_xl.recalc.native.arguments import COMPARISONS

Token = tuple[str, str]

#: Quoted and escaped text, blanks (_x), fillers (*x) and brackets are read, but are no kinds of tokens.
_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"?|\\(?P<escaped>.?)|_(?P<blank>.?)|\*(?P<filler>.?)'
    r"|\[\s*(?P<condition>(?:<=|>=|<>|<|>|=)\s*[+-]?[\d.]+(?:E[+-]?\d+)?)\s*\]|\[(?P<elapsed>h+|m+|s+)\]"
    r"|\[\$(?P<currency>[^\]-]*)(?:-(?P<language>[^\]]*))?\]|(?P<bracket>\[[^\]]*\])"
    r"|(?P<general>general)|(?P<half>[ap]/[ap]|am/pm)|(?P<exponent>E[+-])|(?P<date>y+|m+|d+|h+|s+|e+|b+|g+)"
    r"|(?P<digit>[0#?])|(?P<point>\.)|(?P<comma>,)|(?P<percent>%)|(?P<slash>/)|(?P<at>@)|(?P<end>;)|(?P<text>.)",
    re.IGNORECASE | re.DOTALL,
)
_CONDITION = re.compile(r"([<>=]+)\s*(.*)")


@dataclass(frozen=True, slots=True)
class Section:
    """One section of a number format: tokens, the comparison that a value must meet, and the tag of its language.

    Tokens are pairs of a kind and its text: ``text``, ``digit`` (0, #, ?), ``point``, ``comma``, ``percent``,
    ``slash``, ``exponent``, ``date`` (runs of one letter), ``elapsed``, ``half`` (AM/PM or A/P), ``general``, ``at``.
    """

    tokens: tuple[Token, ...]
    condition: tuple[str, float] | None
    language: str = ""

    def has(self, *kinds: str) -> bool:
        """Tell whether a token of one of the kinds occurs."""
        return any(kind in kinds for kind, _ in self.tokens)

    def meets(self, value: float) -> bool:
        """Tell whether a value meets the section's condition."""
        return self.condition is None or COMPARISONS[self.condition[0]](value, self.condition[1])


@lru_cache(maxsize=512)
def sections(text: str) -> tuple[Section, ...]:
    """Return the sections of a number format."""
    found: list[Section] = []
    tokens: list[Token] = []
    condition: tuple[str, float] | None = None
    language = ""
    for match in _TOKEN.finditer(text):
        kind, content = match.lastgroup or "", match[match.lastindex or 0]
        if kind == "end":
            found.append(Section(tuple(tokens), condition, language))
            tokens, condition, language = [], None, ""
        elif kind == "condition" and (parts := _CONDITION.fullmatch(content)):
            condition = (parts[1], float(parts[2]))
        elif kind in ("currency", "language"):
            language = match["language"] or language
            tokens += [("text", match["currency"])] if match["currency"] else []
        elif kind in ("quoted", "escaped", "blank"):
            tokens.append(("text", " " if kind == "blank" else content))
        elif kind not in ("filler", "bracket"):
            tokens.append((kind, content.lower() if kind in ("date", "elapsed") else content))
    return (*found, Section(tuple(tokens), condition, language))


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
