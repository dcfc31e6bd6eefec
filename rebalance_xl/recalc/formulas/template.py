"""Shapes made ready: text with places for references and for what depends on the cell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .text import SLOT

Piece = str | int | Callable[[int, int, Sequence[str]], str]
#: Gives the height and width of an array in a cell (row, column, the cell's references), None where they are not known.
Size = Callable[[int, int, Sequence[str]], tuple[int, int] | None]


class ByCell:
    """A piece that may give any text in any cell, so that some cells of a column say nothing about the others."""

    __slots__ = ("give",)

    def __init__(self, give: Callable[[int, int, Sequence[str]], str]) -> None:
        self.give = give

    def __call__(self, row: int, column: int, references: Sequence[str]) -> str:
        """Return the text for one cell."""
        return self.give(row, column, references)


class Sized(ByCell):
    """A piece that gives one text in all cells of a column if sizes fit in the first, the middle and the last of them.

    The size of a range is fixed, or grows or shrinks by one from row to row, so that two of them are alike in three
    rows only when they are in all.
    """

    __slots__ = ("fits",)

    def __init__(
        self, give: Callable[[int, int, Sequence[str]], str], fits: Callable[[int, int, Sequence[str]], bool]
    ) -> None:
        super().__init__(give)
        self.fits = fits


@dataclass(slots=True, eq=False)
class Template:
    """A shape made ready: text with places for references and for what depends on the cell."""

    pieces: list[Piece]
    single: bool
    layout: bool
    functions: frozenset[str]
    verbatim: bool = False  # whether the engine takes the formula as the file has it
    _pattern: str | None = None
    _order: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        """Prepare the usual case, in which only references differ from cell to cell."""
        if all(isinstance(piece, str | int) for piece in self.pieces):
            texts = [piece.replace("%", "%%") if isinstance(piece, str) else "%s" for piece in self.pieces]
            self._pattern = "".join(texts)
            self._order = tuple(piece for piece in self.pieces if isinstance(piece, int))

    @property
    def by_cell(self) -> bool:
        """Whether some cells of a column that has this shape say nothing about the others."""
        return says_nothing_of_others(self.pieces)

    def fits(self, references: Sequence[str], row: int, column: int) -> bool:
        """Say whether the sizes in a cell's formula fit each other."""
        sized = [piece for piece in self.pieces if isinstance(piece, Sized)]
        return all(piece.fits(row, column, references) for piece in sized)

    def render(self, references: Sequence[str], row: int, column: int) -> str:
        """Return the engine's text for one cell."""
        if self._pattern is not None:
            return self._pattern % tuple([references[index] for index in self._order])
        return written(self.pieces, row, column, references)


@dataclass(slots=True)
class Out:
    """Part of a formula made ready, whether it is certainly one value, and its size where the text tells it."""

    pieces: list[Piece]
    single: bool
    size: Size | None = None


def says_nothing_of_others(pieces: Sequence[Piece]) -> bool:
    """Say whether what pieces give in one cell says nothing about the other cells of its column."""
    return any(isinstance(piece, ByCell) and not isinstance(piece, Sized) for piece in pieces)


def joined(pieces: list[Piece]) -> str:
    """Return pieces as a shape, to see whether a formula goes to the engine as it is."""
    return "".join(SLOT if piece.__class__ is int else piece if isinstance(piece, str) else "\x01" for piece in pieces)


def merged(pieces: list[Piece]) -> list[Piece]:
    """Return pieces with neighbouring texts joined."""
    merged: list[Piece] = []
    for piece in pieces:
        if isinstance(piece, str) and merged and isinstance(merged[-1], str):
            merged[-1] += piece
        else:
            merged.append(piece)
    return merged


def text_of(piece: Piece, row: int, column: int, references: Sequence[str]) -> str:
    """Return the text of one piece for a cell."""
    if isinstance(piece, str):
        return piece
    return references[piece] if isinstance(piece, int) else piece(row, column, references)


def written(pieces: Sequence[Piece], row: int, column: int, references: Sequence[str]) -> str:
    """Return the text of pieces for a cell."""
    return "".join([text_of(piece, row, column, references) for piece in pieces])
