"""Shocks: what a book is worth after a move of prices, how near each account is to liquidation, and what falls first.

A pool that dies on the way to a shock is dead, although the prices at its end might have cured it. A dead pool or
isolated position costs at most what was in it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from rebalance_xl.functions.account import STEADY, Account, Leg, Pool
from rebalance_xl.functions.account_path import first_zero, lowest_surplus, shock_path
from rebalance_xl.functions.account_solving import is_liquidatable


@dataclass(frozen=True, slots=True)
class Shock:
    """One scenario; all moves are shares (−0.2), by name in lower case.

    Parameters
    ----------
    coins
        Moves of coins: prices, marks of contracts on them, and collateral.
    symbols
        Further moves of single contracts on top of their coin's: the basis.
    everything
        Move of every coin that `coins` does not name; dollars and their like stay.
    currency
        Move of the currency in which the book is valued, against the dollar.
    funding
        Funding rate paid by longs to shorts meanwhile, as a share of each notional at the mark.
    name
        Its name.
    """

    coins: Mapping[str, float] = field(default_factory=dict)
    symbols: Mapping[str, float] = field(default_factory=dict)
    everything: float = 0.0
    currency: float = 0.0
    funding: float = 0.0
    name: str = ""

    def of_coin(self, coin: str) -> float:
        """Return the move of a coin."""
        found = self.coins.get(coin.casefold())
        if found is None:
            return 0.0 if coin.upper() in STEADY else self.everything
        return found

    def of_leg(self, leg: Leg) -> float:
        """Return the mark of a contract after the shock."""
        return leg.mark * (1.0 + self.of_coin(leg.coin)) * (1.0 + self.symbols.get(leg.symbol.casefold(), 0.0))


@dataclass(frozen=True, slots=True)
class Holding:
    """A coin held outside the accounts; price in dollars."""

    coin: str
    quantity: float
    price: float


@dataclass(frozen=True, slots=True)
class PoolState:
    """A pool after a shock.

    Parameters
    ----------
    pool
        As it was before, funding of the shock paid.
    equity, requirement
        After the shock, in dollars.
    owned
        What it is worth in dollars without haircuts.
    dies_at
        Share of the way to the shock at which it is liquidated; infinite where it survives, 0 where it already was.
    missing
        Dollars (at today's price of the margin coin) that would have saved it.
    """

    pool: Pool
    equity: float
    requirement: float
    owned: float
    dies_at: float
    missing: float

    @property
    def is_dead(self) -> bool:
        """Whether it is liquidated."""
        return self.dies_at < math.inf

    @property
    def ratio(self) -> float:
        """Requirement over equity; infinite where no equity is left."""
        if self.requirement <= 0.0:
            return 0.0
        return self.requirement / self.equity if self.equity > 0.0 else math.inf


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a shock does.

    Parameters
    ----------
    shock
        The shock.
    value, value_if_lost
        Of the whole book in its currency: as marked, and with what is liquidated counted as lost.
    pools
        Every pool after it.
    """

    shock: Shock
    value: float
    value_if_lost: float
    pools: tuple[PoolState, ...]

    @property
    def dead(self) -> list[PoolState]:
        """What is liquidated, in the order in which it falls."""
        return sorted((each for each in self.pools if each.is_dead), key=lambda each: each.dies_at)

    @property
    def equity(self) -> float:
        """Equity that counts, of all pools, in dollars."""
        return math.fsum(each.equity for each in self.pools)

    @property
    def ratio(self) -> float:
        """The highest margin ratio; infinite where no equity is left of a pool."""
        return max((each.ratio for each in self.pools if each.pool.is_at_stake), default=0.0)

    @property
    def missing(self) -> float:
        """Dollars that would have saved everything."""
        return math.fsum(each.missing for each in self.pools)


def stress(accounts: Sequence[Account], holdings: Sequence[Holding], shock: Shock, value_rate: float = 1.0) -> Outcome:
    """Return what a shock does to accounts and to what is held beside them.

    Parameters
    ----------
    accounts
        Every wallet with its price.
    holdings
        Coins held outside.
    shock
        The scenario.
    value_rate
        Units of the book's currency for a dollar.
    """
    pools = [pool for account in accounts for pool in account.pools()]
    return _outcome(pools, holdings, shock, value_rate)


def stress_all(
    accounts: Sequence[Account], holdings: Sequence[Holding], shocks: Sequence[Shock], value_rate: float = 1.0
) -> list[Outcome]:
    """Return :func:`stress` for each of some shocks."""
    pools = [pool for account in accounts for pool in account.pools()]
    return [_outcome(pools, holdings, shock, value_rate) for shock in shocks]


def _outcome(pools: Sequence[Pool], holdings: Sequence[Holding], shock: Shock, value_rate: float) -> Outcome:
    states = [_state(pool, shock) for pool in pools]
    beside = math.fsum(each.quantity * each.price * (1.0 + shock.of_coin(each.coin)) for each in holdings)
    if sum(each.is_dead for each in states) > 1:
        states = [replace(each, dies_at=_time(each.pool, shock)) if each.is_dead else each for each in states]
    rate = value_rate * (1.0 + shock.currency)
    return Outcome(
        shock,
        rate * math.fsum([beside, *(each.owned for each in states)]),
        rate * math.fsum([beside, *(each.owned for each in states if not each.is_dead)]),
        tuple(states),
    )


def _state(pool: Pool, shock: Shock) -> PoolState:
    if shock.funding and pool.legs:
        pool = _after_funding(pool, shock.funding)
    prices = [wallet.price * (1.0 + shock.of_coin(wallet.coin)) for wallet in pool.wallets]
    marks = [shock.of_leg(leg) for leg in pool.legs]
    equity, requirement = pool.equity(prices, marks), pool.requirement(prices, marks)
    dies_at, missing = math.inf, 0.0
    if pool.is_at_stake:
        short = equity <= pool.trigger * requirement
        if short or not _end_decides(pool, prices, marks):
            dies_at = 1.0 if short and _end_decides(pool, prices, marks) else _time(pool, shock)
        if dies_at < math.inf:
            missing = _missing(pool, prices, marks)
    unit = 1.0 if pool.in_dollars else prices[0]
    return PoolState(pool, equity * unit, requirement * unit, pool.owned(prices, marks), dies_at, missing)


def _end_decides(pool: Pool, prices: Sequence[float], marks: Sequence[float]) -> bool:
    """Tell whether a pool that is healthy at both ends of the straight path is healthy on all of it."""
    if not pool.is_concave:
        return False
    still = all(price == wallet.price for price, wallet in zip(prices, pool.wallets, strict=True))
    scaled = pool.in_dollars or any(leg.inverse for leg in pool.legs)
    if still or not scaled:
        return True
    # A linear contract whose margin coin moves as well is a product of two lines.
    return all(
        leg.inverse or mark == leg.mark or prices[place] == pool.wallets[place].price
        for leg, mark, place in zip(pool.legs, marks, pool.places, strict=True)
    )


def _time(pool: Pool, shock: Shock) -> float:
    if is_liquidatable(pool):
        return 0.0
    prices = [wallet.price * (1.0 + shock.of_coin(wallet.coin)) for wallet in pool.wallets]
    found = first_zero(pool, shock_path(pool, prices, [shock.of_leg(leg) for leg in pool.legs]))
    if found is not None:
        return found
    # Rounding may leave a hair of equity at the very end of the walk.
    marks = [shock.of_leg(leg) for leg in pool.legs]
    return 1.0 if pool.equity(prices, marks) <= pool.trigger * pool.requirement(prices, marks) else math.inf


def _missing(pool: Pool, prices: Sequence[float], marks: Sequence[float]) -> float:
    """Return the dollars of margin coin, at today's price, that keep the surplus from falling below 0 on the way."""
    if pool.in_dollars:
        return max(0.0, -lowest_surplus(pool, shock_path(pool, prices, marks)[0]))
    wallet = pool.wallets[0]
    coins = max(0.0, pool.trigger * pool.requirement(prices, marks) - pool.equity(prices, marks))
    equity, requirement = pool.figures()
    coins = max(coins, pool.trigger * requirement - equity)
    if not pool.is_concave:
        coins = max(coins, -lowest_surplus(pool, shock_path(pool, prices, marks)[0]))
    return coins * (0.0 if math.isnan(wallet.price) else wallet.price)


def _after_funding(pool: Pool, rate: float) -> Pool:
    paid = [0.0] * len(pool.wallets)
    for leg, place in zip(pool.legs, pool.places, strict=True):
        paid[place] += leg.side * leg.value(leg.mark) * rate
    wallets = tuple(
        replace(wallet, balance=wallet.balance - amount) for wallet, amount in zip(pool.wallets, paid, strict=True)
    )
    return replace(pool, wallets=wallets)
