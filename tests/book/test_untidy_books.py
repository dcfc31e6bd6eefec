"""Books as traders keep them: what may stand in a book without stopping the plan, and what comes out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from rebalance_xl.book import actions
from rebalance_xl.book.memory import MemoryWorkbook
from rebalance_xl.book.model import read_book
from rebalance_xl.book.plan import book_value, make_plan
from rebalance_xl.book.plan_data import Line, Plan
from rebalance_xl.book.problems import BookError
from rebalance_xl.cells import CellError
from tests.book.books import DAY, amounts, perpetual, plan_of, stable, workbook

approx = pytest.approx


def line(plan: Plan, asset: str, venue: str | None = None) -> Line:
    return next(each for each in plan.lines if each.asset == asset and venue in (None, each.venue))


def unit(
    asset: str, quantity: float, price: float | None, target: float | None, band: float | None = None, **more: Any
):
    """Return a row by its quantity and price."""
    return {"Asset": asset, "Quantity": quantity, "Price": price, "Target": target, "Band": band, **more}


TWO = [unit("BTC", 1.0, 60_000.0, 0.5, 0.05), unit("ETH", 10.0, 3_000.0, 0.5, 0.05)]


def as_values(rows: Sequence[dict[str, Any]], columns: Sequence[str], **names: Any) -> MemoryWorkbook:
    """Return a book with just these columns of Portfolio."""
    table = [list(columns), *[[row.get(column) for column in columns] for row in rows]]
    return MemoryWorkbook({"Portfolio": table}, {"AsOf": DAY, **names})


@pytest.mark.parametrize(
    "debt, total, sold, bought", [(-0.03, 9_999.97, 2_000.015, 1_999.985), (-500.0, 9_500.0, 2_250.0, 1_750.0)]
)
def test_a_debt_is_paid_before_every_other_need(debt: float, total: float, sold: float, bought: float) -> None:
    """Cash below 0 is part of the value, and the sale pays it first."""
    plan = plan_of([unit("BTC", 0.1, 70_000.0, 0.5, 0.05), unit("ETH", 1.0, 3_000.0, 0.5, 0.05), stable(debt)])
    assert plan.totals.value == approx(total)
    assert amounts(plan) == {"BTC": ("SELL", approx(sold, abs=0.01)), "ETH": ("BUY", approx(bought, abs=0.01))}
    assert plan.cash["USDT"] == approx(-debt)
    assert f"a debt of {-debt:,.2f} is paid first" in line(plan, "USDT").reason
    assert plan.totals.check == 0.0


def test_a_debt_is_gone_after_record() -> None:
    """Record leaves the stablecoin at 0."""
    book = workbook([unit("BTC", 0.1, 70_000.0, 0.5, 0.05), unit("ETH", 1.0, 3_000.0, 0.5, 0.05), stable(-500.0)])
    actions.rebalance(book)
    actions.record(book)
    rows = {row[0]: row[4] for row in book.tables["Portfolio"][1:]}
    assert rows["USDT"] == approx(0.0, abs=1e-9)
    assert make_plan(read_book(book)).nothing_to_do


def test_a_debt_that_nothing_can_pay_says_what_is_missing() -> None:
    """The only source is locked: the debt stays, and its line names it."""
    rows = [unit("BTC", 0.1, 70_000.0, 0.5, 0.05, Locked="yes"), unit("ETH", 1.0, 3_000.0, 0.5, 0.05), stable(-500.0)]
    plan = plan_of(rows)
    assert "500.00 is still owed" in line(plan, "USDT").reason


def test_a_negative_holding_is_refused_with_its_cell() -> None:
    """Only money may be below 0."""
    with pytest.raises(BookError, match=r"Portfolio!E2: .*cannot be negative"):
        plan_of([unit("BTC", -1.0, 60_000.0, 0.5), unit("ETH", 10.0, 3_000.0, 0.5)])


def test_new_money_without_a_target_names_the_rule_that_keeps_it() -> None:
    """3,000 of USDT without target and ReserveMax stay; both rows below their band say so."""
    rows = [unit("BTC", 6000.0, 1.0, 0.6, 0.05), unit("ETH", 4000.0, 1.0, 0.4, 0.05), stable(3000.0)]
    plan = plan_of(rows)
    assert plan.nothing_to_do
    assert plan.trigger.kind == "THRESHOLD"
    for asset in ("BTC", "ETH"):
        assert "3,000.00 of USDT is kept: it has no target and there is no ReserveMax" in line(plan, asset).reason


def test_one_coin_at_two_venues_is_one_asset() -> None:
    """BTC is 66.7 % of the book: it is sold at the exchange, never from the locked ledger."""
    rows = [
        unit("BTC", 0.5, 60_000.0, 0.5, 0.05, Venue="binance"),
        unit("BTC", 0.5, 60_000.0, None, None, Venue="ledger", Locked="yes"),
        unit("ETH", 10.0, 3_000.0, 0.5, 0.05, Venue="binance"),
    ]
    plan = plan_of(rows)
    assert amounts(plan) == {"BTC": ("SELL", 15_000.0), "ETH": ("BUY", 15_000.0)}
    assert line(plan, "BTC", "binance").quantity == approx(0.25)
    assert line(plan, "BTC", "ledger").action == "HOLD"
    assert "66.67 %" in line(plan, "BTC", "binance").reason
    assert sum(each.weight_after or 0.0 for each in plan.lines) == approx(1.0)


def test_locked_units_count_and_are_not_sold() -> None:
    """6 of 10 ETH are staked: of the 5 that the rule would sell, 4 are free."""
    rows = [unit("ETH", 10.0, 3_000.0, 0.25, 0.05, Locked=6.0), unit("BTC", 0.5, 60_000.0, 0.75, 0.05)]
    plan = plan_of(rows)
    assert line(plan, "ETH").quantity == approx(4.0)
    assert plan_of([rows[0] | {"Locked": 2.0}, rows[1]]).lines[0].quantity == approx(5.0)


def test_a_purchase_goes_where_the_money_is() -> None:
    """BTC is held at two venues; the cash lies at the second, so it is bought there."""
    rows = [
        unit("BTC", 0.05, 60_000.0, 0.8, 0.05, Venue="binance"),
        unit("BTC", 0.05, 60_000.0, None, None, Venue="kraken"),
        {**stable(4_000.0, 0.2), "Venue": "kraken"},
    ]
    plan = plan_of(rows)
    assert [(each.action, each.venue) for each in plan.trades] == [("BUY", "kraken")]


def test_a_sale_starts_where_the_money_is_needed() -> None:
    """The smaller row lies at the venue of the purchase: it is sold first, then the larger one."""
    rows = [
        unit("BTC", 1.0, 10_000.0, 0.4, 0.05, Venue="kraken"),
        unit("BTC", 0.2, 10_000.0, None, None, Venue="binance"),
        unit("ETH", 2.0, 1_000.0, 0.6, 0.05, Venue="binance"),
    ]
    plan = plan_of(rows)
    sales = {each.venue: each.amount for each in plan.trades if each.action == "SELL"}
    assert sales == approx({"binance": 2_000.0, "kraken": 4_400.0})


@pytest.mark.parametrize(
    "column, one, other",
    [("Target", 0.5, 0.4), ("Band", 0.05, 0.1), ("Priority", 1, 2), ("Sector", "L1", "L2"), ("Kind", "spot", "stable")],
)
def test_rows_of_one_asset_that_contradict_each_other_are_refused(column: str, one: Any, other: Any) -> None:
    """What belongs to the asset stands once; both cells are named."""
    rows = [
        unit("BTC", 1.0, 10.0, None, Venue="a"),
        unit("BTC", 1.0, 10.0, None, Venue="b"),
        unit("ETH", 1.0, 10.0, 0.1),
    ]
    rows[0][column], rows[1][column] = one, other
    with pytest.raises(BookError) as refusal:
        plan_of(rows)
    text = str(refusal.value)
    assert f"the {column} of BTC" in text
    assert text.count("Portfolio!") == 2
    rows[1][column] = None
    plan_of(rows)


def test_the_same_pair_twice_is_refused_by_name() -> None:
    """Asset and venue name a row."""
    rows = [unit("BTC", 1.0, 10.0, 0.5, Venue="a"), unit("BTC", 1.0, 10.0, None, Venue="A")]
    with pytest.raises(BookError, match=r'Portfolio!A3: "BTC" at A is already in Portfolio!A2'):
        plan_of(rows)


# --- prices ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("price", [None, 0.0, CellError("#N/A", "")])
def test_a_dead_coin_counts_nothing(price: Any) -> None:
    """Without a price, at 0 or at #N/A, an untargeted row does not stop the plan."""
    book = workbook([*TWO, unit("LUNA", 1000.0, price, None)])
    plan = actions.plan(book)
    assert amounts(plan) == {"BTC": ("SELL", 15_000.0), "ETH": ("BUY", 15_000.0)}
    if price != 0.0:
        assert "no price" in line(plan, "LUNA").reason
        assert any("Portfolio!F4" in warning for warning in plan.warnings)


