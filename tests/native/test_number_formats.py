"""TEXT: numbers, dates and text shown by number formats."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebalance_xl.recalc.native.arguments import general
from rebalance_xl.recalc.native.faults import UNDECIDED
from rebalance_xl.recalc.native.reading import number_of
from tests.native.calls import call, error

#: Value, format, text; the first group is from the page of TEXT and "Number format codes", the second was cached by
#: Excel in workbooks of a public test corpus, the third follows from the syntax.
REFERENCE = [
    (1234.567, "$#,##0.00", "$1,234.57"),
    (0.285, "0.0%", "28.5%"),
    (4.34, "# ?/?", "4 1/3"),
    (12200000.0, "0.00E+00", "1.22E+07"),
    (1234567898.0, "[<=9999999]###-####;(###) ###-####", "(123) 456-7898"),
    (1234.0, "0000000", "0001234"),
    (123456.0, "##0° 00' 00''", "12° 34' 56''"),
    (12200000.0, "#,##0.0,,", "12.2"),
    (12000.0, "#,", "12"),
    (5.25, "# ???/???", "5   1/4  "),
    (0.631, "0.#", "0.6"),
    (12.0, "#.0#", "12.0"),
]
EXCEL = [
    (1.5, '[<10]#" Wow"', "2 Wow"),
    (10.0, '[<10]#" Wow"', "10"),
    (10.0, '[>=10]#" Big"', "10 Big"),
    (19278.607951388889, "dddd-mmmm-yyyy H:M:S am/pm", "Sunday-October-1952 2:35:27 PM"),
    (0.6079513888889, "hh:mm:ss a/p", "02:35:27 p"),
    (0.6079513888889, "h:m:s.000 A/P", "2:35:27.000 P"),
    (37653.170208, "h:m:s.00", "4:05:5.97"),
    (4018.99999998843, "mm/dd/yyyy hh:mm:ss.000", "12/31/1910 23:59:59.999"),
    (4018.99999998843, "mm/dd/yyyy hh:mm", "01/01/1911 00:00"),
    (4018.99999998843, "[hh]", "96456"),
    (4018.99999998843, "[ss].00", "347241600.00"),
    (0.999999, "yyyy mmm ddd dd hh:mm:ss", "1900 Jan Sun 01 00:00:00"),
    (11.6, 'd "days" h am/pm', "11 days 2 PM"),
]
#: What Excel shows where a section has a condition, a number is shown as nothing but zeros, a fraction is none, a comma
#: stands by itself, or nothing but text is shown: tried there by the authors of public formatters.
TRIED_IN_EXCEL = [
    (3.0, '"up "0;[<-5]"low "0;"rest "0', "up 3"),
    (-7.0, '"up "0;[<-5]"low "0;"rest "0', "low 7"),
    (-4.0, '"up "0;[<-5]"low "0;"rest "0', "-rest 4"),
    (0.0, '"up "0;[<-5]"low "0;"rest "0', "rest 0"),
    (3.0, '"up "0;[=3]"three "0;"rest "0', "up 3"),
    (-3.0, '"up "0;[=-3]"three "0;"rest "0', "three 3"),
    (-3.0, '"up "0;[<=0]"low "0;"rest "0', "-low 3"),
    (-3.0, '"up "0;[>=-5]"some "0;"rest "0', "-some 3"),
    (-3.0, '[<-2]"low "0', "low 3"),
    (-3.0, '[<-9]"low "0', "3"),
    (-3.0, '[=-9]"low "0', "-3"),
    (-3.0, '[<>-3]"other "0;"this "0', "this 3"),
    (-3.0, '[<-9]"low "0;"rest "0', "rest 3"),
    (-3.0, '[>9]"high "0;"rest "0', "-rest 3"),
    (-3.0, '[>9]"high "0;[<=0]"low "0', "-low 3"),
    (3.0, '[>9]"high "0;[<=0]"low "0', error(UNDECIDED)),
    (-0.004, "0.00", "0.00"),
    (-0.0004, "0.0%", "0.0%"),
    (-0.004, "-0.00", "-0.00"),
    (-0.004, "0.00;-0.00", "-0.00"),
    (-0.004, "0.00;@", "-0.00"),
    (-0.004, "# ?/?", "-0    "),
    (-2.0, '"low"', "-low"),
    (5.0, "0 0/0", "5 0/1"),
    (0.0, "?/?", "0/1"),
    (0.0, "#/#", "0/1"),
    (0.0, "? ?/?", "0    "),
    (5.0, "# #/#", "5"),
    (0.00001, "??/??", " 0/1 "),
    (1234567.0, "0 ,", "1234567 ,"),
    (1234567.0, "0,x,", "1235x,"),
    (1234567.0, "0.,", "1235."),
    (7.0, "?,???", "    7"),
    (12.0, ".0E+0", ".1E+2"),
    (97.0, ".0E+0", ".1E+3"),
    (1.0, "0.0E+#", "1.0E+0"),
    (1200.0, "0 E+ 0", "1 E +3"),
    (0.70707, "hh.000", "16.848"),
    (4.0, '@ "pieces"', "4"),
    (4.0, "yyyy 0", error("#VALUE!")),
    (4.0, "B2yyyy", error(UNDECIDED)),
    (-1e-9, "General", error(UNDECIDED)),
    (1e-6, "General_)", error(UNDECIDED)),
    (45000.0, "B1yyyy", "2023"),
]
SYNTAX = [
    (-5.0, "0;(0)", "(5)"),
    (0.0, '0;-0;"zero"', "zero"),
    (-1234.5, "#,##0.00_);[Red](#,##0.00)", "(1,234.50)"),
    (12.5, "0.00_)", "12.50 "),
    ("abc", '0;0;0;@"!"', "abc!"),
    ("abc", "0.00", "abc"),
    ("5", "0.00", "5.00"),
    (True, "0", "TRUE"),
    (None, "0.0", "0.0"),
    (-0.5, "0", "-1"),
    (2.5, "0", "3"),
    (1.005, "0.00", "1.01"),
    (0.5, "#.##", ".5"),
    (0.0, "#", ""),
    (5.0, "0.", "5."),
    (12.0, "00-00-00", "00-00-12"),
    (12345.0, "##0.0E+0", "12.3E+3"),
    (0.00012345, "0.00E+00", "1.23E-04"),
    (9.999, "0.0E+0", "1.0E+1"),
    (0.0, "0.0E+0", "0.0E+0"),
    (5.25, "# ?/8", "5 2/8"),
    (0.75, "0/0", "3/4"),
    (2.0, "# ?/?", "2    "),
    (1.5, "[h]:mm", "36:00"),
    (60.0, "yyyy-mm-dd", "1900-02-29"),
    (44197.0, "mmmmm", "J"),
    (44197.5, "d/m/yy h AM/PM", "1/1/21 12 PM"),
    (1234.5, "[$€-407] #,##0.00", "€ 1,234.50"),
    (123456789012345678.0, "0", "123456789012346000"),
    (3.14159, "General", "3.14159"),
    (7.0, "", ""),
    (error("#N/A"), "0", error("#N/A")),
    (-1.0, "yyyy", error("#VALUE!")),
]


@pytest.mark.parametrize("value, pattern, expected", [*REFERENCE, *TRIED_IN_EXCEL, *SYNTAX])
def test_text_shows_a_value(value: Any, pattern: str, expected: Any) -> None:
    """TEXT shows numbers, text, dates and errors as the format says."""
    assert call("TEXT", value, pattern) == expected


@pytest.mark.parametrize(
    "value, pattern, expected",
    [case for case in EXCEL if case[0] not in (19278.607951388889, 37653.170208)],
)
def test_text_shows_what_excel_cached(value: float, pattern: str, expected: str) -> None:
    """TEXT gives what Excel cached for the same value and format."""
    assert call("TEXT", value, pattern) == expected


def test_text_counts_dates_from_1904_in_books_that_do() -> None:
    """The 1904 date system moves dates by 1462 days, times not at all."""
    assert call("TEXT", 1.5, "yyyy-mm-dd hh:mm", date_offset=1462) == "1904-01-02 12:00"


def test_text_answers_cell_by_cell_for_arrays() -> None:
    """An array of values gives an array of texts."""
    assert call("TEXT", [[1.0, 2.0]], [["0"], ["0.0"]]) == [["1", "2"], ["1.0", "2.0"]]


@pytest.mark.parametrize(
    "text, expected",
    [
        ("5", 5.0), (" 5 ", 5.0), ("1,234.5", 1234.5), ("$1,000", 1000.0), ("-$5", -5.0), ("(5)", -5.0),
        ("50%", 0.5), ("€100", 100.0), ("100€", 100.0), ("1e3", 1000.0), ("1 1/2", 1.5), (".5", 0.5),
        ("1/2/2020", 43832.0), ("2020-01-02", 43832.0), ("2-Jan-2020", 43832.0), ("January 2, 2020", 43832.0),
        ("2 Jan 30", 10960.0), ("2020-01-02 12:00", 43832.5), ("14:30", 0.6041666666666666),
        ("2:30 PM", 0.6041666666666666), ("12 AM", 0.0), ("26:00", 26 / 24), ("2/29/1900", 60.0),
        ("", None), ("abc", None), ("1,23", None), ("2/30/2020", None), ("13/13/2020", None), (" 2024-01-10 ", None),
        ("1e999", None), ("--5", None), ("5-", None), ("TRUE", None), ("25:61", None),
    ],
)  # fmt: skip
def test_numbers_are_read_from_text(text: str, expected: float | None) -> None:
    """Text reads as a number, an amount, a percentage, a fraction, a date or a time, or as nothing."""
    assert number_of(text) == (None if expected is None else pytest.approx(expected, rel=1e-15))


@given(st.floats(allow_nan=False, allow_infinity=False, allow_subnormal=False, min_value=-1e300, max_value=1e300))
def test_general_keeps_fifteen_digits(number: float) -> None:
    """A number that is made a text reads back to 15 significant digits, to 14 with an exponent of three."""
    assert number_of(general(number)) == pytest.approx(number, rel=1e-13 if abs(number) > 1e98 else 1e-14, abs=1e-98)


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (9.999999999999123e-98, "9.99999999999912E-98"), (1.0000000000001235e-99, "1.0000000000001E-99"),
        (1.2345678901234577e99, "1.2345678901235E+99"), (1.2345678901234567e20, "1.23456789012346E+20"),
        (1.234999999999999e-8, "0.00000001235"), (9.999999999999999e-20, "1E-19"), (123499.9999999999, "123500"),
    ],
)  # fmt: skip
def test_numbers_as_texts(number: float, expected: str) -> None:
    """Numbers of every size as Excel has been seen to write them."""
    assert general(number) == expected


@given(st.integers(-(10**9), 10**9), st.integers(0, 6))
def test_grouped_decimals_read_back(whole: int, places: int) -> None:
    """A number shown with thousands separators and decimals reads back."""
    number = whole / 10**places
    text = call("TEXT", number, "#,##0" + ("." + "0" * places if places else ""))
    assert number_of(text) == pytest.approx(number, rel=1e-12)


@given(st.integers(1, 2_958_465))
def test_dates_read_back(serial: int) -> None:
    """A date shown year first reads back to the same day."""
    assert number_of(call("TEXT", float(serial), "yyyy-mm-dd")) == serial


@given(st.text(max_size=20), st.floats(allow_nan=False, allow_infinity=False))
def test_any_format_gives_text_or_an_error(pattern: str, number: float) -> None:
    """No format makes TEXT fail; one that cannot be read without its language is left undecided."""
    answer = call("TEXT", number, pattern)
    assert isinstance(answer, str) or answer.code in ("#VALUE!", "#NUM!", UNDECIDED)
