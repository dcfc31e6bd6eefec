"""Formulas made ready for the engine: only A1 references, no names, no tables, every argument in its place.

Every operand is written by its kind (`WRITERS`), every argument by its parameter's class. One shape (see `text`) is
worked out once per sheet and rendered for every cell that has it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from . import fifteen_digits
from .array_sizes import joint, of_constant, operated
from .book_view import BookView
from .compiling import Compiling, Out, Template, Writer, merged
from .compiling_calls import write_call
from .compiling_lambdas import write_invoke
from .compiling_names import write_name
from .compiling_ranges import sheets_in
from .compiling_references import write_at, write_reference, write_span, write_spilled, write_structured
from .guards import with_powers, write_power
from .parameter_classes import ARRAY, VALUE
from .repairs import as_shown
from .tree import (
    At,
    Call,
    Expression,
    FormulaError,
    Group,
    Invoke,
    Items,
    Literal,
    Name,
    Power,
    Ref,
    Span,
    Spilled,
    Structured,
)

#: An operand of fewer pieces is a reference or little more, which may be written more than once.
_SHORT: Final = 3
#: What a sign of order is with its sides exchanged.
_TURNED: Final = str.maketrans("<>", "><")


def compiled(book: BookView, sheet: int, expression: Expression, mode: str, careful: bool) -> Template:
    """Return the template of a whole formula."""
    c = Compiling(book, sheet, WRITERS, careful=careful)
    c.together = sheets_in(c, expression, whole=True)
    out = _whole(c, expression, mode) if careful else write_expression(c, expression, mode)
    pieces = ["@(", *out.pieces, ")"] if mode == VALUE and not out.single else out.pieces
    return Template(merged(pieces), out.single, c.layout, frozenset(c.functions))


def _whole(c: Compiling, expression: Expression, mode: str) -> Out:
    """Return a whole formula computed the careful way: what its last subtraction leaves over may be noise."""
    place = fifteen_digits.last_difference(expression.items) if mode == VALUE else None
    if place is not None:
        sides = expression.items[:place], expression.items[place + 1 :]
        left, right = (
            _number(c, _items(c, side, VALUE)) if len(side) == 1 else _items(c, side, VALUE) for side in sides
        )
        if left.single and right.single:
            return c.say(fifteen_digits.difference(str(expression.items[place])), left, right)
    return write_expression(c, expression, mode)


def _number(c: Compiling, out: Out) -> Out:
    """Return an operand of arithmetic as a number, also where it is a text that reads as one."""
    if out.single and len(out.pieces) < _SHORT:  # the engine asks itself faster
        return c.say("IF(ISTEXT({0}),RXL.NUMBER({0}),{0})", out)
    return c.say("RXL.NUMBER({0})", out)


def write_expression(c: Compiling, expression: Expression, wanted: str) -> Out:
    """Return operands with the operators between them."""
    single = expression.single
    if single is not None:
        return c.operand(single, wanted)
    inside = ARRAY if wanted == ARRAY else VALUE
    if c.careful and fifteen_digits.has_sign(expression.items, "&"):
        expression = _with_texts(expression)
    sides = fifteen_digits.compared_sides(expression.items, c.careful, c.bound)
    if sides is None:
        return _items(c, expression.items, inside)
    left, right, sign = _items(c, sides[0], inside), _items(c, sides[2], inside), str(sides[1][0])
    ends = [
        out.single and fifteen_digits.is_computed(side, c.bound) for out, side in ((left, sides[0]), (right, sides[2]))
    ]
    if c.careful or (left.single and right.single) or (any(ends) and sign in ("=", "<>")):
        pieces = c.say(f'RXL.COMPARE({{0}},"{sign}",{{1}})', left, right).pieces
    else:  # an array in an order with one number that is computed, which is moved to the end of its 15 digits
        signs = (sign.translate(_TURNED), sign)
        outs = [
            c.say(f'RXL.BOUND({{0}},"{each}")', out) if end else out
            for out, end, each in zip((left, right), ends, signs, strict=True)
        ]
        pieces = operated(c, outs, ["", sign, ""])
    return Out(pieces, left.single and right.single, joint([left, right]))


def _with_texts(expression: Expression) -> Expression:
    """Return an expression whose numbers become texts of 15 digits where they are joined."""
    parts = fifteen_digits.split_at(expression.items, fifteen_digits.COMPARISONS | {"&"})
    for place in range(0, len(parts), 2):
        if ["&"] in parts[max(place - 1, 0) : place + 2]:
            parts[place] = as_shown(Expression(parts[place])).items
    return Expression([item for part in parts for item in part])


def _items(c: Compiling, items: Items, inside: str) -> Out:
    """Return operators and operands made ready in their order."""
    outs: list[Out] = []
    between = [""]
    items = with_powers(items, c.careful)
    for place, item in enumerate(items):
        if isinstance(item, str):
            between[-1] += item
            continue
        out = c.operand(item, inside)
        outs.append(_number(c, out) if c.careful and fifteen_digits.in_arithmetic(items, place) else out)
        between.append("")
    result = Out(operated(c, outs, between), all(out.single for out in outs), joint(outs))
    return c.say("RXL.FITTING({0})", result) if c.careful and fifteen_digits.has_sign(items, "&") else result


def _write_literal(c: Compiling, literal: Literal, wanted: str) -> Out:
    array = literal.text.startswith("{")
    return Out([literal.text], not array, of_constant(literal.text) if array else None)


def _write_group(c: Compiling, group: Group, wanted: str) -> Out:
    if len(group.members) > 1:
        raise FormulaError("a union of references is not supported here")
    return c.say("({0})", write_expression(c, group.members[0], wanted))


WRITERS: Final[Mapping[type, Writer]] = {
    Expression: write_expression,
    Literal: _write_literal,
    Group: _write_group,
    Ref: write_reference,
    Name: write_name,
    Structured: write_structured,
    At: write_at,
    Spilled: write_spilled,
    Span: write_span,
    Power: write_power,
    Call: write_call,
    Invoke: write_invoke,
}
