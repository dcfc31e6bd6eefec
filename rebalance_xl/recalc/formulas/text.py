"""Formula text taken apart: cell references split off, the rest in tokens, the tokens in a tree of operands.

Filled-down formulas differ only in their cell references. `split_references` separates these (slots) from the rest (the
shape), so that everything about a shape is worked out once.
"""

from __future__ import annotations

import re

from ..references import MAX_COLUMNS, MAX_ROWS, column_letters, column_number

SLOT = "\x00"
COLUMN = r"(?:[A-W][A-Z]{2}|X[A-E][A-Z]|XF[A-D]|[A-Z]{1,2})"
_SPLIT = re.compile(rf"(?<![\w.$\\?])(\$?{COLUMN}\$?[1-9][0-9]{{0,6}})(?![\w(.!\\?\[])")
_PARTS = re.compile(r"(\$?)([A-Za-z]{1,3})(\$?)([0-9]{1,7})$")


def split_references(formula: str) -> tuple[str, list[str]]:
    """Return a formula's shape (cell references replaced by SLOT) and its cell references.

    Parameters
    ----------
    formula : str
        Formula text without the leading equals sign.

    Returns
    -------
    tuple of str and list of str
    """
    parts = _SPLIT.split(formula)
    return SLOT.join(parts[::2]), parts[1::2]


_DIGITS = str.maketrans("123456789", "000000000")
_SAFE = re.compile(r"(?:[-+*/^&=<>,()%\s]|(?<![\w.])(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?![\w.])|\x00(?::\x00)?|[A-Z]+\()*")


def digit_classes(formulas: list[str]) -> list[str]:
    """Return formulas with every digit as 0: filled-down ones then fall into few classes."""
    return "\x01".join(formulas).translate(_DIGITS).split("\x01") if formulas else []


def only_references_and_numbers(shape: str) -> bool:
    """Say whether a shape holds nothing but operators, numbers, cell references and functions without digits."""
    return _SAFE.fullmatch(shape) is not None


def shift_reference(reference: str, rows: int, columns: int) -> str:
    """Return a cell reference moved by rows and columns where it is not fixed by a dollar sign.

    Parameters
    ----------
    reference : str
        For example ``$A1``.
    rows, columns : int
        How far; a reference pushed off the sheet wraps around, as in defined names.

    Returns
    -------
    str
    """
    match = _PARTS.match(reference)
    if match is None:
        return reference
    dollar_column, letters, dollar_row, digits = match.groups()
    if not dollar_column and columns:
        letters = column_letters((column_number(letters) + columns - 1) % MAX_COLUMNS + 1)
    if not dollar_row and rows:
        digits = str((int(digits) + rows - 1) % MAX_ROWS + 1)
    return f"{dollar_column}{letters}{dollar_row}{digits}"


_WHOLE = re.compile(rf"(?<![\w.$\\])(\$?)({COLUMN}|[0-9]{{1,7}}):(\$?)({COLUMN}|[0-9]{{1,7}})(?![\w(.!])")
_QUOTED = re.compile(r"\"(?:[^\"]|\"\")*\"|'(?:[^']|'')*'|\[[^\]]*\]")


def shift_formula(formula: str, rows: int, columns: int) -> str:
    """Return a formula as filling it down and to the right writes it.

    Parameters
    ----------
    formula : str
        Formula text.
    rows, columns : int
        The distance from the cell it was written for.

    Returns
    -------
    str
    """
    if '"' in formula or "'" in formula or "[" in formula:
        out, position = [], 0
        for match in _QUOTED.finditer(formula):
            out.append(_shift_plain(formula[position : match.start()], rows, columns))
            out.append(match[0])
            position = match.end()
        out.append(_shift_plain(formula[position:], rows, columns))
        return "".join(out)
    return _shift_plain(formula, rows, columns)


def _shift_plain(formula: str, rows: int, columns: int) -> str:
    parts = _SPLIT.split(formula)
    for index in range(1, len(parts), 2):
        parts[index] = shift_reference(parts[index], rows, columns)
    shifted = "".join(parts)
    return _WHOLE.sub(lambda match: _shift_whole(match, rows, columns), shifted) if ":" in shifted else shifted


def _shift_whole(match: re.Match[str], rows: int, columns: int) -> str:
    ends = []
    for dollar, end in ((match[1], match[2]), (match[3], match[4])):
        if dollar:
            ends.append(dollar + end)
        elif end.isdigit():
            ends.append(str((int(end) + rows - 1) % MAX_ROWS + 1))
        else:
            ends.append(column_letters((column_number(end) + columns - 1) % MAX_COLUMNS + 1))
    return ":".join(ends)


_RANGE = re.compile(r"(?<![\w.$])(\$?)([A-Z]{1,3})(\$?)([0-9]+):(\$?)([A-Z]{1,3})(\$?)([0-9]+)(?![\w(.])")


def in_order(formula: str) -> str:
    """Return a formula whose ranges run from their top left to their bottom right corner."""

    def ordered(match: re.Match[str]) -> str:
        left, top, right, bottom = match[2], int(match[4]), match[6], int(match[8])
        if top <= bottom and column_number(left) <= column_number(right):
            return match[0]
        if column_number(left) > column_number(right):
            left, right = right, left
        return f"{match[1]}{left}{match[3]}{min(top, bottom)}:{match[5]}{right}{match[7]}{max(top, bottom)}"

    return _RANGE.sub(ordered, formula)
