"""Structured references (Table[Column], Table[[#Totals],[A]:[B]], Table[@Column]) turned into A1 areas."""

from __future__ import annotations

import re

from ..files.package import Table
from ..references import Area, column_letters, quoted_sheet
from .tree import (
    FormulaError,
)

_PART = re.compile(r"\[((?:'.|[^\]'])*)\]|([^,\[\]]+)", re.S)
_ESCAPE = re.compile(r"'(.)", re.S)
_ITEMS = ("#all", "#data", "#headers", "#totals", "#this row")


class ThisRow:
    """A structured reference to the row of the formula's own cell."""

    __slots__ = ("left", "right", "sheet", "table")

    def __init__(self, table: Table, sheet: str, left: int, right: int) -> None:
        self.table = table
        self.sheet = sheet
        self.left = column_letters(left)
        self.right = column_letters(right)

    def at(self, row: int) -> str:
        """Return the A1 text for a formula in a row, #VALUE! outside the table's data."""
        if not self.table.first_row <= row <= self.table.last_row:
            return "#VALUE!"
        if self.left == self.right:
            return f"{self.sheet}${self.left}{row}"
        return f"{self.sheet}${self.left}{row}:${self.right}{row}"


def split_specifier(inner: str) -> tuple[list[str], list[str]]:
    """Return the items (#Totals, @...) and the one or two column names of a specifier.

    Parameters
    ----------
    inner : str
        What stands between the outer square brackets.

    Returns
    -------
    tuple of list of str and list of str
        Items in lower case; column names without escapes.
    """
    text = inner.strip()
    items: list[str] = []
    columns: list[str] = []
    if text.startswith("@"):
        items.append("#this row")
        text = text[1:].strip()
    if not text:
        return items, columns
    if not text.startswith("["):
        if text.startswith("#"):
            return [*items, text.lower()], columns
        return items, [_ESCAPE.sub(r"\1", text)]
    for bracketed, bare in _PART.findall(text):
        if bracketed.strip().lower() in _ITEMS:
            items.append(bracketed.strip().lower())
        elif bracketed or bare.strip() not in ("", ":"):
            # XlsxWriter expands [@Price] to [[#This Row],Price], with a column that has no brackets of its own.
            columns.append(_ESCAPE.sub(r"\1", bracketed or bare.strip()))
    return items, columns


def resolve(table: Table, inner: str | None, sheet: str, same_sheet: bool) -> str | ThisRow:
    """Return the A1 text of a structured reference, or what gives it for a row.

    Parameters
    ----------
    table : Table
        The table meant.
    inner : str or None
        The specifier, None for the bare table name.
    sheet : str
        The name of the table's sheet.
    same_sheet : bool
        Whether the formula stands on that sheet.

    Returns
    -------
    str or ThisRow
        ``#REF!`` when the table has no such part.

    Raises
    ------
    FormulaError
        The table has no such column.
    """
    items, columns = split_specifier(inner) if inner is not None else ([], [])
    prefix = "" if same_sheet else quoted_sheet(sheet) + "!"
    left, right = table.area.left, table.area.right
    if columns:
        found = [table.lookup.get(column.strip().lower().replace("\n", " "), -1) for column in columns]
        found = [
            table.lookup.get(column.lower().replace("\n", " "), -1) if position < 0 else position
            for column, position in zip(columns, found, strict=True)
        ]
        if min(found) < 0:
            raise FormulaError(f"the table {table.name} has no column {columns[found.index(min(found))]!r}")
        left, right = table.area.left + min(found), table.area.left + max(found)
    if "#this row" in items:
        return ThisRow(table, prefix, left, right)
    rows = _rows(table, items)
    if rows is None:
        return "#REF!"
    area = Area(rows[0], left, rows[1], right)
    first = f"${column_letters(area.left)}${area.top}"
    if area.top == area.bottom and area.left == area.right:
        return prefix + first
    return f"{prefix}{first}:${column_letters(area.right)}${area.bottom}"


def _rows(table: Table, items: list[str]) -> tuple[int, int] | None:
    spans: list[tuple[int, int]] = []
    for item in items or ["#data"]:
        if item == "#all":
            spans.append((table.area.top, table.area.bottom))
        elif item == "#data":
            spans.append((table.first_row, max(table.first_row, table.last_row)))
        elif item == "#headers" and table.header:
            spans.append((table.area.top, table.area.top))
        elif item == "#totals" and table.totals:
            spans.append((table.area.bottom, table.area.bottom))
        else:
            return None
    return min(top for top, _ in spans), max(bottom for _, bottom in spans)
