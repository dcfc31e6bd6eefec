"""The cells of arrays spliced into rows: set, inserted, removed, however the rows are written."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any
from xml.parsers import expat

from ...cells import CellError
from ..files.parts import number_text, to_cell_text
from ..files.refusals import Refused
from ..references import cell_name, column_letters
from .cell_xml import attributes_of
from .exact import RowPlace, row_places
from .sheet_scan import SheetScan

_ATTRIBUTES = re.compile(r"<[^\s/>]+((?:[^\"'>]|\"[^\"]*\"|'[^']*')*?)\s*/?>")
_STYLE = re.compile(r"\ss\s*=")
_COLUMN = re.compile(r"<(?:[\w.-]+:)?col\s([^<>]*)>")
_START = re.compile(r"<([^\s<>/]+)[^<>]*(?<!/)>")
_SPANS = re.compile(r"(\sspans\s*=\s*)[\"']([0-9]+):([0-9]+)[\"']")

REMOVED = object()

#: Start, end and new text.
Edit = tuple[int, int, str]
#: Cells of arrays by column and then by row, or the other way round, and formats by row and column.
Lines = dict[int, dict[int, Any]]
Styles = Mapping[tuple[int, int], str]


def typed_value(value: Any) -> tuple[str, str]:
    """Return a value's cell type, "" for numbers, and its character data."""
    if value.__class__ is float:
        return "", number_text(value)
    if isinstance(value, str):
        return "str", to_cell_text(value)
    if isinstance(value, bool):
        return "b", "1" if value else "0"
    if isinstance(value, CellError):
        return "e", value.code
    return "", number_text(float(value))


def may_replace(text: str, start: int, end: int, new: str) -> bool:
    """Say whether well-formed rows stay so with another piece in a place: a start tag of the same name, or content."""
    old = text[start:end]
    names = [tag[1] if (tag := _START.fullmatch(each)) else "" for each in (old, new)]
    if names[0] != names[1] or text[start - 1] != ">" or not (old.endswith(">") or text[end] == "<"):
        return False
    try:
        for each in (old, new):
            expat.ParserCreate().Parse(f"<x>{each}{f'</{names[0]}>' if names[0] else ''}</x>", True)
    except expat.ExpatError:
        return False
    return True


def row_edits(scan: SheetScan, children: Lines, styles: Styles) -> list[Edit]:
    """Return the edits that set, insert and remove (REMOVED) the cells of arrays, given by row and column.

    A new cell takes the format of its row, else that of its column; `styles` go before both for cells without any.
    """
    prefix, of_column = scan.prefix, column_style(scan)

    def style(row: int, column: int, of_row: str = "") -> str:
        own = styles.get((row, column))
        return f' s="{own}"' if own else of_row or of_column(column)

    if scan.is_empty_element():
        body = "".join(_new_row(prefix, row, children[row], style) for row in sorted(children))
        return [(scan.start, scan.end, f"<{prefix}sheetData>{body}</{prefix}sheetData>")] if body else []
    places = row_places(scan)
    known: dict[int, list[RowPlace]] = {}
    for place in places:
        known.setdefault(place.number, []).append(place)
        for row, column in place.strangers:
            if row in children or place.number in children:
                raise Refused(f"damaged: the cell {cell_name(row, column)} stands in row {place.number}")
    highest = list(accumulate((place.number for place in places), max))
    edits: list[Edit] = []
    for row in sorted(children):
        if row in known:
            edits += _edits_of_row(scan, known[row], children[row], style, styles)
            continue
        new = _new_row(prefix, row, children[row], style)
        at = bisect_right(highest, row)  # before the first that has a higher number
        position = places[at].start if at < len(places) else scan.end
        if new:
            edits.append((position, position, new))
    return edits


