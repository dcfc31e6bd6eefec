"""Formulas made ready for the engine: only A1 references, no names, no tables, every argument in its place.

One shape (see `formula_text`) is worked out once per sheet and rendered for every cell that has it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from .formula_text import (
    SLOT,
    At,
    Call,
    Expression,
    FormulaError,
    Group,
    Invoke,
    Literal,
    Name,
    Operand,
    Parser,
    Ref,
    Span,
    Spilled,
    Structured,
    UnknownFunction,
    shift_reference,
    split_references,
)
from .lambdas import CALLERS, LAMBDA, free_mark, parameter_mark
from .model_calls import fill_model, missing_text, omitted_text
from .native import ALTERNATIVES
from .package import Table
from .parameter_classes import (
    ARRAY,
    EACH,
    GAP_DEFAULTS,
    LIFT,
    LISTS,
    MISSING,
    REFERENCE,
    TRANSPARENT,
    VALUE,
    WHOLE,
    gives_one_value,
    lifts,
    parameter_class,
)
from .references import MAX_COLUMNS, MAX_ROWS, Area, column_letters, column_number, parse_area
from .structured import ThisRow, resolve, split_specifier

_PREFIXES = ("_xlfn.", "_xlws.", "_xll.", "_xludf.", "_xldudf_", "_xlpm.")
Piece = str | int | Callable[[int, int, Sequence[str]], str]


class BookView(Protocol):
    """What lowering has to know about the workbook."""

    tables: dict[str, Table]
    names: dict[tuple[int, str], str]
    sheet_names: list[str]
    sheet_index: dict[str, int]

    def extent(self, sheet: int) -> tuple[int, int]:
        """Return the last used row and column of a sheet."""
        ...

    def knows(self, name: str) -> bool:
        """Say whether the engine has a function."""
        ...

    def registered(self, name: str) -> Any:
        """Return what the package itself implements under a name, None when nothing."""
        ...

    def formula_at(self, sheet: int, row: int, column: int) -> str | None:
        """Return the formula of a cell as the file has it, None when it has none."""
        ...

    def hidden_rows(self, sheet: int, filtered: bool) -> frozenset[int]:
        """Return the rows of a sheet that are not shown, or only those that a filter hides."""
        ...

    def spilled_area(self, sheet: int, row: int, column: int) -> Area | None:
        """Return the area an anchor fills at the moment, None when the cell is no anchor."""
        ...


@dataclass(slots=True)
class Template:
    """A shape made ready: text with places for references and for what depends on the cell."""

    pieces: list[Piece]
    single: bool
    layout: bool
    functions: frozenset[str]
    verbatim: bool
    repeatable: bool = True

    def render(self, references: Sequence[str], row: int, column: int) -> str:
        """Return the engine's text for one cell.

        Parameters
        ----------
        references : sequence of str
            The cell's own references, in order.
        row, column : int
            The cell.

        Returns
        -------
        str
            Without the leading equals sign.
        """
        out = []
        for piece in self.pieces:
            if piece.__class__ is str:
                out.append(piece)
            elif piece.__class__ is int:
                out.append(references[piece])
            else:
                out.append(piece(row, column, references))
        return "".join(out)


class Lowering:
    """Lowers the formulas of one workbook, remembering shapes."""

    def __init__(self, book: BookView) -> None:
        self.book = book
        self._templates: dict[tuple[int, str, str], Template | FormulaError] = {}

    def template(self, shape: str, references: Sequence[str], sheet: int, mode: str) -> Template:
        """Return the template of a shape on a sheet."""
        key = (sheet, mode, shape)
        found = self._templates.get(key)
        if isinstance(found, Template):
            return found
        if isinstance(found, FormulaError):
            raise found
        parser = Parser(shape, references)
        try:
            compiler = _Compiler(self.book, sheet)
            template = compiler.compile(parser.parse(), mode)
        except FormulaError as error:
            if not parser.literal_slots:
                self._templates[key] = error
            raise
        except RecursionError:
            raise FormulaError("the formula is nested too deeply") from None
        template.repeatable = not parser.literal_slots
        template.verbatim = template.repeatable and not template.layout and _joined(template.pieces) == shape
        if template.repeatable:
            self._templates[key] = template
        return template

    def forget_layout(self) -> None:
        """Drop what depended on used areas and spilled areas, because these have changed."""
        self._templates = {
            key: found for key, found in self._templates.items() if not (isinstance(found, Template) and found.layout)
        }


def _joined(pieces: list[Piece]) -> str:
    return "".join(SLOT if piece.__class__ is int else piece if isinstance(piece, str) else "\x01" for piece in pieces)


@dataclass(slots=True)
class _Out:
    pieces: list[Piece]
    single: bool


@dataclass(slots=True)
class _Compiler:
    book: BookView
    sheet: int
    layout: bool = False
    functions: set[str] = field(default_factory=set)
    expanding: tuple[tuple[int, str], ...] = ()
    relative: bool = False
    references: Sequence[str] | None = None
    locals: dict[str, bool] = field(default_factory=dict)
    depth: int = 0

    def compile(self, expression: Expression, mode: str) -> Template:
        out = self.expression(expression, mode)
        pieces = out.pieces
        if mode == VALUE and not out.single:
            pieces = ["@(", *pieces, ")"]
        return Template(_merged(pieces), out.single, self.layout, frozenset(self.functions), False)

    def expression(self, expression: Expression, wanted: str) -> _Out:
        single = expression.single
        if isinstance(single, Ref) and single.kind in ("columns", "rows") and wanted == ARRAY:
            return self.clipped(single)
        if single is not None:
            return self.operand(single, wanted)
        inside = ARRAY if wanted == ARRAY else VALUE
        pieces: list[Piece] = []
        one = True
        for item in expression.items:
            if isinstance(item, str):
                pieces.append(item)
                continue
            if isinstance(item, Ref) and item.kind in ("columns", "rows") and inside == ARRAY:
                out = self.clipped(item)
            else:
                out = self.operand(item, inside)
            pieces.extend(out.pieces)
            one = one and out.single
        return _Out(pieces, one)

    def operand(self, operand: Operand, wanted: str) -> _Out:
        if isinstance(operand, Literal):
            return _Out([operand.text], not operand.text.startswith("{"))
        if isinstance(operand, Ref):
            return self.reference(operand, wanted)
        if isinstance(operand, Name):
            return self.name(operand, wanted)
        if isinstance(operand, Structured):
            return self.structured(operand, wanted)
        if isinstance(operand, Call):
            return self.call(operand, wanted)
        if isinstance(operand, Group):
            if len(operand.members) > 1:
                raise FormulaError("a union of references is not supported here")
            out = self.expression(operand.members[0], wanted)
            return _Out(["(", *out.pieces, ")"], out.single)
        if isinstance(operand, At):
            return self.at(operand.operand)
        if isinstance(operand, Spilled):
            return self.spilled(operand.operand, wanted)
        if isinstance(operand, Span):
            return self.span(operand, wanted)
        return self.invoke(operand)

    # --- references ------------------------------------------------------------------------------------------

    def reference(self, ref: Ref, wanted: str) -> _Out:
        prefix = self.prefix(ref.sheet)
        if prefix is None:
            return _Out(["#REF!"], True)
        pieces: list[Piece] = [prefix] if prefix else []
        pieces.append(self.corner(ref.first))
        if ref.kind == "cell":
            return _Out(pieces, True)
        assert ref.last is not None
        if wanted == VALUE:
            first, last = self.corner(ref.first), self.corner(ref.last)

            def one(row: int, column: int, references: Sequence[str]) -> str:
                ends = [
                    end if isinstance(end, str) else references[end] if isinstance(end, int) else end(row, column, references)
                    for end in (first, last)
                ]
                return one_cell(prefix, f"{ends[0]}:{ends[1]}", row, column)

            return _Out([one], True)
        pieces += [":", self.corner(ref.last)]
        return _Out(pieces, False)

    def intersected(self, pieces: list[Piece], wanted: str) -> _Out:
        if wanted == VALUE:
            return _Out(["(@", *pieces, ")"], True)
        return _Out(pieces, False)

    def corner(self, corner: int | str) -> Piece:
        if self.references is None:
            return corner
        text = self.references[corner] if isinstance(corner, int) else corner
        if text.count("$") >= (2 if text.lstrip("$")[0].isalpha() and text[-1].isdigit() else 1):
            return text
        return lambda row, column, _: shift_reference(text, row - 1, column - 1)

    def prefix(self, sheet: str) -> str | None:
        if not sheet:
            return ""
        name = _sheet_name(sheet)
        if sheet.startswith(("[", "'[")) or ("]" in name and "[" in name):
            raise FormulaError("a reference to another workbook")
        if name.lower() in self.book.sheet_index:
            actual = self.book.sheet_names[self.book.sheet_index[name.lower()]]
            return sheet if actual == name else "'" + actual.replace("'", "''") + "'!"
        if ":" in name:
            raise FormulaError("a reference through several sheets is not supported here")
        return None

    def clipped(self, ref: Ref) -> _Out:
        """Return whole columns or rows cut to the used area, for array arithmetic and Python callbacks."""
        prefix = self.prefix(ref.sheet)
        if prefix is None:
            return _Out(["#REF!"], True)
        sheet = self.book.sheet_index[_sheet_name(ref.sheet).lower()] if ref.sheet else self.sheet
        bottom, right = self.book.extent(sheet)
        self.layout = True
        first, last = str(ref.first), str(ref.last)
        if ref.kind == "columns":
            return _Out([f"{prefix}{first}1:{last}{max(bottom, 1)}"], False)
        return _Out([f"{prefix}A{first}:{column_letters(max(right, 1))}{last}"], False)

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
                if inner is not None and not references == [] and "$" in found[1]:
                    return self.several(_with_text(inner, references))
            return None
        if isinstance(operand, Ref) and ":" in _sheet_name(operand.sheet):
            first, _, last = _sheet_name(operand.sheet).partition(":")
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
        scopes = [self.sheet, -1]
        if name.sheet:
            found = self.book.sheet_index.get(_sheet_name(name.sheet).lower())
            scopes = [-1] if found is None else [found, -1]
        for scope in scopes:
            text = self.book.names.get((scope, name.text.lower()))
            if text is not None:
                return scope, text
        return None

    def name(self, name: Name, wanted: str) -> _Out:
        if name.sheet.startswith(("[", "'[")):
            raise FormulaError("a reference to another workbook")
        label = name.text.lower().removeprefix("_xlpm.")
        if label in self.locals:
            return _Out([name.text[-len(label) :]], self.locals[label])
        if name.text.lower().startswith("_xlpm."):
            return _Out([name.text[6:]], True)
        found = self.defined(name)
        if found is None:
            table = self.book.tables.get(name.text.lower())
            if table is not None:
                return self.structured(Structured(name.text, None), wanted)
            return _Out(["#NAME?"], True)
        key = (found[0], name.text.lower())
        if key in self.expanding:
            raise FormulaError(f"the name {name.text} refers to itself")
        if not found[1]:
            return _Out(["#NAME?"], True)
        shape, references = split_references(found[1])
        inner = _Compiler(
            self.book, self.sheet, expanding=(*self.expanding, key), relative=True, references=references
        )
        out = inner.expression(Parser(shape, references).parse(), wanted)
        self.layout |= inner.layout
        self.functions |= inner.functions
        return _Out(["(", *out.pieces, ")"] if len(out.pieces) > 1 or inner.functions else out.pieces, out.single)

    def structured(self, reference: Structured, wanted: str) -> _Out:
        if not reference.table:
            return self.own_table(reference, wanted)
        table = self.book.tables.get(reference.table.lower())
        if table is None:
            raise FormulaError(f"there is no table {reference.table}")
        found = resolve(table, reference.inner, self.book.sheet_names[table.sheet], table.sheet == self.sheet)
        if isinstance(found, ThisRow):
            if found.left == found.right:
                return _Out([lambda row, column, _: found.at(row)], True)
            return self.intersected([lambda row, column, _: found.at(row)], wanted)
        prefix, mark, area = found.rpartition("!")
        if ":" not in area:
            return _Out([found], True)
        if wanted == VALUE:
            return _Out([lambda row, column, _: one_cell(prefix + mark, area, row, column)], True)
        return _Out([found], False)

    def own_table(self, reference: Structured, wanted: str) -> _Out:
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
            return _Out([text], True)
        return self.intersected([text], wanted)

    def at(self, operand: Operand) -> _Out:
        if isinstance(operand, Structured) and operand.inner is not None and "#this row" not in operand.inner.lower():
            return self.operand(operand, VALUE)
        out = self.operand(operand, REFERENCE)
        return _Out(["(@", *out.pieces, ")"] if not out.single else out.pieces, True)

    def spilled(self, operand: Operand, wanted: str) -> _Out:
        if not isinstance(operand, Ref) or operand.kind != "cell":
            raise FormulaError("the operator # stands after something that is not a cell")
        prefix = self.prefix(operand.sheet)
        if prefix is None:
            return _Out(["#REF!"], True)
        sheet = self.book.sheet_index[_sheet_name(operand.sheet).lower()] if operand.sheet else self.sheet
        corner, book = self.corner(operand.first), self.book
        self.layout = True

        def area(row: int, column: int, references: Sequence[str]) -> str:
            if isinstance(corner, int):
                text = references[corner]
            else:
                text = corner if isinstance(corner, str) else corner(row, column, references)
            cell = parse_area(text)
            found = book.spilled_area(sheet, cell.top, cell.left) if cell is not None else None
            return "#REF!" if found is None else prefix + found.text()

        return self.intersected([area], wanted)

    def span(self, span: Span, wanted: str) -> _Out:
        left, right = self.operand(span.left, REFERENCE), self.operand(span.right, REFERENCE)
        if span.operator == " ":
            raise FormulaError("an intersection of references is not supported")
        return self.intersected([*left.pieces, ":", *right.pieces], wanted)

    # --- calls ------------------------------------------------------------------------------------------------

    def call(self, call: Call, wanted: str) -> _Out:
        name = plain_name(call.name)
        if name == "SINGLE" and len(call.arguments) == 1:
            return self.at(_only(call.arguments[0]))
        if name == "ANCHORARRAY" and len(call.arguments) == 1:
            return self.spilled(_only(call.arguments[0]), wanted)
        if name in CALLERS and call.arguments:
            return self.calls_lambda(name, call.arguments)
        if name == "LET" and len(call.arguments) > 2:
            return self.let(call.arguments, wanted)
        found = self.defined(Name(call.name)) if not call.name.startswith("_xl") else None
        if found is not None:
            return self.named_lambda(call, found)
        if name in ALTERNATIVES and len(call.arguments) >= ALTERNATIVES[name] and _needs_python(name, call.arguments):
            name = f"RXL.{name}"
        implementation = self.book.registered(name)
        if implementation is not None:
            self.functions.add(name)
            if hasattr(implementation, "parameters"):
                return self.catalogue_call(name, implementation, call.arguments, wanted)
            arguments = call.arguments[:2] if name == "RXL.MATCH" else call.arguments
            return self.native_call(name, implementation, arguments, wanted)
        told = self.told_by_the_file(name, call.arguments)
        if told is not None:
            return told
        if not self.book.knows(name):
            raise UnknownFunction(name)
        if wanted == ARRAY or any(_has_array_constant(each) for each in call.arguments):
            lifted = self.lifted(name, call.arguments)
            if lifted is not None:
                return lifted
        if name in ("ROWS", "COLUMNS") and len(call.arguments) == 1:
            whole = _whole(call.arguments[0], name)
            if whole is not None:
                return _Out([str(whole)], True)
        pieces: list[Piece] = [name, "("]
        single = True
        for position, argument in enumerate(call.arguments):
            if position:
                pieces.append(",")
            if argument is None:
                pieces.append(GAP_DEFAULTS.get((name, position), ""))
                continue
            kind = ARRAY if wanted == ARRAY else parameter_class(name, position)
            if wanted == ARRAY and parameter_class(name, position) == REFERENCE:
                kind = ARRAY
            through = TRANSPARENT.get(name)
            if through is not None and position >= through and wanted != ARRAY:
                kind = wanted
            inner = argument.single
            listed = self.several(inner) if inner is not None and name in LISTS else None
            if listed is not None:
                for number, each in enumerate(listed):
                    pieces.extend([",", *self.operand(each, kind).pieces] if number else self.operand(each, kind).pieces)
                continue
            if name in ("SUBTOTAL", "AGGREGATE") and isinstance(inner, Ref | Structured):
                visible = self.visible(name, call.arguments, inner)
                if visible is not None:
                    pieces.append(visible)
                    continue
            out = self.expression(argument, kind)
            pieces.extend(out.pieces)
            if parameter_class(name, position) != REFERENCE or through is not None:
                single = single and out.single
        pieces.append(")")
        return _Out(pieces, gives_one_value(name, single))

    def lifted(self, name: str, arguments: Sequence[Expression | None]) -> _Out | None:
        """Return a call that has to be made cell by cell on arrays, None where the engine or nobody has to."""
        if name in ("ROW", "COLUMN") and len(arguments) == 1 and arguments[0] is not None:
            operand = arguments[0].single
            return self.numbered(name, operand) if isinstance(operand, Ref) and operand.kind != "cell" else None
        if not lifts(name):
            return None
        pieces: list[Piece] = []
        mask = ""
        arrays = False
        for position, argument in enumerate(arguments):
            pieces.append(",")
            if argument is None:
                mask += MISSING
                pieces.append("0")
                continue
            each = name in ("CHOOSE", "SWITCH", "IFS") or parameter_class(name, position) == VALUE
            mask += EACH if each else WHOLE
            out = self.argument_for_python(argument, ARRAY)
            arrays = arrays or (each and not out.single)
            pieces.extend(out.pieces)
        if not arrays:
            return None
        self.functions.add(LIFT)
        return _Out([f'{LIFT}("{name}","{mask}"', *pieces, ")"], False)

    def numbered(self, name: str, ref: Ref) -> _Out | None:
        """Return ROW or COLUMN of a range as the numbers it stands for."""
        prefix = self.prefix(ref.sheet)
        if prefix is None:
            return None
        first, last = self.corner(ref.first), self.corner(ref.last if ref.last is not None else ref.first)
        extent = self.book.extent(self.sheet)

        def numbers(row: int, column: int, references: Sequence[str]) -> str:
            ends = [
                end if isinstance(end, str) else references[end] if isinstance(end, int) else end(row, column, references)
                for end in (first, last)
            ]
            area = area_of(f"{ends[0]}:{ends[1]}")
            if area is None:
                return f"{name}({ends[0]}:{ends[1]})"
            if name == "ROW":
                bottom = extent[0] if area.bottom == MAX_ROWS else area.bottom
                return f"SEQUENCE({max(bottom - area.top + 1, 1)},1,{area.top})"
            right = extent[1] if area.right == MAX_COLUMNS else area.right
            return f"SEQUENCE(1,{max(right - area.left + 1, 1)},{area.left})"

        return _Out([numbers], False)

    def visible(self, name: str, arguments: Sequence[Expression | None], operand: Ref | Structured) -> Piece | None:
        """Return what lists the shown rows of a range, None when nothing is hidden or hidden rows count."""
        hides = _ignores_hidden(name, arguments)
        if hides is None:
            return None
        if isinstance(operand, Structured):
            table = self.book.tables.get(operand.table.lower())
            sheet = self.sheet if table is None else table.sheet
        else:
            index = self.book.sheet_index.get(_sheet_name(operand.sheet).lower()) if operand.sheet else self.sheet
            sheet = self.sheet if index is None else index
        hidden = self.book.hidden_rows(sheet, hides == "filtered")
        if not hidden:
            return None
        out = self.operand(operand, REFERENCE)

        def bands(row: int, column: int, references: Sequence[str]) -> str:
            text = Template(out.pieces, True, False, frozenset(), False).render(references, row, column)
            prefix, mark, corners = text.rpartition("!")
            area = parse_area(corners)
            if area is None:
                return text
            shown = [number for number in range(area.top, area.bottom + 1) if number not in hidden]
            left, right = column_letters(area.left), column_letters(area.right)
            runs: list[tuple[int, int]] = []
            for number in shown:
                if runs and runs[-1][1] == number - 1:
                    runs[-1] = (runs[-1][0], number)
                else:
                    runs.append((number, number))
            listed = [f"{prefix}{mark}{left}{first}:{right}{last}" for first, last in runs]
            return ",".join(listed) or f"{prefix}{mark}{column_letters(MAX_COLUMNS)}{MAX_ROWS}"

        return bands

    def told_by_the_file(self, name: str, arguments: Sequence[Expression | None]) -> _Out | None:
        """Return the answer of functions about formulas and sheets, which the engine sees otherwise than the file."""
        operand = arguments[0].single if len(arguments) == 1 and arguments[0] is not None else None
        if name == "SHEETS" and not arguments:
            return _Out([str(len(self.book.sheet_names))], True)
        if name == "SHEET":
            if not arguments:
                return _Out([str(self.sheet + 1)], True)
            if isinstance(operand, Ref):
                prefix = _sheet_name(operand.sheet).lower()
                if not prefix or prefix in self.book.sheet_index:
                    return _Out([str((self.book.sheet_index[prefix] if prefix else self.sheet) + 1)], True)
            return None
        if name not in ("FORMULATEXT", "ISFORMULA") or not isinstance(operand, Ref) or operand.kind == "columns":
            return None
        prefix = self.prefix(operand.sheet)
        if prefix is None:
            return None
        sheet = self.book.sheet_index[_sheet_name(operand.sheet).lower()] if operand.sheet else self.sheet
        corner, book = self.corner(operand.first), self.book

        def answer(row: int, column: int, references: Sequence[str]) -> str:
            text = corner if isinstance(corner, str) else references[corner] if isinstance(corner, int) else (
                corner(row, column, references)
            )
            cell = parse_area(text)
            formula = book.formula_at(sheet, cell.top, cell.left) if cell is not None else None
            if name == "ISFORMULA":
                return "TRUE" if formula is not None else "FALSE"
            return "NA()" if formula is None else '"=' + formula.replace('"', '""') + '"'

        return _Out([answer], True)

    def argument_for_python(self, argument: Expression, wanted: str) -> _Out:
        inner = argument.single
        if isinstance(inner, Ref) and inner.kind in ("columns", "rows") and wanted != VALUE:
            return self.clipped(inner)
        return self.expression(argument, wanted)

    def native_call(self, name: str, implementation: Any, arguments: Sequence[Expression | None], wanted: str) -> _Out:
        pieces: list[Piece] = [name, "("]
        single = True
        for position, argument in enumerate(arguments):
            if position:
                pieces.append(",")
            if argument is None:
                pieces.append(missing_text())
                continue
            ranged = implementation.takes_range(position)
            listed = parameter_class(name, position)
            kind = ARRAY if wanted == ARRAY or listed == ARRAY else REFERENCE if ranged else VALUE
            through = TRANSPARENT.get(name)
            if through is not None and position >= through and wanted != ARRAY:
                kind = wanted
            out = self.argument_for_python(argument, kind)
            pieces.extend(out.pieces)
            single = single and (ranged or out.single)
        pieces.append(")")
        return _Out(pieces, gives_one_value(name, single))

    def catalogue_call(
        self, name: str, function: Any, arguments: Sequence[Expression | None], wanted: str
    ) -> _Out:
        inside = ARRAY if wanted == ARRAY else REFERENCE
        given: list[_Out | None] = [
            None if argument is None else self.argument_for_python(argument, inside) for argument in arguments
        ]
        given = fill_model(function, given, self.model_expression, lambda text: _Out([text], True))
        declared = (*function.parameters, *function.context)
        pieces: list[Piece] = [name, "("]
        single = True
        for position, out in enumerate(given):
            if position:
                pieces.append(",")
            pieces.extend(out.pieces if out is not None else [omitted_text(declared, position)])
            single = single and (out is None or out.single)
        pieces.append(")")
        return _Out(pieces, function.result.shape == "value" or (function.result.shape == "data" and single))

    def model_expression(self, text: str) -> _Out | None:
        """Return a model expression made ready, None when the workbook lacks what it names."""
        shape, references = split_references(text)
        compiler = _Compiler(self.book, self.sheet, expanding=self.expanding, references=references)
        try:
            out = compiler.model(Parser(shape, references).parse())
        except FormulaError:
            return None
        if out is None:
            return None
        self.functions |= compiler.functions
        self.layout |= compiler.layout
        return out

    def model(self, expression: Expression) -> _Out | None:
        operand = expression.single
        if isinstance(operand, Name) and self.defined(operand) is None:
            if operand.text.lower() not in self.book.tables:
                return None
        if isinstance(operand, Call):
            function = self.book.registered(operand.name)
            outs: list[_Out | None] = []
            for argument in operand.arguments:
                out = self.model(argument) if argument is not None else None
                outs.append(out)
            required = [each.required for each in function.parameters]
            filled = fill_model(function, outs, self.model_expression, lambda text: None)
            if any(need and out is None for need, out in zip(required, filled, strict=False)):
                return None
            self.functions.add(operand.name)
            pieces: list[Piece] = [operand.name, "("]
            for position, out in enumerate(filled):
                if position:
                    pieces.append(",")
                pieces.extend([missing_text()] if out is None else out.pieces)
            return _Out([*pieces, ")"], False)
        return self.expression(expression, ARRAY)

    # --- LET and LAMBDA -----------------------------------------------------------------------------------------

    def let(self, arguments: Sequence[Expression | None], wanted: str) -> _Out:
        """Return a LET, remembering which of its names stand for one value."""
        before = dict(self.locals)
        pieces: list[Piece] = ["LET("]
        for named, given in zip(arguments[:-1:2], arguments[1::2], strict=False):
            label = _local_name(named)
            out = self.expression(given, ARRAY) if given is not None else _Out(["0"], True)
            self.locals[label.lower()] = out.single
            pieces += [label, ",", *out.pieces, ","]
        last = arguments[-1]
        out = self.expression(last, wanted) if last is not None else _Out(["0"], True)
        self.locals = before
        return _Out([*pieces, *out.pieces, ")"], out.single)

    def calls_lambda(self, name: str, arguments: Sequence[Expression | None]) -> _Out:
        """Return a function that calls a LAMBDA as a call of Python with the LAMBDA's text and all its values."""
        last = arguments[-1].single if arguments[-1] is not None else None
        given = len(arguments) - 1
        if given < CALLERS[name] or (name != "MAP" and given != CALLERS[name]):
            raise FormulaError(f"{name} has {len(arguments)} arguments")
        parameters = {"MAP": given, "REDUCE": 2, "SCAN": 2, "MAKEARRAY": 2}.get(name, 1)
        body = _Body(self.book, self.sheet, expanding=self.expanding, outer=self, depth=self.depth + 1)
        if isinstance(last, Call) and plain_name(last.name) == "LAMBDA":
            labels = [_local_name(each).lower() for each in last.arguments[:-1]]
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
        return _Out([*out, ")"], False)

    def named_lambda(self, call: Call, found: tuple[int, str]) -> _Out:
        """Return the call of a defined name that stands for a LAMBDA."""
        key = (found[0], call.name.lower())
        if key in self.expanding:
            raise FormulaError(f"the name {call.name} refers to itself")
        shape, references = split_references(found[1])
        target = Parser(shape, references).parse().single
        if not isinstance(target, Call) or plain_name(target.name) != "LAMBDA":
            raise FormulaError(f"the name {call.name} is used as a function")
        inner = _Compiler(
            self.book, self.sheet, expanding=(*self.expanding, key), relative=True, references=references
        )
        return self.applied(target, call.arguments, inner)

    def invoke(self, operand: Invoke) -> _Out:
        target = operand.target
        if not isinstance(target, Call) or plain_name(target.name) != "LAMBDA":
            raise FormulaError("something that is no LAMBDA is called")
        return self.applied(target, operand.arguments, self)

    def applied(self, target: Call, given: Sequence[Expression | None], inner: _Compiler) -> _Out:
        """Return the body of a LAMBDA inside a LET that gives its parameters their values."""
        labels = [_local_name(each) for each in target.arguments[:-1]]
        body = target.arguments[-1]
        given = [] if list(given) == [None] else given
        if len(given) != len(labels) or body is None:
            raise FormulaError(f"a LAMBDA with {len(labels)} parameters is called with {len(given)} arguments")
        before = dict(inner.locals)
        pieces: list[Piece] = ["LET("] if labels else ["("]
        outs = [self.expression(each, ARRAY) if each is not None else _Out(["0"], True) for each in given]
        for label, out in zip(labels, outs, strict=True):
            inner.locals[label.lower()] = out.single
            pieces += [label, ",", *out.pieces, ","]
        out = inner.expression(body, ARRAY)
        inner.locals = before
        self.layout |= inner.layout
        self.functions |= inner.functions
        return _Out([*pieces, *out.pieces, ")"], out.single)


