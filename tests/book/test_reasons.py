"""What a reason says at the edges: figures that are almost nothing, and which rule it names."""

from __future__ import annotations

import pytest

from tests.book.books import perpetual, plan_of, spot, stable


@pytest.mark.parametrize(
    "value, band, words",
    [
        (5_000.0, 0.05, "weight 50.00 % is on its target"),
        (5_000.4, 0.05, "weight 50.00 % is on its target"),
        (4_999.6, 0.05, "weight 50.00 % is on its target"),
        (
            5_001.0,
            0.05,
            "weight 50.01 % is 0.01 points above the target of 50.00 %, not beyond the band of 5.00 points",
        ),
        (5_000.4, 0.0, "is 0.004 points above the target of 50.00 %, beyond the band of 0.00 points"),
        (4_999.6, 0.0, "is 0.004 points below the target of 50.00 %, beyond the band of 0.00 points"),
        (5_000.005, 0.0, "weight 50.00 % is on its target"),
        (5_500.0, 0.05, "is 5.00 points above the target of 50.00 %, not beyond the band of 5.00 points"),
        (4_400.0, 0.05, "is 6.00 points below the target of 50.00 %, beyond the band of 5.00 points"),
    ],
)
def test_a_drift_is_said_as_far_as_it_counts(value: float, band: float, words: str) -> None:
    """Less than half a hundredth of a point is on the target, unless the band is that narrow."""
    plan = plan_of([spot("BTC", value, 0.5, band), stable(10_000.0 - value)])
    assert words in next(each.reason for each in plan.lines if each.asset == "BTC")


@pytest.mark.parametrize("method, words", [("priority", "the money is placed by priority"), ("pro_rata", "pro rata")])
def test_the_rule_that_settles_too_many_needs_is_named(method: str, words: str) -> None:
    """3,000 are missing and 1,000 are there: the warning says by which rule the money was placed."""
    rows = [spot("SOL", 6_000.0, 0.5, 0.05), spot("BTC", 2_000.0, 0.3, 0.5), spot("ETH", 2_000.0, 0.3, 0.5)]
    rows[0] |= {"Target": 0.55, "Band": 0.01}
    rows[1] |= {"Target": 0.25}
    rows[2] |= {"Target": 0.2}
    venues = [{"Venue": "x", "SpotFee": 0.01}]
    book = [row | {"Venue": "x"} for row in rows]
    plan = plan_of(book, settings={"DeployMethod": method, "FuturesShare": 0.5}, venues=venues)
    (warning,) = [each for each in plan.warnings if "over-committed by" in each]
    assert warning.endswith(words)


def test_what_gets_nothing_says_of_what() -> None:
    """BTC is sold for less than is wanted: ETH, which comes last, gets no money, and the long no margin."""
    rows = [
        spot("BTC", 6_000.0, 0.5, 0.05),
        spot("SOL", 1_000.0, 0.3, 0.5, Priority=1),
        spot("ETH", 1_000.0, 0.15, 0.5, Priority=3),
        stable(2_000.0, 0.2),
    ]
    future = perpetual("ADAUSDT", "ADA", "long", 1.0, Target=0.05, Priority=2)
    rows[0] |= {"Target": 0.3, "Band": 0.3, "Priority": None}
    settings = {"TrimTo": "edge"}
    rows[0] |= {"Target": 0.5, "Band": 0.05}
    rows[1] |= {"Target": 0.2}
    rows[2] |= {"Target": 0.1}
    plan = plan_of(rows, [future], settings)
    reasons = {each.asset: each.reason for each in plan.lines}
    assert "needs 500.00 of margin: none placed, the money went to SOL" in reasons["ADAUSDT"]
