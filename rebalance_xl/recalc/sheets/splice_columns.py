"""The cells of long arrays spliced in a column at a time: numbers that replace numbers, new cells behind all others."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..files.parts import number_texts
from ..references import MAX_COLUMNS, column_letters
from .cell_table import CellTable
from .sheet_scan import SheetScan
from .splice_rows import REMOVED, Edit, Lines, column_style, may_replace, new_cell, with_spans


def numbers_replaced(table: CellTable, columns: Lines) -> tuple[list[Edit], Lines]:
    """Return the edits that replace plain numbers by numbers, and the cells that take more than that."""
    edits: list[Edit] = []
    left: Lines = {}
    for column, cells in columns.items():
        wanted = np.array([row for row, value in cells.items() if value.__class__ is float], np.intp)
        bounds = zip(*table.plain_numbers(column, wanted), strict=True)
        held = [each for each in bounds if table.text.startswith("<v>", each[1] - 3)]
        new = number_texts([cells[row] for row, _, _ in held])
        edits += [(start, end, data) for (_, start, end), data in zip(held, new, strict=True)]
        if len(held) < len(cells):
            done = {row for row, _, _ in held}
            left[column] = {row: value for row, value in cells.items() if row not in done} if done else cells
    return edits, left


def cells_added(scan: SheetScan, table: CellTable, columns: Lines) -> list[Edit] | None:
    """Return the edits that add cells behind all others of their rows; None where any of them takes more than that."""
    text, style = scan.text, column_style(scan)
    if text.find("customFormat", scan.start, scan.end) >= 0:  # new cells take the formats of such rows
        return None
    numbers, starts, tag_ends, ends, last = table.rows()
    low, high = np.full(len(numbers), MAX_COLUMNS), np.zeros(len(numbers), np.intp)
    new: dict[int, str] = {}
    for column, cells in sorted(columns.items()):
        wanted = np.fromiter(cells, np.intp, len(cells))
        found = np.minimum(np.searchsorted(numbers, wanted), len(numbers) - 1)
        fit = (numbers[found] == wanted) & (last[found] < column) & (table.bytes()[ends[found] + 1] == ord("/"))
        if REMOVED in cells.values() or not fit.all():
            return None
        low[found], high[found] = np.minimum(low[found], column), column
        written, sample = _new_cells(column, cells, style(column))
        if not may_replace("<r></r>", 3, 3, sample):
            return None
        for place, cell in zip(found.tolist(), written, strict=True):
            new[place] = new.get(place, "") + cell
    chosen = np.flatnonzero(high)
    until, first, final = (each[chosen].tolist() for each in (tag_ends, low, high))
    digits = np.searchsorted(10 ** np.arange(1, 8), numbers[chosen], "right") + 1
    at = (starts[chosen] + 8 + digits).tolist()  # behind the row's number
    tags = [text[start:end] for start, end in zip(at, until, strict=True)]
    keys = list(zip(tags, first, final, strict=True))
    wider = {key: with_spans(key[0], key[1:]) for key in set(keys)}
    both = zip(at, until, tags, map(wider.__getitem__, keys), strict=True)
    edits = [(start, end, new_tag) for start, end, tag, new_tag in both if new_tag != tag]
    models = [(f'<r/><row r="1{key[0]}', f'<row r="1{tag}') for key, tag in wider.items()]
    if not all(may_replace(old, 4, len(old), tag) for old, tag in models):
        return None
    behind = ends.tolist()
    return edits + [(behind[place], behind[place], cells) for place, cells in new.items()]


def _new_cells(column: int, cells: dict[int, Any], style: str) -> tuple[list[str], str]:
    """Return new cells, and what of them is well-formed only if all of them are."""
    if set(map(type, cells.values())) != {float}:
        new = [new_cell("", row, column, value, style) for row, value in cells.items()]
        return new, "".join(new)
    letters, shown = column_letters(column), number_texts(list(cells.values()))
    new = [f'<c r="{letters}{row}"{style}><v>{data}</v></c>' for row, data in zip(cells, shown, strict=True)]
    return new, new[0]
