"""Worksheet XML read fast: the values of its cells, and its formula cells with the place of each in the text."""

from __future__ import annotations

import datetime as dt
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from math import isfinite
from operator import lt
from typing import Any
from xml.parsers import expat

from ..cells import CellError
from .markup import ERROR_KINDS, ESCAPED_CHARACTER, from_cell_text, from_xml
from .references import MAX_COLUMNS, MAX_ROWS, Area, column_letters, column_number, parse_area
from .refusals import Refused

_SHEET_DATA = re.compile(r"<((?:[\w.-]+:)?)sheetData(?:\s[^>]*?)?(/?)>")
_FAST_CELL = re.compile(
    r'<c r="([A-Z]+)([0-9]+)"((?: [\w:]+="[^"<]*")*) ?'
    r'(?:/>|>(?:(<f(?: [\w:]+="[^"<]*")* ?/?>)(?:([^<]*)</f>)?)?'
    r'(?:<v(?: xml:space="preserve")?>([^<]*)</v>|<v ?/>)?</c>)'
)
_ATTRIBUTE = re.compile(r"([\w:.-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_MARKUP = re.compile(
    r"<!--.*?-->|<!\[CDATA\[(.*?)\]\]>|<\?.*?\?>"
    r"|<(/?)([^\s/>!?]+)((?:\s+[^\s=]+\s*=\s*(?:\"[^\"]*\"|'[^']*'))*)\s*(/?)>",
    re.S,
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
_REFERENCE = re.compile(r"([A-Za-z]{1,3})([0-9]{1,7})$")


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

    def __init__(
        self, row: int, column: int, formula: str, old: Any, end: int = -1, data: str | None = None
    ) -> None:
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
class SheetScan:
    """One worksheet's cells: constants as three lists in step, formula cells as objects, both in order of rows."""

    text: str
    encoding: str
    prefix: str
    start: int
    end: int
    value_rows: list[int] = field(default_factory=list)
    value_columns: list[int] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)
    formulas: list[FormulaCell] = field(default_factory=list)
    bottom: int = 0
    right: int = 0
    implicit: bool = False
    errors: bool = False
    plain: bool = False
    blocks: tuple[int, list[tuple[int, int, list[list[FormulaCell]]]]] | None = None

    def is_empty_element(self) -> bool:
        """Say whether the sheet's data is a tag without content, which `start` and `end` then enclose."""
        return self.text.startswith(f"<{self.prefix}sheetData", self.start)

    def has_escapes(self) -> bool:
        """Say whether any text has characters written as _x000D_."""
        found = self.text.find("_x", self.start, self.end)
        return found >= 0 and ESCAPED_CHARACTER.search(self.text, found, self.end) is not None

    def values_within(self, area: Area) -> dict[tuple[int, int], Any]:
        """Return the constants inside an area by (row, column)."""
        first = bisect_left(self.value_rows, area.top)
        last = bisect_right(self.value_rows, area.bottom)
        cells = zip(
            self.value_rows[first:last], self.value_columns[first:last], self.values[first:last], strict=True
        )
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
        places = zip(self.value_rows, self.value_columns, strict=True)
        return dict(zip(places, self.values, strict=True))


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
    opening = _SHEET_DATA.search(text)
    if opening is None:
        _check_well_formed(text, part)
        return SheetScan(text, encoding, "", 0, 0, plain=True)
    prefix = opening[1]
    if opening[2]:
        return SheetScan(text, encoding, prefix, opening.start(), opening.end(), plain=not prefix)
    start = opening.end()
    end = text.find(f"</{prefix}sheetData", start)
    if end < 0:
        raise Refused(f"damaged: the part {part} ends in the middle of its cells")
    scan = SheetScan(text, encoding, prefix, start, end)
    values = _Values(strings, date1904)
    special = text.find("<!", start, end) >= 0 or text.find("<?", start, end) >= 0
    if prefix or special or not _scan_fast(scan, values):
        scan = SheetScan(text, encoding, prefix, start, end)
        _check_well_formed(text, part)
        _scan_any(scan, values, part)
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


