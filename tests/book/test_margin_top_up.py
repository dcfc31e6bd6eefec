"""MarginTopUp and Band together: a position too large for the margin that its Band allows is reduced, then saved."""

from __future__ import annotations

import math
from typing import Any

import pytest

from rebalance_xl.book import actions
from rebalance_xl.book.account_figures import account_figures
from rebalance_xl.book.decision import decide
from rebalance_xl.book.futures import Tiers
from rebalance_xl.book.memory import MemoryWorkbook
from rebalance_xl.book.model import read_book
from rebalance_xl.book.plan import book_value, make_plan
from rebalance_xl.book.walk import carry_out
from tests.book.books import DAY, perpetual, spot, stable, workbook
from tests.book.test_free_margin import CASH, SPOT, account, position, read, recorded

approx = pytest.approx
TIERS = [
    ["Venue", "Symbol", "Floor", "Cap", "MaxLeverage", "Rate", "Amount"],
    *[["binance", symbol, 0.0, None, 50.0, 0.005, 0.0] for symbol in ("ETHUSDT", "ETHNEAR", "ETHFAR")],
]


def ether(futures: list[dict[str, Any]], **settings: Any) -> MemoryWorkbook:
    """Return 6,000 of BTC on its target and USDT up to 10,000 beside positions in ETH, without fees."""
    held = sum(row.get("Margin") or 0.0 for row in futures)
    rows = [spot("BTC", 6_000.0, 0.6, 0.1), stable(4_000.0 - held, Venue="binance")]
    book = workbook(rows, futures, {"MarginTopUp": 0.12} | settings)
    book.tables["MarginTiers"] = [list(row) for row in TIERS]
    return book


def long_ether(**more: Any) -> dict[str, Any]:
    """Return a long of 10 ETH at 1,000 with 200 of margin: 1.5 % from its liquidation."""
    row = perpetual("ETHUSDT", "ETH", "long", 1_000.0, Venue="binance", Quantity=10.0, EntryPrice=1_000.0)
    return row | {"Leverage": 50.0, "Margin": 200.0} | more


def test_a_position_too_large_for_its_band_is_reduced_and_the_rest_gets_its_margin() -> None:
    """12 % of distance takes 1,244 of margin, Target and Band allow 600: 5.18 ETH are closed, 503.57 are added."""
    book = ether([long_ether(Target=0.06, Band=0.02)])
    plan = actions.rebalance(book)
    needed = 10_000.0 * (1.0 - 0.88 * (1.0 - 0.005))  # (E - W/q)/(1 - r) = 0.88 E
    share = 1.0 - 600.0 / needed
    assert [(each.asset, each.action) for each in plan.trades] == [("ETHUSDT", "REDUCE"), ("ETHUSDT", "ADD MARGIN")]
    reduce, add = plan.trades
    assert (reduce.quantity, reduce.amount) == (approx(10.0 * share), approx(200.0 * share))
    assert add.amount == approx(600.0 - 200.0 * (1.0 - share))
    assert reduce.reason.startswith(
        "with the margin of MarginTopUp its equity 12.44 % of the book is beyond Target 6.00 % and Band 2.00 points: "
        "reduce it to 6.00 %"
    )
    assert plan.trigger.reasons == ("ETHUSDT: it is nearer to liquidation than MarginTopUp",)
    assert reduce.futures is not None
    assert add.futures is not None
    assert [reduce.futures.liquidation_distance, add.futures.liquidation_distance] == approx([0.12, 0.12])
    assert (add.futures.notional, reduce.futures.notional) == (0.0, approx(10_000.0 * share))
    assert plan.totals.check == 0.0
    walked = carry_out(read_book(book), decide(read_book(book)))
    actions.record(book)
    after = read_book(book)
    assert (after.positions[0].quantity, after.positions[0].margin) == (approx(10.0 * (1.0 - share)), approx(600.0))
    assert (walked.positions[0].quantity, walked.positions[0].margin) == (approx(10.0 * (1.0 - share)), approx(600.0))
    assert book_value(after) == approx(10_000.0)
    assert make_plan(after).nothing_to_do


