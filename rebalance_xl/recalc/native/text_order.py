"""The order of texts, which is that of their small letters' codes where nothing but letters and figures is in them.

Excel orders by the rules of the system: accents come last, hyphens and apostrophes hardly count. Where the two orders
differ nothing is decided.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Set
from functools import lru_cache
from typing import Any, Final
from unicodedata import normalize

from ...cells import CellError
from .faults import Fault, undecided_fault

#: The signs before figures and letters, as systems sort them; hyphens and apostrophes do not count there.
_SURE: Final = frozenset(" 0123456789abcdefghijklmnopqrstuvwxyz")
_SIGNS: Final = '_ ,;:!?."()[]{}@*/\\&#%`^+<=>|~$'
_PLAIN: Final = re.compile("[ 0-9a-z]*").fullmatch
#: Letters that are sorted beside another one or after all as the language goes, signs, writing without an alphabet.
_OPEN: Final = re.compile("[\x80-\xbf\xd7\xf7æœßøłđðþıŋ\u2000-\uabff]")


def has_others(text: str) -> bool:
    """Say whether a text has anything else than letters, figures and spaces."""
    return not _SURE.issuperset(text.lower())


def in_order(cells: Iterable[Any]) -> bool:
    """Say that cells are sorted by the codes of small letters, refuse those that may not be: signs, accents, errors."""
    found = list(cells)
    if len({cell.code for cell in found if isinstance(cell, CellError)}) > 1:
        raise undecided_fault("the order of several errors")
    if not is_sure({cell.lower() for cell in found if isinstance(cell, str)}):
        raise _unsure()
    return True


def pair_in_order(one: str, other: str) -> bool:
    """Say that two texts are sorted by the codes of small letters, refuse them where they may not be.

    One text is compared with all of a column, for many cells: what is known of a text is kept.
    """
    if not (_PLAIN(one) and _PLAIN(other)) and one != other:
        key, another = _key_of(one), _key_of(other)
        if key is None or another is None or (one < other) != (key < another):
            raise _unsure()
    return True


def is_sure(texts: Set[str]) -> bool:
    """Say whether texts in small letters are certainly sorted by the codes of these."""
    beyond = {*"".join(texts)}.difference(_SURE) if len(texts) > 1 else ()
    return not beyond or (not any(map(_OPEN.match, beyond)) and sorted(texts) == sorted(texts, key=_collated))


def _collated(text: str) -> tuple[list[int], int, str]:
    """Return a key that orders small letters as systems do: signs, figures, letters, and accents last."""
    plain = [min(each, normalize("NFD", each)[0]) if each != "\u0439" else each for each in text if each not in "-'"]
    return [_SIGNS.find(each) if each in _SIGNS else len(_SIGNS) + ord(each) for each in plain], len(text), text


@lru_cache(maxsize=2**16)
def _key_of(text: str) -> tuple[list[int], int, str] | None:
    """Return the key of a text in small letters, None where it has one that is sorted as the language goes."""
    return None if _OPEN.search(text) else _collated(text)


def _unsure() -> Fault:
    return undecided_fault("the order of signs, accents or other writing in texts")
