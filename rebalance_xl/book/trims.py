"""Realises profit: which holdings are trimmed, by how much, and what that frees."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from rebalance_xl.book.gains import sale_gain
from rebalance_xl.book.model import Book, Holding
from rebalance_xl.book.money import Fees
from rebalance_xl.book.orders import SELL, Cause, Order, Refusal
from rebalance_xl.book.sizing import size_order
from rebalance_xl.book.states import Judgement, SpotState
from rebalance_xl.book.tolerances import DUST, WHOLE
from rebalance_xl.book.triggers import free_units, sale_rows


class Trim(NamedTuple):
    """An asset that is trimmed: the weight to sell down to, and the money to sell."""

    state: SpotState
    goal: float
    wanted: float


def trims_wanted(
    book: Book, judgement: Judgement, after: float, pledged: Mapping[str, float], sized: dict[int, tuple[float, float]]
) -> list[Trim]:
    """Return what the assets that act are to sell.

    Parameters
    ----------
    book, judgement
        The book and the assets that act.
    after
        Book value after the fees of the plan: a trim to the edge must still be inside it then.
    pledged
        By how much the coins that hedges hold as margin change in this plan, in money, by asset.
    sized
        What lots and minimums let be sold, by the state's identity: kept from pass to pass with what was wanted.
    """
    total = judgement.total
    wants = []
    for state in judgement.spot:
        if not state.over or state.stable or state.target is None:
            continue
        value = state.value + (pledged.get(state.key, 0.0) if pledged else 0.0)
        goal, wanted = _wanted(book, state, value, total, after, sized)
        if wanted > DUST * total:
            wants.append(Trim(state, goal, wanted))
    return wants


def plan_trims(book: Book, wants: Sequence[Trim], total: float, fees: Fees, near: Sequence[str]) -> list[Order]:
    """Return the sales of the assets that act, one a row, capped by TurnoverCap.

    Parameters
    ----------
    book, wants
        The book and what it is to sell.
    total
        Book value.
    fees
        Charged for every sale.
    near
        Venues where money is needed, the most urgent first: a sale comes from there where it can.
    """
    whole = math.fsum([each.wanted for each in wants])
    cap = book.settings.turnover_cap
    share = cap * total / whole if cap is not None and whole > cap * total else 1.0
    orders: list[Order] = []
    for state, goal, wanted in wants:
        orders += _trim(book, state, goal, wanted, share, fees, near)
    return orders


def wanted_of_trims(orders: Sequence[Order]) -> float:
    """Return what the trims wanted to sell before any cap."""
    return math.fsum([order.wanted for order in orders])


def _wanted(
    book: Book, state: SpotState, value: float, total: float, after: float, sized: dict[int, tuple[float, float]]
) -> tuple[float, float]:
    """Return the weight to sell down to, and the money to sell of an asset that is worth `value`."""
    assert state.target is not None
    free = state.free
    goal = state.target + book.settings.trim_to * state.width
    if state.named is not None:
        return goal, min(max(0.0, value - goal * after), free)
    wanted = min(max(value - goal * total, 0.0), free)
    known = sized.get(id(state))
    if known is None or known[0] != wanted:
        known = sized[id(state)] = wanted, _sellable(book, state, wanted)
    if value - known[1] > (state.target + state.width) * after:
        # Lots, minimum and fees would leave it beyond its band: sell the little more that the fees make necessary.
        wanted = value - goal * after
    return goal, min(free, max(wanted, 0.0))


def _sellable(book: Book, state: SpotState, wanted: float) -> float:
    """Return what lots and minimums let be sold of an amount."""
    sold = 0.0
    for row in sale_rows(state):
        piece = min(wanted - sold, row.free_value)
        if piece > 0:
            sold += size_order(book, row, piece, row.price if row.quantity is not None else None).amount
    return sold


def _trim(
    book: Book, state: SpotState, goal: float, wanted: float, share: float, fees: Fees, near: Sequence[str]
) -> list[Order]:
    """Return one order for each row that gives, or the one that says why none does."""
    rows = sale_rows(state, near)
    cause = Cause("event" if state.named else "band", state.named, (goal,))
    orders: list[Order] = []
    left = wanted * share
    for row in rows:
        if left <= 0 or (orders and orders[-1].amount > 0 and left <= WHOLE * wanted):
            break
        piece = min(left, row.free_value) if len(rows) > 1 else left
        order = Order(SELL, row, cause, wanted=piece / share, label=row.asset, venue=row.venue, spot=state)
        order.cut = share < 1.0
        place_sale(book, order, piece, fees)
        left -= order.amount
        orders.append(order)
    sold = [order for order in orders if order.amount > 0]
    if sold and left > 0:
        sold[-1].wanted += left / share  # what no row can give is said once
    return sold or orders[:1]


def place_sale(book: Book, order: Order, wanted: float, fees: Fees) -> None:
    """Size a sale and charge its fee; what stands against it becomes its refusal."""
    holding = order.holding
    forbidden = book.venue(holding.venue).forbids("spot") if holding.venue else ""
    if forbidden:
        order.refusal, order.hard = Refusal(forbidden, names=(holding.venue, "spot")), True
        return
    if holding.quantity is not None and not holding.price:
        order.refusal = Refusal("no price", (order.wanted,))
        return
    free = holding.free_value
    everything = wanted >= free * (1 - WHOLE)
    price = None if holding.quantity is None else holding.price
    size = size_order(book, holding, wanted, price, free_units(holding) if everything else None)
    if size.refusal:
        order.refusal = size.refusal
        return
    settle_sale(book, order, min(size.amount, free), size.quantity, fees)


def settle_sale(book: Book, order: Order, amount: float, quantity: float | None, fees: Fees) -> None:
    """Give a sale its amount, its gain and its fee."""
    holding = order.holding
    order.amount, order.quantity = amount, quantity
    order.gain = sale_gain(book, holding, amount, quantity)
    order.fee = fees.charge(holding.venue, amount * book.venue(holding.venue).spot_fee)


def sell_weakest(book: Book, judgement: Judgement, sales: list[Order], need: Order, missing: float, fees: Fees) -> None:
    """Add sales of the weakest holdings that raise the money an event still needs.

    The weakest has the lowest return on its cost (else over the Prices history). A holding is sold down to the lower
    edge of its band at most; one without a target, locked or named by an event is left alone.
    """
    total = judgement.total
    taken = {id(order.spot) for order in sales}
    ranked = []
    for state in judgement.spot:
        free = state.target is not None and state.named is None and not (state.stable or state.locked)
        if not free or id(state) in taken or state.over:
            continue
        performance = _performance(book, state)
        if performance is not None:
            ranked.append((performance, state))
    for performance, state in sorted(ranked, key=lambda pair: pair[0]):
        floor = max(0.0, (state.target or 0.0) - state.width) * total
        for row in sale_rows(state, (need.venue,)):
            # With its own fee, or the next holding would sell what the fee has taken.
            most = min(state.value - floor, row.free_value)
            wanted = min(missing / (1.0 - book.venue(row.venue).spot_fee), most)
            if wanted <= DUST * total:
                continue
            cause = Cause("weakest", figures=(performance,), because=need.cause)
            order = Order(SELL, row, cause, wanted, label=row.asset, venue=row.venue, spot=state)
            place_sale(book, order, wanted, fees)
            if order.amount > 0:
                sales.append(order)
                missing -= order.amount - order.fee
                floor += order.amount
        if missing <= DUST * total:
            break


def _performance(book: Book, state: SpotState) -> float | None:
    costs = [row.cost_basis for row in state.rows]
    cost = math.fsum([each for each in costs if each])
    if cost and all(costs):
        return math.fsum([row.value for row in state.rows]) / cost - 1.0
    closes = book.prices.get(state.asset.casefold(), ())
    return closes[-1] / closes[0] - 1.0 if len(closes) > 1 and closes[0] > 0 else None


def sold_of(orders: Sequence[Order], holding: Holding) -> float:
    """Return what the orders sell of a row."""
    return math.fsum([order.amount for order in orders if order.row is holding])
