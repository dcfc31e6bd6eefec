"""Criteria as worksheets write them: ">=10", "<>East", "G*", "=", TRUE, and wildcards."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

from rebalance_xl.cells import CellError
from rebalance_xl.recalc.native.arguments import is_number
from rebalance_xl.recalc.native.reading import number_of

_OPERATOR = re.compile(r"(<=|>=|<>|<|>|=)?(.*)", re.DOTALL)
_COMPARE: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}
_ERRORS: Final = ("#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A")


@lru_cache(maxsize=1024)
def wildcard(pattern: str, whole: bool = True) -> re.Pattern[str]:
    """Return the expression of a pattern in which * and ? are wildcards and ~ takes their meaning away.

    Parameters
    ----------
    pattern
        The pattern, in any case.
    whole
        Whether the whole text must match; otherwise its beginning.
    """
    parts = []
    index = 0
    while index < len(pattern):
        sign = pattern[index]
        if sign == "~" and pattern[index + 1 : index + 2] in ("*", "?", "~"):
            index += 1
            parts.append(re.escape(pattern[index]))
        else:
            parts.append(".*" if sign == "*" else "." if sign == "?" else re.escape(sign))
        index += 1
    return re.compile("".join(parts) + (r"\Z" if whole else ""), re.IGNORECASE | re.DOTALL)


def matcher(criterion: Any, begins: bool = False) -> Callable[[Any], bool]:
    """Return a test that tells whether a cell meets a criterion.

    Parameters
    ----------
    criterion
        A value, or text with an operator before it.
    begins
        Whether text without an operator means "begins with", as in the database functions.
    """
    if isinstance(criterion, str):
        return _text_matcher(criterion, begins)
    if criterion is None:
        criterion = 0.0
    if isinstance(criterion, bool):
        return lambda cell: isinstance(cell, bool) and cell == criterion
    if isinstance(criterion, CellError):
        return lambda cell: isinstance(cell, CellError) and cell == criterion
    return lambda cell: _number(cell) == criterion


def _number(cell: Any) -> float | None:
    """Return the number in a cell, also when it is text, None when there is none."""
    if is_number(cell):
        return float(cell)
    return number_of(cell) if isinstance(cell, str) else None


def _text_matcher(criterion: str, begins: bool) -> Callable[[Any], bool]:
    match = _OPERATOR.fullmatch(criterion)
    assert match is not None
    sign, operand = match[1] or "", match[2]
    if sign in ("", "="):
        return _equal(operand, begins and not sign, bare=not sign)
    if sign == "<>":
        if not operand:
            return lambda cell: cell is not None
        same = _equal(operand, False, bare=False)
        number = number_of(operand)
        if number is not None:
            return lambda cell: not (is_number(cell) and cell == number)
        return lambda cell: not same(cell)
    compare = _COMPARE[sign]
    number = number_of(operand)
    if number is not None:
        return lambda cell: is_number(cell) and compare(cell, number)
    if operand.upper() in ("TRUE", "FALSE"):
        flag = operand.upper() == "TRUE"
        return lambda cell: isinstance(cell, bool) and compare(cell, flag)
    bound = operand.lower()
    return lambda cell: bool(bound) and isinstance(cell, str) and compare(cell.lower(), bound)


def _equal(operand: str, begins: bool, bare: bool) -> Callable[[Any], bool]:
    if not operand:
        return (lambda cell: cell in (None, "")) if bare else (lambda cell: cell is None)
    number = number_of(operand)
    if number is not None:
        return lambda cell: _number(cell) == number
    if operand.upper() in ("TRUE", "FALSE"):
        flag = operand.upper() == "TRUE"
        return lambda cell: isinstance(cell, bool) and cell == flag
    if operand.upper() in _ERRORS:
        return lambda cell: isinstance(cell, CellError) and cell.code == operand.upper()
    expression = wildcard(operand, not begins)
    return lambda cell: isinstance(cell, str) and expression.match(cell) is not None
