"""References, tables and spilled areas made ready for the engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeGuard

from ..references import MAX_COLUMNS, MAX_ROWS, column_letters, parse_area, quoted_sheet
from .array_sizes import of_range
from .compiling import ByCell, Compiling, Out, Piece, text_of, written
from .compiling_places import write_place
from .operands import (
    area_text,
    has_array_constant,
    joined_areas,
    local_label,
    one_cell,
    plain_name,
    sheet_name,
    split_area,
)
from .parameter_classes import ARRAY, REFERENCE, REFERENCE_MAKERS, VALUE
from .places import resolve, split_specifier
from .text import is_fixed, shift_reference
from .tree import (
    At,
    Call,
    Expression,
    FormulaError,
    Group,
    Literal,
    Name,
    Named,
    Operand,
    Ref,
    Span,
    Spilled,
    Structured,
    operands_in,
)
from .whole_calls import found_place


def write_reference(c: Compiling, ref: Ref, wanted: str) -> Out:
    """Return a cell, range, whole columns or whole rows."""
    prefix = prefix_of(c, ref.sheet)
    if prefix is None:
        return Out(["#REF!"], True)
    before: list[Piece] = [prefix] if prefix else []
    first = corner_of(ref, ref.first)
    if ref.last is None:
        return Out([*before, first], True)
    if wanted == ARRAY and is_whole(ref):
        return clipped(c, ref)
    pieces = [first, ":", corner_of(ref, ref.last)]
    if wanted == VALUE:
        return Out([lambda row, column, own: one_cell(prefix, written(pieces, row, column, own), row, column)], True)
    return Out([*before, *pieces], False, of_range(pieces))


def intersected(pieces: list[Piece], wanted: str) -> Out:
    """Return a range, cut to one cell by the engine where one value is wanted."""
    if wanted == VALUE:
        return Out(["(@", *pieces, ")"], True)
    return Out(pieces, False, of_range(pieces))


def has_arrays(c: Compiling, argument: Expression | None) -> bool:
    """Say whether a value is an array because a constant in braces, or a name of LET that stands for one, is in it."""
    operands = operands_in(argument) if argument is not None and c.locals else ()
    local = (c.local(local_label(each.text)) for each in operands if isinstance(each, Name))
    return has_array_constant(argument) or any(each is not None and not each.single for each in local)


def first_of(c: Compiling, out: Out) -> Out:
    """Return the first of an array's values, or the cell of a range beside the formula."""
    return replace(c.say("(@{0})", out), single=True, size=None)


def as_one_value(c: Compiling, argument: Expression, out: Out) -> Out:
    """Return an argument, made ready, where one value is taken: of an array the first, unless arrays are in it."""
    return out if out.single or has_arrays(c, argument) else first_of(c, out)


def corner_of(ref: Ref, corner: int | str) -> Piece:
    """Return a reference's corner: the formula's own, or that of a name moved to the formula's cell."""
    if not ref.moves or isinstance(corner, int) or is_fixed(corner):
        return corner
    return lambda row, column, _: shift_reference(corner, row - 1, column - 1)


def prefix_of(c: Compiling, sheet: str) -> str | None:
    """Return a sheet prefix as the engine knows it, None for a sheet that does not exist."""
    if not sheet:
        return ""
    name, place = sheet_name(sheet), c.book.sheet_index.get(sheet_name(sheet).lower())
    if c.in_span and place == c.sheet:
        return ""
    if place is not None:
        actual = c.book.sheet_names[place]
        return sheet if actual == name else quoted_sheet(actual) + "!"
    if "]" in name and "[" in name:
        raise FormulaError("a reference to another workbook that is not cached")
    if ":" in name:
        raise FormulaError("a reference through several sheets is not supported here")
    return None


def sheet_of(c: Compiling, sheet: str) -> int:
    """Return the number of the sheet in a prefix, of the formula's own without one that exists."""
    return c.book.sheet_index.get(sheet_name(sheet).lower(), c.sheet)


