"""One formula tree turned into a template: every operand by its kind, every argument by its parameter's class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .array_sizes import joint, of_constant, operated
from .comparisons import comparison_at, in_arithmetic, written_out
from .compiling import Compiling, LambdaBody
from .compiling_calls import fitting, write_call, write_end
from .compiling_lambdas import write_invoke
from .compiling_references import (
    clipped,
    write_at,
    write_name,
    write_reference,
    write_span,
    write_spilled,
    write_structured,
)
from .fifteen_digits import last_difference, with_texts, without_noise
from .lambdas import free_mark, parameter_mark
from .operands import plain_name
from .parameter_classes import (
    ARRAY,
    VALUE,
)
from .template import Out, Template, merged
from .tree import (
    At,
    Call,
    Expression,
    FormulaError,
    Group,
    Invoke,
    Literal,
    Name,
    Operand,
    Ref,
    Span,
    Spilled,
    Structured,
)

#: An operand of fewer pieces is a reference or little more, which may be written more than once.
_SHORT = 3


@dataclass(slots=True)
class Compiler(Compiling):
    """Makes one formula ready."""

    def compile(self, expression: Expression, mode: str) -> Template:
        """Return the template of a whole formula."""
        out = self.whole(expression, mode) if self.careful else self.expression(expression, mode)
        pieces = out.pieces
        if mode == VALUE and not out.single:
            pieces = ["@(", *pieces, ")"]
        return Template(merged(pieces), out.single, self.layout, frozenset(self.functions), False)

    def whole(self, expression: Expression, mode: str) -> Out:
        """Return a whole formula computed the careful way: what its last subtraction leaves over may be noise."""
        expression = with_texts(expression)
        place = last_difference(expression) if mode == VALUE else None
        if place is not None:
            left = self.items(expression.items[:place], VALUE)
            right = self.items(expression.items[place + 1 :], VALUE)
            if left.single and right.single:
                sides = [
                    self.number(out) if len(items) == 1 else out
                    for out, items in ((left, expression.items[:place]), (right, expression.items[place + 1 :]))
                ]
                before, between, after = without_noise(str(expression.items[place]))
                return Out([before, *sides[0].pieces, between, *sides[1].pieces, after], True)
        return self.expression(expression, mode)

    def number(self, out: Out) -> Out:
        """Return an operand of arithmetic as a number, also where it is a text that reads as one."""
        self.functions.add("RXL.NUMBER")
        if out.single and len(out.pieces) < _SHORT:  # the engine asks itself faster
            return Out(["IF(ISTEXT(", *out.pieces, "),RXL.NUMBER(", *out.pieces, "),", *out.pieces, ")"], True)
        return Out(["RXL.NUMBER(", *out.pieces, ")"], out.single, out.size)

    def expression(self, expression: Expression, wanted: str) -> Out:
        """Return an expression made ready for a parameter class."""
        single = expression.single
        if isinstance(single, Ref) and single.kind in ("columns", "rows") and wanted == ARRAY:
            return clipped(self, single)
        if single is not None:
            return self.operand(single, wanted)
        inside = ARRAY if wanted == ARRAY else VALUE
        place = comparison_at(expression.items, self.careful)
        if place is not None:
            sign = str(expression.items[place])
            left = self.items(expression.items[:place], inside)
            right = self.items(expression.items[place + 1 :], inside)
            if self.careful:
                self.functions.add("RXL.COMPARE")
                pieces = ["RXL.COMPARE(", *left.pieces, f',"{sign.strip()}",', *right.pieces, ")"]
                return Out(pieces, left.single and right.single, joint([left, right]))
            if left.single and right.single:
                before, between, after = written_out(sign)
                return Out([before, *left.pieces, between, *right.pieces, after], True)
            sides = [left, right]
            return Out(operated(self, sides, ["", sign, ""]), False, joint(sides))
        return self.items(expression.items, inside)

    def items(self, items: Sequence[str | Operand], inside: str) -> Out:
        """Return operators and operands made ready in their order."""
        outs: list[Out] = []
        between = [""]
        for place, item in enumerate(items):
            if isinstance(item, str):
                between[-1] += item
                continue
            if isinstance(item, Ref) and item.kind in ("columns", "rows") and inside == ARRAY:
                out = clipped(self, item)
            else:
                out = self.operand(item, inside)
            if self.careful and in_arithmetic(items, place):
                out = self.number(out)
            outs.append(out)
            between.append("")
        result = Out(operated(self, outs, between), all(out.single for out in outs), joint(outs))
        if self.careful and any(isinstance(item, str) and item.strip() == "&" for item in items):
            return fitting(self, result)
        return result

    def operand(self, operand: Operand, wanted: str) -> Out:
        """Return an operand made ready for a parameter class."""
        if isinstance(operand, Literal):
            array = operand.text.startswith("{")
            return Out([operand.text], not array, of_constant(operand.text) if array else None)
        if isinstance(operand, Ref):
            return write_reference(self, operand, wanted)
        if isinstance(operand, Name):
            return write_name(self, operand, wanted)
        if isinstance(operand, Structured):
            return write_structured(self, operand, wanted)
        if isinstance(operand, Call):
            return write_call(self, operand, wanted)
        if isinstance(operand, Group):
            if len(operand.members) > 1:
                raise FormulaError("a union of references is not supported here")
            out = self.expression(operand.members[0], wanted)
            return Out(["(", *out.pieces, ")"], out.single, out.size)
        if isinstance(operand, At):
            return write_at(self, operand.operand)
        if isinstance(operand, Spilled):
            return write_spilled(self, operand.operand, wanted)
        if isinstance(operand, Span):
            return write_span(self, operand, wanted)
        return write_invoke(self, operand)

    def end(self, operand: Operand) -> Out:
        """Return one end of a range or intersection made ready."""
        return write_end(self, operand)

    def fork(self, expanding: tuple[tuple[int, str], ...], references: Sequence[str]) -> Compiler:
        """Return a compiler for a text that stands elsewhere, such as a defined name."""
        return Compiler(self.book, self.sheet, expanding=expanding, references=references, careful=self.careful)

    def body(self) -> Body:
        """Return a compiler for the body of a LAMBDA."""
        return Body(
            self.book, self.sheet, expanding=self.expanding, outer=self, depth=self.depth + 1, careful=self.careful
        )


#: Functions that answer by where a cell lies, which a LAMBDA does not know: its body is computed elsewhere.
WHERE_IT_STANDS = frozenset(("ROW", "COLUMN", "OFFSET", "INDIRECT", "CELL", "ISREF", "SHEET", "AREAS"))


@dataclass(slots=True)
class Body(Compiler, LambdaBody):
    """The body of a LAMBDA that Python calls: parameters and references become marks."""

    def operand(self, operand: Operand, wanted: str) -> Out:
        """Return an operand made ready for a parameter class."""
        if isinstance(operand, Name):
            label = operand.text.lower().removeprefix("_xlpm.")
            if label in self.locals:
                return Out(
                    [operand.text[6:] if operand.text.lower().startswith("_xlpm.") else operand.text],
                    self.locals[label],
                )
            if label in self.parameters:
                return Out([parameter_mark(self.depth, self.parameters[label])], False)
        if isinstance(operand, Call) and plain_name(operand.name) in WHERE_IT_STANDS:
            assert self.outer is not None
            if self.uses_own(operand):
                raise FormulaError(f"{plain_name(operand.name)} of something in a LAMBDA")
            out = self.outer.operand(operand, ARRAY)
            self.captured.append(out.pieces)
            return Out([free_mark(self.depth, len(self.captured) - 1)], out.single)
        if isinstance(operand, Ref | Name | Structured | Spilled | Span):
            assert self.outer is not None
            out = self.outer.operand(operand, ARRAY)
            self.captured.append(out.pieces)
            return Out([free_mark(self.depth, len(self.captured) - 1)], out.single)
        return Compiler.operand(self, operand, wanted)

    def uses_own(self, part: Expression | str | Operand | None) -> bool:
        """Say whether part of the body names a parameter, or something that LET names in it."""
        if isinstance(part, Name):
            label = part.text.lower().removeprefix("_xlpm.")
            return label in self.parameters or label in self.locals
        if isinstance(part, Expression):
            inner: Sequence[Expression | str | Operand | None] = part.items
        elif isinstance(part, Call | Invoke):
            inner = part.arguments
        elif isinstance(part, Group):
            inner = part.members
        elif isinstance(part, At | Spilled):
            inner = [part.operand]
        else:
            inner = [part.left, part.right] if isinstance(part, Span) else []
        return any(map(self.uses_own, inner))
