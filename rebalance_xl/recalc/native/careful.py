"""Arithmetic and comparisons as Excel makes them to the last rule, for formulas that are computed the careful way.

The engine adds and compares faster; these are asked where that may show: texts that read as numbers, and numbers that
differ beyond the 15 digits that Excel looks at.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import eq, ge, gt, le, lt, ne
from typing import Any, Final

from rebalance_xl.cells import CellError
from rebalance_xl.recalc.native.faults import UNDECIDED
from rebalance_xl.recalc.native.reading import number_of
from rebalance_xl.recalc.native.registry import worksheet

#: How the reason begins where a text may be a number that only its author's system can read.
AMBIGUOUS: Final = "a text that may be a number or a date elsewhere"
_TESTS: Final[dict[str, Callable[[Any, Any], bool]]] = {"=": eq, "<>": ne, "<": lt, ">": gt, "<=": le, ">=": ge}


@worksheet("RXL.NUMBER", kinds="any")
def number(value: Any) -> Any:
    """Return an operand of arithmetic as a number: a text as VALUE reads it, a blank as 0, TRUE as 1."""
    if value is None:
        return 0.0
    if isinstance(value, bool | int):
        return float(value)
    if not isinstance(value, str):
        return value
    found = number_of(value)
    if found is not None:
        return found
    if any(map(str.isdigit, value)):
        return CellError(UNDECIDED, f"{AMBIGUOUS}: {value[:40]!r}")
    return CellError("#VALUE!", f"{value[:40]!r} is no number")


@worksheet("RXL.UNKNOWN", kinds="text")
def unknown(what: str) -> Any:
    """Return what stands for a value that the file does not tell: the cell keeps what it holds."""
    return CellError(UNDECIDED, f"it cannot be known from the file: {what}")


@worksheet("RXL.COMPARE", kinds="any text any")
def compare(left: Any, sign: str, right: Any) -> Any:
    """Return whether a comparison holds: numbers to 15 digits, texts in any case, numbers before texts before FALSE."""
    for side in (left, right):
        if isinstance(side, CellError):
            return side
    if sign not in _TESTS:
        return CellError("#VALUE!", f"{sign!r} compares nothing")
    left, right = _filled(left, right), _filled(right, left)
    kinds = _rank(left), _rank(right)
    if kinds[0] != kinds[1]:
        return _TESTS[sign](*kinds)
    return _TESTS[sign](_key(left), _key(right))


def _filled(value: Any, other: Any) -> Any:
    """Return a value, a blank as the empty value of what it is compared with."""
    if value is not None:
        return value
    return "" if isinstance(other, str) else False if isinstance(other, bool) else 0.0


def _rank(value: Any) -> int:
    return 2 if isinstance(value, bool) else 1 if isinstance(value, str) else 0


def _key(value: Any) -> Any:
    if isinstance(value, str):
        return value.casefold()
    return value if isinstance(value, bool) else float(f"{value:.14e}")
