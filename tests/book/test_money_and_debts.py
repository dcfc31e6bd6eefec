"""Money as traders keep it: debts, new money, stablecoins without a Kind, another currency, a reserve that holds."""

from __future__ import annotations

import pytest

from rebalance_xl.book import actions
from rebalance_xl.book.memory import MemoryWorkbook
from rebalance_xl.book.model import read_book
from rebalance_xl.book.plan import book_value, make_plan
from rebalance_xl.book.problems import BookError
from tests.book.books import DAY, amounts, as_values, line, perpetual, plan_of, stable, unit, workbook

approx = pytest.approx


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


def test_what_stands_above_its_target_pays_a_debt() -> None:
    """SOL is below its band and 500 are owed: BTC, ten points over inside its band, sells 1,000 for both."""
    rows = [
        unit("BTC", 7_000.0, 1.0, 0.6, 0.2),
        unit("ETH", 2_000.0, 1.0, 0.2, 0.2),
        unit("SOL", 1_500.0, 1.0, 0.2, 0.01),
    ]
    plan = plan_of([*rows, stable(-500.0)])
    assert amounts(plan) == {"BTC": ("SELL", 1_000.0), "SOL": ("BUY", 500.0)}
    assert plan.cash["USDT"] == approx(500.0)


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
