"""LET and LAMBDA made ready, the functions that call a LAMBDA, and those of one value that are given arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Final

from . import tree
from .array_sizes import as_large, joint, of_range
from .compiling import Compiling, Out, call_of, listed, written
from .compiling_catalogue import argument_for_python
from .lambdas import CALLERS, EACH, FREE, LAMBDA, PARAMETER, mark
from .operands import bare, is_call, literal, local_label, local_name, operand_at, plain_name, split_area
from .parameter_classes import ARRAY, REFERENCE, VALUE, lifts, parameter_class
from .tree import Arguments, Call, Expression, FormulaError, Name, Operand, Ref, operands_in
from .whole_calls import found_place

#: Functions that answer by where a cell lies, which a LAMBDA does not know: its body is computed elsewhere.
_WHERE_IT_STANDS: Final = frozenset(("ROW", "COLUMN", "OFFSET", "INDIRECT", "CELL", "ISREF", "SHEET", "AREAS"))


@dataclass(slots=True, kw_only=True)
class _Body(Compiling):
    """The body of a LAMBDA that Python calls: parameters and what is taken from outside become marks.

    All parameters stand for one value, but for the first one where it `starts_whole`.
    """

    outer: Compiling
    starts_whole: bool = False
    parameters: dict[str, int] = field(default_factory=dict)
    captured: list[Out] = field(default_factory=list)

    def operand(self, operand: Operand, wanted: str) -> Out:
        """Return an operand made ready for a parameter class."""
        if isinstance(operand, Name):
            label = local_label(operand.text)
            local = self.local(label)
            if local is not None:
                return local
            number = self.parameters.get(label.lower())
            if number is not None:
                return Out([mark(PARAMETER, self.depth, number)], number > 0 or not self.starts_whole)
        asked = plain_name(operand.name) if isinstance(operand, Call) else ""
        if asked in _WHERE_IT_STANDS and any(map(self._is_own, operands_in(operand))):
            raise FormulaError(f"{asked} of something in a LAMBDA")
        if asked not in _WHERE_IT_STANDS and not isinstance(operand, tree.Cells | tree.Spilled | tree.Span):
            return Compiling.operand(self, operand, wanted)
        out = self.outer.operand(operand, ARRAY)
        if all(out.pieces != each.pieces for each in self.captured):
            self.captured.append(out)
        number = [each.pieces for each in self.captured].index(out.pieces)
        return Out([mark(FREE, self.depth, number)], out.single)

    def _is_own(self, operand: Operand) -> bool:
        """Say whether an operand is a parameter, or something that LET names in the body."""
        label = local_label(operand.text).lower() if isinstance(operand, Name) else None
        return label in self.parameters or label in self.locals


def write_let(c: Compiling, arguments: Arguments, wanted: str) -> Out:
    """Return a LET, each of whose values knows the names before it, and which of these stand for one value."""
    before = c.locals, c.bound
    c.locals, c.bound = dict(c.locals), dict(c.bound)
    named: list[Out] = []
    for name, given in zip(arguments[:-1:2], arguments[1::2], strict=False):
        label, value = local_name(name), given or literal("0")
        out = c.expression(value, ARRAY)
        c.locals[label.lower()], c.bound[label.lower()] = out, value
        named += [Out([label], True), out]
    out = c.expression(arguments[-1] or literal("0"), wanted)
    c.locals, c.bound = before
    return Out(call_of("LET" if named else "", [*named, out]), out.single, None, out.gives)


def write_caller(c: Compiling, name: str, arguments: Arguments) -> Out:
    """Return a function that calls a LAMBDA as a call of Python with the LAMBDA's text and all its values."""
    last = operand_at(arguments, -1)
    given = len(arguments) - 1  # as many as the LAMBDA has parameters
    if given < CALLERS[name] or (name != "MAP" and given != CALLERS[name]):
        raise FormulaError(f"{name} has {len(arguments)} arguments")
    body = _Body(c.book, c.sheet, c.writers, c.cell, c.careful, c.depth + 1, conditions=c.conditions, outer=c)
    body.starts_whole = name not in ("MAP", "MAKEARRAY")
    if isinstance(last, Call) and plain_name(last.name) == "LAMBDA":
        labels = [local_name(each).lower() for each in last.arguments[:-1]]
        inner = last.arguments[-1]
        if len(labels) != given or inner is None:
            raise FormulaError(f"the LAMBDA in {name} has {len(labels)} parameters instead of {given}")
        body.parameters = {label: number for number, label in enumerate(labels)}
        pieces = body.expression(inner, ARRAY).pieces
    elif isinstance(last, Name) and last.text.lower().startswith("_xleta."):
        marks = ",".join(mark(PARAMETER, body.depth, number) for number in range(given))
        pieces = [f"{last.text[7:]}({marks})"]
    else:
        raise FormulaError(f"{name} without a LAMBDA written in it")
    texts = [piece for piece in pieces if isinstance(piece, str)]
    if len(texts) < len(pieces):
        raise FormulaError(f"something in the LAMBDA of {name} depends on its place")
    values = [argument_for_python(c, argument, ARRAY) for argument in arguments[:-1]]
    out = called_from_python(c, name, "".join(texts), body.functions, body.captured, values)
    read = listed([Out(each.read, True) for each in (*body.captured, *values)])
    for parts in [parts for asked in body.asked.values() for parts in asked]:
        for part in parts:
            part.source = read
    c.layout |= body.layout
    c.functions |= body.functions
    c.calls |= body.calls
    for about, asked in body.asked.items():
        c.asked.setdefault(about, []).extend(asked)
    return out


