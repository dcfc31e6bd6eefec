"""From worksheet values to the numbers of a kernel: types, blanks, headers, shapes, ranges of allowed values."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from types import NoneType
from typing import Any, Final

from rebalance_xl.cells import (
    BLANK,
    CellError,
    as_float,
    as_rows,
    describe,
    error_to_nan,
    is_range,
    to_serial,
)

#: The default of a parameter that must be given.
REQUIRED: Final = "required"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument of a worksheet function.

    Parameters
    ----------
    name, help, unit
        The name in lower_snake form, what it means (read from the kernel's docstring), and its unit.
    kind
        "number", "date", "word" (one of `words`, read as a number), "label" (a name, read as text), "switch"
        (TRUE or FALSE) or "raw" (handed to `convert`).
    default
        The value of an omitted argument; :data:`REQUIRED` when there is none.
    words, or_number
        The allowed words and the number each stands for; whether a number in low..high is allowed as well.
    low, high, above
        The allowed range; `above` excludes `low` itself.
    blank
        What a blank cell means: "na" (#N/A), "row" (the whole row is blank), "keep" (the kernel sees a blank),
        "default" (as if omitted).
    vector, alone
        The kernel wants the whole range, not one number per row; such a range may have a length of its own.
    data
        FALSE for options; zero-argument forms ask whether all *data* arguments are omitted.
    model
        What the argument is in the workbook's own model: a column, a name, or a small formula of these.
    clock, optional
        The host fills TODAY() when it is omitted; it may be omitted in a cell although the kernel needs it.
    sum_of, sum_at_most
        The omitted argument is the sum of that parameter's range; the range's own sum may not exceed this.
    never
        The word NEVER is accepted and read as infinity.
    convert, whole
        For kind "raw": from one worksheet value to what the kernel gets (a CellError is the answer), and which
        ranges are one such value rather than one per row; without `whole` every range is.
    """

    name: str
    kind: str = "number"
    unit: str = ""
    help: str = ""
    default: Any = REQUIRED
    words: Mapping[str, float] = field(default_factory=dict)
    or_number: bool = False
    low: float = -math.inf
    high: float = math.inf
    above: bool = False
    blank: str = "na"
    vector: bool = False
    alone: bool = False
    data: bool = True
    model: str = ""
    clock: bool = False
    optional: bool = False
    sum_of: str = ""
    sum_at_most: float = math.inf
    never: bool = False
    convert: Callable[[Any], Any] | None = None
    whole: Callable[[Sequence[Sequence[Any]]], bool] | None = None

    @property
    def required(self) -> bool:
        """Whether a user must give the argument."""
        return not self.has_default and not self.optional

    @property
    def has_default(self) -> bool:
        """Whether the catalogue itself knows what an omitted argument is."""
        return self.default is not REQUIRED or bool(self.sum_of)

    @property
    def default_number(self) -> float:
        """The default as the kernel gets it."""
        return self.words[self.default.casefold()] if isinstance(self.default, str) else float(self.default)

    def allows(self, number: float) -> bool:
        """Tell whether a number lies in the allowed range."""
        return (self.low < number if self.above else self.low <= number) and number <= self.high

    def allowed(self) -> str:
        """Say in words what is allowed."""
        parts = []
        if self.words:
            parts.append("one of " + ", ".join(f'"{word}"' for word in self.words))
        if not self.words or self.or_number:
            parts.append(self._allowed_numbers())
        return " or ".join(parts)

    def _allowed_numbers(self) -> str:
        noun = "a date" if self.kind == "date" else "a number"
        if self.low > -math.inf and self.high < math.inf:
            return f"{noun} {'above ' if self.above else 'from '}{self.low:g} to {self.high:g}"
        if self.low > -math.inf:
            return f"{noun} {'above' if self.above else 'not below'} {self.low:g}"
        if self.high < math.inf:
            return f"{noun} up to {self.high:g}"
        return noun


class BlankError(CellError):
    """The #N/A of a blank cell where a value belongs; a row that is blank as a whole outranks it."""

    __slots__ = ()


