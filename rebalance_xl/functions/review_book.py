"""REVIEW: rules side by side over the closes of a workbook, for its spot rows."""

from __future__ import annotations

import itertools
import math
from typing import Any

from rebalance_xl.catalogue import Example, Result, fraction, number, switch, word, worksheet_function
from rebalance_xl.cells import CellError
from rebalance_xl.functions.allocation import BAND_KINDS, DESTINATIONS
from rebalance_xl.functions.review_measures import CATEGORY
from rebalance_xl.functions.review_prices import Table, read_table, table
from rebalance_xl.functions.review_tables import maybe, simple_book
from rebalance_xl.functions.simulation.standard import HOLD, OWN, STANDARD
from rebalance_xl.functions.triggers import FREQUENCIES, REVIEW_DRIFT

REVIEW_HEADERS = (
    "Variant",
    "Growth",
    "1st half",
    "2nd half",
    "Volatility",
    "Max drawdown",
    "Days down",
    "Sharpe",
    "Sortino",
    "Turnover",
    "Lines",
    "Executions",
    "Fees",
    "Value",
)
#: The rules that REVIEW lays side by side: those of the whole review that a spot book has.
VARIANTS = (HOLD, OWN, *(name for name, _ in STANDARD))

_SETTINGS = [
    maybe("venues", lambda value: read_table("venues", value), "Venues[#All]", "The table Venues, for its SpotFee."),
    word("band_kind", BAND_KINDS, "absolute", model="BandKind", help="The setting BandKind."),
    word(
        "trim_to",
        DESTINATIONS,
        "target",
        or_number=True,
        low=0.0,
        high=1.0,
        model="TrimTo",
        help="The setting TrimTo.",
    ),
    word(
        "review_frequency",
        FREQUENCIES,
        0.0,
        or_number=True,
        low=0.0,
        model="ReviewFrequency",
        help="The setting ReviewFrequency.",
    ),
    fraction(
        "review_drift",
        low=0.0,
        default=REVIEW_DRIFT,
        blank="default",
        data=False,
        model="ReviewDrift",
        help="The setting ReviewDrift.",
    ),
    fraction(
        "reserve_min",
        low=0.0,
        default=-1.0,
        blank="default",
        data=False,
        model="ReserveMin",
        help="The setting ReserveMin.",
    ),
    fraction(
        "reserve_max",
        low=0.0,
        default=-1.0,
        blank="default",
        data=False,
        model="ReserveMax",
        help="The setting ReserveMax.",
    ),
    number(
        "min_trade", low=0.0, default=0.0, blank="default", data=False, model="MinTrade", help="The setting MinTrade."
    ),
    number(
        "cooldown", low=0.0, default=0.0, blank="default", data=False, model="Cooldown", help="The setting Cooldown."
    ),
    word("fund_from", {"overweight": 1.0, "none": 0.0}, "overweight", model="FundFrom", help="The setting FundFrom."),
    word(
        "deploy_method",
        {"priority": 0.0, "pro_rata": 1.0},
        "priority",
        model="DeployMethod",
        help="The setting DeployMethod.",
    ),
]


