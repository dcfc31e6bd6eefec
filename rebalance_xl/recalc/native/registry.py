"""What a native function is, the kinds of its arguments, and the decorator that turns a plain function into one.

A kind of a general name says the type alone: ``number`` (text that reads as a number counts, TRUE is 1, a blank is 0),
``strict`` (the same, but TRUE and FALSE are refused, as the functions of the former Analysis ToolPak do), ``integer``
and ``whole`` (number and strict, cut off towards zero), ``floor`` (cut off downwards), ``day`` and ``date`` (integer
and whole, shifted to the 1900 system), ``text``, ``flag``, ``any`` (one value as it is, errors too), ``cells`` (one
value or an array, as rows) and ``range`` (rows of values as they are). The others are roles in a family of functions,
with their limits.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import repeat
from typing import Any, Final, TypeVar

from ...cells import MISSING, NA, CellError
from .arguments import MOST_CELLS, each_once, to_flag, to_number, to_rows, to_strict, to_text
from .days import parts
from .faults import Fault
from .reading import in_1904

Kernel = Callable[..., Any]
KernelT = TypeVar("KernelT", bound=Kernel)


@dataclass(frozen=True, slots=True)
class NativeFunction:
    """A worksheet function of Excel that the package implements beside the engine.

    It is called with worksheet values and gives a worksheet value, a list of rows or a CellError (a number that is not
    finite is #NUM! to who asked); it never raises for bad input. The keyword ``date_offset`` is 1462 for books of the
    1904 date system. `max_args` is None where there is no limit. An argument of another kind than ``range`` and
    ``cells`` takes one value, and an array there gives an array of results; the last kind holds for all arguments that
    follow.
    """

    name: str
    callable: Callable[..., Any]
    min_args: int
    max_args: int | None
    kinds: tuple[str, ...]

    def takes_range(self, position: int) -> bool:
        """Tell whether the argument at a position (from 0) takes a range."""
        return self.kinds[min(position, len(self.kinds) - 1)] == "range"


#: The functions of the modules imported so far, by name.
REGISTERED: Final[dict[str, NativeFunction]] = {}


@dataclass(frozen=True, slots=True)
class Kind:
    """How an argument is read, which values are allowed and how that is said.

    `left_out` gives what counts where there is neither an argument nor a default; `days` says that it is a day, which
    the 1904 system counts from another one, `texts` that texts are taken as they are.
    """

    read: Callable[[Any], Any]
    left_out: Callable[[], Any] = float
    days: bool = False
    texts: bool = False
    allowed: Callable[[Any], object] | None = None
    limits: str = ""
    error: str = "#NUM!"


def _refuse_none() -> Any:
    raise Fault("#N/A", "a required argument is left out")


_NUMBER = Kind(to_number)
_STRICT = Kind(to_strict, left_out=_refuse_none)
_INTEGER = Kind(lambda value: int(to_number(value)), left_out=int)
_WHOLE = Kind(lambda value: int(to_strict(value)), left_out=_refuse_none)
_DATE = replace(_WHOLE, days=True)
_TEXT = Kind(to_text, left_out=str, texts=True)
_FLOOR = Kind(lambda value: math.floor(to_number(value)), left_out=int)

KINDS: Final[dict[str, Kind]] = {
    "number": _NUMBER,
    "strict": _STRICT,
    "integer": _INTEGER,
    "floor": _FLOOR,
    "whole": _WHOLE,
    "day": replace(_INTEGER, days=True),
    "date": _DATE,
    "text": _TEXT,
    "any": Kind(lambda value: value, left_out=lambda: None, texts=True),
    **dict.fromkeys(("flag", "calc_method", "cumulative"), Kind(to_flag, left_out=bool, texts=True)),
    **dict.fromkeys(("cells", "range"), Kind(to_rows, left_out=lambda: [[None]], texts=True)),
}
#: Roles in the families of functions: amounts, securities, distributions, ways of counting. The limits of the second
#: group are those of a #VALUE!.
_ROLES: Final[tuple[tuple[str, Kind, Callable[[Any], object], str], ...]] = (
    ("x amount start_period factor time", _NUMBER, lambda value: value >= 0, "not be below 0"),
    ("positive life", _NUMBER, lambda value: value > 0, "be above 0"),
    ("settlement maturity issue first_coupon first_interest last_interest start_date end_date", _DATE, parts, ""),
    ("pr redemption investment discount par interest cost depreciation", _STRICT, lambda rate: rate > 0, "be above 0"),
    ("rate yld coupon salvage period fraction", _STRICT, lambda value: value >= 0, "not be below 0"),
    ("frequency", _WHOLE, (1, 2, 4).__contains__, "be 1, 2 or 4 coupons a year"),
    ("basis", _WHOLE, range(5).__contains__, "lie between 0 and 4"),
    ("count", _FLOOR, range(10**15 + 1).__contains__, "not be below 0"),
    ("freedom", _INTEGER, range(1, 10**10 + 1).__contains__, "be 1 or more, at most 10^10"),
    ("chance", _NUMBER, lambda value: 0 <= value <= 1, "lie between 0 and 1"),
    ("below_1", _NUMBER, lambda value: 0 <= value < 1, "lie between 0 and below 1"),
    ("above_0", _NUMBER, lambda value: 0 < value <= 1, "lie above 0 and at most at 1"),
    ("between", _NUMBER, lambda value: 0 < value < 1, "lie between 0 and 1"),
    ("natural", _INTEGER, lambda value: value >= 0, "not be below 0"),
    ("year", _FLOOR, range(10_000).__contains__, "lie between 0 and 9999"),
    ("clock", _INTEGER, lambda value: value <= 32_767, "not be above 32767"),
    ("bits", _NUMBER, lambda value: 0 <= value < 2**48 and value == int(value), "be a whole number from 0 to 2^48 - 1"),
    ("shift", _INTEGER, range(-53, 54).__contains__, "lie between -53 and 53"),
    ("wrap_count", _INTEGER, range(1, MOST_CELLS + 1).__contains__, "be 1 or more"),
)
_CHOICES: Final[tuple[tuple[str, Kind, Callable[[Any], object], str], ...]] = (
    ("start_num", _INTEGER, lambda value: value >= 1, "be 1 or more"),
    ("num_chars", _INTEGER, lambda value: value >= 0, "not be below 0"),
    ("instance_num", _FLOOR, bool, "not be 0"),
    ("case_sensitivity match_mode match_end", _NUMBER, (0, 1).__contains__, "be 0 or 1"),
    ("return_mode", _NUMBER, (0, 1, 2).__contains__, "be 0, 1 or 2"),
    ("sides", _INTEGER, range(4).__contains__, "be 0, 1, 2 or 3"),
    ("decimals", _INTEGER, lambda value: value < 128, "be below 128"),
    ("dimension", _INTEGER, range(1, math.isqrt(MOST_CELLS) + 1).__contains__, "be 1 or more, and not too large"),
    ("roman", _NUMBER, lambda value: 0 <= value < 4000, "lie between 0 and 3999"),
    ("separator", _TEXT, bool, "not be empty"),
)
for _roles, _error in ((_ROLES, "#NUM!"), (_CHOICES, "#VALUE!")):
    for _names, _kind, _allowed, _limits in _roles:
        KINDS.update(dict.fromkeys(_names.split(), replace(_kind, allowed=_allowed, limits=_limits, error=_error)))


#: The kinds of arguments that take arrays as they are.
WHOLE: Final = ("range", "cells")
#: Defaults as they stand after an equals sign, besides whole numbers.
_DEFAULTS: Final = {"FALSE": False, "TRUE": True, "NONE": None, "NA": NA, "MISSING": MISSING}


def worksheet(*names: str, kinds: str, dates: bool = False, dated: bool = False) -> Callable[[KernelT], KernelT]:
    """Declare a Python function as a worksheet function; the function itself stays as it is.

    The `kinds` of its arguments are separated by blanks, some with ``=`` and a default (or it is the function's own);
    the last one may end in ``*`` and then repeats. `dates` tells that the result is a date, which the 1904 system
    counts from another day, `dated` that the function wants to know the date system, as the keyword ``date_offset``.

    >>> double = worksheet("X.DOUBLE", kinds="x basis=0")(lambda x, basis: 2 * x + basis)
    >>> REGISTERED["X.DOUBLE"].callable(4.0), REGISTERED.pop("X.DOUBLE").callable(4.0, 7.0).reason
    (8.0, 'basis is 7; it must lie between 0 and 4')
    """
    given = [kind.partition("=") for kind in kinds.split()]
    listed = tuple(kind.rstrip("*") for kind, _, _ in given)
    most = None if kinds.endswith("*") else len(listed)
    defaults = tuple(_DEFAULTS[word] if word in _DEFAULTS else int(word) for _, sign, word in given if sign)

    def declare(kernel: KernelT) -> KernelT:
        known: tuple[Any, ...] = defaults or getattr(kernel, "__defaults__", None) or ()
        invoke = _called(kernel, listed, known, dates, dated)
        for name in names:
            REGISTERED[name] = NativeFunction(name, invoke, len(listed) - len(known), most, listed)
        return kernel

    return declare


def _called(kernel: Kernel, names: tuple[str, ...], defaults: Sequence[Any], dates: bool, dated: bool) -> Kernel:
    kinds = [KINDS[name] for name in names]
    count = len(kinds)
    for place, default in enumerate(defaults, count - len(defaults)):
        kinds[place] = replace(kinds[place], left_out=repeat(default).__next__)

    limited = any(kind.allowed is not None for kind in kinds)
    singles = [place for place, name in enumerate(names) if name not in WHOLE]

    def answer(values: Sequence[Any], date_offset: int) -> Any:
        """Return what the kernel makes of some values, or the error value that what it raised stands for."""
        arguments: list[Any] = []
        try:
            beyond = len(values) - count
            for value, kind in zip([*values, *[MISSING] * -beyond], [*kinds, *kinds[-1:] * beyond], strict=True):
                if value is MISSING:
                    arguments.append(kind.left_out())
                else:
                    in_days = date_offset and value.__class__ is str and not kind.texts
                    read = kind.read(in_1904(value) if in_days else value)
                    arguments.append(read + date_offset if kind.days else read)
            for name, kind, value in zip(names, kinds, arguments, strict=False) if limited else ():
                if kind.allowed is not None and value is not None and not kind.allowed(value):
                    raise Fault(kind.error, f"{name} is {to_text(value) or 'empty'}; it must {kind.limits}")
            result = kernel(*arguments, date_offset=date_offset) if dated else kernel(*arguments)
        except Fault as fault:
            return fault.error
        except ZeroDivisionError:
            return CellError("#DIV/0!", "a division by zero")
        except (ArithmeticError, ValueError) as error:
            return CellError("#NUM!", str(error))
        return result - date_offset if dates else result

    @functools.wraps(kernel)
    def invoke(*args: Any, date_offset: int = 0) -> Any:
        places = [*singles, *range(count, len(args) if singles[-1:] == [count - 1] else 0)]
        lifted = [place for place in places if place < len(args) and isinstance(args[place], list | tuple)]
        if lifted:
            return _lift(lambda filled: answer(filled, date_offset), args, lifted)
        return answer(args, date_offset)

    return invoke


def _lift(answer: Callable[[list[Any]], Any], values: Sequence[Any], lifted: list[int]) -> list[list[Any]]:
    """Answer cell by cell, once for the same values."""
    filled = list(values)

    def one(cells: tuple[Any, ...]) -> Any:
        for index, cell in zip(lifted, cells, strict=True):
            filled[index] = cell
        found = answer(filled)
        return found[0][0] if isinstance(found, list) else found

    return each_once([to_rows(values[index]) for index in lifted], lambda different: list(map(one, different)))
