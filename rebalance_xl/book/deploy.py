"""Deploys money: what each row needs, in which order it is served, and what could not be placed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from rebalance_xl.book.futures import Tiers, margin_of
from rebalance_xl.book.model import Book, Holding, Position
from rebalance_xl.book.money import ANY, CASH, EVENT, FUTURES, PROCEEDS, SPOT, Fees, Purse
from rebalance_xl.book.orders import DUST, size_order
from rebalance_xl.book.triggers import FuturesState, Judgement, SpotState, drift_text
from rebalance_xl.cells import from_serial
from rebalance_xl.functions.deployment import METHODS, fill
from rebalance_xl.functions.hedging import hedge_notional
from rebalance_xl.functions.plan_table import amount_text, percent

BUYING, RESERVE, MARGIN, HEDGE = "spot", "reserve", "margin", "hedge"


@dataclass(slots=True)
class Need:
    """Money that a row asks for, and what it got.

    `amount` is money: of spot to buy, of stablecoins to keep, or of margin to post. `goal` is the money the row would
    have on target, by which ties of priority are decided.
    """

    kind: str
    label: str
    row: Holding | Position | None
    amount: float
    goal: float
    reason: str
    venue: str = ""
    priority: float | None = None
    first: bool = False
    refusal: str = ""
    placed: float = 0.0
    quantity: float | None = None
    fee: float = 0.0
    fee_rate: float = 0.0
    spot: SpotState | None = None
    futures: FuturesState | None = None

    @property
    def missing(self) -> float:
        """Money that was not placed."""
        return max(0.0, self.amount - self.placed)

    @property
    def pools(self) -> tuple[str, ...]:
        """The pools that may pay."""
        if self.first:
            return (ANY, SPOT, FUTURES, EVENT)
        return (ANY, FUTURES) if self.kind in (MARGIN, HEDGE) else (ANY, SPOT)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The reserve is filled from proceeds: it is cash already."""
        return (PROCEEDS,) if self.kind == RESERVE else (CASH, PROCEEDS)


@dataclass(slots=True)
class Deployment:
    """All needs in the order in which they were served, and the money there was."""

    needs: list[Need] = field(default_factory=list)
    overcommitted: float = 0.0
    sentences: list[str] = field(default_factory=list)


def find_needs(
    book: Book,
    judgement: Judgement,
    tiers: Tiers,
    total: float,
    total_after: float,
    spot_after: dict[str, float],
    margin_money: float,
) -> list[Need]:
    """Return what every row needs, in the order of serving.

    Parameters
    ----------
    book, judgement, tiers
        The book, the rows' states and the margin tiers.
    total, total_after
        Book value before, and after fees.
    spot_after
        Spot value of each asset after the plan, from which hedges are sized.
    margin_money
        Money that FuturesShare keeps for margin: the need of Futures rows when none has a target.
    """
    needs = [*_spot_needs(book, judgement, total, total_after)]
    needs += _reserve_needs(book, judgement, total_after)
    needs += _margin_needs(book, judgement, total, margin_money)
    needs += _hedge_needs(book, judgement, spot_after)
    needs = [need for need in needs if need.amount > DUST * total]
    for need in needs:
        if isinstance(need.row, Position):
            need.fee_rate = book.venue(need.venue).futures_fee * need.row.leverage
            need.refusal = _futures_refusal(book, tiers, need)
        elif need.kind == BUYING:
            need.fee_rate = book.venue(need.venue).spot_fee
            need.refusal = need.refusal or (book.venue(need.venue).refusal("spot") if need.venue else "")
    order = sorted(enumerate(needs), key=lambda pair: (*_rank(pair[1]), pair[0]))
    return [need for _, need in order]


def _rank(need: Need) -> tuple[bool, float, float]:
    priority = math.inf if need.priority is None else need.priority
    return (not need.first, priority, -round(need.amount / need.goal, 9) if need.goal > 0 else 0.0)


