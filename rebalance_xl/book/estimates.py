"""Why figures are estimates: doubts of an account's rows, a venue's rule without an outside example, old tiers."""

from __future__ import annotations

from rebalance_xl.book.accounts import BookAccount, account_key, account_of
from rebalance_xl.book.model import Book, Position
from rebalance_xl.cells import from_serial
from rebalance_xl.functions.tier_tables import STALE_AFTER, TierTables, age_in_days
from rebalance_xl.functions.venues import estimate_label


def estimate_of(account: BookAccount, margin_mode: str = "cross") -> str:
    """Return why an account's figures are estimates: doubts of its rows, or its venue's rule."""
    if account.doubts:
        return f"estimate: {account.doubts}"
    if account.mode == "given":
        return ""
    return estimate_label(account.venue, margin_mode)


def position_estimate(book: Book, tables: TierTables, position: Position) -> str:
    """Return why a position's liquidation price is an estimate, with the age of its tiers; "" where nothing is.

    A neighbour without tiers makes every price of its account an estimate.
    """
    key = account_key(position.venue, position.account)
    hedged = False
    doubts = ""
    if position.margin_mode == "cross":
        members = [
            each for each in book.positions if each.quantity > 0.0 and account_key(each.venue, each.account) == key
        ]
        doubts = account_of(book, tables, key, position.venue, position.account_name).doubts
        sides = {each.side for each in members if each.symbol == position.symbol and each.margin_mode == "cross"}
        hedged = len(sides) > 1
    told = f"estimate: {doubts}" if doubts else estimate_label(position.venue, position.margin_mode, hedged)
    age = tiers_age(book, tables, position)
    if not age:
        return told
    return f"{told}; {age}" if told else f"estimate: {age}"


def tiers_age(book: Book, tables: TierTables, position: Position) -> str:
    """Say how old a position's tiers are where that is more than 90 days or not known; "" without a clock."""
    name = f"{position.venue}:{position.symbol}"
    if book.as_of is None or not tables.has(name):
        return ""
    stated = tables.raw(name).as_of
    age = age_in_days(stated, from_serial(book.as_of).date())
    if age is None:
        return "the day of its tiers is not known" if stated or tables.origin(name) != "the MarginTiers table" else ""
    return f"its tiers are of {stated}, {age} days old" if age > STALE_AFTER else ""
