"""The parts of a book that a worksheet call brings along: columns, headers and named cells behind the book's interface.

A formula without arguments depends on what the book is made of, so a host hands over its columns one by one, by the
references that :func:`references` lists, or a workbook that can read itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Protocol, runtime_checkable

from rebalance_xl.book import schema
from rebalance_xl.book.interface import Cell, Row, TableData
from rebalance_xl.book.problems import BookError
from rebalance_xl.cells import MISSING, Missing, is_range

#: Columns that no plan reads.
_UNREAD: Final = ("Source", "Updated", "VenueLiquidation", "Id")
#: The tables that a plan is made from.
TABLES: Final = (
    schema.PORTFOLIO,
    schema.FUTURES,
    schema.EVENTS,
    schema.VENUES,
    schema.MARGIN_TIERS,
    schema.WALLETS,
    schema.COLLATERAL_TIERS,
    schema.LOTS,
    schema.JOURNAL,
)
_WHOLE: Final = schema.PRICES.name
_HEADERS: Final = "#Headers"


@lru_cache(maxsize=1)
def references() -> tuple[str, ...]:
    """Return what the book is made of: headers and columns of its tables, the whole Prices, the settings by name."""
    found = []
    for table in TABLES:
        found.append(f"{table.name}[{_HEADERS}]")
        found += [f"{table.name}[{column.name}]" for column in table.columns if column.name not in _UNREAD]
    return (*found, f"{_WHOLE}[#All]", *schema.SETTINGS)


class _NamedTable(TableData):
    """A table whose place in the workbook is not known: its cells are named by column and row."""

    __slots__ = ()

    def address(self, row: int, column: int | str) -> str:
        """Return a cell as ``Portfolio[Price] row 3``."""
        title = column if isinstance(column, str) else self.headers[column] if column < len(self.headers) else ""
        return f"{self.name}[{title}]" + (f" row {row + 1}" if row >= 0 else "")


@runtime_checkable
class Readable(Protocol):
    """A workbook that can be read: what the parts need of :class:`~rebalance_xl.book.interface.WorkbookPort`."""

    def table_names(self) -> Sequence[str]: ...  # noqa: D102
    def read_table(self, name: str) -> TableData | None: ...  # noqa: D102
    def names(self) -> Sequence[str]: ...  # noqa: D102
    def read_name(self, name: str) -> Cell | Missing: ...  # noqa: D102


@dataclass(frozen=True)
class BookParts:
    """A book's tables and settings as values, equal where they hold the same: the answers to them can be kept.

    Parameters
    ----------
    tables
        The tables that the workbook has.
    settings
        Names and values of the named cells that are there.
    date_offset
        What to add to dates of the workbook to get the 1900 system.
    others
        Names of the workbook's other tables.
    """

    tables: tuple[TableData, ...]
    settings: tuple[tuple[str, Cell], ...]
    date_offset: float = 0.0
    others: tuple[str, ...] = ()

    @classmethod
    def of_pairs(cls, pairs: Sequence[Any], date_offset: float = 0.0) -> BookParts:
        """Return the parts of a call: references, each followed by its values."""
        found = {pairs[i]: pairs[i + 1] for i in range(0, len(pairs) - 1, 2) if pairs[i + 1] is not MISSING}
        tables = [_assembled(table, found) for table in TABLES]
        whole = found.get(f"{_WHOLE}[#All]")
        if is_range(whole) and whole:
            head, *rows = whole
            tables.append(_NamedTable(_WHOLE, _titles(head), tuple(tuple(row) for row in rows)))
        settings = tuple((name, _value(found[name])) for name in schema.SETTINGS if name in found)
        return cls(tuple(each for each in tables if each is not None), settings, date_offset)

    @classmethod
    def of_workbook(cls, port: Readable, date_offset: float = 0.0) -> BookParts:
        """Return the parts that a workbook holds; dates that it gives as such count from no origin."""
        wanted = (*(table.name for table in TABLES), _WHOLE)
        tables = [found for name in wanted if (found := port.read_table(name)) is not None]
        settings = [(name, value) for name in schema.SETTINGS if (value := port.read_name(name)) is not MISSING]
        known = {name.casefold() for name in wanted}
        others = tuple(name for name in port.table_names() if name.casefold() not in known)
        return cls(tuple(tables), tuple(settings), date_offset, others)

    def with_settings(self, given: dict[str, Cell]) -> BookParts:
        """Return the parts with other settings."""
        kept = tuple((name, value) for name, value in self.settings if name not in given)
        return BookParts(self.tables, (*kept, *given.items()), self.date_offset, self.others)

    # --- the interface of the book ---

    def table_names(self) -> Sequence[str]:
        """Return the names of all tables."""
        return [*(each.name for each in self.tables), *self.others]

    def read_table(self, name: str) -> TableData | None:
        """Return a table, or None."""
        return next((each for each in self.tables if each.name.casefold() == name.casefold()), None)

    def names(self) -> Sequence[str]:
        """Return the names of the settings that are there."""
        return [name for name, _ in self.settings]

    def read_name(self, name: str) -> Cell | Missing:
        """Return a setting, MISSING where it is not there."""
        return next((value for each, value in self.settings if each.casefold() == name.casefold()), MISSING)

    def below_table(self, name: str) -> str:
        """Return "": what lies below a table is no part of the book."""
        return ""

    def is_formula(self, name: str, row: int, column: str) -> bool:
        """Return False: the parts are values."""
        return False

    def name_address(self, name: str) -> str:
        """Return the name: where it stands is not known."""
        return name

    def write_name(self, name: str, value: Cell) -> None:
        """Refuse: a worksheet call changes nothing."""
        raise BookError(f"a worksheet function cannot write {name}")

    def write_table(self, name: str, headers: Sequence[str], rows: Sequence[Row]) -> None:
        """Refuse: a worksheet call changes nothing."""
        raise BookError(f"a worksheet function cannot write {name}")

    def append_row(self, name: str, values: Any) -> None:
        """Refuse: a worksheet call changes nothing."""
        raise BookError(f"a worksheet function cannot write {name}")

    def set_cells(self, name: str, row: int, values: Any) -> None:
        """Refuse: a worksheet call changes nothing."""
        raise BookError(f"a worksheet function cannot write {name}")

    def commit(self) -> None:
        """Do nothing: there are no writes."""


def _titles(cells: Sequence[Any]) -> tuple[str, ...]:
    return tuple("" if cell is None else str(cell) for cell in cells)


def _value(value: Any) -> Cell:
    """Return a named cell's value; of a range its corner."""
    return value[0][0] if is_range(value) else value


def _columns(table: schema.Table, found: dict[str, Any]) -> Iterator[tuple[str, list[Any]]]:
    for column in table.columns:
        cells = found.get(f"{table.name}[{column.name}]")
        if cells is not None:
            yield column.name.casefold(), [row[0] for row in cells] if is_range(cells) else [cells]


def _assembled(table: schema.Table, found: dict[str, Any]) -> TableData | None:
    """Return a table put together from its columns; cells of columns that no plan reads are blank."""
    head = found.get(f"{table.name}[{_HEADERS}]")
    if head is None:
        return None
    headers = _titles(head[0] if is_range(head) else [head])
    columns = dict(_columns(table, found))
    height = max((len(cells) for cells in columns.values()), default=0)
    rows = []
    for row in range(height):
        cells = []
        for title in headers:
            column = columns.get(title.casefold(), ())
            cells.append(column[row] if row < len(column) else None)
        rows.append(tuple(cells))
    return _NamedTable(table.name, headers, tuple(rows))
