"""Liquidation of a hedge: a long and a short leg of one contract held at once on one wallet.

With tiers on both legs the book can be liquidated by a fall and by a rise. Everything is solved in x, the price of
a linear contract and 1/price of an inverse one: then each leg's notional is its quantity times x, equity is a
straight line in x, and the requirement changes its slope only where a leg crosses into another tier.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from rebalance_xl.catalogue import Example, Result, money, number, price, word, worksheet_function
from rebalance_xl.functions.contracts import CATEGORY, CONTRACT, LINEAR, is_inverse
from rebalance_xl.functions.elementwise import (
    INFINITY,
    NA,
    NUM,
    VALUE,
    Booleans,
    Numbers,
    divide,
    is_nan,
    maximum,
    minimum,
    not_,
    where,
)
from rebalance_xl.functions.liquidation_equation import mismatches
from rebalance_xl.functions.margin import beyond_message
from rebalance_xl.functions.tier_choice import MARGIN_TIERS, TierChoice, for_each_table, tiers_parameter
from rebalance_xl.functions.tier_tables import TierTables, shipped_tables
from rebalance_xl.functions.tiers import TierTable, amount_at, is_beyond, rate_at, tier_size
from rebalance_xl.functions.venues import HEDGE_ESTIMATE

NEAREST, DOWN, UP, BOTH = 0.0, -1.0, 1.0, 2.0
DIRECTIONS = {"nearest": NEAREST, "down": DOWN, "up": UP, "both": BOTH}

#: Below this share of the entry a boundary is rounding dust around zero.
_DUST = 1e-12


def _pick(values: Sequence[float], index: Any) -> Numbers:
    if type(index) is int:
        return values[index]
    import numpy as np

    return np.array(values)[index]


class _Boundaries:
    """The boundaries of the liquidatable ranges of x nearest to a starting point, below and above it."""

    def __init__(self, start: Numbers) -> None:
        self.start = start
        self.below = self.exit_down = 0.0 * start
        self.above = self.exit_up = 0.0 * start + INFINITY

    def add_piece(self, left: Numbers, right: Numbers, level: Numbers, slope: Numbers) -> None:
        """Take in a range of x on which surplus equity is ``level + slope x``."""
        root = divide(0.0 - level, slope, INFINITY)
        # A flat line is healthy or not as a whole; a root at the far end says the same.
        flat = slope == 0.0
        rising = (slope > 0.0) | (flat & (level <= 0.0))
        cut = maximum(left, minimum(root, right))
        bad_left, bad_right = where(rising, left, cut), where(rising, cut, right)
        good_left, good_right = where(rising, cut, left), where(rising, right, cut)
        bad, good = bad_left < bad_right, good_left < good_right
        start = self.start
        self.below = maximum(self.below, where(bad & (bad_left < start), bad_right, 0.0))
        self.above = minimum(self.above, where(bad & (bad_right > start), bad_left, INFINITY))
        up, down = good & (good_right > start), good & (good_left < start)
        self.exit_up = minimum(self.exit_up, where(up, maximum(good_left, start), INFINITY))
        self.exit_down = maximum(self.exit_down, where(down, minimum(good_right, start), 0.0))

    def found(self) -> tuple[Numbers, Numbers, Numbers]:
        """Return the boundary below, the one above and the nearer of both.

        A boundary is infinite where there is none, #NUM! where every x is liquidatable. Where the start itself is
        liquidatable the boundaries are those of the healthy range next to it.
        """
        healthy = (self.below < self.start) & (self.above > self.start)
        low = where(healthy, self.below, self.exit_down)
        high = where(healthy, self.above, self.exit_up)
        low = where(low <= _DUST * self.start, 0.0, low)
        fall, rise = divide(self.start, low, INFINITY), high / self.start
        none = (low == 0.0) & (high == INFINITY)
        missing = where(none & not_(healthy), NUM, INFINITY)
        below = where(low == 0.0, missing, low)
        above = where(none, missing, high)
        return below, above, where(none, missing, where(fall <= rise, low, high))


def hedged_liquidation_of(
    table: TierTable,
    long_quantity: Numbers,
    long_entry: Numbers,
    short_quantity: Numbers,
    short_entry: Numbers,
    wallet_balance: Numbers,
    other_maintenance: Numbers = 0.0,
    other_pnl: Numbers = 0.0,
    contract: Numbers = LINEAR,
    mark_price: Numbers = 0.0,
    direction: Numbers = NEAREST,
) -> Any:
    """Return the liquidation price of two legs on one table of tiers, nearest to the mark or to the average entry.

    The entry of a leg with quantity 0 is not read. Infinite (NEVER) where no positive price liquidates. `direction`
    is one of :data:`DIRECTIONS`; for both the answer is a pair, the price below and the price above.
    """
    inverse = is_inverse(contract)
    long_entry, no_long = _entry_of(long_quantity, long_entry)
    short_entry, no_short = _entry_of(short_quantity, short_entry)
    long_start = where(inverse, divide(1.0, long_entry, NUM), long_entry)
    short_start = where(inverse, divide(1.0, short_entry, NUM), short_entry)
    long_value, short_value = long_quantity * long_start, short_quantity * short_start
    gain = where(inverse, short_quantity - long_quantity, long_quantity - short_quantity)
    locked = where(inverse, short_value - long_value, long_value - short_value)
    level = wallet_balance - other_maintenance + other_pnl - locked
    start = divide(long_value + short_value, long_quantity + short_quantity, NA)
    marked = where(mark_price > 0.0, mark_price, 1.0)
    start = where(mark_price > 0.0, where(inverse, 1.0 / marked, marked) + 0.0 * start, start)
    long_size = tier_size(table, long_quantity, long_value)
    short_size = tier_size(table, short_quantity, short_value)
    found = _Boundaries(start)
    if table.by_quantity or len(table.rows) == 1:
        amounts = amount_at(table, long_size) + amount_at(table, short_size)
        charge = long_quantity * rate_at(table, long_size) + short_quantity * rate_at(table, short_size)
        found.add_piece(0.0 * start, 0.0 * start + INFINITY, level + amounts, gain - charge)
    else:
        _walk(table, long_quantity, short_quantity, level, gain, found)
    # Where x is 1 / price, what lies below in x lies above in price.
    below, above, nearest = found.found()
    down, up = where(inverse, above, below), where(inverse, below, above)
    wrong = (
        (long_quantity < 0.0)
        | (short_quantity < 0.0)
        | no_long
        | no_short
        | (other_maintenance < 0.0)
        | is_beyond(table, long_size)
        | is_beyond(table, short_size)
        | (mark_price < 0.0)
    )
    unknown = level + gain + start

    def price_at(x: Numbers) -> Numbers:
        price = where(inverse, divide(1.0, x, NUM), x)
        price = where(is_nan(unknown), unknown, where(x == INFINITY, INFINITY, price))
        price = where(wrong, NUM, where((long_quantity == 0.0) & (short_quantity == 0.0), NA, price))
        return where(mismatches(table, contract), VALUE, price)

    if type(direction) is float and direction == BOTH:
        return price_at(down), price_at(up)
    if type(direction) is not float and cast(Any, direction == BOTH).any():
        raise ValueError("rows that ask for both prices have two cells each: one by one")
    return price_at(where(direction == DOWN, down, where(direction == UP, up, nearest)))


def _entry_of(quantity: Numbers, entry: Numbers) -> tuple[Numbers, Booleans]:
    """Return a leg's entry (1 where it is not read or cannot be) and where it cannot be."""
    impossible = (quantity > 0.0) & (entry <= 0.0)
    unread = (quantity == 0.0) | impossible
    return where(unread, 1.0, where(is_nan(entry), NA, entry)), impossible


