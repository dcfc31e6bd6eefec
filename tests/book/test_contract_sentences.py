"""Sentences of the book's contract that no other test stands for: one test a sentence."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from rebalance_xl.book import actions
from rebalance_xl.book.model import read_book
from rebalance_xl.book.plan import book_value
from rebalance_xl.book.problems import BookError
from rebalance_xl.cells import CellError
from tests.book.books import DAY, amounts, line, perpetual, plan_of, spot, stable, unit, workbook

approx = pytest.approx
REVIEW = {"ReviewFrequency": "monthly", "LastReview": dt.date(2026, 8, 1), "ReviewDrift": 0.02}


# --- rows ------------------------------------------------------------------------------------------------------


def test_a_blank_venue_is_a_venue_of_its_own() -> None:
    """BTC without a venue and BTC at binance are two rows of one asset; two rows without a venue are refused."""
    rows = [unit("BTC", 1.0, 10.0, 0.5, Venue=None), unit("BTC", 1.0, 10.0, None, Venue="binance")]
    assert [row.venue for row in read_book(workbook(rows)).holdings] == ["", "binance"]
    with pytest.raises(BookError, match=r'Portfolio!A3: "BTC" is already in Portfolio!A2'):
        plan_of([rows[0], rows[0] | {"Target": None}])


def test_the_target_may_stand_on_any_row_of_the_asset() -> None:
    """Target, Band and Priority typed at the second venue hold for both rows."""
    first, second = unit("BTC", 0.5, 10_000.0, None, Venue="a"), unit("BTC", 0.5, 10_000.0, 0.5, 0.05, Venue="b")
    rows = [first, second, unit("ETH", 2.0, 1_000.0, 0.5, 0.05, Venue="a")]
    turned = [first | {"Target": 0.5, "Band": 0.05}, second | {"Target": None, "Band": None}, rows[2]]
    assert amounts(plan_of(rows)) == amounts(plan_of(turned)) != {}


def test_the_sector_may_stand_on_any_row_of_the_asset() -> None:
    """Typed at the second venue, an event about the sector sells the row at the first as well."""
    first, second = unit("XMR", 1.0, 1_000.0, 0.2, 0.1, Venue="a"), unit("XMR", 1.0, 1_000.0, None, Venue="b")
    rows = [first, second | {"Sector": "Privacy"}, spot("BTC", 8_000.0, 0.8, 0.1)]
    plan = plan_of(rows, events=[{"Scope": "privacy", "Action": "EXIT", "Start": DAY}])
    assert {each.venue: each.amount for each in plan.trades if each.action == "SELL"} == {"a": 1_000.0, "b": 1_000.0}


def test_the_priority_may_stand_on_any_row_of_the_asset() -> None:
    """BTC and ETH lack the same, 1,000 come in: the Priority at BTC's second venue lets it go first."""
    first, second = unit("BTC", 1.0, 1_000.0, 0.3, 0.1, Venue="a"), unit("BTC", 1.0, 1_000.0, None, Venue="b")
    rows = [spot("ETH", 2_000.0, 0.3, 0.1), first, second, spot("SOL", 6_000.0, 0.4, 0.05)]
    settings = {"TrimTo": "edge", "TurnoverCap": 0.1}
    assert "BTC" not in amounts(plan_of(rows, settings=settings))
    rows[2] = second | {"Priority": 1}
    assert "ETH" not in amounts(plan_of(rows, settings=settings))


def test_a_purchase_goes_to_the_row_with_the_target_where_the_money_is_at_neither() -> None:
    """The cash lies at kraken; BTC is held at binance and bybit, and bought where its Target stands."""
    rows = [
        unit("BTC", 0.05, 60_000.0, None, None, Venue="binance"),
        unit("BTC", 0.05, 60_000.0, 0.8, 0.05, Venue="bybit"),
        {**stable(4_000.0, 0.2), "Venue": "kraken"},
    ]
    bought = [each.venue for each in plan_of(rows).trades if each.action == "BUY"]
    assert bought == ["bybit"]


