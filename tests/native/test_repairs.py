"""Calls that the engine answers wrongly: what a workbook shows for them, and how they are written for the engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from rebalance_xl.recalc.formulas.parser import Parser
from rebalance_xl.recalc.formulas.repairs import repaired
from rebalance_xl.recalc.formulas.text import split_references
from rebalance_xl.recalc.formulas.tree import Call, FormulaError
from rebalance_xl.recalc.formulas.whole_calls import looks_approximately, may_end, replaced
from rebalance_xl.recalc.native.faults import UNDECIDED
from tests.native.calls import call, column, error, row
from tests.native.test_in_workbooks import recalculated

ROWS = [
    [1, "b", True, '"q"', -100, 45292, "BUY"],
    [2, "c", None, "x", None, None, "SELL"],
    [3, "d", False, '"q"', 60, 46022, "BUY"],
    [8, "name", 0.2, "q", 70, 46387, "BUY"],
]

CRITERIA = [
    ('COUNTIF(C1:C4,">10%")', 1),
    ('COUNTIF(C1:C4,"20%")', 1),
    ('COUNTIF(A1:A4,"<$3.00")', 2),
    ('COUNTIF(A1:A4,"<1,000")', 4),
    ('COUNTIF(E1:E4,"<=(100)")', 1),
    ('COUNTIF(A1:A4,">"&"20%")', 4),
    ('COUNTIF(F1:F4,">=1/1/2026")', 1),
    ("COUNTIF(D1:D4,D1)", 2),
    ('COUNTIF(D1:D4,"="&D1)', 2),
    ('COUNTIF(D1:D4,"<>"&D1)', 2),
    ("SUMPRODUCT(COUNTIF(D1:D4,D1:D4))", 6),
    ('SUM(COUNTIF(A1:A4,{">20%","<$3"}))', 6),
    ('SUMIF(C1:C4,"<=25%",A1:A4)', 8),
    ('SUMIFS(A1:A4,G1:G4,"BUY",C1:C4,"<=20%")', 8),
    ('AVERAGEIFS(A1:A4,A1:A4,">=$2",A1:A4,"<1,000%")', 13 / 3),
    ('COUNTIF(G1:G4,"B*")', 3),
    ("COUNTIF(A1:A4,A2)", 1),
]
BOOLEANS = [
    ("LEFT(TRUE,2)", "TR"),
    ("RIGHT(C1,3)", "RUE"),
    ("REPT(C1,2)", "TRUETRUE"),
    ("LEFT(A1>0,4)", "TRUE"),
    ("CODE(TRUE)", 84),
    ("LEFT(B2,1)", "c"),
    ("LEN(LEFT(C2,1))", 0),
    ('SUMPRODUCT(--(LEFT(B1:B4,1)="n"))', 1),
    ('EXACT(LEFT(TRUE,4),"TRUE")', True),
    ("YEAR(TRUE)", 1900),
    ("MONTH(C1)", 1),
    ("DAY(TRUE)", 1),
    ("WEEKDAY(TRUE)", 1),
]
ERRORS = [
    ('ISERROR(SUM("abc"))', True),
    ('ISERROR(SUM(A1,"abc"))', True),
    ('ISERR(SUM(A1&"x"))', True),
    ('ISNUMBER(SUM(A1,"x"))', False),
    ('IF(ISERROR(SUM("abc")),1,2)', 1),
    ('IFNA(SUM("abc"),1)', "#VALUE!"),
    ('ERROR.TYPE(SUM("abc"))', 3),
    ("ERROR.TYPE(NA())", 7),
    ("ISNA(ERROR.TYPE(SUM(A1:A3,1)))", True),
    ("ISERROR(SUM(A1:A3,2))", False),
    ('ISERROR(MAX("a"))', True),
    ('MAX("5",1)', 5),
    ('IFERROR(PRODUCT("a"),7)', 7),
]
ARRAYS = [
    ('SUMPRODUCT(N(G1:G4="BUY"),A1:A4)', 12),
    ("SUMPRODUCT(N(A1:A4>2))", 2),
    ("N(A1:A4)", 1),
    ("N(TRUE)", 1),
    ('N("x")', 0),
    ('T(A1&"")', "1"),
    ("SUM(N(OFFSET(A1,1,0)))", 2),
    ("IRR(E1:E4)", 0.18881944173155876),
    ("ROUND(XIRR(E1:E3,F1:F3),7)", -0.2254033),
    ("INDEX(LINEST(A1:A4,{1;2;3;4},,TRUE),1,1)", 2.2),
    ("INDEX(LOGEST(A1:A4,{1;2;3;4},,TRUE),1,1)", 1.943283315726147),
    ("LCM(A2,A3,C2)", 6),
    ("ADDRESS(3,7,1,0)", "R3C7"),
    ('ADDRESS(3,7,,,"My Sheet")', "'My Sheet'!$G$3"),
    ("SUM(SORT(A1:A4,,-1)*{1;0;0;0})", 8),
    ('SUMPRODUCT(SUMIF(G1:G4,{"BUY","SELL"},A1))', 14),
    ('SUM(AVERAGEIF(G1:G4,{"BUY","SELL"},A1))', 6),
]
LOOKUPS = [
    ('VLOOKUP("e",B1:D4,3)', '"q"'),
    ("LOOKUP(2.5,A1:A9,B1:B9)", "c"),
    ("LOOKUP(99,A1:A9,A1:A9)", 8),
    ("MATCH(2.5,A1:A9)", 2),
    ("ISNA(VLOOKUP(0,A1:B4,2))", True),
    ('VLOOKUP("zz",G1:G4,1)', "BUY"),
    ("VLOOKUP(2,A1:B4,2,FALSE)", "c"),
    ("ISNA(VLOOKUP(2.5,A1:B4,2,FALSE))", True),
]


@pytest.mark.parametrize(
    "cases", [CRITERIA, BOOLEANS, ERRORS, ARRAYS, LOOKUPS], ids=("criteria", "booleans", "errors", "arrays", "lookups")
)
def test_a_workbook_shows_what_excel_shows(tmp_path: Path, cases: list[tuple[str, object]]) -> None:
    """Criteria as typed, truth values as texts, errors looked at, arrays and headings give Excel's values."""
    for (formula, want), got in zip(cases, recalculated(tmp_path, ROWS, [each for each, _ in cases]), strict=True):
        if want is not None:
            assert got == (pytest.approx(want, rel=1e-9) if isinstance(want, float) else want), formula


