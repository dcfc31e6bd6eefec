"""The cells of arrays spliced into rows, row by row: set, inserted, removed, however the rows are written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from ...cells import CellError
from ..files.markup import number_text, to_cell_text
from ..files.refusals import Refused
from ..references import cell_name, column_letters, column_number
from .sheet_scan import SheetScan

_COMMENT = re.compile(r"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>", re.S)
_TYPE = re.compile(r"\s+t\s*=\s*(?:\"[^\"]*\"|'[^']*')")
_VALUE_METADATA = re.compile(r"\s+vm\s*=\s*(?:\"[^\"]*\"|'[^']*')")
_ROW_NUMBER = re.compile(r"\sr\s*=\s*[\"']([0-9]+)[\"']")
_CELL_NAME = re.compile(r"\sr\s*=\s*[\"']\$?([A-Za-z]+)\$?([0-9]+)[\"']")
_SPANS = re.compile(r"(\sspans\s*=\s*)[\"']([0-9]+):([0-9]+)[\"']")

REMOVED = object()

#: Start, end and new text.
Edit = tuple[int, int, str]


def typed_value(value: Any) -> tuple[str, str]:
    """Return a value's cell type and character data.

    Parameters
    ----------
    value : float, bool, str or CellError

    Returns
    -------
    tuple of str and str
        The type is "" for numbers.
    """
    if value.__class__ is float:
        return "", number_text(value)
    if isinstance(value, str):
        return "str", to_cell_text(value)
    if isinstance(value, bool):
        return "b", "1" if value else "0"
    if isinstance(value, CellError):
        return "e", value.code
    return "", number_text(float(value))


def row_edits(scan: SheetScan, children: dict[int, dict[int, Any]]) -> Iterator[Edit]:
    """Yield the edits that set, insert and remove the cells of arrays.

    Parameters
    ----------
    scan : SheetScan
        The sheet.
    children : dict of int to dict of int to value
        By row and column; REMOVED for a cell that becomes empty.

    Yields
    ------
    tuple of int, int and str
        In order, but for cells of one row.
    """
    prefix = scan.prefix
    if scan.is_empty_element():
        body = "".join(_new_row(prefix, row, children[row]) for row in sorted(children))
        yield scan.start, scan.end, f"<{prefix}sheetData>{body}</{prefix}sheetData>"
        return
    quick = _appended(scan, children) if scan.plain else None
    if quick is not None:
        yield from quick
        return
    text = _masked(scan.text, scan.start, scan.end)
    wanted = sorted(children)
    at = 0
    position = scan.start
    for number, start, tag_end, inner_end, end in _rows(scan, text):
        while at < len(wanted) and wanted[at] < number:
            new = _new_row(prefix, wanted[at], children[wanted[at]])
            if new:
                yield start, start, new
            at += 1
        if at >= len(wanted):
            return
        if wanted[at] == number:
            yield from _edits_of_row(scan, text, number, (start, tag_end, inner_end, end), children[number])
            at += 1
        position = end
    for row in wanted[at:]:
        new = _new_row(prefix, row, children[row])
        if new:
            yield max(position, scan.start), max(position, scan.start), new


def _appended(scan: SheetScan, children: dict[int, dict[int, Any]]) -> list[Edit] | None:
    """Return the edits where every cell is there already or comes last in its row, None where any case is harder."""
    text, position = scan.text, scan.start
    edits: list[Edit] = []
    widened: dict[tuple[str, tuple[int, ...]], str] = {}
    for row in sorted(children):
        cells = children[row]
        start = text.find(f'<row r="{row}"', position, scan.end)
        if start < 0:
            return None
        tag_end = text.index(">", start) + 1
        if text[tag_end - 2] == "/":
            return None
        position = text.index("</row>", tag_end)
        last = text.rfind('<c r="', tag_end, position)
        last_column = 0
        if last >= 0:
            last_name = text[last + 6 : text.index('"', last + 6)]
            last_column = column_number(last_name.rstrip("0123456789"))
            if not last_name.endswith(str(row)):
                return None
        new = ""
        for column in sorted(cells):
            name = f"{column_letters(column)}{row}"
            if column > last_column:
                new += new_cell("", row, column, cells[column])
                continue
            there = text.find(f'<c r="{name}"', tag_end, position)
            if there < 0:
                return None
            open_end = text.index(">", there) + 1
            after = open_end if text[open_end - 2] == "/" else text.index("</c>", open_end, position) + 4
            attributes = text[there + 6 + len(name) : open_end - 1].rstrip("/ ").lstrip('"')
            kept = _VALUE_METADATA.sub("", _TYPE.sub("", attributes)) if "=" in attributes else ""
            edits.append((there, after, new_cell("", row, column, cells[column], kept)))
        if new:
            spans = text.find(' spans="', start, tag_end)
            if spans >= 0:
                close = text.index('"', spans + 8)
                key = (text[spans + 8 : close], tuple(cells))
                wider = widened.get(key)
                if wider is None:
                    tag = with_spans(text[spans : close + 1], shown(cells))
                    wider = widened[key] = tag[8:-1]
                if wider != key[0]:
                    edits.append((spans + 8, close, wider))
            edits.append((position, position, new))
    return edits


def _new_row(prefix: str, row: int, cells: dict[int, Any]) -> str:
    body = "".join(new_cell(prefix, row, column, cells[column]) for column in sorted(cells))
    return f'<{prefix}row r="{row}">{body}</{prefix}row>' if body else ""


def _edits_of_row(
    scan: SheetScan, text: str, row: int, place: tuple[int, int, int, int], cells: dict[int, Any]
) -> Iterator[Edit]:
    prefix = scan.prefix
    start, tag_end, inner_end, end = place
    if tag_end == end:
        body = "".join(new_cell(prefix, row, column, cells[column]) for column in sorted(cells))
        if body:
            tag = scan.text[start:end]
            yield start, end, with_spans(tag[: tag.rindex("/")].rstrip(), shown(cells)) + f">{body}</{prefix}row>"
        return
    tag = scan.text[start:tag_end]
    wider = with_spans(tag, shown(cells))
    if wider != tag:
        yield start, tag_end, wider
    pattern = re.compile(rf"<{re.escape(prefix)}c(?=[\s/>])((?:\"[^\"]*\"|'[^']*'|[^>\"'])*?)(/?)>")
    wanted = sorted(cells)
    at = 0
    column, position = 0, tag_end
    while True:
        match = pattern.search(text, position, inner_end)
        if match is None:
            break
        named = _CELL_NAME.search(match[1])
        if named and int(named[2]) != row:
            raise Refused(f"damaged: the cell {named[1]}{named[2]} stands in row {row}")
        column = column_number(named[1]) if named else column + 1
        position = match.end() if match[2] else text.index(">", text.index(f"</{prefix}c>", match.end())) + 1
        while at < len(wanted) and wanted[at] < column:
            new = new_cell(prefix, row, wanted[at], cells[wanted[at]])
            if new:
                yield match.start(), match.start(), new
            at += 1
        if at < len(wanted) and wanted[at] == column:
            kept = _VALUE_METADATA.sub("", _TYPE.sub("", match[1])).rstrip()
            kept = re.sub(r"\sr\s*=\s*(?:\"[^\"]*\"|'[^']*')", "", kept)
            yield match.start(), position, new_cell(prefix, row, column, cells[column], kept)
            at += 1
    rest = "".join(new_cell(prefix, row, column, cells[column]) for column in wanted[at:])
    if rest:
        yield inner_end, inner_end, rest


def _masked(text: str, start: int, end: int) -> str:
    """Return text in which comments are blanked out, so that patterns find real tags at the same positions."""
    if text.find("<!", start, end) < 0 and text.find("<?", start, end) < 0:
        return text
    return text[:start] + _COMMENT.sub(lambda match: " " * len(match[0]), text[start:end]) + text[end:]


def _rows(scan: SheetScan, text: str) -> Iterator[tuple[int, int, int, int, int]]:
    """Yield (row number, start, end of the start tag, start of the end tag, end) of every row element."""
    prefix = scan.prefix
    pattern = re.compile(rf"<{re.escape(prefix)}row(?=[\s/>])((?:\"[^\"]*\"|'[^']*'|[^>\"'])*?)(/?)>")
    closing = f"</{prefix}row"
    number, position = 0, scan.start
    while True:
        match = pattern.search(text, position, scan.end)
        if match is None:
            return
        written = _ROW_NUMBER.search(match[1])
        before = number
        number = int(written[1]) if written else number + 1
        if number <= before:
            raise Refused(f"damaged: row {number} stands after row {before}")
        if match[2]:
            yield number, match.start(), match.end(), match.end(), match.end()
            position = match.end()
        else:
            inner_end = text.index(closing, match.end())
            position = text.index(">", inner_end) + 1
            yield number, match.start(), match.end(), inner_end, position


def new_cell(prefix: str, row: int, column: int, value: Any, attributes: str = "") -> str:
    """Return the element of a cell without a formula, "" for one that is removed and has no attributes.

    Parameters
    ----------
    prefix : str
        Of the element's name, with its colon.
    row, column : int
        The cell.
    value : worksheet value or REMOVED
        What it shows.
    attributes : str
        Its other attributes, each with a space before it.

    Returns
    -------
    str
    """
    if value is REMOVED:
        return f'<{prefix}c r="{cell_name(row, column)}"{attributes}/>' if attributes else ""
    kind, data = typed_value(value)
    shown = f' t="{kind}"' if kind else ""
    space = ' xml:space="preserve"' if kind == "str" and data != data.strip() else ""
    name = f"{column_letters(column)}{row}"
    return f'<{prefix}c r="{name}"{attributes}{shown}><{prefix}v{space}>{data}</{prefix}v></{prefix}c>'


def with_spans(tag: str, columns: Iterable[int]) -> str:
    """Return a row's start tag with the columns it declares widened to contain others.

    Parameters
    ----------
    tag : str
        With or without a ``spans`` attribute.
    columns : iterable of int
        What it has to contain.

    Returns
    -------
    str
    """
    wanted = tuple(columns)
    if not wanted:
        return tag

    def widened(match: re.Match[str]) -> str:
        low, high = min(int(match[2]), *wanted), max(int(match[3]), *wanted)
        return match[0] if (low, high) == (int(match[2]), int(match[3])) else f'{match[1]}"{low}:{high}"'

    return _SPANS.sub(widened, tag, count=1)


def shown(cells: dict[int, Any]) -> Iterator[int]:
    """Yield where cells stay."""
    return (place for place, value in cells.items() if value is not REMOVED)


def has_removed(cells: dict[int, Any]) -> bool:
    """Say whether any cell is removed."""
    return object in set(map(type, cells.values()))
