"""An Excel in memory behind xlwings' own classes: the test engine.

Cells behave as in Excel where it matters to whoever writes them: a text that looks like a number, a date, a truth
value or a formula becomes one, an apostrophe in front keeps it text.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import xlwings
from xlwings import base_classes

from rebalance_xl.cells import CellError, to_serial

_DATE = re.compile(r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*[ -]?\d{1,2}|\d+[/-]\d+", re.IGNORECASE)


class Formula(str):
    """What a cell computes."""


def typed(value: Any) -> Any:
    """Return what a cell holds after this was put into it."""
    if value is None or value == "":
        return None
    if isinstance(value, dt.date):
        return to_serial(value)
    if not isinstance(value, str):
        return value
    if value.startswith("="):
        return Formula(value)
    if value.startswith("'"):
        return value[1:]
    if value.upper() in ("TRUE", "FALSE"):
        return value.upper() == "TRUE"
    if value in ("#N/A", "#NUM!", "#VALUE!", "#DIV/0!"):
        return CellError(value)
    if _DATE.fullmatch(value):
        return 46000.0
    try:
        return float(value.replace(",", "").replace("%", ""))
    except ValueError:
        return value


class Engine:
    """What xlwings asks an engine for."""

    name, type = "test", "desktop"

    def __init__(self, app: App) -> None:
        self.apps = [app]

    @staticmethod
    def prepare_xl_data_element(x: Any, options: Any) -> Any:
        """Return a value as the cells take it."""
        return "" if x is None else x

    @staticmethod
    def clean_value_data(
        data: Sequence[Sequence[Any]], dates: Any, empty: Any, numbers: Any, err_to_str: bool
    ) -> list[list[Any]]:
        """Return cells as Python values."""

        def clean(value: Any) -> Any:
            if isinstance(value, CellError):
                return value.code if err_to_str else None
            return empty if value in (None, "") else value

        return [[clean(value) for value in row] for row in data]


class App(base_classes.App):
    """Shows no dialog but keeps what it would say."""

    def __init__(self, answer: str = "yes") -> None:
        self.answer = answer
        self.alerts: list[tuple[str, str, str]] = []
        self.engine = Engine(self)

    engine: Any = None
    pid = 1

    def activate(self, steal_focus: bool = False) -> None:
        """Come to the front."""

    def alert(self, prompt: str, title: str, buttons: str, mode: str, callback: Any) -> str:
        """Keep the dialog's text, mode and buttons, and press the chosen button."""
        assert len(prompt) <= 1023, "Excel's message box cuts here"
        self.alerts.append((prompt, mode, buttons))
        return self.answer


class Range(base_classes.Range):
    """A rectangle of a sheet."""

    # xlwings' base classes have properties without setters by these names, here and below.
    sheet: Any = None
    row: Any = None
    column: Any = None
    shape: Any = None
    options: Any = None
    max_cells_per_read = max_cells_per_write = None

    def __init__(self, sheet: Sheet, row: int, column: int, height: int = 1, width: int = 1) -> None:
        self.sheet, self.row, self.column, self.shape = sheet, row, column, (height, width)

    api = True

    def __len__(self) -> int:
        return self.shape[0] * self.shape[1]

    def __call__(self, row: int, column: int | None = None) -> Range:
        """Return one cell, counted from 1."""
        assert column is not None
        return Range(self.sheet, self.row + row - 1, self.column + column - 1)

    def _places(self) -> list[list[tuple[int, int]]]:
        height, width = self.shape
        return [[(self.row + y, self.column + x) for x in range(width)] for y in range(height)]

    @property
    def raw_value(self) -> Any:
        """The cells; a formula shows its last value."""
        self.sheet.most_read = max(self.sheet.most_read, len(self))
        rows = [[self.sheet.shown(place) for place in row] for row in self._places()]
        return rows[0][0] if self.shape == (1, 1) else rows

    @raw_value.setter
    def raw_value(self, value: Any) -> None:
        for y, row in enumerate(self._places()):
            for x, place in enumerate(row):
                self.sheet.put(place, value[y][x] if isinstance(value, list | tuple) else value)

    @property
    def formula(self) -> str:
        """The formula of one cell, or its value as text."""
        return str(self.sheet.cells_held.get((self.row, self.column), ""))

    def clear_contents(self) -> None:
        """Empty the cells."""
        self.raw_value = None


class Table(base_classes.Table):
    """A table with its header row."""

    name: Any = None
    range: Any = None
    show_headers: Any = True
    show_totals: Any = False

    def __init__(self, name: str, range: Range) -> None:
        self.name, self.range = name, range

    @property
    def header_row_range(self) -> Range | None:
        """The first row."""
        area = self.range
        return Range(area.sheet, area.row, area.column, 1, area.shape[1]) if self.show_headers else None

    @property
    def data_body_range(self) -> Range:
        """All rows but the header."""
        area = self.range
        return Range(area.sheet, area.row + 1, area.column, area.shape[0] - 1, area.shape[1])

    def resize(self, range: xlwings.Range) -> None:
        """Take another range with the same header; a table has at least one data row."""
        assert (range.row, range.column) == (self.range.row, self.range.column)
        assert range.shape[0] >= 2
        self.range = range.impl