def read_number(parameter: Parameter, value: Any, date_offset: float = 0) -> float | CellError:
    """Return the number that one cell stands for in a parameter, or the error that it is.

    A blank cell (or an empty text) is read as the parameter says: BLANK, the default, or an error.
    """
    kind = type(value)
    if kind is int:
        kind, value = float, as_float(value)
    if kind is float:
        if parameter.words and not parameter.or_number and parameter.kind == "word":
            number = parameter.words.get(f"{value:g}")
            if number is not None:
                return number
            return CellError("#VALUE!", f"{parameter.name} is {describe(value)}; allowed is {parameter.allowed()}")
        number = value + (date_offset if parameter.kind == "date" else 0.0)
        if not math.isfinite(number):
            return CellError("#NUM!", f"{parameter.name} is no finite number")
        return number if parameter.allows(number) else _out_of_range(parameter, value)
    if value is None or (kind is str and not value.strip()):
        return _read_blank(parameter)
    if isinstance(value, CellError):
        return value
    if kind is str:
        return _read_text(parameter, value)
    if isinstance(value, dt.date):
        return read_number(parameter, to_serial(value))
    if kind is not bool and hasattr(value, "__float__"):
        return read_number(parameter, float(value), date_offset)
    return CellError("#VALUE!", f"{parameter.name} is {describe(value)}; allowed is {parameter.allowed()}")


def _out_of_range(parameter: Parameter, value: Any) -> CellError:
    percent = parameter.unit == "fraction" and isinstance(value, float | int) and value > 1
    hint = "; fractions are meant, not percents (0.2, not 20)" if percent else ""
    return CellError("#NUM!", f"{parameter.name} is {describe(value)}; allowed is {parameter.allowed()}{hint}")


def _read_blank(parameter: Parameter) -> float | CellError:
    if parameter.blank == "default" and parameter.default is not REQUIRED:
        return parameter.default_number
    if parameter.blank in ("row", "keep"):
        return BLANK
    return BlankError("#N/A", f"{parameter.name} is blank")


def _read_text(parameter: Parameter, value: str) -> float | CellError:
    word = value.strip().casefold()
    if word in parameter.words:
        return parameter.words[word]
    if parameter.never and word == "never":
        return math.inf
    return CellError("#VALUE!", f"{parameter.name} is {describe(value)}; allowed is {parameter.allowed()}")


def read_label(parameter: Parameter, value: Any) -> str | CellError:
    """Return the text of one cell of a label range; a blank is an empty text."""
    if isinstance(value, CellError):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float | int):
        return f"{as_float(value):.15g}"
    return str(value).strip()


def read_switch(parameter: Parameter, value: Any) -> float | CellError:
    """Return 1 for TRUE and 0 for FALSE; 1 and 0 themselves are accepted."""
    if value is True or value is False or (type(value) in (float, int) and value in (0, 1)):
        return float(value)
    if value is None or value == "":
        return parameter.default_number
    if isinstance(value, CellError):
        return value
    return CellError("#VALUE!", f"{parameter.name} is {describe(value)}; allowed is TRUE or FALSE")


class Operand:
    """One argument as the kernel's numbers: one value, or one per cell of a range in row order."""

    __slots__ = ("columns", "errors", "parameter", "rows", "values")

    def __init__(self, parameter: Parameter, values: Any, rows: int, columns: int, errors: dict[int, CellError]):
        self.parameter = parameter
        self.values = values
        self.rows = rows
        self.columns = columns
        self.errors = errors

    @property
    def is_single(self) -> bool:
        """Whether this is one value, to be used for every row."""
        return self.rows == 0

    @property
    def size(self) -> int:
        """How many cells there are."""
        return max(self.rows * self.columns, 1)


def read_operand(parameter: Parameter, cells: Sequence[Any], shape: tuple[int, int], date_offset: float) -> Operand:
    """Read the cells of one argument; `shape` (0, 0) means a single value."""
    rows, columns = shape
    errors: dict[int, CellError] = {}
    if parameter.kind == "raw":
        return _read_raw(parameter, cells, shape)
    if parameter.kind in ("number", "date") and shape != (0, 0):
        plain = _plain_numbers(parameter, cells) if parameter.kind == "number" or not date_offset else None
        if plain is not None:
            return Operand(parameter, plain, rows, columns, errors)
    if parameter.kind == "word" and shape != (0, 0) and set(map(type, cells)) == {str}:
        numbers = list(map(parameter.words.get, cells))
        if None not in numbers:
            return Operand(parameter, numbers, rows, columns, errors)
    read = {"label": read_label, "switch": read_switch}.get(parameter.kind)
    values: list[Any] = []
    texts: dict[str, Any] = {}  # a column of words has few different ones
    for index, cell in enumerate(cells):
        found = texts.get(cell) if type(cell) is str else None
        if found is None:
            found = read(parameter, cell) if read else read_number(parameter, cell, date_offset)
            if type(cell) is str:
                texts[cell] = found
        if isinstance(found, CellError):
            errors[index] = found
            found = error_to_nan(found.code) if parameter.kind != "label" else ""
        values.append(found)
    return Operand(parameter, values, rows, columns, errors)