@dataclass(slots=True)
class _Body(_Compiler):
    """The body of a LAMBDA that Python calls: parameters and references become marks."""

    outer: _Compiler | None = None
    parameters: dict[str, int] = field(default_factory=dict)
    captured: list[list[Piece]] = field(default_factory=list)

    def operand(self, operand: Operand, wanted: str) -> _Out:
        if isinstance(operand, Name):
            label = operand.text.lower().removeprefix("_xlpm.")
            if label in self.locals:
                return _Out([operand.text[6:] if operand.text.lower().startswith("_xlpm.") else operand.text],
                            self.locals[label])
            if label in self.parameters:
                return _Out([parameter_mark(self.depth, self.parameters[label])], False)
        if isinstance(operand, Ref | Name | Structured | Spilled | Span):
            assert self.outer is not None
            out = self.outer.operand(operand, ARRAY)
            self.captured.append(out.pieces)
            return _Out([free_mark(self.depth, len(self.captured) - 1)], out.single)
        return _Compiler.operand(self, operand, wanted)


def _local_name(expression: Expression | None) -> str:
    """Return the name that LET or LAMBDA gives to a value."""
    named = expression.single if expression is not None else None
    if not isinstance(named, Name):
        raise FormulaError("a name is missing in LET or LAMBDA")
    return named.text[6:] if named.text.lower().startswith("_xlpm.") else named.text


