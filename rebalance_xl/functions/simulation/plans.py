"""The plan of the rows that act, for many variants at once: trims, cash, needs, and who pays for a row below its band.

The order is that of the book's own plan: trims; cash above its target or ReserveMax; needs by priority or pro rata;
then sales of rows that stand above their target for the rows below their band. Fees depend on the plan and the plan
on the fees, so it is repeated until they agree.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rebalance_xl.functions.simulation.rules import DUST, Acting, Array, Flags, Rules, sized

_PASSES = 24
_AGAIN = 8
_SETTLED = 1e-15


@dataclass(slots=True)
class Orders:
    """What is traded: money sold and bought by asset (N, K), and the fees (K,)."""

    sold: Array
    bought: Array
    fees: Array


@dataclass(slots=True)
class _Case:
    """What does not change while the fees settle."""

    rules: Rules
    acting: Acting
    values: Array
    unlocked: Array
    cash: Array
    total: Array
    least: Array
    on_target: Array
    trim_wanted: Array
    trim_sized: Array
    buyers: Flags
    minimums: bool
    capped: bool
    reserve: Flags
    limits: Array


def plan_orders(rules: Rules, acting: Acting, values: Array, unlocked: Array, cash: Array) -> Orders:
    """Return what is traded by variants in which some row acts.

    Parameters
    ----------
    rules, acting
        The rules, and who acts.
    values, unlocked
        (N, K): money in each asset, and the part of it that may be sold.
    cash
        (K,): stablecoins.
    """
    case = _prepare(rules, acting, values, unlocked, cash)
    start = np.zeros_like(cash)
    orders = _pass(case, start)
    before: tuple[Array, Array] | None = None
    for _ in range(_PASSES):
        if np.all(np.abs(orders.fees - start) <= _SETTLED * case.total):
            return orders
        following = _extrapolated(start, orders.fees, *before) if before is not None else orders.fees
        before, start = (start, orders.fees), following
        last, orders = orders, _pass(case, following)
    # Where the passes alternate, the one of the last two with the higher fees counts.
    higher = last.fees > orders.fees
    return Orders(
        np.where(higher, last.sold, orders.sold),
        np.where(higher, last.bought, orders.bought),
        np.maximum(last.fees, orders.fees),
    )


def _extrapolated(start: Array, found: Array, start_before: Array, found_before: Array) -> Array:
    """Return where the fees settle when the plan follows them in a straight line, as it nearly always does."""
    step = start - start_before
    moved = step != 0.0
    slope = np.where(moved, (found - found_before) / np.where(moved, step, 1.0), 0.0)
    slope = np.where(np.abs(slope) < 0.5, slope, 0.0)
    return start + (found - start) / (1.0 - slope)


def _prepare(rules: Rules, acting: Acting, values: Array, unlocked: Array, cash: Array) -> _Case:
    total = values.sum(axis=0) + cash
    targets = rules.targets
    targeted = targets == targets
    with np.errstate(invalid="ignore"):
        goal = (targets + rules.trim_to * acting.width) * total
        wanted = np.where(acting.above, np.minimum(values - goal, unlocked), 0.0)
        buyers = targeted & ~acting.above
        if rules.breaching.any():
            drift = values / total - targets
            short = drift < -np.maximum(acting.width + 1e-9, DUST)
            timed = acting.review & ~rules.locked & (drift < -rules.review_drift - 1e-9)
            buyers = buyers & (~rules.breaching | short | timed)
    minimums = bool((rules.minimum > 0.0).any())
    reserve = ~np.isnan(rules.reserve_min) | ~np.isnan(rules.stable_target)
    return _Case(
        rules=rules,
        acting=acting,
        values=values,
        unlocked=unlocked,
        cash=cash,
        total=total,
        least=DUST * total,
        on_target=np.where(targeted, targets * total, 0.0),
        trim_wanted=wanted,
        trim_sized=sized(wanted, rules.minimum) if minimums else wanted,
        buyers=buyers,
        minimums=minimums,
        capped=bool(np.isfinite(rules.turnover_cap).any()),
        reserve=reserve,
        limits=np.where(targeted, targets + acting.width, np.inf),
    )


def _pass(case: _Case, fees: Array) -> Orders:
    """Make the plan, given the fees of the pass before."""
    rules, total = case.rules, case.total
    after = total - fees
    keep = 1.0 - rules.fee
    wants, trims = _trims(case, after)
    proceeds = trims.sum(axis=0) * keep
    spare = _spare_cash(case, after)
    needs, stable_need, reserve_need = _needs(case, after)
    order = _order(case, needs, stable_need, reserve_need, after)
    placed, kept, money = _serve(case, needs, stable_need, reserve_need, order, spare, proceeds)
    bought, sold = placed, trims
    below = case.acting.below | case.acting.stable_below
    if (rules.fund & below.any(axis=0)).any():
        more, paid = _fund(case, after, fees, wants, trims, placed, kept, money, order)
        bought, sold = placed + more, trims + paid
    return Orders(sold, bought, rules.fee * (sold.sum(axis=0) + bought.sum(axis=0)))


def _trims(case: _Case, after: Array) -> tuple[Array, Array]:
    """Return what the rows above their band want to sell, and what they sell."""
    rules, acting = case.rules, case.acting
    wanted, trims = case.trim_wanted, case.trim_sized
    # Minimums and fees may leave a row beyond its band: it sells the little more that the fees make necessary.
    outside = acting.above & (case.values - trims > case.limits * after)
    if outside.any():
        goal = (rules.targets + rules.trim_to * acting.width) * after
        wanted = np.where(outside, np.minimum(case.values - goal, case.unlocked), wanted)
        trims = sized(wanted, rules.minimum) if case.minimums else wanted
    if case.capped:
        asked = wanted.sum(axis=0)
        most = rules.turnover_cap * case.total
        cut = asked > most
        if cut.any():
            share = np.where(cut, most / np.where(cut, asked, 1.0), 1.0)
            trims = sized(wanted * share, rules.minimum)
    return wanted, trims


def _spare_cash(case: _Case, after: Array) -> Array:
    """Return the stablecoins above their target (without one: above ReserveMax), never below ReserveMin."""
    rules, cash = case.rules, case.cash
    limit = np.where(np.isnan(rules.stable_target), rules.reserve_max, rules.stable_target)
    spare = np.where(np.isnan(limit), 0.0, np.maximum(cash - limit * after, 0.0))
    floor = np.where(np.isnan(rules.reserve_min), 0.0, rules.reserve_min)
    spare = np.minimum(spare, np.maximum(cash - floor * after, 0.0))
    return np.where(spare > case.least, spare, 0.0)


def _needs(case: _Case, after: Array) -> tuple[Array, Array, Array]:
    """Return what spot rows, the stable row and ReserveMin need to be on target."""
    rules = case.rules
    goal = np.minimum(case.on_target, case.limits * after)
    needs = np.where(case.buyers, goal - case.values, 0.0)
    needs = np.where(needs > case.least, needs, 0.0)
    stable = np.where(np.isnan(rules.stable_target), 0.0, rules.stable_target * after - case.cash)
    held = case.cash + np.maximum(stable, 0.0)
    stable = np.where(stable > case.least, stable, 0.0)
    reserve = np.where(np.isnan(rules.reserve_min), 0.0, rules.reserve_min * after - held)
    return needs, stable, np.where(reserve > case.least, reserve, 0.0)


def _order(case: _Case, needs: Array, stable: Array, reserve: Array, after: Array) -> np.ndarray:
    """Return the order of serving: priority, then the largest shortfall to the goal, then the table."""
    rules = case.rules
    goal = np.where(case.on_target > 0.0, np.minimum(case.on_target, case.limits * after), 1.0)
    keys = rules.rank * 4.0 - np.round(np.where(needs > 0.0, needs / goal, -1.0), 9)
    if case.reserve.any():
        floor = np.where(rules.reserve_min > 0.0, rules.reserve_min * after, 1.0)
        wanted = np.where(rules.stable_target > 0.0, rules.stable_target * after, 1.0)
        first = rules.stable_rank * 4.0 - np.round(np.where(stable > 0.0, stable / wanted, -1.0), 9)
        second = rules.stable_rank * 4.0 - np.round(np.where(reserve > 0.0, reserve / floor, -1.0), 9)
        keys = np.concatenate([keys, first[None], second[None]])
    return np.argsort(keys, axis=0, kind="stable")


@dataclass(slots=True)
class _Money:
    """What is left to spend (K,): cash, and proceeds, which alone may be kept as reserve."""

    cash: Array
    proceeds: Array

    def spend(self, cost: Array) -> None:
        """Take cash first, then proceeds."""
        from_cash = np.minimum(cost, self.cash)
        self.cash = self.cash - from_cash
        self.proceeds = np.maximum(self.proceeds - (cost - from_cash), 0.0)


def _serve(
    case: _Case, needs: Array, stable: Array, reserve: Array, order: np.ndarray, spare: Array, proceeds: Array
) -> tuple[Array, Array, _Money]:
    """Return what each row gets, what the stable row keeps for itself, and the money that is left."""
    rules = case.rules
    money = _Money(spare, proceeds)
    gross = 1.0 + rules.fee
    has_reserve = bool((stable > 0.0).any() or (reserve > 0.0).any())
    if not (has_reserve or case.minimums or rules.pro_rata.any()):
        spot_order = order if order.shape[0] == needs.shape[0] else _spot_only(order, needs.shape[0])
        placed = _pour(needs, spot_order, spare + proceeds, gross, case.least)
        money.spend(placed.sum(axis=0) * gross)
        return placed, np.zeros_like(spare), money
    asked = np.concatenate([needs, stable[None], reserve[None]])
    given = np.zeros_like(asked)
    if order.shape[0] == needs.shape[0]:
        tail = np.broadcast_to(np.array([[len(needs)], [len(needs) + 1]]), (2, order.shape[1]))
        order = np.concatenate([order, tail])
    if rules.pro_rata.any():
        costs = asked * gross
        costs[len(needs) :] = asked[len(needs) :]
        wanted = costs.sum(axis=0)
        share = np.where(wanted > spare + proceeds, (spare + proceeds) / np.where(wanted > 0.0, wanted, 1.0), 1.0)
        _by_rank(case, asked, given, order, money, np.where(rules.pro_rata, costs * share, 0.0))
    _by_rank(case, asked, given, order, money, None)
    return given[:-2], given[-2], money


def _spot_only(order: np.ndarray, assets: int) -> np.ndarray:
    """Return the order without the two last places, which stand for the stable row and ReserveMin."""
    turned = order.T
    return turned[turned < assets].reshape(len(turned), assets).T


def _pour(needs: Array, order: np.ndarray, money: Array, gross: Array, least: Array) -> Array:
    """Fill the needs in their order as far as the money goes, where nothing else stands in the way."""
    wanted = np.take_along_axis(needs, order, axis=0)
    costs = wanted * gross
    before = np.cumsum(costs, axis=0) - costs
    given = np.minimum(wanted, np.maximum(money - before, 0.0) / gross)
    given = np.where(given > least, given, 0.0)
    placed = np.empty_like(needs)
    np.put_along_axis(placed, order, given, axis=0)
    return placed


def _by_rank(case: _Case, asked: Array, given: Array, order: np.ndarray, money: _Money, limits: Array | None) -> None:
    """Serve one after the other: an order below the smallest passes its money on."""
    rules, least = case.rules, case.least
    assets, gross = len(asked) - 2, 1.0 + rules.fee
    columns = np.arange(asked.shape[1])
    minimum = np.concatenate([np.broadcast_to(rules.minimum, case.values.shape), np.zeros((2, asked.shape[1]))])
    for place in order:
        missing = asked[place, columns] - given[place, columns]
        spot = place < assets
        available = np.where(spot, money.cash + money.proceeds, money.proceeds)
        if limits is not None:
            available = np.minimum(available, limits[place, columns])
        cost = np.where(spot, gross, 1.0)
        amount = np.minimum(missing, available / cost)
        amount = np.where((missing > least) & (amount > least), amount, 0.0)
        if case.minimums:
            enough = (amount >= minimum[place, columns] * (1.0 - 1e-9)) | (given[place, columns] > 0.0)
            amount = np.where(enough, amount, 0.0)
        given[place, columns] += amount
        spent = amount * cost
        from_cash = np.where(spot, np.minimum(spent, money.cash), 0.0)
        money.cash = money.cash - from_cash
        money.proceeds = np.maximum(money.proceeds - (spent - from_cash), 0.0)


def _fund(
    case: _Case,
    after: Array,
    fees: Array,
    wants: Array,
    trims: Array,
    placed: Array,
    kept: Array,
    money: _Money,
    order: np.ndarray,
) -> tuple[Array, Array]:
    """Return what rows below their band get on top, and what rows above their target sell for it."""
    rules, acting, total = case.rules, case.acting, case.total
    with np.errstate(invalid="ignore"):
        left = rules.trim_to * acting.width
        goal = np.maximum((rules.targets - acting.width) * after, (rules.targets - left) * total - fees)
        rest = np.where(acting.below & rules.fund, goal - case.values - placed, 0.0)
        rest = np.where(rest > case.least, rest, 0.0)
        rest_sized = np.where(placed > 0.0, rest, sized(rest, rules.minimum)) if case.minimums else rest
        stable_left = rules.trim_to * acting.stable_width
        stable_goal = np.maximum(
            (rules.stable_target - acting.stable_width) * after, (rules.stable_target - stable_left) * after - fees
        )
        stable = np.where(acting.stable_below & rules.fund, stable_goal - case.cash - kept, 0.0)
        stable = np.where(stable > case.least, stable, 0.0)
        idle = money.cash + money.proceeds
        gross, keep = 1.0 + rules.fee, 1.0 - rules.fee
        wanted = np.maximum(rest_sized.sum(axis=0) * gross - idle, 0.0) + stable
        if case.capped:
            room = np.maximum(rules.turnover_cap * total - wants.sum(axis=0), 0.0)
            wanted = np.minimum(wanted, room * keep)
        excess = case.values - trims - case.on_target
        able = np.minimum(excess, case.unlocked - trims)
        pays = (rules.targets == rules.targets) & ~acting.below & (excess > rules.payer_floor * case.on_target)
        able = np.where(pays & (able > case.least), able, 0.0)
        weight = np.where(able > 0.0, np.round((case.values - trims) / total - rules.targets, 9), -1.0)
    payers = np.argsort(-weight, axis=0, kind="stable")
    for _ in range(_AGAIN):
        paid = _sell(case, able, payers, wanted, trims)
        raised = paid.sum(axis=0) * keep
        more, kept_more = _hand_out(case, rest, stable, placed, kept, order, idle + raised)
        used = np.maximum((more.sum(axis=0) * gross + kept_more) - idle, 0.0)
        again = (raised - used > case.least) & (used < wanted - case.least)
        if not again.any():
            break
        wanted = np.where(again, used, wanted)
    return more, paid


def _sell(case: _Case, able: Array, payers: np.ndarray, wanted: Array, trims: Array) -> Array:
    """Sell from the largest excess on until the money is raised."""
    keep = 1.0 - case.rules.fee
    ranked = np.take_along_axis(able, payers, axis=0)
    paid = np.empty_like(able)
    if not case.minimums:
        before = np.cumsum(ranked, axis=0) - ranked
        np.put_along_axis(paid, payers, np.clip(wanted / keep - before, 0.0, ranked), axis=0)
        return np.where(paid > 0.0, paid, 0.0)
    columns = np.arange(able.shape[1])
    minimum = np.broadcast_to(case.rules.minimum, able.shape)
    raised = np.zeros_like(wanted)
    paid[:] = 0.0
    for place, most in zip(payers, ranked, strict=True):
        sale = np.minimum(np.maximum(wanted - raised, 0.0) / keep, most)
        enough = (sale >= minimum[place, columns] * (1.0 - 1e-9)) | (trims[place, columns] > 0.0)
        sale = np.where(enough, sale, 0.0)
        paid[place, columns] = sale
        raised = raised + sale * keep
    return paid


def _hand_out(
    case: _Case, rest: Array, stable: Array, placed: Array, kept: Array, order: np.ndarray, money: Array
) -> tuple[Array, Array]:
    """Share the money among the rows that act below their band, in the order of the first stage."""
    rules = case.rules
    gross = 1.0 + rules.fee
    assets = len(rest)
    simple = not (case.minimums or rules.pro_rata.any() or (stable > 0.0).any())
    if simple:
        spot_order = order if order.shape[0] == assets else _spot_only(order, assets)
        return _pour(rest, spot_order, money, gross, case.least), np.zeros_like(money)
    asked = np.concatenate([rest, stable[None], np.zeros_like(stable)[None]])
    given = np.zeros_like(asked)
    topped = np.concatenate([placed, kept[None], kept[None]]) > 0.0
    if order.shape[0] == assets:
        tail = np.broadcast_to(np.array([[assets], [assets + 1]]), (2, order.shape[1]))
        order = np.concatenate([order, tail])
    purse = money
    if rules.pro_rata.any():
        costs = asked * gross
        costs[assets:] = asked[assets:]
        wanted = costs.sum(axis=0)
        share = np.where(wanted > purse, purse / np.where(wanted > 0.0, wanted, 1.0), 1.0)
        purse = _top_up(case, asked, given, topped, order, purse, np.where(rules.pro_rata, costs * share, 0.0))
    _top_up(case, asked, given, topped, order, purse, None)
    return given[:-2], given[-2]


def _top_up(
    case: _Case,
    asked: Array,
    given: Array,
    topped: Flags,
    order: np.ndarray,
    money: Array,
    limits: Array | None,
) -> Array:
    rules, least = case.rules, case.least
    assets, gross = len(asked) - 2, 1.0 + rules.fee
    columns = np.arange(asked.shape[1])
    minimum = np.concatenate([np.broadcast_to(rules.minimum, case.values.shape), np.zeros((2, asked.shape[1]))])
    for place in order:
        missing = asked[place, columns] - given[place, columns]
        available = money if limits is None else np.minimum(money, limits[place, columns])
        cost = np.where(place < assets, gross, 1.0)
        amount = np.minimum(missing, available / cost)
        amount = np.where((missing > least) & (amount > least), amount, 0.0)
        enough = (amount >= minimum[place, columns] * (1.0 - 1e-9)) | topped[place, columns]
        enough = enough | (given[place, columns] > 0.0)
        amount = np.where(enough, amount, 0.0)
        given[place, columns] += amount
        money = np.maximum(money - amount * cost, 0.0)
    return money