def _walk(
    table: TierTable,
    long_quantity: Numbers,
    short_quantity: Numbers,
    level: Numbers,
    gain: Numbers,
    found: _Boundaries,
) -> None:
    """Go through the ranges of x on which both legs stay in one tier each, from 0 upwards."""
    count = len(table.rows)
    rates = [tier.rate for tier in table.rows]
    amounts = [tier.amount for tier in table.rows]
    caps = [tier.cap for tier in table.rows[:-1]] + [INFINITY]
    zero = 0.0 * level
    in_long = in_short = where(zero == zero, 0, 0)
    left = zero
    for _ in range(2 * count - 1):
        long_end = divide(_pick(caps, in_long), long_quantity, INFINITY)
        short_end = divide(_pick(caps, in_short), short_quantity, INFINITY)
        right = minimum(long_end, short_end)
        charge = long_quantity * _pick(rates, in_long) + short_quantity * _pick(rates, in_short)
        deducted = _pick(amounts, in_long) + _pick(amounts, in_short)
        found.add_piece(left, right, level + deducted, gain - charge)
        step_long = (long_end <= short_end) & (in_long < count - 1)
        step_short = (step_long ^ True) & (in_short < count - 1)
        in_long, in_short = where(step_long, in_long + 1, in_long), where(step_short, in_short + 1, in_short)
        left = right


