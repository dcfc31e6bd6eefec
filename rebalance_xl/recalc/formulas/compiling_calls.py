"""Calls of worksheet functions made ready: argument classes, arrays cell by cell, functions of the package."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ..native import marked, numbered, valued
from ..native.format_language import shows_names
from ..references import MAX_COLUMNS, MAX_ROWS
from . import compiling_ranges as in_file
from . import parameter_classes as classes
from . import whole_calls
from .array_sizes import alike, as_large, fitted, joint, once, unless
from .blank_elements import counting_blanks
from .careful_way import ask, note
from .compiling import Compiling, Out, Piece, call_of, listed
from .compiling_catalogue import write_catalogue_call, write_native_call
from .compiling_lambdas import lifted, write_caller, write_let
from .compiling_places import refuse_places, seeing_faults, several, write_indirect
from .compiling_references import as_one_value, first_of, has_arrays, is_whole, narrowed, unclipped
from .guards import approximately, exactly, guarded
from .lambdas import CALLERS
from .operands import bare, constant_text, has_array_constant, needs_python, operand_at, plain_name, whole_number
from .parameter_classes import ARRAY, REFERENCE, TEXT, TRUTH, VALUE, WITH_CRITERIA, engine_knows, parameter_class
from .places import implementation_in
from .repairs import repaired
from .tree import Arguments, Call, Cells, Expression, FormulaError, Literal, Ref, UnknownFunctionError

#: Functions of the engine that make texts longer than a cell holds, where Excel says #VALUE!.
_JOINING: Final = frozenset(("CONCAT", "CONCATENATE", "SUBSTITUTE"))
#: Functions of the engine for which blank cells behind all others make no difference.
_BLIND_TO_BLANKS: Final = frozenset(("AVERAGE", "COUNT", "COUNTA", "MAX", "MIN", "SUM"))


def write_call(c: Compiling, call: Call, wanted: str) -> Out:
    """Return a function call."""
    name = plain_name(call.name)
    c.calls.add(name)
    out = guarded(c, name, call.arguments, _answer(c, name, call, wanted), wanted)
    out = seeing_faults(c, name, call.arguments, out, wanted)
    computed = name in classes.REFERENCE_MAKERS and not any(map(has_array_constant, call.arguments))
    if wanted == VALUE and computed and not out.single:
        out = first_of(c, out)
    out.gives = classes.gives(name) or out.gives
    out.source = [] if out.gives == TRUTH else out.source
    return out


def _answer(c: Compiling, name: str, call: Call, wanted: str) -> Out:
    """Return a function call, which may take an error in the place of a range for an empty one."""
    arguments: Arguments = call.arguments
    if name in CALLERS and arguments:
        return write_caller(c, name, arguments)
    if name == "LET" and len(arguments) > 2:
        return write_let(c, arguments, wanted)
    shape = (constant_text(operand_at(arguments, 1)) or "" if name == "TEXT" else "").strip('"')
    if shape and shows_names(shape) and c.book.foreign_names:
        raise FormulaError("months and days have names of another language in this workbook")
    replacement = whole_calls.replaced(name, arguments)
    if replacement is not None:
        return c.expression(replacement, wanted)
    if name == "AGGREGATE" and in_file.hides_by_option(c, arguments):
        return c.expression(whole_calls.by_option(arguments), wanted)
    arguments = repaired(name, arguments if wanted == ARRAY else whole_calls.given_directly(name, arguments), c.careful)
    if len(arguments) >= numbered("beside").get(name, len(arguments) + 1) and needs_python(name, arguments):
        name = f"RXL.{name}"
    implementation = implementation_in(c.book, name)
    if hasattr(implementation, "parameters"):
        c.functions.add(name)
        return write_catalogue_call(c, name, implementation, arguments, wanted)
    if implementation is not None:
        out = write_native_call(c, name, arguments[:2] if name == "RXL.MATCH" else arguments, wanted)
        if name == "RXL.AGGREGATE":  # so that the engine sees a cell that AGGREGATE passes over
            return c.say("IF(TRUE,{0},SUBTOTAL(9,XFD1048576))", out)
        comma = shape.lower() == "general" and c.book.decimal_comma
        return c.say('SUBSTITUTE({0},".",",")', out) if comma else out
    told = in_file.told_by_the_file(c, name, arguments)
    if told is not None:
        return told
    if name in marked("distrusted") or not engine_knows(name):
        raise UnknownFunctionError(name)
    if name == "INDIRECT":
        return write_indirect(c, call, wanted)
    out = _known_call(c, name, arguments, wanted)
    if name in _DRAWN and c.draws.setdefault(id(call), len(c.draws)):
        drawn = _DRAWN[name].replace("RAND()", f"MOD(RAND()*{9973 + 2 * c.draws[id(call)]},1)")
        return c.say(drawn, out, *(c.expression(_given(each), VALUE) for each in arguments))
    return _of_one_size(c, name, arguments, out) if name in classes.SAME_SIZE else out


#: Random numbers after the first one in a formula: the engine draws once for each cell.
_DRAWN: Final = {"RAND": "RAND()", "RANDBETWEEN": "({0}*0-INT(-({1}))+INT(RAND()*(INT({2})+INT(-({1}))+1)))"}


def _given(argument: Expression | None) -> Expression:
    if argument is None:
        raise FormulaError("an argument is missing in the formula")
    return argument


def _of_one_size(c: Compiling, name: str, arguments: Arguments, out: Out) -> Out:
    """Return a call with criteria as #VALUE! where its ranges are not of one size."""
    given = [each for place, each in enumerate(arguments) if parameter_class(name, place) == REFERENCE]
    if len(given) < 2 or None in given:
        return out
    return alike(c, [c.expression(_given(each), REFERENCE) for each in given], out)


