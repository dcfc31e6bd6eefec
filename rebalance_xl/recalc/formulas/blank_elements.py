"""Blank cells in arrays made of cells: what IF, FILTER, UNIQUE and their like hand on stays blank there.

The engine passes over them as it does in ranges. Excel counts them in COUNTA (``=COUNTA(UNIQUE(A1:A9))`` counts the
blank one among the others); whether they are numbers, zeros, for MIN, AVERAGE and others no source tells.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from ..native import marked, of_form
from ..native.careful import compare
from ..native.reading import number_of
from .careful_way import COMPARISONS, note
from .compiling import ByCell, Compiling, Out, Piece, call_of, listed, written
from .operands import bare, constant_text, is_call, literal, local_label, plain_name
from .parameter_classes import ARRAY
from .tree import Arguments, Call, Cells, Expression, Literal, Name

#: Functions that count or compare the cells they are given, and what makes arrays of cells. TAKE and DROP may give the
#: cells themselves.
_COUNTING: Final = marked("numbers") | {"COUNT", "COUNTA", "SMALL", "LARGE"}
_OF_CELLS: Final = (of_form("array") - {"TAKE", "DROP"}) | {"IF", "CHOOSE", "IFERROR", "IFNA"}
#: What hands on cells by a test, which has its place among the arguments.
_TESTING: Final = ("IF", "FILTER")
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
    name = plain_name(inner.name)
    first = c.expression(inner.arguments[0] or literal("0"), ARRAY) if inner.arguments else out
    if name in ("IF", "CHOOSE") and first.single:  # by a single test, what is chosen is the cells themselves
        return None
    if name in _TESTING and len(inner.arguments) > 1:
        handed_on = [pair for pair in _handed_on(c, inner, []) if not pair[0].single]

        def left(*cell: Any) -> str:
            texts = [
                [written(each, *cell).replace("$", "") for each in (of.pieces, *filled)] for of, filled in handed_on
            ]
            found = [of.read for (of, _), (own, *filled) in zip(handed_on, texts, strict=True) if own not in filled]
            return " ".join(written(each, *cell) for each in found)

        return Out(out.pieces, False, source=[ByCell(left)])
    return out if name in ("CHOOSE", "HSTACK", "VSTACK", "IFERROR", "IFNA") else first


def _handed_on(c: Compiling, call: Call, filled: list[list[Piece]]) -> Iterator[tuple[Out, list[list[Piece]]]]:
    """Yield the arrays that an IF or a FILTER gives cells of, and those whose cells are not blank where it does.

    The ones that are `filled` have no blank cells where it is asked.
    """
    results = [*call.arguments]
    test = results.pop(_TESTING.index(plain_name(call.name)))
    for otherwise, result in enumerate(results[:2] if is_call(call, ("IF",)) else results[:1]):
        inner = bare(result).single if result is not None else None
        known = [*filled, *_never_blank(c, test, bool(otherwise))]
        if isinstance(inner, Call) and is_call(inner, _TESTING) and len(inner.arguments) > 1:
            yield from _handed_on(c, inner, known if is_call(inner, ("IF",)) else [])
        elif result is not None:
            yield c.expression(result, ARRAY), known


def _never_blank(c: Compiling, test: Expression | None, otherwise: bool) -> Iterator[list[Piece]]:
    """Yield the arrays whose cells are not blank where a test, or each of some multiplied, is true, or otherwise."""
    items = bare(test).items if test is not None else []
    product = not otherwise and {item for item in items if isinstance(item, str)} == {"*"}
    factors = [bare(Expression([item])).items for item in items if item != "*"] if product else [items]
    for factor in factors:
        match factor:
            case [cells, str(sign), Literal() as constant] if sign in COMPARISONS and isinstance(cells, Cells):
                text = constant_text(constant)
                value = number_of(constant.text) if text is None else text
                known = value is not None and (text is None or sign in ("=", "<>"))
                answer = compare([[None]], sign, [[value]]) if known else None
            case [Call(name=name, arguments=[Expression(items=[cells])])] if plain_name(name) == "ISNUMBER":
                answer = False
            case _:
                continue
        if answer is otherwise and isinstance(cells, Cells):
            yield c.operand(cells, ARRAY).pieces
