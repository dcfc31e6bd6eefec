"""Which row of a book a row from outside is about: names, dates and figures compared as people mean them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any, Final

from rebalance_xl.book.interface import Cell, TableData, WorkbookPort
from rebalance_xl.book.schema import SIDES
from rebalance_xl.cells import CellError, to_serial
from rebalance_xl.venues.names import plain_symbol, venue_id


def is_blank(cell: object) -> bool:
    """Tell whether a cell holds nothing; spaces are nothing."""
    return cell is None or (isinstance(cell, str) and not cell.strip())


def same(old: Cell, new: Cell) -> bool:
    """Tell whether two cells hold the same: numbers and dates by their value, texts without outer spaces."""
    if is_blank(old) or is_blank(new):
        return is_blank(old) and is_blank(new)
    if isinstance(old, CellError) or isinstance(new, CellError):
        return False
    first, second = _plain(old), _plain(new)
    if isinstance(first, float) and isinstance(second, float):
        return abs(first - second) <= 1e-12 * max(abs(first), abs(second))
    return first == second


def _plain(cell: Any) -> Any:
    if isinstance(cell, bool):
        return cell
    if isinstance(cell, dt.date):
        return to_serial(cell)
    return float(cell) if isinstance(cell, int | float) else str(cell).strip()


def _text(cell: Cell) -> str:
    return "" if is_blank(cell) or isinstance(cell, CellError) else str(cell).strip()


def _side(cell: Cell) -> str:
    word = _text(cell).casefold()
    return SIDES.get(word, word)


def _mode(cell: Cell) -> str:
    return _text(cell).casefold() or "isolated"


def serial_day(cell: Cell) -> int | None:
    """Return a cell's day as a serial number, None where it holds no date."""
    if isinstance(cell, dt.date):
        return int(to_serial(cell))
    if isinstance(cell, str):
        try:
            return int(to_serial(dt.datetime.fromisoformat(cell.strip())))
        except ValueError:
            return None
    if isinstance(cell, int | float) and not isinstance(cell, bool) and 0 < cell < 2_958_466:
        return int(cell)
    return None


def _number(cell: Cell) -> Any:
    return float(cell) if isinstance(cell, int | float) and not isinstance(cell, bool) else _text(cell)


#: How the columns by which rows are found are compared.
PLAIN: Final[Mapping[str, Callable[[Cell], Any]]] = {
    "Asset": lambda cell: _text(cell).upper(),
    "Coin": lambda cell: _text(cell).upper(),
    "Venue": lambda cell: venue_id(_text(cell)),
    "Account": lambda cell: venue_id(_text(cell)),
    "Symbol": lambda cell: plain_symbol(_text(cell)),
    "Side": _side,
    "MarginMode": _mode,
    "Date": serial_day,
    "Floor": _number,
    "Id": _text,
}

_LABELS: Final[Mapping[str, tuple[str, ...]]] = {
    "portfolio": ("Asset", "Venue"), "wallets": ("Venue", "Account", "Coin"), "prices": (),
    "cashflows": ("Kind", "Asset"),
}  # fmt: skip


class BookTable:
    """One table of the book with its rows found by key.

    Parameters
    ----------
    port : WorkbookPort
        The workbook.
    data : TableData
        The table as it stands.
    """

    def __init__(self, port: WorkbookPort, data: TableData) -> None:
        self.data = data
        self.port = port
        self._places = {header.casefold(): place for place, header in enumerate(data.headers)}
        self._indexes: dict[tuple[str, ...], dict[tuple[Any, ...], list[int]]] = {}

    @classmethod
    def of(cls, port: WorkbookPort, name: str) -> BookTable | None:
        """Return a table of the workbook, None where it has none of that name."""
        data = port.read_table(name)
        return None if data is None else cls(port, data)

    def has(self, column: str) -> bool:
        """Tell whether the table has a column."""
        return column.casefold() in self._places

    def cell(self, row: int, column: str) -> Cell:
        """Return a cell; blank where the table has no such column."""
        place = self._places.get(column.casefold())
        return None if place is None else self.data.rows[row][place]

    def plain(self, row: int, column: str) -> Any:
        """Return a cell of a key column as it is compared."""
        return PLAIN[column](self.cell(row, column))

    def is_formula(self, row: int, column: str) -> bool:
        """Tell whether a cell is a formula, which is never written over."""
        return self.port.is_formula(self.data.name, row, column)

    def find(self, key: Mapping[str, Cell]) -> list[int]:
        """Return the rows that hold all of a key; columns that the table lacks are not compared."""
        columns = tuple(column for column in key if self.has(column))
        if not columns:
            return []
        if columns not in self._indexes:
            index: dict[tuple[Any, ...], list[int]] = {}
            for row in range(len(self.data.rows)):
                index.setdefault(tuple(self.plain(row, column) for column in columns), []).append(row)
            self._indexes[columns] = index
        return self._indexes[columns].get(tuple(PLAIN[column](key[column]) for column in columns), [])

    def label(self, row: int) -> str:
        """Return what a row is called in a sentence: its asset or symbol, venue and side."""
        names = _LABELS.get(self.data.name.casefold(), ("Symbol", "Venue", "Side"))
        return " ".join(text for name in names if (text := _text(self.cell(row, name))))
