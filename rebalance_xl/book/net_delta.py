"""Net delta: how many coins of each asset the book gains or loses with, before and after a plan."""

from __future__ import annotations

import math
from collections.abc import Iterable

from rebalance_xl.book.derivatives import delta_of
from rebalance_xl.book.draft import Draft
from rebalance_xl.book.free_margin import idle_coins
from rebalance_xl.book.futures import contract_number, worth_of
from rebalance_xl.book.model import Book, Holding, Position
from rebalance_xl.book.orders import BUY
from rebalance_xl.book.plan_data import NetDelta
from rebalance_xl.book.states import FuturesState, rows_by_asset
from rebalance_xl.functions import contracts


def net_deltas(draft: Draft) -> list[NetDelta]:
    """Return the net delta of every asset that a position is held or opened on."""
    assets: dict[str, str] = {}
    for state in draft.judgement.futures:
        opened = any(need.futures is state and need.amount > 0 for need in draft.needs)
        if (state.position.quantity > 0 and not state.gone) or opened:
            assets.setdefault(state.position.asset.casefold(), state.position.asset)
    rows = rows_by_asset(draft.book.holdings)
    extra = _wallet_coins(draft.book)
    found = []
    for key, asset in assets.items():
        held = rows.get(key, [])
        price = _price(held)
        legs = [state for state in draft.judgement.futures if state.position.asset.casefold() == key and not state.gone]
        before = _delta(held, [state.position for state in legs], extra.get(key, 0.0))
        sold = math.fsum([_units(s.quantity, s.amount, price) for s in draft.sales if s.label.casefold() == key])
        bought = [n for n in draft.needs if n.kind == BUY and n.label.casefold() == key]
        moved = math.fsum(
            [move.quantity for n in draft.needs for move in n.moves if move.row is not None and move.row in held]
        )
        # Coins that a plan's margin takes out of the free margin were counted in the wallet.
        moved += math.fsum([m.quantity for n in draft.needs for m in n.moves if m.free and m.coin.casefold() == key])
        after = _delta(held, [], extra.get(key, 0.0)) - sold - moved
        after += math.fsum([_units(n.quantity, n.amount, price) for n in bought])
        after += math.fsum([_delta_after(draft, state) for state in legs])
        found.append(NetDelta(asset, before, after))
    return found


def coin_deltas(book: Book) -> dict[str, float]:
    """Return the net delta of every asset of a book, by its name in lower case: what a plan shows as "before"."""
    standings = worth_of(book).positions
    alive = [each for each, stands in zip(book.positions, standings, strict=True) if not stands.gone]
    rows, extra = rows_by_asset(book.holdings), _wallet_coins(book)
    names = dict.fromkeys([*rows, *extra, *(each.asset.casefold() for each in alive)])
    return {
        name: _delta(
            rows.get(name, []), [each for each in alive if each.asset.casefold() == name], extra.get(name, 0.0)
        )
        for name in names
    }


def _delta(held: Iterable[Holding], positions: Iterable[Position], extra: float) -> float:
    rows = list(held)
    price = _price(rows)
    parts = [extra, *(_units(row.quantity, row.value, price) for row in rows)]
    parts += [delta_of(each, each.quantity, each.entry, each.margin) for each in positions]
    return math.fsum(parts)


def _wallet_coins(book: Book) -> dict[str, float]:
    """Return the coins in Wallets that neither Portfolio (at that venue) nor the margins of Futures count already."""
    found: dict[str, float] = {}
    for wallet in book.wallets:
        coin = wallet.coin.casefold()
        found[coin] = found.get(coin, 0.0) + idle_coins(book, wallet)
    return found


def _price(rows: Iterable[Holding]) -> float | None:
    return next((row.price for row in rows if row.price), None)


def _units(quantity: float | None, money: float, price: float | None) -> float:
    if quantity is not None:
        return quantity
    return money / price if price else 0.0


def _delta_after(draft: Draft, state: FuturesState) -> float:
    position = state.position
    quantity, margin = position.quantity, position.margin
    entry = position.mark if position.entry is None else position.entry
    for closing in draft.closings:
        if closing.futures is state:
            quantity -= closing.quantity or 0.0
            margin -= closing.margin / position.money
    for need in draft.needs:
        if need.futures is state and need.amount > 0:
            size = need.quantity or 0.0
            if quantity + size > 0:
                kind = contract_number(position)
                entry = float(contracts.average_entry([quantity, size], [entry, position.mark], kind))
            quantity += size
            margin += need.amount / position.money
    return delta_of(position, quantity, entry, margin)


def delta_text(delta: NetDelta) -> str:
    """Return a net delta as a sentence."""
    return f"net delta of {delta.asset}: {delta.before:.8g} before the plan, {delta.after:.8g} after it"
