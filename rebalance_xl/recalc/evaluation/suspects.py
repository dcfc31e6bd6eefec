"""Formulas to be computed the careful way, because the quick way may show where Excel's rules differ from the engine's.

Excel looks at 15 digits: in the leftover of a last subtraction, in numbers within texts, in comparisons. And it reads
more texts as numbers than the engine does, which shows as an error unless the formula catches it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from itertools import pairwise
from typing import Any, Final

from ..native.criteria import ERRORS
from ..native.reading import number_of
from ..sheets.formula_cells import FormulaCell
from .calculation import Calculation
from .decimal_comma import with_decimal_comma
from .doubts import compute_carefully
from .look_ups import searching_in_no_order
from .reads import Alike, Cells, cells_at, reads_of

#: Excel writes no number with a decimal point in more than 15 digits.
_LONG_NUMBER: Final = re.compile(r"(?<![\d.])(?=\d*[.,])0*[.,]?0*[1-9](?:[.,]?\d){15,}")
#: Numbers that are not the same, but may be in 15 digits, differ by no more than this, relatively.
_NEAR: Final = 1e-14
_ROUNDS: Final = 5
_TEXT: Final = re.compile(r"\"(?:[^\"]|\"\")*\"")
_COMPARED: Final = re.compile(r"[<>=]+")
#: A minus or plus that is not a number's own.
_SUBTRACTS: Final = re.compile(r"[\w\])\"%]\s*[-+]")
_BOUND: Final = re.compile(
    r"[<>=]\s*(-?[0-9]+\.?[0-9]*(?:E[-+]?[0-9]+)?)(?![\w.:(])|(?<![\w.$:!])([0-9]+\.?[0-9]*)\s*[<>=]"
)
#: Texts, arrays of them, and what certainly is one.
_TEXTS: Final = (
    r"(?:\"\"|\{\"\"(?:[,;]\"\")*\}|"
    r"\b(?:CONCAT|CONCATENATE|LEFT|LOWER|MID|RIGHT|SUBSTITUTE|TEXT|TRIM|UPPER)\([^()]*\))"
)
#: Comparisons with texts, and those of sizes that filling up arrays makes.
_HARMLESS: Final = re.compile(
    rf"{_TEXTS}\s*(?:<>|[<>=]=?)|(?:<>|[<>=]=?)\s*{_TEXTS}|(?:ROWS|COLUMNS)\(rl_\d+\)=(?:ROWS|COLUMNS)\(rl_\d+\)"
)
_REF: Final = r"(?:(?:'[^']*'|[\w.]+)!)?\$?[A-Z]{1,3}\$?[0-9]+(?::\$?[A-Z]{1,3}\$?[0-9]+)?"
_PAIR: Final = re.compile(rf"(?<![\w.$:!]){_REF}\s*(?:<>|[<>=]=?)\s*{_REF}(?![\w.:(])")
#: Cells and texts that are compared with nothing beside that computes.
_ONLY_PAIR: Final = re.compile(rf"(?<=[(,])(?:{_REF}|{_TEXTS})\s*(?:<>|[<>=]=?)\s*(?:{_REF}|{_TEXTS})(?=[),])")
_SIDE: Final = re.compile(rf"(?<![\w.$:!])({_REF})(?=\s*[<>=])|(?<=[<>=])\s*({_REF})(?![\w.:(])")
_CATCHES: Final = re.compile(r"\b(?:IFERROR|IFNA|ISERROR|ISERR|ISNA|ISNUMBER|ERROR\.TYPE|COUNT|AGGREGATE)\(")
_ARITHMETIC: Final = re.compile(r"[-+*/^%]")
_TESTS: Final = re.compile(r"\b(?:IF|IFS|NOT|AND|OR|XOR)\(")
#: Texts that the engine reads as numbers as Excel does, or that no one does.
_PLAIN: Final = re.compile(
    r"[^\d]*|\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?%?\s*|\d{4}-\d\d-\d\d|\d\d?:\d\d(?::\d\d)?"
)
_JOINS: Final = re.compile(r"&|\b(?:CONCAT|CONCATENATE|SUBSTITUTE)\(")
#: A date whose day and month only the author's system tells apart, also as it is written within a formula.
_DATE: Final = re.compile(r"\"?\s*(0?[1-9]|1[0-2])[-/](0?[1-9]|1[0-2])[-/](?:\d{4}|\d{1,2})\b.*")
#: A cell holds no more characters, and texts not longer than the other number never join to so many in practice.
_HOLDS, _LONG = 32767, 500
_LONGEST_DATE: Final = 30
_WITH_DATE: Final = re.compile(r"\"\s*\w{1,2}[-/]\w{1,2}[-/]\w{1,4}[^\"]*\"")
_LOOKS_INTO: Final = re.compile(r"\b(?:LEN|LEFT|RIGHT|MID|FIND|SEARCH|EXACT|REPLACE|SUBSTITUTE)\(")
#: What these do with something that is computed within.
_OF_ARITHMETIC: Final = re.compile(r"\b(?:LEN|LEFT|RIGHT|MID|EXACT|FIND|SUBSTITUTE)\(\(?[^()\"]*[-+*/^]")
_JOINED: Final = re.compile("&")
#: Characters that count as two in Excel, except in workbooks that count the newer way.
_BEYOND: Final = re.compile("[\U00010000-\U0010ffff]")
_WITH_CRITERIA: Final = re.compile(r"\b(?:COUNT|SUM|AVERAGE|MAX|MIN)IFS?\(")
#: A criterion for all but a number, which stands there or is joined to it.
_OTHER_THAN: Final = re.compile(r"\"<>(?:(-?\d+\.?\d*)\"|\"&)")
_SUMS_PRODUCTS: Final = re.compile(rf"\bSUMPRODUCT\((?:.*,)?\s*{_REF}\s*[,)]")
_REPEATS: Final = re.compile(r"\bREPT\(")


#: Whether some of the numbers read and some constants are no matter for the engine.
_Test = Callable[[Set[float], Set[float]], bool]
_Part = Callable[[str], str]


def compute_suspects(calculation: Calculation) -> None:
    """Compute the formulas again whose value may differ from Excel's by these rules, and all that read them."""
    if calculation.engine.idle:
        return
    for number in range(_ROUNDS):
        suspects = [*_noisy(calculation), *_near(calculation), *searching_in_no_order(calculation)]
        if number == 0:
            suspects += with_decimal_comma(calculation)
            suspects += [*_with_own_texts(calculation), *_reading_texts(calculation), *_counting_truth(calculation)]
            suspects += [*_counting_texts(calculation), *_looking_into_texts(calculation)]
        if not compute_carefully(calculation, suspects):
            return
        calculation.compute()


