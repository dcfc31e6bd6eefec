"""What a recalculation found: every computed value against the cached one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import compress
from math import isclose
from operator import itemgetter, ne
from pathlib import Path
from typing import Any

from ..cells import CellError
from .evaluation.calculation import Calculation
from .evaluation.spills import Anchor
from .references import Area, cell_name
from .sheets.formula_cells import FormulaCell, Formulas
from .sheets.sheet_scan import SheetScan
from .sheets.splice import SheetChanges
from .sheets.splice_rows import REMOVED

SAME_WITHIN = 1e-12


@dataclass(frozen=True, slots=True)
class ChangedCell:
    """One row of the report.

    `status` is "changed", "new" (no cached value before), "error" (the formula gives an error value), "kept" (it could
    not be computed, its cached value stays) or "unchanged"; `cause` says why for "error" and "kept".
    """

    sheet: str
    cell: str
    formula: str
    old: Any
    new: Any
    status: str
    cause: str = ""


@dataclass(slots=True)
class Recalculation:
    """What a recalculation did.

    Attributes
    ----------
    path, output : Path
        The workbook and where the result was written, None when nothing was written.
    formulas, computed, errors, kept : int
        Formula cells in all; those computed; those that give an error value; those that kept their cached value.
    unknown_functions : list of str
        Functions nobody here knows, by name.
    spills : dict of str to str
        The area that each dynamic array fills, by its anchor.
    warnings : list of str
        What else the user should know.
    stale : bool
        Whether any cached value differed from the computed one.
    changed_cells, changed_spilled : int
        How many formula cells, and how many cells that arrays fill, show another value than before.
    lines, spilled : list
        What `changed` is made from: places of formula cells sheet by sheet, and cells that arrays fill.
    """

    path: Path
    output: Path | None = None
    formulas: int = 0
    computed: int = 0
    errors: int = 0
    kept: int = 0
    unknown_functions: list[str] = field(default_factory=list)
    spills: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    stale: bool = False
    changed_cells: int = 0
    changed_spilled: int = 0
    lines: list[tuple[str, Formulas, list[int]]] = field(default_factory=list, repr=False)
    spilled: list[tuple[str, int, int, FormulaCell, Any, Any]] = field(default_factory=list, repr=False)

    @property
    def changed(self) -> list[ChangedCell]:
        """Every cell whose cached value changed, that gives an error or that kept its cached value.

        The cells that an array fills follow the formula cells, each with the formula that fills it.
        """
        rows: list[ChangedCell] = []

        def tell(sheet: str, row: int, column: int, formula: str, old: Any, new: Any, status: str, cause: str) -> None:
            if status not in ("kept", "error"):
                status = "new" if old is None else "changed"
            rows.append(ChangedCell(sheet, cell_name(row, column), "=" + formula, old, new, status, cause))

        for sheet, formulas, places in self.lines:
            for cell in formulas.at(places):
                tell(sheet, cell.row, cell.column, cell.formula, cell.old, cell.value, cell.status, cell.cause)
        for sheet, row, column, cell, old, value in self.spilled:
            failed = isinstance(value, CellError)
            tell(sheet, row, column, cell.formula, old, value, *(("error", value.reason) if failed else ("", "")))
        return rows


def same(old: Any, new: Any) -> bool:
    """Say whether two cell values show the same, numbers within the noise of the last digits."""
    if old.__class__ is float and new.__class__ is float:
        return bool(old == new) or isclose(old, new, rel_tol=SAME_WITHIN, abs_tol=0.0)
    return old.__class__ is new.__class__ and bool(old == new)


def differing(olds: Sequence[Any], values: Sequence[Any]) -> list[int]:
    """Return the places at which two lists of cell values do not show the same."""
    kinds = {*map(type, olds), *map(type, values)}
    places = range(len(olds)) if bool in kinds else compress(range(len(olds)), map(ne, olds, values))
    if kinds == {float}:
        return [n for n in places if not isclose(olds[n], values[n], rel_tol=SAME_WITHIN, abs_tol=0.0)]
    return [n for n in places if olds[n].__class__ is not values[n].__class__ or not same(olds[n], values[n])]


def first_difference(one: tuple[bytes, Recalculation], other: tuple[bytes, Recalculation]) -> str:
    """Return where two recalculations of one workbook, their bytes and reports, differ; "" for the same bytes."""
    if one[0] == other[0]:
        return ""
    cells = [{(row.sheet, row.cell): row for row in report.changed} for _, report in (one, other)]
    for place in [*cells[0], *cells[1]]:
        here, there = (each.get(place) for each in cells)
        shown = [("unchanged" if row is None else f"{row.new!r} ({row.status})") for row in (here, there)]
        if shown[0] != shown[1]:
            return f"{place[0]}!{place[1]} gives {shown[0]} and {shown[1]}"
    return "the reports agree, the files do not"


def compare(calculation: Calculation, report: Recalculation) -> list[SheetChanges]:
    """Fill in the report of a calculation that was run; return what has to be written, sheet by sheet."""
    changes: list[SheetChanges] = []
    names = [sheet.name for sheet in calculation.book.package.sheets]
    unknown: set[str] = set()
    scans = calculation.book.scans[: len(names)]  # without what is cached of other workbooks
    for name, scan in zip(names, scans, strict=True):
        own = scan.formulas
        report.formulas += len(own)
        kept, failed = own.with_status("kept"), own.with_status("error")
        report.errors += len(failed)
        report.kept += len(kept)
        causes = [cell.cause.partition(":") for cell in kept]
        unknown.update(cause.partition(";")[0] for kind, _, cause in causes if kind == "unknown-function")
        left = {cell.place for cell in kept}
        changed = differing(own.olds, own.values)
        changed = [place for place in changed if place not in left] if left else changed
        told = sorted({*changed, *left, *(cell.place for cell in failed)}) if kept or failed else changed
        if told:
            report.lines.append((name, own, told))
        report.changed_cells += len(changed)
        changes.append(SheetChanges(changed))
    report.computed = report.formulas - report.kept
    for anchor in calculation.spills.anchors:
        cell, area = anchor.cell, anchor.area
        if not anchor.active:
            continue
        if anchor.dynamic and area.size > 1:
            report.spills[f"{names[cell.sheet]}!{cell_name(cell.row, cell.column)}"] = area.text()
        if anchor.dynamic and area != anchor.before and cell.status != "kept":
            changes[cell.sheet].grown[cell.place] = area, anchor.written is None
        report.spilled += _compare_children(names[cell.sheet], scans[cell.sheet], anchor, changes[cell.sheet])
    report.changed_spilled = sum(len(cells) for sheet_changes in changes for cells in sheet_changes.columns.values())
    report.stale = any(changes)
    report.unknown_functions = sorted(unknown)
    return changes


def _compare_children(
    name: str, scan: SheetScan, anchor: Anchor, changes: SheetChanges
) -> list[tuple[str, int, int, FormulaCell, Any, Any]]:
    """Collect the cells an array fills now or filled before whose value changes, into the changes and for the report.

    Those that are errors are told, too: sheet, row, column, anchor, old and new value.
    """
    area, rows, own = anchor.area, anchor.rows, anchor.cell
    before = anchor.before
    if rows is None or area.size == before.size == 1:
        return []
    top, left = min(area.top, before.top), min(area.left, before.left)
    both = Area(top, left, max(area.bottom, before.bottom), max(area.right, before.right))
    places = zip(scan.formulas.rows, scan.formulas.columns, strict=True)
    formulas = {place for place in places if both.contains(*place)}
    old = scan.columns_within(both)
    told: list[tuple[str, int, int, FormulaCell, Any, Any]] = []
    for column in range(area.left, area.right + 1):
        values = [line[column - area.left] for line in rows]
        first = area.top - both.top
        shown = old[column][first : first + len(values)] if column in old else [None] * len(values)
        not_mine = {row - area.top for row, at in formulas if at == column}
        wanted = [n for n in differing(shown, values) if n not in not_mine]
        failed = {n for n, value in enumerate(values) if value.__class__ is CellError} - not_mine
        every = sorted(failed.union(wanted)) if failed else wanted
        told += [(name, area.top + n, column, own, shown[n], values[n]) for n in every]
        if wanted:
            changes.columns.setdefault(column, {}).update({area.top + n: values[n] for n in wanted})
    all_filled = area.contains(before.top, before.left) and area.contains(before.bottom, before.right)
    for row, column in () if all_filled else before.cells():
        value = old[column][row - both.top] if column in old else None
        if value is not None and not area.contains(row, column) and (row, column) not in formulas:
            changes.columns.setdefault(column, {})[row] = REMOVED
            told.append((name, row, column, own, value, None))
    if both.width > 1:
        told.sort(key=itemgetter(1, 2))
    return told
