"""Decides a plan in numbers: who acts, what is sold, closed, bought and posted, and the fees of all that.

No sentence is made here and no workbook is touched, so a walk over years can ask for a decision a day.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from rebalance_xl.book.deploy import account_pool, deploy, pools_of
from rebalance_xl.book.derivatives import exposures, plan_closings, pledges
from rebalance_xl.book.draft import Draft, Pledged
from rebalance_xl.book.free_margin import free_money, wallet_of
from rebalance_xl.book.futures import Tiers, worth_of
from rebalance_xl.book.gains import sale_gain
from rebalance_xl.book.model import Book
from rebalance_xl.book.money import ACCOUNT, ANY, CASH, EVENT, FUTURES, PROCEEDS, SPOT, Fees, Purse, spare_cash
from rebalance_xl.book.needs import find_needs, needy_venues
from rebalance_xl.book.orders import BUY, HEDGE, KEPT, MARGIN, OPENINGS, REPAY, TOP_UP, Order
from rebalance_xl.book.payers import fund_rows_below
from rebalance_xl.book.problems import ERROR, BookError, Problem
from rebalance_xl.book.states import NONE, Judgement, Worth
from rebalance_xl.book.tolerances import DUST, SETTLED
from rebalance_xl.book.triggers import judge
from rebalance_xl.book.trims import plan_trims, sell_weakest
from rebalance_xl.functions.deployment import overcommitted

_PASSES = 25
#: A plan whose hedges still move by more than this share of the book has not settled.
_STILL = 1e-9


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
        return bool(self.orders) or bool(self.draft.purse.transfers)

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
    judgement = judge(book, tiers, worth)
    if judgement.trigger == NONE:
        return Decision(
            book, judgement, worth, tiers, Draft(book, judgement, tiers, worth, 0.0, Fees(book), Purse(book))
        )
    exposure = exposures(judgement)
    hedged = any(state.hedge_ratio is not None for state in judgement.futures)
    paid = 0.0
    pledged = Pledged()
    draft = last = None
    free = _free_margins(book, tiers, judgement)
    for _ in range(_PASSES):
        last, draft = draft, _pass(book, judgement, tiers, worth, paid, exposure, pledged, free)
        change = abs(draft.fees.paid - paid)
        moved = 0.0
        if hedged:
            found = draft.exposure_after()
            moved = max((abs(found[asset] - exposure.get(asset, 0.0)) for asset in found), default=0.0)
            before, pledged = pledged.change, draft.pledged_after()
            now = pledged.change
            moved = max([moved, *(abs(now.get(coin, 0.0) - before.get(coin, 0.0)) for coin in {*now, *before})])
            exposure = found
        paid = draft.fees.paid
        if change <= SETTLED * worth.total and moved <= _STILL * worth.total:
            break
    else:
        assert draft is not None
        if last is not None and last.fees.paid > draft.fees.paid:
            draft = last
        draft.settled = change <= DUST * worth.total and moved <= DUST * worth.total
    assert draft is not None
    _merge_sales(draft)
    return Decision(book, judgement, worth, tiers, draft)


def _pass(
    book: Book,
    judgement: Judgement,
    tiers: Tiers,
    worth: Worth,
    paid: float,
    exposure: dict[str, float],
    pledged: Pledged,
    free: Sequence[tuple[str, float, str]],
) -> Draft:
    """Make one pass, given the fees, the money in each asset and the change of the pledged coins of the last one."""
    draft = Draft(book, judgement, tiers, worth, paid, Fees(book), Purse(book), pledged=pledged)
    draft.new_stable = new_stable_name(book)
    if len(judgement.spot) < len(book.holdings):
        draft.near = needy_venues(judgement.spot, judgement.futures)
    draft.sales = plan_trims(book, judgement, draft.after, draft.fees, draft.near, pledged.change)
    draft.closings = plan_closings(book, judgement, exposure, draft.after, draft.fees, pledged.traded)
    for venue, money, pool in free:
        draft.purse.add(CASH, venue, money, pool)
    _offer_cash(draft)
    share = book.settings.futures_share
    margin_money = math.fsum([_offer_sale(draft, sale, share) for sale in draft.sales if sale.amount > 0])
    for closing in draft.closings:
        net = closing.amount - closing.fee
        draft.purse.add(PROCEEDS, closing.venue, net)
        if net < 0.0 and book.wallets and wallet_of(book, closing.position) is not None:
            draft.purse.take(CASH, closing.venue, -net, account_pool(closing.position))  # its wallet bears the fee
    left = dict(exposure)
    for closing in draft.closings:
        if closing.futures is not None and pledges(closing.futures) and closing.quantity:
            asset = closing.position.asset.casefold()
            if asset in pledged.traded:
                continue
            left[asset] = left.get(asset, 0.0) - closing.margin
    draft.needs = find_needs(draft, left, margin_money)
    _offer_reserve(draft)
    _fund_events(draft)
    draft.overcommitted = _overcommitment(draft)
    deploy(draft)
    fund_rows_below(draft)
    return draft


def new_stable_name(book: Book) -> str:
    """Return the stablecoin that a book without one receives its proceeds in."""
    first = next((holding.asset for holding in book.holdings if holding.stable), None)
    if first is not None:
        return first
    quote = book.settings.quote.upper()
    return "USDT" if quote in ("", "USD") else quote


def _offer_sale(draft: Draft, sale: Order, share: float | None) -> float:
    """Put a sale's proceeds into the purse; return the part that is kept for margin."""
    net = sale.amount - sale.fee
    if share is None:
        draft.purse.add(PROCEEDS, sale.venue, net)
        return 0.0
    draft.purse.add(PROCEEDS, sale.venue, net * (1 - share), SPOT)
    draft.purse.add(PROCEEDS, sale.venue, net * share, FUTURES)
    return net * share


