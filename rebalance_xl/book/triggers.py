"""What makes the book act: the event, the threshold or the review, judged asset by asset before fees."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rebalance_xl.book.accounts import account_key
from rebalance_xl.book.derivatives import follows, pledges, spread_legs
from rebalance_xl.book.free_margin import Accounts
from rebalance_xl.book.futures import Tiers
from rebalance_xl.book.model import Book, Event, Holding, Position
from rebalance_xl.book.sizing import size_order
from rebalance_xl.book.states import (
    EVENT,
    NONE,
    STRENGTH,
    THRESHOLD,
    TIME,
    FuturesState,
    Judgement,
    SpotState,
    Worth,
    rows_by_asset,
)
from rebalance_xl.book.tolerances import DUST, EDGE, WHOLE
from rebalance_xl.book.top_up import TopUps
from rebalance_xl.functions import triggers as kernels
from rebalance_xl.functions.allocation import BAND_KINDS, band_width

SPOT_EVENTS = ("TRIM", "EXIT", "HOLD")
MARGIN_EVENTS = ("LONG", "SHORT", "BREAKOUT")


def width_of(target: float, band: float, kind: str) -> float:
    """Return the band's width in weight: BandKind applied to the target, 0 where the target is 0."""
    if kind == "absolute":
        return band if target else 0.0
    return float(band_width(target, band, BAND_KINDS[kind]))


def judge(book: Book, tiers: Tiers, worth: Worth, known: TopUps | None = None) -> Judgement:
    """Return why the book acts, if it does, and which rows do.

    Parameters
    ----------
    book, tiers
        The book and its margin tiers.
    worth
        Book value and the standing of every position.
    known
        The top-ups of the same book at other prices, which spare reading its accounts again.

    Notes
    -----
    Each row acts on the strongest trigger in force for it: EVENT where an event names it, else THRESHOLD, else TIME. In
    the cooldown only events count. A row whose own order cannot trade does not act.
    """
    events = events_in_force(book)
    judgement = Judgement(worth.total, [], [])
    judgement.due, judgement.next_review = _review(book)
    judgement.cooling = _cooldown_left(book)
    judgement.review = judgement.due and judgement.cooling <= 0
    futures = [
        _futures_state(book, position, events, judgement) for position in book.positions
    ]  # first: hedges hold coins of the assets below
    for state, standing in zip(futures, worth.positions, strict=True):
        state.margin, state.profit, state.equity = standing.margin, standing.profit, standing.equity
        state.gone = standing.gone
    judgement.futures = futures
    _pair_legs(futures)
    pledged = _pledged(futures)
    for asset, rows in rows_by_asset(book.holdings).items():
        judgement.spot.append(_spot_state(book, rows, pledged.get(asset, 0.0), worth.total, events))
    for spot in judgement.spot:
        if spot.target is not None:
            _judge_spot(book, judgement, spot)
    limit = book.settings.margin_top_up
    top_ups = None if limit is None or not futures else TopUps(book, tiers, limit, known)
    for state in futures:
        _judge_futures(book, tiers, judgement, state, top_ups)
    _top_up_once(book, tiers, judgement)
    _reduce_lifted(book, judgement)
    acting = [state.acts for state in judgement.spot if state.acts]
    acting += [state.acts for state in futures if state.acts]
    judgement.trigger = min(acting, key=STRENGTH.__getitem__, default=NONE)
    return judgement


def _pair_legs(futures: Sequence[FuturesState]) -> None:
    """Give both legs of a spread its Target, wherever that is typed, and each the other one."""
    for one, other in spread_legs(futures).values():
        one.leg, other.leg = other, one
        if one.target is None or other.target is None:
            one.target = other.target = other.target if one.target is None else one.target
        if one.exit or other.exit:
            one.exit = other.exit = True
            one.named = other.named = one.named or other.named


def _pledged(futures: Sequence[FuturesState]) -> dict[str, float]:
    """Return the coins that hedges hold as margin, in money: they are part of the asset that they hedge."""
    found: dict[str, float] = {}
    for state in futures:
        if pledges(state):
            key = state.position.asset.casefold()
            found[key] = found.get(key, 0.0) + max(0.0, state.margin)
    return found


# --- spot ------------------------------------------------------------------------------------------------------


def _spot_state(book: Book, rows: list[Holding], pledged: float, total: float, events: Sequence[Event]) -> SpotState:
    holding = next((row for row in rows if row.main), rows[0]) if len(rows) > 1 else rows[0]
    value = math.fsum([row.value for row in rows]) + pledged if len(rows) > 1 or pledged else holding.value
    target = holding.target
    width = width_of(target, holding.band, book.settings.band_kind) if target is not None else 0.0
    state = SpotState(tuple(rows), holding, value, value / total if total else 0.0, target, width, pledged=pledged)
    if events:
        state.named = _spot_event(holding, events)
    if state.named is not None and target is not None and state.named.action != "HOLD":
        level = 1.0 if state.named.level is None else state.named.level
        state.target = 0.0 if state.named.action == "EXIT" else target * level
        state.width = width_of(state.target, holding.band, book.settings.band_kind)
    return state


