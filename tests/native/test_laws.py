"""Laws that native functions obey for any arguments."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rebalance_xl.cells import DIV0, NA, CellError
from rebalance_xl.recalc.native.arguments import alike, each_once, to_rows, told_apart
from rebalance_xl.recalc.native.engineering import _table
from tests.native.calls import call, column

NUMBERS = st.floats(-100, 100).map(lambda number: round(number, 3))
RATES = st.floats(0.0, 0.3)
DAYS = st.integers(30_000, 50_000)
TERMS = st.tuples(DAYS, st.integers(20, 9_000), st.sampled_from([1, 2, 4]), st.integers(0, 4))


@given(st.integers(1, 5).flatmap(lambda n: st.lists(st.lists(NUMBERS, min_size=n, max_size=n), min_size=n, max_size=n)))
def test_a_matrix_times_its_inverse_is_the_unit_matrix(matrix: list[list[float]]) -> None:
    """MMULT(A, MINVERSE(A)) is MUNIT, when A is far enough from singular."""
    inverse = call("MINVERSE", matrix)
    assume(isinstance(inverse, list) and max(abs(x) for line in inverse for x in line) < 1e3)
    product = to_rows(call("MMULT", matrix, inverse))
    size = len(matrix)
    for i in range(size):
        for j in range(size):
            assert product[i][j] == pytest.approx(1.0 if i == j else 0.0, abs=1e-7)
    determinants = call("MDETERM", matrix) * call("MDETERM", inverse)
    assert determinants == pytest.approx(1.0, rel=1e-6)


def test_large_matrices_are_matrices_too() -> None:
    """Product, inverse and determinant of some hundred rows are what a linear algebra library finds."""
    matrix = np.random.default_rng(20261122).uniform(-1.0, 1.0, (250, 250)) + 4.0 * np.eye(250)
    inverse = call("MINVERSE", matrix.tolist())
    np.testing.assert_allclose(inverse, np.linalg.inv(matrix), rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(call("MMULT", matrix.tolist(), inverse), np.eye(250), atol=1e-9)
    assert call("MDETERM", matrix.tolist()) == pytest.approx(np.linalg.det(matrix), rel=1e-9)


@given(TERMS, RATES, st.floats(0.001, 0.3), st.floats(80, 120))
def test_the_yield_of_a_price_is_the_yield_it_was_made_of(
    terms: tuple[int, int, int, int], rate: float, yld: float, redemption: float
) -> None:
    """YIELD(PRICE(y)) is y."""
    start, length, frequency, basis = terms
    period = (float(start), float(start + length))
    price = call("PRICE", *period, rate, yld, redemption, frequency, basis)
    assume(isinstance(price, float) and price > 0)
    found = call("YIELD", *period, rate, price, redemption, frequency, basis)
    assert found == pytest.approx(yld, rel=1e-7, abs=1e-9)


@given(TERMS)
def test_coupon_dates_enclose_the_settlement(terms: tuple[int, int, int, int]) -> None:
    """The settlement lies between the coupon dates around it, and the coupons left reach maturity."""
    start, length, frequency, basis = terms
    arguments = (float(start), float(start + length), frequency, basis)
    previous, following = call("COUPPCD", *arguments), call("COUPNCD", *arguments)
    assert previous <= start < following <= start + length
    months = 12 // frequency * (call("COUPNUM", *arguments) - 1)
    years, rest = divmod(call("MONTH", following) - 1 + months, 12)
    maturity = start + length
    assert (call("YEAR", following) + years, rest + 1) == (call("YEAR", maturity), call("MONTH", maturity))


@given(TERMS, RATES)
def test_a_longer_bond_never_has_a_negative_duration(terms: tuple[int, int, int, int], yld: float) -> None:
    """The duration lies between 0 and the time to maturity; the modified one is not larger."""
    start, length, frequency, basis = terms
    arguments = (float(start), float(start + length), 0.05, yld, frequency, basis)
    duration, modified = call("DURATION", *arguments), call("MDURATION", *arguments)
    assert 0 <= duration <= length / 360 + 0.6
    assert modified == pytest.approx(duration / (1 + yld / frequency))


@given(st.lists(st.floats(1, 1000), min_size=2, max_size=8), st.floats(0.5, 1.5))
def test_the_rate_of_xirr_makes_the_present_value_vanish(inflows: list[float], ratio: float) -> None:
    """XNPV at XIRR is nothing beside the amounts."""
    flows = [[-sum(inflows) * ratio, *inflows]]
    dates = [[40_000.0 + 91 * index for index in range(len(flows[0]))]]
    rate = call("XIRR", flows, dates)
    assume(isinstance(rate, float) and rate > 1e-6)
    assert call("XNPV", rate, flows, dates) == pytest.approx(0.0, abs=1e-6 * sum(inflows))


@given(st.floats(0.001, 0.2), st.integers(2, 60), st.floats(100, 1e6), st.booleans())
def test_interest_and_principal_make_the_payment_and_repay_the_loan(
    rate: float, periods: int, loan: float, due: bool
) -> None:
    """IPMT + PPMT is the same in every period, and the principal parts add up to the loan."""
    kind = 1.0 if due else 0.0
    interest = [call("IPMT", rate, p, periods, loan, 0.0, kind) for p in range(1, periods + 1)]
    principal = [call("PPMT", rate, p, periods, loan, 0.0, kind) for p in range(1, periods + 1)]
    totals = [a + b for a, b in zip(interest, principal, strict=True)]
    assert totals == pytest.approx([totals[0]] * periods)
    assert math.fsum(principal) == pytest.approx(-loan)


@given(st.floats(1e-6, 1 - 1e-6), st.integers(1, 60), st.integers(1, 60))
def test_quantiles_invert_their_distributions(probability: float, d1: int, d2: int) -> None:
    """F.DIST(F.INV(p)) is p; so with chi-squared and Student's t, on both sides."""
    assert call("F.DIST", call("F.INV", probability, d1, d2), d1, d2, True) == pytest.approx(probability, rel=1e-8)
    assert call("F.DIST.RT", call("F.INV.RT", probability, d1, d2), d1, d2) == pytest.approx(probability, rel=1e-8)
    assert call("CHISQ.DIST", call("CHISQ.INV", probability, d1), d1, True) == pytest.approx(probability, rel=1e-8)
    assert call("T.DIST", call("T.INV", probability, d1), d1, True) == pytest.approx(probability, rel=1e-8)
    assert call("LOGNORM.DIST", call("LOGNORM.INV", probability, 0.5, 1.5), 0.5, 1.5, True) == pytest.approx(
        probability, rel=1e-8
    )


