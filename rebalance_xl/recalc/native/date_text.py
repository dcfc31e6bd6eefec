"""Serial numbers shown by the date and time codes of a number format."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rebalance_xl.recalc.native.days import LAST_DAY, parts
from rebalance_xl.recalc.native.faults import undecided_fault, value_fault
from rebalance_xl.recalc.native.format_language import ENGLISH, Names

Token = tuple[str, str]


def shown_date(serial: float, tokens: Sequence[Token], names: Names = ENGLISH) -> str:
    """Return a serial number as date and time codes show it.

    A time of day is rounded to the decimals of a second that are shown, to whole seconds when none are; what is larger
    is cut off. ``m`` means minutes after hours and before seconds, months elsewhere.

    Raises
    ------
    Fault
        ``#VALUE!`` for a negative number or one beyond the year 9999.
    """
    if not 0 <= serial < LAST_DAY + 1:
        raise value_fault(f"{serial:.10g} is no date: a serial number lies between 0 and {LAST_DAY}")
    minutes = _minute_tokens(tokens)
    decimals = _second_decimals(tokens)
    clock_shown = minutes or any(
        kind in ("elapsed", "half") or text[0] in "hs" for kind, text in tokens if _codes(kind)
    )
    total = round(serial * 86_400, decimals) if clock_shown else math.floor(serial) * 86_400.0
    day, clock = divmod(total, 86_400)
    year, month, day_of_month = parts(day)
    hour, minute, second = int(clock // 3600), int(clock % 3600 // 60), clock % 60
    half = any(kind == "half" for kind, _ in tokens)
    shown_hour = hour if not half else hour % 12 or 12
    out: list[str] = []
    after_seconds = False
    skip_until = -1
    for index, (kind, text) in enumerate(tokens):
        if index <= skip_until:
            continue
        seconds_here = kind in ("date", "elapsed") and text[0] == "s"
        if kind == "half":
            out.append(_half(text, hour))
        elif kind == "elapsed":
            unit = {"h": 3600, "m": 60, "s": 1}[text[0]]
            out.append(f"{int(total // unit):0{len(text)}d}")
        elif kind == "date":
            if text[0] == "s":
                out.append(f"{int(second):0{min(len(text), 2)}d}")
            elif text[0] == "h":
                out.append(f"{shown_hour:0{min(len(text), 2)}d}")
            elif index in minutes:
                out.append(f"{minute:0{min(len(text), 2)}d}")
            else:
                out.append(_calendar(text, year, month, day_of_month, int(day), names))
        elif kind == "point" and after_seconds and decimals:
            digits = f"{total % 1:.{decimals}f}"[1:]
            out.append(digits)
            skip_until = index + decimals
        else:
            out.append(text)
        after_seconds = seconds_here
    return "".join(out)


def _codes(kind: str) -> bool:
    return kind in ("date", "elapsed", "half")


def _minute_tokens(tokens: Sequence[Token]) -> set[int]:
    """Return the positions of the m codes that mean minutes."""
    coded = [index for index, (kind, _) in enumerate(tokens) if kind in ("date", "elapsed")]
    found = set()
    for order, index in enumerate(coded):
        if tokens[index] in (("date", "m"), ("date", "mm")):
            before = tokens[coded[order - 1]][1][0] if order else ""
            after = tokens[coded[order + 1]][1][0] if order + 1 < len(coded) else ""
            if before == "h" or after == "s":
                found.add(index)
    return found


def _second_decimals(tokens: Sequence[Token]) -> int:
    """Return how many decimals of a second are shown."""
    for index, (kind, text) in enumerate(tokens):
        following = tuple(tokens[index + 1 : index + 2])
        if kind in ("date", "elapsed") and text[0] == "s" and following == (("point", "."),):
            return _digits_from(tokens, index + 2)
    return 0


def _digits_from(tokens: Sequence[Token], start: int) -> int:
    count = 0
    while start + count < len(tokens) and tokens[start + count] == ("digit", "0"):
        count += 1
    return count


def _half(code: str, hour: int) -> str:
    if len(code) == 3:
        return code[2] if hour >= 12 else code[0]
    return "PM" if hour >= 12 else "AM"


def _calendar(code: str, year: int, month: int, day: int, serial: int, names: Names) -> str:
    letter, length = code[0], len(code)
    if letter in "ye":
        return f"{year % 100:02d}" if length <= 2 and letter == "y" else f"{year:04d}"
    if letter == "b":
        return f"{(year + 543) % 100:02d}" if length <= 2 else f"{year + 543:04d}"
    if letter not in "md":
        return ""
    number = month if letter == "m" else day
    if length <= 2:
        return f"{number:0{length}d}"
    full, short, place = (
        (names.months, names.short_months, month - 1)
        if letter == "m"
        else (names.days, names.short_days, (serial - 1) % 7)
    )
    if length != 3:
        return full[place][0] if length == 5 and letter == "m" else full[place]
    if not short:
        raise undecided_fault(f"systems shorten {full[place]} differently")
    return short[place]
