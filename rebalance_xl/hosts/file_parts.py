"""Edits of single parts of a workbook file: cells in a sheet, the range of a table."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree

from rebalance_xl.recalc.files.package import Package, Table
from rebalance_xl.recalc.files.parts import decoded, to_xml
from rebalance_xl.recalc.references import Area, cell_name
from rebalance_xl.recalc.sheets.sheet_scan import SheetScan
from rebalance_xl.recalc.sheets.splice import SheetChanges, spliced, swapped

_STYLE = re.compile(r"\ss\s*=\s*[\"']([0-9]+)[\"']")


def spliced_cells(
    scan: SheetScan,
    changes: dict[int, dict[int, Any]],
    like: Mapping[tuple[int, int], tuple[int, int]],
    formulas: Mapping[tuple[int, int], str],
) -> str:
    """Return a sheet's text with cells set, added and emptied.

    Parameters
    ----------
    scan
        The sheet as read.
    changes
        New values by row and column; REMOVED empties a cell and keeps its style.
    like
        New cells and the cell whose style each takes.
    formulas
        New formulas, without the equals sign.
    """
    of_model = {model: _style_of(scan, *model) for model in set(like.values())}
    styles = {place: of_model[model] for place, model in like.items()}
    text, _ = spliced(scan, SheetChanges(columns=swapped(changes), styles=styles))
    if not formulas:
        return text
    added = {cell_name(*place): formula for place, formula in formulas.items()}

    def completed(match: re.Match[str]) -> str:
        formula = added.get(match[2])
        return match[0] if formula is None else f"{match[0]}<{scan.prefix}f>{to_xml(formula)}</{scan.prefix}f>"

    return re.sub(rf'(<{scan.prefix}c r="([A-Z]+[0-9]+)")[^>]*>', completed, text)


def _style_of(scan: SheetScan, row: int, column: int) -> str:
    match = re.search(rf"<{scan.prefix}c\s[^>]*\br\s*=\s*[\"']{cell_name(row, column)}[\"'][^>]*>", scan.text)
    found = _STYLE.search(match[0]) if match else None
    return found[1] if found else ""


def table_parts(package: Package) -> dict[str, str]:
    """Return the part of each table, by its name in lower case."""
    parts = {}
    for part in package.container.members:
        if re.search(r"(^|/)tables?/[^/]+\.xml$", part) or posixpath.basename(part).startswith("table"):
            try:
                root = ElementTree.fromstring(package.container.read(part))
            except ElementTree.ParseError:
                continue
            if root.tag.rpartition("}")[2] == "table":
                parts[(root.get("displayName") or root.get("name") or "").casefold()] = part
    return parts


def grown_table(content: bytes, table: Table, height: int) -> bytes:
    """Return a table's part with its range, and that of its filter, extended to `height` data rows."""
    text, encoding = decoded(content, table.name)
    old = table.area
    new = Area(old.top, old.left, old.top + height, old.right)

    def extended(match: re.Match[str]) -> str:
        return f"{match[1]}{new.text()}{match[3]}" if match[2].replace("$", "") == old.text() else match[0]

    return re.sub(r"(<(?:\w+:)?(?:table|autoFilter)\b[^>]*?\sref=[\"'])([^\"']+)([\"'])", extended, text).encode(
        encoding
    )
