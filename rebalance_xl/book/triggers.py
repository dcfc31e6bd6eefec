"""What makes the book act: the event, the threshold or the review, judged row by row."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from rebalance_xl.book.model import Book, Event, Holding, Position
from rebalance_xl.book.orders import DUST
from rebalance_xl.book.plan_data import Trigger
from rebalance_xl.cells import from_serial
from rebalance_xl.functions import triggers as kernels
from rebalance_xl.functions.allocation import ADD, BAND_KINDS, TRIM, band_width, drift_flag
from rebalance_xl.functions.elementwise import BLANK, TOLERANCE
from rebalance_xl.functions.plan_table import percent

EVENT, THRESHOLD, TIME, NONE = "EVENT", "THRESHOLD", "TIME", "NONE"
SPOT_EVENTS = ("TRIM", "EXIT", "HOLD")
#: Half of what a weight with two decimals shows.
_ON_TARGET = 5e-5
MARGIN_EVENTS = ("LONG", "SHORT", "BREAKOUT")


@dataclass(slots=True)
class SpotState:
    """How a row of Portfolio stands.

    `target` and `width` are those in force (an event may cut the target); `over` and `under` say whether the row
    acts, `frozen` that an event forbids trading it and `no_buys` buying it.
    """

    holding: Holding
    weight: float
    target: float | None
    width: float
    over: bool = False
    under: bool = False
    named: Event | None = None

    @property
    def frozen(self) -> bool:
        """An event says HOLD."""
        return self.named is not None and self.named.action == "HOLD"

    @property
    def no_buys(self) -> bool:
        """An event trims the row, so nothing is bought."""
        return self.named is not None

    @property
    def drift(self) -> float:
        """Weight minus target, 0 without a target."""
        return 0.0 if self.target is None else self.weight - self.target


@dataclass(slots=True)
class FuturesState:
    """How a row of Futures stands: the margin share and hedge ratio in force, and the event behind them."""

    position: Position
    target: float | None
    hedge_ratio: float | None
    named: Event | None = None
    exit: bool = False

    @property
    def frozen(self) -> bool:
        """An event says HOLD."""
        return self.named is not None and self.named.action == "HOLD"

    @property
    def to_close(self) -> bool:
        """Whether the whole position is to be closed."""
        wanted = self.target == 0 and self.hedge_ratio is None
        return self.position.quantity > 0 and (self.exit or wanted)


@dataclass(frozen=True, slots=True)
class Judgement:
    """The trigger and the state of every row."""

    trigger: Trigger
    spot: list[SpotState]
    futures: list[FuturesState]
    next_review: float | None = None
    notes: list[str] = field(default_factory=list)


def judge(book: Book, total: float) -> Judgement:
    """Return why the book acts, if it does, and which rows do.

    Parameters
    ----------
    book
        The book.
    total
        Book value: spot, stablecoins and futures equity.

    Returns
    -------
    Judgement
        EVENT, else THRESHOLD, else TIME, else NONE; in the cooldown only EVENT counts.
    """
    notes: list[str] = []
    events = events_in_force(book)
    spot = [_spot_state(book, holding, total, events) for holding in book.holdings]
    futures = [_futures_state(book, position, events, notes) for position in book.positions]
    due, next_review = _review(book)
    cooling = _cooldown_left(book)
    outside = [state for state in spot if (state.over or state.under) and not state.holding.locked]
    outside_futures = [state for state in futures if state.to_close and not state.exit]
    drifted = [
        state
        for state in spot
        if state.target is not None
        and not state.holding.locked
        and abs(state.drift) > book.settings.review_drift + TOLERANCE
    ]
    named: list[SpotState | FuturesState] = [*(s for s in spot if s.named), *(f for f in futures if f.named)]
    if named:
        found = list(dict.fromkeys(state.named for state in named if state.named))
        reasons = [_event_text(event) for event in found]
        kind = EVENT
    elif cooling > 0 and (outside or outside_futures or (due and drifted)):
        text = f"in the cooldown for another {cooling:g} days: only events count"
        reasons, kind = [text], NONE
    elif outside or outside_futures:
        reasons = [f"{s.holding.asset}: {drift_text(s)}" for s in outside]
        reasons += [f"{f.position.symbol}: its target is 0, so it is closed" for f in outside_futures]
        kind = THRESHOLD
    elif due and drifted:
        reasons = [f"a review is due and {s.holding.asset} drifted: {drift_text(s)}" for s in drifted]
        kind = TIME
        for state in drifted:
            state.over, state.under = state.drift > 0, state.drift < 0
            state.width = min(state.width, book.settings.review_drift)
    else:
        why = "every asset is inside its band" if book.holdings else "the book has no holdings"
        reasons, kind = [why + (", and no review is due" if not due else "")], NONE
    if kind == NONE or (kind == EVENT and cooling > 0):
        for state in spot:
            state.over = state.over and state.named is not None
            state.under = state.under and state.named is not None
    return Judgement(Trigger(kind, tuple(reasons)), spot, futures, next_review, notes)


def drift_text(state: SpotState) -> str:
    """Say where a row stands against its band."""
    if state.target is None:
        return f"weight {percent(state.weight)}, no target"
    beyond = abs(state.drift) > state.width + TOLERANCE
    close = abs(state.drift) < _ON_TARGET
    if close and not (beyond and abs(state.drift) > DUST):
        return f"weight {percent(state.weight)} is on its target"
    side = "above" if state.drift >= 0 else "below"
    size = f"{abs(state.drift) * 100:.2g}" if close else f"{abs(state.drift) * 100:.2f}"
    points = f"{size} points {side} the target of {percent(state.target)}"
    band = f"{'beyond' if beyond else 'not beyond'} the band of {state.width * 100:.2f} points"
    return f"weight {percent(state.weight)} is {points}, {band}"


def events_in_force(book: Book) -> list[Event]:
    """Return the events in force on the book's day, the latest first; none without a clock."""
    if book.as_of is None:
        return []
    day = math.floor(book.as_of)
    current = [
        event
        for event in book.events
        if math.floor(event.start) <= day and (event.end is None or day <= math.floor(event.end))
    ]
    return sorted(reversed(current), key=lambda event: -event.start)


