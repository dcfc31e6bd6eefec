"""Binary, octal, decimal and hexadecimal numbers of ten digits in two's complement, and bits."""

from __future__ import annotations

from typing import Any, Final

from rebalance_xl.cells import MISSING
from rebalance_xl.recalc.native.arguments import to_number, to_text
from rebalance_xl.recalc.native.faults import number_fault, value_fault
from rebalance_xl.recalc.native.registry import worksheet

_DIGITS: Final = {2: "01", 8: "01234567", 16: "0123456789ABCDEF"}
_LIMIT: Final = {2: 2**9, 8: 2**29, 16: 2**39}
_BITS_LIMIT: Final = 2**48


def _read(value: Any, base: int) -> int:
    """Return the number that up to ten digits in two's complement stand for."""
    if isinstance(value, bool):
        raise value_fault("TRUE and FALSE are no numbers here")
    digits = to_text(value).upper()
    if len(digits) > 10 or any(digit not in _DIGITS[base] for digit in digits):
        raise number_fault(f"{digits!r} is no number of up to ten digits in base {base}")
    number = int(digits or "0", base)
    return number - 2 * _LIMIT[base] if number >= _LIMIT[base] else number


def _write(number: int, base: int, places: Any) -> str:
    """Return a number in a base; a negative one has ten digits, whatever the places."""
    width = 0
    if places is not MISSING:
        if isinstance(places, bool):
            raise value_fault("TRUE and FALSE are no number of places")
        width = int(to_number(places))
        if not 0 < width <= 10:
            raise number_fault(f"the number of places is {width}; it must lie between 1 and 10")
    limit = _LIMIT[base]
    if not -limit <= number < limit:
        raise number_fault(f"{number} needs more than ten digits in base {base}")
    rest = number + 2 * limit if number < 0 else number
    digits = ""
    while rest:
        rest, digit = divmod(rest, base)
        digits = _DIGITS[base][digit] + digits
    digits = digits or "0"
    if number < 0:
        return digits
    if width and len(digits) > width:
        raise number_fault(f"{number} needs {len(digits)} places, not {width}")
    return digits.rjust(width, "0")


def _decimal(value: Any) -> int:
    if isinstance(value, bool):
        raise value_fault("TRUE and FALSE are no numbers here")
    return int(to_number(value))


@worksheet("BIN2DEC", kinds="any", override=True)
def bin2dec(number: Any) -> int:
    """Return a binary number as a decimal one."""
    return _read(number, 2)


@worksheet("OCT2DEC", kinds="any", override=True)
def oct2dec(number: Any) -> int:
    """Return an octal number as a decimal one."""
    return _read(number, 8)


@worksheet("HEX2DEC", kinds="any", override=True)
def hex2dec(number: Any) -> int:
    """Return a hexadecimal number as a decimal one."""
    return _read(number, 16)


@worksheet("DEC2BIN", kinds="any any", override=True)
def dec2bin(number: Any, places: Any = MISSING) -> str:
    """Return a decimal number as a binary one."""
    return _write(_decimal(number), 2, places)


@worksheet("DEC2OCT", kinds="any any", override=True)
def dec2oct(number: Any, places: Any = MISSING) -> str:
    """Return a decimal number as an octal one."""
    return _write(_decimal(number), 8, places)


@worksheet("DEC2HEX", kinds="any any", override=True)
def dec2hex(number: Any, places: Any = MISSING) -> str:
    """Return a decimal number as a hexadecimal one."""
    return _write(_decimal(number), 16, places)


@worksheet("BIN2OCT", kinds="any any", override=True)
def bin2oct(number: Any, places: Any = MISSING) -> str:
    """Return a binary number as an octal one."""
    return _write(_read(number, 2), 8, places)


@worksheet("BIN2HEX", kinds="any any", override=True)
def bin2hex(number: Any, places: Any = MISSING) -> str:
    """Return a binary number as a hexadecimal one."""
    return _write(_read(number, 2), 16, places)


@worksheet("OCT2BIN", kinds="any any", override=True)
def oct2bin(number: Any, places: Any = MISSING) -> str:
    """Return an octal number as a binary one."""
    return _write(_read(number, 8), 2, places)


@worksheet("OCT2HEX", kinds="any any", override=True)
def oct2hex(number: Any, places: Any = MISSING) -> str:
    """Return an octal number as a hexadecimal one."""
    return _write(_read(number, 8), 16, places)


@worksheet("HEX2BIN", kinds="any any", override=True)
def hex2bin(number: Any, places: Any = MISSING) -> str:
    """Return a hexadecimal number as a binary one."""
    return _write(_read(number, 16), 2, places)


@worksheet("HEX2OCT", kinds="any any", override=True)
def hex2oct(number: Any, places: Any = MISSING) -> str:
    """Return a hexadecimal number as an octal one."""
    return _write(_read(number, 16), 8, places)


def _bits(number: float) -> int:
    if number < 0 or number >= _BITS_LIMIT or number != int(number):
        raise number_fault(f"{number:.15g} must be a whole number from 0 to 2^48 - 1")
    return int(number)


def _shifted(number: float, shift: float) -> int:
    bits, by = _bits(number), int(shift)
    if abs(by) > 53:
        raise number_fault(f"the shift is {by}; it must lie between -53 and 53")
    result = bits << by if by >= 0 else bits >> -by
    if result >= _BITS_LIMIT:
        raise number_fault(f"{bits} shifted by {by} needs more than 48 bits")
    return result


@worksheet("BITLSHIFT", kinds="number number", override=True)
def bitlshift(number: float, shift_amount: float) -> int:
    """Return a number with its bits shifted to the left."""
    return _shifted(number, shift_amount)


@worksheet("BITRSHIFT", kinds="number number", override=True)
def bitrshift(number: float, shift_amount: float) -> int:
    """Return a number with its bits shifted to the right."""
    return _shifted(number, -shift_amount)
