"""Deploys money: serves the needs by priority or pro rata, with coins where margin is kept in them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rebalance_xl.book.accounts import account_key
from rebalance_xl.book.derivatives import coins_of, equal_lots, pledges
from rebalance_xl.book.free_margin import is_whole, listed_wallet
from rebalance_xl.book.model import Holding, Position
from rebalance_xl.book.money import ACCOUNT, ANY, CASH, EVENT, FUTURES, PROCEEDS, RAISED, SPOT, Source
from rebalance_xl.book.orders import BUY, HEDGE, KEEP, KEPT, MARGIN, REPAY, TOP_UP, Move, Order, Refusal
from rebalance_xl.book.sizing import Size, size_order
from rebalance_xl.book.states import rows_by_asset
from rebalance_xl.book.tolerances import DUST, SLACK, WHOLE
from rebalance_xl.functions.deployment import METHODS, fill

if TYPE_CHECKING:
    from rebalance_xl.book.draft import Draft

_ALL_KINDS = (CASH, PROCEEDS, RAISED)
_EVERYTHING = (ANY, SPOT, FUTURES, EVENT)


def pools_of(need: Order) -> tuple[str, ...]:
    """Return the pools that may pay for a need."""
    return (*own_pools(need), *_other_pools(need))


def own_pools(need: Order) -> tuple[str, ...]:
    """Return the pools of the free margin that pays for an opening before money is spent."""
    if need.kind in (MARGIN, HEDGE) and need.position.margin_mode == "cross":
        pools = account_pools(need.position)
        return pools[:1] if need.position.inverse else pools
    return ()


def _other_pools(need: Order) -> tuple[str, ...]:
    return _EVERYTHING if need.first else (ANY, FUTURES) if need.kind in (MARGIN, HEDGE) else (ANY, SPOT)


def account_pools(position: Position) -> tuple[str, str]:
    """Return the pools of free margin that a cross position may use: in its margin coin, and in all of its account."""
    venue, account = account_key(position.venue, position.account)
    return f"{ACCOUNT}{venue} {account} {position.margin_coin.casefold()}", f"{ACCOUNT}{venue} {account} "


def _is_free_margin(source: Source) -> bool:
    return source.pool.startswith(ACCOUNT)


def _money(sources: Sequence[Source]) -> list[Source]:
    """Return the sources that are no free margin of an account."""
    return [each for each in sources if not _is_free_margin(each)]


def _pay(draft: Draft, need: Order, cost: float, sources: Sequence[Source]) -> None:
    """Pay for a need: from the free margin of its account, then with money."""
    cost -= _pay_freely(draft, need, cost, sources)
    if cost > 0.0:
        draft.fees.paid += draft.purse.spend(cost, need.venue, _money(sources) if need.free else sources)


def _pay_freely(draft: Draft, need: Order, cost: float, sources: Sequence[Source]) -> float:
    """Pay from the free margin of the account as far as it goes; return that part."""
    free = [each for each in sources if _is_free_margin(each)] if draft.book.wallets else []
    part = min(cost, draft.purse.available(need.venue, free))
    if part <= 0.0:
        return 0.0
    draft.purse.spend(part, need.venue, free)
    need.free += part
    return cost if part >= cost * (1 - WHOLE) else part


def kinds_of(need: Order) -> tuple[str, ...]:
    """Return whose money may pay: the reserve is filled from proceeds, as it is cash already."""
    return (PROCEEDS, RAISED) if need.kind == KEEP else _ALL_KINDS


def _sources_of(draft: Draft, need: Order) -> list[Source]:
    """Return the money that a need may be paid from, in the order of spending."""
    return draft.purse.usable(need.venue, pools_of(need), kinds_of(need))


def deploy(draft: Draft) -> None:
    """Serve the needs: by priority, or pro rata and then what lots left over by priority.

    Debts, margin in danger and events come first. With FuturesShare the pools for spot and futures are shared out
    apart.
    """
    first = [need for need in draft.needs if need.first]
    rest = [need for need in draft.needs if not need.first]
    for need in first:
        place(draft, need, math.inf)
    if draft.book.settings.deploy_method == "pro_rata":
        split = draft.book.settings.futures_share is not None
        spot = [need for need in rest if need.kind in (BUY, KEEP)]
        for group in [spot, [need for need in rest if need not in spot]] if split else [rest]:
            _pro_rata(draft, group)
    for need in rest:
        place(draft, need, math.inf)


def hedge_with_coins(draft: Draft) -> None:
    """Serve the hedges margined in their own coin once more: it may have been bought with money raised since."""
    for need in draft.needs:
        if need.kind == HEDGE and need.futures is not None and pledges(need.futures):
            place(draft, need, math.inf)


def _pro_rata(draft: Draft, group: Sequence[Order]) -> None:
    needs = [need for need in group if not need.hard]
    if not needs:
        return
    pools = {pool for need in needs for pool in pools_of(need)}
    money = math.fsum([s.left for s in draft.purse.sources if s.pool in pools])
    costs = [need.wanted * (1 + need.fee_rate) for need in needs]
    shares = fill(money, costs, METHODS["pro_rata"], [0.0] * len(costs))
    for need, share in zip(needs, shares, strict=True):
        place(draft, need, share)


def place(draft: Draft, need: Order, limit: float, most: float = math.inf) -> None:
    """Place as much of a need as the money allows; what stands against it becomes its refusal.

    Parameters
    ----------
    draft, need
        The plan in the making, and the need.
    limit
        Money that may be spent, fees included.
    most
        Money that may be placed, fees excluded, where that is less than what is missing.
    """
    if need.hard:
        return
    wanted = min(need.wanted - need.amount, most)
    if wanted <= (0.0 if need.kind == REPAY else DUST * draft.total):
        return
    if need.partner is not None:
        _place_spread(draft, need, limit)
    elif need.kind in KEPT:
        _keep(draft, need, min(wanted, limit))
    elif need.kind == BUY:
        _buy(draft, need, wanted, limit)
    else:
        _post(draft, need, wanted, limit)


def _keep(draft: Draft, need: Order, wanted: float) -> None:
    sources = _sources_of(draft, need)
    amount = min(wanted, draft.purse.available(need.venue, sources))
    if amount > (0.0 if need.kind == REPAY else DUST * draft.total):
        draft.fees.paid += draft.purse.spend(amount, need.venue, sources)
        need.amount += amount


def _buy(draft: Draft, need: Order, wanted: float, limit: float) -> None:
    if need.amount == 0.0 and need.spot is not None and len(need.spot.rows) > 1:
        _choose_row(draft, need)
    sources = _sources_of(draft, need)
    money = min(limit, draft.purse.available(need.venue, sources))
    amount = min(wanted, draft.fees.affordable(need.venue, money, need.fee_rate))
    if amount <= DUST * draft.total:
        return
    row = need.holding
    price = row.unit_price
    size = size_order(draft.book, row, amount, price, topping_up=need.amount > 0.0)
    if size.refusal is not None and _refused(need, size, amount, limit):
        return
    fee = draft.fees.charge(need.venue, size.amount * need.fee_rate)
    draft.fees.paid += draft.purse.spend(size.amount + fee, need.venue, sources)
    need.amount += size.amount
    need.fee += fee
    if size.quantity is not None:
        need.quantity = (need.quantity or 0.0) + size.quantity


def _refused(need: Order, size: Size, amount: float, limit: float) -> bool:
    if size.refusal is None:
        return False
    if need.amount == 0.0 and limit == math.inf:
        short = amount if amount < need.missing * (1 - SLACK) else 0.0
        need.refusal = Refusal(size.refusal.kind, (*size.refusal.figures, short), (*size.refusal.names, "short"))
    return True


def _choose_row(draft: Draft, need: Order) -> None:
    """Buy at the venue where the money is, else into the row that holds the target, as far as they can take it."""
    assert need.spot is not None
    book = draft.book
    rows = [row for row in need.spot.rows if not (row.venue and book.venue(row.venue).forbids("spot"))]
    # One row that can take the order is why the asset acts: the money goes there, not where it is too small.
    rows = [row for row in rows if size_order(book, row, need.wanted, row.unit_price).refusal is None] or rows
    pools, kinds = pools_of(need), kinds_of(need)
    money = [draft.purse.at(row.venue, pools, kinds) for row in rows]
    best = max(range(len(rows)), key=lambda place: (money[place], rows[place].main, -place))
    row = rows[best] if money[best] > DUST * draft.total else next((r for r in rows if r.main), rows[0])
    need.row, need.venue, need.fee_rate = row, row.venue, book.venue(row.venue).spot_fee


# --- margin ----------------------------------------------------------------------------------------------------


def _post(draft: Draft, need: Order, wanted: float, limit: float) -> None:
    """Post margin, in coins where the contract keeps it in them: moved from the coin's row, else bought."""
    position = need.position
    sources = _sources_of(draft, need)
    rate = need.fee_rate
    if not position.inverse and _is_collateral(draft, need):
        here = need.venue.casefold()
        sources = [each for each in sources if each.kind != CASH or each.here != here]
    money = min(limit, draft.purse.available(need.venue, sources))
    coins: list[tuple[Holding, float]] = []
    if position.inverse:
        free = [each for each in sources if _is_free_margin(each)]
        own = min(money, draft.purse.available(need.venue, free))
        money, coins = money - own, _collateral(draft, need)
        held = math.fsum([own, *(money_of for _, money_of in coins)])
        spot_fee = draft.book.venue(need.venue).spot_fee
        if need.kind == HEDGE and wanted <= held < wanted * (1 + rate):
            money = 0.0  # the coins pay their own fee: a hedge that little smaller needs no purchase
        room = _room_to_buy(draft, need) * (1 + spot_fee)
        if room < money and held + room < wanted * (1 + rate):
            money, need.refusal = room, Refusal("own margin", (position.leverage,))
        amount = min(wanted, (held + money / (1 + spot_fee)) / (1 + rate))
    else:
        amount = min(wanted, draft.fees.affordable(need.venue, money, rate))
    if amount <= DUST * draft.total:
        return
    size = Size(amount * position.leverage)
    if need.kind != TOP_UP:
        unit = position.unit_value
        size = size_order(draft.book, position, size.amount, unit, topping_up=need.amount > 0.0)
        if _refused(need, size, amount * position.leverage, limit):
            return
    spent = amount if need.kind in (MARGIN, TOP_UP) else size.amount / position.leverage
    fee = draft.fees.charge(need.venue, size.amount * rate / position.leverage) if rate else 0.0
    if position.inverse:
        _pay_in_coins(draft, need, spent + fee, coins)
    else:
        _pay(draft, need, spent + fee, sources)
    need.amount += spent
    need.fee += fee
    if size.quantity is not None:
        need.quantity = (need.quantity or 0.0) + size.quantity


