"""Who acts and who pays, to the number: worked plans of 10,000 with targets of 40, 30 and 30 %."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from rebalance_xl.book import actions
from rebalance_xl.book.model import Book, read_book
from rebalance_xl.book.plan_data import Plan
from rebalance_xl.book.walk import carry_out, decide, with_prices
from tests.book.books import DAY, amounts, perpetual, plan_of, spot, stable, workbook

approx = pytest.approx


def rows(
    a: float, b: float, c: float, lots: tuple[Any, Any, Any] = (None, None, None), **more: Any
) -> list[dict[str, Any]]:
    """Return A, B and C at a price of 1 at one venue."""
    values = ((a, 0.4), (b, 0.3), (c, 0.3))
    return [
        spot(name, 100.0 * value, target, 0.05, Price=1.0, Venue="V", Lot=lot) | more
        for name, (value, target), lot in zip("ABC", values, lots, strict=True)
    ]


def plan(portfolio: list[dict[str, Any]], fee: float = 0.001, **settings: Any) -> Plan:
    """Return the plan of a book with one venue."""
    return plan_of(portfolio, settings=settings, venues=[{"Venue": "V", "SpotFee": fee}])


def lines(found: Plan) -> dict[str, float]:
    """Return what trades: sold negative, bought positive."""
    return {line.asset: line.amount if line.action == "BUY" else -line.amount for line in found.trades}


CASH = {**stable(150.0), "Venue": "V"}
REVIEW = {"ReviewFrequency": "monthly", "LastReview": dt.date(2026, 8, 1), "ReviewDrift": 0.02}


@pytest.mark.parametrize(
    "portfolio, fee, settings, wanted, fees",
    [
        (rows(34, 33, 33), 0.0, {}, {"B": -300.0, "C": -300.0, "A": 600.0}, 0.0),
        (rows(34, 33, 33), 0.001, {}, {"B": -300.0, "C": -300.0, "A": 598.8011988}, 1.1988012),
        (rows(34, 33, 33), 0.001, {"TrimTo": "midpoint"}, {"B": -300.0, "C": -50.0, "A": 349.3006993}, 0.6993007),
        (rows(34, 33, 33), 0.001, {"TrimTo": "edge"}, {"B": -100.1300390, "A": 99.9299790}, 0.2000600),
        (rows(34, 33, 33), 0.001, {"TrimTo": "edge", "MinTrade": 150.0}, {}, 0.0),
        (rows(30, 39, 31), 0.001, {"TrimTo": "edge"}, {"B": -500.6501951, "A": 499.6498950}, 1.0003001),
        (
            [*rows(34, 33, 33), CASH],
            0.001,
            {"ReserveMax": 0.0},
            {"B": -255.0, "C": -255.0, "A": 658.8311688},
            1.1688312,
        ),
        (rows(34, 33, 33, (100.0, 70.0, None)), 0.001, {}, {"B": -280.0, "C": -221.0010010, "A": 500.0}, 1.0010010),
        (rows(34, 33, 33), 0.001, {"TurnoverCap": 0.04}, {"B": -300.0, "C": -100.0, "A": 399.2007992}, 0.7992008),
        (rows(37, 31.5, 31.5), 0.001, REVIEW, {"B": -150.0, "C": -150.0, "A": 299.4005994}, 0.5994006),
    ],
)
def test_worked_plans(
    portfolio: list[dict[str, Any]], fee: float, settings: dict[str, Any], wanted: dict[str, float], fees: float
) -> None:
    """A row below its band is paid for by rows above their target, the largest excess first, never below the target."""
    found = plan(portfolio, fee, **settings)
    assert lines(found) == approx(wanted, abs=5e-8)
    assert (found.trigger.kind == "NONE") is not bool(wanted)
    assert found.totals.fees == approx(fees, abs=5e-8)
    assert found.totals.check == 0.0


def test_a_row_below_acts_also_without_money() -> None:
    """FundFrom none: THRESHOLD, nothing traded, nothing to record."""
    found = plan(rows(34, 33, 33), FundFrom="none")
    assert found.trigger.kind == "THRESHOLD"
    assert found.nothing_to_do


def test_payers_keep_what_fees_alone_may_have_left() -> None:
    """An excess of no more than twice the fee on the target is no excess."""
    found = plan(rows(34, 30.06, 35.94), BuyScope="breaching", TrimTo="edge")
    assert "B" not in lines(found)
    assert lines(found)["C"] < 0


def test_a_row_that_an_event_names_neither_pays_nor_is_bought() -> None:
    """HOLD on B: C alone pays for A."""
    events = [{"Scope": "B", "Action": "HOLD", "Start": dt.date(2026, 9, 1)}]
    found = plan_of(rows(34, 33, 33), events=events, venues=[{"Venue": "V"}])
    assert lines(found) == approx({"C": -300.0, "A": 300.0})


def test_a_locked_row_pays_with_its_free_units_only() -> None:
    """3,200 of B's 3,300 units are locked: it pays 100, and C the rest it has."""
    portfolio = rows(34, 33, 33)
    portfolio[1]["Locked"] = 3_200.0
    assert lines(plan(portfolio, 0.0)) == approx({"B": -100.0, "C": -300.0, "A": 400.0})


