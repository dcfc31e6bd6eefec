"""What every row needs: money of spot to buy, of stablecoins to keep, of margin to post, in the order of serving."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from rebalance_xl.book.derivatives import block_of, coins_of, hedge_gap, margin_lack, spread_legs
from rebalance_xl.book.free_margin import wallet_of, with_flows
from rebalance_xl.book.futures import margin_of
from rebalance_xl.book.orders import BUY, HEDGE, KEEP, MARGIN, REDUCE, REPAY, TOP_UP, Cause, Order, Refusal
from rebalance_xl.book.states import FuturesState, SpotState
from rebalance_xl.book.tolerances import DUST, WHOLE
from rebalance_xl.book.triggers import margin_short

if TYPE_CHECKING:
    from rebalance_xl.book.draft import Draft


def find_needs(draft: Draft, exposure: Mapping[str, float], margin_money: float) -> list[Order]:
    """Return what every row needs, in the order of serving.

    Parameters
    ----------
    draft
        The plan in the making.
    exposure
        Money in each asset after the last pass, from which hedges are sized.
    margin_money
        Money that FuturesShare keeps for margin: the need of Futures rows when none has a target.
    """
    total = draft.total
    needs = _debts(draft)
    if draft.judgement.futures:
        needs += _top_ups(draft)
    needs += _spot_needs(draft)
    needs += _reserve_needs(draft)
    if draft.judgement.futures:
        needs += _margin_needs(draft, margin_money)
        needs += _hedge_needs(draft, exposure)
    dust = DUST * total
    needs = [need for need in needs if need.wanted > dust or (need.kind == REPAY and need.wanted > 0.0)]
    needs.sort(key=_rank)  # equal ones stay in the order of the tables
    return needs


_UNDER_TARGET = Cause("under target")
_URGENT = {REPAY: 0, TOP_UP: 1}


def _rank(need: Order) -> tuple[int, bool, float, float]:
    priority = math.inf if need.priority is None else need.priority
    lack = -round(need.wanted / need.goal, 9) if need.goal > 0 else 0.0
    return _URGENT.get(need.kind, 2), not need.first, priority, lack


def _debts(draft: Draft) -> list[Order]:
    """Return stablecoin balances below 0: they are paid before every other need."""
    found = []
    noise = WHOLE * draft.total  # what a payment of the whole debt leaves in binary arithmetic
    for state in draft.judgement.spot:
        if not state.holding.stable:
            continue
        for row in state.rows:
            if row.value < -noise:
                order = Order(REPAY, row, Cause("debt", figures=(-row.value,)), -row.value, -row.value, row.asset)
                order.venue, order.spot, order.first = row.venue, state, True
                found.append(order)
    return found


def _top_ups(draft: Draft) -> list[Order]:
    found = []
    for state in draft.judgement.futures:
        closing = next((each for each in draft.closings if each.futures is state and each.quantity), None)
        if state.short <= 0 or not state.acts or (closing is not None and closing.kind != REDUCE):
            continue
        position = state.position
        short = state.short if closing is None else _short_of_rest(draft, state, closing)
        cause = Cause("near liquidation", figures=(draft.book.settings.margin_top_up or 0.0, short))
        order = Order(TOP_UP, position, cause, short, short, position.symbol, position.venue)
        order.futures, order.first, order.priority = state, True, position.priority
        forbidden = draft.book.venue(position.venue).forbids("futures") if position.venue else ""
        if forbidden:
            order.refusal, order.hard = Refusal(forbidden, names=(position.venue, "futures")), True
        found.append(order)
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
    return margin_short(book, draft.tiers, rest, margin_of(rest), draft.book.settings.margin_top_up or 0.0)


def _spot_needs(draft: Draft) -> list[Order]:
    book, judgement = draft.book, draft.judgement
    total, after = draft.total, draft.after
    breaching = book.settings.buy_scope == "breaching"
    needs, pledged = [], draft.pledged.change
    for state in judgement.spot:
        row, target = state.holding, state.target
        change = pledged.get(state.asset.casefold(), 0.0) if pledged else 0.0
        # What a closed hedge releases may leave an asset short that is over now: it is not trimmed, it has a need.
        if target is None or (state.over and change >= 0) or row.stable or state.named is not None:
            continue
        if breaching and not (state.below or state.drifted):
            continue
        goal = min(target * total, (target + state.width) * after)
        held = state.value + change
        need = Order(BUY, row, _UNDER_TARGET, goal - held, goal, row.asset, row.venue, state)
        terms = book.venue(row.venue)
        need.priority, need.fee_rate = row.priority, terms.spot_fee
        free = (
            len(state.rows) == 1 and (row.price or row.quantity is None) and not (row.venue and terms.forbids("spot"))
        )
        if need.wanted > 0 and not free:
            _forbid_buying(draft, need)
        needs.append(need)
    return needs


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


def _reserve_needs(draft: Draft) -> list[Order]:
    book, after = draft.book, draft.after
    needs = []
    stables = [state for state in draft.judgement.spot if state.stable]
    held = math.fsum([state.value for state in stables])
    owed = math.fsum([-row.value for state in stables for row in state.rows if row.value < 0])
    for state in stables:
        if state.target is None or state.frozen:
            continue
        goal = state.target * after
        debt = math.fsum([-row.value for row in state.rows if row.value < 0])
        need = Order(KEEP, state.holding, Cause("stable target"), goal - state.value - debt, goal, state.asset)
        need.venue, need.priority, need.spot = state.holding.venue, state.holding.priority, state
        if need.wanted > 0:
            needs.append(need)
    minimum = book.settings.reserve_min
    if minimum is not None:
        goal = minimum * after
        gap = goal - held - owed - math.fsum([need.wanted for need in needs])
        first = next((state for state in stables if state.target is None), stables[0] if stables else None)
        label = first.asset if first else draft.new_stable
        need = Order(KEEP, first.holding if first else None, Cause("reserve", figures=(minimum,)), gap, goal, label)
        if first:
            need.priority, need.venue, need.spot = first.holding.priority, first.holding.venue, first
        needs.append(need)
    return needs


def _margin_needs(draft: Draft, margin_money: float) -> list[Order]:
    book = draft.book
    rows = [state for state in draft.judgement.futures if state.hedge_ratio is None and not state.to_close]
    rows = [state for state in rows if not (state.frozen or state.exit)]
    reduced = {id(order.futures) for order in draft.closings if order.kind == REDUCE}
    spreads = {id(leg): legs for legs in spread_legs(draft.judgement.futures).values() for leg in legs}
    untargeted = [state for state in rows if state.target is None and id(state) not in spreads]
    share_out = margin_money > 0 and not any(state.target for state in rows)
    needs: list[Order] = []
    for state in rows:
        if id(state) in spreads:
            legs = spreads[id(state)]
            if state is legs[0]:
                needs += _spread_needs(draft, legs, reduced)
            continue
        if state.target:
            wanted = margin_lack(book, state, draft.total, draft.after)
            goal = state.target * draft.total
            cause = Cause("event margin" if state.named else "margin target", state.named, (state.target,))
        elif share_out and state in untargeted:
            wanted = margin_money / len(untargeted)
            goal = state.margin + wanted
            cause = Cause("futures share", figures=(book.settings.futures_share or 0.0,))
        else:
            continue
        if id(state) in reduced:
            continue
        need = _opening(draft, MARGIN, state, cause, wanted, goal)
        need.first = state.named is not None
        needs.append(need)
    return needs


def _posted(state: FuturesState) -> float:
    """Return the margin of a row, with what MarginTopUp adds in this plan."""
    return state.margin + (state.short if state.acts else 0.0)


def _opening(draft: Draft, kind: str, state: FuturesState, cause: Cause, wanted: float, goal: float) -> Order:
    position = state.position
    need = Order(kind, position, cause, wanted, goal, position.symbol, position.venue)
    need.futures, need.priority = state, position.priority
    need.fee_rate = draft.book.venue(need.venue).futures_fee * position.leverage
    if wanted > DUST * draft.total:
        need.refusal = block_of(draft.book, draft.tiers, state, wanted, wanted * position.leverage)
        need.hard = need.refusal is not None
    return need


def _spread_needs(draft: Draft, legs: Sequence[FuturesState], reduced: set[int]) -> list[Order]:
    """Return the openings of both legs, of the same coins, or none where the spread has no need."""
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
    needs = []
    for leg, cost in zip(legs, costs, strict=True):
        part = wanted * cost / math.fsum(costs)
        cause = Cause("spread", leg.named, (target,), (leg.position.spread,))
        need = _opening(draft, MARGIN, leg, cause, part, target * draft.total)
        need.first = leg.named is not None
        needs.append(need)
    needs[0].partner, needs[1].partner = needs[1], needs[0]
    for one, other in (needs, needs[::-1]):
        one.priority = min((n.priority for n in needs if n.priority is not None), default=None)
        if one.refusal is None and other.refusal is not None:
            one.refusal, one.hard = Refusal("other leg", names=(other.label,)), True
    return needs


def _hedge_needs(draft: Draft, exposure: Mapping[str, float]) -> list[Order]:
    needs = []
    for state in draft.judgement.futures:
        if state.hedge_ratio is None or state.to_close:
            continue
        position = state.position
        gap = hedge_gap(state, exposure)
        if gap <= 0:
            continue
        event = state.named if state.named is not None and state.named.action == "HEDGE" else None
        cause = Cause("hedge", event, (state.hedge_ratio, gap))
        need = _opening(draft, HEDGE, state, cause, gap / position.leverage, gap)
        need.first = state.named is not None
        needs.append(need)
    return needs


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
