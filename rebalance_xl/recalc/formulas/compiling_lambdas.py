"""LET and LAMBDA made ready, and the functions that call a LAMBDA."""

from __future__ import annotations

from collections.abc import Sequence

from .compiling import Compiling
from .compiling_catalogue import argument_for_python
from .lambdas import CALLERS, LAMBDA, parameter_mark
from .model_calls import missing_text
from .operands import (
    local_name,
    plain_name,
)
from .parameter_classes import (
    ARRAY,
)
from .parser import parsed
from .template import Out, Piece
from .tree import (
    Call,
    Expression,
    FormulaError,
    Invoke,
    Name,
)


def write_let(c: Compiling, arguments: Sequence[Expression | None], wanted: str) -> Out:
    """Return a LET, remembering which of its names stand for one value."""
    before = dict(c.locals)
    pieces: list[Piece] = ["LET("]
    for named, given in zip(arguments[:-1:2], arguments[1::2], strict=False):
        label = local_name(named)
        out = c.expression(given, ARRAY) if given is not None else Out(["0"], True)
        c.locals[label.lower()] = out.single
        pieces += [label, ",", *out.pieces, ","]
    last = arguments[-1]
    out = c.expression(last, wanted) if last is not None else Out(["0"], True)
    c.locals = before
    return Out([*pieces, *out.pieces, ")"], out.single)


def write_caller(c: Compiling, name: str, arguments: Sequence[Expression | None]) -> Out:
    """Return a function that calls a LAMBDA as a call of Python with the LAMBDA's text and all its values."""
    last = arguments[-1].single if arguments[-1] is not None else None
    given = len(arguments) - 1
    if given < CALLERS[name] or (name != "MAP" and given != CALLERS[name]):
        raise FormulaError(f"{name} has {len(arguments)} arguments")
    parameters = {"MAP": given, "REDUCE": 2, "SCAN": 2, "MAKEARRAY": 2}.get(name, 1)
    body = c.body()
    if isinstance(last, Call) and plain_name(last.name) == "LAMBDA":
        labels = [local_name(each).lower() for each in last.arguments[:-1]]
        inner = last.arguments[-1]
        if len(labels) != parameters or inner is None:
            raise FormulaError(f"the LAMBDA in {name} has {len(labels)} parameters instead of {parameters}")
        body.parameters = {label: number for number, label in enumerate(labels)}
        pieces = body.expression(inner, ARRAY).pieces
    elif isinstance(last, Name) and last.text.lower().startswith("_xleta."):
        marks = ",".join(parameter_mark(body.depth, number) for number in range(parameters))
        pieces = [f"{last.text[7:]}({marks})"]
    else:
        raise FormulaError(f"{name} without a LAMBDA written in it")
    text = ""
    for piece in pieces:
        if not isinstance(piece, str):
            raise FormulaError(f"something in the LAMBDA of {name} depends on its place")
        text += piece
    c.functions |= body.functions
    c.functions.add(LAMBDA)
    c.layout |= body.layout
    used = " ".join(sorted(body.functions))
    head = f'{LAMBDA}("{name}","{text.replace(chr(34), chr(34) * 2)}","{used}",{body.depth},{len(body.captured)}'
    out: list[Piece] = [head]
    for captured in body.captured:
        out += [",", *captured]
    for argument in arguments[:-1]:
        out += [",", *([missing_text()] if argument is None else argument_for_python(c, argument, ARRAY).pieces)]
    return Out([*out, ")"], False)


def write_named_lambda(c: Compiling, call: Call, found: tuple[int, str]) -> Out:
    """Return the call of a defined name that stands for a LAMBDA."""
    key = (found[0], call.name.lower())
    if key in c.expanding:
        raise FormulaError(f"the name {call.name} refers to itself")
    expression, references = parsed(found[1])
    target = expression.single
    if not isinstance(target, Call) or plain_name(target.name) != "LAMBDA":
        raise FormulaError(f"the name {call.name} stands for more than a LAMBDA")
    inner = c.fork((*c.expanding, key), references)
    return write_applied(c, target, call.arguments, inner)


def write_invoke(c: Compiling, operand: Invoke) -> Out:
    """Return a LAMBDA called on the spot."""
    target = operand.target
    if not isinstance(target, Call) or plain_name(target.name) != "LAMBDA":
        raise FormulaError("something that is no LAMBDA is called")
    return write_applied(c, target, operand.arguments, c)


def write_applied(c: Compiling, target: Call, given: Sequence[Expression | None], inner: Compiling) -> Out:
    """Return the body of a LAMBDA inside a LET that gives its parameters their values."""
    labels = [local_name(each) for each in target.arguments[:-1]]
    body = target.arguments[-1]
    given = [] if list(given) == [None] else given
    if len(given) != len(labels) or body is None:
        raise FormulaError(f"a LAMBDA with {len(labels)} parameters is called with {len(given)} arguments")
    before = dict(inner.locals)
    pieces: list[Piece] = ["LET("] if labels else ["("]
    outs = [c.expression(each, ARRAY) if each is not None else Out(["0"], True) for each in given]
    for label, out in zip(labels, outs, strict=True):
        inner.locals[label.lower()] = out.single
        pieces += [label, ",", *out.pieces, ","]
    out = inner.expression(body, ARRAY)
    inner.locals = before
    c.layout |= inner.layout
    c.functions |= inner.functions
    return Out([*pieces, *out.pieces, ")"], out.single)
