"""Formulas to be computed the careful way, because the quick way may show where Excel's rules differ from the engine's.

The compiler notes what the careful way would do otherwise, and with which parts of a formula (`formulas.careful_way`);
here is which values make it matter where these parts read them.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import replace
from itertools import compress, pairwise
from types import NoneType
from typing import Any, Final

from ...cells import VALUE, CellError
from ..formulas.compiling import Template
from ..formulas.parameter_classes import NUMBER, names_in
from ..formulas.parameter_classes import TEXT as SPELLED
from ..native import marked
from ..native.arguments import general
from ..native.criteria import ERRORS, has_others
from ..sheets.formula_cells import FormulaCell
from .calculation import Calculation
from .columns_read import ColumnsRead
from .criteria_and_look_ups import (
    TEXT,
    asking_for_an_order,
    constants_in,
    finding_another,
    searching_in_no_order,
    taken_for_numbers,
    with_decimal_comma,
)
from .doubts import compute_carefully, settle_doubts
from .engine_values import Trouble
from .reads import Alike, Cells, asked_in, reads_anywhere, reads_of

#: Excel writes no number in more than 15 digits (the others of a whole one are zeros) or 20 characters, and no -0.
_LONG_NUMBER: Final = re.compile(r"(?<![\d.])(?=\d*[.,])0*[.,]?0*[1-9](?:[.,]?\d){15,}|\d{16}|-0(?![\d.])|0[.,]\d{19}")
#: Numbers that are not the same, but may be in 15 digits, differ by no more than this, relatively.
_NEAR: Final = 1e-14
_ROUNDS: Final = 5
#: Texts that the engine's operators read as numbers as Excel does, or that no one does.
_PLAIN: Final = re.compile(
    r"[^\d]*|\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?%?\s*|\d{4}-\d\d-\d\d|\d\d?:\d\d(?::\d\d)?"
)
#: A date whose day and month only the author's system tells apart: the engine reads it in one way.
_DATE: Final = re.compile(r"\s*(?:0?[1-9]|[12]\d|3[01])[-/](?:0?[1-9]|[12]\d|3[01])[-/](?:\d{4}|\d{1,2})\b.{,20}")
#: A cell holds no more characters, and texts not longer than the other number never join to so many in practice.
_HOLDS, _LONG = 32767, 500
_BEYOND_ASCII: Final = re.compile(r"[^\x00-\x7f]")
#: Calls, joined texts and constants in what is compared.
_MAKING_TEXTS: Final = re.compile(r"[\w.]\(|[&\"]")
#: Characters that count as two in Excel, except in workbooks that count the newer way.
_BEYOND: Final = re.compile("[\U00010000-\U0010ffff]")
#: What looks into texts, and functions that show nothing of an error that they are given.
_LOOKING: Final = marked("looks-into") | names_in(
    "= LEN LEFT RIGHT MID FIND SEARCH EXACT REPLACE SUBSTITUTE CODE UNICODE VALUE NUMBERVALUE INDIRECT XLOOKUP"
)
_CATCHING: Final = frozenset(
    ("IFERROR", "IFNA", "ISERROR", "ISERR", "ISNA", "ISNUMBER", "ERROR.TYPE", "COUNT", "AGGREGATE", "LOOKUP")
)


def compute_suspects(calculation: Calculation) -> None:
    """Compute the formulas again whose value may differ from Excel's by these rules, and all that read them."""
    if calculation.engine.idle:
        return
    for number in range(_ROUNDS):
        columns = ColumnsRead(calculation.book, calculation.spills.anchors)
        suspects = [*_noisy(calculation), *_near(calculation, columns), *searching_in_no_order(calculation, columns)]
        if number == 0:
            suspects += with_decimal_comma(calculation)
            suspects += [*_by_themselves(calculation), *_reading(calculation, columns)]
            suspects += finding_another(calculation, columns)
            suspects += [*taken_for_numbers(calculation, columns), *asking_for_an_order(calculation, columns)]
        if not compute_carefully(calculation, suspects):
            return
        calculation.compute()
        if any(isinstance(cell.value, Trouble) for cell in calculation.odd):
            settle_doubts(calculation)


