"""Calls of the package's own functions made ready, also those without arguments."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

from .compiling import Compiling
from .compiling_references import clipped, defined
from .model_calls import fill_model, missing_text, omitted_text
from .parameter_classes import (
    ARRAY,
    REFERENCE,
    VALUE,
)
from .parser import parsed
from .template import Out, Piece
from .tree import (
    Call,
    Expression,
    FormulaError,
    Name,
    Ref,
)

_COLUMN = re.compile(r"(\w+)\[([^\[\]]+)\]")


def _plain(name: str) -> str:
    return name.replace('"', "'")


def argument_for_python(c: Compiling, argument: Expression, wanted: str) -> Out:
    """Return an argument of a Python function: whole columns and rows cut to the used area."""
    inner = argument.single
    if isinstance(inner, Ref) and inner.kind in ("columns", "rows") and wanted != VALUE:
        return clipped(c, inner)
    return c.expression(argument, wanted)


def write_catalogue_call(
    c: Compiling, name: str, function: Any, arguments: Sequence[Expression | None], wanted: str
) -> Out:
    """Return a call of a catalogue function, completed."""
    inside = ARRAY if wanted == ARRAY else REFERENCE
    given: list[Out | None] = [
        None if argument is None else argument_for_python(c, argument, inside) for argument in arguments
    ]
    given = fill_model(
        function,
        given,
        lambda model: write_model(c, model),
        lambda text: Out([text], True),
        lambda model: hint(c, model),
    )
    declared = (*function.parameters, *function.context)
    pieces: list[Piece] = [name, "("]
    single = True
    for position, out in enumerate(given):
        if position:
            pieces.append(",")
        pieces.extend(out.pieces if out is not None else [omitted_text(declared, position)])
        single = single and (out is None or out.single)
    pieces.append(")")
    return Out(pieces, function.result.shape == "value" or (function.result.shape == "data" and single))


def hint(c: Compiling, model: str) -> str:
    """Name the table or column that a missing one of the model was probably meant to be."""
    for name, column in _COLUMN.findall(model):
        table = c.book.tables.get(name.lower())
        if table is None:
            near = get_close_matches(name, [each.name for each in c.book.tables.values()], 1)
            if near:
                return f"; did you mean the table {_plain(near[0])}, which is to be called {name}?"
        elif column.lower() not in table.lookup:
            near = get_close_matches(column, table.columns, 1)
            if near:
                return f"; did you mean the column {_plain(near[0])}, which is to be called {column}?"
    return ""


def write_model(c: Compiling, text: str) -> Out | None:
    """Return a model expression made ready, None when the workbook lacks what it names."""
    try:
        expression, references = parsed(text)
        compiler = c.fork(c.expanding, references)
        out = model_of(compiler, expression)
    except FormulaError:
        return None
    if out is None:
        return None
    c.functions |= compiler.functions
    c.layout |= compiler.layout
    return out


def model_of(c: Compiling, expression: Expression) -> Out | None:
    """Return an expression of the model made ready, None when the workbook lacks something."""
    operand = expression.single
    if isinstance(operand, Name) and defined(c, operand) is None and operand.text.lower() not in c.book.tables:
        return None
    if isinstance(operand, Call):
        function = c.book.registered(operand.name)
        outs: list[Out | None] = []
        for argument in operand.arguments:
            out = model_of(c, argument) if argument is not None else None
            outs.append(out)
        required = [each.required for each in function.parameters]
        filled = fill_model(function, outs, lambda model: write_model(c, model), lambda text: None)
        if any(need and out is None for need, out in zip(required, filled, strict=False)):
            return None
        c.functions.add(operand.name)
        pieces: list[Piece] = [operand.name, "("]
        for position, out in enumerate(filled):
            if position:
                pieces.append(",")
            pieces.extend([missing_text()] if out is None else out.pieces)
        return Out([*pieces, ")"], False)
    return c.expression(expression, ARRAY)
