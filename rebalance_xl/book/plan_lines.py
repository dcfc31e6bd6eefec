"""Turns what was decided into lines: sells first, largest first, and a reason for every row that does not trade."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from rebalance_xl.book import plan_data as data
from rebalance_xl.book.deploy import RESERVE, Need
from rebalance_xl.book.futures import equity_of, terms_of
from rebalance_xl.book.model import Holding, Position
from rebalance_xl.book.money import FUTURES, PROCEEDS, SPOT
from rebalance_xl.book.orders import DUST
from rebalance_xl.book.plan_data import FuturesTerms, Line, Unresolved
from rebalance_xl.book.triggers import NONE, FuturesState, SpotState, drift_text
from rebalance_xl.functions.plan_table import amount_text, percent

if TYPE_CHECKING:
    from rebalance_xl.book.plan import Draft

#: The stablecoin that a book without one receives its proceeds in.
DEFAULT_STABLE = "USDT"


def stable_names(venues: Iterable[str], stables: Sequence[Holding]) -> dict[str, str]:
    """Return, for each venue, the stable row that its money belongs to; a new name where the book has none there."""
    base = stables[0].asset if stables else DEFAULT_STABLE
    names: dict[str, str] = {}
    for venue in sorted(set(venues), key=str.casefold):
        near = [holding.asset for holding in stables if holding.venue.casefold() == venue.casefold()]
        anywhere = [holding.asset for holding in stables if not holding.venue or not venue]
        new = f"{base} ({venue})" if venue and (stables or names) else base
        names[venue] = (near or anywhere or [new])[0]
    return names


def cash_changes(draft: Draft) -> dict[str, float]:
    """Return by how much each stable row changes; a book without one gets a row of its own."""
    rows = {state.holding.row: state.holding for state in draft.judgement.spot if state.holding.stable}
    changes = {holding.asset: 0.0 for holding in rows.values()}
    proceeds = [source for source in draft.purse.sources if source.kind == PROCEEDS and source.left > 0]
    names = stable_names((source.venue for source in proceeds), list(rows.values()))
    for source in draft.purse.sources:
        if source.kind == PROCEEDS:
            asset = names.get(source.venue, next(iter(changes), DEFAULT_STABLE))
            changes[asset] = changes.get(asset, 0.0) + source.left
        elif source.row is not None:
            changes[rows[source.row].asset] -= source.amount - source.left
    for need in draft.needs:
        if need.kind == RESERVE and need.placed:
            changes[need.label] = changes.get(need.label, 0.0) + need.placed
    return changes


def lines_of(draft: Draft) -> list[Line]:
    """Return the lines of a draft, weights after included."""
    lines = [*_sale_lines(draft), *_closing_lines(draft), *_transfer_lines(draft), *_need_lines(draft)]
    traded = {(line.product, line.row) for line in lines}
    lines += [
        _still(draft, state)
        for state in draft.judgement.spot
        if ("spot", state.holding.row) not in traded and not state.holding.stable
    ]
    lines += _stable_lines(draft)
    lines += [
        _still_futures(draft, state)
        for state in draft.judgement.futures
        if ("futures", state.position.row) not in traded
    ]
    lines = _with_weights(draft, lines)
    order = [line for line in lines if line.trades]
    order.sort(key=lambda line: (data.ORDER[line.action], -line.amount))
    rest = [line for line in lines if not line.trades]
    rest.sort(key=lambda line: (line.product == "futures", line.row if line.row is not None else 1e9))
    return order + rest


def _sale_lines(draft: Draft) -> list[Line]:
    lines = []
    for sale in draft.sales:
        holding = sale.state.holding
        traded = sale.amount > 0
        reason = sale.reason if traded else f"{sale.reason}; {sale.refusal}"
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
            )
        )
    return lines


def _closing_lines(draft: Draft) -> list[Line]:
    lines = []
    for closing in draft.closings:
        position = closing.position
        traded = closing.quantity > 0
        terms = (
            terms_of(draft.book, draft.tiers, position, closing.quantity, closing.margin, opening=False)
            if traded
            else None
        )
        lines.append(
            Line(
                position.symbol,
                data.CLOSE if traded else data.HOLD,
                closing.released,
                closing.quantity if traded else None,
                position.mark,
                closing.fee,
                realised_gain=closing.gain if traded else None,
                reason=closing.reason + _estimate(terms) if traded else f"{closing.reason}; {closing.refusal}",
                venue=position.venue,
                wanted=0.0 if traded else closing.wanted,
                product="futures",
                row=position.row,
                futures=terms,
            )
        )
    return lines


def _estimate(terms: FuturesTerms | None) -> str:
    """Return the label of a liquidation price that no exchange's published example backs."""
    if terms is None or terms.liquidation_price is None or not terms.estimate:
        return ""
    return f"; the liquidation price is an {terms.estimate}"


