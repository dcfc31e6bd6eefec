"""Rounding to multiples (CEILING, FLOOR and their variants, MROUND) and Roman numerals."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

from rebalance_xl.recalc.native.arguments import to_number
from rebalance_xl.recalc.native.faults import Fault, number_fault, value_fault
from rebalance_xl.recalc.native.registry import worksheet


def quotient(number: float, multiple: float) -> float:
    """Return number / multiple, snapped to a whole number when only binary noise separates it from one.

    >>> quotient(7.1, 0.1)  # 70.99999999999999 in binary
    71.0
    """
    ratio = number / multiple
    nearest = float(round(ratio))
    return nearest if abs(ratio - nearest) <= 4e-15 * abs(nearest) else ratio


def _up(number: float, multiple: float) -> float:
    return math.ceil(quotient(number, multiple)) * multiple + 0.0


def _down(number: float, multiple: float) -> float:
    return math.floor(quotient(number, multiple)) * multiple + 0.0


def _of_sign(up: bool) -> Callable[[float, float], float]:
    """Return CEILING or FLOOR: up or down to a multiple; where both are negative, away from zero or towards it."""

    def answer(number: float, significance: float) -> float:
        if number == 0 or (up and significance == 0):
            return 0.0
        if significance == 0:
            raise Fault("#DIV/0!", "the significance is 0")
        if number > 0 > significance:
            raise number_fault(f"a positive number needs a positive significance, not {significance:.10g}")
        return (_up if up else _down)(number, significance)

    return answer


def _of_size(up: bool) -> Callable[..., float]:
    """Return what rounds to a multiple whatever its sign; a mode other than 0 turns the direction below zero."""

    def answer(number: float, significance: float = 1.0, mode: float = 0.0) -> float:
        multiple = abs(significance)
        if number == 0 or multiple == 0:
            return 0.0
        return (_up if up != (number < 0 and mode != 0) else _down)(number, multiple)

    return answer


for _direction, _more in (("CEILING", "ISO.CEILING ECMA.CEILING"), ("FLOOR", "")):  # ECMA: other programs' files
    worksheet(_direction, kinds="number number")(_of_sign(_direction == "CEILING"))
    _function = _of_size(_direction == "CEILING")
    worksheet(f"{_direction}.MATH", kinds="number number number")(_function)
    worksheet(f"{_direction}.PRECISE", *_more.split(), kinds="number number", defaults=(1.0,))(_function)


@worksheet("MROUND", kinds="strict strict")
def mround(number: float, multiple: float) -> float:
    """Return the multiple nearest to a number of the same sign; halves go away from zero."""
    if number == 0 or multiple == 0:
        return 0.0
    if (number > 0) != (multiple > 0):
        raise number_fault("number and multiple must have the same sign")
    return float(math.floor(quotient(number, multiple) + 0.5)) * multiple


#: The steps that each form of ROMAN adds to those before it.
_STEPS: Final = (
    (
        *((1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L")),
        *((40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I")),
    ),
    ((950, "LM"), (450, "LD"), (95, "VC"), (45, "VL")),
    ((990, "XM"), (490, "XD"), (99, "IC"), (49, "IL")),
    ((995, "VM"), (495, "VD")),
    ((999, "IM"), (499, "ID")),
)
_LETTERS: Final = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}


@worksheet("ROMAN", kinds="number any")
def roman(number: float, form: object = None) -> str:
    """Return a whole number from 0 to 3999 as a Roman numeral, form 0 (classic, TRUE) to 4 (simplest, FALSE)."""
    rest, style = int(number), _form(form)
    if not 0 <= number < 4000:
        raise value_fault(f"the number is {number:.10g}; it must lie between 0 and 3999")
    steps = sorted((step for steps in _STEPS[: style + 1] for step in steps), reverse=True)
    text = ""
    for value, letters in steps:
        while rest >= value:
            text += letters
            rest -= value
    return text


def _form(form: object) -> int:
    if isinstance(form, bool):
        return 0 if form else 4
    style = int(to_number(form))
    if not 0 <= style <= 4:
        raise value_fault(f"the form is {style}; it must lie between 0 and 4")
    return style


@worksheet("ARABIC", kinds="text")
def arabic(text: str) -> float:
    """Return the number of a Roman numeral, in either case; a minus sign before it counts."""
    letters = text.strip().upper()
    sign = -1.0 if letters.startswith("-") else 1.0
    letters = letters.removeprefix("-")
    if len(text) > 255 or any(letter not in _LETTERS for letter in letters):
        raise value_fault(f"{text!r} is no Roman numeral")
    total, highest = 0, 0
    for letter in reversed(letters):
        value = _LETTERS[letter]
        total += value if value >= highest else -value
        highest = max(highest, value)
    return sign * total
