"""The worked examples of the product as books: the practical one, Scenario B, a sector event, a breakout."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from rebalance_xl.book import actions
from rebalance_xl.book.memory import MemoryWorkbook
from rebalance_xl.book.model import read_book
from rebalance_xl.book.plan import make_plan
from rebalance_xl.book.plan_data import Line, Plan
from tests.book.books import amounts, perpetual, spot, stable, workbook

approx = pytest.approx


def line(plan: Plan, asset: str) -> Line:
    return next(each for each in plan.lines if each.asset == asset)


def practical() -> MemoryWorkbook:
    """Return the book after SOL doubled: 600 are to be the margin of a leveraged long ETH future."""
    rows = [
        spot("BTC", 5_000.0, 0.45, 0.05, Price=50_000.0, CostBasis=5_000.0, Priority=1, Venue="binance"),
        spot("ETH", 3_000.0, 0.30, 0.05, Price=2_000.0, CostBasis=3_000.0, Priority=2, Venue="binance"),
        spot("SOL", 4_000.0, 0.20, 0.05, Price=200.0, CostBasis=2_000.0, Priority=3, Venue="binance"),
    ]
    long = perpetual("ETHUSDT", "ETH", "long", 2_000.0, Venue="binance", Target=0.05, Priority=4, Leverage=10.0)
    return workbook(rows, [long])


def scenario_b() -> MemoryWorkbook:
    """Return the book after the rally, with 5 % for a spread and nobody but the trim paying (FundFrom none)."""
    rows = [
        spot("BTC", 4_000.0, 0.50, 0.05, Priority=1),
        spot("ETH", 2_000.0, 0.30, 0.05, Priority=3),
        spot("Altcoins", 4_000.0, 0.20, 0.10, Priority=4),
    ]
    legs = [
        perpetual(
            "BTC-DEC", "BTC", "short", 105.0, Expiry=dt.date(2026, 12, 25), Priority=2, Spread="calendar", Target=0.05
        ),
        perpetual("BTC-MAR", "BTC", "long", 104.0, Expiry=dt.date(2027, 3, 26), Priority=2, Spread="calendar"),
    ]
    return workbook(rows, legs, {"TrimTo": "midpoint", "FundFrom": "none"})


def sector_event() -> MemoryWorkbook:
    """Return a book whose privacy coins are trimmed to half and hedged for the rest."""
    rows = [
        spot("BTC", 5_000.0, 0.50, 0.10, Sector="core"),
        spot("XMR", 3_000.0, 0.30, 0.10, Sector="privacy"),
        stable(2_000.0, 0.20, 0.10),
    ]
    short = perpetual("XMRUSDT", "XMR", "short", 10.0, Leverage=5.0)
    events: list[dict[str, Any]] = [
        {"Scope": "privacy", "Action": "TRIM", "Start": dt.date(2026, 9, 29), "Level": 0.5, "Note": "crackdown"},
        {"Scope": "privacy", "Action": "HEDGE", "Start": dt.date(2026, 9, 29), "Level": 1.0},
    ]
    return workbook(rows, [short], events=events)


def breakout() -> MemoryWorkbook:
    """Return a book in which BTC closed above its resistance: the long is raised from the reserve."""
    closes = [[dt.date(2026, 9, 1) + dt.timedelta(days=day), 100.0 + day / 10] for day in range(29)]
    rows = [spot("BTC", 8_000.0, 0.8, 0.1, Price=110.0), stable(2_000.0, 0.2, 0.1)]
    long = perpetual("BTCUSDT", "BTC", "long", 110.0, Leverage=5.0)
    events = [{"Scope": "BTC", "Action": "BREAKOUT", "Start": dt.date(2026, 9, 1), "Level": 0.05}]
    prices = [["Date", "BTC"], *closes, [dt.date(2026, 9, 30), 110.0]]
    return workbook(rows, [long], {"ReserveMin": 0.1}, events=events, prices=prices)


def test_the_practical_example_funds_a_leveraged_long_with_600() -> None:
    """SOL sells 1,600; BTC 400, ETH 600, and 600 as margin of a long of 6,000."""
    plan = actions.plan(practical())
    assert amounts(plan) == {
        "SOL": ("SELL", 1_600.0),
        "BTC": ("BUY", 400.0),
        "ETH": ("BUY", 600.0),
        "ETHUSDT": ("OPEN LONG", 600.0),
    }
    terms = line(plan, "ETHUSDT").futures
    assert terms is not None
    assert terms.notional == approx(6_000.0)


def test_scenario_b_puts_5_percent_into_a_spread() -> None:
    """Altcoins come down to 25 %, BTC is filled, the spread gets its margin, and ETH is told that it gets nothing."""
    plan = actions.plan(scenario_b())
    assert line(plan, "Altcoins").amount == approx(1_500.0)
    assert line(plan, "BTC").amount == approx(1_000.0)
    near, far = line(plan, "BTC-DEC"), line(plan, "BTC-MAR")
    assert near.amount + far.amount == approx(500.0)
    assert near.quantity == approx(far.quantity)
    assert line(plan, "ETH").action == "HOLD"
    assert "the money went to" in line(plan, "ETH").reason


def test_a_sector_event_trims_and_hedges_the_rest() -> None:
    """XMR comes down to 15 %, and what remains is shorted."""
    plan = actions.plan(sector_event())
    assert line(plan, "XMR").amount == approx(1_500.0)
    assert line(plan, "XMRUSDT").action == "OPEN SHORT"
    (delta,) = plan.deltas
    assert delta.after == approx(0.0, abs=1e-9)


def test_a_breakout_raises_the_long_from_the_reserve() -> None:
    """5 % of the book becomes margin; the reserve keeps ReserveMin."""
    plan = actions.plan(breakout())
    assert amounts(plan) == {"BTCUSDT": ("OPEN LONG", 500.0)}
    assert plan.totals.cash_used == approx(500.0)


@pytest.mark.parametrize("build", [practical, scenario_b, sector_event, breakout])
def test_each_example_comes_to_rest(build: Any) -> None:
    """Once recorded, the book plans to nothing."""
    book = build()
    actions.rebalance(book)
    actions.record(book)
    assert make_plan(read_book(book)).nothing_to_do