def _spot_event(holding: Holding, events: Sequence[Event]) -> Event | None:
    labels = (holding.asset,) if holding.stable else (holding.asset, holding.sector)
    for event in events:
        everything = holding.stable and event.scope.casefold() == "all"
        if event.action in SPOT_EVENTS and _concerns(event, *labels) and not everything:
            return event
    return None


def _judge_spot(book: Book, judgement: Judgement, state: SpotState) -> None:
    total, target = judgement.total, state.target
    if target is None or state.frozen or total <= 0:
        return
    if state.named is not None:
        state.over = not state.stable and _can_sell(book, state, total)
        state.acts = EVENT if state.over else ""
        return
    drift = state.weight - target
    state.beyond = abs(drift) > max(state.width + EDGE, DUST)
    review_drift = book.settings.review_drift
    drifted = judgement.review and abs(drift) > review_drift + EDGE
    if judgement.cooling > 0:
        judgement.waiting = (
            judgement.waiting
            or (state.beyond and not state.locked)
            or (judgement.due and abs(drift) > review_drift + EDGE and not state.locked)
        )
        return
    state.below = state.beyond and drift < 0
    state.drifted = drifted and drift < 0 and not state.locked
    if state.locked or (state.stable and not state.holding.banded):
        return
    if state.beyond and (state.stable or _can_trade(book, state, total, drift)):
        state.acts = THRESHOLD
    elif drifted:
        width, state.width = state.width, min(state.width, review_drift)
        if state.stable or _can_trade(book, state, total, drift):
            state.acts = TIME
        else:
            state.width = width
    state.over, state.under = bool(state.acts) and drift > 0, bool(state.acts) and drift < 0


def _can_trade(book: Book, state: SpotState, total: float, drift: float) -> bool:
    return _can_sell(book, state, total) if drift > 0 else _can_buy(book, state, total)


def _can_sell(book: Book, state: SpotState, total: float) -> bool:
    """Tell whether the trim that the rule asks for is an order that can be placed."""
    goal = (state.target or 0.0) + book.settings.trim_to * state.width
    wanted = min(state.value - goal * total, state.free)
    if wanted <= DUST * total:
        return False
    for row in sale_rows(state):
        price = None if row.quantity is None else row.price
        if row.quantity is not None and price is None:
            return True  # said by the order itself
        piece = min(wanted, row.free_value)
        everything = piece >= row.free_value * (1 - WHOLE)
        size = size_order(book, row, piece, price, free_units(row) if everything else None)
        if size.refusal is None:
            return True
        state.idle = size.refusal
    return False


def _can_buy(book: Book, state: SpotState, total: float) -> bool:
    wanted = ((state.target or 0.0) - book.settings.trim_to * state.width) * total - state.value
    if wanted <= DUST * total:
        return False
    for row in state.rows:
        price = row.unit_price
        if price is None and row.quantity is not None:
            return True
        size = size_order(book, row, wanted, price)
        if size.refusal is None:
            return True
        state.idle = size.refusal
    return False


def free_units(row: Holding) -> float | None:
    """Return the units of a row that may be sold; None in a book that keeps values only."""
    return None if row.quantity is None else row.quantity * row.free_share


def sale_rows(state: SpotState, near: Sequence[str] = ()) -> list[Holding]:
    """Return the rows that a sale comes from: those at the venues where the money is needed, then the largest."""
    if len(state.rows) == 1:
        return list(state.rows)
    rows = [row for row in state.rows if row.free_value > 0]
    if len(rows) < 2:
        return rows or list(state.rows[:1])
    rank = {venue.casefold(): place for place, venue in reversed(list(enumerate(near)))}
    return sorted(rows, key=lambda row: (rank.get(row.venue.casefold(), len(near)), -row.free_value))


# --- futures ---------------------------------------------------------------------------------------------------


def _futures_state(book: Book, position: Position, events: Sequence[Event], judgement: Judgement) -> FuturesState:
    state = FuturesState(position, position.target, position.hedge_ratio)
    if position.expiry is not None:
        state.expired = position.expired(book.as_of)
    if not events:
        return state
    sector = next((h.sector for h in book.holdings if h.asset.casefold() == position.asset.casefold()), "")
    for event in reversed(events):  # the latest has the last word
        if not _concerns(event, position.asset, position.symbol, sector):
            continue
        level = event.level
        if position.spread and event.action not in ("HOLD", "EXIT"):
            continue  # a spread stands for no view on the asset: no event raises one leg of it
        if event.action == "HOLD":
            state.target = state.hedge_ratio = None
            state.exit, state.named = False, event
        elif event.action == "HEDGE" and position.side == "short":
            state.hedge_ratio = max(state.hedge_ratio or 0.0, 1.0 if level is None else level)
            state.named = event
        elif event.action == "EXIT" and position.side == "long":
            state.exit, state.named = True, event
        elif event.action in MARGIN_EVENTS and _applies(book, event, position, judgement):
            state.target = max(position.target or 0.0, level or 0.0)
            state.hedge_ratio, state.named = None, event
    return state


