"""The course of one variant through its prices, from trigger to trigger, in plain numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from rebalance_xl.functions.simulation.single import RowRules, judge_row_by_row, plan_row_by_row, row_rules
from rebalance_xl.functions.simulation.terms import SpotBook, Terms
from rebalance_xl.functions.triggers import next_review

_GONE = 1e-9
#: From a close on: what is held of each asset, and the stablecoins.
Change = tuple[int, tuple[float, ...], float]
#: From the state and a close to the next close at which something could happen; the number of closes for none.
LookAhead = Callable[["Course", int], int]


def following(last_review: float, frequency: float) -> float:
    """Return the day of the next review: at once where there was none, never without a frequency.

    Examples
    --------
    >>> following(46000.0, 7.0), following(float("nan"), 7.0), following(46000.0, float("nan"))
    (46007.0, -inf, inf)
    """
    if math.isnan(frequency):
        return math.inf
    if math.isnan(last_review):
        return -math.inf
    return next_review(last_review, frequency)


@dataclass(slots=True)
class Course:
    """A book on its way, and what has come of it so far.

    Parameters
    ----------
    changes
        What is held from which close on; the first is the book at the start.
    executions
        Day, trigger and number of lines of every close at which something traded.
    turned
        Sum of (sold + bought) / (2 × value before).
    """

    rules: RowRules
    quantities: list[float]
    costs: list[float]
    cash: float
    next_review: float
    last_execution: float
    changes: list[Change] = field(default_factory=list)
    executions: list[tuple[float, str, int]] = field(default_factory=list)
    small: list[float] = field(default_factory=list)
    lines: int = 0
    fees: float = 0.0
    sold: float = 0.0
    bought: float = 0.0
    turned: float = 0.0
    gain: float = 0.0

    def cooling(self, day: float) -> bool:
        """Tell whether a day lies in the cooldown after the last execution."""
        return day - math.floor(self.last_execution) < self.rules.terms.cooldown if self.has_executed else False

    @property
    def has_executed(self) -> bool:
        """Whether an execution is known."""
        return self.last_execution == self.last_execution

    def step(self, day: float, close: Sequence[float], when: float) -> bool:
        """Judge, plan and record at one close; return whether anything traded.

        Parameters
        ----------
        day, when
            The day, and the serial number of the close.
        close
            Price of each asset.
        """
        rules = self.rules
        review = day >= self.next_review
        values = [quantity * price for quantity, price in zip(self.quantities, close, strict=True)]
        unlocked = [
            0.0 if locked else max(0.0, value - units * price)
            for value, price, locked, units in zip(values, close, rules.locked, rules.locked_units, strict=True)
        ]
        acts = judge_row_by_row(rules, values, unlocked, self.cash, review)
        if review:
            self.next_review = following(day, rules.terms.frequency)
        if not acts.any:
            return False
        sold, bought, fees = plan_row_by_row(rules, acts, values, unlocked, self.cash)
        lines = sum(money > 0.0 for money in sold) + sum(money > 0.0 for money in bought)
        if not lines:
            return False
        self._record(values, close, sold, bought, fees)
        self.executions.append((when, "THRESHOLD" if acts.threshold else "TIME", lines))
        self.lines += lines
        self.last_execution = day
        return True

    def _record(
        self, values: list[float], close: Sequence[float], sold: list[float], bought: list[float], fees: float
    ) -> None:
        out, into = math.fsum(sold), math.fsum(bought)
        total = math.fsum(values) + self.cash
        for i, price in enumerate(close):
            if not sold[i] and not bought[i]:
                continue
            held, cost = self.quantities[i], self.costs[i]
            after = held + (bought[i] - sold[i]) / price
            self.quantities[i] = 0.0 if abs(after) <= _GONE * held else after
            if cost == cost:
                gone = cost * sold[i] / values[i] if sold[i] else 0.0
                self.gain += sold[i] - gone if sold[i] else 0.0
                self.costs[i] = cost - gone + bought[i]
        self.cash += out - into - fees
        self.fees += fees
        self.sold += out
        self.bought += into
        self.turned += (out + into) / (2.0 * total)
        self.small.append((out + into) / total)


def walk_course(
    book: SpotBook,
    terms: Terms,
    days: Sequence[float],
    prices: Sequence[Sequence[float]],
    delayed: bool = False,
    look_ahead: LookAhead | None = None,
) -> Course:
    """Walk one variant of a book through its prices.

    Parameters
    ----------
    book, terms
        The book and its settings. A LastReview after the first close counts as done on it.
    days, prices
        The serial number of each close, and the price of each asset at it.
    delayed
        What is decided at a close is traded at the next one: the same units, at its prices.
    look_ahead
        How closes at which nothing can happen are passed over; without it every close is judged.
    """
    first = float(days[0])
    last = book.last_review if not book.last_review > first else first
    executed = book.last_execution if not book.last_execution > first else math.nan
    rules = row_rules(book, terms)
    course = Course(
        rules,
        [row.quantity for row in book.rows],
        [row.cost for row in book.rows],
        book.cash,
        following(last, terms.frequency),
        executed,
    )
    course.changes.append((0, tuple(course.quantities), course.cash))
    pending: list[float] | None = None
    t, closes = 0, len(days)
    while t < closes:
        if pending is not None:
            _fill(course, pending, prices[t])
            course.changes.append((t, tuple(course.quantities), course.cash))
            pending = None
        if look_ahead is not None:
            t = look_ahead(course, t)
            if t >= closes:
                break
        day = math.floor(days[t])
        if not course.cooling(day):
            before = list(course.quantities), course.cash, course.fees
            if course.step(day, prices[t], float(days[t])):
                if delayed:
                    pending = [new - old for new, old in zip(course.quantities, before[0], strict=True)]
                    course.quantities, course.cash, course.fees = before
                else:
                    course.changes.append((t, tuple(course.quantities), course.cash))
        t += 1
    return course


def _fill(course: Course, units: list[float], close: Sequence[float]) -> None:
    """Trade units that were decided a close before; what they cost more than planned is owed by the stablecoins."""
    money = [unit * price for unit, price in zip(units, close, strict=True)]
    fees = course.rules.terms.cost * math.fsum(map(abs, money))
    course.quantities = [held + unit for held, unit in zip(course.quantities, units, strict=True)]
    course.cash -= math.fsum(money) + fees
    course.fees += fees


def curve_of(course: Course, prices: Sequence[Sequence[float]]) -> list[float]:
    """Return the value at every close: before any trade at the first, after trading at each later one."""
    found: list[float] = []
    changes = course.changes
    for number, (begin, quantities, cash) in enumerate(changes):
        end = changes[number + 1][0] if number + 1 < len(changes) else len(prices)
        for close in prices[begin:end]:
            found.append(math.fsum(q * p for q, p in zip(quantities, close, strict=True)) + cash)
    _, quantities, cash = changes[0]
    found[0] = math.fsum(q * p for q, p in zip(quantities, prices[0], strict=True)) + cash
    return found
