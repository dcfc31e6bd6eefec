"""Where the constants of a large sheet lie in its text: a few bytes a cell, their values read when they are wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..references import Area
from .cell_values import Cells, CellValues
from .number_arrays import parsed_numbers

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .number_arrays import Bytes, Ints

#: Cells read at a time.
_BLOCK = 2**15
#: Texts longer than this on average are cut out one by one.
_LONG = 48


def texts(text: str, content: Bytes | None, starts: Ints, ends: Ints, mark: str = "<") -> list[str]:
    """Return pieces of a text.

    Parameters
    ----------
    text : str
        Every piece must be followed by `mark` and contain none.
    content : array of uint8 or None
        The same text in bytes, None when it is not all ASCII.
    starts, ends : arrays of int
        The bounds of the pieces.
    mark : str
        One character.

    Returns
    -------
    list of str
    """
    if content is None or int((ends - starts + 1).sum()) > _LONG * len(starts):
        return [text[start:end] for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]
    joined = joined_pieces(content, starts, ends).tobytes().decode("ascii")
    return joined[:-1].split(mark) if joined else []


def joined_pieces(content: Bytes, starts: Ints, ends: Ints) -> Bytes:
    """Return pieces of a text's bytes one after another, each with the byte that follows it."""
    lengths = ends - starts + 1
    shifts = starts - (np.cumsum(lengths) - lengths)
    return content[np.arange(int(lengths.sum())) + np.repeat(shifts, lengths)]


class RowTable:
    """Where the rows of a sheet lie in its text: those that are not empty elements, in the order they are written."""

    def __init__(self) -> None:
        self._pieces: list[tuple[NDArray[Any], ...]] = []

    def add(self, numbers: Ints, starts: Ints, tag_ends: Ints, ends: Ints, last: Ints, base: int) -> None:
        """Add rows: their numbers, where start tags begin and end, where end tags begin, the place of the last cell.

        The positions count from `base`. A number is 0 where the tag is written in an unusual way or cells of several
        rows stand in it; the place is 0 in a row without cells.
        """
        self._pieces.append((numbers, *((each + base).astype(np.int32) for each in (starts, tag_ends, ends)), last))

    def arrays(self) -> tuple[Ints, ...] | None:
        """Return numbers, starts, ends of start tags, starts of end tags and last columns, None when any is unusual."""
        if not self._pieces:
            return None
        numbers, starts, tag_ends, ends, last = (np.concatenate(each) for each in zip(*self._pieces, strict=True))
        own = (last == 0) | (last >> 15 == numbers)
        if numbers[0] < 1 or (numbers[1:] <= numbers[:-1]).any() or not own.all():
            return None
        return numbers, starts, tag_ends, ends, last & 32767


class CellTable:
    """The cells of a sheet that have a value and no formula, in order of rows and columns."""

    def __init__(self, text: str, values: CellValues) -> None:
        self.text = text
        self.values = values
        #: The types of the cells of each group; a group is what has the same attributes.
        self.types: list[str] = []
        #: Whether a new number leaves the attributes of a group's cells as they are.
        self.steady: list[bool] = []
        self.rows = RowTable()
        self._pieces: list[tuple[NDArray[Any], ...]] = []
        self._whole: tuple[NDArray[Any], ...] | None = None

    def add(self, rows: Ints, columns: Ints, groups: Ints, starts: Ints, ends: Ints, base: int) -> None:
        """Add cells that follow those added before; `starts` and `ends` count from `base`."""
        filled = ends > starts
        for group, kind in enumerate(self.types):
            if kind == "str":  # a text without characters is a value
                filled |= groups == group
        self._pieces.append(
            (
                rows[filled].astype(np.int32),
                columns[filled].astype(np.int16),
                groups[filled].astype(np.int16),
                (starts[filled] + base).astype(np.int32),
                (ends[filled] + base).astype(np.int32),
            )
        )

    def has_texts(self) -> bool:
        """Say whether any cell may hold a text of its own."""
        return any(kind not in ("n", "s", "b") for kind in self.types)

    def within(self, area: Area) -> Cells:
        """Return the cells inside an area that have a value."""
        all_rows, all_columns, *_ = self._arrays()
        first, last = np.searchsorted(all_rows, [area.top, area.bottom + 1])
        inside = all_columns[first:last]
        chosen: Ints = np.flatnonzero((inside >= area.left) & (inside <= area.right)) + first
        found = Cells(all_rows[chosen].tolist(), all_columns[chosen].tolist(), self._values(chosen))
        if None not in found.values:
            return found
        kept = [place for place, value in enumerate(found.values) if value is not None]
        return Cells(*([each[place] for place in kept] for each in found))

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
        if self._whole is None:
            kinds = (np.int32, np.int16, np.int16, np.int32, np.int32)
            pieces = self._pieces or [tuple(np.zeros(0, kind) for kind in kinds)]
            self._whole = tuple(np.concatenate(each) for each in zip(*pieces, strict=True))
            self._pieces = []
        return self._whole

    def _values(self, chosen: Ints) -> list[Any]:
        _, _, groups, starts, ends = self._arrays()
        numeric = np.array([kind == "n" for kind in self.types], np.bool_)
        out: list[Any] = []
        for first in range(0, len(chosen), _BLOCK):
            some = chosen[first : first + _BLOCK]
            start, end = int(starts[some[0]]), int(ends[some[-1]]) + 1
            piece = self.text[start:end]
            content = np.frombuffer(piece.encode("ascii", "replace"), np.uint8)
            bounds = starts[some].astype(np.intp) - start, ends[some].astype(np.intp) - start
            if numeric[groups[some]].all():
                out += self._numbers(piece, content, *bounds)
            else:
                data = texts(piece, content if piece.isascii() else None, *bounds)
                out += self.read(groups[some], data)
        return out

    def _numbers(self, piece: str, content: Bytes, starts: Ints, ends: Ints) -> list[Any]:
        """Return the values of cells without a type."""
        numbers, good = parsed_numbers(content, starts, ends)
        found: list[Any] = numbers.tolist()
        others = np.flatnonzero(~good)
        if len(others):
            data = texts(piece, content if piece.isascii() else None, starts[others], ends[others])
            for place, value in zip(others.tolist(), self.values.numbers(data), strict=True):
                found[place] = value
        return found
