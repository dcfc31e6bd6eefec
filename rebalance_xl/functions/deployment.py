"""Where the proceeds go: needs by priority or pro rata, the stablecoin reserve: the Deployment section."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rebalance_xl.catalogue import Example, Result, fraction, label, money, number, word, worksheet_function
from rebalance_xl.functions.elementwise import BLANK, DIV0, NUM, TOLERANCE, VALUE

PRIORITY, PRO_RATA = 0.0, 1.0
METHODS = {"priority": PRIORITY, "pro_rata": PRO_RATA}
LOW, OK, HIGH = 0.0, 1.0, 2.0
RESERVE_FLAGS = ("LOW", "OK", "HIGH")
RESERVE_MINIMUM, RESERVE_MAXIMUM = 0.05, 0.20

_PROCEEDS = money("proceeds", low=0.0, vector=True, alone=True, blank="row", model="TRIM_AMOUNT()")
_NEEDS = money(
    "needs",
    low=0.0,
    vector=True,
    blank="row",
    model="ADD_AMOUNT(Portfolio[Value],Portfolio[Target],0,0,,Total)",
)


def _known(numbers: Sequence[float]) -> float:
    return math.fsum(each for each in numbers if each == each)


def fill(available: float, needs: Sequence[float], method: float, priorities: Sequence[float]) -> list[float]:
    """Return what each need gets of the money available.

    Parameters
    ----------
    available : money
        Not negative.
    needs : money, one per destination
        Not negative; a NaN gets a NaN.
    method : 0 by priority, 1 pro rata
    priorities : number, one per destination
        Lower comes first; a NaN comes last; equal ones keep their order.

    Examples
    --------
    >>> fill(15.0, [10.0, 10.0], PRIORITY, [1.0, 2.0])
    [10.0, 5.0]
    >>> fill(15.0, [10.0, 20.0], PRO_RATA, [1.0, 2.0])
    [5.0, 10.0]
    """
    wanted = _known(needs)
    if method == PRO_RATA:
        share = 1.0 if wanted <= available else available / wanted
        return [need * share if need == need else BLANK for need in needs]
    given = [0.0 if need == need else BLANK for need in needs]
    left = available
    order = sorted(
        (i for i, need in enumerate(needs) if need == need),
        key=lambda i: priorities[i] if priorities[i] == priorities[i] else math.inf,
    )
    for i in order:
        given[i] = min(needs[i], left)
        left -= given[i]
    return given


@worksheet_function(
    "DEPLOY",
    "Deployment",
    [
        _PROCEEDS,
        _NEEDS,
        word("method", METHODS, "priority", model="DeployMethod"),
        number("priorities", default=0.0, vector=True, blank="keep", data=False, model="Portfolio[Priority]"),
    ],
    Result("money", shape="vector"),
    examples=[
        Example("=DEPLOY(1600,{400;600;600})", "={400;600;600}"),
        Example("=DEPLOY(15,{10;10})", "={10;5}", "The second need is met as far as the money goes."),
        Example('=DEPLOY(1120,{400;1200},"pro_rata")', "={280;840}"),
        Example("=DEPLOY(15,{10;10},,{2;1})", "={5;10}"),
    ],
)
def deploy(
    proceeds: Sequence[float], needs: Sequence[float], method: float, priorities: Sequence[float]
) -> list[float]:
    """Return what each need gets of the proceeds: never more than the proceeds, never more than the need.

    Parameters
    ----------
    proceeds : money, one or a range
        Money to deploy; a range is summed.
    needs : money, range
        What each destination still needs. A blank row stays blank.
    method : word
        "priority" (default): fill one need after the other; "pro_rata": in proportion to the needs.
    priorities : number, range
        Order of filling, 1 first; without it the needs are filled as listed; a blank priority comes last.

    Notes
    -----
    Equation: by priority min(need, what is left); pro rata need × min(1, proceeds / Σ needs)

    Examples
    --------
    >>> deploy([15.0], [10.0, 10.0], PRIORITY, [0.0])
    [10.0, 5.0]
    """
    order = list(priorities) * len(needs) if len(priorities) == 1 else list(priorities)
    return fill(_known(proceeds), needs, method, order)


@worksheet_function(
    "UNDEPLOYED",
    "Deployment",
    [_PROCEEDS, _NEEDS],
    Result("money", shape="value"),
    examples=[Example("=UNDEPLOYED(1600,{400;600})", "=600")],
)
def undeployed(proceeds: Sequence[float], needs: Sequence[float]) -> float:
    """Return what is left of the proceeds when all needs are met; 0 when they are not.

    Parameters
    ----------
    proceeds : money, one or a range
        As in DEPLOY.
    needs : money, range
        What each destination still needs; blank rows are skipped.

    Notes
    -----
    Equation: max(0, proceeds − Σ needs)

    Examples
    --------
    >>> undeployed([1600.0], [400.0, 600.0])
    600.0
    """
    return max(0.0, _known(proceeds) - _known(needs))


@worksheet_function(
    "OVERCOMMITTED",
    "Deployment",
    [_PROCEEDS, _NEEDS],
    Result("money", shape="value"),
    examples=[
        Example("=OVERCOMMITTED(1120,{400;1200})", "=480", "Needs of 1,600 against 1,120 of proceeds."),
    ],
)
def overcommitted(proceeds: Sequence[float], needs: Sequence[float]) -> float:
    """Return what is missing to meet all needs; 0 when the proceeds suffice.

    Parameters
    ----------
    proceeds : money, one or a range
        As in DEPLOY.
    needs : money, range
        As in UNDEPLOYED.

    Notes
    -----
    Equation: max(0, Σ needs − proceeds)

    Examples
    --------
    >>> overcommitted([1120.0], [400.0, 1200.0])
    480.0
    """
    return max(0.0, _known(needs) - _known(proceeds))


_RESERVE = [
    money("values", low=0.0, blank="row", vector=True, model="Portfolio[Value]"),
    label("kinds", vector=True, model="Portfolio[Kind]"),
    fraction(
        "minimum",
        low=0.0,
        high=1.0,
        default=RESERVE_MINIMUM,
        blank="default",
        data=False,
        model="ReserveMin",
    ),
    fraction(
        "maximum",
        low=0.0,
        high=1.0,
        default=RESERVE_MAXIMUM,
        blank="default",
        data=False,
        model="ReserveMax",
    ),
    money("total", low=0.0, sum_of="values", data=False, model="Total"),
]
_RESERVE_ERRORS = {
    "#DIV/0!": "the total is 0: an empty book has no reserve",
    "#NUM!": "minimum is above maximum",
    "#VALUE!": 'kinds are "spot" or "stable" (a blank is spot)',
}


def stable_value(values: Sequence[float], kinds: Sequence[str]) -> float:
    """Return the value of the rows of kind "stable", #VALUE! for a kind that is neither "spot" nor "stable"."""
    if len(values) != len(kinds):
        return VALUE
    read = [kind.casefold() for kind in kinds]
    if any(kind not in ("spot", "stable", "") for kind in read):
        return VALUE
    return math.fsum(value for value, kind in zip(values, read, strict=True) if kind == "stable" and value == value)