# --- functions of the engine, and what stands beside them ------------------------------------------------------


def _known_call(c: Compiling, name: str, arguments: Arguments, wanted: str) -> Out:
    """Return a call of a function that the engine has, or of what stands in for it where the engine goes wrong."""
    found = exactly(c, name, arguments, wanted)
    if found is not None:
        return found
    asked, given = name, arguments
    if whole_calls.looks_approximately(name, arguments):
        asked, given = f"RXL.{name}", arguments[: whole_calls.APPROXIMATE[name]]
    by_cell = lifted(c, asked, given) if wanted == ARRAY or any(has_arrays(c, each) for each in arguments) else None
    if by_cell is not None and name not in WITH_CRITERIA:
        return by_cell
    found = approximately(c, name, arguments, wanted, lambda: _engine_call(c, name, arguments, wanted))
    if found is not None:
        return found
    first = operand_at(arguments, 0)
    if len(arguments) == 1 and is_whole(first) and (name, first.kind) in (("ROWS", "columns"), ("COLUMNS", "rows")):
        return Out([str(MAX_ROWS if name == "ROWS" else MAX_COLUMNS)], True)
    if len(arguments) == 1 and name in ("ROWS", "COLUMNS") and isinstance(first, Ref) and first.kind == "range":
        return in_file.counted(c, name, first)
    asks = c.careful or any(map(whole_calls.asks_for_errors, arguments))
    if name in WITH_CRITERIA and (asks or (name == "COUNTIFS" and in_file.on_several_sheets(c, arguments))):
        # The engine gives an error that is asked for; Excel counts it.
        return _with_criteria(c, name, arguments, wanted)
    out = _seeing_errors(c, name, arguments, wanted, by_cell)
    if name in WITH_CRITERIA and isinstance(first, Ref) and first.kind == "range":
        # The engine takes a hundred times longer for a row of cells than for a column.
        across = _with_criteria(c, name, arguments, wanted)
        place = c.operand(first, REFERENCE)
        return unless(c, [place], lambda sizes: any(height == 1 < width for height, width in sizes), out, across)
    return ask(c, "FITTING", out) if name in _JOINING else out


