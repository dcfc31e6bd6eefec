"""How the assets and positions of a book stand: what is held, what is wanted, and on which trigger each acts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from rebalance_xl.book.causes import Refusal
from rebalance_xl.book.rows import Event, Holding, Position

EVENT: Final = "EVENT"
THRESHOLD: Final = "THRESHOLD"
TIME: Final = "TIME"
NONE: Final = "NONE"
#: The stronger comes first.
STRENGTH: Final = {EVENT: 0, THRESHOLD: 1, TIME: 2, NONE: 3}


@dataclass(slots=True)
class SpotState:
    """How an asset stands: the sum of its rows, however many venues hold it.

    `target` and `width` are those in force (an event may cut the target, a review narrows the band). `acts` is the
    trigger it acts on, "" for none; `over` and `under` say to which side. `below` is under the band, whether it acts or
    not, `drifted` under the target by more than ReviewDrift on a review. `idle` is why its own order cannot trade,
    `pledged` its coin that hedges hold as margin, a part of `value`. `stable` says that it is money, `locked` that
    nothing of it may be sold, `free` is the money that may; `key` is the asset's name without regard to case.
    """

    rows: tuple[Holding, ...]
    holding: Holding
    value: float
    weight: float
    target: float | None
    width: float
    named: Event | None = None
    acts: str = ""
    over: bool = False
    under: bool = False
    below: bool = False
    drifted: bool = False
    beyond: bool = False
    idle: Refusal | None = None
    pledged: float = 0.0
    asset: str = field(init=False)
    key: str = field(init=False)
    stable: bool = field(init=False)
    locked: bool = field(init=False)
    free: float = field(init=False)

    def __post_init__(self) -> None:
        holding = self.holding
        self.asset, self.stable = holding.asset, holding.stable
        self.key = holding.asset.casefold()
        if len(self.rows) == 1:
            self.locked, self.free = holding.locked, holding.free_value
        else:
            self.locked = all([row.locked for row in self.rows])
            self.free = sum([row.free_value for row in self.rows])

    @property
    def frozen(self) -> bool:
        """An event says HOLD."""
        return self.named is not None and self.named.action == "HOLD"

    @property
    def no_buys(self) -> bool:
        """An event names it, so nothing is bought."""
        return self.named is not None

    @property
    def drift(self) -> float:
        """Weight minus target, 0 without a target."""
        return 0.0 if self.target is None else self.weight - self.target


@dataclass(slots=True)
class FuturesState:
    """How a row of Futures stands: margin share and hedge ratio in force, its equity, and what it acts on.

    `gone` says that the mark has passed its liquidation price, `expired` that its contract has been delivered, `reduce`
    that its equity is beyond Target and Band, `short` the margin that keeps MarginTopUp's distance, `leg` is the other
    leg of its spread.
    """

    position: Position
    target: float | None
    hedge_ratio: float | None
    margin: float = 0.0
    profit: float = 0.0
    equity: float = 0.0
    named: Event | None = None
    exit: bool = False
    gone: bool = False
    expired: bool = False
    reduce: bool = False
    width: float = 0.0
    short: float = 0.0
    acts: str = ""
    leg: FuturesState | None = None

    @property
    def frozen(self) -> bool:
        """An event says HOLD."""
        return self.named is not None and self.named.action == "HOLD"

    @property
    def band(self) -> float | None:
        """Its Band, which may stand on either leg of a spread."""
        return self.position.band if self.leg is None or self.position.band is not None else self.leg.position.band

    @property
    def both(self) -> float:
        """Equity that its Target is the share of: its own, or that of both legs of a spread."""
        return self.equity if self.leg is None else self.equity + self.leg.equity

    @property
    def lifted(self) -> float:
        """The same with the margin that MarginTopUp asks for."""
        return self.both + self.short + (0.0 if self.leg is None else self.leg.short)

    @property
    def to_close(self) -> bool:
        """Whether the whole position is to be closed."""
        if self.position.quantity <= 0 or self.gone:
            return False
        return self.expired or self.exit or (self.target == 0 and self.hedge_ratio is None)


@dataclass(slots=True)
class Judgement:
    """Who acts, and on what.

    `review` says that a review is carried out: it is due, and the book is not in its cooldown. `shy` are the closes
    that a BREAKOUT lacked: asset, closes there are, closes it takes.
    """

    total: float
    spot: list[SpotState]
    futures: list[FuturesState]
    trigger: str = NONE
    due: bool = False
    review: bool = False
    cooling: float = 0.0
    waiting: bool = False
    next_review: float | None = None
    shy: list[tuple[str, int, float]] = field(default_factory=list)


def rows_by_asset(holdings: Iterable[Holding]) -> dict[str, list[Holding]]:
    """Return the rows of each asset, by its name without regard to case, in the order of the table."""
    found: dict[str, list[Holding]] = {}
    for holding in holdings:
        found.setdefault(holding.asset.casefold(), []).append(holding)
    return found


@dataclass(slots=True)
class Standing:
    """What a position is worth: margin and unrealised profit in money, its equity, and whether it is gone."""

    margin: float
    profit: float
    equity: float
    gone: bool = False


@dataclass(slots=True)
class Worth:
    """What a book is worth: its total, and the standing of every position."""

    total: float
    positions: list[Standing] = field(default_factory=list)
