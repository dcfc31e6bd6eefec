"""A formula computed once per value in a scratch workbook: MAP, REDUCE, SCAN, BYROW, BYCOL and MAKEARRAY.

So are functions of one value that are given arrays where the engine does not go through them: ``MONTH(A1:A9)`` inside
SUMPRODUCT is nine calls, answered by the engine's own MONTH, so that blanks and errors arrive as in a cell (`EACH`).

The body of the LAMBDA travels as text with marks where its parameters and the references it uses go; the values of both
travel beside it, so that the engine's dependencies are right and arrays may have any size.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Final

import formualizer as fz

from ..references import Area, column_letters

LAMBDA: Final = "RXL.LAMBDA"
#: What calls a function of one value cell by cell.
EACH: Final = "EACH"
ONE, TAKE = "RXL.ONE", "RXL.TAKE"
#: Functions that call a LAMBDA, with the number of arguments before it (MAP has one or more).
CALLERS: Final[dict[str, int]] = {"MAP": 1, "REDUCE": 2, "SCAN": 2, "BYROW": 1, "BYCOL": 1, "MAKEARRAY": 2}
_OPEN, _CLOSE = "\ue010", "\ue011"
_MARK: Final = re.compile(f"{_OPEN}[0-9]+P[0-9]+{_CLOSE}")
_MOST: Final = {EACH: 2_000_000}
_MOST_CALLS: Final = 500_000
_CALC: Final = {"type": "Error", "kind": "Calc"}
_VALUE: Final = {"type": "Error", "kind": "Value"}
_NA: Final = {"type": "Error", "kind": "Na"}

Rows = list[list[Any]]


def parameter_mark(depth: int, number: int) -> str:
    """Return the mark of a parameter in the text of a body."""
    return f"{_OPEN}{depth}P{number}{_CLOSE}"


def free_mark(depth: int, number: int) -> str:
    """Return the mark of a reference that the body takes from outside."""
    return f"{_OPEN}{depth}F{number}{_CLOSE}"


def _rows(value: Any) -> Rows:
    return value if isinstance(value, list) else [[value]]


class Scratch:
    """A workbook in which bodies are computed.

    Parameters
    ----------
    workbook
        An empty workbook of the engine with the functions that the body needs.
    depth
        How deep the LAMBDA is nested, which its marks carry.
    to_cell
        Turns an engine's value into one that can be set.
    """

    def __init__(self, workbook: Any, depth: int, to_cell: Callable[[Any], Any]) -> None:
        self.workbook = workbook
        self.depth = depth
        self.to_cell = to_cell
        self.sheet = workbook.sheet("S")
        self.column = 1
        self.taken: Any = None
        workbook.register_function(ONE, _single, min_args=1, max_args=1)
        workbook.register_function(TAKE, self._take, min_args=1, max_args=1)

    def _take(self, value: Any) -> float:
        self.taken = value
        return 0.0

    def place(self, value: Any) -> Area:
        """Write a value into free cells and return where it stands."""
        rows = _rows(value)
        area = Area(1, self.column, len(rows), self.column + len(rows[0]) - 1)
        self.write(area, rows)
        self.column = area.right + 2
        return area

    def write(self, area: Area, rows: Rows) -> None:
        """Write rows of values."""
        cells = [[self.to_cell(cell) for cell in row] for row in rows]
        self.sheet.set_values_batch(area.top, area.left, len(cells), len(cells[0]), cells)

    def fill(self, body: str, parameters: Sequence[str]) -> str:
        """Return a body with its parameters in place of their marks."""
        for number, text in enumerate(parameters):
            body = body.replace(parameter_mark(self.depth, number), text)
        return body

    def every(self, formulas: list[str]) -> list[Any]:
        """Return the values of formulas."""
        column = self.column + 1
        self.sheet.set_formulas_batch(1, column, len(formulas), 1, [[f"={text}"] for text in formulas])
        self.workbook.evaluate_all()
        cells = self.sheet.get_values(fz.RangeAddress("S", 1, column, len(formulas), column))
        return [0.0 if row[0] is None else row[0] for row in cells]

    def once(self, text: str) -> Any:
        """Return what one formula gives, an array too."""
        row, column = 1, 16_000
        self.taken = None
        self.sheet.set_formula(row, column, f"={TAKE}({text})")
        outcome = self.workbook.evaluate_cell("S", row, column)
        return outcome if isinstance(outcome, dict) else self.taken


def _single(value: Any) -> Any:
    if isinstance(value, list):
        return _CALC if len(value) != 1 or len(value[0]) != 1 else value[0][0]
    return value


def _cell(row: int, column: int) -> str:
    return f"${column_letters(column)}${row}"


def call(kind: str, body: str, scratch: Scratch, free: Sequence[Any], values: Sequence[Any]) -> Any:
    """Return what a function that calls a LAMBDA gives.

    Parameters
    ----------
    kind
        One of `CALLERS`.
    body
        The LAMBDA's formula with marks.
    scratch
        Where it is computed.
    free
        What the body uses from outside, in the order of its marks.
    values
        The arguments before the LAMBDA.
    """
    for number, value in enumerate(free):
        area = scratch.place(value)
        text = f"{_cell(area.top, area.left)}"
        if (area.top, area.left) != (area.bottom, area.right):
            text += f":{_cell(area.bottom, area.right)}"
        body = body.replace(free_mark(scratch.depth, number), text)
    if kind not in ("REDUCE", "SCAN", EACH):
        body = f"{ONE}({body})"  # an array is #CALC!, as a cell of an array cannot hold one
    if kind == "MAKEARRAY":
        return _made(body, scratch, values)
    if kind in ("REDUCE", "SCAN"):
        return _folded(kind, body, scratch, values)
    if kind in ("MAP", EACH):
        return _mapped(kind, body, scratch, values)
    rows = _rows(values[0])
    area = scratch.place(rows)
    if kind == "BYROW":
        parts = [Area(row, area.left, row, area.right) for row in range(area.top, area.bottom + 1)]
    else:
        parts = [Area(area.top, column, area.bottom, column) for column in range(area.left, area.right + 1)]
    answers = scratch.every([scratch.fill(body, [part.text()]) for part in parts])
    return [[answer] for answer in answers] if kind == "BYROW" else [answers]


def _check_size(kind: str, count: int) -> None:
    """Refuse to compute a formula too often: a limit of this program, not an error of the worksheet."""
    most = _MOST.get(kind, _MOST_CALLS)
    if count > most:
        raise ValueError(f"a formula for {count} cells, more than {most}")


def _made(body: str, scratch: Scratch, values: Sequence[Any]) -> Any:
    sizes = [_rows(value)[0][0] for value in values]
    if not all(isinstance(size, float) and size >= 1 for size in sizes):
        return _VALUE
    _check_size("MAKEARRAY", int(sizes[0]) * int(sizes[1]))
    height, width = (int(size) for size in sizes)
    answers = scratch.every(
        [scratch.fill(body, [str(r), str(c)]) for r in range(1, height + 1) for c in range(1, width + 1)]
    )
    return [answers[row * width : (row + 1) * width] for row in range(height)]


def _addresses(area: Area, height: int, width: int, repeats: bool) -> list[str]:
    """Return the addresses of an array's cells in a larger shape; a cell that it has not is #N/A."""
    rows = [row if row <= area.bottom else 1 if repeats and area.bottom == 1 else 0 for row in range(1, height + 1)]
    last = area.right - area.left
    columns = [
        column_letters(area.left + min(place, last)) if place <= last or (repeats and not last) else ""
        for place in range(width)
    ]
    return [f"{letters}{row}" if row and letters else "#N/A" for row in rows for letters in columns]


