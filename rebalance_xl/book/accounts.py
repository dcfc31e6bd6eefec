"""A book's derivatives accounts: which wallets and positions live together, and what the plan and stress ask of them.

An account is named by the column Account, else by the venue. Its mode stands in Venues: in a *single* account each
margin coin is a pool of its own, in a *multi* account all cross positions and every coin of Wallets are one pool, and
of a *given* account the venue's own equity and requirement are taken from Wallets. Without a row in Wallets a coin's
balance is the sum of the margins of the cross positions in it. Money is the book's currency.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rebalance_xl.book.model import Book, Position
from rebalance_xl.book.rows import Wallet as WalletRow
from rebalance_xl.functions.account import MULTI, SINGLE, Account, Leg, Pool, Wallet
from rebalance_xl.functions.account_solving import (
    DOWN,
    UP,
    closed_price,
    is_liquidatable,
    liquidation_move,
    symbol_price,
)
from rebalance_xl.functions.haircuts import IN_FULL, CollateralTables, Haircut, flat_haircut
from rebalance_xl.functions.tier_tables import TierTables
from rebalance_xl.functions.tiers import TierTable, flat_table
from rebalance_xl.functions.venues import (
    GENERIC,
    VENUE_WORDS,
    cross_fee,
    has_fixed_maintenance,
    isolated_fee,
)


@dataclass(frozen=True, slots=True)
class BookAccount:
    """An account of the book.

    Parameters
    ----------
    name, venue
        What the book calls it, and where it is.
    account
        Its wallets and positions; empty for a given account.
    given
        Equity and requirement as the venue states them, None unless the mode is given.
    doubts
        Why its figures are estimates, "" where nothing speaks against them.
    """

    name: str
    venue: str
    mode: str
    account: Account
    given: tuple[float, float] | None = None
    doubts: str = ""


def price_of(book: Book, coin: str) -> float | None:
    """Return the worth of a coin in money: Wallets, Portfolio, 1 for the book's currency, a margin coin's money."""
    folded = coin.casefold()
    for wallet in book.wallets:
        if wallet.coin.casefold() == folded and wallet.price is not None:
            return wallet.price
    for holding in book.holdings:
        if holding.asset.casefold() == folded and holding.price is not None:
            return holding.price
    if folded == book.settings.quote.casefold():
        return 1.0
    found = (each.money for each in book.positions if each.margin_coin.casefold() == folded)
    return next(found, None)


def collateral_tables(book: Book) -> CollateralTables:
    """Return the haircuts of the book's CollateralTiers table."""
    rows = [[each.venue, each.coin, each.start, each.end, each.ratio, each.unit] for each in book.collateral_tiers]
    return CollateralTables([["Venue", "Coin", "From", "To", "Ratio", "Unit"], *rows] if rows else [])


def leg_of(book: Book, tables: TierTables, position: Position) -> tuple[Leg, str]:
    """Return a position as a leg of its account, and why its maintenance is an estimate ("" where it is not).

    Without tiers half the initial margin is counted: more than nothing, and said.
    """
    found = tables.lookup(f"{position.venue}:{position.symbol}")
    doubt = ""
    if isinstance(found, TierTable) and found.contract in ("", position.contract):
        table = found
    else:
        table = flat_table(min(0.5 / position.leverage, 0.9))
        doubt = f"the tiers of {position.symbol} are not known, half its initial margin is counted"
    venue = VENUE_WORDS.get(position.venue.strip().casefold(), GENERIC)
    fee = book.venue(position.venue).futures_fee
    isolated = position.margin_mode != "cross"
    counted = isolated_fee(venue, fee) if isolated else cross_fee(venue, fee)
    return (
        Leg(
            symbol=position.symbol,
            coin=position.asset,
            margin_coin=position.margin_coin,
            side=1.0 if position.side == "long" else -1.0,
            quantity=position.quantity,
            entry=position.mark if position.entry is None else position.entry,
            mark=position.mark,
            table=table,
            inverse=position.inverse,
            isolated=position.margin if isolated else None,
            fee=float(counted),
            fixed=bool(has_fixed_maintenance(venue)),
        ),
        doubt,
    )


