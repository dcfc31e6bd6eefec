"""Binary, octal, decimal and hexadecimal numbers of ten digits in two's complement, and bits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from rebalance_xl.cells import MISSING
from rebalance_xl.recalc.native.arguments import to_strict, to_text
from rebalance_xl.recalc.native.faults import number_fault, value_fault
from rebalance_xl.recalc.native.registry import worksheet

#: The bases by the names that functions have of them: the letter of Python's formats, and the least number that is
#: read as a negative one.
_BASES: Final = {"BIN": ("b", 2, 2**9), "OCT": ("o", 8, 2**29), "HEX": ("X", 16, 2**39)}
_BITS_LIMIT: Final = 2**48


def _read(value: Any, base: int, limit: int) -> int:
    """Return the number that up to ten digits in two's complement stand for."""
    if isinstance(value, bool):
        raise value_fault("TRUE and FALSE are no numbers here")
    digits = to_text(value).upper()
    if len(digits) > 10 or any(digit not in "0123456789ABCDEF"[:base] for digit in digits):
        raise number_fault(f"{digits!r} is no number of up to ten digits in base {base}")
    number = int(digits or "0", base)
    return number - 2 * limit if number >= limit else number


def _write(number: int, letter: str, limit: int, places: Any) -> str:
    """Return a number in a base; a negative one has ten digits, whatever the places."""
    width = 0 if places is MISSING else int(to_strict(places))
    if places is not MISSING and not 0 < width <= 10:
        raise number_fault(f"the number of places is {width}; it must lie between 1 and 10")
    if not -limit <= number < limit:
        raise number_fault(f"{number} needs more than ten digits")
    if number < 0:
        return format(number + 2 * limit, letter)
    digits = format(number, letter)
    if width and len(digits) > width:
        raise number_fault(f"{number} needs {len(digits)} places, not {width}")
    return digits.rjust(width, "0")


def _converter(source: str, target: str) -> Callable[..., Any]:
    """Return what reads a number in one base, a name of `_BASES` or "DEC", and writes it in another."""

    def read(value: Any) -> int:
        return int(to_strict(value)) if source == "DEC" else _read(value, *_BASES[source][1:])

    if target == "DEC":
        return read

    def convert(number: Any, places: Any = MISSING) -> str:
        letter, _, limit = _BASES[target]
        return _write(read(number), letter, limit, places)

    return convert


for _source in (*_BASES, "DEC"):
    for _target in (*_BASES, "DEC"):
        if _source != _target:
            _kinds = "any" if _target == "DEC" else "any any"
            worksheet(f"{_source}2{_target}", kinds=_kinds)(_converter(_source, _target))


def _shifted(number: float, shift: float) -> int:
    if number < 0 or number >= _BITS_LIMIT or number != int(number):
        raise number_fault(f"{number:.15g} must be a whole number from 0 to 2^48 - 1")
    bits, by = int(number), int(shift)
    if abs(by) > 53:
        raise number_fault(f"the shift is {by}; it must lie between -53 and 53")
    result = bits << by if by >= 0 else bits >> -by
    if result >= _BITS_LIMIT:
        raise number_fault(f"{bits} shifted by {by} needs more than 48 bits")
    return result


worksheet("BITLSHIFT", kinds="number number")(_shifted)
worksheet("BITRSHIFT", kinds="number number")(lambda number, shift: _shifted(number, -shift))
