"""What the careful way does otherwise: it asks functions of the package where the engine's rules are not Excel's.

Both ways go through `ask` for every operand and argument of which the engine reads less than Excel does. The quick way
leaves the operand to the engine and notes the question; `evaluation.suspects` looks at the values that the operand
reads, and has the formulas computed the careful way where one of them matters. What an operand certainly gives (a
text, a truth value, a number, a whole number: one without noise) answers many a question at once.
"""

from __future__ import annotations

from typing import Final

from .compiling import Compiling, Out
from .parameter_classes import NUMBER, TEXT, TRUTH, WHOLE, WITH_CRITERIA

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
    if about == "SHOWN" and c.book.decimal_comma and c.calls.isdisjoint(READING):
        return c.say('IF(ISNUMBER({0}),SUBSTITUTE(RXL.SHOWN({0}),".",","),{0})', out)
    if about in _FIRST and out.single and len(out.pieces) < _SHORT:
        return c.say(f"IF({_FIRST[about]}({{0}}),{{0}},RXL.{about}({{0}}))", out)
    return c.say(f"RXL.{about}({{0}})", out)


def note(c: Compiling, about: str, *parts: Out) -> None:
    """Note that the careful way does something otherwise with parts of a formula, unless one of them tells that not."""
    if not c.careful and not any(part.gives in _SETTLED.get(about, ()) for part in parts):
        c.asked.setdefault(about, []).append(parts)
