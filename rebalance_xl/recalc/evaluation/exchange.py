"""Cells handed over to the engine, and their values read back: in blocks, or one by one in the plain way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import chain
from math import isfinite
from operator import itemgetter
from typing import Any, Final

from ...cells import CellError
from ..formulas.book_view import BookView
from ..references import Place
from ..sheets.formula_cells import Formulas, put, taken
from .engine import Engine
from .engine_input import engine_package
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
        rows, columns, values = scan.within()
        held = list(zip(columns, rows, values, strict=True))
        own = scan.formulas
        # Where workbooks iterate, loops go on from the values that their cells hold. Blanks are left out: one that is
        # written where a formula goes afterwards can hide the formula's value in the engine.
        for cell in own.at(place for place, text in enumerate(own.lowered) if text is None or package.iterate):
            constant = cell.value if cell.early else cell.old
            if constant is not None:
                held.append((cell.column, cell.row, constant))
        for row, column, values in runs_down(held):
            engine.set_block(sheet, row, column, [[to_engine(value)] for value in values])
        lowered = zip(own.columns, own.rows, own.lowered, strict=True)
        formulas = [(column, row, text) for column, row, text in lowered if text is not None]
        # Which cell of a loop comes first in a pass depends on the blocks.
        set_formulas(engine, sheet, formulas, singly and not package.iterate)


def is_tiny(value: object) -> bool:
    """Say whether a value may be nothing but the noise of a subtraction."""
    return value.__class__ is float and value != 0.0 and -TINY < value < TINY


def runs_down(cells: Iterable[tuple[int, int, Any]]) -> Iterator[tuple[int, int, list[Any]]]:
    """Join cells (column, row, content) that stand below each other: the engine takes and gives blocks fastest.

    The row of the first, its column and the contents are yielded.

    Examples
    --------
    >>> list(runs_down([(1, 1, "a"), (2, 1, "x"), (1, 2, "b")]))
    [(1, 1, ['a', 'b']), (1, 2, ['x'])]
    """
    run: list[Any] = []
    column = row = 0
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
    """Set values, in blocks where they stand below each other: the engine looks for what reads a block only once."""
    by_sheet: dict[int, list[tuple[int, int, Any]]] = {}
    for (sheet, row, column), value in values:
        by_sheet.setdefault(sheet, []).append((column, row, to_engine(value)))
    for sheet, cells in by_sheet.items():
        for row, column, run in runs_down(cells):
            engine.set_block(sheet, row, column, [[value] for value in run])


def set_formulas(engine: Engine, sheet: int, formulas: Iterable[tuple[int, int, str]], singly: bool) -> None:
    """Set formulas, given as column, row and text, in blocks or one by one; what the engine refuses stays as it was."""
    single = ((row, column, [text]) for column, row, text in formulas)
    for row, column, texts in single if singly else runs_down(formulas):
        with suppress(*FAILURES):
            if len(texts) == 1:
                engine.set_formula((sheet, row, column), texts[0])
            else:
                engine.set_formula_block(sheet, row, column, [[f"={text}"] for text in texts])


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
