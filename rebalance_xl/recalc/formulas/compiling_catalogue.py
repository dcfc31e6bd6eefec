"""Calls of the package's own functions made ready, and completed: the workbook's model, today's date, gaps."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any, Final

from .array_sizes import as_large, joint, of_product
from .compiling import Compiling, Out, call_of
from .compiling_ranges import visible_rows
from .compiling_references import as_one_value, is_whole
from .names import Names
from .operands import operand_at
from .parameter_classes import ARRAY, ELEMENTWISE, REFERENCE, VALUE, gives_one_value, implementation, parameter_class
from .parser import parsed
from .places import implementation_in
from .tree import Arguments, Call, Expression, FormulaError, Name

#: The text that stands for an argument that was not given; no user can type it.
MISSING_TEXT: Final = "\ue000not given"
_COLUMN: Final = re.compile(r"(\w+)\[([^\[\]]+)\]")


def argument_for_python(c: Compiling, argument: Expression | None, wanted: str) -> Out:
    """Return an argument of a Python function: whole columns and rows cut to the used area."""
    if argument is None:
        return _text(MISSING_TEXT)
    out = c.expression(argument, ARRAY if is_whole(argument.single) and wanted != VALUE else wanted)
    return as_one_value(c, argument, out) if wanted == VALUE else out


def _text(content: str) -> Out:
    return Out([f'"{content}"'], True)


def write_catalogue_call(c: Compiling, name: str, function: Any, arguments: Arguments, wanted: str) -> Out:
    """Return a call of a catalogue function, completed."""
    inside = ARRAY if wanted == ARRAY else REFERENCE
    given = [None if argument is None else argument_for_python(c, argument, inside) for argument in arguments]
    declared = (*function.parameters, *function.context)
    filled = _completed(c, function, given, typed=True)
    outs = [out or _omitted(declared[place] if place < len(declared) else None) for place, out in enumerate(filled)]
    shape = function.result.shape
    return Out(call_of(name, outs), shape == "value" or (shape == "data" and all(out.single for out in outs)))


def write_native_call(c: Compiling, name: str, arguments: Arguments, wanted: str) -> Out:
    """Return a call of a function that the package implements beside the engine."""
    c.functions.add(name)
    function: Any = implementation_in(c.book, name)
    outs: list[Out] = []
    values: list[Out] = []
    for position, argument in enumerate(arguments):
        ranged = function.takes_range(position)
        array = wanted == ARRAY or parameter_class(name, position) == ARRAY
        kind = ARRAY if array else REFERENCE if ranged else VALUE
        shown = visible_rows(c, name, arguments, argument) if (name, position) == ("RXL.AGGREGATE", 2) else None
        out = shown or argument_for_python(c, argument, kind)
        if position == 2 and name in ("RXL.SUMIF", "RXL.AVERAGEIF"):
            out = as_large(argument_for_python(c, arguments[0], kind), out)
        outs.append(out)
        values += [] if ranged else [out]
    single = gives_one_value(name, all(out.single for out in values))
    size = joint(values) if name in ELEMENTWISE else of_product(outs) if name == "MMULT" else None
    return Out(call_of(name, outs), single, size)


def _omitted(parameter: Any) -> Out:
    """Return an omitted argument: its default where that is a plain constant."""
    plain = parameter and parameter.kind in ("number", "word") and not parameter.sum_of and not parameter.clock
    if plain and parameter.has_default and isinstance(parameter.default, str | float | int):
        default = parameter.default
        return _text(default) if isinstance(default, str) else Out([repr(float(default))], True)
    return _text(MISSING_TEXT)


def _completed(c: Compiling, function: Any, given: Sequence[Out | None], typed: bool) -> list[Out | None]:
    """Return a call's arguments (None for one that was not given) with those that hosts supply.

    A call that is typed, rather than one in the model, also gets today's date, and says what the workbook lacks.
    """
    parameters = function.parameters
    in_order = len(given) <= len(parameters)
    if in_order and function.asks_book(given, None):
        whole = _whole_book(c, function, given, typed)
        if whole:
            return whole
    filled: list[Out | None] = list(given) + [None] * (len(parameters) - len(given))
    empty = function.has_model and all(out is None for out, each in zip(filled, parameters, strict=False) if each.data)
    for position, parameter in enumerate(parameters):
        if filled[position] is None and parameter.model and empty:
            filled[position] = write_model(c, parameter.model)
            if filled[position] is None and typed and parameter.required and not parameter.clock:
                filled[position] = _text(f"{MISSING_TEXT}:{parameter.model}{_hint(c, parameter.model)}")
        if filled[position] is None and parameter.clock and typed:
            filled[position] = Out(["TODAY()"], True)
    if in_order:
        filled += [write_model(c, parameter.model) for parameter in function.context]
    while filled and filled[-1] is None:
        filled.pop()
    return filled


def _whole_book(c: Compiling, function: Any, given: Sequence[Out | None], typed: bool) -> list[Out | None]:
    """Return the arguments of a call that the whole book answers; nothing where the workbook lacks its table.

    They are the options as given, the mark, today where the function asks for a day, and each part of the book after
    its reference.
    """
    from ...catalogue import WHOLE_BOOK, asks_day, book_parts

    parts: list[Out | None] = []
    for place, reference in enumerate(book_parts(function)):
        out = write_model(c, reference)
        if out is not None:
            parts += [_text(reference), out]
        elif not place:
            return []
    blank = _text(MISSING_TEXT)  # its default is the book's own setting, not the function's
    options = [out or blank for out in (*given, *[None] * (len(function.parameters) - len(given)))]
    return [*options, _text(WHOLE_BOOK), Out(["TODAY()"], True) if asks_day(function) else blank, *parts]


def _hint(c: Compiling, model: str) -> str:
    """Name the table or column that a missing one of the model was probably meant to be."""
    for name, column in _COLUMN.findall(model):
        table = c.book.package.tables.get(name.lower())
        if table is None:
            kind, wanted, known = "table", name, [each.name for each in c.book.package.tables.values()]
        elif column.lower() not in table.lookup:
            kind, wanted, known = "column", column, list(table.columns)
        else:
            continue
        for near in get_close_matches(wanted, known, 1):
            return f"; did you mean the {kind} {near.replace(chr(34), chr(39))}, which is to be called {wanted}?"
    return ""


def write_model(c: Compiling, text: str) -> Out | None:
    """Return a model expression made ready, None when the workbook lacks what it names."""
    try:
        return _model_of(c, Names(c.book, c.sheet).written_out(parsed(text)[0]))
    except FormulaError:
        return None


def _model_of(c: Compiling, expression: Expression | None) -> Out | None:
    """Return an expression of the model made ready, None when the workbook lacks something."""
    operand = operand_at([expression], 0)
    if expression is None or isinstance(operand, Name):  # which is not known
        return None
    if not isinstance(operand, Call):
        return c.expression(expression, ARRAY)
    function = implementation(operand.name)
    filled = _completed(c, function, [_model_of(c, argument) for argument in operand.arguments], typed=False)
    if any(each.required and out is None for each, out in zip(function.parameters, filled, strict=False)):
        return None
    c.functions.add(operand.name)
    return Out(call_of(operand.name, [out or _text(MISSING_TEXT) for out in filled]), False)
