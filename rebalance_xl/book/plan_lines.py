"""Turns orders into lines: sells first, largest first, and a reason for every row that does not trade."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

from rebalance_xl.book import plan_data as data
from rebalance_xl.book import sentences as say
from rebalance_xl.book.assets import cent_of, money_price
from rebalance_xl.book.draft import Draft
from rebalance_xl.book.free_margin import wallet_for, wallet_of
from rebalance_xl.book.futures import terms_of
from rebalance_xl.book.model import Holding, Position
from rebalance_xl.book.money import FUTURES, PROCEEDS, RAISED, SPOT
from rebalance_xl.book.orders import BUY, CLOSE, KEPT, REDUCE, RELEASE, TOP_UP, Order
from rebalance_xl.book.plan_data import FuturesTerms, Line, Unresolved
from rebalance_xl.book.sizing import lot_of
from rebalance_xl.book.spreads import spread_text
from rebalance_xl.book.states import NONE, FuturesState, SpotState
from rebalance_xl.book.tolerances import DUST, NO_MONEY, SLACK
from rebalance_xl.functions.plan_table import amount_text, percent
from rebalance_xl.functions.wording import names_text

_CLOSING_ACTIONS = {CLOSE: data.CLOSE, REDUCE: data.REDUCE, RELEASE: data.RELEASE}


def side_of(draft: Draft, position: Position) -> str:
    """Return a position's side, with its margin mode where the book has both under one symbol and venue."""
    same = [
        each
        for each in draft.book.positions
        if (each.symbol.casefold(), each.venue.casefold(), each.side)
        == (position.symbol.casefold(), position.venue.casefold(), position.side)
    ]
    return position.side if len(same) == 1 else f"{position.side} {position.margin_mode}"


# --- money -----------------------------------------------------------------------------------------------------


def stable_rows(venues: Iterable[str], stables: Sequence[Holding], new: str) -> dict[str, Holding | str]:
    """Return, for each venue, the stable row that its money belongs to, or the name of a new one there."""
    found: dict[str, Holding | str] = {}
    for venue in sorted(set(venues), key=str.casefold):
        near = [holding for holding in stables if holding.venue.casefold() == venue.casefold()]
        anywhere = [holding for holding in stables if not holding.venue or not venue]
        rows = near or anywhere
        found[venue] = rows[0] if rows else new
    return found


def label_of(asset: str, venue: str, among: Sequence[Holding]) -> str:
    """Return a row's name: the asset's, with its venue where more than one row has it."""
    same = [row for row in among if row.asset.casefold() == asset.casefold()]
    alone = not same or (len(same) == 1 and same[0].venue.casefold() == venue.casefold())
    return asset if alone or not venue else f"{asset} ({venue})"


def cash_changes(draft: Draft) -> dict[int | str, float]:
    """Return by how much each stable row changes, by its row; a venue without one gets a row, by the venue's name."""
    stables = [row for row in draft.book.holdings if row.stable]
    changes: dict[int | str, float] = {row.row: 0.0 for row in stables}
    proceeds = [s for s in draft.purse.sources if s.kind in (PROCEEDS, RAISED) and s.left > 0]
    homes = stable_rows([source.venue for source in proceeds], stables, draft.new_stable)
    for source in draft.purse.sources:
        if source.kind in (PROCEEDS, RAISED):
            if source.venue not in homes:
                key: int | str = stables[0].row if stables else source.venue
            else:
                home = homes[source.venue]
                key = home.row if isinstance(home, Holding) else source.venue
            changes[key] = changes.get(key, 0.0) + source.left
        elif source.row is not None:
            changes[source.row] -= source.amount - source.left
    for need in draft.needs:
        if need.kind in KEPT and need.amount:
            key = need.row.row if need.row is not None else need.venue
            changes[key] = changes.get(key, 0.0) + need.amount
    venues = [key for key in changes if isinstance(key, str) and key]
    if "" in changes and venues:  # a reserve without a row lies where the proceeds do
        changes[venues[0]] += changes.pop("")
    return changes


