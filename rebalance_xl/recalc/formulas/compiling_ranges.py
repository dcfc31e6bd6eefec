"""What the file tells of ranges and formulas: where whole columns end beside others, hidden rows, formulas as text.

The engine ends whole columns and rows whose cells are paired with those of others in different places.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby
from typing import Final

from ..native import marked
from ..references import MAX_COLUMNS, MAX_ROWS, cell_name, parse_area
from ..sheets.linked import UNKNOWN
from . import tree
from .array_sizes import of_range
from .compiling import ByCell, Compiling, Out, text_of, written
from .compiling_places import write_indirect
from .compiling_references import clipped, corner_of, is_whole, prefix_of, sheet_of, unclipped
from .operands import constant_text, operand_at, plain_name, split_area, whole_number
from .parameter_classes import ARRAY, REFERENCE, VALUE, WITH_CRITERIA, parameter_class
from .tree import Arguments, Call, Cells, Expression, FormulaError, Literal, Operand, Ref, operands_in

#: Options of AGGREGATE below this pass over cells with totals of their own.
_WITH_TOTALS: Final = 4
#: What systems spell in their own way in formulas: names of functions, what separates arguments and decimals.
_SPELT: Final = re.compile(r"[^\W\d_]|[.,;\\ ]")


def sheet_of_range(c: Compiling, argument: Expression | None) -> int | None:
    """Return the sheet of a range that is written as cells, a table or a name; None for anything else."""
    operand = operand_at([argument], 0)
    if isinstance(operand, tree.Structured):
        table = c.book.package.tables.get(operand.table.lower())
        return table.sheet if table is not None else c.sheet if not operand.table else None
    return sheet_of(c, operand.sheet) if isinstance(operand, Ref) else None


def sheets_in(c: Compiling, expression: Expression, whole: bool = False) -> frozenset[int]:
    """Return the sheets of the references in an expression, or of its whole columns and rows alone.

    These are cut to one size together.
    """
    references = [operand for operand in operands_in(expression) if isinstance(operand, Ref)]
    return frozenset(sheet_of(c, each.sheet) for each in references if not whole or is_whole(each))


def as_long_as_others(c: Compiling, name: str, arguments: Arguments, operand: Operand | None) -> Out | None:
    """Return a whole column or row whose cells are paired with others', with their end; None for anything else.

    The engine ends every one with its own last used cell, and takes as many rows of each as the first one has.
    """
    if name not in marked("pairs") or len(arguments) < (3 if name in WITH_CRITERIA else 2):
        return None
    if name in WITH_CRITERIA and isinstance(operand, Call) and plain_name(operand.name) == "INDIRECT":
        return write_indirect(c, operand, VALUE, corners=True)
    if not is_whole(operand):
        return None
    computed = name in WITH_CRITERIA and any(
        parameter_class(name, place) == REFERENCE and each is not None and isinstance(each.single, Call | tree.Span)
        for place, each in enumerate(arguments)
    )
    # A range that is computed has all rows; the engine takes minutes for a row of 16,384 cells.
    return unclipped(c, operand) if computed and operand.kind == "columns" else clipped(c, operand)


def on_several_sheets(c: Compiling, arguments: Arguments) -> bool:
    """Say whether the ranges beside criteria are on several sheets: the engine stops where the first sheet ends."""
    sheets = {sheet_of_range(c, argument) for argument in arguments[::2]}
    return len(sheets) > 1 and None not in sheets


def visible_rows(c: Compiling, name: str, arguments: Arguments, argument: Expression | None) -> Out | None:
    """Return what lists the shown rows of a range, None when nothing is hidden or hidden rows count.

    For an AGGREGATE beside the engine they are one array. Where only the computation tells whether hidden rows are
    meant, the formula is refused.
    """
    code = whole_number(operand_at(arguments, 0 if name == "SUBTOTAL" else 1))
    beside = name == "RXL.AGGREGATE"
    if argument is None or isinstance(argument.single, Literal) or (beside and not isinstance(argument.single, Cells)):
        return None
    if beside and (code is None or code < _WITH_TOTALS):
        raise FormulaError("AGGREGATE over cells of which it passes over those with totals")
    sheet = sheet_of_range(c, argument)
    if name != "SUBTOTAL" and code is not None and code % 2 == 0:
        return None
    filtered = name == "SUBTOTAL" and code is not None and code <= 100
    sheets = {sheet} if sheet is not None else {c.sheet, *sheets_in(c, argument)}
    hidden = {row for each in sheets for row in c.book.hidden_rows(each, filtered)}
    doubtful = {row for each in sheets if filtered for row in c.book.hidden_rows(each, filtered, beside=True)}
    if not hidden | doubtful:
        return None
    if code is None or sheet is None:
        asked = name.removeprefix("RXL.")
        raise FormulaError(f"{asked} over rows that are hidden, and only the computation tells whether they count")
    pieces = c.expression(argument, ARRAY).pieces  # of whole columns the used part
    c.functions |= {*(["VSTACK"] if beside else ()), *(["RXL.UNKNOWN"] if doubtful else ())}

    def bands(row: int, column: int, references: Sequence[str]) -> str:
        text = written(pieces, row, column, references)
        prefix, area = split_area(text)
        if area is None:
            return text
        if any(number in doubtful for number in range(area.top, area.bottom + 1)):
            return 'RXL.UNKNOWN("rows hidden by hand on a sheet that is filtered")'
        shown = [number for number in range(area.top, area.bottom + 1) if number not in hidden]
        runs = [[n for _, n in run] for _, run in groupby(enumerate(shown), lambda pair: pair[1] - pair[0])]
        ends = [f"{cell_name(run[0], area.left)}:{cell_name(run[-1], area.right)}" for run in runs]
        listed = ",".join(prefix + each for each in ends or [cell_name(MAX_ROWS, MAX_COLUMNS)])
        return f"VSTACK({listed})" if beside else listed

    return Out([ByCell(bands)], True)


def hides_by_option(c: Compiling, arguments: Arguments) -> bool:
    """Say whether the computed option of an AGGREGATE tells whether hidden rows of its range count."""
    if len(arguments) < 3 or whole_number(operand_at(arguments, 1)) is not None:
        return False
    sheets = [sheet_of_range(c, each) for each in arguments[2:]]
    return any(sheet is not None and c.book.hidden_rows(sheet, False) for sheet in sheets)


def told_by_the_file(c: Compiling, name: str, arguments: Arguments) -> Out | None:
    """Return the answer of functions about formulas and sheets, which the engine sees otherwise than the file."""
    operand = operand_at(arguments, 0) if len(arguments) == 1 else None
    if name in ("SHEET", "SHEETS") and not arguments:
        return Out([str(c.sheet + 1 if name == "SHEET" else c.book.sheet_count)], True)
    if name == "_FV" and len(arguments) > 1 and arguments[0] is not None and arguments[1] is not None:
        return _field(c, arguments[0], arguments[1])
    if name not in ("SHEET", "FORMULATEXT", "ISFORMULA"):
        return None
    if name == "SHEET" and isinstance(operand, Literal):
        known = c.book.sheet_index.get((constant_text(operand) or "").lower())
        return Out(["NA()" if known is None or known >= c.book.sheet_count else str(known + 1)], True)
    if isinstance(operand, Call | tree.Span):
        raise FormulaError(f"{name} of a computed place")
    if not isinstance(operand, Ref):
        return None
    if prefix_of(c, operand.sheet) is None or (operand.kind == "columns" and name != "SHEET"):
        return None
    sheet, corner, book = sheet_of(c, operand.sheet), corner_of(operand, operand.first), c.book
    if name == "SHEET":
        return Out([str(sheet + 1)], True)

    def answer(row: int, column: int, references: Sequence[str]) -> str:
        cell = parse_area(text_of(corner, row, column, references))
        formula = book.formula_at(sheet, cell.top, cell.left) if cell is not None else None
        if name == "ISFORMULA":
            return "TRUE" if formula is not None else "FALSE"
        if formula is None:
            return "NA()"
        own = book.scans[c.sheet].formulas.find(row, column)
        shown = own.old if own is not None else None
        if isinstance(shown, str) and shown != formula and _SPELT.sub("", shown) == _SPELT.sub("", formula):
            return 'RXL.UNKNOWN("a formula as the author\'s system spells it")'
        return '"' + formula.replace('"', '""') + '"'

    c.functions.add("RXL.UNKNOWN")
    return Out([ByCell(answer)], True)


def counted(c: Compiling, name: str, cells: Ref) -> Out:
    """Return ROWS or COLUMNS of a range, as a number in its own columns, where the engine may take it for circular."""
    pieces = c.operand(cells, REFERENCE).pieces

    def outside(row: int, column: int, references: Sequence[str]) -> bool:
        area = parse_area(written(pieces, row, column, references))
        return area is None or not area.left <= column <= area.right

    def answer(row: int, column: int, references: Sequence[str]) -> str:
        height, width = size(row, column, references) or (0, 0)
        return str(height if name == "ROWS" else width)

    size = of_range(pieces)
    return Out([name, "(", *pieces, ")"] if c.holds(outside) else [ByCell(answer)], True)


def _field(c: Compiling, argument: Expression, label: Expression) -> Out:
    """Return a field of a linked data type, written cell.Field; what is not in the file cannot be known."""
    name = constant_text(label.single)
    if name is None:
        raise FormulaError("a computed field of a linked data type")
    pieces = c.expression(argument, REFERENCE).pieces
    c.functions.add("RXL.UNKNOWN")

    def value(row: int, column: int, references: Sequence[str]) -> str:
        prefix, area = split_area(written(pieces, row, column, references))
        linked = (
            UNKNOWN if area is None or area.size > 1 else c.book.linked.get((sheet_of(c, prefix), area.top, area.left))
        )
        found = "#VALUE!" if linked is None else linked.fields.get(name)
        return f'RXL.UNKNOWN("the field {name.replace(chr(34), chr(39))}")' if found is None else found

    return Out([ByCell(value)], True)
