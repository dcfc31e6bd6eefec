"""Who acts on what, who pays for it, and what the reasons say: one test a sentence."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from rebalance_xl.book import actions
from rebalance_xl.book.model import read_book
from rebalance_xl.book.problems import BookError
from rebalance_xl.book.walk import carry_out, decide
from rebalance_xl.cells import to_serial
from tests.book.books import (
    DAY,
    REVIEW,
    amounts,
    as_values,
    line,
    perpetual,
    plan_of,
    spot,
    stable,
    three,
    unit,
    workbook,
)

approx = pytest.approx


# --- events ----------------------------------------------------------------------------------------------------


def test_an_event_about_all_is_about_every_asset_but_money() -> None:
    """BTC and ETH come down to half their targets; the target of USDT stays what it is."""
    rows = [spot("BTC", 5_000.0, 0.5, 0.1), spot("ETH", 3_000.0, 0.3, 0.1), stable(2_000.0, 0.2)]
    plan = plan_of(rows, events=[{"Scope": "all", "Action": "TRIM", "Start": DAY, "Level": 0.5}])
    assert amounts(plan) == {"BTC": ("SELL", 2_500.0), "ETH": ("SELL", 1_500.0)}
    assert "weight 20.00 % is on its target" in line(plan, "USDT").reason
    by_name = plan_of(rows, events=[{"Scope": "USDT", "Action": "TRIM", "Start": DAY, "Level": 0.5}])
    assert "above the target of 10.00 %" in line(by_name, "USDT").reason


def test_the_reason_lists_each_event_once() -> None:
    """One event names two assets, another one the third: two sentences."""
    rows = [
        spot("BTC", 5_000.0, 0.5, 0.1, Sector="L1"),
        spot("ETH", 3_000.0, 0.3, 0.1, Sector="L1"),
        spot("ADA", 2_000.0, 0.2, 0.1),
    ]
    events = [
        {"Scope": "L1", "Action": "TRIM", "Start": DAY, "Level": 0.5},
        {"Scope": "ADA", "Action": "EXIT", "Start": DAY},
    ]
    reasons = plan_of(rows, events=events).trigger.reasons
    assert sorted(each.split(" in force")[0] for each in reasons) == ["EXIT for ADA", "TRIM 0.5 for L1"]


@pytest.mark.parametrize("last, trades", [("HOLD", False), ("EXIT", True)])
def test_of_two_events_of_one_day_the_lower_row_decides(last: str, trades: bool) -> None:
    """HOLD under EXIT keeps the asset, EXIT under HOLD sells it; the position on it is left or closed as well."""
    first = "EXIT" if last == "HOLD" else "HOLD"
    events = [{"Scope": "BTC", "Action": each, "Start": DAY} for each in (first, last)]
    long = perpetual("BTCUSDT", "BTC", "long", 10.0, Quantity=10.0, EntryPrice=10.0, Margin=10.0)
    plan = plan_of([spot("BTC", 5_000.0, 0.5, 0.2), spot("ETH", 5_000.0, 0.5, 0.2)], [long], events=events)
    assert sorted(each.asset for each in plan.trades if each.asset != "ETH") == (["BTC", "BTCUSDT"] if trades else [])


def test_an_exit_of_a_position_that_is_not_open_is_no_trigger() -> None:
    """Nothing can follow from it."""
    long = perpetual("SOLUSDT", "SOL", "long", 10.0, Target=0.1)
    rows = [spot("BTC", 9_000.0, 0.9, 0.2), stable(1_000.0)]
    event = {"Scope": "SOL", "Action": "EXIT", "Start": DAY}
    assert plan_of(rows, [long], events=[event]).trigger.kind == "NONE"
    opened = long | {"Quantity": 10.0, "EntryPrice": 10.0, "Margin": 10.0}
    assert plan_of(rows, [opened], events=[event]).trigger.kind == "EVENT"


@pytest.mark.parametrize("quantity, kind, action", [(None, "EVENT", "OPEN SHORT"), (40.0, "EVENT", "CLOSE")])
def test_a_hedge_event_acts_where_an_order_follows(quantity: float | None, kind: str, action: str) -> None:
    """HEDGE of half of 500 BTC: a short of 250 is opened, one of 400 is cut; below its minimum neither is a trigger."""
    short = perpetual("BTCUSDT", "BTC", "short", 10.0)
    if quantity:
        short |= {"Quantity": quantity * 10.0, "EntryPrice": 10.0, "Margin": quantity * 10.0}
    rows = [spot("BTC", 5_000.0, 0.5, 0.2), spot("ETH", 3_000.0, 0.3, 0.5), stable(2_000.0, 0.1)]
    events = [{"Scope": "BTC", "Action": "HEDGE", "Start": DAY, "Level": 0.5}]
    plan = plan_of(rows, [short], events=events)
    assert plan.trigger.kind == kind
    assert line(plan, "BTCUSDT").action == action
    assert plan_of(rows, [short | {"MinNotional": 2_600.0}], events=events).trigger.kind == "NONE"


# --- rows that cannot trade ------------------------------------------------------------------------------------


def test_a_drifted_row_below_the_smallest_trade_does_not_trigger() -> None:
    """A review is due, A is 3 points out: with MinTrade of 400 there is no trigger, and its line says why."""
    rows = three(4_300.0, 2_850.0, 2_850.0, band=0.1)
    assert plan_of(rows, settings=REVIEW).trigger.kind == "TIME"
    plan = plan_of(rows, settings=REVIEW | {"MinTrade": 400.0})
    assert plan.trigger.kind == "NONE"
    reason = line(plan, "A").reason
    assert "3.00 points above the target of 40.00 %, not beyond the band of 10.00 points" in reason
    assert "cannot be sold: 300.00 is below the smallest trade, MinTrade 400.00" in reason


def test_the_smallest_trade_is_that_of_the_order_that_trim_to_asks_for() -> None:
    """B is 6 points over a band of 5: 600 down to its target, 100 down to its edge, and MinTrade is 150."""
    rows = three(3_900.0, 3_600.0, 2_500.0)
    settings = {"MinTrade": 150.0, "FundFrom": "none"}
    assert plan_of(rows, settings=settings).trigger.kind == "THRESHOLD"
    plan = plan_of(rows, settings=settings | {"TrimTo": "edge"})
    assert plan.trigger.kind == "NONE"
    assert plan.trigger.reasons[0].startswith("nothing outside its band can be traded (B)")


def test_a_value_whose_units_are_locked_cannot_be_sold() -> None:
    """A row that keeps a Value alone and locks 5 units: how much of it is free is not known, so none is sold."""
    rows = [
        {"Asset": "BTC", "Value": 7_000.0, "Target": 0.5, "Band": 0.05, "Locked": 5.0},
        {"Asset": "ETH", "Value": 3_000.0, "Target": 0.5, "Band": 0.5},
    ]
    book = as_values(rows, ["Asset", "Value", "Target", "Band", "Locked"])
    assert actions.plan(book).trigger.kind == "NONE"


def test_of_several_rows_one_that_can_sell_is_enough() -> None:
    """The larger row of BTC has a minimum of 5,000, the smaller one none: it gives the 1,500 that it has."""
    rows = [
        unit("BTC", 5.0, 1_000.0, 0.4, 0.05, Venue="a", MinNotional=5_000.0),
        unit("BTC", 1.5, 1_000.0, None, Venue="b"),
        spot("ETH", 3_500.0, 0.5, 0.5),
    ]
    plan = plan_of(rows)
    assert plan.trigger.kind == "THRESHOLD"
    assert [(each.venue, each.amount) for each in plan.trades if each.action == "SELL"] == [("b", approx(1_500.0))]


@pytest.mark.parametrize("first", [{"MinNotional": 5_000.0}, {"Lot": 9.0}])
@pytest.mark.parametrize("cash", ["a", "b"])
def test_of_several_rows_one_that_can_buy_is_enough(first: dict[str, Any], cash: str) -> None:
    """An order of 1,000 is too small for the first row of BTC and not for the second: it is bought there."""
    rows = [
        unit("BTC", 2.0, 1_000.0, 0.4, 0.05, Venue="a", **first),
        unit("BTC", 1.0, 1_000.0, None, Venue="b"),
        spot("ETH", 5_000.0, 0.5, 0.5),
        {**stable(2_000.0, 0.1), "Venue": cash},
    ]
    plan = plan_of(rows)
    assert plan.trigger.kind == "THRESHOLD"
    assert [(each.venue, each.amount) for each in plan.trades if each.action == "BUY"] == [("b", approx(1_000.0))]


def test_a_sale_of_all_sells_the_units_that_are_held() -> None:
    """0.7 at 3.1 are worth 2.1700000000000004; divided by the price they would be another number."""
    held = next(units / 10.0 for units in range(1, 999) if (units / 10.0 * 3.1) / 3.1 != units / 10.0)
    plan = plan_of([unit("BTC", held, 3.1, 0.0), spot("ETH", held * 10.0, 1.0, 0.9)])
    assert line(plan, "BTC").quantity == held


def test_a_locked_row_says_that_it_is_locked() -> None:
    """Inside its band as well as beyond it."""
    for value in (5_100.0, 8_000.0):
        rows = [spot("BTC", value, 0.5, 0.05, Locked="yes"), spot("ETH", 5_000.0, 0.5, 0.9)]
        assert line(plan_of(rows), "BTC").reason.startswith("locked")


# --- reviews ---------------------------------------------------------------------------------------------------


def test_a_review_acts_beside_a_row_that_is_beyond_its_band() -> None:
    """In whatever order they stand: SOL is beyond its band, and BTC beyond ReviewDrift."""
    rows = [
        spot("SOL", 2_600.0, 0.20, 0.05),
        spot("BTC", 4_400.0, 0.40, 0.10),
        spot("ADA", 3_000.0, 0.35, 0.10),
    ]
    for each in (rows, rows[::-1]):
        plan = plan_of(each, settings=REVIEW | {"FundFrom": "none"})
        sold = {asset: money for asset, (action, money) in amounts(plan).items() if action == "SELL"}
        assert sold == {"SOL": 600.0, "BTC": 400.0}


def test_a_review_trades_to_the_edge_of_review_drift() -> None:
    """TrimTo edge: A is 4 points above its target, inside its band of 10, and comes down to 42 %."""
    rows = three(4_400.0, 2_800.0, 2_800.0, band=0.1)
    plan = plan_of(rows, settings=REVIEW | {"TrimTo": "edge", "BuyScope": "breaching"})
    assert amounts(plan)["A"] == ("SELL", 200.0)


def test_a_row_beyond_its_band_keeps_its_band_in_a_review() -> None:
    """TrimTo edge: A is 8 points above its target and comes down to the 45 % of its band, a review or none."""
    rows = three(4_800.0, 2_600.0, 2_600.0)
    for settings in ({}, REVIEW):
        plan = plan_of(rows, settings={"TrimTo": "edge", "FundFrom": "none", **settings})
        assert amounts(plan)["A"] == ("SELL", 300.0)


def test_a_row_beyond_its_band_and_too_small_to_trade_may_act_on_a_review() -> None:
    """TrimTo edge: 100 down to its band are below MinTrade of 150, the 400 down to ReviewDrift are not."""
    rows = three(4_600.0, 2_700.0, 2_700.0)
    settings = {"TrimTo": "edge", "MinTrade": 150.0, "BuyScope": "breaching"}
    assert plan_of(rows, settings=settings).trigger.kind == "NONE"
    plan = plan_of(rows, settings=settings | REVIEW)
    assert plan.trigger.kind == "TIME"
    assert amounts(plan)["A"] == ("SELL", 400.0)


def test_record_sets_last_review_whatever_the_trigger_was() -> None:
    """A review is due and an event or a band trades: it is carried out all the same, and LastReview is the day."""
    for events in ([], [{"Scope": "A", "Action": "EXIT", "Start": DAY}]):
        book = workbook(three(4_800.0, 2_600.0, 2_600.0), settings=REVIEW, events=events)
        assert actions.rebalance(book).trigger.kind == ("EVENT" if events else "THRESHOLD")
        actions.record(book)
        assert to_serial(book.settings["LastReview"]) == to_serial(DAY)


def test_a_walk_sets_last_review_where_record_does() -> None:
    """A due review sets it, with and without a trade; a trade alone does not, but starts the cooldown."""
    day, before = to_serial(DAY), to_serial(dt.date(2026, 9, 25))
    quiet, loud = three(4_000.0, 3_000.0, 3_000.0), three(4_800.0, 2_600.0, 2_600.0)
    for rows, settings, review, execution in (
        (quiet, REVIEW, day, None),
        (loud, REVIEW, day, day),
        (loud, REVIEW | {"LastReview": dt.date(2026, 9, 25)}, before, day),
        (quiet, REVIEW | {"LastReview": dt.date(2026, 9, 25)}, before, None),
    ):
        book = read_book(workbook(rows, settings=settings))
        after = carry_out(book, decide(book))
        assert (after.settings.last_review, after.last_execution) == (review, execution)


def test_on_review_drift_is_not_beyond_it() -> None:
    """2 points of drift are no reason in a review at ReviewDrift of 2 points, a hundredth of a point more is."""
    for a, kind in ((4_200.0, "NONE"), (4_201.0, "TIME")):
        rows = three(a, 3_000.0 - (a - 4_000.0) / 2, 3_000.0 - (a - 4_000.0) / 2, band=0.1)
        assert plan_of(rows, settings=REVIEW).trigger.kind == kind


def test_the_cooldown_counts_from_the_last_trade_that_was_recorded() -> None:
    """Of three executions the last that moved money: reviews without a trade and plans start none."""
    book = workbook(three(4_800.0, 2_600.0, 2_600.0), settings={"Cooldown": 10.0})
    header = book.tables["Journal"][0]

    def entry(days: int, sold: float, what: str = "EXECUTION") -> list[Any]:
        money = {"Sold": sold, "Bought": 0.0, "Margin": 0.0, "Fees": 0.0}
        cells = {"Date": DAY - dt.timedelta(days=days), "Entry": what, **money}
        return [cells.get(name) for name in header]

    book.tables["Journal"] += [entry(8, 100.0), entry(30, 100.0), entry(2, 0.0), entry(1, 100.0, "PLAN")]
    assert actions.plan(book).trigger.reasons == ("in the cooldown for another 2 days: only events count",)
    assert read_book(book).last_execution == to_serial(DAY) - 8.0


def test_nothing_is_recorded_where_no_plan_was_written() -> None:
    """A review is due, but Rebalance has not been pressed."""
    book = workbook(three(4_000.0, 3_000.0, 3_000.0), settings=REVIEW)
    with pytest.raises(BookError, match="holds nothing to record: press Rebalance first"):
        actions.record(book)
    actions.rebalance(book)
    actions.record(book)


# --- money -----------------------------------------------------------------------------------------------------


def test_what_is_spent_leaves_reserve_min_after_fees() -> None:
    """Fees of 1 %: of 3,000 in USDT so much is spent that 10 % of what is left of the book stay."""
    rows = [spot("BTC", 7_000.0, 0.95, 0.05, Venue="a"), stable(3_000.0, Venue="a")]
    settings = {"ReserveMin": 0.1, "ReserveMax": 0.05}
    plan = plan_of(rows, settings={"ReserveMin": 0.1, "ReserveMax": 0.1}, venues=[{"Venue": "a", "SpotFee": 0.01}])
    assert line(plan, "USDT").weight_after == approx(0.1, abs=1e-12)
    with pytest.raises(BookError, match="ReserveMin"):
        plan_of(rows, settings=settings)


def test_a_stable_row_below_its_band_is_paid_for() -> None:
    """USDT is 5 points below its target, its band is 2: what stands above its target pays, measured after fees."""
    rows = [
        spot("BTC", 5_300.0, 0.5, 0.1, Venue="a"),
        spot("ETH", 3_200.0, 0.3, 0.1, Venue="a"),
        stable(1_500.0, 0.2, 0.02, Venue="a"),
    ]
    assert amounts(plan_of(rows)) == {"BTC": ("SELL", 300.0), "ETH": ("SELL", 200.0)}
    plan = plan_of(rows, venues=[{"Venue": "a", "SpotFee": 0.001}], settings={"TrimTo": "edge"})
    fees = plan.totals.fees
    kept = (line(plan, "USDT").weight_after or 0.0) * plan.totals.value_after
    assert kept == approx(max(0.18 * (10_000.0 - fees), 0.18 * (10_000.0 - fees) - fees))


def test_the_excess_that_counts_is_that_of_the_weight() -> None:
    """B stands 3 points above 50 %, C 2 above 10 %: A's 200 come from B, though C is further out by its share."""
    rows = [
        spot("A", 3_500.0, 0.4, 0.03, Price=1.0),
        spot("B", 5_300.0, 0.5, 0.1, Price=1.0),
        spot("C", 1_200.0, 0.1, 0.1, Price=1.0),
    ]
    assert amounts(plan_of(rows, settings={"TrimTo": "edge"})) == {"B": ("SELL", 200.0), "A": ("BUY", 200.0)}