@worksheet_function(
    "RESERVE_GAP",
    "Deployment",
    _RESERVE,
    Result("money", shape="value"),
    errors=_RESERVE_ERRORS,
    examples=[
        Example('=RESERVE_GAP({9700;300},{"spot";"stable"})', "=200", "3 % is below the minimum of 5 %."),
        Example('=RESERVE_GAP({7000;3000},{"spot";"stable"})', "=-1000", "30 % is above the maximum of 20 %."),
        Example('=RESERVE_GAP({9000;1000},{"spot";"stable"})', "=0"),
    ],
)
def reserve_gap(values: Sequence[float], kinds: Sequence[str], minimum: float, maximum: float, total: float) -> float:
    """Return the money that brings the stablecoin reserve into its range: to add positive, to free negative.

    Parameters
    ----------
    values : money, range
        Market value of each holding; blank rows are skipped.
    kinds : text, range
        "spot" or "stable" for each holding; a blank is spot.
    minimum : fraction
        Smallest reserve as a share of the total. Default 0.05.
    maximum : fraction
        Largest reserve as a share of the total. Default 0.20.
    total : money
        As in WEIGHT.

    Notes
    -----
    Equation: minimum × total − reserve below it, maximum × total − reserve above it, else 0

    Examples
    --------
    >>> reserve_gap([9700.0, 300.0], ["spot", "stable"], 0.05, 0.20, 10000.0)
    200.0
    """
    reserve = stable_value(values, kinds)
    if reserve != reserve:
        return reserve
    if minimum > maximum:
        return NUM
    if total == 0.0:
        return DIV0
    if reserve < minimum * total - TOLERANCE * total:
        return minimum * total - reserve
    if reserve > maximum * total + TOLERANCE * total:
        return maximum * total - reserve
    return 0.0


@worksheet_function(
    "RESERVE_FLAG",
    "Deployment",
    _RESERVE,
    Result("word", shape="value", words=RESERVE_FLAGS),
    errors=_RESERVE_ERRORS,
    examples=[Example('=RESERVE_FLAG({9700;300},{"spot";"stable"})', '="LOW"')],
)
def reserve_flag(values: Sequence[float], kinds: Sequence[str], minimum: float, maximum: float, total: float) -> float:
    """Return LOW, OK or HIGH: whether the stablecoin reserve lies in its range.

    Parameters
    ----------
    values : money, range
        As in RESERVE_GAP.
    kinds : text, range
        As in RESERVE_GAP.
    minimum : fraction
        As in RESERVE_GAP.
    maximum : fraction
        As in RESERVE_GAP.
    total : money
        As in WEIGHT.

    Notes
    -----
    Equation: LOW below minimum × total, HIGH above maximum × total, else OK

    Examples
    --------
    >>> RESERVE_FLAGS[int(reserve_flag([97.0, 3.0], ["spot", "stable"], 0.05, 0.20, 100.0))]
    'LOW'
    """
    gap = reserve_gap(values, kinds, minimum, maximum, total)
    if gap != gap:
        return gap
    return LOW if gap > 0.0 else HIGH if gap < 0.0 else OK
