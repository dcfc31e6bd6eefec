"""Engineering: whole numbers in two's complement, bits, CONVERT (``data/units.txt``), and complex numbers as text."""

from __future__ import annotations

import cmath
import math
import re
from collections.abc import Callable
from contextlib import suppress
from functools import cache, partial
from itertools import permutations
from pathlib import Path
from typing import Any, Final

from ...cells import MISSING
from .arguments import cells_of, general, is_number, no_error, to_strict, to_text
from .faults import Fault, number_fault, value_fault
from .registry import worksheet

#: The bases by the names that functions have of them: the letter of Python's formats, and the least number that is
#: read as a negative one.
_BASES: Final = {"BIN": ("b", 2, 2**9), "OCT": ("o", 8, 2**29), "HEX": ("X", 16, 2**39)}


def _read(value: Any, base: int, limit: int) -> int:
    """Return the number that up to ten digits in two's complement stand for."""
    if isinstance(value, bool):
        raise value_fault("TRUE and FALSE are no numbers here")
    digits = to_text(value).upper()
    if len(digits) > 10 or any(digit not in "0123456789ABCDEF"[:base] for digit in digits):
        raise number_fault(f"{digits!r} is no number of up to ten digits in base {base}")
    number = int(digits or "0", base)
    return number - 2 * limit if number >= limit else number


def _converted(source: str, target: str, value: Any, places: Any = MISSING) -> int | str:
    """Read a number in one base, a name of `_BASES` or "DEC", and write it in another.

    What is wrong with the number of places comes before the number itself, and a negative number has ten digits,
    whatever the places.
    """
    width = 0 if places is MISSING else int(to_strict(places))
    if places is not MISSING and not 0 < width <= 10:
        raise number_fault(f"the number of places is {width}; it must lie between 1 and 10")
    number = int(to_strict(value)) if source == "DEC" else _read(value, *_BASES[source][1:])
    if target == "DEC":
        return number
    letter, _, limit = _BASES[target]
    if not -limit <= number < limit:
        raise number_fault(f"{number} needs more than ten digits")
    digits = format(number if number >= 0 else number + 2 * limit, letter)
    if number >= 0 and width and len(digits) > width:
        raise number_fault(f"{number} needs {len(digits)} places, not {width}")
    return digits.rjust(width, "0")


for _source, _target in permutations((*_BASES, "DEC"), 2):
    _kinds = "any" if _target == "DEC" else "any any=MISSING"
    worksheet(f"{_source}2{_target}", kinds=_kinds)(partial(_converted, _source, _target))


def _shifted(bits: float, shift: int) -> int:
    result = int(bits) << shift if shift >= 0 else int(bits) >> -shift
    if result >= 2**48:
        raise number_fault(f"{bits:.15g} shifted by {shift} needs more than 48 bits")
    return result


worksheet("BITLSHIFT", kinds="bits shift")(_shifted)
worksheet("BITRSHIFT", kinds="bits shift")(lambda bits, shift: _shifted(bits, -shift))


_FILE: Final = Path(__file__).parents[2] / "data" / "units.txt"
_PREFIXES: Final = {
    **{"Y": 24, "Z": 21, "E": 18, "P": 15, "T": 12, "G": 9, "M": 6, "k": 3, "h": 2, "da": 1, "e": 1, "d": -1},
    **{"c": -2, "m": -3, "u": -6, "n": -9, "p": -12, "f": -15, "a": -18, "z": -21, "y": -24},
}
_BINARY: Final = {"Yi": 80, "Zi": 70, "Ei": 60, "Pi": 50, "Ti": 40, "Gi": 30, "Mi": 20, "ki": 10}

#: Scales of temperature: how many degrees they show at a point, how many make a kelvin, and the kelvins at the point.
_SCALES: Final = {
    **dict.fromkeys(("C", "cel"), (0.0, 1.0, 273.15)),
    **dict.fromkeys(("F", "fah"), (32.0, 1.8, 273.15)),
    **{"Reau": (0.0, 0.8, 273.15), "Rank": (0.0, 1.8, 0.0)},
}


@cache
def _table() -> dict[str, tuple[str, float, int]]:
    """Return the kind and the size of each unit, and the power in which prefixes count (0: it takes none)."""
    table = {}
    for line in _FILE.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        kind, name, size, signs = (*line.split(), "")[:4]
        table[name] = kind, float(size), int("+" in signs)
        if "^" in signs:
            for power, of_power in ((2, "area"), (3, "volume")):
                entry = of_power, float(size) ** power, power if "*" in signs else 0
                table[f"{name}{power}"] = table[f"{name}^{power}"] = entry
    return table


def _found(name: str) -> tuple[str, float]:
    """Return the kind and the size of a unit with or without a prefix."""
    table = _table()
    if name in table:
        return table[name][:2]
    for length in (2, 1):
        prefix = name[:length]
        kind, size, power = table.get(name[length:], ("", 0.0, 0))
        if power and prefix in _PREFIXES:
            return kind, size * 10.0 ** (_PREFIXES[prefix] * power)
        if power and prefix in _BINARY and kind == "information":
            return kind, size * 2.0 ** _BINARY[prefix]
    raise Fault("#N/A", f"{name!r} is no unit")


