"""XMATCH and XLOOKUP with every match and search mode, approximate look-ups, ADDRESS, the numbers of errors."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import takewhile
from operator import itemgetter
from typing import Any

from ...cells import CellError
from ..references import MAX_COLUMNS, MAX_ROWS, column_letters, quoted_sheet
from .arguments import Rows, cells_of, cells_of_line, is_number, no_error, to_text, transposed
from .criteria import ERRORS, in_order, wildcard
from .faults import Fault, undecided_fault, value_fault
from .registry import worksheet
from .text_parts import expression_of

#: Sheet names that stand without quotes before a cell: no blanks and signs, no digit first, not like a cell itself.
_PLAIN_SHEET = re.compile(r"(?:\[[^\[\]']*\])?[^\W\d][\w.]*")
_LIKE_A_CELL = re.compile(r"[A-Za-z]{1,3}\d+|[Rr]\d*[Cc]?\d*|[Cc]\d*")


def sort_key(value: Any) -> tuple[int, Any]:
    """Return a key that orders values as Excel does: numbers, text in any case, FALSE, TRUE, errors, blanks."""
    if is_number(value):
        return 0, float(value)
    if isinstance(value, str):
        return 1, value.lower()
    if isinstance(value, bool):
        return 2, value
    return (3, value.code) if isinstance(value, CellError) else (4, "")


def position(lookup: Any, cells: list[Any], match_mode: int, search_mode: int) -> int:
    """Return the position (from 0) of a value among the cells of one row or column.

    A blank value finds a blank cell where it has to be equal, and counts as 0 otherwise. `match_mode` is 0 equal, -1
    equal or the next smaller, 1 equal or the next larger, 2 wildcards, 3 a regular expression; `search_mode` is 1 from
    the first, -1 from the last, 2 and -2 binary in rising and falling order. It is #N/A when there is none, #VALUE! for
    an unknown mode.
    """
    if match_mode not in (-1, 0, 1, 2, 3) or search_mode not in (1, -1, 2, -2):
        raise value_fault(f"match_mode is {match_mode} and search_mode {search_mode}")
    no_error(lookup)
    if abs(search_mode) == 2:
        if match_mode in (2, 3):
            raise value_fault("a pattern cannot be looked for by a binary search")
        if len({sort_key(cell)[0] for cell in cells}) > 1:
            raise undecided_fault("where a binary search among numbers and texts ends")
        found = _binary(lookup, cells, match_mode, falling=search_mode == -2)
    else:
        found = _linear(lookup, cells, match_mode, backwards=search_mode == -1)
    if found is None:
        raise Fault("#N/A", f"{to_text(lookup)!r} is not found")
    return found


def _tester(lookup: Any, match_mode: int) -> Callable[[Any], bool]:
    if match_mode in (2, 3) and isinstance(lookup, str):
        found = wildcard(lookup).match if match_mode == 2 else expression_of(lookup, False).search
        return lambda cell: isinstance(cell, str) and found(cell) is not None
    if lookup is None and match_mode == 0:
        return lambda cell: cell is None
    key = _sought(lookup)
    return lambda cell: cell is not None and sort_key(cell) == key


def _sought(lookup: Any) -> tuple[int, Any]:
    return sort_key(0.0 if lookup is None else lookup)


def _linear(lookup: Any, cells: list[Any], match_mode: int, backwards: bool) -> int | None:
    order = range(len(cells))[:: -1 if backwards else 1]
    equal = _tester(lookup, match_mode)
    found = next((index for index in order if equal(cells[index])), None)
    if found is not None or match_mode not in (-1, 1):
        return found
    key = _sought(lookup)
    others = [(sort_key(cells[index]), index) for index in order if cells[index] is not None]
    near = [each for each in others if each[0][0] == key[0] and (each[0] < key) == (match_mode == -1)]
    return (max if match_mode == -1 else min)(near, key=itemgetter(0), default=(key, None))[1]


def _binary(lookup: Any, cells: list[Any], match_mode: int, falling: bool) -> int | None:
    """Halve the cells as if they were sorted; cells of another type than the value are passed over towards the end."""
    key = _sought(lookup)
    low, high = 0, len(cells) - 1
    before: int | None = None
    after: int | None = None
    while low <= high:
        middle = (low + high) // 2
        # Errors, which are most of the cells at times, are passed over first.
        others = (at for at in range(middle, high + 1) if cells[at].__class__ is not CellError)
        probe = next((at for at in others if sort_key(cells[at])[0] == key[0]), None)
        if probe is None:
            high = middle - 1
            continue
        other = sort_key(cells[probe])
        if other == key:
            return probe
        in_order((other[1], key[1]))
        if (other < key) != falling:
            before, low = probe, probe + 1
        else:
            after, high = probe, middle - 1
    smaller, larger = (after, before) if falling else (before, after)
    return smaller if match_mode == -1 else larger if match_mode == 1 else None


#: The position of a value in a row or a column, from 1.
worksheet("RXL.XMATCH", kinds="any range integer=0 integer=1")(
    lambda lookup_value, lookup_array, *modes: position(lookup_value, cells_of_line(lookup_array), *modes) + 1
)


@worksheet("RXL.XLOOKUP", kinds="any range range any=NONE integer=0 integer=1")
def xlookup(sought: Any, among: Rows, answers: Rows, if_not_found: Any, match_mode: int, search_mode: int) -> Any:
    """Return what stands in another range where a value is found."""
    cells = cells_of_line(among)
    along_rows = len(among) > 1 or len(answers) == len(cells)
    if len(answers if along_rows else answers[0]) != len(cells):
        raise value_fault("the lookup array and the return array must be as long")
    no_error(sought)
    try:
        found = position(sought, cells, match_mode, search_mode)
    except Fault as fault:
        if fault.error.code == "#N/A" and if_not_found is not None:
            return if_not_found
        raise
    return [answers[found]] if along_rows else [[row[found]] for row in answers]


@worksheet("ERROR.TYPE", kinds="any")
def error_type(error_val: Any) -> int:
    """Return the number of an error value; #N/A for anything else."""
    if not isinstance(error_val, CellError):
        raise Fault("#N/A", "the value is no error")
    return ERRORS.index(error_val.code) + 1 if error_val.code in ERRORS else 3


