"""Excel's calendar: serial numbers, years, months, days, and the 29 February 1900 that never was.

Serial numbers here are those of the 1900 system; serial 0 is "0 January 1900" and serial 60 is 29 February 1900, as a
worksheet shows them.
"""

from __future__ import annotations

import datetime as dt
from calendar import isleap, monthrange
from typing import Final

from .faults import number_fault

LAST_DAY: Final = 2_958_465
PHANTOM_DAY: Final = 60
_UNIX = dt.date(1899, 12, 30).toordinal()


def parts(serial: float) -> tuple[int, int, int]:
    """Return year, month and day of a serial number, as Excel shows them; #NUM! below 0 and beyond the year 9999."""
    day = int(serial // 1)
    if not 0 <= day <= LAST_DAY:
        raise number_fault(f"{serial:.10g} is no date: a serial number lies between 0 and {LAST_DAY}")
    if day == PHANTOM_DAY:
        return 1900, 2, 29
    if day == 0:
        return 1900, 1, 0
    date = dt.date.fromordinal(_UNIX + day + (1 if day < PHANTOM_DAY else 0))
    return date.year, date.month, date.day


def serial_of(year: int, month: int, day: int) -> int:
    """Return the serial number of a day of the calendar, #NUM! outside 1900 to 9999; months and days may run over."""
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    if not 1899 <= year <= 9999:
        raise number_fault(f"the year {year:.10g} lies outside 1900 to 9999")
    first = dt.date(year, month, 1).toordinal() - _UNIX
    serial = first - (first <= PHANTOM_DAY) + day - 1
    if not 0 <= serial <= LAST_DAY:
        raise number_fault(f"day {day:.10g} of {year}-{month:02d} lies outside 1900 to 9999")
    return serial


def add_months(serial: float, months: int, to_end: bool = False) -> int:
    """Return the day `months` later, on the last day of the month when the month is shorter, or `to_end`."""
    year, month, day = parts(serial)
    first = serial_of(year, month + months, 1)
    last = monthrange(*parts(first)[:2])[1]
    return first + (last if to_end else min(day, last)) - 1


def is_month_end(serial: float) -> bool:
    """Tell whether a serial number is the last day of its month."""
    year, month, day = parts(serial)
    return day == monthrange(year, month)[1]


def days_360(start: float, end: float, european: bool = False) -> int:
    """Return the days between two dates in years of twelve months of 30 days.

    The American (NASD) rule moves a start on the last day of February to the 30th, and an end on the 31st to the 30th
    only when the start was on the 30th or later; the European rule moves every 31st to the 30th.
    """
    (y1, m1, d1), (y2, m2, d2) = parts(start), parts(end)
    if european or d1 >= 30:
        d2 = min(d2, 30)
    if not european and m1 == 2 and is_month_end(start):
        d1, d2 = 30, 30 if m2 == 2 and is_month_end(end) else d2
    return (y2 - y1) * 360 + (m2 - m1) * 30 + d2 - min(d1, 30)


def days_between(start: float, end: float, basis: int) -> int:
    """Return the days between two dates by a day-count basis (0 US 30/360, 1 to 3 actual, 4 European 30/360)."""
    if basis in (0, 4):
        return days_360(start, end, european=basis == 4)
    return int(end // 1) - int(start // 1)


def coupon_days(start: int, end: int, basis: int) -> int:
    """Return the days between two coupon dates; the American rule moves the end as it moves the start."""
    return days_360(start, 1) - days_360(end, 1) if basis == 0 else days_between(start, end, basis)


def year_length(start: float, end: float, basis: int) -> float:
    """Return the days of a year by a day-count basis; actual/actual looks at the years the dates lie in.

    Within a year of each other the year has 366 days when a 29 February lies between them; further apart, it is the
    mean length of the calendar years they touch.
    """
    if basis != 1:
        return 365.0 if basis == 3 else 360.0
    (y1, m1, d1), (y2, m2, d2) = parts(start), parts(end)
    if y1 == y2:
        return 366.0 if isleap(y1) else 365.0
    if y2 == y1 + 1 and (m1, d1) >= (m2, d2):
        leap_inside = (isleap(y1) and (m1, d1) <= (2, 29)) or (isleap(y2) and (m2, d2) >= (2, 29))
        return 366.0 if leap_inside else 365.0
    first, last = serial_of(y1, 1, 1), serial_of(y2 + 1, 1, 1) if y2 < 9999 else LAST_DAY + 1
    return (last - first - (y1 == 1900)) / (y2 - y1 + 1)  # in which 29 February 1900 does not count


def year_fraction(start: float, end: float, basis: int) -> float:
    """Return the part of a year between two dates by a day-count basis, whatever their order."""
    start, end = min(start, end), max(start, end)
    return days_between(start, end, basis) / year_length(start, end, basis)
