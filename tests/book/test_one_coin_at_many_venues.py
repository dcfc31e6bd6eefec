"""One coin at several venues and on a ledger: one asset, sold and bought where it can be."""

from __future__ import annotations

from typing import Any

import pytest

from rebalance_xl.book import actions
from rebalance_xl.book.memory import MemoryWorkbook
from rebalance_xl.book.model import read_book
from rebalance_xl.book.plan import book_value
from rebalance_xl.book.problems import BookError
from rebalance_xl.book.schema import JOURNAL, PLAN
from tests.book.books import DAY, amounts, line, plan_of, stable, unit, workbook

approx = pytest.approx


def test_one_coin_at_two_venues_is_one_asset() -> None:
    """BTC is 66.7 % of the book: it is sold at the exchange, never from the locked ledger."""
    rows = [
        unit("BTC", 0.5, 60_000.0, 0.5, 0.05, Venue="binance"),
        unit("BTC", 0.5, 60_000.0, None, None, Venue="ledger", Locked="yes"),
        unit("ETH", 10.0, 3_000.0, 0.5, 0.05, Venue="binance"),
    ]
    plan = plan_of(rows)
    assert amounts(plan) == {"BTC": ("SELL", 15_000.0), "ETH": ("BUY", 15_000.0)}
    assert line(plan, "BTC", "binance").quantity == approx(0.25)
    assert line(plan, "BTC", "ledger").action == "HOLD"
    assert "66.67 %" in line(plan, "BTC", "binance").reason
    assert sum(each.weight_after or 0.0 for each in plan.lines) == approx(1.0)


def test_locked_units_count_and_are_not_sold() -> None:
    """6 of 10 ETH are staked: of the 5 that the rule would sell, 4 are free."""
    rows = [unit("ETH", 10.0, 3_000.0, 0.25, 0.05, Locked=6.0), unit("BTC", 0.5, 60_000.0, 0.75, 0.05)]
    plan = plan_of(rows)
    assert line(plan, "ETH").quantity == approx(4.0)
    assert plan_of([rows[0] | {"Locked": 2.0}, rows[1]]).lines[0].quantity == approx(5.0)


def test_a_purchase_goes_where_the_money_is() -> None:
    """BTC is held at two venues; the cash lies at the second, so it is bought there."""
    rows = [
        unit("BTC", 0.05, 60_000.0, 0.8, 0.05, Venue="binance"),
        unit("BTC", 0.05, 60_000.0, None, None, Venue="kraken"),
        {**stable(4_000.0, 0.2), "Venue": "kraken"},
    ]
    plan = plan_of(rows)
    assert [(each.action, each.venue) for each in plan.trades] == [("BUY", "kraken")]


def test_a_sale_starts_where_the_money_is_needed() -> None:
    """The smaller row lies at the venue of the purchase: it is sold first, then the larger one."""
    rows = [
        unit("BTC", 1.0, 10_000.0, 0.4, 0.05, Venue="kraken"),
        unit("BTC", 0.2, 10_000.0, None, None, Venue="binance"),
        unit("ETH", 2.0, 1_000.0, 0.6, 0.05, Venue="binance"),
    ]
    plan = plan_of(rows)
    sales = {each.venue: each.amount for each in plan.trades if each.action == "SELL"}
    assert sales == approx({"binance": 2_000.0, "kraken": 4_400.0})


def test_a_fill_at_a_venue_without_a_row_is_refused_where_two_rows_could_be_meant() -> None:
    """BTC lies at a and b, and its line now says c: Record asks where it was done, and writes nothing."""
    rows = [unit("BTC", 4.0, 1_000.0, 0.5, 0.05, Venue="a"), unit("BTC", 3.0, 1_000.0, None, Venue="b")]
    book = workbook([*rows, unit("ETH", 3.0, 1_000.0, 0.5, 0.05, Venue="a")])
    actions.rebalance(book)
    header, *lines = book.tables["Plan"]
    next(each for each in lines if each[:2] == ["BTC", "SELL"])[header.index("Venue")] = "c"
    with pytest.raises(BookError, match="BTC is held at a and b: say at which Venue the line was done"):
        actions.record(book)
    held = book.tables["Portfolio"][0].index("Quantity")
    assert [row[held] for row in book.tables["Portfolio"][1:]] == [4.0, 3.0, 3.0]


