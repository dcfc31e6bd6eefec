"""Where a pool of positions falls on its way through a move of prices: an exact walk, no search.

Along a straight path t = 0, 1, ... every price is a line in t, so that equity and requirement are polynomials (almost
always lines) between the places where a position changes its tier, a coin its collateral ratio or a wallet its sign.
The walk visits these places outward from t = 0; the first t at which equity no longer exceeds the requirement is the
answer. A table without amounts jumps at its boundaries: the boundary is then the answer.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TypeAlias

from rebalance_xl.functions.account import Leg, Pool, Wallet
from rebalance_xl.functions.tiers import TierTable, amount_at, rate_at

#: c0 + c1 t + c2 t².
Poly: TypeAlias = tuple[float, float, float]
Line: TypeAlias = tuple[float, float]

_ZERO: Poly = (0.0, 0.0, 0.0)
#: Prices nearer to 0 than this share of themselves are 0: no price liquidates there.
_DUST = 1e-12


@dataclass(frozen=True, slots=True)
class Stage:
    """A part of a path: the price line of every wallet's coin and the line of every position.

    Parameters
    ----------
    start, end
        Of t.
    units
        For each wallet of the pool what one coin is worth, in the scale in which the pool is judged.
    marks
        For each leg: the mark (linear), or unit / mark (inverse).
    """

    start: float
    end: float
    units: tuple[Line, ...]
    marks: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class _Term:
    """A part of the surplus that changes its slope: ``sign x (ratio A + constant U)``, by the band of A / U."""

    sign: float
    argument: Poly
    unit: Line
    bands: tuple[tuple[float, float, float], ...]

    def at(self, t: float) -> Poly:
        a0, a1, a2 = self.argument
        u0, u1 = self.unit
        size, unit = a0 + t * (a1 + t * a2), u0 + t * u1
        _, ratio, constant = next(band for band in self.bands if band[0] == math.inf or size <= band[0] * unit)
        rate, fixed = self.sign * ratio, self.sign * constant
        return rate * a0 + fixed * u0, rate * a1 + fixed * u1, rate * a2

    def turns(self, start: float, end: float) -> list[float]:
        a0, a1, a2 = self.argument
        u0, u1 = self.unit
        found: list[float] = []
        for limit, _, _ in self.bands[:-1]:
            for root in _roots((a0 - limit * u0, a1 - limit * u1, a2)):
                if start < root < end:
                    found.append(root)
        return found


def _roots(poly: Poly) -> tuple[float, ...]:
    c0, c1, c2 = poly
    if c2 == 0.0:
        return () if c1 == 0.0 else (-c0 / c1,)
    inside = c1 * c1 - 4.0 * c2 * c0
    if inside < 0.0:
        return ()
    half = -0.5 * (c1 + math.copysign(math.sqrt(inside), c1))
    return (half / c2,) if half == 0.0 else (half / c2, c0 / half)


@lru_cache(maxsize=4096)
def bands_of(table: TierTable) -> tuple[tuple[float, float, float], ...]:
    """Return the pieces of a table's requirement by value: up to which value, the rate, and minus the amount.

    A continuous table is the upper envelope of its lines and 0; a table without amounts keeps its boundaries.
    """
    if not table.continuous:
        last = len(table.rows) - 1
        return tuple(
            (math.inf if index == last else tier.cap, tier.rate, -tier.amount) for index, tier in enumerate(table.rows)
        )
    hull: list[tuple[float, float]] = []  # rate, amount
    for rate, amount in [(0.0, 0.0), *((tier.rate, tier.amount) for tier in table.rows)]:
        if hull and rate == hull[-1][0]:
            if amount >= hull[-1][1]:
                continue
            hull.pop()
        while len(hull) > 1 and _crossing(hull[-1], (rate, amount)) <= _crossing(hull[-2], hull[-1]):
            hull.pop()
        hull.append((rate, amount))
    found = []
    for index, (rate, amount) in enumerate(hull):
        end = math.inf if index == len(hull) - 1 else _crossing(hull[index], hull[index + 1])
        if end > 0.0:  # below a value of 0 there is nothing
            found.append((end, rate, -amount))
    return tuple(found)


def _crossing(flat: tuple[float, float], steep: tuple[float, float]) -> float:
    return (steep[1] - flat[1]) / (steep[0] - flat[0])


def _times(line: Line, other: Line) -> Poly:
    return line[0] * other[0], line[0] * other[1] + line[1] * other[0], line[1] * other[1]


def _plus(a: Poly, b: Poly, times: float = 1.0) -> Poly:
    return a[0] + times * b[0], a[1] + times * b[1], a[2] + times * b[2]


def _surplus(pool: Pool, stage: Stage) -> tuple[Poly, list[_Term]]:
    """Return the surplus (equity − trigger × requirement) as a polynomial and the terms that change their slope."""
    base: Poly = (-pool.trigger * pool.other, 0.0, 0.0) if pool.in_dollars else _ZERO
    terms: list[_Term] = []
    profits = [_ZERO] * len(pool.wallets)
    for leg, mark, place in zip(pool.legs, stage.marks, pool.places, strict=True):
        profits[place] = _plus(profits[place], _profit(leg, mark, stage.units[place]))
        base = _needed(leg, mark, stage.units[place], pool.trigger, base, terms)
    for wallet, unit, profit in zip(pool.wallets, stage.units, profits, strict=True):
        flat: Poly = (unit[0], unit[1], 0.0)
        held = wallet.balance - wallet.loan
        owed = wallet.loan * wallet.loan_rate + (0.0 if pool.in_dollars else pool.other)
        base = _plus(base, flat, -pool.trigger * owed)
        counted = _plus(profit, flat, held) if pool.ratio_on_profit else (held * unit[0], held * unit[1], 0.0)
        if not pool.in_dollars:
            base = _plus(base, _plus(profit, flat, held))
            continue
        if not pool.ratio_on_profit:
            base = _plus(base, profit)
        terms.append(_counted(wallet, counted, unit))
    return base, terms


def _profit(leg: Leg, mark: Line, unit: Line) -> Poly:
    size = leg.side * leg.quantity
    if leg.inverse:
        return size * (unit[0] / leg.entry - mark[0]), size * (unit[1] / leg.entry - mark[1]), 0.0
    c0, c1, c2 = _times((mark[0] - leg.entry, mark[1]), unit)
    return size * c0, size * c1, size * c2


def _needed(leg: Leg, mark: Line, unit: Line, trigger: float, base: Poly, terms: list[_Term]) -> Poly:
    """Take a position's requirement off the base, or add the term that it is."""
    worth = (mark[0], mark[1], 0.0) if leg.inverse else _times(mark, unit)
    value: Poly = (leg.quantity * worth[0], leg.quantity * worth[1], leg.quantity * worth[2])
    if leg.fixed:
        return _plus(base, (unit[0], unit[1], 0.0), -trigger * leg.requirement(leg.mark))
    base = _plus(base, value, -trigger * leg.fee)
    table = leg.table
    if table.by_quantity:
        size = leg.quantity / table.unit_quantity
        return _plus(
            _plus(base, value, -trigger * float(rate_at(table, size))),
            (unit[0], unit[1], 0.0),
            trigger * float(amount_at(table, size)),
        )
    bands = bands_of(table)
    if len(bands) == 1 and bands[0][2] == 0.0:
        return _plus(base, value, -trigger * bands[0][1])
    terms.append(_Term(-trigger, value, unit, bands))
    return base


