"""Formulas written otherwise where 15 digits show: comparisons, the noise of a last subtraction, numbers in texts.

``0.7+0.2+0.1=1`` is TRUE in Excel, ``=0.1+0.2-0.3`` is 0, and ``=0.1+0.2&""`` is "0.3"; to the last bit they are FALSE,
5.6E-17 and "0.30000000000000004". Computed so, a formula costs more, so only comparisons with arithmetic or a total in
them are, and the others only where a value shows such noise (the careful way).
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Final

from .operands import local_label, plain_name
from .parameter_classes import names_in
from .tree import Call, Expression, Group, Items, Name, Operand

COMPARISONS: Final = frozenset(("=", "<>", "<", ">", "<=", ">="))
_ARITHMETIC: Final = frozenset("+-*/^%")
_BEFORE_OPERANDS: Final = COMPARISONS | frozenset("+-*/^&")
_TOTALS: Final = names_in(
    "SUM SUMPRODUCT SUMIF SUMIFS SUBTOTAL AVERAGE AVERAGEIF AVERAGEIFS PRODUCT NPV POWER SQRT MOD"
)
#: Functions that give one of their arguments as it was computed, or but for its sign.
_HANDED_ON: Final = names_in("ABS IF IFERROR MAX MEDIAN MIN")


def has_sign(items: Items, signs: Container[str]) -> bool:
    """Say whether one of some operators stands among items."""
    return any(isinstance(item, str) and item in signs for item in items)


def split_at(items: Items, signs: Container[str]) -> list[list[str | Operand]]:
    """Return the items between some operators, and each of these by itself between them."""
    parts: list[list[str | Operand]] = [[]]
    for item in items:
        if isinstance(item, str) and item in signs:
            parts += [[item], []]
        else:
            parts[-1].append(item)
    return parts


# --- comparisons ------------------------------------------------------------------------------------------


def is_computed(items: Items, bound: Mapping[str, Expression]) -> bool:
    """Say whether a number may have digits beyond the 15th because arithmetic or a total is its last step."""
    operands = [item for item in items if not isinstance(item, str)]
    if len(operands) > 1:
        return has_sign(items, _ARITHMETIC)
    only = operands[0] if operands else None
    if isinstance(only, Group):
        return any(is_computed(member.items, bound) for member in only.members)
    if isinstance(only, Name):
        given = bound.get(local_label(only.text).lower())
        return given is not None and is_computed(given.items, {})
    if not isinstance(only, Call):
        return False
    name = plain_name(only.name)
    handed_on = [each for each in only.arguments if each is not None and name in _HANDED_ON]
    return name in _TOTALS or any(is_computed(each.items, bound) for each in handed_on)


# --- the last subtraction ---------------------------------------------------------------------------------


def in_arithmetic(items: Items, place: int) -> bool:
    """Say whether an operand is added, multiplied or the like; a plus before it alone gives it as it is."""
    begins = place == 1 or has_sign(items[place - 2 : place - 1], _BEFORE_OPERANDS)
    before = place if not place or (begins and items[place - 1] == "+") else place - 1
    return has_sign([*items[before:place], *items[place + 1 : place + 2]], _ARITHMETIC)


def last_difference(items: Items) -> int | None:
    """Return where the addition or subtraction stands that a formula ends with, None when it ends otherwise.

    Within parentheses Excel keeps the noise.
    """
    if has_sign(items, COMPARISONS | {"&"}):
        return None
    signs = [place for place in range(1, len(items)) if items[place] in ("+", "-")]
    places = [place for place in signs if not isinstance(items[place - 1], str) or items[place - 1] == "%"]
    return places[-1] if places else None


def difference(sign: str) -> str:
    """Return the addition or subtraction of two values as 0 where it is noise."""
    result = f"rl_left{sign}rl_right"
    return f"LET(rl_left,{{0}},rl_right,{{1}},IF(ABS({result})<=ABS(rl_right)*1E-15,0,{result}))"
