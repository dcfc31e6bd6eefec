"""What the wallets of derivatives accounts hold beside the margins of Futures, and how much of it is free.

A wallet's balance is where the margins of its cross positions lie. What it holds beside them is part of the book's
value, unless Portfolio has the coin at that venue: then the two are the same coins, and they count once. Of that rest
as much is free as the account's equity exceeds the initial margin of its positions: margin of a new cross position is
taken from it before money is spent, and what a position gives back leaves the account only as far.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from rebalance_xl.book.accounts import account_key, account_of, price_of
from rebalance_xl.book.model import Book, Position
from rebalance_xl.book.rows import Wallet
from rebalance_xl.functions.tier_tables import TierTables


def wallet_of(book: Book, position: Position) -> Wallet | None:
    """Return the row of Wallets in which a cross position's margin lies, None where there is none of its own."""
    if position.margin_mode != "cross" or not book.wallets:
        return None
    key, coin = account_key(position.venue, position.account), position.margin_coin.casefold()
    for wallet in book.wallets:
        own = account_key(wallet.venue or wallet.account, wallet.account) == key
        if own and wallet.coin.casefold() == coin and is_apart(book, wallet):
            return wallet
    return None


def is_apart(book: Book, wallet: Wallet) -> bool:
    """Tell whether a wallet's coins are counted nowhere else: Portfolio has none of them at its venue."""
    venue = (wallet.venue or wallet.account).casefold()
    if wallet.equity is not None or book.venue(venue).account_mode == "given":
        return False
    coin = wallet.coin.casefold()
    return all((row.asset.casefold(), row.venue.casefold()) != (coin, venue) for row in book.holdings)


def idle_coins(book: Book, wallet: Wallet) -> float:
    """Return the coins of a wallet beside the margins of its cross positions; below 0 where those exceed it."""
    if not is_apart(book, wallet):
        return 0.0
    key, coin = account_key(wallet.venue or wallet.account, wallet.account), wallet.coin.casefold()
    margins = [
        each.margin
        for each in book.positions
        if each.margin_mode == "cross"
        and each.margin_coin.casefold() == coin
        and account_key(each.venue, each.account) == key
    ]
    return wallet.balance - wallet.loan - math.fsum(margins)


def idle_value(book: Book) -> float:
    """Return the money in all wallets beside the margins; a coin without a price counts 0 and is warned of."""
    return math.fsum([idle_coins(book, each) * (price_of(book, each.coin) or 0.0) for each in book.wallets])


def free_money(book: Book, tables: TierTables, position: Position) -> float:
    """Return the money in the wallet of a linear cross position that may become margin or leave the account."""
    wallet = None if position.inverse else wallet_of(book, position)
    if wallet is None:
        return 0.0
    idle = idle_coins(book, wallet) * position.money
    return max(0.0, min(idle, _spare_equity(book, tables, position))) if idle > 0.0 else 0.0


def _spare_equity(book: Book, tables: TierTables, position: Position) -> float:
    """Return the equity of a position's pool beyond the initial margin of what is open in it, in money."""
    key = account_key(position.venue, position.account)
    account = account_of(book, tables, key, position.venue, position.account_name).account
    coin = position.margin_coin.casefold()
    pool = next(each for each in account.pools() if each.in_dollars or each.name.casefold() == coin)
    unit = 1.0 if pool.in_dollars else position.money
    members = [
        each
        for each in book.positions
        if each.margin_mode == "cross"
        and account_key(each.venue, each.account) == key
        and (pool.in_dollars or each.margin_coin.casefold() == coin)
    ]
    return pool.figures()[0] * unit - math.fsum([each.notional / each.leverage for each in members])


def may_leave(book: Book, tables: TierTables, position: Position, wanted: float, share: float = 0.0) -> float:
    """Return how much of the money that a position would give back may leave its account.

    Parameters
    ----------
    book, tables, position
        The row of Futures.
    wanted
        Its margin and profit that are given back; a loss beyond the margin (below 0) stays with the wallet.
    share
        Share of the position that is closed.

    Notes
    -----
    Without a wallet of its own in Wallets everything may.
    """
    if wallet_of(book, position) is None:
        return wanted
    spare = _spare_equity(book, tables, position) + share * position.notional / position.leverage
    return max(0.0, min(wanted, spare))


def with_flows(book: Book, flows: Mapping[int, float]) -> tuple[Wallet, ...]:
    """Return the wallets after coins came and went, by the rows of Wallets."""
    return tuple(replace(each, balance=each.balance + flows.get(each.row, 0.0)) for each in book.wallets)
