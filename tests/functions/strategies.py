"""Hypothesis strategies for books, bands and the arguments of any declared parameter."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from rebalance_xl.arguments import Parameter
from rebalance_xl.cells import MISSING

#: Money to the cent, from nothing to a billion; sums stay exact enough to compare.
amounts = st.one_of(st.just(0.0), st.integers(1, 100_000_000_000).map(lambda cents: cents / 100.0))
shares = st.integers(0, 10_000).map(lambda points: points / 10_000.0)
bands = st.integers(0, 3_000).map(lambda points: points / 10_000.0)
destinations = st.one_of(st.sampled_from(["target", "midpoint", "edge"]), shares)
band_kinds = st.sampled_from(["absolute", "relative", "5/25"])
methods = st.sampled_from(["priority", "pro_rata"])


@dataclass(frozen=True)
class Book:
    """Holdings with targets and bands; a target may be None (blank)."""

    values: list[float]
    targets: list[float | None]
    bands: list[float]

    @property
    def total(self) -> float:
        """The book's value."""
        return math.fsum(self.values)

    def columns(self) -> tuple[list[list[Any]], ...]:
        """Return values, targets and bands as worksheet columns."""
        return tuple([[cell] for cell in each] for each in (self.values, self.targets, self.bands))


@st.composite
def books(draw: st.DrawFn, most: int = 24, blank_targets: bool = True) -> Book:
    """Return a book whose value is above 0 and whose targets sum to at most 1."""
    size = draw(st.integers(1, most))
    values = draw(st.lists(amounts, min_size=size, max_size=size).filter(lambda each: math.fsum(each) > 0.0))
    points = draw(st.lists(st.integers(0, 100), min_size=size, max_size=size))
    rest = draw(st.integers(0, 50))
    whole = max(sum(points) + rest, 1)
    targets: list[float | None] = [each / whole for each in points]
    if blank_targets:
        blanks = draw(st.lists(st.booleans(), min_size=size, max_size=size))
        targets = [None if blank else target for blank, target in zip(blanks, targets, strict=True)]
    return Book(values, targets, draw(st.lists(bands, min_size=size, max_size=size)))


def _numbers(parameter: Parameter) -> st.SearchStrategy[Any]:
    low = parameter.low if parameter.low > -math.inf else -1e6
    high = parameter.high if parameter.high < math.inf else 1e6
    if parameter.kind == "date":
        return st.integers(40_000, 50_000).map(float)
    if parameter.sum_at_most < 2.0:
        high = min(high, 0.02)
    inside = st.floats(low, high, allow_nan=False, allow_subnormal=False)
    return inside.filter(lambda number: abs(number) > 1e-6 or (number == 0.0 and not parameter.above))


def argument(parameter: Parameter) -> st.SearchStrategy[Any]:
    """Return values that a cell of a parameter may hold, good ones and, now and then, blanks and text."""
    if parameter.kind == "raw":
        return st.sampled_from([0.005, 0.01, 0.02])
    if parameter.kind == "label":
        return st.sampled_from(["spot", "stable", "BTC", "eth", ""])
    if parameter.kind == "switch":
        return st.booleans()
    choices: list[st.SearchStrategy[Any]] = [_numbers(parameter)] if parameter.kind != "word" else []
    if parameter.words:
        choices.append(st.sampled_from(sorted(parameter.words)))
        if parameter.or_number:
            choices.append(_numbers(parameter))
    good = st.one_of(choices)
    return st.one_of(good, good, good, good, good, st.sampled_from([None, "abc", -1.0, True, 0.0]))


def optional(parameter: Parameter) -> st.SearchStrategy[Any]:
    """Return an argument, or MISSING where it may be omitted."""
    return argument(parameter) if parameter.required else st.one_of(st.just(MISSING), argument(parameter))


#: What a careless workbook, a program or an attacker may put into any argument.
garbage = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.floats(),
        st.integers(-(10**400), 10**400),
        st.text(max_size=8),
        st.sampled_from(["target", "absolute", "long", "monthly", "binance:BTCUSDT", "NEVER", ":", "5/25"]),
        st.dates(),
        st.datetimes(),
    ),
    lambda children: st.lists(st.lists(children, min_size=1, max_size=3), min_size=1, max_size=4),
    max_leaves=10,
)