def _needs_python(name: str, arguments: Sequence[Expression | None]) -> bool:
    """Say whether the engine gets a form of a function wrong that the package computes itself.

    An AGGREGATE over ranges is right in the engine, and hidden rows are left out of it here; so is a LOOKUP in a range
    of cells, and every MATCH but the approximate one of a constant, which looks for the last cell of a kind.
    """
    operands = [argument.single if argument is not None else None for argument in arguments]
    if name == "AGGREGATE":
        return not isinstance(operands[2], Ref | Structured | Name)
    if name == "LOOKUP":
        place = operands[1]
        return not isinstance(place, Structured | Name) and not (isinstance(place, Ref) and place.kind == "range")
    if name == "MATCH":
        rising = len(operands) == 2 or (isinstance(operands[2], Literal) and operands[2].text == "1")
        return rising and isinstance(operands[0], Literal)
    return True


def _ignores_hidden(name: str, arguments: Sequence[Expression | None]) -> str | None:
    """Return "hidden" or "filtered" for the rows a SUBTOTAL or AGGREGATE leaves out, None for none."""
    codes = [each.single if each is not None else None for each in arguments[:2]]
    if name == "SUBTOTAL" and isinstance(codes[0], Literal) and codes[0].text.isdigit():
        return "hidden" if int(codes[0].text) > 100 else "filtered"
    if name == "AGGREGATE" and len(codes) > 1 and isinstance(codes[1], Literal) and codes[1].text.isdigit():
        return "hidden" if int(codes[1].text) % 2 else None
    return None