class _Values:
    """Turns a cell's type and character data into a value."""

    def __init__(self, strings: list[str], date1904: bool) -> None:
        self.strings = strings
        self.offset = 1462 if date1904 else 0
        self.errors: dict[str, CellError] = {}

    @staticmethod
    def number(data: str) -> Any:
        """Return the value of a cell without a type; "" is no value."""
        try:
            number = float(data)
        except ValueError:
            return data.strip() or None
        return number if number - number == 0 else None

    def read_fast(self, kind: str, data: str) -> Any:
        """Return the value of a cell whose missing data reads as ""."""
        if kind == "n":
            return self.number(data)
        if kind == "s":
            try:
                return self.strings[int(data)]
            except (ValueError, IndexError):
                return "" if data else None
        return self.read(kind, data) if data or kind == "str" else None

    def read(self, kind: str, data: str | None) -> Any:
        """Return the value of a cell, None when it has no data."""
        if data is None:
            return None
        if kind == "n":
            return self.number(data)
        if kind == "s":
            try:
                return self.strings[int(data)]
            except (ValueError, IndexError):
                return ""
        if kind in ("str", "inlineStr"):
            return from_cell_text(data)
        if kind == "b":
            return data.strip() in ("1", "true")
        if kind == "e":
            code = data.strip()
            return self.errors.setdefault(code, CellError(code if code in ERROR_KINDS else from_xml(code)))
        if kind == "d":
            return _serial(data, self.offset)
        return from_cell_text(data)


def _serial(text: str, offset: int) -> float | str:
    try:
        moment = dt.datetime.fromisoformat(text.strip())
    except ValueError:
        return text
    return (moment.replace(tzinfo=None) - dt.datetime(1899, 12, 30)) / dt.timedelta(days=1) - offset


def _attributes(text: str) -> dict[str, str]:
    return {name: from_xml(double or single) for name, double, single in _ATTRIBUTE.findall(text)}


def _scan_fast(scan: SheetScan, values: _Values) -> bool:
    """Read cells written the usual way, many at once; False when any cell is written otherwise."""
    text, start, end = scan.text, scan.start, scan.end
    found = _FAST_CELL.finditer(text, start, end)
    count = place = 0
    while matches := list(islice(found, _CHUNK)):
        count += len(matches)
        place = _scan_chunk(scan, values, matches, place)
        if place < 0:
            return False
    written = text.count("<c ", start, end) + text.count("<c>", start, end) + text.count("<c/", start, end)
    if count != written + text.count("<c\n", start, end) + text.count("<c\t", start, end):
        return False
    scan.plain = True
    scan.errors = bool(values.errors)
    scan.bottom = max(scan.value_rows[-1] if scan.values else 0, scan.formulas[-1].row if scan.formulas else 0)
    return True


def _scan_chunk(scan: SheetScan, values: _Values, matches: list[re.Match[str]], before: int) -> int:
    """Read some cells; return the place of the last one, -1 when they are out of order or outside the sheet."""
    letters, digits, attributes, tags, formulas, data = zip(*[match.groups("") for match in matches], strict=True)
    numbers = {each: column_number(each) if len(each) < 4 else MAX_COLUMNS + 1 for each in set(letters)}
    columns = list(map(numbers.__getitem__, letters))
    rows = list(map(int, digits))
    places = [row << 15 | column for row, column in zip(rows, columns, strict=True)]
    widest = max(numbers.values())
    if widest > MAX_COLUMNS or rows[-1] > MAX_ROWS or places[0] <= before or not all(map(lt, places, places[1:])):
        return -1
    parsed = {each: _attributes(each) for each in set(attributes)}
    types = {each: found.get("t", "n") for each, found in parsed.items()}
    if set(types.values()) == {"n"}:
        try:
            cells: list[Any] = list(map(float, data))
            if not all(map(isfinite, cells)):
                raise ValueError
        except ValueError:
            cells = [values.number(each) for each in data]
    else:
        read = values.read_fast
        cells = [read(types[each], content) for each, content in zip(attributes, data, strict=True)]
    scan.right = max(scan.right, widest)
    if not any(tags):
        kept = [index for index, value in enumerate(cells) if value is not None]
        scan.value_rows += [rows[index] for index in kept]
        scan.value_columns += [columns[index] for index in kept]
        scan.values += [cells[index] for index in kept]
    else:
        first = len(scan.formulas)
        _split_cells(scan, rows, columns, cells, tags, formulas, data, [match.end() for match in matches])
        own = [each for each, tag in zip(attributes, tags, strict=True) if tag]
        _add_attributes(scan.formulas[first:], own, parsed)
    return places[-1]


def _split_cells(
    scan: SheetScan,
    rows: Sequence[int],
    columns: Sequence[int],
    cells: Sequence[Any],
    tags: Sequence[str],
    formulas: Sequence[str],
    data: Sequence[str],
    ends: Sequence[int],
) -> None:
    add_row, add_column = scan.value_rows.append, scan.value_columns.append
    add_value, add_formula = scan.values.append, scan.formulas.append
    shapes: dict[str, dict[str, str]] = {}
    zipped = zip(rows, columns, cells, tags, formulas, data, ends, strict=True)
    for row, column, value, tag, formula, content, end in zipped:
        if not tag:
            if value is not None:
                add_row(row)
                add_column(column)
                add_value(value)
            continue
        if "&" in formula:
            formula = from_xml(formula)
        cell = FormulaCell(row, column, formula, value, end, content)
        add_formula(cell)
        if tag != "<f>":
            shape = shapes.get(tag)
            if shape is None:
                shape = _attributes(tag)
                if "ref" not in shape:
                    shapes[tag] = shape
            cell.attributes = shape
            if "t" in shape:
                cell.kind = shape["t"]


