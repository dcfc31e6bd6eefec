"""The kinds of arguments: how each is converted, which values it refuses (#NUM!), and what a left-out one counts as.

A kind of a general name says the type alone: ``number`` (text that reads as a number counts, TRUE is 1, a blank is 0),
``strict`` (the same, but TRUE and FALSE are refused, as the functions of the former Analysis ToolPak do), ``integer``
and ``whole`` (number and strict, cut off towards zero), ``day`` and ``date`` (integer and whole, shifted to the 1900
system), ``text``, ``flag``, ``any`` (one value as it is, errors too), ``cells`` (one value or an array, as rows) and
``range`` (rows of values as they are). The others are roles in a family of functions.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from rebalance_xl.recalc.native.arguments import to_flag, to_integer, to_number, to_rows, to_strict, to_text, to_whole
from rebalance_xl.recalc.native.days import parts
from rebalance_xl.recalc.native.faults import Fault, number_fault


@dataclass(frozen=True, slots=True)
class Kind:
    """How an argument is read, which values are allowed and how that is said, and what becomes of them.

    `left_out` gives what counts where there is neither an argument nor a default; `days` says that it is a day, which
    the 1904 system counts from another one.
    """

    read: Callable[[Any], Any]
    left_out: Callable[[], Any] = float
    days: bool = False
    allowed: Callable[[Any], bool] | None = None
    limits: str = ""
    become: Callable[[Any], Any] = lambda value: value


def _refuse_none() -> Any:
    raise Fault("#N/A", "a required argument is left out")


_NUMBER = Kind(to_number)
_STRICT = Kind(to_strict, left_out=_refuse_none)
_WHOLE = Kind(to_whole, left_out=_refuse_none)
_DATE = replace(_WHOLE, days=True)
_DAY_OF_BOND = replace(_DATE, allowed=lambda value: bool(parts(value)))
_ABOVE_ZERO = replace(_STRICT, allowed=lambda value: value > 0, limits="it must be above 0")
_NOT_NEGATIVE = replace(_STRICT, allowed=lambda value: value >= 0, limits="it must not be below 0")
_FLAG = Kind(to_flag, left_out=bool)


def _number(allowed: Callable[[Any], bool], limits: str, become: Callable[[Any], Any] = lambda value: value) -> Kind:
    return replace(_NUMBER, allowed=allowed, limits=limits, become=become)


KINDS: Final[dict[str, Kind]] = {
    "number": _NUMBER,
    "strict": _STRICT,
    "integer": Kind(to_integer, left_out=int),
    "whole": _WHOLE,
    "day": Kind(to_integer, days=True),
    "date": _DATE,
    "text": Kind(to_text, left_out=str),
    "flag": _FLAG,
    "any": Kind(lambda value: value, left_out=lambda: None),
    **dict.fromkeys(("cells", "range"), Kind(to_rows, left_out=lambda: [[None]])),
    # securities
    **dict.fromkeys(
        ["settlement", "maturity", "issue", "first_coupon", "first_interest", "last_interest"], _DAY_OF_BOND
    ),
    **dict.fromkeys(("pr", "redemption", "investment", "discount", "par", "interest"), _ABOVE_ZERO),
    **dict.fromkeys(("rate", "yld", "coupon"), _NOT_NEGATIVE),
    "frequency": replace(_WHOLE, allowed=(1, 2, 4).__contains__, limits="it must be 1, 2 or 4 coupons a year"),
    "basis": replace(_WHOLE, allowed=range(5).__contains__, limits="it must lie between 0 and 4"),
    "calc_method": _FLAG,
    # distributions
    "x": _number(lambda value: value >= 0, "it must not be below 0"),
    "positive": _number(lambda value: value > 0, "it must be above 0"),
    "freedom": _number(lambda value: 1 <= value < 10**10 + 1, "it must be 1 or more, at most 10^10", int),
    "count": _number(lambda value: 0 <= value <= 10**15, "it must not be below 0", math.floor),
    "chance": _number(lambda value: 0 <= value <= 1, "it must lie between 0 and 1"),
    "below_1": _number(lambda value: 0 <= value < 1, "it must lie between 0 and below 1"),
    "above_0": _number(lambda value: 0 < value <= 1, "it must lie above 0 and at most at 1"),
    "between": _number(lambda value: 0 < value < 1, "it must lie between 0 and 1"),
    "cumulative": _FLAG,
}


def checked(name: str, value: Any) -> Any:
    """Return what becomes of a read argument of a kind, #NUM! where it is refused; None, the default of some, stays."""
    kind = KINDS[name]
    if value is None or kind.allowed is None:
        return value
    if not kind.allowed(value):
        raise number_fault(f"{name} is {value:.10g}; {kind.limits}")
    return kind.become(value)
