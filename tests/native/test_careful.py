"""Arithmetic and comparisons of the careful way, on one value and on arrays."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebalance_xl.recalc.native.faults import UNDECIDED
from tests.native.calls import call, column, error, row

VALUES = st.one_of(
    st.none(), st.booleans(), st.floats(-1e6, 1e6), st.sampled_from(["", "a", "A", "é", "É", "12%", "$1,200.50", "1.5"])
)


@pytest.mark.parametrize(
    "text, number",
    [
        ("$1,200.50", 1200.5),
        ("(5)", -5.0),
        ("1,234", 1234.0),
        ("12%", 0.12),
        ("2020-02-29", 43890.0),
        (None, 0.0),
        (True, 1.0),
    ],
)
def test_texts_are_read_as_value_reads_them(text: Any, number: float) -> None:
    """Money, brackets, thousands, percent and dates of one meaning are numbers; so are blanks and TRUE."""
    assert call("RXL.NUMBER", text) == number
    assert call("RXL.NUMBER", column(text, 2.0)) == column(number, 2.0)


@pytest.mark.parametrize("text", ["May-25", "1/2/2020", "5 apples"])
def test_texts_with_digits_that_only_their_author_can_read_are_undecided(text: str) -> None:
    """What may be a number or another date elsewhere gives no value; a word is an error."""
    assert call("RXL.NUMBER", text).code == UNDECIDED
    assert call("RXL.NUMBER", "apples") == error("#VALUE!")


@pytest.mark.parametrize(
    "left, sign, right, holds",
    [
        (245411.04938361436, "=", 245411.0493836144, True),
        (0.1 + 0.2, "<=", 0.3, True),
        (0.1 + 0.2, ">", 0.3, False),
        (1.0, "<", 1.00000000000001, True),
        ("É", "=", "é", True),
        (None, "=", "", True),
        (None, "=", 0.0, True),
        (9e9, "<", "a", True),
        ("z", "<", False, True),
        (1.0, "=", True, False),
    ],
)
def test_comparisons_are_excels(left: Any, sign: str, right: Any, holds: bool) -> None:
    """Numbers are equal to 15 digits, texts in any case and alphabet, kinds follow each other."""
    assert call("RXL.COMPARE", left, sign, right) is holds


@given(st.lists(VALUES, min_size=1, max_size=6), VALUES, st.sampled_from(["=", "<>", "<", ">", "<=", ">="]))
def test_an_array_compares_cell_by_cell(cells: list[Any], other: Any, sign: str) -> None:
    """An array against one value is each of its cells against that value, in either direction."""
    single = [call("RXL.COMPARE", cell, sign, other) for cell in cells]
    if len(cells) > 1:
        assert call("RXL.COMPARE", column(*cells), sign, other) == column(*single)
        assert call("RXL.COMPARE", row(*cells), sign, other) == row(*single)
        assert call("RXL.NUMBER", column(*cells)) == column(*[call("RXL.NUMBER", cell) for cell in cells])


@given(VALUES, VALUES)
def test_opposite_signs_give_opposite_answers(left: Any, right: Any) -> None:
    """Exactly one of smaller, equal and larger holds, and each sign is the contrary of its opposite."""
    answers = {sign: call("RXL.COMPARE", left, sign, right) for sign in ("=", "<>", "<", ">", "<=", ">=")}
    assert [answers["<"], answers["="], answers[">"]].count(True) == 1
    assert answers["<>"] is not answers["="]
    assert answers[">="] is not answers["<"]
    assert answers["<="] is not answers[">"]


def test_arrays_that_do_not_fit_each_other_are_filled_up() -> None:
    """Cells that one of two arrays has not are #N/A."""
    got = call("RXL.COMPARE", column(1.0, 2.0, 3.0), "=", column(1.0, 5.0))
    assert got[:2] == column(True, False)
    assert got[2][0] == error("#N/A")
