"""Reviews beside breaches, dust, whole lots and events that nothing can follow."""

from __future__ import annotations

import datetime as dt

import pytest

from rebalance_xl.book import actions
from rebalance_xl.book.problems import BookError
from tests.book.books import amounts, line, perpetual, plan_of, stable, unit, workbook

approx = pytest.approx


def test_whole_shares_come_to_rest() -> None:
    """The second plan trades nothing and says why: less than a share is over, the others have no money."""
    rows = [
        unit("LISN", 3.0, 60_000.0, 0.4, 0.02, Lot=1.0),
        unit("A", 1000.0, 37.0, 0.3, 0.02, Lot=1.0),
        unit("B", 1000.0, 23.0, 0.3, 0.02, Lot=1.0),
    ]
    book = workbook(rows)
    assert not actions.rebalance(book).nothing_to_do
    actions.record(book)
    again = actions.plan(book)
    assert again.nothing_to_do
    assert "is less than one lot of 1" in line(again, "LISN").reason
    assert "21.00 of USDT is kept" in line(again, "A").reason


def test_dust_that_cannot_be_sold_does_not_trigger() -> None:
    """Both books act on TIME; the dust only says why it stays."""
    rows = [unit("BTC", 5800.0, 1.0, 0.5, 0.1), unit("ETH", 4200.0, 1.0, 0.5, 0.1)]
    settings = {"ReviewFrequency": "monthly", "LastReview": dt.date(2026, 8, 1)}
    without = plan_of(rows, settings=settings)
    dust = unit("ENA", 10.0, 0.11, 0.0, Lot=0.01, MinNotional=5.0)
    with_dust = plan_of([*rows, dust], settings=settings)
    assert (without.trigger.kind, with_dust.trigger.kind) == ("TIME", "TIME")
    assert amounts(without)["BTC"] == ("SELL", 800.0)
    assert amounts(with_dust)["BTC"] == ("SELL", approx(799.45))
    assert "cannot be sold: 1.10 is below the minimum notional of 5.00" in line(with_dust, "ENA").reason


def test_a_breach_does_not_keep_the_review_from_the_others() -> None:
    """SOL is beyond its band, BTC beyond ReviewDrift: both are sold, and Record sets LastReview."""
    rows = [
        unit("BTC", 5800.0, 1.0, 0.5, 0.1),
        unit("ETH", 2200.0, 1.0, 0.4, 0.1),
        unit("SOL", 2000.0, 1.0, 0.1, 0.05),
    ]
    book = workbook(rows, settings={"ReviewFrequency": "monthly", "LastReview": dt.date(2026, 8, 1)})
    plan = actions.rebalance(book)
    assert amounts(plan) == {"SOL": ("SELL", 1_000.0), "BTC": ("SELL", 800.0), "ETH": ("BUY", 1_800.0)}
    assert "beyond ReviewDrift of 5.00 points" in line(plan, "BTC").reason
    assert "beyond the band of 5.00 points" in line(plan, "SOL").reason
    actions.record(book)
    assert book.settings["LastReview"] == dt.datetime(2026, 9, 30)


def test_a_review_in_which_nothing_is_traded_can_be_recorded() -> None:
    """It sets LastReview, writes a Journal row and starts no cooldown."""
    rows = [unit("BTC", 1.0, 60_000.0, 0.6, 0.05), stable(40_000.0, 0.4, 0.05)]
    settings = {"ReviewFrequency": "monthly", "LastReview": dt.date(2026, 8, 1), "Cooldown": 30}
    book = workbook(rows, settings=settings)
    plan = actions.rebalance(book)
    assert plan.nothing_to_do
    assert plan.review
    done = actions.record(book)
    assert done.fills == ()
    assert book.settings["LastReview"] == dt.datetime(2026, 9, 30)
    assert [row[1] for row in book.tables["Journal"][1:]] == ["PLAN", "EXECUTION"]
    again = workbook(rows, settings=settings | {"LastReview": dt.date(2026, 9, 29)})
    actions.rebalance(again)
    with pytest.raises(BookError, match="nothing to record"):
        actions.record(again)


def test_a_day_that_stands_twice_in_prices_is_said_and_the_breakout_is_seen() -> None:
    """The lower of two closes of one day counts; the resistance is that of the days before."""
    header = ["Date", "BTC"]
    closes = [[dt.date(2026, 9, day), 100.0 + day / 100] for day in range(1, 27)]
    twice = [header, *closes, [dt.date(2026, 9, 27), 120.0], [dt.date(2026, 9, 27), 121.0]]
    row = perpetual("BTCUSDT", "BTC", "long", 121.0)
    events = [{"Scope": "BTC", "Action": "BREAKOUT", "Start": dt.date(2026, 9, 1), "Level": 0.05}]
    rows = [unit("BTC", 60.0, 100.0, 0.6, 0.1), stable(4_000.0)]
    plan = plan_of(rows, [row], events=events, prices=twice)
    assert plan.trigger.kind == "EVENT"
    assert any("Prices!A29" in warning and "Prices!A28" in warning for warning in plan.warnings)


@pytest.mark.parametrize("name", ["HOLD", "BREAKOUT"])
def test_an_event_that_nothing_can_follow_is_no_trigger(name: str) -> None:
    """HOLD freezes, and a BREAKOUT without a usable future changes nothing: the review goes on beside them."""
    rows = [unit("BTC", 63.0, 1_000.0, 0.6, 0.05), unit("ETH", 9.0, 1_000.0, 0.1, 0.05), stable(27_000.0, 0.3, 0.1)]
    events = [{"Scope": "ETH", "Action": name, "Start": dt.date(2026, 9, 1), "Level": 0.05}]
    settings = {"ReviewFrequency": "monthly", "LastReview": dt.date(2026, 8, 1), "ReviewDrift": 0.02}
    plan = plan_of(rows, events=events, settings=settings)
    assert plan.trigger.kind == "TIME"
    assert amounts(plan)["BTC"] == ("SELL", approx(3_600.0))
    assert all("beyond ReviewDrift of 2.00 points" in reason for reason in plan.trigger.reasons)
