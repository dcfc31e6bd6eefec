"""Realises profit: which holdings are trimmed, by how much, and what that frees."""

from __future__ import annotations

import math
from dataclasses import dataclass

from rebalance_xl.book.gains import sale_gain
from rebalance_xl.book.model import Book
from rebalance_xl.book.money import Fees
from rebalance_xl.book.orders import DUST, size_order
from rebalance_xl.book.triggers import Judgement, SpotState, drift_text
from rebalance_xl.functions.plan_table import amount_text, percent


@dataclass(slots=True)
class Sale:
    """A trim: what is wanted, and what is sold of it; `refusal` says why nothing (or less) is."""

    state: SpotState
    wanted: float
    amount: float = 0.0
    quantity: float | None = None
    fee: float = 0.0
    gain: float | None = None
    reason: str = ""
    refusal: str = ""
    blocked: bool = False


def plan_sales(book: Book, judgement: Judgement, total: float, total_after: float, fees: Fees) -> list[Sale]:
    """Return the sales of the rows that act, capped by TurnoverCap.

    Parameters
    ----------
    book, judgement
        The book and the rows that act.
    total, total_after
        Book value before the plan, and after its fees: a trim to the edge must still be inside it then.
    fees
        Charged for every sale.
    """
    sales = []
    for state in judgement.spot:
        if state.holding.stable or not state.over or state.target is None:
            continue
        goal, wanted = _wanted(book, state, total, total_after)
        if wanted > DUST * total:
            sales.append(Sale(state, wanted, reason=f"{_cause(state)}: sell down to {percent(goal)}"))
    wanted_sum = math.fsum(sale.wanted for sale in sales if not sale.state.holding.locked)
    cap = book.settings.turnover_cap
    share = 1.0
    if cap is not None and wanted_sum > cap * total:
        share = cap * total / wanted_sum
    for sale in sales:
        place_sale(book, sale, fees, share)
    return sales


def _wanted(book: Book, state: SpotState, total: float, total_after: float) -> tuple[float, float]:
    """Return the weight to sell down to, and the money to sell."""
    value = state.holding.value
    assert state.target is not None
    goal = state.target + book.settings.trim_to * state.width
    if state.named is not None:
        return goal, max(0.0, value - goal * total_after)
    wanted = value - goal * total
    price = state.holding.price if state.holding.quantity is not None else None
    sold = size_order(book, state.holding, max(wanted, 0.0), price).amount
    if value - sold > (state.target + state.width) * total_after:
        # Lots, minimum and fees would leave it beyond its band: sell the little more that the fees make necessary.
        wanted = value - goal * total_after
    return goal, min(value, max(wanted, 0.0))


def _cause(state: SpotState) -> str:
    if state.named is not None:
        what = f"{state.named.action} event for {state.named.scope}"
        return f"{what} ({state.named.note})" if state.named.note else what
    return drift_text(state)


def place_sale(book: Book, sale: Sale, fees: Fees, share: float = 1.0) -> None:
    """Size a sale and charge its fee; what stands against it becomes its refusal."""
    holding = sale.state.holding
    if holding.locked:
        sale.refusal = f"locked, so {amount_text(sale.wanted)} over the limit stays"
        return
    refusal = book.venue(holding.venue).refusal("spot") if holding.venue else ""
    if refusal:
        sale.refusal, sale.blocked = f"{refusal}: {amount_text(sale.wanted)} cannot be sold", True
        return
    if holding.quantity is not None and holding.price is None:
        sale.refusal = f"no price: {amount_text(sale.wanted)} cannot be turned into a quantity"
        return
    wanted = sale.wanted * share
    everything = share == 1.0 and sale.wanted >= holding.value * (1 - 1e-12)
    price = None if holding.quantity is None else holding.price
    size = size_order(book, holding, wanted, price, holding.quantity if everything else None)
    if size.refusal:
        sale.refusal = f"not sold: {size.refusal}"
        return
    sale.amount = min(size.amount, holding.value)
    sale.quantity = size.quantity
    sale.gain = sale_gain(book, holding, sale.amount, sale.quantity)
    sale.fee = fees.charge(holding.venue, sale.amount * book.venue(holding.venue).spot_fee)
    if share < 1.0:
        cap = percent(book.settings.turnover_cap or 0.0)
        sale.reason += f"; cut to {amount_text(sale.amount)} by TurnoverCap {cap} of the book"


def sell_weakest(
    book: Book, judgement: Judgement, sales: list[Sale], missing: float, total: float, fees: Fees, why: str
) -> list[Sale]:
    """Return sales of the weakest holdings that raise the money an event still needs.

    The weakest has the lowest return on its cost (else over the Prices history). A holding is sold down to the lower
    edge of its band at most; one without a target, locked or named by an event is left alone.
    """
    taken = {id(sale.state) for sale in sales}
    ranked = []
    for state in judgement.spot:
        holding = state.holding
        free = state.target is not None and state.named is None and not (holding.stable or holding.locked)
        if not free or id(state) in taken or state.over:
            continue
        performance = _performance(book, state)
        if performance is not None:
            ranked.append((performance, state))
    found: list[Sale] = []
    for performance, state in sorted(ranked, key=lambda pair: pair[0]):
        floor = max(0.0, (state.target or 0.0) - state.width) * total
        wanted = min(missing, state.holding.value - floor)
        if wanted <= DUST * total:
            continue
        reason = f"{why}: sell from the weakest holding (return {percent(performance)})"
        sale = Sale(state, wanted, reason=reason)
        place_sale(book, sale, fees)
        if sale.amount > 0:
            found.append(sale)
            missing -= sale.amount - sale.fee
        if missing <= DUST * total:
            break
    return found


def _performance(book: Book, state: SpotState) -> float | None:
    holding = state.holding
    if holding.cost_basis:
        return holding.value / holding.cost_basis - 1.0
    closes = book.prices.get(holding.asset.casefold(), ())
    return closes[-1] / closes[0] - 1.0 if len(closes) > 1 and closes[0] > 0 else None