@pytest.mark.parametrize(
    "cost, held, costs",
    [(600.0, 3.0, [500.0, 1_100.0]), (None, 3.0, [500.0, None]), (None, 0.0, [500.0, 500.0])],
)
def test_coins_moved_after_a_sale_take_their_share_of_the_cost_that_is_left(
    cost: float | None, held: float, costs: list[float | None]
) -> None:
    """Half of what a keeps goes to b with half its cost, for a fee at a; beside coins of unknown cost it is unknown."""
    rows = [
        unit("BTC", 4.0, 1_000.0, (held + 2.0) / (held + 7.0), 0.0, Venue="a", CostBasis=2_000.0),
        unit("BTC", held, 1_000.0, None, Venue="b", CostBasis=cost),
        {**stable(3_000.0), "Venue": "a"},
    ]
    book = workbook(rows)
    actions.rebalance(book)
    header = book.tables["Plan"][0]
    moved = {"Asset": "BTC", "Action": "TRANSFER", "Quantity": 1.0, "Price": 1_000.0, "Amount": 1_000.0, "Fee": 5.0}
    book.tables["Plan"].append([(moved | {"Venue": "a", "To venue": "b"}).get(name) for name in header])
    actions.record(book)
    header, *rows_after = book.tables["Portfolio"]
    after = [dict(zip(header, row, strict=True)) for row in rows_after]
    assert [row["Quantity"] for row in after] == approx([1.0, held + 1.0, 3_000.0 + 2_000.0 - 5.0])
    assert [row["CostBasis"] for row in after[:2]] == costs


@pytest.mark.parametrize(
    "cells, message",
    [
        ({"Quantity": 3.0}, "3 of BTC moved, but only 2 held at a"),
        ({"To venue": "c"}, "BTC needs a row at a and one at c"),
        ({"To venue": "a"}, "BTC needs a row at a and one at a"),
    ],
)
def test_coins_that_cannot_have_moved_are_refused(cells: dict[str, Any], message: str) -> None:
    """After the sale of two of its four BTC a has two left, and a move has two rows."""
    first, second = unit("BTC", 4.0, 1_000.0, 0.5, 0.0, Venue="a"), unit("BTC", 3.0, 1_000.0, None, Venue="b")
    book = workbook([first, second, {**stable(3_000.0), "Venue": "a"}])
    actions.rebalance(book)
    header = book.tables["Plan"][0]
    moved = {"Asset": "BTC", "Action": "TRANSFER", "Quantity": 1.0, "Price": 1_000.0, "Venue": "a", "To venue": "b"}
    book.tables["Plan"].append([(moved | cells).get(name) for name in header])
    with pytest.raises(BookError, match=message):
        actions.record(book)


def test_a_sale_comes_from_the_largest_row_where_no_venue_is_nearer() -> None:
    """Money is needed at no venue of BTC's: the 2,400 are sold at kraken, where most of it lies, in one line."""
    rows = [
        unit("BTC", 0.2, 10_000.0, 0.4, 0.05, Venue="bybit"),
        unit("BTC", 0.7, 10_000.0, None, None, Venue="kraken"),
        unit("BTC", 0.3, 10_000.0, None, None, Venue="okx"),
        unit("ETH", 2.0, 6_000.0, 0.6, 0.05, Venue="binance"),
    ]
    assert [(each.venue, each.amount) for each in plan_of(rows).trades if each.action == "SELL"] == [
        ("kraken", approx(2_400.0))
    ]


@pytest.mark.parametrize(
    "column, one, other",
    [("Target", 0.5, 0.4), ("Band", 0.05, 0.1), ("Priority", 1, 2), ("Sector", "L1", "L2"), ("Kind", "spot", "stable")],
)
def test_rows_of_one_asset_that_contradict_each_other_are_refused(column: str, one: Any, other: Any) -> None:
    """What belongs to the asset stands once; both cells are named."""
    rows = [
        unit("BTC", 1.0, 10.0, None, Venue="a"),
        unit("BTC", 1.0, 10.0, None, Venue="b"),
        unit("ETH", 1.0, 10.0, 0.1),
    ]
    rows[0][column], rows[1][column] = one, other
    with pytest.raises(BookError) as refusal:
        plan_of(rows)
    text = str(refusal.value)
    assert f"the {column} of BTC" in text
    assert text.count("Portfolio!") == 2
    rows[1][column] = None
    plan_of(rows)


