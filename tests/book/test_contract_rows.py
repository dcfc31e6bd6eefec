"""Rows of one asset, of one symbol and of money: what each sentence about them promises, one test a sentence."""

from __future__ import annotations

from typing import Any

import pytest

from rebalance_xl.book.problems import BookError
from tests.book.books import DAY, amounts, line, plan_of, spot, stable, unit

approx = pytest.approx


def sold_units(plan: Any) -> dict[str, float | None]:
    """Return the units sold, by asset and venue."""
    return {f"{each.asset} {each.venue}".strip(): each.quantity for each in plan.trades if each.action == "SELL"}


# --- what belongs to the asset ---------------------------------------------------------------------------------


def test_a_row_without_a_price_is_refused_although_the_target_stands_on_another_row() -> None:
    """The asset has a target, so the weight of each of its rows has to be known."""
    rows = [
        unit("BTC", 1.0, 10.0, 0.5, Venue="a"),
        unit("BTC", 1.0, None, None, Venue="b"),
        unit("ETH", 1.0, 10.0, 0.5),
    ]
    with pytest.raises(BookError, match=r"Portfolio!F3: the Price of BTC is blank"):
        plan_of(rows)


def test_the_band_may_stand_on_another_row_than_the_target() -> None:
    """BTC is 4 points above its target: a band of 5 points typed at the second venue holds for both rows."""
    rows = [
        unit("BTC", 0.4, 10_000.0, 0.5, Venue="a"),
        unit("BTC", 0.14, 10_000.0, None, 0.05, Venue="b"),
        spot("ETH", 4_600.0, 0.5, 0.05),
    ]
    assert plan_of(rows).nothing_to_do
    assert not plan_of([rows[0], rows[1] | {"Band": 0.03}, rows[2]]).nothing_to_do


def test_a_band_on_another_row_lets_money_trigger() -> None:
    """USDT has its Target at a and its Band at b: without the Band its surplus waits for another trigger."""
    rows = [
        spot("BTC", 7_500.0, 0.9, 0.5),
        stable(2_000.0, 0.1, Venue="a"),
        stable(500.0, None, 0.02, Venue="b"),
    ]
    assert plan_of(rows).trigger.kind == "THRESHOLD"
    rows[2]["Band"] = None
    assert plan_of(rows).trigger.kind == "NONE"


def test_the_same_words_in_other_letters_do_not_contradict_each_other() -> None:
    """A book that says BTC and btc, Privacy and privacy, means one asset and one Sector."""
    rows = [
        unit("BTC", 0.3, 10_000.0, 0.5, 0.05, Venue="a", Sector="Privacy"),
        unit("btc", 0.3, 10_000.0, None, Venue="b", Sector="privacy"),
        spot("ETH", 4_000.0, 0.5, 0.05),
    ]
    assert amounts(plan_of(rows))["BTC"] == ("SELL", 1_000.0)


def test_rows_that_contradict_each_other_are_refused_with_both_cells() -> None:
    """The second cell is where to look, the first is named in the message."""
    rows = [unit("BTC", 1.0, 10.0, 0.5, Venue="a"), unit("BTC", 1.0, 10.0, 0.4, Venue="b")]
    with pytest.raises(BookError, match=r"^Portfolio!H3: the Target of BTC is 0.4 here and 0.5 in Portfolio!H2"):
        plan_of(rows)


def test_a_target_of_0_is_no_blank() -> None:
    """A row that says 0 contradicts one that says 50 %."""
    rows = [unit("BTC", 1.0, 10.0, 0.5, Venue="a"), unit("BTC", 1.0, 10.0, 0.0, Venue="b")]
    with pytest.raises(BookError, match=r"Portfolio!H3: the Target of BTC is 0 here"):
        plan_of(rows)


def test_the_target_of_a_stablecoin_at_two_venues_counts_once() -> None:
    """20 % of USDT at a and b are below a ReserveMax of 30 %: nothing to warn of."""
    rows = [spot("BTC", 8_000.0, 0.8, 0.1), stable(1_000.0, 0.2, Venue="a"), stable(1_000.0, 0.2, Venue="b")]
    warnings = plan_of(rows, settings={"ReserveMax": 0.3}).warnings
    assert not any("targets of the stablecoins" in each for each in warnings)
    assert any("(20.0%)" in each for each in plan_of(rows, settings={"ReserveMax": 0.1}).warnings)


# --- locked ----------------------------------------------------------------------------------------------------


