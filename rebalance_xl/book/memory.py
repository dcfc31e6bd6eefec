"""A workbook in memory: the workbook interface without a host, for tests, notebooks and generated books."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rebalance_xl.book.interface import Cell, Row, TableData
from rebalance_xl.book.problems import BookError
from rebalance_xl.cells import MISSING, Missing


class MemoryWorkbook:
    """Tables and names kept in dictionaries.

    Parameters
    ----------
    tables
        For each table its headers followed by its data rows.
    names
        Named cells and their values.

    Attributes
    ----------
    date_offset
        0: numbers of dates are of the 1900 system.

    Examples
    --------
    >>> book = MemoryWorkbook({"Portfolio": [["Asset", "Value"], ["BTC", 5000.0]]}, {"MinTrade": 10.0})
    >>> book.read_table("portfolio").rows
    (('BTC', 5000.0),)
    """

    date_offset = 0.0

    def __init__(
        self, tables: Mapping[str, Sequence[Row]] | None = None, names: Mapping[str, Cell] | None = None
    ) -> None:
        self.tables: dict[str, list[list[Cell]]] = {
            name: [list(row) for row in rows] for name, rows in (tables or {}).items()
        }
        self.settings: dict[str, Cell] = dict(names or {})
        self.commits = 0
        self.writes = 0

    def __repr__(self) -> str:
        return f"MemoryWorkbook({self.tables!r}, {self.settings!r})"

    def _table_key(self, name: str) -> str | None:
        return next((key for key in self.tables if key.casefold() == name.casefold()), None)

    def _rows(self, name: str) -> list[list[Cell]]:
        key = self._table_key(name)
        if key is None:
            raise BookError(f"The workbook has no table {name}.")
        return self.tables[key]

    def _name_key(self, name: str) -> str | None:
        return next((key for key in self.settings if key.casefold() == name.casefold()), None)

    def table_names(self) -> Sequence[str]:
        """Return the names of all tables."""
        return list(self.tables)

    def read_table(self, name: str) -> TableData | None:
        """Return a table, or None."""
        key = self._table_key(name)
        if key is None:
            return None
        header, *rows = self.tables[key]
        return TableData(key, tuple(str(title) for title in header), tuple(tuple(row) for row in rows), key)

    def is_formula(self, name: str, row: int, column: str) -> bool:
        """Tell whether a cell is computed: the Value of a holding with a quantity and a price is, all else is typed."""
        if (name.casefold(), column.casefold()) != ("portfolio", "value"):
            return False
        data = self.read_table(name)
        places = [] if data is None else [data.column(each) for each in ("Quantity", "Price")]
        return data is not None and all(place is not None and data.rows[row][place] is not None for place in places)

    def below_table(self, name: str) -> str:
        """Return "": nothing lies around these tables."""
        return ""

    def names(self) -> Sequence[str]:
        """Return the defined names."""
        return list(self.settings)

    def read_name(self, name: str) -> Cell | Missing:
        """Return the value of a named cell, or MISSING."""
        key = self._name_key(name)
        return MISSING if key is None else self.settings[key]

    def name_address(self, name: str) -> str:
        """Return the name: there is no cell behind it."""
        return name

    def write_name(self, name: str, value: Cell) -> None:
        """Set a named value that exists."""
        key = self._name_key(name)
        if key is None:
            raise BookError(f"The workbook has no named cell {name}.")
        self.writes += 1
        self.settings[key] = value

    def write_table(self, name: str, headers: Sequence[str], rows: Sequence[Row]) -> None:
        """Replace a table's data rows, matching columns by header."""
        table = self._rows(name)
        place = {str(title).casefold(): position for position, title in enumerate(headers)}
        self.writes += 1
        table[1:] = [
            [row[place[title]] if (title := str(cell).casefold()) in place else None for cell in table[0]]
            for row in rows
        ]

    def append_row(self, name: str, values: Mapping[str, Cell]) -> None:
        """Add a data row, into the only row where that is blank."""
        table = self._rows(name)
        if len(table) == 2 and all(cell is None for cell in table[1]):
            del table[1]
        given = {column.casefold(): value for column, value in values.items()}
        self.writes += 1
        table.append([given.get(str(cell).casefold()) for cell in table[0]])

    def set_cells(self, name: str, row: int, values: Mapping[str, Cell]) -> None:
        """Write some columns of a data row."""
        table = self._rows(name)
        titles = [str(cell).casefold() for cell in table[0]]
        self.writes += 1
        for column, value in values.items():
            table[row + 1][titles.index(column.casefold())] = value

    def commit(self) -> None:
        """Count the commit; the writes already stand."""
        self.commits += 1
