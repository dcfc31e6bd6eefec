"""The liquidation equation for isolated and cross positions, at any venue and with any tiers.

Everything happens in the notional N, which makes linear and inverse contracts one problem: a position gains with
its notional (direction +1: a linear long, an inverse short) or loses with it (-1). Equity is ``W + d (N - N_0)``
with the wallet W and the notional N_0 at entry, and liquidation is where it equals ``requirement(N) + fee N``.
In one tier (rate r, amount c, fee f) that is ``N = (d N_0 - W - c) / (d - r - f)``; the price follows from N.
"""

from __future__ import annotations

from rebalance_xl.functions.contracts import INVERSE, LINEAR, is_inverse, position_value
from rebalance_xl.functions.elementwise import (
    INFINITY,
    NA,
    NUM,
    TOLERANCE,
    VALUE,
    Booleans,
    Numbers,
    divide,
    is_nan,
    maximum,
    minimum,
    where,
)
from rebalance_xl.functions.tiers import (
    TierTable,
    amount_at,
    is_beyond,
    leverage_at,
    rate_at,
    requirement,
    tier_size,
)
from rebalance_xl.functions.venues import (
    GENERIC,
    added_margin_fee,
    cross_fee,
    has_fixed_maintenance,
    isolated_fee,
)

#: Below this share of the entry notional a root is rounding dust around zero.
_DUST = 1e-12


def liquidation_notional(
    table: TierTable, direction: Numbers, entry_notional: Numbers, wallet: Numbers, fee: Numbers, size: Numbers
) -> Numbers:
    """Return the notional at which equity equals the requirement; not above 0 where no positive one does.

    Parameters
    ----------
    table
        The tiers; the last one continues above its cap.
    direction
        +1 where equity grows with the notional, -1 where it shrinks.
    entry_notional, wallet
        Notional at the entry price and the margin without unrealised profit, in the contract's money.
    fee
        The fee rate counted in the requirement.
    size
        The size by which a table in contracts finds its tier.
    """
    lost = direction * entry_notional - wallet
    slope = where(fee + table.rows[-1].rate < 1.0, direction - fee, NUM)
    if table.is_stepped:
        return _stepped_notional(table, direction, entry_notional, lost, slope)
    if table.by_quantity or len(table.rows) == 1:
        return (lost - amount_at(table, size)) / (slope - rate_at(table, size))
    # The requirement is the largest of the tiers' lines, so the first line that equity meets is the answer:
    # the largest root on the way down, the smallest on the way up. No tier has to be guessed; the first takes 0 off.
    owed = direction * lost
    furthest = owed / (slope - table.rows[0].rate)
    for tier in table.rows[1:]:
        furthest = maximum(furthest, (owed - direction * tier.amount) / (slope - tier.rate))
    return direction * furthest


def _stepped_notional(
    table: TierTable, direction: Numbers, entry_notional: Numbers, lost: Numbers, slope: Numbers
) -> Numbers:
    """Return the root where the requirement jumps: inside its own tier, else the boundary where it jumps over."""
    falling = healthy_fall = 0.0 * lost - INFINITY
    rising = 0.0 * lost + INFINITY
    last = table.rows[-1]
    for tier in table.rows:
        cap = INFINITY if tier is last else tier.cap
        root = lost / (slope - tier.rate)
        # Liquidatable is (floor, root] on the way down and [root, cap] on the way up, cut to the tier.
        top = where(root > tier.floor, minimum(root, cap), -INFINITY)
        falling = maximum(falling, top)
        # A position that is healthy at entry does not meet tiers above it on the way down.
        healthy_fall = maximum(healthy_fall, where(tier.floor < entry_notional, top, -INFINITY))
        rising = minimum(rising, where(root <= cap, maximum(root, tier.floor), INFINITY))
    falling = where(healthy_fall < entry_notional, healthy_fall, falling)
    return where(is_nan(lost + slope), lost + slope, where(direction > 0.0, falling, rising))


def price_of_notional(
    quantity: Numbers, notional: Numbers, entry_notional: Numbers, direction: Numbers, contract: Numbers
) -> Numbers:
    """Return the price at which a position has a notional.

    Infinite (NEVER) where no positive price reaches it; #NUM! where the position is liquidatable at every price.
    """
    none = notional <= _DUST * entry_notional
    reached = where(none, 1.0, notional)
    price = where(is_inverse(contract), divide(quantity, reached, NUM), divide(reached, quantity, NA))
    return where(none, where(direction > 0.0, INFINITY, NUM), price)


