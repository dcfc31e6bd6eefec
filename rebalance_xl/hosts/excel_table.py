"""What is to change in one table of a live workbook: rows replaced, rows added, single cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rebalance_xl.book.interface import Cell, Row, TableData
from rebalance_xl.book.problems import BookError

__all__ = ["TableChanges"]


class TableChanges:
    """The table as it will be; cells that nobody wrote keep what they hold, formulas included.

    Parameters
    ----------
    data
        The table as it is.
    """

    def __init__(self, data: TableData) -> None:
        self.data = data
        self.rows: list[list[Cell]] = [list(row) for row in data.rows]
        self.original_height = max(len(self.rows), 1)  # Excel keeps one data row in an empty table
        self.replaced = False
        self.cells: dict[tuple[int, int], Cell] = {}

    @property
    def height(self) -> int:
        """How many data rows the table will have."""
        return max(len(self.rows), 1)

    def replace(self, headers: Sequence[str], rows: Sequence[Row]) -> None:
        """Take other rows; columns that are not among `headers` are emptied."""
        given = {str(title).casefold(): position for position, title in enumerate(headers)}
        places = [given.get(title.casefold()) for title in self.data.headers]
        self.rows = [[None if place is None else row[place] for place in places] for row in rows]
        self.replaced = True
        self.cells.clear()

    def append(self, values: Mapping[str, Cell]) -> None:
        """Add a row, into the only row where that is blank."""
        if len(self.rows) == 1 and all(cell in (None, "") for cell in self.rows[0]):
            self.rows.clear()
        self.rows.append([None] * len(self.data.headers))
        known = {name: value for name, value in values.items() if self.data.column(name) is not None}
        self.set(len(self.rows) - 1, known)

    def set(self, row: int, values: Mapping[str, Cell]) -> None:
        """Write some columns of a row, counted from 0."""
        if not 0 <= row < len(self.rows):
            raise BookError(f"The table {self.data.name} has no row {row + 1}.")
        for name, value in values.items():
            column = self.data.column(name)
            if column is None:
                raise BookError(f"The table {self.data.name} has no column {name}.")
            self.rows[row][column] = value
            self.cells[row, column] = value
