"""Futures rows as exchanges leave them: both sides of a symbol, closed, liquidated, expired, beyond their tiers."""

from __future__ import annotations

import datetime as dt

import pytest

from rebalance_xl.book import actions
from rebalance_xl.book.problems import BookError
from tests.book.books import amounts, line, perpetual, plan_of, stable, unit, workbook

approx = pytest.approx
TIERS = [
    ["Venue", "Symbol", "Floor", "Cap", "MaxLeverage", "Rate", "Amount"],
    ["binance", "ETHUSDT", 0.0, 50_000.0, 50.0, 0.005, 0.0],
    ["binance", "ETHUSDT", 50_000.0, 100_000.0, 10.0, 0.01, 250.0],
]


def test_both_sides_of_one_symbol_are_two_positions() -> None:
    """Hedge mode, and one symbol at two venues, are ordinary; the same row twice is not."""
    long = perpetual(
        "BTCUSDT", "BTC", "long", 61_000.0, Venue="binance", Quantity=0.1, EntryPrice=60_000.0, Margin=600.0
    )
    short = perpetual(
        "BTCUSDT", "BTC", "short", 61_000.0, Venue="binance", Quantity=0.05, EntryPrice=62_000.0, Margin=310.0
    )
    rows = [unit("BTC", 0.5, 61_000.0, 0.9, 0.2)]
    for other in (short, short | {"Venue": "bybit"}, long | {"Venue": "bybit"}, long | {"MarginMode": "cross"}):
        plan = plan_of(rows, [long, other])
        assert len(plan.positions) == 2
    with pytest.raises(BookError, match=r'"BTCUSDT" at binance is already in Futures!A2'):
        plan_of(rows, [long, long])


def test_prices_of_both_legs_in_a_cross_account_are_estimates() -> None:
    """No exchange publishes a worked price for hedge mode, and the plan says so beside both; one leg alone has none."""
    both = {"Venue": "binance", "MarginMode": "cross", "EntryPrice": 100.0, "Margin": 500.0}
    long = perpetual("ETHUSDT", "ETH", "long", 100.0, Quantity=20.0, **both)
    short = perpetual("ETHUSDT", "ETH", "short", 100.0, Quantity=10.0, **both)
    book = workbook([unit("BTC", 1.0, 90_000.0, 0.5, 0.6)], [long, short])
    book.tables["MarginTiers"] = TIERS
    assert ["no exchange publishes" in each.estimate for each in actions.plan(book).positions] == [True, True]
    book.tables["Futures"].pop()
    assert [each.estimate for each in actions.plan(book).positions] == [""]


def test_a_closed_row_without_a_mark_is_ignored() -> None:
    """Quantity 0, no target, no mark: a note, no refusal."""
    dead = {"Symbol": "LUNAUSDT", "Asset": "LUNA", "Side": "long", "Quantity": 0.0}
    plan = plan_of([unit("BTC", 1.0, 100.0, 1.0, 0.1)], [dead])
    assert any("LUNAUSDT is closed and has no MarkPrice: ignored" in note for note in plan.notes)
    assert all(each.asset != "LUNAUSDT" for each in plan.lines)


def test_an_isolated_position_is_worth_nothing_at_least() -> None:
    """Margin 700 and a loss of 1,000: the book loses the margin, not more, and the row is flagged."""
    row = perpetual("ETHUSDT", "ETH", "long", 3_000.0, Venue="binance", Quantity=2.0, EntryPrice=3_500.0, Margin=700.0)
    plan = plan_of([unit("BTC", 0.5, 58_000.0, 0.8, 0.2), stable(3_000.0)], [row])
    assert plan.totals.value == approx(32_000.0)
    assert line(plan, "ETHUSDT").reason.startswith("LIQUIDATED")
    assert any("ETHUSDT has passed its liquidation price" in warning for warning in plan.warnings)


def test_nothing_is_opened_on_a_position_that_is_gone() -> None:
    """The hedge is past its liquidation price: it hedges nothing, and nothing is added to it."""
    row = perpetual(
        "BTCUSDT", "BTC", "short", 60_000.0, Venue="binance", Quantity=0.2, EntryPrice=40_000.0, Margin=1_600.0,
        Leverage=5.0, HedgeRatio=0.5,
    )  # fmt: skip
    plan = plan_of([unit("BTC", 1.0, 60_000.0, 0.5, 0.02), stable(40_000.0, 0.4, 0.1)], [row])
    hedge = line(plan, "BTCUSDT")
    assert hedge.action == "HOLD"
    assert "25,000.00 still to short" in hedge.reason
    assert "past its liquidation price, so nothing is opened on it" in hedge.reason
    assert plan.totals.value == approx(100_000.0)


