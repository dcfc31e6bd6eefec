"""What the property tests draw: positions, tables of tiers, and an independent view of the requirement."""

from __future__ import annotations

import math
from typing import Any

from hypothesis import strategies as st

from rebalance_xl.functions.tiers import Tier, TierTable, maintenance_amounts

SIDES = st.sampled_from([1.0, -1.0])
CONTRACTS = st.sampled_from([0.0, 1.0])
PRICES = st.floats(0.01, 200_000.0)
QUANTITIES = st.floats(0.001, 5_000.0)
LEVERAGES = st.floats(0.5, 200.0)
RATES = st.floats(0.0, 0.1)


@st.composite
def tables(draw: st.DrawFn, continuous: bool = True) -> TierTable:
    """Draw a table whose rates rise from tier to tier and whose sizes suit notionals from 0.001 to 1e9."""
    count = draw(st.integers(1, 7))
    steps = draw(st.lists(st.floats(0.05, 3.0), min_size=count, max_size=count))
    base = 10.0 ** draw(st.floats(-1.0, 6.0))
    floors = [0.0]
    for step in steps[1:]:
        floors.append((floors[-1] or base) * (1.0 + step))
    rises = draw(st.lists(st.floats(0.0, 0.08), min_size=count, max_size=count))
    rates, rate = [], 0.001
    for rise in rises:
        rate += rise
        rates.append(rate)
    amounts = maintenance_amounts(floors, rates) if continuous else [0.0] * count
    caps = [*floors[1:], math.inf]
    rows = tuple(Tier(*row) for row in zip(floors, caps, [math.nan] * count, rates, amounts, strict=True))
    return TierTable(rows, continuous=continuous or count == 1)


def marginal_requirement(table: TierTable, notional: Any) -> Any:
    """Return the requirement of a continuous table as the sum over its tiers of rate times what lies in each."""
    import numpy as np

    total = 0.0 * np.asarray(notional, dtype=float)
    for tier in table.rows:
        cap = math.inf if tier is table.rows[-1] else tier.cap
        total = total + tier.rate * np.clip(np.asarray(notional) - tier.floor, 0.0, cap - tier.floor)
    return total


def stepped_requirement(table: TierTable, notional: float) -> float:
    """Return the requirement of a table without amounts: the whole notional at the rate of its tier."""
    for tier in table.rows[:-1]:
        if notional <= tier.cap:
            return notional * tier.rate
    return notional * table.rows[-1].rate