def test_the_same_pair_twice_is_refused_by_name() -> None:
    """Asset and venue name a row."""
    rows = [unit("BTC", 1.0, 10.0, 0.5, Venue="a"), unit("BTC", 1.0, 10.0, None, Venue="A")]
    with pytest.raises(BookError, match=r'Portfolio!A3: "BTC" at A is already in Portfolio!A2'):
        plan_of(rows)


#: What stands of BTC at a and at b before 1 BTC of 1,000 moves from a to b, and after it: Quantity, Price, Value.
MOVED: list[tuple[list[float | None], list[float | None], list[float | None], list[float | None]]] = [
    ([4.0, 1_000.0, 4_000.0], [3.0, 1_000.0, 3_000.0], [3.0, 1_000.0, 3_000.0], [4.0, 1_000.0, 4_000.0]),
    ([4.0, None, 4_000.0], [3.0, None, 3_000.0], [3.0, None, 3_000.0], [4.0, None, 4_000.0]),
    ([4.0, 1_000.0, None], [None, None, 3_000.0], [3.0, 1_000.0, None], [None, None, 4_000.0]),
    ([None, None, 4_000.0], [None, None, 3_000.0], [None, None, 3_000.0], [None, None, 4_000.0]),
    ([None, None, 4_000.0], [3.0, 1_000.0, None], [None, None, 3_000.0], [4.0, 1_000.0, None]),
    ([4.0, 1_000.0, None], [None, 1_000.0, None], [3.0, 1_000.0, None], [1.0, 1_000.0, None]),
]


class TypedValues(MemoryWorkbook):
    """A workbook whose Value cells are all typed."""

    def is_formula(self, name: str, row: int, column: str) -> bool:
        """Return False."""
        return False


@pytest.mark.parametrize("origin, goal, left, comes", MOVED)
def test_coins_that_move_take_their_typed_value_along(
    origin: list[float | None], goal: list[float | None], left: list[float | None], comes: list[float | None]
) -> None:
    """Each row keeps what it kept, in units, as a Value or both: the book is worth the same after the move."""
    columns = ["Asset", "Venue", "Quantity", "Price", "Value", "Target"]
    money = ["USDT", "a", 500.0, 1.0, None, None]
    tables: dict[str, list[list[Any]]] = {
        "Portfolio": [columns, ["BTC", "a", *origin, None], ["BTC", "b", *goal, None], money],
        "Plan": [[column.name for column in PLAN.columns]],
        "Journal": [[column.name for column in JOURNAL.columns]],
    }
    moved: dict[str, Any] = {"Asset": "BTC", "Action": "TRANSFER", "Amount": 1_000.0, "Venue": "a", "To venue": "b"}
    moved |= {"Quantity": 1.0, "Price": 1_000.0} if origin[0] is not None else {}
    tables["Plan"].append([moved.get(name) for name in tables["Plan"][0]])
    book = TypedValues(tables, {"AsOf": DAY})
    before = book_value(read_book(book))
    actions.record(book)
    assert book_value(read_book(book)) == approx(before)
    for row, expected in zip(book.tables["Portfolio"][1:3], (left, comes), strict=True):
        quantity, price, value = row[2:5]
        assert [quantity, price] == expected[:2]
        assert value == (expected[2] if expected[2] is not None else quantity * price)


def test_more_money_than_a_row_is_worth_cannot_have_moved() -> None:
    """A row that keeps a Value alone gives no more of it than it has."""
    tables: dict[str, list[list[Any]]] = {
        "Portfolio": [["Asset", "Venue", "Value"], ["BTC", "a", 900.0], ["BTC", "b", 100.0]],
        "Plan": [["Asset", "Action", "Amount", "Quantity", "Price", "Fee", "Venue", "To venue"]],
        "Journal": [[column.name for column in JOURNAL.columns]],
    }
    tables["Plan"].append(["BTC", "TRANSFER", 1_000.0, None, None, None, "a", "b"])
    with pytest.raises(BookError, match=r"1,000.00 of BTC moved, but only 900.00 held at a"):
        actions.record(MemoryWorkbook(tables, {"AsOf": DAY}))
