"""Formula text taken apart: cell references split off, the rest in tokens, the tokens in a tree of operands.

Filled-down formulas differ only in their cell references. `split_references` separates these (slots) from the rest (the
shape), so that everything about a shape is worked out once.
"""

from __future__ import annotations

import re
from functools import lru_cache

from ..references import MAX_COLUMNS, MAX_ROWS, column_letters, column_number, parse_area

SLOT = "\x00"
COLUMN = r"(?:[A-W][A-Z]{2}|X[A-E][A-Z]|XF[A-D]|[A-Z]{1,2})"
_SPLIT = re.compile(rf"(?<![\w.$\\?])(\$?{COLUMN}\$?[1-9][0-9]{{0,6}})(?![\w(.!\\?\[])")
_PARTS = re.compile(r"(?:(\$?)([A-Za-z]{1,3}))?(?:(\$?)([0-9]{1,7}))?")


def split_references(formula: str) -> tuple[str, list[str]]:
    """Return a formula's shape (cell references replaced by SLOT) and its cell references, without the equals sign."""
    parts = _SPLIT.split(formula)
    return SLOT.join(parts[::2]), parts[1::2]


_DIGITS = bytes.maketrans(b"123456789", b"000000000")


def digit_classes(formulas: list[str]) -> list[bytes]:
    """Return formulas with every digit as 0: filled-down ones then fall into few classes."""
    # Of bytes, for texts beyond ASCII are translated character by character.
    return "\x01".join(formulas).encode("utf-8", "surrogatepass").translate(_DIGITS).split(b"\x01") if formulas else []


def is_fixed(reference: str) -> bool:
    """Say whether a cell, column or row stays where it is when its formula is moved."""
    return reference.count("$") == (2 if reference.strip("$")[0].isalpha() and reference[-1].isdigit() else 1)


def shift_reference(reference: str, rows: int, columns: int) -> str:
    """Return a cell, column or row moved by rows and columns where it is not fixed by a dollar sign.

    Pushed off the sheet it wraps around, as in defined names.
    """
    parts = _PARTS.fullmatch(reference)
    dollar_column, letters, dollar_row, digits = parts.groups("")  # type: ignore[union-attr] # every corner has them
    if letters and columns and not dollar_column:
        letters = column_letters((column_number(letters) + columns - 1) % MAX_COLUMNS + 1)
    if digits and rows and not dollar_row:
        digits = str((int(digits) + rows - 1) % MAX_ROWS + 1)
    return f"{dollar_column}{letters}{dollar_row}{digits}"


_MOVED = re.compile(
    rf"""(?P<kept>"(?:[^"]|"")*"|'(?:[^']|'')*'|\[[^\]]*\])|{_SPLIT.pattern}
    |(?<![\w.$\\])\$?(?:{COLUMN}|[0-9]{{1,7}}):\$?(?:{COLUMN}|[0-9]{{1,7}})(?![\w(.!])""",
    re.VERBOSE,
)


def shift_formula(formula: str, rows: int, columns: int) -> str:
    """Return a formula as filling it down and to the right, by so many rows and columns, writes it."""
    pattern, numbers = _moved(formula, columns)
    return pattern % tuple([(number + rows - 1) % MAX_ROWS + 1 for number in numbers])


@lru_cache(maxsize=1024)
def _moved(formula: str, columns: int) -> tuple[str, list[int]]:
    """Return a formula moved by columns, with a place for every row number that moves with its rows, and these."""
    pattern, numbers, position = "", [], 0
    for match in _MOVED.finditer(formula):
        if match["kept"]:
            continue
        pattern += formula[position : match.start()].replace("%", "%%")
        for place, reference in enumerate(match[0].split(":")):
            moved = shift_reference(reference, 0, columns)
            stem = moved.rstrip("0123456789")
            moves = stem != moved and not stem.endswith("$")
            numbers += [int(moved[len(stem) :])] if moves else []
            pattern += ":" * place + (f"{stem}%d" if moves else moved)
        position = match.end()
    return pattern + formula[position:].replace("%", "%%"), numbers


_RANGE = re.compile(r"(?<![\w.$])\$?[A-Z]{1,3}\$?[0-9]+:\$?[A-Z]{1,3}\$?[0-9]+(?![\w(.])|\"(?:[^\"]|\"\")*\"")


def in_order(formula: str) -> str:
    """Return a formula whose ranges run from their top left to their bottom right corner."""

    def ordered(match: re.Match[str]) -> str:
        area = parse_area(match[0])
        if area is None:  # a text
            return match[0]
        first, last = match[0].replace("$", "").split(":")
        return match[0] if area.text() in (f"{first}:{last}", last) else area.text()

    return _RANGE.sub(ordered, formula) if ":" in formula else formula