def _plain_numbers(parameter: Parameter, cells: Sequence[Any]) -> list[float] | None:
    """Return a column of allowed numbers and meaningful blanks at once; None where a cell needs a closer look."""
    kinds = set(map(type, cells))
    if kinds != {float} and kinds != {float, NoneType}:
        return None
    numbers = cells if NoneType not in kinds else [cell for cell in cells if cell is not None]
    if not all(map(math.isfinite, numbers)) or not _all_allowed(parameter, numbers):
        return None
    if numbers is cells:
        return list(cells)
    blank = _read_blank(parameter)
    if isinstance(blank, CellError):
        return None
    return [blank if cell is None else cell for cell in cells]


def _read_raw(parameter: Parameter, cells: Sequence[Any], shape: tuple[int, int]) -> Operand:
    assert parameter.convert is not None
    errors: dict[int, CellError] = {}
    values: list[Any] = []
    texts: dict[str, Any] = {}
    for index, cell in enumerate(cells):
        found = texts.get(cell) if type(cell) is str else None
        if found is None:
            found = parameter.convert(cell)
            if type(cell) is str:
                texts[cell] = found
        if isinstance(found, CellError):
            errors[index] = found
            found = error_to_nan(found.code)
        values.append(found)
    return Operand(parameter, values, *shape, errors)


def _all_allowed(parameter: Parameter, cells: Sequence[float]) -> bool:
    return parameter.allows(min(cells)) and parameter.allows(max(cells))


# --- shapes: headers, trailing blanks, agreement --------------------------------------------------------------


def _is_empty(cell: Any) -> bool:
    return cell is None or (type(cell) is str and not cell.strip())


class ShapeError(Exception):
    """Ranges that do not go together; the text says which."""


def align(parameters: Sequence[Parameter], arguments: Sequence[Any]) -> list[tuple[list[Any], tuple[int, int]]]:
    """Return the cells and shape of each argument after headers and trailing blanks are dropped.

    A single value (and a range of one cell) has shape (0, 0). The ranges with one number per row come out with one
    common shape, and so do those that the kernel takes whole, unless the parameter stands alone.

    Raises
    ------
    ShapeError
        If two ranges differ in length or orientation.
    """
    found: list[tuple[list[Any], tuple[int, int]]] = []
    for parameter, argument in zip(parameters, arguments, strict=True):
        if not is_range(argument):
            found.append(([argument], (0, 0)))
            continue
        rows = as_rows(argument)
        height, width = len(rows), len(rows[0]) if rows else 0
        if height == 0 or width == 0:
            raise ShapeError(f"{parameter.name} is an empty range")
        if not set(map(type, rows)) <= {list, tuple} or set(map(len, rows)) != {width}:
            raise ShapeError(f"{parameter.name} has rows of different lengths")
        if _is_one_value(parameter, rows):
            found.append(([argument], (0, 0)))
            continue
        cells = list(chain.from_iterable(rows))
        found.append((cells, (0, 0) if height == width == 1 else (height, width)))
    ranges = [i for i, (_, shape) in enumerate(found) if shape != (0, 0)]
    for whole in (False, True):
        group = [i for i in ranges if parameters[i].vector is whole]
        _align_group(parameters, found, [i for i in group if not parameters[i].alone])
        for i in group:
            if parameters[i].alone:
                _align_group(parameters, found, [i])
    _check_leader(parameters, found)
    return found


