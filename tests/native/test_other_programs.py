"""Calls on which IronCalc and our own functions differ: LibreOffice, asked as a third, agrees with ours."""

from __future__ import annotations

import pytest

from tests.native.calls import call

#: The call and what LibreOffice 7.4 shows, in 15 digits.
THIRD_OPINIONS = [
    ("PRICE", (41894, 45625, 0.058, 0.106, 100, 4, 4), 70.2692507922414),
    ("YIELD", (45624, 48456, 0.0816, 71.9506, 100, 4, 4), 0.141804542900077),
    ("COUPDAYBS", (42637, 47360, 4, 0), 24),
    ("COUPDAYBS", (39684, 42976, 2, 2), 177),
    ("COUPDAYBS", (39774, 42977, 2, 2), 84),
    ("COUPDAYBS", (43902, 45625, 4, 4), 13),
    ("COUPDAYSNC", (42948, 44164, 4, 2), 28),
    ("COUPDAYSNC", (42188, 46537, 4, 1), 58),
    ("COUPNCD", (37441, 41150, 4, 0), 37497),
    ("COUPPCD", (39710, 42337, 4, 3), 39689),
]


@pytest.mark.parametrize("name, arguments, shown", THIRD_OPINIONS)
def test_a_third_program_agrees(name: str, arguments: tuple[float, ...], shown: float) -> None:
    """Coupons at the ends of months and prices of bonds that have such coupons."""
    assert call(name, *map(float, arguments)) == pytest.approx(shown, rel=1e-13)
