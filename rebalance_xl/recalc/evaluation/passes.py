"""The passes that a workbook goes through, one after the other: each decides something and has it computed again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from ...cells import CellError
from ..files.package import Package
from ..sheets.sheet_scan import SheetScan
from .calculation import Calculation
from .data_tables import compute_tables
from .decimal_comma import keep_decimal_commas
from .doubts import explain_errors, settle_doubts
from .loops import close_loops
from .old_values import Places, name_what_is_old
from .suspects import compute_suspects

#: Errors that no file names: Excel writes #VALUE! and says in the cell's metadata what it means.
NEW_ERRORS = frozenset(("#SPILL!", "#CALC!", "#FIELD!", "#BLOCKED!", "#CONNECT!", "#BUSY!"))


def calculate(
    package: Package,
    scans: list[SheetScan],
    now: dt.datetime,
    *,
    spill_plain: bool = False,
    singly: bool = False,
    inputs: Callable[[], Places] | None = None,
) -> Calculation:
    """Calculate a workbook: its formula cells get values, statuses and causes, its spills their arrays.

    `spill_plain` lets ordinary formulas spill, `singly` computes every formula without any short cut, `inputs` gives
    the cells without formulas that were changed before the calculation.
    """
    calculation = Calculation(package, scans, now, spill_plain, singly)
    calculation.prepare()
    calculation.compute()
    if package.iterate:
        close_loops(calculation)
    settle_doubts(calculation)
    compute_suspects(calculation)
    keep_decimal_commas(calculation)
    compute_tables(calculation)
    explain_errors(calculation)
    name_what_is_old(calculation, inputs)
    _write_new_errors_as_old(calculation)
    return calculation


def _write_new_errors_as_old(calculation: Calculation) -> None:
    """Let errors that old programs do not know be written as #VALUE!, as Excel does, and be named as the cause."""
    for _, cell in calculation.odd:
        if cell.value.__class__ is CellError and cell.value.code in NEW_ERRORS and cell.status != "kept":
            cell.cause = cell.cause or cell.value.code
            cell.value = CellError("#VALUE!", cell.cause)
    for anchor in calculation.spills.anchors:
        codes = {each.code for row in anchor.rows or () for each in row if each.__class__ is CellError}
        if codes & NEW_ERRORS and anchor.active and anchor.rows is not None:
            anchor.rows = [[_known_to_all(each) for each in row] for row in anchor.rows]
            if anchor.cell.early:
                anchor.cell.value = anchor.rows[0][0]


def _known_to_all(value: Any) -> Any:
    new = value.__class__ is CellError and value.code in NEW_ERRORS
    return CellError("#VALUE!", value.reason or value.code) if new else value
