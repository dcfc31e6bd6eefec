"""A live Excel workbook behind the workbook interface of the book, through xlwings' own objects.

Writes are collected and checked; :meth:`ExcelWorkbook.commit` makes them. So a protected sheet or a table without
room below it is refused before the first cell changes.
"""

from __future__ import annotations

import datetime as dt
import re
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import xlwings

from rebalance_xl import expressions
from rebalance_xl.book.interface import Cell, Row, TableData, column_letters
from rebalance_xl.book.problems import BookError
from rebalance_xl.cells import MISSING, CellError, Missing
from rebalance_xl.hosts.excel_table import TableChanges
from rebalance_xl.hosts.excel_values import WorksheetValue

__all__ = ["ExcelWorkbook", "calling_book"]

# Typed into a cell these are text; anything else might become a number, a date, TRUE or a formula.
_PLAIN_TEXT = re.compile(r"(?!(?:true|false)$)[a-z_][^0-9]*|[a-z_].{24,}", re.IGNORECASE | re.DOTALL)


def calling_book() -> xlwings.Book | None:
    """Return the workbook whose cell or button called Python, None where there is none."""
    try:
        return xlwings.Book.caller()
    except Exception:  # xlwings raises a plain Exception, and an AttributeError off Windows
        return None


class ExcelWorkbook:
    """An open workbook; tables, columns and names are found without regard to case.

    Parameters
    ----------
    book : xlwings.Book
        The workbook.
    """

    def __init__(self, book: xlwings.Book) -> None:
        self.book = book
        self._found: dict[str, xlwings.main.Table] | None = None
        self._changes: dict[str, TableChanges] = {}
        self._values: dict[str, Cell] = {}

    # --- reading ---

    def table_names(self) -> Sequence[str]:
        """Return the names of all tables."""
        return [table.name for table in self._tables().values()]

    def read_table(self, name: str) -> TableData | None:
        """Return a table with the writes so far, or None."""
        table = self._tables().get(name.casefold())
        if table is None:
            return None
        changes = self._changes.get(name.casefold())
        area = table.header_row_range
        if area is None:  # the header row is hidden, so its columns have no names
            return None
        return TableData(
            name=table.name,
            headers=tuple("" if title is None else str(title) for title in rows_of(area)[0]),
            rows=tuple(tuple(row) for row in (_body_rows(table) if changes is None else changes.rows)),
            sheet=area.sheet.name,
            top=area.row,
            left=area.column,
        )

    date_offset = 0.0

    def below_table(self, name: str) -> str:
        """Return the address of the first cell in use directly under a table, "" where there is none."""
        table = self._tables().get(name.casefold())
        if table is None or table.header_row_range is None:
            return ""
        area = table.range
        row, left, width = area.row + area.shape[0], area.column, area.shape[1]
        below = area.sheet.range((row, left), (row, left + width - 1))
        for offset, cell in enumerate(rows_of(below)[0]):
            if cell not in (None, ""):
                return TableData(name, (), (), area.sheet.name, row, left + offset).address(-1, 0)
        return ""

    def is_formula(self, name: str, row: int, column: str) -> bool:
        """Tell whether a cell of a table's data rows holds a formula."""
        table = self._tables().get(name.casefold())
        data = self.read_table(name)
        position = None if data is None else data.column(column)
        if table is None or table.data_body_range is None or position is None:
            return False
        if row >= table.data_body_range.shape[0]:
            return False
        return str(table.data_body_range[row, position].formula).startswith("=")

    def names(self) -> Sequence[str]:
        """Return the defined names of the workbook as a whole."""
        return [name.name for name in self.book.names if "!" not in name.name and not name.name.startswith("_")]

    def read_name(self, name: str) -> Cell | Missing:
        """Return the value of a named cell or constant, MISSING where there is no such name."""
        if name.casefold() in self._values:
            return self._values[name.casefold()]
        defined = self._name(name)
        if defined is None:
            return MISSING
        area = _named_range(defined)
        if area is not None:
            value: Cell = rows_of(area[0, 0])[0][0]
            return value
        try:
            constant: Cell = expressions.evaluate(expressions.parse(defined.refers_to or ""))
        except ValueError:
            return CellError("#REF!", f"the name {name} stands for no cell")
        return constant

    def name_address(self, name: str) -> str:
        """Return the cell that a name stands for, the name itself where it stands for none."""
        defined = self._name(name)
        area = None if defined is None else _named_range(defined)
        if area is None:
            return name
        return TableData("", (), (), area.sheet.name, area.row, area.column).address(-1, 0)

    def lookup(self, reference: expressions.Reference) -> Any:
        """Return the values behind ``Portfolio[Value]``, ``MarginTiers[#All]`` or ``TrimTo`` for a worksheet call.

        MISSING where the workbook has no such table, column or name, and for a named cell left blank.
        """
        if not reference.table:
            value = self.read_name(reference.text)
            return MISSING if value is None else value
        table = self.read_table(reference.table)
        if table is None:
            return MISSING
        if reference.column.startswith("#"):
            rows = [list(row) for row in table.rows]
            return [list(table.headers), *rows] if reference.column.casefold() == "#all" else rows
        position = table.column(reference.column)
        return MISSING if position is None or not table.rows else [[row[position]] for row in table.rows]

    def has_1904_dates(self) -> bool:
        """Tell whether the workbook counts days from 1904."""
        return sys.platform == "win32" and bool(self.book.api.Date1904)

    # --- writing: collected until commit ---

    def write_name(self, name: str, value: Cell) -> None:
        """Put a value into a named cell; refuse when there is none."""
        defined = self._name(name)
        if defined is None or _named_range(defined) is None:
            raise BookError(f"The workbook has no cell named {name}.")
        self._values[name.casefold()] = value

    def write_table(self, name: str, headers: Sequence[str], rows: Sequence[Row]) -> None:
        """Replace a table's data rows; unknown headers are left out, other columns emptied."""
        self._changed(name).replace(headers, rows)

    def append_row(self, name: str, values: Mapping[str, Cell]) -> None:
        """Add one data row to a table, into its only row where that is blank."""
        self._changed(name).append(values)

    def set_cells(self, name: str, row: int, values: Mapping[str, Cell]) -> None:
        """Write some columns of one data row, counted from 0."""
        self._changed(name).set(row, values)

    def commit(self) -> None:
        """Check that everything can be written, then write it.

        Raises
        ------
        BookError
            If a sheet is protected or a table has no room to grow; nothing was written.
        """
        tables = {key: self._tables()[key] for key in self._changes}
        cells = {name: self._cell(name) for name in self._values}
        for area in [table.range for table in tables.values()] + list(cells.values()):
            _refuse_protected(area.sheet)
        for key, table in tables.items():
            _refuse_growth(table, self._changes[key].height)
        for key, table in tables.items():
            _write_changes(table, self._changes[key])
        for name, area in cells.items():
            area.value = to_cell(self._values[name])
        self._changes.clear()
        self._values.clear()

    # --- finding ---

    def _tables(self) -> dict[str, xlwings.main.Table]:
        if self._found is None:
            self._found = {table.name.casefold(): table for sheet in self.book.sheets for table in sheet.tables}
        return self._found

    def _changed(self, name: str) -> TableChanges:
        key = name.casefold()
        if key not in self._changes:
            data = self.read_table(name)
            if data is None:
                raise BookError(f"The workbook has no table {name}.")
            self._changes[key] = TableChanges(data)
        return self._changes[key]

    def _name(self, name: str) -> xlwings.Name | None:
        wanted = name.casefold()
        return next((each for each in self.book.names if each.name.casefold() == wanted), None)

    def _cell(self, name: str) -> xlwings.Range:
        defined = self._name(name)
        area = None if defined is None else _named_range(defined)
        assert area is not None  # write_name has looked
        return area[0, 0]


