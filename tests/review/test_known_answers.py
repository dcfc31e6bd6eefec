"""The kernel against answers of a program written from the rules alone, and against a worked book."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest

from rebalance_xl.cells import from_serial
from rebalance_xl.functions.simulation.course import curve_of, walk_course
from rebalance_xl.functions.simulation.curves import curve_measures
from rebalance_xl.functions.simulation.summary import nearness
from rebalance_xl.functions.simulation.terms import Terms, on_target
from rebalance_xl.functions.simulation.walk import curve_from, walk_many, walk_one

from . import cases

SPOT = [
    case
    for case in cases.known()["cases"]
    if not case.get("futures") and not case.get("events") and case["id"] != "G07"
]
BASE = Terms(spot_fee=0.001, reserve_min=0.05)
OFF = dataclasses.replace(BASE, band=10.0, review_drift=0.0)

#: Variant, terms, value at the end, lines, executions, fees, closes out of band, distance, tracking error.
TABLE = [
    ("weekly", dataclasses.replace(OFF, frequency=7.0), 126_875.77, 1057, 259, 2741.97, None, 0.0322, 0.0255),
    ("monthly", dataclasses.replace(OFF, frequency=-1.0), 118_499.24, 262, 59, 1264.12, None, 0.0559, 0.0511),
    ("quarterly", dataclasses.replace(OFF, frequency=-3.0), 127_111.85, 87, 19, 869.72, None, 0.0919, 0.0887),
    ("threshold", BASE, 132_601.07, 345, 94, 1771.18, 0, 0.0426, 0.0355),
    ("fund none", dataclasses.replace(BASE, fund=False), 127_404.39, 236, 76, 1379.87, 231, 0.0486, 0.0412),
    (
        "relative",
        dataclasses.replace(BASE, band_kind=1.0, band=0.2),
        123_556.41,
        634,
        236,
        2005.58,
        18,
        0.0352,
        0.0267,
    ),
    ("5/25", dataclasses.replace(BASE, band_kind=2.0), 121_982.03, 555, 179, 1994.97, 13, 0.0365, 0.0280),
    ("edge", dataclasses.replace(BASE, trim_to=1.0), 132_870.52, 909, 444, 966.39, 0, 0.0578, 0.0490),
    (
        "both",
        dataclasses.replace(BASE, frequency=-1.0, review_drift=0.02),
        120_588.10,
        409,
        111,
        1732.28,
        0,
        0.0406,
        0.0337,
    ),
]


@pytest.mark.skipif(not SPOT, reason="the file of known answers is not at hand")
@pytest.mark.parametrize("case", SPOT, ids=lambda case: case["id"])
def test_known_cases(case: dict[str, Any]) -> None:
    """Quantities, money, trades, measures and the day of every execution agree to 1e-9."""
    book, terms, days, closes = cases.spot_case(case)
    course, kept, money = walk_one(book, terms, days, closes)
    curve = curve_from(course, kept, money, closes)
    near = nearness(book, terms, curve, kept, money, closes, 365.0)
    wanted = case["expected"]
    held = dict(zip(wanted["quantities"], [*course.quantities, course.cash], strict=True))
    for asset, quantity in wanted["quantities"].items():
        assert held[asset] == pytest.approx(quantity, rel=1e-9, abs=1e-9)
    for name, got in {
        "value": curve[-1],
        "fees": course.fees,
        "sold": course.sold,
        "bought": course.bought,
        "gain": course.gain,
        "turnover": course.turned * 365 / (len(closes) - 1),
        **near,
    }.items():
        if name in wanted:
            assert got == pytest.approx(wanted[name], rel=1e-9, abs=1e-9), name
    assert (course.lines, len(course.executions)) == (wanted["trades"], wanted["executions"])
    executed = [[str(from_serial(day).date()), trigger, lines] for day, trigger, lines in course.executions]
    assert executed == wanted["execution_days"]
    measures = curve_measures(curve.tolist(), days.tolist(), 365.0)
    got = measures | {"tracking_error": near["tracking_error"]}
    assert {name for name, value in got.items() if value is None} == {
        name for name, value in wanted["measures"].items() if value is None
    }
    for name, value in wanted["measures"].items():
        if value is not None:
            assert got[name] == pytest.approx(value, rel=1e-9, abs=1e-9), name


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row[0])
def test_variants_of_a_worked_book(row: tuple[Any, ...]) -> None:
    """Five assets over five years: each variant ends with the value, trades and distances of the worked table."""
    _, terms, value, lines, executions, fees, outside, distance, error = row
    book, days, closes = cases.anywhere()
    course, kept, money = walk_one(book, terms, days, closes)
    curve = curve_from(course, kept, money, closes)
    assert round(float(curve[-1]), 2) == value
    assert (course.lines, len(course.executions), round(course.fees, 2)) == (lines, executions, fees)
    near = nearness(book, terms, curve, kept, money, closes, 365.0)
    assert (round(near["distance"], 4), round(near["tracking_error"], 4)) == (distance, error)
    if outside is not None:
        assert near["out_of_band"] == outside


def test_a_review_without_a_trade_counts_as_done() -> None:
    """With bands off and a drift of five points all executions lie on the day of the month that reviews started."""
    book, days, closes = cases.anywhere()
    terms = dataclasses.replace(BASE, band=10.0, frequency=-1.0)
    course, _, _ = walk_one(book, terms, days, closes)
    assert {from_serial(day).day for day, _, _ in course.executions} == {4}
    assert len(course.executions) == 33


def test_side_by_side_is_the_same_as_one_by_one() -> None:
    """Variants walked at once end where each ends alone, with the same trades."""
    book, days, closes = cases.anywhere()
    variants = [row[1] for row in TABLE]
    together = walk_many(book, variants, days, closes)
    for place, terms in enumerate(variants):
        course = walk_course(book, terms, days.tolist(), closes.tolist())
        assert np.allclose(together.curve[:, place], curve_of(course, closes.tolist()), rtol=1e-11, atol=0.0)
        assert (together.lines[place], together.trades[place]) == (course.lines, len(course.executions))


def test_buying_to_target_first() -> None:
    """A book put on its targets keeps its value and holds each asset at its weight."""
    book, _, closes = cases.anywhere()
    moved = dataclasses.replace(book, rows=(dataclasses.replace(book.rows[0], quantity=0.0), *book.rows[1:]))
    ready = on_target(moved, list(closes[0]))
    values = [row.quantity * price for row, price in zip(ready.rows, closes[0], strict=True)]
    total = math.fsum(values) + ready.cash
    assert total == pytest.approx(62_000.0)
    assert [value / total for value in values] == pytest.approx([row.target for row in book.rows])
