"""What one formula is made ready with, and how its parts reach each other.

`compiler` makes a formula ready and is the only implementation; the modules `compiling_...` hold a function for every
kind of operand, each with the `Compiling` at hand as its first argument.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field

from .template import BookView, Out, Piece
from .tree import Expression, Operand


@dataclass(slots=True)
class Compiling(ABC):
    """One formula, or a part of it that stands elsewhere, while it is made ready.

    Attributes
    ----------
    book : BookView
        What has to be known about the workbook.
    sheet : int
        The sheet the formula stands on.
    layout : bool
        Whether the result depends on used areas or spilled areas, which may change.
    functions : set of str
        The functions that have to be registered with the engine.
    expanding : tuple of (int, str)
        The names that are being expanded, by scope.
    references : sequence of str or None
        The text's own references where they are not the cell's.
    locals : dict of str to bool
        The names of LET and LAMBDA, and whether each is certainly one value.
    depth : int
        How deep in LAMBDAs it stands.
    careful : bool
        Whether it is computed the careful way, see `evaluation.suspects`.
    """

    book: BookView
    sheet: int
    layout: bool = False
    functions: set[str] = field(default_factory=set)
    expanding: tuple[tuple[int, str], ...] = ()
    references: Sequence[str] | None = None
    locals: dict[str, bool] = field(default_factory=dict)
    depth: int = 0
    careful: bool = False

    @abstractmethod
    def expression(self, expression: Expression, wanted: str) -> Out:
        """Return an expression made ready for a parameter class."""

    @abstractmethod
    def operand(self, operand: Operand, wanted: str) -> Out:
        """Return an operand made ready for a parameter class."""

    @abstractmethod
    def end(self, operand: Operand) -> Out:
        """Return one end of a range or intersection made ready."""

    @abstractmethod
    def fork(self, expanding: tuple[tuple[int, str], ...], references: Sequence[str]) -> Compiling:
        """Return the same for a text that stands elsewhere, such as a defined name."""

    @abstractmethod
    def body(self) -> LambdaBody:
        """Return the same for the body of a LAMBDA."""


@dataclass(slots=True)
class LambdaBody(Compiling, ABC):
    """The body of a LAMBDA that Python calls: parameters and references become marks."""

    outer: Compiling | None = None
    parameters: dict[str, int] = field(default_factory=dict)
    captured: list[list[Piece]] = field(default_factory=list)