def _call_of(formula: str) -> Call:
    shape, references = split_references(formula)
    made = Parser(shape, references).parse().single
    assert isinstance(made, Call)
    return made


@pytest.mark.parametrize("formula", ['COUNTIF(A1:A4,"East")', 'LEFT("abc",2)', "N(A1)", "MAX(A1,2)", "LOOKUP(1,A1,B1)"])
def test_what_the_engine_gets_right_stays_as_it_is(formula: str) -> None:
    """Calls with nothing to repair are not rewritten, so that they cost nothing."""
    made = _call_of(formula)
    assert repaired(made.name, made.arguments) == made.arguments
    assert replaced(made.name, made.arguments) is None


@pytest.mark.parametrize("formula", ['CELL("filename",A1)', 'CELL("width")', "CELL(A1,B1)", 'CELL("address",Other!A1)'])
def test_what_the_file_does_not_tell_is_not_computed(formula: str) -> None:
    """A question to the program, the disk or the formats of a cell keeps the cell's value."""
    made = _call_of(formula)
    with pytest.raises(FormulaError, match="CELL asks for"):
        replaced(made.name, made.arguments)


def test_functions_that_end_formulas_are_watched() -> None:
    """What functions give that end formulas has to be watched for an error, what look-ups and arithmetic give not."""
    assert may_end(_call_of('ISERROR(SUM("abc"))').arguments[0])
    assert may_end(_call_of('ISERROR(1/SUM(A1&"x"))').arguments[0])
    assert not may_end(_call_of("ISERROR(VLOOKUP(A1,B1:C9,2,FALSE)/B1)").arguments[0])


