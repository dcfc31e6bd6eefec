"""Makes the plan of a book: trigger, sales, deployment, derivatives and the check that no money is lost."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from rebalance_xl.book.closing import Closing, plan_closings
from rebalance_xl.book.deploy import MARGIN, RESERVE, Need, deploy, find_needs
from rebalance_xl.book.futures import Tiers, equity_of, figures_of
from rebalance_xl.book.model import Book, require_sound
from rebalance_xl.book.money import ANY, CASH, EVENT, FUTURES, PROCEEDS, SPOT, Fees, Purse, spare_cash
from rebalance_xl.book.orders import DUST
from rebalance_xl.book.plan_data import Plan, Totals
from rebalance_xl.book.plan_lines import cash_changes, lines_of, unresolved_of
from rebalance_xl.book.problems import ERROR, NOTE, WARNING, BookError, Problem
from rebalance_xl.book.sells import Sale, plan_sales, sell_weakest
from rebalance_xl.book.triggers import NONE, Judgement, SpotState, judge
from rebalance_xl.book.warnings import warnings_of
from rebalance_xl.functions.deployment import overcommitted

_PASSES = 25


@dataclass(slots=True)
class Draft:
    """A plan in the making: what is sold and closed, what is needed, where the money is."""

    book: Book
    judgement: Judgement
    tiers: Tiers
    total: float
    fees: Fees
    purse: Purse
    sales: list[Sale] = field(default_factory=list)
    closings: list[Closing] = field(default_factory=list)
    needs: list[Need] = field(default_factory=list)
    overcommitted: float = 0.0

    @property
    def total_after(self) -> float:
        """Book value after fees."""
        return self.total - self.fees.paid

    @property
    def idle(self) -> float:
        """Proceeds that stay in stablecoins although a need is open: they lie where they cannot be used."""
        unmet = any(need.missing > DUST * self.total and not need.refusal for need in self.needs)
        return self.purse.left(PROCEEDS) if unmet else 0.0

    def spot_after(self) -> dict[str, float]:
        """Return the value of each asset after the plan."""
        after = {holding.asset.casefold(): holding.value for holding in self.book.holdings}
        for sale in self.sales:
            after[sale.state.holding.asset.casefold()] -= sale.amount
        for need in self.needs:
            if need.spot is not None and need.kind != RESERVE:
                after[need.label.casefold()] += need.placed
        return after


def book_value(book: Book) -> float:
    """Return spot plus stablecoins plus futures equity (margin and unrealised profit)."""
    spot = math.fsum(holding.value for holding in book.holdings)
    return spot + math.fsum(equity_of(position) for position in book.positions)


def make_plan(book: Book) -> Plan:
    """Return the plan of a book; the book is not changed.

    Parameters
    ----------
    book
        As :func:`rebalance_xl.book.model.read_book` gives it, with the day to plan for.

    Returns
    -------
    Plan
        With the trigger NONE no line trades, and every row says why.

    Raises
    ------
    BookError
        If something in the book forbids a plan; every reason is named.

    Notes
    -----
    Fees, hedges and the reserve depend on the plan they are part of: the plan is repeated with the fees, holdings and
    idle proceeds of the last pass until they no longer change.
    """
    require_sound(book)
    total = book_value(book)
    if total <= 0:
        raise BookError(Problem(ERROR, "Portfolio", f"the book is worth {total:,.2f}: there are no weights"))
    tiers = Tiers.of(book)
    paid = idle = 0.0
    spot_after = {holding.asset.casefold(): holding.value for holding in book.holdings}
    for _ in range(_PASSES):
        draft = _draft(book, tiers, total, paid, spot_after, idle)
        found = draft.spot_after()
        moved = max((abs(found[asset] - spot_after[asset]) for asset in found), default=0.0)
        settled = abs(draft.fees.paid - paid) <= 1e-12 * total and (moved <= 1e-9 * total or not _hedges(draft))
        settled = settled and draft.idle <= idle + DUST * total
        paid, spot_after, idle = draft.fees.paid, found, max(idle, draft.idle)
        if settled:
            break
    return _finish(draft)


def _hedges(draft: Draft) -> bool:
    return any(state.hedge_ratio is not None for state in draft.judgement.futures)


def _draft(book: Book, tiers: Tiers, total: float, paid: float, spot_after: dict[str, float], idle: float) -> Draft:
    """Make one pass, given the fees, the spot values and the idle proceeds of the last one."""
    judgement = judge(book, total)
    fees = Fees(book)
    draft = Draft(book, judgement, tiers, total, fees, Purse(book))
    if judgement.trigger.kind == NONE:
        return draft
    total_after = total - paid
    draft.sales = plan_sales(book, judgement, total, total_after, fees)
    draft.closings = plan_closings(book, judgement, spot_after, total, fees)
    _offer_cash(draft, total_after, idle)
    share = book.settings.futures_share
    margin_money = 0.0
    for sale in draft.sales:
        margin_money += _offer_sale(draft, sale, share)
    for closing in draft.closings:
        draft.purse.add(PROCEEDS, closing.position.venue, closing.released - closing.fee)
    draft.needs = find_needs(book, judgement, tiers, total, total_after, spot_after, margin_money)
    _fund_events(draft)
    draft.overcommitted = _overcommitment(draft)
    deploy(book, draft.needs, draft.purse, fees, total)
    return draft


def _offer_sale(draft: Draft, sale: Sale, share: float | None) -> float:
    """Put a sale's proceeds into the purse; return the part that is kept for margin."""
    net = sale.amount - sale.fee
    venue = sale.state.holding.venue
    if share is None:
        draft.purse.add(PROCEEDS, venue, net)
        return 0.0
    draft.purse.add(PROCEEDS, venue, net * (1 - share), SPOT)
    draft.purse.add(PROCEEDS, venue, net * share, FUTURES)
    return net * share


