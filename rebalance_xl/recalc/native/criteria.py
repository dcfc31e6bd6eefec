"""Criteria as worksheets write them: ">=10", "<>East", "G*", "=", TRUE, and wildcards."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

from rebalance_xl.cells import CellError
from rebalance_xl.recalc.native.arguments import is_number
from rebalance_xl.recalc.native.reading import number_of, typed_number

_OPERATOR = re.compile(r"(<=|>=|<>|<|>|=)?(.*)", re.DOTALL)
#: What a number can be written with that the engine does not read in a criterion.
_SPELLED = re.compile(r"[%$€£¥(,/]|\d-\d")
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


def plain_criterion(criterion: str) -> str:
    """Return a criterion whose number is written plainly and whose quotation marks the engine leaves as they are.

    The engine reads plain numbers and dates, but neither percent, thousands, money nor brackets, and takes quotation
    marks around a text away, one pair without an operator and two with one.

    >>> plain_criterion(">1,000"), plain_criterion("<>20%"), plain_criterion("(5)"), plain_criterion("East")
    ('>1000', '<>0.2', '-5', 'East')
    """
    match = _OPERATOR.fullmatch(criterion)
    assert match is not None
    sign, operand = match[1] or "", match[2]
    if len(operand) > 1 and operand[0] == operand[-1] == '"':
        return f'{sign}""{operand}""' if sign in ("=", "<>") else f'"{operand}"' if not sign else criterion
    if not operand or not _SPELLED.search(operand):
        return criterion
    number = typed_number(operand)
    return criterion if number is None else sign + repr(number).removesuffix(".0")
