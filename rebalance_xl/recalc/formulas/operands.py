"""Small questions about the operands of a formula, and what ranges, prefixes and sheet names mean."""

from __future__ import annotations

from collections.abc import Sequence

from ..references import MAX_COLUMNS, MAX_ROWS, Area, column_letters, column_number, parse_area
from .parameter_classes import (
    lifts,
)
from .tree import (
    Call,
    Expression,
    FormulaError,
    Group,
    Literal,
    Name,
    Operand,
    Ref,
    Structured,
)

_PREFIXES = ("_xlfn.", "_xlws.", "_xll.", "_xludf.", "_xldudf_", "_xlpm.")


def local_name(expression: Expression | None) -> str:
    """Return the name that LET or LAMBDA gives to a value."""
    named = expression.single if expression is not None else None
    if not isinstance(named, Name):
        raise FormulaError("a name is missing in LET or LAMBDA")
    return named.text[6:] if named.text.lower().startswith("_xlpm.") else named.text


def needs_python(name: str, arguments: Sequence[Expression | None]) -> bool:
    """Say whether the engine gets a form of a function wrong that the package computes itself.

    An AGGREGATE over ranges is right in the engine, and hidden rows are left out of it here; so is a LOOKUP in a range
    of cells and every MATCH, but for the approximate ones of a constant, which look for the last cell of a kind.
    """
    operands = [argument.single if argument is not None else None for argument in arguments]
    if name == "AGGREGATE":
        return not isinstance(operands[2], Ref | Structured | Name)
    if name == "LOOKUP":
        place = operands[1]
        if isinstance(operands[0], Literal | Call):  # LOOKUP(9.99E+307,A1:A9), LOOKUP(REPT("z",255),A1:A9)
            return True
        return not isinstance(place, Structured | Name) and not (isinstance(place, Ref) and place.kind == "range")
    if name == "MATCH":
        rising = len(operands) == 2 or (isinstance(operands[2], Literal) and operands[2].text == "1")
        return rising and isinstance(operands[0], Literal)
    return True


def ignores_hidden(name: str, arguments: Sequence[Expression | None]) -> str | None:
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
    if area.top == area.bottom and area.left == area.right:
        return f"{prefix}{column_letters(area.left)}{area.top}"
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


def joined_areas(first: str, second: str, bounds: bool, own: str) -> str:
    """Return the smallest range around two references, or the cells that both have.

    Parameters
    ----------
    first, second : str
        A1 text, maybe with a sheet before it, or an error value.
    bounds : bool
        True for ``first:second``, False for the intersection, ``first second``.
    own : str
        The sheet meant where none stands before a reference.

    Returns
    -------
    str
        A1 text, ``#VALUE!`` for references on different sheets, ``#NULL!`` for an empty intersection.

    Examples
    --------
    >>> joined_areas("Book!$A$3", "A1:B2", True, "Book"), joined_areas("A:B", "1:1", False, "Book")
    ('Book!A1:B3', 'A1:B1')
    """
    ends = [_without_parentheses(first), _without_parentheses(second)]
    fault = next((end for end in ends if end.startswith("#")), None)
    if fault is not None:
        return fault
    (prefix, mark, text), (other_prefix, other_mark, other_text) = (end.rpartition("!") for end in ends)
    area, other = area_of(text), area_of(other_text)
    if area is None or other is None:
        return "#REF!"
    sheets = {sheet_name(each + "!").lower() if each else own.lower() for each in (prefix, other_prefix)}
    if len(sheets) > 1:
        return "#VALUE!"
    outer, inner = (min, max) if bounds else (max, min)
    top, left = outer(area.top, other.top), outer(area.left, other.left)
    bottom, right = inner(area.bottom, other.bottom), inner(area.right, other.right)
    if top > bottom or left > right:
        return "#NULL!"
    shown = prefix + mark or other_prefix + other_mark
    if (top, bottom) == (1, MAX_ROWS):
        return f"{shown}{column_letters(left)}:{column_letters(right)}"
    return shown + Area(top, left, bottom, right).text()


def _without_parentheses(text: str) -> str:
    return text.lstrip("(").rstrip(")")


def without_own_sheet(text: str, own: str) -> str:
    """Return a reference without the sheet before it, where that is the formula's own."""
    bare = _without_parentheses(text)
    prefix, mark, area = bare.rpartition("!")
    return area if mark and sheet_name(prefix + mark).lower() == own.lower() else bare


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


def sheet_name(prefix: str) -> str:
    """Return the name in a sheet prefix, without quotes and exclamation mark."""
    name = prefix[:-1]
    name = name[1:-1].replace("''", "'") if name.startswith("'") else name
    return name.removeprefix("[0]")  # the workbook itself


def only(argument: Expression | None) -> Operand:
    """Return the operand an argument consists of."""
    operand = argument.single if argument is not None else None
    if operand is None:
        raise FormulaError("a reference is missing")
    return operand


def has_array_constant(expression: Expression | None) -> bool:
    """Say whether a value is an array because a constant in braces is part of it."""
    for item in expression.items if expression is not None else ():
        if isinstance(item, Literal) and item.text.startswith("{"):
            return True
        if isinstance(item, Group) and any(map(has_array_constant, item.members)):
            return True
        if isinstance(item, Call) and lifts(plain_name(item.name)) and any(map(has_array_constant, item.arguments)):
            return True
    return False


def whole(argument: Expression | None, name: str) -> int | None:
    """Return what ROWS or COLUMNS gives for whole columns or rows, None for anything else."""
    operand = argument.single if argument is not None else None
    if isinstance(operand, Ref) and operand.kind == "columns" and name == "ROWS":
        return MAX_ROWS
    if isinstance(operand, Ref) and operand.kind == "rows" and name == "COLUMNS":
        return MAX_COLUMNS
    return None


def with_text(operand: Operand, references: Sequence[str]) -> Operand:
    """Return references whose slots are replaced by their text, so that they can stand in another formula."""
    if isinstance(operand, Ref):
        first = references[operand.first] if isinstance(operand.first, int) else operand.first
        last = references[operand.last] if isinstance(operand.last, int) else operand.last
        return Ref(operand.kind, first, last, operand.sheet)
    if isinstance(operand, Group):
        members = [
            Expression([item if isinstance(item, str) else with_text(item, references) for item in member.items])
            for member in operand.members
        ]
        return Group(members)
    return operand
