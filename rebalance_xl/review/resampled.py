"""Histories drawn again for books that only the plan itself can walk."""

from __future__ import annotations

import math

import numpy as np

from rebalance_xl.book.model import Book
from rebalance_xl.recalc.batch.jobs import Job
from rebalance_xl.review.bootstrap import draw
from rebalance_xl.review.general import run_any
from rebalance_xl.review.history import History

_SUFFIXES = (" high", " low", " funding")


def drawn(history: History, chosen: np.ndarray) -> History:
    """Return a history whose every close repeats the move of a drawn day; highs, lows and funding are that day's.

    Parameters
    ----------
    history
        The real one.
    chosen
        For each step the day of the move that is repeated, 0 for the first.
    """
    columns = {}
    for name, values in history.columns.items():
        if not name.endswith(_SUFFIXES):
            moves = values[1:] / values[:-1]
            columns[name] = values[0] * np.concatenate([[1.0], np.cumprod(moves[chosen])])
    for name, values in history.columns.items():
        suffix = next((each for each in _SUFFIXES if name.endswith(each)), "")
        if suffix == " funding":
            columns[name] = np.concatenate([values[:1], values[1:][chosen]])
        elif suffix and (base := name.removesuffix(suffix)) in columns:
            ratio = values / history.columns[base]
            columns[name] = columns[base] * np.concatenate([ratio[:1], ratio[1:][chosen]])
    step = (history.days[-1] - history.days[0]) / (len(history.days) - 1)
    return History(history.days[0] + step * np.arange(len(chosen) + 1), columns, history.where)


def work(job: Job) -> list[float]:
    """Return the differences of log growth of a rule to holding on some drawn histories; runs in a worker."""
    book, history, paths, block, seed, length = job.options
    return differences(book, history, paths, block, seed, length)


def differences(book: Book, history: History, paths: int, block: float, seed: int, length: int) -> list[float]:
    """Return the difference of log growth to holding, one for each drawn history.

    Parameters
    ----------
    book, history
        The book with its rule, and the real history.
    paths, block, seed, length
        How many are drawn, the mean block and the seed, and their length in closes.
    """
    source = np.random.default_rng(seed)
    chosen = draw(len(history.days) - 1, length, paths, block, source)
    found = []
    for path in range(paths):
        other = drawn(history, chosen[:, path])
        rule, held = run_any(book, other), run_any(book, other, trade=False)
        both = rule.value > 0.0 and held.value > 0.0
        found.append(math.log(rule.value / held.value) if both else -math.inf)
    return found
