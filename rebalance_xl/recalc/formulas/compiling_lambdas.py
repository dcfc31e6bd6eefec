"""LET and LAMBDA made ready, and the functions that call a LAMBDA."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .compiling_calls import CallCompiler
from .compiling_references import ReferenceCompiler
from .lambdas import CALLERS, LAMBDA, parameter_mark
from .model_calls import missing_text
from .operands import (
    local_name,
    plain_name,
)
from .parameter_classes import (
    ARRAY,
)
from .parser import (
    Parser,
)
from .template import Out, Piece
from .text import (
    split_references,
)
from .tree import (
    Call,
    Expression,
    FormulaError,
    Invoke,
    Name,
)

if TYPE_CHECKING:
    from .compiler import Body


@dataclass(slots=True)
class LambdaCompiler(CallCompiler):
    """Adds LET, LAMBDA and their callers."""

    @abstractmethod
    def body(self) -> Body:
        """Return a compiler for the body of a LAMBDA."""

    def let(self, arguments: Sequence[Expression | None], wanted: str) -> Out:
        """Return a LET, remembering which of its names stand for one value."""
        before = dict(self.locals)
        pieces: list[Piece] = ["LET("]
        for named, given in zip(arguments[:-1:2], arguments[1::2], strict=False):
            label = local_name(named)
            out = self.expression(given, ARRAY) if given is not None else Out(["0"], True)
            self.locals[label.lower()] = out.single
            pieces += [label, ",", *out.pieces, ","]
        last = arguments[-1]
        out = self.expression(last, wanted) if last is not None else Out(["0"], True)
        self.locals = before
        return Out([*pieces, *out.pieces, ")"], out.single)

    def calls_lambda(self, name: str, arguments: Sequence[Expression | None]) -> Out:
        """Return a function that calls a LAMBDA as a call of Python with the LAMBDA's text and all its values."""
        last = arguments[-1].single if arguments[-1] is not None else None
        given = len(arguments) - 1
        if given < CALLERS[name] or (name != "MAP" and given != CALLERS[name]):
            raise FormulaError(f"{name} has {len(arguments)} arguments")
        parameters = {"MAP": given, "REDUCE": 2, "SCAN": 2, "MAKEARRAY": 2}.get(name, 1)
        body = self.body()
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
        self.functions |= body.functions
        self.functions.add(LAMBDA)
        self.layout |= body.layout
        used = " ".join(sorted(body.functions))
        head = f'{LAMBDA}("{name}","{text.replace(chr(34), chr(34) * 2)}","{used}",{body.depth},{len(body.captured)}'
        out: list[Piece] = [head]
        for captured in body.captured:
            out += [",", *captured]
        for argument in arguments[:-1]:
            out += [",", *([missing_text()] if argument is None else self.argument_for_python(argument, ARRAY).pieces)]
        return Out([*out, ")"], False)

    def named_lambda(self, call: Call, found: tuple[int, str]) -> Out:
        """Return the call of a defined name that stands for a LAMBDA."""
        key = (found[0], call.name.lower())
        if key in self.expanding:
            raise FormulaError(f"the name {call.name} refers to itself")
        shape, references = split_references(found[1])
        target = Parser(shape, references).parse().single
        if not isinstance(target, Call) or plain_name(target.name) != "LAMBDA":
            raise FormulaError(f"the name {call.name} stands for more than a LAMBDA")
        inner = self.fork((*self.expanding, key), references)
        return self.applied(target, call.arguments, inner)

    def invoke(self, operand: Invoke) -> Out:
        """Return a LAMBDA called on the spot."""
        target = operand.target
        if not isinstance(target, Call) or plain_name(target.name) != "LAMBDA":
            raise FormulaError("something that is no LAMBDA is called")
        return self.applied(target, operand.arguments, self)

    def applied(self, target: Call, given: Sequence[Expression | None], inner: ReferenceCompiler) -> Out:
        """Return the body of a LAMBDA inside a LET that gives its parameters their values."""
        labels = [local_name(each) for each in target.arguments[:-1]]
        body = target.arguments[-1]
        given = [] if list(given) == [None] else given
        if len(given) != len(labels) or body is None:
            raise FormulaError(f"a LAMBDA with {len(labels)} parameters is called with {len(given)} arguments")
        before = dict(inner.locals)
        pieces: list[Piece] = ["LET("] if labels else ["("]
        outs = [self.expression(each, ARRAY) if each is not None else Out(["0"], True) for each in given]
        for label, out in zip(labels, outs, strict=True):
            inner.locals[label.lower()] = out.single
            pieces += [label, ",", *out.pieces, ","]
        out = inner.expression(body, ARRAY)
        inner.locals = before
        self.layout |= inner.layout
        self.functions |= inner.functions
        return Out([*pieces, *out.pieces, ")"], out.single)