def called_from_python(
    c: Compiling, kind: str, body: str, functions: set[str], free: Sequence[Out], values: Sequence[Out]
) -> Out:
    """Return the call that computes a body with marks once per value, see `lambdas`."""
    c.functions.add(LAMBDA)
    texts = (kind, body.replace('"', '""'), " ".join(sorted(functions)))
    head = [f'"{text}"' for text in texts] + [str(c.depth + 1), str(len(free))]
    return Out(call_of(LAMBDA, [*(Out([each], True) for each in head), *free, *values]), False)


def write_invoked(c: Compiling, invoked: tree.Invoke, wanted: str) -> Out:
    """Return the body of a LAMBDA inside a LET that gives its parameters their values."""
    target, given = bare(Expression([invoked.target])).single, invoked.arguments
    if not isinstance(target, Call) or plain_name(target.name) != "LAMBDA":
        raise FormulaError("something that is no LAMBDA is called")
    *labels, body = target.arguments
    if len(given) != len(labels) or body is None:
        raise FormulaError(f"a LAMBDA with {len(labels)} parameters is called with {len(given)} arguments")
    pairs = list(zip(labels, given, strict=True))
    if any(local_name(label).lower() in c.locals for label in labels):  # which the arguments may mean
        values = [Expression([Name(f"rl_given{place}")]) for place in range(len(given))]
        pairs = [*zip(values, given, strict=True), *zip(labels, values, strict=True)]
    return write_let(c, [*chain.from_iterable(pairs), body], ARRAY)


def lifted(c: Compiling, name: str, arguments: Arguments) -> Out | None:
    """Return a call that has to be made cell by cell on arrays, None where the engine or nobody has to."""
    if name in ("ROW", "COLUMN") and len(arguments) == 1 and arguments[0] is not None:
        operand = arguments[0].single
        # A computed reference, such as INDIRECT("1:"&A1), gives as many numbers as it has rows or columns.
        if isinstance(operand, Call | tree.Span | Name | tree.Structured | tree.Spilled):
            text = "SEQUENCE(ROWS({0}),1,ROW({0}))" if name == "ROW" else "SEQUENCE(1,COLUMNS({0}),COLUMN({0}))"
            return Out(c.say(text, c.operand(found_place(operand), REFERENCE)).pieces, False)
        return _numbered(c, name, operand) if isinstance(operand, Ref) and operand.kind != "cell" else None
    if not lifts(name):
        return None
    marks: list[str] = []
    each: list[Out] = []
    whole: list[Out] = []
    for position, argument in enumerate(arguments):
        if argument is None:
            marks.append("")
            continue
        out = argument_for_python(c, argument, ARRAY)
        if name == "ISNUMBER" and is_call(argument.single, ("SEARCH",)) and out.pieces[0] == "SEARCH":
            c.functions.add("RXL.FOUND")  # the many errors of texts without it take the engine longest
            return Out(["RXL.FOUND", *out.pieces[1:]], out.single, out.size)
        if position == 2 and name in ("SUMIF", "AVERAGEIF"):
            out = as_large(argument_for_python(c, arguments[0], ARRAY), out)
        by_cell = name in ("CHOOSE", "SWITCH", "IFS") or parameter_class(name, position) == VALUE
        kind, outs = (PARAMETER, each) if by_cell else (FREE, whole)
        marks.append(mark(kind, c.depth + 1, len(outs)))
        outs.append(out)
    if all(out.single for out in each):
        return None
    needs = {name} if name.startswith("RXL.") else set()
    out = called_from_python(c, EACH, f"{name}({','.join(marks)})", needs, whole, each)
    return Out(out.pieces, False, joint(each))


def _numbered(c: Compiling, name: str, ref: Ref) -> Out:
    """Return ROW or COLUMN of a range as the numbers it stands for."""
    pieces, wide = c.operand(ref, ARRAY).pieces, name == "COLUMN"

    def numbers(*cell: Any) -> str:
        text = written(pieces, *cell)
        found = split_area(text)[1]
        if found is None:
            return f"{name}({text})"
        return f"SEQUENCE(1,{found.width},{found.left})" if wide else f"SEQUENCE({found.height},1,{found.top})"

    whole = of_range(pieces)
    return Out([numbers], False, lambda *cell: (size := whole(*cell)) and ((1, size[1]) if wide else (size[0], 1)))
