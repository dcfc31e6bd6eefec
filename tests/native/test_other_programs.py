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
    ("PRICEMAT", (38230, 39064, 37919, 0.0237, 0.0591, 0), 92.6248555392249),
    ("PRICEMAT", (45169, 45458, 44740, 0.0147, 0.0484, 0), 97.3628638060001),
    ("YIELDMAT", (38656, 38942, 38386, 0.0296, 99.3722, 0), 0.0369000994039549),
    ("ODDLPRICE", (42401, 42449, 42371, 0.0594, 0.0465, 100, 4, 2), 100.167890081495),
    ("ODDLPRICE", (39300, 39391, 39288, 0.0816, 0.0729, 100, 2, 2), 100.211015891329),
    ("ODDLYIELD", (42301, 42363, 42180, 0.0198, 98.5442, 100, 4, 3), 0.106354570760311),
    ("AMORDEGRC", (8622.5981, 41072, 41342, 104.9222, 9, 0.135, 1), 81),
    ("AMORDEGRC", (2918.7651, 38617, 38735, 52.4367, 6, 0.3068, 0), 52),
    ("AMORDEGRC", (8139.4235, 43458, 43658, 75.4042, 5, 0.182, 4), 388),
    ("AMORLINC", (703.19, 44176, 44409, 63.9625, 5, 0.1841, 1), 38.7585319260273),
]


@pytest.mark.parametrize("name, arguments, shown", THIRD_OPINIONS)
def test_a_third_program_agrees(name: str, arguments: tuple[float, ...], shown: float) -> None:
    """Coupons at the ends of months, interest at maturity, odd last periods and French depreciation."""
    assert call(name, *map(float, arguments)) == pytest.approx(shown, rel=1e-13)