def one_cell(prefix: str, text: str, row: int, column: int) -> str:
    """Return the one cell of a range that an ordinary formula in a cell takes (implicit intersection).

    Parameters
    ----------
    prefix : str
        The sheet before the range, with its exclamation mark, or "".
    text : str
        The range, also whole columns or rows.
    row, column : int
        The formula's cell.

    Returns
    -------
    str
        A1 text, ``#VALUE!`` when no cell of the range lies in the formula's row or column.
    """
    area = area_of(text)
    if area is None:
        return "#REF!"
    if area.left == area.right and area.top <= row <= area.bottom:
        return f"{prefix}{column_letters(area.left)}{row}"
    if area.top == area.bottom and area.left <= column <= area.right:
        return f"{prefix}{column_letters(column)}{area.top}"
    return "#VALUE!"


def area_of(text: str) -> Area | None:
    """Return the area of a range, also of whole columns (B:C) and whole rows (2:3)."""
    area = parse_area(text)
    if area is not None:
        return area
    first, _, last = text.replace("$", "").partition(":")
    if first.isdigit() and last.isdigit():
        return Area(min(int(first), int(last)), 1, max(int(first), int(last)), MAX_COLUMNS)
    if first.isalpha() and last.isalpha():
        left, right = sorted((column_number(first), column_number(last)))
        return Area(1, left, MAX_ROWS, right)
    return None