def test_the_cooldown_stops_everything_but_events() -> None:
    """Neither bands, reviews, closes nor reductions act in it."""
    row = perpetual("AUSDT", "A", "long", 1.0, Quantity=100.0, EntryPrice=1.0, Margin=100.0, Target=0.0)
    book = workbook(rows(34, 33, 33), [row], {"Cooldown": 7, **REVIEW})
    book.append_row("Journal", {"Date": DAY - dt.timedelta(days=3), "Entry": "EXECUTION"})
    decision = decide(read_book(book))
    assert (decision.trigger, decision.trades, decision.review) == ("NONE", False, False)


def test_a_stable_row_triggers_only_with_a_band() -> None:
    """Without one its difference from the target waits for the next trigger; a band of 0 counts as one."""
    portfolio = [spot("A", 8000.0, 0.8, 0.1), stable(2000.0, 0.1)]
    assert plan_of(portfolio).trigger.kind == "NONE"
    portfolio[1]["Band"] = 0.0
    assert plan_of(portfolio).trigger.kind == "THRESHOLD"


def test_buy_scope_breaching_counts_rows_under_their_band_and_drifted_ones_on_a_review() -> None:
    """B is over; A is under by 3 points, inside its band: bought only on a review with ReviewDrift 2."""
    portfolio = rows(37, 40, 23)
    without = plan(portfolio, 0.0, BuyScope="breaching")
    assert "A" not in lines(without)
    assert lines(plan(portfolio, 0.0, BuyScope="breaching", **REVIEW))["A"] == approx(300.0)


def test_turnover_cap_cuts_trims_before_anybody_pays() -> None:
    """Trims come first under the cap; what they leave of it pays for the row below."""
    found = plan(rows(30, 39, 31), 0.0, TurnoverCap=0.1)
    assert lines(found) == approx({"B": -900.0, "C": -100.0, "A": 1000.0})


# --- REDUCE ----------------------------------------------------------------------------------------------------


def long_future(**more: Any) -> dict[str, Any]:
    """Return an open long of 30 A at 100, margin 1,000, now worth more."""
    return perpetual(
        "AUSDT", "A", "long", 150.0, Quantity=30.0, EntryPrice=100.0, Margin=1_000.0, Leverage=3.0, Target=0.1, **more
    )


def test_equity_beyond_target_and_band_is_reduced() -> None:
    """Equity 2,500 of 10,000 against 10 % and 5 points: 60 % is closed; margin, size and profit fall by the share."""
    portfolio = [spot("A", 4500.0, 0.45, 0.2, Price=150.0), stable(3000.0)]
    found = plan_of(portfolio, [long_future(Band=0.05)])
    (reduce,) = found.trades
    assert reduce.action == "REDUCE"
    assert reduce.quantity == approx(18.0)
    assert reduce.amount == approx(1_500.0)
    assert reduce.realised_gain == approx(900.0)
    midpoint = plan_of(portfolio, [long_future(Band=0.05)], {"TrimTo": "midpoint"}).trades[0]
    assert midpoint.amount == approx(2_500.0 - 1_250.0)


def test_a_position_reduced_to_its_edge_is_inside_it_after_fees() -> None:
    """TrimTo edge, 1 % of fee: the equity left is 15 % of the value after fees, so the next plan reduces nothing."""
    portfolio = [spot("A", 4500.0, 0.45, 0.2, Price=150.0), stable(3000.0)]
    book = workbook(
        portfolio, [long_future(Band=0.05, Venue="V")], {"TrimTo": "edge"}, venues=[{"Venue": "V", "FuturesFee": 0.01}]
    )
    found = actions.rebalance(book)
    (reduce,) = found.trades
    assert 2_500.0 - reduce.amount == approx(0.15 * found.totals.value_after)
    actions.record(book)
    assert actions.plan(book).nothing_to_do


