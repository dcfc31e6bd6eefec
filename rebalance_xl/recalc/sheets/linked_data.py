"""Cells that hold a linked data type, a picture or an error of newer programs: what they really show, by their `vm`.

Such a cell carries ``t="e"`` and ``#VALUE!`` for old programs; the number in `vm` leads through xl/metadata.xml to a
rich value, whose structure names its fields. Source: [MS-XLSX] 2.3.6.1 and 2.6.203 onwards.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final
from xml.etree.ElementTree import Element

from ...cells import CellError
from ..files.package import Package
from ..files.parts import parsed_or_none
from ..references import Area, Place, parse_area
from .cell_values import attributes_of
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

    The `text` is what the cell shows, None when that is not known (a picture, a part that is missing); `fields` are
    its fields by name but for rich values, as formulas write them; `error` is what the cell really is, "" for none;
    `plain` says that the cell's own value counts, as for formatted numbers.
    """

    text: str | None = None
    fields: dict[str, str] = field(default_factory=dict)
    error: str = ""
    plain: bool = False

    @property
    def shown(self) -> Any:
        """What the cell shows, None when that is not known."""
        return CellError(self.error) if self.error else self.text


UNKNOWN: Final = Linked()


def linked_cells(package: Package, scans: list[SheetScan]) -> dict[Place, Linked]:
    """Return what the cells with a `vm` hold, by sheet, row and column; formatted numbers are left out."""
    found: dict[Place, Linked] = {}
    meanings: dict[int, Linked] | None = None
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
            if not meant.plain:
                found[sheet, area.top, area.left] = meant
    return found


def _meanings(package: Package) -> dict[int, Linked]:
    """Return what every number of `vm` stands for."""
    metadata = parsed_or_none(package.container, package.metadata_part or "xl/metadata.xml")
    if metadata is None:
        return {}
    types = [each.get("name", "") for each in metadata.iterfind(".//{*}metadataType")]
    future = {each.get("name", ""): each.findall("{*}bk") for each in metadata.iterfind(".//{*}futureMetadata")}
    values, shapes = _elements(package, _VALUES, "rv"), _elements(package, _SHAPES, "s")
    found: dict[int, Linked] = {}
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


def _linked(values: list[Element], shapes: list[Element], number: int, depth: int = 0) -> Linked:
    shape = shapes[int(values[number].get("s", ""))]
    name = shape.get("t", "")
    if name == "_formattednumber":
        return Linked(plain=True)
    fields: dict[str, str] = {}
    shown = None
    for each, value in zip(shape.findall("{*}k"), values[number].findall("{*}v"), strict=False):
        key, kind, text = each.get("n", ""), each.get("t", "d"), value.text or ""
        if name == "_error" and key == "errorType":
            return Linked(error=_ERRORS.get(text, "#VALUE!"))
        if kind == "r" and key == "%cvi" and depth < 4:
            return _linked(values, shapes, int(text), depth + 1)
        if kind in _WRITTEN:
            fields[key] = _WRITTEN[kind](text)
        if kind == "s" and key == "_DisplayString":
            shown = text
    return UNKNOWN if "mage" in name else Linked(shown, fields)


def field_text(linked: dict[Place, Linked], sheet: int, area: Area | None, name: str) -> str | None:
    """Return a field of the linked data type in a cell as formula text, None when it is not known."""
    if area is None or area.size != 1:
        return None
    found = linked.get((sheet, area.top, area.left))
    return "#VALUE!" if found is None else found.fields.get(name)
