"""Worksheet XML read fast: the values of its cells, and its formula cells with the place of each in the text."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from operator import lt
from typing import Any
from xml.parsers import expat

from .cell_values import CellValues, attributes_of
from .markup import ESCAPED_CHARACTER, from_xml
from .references import MAX_COLUMNS, MAX_ROWS, Area, column_number, parse_area
from .refusals import Refused

_SHEET_DATA = re.compile(r"<((?:[\w.-]+:)?)sheetData(?:\s[^>]*?)?(/?)>")
_FAST_CELL = re.compile(
    r'<c r="([A-Z]+)([0-9]+)"((?: [\w:]+="[^"<]*")*) ?'
    r'(?:/>|>(?:(<f(?: [\w:]+="[^"<]*")* ?/?>)(?:([^<]*)</f>)?)?'
    r'(?:<v(?: xml:space="preserve")?>([^<]*)</v>|<v ?/>)?</c>)'
)
#: So many cells are read at a time: more is no faster and takes more memory.
_CHUNK = 8192
#: Sheets up to this size are checked by an XML parser as a whole, larger ones without their cells.
CHECKED_WHOLE = 2**20
_EMPTY_ROW = re.compile(r"<row(?: [^<>]*)?/>")
_FILTER = re.compile(r"<(?:\w+:)?autoFilter\s[^>]*?ref=\"([^\"]*)\"[^>]*>\s*<(?:\w+:)?(?:filterColumn|sortState)")
_HIDDEN_ROW = re.compile(r"<(?:\w+:)?row\s([^>]*)>")
_HIDDEN = re.compile(r"\bhidden\s*=\s*[\"'](?:1|true)[\"']")
_ROW_NUMBER = re.compile(r"(?:^|\s)r\s*=\s*[\"']([0-9]+)[\"']")


class FormulaCell:
    """A cell with a formula: where it is, what it showed, and later what became of it.

    There are hundreds of thousands of these, so what most cells share is an attribute of the class.

    Attributes
    ----------
    row, column : int
        The cell.
    formula : str
        Its formula as the calculation uses it: shared formulas are written out.
    old : worksheet value
        Its cached value, None when it has none.
    start, end : int
        Where its element lies in the sheet's text; a start of -1 has to be looked up.
    data, type
        The cached value as the file has it right before the closing tags, None when it is not so simple, and its type.
    kind, attributes, dynamic
        The formula element's type and attributes, and whether the cell carries cell metadata.
    lowered : str or None
        What the engine computes, None while (or because) it computes nothing.
    template : Template or None
        What the formula's shape was worked out to.
    value, status, cause
        The outcome: "computed", "error" or "kept".
    """

    start = -1
    type = "n"
    kind = "normal"
    attributes: dict[str, str] = {}  # noqa: RUF012 - shared on purpose and never changed
    dynamic = False
    lowered: str | None = None
    template: Any = None
    value: Any = None
    status = "computed"
    cause = ""

    def __init__(self, row: int, column: int, formula: str, old: Any, end: int = -1, data: str | None = None) -> None:
        self.row = row
        self.column = column
        self.formula = formula
        self.old = old
        self.end = end
        self.data = data

    @property
    def reference(self) -> str:
        """The area an array formula fills, "" for other formulas."""
        return self.attributes.get("ref", "")


@dataclass(slots=True)
class Constants:
    """A sheet's cells without formulas, as three lists in step, in order of rows and columns."""

    rows: list[int] = field(default_factory=list)
    columns: list[int] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)
    errors: bool = False


