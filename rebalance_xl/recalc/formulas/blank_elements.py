"""Blank cells in arrays made of cells: what IF, FILTER, UNIQUE and their like hand on stays blank there.

The engine passes over them as it does in ranges. Excel counts them in COUNTA (``=COUNTA(UNIQUE(A1:A9))`` counts the
blank one among the others); whether they are numbers, zeros, for MIN, AVERAGE and others no source tells.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ..native import marked, of_form
from .careful_way import note
from .compiling import Compiling, Out, call_of, listed
from .operands import bare, literal, local_label, plain_name
from .parameter_classes import ARRAY
from .tree import Arguments, Call, Expression, Name

#: Functions that count or compare the cells they are given, and what makes arrays of cells. TAKE and DROP may give the
#: cells themselves.
_COUNTING: Final = marked("numbers") | {"COUNT", "COUNTA", "SMALL", "LARGE"}
_OF_CELLS: Final = (of_form("array") - {"TAKE", "DROP"}) | {"IF", "CHOOSE", "IFERROR", "IFNA"}
#: What the careful way makes of a call ({2}) with arrays ({1}, named in {0}); {3} is the same with 0 for blank cells.
_UNLESS_BLANK: Final = (
    "LET({0},IF(RXL.HOLES({1}),IF(IFERROR({2}={3},ISERROR({2})*ISERROR({3})),{2},"
    'RXL.UNKNOWN("whether blank cells in an array count as 0")),{2}))'
)


def counting_blanks(c: Compiling, name: str, arguments: Arguments, given: Sequence[Out], call: Out) -> Out:
    """Return a call, whose arguments are also given ready, with what has to be asked about blank cells in arrays."""
    found = [_made_of_cells(c, *pair) for pair in zip(arguments, given, strict=True)] if name in _COUNTING else []
    sources = [each for each in found if each is not None]
    if sources:
        note(c, "FILLED", *sources)
    if not sources or not c.careful:
        return call
    names = {place: Out([f"rl_cells{place}"], False) for place, each in enumerate(found) if each is not None}
    values = Out(listed([each for place, label in names.items() for each in (label, given[place])]), call.single)
    known, zeros = list(given), list(given)
    for place, label in names.items():
        known[place], zeros[place] = label, c.say("RXL.FILLED({0})", label)
    counted = Out(call_of(name, zeros), call.single)
    if name == "COUNTA":
        return c.say("LET({0},{1})", values, counted)
    return c.say(_UNLESS_BLANK, values, Out(listed([*names.values()]), False), Out(call_of(name, known), True), counted)


def _made_of_cells(c: Compiling, argument: Expression | None, out: Out) -> Out | None:
    """Return what an argument has its cells from where it is an array in which the blank ones stay, else None."""
    inner = bare(argument).single if argument is not None and not out.single else None
    if isinstance(inner, Name) and local_label(inner.text).lower() in c.bound:
        return _made_of_cells(c, c.bound[local_label(inner.text).lower()], out)
    if not isinstance(inner, Call) or plain_name(inner.name) not in _OF_CELLS:
        return None
    first = c.expression(inner.arguments[0] or literal("0"), ARRAY) if inner.arguments else out
    if plain_name(inner.name) in ("IF", "CHOOSE"):  # by a single test, what is chosen is the cells themselves
        return None if first.single else out
    return out if plain_name(inner.name) in ("HSTACK", "VSTACK", "IFERROR", "IFNA") else first