def _add_attributes(cells: list[FormulaCell], attributes: list[str], parsed: dict[str, dict[str, str]]) -> None:
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


def walk(scan: SheetScan) -> Iterator[tuple[str, int, int, str, str, str]]:
    """Yield (event, start, end, local name, attributes, data) for the markup between the sheetData tags.

    Parameters
    ----------
    scan : SheetScan
        A sheet whose text and bounds are known.

    Yields
    ------
    tuple
        Events "open", "close", "empty" and "text" (CDATA).
    """
    for match in _MARKUP.finditer(scan.text, scan.start, scan.end):
        name = match[3]
        if name is None:
            if match[1] is not None:
                yield "text", match.start(), match.end(), "", "", match[1]
            continue
        local = name.rpartition(":")[2]
        event = "close" if match[2] else "empty" if match[5] else "open"
        yield event, match.start(), match.end(), local, match[4], ""


def _scan_any(scan: SheetScan, values: _Values, part: str) -> None:
    """Read cells however they are written: prefixes, comments, CDATA, missing references."""
    text = scan.text
    row = column = 0
    cell: dict[str, str] | None = None
    cell_start = 0
    shape: dict[str, str] | None = None
    buffers: dict[str, list[str]] = {}
    open_names: list[str] = []
    mark = scan.start
    constants: list[tuple[int, int, Any]] = []

    def gather(upto: int) -> None:
        if cell is not None and open_names and "rPh" not in open_names and text[mark:upto]:
            buffers.setdefault(open_names[-1], []).append(from_xml(text[mark:upto]))

    def finish(end: int) -> None:
        assert cell is not None
        kind = cell.get("t", "n")
        found = buffers.get("t") if kind == "inlineStr" else buffers.get("v")
        data = "".join(found) if found is not None else None
        if kind in ("str", "inlineStr") and data is not None:
            data = data.replace("&", "&amp;")
        value = values.read(kind, data)
        if value is not None or shape is not None:
            scan.right = max(scan.right, column)
            scan.bottom = max(scan.bottom, row)
        if shape is not None:
            formula = FormulaCell(row, column, "".join(buffers.get("f", [])), value)
            formula.start, formula.end = cell_start, end
            formula.kind, formula.attributes, formula.dynamic = shape.get("t", "normal"), shape, "cm" in cell
            scan.formulas.append(formula)
        elif value is not None:
            constants.append((row, column, value))

    for event, start, end, name, attributes, data in walk(scan):
        if event == "text":
            gather(start)
            mark = end
            if cell is not None and open_names:
                buffers.setdefault(open_names[-1], []).append(data)
            continue
        gather(start)
        mark = end
        if cell is not None and name != "c":
            if event == "open":
                open_names.append(name)
                if name in ("v", "t"):
                    buffers.setdefault(name, [])
            elif event == "close" and open_names:
                open_names.pop()
            if name == "f" and event != "close":
                shape = _attributes(attributes)
            continue
        if name == "row" and event != "close":
            written = _attributes(attributes).get("r")
            if written is None:
                scan.implicit = True
            row = int(written) if written and written.isdigit() else row + 1
            column = 0
        elif name == "c" and event != "close":
            cell = _attributes(attributes)
            row, column = _position(cell.get("r"), row, column, scan, part)
            cell_start, shape, buffers, open_names = start, None, {}, []
            if event == "empty":
                cell = None
        elif name == "c" and cell is not None:
            finish(end)
            cell = None
    constants.sort(key=lambda each: each[:2])
    for row, column, value in constants:
        scan.value_rows.append(row)
        scan.value_columns.append(column)
        scan.values.append(value)
    scan.formulas.sort(key=lambda each: (each.row, each.column))
    scan.errors = bool(values.errors)


def _position(reference: str | None, row: int, column: int, scan: SheetScan, part: str) -> tuple[int, int]:
    if reference is None:
        scan.implicit = True
        return row, column + 1
    match = _REFERENCE.match(reference.replace("$", ""))
    if match is None:
        raise Refused(f"damaged: the part {part} has a cell called {reference!r}")
    row, column = int(match[2]), column_number(match[1])
    if not 1 <= row <= MAX_ROWS or column > MAX_COLUMNS:
        raise Refused(f"damaged: the part {part} has a cell {column_letters(column)}{row} outside the sheet")
    return row, column
