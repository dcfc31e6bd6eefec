"""Formulas made ready for the engine: only A1 references, no names, no tables, every argument in its place.

Every operand is written by its kind (`WRITERS`), every argument by its parameter's class. One shape (see `text`) is
worked out once per sheet and rendered for every cell that has it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from . import careful_way, tree
from .array_sizes import joint, of_constant, operated
from .book_view import BookView
from .careful_way import ask, note
from .compiling import Cell, Compiling, Out, Piece, Template, Writer, merged
from .compiling_calls import write_call
from .compiling_lambdas import write_invoked
from .compiling_places import write_name, write_named
from .compiling_ranges import sheets_in
from .compiling_references import is_whole, write_at, write_reference, write_span, write_spilled, write_structured
from .guards import with_powers
from .names import Names
from .parameter_classes import ARRAY, NUMBER, TEXT, TRUTH, VALUE, WHOLE
from .tree import Expression, FormulaError, Group, Items, Literal

#: Numbers that are written with no more signs have no more than 15 digits.
LONGEST_NUMBER: Final = 15


def compiled(book: BookView, sheet: int, cell: Cell, expression: Expression, mode: str, careful: bool) -> Template:
    """Return the template of a whole formula in a cell and others like it."""
    c = Compiling(book, sheet, WRITERS, cell, careful)
    expression = Names(book, sheet).written_out(expression)
    c.together = sheets_in(c, expression, whole=True)
    out = _whole(c, expression, mode)
    pieces = ["@(", *out.pieces, ")"] if mode == VALUE and not out.single else out.pieces
    functions, calls = frozenset(c.functions), frozenset(c.calls)
    return Template(merged(pieces), out.single, c.layout, functions, calls, c.asked, c.conditions)


def _whole(c: Compiling, expression: Expression, mode: str) -> Out:
    """Return a whole formula; what its last subtraction leaves over may be noise, which the careful way sees."""
    place = careful_way.last_difference(expression.items) if mode == VALUE else None
    if place is not None and not c.careful:
        note(c, "NOISE", Out([], True))
    elif place is not None:
        sides = expression.items[:place], expression.items[place + 1 :]
        left, right = (ask(c, "NUMBER", _computed(c, side, VALUE)) for side in sides)
        if left.single and right.single:
            return c.say(careful_way.difference(str(expression.items[place])), left, right)
    return write_expression(c, expression, mode)


def write_expression(c: Compiling, expression: Expression, wanted: str) -> Out:
    """Return operands with the operators between them."""
    single = expression.single
    if expression.asks:
        given = Expression(expression.items)
        out = write_expression(c, given, ARRAY if c.careful and is_whole(single) and wanted != VALUE else wanted)
        for about in expression.asks:
            out = ask(c, about, out)
        return out
    if single is not None:
        return c.operand(single, wanted)
    inside = ARRAY if wanted == ARRAY else VALUE
    parts = careful_way.split_at(expression.items, careful_way.COMPARISONS)
    sides, signs = parts[::2], [str(sign) for (sign,) in parts[1::2]]
    outs = [_joined(c, side, inside) for side in sides]
    if not signs:
        return outs[0]
    c.calls.add("=")
    pieces = _compared(c, sides, outs, signs[0]) if len(outs) == 2 else operated(c, outs, ["", *signs, ""])
    return Out(pieces, all(out.single for out in outs), joint(outs), TRUTH, [])


def _compared(c: Compiling, sides: Sequence[Items], outs: Sequence[Out], sign: str) -> list[Piece]:
    """Return the comparison of two sides: to 15 digits the careful way, and where one of them is computed."""
    texts = any(out.gives == TEXT for out in outs)
    both = list(zip(outs, sides, strict=True))
    ends = [out.single and not texts and careful_way.is_computed(side, c.bound) for out, side in both]
    if c.careful or any(ends):
        return c.say(f'RXL.COMPARE({{0}},"{sign}",{{1}})', *outs).pieces
    for about in ("COMPARE", "LETTERS", *(["ORDER"] if sign not in ("=", "<>") else [])):
        note(c, about, *outs)
    return operated(c, outs, ["", sign, ""])


def _joined(c: Compiling, items: Items, inside: str) -> Out:
    """Return what is joined by &: numbers become texts of 15 digits."""
    parts = careful_way.split_at(items, {"&"})[::2]
    if len(parts) == 1:
        return _computed(c, items, inside)
    outs = [ask(c, "SHOWN", _computed(c, part, inside)) for part in parts]
    pieces = operated(c, outs, ["", *"&" * (len(parts) - 1), ""])
    return ask(c, "FITTING", Out(pieces, all(out.single for out in outs), joint(outs), TEXT))


def _computed(c: Compiling, items: Items, inside: str) -> Out:
    """Return operators and operands made ready in their order."""
    outs: list[Out] = []
    between = [""]
    items = with_powers(items)
    for place, item in enumerate(items):
        if isinstance(item, str):
            between[-1] += item
            continue
        out = c.operand(item, inside)
        outs.append(ask(c, "NUMBER", out) if careful_way.in_arithmetic(items, place) else out)
        between.append("")
    if {*between} <= {"", "+"} and len(outs) == 1:
        return c.say("{0}".join(between), *outs)
    return Out(operated(c, outs, between), all(out.single for out in outs), joint(outs), NUMBER)


def _write_literal(c: Compiling, literal: Literal, wanted: str) -> Out:
    text = literal.text
    if text.startswith("{"):
        all_texts = not any(part.strip("{},;") for part in text.split('"')[::2])
        return Out([text], False, of_constant(text), TEXT if all_texts else "")
    constant = TRUTH if text.upper() in ("TRUE", "FALSE") else NUMBER if len(text) > LONGEST_NUMBER else WHOLE
    return Out([text], True, None, TEXT if text.startswith('"') else constant)


def _write_group(c: Compiling, group: Group, wanted: str) -> Out:
    if len(group.members) > 1:
        raise FormulaError("a union of references is not supported here")
    return c.say("({0})", write_expression(c, group.members[0], wanted))


WRITERS: Final[Mapping[type, Writer]] = {
    Expression: write_expression,
    Literal: _write_literal,
    Group: _write_group,
    tree.Ref: write_reference,
    tree.Name: write_name,
    tree.Named: write_named,
    tree.Structured: write_structured,
    tree.At: write_at,
    tree.Spilled: write_spilled,
    tree.Span: write_span,
    tree.Call: write_call,
    tree.Invoke: write_invoked,
}
