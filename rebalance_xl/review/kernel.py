"""Runs of simple books through the kernel: one variant, or many side by side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rebalance_xl.book.model import Book
from rebalance_xl.functions.simulation.rules import Array
from rebalance_xl.functions.simulation.summary import many_measures, nearness
from rebalance_xl.functions.simulation.terms import Terms
from rebalance_xl.functions.simulation.walk import curve_from, walk_many, walk_one
from rebalance_xl.review.history import History
from rebalance_xl.review.runs import SMALL, Run
from rebalance_xl.review.simple import spot_book, terms_of


def prices_of(book: Book, history: History) -> Array:
    """Return the closes of the book's spot rows, one column a row."""
    return history.matrix([holding.asset for holding in book.holdings if not holding.stable])


def run_simple(book: Book, history: History, slippage: float = 0.0, delayed: bool = False) -> Run:
    """Return the run of a simple book with its own settings.

    Parameters
    ----------
    book
        One that :func:`rebalance_xl.review.simple.beyond_the_kernel` has nothing against.
    history
        Checked.
    slippage
        Share of the amount on top of the fee.
    delayed
        What is decided at a close is traded at the next one.
    """
    simple, terms, prices = spot_book(book), terms_of(book, slippage), prices_of(book, history)
    course, held, money = walk_one(simple, terms, history.days, prices, delayed)
    curve = curve_from(course, held, money, prices)
    near = nearness(simple, terms, curve, held, money, prices, history.year)
    targeted = any(row.target == row.target for row in simple.rows)
    return Run(
        days=history.days,
        curve=curve,
        lines=course.lines,
        executions=course.executions,
        fees=course.fees,
        sold=course.sold,
        bought=course.bought,
        turned=course.turned,
        gain=course.gain,
        out_of_band=int(near["out_of_band"]) if targeted else None,
        distance=near["distance"],
        tracking_error=near["tracking_error"],
        small=sum(share < SMALL for share in course.small),
    )


#: Variants walked at once; more need more memory and gain nothing.
CHUNK = 250


def sweep_simple(book: Book, history: History, variants: Sequence[Terms]) -> dict[str, Array]:
    """Return the measures of many variants of a simple book, (K,) each, some hundreds at a time."""
    simple, prices = spot_book(book), prices_of(book, history)
    parts = []
    for begin in range(0, len(variants), 4 * CHUNK):
        some = variants[begin : begin + 4 * CHUNK]
        walk = walk_many(simple, some, history.days, prices)
        parts.append(many_measures(walk, history.year))
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