@pytest.mark.parametrize("name", ["USDT", "USDC", "DAI", "FDUSD", "TUSD", "PYUSD", "USDE", "USDS", "usdc"])
def test_the_stablecoins_that_everybody_knows_are_money(name: str) -> None:
    """Without a Kind, with a target: SOL's proceeds stay in it, and a note says that it counts as money."""
    rows = [unit("BTC", 5_000.0, 1.0, 0.5, 0.05), unit(name, 1_000.0, 1.0, 0.2), unit("SOL", 4_000.0, 1.0, 0.3, 0.05)]
    plan = plan_of(rows)
    assert line(plan, name).product == "cash"
    assert any("counted as money" in note and name in note for note in plan.notes)


def test_a_coin_that_is_not_on_the_list_is_no_money() -> None:
    """A coin with USD in its name is spot until Kind says stable."""
    rows = [unit("BTC", 5_000.0, 1.0, 0.5, 0.05), unit("MYUSD", 1_000.0, 1.0, 0.2)]
    assert [row.stable for row in read_book(workbook(rows)).holdings] == [False, False]
    rows[1]["Kind"] = "stable"
    assert [row.stable for row in read_book(workbook(rows)).holdings] == [False, True]


# --- futures columns -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "symbol, contract, coin",
    [
        ("BTCUSD", "inverse", "BTC"),
        ("BTCUSDT", "linear", "USDT"),
        ("BTCUSDC", "linear", "USDC"),
        ("BTC-PERP", "linear", "USDT"),
    ],
)
def test_the_margin_coin_left_blank(symbol: str, contract: str, coin: str) -> None:
    """The coin for inverse contracts, the quote part of the symbol for linear ones, else USDT."""
    row = perpetual(symbol, "BTC", "long", 100.0, Contract=contract, Quantity=1.0, EntryPrice=100.0, Margin=50.0)
    (position,) = read_book(workbook([spot("BTC", 1_000.0, 0.9, 0.5)], [row])).positions
    assert position.margin_coin == coin


def test_the_margin_coin_that_is_typed_holds_at_its_price_at_the_venue() -> None:
    """1,000 USDC of margin under BTCUSDT count at the price of USDC where the position is, not of USDT or elsewhere."""
    row = perpetual("BTCUSDT", "BTC", "long", 100.0, Venue="kraken", Quantity=10.0, EntryPrice=100.0, Margin=1_000.0)
    rows = [
        spot("BTC", 9_000.0, 0.9, 0.5),
        {"Asset": "USDC", "Quantity": 1.0, "Price": 0.8, "Venue": "bybit"},
        {"Asset": "USDC", "Quantity": 1.0, "Price": 0.9, "Venue": "kraken"},
    ]
    assert plan_of(rows, [row | {"MarginCoin": "USDC"}]).totals.value == approx(9_000.0 + 1.7 + 900.0)
    assert plan_of(rows, [row]).totals.value == approx(9_000.0 + 1.7 + 1_000.0)


def test_a_contract_of_1000_coins_keeps_the_venues_prices_and_quantities() -> None:
    """1,000,000 SHIB at 0.00002 are hedged by 1,000 contracts of 1,000SHIB at 0.02: no net delta is left."""
    short = perpetual("1000SHIBUSDT", "SHIB", "short", 0.02, ContractSize=1000.0, HedgeRatio=1.0, Leverage=2.0)
    rows = [unit("SHIB", 1e6, 0.00002, 0.2, 0.5), unit("SOL", 60.0, 1.0, 0.3, 0.05), unit("USDT", 20.0, 1.0, 0.2)]
    plan = plan_of(rows, [short])
    opened = line(plan, "1000SHIBUSDT")
    assert (opened.action, opened.quantity, opened.price) == ("OPEN SHORT", approx(1_000.0), 0.02)
    assert opened.amount == approx(10.0)
    (delta,) = plan.deltas
    assert (delta.before, delta.after) == (approx(1e6), approx(0.0, abs=1e-6))


