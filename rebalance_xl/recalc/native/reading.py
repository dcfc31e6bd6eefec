"""Text that a worksheet reads as a number: money, percent, fractions, dates and times, the American way."""

from __future__ import annotations

import re
from typing import Final

from .days import parts, serial_of
from .faults import Fault, undecided_fault
from .format_language import ENGLISH

_DAYS_TO_1904: Final = 1462
#: Between these a number can be typed; it is 0 below the normal ones.
_TINIEST, _NORMAL, _LARGEST = 1e-309, 2.225073858507e-308, 9.99999999999999e307
_MONTHS: Final = {
    **{name[:size].lower(): number for size in (3, 9) for number, name in enumerate(ENGLISH.months, 1)},
    "sept": 9,
}
#: A number or a fraction with one percent sign, a currency before or behind it, signs, and brackets for a negative one.
_AMOUNT = re.compile(
    r"(?P<bracket>\((?![-+]))?\s*(?P<percent>%)?\s*(?P<sign>[-+]?)\s*(?:[$€£¥]\s*(?P<inner>[-+]?))?"
    r"(?:(?P<number>(?:(?:\d{1,3}(?:,\d{3,})+|\d+)\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)"
    r"|(?P<whole>\d+) +(?P<top>\d+) */ *(?P<bottom>\d+))"
    r"\s*[€£¥]?\s*(?(percent)|(?P<behind>%?))\s*(?(bracket)\))"
)
_WITH_POINTS = re.compile(
    r"(?:0?[1-9]|[12]\d|3[01])\.(?:0?[1-9]|1[0-2])\.(?:\d{4}|\d\d)|(?:0[1-9]|1[0-2])\.(?:19|20)\d\d"
)
_TIME = re.compile(r"(\d{1,4}):(\d{1,2})(?::(\d{1,2}))?(\.\d*)?(?: *([AaPp])[Mm]?)?|(\d{1,2}) +([AaPp])[Mm]?")
_YEAR_FIRST = re.compile(r"(?P<year>\d{4})([-/])(?P<month>\d{1,2})\2(?P<day>\d{1,2})")
_MONTH_FIRST = re.compile(r"(?P<month>\d{1,2})([-/])(?P<day>\d{1,2})\2(?P<year>\d{4}|\d{1,2})")
_DATES = (
    _YEAR_FIRST,
    _MONTH_FIRST,
    re.compile(r"(?P<day>\d{1,2})[- /]?(?P<month>[A-Za-z]{3,9})[- /,]{1,2}(?P<year>\d{4}|\d{2})"),
    re.compile(r"(?P<month>[A-Za-z]{3,9})[- ](?P<day>\d{1,2}),? +(?P<year>\d{4})"),
    re.compile(r"(?P<month>[A-Za-z]{3,9})[- /](?P<year>\d{4})"),
)


def number_of(text: str) -> float | None:
    """Return the number that a worksheet sees in a text, or None where there is none.

    >>> number_of(" $1,234.50 "), number_of("12%"), number_of("1 1/2"), number_of("2024-01-09"), number_of("x")
    (1234.5, 0.12, 1.5, 45300.0, None)
    """
    spaced, text = text, text.strip(" \t\r\n\xa0")
    if not text or (text != spaced and _YEAR_FIRST.fullmatch(text)):  # a year first must have no blanks around it
        return None
    try:
        return _plain(text) if text[0] in "0123456789.+-(%$€£¥" else _dated(text)
    except (ValueError, Fault, ArithmeticError):
        return None


def typed_number(text: str) -> float | None:
    """Return the number that a worksheet sees in a text, as :func:`number_of`, where every system sees the same.

    A date whose day and month depend on the system, such as "1/2/2020", or that is a text on some systems, such as
    "13/2/2020", "2/13/2020" and "29.7.2014", is undecided; so is "09.2022", a number on some and a month on others.
    """
    if not text.isascii() and any(map(str.isdecimal, re.findall(r"[^\x00-\x7f]", text))):
        raise undecided_fault(f"{text!r} has digits of another alphabet")
    if _WITH_POINTS.fullmatch(text.strip()):
        raise undecided_fault(f"{text!r} is a date on some systems")
    if match := _MONTH_FIRST.match(text.strip()):
        first, second = int(match["month"]), int(match["day"])
        if first != second and 1 <= min(first, second) <= 12 and max(first, second) <= 31:
            raise undecided_fault(f"the order of day and month in {text!r} is the author's system's")
    return number_of(text)


def in_1904(value: object) -> object:
    """Return a text that reads as a date as the number that it is in a workbook of the 1904 system, all else as it is.

    A date has two dashes or slashes, or the name of a month.
    """
    if isinstance(value, str):
        words = value.upper().replace("AM", "").replace("PM", "").replace("E", "")
        dated = value.count("/") == 2 or value.count("-") == 2 or any(sign.isalpha() for sign in words)
        number = typed_number(value) if dated else None
        return value if number is None else number - _DAYS_TO_1904
    return value


def _plain(text: str) -> float | None:
    match = _AMOUNT.fullmatch(text)
    if match is None:
        return _dated(text)
    if match["number"]:
        number = float(match["number"].replace(",", ""))
    else:
        number = int(match["whole"]) + int(match["top"]) / int(match["bottom"])
    number = number / 100.0 if match["percent"] or match["behind"] else number
    minuses = (match["sign"], match["inner"]).count("-") + (match["bracket"] is not None)
    if number > _LARGEST or 0 < number < _TINIEST:
        return None
    return number * (-1.0) ** minuses if number >= _NORMAL else 0.0


def _dated(text: str) -> float | None:
    """Read a date, a time, or a date and a time."""
    for whole in (each(text) for each in (time_of, date_of)):
        if whole is not None:
            return float(whole)
    for gap in re.finditer(r"[ T]+", text):
        date_part, time_part = date_of(text[: gap.start()]), time_of(text[gap.end() :])
        if date_part is not None and time_part is not None:
            return date_part + time_part
    return None


def time_of(text: str) -> float | None:
    """Return the part of a day that a clock time such as "14:30", "2:30:15.5 PM" or "26:00" stands for."""
    match = _TIME.fullmatch(text)
    if not match:
        return None
    hours, minutes, seconds = (float(each or 0) for each in (match[1] or match[6], match[2], match[3]))
    if match[4] and not match[3]:  # minutes:seconds.fraction
        hours, minutes, seconds = 0.0, hours, minutes
    seconds += float(f"0{match[4] or '.'}0")
    half = match[5] or match[7]
    if minutes > 59 or seconds >= 60 or (half and not 0 <= hours <= 12):
        return None
    if half:
        hours = hours % 12 + (12 if half in "pP" else 0)
    return (hours * 3600 + minutes * 60 + seconds) / 86_400


def date_of(text: str) -> int | None:
    """Return the serial number of a date such as "2024-01-09", "1/9/2024", "9-Jan-24" or "January 9, 2024"."""
    match = next(filter(None, (pattern.fullmatch(text) for pattern in _DATES)), None)
    if match is None:
        return None
    found = match.groupdict("1")
    year, day, name = int(found["year"]), int(found.get("day", "1")), found["month"]
    month = int(name) if name.isdigit() else _MONTHS.get(name.lower(), 0)
    if len(found["year"]) < 4:
        year += 2000 if year < 30 else 1900
    serial = serial_of(year, month, day)
    return serial if day and parts(serial) == (year, month, day) else None
