"""Futures in a plan: what is closed, reduced or released, what hedges lack, and what must not be opened."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence

from rebalance_xl.book.free_margin import Accounts, listed_wallet
from rebalance_xl.book.futures import (
    Tiers,
    contract_number,
    distance,
    liquidation_price,
    margin_of,
    net_side,
    pnl_of,
    requirement_of,
)
from rebalance_xl.book.model import Book, Position
from rebalance_xl.book.money import Fees
from rebalance_xl.book.orders import CLOSE, REDUCE, RELEASE, Cause, Order, Refusal
from rebalance_xl.book.sizing import lot_of, size_order
from rebalance_xl.book.states import FuturesState, Judgement
from rebalance_xl.book.tolerances import DUST, QUOTIENT, SLACK, WHOLE
from rebalance_xl.functions import contracts
from rebalance_xl.functions.hedging import hedge_notional

#: Rounds in which the closings of several hedges of one asset come to rest.
_ROUNDS = 50


def coins_of(position: Position) -> float:
    """Return the coins that one unit of a position's quantity stands for, at the mark."""
    return position.contract_size / position.mark if position.inverse else position.contract_size


def equal_lots(book: Book, legs: Sequence[Position], coins: float) -> list[float]:
    """Return the quantities of both legs of a spread that stand for the same coins, whole lots of each."""
    units = [coins_of(leg) for leg in legs]
    for _ in range(50):
        before = coins
        for leg, unit in zip(legs, units, strict=True):
            lot = lot_of(book, leg)
            if lot:
                coins = math.floor(coins / unit / lot * (1 + QUOTIENT) + SLACK) * lot * unit
        if coins >= before * (1 - SLACK):
            break
    return [coins / unit for unit in units]


def open_short(position: Position) -> float:
    """Return the exposure that an open short takes away, in money.

    A coin-margined short of Q dollars entered at E takes Q/E coins away for good, whatever the mark.
    """
    if position.inverse and position.entry:
        return position.quantity / position.entry * position.money
    return position.notional


def hedge_gap(state: FuturesState, exposure: Mapping[str, float]) -> float:
    """Return the short notional still to open (+) or to close (-) for a row with a hedge ratio.

    Parameters
    ----------
    state
        The row; a position that is gone hedges nothing.
    exposure
        Money in each asset after the plan: its rows, and its coin that hedges hold as margin.
    """
    held = exposure.get(state.position.asset.casefold(), 0.0)
    shorted = 0.0 if state.gone else open_short(state.position)
    return float(hedge_notional(held, state.hedge_ratio or 0.0, 1.0, shorted))


def exposures(judgement: Judgement) -> dict[str, float]:
    """Return the money in each asset before the plan."""
    return {state.key: state.value for state in judgement.spot}


def spread_legs(states: Sequence[FuturesState]) -> dict[str, list[FuturesState]]:
    """Return the legs of each spread, by its name."""
    found: dict[str, list[FuturesState]] = {}
    if not any([state.position.spread for state in states]):
        return found
    for state in states:
        if state.position.spread:
            found.setdefault(state.position.spread.casefold(), []).append(state)
    return {name: legs for name, legs in found.items() if len(legs) == 2}


def follows(book: Book, tiers: Tiers, judgement: Judgement, state: FuturesState) -> bool:
    """Tell whether an order can follow from the event that names a row: else the event is no trigger."""
    position, total = state.position, judgement.total
    if state.hedge_ratio is not None:
        gap = hedge_gap(state, exposures(judgement))
        if abs(gap) <= DUST * total:
            return False
        sized = size_order(book, position, abs(gap), position.unit_value)
        if gap < 0:
            return sized.refusal is None and position.quantity > 0
        return sized.refusal is None and block_of(book, tiers, state, gap / position.leverage, gap) is None
    if not state.target:
        return False
    wanted = margin_lack(book, state, total, total)
    if wanted <= DUST * total:
        return False
    return block_of(book, tiers, state, wanted, wanted * position.leverage) is None


def margin_lack(book: Book, state: FuturesState, total: float, after: float) -> float:
    """Return the margin that a row lacks, beside what MarginTopUp adds in this plan.

    With a Band it gets no more than keeps its equity inside: the next plan would close what this one opens.

    Parameters
    ----------
    book, state
        The row, with a target.
    total, after
        Book value before and after fees.
    """
    assert state.target is not None
    added = state.short if state.acts else 0.0
    wanted = state.target * total - state.margin - added
    if state.position.band is None:
        return wanted
    goal = state.target + book.settings.trim_to * state.width
    return min(wanted, goal * after - state.equity - added)


