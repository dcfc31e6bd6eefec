"""Names made ready: of the workbook, of tables and of LET; and references that stand for several, such as unions."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from ..references import quoted_sheet
from .compiling import Compiling, Out
from .operands import local_label, sheet_name
from .parameter_classes import ARRAY, VALUE
from .parser import parsed
from .repairs import filled
from .tree import (
    Expression,
    FormulaError,
    Group,
    Literal,
    Name,
    Operand,
    Ref,
    Span,
    Spilled,
    Structured,
    operands_in,
)

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
    found = defined(c, operand) if isinstance(operand, Name) and operand.text.lower() not in c.locals else None
    if not isinstance(operand, Name) or found is None or not found[1]:
        return c, operand
    if (found[0], operand.text.lower()) in c.expanding:
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
        return c.operand(Structured(label, None), wanted)
    if found is None or not found[1]:
        return Out(["#NAME?"], True)
    inner, expression = expanded(c, name.text, found)
    # The formula of a name is an array formula wherever the name stands; a mere reference is used as one.
    formula = not isinstance(expression.single, Ref | Name | Structured | Spilled | Span | Group)
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
