"""Cells that hold a linked data type, a picture or an error of newer programs: what they really show, by their `vm`.

Such a cell carries ``t="e"`` and ``#VALUE!`` for old programs; the number in `vm` leads through xl/metadata.xml to a
rich value, whose structure names its fields. Source: [MS-XLSX] 2.3.6.1 and 2.6.203 onwards.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final

from ...cells import CellError
from ..files.package import Package
from ..files.parts import children, every, parsed_or_none
from ..references import Area, Place, parse_area
from .cell_values import attributes_of
from .sheet_scan import SheetScan

_CELL: Final = re.compile(r"<(?:[\w.-]+:)?c\s([^>]*?\bvm\s*=\s*[\"']\d+[\"'][^>]*)>")
_SHOWN: Final = "_DisplayString"
_VALUES, _STRUCTURES = "xl/richData/rdrichvalue.xml", "xl/richData/rdrichvaluestructure.xml"
_ERRORS: Final = {"8": "#SPILL!", "13": "#CALC!"}


@dataclass(frozen=True, slots=True)
class Linked:
    """What one number of `vm` stands for.

    The `text` is what the cell shows, None when that is not known (a picture, a part that is missing); `fields` are
    its fields by name but for rich values; `error` is what the cell really is, "" for none; `plain` says that the
    cell's own value counts, as for formatted numbers.
    """

    text: str | None = None
    fields: dict[str, Any] = field(default_factory=dict)
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
    types = [each.get("name", "") for each in every(metadata, "metadataType")]
    future = {each.get("name", ""): children(each, "bk") for each in every(metadata, "futureMetadata")}
    values, structures = _rich_values(package)
    found: dict[int, Linked] = {}
    for number, block in enumerate((bk for each in every(metadata, "valueMetadata") for bk in children(each, "bk")), 1):
        record = next(iter(children(block, "rc")), None)
        try:
            kind, place = int(record.get("t", "")), int(record.get("v", ""))  # type: ignore[union-attr]
            blocks = future.get(types[kind - 1], [])
            value = int(next(every(blocks[place], "rvb")).get("i", ""))
            found[number] = _linked(values, structures, value)
        except (AttributeError, ValueError, IndexError, StopIteration):
            found[number] = UNKNOWN
    return found


def _rich_values(package: Package) -> tuple[list[tuple[int, list[str]]], list[tuple[str, list[tuple[str, str]]]]]:
    root, shapes = parsed_or_none(package.container, _VALUES), parsed_or_none(package.container, _STRUCTURES)
    if root is None or shapes is None:
        return [], []
    values = [
        (int(each.get("s", "-1")), [value.text or "" for value in children(each, "v")]) for each in children(root, "rv")
    ]
    structures = [
        (each.get("t", ""), [(key.get("n", ""), key.get("t", "d")) for key in children(each, "k")])
        for each in children(shapes, "s")
    ]
    return values, structures


def _linked(
    values: list[tuple[int, list[str]]],
    structures: list[tuple[str, list[tuple[str, str]]]],
    number: int,
    depth: int = 0,
) -> Linked:
    shape, texts = values[number]
    name, keys = structures[shape]
    if name == "_formattednumber":
        return Linked(plain=True)
    fields: dict[str, Any] = {}
    for (key, kind), text in zip(keys, texts, strict=False):
        if name == "_error" and key == "errorType":
            return Linked(error=_ERRORS.get(text, "#VALUE!"))
        if kind == "r" and key == "%cvi" and depth < 4:
            return _linked(values, structures, int(text), depth + 1)
        if kind in ("d", "i"):
            fields[key] = float(text)
        elif kind == "b":
            fields[key] = text in ("1", "true", "TRUE")
        elif kind == "s":
            fields[key] = text
        elif kind == "e":
            fields[key] = CellError(text)
    if "mage" in name:
        return UNKNOWN
    shown = fields.get(_SHOWN)
    return Linked(shown if isinstance(shown, str) else None, fields)


def field_text(linked: dict[Place, Linked], sheet: int, area: Area | None, name: str) -> str | None:
    """Return a field of the linked data type in a cell as formula text, None when it is not known."""
    if area is None or area.size != 1:
        return None
    found = linked.get((sheet, area.top, area.left))
    if found is None:
        return "#VALUE!"
    value = found.fields.get(name)
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, CellError):
        return value.code
    return None if value is None else '"' + value.replace('"', '""') + '"'
