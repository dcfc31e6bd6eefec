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
from .operands import has_array_constant, is_call, literal, local_label, operand_at, plain_name, sheet_name
from .parameter_classes import ARRAY, REFERENCE, SAME_SIZE, VALUE, parameter_class
from .parser import parsed
from .places import PLACE
from .repairs import filled, repaired
from .tree import Arguments, Call, Expression, FormulaError, Group, Literal, Name, Operand, Ref, operands_in

#: What a name stands for is not written out beyond so many characters: names of names can double with each.
LONGEST: Final = 100_000


def defined(c: Compiling, name: Name) -> tuple[int, str] | None:
    """Return the scope and the text of a defined name, None when there is none."""
    scopes = [c.sheet, -1]
    if name.sheet.startswith("["):
        link = name.sheet[1:].partition("]")[0]
        scopes = [-1 - int(link)] if link.isdigit() else []
    elif name.sheet:
        found = c.book.sheet_index.get(sheet_name(name.sheet).lower())
        scopes = [-1] if found is None else [found, -1]
    for scope in scopes:
        text = c.book.names.get((scope, name.text.lower()))
        if text is not None:
            return scope, text
    return None


def expanded(c: Compiling, name: str, found: tuple[int, str]) -> tuple[Compiling, Expression]:
    """Return the formula that a defined name stands for, and what makes it ready in the place of the name."""
    key = (found[0], name.lower())
    if key in c.expanding:
        raise FormulaError(f"the name {name} refers to itself")
    expression, references = parsed(found[1])
    return c.fork((*c.expanding, key), references), expression


def meant(c: Compiling, operand: Operand | None) -> tuple[Compiling, Operand | None]:
    """Return what a name stands for and what makes it ready, anything else as it is."""
    if not isinstance(operand, Name) or operand.text.lower() in c.locals:
        return c, operand
    found = defined(c, operand)
    if found is None or not found[1] or (found[0], operand.text.lower()) in c.expanding:
        return c, operand
    inner, expression = expanded(c, operand.text, found)
    return meant(inner, expression.single)


def with_arrays(c: Compiling, expression: Expression) -> Expression:
    """Return a formula with the array constants that names stand for: they are arrays in every formula."""
    named = {each.sheet + each.text: meant(c, each)[1] for each in operands_in(expression) if isinstance(each, Name)}
    arrays = {
        name: Expression([stands_for])
        for name, stands_for in named.items()
        if isinstance(stands_for, Literal) and stands_for.text.startswith("{")
    }
    return (filled(expression, arrays) if arrays else None) or expression


def write_name(c: Compiling, name: Name, wanted: str) -> Out:
    """Return what a defined name, a table or a local name stands for."""
    label = local_label(name.text)
    local = c.local(label)
    if local is not None:
        return local
    if label != name.text:
        return Out([label], True)
    found = defined(c, name)
    if found is None and name.sheet.startswith("["):
        raise FormulaError("a name of another workbook that is not cached")
    if found is None and label.lower() in c.book.package.tables:
        return c.operand(tree.Structured(label, None), wanted)
    if found is None or not found[1]:
        return Out(["#NAME?"], True)
    inner, expression = expanded(c, name.text, found)
    # The formula of a name is an array formula wherever the name stands; a mere reference is used as one.
    formula = not isinstance(expression.single, Ref | Name | tree.Structured | tree.Spilled | tree.Span | Group)
    out = inner.expression(expression, ARRAY if formula else wanted)
    if sum(len(piece) for piece in out.pieces if isinstance(piece, str)) > LONGEST:
        raise FormulaError(f"what the name {name.text} stands for is too long")
    if formula and wanted == VALUE and not out.single:
        out = Out(["@(", *out.pieces, ")"], True)
    c.absorb(inner)
    return c.say("({0})", out) if len(out.pieces) > 1 or inner.functions else out


def several(c: Compiling, operand: Operand | None, wanted: str) -> list[Out] | None:
    """Return the references behind a union or a 3-D reference, None for anything else."""
    inner, stands_for = meant(c, operand)
    if inner is not c:
        outs = several(inner, stands_for, wanted)
        c.absorb(inner)
        return outs
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
    place = write_place(c, call, wanted, corners)
    if wanted == VALUE and not corners:
        return c.say("LET(rl_place,{0},IF(ISERROR(rl_place),rl_place,INDIRECT(rl_place)))", place)
    return c.say("IF(ISERROR({0}),{0},INDIRECT({0}))", place)  # a name of LET is no reference


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
    if isinstance(single, Ref | tree.Structured | Name):
        written = c.operand(single, REFERENCE).pieces
        return Out(["#REF!"], True) if [each for each in written if each not in ("(", ")")] == ["#REF!"] else None
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
