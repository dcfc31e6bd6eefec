"""How sentences name many things."""

from __future__ import annotations

import pytest

from rebalance_xl.functions.wording import names_text


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([], ""),
        (["BTC"], "BTC"),
        (["BTC", "ETH", "BTC"], "BTC, ETH"),
        (["A", "B", "C", "D"], "A, B, C, D"),
        (["A", "B", "C", "D", "E"], "A, B, C and 2 more"),
    ],
)
def test_long_rows_of_names_are_counted(names: list[str], expected: str) -> None:
    """Each name is said once; nobody is told "and 1 more"."""
    assert names_text(names) == expected


def test_names_that_are_said_and_counted_are_all() -> None:
    """However many names there are, those said and those counted are all of them."""
    for count in range(5, 60):
        text = names_text([f"COIN{number}" for number in range(count)], most=9)
        said = text.count("COIN")
        more = int(text.split(" and ")[1].split()[0]) if " and " in text else 0
        assert said + more == count
