"""Unusual input in every function and every argument: the documented answer, a reason, and never a traceback.

The rules with a worked example behind them run in ``tests/golden``; here are the other lines of ``docs/inputs.md``.
"""

from __future__ import annotations

import copy
import datetime as dt
import math
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rebalance_xl.catalogue import Function
from rebalance_xl.cells import MISSING, CellError, is_range
from rebalance_xl.functions import FUNCTIONS
from tests.golden.golden import differences, load
from tests.golden.rules import OTHER_ANSWERS, RULES

from . import strategies as own

GOLDEN = load()
TESTED: set[str] = set()


def answers(name: str) -> Callable[[Any], Any]:
    """Mark a test as the one of a line of ``docs/inputs.md``."""
    TESTED.add(name)
    return lambda test: test


def example_of(function: Function) -> tuple[list[Any], Any]:
    """Return the first example's arguments, omitted ones MISSING, and its result."""
    example = function.examples[0]
    missing = [MISSING] * (len(function.parameters) - len(example.arguments))
    return [*copy.deepcopy(list(example.arguments)), *missing], example.result


def cells_of(answer: Any) -> Iterator[Any]:
    """Yield the cells of an answer."""
    if isinstance(answer, list):
        for row in answer:
            yield from row
    else:
        yield answer


def check_well_formed(function: Function, answer: Any) -> None:
    """Check that an answer is made of worksheet values of the declared kind, errors with their reason."""
    if isinstance(answer, list):
        assert answer
        assert len({len(row) for row in answer}) == 1
    for cell in cells_of(answer):
        if isinstance(cell, CellError):
            assert not cell.reason.startswith("internal error"), cell.reason
            continue
        kind = function.result.kind
        if kind == "table":
            assert isinstance(cell, float | int | str | bool)
        elif kind == "text":
            assert isinstance(cell, str)
        elif kind == "word":
            assert cell in ("", *function.result.words)
        elif kind == "flag":
            assert cell == "" or isinstance(cell, bool)
        else:
            never = ["NEVER"] * function.result.never + ["LIQUIDATABLE"] * function.result.liquidatable
            assert cell in ("", *never) or type(cell) is float, f"{cell!r} in a numeric cell"
            assert type(cell) is not float or math.isfinite(cell)


# --- every rule, every function -------------------------------------------------------------------------------


def test_every_rule_has_cases() -> None:
    """No line of the table stands there untested."""
    tested = {case.rule for case in GOLDEN}
    assert {rule.id for rule in RULES} <= tested
    assert set(OTHER_ANSWERS) == TESTED


@pytest.mark.parametrize("name", FUNCTIONS)
def test_golden_answers_are_well_formed(name: str) -> None:
    """Each answer of the golden table is of its function's declared kind."""
    function = FUNCTIONS[name]
    for case in GOLDEN:
        if case.function == name:
            check_well_formed(function, function.call(*case.arguments))


NAMED = (
    "text-for-a-number",
    "boolean-for-a-number",
    "out-of-range",
    "unknown-word",
    "blank-needed",
    "omitted-required",
)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_reason_names_the_argument(name: str) -> None:
    """The reason of an error names the argument that is to blame."""
    silent = {}
    for case in GOLDEN:
        if case.function != name or case.rule not in NAMED:
            continue
        parameter = case.id.split(" ")[2]
        answer = FUNCTIONS[name].call(*case.arguments)
        reasons = [cell.reason for cell in cells_of(answer) if isinstance(cell, CellError)]
        if not reasons or not all(parameter in reason for reason in reasons):
            silent[case.id] = reasons
    assert silent == {}


@answers("too many arguments")
@pytest.mark.parametrize("name", FUNCTIONS)
def test_too_many_arguments(name: str) -> None:
    """An argument too many is #VALUE! and not ignored."""
    function = FUNCTIONS[name]
    count = len(function.parameters) + len(function.context)
    answer = function.call(*[1.0] * (count + 1))
    assert answer == CellError("#VALUE!")
    assert "arguments" in answer.reason