def _transfer_lines(draft: Draft) -> list[Line]:
    stables = [state.holding for state in draft.judgement.spot if state.holding.stable]
    lines = []
    for (origin, goal), amount in draft.purse.transfers.items():
        asset = next((h.asset for h in stables if h.venue.casefold() == origin.casefold()), None)
        asset = asset or (stables[0].asset if stables else DEFAULT_STABLE)
        fee = draft.purse.transfer_fees[(origin, goal)]
        reason = f"pays for what is bought at {goal}"
        lines.append(
            Line(
                asset,
                data.TRANSFER,
                amount,
                amount,
                1.0,
                fee,
                reason=reason,
                venue=origin,
                to_venue=goal,
                product="cash",
            )
        )
    return lines


def _need_lines(draft: Draft) -> list[Line]:
    lines = []
    served: list[str] = []
    for need in draft.needs:
        if need.kind == RESERVE:
            if need.placed:
                served.append(need.label)
            continue
        traded = need.placed > 0
        row = need.row
        assert row is not None
        reason = _need_reason(draft, need, served)
        if traded:
            served.append(need.label)
        if isinstance(row, Position):
            opening = data.OPEN_LONG if row.side == "long" else data.OPEN_SHORT
            terms = terms_of(draft.book, draft.tiers, row, need.quantity or 0.0, need.placed) if traded else None
            line = Line(need.label, opening if traded else data.HOLD, price=row.mark, product="futures")
            line = replace(line, futures=terms)
            reason += _estimate(terms)
        else:
            line = Line(need.label, data.BUY if traded else data.HOLD, price=row.price)
        line = replace(
            line,
            amount=need.placed,
            quantity=need.quantity if traded else None,
            fee=need.fee,
            reason=reason,
            venue=need.venue,
            wanted=need.missing if need.missing > DUST * draft.total else 0.0,
            row=row.row,
        )
        lines.append(line)
    return lines


def _need_reason(draft: Draft, need: Need, served: Sequence[str]) -> str:
    unit = "margin" if need.futures is not None else "money"
    wanted = f"{need.reason}; needs {amount_text(need.amount)}"
    if need.refusal and not need.placed:
        return f"{wanted}: {need.refusal}"
    if need.missing <= _rounding(draft, need):
        short = need.missing > DUST * draft.total
        return f"{wanted}: filled" + (f" to the lot, {amount_text(need.missing)} short of it" if short else "")
    why = _shortage(draft, need, served)
    if need.placed:
        return f"{wanted}: {amount_text(need.placed)} placed, {amount_text(need.missing)} not: {why}"
    return f"{wanted} of {unit}: none placed, {why}"


def _rounding(draft: Draft, need: Need) -> float:
    """Return what a lot may leave of a need that is filled."""
    row = need.row
    if row is None or need.quantity is None:
        return DUST * draft.total
    lot = row.lot if row.lot is not None else draft.book.venue(row.venue).lot or 0.0
    unit = row.unit_value / row.leverage if isinstance(row, Position) else row.price or 0.0
    return max(DUST * draft.total, lot * unit * (1 + 1e-9))


def _shortage(draft: Draft, need: Need, served: Sequence[str]) -> str:
    blocked = [sale.state.holding.asset for sale in draft.sales if sale.blocked]
    blocked += [closing.position.symbol for closing in draft.closings if closing.refusal]
    stuck = [venue for venue in draft.purse.stuck if venue.casefold() != need.venue.casefold()]
    reasons = []
    if blocked:
        reasons.append(f"it waits for the blocked sale of {', '.join(blocked)}")
    if stuck and need.venue:
        places = " and ".join(f"{amount_text(draft.purse.stuck[venue])} at {venue}" for venue in stuck)
        reasons.append(f"{places} cannot be withdrawn")
    if served:
        reasons.append(f"the money went to {', '.join(dict.fromkeys(served))}")
    share = draft.book.settings.futures_share
    other, product = (SPOT, "spot") if need.futures is not None else (FUTURES, "margin")
    kept = math.fsum(source.left for source in draft.purse.sources if source.pool == other)
    if share is not None and kept > DUST * draft.total:
        reasons.append(f"FuturesShare {percent(share)} keeps {amount_text(kept)} of the proceeds for {product}")
    return "; ".join(reasons) or "there is no money to deploy"


def _still(draft: Draft, state: SpotState) -> Line:
    holding = state.holding
    if state.frozen and state.named is not None:
        reason = f"HOLD event for {state.named.scope}: not traded"
    elif holding.target is None:
        reason = "no target: held and never traded"
        if state.named is not None:
            reason += f"; the {state.named.action} event needs a target to act (0 sells everything)"
    elif holding.locked:
        reason = f"locked; {drift_text(state)}"
    else:
        reason = drift_text(state)
        if draft.judgement.trigger.kind == NONE and draft.judgement.trigger.reasons:
            first = draft.judgement.trigger.reasons[0]
            reason += f"; {first}" if "cooldown" in first else ""
        elif state.target is not None and state.weight < state.target and state.no_buys:
            reason += "; not bought while the event is in force"
    return Line(holding.asset, data.HOLD, price=holding.price, reason=reason, venue=holding.venue, row=holding.row)


