"""How a declared function is called with any worksheet values; `scalar_calls` has the fast path for plain ones."""

from __future__ import annotations

import math
from collections.abc import Sequence
from operator import ne
from typing import Any

from rebalance_xl.arguments import BlankError, Operand, Parameter, ShapeError, align, read_operand
from rebalance_xl.cells import (
    BLANK,
    MISSING,
    CellError,
    error_to_nan,
    nan_code,
    nan_to_error,
)
from rebalance_xl.declarations import Declaration

#: From this many rows on loading numpy (0.1 s, once in a process) is worth it. The number of rows alone decides, not
#: whether numpy is there already: a book gets the same digits in whatever order a worker comes to it.
ARRAY_FROM = 2_000

#: Kinds of numbers that are their own cells when finite.
_PLAIN = ("money", "number", "units", "fraction", "price")


def call_function(function: Declaration, arguments: Sequence[Any], date_offset: float) -> Any:
    """Return the answer of a call with any worksheet values, errors as CellError values."""
    declared = function.parameters + function.context
    if len(arguments) > len(declared):
        return CellError("#VALUE!", f"{function.name} takes {len(function.parameters)} arguments")
    given = list(arguments) + [MISSING] * (len(declared) - len(arguments))
    for parameter, argument in zip(declared, given, strict=True):
        if argument is MISSING and not parameter.has_default:
            code = "#N/A" if parameter.clock else "#VALUE!"
            return CellError(code, f"{parameter.name} is missing")
    try:
        aligned = align(declared, given)
    except ShapeError as failure:
        return CellError("#VALUE!", str(failure))
    operands: list[Any] = []
    for parameter, argument, (cells, shape) in zip(declared, given, aligned, strict=True):
        if argument is MISSING and not parameter.sum_of:
            operands.append(_default(parameter))
        elif argument is MISSING:
            operands.append(None)
        else:
            operands.append(read_operand(parameter, cells, shape, date_offset))
    problem = _fill_totals(declared, operands)
    if problem is not None:
        return problem
    numeric = [each for each in operands if isinstance(each, Operand)]
    shape = next(((each.rows, each.columns) for each in numeric if _is_rows(each)), (0, 0))
    excess = _excess(numeric)
    if excess is not None:
        per_row = function.result.shape == "data"
        return _shaped([excess] * max(shape[0] * shape[1], 1), shape) if per_row else excess
    if function.takes_ranges_whole:
        return _call_whole(function, operands, shape, date_offset)
    size = max(shape[0] * shape[1], 1)
    answers = _call_rows(function, operands, size)
    if any(issubclass(kind, tuple) for kind in set(map(type, answers))):
        return _several(function, numeric, answers, date_offset)
    return _shaped(_finish(function, numeric, answers, date_offset), shape)


def _is_rows(operand: Operand) -> bool:
    return not operand.is_single and not operand.parameter.vector


def _default(parameter: Parameter) -> Any:
    if parameter.kind == "label":
        return Operand(parameter, [""], 0, 0, {})
    if parameter.kind == "raw":
        return read_operand(parameter, [MISSING], (0, 0), 0)
    return Operand(parameter, [parameter.default_number], 0, 0, {})


def _fill_totals(declared: Sequence[Parameter], operands: list[Any]) -> CellError | None:
    for index, parameter in enumerate(declared):
        if operands[index] is not None:
            continue
        source: Operand = operands[[each.name for each in declared].index(parameter.sum_of)]
        if source.is_single and not source.errors:
            return CellError(
                "#VALUE!",
                f"{parameter.name} is missing; it is needed where {source.parameter.name} is one number, "
                "because a share of itself is never what was meant",
            )
        problem = next((source.errors[i] for i in sorted(source.errors)), None)
        try:
            total = _total(source.values)
        except OverflowError:
            problem = problem or CellError("#NUM!", f"the sum of {source.parameter.name} is too large")
        errors = {} if problem is None else {0: problem}
        value = total if problem is None else error_to_nan(problem.code)
        operands[index] = Operand(parameter, [value], 0, 0, errors)
    return None


def _total(values: Sequence[float]) -> float:
    """Return the sum of numbers without those that are none (NaN)."""
    total = math.fsum(values)
    return total if total == total else math.fsum(each for each in values if each == each)


