"""Worksheet XML read by an XML parser: prefixes, comments, CDATA, entities, whatever the standard allows.

The parser tells where every element begins and ends, so that new values can be spliced in without searching the text.
Large sheets that are written the usual way are read with arrays instead (:mod:`.scan_bulk`), many times faster.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any
from xml.parsers import expat

from ..files.refusals import Refused
from ..references import MAX_COLUMNS, MAX_ROWS, cell_name, column_number
from .cell_values import Cells, CellValues
from .sheet_scan import FormulaCell, SheetScan, Spots

_TAG = re.compile(rb"<(?:[^\"'>]|\"[^\"]*\"|'[^']*')*>")
_DECLARATION = re.compile(r"\ufeff?\s*<\?xml[^>]*\?>")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")
_NAME = re.compile(r"\$?([A-Za-z]{1,3})\$?([0-9]{1,7})")
_ROW, _CELL, _VALUE, _FORMULA, _INSIDE, _TEXT, _RUN, _DATA = range(1, 9)
_NAMES = {
    "row": _ROW, "c": _CELL, "v": _VALUE, "f": _FORMULA, "is": _INSIDE, "t": _TEXT, "r": _RUN, "sheetData": _DATA,
}  # fmt: skip


@dataclass(slots=True)
class RowPlace:
    """Where a row lies: its start tag, what is inside, its cells as (column, start, end), and cells of other rows."""

    number: int
    start: int
    tag_end: int
    inner_end: int
    end: int
    cells: list[tuple[int, int, int]] = field(default_factory=list)
    strangers: list[tuple[int, int]] = field(default_factory=list)


def read_exact(
    text: str, encoding: str, values: CellValues, part: str, rows: list[RowPlace] | None = None
) -> SheetScan:
    """Read a worksheet's cells, however they are written.

    Parameters
    ----------
    text, encoding
        The whole part, and what turns it back into bytes.
    values
        Turns character data into values.
    part
        The part's name, for messages.
    rows
        Filled with the places of all rows and cells where they are wanted.

    Raises
    ------
    Refused
        Not well-formed, a cell outside the sheet or twice, an element inside a value.
    """
    return _Reader(text, encoding, values, part, rows).read()


class _Reader:
    def __init__(self, text: str, encoding: str, values: CellValues, part: str, places: list[RowPlace] | None) -> None:
        declaration = _DECLARATION.match(text)
        self.shift = declaration.end() if declaration else 0
        self.text, self.values, self.part, self.places = text, values, part, places
        self.content = text[self.shift :].encode("utf-8", "replace")
        self.entities = b"&#" in self.content
        self.scan = SheetScan(text, encoding, "", 0, 0, values, part, plain=True)
        self.parser = expat.ParserCreate("utf-8")
        self.parser.buffer_text = True
        self.characters: list[str] = []
        self.codes: dict[str, int] = {}
        self.columns: dict[str, int] = {}
        self.constants: list[tuple[int, int, Any]] = []
        self.level = self.row = self.column = self.last = 0
        self.data = (-1, -1)
        self.inside, self.ordered, self.spaced = False, True, False
        self.cell: dict[str, str] | None = None
        self.child = self.collecting = 0
        self.main: str | None = None

    def read(self) -> SheetScan:
        parser, scan = self.parser, self.scan
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.CharacterDataHandler = self.characters.append
        try:
            parser.Parse(self.content, True)
        except expat.ExpatError as error:
            raise Refused(f"damaged: the part {self.part} is not well-formed XML ({error})") from None
        self._finish()
        constants = self.constants
        if not self.ordered:
            constants.sort(key=lambda each: each[:2])
            scan.formulas.sort(key=lambda each: (each.row, each.column))
            self._refuse_doubles()
        scan._cells = Cells(*zip(*constants, strict=True))
        return scan

    # --- what the parser tells ---

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        level = self.level = self.level + 1
        if level == 1:
            self._learn(name, attributes)
            return
        code = self.codes.get(name, 0)
        if self.inside:
            if level == 4 and code == _CELL:
                self._start_cell(attributes)
            elif level == 3 and code == _ROW:
                self._start_row(attributes)
            elif level >= 5 and self.cell is not None:
                self._start_inside(level, code, attributes)
            elif level > 2:
                self.scan.plain = False
        elif level == 2 and code == _DATA and self.data[0] < 0:
            self.inside = True
            self.data = (self.parser.CurrentByteIndex, -1)
            self.scan.prefix = name[: name.rindex(":") + 1] if ":" in name else ""

    def _end(self, _: str) -> None:
        level = self.level
        self.level = level - 1
        if not self.inside:
            return
        if level == 5:
            if self.child:
                self._end_child()
        elif level == 4:
            if self.cell is not None:
                self._end_cell()
                self.cell = None
        elif level == 7 or level == 6:
            if self.collecting == level:
                self.found.append("".join(self.characters))
                self.collecting = 0
        elif level == 3:
            if self.places is not None and self.places:
                last = self.places[-1]
                last.inner_end, last.end = self._closed(last.start)
        elif level == 2:
            self.inside = False
            self.data = (self.data[0], self.parser.CurrentByteIndex)

    def _learn(self, name: str, attributes: dict[str, str]) -> None:
        """Learn under which prefixes the elements of worksheets go."""
        prefix = name.partition(":")[0] if ":" in name else ""
        main = attributes.get(f"xmlns:{prefix}" if prefix else "xmlns")
        prefixes = {prefix}
        if main is not None:
            prefixes |= {key.partition(":")[2] for key, uri in attributes.items() if _declares(key) and uri == main}
        for each in prefixes:
            self.codes |= {f"{each}:{local}" if each else local: code for local, code in _NAMES.items()}
        self.main = main

    def _learn_more(self, attributes: dict[str, str]) -> None:
        for key, uri in attributes.items():
            if _declares(key) and uri == self.main:
                each = key.partition(":")[2]
                self.codes |= {f"{each}:{local}" if each else local: code for local, code in _NAMES.items()}

    def _start_row(self, attributes: dict[str, str]) -> None:
        written = attributes.get("r")
        if written is None:
            self.scan.implicit, self.scan.plain = True, False
            self.row += 1
        elif written.isascii() and written.strip().isdigit() and 1 <= int(written) <= MAX_ROWS:
            self.row = int(written)
        else:
            raise Refused(f"damaged: the part {self.part} has a row called {written!r}")
        self.column = 0
        if self.places is not None:
            start = self.parser.CurrentByteIndex
            self.places.append(RowPlace(self.row, start, self._tag_end(start), start, start))

    def _start_cell(self, attributes: dict[str, str]) -> None:
        name = attributes.get("r")
        if name is None:
            self.scan.implicit, self.scan.plain = True, False
            row, column = self.row, self.column + 1
        else:
            match = _NAME.fullmatch(name)
            if match is None:
                raise Refused(f"damaged: the part {self.part} has a cell called {name!r}")
            letters = match[1]
            column = self.columns.get(letters) or self.columns.setdefault(letters, column_number(letters))
            row = int(match[2])
        if not 1 <= row <= MAX_ROWS or column > MAX_COLUMNS:
            raise Refused(f"damaged: the part {self.part} has a cell {cell_name(row, column)} outside the sheet")
        place = row << 15 | column
        if place <= self.last:
            self.ordered = self.scan.plain = False
        self.row, self.column, self.last = row, column, place
        self.cell, self.start = attributes, self.parser.CurrentByteIndex
        self.shape: dict[str, str] | None = None
        self.value: str | None = None
        self.formula = ""
        self.found: list[str] = []
        self.child = self.collecting = 0
        self.formula_at = self.value_at = self.inside_at = (-1, -1)
        self.odd = False

    def _start_inside(self, level: int, code: int, attributes: dict[str, str]) -> None:
        if level == 5:
            self.child, self.child_start = code, self.parser.CurrentByteIndex
            self.run = False
            if code == _FORMULA:
                self.shape = attributes
            if code in (_FORMULA, _VALUE):
                self.characters.clear()
            elif code == _INSIDE:
                self.found = []
            else:
                self._learn_more(attributes)
                self.odd = True
        elif self.child in (_FORMULA, _VALUE):
            raise Refused(f"damaged: the part {self.part} has an element inside a value or formula")
        elif self.child == _INSIDE:
            if level == 6:
                self.run = code == _RUN
            if code == _TEXT and (level == 6 or (level == 7 and self.run)):
                self.characters.clear()
                self.collecting = level
                self.odd = self.odd or level == 7 or bool(self.found)
                self.spaced = attributes.get("xml:space") == "preserve"

    def _end_child(self) -> None:
        bounds = (self.child_start, self._closed(self.child_start)[1])
        if self.child == _VALUE:
            self.odd = self.odd or self.value_at[0] >= 0
            self.value, self.value_at = "".join(self.characters), bounds
        elif self.child == _FORMULA:
            self.odd = self.odd or self.value_at[0] >= 0 or self.formula_at[0] >= 0
            self.formula, self.formula_at = "".join(self.characters), bounds
        elif self.child == _INSIDE:
            self.inside_at = bounds
        self.child = 0

    def _end_cell(self) -> None:
        cell = self.cell
        assert cell is not None
        kind = cell.get("t", "n")
        has_text = self.inside_at[0] >= 0
        data = "".join(self.found) if kind == "inlineStr" and has_text else self.value
        if has_text and (kind != "inlineStr" or self.value is not None or not self._usual_text(data or "")):
            self.odd = True
        end = self._closed(self.start)[1]
        if self.places:
            place = self.places[-1]
            place.cells.append((self.column, self.start, end))
            if place.number != self.row:
                place.strangers.append((self.row, self.column))
        value = self.values.resolved(kind, data, has_text)
        if self.shape is not None:
            self._add_formula(cell, kind, value, end)
        elif value is not None:
            if kind == "n" and value.__class__ is str:
                self.odd = True
                self.scan.unreadable[self.row, self.column] = f'"{value[:40]}" where a number belongs'
            elif kind == "n" and (data != (data or "").strip() or self._has_entities()):
                self.odd = True
            elif value.__class__ is str and "\ufffd" in value and "\ufffd" not in (data or ""):
                self.scan.unreadable[self.row, self.column] = "half a character"
            self.constants.append((self.row, self.column, value))
        if self.odd:
            self.scan.plain = False

    def _has_entities(self) -> bool:
        return self.entities and b"&" in self.content[slice(*self.value_at)]

    def _usual_text(self, text: str) -> bool:
        return bool(text) and (self.spaced or text == text.strip())

    def _add_formula(self, cell: dict[str, str], kind: str, value: Any, end: int) -> None:
        found = FormulaCell(self.row, self.column, self.formula, value, end)
        found.start = self.start
        first = self.formula_at[1]
        shown = self.value_at if self.value_at[0] >= 0 else self.inside_at
        if shown[0] < 0:
            shown = (first, first)
        elif self.value_at[0] >= 0 and self.inside_at[0] >= 0:  # both go for the new one
            shown = (min(self.value_at[0], self.inside_at[0]), max(self.value_at[1], self.inside_at[1]))
        found.spots = Spots(self.start, self._tag_end(self.start), *self.formula_at, *shown)
        if self.shape:
            found.attributes = self.shape
            found.kind = self.shape.get("t", "normal")
        if "cm" in cell:
            found.dynamic = True
        if kind != "n":
            found.type = kind
        if "vm" not in cell and not self.odd and self.inside_at[0] < 0:
            found.data = ""  # where its value lies is settled when all places are known
        self.scan.formulas.append(found)

    # --- places ---

    def _tag_end(self, start: int) -> int:
        match = _TAG.match(self.content, start)
        assert match is not None
        return match.end()

    def _closed(self, start: int) -> tuple[int, int]:
        """Return where the end tag begins, and ends, of the element that the parser has just closed."""
        at = self.parser.CurrentByteIndex
        if self.content.startswith(b"</", at) and not (
            self.content.startswith(b"/>", at - 2) and self._tag_end(start) == at
        ):
            return at, self.content.index(b">", at) + 1
        return at, at

    def _finish(self) -> None:
        """Turn places in bytes into places in the text."""
        scan, text = self.scan, self.text
        at = _places_in_text(text[self.shift :], self.shift)
        first, last = self.data
        if first >= 0:
            tag_end = self._tag_end(first)
            empty = last == tag_end and self.content.startswith(b"/>", last - 2)
            scan.start, scan.end = (at(first), at(last)) if empty else (at(tag_end), at(last))
        for cell in scan.formulas:
            cell.start, cell.end = at(cell.start), at(cell.end)
            spots = cell.spots
            assert spots is not None
            cell.spots = spots = Spots(*map(at, spots))
            if cell.data is not None:
                cell.data = self._simple_data(cell, spots)
        for row in self.places or ():
            row.start, row.tag_end, row.inner_end, row.end = map(at, (row.start, row.tag_end, row.inner_end, row.end))
            row.cells = sorted((column, at(start), at(end)) for column, start, end in row.cells)
        inside = text[scan.start : scan.end]
        if scan.prefix or "<!" in inside or "<?" in inside or ("<is>" in inside and ("&#" in inside or "\r" in inside)):
            scan.plain = False

    def _simple_data(self, cell: FormulaCell, spots: Spots) -> str | None:
        """Return a cell's character data where it stands right before the closing tags, None where it does not."""
        text = self.text
        if spots.value == spots.value_end or text.startswith("/>", spots.value_end - 2):
            return "" if text.startswith("</c>", spots.value_end) else None
        if not text.startswith("</v></c>", cell.end - 8):
            return None
        data = text[text.index(">", spots.value) + 1 : cell.end - 8]
        return None if "<" in data else data

    def _refuse_doubles(self) -> None:
        places = sorted(
            [each[:2] for each in self.constants] + [(cell.row, cell.column) for cell in self.scan.formulas]
        )
        for one, other in pairwise(places):
            if one == other:
                raise Refused(f"damaged: the part {self.part} has the cell {cell_name(*one)} twice")


def _declares(key: str) -> bool:
    return key == "xmlns" or key.startswith("xmlns:")


def _places_in_text(text: str, shift: int) -> Any:
    """Return a function from places in a text's UTF-8 bytes to places in the text, `shift` characters further on."""
    if text.isascii():
        return shift.__add__
    ends, excess = [], [shift]
    for match in _NOT_ASCII.finditer(text):
        more = len(match[0].encode("utf-8", "replace")) - len(match[0])
        ends.append(match.end() - (excess[-1] - shift) + more)
        excess.append(excess[-1] - more)

    def at(place: int) -> int:
        return place + excess[bisect_right(ends, place)]

    return at


def row_places(scan: SheetScan) -> Sequence[RowPlace]:
    """Return where the rows and cells of a sheet lie in its text."""
    rows: list[RowPlace] = []
    read_exact(scan.text, scan.encoding, CellValues([], False), scan.part, rows)
    return rows
