"""What an add-in may look up in the Calc document that calls it: tables, names, the origin of dates.

A table is a database range (Data - Define Range; Excel's tables arrive as such), or else a named range whose
first row holds the headers. A defined name is a cell, a range or a constant.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from rebalance_xl.cells import MISSING
from rebalance_xl.hosts.calc.values import error_value

__all__ = ["CalcDocument", "by_name", "constant"]

_EXCEL_ORIGIN = dt.date(1899, 12, 30)


class CalcDocument:
    """Reads the model out of a spreadsheet document.

    Parameters
    ----------
    model : com.sun.star.sheet.SpreadsheetDocument
        The document; Calc hands it to an add-in function that asks for its caller.
    """

    def __init__(self, model: Any) -> None:
        self.model = model
        #: The ranges that were looked up, for whoever wants to know when they change.
        self.used: list[Any] = []

    def date_offset(self) -> int:
        """Return the days between this document's dates and Excel's 1900 system: 1462 in a 1904 book."""
        origin = self.model.NullDate
        return (dt.date(origin.Year, origin.Month, origin.Day) - _EXCEL_ORIGIN).days

    def lookup(self, reference: str) -> Any:
        """Return the values of ``Portfolio[Value]``, ``MarginTiers`` or ``TrimTo``, MISSING where there is none.

        A column comes without its header and totals row, as rows of one cell; a whole table as its data rows;
        a name as its value, or as rows where it is a range.
        """
        table, bracket, column = reference.partition("[")
        if bracket:
            return self.column(table, column.rstrip("]"))
        area = self._table_range(reference)
        if area is not None:
            self.used.append(area)
            return self._data_rows(reference, area)[1:] or MISSING
        return self.named_value(reference)

    def uses_book(self, references: Sequence[str]) -> bool:
        """Tell whether the table of the first reference is there; then all parts of the book are used.

        Parameters
        ----------
        references
            What the book is made of, as :func:`rebalance_xl.catalogue.book_parts` lists it.
        """
        tables = dict.fromkeys(each.partition("[")[0] for each in references if "[" in each)
        areas = [self._table_range(table) for table in tables]
        if areas[0] is None:
            return False
        named = [by_name(self.model.NamedRanges, each) for each in references if "[" not in each]
        areas += [each.getReferredCells() for each in named if each is not None]
        self.used += [area for area in areas if area is not None]
        return True

    def column(self, table: str, column: str) -> Any:
        """Return one column of a table below its header, MISSING where the table or the column is not there."""
        area = self._table_range(table)
        if area is None:
            return MISSING
        self.used.append(area)
        rows = self._data_rows(table, area)
        if column.casefold() in ("#all", "#data"):
            return rows if column.casefold() == "#all" else rows[1:]
        wanted = column.strip().casefold()
        for index, header in enumerate(rows[0]):
            if str(header).strip().casefold() == wanted:
                return [[row[index]] for row in rows[1:]] or MISSING
        return MISSING

    def named_value(self, name: str) -> Any:
        """Return the value behind a defined name, MISSING where the document has no such name."""
        named = by_name(self.model.NamedRanges, name)
        if named is None:
            return MISSING
        area = named.getReferredCells()
        if area is None:
            return constant(named.Content)
        self.used.append(area)
        rows = _rows(area)
        return rows[0][0] if len(rows) == len(rows[0]) == 1 else rows

    def _table_range(self, name: str) -> Any:
        """Return the cells of a table with its header, or None."""
        found = by_name(self.model.DatabaseRanges, name)
        if found is not None:
            area = found.DataArea
            sheet = self.model.Sheets.getByIndex(area.Sheet)
            return sheet.getCellRangeByPosition(area.StartColumn, area.StartRow, area.EndColumn, area.EndRow)
        named = by_name(self.model.NamedRanges, name)
        area = named.getReferredCells() if named is not None else None
        if area is None:
            return None
        size = area.getRangeAddress()
        return area if size.EndRow > size.StartRow else None

    def _data_rows(self, name: str, area: Any) -> list[list[Any]]:
        rows = _rows(area)
        found = by_name(self.model.DatabaseRanges, name)
        if found is not None and getattr(found, "TotalsRow", False):
            rows.pop()
        return rows


def by_name(collection: Any, name: str) -> Any:
    """Return the element of a UNO name container, without regard to case; None where there is none."""
    if collection.hasByName(name):
        return collection.getByName(name)
    folded = name.casefold()
    for each in collection.getElementNames():
        if each.casefold() == folded:
            return collection.getByName(each)
    return None


def _rows(area: Any) -> list[list[Any]]:
    """Return the cells of a range; blank cells and empty texts are None, error values stay what they are."""
    return [
        [
            error_value(area.getCellByPosition(x, y).getError()) if cell is None else None if cell == "" else cell
            for x, cell in enumerate(row)
        ]
        for y, row in enumerate(area.getDataArray())
    ]


def constant(content: str) -> Any:
    """Return the value of a name that is defined as a number, a text or a truth value; MISSING for a formula."""
    text = content.removeprefix("=").strip()
    if len(text) >= 2 and text[0] == text[-1] == '"':
        return text[1:-1].replace('""', '"')
    if text.upper() in ("TRUE", "FALSE"):
        return text.upper() == "TRUE"
    try:
        return float(text)
    except ValueError:
        return MISSING
