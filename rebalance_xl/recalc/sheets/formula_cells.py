"""The formula cells of one worksheet: a list for each thing that is known of them, and single cells made from these.

What concerns hundreds of thousands of cells goes through the lists; a `FormulaCell` shows one place of all of them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from operator import attrgetter
from typing import Any, Generic, NamedTuple, TypeVar

from ..references import Area, Place

T = TypeVar("T")


class Spots(NamedTuple):
    """Where the pieces of a formula cell lie in its sheet's text.

    The element begins at `start`, its start tag ends at `tag_end`, its formula element lies between `formula` and
    `formula_end`, what shows its value between `value` and `value_end`: both are where it belongs when there is none.
    """

    start: int
    tag_end: int
    formula: int
    formula_end: int
    value: int
    value_end: int


class _Listed(Generic[T]):
    """What a list of a sheet's formulas has at the place of a cell."""

    def __init__(self, name: str) -> None:
        self.kept = attrgetter(name)

    def __get__(self, cell: FormulaCell, owner: Any = None) -> T:
        return self.kept(cell.of)[cell.place]

    def __set__(self, cell: FormulaCell, value: T) -> None:
        self.kept(cell.of)[cell.place] = value


class _Rare(_Listed[T]):
    """What only some cells have other than usual."""

    def __init__(self, name: str, usual: T) -> None:
        super().__init__(name)
        self.usual = usual

    def __get__(self, cell: FormulaCell, owner: Any = None) -> T:
        return self.kept(cell.of).get(cell.place, self.usual)


class FormulaCell:
    """A cell with a formula: where it is, what it showed, and later what became of it.

    Its `formula` is as the calculation uses it: shared formulas are written out; `kind` and `attributes` are those of
    its element, `dynamic` tells whether the cell carries cell metadata. `old` is its cached value, None for none,
    `width` how many characters that takes right before the closing tags, 0 when it is not so simple, `type` its type.
    The element ends at `end`; the `spots` of its pieces are known when it was read cell by cell.

    `lowered` is what the engine computes, None while (or because) it computes nothing, `template` what the formula's
    shape was worked out to, `careful` whether that was the careful way; an `early` value was computed without the
    engine, which then takes it for a constant. The outcome is `value`, `status` ("computed", "error" or "kept") and
    `cause`. There is one object for each cell, so that two of them are the same only when they are one.
    """

    __slots__ = ("of", "place")

    def __init__(self, of: Formulas, place: int) -> None:
        self.of = of
        self.place = place

    row = _Listed[int]("rows")
    column = _Listed[int]("columns")
    formula = _Listed[str]("texts")
    old = _Listed[Any]("olds")
    end = _Listed[int]("ends")
    width = _Listed[int]("widths")
    lowered = _Listed[str | None]("lowered")
    template = _Listed[Any]("templates")
    value = _Listed[Any]("values")
    early = _Rare[bool]("early", False)
    careful = _Rare[bool]("careful", False)
    status = _Rare[str]("statuses", "computed")
    cause = _Rare[str]("causes", "")
    spots = _Rare[Spots | None]("spots", None)
    type = _Rare[str]("types", "n")
    kind = _Rare[str]("kinds", "normal")
    attributes = _Rare[dict[str, str]]("attributes", {})
    dynamic = _Rare[bool]("dynamic", False)

    @property
    def sheet(self) -> int:
        """The number of its sheet."""
        return self.of.sheet

    @property
    def where(self) -> Place:
        """Its sheet, row and column."""
        return self.of.sheet, self.row, self.column

    @property
    def area(self) -> Area:
        """The cell alone, as an area."""
        return Area(self.row, self.column, self.row, self.column)