def _concerns(event: Event, *labels: str) -> bool:
    scope = event.scope.casefold()
    return scope == "all" or scope in {label.casefold() for label in labels if label}


def _spot_state(book: Book, holding: Holding, total: float, events: list[Event]) -> SpotState:
    kind = BAND_KINDS[book.settings.band_kind]
    target = holding.target
    labels = (holding.asset,) if holding.stable else (holding.asset, holding.sector)
    named = next(
        (
            event
            for event in events
            if event.action in SPOT_EVENTS
            and _concerns(event, *labels)
            and not (holding.stable and event.scope.casefold() == "all")
        ),
        None,
    )
    weight = holding.value / total if total else 0.0
    width = float(band_width(target, holding.band, kind)) if target is not None else 0.0
    flag = drift_flag(holding.value, BLANK if target is None else target, holding.band, kind, total)
    state = SpotState(holding, weight, target, width, named=named)
    if abs(state.drift) > DUST:  # what rounding leaves is no reason to act
        state.over, state.under = flag == TRIM, flag == ADD
    if named is None:
        return state
    if named.action == "HOLD" or target is None:
        state.over = state.under = False
        return state
    state.target = 0.0 if named.action == "EXIT" else target * (1.0 if named.level is None else named.level)
    state.width = float(band_width(state.target, holding.band, kind))
    state.over, state.under = True, False
    return state


def _futures_state(book: Book, position: Position, events: list[Event], notes: list[str]) -> FuturesState:
    state = FuturesState(position, position.target, position.hedge_ratio)
    sector = next((h.sector for h in book.holdings if h.asset.casefold() == position.asset.casefold()), "")
    for event in reversed(events):  # the latest has the last word
        if not _concerns(event, position.asset, position.symbol, sector):
            continue
        level = event.level
        if event.action == "HOLD":
            state.target = state.hedge_ratio = None
            state.exit, state.named = False, event
        elif event.action == "HEDGE" and position.side == "short":
            state.hedge_ratio = max(state.hedge_ratio or 0.0, 1.0 if level is None else level)
            state.named = event
        elif event.action == "EXIT" and position.side == "long":
            state.exit, state.named = True, event
        elif event.action in MARGIN_EVENTS and _applies(book, event, position, notes):
            state.target = max(position.target or 0.0, level or 0.0)
            state.hedge_ratio, state.named = None, event
    return state


def _applies(book: Book, event: Event, position: Position, notes: list[str]) -> bool:
    if event.action == "SHORT":
        return position.side == "short"
    if position.side != "long":
        return False
    return event.action == "LONG" or broke_out(book, position.asset, notes)


def broke_out(book: Book, asset: str, notes: list[str]) -> bool:
    """Tell whether an asset's last close is above its resistance, by the Prices table."""
    closes = book.prices.get(asset.casefold(), ())
    lookback = book.settings.breakout_lookback
    if len(closes) < lookback + 1:
        notes.append(f"Prices has {len(closes)} closes of {asset}; a breakout needs {lookback + 1:g}")
        return False
    return kernels.breakout(closes, lookback, book.settings.breakout_buffer) == kernels.UP


def _review(book: Book) -> tuple[bool, float | None]:
    frequency = book.settings.review_frequency
    if frequency is None or book.as_of is None:
        return False, None
    step = kernels.FREQUENCIES[frequency] if isinstance(frequency, str) else frequency
    if book.settings.last_review is None:
        return True, book.as_of
    following = kernels.next_review(book.settings.last_review, step)
    if following != following:  # beyond the last day that a worksheet knows
        return False, None
    return math.floor(book.as_of) >= following, following


def _cooldown_left(book: Book) -> float:
    if book.as_of is None or book.last_execution is None or not book.settings.cooldown:
        return 0.0
    return max(0.0, book.settings.cooldown - (math.floor(book.as_of) - math.floor(book.last_execution)))


def _event_text(event: Event) -> str:
    since = f"{from_serial(event.start):%Y-%m-%d}"
    note = f": {event.note}" if event.note else ""
    level = f" {event.level:g}" if event.level is not None else ""
    return f"{event.action}{level} for {event.scope} in force since {since}{note}"
