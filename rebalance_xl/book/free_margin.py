"""What the wallets of derivatives accounts hold beside the margins of Futures, and how much of it is free.

A wallet's balance is where the margins of its cross positions lie. What it holds beside them is part of the book's
value, unless Portfolio has the coin at that venue: then the two are the same coins, and they count once. Of that rest
as much is free as the account's equity exceeds the initial margin of its positions: margin of a new cross position is
taken from it before money is spent (or coins are moved or bought), and what a position gives back leaves the account
only as far.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from rebalance_xl.book.accounts import account_key, account_of, price_of
from rebalance_xl.book.model import Book, Position
from rebalance_xl.book.rows import Wallet
from rebalance_xl.book.tolerances import SLACK
from rebalance_xl.functions.tier_tables import TierTables


def wallet_of(book: Book, position: Position) -> Wallet | None:
    """Return the row of Wallets in which a cross position's margin lies, None where there is none of its own."""
    wallet = listed_wallet(book, position) if book.wallets else None
    return wallet if wallet is not None and is_apart(book, wallet) else None


def listed_wallet(book: Book, position: Position) -> Wallet | None:
    """Return the row of Wallets that keeps a cross position's margin coin, None where there is none."""
    if position.margin_mode != "cross" or book.venue(position.venue).account_mode == "given":
        return None
    key, coin = account_key(position.venue, position.account), position.margin_coin.casefold()
    for wallet in book.wallets:
        own = account_key(wallet.venue or wallet.account, wallet.account) == key
        if own and wallet.coin.casefold() == coin and wallet.equity is None:
            return wallet
    return None


def is_whole(book: Book, wallet: Wallet) -> bool:
    """Tell whether a wallet holds all that Portfolio has of its coin at its venue beside the margins: one account.

    Such coins are collateral already: posting them as margin brings their account nothing. A wallet that holds less is
    the part that has been moved into the account.
    """
    place, coin = (wallet.venue or wallet.account).casefold(), wallet.coin.casefold()
    rows = [row for row in book.holdings if (row.asset.casefold(), row.venue.casefold()) == (coin, place)]
    held = math.fsum([*(row.quantity or 0.0 for row in rows), _margins_in(book, wallet)])
    return bool(rows) and wallet.balance - wallet.loan >= held * (1.0 - SLACK)


def followed(book: Book, units: Mapping[int, float], margins: Mapping[int, float]) -> dict[int, float]:
    """Return by how much whole wallets change: with the rows of Portfolio and the margins whose coins they hold.

    Parameters
    ----------
    book
        Before.
    units, margins
        After, of the rows of Portfolio and of Futures that change.
    """
    found: dict[int, float] = {}
    for wallet in book.wallets:
        place, coin = (wallet.venue or wallet.account).casefold(), wallet.coin.casefold()
        given = wallet.equity is not None or book.venue(place).account_mode == "given"
        if given or not is_whole(book, wallet):
            continue
        changes = [
            units[row.row] - (row.quantity or 0.0)
            for row in book.holdings
            if row.row in units and (row.asset.casefold(), row.venue.casefold()) == (coin, place)
        ]
        changes.append(_margins_in(book, wallet, margins) - _margins_in(book, wallet))
        found[wallet.row] = math.fsum(changes)
    return found


def _margins_in(book: Book, wallet: Wallet, after: Mapping[int, float] | None = None) -> float:
    """Return the coins of a wallet that are margins of cross positions, by row as they are after a plan."""
    key, coin = account_key(wallet.venue or wallet.account, wallet.account), wallet.coin.casefold()
    found = after or {}
    return math.fsum(
        [
            found.get(each.row, each.margin)
            for each in book.positions
            if each.margin_mode == "cross"
            and each.margin_coin.casefold() == coin
            and account_key(each.venue, each.account) == key
        ]
    )


def is_apart(book: Book, wallet: Wallet) -> bool:
    """Tell whether a wallet's coins are counted nowhere else: Portfolio has none of them at its venue."""
    venue = (wallet.venue or wallet.account).casefold()
    if wallet.equity is not None or book.venue(venue).account_mode == "given":
        return False
    coin = wallet.coin.casefold()
    return all((row.asset.casefold(), row.venue.casefold()) != (coin, venue) for row in book.holdings)