@answers("not finite")
@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf, 10**400])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_not_finite(name: str, number: float) -> None:
    """A NaN or an infinite number is #NUM! in every numeric argument."""
    function = FUNCTIONS[name]
    given_, _ = example_of(function)
    for index, parameter in enumerate(function.parameters):
        if parameter.kind not in ("number", "date") or given_[index] is MISSING:
            continue
        arguments = copy.deepcopy(given_)
        if is_range(arguments[index]):
            arguments[index][-1][0] = number
        else:
            arguments[index] = number
        answer = function.call(*arguments)
        assert CellError("#NUM!") in list(cells_of(answer)), f"{parameter.name}: {answer}"
        check_well_formed(function, answer)


def about_rows(function: Function) -> list[int]:
    """Return where the arguments are that a row is about."""
    whole = function.result.shape != "data"
    return [] if whole else [i for i, p in enumerate(function.parameters) if p.blank == "row" and not p.vector]


@answers("blank between")
@pytest.mark.parametrize("name", [each.name for each in FUNCTIONS.values() if about_rows(each)])
def test_blank_between(name: str) -> None:
    """A row that is blank in its amount is blank in the answer; the rows around it keep their answers."""
    function = FUNCTIONS[name]
    leaders = about_rows(function)
    given_, result = example_of(function)
    columns = [i for i, each in enumerate(function.parameters) if is_range(given_[i]) and each.kind != "raw"]
    if columns:
        middle = copy.deepcopy(given_)
        wanted = copy.deepcopy(result)
        for i in columns:
            middle[i].insert(1, [None])
        wanted.insert(1, [""])
    else:
        middle = [[[each], [None], [each]] if i == leaders[0] else each for i, each in enumerate(given_)]
        wanted = [[result], [""], [result]]
    assert differences(function.call(*middle), wanted) == []


@answers("blank target")
@pytest.mark.parametrize(
    "name",
    [
        each.name
        for each in FUNCTIONS.values()
        if each.parameters[1:2] and "targets" in [p.name for p in each.parameters]
    ],
)
def test_blank_target(name: str) -> None:
    """A blank target never trades, whatever the function; a target of 0 sells."""
    function = FUNCTIONS[name]
    known = {"values": [[60.0], [40.0]], "targets": [[None], [0.4]], "assets": [["A"], ["B"]], "bands": 0.0}
    known |= {"last_review": 46_000.0, "frequency": "monthly", "as_of": 46_001.0, "prices": [[60.0, 40.0]] * 2}
    arguments = [known.get(parameter.name, MISSING) for parameter in function.parameters]
    wanted: dict[str, Any] = {
        "TARGET_VALUE": "",
        "DRIFT": "",
        "DRIFT_FLAG": "UNTARGETED",
        "REBALANCE_REASON": "UNTARGETED: no target; held and never traded",
        "REBALANCE_TRIGGER": "NONE",
        "SIMULATE": 10_000.0,
    }
    answer = function.call(*arguments)
    if name == "REBALANCE_PLAN":
        assert {row[0]: row[1:3] for row in answer[1:]} == {"A": ["HOLD", 0.0], "B": ["HOLD", 0.0]}
        return
    cells = list(cells_of(answer))
    assert cells[0] == wanted.get(name, 0.0)
    if name == "TRIM_AMOUNT":
        arguments[1] = [[0.0], [0.4]]
        assert function.call(*arguments) == [[60.0], [0.0]]


@answers("targets above 1")
@pytest.mark.parametrize(
    "name", [each.name for each in FUNCTIONS.values() if any(p.sum_at_most < 2 for p in each.parameters)]
)
def test_targets_above_1(name: str) -> None:
    """Targets that sum above 1 are #NUM!; a rounding error in the ninth digit is not above 1."""
    function = FUNCTIONS[name]
    known: dict[str, Any] = {"values": [[60.0], [40.0]], "assets": [["A"], ["B"]], "bands": 0.0}
    known |= {"last_review": 46_000.0, "frequency": "monthly", "as_of": 46_001.0, "prices": [[60.0, 40.0]] * 2}

    def answer(targets: Any) -> list[Any]:
        known["targets"] = targets
        return list(cells_of(function.call(*[known.get(each.name, MISSING) for each in function.parameters])))

    assert set(map(str, answer([[0.7], [0.5]]))) == {"#NUM!"}
    assert CellError("#NUM!") not in answer([[0.6 + 5e-10], [0.4]])
    assert "fractions are meant" in answer([[60.0], [40.0]])[0].reason
    assert "1.2" in answer([[0.7], [0.5]])[0].reason


