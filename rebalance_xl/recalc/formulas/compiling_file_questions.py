"""Calls whose answer is in the file rather than in the cells: hidden rows, formulas as text, sheet numbers."""

from __future__ import annotations

from collections.abc import Sequence

from ..references import MAX_COLUMNS, MAX_ROWS, column_letters, parse_area
from .compiling import Compiling
from .compiling_references import corner_of, prefix_of
from .operands import (
    ignores_hidden,
    sheet_name,
)
from .parameter_classes import (
    REFERENCE,
)
from .template import ByCell, Out, Piece, Template, text_of
from .tree import (
    Expression,
    FormulaError,
    Literal,
    Ref,
    Structured,
)


def visible_rows(
    c: Compiling, name: str, arguments: Sequence[Expression | None], operand: Ref | Structured
) -> Piece | None:
    """Return what lists the shown rows of a range, None when nothing is hidden or hidden rows count."""
    hides = ignores_hidden(name, arguments)
    if hides is None:
        return None
    if isinstance(operand, Structured):
        table = c.book.tables.get(operand.table.lower())
        sheet = c.sheet if table is None else table.sheet
    else:
        index = c.book.sheet_index.get(sheet_name(operand.sheet).lower()) if operand.sheet else c.sheet
        sheet = c.sheet if index is None else index
    hidden = c.book.hidden_rows(sheet, hides == "filtered")
    if not hidden:
        return None
    out = c.operand(operand, REFERENCE)

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

    return ByCell(bands)


def told_by_the_file(c: Compiling, name: str, arguments: Sequence[Expression | None]) -> Out | None:
    """Return the answer of functions about formulas and sheets, which the engine sees otherwise than the file."""
    operand = arguments[0].single if len(arguments) == 1 and arguments[0] is not None else None
    if name == "SHEETS" and not arguments:
        return Out([str(c.book.sheet_count)], True)
    if name == "SHEET":
        if not arguments:
            return Out([str(c.sheet + 1)], True)
        if isinstance(operand, Ref):
            prefix = sheet_name(operand.sheet).lower()
            if not prefix or prefix in c.book.sheet_index:
                return Out([str((c.book.sheet_index[prefix] if prefix else c.sheet) + 1)], True)
        return None
    if name == "_FV" and len(arguments) > 1 and arguments[0] is not None and arguments[1] is not None:
        return write_field(c, arguments[0], arguments[1])
    if name not in ("FORMULATEXT", "ISFORMULA") or not isinstance(operand, Ref) or operand.kind == "columns":
        return None
    if prefix_of(c, operand.sheet) is None:
        return None
    sheet = c.book.sheet_index[sheet_name(operand.sheet).lower()] if operand.sheet else c.sheet
    corner, book = corner_of(c, operand.first), c.book

    def answer(row: int, column: int, references: Sequence[str]) -> str:
        text = text_of(corner, row, column, references)
        cell = parse_area(text)
        formula = book.formula_at(sheet, cell.top, cell.left) if cell is not None else None
        if name == "ISFORMULA":
            return "TRUE" if formula is not None else "FALSE"
        return "NA()" if formula is None else '"' + formula.replace('"', '""') + '"'

    return Out([ByCell(answer)], True)


def write_field(c: Compiling, argument: Expression, label: Expression) -> Out:
    """Return a field of a linked data type, written cell.Field; what is not in the file cannot be known."""
    single = label.single
    if not isinstance(single, Literal) or not single.text.startswith('"'):
        raise FormulaError("a computed field of a linked data type")
    pieces, name, book = (
        c.expression(argument, REFERENCE).pieces,
        single.text[1:-1].replace('""', '"'),
        c.book,
    )
    c.functions.add("RXL.UNKNOWN")

    def value(row: int, column: int, references: Sequence[str]) -> str:
        text = Template(pieces, True, False, frozenset(), False).render(references, row, column)
        prefix, mark, place = text.strip("()").rpartition("!")
        sheet = book.sheet_index.get(sheet_name(prefix + mark).lower(), -1) if mark else c.sheet
        found = book.field_of(sheet, parse_area(place), name)
        return f'RXL.UNKNOWN("the field {name.replace(chr(34), chr(39))}")' if found is None else found

    return Out([ByCell(value)], True)
