"""Two legs are one position: opened, reduced and closed together; coin margin is part of what it hedges."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from rebalance_xl.book import actions
from rebalance_xl.book.memory import MemoryWorkbook
from rebalance_xl.book.model import read_book
from rebalance_xl.book.plan import make_plan
from rebalance_xl.book.plan_data import Line, Plan
from tests.book.books import DAY, amounts, perpetual, plan_of, spot, stable, workbook

approx = pytest.approx
FAR = dt.date(2027, 3, 26)


def line(plan: Plan, asset: str) -> Line:
    return next(each for each in plan.lines if each.asset == asset)


def legs(near: dict[str, Any] | None = None, far: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    """Return a spread on ETH: near long at 100, far short at 104, both at 5x."""
    both = {"Venue": "binance", "Leverage": 5.0, "Spread": "eth"}
    return [
        perpetual("NEAR", "ETH", "long", 100.0, **both | (near or {})),
        perpetual("FAR", "ETH", "short", 104.0, Expiry=FAR, **both | (far or {})),
    ]


def opened(near: dict[str, Any] | None = None, far: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    """Return the same spread with 10 ETH open on each side."""
    return legs(
        {"Quantity": 10.0, "EntryPrice": 100.0, "Margin": 200.0} | (near or {}),
        {"Quantity": 10.0, "EntryPrice": 104.0, "Margin": 208.0} | (far or {}),
    )


OVER = [spot("BTC", 6_000.0, 0.5, 0.05), stable(4_000.0, 0.4, 0.05, Venue="binance")]


def recorded(book: MemoryWorkbook) -> Plan:
    """Return the plan after the plan was recorded."""
    actions.rebalance(book)
    actions.record(book)
    return make_plan(read_book(book))


# --- spreads ---------------------------------------------------------------------------------------------------


def test_money_that_both_venues_could_have_is_spent_once() -> None:
    """1,000 at binance opens a leg there and one at bybit: together they post no more than there is."""
    rows = [spot("BTC", 9_000.0, 0.8, 0.05, Venue="binance"), stable(0.0, Venue="binance")]
    far = {"Venue": "bybit"}
    venues = [
        {"Venue": "binance", "FuturesFee": 0.0005, "WithdrawalFee": 1.0},
        {"Venue": "bybit", "FuturesFee": 0.0005},
    ]
    book = workbook(rows, legs({"Target": 0.5}, far), venues=venues)
    plan = actions.rebalance(book)
    near, far_leg = line(plan, "NEAR"), line(plan, "FAR")
    assert near.action == "OPEN LONG"
    assert near.quantity == approx(far_leg.quantity)
    spent = near.amount + near.fee + far_leg.amount + far_leg.fee + line(plan, "USDT").fee
    assert spent == approx(line(plan, "BTC").amount, abs=1e-6)
    assert plan.totals.left_over == approx(0.0, abs=1e-6)
    actions.record(book)


@pytest.mark.parametrize("near, far", [({"Priority": 1}, {}), ({}, {"Priority": 1})])
def test_the_priority_of_either_leg_is_that_of_both(near: dict[str, Any], far: dict[str, Any]) -> None:
    """With too little money both legs are filled before a purchase that comes later, whichever leg says so."""
    rows = [
        spot("BTC", 8_000.0, 0.7, 0.05, Venue="binance"),
        spot("SOL", 1_000.0, 0.3, 0.05, Venue="binance", Priority=2),
        stable(1_000.0, Venue="binance"),
    ]
    settings = {"DeployMethod": "priority"}
    plan = plan_of(rows, legs({"Target": 0.2} | near, far), settings=settings)
    assert line(plan, "NEAR").amount + line(plan, "FAR").amount == approx(1_000.0)
    assert line(plan, "SOL").action == "HOLD"
    assert line(plan_of(rows, legs({"Target": 0.2}), settings=settings), "SOL").action == "BUY"


@pytest.mark.parametrize("near, far", [({"Target": 0.0}, {}), ({}, {"Target": 0.0})])
def test_a_target_of_0_on_either_leg_closes_both(near: dict[str, Any], far: dict[str, Any]) -> None:
    """The Target is that of both legs, wherever it is typed: no leg is left alone."""
    plan = plan_of(OVER, opened(near, far))
    assert (line(plan, "NEAR").action, line(plan, "FAR").action) == ("CLOSE", "CLOSE")


def test_an_event_about_the_asset_raises_no_leg() -> None:
    """LONG, SHORT and HEDGE are views on ETH; a spread stands for none."""
    for action in ("LONG", "SHORT", "HEDGE"):
        events = [{"Scope": "ETH", "Action": action, "Start": DAY, "Level": 0.1}]
        plan = plan_of(OVER, legs({"Target": 0.0}), events=events)
        assert {line(plan, "NEAR").action, line(plan, "FAR").action} == {"HOLD"}, action


def test_hold_keeps_a_spread_as_it_is() -> None:
    """BTC frees money for both legs; while HOLD names their asset, neither is opened."""
    events = [{"Scope": "ETH", "Action": "HOLD", "Start": DAY}]
    without, held = plan_of(OVER, legs({"Target": 0.05})), plan_of(OVER, legs({"Target": 0.05}), events=events)
    assert (line(without, "NEAR").action, line(without, "FAR").action) == ("OPEN LONG", "OPEN SHORT")
    assert (line(held, "NEAR").action, line(held, "FAR").action) == ("HOLD", "HOLD")


def test_an_exit_closes_both_legs() -> None:
    """EXIT names the long leg; the short one goes with it."""
    plan = plan_of(OVER, opened({"Target": 0.05}), events=[{"Scope": "ETH", "Action": "EXIT", "Start": DAY}])
    assert (line(plan, "NEAR").action, line(plan, "FAR").action) == ("CLOSE", "CLOSE")
    assert plan.trigger.kind == "EVENT"


def test_both_legs_are_reduced_together() -> None:
    """Equity of 1,024 in a book of 11,024 against a Target of 5 %, a Band of 2 points and lots of 0.3 ETH."""
    band = {"Margin": 512.0, "Band": 0.02, "Lot": 0.3}
    plan = plan_of(OVER, opened(band | {"Target": 0.05}, {"Margin": 512.0, "Lot": 0.2}))
    near, far = line(plan, "NEAR"), line(plan, "FAR")
    assert (near.action, far.action) == ("REDUCE", "REDUCE")
    assert near.quantity == far.quantity == approx(4.2)  # 46.17 % of 10 is 4.617: the next whole lots of both
    assert "equity 9.29 % of the book is beyond Target 5.00 % and Band 2.00 points" in near.reason


def test_the_lots_of_reduced_legs_are_counted_in_coins() -> None:
    """Near contracts of 10 ETH at 1,000: 46.17 % of 10 ETH is 4.617 ETH, in lots of 0.3 and 0.2 ETH 4.2 ETH."""
    near = {"Quantity": 1.0, "EntryPrice": 1_000.0, "MarkPrice": 1_000.0, "ContractSize": 10.0, "Lot": 0.03}
    plan = plan_of(OVER, opened({"Margin": 512.0, "Band": 0.02, "Target": 0.05} | near, {"Margin": 512.0, "Lot": 0.2}))
    assert (line(plan, "NEAR").action, line(plan, "FAR").action) == ("REDUCE", "REDUCE")
    assert line(plan, "NEAR").quantity == approx(0.42)  # contracts of 10 ETH
    assert line(plan, "FAR").quantity == approx(4.2)


def test_a_leg_whose_other_leg_is_liquidated_is_not_reduced() -> None:
    """The short lost 260 on a margin of 208 and is gone: no part of the long is closed for its equity."""
    near = {"Margin": 1_200.0, "Band": 0.02, "Target": 0.05}
    plan = plan_of(OVER, opened(near, {"MarkPrice": 130.0}))
    assert line(plan, "FAR").reason.startswith("LIQUIDATED")
    assert line(plan, "NEAR").action == "HOLD"
    assert line(plan_of(OVER, opened(near)), "NEAR").action == "REDUCE"


@pytest.mark.parametrize(
    "side, mark, supported",
    [("short", 104.0, True), ("short", 96.0, False), ("long", 96.0, True), ("long", 104.0, False)],
)
def test_a_dear_near_leg_is_to_be_sold_and_a_cheap_one_bought(side: str, mark: float, supported: bool) -> None:
    """Closes of 99 and 101 against 100 twice: mean 0, deviation sqrt(4 / 3) %, so 4 % is sqrt(12) = 3.46 of them."""
    other = {"short": "long", "long": "short"}[side]
    days = [DAY - dt.timedelta(days=back) for back in (4, 3, 2, 1)]
    closes = [[day, near, 100.0] for day, near in zip(days, (99.0, 101.0, 99.0, 101.0), strict=True)]
    rows = opened({"Side": side, "MarkPrice": mark}, {"Side": other, "MarkPrice": 100.0})
    plan = plan_of(OVER, rows, prices=[["Date", "NEAR", "FAR"], *closes])
    (figures,) = plan.spreads
    assert figures.zscore == approx((12.0**0.5) * (1 if mark > 100.0 else -1))
    assert figures.supported is supported
    assert any("does not support these sides" in warning for warning in plan.warnings) is not supported


def test_a_leg_whose_other_leg_cannot_be_closed_stays() -> None:
    """Bybit does not let futures be traded: the leg at binance is not closed alone."""
    venues = [{"Venue": "binance"}, {"Venue": "bybit", "KYC": "spot"}]
    plan = plan_of(OVER, opened({"Target": 0.0}, {"Venue": "bybit"}), venues=venues)
    assert {line(plan, "NEAR").action, line(plan, "FAR").action} == {"HOLD"}
    assert "the other leg of the spread, FAR, cannot be closed: both or none" in line(plan, "NEAR").reason


# --- coin margin -----------------------------------------------------------------------------------------------


def inverse(**more: Any) -> dict[str, Any]:
    """Return a coin-margined short on BTC."""
    return perpetual("BTCUSD", "BTC", "short", 50_000.0, Venue="binance", Contract="inverse", **more)


def test_a_coin_margined_hedge_that_is_too_large_is_closed_to_its_size() -> None:
    """Short 1.5 BTC (60,000 at 40,000), margin 0.5, spot 0.75: closing a quarter leaves 1.125 short for 1.125 BTC."""
    short = inverse(Quantity=60_000.0, EntryPrice=40_000.0, Margin=0.5, HedgeRatio=1.0, Leverage=5.0)
    rows = [
        spot("BTC", 37_500.0, 0.6, 0.5, Price=50_000.0, Venue="binance"),
        spot("SOL", 20_000.0, 0.1, 0.05, Venue="binance"),
        stable(20_000.0, 0.1, 0.9, Venue="binance"),
    ]
    book = workbook(rows, [short])
    plan = actions.rebalance(book)
    assert line(plan, "BTCUSD").action == "CLOSE"
    assert line(plan, "BTCUSD").quantity == approx(15_000.0)
    (delta,) = plan.deltas
    assert delta.after == approx(0.0, abs=1e-9)
    actions.record(book)
    assert line(make_plan(read_book(book)), "BTCUSD").action == "HOLD"


def test_a_last_digit_of_a_hedge_is_not_closed() -> None:
    """BTC's short is too large by a millionth of a dollar, which is rounding: beside a sale nothing of it is closed."""
    short = perpetual("BTCUSDT", "BTC", "short", 100.0, EntryPrice=100.0, Margin=300.0, Leverage=10.0, HedgeRatio=0.5)
    rows = [spot("BTC", 6_000.0, None), spot("SOL", 2_000.0, 0.1, 0.05), stable(1_700.0, 0.1)]
    for more, wanted in ((1e-8, {"SOL"}), (1.0, {"SOL", "BTCUSDT"})):
        assert set(amounts(plan_of(rows, [short | {"Quantity": 30.0 + more}]))) == wanted