def wallet_for(book: Book, coin: str, venue: str) -> Wallet | None:
    """Return the wallet that takes what is left of a coin at a venue where Portfolio has none of it.

    A new row of Portfolio would make the wallet's coins its own: they would count no more.
    """
    place, folded = venue.casefold(), coin.casefold()
    for wallet in book.wallets:
        here = (wallet.venue or wallet.account).casefold() == place
        if here and wallet.coin.casefold() == folded and is_apart(book, wallet):
            return wallet
    return None


def idle_coins(book: Book, wallet: Wallet) -> float:
    """Return the coins of a wallet beside the margins of its cross positions; below 0 where those exceed it."""
    if not is_apart(book, wallet):
        return 0.0
    return wallet.balance - wallet.loan - _margins_in(book, wallet)


def idle_value(book: Book) -> float:
    """Return the money in all wallets beside the margins; a coin without a price counts 0 and is warned of."""
    return math.fsum([idle_coins(book, each) * (price_of(book, each.coin) or 0.0) for each in book.wallets])


@dataclass(slots=True)
class Accounts:
    """The free margin of a book's accounts while a plan or a record takes from it: one purse for each account.

    Free is what the equity of a pool exceeds the initial margin of its positions by; of a single margin coin no more
    than its wallet holds beside the margins, of a multi-asset account all of it: there every coin is margin for what is
    settled in dollars, and none has to be sold.
    """

    book: Book
    tables: TierTables
    _spare: dict[tuple[str, ...], float] = field(default_factory=dict)
    _idle: dict[int, float] = field(default_factory=dict)
    _held: dict[int, float] = field(default_factory=dict)

    def free(self, position: Position) -> float:
        """Return the money that may become margin of a cross position; 0 without a wallet of its own."""
        wallet = wallet_of(self.book, position)
        if wallet is None:
            return 0.0
        if self.book.venue(position.venue).account_mode != "multi":
            return max(0.0, min(self._spare_of(position), self._idle_of(wallet, position)))
        return 0.0 if position.inverse else max(0.0, self._spare_of(position))  # coins are not what dollars free

    def leave(self, position: Position, wanted: float, share: float = 0.0, gain: float = 0.0) -> float:
        """Return how much of the money that a position gives back leaves its account, and take it out.

        Parameters
        ----------
        position
            The row of Futures.
        wanted
            Its margin and profit that are given back; a loss beyond the margin (below 0) stays with the wallet.
        share
            Share of the position that is closed.
        gain
            The profit in `wanted`.

        Notes
        -----
        Without a wallet of its own in Wallets everything does.
        """
        wallet = wallet_of(self.book, position)
        if wallet is None:
            return wanted
        spare = self._spare_of(position) + share * position.notional / position.leverage
        idle, held = self._idle_of(wallet, position), self._held[wallet.row] + gain
        amount = max(0.0, min(wanted, spare, held))
        self._spare[self._key(position)] = spare - amount
        self._idle[wallet.row], self._held[wallet.row] = idle + wanted - amount, held - amount
        return amount

    def pay(self, position: Position, money: float) -> None:
        """Take money out of the free margin of a position's account: posted, or spent on fees."""
        wallet = wallet_of(self.book, position)
        if wallet is not None:
            self._spare[self._key(position)] = self._spare_of(position) - money
            self._idle[wallet.row] = self._idle_of(wallet, position) - money

    def _key(self, position: Position) -> tuple[str, ...]:
        key = account_key(position.venue, position.account)
        multi = self.book.venue(position.venue).account_mode == "multi"
        return (*key, "" if multi else position.margin_coin.casefold())

    def _spare_of(self, position: Position) -> float:
        key = self._key(position)
        if key not in self._spare:
            self._spare[key] = _spare_equity(self.book, self.tables, position)
        return self._spare[key]

    def _idle_of(self, wallet: Wallet, position: Position) -> float:
        if wallet.row not in self._idle:
            self._idle[wallet.row] = idle_coins(self.book, wallet) * position.money
            self._held[wallet.row] = (wallet.balance - wallet.loan) * position.money
        return self._idle[wallet.row]


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


def with_flows(book: Book, flows: Mapping[int, float]) -> tuple[Wallet, ...]:
    """Return the wallets after coins came and went, by the rows of Wallets."""
    return tuple(replace(each, balance=each.balance + flows.get(each.row, 0.0)) for each in book.wallets)
