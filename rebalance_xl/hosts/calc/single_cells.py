"""Keeps blank cells blank, and texts comparable: rewrites calls for what Calc does to single cells.

Calc hands a single blank cell over to an add-in as 0, and a range with a blank cell as a range with a blank
cell. A blank target means "never trade this", a target of 0 "sell it all": the difference matters. So a single
cell (``C2``, ``Portfolio[[#This Row];[Target]]``) becomes a range of one cell where a blank is no 0.

Calc 7.4 never finds a text that an add-in gives in an array (also one of a single cell) equal to the same text
written elsewhere: ``=IF(D2="TRIM";...)`` goes the wrong way, COUNTIF counts nothing. Joined to an empty text,
``(DRIFT_FLAG(...)&"")``, it is a text like any other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from rebalance_xl.functions import FUNCTIONS
from rebalance_xl.hosts.calc.formula_names import UNTOUCHED
from rebalance_xl.hosts.calc.identity import stored_name

__all__ = ["keep_blanks", "keep_texts", "leave_texts"]

_CELL: Final = re.compile(
    r"(?P<before>\s*)(?:"
    r"(?P<sheet>(?:\$?'(?:[^']|'')+'[.!]|\$?[A-Za-z_][\w]*[.!])?)(?P<cell>\$?[A-Z]{1,3}\$?[1-9]\d*)"
    r"|(?P<row>[^\W\d][\w.]*\[\[\#This\ Row\][;,]\[(?:[^\[\]']|'.)+\]\])"
    r")(?P<after>\s*)",
    re.IGNORECASE,
)
_JOIN: Final = '&"")'
_SKIPPED: Final = re.compile(UNTOUCHED)


def keep_blanks(formula: str) -> str:
    """Return a formula in which single cells that may be blank are ranges of one cell.

    Parameters
    ----------
    formula : str
        With the functions' stored names, in Calc's English grammar or as in an Excel file.

    Examples
    --------
    >>> keep_blanks("=ORG.REBALANCER.FUNCTIONS.TRIMAMOUNT(B2;C2;D2;;;Total)")
    '=ORG.REBALANCER.FUNCTIONS.TRIMAMOUNT(B2:B2;C2:C2;D2;;;Total)'
    >>> keep_blanks("=ORG.REBALANCER.FUNCTIONS.BASIS(Book[[#This Row];[Spot]];B2)")
    '=ORG.REBALANCER.FUNCTIONS.BASIS(Book[[#This Row];[Spot]]:Book[[#This Row];[Spot]];B2:B2)'
    """
    done = []
    position = 0
    for start, end in sorted(_arguments_to_keep(formula)):  # a call inside another one comes after it
        match = _CELL.fullmatch(formula, start, end)
        if match is not None:
            place = match["row"] or match["cell"]
            done += [
                formula[position:start],
                f"{match['before']}{match['sheet'] or ''}{place}:{place}{match['after']}",
            ]
            position = end
    return "".join([*done, formula[position:]])


def keep_texts(formula: str) -> str:
    """Return a formula in which each text that may come in an array is joined to an empty text.

    Examples
    --------
    >>> keep_texts('=IF(ORG.REBALANCER.FUNCTIONS.DRIFTFLAG(B2;C2)="TRIM";1;0)')
    '=IF((ORG.REBALANCER.FUNCTIONS.DRIFTFLAG(B2;C2)&"")="TRIM";1;0)'
    """
    added = []
    for start, end in _text_calls(formula):
        if not _is_joined(formula, start, end):
            added += [(start, "("), (end, _JOIN)]
    for position, text in sorted(added, reverse=True):
        formula = formula[:position] + text + formula[position:]
    return formula


def leave_texts(formula: str) -> str:
    """Return a formula as it was before :func:`keep_texts`.

    Examples
    --------
    >>> leave_texts('=IF((ORG.REBALANCER.FUNCTIONS.DRIFTFLAG(B2;C2)&"")="TRIM";1;0)')
    '=IF(ORG.REBALANCER.FUNCTIONS.DRIFTFLAG(B2;C2)="TRIM";1;0)'
    """
    dropped = []
    for start, end in _text_calls(formula):
        if _is_joined(formula, start, end):
            dropped += [(start - 1, start), (end, end + len(_JOIN))]
    for start, end in sorted(dropped, reverse=True):
        formula = formula[:start] + formula[end:]
    return formula


def _is_joined(formula: str, start: int, end: int) -> bool:
    """Tell whether a call stands in brackets of its own, joined to an empty text."""
    opened = formula[start - 1 : start] == "(" and not re.match(r"[\w.]", formula[start - 2 : start - 1])
    return opened and formula.startswith(_JOIN, end)


def _text_calls(formula: str) -> Iterator[tuple[int, int]]:
    """Yield start and end of each call that gives texts in the shape of its data."""
    for match in _calls().finditer(formula):
        if match["name"] is not None and match["name"].upper() in _gives_texts():
            last = max((end for _, end in _arguments(formula, match.end())), default=len(formula))
            if formula[last : last + 1] == ")":
                yield match.start("name"), last + 1


def _arguments_to_keep(formula: str) -> Iterator[tuple[int, int]]:
    """Yield start and end of each argument in which a blank is no 0, call by call."""
    for match in _calls().finditer(formula):
        if match["name"] is None:
            continue
        wanted = _blank_is_no_zero()[match["name"].upper()]
        for index, span in enumerate(_arguments(formula, match.end())):
            if index < len(wanted) and wanted[index]:
                yield span


def _arguments(formula: str, start: int) -> Iterator[tuple[int, int]]:
    """Yield start and end of the arguments that begin behind an opening bracket."""
    depth, position, begin = 0, start, start
    while position < len(formula):
        skipped = _SKIPPED.match(formula, position)
        if skipped is not None:
            position = skipped.end()
            continue
        mark = formula[position]
        if mark in "({":
            depth += 1
        elif mark in ")}":
            if depth == 0:
                yield begin, position
                return
            depth -= 1
        elif mark in ",;" and depth == 0:
            yield begin, position
            begin = position + 1
        position += 1


@cache
def _calls() -> re.Pattern[str]:
    names = "|".join(sorted((re.escape(name) for name in _blank_is_no_zero()), key=len, reverse=True))
    return re.compile(rf"{_SKIPPED.pattern}|(?<![\w.])(?P<name>{names})\s*\(", re.IGNORECASE)


@cache
def _blank_is_no_zero() -> dict[str, tuple[bool, ...]]:
    """Return for each function's stored name which arguments know a blank from a 0."""
    return {
        stored_name(name): tuple(each.blank != "default" or each.default != 0 for each in function.parameters)
        for name, function in FUNCTIONS.items()
    }


@cache
def _gives_texts() -> frozenset[str]:
    """Return the stored names of the functions whose answers are texts, in an array where their data are one."""
    return frozenset(
        stored_name(name)
        for name, function in FUNCTIONS.items()
        if function.result.kind in ("word", "text") and function.result.shape != "value"
    )
