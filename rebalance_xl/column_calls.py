"""Many calls of one function with single values at once: what filling a formula down a column asks for.

Each row is a call of its own. No headers or trailing blanks are looked for and nothing is summed over the rows, as it
would be in one call with ranges. Rows that are not plain numbers and words take the way of a single call.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import compress
from operator import ne
from typing import TYPE_CHECKING, Any

from rebalance_xl.calling import ARRAY_FROM, array_module
from rebalance_xl.cells import MISSING, CellError
from rebalance_xl.scalar_calls import ScalarPlan, read_one, scalar_plan

if TYPE_CHECKING:
    from rebalance_xl.catalogue import Function


class PerRow(list[Any]):
    """An argument that has a value of its own in every row; any other argument is the same for all rows."""


def takes_columns(function: Function) -> bool:
    """Say whether rows of single values can be computed at once.

    Parameters
    ----------
    function : Function
        The declaration.

    Returns
    -------
    bool
    """
    return scalar_plan(function) is not None


def call_rows(function: Function, arguments: Sequence[Any], size: int) -> list[Any]:
    """Return what every row's call with single values gives.

    Parameters
    ----------
    function : Function
        The declaration; :func:`takes_columns` must hold.
    arguments : sequence
        Worksheet values as :meth:`Function.call` takes them; a :class:`PerRow` holds one for every row.
    size : int
        The number of rows.

    Returns
    -------
    list
        Worksheet values, errors as CellError with their reason; the same as `size` single calls give.

    Examples
    --------
    >>> from rebalance_xl.functions import FUNCTIONS
    >>> call_rows(FUNCTIONS["WEIGHT"], [PerRow([250.0, None, 500.0]), 1000.0], 3)
    [0.25, '', 0.5]
    """
    plan = scalar_plan(function)
    columns: list[Any] = []
    plain = [True] * size
    if plan is not None and len(arguments) <= len(plan):
        for index, each in enumerate(plan):
            argument = arguments[index] if index < len(arguments) else MISSING
            if isinstance(argument, PerRow) and index >= len(function.parameters):
                plain = []  # what hosts add is one for all rows
                break
            if isinstance(argument, PerRow):
                numbers = _numbers(each, argument)
                if None in numbers:
                    plain = [good and number is not None for good, number in zip(plain, numbers, strict=True)]
                columns.append(numbers)
            else:
                number = _number(each, argument)
                if number is None:
                    plain = []
                    break
                columns.append(number)
    else:
        plain = []
    if not any(plain):
        return [_single(function, arguments, row) for row in range(size)]
    whole = all(plain)
    if not whole:
        columns = [list(compress(each, plain)) if each.__class__ is list else each for each in columns]
    cells = _cells(function, _answers(function, columns, size if whole else sum(plain)))
    if whole:
        return cells if None not in cells else _completed(function, arguments, cells)
    computed = iter(cells)
    return _completed(function, arguments, [next(computed) if good else None for good in plain])


def _completed(function: Function, arguments: Sequence[Any], cells: list[Any]) -> list[Any]:
    return [_single(function, arguments, row) if cell is None else cell for row, cell in enumerate(cells)]


def _single(function: Function, arguments: Sequence[Any], row: int) -> Any:
    given = [each[row] if isinstance(each, PerRow) else each for each in arguments]
    answer = function.scalar_call(given)
    return function.call(*given) if answer is None else answer


def _numbers(plan: ScalarPlan, values: PerRow) -> list[Any]:
    """Return a column's numbers, None where a single call has to decide."""
    kinds = set(map(type, values))
    if kinds == {float} and plan.numeric and plan.parameter.convert is None:
        low, high = min(values), max(values)
        allowed = plan.low <= low and high <= plan.high and not (plan.above and low == plan.low)
        if allowed and (math.isfinite(sum(values)) or not any(map(ne, values, values))):  # a NaN may hide from both
            return list(values)
    elif kinds == {str} and plan.words is not None and plan.parameter.convert is None:
        return list(map(plan.words.get, values))
    texts = {text: _number(plan, text) for text in {each for each in values if each.__class__ is str}}
    return [texts[each] if each.__class__ is str else _number(plan, each) for each in values]


def _number(plan: ScalarPlan, value: Any) -> Any:
    """Return what the kernel gets for one plain value, None where a single call has to decide."""
    if plan.parameter.convert is not None:
        return read_one(plan.parameter, value)
    kind = value.__class__
    if kind is float or kind is int:
        allowed = plan.numeric and plan.low <= value <= plan.high and not (plan.above and value == plan.low)
        return float(value) if allowed else None
    if value is MISSING:
        return plan.default
    return plan.words.get(value) if kind is str and plan.words is not None else None


def _answers(function: Function, columns: Sequence[Any], size: int) -> Sequence[Any]:
    """Return the kernel's numbers; NaN or an error where a single call has to decide."""
    numpy = array_module() if size >= ARRAY_FROM and function.vectorised else None
    if numpy is not None:
        declared = function.parameters + function.context
        arrays = [
            numpy.array(each, dtype=numpy.float64) if each.__class__ is list and declared[index].kind != "raw" else each
            for index, each in enumerate(columns)
        ]
        try:
            with numpy.errstate(all="ignore"):
                answers = function.kernel(*arrays)
            if not isinstance(answers, CellError):
                return list(numpy.broadcast_to(numpy.asarray(answers, dtype=numpy.float64), (size,)).tolist())
        except (ArithmeticError, ValueError):
            pass
    kernel = function.kernel
    rows = zip(*[each if each.__class__ is list else [each] * size for each in columns], strict=True)
    return [_guarded(kernel, row) for row in rows]


def _guarded(kernel: Callable[..., Any], row: Sequence[Any]) -> Any:
    try:
        return kernel(*row)
    except (ArithmeticError, ValueError):
        return math.nan


def _cells(function: Function, answers: Sequence[Any]) -> list[Any]:
    """Return a kernel's numbers as cells, None where a single call has to decide."""
    kind, words, never = function.result.kind, function.result.words, function.result.never
    if set(map(type, answers)) == {float} and all(map(math.isfinite, answers)):
        if kind == "word":
            return [words[int(answer)] for answer in answers]
        return [answer != 0.0 for answer in answers] if kind == "flag" else list(answers)
    cells: list[Any] = []
    for answer in answers:
        if answer.__class__ in (CellError, tuple) or not -math.inf < answer < math.inf:
            cells.append("NEVER" if never and answer == math.inf else None)
        elif kind == "word":
            cells.append(words[int(answer)])
        else:
            cells.append(answer != 0.0 if kind == "flag" else answer)
    return cells
