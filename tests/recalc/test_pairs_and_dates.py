"""Sums over pairs of cells, one number for a table, dates in criteria, and the noise of sums of large amounts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.recalc.test_kinds_of_formulas import check, recalculated

#: A1:A6 and B1:B6 have two numbers in rows 1, 2, 5 and 6 alone; D1:E3 is a table of dates and amounts, G1:G3 criteria.
ROWS: list[list[Any]] = [
    [1, 3, None, "Date", "Amount", None, "Date"],
    [2, 1, None, 39713, 10, None, ">01/10/2008"],
    [None, 4, None, 39760, 20, None, ">1 Oct 2008"],
    [4, "x"],
    [7, 5],
    [9, 2],
]
PAIRS: list[tuple[str, Any]] = [
    ("SUMXMY2(A1:A6,B1:B6)", 58),
    ("SUMX2MY2(A1:A6,B1:B6)", 96),
    ("SUMX2PY2(A1:A6,B1:B6)", 174),
    ("SUMXMY2({1,2},{3,5})", 13),
    ("SUMXMY2(A1:A2,B1:B3)", "#N/A"),
    ("SUMXMY2(A1:A2,B2:B3/0)", "#DIV/0!"),
    ("SUM(A1:A6,40000000000.1)-SUM(40000000000.3,A1:A6,-0.2)", 0),
    ("INDEX(A1:B6,2)", "#REF!"),
    ("INDEX(A1:B6,MATCH(7,A5:A6,0))", "#REF!"),
    ("SUM(INDEX(A1:B6,2,))", 3),
    ("INDEX(B1:B6,5)+INDEX(A1:B1,2)", 8),
    ("SUM(A1:INDEX(A1:A6,2))", 3),
    ("MATCH(8,A1:A6,2)", 5),
    ("0.00005-0.00003-0.00002+0.00001", 0.00001),
]


def test_pairs_without_two_numbers_are_left_out(tmp_path: Path) -> None:
    """A blank or text beside a number is no pair, and the noise of a difference of large sums is 0."""
    check(tmp_path / "b.xlsx", PAIRS, ROWS)


def test_dates_in_criteria_of_database_functions(tmp_path: Path) -> None:
    """A date whose day and month may be swapped keeps the value; one with the month's name is the same everywhere."""
    found = recalculated(
        tmp_path / "b.xlsx",
        [
            "DSUM(D1:E3,2,G1:G2)",
            'SUMIF(D2:D3,">1 Oct 2008",E2:E3)',
            'SUMIF(D2:D3,">Oct 2008",E2:E3)',
            'COUNTIF(A1:A6,">1:00")',
        ],
        ROWS,
    )
    assert found == ["kept", 20, 20, 5]
