"""A formula computed once per value in a scratch workbook: MAP, REDUCE, SCAN, BYROW, BYCOL and MAKEARRAY.

So are functions of one value that are given arrays where the engine does not go through them: ``MONTH(A1:A9)`` inside
SUMPRODUCT is nine calls, answered by the engine's own MONTH, so that blanks and errors arrive as in a cell (`EACH`).

The body of the LAMBDA travels as text with marks where its parameters and the references it uses go; the values of both
travel beside it, so that the engine's dependencies are right and arrays may have any size.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any, Final

import formualizer as fz

from ..native.arguments import Rows, each_once, to_rows
from ..references import Area, column_letters

LAMBDA: Final = "RXL.LAMBDA"
#: The place of a cell that an array of MAP has not, beside larger ones: there the whole body is #N/A.
NOWHERE: Final = ""
#: What calls a function of one value cell by cell.
EACH: Final = "EACH"
ONE, TAKE, SEEN = "RXL.ONE", "RXL.TAKE", "RXL.SEEN"
#: Functions that give cells, of which a blank one stays blank in an array, and the text that stands for it.
_GIVE_CELLS: Final = ("INDEX(", "CHOOSE(", "SWITCH(", "IFS(", "XLOOKUP(", "VLOOKUP(", "HLOOKUP(", "LOOKUP(")
_BLANK: Final = "\ue012"
#: Functions that call a LAMBDA, with the number of arguments before it (MAP has one or more).
CALLERS: Final[dict[str, int]] = {"MAP": 1, "REDUCE": 2, "SCAN": 2, "BYROW": 1, "BYCOL": 1, "MAKEARRAY": 2}
PARAMETER, FREE = "P", "F"
#: Rows of placed values that have a parameter in a column, as a body asks for them.
_PLACED: Final = r"((?:INDEX\()?[A-Z]+\d+:[A-Z]+\d+(?:,,\d+\))?)"
_WITH: Final = re.compile(rf"\bFILTER\({_PLACED},{_PLACED}=(\ue010\d+P\d+\ue011)\)")
_CALC: Final = {"type": "Error", "kind": "Calc"}
_VALUE: Final = {"type": "Error", "kind": "Value"}


def mark(kind: str, depth: int, number: int) -> str:
    """Return the mark of a parameter in the text of a body, or of a reference that the body takes from outside."""
    return f"\ue010{depth}{kind}{number}\ue011"


class Scratch:
    """A workbook in which bodies are computed: an empty one of the engine, with the functions that they need.

    `depth` says how deep the LAMBDA is nested, which its marks carry; `to_cell` makes a value one that can be set.
    """

    def __init__(self, workbook: Any, depth: int, to_cell: Callable[[Any], Any]) -> None:
        self.workbook = workbook
        self.depth = depth
        self.to_cell = to_cell
        self.sheet = workbook.sheet("S")
        self.column = 1
        self.taken: list[Any] = []
        self.placed: dict[str, Rows] = {}
        self.single: dict[str, Any] = {}
        self._with: dict[tuple[str, str], dict[Any, str]] = {}
        workbook.register_function(ONE, _single, min_args=1, max_args=1)
        workbook.register_function(SEEN, lambda value: _BLANK if value is None else value, min_args=1, max_args=1)
        # Not a method: the engine's memory would refer to itself through Python and never be freed.
        workbook.register_function(TAKE, self.taken.append, min_args=1, max_args=1)

    def place(self, value: Any) -> Area:
        """Write a value into free cells and return where it stands."""
        rows = to_rows(value)
        area = self.write(self.column, rows)
        self.column = area.right + 2
        self.placed[area.text()] = rows
        return area

    def write(self, column: int, rows: Rows) -> Area:
        """Write rows of values from a column on."""
        cells = [[self.to_cell(cell) for cell in row] for row in rows]
        self.sheet.set_values_batch(1, column, len(cells), len(cells[0]), cells)
        return Area(1, column, len(cells), column + len(cells[0]) - 1)

    def filled(self, body: str, texts: Sequence[str]) -> str:
        """Return a body with the texts of its parameters in the places of their marks."""
        marks = {mark(PARAMETER, self.depth, number): text for number, text in enumerate(texts)}

        def rows_with(asked: re.Match[str]) -> str:
            rows, column, parameter = asked.groups()
            key = _key(self.single.get(marks.get(parameter, "")))
            return asked[0] if key is None else self._rows_with(rows, column).get(key, asked[0])

        body = _WITH.sub(rows_with, body)
        for each, text in marks.items():
            body = body.replace(each, text)
        return body

    def _rows_with(self, asked: str, column: str) -> dict[Any, str]:
        """Return what gives the rows with each value in a column, which are put below each other once for all of these.

        Nothing is given where the engine may take different values for the same.
        """
        if (asked, column) not in self._with:
            given = self._with[asked, column] = {}
            rows, cells = self._values(asked), self._values(column)
            alike = {*map(len, cells)} == {1} and len(cells) == len(rows)
            keys = [_key(cell) for (cell,) in cells] if alike else []
            found: defaultdict[Any, Rows] = defaultdict(list)
            for key, row in zip(keys, rows, strict=True) if {*map(type, keys)} in ({float}, {str}) else ():
                found[key].append([*row, True])  # the last one has FILTER give all of them
            area = self.place([*chain(*found.values())])
            top = 1
            for key, some in found.items():
                end = top + len(some) - 1
                every, last = Area(top, area.left, end, area.right - 1), Area(top, area.right, end, area.right)
                given[key] = f"FILTER({every.text()},{last.text()})"
                top = end + 1
        return self._with[asked, column]

    def _values(self, asked: str) -> Rows:
        """Return placed values, or a column of them; none where there is no such column."""
        area, _, number = asked.rstrip(")").removeprefix("INDEX(").partition(",,")
        rows, place = self.placed.get(area, []), int(number or 0)
        return [row[place - 1 : place] for row in rows if place <= len(row)] if place else rows

    def every(self, body: str, given: Sequence[Sequence[str]]) -> list[Any]:
        """Return the values of a body for the texts of its parameters."""
        formulas = [["=NA()" if NOWHERE in texts else f"={self.filled(body, texts)}"] for texts in given]
        column = self.column + 1
        self.sheet.set_formulas_batch(1, column, len(formulas), 1, formulas)
        self.workbook.evaluate_all()
        cells = self.sheet.get_values(fz.RangeAddress("S", 1, column, len(formulas), column))
        return [None if row[0] == _BLANK else 0.0 if row[0] is None else row[0] for row in cells]

    def once(self, body: str, *texts: str) -> Any:
        """Return what a body gives for the texts of its parameters, an array too."""
        row, column = 1, 16_000
        self.taken.clear()
        self.sheet.set_formula(row, column, f"={TAKE}({self.filled(body, texts)})")
        outcome = self.workbook.evaluate_cell("S", row, column)
        return outcome if isinstance(outcome, dict) else (self.taken or [None])[-1]


def _key(value: Any) -> Any:
    """Return what a number or a plain text is told from others by, None for anything else."""
    if value.__class__ is str:
        return value.lower() if value and value.isascii() else None
    return value if value.__class__ is float else None


def _single(value: Any) -> Any:
    if isinstance(value, list):
        return _CALC if len(value) != 1 or len(value[0]) != 1 else value[0][0]
    return value


def call(kind: str, body: str, scratch: Scratch, free: Sequence[Any], values: Sequence[Any]) -> Any:
    """Return what a function that calls a LAMBDA gives: one of `CALLERS`, with the arguments before the LAMBDA.

    `body` is the LAMBDA's formula with marks, `free` what it uses from outside, in the order of these.
    """
    for number, value in enumerate(free):
        place = mark(FREE, scratch.depth, number)
        if place in body:
            body = body.replace(place, scratch.place(value).text())
    if kind in ("REDUCE", "SCAN"):
        return _folded(kind, body, scratch, values[0], to_rows(values[1]))
    if kind == EACH and body.startswith(_GIVE_CELLS):
        body = f"{SEEN}({body})"  # a blank cell is none any more in a cell that refers to it
    if kind != EACH:
        body = f"{ONE}({body})"  # an array is #CALC!, as a cell of an array cannot hold one
    grids = [to_rows(value) for value in values]
    given: Sequence[Sequence[str]]
    if kind == "MAKEARRAY":
        sizes = [grid[0][0] for grid in grids]
        if not all(isinstance(size, float) and size >= 1 for size in sizes):
            return _VALUE
        height, width = (int(size) for size in sizes)
        _check_size(kind, height * width)
        given = [(str(row + 1), str(column + 1)) for row in range(height) for column in range(width)]
    elif kind in ("BYROW", "BYCOL"):
        area = scratch.place(grids[0])
        parts = [Area(row, area.left, row, area.right) for row in range(area.top, area.bottom + 1)]
        if kind == "BYCOL":
            parts = [Area(area.top, column, area.bottom, column) for column in range(area.left, area.right + 1)]
        width = 1 if kind == "BYROW" else len(parts)
        given = [(part.text(),) for part in parts]
    else:
        height, width = max(len(grid) for grid in grids), max(len(grid[0]) for grid in grids)
        _check_size(kind, height * width)
        if kind == EACH:
            return _for_each(body, scratch, grids)
        areas = [scratch.place(grid) for grid in grids]
        if _WITH.search(body):
            for area, grid in zip(areas, grids, strict=True):
                scratch.single.update(zip(_addresses(area, len(grid), len(grid[0])), chain(*grid), strict=True))
        given = list(zip(*(_addresses(area, height, width) for area in areas), strict=True))
    answers = scratch.every(body, given)
    return [answers[start : start + width] for start in range(0, len(answers), width)]


def _check_size(kind: str, count: int) -> None:
    """Refuse to compute a formula too often: a limit of this program, not an error of the worksheet."""
    most = 2_000_000 if kind == EACH else 500_000
    if count > most:
        raise ValueError(f"a formula for {count} cells, more than {most}")


def _for_each(body: str, scratch: Scratch, grids: Sequence[Rows]) -> Rows:
    """Return what a function of one value gives for each place of some arrays, computed once for the same values."""

    def answer(different: list[tuple[Any, ...]]) -> list[Any]:
        columns = [scratch.place([[value] for value in column]).left for column in zip(*different, strict=True)]
        letters = list(map(column_letters, columns))
        return scratch.every(body, [[f"{each}{row}" for each in letters] for row in range(1, len(different) + 1)])

    return each_once(grids, answer, apart=body.startswith("RANDBETWEEN("))


def _addresses(area: Area, height: int, width: int) -> list[str]:
    """Return the addresses of an array's cells in a larger shape."""
    rows = [row if row <= area.bottom else 0 for row in range(1, height + 1)]
    last = area.right - area.left
    columns = [column_letters(area.left + place) if place <= last else "" for place in range(width)]
    return [f"{letters}{row}" if row and letters else NOWHERE for row in rows for letters in columns]


def _folded(kind: str, body: str, scratch: Scratch, running: Any, grid: Rows) -> Any:
    """Step through the cells one by one: each result is the next one's first parameter, an array too in REDUCE."""
    cells = [cell for row in grid for cell in row]
    _check_size(kind, len(cells))
    element = scratch.place(0.0)
    answers: list[Any] = []
    for cell in cells:
        area = scratch.write(element.right + 2, to_rows(running))
        scratch.write(element.left, [[cell]])
        running = scratch.once(body, area.text(), element.text())
        answers.append(_single(running))
    width = len(grid[0])
    rows = [answers[start : start + width] for start in range(0, len(answers), width)]
    return running if kind == "REDUCE" else rows
