"""The one type of order behind every line of a plan, from judgement to record.

An order says what is traded, where, how much and why. Its cause and its refusal are typed: a kind and the figures that
belong to it. Sentences are made from them at the end (:mod:`rebalance_xl.book.sentences`); nothing reads a sentence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from rebalance_xl.book.causes import Cause, Refusal
from rebalance_xl.book.rows import Holding, Position
from rebalance_xl.book.states import FuturesState, SpotState

SELL: Final = "sell"
CLOSE: Final = "close"
REDUCE: Final = "reduce"
RELEASE: Final = "release"
REPAY: Final = "repay"
TOP_UP: Final = "top up"
BUY: Final = "buy"
KEEP: Final = "keep"
MARGIN: Final = "margin"
HEDGE: Final = "hedge"

#: Orders that bring money, and those that take it.
CLOSINGS: Final = (CLOSE, REDUCE, RELEASE)
OPENINGS: Final = (MARGIN, HEDGE)
#: Orders that leave their money in a stablecoin.
KEPT: Final = (KEEP, REPAY)


@dataclass(slots=True)
class Move:
    """Coins that become margin: moved from a row of Portfolio, else bought, or `free` in the position's account."""

    row: Holding | None
    coin: str
    amount: float
    quantity: float
    fee: float = 0.0
    free: bool = False


@dataclass(slots=True)
class Order:
    """One order, wanted and placed.

    Parameters
    ----------
    kind
        What it does; see the constants of this module.
    row
        The row of Portfolio or Futures that it changes; None for a reserve without a stablecoin row.
    cause
        Why.
    wanted, goal
        Money asked for (margin for openings), and the money the row would have on target, by which ties are decided.
    spot, futures
        The state of the row.
    first
        It is served before the priorities: events, debts, margin in danger.
    fee_rate
        Fee as a share of the money asked for.
    amount, quantity, fee, gain
        What was placed: money, units, fee, and the gain that it realises.
    margin
        Margin that a closing gives back.
    moves
        Coins moved or bought to be posted as margin.
    free
        Money that the free margin of its account paid, fees included.
    refusal
        What stands against it, or against more of it.
    hard
        The refusal does not depend on the money there is.
    cut
        TurnoverCap made it smaller.
    """

    kind: str
    row: Holding | Position | None
    cause: Cause
    wanted: float
    goal: float = 0.0
    label: str = ""
    venue: str = ""
    spot: SpotState | None = None
    futures: FuturesState | None = None
    priority: float | None = None
    first: bool = False
    fee_rate: float = 0.0
    amount: float = 0.0
    quantity: float | None = None
    fee: float = 0.0
    gain: float | None = None
    margin: float = 0.0
    moves: list[Move] = field(default_factory=list)
    refusal: Refusal | None = None
    hard: bool = False
    cut: bool = False
    partner: Order | None = None
    free: float = 0.0

    @property
    def missing(self) -> float:
        """Money that was not placed."""
        return max(0.0, self.wanted - self.amount)

    @property
    def moved(self) -> float:
        """Money of the coins that were moved from a row of Portfolio."""
        return sum(move.amount for move in self.moves if move.row is not None)

    @property
    def holding(self) -> Holding:
        """The row of Portfolio that it changes."""
        assert isinstance(self.row, Holding)
        return self.row

    @property
    def position(self) -> Position:
        """The row of Futures that it changes."""
        assert isinstance(self.row, Position)
        return self.row


def in_line_order(sales: Sequence[Order]) -> list[Order]:
    """Return the sales that trade as the lines of a plan stand, and as Record applies them: the largest first."""
    return sorted([sale for sale in sales if sale.amount > 0], key=lambda sale: -sale.amount)


__all__ = [
    "BUY",
    "CLOSE",
    "CLOSINGS",
    "HEDGE",
    "KEEP",
    "KEPT",
    "MARGIN",
    "OPENINGS",
    "REDUCE",
    "RELEASE",
    "REPAY",
    "SELL",
    "TOP_UP",
    "Cause",
    "Move",
    "Order",
    "Refusal",
    "in_line_order",
]
