"""Calls of the package's own functions made ready, and completed: the workbook's model, today's date, gaps."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import get_close_matches
from itertools import chain, zip_longest
from typing import Any, Final

from ...cells import MISSING, CellError
from .array_sizes import as_large, joint, of_product
from .compiling import Compiling, Out, call_of
from .compiling_ranges import visible_rows
from .compiling_references import as_one_value, is_whole
from .names import Names
from .parameter_classes import ARRAY, ELEMENTWISE, REFERENCE, VALUE, gives_one_value, parameter_class
from .parser import parsed
from .places import implementation_in
from .tree import Arguments, Expression, FormulaError, Name

#: The text that stands for an argument that was not given; no user can type it.
MISSING_TEXT: Final = "\ue000not given"
_COLUMN: Final = re.compile(r"(\w+)\[([^\[\]]+)\]")


def argument_for_python(c: Compiling, argument: Expression | None, wanted: str) -> Out:
    """Return an argument of a Python function: whole columns and rows cut to the used area."""
    if argument is None:
        return _constant(MISSING_TEXT)
    out = c.expression(argument, ARRAY if is_whole(argument.single) and wanted != VALUE else wanted)
    return as_one_value(c, argument, out) if wanted == VALUE else out


def write_catalogue_call(c: Compiling, name: str, function: Any, arguments: Arguments, wanted: str) -> Out:
    """Return a call of a catalogue function, completed with what the workbook has for it, and with today's date."""
    from ...catalogue import context_arguments, model_arguments

    def called(inner: Any, *values: Any) -> Out:
        c.functions.add(inner.name)
        return Out(call_of(inner.name, _written(c, inner, values)), False)

    inside = ARRAY if wanted == ARRAY else REFERENCE
    given = [MISSING if argument is None else argument_for_python(c, argument, inside) for argument in arguments]
    in_order = len(given) <= len(function.parameters)
    values = _whole_book(c, function, given) if in_order and function.asks_book(given) else []
    if not values:
        values = model_arguments(function, given, lambda part: _in_model(c, part.text), called)
        for place, parameter in enumerate(function.parameters):
            if parameter.clock and not isinstance(values[place], Out):
                values[place] = Out(["TODAY()"], True)
        values += context_arguments(function, lambda part: _in_model(c, part.text)) if in_order else []
    outs = _written(c, function, values)
    shape = function.result.shape
    return Out(call_of(name, outs), shape == "value" or (shape == "data" and all(out.single for out in outs)))


def _in_model(c: Compiling, text: str) -> Any:
    """Return a column, table or name of the model, MISSING where the workbook lacks it."""
    try:
        expression = Names(c.book, c.sheet).written_out(parsed(text)[0])
        return MISSING if isinstance(expression.single, Name) else c.expression(expression, ARRAY)
    except FormulaError:
        return MISSING


def _written(c: Compiling, function: Any, values: Sequence[Any]) -> list[Out]:
    """Return arguments up to the last one that is not MISSING; what is left out as its default where that is plain."""
    outs: list[Out] = []
    last = max((place for place, value in enumerate(values) if value is not MISSING), default=-1)
    for value, parameter in zip_longest(values[: last + 1], (*function.parameters, *function.context)[: last + 1]):
        if isinstance(value, CellError):  # of what the workbook lacks
            value = f"{MISSING_TEXT}:{parameter.model}{_hint(c, parameter.model)}"
        elif value is MISSING:
            plain = parameter and parameter.kind in ("number", "word") and not parameter.sum_of and not parameter.clock
            known = plain and parameter.has_default and isinstance(parameter.default, str | float | int)
            value = parameter.default if known else MISSING_TEXT
        outs.append(value if isinstance(value, Out) else _constant(value))
    return outs


def _constant(value: Any) -> Out:
    return Out([f'"{value}"' if isinstance(value, str) else repr(float(value))], True)


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


def _whole_book(c: Compiling, function: Any, given: Sequence[Any]) -> list[Any]:
    """Return the arguments of a call that the whole book answers; nothing where the workbook lacks its table.

    They are the options as given, the mark, today where the function asks for a day, and each part of the book after
    its reference.
    """
    from ...catalogue import WHOLE_BOOK, asks_day, book_parts

    parts = [(reference, _in_model(c, reference)) for reference in book_parts(function)]
    if parts[0][1] is MISSING:
        return []
    # what is not given is the book's own setting, not the function's default
    options = [_constant(MISSING_TEXT) if each is MISSING else each for each in given]
    options += [_constant(MISSING_TEXT)] * (len(function.parameters) - len(given))
    day = Out(["TODAY()"], True) if asks_day(function) else _constant(MISSING_TEXT)
    known = [(_constant(reference), out) for reference, out in parts if out is not MISSING]
    return [*options, _constant(WHOLE_BOOK), day, *chain.from_iterable(known)]


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