def _judge_futures(book: Book, tiers: Tiers, judgement: Judgement, state: FuturesState, top_ups: TopUps | None) -> None:
    position, total = state.position, judgement.total
    if state.gone or (state.frozen and not state.expired):
        return
    if state.band is not None and state.target:
        state.width = width_of(state.target, state.band, book.settings.band_kind)
    if state.named is not None and not state.frozen:
        if state.exit:
            state.acts = EVENT if position.quantity > 0 else ""
        elif follows(book, tiers, judgement, state):
            state.acts = EVENT
    if state.acts:
        return
    found = state.to_close or _to_release(book, tiers, state, total)
    if not found and not state.expired:
        found = _to_reduce(book, state, total)
        state.reduce = found and judgement.cooling <= 0
        if top_ups is not None and position.quantity > 0:
            state.short = top_ups.short(position, state.margin)
            found = found or state.short > DUST * total
    if not found:
        return
    if judgement.cooling > 0:
        judgement.waiting, state.short = True, 0.0
    else:
        state.acts = THRESHOLD


def _top_up_once(book: Book, tiers: Tiers, judgement: Judgement) -> None:
    """Leave one top-up for each cross account: what is added to one position saves all of its pool."""
    pools: dict[tuple[object, ...], list[FuturesState]] = {}
    for state in judgement.futures:
        position = state.position
        if state.short > 0 and position.margin_mode == "cross":
            multi = book.venue(position.venue).account_mode == "multi"
            coin = "" if multi else position.margin_coin.casefold()
            pools.setdefault((*account_key(position.venue, position.account), coin), []).append(state)
    for states in pools.values():
        most = max(states, key=lambda state: state.short)
        for state in states:
            if state is not most:
                state.short = 0.0
                others = state.to_close or state.reduce or _to_release(book, tiers, state, judgement.total)
                if state.acts == THRESHOLD and not others:
                    state.acts = ""


def _reduce_lifted(book: Book, judgement: Judgement) -> None:
    """Reduce what MarginTopUp would lift beyond Target and Band: it is too large for the margin it may have."""
    for state in judgement.futures:
        legs = [state] if state.leg is None else [state, state.leg]
        if state.short <= 0.0 or any(leg.to_close or leg.frozen for leg in legs):
            continue
        if _to_reduce(book, state, judgement.total):
            for leg in legs:
                leg.reduce, leg.acts = True, leg.acts or THRESHOLD


def _to_release(book: Book, tiers: Tiers, state: FuturesState, total: float) -> bool:
    """Tell whether margin lies on a row that has no position and wants none, and may leave its account."""
    position = state.position
    nothing = position.quantity <= 0 and position.margin > 0
    if not (nothing and state.hedge_ratio is None and (state.target == 0 or state.expired)):
        return False
    return not book.wallets or Accounts(book, tiers.tables).leave(position, state.margin) > DUST * total


def _to_reduce(book: Book, state: FuturesState, total: float) -> bool:
    legs = [state] if state.leg is None else [state, state.leg]
    if state.band is None or not state.target or state.hedge_ratio is not None:
        return False
    if any(leg.position.quantity <= 0 or leg.gone for leg in legs):
        return False
    if state.lifted / total - state.target <= max(state.width + EDGE, DUST):
        return False
    goal = (state.target + book.settings.trim_to * state.width) * total
    share = (state.lifted - goal) / state.lifted
    rows = [leg.position for leg in legs]
    return all(size_order(book, row, share * row.notional, row.unit_value).refusal is None for row in rows)


# --- events, reviews, cooldown ---------------------------------------------------------------------------------


def events_in_force(book: Book) -> list[Event]:
    """Return the events in force on the book's day, the latest first; none without a clock."""
    if book.as_of is None or not book.events:
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


def _applies(book: Book, event: Event, position: Position, judgement: Judgement) -> bool:
    if event.action == "SHORT":
        return position.side == "short"
    if position.side != "long":
        return False
    return event.action == "LONG" or broke_out(book, position.asset, judgement)


def broke_out(book: Book, asset: str, judgement: Judgement) -> bool:
    """Tell whether an asset's last close is above its resistance, by the Prices table."""
    closes = book.prices.get(asset.casefold(), ())
    lookback = book.settings.breakout_lookback
    if len(closes) < lookback + 1:
        judgement.shy.append((asset, len(closes), lookback + 1))
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