# --- lines -----------------------------------------------------------------------------------------------------


def lines_of(draft: Draft) -> list[Line]:
    """Return the lines of a plan, weights after included."""
    lines = [*_sale_lines(draft), *_closing_lines(draft), *_transfer_lines(draft), *_need_lines(draft)]
    traded = {(line.product, line.row) for line in lines if line.action != data.CONVERT}
    for state in draft.judgement.spot:
        if not state.stable:
            said = any((("spot", row.row) in traded) for row in state.rows)
            lines += [_still(draft, state, row, said) for row in state.rows if ("spot", row.row) not in traded]
    lines += _stable_lines(draft)
    lines += [
        _still_futures(draft, state)
        for state in draft.judgement.futures
        if ("futures", state.position.row) not in traded
    ]
    lines = _with_weights(draft, lines)
    order = [line for line in lines if line.trades]
    reduced = {line.row for line in order if line.action == data.REDUCE}

    def place(line: Line) -> tuple[int, bool, float]:
        if line.action == data.ADD_MARGIN and line.row in reduced:  # what is closed would take its share of it along
            return data.ORDER[data.REDUCE], True, -line.amount
        return data.ORDER[line.action], False, -line.amount

    order.sort(key=place)
    rest = [line for line in lines if not line.trades]
    rest.sort(key=lambda line: (line.product == "futures", line.row if line.row is not None else 1e9))
    return order + rest


def _cause(draft: Draft, order: Order) -> str:
    return say.cause_text(order, draft.book.settings.review_drift)


def _sale_lines(draft: Draft) -> list[Line]:
    lines = []
    below = tuple(state.asset for state in draft.judgement.spot if state.under and not state.stable)
    below += tuple(state.asset for state in draft.judgement.spot if state.under and state.stable)
    for sale in draft.sales:
        holding, traded = sale.holding, sale.amount > 0
        if sale.cause.kind == "pays":
            sale.cause = replace(sale.cause, names=below)
        reason = _cause(draft, sale)
        if sale.partner is not None:
            reason += f"; and {amount_text(sale.partner.amount)} more for {names_text(below, ' and ')}"
        if sale.cut and traded:
            cap = percent(draft.book.settings.turnover_cap or 0.0)
            reason += f"; cut to {amount_text(sale.amount)} by TurnoverCap {cap} of the book"
        if not traded:
            reason += f"; {say.sale_refusal(sale)}"
        lines.append(
            Line(
                holding.asset,
                data.SELL if traded else data.HOLD,
                sale.amount,
                sale.quantity if traded else None,
                holding.price,
                sale.fee,
                realised_gain=sale.gain if traded else None,
                reason=reason,
                venue=holding.venue,
                wanted=max(0.0, sale.wanted - sale.amount),
                row=holding.row,
                cause=sale.cause.kind,
            )
        )
    return lines


def _closing_lines(draft: Draft) -> list[Line]:
    lines = []
    for order in draft.closings:
        position = order.position
        traded = bool(order.quantity) or order.amount > 0
        terms = None
        if traded and order.kind != RELEASE:
            topped = [need.amount for need in draft.needs if need.kind == TOP_UP and need.futures is order.futures]
            taken = order.margin - math.fsum(topped)
            terms = terms_of(draft.book, draft.tiers, position, order.quantity or 0.0, taken, opening=False)
        reason = _cause(draft, order)
        reason += _estimate(terms) if traded else f"; {say.closing_refusal(order)}"
        lines.append(
            Line(
                position.symbol,
                _CLOSING_ACTIONS[order.kind] if traded else data.HOLD,
                order.amount,
                order.quantity if traded else None,
                position.mark,
                order.fee,
                realised_gain=order.gain if traded and order.kind != RELEASE else None,
                reason=reason,
                venue=position.venue,
                wanted=0.0 if traded else order.wanted,
                product="futures",
                row=position.row,
                futures=terms,
                cause=order.cause.kind,
                side=side_of(draft, position),
            )
        )
    return lines