# --- what may stand in a book ----------------------------------------------------------------------------------


def test_a_targeted_row_whose_price_is_an_error_is_refused() -> None:
    """#N/A is no price: with a target and units the weight is unknown, and the cell is named."""
    rows = [unit("BTC", 1.0, None, 0.5), unit("ETH", 10.0, 3_000.0, 0.5)]
    rows[0]["Price"] = CellError("#N/A", "")
    with pytest.raises(BookError, match=r"Portfolio!F2"):
        plan_of(rows)


def test_a_liquidated_row_says_to_correct_it() -> None:
    """Its line names what to do, beside counting 0."""
    row = perpetual("ETHUSDT", "ETH", "long", 3_000.0, Venue="binance", Quantity=2.0, EntryPrice=3_500.0, Margin=700.0)
    plan = plan_of([unit("BTC", 0.5, 58_000.0, 0.8, 0.2), stable(3_000.0)], [row])
    assert "it counts 0, so correct the row to what is left" in line(plan, "ETHUSDT").reason
    assert line(plan, "ETHUSDT").weight_before == 0.0


# --- triggers --------------------------------------------------------------------------------------------------


def test_each_row_acts_on_its_own_trigger_and_the_reason_lists_all() -> None:
    """An event for ADA, a breach of SOL and a drift of BTC on a review: EVENT is the plan's, all three act."""
    rows = [
        spot("BTC", 4_400.0, 0.40, 0.10),
        spot("SOL", 2_600.0, 0.20, 0.05),
        spot("ADA", 1_000.0, 0.10, 0.05),
        stable(2_000.0, 0.30, 0.50),
    ]
    events = [{"Scope": "ADA", "Action": "EXIT", "Start": DAY}]
    plan = plan_of(rows, events=events, settings=REVIEW)
    assert plan.trigger.kind == "EVENT"
    assert amounts(plan) == {"ADA": ("SELL", 1_000.0), "SOL": ("SELL", 600.0), "BTC": ("SELL", 400.0)}
    text = " | ".join(plan.trigger.reasons)
    for part in ("EXIT for ADA", "SOL: weight 26.00 %", "a review is due and BTC drifted"):
        assert part in text
    without = plan_of(rows, settings=REVIEW)
    assert without.trigger.kind == "THRESHOLD"
    assert amounts(without) == {"SOL": ("SELL", 600.0), "BTC": ("SELL", 400.0)}


def test_a_threshold_trade_is_no_review_and_starts_the_cooldown() -> None:
    """No review is due: Record leaves LastReview as it is, and the next days only events count."""
    settings = REVIEW | {"LastReview": dt.date(2026, 9, 25), "Cooldown": 5}
    book = workbook([spot("BTC", 6_000.0, 0.5, 0.05), spot("ETH", 4_000.0, 0.5, 0.05)], settings=settings)
    actions.rebalance(book)
    actions.record(book)
    assert book.settings["LastReview"] == dt.date(2026, 9, 25)
    header, btc, _ = book.tables["Portfolio"]
    btc[header.index("Price")] = 20.0
    waiting = actions.plan(book, DAY + dt.timedelta(days=4))
    assert waiting.nothing_to_do
    assert "cooldown" in waiting.trigger.reasons[0]
    assert not actions.plan(book, DAY + dt.timedelta(days=5)).nothing_to_do


def test_a_review_that_is_due_waits_for_the_end_of_the_cooldown() -> None:
    """BTC is inside its band and beyond ReviewDrift: the reason is the cooldown, and not that all is well."""
    book = workbook(
        [spot("BTC", 5_300.0, 0.5, 0.05), spot("ETH", 4_700.0, 0.5, 0.05)], settings=REVIEW | {"Cooldown": 5}
    )
    header = book.tables["Journal"][0]
    done = {"Date": DAY, "Entry": "EXECUTION", "Sold": 100.0}
    book.tables["Journal"].append([done.get(name) for name in header])
    assert actions.plan(book, DAY + dt.timedelta(days=3)).trigger.reasons == (
        "in the cooldown for another 2 days: only events count",
    )
    assert actions.plan(book, DAY + dt.timedelta(days=5)).trigger.kind == "TIME"


