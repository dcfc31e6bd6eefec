"""Formulas to be computed the careful way, because the quick way may show where Excel's rules differ from the engine's.

Excel looks at 15 digits: in the leftover of a last subtraction, in numbers within texts, in comparisons. And it reads
more texts as numbers than the engine does, which shows as an error unless the formula catches it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import replace
from itertools import pairwise
from typing import Final

from ..sheets.formula_cells import FormulaCell
from .calculation import Calculation
from .columns_read import Column, ColumnsRead
from .decimal_comma import with_decimal_comma
from .doubts import compute_carefully
from .look_ups import searching_in_no_order
from .reads import Alike, reads_of
from .suspect_texts import (
    COMPARED,
    REFERENCE,
    SUM_GUARD,
    TEXTS,
    WITH_CRITERIA,
    counting_texts,
    reading_texts,
    with_own_texts,
    without_texts,
)

#: Excel writes no number with a decimal point in more than 15 digits.
_LONG_NUMBER: Final = re.compile(r"(?<![\d.])(?=\d*[.,])0*[.,]?0*[1-9](?:[.,]?\d){15,}")
#: Numbers that are not the same, but may be in 15 digits, differ by no more than this, relatively.
_NEAR: Final = 1e-14
_ROUNDS: Final = 5
#: A minus or plus that is not a number's own.
_SUBTRACTS: Final = re.compile(r"[\w\])\"%]\s*[-+]")
_BOUND: Final = re.compile(
    r"[<>=]\s*(-?[0-9]+\.?[0-9]*(?:E[-+]?[0-9]+)?)(?![\w.:(])|(?<![\w.$:!])([0-9]+\.?[0-9]*)\s*[<>=]"
)
#: A number that a criterion in a formula may ask for.
_CRITERION: Final = re.compile(r"[,\"=>](-?\d+\.?\d*)(?=[\",)])")
#: The range that is summed, or asked for errors, by functions with criteria.
_SUMMED: Final = re.compile(rf"\b(?:SUM|AVERAGE|MAX|MIN)IFS\({REFERENCE},|{SUM_GUARD}")
#: Comparisons with texts, and those of sizes that filling up arrays makes.
_HARMLESS: Final = re.compile(
    rf"{TEXTS}\s*(?:<>|[<>=]=?)|(?:<>|[<>=]=?)\s*{TEXTS}|(?:ROWS|COLUMNS)\(rl_\d+\)=(?:ROWS|COLUMNS)\(rl_\d+\)"
)
_PAIR: Final = re.compile(rf"(?<![\w.$:!]){REFERENCE}\s*(?:<>|[<>=]=?)\s*{REFERENCE}(?![\w.:(])")
_SIDE: Final = re.compile(rf"(?<![\w.$:!])({REFERENCE})(?=\s*[<>=])|(?<=[<>=])\s*({REFERENCE})(?![\w.:(])")


#: Whether some of the numbers read and some constants are no matter for the engine.
_Test = Callable[[Set[float], Set[float]], bool]


def compute_suspects(calculation: Calculation) -> None:
    """Compute the formulas again whose value may differ from Excel's by these rules, and all that read them."""
    if calculation.engine.idle:
        return
    for number in range(_ROUNDS):
        columns = ColumnsRead(calculation.book)
        suspects = [*_noisy(calculation), *_near(calculation, columns), *searching_in_no_order(calculation, columns)]
        if number == 0:
            suspects += with_decimal_comma(calculation)
            suspects += [*with_own_texts(calculation), *reading_texts(calculation, columns)]
            suspects += [*counting_texts(calculation, columns), *_counting_near(calculation, columns)]
        if not compute_carefully(calculation, suspects):
            return
        calculation.compute()


def _noisy(calculation: Calculation) -> Iterator[FormulaCell]:
    """Yield the cells whose value may be noise, or a text with noise in it."""
    for cell in calculation.showing:
        if _SUBTRACTS.search(cell.formula) if cell.value.__class__ is float else _LONG_NUMBER.search(cell.value):
            yield cell


def _near(calculation: Calculation, columns: ColumnsRead) -> Iterator[FormulaCell]:
    """Yield the cells that compare numbers which differ from others beyond 15 digits only."""
    groups: list[tuple[Alike, Set[float], _Test]] = []
    for group in calculation.readers.groups(COMPARED):
        text = _HARMLESS.sub("", without_texts(group))
        signs = len(COMPARED.findall(text))
        if not signs:
            continue
        against = len(_BOUND.findall(text))
        test: _Test = _any_at_all
        if against + len(_PAIR.findall(text)) == signs:  # nothing but these cells is compared
            test = _near_bounds if against == signs else _near_each_other
            group = replace(group, columns=calculation.readers.columns(_sides(text), group.sheet))
        groups.append((group, set(_bounds(group)), test))
    every = columns.kind(columns.of(group for group, _, _ in groups), float)
    near = set(_nearly_equal(every.union(*(bounds for _, bounds, _ in groups))))
    if not near:
        return
    held: dict[Column, dict[int, float]] = {}
    for group, bounds, test in groups:
        places = columns.of([group])
        held |= {place: columns.rows(place, float, near) for place in places - held.keys()}
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
    calculation: Calculation, cell: FormulaCell, text: str, held: Mapping[Column, Mapping[int, float]]
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


def _bounds(group: Alike, wanted: re.Pattern[str] = _BOUND) -> Iterator[float]:
    """Yield the constants that the formulas of a group compare with; they stand at the same place in all of them."""
    for match in wanted.finditer(group.texts[0]):
        start, end = match.span(match.lastindex or 0)
        yield from map(float, {text[start:end] for text in group.texts})


def _is_near(one: float, other: float) -> bool:
    return one != other and abs(other - one) <= max(abs(one), abs(other)) * _NEAR


def _counting_near(calculation: Calculation, columns: ColumnsRead) -> Iterator[FormulaCell]:
    """Yield the cells whose criteria ask for a number that others differ from beyond 15 digits only."""
    for group in calculation.readers.groups(WITH_CRITERIA):
        tested = replace(group, columns=calculation.readers.columns(_SUMMED.sub("", group.texts[0]), group.sheet))
        places = columns.of([tested])
        near = set(_nearly_equal(columns.kind(places, float).union(_bounds(group, _CRITERION))))
        yield from calculation.readers.of(columns.holding(places, float, near), [group])


def _nearly_equal(values: Set[float]) -> list[float]:
    """Return the numbers that others differ from, but beyond 15 digits only."""
    pairs = pairwise(sorted(values))
    return [
        each
        for low, high in pairs
        if high - low <= 2 * _NEAR * abs(high) and _is_near(low, high)
        for each in (low, high)
    ]