def account_key(venue: str, account: str) -> tuple[str, str]:
    """Return by what positions are told to live together."""
    return venue.strip().casefold(), (account or venue).strip().casefold()


def _holds(key: tuple[str, str], row: WalletRow) -> bool:
    venue, name = key
    own = row.venue.strip().casefold()
    return row.account_name.strip().casefold() == name and own in ("", venue)


def book_accounts(book: Book, tables: TierTables) -> list[BookAccount]:
    """Return the accounts that hold a position or stand in Wallets, in the order of the book."""
    keys: dict[tuple[str, str], tuple[str, str]] = {}
    for position in book.positions:
        if position.quantity > 0.0:
            key = account_key(position.venue, position.account)
            keys.setdefault(key, (position.venue, position.account_name))
    for row in book.wallets:
        if not any(_holds(key, row) for key in keys):
            key = account_key(row.venue or row.account, row.account)
            keys.setdefault(key, (row.venue or row.account, row.account_name))
    return [account_of(book, tables, key, venue, name) for key, (venue, name) in keys.items()]


def account_of(book: Book, tables: TierTables, key: tuple[str, str], venue: str, name: str) -> BookAccount:
    """Return one account; see :func:`account_key`."""
    rows = [row for row in book.wallets if _holds(key, row)]
    members = [each for each in book.positions if each.quantity > 0.0 and account_key(each.venue, each.account) == key]
    terms = book.venue(venue)
    read = [leg_of(book, tables, each) for each in members]
    legs = tuple(leg for leg, _ in read)
    doubts = list(dict.fromkeys(doubt for _, doubt in read if doubt))
    if terms.account_mode == "given":
        equity = [row.equity for row in rows if row.equity is not None]
        needed = [row.maintenance for row in rows if row.maintenance is not None]
        given = (math.fsum(equity), math.fsum(needed)) if equity and needed else None
        if given is None:
            doubts.append("Wallets hold no Equity and Maintenance of it")
        return BookAccount(name, venue, "given", Account(name=name), given, "; ".join(doubts))
    mode = MULTI if terms.account_mode == "multi" else SINGLE
    wallets, missing = _wallets(book, rows, legs, members, mode)
    doubts += missing
    others = {account_key(each.venue, each.account) for each in book.positions} - {key}
    several = bool(others) or len(rows) < len(book.wallets)
    account = Account(wallets, legs, mode, terms.trigger, name=name if several else "")
    return BookAccount(name, venue, terms.account_mode, account, None, "; ".join(doubts))


def _wallets(
    book: Book, rows: Sequence[WalletRow], legs: Sequence[Leg], members: Sequence[Position], mode: float
) -> tuple[tuple[Wallet, ...], list[str]]:
    collateral = collateral_tables(book)
    found: dict[str, Wallet] = {}
    doubts: list[str] = []
    for row in rows:
        price = row.price if row.price is not None else price_of(book, row.coin)
        if price is None:
            doubts.append(f"{row.coin} has no price")
        haircut, doubt = _haircut(row, collateral) if mode == MULTI else (IN_FULL, "")
        if doubt:
            doubts.append(doubt)
        worth = math.nan if price is None else price
        if mode == MULTI and price is None:
            worth, haircut = 0.0, flat_haircut(0.0)
        found[row.coin.casefold()] = Wallet(row.coin, row.balance, worth, haircut, row.loan, row.loan_rate)
    for position in members:
        key = position.margin_coin.casefold()
        if key in found:
            continue
        margins = [
            each.margin for each in members if each.margin_mode == "cross" and each.margin_coin.casefold() == key
        ]
        found[key] = Wallet(position.margin_coin, math.fsum(margins), position.money)
    return tuple(found.values()), doubts


