"""Lines of rows that do not trade, each with its reason; stable rows pay and receive."""

from __future__ import annotations

from dataclasses import replace

from rebalance_xl.book import plan_data as data
from rebalance_xl.book import sentences as say
from rebalance_xl.book.assets import cent_of, money_price
from rebalance_xl.book.draft import Draft
from rebalance_xl.book.free_margin import wallet_for
from rebalance_xl.book.model import Holding, Position
from rebalance_xl.book.orders import KEPT, Order
from rebalance_xl.book.plan_cash import cash_changes
from rebalance_xl.book.plan_data import Line
from rebalance_xl.book.plan_reasons import cause_of, locked_excess, shortage
from rebalance_xl.book.states import NONE, FuturesState, SpotState
from rebalance_xl.book.tolerances import DUST
from rebalance_xl.functions.plan_table import amount_text, percent


def still_line(draft: Draft, state: SpotState, holding: Holding, said: bool) -> Line:
    """Return the line of a row that does not trade; `said` tells that another row of its asset does."""
    drift = say.drift_text(state, draft.book.settings.review_drift)
    if state.frozen and state.named is not None:
        reason = f"HOLD event for {state.named.scope}: not traded"
    elif holding.quantity and holding.price is None and not holding.value:
        reason = "no price: counts 0 and is not traded"
    elif holding.target is None:
        reason = "no target: held and never traded"
        if state.named is not None:
            reason += f"; the {state.named.action} event needs a target to act (0 sells everything)"
        if holding.quantity and holding.price is None:
            reason += "; no price, its Value counts"
    elif holding.locked:
        stays = locked_excess(draft, state)
        reason = f"locked, so {amount_text(stays)} over the limit stays; {drift}" if stays else f"locked; {drift}"
    else:
        reason = drift
        if state.idle is not None and not state.acts:
            side = "sold" if state.drift > 0 else "bought"
            reason += f"; cannot be {side}: {say.refusal_text(state.idle)}"
        if draft.judgement.trigger == NONE and draft.judgement.waiting:
            reason += f"; in the cooldown for another {draft.judgement.cooling:g} days: only events count"
        elif state.target is not None and state.weight < state.target and state.no_buys:
            reason += "; not bought while the event is in force"
    if said and len(state.rows) > 1 and not holding.locked:
        reason += "; traded in another row"
    return Line(holding.asset, data.HOLD, price=holding.price, reason=reason, venue=holding.venue, row=holding.row)


def stable_lines(draft: Draft) -> list[Line]:
    """Return a line for every stable row, and for what is left over where none is."""
    changes = cash_changes(draft)
    lines = []
    kept = {need.row.row: need for need in draft.needs if need.kind in KEPT and need.row is not None}
    debts = {need.row.row: need for need in draft.needs if need.kind == "repay" and need.row is not None}
    for state in draft.judgement.spot:
        if not state.stable:
            continue
        for row in state.rows:
            reason = _stable_reason(draft, state, row, changes[row.row], kept.pop(row.row, None))
            if row.row in debts:
                reason += _debt_text(draft, debts[row.row])
            line = Line(row.asset, data.HOLD, price=row.price, reason=reason, venue=row.venue, product="cash")
            lines.append(replace(line, row=row.row))
    cent = cent_of(draft.book.settings.quote, draft.total)
    for venue, change in changes.items():
        if isinstance(venue, str) and abs(change) > cent:  # Record adds no row for less
            apart = wallet_for(draft.book, draft.new_stable, venue) is not None
            where = f"the wallet at {venue}" if apart else "stablecoins (a new row)"
            price = money_price(draft.book.holdings, draft.new_stable)
            line = Line(draft.new_stable, data.HOLD, price=price, venue=venue, product="margin" if apart else "cash")
            lines.append(replace(line, reason=f"{amount_text(change)} left over stays in {where}"))
    return lines


def _debt_text(draft: Draft, need: Order) -> str:
    text = f"; {cause_of(draft, need)}: {amount_text(need.amount)} of {amount_text(need.wanted)}"
    if need.missing > DUST * draft.total:
        text += f"; {amount_text(need.missing)} is still owed: {shortage(draft, need, ())}"
    return text


def _stable_reason(draft: Draft, state: SpotState, row: Holding, change: float, need: Order | None) -> str:
    drift = say.drift_text(state, draft.book.settings.review_drift)
    reason = drift
    shown = max(DUST * draft.total, cent_of(draft.book.settings.quote, draft.total))
    if change > shown:
        reason += f"; receives {amount_text(change)}"
    elif change < -shown:
        reason += f"; pays {amount_text(-change)}"
    if need is not None and need.kind != "repay":
        reason += f"; {cause_of(draft, need)}: {amount_text(need.amount)} of {amount_text(need.wanted)}"
    return reason


def still_futures_line(draft: Draft, state: FuturesState) -> Line:
    """Return the line of a position that stays as it is."""
    position = state.position
    if state.gone:
        reason = (
            "LIQUIDATED: the mark has passed its liquidation price; it counts 0, so correct the row to what is left"
        )
    elif state.frozen and state.named is not None:
        reason = f"HOLD event for {state.named.scope}: not traded"
    elif position.quantity <= 0:
        reason = "not open"
    elif state.target is None and state.hedge_ratio is None:
        reason = "no target: kept as it is"
    else:
        reason = "kept as it is"
    if state.target:
        share = state.equity / draft.total
        reason += f"; equity {percent(share)} of the book, target for its margin {percent(state.target)}"
    if state.hedge_ratio is not None:
        reason += f"; hedges {percent(state.hedge_ratio)} of {position.asset}"
    if draft.judgement.trigger == NONE and (state.target or state.hedge_ratio):
        reason += "; acts at the next trigger"
    line = Line(position.symbol, data.HOLD, price=position.mark, reason=reason, venue=position.venue)
    return replace(line, product="futures", row=position.row, side=side_of(draft, position))


def side_of(draft: Draft, position: Position) -> str:
    """Return a position's side, with its margin mode where the book has both under one symbol and venue."""
    same = [
        each
        for each in draft.book.positions
        if (each.symbol.casefold(), each.venue.casefold(), each.side)
        == (position.symbol.casefold(), position.venue.casefold(), position.side)
    ]
    return position.side if len(same) == 1 else f"{position.side} {position.margin_mode}"