def test_a_value_without_a_price_is_enough() -> None:
    """LUNA counts 500: 90,500 in all, BTC sells 14,750 and ETH misses 500."""
    columns = ["Asset", "Quantity", "Price", "Value", "Target", "Band"]
    rows = [*TWO, {"Asset": "LUNA", "Quantity": 1000.0, "Value": 500.0}]
    plan = actions.plan(as_values(rows, columns))
    assert plan.totals.value == approx(90_500.0)
    assert amounts(plan) == {"BTC": ("SELL", approx(14_750.0)), "ETH": ("BUY", approx(14_750.0))}
    assert line(plan, "ETH").wanted == approx(500.0)


def test_a_targeted_row_without_a_price_is_refused() -> None:
    """Its weight is unknown, so nothing is planned."""
    with pytest.raises(BookError, match=r"Portfolio!F2: the Price of BTC is blank"):
        plan_of([unit("BTC", 1.0, None, 0.5), unit("ETH", 10.0, 3_000.0, 0.5)])


def test_a_typed_total_is_refused_with_its_cell() -> None:
    """By its name, or because its Value is the sum of the others."""
    columns = ["Asset", "Quantity", "Price", "Value", "Target"]
    rows: list[dict[str, Any]] = [
        {"Asset": "BTC", "Quantity": 0.1, "Price": 50_000.0, "Value": 5_000.0, "Target": 0.5},
        {"Asset": "ETH", "Quantity": 1.0, "Price": 3_000.0, "Value": 3_000.0, "Target": 0.5},
    ]
    for name, value in (("Total", 8_000.0), ("everything", 8_000.0), ("TOTAL:", 7_000.0)):
        with pytest.raises(BookError, match=r"Portfolio!A4: .*total row"):
            actions.plan(as_values([*rows, {"Asset": name, "Value": value}], columns))
    actions.plan(as_values([*rows, {"Asset": "gold", "Value": 7_000.0}], columns))


