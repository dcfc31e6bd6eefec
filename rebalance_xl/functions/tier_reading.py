"""Reads tables of tiers from worksheet rows, and refuses those that cannot be right."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

from rebalance_xl.cells import CellError, as_float, describe
from rebalance_xl.functions.elementwise import TOLERANCE
from rebalance_xl.functions.tiers import Tier, TierTable

#: How far an amount may lie from continuity, as a share of itself; exchanges print amounts to the cent.
_AMOUNT_TOLERANCE = 1e-6
_CENT = 0.011


class TierError(ValueError):
    """A table that cannot be used; the text names the row, the value and what is allowed.

    Parameters
    ----------
    reason
        The text.
    code
        The error value in a cell: #NUM! for a table that cannot be right, #N/A where something is missing, #VALUE! for
        a wrong type or shape, an error in the table itself.
    """

    def __init__(self, reason: str, code: str = "#NUM!") -> None:
        super().__init__(reason)
        self.code = code


def read_tier_rows(cells: Iterable[Sequence[Any]], name: str = "") -> TierTable:
    """Read rows of floor, cap, max leverage, rate and (where there are any) maintenance amount.

    Parameters
    ----------
    cells
        Worksheet values, four or five to a row; a header row and trailing blank rows are ignored. A blank cap in
        the last row means no end, a blank leverage not stated, a blank amount none.
    name
        The table's name in messages.

    Returns
    -------
    TierTable
        A single row is the tier in force, taken as it is; several rows are checked for order and continuity.

    Raises
    ------
    TierError
        If something is missing, out of range, unsorted, overlapping, leaves a gap or is not continuous.
    """
    rows = [list(row) for row in cells]
    while rows and all(_is_empty(cell) for cell in rows[-1]):
        rows.pop()
    if len(rows) > 1 and all(isinstance(cell, str) or cell is None for cell in rows[0]):
        rows.pop(0)
    label = name or "the tiers"
    if not rows:
        raise TierError(f"{label} have no rows", "#N/A")
    found: list[Tier] = []
    amounts: list[float] = []
    for position, row in enumerate(rows, 1):
        if not 4 <= len(row) <= 5:
            reason = f"{label} have {len(row)} columns; allowed are floor, cap, max leverage, rate and amount"
            raise TierError(reason, "#VALUE!")
        last = position == len(rows)
        floor = _cell_number(row[0], f"floor of row {position} of {label}", 0.0 if position == 1 else None)
        cap = _cell_number(row[1], f"cap of row {position} of {label}", math.inf if last else None)
        leverage = _cell_number(row[2], f"max leverage of row {position} of {label}", math.nan)
        rate = _cell_number(row[3], f"rate of row {position} of {label}", None)
        amount = _cell_number(row[4] if len(row) == 5 else None, f"amount of row {position} of {label}", math.nan)
        amounts.append(amount)
        found.append(Tier(floor, cap, leverage, rate, 0.0 if amount != amount else amount))
    return build_table(found, amounts, name)


def build_table(rows: Sequence[Tier], amounts: Sequence[float], name: str = "") -> TierTable:
    """Return the table of rows that were read, checked; a NaN in `amounts` was blank."""
    label = name or "the tiers"
    for position, tier in enumerate(rows, 1):
        _check_row(tier, f"row {position} of {label}")
    if len(rows) == 1:
        only = rows[0]._replace(floor=0.0, cap=math.inf)
        return TierTable((only,), name)
    _check_order(rows, label)
    if all(amount != amount or amount == 0.0 for amount in amounts):
        return TierTable(tuple(rows), name, continuous=all(tier.rate == rows[0].rate for tier in rows))
    for position, amount in enumerate(amounts, 1):
        if amount != amount:
            raise TierError(f"amount of row {position} of {label} is blank while others are given; fill all or none")
    _check_continuity(rows, label)
    return TierTable(tuple(rows), name)


def _check_row(tier: Tier, label: str) -> None:
    if not 0.0 <= tier.rate < 1.0:
        hint = "; fractions are meant, not percents (0.005, not 0.5)" if tier.rate >= 1.0 else ""
        raise TierError(f"rate of {label} is {tier.rate:g}; allowed is a number from 0 to below 1{hint}")
    if tier.floor < 0.0:
        raise TierError(f"floor of {label} is {tier.floor:g}; allowed is a number not below 0")
    if tier.cap <= tier.floor:
        raise TierError(f"cap of {label} is {tier.cap:.15g}; allowed is a number above its floor {tier.floor:.15g}")
    if tier.max_leverage <= 0.0:
        raise TierError(f"max leverage of {label} is {tier.max_leverage:g}; allowed is a number above 0")
    if tier.amount < 0.0:
        raise TierError(f"amount of {label} is {tier.amount:g}; allowed is a number not below 0")


def _check_order(rows: Sequence[Tier], label: str) -> None:
    if rows[0].floor != 0.0:
        raise TierError(f"{label} begin at {rows[0].floor:.15g}; the first floor must be 0")
    for position, (before, tier) in enumerate(pairwise(rows), 2):
        row = f"row {position} of {label}"
        if tier.floor < before.floor:
            raise TierError(f"{row} begins at {tier.floor:.15g}, below the row before it: sort by floor")
        if abs(tier.floor - before.cap) > TOLERANCE * max(tier.floor, before.cap):
            what = "leaves a gap to" if tier.floor > before.cap else "overlaps"
            raise TierError(
                f"{row} begins at {tier.floor:.15g} and {what} the row before it, which ends at {before.cap:.15g}"
            )
        if tier.rate < before.rate:
            raise TierError(f"rate of {row} is {tier.rate:g}, below {before.rate:g} of the row before it")
        if tier.max_leverage > before.max_leverage:
            raise TierError(
                f"max leverage of {row} is {tier.max_leverage:g}, above {before.max_leverage:g} of the row before it"
            )


def _check_continuity(rows: Sequence[Tier], label: str) -> None:
    if rows[0].amount:
        # Nothing must be held for nothing: an amount at floor 0 would make the margin of a small position negative.
        raise TierError(
            f"amount of row 1 of {label} is {rows[0].amount:.15g}; the first tier begins at 0 and takes 0 off"
        )
    for position, (before, tier) in enumerate(pairwise(rows), 2):
        wanted = before.amount + tier.floor * (tier.rate - before.rate)
        # A table in coins has amounts far below a cent: the slack must not exceed what the row is about.
        slack = max(_AMOUNT_TOLERANCE * max(abs(wanted), tier.amount), min(_CENT, 1e-4 * tier.floor * tier.rate))
        if abs(tier.amount - wanted) > slack:
            raise TierError(
                f"amount of row {position} of {label} is {tier.amount:.15g}, but continuity with the row before it "
                f"needs {wanted:.10g}"
            )


def _is_empty(cell: Any) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())


def _cell_number(cell: Any, label: str, blank: float | None) -> float:
    if _is_empty(cell):
        if blank is None:
            raise TierError(f"{label} is blank", "#N/A")
        return blank
    if isinstance(cell, bool | CellError) or not isinstance(cell, float | int):
        code = cell.code if isinstance(cell, CellError) else "#VALUE!"
        raise TierError(f"{label} is {describe(cell)}; allowed is a number", code)
    number = as_float(cell)
    if not math.isfinite(number):
        raise TierError(f"{label} is no finite number")
    return number
