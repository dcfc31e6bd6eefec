"""Derivatives lines: coins as margin, margin in danger, net delta, releases."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from rebalance_xl.book import actions
from rebalance_xl.book.memory import MemoryWorkbook
from rebalance_xl.book.model import read_book
from rebalance_xl.book.plan import book_value, make_plan
from rebalance_xl.book.problems import BookError
from rebalance_xl.book.walk import carry_out, decide, with_prices
from tests.book.books import perpetual, plan_of, spot, stable, workbook
from tests.book.coin_hedges import coin_book, inverse, line

approx = pytest.approx


def test_margin_of_a_hedge_in_coins_is_moved_from_spot() -> None:
    """BTC sells 6,000; of the 0.9 BTC left 0.225 become margin of a short of 27,000 USD; nothing is bought."""
    plan = actions.plan(coin_book())
    assert [(each.asset, each.action) for each in plan.trades] == [
        ("BTC", "SELL"),
        ("BTC", "CONVERT"),
        ("BTCUSD_PERP", "OPEN SHORT"),
    ]
    moved = line(plan, "BTC", "CONVERT")
    assert (moved.quantity, moved.fee, moved.to_venue) == (approx(0.225), 0.0, "binance")
    assert line(plan, "BTCUSD_PERP").quantity == 27_000.0
    assert plan.totals.collateral == approx(13_500.0)
    assert plan.totals.check == 0.0
    (delta,) = plan.deltas
    assert (delta.before, delta.after) == approx((1.0, 0.45))


def test_coins_that_hedge_stay_part_of_their_asset() -> None:
    """After Record the coins lie on the position; the next plan neither buys them back nor hedges them twice."""
    book = coin_book()
    actions.rebalance(book)
    actions.record(book)
    rows = {row[0]: row[4] for row in book.tables["Portfolio"][1:]}
    assert rows == {"BTC": approx(0.675), "USDT": approx(36_000.0)}
    header, position = book.tables["Futures"]
    assert position[header.index("Margin")] == approx(0.225)
    assert position[header.index("EntryPrice")] == 60_000.0
    again = make_plan(read_book(book))
    assert again.nothing_to_do
    assert "60.00 % is on its target" in line(again, "BTC").reason


def test_the_net_delta_after_a_plan_is_that_before_the_next() -> None:
    """A hedge entered at 50,000 is added to at 60,000: the coins that it takes away follow its average entry."""
    book = coin_book(Quantity=10_000.0, EntryPrice=50_000.0, Margin=0.1)
    planned = actions.rebalance(book)
    assert line(planned, "BTCUSD_PERP").action == "OPEN SHORT"
    actions.record(book)
    assert planned.deltas[0].after == approx(make_plan(read_book(book)).deltas[0].before, rel=1e-9)


@pytest.mark.parametrize(("leverage", "moved", "locked"), [(1.0, 0.5, 0.0), (2.0, 0.25, 0.0), (2.0, 0.2, 0.3)])
def test_coins_that_a_plan_buys_margin_their_hedge_at_once(leverage: float, moved: float, locked: float) -> None:
    """All spare money buys 0.5 BTC: what of it is not locked margins the short in the same plan."""
    rows = [
        spot("BTC", 0.0, 0.5, 0.02, Price=60_000.0, Venue="binance", Locked=locked, Priority=1),
        {**stable(60_000.0, 0.5), "Venue": "binance"},
    ]
    book = workbook(rows, [inverse(Leverage=leverage, HedgeRatio=1.0, Priority=2)])
    plan = actions.rebalance(book)
    assert [(each.asset, each.action) for each in plan.trades] == [
        ("BTC", "BUY"),
        ("BTC", "CONVERT"),
        ("BTCUSD_PERP", "OPEN SHORT"),
    ]
    assert line(plan, "BTC", "CONVERT").quantity == approx(moved)
    assert line(plan, "BTCUSD_PERP").quantity == approx(moved * 60_000.0 * leverage, abs=1.0)
    assert plan.totals.check == 0.0
    actions.record(book)
    header, position = book.tables["Futures"]
    assert position[header.index("Margin")] == approx(moved)
    assert make_plan(read_book(book)).nothing_to_do


@pytest.mark.parametrize("priority", [1, 9])
def test_coins_that_another_asset_pays_for_margin_their_hedge_at_once(priority: int) -> None:
    """BTC is bought with what ETH has above its target, after the hedge was served: its margin is these coins."""
    rows = [
        spot("ETH", 60_000.0, 0.5, 0.6, Price=2_000.0, Venue="binance"),
        spot("BTC", 0.0, 0.5, 0.02, Price=60_000.0, Venue="binance", Priority=5),
        {**stable(0.0), "Venue": "binance"},
    ]
    book = workbook(rows, [inverse(HedgeRatio=1.0, Priority=priority)])
    plan = actions.rebalance(book)
    assert [(each.asset, each.action) for each in plan.trades] == [
        ("ETH", "SELL"),
        ("BTC", "BUY"),
        ("BTC", "CONVERT"),
        ("BTCUSD_PERP", "OPEN SHORT"),
    ]
    assert line(plan, "BTC", "CONVERT").quantity == approx(0.25)
    assert plan.totals.check == 0.0
    actions.record(book)
    assert make_plan(read_book(book)).nothing_to_do


@pytest.mark.parametrize("fee", [0.0, 0.0005])
def test_a_full_hedge_in_coins_is_worth_the_same_at_every_price(fee: float) -> None:
    """1 BTC becomes the margin of a short of its own value: no USDT is spent, and the fee is paid in coin."""
    rows = [
        spot("BTC", 100_000.0, 0.5, 0.6, Price=100_000.0, Venue="binance"),
        {**stable(150_000.0), "Venue": "binance"},
    ]
    events = [{"Scope": "BTC", "Action": "HEDGE", "Start": dt.date(2026, 9, 1), "Level": 1.0}]
    row = inverse(MarkPrice=100_000.0, Leverage=1.0, HedgeRatio=1.0, Lot=None)
    book = read_book(workbook(rows, [row], events=events, venues=[{"Venue": "binance", "FuturesFee": fee}]))
    decision = decide(book)
    after = carry_out(book, decision)
    assert after.holdings[0].quantity == approx(0.0, abs=1e-12)
    assert after.holdings[1].value == approx(150_000.0)
    assert after.positions[0].quantity == approx(100_000.0 / (1 + fee))
    worth = [book_value(with_prices(after, {0: price}, {0: price})) for price in (50_000.0, 100_000.0, 200_000.0)]
    assert worth == approx([250_000.0 - 100_000.0 * fee / (1 + fee)] * 3)
    assert not decide(after).trades


def test_coins_that_are_not_held_are_bought() -> None:
    """A directional coin-margined long takes no coin below the asset's target: CONVERT buys it with the spot fee."""
    rows = [
        spot("BTC", 4_000.0, 0.4, 0.1, Price=100.0, Venue="binance"),
        spot("SOL", 6_000.0, 0.4, 0.1, Price=10.0, Venue="binance"),
    ]
    row = perpetual("BTCUSD", "BTC", "long", 100.0, Venue="binance", Contract="inverse", Target=0.1, Leverage=2.0)
    venues = [{"Venue": "binance", "SpotFee": 0.001, "FuturesFee": 0.0005}]
    book = workbook(rows, [row], venues=venues)
    plan = actions.rebalance(book)
    bought = line(plan, "BTC", "CONVERT")
    opened = line(plan, "BTCUSD")
    assert bought.to_venue == ""
    assert bought.amount == approx(opened.amount * (1 + 0.0005 * 2))
    assert bought.fee == approx(bought.amount * 0.001)
    assert opened.amount == approx(1_000.0)
    assert plan.totals.check == 0.0
    actions.record(book)
    read = read_book(book)
    assert book_value(read) == approx(plan.totals.value_after)
    assert read.positions[0].margin == approx(10.0)
    assert read.holdings[0].quantity == approx(40.0)


