"""What the columns of a workbook hold while nothing is computed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from typing import Any

from ..formulas.book_view import BookView
from .reads import Cells, Read
from .spills import Anchor

#: A sheet and a column.
Column = tuple[int, int]


class ColumnsRead:
    """What columns hold at the moment: each is read once, for all who ask while nothing is computed."""

    def __init__(self, book: BookView, anchors: Sequence[Anchor]) -> None:
        self.book, self._arrays = book, [each for each in anchors if each.active and each.rows]
        self._values: dict[Column, list[Any]] = {}
        self._kinds: dict[tuple[Column, type], set[Any]] = {}

    def of(self, reads: Iterable[Read]) -> set[Column]:
        """Return the columns that are read, as far as they are used."""
        found: set[Column] = set()
        for read in {*reads}:
            right = min(read.right, self.book.extent(read.sheet)[1])
            found.update((read.sheet, column) for column in range(read.left, right + 1))
        return found

    def values(self, column: Column) -> list[Any]:
        """Return what the cells of a column hold, with the first one below them, which is blank."""
        if column not in self._values:
            values = self._values[column] = self.book.column(*column)
            for area, rows in [(each.area, each.rows or ()) for each in self._arrays if each.cell.sheet == column[0]]:
                if area.left <= column[1] <= area.right:
                    values[area.top - 1 : area.bottom] = [row[column[1] - area.left] for row in rows]
            values.append(None)
        return self._values[column]

    def kind(self, columns: Iterable[Column], kind: type) -> set[Any]:
        """Return the values of one kind in some columns."""
        found: set[Any] = set()
        for column in columns:
            if (column, kind) not in self._kinds:
                self._kinds[column, kind] = {each for each in self.values(column) if each.__class__ is kind}
            found |= self._kinds[column, kind]
        return found

    def holding(self, columns: Iterable[Column], kind: type, wanted: Set[Any]) -> Cells:
        """Return the cells of some columns that hold one of some values, all of one kind."""
        found: Cells = {}
        for sheet, column in columns:
            if not wanted.isdisjoint(self.kind([(sheet, column)], kind)):
                held = enumerate(self.values((sheet, column)), 1)
                rows = [row for row, each in held if each.__class__ is kind and each in wanted]
                found.setdefault(sheet, {})[column] = rows
        return found
