"""Closes futures: positions whose target is 0, that an event ends, and hedges that have become too large."""

from __future__ import annotations

from dataclasses import dataclass

from rebalance_xl.book.deploy import hedge_gap
from rebalance_xl.book.futures import equity_of, margin_of, pnl_of
from rebalance_xl.book.model import Book, Position
from rebalance_xl.book.money import Fees
from rebalance_xl.book.orders import DUST, size_order
from rebalance_xl.book.triggers import FuturesState, Judgement
from rebalance_xl.functions.plan_table import amount_text, percent


@dataclass(slots=True)
class Closing:
    """A close of all or part of a position; `released` is its margin and profit in money."""

    state: FuturesState
    wanted: float
    quantity: float = 0.0
    released: float = 0.0
    margin: float = 0.0
    gain: float = 0.0
    fee: float = 0.0
    reason: str = ""
    refusal: str = ""

    @property
    def position(self) -> Position:
        """The row of Futures."""
        return self.state.position


def plan_closings(
    book: Book, judgement: Judgement, spot_after: dict[str, float], total: float, fees: Fees
) -> list[Closing]:
    """Return the closes of a plan; hedges are measured on what remains of the spot."""
    closings = []
    for state in judgement.futures:
        position = state.position
        if position.quantity <= 0:
            continue
        if state.to_close:
            event = state.named if state.exit else None
            cause = f"EXIT event for {event.scope}" if event else "its target is 0"
            closing = Closing(state, position.notional, reason=f"{cause}: close the position")
        elif state.hedge_ratio is not None:
            excess = -hedge_gap(state, spot_after)
            if excess <= DUST * total:
                continue
            text = f"the hedge of {percent(state.hedge_ratio)} of {position.asset} is too large by"
            closing = Closing(state, excess, reason=f"{text} {amount_text(excess)}")
        else:
            continue
        _size(book, closing, fees)
        closings.append(closing)
    return closings


def _size(book: Book, closing: Closing, fees: Fees) -> None:
    position = closing.position
    refusal = book.venue(position.venue).refusal("futures") if position.venue else ""
    if refusal:
        closing.refusal = f"{refusal}: it cannot be closed"
        return
    everything = closing.wanted >= position.notional * (1 - 1e-12)
    size = size_order(book, position, closing.wanted, position.unit_value, position.quantity if everything else None)
    if size.refusal and not everything:
        closing.refusal = f"not closed: {size.refusal}"
        return
    # An exit closes what is there, whatever the smallest order: venues accept reduce-only remainders.
    closing.quantity = position.quantity if everything else size.quantity or 0.0
    share = closing.quantity / position.quantity
    notional = closing.quantity * position.unit_value
    closing.fee = fees.charge(position.venue, notional * book.venue(position.venue).futures_fee)
    closing.margin = margin_of(position) * share
    closing.gain = pnl_of(position) * share
    closing.released = equity_of(position) * share
    if closing.released < 0:
        closing.refusal = f"its loss is larger than its margin by {amount_text(-closing.released)}"
        closing.quantity = closing.released = closing.margin = closing.gain = 0.0