def test_coins_above_their_target_are_moved_without_a_sale() -> None:
    """A directional long takes what stands above the asset's target before anything is bought."""
    rows = [
        spot("BTC", 5_000.0, 0.4, 0.2, Price=100.0, Venue="binance"),
        spot("SOL", 5_000.0, 0.3, 0.1, Price=10.0, Venue="binance"),
    ]
    row = perpetual("BTCUSD", "BTC", "long", 100.0, Venue="binance", Contract="inverse", Target=0.1, Leverage=2.0)
    plan = plan_of(rows, [row])
    moved = line(plan, "BTC", "CONVERT")
    assert (moved.to_venue, moved.amount) == ("binance", approx(1_000.0))


def test_two_hedges_of_both_contract_types_are_each_what_their_ratio_says() -> None:
    """A linear and an inverse hedge of one asset count the coins on the inverse one as spot."""
    rows = [
        spot("BTC", 60_000.0, 0.6, 0.02, Price=60_000.0, Venue="binance"),
        {**stable(30_000.0, 0.1), "Venue": "binance"},
    ]
    linear = perpetual("BTCUSDT", "BTC", "short", 60_000.0, Venue="binance", HedgeRatio=0.25, Leverage=5.0)
    plan = plan_of(rows, [inverse(HedgeRatio=0.25, Lot=None), linear])
    (delta,) = plan.deltas
    assert delta.after == approx(0.45)


