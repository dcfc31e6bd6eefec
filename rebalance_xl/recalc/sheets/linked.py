"""What cells show that comes from elsewhere: linked data types, pictures, errors of newer programs, other workbooks.

A cell with a linked data type carries ``t="e"`` and ``#VALUE!`` for old programs; the number in `vm` leads through
xl/metadata.xml to a rich value, whose structure names its fields. Source: [MS-XLSX] 2.3.6.1 and 2.6.203 onwards.

``[N]Sheet!A1`` means the N-th external reference of the workbook. Its part lists the cells that some formula reads, as
this workbook has cached them: what Excel uses while links are not updated. A cell that a cached sheet does not list is
blank, a sheet that is not cached is unknown. Sheets that no formula mentions, which are most where names are left over,
are not read. Source: ECMA-376-1 18.14.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final
from xml.etree.ElementTree import Element

from ...cells import CellError
from ..files.package import Package
from ..files.parts import parsed, parsed_or_none, relations_of, to_xml
from ..references import Place, parse_area
from .cell_xml import attributes_of
from .scan import scan_sheet
from .sheet_scan import SheetScan

_CELL: Final = re.compile(r"<(?:[\w.-]+:)?c\s([^>]*?\bvm\s*=\s*[\"']\d+[\"'][^>]*)>")
#: The fields that are known, by the letter of their kind, as formulas write them.
_WRITTEN: Final[dict[str, Callable[[str], str]]] = {
    **dict.fromkeys("di", lambda text: repr(float(text))),
    "b": lambda text: "TRUE" if text in ("1", "true", "TRUE") else "FALSE",
    "s": lambda text: '"' + text.replace('"', '""') + '"',
    "e": str,
}
_VALUES, _SHAPES = "xl/richData/rdrichvalue.xml", "xl/richData/rdrichvaluestructure.xml"
_ERRORS: Final = {"8": "#SPILL!", "13": "#CALC!"}


@dataclass(frozen=True, slots=True)
class Linked:
    """What one number of `vm` stands for.

    What the cell really is, a text or an error, is `shown`, None when that is not known (a picture, a part that is
    missing); `fields` are its fields by name but for rich values, as formulas write them.
    """

    shown: str | CellError | None = None
    fields: dict[str, str] = field(default_factory=dict)


UNKNOWN: Final = Linked()


def linked_cells(package: Package, scans: list[SheetScan]) -> dict[Place, Linked]:
    """Return what the cells with a `vm` hold, by sheet, row and column; formatted numbers are left out."""
    found: dict[Place, Linked] = {}
    meanings: dict[int, Linked | None] | None = None
    for sheet, scan in enumerate(scans):
        if not scan.has_metadata or scan.text.find("vm", scan.start, scan.end) < 0:
            continue
        for match in _CELL.finditer(scan.text, scan.start, scan.end):
            given = attributes_of(match[1])
            area = parse_area(given.get("r", ""))
            if area is None or "vm" not in given:
                continue
            if meanings is None:
                meanings = _meanings(package)
            meant = meanings.get(int(given["vm"]), UNKNOWN)
            if meant is not None:
                found[sheet, area.top, area.left] = meant
    return found


def _meanings(package: Package) -> dict[int, Linked | None]:
    """Return what every number of `vm` stands for, None where the cell's own value counts: a formatted number."""
    metadata = parsed_or_none(package.container, package.metadata_part or "xl/metadata.xml")
    if metadata is None:
        return {}
    types = [each.get("name", "") for each in metadata.iterfind(".//{*}metadataType")]
    future = {each.get("name", ""): each.findall("{*}bk") for each in metadata.iterfind(".//{*}futureMetadata")}
    values, shapes = _elements(package, _VALUES, "rv"), _elements(package, _SHAPES, "s")
    found: dict[int, Linked | None] = {}
    for number, block in enumerate(metadata.iterfind(".//{*}valueMetadata/{*}bk"), 1):
        try:
            record = next(block.iterfind("{*}rc"))
            kind, place = int(record.get("t", "")), int(record.get("v", ""))
            blocks = future.get(types[kind - 1], [])
            value = int(next(blocks[place].iterfind(".//{*}rvb")).get("i", ""))
            found[number] = _linked(values, shapes, value)
        except (ValueError, IndexError, StopIteration):
            found[number] = UNKNOWN
    return found


def _elements(package: Package, part: str, name: str) -> list[Element]:
    root = parsed_or_none(package.container, part)
    return [] if root is None else root.findall(f"{{*}}{name}")


