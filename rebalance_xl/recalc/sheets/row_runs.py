"""Columns of constants in sheets whose rows are alike: the pattern that recognised the rows reads them, too."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from .cell_values import CellValues

#: More values than this are read with arrays, which take less memory.
MOST_VALUES = 400_000


@dataclass(slots=True)
class RowKind:
    """What rows of one kind look like.

    Attributes
    ----------
    pieces : list of str
        The pattern of a row in pieces, its groups those of the formula cells.
    constants : dict of int to (int, str)
        For every column with a constant which piece is its character data, and its type.
    """

    pieces: list[str]
    constants: dict[int, tuple[int, str]]
    _pattern: re.Pattern[str] | None = None

    @property
    def pattern(self) -> re.Pattern[str]:
        """A row with a group for its number and for every constant."""
        if self._pattern is None:
            data = {place for place, _ in self.constants.values()}
            pieces = [
                f"({piece})" if place in data else piece if place == 0 else _WITHOUT_GROUP.get(piece, piece)
                for place, piece in enumerate(self.pieces)
            ]
            self._pattern = re.compile("".join(pieces))
        return self._pattern


_WITHOUT_GROUP = {"([^<]*)": "[^<]*", "()": ""}


@dataclass(slots=True)
class RowRun:
    """Rows of one kind that follow each other in the text."""

    kind: RowKind
    rows: list[int]
    start: int
    end: int


@dataclass(slots=True)
class RowRuns:
    """All rows of a sheet in runs of one kind, and the constants in them once somebody has asked."""

    text: str
    reader: CellValues
    runs: list[RowRun]
    _data: list[dict[int, Sequence[str]]] = field(default_factory=list)

    def few(self) -> bool:
        """Say whether so few constants are there that they are best read together."""
        return sum(len(run.rows) * len(run.kind.constants) for run in self.runs) <= MOST_VALUES

    def column_values(self, column: int, top: int, bottom: int) -> list[Any]:
        """Return the constants of one column from one row to another, None where there is none."""
        if not self._data:
            self._data = [self._columns(run) for run in self.runs]
        values: list[Any] = [None] * (bottom - top + 1)
        for run, columns in zip(self.runs, self._data, strict=True):
            if column not in columns:
                continue
            first, last = bisect_left(run.rows, top), bisect_right(run.rows, bottom)
            rows = run.rows[first:last]
            if not rows:
                continue
            found = self.reader.alike(run.kind.constants[column][1], columns[column][first:last])
            if rows[-1] - rows[0] == len(rows) - 1:
                values[rows[0] - top : rows[-1] - top + 1] = found
            else:
                for row, value in zip(rows, found, strict=True):
                    values[row - top] = value
        return values

    def _columns(self, run: RowRun) -> dict[int, Sequence[str]]:
        """Return the character data of every column of constants in a run."""
        if not run.kind.constants:
            return {}
        groups = zip(*run.kind.pattern.findall(self.text, run.start, run.end), strict=True)
        next(groups)
        return dict(zip(run.kind.constants, groups, strict=True))
