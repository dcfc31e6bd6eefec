"""New cached values spliced into worksheet XML; everything else stays as it is, byte for byte."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from operator import itemgetter, le

from ..files.parts import number_texts
from ..references import Area, parse_area
from .cell_xml import TAG
from .formula_cells import FormulaCell, Spots
from .sheet_scan import SheetScan
from .splice_rows import REMOVED, Edit, Lines, Styles, may_replace, row_edits, typed_value, value_element, without

_REF = re.compile(r"(\sref\s*=\s*)(?:\"[^\"]*\"|'[^']*')")
_DIMENSION = re.compile(r"(<(?:\w+:)?dimension\s+ref\s*=\s*)[\"']([^\"']*)[\"']")

#: So many edits are made at a time: more take more memory and are no faster.
_BLOCK = 4096
#: So many edits of single cells are not looked at one by one: parsing the sheet takes less.
_MANY = 1000

_place = itemgetter(0, 1)


@dataclass(slots=True)
class SheetChanges:
    """What changes in one sheet: formula cells that show another value, arrays that change their size, their cells.

    The `values` that change and the arrays that have `grown` are given by their places among the formulas, these with
    their areas and whether they are new, and so get `mark` as their metadata. The cells of arrays are in `columns`, by
    column and then by row; `styles` are formats, by row and column, for those of them that have none.
    """

    values: list[int] = field(default_factory=list)
    grown: dict[int, tuple[Area, bool]] = field(default_factory=dict)
    mark: int = 0
    columns: Lines = field(default_factory=dict)
    styles: Styles = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Whether anything changes."""
        return bool(self.values or self.grown or self.columns)


def spliced(scan: SheetScan, changes: SheetChanges) -> tuple[str, str]:
    """Return a worksheet's text with its changes made, and what of it is to be parsed to know that all of it is XML.

    Rows that were well-formed stay so where numbers replace numbers, and elements others like them.
    """
    own, text, table, grown = scan.formulas, scan.text, scan.table, changes.grown
    widths, values = own.widths, own.values
    simple, left = changes.values, {*grown}
    if own.types or grown or not all(widths) or {*map(type, values)} != {float}:
        odd = own.types.keys() | grown.keys()
        simple = [n for n in simple if widths[n] and values[n].__class__ is float and n not in odd]
        left.update(changes.values)
        left.difference_update(simple)
    ends = [own.ends[place] - 8 for place in simple]
    starts = [end - widths[place] for end, place in zip(ends, simple, strict=True)]
    new = number_texts([values[place] for place in simple])
    others = [edit for place in sorted(left) for edit in _cell_edits(scan, own[place], changes)]
    sound = scan.proven and len(others) < _MANY and all(may_replace(text, *edit) for edit in others)
    replaced, added, known = _column_edits(scan, changes.columns, changes.styles) if changes.columns else ([], [], True)
    data = [*starts, *(edit[0] for edit in replaced)], [*ends, *(edit[1] for edit in replaced)]
    sound = sound and known and table is not None and table.are_data(*data)
    before = list(_dimension_edit(scan, changes.columns))
    others += [*replaced, *added, *before]
    if others:
        edits = [*zip(starts, ends, new, strict=True), *others]
        places = [edit[0] for edit in edits]
        if not all(map(le, places, places[1:])):
            edits.sort(key=_place)
        starts, ends, new = [list(each) for each in zip(*edits, strict=True)]
    done = _joined(text, starts, ends, new)
    if not sound or not all(map(le, ends, starts[1:])):
        return done, done
    return done, _joined(text[: scan.start], *zip(*before, strict=True)) + text[scan.end :]


def _joined(text: str, starts: Sequence[int] = (), ends: Sequence[int] = (), new: Sequence[str] = ()) -> str:
    """Return a text with pieces of it replaced."""
    blocks: list[str] = []
    position = 0
    for first in range(0, len(new), _BLOCK):
        some = slice(first, first + _BLOCK)
        pieces = [""] * (2 * len(new[some]))
        pieces[0::2] = [text[end:start] for end, start in zip((position, *ends[some]), starts[some], strict=False)]
        pieces[1::2] = new[some]
        blocks.append("".join(pieces))
        position = ends[some][-1]
    blocks.append(text[position:])
    return "".join(blocks)


