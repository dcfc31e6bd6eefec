"""Where the constants of a large sheet lie in its text: a few bytes a cell, their values read when they are wanted."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..files.parts import from_xml
from ..references import Area, place_of
from .cell_xml import Cells, CellValues

if TYPE_CHECKING:  # loading numpy.typing takes longer than reading thousands of cells
    from numpy.typing import NDArray

    Ints = NDArray[np.intp]
    Bytes = NDArray[np.uint8]

#: Cells read at a time.
_BLOCK = 2**15
#: Texts longer than this on average are cut out one by one.
_LONG = 48
_CELL = (np.int32, np.int16, np.int16, np.int32, np.int32)
_ROW = (np.int32, np.int32, np.int32, np.int32, np.int16)


class CellTable:
    """The cells of a sheet that have a value and no formula, in order of rows and columns, and its rows.

    A group of cells is what has the same attributes: `types` are their types, `steady` tells whether a new number
    leaves their attributes as they are. The `content` is kept while cells are cut out of it.
    """

    def __init__(self, text: str, values: CellValues) -> None:
        self.text = text
        self.content: Bytes | None = None
        self.values = values
        self.types: list[str] = []
        self.steady: list[bool] = []
        self._pieces: list[tuple[NDArray[Any], ...]] = []
        self._rows: list[tuple[NDArray[Any], ...]] = []
        self._last: tuple[bytes, list[Any]] = (b"", [])

    def bytes(self) -> Bytes:
        """Return the text with a byte for each character."""
        if self.content is None:
            self.content = np.frombuffer(self.text.encode("ascii", "replace"), np.uint8)
        return self.content

    def are_data(self, first: list[int], last: list[int]) -> bool:
        """Say whether each of some pieces of the text is all the character data between two tags."""
        starts, ends = np.array(first, np.intp), np.array(last, np.intp)
        content, self.content = self.bytes(), None
        between = (content[starts - 1] == ord(">")).all() and (content[ends] == ord("<")).all()
        longest = int((ends - starts).max(initial=0)) if between and (starts < ends).all() else _LONG
        within = (np.minimum(starts + place, ends - 1) for place in range(longest))
        return longest < _LONG and not any(((content[at] | 2) == ord(">")).any() for at in within)

    def add(self, rows: Ints, columns: Ints, groups: Ints, starts: Ints, ends: Ints, base: int) -> None:
        """Add cells that follow those added before; `starts` and `ends` count from `base`."""
        filled = ends > starts
        for group, kind in enumerate(self.types):
            if kind == "str":  # a text without characters is a value
                filled |= groups == group
        own = (rows, columns, groups, starts + base, ends + base)
        self._pieces.append(tuple(each[filled].astype(kind) for each, kind in zip(own, _CELL, strict=True)))

    def add_rows(self, numbers: Ints, bounds: Iterable[Ints], last: Ints, base: int) -> None:
        """Add rows that are no empty elements: where start tags begin and end and end tags begin, the last column."""
        own = (numbers, *(each + base for each in bounds), last)
        self._rows.append(tuple(each.astype(kind) for each, kind in zip(own, _ROW, strict=True)))

    def rows(self) -> tuple[NDArray[Any], ...]:
        """Return of all rows numbers, starts, ends of start tags, starts of end tags, and last columns or 0."""
        arrays = tuple(np.concatenate(each) for each in zip(*self._rows, strict=True))
        return arrays if arrays and len(arrays[0]) else ()

    def has_texts(self) -> bool:
        """Say whether any cell may hold a text of its own."""
        return any(kind not in ("n", "s", "b") for kind in self.types)

    def within(self, area: Area) -> Cells:
        """Return the cells inside an area that have a value."""
        all_rows, all_columns, *_ = self._arrays()
        chosen = self._chosen(area)
        found = Cells(all_rows[chosen].tolist(), all_columns[chosen].tolist(), self._values(chosen))
        if None not in found.values:
            return found
        kept = [place for place, value in enumerate(found.values) if value is not None]
        return Cells(*([each[place] for place in kept] for each in found))

    def places_within(self, area: Area) -> list[int]:
        """Return where the cells inside an area stand, each place as one number."""
        rows, columns, *_ = self._arrays()
        chosen = self._chosen(area)
        found: list[int] = place_of(rows[chosen].astype(np.intp), columns[chosen]).tolist()
        return found

    def _chosen(self, area: Area) -> Ints:
        all_rows, all_columns, *_ = self._arrays()
        first, last = np.searchsorted(all_rows, [area.top, area.bottom + 1])
        inside = all_columns[first:last]
        return np.flatnonzero((inside >= area.left) & (inside <= area.right)) + first

    def plain_numbers(self, column: int, rows: Ints) -> tuple[list[int], ...]:
        """Return row, start and end of the cells of a column, in some rows, in which a number may replace a number."""
        all_rows, columns, groups, starts, ends = self._arrays()
        kinds = zip(self.types, self.steady, strict=True)
        plain = np.array([kind == "n" and steady for kind, steady in kinds], np.bool_)
        found = np.flatnonzero((columns == column) & plain[groups])
        found = found[np.isin(all_rows[found], rows)]
        return all_rows[found].tolist(), starts[found].tolist(), ends[found].tolist()

    def extent(self) -> tuple[int, int]:
        """Return the last row and column with any content, 0 when there is none."""
        rows, columns = self._arrays()[:2]
        return (int(rows[-1]), int(columns.max())) if len(rows) else (0, 0)

    def read(self, groups: NDArray[Any], data: list[str]) -> list[Any]:
        """Return the values of cells from their groups and character data."""
        used = np.flatnonzero(np.bincount(groups)).tolist()
        kinds = {self.types[group] for group in used}
        if len(kinds) == 1:
            return self.values.alike(kinds.pop(), data)
        pieces, out = np.array(data, object), np.empty(len(data), object)
        for kind in kinds:
            chosen = np.isin(groups, [group for group in used if self.types[group] == kind])
            out[chosen] = self.values.alike(kind, pieces[chosen].tolist())
        found: list[Any] = out.tolist()
        return found

    def _arrays(self) -> tuple[NDArray[Any], ...]:
        """Return rows, columns, groups, starts and ends of all cells."""
        if len(self._pieces) != 1:
            pieces = self._pieces or [tuple(np.zeros(0, kind) for kind in _CELL)]
            self._pieces = [tuple(np.concatenate(each) for each in zip(*pieces, strict=True))]
        return self._pieces[0]

    def _values(self, chosen: Ints) -> list[Any]:
        _, _, groups, *bounds = self._arrays()
        if self._last[0] == chosen.tobytes():  # an array is asked for several times
            return self._last[1]
        out: list[Any] = []
        for first in range(0, len(chosen), _BLOCK):
            some = chosen[first : first + _BLOCK]
            out += self.read(
                groups[some], cut_out(self.text, self.bytes(), *(each[some].astype(np.intp) for each in bounds))
            )
        self._last = (chosen.tobytes(), out)
        return out


def cut_out(text: str, content: Bytes, starts: Ints, ends: Ints) -> list[str]:
    """Return pieces of character data, each followed by a bracket in the text, with entities and line ends resolved."""
    lengths = ends - starts + 1
    size = int(lengths.sum())
    if size <= _LONG * len(starts):
        shifts = starts - (np.cumsum(lengths) - lengths)
        joined = content[np.arange(size) + np.repeat(shifts, lengths)].tobytes().decode("ascii")
        if text.isascii() or "?" not in joined:
            if "&" in joined or "\r" in joined:
                joined = _resolved(joined.replace("<", "\0"))
            found = joined[:-1].split("\0" if "\0" in joined else "<") if joined else []
            if len(found) == len(starts):
                return found
    return [_resolved(text[start:end]) for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]


def _resolved(data: str) -> str:
    return from_xml(data.replace("\r\n", "\n").replace("\r", "\n") if "\r" in data else data)
