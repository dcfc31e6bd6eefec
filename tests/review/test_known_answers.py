"""The kernel against answers of a program written from the rules alone, and against a worked book."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest

from rebalance_xl.cells import from_serial
from rebalance_xl.functions.simulation.books import Terms, on_target, rules_of, start_of
from rebalance_xl.functions.simulation.summary import curve_measures, nearness
from rebalance_xl.functions.simulation.walk import Walk, walk_many, walk_one

from . import cases

SPOT = [
    case
    for case in cases.known()["cases"]
    if not case.get("futures") and not case.get("events") and case["id"] != "G07"
]
BASE = Terms(spot_fee=0.001, reserve_min=0.05)
OFF = dataclasses.replace(BASE, band_off=True, review_drift=0.0)

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


def walked(case: dict[str, Any]) -> tuple[Walk, Any, Any]:
    """Return the walk of a case, its rules and its closes."""
    book, terms, days, closes = cases.spot_case(case)
    rules = rules_of(book, [terms])
    return walk_one(rules, start_of(book, [terms], days), closes), rules, closes


@pytest.mark.skipif(not SPOT, reason="the file of known answers is not at hand")
@pytest.mark.parametrize("case", SPOT, ids=lambda case: case["id"])
def test_known_cases(case: dict[str, Any]) -> None:
    """Quantities, money, trades, measures and the day of every execution agree to 1e-9."""
    walk, rules, closes = walked(case)
    wanted = case["expected"]
    held = dict(zip(wanted["quantities"], [*walk.quantities[:, 0], walk.cash[0]], strict=True))
    for asset, quantity in wanted["quantities"].items():
        assert held[asset] == pytest.approx(quantity, rel=1e-9, abs=1e-9)
    for name, got in {
        "value": walk.curve[-1, 0],
        "fees": walk.fees[0],
        "sold": walk.sold[0],
        "bought": walk.bought[0],
        "gain": walk.gain[0],
        "turnover": walk.turned[0] * 365 / (len(closes) - 1),
        **nearness(rules, walk, closes, 365.0),
    }.items():
        if name in wanted:
            assert got == pytest.approx(wanted[name], rel=1e-9, abs=1e-9), name
    assert (walk.lines[0], walk.trades[0]) == (wanted["trades"], wanted["executions"])
    executed = [[str(from_serial(day).date()), trigger, lines] for day, trigger, lines in walk.executions]
    assert executed == wanted["execution_days"]
    measures = curve_measures(list(walk.curve[:, 0]), list(range(len(closes))), 365.0)
    error = {"tracking_error": nearness(rules, walk, closes, 365.0)["tracking_error"]}
    got = measures | error
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
    rules = rules_of(book, [terms])
    walk = walk_one(rules, start_of(book, [terms], days), closes)
    assert round(float(walk.curve[-1, 0]), 2) == value
    assert (walk.lines[0], walk.trades[0], round(float(walk.fees[0]), 2)) == (lines, executions, fees)
    near = nearness(rules, walk, closes, 365.0)
    assert (round(near["distance"], 4), round(near["tracking_error"], 4)) == (distance, error)
    if outside is not None:
        assert near["out_of_band"] == outside


def test_a_review_without_a_trade_counts_as_done() -> None:
    """With bands off and a drift of five points all executions lie on the day of the month that reviews started."""
    book, days, closes = cases.anywhere()
    terms = dataclasses.replace(BASE, band_off=True, frequency=-1.0)
    walk = walk_one(rules_of(book, [terms]), start_of(book, [terms], days), closes)
    assert {from_serial(day).day for day, _, _ in walk.executions} == {4}
    assert len(walk.executions) == 33


def test_side_by_side_is_the_same_as_one_by_one() -> None:
    """Variants walked at once end where each ends alone, with the same trades."""
    book, days, closes = cases.anywhere()
    variants = [row[1] for row in TABLE]
    together = walk_many(rules_of(book, variants), start_of(book, variants, days), closes)
    for place, terms in enumerate(variants):
        alone = walk_one(rules_of(book, [terms]), start_of(book, [terms], days), closes)
        assert np.allclose(together.curve[:, place], alone.curve[:, 0], rtol=1e-11, atol=0.0)
        assert (together.lines[place], together.trades[place]) == (alone.lines[0], alone.trades[0])


def test_buying_to_target_first() -> None:
    """A book put on its targets keeps its value and holds each asset at its weight."""
    book, _, closes = cases.anywhere()
    moved = dataclasses.replace(book, rows=(dataclasses.replace(book.rows[0], quantity=0.0), *book.rows[1:]))
    ready = on_target(moved, list(closes[0]))
    values = [row.quantity * price for row, price in zip(ready.rows, closes[0], strict=True)]
    total = math.fsum(values) + ready.cash
    assert total == pytest.approx(62_000.0)
    assert [value / total for value in values] == pytest.approx([row.target for row in book.rows])
