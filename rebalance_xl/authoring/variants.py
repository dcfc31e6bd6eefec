"""Variants of the shipped workbook: without macros, without the example's rows; needs nothing that builds it.

They work on the text of the parts, which is the one that :mod:`rebalance_xl.authoring.build` writes.
"""

from __future__ import annotations

import re
from typing import Final

from rebalance_xl.authoring.package import Parts

#: What the example fills and a new book begins without; the terms of venues and the settings stay.
EXAMPLE_TABLES: Final = ("Portfolio", "Futures", "Events", "MarginTiers", "Plan", "Journal", "Prices")

_MACRO_TYPE: Final = b"application/vnd.ms-excel.sheet.macroEnabled.main+xml"
_PLAIN_TYPE: Final = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
_TABLE_AREA: Final = re.compile(r'<table [^>]* name="(\w+)"[^>]* ref="([A-Z]+)(\d+):([A-Z]+)(\d+)"')
_ROW: Final = re.compile(r'(<row r="(\d+)"[^>]*?)(?:/>|>(.*?)</row>)', re.S)
_CELL: Final = re.compile(r'<c r="([A-Z]+)\d+"([^>]*?)(?:/>|>(.*?)</c>)', re.S)


def without_macros(parts: Parts) -> Parts:
    """Return the parts of an .xlsx: no macros, no ribbon, no button that would call one."""
    kept = {
        name: data for name, data in parts.items() if name != "xl/vbaProject.bin" and not name.startswith("customUI/")
    }
    for name, data in kept.items():
        if name == "[Content_Types].xml":
            data = data.replace(_MACRO_TYPE, _PLAIN_TYPE)
            data = re.sub(rb'<Default Extension="bin"[^>]*/>', b"", data)
        elif name in ("_rels/.rels", "xl/_rels/workbook.xml.rels"):
            data = re.sub(rb"<Relationship [^>]*(?:customUI|vbaProject)[^>]*/>", b"", data)
        elif name == "xl/workbook.xml":
            data = re.sub(rb"<functionGroups.*?</functionGroups>", b"", data)
        elif name.startswith("xl/drawings/vmlDrawing"):
            data = re.sub(rb"<v:shape (?:(?!</v:shape>).)*?<x:FmlaMacro>.*?</v:shape>", b"", data, flags=re.S)
        kept[name] = data
    return kept


def without_example(parts: Parts) -> Parts:
    """Return the parts with the example's tables at one blank row each; what spilled beside them is blank too."""
    emptied = dict(parts)
    for name in parts:
        if not name.startswith("xl/tables/"):
            continue
        text = parts[name].decode()
        area = _TABLE_AREA.search(text)
        if area is None or area[1] not in EXAMPLE_TABLES:
            continue
        left, top, right, bottom = area[2], int(area[3]), area[4], int(area[5])
        emptied[name] = text.replace(f"{left}{top}:{right}{bottom}", f"{left}{top}:{right}{top + 1}").encode()
        sheet = _sheet_of(parts, name)
        emptied[sheet] = _one_blank_row(emptied[sheet].decode(), _number(left), _number(right), top, bottom).encode()
    return emptied


def _sheet_of(parts: Parts, table: str) -> str:
    wanted = b"/" + table.rpartition("/")[2].encode()
    relations = next(
        name for name, data in parts.items() if name.startswith("xl/worksheets/_rels/") and wanted + b'"' in data
    )
    return relations.replace("_rels/", "").removesuffix(".rels")


def _one_blank_row(text: str, left: int, right: int, top: int, bottom: int) -> str:
    def row(found: re.Match[str]) -> str:
        number = int(found[2])
        if not top < number <= bottom or found[3] is None:
            return found[0]

        def cell(each: re.Match[str]) -> str:
            inside = left <= _number(each[1]) <= right
            formula = "<f" in (each[3] or "")
            if number == top + 1:
                if not inside or formula:
                    return each[0]
                return f'<c r="{each[1]}{number}"{re.sub(r" t=.[a-zA-Z]+.", "", each[2])}/>'
            # Below: the table's cells, and values that spilled from the row above; formulas of their own stay.
            return each[0] if formula and not inside else ""

        return f"{found[1]}>{_CELL.sub(cell, found[3])}</row>"

    text = _ROW.sub(row, text)
    # The spills of the first row stand for one row now.
    return re.sub(rf'ref="(?P<c>[A-Z]+){top + 1}:(?P=c){bottom}"', rf'ref="\g<c>{top + 1}"', text)


def _number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number