def _haircut(row: WalletRow, collateral: CollateralTables) -> tuple[Haircut, str]:
    """Return a coin's haircut and what is doubtful about it; a coin without a ratio is no collateral."""
    if row.ratio is None:
        return flat_haircut(0.0), f"{row.coin} has no collateral ratio and counts 0"
    if isinstance(row.ratio, str):
        name = row.ratio if ":" in row.ratio else f"{row.ratio}:{row.coin}"
        found = collateral.lookup(name)
        if isinstance(found, Haircut):
            return found, ""
        return flat_haircut(0.0), f"{row.coin} counts 0: {found.reason}"
    if 0.0 <= row.ratio <= 1.0:
        return flat_haircut(row.ratio), ""
    return flat_haircut(0.0), f"{row.coin} counts 0: its ratio {row.ratio:g} is not from 0 to 1"


# --- what the plan asks -------------------------------------------------------------------------------------------


def pool_with(
    book: Book, tables: TierTables, position: Position, quantity: float, entry: float, margin: float
) -> tuple[Pool, Leg, str]:
    """Return the cross pool of a position as it would be with another size, entry and margin (in margin coins).

    What is posted more (or less) than the row's margin is added to its wallet.

    Returns
    -------
    pool, leg, doubts
        The pool, the changed position in it, and why its figures are estimates.
    """
    posted = replace(position, quantity=quantity, entry=entry, margin=margin)
    positions = tuple(posted if each.row == position.row else each for each in book.positions)
    if all(each.row != position.row for each in book.positions):
        positions = (*positions, posted)
    changed = replace(book, positions=positions)
    key = account_key(position.venue, position.account)
    found = account_of(changed, tables, key, position.venue, position.account_name)
    account = found.account
    listed = any(_holds(key, row) and row.coin.casefold() == position.margin_coin.casefold() for row in book.wallets)
    if listed and margin != position.margin:
        account = replace(
            account,
            wallets=tuple(
                replace(each, balance=each.balance + margin - position.margin)
                if each.coin.casefold() == position.margin_coin.casefold()
                else each
                for each in account.wallets
            ),
        )
    leg, _ = leg_of(changed, tables, posted)
    pool = next(pool for pool in account.pools() if any(each == leg for each in pool.legs))
    return pool, next(each for each in pool.legs if each == leg), found.doubts


def pool_distance(
    book: Book, tables: TierTables, position: Position, quantity: float, entry: float, margin: float
) -> float:
    """Return the smallest move of the whole market that liquidates a cross position's pool of several positions.

    Parameters
    ----------
    book, tables, position, quantity, entry, margin
        As for :func:`cross_price`.

    Returns
    -------
    float
        0 where it is liquidatable already, infinite for never and for a pool of one position, whose own price tells.
    """
    if book.venue(position.venue).account_mode == "given":
        return math.inf
    pool, _, _ = pool_with(book, tables, position, quantity, entry, margin)
    if len(pool.legs) < 2:
        return math.inf
    return min(abs(liquidation_move([pool], direction).move) for direction in (DOWN, UP))


def cross_price(
    book: Book, tables: TierTables, position: Position, quantity: float, entry: float, margin: float
) -> float | None:
    """Return the liquidation price of a cross position of a size, entry and margin, all else frozen.

    Parameters
    ----------
    book, tables, position
        The row of Futures in its book.
    quantity, entry, margin
        Of the whole position; margin in its margin coin.

    Returns
    -------
    float or None
        Infinite for never, None where it is not known. Of an account that is liquidatable already the price that would
        cure it, the mark itself where more than one line would have to be solved.
    """
    if book.venue(position.venue).account_mode == "given":
        return None
    pool, leg, _ = pool_with(book, tables, position, quantity, entry, margin)
    alone = sum(each.symbol.casefold() == leg.symbol.casefold() for each in pool.legs) == 1
    if is_liquidatable(pool):
        if not alone or pool.in_dollars:
            return position.mark
        cure = closed_price(pool, leg)
        return None if cure != cure else cure
    low, high = (symbol_price(pool, leg.symbol, direction) for direction in (DOWN, UP))
    if math.isinf(low) or math.isinf(high):
        return min(low, high)
    return low if position.mark / low <= high / position.mark else high
