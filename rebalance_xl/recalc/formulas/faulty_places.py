"""Errors that stand where a function wants a range: deleted references, and references that cannot be computed.

The engine takes such an error for a range of one cell, in which it finds nothing or counts nothing; Excel gives the
error.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from .compiling import Compiling
from .compiling_places import write_place
from .operands import plain_name
from .parameter_classes import ARRAY, REFERENCE, SAME_SIZE, VALUE, parameter_class
from .template import Out, Piece
from .tree import Call, Expression, Literal, Name, Ref, Structured

#: The arguments that functions look into.
LOOK_INTO: Final[dict[str, tuple[int, ...]]] = {
    "MATCH": (1,), "XMATCH": (1,), "VLOOKUP": (1,), "HLOOKUP": (1,), "LOOKUP": (1, 2), "INDEX": (0,), "COUNTIF": (0,),
    "COUNTBLANK": (0,), "ROWS": (0,), "COLUMNS": (0,), "RANK": (1,), "RANK.EQ": (1,), "RANK.AVG": (1,),
    "SUMIF": (0, 2), "AVERAGEIF": (0, 2), "AGGREGATE": (2,), **dict.fromkeys(SAME_SIZE, ()),
}  # fmt: skip
#: The values of functions that answer as if there were none where they are errors.
ASKED: Final[dict[str, tuple[int, ...]]] = {
    **dict.fromkeys(("SMALL", "LARGE", "PERCENTILE", "PERCENTILE.INC", "PERCENTILE.EXC"), (1,)),
    **dict.fromkeys(("QUARTILE", "QUARTILE.INC", "QUARTILE.EXC"), (1,)),
    **dict.fromkeys(("PERCENTRANK", "PERCENTRANK.INC", "PERCENTRANK.EXC"), (2, 1)),
    **dict.fromkeys(("RANK", "RANK.EQ", "RANK.AVG"), (2, 0)),
    **dict.fromkeys(("FORECAST", "FORECAST.LINEAR"), (0,)),
}

#: Functions that give references or errors, and are written out no more than this long once more.
_GIVE: Final = frozenset(("OFFSET", "INDIRECT", "INDEX"))
_LONGEST: Final = 1000


def seeing_faults(c: Compiling, name: str, arguments: Sequence[Expression | None], out: Out, wanted: str) -> Out:
    """Return a call that gives the error which stands in the place of a range it looks into."""
    for place in ASKED.get(name, ()):
        argument = arguments[place] if place < len(arguments) else None
        if argument is not None and not isinstance(argument.single, Literal):
            value = c.expression(argument, ARRAY if wanted == ARRAY else VALUE).pieces
            out = Out(["IF(ISERROR(", *value, "),", *value, ",", *out.pieces, ")"], out.single, out.size)
    if name not in LOOK_INTO:
        return out
    for place in LOOK_INTO[name] or [n for n in range(len(arguments)) if parameter_class(name, n) == REFERENCE]:
        argument = arguments[place] if place < len(arguments) else None
        fault = None if argument is None else _fault(c, argument, name not in ("INDEX", "AGGREGATE"))
        if fault is None:
            continue
        sought = arguments[0] if place == 1 and name not in SAME_SIZE else None
        answer = fault
        if sought is not None and not isinstance(sought.single, Literal):  # an error that is sought comes first
            value = c.expression(sought, VALUE).pieces
            answer = ["IF(ISERROR(", *value, "),", *value, ",", *fault, ")"]
        out = Out(["IF(ISERROR(", *fault, "),", *answer, ",", *out.pieces, ")"], out.single, out.size)
    return out


def _fault(c: Compiling, argument: Expression, computed: bool) -> list[Piece] | None:
    """Return what is an error where an argument is one instead of cells, None where it is none for sure."""
    single = argument.single
    if isinstance(single, Literal) and single.text.startswith("#"):
        return [single.text]
    if isinstance(single, Ref | Structured | Name):
        written = c.operand(single, REFERENCE).pieces
        return ["#REF!"] if [piece for piece in written if piece not in ("(", ")")] == ["#REF!"] else None
    if not computed or not isinstance(single, Call) or plain_name(single.name) not in _GIVE:
        return None
    if plain_name(single.name) == "INDIRECT":
        return write_place(c, single)
    first = single.arguments[0] if single.arguments else None
    if plain_name(single.name) == "INDEX" and (first is None or not isinstance(first.single, Ref | Structured)):
        return None  # of an array, which would be computed again and again
    place = c.operand(single, REFERENCE).pieces
    if sum(len(piece) if isinstance(piece, str) else 10 for piece in place) > _LONGEST:
        return None
    one = ["AND(NOT(ISREF(", *place, ")),ROWS(", *place, ")*COLUMNS(", *place, ")=1)"]
    return ["IF(", *one, ",INDEX(", *place, ",1,1),0)"]
