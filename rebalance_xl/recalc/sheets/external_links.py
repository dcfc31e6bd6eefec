"""Other workbooks that formulas refer to, as this one has cached them: what Excel uses while links are not updated.

``[N]Sheet!A1`` means the N-th external reference of the workbook. Its part lists the cells that some formula reads; a
cell that a cached sheet does not list is blank, a sheet that is not cached is unknown. Sheets that no formula mentions,
which are most where names are left over, are not read. Source: ECMA-376-1 18.14.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final
from xml.etree import ElementTree

from ..files.markup import to_xml
from ..files.package import Package
from ..files.parts import parsed, parsed_or_none, relations_of
from ..references import parse_area
from .scan import scan_sheet
from .sheet_scan import SheetScan

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
    books: dict[int, ElementTree.Element] = {}
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


def _define(defined: Names, number: int, book: ElementTree.Element) -> None:
    for each in book.iterfind(".//{*}definedName"):
        if each.get("refersTo"):
            text = str(each.get("refersTo")).lstrip("=")
            defined[-1 - number, str(each.get("name", "")).lower()] = _SHEET.sub(
                lambda match: f"'[{number}]{match[1][1:-1] if match[1][0] == chr(39) else match[1]}'!", text
            )


def _mentioned(number: int, book: ElementTree.Element, said: str) -> Iterator[tuple[int, str, str]]:
    """Yield the cached sheets that formulas mention: the place, the name and the worksheet of each."""
    labels = [each.get("val", "") for each in book.iterfind(".//{*}sheetName")]
    for data in book.iterfind(".//{*}sheetData"):
        try:
            place = int(data.get("sheetId", ""))
            label = labels[place]
        except (ValueError, IndexError):
            continue
        mentioned = f"[{number}]{label}".lower().replace("'", "''") in said
        if mentioned or re.search(rf"\[{number}\][^'!\]]*:", said):
            sheet = _worksheet(data)
            if sheet is not None:
                yield place, label, sheet


def _worksheet(data: ElementTree.Element) -> str | None:
    """Return a cached sheet as a worksheet, None when it is not written as it should be."""
    cells: dict[tuple[int, int], str] = {}
    for cell in data.iterfind(".//{*}cell"):
        name = cell.get("r", "")
        area = parse_area(name)
        kind = cell.get("t", "n")
        if area is None or kind not in _TYPES:
            return None
        value = cell.findtext("{*}v", "")
        cells[area.top, area.left] = f'<c r="{name}" t="{kind}"><v>{to_xml(value)}</v></c>'
    rows: dict[int, list[str]] = {}
    for row, column in sorted(cells):
        rows.setdefault(row, []).append(cells[row, column])
    body = "".join(f'<row r="{row}">{"".join(listed)}</row>' for row, listed in rows.items())
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return f'<worksheet xmlns="{main}"><sheetData>{body}</sheetData></worksheet>'
