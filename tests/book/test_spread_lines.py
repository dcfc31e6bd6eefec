"""Lines of spreads: both legs or none, equal quantities, and what makes two rows no spread."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from rebalance_xl.book import actions
from rebalance_xl.book.model import read_book
from rebalance_xl.book.plan import make_plan
from rebalance_xl.book.problems import BookError
from tests.book.books import perpetual, plan_of, spot, stable, workbook
from tests.book.coin_hedges import line

approx = pytest.approx


def legs(**more: Any) -> list[dict[str, Any]]:
    """Return a spread of 5 %: long the near date, short the far one."""
    near_leg = perpetual("BTC-DEC", "BTC", "long", 100.0, Venue="V", Expiry=dt.date(2026, 12, 25), Leverage=5.0)
    far_leg = perpetual("BTC-MAR", "BTC", "short", 104.0, Venue="V", Expiry=dt.date(2027, 3, 26), Leverage=5.0)
    return [near_leg | {"Spread": "calendar", "Target": 0.05} | more, far_leg | {"Spread": "calendar"}]


ALTS = [spot("BTC", 5_000.0, 0.5, 0.05, Venue="V"), spot("ALT", 4_000.0, 0.2, 0.1, Venue="V"), stable(1_000.0, 0.25)]


def test_a_spread_opens_both_legs_with_equal_quantity() -> None:
    """The Target is the margin of both together; the line shows basis, rate a year and, with closes, the z-score."""
    dates = [dt.date(2026, 8, 1) + dt.timedelta(days=day) for day in range(40)]
    header = ["Date", "BTC-DEC", "BTC-MAR"]
    prices = [header, *[[day, 100.0 + (number % 3) / 10, 104.0] for number, day in enumerate(dates)]]
    plan = plan_of(ALTS, legs(), venues=[{"Venue": "V", "FuturesFee": 0.0}], prices=prices)
    near_leg, far_leg = line(plan, "BTC-DEC"), line(plan, "BTC-MAR")
    assert (near_leg.action, far_leg.action) == ("OPEN LONG", "OPEN SHORT")
    assert near_leg.quantity == approx(far_leg.quantity)
    assert near_leg.amount + far_leg.amount == approx(500.0)
    (figures,) = plan.spreads
    assert figures.basis == approx(4.0)
    assert figures.rate == approx(0.04 * 365 / 91)
    assert figures.zscore is not None
    assert figures.supported is False
    assert any("does not support these sides" in warning for warning in plan.warnings)
    assert "basis 4.00" in near_leg.reason


def test_a_spread_with_a_band_is_filled_up_to_its_equity() -> None:
    """A profit counts: a spread of 300 margin and 150 profit lacks 50 of 500, so that the next plan closes nothing."""
    near_leg, far_leg = legs(Band=0.002)
    held = {"Quantity": 10.0, "Leverage": 5.0}
    near_leg |= held | {"EntryPrice": 85.0, "MarkPrice": 100.0, "Margin": 150.0}
    far_leg |= held | {"EntryPrice": 104.0, "MarkPrice": 104.0, "Margin": 150.0}
    rows = [spot("BTC", 5_000.0, 0.5, 0.05, Venue="V"), spot("ALT", 3_550.0, 0.2, 0.1, Venue="V"), stable(1_000.0)]
    book = workbook(rows, [near_leg, far_leg], venues=[{"Venue": "V", "FuturesFee": 0.0}])
    plan = actions.rebalance(book)
    opened = [each.amount for each in plan.trades if each.action.startswith("OPEN")]
    assert sum(opened) == approx(50.0)
    actions.record(book)
    assert "REDUCE" not in [each.action for each in make_plan(read_book(book)).trades]


def test_a_spread_opens_both_legs_or_none() -> None:
    """A leg that is blocked, or below its minimum, keeps the other one out as well."""
    blocked = legs()
    blocked[1]["Leverage"] = 50.0
    venues = [{"Venue": "V", "MaxLeverage": 10.0}]
    plan = plan_of(ALTS, blocked, venues=venues)
    assert {line(plan, "BTC-DEC").action, line(plan, "BTC-MAR").action} == {"HOLD"}
    assert "the other leg of the spread, BTC-MAR, cannot be opened" in line(plan, "BTC-DEC").reason
    small = legs()
    small[1]["MinNotional"] = 1e6
    plan = plan_of(ALTS, small)
    assert {line(plan, "BTC-DEC").action, line(plan, "BTC-MAR").action} == {"HOLD"}


def test_lots_of_a_spread_stay_equal() -> None:
    """Lots of 3 and 2 units: both legs open a multiple of 6, or less is opened."""
    rows = legs()
    rows[0]["Lot"], rows[1]["Lot"] = 3.0, 2.0
    plan = plan_of(ALTS, rows)
    assert line(plan, "BTC-DEC").quantity == line(plan, "BTC-MAR").quantity == 12.0


def test_a_recorded_spread_is_at_rest() -> None:
    """After Record the margins of both legs together are the target."""
    book = workbook(ALTS, legs())
    actions.rebalance(book)
    actions.record(book)
    read = read_book(book)
    assert sum(position.margin for position in read.positions) == approx(500.0)
    assert make_plan(read).nothing_to_do


@pytest.mark.parametrize(
    "change, message",
    [
        ({"Side": "long"}, "needs two legs, one long and one short"),
        ({"Spread": ""}, "needs two legs"),
        ({"Target": 0.04}, "the margin of both legs together, so give it once"),
        ({"HedgeRatio": 0.5}, "a leg is no hedge"),
    ],
)
def test_a_spread_that_is_none_is_refused(change: dict[str, Any], message: str) -> None:
    """Two opposite legs, one target, no hedge."""
    rows = legs()
    rows[1] |= change
    with pytest.raises(BookError, match=message):
        plan_of(ALTS, rows)