def test_equal_excesses_pay_in_the_order_of_the_table() -> None:
    """B and C stand 3 points above their targets, and A lacks 200 up to its edge: the upper one of them pays."""
    rows = three(3_400.0, 3_300.0, 3_300.0, band=0.04)
    assert amounts(plan_of(rows, settings={"TrimTo": "edge"})) == {"B": ("SELL", 200.0), "A": ("BUY", 200.0)}
    turned = [rows[2], rows[0], rows[1]]
    assert amounts(plan_of(turned, settings={"TrimTo": "edge"})) == {"C": ("SELL", 200.0), "A": ("BUY", 200.0)}


def test_merely_underweight_rows_get_nothing_of_what_is_raised() -> None:
    """A is below its band, D below its target: what B sells is for A alone."""
    rows = [
        spot("A", 3_300.0, 0.4, 0.05, Price=1.0),
        spot("D", 800.0, 0.1, 0.05, Price=1.0),
        spot("B", 5_900.0, 0.5, 0.1, Price=1.0),
    ]
    assert amounts(plan_of(rows)) == {"B": ("SELL", 700.0), "A": ("BUY", 700.0)}


def test_margin_gets_nothing_of_what_is_raised() -> None:
    """The future lacks 500 of margin; what B sells for A is not posted."""
    future = perpetual("ETHUSDT", "ETH", "long", 100.0, Target=0.05, Priority=1)
    rows = three(3_400.0, 3_300.0, 3_300.0)
    assert amounts(plan_of(rows, [future])) == {"B": ("SELL", 300.0), "C": ("SELL", 300.0), "A": ("BUY", 600.0)}


