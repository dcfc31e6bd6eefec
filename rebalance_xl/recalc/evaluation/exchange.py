"""Cells handed over to the engine, and their values read back: in blocks, or one by one in the plain way.

Where it can, the engine reads a minimal package of the sheets' cells, three times faster than taking values one by one.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from math import isfinite
from operator import itemgetter
from typing import Any, Final

from ...cells import CellError
from ..files.container import joined, packed
from ..files.package import Package
from ..files.parts import to_xml
from ..formulas.book_view import BookView
from ..references import Place, cell_name
from ..sheets.formula_cells import FormulaCell, Formulas, put, taken
from ..sheets.sheet_scan import SheetScan
from ..sheets.splice_rows import typed_value
from .engine import Engine
from .engine_values import FAILURES, NOTHING, from_engine, to_engine

_NUM = CellError("#NUM!")
#: What is left over of a subtraction of amounts up to a million million is smaller than this.
TINY: Final = 1e-4
#: A text with more than 15 digits in it is longer than this.
SHORT: Final = 15


def load(engine: Engine, book: BookView, singly: bool) -> None:
    """Hand all cells of a workbook over, their formulas lowered; every formula alone where `singly` says so."""
    package, scans = book.package, book.scans
    plain = all(scan.plain and not scan.has_escapes() for scan in scans)
    escaped = any("_x" in text or "\r" in text for text in package.strings)
    at_once = plain and not escaped and not package.iterate and not singly
    try:  # even without cells: a workbook that the engine has read answers here and there otherwise than a new one
        engine.load(engine_package(package, scans, book.sheet_names, empty=not at_once))
        if at_once:
            return
    except (*FAILURES, OSError):
        pass  # one odd cell is enough; then the cells are handed over one by one
    for sheet, scan in enumerate(scans):
        own = scan.formulas
        held = [((sheet, row, column), value) for row, column, value in zip(*scan.within(), strict=True)]
        # Where workbooks iterate, loops go on from the values that their cells hold. Blanks are left out: one that is
        # written where a formula goes afterwards can hide the formula's value in the engine.
        for cell in own.at(place for place, text in enumerate(own.lowered) if text is None or package.iterate):
            constant = cell.value if cell.early else cell.old
            if constant is not None:
                held.append((cell.where, constant))
        set_values(engine, held)
        lowered = zip(own.rows, own.columns, own.lowered, strict=True)
        formulas = [((sheet, row, column), text) for row, column, text in lowered if text is not None]
        # Which cell of a loop comes first in a pass depends on the blocks.
        set_formulas(engine, formulas, singly and not package.iterate)


def runs_down(cells: Iterable[tuple[Any, int, Any]]) -> Iterator[tuple[int, Any, list[Any]]]:
    """Join cells (column, row, content) that stand below each other: the engine takes and gives blocks fastest.

    The row of the first, its column and the contents are yielded.

    Examples
    --------
    >>> list(runs_down([(1, 1, "a"), (2, 1, "x"), (1, 2, "b")]))
    [(1, 1, ['a', 'b']), (1, 2, ['x'])]
    """
    run: list[Any] = []
    column: Any = 0
    row = 0
    for at, below, content in sorted(cells, key=itemgetter(0, 1)):
        if run and (at, below) != (column, row + len(run)):
            yield row, column, run
            run = []
        if not run:
            column, row = at, below
        run.append(content)
    if run:
        yield row, column, run


def set_values(engine: Engine, values: Iterable[tuple[Place, Any]]) -> None:
    """Set values in cells of any sheets, in rectangles: what reads each is looked for once."""
    cells = (((sheet, column), row, value) for (sheet, row, column), value in values)
    runs = [((sheet, row, len(run)), column, run) for row, (sheet, column), run in runs_down(cells)]
    for column, (sheet, row, _), columns in runs_down(runs):
        engine.set_block(sheet, row, column, [list(map(to_engine, line)) for line in zip(*columns, strict=True)])


def set_formulas(engine: Engine, formulas: Iterable[tuple[Place, str]], singly: bool) -> None:
    """Set formulas in blocks or one by one; a cell whose formula is refused holds nothing."""
    cells = (((sheet, column), row, text) for (sheet, row, column), text in formulas)
    for row, (sheet, column), texts in ((row, at, [text]) for at, row, text in cells) if singly else runs_down(cells):
        try:
            engine.set_formula_block(sheet, row, column, [[f"={text}"] for text in texts])
        except FAILURES:  # what stood there would be read as if it were computed
            if len(texts) > 1:
                set_formulas(engine, [((sheet, below, column), text) for below, text in enumerate(texts, row)], True)
            else:
                engine.set_value((sheet, row, column), None)


def read_values(engine: Engine, own: Formulas, singly: bool) -> tuple[list[int], list[int]]:
    """Read the engine's values into the formula cells of a sheet.

    The places of the errors and troubles among them are returned, and of those that may show too many digits or a -0.
    """
    places: Sequence[int] = range(len(own))
    values = own.values
    if None in own.lowered:
        places = [place for place in places if own.lowered[place] is not None]
        for place, text in enumerate(own.lowered):
            if text is None and place not in own.early:
                values[place] = own.olds[place]
    if not places:
        return [], []
    found = _read_all(engine, own, places, singly)
    put(values, places, found)
    if set(map(type, found)) == {float} and isfinite(sum(found)):
        return [], [place for place, value in zip(places, found, strict=True) if -TINY < value < TINY and value]
    odd: list[int] = []
    showing: list[int] = []
    for place, value in zip(places, found, strict=True):
        kind = value.__class__
        if (kind is float and value - value == 0) or kind is str or kind is bool:
            small = kind is float and -TINY < value < TINY and value
            if small or (kind is str and (len(value) > SHORT or "-0" in value)):
                showing.append(place)
            continue
        value = _NUM if kind is float else from_engine(value)
        values[place] = NOTHING if value is None else value
        odd.append(place)
    return odd, showing


def _read_all(engine: Engine, own: Formulas, places: Sequence[int], singly: bool) -> list[Any]:
    """Return what the engine holds in the cells at some places, read in one block where they fill most of it."""
    sheet, rows, columns = own.sheet, own.rows, own.columns
    if len(places) < len(own):
        rows, columns = taken(rows, places), taken(columns, places)
    if singly:
        return [engine.read_cell((sheet, row, column)) for row, column in zip(rows, columns, strict=True)]
    top, bottom, left, right = rows[0], rows[-1], min(columns), max(columns)
    if (bottom - top + 1) * (right - left + 1) <= 4 * len(rows) + 256:
        values = engine.read_block(sheet, top, left, bottom, right)
        if (bottom - top + 1) * (right - left + 1) == len(rows):
            return list(chain.from_iterable(values))
        return [values[row - top][column - left] for row, column in zip(rows, columns, strict=True)]
    found: list[Any] = [None] * len(rows)
    for row, column, numbers in runs_down(zip(columns, rows, range(len(rows)), strict=True)):
        values = engine.read_block(sheet, row, column, row + len(numbers) - 1, column)
        for number, (value,) in zip(numbers, values, strict=True):
            found[number] = value
    return found


_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
#: Characters of a sheet from which on less memory is worth the time that compressing takes.
_LARGE = 2**24
#: Characters that are copied at once, and pieces of text that are encoded at once.
_BLOCK, _PIECES = 2**14, 64
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"


def engine_package(package: Package, scans: Sequence[SheetScan], names: Sequence[str], *, empty: bool = False) -> bytes:
    """Return a workbook with the cells that the engine has to know, without any where they are handed over otherwise.

    The sheets are written the usual way (`plain`), their formulas lowered; `names` is what the engine calls them.
    """
    numbers = range(1, len(scans) + 1)
    escaped = [to_xml(name).replace('"', "&quot;") for name in names]
    sheets = "".join(f'<sheet name="{name}" sheetId="{n}" r:id="rId{n}"/>' for n, name in enumerate(escaped, 1))
    parts = {  # the engine asks for no list of content types
        "_rels/.rels": _relationships([(1, "officeDocument", "xl/workbook.xml")]),
        "xl/workbook.xml": (
            f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><workbookPr date1904="{int(package.date1904)}"/>'
            f"<sheets>{sheets}</sheets></workbook>"
        ),
        "xl/_rels/workbook.xml.rels": _relationships(
            [(n, "worksheet", f"worksheets/sheet{n}.xml") for n in numbers]
            + [(len(scans) + 1, "sharedStrings", "sharedStrings.xml")]
        ),
        "xl/sharedStrings.xml": f'<sst xmlns="{_MAIN}">'
        + "".join(f'<si><t xml:space="preserve">{to_xml(text)}</t></si>' for text in package.strings)
        + "</sst>",
    }
    members = [
        packed(zipfile.ZipInfo(name), [f'<?xml version="1.0" encoding="UTF-8"?>{text}'.encode()])
        for name, text in parts.items()
    ]
    for number, scan in zip(numbers, scans, strict=True):
        info = zipfile.ZipInfo(f"xl/worksheets/sheet{number}.xml")
        if scan.end - scan.start > _LARGE:
            info.compress_type = zipfile.ZIP_DEFLATED
        members.append(packed(info, _encoded(iter(()) if empty else _cells(scan))))
    return joined(members)


def _encoded(cells: Iterator[str]) -> list[bytes]:
    """Return a sheet of some cells, some of the text at a time, so that little of it is held twice."""
    text = chain((f'<worksheet xmlns="{_MAIN}"><sheetData>',), cells, ("</sheetData></worksheet>",))
    return list(iter(lambda: "".join(islice(text, _PIECES)).encode(), b""))


def _cells(scan: SheetScan) -> Iterator[str]:
    """Yield a sheet's cells; those whose formula goes to the engine otherwise than it stands in the file replaced."""
    if scan.start == scan.end or scan.is_empty_element():
        return
    text, own = scan.text, scan.formulas
    position = scan.start
    # A shared formula says nothing without its group, so each of these is written out.
    others = [] if own.texts == own.lowered else [n for n in range(len(own)) if own.texts[n] is not own.lowered[n]]
    places = sorted({*others, *own.kinds}) if own.kinds else others
    formulas = [lowered for lowered in (own.lowered[place] for place in places) if lowered is not None]
    escaped = iter(to_xml("\0".join(formulas)).split("\0"))
    for place in places:
        spots, end = own.spots.get(place), own.ends[place]
        start = spots.start if spots is not None else text.rindex("<c ", position, end)
        yield text[position:start]
        if own.lowered[place] is None:
            yield _constant(own[place])
        else:
            yield f'<c r="{cell_name(own.rows[place], own.columns[place])}"><f>{next(escaped)}</f></c>'
        position = end
    yield from (text[at : min(at + _BLOCK, scan.end)] for at in range(position, scan.end, _BLOCK))


def _constant(cell: FormulaCell) -> str:
    name = cell_name(cell.row, cell.column)
    constant = cell.value if cell.early else cell.old
    if constant.__class__ is float:
        return f'<c r="{name}"><v>{constant!r}</v></c>'
    if constant is None:
        return f'<c r="{name}"/>'
    kind, data = typed_value(constant)
    return f'<c r="{name}" t="{kind or "n"}"><v>{data}</v></c>'


def _relationships(targets: list[tuple[int, str, str]]) -> str:
    listed = "".join(
        f'<Relationship Id="rId{n}" Type="{_OFFICE}/{kind}" Target="{part}"/>' for n, kind, part in targets
    )
    return f'<Relationships xmlns="{_RELATIONS}">{listed}</Relationships>'
