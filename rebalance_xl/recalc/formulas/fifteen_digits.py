"""Formulas written out where Excel's 15 digits show: the noise of a last subtraction, and numbers within texts.

``=0.1+0.2-0.3`` is 0 in Excel, and ``=0.1+0.2&""`` is "0.3"; to the last bit they are 5.6E-17 and
"0.30000000000000004". Written out, a formula costs more, so only those are whose value shows such noise.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from .comparisons import COMPARISONS
from .operands import plain_name
from .tree import Call, Expression, Group, Literal, Operand, Ref

#: Functions that take numbers for texts, and their first and last parameter that is one.
_TAKE_TEXT: Final = {
    "CONCAT": (0, 255), "CONCATENATE": (0, 255), "TEXTJOIN": (2, 255), "LEFT": (0, 0), "RIGHT": (0, 0), "MID": (0, 0),
    "SUBSTITUTE": (0, 2), "REPLACE": (0, 0), "REPT": (0, 0), "TRIM": (0, 0), "UPPER": (0, 0), "LOWER": (0, 0),
}  # fmt: skip


def last_difference(expression: Expression) -> int | None:
    """Return where the addition or subtraction stands that a formula ends with, None when it ends otherwise.

    Parameters
    ----------
    expression : Expression
        A whole formula; within parentheses Excel keeps the noise.

    Returns
    -------
    int or None
    """
    items = expression.items
    signs = [item.strip() if isinstance(item, str) else "" for item in items]
    if any(sign == "&" or sign in COMPARISONS for sign in signs):
        return None
    places = [
        place
        for place in range(1, len(items))
        if signs[place] in ("+", "-") and (not isinstance(items[place - 1], str) or signs[place - 1] == "%")
    ]
    return places[-1] if places else None


def without_noise(sign: str) -> tuple[str, str, str]:
    """Return what stands before, between and after the sides of an addition or subtraction that may be noise."""
    result = f"rl_left{sign.strip()}rl_right"
    return "LET(rl_left,", ",rl_right,", f",IF(ABS({result})<=ABS(rl_right)*1E-15,0,{result}))"


def with_texts(expression: Expression) -> Expression:
    """Return an expression whose numbers become texts of 15 digits.

    Parameters
    ----------
    expression : Expression
        Any part of a formula.

    Returns
    -------
    Expression
    """
    items = [item if isinstance(item, str) else _operand(item) for item in expression.items]
    if not any(isinstance(item, str) and item.strip() == "&" for item in items):
        return Expression(items)
    found: list[str | Operand] = []
    part: list[str | Operand] = []
    sides: list[tuple[list[str | Operand], str]] = []
    for item in items:
        if isinstance(item, str) and (item.strip() == "&" or item.strip() in COMPARISONS):
            sides.append((part, item))
            part = []
        else:
            part.append(item)
    sides.append((part, ""))
    before = ""
    for side, after in sides:
        joined = before.strip() == "&" or after.strip() == "&"
        found.extend([_shown(Expression(side))] if joined else side)
        if after:
            found.append(after)
        before = after
    return Expression(found)


def _operand(operand: Operand) -> Operand:
    if isinstance(operand, Group):
        return Group([with_texts(member) for member in operand.members])
    if not isinstance(operand, Call):
        return operand
    arguments = [None if each is None else with_texts(each) for each in operand.arguments]
    first, last = _TAKE_TEXT.get(plain_name(operand.name), (0, -1))
    return Call(
        operand.name,
        [
            Expression([_shown(each)]) if each is not None and first <= place <= last and _is_one(each.items) else each
            for place, each in enumerate(arguments)
        ],
    )


def _is_one(items: Sequence[str | Operand]) -> bool:
    """Say whether a value is surely no range, which has to reach a function as it is."""
    return len(items) > 1 or (isinstance(items[0], Ref) and items[0].kind == "cell") or isinstance(items[0], Literal)


def _shown(expression: Expression) -> Operand:
    """Return what shows a value as a text: numbers in General format, everything else as it is."""
    single = expression.single
    if isinstance(single, Literal) and single.text.startswith(('"', "{")):
        return single
    general = Call("TEXT", [expression, Expression([Literal('"General"')])])
    return Call("IF", [Expression([Call("ISNUMBER", [expression])]), Expression([general]), expression])