def test_coins_bought_as_margin_count_in_what_is_bought() -> None:
    """SOL is bought to its target together with the coins that its hedge needs: the next plan sells none of them."""
    rows = [
        spot("ADA", 9_000.0, 0.5, 0.05, Venue="binance"),
        spot("SOL", 0.0, 0.2, 0.02, Price=100.0, Venue="kraken"),
        stable(1_000.0, 0.1, 0.5, Venue="binance"),
    ]
    short = perpetual(
        "SOLUSD", "SOL", "short", 100.0, Venue="binance", Contract="inverse", HedgeRatio=1.0, Leverage=2.0
    )
    book = workbook(rows, [short])
    again = recorded(book)
    assert again.nothing_to_do, amounts(again)
    held = [each for each in read_book(book).holdings if each.asset == "SOL"]
    (position,) = read_book(book).positions
    assert (held[0].quantity or 0.0) + position.margin == approx(20.0)


def test_released_coins_count_in_what_is_trimmed() -> None:
    """The margin of an expired hedge leaves BTC: the trim takes that much less."""
    old = inverse(
        Quantity=5_000.0, EntryPrice=50_000.0, Margin=0.1, HedgeRatio=1.0, Expiry=dt.date(2026, 9, 1), Leverage=1.0
    )
    rows = [spot("BTC", 70_000.0, 0.5, 0.05, Price=50_000.0, Venue="binance"), spot("ETH", 25_000.0, 0.5, 0.3)]
    plan = plan_of(rows, [old])
    assert line(plan, "BTC").amount == approx(20_000.0)  # 75,000 with the margin, of 100,000; 70,000 without


