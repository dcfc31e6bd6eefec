"""New cached values spliced into worksheet XML; everything else stays as it is, byte for byte."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from operator import itemgetter, le
from typing import Any

from ..cells import CellError
from .markup import number_text, number_texts, to_cell_text
from .references import Area, cell_name, column_letters, column_number, parse_area
from .refusals import Refused
from .sheet_scan import FormulaCell, SheetScan

_COMMENT = re.compile(r"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>", re.S)
_TYPE = re.compile(r"\s+t\s*=\s*(?:\"[^\"]*\"|'[^']*')")
_VALUE_METADATA = re.compile(r"\s+vm\s*=\s*(?:\"[^\"]*\"|'[^']*')")
_CELL_METADATA = re.compile(r"\s+cm\s*=\s*(?:\"[^\"]*\"|'[^']*')")
_REF = re.compile(r"(\sref\s*=\s*)(?:\"[^\"]*\"|'[^']*')")
_ROW_NUMBER = re.compile(r"\sr\s*=\s*[\"']([0-9]+)[\"']")
_CELL_NAME = re.compile(r"\sr\s*=\s*[\"']\$?([A-Za-z]+)\$?([0-9]+)[\"']")
_SPANS = re.compile(r"(\sspans\s*=\s*)[\"']([0-9]+):([0-9]+)[\"']")
_DIMENSION = re.compile(r"(<(?:\w+:)?dimension\s+ref\s*=\s*)[\"']([^\"']*)[\"']")

REMOVED = object()

#: So many edits are made at a time: more take more memory and are no faster.
_BLOCK = 4096

#: Start, end and new text.
Edit = tuple[int, int, str]
_place = itemgetter(0, 1)


@dataclass(slots=True)
class FormulaChange:
    """A new value for a formula cell; `area` and `metadata` where its array changed its size or is new."""

    cell: FormulaCell
    value: Any
    area: Area | None = None
    metadata: int | None = None


@dataclass(slots=True)
class SheetChanges:
    """What changes in one sheet: formula cells that show another value, arrays that change their size, their cells.

    The cells of arrays are in `columns`, by column and then by row.
    """

    values: list[FormulaCell] = field(default_factory=list)
    formulas: list[FormulaChange] = field(default_factory=list)
    columns: dict[int, dict[int, Any]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Whether anything changes."""
        return bool(self.values or self.formulas or self.columns)


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


def spliced(scan: SheetScan, changes: SheetChanges) -> str:
    """Return a worksheet's text with its changes made.

    Parameters
    ----------
    scan : SheetScan
        The sheet as read.
    changes : SheetChanges
        New values of formula cells and of the cells that arrays fill.

    Returns
    -------
    str
    """
    edits = _value_edits(scan, changes.values)
    edits.extend(_formula_edits(scan, changes.formulas))
    if changes.columns:
        edits.extend(_column_edits(scan, changes.columns))
        edits.extend(_dimension_edit(scan, changes.columns))
    text = scan.text
    if not edits:
        return text
    starts = [edit[0] for edit in edits]
    if not all(map(le, starts, starts[1:])):
        edits.sort(key=_place)
    blocks: list[str] = []
    position = 0
    for first in range(0, len(edits), _BLOCK):
        begins, ends, new = zip(*edits[first : first + _BLOCK], strict=True)
        pieces = [""] * (2 * len(new))
        pieces[0::2] = [text[start:end] for start, end in zip((position, *ends), begins, strict=False)]
        pieces[1::2] = new
        blocks.append("".join(pieces))
        position = ends[-1]
    blocks.append(text[position:])
    return "".join(blocks)


def _value_edits(scan: SheetScan, cells: list[FormulaCell]) -> list[Edit]:
    text = scan.text
    simple = [cell for cell in cells if cell.data and cell.value.__class__ is float and cell.type == "n"]
    shown = number_texts([cell.value for cell in simple])
    ends = [cell.end - 8 for cell in simple]
    starts = [end - len(cell.data or "") for end, cell in zip(ends, simple, strict=True)]
    edits = list(zip(starts, ends, shown, strict=True))
    if len(simple) == len(cells):
        return edits
    for cell in cells:
        value, data, end = cell.value, cell.data, cell.end
        if data and value.__class__ is float and cell.type == "n":
            continue
        kind, written = typed_value(value)
        if data and (kind or "n") == cell.type and written == written.strip():
            edits.append((end - 8 - len(data), end - 8, written))
            continue
        start = cell.start if cell.start >= 0 else text.rindex("<c ", scan.start, end)
        edits.append((start, end, _formula_cell(scan, FormulaChange(cell, value), text[start:end], kind, written)))
    return edits


