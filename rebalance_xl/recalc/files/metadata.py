"""xl/metadata.xml: what marks a cell as a dynamic array, so that Excel lets it spill."""

from __future__ import annotations

import re

from .package import Package
from .parts import decoded
from .refusals import Refused

PART_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheetMetadata+xml"
RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/sheetMetadata"
FRESH = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    '<metadata xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    ' xmlns:xda="http://schemas.microsoft.com/office/spreadsheetml/2017/dynamicarray">'
    '<metadataTypes count="1"><metadataType name="XLDAPR" minSupportedVersion="120000" copy="1" pasteAll="1"'
    ' pasteValues="1" merge="1" splitFirst="1" rowColShift="1" clearFormats="1" clearComments="1" assign="1"'
    ' coerce="1" cellMeta="1"/></metadataTypes>'
    '<futureMetadata name="XLDAPR" count="1"><bk><extLst><ext uri="{bdbb8cdc-fa1e-496e-a857-3c3f30c029c3}">'
    '<xda:dynamicArrayProperties fDynamic="1" fCollapsed="0"/></ext></extLst></bk></futureMetadata>'
    '<cellMetadata count="1"><bk><rc t="1" v="0"/></bk></cellMetadata></metadata>'
)
_TYPES = re.compile(r"<metadataType\s[^>]*?name=\"([^\"]*)\"")
_CELL_BLOCK = re.compile(r"<cellMetadata[^>]*>(.*?)</cellMetadata>", re.S)
_RECORD = re.compile(r"<bk\s*>\s*<rc\s+t=\"(\d+)\"\s+v=\"(\d+)\"\s*/>\s*</bk>", re.S)


def dynamic_array_index(package: Package) -> tuple[int, dict[str, bytes]]:
    """Return the cell-metadata number of dynamic arrays and the parts to change to have it, if any.

    Metadata of the workbook's own that says nothing about dynamic arrays and cannot be extended safely is refused.
    """
    if package.metadata_part is None:
        return 1, _added(package)
    text, _ = decoded(package.container.read(package.metadata_part), package.metadata_part)
    names = _TYPES.findall(text)
    block = _CELL_BLOCK.search(text)
    if "XLDAPR" in names and block is not None:
        number = str(names.index("XLDAPR") + 1)
        for position, (kind, _) in enumerate(_RECORD.findall(block[1])):
            if kind == number:
                return position + 1, {}
    raise Refused("a new spill is needed, but the workbook's metadata part cannot be extended")


def _added(package: Package) -> dict[str, bytes]:
    container = package.container
    folder, _, name = package.part.rpartition("/")
    folder = folder + "/" if folder else ""
    part = f"{folder}metadata.xml"
    types_text, types_encoding = decoded(container.read("[Content_Types].xml"), "[Content_Types].xml")
    rels_part = f"{folder}_rels/{name}.rels"
    rels_text, rels_encoding = decoded(container.read(rels_part), rels_part)
    override = f'<Override PartName="/{part}" ContentType="{PART_TYPE}"/>'
    numbers = [int(number) for number in re.findall(r'Id="rId(\d+)"', rels_text)]
    relation = f'<Relationship Id="rId{max(numbers, default=0) + 1}" Type="{RELATION}" Target="metadata.xml"/>'
    if part in container or "</Types>" not in types_text or "</Relationships>" not in rels_text:
        raise Refused("a new spill is needed, but the workbook's list of parts cannot be extended")
    return {
        "[Content_Types].xml": types_text.replace("</Types>", override + "</Types>").encode(types_encoding),
        rels_part: rels_text.replace("</Relationships>", relation + "</Relationships>").encode(rels_encoding),
        part: FRESH.encode(),
    }