@pytest.mark.parametrize("action", ["SELL", "BUY", "OPEN LONG"])
def test_any_recorded_trade_starts_the_cooldown(action: str) -> None:
    """A purchase or an opening paid from cash alone does so as a sale does: the breach of the next day waits."""
    btc = {"SELL": 6_000.0, "BUY": 4_000.0, "OPEN LONG": 5_000.0}[action]
    future = perpetual("ETHUSDT", "ETH", "long", 100.0)
    event = {"Scope": "ETH", "Action": "LONG", "Start": DAY, "End": DAY, "Level": 0.1}
    rows = [spot("BTC", btc, 0.5, 0.05), stable(10_000.0 - btc, 0.4)]
    book = workbook(rows, [future], {"Cooldown": 5}, [event] if action == "OPEN LONG" else [])
    assert {each.action for each in actions.rebalance(book).trades} == {action}
    actions.record(book)
    header, row, _ = book.tables["Portfolio"]
    row[header.index("Price")] = 20.0
    waiting = actions.plan(book, DAY + dt.timedelta(days=1))
    assert waiting.nothing_to_do
    assert "cooldown" in " ".join(waiting.trigger.reasons)
    assert actions.plan(book, DAY + dt.timedelta(days=5)).trigger.kind == "THRESHOLD"


def test_a_stablecoin_without_a_band_is_a_need_at_the_next_trigger() -> None:
    """Short of its target it is no trigger alone; once SOL is trimmed, the proceeds fill it."""
    rows = [spot("BTC", 5_000.0, 0.5, 0.1), spot("SOL", 4_500.0, 0.4, 0.06), stable(500.0, 0.1)]
    assert plan_of(rows).trigger.kind == "NONE"
    rows[1] = spot("SOL", 4_500.0, 0.4, 0.04)
    plan = plan_of(rows)
    assert amounts(plan) == {"SOL": ("SELL", 500.0)}
    assert plan.totals.reserve == approx(500.0)


# --- record ----------------------------------------------------------------------------------------------------


def test_left_over_is_the_same_in_plan_and_execution() -> None:
    """The same fills: both Journal rows name the same money, and Value is the book's after them."""
    venues: list[dict[str, Any]] = [{"Venue": "binance", "SpotFee": 0.001}]
    rows = [
        spot("BTC", 6_000.0, 0.4, 0.05, Venue="binance"),
        spot("ETH", 3_000.0, 0.35, 0.05, Venue="binance", Lot=7.0),
        {**stable(1_000.0, 0.05), "Venue": "binance"},
    ]
    book = workbook(rows, venues=venues)
    actions.rebalance(book)
    actions.record(book)
    header, planned, done = book.tables["Journal"]
    left, value = header.index("Left over"), header.index("Value")
    assert planned[left] == approx(done[left], abs=0.005)
    assert planned[left] > 100.0
    assert done[value] == approx(book_value(read_book(book)), abs=0.005)


def test_a_sale_is_made_first_where_money_is_needed_most_urgently() -> None:
    """BTC lies at two venues: it is sold where most is lacking, or where the need with the first Priority stands."""
    rows = [
        unit("BTC", 0.4, 10_000.0, 0.5, 0.05, Venue="a"),
        unit("BTC", 0.4, 10_000.0, None, Venue="b"),
        unit("ETH", 0.5, 1_000.0, 0.15, 0.05, Venue="a"),
        unit("SOL", 5.0, 100.0, 0.25, 0.05, Venue="b"),
        stable(1_000.0, 0.1, Venue="a"),
    ]

    def first_sale(rows: list[dict[str, Any]]) -> str:
        return next(each.venue for each in plan_of(rows).trades if each.action == "SELL")

    assert first_sale(rows) == "b"
    rows[2] = rows[2] | {"Priority": 1}
    assert first_sale(rows) == "a"
