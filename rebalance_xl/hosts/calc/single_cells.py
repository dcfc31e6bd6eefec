"""Keeps blank cells blank: rewrites a single cell as a range of one cell where a blank means something.

Calc hands a single blank cell over to an add-in as 0, and a range with a blank cell as a range with a blank
cell. A blank target means "never trade this", a target of 0 "sell it all": the difference matters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from rebalance_xl.functions import FUNCTIONS
from rebalance_xl.hosts.calc.identity import stored_name

__all__ = ["keep_blanks"]

_CELL: Final = re.compile(r"(\s*)((?:\$?'(?:[^']|'')+'[.!]|\$?[A-Za-z_][\w]*[.!])?)(\$?[A-Z]{1,3}\$?[1-9]\d*)(\s*)")
_SKIPPED: Final = re.compile(r""""(?:[^"]|"")*"|'(?:[^']|'')*'|\[(?:[^\[\]]|\[[^\[\]]*\])*\]""")


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
    """
    done = []
    position = 0
    for start, end in _arguments_to_keep(formula):
        match = _CELL.fullmatch(formula, start, end)
        if match is not None:
            before, sheet, cell, after = match.groups()
            done += [formula[position:start], f"{before}{sheet}{cell}:{cell}{after}"]
            position = end
    return "".join([*done, formula[position:]])


def _arguments_to_keep(formula: str) -> Iterator[tuple[int, int]]:
    """Yield start and end of each argument in which a blank is no 0, from left to right."""
    for match in _calls().finditer(formula):
        if match["name"] is None:
            continue
        wanted = _blank_means_something()[match["name"].upper()]
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
    names = "|".join(sorted((re.escape(name) for name in _blank_means_something()), key=len, reverse=True))
    return re.compile(rf"{_SKIPPED.pattern}|(?<![\w.])(?P<name>{names})\s*\(", re.IGNORECASE)


@cache
def _blank_means_something() -> dict[str, tuple[bool, ...]]:
    """Return for each function's stored name which arguments know a blank from a 0."""
    return {
        stored_name(name): tuple(
            each.blank in ("row", "keep") and each.kind in ("number", "date") for each in function.parameters
        )
        for name, function in FUNCTIONS.items()
    }
