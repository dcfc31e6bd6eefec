"""How fast a review is: one run, hourly closes, a thousand bands beside bt, bootstraps, and a walk by the plan itself.

Run ``python benchmarks/review.py [--paths 10000]`` from the checkout. All times are processor time of this process and
its children. bt is measured over 20 bands in the same run and extrapolated to 1,000, where it is installed.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import resource
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from rebalance_xl.book.memory import MemoryWorkbook
from rebalance_xl.book.model import read_book
from rebalance_xl.functions.simulation.terms import SpotBook, SpotRow, Terms
from rebalance_xl.functions.simulation.walk import walk_many, walk_one
from rebalance_xl.review import general
from rebalance_xl.review.bootstrap import resample
from rebalance_xl.review.general import run_any
from rebalance_xl.review.history import History

START = [100.0, 20.0, 3.0, 2500.0, 0.5]
WEIGHTS = [0.38, 0.2375, 0.1425, 0.095, 0.095]
VOLATILITY = [0.035, 0.04, 0.05, 0.045, 0.055]
DRIFT = [0.0008, 0.0006, 0.0006, 0.0006, 0.0004]


def closes(count: int, per_day: float = 1.0) -> np.ndarray:
    """Return invented closes of five assets, the same every time."""
    state, rows = 41, [START]
    scale = per_day**-0.5
    for _ in range(count - 1):
        row = []
        for i, before in enumerate(rows[-1]):
            total = 0.0
            for _ in range(4):
                state = (1103515245 * state + 12345) % 2**31
                total += state / 2**31
            move = DRIFT[i] / per_day + VOLATILITY[i] * scale * 3**0.5 * (total - 2)
            row.append(round(before * (1 + move), 6))
        rows.append(row)
    return np.array(rows)


def cpu() -> float:
    """Return the processor time of this process and its finished children."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def own_memory() -> float:
    """Return the largest memory of this process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0


def child_memory() -> float:
    """Return the largest memory of a finished child process, in MB."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024.0


def best(work: Any, times: int = 5) -> tuple[float, Any]:
    """Return the least processor time of some calls in seconds, and the last answer."""
    least, answer = float("inf"), None
    for _ in range(times):
        begun = time.process_time()
        answer = work()
        least = min(least, time.process_time() - begun)
    return least, answer


def say(what: str, measured: str, bound: str) -> None:
    """Print a row."""
    print(f"{what:<58} {measured:>26}   {bound}", flush=True)


def one_run(book: SpotBook, days: np.ndarray, prices: np.ndarray) -> None:
    """Measure single runs."""
    terms = Terms(spot_fee=0.001, reserve_min=0.05)
    seconds, (course, _, _) = best(lambda: walk_one(book, terms, days, prices))
    found = f"{seconds * 1e3:.1f} ms ({len(course.executions)} executions)"
    say("five assets, 1,826 daily closes, full rules", found, "at most 60 ms")
    hourly = closes(8760, 24.0)
    hours = days[0] + np.arange(8760) / 24.0
    seconds, (course, _, _) = best(lambda: walk_one(book, terms, hours, hourly))
    found = f"{seconds * 1e3:.1f} ms ({len(course.executions)} executions)"
    say("8,760 hourly closes", found, "at most 30 ms")


def bands(book: SpotBook, days: np.ndarray, prices: np.ndarray) -> None:
    """Measure a thousand bands, beside bt."""
    widths = np.linspace(0.012, 0.3, 1000)
    variants = [Terms(spot_fee=0.001, reserve_min=0.05, band=float(width)) for width in widths]
    seconds, walk = best(lambda: walk_many(book, variants, days, prices), 3)
    say("1,000 bands, daily", f"{seconds:.2f} s ({walk.trades.sum():,.0f} executions)", "at most 1.5 s")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            import bt
            import pandas as pd
        except ImportError:
            say("bt", "not installed", "at least 700 times slower")
            return
        index = pd.date_range(dt.date(2021, 1, 4), periods=len(prices))
        frame = pd.DataFrame(prices, index=index, columns=list("ABCDE"))
        weights = dict(zip("ABCDE", WEIGHTS, strict=True))
        begun = time.process_time()
        for band in np.linspace(0.012, 0.3, 20):
            target = pd.DataFrame([WEIGHTS] * len(prices), index=index, columns=list("ABCDE"))
            algos = [
                bt.algos.RunIfOutOfBounds(float(band) / 0.25),
                bt.algos.SelectAll(),
                bt.algos.WeighSpecified(**weights),
                bt.algos.Rebalance(),
            ]
            first = [bt.algos.RunOnce(), bt.algos.SelectAll(), bt.algos.WeighSpecified(**weights), bt.algos.Rebalance()]
            strategy = bt.Strategy("x", [bt.algos.Or([bt.AlgoStack(*first), bt.AlgoStack(*algos)])])
            del target
            test = bt.Backtest(
                strategy, frame, initial_capital=1e5, integer_positions=False, progress_bar=False,
                commissions=lambda quantity, price: abs(quantity * price) * 0.001,
            )  # fmt: skip
            bt.run(test)
        theirs = (time.process_time() - begun) * 50.0
    say("1,000 bands with bt, extrapolated from 20", f"{theirs:,.0f} s", "")
    say("times as fast as bt", f"{theirs / seconds:,.0f}", "at least 700")


