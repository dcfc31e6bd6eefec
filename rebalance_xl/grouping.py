"""Rows with one label are one asset: functions that judge holdings judge the sum of an asset's rows."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from rebalance_xl.arguments import is_headed
from rebalance_xl.cells import MISSING, CellError, as_rows, is_range

#: The arguments that belong to a row rather than to the whole: values, targets and bands.
_OF_A_ROW = ("values", "targets", "bands")
_LARGEST = sys.float_info.max
_YES = ("yes", "true", "y", "x")
_NO = ("no", "false", "n", "")


def call_grouped(function: Any, arguments: Sequence[Any], date_offset: float) -> Any:
    """Return the answer of a function whose last two arguments are the labels of the rows and their locks.

    Parameters
    ----------
    function
        A function of the catalogue, declared with the trailing arguments `assets` and `locked`.
    arguments
        As for :meth:`Function.call`; both may be missing.
    date_offset
        As for :meth:`Function.call`.

    Returns
    -------
    float, str, CellError or list of rows
        Weight, drift, flag and reason are the asset's on each of its rows. Amounts of money are shared over its rows in
        proportion to their unlocked value; what is sold is never more than that.
    """
    plain = function.plain
    count = len(plain.parameters)
    base = list(arguments[:count])
    labels, locks = (*arguments[count : count + 2], MISSING, MISSING)[:2]
    context = arguments[count + 2 :]
    if (labels is MISSING and locks is MISSING) or not base or base[0] is MISSING:
        return plain.call(*base, *context, date_offset=date_offset)
    if is_range(base[0]) and is_headed(plain.parameters, base):
        height = len(_cells(base[0])[0])
        *base, labels, locks = [_without_heading(each, height) for each in (*base, labels, locks)]
    values, shape = _cells(base[0])
    size = len(values)
    names = _cells(labels)[0] if labels is not MISSING else [None] * size
    locked = _cells(locks)[0] if locks is not MISSING else [None] * size
    if len(names) < size or len(locked) < size:
        return CellError("#VALUE!", f"assets and locked need a cell for each of the {size} values")
    groups = _groups(names[:size])
    free = [_free(value, lock) for value, lock in zip(values, locked, strict=False)]
    if len(groups) == size and all(_plain_lock(lock) for lock in locked[:size]):
        return plain.call(*base, *context, date_offset=date_offset)
    columns = {}
    for index, parameter in enumerate(plain.parameters):
        if index < len(base) and parameter.name in _OF_A_ROW and is_range(base[index]):
            columns[index] = _cells(base[index])[0]
    asked = list(base)
    for index, cells in columns.items():
        if plain.parameters[index].name == "values":
            asked[index] = [[_sum([cells[place] for place in group])] for group in groups]
        else:
            asked[index] = [[_first([cells[place] for place in group if place < len(cells)])] for group in groups]
        first = asked[index][0]
        if isinstance(first[0], str) and first[0].strip():  # a text of the data, which must not pass for a heading
            first[0] = CellError("#VALUE!", f'{plain.parameters[index].name} is "{first[0]}", not a number')
    answer = plain.call(*asked, *context, date_offset=date_offset)
    found = [row[0] for row in answer] if isinstance(answer, list) else [answer]
    cells_out: list[Any] = [""] * size
    for group, one in zip(groups, found, strict=False):
        for place, cell in zip(group, _shared(function, one, group, values, free), strict=True):
            cells_out[place] = cell
    height, width = shape
    rows = [cells_out[row * width : (row + 1) * width] for row in range(height)]
    return rows if is_range(base[0]) else cells_out[0]


def _cells(argument: Any) -> tuple[list[Any], tuple[int, int]]:
    rows = [list(row) for row in as_rows(argument)] if is_range(argument) else [[argument]]
    return [cell for row in rows for cell in row], (len(rows), len(rows[0]) if rows else 0)


def _without_heading(argument: Any, length: int) -> Any:
    """Return a range of a length without its first cell, anything else as it is."""
    if not is_range(argument) or len(_cells(argument)[0]) != length:
        return argument
    rows = as_rows(argument)
    return [list(rows[0])[1:]] if len(rows) == 1 else rows[1:]


def _groups(names: Sequence[Any]) -> list[list[int]]:
    """Return the rows of each label; a row without one is alone."""
    found: dict[Any, list[int]] = {}
    for place, name in enumerate(names):
        text = str(name).strip().casefold() if name is not None and not isinstance(name, CellError) else ""
        found.setdefault(text or ("", place), []).append(place)
    return list(found.values())


def _is_number(cell: Any) -> bool:
    if not isinstance(cell, int | float) or isinstance(cell, bool):
        return False
    return abs(cell) <= _LARGEST


def _sum(cells: Sequence[Any]) -> Any:
    """Return the sum of an asset's values; an error among them stays one, blanks only stay blank."""
    wrong = next((cell for cell in cells if isinstance(cell, CellError)), None)
    if wrong is not None:
        return wrong
    odd = next((cell for cell in cells if cell not in (None, "") and not _is_number(cell)), None)
    if odd is not None:
        return odd
    numbers = [float(cell) for cell in cells if _is_number(cell)]
    return sum(numbers) if numbers else None


def _first(cells: Sequence[Any]) -> Any:
    return next((cell for cell in cells if cell not in (None, "")), None)


def _plain_lock(lock: Any) -> bool:
    return lock is None or lock is False or (isinstance(lock, str) and lock.strip().casefold() in _NO)


def _free(value: Any, lock: Any) -> float | CellError | None:
    """Return the money of a row that may be sold; an error where that cannot be told from yes and no."""
    if not _is_number(value):
        return None
    if _plain_lock(lock) or lock == 0:
        return float(value)
    if lock is True or (isinstance(lock, str) and lock.strip().casefold() in _YES):
        return 0.0
    if _is_number(lock):
        return CellError("#N/A", f"{lock:g} units are locked: how much money that is only the plan knows")
    return lock if isinstance(lock, CellError) else CellError("#VALUE!", f"locked holds {lock!r}, not yes or no")


def _shared(function: Any, answer: Any, group: Sequence[int], values: Sequence[Any], free: Sequence[Any]) -> list[Any]:
    """Return an asset's answer on each of its rows: money in proportion to what is unlocked, anything else as it is."""
    if function.result.kind != "money" or not _is_number(answer):
        return [answer if _is_number(values[place]) or isinstance(answer, CellError) else "" for place in group]
    wrong = next((free[place] for place in group if isinstance(free[place], CellError)), None)
    if wrong is not None and answer:
        return [wrong for _ in group]
    open_money = [free[place] if _is_number(free[place]) else 0.0 for place in group]
    whole = sum(open_money)
    amount = float(answer)
    selling = function.name == "TRIM_AMOUNT" or (function.name == "TRADE_AMOUNT" and amount < 0)
    if selling:
        amount = min(abs(amount), whole) * (1.0 if function.name == "TRIM_AMOUNT" else -1.0)
        parts = open_money
    else:
        parts = (
            open_money if whole > 0 else [max(0.0, float(values[p])) if _is_number(values[p]) else 0.0 for p in group]
        )
    total = sum(parts)
    if total <= 0:
        parts, total = [1.0] + [0.0] * (len(group) - 1), 1.0
        amount = 0.0 if selling else amount
    shared = [amount * part / total + 0.0 for part in parts]
    return [cell if _is_number(values[place]) else "" for place, cell in zip(group, shared, strict=True)]
