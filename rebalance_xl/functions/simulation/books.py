"""The arrays with which many variants of a book walk side by side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rebalance_xl.functions.allocation import BAND_KINDS
from rebalance_xl.functions.simulation.rules import Array, Rules, packed
from rebalance_xl.functions.simulation.terms import DUST, TOLERANCE, SpotBook, Terms, ranks_of, stable_width_of

_RELATIVE, _FIVE = BAND_KINDS["relative"], BAND_KINDS["5/25"]


def rules_of(book: SpotBook, variants: Sequence[Terms]) -> Rules:
    """Return the rules of a book's variants as arrays."""
    count = len(variants)

    def each(read: str) -> Array:
        return np.array([float(getattr(terms, read)) for terms in variants])

    def flag(read: str) -> np.ndarray:
        return np.array([bool(getattr(terms, read)) for terms in variants])

    targets = np.array([[row.target] for row in book.rows], dtype=float)
    bands = np.array([[row.band] for row in book.rows], dtype=float)
    band, kinds = each("band"), each("band_kind")
    bands = np.where(np.isnan(band) | np.isnan(targets), bands, band)
    widths = np.where(kinds == _RELATIVE, bands * targets, np.where(kinds == _FIVE, _five(targets), bands))
    widths = packed(np.where(np.isnan(targets), 0.0, widths))
    stable_width = packed(np.array([stable_width_of(book, terms) for terms in variants]))
    minimum = np.maximum(np.array([[row.minimum] for row in book.rows], dtype=float), each("min_trade"))
    ranks = ranks_of([row.priority for row in book.rows] + [book.stable_priority])
    fees, spot = each("futures_fee"), each("cost")
    locked = np.array([[row.locked] for row in book.rows])
    reserve = each("reserve_min")
    plain = not (
        minimum.any()
        or flag("pro_rata").any()
        or flag("breaching").any()
        or np.isfinite(each("turnover_cap")).any()
        or (reserve > book.stable_target).any()
    )
    return Rules(
        targets=targets,
        widths=widths,
        trim_to=packed(each("trim_to")),
        fee=packed(spot),
        min_trade=packed(each("min_trade")),
        turnover_cap=packed(each("turnover_cap")),
        reserve_min=packed(each("reserve_min")),
        reserve_max=packed(each("reserve_max")),
        stable_target=np.array([book.stable_target]),
        stable_width=stable_width,
        review_drift=packed(each("review_drift")),
        cooldown=packed(each("cooldown")),
        fund=packed(flag("fund")),
        breaching=packed(flag("breaching")),
        pro_rata=packed(flag("pro_rata")),
        payer_floor=packed(2.0 * np.maximum(spot, fees)),
        minimum=packed(minimum),
        locked=locked,
        locked_units=np.array([[row.locked_units] for row in book.rows], dtype=float),
        rank=np.array([[rank] for rank in ranks[:-1]], dtype=float),
        stable_rank=ranks[-1],
        variants=count,
        free=~locked & ~np.isnan(targets),
        limits=np.maximum(widths + TOLERANCE, DUST),
        stable_limit=np.maximum(stable_width + TOLERANCE, DUST),
        plain=plain,
    )


def _five(targets: Array) -> Array:
    return np.minimum(0.05, 0.25 * targets)
