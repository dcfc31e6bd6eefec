"""A plan in the making, which the steps of a decision fill one after the other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import NamedTuple

from rebalance_xl.book.derivatives import exposures, pledges, spread_legs
from rebalance_xl.book.free_margin import Accounts
from rebalance_xl.book.futures import Tiers
from rebalance_xl.book.model import Book, Holding, Position
from rebalance_xl.book.money import Fees, Purse, PurseMark
from rebalance_xl.book.orders import BUY, Move, Order, Refusal
from rebalance_xl.book.states import FuturesState, Judgement, SpotState, Worth

#: What placing a need changes of it.
Placed = tuple[
    float, float | None, float, Refusal | None, Holding | Position | None, str, float, list[Move], float
]  # fmt: skip
_PLACED = attrgetter("amount", "quantity", "fee", "refusal", "row", "venue", "fee_rate", "moves", "free")


def placed(needs: Sequence[Order]) -> list[tuple[Order, Placed]]:
    """Return needs as they stand, to come back to with :meth:`Draft.serve_anew`."""
    return [(need, _PLACED(need)) for need in needs]


@dataclass(slots=True)
class Pledged:
    """Coins that hedges hold as margin, in money by coin: what a plan releases of them, and what it buys for them.

    `traded` are the assets that it sells or buys, to a goal that counts these coins.
    """

    released: dict[str, float] = field(default_factory=dict)
    bought: dict[str, float] = field(default_factory=dict)
    traded: frozenset[str] = frozenset()

    @property
    def change(self) -> dict[str, float]:
        """Money by which the coins in hedges change."""
        coins = {*self.released, *self.bought}
        return {coin: self.bought.get(coin, 0.0) - self.released.get(coin, 0.0) for coin in coins}


class Given(NamedTuple):
    """What a pass is given by the one before it: its fees, the money in each asset, and the change of pledged coins."""

    paid: float
    exposure: dict[str, float]
    pledged: Pledged


class Mark(NamedTuple):
    """A point of the plan, to come back to with :meth:`Draft.rewind`."""

    purse: PurseMark
    paid: float
    credit: dict[str, float]
    needs: list[tuple[Order, Placed]]
    moved: dict[int, float]


@dataclass(slots=True)
class Draft:
    """A plan in the making, which the steps of a decision fill one after the other.

    `total` is the book's value before the plan, `after` that after the fees of the last pass. `stables` are the assets
    that are money, `held` what they are worth, and `spendable` the rows and the target of those that no event freezes.
    `owing` says that one of them is below 0. `coupled` says that what is sold or closed depends on the fees or on
    what the last pass left of each asset, through hedges and reductions: then no pass may keep anything of the last.
    """

    book: Book
    judgement: Judgement
    tiers: Tiers
    worth: Worth
    paid_before: float = 0.0
    near: list[str] = field(default_factory=list)
    sales: list[Order] = field(default_factory=list)
    extra: list[Order] = field(default_factory=list)
    closings: list[Order] = field(default_factory=list)
    needs: list[Order] = field(default_factory=list)
    moved: dict[int, float] = field(default_factory=dict)
    passed_over: list[tuple[Order, Refusal]] = field(default_factory=list)
    overcommitted: float = 0.0
    settled: bool = True
    new_stable: str = "USDT"
    pledged: Pledged = field(default_factory=Pledged)
    deployed: Mark | None = None
    payers: list[tuple[SpotState, float]] | None = None
    _buyable: list[tuple[SpotState, float, float]] | None = None
    _openable: list[FuturesState] | None = None
    _spreads: dict[int, list[FuturesState]] | None = None
    accounts: Accounts = field(init=False)
    fees: Fees = field(init=False)
    purse: Purse = field(init=False)
    total: float = field(init=False)
    after: float = field(init=False)
    stables: list[SpotState] = field(init=False)
    spendable: list[tuple[Sequence[Holding], float | None]] = field(init=False)
    held: float = field(init=False)
    owing: bool = field(init=False)
    hedged: bool = field(init=False)
    coupled: bool = field(init=False)

    def __post_init__(self) -> None:
        self.fees, self.purse = Fees(self.book), Purse(self.book)
        self.accounts = Accounts(self.book, self.tiers.tables)
        self.total = self.worth.total
        self.after = self.total - self.paid_before
        self.stables = [state for state in self.judgement.spot if state.stable]
        self.spendable = [(state.rows, state.target) for state in self.stables if not state.frozen]
        self.held = math.fsum([state.value for state in self.stables])
        self.owing = any([row.value < 0.0 for state in self.stables for row in state.rows])
        futures = self.judgement.futures
        self.hedged = any([state.hedge_ratio is not None for state in futures])
        self.coupled = self.hedged or any([state.reduce for state in futures])

    @property
    def buyable(self) -> list[tuple[SpotState, float, float]]:
        """The assets that may be bought, with the money of the target and the weight of the upper edge; found once."""
        if self._buyable is None:
            breaching = self.book.settings.buy_scope == "breaching"
            self._buyable = [
                (state, state.target * self.total, state.target + state.width)
                for state in self.judgement.spot
                if state.target is not None
                and not (state.stable or state.named is not None)
                and (not breaching or state.below or state.drifted)
            ]
        return self._buyable

    @property
    def openable(self) -> list[FuturesState]:
        """The rows of Futures that margin may be posted for, but hedges; found once."""
        if self._openable is None:
            self._openable = [
                state
                for state in self.judgement.futures
                if state.hedge_ratio is None and not (state.to_close or state.frozen or state.exit)
            ]
        return self._openable

    @property
    def spreads(self) -> dict[int, list[FuturesState]]:
        """The legs of spreads, by the identity of each; found once."""
        if self._spreads is None:
            legs = spread_legs(self.judgement.futures).values()
            self._spreads = {id(leg): pair for pair in legs for leg in pair}
        return self._spreads

    def begin(self, given: Given) -> None:
        """Take over what the last pass came to."""
        self.paid_before, self.pledged = given.paid, given.pledged
        self.after = self.total - given.paid

    @property
    def total_after(self) -> float:
        """Book value after fees."""
        return self.worth.total - self.fees.paid

    def sold_of(self, row: Holding) -> float:
        """Return what is sold of a row."""
        if not self.sales and not self.extra:
            return 0.0
        return math.fsum([order.amount for order in (*self.sales, *self.extra) if order.row is row])

    def unlocked(self, row: Holding) -> float:
        """Return the money of a row that no lock keeps, with what has been bought into it by now."""
        bought = math.fsum([need.amount for need in self.needs if need.kind == BUY and need.row is row])
        if row.locked or not bought:
            return row.free_value
        return max(0.0, row.value + bought - row.locked_units * (row.price or 0.0))

    def exposure_after(self) -> dict[str, float]:
        """Return the money in each asset after the plan; coins that become margin of a hedge stay part of it."""
        after = exposures(self.judgement)
        for sale in (*self.sales, *self.extra):
            assert sale.spot is not None
            after[sale.spot.asset.casefold()] -= sale.amount
        for need in self.needs:
            if need.kind == BUY and need.spot is not None:
                after[need.spot.asset.casefold()] += need.amount
            elif need.moves and need.futures is not None:
                _count_moves(after, need)
        now = self.pledged_after()
        for coin in now.traded & set(after):
            # Sale and purchase have counted the coins of the last pass: with them the asset comes to its goal.
            after[coin] += self.pledged.change.get(coin, 0.0) - now.bought.get(coin, 0.0)
        return after

    def pledged_after(self) -> Pledged:
        """Return by how much the coins that hedges hold as margin change."""
        found = Pledged()
        for closing in self.closings:
            if closing.futures is not None and pledges(closing.futures) and closing.quantity:
                coin = closing.position.margin_coin.casefold()
                found.released[coin] = found.released.get(coin, 0.0) + closing.margin
        for need in self.needs:
            if need.futures is not None and pledges(need.futures):
                coin = need.position.margin_coin.casefold()
                money = math.fsum([move.amount for move in need.moves if move.row is None])
                found.bought[coin] = found.bought.get(coin, 0.0) + money
        orders = [*(order for order in self.sales), *(need for need in self.needs if need.kind == BUY)]
        found.traded = frozenset(o.spot.asset.casefold() for o in orders if o.amount > 0 and o.spot is not None)
        return found

    def mark(self) -> Mark:
        """Return the plan as it stands, to come back to."""
        return Mark(
            self.purse.mark(), self.fees.paid, dict(self.fees.credit_used), placed(self.needs), dict(self.moved)
        )

    def rewind(self, mark: Mark) -> None:
        """Come back to a point of the plan at which nothing had been raised: what was placed since is undone."""
        self.purse.rewind(mark.purse)
        self.fees.paid, self.fees.credit_used = mark.paid, dict(mark.credit)
        self.moved = dict(mark.moved)
        self.serve_anew(mark.needs)

    def serve_anew(self, needs: Sequence[tuple[Order, Placed]]) -> None:
        """Take the needs as they stood: what was placed or raised for them since is undone."""
        self.needs = [need for need, _ in needs]
        for need, placed in needs:
            need.amount, need.quantity, need.fee, need.refusal, need.row, need.venue, need.fee_rate = placed[:7]
            need.moves, need.free = placed[7:]
        self.extra.clear()
        self.passed_over.clear()


def _count_moves(after: dict[str, float], need: Order) -> None:
    """Count coins that a plan turns into margin: a hedge keeps them in the asset, less the fee it pays in them."""
    assert need.futures is not None
    coin = need.position.margin_coin.casefold()
    hedges = need.futures.hedge_ratio is not None and coin == need.position.asset.casefold()
    for move in need.moves:
        if move.row is None and hedges:
            after[coin] = after.get(coin, 0.0) + move.amount
        elif move.row is not None and not hedges:
            after[coin] = after.get(coin, 0.0) - move.amount
    if hedges:
        after[coin] = after.get(coin, 0.0) - need.fee
