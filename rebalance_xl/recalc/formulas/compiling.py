"""What one formula is made ready with and what comes out: where it stands, what it has met so far, text in pieces.

`compiler` lists the writers; the modules `compiling_...` hold them, each with the `Compiling` at hand as its first
argument and the parameter class that is wanted as its last.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain
from string import Formatter
from typing import Any

from .book_view import BookView
from .tree import Expression, Operand

#: What a formula is written of: text, a place for one of the cell's references, and what gives text for a cell (row,
#: column, its references).
Piece = str | int | Callable[[int, int, Sequence[str]], str]
#: Gives the height and width of an array in a cell, None where they are not known.
Size = Callable[[int, int, Sequence[str]], tuple[int, int] | None]
#: Makes a part of a formula ready for a parameter class.
Writer = Callable[[Any, Any, str], "Out"]
#: Arguments of Python functions that the engine computes twice, first as a reference and then as a value.
_TWICE = re.compile(r"(RXL\.\w+\()((?:IFS?|CHOOSE)\()")


#: A cell: its row, its column, the references of its formula.
Cell = tuple[int, int, Sequence[str]]
#: What is true in some cells.
Condition = Callable[[int, int, Sequence[str]], bool]


@dataclass(slots=True, frozen=True)
class ByCell:
    """A piece that may give any text in any cell, so that some cells of a column do not tell of the others."""

    give: Callable[[int, int, Sequence[str]], str]

    def __call__(self, row: int, column: int, references: Sequence[str]) -> str:
        """Return the text for one cell."""
        return self.give(row, column, references)


@dataclass(slots=True)
class Out:
    """Part of a formula made ready, whether it is certainly one value, and its size where the text tells it.

    What it certainly `gives` is one of the kinds in `parameter_classes`. Its `source` is what its values may come from
    where that is not the text itself: what a local name stands for, the results of a choice without its test.
    """

    pieces: list[Piece]
    single: bool
    size: Size | None = None
    gives: str = ""
    source: list[Piece] | None = None

    @property
    def read(self) -> list[Piece]:
        """What tells the cells that its values may come from."""
        return self.pieces if self.source is None else self.source


#: What the careful way does otherwise, and each time the parts of a formula whose values tell whether that matters.
Questions = dict[str, list[tuple[Out, ...]]]


@dataclass(slots=True, eq=False)
class Template:
    """A shape made ready: text with places for references and for what depends on the cell.

    It has the functions that have to be registered, those of Excel that it calls, what the quick way leaves open, and
    what has to be true, or not, in the cells that it is for.
    """

    pieces: list[Piece]
    single: bool
    layout: bool
    functions: frozenset[str]
    calls: frozenset[str]
    asked: Questions
    conditions: Sequence[tuple[Condition, bool]]

    def suits(self, row: int, column: int, references: Sequence[str]) -> bool:
        """Say whether it is for a cell, too."""
        return all(condition(row, column, references) is met for condition, met in self.conditions)

    @property
    def by_cell(self) -> bool:
        """Whether some cells of a column do not tell of the others.

        The size of a range is fixed, or grows or shrinks by one from row to row: what is usual in the first, the
        middle and the last cell is usual in all, what is not may be so in one alone.
        """
        unusual = not all(met for _, met in self.conditions)
        return unusual or any(isinstance(piece, ByCell) for piece in self.pieces)

    def render(self, references: Sequence[str], row: int, column: int) -> str:
        """Return the engine's text for one cell."""
        return written(self.pieces, row, column, references)

    def parts(self, about: str) -> list[Out]:
        """Return the parts that the questions about something depend on."""
        return list(chain.from_iterable(self.asked.get(about, ())))


