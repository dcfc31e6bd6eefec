"""Numbers within texts of workbooks whose author's system writes 5,4: the file tells it by the texts it shows alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from ..formulas.careful_way import READING
from ..sheets.formula_cells import FormulaCell
from .calculation import Calculation
from .doubts import as_before

#: A comma in a number.
_COMMA: Final = re.compile(r"(?<=\d),(?=\d)")
_POINT: Final = re.compile(r"\d\.\d")
#: What means something else on such a system: signs in formats and in numbers that stand in texts.
_OF_SIGNS: Final = re.compile(
    r"\bVALUE\([^&()]*\)|\bTEXT\([^\"]*\"[^\"]*[0#?][.,][0#?]|\"[<>=]*-?\d+[.,](?!0{6}|9{6})\d+\""
)
_CAUSE: Final = "a number within a text, which this workbook writes with a decimal comma"


def with_decimal_comma(calculation: Calculation) -> Iterator[FormulaCell]:
    """Yield the cells that make texts of numbers where the workbook writes them with a comma, and remember that.

    A single text that would be the cached one but for points between digits decides. What is as it was before is right.
    """
    if calculation.book.decimal_comma or next(_but_for_points(calculation), None) is None:
        return
    calculation.book.decimal_comma = True
    for group in (*calculation.readers.groups("SHOWN"), *calculation.readers.groups("COUNTED")):
        if not group.template.calls & READING:
            yield from (cell for cell in group.cells if not as_before(cell))
    for cell in calculation.book.cells():
        if cell.careful and cell.lowered is not None and not (cell.template.calls & READING or as_before(cell)):
            cell.careful = False  # it was computed so before the comma was known
            yield cell


def keep_decimal_commas(calculation: Calculation) -> None:
    """Keep the texts whose decimal commas could not be computed."""
    if not calculation.book.decimal_comma:
        return
    computed = [cell for cell in calculation.book.cells() if cell.lowered is not None and not as_before(cell)]
    left = [*_but_for_points(calculation), *(cell for cell in computed if _OF_SIGNS.search(str(cell.lowered)))]
    left += [cell for cell in computed if cell.template.calls & READING and _has_point(cell.value, cell.old)]
    for cell in left:
        calculation.keep(cell, _CAUSE)
    if left:
        calculation.compute()


def _but_for_points(calculation: Calculation) -> Iterator[FormulaCell]:
    """Yield the cells whose text is the cached one but for a point where that has a comma between digits."""
    for own in [scan.formulas for scan in calculation.book.scans]:
        olds = enumerate(own.olds) if str in {*map(type, own.olds)} else ()
        for place in [place for place, old in olds if old.__class__ is str and "," in old]:
            if own.values[place].__class__ is str and _is_but_for_points(own.values[place], own.olds[place]):
                yield own[place]


def _is_but_for_points(value: str, old: str) -> bool:
    return value != old and re.fullmatch(_COMMA.sub("[.,]", re.escape(old)), value) is not None


def _has_point(value: object, old: object) -> bool:
    """Say whether a text shows a point in a number where the cached one does not."""
    return value.__class__ is str and _POINT.search(str(value)) is not None and _POINT.search(str(old)) is None