def _offer_cash(draft: Draft, total_after: float, idle: float) -> None:
    """Put stablecoins above their target (without one: above ReserveMax) into the purse, never below ReserveMin."""
    settings = draft.book.settings
    stables = _free_stables(draft)
    held = math.fsum(state.holding.value for state in draft.judgement.spot if state.holding.stable)
    spare = spare_cash(settings, [(state.holding, state.target) for state in stables], held, total_after, idle)
    for state in stables:
        amount = spare.get(state.holding.row, 0.0)
        if amount > DUST * draft.total:
            draft.purse.add(CASH, state.holding.venue, amount, ANY, state.holding.row)
    if settings.event_funding == "reserve":
        _offer_reserve(draft, total_after)


def _free_stables(draft: Draft) -> list[SpotState]:
    """Return the stable rows whose money may be spent."""
    rows = [state for state in draft.judgement.spot if state.holding.stable]
    return [state for state in rows if not state.frozen and not state.holding.locked]


def _offer_reserve(draft: Draft, total_after: float) -> None:
    """Put the rest of the reserve, down to ReserveMin, at the disposal of LONG and SHORT events."""
    if not any(state.named is not None for state in draft.judgement.futures):
        return
    offered = {source.row: source.amount for source in draft.purse.sources}
    stables = [state.holding for state in _free_stables(draft)]
    held = math.fsum(holding.value - offered.get(holding.row, 0.0) for holding in stables)
    most = max(0.0, held - (draft.book.settings.reserve_min or 0.0) * total_after)
    for holding in stables:
        rest = holding.value - offered.get(holding.row, 0.0)
        if held > 0:
            draft.purse.add(CASH, holding.venue, rest * most / held, EVENT, holding.row)


def _fund_events(draft: Draft) -> None:
    """Sell the weakest holdings for an event's margin where EventFunding says so."""
    if draft.book.settings.event_funding != "weakest":
        return
    for need in draft.needs:
        if not need.first or need.refusal or need.kind != MARGIN:
            continue
        cost = need.amount * (1 + need.fee_rate)
        missing = cost - math.fsum(source.left for source in draft.purse.sources)
        if missing > DUST * draft.total:
            why = need.reason
            more = sell_weakest(draft.book, draft.judgement, draft.sales, missing, draft.total, draft.fees, why)
            for sale in more:
                _offer_sale(draft, sale, None)
            draft.sales += more
            sold = {id(sale.state) for sale in more}
            draft.needs = [n for n in draft.needs if n.spot is None or id(n.spot) not in sold]


def _overcommitment(draft: Draft) -> float:
    """Return by how much the needs that may be placed exceed the money, fees included."""
    sources = [source for source in draft.purse.sources if source.pool != EVENT]
    cash = math.fsum(source.amount for source in sources if source.pool == ANY)
    spot_money = math.fsum(source.amount for source in sources if source.pool == SPOT)
    futures_money = math.fsum(source.amount for source in sources if source.pool == FUTURES)
    futures = [need.amount * (1 + need.fee_rate) for need in draft.needs if not need.refusal and need.futures]
    spot = [need.amount * (1 + need.fee_rate) for need in draft.needs if not need.refusal and not need.futures]
    if draft.book.settings.futures_share is None:
        return overcommitted([cash], [*spot, *futures])
    missing = overcommitted([cash + spot_money], spot)
    rest = max(0.0, cash - max(0.0, math.fsum(spot) - spot_money))
    return missing + overcommitted([rest + futures_money], futures)


def _finish(draft: Draft) -> Plan:
    needs, purse = draft.needs, draft.purse
    futures_kinds = [need for need in needs if need.futures is not None]
    spot_kinds = [need for need in needs if need.futures is None and need.kind != RESERVE]
    lines = lines_of(draft)
    left_over = purse.left(PROCEEDS)
    totals = Totals(
        value=draft.total,
        value_after=draft.total_after,
        sold=math.fsum([*(sale.amount for sale in draft.sales), *(closing.released for closing in draft.closings)]),
        cash_used=purse.used(CASH),
        bought=math.fsum(need.placed for need in spot_kinds),
        margin=math.fsum(need.placed for need in futures_kinds),
        reserve=math.fsum(need.placed for need in needs if need.kind == RESERVE),
        fees=math.fsum(line.fee for line in lines),
        left_over=left_over if abs(left_over) > 1e-9 * draft.total else 0.0,
        realised_gain=math.fsum(line.realised_gain for line in lines if line.realised_gain is not None),
        overcommitted=draft.overcommitted if draft.overcommitted > DUST * draft.total else 0.0,
    )
    positions = tuple(
        figures_of(draft.book, draft.tiers, position, draft.total)
        for position in draft.book.positions
        if position.quantity > 0
    )
    problems = [str(p) for p in draft.book.problems if p.severity == WARNING]
    return Plan(
        as_of=draft.book.as_of,
        trigger=draft.judgement.trigger,
        lines=tuple(lines),
        totals=totals,
        warnings=(*problems, *warnings_of(draft, lines, positions, totals)),
        unresolved=tuple(unresolved_of(draft)),
        notes=(*(str(p) for p in draft.book.problems if p.severity == NOTE), *draft.judgement.notes),
        positions=positions,
        cash=cash_changes(draft),
        next_review=draft.judgement.next_review,
    )
