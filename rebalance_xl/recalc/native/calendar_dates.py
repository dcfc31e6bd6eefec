"""Dates and times: DATE with its limits, the parts of a date, and dates and times given as text."""

from __future__ import annotations

from functools import partial
from typing import Any

from .arguments import no_error, to_number
from .days import parts, serial_of
from .faults import number_fault, value_fault
from .reading import in_1904, typed_number
from .registry import worksheet


@worksheet("DATE", kinds="number number number", dated=True)
def date(year: float, month: float, day: float, *, date_offset: int = 0) -> int:
    """Return the serial number of a date; months and days may run over, years below 1900 (1904) count from there."""
    first = 1904 if date_offset else 1900
    whole = int(year // 1)
    if whole < 0 or whole >= 10000:
        raise number_fault(f"the year is {year:.10g}; it must lie between 0 and 9999")
    counted = whole + 1900 if whole < first else whole
    serial = serial_of(counted, int(month // 1), int(day // 1))
    if serial < date_offset:
        raise number_fault("the date lies outside 1904 to 9999")
    return serial - date_offset


for _place, _part in enumerate(("YEAR", "MONTH", "DAY")):
    worksheet(_part, kinds="day")(lambda serial_number, *, place=_place: parts(serial_number)[place])


@worksheet("WEEKDAY", kinds="day integer")
def weekday(serial_number: int, return_type: int = 1) -> int:
    """Return the day of the week by one of Excel's ways of counting (1 Sunday first, 2 Monday first, 3 from 0, ...)."""
    parts(serial_number)
    day = (serial_number - 1) % 7  # 0 is Sunday
    first = {1: 7, 2: 1, 3: 1}.get(return_type, return_type - 10)
    if not 1 <= first <= 7:
        raise number_fault(f"return_type is {return_type}; it must be 1, 2, 3 or 11 to 17")
    return (day - first) % 7 + (return_type != 3)


def _part_of_clock(unit: int, most: int, serial_number: float) -> int:
    """Return the hour, minute or second of the second of the day, which is rounded as Excel does."""
    if serial_number < 0:
        raise number_fault(f"{serial_number:.10g} is no time: it must not be below 0")
    return round(serial_number % 1 * 86_400) % 86_400 // unit % most


for _part, _seconds, _most in (("HOUR", 3600, 24), ("MINUTE", 60, 60), ("SECOND", 1, 60)):
    worksheet(_part, kinds="number")(partial(_part_of_clock, _seconds, _most))


@worksheet("TIME", kinds="integer integer integer")
def time(hour: int, minute: int, second: int) -> float:
    """Return a time as a part of a day; whole days are left out, and there is none below 0."""
    seconds = hour * 3600 + minute * 60 + second
    if seconds < 0 or max(hour, minute, second) > 32_767:
        raise number_fault("a time must not be below 0, and hours, minutes and seconds not above 32767")
    return seconds % 86_400 / 86_400


def _read(text: Any) -> float:
    """Return the serial number in a text; anything but text is refused."""
    number = typed_number(text) if isinstance(no_error(text), str) else None
    if number is None or not any(sign in text for sign in ":-/ "):
        raise value_fault(f"{text!r} is no date or time as text")
    return number


#: A date given as text, without the time in it, and a time as a part of a day, without the date in it.
worksheet("DATEVALUE", kinds="any", dates=True)(lambda date_text: int(_read(date_text) // 1))
worksheet("TIMEVALUE", kinds="any")(lambda time_text: _read(time_text) % 1)


@worksheet("NUMBERVALUE", kinds="text text text")
def numbervalue(text: str, decimal_separator: str = ".", group_separator: str = ",") -> float:
    """Return the number in a text with signs of its own; blanks do not count, and nothing is 0."""
    if not decimal_separator or not group_separator or decimal_separator[0] == group_separator[0]:
        raise value_fault("a separator is an empty text, or they are the same")
    bare = "".join(text.split())
    number = bare.rstrip("%")
    whole, _, part = number.partition(decimal_separator[0])
    plain = whole.replace(group_separator[0], "").upper()
    plain = f"{plain}.{part}" if part or "E" not in plain else plain.replace("E", ".E")
    read = typed_number(plain) if number else 0.0
    if read is None or group_separator[0] in part:
        raise value_fault(f"{text!r} is no number")
    return read / 100.0 ** (len(bare) - len(number))


@worksheet("VALUE", kinds="any", dated=True)
def value(text: Any, *, date_offset: int = 0) -> float:
    """Return the number that a text reads as: money, percent, dates and times too."""
    if isinstance(text, bool) or text == "":
        raise value_fault(f"{text!r} is no number")
    return to_number(in_1904(text) if date_offset else text)
