"""What a rule would have made of a history of closes: one run, and one run for each band."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from rebalance_xl.catalogue import Example, Result, fraction, number, switch, word, worksheet_function
from rebalance_xl.cells import CellError
from rebalance_xl.functions.allocation import BAND_KINDS, DESTINATIONS
from rebalance_xl.functions.review_measures import CATEGORY, max_drawdown
from rebalance_xl.functions.review_prices import price_grid
from rebalance_xl.functions.triggers import REVIEW_DRIFT

#: Value of the simulated book at the first close.
BOOK = 10_000.0
SWEEP_HEADERS = ("Band", "Value", "Return", "Max drawdown", "Lines", "Fees")

_TARGETS = fraction("targets", low=0.0, high=1.0, sum_at_most=1.0, blank="keep", vector=True, alone=True)
_TRIM_TO = word("trim_to", DESTINATIONS, "target", or_number=True, low=0.0, high=1.0)
_BAND_KIND = word("band_kind", BAND_KINDS, "absolute")
_FEE = fraction("fee", low=0.0, high=0.5, default=0.0, blank="default", data=False)
_REVIEW = number("review_every", unit="days", low=0.0, default=0.0, blank="default", data=False)
_DRIFT = fraction("review_drift", low=0.0, high=1.0, default=REVIEW_DRIFT, blank="default", data=False)
_PRICES = "{100,100;120,100;150,95;120,105;100,110;130,100}"
_ERRORS = {
    "#VALUE!": "prices has not one column for each target",
    "#NUM!": "a price is not above 0, or the targets sum to more than 1",
    "#N/A": "a price is blank, or there are fewer than two closes",
}


def _simulated(
    prices: Sequence[Sequence[float]],
    targets: Sequence[float],
    bands: Sequence[Sequence[float]],
    trim_to: float,
    band_kind: float,
    fee: float,
    review_every: float,
    review_drift: float,
) -> Any:
    """Walk a book of 10,000, bought to its targets at the first close, once for each list of bands."""
    from rebalance_xl.functions.simulation.course import curve_of, walk_course
    from rebalance_xl.functions.simulation.terms import SpotBook, SpotRow, Terms

    terms = Terms(
        band_kind=band_kind,
        trim_to=trim_to,
        spot_fee=fee,
        frequency=review_every or math.nan,
        review_drift=review_drift,
    )
    days = [1.0 + t for t in range(len(prices))]
    walks = []
    for each in bands:
        rows = tuple(
            SpotRow(str(i), 0.0 if target != target else target * BOOK / prices[0][i], target, each[i])
            for i, target in enumerate(targets)
        )
        cash = BOOK * max(0.0, 1.0 - math.fsum(target for target in targets if target == target))
        course = walk_course(SpotBook(rows, cash, last_review=1.0), terms, days, prices)
        walks.append((course, curve_of(course, prices)))
    return walks


def _refused(prices: Sequence[Sequence[float]], targets: Sequence[float]) -> CellError | None:
    if len(prices[0]) != len(targets):
        return CellError("#VALUE!", f"prices has {len(prices[0])} columns for {len(targets)} targets")
    return None


@worksheet_function(
    "SIMULATE",
    CATEGORY,
    [
        price_grid(),
        _TARGETS,
        fraction("bands", low=0.0, high=1.0, default=0.0, blank="default", vector=True, alone=True),
        _TRIM_TO,
        _BAND_KIND,
        _FEE,
        _REVIEW,
        _DRIFT,
    ],
    Result("table", shape="table"),
    errors=_ERRORS,
    examples=[
        Example(
            f"=SIMULATE({_PRICES},{{0.5;0.5}},0.05,,,0.001)",
            "={10000;11000;12247.252747252747;11664.83556928901;10969.44961520998;12113.870825833434}",
            "Trades at the third, fourth, fifth and sixth close.",
        )
    ],
)
def simulate(
    prices: Sequence[Sequence[float]],
    targets: Sequence[float],
    bands: Sequence[float] = (0.0,),
    trim_to: float = 0.0,
    band_kind: float = 0.0,
    fee: float = 0.0,
    review_every: float = 0.0,
    review_drift: float = REVIEW_DRIFT,
) -> list[list[float]] | CellError:
    """Return the value of a book of 10,000 at each close, rebalanced by its bands as the plan does it.

    It is bought to its targets at the first close; what they leave stays in stablecoins. Rows above their band are
    sold to where trim_to says; a row below its band is paid for by rows above their target.

    Parameters
    ----------
    prices : price, a range
        One row a close, oldest first, one column an asset; a row of headers is left out.
    targets : fraction, a range
        Target weight of each asset, in the order of the columns; they sum to at most 1. One that is blank is not held.
    bands : fraction, one or a range
        As in REBALANCE_PLAN.
    trim_to : word or number
        As in REBALANCE_REASON.
    band_kind : word
        "absolute" (default), "relative" or "5/25", as for TRIM_AMOUNT.
    fee : fraction
        Fee on what is traded. Default 0.
    review_every : days
        Closes from review to review; 0 (default) for none.
    review_drift : fraction
        Drift beyond which a row acts at a review. Default 0.05.

    Notes
    -----
    Equation: quantities × closes + stablecoins, after the trades of the close

    Source: the rules of the plan (docs/book.md), walked close by close.

    Examples
    --------
    >>> simulate([[100.0], [110.0]], [1.0])
    [[10000.0], [11000.0]]
    """
    refused = _refused(prices, targets)
    if refused is not None:
        return refused
    if len(bands) not in (1, len(targets)):
        return CellError("#VALUE!", f"bands has {len(bands)} cells for {len(targets)} targets")
    wide = list(bands) * len(targets) if len(bands) == 1 else list(bands)
    _, curve = _simulated(prices, targets, [wide], trim_to, band_kind, fee, review_every, review_drift)[0]
    return [[value] for value in curve]


@worksheet_function(
    "BAND_SWEEP",
    CATEGORY,
    [
        price_grid(),
        _TARGETS,
        fraction("bands", low=0.0, high=1.0, vector=True, alone=True),
        _TRIM_TO,
        _BAND_KIND,
        _FEE,
        _REVIEW,
        _DRIFT,
        switch("headers", False),
    ],
    Result("table", shape="table"),
    errors=_ERRORS,
    examples=[
        Example(
            f"=BAND_SWEEP({_PRICES},{{0.5;0.5}},{{0.02;1}},,,0.001)",
            "={0.02,11965.819489584432,0.19658194895844328,-0.10432130020485386,10,7.8407062639007705;1,11500,0.15,-0.14285714285714285,0,0}",
        )
    ],
)
def band_sweep(
    prices: Sequence[Sequence[float]],
    targets: Sequence[float],
    bands: Sequence[float],
    trim_to: float = 0.0,
    band_kind: float = 0.0,
    fee: float = 0.0,
    review_every: float = 0.0,
    review_drift: float = REVIEW_DRIFT,
    headers: float = 0.0,
) -> list[list[Any]] | CellError:
    """Return what each width of band would have made: band, value, return, deepest drawdown, lines, fees.

    Look for a region in which neighbours agree, not for the best row: on one history the best is mostly luck.

    Parameters
    ----------
    prices : price, a range
        As in SIMULATE.
    targets : fraction, a range
        As in SIMULATE.
    bands : fraction, a range
        The bands to try; each holds for all assets.
    trim_to : word or number
        As in REBALANCE_REASON.
    band_kind : word
        As in SIMULATE.
    fee : fraction
        Fee on what is traded. Default 0.
    review_every : days
        As in SIMULATE.
    review_drift : fraction
        As in SIMULATE.
    headers : TRUE or FALSE
        Whether the first row holds the headers. Default FALSE.

    Notes
    -----
    Equation: SIMULATE for each band

    Source: the rules of the plan (docs/book.md), walked close by close.

    Examples
    --------
    >>> band_sweep([[100.0], [110.0]], [1.0], [0.05])[0][:2]
    [0.05, 11000.0]
    """
    refused = _refused(prices, targets)
    if refused is not None:
        return refused
    wide = [[band] * len(targets) for band in bands]
    walks = _simulated(prices, targets, wide, trim_to, band_kind, fee, review_every, review_drift)
    rows: list[list[Any]] = [list(SWEEP_HEADERS)] if headers else []
    for band, (course, curve) in zip(bands, walks, strict=True):
        gained = curve[-1] / curve[0] - 1.0
        rows.append([band, curve[-1], gained, max_drawdown(curve), float(course.lines), course.fees])
    return rows
