"""Formulas filled down a column: recognised by their text, so that all of them are made ready at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..sheets.formula_cells import Formulas, evenly, put, taken
from .compiling import Template
from .text import SLOT, digit_classes, split_references

#: Fewer cells than this are made ready one by one.
FEWEST = 8
_DIGITS = "0123456789"


#: What stands before the row number of each reference and how far that is from the formula's own row, None for a whole
#: reference that is the same in all rows.
Slots = Sequence[tuple[str, int | None]]


@dataclass(frozen=True, slots=True)
class Fill:
    """A text that changes from row to row in the row numbers of its references only: its shape with SLOT for each."""

    shape: str
    slots: tuple[tuple[str, int | None], ...]

    @classmethod
    def between(cls, first: str, row: int, last: str, last_row: int) -> Fill | None:
        """Return what changes between the texts of two rows, None when they differ in anything else.

        Examples
        --------
        >>> Fill.between("WEIGHT(A2,$Z$1)", 2, "WEIGHT(A9,$Z$1)", 9).text(4)
        'WEIGHT(A4,$Z$1)'
        """
        shape, references = split_references(first)
        other_shape, others = split_references(last)
        if shape != other_shape:
            return None
        slots: list[tuple[str, int | None]] = []
        for here, there in zip(references, others, strict=True):
            if here == there:
                slots.append((here, None))
                continue
            stem, other = here.rstrip(_DIGITS), there.rstrip(_DIGITS)
            offset = int(here[len(stem) :]) - row
            if stem != other or stem.endswith("$") or int(there[len(other) :]) - last_row != offset:
                return None
            slots.append((stem, offset))
        return cls(shape, tuple(slots))

    def texts(self, rows: Sequence[int], numbers: Sequence[str] = ()) -> list[str]:
        """Return the text of every row; `numbers` are the rows' as text, where these are known."""
        first, *parts = self.shape.split(SLOT)
        between, offsets = [first], []
        for (stem, offset), part in zip(self.slots, parts, strict=True):
            between[-1] += stem
            if offset is None:
                between[-1] += part
            else:
                between.append(part)
                offsets.append(offset)
        if len(set(offsets)) > 1:
            pattern = "%d".join(part.replace("%", "%%") for part in between)
            return [pattern % tuple([row + offset for offset in offsets]) for row in rows]
        away = offsets[0] if offsets else 0
        if away or not numbers:
            numbers = list(map(str, [row + away for row in rows] if away else rows))
        return [number.join(between) for number in numbers]

    def text(self, row: int) -> str:
        """Return the text of one row."""
        return self.texts([row])[0]


@dataclass(slots=True, eq=False)
class FilledColumn:
    """Cells of one column, given by their places among the sheet's, whose formulas are one formula filled down."""

    of: Formulas
    column: int
    fill: Fill
    places: Sequence[int]
    template: Template | None = None
    lowered: Fill | None = None

    @property
    def rows(self) -> list[int]:
        """The rows of the cells, rising."""
        return taken(self.of.rows, self.places)

    @property
    def early(self) -> bool:
        """Whether its values are known without the engine."""
        return self.places[0] in self.of.early

    def render(self) -> None:
        """Give every cell the text that the engine computes."""
        if self.lowered is None:
            return
        # A text that is the very one of the file goes to the engine as the file has it.
        new = taken(self.of.texts, self.places) if self.lowered == self.fill else self.lowered.texts(self.rows)
        put(self.of.lowered, self.places, new)


def filled_columns(of: Formulas, places: Sequence[int]) -> Iterator[FilledColumn]:
    """Find the formulas filled down among some formulas of a sheet, each with at least FEWEST cells."""
    wanted = set(places) if len(places) < len(of) else None
    rows: list[int] = []
    numbers: list[str] = []
    for column, every in of.by_column.items() if places else ():
        own = every if wanted is None else evenly([place for place in every if place in wanted])
        if len(own) < FEWEST:
            continue
        if taken(of.rows, own) != rows:
            rows = taken(of.rows, own)
            numbers = list(map(str, rows))
        fill, filled = _filled(of, own, numbers)
        if fill is not None and len(filled) == len(own):
            yield FilledColumn(of, column, fill, filled)
        else:
            yield from _several(of, own, column)


def _filled(of: Formulas, places: Sequence[int], numbers: Sequence[str] = ()) -> tuple[Fill | None, Sequence[int]]:
    """Return what changes from the first to the last of some cells, and those of them that it is true of."""
    first, last = places[0], places[-1]
    fill = Fill.between(of.texts[first], of.rows[first], of.texts[last], of.rows[last])
    if fill is None:
        return None, []
    texts, own = fill.texts(taken(of.rows, places), numbers), taken(of.texts, places)
    if texts == own:
        return fill, places
    return fill, [place for place, one, other in zip(places, texts, own, strict=True) if one == other]


def _several(of: Formulas, places: Sequence[int], column: int) -> Iterator[FilledColumn]:
    """Find the different formulas filled down in one column; those alike but for digits are tried together."""
    groups: defaultdict[bytes, list[int]] = defaultdict(list)
    for place, each in zip(places, digit_classes(taken(of.texts, places)), strict=True):
        groups[each].append(place)
    found: dict[Fill, list[int]] = {}
    for group in groups.values():
        fill, own = _filled(of, group) if len(group) > 1 else (None, [])
        if fill is not None:
            found.setdefault(fill, []).extend(own)
    for fill, own in found.items():
        if len(own) >= FEWEST:
            yield FilledColumn(of, column, fill, evenly(sorted(own)))
