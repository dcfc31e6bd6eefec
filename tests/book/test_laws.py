"""Laws that hold for the plan of every book."""

from __future__ import annotations

import copy
import math

from hypothesis import given, settings

from rebalance_xl.book import actions
from rebalance_xl.book.memory import MemoryWorkbook
from rebalance_xl.book.model import read_book
from rebalance_xl.book.plan import book_value, make_plan
from rebalance_xl.book.plan_data import Plan
from tests.book.books import DAY, share_after
from tests.book.strategies import books

#: Books are costly to draw: half the examples that the profile asks for. By default they are the same ones in every
#: run; the thorough profile draws new ones.
law = settings(
    max_examples=max(1, settings.default.max_examples // 2), derandomize=settings.default.max_examples <= 100
)


def plan_of(workbook: MemoryWorkbook) -> Plan:
    return make_plan(read_book(workbook))


@law
@given(books())
def test_money_is_conserved(workbook: MemoryWorkbook) -> None:
    """What was sold and taken from cash is what was bought, posted, kept, paid in fees or left, to the cent."""
    totals = plan_of(workbook).totals
    came = totals.sold + totals.cash_used
    went = totals.bought + totals.margin + totals.reserve + totals.fees + totals.left_over
    assert abs(came - went) < 1e-6
    assert totals.check == 0.0


@law
@given(books())
def test_lines_add_up_to_the_totals(workbook: MemoryWorkbook) -> None:
    """The totals are the sums of the lines, and the fees are what the book loses."""
    plan = plan_of(workbook)
    by_action = {
        action: math.fsum(line.amount for line in plan.lines if line.action in action.split(","))
        for action in ("SELL,CLOSE", "BUY", "OPEN LONG,OPEN SHORT")
    }
    assert math.isclose(by_action["SELL,CLOSE"], plan.totals.sold, abs_tol=1e-9)
    assert math.isclose(by_action["BUY"], plan.totals.bought, abs_tol=1e-9)
    assert math.isclose(by_action["OPEN LONG,OPEN SHORT"], plan.totals.margin, abs_tol=1e-9)
    assert math.isclose(plan.totals.value - plan.totals.fees, plan.totals.value_after, abs_tol=1e-6)


@law
@given(books())
def test_weights_sum_to_one(workbook: MemoryWorkbook) -> None:
    """Weights before and after the plan, reserve and margin included, sum to 1."""
    lines = plan_of(workbook).lines
    assert math.isclose(math.fsum(line.weight_before or 0.0 for line in lines), 1.0, abs_tol=1e-9)
    assert math.isclose(share_after(read_book(workbook)), 1.0, abs_tol=1e-9)


@law
@given(books())
def test_nothing_goes_negative(workbook: MemoryWorkbook) -> None:
    """No holding, reserve, amount or fee is negative, and no trim exceeds the holding."""
    book = read_book(workbook)
    plan = make_plan(book)
    held = {holding.asset: holding for holding in book.holdings}
    for line in plan.lines:
        assert line.amount >= 0
        assert line.fee >= 0
        if line.product != "futures":
            assert (line.weight_after or 0.0) >= -1e-9
        if line.action == "SELL":
            assert line.quantity is not None
            assert line.quantity <= (held[line.asset].quantity or 0.0) * (1 + 1e-12)


@law
@given(books())
def test_locked_and_untargeted_are_never_sold(workbook: MemoryWorkbook) -> None:
    """A locked asset and one with a blank target are never sold; the latter is not bought either."""
    book = read_book(workbook)
    actions_of = {line.asset: line.action for line in make_plan(book).trades if line.product == "spot"}
    for holding in book.holdings:
        if holding.locked:
            assert actions_of.get(holding.asset) != "SELL"
        if holding.target is None:
            assert holding.asset not in actions_of


@law
@given(books(venues=False, shares=False, lots=False, news=False))
def test_target_zero_sells_everything(workbook: MemoryWorkbook) -> None:
    """A target of 0 sells the whole holding, whatever its band."""
    book = read_book(workbook)
    plan = make_plan(book)
    after = {line.asset: line.weight_after for line in plan.lines if line.product == "spot"}
    for holding in book.holdings:
        if holding.target == 0 and not holding.locked and not holding.stable:
            assert after[holding.asset] == 0.0 or holding.value <= 1e-6 * book_value(book)


@law
@given(books())
def test_inside_every_band_nothing_is_traded(workbook: MemoryWorkbook) -> None:
    """Without a trigger no line trades, and every row says why."""
    plan = plan_of(workbook)
    if plan.trigger.kind == "NONE":
        assert plan.nothing_to_do
        assert plan.totals.sold == plan.totals.bought == plan.totals.fees == 0.0
    assert all(line.reason for line in plan.lines)


@law
@given(books(shares=False))
def test_a_rebalanced_book_is_left_alone(workbook: MemoryWorkbook) -> None:
    """After recording a plan the next plan has nothing to trade."""
    plan = actions.rebalance(workbook)
    if plan.nothing_to_do:
        return
    actions.record(workbook)
    again = make_plan(read_book(workbook))
    assert [(line.asset, line.action, line.amount) for line in again.trades] == []


@law
@given(books())
def test_recording_gives_the_weights_of_the_plan(workbook: MemoryWorkbook) -> None:
    """The book after Record is worth what the plan says, spot row by spot row."""
    plan = actions.rebalance(workbook)
    if plan.nothing_to_do:
        return
    actions.record(workbook)
    book = read_book(workbook)
    value = book_value(book)
    assert math.isclose(value, plan.totals.value_after, rel_tol=1e-9, abs_tol=0.005)
    wanted = {line.asset: line.weight_after for line in plan.lines if line.product == "spot"}
    for holding in book.holdings:
        if not holding.stable:
            assert math.isclose(holding.value / value, wanted[holding.asset] or 0.0, abs_tol=1e-5)


@law
@given(books(venues=False, lots=False))
def test_scaling_all_values_scales_all_amounts(workbook: MemoryWorkbook) -> None:
    """A book seven times as large has the same lines, seven times as large."""
    plan = plan_of(workbook)
    larger = copy.deepcopy(workbook)
    for name, columns in (("Portfolio", ("Quantity", "CostBasis")), ("Futures", ("Quantity", "Margin"))):
        rows = larger.tables.get(name, [[]])
        for row in rows[1:]:
            for column in columns:
                place = rows[0].index(column)
                row[place] = row[place] * 7.0 if row[place] is not None else None
    scaled = {(line.asset, line.product): line.amount for line in plan_of(larger).trades}
    assert {key: 7.0 * amount for key, amount in _amounts(plan).items()}.keys() == scaled.keys()
    for key, amount in _amounts(plan).items():
        assert math.isclose(scaled[key], 7.0 * amount, rel_tol=1e-9, abs_tol=1e-6)


@law
@given(books(venues=False, lots=False))
def test_permuting_rows_permutes_the_lines(workbook: MemoryWorkbook) -> None:
    """The order of the rows does not matter where priorities and shortfalls decide."""
    rows = workbook.tables["Portfolio"]
    priority = rows[0].index("Priority")
    for number, row in enumerate(rows[1:], 1):
        row[priority] = number
    turned = copy.deepcopy(workbook)
    turned.tables["Portfolio"][1:] = reversed(turned.tables["Portfolio"][1:])
    assert _rounded(plan_of(workbook)) == _rounded(plan_of(turned))


def _amounts(plan: Plan) -> dict[tuple[str, str], float]:
    return {(line.asset, line.product): line.amount for line in plan.trades}


def _rounded(plan: Plan) -> dict[tuple[str, str], float]:
    return {key: round(amount, 4) for key, amount in _amounts(plan).items()}


@law
@given(books())
def test_planning_writes_nothing(workbook: MemoryWorkbook) -> None:
    """Making a plan leaves the workbook as it was."""
    before = copy.deepcopy(workbook.tables)
    plan_of(workbook)
    assert workbook.tables == before
    assert workbook.writes == 0
    assert workbook.read_name("AsOf") == DAY
