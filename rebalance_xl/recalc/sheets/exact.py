"""Worksheet XML read element by element by an XML parser: prefixes, comments, CDATA, entities, whatever it allows.

The parser also says where in the text elements begin and end, so that new values can be spliced in where the old lie.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from operator import itemgetter
from typing import Any

from ..files.refusals import Refused
from ..references import MAX_COLUMNS, MAX_ROWS, cell_name, column_number
from .cell_xml import Cells, CellValues, PlacedXml, is_usual
from .formula_cells import Spots
from .sheet_scan import SheetScan

_NAMESPACE = re.compile(r"xmlns(?::([\w.-]+))?\s*=\s*([\"'])(.*?)\2")
_NAME = re.compile(r"\$?([A-Za-z]{1,3})\$?([0-9]{1,7})")
#: The elements that are read, and those that are read inside them.
_INSIDE = {
    "worksheet": ("sheetData",), "sheetData": ("row",), "row": ("c",), "c": ("f", "v", "is"), "f": (), "v": (),
    "is": ("t", "r"), "r": ("t",), "t": (), "": (),
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


def read_exact(text: str, encoding: str, values: CellValues, part: str) -> SheetScan:
    """Read a worksheet's cells, however they are written.

    Refused is what is not well-formed, a cell outside the sheet or twice, and an element inside a value.
    """
    return _Reader(text, encoding, values, part).read()


def row_places(scan: SheetScan) -> Sequence[RowPlace]:
    """Return where the rows and cells of a sheet lie in its text."""
    reader = _Reader(scan.text, scan.encoding, CellValues([], False), scan.part)
    reader.read()
    return reader.places


class _Reader:
    """Reads one sheet. `path` are the names of the open elements without prefixes, "" for those that are not read.

    Of the cell that is being read `given` are the attributes, `found` the texts of its elements, `spans` where their
    tags begin, `shape` the attributes of its formula; `inside` are the texts of a cell that has its own.
    """

    def __init__(self, text: str, encoding: str, values: CellValues, part: str) -> None:
        self.text, self.values, self.part = text, values, part
        self.places: list[RowPlace] = []
        self.scan = SheetScan(text, encoding, "", 0, 0, part)
        self.xml = PlacedXml(text, part)
        self.parser = self.xml.parser
        self.known: dict[str, dict[str, str]] = {}
        self.path: list[str] = []
        self.characters: list[str] = []
        self.inside: list[str] = []
        self.row = self.column = self.last = 0
        self.data_start = self.cell_start = self.start = 0
        self.given: dict[str, str] = {}
        self.shape: dict[str, str] = {}
        self.found: dict[str, str] = {}
        self.spans: dict[str, tuple[int, int]] = {}
        #: Rows, columns and values; of formula cells also texts, ends, widths, and what few cells have.
        self.cells: list[tuple[Any, ...]] = []
        self.ordered = True

    def read(self) -> SheetScan:
        scan, parser = self.scan, self.parser
        parser.buffer_text = True
        parser.StartElementHandler, parser.EndElementHandler = self._start_sheet, self._end
        parser.CharacterDataHandler = self.characters.append
        self.xml.parse()
        if not self.ordered:
            self.cells.sort(key=itemgetter(0, 1))
            for one, other in pairwise(self.cells):
                if one[:2] == other[:2]:
                    raise Refused(f"damaged: the part {self.part} has the cell {cell_name(*one[:2])} twice")
        scan._cells = Cells(*zip(*[each for each in self.cells if len(each) == 3], strict=True))
        formulas = [each for each in self.cells if len(each) > 3]
        rows, columns, olds, texts, ends, widths, rare = zip(*formulas, strict=True) if formulas else [()] * 7
        scan.formulas.add(rows, columns, texts, olds, ends, widths)
        for place, (spots, given, shape) in enumerate(rare):
            scan.formulas.spots[place] = spots
            scan.formulas.note(place, given, shape)
        inside = "" if self.text.startswith("<sheetData", scan.start) else self.text[scan.start : scan.end]
        scan.plain = self.ordered and is_usual(inside)
        return scan

    def _start_sheet(self, name: str, attributes: dict[str, str]) -> None:
        """Learn what the elements of worksheets are called, with all prefixes that the text declares for them."""
        own, colon, _ = name.rpartition(":")
        main = attributes.get(f"xmlns{colon}{own}")
        declared = [prefix for prefix, _, uri in _NAMESPACE.findall(self.text) if uri == main]
        starts = {own + colon, *(prefix and f"{prefix}:" for prefix in declared)}
        for outer, local in _INSIDE.items():
            self.known[outer] = {start + each: each for start in starts for each in local}
        self.path.append("worksheet")
        self.parser.StartElementHandler = self._start

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        parent = self.path[-1]
        known = self.known[parent].get(name, "")
        self.path.append(known)
        if parent == "c":
            self.characters.clear()
            self.start = self.xml.here()
            if known == "f":
                self.shape = attributes
            elif known == "is":
                self.inside = []
        elif known == "c":
            self._start_cell(attributes)
        elif known == "t":
            self.characters.clear()
        elif known == "row":
            self._start_row(attributes)
        elif parent in ("f", "v"):
            raise Refused(f"damaged: the part {self.part} has an element inside a value or formula")
        elif known == "sheetData":
            self.scan.prefix = name[: name.rindex(":") + 1] if ":" in name else ""
            self.data_start = self.xml.here()

    def _end(self, name: str) -> None:
        known = self.path.pop()
        if known == "v" or known == "f" or known == "is":
            self.found[known] = "".join(self.inside if known == "is" else self.characters)
            self.spans[known] = self.start, self.xml.here()
        elif known == "c":
            self._end_cell()
        elif known == "t":
            self.inside.append("".join(self.characters))
        elif known == "row":
            place = self.places[-1]
            _, place.inner_end, place.end = self.xml.span(place.start, self.xml.here())
        elif known == "sheetData":
            scan, (start, inner, end) = self.scan, self.xml.span(self.data_start, self.xml.here())
            scan.start, scan.end = (start, end) if inner == end else (self.xml.tag_end(start), inner)
            self.parser.StartElementHandler = self.parser.EndElementHandler = self.parser.CharacterDataHandler = None

    def _start_row(self, attributes: dict[str, str]) -> None:
        written = attributes.get("r")
        if written is None:
            self.row += 1
        elif written.isascii() and written.strip().isdigit() and 1 <= int(written) <= MAX_ROWS:
            self.row = int(written)
        else:
            raise Refused(f"damaged: the part {self.part} has a row called {written!r}")
        self.column = 0
        start = self.xml.here()
        self.places.append(RowPlace(self.row, start, self.xml.tag_end(start), start, start))

    def _start_cell(self, attributes: dict[str, str]) -> None:
        name = attributes.get("r")
        if name is None:
            row, column = self.row, self.column + 1
        else:
            match = _NAME.fullmatch(name)
            if match is None:
                raise Refused(f"damaged: the part {self.part} has a cell called {name!r}")
            row, column = int(match[2]), column_number(match[1])
        if not 1 <= row <= MAX_ROWS or column > MAX_COLUMNS:
            raise Refused(f"damaged: the part {self.part} has a cell {cell_name(row, column)} outside the sheet")
        place = row << 15 | column
        self.ordered = self.ordered and place > self.last
        self.row, self.column, self.last = row, column, place
        self.given, self.found, self.spans = attributes, {}, {}
        self.cell_start = self.xml.here()

    def _end_cell(self) -> None:
        scan, row, column, given, found = self.scan, self.row, self.column, self.given, self.found
        kind, has_text = given.get("t", "n"), "is" in found
        data = found["is"] if kind == "inlineStr" and has_text else found.get("v")
        value = self.values.resolved(kind, data, has_text)
        formula = self.xml.span(*self.spans["f"]) if "f" in found else None
        others = [self.xml.span(*self.spans[each]) for each in ("v", "is") if each in found] if formula else ()
        start, _, end = self.xml.span(self.cell_start, self.xml.here())
        place = self.places[-1]
        place.cells.append((column, start, end))
        if place.number != row:
            place.strangers.append((row, column))
        if formula is not None:
            behind = formula[2]
            first = min([each[0] for each in others], default=behind)
            last = max([each[2] for each in others], default=behind)  # both go for the new value
            tag_end = formula[0] if self.text.index(">", start) + 1 == formula[0] else self.xml.tag_end(start)
            spots = Spots(start, tag_end, formula[0], behind, first, last)
            own = 0 if has_text else self._width(end, spots)
            self.cells.append((row, column, value, found["f"], end, own, (spots, given, self.shape)))
        elif value is not None:
            if kind == "n" and value.__class__ is str:
                scan.unreadable[row, column] = f'"{value[:40]}" where a number belongs'
            elif value.__class__ is str and "\ufffd" in value and "\ufffd" not in (data or ""):
                scan.unreadable[row, column] = "half a character"
            self.cells.append((row, column, value))

    def _width(self, end: int, spots: Spots) -> int:
        """Return how many characters a cell's value takes right before the closing tags, 0 where that is not so."""
        text = self.text
        if spots.value == spots.value_end or not text.startswith("</v></c>", end - 8):
            return 0
        start = text.index(">", spots.value) + 1
        return 0 if text.find("<", start, end - 8) >= 0 else end - 8 - start
