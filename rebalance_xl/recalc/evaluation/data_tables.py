"""Data tables (what-if tables): the formula beside them computed for every pair of inputs.

The first cell of the area carries the declaration: r1 and r2 are the input cells, the inputs stand in the row above the
area and in the column left of it, the formula in the corner or beside. Source: ECMA-376-1 18.3.1.40.
"""

from __future__ import annotations

import re
from itertools import product
from typing import Any, Final

from ..references import Area, parse_area
from ..sheets.formula_cells import FormulaCell
from .calculation import Calculation
from .decision import Action, decide
from .engine_values import FAILURES, NOTHING, from_engine

_RANDOM: Final = re.compile(r"\bRAND(?:BETWEEN|ARRAY)?\(", re.IGNORECASE)
_TRUE: Final = ("1", "true")
#: Larger tables keep their values: every cell takes a calculation of all that depends on its inputs.
MOST_CELLS: Final = 20_000


def compute_tables(calculation: Calculation) -> None:
    """Compute the data tables of a workbook, and what reads them."""
    tables = [cell for scan in calculation.book.scans for cell in scan.formulas.of_kind("dataTable")]
    reason = _why_not(calculation) if tables else ""
    computed = False
    for cell in tables:
        area = parse_area(cell.attributes.get("ref", ""))
        rows = None if reason or area is None else _table(calculation, cell, area)
        if area is None or rows is None:
            cell.cause = f"data-table: {reason or 'its inputs cannot be put in'}"
            continue
        anchor = calculation.spills.add(cell, area, False, written=area)
        anchor.active, anchor.rows = True, rows
        cell.status, cell.cause, cell.value, cell.early = "computed", "", rows[0][0], True
        calculation.engine.set_block(cell.sheet, area.top, area.left, rows)
        computed = True
    if computed:
        calculation.compute()


def _why_not(calculation: Calculation) -> str:
    """Return why no table is computed: as Excel leaves them alone, or because they are random by intent."""
    book = calculation.book
    if not book.package.with_tables:
        return "the workbook calculates all but its data tables"
    if any(_RANDOM.search(cell.formula) for cell in book.cells()):
        return "random numbers change it with every calculation"
    # The engine computes a cell from others as it has them: what it took for constants would not follow the inputs.
    if any(cell.early or (cell.status == "kept" and cell.kind != "dataTable") for cell in book.cells()):
        return "the workbook has cells that would not follow its inputs"
    if any(anchor.active and anchor.area.size > 1 for anchor in calculation.spills.anchors):
        return "the workbook has arrays that would not follow its inputs"
    return ""


def _table(calculation: Calculation, cell: FormulaCell, area: Area) -> list[list[Any]] | None:
    """Return the values of a data table, None when it cannot be computed."""
    given, book, engine, sheet = cell.attributes, calculation.book, calculation.engine, cell.sheet
    both, by_row = given.get("dt2D") in _TRUE, given.get("dtr") in _TRUE
    across, down = both or by_row, both or not by_row
    named = [parse_area(given.get(name, "")) for name in (("r1", "r2") if both else ("r1",))]
    inputs = [(sheet, each.top, each.left) for each in named if each is not None]
    deleted = given.get("del1") in _TRUE or given.get("del2") in _TRUE
    if deleted or len(inputs) < len(named) or area.top < 2 or area.left < 2 or area.size > MOST_CELLS:
        return None
    block = engine.read_block(sheet, area.top - 1, area.left - 1, area.bottom, area.right)
    shown = [[from_engine(value) for value in row] for row in block]
    above, beside = shown[0][1:], [row[0] for row in shown[1:]]
    rows = [list(row[1:]) for row in shown[1:]]
    try:
        for row, column in product(range(area.height), range(area.width)):
            put = [above[column]] * across + [beside[row]] * down
            place = (sheet, area.top - 1 if down else area.top + row, area.left - 1 if across else area.left + column)
            for own, value in zip(inputs, put, strict=True):
                engine.set_value(own, value)
            engine.evaluate_cells([place])
            answer = engine.read_cell(place)
            value = NOTHING if answer is None else from_engine(answer)
            action, _ = decide(answer=value, old=rows[row][column], doubtful="a data table", careful=True)
            if action is not Action.WRITE:
                return None
            rows[row][column] = value
    except FAILURES:
        return None
    finally:
        for _, row, column in inputs:  # which hold their formulas and values again
            held = book.scans[sheet].formulas.find(row, column)
            if held is not None and held.lowered is not None:
                engine.set_formula(held.where, held.lowered)
            else:
                engine.set_value((sheet, row, column), book.column(sheet, column, row, row)[0])
    return rows
