"""The plan where nothing but money and fees stands between the rows: served in one sweep through sorted arrays.

That is a book without smallest orders, pro-rata shares and caps, whose needs and trims the fees do not change. It
gives what :mod:`rebalance_xl.functions.simulation.single` gives; the tests compare the two.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rebalance_xl.functions.simulation.rules import Acting, Array, Flags, Rules
from rebalance_xl.functions.simulation.terms import DUST

_PASSES = 12
_SETTLED = 1e-15


@dataclass(slots=True)
class _Frame:
    """What stands still while the fees settle: needs in the order of serving, payers by their excess.

    `factor` is what one unit of a need costs, and `reserve_at` the flat place of the reserve's need among the costs,
    which alone depends on the fees; while it is open no cash can be spared. `missed` are the variants that have to be
    planned row by row after all.
    """

    rules: Rules
    total: Array
    least: Array
    cash: Array
    trimmed: Array
    proceeds: Array
    limit: Array
    kept: Array
    spot: Flags
    factor: Array
    costs: Array
    before: Array
    reserve_at: np.ndarray | None
    low: Array
    goal: Array
    values: Array
    funded: Flags | None
    able: Array
    able_before: Array
    missed: Flags


def quick_columns(rules: Rules, acting: Acting, values: Array, unlocked: Array, total: Array) -> Flags:
    """Tell which variants can take the quick way: the band leaves room for the fees, and the stable row is on target.

    Parameters
    ----------
    rules, acting, values, unlocked
        The rules, who acts, (N, K) money and what of it may be sold, and (K,) stablecoins.
    total
        (K,): value of the book.
    """
    if not rules.plain:
        return np.zeros(total.shape, dtype=bool)
    with np.errstate(invalid="ignore"):
        on_target = rules.targets * total
        edge = (rules.targets + acting.width) * (total * (1.0 - 4.0 * rules.fee))
        after_trim = np.maximum(on_target + (rules.trim_to * total) * acting.width, values - unlocked)
        tight = (on_target > edge) | ((after_trim > edge) & acting.above)
    found: Flags = ~(np.logical_or.reduce(tight) | acting.stable_below)
    return found


def plan_quickly(
    rules: Rules, acting: Acting, values: Array, unlocked: Array, cash: Array
) -> tuple[Array, Array, Array, Flags]:
    """Return money sold and bought by asset and the fees of such variants, and which have to be planned row by row.

    Parameters
    ----------
    rules, acting, values, unlocked, cash
        The rules, who acts, (N, K) money and what of it may be sold, and (K,) stablecoins.
    """
    total = np.add.reduce(values) + cash
    least = DUST * total
    count, assets = len(total), len(values)
    columns = np.arange(count)
    on_target = rules.targets * total
    trims = np.zeros_like(values)
    if acting.above.any():
        goal = on_target + (rules.trim_to * total) * acting.width
        trims = np.where(acting.above, np.minimum(values - goal, unlocked), 0.0)
    gap = on_target - values
    needs = np.where((gap > least) & ~acting.above, gap, 0.0)
    ratio = np.round(np.divide(needs, on_target, out=np.full_like(values, -1.0), where=needs > 0.0), 9)
    keys = rules.rank * 4.0 - ratio
    kept = np.fmax(rules.reserve_min, 0.0)
    reserve = np.fmax(kept, rules.stable_target) * total - cash
    has_reserve = bool((reserve > least).any())
    if has_reserve:
        keys = np.concatenate([keys, _reserve_key(rules, total, cash, least)[None]])
        needs = np.concatenate([needs, np.zeros((1, count))])
    places = keys.argsort(axis=0, kind="stable")
    order = places * count + columns
    gross = 1.0 + rules.fee
    spot = places < assets
    factor = np.where(spot, gross, 1.0)
    costs = needs.take(order) * factor
    trimmed = np.add.reduce(trims)
    frame = _Frame(
        rules=rules,
        total=total,
        least=least,
        cash=cash,
        trimmed=trimmed,
        proceeds=trimmed * (1.0 - rules.fee),
        limit=np.where(np.isnan(rules.stable_target), rules.reserve_max, rules.stable_target),
        kept=kept,
        spot=spot,
        factor=factor,
        costs=costs,
        before=costs.cumsum(axis=0) - costs,
        reserve_at=(places == assets).argmax(axis=0) * count + columns if has_reserve else None,
        low=costs,
        goal=costs,
        values=costs,
        funded=None,
        able=costs,
        able_before=costs,
        missed=np.zeros(count, dtype=bool),
    )
    payers = None
    if (rules.fund & acting.below).any():
        payers = _rank_payers(frame, acting, on_target, values, trims, unlocked, order, columns)
    given, paid, fees = _settle(frame)
    if has_reserve:
        settled = _reserve_key(rules, total - fees, cash, least)
        again = np.concatenate([keys[:-1], settled[None]]).argsort(axis=0, kind="stable")
        frame.missed |= (again != places).any(axis=0)
    bought = np.zeros_like(needs)
    bought.put(order, given)
    if payers is not None:
        more = np.zeros_like(values)
        more.put(payers, paid)
        trims = trims + more
    return trims, bought[:assets], fees, frame.missed


def _reserve_key(rules: Rules, after: Array, cash: Array, least: Array) -> Array:
    """Return the key of the reserve's need in the order of serving."""
    share = np.fmax(np.fmax(rules.reserve_min, 0.0), rules.stable_target)
    goal = share * after
    short = goal - cash
    ratio: Array = np.full_like(after, -1.0)
    np.divide(short, goal, out=ratio, where=short > least)
    return rules.stable_rank * 4.0 - np.round(ratio, 9)