@dataclass(slots=True)
class SheetScan:
    """One worksheet's cells: the formula cells in order of rows, the constants read when they are first asked for."""

    text: str
    encoding: str
    prefix: str
    start: int
    end: int
    reader: CellValues
    part: str = ""
    formulas: list[FormulaCell] = field(default_factory=list)
    implicit: bool = False
    plain: bool = False
    blocks: tuple[int, list[tuple[int, int, list[list[FormulaCell]]]]] | None = None
    _constants: Constants | None = None

    @property
    def constants(self) -> Constants:
        """The cells without formulas."""
        if self._constants is None:
            self._constants = _read_constants(self)
        return self._constants

    def extent(self) -> tuple[int, int]:
        """Return the last row and column in use."""
        found = self.constants
        rows = [found.rows[-1] if found.rows else 0, self.formulas[-1].row if self.formulas else 0]
        columns = [max(found.columns, default=0), max((cell.column for cell in self.formulas), default=0)]
        return max(rows), max(columns)

    def is_empty_element(self) -> bool:
        """Say whether the sheet's data is a tag without content, which `start` and `end` then enclose."""
        return self.text.startswith(f"<{self.prefix}sheetData", self.start)

    def has_escapes(self) -> bool:
        """Say whether any text has characters written as _x000D_."""
        found = self.text.find("_x", self.start, self.end)
        return found >= 0 and ESCAPED_CHARACTER.search(self.text, found, self.end) is not None

    def values_within(self, area: Area) -> dict[tuple[int, int], Any]:
        """Return the constants inside an area by (row, column)."""
        found = self.constants
        first, last = bisect_left(found.rows, area.top), bisect_right(found.rows, area.bottom)
        cells = zip(found.rows[first:last], found.columns[first:last], found.values[first:last], strict=True)
        left, right = area.left, area.right
        return {(row, column): value for row, column, value in cells if left <= column <= right}

    def hidden_rows(self) -> frozenset[int]:
        """Return the rows that are not shown."""
        if self.text.find("hidden=", self.start, self.end) < 0:
            return frozenset()
        found = _HIDDEN_ROW.findall(self.text, self.start, self.end)
        return frozenset(
            int(number[1]) for tag in found if _HIDDEN.search(tag) and (number := _ROW_NUMBER.search(tag)) is not None
        )

    def filtered_area(self) -> Area | None:
        """Return the area of the sheet's own filter when it is in use."""
        match = _FILTER.search(self.text, self.end)
        return parse_area(match[1]) if match is not None else None

    def value_map(self) -> dict[tuple[int, int], Any]:
        """Return the constants by (row, column)."""
        found = self.constants
        return dict(zip(zip(found.rows, found.columns, strict=True), found.values, strict=True))


def scan_sheet(text: str, encoding: str, strings: list[str], date1904: bool, part: str) -> SheetScan:
    """Read a worksheet's cells.

    Parameters
    ----------
    text : str
        The whole part.
    encoding : str
        What turns the text back into the part's bytes.
    strings : list of str
        The workbook's shared strings.
    date1904 : bool
        Whether dates count from 1904.
    part : str
        The part's name, for messages.

    Returns
    -------
    SheetScan

    Raises
    ------
    Refused
        Not well-formed, or a cell outside the sheet.
    """
    values = CellValues(strings, date1904)
    opening = _SHEET_DATA.search(text)
    if opening is None:
        _check_well_formed(text, part)
        return SheetScan(text, encoding, "", 0, 0, values, part, plain=True, _constants=Constants())
    prefix = opening[1]
    if opening[2]:
        bounds = (opening.start(), opening.end())
        return SheetScan(text, encoding, prefix, *bounds, values, part, plain=not prefix, _constants=Constants())
    start = opening.end()
    end = text.find(f"</{prefix}sheetData", start)
    if end < 0:
        raise Refused(f"damaged: the part {part} ends in the middle of its cells")
    scan = SheetScan(text, encoding, prefix, start, end, values, part)
    special = text.find("<!", start, end) >= 0 or text.find("<?", start, end) >= 0
    if prefix or special or not _scan_fast(scan):
        scan = SheetScan(text, encoding, prefix, start, end, values, part)
        _check_well_formed(text, part)
        from .scan_any import scan_any

        scan_any(scan, values, part)
    elif len(text) <= CHECKED_WHOLE:
        _check_well_formed(text, part)
    else:
        _check_rows(scan, part)
        _check_well_formed(text[:start] + text[end:], part)
    return scan


def _check_rows(scan: SheetScan, part: str) -> None:
    """Check that row tags pair up; the cells between them were all recognised."""
    text, start, end = scan.text, scan.start, scan.end
    opened = text.count("<row ", start, end) + text.count("<row>", start, end)
    if opened != text.count("</row>", start, end) + len(_EMPTY_ROW.findall(text, start, end)):
        raise Refused(f"damaged: the part {part} is not well-formed XML (a row is not closed)")


def _check_well_formed(text: str, part: str) -> None:
    parser = expat.ParserCreate("utf-8")
    try:
        parser.Parse(re.sub(r"^\ufeff?\s*<\?xml[^>]*\?>", "", text, count=1).encode("utf-8", "replace"), True)
    except expat.ExpatError as error:
        raise Refused(f"damaged: the part {part} is not well-formed XML ({error})") from None


