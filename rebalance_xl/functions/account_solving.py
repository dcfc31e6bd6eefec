"""The three questions about an account: a symbol's price with all else frozen, the coin's price, the market's move."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from rebalance_xl.functions.account import STEADY, Account, Leg, Pool
from rebalance_xl.functions.account_path import Stage, first_zero, market_path, symbol_path
from rebalance_xl.functions.contracts import INVERSE, LINEAR
from rebalance_xl.functions.liquidation_equation import cross_liquidation_of
from rebalance_xl.functions.venues import VENUE_WORDS

DOWN, UP = -1.0, 1.0

#: A rise beyond this many times the price is no price.
_FARTHEST = 1e10
#: Prices nearer to 0 than this share of the mark are 0.
_DUST = 1e-12
#: The walk and the closed equation of one position agree within this share, or the walk is right.
_AGREE = 1e-9


@dataclass(frozen=True, slots=True)
class Fall:
    """Where something is liquidated.

    Parameters
    ----------
    move
        Signed share of the prices (−0.0764); infinite where nothing is liquidated, 0 where it is already.
    pool
        What falls first; None where nothing does.
    """

    move: float
    pool: Pool | None = None

    @property
    def is_now(self) -> bool:
        """Whether it is liquidatable as things stand."""
        return self.move == 0.0 and self.pool is not None


NOTHING = Fall(math.inf)


def beta_of(betas: Mapping[str, float] | None = None) -> Callable[[str], float]:
    """Return the beta of a coin: as given (keys in lower case), else 0 for dollars and their like, else 1."""
    given = betas or {}

    def beta(coin: str) -> float:
        found = given.get(coin.casefold())
        return (0.0 if coin.upper() in STEADY else 1.0) if found is None else found

    return beta


def is_liquidatable(pool: Pool) -> bool:
    """Tell whether a pool's equity no longer exceeds its requirement as things stand."""
    if not pool.is_at_stake:
        return False
    equity, requirement = pool.figures()
    return equity <= pool.trigger * requirement


def liquidation_move(pools: Sequence[Pool], direction: float = DOWN, betas: Mapping[str, float] | None = None) -> Fall:
    """Return the smallest move of the whole market that liquidates a pool, and which one.

    Parameters
    ----------
    pools
        Of one account or of several.
    direction
        :data:`DOWN` or :data:`UP`.
    betas
        By coin in lower case; by default 1, and 0 for dollars and their like.
    """
    beta = beta_of(betas)
    return _first(pools, lambda pool: market_path(pool, beta, direction), direction)


def _first(pools: Sequence[Pool], path: Callable[[Pool], list[Stage]], direction: float) -> Fall:
    found = NOTHING
    for pool in pools:
        if not pool.is_at_stake:
            continue
        if is_liquidatable(pool):
            return Fall(0.0, pool)
        stages = path(pool)
        t = _reached(first_zero(pool, stages), stages)
        if t < abs(found.move):
            found = Fall(direction * t, pool)
    return found


def _reached(t: float | None, stages: Sequence[Stage]) -> float:
    if t is None or t > _FARTHEST or t >= stages[-1].end * (1.0 - _DUST):
        return math.inf
    return t


def pool_of(pools: Sequence[Pool], symbol: str) -> Pool | None:
    """Return the pool in which a symbol is held: the cross one where it is held in both ways."""
    folded = symbol.casefold()
    holding = [pool for pool in pools if any(leg.symbol.casefold() == folded for leg in pool.legs)]
    return min(holding, key=lambda pool: all(leg.isolated is not None for leg in pool.legs), default=None)


def symbol_price(pool: Pool, symbol: str, direction: float) -> float:
    """Return the mark of a symbol at which its pool is liquidated while all else stays; infinity for never.

    The pool is healthy as it stands. A single position of a single-coin pool gives the bits of
    CROSS_LIQUIDATION_PRICE.
    """
    legs = [leg for leg in pool.legs if leg.symbol.casefold() == symbol.casefold() and leg.quantity]
    if not legs:
        return math.inf
    leg = legs[0]
    stages = symbol_path(pool, symbol, direction)
    t = _reached(first_zero(pool, stages), stages)
    if t == math.inf:
        return math.inf
    if leg.inverse:
        walked = leg.mark / (1.0 - direction * t)
        if walked <= _DUST * leg.mark:
            return math.inf
    else:
        walked = leg.mark * (1.0 + direction * t)
    if len(legs) > 1 or pool.in_dollars or pool.trigger != 1.0:
        return walked
    closed = closed_price(pool, leg)
    return closed if abs(closed - walked) <= _AGREE * walked else walked


def closed_price(pool: Pool, leg: Leg) -> float:
    """Return the price that the equation of one position of a single-coin pool gives, beyond the mark if it is dead."""
    wallet = pool.wallets[0]
    others = [each for each in pool.legs if each is not leg]
    maintenance = math.fsum(
        [pool.other, wallet.loan * wallet.loan_rate, *(each.requirement(each.mark) for each in others)]
    )
    profit = math.fsum(each.pnl(each.mark) for each in others)
    return float(
        cross_liquidation_of(
            leg.table,
            leg.side,
            leg.quantity,
            leg.entry,
            wallet.balance - wallet.loan,
            maintenance,
            profit,
            INVERSE if leg.inverse else LINEAR,
            VENUE_WORDS["mexc" if leg.fixed else "generic"],
            leg.fee,
        )
    )


def coin_price(pools: Sequence[Pool], leg: Leg, direction: float) -> float:
    """Return the mark of a leg when its coin moves, as collateral too, until its pool falls; infinity for never."""
    folded = leg.coin.casefold()
    fall = _first(
        pools,
        lambda pool: market_path(pool, lambda coin: 1.0 if coin.casefold() == folded else 0.0, direction),
        direction,
    )
    return leg.mark * (1.0 + fall.move) if fall.move < math.inf else math.inf


def account_price(account: Account, symbol: str, direction: float, whole_coin: bool = False) -> float:
    """Return the liquidation price of a symbol: infinity for never, minus infinity where it is liquidatable already.

    Parameters
    ----------
    account, symbol
        The account and one of its contracts.
    direction
        :data:`DOWN`, :data:`UP`, or 0 for the nearer of both.
    whole_coin
        Whether the coin moves with all contracts on it and as collateral, or this contract's mark alone.
    """
    pool = pool_of(account.pools(), symbol)
    if pool is None:
        return math.inf
    if is_liquidatable(pool):
        return -math.inf
    leg = next(each for each in pool.legs if each.symbol.casefold() == symbol.casefold())

    def ask(towards: float) -> float:
        return coin_price([pool], leg, towards) if whole_coin else symbol_price(pool, symbol, towards)

    if direction:
        return ask(direction)
    low, high = ask(DOWN), ask(UP)
    if low == math.inf or high == math.inf:
        return min(low, high)
    return low if leg.mark / low <= high / leg.mark else high