def last_not_above(lookup: Any, cells: list[Any]) -> int:
    """Return the position (from 0) at which Excel's approximate search in rising order ends.

    The search halves the cells whether they are sorted or not, and passes over errors, blanks and other types; a value
    beyond everything therefore finds the last cell of its type. Where it meets the very value it stops, at the last
    of the same values that follow each other. It is #N/A when every cell the search meets is above the value.
    """
    found = _binary(no_error(lookup), cells, -1, falling=False)
    if found is None:
        raise Fault("#N/A", f"{to_text(lookup)!r} lies before everything")
    key = _sought(lookup)
    if sort_key(cells[found]) == key:
        while found + 1 < len(cells) and sort_key(cells[found + 1]) == key:
            found += 1
    return found


@worksheet("RXL.LOOKUP", kinds="any range range")
def lookup(lookup_value: Any, lookup_vector: Rows, result_vector: Rows | None = None) -> Any:
    """Return what stands at the last value not above a value, in the same array's last row or column or in another."""
    lines = transposed(lookup_vector) if len(lookup_vector[0]) > len(lookup_vector) else lookup_vector
    found = last_not_above(lookup_value, [line[0] for line in lines])
    results = [line[-1] for line in lines] if result_vector is None else list(cells_of(result_vector))
    if found >= len(results):
        raise Fault("#N/A", f"the result has {len(results)} cells, number {found + 1} is wanted")
    return 0.0 if results[found] is None else results[found]


#: The position of the last value not above a value, from 1.
worksheet("RXL.MATCH", kinds="any range")(lambda value, cells: last_not_above(value, cells_of_line(cells)) + 1)


@worksheet("RXL.MATCHDOWN", kinds="any range")
def match_down(lookup_value: Any, lookup_array: Rows) -> int:
    """Return the position of the last value not below a value, counted from 1.

    Nobody describes how Excel goes through values that do not fall: #N/A or a position is given where it is the same
    one after the other, the same but ending at the very value, and halving them.
    """
    cells, key = cells_of_line(lookup_array), _sought(no_error(lookup_value))
    own = [place for place, cell in enumerate(cells) if sort_key(cell)[0] == key[0]]
    passed = list(takewhile(lambda place: sort_key(cells[place]) >= key, own))
    last = passed[-1] if passed else None
    first = next((place for place in passed if sort_key(cells[place]) == key), last)
    if not first == last == _binary(lookup_value, cells, 1, falling=True):
        raise undecided_fault("where a search among values that do not fall ends")
    if last is None:
        raise Fault("#N/A", f"{to_text(lookup_value)!r} lies before everything")
    return last + 1


@worksheet("RXL.VLOOKUP", kinds="any range integer flag=TRUE")
def vlookup(lookup_value: Any, table_array: Rows, col_index_num: int, range_lookup: bool) -> Any:
    """Return what stands in a column of a table where the first cell is the last not above a value, or the same."""
    cells = [row[0] for row in table_array]
    found = last_not_above(lookup_value, cells) if range_lookup else position(lookup_value, cells, 2, 1)
    size = len(table_array[0])
    if not 1 <= col_index_num <= size:  # where nothing is found that does not matter
        code = "#VALUE!" if col_index_num < 1 else "#REF!"
        raise Fault(code, f"the index is {col_index_num}; it must lie between 1 and {size}")
    answer = table_array[found][col_index_num - 1]
    return 0.0 if answer is None else answer


#: The same along the first row of a table.
worksheet("RXL.HLOOKUP", kinds="any range integer flag=TRUE")(
    lambda lookup_value, table_array, *rest: vlookup(lookup_value, transposed(table_array), *rest)
)


@worksheet("ADDRESS", kinds="integer integer integer flag text")
def address(row_num: int, column_num: int, abs_num: int = 1, a1: bool = True, sheet_text: str | None = None) -> str:
    """Return a reference as text: absolute (1), row only (2), column only (3) or relative (4), in either style."""
    if not (1 <= row_num <= MAX_ROWS and 1 <= column_num <= MAX_COLUMNS and 1 <= abs_num <= 4):
        raise value_fault(f"row {row_num}, column {column_num} and abs_num {abs_num} name no cell")
    fixed_row, fixed_column = abs_num in (1, 2), abs_num in (1, 3)
    if a1:
        cell = f"{'$' * fixed_column}{column_letters(column_num)}{'$' * fixed_row}{row_num}"
    else:
        cell = f"R{row_num if fixed_row else f'[{row_num}]'}C{column_num if fixed_column else f'[{column_num}]'}"
    if sheet_text is None:
        return cell
    plain = not sheet_text or (_PLAIN_SHEET.fullmatch(sheet_text) and not _LIKE_A_CELL.fullmatch(sheet_text))
    return f"{sheet_text if plain else quoted_sheet(sheet_text)}!{cell}"