@pytest.mark.parametrize(
    "formula, expected",
    [("VLOOKUP(1,A1:B2,2)", True), ("VLOOKUP(1,A1:B2,2,TRUE)", True), ("VLOOKUP(1,A1:B2,2,)", False),
     ("VLOOKUP(1,A1:B2,2,0)", False), ("MATCH(1,A1:A2)", True), ("MATCH(1,A1:A2,-1)", None),
     ("MATCH(1,A1:A2,B1)", None), ("XMATCH(1,A1:A2)", False)],
)  # fmt: skip
def test_approximate_lookups_are_told_by_their_mode(formula: str, expected: bool | None) -> None:
    """A look-up is approximate without a mode and with TRUE or 1, exact with 0, and neither is sure of other modes."""
    made = _call_of(formula)
    assert looks_approximately(made.name, made.arguments) is expected


# --- the functions themselves ------------------------------------------------------------------------------------


def test_cash_flow_functions_leave_blanks_out() -> None:
    """IRR and MIRR count the numbers, XIRR the pairs; blank cells are no periods."""
    flows, gaps = column(-100.0, 60.0, 70.0), column(-100.0, None, 60.0, "text", True, 70.0)
    assert call("IRR", gaps) == call("IRR", flows) == pytest.approx(0.18881944173155876, rel=1e-12)
    assert call("MIRR", gaps, 0.1, 0.1) == pytest.approx(0.1661903789690602, rel=1e-12)
    dated = column(-100.0, None, 140.0), column(45292.0, None, 46022.0)
    assert call("XIRR", *dated) == pytest.approx(1.4**0.5 - 1, rel=1e-7)


@pytest.mark.parametrize("amounts", [(100.0, 50.0), (None, None), (-1.0,)])
def test_payments_of_one_sign_have_no_rate(amounts: tuple[float, ...]) -> None:
    """Without an inflow and an outflow there is no rate."""
    assert call("IRR", column(*amounts)) == error("#NUM!")
    assert call("MIRR", column(*amounts), 0.1, 0.1) == error("#DIV/0!")


