"""What the arguments of the tables' functions are: each by a role, which says how it is converted and what is refused.

A function of a family is one line of a table: its names, its arguments by role, and what it computes. A value that a
role refuses is #NUM!.

>>> declare("X.DOUBLE", "x basis=0", lambda x, basis: 2 * x + basis)
>>> from rebalance_xl.recalc.native.registry import REGISTERED
>>> REGISTERED["X.DOUBLE"].callable(4.0), REGISTERED.pop("X.DOUBLE").callable(4.0, 7.0).reason
(8.0, 'basis is 7; it must lie between 0 and 4')
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from rebalance_xl.recalc.native.days import parts
from rebalance_xl.recalc.native.faults import number_fault
from rebalance_xl.recalc.native.registry import worksheet


@dataclass(frozen=True, slots=True)
class Role:
    """How an argument is converted, which values are allowed and how that is said, and what becomes of it."""

    kind: str
    allowed: Callable[[Any], bool] = lambda value: True
    limits: str = ""
    become: Callable[[Any], Any] = lambda value: value


_DATE = Role("date", lambda value: bool(parts(value)))
_ABOVE_ZERO = Role("strict", lambda value: value > 0, "it must be above 0")
_NOT_NEGATIVE = Role("strict", lambda value: value >= 0, "it must not be below 0")

ROLES: Final[dict[str, Role]] = {
    # securities
    **dict.fromkeys(("settlement", "maturity", "issue", "first_coupon", "first_interest", "last_interest"), _DATE),
    **dict.fromkeys(("pr", "redemption", "investment", "discount", "par", "interest"), _ABOVE_ZERO),
    **dict.fromkeys(("rate", "yld", "coupon"), _NOT_NEGATIVE),
    "frequency": Role("whole", lambda value: value in (1, 2, 4), "it must be 1, 2 or 4 coupons a year"),
    "basis": Role("whole", lambda value: 0 <= value <= 4, "it must lie between 0 and 4"),
    "calc_method": Role("flag"),
    # distributions
    "number": Role("number"),
    "x": Role("number", lambda value: value >= 0, "it must not be below 0"),
    "positive": Role("number", lambda value: value > 0, "it must be above 0"),
    "freedom": Role("number", lambda value: 1 <= value < 10**10 + 1, "it must be 1 or more, at most 10^10", int),
    "count": Role("number", lambda value: 0 <= value <= 10**15, "it must not be below 0", math.floor),
    "chance": Role("number", lambda value: 0 <= value <= 1, "it must lie between 0 and 1"),
    "below_1": Role("number", lambda value: 0 <= value < 1, "it must lie between 0 and below 1"),
    "above_0": Role("number", lambda value: 0 < value <= 1, "it must lie above 0 and at most at 1"),
    "between": Role("number", lambda value: 0 < value < 1, "it must lie between 0 and 1"),
    "cumulative": Role("flag"),
}
_DEFAULTS: Final = {"0": 0, "1": 1, "1000": 1000.0, "TRUE": True, "NONE": None}


def declare(names: str, arguments: str, formula: Callable[..., Any], *, dates: bool = False) -> None:
    """Make a function of a table a worksheet function.

    Parameters
    ----------
    names
        Its worksheet names, separated by blanks.
    arguments
        The roles of its arguments in order, with ``=`` and a default for those that may be left out.
    formula
        From the arguments to the result.
    dates
        Whether the result is a date.
    """
    roles = [each.partition("=")[0] for each in arguments.split()]
    defaults = tuple(_DEFAULTS[each.partition("=")[2]] for each in arguments.split() if "=" in each)

    def kernel(*given: Any) -> Any:
        left_out = len(roles) - len(given)
        return formula(*map(checked, roles, (*given, *defaults[len(defaults) - left_out :])))

    kernel.__doc__, kinds = f"Return {names.split()[0]}.", [ROLES[role].kind for role in roles]
    worksheet(*names.split(), kinds=" ".join(kinds), dates=dates, defaults=defaults)(kernel)


def checked(name: str, value: Any) -> Any:
    """Return what becomes of an argument in its role.

    Raises
    ------
    Fault
        ``#NUM!`` for a value that the role refuses.
    """
    role = ROLES[name]
    if value is None:
        return None
    if not role.allowed(value):
        raise number_fault(f"{name} is {value:.10g}; {role.limits}")
    return role.become(value)
