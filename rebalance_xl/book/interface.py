"""The small interface through which the book is read and written, whatever the host.

Adapters (Excel through xlwings, LibreOffice Calc, the file itself) convert; they never compute. Names of
tables, columns and defined names are found without regard to case, as in Excel.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from rebalance_xl.cells import CellError, Missing
from rebalance_xl.cells import column_letters as column_letters

#: What one cell holds; a date may also come as its serial number.
Cell: TypeAlias = float | int | bool | str | dt.date | CellError | None
Row: TypeAlias = Sequence[Cell]


@dataclass(frozen=True, slots=True)
class TableData:
    """A table of the workbook as it stands: headers and data rows, no totals row.

    Parameters
    ----------
    name
        The table's name (``Portfolio``).
    headers
        Column titles from left to right.
    rows
        Data rows of worksheet values, each as long as `headers`.
    sheet
        The sheet that holds the table.
    top, left
        Row and column (from 1) of the first header cell.
    """

    name: str
    headers: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    sheet: str = ""
    top: int = 1
    left: int = 1

    def column(self, header: str) -> int | None:
        """Return the position of a column from 0, or None."""
        wanted = header.casefold()
        for position, title in enumerate(self.headers):
            if title.casefold() == wanted:
                return position
        return None

    def address(self, row: int, column: int | str) -> str:
        """Return the address of a cell, e.g. ``Portfolio!F4``; row 0 is the first data row, -1 the header."""
        position = self.column(column) if isinstance(column, str) else column
        sheet = self.sheet or self.name
        if not sheet.replace("_", "").isalnum():
            sheet = "'" + sheet.replace("'", "''") + "'"
        return f"{sheet}!{column_letters(self.left + (position or 0))}{self.top + 1 + row}"


class WorkbookPort(Protocol):
    """A workbook, as far as the book needs it.

    Writes may be collected by the adapter until :meth:`commit`; the actions compute everything before the
    first write, so a refusal leaves the workbook untouched. An adapter that cannot write (protected sheet, no
    such table) raises :class:`~rebalance_xl.book.problems.BookError`.
    """

    @property
    def date_offset(self) -> float:
        """What to add to a date that a cell gives as a number to get the 1900 system; 0 where dates come as dates."""
        ...

    def table_names(self) -> Sequence[str]:
        """Return the names of all tables."""
        ...

    def read_table(self, name: str) -> TableData | None:
        """Return a table, or None where the workbook has none of that name."""
        ...

    def is_formula(self, name: str, row: int, column: str) -> bool:
        """Tell whether a cell of a table's data rows, counted from 0, holds a formula, which is never written over."""
        ...

    def below_table(self, name: str) -> str:
        """Return the address of the first cell in use directly under a table, "" where there is none."""
        ...

    def names(self) -> Sequence[str]:
        """Return the defined names of the workbook (used to find misspelt settings)."""
        ...

    def read_name(self, name: str) -> Cell | Missing:
        """Return the value of a named cell, MISSING where there is no such name."""
        ...

    def name_address(self, name: str) -> str:
        """Return the cell that a name stands for (``Settings!C4``), the name itself where that is unknown."""
        ...

    def write_name(self, name: str, value: Cell) -> None:
        """Put a value into a named cell; refuse when there is none."""
        ...

    def write_table(self, name: str, headers: Sequence[str], rows: Sequence[Row]) -> None:
        """Replace a table's data rows; unknown headers are left out, other columns emptied."""
        ...

    def append_row(self, name: str, values: Mapping[str, Cell]) -> None:
        """Add one data row to a table (into its only row where that is blank); other columns stay empty."""
        ...

    def set_cells(self, name: str, row: int, values: Mapping[str, Cell]) -> None:
        """Write some columns of one data row, counted from 0."""
        ...

    def commit(self) -> None:
        """Make the writes take effect: a file is saved atomically, a live workbook has nothing left to do."""
        ...