@dataclass(slots=True)
class Compiling:
    """One formula, or a part of it that stands elsewhere, while it is made ready."""

    book: BookView
    sheet: int  # the one the formula stands on
    writers: Mapping[type, Writer]
    cell: Cell  # the first that it is made ready for
    careful: bool = False  # whether it is computed the careful way, see `careful_way`
    depth: int = 0  # in LAMBDAs
    in_span: bool = False  # the engine joins no end with its own sheet's name to one without
    together: frozenset[int] = frozenset()  # the sheets whose whole columns and rows the formula reads
    layout: bool = False  # whether the result depends on used areas or spilled areas, which may change
    functions: set[str] = field(default_factory=set)  # those that have to be registered with the engine
    calls: set[str] = field(default_factory=set)  # the functions that are called, as Excel calls them
    conditions: list[tuple[Condition, bool]] = field(default_factory=list)  # what was asked of the cell
    asked: Questions = field(default_factory=dict)  # what the careful way would do otherwise
    draws: dict[int, int] = field(default_factory=dict)  # the calls of random numbers, in their order
    locals: dict[str, Out] = field(default_factory=dict)  # names of LET, and their values
    bound: dict[str, Expression] = field(default_factory=dict)  # what names of LET stand for

    def expression(self, expression: Expression, wanted: str) -> Out:
        """Return an expression made ready for a parameter class."""
        return self.writers[Expression](self, expression, wanted)

    def operand(self, operand: Operand, wanted: str) -> Out:
        """Return an operand made ready for a parameter class."""
        return self.writers[operand.__class__](self, operand, wanted)

    def holds(self, usual: Condition) -> bool:
        """Say whether the usual is true in the cell; what is made ready is for those where it is so or not alike."""
        met = usual(*self.cell)
        self.conditions.append((usual, met))
        return met

    def say(self, text: str, *outs: Out) -> Out:
        """Return a text with parts of the formula in the places {0}, {1}; it is of the kind and size of the first."""
        parts, own = _parts(text)
        self.functions |= own
        pieces: list[Piece] = []
        for part in parts:
            pieces += [part] if isinstance(part, str) else outs[part].pieces
        return Out(pieces, outs[0].single, outs[0].size, outs[0].gives, outs[0].read)

    def local(self, label: str) -> Out | None:
        """Return a name of LET, None for any other."""
        value = self.locals.get(label.lower())
        return None if value is None else Out([label], value.single, None, value.gives, value.read)


@lru_cache
def _parts(text: str) -> tuple[list[str | int], frozenset[str]]:
    """Return the texts and places of a text, and the functions of the package that it calls."""
    parts: list[str | int] = []
    for before, place, *_ in Formatter().parse(text):
        parts += [before] if before else []
        parts += [int(place)] if place else []
    return parts, frozenset(re.findall(r"RXL\.\w+", text))


def listed(outs: Sequence[Out]) -> list[Piece]:
    """Return parts of a formula with commas between them."""
    pieces: list[Piece] = []
    for place, out in enumerate(outs):
        pieces += [",", *out.pieces] if place else out.pieces
    return pieces


def call_of(name: str, outs: Sequence[Out]) -> list[Piece]:
    """Return the call of a function with arguments that are made ready."""
    return [name, "(", *listed(outs), ")"]


def merged(pieces: list[Piece]) -> list[Piece]:
    """Return pieces with neighbouring texts joined, and a sign before arguments that are values but may be references.

    >>> merged(["RXL.NUMBER(", "IF(", 0, ",1)"])
    ['RXL.NUMBER(+IF(', 0, ',1)']
    """
    merged: list[Piece] = []
    for piece in pieces:
        if isinstance(piece, str) and merged and isinstance(merged[-1], str):
            merged[-1] += piece
        else:
            merged.append(piece)
    return [_TWICE.sub(r"\1+\2", piece) if isinstance(piece, str) else piece for piece in merged]


def text_of(piece: Piece, row: int, column: int, references: Sequence[str]) -> str:
    """Return the text of one piece for a cell."""
    if isinstance(piece, str):
        return piece
    return references[piece] if isinstance(piece, int) else piece(row, column, references)


def written(pieces: Sequence[Piece], row: int, column: int, references: Sequence[str]) -> str:
    """Return the text of pieces for a cell."""
    return "".join([text_of(piece, row, column, references) for piece in pieces])