# --- margin in danger ------------------------------------------------------------------------------------------


def near(**settings: Any) -> MemoryWorkbook:
    """Return a short of 0.5 BTC that is 3.6 % from its liquidation."""
    rows = [
        spot("BTC", 60_000.0, 0.5, 0.02, Price=60_000.0, Venue="binance"),
        {**stable(60_000.0, 0.4, 0.1), "Venue": "binance"},
    ]
    row = perpetual(
        "BTCUSDT", "BTC", "short", 60_000.0, Venue="binance", Quantity=0.5, EntryPrice=52_000.0, Margin=5_200.0,
        Leverage=5.0, HedgeRatio=0.5,
    )  # fmt: skip
    return workbook(rows, [row], {"ReserveMin": 0.05, **settings}, venues=[{"Venue": "binance", "FuturesFee": 0.0005}])


def test_margin_is_added_first_up_to_the_distance_set() -> None:
    """ADD MARGIN is the first line, and after Record the position is 15 % from its liquidation."""
    book = near(MarginTopUp=0.15)
    plan = actions.rebalance(book)
    first = plan.trades[0]
    assert (first.asset, first.action) == ("BTCUSDT", "ADD MARGIN")
    assert first.futures is not None
    assert first.futures.liquidation_distance == approx(0.15)
    actions.record(book)
    again = actions.plan(book)
    assert again.positions[0].liquidation_distance is not None
    assert again.positions[0].liquidation_distance >= 0.14
    assert "ADD MARGIN" not in [each.action for each in again.trades]


def test_without_the_setting_the_warning_names_it() -> None:
    """Nothing is added; the warning says which setting would."""
    plan = actions.plan(near())
    assert "ADD MARGIN" not in [each.action for each in plan.trades]
    assert any("MarginTopUp" in warning for warning in plan.warnings)


def test_margin_is_added_before_every_other_need() -> None:
    """The cash above the reserve goes to the position first, whatever the priorities."""
    book = near(MarginTopUp=0.15)
    header, btc, _ = book.tables["Portfolio"]
    btc[header.index("Priority")] = 1
    btc[header.index("Target")] = 0.6
    plan = actions.plan(book)
    assert line(plan, "BTCUSDT", "ADD MARGIN").amount > 3_000.0
    assert line(plan, "BTCUSDT", "ADD MARGIN").wanted == 0.0


# --- releases --------------------------------------------------------------------------------------------------