def _spot_needs(book: Book, judgement: Judgement, total: float, total_after: float) -> list[Need]:
    needs = []
    for state in judgement.spot:
        holding = state.holding
        if holding.stable or state.target is None or state.no_buys or state.over:
            continue
        if book.settings.buy_scope == "breaching" and not state.under:
            continue
        goal = min(state.target * total, (state.target + state.width) * total_after)
        amount = goal - holding.value
        refusal = ""
        if holding.quantity is not None and holding.price is None:
            refusal = "no price"
        need = Need(BUYING, holding.asset, holding, amount, goal, drift_text(state), holding.venue)
        need.priority, need.spot, need.refusal = holding.priority, state, refusal
        needs.append(need)
    return needs


def _reserve_needs(book: Book, judgement: Judgement, total_after: float) -> list[Need]:
    needs = []
    stables = [state for state in judgement.spot if state.holding.stable]
    held = math.fsum(state.holding.value for state in stables)
    for state in stables:
        holding = state.holding
        if state.target is None:
            continue
        goal = state.target * total_after
        text = f"kept in {holding.asset}: {percent(state.weight)} is under its target of {percent(state.target)}"
        need = Need(RESERVE, holding.asset, holding, goal - holding.value, goal, text, holding.venue)
        need.priority, need.spot = holding.priority, state
        if need.amount > 0:
            needs.append(need)
    minimum = book.settings.reserve_min
    if minimum is not None:
        goal = minimum * total_after
        gap = goal - held - math.fsum(need.amount for need in needs)
        first = next((state for state in stables if state.target is None), stables[0] if stables else None)
        label = first.holding.asset if first else "USDT"
        text = f"kept in {label}: the reserve is under ReserveMin {percent(minimum)}"
        need = Need(RESERVE, label, first.holding if first else None, gap, goal, text)
        if first:
            need.priority, need.venue, need.spot = first.holding.priority, first.holding.venue, first
        needs.append(need)
    return needs


def _margin_needs(book: Book, judgement: Judgement, total: float, margin_money: float) -> list[Need]:
    needs = []
    rows = [state for state in judgement.futures if state.hedge_ratio is None and not state.to_close]
    rows = [state for state in rows if not (state.frozen or state.exit)]
    untargeted = [state for state in rows if state.target is None]
    share_out = margin_money > 0 and not any(state.target for state in rows)
    for state in rows:
        position = state.position
        if state.target:
            goal = state.target * total
            text = f"margin under its target of {percent(state.target)}"
        elif share_out and state in untargeted:
            goal = margin_of(position) + margin_money / len(untargeted)
            text = f"FuturesShare {percent(book.settings.futures_share or 0.0)} of the proceeds is kept for margin"
        else:
            continue
        need = Need(MARGIN, position.symbol, position, goal - margin_of(position), goal, text, position.venue)
        need.priority, need.futures = position.priority, state
        need.first = state.named is not None
        if state.named is not None:
            need.reason = f"{state.named.action} event for {state.named.scope}: {text}"
        needs.append(need)
    return needs


def hedge_gap(state: FuturesState, spot_after: dict[str, float]) -> float:
    """Return the short notional still to open (+) or to close (-) for a row with a hedge ratio."""
    position = state.position
    spot = spot_after.get(position.asset.casefold(), 0.0)
    return float(hedge_notional(spot, state.hedge_ratio or 0.0, 1.0, position.notional))


def _hedge_needs(book: Book, judgement: Judgement, spot_after: dict[str, float]) -> list[Need]:
    needs = []
    for state in judgement.futures:
        if state.hedge_ratio is None or state.to_close:
            continue
        position = state.position
        gap = hedge_gap(state, spot_after)
        if gap <= 0:
            continue
        text = f"hedge {percent(state.hedge_ratio)} of {position.asset}: {amount_text(gap)} still to short"
        if state.named is not None and state.named.action == "HEDGE":
            text = f"HEDGE event for {state.named.scope}: {text}"
        need = Need(HEDGE, position.symbol, position, gap / position.leverage, gap, text, position.venue)
        need.priority, need.futures = position.priority, state
        need.first = state.named is not None
        needs.append(need)
    return needs