class Tables(list[Table]):
    """The tables of a sheet."""


class Sheet(base_classes.Sheet):
    """A grid of cells."""

    book: Any = None
    name: Any = None
    tables: Any = None

    def __init__(self, book: Book, name: str) -> None:
        self.book, self.name = book, name
        self.cells_held: dict[tuple[int, int], Any] = {}
        self.formula_values: dict[tuple[int, int], Any] = {}
        self.tables = Tables()
        self.writes = self.most_read = 0
        self.hidden = False

    def put(self, place: tuple[int, int], value: Any) -> None:
        """Enter a value into a cell."""
        self.writes += 1
        self.cells_held[place] = typed(value)

    def shown(self, place: tuple[int, int]) -> Any:
        """Return the value of a cell."""
        value = self.cells_held.get(place)
        return self.formula_values.get(place) if isinstance(value, Formula) else value

    def range(self, arg1: Any, arg2: Any = None) -> Range:
        """Return a cell, the rectangle between two corners, or one by row, column, height and width."""
        if isinstance(arg1, tuple) and len(arg1) == 4:
            return Range(self, *arg1)
        corners = [(each.row, each.column) if isinstance(each, Range) else each for each in (arg1, arg2 or arg1)]
        (top, left), (bottom, right) = corners
        return Range(self, top, left, bottom - top + 1, right - left + 1)

    @property
    def used_range(self) -> Range:
        """The rectangle of all cells that hold something."""
        rows, columns = zip(*self.cells_held, strict=True)
        return self.range((min(rows), min(columns)), (max(rows), max(columns)))

    def select(self) -> None:
        """Become the sheet that is shown."""
        if self.hidden:
            raise RuntimeError("Select method of Worksheet class failed")
        self.book.shown = self.name


class Sheets(list[Sheet]):
    """The sheets of a book."""

    def __call__(self, key: int) -> Sheet:
        """Return a sheet, counted from 1."""
        return self[key - 1]


class Name(base_classes.Name):
    """A defined name for a cell or a constant."""

    name: Any = None
    refers_to: Any = None

    def __init__(self, name: str, cell: Range | None, refers_to: str = "") -> None:
        self.name, self.cell, self.refers_to = name, cell, refers_to

    @property
    def refers_to_range(self) -> Range:
        """The cell; as in Excel an error where there is none."""
        if self.cell is None:
            raise RuntimeError("the name stands for no range")
        return self.cell


class Names(base_classes.Names):
    """The defined names of a book."""

    def __init__(self) -> None:
        self.held: list[Name] = []

    def __call__(self, key: Any) -> Name:
        """Return a name by its text or counted from 1."""
        return self.held[key - 1] if isinstance(key, int) else next(each for each in self.held if each.name == key)

    def __len__(self) -> int:
        return len(self.held)

    def __iter__(self) -> Iterator[Name]:
        return iter(self.held)

    def snapshot(self) -> list[tuple[str, Name]]:
        """Return names and objects."""
        return [(each.name, each) for each in self.held]


class Book(base_classes.Book):
    """A workbook with one table per sheet, its header in B3, and the named cells on a sheet Settings."""

    app: Any = None
    sheets: Any = None
    names: Any = None
    name: Any = None
    fullname: Any = None

    def __init__(self, tables: Mapping[str, Sequence[Sequence[Any]]], settings: Mapping[str, Any]) -> None:
        self.app, self.sheets, self.names = App(), Sheets(), Names()
        self.name, self.fullname, self.shown = "Book.xlsm", "C:\\Book.xlsm", ""
        for name, rows in tables.items():
            sheet = Sheet(self, name)
            self.sheets.append(sheet)
            filled = list(rows) if len(rows) > 1 else [*rows, [None] * len(rows[0])]
            area = Range(sheet, 3, 2, len(filled), len(filled[0]))
            for y, row in enumerate(filled):
                for x, value in enumerate(row):
                    sheet.cells_held[3 + y, 2 + x] = typed(value)
            sheet.tables.append(Table(name, area))
        sheet = Sheet(self, "Settings")
        self.sheets.append(sheet)
        for row, (name, value) in enumerate(settings.items(), start=4):
            sheet.cells_held[row, 3] = typed(value)
            self.names.held.append(Name(name, Range(sheet, row, 3)))

    @property
    def writes(self) -> int:
        """How many cells were written."""
        return sum(sheet.writes for sheet in self.sheets)

    def activate(self) -> None:
        """Come to the front of the workbooks."""

    def sheet(self, name: str) -> Sheet:
        """Return a sheet by name."""
        return next(each for each in self.sheets if each.name == name)

    def rows(self, table: str) -> list[list[Any]]:
        """Return a table's cells, the header first."""
        found = next(each for sheet in self.sheets for each in sheet.tables if each.name == table)
        value: list[list[Any]] = found.range.raw_value
        return value


def open_book(
    tables: Mapping[str, Sequence[Sequence[Any]]], settings: Mapping[str, Any] | None = None
) -> tuple[xlwings.Book, Book]:
    """Return a workbook as xlwings sees it, and what is behind it."""
    behind = Book(tables, settings or {})
    return xlwings.Book(impl=behind), behind