def column_style(scan: SheetScan) -> Callable[[int], str]:
    """Return a function from a column to the attribute that gives a new cell the column's format, "" for none."""
    ranges = []
    for match in _COLUMN.finditer(scan.text, 0, max(scan.start, 0)):
        found = attributes_of(match[1])
        if found.get("style", "0") != "0" and found.get("min", "").isdigit() and found.get("max", "").isdigit():
            ranges.append((int(found["min"]), int(found["max"]), f' s="{found["style"]}"'))
    return lambda column: next((style for first, last, style in ranges if first <= column <= last), "")


def _new_row(prefix: str, row: int, cells: dict[int, Any], style: Callable[..., str]) -> str:
    staying = [column for column in sorted(cells) if cells[column] is not REMOVED]
    body = "".join(new_cell(prefix, row, column, cells[column], style(row, column)) for column in staying)
    return f'<{prefix}row r="{row}">{body}</{prefix}row>' if body else ""


def _edits_of_row(
    scan: SheetScan, places: list[RowPlace], cells: dict[int, Any], style: Callable[..., str], styles: Styles
) -> Iterator[Edit]:
    text, prefix, place, row = scan.text, scan.prefix, places[0], places[0].number
    there = {column: (start, end) for each in places for column, start, end in each.cells}
    tag = text[place.start : place.tag_end]
    found = attributes_of(tag)
    own = f' s="{found["s"]}"' if found.get("customFormat") in ("1", "true") and "s" in found else ""
    order = [column for column, _, _ in place.cells]
    added: list[int] = []
    body = ""
    for column in sorted(cells):
        if column in there:
            start, end = there[column]
            match = _ATTRIBUTES.match(text, start, end)
            kept = without("r|t|vm", match[1]).rstrip() if match is not None else ""
            if (row, column) in styles and _STYLE.search(kept) is None:
                kept = style(row, column) + kept
            yield start, end, new_cell(prefix, row, column, cells[column], kept)
            continue
        if cells[column] is REMOVED:
            continue
        new = new_cell(prefix, row, column, cells[column], style(row, column, own))
        at = bisect_right(order, column)
        added.append(column)
        if place.inner_end == place.end:
            body += new
        else:
            position = place.cells[at][1] if at < len(order) else place.inner_end
            yield position, position, new
    wider = with_spans(tag, added)
    if body:
        opened = wider[: wider.rindex("/")].rstrip()
        yield place.start, place.end, f"{opened}>{body}</{prefix}row>"
    elif wider != tag:
        yield place.start, place.tag_end, wider


def new_cell(prefix: str, row: int, column: int, value: Any, attributes: str) -> str:
    """Return the element of a cell without a formula, "" for one that is removed and has no attributes."""
    if value is REMOVED:
        return f'<{prefix}c r="{cell_name(row, column)}"{attributes}/>' if attributes else ""
    kind, shown = value_element(prefix, value)
    return f'<{prefix}c r="{column_letters(column)}{row}"{attributes}{kind}>{shown}</{prefix}c>'


def value_element(prefix: str, value: Any) -> tuple[str, str]:
    """Return the attribute that tells a value's type in the tag of its cell, "" for numbers, and its element."""
    kind, data = typed_value(value)
    space = ' xml:space="preserve"' if kind == "str" and data != data.strip() else ""
    return f' t="{kind}"' if kind else "", f"<{prefix}v{space}>{data}</{prefix}v>"


def without(names: str, attributes: str) -> str:
    """Return the attributes of a tag without some, whose names are separated by bars."""
    return re.sub(rf"\s+(?:{names})\s*=\s*(?:\"[^\"]*\"|'[^']*')", "", attributes)


def with_spans(tag: str, columns: Sequence[int]) -> str:
    """Return a row's start tag with the columns it declares widened to contain others."""

    def widened(match: re.Match[str]) -> str:
        low, high = min((int(match[2]), *columns)), max((int(match[3]), *columns))
        return match[0] if (low, high) == (int(match[2]), int(match[3])) else f'{match[1]}"{low}:{high}"'

    return _SPANS.sub(widened, tag, count=1)
