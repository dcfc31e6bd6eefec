"""Calls whose answer is in the file rather than in the cells: hidden rows, formulas as text, sheet numbers."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from ..references import MAX_COLUMNS, MAX_ROWS, cell_name, parse_area
from .compiling import ByCell, Compiling, Out, text_of, written
from .compiling_references import corner_of, prefix_of, sheet_of
from .compiling_whole import sheet_of_range
from .operands import constant_text, operand_at, sheet_name, split_area, whole_number
from .parameter_classes import ARRAY, REFERENCE
from .tree import Arguments, Expression, FormulaError, Ref


def visible_rows(c: Compiling, name: str, arguments: Arguments, argument: Expression) -> Out | None:
    """Return what lists the shown rows of a range, None when nothing is hidden or hidden rows count."""
    code = whole_number(operand_at(arguments, 0 if name == "SUBTOTAL" else 1)) or 0
    passes_over = name == "SUBTOTAL" or code % 2 == 1
    sheet = sheet_of_range(c, argument) if code and passes_over else None
    hidden = None if sheet is None else c.book.hidden_rows(sheet, name == "SUBTOTAL" and code <= 100)
    if not hidden:
        return None
    pieces = c.expression(argument, ARRAY).pieces  # of whole columns the used part

    def bands(row: int, column: int, references: Sequence[str]) -> str:
        text = written(pieces, row, column, references)
        prefix, area = split_area(text)
        if area is None:
            return text
        shown = [number for number in range(area.top, area.bottom + 1) if number not in hidden]
        runs = [[n for _, n in run] for _, run in groupby(enumerate(shown), lambda pair: pair[1] - pair[0])]
        ends = [f"{cell_name(run[0], area.left)}:{cell_name(run[-1], area.right)}" for run in runs]
        return ",".join(prefix + each for each in ends or [cell_name(MAX_ROWS, MAX_COLUMNS)])

    return Out([ByCell(bands)], True)


def told_by_the_file(c: Compiling, name: str, arguments: Arguments) -> Out | None:
    """Return the answer of functions about formulas and sheets, which the engine sees otherwise than the file."""
    operand = operand_at(arguments, 0) if len(arguments) == 1 else None
    if name == "SHEETS" and not arguments:
        return Out([str(c.book.sheet_count)], True)
    if name == "SHEET" and not arguments:
        return Out([str(c.sheet + 1)], True)
    if name == "_FV" and len(arguments) > 1 and arguments[0] is not None and arguments[1] is not None:
        return _field(c, arguments[0], arguments[1])
    if not isinstance(operand, Ref) or name not in ("SHEET", "FORMULATEXT", "ISFORMULA"):
        return None
    if prefix_of(c, operand.sheet) is None or (operand.kind == "columns" and name != "SHEET"):
        return None
    sheet, corner, book = sheet_of(c, operand.sheet), corner_of(c, operand.first), c.book
    if name == "SHEET":
        return Out([str(sheet + 1)], True)

    def answer(row: int, column: int, references: Sequence[str]) -> str:
        cell = parse_area(text_of(corner, row, column, references))
        formula = book.formula_at(sheet, cell.top, cell.left) if cell is not None else None
        if name == "ISFORMULA":
            return "TRUE" if formula is not None else "FALSE"
        return "NA()" if formula is None else '"' + formula.replace('"', '""') + '"'

    return Out([ByCell(answer)], True)


def _field(c: Compiling, argument: Expression, label: Expression) -> Out:
    """Return a field of a linked data type, written cell.Field; what is not in the file cannot be known."""
    name = constant_text(label.single)
    if name is None:
        raise FormulaError("a computed field of a linked data type")
    pieces, book = c.expression(argument, REFERENCE).pieces, c.book
    c.functions.add("RXL.UNKNOWN")

    def value(row: int, column: int, references: Sequence[str]) -> str:
        prefix, area = split_area(written(pieces, row, column, references))
        sheet = book.sheet_index.get(sheet_name(prefix).lower(), -1) if prefix else c.sheet
        found = book.field_of(sheet, area, name)
        return f'RXL.UNKNOWN("the field {name.replace(chr(34), chr(39))}")' if found is None else found

    return Out([ByCell(value)], True)
