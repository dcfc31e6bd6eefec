"""Dates and times: DATE with its limits, the parts of a date, dates and times given as text, and the first two months.

The names that begin with RXL. are asked for dates before March 1900, such as blank cells are: the engine takes 0 for a
day of 1899, while Excel's calendar begins with 0 January, a Saturday, and has a 29 February that never was.
"""

from __future__ import annotations

from functools import partial
from itertools import chain, islice
from typing import Any, Final

from .arguments import Rows, cells_of, no_error, numbers_of, to_number, to_strict
from .days import LAST_DAY, add_months, parts, serial_of, year_fraction
from .faults import number_fault, undecided_fault, value_fault
from .reading import in_1904, typed_number
from .registry import worksheet


@worksheet("DATE", kinds="year floor floor", dated=True)
def date(year: int, month: int, day: int, *, date_offset: int = 0) -> int:
    """Return the serial number of a date; months and days may run over, years below 1900 (1904) count from there."""
    serial = serial_of(year + 1900 if year < (1904 if date_offset else 1900) else year, month, day)
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
    return round(serial_number % 1 * 86_400) % 86_400 // unit % most


for _part, _seconds, _most in (("HOUR", 3600, 24), ("MINUTE", 60, 60), ("SECOND", 1, 60)):
    worksheet(_part, kinds="time")(partial(_part_of_clock, _seconds, _most))


@worksheet("TIME", kinds="clock clock clock")
def time(hour: int, minute: int, second: int) -> float:
    """Return a time as a part of a day; whole days are left out, and there is none below 0."""
    seconds = hour * 3600 + minute * 60 + second
    if seconds < 0:
        raise number_fault("a time must not be below 0")
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


@worksheet("NUMBERVALUE", kinds="text separator separator")
def numbervalue(text: str, decimal_separator: str = ".", group_separator: str = ",") -> float:
    """Return the number in a text with signs of its own; blanks do not count, and nothing is 0."""
    if decimal_separator[0] == group_separator[0]:
        raise value_fault("the separators are the same")
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


worksheet("RXL.DAYS", kinds="end_date start_date")(lambda end_date, start_date: end_date - start_date)
worksheet("RXL.YEARFRAC", kinds="start_date end_date basis=0")(year_fraction)


@worksheet("RXL.DATEDIF", kinds="start_date end_date text")
def difference(start: int, end: int, unit: str) -> int:
    """Return the days or the whole months or years between two dates; how Excel counts the other units is not known."""
    if start > end:
        raise number_fault("the start date lies after the end date")
    (first_year, first_month, first_day), (year, month, day) = parts(start), parts(end)
    months = (year - first_year) * 12 + month - first_month - (day < first_day)
    known = {"D": end - start, "M": months, "Y": months // 12, "YM": months % 12}
    if unit.upper() not in known:
        raise undecided_fault(f"DATEDIF in {unit!r} from before March 1900")
    return known[unit.upper()]


def _moved(to_end: bool, start: int, months: int) -> int:
    moved = add_months(start, months, to_end)
    if moved in (59, 60):
        raise undecided_fault("the end of February 1900")
    return moved


worksheet("RXL.EDATE", kinds="start_date integer")(partial(_moved, False))
worksheet("RXL.EOMONTH", kinds="start_date integer")(partial(_moved, True))


@worksheet("RXL.HOLIDAYS", kinds="range", dated=True)
def holidays(days: Rows, *, date_offset: int = 0) -> Rows:
    """Return the dates among holidays, those in texts too; blank cells are none, and truth values are refused."""
    if date_offset and any(isinstance(day, str) for day in cells_of(days)):
        raise undecided_fault("dates in texts among holidays, in a workbook of the 1904 system")
    return [[to_strict(day) for day in cells_of(days) if day is not None] or [0.0]]


@worksheet("RXL.NETWORKDAYS", kinds="start_date end_date range=NONE")
def working_days(start: int, end: int, holidays: Rows | None) -> int:
    """Return the working days from one date to another, both included, less than 0 where the end lies before."""
    first, last = min(start, end), max(start, end)
    free = {int(day) for day in numbers_of(holidays or []) if first <= day <= last and day % 7 >= 2}
    return (_working_until(last) - _working_until(first - 1) - len(free)) * (1 if start <= end else -1)


def _working_until(day: int) -> int:
    weeks, rest = divmod(day + 1, 7)
    return weeks * 5 + max(rest - 2, 0)


@worksheet("RXL.WORKDAY", kinds="start_date integer range=NONE")
def working_day(start: int, days: int, holidays: Rows | None) -> int:
    """Return the date so many working days after another, or before it."""
    free = {*map(int, numbers_of(holidays or []))}
    passed = range(start + 1, LAST_DAY + 1) if days > 0 else range(start - 1, -1, -1)
    working = (day for day in passed if day % 7 >= 2 and day not in free)
    day = next(islice(chain([start], working), abs(days), None), -1)
    parts(day)  # which refuses what is no date
    return day


#: How many days before 1 January a week of each kind begins that is the first one.
_BEGINS: Final = {1: -1, 2: 5, 11: 5, 12: 4, 13: 3, 14: 2, 15: 1, 16: 0, 17: -1}


@worksheet("RXL.WEEKNUM", kinds="start_date integer=1")
def week(serial_number: int, return_type: int) -> int:
    """Return the week of a date of January or February 1900."""
    if return_type not in _BEGINS:
        raise undecided_fault(f"weeks of kind {return_type} before March 1900")
    return (serial_number + _BEGINS[return_type]) // 7 + 1
