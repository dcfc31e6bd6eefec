"""The performance of a real book: known answers, and the sums that must come out."""

from __future__ import annotations

import math
from typing import Any

import pytest

from rebalance_xl.functions.simulation.performance import (
    Flow,
    Future,
    Payment,
    Performance,
    Trade,
    performance,
)

from . import cases

KNOWN = cases.known()["performance"]


def of_case(case: dict[str, Any]) -> Performance:
    """Return the performance of a case that is told from its start."""
    names = list(case["closes"])
    quantities, cash = dict(case["quantities"]), case["cash"]
    trades = []
    for at, name, units, price, fee in case["fills"]:
        quantities[name] += units
        cash -= units * price + fee
        trades.append(Trade(at, name, units, price, units * price, fee))
    flows = [Flow(at, money) for at, money in case["flows"]]
    payments = [Payment(at, "funding", -money) for at, money in case["funding"]]
    cash += sum(flow.money for flow in flows) + sum(payment.money for payment in payments)
    closes = case["closes"]
    days = [46_000.0 + t for t in range(len(closes[names[0]]))]
    return performance(days, closes, quantities, cash, trades, flows, payments)


WORKED = {
    "closes": {"BTC": [50000.0, 55000.0, 54000.0, 60000.0], "ETH": [2500.0, 2400.0, 2300.0, 2600.0]},
    "quantities": {"BTC": 0.1, "ETH": 2.0},
    "cash": 0.0,
    "flows": [[1, 2000.0], [3, -500.0]],
    "fills": [[2, "ETH", 0.5, 2300.0, 1.15]],
    "funding": [[3, 0.85]],
}


def test_worked_book() -> None:
    """Three days with a deposit, a purchase, funding and a withdrawal, worked out by hand."""
    found = of_case(WORKED)
    assert list(found.values) == pytest.approx([10_000, 12_300, 11_998.85, 12_848])
    assert found.time_weighted == pytest.approx(0.1177593496, abs=1e-10)
    assert found.money_weighted == pytest.approx(0.1192059948, abs=1e-10)
    rows = {row.name: row for row in found.rows}
    assert {name: round(row.profit, 6) for name, row in rows.items()} == {
        "BTC": 1000.0,
        "ETH": 348.85,
        "stablecoins": 0.0,
        "funding": -0.85,
    }
    assert rows["BTC"].contribution == pytest.approx(0.0918699187, abs=1e-10)
    assert rows["ETH"].contribution == pytest.approx(0.0259606098, abs=1e-10)
    assert rows["funding"].contribution == pytest.approx(-0.0000711789, abs=1e-10)
    assert (found.benchmark, round(found.benchmark_value, 2)) == (pytest.approx(0.12), 12_874.76)


@pytest.mark.skipif(not KNOWN, reason="the file of known answers is not at hand")
@pytest.mark.parametrize("case", KNOWN, ids=lambda case: case["id"])
def test_known_performance(case: dict[str, Any]) -> None:
    """Values, returns, profits, contributions and benchmark agree to 1e-9."""
    found, wanted = of_case(case), case["expected"]
    assert list(found.values) == pytest.approx(wanted["values"], rel=1e-9)
    assert found.time_weighted == pytest.approx(wanted["twr"], rel=1e-9)
    assert found.benchmark == pytest.approx(wanted["benchmark_twr"], rel=1e-9)
    assert found.benchmark_value == pytest.approx(wanted["benchmark_value"], rel=1e-9)
    names = {"USDT": "stablecoins"}
    rows = {row.name: row for row in found.rows}
    for name, profit in wanted["profit"].items():
        assert rows[names.get(name, name)].profit == pytest.approx(profit, rel=1e-9, abs=1e-9)
        contribution = wanted["contribution"][name]
        assert rows[names.get(name, name)].contribution == pytest.approx(contribution, rel=1e-9, abs=1e-12)
    days = len(wanted["values"]) - 1
    yearly = (1 + found.money_weighted) ** (365 / days) - 1
    if wanted["xirr"] < 99:  # the other solver stops at 10,000 % a year
        assert yearly == pytest.approx(wanted["xirr"], rel=1e-9)


def test_sums() -> None:
    """Contributions add up to the time-weighted return, profits to what the value gained without the flows."""
    found = of_case(WORKED)
    assert math.fsum(row.contribution for row in found.rows) == pytest.approx(found.time_weighted, rel=1e-12)
    gained = found.values[-1] - found.values[0] - math.fsum(found.flows)
    assert math.fsum(row.profit for row in found.rows) == pytest.approx(gained, rel=1e-12)


def test_a_flow_invested_in_proportion_leaves_no_trace() -> None:
    """The time-weighted return does not see a deposit that buys what is there in proportion."""
    days, closes = [46_000.0, 46_001.0, 46_002.0, 46_003.0], {"A": [10.0, 12.0, 9.0, 11.0]}
    alone = performance(days, closes, {"A": 10.0}, 0.0)
    doubled = performance(days, closes, {"A": 20.0}, 0.0, flows=[Flow(2, 90.0, "A", 10.0)])
    assert doubled.time_weighted == pytest.approx(alone.time_weighted, rel=1e-12)
    assert doubled.values[1] == alone.values[1]


def test_a_future_opened_and_half_closed() -> None:
    """A long opened at 100, marked to 110, half closed there, ends with its profit and gives the rest back."""
    days = [46_000.0, 46_001.0, 46_002.0, 46_003.0]
    marks = [100.0, 100.0, 110.0, 121.0]
    opened = Trade(1, "AUSDT", 10.0, 100.0, 200.0, 0.5)
    closed = Trade(2, "AUSDT", -5.0, 110.0, -150.0, 0.275)
    # Margin 100 is left and 5 units with entry 100: equity 100 + 5 × 21.
    found = performance(
        days, {"AUSDT": marks}, {}, 949.225, [opened, closed], futures={"AUSDT": Future(1.0, 5.0, 205.0)}
    )
    row = found.rows[0]
    assert list(found.values) == pytest.approx([1000.0, 999.5, 1099.225, 1154.225])
    assert (row.start, row.end) == (pytest.approx(0.0), pytest.approx(205.0))
    assert row.profit == pytest.approx(100.0 + 55.0 - 0.775)
    assert math.fsum(each.contribution for each in found.rows) == pytest.approx(found.time_weighted)
