"""Accounts: 10,000 of five positions with tiers at once, and 200 shocks on a book of 50 positions.

The shocks are measured twice: as STRESS_TABLE takes them, and as ``rebalance-xl stress`` does on a whole book, where
each shock also asks on what the plan would act; with MarginTopUp every position is asked for what it lacks.

Run ``python benchmarks/accounts.py``; it prints seconds of processor time and the ratio to sorting 100,000 numbers,
which says more than seconds on a machine that does other things as well.
"""

from __future__ import annotations

import datetime as dt
import math
import random
import time
from collections.abc import Callable

import numpy as np

from rebalance_xl.book.memory import MemoryWorkbook
from rebalance_xl.book.model import Book, read_book
from rebalance_xl.book.stress import stress_book
from rebalance_xl.functions.account import Account, Leg, Wallet
from rebalance_xl.functions.account_arrays import AccountColumns, market_moves, symbol_prices
from rebalance_xl.functions.account_solving import DOWN, UP, liquidation_move
from rebalance_xl.functions.stress import Holding, Shock, stress_all
from rebalance_xl.functions.tier_tables import shipped_tables
from rebalance_xl.functions.tiers import TierTable

ACCOUNTS, POSITIONS = 10_000, 5
DAY = dt.date(2026, 11, 20)
COINS = ("BTC", "ETH", "SOL", "XRP", "DOGE", "ADA", "LINK", "AVAX", "BNB", "LTC")
SYMBOLS = tuple(f"{coin}USDT" for coin in COINS)


def tables() -> list[TierTable]:
    """Return the shipped tables of ten symbols."""
    found = [shipped_tables().lookup(f"binance:{symbol}") for symbol in SYMBOLS]
    return [each for each in found if isinstance(each, TierTable)]


def columns(accounts: int = ACCOUNTS, seed: int = 7) -> AccountColumns:
    """Return random accounts of five positions each."""
    draw = np.random.default_rng(seed)
    count = accounts * POSITIONS
    mark = draw.uniform(0.5, 60_000.0, count)
    worth = 10.0 ** draw.uniform(3.0, 7.0, count)
    total = np.bincount(np.repeat(np.arange(accounts), POSITIONS), weights=worth)
    return AccountColumns(
        steady=total * draw.uniform(0.02, 0.6, accounts),
        moving=total * draw.uniform(0.0, 0.2, accounts),
        account=np.repeat(np.arange(accounts), POSITIONS),
        side=draw.choice([1.0, -1.0], count),
        quantity=worth / mark,
        entry=mark * draw.uniform(0.95, 1.05, count),
        mark=mark,
        table=draw.integers(0, len(SYMBOLS), count),
        fee=np.zeros(count),
        tables=tables(),
    )


def book(positions: int = 50, seed: int = 3) -> tuple[Account, list[Holding]]:
    """Return one account of fifty positions and some spot beside it."""
    draw = random.Random(seed)
    found = tables()
    legs = []
    for number in range(positions):
        mark, worth = draw.uniform(1.0, 60_000.0), draw.uniform(1e3, 1e6)
        entry, side = mark * draw.uniform(0.9, 1.1), draw.choice([1.0, 1.0, -1.0])
        table = found[number % len(found)]
        legs.append(Leg(f"C{number}USDT", f"C{number}", "USDT", side, worth / mark, entry, mark, table))
    holdings = [Holding(f"C{number}", 10.0, 100.0) for number in range(positions)]
    return Account((Wallet("USDT", 6e6, 1.0),), tuple(legs)), holdings


def whole_book(top_up: float | None = None) -> Book:
    """Return the account of fifty positions as a workbook's book, each with a target and a band, and its spot."""
    account, holdings = book()
    tiers = [
        ["binance", leg.symbol, tier.floor, None if math.isinf(tier.cap) else tier.cap, 50.0, tier.rate, tier.amount]
        for leg in account.legs
        for tier in leg.table.rows
    ]
    futures = [
        [leg.symbol, leg.coin, "binance", "long" if leg.side > 0 else "short", "cross", leg.quantity, leg.entry,
         leg.mark, 10.0, leg.quantity * leg.mark / 10.0, 0.02, 0.01]
        for leg in account.legs
    ]  # fmt: skip
    spot = [[each.coin, "spot", "cold", each.quantity, each.price, 1 / 60, 0.01] for each in holdings]
    position = ["Symbol", "Asset", "Venue", "Side", "MarginMode", "Quantity", "EntryPrice", "MarkPrice", "Leverage"]
    tables = {
        "Portfolio": [
            ["Asset", "Kind", "Venue", "Quantity", "Price", "Target", "Band"],
            *spot,
            ["USDT", "stable", "cold", 50_000.0, 1.0, None, None],
        ],
        "Futures": [[*position, "Margin", "Target", "Band"], *futures],
        "Wallets": [["Venue", "Coin", "Balance", "Price"], ["binance", "USDT", account.wallets[0].balance, 1.0]],
        "MarginTiers": [["Venue", "Symbol", "Floor", "Cap", "MaxLeverage", "Rate", "Amount"], *tiers],
    }
    return read_book(MemoryWorkbook(tables, {"AsOf": DAY, "MarginTopUp": top_up}), DAY)


def measured(work: Callable[[], object]) -> float:
    """Return the smallest processor time of three runs."""
    times = []
    for _ in range(3):
        begun = time.process_time()
        work()
        times.append(time.process_time() - begun)
    return min(times)


def main() -> None:
    """Print the figures."""
    many = columns()
    numbers = np.random.default_rng(1).random(100_000)
    unit = measured(lambda: np.sort(numbers.copy()))

    def all_accounts() -> None:
        symbol_prices(many)
        market_moves(many, DOWN)
        market_moves(many, UP)

    taken = measured(all_accounts)
    print(
        f"{ACCOUNTS:,} accounts of {POSITIONS} positions: {taken:.3f} s, {taken / unit:,.0f} sorts of 100,000 numbers"
    )
    account, holdings = book()
    shocks = [Shock(everything=-0.6 + 0.006 * number) for number in range(200)]
    taken = measured(lambda: stress_all([account], holdings, shocks))
    print(f"200 shocks on 50 positions: {taken:.3f} s, {taken / unit:,.0f} sorts")
    for words, top_up in (("", None), (" with MarginTopUp", 0.1)):
        whole = whole_book(top_up)
        taken = measured(lambda whole=whole: stress_book(whole, shocks))  # type: ignore[misc]
        print(f"rebalance-xl stress, triggers{words}: {taken:.3f} s, {taken / unit:,.0f} sorts")
    taken = measured(lambda: [liquidation_move(account.pools(), DOWN) for _ in range(20)]) / 20
    print(f"one walk over 50 positions: {taken * 1e3:.2f} ms")


if __name__ == "__main__":
    main()