def test_an_asset_that_a_closed_hedge_leaves_short_is_bought_at_once() -> None:
    """SOL is over its target only by the margin of a hedge whose ratio is 0 now: it is not trimmed, but filled."""
    old = perpetual(
        "SOLUSD", "SOL", "short", 100.0, Venue="binance", Contract="inverse", Quantity=1_000.0, EntryPrice=100.0,
        Margin=12.0, HedgeRatio=0.0, Leverage=1.0,
    )  # fmt: skip
    rows = [
        spot("ETH", 7_000.0, 0.5, 0.05, Venue="binance"),
        spot("SOL", 800.0, 0.15, 0.02, Price=100.0, Venue="binance"),
        stable(1_000.0, 0.35, 0.9, Venue="binance"),
    ]
    book = workbook(rows, [old])
    plan = actions.rebalance(book)
    assert line(plan, "SOL").action == "BUY"
    assert line(plan, "SOL").amount == approx(700.0)
    actions.record(book)
    assert make_plan(read_book(book)).nothing_to_do


# --- margin in danger, and slivers -----------------------------------------------------------------------------


def test_margin_that_is_added_counts_in_the_target() -> None:
    """MarginTopUp brings the margin beyond its target: nothing is opened on top, and the next plan is quiet."""
    short = perpetual(
        "ADAUSDT", "ADA", "short", 0.5, Venue="binance", Quantity=2_000.0, EntryPrice=0.5, Margin=20.0, Leverage=10.0,
        Target=0.01,
    )  # fmt: skip
    book = workbook([spot("BTC", 6_000.0, 0.5, 0.05), stable(4_000.0, Venue="binance")], [short], {"MarginTopUp": 0.12})
    book.tables["MarginTiers"] = [
        ["Venue", "Symbol", "Floor", "Cap", "MaxLeverage", "Rate", "Amount"],
        ["binance", "ADAUSDT", 0.0, None, 50.0, 0.005, 0.0],
    ]
    plan = actions.rebalance(book)
    mine = [each for each in plan.lines if each.asset == "ADAUSDT"]
    assert [each.action for each in mine] == ["ADD MARGIN"]
    assert mine[0].amount + 20.0 > 0.01 * plan.totals.value
    actions.record(book)
    after = [each.action for each in make_plan(read_book(book)).trades if each.asset == "ADAUSDT"]
    assert after == []