def _spots(scan: SheetScan, cell: FormulaCell) -> Spots:
    """Return where the pieces of a formula cell lie; one that was read with arrays is written the usual way."""
    if cell.spots is not None:
        return cell.spots
    text = scan.text
    start = text.rindex("<c ", scan.start, cell.end)
    formula = text.index(">", start) + 1
    formula_end = text.index(">", formula) + 1
    if text[formula_end - 2] != "/":
        formula_end = text.index("</f>", formula_end) + 4
    return Spots(start, formula, formula, formula_end, formula_end, cell.end - 4)


def _cell_edits(scan: SheetScan, cell: FormulaCell, changes: SheetChanges) -> Iterator[Edit]:
    """Yield the edits that give a formula cell another value, its array another size or a mark as a dynamic one."""
    area, is_new = changes.grown.get(cell.place, (None, False))
    kind, written = typed_value(cell.value)
    if area is None and cell.width and (kind or "n") == cell.type and written == written.strip():
        yield cell.end - 8 - cell.width, cell.end - 8, written
        return
    text, spots = scan.text, _spots(scan, cell)
    old = text[spots.start : spots.tag_end]
    prefix = old[1 : old.index(":") + 1] if ":" in old.split(None, 1)[0] else ""
    kind, shown = value_element(prefix, cell.value)
    tag = without("t|vm", old[:-1]) + kind
    if is_new:
        tag = without("cm", tag) + f' cm="{changes.mark}"'
    if tag + ">" != old:
        yield spots.start, spots.tag_end, tag + ">"
    if area is not None:
        close = TAG.match(text, spots.formula)
        assert close is not None
        if is_new:
            name = close[0].strip("</>").split()[0]
            new = f'<{name} t="array" ref="{area.text()}"' + (close[0][-2:] if close[0].endswith("/>") else ">")
        else:
            new = _REF.sub(lambda match: f'{match[1]}"{area.text()}"', close[0])
        yield spots.formula, close.end(), new
    yield spots.value, spots.value_end, shown


def _column_edits(scan: SheetScan, columns: Lines, styles: Styles) -> tuple[list[Edit], list[Edit], bool]:
    """Return the edits that replace numbers in the cells of arrays, and those that set, insert and remove other cells.

    It is told, too, whether the others surely leave what is well-formed as it is.
    """
    if scan.table is None or not scan.table.rows() or styles:
        return [], row_edits(scan, swapped(columns), styles), False
    from .splice_columns import cells_added, numbers_replaced

    edits, left = numbers_replaced(scan.table, columns)
    added = cells_added(scan, scan.table, left) if left else []
    return edits, row_edits(scan, swapped(left), styles) if added is None else added, added is not None


def _dimension_edit(scan: SheetScan, columns: Lines) -> Iterator[Edit]:
    """Yield the edit that widens the area a sheet declares to be used."""
    match = _DIMENSION.search(scan.text, 0, scan.start)
    area = parse_area(match[2]) if match is not None else None
    held = {column: [row for row in cells if cells[row] is not REMOVED] for column, cells in columns.items()}
    used = [column for column, rows in held.items() if rows]
    if match is None or area is None or not used:
        return
    top, bottom = min(min(held[column]) for column in used), max(max(held[column]) for column in used)
    wider = Area(min(area.top, top), min(area.left, *used), max(area.bottom, bottom), max(area.right, *used))
    if wider != area:
        yield match.start(), match.end(), f'{match[1]}"{wider.text()}"'


def swapped(cells: Lines) -> Lines:
    """Return cells given by row and column by column and row, and the other way round."""
    turned: Lines = {}
    for first, line in cells.items():
        for second, value in line.items():
            turned.setdefault(second, {})[first] = value
    return turned