def test_margin_without_a_position_comes_back() -> None:
    """A row that is not open and wants nothing releases what lies on it; a blank target keeps it."""
    row = perpetual("ETHUSDT", "ETH", "long", 100.0, Margin=250.0, Target=0.0)
    rows = [spot("BTC", 9_750.0, 1.0, 0.05)]
    book = workbook(rows, [row])
    plan = actions.rebalance(book)
    assert [(each.asset, each.action, each.amount) for each in plan.trades] == [
        ("ETHUSDT", "RELEASE", 250.0),
        ("BTC", "BUY", 250.0),
    ]
    actions.record(book)
    assert make_plan(read_book(book)).nothing_to_do
    assert plan_of(rows, [row | {"Target": None}]).nothing_to_do


def test_coins_without_a_position_come_back_as_their_money() -> None:
    """0.225 BTC on a coin-margined row that is not open are 13,500: Record takes those coins, all of them."""
    rows = [spot("ETH", 86_500.0, 1.0, 0.05, Venue="binance")]
    book = workbook(rows, [inverse(Margin=0.225, Target=0.0, HedgeRatio=None)])
    released = line(actions.rebalance(book), "BTCUSD_PERP")
    assert (released.action, released.amount) == ("RELEASE", approx(13_500.0))
    actions.record(book)
    header, row = book.tables["Futures"]
    assert row[header.index("Margin")] == 0.0
    assert make_plan(read_book(book)).nothing_to_do


def test_a_release_pays_its_fee_and_brings_no_more_than_is_posted() -> None:
    """Of 250 released 3 are a fee; a line that says 251 is refused."""
    row = perpetual("ETHUSDT", "ETH", "long", 100.0, Margin=250.0, Target=0.0)
    book = workbook([spot("BTC", 9_740.0, 0.9, 0.5), stable(10.0)], [row])
    actions.rebalance(book)
    header, *lines = book.tables["Plan"]
    released = next(each for each in lines if each[:2] == ["ETHUSDT", "RELEASE"])
    released[header.index("Fee")] = 3.0
    released[header.index("Amount")] = 251.0
    with pytest.raises(BookError, match=r"251.00 of ETHUSDT released, but only 250.00 posted"):
        actions.record(book)
    released[header.index("Amount")] = 250.0
    actions.record(book)
    assert book_value(read_book(book)) == approx(9_997.0)
    assert make_plan(read_book(book)).nothing_to_do


@pytest.mark.parametrize("price, left", [(80.0, 100.0), (70.0, 0.0), (60.0, 0.0)])
def test_an_isolated_position_loses_no_more_than_its_margin(price: float, left: float) -> None:
    """Ten bought at 100 with 300 of margin: filled at 80 they bring 100, at 70 and below nothing."""
    row = perpetual("ETHUSDT", "ETH", "long", 100.0, Quantity=10.0, EntryPrice=100.0, Margin=300.0, Target=0.0)
    book = workbook([spot("BTC", 9_000.0, 0.9, 0.5), stable(700.0)], [row])
    actions.rebalance(book)
    header, *lines = book.tables["Plan"]
    next(each for each in lines if each[:2] == ["ETHUSDT", "CLOSE"])[header.index("Price")] = price
    actions.record(book)
    assert book_value(read_book(book)) == approx(9_700.0 + left)


