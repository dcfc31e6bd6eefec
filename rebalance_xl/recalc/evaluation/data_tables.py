"""Data tables (what-if tables): the formula beside them computed for every pair of inputs.

The first cell of the area carries the declaration: r1 and r2 are the input cells, the inputs stand in the row above the
area and in the column left of it, the formula in the corner or beside. Source: ECMA-376-1 18.3.1.40.
"""

from __future__ import annotations

import re
from typing import Any, Final

from ..files.parts import every, parsed_or_none
from ..references import Area, parse_area
from ..sheets.sheet_scan import FormulaCell
from .calculation import Calculation
from .decision import Action, Finding, decide
from .engine import FAILURES, Trouble, from_engine

_RANDOM: Final = re.compile(r"\bRAND(?:BETWEEN|ARRAY)?\(", re.IGNORECASE)
_TRUE: Final = ("1", "true")
#: Larger tables keep their values: every cell takes a calculation of all that depends on its inputs.
MOST_CELLS: Final = 20_000


def compute_tables(calculation: Calculation) -> None:
    """Compute the data tables of a workbook, and what reads them."""
    scans = enumerate(calculation.scans)
    tables = [(sheet, cell) for sheet, scan in scans for cell in scan.formulas.of_kind("dataTable")]
    if not tables:
        return
    reason = _why_not(calculation)
    computed = False
    for sheet, cell in tables:
        rows = None if reason else _table(calculation, sheet, cell)
        if rows is None:
            cell.cause = f"data-table: {reason or 'its inputs cannot be put in'}"
            continue
        area = parse_area(cell.reference)
        assert area is not None
        anchor = calculation.spills.add(sheet, cell, area, False, written=area)
        anchor.active, anchor.rows = True, rows
        cell.status, cell.cause, cell.value, cell.early = "computed", "", rows[0][0], True
        calculation.engine.set_block(sheet, area.top, area.left, rows)
        computed = True
    if computed:
        calculation.compute()


def _why_not(calculation: Calculation) -> str:
    """Return why no table is computed: as Excel leaves them alone, or because they are random by intent."""
    root = parsed_or_none(calculation.package.container, calculation.package.part)
    modes = [each.get("calcMode") for each in every(root, "calcPr")] if root is not None else []
    if "autoNoTable" in modes:
        return "the workbook calculates all but its data tables"
    if any(_RANDOM.search(cell.formula) for _, cell in calculation.cells()):
        return "random numbers change it with every calculation"
    # The engine computes a cell from others as it has them: what it took for constants would not follow the inputs.
    if any(cell.early or (cell.status == "kept" and cell.kind != "dataTable") for _, cell in calculation.cells()):
        return "the workbook has cells that would not follow its inputs"
    if any(anchor.active and anchor.area.height * anchor.area.width > 1 for anchor in calculation.spills.anchors):
        return "the workbook has arrays that would not follow its inputs"
    return ""


def _table(calculation: Calculation, sheet: int, cell: FormulaCell) -> list[list[Any]] | None:
    """Return the values of a data table, None when it cannot be computed."""
    given = cell.attributes
    area = parse_area(cell.reference)
    both, by_row = given.get("dt2D") in _TRUE, given.get("dtr") in _TRUE
    inputs = [parse_area(given.get(name, "")) for name in (("r1", "r2") if both else ("r1",))]
    deleted = given.get("del1") in _TRUE or given.get("del2") in _TRUE
    if area is None or deleted or None in inputs or area.top < 2 or area.left < 2:
        return None
    if area.height * area.width > MOST_CELLS:
        return None
    above = calculation.values(sheet, Area(area.top - 1, area.left, area.top - 1, area.right))[0]
    beside = [row[0] for row in calculation.values(sheet, Area(area.top, area.left - 1, area.bottom, area.left - 1))]
    old = calculation.values(sheet, area)
    rows: list[list[Any]] = []
    try:
        for row in range(area.height):
            line: list[Any] = []
            for column in range(area.width):
                if both:
                    put = [above[column], beside[row]]
                    place = (area.top - 1, area.left - 1)
                elif by_row:
                    put, place = [above[column]], (area.top + row, area.left - 1)
                else:
                    put, place = [beside[row]], (area.top - 1, area.left + column)
                value = _with(calculation, sheet, [each for each in inputs if each is not None], put, place)
                action, _ = decide(
                    Finding(
                        answer=value,
                        old=old[row][column],
                        failure=value.cause if isinstance(value, Trouble) else "",
                        careful=True,
                        doubtful="a data table",
                    )
                )
                if action is not Action.WRITE:
                    return None
                line.append(value)
            rows.append(line)
    except FAILURES:
        return None
    finally:
        for each in inputs:
            if each is not None:
                calculation.restore(sheet, each.top, each.left)
    return rows


def _with(calculation: Calculation, sheet: int, inputs: list[Area], put: list[Any], place: tuple[int, int]) -> Any:
    """Return what a formula gives with other values in the input cells."""
    for cell, value in zip(inputs, put, strict=True):
        calculation.engine.set_value(sheet, cell.top, cell.left, value)
    calculation.engine.evaluate_cell(sheet, *place)
    answer = calculation.engine.read_block(sheet, *place, *place)[0][0]
    return Trouble("engine-unsupported") if answer is None else from_engine(answer)