def _is_collateral(draft: Draft, need: Order) -> bool:
    """Tell whether the coins that lie at the venue are collateral already, so that they top nothing up."""
    wallet = listed_wallet(draft.book, need.position) if need.kind == TOP_UP and draft.book.wallets else None
    return wallet is not None and is_whole(draft.book, wallet)


def _collateral(draft: Draft, need: Order) -> list[tuple[Holding, float]]:
    """Return the rows that hold the margin coin at the venue, and the money of each that may become margin.

    A hedge may take all that is not locked, what has been bought in this plan included: the coins stay part of the
    asset. Another position takes what stands above the coin's target only, or the next plan would buy it back.
    """
    position = need.position
    rows = rows_by_asset(draft.book.holdings).get(position.margin_coin.casefold(), [])
    here = position.venue.casefold()
    near = [row for row in rows if row.venue.casefold() == here or not row.venue]
    if _is_collateral(draft, need):
        near = [row for row in near if not row.venue]
    state = next((s for s in draft.judgement.spot if rows and s.rows[0] is rows[0]), None)
    if state is None or state.stable or state.frozen:
        return []
    room = math.inf
    futures = need.futures
    assert futures is not None
    if futures.hedge_ratio is None and state.target is not None:
        after = draft.exposure_after().get(state.asset.casefold(), state.value)
        room = max(0.0, after - state.target * draft.total)
    found = []
    for row in near:
        free = min(draft.unlocked(row) - draft.sold_of(row) - draft.moved.get(row.row, 0.0), room)
        if free > 0 and row.price:
            found.append((row, free))
            room -= free
    return found