def is_whole(operand: Operand | None) -> TypeGuard[Ref]:
    """Say whether an operand is whole columns or whole rows."""
    return isinstance(operand, Ref) and operand.kind in ("columns", "rows")


def clipped(c: Compiling, ref: Ref) -> Out:
    """Return whole columns or rows cut to the used area, for array arithmetic and Python callbacks.

    All of one formula end at one place, the end of the largest of their sheets, because their cells are paired.
    """
    end = used_end(c, ref, c.together)
    return unclipped(c, ref, end, end)


def used_end(c: Compiling, ref: Ref, together: frozenset[int]) -> int:
    """Return the last used row or column of some sheets, the reference's among them."""
    c.layout = True
    return max(1, *(c.book.extent(sheet)[ref.kind == "rows"] for sheet in {sheet_of(c, ref.sheet), *together}))


def unclipped(c: Compiling, ref: Ref, bottom: int = MAX_ROWS, right: int = MAX_COLUMNS) -> Out:
    """Return whole columns or rows from corner to corner: the engine's own end with the last used cell."""
    prefix = prefix_of(c, ref.sheet)
    if prefix is None or ref.last is None:
        return Out(["#REF!"], True)
    first, last = corner_of(ref, ref.first), corner_of(ref, ref.last)
    pieces = [prefix, first, "1:", last, str(bottom)]
    if ref.kind == "rows":
        pieces = [prefix, "A", first, f":{column_letters(right)}", last]
    return Out(pieces, False, of_range(pieces))


def narrowed(c: Compiling, ref: Ref) -> Out:
    """Return a range that goes to the last column as far as its sheet is used: the engine looks at each column."""
    whole = write_reference(c, ref, REFERENCE)
    used, c.layout = c.book.extent(sheet_of(c, ref.sheet))[1], True

    def text(row: int, column: int, references: Sequence[str]) -> str:
        own = written(whole.pieces, row, column, references)
        prefix, area = split_area(own)
        return own if area is None else prefix + area_text(replace(area, right=max(area.left, min(area.right, used))))

    return Out([ByCell(text)], whole.single)


def write_structured(c: Compiling, reference: Structured, wanted: str) -> Out:
    """Return the area of a structured reference."""
    if not reference.table:
        return _own_table(c, reference, wanted)
    table = c.book.package.tables.get(reference.table.lower())
    if table is None:
        raise FormulaError(f"there is no table {reference.table}")
    own = "" if table.sheet == c.sheet else quoted_sheet(c.book.sheet_names[table.sheet]) + "!"
    found = resolve(table, reference.inner, own, table.first_row)
    if "#this row" in split_specifier(reference.inner or "")[0]:
        pieces: list[Piece] = [lambda row, column, _: resolve(table, reference.inner, own, row)]
        return intersected(pieces, wanted) if ":" in found else Out(pieces, True)
    prefix, mark, area = found.rpartition("!")
    if ":" in area and wanted == VALUE:
        return Out([lambda row, column, _: one_cell(prefix + mark, area, row, column)], True)
    return Out([found], False, of_range([found])) if ":" in area else Out([found], True)


def _own_table(c: Compiling, reference: Structured, wanted: str) -> Out:
    """Return a structured reference without a table's name: it means the table that the formula stands in."""
    tables = [table for table in c.book.package.tables.values() if table.sheet == c.sheet]

    def text(row: int, column: int, _: Sequence[str]) -> str:
        table = next((each for each in tables if each.area.contains(row, column)), None)
        try:
            return resolve(table, reference.inner, "", row) if table is not None else "#REF!"
        except FormulaError:
            return "#REF!"

    items, columns = split_specifier(reference.inner or "")
    return Out([text], True) if "#this row" in items and len(columns) == 1 else intersected([text], wanted)