def test_a_number_stored_as_text_is_refused_also_in_the_first_row() -> None:
    """A table's column has no header among its data."""
    rows = [unit("BTC", 1.0, 10.0, 0.5), unit("ETH", 1.0, 10.0, 0.5)]
    rows[0]["Quantity"] = "1.0"
    with pytest.raises(BookError, match=r'Portfolio!E2: .*the text "1.0" where a number belongs'):
        plan_of(rows)


# --- money -----------------------------------------------------------------------------------------------------


def test_a_known_stablecoin_without_a_kind_is_money() -> None:
    """USDT with a target: SOL sells 1,600, BTC gets 400, USDT ends at 4,200; after Record nothing is left to do."""
    rows = [unit("BTC", 5000.0, 1.0, 0.45, 0.05), unit("USDT", 3000.0, 1.0, 0.1), unit("SOL", 4000.0, 1.0, 0.2, 0.05)]
    book = workbook(rows)
    plan = actions.rebalance(book)
    assert amounts(plan) == {"SOL": ("SELL", 1_600.0), "BTC": ("BUY", 400.0)}
    assert any("counted as money" in note and "USDT" in note for note in plan.notes)
    actions.record(book)
    money = [row for row in book.tables["Portfolio"][1:] if row[0] == "USDT"]
    assert [row[4] for row in money] == approx([4_200.0])
    assert make_plan(read_book(book)).nothing_to_do


def test_the_stablecoin_that_record_adds_is_money_for_the_next_plan() -> None:
    """A book without Kind and Venue gets a USDT row, which counts as money at once."""
    columns = ["Asset", "Quantity", "Price", "Target", "Band"]
    rows = [
        unit("BTC", 5000.0, 1.0, 0.45, 0.05),
        unit("ETH", 3000.0, 1.0, 0.3, 0.05),
        unit("SOL", 4000.0, 1.0, 0.2, 0.05),
    ]
    tables = as_values(rows, columns).tables | {name: workbook(rows).tables[name] for name in ("Plan", "Journal")}
    book = MemoryWorkbook(tables, {"AsOf": DAY})
    actions.rebalance(book)
    actions.record(book)
    read = read_book(book)
    assert [(row.asset, row.stable, row.value) for row in read.holdings][-1] == ("USDT", True, approx(600.0))
    assert make_plan(read).nothing_to_do


def test_the_quote_itself_is_money() -> None:
    """In a book in EUR, a row EUR without a Kind is money."""
    rows = [unit("BTC", 1.0, 900.0, 0.9, 0.05), unit("EUR", 100.0, 1.0, 0.1)]
    read = read_book(workbook(rows, settings={"Quote": "EUR"}))
    assert [row.stable for row in read.holdings] == [False, True]