def _room_to_buy(draft: Draft, need: Order) -> float:
    """Return the money that may buy coins as margin of a hedge.

    Coins bought add as much to the asset as they margin of its hedge where the leverage is not above the ratio: such
    a purchase hedges nothing that is held, and goes no further than the asset's own target.
    """
    futures = need.futures
    if need.kind != HEDGE or futures is None or not pledges(futures):
        return math.inf
    if need.position.leverage > (futures.hedge_ratio or 0.0) * (1 + SLACK):
        return math.inf
    coin = need.position.margin_coin.casefold()
    state = next((each for each in draft.judgement.spot if each.asset.casefold() == coin), None)
    if state is None or state.target is None:
        return 0.0
    stays = state.value - (state.free if state.over else 0.0)
    now = draft.pledged_after()
    goal = min(state.target * draft.total, (state.target + state.width) * draft.after)
    return max(0.0, goal - stays + now.released.get(coin, 0.0) - now.bought.get(coin, 0.0))


def _pay_in_coins(draft: Draft, need: Order, cost: float, coins: Sequence[tuple[Holding, float]]) -> None:
    position = need.position
    part = _pay_freely(draft, need, cost, _sources_of(draft, need))
    if part > 0.0:
        need.moves = [*need.moves, Move(None, position.margin_coin, part, part / position.money, free=True)]
        cost -= part
    for row, free in coins:
        part = min(cost, free)
        if part <= 0:
            break
        need.moves = [*need.moves, Move(row, row.asset, part, part / (row.price or position.money))]
        draft.moved[row.row] = draft.moved.get(row.row, 0.0) + part
        cost -= part
    if cost > DUST * DUST * draft.total:
        fee = draft.fees.charge(need.venue, cost * draft.book.venue(need.venue).spot_fee)
        draft.fees.paid += draft.purse.spend(cost + fee, need.venue, _money(_sources_of(draft, need)))
        need.moves = [*need.moves, Move(None, position.margin_coin, cost, cost / position.money, fee)]


