"""Calls with plain scalars, answered fast: this is what a recalculation makes hundreds of thousands of."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from rebalance_xl.arguments import Parameter
from rebalance_xl.cells import MISSING, CellError, as_rows, is_range
from rebalance_xl.declarations import NUMERIC, Declaration

#: The fast path leaves infinities to the full path, which has an answer for them.
_LARGEST = sys.float_info.max


class ScalarPlan(NamedTuple):
    """What a plain scalar has to be for one parameter, and what it stands for."""

    low: float
    high: float
    above: bool
    words: Mapping[str, float] | None
    default: float | None
    numeric: bool
    parameter: Parameter


def scalar_plan(function: Declaration) -> list[ScalarPlan] | None:
    """Return how plain scalars are read, a plan for each parameter; None where every call takes the full path."""
    function = function.plain
    if (
        function.takes_ranges_whole
        or function.result.kind not in NUMERIC
        or any(each.kind in ("label", "switch") for each in function.parameters)
    ):
        return None
    return [
        ScalarPlan(
            max(each.low, -_LARGEST),
            min(each.high, _LARGEST),
            each.above,
            each.words or None,
            None if not each.has_default or each.sum_of or each.convert else each.default_number,
            each.kind != "word" or each.or_number,
            each,
        )
        for each in function.parameters + function.context
    ]


def fast_caller(function: Declaration) -> Callable[[Sequence[Any]], Any]:
    """Return a caller for plain scalars; it answers None whenever the full path has to decide."""
    plan = scalar_plan(function)
    if plan is None:
        return lambda arguments: None
    kernel = function.kernel
    kind, words, never = function.result.kind, function.result.words, function.result.never
    count = len(plan)

    def call(arguments: Sequence[Any]) -> Any:
        given = len(arguments)
        if given > count:
            return None
        numbers = []
        for index, (low, high, above, vocabulary, default, numeric, parameter) in enumerate(plan):
            argument: Any = arguments[index] if index < given else MISSING
            kind_of = type(argument)
            if parameter.convert is not None:
                found = read_one(parameter, argument)
                if found is None:
                    return None
                numbers.append(found)
            elif kind_of is float or kind_of is int:
                # A NaN fails the comparison and so goes the long way.
                if not (numeric and low <= argument <= high) or (above and argument == low):
                    return None
                try:
                    numbers.append(float(argument))
                except OverflowError:
                    return None
            elif argument is MISSING:
                if default is None:
                    return None
                numbers.append(default)
            elif kind_of is str and vocabulary is not None:
                found = vocabulary.get(argument)
                if found is None:
                    return None
                numbers.append(found)
            else:
                return None
        try:
            answer = kernel(*numbers)
        except (ArithmeticError, ValueError):
            return None
        if isinstance(answer, CellError | tuple) or not -math.inf < answer < math.inf:
            return "NEVER" if never and answer == math.inf else None
        if kind == "word":
            return words[int(answer)]
        return answer != 0.0 if kind == "flag" else answer

    return call


def read_one(parameter: Parameter, argument: Any) -> Any:
    """Return what a raw argument says for one row, None whenever it is an error or one choice per row."""
    assert parameter.convert is not None
    if is_range(argument) and parameter.whole is not None:
        rows = as_rows(argument)
        if not rows or not rows[0] or not parameter.whole(rows):
            return None
    found = parameter.convert(argument)
    return None if isinstance(found, CellError) else found