def test_a_reduction_too_small_to_trade_is_no_trigger() -> None:
    """To the midpoint half of a notional of 4,500 is closed: MinTrade of 3,000 forbids it, 2,000 does not."""
    portfolio = [spot("A", 4500.0, 0.45, 0.2, Price=150.0), stable(3000.0)]
    futures, settings = [long_future(Band=0.05)], {"TrimTo": "midpoint"}
    assert plan_of(portfolio, futures, settings | {"MinTrade": 3_000.0}).trigger.kind == "NONE"
    assert plan_of(portfolio, futures, settings | {"MinTrade": 2_000.0}).trigger.kind == "THRESHOLD"


def test_without_a_band_nothing_is_reduced() -> None:
    """A blank Band means never."""
    portfolio = [spot("A", 4500.0, 0.45, 0.2, Price=150.0), stable(3000.0)]
    assert plan_of(portfolio, [long_future()]).nothing_to_do
    assert plan_of(portfolio, [long_future(Band=0.2)]).nothing_to_do


def test_a_margin_need_with_a_band_counts_the_equity() -> None:
    """Margin 1,000 is below the target of 1,500, but the equity has reached it: nothing is posted."""
    portfolio = [spot("A", 6000.0, 0.4, 0.05, Price=150.0), stable(1500.0, 0.1)]
    with_band = plan_of(portfolio, [long_future(Band=0.2) | {"Target": 0.15}])
    assert "AUSDT" not in [each.asset for each in with_band.trades]
    without = plan_of(portfolio, [long_future() | {"Target": 0.15}])
    assert "AUSDT" in [each.asset for each in without.trades]


# --- from book to book -----------------------------------------------------------------------------------------


def walked(book: Book, closes: list[dict[str, float]]) -> list[tuple[str, bool]]:
    """Return the trigger of each day and whether it traded."""
    found = []
    for number, prices in enumerate(closes):
        by_row = {row.row: prices[row.asset] for row in book.holdings if row.asset in prices}
        book = with_prices(book, by_row, as_of=(book.as_of or 0.0) + (1 if number else 0))
        decision = decide(book)
        found.append((decision.trigger, decision.trades))
        book = carry_out(book, decision)
        assert decide(book).trades is False
    return found


def test_a_walk_makes_no_idle_plan() -> None:
    """Five years of five assets: every day that triggers trades, and the recorded book plans to nothing."""
    import random

    random.seed(20260930)
    assets = ["A", "B", "C", "D", "E"]
    portfolio = [spot(asset, 2000.0, 0.18, 0.04, Price=100.0, Venue="V") for asset in assets]
    portfolio.append({**stable(1000.0), "Venue": "V"})
    book = read_book(workbook(portfolio, settings={"ReserveMax": 0.1}, venues=[{"Venue": "V", "SpotFee": 0.001}]))
    prices = dict.fromkeys(assets, 100.0)
    closes = []
    for _ in range(1826):
        prices = {asset: price * (1 + random.gauss(0.0003, 0.04)) for asset, price in prices.items()}
        closes.append(prices)
    days = walked(book, closes)
    assert sum(1 for kind, _ in days if kind == "THRESHOLD") > 40
    assert all(traded for kind, traded in days if kind != "NONE")


def test_a_locked_row_below_its_band_is_no_trigger_but_is_bought() -> None:
    """Locked yes: it never triggers; when another row frees money, it still gets its share."""
    portfolio = rows(30, 34, 36)
    portfolio[0]["Locked"] = "yes"
    assert plan(portfolio, 0.0, ReviewDrift=0.5).trigger.kind == "THRESHOLD"
    portfolio = rows(32, 34, 34)
    portfolio[0]["Locked"] = "yes"
    assert plan(portfolio, 0.0).trigger.kind == "NONE"


def test_reserve_max_counts_what_targets_free_only_once() -> None:
    """USDC is 500 above its target; of 2,500 in all 1,000 may stay, so 1,500 are spent: 500 of it and 1,000 of USDT."""
    money = [
        {**stable(1_000.0, 0.05), "Asset": "USDC", "Venue": "V"},
        {**stable(1_500.0), "Venue": "V"},
    ]
    portfolio = [spot("A", 4_000.0, 0.6, 0.05, Venue="V"), spot("B", 3_500.0, 0.3, 0.1, Venue="V"), *money]
    found = plan(portfolio, 0.0, ReserveMax=0.1)
    assert found.totals.cash_used == approx(1_500.0)
    assert found.cash == approx({"USDC": -500.0, "USDT": -1_000.0})