def _noisy(calculation: Calculation) -> Iterator[FormulaCell]:
    """Yield the cells whose value may be noise, a text with noise in it, or too long for a cell."""
    for cell in calculation.showing:
        if cell.value.__class__ is float:
            if cell.template.parts("NOISE"):
                yield cell
        elif _LONG_NUMBER.search(cell.value) or len(cell.value) > _HOLDS:
            yield cell


# --- values that the parts of a formula read ------------------------------------------------------------------------


def _is_long_number(number: float) -> bool:
    """Say whether a number has more digits than a text shows of it, or is shown with an exponent."""
    text = f"{number:.15g}"
    return float(text) != number or ("e" in text and "E" in general(number))


def _has_digits(text: str) -> bool:
    """Say whether a text may read as a number; what the engine reads as one is not the same everywhere."""
    return any(map(str.isdigit, text))


def _has_other_capitals(text: str) -> bool:
    """Say whether a text has letters whose capitals the engine does not know."""
    others = "" if text.isascii() else "".join(_BEYOND_ASCII.findall(text))
    return others.upper() != others.lower()


#: Questions, and the values of a kind that make the answer matter, the last ones where the formula catches the error
#: that comes of it.
_MATTERS: Final[Sequence[tuple[str, type, Callable[[Any], object], bool]]] = (
    ("NUMBER", str, _DATE.fullmatch, False),
    ("ARGUMENT", str, _DATE.fullmatch, False),
    ("LETTERS", str, _has_other_capitals, False),
    ("ORDER", str, has_others, False),
    ("FITTING", str, lambda text: len(text) > _LONG, False),
    ("NUMERIC", str, _has_digits, False),
    ("NUMERIC", bool, lambda _: True, False),
    ("LOGICAL", bool, lambda _: True, False),
    ("SHOWN", float, _is_long_number, False),
    ("COUNTED", float, _is_long_number, False),
    ("COUNTED", str, _BEYOND.search, False),
    ("CRITERIA", str, lambda text: text.lstrip("<>=").upper() in ERRORS, False),
    ("CRITERIA", CellError, lambda _: True, True),
    ("FILLED", NoneType, lambda _: True, False),
    ("COUNTABLE", CellError, lambda _: True, True),
    ("NUMBER", str, lambda text: _PLAIN.fullmatch(text) is None, True),
    ("ARGUMENT", str, _has_digits, True),
    ("TRUTH", str, lambda text: text.upper() in ("TRUE", "FALSE"), True),
)


def _by_themselves(calculation: Calculation) -> Iterator[FormulaCell]:
    """Yield the cells whose formulas hold what makes a question matter, whatever they read."""
    for own in [scan.formulas for scan in calculation.book.scans]:
        wanted = {template for template in {*own.templates} if template and _matters_by_itself(template)}
        if wanted:
            yield from own.at(compress(range(len(own)), map(wanted.__contains__, own.templates)))


def _matters_by_itself(template: Template) -> bool:
    for about, parts in [(about, parts) for about, asked in template.asked.items() for parts in asked]:
        # what is computed may have more digits than all that it reads; where it is shown its value tells that
        seen = about == "COUNTED" or (about == "SHOWN" and not _LOOKING.isdisjoint(template.calls))
        # and a text that is computed may spell a number as no cell does; where it is read the error tells that
        caught = about in ("NUMBER", "ARGUMENT") and not _CATCHING.isdisjoint(template.calls)
        gives = {part.gives for part in parts}
        if (
            (seen and NUMBER in gives)
            or (caught and SPELLED in gives)
            or (about == "FITTING" and "REPT" in template.calls)
        ):
            return True
        texts = [piece for part in parts for piece in part.read if isinstance(piece, str) and '"' in piece]
        for text in TEXT.findall("".join(texts)) if texts else ():
            if any(test(text) for asked, kind, test, _ in _MATTERS if asked == about and kind is str):
                return True
    return False


