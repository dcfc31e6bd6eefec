"""References, names, tables and spilled areas made ready for the engine."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field

from ..references import column_letters, parse_area
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
from .parser import (
    Parser,
)
from .structured import ThisRow, resolve, split_specifier
from .template import BookView, ByCell, Out, Piece, text_of
from .text import (
    shift_reference,
    split_references,
)
from .tree import (
    Expression,
    FormulaError,
    Group,
    Name,
    Operand,
    Ref,
    Span,
    Spilled,
    Structured,
)


@dataclass(slots=True)
class ReferenceCompiler(ABC):
    """What one formula is made ready with: references, names, tables, spilled areas."""

    book: BookView
    sheet: int
    layout: bool = False
    functions: set[str] = field(default_factory=set)
    expanding: tuple[tuple[int, str], ...] = ()
    relative: bool = False
    references: Sequence[str] | None = None
    locals: dict[str, bool] = field(default_factory=dict)
    depth: int = 0
    careful: bool = False

    @abstractmethod
    def expression(self, expression: Expression, wanted: str) -> Out:
        """Return an expression made ready for a parameter class."""

    @abstractmethod
    def operand(self, operand: Operand, wanted: str) -> Out:
        """Return an operand made ready for a parameter class."""

    @abstractmethod
    def model(self, expression: Expression) -> Out | None:
        """Return an expression of the model made ready, None when the workbook lacks something."""

    @abstractmethod
    def fork(self, expanding: tuple[tuple[int, str], ...], references: Sequence[str]) -> ReferenceCompiler:
        """Return a compiler for a text that stands elsewhere, such as a defined name."""

    def reference(self, ref: Ref, wanted: str) -> Out:
        """Return a cell, range, whole columns or whole rows."""
        prefix = self.prefix(ref.sheet)
        if prefix is None:
            return Out(["#REF!"], True)
        pieces: list[Piece] = [prefix] if prefix else []
        pieces.append(self.corner(ref.first))
        if ref.kind == "cell":
            return Out(pieces, True)
        assert ref.last is not None
        if wanted == VALUE:
            first, last = self.corner(ref.first), self.corner(ref.last)

            def one(row: int, column: int, references: Sequence[str]) -> str:
                ends = [text_of(end, row, column, references) for end in (first, last)]
                return one_cell(prefix, f"{ends[0]}:{ends[1]}", row, column)

            return Out([one], True)
        pieces += [":", self.corner(ref.last)]
        return Out(pieces, False)

    def intersected(self, pieces: list[Piece], wanted: str) -> Out:
        """Return a range, cut to one cell by the engine where one value is wanted."""
        if wanted == VALUE:
            return Out(["(@", *pieces, ")"], True)
        return Out(pieces, False)

    def corner(self, corner: int | str) -> Piece:
        """Return a reference's corner: the formula's own, or that of a name moved to the formula's cell."""
        if self.references is None:
            return corner
        text = self.references[corner] if isinstance(corner, int) else corner
        if text.count("$") >= (2 if text.lstrip("$")[0].isalpha() and text[-1].isdigit() else 1):
            return text
        return lambda row, column, _: shift_reference(text, row - 1, column - 1)

    def prefix(self, sheet: str) -> str | None:
        """Return a sheet prefix as the engine knows it, None for a sheet that does not exist."""
        if not sheet:
            return ""
        name = sheet_name(sheet)
        if "]" in name and "[" in name and name.lower() not in self.book.sheet_index:
            raise FormulaError("a reference to another workbook that is not cached")
        if name.lower() in self.book.sheet_index:
            actual = self.book.sheet_names[self.book.sheet_index[name.lower()]]
            return sheet if actual == name else "'" + actual.replace("'", "''") + "'!"
        if ":" in name:
            raise FormulaError("a reference through several sheets is not supported here")
        return None

    def clipped(self, ref: Ref) -> Out:
        """Return whole columns or rows cut to the used area, for array arithmetic and Python callbacks."""
        prefix = self.prefix(ref.sheet)
        if prefix is None:
            return Out(["#REF!"], True)
        sheet = self.book.sheet_index[sheet_name(ref.sheet).lower()] if ref.sheet else self.sheet
        bottom, right = self.book.extent(sheet)
        self.layout = True
        first, last = str(ref.first), str(ref.last)
        if ref.kind == "columns":
            return Out([f"{prefix}{first}1:{last}{max(bottom, 1)}"], False)
        return Out([f"{prefix}A{first}:{column_letters(max(right, 1))}{last}"], False)

    def several(self, operand: Operand) -> list[Operand] | None:
        """Return the references behind a union or a 3-D reference, None for anything else."""
        if isinstance(operand, Group) and len(operand.members) > 1:
            members = [member.single for member in operand.members]
            if any(member is None for member in members):
                raise FormulaError("a union of something that is not a reference")
            listed: list[Operand] = []
            for member in members:
                assert member is not None
                listed.extend(self.several(member) or [member])
            return listed
        if isinstance(operand, Group):
            member = operand.members[0].single
            return self.several(member) if member is not None else None
        if isinstance(operand, Name):
            found = self.defined(operand)
            if found is not None and ("," in found[1] or ":" in found[1].partition("!")[0]):
                shape, references = split_references(found[1])
                expression = Parser(shape, references).parse()
                inner = expression.single
                if inner is not None and references and "$" in found[1]:
                    return self.several(with_text(inner, references))
            return None
        if isinstance(operand, Ref) and ":" in sheet_name(operand.sheet):
            first, _, last = sheet_name(operand.sheet).partition(":")
            index = self.book.sheet_index
            if first.lower() not in index or last.lower() not in index:
                raise FormulaError("a reference to sheets that do not exist")
            low, high = sorted((index[first.lower()], index[last.lower()]))
            return [
                Ref(operand.kind, operand.first, operand.last, "'" + name.replace("'", "''") + "'!")
                for name in self.book.sheet_names[low : high + 1]
            ]
        return None

    # --- names, tables, spills --------------------------------------------------------------------------------

    def defined(self, name: Name) -> tuple[int, str] | None:
        """Return the scope and the text of a defined name, None when there is none."""
        scopes = [self.sheet, -1]
        if name.sheet.startswith("["):
            link = name.sheet[1:].partition("]")[0]
            scopes = [-1 - int(link)] if link.isdigit() else []
        elif name.sheet:
            found = self.book.sheet_index.get(sheet_name(name.sheet).lower())
            scopes = [-1] if found is None else [found, -1]
        for scope in scopes:
            text = self.book.names.get((scope, name.text.lower()))
            if text is not None:
                return scope, text
        return None

    def name(self, name: Name, wanted: str) -> Out:
        """Return what a defined name, a table or a local name stands for."""
        label = name.text.lower().removeprefix("_xlpm.")
        if label in self.locals:
            return Out([name.text[-len(label) :]], self.locals[label])
        if name.text.lower().startswith("_xlpm."):
            return Out([name.text[6:]], True)
        found = self.defined(name)
        if found is None and name.sheet.startswith("["):
            raise FormulaError("a name of another workbook that is not cached")
        if found is None:
            table = self.book.tables.get(name.text.lower())
            if table is not None:
                return self.structured(Structured(name.text, None), wanted)
            return Out(["#NAME?"], True)
        key = (found[0], name.text.lower())
        if key in self.expanding:
            raise FormulaError(f"the name {name.text} refers to itself")
        if not found[1]:
            return Out(["#NAME?"], True)
        shape, references = split_references(found[1])
        inner = self.fork((*self.expanding, key), references)
        expression = Parser(shape, references).parse()
        # The formula of a name is an array formula wherever the name stands; a mere reference is used as one.
        formula = not isinstance(expression.single, Ref | Name | Structured | Spilled | Span | Group)
        out = inner.expression(expression, ARRAY if formula else wanted)
        if formula and wanted == VALUE and not out.single:
            out = Out(["@(", *out.pieces, ")"], True)
        self.layout |= inner.layout
        self.functions |= inner.functions
        return Out(["(", *out.pieces, ")"] if len(out.pieces) > 1 or inner.functions else out.pieces, out.single)

    def structured(self, reference: Structured, wanted: str) -> Out:
        """Return the area of a structured reference."""
        if not reference.table:
            return self.own_table(reference, wanted)
        table = self.book.tables.get(reference.table.lower())
        if table is None:
            raise FormulaError(f"there is no table {reference.table}")
        found = resolve(table, reference.inner, self.book.sheet_names[table.sheet], table.sheet == self.sheet)
        if isinstance(found, ThisRow):
            if found.left == found.right:
                return Out([lambda row, column, _: found.at(row)], True)
            return self.intersected([lambda row, column, _: found.at(row)], wanted)
        prefix, mark, area = found.rpartition("!")
        if ":" not in area:
            return Out([found], True)
        if wanted == VALUE:
            return Out([lambda row, column, _: one_cell(prefix + mark, area, row, column)], True)
        return Out([found], False)

    def own_table(self, reference: Structured, wanted: str) -> Out:
        """Lower a structured reference without a table's name: it means the table that the formula stands in."""
        tables = [table for table in self.book.tables.values() if table.sheet == self.sheet]

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
        return self.intersected([text], wanted)

    def at(self, operand: Operand) -> Out:
        """Return one value of a range or array."""
        if isinstance(operand, Structured) and operand.inner is not None and "#this row" not in operand.inner.lower():
            return self.operand(operand, VALUE)
        out = self.operand(operand, REFERENCE)
        return Out(["(@", *out.pieces, ")"] if not out.single else out.pieces, True)

    def spilled(self, operand: Operand, wanted: str) -> Out:
        """Return the area that an anchor fills at the moment."""
        if isinstance(operand, Name):
            found = self.defined(operand)
            if found is not None:
                shape, references = split_references(found[1])
                inner = Parser(shape, references).parse().single
                if isinstance(inner, Ref) and inner.kind == "cell":
                    operand = with_text(inner, references)
        if not isinstance(operand, Ref) or operand.kind != "cell":
            raise FormulaError("the operator # stands after something that is not a cell")
        prefix = self.prefix(operand.sheet)
        if prefix is None:
            return Out(["#REF!"], True)
        sheet = self.book.sheet_index[sheet_name(operand.sheet).lower()] if operand.sheet else self.sheet
        corner, book = self.corner(operand.first), self.book
        self.layout = True

        def area(row: int, column: int, references: Sequence[str]) -> str:
            text = text_of(corner, row, column, references)
            cell = parse_area(text)
            found = book.spilled_area(sheet, cell.top, cell.left) if cell is not None else None
            return "#REF!" if found is None else prefix + found.text()

        return self.intersected([ByCell(area)], wanted)

    def span(self, span: Span, wanted: str) -> Out:
        """Return the range between two references, or the intersection of two."""
        left, right = self.end(span.left), self.end(span.right)
        known = self.is_area(span.left), self.is_area(span.right)
        own, bounds = self.book.sheet_names[self.sheet], span.operator == ":"
        if any(isinstance(end, Name) and not area for end, area in zip((span.left, span.right), known, strict=True)):
            raise FormulaError("a range that ends at a local name or at a computed one is not supported")
        if not bounds and not all(known):
            raise FormulaError("an intersection of references that are computed is not supported")
        if not any(known):
            return self.intersected([*left.pieces, ":", *right.pieces], wanted)

        def text(row: int, column: int, references: Sequence[str]) -> str:
            first, second = (
                "".join(text_of(piece, row, column, references) for piece in out.pieces) for out in (left, right)
            )
            if all(known):
                return joined_areas(first, second, bounds, own)
            ends = [
                without_own_sheet(end, own) if area else end for end, area in zip((first, second), known, strict=True)
            ]
            return ":".join(ends)

        return self.intersected([ByCell(text)], wanted)

    def end(self, operand: Operand) -> Out:
        """Return one end of a range or intersection."""
        return self.operand(operand, REFERENCE)

    def is_area(self, operand: Operand) -> bool:
        """Say whether a reference is written as cells, or as a name or table that stands for cells."""
        if isinstance(operand, Group):
            inner = operand.members[0].single if len(operand.members) == 1 else None
            return inner is not None and self.is_area(inner)
        if isinstance(operand, Span):
            return self.is_area(operand.left) and self.is_area(operand.right)
        if not isinstance(operand, Name):
            return isinstance(operand, Ref | Structured | Spilled)
        if operand.text.lower().removeprefix("_xlpm.") in self.locals:
            return False
        found = self.defined(operand)
        if found is None:
            return operand.text.lower() in self.book.tables
        key = (found[0], operand.text.lower())
        if not found[1] or key in self.expanding:
            return False
        shape, references = split_references(found[1])
        inner = Parser(shape, references).parse().single
        return inner is not None and self.fork((*self.expanding, key), references).is_area(inner)
