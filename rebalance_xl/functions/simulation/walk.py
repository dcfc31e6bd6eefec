"""Walks with arrays: one variant that looks far ahead, or many side by side, close by close."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from rebalance_xl.functions.simulation.books import rules_of
from rebalance_xl.functions.simulation.course import Course, LookAhead, following, walk_course
from rebalance_xl.functions.simulation.quick import plan_quickly, quick_columns
from rebalance_xl.functions.simulation.rules import Acting, Array, Flags, Rules, judge
from rebalance_xl.functions.simulation.single import Acts, RowRules, plan_row_by_row, row_rules
from rebalance_xl.functions.simulation.terms import SpotBook, Terms

#: Closes looked through at once: few after a trade, more while nothing happens.
_WINDOWS = (64, 128, 256, 512)
_GONE = 1e-9


# --- one variant ------------------------------------------------------------------------------------------------


def walk_one(
    book: SpotBook, terms: Terms, days: Array, prices: Array, delayed: bool = False
) -> tuple[Course, Array, Array]:
    """Walk one variant through its prices.

    Parameters
    ----------
    book, terms
        The book and its settings.
    days, prices
        (n + 1,) serial numbers and (n + 1, N) closes.
    delayed
        What is decided at a close is traded at the next one.

    Returns
    -------
    course, held, money
        The course, (n + 1, N) what is held from each close on, and (n + 1,) the stablecoins.
    """
    ahead = _look_ahead(rules_of(book, [terms]), days, prices)
    course = walk_course(book, terms, days.tolist(), prices.tolist(), delayed, ahead)
    held, money = np.empty(prices.shape), np.empty(len(prices))
    begins = [begin for begin, _, _ in course.changes] + [len(prices)]
    for (begin, quantities, cash), end in zip(course.changes, begins[1:], strict=True):
        held[begin:end], money[begin:end] = quantities, cash
    return course, held, money


def curve_from(course: Course, held: Array, money: Array, prices: Array) -> Array:
    """Return the value at every close: before any trade at the first, after trading at each later one."""
    curve: Array = (prices * held).sum(axis=1) + money
    _, quantities, cash = course.changes[0]
    curve[0] = float(prices[0] @ np.array(quantities)) + cash
    return curve


def _look_ahead(rules: Rules, days: Array, prices: Array) -> LookAhead:
    """Return how to find the next close at which a row could act or a review is due, some hundreds at a time."""
    floors = np.floor(days)

    def look(course: Course, start: int) -> int:
        quantities, width = np.array(course.quantities), 0
        while start < len(prices):
            stop = min(len(prices), start + _WINDOWS[width])
            values = prices[start:stop] * quantities
            total = values.sum(axis=1) + course.cash
            found = _could_act(rules, values.T, np.full(len(total), course.cash), total)
            found |= floors[start:stop] >= course.next_review
            if course.has_executed and rules.cooldown[0]:
                found &= floors[start:stop] - math.floor(course.last_execution) >= rules.cooldown[0]
            first = int(found.argmax())
            if found[first]:
                return start + first
            start, width = stop, min(width + 1, len(_WINDOWS) - 1)
        return start

    return look


def _could_act(rules: Rules, values: Array, cash: Array, total: Array) -> Flags:
    """Tell at which closes (or for which variants) a row above its band acts, or one below it finds money.

    A row below its band alone, without stablecoins to spare and with nobody above its target, changes nothing.
    """
    with np.errstate(invalid="ignore"):
        drift = values / total - rules.targets
        outside = np.abs(drift) > rules.limits
        outside &= rules.free
        over = drift > 0.0
        found: Flags = np.logical_or.reduce(outside & over)
        below: Flags = np.logical_or.reduce(outside & ~over)
        if not math.isnan(rules.stable_target[0]):
            stable = cash / total - rules.stable_target
            stable_out: Flags = np.abs(stable) > rules.stable_limit
            found = np.logical_or(found, stable_out & (stable > 0.0))
            below = np.logical_or(below, stable_out & (stable < 0.0))
        if not below.any():
            return found
        spare = np.where(np.isnan(rules.stable_target), rules.reserve_max, rules.stable_target)
        money = (cash > spare * total * (1.0 - 1e-9)) | (rules.fund & np.logical_or.reduce(over))
        return found | (below & money)


# --- many variants ----------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Walk:
    """What came of many variants, (K,) for each; the curves are (n + 1, K)."""

    curve: Array
    quantities: Array
    cash: Array
    lines: Array
    trades: Array
    fees: Array
    sold: Array
    bought: Array
    turned: Array


class _Side:
    """The books of all variants while they walk side by side."""

    def __init__(self, book: SpotBook, variants: Sequence[Terms], first: float) -> None:
        count = len(variants)
        self.book, self.variants = book, variants
        self.rules = rules_of(book, variants)
        self.singles: dict[int, RowRules] = {}
        self.quantities: Array = np.repeat(np.array([[row.quantity] for row in book.rows], dtype=float), count, axis=1)
        self.cash: Array = np.full(count, float(book.cash))
        last = book.last_review if not book.last_review > first else first
        self.last = np.full(count, book.last_execution if not book.last_execution > first else math.nan)
        self.next_review = np.array([following(last, terms.frequency) for terms in variants])
        self.lines, self.trades, self.fees = np.zeros(count), np.zeros(count), np.zeros(count)
        self.sold, self.bought, self.turned = np.zeros(count), np.zeros(count), np.zeros(count)

    def single(self, place: int) -> RowRules:
        """Return the rules of one variant as plain numbers."""
        if place not in self.singles:
            self.singles[place] = row_rules(self.book, self.variants[place])
        return self.singles[place]


def walk_many(
    book: SpotBook,
    variants: Sequence[Terms],
    days: Array,
    prices: Array,
    progress: Callable[[int, int], None] | None = None,
) -> Walk:
    """Walk many variants through their prices, all at one close before the next.

    Parameters
    ----------
    book, variants
        The book, and the settings of each variant.
    days
        (n + 1,) serial numbers of the closes.
    prices
        (n + 1, N) closes for all variants, or (n + 1, N, K), a path of its own for each.
    progress
        Called with the closes done and all of them, now and then.
    """
    state = _Side(book, variants, float(days[0]))
    rules, floors, closes = state.rules, np.floor(days), len(prices)
    curve = np.empty((closes, len(variants)))
    reviews, cools = bool(np.isfinite(state.next_review).any()), bool(rules.cooldown.any())
    for t in range(closes):
        close = prices[t] if prices.ndim == 3 else prices[t][:, None]
        values = state.quantities * close
        total = np.add.reduce(values) + state.cash
        curve[t] = total
        found = _could_act(rules, values, state.cash, total)
        if reviews:
            found = found | (floors[t] >= state.next_review)
        if cools:
            with np.errstate(invalid="ignore"):
                found = found & ~(floors[t] - np.floor(state.last) < rules.cooldown)
        if found.any():
            places = np.flatnonzero(found)
            paid = _step(state, places, close if close.shape[1] == 1 else close[:, places], float(floors[t]))
            if t:
                curve[t, places] -= paid
        if progress is not None and t % 64 == 0:
            progress(t, closes)
    return Walk(
        curve,
        state.quantities,
        state.cash,
        state.lines,
        state.trades,
        state.fees,
        state.sold,
        state.bought,
        state.turned,
    )


def _step(state: _Side, places: np.ndarray, prices: Array, day: float) -> Array:
    """Judge, plan and record the variants in `places` at one close; return the fees that each has paid."""
    rules = state.rules if state.rules.variants == len(places) else state.rules.take(places)
    due = day >= state.next_review[places]
    paid = np.zeros(len(places))
    quantities, cash = state.quantities[:, places], state.cash[places]
    values = quantities * prices
    unlocked = values
    if rules.locked_units.any() or rules.locked.any():
        unlocked = np.where(rules.locked, 0.0, np.maximum(values - rules.locked_units * prices, 0.0))
    acting = judge(rules, values, unlocked, cash, due)
    if due.any():
        for place in places[due]:
            state.next_review[place] = following(day, state.variants[place].frequency)
    acts = acting.any
    if not acts.any():
        return paid
    kept = np.arange(len(places))
    if not acts.all():
        kept = np.flatnonzero(acts)
        places, prices = places[kept], prices if prices.shape[1] == 1 else prices[:, kept]
        rules, acting = rules.take(kept), acting.take(kept)
        quantities, cash, values, unlocked = quantities[:, kept], cash[kept], values[:, kept], unlocked[:, kept]
    sold, bought, fees = _planned(state, places, rules, acting, values, unlocked, cash)
    lines = np.add.reduce(sold > 0.0) + np.add.reduce(bought > 0.0)
    traded = lines > 0
    out, into = np.add.reduce(sold), np.add.reduce(bought)
    after = quantities + (bought - sold) / prices
    state.quantities[:, places] = np.where(np.abs(after) <= _GONE * quantities, 0.0, after)
    state.cash[places] = cash + (out - into - fees)
    state.lines[places] += lines
    state.trades[places] += traded
    state.fees[places] += fees
    state.sold[places] += out
    state.bought[places] += into
    state.turned[places] += (out + into) / (2.0 * (np.add.reduce(values) + cash))
    state.last[places] = np.where(traded, day, state.last[places])
    paid[kept] = fees
    return paid


def _planned(
    state: _Side, places: np.ndarray, rules: Rules, acting: Acting, values: Array, unlocked: Array, cash: Array
) -> tuple[Array, Array, Array]:
    """Return money sold and bought by asset and the fees: all in one sweep, or row by row where that does not hold."""
    quick = quick_columns(rules, acting, values, unlocked, np.add.reduce(values) + cash)
    if quick.all():
        sold, bought, fees, missed = plan_quickly(rules, acting, values, unlocked, cash)
        if not missed.any():
            return sold, bought, fees
        quick = ~missed
    else:
        sold, bought, fees = np.zeros_like(values), np.zeros_like(values), np.zeros_like(cash)
        if quick.any():
            some = np.flatnonzero(quick)
            *part, missed = plan_quickly(
                rules.take(some), acting.take(some), values[:, some], unlocked[:, some], cash[some]
            )
            sold[:, some], bought[:, some], fees[some] = part
            quick[some] = ~missed
    for column in np.flatnonzero(~quick).tolist():
        one = plan_row_by_row(
            state.single(int(places[column])),
            _acts_of(acting, column),
            values[:, column].tolist(),
            unlocked[:, column].tolist(),
            float(cash[column]),
        )
        sold[:, column], bought[:, column], fees[column] = one
    return sold, bought, fees


def _acts_of(acting: Acting, column: int) -> Acts:
    width = acting.width[:, column if acting.width.shape[1] > 1 else 0]
    stable_width = acting.stable_width[column if len(acting.stable_width) > 1 else 0]
    return Acts(
        acting.above[:, column].tolist(),
        acting.below[:, column].tolist(),
        width.tolist(),
        bool(acting.stable_above[column]),
        bool(acting.stable_below[column]),
        float(stable_width),
        bool(acting.threshold[column]),
        bool(acting.review[column]),
        True,
    )
