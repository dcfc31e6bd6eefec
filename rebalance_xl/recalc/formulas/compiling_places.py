"""INDIRECT made ready, and several places at once refused, which would be an array of references."""

from __future__ import annotations

from .compiling import Compiling
from .operands import has_array_constant, plain_name
from .parameter_classes import ARRAY, VALUE
from .places import PLACE
from .template import Out, Piece
from .tree import Call, Expression, FormulaError, Literal


def _has_constant(call: Call) -> bool:
    """Say whether an array constant stands anywhere in a call."""
    items = [item for argument in call.arguments if argument is not None for item in argument.items]
    return any(
        _has_constant(item) if isinstance(item, Call) else isinstance(item, Literal) and item.text.startswith("{")
        for item in items
    )


def refuse_places(name: str, argument: Expression, out: Out) -> None:
    """Refuse several places at once: they would be an array of references.

    Raises
    ------
    FormulaError
        The argument is certainly an array.
    """
    single = argument.single
    named = name == "INDEX" and isinstance(single, Call) and plain_name(single.name) == "N" and _has_constant(single)
    several_at_once = name != "INDEX" and (out.size is not None or has_array_constant(argument))
    if named or (not out.single and several_at_once):
        raise FormulaError(f"{name} of several places at once")


def write_indirect(c: Compiling, call: Call, wanted: str, corners: bool = False) -> Out:
    """Return an INDIRECT that passes an error in its text on, which the engine takes for a wrong address."""
    place = write_place(c, call, wanted, corners)
    whole = ["INDIRECT(", *place, ")"]
    if any(isinstance(piece, str) and "INDIRECT(" in piece for piece in place):
        return Out(whole, False)  # one within the other: to write each of them twice would double with every level
    return Out(["IF(ISERROR(", *place, "),", *place, ",", *whole, ")"], False)


def write_place(c: Compiling, call: Call, wanted: str = VALUE, corners: bool = False) -> list[Piece]:
    """Return the address that the text of an INDIRECT means, with corners where whole columns are to be written so."""
    if not call.arguments or call.arguments[0] is None or len(call.arguments) > 2:
        raise FormulaError("INDIRECT without a text")
    style = call.arguments[1] if len(call.arguments) > 1 else None
    chosen = ["FALSE"] if len(call.arguments) > 1 else ["TRUE"]
    text = c.expression(call.arguments[0], VALUE)
    refuse_places("INDIRECT", call.arguments[0], c.expression(call.arguments[0], ARRAY) if wanted == ARRAY else text)
    pieces: list[Piece] = [PLACE, "(", *text.pieces, f",{c.sheet},"]
    pieces += chosen if style is None else c.expression(style, VALUE).pieces
    c.functions.add(PLACE)
    if corners:
        return [*pieces, lambda row, column, _: f",{row},{column},TRUE)"]
    if chosen == ["TRUE"] or (style is not None and isinstance(style.single, Literal) and style.single.text in _A1):
        return [*pieces, ")"]
    return [*pieces, lambda row, column, _: f",{row},{column})"]


#: What says that the text of an INDIRECT is of the kind A1.
_A1 = frozenset(("TRUE", "1"))
