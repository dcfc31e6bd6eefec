"""A spot book and the terms of a variant as plain data, and the arrays that the kernel walks with."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from rebalance_xl.functions.allocation import BAND_KINDS, band_width
from rebalance_xl.functions.simulation.rules import Array, Rules
from rebalance_xl.functions.simulation.walk import Start

_RELATIVE, _FIVE = BAND_KINDS["relative"], BAND_KINDS["5/25"]


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

    `band` replaces the Band of every row that has a target, `band_off` takes all bands away, and `slippage` is a
    share of the amount that is paid on top of the fee.
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
    band_off: bool = False
    band: float = math.nan

    @property
    def cost(self) -> float:
        """Share of the amount that a trade costs."""
        return self.spot_fee + self.slippage


def rules_of(book: SpotBook, variants: Sequence[Terms]) -> Rules:
    """Return the rules of a book's variants as arrays."""
    count = len(variants)

    def each(read: str) -> Array:
        return np.array([float(getattr(terms, read)) for terms in variants])

    def flag(read: str) -> np.ndarray:
        return np.array([bool(getattr(terms, read)) for terms in variants])

    targets = np.repeat(np.array([[row.target] for row in book.rows], dtype=float), count, axis=1)
    bands = np.repeat(np.array([[row.band] for row in book.rows], dtype=float), count, axis=1)
    band = each("band")
    bands = np.where(np.isnan(band) | np.isnan(targets), bands, band)
    kinds = each("band_kind")
    widths = np.where(kinds == _RELATIVE, bands * targets, np.where(kinds == _FIVE, _five(targets), bands))
    stable_width = np.array([_stable_width(book, terms) for terms in variants])
    minimum = np.maximum(np.array([[row.minimum] for row in book.rows], dtype=float), each("min_trade"))
    ranks = _ranks([row.priority for row in book.rows] + [book.stable_priority])
    fees, spot = each("futures_fee"), each("cost")
    return Rules(
        targets=targets,
        widths=np.where(np.isnan(targets), 0.0, widths),
        trim_to=each("trim_to"),
        fee=spot,
        min_trade=each("min_trade"),
        turnover_cap=each("turnover_cap"),
        reserve_min=each("reserve_min"),
        reserve_max=each("reserve_max"),
        stable_target=np.full(count, book.stable_target),
        stable_width=stable_width,
        review_drift=each("review_drift"),
        cooldown=each("cooldown"),
        fund=flag("fund"),
        breaching=flag("breaching"),
        pro_rata=flag("pro_rata"),
        bands_off=flag("band_off"),
        payer_floor=2.0 * np.maximum(spot, fees),
        minimum=minimum,
        locked=np.array([[row.locked] for row in book.rows]),
        locked_units=np.array([[row.locked_units] for row in book.rows], dtype=float),
        rank=np.array([[rank] for rank in ranks[:-1]], dtype=float),
        stable_rank=ranks[-1],
    )


def _five(targets: Array) -> Array:
    return np.minimum(0.05, 0.25 * targets)


def _stable_width(book: SpotBook, terms: Terms) -> float:
    if math.isnan(book.stable_target) or math.isnan(book.stable_band):
        return math.nan
    return float(band_width(book.stable_target, book.stable_band, terms.band_kind))


def _ranks(priorities: Sequence[float]) -> list[float]:
    """Return the place of each priority among all, equal for equal ones; a blank comes last."""
    plain = [math.inf if math.isnan(each) else each for each in priorities]
    known = sorted(set(plain))
    return [float(known.index(each)) for each in plain]


def start_of(book: SpotBook, variants: Sequence[Terms], days: Sequence[float] | Array) -> Start:
    """Return the book at its first close; a LastReview after that day counts as done on it."""
    first = float(days[0])
    last = book.last_review if not book.last_review > first else first
    executed = book.last_execution if not book.last_execution > first else math.nan
    return Start(
        quantities=np.array([row.quantity for row in book.rows], dtype=float),
        costs=np.array([row.cost for row in book.rows], dtype=float),
        cash=book.cash,
        days=np.asarray(days, dtype=float),
        frequencies=np.array([terms.frequency for terms in variants], dtype=float),
        last_review=last,
        last_execution=executed,
    )


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
