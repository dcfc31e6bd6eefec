"""Texts before and after one another: computed where every system orders them alike, kept where not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rebalance_xl.recalc.native.criteria import in_order, is_sure, pair_in_order
from rebalance_xl.recalc.native.faults import Fault
from rebalance_xl.recalc.workbook import recalculate
from tests.recalc.books import make, values

#: Formulas over A1:A4 = "élan", "fox", "Zed", "co-op" and D1:D3 = "a", "e", "z", and what they give; None is kept.
ORDERED: list[tuple[str, Any]] = [
    ("A1<A2", None),
    ("A2>A1", None),
    ("A1<=A1", True),
    ("A1<>A2", True),
    ("A2<A3", True),
    ("A4<A2", True),
    ('A4<"cup"', True),
    ('A4<"cone"', None),
    ('"é"<"f"', None),
    ("SUMPRODUCT((A1:A3<A2)*1)", None),
    ('IFERROR(IF(A1<A2,"before","after"),"?")', None),
    ('COUNTIF(A1:A3,"<f")', None),
    ('COUNTIF(A1:A3,"<"&A2)', None),
    ('COUNTIF(A2:A3,">="&A2)', 2),
    ('COUNTIF(D1:D3,"<é")', None),
    ('COUNTIFS(A1:A3,"fox",D1:D3,">b")', 1),
    ("MATCH(A1,D1:D3,1)", None),
    ("VLOOKUP(A1,D1:E3,2,TRUE)", None),
    ("MATCH(A2,D1:D3,1)", 2),
    ('LOOKUP("g",A1:A3,D1:D3)', "e"),
    ('LOOKUP("f",A1:A3,D1:D3)', None),
]
#: Texts in small letters that are compared with each other.
PAIRED = ["", "a", "co-op", "coop", "cone", "é", "e", "z", "ø", "a b", "a_b", "ab", "日", "1", "o'neill", "on"]


@pytest.mark.parametrize("plain", [False, True])
def test_an_order_that_systems_do_not_share_is_not_guessed(tmp_path: Path, plain: bool) -> None:
    """Comparisons, criteria and look-ups keep the cell's value where signs or accents decide the order of texts."""

    def build(book: Any, sheet: Any) -> None:
        sheet.write_column("A1", ["élan", "fox", "Zed", "co-op"])
        sheet.write_column("D1", ["a", "e", "z"])
        sheet.write_column("E1", [1, 2, 3])
        for row, (formula, _) in enumerate(ORDERED, 1):
            sheet.write_formula(f"H{row}", "=" + formula, None, -1)

    path = make(tmp_path / "b.xlsx", build)
    outcome = recalculate(path, plain=plain)
    found = values(path)
    wrong = {
        formula: found.get(f"H{row}")
        for row, (formula, right) in enumerate(ORDERED, 1)
        if found.get(f"H{row}") != (-1 if right is None else right)
    }
    assert not wrong
    assert outcome.kept == sum(right is None for _, right in ORDERED)


@pytest.mark.parametrize(
    ("texts", "sure"),
    [
        (["abc", "abd", "b 2", ""], True),
        (["élan"], True),
        (["élan", "abc"], True),
        (["élan", "fox"], False),
        (["a-c", "ab"], False),
        (["a-c", "b"], True),
        (["ørsted", "abc"], False),
        (["spot – 1", "spot a"], False),
        (["東", "京"], False),
        (["ель", "яр"], True),
    ],
)
def test_when_codes_tell_the_order(texts: list[str], sure: bool) -> None:
    """Letters and figures are in the order of their codes; accents, hyphens and other signs may not be."""
    assert is_sure(set(texts)) is sure


@pytest.mark.parametrize("one", PAIRED)
@pytest.mark.parametrize("other", PAIRED)
def test_a_pair_of_texts_is_judged_as_a_column_of_both_is(one: str, other: str) -> None:
    """What is asked for every cell of a column refuses the pairs that a sort of two cells refuses."""

    def refuses(judge: Any) -> bool:
        try:
            judge()
        except Fault:
            return True
        return False

    assert refuses(lambda: pair_in_order(one, other)) == refuses(lambda: in_order([one, other]))
