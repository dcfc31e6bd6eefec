"""What a trader must see before acting: liquidation distance, funding, leverage, venues, reserve, over-commitment."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rebalance_xl.book.futures import DAYS_A_YEAR, funding_per_day, margin_of
from rebalance_xl.book.model import Book
from rebalance_xl.book.plan_data import HOLD, Line, PositionFigures, Totals
from rebalance_xl.book.triggers import drift_text
from rebalance_xl.functions.deployment import RESERVE_MAXIMUM, RESERVE_MINIMUM
from rebalance_xl.functions.elementwise import TOLERANCE
from rebalance_xl.functions.plan_table import amount_text, percent

if TYPE_CHECKING:
    from rebalance_xl.book.plan import Draft

#: A margin this much above its target share is worth a word.
_MARGIN_SLACK = 0.01


def warnings_of(draft: Draft, lines: Sequence[Line], positions: Sequence[PositionFigures], totals: Totals) -> list[str]:
    """Return the warnings of a plan, one sentence each."""
    book = draft.book
    found = _overcommitment(draft, totals) + _locked(draft)
    found += _liquidation(book, lines, positions)
    found += _leverage(book, positions)
    found += _funding(book)
    found += _paid_twice(book, lines)
    found += _venues(book, lines)
    found += _reserve(draft, lines)
    found += _margins(book, draft.total)
    found += _tiers(draft)
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
        f"{state.holding.asset} is locked and cannot be trimmed: {drift_text(state)}"
        for state in draft.judgement.spot
        if state.holding.locked and state.target is not None and state.drift > state.width + TOLERANCE
    ]


def _liquidation(book: Book, lines: Sequence[Line], positions: Sequence[PositionFigures]) -> list[str]:
    limit = book.settings.liquidation_warning
    found = []
    for figures in positions:
        gap = figures.liquidation_distance
        if gap is not None and gap < limit:
            price = amount_text(figures.liquidation_price or 0.0)
            state = "has reached its liquidation price" if gap == 0 else f"is {percent(gap)} from liquidation"
            found.append(f"{figures.symbol} {state} ({price}); warned below {percent(limit)}{_label(figures.estimate)}")
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
            if most is not None and figures.leverage > most * (1 + 1e-9):
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
        refusal = book.venue(position.venue).refusal("futures") if position.venue else ""
        if refusal and position.quantity > 0:
            found.append(f"{position.symbol} is open, but {refusal}")
    return found


def _reserve(draft: Draft, lines: Sequence[Line]) -> list[str]:
    settings = draft.book.settings
    low = RESERVE_MINIMUM if settings.reserve_min is None else settings.reserve_min
    high = RESERVE_MAXIMUM if settings.reserve_max is None else settings.reserve_max
    after = math.fsum(line.weight_after or 0.0 for line in lines if line.product == "cash")
    when = "after the plan" if any(line.trades for line in lines) else "now"
    if after < low - 1e-6:
        return [f"stablecoins are {percent(after)} of the book {when}, below the reserve of {percent(low)}"]
    if after > high + 1e-6:
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