def _counted(wallet: Wallet, argument: Poly, unit: Line) -> _Term:
    """Return what counts of a coin: a debt in full, what is held by the bands of its haircut."""
    haircut = wallet.haircut
    bands: list[tuple[float, float, float]] = [(0.0, 1.0, 0.0)]
    below = 0.0
    for band in haircut.bands:
        bands.append((band.end, band.ratio, below - band.ratio * band.start))
        below += band.ratio * (band.end - band.start) if band.end < math.inf else 0.0
    if bands[-1][0] < math.inf:
        bands.append((math.inf, 0.0, below))
    return _Term(1.0, argument, (1.0, 0.0) if haircut.in_dollars else unit, tuple(bands))


def first_zero(pool: Pool, stages: Sequence[Stage]) -> float | None:
    """Return the first t at which the pool's equity no longer exceeds its requirement; None where it always does.

    Parameters
    ----------
    pool
        A pool that is healthy at the start of the path.
    stages
        The path, one stage after the other.
    """
    for stage in stages:
        found = _walk(pool, stage)
        if found is not None:
            return found
    return None


def lowest_surplus(pool: Pool, stage: Stage) -> float:
    """Return the smallest surplus on a path of one stage with an end, in the pool's money."""
    base, terms = _surplus(pool, stage)
    turns = sorted({stage.start, stage.end, *(t for term in terms for t in term.turns(stage.start, stage.end))})
    lowest = math.inf
    for left, right in pairwise(turns):
        pieces = [base, *(term.at(_inside(left, right)) for term in terms)]
        c0, c1, c2 = (math.fsum(piece[index] for piece in pieces) for index in range(3))
        places = [left, right]
        if c2 and left < -c1 / (2.0 * c2) < right:
            places.append(-c1 / (2.0 * c2))
        for t in places:
            # A single-coin pool is judged in coins times the price factor; its money is the coin.
            unit = 1.0 if pool.in_dollars else stage.units[0][0] + t * stage.units[0][1]
            if unit > 0.0:
                lowest = min(lowest, (c0 + t * (c1 + t * c2)) / unit)
    return lowest


