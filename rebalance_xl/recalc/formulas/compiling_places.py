"""Names, INDIRECT, and what stands where a function wants a range: unions, several places at once, errors.

The engine takes an error in the place of a range for a range of one cell, in which it finds nothing or counts nothing;
Excel gives the error.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from ..native import marked, valued
from ..references import quoted_sheet
from . import tree
from .compiling import Compiling, Out, Piece
from .operands import (
    constant_text,
    has_array_constant,
    is_call,
    literal,
    local_label,
    operand_at,
    plain_name,
    sheet_name,
)
from .parameter_classes import ARRAY, REFERENCE, SAME_SIZE, VALUE, parameter_class
from .places import NAMED, PLACE, Places
from .repairs import repaired
from .tree import Arguments, Call, Expression, FormulaError, Group, Literal, Name, Operand, Ref, operands_in


def write_name(c: Compiling, name: Name, wanted: str) -> Out:
    """Return a name of LET or LAMBDA; another one, which was not written out, is unknown."""
    label = local_label(name.text)
    local = c.local(label)
    if local is not None:
        return local
    return Out(["#NAME?"] if label == name.text else [label], True)


def write_named(c: Compiling, named: tree.Named, wanted: str) -> Out:
    """Return what a defined name stands for, which is computed with whole arrays wherever it stands."""
    out = c.expression(named.formula, ARRAY)
    if wanted == VALUE and not out.single:
        return Out(["(@(", *out.pieces, "))"], True)
    return c.say("({0})", out) if len(out.pieces) > 1 else out


def several(c: Compiling, operand: Operand | None, wanted: str) -> list[Out] | None:
    """Return the references behind a union or a 3-D reference, None for anything else."""
    if isinstance(operand, Group):
        members = [member.single for member in operand.members]
        if len(members) == 1:
            return several(c, members[0], wanted)
        if None in members:
            raise FormulaError("a union of something that is not a reference")
        return [out for each in members if each for out in several(c, each, wanted) or [c.operand(each, wanted)]]
    if not isinstance(operand, Ref) or ":" not in sheet_name(operand.sheet):
        return None
    first, last = (c.book.sheet_index.get(end.lower()) for end in sheet_name(operand.sheet).split(":", 1))
    if first is None or last is None:
        raise FormulaError("a reference to sheets that do not exist")
    names = c.book.sheet_names[min(first, last) : max(first, last) + 1]
    return [c.operand(replace(operand, sheet=quoted_sheet(name) + "!"), wanted) for name in names]


#: The values of functions that answer as if there were none where they are errors.
_ASKED: Final = {name: tuple(map(int, places.split(","))) for name, places in valued("unseen").items()}
#: Functions that give references or errors, and are written out no more than this long once more.
_GIVE: Final = frozenset(("OFFSET", "INDIRECT", "INDEX"))
_LONGEST: Final = 1000


def refuse_places(name: str, argument: Expression, out: Out) -> None:
    """Refuse several places at once, where an argument is certainly an array: they would be an array of references."""
    single = argument.single
    constant = any(isinstance(item, Literal) and item.text.startswith("{") for item in operands_in(argument))
    named = name == "INDEX" and isinstance(single, Call) and plain_name(single.name) == "N" and constant
    several_at_once = name != "INDEX" and (out.size is not None or has_array_constant(argument))
    if named or (not out.single and several_at_once):
        raise FormulaError(f"{name} of several places at once")


def write_indirect(c: Compiling, call: Call, wanted: str, corners: bool = False) -> Out:
    """Return an INDIRECT that passes an error in its text on, which the engine takes for a wrong address."""
    place, choices = write_place(c, call, wanted, corners), ""
    if wanted in (VALUE, REFERENCE) and len(call.arguments) == 1 and not corners:
        place, choices = _choice(c, call.arguments[0], wanted == REFERENCE) or (place, "")
    once = wanted == VALUE and not corners
    known: list[Piece] = ["rl_place"] if once else place.pieces
    found = Out(["CHOOSE(" if choices else "INDIRECT(", *known, f"{choices})"], False)
    if once:
        return c.say("LET(rl_place,{0},IF(ISERROR(rl_place),rl_place,{1}))", place, found)
    return c.say("IF(ISERROR({0}),{0},{1})", place, found)  # a name of LET is no reference


def _choice(c: Compiling, text: Expression | None, areas: bool) -> tuple[Out, str] | None:
    """Return the number of what a text means among what names stand for, and these; None where there are none.

    Told what a text may mean, the engine need not find out, for which it plans all of its work anew and again.
    """
    first = text.items[0] if text is not None and text.items[1:2] in ([], ["&"]) else None
    start = (constant_text(first) if isinstance(first, Literal) else None) or ""
    choices = Places(c.book).choices(c.sheet, start, areas)
    if text is None or not choices:
        return None
    c.functions.add(NAMED)
    written = start.replace('"', '""')
    number = [NAMED, "(", *c.expression(text, VALUE).pieces, f',{c.sheet},"{written}",{str(areas).upper()})']
    # in small letters they are not taken for what is certainly read
    small = (sheet + mark + cells.lower() for sheet, mark, cells in (each.rpartition("!") for each in choices))
    return Out(number, False), "".join(f",{each}" for each in small)


def write_place(c: Compiling, call: Call, wanted: str = VALUE, corners: bool = False) -> Out:
    """Return the address that the text of an INDIRECT means, with corners where whole columns are to be written so."""
    text, *styles = call.arguments or [None]
    if text is None or len(styles) > 1:
        raise FormulaError("INDIRECT without a text")
    out = c.expression(text, VALUE)
    refuse_places("INDIRECT", text, c.expression(text, ARRAY) if wanted == ARRAY else out)
    style = (styles[0] or literal("FALSE")) if styles else literal("TRUE")
    pieces: list[Piece] = [PLACE, "(", *out.pieces, f",{c.sheet},", *c.expression(style, VALUE).pieces]
    c.functions.add(PLACE)
    if corners or style not in (literal("TRUE"), literal("1")):
        pieces.append(lambda row, column, _: f",{row},{column}")
    return Out([*pieces, ",TRUE)" if corners else ")"], False)


def seeing_faults(c: Compiling, name: str, arguments: Arguments, out: Out, wanted: str) -> Out:
    """Return a call that gives the error which stands in the place of a range it looks into."""
    written = repaired(name, arguments, c.careful) if name in _ASKED else arguments
    for place in _ASKED.get(name, ()):
        argument = written[place] if place < len(written) else None
        passed = name == "XLOOKUP" and not any(arguments[3:4])  # what is not found is #N/A, too
        if argument is not None and not (passed or isinstance(argument.single, Literal)):
            value = c.expression(argument, ARRAY if wanted == ARRAY else VALUE)
            out = c.say("IF(ISERROR({1}),{1},{0})", out, value)
    for place, argument in enumerate(arguments) if name in marked("looks-into") else ():
        looked = argument is not None and parameter_class(name, place) != VALUE
        fault = _fault(c, argument, name not in ("INDEX", "AGGREGATE")) if argument is not None and looked else None
        if fault is None:
            continue
        sought = arguments[0] if place == 1 and name not in SAME_SIZE else None
        answer = fault
        if sought is not None and not isinstance(sought.single, Literal):  # an error that is sought comes first
            answer = c.say("IF(ISERROR({1}),{1},{0})", fault, c.expression(sought, VALUE))
        out = c.say("IF(ISERROR({1}),{2},{0})", out, fault, answer)
    return out


def _fault(c: Compiling, argument: Expression, computed: bool) -> Out | None:
    """Return what is an error where an argument is one instead of cells, None where it is none for sure."""
    single = argument.single
    if isinstance(single, Literal) and single.text.startswith("#"):
        return Out([single.text], True)
    if isinstance(single, tree.Cells):
        place = c.operand(single, REFERENCE)
        return place if place.pieces == ["#REF!"] else None
    if not computed or not isinstance(single, Call) or plain_name(single.name) not in _GIVE:
        return None
    if is_call(single, ("INDIRECT",)):
        return write_place(c, single)
    if is_call(single, ("INDEX",)) and not isinstance(operand_at(single.arguments, 0), Ref | tree.Structured):
        return None  # of an array, which would be computed again and again
    place = c.operand(single, REFERENCE)
    if sum(len(piece) if isinstance(piece, str) else 10 for piece in place.pieces) > _LONGEST:
        return None
    return c.say("IF(AND(NOT(ISREF({0})),ROWS({0})*COLUMNS({0})=1),INDEX({0},1,1),0)", place)
