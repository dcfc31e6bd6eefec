"""The worked examples of the domain as books that a user opens: examples/, line by line against the domain's text."""

from __future__ import annotations

import runpy
import shutil
from pathlib import Path

import pytest

from rebalance_xl.book import actions
from rebalance_xl.book.model import read_book
from rebalance_xl.book.plan import make_plan
from rebalance_xl.book.problems import ERROR
from rebalance_xl.hosts.file import FileWorkbook
from tests.book.books import amounts, line

approx = pytest.approx
SCENARIOS = ("scenario_b", "sector_event", "breakout")


@pytest.fixture
def book(root: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """Return a copy of the example that the test names."""
    path = tmp_path / f"{request.param}.xlsx"
    shutil.copyfile(root / "examples" / path.name, path)
    return path


def example(name: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("book", [name], indirect=True)


@example("sample")
def test_the_practical_example_funds_a_leveraged_long_with_600(book: Path) -> None:
    """SOL sells 1,600 (gain 800); BTC 400, ETH 600 and 600 of margin; the end state is 45, 30, 20 and 5 % of 12,000."""
    plan = actions.plan(FileWorkbook.open(book))
    assert amounts(plan) == {
        "SOL": ("SELL", 1_600.0),
        "BTC": ("BUY", 400.0),
        "ETH": ("BUY", 600.0),
        "ETHUSDT": ("OPEN LONG", 600.0),
    }
    assert line(plan, "SOL").realised_gain == approx(800.0)
    terms = line(plan, "ETHUSDT").futures
    assert terms is not None
    assert terms.leverage > 1
    assert terms.notional == approx(600.0 * terms.leverage)
    after = {each.asset: each.weight_after for each in plan.lines}
    assert after == approx({"BTC": 0.45, "ETH": 0.30, "SOL": 0.20, "ETHUSDT": 0.05})
    assert (plan.totals.value, plan.totals.value_after) == (12_000.0, approx(12_000.0))


def test_the_workbook_opens_on_the_same_example(root: Path) -> None:
    """The shipped workbook's first plan is that of the practical example, with the future as a long."""
    plan = actions.plan(FileWorkbook.open(root / "workbook" / "Rebalancer.xlsm"))
    assert amounts(plan) == {
        "SOL": ("SELL", 1_600.0),
        "BTC": ("BUY", 400.0),
        "ETH": ("BUY", 600.0),
        "ETHUSDT": ("OPEN LONG", 600.0),
    }


@example("scenario_b")
def test_scenario_b_puts_5_percent_into_a_spread(book: Path) -> None:
    """Altcoins 40 to 25 %, BTC filled to 50 %, 5 % in a spread of equal coins, and ETH is told why it gets none."""
    plan = actions.plan(FileWorkbook.open(book))
    alts, btc, eth = line(plan, "ALTS"), line(plan, "BTC"), line(plan, "ETH")
    assert (alts.action, alts.amount, alts.weight_after) == ("SELL", approx(15_000.0), approx(0.25))
    assert (btc.action, btc.amount, btc.weight_after) == ("BUY", approx(10_000.0), approx(0.50))
    near, far = line(plan, "BTCUSDT_261225"), line(plan, "BTCUSDT_270326")
    assert (near.action, far.action) == ("OPEN SHORT", "OPEN LONG")  # the dear near contract is sold
    assert near.amount + far.amount == approx(5_000.0)
    assert near.quantity == approx(far.quantity)
    assert (eth.action, eth.amount, eth.wanted) == ("HOLD", 0.0, approx(10_000.0))
    assert "the money went to BTC, BTCUSDT_261225, BTCUSDT_270326" in eth.reason
    (spread,) = plan.spreads
    assert spread.basis == approx(-1_000.0)
    assert plan.totals.left_over == approx(0.0, abs=1e-9)


@example("sector_event")
def test_a_sector_event_trims_every_holding_and_hedges_what_remains(book: Path) -> None:
    """XMR and ZEC are halved at once, inside their bands; the shorts leave no net delta in either."""
    plan = actions.plan(FileWorkbook.open(book))
    assert plan.trigger.kind == "EVENT"
    assert amounts(plan) == {
        "XMR": ("SELL", 10_000.0),
        "ZEC": ("SELL", 5_000.0),
        "XMRUSDT": ("OPEN SHORT", 2_000.0),
        "ZECUSDT": ("OPEN SHORT", 1_000.0),
    }
    assert line(plan, "XMRUSDT").quantity == approx(50.0)
    assert line(plan, "ZECUSDT").quantity == approx(125.0)
    after = {delta.asset: delta.after for delta in plan.deltas}
    assert after == approx({"XMR": 0.0, "ZEC": 0.0}, abs=1e-9)


@example("breakout")
def test_a_breakout_raises_the_long_from_the_reserve(book: Path) -> None:
    """3,000 of margin from USDT at 5x; the reserve keeps ReserveMin, and no spot is sold."""
    plan = actions.plan(FileWorkbook.open(book))
    assert plan.trigger.kind == "EVENT"
    assert amounts(plan) == {"BTCUSDT": ("OPEN LONG", 3_000.0)}
    assert line(plan, "BTCUSDT").quantity == approx(15_000.0 / 99_000.0)
    assert plan.totals.cash_used == approx(3_000.0)
    assert (line(plan, "USDT").weight_after or 0.0) > 0.10


@example("breakout")
def test_without_a_breakout_the_long_stays_as_it_is(book: Path) -> None:
    """The last close is just below the buffer over the highest of the 30 before it: nothing is opened."""
    port = FileWorkbook.open(book)
    closes = port.read_table("Prices")
    assert closes is not None
    port.set_cells("Prices", len(closes.rows) - 1, {"BTC": 95_949.0})
    assert actions.plan(port).nothing_to_do
    port.set_cells("Prices", len(closes.rows) - 1, {"BTC": 95_951.0})
    assert amounts(actions.plan(port)) == {"BTCUSDT": ("OPEN LONG", 3_000.0)}


@pytest.mark.parametrize("book", ["sample", *SCENARIOS], indirect=True)
def test_each_example_is_sound(book: Path) -> None:
    """Check finds no error in it."""
    assert [str(each) for each in actions.check(FileWorkbook.open(book)) if each.severity == ERROR] == []


@pytest.mark.parametrize("book", SCENARIOS, indirect=True)
def test_each_example_is_planned_recorded_and_at_rest(book: Path) -> None:
    """Once the plan is recorded in the file, the book plans to nothing, and Fills has a row a line."""
    plan = actions.rebalance(FileWorkbook.open(book))
    actions.record(FileWorkbook.open(book))
    after = FileWorkbook.open(book)
    fills = after.read_table("Fills")
    assert fills is not None
    assert len([row for row in fills.rows if row[0] is not None]) == len(plan.trades)
    assert make_plan(read_book(after)).nothing_to_do


def test_the_examples_are_what_the_script_writes(root: Path, tmp_path: Path) -> None:
    """The committed files are the script's, byte for byte."""
    runpy.run_path(str(root / "examples" / "make_scenarios.py"))["main"](tmp_path)
    for name in SCENARIOS:
        committed = (root / "examples" / f"{name}.xlsx").read_bytes()
        assert (tmp_path / f"{name}.xlsx").read_bytes() == committed, "run python examples/make_scenarios.py"