def write_at(c: Compiling, at: At, wanted: str) -> Out:
    """Return one value of a range or array."""
    operand = at.operand
    if isinstance(operand, Structured) and operand.inner is not None and "#this row" not in operand.inner.lower():
        return c.operand(operand, VALUE)
    out = c.operand(operand, REFERENCE)
    return Out(out.pieces if out.single else ["(@", *out.pieces, ")"], True)


def write_spilled(c: Compiling, spilled: Spilled, wanted: str) -> Out:
    """Return the area that an anchor fills at the moment."""
    operand = spilled.operand
    if not isinstance(operand, Ref) or operand.kind != "cell":
        raise FormulaError("the operator # stands after something that is not a cell")
    prefix = prefix_of(c, operand.sheet)
    if prefix is None:
        return Out(["#REF!"], True)
    sheet, corner, book = sheet_of(c, operand.sheet), corner_of(operand, operand.first), c.book
    c.layout = True

    def area(row: int, column: int, references: Sequence[str]) -> str:
        cell = parse_area(text_of(corner, row, column, references))
        if cell is None:
            return "#REF!"
        found = book.spilled.get((sheet, cell.top, cell.left))
        if found is None and book.formula_at(sheet, cell.top, cell.left) is not None:
            found = cell  # a formula that gives one value spills into its own cell; a constant does not
        return "#REF!" if found is None else prefix + found.text()

    return intersected([ByCell(area)], wanted)


def write_span(c: Compiling, span: Span, wanted: str) -> Out:
    """Return the range between two references, or the intersection of two."""
    operands, inner = (span.left, span.right), replace(c, in_span=True)
    ends = [_end(inner, operand) for operand in operands]
    c.layout |= inner.layout
    known = list(map(is_area, operands))
    bounds = span.operator == ":"
    if any(isinstance(end, Name | Named) for end in operands):
        raise FormulaError("a range that ends at a local name or at a computed one is not supported")
    if not bounds and not all(known):
        raise FormulaError("an intersection of references that are computed is not supported")

    def text(row: int, column: int, references: Sequence[str]) -> str:
        texts = [written(end.pieces, row, column, references) for end in ends]
        if all(known):
            return joined_areas(texts[0], texts[1], bounds)
        return ":".join(end.strip("()") if area else end for end, area in zip(texts, known, strict=True))

    pieces: list[Piece] = [ByCell(text)] if any(known) else [*ends[0].pieces, ":", *ends[1].pieces]
    if not all(known):  # many functions of the engine take no range that ends at a computed cell
        pieces = ["INDEX(", *pieces, ",0,0)"]
    return intersected(pieces, wanted)


def _end(c: Compiling, operand: Operand) -> Out:
    """Return one end of a range or intersection, an INDIRECT as the engine takes it there."""
    if isinstance(operand, Call) and plain_name(operand.name) == "INDIRECT":
        return c.say("INDIRECT({0})", write_place(c, operand))
    if not _may_be_end(operand):
        raise FormulaError("a range that ends at the result of a function")
    return c.operand(found_place(operand), REFERENCE)


def _may_be_end(operand: Operand | None) -> bool:
    """Say whether the engine takes the end of a range from a call, or from each of the results it chooses among."""
    if not isinstance(operand, Call):
        return not isinstance(operand, Literal | At)
    name = plain_name(operand.name)
    results = operand.arguments[1:] if name in ("IF", "CHOOSE") else operand.arguments[1::2] if name == "IFS" else None
    if results is None:
        return name in REFERENCE_MAKERS
    return all(each is not None and _may_be_end(each.single) for each in results)


def is_area(operand: Operand | None) -> bool:
    """Say whether a reference is written as cells."""
    if isinstance(operand, Group):
        return len(operand.members) == 1 and is_area(operand.members[0].single)
    if isinstance(operand, Span):
        return is_area(operand.left) and is_area(operand.right)
    return isinstance(operand, Ref | Structured | Spilled)