def test_a_margin_below_0_is_counted_and_nothing_is_opened_on_it() -> None:
    """Funding ate the margin; the profit still carries the position, so it is worth Margin plus profit."""
    row = perpetual(
        "BTCUSDT", "BTC", "long", 200.0, Quantity=10.0, EntryPrice=100.0, Margin=-50.0, Target=0.2, Leverage=2.0
    )
    plan = plan_of([unit("BTC", 10.0, 300.0, 0.4, 0.05), stable(500.0, 0.1)], [row])
    assert plan.totals.value == approx(3_000.0 + 500.0 + 950.0)
    assert "its margin is -50.00, below 0: add margin" in line(plan, "BTCUSDT").reason


@pytest.mark.parametrize(
    "target, reason",
    [
        (0.04, "leverage 20 is above 10, the maximum of the tier of 80,000.00 notional"),
        (0.06, "120,000.00 notional is beyond the last margin tier"),
    ],
)
def test_an_opening_beyond_its_tiers_is_blocked(target: float, reason: str) -> None:
    """Above the tier's leverage and beyond the last tier nothing is opened, not even in part."""
    row = perpetual("ETHUSDT", "ETH", "long", 100.0, Venue="binance", Leverage=20.0, Target=target)
    book = workbook([unit("BTC", 1.0, 90_000.0, 0.5, 0.05), stable(10_000.0)], [row])
    book.tables["MarginTiers"] = TIERS
    plan = actions.plan(book)
    assert amounts(plan) == {"BTC": ("SELL", 40_000.0)}
    assert reason in line(plan, "ETHUSDT").reason


def test_what_is_open_counts_in_the_tier_of_an_opening() -> None:
    """40,000 are open and 21,200 would come on top: the tier of 61,200 allows a leverage of 10, that of 21,200 50."""
    row = perpetual(
        "ETHUSDT", "ETH", "long", 100.0, Venue="binance", Leverage=20.0, Target=0.03, Quantity=400.0, EntryPrice=100.0,
        Margin=2_000.0,
    )  # fmt: skip
    book = workbook([unit("BTC", 1.0, 90_000.0, 0.5, 0.05), stable(10_000.0)], [row])
    book.tables["MarginTiers"] = TIERS
    assert "leverage 20 is above 10, the maximum of the tier of 61,200.00" in line(actions.plan(book), "ETHUSDT").reason


@pytest.mark.parametrize("mode", ["isolated", "cross"])
def test_an_opening_that_is_liquidated_at_once_is_blocked(mode: str) -> None:
    """Its margin would not cover the requirement of its size."""
    row = perpetual("ETHUSDT", "ETH", "long", 100.0, Venue="binance", Leverage=40.0, Target=0.02, MarginMode=mode)
    book = workbook([unit("BTC", 1.0, 9_000.0, 0.5, 0.05), stable(1_000.0)], [row])
    book.tables["MarginTiers"] = [TIERS[0], ["binance", "ETHUSDT", 0.0, None, 50.0, 0.03, 0.0]]
    plan = actions.plan(book)
    assert "on the wrong side of the mark" in line(plan, "ETHUSDT").reason


def test_an_expired_contract_is_settled() -> None:
    """A CLOSE line at the mark frees its equity; nothing is opened in it."""
    row = perpetual(
        "BTCUSDT_260327", "BTC", "long", 91_200.0, Quantity=0.05, EntryPrice=91_500.0, Margin=2_287.5, Leverage=2.0,
        Expiry=dt.date(2026, 3, 27), Target=0.5,
    )  # fmt: skip
    plan = plan_of([unit("BTC", 1.0, 90_000.0, 0.5, 0.6)], [row])
    assert amounts(plan)["BTCUSDT_260327"] == ("CLOSE", approx(2_272.5))
    assert plan.trigger.kind == "THRESHOLD"
    assert "it expired on 2026-03-27" in line(plan, "BTCUSDT_260327").reason