def _rank_payers(
    frame: _Frame,
    acting: Acting,
    on_target: Array,
    values: Array,
    trims: Array,
    unlocked: Array,
    order: np.ndarray,
    columns: np.ndarray,
) -> np.ndarray:
    """Add the rows that pay for those below their band; return their order as flat places."""
    rules, total = frame.rules, frame.total
    left = values - trims
    excess = left - on_target
    able = np.minimum(excess, unlocked - trims)
    pays = ~acting.below & (excess > rules.payer_floor * on_target) & (able > frame.least)
    able = np.where(pays, able, 0.0)
    key = np.where(pays, -np.round(left / total - rules.targets, 9), 1.0)
    payers: np.ndarray = key.argsort(axis=0, kind="stable") * len(columns) + columns
    below = acting.below & rules.fund
    low = np.broadcast_to(rules.targets - acting.width, values.shape)
    goal = (rules.targets - rules.trim_to * acting.width) * total
    stacks = [low, goal, values, below]
    if len(order) > len(values):
        nothing = np.zeros((1, len(columns)))
        stacks = [np.concatenate([each, nothing]) for each in stacks]
    frame.low, frame.goal, frame.values, funded = (np.ascontiguousarray(each).take(order) for each in stacks)
    frame.funded = funded > 0
    frame.able = able.take(payers)
    frame.able_before = frame.able.cumsum(axis=0) - frame.able
    return payers


def _settle(frame: _Frame) -> tuple[Array, Array, Array]:
    """Return what is given, what payers sell and the fees, once the fees agree with the plan made of them.

    A variant whose fees do not settle is missed.
    """
    start = np.zeros_like(frame.total)
    before: tuple[Array, Array] | None = None
    for _ in range(_PASSES):
        given, paid, fees = _pass(frame, start)
        gap = fees - start
        settled = np.abs(gap) <= _SETTLED * frame.total
        if (settled | frame.missed).all():
            return given, paid, fees
        following = fees
        if before is not None:
            step = start - before[0]
            moved = step != 0.0
            slope = np.where(moved, (fees - before[1]) / np.where(moved, step, 1.0), 0.0)
            following = start + gap / (1.0 - np.where(np.abs(slope) < 0.5, slope, 0.0))
        before, start = (start, fees), following
    frame.missed |= ~settled
    return given, paid, fees


def _pass(frame: _Frame, fees: Array) -> tuple[Array, Array, Array]:
    """Make the plan once, given the fees; a variant is missed where what is left for a row would be dust."""
    rules, least = frame.rules, frame.least
    after = frame.total - fees
    spare = np.fmax(np.minimum(frame.cash - frame.limit * after, frame.cash - frame.kept * after), 0.0)
    money = spare * (spare > least) + frame.proceeds
    costs, before = frame.costs, frame.before
    if frame.reserve_at is not None:
        need = np.fmax(frame.kept, rules.stable_target) * after - frame.cash
        costs = costs.copy()
        costs.put(frame.reserve_at, np.where(need > least, need, 0.0))
        before = costs.cumsum(axis=0) - costs
    given = np.minimum(costs, np.maximum(money - before, 0.0)) / frame.factor
    given *= given > least
    spent = given * frame.factor
    bought = np.add.reduce(given * frame.spot) if frame.reserve_at is not None else np.add.reduce(given)
    if frame.funded is None:
        return given, given, rules.fee * (frame.trimmed + bought)
    gross, keep = 1.0 + rules.fee, 1.0 - rules.fee
    goal = np.maximum(frame.low * after, frame.goal - fees)
    rest = np.where(frame.funded, goal - frame.values - given, 0.0)
    rest *= rest > least
    asked = np.add.reduce(rest)
    idle = np.maximum(money - np.add.reduce(spent), 0.0)
    wanted = np.maximum(asked * gross - idle, 0.0)
    paid = np.minimum(np.maximum(wanted / keep - frame.able_before, 0.0), frame.able)
    sold = np.add.reduce(paid)
    have = idle + sold * keep
    if (have < asked * gross * (1.0 - 1e-12)).any():
        asked_costs = rest * gross
        more = np.minimum(rest, np.maximum(have - (asked_costs.cumsum(axis=0) - asked_costs), 0.0) / gross)
        dust = (more <= least) & (more > 0.0)
        if dust.any():
            frame.missed |= dust.any(axis=0)
    else:
        more = rest
    more_sum = np.add.reduce(more)
    return given + more, paid, rules.fee * (frame.trimmed + sold + bought + more_sum)