def _stable_lines(draft: Draft) -> list[Line]:
    changes = cash_changes(draft)
    lines = []
    kept = {need.label: need for need in draft.needs if need.kind == RESERVE}
    for state in draft.judgement.spot:
        holding = state.holding
        if not holding.stable:
            continue
        lines.append(
            Line(
                holding.asset,
                data.HOLD,
                price=holding.price,
                reason=_stable_reason(draft, state, changes[holding.asset], kept.pop(holding.asset, None)),
                venue=holding.venue,
                product="cash",
                row=holding.row,
            )
        )
    for asset, change in changes.items():
        if abs(change) > 1e-10 * draft.total and not any(line.asset == asset for line in lines):
            reason = f"{amount_text(change)} left over stays in stablecoins (a new row)"
            lines.append(Line(asset, data.HOLD, price=1.0, reason=reason, product="cash"))
    return lines


def _stable_reason(draft: Draft, state: SpotState, change: float, need: Need | None) -> str:
    reason = drift_text(state) if state.target is not None else f"weight {percent(state.weight)}, no target"
    if change > DUST * draft.total:
        reason += f"; receives {amount_text(change)}"
    elif change < -DUST * draft.total:
        reason += f"; pays {amount_text(-change)}"
    if need is not None:
        what = f"{need.reason}: {amount_text(need.placed)} of {amount_text(need.amount)}"
        reason += f"; {what}"
    return reason


def _still_futures(draft: Draft, state: FuturesState) -> Line:
    position = state.position
    if state.frozen and state.named is not None:
        reason = f"HOLD event for {state.named.scope}: not traded"
    elif position.quantity <= 0:
        reason = "not open"
    elif state.target is None and state.hedge_ratio is None:
        reason = "no target: kept as it is"
    else:
        reason = "kept as it is"
    if state.target:
        share = (equity_of(position)) / draft.total
        reason += f"; equity {percent(share)} of the book, target for its margin {percent(state.target)}"
    if state.hedge_ratio is not None:
        reason += f"; hedges {percent(state.hedge_ratio)} of {position.asset}"
    if draft.judgement.trigger.kind == NONE and (state.target or state.hedge_ratio):
        reason += "; acts at the next trigger"
    return Line(
        position.symbol,
        data.HOLD,
        price=position.mark,
        reason=reason,
        venue=position.venue,
        product="futures",
        row=position.row,
    )


def _with_weights(draft: Draft, lines: list[Line]) -> list[Line]:
    """Fill in the weights before and after of every row's line."""
    before = {("spot", state.holding.row): state.holding.value for state in draft.judgement.spot}
    before |= {("futures", s.position.row): equity_of(s.position) for s in draft.judgement.futures}
    after = dict(before)
    for sale in draft.sales:
        after[("spot", sale.state.holding.row)] -= sale.amount
    for closing in draft.closings:
        after[("futures", closing.position.row)] -= closing.released
    for need in draft.needs:
        if need.kind != RESERVE and need.row is not None:
            after["futures" if need.futures is not None else "spot", need.row.row] += need.placed
    changes = cash_changes(draft)
    weighed = []
    for line in lines:
        if line.action == data.TRANSFER:
            weighed.append(line)
            continue
        if line.product == "cash":
            was = 0.0 if line.row is None else before[("spot", line.row)]
            becomes = was + changes.get(line.asset, 0.0)
            becomes = becomes if abs(becomes) > 1e-12 * draft.total else 0.0
        else:
            was, becomes = before[(line.product, line.row)], after[(line.product, line.row)]  # type: ignore[index]
        weighed.append(replace(line, weight_before=was / draft.total, weight_after=becomes / draft.total_after))
    return weighed


def unresolved_of(draft: Draft) -> list[Unresolved]:
    """Return what could not be placed: needs without money, and sales that something forbids."""
    found = [
        Unresolved(sale.state.holding.asset, sale.wanted - sale.amount, sale.refusal or sale.reason)
        for sale in draft.sales
        if sale.wanted - sale.amount > DUST * draft.total and (sale.refusal or "TurnoverCap" in sale.reason)
    ]
    found += [Unresolved(c.position.symbol, c.wanted, c.refusal) for c in draft.closings if c.refusal]
    served: list[str] = []
    for need in draft.needs:
        missing = need.missing > _rounding(draft, need)
        if missing:
            why = need.refusal if need.refusal and not need.placed else _shortage(draft, need, served)
            found.append(Unresolved(need.label, need.missing, why))
        if need.placed:
            served.append(need.label)
    return found
