"""Every published answer, by its id, at its own tolerance."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path
from typing import Any

import pytest

from rebalance_xl.functions import FUNCTIONS, carry
from rebalance_xl.functions import liquidation as liq
from tests.derivatives import evidence
from tests.derivatives import exchange_figures as figures
from tests.derivatives.vectors import ASK, DATA, OUTSIDE_THE_CONTRACT, Vector, one_tier, read_vectors

VECTORS = read_vectors()


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.id)
def test_published_answer(vector: Vector) -> None:
    """The function of a category gives the published answer within the row's own tolerance."""
    actual = ASK[vector.category](vector)
    assert abs(vector.expected - actual) <= vector.tolerance


def test_every_row_is_asked() -> None:
    """No category is left out, and no listed exception is out of use."""
    categories = {vector.category for vector in VECTORS}
    assert len(VECTORS) >= 93
    assert categories == set(ASK)
    assert set(OUTSIDE_THE_CONTRACT) <= categories


def test_the_page_states_the_counts_of_the_command(root: Path) -> None:
    """What docs/liquidation.md says of the evidence is what `python -m tests.derivatives.evidence` counts."""
    text = " ".join((root / "docs" / "liquidation.md").read_text(encoding="utf-8").partition("## Evidence")[2].split())
    kinds, functions = evidence.kinds(), evidence.by_function()
    further, accounts = len(evidence.rows(evidence.ACCOUNTS / "venues_2.csv")), functions["whole accounts"]
    said = [
        f"{sum(kinds.values()) + further + accounts} answers from outside",
        f"{sum(kinds.values())} published answers",
        f"{kinds['A']} produced by an exchange",
        f"{kinds['B']} from an exchange's own",
        f"{kinds['C']} from other projects'",
        f"{kinds['D']} from articles",
        f"{sum(each.category == 'liq' for each in VECTORS)} of them are liquidation prices",
        f"{further} more are of further venues, and {accounts} of whole accounts",
        ", ".join(f"{count} {name}" for name, count in functions.most_common() if count >= 6 and name.isupper()),
    ]
    assert [each for each in said if each not in text] == []


def test_rows_equal_the_shared_ones(shared_dir: Path) -> None:
    """The copies in the tests are the shared vectors."""
    for name in ("derivatives.csv", "edge_cases.csv"):
        assert (DATA / name).read_text() == (shared_dir / "vectors" / name).read_text()


def _edge_rows() -> list[Any]:
    with open(DATA / "edge_cases.csv", newline="", encoding="utf-8") as file:
        return [pytest.param(row, id=row["id"]) for row in csv.DictReader(file)]


def _ask_edge(row: dict[str, str]) -> Any:
    given = json.loads(row["inputs_json"])
    kind = row["function"]
    if kind == "liq":
        tiers = "binance:BTCUSDT" if "tiers" in given else [[0, None, None, given["mmr"], given.get("amount", 0)]]
        return FUNCTIONS["CROSS_LIQUIDATION_PRICE"].call(
            given["side"],
            given["qty"],
            given["entry"],
            given["wallet"],
            tiers,
            0,
            0,
            "inverse" if given.get("inverse") else "linear",
            "generic",
            given.get("fee", 0),
        )
    if kind == "liq_flat":
        floors = [0, *(cap for cap, _ in given["tiers"])]
        tiers = [[floor, cap, None, rate, None] for floor, (cap, rate) in zip(floors, given["tiers"], strict=False)]
        return FUNCTIONS["CROSS_LIQUIDATION_PRICE"].call(
            given["side"], given["qty"], given["entry"], given["margin"], tiers, 0, 0, "linear", "weex"
        )
    if kind == "bybit_liq":
        return FUNCTIONS["LIQUIDATION_PRICE"].call(
            "short", given["qty"], given["entry"], given["leverage"], given["mmr"], "inverse", "bybit"
        )
    if kind == "breakeven_inverse":
        return FUNCTIONS["BREAKEVEN_PRICE"].call(
            "long", given["entry"], given["open_fee"], given["close_fee"], "inverse"
        )
    if kind == "ann_funding":
        return FUNCTIONS["FUNDING_APR"].call(given["rate"], given["hours"], given["compound"])
    assert kind == "ann_basis"
    compound = FUNCTIONS["ANNUALIZED_BASIS"].call(given["s"], given["f"], given["dte"], True)
    assert math.isclose(compound, float(row["bruteforce_or_alt"]), rel_tol=1e-12)
    return FUNCTIONS["ANNUALIZED_BASIS"].call(given["s"], given["f"], given["dte"])