def _formula_edits(scan: SheetScan, changes: list[FormulaChange]) -> Iterator[Edit]:
    """Yield the edits of formula cells whose array changes its size."""
    for change in changes:
        cell = change.cell
        start = cell.start if cell.start >= 0 else scan.text.rindex("<c ", scan.start, cell.end)
        kind, data = typed_value(change.value)
        yield start, cell.end, _formula_cell(scan, change, scan.text[start : cell.end], kind, data)


def _formula_cell(scan: SheetScan, change: FormulaChange, old: str, kind: str, data: str) -> str:
    prefix = scan.prefix
    close = old.index(">")
    while old[1:close].count('"') % 2 or old[1:close].count("'") % 2:
        close = old.index(">", close + 1)
    start = _TYPE.sub("", old[:close])
    start = _VALUE_METADATA.sub("", start)
    if kind:
        start += f' t="{kind}"'
    first = old.index(f"<{prefix}f", close)
    last = old.find(f"</{prefix}f", first)
    end = old.index(">", last if last >= 0 else first) + 1
    formula = old[first:end]
    if change.metadata is not None:
        start = _CELL_METADATA.sub("", start) + f' cm="{change.metadata}"'
        assert change.area is not None
        tag = formula.index(">")
        formula = f'<{prefix}f t="array" ref="{change.area.text()}"' + formula[tag:]
    elif change.area is not None:
        tag, area = formula.index(">"), change.area.text()
        formula = _REF.sub(lambda match: f'{match[1]}"{area}"', formula[:tag]) + formula[tag:]
    space = ' xml:space="preserve"' if kind == "str" and data != data.strip() else ""
    return f"{start}>{formula}<{prefix}v{space}>{data}</{prefix}v></{prefix}c>"


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


def _column_edits(scan: SheetScan, columns: dict[int, dict[int, Any]]) -> Iterable[Edit]:
    """Return the edits that set, insert and remove the cells of arrays."""
    if scan.indexed() is not None:
        from .splice_bulk import column_edits

        edits = column_edits(scan, columns)
        if edits is not None:
            return edits
    return _children_edits(scan, swapped(columns))


def _children_edits(scan: SheetScan, children: dict[int, dict[int, Any]]) -> Iterator[Edit]:
    """Yield the edits that set, insert and remove the cells of arrays, given by row."""
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
            yield from _row_edits(scan, text, number, (start, tag_end, inner_end, end), children[number])
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
                    tag = with_spans(text[spans : close + 1], _shown(cells))
                    wider = widened[key] = tag[8:-1]
                if wider != key[0]:
                    edits.append((spans + 8, close, wider))
            edits.append((position, position, new))
    return edits


def _new_row(prefix: str, row: int, cells: dict[int, Any]) -> str:
    body = "".join(new_cell(prefix, row, column, cells[column]) for column in sorted(cells))
    return f'<{prefix}row r="{row}">{body}</{prefix}row>' if body else ""


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


def _row_edits(
    scan: SheetScan, text: str, row: int, place: tuple[int, int, int, int], cells: dict[int, Any]
) -> Iterator[Edit]:
    prefix = scan.prefix
    start, tag_end, inner_end, end = place
    if tag_end == end:
        body = "".join(new_cell(prefix, row, column, cells[column]) for column in sorted(cells))
        if body:
            tag = scan.text[start:end]
            yield start, end, with_spans(tag[: tag.rindex("/")].rstrip(), _shown(cells)) + f">{body}</{prefix}row>"
        return
    tag = scan.text[start:tag_end]
    wider = with_spans(tag, _shown(cells))
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


def _shown(cells: dict[int, Any]) -> Iterator[int]:
    return (place for place, value in cells.items() if value is not REMOVED)


def has_removed(cells: dict[int, Any]) -> bool:
    """Say whether any cell is removed."""
    return object in set(map(type, cells.values()))


def _dimension_edit(scan: SheetScan, columns: dict[int, dict[int, Any]]) -> Iterator[Edit]:
    """Yield the edit that widens the area a sheet declares to be used."""
    match = _DIMENSION.search(scan.text, 0, scan.start)
    area = parse_area(match[2]) if match is not None else None
    kept = {column: list(_shown(cells)) if has_removed(cells) else cells for column, cells in columns.items()}
    used = [column for column, rows in kept.items() if rows]
    if match is None or area is None or not used:
        return
    top, bottom = min(min(kept[column]) for column in used), max(max(kept[column]) for column in used)
    wider = Area(min(area.top, top), min(area.left, *used), max(area.bottom, bottom), max(area.right, *used))
    if wider != area:
        yield match.start(), match.end(), f'{match[1]}"{wider.text()}"'


def swapped(cells: dict[int, dict[int, Any]]) -> dict[int, dict[int, Any]]:
    """Return cells given by row and column by column and row, and the other way round."""
    turned: dict[int, dict[int, Any]] = {}
    for first, line in cells.items():
        for second, value in line.items():
            turned.setdefault(second, {})[first] = value
    return turned
