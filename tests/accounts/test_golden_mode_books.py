"""The golden calls on the tables of the mode books against the plan and the stress command of the same books."""

from __future__ import annotations

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from rebalance_xl.cli import app
from tests.fixtures.fixture_book import HERE
from tests.golden import mode_books
from tests.golden.golden import Case, load

from .test_mode_books import DAY


def asked(mode: str, command: str, *more: str) -> Any:
    """Return what a command says of a mode's book as JSON."""
    book = str(HERE / f"account_{mode}.xlsx")
    answer = CliRunner().invoke(app, [command, book, "--as-of", f"{DAY}", "--json", *more])
    assert answer.exit_code == 0, answer.output
    return json.loads(answer.stdout)


def golden(mode: str, function: str, what: str = "") -> Case:
    """Return the golden call of a function on a mode's tables."""
    return next(case for case in load() if case.id == f"{function}: book {mode}{what}")


def per_pool(mode: str, function: str) -> dict[str, float]:
    """Return a figure of the golden table pool by pool, in dollars."""
    prices = {row["Coin"]: row["Price"] for row in mode_books.wallets(mode)}
    result = golden(mode, function).result
    rows = result if isinstance(result, list) else [["account", result]]
    return {name: figure * prices.get(name, 1.0) for name, figure in rows}


@pytest.mark.parametrize("mode", mode_books.MODES)
def test_the_golden_table_says_what_the_plan_says(mode: str) -> None:
    """What every host gives for a book's tables is what its plan prints: accounts, ratios, moves and prices."""
    plan = asked(mode, "plan")
    shared = [each for each in plan["accounts"] if each["pool"] not in {p["symbol"] for p in plan["positions"]}]
    equity, needed = per_pool(mode, "ACCOUNT_EQUITY"), per_pool(mode, "ACCOUNT_MAINTENANCE")
    for each in shared:
        assert (equity[each["pool"]], needed[each["pool"]]) == pytest.approx((each["equity"], each["requirement"]))
    assert bool(shared) == (mode != "bybit_isolated")
    ratios = golden(mode, "ACCOUNT_MARGIN_RATIO").result
    assert [row[0] for row in (ratios if isinstance(ratios, list) else [[ratios]])] == pytest.approx(
        [each["ratio"] for each in plan["accounts"]]
    )
    moves = golden(mode, "ACCOUNT_LIQUIDATION_MOVE").result[0]
    names = golden(mode, "ACCOUNT_FIRST_TO_LIQUIDATE").result[0]
    for key, move, name in zip(("fall", "rise"), moves, names, strict=True):
        found = {each["pool"]: each[key] for each in plan["accounts"] if isinstance(each[key], float)}
        if not found:
            assert (move, name) == ("NEVER", "NEVER")
            continue
        first = min(found, key=lambda pool: abs(found[pool]))
        assert (move, name) == (pytest.approx(found[first]), first)
    for each in plan["positions"]:
        price = golden(mode, "ACCOUNT_LIQUIDATION_PRICE", f" {each['symbol']}").result
        assert price == (each["liquidation_price"] if price == "NEVER" else pytest.approx(each["liquidation_price"]))


@pytest.mark.parametrize("mode", mode_books.MODES)
def test_the_golden_table_says_what_stress_says(mode: str) -> None:
    """STRESS_TABLE over the book's tables gives the rows of `rebalance-xl stress`."""
    rows = asked(mode, "stress", *(f"--shock=ALL={move}" for move in mode_books.MOVES))
    for row, found in zip(rows, golden(mode, "STRESS_TABLE").result[1:], strict=True):
        value, if_lost, equity, ratio, liquidated = found
        assert (value, if_lost, equity) == pytest.approx((row["value"], row["value_if_lost"], row["equity"]))
        if any(each["equity"] <= 0.0 for each in row["accounts"]):
            assert ratio == "LIQUIDATABLE"
        else:
            assert ratio == pytest.approx(row["ratio"])
        assert liquidated == ", ".join(row["liquidated"])


def test_the_golden_table_takes_the_venues_figures() -> None:
    """Of the given account the plan's ratio is that of the two entered figures, and stress moves no account."""
    (account,) = asked("given", "plan")["accounts"]
    assert golden("given", "ACCOUNT_MARGIN_RATIO").result == pytest.approx(account["ratio"])
    assert golden("given", "ACCOUNT_MARGIN_RATIO", " level").result == pytest.approx(1.0 / account["ratio"])
    assert [row["accounts"] for row in asked("given", "stress", "--shock=ALL=-0.2")] == [[]]
