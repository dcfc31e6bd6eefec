"""The figures of a book's derivatives accounts: equity, requirement, margin ratio and the moves that liquidate them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rebalance_xl.book.accounts import BookAccount, book_accounts
from rebalance_xl.book.estimates import estimate_of
from rebalance_xl.book.model import Book
from rebalance_xl.functions.account_solving import DOWN, UP, Fall, liquidation_move
from rebalance_xl.functions.tier_tables import TierTables


@dataclass(frozen=True, slots=True)
class AccountFigures:
    """One pool of an account as it stands, in money.

    Parameters
    ----------
    account, venue, mode, pool
        Its names: the pool is a margin coin, "account" of a multi-asset account, or the symbol of an isolated position.
    equity, requirement, free
        What counts, what must be held, and the difference; None where not known.
    ratio
        Requirement over equity, infinite where no equity is left.
    fall, rise
        Moves of the whole market that liquidate it; infinite for never, 0 where it is liquidatable already.
    estimate
        Why the figures are estimates.
    positions
        How many positions live in it.
    """

    account: str
    venue: str
    mode: str
    pool: str
    equity: float
    requirement: float
    free: float
    ratio: float
    fall: float | None
    rise: float | None
    estimate: str = ""
    positions: int = 0


def account_figures(book: Book, tables: TierTables) -> tuple[AccountFigures, ...]:
    """Return the figures of every pool of the book's accounts."""
    found: list[AccountFigures] = []
    for each in book_accounts(book, tables):
        label = estimate_of(each)
        if each.mode == "given":
            if each.given is not None:
                equity, needed = each.given
                found.append(_figures(each, "account", equity, needed, None, None, label, 0))
            continue
        for pool in each.account.pools():
            if not pool.is_at_stake:
                continue
            equity, needed = pool.figures()
            unit = 1.0 if pool.in_dollars else pool.wallets[0].price
            fall, rise = (liquidation_move([pool], direction) for direction in (DOWN, UP))
            own = replace(each, name=each.name)
            isolated = pool.legs[0].isolated is not None if pool.legs else False
            told = estimate_of(own, "isolated") if isolated else label
            found.append(_figures(own, pool.name, equity * unit, needed * unit, fall, rise, told, len(pool.legs)))
    return tuple(found)


def _figures(
    account: BookAccount,
    pool: str,
    equity: float,
    needed: float,
    fall: Fall | None,
    rise: Fall | None,
    estimate: str,
    positions: int,
) -> AccountFigures:
    ratio = needed / equity if equity > 0.0 else (math.inf if needed > 0.0 else 0.0)
    return AccountFigures(
        account=account.name,
        venue=account.venue,
        mode=account.mode,
        pool=pool,
        equity=equity,
        requirement=needed,
        free=equity - needed,
        ratio=ratio,
        fall=None if fall is None else fall.move,
        rise=None if rise is None else rise.move,
        estimate=estimate,
        positions=positions,
    )


def account_warnings(accounts: Sequence[AccountFigures], limit: float) -> list[str]:
    """Return what is said of accounts whose positions together are near liquidation, or past it.

    Parameters
    ----------
    accounts
        The figures of the book's pools.
    limit
        The move of the market (LiquidationWarning) below which one is near.

    Notes
    -----
    A pool of one position is told of by that position's own price.
    """
    found = []
    for each in accounts:
        name = each.account if each.pool == "account" else f"{each.account} {each.pool}"
        label = f" ({each.estimate})" if each.estimate else ""
        if each.requirement > 0.0 and each.free <= 0.0:
            found.append(
                f"the account {name} is liquidatable: it holds {each.equity:,.2f} of {each.requirement:,.2f}{label}"
            )
            continue
        if each.positions < 2 and each.mode == "single":
            continue
        for move, word in ((each.fall, "fall"), (each.rise, "rise")):
            if move is not None and abs(move) < limit:
                found.append(f"a {word} of the whole market by {abs(move):.2%} liquidates the account {name}{label}")
    return found
