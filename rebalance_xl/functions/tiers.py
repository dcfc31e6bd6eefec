"""Maintenance margin tiers: one table, read and checked, and the requirement it makes.

A table is **continuous** when its maintenance amounts c make the requirement ``r N - c`` meet at every floor
(``c_i = c_(i-1) + floor_i (r_i - r_(i-1))``); the requirement is then the largest of all lines, whatever the tier.
It is **stepped** when it has no amounts: the whole position pays the rate of its tier and the requirement jumps.
Sizes are values (which move with the price) or contracts (which do not).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, NamedTuple

from rebalance_xl.functions.elementwise import NA, NUM, TOLERANCE, VALUE, Booleans, Numbers, maximum, where


class Tier(NamedTuple):
    """One row of a table: sizes above `floor` up to `cap`; a NaN leverage is not stated."""

    floor: float
    cap: float
    max_leverage: float
    rate: float
    amount: float


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
        if type(value) is float:
            return largest_line(table.rows, value)
        first = table.rows[0]
        required: Numbers = value * first.rate - first.amount
        for tier in table.rows[1:]:
            required = maximum(required, value * tier.rate - tier.amount)
        return required
    where_in = value if size is None else size
    return value * rate_at(table, where_in) - amount_at(table, where_in)


def largest_line(rows: Sequence[Tier], value: float) -> float:
    """Return the largest of all lines for one value, NaN for a NaN: the loop of `requirement` without its calls."""
    required = -math.inf
    for _, _, _, rate, amount in rows:
        line = value * rate - amount
        if line > required or line != line:
            required = line
    return required


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