@pytest.mark.parametrize(
    "sold, kept, served",
    [
        (400.0, 400.0, {}),
        (1_000.0, 500.0, {"ADD MARGIN": 500.0}),
        (2_000.0, 500.0, {"ADD MARGIN": 1_044.0, "OPEN LONG": 456.0}),
        (3_000.0, 1_356.0, {"ADD MARGIN": 1_044.0, "OPEN LONG": 500.0, "BUY": 100.0}),
    ],
)
def test_a_debt_goes_first_then_margin_in_danger_then_events_then_priorities(
    sold: float, kept: float, served: dict[str, float]
) -> None:
    """SOL's sale pays the debt of 500, then ADD MARGIN, then the event, and BTC with Priority 1 from what is left."""
    rows = [
        spot("BTC", 1_000.0, 0.11, 0.0, Venue="binance", Priority=1),
        spot("SOL", 9_300.0, (9_300.0 - sold) / 10_000.0, 0.0, Venue="binance"),
        stable(-500.0, Venue="binance"),
    ]
    breakout = perpetual("BTCUSDT", "BTC", "long", 10.0, Venue="binance", Priority=1)
    event = {"Scope": "BTC", "Action": "LONG", "Start": DAY, "Level": 0.05}
    book = workbook(rows, [long_ether(), breakout], {"MarginTopUp": 0.12, "FundFrom": "none"}, [event])
    book.tables["MarginTiers"] = [list(row) for row in TIERS]
    plan = make_plan(read_book(book))
    assert {each.action: each.amount for each in plan.trades} == approx({"SELL": sold} | served)
    assert plan.cash["USDT"] == approx(kept)


def test_a_position_that_its_band_has_room_for_is_topped_up_in_full() -> None:
    """With Target 10 % and 5 points of Band the 1,244 are inside: nothing is closed."""
    for row in (long_ether(Target=0.10, Band=0.05), long_ether(Target=0.06)):
        plan = make_plan(read_book(ether([row])))
        (add,) = [each for each in plan.trades if each.asset == "ETHUSDT"]
        assert (add.action, add.amount) == ("ADD MARGIN", approx(1_044.0))


def test_a_profit_beyond_the_band_near_liquidation_is_reduced_and_saved_in_one_plan() -> None:
    """Equity of 9 % beyond 6 + 2 %, 4 % from liquidation: one plan brings it to 6 % and to its distance."""
    book = ether([long_ether(Quantity=20.0, Margin=900.0, Target=0.06, Band=0.02)])
    plan = actions.rebalance(book)
    assert [each.action for each in plan.trades] == ["REDUCE", "ADD MARGIN"]
    actions.record(book)
    after = read_book(book)
    assert after.positions[0].margin == approx(600.0)
    figures = make_plan(after)
    assert figures.positions[0].liquidation_distance == approx(0.12)
    assert figures.nothing_to_do


def test_no_margin_is_added_at_a_venue_without_futures() -> None:
    """Products says spot alone: ADD MARGIN is no trade there, and the money stays."""
    book = ether([long_ether()])
    book.tables["Venues"] = [["Venue", "Products"], ["binance", "spot"]]
    assert make_plan(read_book(book)).nothing_to_do
    book.tables["Venues"][1][1] = "both"
    assert [each.action for each in make_plan(read_book(book)).trades] == ["ADD MARGIN"]


def test_what_cannot_be_reduced_gets_its_margin() -> None:
    """In lots of 10 ETH nothing can be closed in part: the margin is added, whatever the Band."""
    plan = make_plan(read_book(ether([long_ether(Target=0.06, Band=0.02, Lot=10.0)])))
    assert [(each.action, each.amount) for each in plan.trades] == [("ADD MARGIN", approx(1_044.0))]


def test_both_legs_of_a_spread_are_reduced_where_one_lacks_margin() -> None:
    """The leg near liquidation would lift both beyond their Band: the same coins of both are closed."""
    near = long_ether(Symbol="ETHNEAR", Spread="calendar", Target=0.06, Band=0.02)
    far = long_ether(Symbol="ETHFAR", Side="short", Spread="calendar", Margin=1_300.0)
    book = ether([near, far])
    plan = actions.rebalance(book)
    closed = {each.asset: each.quantity for each in plan.trades if each.action == "REDUCE"}
    assert set(closed) == {"ETHNEAR", "ETHFAR"}
    assert closed["ETHNEAR"] == approx(closed["ETHFAR"])
    assert [each.asset for each in plan.trades if each.action == "ADD MARGIN"] == ["ETHNEAR"]
    actions.record(book)
    after = make_plan(read_book(book))
    assert sum(each.equity for each in after.positions) == approx(600.0)
    assert after.positions[0].liquidation_distance == approx(0.12)
    assert after.nothing_to_do