def _noisy(calculation: Calculation) -> Iterator[FormulaCell]:
    """Yield the cells whose value may be noise, or a text with noise in it."""
    for cell in calculation.showing:
        if _SUBTRACTS.search(cell.formula) if cell.value.__class__ is float else _LONG_NUMBER.search(cell.value):
            yield cell


def _near(calculation: Calculation) -> Iterator[FormulaCell]:
    """Yield the cells that compare numbers which differ from others beyond 15 digits only."""
    groups: list[tuple[Alike, Set[float], _Test]] = []
    for group in calculation.readers.groups(_COMPARED):
        text = _HARMLESS.sub("", _without_texts(group))
        signs = len(_COMPARED.findall(text))
        if not signs:
            continue
        against = len(_BOUND.findall(text))
        test: _Test = _any_at_all
        if against + len(_PAIR.findall(text)) == signs:  # nothing but these cells is compared
            test = _near_bounds if against == signs else _near_each_other
            group = replace(group, columns=calculation.readers.columns(_sides(text), group.sheet))
        groups.append((group, set(_bounds(group)), test))
    every = _held_in(calculation, _columns_read_by(calculation, [group for group, _, _ in groups]), float)
    near = set(_nearly_equal(every.union(*(bounds for _, bounds, _ in groups))))
    if not near:
        return
    held: dict[tuple[int, int], dict[int, float]] = {}
    for group, bounds, test in groups:
        places = _columns_read_by(calculation, [group])
        for sheet, column in places - held.keys():
            values = enumerate(calculation.book.column(sheet, column), 1)
            held[sheet, column] = {row: each for row, each in values if each.__class__ is float and each in near}
        if not test({each for place in places for each in held[place].values()}, bounds):
            continue
        for cell in group.cells:
            text = "" if cell.lowered is None or cell.careful else cell.lowered
            if text and test(_read_of(calculation, cell, text if test is _any_at_all else _sides(text), held), bounds):
                yield cell


def _any_at_all(values: Set[float], _: Set[float]) -> bool:
    return bool(values)


def _near_bounds(values: Set[float], bounds: Set[float]) -> bool:
    return any(_is_near(each, bound) for each in values for bound in bounds)


def _near_each_other(values: Set[float], bounds: Set[float]) -> bool:
    return bool(values) and bool(_nearly_equal(values | bounds))


def _sides(text: str) -> str:
    """Return the references that stand beside the signs of comparisons."""
    return " ".join(before or after for before, after in _SIDE.findall(text))


