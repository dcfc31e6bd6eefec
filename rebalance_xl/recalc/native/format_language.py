"""The language of a number format: names of months and days by its tag, and formats that need one nobody tells.

A file stores formulas in English, but the format inside TEXT("...") as its author's system spells it. A tag such as
``[$-407]`` fixes the language of names; without one English is taken where the format reads as English.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final


@dataclass(frozen=True, slots=True)
class Names:
    """Months from January and days from Sunday; the short ones are empty where systems differ about them."""

    months: tuple[str, ...]
    days: tuple[str, ...]
    short_months: tuple[str, ...] = ()
    short_days: tuple[str, ...] = ()


def _names(*lines: str) -> Names:
    return Names(*(tuple(line.split()) for line in lines))


ENGLISH: Final = _names(
    "January February March April May June July August September October November December",
    "Sunday Monday Tuesday Wednesday Thursday Friday Saturday",
    "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
    "Sun Mon Tue Wed Thu Fri Sat",
)
_FILE: Final = Path(__file__).parents[2] / "data" / "date_names.txt"
_TAG = re.compile(r"\[\$[^\]-]*-([^\]]*)\]")
_LITERAL = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]', re.DOTALL)
#: Letters of date codes of other languages: German T and J, French j and a, Spanish a, Finnish p and v, and others.
_FOREIGN_CODES = re.compile(r"T{1,4}|J{2,4}|j{1,4}|A{2,4}|a{2,4}|k{2,4}|v{2,4}|G{2,4}|Г+|г+|[年月日]")
_ENGLISH_CODES = re.compile(r"General|AM/PM|A/P", re.IGNORECASE)
_NAMES = re.compile(r"""(?:\bTEXT\s*\([^\[]*"|^)[^\["]*(?:mmm|ddd)[^\["]*(?:"|$)""", re.IGNORECASE)
_ONE_NAME = re.compile(r'TEXT\((?:[^()"]|\([^()"]*\))+,"(?:mmmm?|dddd?)"\)', re.IGNORECASE)
_OURS: Final = frozenset(("", *ENGLISH.months, *ENGLISH.days, *ENGLISH.short_months, *ENGLISH.short_days))
_HIJRI = re.compile(r"b2(?=[a-z])", re.IGNORECASE)
_DECIMAL_COMMA = re.compile(r"^[^.]*[0#?],0{1,2}(?![0#?.,])[^.]*$|\.[0#?]+,[0#?]")
_GROUP_POINT = re.compile(r"#\.##0|# ##0|#\xa0##0|#\u202f##0")


@cache
def _by_tag() -> dict[str, Names]:
    """Return the names by language and region, and by the numbers that Windows has for them."""
    blocks = re.findall(r"^([^# ].*)\n((?:  .*\n)+)", _FILE.read_text(encoding="utf-8"), re.MULTILINE)
    return {tag: _names(*lines.splitlines()) for tags, lines in blocks for tag in tags.split()}


def names_of(tag: str) -> Names | None:
    """Return the names of months and days that a tag such as ``407`` or ``de-DE`` fixes, None for one not known here.

    >>> names_of("407").months[2], names_of("pt-BR").days[6], names_of("411")
    ('März', 'sábado', None)
    """
    lowered = tag.lower()
    if not lowered or lowered.startswith("en-"):
        return ENGLISH
    if not re.fullmatch(r"[0-9a-f]+", lowered):
        return _by_tag().get(lowered)
    number = int(lowered, 16)
    if number >> 16 not in (0, 0x1, 0x100, 0x101):  # other calendars and digits
        return None
    language = number & 0xFFFF
    return ENGLISH if language & 0x3FF == 0x09 or not language else _by_tag().get(f"{language:x}")


def shows_names(formula: str) -> bool:
    """Tell whether a formula, or a format alone, shows names of months or days without a tag for their language.

    >>> shows_names('TEXT(A1,"mmmm")'), shows_names('TEXT(A1,"[$-407]dddd")'), shows_names('TEXT(A1,"dd.mm.yy")')
    (True, False, False)
    """
    return _NAMES.search(formula) is not None


def is_other_name(formula: str, shown: str) -> bool:
    """Tell whether a formula that shows one name of a month or day shows another one than ours.

    >>> is_other_name('TEXT(A1,"mmm")', "Sept"), is_other_name('TEXT(A1,"mmm")', "Sep"), is_other_name("B1", "Okt")
    (True, False, False)
    """
    return shown not in _OURS and _ONE_NAME.fullmatch(formula.lstrip("=")) is not None


def undecided(text: str) -> str:
    """Return why a number format cannot be read without knowing its author's language, "" when it can.

    >>> undecided("yyyy-mm-dd"), undecided("#,##0.00"), undecided("0.0x")
    ('', '', '')
    >>> undecided("TT.MM.JJJJ")
    'the format TT.MM.JJJJ has codes of another language'
    >>> undecided("0,00%")
    'the format 0,00% may have a decimal comma'
    """
    for tag in _TAG.findall(text):
        if names_of(tag) is None:
            return f"the format {text} names a language or calendar that is not known here: {tag}"
    if _HIJRI.search(_LITERAL.sub("", text)):
        return f"the format {text} shows dates of another calendar"
    if "[dbnum" in text.lower():
        return f"the format {text} shows digits of another script"
    bare = _ENGLISH_CODES.sub("", _LITERAL.sub("", text))
    if _FOREIGN_CODES.search(bare) and re.search(r"[mMhH年]|[TJA]{2}|jj|aa", bare):
        return f"the format {text} has codes of another language"
    if any(_DECIMAL_COMMA.search(part) or _GROUP_POINT.search(part) for part in bare.split(";")):
        return f"the format {text} may have a decimal comma"
    return ""
