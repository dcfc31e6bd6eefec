"""Decides a plan in numbers: who acts, what is sold, closed, bought and posted, and the fees of all that.

No sentence is made here and no workbook is touched, so a walk over years can ask for a decision a day.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from rebalance_xl.book.assets import receiving_coin
from rebalance_xl.book.deploy import account_pools, deploy, hedge_with_coins, pools_of
from rebalance_xl.book.derivatives import exposures, plan_closings, pledges
from rebalance_xl.book.draft import Draft, Given, Placed, Pledged, placed
from rebalance_xl.book.free_margin import Accounts, wallet_of
from rebalance_xl.book.futures import Tiers, worth_of
from rebalance_xl.book.gains import sale_gain
from rebalance_xl.book.model import Book
from rebalance_xl.book.money import ACCOUNT, ANY, CASH, EVENT, FUTURES, PROCEEDS, SPOT, Purse, PurseMark, spare_cash
from rebalance_xl.book.needs import Ask, asks_of, needs_of, needy_venues, orders_of
from rebalance_xl.book.orders import BUY, HEDGE, KEPT, MARGIN, OPENINGS, REPAY, TOP_UP, Order, in_line_order
from rebalance_xl.book.payers import fund_rows_below, goals_below, needs_below
from rebalance_xl.book.problems import ERROR, BookError, Problem
from rebalance_xl.book.states import NONE, Judgement, Worth
from rebalance_xl.book.tolerances import DUST, SETTLED, STILL
from rebalance_xl.book.triggers import judge
from rebalance_xl.book.trims import Trim, plan_trims, sell_weakest, trims_wanted
from rebalance_xl.functions.deployment import overcommitted

_PASSES = 25


@dataclass(slots=True)
class Decision:
    """A plan in numbers.

    Parameters
    ----------
    book
        What it was decided for.
    judgement
        Who acts, on what.
    draft
        The orders and the money; None where nothing acts.
    """

    book: Book
    judgement: Judgement
    worth: Worth
    tiers: Tiers
    draft: Draft

    @property
    def trigger(self) -> str:
        """EVENT, THRESHOLD, TIME or NONE: the strongest that any row acts on."""
        return self.judgement.trigger

    @property
    def review(self) -> bool:
        """Whether a review is carried out: LastReview becomes the day, traded or not."""
        return self.judgement.review

    @property
    def orders(self) -> list[Order]:
        """The orders that trade: sales, closes, then what they pay for."""
        draft = self.draft
        found = [order for order in (*draft.sales, *draft.closings) if order.amount > 0 or order.quantity]
        return found + [need for need in draft.needs if need.amount > 0 and need.kind not in KEPT]

    @property
    def trades(self) -> bool:
        """Whether any order trades, or money is moved to pay a debt."""
        draft = self.draft
        return (
            bool(draft.purse.transfers)
            or any([need.amount > 0 and need.kind not in KEPT for need in draft.needs])
            or any([order.amount > 0 or order.quantity for order in (*draft.sales, *draft.closings)])
        )

    @property
    def fees(self) -> float:
        """Fees of the whole plan, transfers included."""
        return self.draft.fees.paid

    @property
    def sold(self) -> float:
        """Money from sales of spot."""
        return math.fsum([order.amount for order in self.draft.sales])

    @property
    def bought(self) -> float:
        """Money into spot."""
        return math.fsum([need.amount for need in self.draft.needs if need.kind == BUY])

    @property
    def margin(self) -> float:
        """Money into margin, coins moved included."""
        return math.fsum([need.amount for need in self.draft.needs if need.kind in (*OPENINGS, TOP_UP)])

    @property
    def gain(self) -> float:
        """Gain that sales and closes realise, as far as their cost is known."""
        return math.fsum([order.gain for order in (*self.draft.sales, *self.draft.closings) if order.gain is not None])


def decide(book: Book) -> Decision:
    """Return the plan of a book in numbers; the book is not changed.

    Parameters
    ----------
    book
        As :func:`rebalance_xl.book.model.read_book` gives it, sound and with the day to plan for.

    Returns
    -------
    Decision
        Trigger, orders and fees.

    Raises
    ------
    BookError
        If the book is worth nothing: there are no weights.

    Notes
    -----
    Fees, hedges and the reserve depend on the plan they are part of: the plan is repeated with the fees and holdings of
    the last pass until they no longer change. Who acts does not change in between. Where lots make the fees alternate,
    the pass with the higher fees counts.
    """
    tiers = Tiers.of(book)
    worth = worth_of(book, tiers)
    if worth.total <= 0:
        raise BookError(Problem(ERROR, "Portfolio", f"the book is worth {worth.total:,.2f}: there are no weights"))
    draft = Draft(book, judge(book, tiers, worth), tiers, worth)
    if draft.judgement.trigger != NONE:
        draft.new_stable = receiving_coin(book.holdings, book.settings.quote)
        _settle(draft)
        _merge_sales(draft)
        _count_lots_once(draft)
    return Decision(book, draft.judgement, worth, tiers, draft)


def _settle(draft: Draft) -> None:
    """Repeat the plan with what the last pass came to, until that no longer changes."""
    judgement, total = draft.judgement, draft.total
    if len(judgement.spot) < len(draft.book.holdings):
        draft.near = needy_venues(judgement.spot, judgement.futures)
    kept = _Kept()
    given = Given(0.0, exposures(judgement), Pledged())
    before = earlier = given
    change = moved = 0.0
    for _ in range(_PASSES):
        _pass(draft, given, kept)
        change, moved = abs(draft.fees.paid - given.paid), 0.0
        exposure, pledged = given.exposure, given.pledged
        if draft.hedged:
            exposure, pledged = draft.exposure_after(), draft.pledged_after()
            moved = max((abs(exposure[asset] - given.exposure.get(asset, 0.0)) for asset in exposure), default=0.0)
            was, now = given.pledged.change, pledged.change
            moved = max([moved, *(abs(now.get(coin, 0.0) - was.get(coin, 0.0)) for coin in {*now, *was})])
        if change <= SETTLED * total and moved <= STILL * total:
            break
        earlier, before, given = before, given, Given(draft.fees.paid, exposure, pledged)
    else:
        if before.paid > draft.fees.paid:  # lots make the fees alternate: the pass with the higher ones counts
            _pass(draft, earlier, kept)
        draft.settled = change <= DUST * total and moved <= DUST * total
    draft.overcommitted = _overcommitment(draft, kept)


@dataclass(slots=True)
class _Kept:
    """What a pass leaves to the next one, which makes anew only what follows from what has changed.

    Parameters
    ----------
    trims, cash, asks, goals
        What the rows are to sell, the stablecoins that may be spent by row, what the rows ask for, and what those below
        their band are to have: of the last pass, None before the first.
    sales, closings, fees, margin_money, exposure
        What came of the trims: the orders, the fees paid and the credit used for them and for closings, the money that
        FuturesShare keeps for margin, and what is left of each asset.
    orders, offered
        The orders that the rows ask for, and the purse before any of them was served.
    made, below, money
        The needs before any was served, those of rows below their band among them, and the money there was: its pool
        and the amount.
    sized
        What lots let be sold of assets that are trimmed.
    """

    trims: list[Trim] | None = None
    cash: dict[int, float] | None = None
    asks: list[Ask] | None = None
    orders: list[tuple[Ask, Order]] = field(default_factory=list)
    goals: list[float] | None = None
    sales: list[Order] = field(default_factory=list)
    fees: tuple[float, dict[str, float]] = (0.0, {})
    margin_money: float = 0.0
    exposure: dict[str, float] = field(default_factory=dict)
    offered: PurseMark = ([], {}, {}, {})
    made: list[tuple[Order, Placed]] = field(default_factory=list)
    below: list[Order] = field(default_factory=list)
    money: list[tuple[str, float]] = field(default_factory=list)
    sized: dict[int, tuple[float, float]] = field(default_factory=dict)


def _pass(draft: Draft, given: Given, kept: _Kept) -> None:
    """Make one pass, given what the last one came to: each step anew where what it follows from has changed."""
    draft.begin(given)
    book, judgement = draft.book, draft.judgement
    trims = trims_wanted(book, judgement, draft.after, given.pledged.change, kept.sized)
    cash = _spare_cash(draft)
    anew = draft.coupled or trims != kept.trims
    if anew:
        kept.trims = trims
        _sell(draft, given, kept)
    if anew or cash != kept.cash:
        anew, kept.cash = True, cash
        _fill_purse(draft, given, kept)
    asks = asks_of(draft, kept.exposure, kept.margin_money)
    # What is served first may take of the reserve, which follows the fees.
    again = draft.coupled or asks != kept.asks or any([need.first for need in draft.needs])
    if anew or again:
        draft.sales, draft.moved = list(kept.sales), {}
        draft.payers = None
        draft.fees.paid, draft.fees.credit_used = kept.fees[0], dict(kept.fees[1])
        if not anew:
            draft.purse.rewind(kept.offered)
        if again:
            draft.serve_anew(kept.made)
            known = () if draft.coupled else kept.orders
            kept.orders = [*zip(asks, orders_of(draft, asks, known), strict=True)]
            kept.asks, draft.needs = asks, needs_of(draft, [order for _, order in kept.orders])
            _offer_reserve(draft)
            _fund_events(draft)
            kept.made = placed(draft.needs)
        else:
            draft.serve_anew(kept.made)
        kept.below = needs_below(draft.needs)
        kept.money = [(source.pool, source.amount) for source in draft.purse.sources]
        deploy(draft)
    goals = goals_below(draft, kept.below)
    if not (anew or again):
        if goals == kept.goals:
            return
        if draft.deployed is not None:
            draft.rewind(draft.deployed)
    draft.deployed, kept.goals = None, goals
    fund_rows_below(draft, kept.below)
    if draft.hedged and draft.deployed is not None:
        hedge_with_coins(draft)


def _sell(draft: Draft, given: Given, kept: _Kept) -> None:
    """Plan the sales and closings."""
    book, fees = draft.book, draft.fees
    fees.paid, fees.credit_used = 0.0, {}
    assert kept.trims is not None
    kept.sales = plan_trims(book, kept.trims, draft.total, fees, draft.near)
    accounts = draft.accounts = Accounts(book, draft.tiers.tables)
    draft.closings = plan_closings(
        book, draft.judgement, given.exposure, draft.after, fees, given.pledged.traded, accounts
    )
    for closing in draft.closings if book.wallets else ():
        if closing.fee > closing.amount:
            accounts.pay(closing.position, closing.fee - closing.amount)  # its wallet bears the fee
    kept.fees = fees.paid, dict(fees.credit_used)


def _fill_purse(draft: Draft, given: Given, kept: _Kept) -> None:
    """Put free margin, spare cash and the proceeds of sales and closings into the purse."""
    book = draft.book
    purse = draft.purse = Purse(book)
    if book.wallets:
        _offer_free_margin(draft)
    for state in draft.stables:
        for row in state.rows:
            amount = kept.cash.get(row.row, 0.0) if kept.cash else 0.0
            if amount > DUST * draft.total:
                purse.add(CASH, row.venue, amount, ANY, row.row)
    share = book.settings.futures_share
    kept.margin_money = math.fsum([_offer_sale(draft, sale, share) for sale in kept.sales if sale.amount > 0])
    left = dict(given.exposure) if draft.hedged else given.exposure
    for closing in draft.closings:
        net = closing.amount - closing.fee
        purse.add(PROCEEDS, closing.venue, net)
        if net < 0.0 and book.wallets and wallet_of(book, closing.position) is not None:
            purse.take(CASH, closing.venue, -net, account_pools(closing.position)[0])
        if closing.futures is not None and pledges(closing.futures) and closing.quantity:
            asset = closing.position.asset.casefold()
            if asset not in given.pledged.traded:
                left[asset] = left.get(asset, 0.0) - closing.margin
    kept.exposure, kept.offered = left, purse.mark()


def _offer_sale(draft: Draft, sale: Order, share: float | None) -> float:
    """Put a sale's proceeds into the purse; return the part that is kept for margin."""
    net = sale.amount - sale.fee
    if share is None:
        draft.purse.add(PROCEEDS, sale.venue, net)
        return 0.0
    draft.purse.add(PROCEEDS, sale.venue, net * (1 - share), SPOT)
    draft.purse.add(PROCEEDS, sale.venue, net * share, FUTURES)
    return net * share


