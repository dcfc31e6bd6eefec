"""Cells grouped into rectangles, because the engine takes and gives whole blocks fastest."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import Any


def by_row(rows: Sequence[int], columns: Sequence[int], cells: Sequence[Any]) -> Iterator[tuple[int, Any, Any]]:
    """Cut cells that are in order of rows into rows.

    Parameters
    ----------
    rows, columns : sequence of int
        The place of every cell.
    cells : sequence
        The cells.

    Yields
    ------
    tuple
        Row, its columns, its cells.
    """
    index, count = 0, len(rows)
    while index < count:
        row = rows[index]
        upto = bisect_right(rows, row, index, min(count, index + 16_384))
        yield row, columns[index:upto], cells[index:upto]
        index = upto


def rectangles(
    rows: Iterable[tuple[int, Sequence[int], Sequence[Any]]], gap: int = 0
) -> Iterator[tuple[int, int, list[list[Any]]]]:
    """Group rows of cells into rectangles.

    Parameters
    ----------
    rows : iterable of (row, columns, values)
        In order of rows, the columns of each in order.
    gap : int
        How many blanks in a row may be bridged (they become None).

    Yields
    ------
    tuple
        First row, first column, rows of values.
    """
    open_runs: dict[tuple[int, int], tuple[int, list[list[Any]]]] = {}
    for row, columns, values in rows:
        first, width = columns[0], columns[-1] - columns[0] + 1
        if width == len(columns):
            runs = {(first, width): values if values.__class__ is list else list(values)}
        else:
            runs = _runs(columns, values, gap)
        following: dict[tuple[int, int], tuple[int, list[list[Any]]]] = {}
        for span, run in runs.items():
            before = open_runs.pop(span, None)
            if before is not None and before[0] + len(before[1]) == row:
                before[1].append(run)
                following[span] = before
            else:
                if before is not None:
                    yield before[0], span[0], before[1]
                following[span] = (row, [run])
        for span, (top, block) in open_runs.items():
            yield top, span[0], block
        open_runs = following
    for span, (top, block) in open_runs.items():
        yield top, span[0], block


def _runs(columns: Sequence[int], values: Sequence[Any], gap: int) -> dict[tuple[int, int], list[Any]]:
    runs: dict[tuple[int, int], list[Any]] = {}
    start = columns[0]
    run: list[Any] = []
    for column, value in zip(columns, values, strict=True):
        missing = column - start - len(run)
        if missing > gap:
            runs[start, len(run)] = run
            start, run = column, [value]
        else:
            if missing:
                run.extend([None] * missing)
            run.append(value)
    runs[start, len(run)] = run
    return runs