@answers("empty book")
@pytest.mark.parametrize(
    "name",
    [
        each.name
        for each in FUNCTIONS.values()
        if "#DIV/0!" in each.errors and "values" in [p.name for p in each.parameters] and each.category != "Review"
    ],
)
def test_empty_book(name: str) -> None:
    """Values that sum to 0 have no weights: #DIV/0! with a reason."""
    function = FUNCTIONS[name]
    known: dict[str, Any] = {"values": [[0.0], [0.0]], "targets": [[0.6], [0.4]], "assets": [["A"], ["B"]]}
    known |= {"bands": 0.0, "last_review": 46_000.0, "frequency": "monthly", "as_of": 46_001.0}
    known["kinds"] = [["spot"], ["stable"]]
    answer = list(cells_of(function.call(*[known.get(each.name, MISSING) for each in function.parameters])))
    assert set(answer) == {CellError("#DIV/0!")}
    assert all("empty book" in cell.reason or "total" in cell.reason for cell in answer)


@answers("rows and columns")
@pytest.mark.parametrize("name", [each.name for each in FUNCTIONS.values() if not each.takes_ranges_whole])
def test_rows_and_columns(name: str) -> None:
    """A rectangle of cells gives a rectangle of answers: those of the same cells in one column."""
    function = FUNCTIONS[name]
    given_, _ = example_of(function)
    kinds = [each.kind for each in function.parameters]
    first = [cell for row in given_[0] for cell in row] if is_range(given_[0]) else [given_[0]] * 4
    cells = (first * 4)[:4]
    rest = [(each[0][0] if is_range(each) and kinds[i] != "raw" else each) for i, each in enumerate(given_)][1:]
    if any(each.sum_at_most < 2 for each in function.parameters):
        rest[0] = 0.2
    column = function.call([[cell] for cell in cells], *rest)
    square = function.call([cells[:2], cells[2:]], *rest)
    assert isinstance(square, list), square
    assert [[cell] for row in square for cell in row] == column
    assert [len(row) for row in square] == [2, 2]


# One call per row (dates, sentences) takes seconds here; CI runs them.
ROW_BY_ROW = [each.name for each in FUNCTIONS.values() if each.row_by_row or each.result.shape == "table"]


@answers("100,000 rows")
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name in ROW_BY_ROW else ()) for name in FUNCTIONS]
)
def test_100_000_rows(name: str) -> None:
    """100,000 rows give 100,000 answers, the ten thousandth like the first; whole-range functions answer, too."""
    rows = 100_000
    function = FUNCTIONS[name]
    given_, _ = example_of(function)
    arguments = []
    for parameter, value in zip(function.parameters, given_, strict=True):
        one = value[0][0] if is_range(value) and parameter.kind != "raw" else value
        if parameter.kind == "raw" or value is MISSING:
            arguments.append(value)
        elif parameter.sum_at_most < 2:
            arguments.append([[1e-6]] * rows)
        elif parameter.name == "assets":
            arguments.append([[f"A{i}"] for i in range(rows)])
        elif parameter.vector or (parameter.kind in ("number", "date", "label") and parameter.data):
            arguments.append([[one]] * rows)
        else:
            arguments.append(one)
    if function.result.shape != "data":
        arguments = [
            each if parameter.vector or parameter.kind == "raw" or not is_range(each) else each[0][0]
            for parameter, each in zip(function.parameters, arguments, strict=True)
        ]
    elif function.takes_ranges_whole:  # one answer per row, each of which looks at all events
        arguments = [
            each[:50] if is_range(each) and parameter.vector else each
            for parameter, each in zip(function.parameters, arguments, strict=True)
        ]
    answer = function.call(*arguments)
    check_well_formed(function, answer if not isinstance(answer, list) else answer[:50])
    if function.result.shape == "data":
        assert len(answer) == rows
        assert answer[9_999] == answer[0]
        assert not isinstance(answer[0][0], CellError), answer[0][0].reason
    elif name in ("SIMULATE", "BAND_SWEEP", "PLAN_FIGURES"):
        # A history of one column beside 100,000 targets, or no workbook at all, is refused in words.
        assert isinstance(answer, CellError)
        assert answer.reason
    elif name.startswith("ACCOUNT_"):  # one value for a whole account, or a row for each of its pools
        assert isinstance(answer, float | str | list), answer
    elif function.result.shape in ("vector", "table"):
        assert len(answer) >= rows or not any(each.vector for each in function.parameters)
    else:
        assert not isinstance(answer, list)