def _estimate(terms: FuturesTerms | None) -> str:
    """Return the label of a liquidation price that no exchange's published example backs."""
    if terms is None or terms.liquidation_price is None or not terms.estimate:
        return ""
    return f"; the liquidation price is an {terms.estimate}"


def _transfer_lines(draft: Draft) -> list[Line]:
    stables = [row for row in draft.book.holdings if row.stable]
    lines = []
    for (origin, goal), amount in draft.purse.transfers.items():
        row = next((row for row in stables if row.venue.casefold() == origin.casefold()), None)
        asset = draft.new_stable if row is None else row.asset
        price = money_price(stables, asset) if row is None else row.price or 1.0
        fee = draft.purse.transfer_fees[(origin, goal)]
        reason = f"pays for what is bought at {goal}"
        line = Line(asset, data.TRANSFER, amount, amount / price, price, fee, reason=reason, venue=origin)
        lines.append(replace(line, to_venue=goal, product="cash", cause="transfer"))
    return lines


def _need_lines(draft: Draft) -> list[Line]:
    lines = []
    served: list[str] = []
    for need in draft.needs:
        if need.kind in KEPT:
            if need.amount:
                served.append(need.label)
            continue
        traded = need.amount > 0
        reason = need_reason(draft, need, served)
        if traded:
            served.append(need.label)
        line = _buy_line(need) if need.kind == BUY else _opening_line(draft, need)
        if line.futures is not None:
            reason += _estimate(line.futures)
        if need.cause.kind == "spread":
            reason += spread_text(draft, need)
        lines += _convert_lines(need)
        lines.append(
            replace(
                line,
                amount=need.amount,
                quantity=need.quantity if traded else None,
                fee=need.fee,
                reason=reason,
                venue=need.venue,
                wanted=need.missing if need.missing > DUST * draft.total else 0.0,
                row=need.row.row if need.row is not None else None,
                cause=need.cause.kind,
            )
        )
    return lines


def _buy_line(need: Order) -> Line:
    return Line(need.holding.asset, data.BUY if need.amount > 0 else data.HOLD, price=need.holding.price)


def _opening_line(draft: Draft, need: Order) -> Line:
    position = need.position
    action = data.OPEN_LONG if position.side == "long" else data.OPEN_SHORT
    if need.kind == TOP_UP:
        action = data.ADD_MARGIN
    traded = need.amount > 0
    terms = terms_of(draft.book, draft.tiers, position, need.quantity or 0.0, need.amount) if traded else None
    closing = next((each for each in draft.closings if each.futures is need.futures and each.quantity), None)
    if terms is not None and closing is not None:
        closed, taken = closing.quantity or 0.0, closing.margin - need.amount
        after = terms_of(draft.book, draft.tiers, position, closed, taken, opening=False)
        after = replace(after, notional=terms.notional, break_even=terms.break_even)
        terms = replace(after, funding_per_day=terms.funding_per_day)
    line = Line(need.label, action if traded else data.HOLD, price=position.mark, product="futures", futures=terms)
    return replace(line, side=side_of(draft, position))


def _convert_lines(need: Order) -> list[Line]:
    """Return the lines of coins that are moved or bought to be posted as margin."""
    lines = []
    for move in need.moves:
        if move.free:
            continue  # it lies in the account already
        price = move.amount / move.quantity if move.quantity else None
        line = Line(move.coin, data.CONVERT, move.amount, move.quantity, price, move.fee, venue=need.venue)
        if move.row is not None:
            account = need.position.account_name
            reason = f"moved as margin of {need.label}: a transfer of collateral, no sale"
            line = replace(line, to_venue=account or "margin", venue=move.row.venue, row=move.row.row)
        else:
            reason = f"bought as margin of {need.label}"
        lines.append(replace(line, reason=reason, product="margin", cause="collateral"))
    return lines