def _with_criteria(c: Compiling, name: str, arguments: Arguments, wanted: str) -> Out:
    """Return a call with criteria that the package answers itself."""
    if name in ("SUMIF", "AVERAGEIF") and len(arguments) == 2:
        arguments = [*arguments, arguments[0]]
    native = "RXL.COUNTIFS" if name == "COUNTIF" else f"RXL.{name}"
    by_cell = lifted(c, native, arguments) if wanted == ARRAY or any(map(has_array_constant, arguments)) else None
    return by_cell or write_native_call(c, native, arguments, wanted)


def _seeing_errors(c: Compiling, name: str, arguments: Arguments, wanted: str, by_cell: Out | None) -> Out:
    """Return a call that the engine answers, unless the range that it sums holds errors, which it would pass over."""
    out = by_cell or _engine_call(c, name, arguments, wanted)
    if by_cell is not None:
        given = [c.expression(_given(each), ARRAY) for each in arguments]
        note(c, "CRITERIA", *[each for place, each in enumerate(given) if place != numbered("passes-over").get(name)])
    watched = numbered("passes-over").get(name, len(arguments))
    if name in ("SUMIF", "AVERAGEIF") and len(arguments) == 2:
        criterion = operand_at(arguments, 1)
        other = not isinstance(criterion, Literal) or (constant_text(criterion) or "").startswith("<>")
        watched = 0 if other else watched  # errors may meet it because they are something else
    summed = arguments[watched] if watched < len(arguments) else None
    if summed is not None and isinstance(summed.single, Cells):
        place = c.expression(summed, REFERENCE)
        if watched and name in ("SUMIF", "AVERAGEIF"):
            place = as_large(c.expression(_given(arguments[0]), REFERENCE), place)
        seen = _with_criteria(c, name, arguments, wanted)
        return c.say("IF(ISERROR(SUM({1})),{2},{0})", out, place, seen)
    return out


def _engine_call(c: Compiling, name: str, arguments: Arguments, wanted: str) -> Out:
    """Return a call of a function that the engine has."""
    places = range(len(arguments))
    given = [_engine_argument(c, name, place, arguments, wanted) for place in places]
    given = given if name in classes.CELL_BY_CELL else [once(c, each) for each in given]
    values = [place for place in places if parameter_class(name, place) != REFERENCE or name in classes.TRANSPARENT]
    single = classes.gives_one_value(name, all(given[place].single for place in values))
    if name in WITH_CRITERIA:
        note(c, "CRITERIA", *[out for place, out in enumerate(given) if place != numbered("passes-over").get(name)])
    if name in classes.CELL_BY_CELL:
        return _passing(name, given, _each_cell(c, name, given, single))
    if name in ("SUMIF", "AVERAGEIF") and in_file.on_several_sheets(c, arguments):
        return Out(call_of(f"{name}S", [as_large(given[0], given[2]), *given[:2]]), single)
    ends, named = c.careful and single and name in marked("ends"), list[Piece]()
    for place in [place for place in values if ends and len(given[place].pieces) > 1]:
        named += [f"rl_{place},", *given[place].pieces, ","]  # what is computed is written once
        given[place] = Out([f"rl_{place}"], True, None, given[place].gives, given[place].read)
    called = name
    if name == "SUBTOTAL" and whole_number(operand_at(arguments, 0)) in (2, 102):
        called, given[:1] = "AGGREGATE", [Out(["2"], True), Out(["2"], True)]  # errors are no numbers
    call = _passing(name, given, Out(call_of(called, given), single))
    call = counting_blanks(c, called, arguments, given, call)
    by_one = len(arguments) == 2 and arguments[1] is not None and whole_number(operand_at(arguments, 1)) != 0
    if name == "INDEX" and by_one and isinstance(operand_at(arguments, 0), Cells):  # which must be one row or column
        call = unless(c, given[:1], lambda sizes: any(min(size) > 1 for size in sizes), call, Out(["#REF!"], True))
    if name == "SUMPRODUCT":
        call = unless(c, given, lambda sizes: len(set(sizes)) > 1, call, Out(["#VALUE!"], True))
    if c.careful and single and given and classes.gives(name) == classes.NUMBER:
        call = c.say("({0}+0)", call)  # what is infinite is an error for operators only
    if ends:
        text = "LET({2}rl_fault,RXL.FAULT({1}),IF(ISERROR(rl_fault),rl_fault,{0}))"
        return c.say(text, call, Out(listed(given), True), Out(named, True))
    answer = valued("caught").get(name)  # of #N/A, the careful way alone asks
    asked = answer and (c.careful or name not in ("ISNA", "ISERR")) and any(map(whole_calls.may_end, arguments[:1]))
    return c.say(f"IFERROR({{0}},{answer})", call) if asked else call