def test_a_book_in_euro_counts_margins_at_the_price_of_their_coin() -> None:
    """1,000 USDT of margin and a profit of 100 USDT are 990 EUR at 0.90."""
    row = perpetual("BTCUSDT", "BTC", "long", 110.0, Quantity=10.0, EntryPrice=100.0, Margin=1_000.0, Leverage=1.0)
    rows = [unit("BTC", 10.0, 99.0, 0.5, 0.5), unit("USDT", 100.0, 0.9, None)]
    book = read_book(workbook(rows, [row], settings={"Quote": "EUR"}))
    assert book_value(book) == approx(990.0 + 90.0 + 990.0)
    missing = read_book(workbook(rows[:1], [row], settings={"Quote": "EUR"}))
    assert any("USDT, whose price in EUR is not known" in each.message for each in missing.problems)


def test_a_stablecoin_off_its_peg_counts_at_its_price() -> None:
    """USDT at 0.97: the margin kept in it is worth that much less."""
    row = perpetual("BTCUSDT", "BTC", "long", 100.0, Quantity=1.0, EntryPrice=100.0, Margin=100.0)
    book = read_book(workbook([unit("BTC", 1.0, 100.0, 0.5, 0.5), unit("USDT", 100.0, 0.97, None)], [row]))
    assert book_value(book) == approx(100.0 + 97.0 + 97.0)


# --- futures rows ----------------------------------------------------------------------------------------------


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


TIERS = [
    ["Venue", "Symbol", "Floor", "Cap", "MaxLeverage", "Rate", "Amount"],
    ["binance", "ETHUSDT", 0.0, 50_000.0, 50.0, 0.005, 0.0],
    ["binance", "ETHUSDT", 50_000.0, 100_000.0, 10.0, 0.01, 250.0],
]


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


def test_an_opening_that_is_liquidated_at_once_is_blocked() -> None:
    """Its margin would not cover the requirement of its size."""
    row = perpetual("ETHUSDT", "ETH", "long", 100.0, Venue="binance", Leverage=40.0, Target=0.02)
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


# --- lots, reviews, dust ---------------------------------------------------------------------------------------


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


def test_reserve_min_holds_after_the_plan() -> None:
    """What lots leave of the proceeds is never counted as reserve and spent again."""
    rows = [
        unit("A", 200.0, 97.3, 0.35, 0.03, Lot=1.0),
        unit("B", 11.0, 1_011.0, 0.3, 0.03, Lot=1.0),
        unit("C", 3.0, 5_507.0, 0.3, 0.03, Lot=1.0),
        stable(2_520.4),
    ]
    settings = {"ReserveMin": 0.05, "ReserveMax": 0.05, "DeployMethod": "pro_rata"}
    plan = plan_of(rows, settings=settings)
    assert not plan.nothing_to_do
    before, after = line(plan, "USDT").weight_before or 0.0, line(plan, "USDT").weight_after or 0.0
    assert before >= 0.05
    assert after >= 0.05 - 1e-9


def test_crumbs_day_after_day_are_noted() -> None:
    """ReserveMin keeps the cash and there is no ReserveMax: the note names both settings that help."""
    rows = [unit("A", 1.0, 5_000.0, 0.6, 0.02), unit("B", 1.0, 3_100.0, 0.35, 0.1), stable(1_900.0, 0.05)]
    plan = plan_of(rows, settings={"ReserveMin": 0.15})
    assert any("MinTrade" in note and "ReserveMax" in note for note in plan.notes)


SHARED = Path(__file__).resolve().parents[3] / "shared" / "cases" / "book"


@pytest.mark.skipif(not SHARED.is_dir(), reason="the folder of untidy books is not there")
@pytest.mark.parametrize("path", sorted(SHARED.glob("*.xls?")) if SHARED.is_dir() else [], ids=lambda path: path.stem)
def test_books_kept_elsewhere_are_planned_or_refused_in_words(path: Path) -> None:
    """Every untidy book is planned with its money conserved; only a typed total is refused."""
    from rebalance_xl.commands.plan import _opened

    port = _opened(path, None)
    if path.stem == "typed-total":
        with pytest.raises(BookError, match="total"):
            actions.plan(port, today=dt.date(2026, 11, 20))
        return
    plan = actions.plan(port, today=dt.date(2026, 11, 20))
    assert plan.totals.check == 0.0
    assert sum(each.weight_after or 0.0 for each in plan.lines) == approx(1.0)
    if path.stem == "row-under-table":
        assert any("Portfolio!A16: this cell stands directly under the table Portfolio" in w for w in plan.warnings)