def test_in_an_account_with_a_wallet_the_rest_of_a_reduced_position_is_measured_in_its_pool() -> None:
    """What is closed frees the wallet as far as the account allows; the rest keeps 12 %, and Record agrees."""
    futures = [position("BTCUSDT", Quantity=0.5, Margin=600.0, Target=0.02, Band=0.01, Leverage=50.0)]
    port = account(futures, 600.0, (SPOT, CASH), {"MarginTopUp": 0.12})
    book = read(port)
    plan = make_plan(book)
    assert [each.action for each in plan.trades] == ["REDUCE", "ADD MARGIN", "TRANSFER"]
    assert plan.totals.check == 0.0
    walked = carry_out(book, decide(book))
    after = recorded(port)
    assert after.wallets[0].balance == approx(walked.wallets[0].balance)
    assert book_value(after) == approx(plan.totals.value_after)
    figures = make_plan(after)
    assert figures.positions[0].liquidation_distance == approx(0.12)
    assert figures.nothing_to_do


@pytest.mark.parametrize("ratio", [1.0, 0.9, 0.5])
def test_in_a_multi_asset_account_margin_counts_at_its_ratio(ratio: float) -> None:
    """USDT that counts at half needs twice as much: after Record the market may fall by the whole 12 %."""
    futures = [
        position("BTCUSDT", Quantity=0.5, Margin=2_000.0),
        position("ETHUSDT", Quantity=10.0, Margin=1_500.0),
    ]
    port = account(futures, 8_000.0, settings={"MarginTopUp": 0.12}, mode="multi")
    head = port.tables["Wallets"][0]
    port.tables["Wallets"][1][head.index("Ratio")] = ratio
    add = [each for each in make_plan(read(port)).trades if each.action == "ADD MARGIN"]
    wanted = max(0.0, 0.88 * 450.0 / ratio - (8_000.0 - 60_000.0 * 0.12))
    assert math.fsum(each.amount for each in add) == approx(wanted)
    if wanted:
        after = recorded(port)
        (pool,) = account_figures(after, Tiers.of(after).tables)
        assert pool.fall == approx(-0.12)


def test_margin_that_counts_for_nothing_is_not_added() -> None:
    """A margin coin without a collateral ratio saves no multi-asset account: nothing is posted."""
    futures = [position("BTCUSDT", Quantity=0.5, Margin=2_000.0)]
    port = account(futures, 8_000.0, settings={"MarginTopUp": 0.12}, mode="multi")
    port.tables["Wallets"][1][port.tables["Wallets"][0].index("Ratio")] = None
    assert [each for each in make_plan(read(port)).trades if each.action == "ADD MARGIN"] == []


def test_a_position_may_need_more_margin_than_its_size() -> None:
    """A short of 1,000 that is to survive a rise of 150 % needs 1,500 and what 2,500 require, also in flat tiers."""
    for amount in (0.0, None):
        short = perpetual(
            "ADAUSDT", "ADA", "short", 0.5, Venue="binance", Quantity=2_000.0, EntryPrice=0.5, Margin=100.0
        )
        rows = [spot("BTC", 6_000.0, 0.6, 0.3), stable(4_000.0, Venue="binance")]
        book = workbook(rows, [short | {"MarginMode": "isolated"}], {"MarginTopUp": 1.5})
        book.tables["MarginTiers"] = [
            ["Venue", "Symbol", "Floor", "Cap", "MaxLeverage", "Rate", "Amount"],
            ["binance", "ADAUSDT", 0.0, 2_000.0, 50.0, 0.01, amount],
            ["binance", "ADAUSDT", 2_000.0, None, 20.0, 0.02, None if amount is None else 20.0],
        ]
        plan = actions.plan(book)
        (added,) = [each for each in plan.trades if each.action == "ADD MARGIN"]
        needed = 0.02 * 2_500.0 - (0.0 if amount is None else 20.0)
        assert added.amount == pytest.approx(1_500.0 + needed - 100.0, rel=1e-6)