def _passing(name: str, given: Sequence[Out], out: Out) -> Out:
    """Return a call, which gives one of its arguments where the function passes them through."""
    passed = given[classes.TRANSPARENT.get(name, len(given)) :]
    if passed:
        out.gives = passed[0].gives if len({each.gives for each in passed}) == 1 else ""
        out.source = listed([Out(each.read, True) for each in passed])
    return out


def _engine_argument(c: Compiling, name: str, position: int, arguments: Arguments, wanted: str) -> Out:
    """Return an argument of a function that the engine has; what is left out is what the engine takes it for."""
    argument = arguments[position]
    if argument is None:
        return Out([classes.gap_default(name, position)], True)
    inner, kind = argument.single, parameter_class(name, position)
    if (wanted == ARRAY and not (kind == REFERENCE and is_whole(inner))) or (name, wanted) == ("TRANSPOSE", REFERENCE):
        kind = ARRAY
    if position >= classes.TRANSPARENT.get(name, len(arguments)):
        kind = wanted
    places = several(c, inner, kind) if name in marked("list") else None
    if places is not None:
        return Out(listed(places), True)
    if name in ("SUBTOTAL", "AGGREGATE") and position:
        visible = in_file.visible_rows(c, name, arguments, argument)
        if visible is not None:
            return visible
    if name in _BLIND_TO_BLANKS and isinstance(inner, Ref) and inner.kind == "range" and "XFD" in str(inner.last):
        return narrowed(c, inner)
    if name in ("INDEX", "OFFSET") and position == 0:
        if name == "INDEX" and is_whole(inner) and not c.depth:
            return unclipped(c, inner)
        kind = ARRAY if name == "INDEX" and whole_calls.is_computed_array(argument) else REFERENCE
    long = in_file.as_long_as_others(c, name, arguments, inner) if kind != VALUE else None
    out = long if long is not None else c.expression(argument, kind)
    out = as_one_value(c, argument, out) if kind == VALUE else out
    if name in ("OFFSET", "INDEX") and position:
        refuse_places(name, argument, out)
    if name == "SUMPRODUCT":  # texts and truth values are 0 there, also those that read as numbers
        inner = bare(argument).single
        if out.gives in (TEXT, TRUTH) or isinstance(inner, Literal):
            return c.say("RXL.NUMERIC({0})", out)
        return ask(c, "NUMERIC", out)
    if wanted == ARRAY and name in ("AND", "OR", "XOR") and "&" in argument.items:
        # a text made of cells is an array, whose texts they pass over
        return c.say("IF({{TRUE}},{0})", out) if any(isinstance(item, Cells) for item in argument.items) else out
    return out


def _each_cell(c: Compiling, name: str, given: Sequence[Out], single: bool) -> Out:
    """Return a call that the engine makes cell by cell, on arrays that fit each other."""
    arrays = [out for out in given if not out.single]
    chosen = name == "IF" and bool(given) and given[0].single
    if chosen or len(arrays) < 2:
        return Out(call_of(name, given), single, None if chosen else joint(arrays))
    pattern = f"{name}({','.join(f'{{{place}}}' for place in range(len(given)))})"
    pieces = fitted(c, given, pattern, 0 if name == "IF" else None)
    return Out(pieces, single, joint(arrays))
