"""What a plan does fast is what the slow way gives: lots as ORDER_QUANTITY rounds them, rows as a copy leaves them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebalance_xl.book.contents import Book, Settings
from rebalance_xl.book.money import Fees
from rebalance_xl.book.rows import Holding, Venue
from rebalance_xl.book.sizing import whole_lots
from rebalance_xl.book.walk import changed
from rebalance_xl.functions.allocation import order_quantity

_LOTS = st.sampled_from([0.0, 1e-8, 0.001, 0.01, 0.1, 0.25, 0.3, 1.0, 7.0, 70.0, 1000.0])


@given(st.floats(0, 1e12), st.floats(1e-8, 1e6), st.one_of(_LOTS, st.floats(1e-6, 1e3)))
def test_whole_lots_are_order_quantity(amount: float, price: float, lot: float) -> None:
    """The units of a plan's order are those of the worksheet function, to the last bit."""
    assert whole_lots(amount, price, lot) == float(order_quantity(amount, price, lot, 0.0))


def test_whole_lots_of_the_worked_examples() -> None:
    """8.888 units of 0.1 are 8.8; three lots of 0.1 are 0.3 and not 0.30000000000000004."""
    assert whole_lots(1600.0, 180.0, 0.1) == 8.8
    assert whole_lots(0.3, 1.0, 0.1) == 0.3
    assert whole_lots(350.0, 1.0, 70.0) == 350.0


@given(st.floats(0, 1e6), st.floats(0, 1e6))
def test_a_changed_row_is_a_replaced_one(quantity: float, price: float) -> None:
    """Rows, books and settings are copied field by field; the old ones stay as they were."""
    row = Holding("A", "", False, "V", 1.0, 2.0, 2.0, None, 0.5, 0.05, None, False, None, None, 3, "Portfolio", 0.5)
    book = Book((row,), settings=Settings(quote="EUR"), as_of=5.0)
    assert changed(row, quantity=quantity, price=price) == replace(row, quantity=quantity, price=price)
    assert changed(book, holdings=(), as_of=price) == replace(book, holdings=(), as_of=price)
    assert changed(book.settings, last_review=price) == replace(book.settings, last_review=price)
    assert (row.quantity, book.as_of) == (1.0, 5.0)


@given(
    st.lists(st.tuples(st.sampled_from(["V", "v", "W"]), st.floats(-50, 200)), max_size=8),
    st.sampled_from([0.0, 0.0, 30.0]),
    st.floats(0, 1e4),
    st.floats(0, 0.01),
)
def test_fees_are_paid_from_credit_and_rebates_become_one(
    charges: list[tuple[str, float]], credit: float, money: float, rate: float
) -> None:
    """What a fee costs, and what money affords after it, is the rule written out: credit first, a rebate adds to it."""
    book = Book((), venues={"v": Venue("V", credit=credit)})
    fees, left, paid = Fees(book), {"v": credit, "w": 0.0}, 0.0
    for venue, gross in charges:
        net = max(0.0, gross - left[venue.casefold()])
        left[venue.casefold()] -= gross - net
        paid += net
        assert fees.charge(venue, gross) == pytest.approx(net, rel=1e-12, abs=1e-9)
        assert fees.credit(venue) == pytest.approx(left[venue.casefold()], rel=1e-12, abs=1e-9)
    assert fees.paid == pytest.approx(paid, rel=1e-12, abs=1e-9)
    here = left["v"]
    wanted = 0.0 if money <= 0 else money if rate * money <= here else (money + here) / (1.0 + rate)
    assert fees.affordable("V", money, rate) == pytest.approx(wanted, rel=1e-9, abs=1e-6)
