"""Walks any book through a history: between two plans it is linear in prices, and the plan itself decides.

At each close the books's futures pay their funding and may be liquidated; where something could happen the book is
given its prices, the plan decides, and what it decides is carried out, from Book to Book without a workbook.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from operator import mul

import numpy as np

from rebalance_xl.book.decision import Decision
from rebalance_xl.book.futures import Tiers, liquidation_price, sign
from rebalance_xl.book.model import Book, Settings
from rebalance_xl.book.orders import REDUCE
from rebalance_xl.book.rows import Holding, Position
from rebalance_xl.book.walk import carry_out, changed, decide
from rebalance_xl.functions.allocation import BAND_KINDS, band_width
from rebalance_xl.functions.simulation.rules import Array
from rebalance_xl.functions.simulation.terms import DUST, TOLERANCE
from rebalance_xl.functions.triggers import FREQUENCIES, next_review
from rebalance_xl.review.history import History
from rebalance_xl.review.runs import SMALL, Run

_HOURS = 24.0
#: A row this near to its edge is looked at by the plan itself.
_NEAR = 1.0 - 1e-9


@dataclass(slots=True)
class _Weight:
    """An asset, whose rows are judged together: target and width, NaN for none; `free` where it may trigger."""

    rows: list[int]
    target: float
    width: float
    free: bool
    stable: bool
    limit: float = math.inf

    def share(self, close: list[float], quantities: list[float], total: float) -> float:
        """Return the weight of its rows."""
        rows = self.rows
        if len(rows) == 1:
            return close[rows[0]] * quantities[rows[0]] / total
        return sum([close[row] * quantities[row] for row in rows]) / total


class _Walker:
    """A book on its way: quantities as plain numbers, made a Book again where the plan is asked."""

    def __init__(self, book: Book, history: History, prices: Array, marks: Array) -> None:
        self.book, self.history = book, history
        # Plain numbers: a book has few rows, and numpy is slower on five numbers than Python is.
        self.days: list[float] = history.days.tolist()
        self.prices: list[list[float]] = prices.tolist()
        self.marks: list[list[float]] = marks.tolist()
        self.tiers = Tiers.of(book)
        self.funding: list[list[float]] = _funding_rates(book, history).tolist()
        lows, highs = _extremes(book, history)
        self.lows: list[list[float]] = lows.tolist()
        self.highs: list[list[float]] = highs.tolist()
        self.unknown = {position.symbol for position in book.positions if self.tiers.table(position) is None}
        self.paid = 0.0
        self.lost: list[tuple[float, str, float, float]] = []
        self.settings: Settings | None = None
        self.rows = 0
        self.weights: list[_Weight] = []
        self.looks = _looks(book)
        self.load(book)

    def load(self, book: Book) -> None:
        """Take over a book after the plan: what is held, and where its positions would be liquidated."""
        self.book = book
        self.quantities = [_units(holding) for holding in book.holdings]
        prices = self.prices[0]
        if len(prices) < len(self.quantities):  # the plan has added a stablecoin
            added = [1.0] * (len(self.quantities) - len(prices))
            self.prices = [row + added for row in self.prices]
        if book.settings is not self.settings or len(book.holdings) != self.rows:
            self.settings, self.rows = book.settings, len(book.holdings)
            self.weights = [weight for weight in _weights(book) if not math.isnan(weight.target)]
        self.open = [place for place, position in enumerate(book.positions) if position.quantity > 0]
        self.margins = [position.margin for position in book.positions]
        self.always = _always(book)
        self.limits: dict[int, float | None] = {}
        frequency = book.settings.review_frequency
        last = book.settings.last_review
        if frequency is None:
            self.due = math.inf
        elif last is None:
            self.due = -math.inf
        else:
            step = FREQUENCIES[frequency] if isinstance(frequency, str) else frequency
            self.due = next_review(last, step)

    # --- between the plans ----------------------------------------------------------------------------------------

    def pay_funding(self, t: int) -> None:
        """Take the settlements since the close before from stablecoins of the venue, then from Margin."""
        for place in self.open:
            position = self.book.positions[place]
            if position.expiry is not None:
                continue
            step = (self.days[t] - self.days[t - 1]) * _HOURS
            settlements = self.settlements(t, position.funding_hours, step)
            notional = position.quantity * self.marks[t][place]
            if position.inverse:
                notional = position.quantity
            cost = sign(position) * notional * self.funding[t][place] * settlements
            if cost == 0.0:
                continue
            self.paid += cost
            if position.inverse:
                self.margins[place] -= cost / self.marks[t][place]
                self.limits.pop(place, None)
                continue
            left = self.take(position.venue, cost)
            if left > 0.0:
                self.margins[place] -= left
                self.limits.pop(place, None)

    def settlements(self, t: int, hours: float, step: float) -> float:
        """Return how many settlements fall after the close before and up to this one."""
        if step >= _HOURS - 1e-6:
            return step / hours
        end = round(self.days[t] * _HOURS, 6)
        return math.floor(end / hours + 1e-9) - math.floor((end - step) / hours + 1e-9)

    def take(self, venue: str, cost: float) -> float:
        """Take money from the stablecoins of a venue, or put it there; return what they could not pay."""
        rows = [
            place
            for place, holding in enumerate(self.book.holdings)
            if holding.stable and (holding.venue.casefold() == venue.casefold() or not holding.venue or not venue)
        ]
        for place in rows:
            worth = self.prices[0][place] or 1.0
            money = self.quantities[place] * worth
            part = min(cost, money) if cost > 0.0 else cost
            self.quantities[place] -= part / worth
            cost -= part
            if cost <= 0.0:
                return 0.0
        return cost

    def liquidate(self, t: int) -> None:
        """Remove the positions whose mark has reached their liquidation price."""
        for place in list(self.open):
            position = self.book.positions[place]
            if position.symbol in self.unknown:
                continue
            side = sign(position)
            reached = self.lows[t][place] if side > 0 else self.highs[t][place]
            if place not in self.limits or position.margin_mode == "cross":
                mark = self.marks[t][place]
                marked = changed(position, margin=self.margins[place], mark=mark, money=_money(position, mark))
                entry = marked.mark if marked.entry is None else marked.entry
                money = marked.margin * marked.money
                self.limits[place] = liquidation_price(self.book, self.tiers, marked, marked.quantity, entry, money)
            limit = self.limits[place]
            if limit is None or not (reached <= limit if side > 0 else reached >= limit):
                continue
            if not math.isfinite(limit):
                continue
            lost = self.margins[place] * _money(position, self.marks[t][place])
            self.lost.append((self.days[t], position.symbol, reached, lost))
            gone = changed(position, quantity=0.0, margin=0.0, entry=None)
            positions = (*self.book.positions[:place], gone, *self.book.positions[place + 1 :])
            self.book = changed(self.book, positions=positions)
            self.open.remove(place)
            self.margins[place] = 0.0
            self.limits.pop(place, None)

    # --- judging --------------------------------------------------------------------------------------------------

    def equities(self, t: int) -> list[float]:
        """Return margin plus profit of every position, at least 0 for an isolated one."""
        found = [0.0] * len(self.book.positions)
        for place in range(len(found)):
            position = self.book.positions[place]
            mark = self.marks[t][place]
            profit = 0.0
            if position.quantity and position.entry is not None:
                side = sign(position)
                if position.inverse:
                    profit = side * position.quantity * (1.0 / position.entry - 1.0 / mark)
                else:
                    profit = side * position.quantity * (mark - position.entry)
            equity = (self.margins[place] + profit) * _money(position, mark)
            found[place] = max(0.0, equity) if position.margin_mode == "isolated" else equity
        return found

    def value(self, t: int, equities: list[float]) -> float:
        """Return the value of the book at a close."""
        return math.fsum(map(mul, self.prices[t], self.quantities)) + math.fsum(equities)

    def could_act(self, t: int, total: float, equities: list[float]) -> bool:
        """Tell whether the plan may find something to do; where it says no, it would find nothing."""
        day = math.floor(self.days[t])
        if day >= self.due or self.always or any(_in_force(event, day) for event in self.book.events):
            return True
        last = self.book.last_execution
        if last is not None and day - math.floor(last) < self.book.settings.cooldown:
            return False
        close, quantities = self.prices[t], self.quantities
        for weight in self.weights:
            if weight.free and abs(weight.share(close, quantities, total) - weight.target) > weight.limit * _NEAR:
                return True
        for place in self.open:
            position = self.book.positions[place]
            if position.target == 0 or position.expired(day):
                return True
            if position.band is not None and position.target:
                width = float(band_width(position.target, position.band, BAND_KINDS[self.book.settings.band_kind]))
                if equities[place] / total - position.target > max(width, DUST) * _NEAR:
                    return True
        return False

    def at(self, t: int) -> Book:
        """Return the book at a close, with what was paid and lost since the last plan."""
        holdings = tuple(
            _repriced(holding, quantity, price)
            for holding, quantity, price in zip(self.book.holdings, self.quantities, self.prices[t], strict=False)
        )
        positions = tuple(
            changed(position, margin=margin, mark=mark, money=_money(position, mark))
            for position, margin, mark in zip(self.book.positions, self.margins, self.marks[t], strict=True)
        )
        seen = _seen(self.book, self.history, t) if self.looks else {}
        return changed(self.book, holdings=holdings, positions=positions, prices=seen, as_of=self.days[t])


def _repriced(holding: Holding, quantity: float, price: float) -> Holding:
    if holding.quantity is None:
        return changed(holding, price=price, value=quantity * price)
    return changed(holding, quantity=quantity, price=price, value=quantity * price)


def _units(holding: Holding) -> float:
    if holding.quantity is not None:
        return holding.quantity
    return holding.value / holding.price if holding.price else holding.value


def _money(position: Position, mark: float) -> float:
    return mark if position.inverse else position.money


def _in_force(event: object, day: float) -> bool:
    start, end = getattr(event, "start", math.inf), getattr(event, "end", None)
    return bool(math.floor(start) <= day and (end is None or day <= math.floor(end)))


def _always(book: Book) -> bool:
    """Tell whether the plan must be asked at every close: hedges and top-ups follow prices in ways of their own."""
    hedged = any(position.hedge_ratio is not None or position.spread for position in book.positions)
    return hedged or book.settings.margin_top_up is not None or bool(book.wallets)


def _weights(book: Book) -> list[_Weight]:
    kind = BAND_KINDS[book.settings.band_kind]
    found: dict[str, _Weight] = {}
    for place, holding in enumerate(book.holdings):
        weight = found.setdefault(
            holding.asset.casefold(), _Weight([], math.nan, 0.0, not holding.locked, holding.stable)
        )
        weight.rows.append(place)
        if holding.target is not None:
            weight.target = holding.target
            weight.width = float(band_width(holding.target, holding.band, kind))
            if holding.stable and not holding.banded:
                weight.free = False
    for weight in found.values():
        weight.free = weight.free and not math.isnan(weight.target)
        weight.limit = max(weight.width + TOLERANCE, DUST)
    return list(found.values())


def _looks(book: Book) -> bool:
    """Tell whether any rule of the book looks at past closes."""
    return any(event.action == "BREAKOUT" for event in book.events) or book.settings.event_funding == "weakest"


def _seen(book: Book, history: History, t: int) -> dict[str, tuple[float, ...]]:
    """Return the closes that events may look at: none after the day."""
    names = {holding.asset.casefold() for holding in book.holdings} | {p.asset.casefold() for p in book.positions}
    return {
        name: tuple(float(each) for each in closes[: t + 1])
        for name in names
        if (closes := history.close(name)) is not None
    }


def _funding_rates(book: Book, history: History) -> Array:
    columns = []
    for position in book.positions:
        given = history.close(f"{position.symbol} funding")
        constant = np.full(len(history.days), position.funding_rate)
        columns.append(constant if given is None else np.where(np.isnan(given), position.funding_rate, given))
    return np.column_stack(columns) if columns else np.empty((len(history.days), 0))


def marks_of(book: Book, history: History) -> Array:
    """Return the mark of every position: the close of its symbol where given, else of its asset."""
    columns = []
    for position in book.positions:
        asset = history.close(position.asset)
        own = history.close(position.symbol)
        if own is not None and asset is not None:
            own = np.where(np.isnan(own), asset, own)
        mark = own if own is not None else asset
        columns.append(np.full(len(history.days), position.mark) if mark is None else mark)
    return np.column_stack(columns) if columns else np.empty((len(history.days), 0))


def _extremes(book: Book, history: History) -> tuple[Array, Array]:
    """Return the lowest and highest mark since the close before: the closes themselves where none are given."""
    marks = marks_of(book, history)
    found = []
    for suffix, pick in ((" low", np.fmin), (" high", np.fmax)):
        columns = marks.copy()
        for place, position in enumerate(book.positions):
            for name in (position.symbol, position.asset):
                given = history.close(name + suffix)
                if given is not None:
                    columns[:, place] = pick(columns[:, place], given)
                    break
        found.append(columns)
    return found[0], found[1]


def run_any(book: Book, history: History, trade: bool = True) -> Run:
    """Return the run of any book.

    Parameters
    ----------
    book
        Sound; prices and marks are those of the history.
    history
        Checked.
    trade
        False to hold: funding and liquidations go on, nothing is traded.
    """
    prices = np.column_stack(
        [
            np.full(len(history.days), holding.price or 1.0)
            if holding.stable and history.close(holding.asset) is None
            else history.matrix([holding.asset])[:, 0]
            for holding in book.holdings
        ]
    )
    marks = marks_of(book, history)
    walker = _Walker(changed(book, as_of=float(history.days[0])), history, prices, marks)
    run = Run(history.days, np.empty(len(prices)), by="plan" if trade else "hold")
    apart: list[float] = []
    outside = 0
    for t in range(len(prices)):
        if t and walker.open:
            walker.pay_funding(t)
            walker.liquidate(t)
        equities = walker.equities(t)
        total = walker.value(t, equities)
        run.curve[t] = total
        if trade and total > 0.0 and walker.could_act(t, total, equities):
            book = walker.at(t)
            decision = decide(book)
            if decision.trades or decision.review:
                walker.load(carry_out(book, decision))
            if decision.trades:
                _count(run, decision, total, float(history.days[t]))
                total = walker.value(t, walker.equities(t))
                if t:
                    run.curve[t] = total
        out, away = _nearness(walker, t, total)
        outside += out
        apart.append(away)
    run.funding, run.liquidations = walker.paid, walker.lost
    run.out_of_band, run.distance = outside, math.fsum(apart) / len(apart)
    run.tracking_error = _tracking_error(walker, run, prices, history.year)
    run.final = walker.at(len(prices) - 1)
    if walker.unknown:
        run.notes = (f"no margin tiers of {', '.join(sorted(walker.unknown))}: its liquidation is not judged",)
    return run


def _count(run: Run, decision: Decision, total: float, day: float) -> None:
    lines = decision.orders
    run.lines += len(lines)
    run.executions.append((day, decision.trigger, len(lines)))
    run.fees += decision.fees
    run.sold += decision.sold
    run.bought += decision.bought
    run.turned += (decision.sold + decision.bought) / (2.0 * total)
    run.gain += decision.gain
    run.margin += decision.margin
    run.reduced += sum(order.kind == REDUCE for order in lines)
    run.small += decision.sold + decision.bought < SMALL * total and decision.margin < SMALL * total


def _nearness(walker: _Walker, t: int, total: float) -> tuple[bool, float]:
    """Return whether a row is out of its band after trading, and half the sum of distances from the targets."""
    if total <= 0.0:
        return False, 0.0
    close, quantities = walker.prices[t], walker.quantities
    out, apart, rest, wanted = False, 0.0, 1.0, 1.0
    for weight in walker.weights:
        share, target = weight.share(close, quantities, total), weight.target
        apart += abs(share - target)
        rest, wanted = rest - share, wanted - target
        out = out or (weight.free and abs(share - target) > weight.limit)
    return out, 0.5 * (apart + abs(rest - wanted))


def _tracking_error(walker: _Walker, run: Run, prices: Array, year: float) -> float | None:
    targets = np.zeros(prices.shape[1])
    for weight in walker.weights:
        targets[weight.rows[0]] = weight.target
    if (run.curve <= 0.0).any() or len(run.curve) < 3:
        return None
    returns = run.curve[1:] / run.curve[:-1] - 1.0
    moves = prices[1:] / prices[:-1] - 1.0
    return math.sqrt(year) * float(np.std(returns - moves @ targets, ddof=1))
