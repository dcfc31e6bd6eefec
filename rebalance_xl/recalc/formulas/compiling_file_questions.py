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
from .tree import Arguments, Call, Expression, FormulaError, Literal, Name, Ref, Span, operands_in


def visible_rows(c: Compiling, name: str, arguments: Arguments, argument: Expression) -> Out | None:
    """Return what lists the shown rows of a range, None when nothing is hidden or hidden rows count.

    Raises
    ------
    FormulaError
        There are hidden rows, and only the computation tells whether they are meant.
    """
    code = whole_number(operand_at(arguments, 0 if name == "SUBTOTAL" else 1))
    if isinstance(argument.single, Literal) or (name == "AGGREGATE" and code is not None and code % 2 == 0):
        return None
    sheet = sheet_of_range(c, argument)
    filtered = name == "SUBTOTAL" and code is not None and code <= 100
    hidden = frozenset[int]().union(
        *(c.book.hidden_rows(each, filtered) for each in ([sheet] if sheet is not None else _sheets_in(c, argument)))
    )
    if not hidden:
        return None
    if code is None or sheet is None:
        raise FormulaError(f"{name} on a sheet with hidden rows, which only the computation tells whether it counts")
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


def hides_by_option(c: Compiling, arguments: Arguments) -> bool:
    """Say whether the computed option of an AGGREGATE tells whether hidden rows of its range count."""
    if len(arguments) < 3 or whole_number(operand_at(arguments, 1)) is not None:
        return False
    sheets = [sheet_of_range(c, each) for each in arguments[2:]]
    return any(sheet is not None and c.book.hidden_rows(sheet, False) for sheet in sheets)


def _sheets_in(c: Compiling, argument: Expression) -> set[int]:
    """Return the sheets of the references in an argument, and the formula's own."""
    references = [Expression([operand]) for operand in operands_in(argument) if isinstance(operand, Ref | Name)]
    return {c.sheet, *(sheet for each in references if (sheet := sheet_of_range(c, each)) is not None)}


def told_by_the_file(c: Compiling, name: str, arguments: Arguments) -> Out | None:
    """Return the answer of functions about formulas and sheets, which the engine sees otherwise than the file."""
    operand = operand_at(arguments, 0) if len(arguments) == 1 else None
    if name == "SHEETS" and not arguments:
        return Out([str(c.book.sheet_count)], True)
    if name == "SHEET" and not arguments:
        return Out([str(c.sheet + 1)], True)
    if name == "_FV" and len(arguments) > 1 and arguments[0] is not None and arguments[1] is not None:
        return _field(c, arguments[0], arguments[1])
    if name not in ("SHEET", "FORMULATEXT", "ISFORMULA"):
        return None
    if name == "SHEET" and isinstance(operand, Literal):
        known = c.book.sheet_index.get((constant_text(operand) or "").lower())
        return Out(["NA()" if known is None or known >= c.book.sheet_count else str(known + 1)], True)
    if isinstance(operand, Call | Span):
        raise FormulaError(f"{name} of a computed place")
    if not isinstance(operand, Ref):
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
