"""Numbers read from text many at a time are those that `float` reads."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebalance_xl.recalc.sheets.number_arrays import parsed_numbers

NUMBERS = st.floats(allow_nan=False, allow_infinity=False).map(repr)
SHORT = st.decimals(min_value=-(10**9), max_value=10**9, places=4).map(str)
WITH_EXPONENT = st.from_regex(r"-?[0-9]{1,9}(\.[0-9]{0,9})?([eE][+-]?[0-9]{1,3})?", fullmatch=True)
ANYTHING = st.text(alphabet="0123456789.-+eE_ nai\u00e4", max_size=30)


def read(texts: list[str]) -> list[tuple[float, bool]]:
    """Return number and whether it is right for each text."""
    content = ("<".join(texts) + "<").encode("ascii", "replace")
    ends = np.array([len("<".join(texts[: place + 1])) for place in range(len(texts))], np.intp)
    starts = np.array([end - len(text) for end, text in zip(ends.tolist(), texts, strict=True)], np.intp)
    numbers, good = parsed_numbers(np.frombuffer(content, np.uint8), starts, ends)
    return list(zip(numbers.tolist(), good.tolist(), strict=True))


def bits(number: float) -> bytes:
    """Return what a number is made of, which tells 0.0 and -0.0 apart."""
    return struct.pack("<d", number)


@given(st.lists(st.one_of(NUMBERS, SHORT, WITH_EXPONENT, ANYTHING), min_size=1, max_size=20))
def test_what_is_right_is_right_to_the_last_bit(texts: list[str]) -> None:
    """No number is taken that `float` would read otherwise, or not at all."""
    for text, (number, good) in zip(texts, read(texts), strict=True):
        if good:
            assert bits(number) == bits(float(text))


@pytest.mark.parametrize(
    "text",
    [
        "0", "-0", "7", "-12.5", "1000000000", "0.1", "0.30000000000000004"[:17], "5E-06", "1.5e+3", "9007199254740992",
        "123456789.123456", "1E22", "1e-22", "00012", "1.", ".5", "-0.0",
    ],
)  # fmt: skip
def test_usual_numbers_are_read(text: str) -> None:
    """What sheets hold most of the time needs no second look, alone and among others."""
    for texts in ([text], ["1", text, "22222"], [text, "x", "-5.25E-3"]):
        number, good = read(texts)[texts.index(text)]
        assert good
        assert bits(number) == bits(float(text))


@pytest.mark.parametrize(
    "text",
    [
        "", "-", ".", "1e", "e5", "1e+", "--1", "1-", "1.2.3", "1e5e5", "1e5.5", "+1", " 1", "1 ", "1_000", "nan",
        "inf", "-inf", "1e999", "1e23", "1e-23", "9007199254740993", "12345678901234567890123",
        "1e00000000000000000005", "1e--5", "1e5-", "0x10", "\u0664", "text",
    ],
)  # fmt: skip
def test_everything_else_is_left_to_a_closer_look(text: str) -> None:
    """Too many digits, large exponents, and what is no number."""
    for texts in ([text], ["1", text, "2e5"]):
        assert not read(texts)[texts.index(text)][1]
