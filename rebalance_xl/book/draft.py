"""A plan in the making, which the steps of a decision fill one after the other."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from rebalance_xl.book.derivatives import exposures, pledges
from rebalance_xl.book.futures import Tiers
from rebalance_xl.book.model import Book, Holding
from rebalance_xl.book.money import Fees, Purse
from rebalance_xl.book.orders import BUY, Order, Refusal
from rebalance_xl.book.states import Judgement, Worth


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


@dataclass(slots=True)
class Draft:
    """A plan in the making: what is sold and closed, what is needed, where the money is.

    `total` is the book's value before the plan, `after` that after the fees of the last pass.
    """

    book: Book
    judgement: Judgement
    tiers: Tiers
    worth: Worth
    paid_before: float
    fees: Fees
    purse: Purse
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
    total: float = field(init=False)
    after: float = field(init=False)

    def __post_init__(self) -> None:
        self.total = self.worth.total
        self.after = self.worth.total - self.paid_before

    @property
    def total_after(self) -> float:
        """Book value after fees."""
        return self.worth.total - self.fees.paid

    def sold_of(self, row: Holding) -> float:
        """Return what is sold of a row."""
        return math.fsum([order.amount for order in (*self.sales, *self.extra) if order.row is row])

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

    def state(self) -> tuple[object, ...]:
        """Return what :meth:`restore` needs to come back to this point."""
        needs = [(n, n.amount, n.quantity, n.fee, n.refusal, n.row, n.venue, n.fee_rate) for n in self.needs]
        return self.purse.copy(), self.fees.paid, dict(self.fees.credit_used), needs

    def restore(self, state: tuple[object, ...]) -> None:
        """Come back to a point of the plan."""
        purse, self.fees.paid, credit, needs = state  # type: ignore[assignment]
        self.purse = purse.copy()  # type: ignore[attr-defined]
        self.fees.credit_used = dict(credit)  # type: ignore[call-overload]
        for need, amount, quantity, fee, refusal, row, venue, rate in needs:  # type: ignore[attr-defined]
            need.amount, need.quantity, need.fee, need.refusal = amount, quantity, fee, refusal
            need.row, need.venue, need.fee_rate = row, venue, rate
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
