"""What the careful way does otherwise: it asks functions of the package where the engine's rules are not Excel's.

Both ways go through `ask` for every operand and argument of which the engine reads less than Excel does. The quick way
leaves the operand to the engine and notes the question; `evaluation.suspects` looks at the values that the operand
reads, and has the formulas computed the careful way where one of them matters. What an operand certainly gives (a
text, a truth value, a number, a whole number: one without noise) answers many a question at once.

Where 15 digits show formulas are written otherwise: ``0.7+0.2+0.1=1`` is TRUE in Excel, ``=0.1+0.2-0.3`` is 0, and
``=0.1+0.2&""`` is "0.3"; to the last bit they are FALSE, 5.6E-17 and "0.30000000000000004". Computed so, a formula
costs more, so only comparisons with arithmetic or a total in them are, and the others where a value shows such noise.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Final

from ..native import marked
from .compiling import Compiling, Out
from .operands import local_label, plain_name
from .parameter_classes import NUMBER, TEXT, TRUTH, WHOLE, WITH_CRITERIA, names_in
from .tree import Call, Expression, Group, Items, Name, Operand

#: The questions, and what answers each at once. An operand of arithmetic is read as a number, so is an argument (of
#: which the engine reads fewer texts), a test is a truth value; what is joined is shown in 15 digits and fits in
#: a cell, characters are counted in what is shown, texts in products are 0, errors are not counted, and numbers and
#: letters are compared, and looked for, as Excel does.
_SETTLED: Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys(("NUMBER", "ARGUMENT", "NUMERIC"), (NUMBER, WHOLE)),
    "TRUTH": (NUMBER, WHOLE, TRUTH),
    "SHOWN": (TEXT, WHOLE, TRUTH),
    "COUNTED": (WHOLE, TRUTH),
    "COMPARE": (TEXT, TRUTH),
    "LOGICAL": (NUMBER, WHOLE, TEXT),
    **dict.fromkeys(("LETTERS", "ORDER"), (NUMBER, WHOLE, TRUTH)),
    **dict.fromkeys(("IN COLUMN", "IN LINE"), (TEXT, TRUTH)),
}
#: What makes a number of a text again that was made of one, which the point serves here.
READING: Final = WITH_CRITERIA.union(("VALUE", "NUMBERVALUE", "INDIRECT"))
#: What the engine is asked about one value first, because it tells faster than a call of Python.
_FIRST: Final = {"NUMBER": "ISNUMBER", "SHOWN": "ISTEXT"}
#: An operand of fewer pieces is a reference or little more, which may be written more than once.
_SHORT: Final = 3


def ask(c: Compiling, about: str, out: Out) -> Out:
    """Return an operand as the careful way reads it, as it is in the quick way, which notes the question."""
    note(c, about, out)
    if not c.careful or (out.gives in _SETTLED.get(about, ()) and (about, out.gives) != ("SHOWN", WHOLE)):
        return out  # a whole number that is shown may be a -0, which a text tells by itself
    about = "NUMBER" if about == "ARGUMENT" else about
    if about == "COUNTABLE":
        # a text is counted that was computed, but none that may stand in a cell
        if out.gives:
            return c.say('IFERROR({0},"")', out)
        one, more = 'IF(ISNUMBER({0}),{0},"")', 'IF(ISREF({0}),{0},IFERROR({0},""))'
        return c.say(one if out.single else more, out)
    if about in ("SHOWN", "COUNTED") and c.book.decimal_comma and c.calls.isdisjoint(READING):
        other = "{0}" if about == "SHOWN" else "RXL.COUNTED({0})"
        return c.say(f'IF(ISNUMBER({{0}}),SUBSTITUTE(RXL.SHOWN({{0}}),".",","),{other})', out)
    if about in _FIRST and out.single and len(out.pieces) < _SHORT:
        return c.say(f"IF({_FIRST[about]}({{0}}),{{0}},RXL.{about}({{0}}))", out)
    return c.say(f"RXL.{about}({{0}})", out)


def note(c: Compiling, about: str, *parts: Out) -> None:
    """Note that the careful way does something otherwise with parts of a formula, unless one of them tells that not."""
    if not c.careful and not any(part.gives in _SETTLED.get(about, ()) for part in parts):
        c.asked.setdefault(about, []).append(parts)


# --- fifteen digits ---------------------------------------------------------------------------------------------------

COMPARISONS: Final = frozenset(("=", "<>", "<", ">", "<=", ">="))
_ARITHMETIC: Final = frozenset("+-*/^%")
_BEFORE_OPERANDS: Final = COMPARISONS | frozenset("+-*/^&")
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
    return name in marked("noisy") or any(is_computed(each.items, bound) for each in handed_on)


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