def _excess(operands: Sequence[Operand]) -> CellError | None:
    for operand in operands:
        limit = operand.parameter.sum_at_most
        if limit < math.inf:
            total = _total(operand.values)
            if operand.is_single:
                total *= _rows_beside(operand, operands)
            if total > limit + 1e-9:
                hint = "; fractions are meant, not percents" if total > 5 else ""
                name = operand.parameter.name
                return CellError("#NUM!", f"{name} sum to {total:.10g}; allowed is a sum up to {limit:g}{hint}")
    return None


def _rows_beside(single: Operand, operands: Sequence[Operand]) -> int:
    """Return for how many rows one value counts: those of the first range that are not blank."""
    vector = single.parameter.vector
    beside = [each for each in operands if not each.is_single and each.parameter.vector is vector]
    numbers = [each for each in beside if each.parameter.kind != "label" and not each.parameter.alone]
    return sum(value == value for value in numbers[0].values) if numbers else 1


def _column(np: Any, operand: Operand) -> Any:
    if operand.is_single:
        return operand.values[0]
    if operand.parameter.kind in ("raw", "label"):
        return operand.values
    return np.array(operand.values, dtype=np.float64)


def _call_columns(function: Declaration, operands: Sequence[Any], size: int) -> Sequence[Any] | None:
    np = array_module()
    columns = [_column(np, each) for each in operands]
    try:
        with np.errstate(all="ignore"):
            answers = function.kernel(*columns)
    except (ArithmeticError, ValueError):
        # A single option that is an error reaches the kernel as a NaN; row by row it gets its error.
        return None
    if isinstance(answers, CellError):
        return [answers] * size
    if isinstance(answers, tuple):
        return None  # several cells a row
    listed: list[float] = np.broadcast_to(np.asarray(answers, dtype=np.float64), (size,)).tolist()
    return listed


def _call_rows(function: Declaration, operands: Sequence[Any], size: int) -> Sequence[Any]:
    kernel = function.kernel
    if size >= ARRAY_FROM and function.vectorised and array_module() is not None:
        answers = _call_columns(function, operands, size)
        if answers is not None:
            return answers
    found = []
    for row in range(size):
        numbers = [each.values[0 if each.is_single else row] for each in operands]
        try:
            found.append(kernel(*numbers))
        except ZeroDivisionError:
            found.append(error_to_nan("#DIV/0!"))
        except (OverflowError, ValueError):
            found.append(error_to_nan("#NUM!"))
    return found


def _finish(
    function: Declaration, operands: Sequence[Operand], answers: Sequence[Any], date_offset: float
) -> list[Any]:
    """Turn the kernel's numbers into cells; an error or blank among the arguments outranks the kernel's answer."""
    plain = function.result.kind in _PLAIN and set(map(type, answers)) <= {float}
    if plain and all(map(math.isfinite, answers)):
        cells = list(answers)
    else:
        cells = [_cell(function, answer, date_offset) for answer in answers]
    size = len(cells)
    for operand in reversed(operands):
        for index, problem in operand.errors.items():
            if isinstance(problem, BlankError):
                for row in range(size) if operand.is_single else (index,):
                    cells[row] = problem
    for operand in operands:
        # Only a NaN differs from itself; most columns have none and need no loop.
        if operand.parameter.blank == "row" and any(map(ne, operand.values, operand.values)):
            for index, value in enumerate(operand.values):
                if value != value and index not in operand.errors:
                    for row in range(size) if operand.is_single else (index,):
                        cells[row] = ""
    for operand in reversed(operands):
        for index, problem in operand.errors.items():
            if not isinstance(problem, BlankError):
                for row in range(size) if operand.is_single else (index,):
                    cells[row] = problem
    return cells


def _call_whole(function: Declaration, operands: Sequence[Any], shape: tuple[int, int], date_offset: float) -> Any:
    """Call a kernel that takes whole ranges: once, or once per row of its other arguments."""
    numeric = [each for each in operands if isinstance(each, Operand)]
    whole = [each for each in numeric if each.parameter.vector]
    problem = _first_error(whole)
    if problem is not None:
        return problem
    _widen(whole)
    size = max(shape[0] * shape[1], 1)
    if size > 1 and function.result.shape != "data":
        ranged = next(each.parameter.name for each in numeric if _is_rows(each))
        return CellError("#VALUE!", f"{ranged} is a range; allowed is one value")
    if function.result.shape == "data":
        single = [each for each in numeric if not each.parameter.vector]
        rows = [_call_with_errors(function, _row(operands, row)) for row in range(size)]
        return _shaped(_finish(function, single, rows, date_offset), shape)
    for operand in numeric:
        if not operand.parameter.vector and operand.errors:
            return operand.errors[0]
    answer = _call_once(function, _row(operands, 0))
    if isinstance(answer, CellError):
        return answer
    if function.result.shape == "table" and not isinstance(answer, float | str):
        return [list(row) for row in answer]
    if function.result.shape == "vector":
        ranges = [(each.rows, each.columns) for each in whole if not each.is_single and not each.parameter.alone]
        return _shaped([_cell(function, each, date_offset) for each in answer], ranges[0] if ranges else (0, 0))
    return _cell(function, answer, date_offset)


