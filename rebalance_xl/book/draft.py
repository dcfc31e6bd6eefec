"""A plan in the making, which the steps of a decision fill one after the other."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from rebalance_xl.book.derivatives import exposures
from rebalance_xl.book.futures import Tiers
from rebalance_xl.book.model import Book, Holding
from rebalance_xl.book.money import Fees, Purse
from rebalance_xl.book.orders import BUY, Order, Refusal
from rebalance_xl.book.states import Judgement, Worth


@dataclass(slots=True)
class Draft:
    """A plan in the making: what is sold and closed, what is needed, where the money is."""

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

    @property
    def total(self) -> float:
        """Book value before the plan."""
        return self.worth.total

    @property
    def after(self) -> float:
        """Book value after the fees of the last pass."""
        return self.worth.total - self.paid_before

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
        return after

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
