"""References, names, tables and spilled areas made ready for the engine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ..references import MAX_COLUMNS, MAX_ROWS, column_letters, parse_area
from .array_sizes import of_range
from .compiling import Compiling
from .operands import (
    joined_areas,
    one_cell,
    sheet_name,
    with_text,
    without_own_sheet,
)
from .parameter_classes import (
    ARRAY,
    REFERENCE,
    VALUE,
)
from .parser import parsed
from .structured import ThisRow, resolve, split_specifier
from .template import ByCell, Out, Piece, text_of
from .text import shift_reference
from .tree import (
    FormulaError,
    Group,
    Name,
    Operand,
    Ref,
    Span,
    Spilled,
    Structured,
)

#: What a name stands for is not written out beyond so many characters: names of names can double with each.
LONGEST: Final = 100_000


def write_reference(c: Compiling, ref: Ref, wanted: str) -> Out:
    """Return a cell, range, whole columns or whole rows."""
    prefix = prefix_of(c, ref.sheet)
    if prefix is None:
        return Out(["#REF!"], True)
    pieces: list[Piece] = [prefix] if prefix else []
    pieces.append(corner_of(c, ref.first))
    if ref.kind == "cell":
        return Out(pieces, True)
    assert ref.last is not None
    if wanted == VALUE:
        first, last = corner_of(c, ref.first), corner_of(c, ref.last)

        def one(row: int, column: int, references: Sequence[str]) -> str:
            ends = [text_of(end, row, column, references) for end in (first, last)]
            return one_cell(prefix, f"{ends[0]}:{ends[1]}", row, column)

        return Out([one], True)
    pieces += [":", corner_of(c, ref.last)]
    return Out(pieces, False, of_range(pieces))


def intersected(c: Compiling, pieces: list[Piece], wanted: str) -> Out:
    """Return a range, cut to one cell by the engine where one value is wanted."""
    if wanted == VALUE:
        return Out(["(@", *pieces, ")"], True)
    return Out(pieces, False, of_range(pieces))


def corner_of(c: Compiling, corner: int | str) -> Piece:
    """Return a reference's corner: the formula's own, or that of a name moved to the formula's cell."""
    if c.references is None:
        return corner
    text = c.references[corner] if isinstance(corner, int) else corner
    if text.count("$") >= (2 if text.lstrip("$")[0].isalpha() and text[-1].isdigit() else 1):
        return text
    return lambda row, column, _: shift_reference(text, row - 1, column - 1)


def prefix_of(c: Compiling, sheet: str) -> str | None:
    """Return a sheet prefix as the engine knows it, None for a sheet that does not exist."""
    if not sheet:
        return ""
    name = sheet_name(sheet)
    if "]" in name and "[" in name and name.lower() not in c.book.sheet_index:
        raise FormulaError("a reference to another workbook that is not cached")
    if name.lower() in c.book.sheet_index:
        actual = c.book.sheet_names[c.book.sheet_index[name.lower()]]
        return sheet if actual == name else "'" + actual.replace("'", "''") + "'!"
    if ":" in name:
        raise FormulaError("a reference through several sheets is not supported here")
    return None


def clipped(c: Compiling, ref: Ref) -> Out:
    """Return whole columns or rows cut to the used area, for array arithmetic and Python callbacks."""
    prefix = prefix_of(c, ref.sheet)
    if prefix is None:
        return Out(["#REF!"], True)
    sheet = c.book.sheet_index[sheet_name(ref.sheet).lower()] if ref.sheet else c.sheet
    bottom, right = c.book.extent(sheet)
    c.layout = True
    first, last = str(ref.first), str(ref.last)
    if ref.kind == "columns":
        pieces: list[Piece] = [f"{prefix}{first}1:{last}{max(bottom, 1)}"]
    else:
        pieces = [f"{prefix}A{first}:{column_letters(max(right, 1))}{last}"]
    return Out(pieces, False, of_range(pieces))


