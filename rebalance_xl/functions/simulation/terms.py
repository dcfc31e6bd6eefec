"""A spot book and the terms of a variant as plain data, and what of them the walk needs as plain numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rebalance_xl.functions.allocation import band_width

#: A share of the book below which nothing is traded and no drift is a breach.
DUST = 1e-6
#: Comparisons of weights allow for binary rounding.
TOLERANCE = 1e-9
#: Sizes are compared with minimums a little generously, as an exchange's own rounding needs.
NEARLY = 1.0 - 1e-9


@dataclass(frozen=True, slots=True)
class SpotRow:
    """An asset of the book; NaN where a cell is blank."""

    asset: str
    quantity: float
    target: float = math.nan
    band: float = 0.0
    cost: float = math.nan
    priority: float = math.nan
    minimum: float = 0.0
    locked: bool = False
    locked_units: float = 0.0


@dataclass(frozen=True, slots=True)
class SpotBook:
    """Spot rows, one stable row at one venue, and the dates; money in the quote currency."""

    rows: tuple[SpotRow, ...]
    cash: float = 0.0
    stable: str = "USDT"
    stable_target: float = math.nan
    stable_band: float = math.nan
    stable_priority: float = math.nan
    last_review: float = math.nan
    last_execution: float = math.nan


@dataclass(frozen=True, slots=True)
class Terms:
    """The settings of one variant, as numbers; NaN where a setting is blank.

    `band` replaces the Band of every row that has a target (above 1 no row acts on it), and `slippage` is a share of
    the amount that is paid on top of the fee.
    """

    band_kind: float = 0.0
    trim_to: float = 0.0
    spot_fee: float = 0.0
    futures_fee: float = 0.0
    slippage: float = 0.0
    min_trade: float = 0.0
    turnover_cap: float = math.inf
    reserve_min: float = math.nan
    reserve_max: float = math.nan
    review_drift: float = 0.05
    cooldown: float = 0.0
    frequency: float = math.nan
    fund: bool = True
    breaching: bool = False
    pro_rata: bool = False
    band: float = math.nan

    @property
    def cost(self) -> float:
        """Share of the amount that a trade costs."""
        return self.spot_fee + self.slippage


def stable_width_of(book: SpotBook, terms: Terms) -> float:
    """Return the width of the stable row's band, NaN where it has no target or its Band is blank."""
    if math.isnan(book.stable_target) or math.isnan(book.stable_band):
        return math.nan
    band = book.stable_band if math.isnan(terms.band) else terms.band
    return float(band_width(book.stable_target, band, terms.band_kind))


def ranks_of(priorities: Sequence[float]) -> list[float]:
    """Return the place of each priority among all, equal for equal ones; a blank comes last."""
    plain = [math.inf if math.isnan(each) else each for each in priorities]
    known = sorted(set(plain))
    return [float(known.index(each)) for each in plain]


def on_target(book: SpotBook, closes: Sequence[float]) -> SpotBook:
    """Return the book of the same value bought to its targets at the first close, without fees.

    Rows without a target stay, and so does what the targets leave for stablecoins.
    """
    total = book.cash + math.fsum(row.quantity * close for row, close in zip(book.rows, closes, strict=True))
    rows, spent = [], 0.0
    for row, close in zip(book.rows, closes, strict=True):
        quantity = row.quantity if math.isnan(row.target) else row.target * total / close
        rows.append(replace(row, quantity=quantity, cost=quantity * close))
        spent += quantity * close
    return replace(book, rows=tuple(rows), cash=total - spent)
