"""Calls of the package's own functions made ready, also those without arguments."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any, Final

from .compiling import Compiling, call_of
from .compiling_references import defined, is_whole
from .implementations import implementation
from .model_calls import fill_model, missing_text, omitted_text
from .operands import operand_at
from .parameter_classes import ARRAY, REFERENCE, VALUE
from .parser import parsed
from .template import Out
from .tree import Call, Expression, FormulaError, Name

_COLUMN: Final = re.compile(r"(\w+)\[([^\[\]]+)\]")


def argument_for_python(c: Compiling, argument: Expression, wanted: str) -> Out:
    """Return an argument of a Python function: whole columns and rows cut to the used area."""
    inner = argument.single
    return c.expression(argument, ARRAY if is_whole(inner) and wanted != VALUE else wanted)


def write_catalogue_call(
    c: Compiling, name: str, function: Any, arguments: Sequence[Expression | None], wanted: str
) -> Out:
    """Return a call of a catalogue function, completed."""
    inside = ARRAY if wanted == ARRAY else REFERENCE
    filled = fill_model(
        function,
        [None if argument is None else argument_for_python(c, argument, inside) for argument in arguments],
        lambda model: write_model(c, model),
        lambda text: Out([text], True),
        lambda model: hint(c, model),
    )
    declared = (*function.parameters, *function.context)
    outs = [out or Out([omitted_text(declared, place)], True) for place, out in enumerate(filled)]
    shape = function.result.shape
    single = shape == "value" or (shape == "data" and all(out.single for out in outs))
    return Out(call_of(name, outs), single)


def hint(c: Compiling, model: str) -> str:
    """Name the table or column that a missing one of the model was probably meant to be."""
    for name, column in _COLUMN.findall(model):
        table = c.book.tables.get(name.lower())
        if table is None:
            kind, wanted, known = "table", name, [each.name for each in c.book.tables.values()]
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
        expression, references = parsed(text)
        inner = c.fork(c.expanding, references)
        out = _model_of(inner, expression)
    except FormulaError:
        return None
    if out is not None:
        c.absorb(inner)
    return out


def _model_of(c: Compiling, expression: Expression | None) -> Out | None:
    """Return an expression of the model made ready, None when the workbook lacks something."""
    operand = operand_at([expression], 0)
    if isinstance(operand, Name) and defined(c, operand) is None and operand.text.lower() not in c.book.tables:
        return None
    if not isinstance(operand, Call):
        return None if expression is None else c.expression(expression, ARRAY)
    function = implementation(operand.name)
    outs = [_model_of(c, argument) for argument in operand.arguments]
    filled = fill_model(function, outs, lambda model: write_model(c, model), lambda text: None)
    if any(each.required and out is None for each, out in zip(function.parameters, filled, strict=False)):
        return None
    c.functions.add(operand.name)
    return Out(call_of(operand.name, [out or Out([missing_text()], True) for out in filled]), False)