def _futures_refusal(book: Book, tiers: Tiers, need: Need) -> str:
    position = need.row
    assert isinstance(position, Position)
    venue = book.venue(position.venue)
    refusal = venue.refusal("futures") if position.venue else ""
    if refusal:
        return refusal
    if position.expired(book.as_of):
        return f"it expired on {from_serial(position.expiry or 0.0):%Y-%m-%d}"
    if venue.max_leverage is not None and position.leverage > venue.max_leverage:
        return f"leverage {position.leverage:g} is above the {venue.max_leverage:g} that {venue.name} allows you"
    notional = position.notional + need.amount * position.leverage
    most = tiers.max_leverage(position, notional)
    if most is not None and position.leverage > most:
        return (
            f"leverage {position.leverage:g} is above {most:g}, the maximum of the tier of "
            f"{amount_text(notional)} notional at {position.venue}"
        )
    return ""


def deploy(book: Book, needs: Sequence[Need], purse: Purse, fees: Fees, total: float) -> None:
    """Serve the needs: by priority, or pro rata and then what lots left over by priority.

    Events come first. With FuturesShare the pools for spot and futures are shared out apart.
    """
    first = [need for need in needs if need.first]
    rest = [need for need in needs if not need.first]
    for need in first:
        _place(book, need, purse, fees, total, math.inf)
    if book.settings.deploy_method == "pro_rata":
        split = book.settings.futures_share is not None
        spot = [need for need in rest if need.kind in (BUYING, RESERVE)]
        groups = [spot, [need for need in rest if need not in spot]] if split else [rest]
        for group in groups:
            open_needs = [need for need in group if not need.refusal]
            if not open_needs:
                continue
            pools = tuple({pool for need in open_needs for pool in need.pools})
            money = math.fsum(s.left for s in purse.sources if s.pool in pools)
            costs = [need.amount * (1 + need.fee_rate) for need in open_needs]
            shares = fill(money, costs, METHODS["pro_rata"], [0.0] * len(costs))
            for need, share in zip(open_needs, shares, strict=True):
                _place(book, need, purse, fees, total, share)
    for need in rest:
        _place(book, need, purse, fees, total, math.inf)


def _place(book: Book, need: Need, purse: Purse, fees: Fees, total: float, limit: float) -> None:
    """Place as much of a need as the money allows; what stands against it becomes its refusal."""
    hard = need.refusal and need.placed == 0.0
    if hard or need.missing <= DUST * total:
        return
    money = min(limit, purse.available(need.venue, need.pools, need.kinds))
    amount = min(need.missing, fees.affordable(need.venue, money, need.fee_rate))
    if amount <= DUST * total:
        return
    if need.kind == RESERVE:
        fees.paid += purse.spend(amount, need.venue, need.pools, need.kinds)
        need.placed += amount
        return
    row = need.row
    assert row is not None
    leverage = row.leverage if isinstance(row, Position) else 1.0
    price = _unit_price(row)
    size = size_order(book, row, amount * leverage, price, topping_up=need.placed > 0.0)
    if size.refusal and need.placed == 0.0:
        if limit == math.inf:
            short = amount < need.missing * (1 - 1e-9)
            left = f"only {amount_text(amount)} is left for it, and " if short else ""
            need.refusal = f"not placed: {left}{size.refusal}"
        return
    if size.refusal:
        return
    traded = size.amount
    spent = amount if need.kind == MARGIN else traded / leverage
    rate = need.fee_rate / leverage
    fee = fees.charge(need.venue, traded * rate)
    fees.paid += purse.spend(spent + fee, need.venue, need.pools, need.kinds)
    need.placed += spent
    need.fee += fee
    if size.quantity is not None:
        need.quantity = (need.quantity or 0.0) + size.quantity


def _unit_price(row: Holding | Position) -> float | None:
    if isinstance(row, Position):
        return row.unit_value
    return None if row.quantity is None and row.price is None else row.price
