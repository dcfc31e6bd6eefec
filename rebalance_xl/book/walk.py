"""From book to book without a workbook: what a plan does when it is filled as it stands, and new prices.

:func:`decide` makes a plan in numbers, :func:`carry_out` gives the book that Record would leave, :func:`with_prices`
the same book at other prices: a walk over years calls the three a day.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import lru_cache
from typing import Any, TypeVar

from rebalance_xl.book.accounts import price_of
from rebalance_xl.book.assets import money_price
from rebalance_xl.book.decision import Decision, decide
from rebalance_xl.book.free_margin import followed, listed_wallet, wallet_for, wallet_of, with_flows
from rebalance_xl.book.futures import contract_number
from rebalance_xl.book.gains import cost_sold, lots_of, taken_from, usable_lots
from rebalance_xl.book.model import Book
from rebalance_xl.book.orders import BUY, OPENINGS, RELEASE, TOP_UP, in_line_order
from rebalance_xl.book.plan_cash import cash_changes
from rebalance_xl.book.rows import Holding, Lot, Position
from rebalance_xl.book.tolerances import SLACK
from rebalance_xl.functions import contracts

__all__ = ["carry_out", "changed", "decide", "with_prices"]

Row = TypeVar("Row")


@lru_cache(maxsize=256)
def _maker(kind: Any, names: tuple[str, ...]) -> Callable[..., Any]:
    """Return what makes a row from another one and new values of some fields: written out, as dataclasses do it."""
    read = ", ".join(each.name if each.name in names else f"_old.{each.name}" for each in fields(kind))
    made: Callable[..., Any] = eval(f"lambda _old, {', '.join(names)}: kind({read})", {"kind": kind})
    return made


def changed(row: Row, **values: Any) -> Row:
    """Return a row, a book or its settings with some fields changed: dataclasses.replace in a fifth of its time."""
    kind: Any = type(row)
    made: Row = _maker(kind, tuple(values))(row, *values.values())
    return made


def with_prices(
    book: Book, prices: Mapping[int, float], marks: Mapping[int, float] | None = None, as_of: float | None = None
) -> Book:
    """Return the book at other prices and on another day.

    Parameters
    ----------
    book
        The book before.
    prices, marks
        Price of a Portfolio row and mark of a Futures row, by the row's number.
    as_of
        The day; the book's own where it is None.
    """
    holdings = tuple(
        changed(row, price=price, value=row.value if row.quantity is None else row.quantity * price)
        if (price := prices.get(row.row)) is not None
        else row
        for row in book.holdings
    )
    positions = book.positions
    if marks:
        positions = tuple(
            changed(each, mark=mark, money=mark * each.money / each.mark if each.inverse else each.money)
            if (mark := marks.get(each.row)) is not None
            else each
            for each in positions
        )
    return changed(book, holdings=holdings, positions=positions, as_of=book.as_of if as_of is None else as_of)


def carry_out(book: Book, decision: Decision) -> Book:
    """Return the book after a decision is filled as planned: what Record leaves for the next plan.

    Parameters
    ----------
    book
        The book that was decided for.
    decision
        What :func:`decide` gave for it.

    Returns
    -------
    Book
        Quantities, values, cost basis, lots, positions and stablecoins after it. LastReview becomes the day where a
        review was carried out, and the cooldown starts where anything traded.
    """
    settings = book.settings
    if decision.review:
        settings = changed(settings, last_review=book.as_of)
    if not decision.trades:
        return book if settings is book.settings else changed(book, settings=settings)
    holdings = {row.row: row for row in book.holdings}
    lots = _lots_after(book, decision)
    gone: dict[str, float] = {}  # units of each asset that have left its lots

    def take(row: int, amount: float, quantity: float | None) -> None:
        key = holdings[row].asset.casefold()
        holdings[row] = _sold(book, holdings[row], amount, quantity, gone.get(key, 0.0))
        gone[key] = gone.get(key, 0.0) + (quantity or 0.0)

    for order in in_line_order(decision.draft.sales):
        take(order.holding.row, order.amount, order.quantity)
    for need in decision.draft.needs:
        if need.kind == BUY and need.amount > 0:
            holdings[need.holding.row] = _bought(holdings[need.holding.row], need.amount, need.quantity)
        for move in need.moves:
            if move.row is not None:
                take(move.row.row, move.amount, move.quantity)
    fresh: list[Holding] = []
    flows = _wallet_flows(book, decision) if book.wallets else {}
    for key, change in cash_changes(decision.draft).items():
        if isinstance(key, int):
            holdings[key] = _paid(holdings[key], change)
        elif (wallet := wallet_for(book, decision.draft.new_stable, key)) is not None:
            flows[wallet.row] = flows.get(wallet.row, 0.0) + change / (price_of(book, wallet.coin) or 1.0)
        elif change > 0:
            fresh.append(_new_row(book, decision.draft.new_stable, key, change, len(holdings) + len(fresh)))
    positions = _positions(book, decision)
    if book.wallets:
        units = {row: held.quantity for row, held in holdings.items() if held.quantity is not None}
        flows |= followed(book, units, {each.row: each.margin for each in positions})
    return changed(
        book,
        holdings=(*holdings.values(), *fresh),
        positions=positions,
        wallets=with_flows(book, flows) if book.wallets else (),
        lots=lots,
        settings=settings,
        last_execution=book.as_of,
    )


def _sold(book: Book, row: Holding, amount: float, quantity: float | None, before: float) -> Holding:
    cost = row.cost_basis
    if cost is not None:
        gone = cost_sold(book, row, quantity or 0.0, amount, before) or 0.0
        cost = 0.0 if cost - gone < SLACK * cost else cost - gone
    if row.quantity is None or quantity is None:
        return changed(row, value=max(0.0, row.value - amount), cost_basis=cost)
    left = row.quantity - quantity
    left = 0.0 if abs(left) <= SLACK * row.quantity else left
    return changed(row, quantity=left, value=left * (row.price or 0.0), cost_basis=cost)


def _bought(row: Holding, amount: float, quantity: float | None) -> Holding:
    cost = row.cost_basis
    if cost is not None or not row.quantity:
        cost = (cost or 0.0) + amount
    if row.quantity is None and quantity is None:
        return changed(row, value=row.value + amount, cost_basis=cost)
    held = (row.quantity or 0.0) + (quantity or 0.0)
    return changed(row, quantity=held, value=held * (row.price or 0.0), cost_basis=cost)


def _paid(row: Holding, change: float) -> Holding:
    if not change:
        return row
    if row.quantity is None:
        return changed(row, value=row.value + change)
    quantity = row.quantity + change / (row.price or 1.0)
    return changed(row, quantity=quantity, value=quantity * (1.0 if row.price is None else row.price))


def _new_row(book: Book, name: str, venue: str, money: float, row: int) -> Holding:
    keeps_units = any(holding.quantity is not None for holding in book.holdings)
    worth = money_price(book.holdings, name)
    quantity, price = (money / worth, worth) if keeps_units else (None, None)
    return Holding(
        name, "", True, venue, quantity, price, money, None, None, 0.0, None, False, None, None, row, "Portfolio",
        banded=False,
    )  # fmt: skip


def _positions(book: Book, decision: Decision) -> tuple[Position, ...]:
    positions = {position.row: position for position in book.positions}
    for order in decision.draft.closings:
        row = positions[order.position.row]
        if order.amount > 0 or order.quantity:
            quantity = row.quantity - (order.quantity or 0.0)
            closed = quantity <= SLACK * row.quantity
            left = row.margin - order.margin / row.money
            gone = closed and (order.kind != RELEASE or abs(left) <= SLACK * row.margin)
            margin = 0.0 if gone else left
            positions[row.row] = changed(row, quantity=0.0 if closed else quantity, margin=margin)
    for need in decision.draft.needs:
        if need.kind not in (*OPENINGS, TOP_UP) or need.amount <= 0:
            continue
        row = positions[need.position.row]
        added = need.quantity or 0.0
        entry = row.entry
        if row.quantity + added > 0:
            start = row.mark if row.entry is None else row.entry
            entry = float(contracts.average_entry([row.quantity, added], [start, row.mark], contract_number(row)))
        margin = row.margin + need.amount / row.money
        positions[row.row] = changed(row, quantity=row.quantity + added, entry=entry, margin=margin)
    return tuple(positions.values())


def _wallet_flows(book: Book, decision: Decision) -> dict[int, float]:
    """Return the coins that come into each wallet of a cross account (+) or leave it (-), by its row in Wallets."""
    flows: dict[int, float] = {}

    def move(position: Position, coins: float) -> None:
        wallet = listed_wallet(book, position)
        if wallet is not None:
            flows[wallet.row] = flows.get(wallet.row, 0.0) + coins

    for order in decision.draft.closings:
        if order.amount > 0 or order.quantity:
            # Where what it brings does not pay its fee, a wallet of its own bears the rest.
            bears = wallet_of(book, order.position) is not None
            out = max(order.amount, order.fee) if bears else order.amount
            move(order.position, ((order.gain or 0.0) - out) / order.position.money)
    for need in decision.draft.needs:
        if need.kind in (*OPENINGS, TOP_UP) and need.amount > 0:
            move(need.position, (need.amount - need.free) / need.position.money)
    return flows


def _lots_after(book: Book, decision: Decision) -> tuple[Lot, ...]:
    """Return the lots after sales and coins that became margin (by LotMethod), and purchases of assets with lots."""
    if not book.lots:
        return ()
    left = {id(lot): lot.quantity for lot in book.lots}
    sold: dict[str, tuple[Holding, float]] = {}
    for order in decision.draft.sales:
        if order.amount > 0 and order.quantity:
            key = order.label.casefold()
            sold[key] = order.holding, sold.get(key, (order.holding, 0.0))[1] + order.quantity
    for need in decision.draft.needs:
        for move in need.moves:
            if move.row is not None:
                key = move.row.asset.casefold()
                sold[key] = move.row, sold.get(key, (move.row, 0.0))[1] + move.quantity
    for holding, units in sold.values():
        lots = usable_lots(book, holding)
        for lot, part in zip(lots, taken_from(lots, units, book.settings.lot_method) if lots else (), strict=True):
            left[id(lot)] -= part
    found = [changed(lot, quantity=left[id(lot)]) for lot in book.lots if left[id(lot)] > SLACK * lot.quantity]
    for need in decision.draft.needs:
        if need.kind == BUY and need.quantity and (lots_of(book, need.label) or not need.holding.quantity):
            price = need.amount / need.quantity if need.quantity else math.nan
            found.append(Lot(need.label, book.as_of, need.quantity, price, len(found)))
    return tuple(found)
