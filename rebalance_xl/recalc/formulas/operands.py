"""Small questions about the operands of a formula, and what ranges, prefixes and sheet names mean."""

from __future__ import annotations

import re
from collections.abc import Container
from functools import lru_cache
from typing import Final

from ..references import MAX_COLUMNS, MAX_ROWS, Area, cell_name, column_letters, column_number, parse_area
from .parameter_classes import takes_arrays
from .tree import Arguments, Call, Cells, Expression, FormulaError, Group, Literal, Name, Operand, Ref, Structured

#: The number of AGGREGATE's first function that the engine lacks.
MEDIAN: Final = 12
_PREFIXES: Final = re.compile(r"(?:_(?:xlfn|xlws|xll|xludf|xlpm)\.|_xldudf_)+", re.IGNORECASE)


def plain_name(name: str) -> str:
    """Return a function's name in capitals without the prefixes that files put before it."""
    prefixes = _PREFIXES.match(name)
    return name[prefixes.end() if prefixes else 0 :].upper()


def local_label(text: str) -> str:
    """Return a name of LET or LAMBDA without the prefix that files put before it."""
    return text[6:] if text.lower().startswith("_xlpm.") else text


def local_name(expression: Expression | None) -> str:
    """Return the name that LET or LAMBDA gives to a value."""
    named = operand_at([expression], 0)
    if not isinstance(named, Name):
        raise FormulaError("a name is missing in LET or LAMBDA")
    return local_label(named.text)


def sheet_name(prefix: str) -> str:
    """Return the name in a sheet prefix, without quotes and exclamation mark."""
    name = prefix[:-1]
    name = name[1:-1].replace("''", "'") if name.startswith("'") else name
    return name.removeprefix("[0]")  # the workbook itself


def area_of(text: str) -> Area | None:
    """Return the area of a range, also of whole columns (B:C) and whole rows (2:3)."""
    area = parse_area(text)
    if area is not None:
        return area
    first, _, last = text.replace("$", "").partition(":")
    if first.isdigit() and last.isdigit():
        top, bottom = sorted((int(first), int(last)))
        return Area(top, 1, bottom, MAX_COLUMNS)
    if first.isalpha() and last.isalpha():
        left, right = sorted((column_number(first), column_number(last)))
        return Area(1, left, MAX_ROWS, right)
    return None


def area_text(area: Area) -> str:
    """Return an area as A1 text, whole columns and rows as such."""
    if (area.top, area.bottom) == (1, MAX_ROWS):
        return f"{column_letters(area.left)}:{column_letters(area.right)}"
    return f"{area.top}:{area.bottom}" if (area.left, area.right) == (1, MAX_COLUMNS) else area.text()


@lru_cache(maxsize=1024)
def split_area(text: str) -> tuple[str, Area | None]:
    """Return the sheet prefix of a range, maybe in parentheses, and its area, which nothing else has."""
    prefix, mark, corners = text.strip("()").rpartition("!")
    return prefix + mark, area_of(corners) if prefix[:1] == "'" or "(" not in prefix else None


def one_cell(prefix: str, text: str, row: int, column: int) -> str:
    """Return the one cell of a range that an ordinary formula in a cell takes (implicit intersection).

    The range may be whole columns or rows; ``#VALUE!`` when no cell of it lies in the formula's row or column.
    """
    area = area_of(text)
    if area is None:
        return "#REF!"
    row = row if area.height > 1 else area.top
    column = column if area.width > 1 else area.left
    one = area.contains(row, column) and 1 in (area.height, area.width)
    return prefix + cell_name(row, column) if one else "#VALUE!"


def joined_areas(first: str, second: str, bounds: bool) -> str:
    """Return the smallest range around two references (bounds), or the cells that both have.

    On different sheets they are ``#VALUE!``, an empty intersection is ``#NULL!``, and an error passes on.

    >>> joined_areas("Book!$A$3", "Book!A1:B2", True), joined_areas("A:B", "1:1", False)
    ('Book!A1:B3', 'A1:B1')
    """
    for end in (first.strip("()"), second.strip("()")):
        if end.startswith("#"):
            return end
    (prefix, area), (other_prefix, other) = split_area(first), split_area(second)
    if area is None or other is None:
        return "#REF!"
    if sheet_name(prefix).lower() != sheet_name(other_prefix).lower():
        return "#VALUE!"
    outer, inner = (min, max) if bounds else (max, min)
    top, left = outer(area.top, other.top), outer(area.left, other.left)
    bottom, right = inner(area.bottom, other.bottom), inner(area.right, other.right)
    if top > bottom or left > right:
        return "#NULL!"
    return prefix + area_text(Area(top, left, bottom, right))


def operand_at(arguments: Arguments, place: int) -> Operand | None:
    """Return the operand that an argument consists of, None where it is left out or computed with operators."""
    argument = arguments[place] if -1 <= place < len(arguments) else None
    return None if argument is None else argument.single


def literal(text: str) -> Expression:
    """Return a constant as an expression."""
    return Expression([Literal(text)])


def constant_text(operand: Operand | None) -> str | None:
    """Return a text that is written in the formula, None for anything else."""
    text = operand.text if isinstance(operand, Literal) else ""
    return text[1:-1].replace('""', '"') if text.startswith('"') else None


def whole_number(operand: Operand | None) -> int | None:
    """Return a whole number that is written in the formula, None for anything else."""
    return int(operand.text) if isinstance(operand, Literal) and operand.text.isdigit() else None


def is_range(operand: Operand | None) -> bool:
    """Say whether an operand is a range of more than a cell, as it is written."""
    return isinstance(operand, Structured) or (isinstance(operand, Ref) and operand.kind != "cell")


def is_call(operand: Operand | None, names: Container[str]) -> bool:
    """Say whether an operand is a call of one of some functions."""
    return isinstance(operand, Call) and plain_name(operand.name) in names


def bare(expression: Expression) -> Expression:
    """Return an expression without the parentheses around it."""
    while isinstance(expression.single, Group) and len(expression.single.members) == 1:
        expression = expression.single.members[0]
    return expression


def needs_python(name: str, arguments: Arguments) -> bool:
    """Say whether the engine gets a form of a function wrong that the package computes itself.

    An AGGREGATE over ranges is right in the engine up to VARP (11); so is a LOOKUP in a range of cells and every MATCH,
    but for the approximate ones of a constant, which look for the last cell of a kind.
    """
    first, second, third = (operand_at(arguments, place) for place in range(3))
    if name == "AGGREGATE":
        return not isinstance(third, Cells) or (whole_number(first) or 0) >= MEDIAN
    if name == "LOOKUP":  # LOOKUP(9.99E+307,A1:A9), LOOKUP(REPT("z",255),A1:A9)
        cells = isinstance(second, Structured | Name) or (isinstance(second, Ref) and second.kind == "range")
        return isinstance(first, Literal | Call) or not cells
    if name == "MATCH":
        rising = len(arguments) == 2 or (isinstance(third, Literal) and third.text == "1")
        return rising and isinstance(first, Literal)
    return True


def has_array_constant(expression: Expression | None) -> bool:
    """Say whether a value is an array because a constant in braces is part of it."""
    for item in expression.items if expression is not None else ():
        inner: Arguments = item.members if isinstance(item, Group) else ()
        if isinstance(item, Call) and takes_arrays(plain_name(item.name)):
            inner = item.arguments
        if (isinstance(item, Literal) and item.text.startswith("{")) or any(map(has_array_constant, inner)):
            return True
    return False