@worksheet_function(
    "HEDGED_LIQUIDATION_PRICE",
    CATEGORY,
    [
        number("long_quantity", unit="units", low=0.0, blank="row"),
        price("long_entry", above=False, blank="keep"),
        number("short_quantity", unit="units", low=0.0),
        price("short_entry", above=False, blank="keep"),
        money("wallet_balance"),
        tiers_parameter(),
        money("other_maintenance", low=0.0, default=0.0, blank="default", data=False),
        money("other_pnl", default=0.0, blank="default", data=False),
        CONTRACT,
        price("mark_price", above=False, default=0.0, blank="default", data=False),
        word("direction", DIRECTIONS, "nearest"),
    ],
    Result("price", never=True),
    context=[MARGIN_TIERS],
    estimate=HEDGE_ESTIMATE,
    errors={
        "#N/A": "both quantities are 0, an entry price is blank, or no tiers are known by this name",
        "#NUM!": "a number is out of range, a leg is beyond the last tier, the wallet is used up at every price, or "
        "the tiers cannot be right (unsorted, a gap, not continuous)",
        "#VALUE!": "the tiers belong to the other contract type",
    },
    examples=[
        Example("=HEDGED_LIQUIDATION_PRICE(1,50000,0.4,52000,8000,0.005)", "=35750.421585160206"),
        Example(
            "=HEDGED_LIQUIDATION_PRICE(1,50000,1,50000,1000,0.005)",
            "=100000",
            "A perfect hedge is liquidated by a rise: its maintenance grows, its equity does not.",
        ),
        Example('=HEDGED_LIQUIDATION_PRICE(1,50000,0,0,60000,"binance:BTCUSDT")', '="NEVER"'),
        Example('=HEDGED_LIQUIDATION_PRICE(1,50000,0.4,52000,8000,0.005,,,,45000,"up")', '="NEVER"'),
    ],
)
def hedged_liquidation_price(
    long_quantity: Numbers,
    long_entry: Numbers,
    short_quantity: Numbers,
    short_entry: Numbers,
    wallet_balance: Numbers,
    tiers: TierChoice | list[TierChoice],
    other_maintenance: Numbers = 0.0,
    other_pnl: Numbers = 0.0,
    contract: Numbers = LINEAR,
    mark_price: Numbers = 0.0,
    direction: Numbers = NEAREST,
    margin_tiers: TierTables | None = None,
) -> Any:
    """Return the price at which a long and a short leg of one contract, held at once, are liquidated; or NEVER.

    Where a fall and a rise would both liquidate, the price nearer to the mark (without one, to the average entry) is
    returned, or the one that `direction` asks for. A book that is slightly net long can be liquidated by a rise,
    because the maintenance of both legs grows with the price.

    Parameters
    ----------
    long_quantity : units, one or a range
        Quantity of the long leg: units of the coin (linear) or US dollars (inverse); 0 for none.
    long_entry : price
        Its average entry price; not read where its quantity is 0.
    short_quantity : units
        Quantity of the short leg; 0 for none.
    short_entry : price
        Its average entry price; not read where its quantity is 0.
    wallet_balance : money
        Wallet without unrealised profit: the cross wallet, or the isolated margin of both legs.
    tiers : rate, rows or name
        As in LIQUIDATION_PRICE; each leg has its own tier.
    other_maintenance : money
        Maintenance margin of all other positions on the wallet. Default 0.
    other_pnl : money
        Unrealised profit of all other positions. Default 0.
    contract : word
        As in HEDGE_CONTRACTS.
    mark_price : price
        The mark from which prices below and above are told. Default: the average entry.
    direction : word
        "nearest" (default), "down", "up", or "both" (two cells: below and above).

    Notes
    -----
    Equation: equity W + L (P − E_L) − S (P − E_S) = MM(L P) + MM(S P); for inverse contracts in coin with 1/P

    Source: Binance's cross formula for hedge mode (FAQ b3c689c1f50a44cabb3a84e663b81d93), with the tiers of each leg.

    Examples
    --------
    >>> round(hedged_liquidation_price(1.0, 50000.0, 1.0, 50000.0, 1000.0, 0.005), 6)
    100000.0
    """
    columns = [
        long_quantity,
        long_entry,
        short_quantity,
        short_entry,
        wallet_balance,
        other_maintenance,
        other_pnl,
        contract,
        mark_price,
        direction,
    ]
    return for_each_table(tiers, margin_tiers or shipped_tables(), hedged_liquidation_of, columns, _explain)


