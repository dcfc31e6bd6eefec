"""Formulas filled down a column: recognised by their text, so that all of them are made ready at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ..sheets.sheet_scan import FormulaCell
from .template import Template
from .text import SLOT, digit_classes, split_references

#: Fewer cells than this are made ready one by one.
FEWEST = 8
_DIGITS = "0123456789"


@dataclass(frozen=True, slots=True)
class Fill:
    """A text that changes from row to row in the row numbers of its references only.

    Attributes
    ----------
    shape : str
        The text with SLOT for every reference.
    slots : tuple of (str, int or None)
        For every reference what stands before its row number and how far that is from the formula's own row; a
        reference that is the same in all rows stands there whole, with None.
    """

    shape: str
    slots: tuple[tuple[str, int | None], ...]

    @classmethod
    def between(cls, first: str, row: int, last: str, last_row: int) -> Fill | None:
        """Return what changes between the texts of two rows, None when they differ in anything else.

        Parameters
        ----------
        first, last : str
            The texts.
        row, last_row : int
            Their rows.

        Returns
        -------
        Fill or None

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

    def texts(self, rows: Sequence[int]) -> list[str]:
        """Return the text of every row."""
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
        return [number.join(between) for number in map(str, [row + away for row in rows] if away else rows)]

    def text(self, row: int) -> str:
        """Return the text of one row."""
        return self.texts([row])[0]


@dataclass(slots=True, eq=False)
class FilledColumn:
    """Cells of one column whose formulas are one formula filled down."""

    sheet: int
    column: int
    fill: Fill
    cells: list[FormulaCell] = field(default_factory=list)
    template: Template | None = None
    lowered: Fill | None = None

    @property
    def rows(self) -> list[int]:
        """The rows of the cells, rising."""
        return [cell.row for cell in self.cells]

    def render(self) -> None:
        """Give every cell the text that the engine computes."""
        if self.lowered is None:
            return
        unchanged = self.lowered == self.fill  # the very text, so that the cell goes to the engine as it is in the file
        texts = [cell.formula for cell in self.cells] if unchanged else self.lowered.texts(self.rows)
        for cell, text in zip(self.cells, texts, strict=True):
            cell.lowered = text


def filled_columns(cells: Sequence[FormulaCell], sheet: int) -> Iterator[FilledColumn]:
    """Find the formulas filled down among formula cells.

    Parameters
    ----------
    cells : sequence of FormulaCell
        In order of rows; no array formulas and data tables.
    sheet : int
        The number of their sheet.

    Yields
    ------
    FilledColumn
        With at least FEWEST cells.
    """
    columns: defaultdict[int, list[FormulaCell]] = defaultdict(list)
    for cell in cells:
        columns[cell.column].append(cell)
    for column, group in columns.items():
        if len(group) < FEWEST:
            continue
        fill = Fill.between(group[0].formula, group[0].row, group[-1].formula, group[-1].row)
        if fill is not None and fill.texts([cell.row for cell in group]) == [cell.formula for cell in group]:
            yield FilledColumn(sheet, column, fill, group)
        else:
            yield from _several(group, sheet, column)


def _several(cells: Sequence[FormulaCell], sheet: int, column: int) -> Iterator[FilledColumn]:
    """Find the different formulas filled down in one column; those alike but for digits are tried together."""
    groups: defaultdict[str, list[FormulaCell]] = defaultdict(list)
    for cell, each in zip(cells, digit_classes([cell.formula for cell in cells]), strict=True):
        groups[each].append(cell)
    found: dict[Fill, list[FormulaCell]] = {}
    for group in groups.values():
        if len(group) < 2:
            continue
        fill = Fill.between(group[0].formula, group[0].row, group[-1].formula, group[-1].row)
        if fill is not None:
            texts = fill.texts([cell.row for cell in group])
            own = [cell for cell, text in zip(group, texts, strict=True) if cell.formula == text]
            found.setdefault(fill, []).extend(own)
    for fill, own in found.items():
        if len(own) >= FEWEST:
            yield FilledColumn(sheet, column, fill, sorted(own, key=lambda cell: cell.row))
