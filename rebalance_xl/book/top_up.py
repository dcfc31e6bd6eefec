"""MarginTopUp: which margin brings a position to a distance from its liquidation.

In a cross account all legs of a pool share its wallet, so a pool is read once and asked for each of its positions: what
it lacks at the far ends of the moves that it must survive, the market's and that of the position's own symbol, is what
must be added. Where the ends do not decide (tables that jump, ratios that rise, contracts settled in a coin that moves
by itself) the liquidation prices are asked, and the margin is found by halving.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from rebalance_xl.book.accounts import account_key, account_of, leg_of, pool_distance
from rebalance_xl.book.futures import Tiers, distance, liquidation_price, net_side, sign
from rebalance_xl.book.model import Book, Position
from rebalance_xl.book.tolerances import EDGE, FOUND
from rebalance_xl.functions.account import STEADY, Pool
from rebalance_xl.functions.account_solving import beta_of
from rebalance_xl.functions.haircuts import Haircut

#: A position that lacks more than this many times its size cannot be saved by margin.
_FARTHEST = 1e6
_BETA = beta_of()
_Key: TypeAlias = tuple[str, str]


@dataclass(slots=True)
class TopUps:
    """What the positions of a book lack to be `limit` away from their liquidation; its pools are read once.

    Parameters
    ----------
    book, tiers
        The book and its margin tiers.
    limit
        The distance, as a share of the mark.
    known
        Those of the same book at other prices, whose pools of one coin need not be read again: what lies in them is the
        same, and only marks differ.
    """

    book: Book
    tiers: Tiers
    limit: float
    known: TopUps | None = None
    _pools: dict[_Key, list[tuple[Pool, list[int]]]] = field(default_factory=dict)
    _found: dict[_Key, dict[int, _Ends | None]] = field(default_factory=dict)

    def short(self, position: Position, margin: float) -> float:
        """Return the money that a position lacks, 0 where it has its distance or no price.

        Parameters
        ----------
        position
            The row, open.
        margin
            Its margin in money.
        """
        if self.tiers.table(position) is None:
            return 0.0
        ends = self._ends(position) if position.margin_mode == "cross" else None
        if ends is not None:
            found = ends.coins(position) * position.money
            return found if found < _FARTHEST * position.notional else 0.0
        room = self._room(position, margin)
        here = room(0.0)
        if here is None or here >= self.limit * (1 - EDGE):
            return 0.0
        if position.margin_mode != "cross":
            guess = self._at_the_limit(position)
            there = room(guess)
            if there is not None and self.limit * (1 - EDGE) <= there <= self.limit * (1 + EDGE):
                return guess
        return _halved(room, self.limit, position, margin)

    def _ends(self, position: Position) -> _Ends | None:
        """Return the pool of a cross position at the ends of the moves, None where they do not decide."""
        key = account_key(position.venue, position.account)
        if key not in self._found:
            found: dict[int, _Ends | None] = {}
            marks = {each.row: each.mark for each in self.book.positions}
            for pool, rows in self._cross_pools(key, position):
                ends = _Ends.of(pool, [marks[row] for row in rows], self.limit) if _ends_decide(pool) else None
                found |= dict.fromkeys(rows, ends)
            self._found[key] = found
        return self._found[key].get(position.row)

    def _cross_pools(self, key: _Key, position: Position) -> list[tuple[Pool, list[int]]]:
        """Return the cross pools of an account, and the rows of Futures that their legs are."""
        if key in self._pools:
            return self._pools[key]
        if self.known is not None:
            pools = self.known._cross_pools(key, position)
            if not any(pool.in_dollars for pool, _ in pools):
                return pools
        account = account_of(self.book, self.tiers.tables, key, position.venue, position.account_name).account
        members = [
            each for each in self.book.positions if each.quantity > 0.0 and account_key(each.venue, each.account) == key
        ]
        row_of = {id(leg): each.row for each, leg in zip(members, account.legs, strict=False)}
        self._pools[key] = [
            (pool, [row_of[id(leg)] for leg in pool.legs])
            for pool in account.pools()
            if pool.legs and pool.legs[0].isolated is None
        ]
        return self._pools[key]

    def _room(self, position: Position, margin: float) -> Callable[[float], float | None]:
        """Return the distance from liquidation by the money that is added."""
        book, tiers = self.book, self.tiers
        entry = position.mark if position.entry is None else position.entry
        side = net_side(book, position, position.quantity)

        def room(more: float) -> float | None:
            price = liquidation_price(book, tiers, position, position.quantity, entry, margin + more)
            alone = distance(price, position, side)
            if alone is None or position.margin_mode != "cross":
                return alone
            coins = (margin + more) / position.money
            together = pool_distance(book, tiers.tables, position, position.quantity, entry, coins)
            return min(alone, together)

        return room

    def _at_the_limit(self, position: Position) -> float:
        """Return what an isolated position lacks at the limit by the general rule: the venue's own decides after it."""
        leg, _ = leg_of(self.book, self.tiers.tables, position)
        mark = position.mark * (1.0 - sign(position) * self.limit)
        return max(0.0, leg.requirement(mark) - position.margin - leg.pnl(mark)) * position.money


def _halved(room: Callable[[float], float | None], limit: float, position: Position, margin: float) -> float:
    """Return the smallest margin that gives the room, found by halving to the fifteenth digit; 0 where none does."""
    low, high = 0.0, max(position.notional, abs(margin))
    while (found := room(high)) is not None and found < limit:
        low, high = high, high * 2
        if high > _FARTHEST * position.notional:
            return 0.0
    for _ in range(80):
        middle = (low + high) / 2
        found = room(middle)
        if found is not None and found < limit:
            low = middle
        else:
            high = middle
        if high - low <= FOUND * high:
            break
    return high


