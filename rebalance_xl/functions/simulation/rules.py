"""The rules of many variants side by side, and who acts: the row's own threshold, or the review.

Arrays have the assets in rows and the variants in columns, (N, K); what belongs to a variant is (K,). What is judged
here are the rules of a spot book with one stable row at one venue, without lots; everything else is for the plan of
:mod:`rebalance_xl.book`.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rebalance_xl.functions.simulation.terms import DUST, NEARLY, TOLERANCE

Array = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

#: What may differ from variant to variant.
_VARIED = (
    "targets",
    "widths",
    "trim_to",
    "fee",
    "min_trade",
    "turnover_cap",
    "reserve_min",
    "reserve_max",
    "stable_target",
    "stable_width",
    "review_drift",
    "cooldown",
    "fund",
    "breaching",
    "pro_rata",
    "payer_floor",
    "minimum",
    "free",
    "limits",
    "stable_limit",
)


@dataclass(slots=True)
class Rules:
    """What the variants differ in, or share; NaN where a cell is blank.

    Parameters
    ----------
    targets, widths
        (N, K): target weight (NaN: none) and the band's width around it in points of weight, BandKind applied.
    trim_to, fee, min_trade, turnover_cap
        (K,): share of the band left, share of the amount, money, share of the book (infinity: no cap).
    reserve_min, reserve_max
        (K,): shares of the book, NaN where not set.
    stable_target, stable_width
        (K,): of the stable row; a NaN width is a blank Band, which never triggers.
    review_drift, cooldown
        (K,): share of the book; days.
    fund, breaching, pro_rata
        (K,): FundFrom overweight; BuyScope breaching; DeployMethod pro_rata.
    payer_floor
        (K,): twice the larger of the fees: an excess below that share of the target pays for nobody.
    minimum
        (N, K): smallest order in money.
    locked, locked_units
        (N, 1): locked as a whole; units that are not sold.
    rank, stable_rank
        (N, 1) and number: place in the order of Priority, equal for equal priorities.
    variants
        K. What is the same for all variants has one column only.
    free, limits
        (N, K): rows that may trigger, and the drift beyond which they do; worked out once.
    stable_limit
        (K,): the same of the stable row, NaN where its Band is blank.
    plain
        No variant has smallest orders, pro-rata shares, caps, BuyScope breaching, or a ReserveMin above the target of
        the stable row.
    """

    targets: Array
    widths: Array
    trim_to: Array
    fee: Array
    min_trade: Array
    turnover_cap: Array
    reserve_min: Array
    reserve_max: Array
    stable_target: Array
    stable_width: Array
    review_drift: Array
    cooldown: Array
    fund: Flags
    breaching: Flags
    pro_rata: Flags
    payer_floor: Array
    minimum: Array
    locked: Flags
    locked_units: Array
    rank: Array
    stable_rank: float
    variants: int
    free: Flags
    limits: Array
    stable_limit: Array

    plain: bool

    def take(self, places: Any) -> Rules:
        """Return the rules of some of the variants; what all share stays as it is."""
        found = copy.copy(self)
        found.variants = len(places)
        for name in _VARIED:
            value = getattr(self, name)
            if value.shape[-1] > 1:
                setattr(found, name, value[..., places])
        return found


def packed(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return one column where all variants have the same."""
    first = values[..., :1]
    same = (values == first) | ((values != values) & (first != first))
    return np.ascontiguousarray(first if same.all() else values)


@dataclass(slots=True)
class Acting:
    """Who acts, judged once before the fees; `width` is the band in force for a row."""

    above: Flags
    below: Flags
    width: Array
    stable_above: Flags
    stable_below: Flags
    stable_width: Array
    threshold: Flags
    review: Flags

    @property
    def any(self) -> Flags:
        """(K,): whether any row acts."""
        found: Flags = self.above.any(axis=0) | self.below.any(axis=0) | self.stable_above | self.stable_below
        return found

    def take(self, places: Any) -> Acting:
        """Return some of the variants."""
        return Acting(
            self.above[:, places],
            self.below[:, places],
            self.width if self.width.shape[1] == 1 else self.width[:, places],
            self.stable_above[places],
            self.stable_below[places],
            self.stable_width if len(self.stable_width) == 1 else self.stable_width[places],
            self.threshold[places],
            self.review[places],
        )


def sized(money: Array, minimum: Array) -> Array:
    """Return orders as they can be placed: nothing below the smallest."""
    return np.where(money >= minimum * NEARLY, money, 0.0)


def judge(rules: Rules, values: Array, unlocked: Array, cash: Array, review: Flags) -> Acting:
    """Return who acts on its band or, where a review is carried out, on ReviewDrift.

    Parameters
    ----------
    rules
        Of the variants.
    values, unlocked
        (N, K): money in each asset, and the part of it that may be sold.
    cash
        (K,): stablecoins.
    review
        (K,): whether a review is carried out today.
    """
    total = values.sum(axis=0) + cash
    drift = values / total - rules.targets
    least = DUST * total
    width = rules.widths
    over, size = drift > 0.0, np.abs(drift)
    with np.errstate(invalid="ignore"):
        beyond = rules.free & (size > rules.limits)
        acts = beyond & _can_trade(rules, values, unlocked, total, width, over, least)
        threshold = acts.any(axis=0)
        if review.any():
            narrow = np.minimum(width, rules.review_drift)
            drifted = review & rules.free & ~acts & (size > rules.review_drift + TOLERANCE)
            timed = drifted & _can_trade(rules, values, unlocked, total, narrow, over, least)
            acts = acts | timed
            width = np.where(timed, narrow, width)
        share = cash / total - rules.stable_target
        stable = np.abs(share)
        stable_acts = stable > rules.stable_limit
        threshold = threshold | stable_acts
        stable_width = rules.stable_width
        if review.any():
            banded = rules.stable_width == rules.stable_width
            timed_stable = review & banded & ~stable_acts & (stable > rules.review_drift + TOLERANCE)
            stable_width = np.where(timed_stable, np.minimum(stable_width, rules.review_drift), stable_width)
            stable_acts = stable_acts | timed_stable
        return Acting(
            acts & over,
            acts & ~over,
            width,
            stable_acts & (share > 0.0),
            stable_acts & (share < 0.0),
            stable_width,
            threshold,
            review,
        )


def _can_trade(
    rules: Rules, values: Array, unlocked: Array, total: Array, width: Array, over: Flags, least: Array
) -> Flags:
    """Tell whether a row's own order, to where TrimTo says, is more than dust and not below the smallest."""
    left = rules.trim_to * width
    selling = np.minimum(values - (rules.targets + left) * total, unlocked)
    buying = (rules.targets - left) * total - values
    order = np.where(over, selling, buying)
    found: Flags = (order > least) & (order >= rules.minimum * NEARLY)
    return found