@given(st.integers(0, 400), st.integers(0, 400), st.floats(0.001, 0.999))
def test_binomial_probabilities_add_up(successes: int, more: int, chance: float) -> None:
    """The cumulative probability is the sum of the single ones, and BINOM.INV finds its way back."""
    trials = successes + more
    single = math.fsum(call("BINOM.DIST", k, trials, chance, False) for k in range(successes + 1))
    cumulative = call("BINOM.DIST", successes, trials, chance, True)
    assert cumulative == pytest.approx(single, rel=1e-9, abs=1e-13)
    if 0 < cumulative < 1:
        assert call("BINOM.INV", trials, chance, cumulative) <= successes + 1


_LETTERS = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}


@given(st.integers(1, 3999), st.integers(0, 4))
def test_roman_numerals_read_back(number: int, form: int) -> None:
    """ROMAN(n) reads as n in every form."""
    values = [_LETTERS[letter] for letter in call("ROMAN", float(number), float(form))]
    assert sum(-value if value < max(values[at:]) else value for at, value in enumerate(values)) == number


@given(st.floats(-1e6, 1e6), st.floats(0.001, 1e3))
def test_floor_and_ceiling_enclose_the_number(number: float, multiple: float) -> None:
    """FLOOR.MATH <= n <= CEILING.MATH, at most one multiple apart."""
    low, high = call("FLOOR.MATH", number, multiple), call("CEILING.MATH", number, multiple)
    slack = 1e-9 * max(abs(number), multiple)
    assert low - slack <= number <= high + slack
    assert high - low <= multiple + slack


@given(st.integers(-512, 511))
def test_binary_numbers_convert_back(number: int) -> None:
    """Every way from decimal to another base and back ends where it began."""
    binary = call("DEC2BIN", float(number))
    assert call("BIN2DEC", binary) == number
    assert call("HEX2DEC", call("BIN2HEX", binary)) == number
    assert call("OCT2DEC", call("BIN2OCT", binary)) == number
    assert call("HEX2BIN", call("DEC2HEX", float(number))) == binary
    assert call("OCT2BIN", call("DEC2OCT", float(number))) == binary


@given(st.lists(st.integers(1, 10**4), min_size=2, max_size=3))
def test_divisor_times_multiple_is_the_product_of_two(numbers: list[int]) -> None:
    """GCD(a, b) * LCM(a, b) is a * b, and ranges count like arguments."""
    a, b = float(numbers[0]), float(numbers[1])
    assert call("GCD", a, b) * call("LCM", a, b) == a * b
    assert call("GCD", column(*map(float, numbers))) == call("GCD", *map(float, numbers))


@given(st.sampled_from(sorted(_table())), st.sampled_from(sorted(_table())), st.floats(0.001, 1e6))
def test_units_convert_back(source: str, target: str, number: float) -> None:
    """Converting there and back gives the same number, and other kinds are refused both ways."""
    there = call("CONVERT", number, source, target)
    if isinstance(there, CellError):
        assert call("CONVERT", number, target, source) == CellError("#N/A")
    else:
        assert call("CONVERT", there, target, source) == pytest.approx(number, rel=1e-12)


