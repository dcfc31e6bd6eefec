"""Random spot books, terms and prices for the laws of the walk."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from hypothesis import strategies as st

from rebalance_xl.functions.simulation.rules import Array
from rebalance_xl.functions.simulation.terms import SpotBook, SpotRow, Terms

FIRST_DAY = 46_000.0


@st.composite
def walks(draw: st.DrawFn, closes: int = 60, **fixed: Any) -> tuple[SpotBook, Terms, Array, Array]:
    """Return a book, its terms, days and closes; `fixed` are terms that are not drawn."""
    assets = draw(st.integers(1, 5))
    seed = draw(st.integers(0, 2**32 - 1))
    source = np.random.default_rng(seed)
    targeted = draw(st.lists(st.booleans(), min_size=assets, max_size=assets))
    targeted[0] = True
    parts = source.uniform(0.05, 1.0, assets)
    parts = parts / parts.sum() * draw(st.sampled_from([0.7, 0.9, 0.95, 1.0]))
    volatility = source.uniform(0.01, 0.09, assets)
    steps = np.exp(source.normal(0.0, volatility, (closes - 1, assets)))
    start = source.uniform(0.5, 300.0, assets)
    prices = np.vstack([start, start * np.cumprod(steps, axis=0)])
    drift = source.uniform(0.6, 1.5, assets)
    money = 10_000.0
    rows = tuple(
        SpotRow(
            asset="ABCDE"[i],
            quantity=money * float(parts[i] * drift[i] / prices[0, i]),
            target=float(parts[i]) if targeted[i] else math.nan,
            band=draw(st.sampled_from([0.0, 0.01, 0.03, 0.05, 0.1])),
            cost=money * float(parts[i]),
            priority=draw(st.sampled_from([math.nan, math.nan, 1.0, 2.0])),
            locked=draw(st.sampled_from([False, False, False, True])) if i else False,
        )
        for i in range(assets)
    )
    stable_target = draw(st.sampled_from([math.nan, math.nan, 0.0])) if math.fsum(parts) > 0.96 else math.nan
    if math.isnan(stable_target) and draw(st.booleans()) and math.fsum(parts) < 0.96:
        stable_target = 1.0 - math.fsum(parts)
    book = SpotBook(
        rows,
        cash=money * draw(st.sampled_from([0.0, 0.02, 0.1, 0.3])),
        stable_target=stable_target,
        stable_band=draw(st.sampled_from([math.nan, 0.0, 0.02])),
        last_review=FIRST_DAY,
    )
    drawn = dict(
        band_kind=draw(st.sampled_from([0.0, 0.0, 1.0, 2.0])),
        trim_to=draw(st.sampled_from([0.0, 0.5, 1.0, 0.25])),
        spot_fee=draw(st.sampled_from([0.0, 0.001, 0.004])),
        min_trade=draw(st.sampled_from([0.0, 0.0, 50.0, 300.0])),
        turnover_cap=draw(st.sampled_from([math.inf, math.inf, 0.03])),
        reserve_min=draw(st.sampled_from([math.nan, math.nan, 0.05])),
        reserve_max=draw(st.sampled_from([math.nan, 0.1])),
        review_drift=draw(st.sampled_from([0.0, 0.02, 0.05])),
        cooldown=draw(st.sampled_from([0.0, 0.0, 5.0])),
        frequency=draw(st.sampled_from([math.nan, 7.0, -1.0])),
        fund=draw(st.sampled_from([True, True, False])),
        breaching=draw(st.sampled_from([False, False, True])),
        pro_rata=draw(st.sampled_from([False, False, True])),
    )
    return book, Terms(**(drawn | fixed)), FIRST_DAY + np.arange(float(closes)), prices
