"""Functions that were an add-in once refuse truth values; searches that nobody describes are kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rebalance_xl.recalc.workbook import recalculate
from tests.recalc.books import make, values
from tests.recalc.test_kinds_of_formulas import check

#: A1 is TRUE, A2 a date, B1:B4 falls, C1:C4 rises, G1:G4 does neither; D1:D3 are dates, E1:E3 a date and a text, H1
#: is #N/A.
ROWS: list[list[Any]] = [
    [True, 9, 1, 45005, 45005, None, 5, "=NA()"],
    [45000, 7, 2, 45006, "2023-03-21", None, 8],
    [None, 5, 3, None, None, None, 4],
    [None, 1, 4, None, None, None, 2],
]
TRUTHS: list[tuple[str, Any]] = [
    ("EDATE(A1,1)", "#VALUE!"),
    ("EDATE(A2,A1)", "#VALUE!"),
    ("EDATE(TRUE,1)", "#VALUE!"),
    ("EOMONTH(A2,A2>1)", "#VALUE!"),
    ("ISODD(A1)", "#VALUE!"),
    ("ISEVEN(TRUE)", "#VALUE!"),
    ("QUOTIENT(A2,A1)", "#VALUE!"),
    ("QUOTIENT(A2,7)", 6428),
    ("EDATE(A2,1)", 45031),
    ("EOMONTH(A2,A1)", "#VALUE!"),
    ("EOMONTH(A2,A3)", 45016),
    ("WEEKNUM(A1)", "#VALUE!"),
    ("WEEKNUM(A2,2)", 12),
    ("ERF(A1)", "#VALUE!"),
    ("SQRTPI(A1)", "#VALUE!"),
    ("DELTA(A1,1)", "#VALUE!"),
    ("GESTEP(A1,0)", "#VALUE!"),
    ("BESSELJ(A1,1)", "#VALUE!"),
    ("IFERROR(EDATE(A1,1),0)", 0),
]
KNOWN: list[tuple[str, Any]] = [
    ("MATCH(6,B1:B4,-1)", 2),
    ("MATCH(20,B1:B4,-1)", "#N/A"),
    ("MATCH(2.5,C1:C4,-1)", "#N/A"),
    ("MATCH(0,C1:C4,-1)", 4),
    ("MATCH(4,G1:G4,-1)", 3),
    ("MATCH(9,G1:G4,-1)", "#N/A"),
    ('IFERROR(MATCH(20,B1:B4,-1),"none")', "none"),
    ("GAMMA(-2)", "#NUM!"),
    ("YEARFRAC(A3,39082)", 107.00277777777778),
    ("YEARFRAC(A3,36678,1)", 36678 * 101 / 36890),
    ("YEARFRAC(36678,A3,3)", 36678 / 365),
    ("YEARFRAC(43890,44286)", 391 / 360),
    ("SUM(YEARFRAC({0,36678},{36678,0},3))", 2 * 36678 / 365),
    ("NETWORKDAYS(A2,45030,D1:D3)", 21),
    ("WORKDAY(A2,5,D1:D3)", 45009),
    # texts among holidays are read, and nothing is passed over
    ("NETWORKDAYS(A2,45030,E1:E3)", 21),
    ("WORKDAY(A2,5,E1:E3)", 45009),
    ("NETWORKDAYS.INTL(A2,45030,1,E1:E3)", 21),
    ("WORKDAY.INTL(A2,5,1,E1:E3)", 45009),
    ('NETWORKDAYS(A2,45030,{"2023-03-20",45006})', 21),
    ('NETWORKDAYS(A2,45030,"2023-03-20")', 22),
    ("NETWORKDAYS(A2,45030,TRUE)", "#VALUE!"),
    ('NETWORKDAYS(A2,45030,{"Easter"})', "#VALUE!"),
    ("NETWORKDAYS(A2,45030,A1:A2)", "#VALUE!"),
    ("NETWORKDAYS(A2,45030,H1:H2)", "#N/A"),
    ("WORKDAY(1,1,H2)", 2),
    ('NETWORKDAYS(1,10,"1900-01-02")', 6),
    ('IFERROR(NETWORKDAYS(A2,45030,A1:A2),"none")', "none"),
]
#: A3 is blank: 0 January 1900, a Saturday in Excel's calendar.
EARLY: list[tuple[str, Any]] = [
    ("DAYS(A2,A3)", 45000),
    ("DAYS(A3,A2)", -45000),
    ('DATEDIF(A3,A2,"d")', 45000),
    ('DATEDIF(A3,A2,"m")', 1478),
    ('DATEDIF(A3,45016,"m")', 1478),
    ('DATEDIF(15,A2,"m")', 1478),
    ('DATEDIF(16,A2,"m")', 1477),
    ('DATEDIF(A3,A2,"Y")', 123),
    ("EOMONTH(A3,0)", 31),
    ("EOMONTH(A3,2)", 91),
    ("EOMONTH(A3,-1)", "#NUM!"),
    ("EDATE(A3,1)", 31),
    ("EDATE(A3,-1)", "#NUM!"),
    ("NETWORKDAYS(A3,10)", 7),
    ("NETWORKDAYS(10,A3)", -7),
    ("NETWORKDAYS(A3,A2,D1:D3)-NETWORKDAYS(100,A2,D1:D3)", 70),
    ("NETWORKDAYS(A3,A3)", 0),
    ("WORKDAY(A3,1)", 2),
    ("WORKDAY(A3,5)", 6),
    ("WORKDAY(12,-5)", 5),
    ("WORKDAY(-1,2)", "#NUM!"),
    ("NETWORKDAYS(-1,2)", "#NUM!"),
    ("DAYS(5,-1)", "#NUM!"),
    ("WEEKNUM(A3)", 0),
    ("WEEKNUM(A3,2)", 1),
    ("WEEKNUM(A3,16)", 1),
    ("WEEKNUM(8)", 2),
]
OPEN = [
    "MATCH(1,C1:C4,-1)",
    "MATCH(6,G1:G4,-1)",
    "EOMONTH(A3,1)",
    'DATEDIF(A3,A2,"md")',
    "NETWORKDAYS.INTL(A3,10)",
]


@pytest.mark.parametrize("cases", [TRUTHS, KNOWN, EARLY], ids=["truths", "known", "early"])
def test_truth_values_falling_values_and_early_dates(tmp_path: Path, cases: list[tuple[str, Any]]) -> None:
    """TRUE is no number for former add-in functions; what falls is searched; days are counted from 0 January 1900."""
    check(tmp_path / "b.xlsx", cases, ROWS)


@pytest.mark.parametrize("formula", OPEN)
def test_what_nobody_describes_is_kept(tmp_path: Path, formula: str) -> None:
    """A search downwards among values that do not fall keeps the cell's value."""

    def build(_: Any, sheet: Any) -> None:
        for row, line in enumerate(ROWS):
            sheet.write_row(row, 0, line)
        sheet.write_formula("K1", f"={formula}", None, 77)

    report = recalculate(make(tmp_path / "b.xlsx", build, use_future_functions=True))
    assert (report.kept, values(tmp_path / "b.xlsx")["K1"]) == (1, 77)
