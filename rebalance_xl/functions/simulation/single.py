"""One variant as plain numbers: who acts, and the plan of the rows that act. No numpy: it serves every host.

On the handful of rows that a book has, plain numbers are faster than arrays, and this is the way that holds for all
rules of a simple book: smallest orders, pro-rata shares, caps, reserve and stable targets.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from rebalance_xl.functions.allocation import band_width
from rebalance_xl.functions.simulation.terms import (
    DUST,
    NEARLY,
    TOLERANCE,
    SpotBook,
    Terms,
    ranks_of,
    stable_width_of,
)

_PASSES = 24
_AGAIN = 8
_SETTLED = 1e-15
Numbers = Sequence[float]


@dataclass(slots=True)
class RowRules:
    """The rules of one variant, a number for each row; NaN where a cell is blank.

    `limits` is the drift beyond which a row triggers, `payer_floor` the excess that fees alone may have left.
    """

    terms: Terms
    targets: list[float]
    widths: list[float]
    limits: list[float]
    free: list[bool]
    minimum: list[float]
    locked: list[bool]
    locked_units: list[float]
    ranks: list[float]
    stable_rank: float
    stable_target: float
    stable_width: float
    stable_limit: float
    payer_floor: float


def row_rules(book: SpotBook, terms: Terms) -> RowRules:
    """Return the rules of one variant of a book."""
    bands = [row.band if math.isnan(terms.band) or math.isnan(row.target) else terms.band for row in book.rows]
    widths = [
        0.0 if math.isnan(row.target) else float(band_width(row.target, band, terms.band_kind))
        for row, band in zip(book.rows, bands, strict=True)
    ]
    ranks = ranks_of([*(row.priority for row in book.rows), book.stable_priority])
    stable_width = stable_width_of(book, terms)
    return RowRules(
        terms=terms,
        targets=[row.target for row in book.rows],
        widths=widths,
        limits=[max(width + TOLERANCE, DUST) for width in widths],
        free=[not row.locked and not math.isnan(row.target) for row in book.rows],
        minimum=[max(row.minimum, terms.min_trade) for row in book.rows],
        locked=[row.locked for row in book.rows],
        locked_units=[row.locked_units for row in book.rows],
        ranks=ranks[:-1],
        stable_rank=ranks[-1],
        stable_target=book.stable_target,
        stable_width=stable_width,
        stable_limit=math.nan if math.isnan(stable_width) else max(stable_width + TOLERANCE, DUST),
        payer_floor=2.0 * max(terms.cost, terms.futures_fee),
    )


@dataclass(slots=True)
class Acts:
    """Who acts, judged once before the fees; `width` is the band in force for a row."""

    above: list[bool]
    below: list[bool]
    width: list[float]
    stable_above: bool
    stable_below: bool
    stable_width: float
    threshold: bool
    review: bool
    any: bool


def judge_row_by_row(rules: RowRules, values: Numbers, unlocked: Numbers, cash: float, review: bool) -> Acts:
    """Return who acts on its band or, where a review is carried out, on ReviewDrift.

    Parameters
    ----------
    rules
        Of the variant.
    values, unlocked
        Money in each asset, and the part of it that may be sold.
    cash
        Stablecoins.
    review
        Whether a review is carried out today.
    """
    total = math.fsum(values) + cash
    least, drift_limit = DUST * total, rules.terms.review_drift + TOLERANCE
    count, trim_to = len(values), rules.terms.trim_to
    above, below, width = [False] * count, [False] * count, list(rules.widths)
    threshold = False
    for i in range(count):
        if not rules.free[i]:
            continue
        target, value = rules.targets[i], values[i]
        drift = value / total - target

        def can_trade(band: float, over: bool, i: int = i, target: float = target, value: float = value) -> bool:
            order = (
                min(value - (target + trim_to * band) * total, unlocked[i])
                if over
                else (target - trim_to * band) * total - value
            )
            return order > least and order >= rules.minimum[i] * NEARLY

        over = drift > 0.0
        acts = abs(drift) > rules.limits[i] and can_trade(width[i], over)
        if acts:
            threshold = True
        elif review and abs(drift) > drift_limit:
            narrow = min(width[i], rules.terms.review_drift)
            if can_trade(narrow, over):
                acts, width[i] = True, narrow
        above[i], below[i] = acts and over, acts and not over
    stable_width = rules.stable_width
    stable_above = stable_below = False
    if not math.isnan(stable_width):
        share = cash / total - rules.stable_target
        acts = abs(share) > rules.stable_limit
        if acts:
            threshold = True
        elif review and abs(share) > drift_limit:
            acts, stable_width = True, min(stable_width, rules.terms.review_drift)
        stable_above, stable_below = acts and share > 0.0, acts and share < 0.0
    some = any(above) or any(below) or stable_above or stable_below
    return Acts(above, below, width, stable_above, stable_below, stable_width, threshold, review, some)


def plan_row_by_row(
    rules: RowRules, acts: Acts, values: Numbers, unlocked: Numbers, cash: float
) -> tuple[list[float], list[float], float]:
    """Return money sold and bought by row, and the fees, once the fees agree with the plan made of them.

    Parameters
    ----------
    rules, acts
        The rules, and who acts.
    values, unlocked, cash
        As for :func:`judge_row_by_row`.
    """
    plan = _Plan(rules, acts, values, unlocked, cash)
    settled = _SETTLED * plan.total
    start, before = 0.0, (math.nan, math.nan)
    sold, bought, fees = plan.make(start)
    last = sold, bought, fees
    for _ in range(_PASSES):
        gap = fees - start
        if abs(gap) <= settled:
            return sold, bought, fees
        following, step = fees, start - before[0]
        if step and step == step:
            # The plan follows the fees in a straight line nearly always: go where the line says they settle.
            slope = (fees - before[1]) / step
            following = start + gap / (1.0 - slope) if abs(slope) < 0.5 else fees
        before, start = (start, fees), following
        last = sold, bought, fees
        sold, bought, fees = plan.make(start)
    # Where the passes alternate, the one of the last two with the higher fees counts.
    return last if last[2] > fees else (sold, bought, fees)


class _Plan:
    """A plan in the making: what does not change while its fees settle."""

    def __init__(self, rules: RowRules, acts: Acts, values: Numbers, unlocked: Numbers, cash: float) -> None:
        self.rules, self.acts, self.values, self.unlocked, self.cash = rules, acts, values, unlocked, cash
        terms = rules.terms
        self.total = total = math.fsum(values) + cash
        self.least = DUST * total
        self.fee, self.rows = terms.cost, range(len(values))
        self.on_target = [0.0 if target != target else target * total for target in rules.targets]
        self.wanted = [
            min(values[i] - self.on_target[i] - terms.trim_to * acts.width[i] * total, unlocked[i])
            if acts.above[i]
            else 0.0
            for i in self.rows
        ]
        self.trims = [self.sized(i, self.wanted[i]) for i in self.rows]
        self.buyers = [i for i in self.rows if rules.targets[i] == rules.targets[i] and not acts.above[i]]
        if terms.breaching:
            self.buyers = [i for i in self.buyers if self._is_short(i)]
        self.below = [i for i in self.rows if acts.below[i]]
        self.pools = (0.0, 0.0)

    def sized(self, row: int, money: float) -> float:
        """Return an order as it can be placed: nothing below the smallest."""
        return money if money >= self.rules.minimum[row] * NEARLY else 0.0

    def _is_short(self, row: int) -> bool:
        drift = self.values[row] / self.total - self.rules.targets[row]
        if drift < -max(self.acts.width[row] + TOLERANCE, DUST):
            return True
        timed = self.acts.review and not self.rules.locked[row]
        return timed and drift < -self.rules.terms.review_drift - TOLERANCE

    def make(self, fees: float) -> tuple[list[float], list[float], float]:
        """Make the plan, given the fees of the pass before."""
        after = self.total - fees
        wants, trims = self._trims(after)
        proceeds = math.fsum(trims) * (1.0 - self.fee)
        order, asked = self._needs(after)
        given = dict.fromkeys(order, 0.0)
        self.pools = (self._spare(after), proceeds)
        self._serve(order, asked, given)
        bought = [given.get(i, 0.0) for i in self.rows]
        sold = list(trims)
        if self.rules.terms.fund and (self.below or self.acts.stable_below):
            self._fund(after, fees, math.fsum(wants), sold, bought, given.get(len(self.values), 0.0), order)
        return sold, bought, self.fee * (math.fsum(sold) + math.fsum(bought))

    def _trims(self, after: float) -> tuple[list[float], list[float]]:
        """Return what the rows above their band want to sell, and what they sell."""
        rules, terms = self.rules, self.rules.terms
        wants, trims = list(self.wanted), list(self.trims)
        for i in self.rows:
            if self.acts.above[i] and self.values[i] - trims[i] > (rules.targets[i] + self.acts.width[i]) * after:
                # Minimums and fees would leave it beyond its band: it sells the little more that they make necessary.
                goal = (rules.targets[i] + terms.trim_to * self.acts.width[i]) * after
                wants[i] = min(self.values[i] - goal, self.unlocked[i])
                trims[i] = self.sized(i, wants[i])
        asked = math.fsum(wants)
        if asked > terms.turnover_cap * self.total:
            share = terms.turnover_cap * self.total / asked
            trims = [self.sized(i, wants[i] * share) for i in self.rows]
        return wants, trims

    def _spare(self, after: float) -> float:
        """Return the stablecoins above their target (without one: above ReserveMax), never below ReserveMin."""
        terms, target = self.rules.terms, self.rules.stable_target
        limit = target if target == target else terms.reserve_max
        if limit != limit:
            return 0.0
        spare = max(0.0, self.cash - limit * after)
        if terms.reserve_min == terms.reserve_min:
            spare = min(spare, max(0.0, self.cash - terms.reserve_min * after))
        return spare if spare > self.least else 0.0

    def _needs(self, after: float) -> tuple[list[int], dict[int, float]]:
        """Return the rows that need money in the order of serving, and how much; the stable row and ReserveMin last."""
        rules, terms, count = self.rules, self.rules.terms, len(self.values)
        keys: list[tuple[float, float, int]] = []
        asked: dict[int, float] = {}
        for i in self.buyers:
            goal = min(self.on_target[i], (rules.targets[i] + self.acts.width[i]) * after)
            need = goal - self.values[i]
            if need > self.least:
                asked[i] = need
                keys.append((rules.ranks[i], -round(need / goal, 9), i))
        held = self.cash
        for place, share in ((count, rules.stable_target), (count + 1, terms.reserve_min)):
            if share == share:
                goal = share * after
                need = goal - held
                if place == count:
                    held += max(need, 0.0)
                if need > self.least:
                    asked[place] = need
                    keys.append((rules.stable_rank, -round(need / goal, 9), place))
        keys.sort()
        return [place for _, _, place in keys], asked

    def _serve(self, order: list[int], asked: dict[int, float], given: dict[int, float]) -> None:
        """Serve the needs by rank; pro rata first where DeployMethod says so."""
        count, gross = len(self.values), 1.0 + self.fee
        if self.rules.terms.pro_rata:
            costs = {place: asked[place] * (gross if place < count else 1.0) for place in order}
            wanted, money = math.fsum(costs.values()), sum(self.pools)
            share = money / wanted if wanted > money else 1.0
            for place in order:
                self._place(place, asked, given, costs[place] * share)
        for place in order:
            self._place(place, asked, given, math.inf)

    def _place(self, place: int, asked: dict[int, float], given: dict[int, float], limit: float) -> None:
        """Give a row what the money allows; the reserve takes from proceeds alone, for it is cash already."""
        missing = asked[place] - given[place]
        if missing <= self.least:
            return
        cash, proceeds = self.pools
        spot = place < len(self.values)
        cost = 1.0 + self.fee if spot else 1.0
        amount = min(missing, min(limit, cash + proceeds if spot else proceeds) / cost)
        if amount <= self.least:
            return
        if spot and not given[place] and amount < self.rules.minimum[place] * NEARLY:
            return
        given[place] += amount
        spent = amount * cost
        from_cash = min(spent, cash) if spot else 0.0
        self.pools = (cash - from_cash, max(0.0, proceeds - (spent - from_cash)))

    def _fund(
        self,
        after: float,
        fees: float,
        wanted_trims: float,
        sold: list[float],
        bought: list[float],
        kept: float,
        order: list[int],
    ) -> None:
        """Let rows above their target pay for rows that act below their band; adds to `sold` and `bought`."""
        rules, terms, acts, count = self.rules, self.rules.terms, self.acts, len(self.values)
        total, trim_to = self.total, self.rules.terms.trim_to
        gross, keep = 1.0 + self.fee, 1.0 - self.fee
        rest: dict[int, float] = {}
        for i in self.below:
            target, width = rules.targets[i], acts.width[i]
            goal = max((target - width) * after, (target - trim_to * width) * total - fees)
            missing = goal - self.values[i] - bought[i]
            if missing > self.least:
                rest[i] = missing
        sizes = math.fsum(money if bought[i] else self.sized(i, money) for i, money in rest.items())
        stable = 0.0
        if acts.stable_below:
            target, width = rules.stable_target, acts.stable_width
            goal = max((target - width) * after, (target - trim_to * width) * after - fees)
            stable = goal - self.cash - kept
            if stable > self.least:
                rest[count] = stable
            else:
                stable = 0.0
        idle = sum(self.pools)
        wanted = max(0.0, sizes * gross - idle) + stable
        wanted = min(wanted, max(0.0, terms.turnover_cap * total - wanted_trims) * keep)
        payers = self._payers(sold)
        topped = {i for i in rest if (kept if i == count else bought[i])}
        serve = [place for place in order if place in rest] + [place for place in rest if place not in order]
        for _ in range(_AGAIN):
            paid, raised = self._raise(payers, sold, wanted)
            given, used = self._hand_out(serve, rest, topped, idle + raised)
            from_raised = max(0.0, used - idle)
            if raised - from_raised <= self.least or from_raised >= wanted - self.least:
                break
            wanted = from_raised
        for i, money in paid.items():
            sold[i] += money
        for i, money in given.items():
            if i < count:
                bought[i] += money

    def _payers(self, trims: list[float]) -> list[tuple[int, float]]:
        """Return the rows that can pay and how much, the largest excess first."""
        rules, found = self.rules, []
        for i in self.rows:
            if rules.targets[i] != rules.targets[i] or self.acts.below[i]:
                continue
            left = self.values[i] - trims[i]
            excess = left - self.on_target[i]
            able = min(excess, self.unlocked[i] - trims[i])
            if excess > rules.payer_floor * self.on_target[i] and able > self.least:
                found.append((-round(left / self.total - rules.targets[i], 9), i, able))
        found.sort()
        return [(i, able) for _, i, able in found]

    def _raise(
        self, payers: list[tuple[int, float]], trims: list[float], wanted: float
    ) -> tuple[dict[int, float], float]:
        """Sell from the largest excess on until the money is raised; a row below its smallest order is passed over."""
        keep, raised = 1.0 - self.fee, 0.0
        paid: dict[int, float] = {}
        for i, able in payers:
            sale = min(max(0.0, wanted - raised) / keep, able)
            if sale > 0.0 and (trims[i] or sale >= self.rules.minimum[i] * NEARLY):
                paid[i] = sale
                raised += sale * keep
        return paid, raised

    def _hand_out(
        self, serve: list[int], rest: dict[int, float], topped: set[int], money: float
    ) -> tuple[dict[int, float], float]:
        """Share the money among the rows that act below their band; return what each gets and what it cost."""
        count, gross, used = len(self.values), 1.0 + self.fee, 0.0
        given = dict.fromkeys(serve, 0.0)
        rounds: list[dict[int, float]] = [dict.fromkeys(serve, math.inf)]
        if self.rules.terms.pro_rata:
            costs = {place: rest[place] * (gross if place < count else 1.0) for place in serve}
            wanted = math.fsum(costs.values())
            share = money / wanted if wanted > money else 1.0
            rounds.insert(0, {place: cost * share for place, cost in costs.items()})
        for limits in rounds:
            for place in serve:
                cost = gross if place < count else 1.0
                missing = rest[place] - given[place]
                amount = min(missing, min(money, limits[place]) / cost)
                if missing <= self.least or amount <= self.least:
                    continue
                small = place < count and amount < self.rules.minimum[place] * NEARLY
                if small and place not in topped and not given[place]:
                    continue
                given[place] += amount
                money = max(0.0, money - amount * cost)
                used += amount * cost
        return given, used
