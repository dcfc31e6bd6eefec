"""Walks a book through its prices: one variant from trigger to trigger, or many side by side, close by close."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from rebalance_xl.functions.simulation.plans import plan_orders
from rebalance_xl.functions.simulation.rules import DUST, TOLERANCE, Acting, Array, Flags, Rules, judge
from rebalance_xl.functions.triggers import next_review

#: Closes looked through at once: few after a trade, more while nothing happens.
_WINDOWS = (64, 128, 256, 512)
_GONE = 1e-9


@dataclass(frozen=True, slots=True)
class Start:
    """The book before the first close: quantities and average cost by asset, stablecoins, and its dates.

    Parameters
    ----------
    quantities, costs
        (N,): units, and what the whole holding cost (NaN: not kept).
    cash
        Money in the stable row.
    days
        (n + 1,): the serial number of each close.
    frequencies
        For each variant days, or minus the months, between reviews; NaN for none.
    last_review, last_execution
        Serial numbers, NaN where there was none.
    """

    quantities: Array
    costs: Array
    cash: float
    days: Array
    frequencies: Array
    last_review: float = math.nan
    last_execution: float = math.nan


@dataclass(slots=True)
class Walk:
    """What came of it; (K,) for each variant, curves (n + 1, K).

    `executions` is kept for a single variant: day, trigger and number of lines.
    """

    curve: Array
    quantities: Array
    cash: Array
    lines: Array
    trades: Array
    fees: Array
    sold: Array
    bought: Array
    turned: Array
    gain: Array
    executions: list[tuple[float, str, int]] = field(default_factory=list)
    held: Array | None = None
    money: Array | None = None


class _State:
    """The books of all variants while they walk."""

    def __init__(self, rules: Rules, start: Start) -> None:
        variants = rules.variants
        self.rules = rules
        self.quantities: Array = np.repeat(start.quantities[:, None], variants, axis=1).astype(float)
        self.costs: Array = np.repeat(start.costs[:, None], variants, axis=1).astype(float)
        self.cash: Array = np.full(variants, float(start.cash))
        self.last = np.full(variants, start.last_execution)
        self.frequencies = start.frequencies
        self.next_review = np.array([_following(start.last_review, each) for each in start.frequencies])
        self.lines, self.trades = np.zeros(variants), np.zeros(variants)
        self.fees, self.sold, self.bought = np.zeros(variants), np.zeros(variants), np.zeros(variants)
        self.turned, self.gain = np.zeros(variants), np.zeros(variants)

    def walk(self, curve: Array) -> Walk:
        return Walk(
            curve,
            self.quantities,
            self.cash,
            self.lines,
            self.trades,
            self.fees,
            self.sold,
            self.bought,
            self.turned,
            self.gain,
        )


def _following(last_review: float, frequency: float) -> float:
    """Return the day of the next review: at once where there was none, never without a frequency."""
    if math.isnan(frequency):
        return math.inf
    if math.isnan(last_review):
        return -math.inf
    return next_review(last_review, frequency)


def walk_one(rules: Rules, start: Start, prices: Array) -> Walk:
    """Walk one variant through its prices, looking ahead for the next close at which something can happen.

    Parameters
    ----------
    rules
        Of one variant (K = 1).
    start
        The book at the first close.
    prices
        (n + 1, N) closes.
    """
    state = _State(rules, start)
    closes = len(prices)
    held, money = np.empty((closes, prices.shape[1])), np.empty(closes)
    executions: list[tuple[float, str, int]] = []
    days = np.floor(start.days)
    first = _total(state, prices[0])
    t, width = 0, 0
    while t < closes:
        until = min(closes, t + _WINDOWS[width])
        found = _next_candidate(state, prices, days, t, until)
        held[t:found] = state.quantities[:, 0]
        money[t:found] = state.cash[0]
        if found == until:
            t, width = until, min(width + 1, len(_WINDOWS) - 1)
            continue
        done = _step(state, np.zeros(1, dtype=int), prices[found][:, None], days[found])
        if done is not None:
            executions.append((start.days[found], *done))
            width = 0
        held[found], money[found] = state.quantities[:, 0], state.cash[0]
        t = found + 1
    curve = ((prices * held).sum(axis=1) + money)[:, None]
    curve[0] = first
    walk = state.walk(curve)
    walk.executions, walk.held, walk.money = executions, held, money
    return walk


def _total(state: _State, prices: Array) -> Array:
    found: Array = (state.quantities * (prices if prices.ndim == 2 else prices[:, None])).sum(axis=0) + state.cash
    return found


def _next_candidate(state: _State, prices: Array, days: Array, start: int, stop: int) -> int:
    """Return the first close of a window at which a row could act or a review is due; `stop` for none."""
    rules = state.rules
    window = days[start:stop]
    due = window >= state.next_review[0]
    cooling = window - math.floor(state.last[0]) < rules.cooldown[0] if state.last[0] == state.last[0] else None
    values = prices[start:stop] * state.quantities[:, 0]
    total = values.sum(axis=1) + state.cash[0]
    candidate = _could_act(rules, values.T, np.broadcast_to(state.cash, total.shape), total)
    found = candidate | due
    if cooling is not None:
        found &= ~cooling
    where = int(found.argmax())
    return start + where if found[where] else stop


def _could_act(rules: Rules, values: Array, cash: Array, total: Array) -> Flags:
    """Tell at which closes (or for which variants) a row above its band acts, or one below it finds money.

    A row below its band alone, without stablecoins to spare and with nobody above its target, changes nothing.
    """
    with np.errstate(invalid="ignore"):
        drift = values / total - rules.targets
        limit = np.maximum(rules.widths + TOLERANCE, DUST)
        free = ~rules.locked & ~rules.bands_off
        found: Flags = np.logical_or.reduce((drift > limit) & free)
        below: Flags = np.logical_or.reduce((drift < -limit) & free)
        stable = cash / total - rules.stable_target
        stable_limit = np.maximum(rules.stable_width + TOLERANCE, DUST)
        stable_out: Flags = (np.abs(stable) > stable_limit) & ~rules.bands_off
        found = np.logical_or(found, stable_out & (stable > 0.0))
        below = np.logical_or(below, stable_out & (stable < 0.0))
        if not below.any():
            return found
        spare = np.where(np.isnan(rules.stable_target), rules.reserve_max, rules.stable_target)
        money = (cash > spare * total * (1.0 - 1e-9)) | (rules.fund & (drift > 0.0).any(axis=0))
        return found | (below & money)


def _step(state: _State, places: np.ndarray, prices: Array, day: float) -> tuple[str, int] | None:
    """Judge, plan and record the variants in `places` at one close; return trigger and lines where one traded."""
    rules = state.rules if state.rules.variants == len(places) else state.rules.take(places)
    due = day >= state.next_review[places]
    quantities, cash = state.quantities[:, places], state.cash[places]
    values = quantities * prices
    unlocked = np.maximum(values - rules.locked_units * prices, 0.0)
    unlocked = np.where(rules.locked, 0.0, unlocked)
    acting = judge(rules, values, unlocked, cash, due)
    for place in places[due]:
        state.next_review[place] = _following(day, state.frequencies[place])
    acts = acting.any
    if not acts.any():
        return None
    if not acts.all():
        kept = np.flatnonzero(acts)
        places, prices = places[kept], prices if prices.shape[1] == 1 else prices[:, kept]
        rules, acting = rules.take(kept), _take(acting, kept)
        quantities, cash, values, unlocked = quantities[:, kept], cash[kept], values[:, kept], unlocked[:, kept]
    orders = plan_orders(rules, acting, values, unlocked, cash)
    return _record(state, places, rules, acting, quantities, cash, values, orders.sold, orders.bought, prices, day)


def _record(
    state: _State,
    places: np.ndarray,
    rules: Rules,
    acting: Acting,
    quantities: Array,
    cash: Array,
    values: Array,
    sold: Array,
    bought: Array,
    prices: Array,
    day: float,
) -> tuple[str, int] | None:
    """Apply what is traded to the books and add it up."""
    lines = (sold > 0.0).sum(axis=0) + (bought > 0.0).sum(axis=0)
    traded = lines > 0
    if not traded.any():
        return None
    out, into = sold.sum(axis=0), bought.sum(axis=0)
    fees = rules.fee * (out + into)
    after = quantities + (bought - sold) / prices
    state.quantities[:, places] = np.where(np.abs(after) <= _GONE * quantities, 0.0, after)
    state.cash[places] = cash + (out - into - fees)
    costs = state.costs[:, places]
    share = np.where(values > 0.0, sold / np.where(values > 0.0, values, 1.0), 0.0)
    given = np.where(np.isnan(costs), 0.0, sold - costs * share)
    state.costs[:, places] = costs * (1.0 - share) + bought
    state.gain[places] += given.sum(axis=0)
    state.lines[places] += lines
    state.trades[places] += traded
    state.fees[places] += fees
    state.sold[places] += out
    state.bought[places] += into
    state.turned[places] += (out + into) / (2.0 * (values.sum(axis=0) + cash))
    state.last[places] = np.where(traded, day, state.last[places])
    return ("THRESHOLD" if acting.threshold[0] else "TIME"), int(lines[0])


def _take(acting: Acting, kept: np.ndarray) -> Acting:
    return Acting(
        acting.above[:, kept],
        acting.below[:, kept],
        acting.width[:, kept],
        acting.stable_above[kept],
        acting.stable_below[kept],
        acting.stable_width[kept],
        acting.threshold[kept],
        acting.review[kept],
    )


def walk_many(rules: Rules, start: Start, prices: Array, progress: Callable[[int, int], None] | None = None) -> Walk:
    """Walk many variants through their prices, all at one close before the next.

    Parameters
    ----------
    rules
        Of K variants.
    start
        The book at the first close.
    prices
        (n + 1, N) closes for all variants, or (n + 1, N, K), a path of its own for each.
    progress
        Called with the closes done and all of them, now and then.
    """
    state = _State(rules, start)
    closes = len(prices)
    curve = np.empty((closes, rules.variants))
    days = np.floor(start.days)
    for t in range(closes):
        close = prices[t] if prices.ndim == 3 else prices[t][:, None]
        values = state.quantities * close
        total = values.sum(axis=0) + state.cash
        if t == 0:
            first = total.copy()
        found = _could_act(rules, values, state.cash, total)
        found = found | (days[t] >= state.next_review)
        with np.errstate(invalid="ignore"):
            found = found & ~(days[t] - np.floor(state.last) < rules.cooldown)
        if found.any():
            places = np.flatnonzero(found)
            _step(state, places, close if close.shape[1] == 1 else close[:, places], days[t])
            total = (state.quantities * close).sum(axis=0) + state.cash
        curve[t] = total
        if progress is not None and t % 64 == 0:
            progress(t, closes)
    curve[0] = first
    return state.walk(curve)