def block_of(book: Book, tiers: Tiers, state: FuturesState, margin: float, notional: float) -> Refusal | None:
    """Return what forbids an opening, judged on the whole need; None where nothing does.

    Parameters
    ----------
    book, tiers, state
        The row and its tiers.
    margin, notional
        Money that the opening would post and its size.
    """
    position = state.position
    venue = book.venue(position.venue)
    if position.venue:
        forbidden = venue.forbids("futures")
        if forbidden:
            return Refusal(forbidden, names=(venue.name, "futures"))
    if state.expired:
        return Refusal("expired", (position.expiry or 0.0,))
    if state.gone:
        return Refusal("gone")
    in_wallet = position.margin_mode == "cross" and listed_wallet(book, position) is not None
    if position.quantity > 0 and position.margin < 0 and not in_wallet:
        return Refusal("negative margin", (state.margin,))
    if venue.max_leverage is not None and position.leverage > venue.max_leverage:
        return Refusal("venue leverage", (position.leverage, venue.max_leverage), (venue.name,))
    return _tier_block(book, tiers, state, margin, position.notional + notional)


def _tier_block(book: Book, tiers: Tiers, state: FuturesState, margin: float, notional: float) -> Refusal | None:
    position = state.position
    if tiers.is_beyond(position, notional):
        return Refusal("last tier", (notional,), (position.venue,))
    most = tiers.max_leverage(position, notional)
    if most is not None and position.leverage > most:
        return Refusal("tier leverage", (position.leverage, most, notional), (position.venue,))
    if position.margin_mode == "isolated":
        required = requirement_of(book, tiers, position, notional / position.unit_value)
        if required is not None and margin + state.margin + state.profit <= required:
            return Refusal("liquidated at once", (margin + state.margin + state.profit, required))
        return None
    quantity = notional / position.unit_value
    entry = position.mark if position.entry is None else position.entry
    entry = float(
        contracts.average_entry(
            [position.quantity, quantity - position.quantity], [entry, position.mark], contract_number(position)
        )
    )
    price = liquidation_price(book, tiers, position, quantity, entry, state.margin + margin)
    if price is not None and distance(price, position, net_side(book, position, quantity)) == 0.0:
        return Refusal("liquidated at once", (state.margin + margin, 0.0))
    return None


# --- closes ----------------------------------------------------------------------------------------------------


def plan_closings(
    book: Book,
    judgement: Judgement,
    exposure: Mapping[str, float],
    after: float,
    fees: Fees,
    traded: Collection[str] = (),
    accounts: Accounts | None = None,
) -> list[Order]:
    """Return what is closed, reduced or released; hedges are measured on what remains of the spot.

    Parameters
    ----------
    book, judgement
        The book and who acts.
    exposure
        Money in each asset after the last pass.
    after
        Book value after fees.
    fees
        Charged for every close.
    traded
        Assets that the last pass sold or bought, to a goal that counts the coins that hedges hold.
    accounts
        The free margin, out of which they take what they bring; by default the book's as it stands.
    """
    accounts = accounts or Accounts(book, Tiers.of(book).tables)
    orders = []
    total = judgement.total
    excess = _shares_to_close(judgement.futures, exposure, traded)
    for state in judgement.futures:
        position = state.position
        if position.quantity <= 0:
            if state.acts and state.position.margin > 0 and not state.short:
                orders.append(_release(state))
            continue
        if state.gone or (judgement.cooling > 0 and state.acts == ""):
            continue
        if state.to_close and state.acts:
            kind = "expired" if state.expired else "event" if state.exit and state.named else "target zero"
            cause = Cause(kind, state.named if kind == "event" else None, (position.expiry or 0.0,))
            order = Order(CLOSE, position, cause, position.notional)
        elif state.reduce and state.acts:
            order = _reduction(book, state, total, after)
        elif state.hedge_ratio is not None and not state.to_close:
            share = excess.get(id(state), 0.0)
            if share * open_short(position) <= DUST * total:
                continue
            # A coin-margined short takes away coins at its entry: the size at the mark that takes away this much.
            cause = Cause("hedge too large", figures=(state.hedge_ratio, share * open_short(position)))
            order = Order(CLOSE, position, cause, share * position.notional)
        else:
            continue
        order.futures, order.label, order.venue = state, position.symbol, position.venue
        orders.append(order)
    held_back = _held_back(book, orders)
    for order in orders:
        assert order.futures is not None
        if order.kind == RELEASE:
            _size_release(order, accounts, DUST * total)
            continue
        if id(order) in held_back:
            order.refusal, order.hard = Refusal("other leg stays", names=(held_back[id(order)],)), True
        else:
            _size_closing(book, order, order.futures, fees, accounts)
    return orders


def _held_back(book: Book, orders: Sequence[Order]) -> dict[int, str]:
    """Return the closings of legs whose other leg cannot be closed (alone, a leg is a bet), and its name."""
    found = {}
    for order in orders:
        leg = order.futures.leg if order.futures is not None else None
        if leg is None or order.futures is None or order.futures.expired or leg.position.quantity <= 0 or leg.gone:
            continue
        if leg.position.venue and not leg.expired and book.venue(leg.position.venue).forbids("futures"):
            found[id(order)] = leg.position.symbol
    return found


def pledges(state: FuturesState) -> bool:
    """Tell whether the margin of a row is coins of the asset that it hedges: they are part of what is hedged."""
    position = state.position
    same = position.margin_coin.casefold() == position.asset.casefold()
    return state.hedge_ratio is not None and position.inverse and same and not state.gone