def _offer_free_margin(draft: Draft) -> None:
    """Put the free margin of every account with cross positions into the purse, after what closings took of it."""
    offered: set[str] = set()
    for state in draft.judgement.futures:
        position = state.position
        coin, whole = account_pools(position)
        pool = whole if draft.book.venue(position.venue).account_mode == "multi" else coin
        if position.margin_mode != "cross" or pool in offered or (position.inverse and pool == whole):
            continue
        money = draft.accounts.free(position)
        if money > DUST * draft.total:
            offered.add(pool)
            draft.purse.add(CASH, position.venue, money, pool)


def _spare_cash(draft: Draft) -> dict[int, float]:
    """Return, by row, stablecoins above their target (without one: above ReserveMax), never below ReserveMin."""
    if not draft.stables:
        return {}
    return spare_cash(draft.book.settings, draft.spendable, draft.held, draft.after)


def _offer_reserve(draft: Draft) -> None:
    """Put the rest of the stablecoins at the disposal of what is served first.

    Debts may take all of it; events (EventFunding "reserve") and margin in danger what is above ReserveMin.
    """
    urgent = {need.kind for need in draft.needs if need.first}
    if not urgent:
        return
    events = draft.book.settings.event_funding == "reserve" and bool(urgent & {MARGIN, HEDGE})
    if not (events or TOP_UP in urgent or REPAY in urgent):
        return
    offered = {source.row: source.amount for source in draft.purse.sources}
    rows = [row for state in draft.judgement.spot if state.stable and not state.frozen for row in state.rows]
    rows = [row for row in rows if row.free_value > 0]
    held = math.fsum([row.free_value - offered.get(row.row, 0.0) for row in rows])
    low = (draft.book.settings.reserve_min or 0.0) * draft.after
    owed = math.fsum([need.wanted for need in draft.needs if need.kind == REPAY])
    if owed:
        owed += math.fsum([draft.book.venue(row.venue).withdrawal_fee for row in rows])
    most = max(0.0, held - low) if events or TOP_UP in urgent else 0.0
    most = min(held, max(most, owed))
    for row in rows:
        rest = row.free_value - offered.get(row.row, 0.0)
        if held > 0:
            draft.purse.add(CASH, row.venue, rest * most / held, EVENT, row.row)