# --- pools -----------------------------------------------------------------------------------------------------


def _ends_decide(pool: Pool) -> bool:
    """Tell whether a pool that is healthy at both ends of a move is healthy on all of it.

    Then its surplus is concave in the price, or in one over the price.
    """
    if not pool.is_concave:
        return False
    if pool.in_dollars:
        own = [leg.coin.casefold() == leg.margin_coin.casefold() for leg in pool.legs if leg.inverse]
        return all(own) and all(leg.inverse or leg.margin_coin.upper() in STEADY for leg in pool.legs)
    return len({leg.inverse for leg in pool.legs}) == 1


@dataclass(slots=True)
class _State:
    """A pool at some prices: what it holds of each wallet's coin, at which price, and what it must hold beside."""

    held: list[float]
    prices: tuple[float, ...]
    needed: float


@dataclass(slots=True)
class _Ends:
    """A pool at its marks and at both ends of the moves that it must survive.

    `moves` are 0 and both ends of the limit, `profits` and `needs` those of each leg where its own mark has moved so
    far. `legs` says where the legs of a symbol stand, `market` is the pool where every coin has moved.
    """

    pool: Pool
    moves: tuple[float, ...]
    profits: list[list[float]]
    needs: list[list[float]]
    legs: dict[str, list[int]]
    market: list[_State] = field(default_factory=list)
    _least: dict[tuple[str, str], float] = field(default_factory=dict)
    _together: dict[int, float] = field(default_factory=dict)

    @classmethod
    def of(cls, pool: Pool, marks: Sequence[float], limit: float) -> _Ends:
        """Read a pool at marks of its legs."""
        moves = (0.0, -limit, limit)
        there = [[mark * (1.0 + move) for mark in marks] for move in moves]
        profits = [[leg.pnl(mark) for leg, mark in zip(pool.legs, each, strict=True)] for each in there]
        needs = [[leg.requirement(mark) for leg, mark in zip(pool.legs, each, strict=True)] for each in there]
        legs: dict[str, list[int]] = {}
        for index, leg in enumerate(pool.legs):
            legs.setdefault(leg.symbol.casefold(), []).append(index)
        found = cls(pool, moves, profits, needs, legs)
        found.market = [found._market(end) for end in range(len(moves))]
        return found

    def coins(self, position: Position) -> float:
        """Return the margin coins that a position lacks; infinite where coins do not help."""
        symbol, coin = position.symbol.casefold(), position.margin_coin.casefold()
        if (symbol, coin) not in self._least:
            place = next(i for i, each in enumerate(self.pool.wallets) if each.coin.casefold() == coin)
            found = max([_lack(self.pool, self._symbol(self.legs[symbol], end), place) for end in (1, 2)])
            if len(self.pool.legs) > 1:  # of one position its own price tells
                if place not in self._together:
                    self._together[place] = max([_lack(self.pool, state, place) for state in self.market[1:]])
                found = max(found, self._together[place])
            # What lies on the limit has it: the plan after a top-up would ask again for the last digits.
            self._least[symbol, coin] = found if found > EDGE * abs(self.market[0].needed) else 0.0
        return self._least[symbol, coin]

    def _market(self, end: int) -> _State:
        """Return the pool where every coin has moved to one end; dollars and their like stay."""
        pool, move = self.pool, self.moves[end]
        prices = tuple([each.price * (1.0 + move * _BETA(each.coin)) for each in pool.wallets])
        held = [each.balance - each.loan for each in pool.wallets]
        parts = [pool.other]
        for index, (leg, place) in enumerate(zip(pool.legs, pool.places, strict=True)):
            own = end if _BETA(leg.coin) else 0
            held[place] += self.profits[own][index]
            parts.append(self.needs[own][index] * (prices[place] if pool.in_dollars else 1.0))
        for wallet, price in zip(pool.wallets, prices, strict=True):
            parts.append(wallet.loan * wallet.loan_rate * (price if pool.in_dollars else 1.0))
        return _State(held, prices, pool.trigger * math.fsum(parts))

    def _symbol(self, moved: Sequence[int], end: int) -> _State:
        """Return the pool where the legs of one symbol alone have moved."""
        pool, here = self.pool, self.market[0]
        held, needed = here.held.copy(), here.needed
        profits, needs = self.profits[end], self.needs[end]
        for index in moved:
            place = pool.places[index]
            unit = here.prices[place] if pool.in_dollars else 1.0
            held[place] += profits[index] - self.profits[0][index]
            needed += pool.trigger * (needs[index] - self.needs[0][index]) * unit
        return _State(held, here.prices, needed)


def _lack(pool: Pool, state: _State, place: int) -> float:
    """Return the coins of one wallet that a pool lacks in a state, below 0 where it has more than it needs."""
    if not pool.in_dollars:
        return state.needed - state.held[place]
    counted = [
        wallet.haircut.count(held, price)
        for wallet, held, price in zip(pool.wallets, state.held, state.prices, strict=True)
    ]
    dollars = state.needed - math.fsum(counted)
    if dollars <= 0.0:
        return dollars
    return _more(pool.wallets[place].haircut, state.held[place], state.prices[place], counted[place] + dollars)


def _more(haircut: Haircut, held: float, price: float, dollars: float) -> float:
    """Return by how much a holding must grow to count a number of dollars; infinite where no amount does."""
    if price <= 0.0:
        return math.inf
    most, step = held, max(abs(held), dollars / price)
    while haircut.count(most, price) < dollars:
        most += step
        step *= 2
        if step > 1e30:
            return math.inf
    least = held
    for _ in range(200):
        middle = (least + most) / 2
        if not least < middle < most:
            break
        least, most = (middle, most) if haircut.count(middle, price) < dollars else (least, middle)
    return most - held
