"""Arrays in another shape or order: EXPAND, WRAPROWS, TAKE, DROP, VSTACK, HSTACK, SORTBY, UNIQUE and their kin."""

from __future__ import annotations

import math
from functools import partial
from itertools import zip_longest
from typing import Any

from ...cells import NA
from .arguments import MOST_CELLS, Rows, alike, cells_of, cells_of_line, numbers_of, to_number, transposed
from .criteria import in_order
from .faults import Fault, number_fault, value_fault
from .registry import worksheet

#: An array as large as what is computed with others cell by cell: what it has not is #N/A.
worksheet("RXL.FIT", kinds="cells cells*")(lambda *arrays: alike(arrays)[0])


@worksheet("RXL.SORTABLE", kinds="cells cells=NONE flag=0")
def sortable(array: Rows, places: Rows | None, by_col: bool) -> Rows:
    """Return what is to be sorted by some columns (or rows), the first unless told."""
    lines = array if by_col else transposed(array)
    for place in cells_of(places or [[1.0]]):
        if isinstance(place, float) and 1 <= place < len(lines) + 1:
            in_order(lines[int(place) - 1])
    return array


@worksheet("EXPAND", kinds="range integer=NONE integer=NONE any=NA")
def expand(array: Rows, rows: int | None, columns: int | None, pad_with: Any = NA) -> Rows:
    """Return an array widened to a number of rows and columns, filled up with a value (#N/A)."""
    height, width = len(array), len(array[0])
    tall = height if rows is None else rows
    wide = width if columns is None else columns
    if tall < height or wide < width:
        raise value_fault(f"an array of {height} by {width} cells cannot be expanded to {tall} by {wide}")
    if tall * wide > MOST_CELLS:
        raise number_fault(f"an array of {tall} by {wide} cells is too large")
    return [[*row, *[pad_with] * (wide - width)] for row in (*array, *[[pad_with] * width] * (tall - height))]


@worksheet("WRAPROWS", kinds="range wrap_count any")
def wraprows(vector: Rows, wrap_count: int, pad_with: Any = NA) -> Rows:
    """Return a row or a column as rows of a length, the last one filled up."""
    cells = cells_of_line(vector)
    cells += [pad_with] * (-len(cells) % wrap_count)
    return [cells[start : start + wrap_count] for start in range(0, len(cells), wrap_count)]


#: The same in columns.
worksheet("WRAPCOLS", kinds="range wrap_count any=NA")(lambda *given: transposed(wraprows(*given)))


@worksheet("TRIMRANGE", kinds="range sides sides")
def trimrange(rng: Rows, trim_rows: int = 3, trim_columns: int = 3) -> Rows:
    """Return a range without its blank outer rows and columns (0 none, 1 leading, 2 trailing, 3 both)."""
    columns = _trimmed(transposed(_trimmed(rng, trim_rows)), trim_columns)
    if not columns:
        raise Fault("#REF!", "the range holds nothing but blanks")
    return transposed(columns)


def _trimmed(rows: Rows, sides: int) -> Rows:
    filled = [index for index, row in enumerate(rows) if any(cell is not None for cell in row)]
    if not filled:
        return [] if sides == 3 else rows
    return rows[filled[0] if sides & 1 else 0 : filled[-1] + 1 if sides & 2 else len(rows)]


#: The part that the sum of a subset is of the sum of everything.
worksheet("PERCENTOF", kinds="range range")(
    lambda part, all_: math.fsum(numbers_of(part)) / math.fsum(numbers_of(all_))
)


def _kept(size: int, count: float | None, drop: bool) -> slice:
    """Return which rows or columns of an array TAKE or DROP leaves; a negative count is from the end."""
    wanted = (0 if drop else size) if count is None else int(count)
    number = max(size - abs(wanted), 0) if drop else min(abs(wanted), size)
    if not number:
        raise Fault("#CALC!", "nothing is left of the array")
    return slice(0, number) if (wanted < 0) == drop else slice(size - number, size)


def _part(drop: bool, array: Rows, rows: float | None, columns: float | None) -> Rows:
    """Return the first rows and columns of an array (with negative numbers the last), or drop them."""
    across = _kept(len(array[0]), columns, drop)
    return [row[across] for row in array[_kept(len(array), rows, drop)]]


for _name in ("TAKE", "DROP"):
    worksheet(_name, kinds="range number=NONE number=NONE")(partial(_part, _name == "DROP"))


@worksheet("CHOOSEROWS", kinds="range range*")
def chooserows(array: Rows, *places: Rows) -> Rows:
    """Return rows of an array by their numbers, which may stand in arrays; negative ones count from the end."""
    chosen = [int(to_number(place)) for place in cells_of(map(cells_of, places))]
    if not all(1 <= abs(place) <= len(array) for place in chosen):
        raise value_fault(f"the array has {len(array)} rows or columns, not number {max(chosen, key=abs)}")
    return [array[place - (place > 0)] for place in chosen]


#: The same with columns.
worksheet("CHOOSECOLS", kinds="range range*")(lambda array, *places: transposed(chooserows(transposed(array), *places)))


@worksheet("VSTACK", kinds="range*")
def vstack(*arrays: Rows) -> Rows:
    """Return arrays one below the other; the narrower ones are filled up with #N/A."""
    width = max(len(array[0]) for array in arrays)
    return [[*row, *[NA] * (width - len(row))] for array in arrays for row in array]


#: The same side by side.
worksheet("HSTACK", kinds="range*")(lambda *arrays: transposed(vstack(*map(transposed, arrays))))


@worksheet("UNIQUE", kinds="range flag flag")
def unique(array: Rows, by_col: bool = False, exactly_once: bool = False) -> Rows:
    """Return the different rows (or columns) of an array, or those that are there once; letters may be in any case."""
    found: dict[tuple[Any, ...], Rows] = {}
    for row in transposed(array) if by_col else array:
        key = tuple((cell.__class__, cell.lower() if isinstance(cell, str) else cell) for cell in row)
        found.setdefault(key, []).append(row)
    rows = [alike[0] for alike in found.values() if len(alike) == 1 or not exactly_once]
    if not rows:
        raise Fault("#CALC!", "every row is there more than once")
    return transposed(rows) if by_col else rows


@worksheet("SORTBY", kinds="range range*")
def sortby(array: Rows, *keys: Rows) -> Rows:
    """Return the rows (or columns) of an array in the order of other arrays, each followed by 1 or -1."""
    from .lookup import sort_key

    along_columns = len(array) == 1 and len(array[0]) > 1
    lines = transposed(array) if along_columns else array
    order = list(range(len(lines)))
    for by, in_which in reversed(list(zip_longest(keys[::2], keys[1::2], fillvalue=[[None]]))):
        cells, direction = list(cells_of(by)), next(cells_of(in_which))
        if len(cells) != len(lines) or direction not in (1, -1, None):
            raise value_fault("each array to sort by must be as long as the sorted one, each order 1 or -1")
        in_order(cells)
        order.sort(key=[sort_key(cell) for cell in cells].__getitem__, reverse=direction == -1)
        order.sort(key=lambda index: cells[index] is None)  # blank cells are the last ones in both orders
    lines = [lines[index] for index in order]
    return transposed(lines) if along_columns else lines
