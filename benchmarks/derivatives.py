"""How fast 100,000 liquidation prices with tiers are, as ratios measured in one run.

``python benchmarks/derivatives.py`` prints the milliseconds of this machine and, beside them, ratios against

* the textbook formula for one rate, written out in numpy: what no table of tiers can beat, and
* sorting 100,000 numbers with ``list.sort``, the same work on every machine.

The best of several repetitions counts.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from rebalance_xl.functions import FUNCTIONS
from rebalance_xl.functions.hedge_mode import hedged_liquidation_price
from rebalance_xl.functions.liquidation import cross_liquidation_price, liquidation_price
from rebalance_xl.functions.tier_tables import shipped_tables
from rebalance_xl.functions.tiers import TierTable, requirement
from rebalance_xl.functions.venues import VENUE_WORDS

POSITIONS = 100_000
REPETITIONS = 5


def best(work: Callable[[], Any], repetitions: int = REPETITIONS) -> float:
    times = []
    for _ in range(repetitions):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> None:
    generator = np.random.default_rng(20261122)
    side = generator.choice([1.0, -1.0], POSITIONS)
    entry = 10.0 ** generator.uniform(0.0, 5.0, POSITIONS)
    quantity = 10.0 ** generator.uniform(1.0, 7.0, POSITIONS) / entry
    leverage = generator.uniform(1.0, 20.0, POSITIONS)
    wallet = quantity * entry / leverage
    names = ["binance:BTCUSDT", "bybit:BTCUSDT", "okx:BTC-USDT-SWAP", "weex:PAXGUSDT"]
    mixed = [names[index % 4] for index in range(POSITIONS)]
    venues = np.array([VENUE_WORDS[name.partition(":")[0]] for name in names])[np.arange(POSITIONS) % 4]
    table = shipped_tables().lookup("binance:BTCUSDT")
    assert isinstance(table, TierTable)
    call = FUNCTIONS["LIQUIDATION_PRICE"].call
    columns = [[["long"] if each > 0 else ["short"] for each in side]]
    columns += [[[float(each)] for each in column] for column in (quantity, entry, leverage)]

    def textbook() -> Any:
        return (side * quantity * entry - wallet) / (quantity * (side - 0.005))

    def sort() -> None:
        numbers.copy().sort()

    def bisection() -> Any:
        low, high = np.zeros(POSITIONS), np.full(POSITIONS, 1e7)
        for _ in range(60):
            middle = (low + high) / 2.0
            surplus = wallet + side * quantity * (middle - entry) - requirement(table, quantity * middle)
            up = np.where(side > 0, surplus <= 0, surplus > 0)
            low, high = np.where(up, middle, low), np.where(up, high, middle)
        return low

    numbers = generator.random(POSITIONS).tolist()
    rows: list[tuple[str, Callable[[], Any], int]] = [
        ("textbook formula, one rate", textbook, REPETITIONS),
        ("list.sort of 100,000 numbers", sort, REPETITIONS),
        ("one flat rate", lambda: liquidation_price(side, quantity, entry, leverage, 0.005), REPETITIONS),
        ("12 tiers (binance:BTCUSDT)", lambda: _isolated("binance:BTCUSDT"), REPETITIONS),
        ("35 tiers (bybit:BTCUSDT)", lambda: _isolated("bybit:BTCUSDT"), REPETITIONS),
        ("6 stepped tiers (weex:PAXGUSDT)", lambda: _isolated("weex:PAXGUSDT"), REPETITIONS),
        (
            "four tables and venues mixed",
            lambda: liquidation_price(side, quantity, entry, leverage, mixed, 0.0, venues),
            REPETITIONS,
        ),
        (
            "cross, 12 tiers",
            lambda: cross_liquidation_price(side, quantity, entry, wallet, "binance:BTCUSDT"),
            REPETITIONS,
        ),
        (
            "hedge mode, 12 tiers on two legs",
            lambda: hedged_liquidation_price(quantity, entry, quantity / 2, entry, wallet, "binance:BTCUSDT"),
            2,
        ),
        ("from cells to cells, 12 tiers", lambda: call(*columns, "binance:BTCUSDT"), 3),
        ("bisection over the requirement, 12 tiers", bisection, 1),
    ]

    def _isolated(name: str) -> Any:
        return liquidation_price(side, quantity, entry, leverage, name)

    with np.errstate(all="ignore"):
        measured = [(name, best(work, repetitions)) for name, work, repetitions in rows]
    formula, sorting = measured[0][1], measured[1][1]
    print(f"{POSITIONS:,} positions{'':<30}{'ms':>9}{'x formula':>11}{'x sort':>9}")
    for name, seconds in measured:
        print(f"{name:<47}{seconds * 1000:>9.1f}{seconds / formula:>11.1f}{seconds / sorting:>9.2f}")
    for name, arguments in (
        ("one call, flat rate", ("long", 1.0, 50_000.0, 10.0, 0.005)),
        ("one call, 12 tiers", ("long", 1.0, 50_000.0, 10.0, "binance:BTCUSDT")),
    ):
        seconds = best(lambda arguments=arguments: [call(*arguments) for _ in range(1_000)]) / 1_000
        print(f"{name:<47}{seconds * 1e6:>7.1f} us")


if __name__ == "__main__":
    main()
