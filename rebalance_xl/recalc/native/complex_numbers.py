"""Complex numbers written as text such as "3-4i", with 15 significant digits."""

from __future__ import annotations

import cmath
import math
import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from rebalance_xl.recalc.native.arguments import cells_of, general, is_number, no_error
from rebalance_xl.recalc.native.faults import Fault, number_fault, value_fault
from rebalance_xl.recalc.native.registry import worksheet

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


def _unit(*units: str) -> str:
    named = {unit for unit in units if unit}
    if len(named) > 1:
        raise value_fault("the numbers use both i and j")
    return named.pop() if named else "i"


def _quotient(left: complex, right: complex) -> complex:
    if right == 0:
        raise number_fault("a division by 0")
    return left / right


def _angle(number: complex) -> float:
    if number == 0:
        raise Fault("#DIV/0!", "0 has no angle")
    return cmath.phase(number)


#: What functions of one, two or any count of numbers make of them.
_FORMULAS: Final[dict[str, Callable[..., complex]]] = {
    **{"IMABS": abs, "IMARGUMENT": _angle},
    **{"IMCONJUGATE": complex.conjugate, "IMEXP": cmath.exp, "IMLN": cmath.log, "IMLOG10": cmath.log10},
    **{"IMSIN": cmath.sin, "IMCOS": cmath.cos, "IMTAN": cmath.tan, "IMSINH": cmath.sinh, "IMCOSH": cmath.cosh},
    **{"IMCSC": lambda z: 1 / cmath.sin(z), "IMSEC": lambda z: 1 / cmath.cos(z), "IMSQRT": cmath.sqrt},
    **{"IMCSCH": lambda z: 1 / cmath.sinh(z), "IMSECH": lambda z: 1 / cmath.cosh(z)},
    **{"IMCOT": lambda z: cmath.cos(z) / cmath.sin(z), "IMLOG2": lambda z: cmath.log(z) / math.log(2)},
    **{"IMDIV": _quotient, "IMSUB": lambda left, right: left - right},
    "IMSUM": lambda *numbers: sum(numbers, start=complex(0)),
    "IMPRODUCT": lambda *numbers: math.prod(numbers, start=complex(1)),
}
_KINDS: Final = {"IMDIV": "any any", "IMSUB": "any any", "IMSUM": "range*", "IMPRODUCT": "range*"}


def _of_numbers(formula: Callable[..., complex]) -> Callable[..., float | str]:
    """Return a function of cells, or of ranges whose blank cells are left out."""

    def kernel(*inumbers: Any) -> float | str:
        cells = [
            cell
            for each in inumbers
            for cell in (cells_of(each) if isinstance(each, list) else [each])
            if cell is not None or each is None
        ]
        found = [read(cell) for cell in cells]
        answer = formula(*(number for number, _ in found))
        return answer if isinstance(answer, float) else written(answer, _unit(*(unit for _, unit in found)))

    return kernel


for _name, _formula in _FORMULAS.items():
    worksheet(_name, kinds=_KINDS.get(_name, "any"))(_of_numbers(_formula))


@worksheet("COMPLEX", kinds="number number any")
def complex_(real_num: float, i_num: float, suffix: Any = None) -> str:
    """Return a complex number from its parts; the suffix is "i" or "j"."""
    if suffix is not None and suffix not in ("", "i", "j"):
        raise value_fault(f'the suffix is {suffix!r}; it must be "i" or "j"')
    return written(complex(real_num, i_num), suffix or "i")


@worksheet("IMPOWER", kinds="any number")
def impower(inumber: Any, number: float) -> str:
    """Return a power of a complex number, by its absolute value and angle as Excel computes it."""
    base, unit = read(inumber)
    if base == 0:
        if number <= 0:
            raise number_fault("0 has no such power")
        return "0"
    return written(cmath.rect(abs(base) ** number, cmath.phase(base) * number), unit or "i")