def _free_margins(book: Book, tiers: Tiers, judgement: Judgement) -> list[tuple[str, float, str]]:
    """Return the free margin of every account with linear cross positions: venue, money and pool."""
    found: dict[str, tuple[str, float, str]] = {}
    if not book.wallets:
        return []
    for state in judgement.futures:
        position = state.position
        pool = account_pool(position)
        if position.margin_mode == "cross" and not position.inverse and pool not in found:
            found[pool] = position.venue, free_money(book, tiers.tables, position), pool
    return [each for each in found.values() if each[1] > DUST * judgement.total]


def _offer_cash(draft: Draft) -> None:
    """Put stablecoins above their target (without one: above ReserveMax) into the purse, never below ReserveMin."""
    stables = [state for state in draft.judgement.spot if state.stable]
    if not stables:
        return
    held = math.fsum([state.value for state in stables])
    free = [(state.rows, state.target) for state in stables if not state.frozen]
    spare = spare_cash(draft.book.settings, free, held, draft.after)
    for state in stables:
        for row in state.rows:
            amount = spare.get(row.row, 0.0)
            if amount > DUST * draft.total:
                draft.purse.add(CASH, row.venue, amount, ANY, row.row)


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


def _overcommitment(draft: Draft) -> float:
    """Return by how much the needs that may be placed exceed the money, fees included."""
    sources = [source for source in draft.purse.sources if source.pool != EVENT]
    cash = math.fsum([source.amount for source in sources if source.pool == ANY])
    spot_money = math.fsum([source.amount for source in sources if source.pool == SPOT])
    futures_money = math.fsum([source.amount for source in sources if source.pool == FUTURES])
    open_needs = [need for need in draft.needs if not need.hard]
    free = math.fsum([source.amount for source in sources if source.pool.startswith(ACCOUNT)])
    futures = [n.wanted * (1 + n.fee_rate) for n in open_needs if n.futures is not None]
    spot = [n.wanted * (1 + n.fee_rate) for n in open_needs if n.futures is None]
    if free > 0.0:
        own = [n.wanted * (1 + n.fee_rate) for n in open_needs if pools_of(n)[0].startswith(ACCOUNT)]
        futures.append(-min(free, math.fsum(own)))
    if draft.book.settings.futures_share is None:
        return overcommitted([cash], [*spot, *futures])
    missing = overcommitted([cash + spot_money], spot)
    rest = max(0.0, cash - max(0.0, math.fsum(spot) - spot_money))
    return missing + overcommitted([rest + futures_money], futures)


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


__all__ = ["Decision", "decide", "new_stable_name"]
