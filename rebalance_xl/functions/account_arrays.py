"""Many accounts at once, in numpy: the uniform move of each and the price of every position with the others frozen.

The walk of :mod:`rebalance_xl.functions.account_path` for all accounts together: the places where a tier changes are
sorted account by account, the changes of level and slope are summed up along each account, and the first place where
the surplus is gone is read off. It covers the common case: cross positions in linear contracts margined in dollars,
collateral at flat ratios, tables with amounts or with one rate. Everything else is for the single account's walk.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rebalance_xl.functions.account_path import bands_of
from rebalance_xl.functions.tiers import TierTable

if TYPE_CHECKING:
    import numpy as np

    Floats = np.ndarray[Any, np.dtype[np.float64]]
else:
    Floats = Any

_FARTHEST = 1e10
_DUST = 1e-12


@dataclass(frozen=True)
class AccountColumns:
    """Accounts as columns: one entry a pool for the first group, one a position for the second.

    Parameters
    ----------
    steady, moving
        Money of the pool's wallets that does not move with the market, and that does (collateral in coins), each after
        its ratio, in the pool's money at today's prices.
    account
        For each position the number of its pool, ascending.
    side, quantity, entry, mark
        Of each position; quantity in coins.
    table
        For each position the number of its table in `tables`.
    fee
        The rate that counts in the requirement.
    tables
        Tables with amounts, or with one rate.
    """

    steady: Floats
    moving: Floats
    account: Any
    side: Floats
    quantity: Floats
    entry: Floats
    mark: Floats
    table: Any
    fee: Floats
    tables: Sequence[TierTable]

    def __post_init__(self) -> None:
        for table in self.tables:
            if table.is_stepped or table.by_quantity:
                raise ValueError(f"{table.label} jump or count contracts; walk these accounts one by one")


def _padded(tables: Sequence[TierTable]) -> tuple[Floats, Floats, Floats]:
    """Return upper ends, rates and amounts of all tables, short tables filled up with their last tier."""
    import numpy as np

    bands = [bands_of(table) for table in tables]
    width = max(map(len, bands))
    ends = np.full((len(tables), width), np.inf)
    rates, amounts = np.empty((len(tables), width)), np.empty((len(tables), width))
    for row, own in enumerate(bands):
        for column in range(width):
            end, rate, amount = own[min(column, len(own) - 1)]
            ends[row, column] = end if column < len(own) else np.inf
            rates[row, column], amounts[row, column] = rate, -amount
    return ends, rates, amounts


def _needed(columns: AccountColumns, padded: tuple[Floats, Floats, Floats], value: Floats) -> Floats:
    """Return what each position must hold at a value: the tier's line, and the fee."""
    import numpy as np

    ends, rates, amounts = padded
    tier = (value[:, None] > ends[columns.table]).sum(axis=1)
    found: Floats = value * rates[columns.table, tier] - amounts[columns.table, tier] + columns.fee * value
    return np.asarray(found)


