"""Number formats: cut into sections and tokens, the section for a value chosen, and dates and times shown.

Source of the syntax: ECMA-376 part 1, 18.8.31 (numFmts), and the page "Number format codes" of Excel.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import takewhile
from typing import Final

from .arguments import COMPARISONS
from .days import LAST_DAY, parts
from .faults import undecided_fault, value_fault
from .format_language import ENGLISH, Names

Token = tuple[str, str]

#: Quoted and escaped text, blanks (_x), fillers (*x) and brackets are read, but are no kinds of tokens.
_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"?|\\(?P<escaped>.?)|_(?P<blank>.?)|\*(?P<filler>.?)'
    r"|\[\s*(?P<condition>(?:<=|>=|<>|<|>|=)\s*[+-]?[\d.]+(?:E[+-]?\d+)?)\s*\]|\[(?P<elapsed>h+|m+|s+)\]"
    r"|\[\$(?P<currency>[^\]-]*)(?:-(?P<language>[^\]]*))?\]|(?P<bracket>\[[^\]]*\]|b1(?=[a-z]))"
    r"|(?P<general>general)|(?P<half>[ap]/[ap]|am/pm)|(?P<exponent>E[+-])|(?P<date>y+|m+|d+|h+|s+|e+|b+|g+)"
    r"|(?P<digit>[0#?])|(?P<point>\.)|(?P<comma>,)|(?P<percent>%)|(?P<slash>/)|(?P<at>@)|(?P<end>;)|(?P<text>.)",
    re.IGNORECASE | re.DOTALL,
)
_CONDITION = re.compile(r"([<>=]+)\s*(.*)")
_SECONDS: Final = {"h": 3600, "m": 60, "s": 1}


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
        elif kind == "comma" and (not tokens or tokens[-1][0] not in ("digit", "comma", "point")):
            tokens.append(("text", content))
        elif kind not in ("filler", "bracket"):
            tokens.append((kind, content.lower() if kind in ("date", "elapsed") else content))
    return (*found, Section(tuple(tokens), condition, language))


def choose(found: tuple[Section, ...], value: float) -> tuple[Section | None, bool]:
    """Return the section for a number, None for General, and whether a number below 0 is shown without its sign there.

    Without conditions the sections are for positive, negative and zero, with one in the second alone the first is for
    positive numbers. Where a condition holds below 0 only, or what is left over does, no sign is shown. A number for
    which no section of several is left is undecided: Excel shows number signs.
    """
    first, second, third = (*(each for each in found[:3] if not each.has("at")), None, None, None)[:3]
    if first is None or (second is None and first.condition is None):
        return first, False
    condition = first.condition or (">" if third or (second and second.condition) else ">=", 0.0)
    if COMPARISONS[condition[0]](value, condition[1]):
        return first, _below_zero(*condition)
    if second is None or not (second.condition or third):
        return second, first.condition is None or first.condition[0] in ("<", "<=", "<>")
    condition = second.condition or ("<", 0.0)
    if COMPARISONS[condition[0]](value, condition[1]):
        return second, _below_zero(*condition)
    if third is None:
        raise undecided_fault(f"the number format has no section for {value:.10g}")
    return third, False


def _below_zero(relation: str, bound: float) -> bool:
    """Say whether numbers below 0 alone meet a condition."""
    return (relation == "<" and bound <= 0) or (relation in ("<=", "=") and bound < 0)


def shown_date(serial: float, tokens: Sequence[Token], names: Names = ENGLISH) -> str:
    """Return a serial number as date and time codes show it.

    A time of day is rounded to the decimals of a second that are shown, to whole seconds when none are; what is larger
    is cut off. A negative number, or one beyond the year 9999, is #VALUE!.
    """
    if not 0 <= serial < LAST_DAY + 1:
        raise value_fault(f"{serial:.10g} is no date: a serial number lies between 0 and {LAST_DAY}")
    codes = _codes(tokens)
    kinds = {kind for kind, _ in codes}
    decimals = max((len(text) for kind, text in codes if kind == "fraction"), default=0)
    if kinds & {"digit", "percent", "exponent"}:
        raise value_fault("a number format shows a date or a number")
    clock_shown = kinds & {"elapsed", "half"} or any(kind == "date" and text[0] in "hns" for kind, text in codes)
    total = round(serial * 86_400, decimals) if clock_shown else math.floor(serial) * 86_400.0
    day, clock = divmod(total, 86_400)
    hour = int(clock // 3600)
    units = {"h": (hour % 12 or 12) if "half" in kinds else hour, "n": int(clock % 3600 // 60), "s": int(clock % 60)}
    out: list[str] = []
    for kind, text in codes:
        if kind == "half":
            out.append((text.upper() if len(text) > 3 else text).split("/")[hour >= 12])
        elif kind == "elapsed":
            out.append(f"{int(total // _SECONDS[text[0]]):0{len(text)}d}")
        elif kind == "fraction":
            out.append(f"{total % 1:.{decimals}f}"[1 : len(text) + 2])
        elif kind != "date":
            out.append(text)
        elif text[0] in units:
            out.append(f"{units[text[0]]:0{min(len(text), 2)}d}")
        else:
            out.append(_calendar(text, int(day), names))
    return "".join(out)


def _codes(tokens: Sequence[Token]) -> list[Token]:
    """Return tokens with ``n`` for minutes (``m`` after hours or before seconds) and decimals as one ``fraction``."""
    codes = list(tokens)
    coded = [index for index, (kind, _) in enumerate(tokens) if kind in ("date", "elapsed")]
    letters = ["", *(tokens[index][1][0] for index in coded), ""]
    for order, index in enumerate(coded):
        if tokens[index] in (("date", "m"), ("date", "mm")) and (letters[order] == "h" or letters[order + 2] == "s"):
            codes[index] = "date", "n" * len(tokens[index][1])
    for index in reversed([place for place, code in enumerate(codes) if code[0] == "point"]):
        if zeros := len(list(takewhile(("digit", "0").__eq__, codes[index + 1 :]))):
            codes[index : index + 1 + zeros] = [("fraction", "0" * zeros)]
    return codes


def _calendar(code: str, serial: int, names: Names) -> str:
    """Return what a code for years, months or days shows."""
    letter, length = code[0], len(code)
    year, month, day = parts(serial)
    if letter in "yeb":
        year += 543 if letter == "b" else 0
        return f"{year % 100:02d}" if length <= 2 and letter != "e" else f"{year:04d}"
    if letter not in "md":
        return ""
    if length <= 2:
        return f"{month if letter == 'm' else day:0{length}d}"
    of_months, of_days = (names.months, names.short_months), (names.days, names.short_days)
    (full, short), place = (of_months, month - 1) if letter == "m" else (of_days, (serial - 1) % 7)
    if length != 3:
        return full[place][0] if length == 5 and letter == "m" else full[place]
    if not short:
        raise undecided_fault(f"systems shorten {full[place]} differently")
    return short[place]