def bootstrap(book: SpotBook, days: np.ndarray, prices: np.ndarray, paths: int) -> None:
    """Measure bootstrap paths of one year in two processes, and whether one gives the same figures."""
    terms = Terms(spot_fee=0.001, reserve_min=0.05)
    mark = max(own_memory(), child_memory())
    begun, wall = cpu(), time.perf_counter()
    two = resample("threshold", book, terms, days, prices, 0.0, paths=paths, length=365, workers=2)
    spent, waited = cpu() - begun, time.perf_counter() - wall
    say(
        f"{paths:,} paths of one year, two processes", f"{waited:.1f} s, {spent:.1f} s CPU", "at most 15 s on two cores"
    )
    say("largest memory of a process, before and after", f"{mark:.0f}, {max(own_memory(), child_memory()):.0f} MB",
        "under 150 MB")  # fmt: skip
    begun, wall = cpu(), time.perf_counter()
    one = resample("threshold", book, terms, days, prices, 0.0, paths=paths, length=365)
    spent, waited = cpu() - begun, time.perf_counter() - wall
    say(f"{paths:,} paths of one year, one process", f"{waited:.1f} s, {spent:.1f} s CPU", "")
    say("the same figures with one and two processes", "yes" if one == two else "NO", "yes")
    try:
        from dask.distributed import LocalCluster
    except ImportError:
        say("dask", "not installed", "the same figures")
        return
    with LocalCluster(  # type: ignore[no-untyped-call]
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=":0", silence_logs=40
    ) as cluster:
        begun_at = time.perf_counter()
        address = cluster.scheduler_address
        three = resample("threshold", book, terms, days, prices, 0.0, paths=paths, length=365, scheduler=address)
        waited = time.perf_counter() - begun_at
    say("the same on a dask LocalCluster of two workers", f"{waited:.1f} s, {'yes' if one == three else 'NO'}", "yes")


def by_plan(days: np.ndarray, prices: np.ndarray) -> None:
    """Measure a book with lots, an event and a perpetual, which the plan itself walks."""
    rows = [
        [name, "spot", "V", 90_000.0 * weight / price, price, 90_000.0 * weight, weight * 0.9, 0.03, 0.001]
        for name, weight, price in zip("ABCDE", WEIGHTS, START, strict=True)
    ]
    tables: dict[str, Any] = {
        "Portfolio": [
            ["Asset", "Kind", "Venue", "Quantity", "Price", "CostBasis", "Target", "Band", "Lot"],
            *rows,
            ["USDT", "stable", "V", 10_000.0, 1.0, None, None, None, None],
        ],
        "Venues": [["Venue", "SpotFee", "FuturesFee"], ["V", 0.001, 0.0005]],
        "Futures": [
            ["Symbol", "Asset", "Venue", "Side", "Leverage", "MarkPrice", "FundingRate", "Target", "Band"],
            ["AUSDT", "A", "V", "long", 3, 100.0, 0.0001, 0.05, 0.02],
        ],
        "MarginTiers": [
            ["Venue", "Symbol", "Floor", "Cap", "MaxLeverage", "Rate", "Amount"],
            ["V", "AUSDT", 0, None, 125, 0.005, 0],
        ],
    }
    book = read_book(MemoryWorkbook(tables, {"ReserveMax": 0.1}), float(days[0]))
    history = History(days, {name.casefold(): prices[:, i] for i, name in enumerate("ABCDE")})
    seconds, run = best(lambda: run_any(book, history))
    count = len(run.executions)
    with replayed(book, history) as again:
        scan, same = best(again)
    assert np.array_equal(same.curve, run.curve)
    say(f"lots and a perpetual, by the plan ({count} executions)", f"{seconds * 1e3:.0f} ms", "")
    say("of it the scan: funding, liquidation, triggers, measures", f"{scan * 1e3:.0f} ms", "")
    say("beyond the scan, a trade", f"{(seconds - scan) / count * 1e3:.2f} ms", "at most 0.4 ms")


@contextmanager
def replayed(book: Any, history: History) -> Iterator[Callable[[], Any]]:
    """Give a run that finds the same triggers, and whose plans are answered from a list: what is left is the scan."""
    decide, carry_out, at = general.decide, general.carry_out, general._Walker.at
    decisions: list[Any] = []
    books: list[Any] = []

    def decided(now: Any) -> Any:
        decisions.append(decide(now))
        return decisions[-1]

    def carried(now: Any, decision: Any) -> Any:
        books.append(carry_out(now, decision))
        return books[-1]

    general.decide, general.carry_out = decided, carried
    try:
        last = run_any(book, history).final
        known: list[Iterator[Any]] = []
        general.decide = lambda _: next(known[0])
        general.carry_out = lambda *_: next(known[1])
        general._Walker.at = lambda *_: last  # type: ignore[method-assign]

        def again() -> Any:
            known[:] = [iter(decisions), iter(books)]
            return run_any(book, history)

        yield again
    finally:
        general.decide, general.carry_out, general._Walker.at = decide, carry_out, at  # type: ignore[method-assign]


def main() -> None:
    """Measure all of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--paths", type=int, default=10_000, help="bootstrap paths")
    paths = parser.parse_args().paths
    prices = closes(1826)
    days = 44_200.0 + np.arange(1826.0)
    rows = tuple(
        SpotRow(name, 100_000.0 * weight / price, weight, 0.05)
        for name, weight, price in zip("ABCDE", WEIGHTS, START, strict=True)
    )
    book = SpotBook(rows, 5_000.0, last_review=float(days[0]))
    one_run(book, days, prices)
    by_plan(days, prices)
    bootstrap(book, days, prices, paths)
    bands(book, days, prices)


if __name__ == "__main__":
    main()