@pytest.mark.slow
def test_a_history_of_100_000_closes() -> None:
    """A simulation gives a value for each of 100,000 closes, a sweep a row for each band."""
    closes = [[100.0 + close % 7, 50.0 + close % 5] for close in range(100_000)]
    values = FUNCTIONS["SIMULATE"].call(closes, [[0.6], [0.4]])
    assert len(values) == 100_000
    assert all(cell > 0 for (cell,) in values)
    assert [row[0] for row in FUNCTIONS["BAND_SWEEP"].call(closes, [[0.6], [0.4]], [[0.01], [0.05]])] == [0.01, 0.05]


@pytest.mark.parametrize("name", FUNCTIONS)
@settings(max_examples=15)
@given(data=st.data())
def test_no_input_gives_a_traceback(name: str, data: st.DataObject) -> None:
    """Whatever stands in the arguments, a call answers with well-formed worksheet values."""
    function = FUNCTIONS[name]
    arguments = [
        data.draw(st.one_of(own.garbage, own.optional(parameter), st.just(MISSING)))
        for parameter in function.parameters
    ]
    check_well_formed(function, function.call(*arguments))
    check_well_formed(function, function.call(*arguments, date_offset=1462))


@pytest.mark.parametrize("name", [each.name for each in FUNCTIONS.values() if each.result.kind == "date"])
def test_1904_dates_come_back_as_1904_dates(name: str) -> None:
    """In a 1904 workbook serial numbers are 1,462 smaller, in the arguments and in the answer."""
    function = FUNCTIONS[name]
    for example in function.examples:
        shifted = [
            each - 1462.0 if parameter.kind == "date" else each
            for parameter, each in zip(function.parameters, example.arguments, strict=False)
        ]
        assert function.call(*shifted, date_offset=1462) == example.result - 1462.0


@pytest.mark.parametrize(
    "name",
    [
        each.name
        for each in FUNCTIONS.values()
        if any(parameter.kind == "date" for parameter in each.parameters) and each.result.kind != "date"
    ],
)
def test_1904_dates_give_the_same_answers(name: str) -> None:
    """The same days in a 1904 workbook give the same answer, as serial numbers and as dates."""
    function = FUNCTIONS[name]

    def shifted(value: Any) -> Any:
        if is_range(value):
            return [[shifted(cell) for cell in row] for row in value]
        return value - 1462.0 if isinstance(value, float) else value

    for example in function.examples:
        arguments = [
            shifted(each) if parameter.kind == "date" else each
            for parameter, each in zip(function.parameters, example.arguments, strict=False)
        ]
        assert not differences(function.call(*arguments, date_offset=1462), example.result)


def test_a_date_cell_is_a_day_whatever_the_date_system() -> None:
    """A date that a host hands over as a date needs no offset."""
    due = FUNCTIONS["REVIEW_DUE"]
    assert due.call(dt.date(2026, 1, 31), "monthly", dt.datetime(2026, 2, 28, 9), date_offset=1462) is True


def test_errors_outrank_blanks() -> None:
    """An error outranks a blank row, a blank row the #N/A of a blank argument; the first argument counts."""
    gain = FUNCTIONS["REALIZED_GAIN"]
    assert gain.call(None, CellError("#REF!"), None) == CellError("#REF!")
    assert gain.call(None, 4000.0, None) == ""
    assert gain.call(100.0, 4000.0, None) == CellError("#N/A")
    assert gain.call(CellError("#NAME?"), CellError("#REF!"), None) == CellError("#NAME?")
