"""The cells of long arrays spliced into large sheets, a whole column at once.

Only what needs no judgement is done here: a new cell comes last in its row, or the number of a plain cell is replaced.
Anything else is left to the way that goes row by row.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..files.markup import number_texts
from ..references import column_letters
from .cell_table import CellTable, texts
from .sheet_scan import SheetScan
from .splice_rows import Edit, column_style, has_removed, new_cell, with_spans

Ints = NDArray[np.intp]
Bytes = NDArray[np.uint8]

_MARGIN = 64
_SPANS = ' spans="'


class _UnfitError(Exception):
    """A change that has to be made row by row."""


def column_edits(scan: SheetScan, columns: dict[int, dict[int, Any]]) -> list[Edit] | None:
    """Return the edits that give the cells of arrays their values.

    Parameters
    ----------
    scan : SheetScan
        The sheet.
    columns : dict of int to dict of int to value
        By column and row; not empty.

    Returns
    -------
    list of tuple of int, int and str, or None
        Start, end and new text; None when any case is harder.
    """
    table = scan.table
    if table is None or not table.rows.count:
        return None
    try:
        return _Splice(scan, table).edits(columns)
    except _UnfitError:
        return None


def _need(fulfilled: Any) -> None:
    if not fulfilled:
        raise _UnfitError


class _Splice:
    def __init__(self, scan: SheetScan, table: CellTable) -> None:
        text = scan.text
        self.text, self.table, self.style = text, table, column_style(scan)
        _need(text.find("customFormat", scan.start, scan.end) < 0)  # new cells would take the formats of their rows
        self.starts, self.tag_ends, self.ends, self.last = table.rows.arrays()
        content = text.encode("ascii", "replace")  # one byte a character: positions are the same in both
        if len(content) < int(self.starts[-1]) + _MARGIN:
            content += bytes(_MARGIN)
        self.content = np.frombuffer(content, np.uint8)
        self.numbers, self.number_ends = self._row_numbers()

    def _row_numbers(self) -> tuple[Ints, Ints]:
        content, at = self.content, self.starts + 4
        for place, byte in enumerate(b' r="'):
            _need((content[at + place] == byte).all())
        at = at + 4
        numbers = np.zeros(len(at), np.intp)
        for _ in range(8):
            digit = content[at] - np.uint8(48)
            more = digit < 10
            numbers = np.where(more, numbers * 10 + digit, numbers)
            at = at + more
        _need((content[at] == 34).all() and (numbers[1:] > numbers[:-1]).all())
        return numbers, at

    def edits(self, columns: dict[int, dict[int, Any]]) -> list[Edit]:
        """Return all edits in order."""
        replaced: list[Edit] = []
        parts: list[tuple[Ints, list[str]]] = []
        lowest, highest = np.full(len(self.numbers), 2**15), np.zeros(len(self.numbers), np.intp)
        for column in sorted(columns):
            wanted = np.fromiter(columns[column], np.intp, len(columns[column]))
            values = list(columns[column].values())
            _need((wanted[1:] > wanted[:-1]).all() and not has_removed(columns[column]))
            rows = np.minimum(np.searchsorted(self.numbers, wanted), len(self.numbers) - 1)
            last = self.last[rows]
            _need((self.numbers[rows] == wanted).all() and ((last == 0) | (last >> 15 == wanted)).all())
            lowest[rows], highest[rows] = np.minimum(lowest[rows], column), np.maximum(highest[rows], column)
            fresh = (last & 32767) < column
            there = np.flatnonzero(~fresh)
            if len(there):
                replaced += self._replaced(column, wanted[there], [values[place] for place in there.tolist()])
                added = np.flatnonzero(fresh)
                rows, wanted, values = rows[added], wanted[added], [values[place] for place in added.tolist()]
            parts.append((rows, _new_cells(column, wanted.tolist(), values, self.style(column))))
        chosen, new = _joined(parts)
        ends = self.ends[chosen].tolist()
        inserted = list(zip(ends, ends, new, strict=True))
        wider = self._wider(chosen, lowest[chosen], highest[chosen]) if len(chosen) else []
        if wider and len(wider) == len(inserted) and not replaced:
            return [edit for pair in zip(wider, inserted, strict=True) for edit in pair]
        return sorted(inserted + wider + replaced) if wider or replaced else inserted

    def _replaced(self, column: int, rows: Ints, values: list[Any]) -> list[Edit]:
        """Return the edits of numbers that replace numbers."""
        _need(set(map(type, values)) == {float})
        places = self.table.plain_numbers(rows, column)
        if places is None:
            raise _UnfitError
        starts, ends = places
        for place, byte in enumerate(b"<v>", -3):
            _need((self.content[starts + place] == byte).all())
        return list(zip(starts.tolist(), ends.tolist(), number_texts(values), strict=True))

    def _wider(self, chosen: Ints, lowest: Ints, highest: Ints) -> list[Edit]:
        """Return the edits of the spans that rows declare."""
        content = self.content
        starts = self.number_ends[chosen] + 1
        usual = np.ones(len(starts), np.bool_)
        for place, character in enumerate(_SPANS):
            usual &= content[starts + place] == ord(character)
        starts = starts + len(_SPANS)
        for place in np.flatnonzero(~usual).tolist():
            row = chosen[place]
            found = self.text.find(_SPANS, self.starts[row], self.tag_ends[row])
            starts[place] = found + len(_SPANS) if found >= 0 else -1
        if starts.min() < 0:
            kept = starts >= 0
            starts, lowest, highest = starts[kept], lowest[kept], highest[kept]
        if not len(starts):
            return []
        ends = starts
        for _ in range(16):
            more = content[ends] != 34
            if not more.any():
                break
            ends = ends + more
        _need((content[ends] == 34).all())
        plain = content if self.text.isascii() else None
        spans = texts(self.text, plain, starts, ends, '"')
        first, last = starts.tolist(), ends.tolist()
        if lowest.min() == lowest.max() and highest.min() == highest.max():
            bounds = (int(lowest[0]), int(highest[0]))
            wider = {each: _widened(each, bounds) for each in set(spans)}
            new = [wider[each] for each in spans]
        else:
            new = list(map(_widened, spans, zip(lowest.tolist(), highest.tolist(), strict=True)))
        edits = zip(first, last, new, strict=True)
        return [edit for edit, old in zip(edits, spans, strict=True) if edit[2] != old]


@lru_cache(4096)
def _widened(spans: str, columns: tuple[int, int]) -> str:
    return with_spans(f'{_SPANS}{spans}"', columns)[len(_SPANS) : -1]


def _joined(parts: list[tuple[Ints, list[str]]]) -> tuple[Ints, list[str]]:
    """Return rows in order and the new cells of each, from the rows and new cells of each column."""
    if len(parts) == 1:
        return parts[0]
    new: dict[int, str] = {}
    for rows, cells in parts:
        for row, cell in zip(rows.tolist(), cells, strict=True):
            new[row] = new.get(row, "") + cell
    chosen = np.sort(np.fromiter(new, np.intp, len(new)))
    return chosen, [new[row] for row in chosen.tolist()]


def _new_cells(column: int, rows: list[int], values: list[Any], style: str) -> list[str]:
    letters = column_letters(column)
    if set(map(type, values)) == {float}:
        shown = number_texts(values)
        return [f'<c r="{letters}{row}"{style}><v>{data}</v></c>' for row, data in zip(rows, shown, strict=True)]
    return [new_cell("", row, column, value, style) for row, value in zip(rows, values, strict=True)]