def _read_of(
    calculation: Calculation, cell: FormulaCell, text: str, held: Mapping[tuple[int, int], Mapping[int, float]]
) -> set[float]:
    """Return the values, of some known by their places, that a part of a cell's formula reads."""
    found: set[float] = set()
    for read in reads_of(text, cell.sheet, calculation.readers.sheets):
        for column in range(read.left, min(read.right, calculation.book.extent(read.sheet)[1]) + 1):
            rows = held.get((read.sheet, column))
            if rows and read.top == read.bottom:
                found.update({rows[read.top]} if read.top in rows else ())
            elif rows:
                found.update(value for row, value in rows.items() if read.top <= row <= read.bottom)
    return found


def _bounds(group: Alike) -> Iterator[float]:
    """Yield the constants that the formulas of a group compare with; they stand at the same place in all of them."""
    if _BOUND.search(_without_texts(group)) is None:
        return
    for match in _BOUND.finditer(group.texts[0]):
        start, end = match.span(1) if match[1] else match.span(2)
        yield from map(float, {text[start:end] for text in group.texts})


def _is_near(one: float, other: float) -> bool:
    return one != other and abs(other - one) <= max(abs(one), abs(other)) * _NEAR


def _nearly_equal(values: Set[float]) -> list[float]:
    """Return the numbers that others differ from, but beyond 15 digits only."""
    pairs = pairwise(sorted(values))
    return [
        each
        for low, high in pairs
        if high - low <= 2 * _NEAR * abs(high) and _is_near(low, high)
        for each in (low, high)
    ]


def _with_own_texts(calculation: Calculation) -> Iterator[FormulaCell]:
    """Yield the cells that repeat texts, or that hold one which is no matter for the engine."""
    yield from (cell for cell in calculation.showing if cell.value.__class__ is str and len(cell.value) > _HOLDS)
    for group in calculation.readers.groups(_REPEATS):
        yield from group.cells
    for group in calculation.readers.groups(_COMPARED):
        if not group.texts[0].isascii() and _COMPARED.search(_without_texts(group)):
            yield from group.cells
    for group in calculation.readers.groups(_WITH_DATE):
        dated = (any(map(_is_date, _TEXT.findall(text))) for text in group.texts)
        yield from (cell for cell, found in zip(group.cells, dated, strict=True) if found)


def _reading_texts(calculation: Calculation) -> Iterator[FormulaCell]:
    """Yield the cells that read texts which are no matter for the engine, by what they do with them."""
    scans = calculation.book.scans
    found = {*calculation.book.package.strings}
    found.update([value for scan in scans for value in scan.formulas.values if value.__class__ is str])
    within = any(scan.has_texts() for scan in scans)
    held: dict[tuple[int, int], set[str]] = {}
    for wanted, also, test, part in _TEXTS_READ:
        if not within and not any(map(test, found)):
            continue
        groups = []
        for group in calculation.readers.groups(wanted):
            text = part(_without_texts(group))
            if wanted.search(text) and (also is None or also.search(text)):
                groups.append(
                    group if part is str else replace(group, columns=calculation.readers.columns(text, group.sheet))
                )
        places = _columns_read_by(calculation, groups)
        held |= {place: _held_in(calculation, [place], str) for place in places - held.keys()}
        texts = {text for place in places for text in held[place] if test(text)}
        if texts:
            holding = _holding(calculation, (place for place in places if held[place] & texts), str, texts)
            yield from calculation.readers.of(holding, groups, part)


def _counting_truth(calculation: Calculation) -> Iterator[FormulaCell]:
    """Yield the cells that sum products of cells with truth values, which count as 0 there."""
    groups = [group for group in calculation.readers.groups(_SUMS_PRODUCTS) if _SUMS_PRODUCTS.search(group.texts[0])]
    places = _columns_read_by(calculation, groups)
    if _held_in(calculation, places, bool):
        yield from calculation.readers.of(_holding(calculation, places, bool, {True, False}), groups)


def _counting_texts(calculation: Calculation) -> Iterator[FormulaCell]:
    """Yield the cells with criteria of which the engine takes a text for the number or error that it reads as."""
    groups = calculation.readers.groups(_WITH_CRITERIA)
    places = _columns_read_by(calculation, groups)
    texts = _held_in(calculation, places, str)
    errors = {text for text in texts if text.lstrip("<>=").upper() in ERRORS}
    if errors:
        yield from calculation.readers.of(_holding(calculation, places, str, errors), groups)
    if not any(text.startswith("<>") for text in texts):
        groups = [group for group in groups if _OTHER_THAN.search(group.texts[0])]
    places = _columns_read_by(calculation, groups)
    known = _held_in(calculation, places, float)
    for group in groups:
        known.update(float(number) for text in group.texts for number in _OTHER_THAN.findall(text) if number)
    known.update(number for text in texts if text[:2] == "<>" and (number := number_of(text[2:])) is not None)
    alike = {text for text in _held_in(calculation, places, str) if number_of(text) in known}
    if alike:
        yield from calculation.readers.of(_holding(calculation, places, str, alike), groups)


