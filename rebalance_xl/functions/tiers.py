"""Maintenance margin tiers: one table, read and checked, and the requirement it makes.

A table is **continuous** when its maintenance amounts c make the requirement ``r N - c`` meet at every floor
(``c_i = c_(i-1) + floor_i (r_i - r_(i-1))``); the requirement is then the largest of all lines, whatever the tier.
It is **stepped** when it has no amounts: the whole position pays the rate of its tier and the requirement jumps.
Sizes are values (which move with the price) or contracts (which do not).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

from rebalance_xl.cells import CellError, as_float, describe
from rebalance_xl.functions.elementwise import NA, NUM, TOLERANCE, VALUE, Booleans, Numbers, maximum, where

#: How far an amount may lie from continuity, as a share of itself; exchanges print amounts to the cent.
_AMOUNT_TOLERANCE = 1e-6
_CENT = 0.011


class Tier(NamedTuple):
    """One row of a table: sizes above `floor` up to `cap`; a NaN leverage is not stated."""

    floor: float
    cap: float
    max_leverage: float
    rate: float
    amount: float


class TierError(ValueError):
    """A table that cannot be right; the text names the row, the value and what is allowed."""


@dataclass(frozen=True)
class TierTable:
    """The tiers of one instrument.

    Parameters
    ----------
    rows
        The tiers from the smallest size up.
    name
        Such as "binance:BTCUSDT"; empty for rows given in a formula.
    continuous
        Whether the amounts make the requirement continuous.
    unit_quantity
        The quantity that one unit of size stands for where sizes are contracts (0.01 coin, 100 dollars);
        0 where sizes are values.
    contract
        "linear", "inverse" or empty (either).
    unit, as_of, source
        As stated where the table was found.
    """

    rows: tuple[Tier, ...]
    name: str = ""
    continuous: bool = True
    unit_quantity: float = 0.0
    contract: str = ""
    unit: str = ""
    as_of: str = ""
    source: str = ""

    @property
    def is_stepped(self) -> bool:
        """Whether the requirement jumps where a value crosses a boundary."""
        return not self.continuous and not self.unit_quantity and len(self.rows) > 1

    @property
    def by_quantity(self) -> bool:
        """Whether the tier follows from the quantity alone, whatever the price."""
        return self.unit_quantity > 0.0

    @property
    def largest(self) -> float:
        """The largest size the table speaks of."""
        return self.rows[-1].cap * (1.0 + TOLERANCE)

    @property
    def label(self) -> str:
        """The table's name in a message."""
        return self.name or "the tiers"


@lru_cache(maxsize=1024)
def flat_table(rate: float) -> TierTable:
    """Return the table of one rate for every size."""
    return TierTable((Tier(0.0, math.inf, math.nan, rate, 0.0),))


def tier_size(table: TierTable, quantity: Numbers, value: Numbers) -> Numbers:
    """Return the size by which a position finds its tier: its value, or its contracts."""
    return quantity / table.unit_quantity if table.by_quantity else value


def _in_tier(table: TierTable, size: Numbers, column: int) -> Numbers:
    found: Numbers = table.rows[0][column]
    if len(table.rows) > 1 and type(size) is not float:
        import numpy as np

        floors = np.array([tier.floor for tier in table.rows[1:]]) * (1.0 + TOLERANCE)
        return np.array([tier[column] for tier in table.rows])[np.searchsorted(floors, size)]
    for tier in table.rows[1:]:
        if size > tier.floor * (1.0 + TOLERANCE):
            found = tier[column]
    return found


def rate_at(table: TierTable, size: Numbers) -> Numbers:
    """Return the maintenance rate of the tier in which a size lies; the cap belongs to its tier."""
    return _in_tier(table, size, Tier._fields.index("rate"))


def amount_at(table: TierTable, size: Numbers) -> Numbers:
    """Return the maintenance amount of the tier in which a size lies."""
    return _in_tier(table, size, Tier._fields.index("amount"))


