"""Cells handed over to the engine, and their values read back: whole rectangles, or one by one in the plain way."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import Any

from ...cells import CellError
from ..files.package import Package
from ..sheets.sheet_scan import FormulaCell, SheetScan
from .engine import FAILURES, NOTHING, Engine, from_engine, to_engine
from .engine_input import engine_package
from .noise import SHORT, TINY
from .rectangles import by_row, rectangles

_NUM = CellError("#NUM!")
Block = tuple[int, int, list[list[FormulaCell]]]


def load(engine: Engine, package: Package, scans: Sequence[SheetScan], names: Sequence[str], singly: bool) -> None:
    """Hand all cells of a workbook over, their formulas lowered.

    Parameters
    ----------
    engine : Engine
        Without any cell.
    package, scans, names : Package, sequence of SheetScan, sequence of str
        The workbook, its sheets, and what the engine calls them.
    singly : bool
        Hand every formula over alone.
    """
    plain = all(scan.plain and not scan.has_escapes() for scan in scans)
    escaped = any("_x" in text or "\r" in text for text in package.strings)
    at_once = plain and not escaped and not package.iterate and not singly
    try:
        engine.load(engine_package(package, scans, names, empty=not at_once))
        if at_once:
            return
    except (*FAILURES, OSError):
        pass  # one odd cell is enough; then the cells are handed over one by one
    if package.iterate:
        for sheet, scan in enumerate(scans):
            for cell in scan.formulas:
                if cell.lowered is not None and cell.old is not None:  # where its loop, if any, goes on from
                    engine.set_value(sheet, cell.row, cell.column, cell.old)
    for sheet, scan in enumerate(scans):
        found = scan.constants
        values = list(map(to_engine, found.values)) if found.errors else found.values
        # A blank written where a formula goes afterwards can hide the formula's value in the engine: no gaps here.
        for row, column, block in rectangles(by_row(found.rows, found.columns, values)):
            engine.set_block(sheet, row, column, block)
        for cell in scan.formulas:
            constant = cell.value if cell.early else cell.old
            if cell.lowered is None and constant is not None:
                engine.set_value(sheet, cell.row, cell.column, constant)
        if singly:
            for cell in scan.formulas:
                if cell.lowered is not None:
                    engine.set_formula(sheet, cell.row, cell.column, f"={cell.lowered}")
            continue
        for row, column, lines in _blocks(scan):
            engine.set_formula_block(sheet, row, column, [[f"={cell.lowered}" for cell in line] for line in lines])


def read_values(
    engine: Engine, scan: SheetScan, sheet: int, singly: bool
) -> tuple[list[FormulaCell], list[FormulaCell]]:
    """Read the engine's values into the formula cells of a sheet.

    Returns
    -------
    tuple of two lists of FormulaCell
        The errors and troubles among them, and those that may show more than Excel's 15 digits.
    """
    odd: list[FormulaCell] = []
    showing: list[FormulaCell] = []
    cells = [cell for cell in scan.formulas if cell.lowered is not None]
    if len(cells) < len(scan.formulas):
        for cell in scan.formulas:
            if cell.lowered is None and not cell.early:
                cell.value = cell.old
    if not cells:
        return odd, showing
    if singly:
        for cell in cells:
            place = (cell.row, cell.column, cell.row, cell.column)
            _take([cell], engine.read_block(sheet, *place)[0], odd, showing)
        return odd, showing
    columns = [cell.column for cell in cells]
    top, bottom, left, right = cells[0].row, cells[-1].row, min(columns), max(columns)
    if (bottom - top + 1) * (right - left + 1) <= 4 * len(cells) + 256:
        values = engine.read_block(sheet, top, left, bottom, right)
        if (bottom - top + 1) * (right - left + 1) == len(cells):
            _take(cells, [value for line in values for value in line], odd, showing)
        else:
            _take(cells, [values[cell.row - top][cell.column - left] for cell in cells], odd, showing)
        return odd, showing
    for row, column, block in _blocks(scan):
        last = (row + len(block) - 1, column + len(block[0]) - 1)
        values = engine.read_block(sheet, row, column, *last)
        for line, found in zip(block, values, strict=True):
            _take(line, found, odd, showing)
    return odd, showing


def _blocks(scan: SheetScan) -> list[Block]:
    """Return the formula cells that the engine computes in rectangles."""
    cells = [cell for cell in scan.formulas if cell.lowered is not None]
    if scan.blocks is None or scan.blocks[0] != len(cells):
        grouped = rectangles(by_row([cell.row for cell in cells], [cell.column for cell in cells], cells))
        scan.blocks = (len(cells), list(grouped))
    return scan.blocks[1]


def _take(
    cells: Sequence[FormulaCell], values: Sequence[Any], odd: list[FormulaCell], showing: list[FormulaCell]
) -> None:
    if set(map(type, values)) == {float} and all(map(isfinite, values)):
        for cell, value in zip(cells, values, strict=True):
            cell.value = value
            if -TINY < value < TINY and value:
                showing.append(cell)
        return
    for cell, value in zip(cells, values, strict=True):
        kind = value.__class__
        if (kind is float and value - value == 0) or kind is str or kind is bool:
            cell.value = value
            if (-TINY < value < TINY and value) if kind is float else (kind is str and len(value) > SHORT):
                showing.append(cell)
            continue
        value = _NUM if kind is float else from_engine(value)
        cell.value = NOTHING if value is None else value
        odd.append(cell)