def _scan_fast(scan: SheetScan) -> bool:
    """Read the formula cells of a sheet written the usual way; False when any cell is written otherwise."""
    text, start, end = scan.text, scan.start, scan.end
    found = _FAST_CELL.finditer(text, start, end)
    count = place = 0
    while matches := list(islice(found, _CHUNK)):
        count += len(matches)
        formulas = [match for match in matches if match[4]]
        if formulas:
            place = _scan_formulas(scan, formulas, place)
            if place < 0:
                return False
    written = text.count("<c ", start, end) + text.count("<c>", start, end) + text.count("<c/", start, end)
    if count != written + text.count("<c\n", start, end) + text.count("<c\t", start, end):
        return False
    scan.plain = True
    return True


def _scan_formulas(scan: SheetScan, matches: list[re.Match[str]], before: int) -> int:
    """Read some formula cells; return the place of the last, -1 when they are out of order or outside the sheet."""
    letters, digits, attributes, tags, formulas, data = zip(*[match.groups("") for match in matches], strict=True)
    places = _places(letters, digits)
    if places is None or places[0] <= before or not all(map(lt, places, places[1:])):
        return -1
    parsed = {each: attributes_of(each) for each in set(attributes)}
    values = scan.reader.many(attributes, data, {each: found.get("t", "n") for each, found in parsed.items()})
    first = len(scan.formulas)
    _add_formulas(scan.formulas, places, values, tags, formulas, data, [match.end() for match in matches])
    _add_attributes(scan.formulas[first:], attributes, parsed)
    return places[-1]


def _read_constants(scan: SheetScan) -> Constants:
    """Read the cells without formulas of a sheet written the usual way."""
    found = _FAST_CELL.finditer(scan.text, scan.start, scan.end)
    constants = Constants()
    places: list[int] = []
    while matches := list(islice(found, _CHUNK)):
        plain = [match.groups("") for match in matches if not match[4]]
        if not plain:
            continue
        letters, digits, attributes, _, _, data = zip(*plain, strict=True)
        some = _places(letters, digits)
        if some is None:
            raise Refused(f"damaged: the part {scan.part} has a cell outside the sheet")
        types = {each: attributes_of(each).get("t", "n") for each in set(attributes)}
        values = scan.reader.many(attributes, data, types)
        if None in values:
            kept = [index for index, value in enumerate(values) if value is not None]
            some, values = [some[index] for index in kept], [values[index] for index in kept]
        places += some
        constants.values += values
    if not all(map(lt, places, places[1:])):
        ordered = sorted(dict(zip(places, constants.values, strict=True)).items())
        places, constants.values = [place for place, _ in ordered], [value for _, value in ordered]
    constants.rows = [place >> 15 for place in places]
    constants.columns = [place & 32767 for place in places]
    constants.errors = bool(scan.reader.errors)
    return constants


def _places(letters: Sequence[str], digits: Sequence[str]) -> list[int] | None:
    """Return cells' places as single numbers in order of rows, None when one lies outside the sheet."""
    numbers = {each: column_number(each) if len(each) < 4 else MAX_COLUMNS + 1 for each in set(letters)}
    rows = list(map(int, digits))
    if max(numbers.values()) > MAX_COLUMNS or max(rows) > MAX_ROWS or min(rows) < 1:
        return None
    return [row << 15 | numbers[each] for row, each in zip(rows, letters, strict=True)]


def _add_formulas(
    cells: list[FormulaCell],
    places: Sequence[int],
    values: Sequence[Any],
    tags: Sequence[str],
    formulas: Sequence[str],
    data: Sequence[str],
    ends: Sequence[int],
) -> None:
    shapes: dict[str, dict[str, str]] = {}
    add = cells.append
    for place, value, tag, formula, content, end in zip(places, values, tags, formulas, data, ends, strict=True):
        if "&" in formula:
            formula = from_xml(formula)
        cell = FormulaCell(place >> 15, place & 32767, formula, value, end, content)
        add(cell)
        if tag != "<f>":
            shape = shapes.get(tag)
            if shape is None:
                shape = attributes_of(tag)
                if "ref" not in shape:
                    shapes[tag] = shape
            cell.attributes = shape
            if "t" in shape:
                cell.kind = shape["t"]


def _add_attributes(cells: list[FormulaCell], attributes: Sequence[str], parsed: dict[str, dict[str, str]]) -> None:
    unusual = {each: found for each, found in parsed.items() if "cm" in found or "t" in found or "vm" in found}
    if not unusual:
        return
    for cell, each in zip(cells, attributes, strict=True):
        found = unusual.get(each)
        if found is not None:
            cell.dynamic = "cm" in found
            cell.type = found.get("t", "n")
            if "vm" in found:
                cell.data = None
