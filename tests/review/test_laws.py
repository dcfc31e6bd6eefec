"""Laws of the walk, over random spot books, rules and prices."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import assume, given, settings

from rebalance_xl.functions.simulation import walk
from rebalance_xl.functions.simulation.course import Course, curve_of, walk_course
from rebalance_xl.functions.simulation.rules import Array
from rebalance_xl.functions.simulation.summary import nearness
from rebalance_xl.functions.simulation.terms import SpotBook, SpotRow, Terms
from rebalance_xl.functions.simulation.walk import curve_from, walk_many, walk_one

from .books import walks

Given = tuple[SpotBook, Terms, Array, Array]
FEW = settings(max_examples=10, deadline=None)


class Found:
    """A walk as arrays."""

    def __init__(self, course: Course, held: Array, money: Array, prices: Array) -> None:
        self.course, self.held, self.money = course, held, money
        self.curve = curve_from(course, held, money, prices)
        self.executions, self.fees = course.executions, course.fees

    @property
    def traded(self) -> tuple[int, int]:
        """Lines and executions."""
        return self.course.lines, len(self.course.executions)


def run(given_walk: Given) -> Found:
    """Return the walk of a book."""
    book, terms, days, prices = given_walk
    return Found(*walk_one(book, terms, days, prices), prices)


@FEW
@given(walks())
def test_looking_ahead_changes_nothing(drawn: Given) -> None:
    """A walk from trigger to trigger is the walk close by close."""
    book, terms, days, prices = drawn
    alone = run(drawn)
    stepped = walk_course(book, terms, days.tolist(), prices.tolist())
    assert np.allclose(alone.curve, curve_of(stepped, prices.tolist()), rtol=1e-12, atol=1e-9)
    assert alone.executions == stepped.executions


@FEW
@given(walks(min_trade=0.0, turnover_cap=math.inf, breaching=False, pro_rata=False))
def test_the_sweep_through_arrays_is_the_plan_row_by_row(drawn: Given) -> None:
    """Variants side by side, planned in one sweep where that holds, come to what each comes to alone."""
    book, terms, days, prices = drawn
    variants = [dataclasses.replace(terms, band=band) for band in (0.01, 0.04, 0.1)]
    together = walk_many(book, variants, days, prices)
    for place, each in enumerate(variants):
        alone = walk_course(book, each, days.tolist(), prices.tolist())
        assert np.allclose(together.curve[:, place], curve_of(alone, prices.tolist()), rtol=1e-11, atol=1e-9)
        assert (together.lines[place], together.trades[place]) == (alone.lines, len(alone.executions))


@FEW
@given(walks())
def test_the_quick_way_may_always_be_left_out(drawn: Given) -> None:
    """Any rules side by side, with and without the quick way, come to the same."""
    book, terms, days, prices = drawn
    quick = walk_many(book, [terms], days, prices)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(walk, "quick_columns", lambda *given: np.zeros(1, dtype=bool))
        patient = walk_many(book, [terms], days, prices)
    assert np.allclose(quick.curve, patient.curve, rtol=1e-11, atol=1e-9)
    assert quick.lines[0] == patient.lines[0]


@FEW
@given(walks())
def test_constant_prices(drawn: Given) -> None:
    """Where prices stand still nothing is traded after the first plan, but for reviews and what a minimum held back."""
    book, terms, days, prices = drawn
    plain = dataclasses.replace(terms, min_trade=0.0, turnover_cap=math.inf, cooldown=0.0, frequency=math.nan)
    still = np.repeat(prices[:1], len(prices), axis=0)
    found = run((book, plain, days, still))
    assert found.traded[1] <= 1
    assert found.curve[-1] == pytest.approx(found.curve[0] - found.fees, rel=1e-12)
    assert np.ptp(found.curve[1:]) <= 1e-9 * found.curve[0]


@FEW
@given(walks(min_trade=0.0))
def test_scaling_the_book(drawn: Given) -> None:
    """A book twice as large makes the same trades with twice the money."""
    book, terms, days, prices = drawn
    rows = tuple(dataclasses.replace(row, quantity=2 * row.quantity, cost=2 * row.cost) for row in book.rows)
    small, large = run(drawn), run((dataclasses.replace(book, rows=rows, cash=2 * book.cash), terms, days, prices))
    assert np.allclose(2 * small.curve, large.curve, rtol=1e-12, atol=0)
    assert small.traded == large.traded
    assert large.fees == pytest.approx(2 * small.fees, rel=1e-9, abs=1e-9)


@FEW
@given(walks(min_trade=0.0))
def test_scaling_the_prices(drawn: Given) -> None:
    """Prices of half the unit and twice the quantities are the same book."""
    book, terms, days, prices = drawn
    rows = tuple(dataclasses.replace(row, quantity=2 * row.quantity) for row in book.rows)
    first, second = run(drawn), run((dataclasses.replace(book, rows=rows), terms, days, prices / 2))
    assert np.allclose(first.curve, second.curve, rtol=1e-12, atol=0)
    assert first.traded == second.traded


@FEW
@given(walks(frequency=math.nan, band_kind=0.0))
def test_a_wide_band_is_buy_and_hold(drawn: Given) -> None:
    """A band wider than any drift never trades, and the value is quantities times closes."""
    book, terms, days, prices = drawn
    found = run((book, dataclasses.replace(terms, band=2.0), days, prices))
    assume(not any(math.isnan(row.target) is False and row.band > 2.0 for row in book.rows))
    quantities = np.array([row.quantity for row in book.rows])
    assert found.traded == (0, 0)
    assert np.allclose(found.curve, prices @ quantities + book.cash, rtol=1e-12, atol=0)


@FEW
@given(walks())
def test_money_is_conserved_every_day(drawn: Given) -> None:
    """Between two closes the value changes by what is held alone; a trade costs its fee and nothing else."""
    _book, terms, _days, prices = drawn
    found = run(drawn)
    assert (found.held >= 0.0).all()
    assert (found.money >= -1e-9 * found.curve[0]).all()
    after = (prices * found.held).sum(axis=1) + found.money
    before = (prices[1:] * found.held[:-1]).sum(axis=1) + found.money[:-1]
    paid = before - after[1:]
    assert (paid >= -1e-9 * found.curve[0]).all()
    first = found.curve[0] - after[0]
    assert first + paid.sum() == pytest.approx(found.fees, rel=1e-9, abs=1e-7)
    assert found.fees == pytest.approx(terms.spot_fee * (found.course.sold + found.course.bought), rel=1e-12)


@FEW
@given(walks(spot_fee=0.0))
def test_an_execution_without_fees_costs_nothing(drawn: Given) -> None:
    """Without a fee the value after a plan is the value before it."""
    found = run(drawn)
    assert found.curve[0] == pytest.approx(float((drawn[3][0] * found.held[0]).sum() + found.money[0]), rel=1e-12)
    assert found.fees == 0.0


@FEW
@given(walks())
def test_no_look_ahead(drawn: Given) -> None:
    """Prices that are cut off at a day give the same curve up to that day."""
    book, terms, days, prices = drawn
    whole, cut = run(drawn), run((book, terms, days[:31], prices[:31]))
    assert np.array_equal(whole.curve[:31], cut.curve)


@FEW
@given(walks())
def test_the_order_of_assets_does_not_matter(drawn: Given) -> None:
    """Rows in another order hold the same at the end."""
    book, terms, days, prices = drawn
    assume(len({row.priority for row in book.rows}) == 1)
    turned = dataclasses.replace(book, rows=book.rows[::-1])
    first, second = run(drawn), run((turned, terms, days, np.ascontiguousarray(prices[:, ::-1])))
    assert np.allclose(first.curve, second.curve, rtol=1e-9, atol=0)


@FEW
@given(walks(cooldown=0.0, frequency=math.nan, min_trade=0.0, turnover_cap=math.inf))
def test_a_second_plan_trades_nothing(drawn: Given) -> None:
    """At the same prices a plan is made once."""
    book, terms, days, prices = drawn
    twice = np.repeat(prices, 2, axis=0)
    doubled = np.repeat(days, 2)
    once, again = run(drawn), run((book, terms, doubled, twice))
    assert once.traded == again.traded
    assert again.curve[-1] == pytest.approx(once.curve[-1], rel=1e-12)


@FEW
@given(walks(min_trade=0.0, turnover_cap=math.inf, spot_fee=0.001))
def test_a_higher_fee_lowers_the_value(drawn: Given) -> None:
    """With the same trades a higher fee leaves less."""
    book, terms, days, prices = drawn
    days, prices = days[:1], prices[:1]
    low = run((book, terms, days, prices))
    high = run((book, dataclasses.replace(terms, spot_fee=0.002), days, prices))
    assert low.traded[1] == high.traded[1]
    if low.traded[1]:
        assert high.fees > low.fees
        left = [float((prices[0] * each.held[0]).sum() + each.money[0]) for each in (low, high)]
        assert left[1] < left[0]


@FEW
@given(walks(reserve_min=0.05))
def test_reserve_holds_where_it_held(drawn: Given) -> None:
    """A plan never takes the stablecoins below ReserveMin."""
    _, terms, _, prices = drawn
    found = run(drawn)
    before = (prices[1:] * found.held[:-1]).sum(axis=1) + found.money[:-1]
    after = (prices[1:] * found.held[1:]).sum(axis=1) + found.money[1:]
    had = found.money[:-1] >= terms.reserve_min * before
    has = found.money[1:] >= terms.reserve_min * after * (1 - 1e-9)
    assert (has | ~had).all()


def test_one_asset() -> None:
    """A book of one asset at 100 % grows as the asset does."""
    prices = np.array([[10.0], [12.0], [9.0], [15.0]])
    book, days = SpotBook((SpotRow("A", 5.0, 1.0, 0.0),)), np.arange(4.0) + 46_000
    terms = Terms(spot_fee=0.001)
    course, held, money = walk_one(book, terms, days, prices)
    curve = curve_from(course, held, money, prices)
    assert curve.tolist() == [50.0, 60.0, 45.0, 75.0]
    assert nearness(book, terms, curve, held, money, prices, 365.0)["distance"] == 0.0