def _mapped(kind: str, body: str, scratch: Scratch, values: Sequence[Any]) -> Any:
    """Go through arrays together; EACH repeats single rows and columns and takes #N/A for what an array has not."""
    grids = [_rows(value) for value in values]
    height, width = max(len(grid) for grid in grids), max(len(grid[0]) for grid in grids)
    _check_size(kind, height * width)
    places = [_addresses(scratch.place(grid), height, width, repeats=kind == EACH) for grid in grids]
    marks = [parameter_mark(scratch.depth, number) for number in range(len(grids))]
    order = [marks.index(mark) for mark in _MARK.findall(body) if mark in marks]
    pattern = scratch.fill(body.replace("%", "%%"), ["%s"] * len(grids))
    formulas = [
        "NA()" if kind == "MAP" and "#N/A" in cells else pattern % tuple([cells[number] for number in order])
        for cells in zip(*places, strict=True)
    ]
    answers = scratch.every(formulas)
    return [answers[row * width : (row + 1) * width] for row in range(height)]


def _folded(kind: str, body: str, scratch: Scratch, values: Sequence[Any]) -> Any:
    """Step through the cells one by one: each result is the next one's first parameter, an array too in REDUCE."""
    grid = _rows(values[1])
    cells = [cell for row in grid for cell in row]
    _check_size(kind, len(cells))
    element = scratch.place(0.0)
    scratch.column += 1
    running: Any = values[0]
    column = scratch.column
    answers: list[Any] = []
    for cell in cells:
        rows = _rows(running)
        area = Area(1, column, len(rows), column + len(rows[0]) - 1)
        scratch.write(area, rows)
        scratch.write(element, [[cell]])
        running = scratch.once(scratch.fill(body, [area.text(), element.text()]))
        if kind == "SCAN":
            answers.append(_single(running))
    if kind == "REDUCE":
        return running
    width = len(grid[0])
    return [answers[start : start + width] for start in range(0, len(answers), width)]