def trimmed(*more: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a book that trims SOL, so that everything else is looked at."""
    return [spot("SOL", 4_000.0, 0.2, 0.05, Venue="V"), *more]


def test_a_margin_need_is_what_is_not_posted_yet() -> None:
    """300 of 500 are posted: 200 more."""
    row = perpetual("ETHUSDT", "ETH", "long", 100.0, Quantity=30.0, EntryPrice=100.0, Margin=300.0, Target=0.05)
    plan = plan_of(trimmed(spot("BTC", 5_700.0, 0.6, 0.05)), [row])
    assert line(plan, "ETHUSDT").amount == approx(200.0)


def test_a_stablecoin_below_its_target_is_not_filled_from_another() -> None:
    """USDC above its target is cash for purchases; USDT below its own gets proceeds only."""
    money = [{**stable(1_500.0, 0.1), "Asset": "USDC"}, stable(500.0, 0.35)]
    plan = plan_of(trimmed(spot("BTC", 4_000.0, 0.3, 0.2), *money))
    assert plan.totals.cash_used == 0.0
    assert plan.totals.reserve == approx(2_000.0)


def test_a_close_pays_its_fee() -> None:
    """6,300 of notional at 0.05 %."""
    row = perpetual(
        "ETHUSDT", "ETH", "long", 2_100.0, Venue="V", Quantity=3.0, EntryPrice=2_000.0, Margin=600.0, Target=0.0
    )
    plan = plan_of([spot("BTC", 9_100.0, 0.9, 0.1)], [row], venues=[{"Venue": "V", "FuturesFee": 0.0005}])
    assert line(plan, "ETHUSDT").fee == approx(3.15)


def test_an_open_hedge_in_coins_stays_when_the_price_moves() -> None:
    """25,000 dollars sold at 50,000 take half a coin away at every mark: nothing to open, nothing to close."""
    row = inverse(Quantity=25_000.0, EntryPrice=50_000.0, MarkPrice=52_000.0, Margin=0.1, Lot=None)
    rows = trimmed(spot("BTC", 46_800.0, None, Price=52_000.0, Venue="binance"))
    rows[0] |= spot("SOL", 20_000.0, 0.1, 0.05, Venue="V")
    plan = plan_of(rows, [row])
    assert [each.asset for each in plan.trades] == ["SOL"]


def test_what_is_left_above_0_but_below_the_requirement_is_gone() -> None:
    """Margin 100, loss 95: 5 are less than the maintenance of 30,000, so the position is worth nothing."""
    row = perpetual(
        "BTCUSDT", "BTC", "long", 29_905.0, Venue="binance", Quantity=1.0, EntryPrice=30_000.0, Margin=100.0
    )
    assert plan_of([spot("BTC", 9_000.0, 0.9, 0.2)], [row]).totals.value == approx(9_000.0)


def test_the_cost_basis_is_before_fees() -> None:
    """What was bought for 1,600 at a fee of 1.6 cost 1,600."""
    rows = [spot("BTC", 6_600.0, 0.5, 0.05, Venue="V"), spot("ETH", 3_400.0, 0.5, 0.05, Venue="V", CostBasis=1_000.0)]
    book = workbook(rows, venues=[{"Venue": "V", "SpotFee": 0.001}])
    plan = actions.rebalance(book)
    actions.record(book)
    header, _, eth, *_ = book.tables["Portfolio"]
    assert eth[header.index("CostBasis")] == approx(1_000.0 + line(plan, "ETH").amount)


def test_margin_is_bought_for_a_hedge_of_a_coin_that_portfolio_lacks() -> None:
    """A cross short whose loss exceeds its margin cannot be closed: it gets ETH as margin, and the money adds up."""
    rows = [
        spot("BTC", 60_000.0, 0.6, 0.5, Price=60_000.0, Venue="binance"),
        {**stable(60_000.0, 0.2, 0.1), "Venue": "binance"},
    ]
    short = perpetual(
        "ETHUSD_PERP", "ETH", "short", 3_000.0, Venue="binance", Contract="inverse", MarginMode="cross",
        Quantity=30_000.0, EntryPrice=2_500.0, Margin=1.0, Leverage=10.0, HedgeRatio=0.5,
    )  # fmt: skip
    book = workbook(rows, [short], {"MarginTopUp": 0.15})
    book.tables["MarginTiers"] = [
        ["Venue", "Symbol", "Floor", "Cap", "MaxLeverage", "Rate", "Amount", "Unit"],
        ["binance", "ETHUSD_PERP", 0.0, None, 50.0, 0.005, 0.0, "coin"],
    ]
    plan = make_plan(read_book(book))
    assert line(plan, "ETH", "CONVERT").amount == approx(line(plan, "ETHUSD_PERP", "ADD MARGIN").amount)
    assert plan.totals.check == 0.0
