"""Comparisons of computed numbers to 15 significant digits, as Excel makes them.

``0.7+0.2+0.1=1`` is FALSE to the last bit and TRUE in Excel. Only comparisons with arithmetic or a total in them are
written out this way: others compare values that nobody computed there and then, and cost as little as they did.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from .operands import plain_name
from .tree import (
    Call,
    Expression,
    Group,
    Literal,
    Operand,
)

COMPARISONS: Final = frozenset(("=", "<>", "<", ">", "<=", ">="))
_ARITHMETIC: Final = frozenset("+-*/^%")
_TOTALS: Final = frozenset(
    ("SUM", "SUMPRODUCT", "SUMIF", "SUMIFS", "SUBTOTAL", "AVERAGE", "AVERAGEIF", "AVERAGEIFS", "PRODUCT", "NPV")
)
_NEAR: Final = "IF(ISNUMBER(rl_left),IF(ISNUMBER(rl_right),ABS(rl_left-rl_right)<=ABS(rl_right)*1E-15,FALSE),FALSE)"
_TESTS: Final = {
    **{sign: f"IF(rl_left{sign}rl_right,TRUE,{_NEAR})" for sign in ("=", "<=", ">=")},
    **{sign: f"IF(rl_left{sign}rl_right,NOT({_NEAR}),FALSE)" for sign in ("<>", "<", ">")},
}


def in_arithmetic(items: Sequence[str | Operand], place: int) -> bool:
    """Say whether an operand that is not a plain number is added, multiplied or the like."""
    operand = items[place]
    if isinstance(operand, Literal) and not operand.text.startswith(('"', "{")):
        return False
    beside = [*items[max(place - 1, 0) : place], *items[place + 1 : place + 2]]
    return any(isinstance(item, str) and item.strip() in _ARITHMETIC for item in beside)


def comparison_at(items: Sequence[str | Operand], each: bool = False) -> int | None:
    """Return where a comparison with a computed number stands among the items of an expression, None elsewhere.

    Parameters
    ----------
    items : sequence
        Operators and operands.
    each : bool
        Whether every comparison of two sides counts.

    Returns
    -------
    int or None
    """
    places = [index for index, item in enumerate(items) if isinstance(item, str) and item.strip() in COMPARISONS]
    if len(places) != 1:
        return None
    left, right = items[: places[0]], items[places[0] + 1 :]
    if not left or not right:
        return None
    if each:
        return places[0]
    if _is_text(left) or _is_text(right):
        return None
    return places[0] if _is_computed(left) or _is_computed(right) else None


def _is_text(items: Sequence[str | Operand]) -> bool:
    return any(
        item.strip() == "&" if isinstance(item, str) else isinstance(item, Literal) and item.text.startswith('"')
        for item in items
    )


def _is_computed(items: Sequence[str | Operand]) -> bool:
    operands = [item for item in items if not isinstance(item, str)]
    if len(operands) > 1:
        return any(isinstance(item, str) and item.strip() in _ARITHMETIC for item in items)
    only = operands[0] if operands else None
    if isinstance(only, Group):
        return any(isinstance(member, Expression) and _is_computed(member.items) for member in only.members)
    return isinstance(only, Call) and plain_name(only.name) in _TOTALS


def written_out(sign: str) -> tuple[str, str, str]:
    """Return what stands before, between and after the two sides of a comparison to 15 digits."""
    return "LET(rl_left,", ",rl_right,", f",{_TESTS[sign.strip()]})"