class Formulas:
    """The formula cells of a worksheet in order of rows and columns; what few of them have is kept by their places.

    The number of the worksheet is `sheet`.
    """

    def __init__(self) -> None:
        self.sheet = 0
        self.rows: list[int] = []
        self.columns: list[int] = []
        self.texts: list[str] = []
        self.olds: list[Any] = []
        self.ends: list[int] = []
        self.widths: list[int] = []
        self.lowered: list[str | None] = []
        self.templates: list[Any] = []
        self.values: list[Any] = []
        self.early: dict[int, bool] = {}
        self.careful: dict[int, bool] = {}
        self.statuses: dict[int, str] = {}
        self.causes: dict[int, str] = {}
        self.spots: dict[int, Spots] = {}
        self.types: dict[int, str] = {}
        self.kinds: dict[int, str] = {}
        self.attributes: dict[int, dict[str, str]] = {}
        self.dynamic: dict[int, bool] = {}
        self._cells: dict[int, FormulaCell] = {}

    def add(self, *lists: Sequence[Any]) -> None:
        """Add rows, columns, texts, old values, ends and widths of cells that follow those added before."""
        known: tuple[list[Any], ...] = (self.rows, self.columns, self.texts, self.olds, self.ends, self.widths)
        for own, more in zip(known, lists, strict=True):
            own.extend(more)
        for new in (self.lowered, self.templates, self.values):
            new.extend([None] * len(lists[0]))

    def note(self, place: int, given: dict[str, str], shape: dict[str, str]) -> None:
        """Note what the attributes of a cell and of its formula tell."""
        if shape:
            self.attributes[place] = shape
        if shape.get("t", "normal") != "normal":
            self.kinds[place] = shape["t"]
        if given.get("t", "n") != "n":
            self.types[place] = given["t"]
        if "cm" in given:
            self.dynamic[place] = True
        if "vm" in given:
            self.widths[place] = 0

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, place: int) -> FormulaCell:
        """Return the cell at a place, the same one every time."""
        cell = self._cells.get(place)
        if cell is None:
            cell = self._cells[place] = FormulaCell(self, place)
        return cell

    def __iter__(self) -> Iterator[FormulaCell]:
        return map(self.__getitem__, range(len(self.rows)))

    def at(self, places: Iterable[int]) -> list[FormulaCell]:
        """Return the cells at some places."""
        return [self[place] for place in places]

    def of_kind(self, *kinds: str) -> list[FormulaCell]:
        """Return the cells of some kinds of formulas other than normal ones."""
        return self.at([place for place, kind in sorted(self.kinds.items()) if kind in kinds])

    def with_status(self, status: str) -> list[FormulaCell]:
        """Return the cells that have a status other than computed."""
        return self.at([place for place, own in sorted(self.statuses.items()) if own == status])

    def differing(self) -> list[FormulaCell]:
        """Return the cells that do not show what they showed before."""
        both = enumerate(zip(self.values, self.olds, strict=True))
        return self.at(place for place, (new, old) in both if new.__class__ is not old.__class__ or new != old)

    @cached_property
    def by_column(self) -> dict[int, Sequence[int]]:
        """The places of the cells by column, as a range where their distance is always the same."""
        width = len(set(self.columns))
        period = self.columns[:width]
        if self.columns == period * (len(self) // max(width, 1)):
            return {column: range(start, len(self), width) for start, column in enumerate(period)}
        found: defaultdict[int, list[int]] = defaultdict(list)
        for place, column in enumerate(self.columns):
            found[column].append(place)
        return {column: evenly(places) for column, places in found.items()}

    def between(self, column: int, top: int, bottom: int) -> Sequence[int]:
        """Return the places of the cells of a column from one row to another."""
        places = self.by_column.get(column, ())
        first, end = (bisect_left(places, row, key=self.rows.__getitem__) for row in (top, bottom + 1))
        return places[first:end]

    def find(self, row: int, column: int) -> FormulaCell | None:
        """Return the formula cell in a row and column, None when there is none."""
        places = self.between(column, row, row)
        return self[places[0]] if places else None


def evenly(places: list[int]) -> Sequence[int]:
    """Return rising places as a range where their distance is always the same."""
    if len(places) < 2:
        return places
    even = range(places[0], places[-1] + 1, places[1] - places[0])
    return even if len(even) == len(places) and list(even) == places else places


def taken(values: list[Any], places: Sequence[int]) -> list[Any]:
    """Return what a list holds at some places."""
    if isinstance(places, range):
        return values[places.start : places.stop : places.step]
    return [values[place] for place in places]


def put(values: list[Any], places: Sequence[int], new: Sequence[Any]) -> None:
    """Let a list hold something else at some places."""
    if isinstance(places, range):
        values[places.start : places.stop : places.step] = new
        return
    for place, value in zip(places, new, strict=True):
        values[place] = value