def leverage_at(table: TierTable, size: Numbers) -> Numbers:
    """Return the largest leverage of the tier in which a size lies; NaN where the table states none."""
    return _in_tier(table, size, Tier._fields.index("max_leverage"))


def is_beyond(table: TierTable, size: Numbers) -> Booleans:
    """Tell whether a size is above the last cap, where the table says nothing."""
    return size > table.largest


def requirement(table: TierTable, value: Numbers, size: Numbers | None = None) -> Numbers:
    """Return the maintenance margin of a position value, the last tier continuing above its cap.

    `size` is the size in contracts where the table counts contracts.
    """
    if table.continuous and not table.by_quantity:
        first = table.rows[0]
        required: Numbers = value * first.rate - first.amount
        for tier in table.rows[1:]:
            required = maximum(required, value * tier.rate - tier.amount)
        return required
    where_in = value if size is None else size
    return value * rate_at(table, where_in) - amount_at(table, where_in)


def position_requirement(table: TierTable, quantity: Numbers, value: Numbers) -> Numbers:
    """Return the maintenance margin of a position, whether its tiers count values or contracts."""
    return requirement(table, value, tier_size(table, quantity, value))


def position_max_leverage(table: TierTable, quantity: Numbers, value: Numbers) -> Numbers:
    """Return the largest leverage for a position; NaN where none is stated, #NUM! beyond the last tier."""
    size = tier_size(table, quantity, value)
    return where(is_beyond(table, size), NUM, leverage_at(table, size))


def maintenance_amounts(floors: Sequence[float], rates: Sequence[float]) -> list[float]:
    """Return the amounts that make tiers continuous: ``c_i = c_(i-1) + floor_i (r_i - r_(i-1))``, from 0."""
    amounts = [0.0]
    for index in range(1, len(floors)):
        amounts.append(amounts[-1] + floors[index] * (rates[index] - rates[index - 1]))
    return amounts


# --- reading and checking ------------------------------------------------------------------------------------


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
        raise TierError(f"{label} have no rows")
    found: list[Tier] = []
    amounts: list[float] = []
    for position, row in enumerate(rows, 1):
        if not 4 <= len(row) <= 5:
            raise TierError(f"{label} have {len(row)} columns; allowed are floor, cap, max leverage, rate and amount")
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
            raise TierError(f"{label} is blank")
        return blank
    if isinstance(cell, bool | CellError) or not isinstance(cell, float | int):
        raise TierError(f"{label} is {describe(cell)}; allowed is a number")
    number = as_float(cell)
    if not math.isfinite(number):
        raise TierError(f"{label} is no finite number")
    return number


def with_details(table: TierTable, **details: Any) -> TierTable:
    """Return the table with its unit, contract, date or source filled in."""
    return replace(table, **details)


# --- what a notional alone tells ------------------------------------------------------------------------------


def size_of_notional(table: TierTable, notional: Numbers) -> Numbers:
    """Return the size of a notional: itself, or its contracts where each is worth a number of dollars.

    #VALUE! where contracts are counted in coin, because their number depends on a price.
    """
    if not table.by_quantity:
        return notional
    return notional / table.unit_quantity if table.contract == "inverse" else notional * VALUE


def maintenance_margin_of(table: TierTable, notional: Numbers) -> Numbers:
    """Return the maintenance margin of a notional; #NUM! for a negative one and beyond the last cap."""
    size = size_of_notional(table, notional)
    required = where(size == size, requirement(table, notional, size), size)
    return where((notional < 0.0) | is_beyond(table, size), NUM, required)


def max_leverage_of(table: TierTable, notional: Numbers) -> Numbers:
    """Return the largest leverage at a notional; #NUM! beyond the last cap, #N/A where none is stated."""
    size = size_of_notional(table, notional)
    leverage = leverage_at(table, size)
    known = where(leverage == leverage, leverage, NA)
    known = where(size == size, known, size)
    return where((notional < 0.0) | is_beyond(table, size), NUM, known)
