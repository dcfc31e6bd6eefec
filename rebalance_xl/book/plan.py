"""Makes the plan of a book: the decision in numbers, then lines, totals, figures and warnings in words."""

from __future__ import annotations

import hashlib
import math

from rebalance_xl.book import sentences as say
from rebalance_xl.book.account_figures import account_figures, account_warnings
from rebalance_xl.book.accounts import account_key
from rebalance_xl.book.decision import Decision, decide
from rebalance_xl.book.derivatives import spread_legs
from rebalance_xl.book.draft import Draft
from rebalance_xl.book.futures import figures_of, margin_of, worth_of
from rebalance_xl.book.model import Book, require_sound
from rebalance_xl.book.money import CASH, PROCEEDS, RAISED
from rebalance_xl.book.net_delta import delta_text, net_deltas
from rebalance_xl.book.orders import BUY, KEPT
from rebalance_xl.book.plan_cash import cash_changes
from rebalance_xl.book.plan_data import Plan, SpreadFigures, Totals, Trigger
from rebalance_xl.book.plan_lines import label_of, lines_of
from rebalance_xl.book.plan_reasons import unresolved_of
from rebalance_xl.book.problems import NOTE, UNUSED, WARNING
from rebalance_xl.book.spreads import spread_of
from rebalance_xl.book.tolerances import DUST, SLACK
from rebalance_xl.book.top_up import TopUps
from rebalance_xl.book.walk import carry_out
from rebalance_xl.book.warnings import crumbs_note, warnings_of
from rebalance_xl.functions.plan_table import amount_text
from rebalance_xl.functions.wording import names_text


def book_value(book: Book) -> float:
    """Return spot plus stablecoins plus futures equity (margin and unrealised profit).

    An isolated position is worth 0 at least, and 0 once the mark has passed its liquidation price.
    """
    return worth_of(book).total


def mark_of(book: Book) -> str:
    """Return a mark of what the book holds: quantities, positions, wallets, the last execution, but no prices."""
    parts = [f"{r.asset}|{r.venue}|{r.value if r.quantity is None else r.quantity:.12g}" for r in book.holdings]
    parts += [
        f"{p.symbol}|{p.venue}|{p.side}|{p.margin_mode}|{p.quantity:.12g}|{p.margin:.12g}|"
        f"{(p.entry or 0.0) if p.quantity else 0.0:.12g}"
        for p in book.positions
    ]
    parts += [f"{w.account}|{w.venue}|{w.coin}|{w.balance:.12g}|{w.loan:.12g}" for w in book.wallets]
    parts.append(repr(book.last_execution))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]


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
    """
    return described(decide(require_sound(book)))


def described(decision: Decision) -> Plan:
    """Return a decision as a plan: with lines, totals, figures of positions, warnings and notes."""
    draft, book = decision.draft, decision.book
    lines = lines_of(draft)
    totals = _totals(draft, math.fsum([line.fee for line in lines]))
    positions = tuple(
        figures_of(book, draft.tiers, position, draft.total) for position in book.positions if position.quantity > 0
    )
    reasons = say.trigger_reasons(draft.judgement, book.settings.review_drift)
    problems = [str(p) for p in book.problems if p.severity == WARNING]
    deltas, spreads = tuple(net_deltas(draft)), tuple(_spreads(draft))
    accounts = account_figures(book, draft.tiers.tables)
    near = account_warnings(accounts, book.settings.liquidation_warning)
    return Plan(
        as_of=book.as_of,
        trigger=Trigger(draft.judgement.trigger, reasons),
        lines=tuple(lines),
        totals=totals,
        warnings=(*problems, *warnings_of(draft, lines, positions, totals, spreads), *near, *_left_short(decision)),
        unresolved=tuple(unresolved_of(draft)),
        notes=(
            *(str(p) for p in book.problems if p.severity == NOTE and p.about != UNUSED),
            *_notes(draft),
            *map(delta_text, deltas),
        ),
        positions=positions,
        cash=_named_cash(draft),
        accounts=accounts,
        deltas=deltas,
        spreads=spreads,
        review=draft.judgement.review,
        mark=mark_of(book),
        next_review=draft.judgement.next_review,
    )


def _left_short(decision: Decision) -> list[str]:
    """Warn of positions that a closing in their account brings nearer to liquidation than MarginTopUp."""
    draft, limit = decision.draft, decision.book.settings.margin_top_up
    if limit is None:
        return []
    taken = [order for order in draft.closings if order.amount > 0 and order.position.margin_mode == "cross"]
    if not taken:
        return []
    after = carry_out(decision.book, decision)
    top_ups = TopUps(after, draft.tiers, limit)
    found = []
    for state, position in zip(draft.judgement.futures, after.positions, strict=True):
        key = account_key(position.venue, position.account)
        closed = [o.label for o in taken if account_key(o.position.venue, o.position.account) == key]
        if state.acts or not closed or position.margin_mode != "cross" or position.quantity <= 0:
            continue
        short = top_ups.short(position, margin_of(position))
        if short > DUST * draft.total:
            found.append(
                f"{position.symbol} would be nearer to liquidation than MarginTopUp after the plan, as "
                f"{names_text(closed, ' and ')} leaves its account: the next plan adds {amount_text(short)}"
            )
    return found


def _totals(draft: Draft, fees: float) -> Totals:
    needs, purse = draft.needs, draft.purse
    left_over = purse.left(PROCEEDS) + purse.left(RAISED)
    gains = [order.gain for order in (*draft.sales, *draft.closings) if order.gain is not None]
    return Totals(
        value=draft.total,
        value_after=draft.total_after,
        sold=math.fsum([order.amount for order in (*draft.sales, *draft.closings)]),
        cash_used=purse.used(CASH),
        bought=math.fsum([need.amount for need in needs if need.kind == BUY]),
        margin=math.fsum([need.amount for need in needs if need.futures is not None]),
        reserve=math.fsum([need.amount for need in needs if need.kind in KEPT]),
        fees=fees,
        left_over=left_over if abs(left_over) > SLACK * draft.total else 0.0,
        realised_gain=math.fsum(gains),
        overcommitted=draft.overcommitted if draft.overcommitted > DUST * draft.total else 0.0,
        collateral=math.fsum([need.moved for need in needs]),
    )


def _named_cash(draft: Draft) -> dict[str, float]:
    stables = [row for row in draft.book.holdings if row.stable]
    by_row = {row.row: label_of(row.asset, row.venue, stables) for row in stables}
    named: dict[str, float] = {}
    for key, change in cash_changes(draft).items():
        name = by_row[key] if isinstance(key, int) else label_of(draft.new_stable, key, stables)
        named[name] = named.get(name, 0.0) + change
    return named


def _notes(draft: Draft) -> list[str]:
    found = [
        f"Prices has {have} closes of {asset}; a breakout needs {need:g}" for asset, have, need in draft.judgement.shy
    ]
    if not draft.settled:
        found.append(
            "the plan does not settle: lots or hedges make each pass change the next; the last one is shown, and its "
            "amounts may be off by a lot"
        )
    return [*found, *crumbs_note(draft)]


def _spreads(draft: Draft) -> list[SpreadFigures]:
    found = []
    for legs in spread_legs(draft.judgement.futures).values():
        wanted = any(leg.position.quantity > 0 or leg.target for leg in legs)
        if wanted:
            found.append(spread_of(draft.book, (legs[0].position, legs[1].position)))
    return found
