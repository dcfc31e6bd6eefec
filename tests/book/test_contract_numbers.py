"""How much is traded, to the number: bands, shares, fees, lots and caps, one test a sentence."""

from __future__ import annotations

import pytest

from tests.book.books import (
    DAY,
    REVIEW,
    amounts,
    line,
    perpetual,
    plan_of,
    spot,
    stable,
    three,
)

approx = pytest.approx


def test_the_band_is_0_where_the_target_is_0() -> None:
    """A row with a target of 0 and a band of 5 points is sold, although it weighs 3 %."""
    rows = [spot("DOGE", 300.0, 0.0, 0.05), spot("BTC", 9_700.0, 1.0, 0.1)]
    assert amounts(plan_of(rows))["DOGE"] == ("SELL", 300.0)


def test_a_purchase_goes_to_the_target_whatever_trim_to_says() -> None:
    """B is trimmed to its edge; A, inside its band, is bought towards its target with all of it."""
    rows = three(3_700.0, 3_700.0, 2_600.0)
    rows[2]["Target"] = 0.26
    plan = plan_of(rows, settings={"TrimTo": "edge"})
    assert amounts(plan) == {"B": ("SELL", 200.0), "A": ("BUY", 200.0)}


def test_a_close_is_not_under_turnover_cap() -> None:
    """The cap of 2 % leaves 200 of the trim, and the position with target 0 is closed with its 1,000."""
    long = perpetual("SOLUSDT", "SOL", "long", 100.0, Quantity=20.0, EntryPrice=100.0, Margin=1_000.0, Target=0.0)
    rows = [spot("BTC", 6_000.0, 0.5, 0.05), spot("ETH", 3_000.0, 0.4, 0.2)]
    plan = plan_of(rows, [long], settings={"TurnoverCap": 0.02, "FundFrom": "none"})
    sold = {each.asset: round(each.amount, 2) for each in plan.trades if each.action in ("SELL", "CLOSE")}
    assert sold == {"BTC": 200.0, "SOLUSDT": 1_000.0}


def test_an_event_sells_down_to_its_share_of_what_fees_leave() -> None:
    """TRIM at a fee of 1 %: BTC is 30 % of the book after the plan, not before it."""
    rows = [spot("BTC", 5_000.0, 0.3, 0.5, Venue="a"), spot("ETH", 5_000.0, 0.5, 0.5, Venue="a")]
    plan = plan_of(
        rows, events=[{"Scope": "BTC", "Action": "TRIM", "Start": DAY}], venues=[{"Venue": "a", "SpotFee": 0.01}]
    )
    assert line(plan, "BTC").weight_after == approx(0.3, abs=1e-12)


def test_the_band_of_a_position_follows_band_kind() -> None:
    """Target 10 % and a relative Band of 0.2 are a width of 2 points: equity of 12.5 % is reduced, 11.5 % is not."""
    for gain, trades in ((250.0, True), (150.0, False)):
        row = perpetual(
            "AUSDT", "A", "long", 100.0 + gain / 30.0, Quantity=30.0, EntryPrice=100.0, Margin=1_000.0, Target=0.1,
            Band=0.2,
        )  # fmt: skip
        rows = [spot("BTC", 9_000.0 - gain, 0.9, 0.9)]
        plan = plan_of(rows, [row], settings={"BandKind": "relative", "TrimTo": "edge"})
        assert [each.action for each in plan.trades if each.product == "futures"] == (["REDUCE"] if trades else [])


def test_a_stable_row_with_a_band_triggers_whatever_the_smallest_trade_is() -> None:
    """USDT is 5 points above its target and its band is 2: its money is no order that could be too small."""
    rows = [spot("BTC", 7_500.0, 0.8, 0.2), stable(2_500.0, 0.2, 0.02)]
    assert plan_of(rows, settings={"MinTrade": 1_000.0}).trigger.kind == "THRESHOLD"


def test_without_reserve_max_a_stable_row_without_a_target_is_kept() -> None:
    """USDT stands at its target; BTC lacks 1,000, and the 2,000 of USDC are nobody's to spend without ReserveMax."""
    rows = [spot("BTC", 7_500.0, 0.85, 0.05), stable(500.0, 0.05), stable(2_000.0, Asset="USDC")]
    assert amounts(plan_of(rows)) == {}
    assert amounts(plan_of(rows, settings={"ReserveMax": 0.15})) == {"BTC": ("BUY", 1_000.0)}


