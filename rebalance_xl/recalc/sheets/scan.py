"""Worksheet XML read fast: the values of its cells, and its formula cells with the place of each in the text."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from itertools import islice
from operator import lt
from typing import Any
from xml.parsers import expat

from ..files.markup import all_from_xml
from ..files.refusals import Refused
from ..references import MAX_COLUMNS, MAX_ROWS, column_number
from .cell_values import CellValues, attributes_of
from .scan_rows import FAST_CELL, has_odd_texts, is_odd_text, scan_rows
from .sheet_scan import Constants, FormulaCell, SheetScan

_SHEET_DATA = re.compile(r"<((?:[\w.-]+:)?)sheetData(?:\s[^>]*?)?(/?)>")
#: So many cells are read at a time: more is no faster and takes more memory.
_CHUNK = 8192
#: Sheets up to this size are checked by an XML parser as a whole, larger ones without their cells.
CHECKED_WHOLE = 2**20
#: Cells that take so many characters are read in rows that are alike, as far as they are.
ALIKE = 2**18
#: Cells that take so many characters are read with arrays, when those have to be loaded first and when not.
BULK = 2**22
BULK_LOADED = 2**18
_EMPTY_ROW = re.compile(r"<row(?: [^<>]*)?/>")


def scan_sheet(
    text: str, encoding: str, strings: list[str], date1904: bool, part: str, *, exact: bool = False
) -> SheetScan:
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
    exact : bool
        Read every sheet cell by cell, as odd ones are.

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
    scan = SheetScan(text, encoding, prefix, start, end, values, part, read_constants=_read_constants, index=_index)
    if not exact and not prefix and end - start >= ALIKE and _scan_large(scan):
        _check_well_formed(text if len(text) <= CHECKED_WHOLE else text[:start] + text[end:], part)
        return scan
    special = text.find("<!", start, end) >= 0 or text.find("<?", start, end) >= 0
    if exact or prefix or special or not _scan_fast(scan):
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


def _scan_large(scan: SheetScan) -> bool:
    """Read a large sheet by rows that are alike or with arrays; False when neither is possible."""
    pays = _arrays_pay(scan)
    if pays and ("numpy" in sys.modules or _mostly_constants(scan)):
        return _index(scan) or scan_rows(scan)
    return scan_rows(scan) or (pays and _index(scan))


def _arrays_pay(scan: SheetScan) -> bool:
    return scan.end - scan.start >= (BULK_LOADED if "numpy" in sys.modules else BULK)


def _mostly_constants(scan: SheetScan) -> bool:
    """Guess from its beginning whether a sheet has few formulas: then its constants will be asked for."""
    end = min(scan.start + 2**16, scan.end)
    return 4 * scan.text.count("<f", scan.start, end) < scan.text.count("<c ", scan.start, end)


def _index(scan: SheetScan) -> bool:
    """Read a sheet with arrays when that pays; False when it does not or cannot be done."""
    if not _arrays_pay(scan):
        return False
    try:
        from .scan_bulk import scan_bulk
    except ImportError:  # without numpy there are no arrays
        return False
    return scan_bulk(scan)


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
    found = FAST_CELL.finditer(text, start, end)
    count = place = 0
    inside = text.find("<is>", start, end) >= 0
    if inside and has_odd_texts(scan):
        return False
    while matches := list(islice(found, _CHUNK)):
        count += len(matches)
        if inside and any(map(is_odd_text, matches)):
            return False
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
    letters, digits, attributes, tags, formulas, data, _ = zip(*[match.groups("") for match in matches], strict=True)
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
    found = FAST_CELL.finditer(scan.text, scan.start, scan.end)
    constants = Constants()
    places: list[int] = []
    while matches := list(islice(found, _CHUNK)):
        plain = [match.groups("") for match in matches if not match[4]]
        if not plain:
            continue
        letters, digits, attributes, _, _, data, inside = zip(*plain, strict=True)
        if any(inside):
            data = tuple(map(str.__add__, data, inside))
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
    formulas = all_from_xml(formulas)
    for place, value, tag, formula, content, end in zip(places, values, tags, formulas, data, ends, strict=True):
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