@worksheet_function(
    "REVIEW",
    CATEGORY,
    [
        table("prices", model="Prices[#All]"),
        table("portfolio", model="Portfolio[#All]"),
        switch("headers", True),
    ],
    Result("table", shape="table"),
    context=_SETTINGS,
    errors={
        "#N/A": "an asset has no prices, one is blank, or there are fewer than 30 closes",
        "#NUM!": "a price is not above 0, or days do not rise",
        "#VALUE!": "a table has no column that is needed, or the Portfolio has several rows of one asset",
    },
    examples=[
        Example(
            '=REVIEW({"Date","A";' + ";".join(f"{day},100" for day in range(1, 31)) + "},"
            '{"Asset","Quantity","Target";"A",50,1},FALSE)',
            "={" + ";".join(f'"{name}",0,0,0,0,0,0,"","",0,0,0,0,5000' for name in VARIANTS) + "}",
            "Thirty closes that stand still: nothing is traded, and the ratios have no value.",
        ),
    ],
)
def review(
    prices: Table,
    portfolio: Table,
    headers: float = 1.0,
    venues: Table | None = None,
    band_kind: float = 0.0,
    trim_to: float = 0.0,
    review_frequency: float = 0.0,
    review_drift: float = REVIEW_DRIFT,
    reserve_min: float = -1.0,
    reserve_max: float = -1.0,
    min_trade: float = 0.0,
    cooldown: float = 0.0,
    fund_from: float = 1.0,
    deploy_method: float = 0.0,
) -> list[list[Any]] | CellError:
    """Return what holding, calendars, bands and the book's own settings would have made of the spot rows.

    Growth is a year's, volatility and ratios too; both halves stand beside it, because one history is one draw. The
    spot rows are taken at one venue and without lots, events and futures: `rebalance-xl review` does the whole book.
    The settings of the workbook hold; those that it lacks have their defaults.

    Parameters
    ----------
    prices : table
        The table Prices with its header row: Date and a column of closes for each asset, at least 30.
    portfolio : table
        The table Portfolio with its header row: Asset, Quantity, Target, Band, and where given Kind, CostBasis,
        Priority, Locked, MinNotional, Venue.
    headers : TRUE or FALSE
        As in REBALANCE_PLAN.

    Notes
    -----
    Equation: SIMULATE with the book's quantities, settings and fees, once for each rule

    Source: the rules of the plan (docs/book.md); measures as GROWTH_RATE to DRAWDOWN_LENGTH.

    Examples
    --------
    >>> days = [[46000.0 + i, 100.0 + i % 7, 50.0 + i % 5] for i in range(40)]
    >>> rows = (("A", 50.0, 0.5, 0.05), ("B", 100.0, 0.5, 0.05))
    >>> prices = (("date", "a", "b"), tuple(map(tuple, days)))
    >>> [row[0] for row in review(prices, (("asset", "quantity", "target", "band"), rows))[:4]]
    ['Variant', 'hold', 'book', 'weekly']
    """
    made = simple_book(prices, portfolio, venues)
    if isinstance(made, CellError):
        return made
    book, days, closes, fee = made
    import dataclasses
    import statistics

    from rebalance_xl.functions.simulation.course import curve_of, walk_course
    from rebalance_xl.functions.simulation.curves import curve_measures, halves
    from rebalance_xl.functions.simulation.standard import changed_terms
    from rebalance_xl.functions.simulation.terms import Terms

    own = Terms(
        band_kind=band_kind,
        trim_to=trim_to,
        spot_fee=fee,
        min_trade=min_trade,
        cooldown=cooldown,
        reserve_min=reserve_min if reserve_min >= 0.0 else math.nan,
        reserve_max=reserve_max if reserve_max >= 0.0 else math.nan,
        review_drift=review_drift,
        frequency=review_frequency or math.nan,
        fund=fund_from == 1.0,
        pro_rata=deploy_method == 1.0,
    )
    variants = [
        (HOLD, dataclasses.replace(own, frequency=math.nan)),
        (OWN, own),
        *((name, changed_terms(own, changes)) for name, changes in STANDARD),
    ]
    year = 365.0 / statistics.median(later - earlier for earlier, later in itertools.pairwise(days))
    found: list[list[Any]] = [list(REVIEW_HEADERS)] if headers else []
    for name, terms in variants:
        held = book if name != HOLD else _held(book)
        course = walk_course(held, terms, days, closes)
        curve = curve_of(course, closes)
        measured = curve_measures(curve, days, year)
        first, second = halves(curve, year)
        shown = [measured["growth"], first, second]
        shown += [measured[key] for key in ("volatility", "max_drawdown", "drawdown_days", "sharpe", "sortino")]
        turnover = course.turned / ((len(days) - 1) / year)
        counts = [turnover, float(course.lines), float(len(course.executions)), course.fees, curve[-1]]
        found.append([name, *(value if value is not None else "" for value in shown), *counts])
    return found


def _held(book: Any) -> Any:
    """Return the book without targets: nothing is traded."""
    import dataclasses

    rows = tuple(dataclasses.replace(row, target=math.nan) for row in book.rows)
    return dataclasses.replace(book, rows=rows, stable_target=math.nan)