def test_what_is_below_reserve_min_is_filled_from_proceeds() -> None:
    """SOL's 1,000 bring the reserve from 2 to 5 % of the book, and BTC gets the rest."""
    rows = [spot("BTC", 3_800.0, 0.5, 0.2), spot("SOL", 6_000.0, 0.5, 0.05), stable(200.0)]
    plan = plan_of(rows, settings={"ReserveMin": 0.05})
    assert amounts(plan) == {"SOL": ("SELL", 1_000.0), "BTC": ("BUY", 700.0)}
    assert plan.totals.reserve == approx(300.0)
    assert amounts(plan_of(rows)) == {"SOL": ("SELL", 1_000.0), "BTC": ("BUY", 1_000.0)}


def test_a_row_that_is_trimmed_pays_without_a_minimum_of_its_own() -> None:
    """B is trimmed by 400, and its 100 for A are part of that order, although MinTrade is 150."""
    plan = plan_of(three(3_000.0, 3_900.0, 3_100.0), settings={"TrimTo": "edge", "MinTrade": 150.0})
    assert amounts(plan) == {"B": ("SELL", 500.0), "A": ("BUY", 500.0)}


def test_rounding_up_to_the_lot_stays_under_turnover_cap() -> None:
    """A lacks 600 and 400 may be sold: B gives 300, and a lot of 150 of C would be more than the 100 that are left."""
    rows = three(3_400.0, 3_300.0, 3_300.0)
    rows[1]["Lot"] = rows[2]["Lot"] = 150.0
    assert amounts(plan_of(rows, settings={"TurnoverCap": 0.04})) == {"B": ("SELL", 300.0), "A": ("BUY", 300.0)}


def test_the_goal_of_a_stable_row_is_measured_after_fees() -> None:
    """USDT comes to its 20 % of what fees leave of the book, less the fees of the plan."""
    rows = [
        spot("BTC", 5_300.0, 0.5, 0.1, Venue="a"),
        spot("ETH", 3_200.0, 0.3, 0.1, Venue="a"),
        stable(1_500.0, 0.2, 0.02, Venue="a"),
    ]
    plan = plan_of(rows, venues=[{"Venue": "a", "SpotFee": 0.001}])
    fees = plan.totals.fees
    assert 1_500.0 + plan.totals.left_over + plan.totals.reserve == approx(0.2 * (10_000.0 - fees) - fees, abs=1e-6)


def test_pro_rata_shares_what_was_raised_by_what_each_row_lacks() -> None:
    """A lacks 800 and D 400; the cap lets 300 be raised: 200 and 100, by priority all of it for A."""
    rows = [
        spot("A", 3_200.0, 0.4, 0.05, Price=1.0),
        spot("D", 600.0, 0.1, 0.03, Price=1.0),
        spot("B", 6_200.0, 0.5, 0.2, Price=1.0),
    ]
    for method, bought in (("pro_rata", {"A": 200.0, "D": 100.0}), ("priority", {"D": 300.0})):
        plan = plan_of(rows, settings={"TurnoverCap": 0.03, "DeployMethod": method})
        assert {each.asset: round(each.amount, 2) for each in plan.trades if each.action == "BUY"} == bought


def test_what_lots_of_the_purchases_leave_unused_is_not_raised() -> None:
    """The cap lets 400 be raised, and A and D are bought in lots of 300: 300 are sold, and 300 bought."""
    rows = [
        spot("A", 3_300.0, 0.4, 0.05, Price=1.0, Lot=300.0),
        spot("D", 300.0, 0.1, 0.05, Price=1.0, Lot=300.0),
        spot("B", 6_400.0, 0.5, 0.2, Price=1.0),
    ]
    plan = plan_of(rows, settings={"TurnoverCap": 0.04})
    assert amounts(plan) == {"B": ("SELL", 300.0), "D": ("BUY", 300.0)}