def test_cash_is_spent_before_proceeds() -> None:
    """500 of cash above its target and 1,300 of proceeds for a need of 900: the cash goes first."""
    portfolio = [
        spot("A", 4_100.0, 0.5, 0.2, Venue="V"),
        spot("B", 4_300.0, 0.3, 0.05, Venue="V"),
        {**stable(1_600.0, 0.11), "Venue": "V"},
    ]
    found = plan(portfolio, 0.0)
    assert found.totals.cash_used == approx(500.0)
    assert found.totals.left_over == approx(900.0)


def test_reserve_min_is_taken_off_once() -> None:
    """Of 2,000 in stablecoins 1,000 are above ReserveMax; ReserveMin of 800 does not keep more."""
    portfolio = [
        spot("A", 3_000.0, 0.6, 0.05, Venue="V"),
        spot("B", 5_000.0, None, Venue="V"),
        CASH | {"Quantity": 2_000.0},
    ]
    found = plan(portfolio, 0.0, ReserveMax=0.1, ReserveMin=0.08)
    assert found.totals.cash_used == approx(1_000.0)


def test_equity_on_the_edge_of_its_band_is_not_reduced() -> None:
    """15 % against 10 % and 5 points, exactly: no reason to act, whatever binary arithmetic leaves."""
    row = perpetual(
        "AUSDT",
        "A",
        "long",
        100.0,
        Quantity=30.0,
        EntryPrice=100.0,
        Margin=1_500.0,
        Leverage=3.0,
        Target=0.1,
        Band=0.05,
    )
    assert plan_of([spot("A", 5_500.0, 0.55, 0.2), stable(3_000.0)], [row]).nothing_to_do
    assert not plan_of([spot("A", 5_500.0, 0.55, 0.2), stable(2_990.0)], [row]).nothing_to_do


@pytest.mark.parametrize(
    "a, kind", [(5_500.0, "NONE"), (4_500.0, "NONE"), (5_501.0, "THRESHOLD"), (4_499.0, "THRESHOLD")]
)
def test_a_weight_on_the_edge_of_its_band_is_inside_it(a: float, kind: str) -> None:
    """55 % and 45 % against 50 % and 5 points are no reason to act, a hundredth of a point more is."""
    rows = [spot("A", a, 0.5, 0.05), spot("B", 10_000.0 - a, None)]
    assert plan_of(rows).trigger.kind == kind


def test_what_fees_may_have_left_does_not_pay() -> None:
    """B stands 5 above its target of 3,000, less than twice the fee on it: A misses 5 and B keeps them."""
    found = plan(rows(34, 30.05, 35.95))
    assert set(lines(found)) == {"A", "C"}


def test_a_payer_is_rounded_up_to_the_lot_that_covers_the_need() -> None:
    """A lacks 100 up to its edge; two lots of 70 are sold of B, and 40 stay in stablecoins."""
    found = plan(rows(34, 33, 33, (None, 70.0, None)), 0.0, TrimTo="edge")
    assert lines(found) == approx({"B": -140.0, "A": 100.0})
    assert found.totals.left_over == approx(40.0)


def test_a_purchase_begun_with_cash_is_topped_up_by_less_than_its_minimum() -> None:
    """550 of cash buy A, whose smallest order is 100; the 50 that it still lacks are raised from B all the same."""
    rows = [spot("A", 3_400.0, 0.40, 0.05, MinNotional=100.0), spot("B", 3_600.0, 0.30, 0.10), stable(3_000.0, 0.245)]
    assert amounts(plan_of(rows)) == {"A": ("BUY", 600.0), "B": ("SELL", 50.0)}


def test_the_largest_excess_pays_first_not_the_largest_row() -> None:
    """B is the larger row, C stands further above its target: A's 100 up to its lower edge come from C."""
    rows = [
        spot("A", 2_400.0, 0.30, 0.05),
        spot("B", 4_300.0, 0.40, 0.10),
        spot("C", 2_500.0, 0.20, 0.10),
        spot("D", 800.0, None),
    ]
    assert amounts(plan_of(rows, settings={"TrimTo": "edge"})) == {"A": ("BUY", 100.0), "C": ("SELL", 100.0)}


def test_what_a_trim_has_sold_no_longer_counts_as_a_payers_excess() -> None:
    """B's trim to 35 % leaves it 5 points above its target, C stands 8 above: the 600 that A still lacks are C's."""
    rows = [
        spot("A", 1_200.0, 0.30, 0.05),
        spot("B", 4_200.0, 0.30, 0.05),
        spot("C", 2_800.0, 0.20, 0.10),
        spot("D", 1_800.0, None),
    ]
    wanted = {"A": ("BUY", 1_300.0), "B": ("SELL", 700.0), "C": ("SELL", 600.0)}
    assert amounts(plan_of(rows, settings={"TrimTo": "edge"})) == wanted
