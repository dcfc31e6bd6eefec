"""One fixture book per account mode: recalculation, plan, stress and command give the same figures."""

from __future__ import annotations

import datetime as dt
import json
import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from rebalance_xl.book.account_figures import account_figures
from rebalance_xl.book.futures import Tiers
from rebalance_xl.book.model import Book, read_book
from rebalance_xl.book.plan import make_plan
from rebalance_xl.book.problems import BookError
from rebalance_xl.book.stress import market_shocks, read_shock, shocked, stress_book
from rebalance_xl.cli import app
from rebalance_xl.functions.stress import Shock
from rebalance_xl.hosts.file import FileWorkbook
from rebalance_xl.recalc.workbook import recalculate
from tests.fixtures import make_account_fixtures, make_unified_fixtures
from tests.fixtures.make_account_fixtures import BOOKS, HERE, SHOCKS, multi_row

DAY = dt.date(2026, 11, 20)


def read(mode: str) -> Book:
    return read_book(FileWorkbook.open(HERE / f"account_{mode}.xlsx"), DAY)


def figures(mode: str) -> dict[str, Any]:
    book = read(mode)
    return {each.pool: each for each in account_figures(book, Tiers.of(book).tables)}


def test_books_are_what_the_script_writes(tmp_path: Path) -> None:
    """The committed books are the script's, byte for byte."""
    make_account_fixtures.main(tmp_path)
    make_unified_fixtures.main(tmp_path)
    names = [*BOOKS, *make_unified_fixtures.BOOKS]
    changed = [name for name in names if (tmp_path / name).read_bytes() != (HERE / name).read_bytes()]
    assert changed == [], "run python -m tests.fixtures.make_account_fixtures and make_unified_fixtures"


def test_single_book_in_the_plan() -> None:
    """The plan's prices and accounts are the functions' answers in the book's own cells."""
    plan = make_plan(read("single"))
    prices = {each.symbol: each.liquidation_price for each in plan.positions}
    assert prices["BTCUSDT"] == pytest.approx((30_000 - 4_700) / (0.5 * 0.995), rel=1e-12)
    assert prices["BTCUSD_PERP"] == pytest.approx(30_000 * 1.005 / 0.6, rel=1e-12)
    found = figures("single")
    assert (found["USDT"].equity, found["USDT"].requirement) == (5_000, 450)
    assert found["USDT"].fall == pytest.approx(-(5_000 - 450) / (60_000 - 450), rel=1e-12)
    assert found["BTC"].fall == pytest.approx(-0.1625, rel=1e-12)
    assert found["BTC"].equity == pytest.approx(6_000.0)
    assert {each.estimate for each in plan.positions} == {""}


def test_multi_book_in_plan_and_stress() -> None:
    """Equity, price and the stress rows are those that the book's own formulas expect."""
    plan = make_plan(read("multi"))
    assert plan.positions[0].liquidation_price == pytest.approx((90_000 - 30_800) / (1.5 * 0.995), rel=1e-12)
    (account,) = figures("multi").values()
    assert (account.equity, account.requirement, account.free) == pytest.approx((30_800, 450, 30_350))
    rows = stress_book(read("multi"), market_shocks(SHOCKS))
    assert [row.liquidated for row in rows] == [("account",), (), (), ()]
    for row, move in zip(rows[1:], SHOCKS[1:], strict=True):
        wanted = multi_row(move)
        # What lies in Wallets and not in Portfolio is part of the book: one value for plan, stress and function.
        assert row.value == pytest.approx(wanted[0])
        assert row.accounts[0].equity == pytest.approx(wanted[2])
        assert row.ratio == pytest.approx(wanted[3])
    short = 450 * 0.5 - (8_000 - 45_000 + 11_400)
    assert rows[0].reserve == pytest.approx(short)
    assert math.isinf(rows[0].ratio)


def test_given_book_takes_the_venues_figures() -> None:
    """A scenario-margin account shows the entered equity and requirement, and no price of its own."""
    plan = make_plan(read("given"))
    assert plan.positions[0].liquidation_price is None
    (account,) = figures("given").values()
    assert (account.equity, account.requirement, account.fall) == (30_800, 450, None)
    assert account.ratio == pytest.approx(450 / 30_800)
    assert stress_book(read("given"))[0].accounts == ()


def test_stress_kills_in_order_and_counts_what_is_lost() -> None:
    """In the single book USDT falls before BTC; with both gone the rest of the book is left."""
    rows = {row.name: row for row in stress_book(read("single"))}
    half = rows["-50%"]
    assert half.liquidated == ("USDT", "BTC")
    # Spot is 15,000 + 10,000; the dead pools held margins and losses that are gone.
    assert half.value_if_lost == pytest.approx(25_000)
    assert half.value == pytest.approx(25_000 + (5_000 - 15_000 - 15_000) + (0.1 - 0.5) * 30_000)
    assert rows["as it is"].liquidated == ()
    assert rows["as it is"].trigger == make_plan(read("single")).trigger.kind


