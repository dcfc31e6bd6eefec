"""New cached values spliced into worksheet XML; everything else stays as it is, byte for byte."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from operator import itemgetter, le
from typing import Any

from ..files.markup import number_texts
from ..references import Area, parse_area
from .sheet_scan import FormulaCell, SheetScan
from .splice_rows import REMOVED, Edit, has_removed, row_edits, shown, typed_value

_TYPE = re.compile(r"\s+t\s*=\s*(?:\"[^\"]*\"|'[^']*')")
_VALUE_METADATA = re.compile(r"\s+vm\s*=\s*(?:\"[^\"]*\"|'[^']*')")
_CELL_METADATA = re.compile(r"\s+cm\s*=\s*(?:\"[^\"]*\"|'[^']*')")
_REF = re.compile(r"(\sref\s*=\s*)(?:\"[^\"]*\"|'[^']*')")
_DIMENSION = re.compile(r"(<(?:\w+:)?dimension\s+ref\s*=\s*)[\"']([^\"']*)[\"']")

#: So many edits are made at a time: more take more memory and are no faster.
_BLOCK = 4096

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
        quick = _typed_edits(text, start, cell, kind, written) if scan.plain and cell.type == "n" else None
        if quick is None:
            quick = [(start, end, _formula_cell(scan, FormulaChange(cell, value), text[start:end], kind, written))]
        edits += quick
    return edits


def _typed_edits(text: str, start: int, cell: FormulaCell, kind: str, shown: str) -> list[Edit] | None:
    """Return the edits that give a cell without a type another value, None where its tag may need more than that."""
    close, end, data = text.index(">", start), cell.end, cell.data
    tag = text[start:close]
    if data is None or " t=" in tag or tag.count('"') % 2:
        return None
    first = end - 11 - len(data)
    if not text.startswith("<v>", first):
        if not data and text.startswith("<v/>", end - 8):
            first = end - 8
        elif not data and text.startswith("</f>", end - 8):
            first = end - 4
        else:
            return None
    space = ' xml:space="preserve"' if kind == "str" and shown != shown.strip() else ""
    edits = [(close, close, f' t="{kind}"')] if kind else []
    edits.append((first, end, f"<v{space}>{shown}</v></c>"))
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


def _column_edits(scan: SheetScan, columns: dict[int, dict[int, Any]]) -> Iterable[Edit]:
    """Return the edits that set, insert and remove the cells of arrays."""
    if scan.indexed() is not None:
        from .splice_bulk import column_edits

        edits = column_edits(scan, columns)
        if edits is not None:
            return edits
    return row_edits(scan, swapped(columns))


def _dimension_edit(scan: SheetScan, columns: dict[int, dict[int, Any]]) -> Iterator[Edit]:
    """Yield the edit that widens the area a sheet declares to be used."""
    match = _DIMENSION.search(scan.text, 0, scan.start)
    area = parse_area(match[2]) if match is not None else None
    kept = {column: list(shown(cells)) if has_removed(cells) else cells for column, cells in columns.items()}
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


__all__ = ["REMOVED", "FormulaChange", "SheetChanges", "spliced", "swapped", "typed_value"]