def plain_name(name: str) -> str:
    """Return a function's name in capitals without the prefixes that files put before it."""
    lowered = name.lower()
    stripped = True
    while stripped:
        stripped = False
        for prefix in _PREFIXES:
            if lowered.startswith(prefix):
                lowered = lowered[len(prefix) :]
                stripped = True
    return lowered.upper()


def _sheet_name(prefix: str) -> str:
    name = prefix[:-1]
    return name[1:-1].replace("''", "'") if name.startswith("'") else name


def _only(argument: Expression | None) -> Operand:
    operand = argument.single if argument is not None else None
    if operand is None:
        raise FormulaError("a reference is missing")
    return operand


def _has_array_constant(expression: Expression | None) -> bool:
    """Say whether a value is an array because a constant in braces is part of it."""
    for item in expression.items if expression is not None else ():
        if isinstance(item, Literal) and item.text.startswith("{"):
            return True
        if isinstance(item, Group) and any(map(_has_array_constant, item.members)):
            return True
        if isinstance(item, Call) and lifts(plain_name(item.name)) and any(map(_has_array_constant, item.arguments)):
            return True
    return False


def _whole(argument: Expression | None, name: str) -> int | None:
    operand = argument.single if argument is not None else None
    if isinstance(operand, Ref) and operand.kind == "columns" and name == "ROWS":
        return MAX_ROWS
    if isinstance(operand, Ref) and operand.kind == "rows" and name == "COLUMNS":
        return MAX_COLUMNS
    return None


def _with_text(operand: Operand, references: Sequence[str]) -> Operand:
    """Return references whose slots are replaced by their text, so that they can stand in another formula."""
    if isinstance(operand, Ref):
        first = references[operand.first] if isinstance(operand.first, int) else operand.first
        last = references[operand.last] if isinstance(operand.last, int) else operand.last
        return Ref(operand.kind, first, last, operand.sheet)
    if isinstance(operand, Group):
        members = [
            Expression([item if isinstance(item, str) else _with_text(item, references) for item in member.items])
            for member in operand.members
        ]
        return Group(members)
    return operand


def _merged(pieces: list[Piece]) -> list[Piece]:
    merged: list[Piece] = []
    for piece in pieces:
        if isinstance(piece, str) and merged and isinstance(merged[-1], str):
            merged[-1] += piece
        else:
            merged.append(piece)
    return merged
