"""What every function does with unusual input, as rules: from a worked example each rule makes calls with answers.

The rules are the documented answers of ``docs/inputs.md``, which :func:`table` writes. The answers follow from the
example's declared result and the rule alone; nothing here calls a function.
"""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rebalance_xl.arguments import Parameter
from rebalance_xl.catalogue import Function
from rebalance_xl.cells import MISSING, CellError, from_serial, is_range

from .golden import Case

#: What a rule yields: a suffix for the id, the arguments, the answer.
Made = Iterator[tuple[str, list[Any], Any]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One documented answer.

    Parameters
    ----------
    id, given, answer
        The name, and the row of the table in ``docs/inputs.md``.
    make
        From a function, an example's arguments (omitted ones MISSING) and its result to calls with answers.
    """

    id: str
    given: str
    answer: str
    make: Callable[[Function, list[Any], Any], Made]


RULES: list[Rule] = []


def _rule(given: str, answer: str) -> Callable[[Callable[[Function, list[Any], Any], Made]], Any]:
    def add(make: Callable[[Function, list[Any], Any], Made]) -> Callable[[Function, list[Any], Any], Made]:
        RULES.append(Rule(make.__name__.replace("_", "-"), given, answer, make))
        return make

    return add


def cases(function: Function) -> Iterator[Case]:
    """Yield what the rules make of a function's first example (and of those that give more arguments)."""
    seen: set[str] = set()
    for number, example in enumerate(function.examples, 1):
        given = list(example.arguments) + [MISSING] * (len(function.parameters) - len(example.arguments))
        for rule in RULES:
            for suffix, arguments, result in rule.make(function, given, example.result):
                name = f"{function.name} {rule.id}{' ' + suffix if suffix else ''}"
                # One example is enough for a rule; the later ones add parameters that the first does not give.
                if name in seen:
                    continue
                seen.add(name)
                while arguments and arguments[-1] is MISSING:
                    arguments.pop()
                yield Case(f"{name} ({number})", function.name, tuple(arguments), result, "rule", rule.id)


# --- helpers -------------------------------------------------------------------------------------------------


def _is_column(value: Any) -> bool:
    return is_range(value) and len(value) > 1 and all(len(row) == 1 for row in value)


def _columns(function: Function, arguments: Sequence[Any]) -> list[int]:
    """Return where the columns of cells are; a `tiers` range is a table and not one of them."""
    return [i for i, each in enumerate(function.parameters) if each.kind != "raw" and _is_column(arguments[i])]


def _only_columns(function: Function, arguments: Sequence[Any]) -> bool:
    ranges = [i for i, each in enumerate(arguments) if is_range(each)]
    return bool(ranges) and ranges == _columns(function, arguments)


def _transposed(value: Any) -> Any:
    return [list(row) for row in zip(*value, strict=True)] if is_range(value) else value


def _with(arguments: Sequence[Any], index: int, value: Any) -> list[Any]:
    changed = copy.deepcopy(list(arguments))
    changed[index] = value
    return changed


def _everywhere(function: Function, result: Any, answer: Any) -> Any:
    """Return an answer that holds for the whole call: in every cell where there is one per row."""
    if function.result.shape == "data" and is_range(result):
        return [[answer for _ in row] for row in result]
    return answer


def _planted(function: Function, arguments: list[Any], result: Any, index: int, cell: Any, answer: Any) -> Any:
    """Return the call with one cell (or the one value) of an argument replaced, and its answer."""
    parameter = function.parameters[index]
    if not _is_column(arguments[index]):
        return _with(arguments, index, cell), _everywhere(function, result, answer)
    changed = copy.deepcopy(arguments)
    changed[index][1][0] = cell
    if parameter.vector:
        return changed, answer
    summed = any(
        each.sum_of == parameter.name and arguments[i] is MISSING for i, each in enumerate(function.parameters)
    )
    if summed:
        return changed, _everywhere(function, result, answer)
    wanted = copy.deepcopy(result)
    wanted[1][0] = answer
    return changed, wanted


def _given(function: Function, arguments: Sequence[Any], *kinds: str) -> list[tuple[int, Parameter]]:
    return [
        (i, each)
        for i, each in enumerate(function.parameters)
        if each.kind in kinds
        and arguments[i] is not MISSING
        and (not is_range(arguments[i]) or _is_column(arguments[i]))
    ]


def _blank_means(parameter: Parameter) -> str:
    return "na" if parameter.blank == "default" and not parameter.has_default else parameter.blank


# --- shapes --------------------------------------------------------------------------------------------------


@_rule("a row of cells instead of a column", "the same answers, lying in a row; a table stays a table")
def row_vector(function: Function, arguments: list[Any], result: Any) -> Made:
    if _only_columns(function, arguments):
        turned = result if function.result.shape == "table" else _transposed(result)
        yield "", [_transposed(each) for each in arguments], turned


@_rule("a range of one cell", "as the cell's value")
def one_cell(function: Function, arguments: list[Any], result: Any) -> Made:
    scalars = [i for i, each in enumerate(arguments) if not is_range(each) and each is not MISSING]
    yield "", [[[each]] if i in scalars else each for i, each in enumerate(arguments)], result


@_rule("one value where others are ranges", "it counts for every row")
def single_values_as_columns(function: Function, arguments: list[Any], result: Any) -> Made:
    if function.result.shape != "data" or function.takes_ranges_whole or any(map(is_range, arguments)):
        return
    raw = [i for i, each in enumerate(function.parameters) if each.kind == "raw"]
    wide = [each if each is MISSING or i in raw else [[each]] * 3 for i, each in enumerate(arguments)]
    # A column of targets would sum above 1, a column of values would be its own total: not the same question.
    if any(each.sum_of or each.sum_at_most < 2 for each in function.parameters):
        return
    yield "all", wide, [[result]] * 3
    first = [each if i else wide[0] for i, each in enumerate(arguments)]
    yield "first", first, [[result]] * 3


@_rule("a header text in the first cell of the ranges", "ignored: the answer is that of the cells below it")
def header_row(function: Function, arguments: list[Any], result: Any) -> Made:
    columns = _columns(function, arguments)
    groups = [[i for i in columns if function.parameters[i].vector is whole] for whole in (False, True)]
    for group in groups:
        if group and not any(function.parameters[i].kind in ("number", "date") for i in group):
            return
    if _only_columns(function, arguments):
        yield "", [[["Header"], *each] if i in columns else each for i, each in enumerate(arguments)], result


@_rule("blank rows at the end of the ranges", "ignored: the answer ends with the last row that holds something")
def trailing_blanks(function: Function, arguments: list[Any], result: Any) -> Made:
    columns = _columns(function, arguments)
    if _only_columns(function, arguments):
        yield "blank", [[*each, [None], [None]] if i in columns else each for i, each in enumerate(arguments)], result
        yield "empty text", [[*each, [""]] if i in columns else each for i, each in enumerate(arguments)], result


@_rule(
    "ranges of different length or orientation",
    "#VALUE!, naming both; a range that is summed as a whole (`proceeds`) may have a length of its own",
)
def mismatched_lengths(function: Function, arguments: list[Any], result: Any) -> Made:
    columns = _columns(function, arguments)
    for whole in (False, True):
        group = [i for i in columns if function.parameters[i].vector is whole and not function.parameters[i].alone]
        if len(group) > 1:
            last = group[-1]
            yield (
                f"{function.parameters[last].name}",
                _with(arguments, last, [*arguments[last], *arguments[last][-1:]]),
                CellError("#VALUE!"),
            )
            yield (
                f"{function.parameters[last].name} turned",
                _with(arguments, last, _transposed(arguments[last])),
                CellError("#VALUE!"),
            )


# --- cells ---------------------------------------------------------------------------------------------------


@_rule("a date cell where a date belongs, or its serial number", "the same answer")
def date_or_serial(function: Function, arguments: list[Any], result: Any) -> Made:
    dates = [i for i, each in _given(function, arguments, "date")]
    if not dates:
        return

    def as_date(value: Any) -> Any:
        if is_range(value):
            return [[as_date(cell) for cell in row] for row in value]
        return from_serial(value) if isinstance(value, float) else value

    changed = [as_date(each) if i in dates else each for i, each in enumerate(arguments)]
    yield "", changed, as_date(result) if function.result.kind == "date" else result


@_rule("a date where a word belongs (5/25 typed into a cell becomes one)", "#VALUE!, naming the list")
def date_for_a_word(function: Function, arguments: list[Any], result: Any) -> Made:
    for i, parameter in enumerate(function.parameters):
        if parameter.kind == "word" and not parameter.or_number and not is_range(arguments[i]):
            wanted = _everywhere(function, result, CellError("#VALUE!"))
            yield parameter.name, _with(arguments, i, dt.datetime(2026, 5, 25)), wanted


@_rule("a date where a number belongs", "its serial number, as in every formula of Excel")
def date_for_a_number(function: Function, arguments: list[Any], result: Any) -> Made:
    for i, parameter in _given(function, arguments, "number"):
        if not is_range(arguments[i]) and parameter.high < 40_000:
            wanted = _everywhere(function, result, CellError("#NUM!"))
            yield f"{parameter.name} out of range", _with(arguments, i, dt.datetime(2026, 5, 25)), wanted
        elif isinstance(arguments[i], float) and arguments[i] == int(arguments[i]) and 61 <= arguments[i] < 2_958_466:
            yield parameter.name, _with(arguments, i, from_serial(arguments[i])), result


@_rule("text where a number or date belongs", "#VALUE! in its row; in every row where the range is summed for `total`")
def text_for_a_number(function: Function, arguments: list[Any], result: Any) -> Made:
    for i, parameter in _given(function, arguments, "number", "date"):
        yield (
            parameter.name,
            *_planted(function, arguments, result, i, "abc", CellError("#VALUE!")),
        )


@_rule("TRUE or FALSE where a number or date belongs", "#VALUE!, likewise")
def boolean_for_a_number(function: Function, arguments: list[Any], result: Any) -> Made:
    for i, parameter in _given(function, arguments, "number", "date"):
        yield (
            parameter.name,
            *_planted(function, arguments, result, i, True, CellError("#VALUE!")),
        )


@_rule("an error value in any argument", "that error, likewise")
def error_value(function: Function, arguments: list[Any], result: Any) -> Made:
    codes = ["#REF!", "#N/A", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#VALUE!"]
    for i, parameter in _given(function, arguments, "number", "date", "word", "label", "switch", "raw"):
        error = CellError(codes[i % len(codes)])
        if parameter.kind == "raw" and is_range(arguments[i]):
            continue
        yield (
            parameter.name,
            *_planted(function, arguments, result, i, error, error),
        )


@_rule("a number below or above the allowed range", "#NUM!, naming argument, value and range")
def out_of_range(function: Function, arguments: list[Any], result: Any) -> Made:
    for i, parameter in _given(function, arguments, "number", "date", "word"):
        if parameter.kind == "word" and not parameter.or_number:
            continue
        if parameter.low > -1e300:
            below = parameter.low if parameter.above else parameter.low - 1.0
            yield (
                f"{parameter.name} low",
                *_planted(function, arguments, result, i, below, CellError("#NUM!")),
            )
        if parameter.high < 1e300:
            yield (
                f"{parameter.name} high",
                *_planted(function, arguments, result, i, parameter.high + 1.0, CellError("#NUM!")),
            )


@_rule("a word that is not on the list", "#VALUE!, naming the list")
def unknown_word(function: Function, arguments: list[Any], result: Any) -> Made:
    for i, parameter in enumerate(function.parameters):
        if parameter.kind == "word" and not is_range(arguments[i]):
            yield parameter.name, _with(arguments, i, "sideways"), _everywhere(function, result, CellError("#VALUE!"))
        if parameter.kind == "switch":
            yield parameter.name, _with(arguments, i, "maybe"), _everywhere(function, result, CellError("#VALUE!"))


@_rule("a word in other case or with spaces around it", "as the word itself")
def word_case(function: Function, arguments: list[Any], result: Any) -> Made:
    for i, parameter in _given(function, arguments, "word"):
        if isinstance(arguments[i], str):
            yield parameter.name, _with(arguments, i, f" {arguments[i].swapcase()} "), result


@_rule("a blank cell (or empty text) where a value is needed", "#N/A, naming the argument")
def blank_needed(function: Function, arguments: list[Any], result: Any) -> Made:
    for i, parameter in _given(function, arguments, "number", "date", "word"):
        if _blank_means(parameter) == "na" and not _is_column(arguments[i]):
            for name, blank in (("", None), (" empty text", "")):
                yield (
                    f"{parameter.name}{name}",
                    *_planted(function, arguments, result, i, blank, CellError("#N/A")),
                )


@_rule("a blank cell for an option with a default", "the default, as if omitted")
def blank_option(function: Function, arguments: list[Any], result: Any) -> Made:
    for i, parameter in enumerate(function.parameters):
        if parameter.blank == "default" and parameter.has_default and arguments[i] is MISSING:
            yield parameter.name, _with(arguments, i, None), result


@_rule("a blank cell for the amount that the row is about", "the row is blank")
def blank_row(function: Function, arguments: list[Any], result: Any) -> Made:
    if function.result.shape != "data":
        return
    for i, parameter in _given(function, arguments, "number", "date"):
        if parameter.blank == "row" and not is_range(arguments[i]):
            wanted = _everywhere(function, result, "")
            summed = any(
                each.sum_of == parameter.name and arguments[k] is MISSING for k, each in enumerate(function.parameters)
            )
            if not summed:
                yield parameter.name, _with(arguments, i, None), wanted


@_rule("an omitted option", "its default")
def omitted_option(function: Function, arguments: list[Any], result: Any) -> Made:
    for i, parameter in enumerate(function.parameters):
        if arguments[i] is MISSING and parameter.has_default and not parameter.sum_of and not parameter.vector:
            default = parameter.default
            if isinstance(default, float | int | str) and parameter.kind != "label":
                value = bool(default) if parameter.kind == "switch" else default
                yield parameter.name, _with(arguments, i, value), result


@_rule(
    "a required argument that is omitted while other data are given", "#VALUE!, naming it (#N/A for `as_of` in a file)"
)
def omitted_required(function: Function, arguments: list[Any], result: Any) -> Made:
    for i, parameter in enumerate(function.parameters):
        others = [
            k for k, each in enumerate(function.parameters) if k != i and each.data and arguments[k] is not MISSING
        ]
        if parameter.required and not parameter.clock and others:
            yield parameter.name, _with(arguments, i, MISSING), CellError("#VALUE!")


@_rule("`total` omitted where the values are one number", "#VALUE!: a share of itself is never what was meant")
def omitted_total(function: Function, arguments: list[Any], result: Any) -> Made:
    for i, parameter in enumerate(function.parameters):
        if not parameter.sum_of or arguments[i] is MISSING:
            continue
        source = next(k for k, each in enumerate(function.parameters) if each.name == parameter.sum_of)
        if not is_range(arguments[source]):
            yield parameter.name, _with(arguments, i, MISSING), CellError("#VALUE!")


@_rule("time of day in a date", "reviews and events are judged by whole days")
def time_of_day(function: Function, arguments: list[Any], result: Any) -> Made:
    for i, parameter in _given(function, arguments, "date"):
        if parameter.clock and isinstance(arguments[i], float):
            noon = from_serial(arguments[i]) + dt.timedelta(hours=12)
            yield parameter.name, _with(arguments, i, noon), result


#: Documented answers that no worked example leads to; the tests of the inputs run each for every function it concerns.
OTHER_ANSWERS = {
    "blank between": (
        "a blank cell between others, in the amount that a row is about",
        "that row's answer is blank, the others stand",
    ),
    "blank target": ("a blank target", "no target: UNTARGETED, 0 to trade; a target of 0 means sell it all"),
    "targets above 1": (
        "targets that sum above 1 (beyond 1e-9)",
        "#NUM!, in every row; where the sum is above 5 the reason says that fractions are meant",
    ),
    "empty book": ("an empty book: values that sum to 0, or a `total` of 0", "#DIV/0!"),
    "rows and columns": ("a range of rows and columns", "one answer per cell, in the same rows and columns"),
    "100,000 rows": ("100,000 rows", "100,000 answers, each as in a cell of its own"),
    "not finite": ("an infinite number or a NaN (no worksheet holds one; a program may)", "#NUM!"),
    "too many arguments": ("more arguments than the function has", "#VALUE!"),
}


def table() -> str:
    """Return the rules as the table of ``docs/inputs.md``."""
    rows = [*((rule.given, rule.answer) for rule in RULES), *OTHER_ANSWERS.values()]
    head = ["| what a cell or an argument holds | answer |", "|---|---|"]
    return "\n".join([*head, *(f"| {given} | {answer} |" for given, answer in rows)])