def _fund_events(draft: Draft) -> None:
    """Sell the weakest holdings for an event's margin where EventFunding says so."""
    if draft.book.settings.event_funding != "weakest":
        return
    for need in draft.needs:
        if not need.first or need.hard or need.kind != MARGIN:
            continue
        cost = need.wanted * (1 + need.fee_rate)
        missing = cost - math.fsum([source.left for source in draft.purse.sources])
        if missing > DUST * draft.total:
            before = len(draft.sales)
            sell_weakest(draft.book, draft.judgement, draft.sales, need, missing, draft.fees)
            for sale in draft.sales[before:]:
                _offer_sale(draft, sale, None)
            sold = {id(sale.spot) for sale in draft.sales[before:]}
            draft.needs = [n for n in draft.needs if n.spot is None or id(n.spot) not in sold]


def _overcommitment(draft: Draft, kept: _Kept) -> float:
    """Return by how much the needs that may be placed exceed the money, fees included."""
    money: dict[str, list[float]] = {ANY: [], SPOT: [], FUTURES: [], ACCOUNT: []}
    for pool, amount in kept.money:
        if pool != EVENT:
            money[ACCOUNT if pool.startswith(ACCOUNT) else pool].append(amount)
    spot: list[float] = []
    futures: list[float] = []
    own: list[float] = []
    for need, (*_, fee_rate, _, _) in kept.made:
        if not need.hard:
            cost = need.wanted * (1 + fee_rate)
            (spot if need.futures is None else futures).append(cost)
            if money[ACCOUNT] and pools_of(need)[0].startswith(ACCOUNT):
                own.append(cost)
    if own:
        futures.append(-min(math.fsum(money[ACCOUNT]), math.fsum(own)))
    cash = math.fsum(money[ANY])
    if draft.book.settings.futures_share is None:
        return overcommitted([cash], [*spot, *futures])
    spot_money = math.fsum(money[SPOT])
    missing = overcommitted([cash + spot_money], spot)
    rest = max(0.0, cash - max(0.0, math.fsum(spot) - spot_money))
    return missing + overcommitted([rest + math.fsum(money[FUTURES])], futures)