def test_a_last_digit_of_free_units_is_no_order() -> None:
    """What a sale of all free units leaves above the locked ones is nothing that could be sold."""
    rows = [
        spot("BTC", 0.0, 0.0, Price=50_000.0, Venue="binance"),
        {"Asset": "BTC", "Quantity": 0.0537140713949712, "Price": 50_000.0, "Locked": 0.05371407139497119},
        stable(1_000.0, 0.5, 0.5, Venue="binance"),
    ]
    plan = plan_of(rows)
    assert plan.trades == ()


def test_a_last_digit_of_a_debt_is_none() -> None:
    """A payment of the whole debt may leave 1e-14: nothing is moved for it."""
    rows = [
        spot("BTC", 6_000.0, 0.5, 0.2),
        {**stable(-1e-12), "Venue": "binance"},
        {**stable(4_000.0), "Venue": "kraken"},
    ]
    venues = [{"Venue": "binance"}, {"Venue": "kraken", "WithdrawalFee": 1.0}]
    plan = plan_of([*rows, spot("ADA", 300.0, 0.0)], venues=venues)
    assert amounts(plan) == {"ADA": ("SELL", 300.0)}


def test_coins_bought_with_too_little_money_hedge_in_the_same_plan() -> None:
    """3,000 buy XRP below its band and become margin of its 1x hedge; then nothing is left to do."""
    rows = [
        spot("XRP", 0.0, 0.5, 0.05, Price=2.0, Venue="bybit"),
        spot("DOT", 7_000.0, 0.0, None, Locked="yes"),
        stable(3_000.0, Venue="bybit"),
    ]
    hedge = perpetual("XRPUSD", "XRP", "short", 2.0, Venue="bybit", Contract="inverse", Leverage=1.0, HedgeRatio=1.0)
    book = workbook(rows, [hedge], {"ReserveMin": 0.0, "ReserveMax": 0.0})
    assert [(each.asset, each.action, each.amount) for each in actions.rebalance(book).trades] == [
        ("XRP", "BUY", 3_000.0),
        ("XRP", "CONVERT", 3_000.0),
        ("XRPUSD", "OPEN SHORT", 3_000.0),
    ]
    assert recorded(book).nothing_to_do