def rows_of(area: xlwings.Range) -> list[list[Cell]]:
    """Return the worksheet values of a range as rows, whatever its size."""
    value = area.options(convert=WorksheetValue).value
    return value if isinstance(value, list) else [[value]]


def to_cell(value: Cell) -> Any:
    """Return what to hand to Excel so that the cell holds this value and nothing that Excel makes of it."""
    if isinstance(value, CellError):
        return value.code
    if isinstance(value, str) and value and not _PLAIN_TEXT.fullmatch(value):
        return "'" + value
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return dt.datetime(value.year, value.month, value.day)
    return value


def _body_rows(table: xlwings.main.Table) -> list[list[Cell]]:
    body = table.data_body_range
    return [] if body is None else rows_of(body)


def _named_range(name: xlwings.Name) -> xlwings.Range | None:
    try:
        area = name.refers_to_range
    except Exception:  # a name for a constant, a formula or a deleted cell; what is raised depends on the platform
        return None
    return area if area is not None and area.impl is not None else None


def _refuse_protected(sheet: xlwings.Sheet) -> None:
    if sys.platform == "win32" and sheet.api.ProtectContents:
        raise BookError(f"The sheet {sheet.name} is protected; unprotect it (Review - Unprotect Sheet) and try again.")


def _refuse_growth(table: xlwings.main.Table, height: int) -> None:
    area = table.range
    rows, columns = area.shape
    grown = height + 1 + (1 if table.show_totals else 0) - rows
    if grown <= 0:
        return
    below = area.sheet.range((area.row + rows, area.column), (area.row + rows + grown - 1, area.column + columns - 1))
    for offset, row in enumerate(rows_of(below)):
        for position, cell in enumerate(row):
            if cell not in (None, ""):
                place = f"{area.sheet.name}!{column_letters(area.column + position)}{area.row + rows + offset}"
                raise BookError(
                    f"The table {table.name} needs {grown} more rows, but {place} below it is in use; "
                    "move that away and try again."
                )


def _write_changes(table: xlwings.main.Table, changes: TableChanges) -> None:
    had_totals = bool(table.show_totals)
    area = table.range
    sheet, top, left, width = area.sheet, area.row, area.column, area.shape[1]
    if changes.replaced and table.data_body_range is not None:
        table.data_body_range.clear_contents()
    if changes.height != changes.original_height:
        if had_totals:
            table.show_totals = False
        table.resize(sheet.range((top, left), (top + changes.height, left + width - 1)))
        if had_totals:
            table.show_totals = True
    if changes.replaced and changes.rows:
        block = [[to_cell(cell) for cell in row] for row in changes.rows]
        sheet.range((top + 1, left), (top + len(block), left + width - 1)).value = block
        return
    for (row, column), value in sorted(changes.cells.items()):
        sheet.range((top + 1 + row, left + column)).value = to_cell(value)
