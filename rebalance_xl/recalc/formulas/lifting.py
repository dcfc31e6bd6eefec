"""Functions of one value applied to arrays cell by cell, where the engine itself does not.

``MONTH(A1:A9)`` inside SUMPRODUCT or an array formula is nine calls. They are made as nine formulas in a scratch
workbook, so that the engine's own implementation answers and blanks and errors arrive as in a cell.
"""

from __future__ import annotations

from typing import Any

import formualizer as fz

from ..references import Area, column_letters
from .parameter_classes import EACH, MISSING

_LIMIT = 2_000_000


def lift(name: str, mask: str, arguments: tuple[Any, ...], date1904: bool, to_cell: Any) -> Any:
    """Return a function's answers for arrays.

    Parameters
    ----------
    name : str
        The worksheet function.
    mask : str
        One letter per argument: EACH, WHOLE or MISSING.
    arguments : tuple
        Values and ranges as the engine hands them over.
    date1904 : bool
        Whether dates count from 1904.
    to_cell : callable
        Turns an engine's value into one that can be set.

    Returns
    -------
    list of list
        The engine's values; #N/A where two arrays do not fit each other.
    """
    height = width = 1
    for letter, argument in zip(mask, arguments, strict=True):
        if letter == EACH and isinstance(argument, list):
            height, width = max(height, len(argument)), max(width, len(argument[0]))
    size = height * width
    if size > _LIMIT:
        raise ValueError(f"{name} for more than {_LIMIT} cells")
    config = fz.EvaluationConfig()
    config.enable_parallel = False
    if date1904:
        config.date_system = "1904"
    mode = fz.WorkbookMode.Interactive
    scratch = fz.Workbook(mode=mode, config=fz.WorkbookConfig(mode=mode, eval_config=config, enable_changelog=False))
    scratch.set_temporal_egress("serial")
    sheet = scratch.sheet("S")
    column = 1
    places: list[str] = []
    for letter, argument in zip(mask, arguments, strict=True):
        if letter == MISSING:
            places.append("")
            continue
        if isinstance(argument, list) and letter == EACH:
            values = _stretched(argument, height, width)
            sheet.set_values_batch(1, column, size, 1, [[to_cell(value)] for value in values])
            places.append(column_letters(column) + "{}")
        else:
            rows = argument if isinstance(argument, list) else [[argument]]
            sheet.set_values_batch(1, column, len(rows), len(rows[0]), [[to_cell(v) for v in row] for row in rows])
            area = Area(1, column, len(rows), column + len(rows[0]) - 1)
            places.append(area.text())
            column += len(rows[0]) - 1
        column += 1
    template = f"={name}({','.join(places)})"
    sheet.set_formulas_batch(1, column, size, 1, [[template.replace("{}", str(row))] for row in range(1, size + 1)])
    scratch.evaluate_all()
    answers = sheet.get_values(fz.RangeAddress("S", 1, column, size, column))
    flat = [to_cell(row[0]) for row in answers]
    return [flat[row * width : (row + 1) * width] for row in range(height)]


def _stretched(argument: list[list[Any]], height: int, width: int) -> list[Any]:
    """Return an array's values row by row for a larger shape; one row or column is repeated, else #N/A fills up."""
    tall, wide = len(argument), len(argument[0])
    if (tall, wide) == (height, width):
        return [value for row in argument for value in row]
    lacking = {"type": "Error", "kind": "Na"}
    return [
        lacking
        if (row >= tall and tall > 1) or (column >= wide and wide > 1)
        else argument[min(row, tall - 1)][min(column, wide - 1)]
        for row in range(height)
        for column in range(width)
    ]
