"""The performance of a real book: known answers, and the sums that must come out."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from rebalance_xl.book import actions
from rebalance_xl.book.futures import worth_of
from rebalance_xl.book.memory import MemoryWorkbook
from rebalance_xl.book.model import read_book
from rebalance_xl.book.schema import JOURNAL, PLAN, TABLES
from rebalance_xl.functions.simulation.performance import (
    Flow,
    Future,
    Payment,
    Performance,
    Trade,
    performance,
)
from rebalance_xl.review.history import History
from rebalance_xl.review.record import real_performance

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
    paid = [-found.values[0], *(-flow for flow in found.flows[1:])]
    paid[-1] += found.values[-1]
    left = math.fsum(money * (1 + yearly) ** (-t / 365) for t, money in enumerate(paid))
    assert left == pytest.approx(0.0, abs=1e-9 * found.values[0])  # the definition of the rate
    # The other solver stops at 10,000 % a year: beyond it the definition alone is asked.
    assert yearly == pytest.approx(wanted["xirr"], rel=1e-9) or yearly > wanted["xirr"] == 100.0


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


def test_a_coin_margined_short_worked_out() -> None:
    """A short of 1,000 USD with 0.02 coins of margin, marked from 50,000 to 40,000: 0.005 coins of profit."""
    days, marks = [46_000.0, 46_001.0, 46_002.0], [50_000.0, 50_000.0, 40_000.0]
    moved = Trade(1, "BTC", -0.02, 50_000.0, -1_000.0)
    opened = Trade(1, "BTCUSD", 1_000.0, 50_000.0, 1_000.0, 0.5)
    today = Future(-1.0, 1_000.0, (0.02 + 1_000.0 * (1 / 40_000 - 1 / 50_000)) * 40_000.0, inverse=True)
    paid = Payment(2, "funding", -4.0, "BTCUSD")
    after_funding = Future(-1.0, 1_000.0, today.equity - 4.0, inverse=True)
    closes = {"BTC": marks, "BTCUSD": marks}
    found = performance(days, closes, {"BTC": 0.08}, 99.5, [moved, opened], [], [paid], {"BTCUSD": after_funding})
    assert list(found.values) == pytest.approx([0.1 * 50_000 + 100, 5_099.5, 0.08 * 40_000 + 99.5 + 1_000 - 4.0])
    rows = {row.name: row for row in found.rows}
    # The margin loses 200 with the coin and gains 0.005 coins, 200: a short hedges its own margin too.
    assert rows["BTCUSD"].profit == pytest.approx(-0.5)
    assert rows["BTC"].profit == pytest.approx(0.08 * -10_000)
    assert rows["funding"].profit == pytest.approx(-4.0)
    assert math.fsum(each.contribution for each in found.rows) == pytest.approx(found.time_weighted, rel=1e-12)


def test_the_fee_of_a_transfer_has_its_line() -> None:
    """What belongs to no asset stands under fees, so the contributions still add up."""
    days, closes = [46_000.0, 46_001.0], {"A": [10.0, 11.0]}
    found = performance(days, closes, {"A": 10.0}, 99.0, [Trade(1, "USDT", 0.0, 0.0, 0.0, 1.0)])
    rows = {row.name: row for row in found.rows}
    assert rows["fees, interest, rewards"].profit == -1.0
    assert math.fsum(each.contribution for each in found.rows) == pytest.approx(found.time_weighted, rel=1e-12)


def recorded_book(seed: int, inverse: bool) -> tuple[MemoryWorkbook, History, list[float]]:
    """Return a workbook that was planned and recorded on 32 days, its history, and its value after each of them."""
    source = np.random.default_rng(seed)
    moves = np.exp(source.normal(0.0, 0.05, (31, 2)))
    prices = np.vstack([[50.0, 20.0], np.array([50.0, 20.0]) * np.cumprod(moves, axis=0)])
    linear = ["AUSDT", "A", "V", "long", "linear", 3.0, 50.0, 0.0, None, 0.0, 0.08, None, "USDT"]
    coin = ["AUSD", "A", "V", "short", "inverse", 3.0, 50.0, 0.0, None, 0.0, None, 0.5, "A"]
    tables: dict[str, Any] = {
        "Portfolio": [
            ["Asset", "Kind", "Venue", "Quantity", "Price", "CostBasis", "Target", "Band"],
            ["A", "spot", "V", 100.0, 50.0, 5_000.0, 0.45, 0.02],
            ["B", "spot", "W", 150.0, 20.0, 3_000.0, 0.3, 0.02],
            ["USDT", "stable", "V", 2_000.0, 1.0, None, None, None],
            ["USDT", "stable", "W", 500.0, 1.0, None, None, None],
        ],
        "Venues": [
            ["Venue", "SpotFee", "FuturesFee", "WithdrawalFee"],
            ["V", 0.001, 0.0005, 1.0],
            ["W", 0.002, 0.001, 2.0],
        ],
        "Futures": [
            ["Symbol", "Asset", "Venue", "Side", "Contract", "Leverage", "MarkPrice", "Quantity", "EntryPrice",
             "Margin", "Target", "HedgeRatio", "MarginCoin"],
            coin if inverse else linear,
        ],
        "MarginTiers": [
            ["Venue", "Symbol", "Floor", "Cap", "MaxLeverage", "Rate", "Amount"],
            ["V", "AUSD" if inverse else "AUSDT", 0, None, 125, 0.005, 0],
        ],
        **{
            table.name: [[column.name for column in table.columns], [None] * len(table.columns)]
            for table in (PLAN, JOURNAL, TABLES["Fills"], TABLES["CashFlows"])
        },
    }  # fmt: skip
    history = History(46_000.0 + np.arange(32.0), {"a": prices[:, 0], "b": prices[:, 1]})
    port, values = MemoryWorkbook(tables, {"AsOf": 46_000.0, "ReserveMax": 0.2}), []
    for t, day in enumerate(history.days.tolist()):
        for number, place in ((0, 0), (1, 1)):
            port.set_cells("Portfolio", number, {"Price": float(prices[t, place])})
        port.set_cells("Futures", 0, {"MarkPrice": float(prices[t, 0])})
        if actions.rebalance(port, day).trades:
            actions.record(port, day)
        values.append(worth_of(read_book(port, day)).total)
    return port, history, values


@pytest.mark.parametrize("inverse", [False, True], ids=["linear", "coin-margined"])
@pytest.mark.parametrize("seed", range(4))
def test_a_recorded_book_is_valued_as_it_stood(seed: int, inverse: bool) -> None:
    """Walked back from its end through Fills, a book is worth on every day what it was worth on that day."""
    port, history, values = recorded_book(seed, inverse)
    book = read_book(port, float(history.days[-1]))
    assert any(fill.action == "CONVERT" for fill in book.fills) is inverse
    assert any(fill.action.startswith("OPEN") for fill in book.fills)
    found = real_performance(book, history)
    assert list(found.values) == pytest.approx(values, rel=1e-9)
    assert math.fsum(each.contribution for each in found.rows) == pytest.approx(found.time_weighted, rel=1e-9)
    gained = values[-1] - values[0]
    assert math.fsum(each.profit for each in found.rows) == pytest.approx(gained, rel=1e-9, abs=1e-9)