def _place_spread(draft: Draft, lead: Order, limit: float) -> None:
    """Open both legs of a spread with the same coins, or neither."""
    other = lead.partner
    assert other is not None
    legs = (lead, other)
    if limit != math.inf or lead.amount > 0 or any(leg.hard for leg in legs):
        return
    per_coin = [leg.position.unit_value / coins_of(leg.position) for leg in legs]
    costs = [unit / leg.position.leverage * (1 + leg.fee_rate) for leg, unit in zip(legs, per_coin, strict=True)]
    wanted = min(
        leg.wanted * leg.position.leverage / unit for leg, unit in zip(legs, per_coin, strict=True)
    )  # the same for both but for rounding
    coins = _affordable(draft, legs, costs, wanted)
    if coins <= 0:
        return
    quantities = equal_lots(draft.book, (lead.position, other.position), coins)
    sizes = [
        size_order(draft.book, leg.position, quantity * leg.position.unit_value, leg.position.unit_value)
        for leg, quantity in zip(legs, quantities, strict=True)
    ]
    refused = next((size.refusal for size in sizes if size.refusal), None)
    if refused is not None:
        for leg, size in zip(legs, sizes, strict=True):
            leg.refusal = size.refusal or Refusal("other leg", names=((other if leg is lead else lead).label,))
        return
    for leg, size in zip(legs, sizes, strict=True):
        position = leg.position
        spent = size.amount / position.leverage
        fee = draft.fees.charge(leg.venue, size.amount * leg.fee_rate / position.leverage)
        _pay(draft, leg, spent + fee, _sources_of(draft, leg))
        leg.amount, leg.fee, leg.quantity = spent, fee, size.quantity


def _affordable(draft: Draft, legs: Sequence[Order], costs: Sequence[float], wanted: float) -> float:
    """Return the coins that both legs can be opened with: money that either venue could have is counted once."""
    purse = draft.purse
    before = purse.mark()

    def enough(coins: float) -> bool:
        try:
            for leg, cost in zip(legs, costs, strict=True):
                sources = _sources_of(draft, leg)
                if coins * cost > purse.available(leg.venue, sources) * (1 + SLACK * SLACK):
                    return False
                purse.spend(coins * cost, leg.venue, sources)
            return True
        finally:
            purse.rewind(before)

    if enough(wanted):
        return wanted
    low, high = 0.0, wanted
    while high - low > WHOLE * wanted:
        middle = (low + high) / 2
        low, high = (middle, high) if enough(middle) else (low, middle)
    return low


def unit_price(row: Holding | Position) -> float | None:
    """Return the money of one unit of a row's quantity, None in a book that keeps values only."""
    if isinstance(row, Position):
        return row.unit_value
    return row.unit_price
