"""Worksheet XML read element by element: prefixes, comments, CDATA, entities, whatever the standard allows.

An XML parser says whether the part is well-formed; then tags are found in the text itself, so that new values can be
spliced in where the old ones lie. Cells that are written the usual way are read with one pattern.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from operator import itemgetter
from typing import Any
from xml.parsers import expat

from ..files.markup import from_xml
from ..files.refusals import Refused
from ..references import MAX_COLUMNS, MAX_ROWS, cell_name, column_number
from .cell_values import Cells, CellValues, attributes_of
from .formula_cells import Spots
from .sheet_scan import SheetScan

_TOKEN = re.compile(
    r"<(?:!--(?s:.*?)--|!\[CDATA\[(?P<data>(?s:.*?))\]\]|\?(?s:.*?)\?|(?P<close>/)?(?P<name>[^\s/>!?]+)"
    r"(?P<attributes>(?:[^\"'>/]|\"[^\"]*\"|'[^']*')*)(?P<empty>/)?)>|(?P<text><?[^<]+)"
)
_DECLARATION = re.compile(r"\ufeff?\s*<\?xml[^>]*\?>")
_NAME = re.compile(r"\$?([A-Za-z]{1,3})\$?([0-9]{1,7})")
_LOCAL_NAMES = ("row", "c", "v", "f", "is", "t", "r", "sheetData")
_USUAL = (
    r'<{0}c r="([A-Z]{{1,3}})([0-9]{{1,7}})"((?: [\w:]+="[^"<&\r\n\t]*")*+)>'
    r'(<{0}f((?: [\w:]+="[^"<&\r\n\t]*")*+)(?:/>|>([^<\r]*+)</{0}f>))?+(<{0}v>([^<&\r]*+)</{0}v>)?+</{0}c>'
)

Tag = re.Match[str]


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


def check_well_formed(text: str, part: str) -> None:
    """Refuse a part that is no XML."""
    declaration = _DECLARATION.match(text)
    parser = expat.ParserCreate("utf-8")
    try:
        parser.Parse(text[declaration.end() if declaration else 0 :].encode("utf-8", "replace"), True)
    except expat.ExpatError as error:
        raise Refused(f"damaged: the part {part} is not well-formed XML ({error})") from None


def read_exact(
    text: str, encoding: str, values: CellValues, part: str, rows: list[RowPlace] | None = None
) -> SheetScan:
    """Read a worksheet's cells, however they are written; `rows` gets the places of all rows and cells.

    Raises
    ------
    Refused
        Not well-formed, a cell outside the sheet or twice, an element inside a value.
    """
    check_well_formed(text, part)
    return _Reader(text, encoding, values, part, [] if rows is None else rows).read()


def row_places(scan: SheetScan) -> Sequence[RowPlace]:
    """Return where the rows and cells of a sheet lie in its text."""
    rows: list[RowPlace] = []
    read_exact(scan.text, scan.encoding, CellValues([], False), scan.part, rows)
    return rows


class _Reader:
    """Reads one sheet; `at` is where it is in the text, `closed` where the last end tag began."""

    def __init__(self, text: str, encoding: str, values: CellValues, part: str, places: list[RowPlace]) -> None:
        self.text, self.values, self.part, self.places = text, values, part, places
        self.scan = SheetScan(text, encoding, "", 0, 0, values, part, plain=True)
        self.at = self.closed = self.row = self.column = self.last = 0
        self.main: str | None = None
        self.codes: dict[str, str] = {}
        self.attributes: dict[str, dict[str, str]] = {"": {}}
        self.constants: list[tuple[int, int, Any]] = []
        #: Rows, columns, texts, values, ends, data, and what few cells have.
        self.formulas: list[tuple[int, int, str, Any, int, str | None, tuple[Any, ...]]] = []
        self.ordered = True

    def read(self) -> SheetScan:
        scan = self.scan
        root = next(self._children())
        prefix = root["name"].partition(":")[0] if ":" in root["name"] else ""
        given = attributes_of(root["attributes"])
        self.main = given.get(f"xmlns:{prefix}" if prefix else "xmlns")
        self._learn([prefix, *self._prefixes(given)])
        for tag in self._children() if not root["empty"] else ():
            if self.codes.get(tag["name"]) == "sheetData":
                self._read_data(tag)
                break
            self._content(tag)
        if not self.ordered:
            self.constants.sort(key=itemgetter(0, 1))
            self.formulas.sort(key=itemgetter(0, 1))
            self._refuse_doubles()
        scan._cells = Cells(*zip(*self.constants, strict=True))
        self._add_formulas()
        inside = self.text[scan.start : scan.end]
        if scan.prefix or "<!" in inside or "<?" in inside or ("<is>" in inside and ("&#" in inside or "\r" in inside)):
            scan.plain = False
        return scan

    def _add_formulas(self) -> None:
        if not self.formulas:
            return
        own = self.scan.formulas
        *lists, rare = zip(*self.formulas, strict=True)
        own.add(*lists)
        for place, (spots, shape, kind, dynamic) in enumerate(rare):
            own.spots[place] = spots
            if shape:
                own.attributes[place] = shape
            if shape.get("t", "normal") != "normal":
                own.kinds[place] = shape["t"]
            if kind != "n":
                own.types[place] = kind
            if dynamic:
                own.dynamic[place] = True

    def _prefixes(self, attributes: dict[str, str]) -> Iterator[str]:
        """Yield the prefixes that attributes declare for the elements of worksheets."""
        for key, uri in attributes.items():
            if uri == self.main and (key == "xmlns" or key.startswith("xmlns:")):
                yield key.partition(":")[2]

    def _learn(self, prefixes: Sequence[str]) -> None:
        for each in prefixes:
            self.codes |= {f"{each}:{local}" if each else local: local for local in _LOCAL_NAMES}

    def _children(self, characters: list[str] | None = None) -> Iterator[Tag]:
        """Yield the start tags inside the element that was just opened, up to its end; each has to be read in between.

        `characters` gets its character data.
        """
        while (token := _TOKEN.match(self.text, self.at)) is not None:
            self.at = token.end()
            if token["name"]:
                if token["close"]:
                    self.closed = token.start()
                    return
                yield token
            elif characters is not None:
                found = (token["text"] or token["data"] or "").replace("\r\n", "\n").replace("\r", "\n")
                characters.append(from_xml(found) if token["text"] else found)

    def _content(self, tag: Tag, refused: bool = False) -> str:
        """Return the character data of an element, which then is read to its end."""
        found: list[str] = []
        for child in () if tag["empty"] else self._children(found):
            if refused:
                raise Refused(f"damaged: the part {self.part} has an element inside a value or formula")
            found.append(self._content(child))
        return "".join(found)

    def _attributes(self, text: str) -> dict[str, str]:
        known = self.attributes.get(text)
        return known if known is not None else self.attributes.setdefault(text, attributes_of(text))

    def _read_data(self, tag: Tag) -> None:
        scan, name = self.scan, tag["name"]
        scan.prefix = name[: name.rindex(":") + 1] if ":" in name else ""
        self.usual = re.compile(_USUAL.format(re.escape(scan.prefix)))
        if tag["empty"]:
            scan.start, scan.end = tag.span()
            return
        scan.start = tag.end()
        for child in self._children():
            if self.codes.get(child["name"]) == "row":
                self._read_row(child)
            else:
                scan.plain = False
                self._content(child)
        scan.end = self.closed

    def _read_row(self, tag: Tag) -> None:
        written = attributes_of(tag["attributes"]).get("r")
        if written is None:
            self.scan.implicit, self.scan.plain = True, False
            self.row += 1
        elif written.isascii() and written.strip().isdigit() and 1 <= int(written) <= MAX_ROWS:
            self.row = int(written)
        else:
            raise Refused(f"damaged: the part {self.part} has a row called {written!r}")
        self.column = 0
        place = RowPlace(self.row, tag.start(), tag.end(), tag.end(), tag.end())
        self.places.append(place)
        if tag["empty"]:
            return
        while (match := self.usual.match(self.text, self.at)) is not None:
            self._read_usual(match)
        for child in self._children():
            if self.codes.get(child["name"]) == "c":
                self._read_cell(child)
                while (match := self.usual.match(self.text, self.at)) is not None:
                    self._read_usual(match)
            else:
                self.scan.plain = False
                self._content(child)
        place.inner_end, place.end = self.closed, self.at

    def _go_to(self, name: str | None) -> None:
        """Go to a cell by its name, or to the next one."""
        if name is None:
            self.scan.implicit, self.scan.plain = True, False
            row, column = self.row, self.column + 1
        else:
            match = _NAME.fullmatch(name)
            if match is None:
                raise Refused(f"damaged: the part {self.part} has a cell called {name!r}")
            row, column = int(match[2]), column_number(match[1])
        if not 1 <= row <= MAX_ROWS or column > MAX_COLUMNS:
            raise Refused(f"damaged: the part {self.part} has a cell {cell_name(row, column)} outside the sheet")
        place = row << 15 | column
        if place <= self.last:
            self.ordered = self.scan.plain = False
        self.row, self.column, self.last = row, column, place

    def _read_usual(self, match: Tag) -> None:
        """Read a cell that is written the usual way."""
        letters, digits, written, has_formula, shape, formula, has_value, data = match.groups()
        self._go_to(letters + digits)
        start, end = match.span()
        self.at = end
        given = self._attributes(written)
        kind = given.get("t", "n")
        value = self.values.resolved(kind, data)
        if has_formula:
            shown = match.span(7) if has_value else (match.end(4), match.end(4))
            spots = Spots(start, match.end(3) + 1, *match.span(4), *shown)
            self._end_cell(given, kind, value, start, end, (from_xml(formula or ""), self._attributes(shape), spots))
        else:
            self._end_cell(given, kind, value, start, end, None, data)

    def _read_cell(self, tag: Tag) -> None:
        """Read a cell that is written in any other way."""
        given = self._attributes(tag["attributes"])
        self._go_to(given.get("r"))
        kind = given.get("t", "n")
        value: str | None = None
        found: list[str] = []
        formula, shape = "", None
        formula_at = value_at = inside_at = (-1, -1)
        odd = spaced = has_entities = False
        for child in () if tag["empty"] else self._children():
            code = self.codes.get(child["name"], "")
            if code == "f":
                odd = odd or value_at[0] >= 0 or formula_at[0] >= 0
                formula, shape = self._content(child, True), self._attributes(child["attributes"])
                formula_at = (child.start(), self.at)
            elif code == "v":
                odd = odd or value_at[0] >= 0
                value = self._content(child, True)
                value_at = (child.start(), self.at)
                has_entities = "&" in self.text[slice(*value_at)] and "&#" in self.text
            elif code == "is":
                found, spaced, several = self._read_inside(child)
                odd = odd or several
                inside_at = (child.start(), self.at)
            else:
                odd = True
                self._learn([*self._prefixes(attributes_of(child["attributes"]))])
                self._content(child)
        has_text = inside_at[0] >= 0
        data = "".join(found) if kind == "inlineStr" and has_text else value
        usual = bool(data) and (spaced or data == str(data).strip())
        if has_text and (kind != "inlineStr" or value is not None or not usual):
            odd = True
        shown = self.values.resolved(kind, data, has_text)
        cell = None
        if shape is not None:
            spans = [span for span in (value_at, inside_at) if span[0] >= 0] or [(formula_at[1], formula_at[1])]
            bounds = min(spans)[0], max(map(itemgetter(1), spans))  # both go for the new one
            cell = formula, shape, Spots(tag.start(), tag.end(), *formula_at, *bounds)
        self._end_cell(given, kind, shown, tag.start(), self.at, cell, data, odd, has_entities, has_text)

    def _read_inside(self, tag: Tag) -> tuple[list[str], bool, bool]:
        """Return the texts that stand inside a cell, whether the last keeps its spaces, and whether any is in runs."""
        found: list[str] = []
        spaced = several = False
        for child in () if tag["empty"] else self._children():
            code = self.codes.get(child["name"])
            inner: Iterator[Tag] = iter([child])
            if code == "r" and not child["empty"]:
                inner = self._children()
            for each in inner:
                if self.codes.get(each["name"]) == "t":
                    several = several or code == "r" or bool(found)
                    spaced = attributes_of(each["attributes"]).get("xml:space") == "preserve"
                    found.append(self._content(each))
                else:
                    self._content(each)
        return found, spaced, several

    def _end_cell(
        self,
        given: dict[str, str],
        kind: str,
        value: Any,
        start: int,
        end: int,
        formula: tuple[str, dict[str, str], Spots] | None,
        data: str | None = None,
        odd: bool = False,
        has_entities: bool = False,
        has_text: bool = False,
    ) -> None:
        scan, row, column = self.scan, self.row, self.column
        place = self.places[-1]
        place.cells.append((column, start, end))
        if place.number != row:
            place.strangers.append((row, column))
        if formula is not None:
            simple = "vm" not in given and not odd and not has_text
            own = self._simple_data(end, formula[2]) if simple else None
            rare = formula[2], formula[1], kind, "cm" in given
            self.formulas.append((row, column, formula[0], value, end, own, rare))
        elif value is not None:
            if kind == "n" and value.__class__ is str:
                odd = True
                scan.unreadable[row, column] = f'"{value[:40]}" where a number belongs'
            elif kind == "n" and (data != (data or "").strip() or has_entities):
                odd = True
            elif value.__class__ is str and "\ufffd" in value and "\ufffd" not in (data or ""):
                scan.unreadable[row, column] = "half a character"
            self.constants.append((row, column, value))
        if odd:
            scan.plain = False

    def _simple_data(self, end: int, spots: Spots) -> str | None:
        """Return a cell's character data where it stands right before the closing tags, None where it does not."""
        text = self.text
        if spots.value == spots.value_end or text.startswith("/>", spots.value_end - 2):
            return "" if text.startswith("</c>", spots.value_end) else None
        if not text.startswith("</v></c>", end - 8):
            return None
        data = text[text.index(">", spots.value) + 1 : end - 8]
        return None if "<" in data else data

    def _refuse_doubles(self) -> None:
        places = sorted([each[:2] for each in self.constants] + [each[:2] for each in self.formulas])
        for one, other in pairwise(places):
            if one == other:
                raise Refused(f"damaged: the part {self.part} has the cell {cell_name(*one)} twice")