def market_moves(columns: AccountColumns, direction: float) -> Floats:
    """Return the move of the whole market that liquidates each pool.

    Parameters
    ----------
    columns
        The accounts.
    direction
        -1 down, 1 up.

    Returns
    -------
    array
        One a pool: the signed move, infinity for never, 0 where it is liquidatable already.
    """
    import numpy as np

    ends, rates, amounts = _padded(columns.tables)
    count = len(columns.steady)
    value = columns.quantity * columns.mark
    locked = columns.side * columns.quantity * (columns.mark - columns.entry)
    slope = direction * value
    # Surplus = level + slope x t; the first tier of each position is the one in force at t = 0.
    tier = (value[:, None] > ends[columns.table]).sum(axis=1)
    rate, amount = rates[columns.table, tier], amounts[columns.table, tier]
    charge = rate + columns.fee
    level = columns.steady + columns.moving + _sums(columns, locked - charge * value + amount)
    steep = direction * columns.moving + _sums(columns, (columns.side - charge) * slope)

    # The boundaries that a position crosses: its value reaches the end of a tier at t = (end / value - 1) x direction.
    with np.errstate(all="ignore"):
        times = (ends[columns.table] / value[:, None] - 1.0) * direction
    step = np.arange(ends.shape[1])[None, :]
    crossed = np.isfinite(times) & ((step >= tier[:, None]) if direction > 0 else (step < tier[:, None]))
    if direction < 0:
        crossed &= times < 1.0
    which, place = np.nonzero(crossed)
    new = place + 1 if direction > 0 else place
    old = place if direction > 0 else place + 1
    own = columns.table[which]
    more_rate = rates[own, new] - rates[own, old]
    more_amount = amounts[own, new] - amounts[own, old]
    at = times[which, place]
    pool = columns.account[which]
    order = np.lexsort((at, pool))
    pool, at, which = pool[order], at[order], which[order]
    d_level = more_amount[order] - more_rate[order] * value[which]
    d_steep = -more_rate[order] * slope[which]

    # One segment before the first boundary of each pool, one after each boundary.
    starts = np.searchsorted(pool, np.arange(count))
    ends_of = np.searchsorted(pool, np.arange(count), side="right")
    total_level = np.concatenate(([0.0], np.cumsum(d_level)))
    total_steep = np.concatenate(([0.0], np.cumsum(d_steep)))
    seg_pool = np.concatenate((np.arange(count), pool))
    seg_left = np.concatenate((np.zeros(count), at))
    seg_level = np.concatenate((level, level[pool] + total_level[1:] - total_level[starts[pool]]))
    seg_steep = np.concatenate((steep, steep[pool] + total_steep[1:] - total_steep[starts[pool]]))
    limit = 1.0 if direction < 0 else np.inf
    index = np.arange(len(pool))
    following = np.where(index + 1 < ends_of[pool], at[np.minimum(index + 1, max(len(at) - 1, 0))], limit)
    first = np.where(starts < ends_of, at[np.minimum(starts, max(len(at) - 1, 0))] if len(at) else limit, limit)
    seg_right = np.concatenate((first, following))
    with np.errstate(all="ignore"):
        root = -seg_level / seg_steep
    gone = seg_level + seg_steep * seg_left <= 0.0
    root = np.where(gone, seg_left, np.where((seg_steep < 0.0) & (root <= seg_right), root, np.inf))
    found = np.full(count, np.inf)
    np.minimum.at(found, seg_pool, root)
    found = np.where((found > _FARTHEST) | (found >= limit * (1.0 - _DUST)), np.inf, found)
    positions = np.bincount(columns.account, minlength=count)
    moved: Floats = np.where(positions == 0, np.inf, np.where(level <= 0.0, 0.0, direction * found))
    return np.where(np.isfinite(moved), moved, np.inf)


def symbol_prices(columns: AccountColumns) -> Floats:
    """Return the liquidation price of every position with all else frozen.

    Returns
    -------
    array
        One a position: the mark at which its pool is liquidated, infinity for never, minus infinity where the pool is
        liquidatable already. The pool's profit counts in full (dollars).
    """
    import numpy as np

    padded = _padded(columns.tables)
    _, rates, amounts = padded
    value = columns.quantity * columns.mark
    profit = columns.side * columns.quantity * (columns.mark - columns.entry)
    needed = _needed(columns, padded, value)
    surplus = columns.steady + columns.moving + _sums(columns, profit - needed)
    # What is left for this position when its own profit and requirement are taken out.
    wallet = (surplus[columns.account] - profit + needed)[:, None]
    side, quantity, entry = columns.side[:, None], columns.quantity[:, None], columns.entry[:, None]
    own_rates, own_amounts = rates[columns.table], amounts[columns.table]
    with np.errstate(all="ignore"):
        found = (side * quantity * entry - wallet - own_amounts) / (
            quantity * (side - own_rates - columns.fee[:, None])
        )
    # The requirement is the largest of the lines: the first root that is met is the answer.
    price = np.where(columns.side > 0.0, found.max(axis=1), found.min(axis=1))
    price = np.where(price <= _DUST * columns.mark, np.inf, price)
    return np.where(surplus[columns.account] <= 0.0, -np.inf, price)


def _sums(columns: AccountColumns, each: Floats) -> Floats:
    import numpy as np

    found: Floats = np.bincount(columns.account, weights=each, minlength=len(columns.steady)).astype(np.float64)
    return found