def _linked(values: list[Element], shapes: list[Element], number: int, depth: int = 0) -> Linked | None:
    shape = shapes[int(values[number].get("s", ""))]
    name = shape.get("t", "")
    if name == "_formattednumber":
        return None
    fields: dict[str, str] = {}
    shown = None
    for each, value in zip(shape.findall("{*}k"), values[number].findall("{*}v"), strict=False):
        key, kind, text = each.get("n", ""), each.get("t", "d"), value.text or ""
        if name == "_error" and key == "errorType":
            return Linked(CellError(_ERRORS.get(text, "#VALUE!")))
        if kind == "r" and key == "%cvi" and depth < 4:
            return _linked(values, shapes, int(text), depth + 1)
        if kind in _WRITTEN:
            fields[key] = _WRITTEN[kind](text)
        if kind == "s" and key == "_DisplayString":
            shown = text
    return UNKNOWN if "mage" in name else Linked(shown, fields)


#: How the engine's names of sheets begin that are cached from other workbooks.
CACHED: Final = "rl_link_"

_RELATION: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_SHEET: Final = re.compile(r"('(?:[^']|'')+'|[^\W\d][\w.]*)!")
_TYPES: Final = ("n", "b", "e", "str")
#: What names stand for, by their scope and themselves in lower case.
Names = dict[tuple[int, str], str]


def add_external_links(
    package: Package, scans: list[SheetScan], names: list[str], index: dict[str, int], defined: Names
) -> None:
    """Add what a workbook has cached of other workbooks that its formulas mention, as if it were of this one.

    To its sheets, to what the engine calls them, to their numbers by what formulas call them in lower case
    ("[1]prices"), and to the defined names by their scope, which is -1 - N for the N-th link.
    """
    formulas = [text for scan in scans for text in scan.formulas.texts]
    container, part = package.container, package.part
    relations = relations_of(container, part)
    books: dict[int, Element] = {}
    for number, reference in enumerate(parsed(container, part).iterfind(".//{*}externalReference"), 1):
        target, _ = relations.get(reference.get(_RELATION, ""), ("", ""))
        book = parsed_or_none(container, target)
        if book is not None:
            books[number] = book
            _define(defined, number, book)
    said = _said(defined, formulas)
    for number, book in books.items():
        for place, label, sheet in _mentioned(number, book, said):
            if f"[{number}]{label}".lower() not in index:
                name = f"{CACHED}{number}_{place}"
                index[f"[{number}]{label}".lower()] = index[name] = len(scans)
                names.append(name)
                scans.append(scan_sheet(sheet, "utf-8", [], package.date1904, f"link {number}"))


def _said(names: Names, formulas: Iterable[str]) -> str:
    """Return in lower case what formulas say, and what the names stand for that they mention."""
    waiting = [(name, text) for (_, name), text in names.items()]
    said = "\n".join([*formulas, *(text for _, text in waiting if "[" not in text)]).lower()
    waiting = [(name, text) for name, text in waiting if "[" in text]
    while more := [text for name, text in waiting if name in said]:
        waiting = [(name, text) for name, text in waiting if name not in said]
        said += "\n".join(more).lower()
    return said


def _define(defined: Names, number: int, book: Element) -> None:
    for each in book.iterfind(".//{*}definedName"):
        if each.get("refersTo"):
            text = str(each.get("refersTo")).lstrip("=")
            defined[-1 - number, str(each.get("name", "")).lower()] = _SHEET.sub(
                lambda match: f"'[{number}]{match[1][1:-1] if match[1][0] == chr(39) else match[1]}'!", text
            )


def _mentioned(number: int, book: Element, said: str) -> Iterator[tuple[int, str, str]]:
    """Yield the cached sheets that formulas mention: the place, the name and the worksheet of each."""
    labels = [each.get("val", "") for each in book.iterfind(".//{*}sheetName")]
    for data in book.iterfind(".//{*}sheetData"):
        try:
            place = int(data.get("sheetId", ""))
            label = labels[place]
        except (ValueError, IndexError):
            continue
        if data.get("refreshError") in ("1", "true") and data.find(".//{*}cell") is None:
            continue  # it could not be read, and was not before
        mentioned = f"[{number}]{label}".lower().replace("'", "''") in said
        if mentioned or re.search(rf"\[{number}\][^'!\]]*:", said):
            sheet = _worksheet(data)
            if sheet is not None:
                yield place, label, sheet


def _worksheet(data: Element) -> str | None:
    """Return a cached sheet as a worksheet, None when it is not written as it should be."""
    cells: dict[tuple[int, int], str] = {}
    for cell in data.iterfind(".//{*}cell"):
        name = cell.get("r", "")
        area = parse_area(name)
        kind = cell.get("t", "n")
        if area is None or kind not in _TYPES:
            return None
        value = to_xml(cell.findtext("{*}v", ""))
        cells[area.top, area.left] = f'<c r="{name}" t="{kind}"><v>{value}</v></c>'
    rows: dict[int, list[str]] = {}
    for row, column in sorted(cells):
        rows.setdefault(row, []).append(cells[row, column])
    body = "".join(f'<row r="{row}">{"".join(listed)}</row>' for row, listed in rows.items())
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return f'<worksheet xmlns="{main}"><sheetData>{body}</sheetData></worksheet>'