def _shares_to_close(
    futures: Sequence[FuturesState], exposure: Mapping[str, float], traded: Collection[str]
) -> dict[int, float]:
    """Return which share of each open hedge is too much.

    Closing a coin-margined hedge also takes its margin out of the asset that it hedges, so that the hedges of one asset
    depend on each other and each on itself: S (1 - x) = h (E - R - M x) for short S, margin M, ratio h, exposure E and
    the margin R that the others release. Where the asset is traded as well, E is its goal, with R and M x counted.
    """
    found: dict[int, float] = {}
    rows = [state for state in futures if state.hedge_ratio is not None and not (state.to_close or state.gone)]
    rows = [state for state in rows if state.position.quantity > 0]
    for _ in range(_ROUNDS if len(rows) > 1 else 1):
        before = dict(found)
        for state in rows:
            asset, ratio, short = state.position.asset.casefold(), state.hedge_ratio or 0.0, open_short(state.position)
            others = [each for each in rows if each is not state and each.position.asset.casefold() == asset]
            released = math.fsum([each.margin * found.get(id(each), 0.0) for each in others if pledges(each)])
            margin = max(0.0, state.margin) if pledges(state) else 0.0
            if asset in traded:
                released = margin = 0.0
            too_much = short - ratio * max(0.0, exposure.get(asset, 0.0) - released)
            slope = short - ratio * margin
            share = too_much / slope if slope > 0 else 1.0
            found[id(state)] = min(1.0, share) if too_much > 0 else 0.0
        if before == found:
            break
    return found


def _release(state: FuturesState) -> Order:
    position = state.position
    margin = margin_of(position)
    cause = Cause("no position", figures=(margin,))
    return Order(RELEASE, position, cause, margin, label=position.symbol, venue=position.venue, futures=state)


def _size_release(order: Order, accounts: Accounts, dust: float) -> None:
    amount = accounts.leave(order.position, order.wanted)
    if amount <= dust:
        order.refusal, order.hard = Refusal("margin in use", (order.wanted,)), True
    else:
        order.wanted = order.amount = order.margin = amount


def _reduction(book: Book, state: FuturesState, total: float, after: float) -> Order:
    """Return the order that brings a position's equity back from beyond Target and Band to where TrimTo says.

    The margin that MarginTopUp asks for counts: what is left of the position lacks its share of it.
    """
    position = state.position
    assert state.target is not None
    goal = state.target + book.settings.trim_to * state.width
    wanted = (state.lifted - goal * total) / state.lifted * position.notional
    sized = size_order(book, position, wanted, position.unit_value).amount
    if state.lifted * (1 - sized / position.notional) > (state.target + state.width) * after:
        wanted = (state.lifted - goal * after) / state.lifted * position.notional
    if state.leg is not None:
        unit = position.unit_value / coins_of(position)
        wanted = equal_lots(book, (position, state.leg.position), wanted / unit)[0] * position.unit_value
    kind = "equity beyond band" if state.lifted == state.both else "too large to top up"
    cause = Cause(kind, figures=(state.lifted / total, state.target, state.width, goal))
    return Order(REDUCE, position, cause, wanted)


def _size_closing(book: Book, order: Order, state: FuturesState, fees: Fees, accounts: Accounts) -> None:
    position = order.position
    forbidden = book.venue(position.venue).forbids("futures") if position.venue and not state.expired else ""
    if forbidden:
        order.refusal, order.hard = Refusal(f"cannot close: {forbidden}", names=(position.venue, "futures")), True
        return
    everything = order.wanted >= position.notional * (1 - WHOLE)
    size = size_order(book, position, order.wanted, position.unit_value, position.quantity if everything else None)
    if size.refusal and not everything:
        order.refusal = size.refusal
        return
    # An exit closes what is there, whatever the smallest order: venues accept reduce-only remainders.
    quantity = position.quantity if everything else size.quantity or 0.0
    share = quantity / position.quantity
    gain = pnl_of(position) * share
    released = margin_of(position) * share + gain
    if position.margin_mode == "isolated":
        released = max(0.0, released)
    elif book.wallets:
        released = accounts.leave(position, released, share, gain)
    if released < 0:
        order.refusal, order.hard = Refusal("loss above margin", (-released,)), True
        return
    order.quantity = quantity
    order.fee = fees.charge(position.venue, quantity * position.unit_value * book.venue(position.venue).futures_fee)
    order.margin = margin_of(position) * share
    order.gain = gain
    order.amount = released


def delta_of(position: Position, quantity: float, entry: float | None, margin: float) -> float:
    """Return the coins that a position adds to the asset's delta: its size, and its margin where that is the coin.

    Parameters
    ----------
    position
        The row.
    quantity, entry, margin
        Its size, average entry price and margin in margin coins.
    """
    side = 1.0 if position.side == "long" else -1.0
    coins = margin if position.margin_coin.casefold() == position.asset.casefold() else 0.0
    if not quantity:
        return coins
    if position.inverse:
        return coins + side * quantity / (entry or position.mark)
    return coins + side * quantity * position.contract_size
