"""The trigger that stress shows at a shock is the plan's own trigger of the book at those prices."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from rebalance_xl.book.futures import Tiers, margin_of
from rebalance_xl.book.model import Book, read_book
from rebalance_xl.book.plan import make_plan
from rebalance_xl.book.problems import ERROR, BookError
from rebalance_xl.book.stress import shocked, stress_book
from rebalance_xl.book.top_up import TopUps, _halved
from rebalance_xl.functions.stress import Shock
from tests.book.books import perpetual, stable, workbook
from tests.book.test_one_answer import BOOKS, DAY, opened
from tests.book.wide_books import wide_book

#: The market falls and rises; one coin alone; funding; the currency of the book.
SHOCKS = [
    *(Shock(everything=move) for move in (-0.6, -0.3, -0.1, -0.02, 0.0, 0.05, 0.25, 0.8)),
    Shock({"btc": -0.2}),
    Shock(everything=-0.05, funding=0.01),
    Shock(everything=0.1, currency=-0.08),
]


def _check(book: Book, shocks: list[Shock]) -> None:
    """Compare the trigger and its reasons at each shock with those of a plan of the shocked book."""
    held = {each.asset.casefold() for each in (*book.holdings, *book.positions)}
    shocks = [shock for shock in shocks if set(shock.coins) <= held]
    for shock, row in zip(shocks, stress_book(book, shocks), strict=True):
        try:
            plan = make_plan(replace(shocked(book, shock), problems=()))
        except BookError:
            assert row.trigger == "", shock
        else:
            assert (row.trigger, row.reasons) == (plan.trigger.kind, plan.trigger.reasons), shock


def _with_top_up(book: Book, limit: float | None) -> Book:
    return replace(book, settings=replace(book.settings, margin_top_up=limit))


@pytest.mark.parametrize("path", BOOKS, ids=lambda path: path.stem)
@pytest.mark.parametrize("limit", [None, 0.15])
def test_a_shock_of_a_fixture_book_shows_the_trigger_of_its_plan(path: Path, limit: float | None) -> None:
    """Every fixture book, without MarginTopUp and with it."""
    _check(_with_top_up(read_book(opened(path), DAY), limit), SHOCKS)


@pytest.mark.parametrize("limit", [None, 0.1])
def test_a_shock_of_a_wide_book_shows_the_trigger_of_its_plan(limit: float | None) -> None:
    """Books drawn by seed: futures of both kinds, cross and isolated, spreads, hedges, events, reviews."""
    seen = set()
    for seed in range(60):
        book = _with_top_up(read_book(wide_book(seed)), limit)
        if not any(each.severity == ERROR for each in book.problems):
            try:
                rows = stress_book(book, SHOCKS[:1])
            except BookError:
                continue
            seen.add(rows[0].trigger)
            _check(book, SHOCKS[::3])
    assert len(seen) >= 3


@pytest.mark.parametrize("mode", ["single", "multi"])
def test_what_an_account_lacks_is_what_its_liquidation_prices_ask_for(mode: str) -> None:
    """The margin found at the ends of the moves is the one that halving finds with the venue's prices."""
    saved = 0
    for seed in range(150):
        draw = random.Random(f"{mode} {seed}")
        book = read_book(wide_book(seed))
        venues = {name: replace(each, account_mode=mode) for name, each in book.venues.items()}
        positions = tuple(replace(each, margin_mode="cross", venue="binance", account="") for each in book.positions)
        book = replace(book, venues=venues, positions=positions)
        tiers, limit = Tiers.of(book), draw.choice([0.1, 0.3, 0.6])
        top_ups = TopUps(book, tiers, limit)
        for each in positions:
            if not each.quantity or sum(other.symbol == each.symbol for other in positions) > 1:
                continue
            found = top_ups.short(each, margin_of(each))
            room = top_ups._room(each, margin_of(each))
            here = room(0.0)
            wanted = 0.0
            if here is not None and here < limit * (1 - 1e-9):
                wanted = _halved(room, limit, each, margin_of(each))
            assert found == pytest.approx(wanted, rel=1e-7, abs=1e-6), (seed, each.symbol)
            saved += found > 0.0
    assert saved > 20


def test_funding_alone_may_bring_a_position_under_its_distance() -> None:
    """A cross long 12.5 % from its liquidation that pays 1 % of its notional is nearer than 12 %: it acts."""
    row = perpetual("ETHUSDT", "ETH", "long", 1_000.0, Venue="binance", Quantity=2.0, EntryPrice=1_000.0, Margin=260.0)
    book = workbook([stable(9_000.0)], [row | {"MarginMode": "cross"}], {"MarginTopUp": 0.12})
    book.tables["MarginTiers"] = [["Venue", "Symbol", "Floor", "Rate"], ["binance", "ETHUSDT", 0.0, 0.005]]
    still, paid = stress_book(read_book(book), [Shock(), Shock(funding=0.01)])
    assert (still.trigger, paid.trigger) == ("NONE", "THRESHOLD")
    assert paid.reasons == ("ETHUSDT: it is nearer to liquidation than MarginTopUp",)