@pytest.mark.parametrize("target, bought", [(None, 0.0), (0.2, 0.0), (0.3, 1_000.0)])
def test_a_hedge_at_1x_buys_no_coins_beyond_their_target(target: float | None, bought: float) -> None:
    """2,000 of locked BTC: every coin bought as margin of a 1x short needs that short for itself and hedges none."""
    rows = [
        spot("BTC", 2_000.0, target, 0.05, Price=50_000.0, Venue="ledger", Locked="yes"),
        spot("SOL", 8_000.0, 0.0, 0.05, Venue="kraken"),
        stable(0.0, Venue="kraken"),
    ]
    hedge = perpetual("BTCUSD", "BTC", "short", 50_000.0, Venue="kraken", Contract="inverse", Leverage=1.0)
    book = workbook(rows, [hedge | {"HedgeRatio": 1.0}], {"ReserveMin": 0.0, "ReserveMax": 0.0})
    plan = actions.rebalance(book)
    traded = {"BTC": ("CONVERT", bought), "BTCUSD": ("OPEN SHORT", bought)} if bought else {}
    assert amounts(plan) == {"SOL": ("SELL", 8_000.0), **traded}
    assert "at 1x coins bought as its margin add what they hedge" in line(plan, "BTCUSD").reason
    actions.record(book)
    assert make_plan(read_book(book)).nothing_to_do
