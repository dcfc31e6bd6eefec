"""Large worksheets read with arrays: one pattern says that they are written the usual way, arrays find their cells.

A sheet that is written in any unusual way is left to the reader that goes cell by cell, which also decides what is
refused. Texts come in pieces of whole rows, so that the arrays stay small.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from ..references import MAX_COLUMNS, MAX_ROWS, place_of
from .cell_table import CellTable, cut_out
from .cell_xml import USUAL_ROWS, CellValues, attributes_of, check_well_formed
from .sheet_scan import SheetScan

if TYPE_CHECKING:
    from .cell_table import Bytes, Ints

#: Characters read at a time: more is slower, because the arrays leave the processor's cache.
PIECE = 2**19
#: The cells of a sheet have fewer different attributes than this.
_MOST = 4096

_SHEET_DATA = re.compile(r"<sheetData(?:\s[^<>]*?)?>")


class UnusualError(Exception):
    """A sheet that has to be read cell by cell."""


def scan_bulk(text: str, encoding: str, values: CellValues, part: str) -> SheetScan | None:
    """Read a sheet written the usual way: its formulas, and where its constants lie; None when it is not."""
    opening = _SHEET_DATA.search(text)
    end = text.rfind("</sheetData") if opening is not None else -1
    if opening is None or end < opening.end() or opening[0].endswith("/>") or ("!" in text and "<!" in text):
        return None
    if "_" in text and "_x" in text and ("_xD" in text or "_xd" in text):
        return None  # half a character, perhaps, which the other reader names
    position = opening.end()
    scan = SheetScan(text, encoding, "", position, end, part)
    reader = _Reader(scan, values)
    try:
        while position < end:
            last = text.find("</row>", position + PIECE, end)
            cut = end if last < 0 else last + len("</row>")
            reader.read(position, cut)
            position = cut
    except UnusualError:
        return None
    if reader.any_inside and text.find("&#", scan.start, end) >= 0:
        return None  # texts inside their cells may have spaces that the engine would drop
    scan.proven = text.isascii() and not reader.any_odd
    scan.table, scan.plain = reader.table, reader.plain
    scan.has_metadata = any("vm" in attributes for attributes in reader.parsed)
    odd = reader.any_odd or "\ufffe" in text or "\uffff" in text  # characters that XML forbids, perhaps
    check_well_formed(text if odd else text[: scan.start] + text[end:], part)
    return scan


def _numbers(content: Bytes, starts: Ints, zero: str, base: int, highest: int) -> tuple[Ints, Ints]:
    """Return the numbers that start at some places, and how many digits they have; `highest` is the last digit."""
    numbers, at = np.zeros(len(starts), np.intp), starts
    while True:
        digit = content[at] - np.uint8(ord(zero))
        more = digit <= highest
        if not more.any():
            return numbers, at - starts
        numbers, at = np.where(more, numbers * base + digit, numbers), at + more


def _need(fulfilled: Any) -> None:
    if not fulfilled:
        raise UnusualError


def _attributes(text: str) -> dict[str, str]:
    """Return the attributes of a tag, which all differ."""
    attributes = attributes_of(text)
    _need(len(attributes) == text.count('="'))
    return attributes


class _Reader:
    def __init__(self, scan: SheetScan, values: CellValues) -> None:
        self.text = scan.text
        self.formulas = scan.formulas
        self.table = CellTable(scan.text, values)
        self.last_place = 0
        self.any_inside = self.any_odd = False
        self.plain = True
        self.groups: dict[str, int] = {}
        self.parsed: list[dict[str, str]] = []

    def read(self, base: int, end: int) -> None:
        """Read the rows between two positions of the text."""
        piece = self.text[base:end]
        _need(USUAL_ROWS.fullmatch(piece))
        content = np.frombuffer(piece.encode("ascii", "replace"), np.uint8)
        entities = np.flatnonzero(content == ord("&"))
        self.any_odd |= bool(content.min() < ord(" ") or (content[entities + 1] == ord("#")).any())
        brackets = np.flatnonzero((content | 2) == 62)
        opens, closes = np.ascontiguousarray(brackets[0::2]), np.ascontiguousarray(brackets[1::2])
        kinds, empty = content[opens + 1], content[closes - 1] == ord("/")
        tags = np.flatnonzero(kinds == ord("r"))
        cells = np.flatnonzero(kinds == ord("c"))
        numbers, digits = _numbers(content, opens[tags] + 8, "0", 10, 9)
        until = np.searchsorted(cells, np.append(tags[1:], len(opens)))
        counts = np.diff(until, prepend=0)
        columns, letters = _numbers(content, opens[cells] + 6, "@", 26, 26)  # columns: A is 1
        rows = np.repeat(numbers, counts)
        every = np.concatenate(([self.last_place], place_of(rows, columns)))
        _need((every[1:] > every[:-1]).all() and columns.max(initial=0) <= MAX_COLUMNS)
        _need((numbers[1:] > numbers[:-1]).all() and numbers[0] > self.last_place >> 15 and numbers[-1] <= MAX_ROWS)
        tails = zip((opens[tags] + 9 + digits).tolist(), closes[tags].tolist(), strict=True)
        for tail in {piece[start:stop] for start, stop in tails}:
            _attributes(tail)
        self.last_place = int(max(numbers[-1] << 15, every[-1]))
        last = np.where(counts > 0, columns[until - 1], 0) if len(cells) else counts
        filled = ~empty[tags]
        ends = np.append(opens[tags[1:] - 1], opens[-1])
        bounds = (each[filled] for each in (opens[tags], closes[tags] + 1, ends))
        self.table.add_rows(numbers[filled], bounds, last[filled], base)
        if len(cells):
            names_end = opens[cells] + 6 + letters + np.repeat(digits, counts)
            shared = np.repeat(numbers.astype(object), counts)  # one number for all cells of a row
            groups = self._groups(piece, names_end + 1, closes[cells] - empty[cells])
            found = cells, rows, columns, groups, shared
            self._read_cells(piece, content, (opens, closes, kinds, empty), found, base)

    def _read_cells(
        self, piece: str, content: Bytes, tags: tuple[Ints, Ints, Bytes, Ints], found: tuple[Ints, ...], base: int
    ) -> None:
        """Add the cells to the constants and formulas found; they are given by the numbers of their tags."""
        opens, closes, kinds, empty = tags
        cells, rows, columns, groups, shared = found
        has_formula = kinds[cells + 1] == ord("f")
        values = cells + 1 + has_formula + (has_formula & ~empty[cells + 1])
        inside = kinds[values] == ord("i")
        self.any_inside = self.any_inside or bool(inside.any())
        is_value = kinds[values] == ord("v")
        has_value = (is_value & ~empty[values]) | inside
        values += inside
        starts = np.where(has_value, closes[values] + 1, opens[cells])
        ends = np.where(has_value, opens[np.minimum(values + 1, len(opens) - 1)], opens[cells])
        own = ~has_formula
        self.table.add(rows[own], columns[own], groups[own], starts[own], ends[own], base)
        own = np.flatnonzero(has_formula)
        if not len(own):
            return
        first = cells[own] + 1
        formula_starts, formula_ends = closes[first] + 1, np.where(empty[first], closes[first] + 1, opens[first + 1])
        formulas = cut_out(piece, content, formula_starts, formula_ends)
        widths = ends[own] - starts[own]
        last = values[own] + np.where(has_value[own], 2, is_value[own])
        old = self.table.read(groups[own], cut_out(piece, content, starts[own], ends[own]))
        before = len(self.formulas)
        ends_of_cells = (closes[last] + (base + 1)).tolist()
        places = shared[own].tolist(), columns[own].tolist()
        self.plain = self.plain and "\r" not in piece  # only within formulas
        self.formulas.add(*places, formulas, old, ends_of_cells, widths.tolist())
        self._add_shapes(before, piece, opens[first], closes[first])
        for group in np.flatnonzero(np.bincount(groups[own])).tolist():
            attributes = self.parsed[group]
            for place in (np.flatnonzero(groups[own] == group) + before).tolist() if attributes else ():
                self.formulas.note(place, attributes, {})

    def _add_shapes(self, before: int, piece: str, starts: Ints, ends: Ints) -> None:
        """Note the attributes that formula elements have, and their kinds."""
        odd = np.flatnonzero(ends - starts > 2)
        shapes: dict[str, dict[str, str]] = {}
        for place, start, end in zip((odd + before).tolist(), starts[odd].tolist(), ends[odd].tolist(), strict=True):
            tag = piece[start:end]
            if tag not in shapes:
                shapes[tag] = _attributes(tag)
            self.formulas.note(place, {}, shapes[tag])

    def _groups(self, piece: str, starts: Ints, ends: Ints) -> Ints:
        """Return for every cell the number of its attributes' text, the same for the same text."""
        if (starts == ends).all():
            return np.full(len(starts), self._group(""), np.intp)
        texts = [piece[start:end] for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]
        numbers = {text: self._group(text) for text in dict.fromkeys(texts)}
        _need(len(numbers) < _MOST)
        return np.fromiter(map(numbers.__getitem__, texts), np.intp, len(texts))

    def _group(self, text: str) -> int:
        number = self.groups.get(text)
        if number is None:
            number = self.groups[text] = len(self.parsed)
            attributes = _attributes(text)
            self.parsed.append(attributes)
            self.table.types.append(attributes.get("t", "n"))
            self.table.steady.append(not text.endswith(" ") and "t" not in attributes and "vm" not in attributes)
        return number