def _explain(table: TierTable, *position: float) -> str:
    long_quantity, long_entry, short_quantity, short_entry, wallet, other_maintenance, other_pnl, contract, *_ = (
        position
    )
    if mismatches(table, contract):
        return f'{table.label} are tiers of {table.contract} contracts; contract must be "{table.contract}"'
    if long_quantity == 0.0 and short_quantity == 0.0:
        return "both quantities are 0: there is nothing to liquidate"
    for name, quantity, entry in (("long", long_quantity, long_entry), ("short", short_quantity, short_entry)):
        if quantity < 0.0:
            return f"{name}_quantity is {quantity:g}; allowed is a number not below 0"
        if quantity == 0.0:
            continue
        if entry != entry:
            return f"{name}_entry is blank although {name}_quantity is {quantity:g}"
        if entry <= 0.0:
            return f"{name}_entry is {entry:g}; allowed is a number above 0"
        size = tier_size(table, quantity, quantity / entry if is_inverse(contract) else quantity * entry)
        if is_beyond(table, size):
            return beyond_message(table, size)
    used = wallet - other_maintenance + other_pnl
    return f"a wallet of {used:.10g} after the other positions is below the requirement at every price"


# --- Binance's closed form, for one tier in force per leg --------------------------------------------------------


def binance_cross_price(
    wallet: Numbers,
    long_leg: tuple[Numbers, Numbers, Numbers, Numbers],
    short_leg: tuple[Numbers, Numbers, Numbers, Numbers],
    one_way_leg: tuple[Numbers, Numbers, Numbers, Numbers, Numbers] = (1.0, 0.0, 1.0, 0.0, 0.0),
    multiplier: float = 0.0,
) -> Numbers:
    """Return Binance's liquidation price of up to three legs when the tier of each leg is known.

    Parameters
    ----------
    wallet
        Wallet balance less the maintenance of other contracts plus their unrealised profit.
    long_leg, short_leg
        Quantity (in contracts for COIN-M), entry price, maintenance rate, maintenance amount of the hedge legs.
    one_way_leg
        Side, quantity, entry price, rate, amount of a one-way position; quantity 0 for none.
    multiplier
        0 for USD-M; the contract multiplier (100 or 10 dollars) for COIN-M.

    Notes
    -----
    Source: Binance FAQ b3c689c1f50a44cabb3a84e663b81d93 (USD-M) and its COIN-M counterpart.
    """
    side, one_way, one_way_entry, one_way_rate, one_way_amount = one_way_leg
    long_quantity, long_entry, long_rate, long_amount = long_leg
    short_quantity, short_entry, short_rate, short_amount = short_leg
    charge = one_way * one_way_rate + long_quantity * long_rate + short_quantity * short_rate
    net = side * one_way + long_quantity - short_quantity
    money_left = wallet + one_way_amount + long_amount + short_amount
    if multiplier:
        per_coin = side * one_way / one_way_entry + long_quantity / long_entry - short_quantity / short_entry
        return (charge + net) / (money_left / multiplier + per_coin)
    paid = side * one_way * one_way_entry + long_quantity * long_entry - short_quantity * short_entry
    return (money_left - paid) / (charge - net)


def hedged_direction(
    long_quantity: Numbers, short_quantity: Numbers, long_rate: Numbers, short_rate: Numbers
) -> Numbers:
    """Return the direction that liquidates a linear hedge: above 0 a fall, below 0 a rise."""
    return long_quantity - short_quantity - long_quantity * long_rate - short_quantity * short_rate