def need_reason(draft: Draft, need: Order, served: Sequence[str]) -> str:
    """Return why a need is there and what became of it."""
    unit = "margin" if need.futures is not None else "money"
    wanted = f"{_cause(draft, need)}; needs {amount_text(need.wanted)}"
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


# --- rows that do not trade ------------------------------------------------------------------------------------


def _still(draft: Draft, state: SpotState, holding: Holding, said: bool) -> Line:
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
        stays = _locked_excess(draft, state)
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


def _locked_excess(draft: Draft, state: SpotState) -> float:
    """Return the money that a trim would sell of an asset that is locked as a whole; 0 inside its band."""
    if not (state.locked and state.beyond and state.drift > 0 and state.target is not None):
        return 0.0
    goal = state.target + draft.book.settings.trim_to * state.width
    return max(0.0, state.value - goal * draft.total)


def _stable_lines(draft: Draft) -> list[Line]:
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
    text = f"; {_cause(draft, need)}: {amount_text(need.amount)} of {amount_text(need.wanted)}"
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
        reason += f"; {_cause(draft, need)}: {amount_text(need.amount)} of {amount_text(need.wanted)}"
    return reason


def _still_futures(draft: Draft, state: FuturesState) -> Line:
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


# --- weights ---------------------------------------------------------------------------------------------------


def _with_weights(draft: Draft, lines: list[Line]) -> list[Line]:
    """Fill in the weights before and after of every row's line."""
    before: dict[tuple[str, int | None], float] = {("spot", row.row): row.value for row in draft.book.holdings}
    before |= {("futures", s.position.row): s.equity for s in draft.judgement.futures}
    after = dict(before)
    for sale in draft.sales:
        after["spot", sale.holding.row] -= sale.amount
    for closing in draft.closings:
        stays = 0.0
        if closing.quantity and wallet_of(draft.book, closing.position) is not None:
            stays = closing.margin + (closing.gain or 0.0) - closing.amount  # with the wallet of its account
        after["futures", closing.position.row] -= closing.amount + stays
    for need in draft.needs:
        if need.kind not in KEPT and need.row is not None:
            after["spot" if need.kind == BUY else "futures", need.row.row] += need.amount
        for move in need.moves:
            if move.row is not None:
                after["spot", move.row.row] -= move.amount
    changes = cash_changes(draft)
    weighed = []
    seen: set[tuple[str, int | None]] = set()
    for line in lines:
        if line.action in (data.TRANSFER, data.CONVERT) or line.product == "margin":
            weighed.append(line)
            continue
        key = ("spot" if line.product == "cash" else line.product, line.row)
        if key in seen:  # a row with two lines, as margin added and size opened
            weighed.append(line)
            continue
        if line.row is not None:
            seen.add(key)
        if line.product == "cash":
            was = 0.0 if line.row is None else before[key]
            becomes = was + changes.get(line.venue if line.row is None else line.row, 0.0)
            becomes = becomes if abs(becomes) > NO_MONEY * draft.total else 0.0
        else:
            was, becomes = before[key], after[key]
        weighed.append(replace(line, weight_before=was / draft.total, weight_after=becomes / draft.total_after))
    return weighed


def unresolved_of(draft: Draft) -> list[Unresolved]:
    """Return what could not be placed: needs without money, and sales that something forbids."""
    found = []
    for sale in draft.sales:
        missing = sale.wanted - sale.amount
        if missing > DUST * draft.total and (sale.refusal or sale.cut):
            why = say.sale_refusal(sale) if sale.refusal else _cause(draft, sale)
            if sale.cut and not sale.refusal:
                cap = percent(draft.book.settings.turnover_cap or 0.0)
                why += f"; cut to {amount_text(sale.amount)} by TurnoverCap {cap} of the book"
            found.append(Unresolved(sale.label, missing, why))
    if draft.judgement.trigger != NONE:
        locked = [(state, _locked_excess(draft, state)) for state in draft.judgement.spot if not state.stable]
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
