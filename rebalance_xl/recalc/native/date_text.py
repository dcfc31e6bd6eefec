"""Serial numbers shown by the date and time codes of a number format."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from rebalance_xl.recalc.native.days import LAST_DAY, parts
from rebalance_xl.recalc.native.faults import undecided_fault, value_fault
from rebalance_xl.recalc.native.format_language import ENGLISH, Names

Token = tuple[str, str]


def shown_date(serial: float, tokens: Sequence[Token], names: Names = ENGLISH) -> str:
    """Return a serial number as date and time codes show it.

    A time of day is rounded to the decimals of a second that are shown, to whole seconds when none are; what is larger
    is cut off. A negative number, or one beyond the year 9999, is #VALUE!.
    """
    if not 0 <= serial < LAST_DAY + 1:
        raise value_fault(f"{serial:.10g} is no date: a serial number lies between 0 and {LAST_DAY}")
    codes = _codes(tokens)
    kinds = {kind for kind, _ in codes}
    decimals = next((len(text) for kind, text in codes if kind == "fraction"), 0)
    clock_shown = kinds & {"elapsed", "half"} or any(kind == "date" and text[0] in "hns" for kind, text in codes)
    total = round(serial * 86_400, decimals) if clock_shown else math.floor(serial) * 86_400.0
    day, clock = divmod(total, 86_400)
    hour = int(clock // 3600)
    units = {"h": (hour % 12 or 12) if "half" in kinds else hour, "n": int(clock % 3600 // 60), "s": int(clock % 60)}
    out: list[str] = []
    for kind, text in codes:
        if kind == "half":
            out.append((text.upper() if len(text) > 3 else text).split("/")[hour >= 12])
        elif kind == "elapsed":
            out.append(f"{int(total // _SECONDS[text[0]]):0{len(text)}d}")
        elif kind == "fraction":
            out.append(f"{total % 1:.{decimals}f}"[1:])
        elif kind != "date":
            out.append(text)
        elif text[0] in units:
            out.append(f"{units[text[0]]:0{min(len(text), 2)}d}")
        else:
            out.append(_calendar(text, int(day), names))
    return "".join(out)


_SECONDS: Final = {"h": 3600, "m": 60, "s": 1}


def _codes(tokens: Sequence[Token]) -> list[Token]:
    """Return tokens with ``n`` for minutes (``m`` after hours or before seconds) and decimals as one ``fraction``."""
    codes = list(tokens)
    coded = [index for index, (kind, _) in enumerate(tokens) if kind in ("date", "elapsed")]
    letters = ["", *(tokens[index][1][0] for index in coded), ""]
    for order, index in enumerate(coded):
        if tokens[index] in (("date", "m"), ("date", "mm")) and (letters[order] == "h" or letters[order + 2] == "s"):
            codes[index] = "date", "n" * len(tokens[index][1])
    for index in reversed(coded):
        end = index + 2
        while codes[end : end + 1] == [("digit", "0")]:
            end += 1
        if codes[index][1][0] == "s" and codes[index + 1 : index + 2] == [("point", ".")] and end > index + 2:
            codes[index + 1 : end] = [("fraction", "0" * (end - index - 2))]
    return codes


def _calendar(code: str, serial: int, names: Names) -> str:
    """Return what a code for years, months or days shows."""
    letter, length = code[0], len(code)
    year, month, day = parts(serial)
    if letter in "ye":
        return f"{year % 100:02d}" if length <= 2 and letter == "y" else f"{year:04d}"
    if letter == "b":
        return f"{(year + 543) % 100:02d}" if length <= 2 else f"{year + 543:04d}"
    if letter not in "md":
        return ""
    if length <= 2:
        return f"{month if letter == 'm' else day:0{length}d}"
    of_months, of_days = (names.months, names.short_months), (names.days, names.short_days)
    (full, short), place = (of_months, month - 1) if letter == "m" else (of_days, (serial - 1) % 7)
    if length != 3:
        return full[place][0] if length == 5 and letter == "m" else full[place]
    if not short:
        raise undecided_fault(f"systems shorten {full[place]} differently")
    return short[place]
