"""Turns orders into lines: sells first, largest first, and a reason for every row that does not trade."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from rebalance_xl.book import plan_data as data
from rebalance_xl.book import sentences as say
from rebalance_xl.book.assets import money_price
from rebalance_xl.book.draft import Draft
from rebalance_xl.book.free_margin import wallet_of
from rebalance_xl.book.futures import terms_of
from rebalance_xl.book.model import Holding
from rebalance_xl.book.orders import BUY, CLOSE, KEPT, REDUCE, RELEASE, TOP_UP, Order
from rebalance_xl.book.plan_cash import cash_changes
from rebalance_xl.book.plan_data import FuturesTerms, Line
from rebalance_xl.book.plan_reasons import cause_of, need_reason
from rebalance_xl.book.plan_still import side_of, stable_lines, still_futures_line, still_line
from rebalance_xl.book.spreads import spread_text
from rebalance_xl.book.tolerances import DUST, NO_MONEY
from rebalance_xl.functions.plan_table import amount_text, percent
from rebalance_xl.functions.wording import names_text

_CLOSING_ACTIONS = {CLOSE: data.CLOSE, REDUCE: data.REDUCE, RELEASE: data.RELEASE}


def label_of(asset: str, venue: str, among: Sequence[Holding]) -> str:
    """Return a row's name: the asset's, with its venue where more than one row has it."""
    same = [row for row in among if row.asset.casefold() == asset.casefold()]
    alone = not same or (len(same) == 1 and same[0].venue.casefold() == venue.casefold())
    return asset if alone or not venue else f"{asset} ({venue})"


def lines_of(draft: Draft) -> list[Line]:
    """Return the lines of a plan, weights after included."""
    lines = [*_sale_lines(draft), *_closing_lines(draft), *_transfer_lines(draft), *_need_lines(draft)]
    traded = {(line.product, line.row) for line in lines if line.action != data.CONVERT}
    for state in draft.judgement.spot:
        if not state.stable:
            said = any((("spot", row.row) in traded) for row in state.rows)
            lines += [still_line(draft, state, row, said) for row in state.rows if ("spot", row.row) not in traded]
    lines += stable_lines(draft)
    lines += [
        still_futures_line(draft, state)
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


def _sale_lines(draft: Draft) -> list[Line]:
    lines = []
    below = tuple(state.asset for state in draft.judgement.spot if state.under and not state.stable)
    below += tuple(state.asset for state in draft.judgement.spot if state.under and state.stable)
    for sale in draft.sales:
        holding, traded = sale.holding, sale.amount > 0
        if sale.cause.kind == "pays":
            sale.cause = replace(sale.cause, names=below)
        reason = cause_of(draft, sale)
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
        reason = cause_of(draft, order)
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
