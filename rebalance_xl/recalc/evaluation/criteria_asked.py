"""Formulas that ask for texts by a criterion, which the engine may answer otherwise than Excel: numbers, the order."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Final

from ..formulas.compiling import Piece
from ..native.criteria import SPELLED
from ..native.reading import number_of
from ..native.text_order import has_others
from ..sheets.formula_cells import FormulaCell
from .calculation import Calculation
from .reads import ColumnsRead, asked_in

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