def _check_leader(parameters: Sequence[Parameter], found: Sequence[tuple[list[Any], tuple[int, int]]]) -> None:
    """Refuse one value for what the rows are about, beside a range that has several."""
    whole = [i for i, each in enumerate(parameters) if each.vector and not each.alone]
    several = [i for i in whole if len(found[i][0]) > 1]
    for i in whole:
        if several and i not in several and (i == whole[0] or parameters[i].blank == "row"):
            other = several[0]
            raise ShapeError(
                f"{parameters[i].name} is one value but {parameters[other].name} has {_shape_text(found[other][1])}"
            )


def _is_one_value(parameter: Parameter, rows: Sequence[Sequence[Any]]) -> bool:
    if parameter.kind != "raw" or (len(rows) == 1 and len(rows[0]) == 1):
        return False
    return parameter.whole is None or parameter.whole(rows)


def _align_group(
    parameters: Sequence[Parameter], found: list[tuple[list[Any], tuple[int, int]]], ranges: Sequence[int]
) -> None:
    if not ranges:
        return
    if all(1 in found[i][1] for i in ranges):
        _drop_headers(parameters, found, ranges)
        _drop_trailing_blanks(found, ranges)
    first = ranges[0]
    for i in ranges[1:]:
        if found[i][1] != found[first][1]:
            raise ShapeError(
                f"{parameters[i].name} has {_shape_text(found[i][1])} but {parameters[first].name} has "
                f"{_shape_text(found[first][1])}"
            )


def _drop_headers(
    parameters: Sequence[Parameter], found: list[tuple[list[Any], tuple[int, int]]], ranges: Sequence[int]
) -> None:
    lengths = {len(found[i][0]) for i in ranges}
    for length in lengths:
        same = [i for i in ranges if len(found[i][0]) == length]
        numeric = [i for i in same if parameters[i].kind in ("number", "date")]
        firsts = [found[i][0][0] for i in numeric]
        words = [i for i in numeric if _is_word(parameters[i], found[i][0][0])]
        is_header = (
            length > 1
            and not words
            and any(type(cell) is str and not _is_empty(cell) for cell in firsts)
            and all(cell is None or _may_be_header(cell) for cell in firsts)
        )
        if is_header:
            for i in same:
                cells, (rows, columns) = found[i]
                found[i] = (cells[1:], (rows - 1, columns) if columns == 1 else (rows, columns - 1))


def is_headed(parameters: Sequence[Parameter], arguments: Sequence[Any]) -> bool:
    """Tell whether the first argument, a range with one number per row, begins with its heading.

    Parameters
    ----------
    parameters, arguments
        As for :func:`align`; fewer arguments are enough.
    """
    found: list[tuple[list[Any], tuple[int, int]]] = []
    for argument in arguments:
        rows = as_rows(argument) if is_range(argument) else [[argument]]
        found.append(([cell for row in rows for cell in row], (len(rows), len(rows[0]) if rows else 0)))
    pairs = list(enumerate(zip(parameters, found, strict=False)))
    ranges = [i for i, (parameter, (_, shape)) in pairs if not parameter.vector and 1 in shape]
    before = len(found[0][0])
    _drop_headers(parameters, found, ranges)
    return len(found[0][0]) < before


def _may_be_header(cell: Any) -> bool:
    """Say whether a text can be a heading; "5000" and "-" are numbers that arrived as texts, not names of a column."""
    if type(cell) is not str or (not _is_empty(cell) and not any(map(str.isalpha, cell))):
        return False
    try:
        float(cell)
    except ValueError:
        return True
    return False


def _is_word(parameter: Parameter, cell: Any) -> bool:
    if type(cell) is not str:
        return False
    word = cell.strip().casefold()
    return word in parameter.words or (parameter.never and word == "never")


def _drop_trailing_blanks(found: list[tuple[list[Any], tuple[int, int]]], ranges: Sequence[int]) -> None:
    used = 1
    for i in ranges:
        cells = found[i][0]
        length = len(cells)
        while length > used and _is_empty(cells[length - 1]):
            length -= 1
        used = max(used, length)
    for i in ranges:
        cells, (_, columns) = found[i]
        if len(cells) > used:
            found[i] = (cells[:used], (used, 1) if columns == 1 else (1, used))


def _shape_text(shape: tuple[int, int]) -> str:
    rows, columns = shape
    if columns == 1:
        return f"{rows} rows"
    return f"{columns} columns" if rows == 1 else f"{rows} rows and {columns} columns"