def _reading(calculation: Calculation, columns: ColumnsRead) -> Iterator[FormulaCell]:
    """Yield the cells that read values which make a question matter."""
    book = calculation.book
    found = {value for scan in book.scans for value in scan.formulas.values if value.__class__ is str}
    found.update(book.package.strings)
    within = any(scan.has_texts() for scan in book.scans)
    for about, kind, test, caught in _MATTERS:
        if kind is str and not within and not any(map(test, found)):
            continue
        groups = calculation.readers.groups(about)
        if caught:
            catching = [each for each in groups if each.template.calls & _CATCHING]
            groups = [*catching, *_failing(calculation, about)]
        among = [groups]
        if about == "LETTERS":
            among = [[group for group in groups if _compares_cells(group) == plain] for plain in (False, True)]
        for plain, some in enumerate(among):
            places = columns.of(read for group in some for read in group.columns)
            values = {each for each in columns.kind(places, kind) if test(each)}
            if plain and values:
                values &= _in_other_letters(columns.kind(places, str))
            yield from calculation.readers.of(columns.holding(places, kind, values), about, some)


def _compares_cells(group: Alike) -> bool:
    """Say whether formulas ask of what stands in cells, and of nothing else, whether it is the same."""
    text = asked_in(group.of[group.places[0]], group.template.parts("LETTERS"))
    return "ORDER" not in group.template.asked and not _MAKING_TEXTS.search(text) and not reads_anywhere(text)


def _in_other_letters(texts: Set[str]) -> set[str]:
    """Return the texts that others differ from in the case of letters beyond ASCII, which the engine tells apart."""
    alike: defaultdict[str, dict[bytes, list[str]]] = defaultdict(lambda: defaultdict(list))
    for text in texts:
        alike[text.casefold()][text.encode("utf-8", "surrogatepass").lower()].append(text)
    return {text for found in alike.values() if len(found) > 1 for some in found.values() for text in some}


def _failing(calculation: Calculation, about: str) -> Iterator[Alike]:
    """Yield the cells that show #VALUE!, as an operand that is read as no number gives it."""
    waiting = any(cell.value == VALUE and not cell.careful for cell in calculation.odd)
    for group in calculation.readers.groups(about) if waiting else ():
        places = [place for place in group.places if group.of.values[place] == VALUE]
        if places:
            yield replace(group, places=places)


# --- numbers that are the same in 15 digits -------------------------------------------------------------------------


def _near(calculation: Calculation, columns: ColumnsRead) -> Iterator[FormulaCell]:
    """Yield the cells that compare or ask for numbers which differ from others beyond 15 digits only."""
    readers = calculation.readers
    for about in ("COMPARE", "CRITERIA"):
        groups = [
            (group, columns.of(group.columns), {*constants_in(part.read for part in group.template.parts(about))})
            for group in readers.groups(about)
        ]
        every = columns.kind({place for _, places, _ in groups for place in places}, float)
        if not _nearly_equal(every.union(*(constants for *_, constants in groups))):
            continue
        for group, places, constants in groups:
            near = {*_nearly_equal(columns.kind(places, float) | constants)}
            if near and about == "COMPARE" and _has_bounds(group):
                near = {each for each in near if any(_nearly_equal({each, bound}) for bound in constants)}
            cells = columns.holding(places, float, near)
            for cell in readers.of(cells, about, [group]):
                if about == "CRITERIA" or _compares(calculation, columns, cell, cells):
                    yield cell


def _has_bounds(group: Alike) -> bool:
    """Say whether formulas compare nothing but cells with constants."""
    compared, cell = group.template.asked["COMPARE"], group.of[group.places[0]]
    plain = not any("(" in asked_in(cell, sides) for sides in compared)
    return plain and all([*constants_in(side.read for side in sides)] for sides in compared)


def _compares(calculation: Calculation, columns: ColumnsRead, cell: FormulaCell, cells: Cells) -> bool:
    """Say whether a formula compares with each other some of the cells whose numbers others are near."""
    for sides in cell.template.asked.get("COMPARE", ()):
        text = asked_in(cell, sides)
        reads = reads_of(text, cell.sheet, calculation.readers.sheets)
        values = {columns.values(place)[row - 1] for read in reads for place, row in read.met(cells)}
        if reads_anywhere(text) or (
            values and ("(" in text or _nearly_equal(values.union(constants_in(side.read for side in sides))))
        ):
            return True
    return False


def _nearly_equal(values: Set[float]) -> list[float]:
    """Return the numbers that others differ from, but beyond 15 digits only."""
    pairs = pairwise(sorted(values))
    return [each for low, high in pairs if 0 < high - low <= _NEAR * max(-low, high) for each in (low, high)]