@given(st.integers(1900, 9999), st.integers(1, 12), st.integers(1, 28), st.sampled_from([0, 1462]))
def test_the_parts_of_a_date_make_the_date(year: int, month: int, day: int, offset: int) -> None:
    """YEAR, MONTH and DAY of DATE(y, m, d) are y, m and d in both date systems."""
    assume(not (offset and year < 1904))
    serial = call("DATE", float(year), float(month), float(day), date_offset=offset)
    parts = [call(name, serial, date_offset=offset) for name in ("YEAR", "MONTH", "DAY")]
    assert parts == [year, month, day]


@given(st.integers(0, 2_000_000), st.integers(0, 86_399))
def test_the_parts_of_a_time_make_the_time(day: int, second: int) -> None:
    """HOUR, MINUTE and SECOND give back the second of the day."""
    serial = day + second / 86_400
    hour, minute, rest = (call(name, serial) for name in ("HOUR", "MINUTE", "SECOND"))
    assert hour * 3600 + minute * 60 + rest == second


@given(st.complex_numbers(max_magnitude=1e6), st.complex_numbers(max_magnitude=1e6))
def test_complex_sums_and_differences_cancel(left: complex, right: complex) -> None:
    """(a + b) - b is a, as far as 15 digits go."""
    a, b = (call("COMPLEX", z.real, z.imag) for z in (left, right))
    back = call("IMSUB", call("IMSUM", a, b), b)
    size = max(abs(left), abs(right), 1.0)
    assert call("IMABS", call("IMSUB", back, a)) <= 1e-12 * size


@given(st.lists(st.integers(-50, 50).map(float), min_size=1, max_size=30), st.integers(1, 9))
def test_wrapping_keeps_every_cell_in_order(cells: list[float], count: int) -> None:
    """WRAPROWS lists the cells row by row, WRAPCOLS column by column."""
    rows = call("WRAPROWS", [cells], float(count), "end")
    columns = call("WRAPCOLS", [cells], float(count), "end")
    assert [cell for line in rows for cell in line if cell != "end"] == cells
    assert [list(line) for line in zip(*columns, strict=True)] == rows


@given(st.lists(st.integers(-20, 20).map(float), min_size=1, max_size=25), st.integers(-25, 25).map(float))
def test_binary_and_linear_search_agree_on_sorted_cells(cells: list[float], lookup: float) -> None:
    """XMATCH finds equal values wherever it searches, and the next smaller and larger ones in both modes."""
    rising = column(*sorted(set(cells)))
    for mode in (-1.0, 0.0, 1.0):
        linear = call("RXL.XMATCH", lookup, rising, mode, 1.0)
        assert call("RXL.XMATCH", lookup, rising, mode, 2.0) == linear
        falling = call("RXL.XMATCH", lookup, rising[::-1], mode, -2.0)
        assert falling == (linear if isinstance(linear, CellError) else len(rising) + 1 - linear)


@given(st.lists(st.integers(0, 5).map(float), min_size=1, max_size=20), st.integers(-2, 7).map(float))
def test_database_sums_split_at_any_bound(values: list[float], bound: float) -> None:
    """What is below a bound and what is not adds up to everything."""
    table: list[list[Any]] = [["Amount"], *([value] for value in values)]
    below = call("DSUM", table, "Amount", [["Amount"], [f"<{bound:g}"]])
    above = call("DSUM", table, "Amount", [["amount"], [f">={bound:g}"]])
    assert below + above == sum(values)


WILD = st.sampled_from(
    [0.0, -0.0, 1.0, True, False, None, "", "1", "TRUE", "a", "A", "ba", "a*", "~*", "?", "\u00e4\u00df", NA, DIV0]
) | st.floats(allow_nan=False)
GRIDS = st.tuples(st.integers(1, 4), st.integers(1, 4)).flatmap(
    lambda size: st.lists(st.lists(WILD, min_size=size[1], max_size=size[1]), min_size=size[0], max_size=size[0])
)


@given(st.lists(GRIDS, min_size=1, max_size=3), st.booleans())
def test_what_is_asked_once_is_what_is_asked_everywhere(grids: list[list[list[Any]]], apart: bool) -> None:
    """Going through arrays gives at every place what its own values give, however few questions are asked."""
    asked: list[Any] = []

    def answer(questions: list[tuple[Any, ...]]) -> list[Any]:
        asked.extend(questions)
        return [tuple(map(told_apart, each)) for each in questions]

    found = each_once(grids, answer, apart)
    lines = zip(*alike(grids), strict=True)
    expected = [[tuple(map(told_apart, cells)) for cells in zip(*rows, strict=True)] for rows in lines]
    assert found == expected
    places = [each for row in expected for each in row]
    assert len(asked) == len(places if apart else {*places})


@given(GRIDS, GRIDS)
def test_a_text_is_found_where_search_gives_a_number(find: list[list[Any]], within: list[list[Any]]) -> None:
    """What is asked of whole arrays is what ISNUMBER says of SEARCH in each of their cells."""
    pairs = [zip(*rows, strict=True) for rows in zip(*alike((find, within)), strict=True)]
    assert call("RXL.FOUND", find, within) == [
        [not isinstance(call("SEARCH", *cells), CellError) for cells in row] for row in pairs
    ]
