"""Structured references (Table[Column], Table[[#Totals],[A]:[B]], Table[@Column]) turned into A1 areas."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from ..files.package import Table
from ..references import Area, column_letters, quoted_sheet
from .tree import FormulaError

_PART: Final = re.compile(r"\[((?:'.|[^\]'])*)\]|([^,\[\]]+)", re.S)
_ESCAPE: Final = re.compile(r"'(.)", re.S)
_ITEMS: Final = ("#all", "#data", "#headers", "#totals", "#this row")


@dataclass(frozen=True, slots=True)
class ThisRow:
    """A structured reference to the row of the formula's own cell; `sheet` is a prefix, left and right are letters."""

    table: Table
    sheet: str
    left: str
    right: str

    def at(self, row: int) -> str:
        """Return the A1 text for a formula in a row, #VALUE! outside the table's data."""
        if not self.table.first_row <= row <= self.table.last_row:
            return "#VALUE!"
        if self.left == self.right:
            return f"{self.sheet}${self.left}{row}"
        return f"{self.sheet}${self.left}{row}:${self.right}{row}"


def split_specifier(inner: str) -> tuple[list[str], list[str]]:
    """Return the items (#totals, #this row for @) and the one or two column names between the outer brackets."""
    text = inner.strip()
    items: list[str] = []
    columns: list[str] = []
    if text.startswith("@"):
        items.append("#this row")
        text = text[1:].strip()
    if text.startswith("#"):
        return [*items, text.lower()], columns
    if text and not text.startswith("["):
        return items, [_ESCAPE.sub(r"\1", text)]
    for bracketed, bare in _PART.findall(text):
        if bracketed.strip().lower() in _ITEMS:
            items.append(bracketed.strip().lower())
        elif bracketed or bare.strip() not in ("", ":"):
            # XlsxWriter expands [@Price] to [[#This Row],Price], with a column that has no brackets of its own.
            columns.append(_ESCAPE.sub(r"\1", bracketed or bare.strip()))
    return items, columns


def resolve(table: Table, inner: str | None, sheet: str, same_sheet: bool) -> str | ThisRow:
    """Return the A1 text of a structured reference, or what gives it for a row; None stands for the bare table name.

    `sheet` is the name of the table's sheet, which is left out in formulas on it. A part that the table has not is
    ``#REF!``, a column that it has not is refused.
    """
    items, columns = split_specifier(inner) if inner is not None else ([], [])
    prefix = "" if same_sheet else quoted_sheet(sheet) + "!"
    places = [_column(table, column) for column in columns] or [0, table.area.width - 1]
    left, right = table.area.left + min(places), table.area.left + max(places)
    if "#this row" in items:
        return ThisRow(table, prefix, column_letters(left), column_letters(right))
    spans = {
        "#all": (table.area.top, table.area.bottom),
        "#data": (table.first_row, max(table.first_row, table.last_row)),
        "#headers": (table.area.top, table.area.top) if table.header else None,
        "#totals": (table.area.bottom, table.area.bottom) if table.totals else None,
    }
    rows = [row for item in items or ["#data"] for row in spans.get(item) or (0,)]
    if 0 in rows:
        return "#REF!"
    area = Area(min(rows), left, max(rows), right)
    first = f"{prefix}${column_letters(left)}${area.top}"
    return first if area.height == area.width == 1 else f"{first}:${column_letters(right)}${area.bottom}"


def _column(table: Table, column: str) -> int:
    """Return the place of a column in its table."""
    for name in (column.strip(), column):
        place = table.lookup.get(name.lower().replace("\n", " "))
        if place is not None:
            return place
    raise FormulaError(f"the table {table.name} has no column {column!r}")
