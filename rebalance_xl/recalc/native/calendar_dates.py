"""Dates of the calendar as Excel counts them: DATE with its limits, and the day of 29 February 1900."""

from __future__ import annotations

import datetime as dt

from rebalance_xl.recalc.native.days import LAST_DAY, parts, serial_of
from rebalance_xl.recalc.native.faults import number_fault
from rebalance_xl.recalc.native.registry import worksheet


@worksheet("DATE", kinds="number number number", override=True, dated=True)
def date(year: float, month: float, day: float, *, date_offset: int = 0) -> int:
    """Return the serial number of a date; months and days may run over, years below 1900 (1904) count from there."""
    first = 1904 if date_offset else 1900
    whole = int(year // 1)
    if whole < 0 or whole >= 10000:
        raise number_fault(f"the year is {year:.10g}; it must lie between 0 and 9999")
    counted = whole + 1900 if whole < first else whole
    months, days = int(month // 1), int(day // 1)
    if abs(months) > 120_000 or abs(days) > LAST_DAY:
        raise number_fault(f"month {month:.10g}, day {day:.10g} lies outside {first} to 9999")
    counted, months = counted + (months - 1) // 12, (months - 1) % 12 + 1
    if not 1899 <= counted <= 9999:
        raise number_fault(f"the date lies in {counted}, outside {first} to 9999")
    # Days run over on the serial numbers themselves, so that they count the phantom day too.
    serial = serial_of(counted, months, 1) + days - 1 if counted >= 1900 else _before_1900(months, days)
    if not date_offset <= serial <= LAST_DAY:
        raise number_fault(f"the date lies outside {first} to 9999")
    parts(serial)
    return serial - date_offset


def _before_1900(month: int, day: int) -> int:
    """Return the serial number of a day counted from a month of 1899, which lies below 1."""
    return dt.date(1899, month, 1).toordinal() - dt.date(1899, 12, 31).toordinal() + day - 1