def test_reserve_really_saves() -> None:
    """With the missing money added to its wallet the pool survives, with a cent less it does not."""
    book, shock = read("multi"), market_shocks([-0.4])
    (row,) = stress_book(book, shock)
    assert row.reserve > 0.0

    def with_more(amount: float) -> tuple[str, ...]:
        wallets = (replace(book.wallets[0], balance=book.wallets[0].balance + amount), *book.wallets[1:])
        return stress_book(replace(book, wallets=wallets), shock)[0].liquidated

    assert with_more(row.reserve + 0.01) == ()
    assert with_more(row.reserve - 0.01) == ("account",)


def test_a_shocked_book_is_the_book_at_other_prices() -> None:
    """Prices, marks, coin margins and basis move; stablecoins stay unless named."""
    after = shocked(read("single"), Shock({"btc": -0.5}, {"btcusdt": 0.1}))
    assert [each.price for each in after.holdings] == [30_000, 1]
    assert [each.mark for each in after.positions] == pytest.approx([33_000, 3_000, 30_000])
    assert after.positions[2].money == pytest.approx(30_000)
    assert read("single").positions[0].mark == 60_000


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("BTC", "no shock"),
        ("BTC=down", "no shock"),
        ("BTC=-20", "by more than all"),
        ("BTC=-1%, btc=2%", "twice"),
        ("", "names no coin"),
        ("NOSUCH=-10%", 'holds no "NOSUCH"'),
    ],
)
def test_wrong_shocks_are_named(text: str, words: str) -> None:
    """What is no shock, or names nothing in the book, is refused with its text."""
    with pytest.raises(ValueError, match=re.escape(words)):
        stress_book(read("single"), [read_shock(text)])


def test_command_prints_and_writes_json(tmp_path: Path) -> None:
    """`rebalance-xl stress` gives the rows as a table and as JSON, and takes shocks from a file."""
    table = tmp_path / "shocks.csv"
    table.write_text("Scenario,ALL,USDT\ncrash,-50%,\npeg,,-3%\n")
    book = str(HERE / "account_single.xlsx")
    arguments = ["stress", book, "--as-of", "2026-11-20", "--shock", "BTC=-10%", "--shocks", str(table)]
    answer = CliRunner().invoke(app, [*arguments, "--json"])
    assert answer.exit_code == 0, answer.output
    rows = json.loads(answer.output)
    assert [row["name"] for row in rows] == ["BTC=-10%", "crash", "peg"]
    assert rows[1]["liquidated"] == ["USDT", "BTC"]
    # A fall of the stablecoin leaves the ratio of its own pool alone and costs value.
    wanted = stress_book(read("single"), [read_shock("USDT=-3%")])[0]
    assert rows[2]["value"] == pytest.approx(wanted.value)
    assert wanted.ratio == pytest.approx(0.09)
    shown = CliRunner().invoke(app, arguments)
    assert shown.exit_code == 0
    assert "USDT, BTC" in shown.output
    assert CliRunner().invoke(app, ["stress", book, "--shock", "BTC"]).exit_code == 2
    assert CliRunner().invoke(app, ["stress", str(tmp_path / "none.xlsx")]).exit_code == 1


def test_a_book_that_cannot_be_planned_is_refused() -> None:
    """Stress refuses what the plan refuses, with the plan's reasons."""
    book = read("single")
    broken = replace(book, problems=(*book.problems, *_errors()))
    with pytest.raises(BookError):
        stress_book(broken)


def _errors() -> tuple[Any, ...]:
    from rebalance_xl.book.problems import ERROR, Problem

    return (Problem(ERROR, "Portfolio!A1", "broken"),)


ALL_MODES = sorted(path.stem.removeprefix("account_") for path in HERE.glob("account_*.xlsx"))


@pytest.mark.parametrize("mode", ALL_MODES)
def test_every_mode_book_runs_through_recalculation_plan_and_stress(mode: str, tmp_path: Path) -> None:
    """Recalculated as a file it plans and stresses to the same accounts, and the command says the same."""
    copy = tmp_path / f"account_{mode}.xlsx"
    copy.write_bytes((HERE / f"account_{mode}.xlsx").read_bytes())
    recalculate(copy, as_of=DAY)
    book = read_book(FileWorkbook.open(copy), DAY)
    plan = make_plan(book)
    moves = [-0.3, 0.0, 0.2]
    rows = stress_book(book, market_shocks(moves))
    assert rows[1].value == pytest.approx(plan.totals.value)
    assert (rows[1].trigger, rows[1].reasons) == (plan.trigger.kind, plan.trigger.reasons)
    shown = {each.pool: (each.equity, each.requirement) for each in plan.accounts if each.mode != "given"}
    assert {each.pool: (each.equity, each.requirement) for each in rows[1].accounts} == {
        pool: (pytest.approx(equity), pytest.approx(needed)) for pool, (equity, needed) in shown.items()
    }
    assert [sum(each.is_dead for each in row.accounts) for row in rows] == [len(row.liquidated) for row in rows]
    answer = CliRunner().invoke(
        app, ["stress", str(copy), "--as-of", f"{DAY}", "--json", *(f"--shock=ALL={move}" for move in moves)]
    )
    assert answer.exit_code == 0, answer.output
    told = json.loads(answer.output)
    for row, found in zip(rows, told, strict=True):
        assert (found["value"], found["value_if_lost"]) == pytest.approx((row.value, row.value_if_lost))
        assert found["liquidated"] == list(row.liquidated)
        assert found["trigger"] == row.trigger
