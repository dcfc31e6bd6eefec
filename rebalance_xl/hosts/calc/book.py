"""The workbook interface on an open Calc document: the book reads and writes tables and names through it.

A table is a database range, as Excel's tables arrive in Calc; or, for the tables of the model, a named range
whose first row holds the headers. All writes until :meth:`CalcWorkbook.commit` are one step to undo.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rebalance_xl.book.interface import Cell, Row, TableData, column_letters
from rebalance_xl.book.problems import BookError
from rebalance_xl.book.schema import TABLES
from rebalance_xl.cells import MISSING, Missing
from rebalance_xl.hosts.calc.cell_access import CONTENTS, CellAccess
from rebalance_xl.hosts.calc.document import CalcDocument, by_name, constant

__all__ = ["CalcWorkbook"]


class CalcWorkbook:
    """The workbook interface (:class:`rebalance_xl.book.interface.WorkbookPort`) on a Calc document.

    Parameters
    ----------
    model : com.sun.star.sheet.SpreadsheetDocument
        An open document.
    step : str
        What Calc's Undo menu calls the writes.
    """

    def __init__(self, model: Any, step: str = "Rebalance") -> None:
        self.model = model
        self._step = step
        self._writing = False
        self._cells = CellAccess(model, CalcDocument(model).date_offset())

    # --- reading ----------------------------------------------------------------------------------------

    date_offset = 0.0

    def table_names(self) -> Sequence[str]:
        """Return the names of all tables."""
        found = [name for name in self.model.DatabaseRanges.getElementNames() if not name.startswith("__")]
        known = {name.casefold() for name in found}
        wanted = {table.casefold() for table in TABLES}
        for name in self.model.NamedRanges.getElementNames():
            if name.casefold() in wanted - known and self._named_table(name) is not None:
                found.append(name)
        return found

    def read_table(self, name: str) -> TableData | None:
        """Return a table, or None where the document has none of that name."""
        area = self._area(name)
        if area is None:
            return None
        place = area.getRangeAddress()
        header, *rows = self._cells.read(area)
        if self._totals_row(name):
            rows.pop()
        return TableData(
            self._table_name(name),
            tuple("" if cell is None else str(cell) for cell in header),
            tuple(tuple(row) for row in rows),
            area.getSpreadsheet().getName(),
            place.StartRow + 1,
            place.StartColumn + 1,
        )

    def is_formula(self, name: str, row: int, column: str) -> bool:
        """Tell whether a cell of a table holds a formula."""
        table, area = self.read_table(name), self._area(name)
        position = None if table is None else table.column(column)
        return position is not None and str(area.getCellByPosition(position, row + 1).getFormula()).startswith("=")

    def below_table(self, name: str) -> str:
        """Return the address of the first cell in use directly under a table, "" where there is none."""
        area = self._area(name)
        if area is None:
            return ""
        place, sheet = area.getRangeAddress(), area.getSpreadsheet()
        row = place.EndRow + 1
        if row >= sheet.getRows().getCount():
            return ""
        below = self._cells.read(sheet.getCellRangeByPosition(place.StartColumn, row, place.EndColumn, row))[0]
        for offset, cell in enumerate(below):
            if cell not in (None, ""):
                data = TableData(name, (), (), sheet.getName(), row + 1, place.StartColumn + offset + 1)
                return data.address(-1, 0)
        return ""

    def names(self) -> Sequence[str]:
        """Return the defined names of the document."""
        return list(self.model.NamedRanges.getElementNames())

    def read_name(self, name: str) -> Cell | Missing:
        """Return the value of a named cell, MISSING where there is no such name."""
        named = by_name(self.model.NamedRanges, name)
        if named is None:
            return MISSING
        cells = named.getReferredCells()
        if cells is None:
            value: Cell | Missing = constant(named.Content)
            return value
        return self._cells.read(cells)[0][0]

    def name_address(self, name: str) -> str:
        """Return the cell that a name stands for (``Settings!C4``), the name itself where that is unknown."""
        cells = self._named_cells(name)
        if cells is None:
            return name
        place = cells.getRangeAddress()
        sheet = cells.getSpreadsheet().getName()
        return TableData(name, (), (), sheet, place.StartRow + 1, place.StartColumn + 1).address(-1, 0)

    # --- writing ----------------------------------------------------------------------------------------

    def write_name(self, name: str, value: Cell) -> None:
        """Put a value into a named cell; refuse when there is none."""
        cells = self._named_cells(name)
        if cells is None:
            raise BookError(f"The workbook has no named cell {name}.")
        self._begin(cells.getSpreadsheet())
        self._cells.write(cells.getCellByPosition(0, 0), value)

    def write_table(self, name: str, headers: Sequence[str], rows: Sequence[Row]) -> None:
        """Replace a table's data rows; unknown headers are left out, other columns emptied."""
        table, area = self._writable(name)
        place = {title.casefold(): position for position, title in enumerate(headers)}
        chosen = [place.get(title.casefold()) for title in table.headers]
        self._resize(name, area, len(table.rows), max(len(rows), 1))
        area = self._area(name)
        data = self._rows_of(area, 0, max(len(rows), 1))
        data.clearContents(CONTENTS)
        self._cells.write_rows(data, [[None if column is None else row[column] for column in chosen] for row in rows])

    def append_row(self, name: str, values: Mapping[str, Cell]) -> None:
        """Add one data row to a table (into its only row where that is blank); other columns stay empty."""
        table, area = self._writable(name)
        row = len(table.rows)
        if row == 1 and all(cell is None for cell in table.rows[0]):
            row = 0
        else:
            self._resize(name, area, row, row + 1)
        self.set_cells(name, row, values)

    def set_cells(self, name: str, row: int, values: Mapping[str, Cell]) -> None:
        """Write some columns of one data row, counted from 0."""
        table, area = self._writable(name)
        if not 0 <= row < max(len(table.rows), 1):
            raise BookError(f"{table.name} has {len(table.rows)} rows: row {row + 1} is not there.")
        for title, value in values.items():
            column = table.column(title)
            if column is not None:
                self._cells.write(area.getCellByPosition(column, row + 1), value)

    def commit(self) -> None:
        """Close the step that Undo takes back."""
        if self._writing:
            self.model.UndoManager.leaveUndoContext()
            self._writing = False

    def abandon(self) -> None:
        """Take back whatever was written since the last commit."""
        if self._writing:
            self.commit()
            titles = self.model.UndoManager.getAllUndoActionTitles()
            if titles and titles[0] == self._step:  # else nothing was written, and the step before is the user's
                self.model.UndoManager.undo()

    # --- where things are -------------------------------------------------------------------------------

    def _area(self, name: str) -> Any:
        found = by_name(self.model.DatabaseRanges, name)
        if found is None:
            return self._named_table(name)
        area = found.DataArea
        sheet = self.model.Sheets.getByIndex(area.Sheet)
        return sheet.getCellRangeByPosition(area.StartColumn, area.StartRow, area.EndColumn, area.EndRow)

    def _named_table(self, name: str) -> Any:
        cells = self._named_cells(name)
        if cells is None:
            return None
        place = cells.getRangeAddress()
        return cells if place.EndRow > place.StartRow else None

    def _named_cells(self, name: str) -> Any:
        named = by_name(self.model.NamedRanges, name)
        return None if named is None else named.getReferredCells()

    def _table_name(self, name: str) -> str:
        # An element found in other letters answers to these; only the list has the name as it was given.
        return next((each for each in self.table_names() if each.casefold() == name.casefold()), name)

    def _totals_row(self, name: str) -> bool:
        found = by_name(self.model.DatabaseRanges, name)
        return bool(found is not None and getattr(found, "TotalsRow", False))

    @staticmethod
    def _rows_of(area: Any, first: int, count: int) -> Any:
        """Return data rows of a table, counted from 0, as a range."""
        place = area.getRangeAddress()
        top = place.StartRow + 1 + first
        return area.getSpreadsheet().getCellRangeByPosition(place.StartColumn, top, place.EndColumn, top + count - 1)

    # --- room -------------------------------------------------------------------------------------------

    def _writable(self, name: str) -> tuple[TableData, Any]:
        table = self.read_table(name)
        if table is None:
            raise BookError(f"The workbook has no table {name}.")
        area = self._area(name)
        self._begin(area.getSpreadsheet())
        return table, area

    def _begin(self, sheet: Any) -> None:
        if sheet.isProtected():
            raise BookError(f"The sheet {sheet.getName()} is protected: take the protection off and try again.")
        if not self._writing:
            self.model.UndoManager.enterUndoContext(self._step)
            self._writing = True

    def _resize(self, name: str, area: Any, before: int, after: int) -> None:
        """Give a table another number of data rows; what lies below it moves, its formats go on."""
        before = max(before, 1)
        if after == before:
            return
        sheet = area.getSpreadsheet()
        if after > before:
            added = self._rows_of(area, before, after - before)
            if self._totals_row(name) or not _is_empty(added):
                self._move(sheet, added, down=True)
                added = self._rows_of(area, before, after - before)
            last = self._rows_of(area, before - 1, 1)
            for row in range(after - before):
                corner = self._rows_of(area, before + row, 1).getCellByPosition(0, 0).getCellAddress()
                sheet.copyRange(corner, last.getRangeAddress())
            added.clearContents(CONTENTS)
        else:
            surplus = self._rows_of(area, after, before - after)
            if self._totals_row(name):
                self._move(sheet, surplus, down=False)
            else:
                surplus.clearContents(CONTENTS)
        self._set_height(name, area, 1 + after + self._totals_row(name))

    @staticmethod
    def _move(sheet: Any, cells: Any, down: bool) -> None:
        import uno

        place = cells.getRangeAddress()
        if down:
            sheet.insertCells(place, uno.Enum("com.sun.star.sheet.CellInsertMode", "DOWN"))
        else:
            sheet.removeRange(place, uno.Enum("com.sun.star.sheet.CellDeleteMode", "UP"))

    def _set_height(self, name: str, area: Any, height: int) -> None:
        place = area.getRangeAddress()
        place.EndRow = place.StartRow + height - 1
        found = by_name(self.model.DatabaseRanges, name)
        if found is not None:
            found.DataArea = place
            return
        named = by_name(self.model.NamedRanges, name)
        sheet = area.getSpreadsheet().getName().replace("'", "''")
        left, right = column_letters(place.StartColumn + 1), column_letters(place.EndColumn + 1)
        named.Content = f"$'{sheet}'.${left}${place.StartRow + 1}:${right}${place.EndRow + 1}"


def _is_empty(cells: Any) -> bool:
    return not cells.queryContentCells(CONTENTS).getCount()