def _looking_into_texts(calculation: Calculation) -> Iterator[FormulaCell]:
    """Yield the cells to which the digits of numbers in texts matter, or how many characters a picture counts as."""
    groups = calculation.readers.groups(_LOOKS_INTO)
    compared = [group for group in calculation.readers.groups(_JOINED) if _COMPARED.search(_without_texts(group))]
    for group in groups:
        if _OF_ARITHMETIC.search(group.texts[0]) or _BEYOND.search(group.texts[0]):
            yield from group.cells
    for group in compared:
        if _ARITHMETIC.search(_without_texts(group)):
            yield from group.cells
    for some, kind, test in ((groups + compared, float, _is_long_number), (groups, str, _BEYOND.search)):
        places = _columns_read_by(calculation, some)
        found = {value for value in _held_in(calculation, places, kind) if test(value)}
        if found:
            yield from calculation.readers.of(_holding(calculation, places, kind, found), some)


def _is_long_number(number: float) -> bool:
    """Say whether a number has more digits than a text shows of it."""
    return float(f"{number:.15g}") != number


def _is_unclear(text: str) -> bool:
    """Say whether the engine may fail to read a text as a number that Excel reads as one."""
    return _PLAIN.fullmatch(text) is None


def _is_truth(text: str) -> bool:
    """Say whether a text counts as a truth value."""
    return text.upper() in ("TRUE", "FALSE")


def _has_other_capitals(text: str) -> bool:
    """Say whether a text has letters whose capitals the engine does not know."""
    return not text.isascii() and text.upper() != text.lower()


def _is_date(text: str) -> bool:
    """Say whether a text is a date whose day and month only its author's system tells apart."""
    found = _DATE.fullmatch(text) if len(text) < _LONGEST_DATE else None
    return found is not None and found[1] != found[2]


def _is_long(text: str) -> bool:
    """Say whether joining a text with others may give more than a cell holds."""
    return len(text) > _LONG


def _has_digits(text: str) -> bool:
    """Say whether the engine may read a text as a number where Excel takes it for 0."""
    return any(map(str.isdigit, text))


def _beside_pairs(text: str) -> str:
    """Return a formula without the cells that it only compares with each other."""
    return _ONLY_PAIR.sub("TRUE", text)


#: What formulas do, all of it, with texts of a kind: catch errors of arithmetic, compare, compute with dates, join; and
#: the part of their text that matters.
_TEXTS_READ: Final[Sequence[tuple[re.Pattern[str], re.Pattern[str] | None, Callable[[str], bool], _Part]]] = (
    (_CATCHES, _ARITHMETIC, _is_unclear, _beside_pairs),
    (_CATCHES, _TESTS, _is_truth, str),
    (_COMPARED, None, _has_other_capitals, str),
    (_JOINS, None, _is_long, str),
    (_ARITHMETIC, None, _is_date, _beside_pairs),
    (_SUMS_PRODUCTS, None, _has_digits, str),
)


def _without_texts(group: Alike) -> str:
    return _TEXT.sub('""', group.texts[0])


def _columns_read_by(calculation: Calculation, groups: list[Alike]) -> set[tuple[int, int]]:
    wanted: set[tuple[int, int]] = set()
    for read in {read for group in groups for read in group.columns}:
        right = calculation.book.extent(read.sheet)[1]
        wanted.update((read.sheet, column) for column in range(read.left, min(read.right, right) + 1))
    return wanted


def _held_in(calculation: Calculation, places: Iterable[tuple[int, int]], kind: type) -> set[Any]:
    """Return the values of one kind in some columns."""
    found: set[Any] = set()
    for place in places:
        found.update([value for value in calculation.book.column(*place) if value.__class__ is kind])
    return found


def _holding(calculation: Calculation, places: Iterable[tuple[int, int]], kind: type, values: set[Any]) -> Cells:
    """Return the cells in some columns which hold one of some values."""
    return cells_at(
        (sheet, row, column)
        for sheet, column in places
        for row, value in enumerate(calculation.book.column(sheet, column), 1)
        if value.__class__ is kind and value in values
    )