def test_the_larger_fee_of_a_venue_makes_what_is_no_excess() -> None:
    """B stands 50 above its target: with a futures fee of 1 % that is what fees may have left, and B keeps it."""
    rows = [*three(3_350.0, 3_050.0, 3_450.0), stable(150.0)]
    for row in rows:
        row["Venue"] = "a"
    assert amounts(plan_of(rows)) == {"C": ("SELL", 450.0), "B": ("SELL", 50.0), "A": ("BUY", 500.0)}
    plan = plan_of(rows, venues=[{"Venue": "a", "FuturesFee": 0.01}])
    assert amounts(plan) == {"C": ("SELL", 450.0), "A": ("BUY", 450.0)}


def test_a_purchase_does_not_go_beyond_the_upper_edge_that_fees_leave() -> None:
    """Bands of 0 and a fee of 10 %: A gets no more than 40 % of what fees leave, in whatever order the rows stand."""
    rows = [
        spot("A", 3_000.0, 0.4, 0.0, Price=1.0, Venue="a"),
        spot("B", 7_000.0, 0.3, 0.0, Price=1.0, Venue="a"),
        spot("C", 0.0, 0.3, 0.0, Price=1.0, Venue="a"),
    ]
    plan = plan_of(rows, venues=[{"Venue": "a", "SpotFee": 0.1}])
    assert line(plan, "A").weight_after == approx(0.4, abs=1e-9)


def test_buy_scope_breaching_buys_a_locked_row_under_its_band_but_none_that_drifted() -> None:
    """Locked is never sold and makes no trigger; under its band it is bought, and inside it a review leaves it."""
    settings = REVIEW | {"BuyScope": "breaching", "FundFrom": "none"}
    rows = three(3_300.0, 3_700.0, 3_000.0, Locked="yes")
    assert amounts(plan_of(rows, settings=settings)) == {"B": ("SELL", 700.0), "A": ("BUY", 700.0)}
    rows = three(3_700.0, 3_700.0, 2_600.0, Locked="yes")
    assert amounts(plan_of(rows, settings=settings)) == {"B": ("SELL", 700.0), "C": ("BUY", 400.0)}
    rows[0]["Locked"] = None
    assert amounts(plan_of(rows, settings=settings))["A"] == ("BUY", 300.0)


def test_a_reduced_position_gets_no_margin_in_the_same_plan() -> None:
    """Its margin is below Target and its equity far above the band: it is reduced, and nothing is posted."""
    row = perpetual("AUSDT", "A", "long", 200.0, Quantity=30.0, EntryPrice=100.0, Margin=500.0, Target=0.1, Band=0.05)
    plan = plan_of([spot("BTC", 5_500.0, 0.9, 0.5), stable(1_000.0, 0.0, 0.01)], [row], settings={"TrimTo": "edge"})
    assert [each.action for each in plan.trades if each.asset == "AUSDT"] == ["REDUCE"]


def test_crumbs_are_not_noted_of_a_row_that_came_back_into_its_band() -> None:
    """A misses its target by 200 for want of money, and is inside its band after the plan."""
    rows = [*three(3_300.0, 2_600.0, 2_600.0), stable(1_500.0)]
    settings = {"ReserveMin": 0.05, "FundFrom": "none"}
    assert any("crumbs" in note for note in plan_of(rows, settings=settings).notes)
    rows[1] = spot("B", 3_600.0, 0.3, 0.05, Price=1.0)
    plan = plan_of([*rows[:3], stable(500.0)], settings=settings)
    assert 0.35 < (line(plan, "A").weight_after or 0.0) < 0.4
    assert not any("crumbs" in note for note in plan.notes)


def test_of_passes_that_alternate_the_one_with_the_higher_fees_counts() -> None:
    """Lots of 100 and a fee of 5 %: with fees of 265 the next pass has 270, and with 270 again 265."""
    rows = [
        spot("A", 2_400.0, 0.619, 0.01, Price=1.0, Lot=100.0, Venue="a"),
        spot("B", 5_400.0, 0.309, 0.0, Price=1.0, Lot=100.0, Venue="a"),
        stable(100.0, 0.0, Venue="a"),
    ]
    plan = plan_of(rows, settings={"ReserveMin": 0.05}, venues=[{"Venue": "a", "SpotFee": 0.05}])
    assert plan.totals.fees == approx(270.0)
