"""An old AsOf, and a mark that is far from the spot price of its asset."""

from __future__ import annotations

import datetime as dt

import pytest

from rebalance_xl.book import actions
from rebalance_xl.book.memory import MemoryWorkbook
from rebalance_xl.book.problems import WARNING


def book(mark: float, as_of: dt.date | None = dt.date(2026, 11, 20), **columns: object) -> MemoryWorkbook:
    """Make a book with one asset at 100 and one futures position."""
    position = {"Symbol": "XUSDT", "Asset": "X", "Side": "short", "Quantity": 0, "MarkPrice": mark} | columns
    tables = {
        "Portfolio": [["Asset", "Quantity", "Price", "Target"], ["X", 10, 100, 0.5], ["USDT", 1000, 1, 0.5]],
        "Futures": [list(position), list(position.values())],
    }
    return MemoryWorkbook(tables, {"AsOf": as_of} if as_of else {})


def warnings(workbook: MemoryWorkbook, today: dt.date | None = None, as_of: dt.date | None = None) -> list[str]:
    """Return the warnings of a check that are about dates or marks."""
    found = actions.check(workbook, as_of, today)
    return [
        str(each) for each in found if each.severity == WARNING and ("days ago" in str(each) or "mark of" in str(each))
    ]


@pytest.mark.parametrize(
    ("mark", "columns", "said"),
    [
        (104.9, {}, False),
        (95.1, {}, False),
        (105.1, {}, True),
        (94.9, {}, True),
        (100_000, {}, True),
        (100_000, {"ContractSize": 1000}, False),
        (110, {"Contract": "inverse"}, True),
    ],
)
def test_marks_more_than_5_percent_from_the_spot_price(mark: float, columns: dict[str, object], said: bool) -> None:
    """The warning names both cells' rows and the distance; a contract of several units is compared by unit."""
    found = warnings(book(mark, **columns))
    assert bool(found) is said
    if said:
        assert "Futures!" in found[0]
        assert "Portfolio!" in found[0]


@pytest.mark.parametrize(
    ("today", "asked", "said"),
    [
        (dt.date(2026, 11, 27), None, False),
        (dt.date(2026, 11, 28), None, True),
        (dt.date(2026, 12, 28), dt.date(2026, 12, 28), False),
        (None, None, False),
    ],
)
def test_an_as_of_of_more_than_a_week(today: dt.date | None, asked: dt.date | None, said: bool) -> None:
    """It is said from the eighth day on, and not where a day was asked for or no clock is given."""
    found = warnings(book(100), today, asked)
    assert bool(found) is said
    if said:
        assert "8 days ago" in found[0]
        assert "--as-of" in found[0]


def test_a_blank_as_of_is_never_old() -> None:
    """It means today."""
    assert warnings(book(100, None), dt.date(2030, 1, 1)) == []
