"""What may stand in the columns: a dead coin, a value without a price, a typed total, numbers kept as text."""

from __future__ import annotations

from typing import Any

import pytest

from rebalance_xl.book import actions
from rebalance_xl.book.problems import BookError
from rebalance_xl.cells import CellError
from tests.book.books import amounts, as_values, line, plan_of, unit, workbook

approx = pytest.approx
TWO = [unit("BTC", 1.0, 60_000.0, 0.5, 0.05), unit("ETH", 10.0, 3_000.0, 0.5, 0.05)]


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
