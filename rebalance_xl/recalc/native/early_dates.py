"""Dates before March 1900, such as blank cells are: the engine takes 0 for a day of 1899, and its calendar is another.

Excel's begins with 0 January, a Saturday, and has a 29 February that never was.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from .arguments import Rows, cells_of, numbers_of, to_strict
from .days import add_months, parts, year_fraction
from .faults import number_fault, undecided_fault
from .registry import worksheet

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
    free, day = {*map(int, numbers_of(holidays or []))}, start
    for _ in range(abs(days)):
        day += 1 if days > 0 else -1
        while day % 7 < 2 or day in free:
            day += 1 if days > 0 else -1
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
