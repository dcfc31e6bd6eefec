"""Criteria as worksheets write them: ">=10", "<>East", "G*", "=", TRUE, and wildcards; the order of texts.

That is the order of their small letters' codes where nothing but letters and figures is in them. Excel orders by the
rules of the system: accents come last, hyphens and apostrophes hardly count. Where the two differ nothing is decided.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Set
from functools import lru_cache
from math import inf, nextafter
from typing import Any, Final
from unicodedata import normalize

from ...cells import CellError
from .arguments import COMPARISONS, is_number
from .faults import undecided_fault
from .reading import number_of, typed_number

#: Small letters, figures and spaces, whose order nobody doubts.
_SIMPLE: Final = re.compile("[ 0-9a-z]*").fullmatch
#: The signs before figures and letters, as systems sort them; hyphens and apostrophes do not count there.
_SIGNS: Final = '_ ,;:!?."()[]{}@*/\\&#%`^+<=>|~$'
#: Letters that are sorted beside another one or after all as the language goes, signs, writing without an alphabet.
_OPEN: Final = re.compile("[\x80-\xbf\xd7\xf7æœßøłđðþıŋ\u2000-\uabff]")
_UNSURE: Final = "the order of signs, accents or other writing in texts"


def has_others(text: str) -> bool:
    """Say whether a text has anything else than letters, figures and spaces."""
    return _SIMPLE(text.lower()) is None


def in_order(cells: Iterable[Any]) -> None:
    """Refuse cells that are not certainly sorted by the codes of small letters: signs, accents, errors."""
    found = list(cells)
    if len({cell.code for cell in found if isinstance(cell, CellError)}) > 1:
        raise undecided_fault("the order of several errors")
    if not is_sure({cell.lower() for cell in found if isinstance(cell, str)}):
        raise undecided_fault(_UNSURE)


def pair_in_order(one: str, other: str) -> bool:
    """Say that two texts are sorted by the codes of small letters, refuse them where they may not be.

    One text is compared with all of a column, for many cells: what is known of a text is kept.
    """
    if not (_SIMPLE(one) and _SIMPLE(other)) and one != other:
        key, another = _key_of(one), _key_of(other)
        if key is None or another is None or (one < other) != (key < another):
            raise undecided_fault(_UNSURE)
    return True


def is_sure(texts: Set[str]) -> bool:
    """Say whether texts in small letters are certainly sorted by the codes of these."""
    if len(texts) < 2 or all(map(_SIMPLE, texts)):
        return True
    return not any(map(_OPEN.search, texts)) and sorted(texts) == sorted(texts, key=_collated)


def _collated(text: str) -> tuple[list[int], int, str]:
    """Return a key that orders small letters as systems do: signs, figures, letters, and accents last."""
    plain = [min(each, normalize("NFD", each)[0]) if each != "\u0439" else each for each in text if each not in "-'"]
    return [_SIGNS.find(each) if each in _SIGNS else len(_SIGNS) + ord(each) for each in plain], len(text), text


@lru_cache(maxsize=2**16)
def _key_of(text: str) -> tuple[list[int], int, str] | None:
    """Return the key of a text in small letters, None where it has one that is sorted as the language goes."""
    return None if _OPEN.search(text) else _collated(text)


#: What a number can be written with that the engine does not read in a criterion.
SPELLED = re.compile(r"[%$€£¥(,/:]|\d-\d|\d[ -]?[A-Za-z]{3}|[A-Za-z]{3}[ -]?\d")
#: A number that the engine reads, and one of more digits than a text made of one has.
_PLAIN = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_LONG = re.compile(r"[-+]?(?=[\d.]*\.)[\d.]{17,}(?:[eE][-+]?\d+)?")
#: Operators that ask for an order: with nothing behind them no cell meets them, as none meets this.
ORDER: Final = ("<", ">", "<=", ">=")
NEVER: Final = ">1E308"
#: In the order of their numbers from 1; criteria know the first seven.
ERRORS: Final = (
    *("#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A", "#GETTING_DATA"),
    *("#SPILL!", "#CONNECT!", "#BLOCKED!", "#UNKNOWN!", "#FIELD!", "#CALC!"),
)
_SIGN = re.compile(r"~([*?~])|.", re.DOTALL)
_WILD: Final = {"*": ".*", "?": "."}


@lru_cache(maxsize=1024)
def wildcard(pattern: str, whole: bool = True) -> re.Pattern[str]:
    """Return the expression of a pattern in which * and ? are wildcards and ~ takes their meaning away.

    It is for the beginning of a text unless the `whole` text must match; the letters may be in any case.
    """
    if re.search(r"~[^*?~]", pattern):
        raise undecided_fault("~ before a sign that is no wildcard")
    expression = _SIGN.sub(lambda sign: _WILD.get(sign[0]) or re.escape(sign[1] or sign[0]), pattern)
    return re.compile(expression + (r"\Z" if whole else ""), re.IGNORECASE | re.DOTALL)


def matcher(criterion: Any, begins: bool = False) -> Callable[[Any], bool]:
    """Return a test that tells whether a cell meets a criterion: a value, or text with an operator before it.

    With `begins` text without an operator means "begins with", as in the database functions.
    """
    if not isinstance(criterion, str):
        return _equals(0.0 if criterion is None else criterion)
    sign, operand = _split(criterion)
    if not operand:
        tests: dict[str, Callable[[Any], bool]] = {
            "": lambda cell: cell in (None, ""),
            "=": lambda cell: cell is None,
            "<>": lambda cell: cell is not None,
        }
        return tests.get(sign, lambda cell: False)
    value = _typed(operand)
    if sign in ("", "="):
        return _equals(value, begins and not sign)
    if sign == "<>":  # a text is another thing than the number it reads as
        same = _equals(value, read=lambda text: None)
        return lambda cell: not same(cell)
    compare = COMPARISONS[sign]
    if isinstance(value, bool):
        return lambda cell: isinstance(cell, bool) and compare(cell, value)
    if isinstance(value, float):
        last = last_alike(value, sign)
        return lambda cell: is_number(cell) and compare(cell, last)
    bound = operand.lower()
    return lambda cell: (
        isinstance(cell, str) and pair_in_order(small := cell.lower(), bound) and bool(compare(small, bound))
    )


def _split(criterion: str) -> tuple[str, str]:
    sign = next(filter(criterion.startswith, ("<=", ">=", "<>", "<", ">", "=")), "")
    return sign, criterion[len(sign) :]


def _to_15(number: float) -> float:
    return float(f"{number:.15g}")


def _typed(operand: str) -> float | bool | CellError | str:
    """Return what the text of a criterion stands for: a number, TRUE or FALSE, an error, or itself."""
    number, word = typed_number(operand), operand.upper()
    if number is not None:
        return number
    return word == "TRUE" if word in ("TRUE", "FALSE") else CellError(word) if word in ERRORS[:7] else operand


def _equals(value: Any, begins: bool = False, read: Callable[[str], float | None] = number_of) -> Callable[[Any], bool]:
    """Return a test for cells that equal a value; texts that `read` as numbers do, and texts may have wildcards."""
    if isinstance(value, str):
        expression = wildcard(value, not begins)
        return lambda cell: isinstance(cell, str) and expression.match(cell) is not None
    if isinstance(value, bool | CellError):
        return lambda cell: cell.__class__ is value.__class__ and bool(cell == value)
    same = _to_15(value)
    return lambda cell: read(cell) == value if isinstance(cell, str) else is_number(cell) and _to_15(cell) == same


def plain_criterion(criterion: str) -> str:
    """Return a criterion whose number is written plainly and whose quotation marks the engine leaves as they are.

    The engine reads plain numbers and dates, but neither percent, thousands, money nor brackets, and takes quotation
    marks around a text away, one pair without an operator and two with one. Numbers have 15 digits in texts, and cells
    are compared to as many, so that a bound is moved to the last number that is written as it.

    >>> plain_criterion("=1,000"), plain_criterion("<>20%"), plain_criterion("(5)"), plain_criterion("East")
    ('=1000', '<>0.2', '-5', 'East')
    >>> plain_criterion("=0.30000000000000004"), plain_criterion(">=0.30000000000000004"), plain_criterion(">3")
    ('=0.3', '>=0.29999999999999954', '>3.000000000000005')
    """
    sign, operand = _split(criterion)
    if sign in ORDER and not operand:
        return NEVER
    if len(operand) > 1 and operand[0] == operand[-1] == '"':
        return f'{sign}""{operand}""' if sign in ("=", "<>") else f'"{operand}"' if not sign else criterion
    spelled = SPELLED.search(operand)
    if not operand or not (spelled or sign in ORDER or _LONG.fullmatch(operand)):
        return criterion
    number = typed_number(operand) if spelled or _PLAIN.fullmatch(operand) else None
    if number is None:
        return criterion
    return sign + repr(last_alike(number, sign) if sign in ORDER else _to_15(number)).removesuffix(".0")


@lru_cache(maxsize=1024)
def last_alike(number: float, sign: str) -> float:
    """Return the last number that is the same as a bound in 15 digits, on the side that an order asks for."""
    last = bound = _to_15(number)
    end = inf if sign in ("<=", ">") else -inf
    while (further := nextafter(last, end)) != last and _to_15(further) == bound:
        last = further
    return last
