"""Worksheet cells however they are written: prefixes, comments, CDATA, missing references."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ..files.markup import from_xml
from ..files.refusals import Refused
from ..references import MAX_COLUMNS, MAX_ROWS, column_letters, column_number
from .cell_values import CellValues, attributes_of
from .sheet_scan import Constants, FormulaCell, SheetScan

_MARKUP = re.compile(
    r"<!--.*?-->|<!\[CDATA\[(.*?)\]\]>|<\?.*?\?>"
    r"|<(/?)([^\s/>!?]+)((?:\s+[^\s=]+\s*=\s*(?:\"[^\"]*\"|'[^']*'))*)\s*(/?)>",
    re.S,
)
_REFERENCE = re.compile(r"([A-Za-z]{1,3})([0-9]{1,7})$")


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


def scan_any(scan: SheetScan, values: CellValues, part: str) -> None:
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
                shape = attributes_of(attributes)
            continue
        if name == "row" and event != "close":
            written = attributes_of(attributes).get("r")
            if written is None:
                scan.implicit = True
            row = int(written) if written and written.isdigit() else row + 1
            column = 0
        elif name == "c" and event != "close":
            cell = attributes_of(attributes)
            row, column = _position(cell.get("r"), row, column, scan, part)
            cell_start, shape, buffers, open_names = start, None, {}, []
            if event == "empty":
                cell = None
        elif name == "c" and cell is not None:
            finish(end)
            cell = None
    constants.sort(key=lambda each: each[:2])
    scan._constants = Constants(
        [row for row, _, _ in constants],
        [column for _, column, _ in constants],
        [value for _, _, value in constants],
        bool(values.errors),
    )
    scan.formulas.sort(key=lambda each: (each.row, each.column))


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