def test_a_sale_is_rounded_up_only_where_the_row_stays_at_its_target() -> None:
    """A lacks 600, B has lots of 140: three of its 300 would take it below its target, so two are sold."""
    rows = three(3_400.0, 3_300.0, 3_300.0)
    rows[1]["Lot"] = 140.0
    assert amounts(plan_of(rows)) == {"C": ("SELL", 300.0), "B": ("SELL", 280.0), "A": ("BUY", 580.0)}


# --- words -----------------------------------------------------------------------------------------------------


def test_a_sale_names_the_rule_it_rests_on() -> None:
    """A sale that trims and pays names both, one that only pays names the row it pays for."""
    plan = plan_of(three(3_000.0, 3_900.0, 3_100.0), settings={"TrimTo": "edge"})
    assert amounts(plan) == {"B": ("SELL", 500.0), "A": ("BUY", 500.0)}
    assert "beyond the band of 5.00 points: sell down to 35.00 %; and 100.00 more for A" in line(plan, "B").reason
    plan = plan_of(three(3_400.0, 3_300.0, 3_300.0))
    assert line(plan, "C").reason.endswith(
        "not beyond the band of 5.00 points: sells what stands above its target, for A"
    )
    review = plan_of(three(4_400.0, 2_800.0, 2_800.0, band=0.1), settings=REVIEW)
    assert "beyond ReviewDrift of 2.00 points: sell down to 40.00 %" in line(review, "A").reason
    long = perpetual("AUSDT", "A", "long", 1.0, Quantity=10.0, EntryPrice=1.0, Margin=10.0)
    events = [{"Scope": "A", "Action": "EXIT", "Start": DAY, "Note": "hacked"}]
    plan = plan_of(three(4_000.0, 3_000.0, 3_000.0), [long], events=events)
    assert line(plan, "A").reason.startswith("EXIT event for A (hacked): sell down to 0.00 %")
    assert line(plan, "AUSDT").reason.startswith("EXIT event for A: close the position")


def test_crumbs_are_noted_where_reserve_min_keeps_money_and_there_is_no_reserve_max() -> None:
    """A stays below its band for want of money: a note names MinTrade and ReserveMax, and is gone where it helps."""
    rows = [*three(3_000.0, 2_600.0, 2_600.0, Venue="a"), stable(1_800.0)]
    rows[2]["Target"] = 0.25
    settings: dict[str, Any] = {"ReserveMin": 0.05, "FundFrom": "none"}

    def crumbs(**more: Any) -> list[str]:
        plan = plan_of(rows, settings=settings | more)
        return [note for note in plan.notes if "crumbs" in note]

    (note,) = crumbs()
    assert note.startswith("A stays below its band because ReserveMin keeps stablecoins and there is no ReserveMax")
    assert "MinTrade keeps out small trades, ReserveMax frees what is above it" in note
    assert crumbs(ReserveMax=0.05) == crumbs(ReserveMax=0.2) == []
    assert crumbs(ReserveMin=None) == []
    assert crumbs(FundFrom="overweight", ReserveMin=0.05) == [note]
