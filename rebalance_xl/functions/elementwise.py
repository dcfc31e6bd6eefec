"""Arithmetic helpers with which one kernel serves a single number and a whole column.

A kernel is written once with operators and these helpers. Called with Python floats it runs at the speed of
plain Python and needs no numpy; called with numpy arrays it runs on all rows at once. Errors inside a kernel
are NaNs that carry a code, chosen with :func:`where`; the catalogue turns them into worksheet error values.
"""

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import numpy as np

    Numbers: TypeAlias = float | np.ndarray[Any, Any]
    Booleans: TypeAlias = bool | np.ndarray[Any, Any]
else:
    Numbers = Booleans = Any

#: Worksheet errors in the order of their NaN codes; code 0 is a NaN of arithmetic, read as #NUM!.
ERROR_CODES = (
    "#NUM!",
    "#VALUE!",
    "#NUM!",
    "#N/A",
    "#DIV/0!",
    "#NULL!",
    "#REF!",
    "#NAME?",
    "#SPILL!",
    "#CALC!",
    "#GETTING_DATA",
)
_BLANK_CODE = 15
_CODE_MASK = 0xFFFF
_QUIET_NAN = 0x7FF8_0000_0000_0000

#: Band comparisons allow for binary floating point: 0.55 - 0.50 is 0.05000000000000004.
TOLERANCE = 1e-9

INFINITY = math.inf


def coded_nan(code: int) -> float:
    """Return the quiet NaN that carries `code` in its lowest bits."""
    value: float = struct.unpack("<d", struct.pack("<Q", _QUIET_NAN | code))[0]
    return value


def nan_code(value: float) -> int:
    """Return the code that a NaN carries (0 for a NaN that came out of arithmetic)."""
    bits: int = struct.unpack("<Q", struct.pack("<d", value))[0]
    return bits & _CODE_MASK


_ERRORS = {text: coded_nan(code) for code, text in enumerate(ERROR_CODES) if code}

#: A blank cell, in the arguments in which a blank means something.
BLANK = coded_nan(_BLANK_CODE)


def error(code: str) -> float:
    """Return the NaN that stands for a worksheet error such as ``"#NUM!"`` inside a kernel."""
    return _ERRORS[code]


NUM, VALUE, NA, DIV0 = error("#NUM!"), error("#VALUE!"), error("#N/A"), error("#DIV/0!")


def where(condition: Any, chosen: Any, otherwise: Any) -> Any:
    """Return `chosen` where `condition` holds, else `otherwise`; both are evaluated."""
    if condition is True:
        return chosen
    if condition is False:
        return otherwise
    import numpy as np

    return np.where(condition, chosen, otherwise)


def maximum(a: Any, b: Any) -> Any:
    """Return the larger of two numbers, element by element; a NaN in either is the answer."""
    if type(a) is float and type(b) is float:
        return a if a >= b or a != a else b
    import numpy as np

    return np.maximum(a, b)


def minimum(a: Any, b: Any) -> Any:
    """Return the smaller of two numbers, element by element; a NaN in either is the answer."""
    if type(a) is float and type(b) is float:
        return a if a <= b or a != a else b
    import numpy as np

    return np.minimum(a, b)


def is_nan(a: Any) -> Any:
    """Tell where a number is missing or an error."""
    return a != a


def is_blank(a: Any) -> Any:
    """Tell where an argument that may be blank is blank."""
    if type(a) is float:
        return a != a and nan_code(a) == _BLANK_CODE
    import numpy as np

    array = np.asarray(a, dtype=np.float64)
    return np.isnan(array) & ((array.view(np.uint64) & np.uint64(_CODE_MASK)) == np.uint64(_BLANK_CODE))


def is_finite(a: Any) -> Any:
    """Tell where a number is neither infinite nor NaN."""
    if type(a) is float:
        return math.isfinite(a)
    import numpy as np

    return np.isfinite(a)


def not_(condition: Any) -> Any:
    """Negate a truth value or an array of them."""
    return condition ^ True


def divide(a: Any, b: Any, otherwise: float = DIV0) -> Any:
    """Return a / b, and `otherwise` where b is 0."""
    if type(b) is float:
        if b != 0.0:
            return a / b
        if type(a) is float:
            return otherwise if a == a else a
        return where(a == a, otherwise, a)
    import numpy as np

    zero = np.equal(b, 0.0)
    return np.where(zero, np.where(is_nan(a), a, otherwise), a / np.where(zero, 1.0, b))


def power(a: Any, b: Any) -> Any:
    """Return a ** b, #NUM! where that is no real number or overflows."""
    if type(a) is float and type(b) is float:
        try:
            result = a**b
        except (OverflowError, ZeroDivisionError):
            return NUM
        return result if type(result) is float else NUM
    import numpy as np

    with np.errstate(all="ignore"):
        result = np.power(a, b)
    return np.where(np.isfinite(result), result, NUM)


def floor(a: Any) -> Any:
    """Return the largest whole number not above `a` as a float."""
    if type(a) is float:
        return float(math.floor(a)) if math.isfinite(a) else a
    import numpy as np

    return np.floor(a)


def absolute(a: Any) -> Any:
    """Return the absolute value."""
    return abs(a)


def clip(a: Any, low: Any, high: Any) -> Any:
    """Return `a` limited to low..high."""
    return minimum(maximum(a, low), high)


def round_to_cent(a: float) -> float:
    """Return money rounded half away from zero to two decimals, as a person writing it down would."""
    return math.copysign(math.floor(abs(a) * 100.0 + 0.5 + 1e-9) / 100.0, a)
