"""What became of each order of a plan, and why: the rule that blocked it, and what keeps the money that is left."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rebalance_xl.book import sentences as say
from rebalance_xl.book.draft import Draft
from rebalance_xl.book.model import Holding
from rebalance_xl.book.money import FUTURES, SPOT
from rebalance_xl.book.orders import Order
from rebalance_xl.book.plan_data import Unresolved
from rebalance_xl.book.sizing import lot_of
from rebalance_xl.book.states import NONE, SpotState
from rebalance_xl.book.tolerances import DUST, SLACK
from rebalance_xl.functions.plan_table import amount_text, percent
from rebalance_xl.functions.wording import names_text


def cause_of(draft: Draft, order: Order) -> str:
    """Return the sentence of an order's cause."""
    return say.cause_text(order, draft.book.settings.review_drift)


def need_reason(draft: Draft, need: Order, served: Sequence[str]) -> str:
    """Return why a need is there and what became of it."""
    unit = "margin" if need.futures is not None else "money"
    wanted = f"{cause_of(draft, need)}; needs {amount_text(need.wanted)}"
    if need.refusal and not need.amount:
        text = say.need_refusal(need)
        if not need.hard and need.spot is not None and need.spot.under:
            text += "; " + shortage(draft, need, served)
        return f"{wanted}: {text}"
    if need.missing <= rounding(draft, need):
        short = need.missing > DUST * draft.total
        return f"{wanted}: filled" + (f" to the lot, {amount_text(need.missing)} short of it" if short else "")
    why = shortage(draft, need, served)
    if need.amount:
        return f"{wanted}: {amount_text(need.amount)} placed, {amount_text(need.missing)} not: {why}"
    return f"{wanted} of {unit}: none placed, {why}"


def rounding(draft: Draft, need: Order) -> float:
    """Return what a lot may leave of a need that is filled."""
    row = need.row
    if row is None or need.quantity is None:
        return DUST * draft.total
    unit = row.price or 0.0 if isinstance(row, Holding) else row.unit_value / row.leverage
    return max(DUST * draft.total, lot_of(draft.book, row) * unit * (1 + SLACK))


def shortage(draft: Draft, need: Order, served: Sequence[str]) -> str:
    """Return why there was no (more) money for a need: what took it, what blocks it, and which rule keeps the rest."""
    if need.refusal is not None and need.refusal.kind == "own margin":
        return say.refusal_text(need.refusal)
    blocked = [sale.label for sale in draft.sales if sale.hard]
    blocked += [closing.label for closing in draft.closings if closing.refusal]
    stuck = [venue for venue in draft.purse.stuck if venue.casefold() != need.venue.casefold()]
    reasons = []
    if blocked:
        reasons.append(f"it waits for the blocked sale of {names_text(blocked)}")
    if stuck and need.venue:
        places = " and ".join(f"{amount_text(draft.purse.stuck[venue])} at {venue}" for venue in stuck)
        reasons.append(f"{places} cannot be withdrawn")
    if served:
        reasons.append(f"the money went to {names_text(served)}")
    share = draft.book.settings.futures_share
    other, product = (SPOT, "spot") if need.futures is not None else (FUTURES, "margin")
    kept = math.fsum([source.left for source in draft.purse.sources if source.pool == other])
    if share is not None and kept > DUST * draft.total:
        reasons.append(f"FuturesShare {percent(share)} keeps {amount_text(kept)} of the proceeds for {product}")
    if not reasons:
        reasons = kept_cash(draft)
    return "; ".join(reasons) or "there is no money to deploy"


def kept_cash(draft: Draft) -> list[str]:
    """Return which rule keeps the stablecoins that are not spent."""
    settings = draft.book.settings
    reasons = []
    for state in draft.judgement.spot:
        if not state.stable or state.value <= DUST * draft.total:
            continue
        money = f"{amount_text(state.value)} of {state.asset}"
        if state.frozen or state.locked:
            reasons.append(f"{money} is {'held by an event' if state.frozen else 'locked'}")
        elif state.target is not None:
            reasons.append(f"{money} is kept: its target is {percent(state.target)}")
        elif settings.reserve_max is None:
            reasons.append(f"{money} is kept: it has no target and there is no ReserveMax")
        else:
            reasons.append(f"{money} is kept: stablecoins are not above ReserveMax {percent(settings.reserve_max)}")
    if settings.reserve_min and reasons:
        reasons.append(f"ReserveMin is {percent(settings.reserve_min)}")
    return reasons


def locked_excess(draft: Draft, state: SpotState) -> float:
    """Return the money that a trim would sell of an asset that is locked as a whole; 0 inside its band."""
    if not (state.locked and state.beyond and state.drift > 0 and state.target is not None):
        return 0.0
    goal = state.target + draft.book.settings.trim_to * state.width
    return max(0.0, state.value - goal * draft.total)


def unresolved_of(draft: Draft) -> list[Unresolved]:
    """Return what could not be placed: needs without money, and sales that something forbids."""
    found = []
    for sale in draft.sales:
        missing = sale.wanted - sale.amount
        if missing > DUST * draft.total and (sale.refusal or sale.cut):
            why = say.sale_refusal(sale) if sale.refusal else cause_of(draft, sale)
            if sale.cut and not sale.refusal:
                cap = percent(draft.book.settings.turnover_cap or 0.0)
                why += f"; cut to {amount_text(sale.amount)} by TurnoverCap {cap} of the book"
            found.append(Unresolved(sale.label, missing, why))
    if draft.judgement.trigger != NONE:
        locked = [(state, locked_excess(draft, state)) for state in draft.judgement.spot if not state.stable]
        found += [
            Unresolved(s.asset, over, f"locked, so {amount_text(over)} over the limit stays")
            for s, over in locked
            if over
        ]
    found += [Unresolved(c.label, c.wanted, say.closing_refusal(c)) for c in draft.closings if c.refusal]
    served: list[str] = []
    for need in draft.needs:
        if need.missing > rounding(draft, need):
            refused = need.refusal is not None and not need.amount
            why = say.need_refusal(need) if refused else shortage(draft, need, served)
            found.append(Unresolved(need.label, need.missing, why))
        if need.amount:
            served.append(need.label)
    return found