def several(c: Compiling, operand: Operand) -> list[Operand] | None:
    """Return the references behind a union or a 3-D reference, None for anything else."""
    if isinstance(operand, Group) and len(operand.members) > 1:
        members = [member.single for member in operand.members]
        if any(member is None for member in members):
            raise FormulaError("a union of something that is not a reference")
        listed: list[Operand] = []
        for member in members:
            assert member is not None
            listed.extend(several(c, member) or [member])
        return listed
    if isinstance(operand, Group):
        member = operand.members[0].single
        return several(c, member) if member is not None else None
    if isinstance(operand, Name):
        found = defined(c, operand)
        if found is not None and ("," in found[1] or ":" in found[1].partition("!")[0]):
            expression, references = parsed(found[1])
            inner = expression.single
            if inner is not None and references and "$" in found[1]:
                return several(c, with_text(inner, references))
        return None
    if isinstance(operand, Ref) and ":" in sheet_name(operand.sheet):
        first, _, last = sheet_name(operand.sheet).partition(":")
        index = c.book.sheet_index
        if first.lower() not in index or last.lower() not in index:
            raise FormulaError("a reference to sheets that do not exist")
        low, high = sorted((index[first.lower()], index[last.lower()]))
        return [
            Ref(operand.kind, operand.first, operand.last, "'" + name.replace("'", "''") + "'!")
            for name in c.book.sheet_names[low : high + 1]
        ]
    return None


def unclipped(c: Compiling, ref: Ref) -> Out:
    """Return whole columns or rows from corner to corner: the engine's own end with the last used cell."""
    prefix = prefix_of(c, ref.sheet)
    if prefix is None:
        return Out(["#REF!"], True)
    first, last = corner_of(c, ref.first), corner_of(c, ref.last if ref.last is not None else ref.first)
    if ref.kind == "columns":
        return Out([prefix, first, "$1:", last, f"${MAX_ROWS}"], False)
    return Out([prefix, "$A", first, f":${column_letters(MAX_COLUMNS)}", last], False)


# --- names, tables, spills --------------------------------------------------------------------------------


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


def write_name(c: Compiling, name: Name, wanted: str) -> Out:
    """Return what a defined name, a table or a local name stands for."""
    label = name.text.lower().removeprefix("_xlpm.")
    if label in c.locals:
        return Out([name.text[-len(label) :]], c.locals[label])
    if name.text.lower().startswith("_xlpm."):
        return Out([name.text[6:]], True)
    found = defined(c, name)
    if found is None and name.sheet.startswith("["):
        raise FormulaError("a name of another workbook that is not cached")
    if found is None:
        table = c.book.tables.get(name.text.lower())
        if table is not None:
            return write_structured(c, Structured(name.text, None), wanted)
        return Out(["#NAME?"], True)
    key = (found[0], name.text.lower())
    if key in c.expanding:
        raise FormulaError(f"the name {name.text} refers to itself")
    if not found[1]:
        return Out(["#NAME?"], True)
    expression, references = parsed(found[1])
    inner = c.fork((*c.expanding, key), references)
    # The formula of a name is an array formula wherever the name stands; a mere reference is used as one.
    formula = not isinstance(expression.single, Ref | Name | Structured | Spilled | Span | Group)
    out = inner.expression(expression, ARRAY if formula else wanted)
    if sum(len(piece) for piece in out.pieces if isinstance(piece, str)) > LONGEST:
        raise FormulaError(f"what the name {name.text} stands for is too long")
    if formula and wanted == VALUE and not out.single:
        out = Out(["@(", *out.pieces, ")"], True)
    c.layout |= inner.layout
    c.functions |= inner.functions
    grouped = ["(", *out.pieces, ")"] if len(out.pieces) > 1 or inner.functions else out.pieces
    return Out(grouped, out.single, out.size)


def write_structured(c: Compiling, reference: Structured, wanted: str) -> Out:
    """Return the area of a structured reference."""
    if not reference.table:
        return write_own_table(c, reference, wanted)
    table = c.book.tables.get(reference.table.lower())
    if table is None:
        raise FormulaError(f"there is no table {reference.table}")
    found = resolve(table, reference.inner, c.book.sheet_names[table.sheet], table.sheet == c.sheet)
    if isinstance(found, ThisRow):
        if found.left == found.right:
            return Out([lambda row, column, _: found.at(row)], True)
        return intersected(c, [lambda row, column, _: found.at(row)], wanted)
    prefix, mark, area = found.rpartition("!")
    if ":" not in area:
        return Out([found], True)
    if wanted == VALUE:
        return Out([lambda row, column, _: one_cell(prefix + mark, area, row, column)], True)
    return Out([found], False, of_range([found]))


