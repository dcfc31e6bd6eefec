"""The functions' names inside formula texts: as Excel writes them, and as LibreOffice stores them.

Excel files say ``TRIM_AMOUNT(...)``. Calc knows the same function as ``ORG.REBALANCER.FUNCTIONS.TRIMAMOUNT``;
Calc 7.4 writes that name also into .xlsx files, and a name that it could not bind in lower case.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from rebalance_xl.functions import FUNCTIONS
from rebalance_xl.hosts.calc.identity import SERVICE, method_name, stored_name

__all__ = ["UNTOUCHED", "to_calc_names", "to_excel_names", "to_shown_names"]

#: What must be left alone: texts, quoted sheet names, the inside of structured references ('[ is a bracket in a name).
UNTOUCHED: Final = r""""(?:[^"]|"")*"|'(?:[^']|'')*'|\[(?:[^\[\]']|'.|\[(?:[^\[\]']|'.)*\])*\]"""


def to_calc_names(formula: str) -> str:
    """Return a formula with the names under which Calc stores the functions.

    Examples
    --------
    >>> to_calc_names('=IF(trim_amount(B2,C2)>0,"TRIM_AMOUNT(x)",0)')
    '=IF(ORG.REBALANCER.FUNCTIONS.TRIMAMOUNT(B2,C2)>0,"TRIM_AMOUNT(x)",0)'
    """
    return _plain_names().sub(_stored, formula)


def to_excel_names(formula: str) -> str:
    """Return a formula with the names that Excel files hold, whichever of its spellings Calc has written.

    Examples
    --------
    >>> to_excel_names("ORG.REBALANCER.FUNCTIONS.TRIMAMOUNT(B2,C2)+trim_amount(B3,C3)")
    'TRIM_AMOUNT(B2,C2)+TRIM_AMOUNT(B3,C3)'
    """
    return _stored_names().sub(_plain, _plain_names().sub(_upper, formula))


def to_shown_names(formula: str) -> str:
    """Return a formula with the names in capitals, as a user types them; stored names stay as they are.

    Examples
    --------
    >>> to_shown_names("trim_amount(B2;C2)>0")
    'TRIM_AMOUNT(B2;C2)>0'
    """
    return _plain_names().sub(_upper, formula)


def _upper(match: re.Match[str]) -> str:
    return match[0] if match["name"] is None else match["name"].upper()


def _stored(match: re.Match[str]) -> str:
    return match[0] if match["name"] is None else stored_name(match["name"].upper())


def _plain(match: re.Match[str]) -> str:
    return match[0] if match["name"] is None else _excel_name_of()[match["name"].upper()]


@cache
def _plain_names() -> re.Pattern[str]:
    names = "|".join(sorted(FUNCTIONS, key=len, reverse=True))
    return re.compile(rf"{UNTOUCHED}|(?<![\w.!:$@])(?P<name>{names})(?=\s*\()", re.IGNORECASE)


@cache
def _stored_names() -> re.Pattern[str]:
    methods = "|".join(sorted(map(method_name, FUNCTIONS), key=len, reverse=True))
    prefix = re.escape(SERVICE)
    return re.compile(rf"{UNTOUCHED}|(?<![\w.])(?:{prefix}\.)(?P<name>{methods})(?=\s*\()", re.IGNORECASE)


@cache
def _excel_name_of() -> dict[str, str]:
    return {method_name(name).upper(): name for name in FUNCTIONS}