@pytest.mark.parametrize("rate", [-0.9, -0.3, 0.0, 0.02, 0.15, 1.0, 25.0])
def test_irr_finds_the_rate_that_payments_were_made_with(rate: float) -> None:
    """An annuity bought at its present value has the rate it was discounted with."""
    price = sum(10 / (1 + rate) ** year for year in range(1, 8))
    assert call("IRR", column(-price, *[10.0] * 7)) == pytest.approx(rate, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("guess, rate", [(5.0, 0.6505266073447167), (-0.5, -0.6613675853005687)])
def test_irr_finds_the_rate_nearest_to_the_guess(guess: float, rate: float) -> None:
    """Where Newton's rule leads nowhere and there are two rates, the guess tells which."""
    assert call("IRR", column(-50.0, 10.0, 150.0, -50.0), guess) == pytest.approx(rate, rel=1e-12)


@pytest.mark.parametrize("basis", [0, 1, 2, 3, 4])
def test_a_bond_at_par_on_a_coupon_date_costs_its_redemption(basis: int) -> None:
    """With the yield of its coupon a bond costs 100 on a coupon date, by every day count."""
    assert call("PRICE", 43891.0, 47543.0, 0.05, 0.05, 100.0, 1.0, float(basis)) == pytest.approx(100, rel=1e-12)
    assert call("YIELD", 43891.0, 47543.0, 0.05, 100.0, 100.0, 1.0, float(basis)) == pytest.approx(0.05, rel=1e-9)


def test_a_yield_that_does_not_give_the_price_is_none() -> None:
    """Coupons so large that the price has no digits left for the yield give #NUM!, not a number without meaning."""
    assert call("YIELD", 43831.0, 45000.0, 1e300, 95.0, 100.0, 2.0) == error("#NUM!")


@pytest.mark.parametrize(
    "basis, price",
    [(2, 126.399843424), (3, 126.394907193)],
)
def test_the_days_to_come_complete_the_period(basis: int, price: float) -> None:
    """Over a year of 360 or 365 days the part to come is the rest of the period (checked with IronCalc 0.9)."""
    assert call("PRICE", 43950.0, 47543.0, 0.04, 0.05, 155.0, 1.0, float(basis)) == pytest.approx(price, abs=1e-9)


@pytest.mark.parametrize(
    "arguments, shown",
    [
        ((3.0, 7.0), "$G$3"),
        ((3.0, 7.0, 2.0), "G$3"),
        ((3.0, 7.0, 3.0), "$G3"),
        ((3.0, 7.0, 4.0), "G3"),
        ((3.0, 7.0, 4.0, False), "R[3]C[7]"),
        ((3.0, 7.0, 1.0, True, "Sheet1"), "Sheet1!$G$3"),
        ((3.0, 7.0, 1.0, True, "Q1"), "'Q1'!$G$3"),
        ((3.0, 7.0, 1.0, True, "it's"), "'it''s'!$G$3"),
    ],
)
def test_address_writes_references_in_both_styles(arguments: tuple[object, ...], shown: str) -> None:
    """Row and column are fixed by the third argument, the style by the fourth; a sheet is quoted where needed."""
    assert call("ADDRESS", *arguments) == shown


@pytest.mark.parametrize("arguments", [(0.0, 1.0), (1.0, 16385.0), (1048577.0, 1.0), (1.0, 1.0, 5.0)])
def test_address_refuses_cells_that_no_sheet_has(arguments: tuple[float, ...]) -> None:
    """Rows, columns and kinds outside the sheet are #VALUE!."""
    assert call("ADDRESS", *arguments) == error("#VALUE!")


@pytest.mark.parametrize(
    "last, days, shown",
    [
        (655.6800000000002, 1096, 0.2917285501956941),
        (875.9000000000001, 1827, 0.2354226768016815),
        (1144.0, 2557, 0.20825183987617493),
        (271.0, 1827, -0.022695121169090279),
    ],
)
def test_xirr_ends_where_excel_ends(last: float, days: int, shown: float) -> None:
    """The search stops at the same middle of its bracket as Excel's (payments of 304 and one return each)."""
    assert call("XIRR", row(-304.0, last), row(45292.0, 45292.0 + days)) == shown


def test_numbers_and_dates_in_texts_are_read_where_every_system_reads_the_same(tmp_path: Path) -> None:
    """Functions read texts as arithmetic does; a date whose day and month may be swapped keeps the cell's value."""
    rows = [["2020-01-31", "2020-02-29", "$1,200.50", "1/2/2020", "8/30/2017"]]
    formulas = ["EDATE(A1,1)", "DAYS(B1,A1)", "ROUND(C1,0)", "NETWORKDAYS(A1,B1)", "VALUE(A1)", "C1*2"]
    assert recalculated(tmp_path, rows, formulas) == [43890, 29, 1201, 21, 43861, 2401]
    unknown = ["EDATE(D1,1)", "VALUE(D1)", "MONTH(D1)", "DATEVALUE(D1)", 'COUNTIF(A1:D1,"1/2/2020")']
    unknown += ["YEAR(E1)", "E1+1", 'TEXT(E1,"dd/mm/yy")']
    assert recalculated(tmp_path, rows, unknown) == [None] * 8


@pytest.mark.parametrize(
    "rate, code", [(0.24, "#NUM!"), (0.4, "#NUM!"), (1.0, "#NUM!"), (0.25, UNDECIDED), (0.2, UNDECIDED)]
)
def test_french_depreciation_knows_no_factor_for_some_lives(rate: float, code: str) -> None:
    """Lives under 3 and between 4 and 5 years are #NUM! by the function's description; the limits are left open."""
    assert call("AMORDEGRC", 2400.0, 39679.0, 39813.0, 300.0, 1.0, rate, 1.0).code == code
    assert call("AMORDEGRC", 2400.0, 39679.0, 39813.0, 300.0, 1.0, 0.26, 1.0) == 802