@worksheet("CONVERT", kinds="number text text")
def convert(number: float, from_unit: str, to_unit: str) -> float:
    """Return a number in another unit of the same kind; #N/A for an unknown unit or another kind."""
    (kind, size), (other, divisor) = _found(from_unit), _found(to_unit)
    if kind != other:
        raise Fault("#N/A", f"{from_unit!r} measures {kind}, {to_unit!r} {other}")
    if from_unit == to_unit:
        return number
    if kind != "temperature":
        return number if size == divisor else number * size / divisor
    (shown, degrees, at), (shown_then, degrees_then, at_then) = (
        _SCALES.get(unit, (0.0, 1.0, 0.0)) for unit in (from_unit, to_unit)
    )
    kelvin = (number * size - shown) / degrees + at
    return ((kelvin - at_then) * degrees_then + shown_then) / divisor


#: The signs of a complex number, of which :class:`complex` reads more spellings.
_SIGNS = re.compile(r"[\d.eE+-]*([ij]?)")


def read(value: Any) -> tuple[complex, str]:
    """Return a complex number and the letter of its imaginary unit ("" when it has no imaginary part).

    Text that is no complex number is #NUM!, TRUE and FALSE are #VALUE!.
    """
    if isinstance(no_error(value), bool):
        raise value_fault("TRUE and FALSE are no complex numbers")
    if value is None or is_number(value):
        return complex(float(value or 0.0)), ""
    match = _SIGNS.fullmatch(value)
    if match is not None:
        with suppress(ValueError):
            return complex(value.replace("i", "j")), match[1]
    raise number_fault(f"{value!r} is no complex number")


def written(number: complex, unit: str = "i") -> str:
    """Return a complex number as text, each part with 15 significant digits."""
    if not cmath.isfinite(number):
        raise number_fault("the result is not finite")
    real, imaginary = general(number.real), general(number.imag)
    if imaginary == "0":
        return real
    part = {"1": "", "-1": "-"}.get(imaginary, imaginary)
    if real == "0":
        return f"{part}{unit}"
    return f"{real}{'' if part.startswith('-') else '+'}{part}{unit}"


def _not_0(number: complex, code: str) -> complex:
    if number == 0:
        raise Fault(code, "0 divides nothing and has no angle")
    return number


#: What functions of one, two or any count of numbers make of them.
_FORMULAS: Final[dict[str, Callable[..., complex]]] = {
    **{"IMABS": abs, "IMARGUMENT": lambda z: cmath.phase(_not_0(z, "#DIV/0!"))},
    **{"IMCONJUGATE": complex.conjugate, "IMEXP": cmath.exp, "IMLN": cmath.log, "IMLOG10": cmath.log10},
    **{"IMSIN": cmath.sin, "IMCOS": cmath.cos, "IMTAN": cmath.tan, "IMSINH": cmath.sinh, "IMCOSH": cmath.cosh},
    **{"IMCSC": lambda z: 1 / cmath.sin(z), "IMSEC": lambda z: 1 / cmath.cos(z), "IMSQRT": cmath.sqrt},
    **{"IMCSCH": lambda z: 1 / cmath.sinh(z), "IMSECH": lambda z: 1 / cmath.cosh(z)},
    **{"IMCOT": lambda z: cmath.cos(z) / cmath.sin(z), "IMLOG2": lambda z: cmath.log(z) / math.log(2)},
    **{"IMDIV": lambda left, right: left / _not_0(right, "#NUM!"), "IMSUB": lambda left, right: left - right},
    "IMSUM": lambda *numbers: sum(numbers, start=complex(0)),
    "IMPRODUCT": lambda *numbers: math.prod(numbers, start=complex(1)),
}
_KINDS: Final = {"IMDIV": "any any", "IMSUB": "any any", "IMSUM": "range*", "IMPRODUCT": "range*"}


def _of_numbers(formula: Callable[..., complex]) -> Callable[..., float | str]:
    """Return a function of cells, or of ranges whose blank cells are left out."""

    def kernel(*inumbers: Any) -> float | str:
        ranges = (cells_of(each) if isinstance(each, list) else [0.0 if each is None else each] for each in inumbers)
        found = [read(cell) for cells in ranges for cell in cells if cell is not None]
        answer = formula(*(number for number, _ in found))
        if isinstance(answer, float):
            return answer
        units = {unit for _, unit in found if unit}
        if len(units) > 1:
            raise value_fault("the numbers use both i and j")
        return written(answer, *units)

    return kernel


for _name, _formula in _FORMULAS.items():
    worksheet(_name, kinds=_KINDS.get(_name, "any"))(_of_numbers(_formula))


@worksheet("COMPLEX", kinds="strict strict any")
def complex_(real_num: float, i_num: float, suffix: Any = None) -> str:
    """Return a complex number from its parts; the suffix is "i" or "j"."""
    if suffix is not None and suffix not in ("", "i", "j"):
        raise value_fault(f'the suffix is {suffix!r}; it must be "i" or "j"')
    return written(complex(real_num, i_num), suffix or "i")


@worksheet("IMPOWER", kinds="any number")
def impower(inumber: Any, number: float) -> str:
    """Return a power of a complex number, by its absolute value and angle as Excel computes it."""
    base, unit = read(inumber)
    if base == 0 and number <= 0:
        raise number_fault("0 has no such power")
    return written(cmath.rect(abs(base) ** number, cmath.phase(base) * number), unit or "i")
