"""Pays for rows below their band: assets above their target give up what stands above it, the largest excess first."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rebalance_xl.book.deploy import place
from rebalance_xl.book.money import ANY, CASH, PROCEEDS, RAISED, SPOT
from rebalance_xl.book.orders import BUY, KEEP, KEPT, REPAY, SELL, Cause, Order, Refusal
from rebalance_xl.book.sizing import lot_of, rounded_up, size_order
from rebalance_xl.book.states import SpotState
from rebalance_xl.book.tolerances import DUST, SLACK, WHOLE
from rebalance_xl.book.triggers import free_units, sale_rows
from rebalance_xl.book.trims import settle_sale, wanted_of_trims
from rebalance_xl.functions.deployment import METHODS, fill

if TYPE_CHECKING:
    from rebalance_xl.book.draft import Draft

#: Rounds of raising less where rounding left too much over; two are enough but for lots.
_ROUNDS = 12
_PAYS = Cause("pays")


def fund_rows_below(draft: Draft, below: Sequence[Order]) -> None:
    """Sell from assets above their target what debts and the rows that act below their band still lack.

    Parameters
    ----------
    draft
        The plan after its cash and its proceeds have been deployed.
    below
        What the rows that act below their band ask for.

    Notes
    -----
    The goal of a row is its destination (TrimTo mirrored below the band) less the fees of the plan, and never below its
    lower edge after fees. A payer never ends below its target.
    """
    if draft.book.settings.fund_from != "overweight":
        return
    acting = [*[need for need in draft.needs if need.kind == REPAY], *below] if draft.owing else below
    lacks = {id(need): _rest(draft, need) for need in acting}
    acting = [need for need in acting if lacks[id(need)] > DUST * draft.total and not need.hard]
    if not acting:
        return
    if draft.payers is None:
        draft.payers = _payers(draft)
    if not draft.payers:
        return
    money = _money_to_raise(draft, acting, lacks)
    before = draft.deployed = draft.mark()
    for _ in range(_ROUNDS):
        raised = _raise(draft, draft.payers, money)
        _spend(draft, acting, lacks)
        unused = draft.purse.left(RAISED)
        used = raised - unused
        if not (unused > DUST * draft.total and used < money - DUST * draft.total):
            break
        money = used
        draft.rewind(before)
        if used <= DUST * draft.total:
            _spend(draft, acting, lacks)
            break


def needs_below(needs: Sequence[Order]) -> list[Order]:
    """Return the needs of rows that act below their band."""
    return [need for need in needs if need.spot is not None and need.spot.under and need.kind in (BUY, KEEP)]


def goals_below(draft: Draft, below: Sequence[Order]) -> list[float]:
    """Return the money that each row which acts below its band is to have after the plan; none where nobody pays."""
    if draft.book.settings.fund_from != "overweight":
        return []
    return [_goal(draft, need.spot) for need in below if need.spot is not None]


def _goal(draft: Draft, state: SpotState) -> float:
    assert state.target is not None
    base = draft.after if state.stable else draft.total
    k = draft.book.settings.trim_to
    return max((state.target - state.width) * draft.after, (state.target - k * state.width) * base - draft.paid_before)


def _rest(draft: Draft, need: Order) -> float:
    """Return the money that a row which acts below its band still lacks."""
    state = need.spot
    if need.kind == REPAY or state is None:
        return need.missing
    got = math.fsum([each.amount for each in draft.needs if each.spot is state])
    return _goal(draft, state) - state.value - got


def _money_to_raise(draft: Draft, acting: list[Order], lacks: dict[int, float]) -> float:
    pools = (ANY, SPOT)
    left = math.fsum([s.left for s in draft.purse.sources if s.pool in pools and s.kind in (CASH, PROCEEDS)])
    costs, kept = 0.0, 0.0
    for need in acting:
        if need.kind in KEPT:
            kept += lacks[id(need)]
            continue
        row = need.holding
        size = size_order(draft.book, row, lacks[id(need)], row.unit_price, topping_up=need.amount > 0)
        costs += size.amount * (1 + need.fee_rate)
    money = max(0.0, costs - left) + kept
    cap = draft.book.settings.turnover_cap
    if cap is not None:
        room = max(0.0, cap * draft.total - wanted_of_trims(draft.sales))
        money = min(money, room * (1 - max((need.fee_rate for need in acting), default=0.0)))
    return money


def _payers(draft: Draft) -> list[tuple[SpotState, float]]:
    """Return the assets that pay and what stands above their target, the largest excess first."""
    book, total = draft.book, draft.total
    dust = DUST * total
    found = []
    for place_, state in enumerate(draft.judgement.spot):
        if state.stable or (not state.target and state.target != 0) or state.named is not None or state.under:
            continue
        assert state.target is not None
        sold = math.fsum([order.amount for order in draft.sales if order.spot is state]) if draft.sales else 0.0
        excess = state.value - sold - state.target * total
        if excess <= dust:
            continue
        fee = max([max(venue.spot_fee, venue.futures_fee) for row in state.rows if (venue := book.venue(row.venue))])
        if excess <= 2 * fee * state.target * total:
            continue
        if min(excess, state.free - sold) <= dust:
            continue
        found.append((-round((state.value - sold) / total - state.target, 9), place_, state, excess))
    return [(state, excess) for _, _, state, excess in sorted(found, key=lambda each: each[:2])]


def _raise(draft: Draft, payers: list[tuple[SpotState, float]], money: float) -> float:
    """Sell from the payers until the money is raised; return what came in after fees."""
    book, total = draft.book, draft.total
    raised = 0.0
    cap = book.settings.turnover_cap
    room = math.inf if cap is None else max(0.0, cap * total - wanted_of_trims(draft.sales))
    for state, excess in payers:
        for row in sale_rows(state, draft.near):
            if money - raised <= WHOLE * total:
                return raised
            terms = book.venue(row.venue)
            if (row.venue and terms.forbids("spot")) or (row.quantity is not None and not row.price):
                continue
            fee = terms.spot_fee
            free = row.free_value - draft.sold_of(row)
            most = min(excess, free, room)
            wanted = min((money - raised) / (1 - fee), most)
            if wanted <= DUST * total:
                continue
            trimmed = next((order for order in draft.sales if order.row is row and order.amount > 0), None)
            order = _sale(draft, state, row, wanted, most, trimmed)
            if order is None:
                continue
            excess -= order.amount
            room -= order.amount
            raised += order.amount - order.fee
            draft.purse.add(RAISED, row.venue, order.amount - order.fee)
    return raised


def _sale(
    draft: Draft, state: SpotState, row: object, wanted: float, most: float, trimmed: Order | None
) -> Order | None:
    """Return the sale of a payer, rounded up to the lot that covers it where the row has it, else down."""
    book = draft.book
    order = Order(SELL, row, _PAYS, wanted, label=state.asset, spot=state)  # type: ignore[arg-type]
    holding = order.holding
    order.venue = holding.venue
    price = None if holding.quantity is None else holding.price
    lot = lot_of(book, holding) if price else 0.0
    if price and lot:
        units = rounded_up(wanted, price, lot)
        if units * price <= most * (1 + SLACK):
            wanted = units * price
    whole = wanted >= holding.free_value * (1 - WHOLE)
    size = size_order(book, holding, wanted, price, free_units(holding) if whole else None, trimmed is not None)
    if size.refusal is not None:
        draft.passed_over.append((order, Refusal(size.refusal.kind, size.refusal.figures, size.refusal.names)))
        return None
    settle_sale(book, order, min(size.amount, holding.free_value), size.quantity, draft.fees)
    order.wanted = order.amount
    draft.extra.append(order)
    return order


def _spend(draft: Draft, acting: list[Order], lacks: dict[int, float]) -> None:
    """Give what is left and what was raised to the rows that act below, each up to what it lacks."""
    placed = {id(need): need.amount for need in acting}
    if draft.book.settings.deploy_method == "pro_rata":
        pools = (ANY, SPOT)
        money = math.fsum([s.left for s in draft.purse.sources if s.pool in pools])
        costs = [lacks[id(need)] * (1 + need.fee_rate) for need in acting]
        for need, share in zip(acting, fill(money, costs, METHODS["pro_rata"], [0.0] * len(costs)), strict=True):
            place(draft, need, share, lacks[id(need)])
    for need in acting:
        place(draft, need, math.inf, lacks[id(need)] - (need.amount - placed[id(need)]))