def test_locked_1_is_one_unit_and_yes_the_whole_row() -> None:
    """Of 4 ETH with a target of 0 three are sold where 1 is locked, none where yes stands."""
    rows = [unit("ETH", 4.0, 1_000.0, 0.0), unit("BTC", 6.0, 1_000.0, 1.0, 0.5)]
    for locked, units in ((1, 3.0), (1.0, 3.0), (4.0, None), (5.0, None), ("yes", None), (True, None), ("x", None)):
        assert sold_units(plan_of([rows[0] | {"Locked": locked}, rows[1]])).get("ETH") == units
    for free in (0, None, "no", False, "N"):
        assert sold_units(plan_of([rows[0] | {"Locked": free}, rows[1]])) == {"ETH": 4.0}


def test_locked_below_0_is_refused() -> None:
    """There are no units below 0."""
    with pytest.raises(BookError, match=r"Portfolio!K2: Portfolio\[Locked\] holds -1; it cannot be negative"):
        plan_of([unit("ETH", 4.0, 1_000.0, 0.5, Locked=-1)])


@pytest.mark.parametrize("events", [[], [{"Scope": "ETH", "Action": "TRIM", "Start": DAY, "Level": 0.2}]])
def test_a_sale_in_lots_leaves_the_locked_units(events: list[dict[str, Any]]) -> None:
    """6.5 of 10 ETH are locked; lots of 2 fit once into the 3.5 that are free, whatever the rule would sell."""
    rows = [unit("ETH", 10.0, 1_000.0, 0.4, 0.05, Locked=6.5, Lot=2.0), unit("BTC", 2.0, 1_000.0, 0.6, 0.9)]
    plan = plan_of(rows, events=events)
    assert sold_units(plan) == {"ETH": 2.0}
    assert line(plan, "ETH").amount == approx(2_000.0)


def test_a_sale_that_fees_make_larger_leaves_the_locked_units() -> None:
    """To the edge a fee of 5 % asks for a little more than the 500 that the band asks for: only 505 are free."""
    rows = [
        unit("ETH", 6.0, 1_000.0, 0.5, 0.05, Locked=5.495, Venue="a"),
        unit("BTC", 4.0, 1_000.0, 0.5, 0.2, Venue="a"),
    ]
    venues = [{"Venue": "a", "SpotFee": 0.05}]
    free = plan_of([rows[0] | {"Locked": None}, rows[1]], settings={"TrimTo": "edge"}, venues=venues)
    assert line(free, "ETH").amount > 510.0
    plan = plan_of(rows, settings={"TrimTo": "edge"}, venues=venues)
    assert (line(plan, "ETH").amount, line(plan, "ETH").quantity) == (approx(505.0), approx(0.505))


def test_what_is_locked_at_every_venue_is_locked_as_a_whole() -> None:
    """One row of two that is not locked still makes a trigger; where both are, there is none."""
    rows = [
        unit("ETH", 3.0, 1_000.0, 0.4, 0.05, Venue="a", Locked="yes"),
        unit("ETH", 3.0, 1_000.0, None, Venue="b"),
        unit("BTC", 4.0, 1_000.0, 0.6, 0.5),
    ]
    assert sold_units(plan_of(rows)) == {"ETH b": approx(2.0)}
    assert plan_of([rows[0], rows[1] | {"Locked": "yes"}, rows[2]]).trigger.kind == "NONE"


def test_locked_money_is_not_spent() -> None:
    """2,500 of 3,000 USDT are locked at one venue, or at two: 500 pay for what is bought, and no more."""
    rows = [spot("BTC", 7_000.0, 0.95, 0.05), stable(3_000.0, 0.05, Locked=2_500.0)]
    assert amounts(plan_of(rows)) == {"BTC": ("BUY", 500.0)}
    two = [rows[0], stable(1_500.0, 0.05, Locked=1_000.0, Venue="a"), stable(1_500.0, None, Locked="yes", Venue="b")]
    assert amounts(plan_of(two)) == {"BTC": ("BUY", 500.0)}


def test_locked_money_pays_neither_debts_nor_events() -> None:
    """A debt of 800 and 3,000 USDC of which 2,600 are locked: 400 are paid, and the rest is still owed."""
    rows = [spot("BTC", 7_800.0, 0.9, 0.2), stable(-800.0), stable(3_000.0, Asset="USDC", Locked=2_600.0)]
    rows[0]["Locked"] = "yes"
    event = {"Scope": "SOL", "Action": "TRIM", "Start": DAY}
    plan = plan_of([*rows, spot("SOL", 100.0, 0.0)], events=[event])
    assert line(plan, "USDC").weight_after == approx(2_600.0 / 10_100.0)
    assert "still owed" in line(plan, "USDT").reason
