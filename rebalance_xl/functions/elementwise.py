"""Arithmetic helpers with which one kernel serves a single number and a whole column.

A kernel is written once with operators and these helpers. Called with Python floats it runs at the speed of
plain Python and needs no numpy; called with numpy arrays it runs on all rows at once. Errors inside a kernel
are NaNs that carry a code, chosen with :func:`where`; the catalogue turns them into worksheet error values.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, TypeAlias

from rebalance_xl.cells import BLANK, BLANK_CODE, CODE_MASK, error_to_nan, nan_code

if TYPE_CHECKING:
    import numpy as np

    Numbers: TypeAlias = float | np.ndarray[Any, Any]
    Booleans: TypeAlias = bool | np.ndarray[Any, Any]
else:
    Numbers = Booleans = Any

#: Band comparisons allow for binary floating point: 0.55 - 0.50 is 0.05000000000000004.
TOLERANCE = 1e-9

INFINITY = math.inf

__all__ = [
    "BLANK",
    "DIV0",
    "INFINITY",
    "NA",
    "NUM",
    "TOLERANCE",
    "VALUE",
    "Booleans",
    "Numbers",
    "absolute",
    "divide",
    "error",
    "floor",
    "is_blank",
    "is_nan",
    "maximum",
    "minimum",
    "not_",
    "power",
    "where",
]


def error(code: str) -> float:
    """Return the NaN that stands for a worksheet error such as ``"#NUM!"`` inside a kernel."""
    return error_to_nan(code)


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
        return a != a and nan_code(a) == BLANK_CODE
    import numpy as np

    array = np.asarray(a, dtype=np.float64)
    return np.isnan(array) & ((array.view(np.uint64) & np.uint64(CODE_MASK)) == np.uint64(BLANK_CODE))


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