def direction_of(side: Numbers, contract: Numbers) -> Numbers:
    """Return +1 where a position gains with its notional: a linear long and an inverse short."""
    return where(is_inverse(contract), -side, side)


def mismatches(table: TierTable, contract: Numbers) -> Booleans:
    """Tell where a table of inverse contracts is used for linear ones or the reverse."""
    if not table.contract:
        return contract != contract
    return contract != (INVERSE if table.contract == "inverse" else LINEAR)


def isolated_liquidation_of(
    table: TierTable,
    side: Numbers,
    quantity: Numbers,
    entry_price: Numbers,
    leverage: Numbers,
    contract: Numbers = LINEAR,
    venue: Numbers = GENERIC,
    extra_margin: Numbers = 0.0,
    taker_fee: Numbers = 0.0,
) -> Numbers:
    """Return the liquidation price of an isolated position that was opened at a leverage.

    Errors: #N/A for quantity 0; #NUM! for numbers out of range, a leverage above the tier's maximum and a position
    beyond the last tier; #VALUE! where the table is of the other contract type.
    """
    direction = direction_of(side, contract)
    value = position_value(quantity, entry_price, contract)
    size = tier_size(table, quantity, value)
    fee = isolated_fee(venue, taker_fee)
    added = divide(extra_margin, 1.0 - direction * added_margin_fee(venue, taker_fee), NUM)
    wallet = divide(value, leverage, NUM) + added
    price = _price(table, direction, quantity, value, wallet, fee, size, contract, venue)
    wrong = (
        _out_of_range(table, quantity, entry_price, size, taker_fee)
        | (leverage <= 0.0)
        | (extra_margin < 0.0)
        | (leverage > leverage_at(table, size) * (1.0 + TOLERANCE))
    )
    price = where(wrong, NUM, where(quantity == 0.0, NA, price))
    return where(mismatches(table, contract), VALUE, price)


def cross_liquidation_of(
    table: TierTable,
    side: Numbers,
    quantity: Numbers,
    entry_price: Numbers,
    wallet_balance: Numbers,
    other_maintenance: Numbers = 0.0,
    other_pnl: Numbers = 0.0,
    contract: Numbers = LINEAR,
    venue: Numbers = GENERIC,
    taker_fee: Numbers = 0.0,
) -> Numbers:
    """Return the liquidation price of a cross position (or of an isolated one whose wallet is known).

    The wallet that counts is the balance less the maintenance of the other positions plus their unrealised profit.
    A negative wallet gives a price beyond the entry: already liquidatable. Errors as for isolated positions.
    """
    direction = direction_of(side, contract)
    value = position_value(quantity, entry_price, contract)
    size = tier_size(table, quantity, value)
    wallet = wallet_balance - other_maintenance + other_pnl
    fee = cross_fee(venue, taker_fee)
    price = _price(table, direction, quantity, value, wallet, fee, size, contract, venue)
    wrong = _out_of_range(table, quantity, entry_price, size, taker_fee) | (other_maintenance < 0.0)
    price = where(wrong, NUM, where(quantity == 0.0, NA, price))
    return where(mismatches(table, contract), VALUE, price)


def _price(
    table: TierTable,
    direction: Numbers,
    quantity: Numbers,
    value: Numbers,
    wallet: Numbers,
    fee: Numbers,
    size: Numbers,
    contract: Numbers,
    venue: Numbers,
) -> Numbers:
    notional = liquidation_notional(table, direction, value, wallet, fee, size)
    fixed = has_fixed_maintenance(venue)
    if fixed is not False:
        # The requirement, and the fee with it, are those of the entry value: the notional only has to lose the rest.
        at_entry = value - direction * (wallet - requirement(table, value, size) - fee * value)
        notional = where(fixed, at_entry, notional)
    return price_of_notional(quantity, notional, value, direction, contract)


def _out_of_range(
    table: TierTable, quantity: Numbers, entry_price: Numbers, size: Numbers, taker_fee: Numbers
) -> Booleans:
    return (quantity < 0.0) | (entry_price <= 0.0) | (taker_fee < 0.0) | (taker_fee >= 0.5) | is_beyond(table, size)


def is_already_liquidatable(side: Numbers, liquidation_price: Numbers, mark_price: Numbers) -> Booleans:
    """Tell whether the mark has reached the liquidation price: at or below it for a long, above for a short.

    A liquidation price beyond the entry (a negative wallet) says the same at the entry.
    """
    gap = side * (mark_price - liquidation_price)
    return (liquidation_price < INFINITY) & (gap <= 0.0)