def write_own_table(c: Compiling, reference: Structured, wanted: str) -> Out:
    """Lower a structured reference without a table's name: it means the table that the formula stands in."""
    tables = [table for table in c.book.tables.values() if table.sheet == c.sheet]

    def text(row: int, column: int, _: Sequence[str]) -> str:
        table = next((each for each in tables if each.area.contains(row, column)), None)
        try:
            found = resolve(table, reference.inner, "", True) if table is not None else "#REF!"
        except FormulaError:
            return "#REF!"
        return found.at(row) if isinstance(found, ThisRow) else found

    items, columns = split_specifier(reference.inner or "")
    if "#this row" in items and len(columns) == 1:
        return Out([text], True)
    return intersected(c, [text], wanted)


def write_at(c: Compiling, operand: Operand) -> Out:
    """Return one value of a range or array."""
    if isinstance(operand, Structured) and operand.inner is not None and "#this row" not in operand.inner.lower():
        return c.operand(operand, VALUE)
    out = c.operand(operand, REFERENCE)
    return Out(["(@", *out.pieces, ")"] if not out.single else out.pieces, True)


def write_spilled(c: Compiling, operand: Operand, wanted: str) -> Out:
    """Return the area that an anchor fills at the moment."""
    if isinstance(operand, Name):
        found = defined(c, operand)
        if found is not None:
            expression, references = parsed(found[1])
            inner = expression.single
            if isinstance(inner, Ref) and inner.kind == "cell":
                operand = with_text(inner, references)
    if not isinstance(operand, Ref) or operand.kind != "cell":
        raise FormulaError("the operator # stands after something that is not a cell")
    prefix = prefix_of(c, operand.sheet)
    if prefix is None:
        return Out(["#REF!"], True)
    sheet = c.book.sheet_index[sheet_name(operand.sheet).lower()] if operand.sheet else c.sheet
    corner, book = corner_of(c, operand.first), c.book
    c.layout = True

    def area(row: int, column: int, references: Sequence[str]) -> str:
        text = text_of(corner, row, column, references)
        cell = parse_area(text)
        if cell is None:
            return "#REF!"
        found = book.spilled_area(sheet, cell.top, cell.left)
        if found is None and book.formula_at(sheet, cell.top, cell.left) is not None:
            found = cell  # a formula that gives one value spills into its own cell; a constant does not
        return "#REF!" if found is None else prefix + found.text()

    return intersected(c, [ByCell(area)], wanted)


def write_span(c: Compiling, span: Span, wanted: str) -> Out:
    """Return the range between two references, or the intersection of two."""
    left, right = c.end(span.left), c.end(span.right)
    known = is_area(c, span.left), is_area(c, span.right)
    own, bounds = c.book.sheet_names[c.sheet], span.operator == ":"
    if any(isinstance(end, Name) and not area for end, area in zip((span.left, span.right), known, strict=True)):
        raise FormulaError("a range that ends at a local name or at a computed one is not supported")
    if not bounds and not all(known):
        raise FormulaError("an intersection of references that are computed is not supported")
    if not any(known):
        return intersected(c, [*left.pieces, ":", *right.pieces], wanted)

    def text(row: int, column: int, references: Sequence[str]) -> str:
        first, second = (
            "".join(text_of(piece, row, column, references) for piece in out.pieces) for out in (left, right)
        )
        if all(known):
            return joined_areas(first, second, bounds, own)
        ends = [without_own_sheet(end, own) if area else end for end, area in zip((first, second), known, strict=True)]
        return ":".join(ends)

    return intersected(c, [ByCell(text)], wanted)


def is_area(c: Compiling, operand: Operand) -> bool:
    """Say whether a reference is written as cells, or as a name or table that stands for cells."""
    if isinstance(operand, Group):
        inner = operand.members[0].single if len(operand.members) == 1 else None
        return inner is not None and is_area(c, inner)
    if isinstance(operand, Span):
        return is_area(c, operand.left) and is_area(c, operand.right)
    if not isinstance(operand, Name):
        return isinstance(operand, Ref | Structured | Spilled)
    if operand.text.lower().removeprefix("_xlpm.") in c.locals:
        return False
    found = defined(c, operand)
    if found is None:
        return operand.text.lower() in c.book.tables
    key = (found[0], operand.text.lower())
    if not found[1] or key in c.expanding:
        return False
    expression, references = parsed(found[1])
    inner = expression.single
    return inner is not None and is_area(c.fork((*c.expanding, key), references), inner)
