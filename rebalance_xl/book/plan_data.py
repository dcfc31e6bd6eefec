"""A plan as data: what to trade and why, before and after. It is printed, written and serialised by others."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from rebalance_xl.book.rows import quickly_made

if TYPE_CHECKING:
    from rebalance_xl.book.account_figures import AccountFigures

SELL: Final = "SELL"
BUY: Final = "BUY"
TRANSFER: Final = "TRANSFER"
OPEN_LONG: Final = "OPEN LONG"
OPEN_SHORT: Final = "OPEN SHORT"
CLOSE: Final = "CLOSE"
REDUCE: Final = "REDUCE"
RELEASE: Final = "RELEASE"
ADD_MARGIN: Final = "ADD MARGIN"
CONVERT: Final = "CONVERT"
HOLD: Final = "HOLD"

#: Margin in danger comes first, sells come before buys; lines that do not trade come last.
ORDER: Final = {
    ADD_MARGIN: 0,
    SELL: 1,
    CLOSE: 2,
    REDUCE: 2,
    RELEASE: 2,
    TRANSFER: 3,
    BUY: 4,
    CONVERT: 5,
    OPEN_LONG: 6,
    OPEN_SHORT: 6,
    HOLD: 7,
}


@dataclass(frozen=True, slots=True)
class FuturesTerms:
    """What a futures line means for the whole position after it.

    Parameters
    ----------
    notional
        Size of the line in money.
    leverage
        Of the row.
    liquidation_price
        Of the position after the line; infinity is NEVER, None not known.
    liquidation_distance
        Share of the mark between the mark and the liquidation price.
    break_even
        Price at which fees and the funding of the holding period are earned.
    funding_per_day
        Cost (+) or income (-) of the line's notional a day, in money.
    estimate
        Why the liquidation price is an estimate, "" where an exchange's published example backs it.
    """

    notional: float
    leverage: float
    liquidation_price: float | None = None
    liquidation_distance: float | None = None
    break_even: float | None = None
    funding_per_day: float | None = None
    estimate: str = ""


@quickly_made
@dataclass(frozen=True, slots=True)
class Line:
    """One line of a plan; money in the book's currency, weights as fractions of the book.

    `amount` is the money traded, for a futures line the margin; `wanted` is what was wanted and not traded. `cause` is
    the kind of rule behind it (see :mod:`rebalance_xl.book.sentences`), `reason` the same as a sentence.
    """

    asset: str
    action: str
    amount: float = 0.0
    quantity: float | None = None
    price: float | None = None
    fee: float = 0.0
    weight_before: float | None = None
    weight_after: float | None = None
    realised_gain: float | None = None
    reason: str = ""
    venue: str = ""
    to_venue: str = ""
    wanted: float = 0.0
    product: str = "spot"
    row: int | None = None
    futures: FuturesTerms | None = None
    cause: str = ""
    side: str = ""

    @property
    def trades(self) -> bool:
        """Whether anything is to be done."""
        return self.action != HOLD


@dataclass(frozen=True, slots=True)
class Trigger:
    """What made the plan: EVENT, THRESHOLD, TIME or NONE, and the sentences behind it."""

    kind: str
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Totals:
    """The plan's money; `check` is sold + cash used + collateral - bought - margin - reserve - fees - left over.

    Parameters
    ----------
    value, value_after
        The book before, and after fees.
    sold
        Proceeds of spot sales and of closed futures.
    cash_used
        Stablecoins spent that were there before.
    bought, margin, reserve, fees, left_over
        Where the money went; what is left over stays in stablecoins.
    realised_gain
        Sum over the sales whose cost is known.
    overcommitted
        By how much the needs exceed the money.
    collateral
        Coins moved from Portfolio to be posted as margin, in money: they count in `margin` and are no sale.
    """

    value: float
    value_after: float
    sold: float = 0.0
    cash_used: float = 0.0
    bought: float = 0.0
    margin: float = 0.0
    reserve: float = 0.0
    fees: float = 0.0
    left_over: float = 0.0
    realised_gain: float = 0.0
    overcommitted: float = 0.0
    collateral: float = 0.0

    @property
    def check(self) -> float:
        """Money that came minus money that went: 0.00 in a sound plan."""
        went = self.bought + self.margin + self.reserve + self.fees + self.left_over
        return round(self.sold + self.cash_used + self.collateral - went, 2) + 0.0


@dataclass(frozen=True, slots=True)
class Unresolved:
    """Something the plan could not place: how much, and why."""

    asset: str
    amount: float
    reason: str


@dataclass(frozen=True, slots=True)
class PositionFigures:
    """An open position as it stands, before the plan.

    `funding_per_day` is money paid (+) or received (-), `funding_per_year` the same as a share of the notional.
    """

    symbol: str
    asset: str
    venue: str
    side: str
    notional: float
    margin: float
    pnl: float
    equity: float
    weight: float
    leverage: float
    liquidation_price: float | None
    liquidation_distance: float | None
    funding_per_day: float
    funding_per_year: float
    return_on_margin: float | None = None
    max_leverage: float | None = None
    estimate: str = ""


@dataclass(frozen=True, slots=True)
class SpreadFigures:
    """A spread of two legs: the far mark less the near one, its rate a year, and how unusual the near premium is.

    `supported` says whether the signal of the z-score asks for these sides; None where Prices lacks a symbol.
    """

    name: str
    near: str
    far: str
    basis: float
    rate: float | None = None
    zscore: float | None = None
    supported: bool | None = None


@dataclass(frozen=True, slots=True)
class NetDelta:
    """Coins of an asset that the book is exposed to, before and after the plan: spot, coin margin and futures."""

    asset: str
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything a plan says.

    Parameters
    ----------
    as_of, next_review
        Serial numbers of days, None where not known.
    trigger
        Why there is (or is not) anything to do.
    lines
        Sells, closes, transfers, buys, openings (largest first), then every row that does not trade.
    totals
        The money, with the check line.
    warnings, unresolved, notes
        What to look at, what could not be placed, what was not used.
    positions
        Figures of every open position.
    cash
        Change of each stable row, by its name; what `record` writes.
    deltas, spreads
        Net delta of every asset that futures are held on, and the figures of every spread.
    accounts
        Equity, requirement and margin ratio of every pool of the derivatives accounts.
    review
        A review is carried out: recording sets LastReview, traded or not.
    mark
        Of the quantities that the plan was made for; Record compares it with those that it finds.
    """

    as_of: float | None
    trigger: Trigger
    lines: tuple[Line, ...]
    totals: Totals
    warnings: tuple[str, ...] = ()
    unresolved: tuple[Unresolved, ...] = ()
    notes: tuple[str, ...] = ()
    positions: tuple[PositionFigures, ...] = ()
    cash: dict[str, float] = field(default_factory=dict)
    deltas: tuple[NetDelta, ...] = ()
    spreads: tuple[SpreadFigures, ...] = ()
    accounts: tuple[AccountFigures, ...] = ()
    review: bool = False
    mark: str = ""
    next_review: float | None = None

    @property
    def trades(self) -> tuple[Line, ...]:
        """The lines that do something."""
        return tuple(line for line in self.lines if line.trades)

    @property
    def nothing_to_do(self) -> bool:
        """Whether no line trades."""
        return not self.trades