def _merge_sales(draft: Draft) -> None:
    """Make one order of a row's trim and of what it pays for another row."""
    for extra in draft.extra:
        same = next((sale for sale in draft.sales if sale.row is extra.row and sale.amount > 0), None)
        if same is None:
            draft.sales = [sale for sale in draft.sales if sale.row is not extra.row]
            draft.sales.append(extra)
            continue
        same.amount += extra.amount
        same.wanted += extra.amount
        same.fee += extra.fee
        if extra.quantity is not None:
            same.quantity = (same.quantity or 0.0) + extra.quantity
        same.gain = sale_gain(draft.book, same.holding, same.amount, same.quantity)
        same.moves += extra.moves
        same.partner = extra
    draft.extra = []


def _count_lots_once(draft: Draft) -> None:
    """Let the sales of one asset's rows take its lots in turn, the largest first as the lines of the plan stand."""
    if not draft.book.lots:
        return
    sold: dict[str, float] = {}
    for sale in in_line_order(draft.sales):
        before = sold.get(sale.holding.asset.casefold(), 0.0)
        if before:
            sale.gain = sale_gain(draft.book, sale.holding, sale.amount, sale.quantity, before=before)
        sold[sale.holding.asset.casefold()] = before + (sale.quantity or 0.0)


__all__ = ["Decision", "decide"]
