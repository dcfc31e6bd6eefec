"""What the engine may answer otherwise than Excel: criteria, look-ups, and numbers within texts with a decimal comma.

Approximate look-ups both halve the cells, but Excel stops where it meets the very value: that makes a difference among
cells in no rising order. Exactly Excel finds the very number, the engine also one that differs by less than 1E-12.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence, Set
from itertools import chain, pairwise
from typing import Any, Final

from ...cells import CellError
from ..formulas.careful_way import READING
from ..formulas.compiling import Piece
from ..formulas.parameter_classes import NUMBER
from ..formulas.whole_calls import APPROXIMATE
from ..native.criteria import SPELLED, has_others, is_sure
from ..native.lookup import sort_key
from ..native.reading import number_of
from ..sheets.formula_cells import FormulaCell
from .calculation import Calculation
from .columns_read import ColumnsRead
from .doubts import as_before
from .reads import Read, asked_in, reads_of

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
    differing = [cell for scan in calculation.book.scans for cell in scan.formulas.differing()]
    computed = [cell for cell in differing if cell.lowered is not None]
    left = [*_but_for_points(calculation), *(cell for cell in computed if _OF_SIGNS.search(str(cell.lowered)))]
    left += [cell for cell in computed if cell.template.calls & READING and _has_point(cell.value, cell.old)]
    calculation.keep(dict.fromkeys(left, _CAUSE))
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


#: A text in a formula.
TEXT: Final = re.compile(r"\"((?:[^\"]|\"\")*)\"")
#: How criteria begin that ask for an order, and what may be ordered that is no number.
_ORDER: Final = re.compile("[<>](?!>)")
_WORD: Final = re.compile(r"[<>=]*[^\s\d<>=.+-]")


def taken_for_numbers(calculation: Calculation, columns: ColumnsRead) -> Iterator[FormulaCell]:
    """Yield the cells that ask for texts which read as a number.

    The engine takes some for it where all but the number is asked for, and misses those spelled otherwise.
    """
    groups = calculation.readers.groups("CRITERIA")
    every = columns.kind(columns.of(read for group in groups for read in group.columns), str)
    spelled = {text for text in every if SPELLED.search(text) and number_of(text) is not None}
    for group in groups:
        places, cell = columns.of(group.columns), group.of[group.places[0]]
        asked = [part for parts in group.template.asked["CRITERIA"] for part in parts[1::2]]
        sought = columns.of(calculation.readers.columns_of(asked_in(cell, asked), cell.sheet))
        said, parts = columns.kind(sought, str), [part.read for part in asked]
        others = any(text.startswith("<>") for text in said)
        others = others or any('"<>' in str(part) and part != ['"<>"'] for part in parts)
        texts = columns.kind(places, str) if others else columns.kind(places, str) & spelled
        if texts:
            numbers = columns.kind(places, float).union(constants_in([*parts, *([text] for text in said)]))
            wanted = {text for text in texts if number_of(text) in numbers}
            yield from calculation.readers.of(columns.holding(places, str, wanted), "CRITERIA", [group])


def asking_for_an_order(calculation: Calculation, columns: ColumnsRead) -> Iterator[FormulaCell]:
    """Yield the cells that ask for texts before or after another one where signs or accents make that unsure."""
    readers = calculation.readers
    for group in readers.groups("CRITERIA"):
        cell = group.of[group.places[0]]
        pairs = [zip(parts[::2], parts[1::2], strict=False) for parts in group.template.asked["CRITERIA"]]
        for among, asked in chain.from_iterable(pairs):
            held, said = [columns.of(readers.columns_of(asked_in(cell, [part]), cell.sheet)) for part in (among, asked)]
            texts = columns.kind(said, str)
            texts.update(TEXT.findall("".join([piece for piece in asked.read if isinstance(piece, str)])))
            ordered = any(map(_ORDER.match, texts)) and any(map(_WORD.match, texts))
            if ordered and any(has_others(text.lstrip("<>=")) for text in texts | columns.kind(held, str)):
                yield from group.cells


def constants_in(parts: Iterable[Sequence[Piece]]) -> Iterator[float]:
    """Yield the numbers among some parts of a formula, also those of criteria."""
    for part in parts:
        texts = [piece for piece in part if isinstance(piece, str)]
        number = number_of("".join(texts).strip('"').lstrip("<>=")) if len(texts) == len(part) else None
        if number is not None:
            yield number


#: The engine takes numbers for one another that differ by no more.
_ALIKE: Final = 1e-12


def searching_in_no_order(calculation: Calculation, columns: ColumnsRead) -> Iterator[FormulaCell]:
    """Yield the cells that look something up approximately among cells that do not rise."""
    known: dict[tuple[str, int, str], bool] = {}
    for name, group in [(each, group) for each in APPROXIMATE for group in calculation.readers.groups(each)]:
        for cell, text in zip(group.cells, calculation.readers.texts(group, name), strict=True):
            key = name, cell.sheet, text
            if key not in known:
                searched = reads_of(text, cell.sheet, calculation.readers.sheets)
                known[key] = all(_rises(_line(columns, name, read)) for read in searched)
            if not known[key]:
                yield cell


def finding_another(calculation: Calculation, columns: ColumnsRead) -> Iterator[FormulaCell]:
    """Yield the cells that look for the same number where the engine may take another one for it."""
    known: dict[tuple[object, ...], bool] = {}
    readers = calculation.readers
    for about in ("IN COLUMN", "IN LINE"):
        for group in readers.groups(about):
            cell = group.of[group.places[0]]
            for sought, among in group.template.asked[about]:
                text, searched = asked_in(cell, [sought]), readers.columns_of(asked_in(cell, [among]), cell.sheet)
                if about == "IN COLUMN":
                    searched = [read._replace(right=read.left) for read in searched]
                computed = sought.gives == NUMBER
                number, reads = number_of(text), readers.columns_of(text, cell.sheet)
                key = (computed, "(" in text, number, *reads, *searched)
                if key not in known:
                    held = columns.kind(columns.of(searched), float)
                    wanted = columns.kind(columns.of(reads), float) if held else set()
                    wanted |= held if "(" in text else set() if number is None else {number}
                    known[key] = _has_alike(held, wanted) or (computed and not all(map(float.is_integer, held)))
                if known[key]:
                    yield from group.cells


def _has_alike(held: Set[float], wanted: Set[float]) -> bool:
    """Say whether a number that is wanted differs from one that is held, but by no more than the engine sees."""
    near = ((low, high) for low, high in pairwise(sorted(held | wanted)) if high - low <= _ALIKE)
    return any((low in held and high in wanted) or (low in wanted and high in held) for low, high in near)


def _line(columns: ColumnsRead, kind: str, read: Read) -> Iterator[Any]:
    """Yield the values of the row or column that a look-up goes through."""
    in_row = kind == "HLOOKUP" or (kind == "MATCH" and read.top == read.bottom)
    last = min(read.right, columns.book.extent(read.sheet)[1]) if in_row else read.left
    for column in range(read.left, last + 1):
        yield from columns.values((read.sheet, column))[read.top - 1 : read.top if in_row else read.bottom]


def _rises(values: Iterator[Any]) -> bool:
    """Say whether values of each type surely stand in rising order; blanks and errors are passed over."""
    last: dict[int, Any] = {}
    texts: set[str] = set()
    for value in values:
        if value is None or isinstance(value, CellError):
            continue
        kind, key = sort_key(value)
        if kind in last and key < last[kind]:
            return False
        last[kind] = key
        if kind == 1:
            texts.add(key)
    return is_sure(texts)
