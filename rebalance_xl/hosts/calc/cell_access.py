"""Cells of a Calc document as worksheet values, read and written."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any, Final

from rebalance_xl.book.interface import Cell
from rebalance_xl.cells import CellError, from_serial, to_serial
from rebalance_xl.hosts.calc.values import error_value

__all__ = ["CONTENTS", "CellAccess"]

CONTENTS: Final = 1 | 2 | 4 | 16  # com.sun.star.sheet.CellFlags: VALUE, DATETIME, STRING, FORMULA
_ERROR_RESULT: Final = 4  # com.sun.star.sheet.FormulaResult
_DATE_FORMAT, _FLAG_FORMAT = 2, 1024  # com.sun.star.util.NumberFormat


class CellAccess:
    """Reads and writes cells: dates, flags and errors are what their formats and results say they are.

    Parameters
    ----------
    model : com.sun.star.sheet.SpreadsheetDocument
        The document.
    offset : int
        Days to add to its dates to get the 1900 system.
    """

    def __init__(self, model: Any, offset: int) -> None:
        self._model, self._offset = model, offset

    def read(self, area: Any) -> list[list[Cell]]:
        """Return the rows of a range; blank cells and empty texts are None."""
        rows: list[list[Cell]] = [[None if cell == "" else cell for cell in row] for row in area.getDataArray()]
        place = area.getRangeAddress()
        sheet = area.getSpreadsheet()
        for column, row in _cells_of(area.queryFormulaCells(_ERROR_RESULT)):
            error = error_value(sheet.getCellByPosition(column, row).getError())
            rows[row - place.StartRow][column - place.StartColumn] = error
        for y, line in enumerate(rows):
            for x, value in enumerate(line):
                if type(value) is float and (self._offset or value in (0.0, 1.0)):
                    line[x] = self._typed(area.getCellByPosition(x, y), value)
        return rows

    def _typed(self, cell: Any, value: float) -> Cell:
        """Return a number as the flag or the date that its format says it is."""
        kind = self._format(cell)
        if kind & _FLAG_FORMAT:
            return value != 0
        if kind & _DATE_FORMAT and self._offset:
            return from_serial(value + self._offset)
        return value

    def write_rows(self, area: Any, rows: Sequence[Sequence[Cell]]) -> None:
        """Write rows into a cleared range of the same size; None leaves a cell empty."""
        if not rows:
            return
        kinds = {type(value) for row in rows for value in row}
        if not self._offset and kinds <= {float, int, str, type(None)}:
            area.setDataArray(tuple(tuple("" if value is None else value for value in row) for row in rows))
            return
        for y, row in enumerate(rows):
            for x, value in enumerate(row):
                self.write(area.getCellByPosition(x, y), value)

    def write(self, cell: Any, value: Cell) -> None:
        """Write one cell; None empties it, its format stays."""
        if value is None:
            cell.clearContents(CONTENTS)
        elif isinstance(value, str):
            cell.setString(value)
        elif isinstance(value, CellError):
            cell.setFormula(f"={value.code}")
        elif isinstance(value, dt.date):
            cell.setValue(to_serial(value) - self._offset)
            self._show_as(cell, _DATE_FORMAT)
        else:
            is_date = self._offset and self._format(cell) & _DATE_FORMAT
            cell.setValue(float(value) - (self._offset if is_date else 0))
            if isinstance(value, bool):
                self._show_as(cell, _FLAG_FORMAT)

    def _format(self, cell: Any) -> int:
        kind: int = self._model.NumberFormats.getByKey(cell.NumberFormat).Type
        return kind

    def _show_as(self, cell: Any, kind: int) -> None:
        if not self._format(cell) & kind:
            cell.NumberFormat = self._model.NumberFormats.getStandardFormat(kind, cell.CharLocale)


def _cells_of(ranges: Any) -> Iterator[tuple[int, int]]:
    """Yield column and row of every cell in a collection of ranges."""
    for index in range(ranges.getCount()):
        place = ranges.getByIndex(index).getRangeAddress()
        for row in range(place.StartRow, place.EndRow + 1):
            for column in range(place.StartColumn, place.EndColumn + 1):
                yield column, row