def _several(function: Declaration, operands: Sequence[Operand], answers: Sequence[Any], date_offset: float) -> Any:
    """Return rows of several cells, one cell for each part of a row's answer."""
    width = next(len(answer) for answer in answers if isinstance(answer, tuple))
    parts = [
        _finish(
            function,
            operands,
            [answer[place] if isinstance(answer, tuple) else answer for answer in answers],
            date_offset,
        )
        for place in range(width)
    ]
    return [list(row) for row in zip(*parts, strict=True)]


def _widen(whole: Sequence[Operand]) -> None:
    """Repeat one value beside ranges, so that a kernel finds one per row."""
    aligned = [each for each in whole if not each.parameter.alone]
    rows = max((len(each.values) for each in aligned), default=1)
    for each in aligned:
        if each.is_single and rows > 1:
            each.values = list(each.values) * rows


def _row(operands: Sequence[Any], row: int) -> list[Any]:
    return [
        (each.values if each.parameter.vector else each.values[0 if each.is_single else row])
        if isinstance(each, Operand)
        else each
        for each in operands
    ]


def _call_once(function: Declaration, arguments: Sequence[Any]) -> Any:
    try:
        return function.kernel(*arguments)
    except ZeroDivisionError:
        return CellError("#DIV/0!", function.errors.get("#DIV/0!", ""))
    except OverflowError:
        return CellError("#NUM!", function.errors.get("#NUM!", "the result is too large"))
    except ValueError as failure:
        if "fsum" not in str(failure):  # infinities of both signs meet in a sum
            raise
        return CellError("#NUM!", function.errors.get("#NUM!", "the result is too large"))


def _call_with_errors(function: Declaration, arguments: Sequence[Any]) -> Any:
    """Call a kernel for one row whose errors are NaNs still; those outrank whatever it makes of them."""
    try:
        return _call_once(function, arguments)
    except ValueError:
        return error_to_nan("#NUM!")


def _first_error(operands: Sequence[Operand]) -> CellError | None:
    """Return the first error of whole ranges; a blank cell in a row that is blank as a whole is none."""
    blank_rows: set[int] = set()
    for operand in operands:
        if operand.parameter.blank == "row":
            blank_rows.update(i for i, value in enumerate(operand.values) if value != value)
            blank_rows.difference_update(operand.errors)
    for operand in operands:
        for index in sorted(operand.errors):
            problem = operand.errors[index]
            if not (isinstance(problem, BlankError) and index in blank_rows and not operand.is_single):
                return problem
    return None


def _cell(function: Declaration, answer: Any, date_offset: float) -> Any:
    """Return one number (or text) of a kernel as a cell."""
    if isinstance(answer, str | CellError):
        return answer
    kind = function.result.kind
    if answer != answer:
        if nan_code(answer) == nan_code(BLANK):
            return ""
        code = nan_to_error(float(answer))
        return CellError(code, function.errors.get(code, ""))
    if kind == "word":
        return function.result.words[int(answer)]
    if kind == "flag":
        return bool(answer)
    if math.isinf(answer):
        if function.result.never and answer > 0.0:
            return "NEVER"
        if function.result.liquidatable and answer < 0.0:
            return "LIQUIDATABLE"
        return CellError("#NUM!", function.errors.get("#NUM!", "the result is too large"))
    return float(answer) - date_offset if kind == "date" else float(answer)


def _shaped(cells: list[Any], shape: tuple[int, int]) -> Any:
    rows, columns = shape
    if rows * columns <= 1:
        return cells[0]
    if columns == 1:
        return [[cell] for cell in cells]
    return [cells[row * columns : (row + 1) * columns] for row in range(rows)]


_numpy_module: Any = None
_numpy_tried = False


def array_module() -> Any:
    """Return numpy, None where there is none."""
    global _numpy_module, _numpy_tried
    if not _numpy_tried:
        _numpy_tried = True
        try:
            import numpy
        except ImportError:  # Calc's own Python has none; rows are then computed one by one
            numpy = None  # type: ignore[assignment]
        _numpy_module = numpy
    return _numpy_module
