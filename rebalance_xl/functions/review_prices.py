"""Ranges of several columns as arguments: prices with one column an asset, matrices, whole tables with headers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from rebalance_xl.arguments import Parameter
from rebalance_xl.cells import CellError, as_float, as_rows, describe, is_range, to_serial

#: A table as a range gives it: headers in lower case, and rows of worksheet values.
Table = tuple[tuple[str, ...], tuple[tuple[Any, ...], ...]]


def grid(name: str, **options: Any) -> Parameter:
    """Declare a range of numbers with rows and columns; one number is a range of one cell."""
    return Parameter(name, kind="raw", unit="number", convert=lambda value: read_grid(name, value), **options)


def price_grid(name: str = "prices", **options: Any) -> Parameter:
    """Declare closes: a row for each day, a column for each asset; a header row is left out."""
    return Parameter(name, kind="raw", unit="price", convert=lambda value: read_prices(name, value), **options)


def table(name: str, **options: Any) -> Parameter:
    """Declare a whole table with its header row."""
    return Parameter(name, kind="raw", unit="table", convert=lambda value: read_table(name, value), **options)


def _is_empty(cell: Any) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())


def _rows(value: Any) -> list[list[Any]]:
    rows = [list(row) for row in as_rows(value)] if is_range(value) else [[value]]
    while len(rows) > 1 and all(_is_empty(cell) for cell in rows[-1]):
        rows.pop()
    return rows


def read_grid(name: str, value: Any) -> list[list[float]] | CellError:
    """Return the numbers of a range, or the error that it is."""
    found: list[list[float]] = []
    for row in _rows(value):
        numbers: list[float] = []
        for cell in row:
            number = _number(name, cell)
            if isinstance(number, CellError):
                return number
            numbers.append(number)
        found.append(numbers)
    return found


def _number(name: str, cell: Any) -> float | CellError:
    if isinstance(cell, CellError):
        return cell
    if _is_empty(cell):
        return CellError("#N/A", f"{name} has a blank cell")
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        return CellError("#VALUE!", f"{name} has {describe(cell)}; allowed is a number")
    number = as_float(cell)
    return number if math.isfinite(number) else CellError("#NUM!", f"{name} has no finite number")


def read_prices(name: str, value: Any) -> list[list[float]] | CellError:
    """Return closes by row, or the error: a price is blank, no number or not above 0, or there are too few rows."""
    rows = _rows(value)
    if len(rows) > 1 and all(isinstance(cell, str) for cell in rows[0]):
        rows = rows[1:]
    found = read_grid(name, rows)
    if isinstance(found, CellError):
        return found
    if len(found) < 2:
        return CellError("#N/A", f"{name} has {len(found)} closes; at least 2 are needed")
    lowest = min(min(row) for row in found)
    if lowest <= 0.0:
        return CellError("#NUM!", f"{name} has {lowest:g}; allowed is a number above 0")
    return found


def read_table(name: str, value: Any) -> Table | CellError:
    """Return a table's headers in lower case, and its rows without trailing blank ones; a date as its serial."""
    rows = _rows(value)
    if len(rows) < 2 or not all(isinstance(cell, str) for cell in rows[0] if not _is_empty(cell)):
        return CellError("#VALUE!", f"{name} must be a table with its header row and at least one row")
    headers = tuple(str(cell or "").strip().casefold() for cell in rows[0])
    return headers, tuple(tuple(_plain(cell) for cell in row) for row in rows[1:])


def _plain(cell: Any) -> Any:
    import datetime as dt

    return to_serial(cell) if isinstance(cell, dt.date) else cell


def column_of(found: Table, name: str) -> list[Any] | None:
    """Return the cells of a column, None where the table has none of that name."""
    headers, rows = found
    if name.casefold() not in headers:
        return None
    place = headers.index(name.casefold())
    return [row[place] for row in rows]


def numbers_of(cells: Sequence[Any], blank: float) -> list[float] | CellError:
    """Return a column's numbers with `blank` for blank cells; text or an error in it is the answer."""
    found: list[float] = []
    for cell in cells:
        if _is_empty(cell):
            found.append(blank)
            continue
        number = _number("the column", cell)
        if isinstance(number, CellError):
            return number
        found.append(number)
    return found