def _walk(pool: Pool, stage: Stage) -> float | None:
    base, terms = _surplus(pool, stage)
    turns = sorted((t, index) for index, term in enumerate(terms) for t in term.turns(stage.start, stage.end))
    left, position = stage.start, 0
    right = turns[0][0] if turns else stage.end
    active = [term.at(_inside(left, right)) for term in terms]
    total = base
    for piece in active:
        total = _plus(total, piece)
    while True:
        if _falls(total, left, right):
            exact = (
                math.fsum([base[0], *(piece[0] for piece in active)]),
                math.fsum([base[1], *(piece[1] for piece in active)]),
                math.fsum([base[2], *(piece[2] for piece in active)]),
            )
            return _fall(exact, left, right)
        if position == len(turns):
            return None
        left = right
        changed = []
        while position < len(turns) and turns[position][0] == left:
            changed.append(turns[position][1])
            position += 1
        right = turns[position][0] if position < len(turns) else stage.end
        probe = _inside(left, right)
        for index in changed:
            piece = terms[index].at(probe)
            total = _plus(_plus(total, active[index], -1.0), piece)
            active[index] = piece


def _inside(left: float, right: float) -> float:
    return 2.0 * left + 1.0 if right == math.inf else 0.5 * (left + right)


def _falls(poly: Poly, left: float, right: float) -> bool:
    c0, c1, c2 = poly
    if c0 + left * (c1 + left * c2) <= 0.0:
        return True
    if right == math.inf:
        return c2 < 0.0 or (c2 == 0.0 and c1 < 0.0) or any(root > left for root in _roots(poly))
    if c0 + right * (c1 + right * c2) <= 0.0:
        return True
    return c2 != 0.0 and any(left < root < right for root in _roots(poly))


def _fall(poly: Poly, left: float, right: float) -> float:
    c0, c1, c2 = poly
    if c0 + left * (c1 + left * c2) <= 0.0:
        return left
    inside = [root for root in _roots(poly) if left <= root <= right]
    return min(inside, default=right)