@pytest.mark.parametrize("row", _edge_rows())
def test_edge_case(row: dict[str, str]) -> None:
    """Edge cases give the stated number; where there is none, NEVER, or #N/A for a quantity of 0."""
    actual = _ask_edge(row)
    if row["expected"] == "NONE":
        assert str(actual) == ("#N/A" if row["id"] == "E09" else "NEVER")
    else:
        assert math.isclose(actual, float(row["expected"]), rel_tol=1e-12)


def test_leverage_above_the_tier_is_refused_with_its_maximum() -> None:
    """Edge case E13 at 150x: the order would be rejected, and the message says what is allowed."""
    answer = FUNCTIONS["LIQUIDATION_PRICE"].call("long", 10, 100_000, 150, "binance:BTCUSDT")
    assert answer.code == "#NUM!"
    assert "allow up to 75" in answer.reason


def test_bybit_before_september_2025() -> None:
    """The former rule keeps the maintenance of the entry value, and added margin moves the price by X / q."""
    before = figures.legacy_liquidation_price(1.0, 10_000.0, 10.0, 0.005)
    assert before == 9_050.0
    assert figures.legacy_price_after_margin(1.0, before, 500.0, 1.0) == 8_550.0
    assert figures.legacy_liquidation_price(-1.0, 10_000.0, 10.0, 0.005) == 10_950.0


def test_carry_costs_are_payments_with_the_other_sign() -> None:
    """A day of three payments is the cost of a day."""
    paid = 3 * carry.funding_payment(1.0, 20_000.0, 1e-4)
    assert math.isclose(carry.funding_cost(1.0, 20_000.0, 1e-4, 1.0), -paid)


def test_single_row_is_the_tier_in_force() -> None:
    """A single row is used as it is: its floor and cap are not asked."""
    rows = FUNCTIONS["CROSS_LIQUIDATION_PRICE"].call("short", 1, 10, 2, [[500, 900, None, 0.01, 0.01]])
    tier = liq.cross_liquidation_price(-1.0, 1.0, 10.0, 2.0, one_tier(0.01, 0.01))
    assert rows == tier == pytest.approx(11.89108910891089, abs=1e-9)


def test_page_counts_the_evidence_right(root: Path) -> None:
    """The page on liquidation prices says how many answers of which kind there are."""
    with open(DATA / "derivatives.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    kinds = {kind: sum(row["evidence"] == kind for row in rows) for kind in "ABCD"}
    prices = sum(row["category"] == "liq" for row in rows)
    page = " ".join((root / "docs" / "liquidation.md").read_text(encoding="utf-8").split())
    more = {}
    for name in ("venues_2.csv", "accounts.csv"):
        with open(DATA.parents[1] / "accounts" / "data" / name, newline="", encoding="utf-8") as file:
            more[name] = len(list(csv.DictReader(file)))
    assert f"{len(rows) + sum(more.values())} answers from outside" in page
    assert f"{more['venues_2.csv']} more are of further venues, and {more['accounts.csv']} of whole accounts" in page
    assert f"{len(rows)} published answers" in page
    assert f"{kinds['A']} produced by an exchange" in page
    assert f"{kinds['B']} from an exchange's own worked examples" in page
    assert f"{kinds['C']} from other projects' tests, {kinds['D']} from articles. {prices} of them" in page
