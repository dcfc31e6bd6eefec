"""What every row needs: money of spot to buy, of stablecoins to keep, of margin to post, in the order of serving."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from rebalance_xl.book.derivatives import block_of, coins_of, hedge_gap, margin_lack
from rebalance_xl.book.free_margin import wallet_of, with_flows
from rebalance_xl.book.futures import margin_of
from rebalance_xl.book.model import Holding, Position
from rebalance_xl.book.orders import BUY, HEDGE, KEEP, MARGIN, REDUCE, REPAY, TOP_UP, Cause, Order, Refusal
from rebalance_xl.book.states import FuturesState, SpotState
from rebalance_xl.book.tolerances import DUST, WHOLE
from rebalance_xl.book.top_up import TopUps

if TYPE_CHECKING:
    from rebalance_xl.book.draft import Draft


class Ask(NamedTuple):
    """What a row asks for, in numbers: the order is made from it once, and kept as long as the fees leave it so."""

    kind: str
    state: SpotState | FuturesState | None
    row: Holding | Position | None
    cause: Cause
    wanted: float
    goal: float


def asks_of(draft: Draft, exposure: Mapping[str, float], margin_money: float) -> list[Ask]:
    """Return what every row asks for, in the order of the tables.

    Parameters
    ----------
    draft
        The plan in the making.
    exposure
        Money in each asset after the last pass, from which hedges are sized.
    margin_money
        Money that FuturesShare keeps for margin: the need of Futures rows when none has a target.
    """
    asks = _debts(draft) if draft.owing else []
    if draft.book.settings.margin_top_up is not None:
        asks += _top_ups(draft)
    asks += _spot_asks(draft)
    asks += _reserve_asks(draft)
    if draft.openable:
        asks += _margin_asks(draft, margin_money)
    if draft.hedged:
        asks += _hedge_asks(draft, exposure)
    return asks


def orders_of(draft: Draft, asks: Sequence[Ask], known: Sequence[tuple[Ask, Order]] = ()) -> list[Order]:
    """Return an order for each thing that rows ask for; of `known`, those of the last pass, the same ones are kept."""
    if draft.spreads:
        orders = [_order(draft, ask) for ask in asks]
        _pair_legs(orders)
        return orders
    found = []
    for place, ask in enumerate(asks):
        same = place < len(known) and known[place][0] == ask
        found.append(known[place][1] if same else _order(draft, ask))
    return found


def needs_of(draft: Draft, orders: Sequence[Order]) -> list[Order]:
    """Return the orders that are large enough to be served, in the order of serving."""
    dust = DUST * draft.total
    needs = [need for need in orders if need.wanted > dust or (need.kind == REPAY and need.wanted > 0.0)]
    if len(needs) > 1:
        needs.sort(key=_rank)  # equal ones stay in the order of the tables
    return needs


def _order(draft: Draft, ask: Ask) -> Order:
    row = ask.row
    need = Order(ask.kind, row, ask.cause, ask.wanted, ask.goal)
    if row is None:
        need.label = draft.new_stable
        return need
    need.venue, state = row.venue, ask.state
    if isinstance(state, FuturesState):
        _open(draft, need, state)
        return need
    need.label, need.spot = need.holding.asset, state
    need.first = ask.kind == REPAY
    if ask.kind != REPAY:
        need.priority = row.priority
    if ask.kind == BUY:
        assert state is not None
        terms = draft.book.venue(row.venue)
        need.fee_rate = terms.spot_fee
        free = (
            len(state.rows) == 1
            and (need.holding.price or row.quantity is None)
            and not (row.venue and terms.forbids("spot"))
        )
        if not free:
            _forbid_buying(draft, need)
    return need


_UNDER_TARGET = Cause("under target")
_URGENT = {REPAY: 0, TOP_UP: 1}


def _rank(need: Order) -> tuple[int, bool, float, float]:
    priority = math.inf if need.priority is None else need.priority
    lack = -round(need.wanted / need.goal, 9) if need.goal > 0 else 0.0
    return _URGENT.get(need.kind, 2), not need.first, priority, lack


def _debts(draft: Draft) -> list[Ask]:
    """Return stablecoin balances below 0: they are paid before every other need."""
    noise = WHOLE * draft.total  # what a payment of the whole debt leaves in binary arithmetic
    return [
        Ask(REPAY, state, row, Cause("debt", figures=(-row.value,)), -row.value, -row.value)
        for state in draft.stables
        for row in state.rows
        if row.value < -noise
    ]


def _top_ups(draft: Draft) -> list[Ask]:
    found = []
    for state in draft.judgement.futures:
        if state.short <= 0 or not state.acts:
            continue
        closing = next((each for each in draft.closings if each.futures is state and each.quantity), None)
        if closing is not None and closing.kind != REDUCE:
            continue
        short = state.short if closing is None else _short_of_rest(draft, state, closing)
        cause = Cause("near liquidation", figures=(draft.book.settings.margin_top_up or 0.0, short))
        found.append(Ask(TOP_UP, state, state.position, cause, short, short))
    return found


def _short_of_rest(draft: Draft, state: FuturesState, closing: Order) -> float:
    """Return the margin that what a REDUCE leaves of a position lacks."""
    position, closed = state.position, closing.quantity or 0.0
    if position.margin_mode == "isolated":
        return state.short * (1.0 - closed / position.quantity)
    margin = position.margin - closing.margin / position.money
    rest = replace(position, quantity=position.quantity - closed, margin=margin)
    wallet = wallet_of(draft.book, position)
    flows = {} if wallet is None else {wallet.row: ((closing.gain or 0.0) - closing.amount) / position.money}
    book = replace(
        draft.book,
        positions=tuple(rest if each is position else each for each in draft.book.positions),
        wallets=with_flows(draft.book, flows),
    )
    return TopUps(book, draft.tiers, draft.book.settings.margin_top_up or 0.0).short(rest, margin_of(rest))


def _spot_asks(draft: Draft) -> list[Ask]:
    after, dust = draft.after, DUST * draft.total
    asks, pledged = [], draft.pledged.change
    for state, target, edge in draft.buyable:
        change = pledged.get(state.key, 0.0) if pledged else 0.0
        # What a closed hedge releases may leave an asset short that is over now: it is not trimmed, it has a need.
        if state.over and change >= 0:
            continue
        goal = min(target, edge * after)
        wanted = goal - (state.value + change)
        if wanted > dust:
            asks.append(Ask(BUY, state, state.holding, _UNDER_TARGET, wanted, goal))
    return asks


def _forbid_buying(draft: Draft, need: Order) -> None:
    """Refuse a purchase where no row of the asset has a price or a venue that allows it."""
    assert need.spot is not None
    for row in need.spot.rows:
        if not row.price and row.quantity is not None:
            need.refusal, need.hard = Refusal("price missing"), True
            return
    for row in need.spot.rows:
        forbidden = draft.book.venue(row.venue).forbids("spot") if row.venue else ""
        if not forbidden:
            need.refusal, need.hard = None, False
            return
        need.refusal, need.hard = Refusal(forbidden, names=(row.venue, "spot")), True


def _reserve_asks(draft: Draft) -> list[Ask]:
    stables, after, dust = draft.stables, draft.after, DUST * draft.total
    minimum = draft.book.settings.reserve_min
    if minimum is None and not any([state.target for state in stables]):
        return []
    asks: list[Ask] = []
    lacking = []
    for state in stables:
        if state.target is None or state.frozen:
            continue
        goal = state.target * after
        debt = math.fsum([-row.value for row in state.rows if row.value < 0])
        wanted = goal - state.value - debt
        if wanted > 0:
            lacking.append(wanted)
        if wanted > dust:
            asks.append(Ask(KEEP, state, state.holding, Cause("stable target"), wanted, goal))
    if minimum is not None:
        owed = math.fsum([-row.value for state in stables for row in state.rows if row.value < 0])
        goal = minimum * after
        gap = goal - draft.held - owed - math.fsum(lacking)
        if gap <= dust:
            return asks
        first = next((state for state in stables if state.target is None), stables[0] if stables else None)
        row = first.holding if first else None
        asks.append(Ask(KEEP, first, row, Cause("reserve", figures=(minimum,)), gap, goal))
    return asks


def _margin_asks(draft: Draft, margin_money: float) -> list[Ask]:
    book, dust = draft.book, DUST * draft.total
    rows, spreads = draft.openable, draft.spreads
    reduced = {id(order.futures) for order in draft.closings if order.kind == REDUCE} if draft.closings else set()
    untargeted: list[FuturesState] = []
    if margin_money > 0 and not any([state.target for state in rows]):
        untargeted = [state for state in rows if state.target is None and id(state) not in spreads]
    asks: list[Ask] = []
    for state in rows:
        if id(state) in spreads:
            legs = spreads[id(state)]
            if state is legs[0]:
                asks += _spread_asks(draft, legs, reduced)
            continue
        if id(state) in reduced:
            continue
        if state.target:
            wanted = margin_lack(book, state, draft.total, draft.after)
            if wanted > dust:
                cause = Cause("event margin" if state.named else "margin target", state.named, (state.target,))
                asks.append(Ask(MARGIN, state, state.position, cause, wanted, state.target * draft.total))
        elif any(state is each for each in untargeted):
            wanted = margin_money / len(untargeted)
            cause = Cause("futures share", figures=(book.settings.futures_share or 0.0,))
            asks.append(Ask(MARGIN, state, state.position, cause, wanted, state.margin + wanted))
    return asks


def _posted(state: FuturesState) -> float:
    """Return the margin of a row, with what MarginTopUp adds in this plan."""
    return state.margin + (state.short if state.acts else 0.0)


def _open(draft: Draft, need: Order, state: FuturesState) -> None:
    """Give an order of margin its row, and what forbids it."""
    position = state.position
    need.label, need.futures, need.priority = position.symbol, state, position.priority
    venue = draft.book.venue(position.venue)
    if need.kind == TOP_UP:
        need.first = True
        forbidden = venue.forbids("futures") if position.venue else ""
        if forbidden:
            need.refusal, need.hard = Refusal(forbidden, names=(position.venue, "futures")), True
        return
    need.first = state.named is not None
    need.fee_rate = venue.futures_fee * position.leverage
    if need.wanted > DUST * draft.total:
        need.refusal = block_of(draft.book, draft.tiers, state, need.wanted, need.wanted * position.leverage)
        need.hard = need.refusal is not None


def _spread_asks(draft: Draft, legs: Sequence[FuturesState], reduced: set[int]) -> list[Ask]:
    """Return what both legs of a spread ask for, of the same coins, or nothing where it has no need."""
    target = next((leg.target for leg in legs if leg.target), None)
    closing = any(leg.to_close or leg.exit or leg.frozen for leg in legs) or any(id(leg) in reduced for leg in legs)
    if not target or closing:
        return []
    wanted = target * draft.total - math.fsum([_posted(leg) for leg in legs])
    if legs[0].band is not None:  # as a row with a Band: the next plan would close what this one opens
        goal = target + draft.book.settings.trim_to * max(leg.width for leg in legs)
        wanted = min(wanted, goal * draft.after - math.fsum([leg.equity for leg in legs]))
    if wanted <= DUST * draft.total:
        return []
    # Margin of one coin in each leg: the same coins on both sides share the need in this proportion.
    costs = [leg.position.unit_value / coins_of(leg.position) / leg.position.leverage for leg in legs]
    asks = []
    for leg, cost in zip(legs, costs, strict=True):
        cause = Cause("spread", leg.named, (target,), (leg.position.spread,))
        part = wanted * cost / math.fsum(costs)
        asks.append(Ask(MARGIN, leg, leg.position, cause, part, target * draft.total))
    return asks


def _pair_legs(needs: Sequence[Order]) -> None:
    """Tie the openings of both legs of a spread together: the first that is served opens both, and none alone."""
    legs = [need for need in needs if need.cause.kind == "spread"]
    for pair in zip(legs[::2], legs[1::2], strict=True):
        for one, other in (pair, pair[::-1]):
            one.partner = other
            if one.refusal is None and other.refusal is not None:
                one.refusal, one.hard = Refusal("other leg", names=(other.label,)), True


def _hedge_asks(draft: Draft, exposure: Mapping[str, float]) -> list[Ask]:
    asks = []
    for state in draft.judgement.futures:
        if state.hedge_ratio is None or state.to_close:
            continue
        position = state.position
        gap = hedge_gap(state, exposure)
        if gap <= 0:
            continue
        event = state.named if state.named is not None and state.named.action == "HEDGE" else None
        cause = Cause("hedge", event, (state.hedge_ratio, gap))
        asks.append(Ask(HEDGE, state, position, cause, gap / position.leverage, gap))
    return asks


def needy_venues(states: Sequence[SpotState], futures: Sequence[FuturesState]) -> list[str]:
    """Return the venues where money will be needed, the most urgent first: where a sale had best take place."""
    wants: list[tuple[float, float, str]] = []
    for state in states:
        if state.target is not None and not state.stable and state.weight < state.target and not state.no_buys:
            rank = math.inf if state.holding.priority is None else state.holding.priority
            wants.append((rank, state.weight - state.target, state.holding.venue))
    for each in futures:
        if each.target or each.hedge_ratio:
            rank = math.inf if each.position.priority is None else each.position.priority
            wants.append((rank, 0.0, each.position.venue))
    return list(dict.fromkeys(venue for _, _, venue in sorted(wants)))