# --- paths --------------------------------------------------------------------------------------------------------


def _start(pool: Pool) -> tuple[list[float], list[float]]:
    """Return what a coin of each wallet is worth in the pool's scale, and where each leg's line starts."""
    units = [wallet.price if pool.in_dollars else 1.0 for wallet in pool.wallets]
    marks = [
        units[place] / leg.mark if leg.inverse else leg.mark for leg, place in zip(pool.legs, pool.places, strict=True)
    ]
    return units, marks


def market_path(pool: Pool, beta: Callable[[str], float], direction: float) -> list[Stage]:
    """Return the path on which every coin moves by its beta times t; a price that reaches 0 stays there.

    Parameters
    ----------
    pool
        The pool.
    beta
        The beta of a coin.
    direction
        1 up, -1 down.
    """
    units, marks = _start(pool)
    scaled = pool.in_dollars or any(leg.inverse for leg in pool.legs)
    unit_slopes = [direction * beta(wallet.coin) for wallet in pool.wallets]
    mark_slopes = [direction * beta(leg.coin) for leg in pool.legs]
    moving = [slope for slope in (*(unit_slopes if scaled else ()), *mark_slopes) if slope]
    ends = sorted({-1.0 / slope for slope in moving if slope < 0.0})
    last = math.inf if direction > 0.0 and any(slope > 0.0 for slope in moving) else max(ends, default=0.0)
    stages: list[Stage] = []
    bounds = [0.0, *(end for end in ends if end < last), last] if last > 0.0 else [0.0]
    for start, end in pairwise(bounds):
        lines = [
            _clamped(unit, slope if scaled else 0.0, start) for unit, slope in zip(units, unit_slopes, strict=True)
        ]
        legs = [
            (mark, 0.0) if leg.inverse else _clamped(mark, slope, start)
            for leg, mark, slope in zip(pool.legs, marks, mark_slopes, strict=True)
        ]
        stages.append(Stage(start, end, tuple(lines), tuple(legs)))
    return stages


def _clamped(value: float, slope: float, start: float) -> Line:
    return (0.0, 0.0) if slope < 0.0 and -1.0 / slope <= start else (value, value * slope)


def symbol_path(pool: Pool, symbol: str, direction: float) -> list[Stage]:
    """Return the path on which one contract's mark alone moves: by t, and for inverse contracts its reciprocal by t."""
    units, marks = _start(pool)
    folded = symbol.casefold()
    moved = [leg.symbol.casefold() == folded for leg in pool.legs]
    inverse = any(leg.inverse for leg, own in zip(pool.legs, moved, strict=True) if own)
    slope = -direction if inverse else direction
    legs = [(mark, mark * slope if own else 0.0) for mark, own in zip(marks, moved, strict=True)]
    end = 1.0 if slope < 0.0 else math.inf
    return [Stage(0.0, end, tuple((unit, 0.0) for unit in units), tuple(legs))]


def shock_path(pool: Pool, prices: Sequence[float], marks: Sequence[float]) -> list[Stage]:
    """Return the straight path from the prices and marks as they stand (t = 0) to others (t = 1)."""
    units, begin = _start(pool)
    scaled = pool.in_dollars or any(leg.inverse for leg in pool.legs)
    ends = [
        (price if pool.in_dollars else price / wallet.price) if scaled else 1.0
        for wallet, price in zip(pool.wallets, prices, strict=True)
    ]
    legs: list[Line] = []
    for leg, mark, now, place in zip(pool.legs, marks, begin, pool.places, strict=True):
        at_end = ends[place] / mark if leg.inverse and mark else mark
        legs.append((now, (now if leg.inverse and not mark else at_end) - now))
    lines = [(unit, end - unit) for unit, end in zip(units, ends, strict=True)]
    return [Stage(0.0, 1.0, tuple(lines), tuple(legs))]
