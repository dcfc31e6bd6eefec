"""What a trader must see before acting: liquidation distance, funding, leverage, venues, reserve, over-commitment."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rebalance_xl.book.causes import Refusal
from rebalance_xl.book.derivatives import spread_legs
from rebalance_xl.book.futures import DAYS_A_YEAR, funding_per_day, margin_of
from rebalance_xl.book.model import Book
from rebalance_xl.book.plan_data import HOLD, Line, PositionFigures, SpreadFigures, Totals
from rebalance_xl.book.sentences import drift_text, refusal_text
from rebalance_xl.book.tolerances import DUST, EDGE, SLACK
from rebalance_xl.functions.deployment import RESERVE_MAXIMUM, RESERVE_MINIMUM
from rebalance_xl.functions.plan_table import amount_text, percent

if TYPE_CHECKING:
    from rebalance_xl.book.draft import Draft

#: A margin this much above its target share is worth a word.
_MARGIN_SLACK = 0.01


def warnings_of(
    draft: Draft,
    lines: Sequence[Line],
    positions: Sequence[PositionFigures],
    totals: Totals,
    spreads: Sequence[SpreadFigures] = (),
) -> list[str]:
    """Return the warnings of a plan, one sentence each."""
    book = draft.book
    found = _overcommitment(draft, totals) + _locked(draft)
    found += _gone(draft)
    found += _liquidation(draft, lines, positions)
    found += _leverage(book, positions)
    found += _funding(book)
    found += _paid_twice(book, lines)
    found += _venues(book, lines)
    found += _reserve(draft, lines)
    found += _margins(book, draft.total)
    found += _tiers(draft)
    found += _alone(draft)
    found += [
        f"spread {each.name}: its z-score {each.zscore:.2f} does not support these sides"
        for each in spreads
        if each.supported is False and each.zscore is not None
    ]
    if book.total is not None and abs(book.total - totals.value) > 0.005 * totals.value:
        found.append(
            f"the workbook's Total is {amount_text(book.total)}, but spot, stablecoins and futures equity make "
            f"{amount_text(totals.value)}; the plan uses the latter"
        )
    if book.as_of is None:
        found.append("no date is given (AsOf): reviews, events and the cooldown are not judged")
    return found


def _overcommitment(draft: Draft, totals: Totals) -> list[str]:
    if totals.overcommitted <= 0:
        return []
    method = draft.book.settings.deploy_method
    rule = "by priority" if method == "priority" else "pro rata"
    return [
        f"the needs exceed the money to deploy: over-committed by {amount_text(totals.overcommitted)}; "
        f"the money is placed {rule}"
    ]


def _locked(draft: Draft) -> list[str]:
    return [
        f"{state.asset} is locked and cannot be trimmed: {drift_text(state, draft.book.settings.review_drift)}"
        for state in draft.judgement.spot
        if state.locked and state.target is not None and state.drift > state.width + EDGE
    ]


def _gone(draft: Draft) -> list[str]:
    return [
        f"{state.position.symbol} has passed its liquidation price: it counts 0 and hedges nothing; correct its row"
        for state in draft.judgement.futures
        if state.gone
    ]


def _liquidation(draft: Draft, lines: Sequence[Line], positions: Sequence[PositionFigures]) -> list[str]:
    book = draft.book
    limit = book.settings.liquidation_warning
    advice = "" if book.settings.margin_top_up is not None else "; with the setting MarginTopUp the plan adds margin"
    found = []
    gone = {state.position.row for state in draft.judgement.futures if state.gone}
    rows = [position.row for position in book.positions if position.quantity > 0]
    for row, figures in zip(rows, positions, strict=True):
        gap = figures.liquidation_distance
        if gap is not None and gap < limit:
            price = amount_text(figures.liquidation_price or 0.0)
            state = "has reached its liquidation price" if gap == 0 else f"is {percent(gap)} from liquidation"
            hint = "" if row in gone else advice
            found.append(
                f"{figures.symbol} {state} ({price}); warned below {percent(limit)}{_label(figures.estimate)}{hint}"
            )
    for line in lines:
        terms = line.futures
        if terms is None or line.action == HOLD or terms.liquidation_distance is None:
            continue
        if terms.liquidation_distance < limit:
            price = amount_text(terms.liquidation_price or 0.0)
            found.append(
                f"{line.asset} would be {percent(terms.liquidation_distance)} from liquidation ({price}) after the "
                f"plan; warned below {percent(limit)}{_label(terms.estimate)}"
            )
    return found


def _label(estimate: str) -> str:
    return f" ({estimate})" if estimate else ""


def _leverage(book: Book, positions: Sequence[PositionFigures]) -> list[str]:
    found = []
    for figures in positions:
        limits = [(figures.max_leverage, f"the maximum of its tier at {figures.venue}")]
        limits.append((book.venue(figures.venue).max_leverage, f"the maximum at {figures.venue} (Venues)"))
        for most, whose in limits:
            if most is not None and figures.leverage > most * (1 + SLACK):
                found.append(f"{figures.symbol}: leverage {figures.leverage:g} is above {most:g}, {whose}")
    return found


def _funding(book: Book) -> list[str]:
    limit = book.settings.funding_warning
    found = []
    for position in book.positions:
        rate = funding_per_day(position, 1.0) * DAYS_A_YEAR
        if position.quantity > 0 and rate > limit:
            found.append(
                f"{position.symbol} pays {percent(rate)} of its notional a year in funding "
                f"({amount_text(rate * position.notional)}); warned above {percent(limit)}"
            )
    return found


def _paid_twice(book: Book, lines: Sequence[Line]) -> list[str]:
    opened = {line.row for line in lines if line.action == "OPEN LONG"}
    spot = {h.asset.casefold() for h in book.holdings if h.value > 0 and not h.stable}
    return [
        f"long {position.asset} in spot and in {position.symbol}: "
        + ("funding is paid for a view that is held already" if position.funding_rate else "one view, held twice")
        for position in book.positions
        if position.side == "long"
        and position.expiry is None
        and position.asset.casefold() in spot
        and (position.quantity > 0 or position.row in opened)
        and position.funding_rate >= 0
    ]


def _venues(book: Book, lines: Sequence[Line]) -> list[str]:
    found = []
    for name in dict.fromkeys(line.venue for line in lines if line.venue):
        venue = book.venue(name)
        if not venue.withdrawals:
            found.append(f"{venue.name} does not let you withdraw: money there is stuck")
    for position in book.positions:
        forbidden = book.venue(position.venue).forbids("futures") if position.venue else ""
        if forbidden and position.quantity > 0:
            refusal = refusal_text(Refusal(forbidden, names=(position.venue, "futures")))
            found.append(f"{position.symbol} is open, but {refusal}")
    return found


def _reserve(draft: Draft, lines: Sequence[Line]) -> list[str]:
    settings = draft.book.settings
    low = RESERVE_MINIMUM if settings.reserve_min is None else settings.reserve_min
    high = RESERVE_MAXIMUM if settings.reserve_max is None else settings.reserve_max
    after = math.fsum(line.weight_after or 0.0 for line in lines if line.product == "cash")
    when = "after the plan" if any(line.trades for line in lines) else "now"
    if after < low - DUST:
        return [f"stablecoins are {percent(after)} of the book {when}, below the reserve of {percent(low)}"]
    if after > high + DUST:
        return [f"stablecoins are {percent(after)} of the book {when}, above {percent(high)}"]
    return []


def _margins(book: Book, total: float) -> list[str]:
    found = []
    for position in book.positions:
        share = margin_of(position) / total
        if position.target and position.quantity > 0 and share > position.target + _MARGIN_SLACK:
            found.append(
                f"the margin of {position.symbol} is {percent(share)} of the book, above the "
                f"{percent(position.target)} set for it"
            )
    return found


def _tiers(draft: Draft) -> list[str]:
    found = []
    for state in draft.judgement.futures:
        position = state.position
        wanted = position.quantity > 0 or state.target or state.hedge_ratio
        problem = draft.tiers.problem(position) if wanted else ""
        if problem:
            found.append(f"{position.symbol}: no liquidation price, {problem}")
    return found


def _alone(draft: Draft) -> list[str]:
    """Warn of a leg that stays open although the other one of its spread has expired: alone, a leg is a bet."""
    return [
        f"{leg.position.symbol} stays open alone: {other.position.symbol}, the other leg of its spread, has expired"
        for legs in spread_legs(draft.judgement.futures).values()
        for leg, other in (legs, legs[::-1])
        if other.expired and leg.position.quantity > 0 and not leg.to_close and not leg.gone
    ]


def crumbs_note(draft: Draft) -> list[str]:
    """Note assets that stay below their band because stablecoins are kept: they take crumbs day after day."""
    settings = draft.book.settings
    if settings.reserve_min is None or settings.reserve_max is not None:
        return []
    found = []
    for need in draft.needs:
        state = need.spot
        if state is None or state.stable or not state.under or state.target is None:
            continue
        after = (state.value + need.amount) / draft.total_after
        if after < state.target - state.width - EDGE and need.missing > DUST * draft.total:
            found.append(
                f"{state.asset} stays below its band because ReserveMin keeps stablecoins and there is no ReserveMax: "
                "it will take crumbs day after day; MinTrade keeps out small trades, ReserveMax frees what is above it"
            )
    return found
