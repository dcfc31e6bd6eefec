"""A workbook file behind the workbook interface: cached values are read, new ones spliced in, no more."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rebalance_xl.book.interface import Cell, Row, TableData
from rebalance_xl.book.problems import ERROR, BookError, Problem
from rebalance_xl.cells import MISSING, REF, CellError, Missing, to_serial
from rebalance_xl.hosts.file_parts import grown_table, spliced_cells, table_parts
from rebalance_xl.recalc.files.output import Update
from rebalance_xl.recalc.files.package import Package, Table
from rebalance_xl.recalc.files.parts import decoded
from rebalance_xl.recalc.files.refusals import FileMark, read_input
from rebalance_xl.recalc.references import parse_area
from rebalance_xl.recalc.sheets.formula_cells import FormulaCell
from rebalance_xl.recalc.sheets.scan import scan_sheet
from rebalance_xl.recalc.sheets.sheet_scan import SheetScan

_NAMED_CELL = re.compile(r"^(?:'((?:[^']|'')+)'|([^'!]+))!(\$?[A-Za-z]{1,3}\$?[0-9]{1,7})$")
#: A formula with plain cell references cannot be copied to another row as it stands.
_CELL_REFERENCE = re.compile(r"(?<![\w\[$.])\$?[A-Za-z]{1,3}\$?[0-9]{1,7}(?![\w(\[])")
_DATES_1904 = 1462.0


@dataclass(slots=True)
class _Sheet:
    """A worksheet: its cells as read and written, and what was written."""

    scan: SheetScan
    values: dict[tuple[int, int], Any]
    formulas: dict[tuple[int, int], FormulaCell]
    changes: dict[int, dict[int, Any]] = field(default_factory=dict)
    like: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)
    new_formulas: dict[tuple[int, int], str] = field(default_factory=dict)


class FileWorkbook:
    """An .xlsx or .xlsm file; tables, columns and names are found without regard to case.

    Writes are collected; :meth:`commit` saves them in one step, :meth:`content` returns the file's new bytes.

    Parameters
    ----------
    package
        The file as read.
    path, mark
        Where it came from, and its state then; None for bytes.
    output
        Where :meth:`commit` writes; the file itself by default.
    """

    def __init__(
        self,
        package: Package,
        path: Path | None = None,
        mark: FileMark | None = None,
        output: Path | None = None,
        ignore_lock: bool = False,
    ) -> None:
        self.package = package
        self.path = path
        self.output = output or path
        self._mark = mark
        self._ignore_lock = ignore_lock
        self._sheets: dict[int, _Sheet] = {}
        self._heights: dict[str, int] = {}
        #: What to add to a date's number to get the 1900 system.
        self.date_offset = _DATES_1904 if package.date1904 else 0.0

    @classmethod
    def open(cls, path: Path | str, output: Path | str | None = None, ignore_lock: bool = False) -> FileWorkbook:
        """Read a file.

        Parameters
        ----------
        path
            An .xlsx or .xlsm file.
        output
            Where :meth:`commit` writes; in place by default.
        ignore_lock
            Go on although a lock file says that another program has it open.

        Raises
        ------
        Refused
            If the file is missing, locked, damaged, encrypted or no workbook.
        """
        path = Path(path)
        data, mark = read_input(path, ignore_lock)
        return cls(Package.open(data), path, mark, Path(output) if output else None, ignore_lock)

    @classmethod
    def from_bytes(cls, data: bytes) -> FileWorkbook:
        """Read a file's bytes; the result is asked for with :meth:`content`."""
        return cls(Package.open(data))

    # --- reading ---

    def table_names(self) -> Sequence[str]:
        """Return the names of all tables."""
        return [table.name for table in self.package.tables.values()]

    def read_table(self, name: str) -> TableData | None:
        """Return a table with its cached values and the writes so far, or None."""
        table = self.package.tables.get(name.casefold())
        if table is None or not table.header:
            return None
        values = self._sheet(table.sheet).values
        columns = range(table.area.left, table.area.right + 1)
        if len(columns) != len(table.columns):
            message = f"the table {table.name} names {len(table.columns)} columns, but its range has {len(columns)}"
            raise BookError(Problem(ERROR, table.name, f"{message}: the file is damaged"))
        rows = tuple(
            tuple(values.get((row, column)) for column in columns)
            for row in range(table.first_row, self._last_row(table) + 1)
        )
        return TableData(
            table.name,
            table.columns,
            rows,
            self.package.sheets[table.sheet].name,
            table.area.top,
            table.area.left,
        )

    def is_formula(self, name: str, row: int, column: str) -> bool:
        """Tell whether a cell of a table's data rows, counted from 0, holds a formula."""
        table = self._table(name)
        position = self._position(table, column)
        return (table.first_row + row, position) in self._sheet(table.sheet).formulas

    def below_table(self, name: str) -> str:
        """Return the address of the first cell in use directly under a table, "" where there is none."""
        table = self.package.tables.get(name.casefold())
        if table is None or not table.header:
            return ""
        sheet = self._sheet(table.sheet)
        row = max(table.area.bottom, self._last_row(table)) + 1
        for column in range(table.area.left, table.area.right + 1):
            if sheet.values.get((row, column)) not in (None, "") or (row, column) in sheet.formulas:
                return self._where(table.sheet, row, column)
        return ""

    def names(self) -> Sequence[str]:
        """Return the defined names, in lower case as they are compared."""
        return list(dict.fromkeys(name for _, name in self.package.names))

    def read_name(self, name: str) -> Cell | Missing:
        """Return the value of a named cell (or constant), MISSING where there is no such name."""
        text = self._name_text(name)
        if text is None:
            return MISSING
        place = self._place(text)
        if place is not None:
            sheet, row, column = place
            value: Cell = self._sheet(sheet).values.get((row, column))
            return value
        return _constant(name, text)

    def name_address(self, name: str) -> str:
        """Return the cell that a name stands for, the name itself where it is none."""
        text = self._name_text(name)
        return text.replace("$", "") if text is not None and self._place(text) is not None else name

    # --- writing ---

    def write_name(self, name: str, value: Cell) -> None:
        """Put a value into a named cell."""
        text = self._name_text(name)
        place = self._place(text) if text is not None else None
        if place is None:
            raise BookError(Problem(ERROR, name, f"the workbook has no named cell {name}"))
        sheet, row, column = place
        self._put(sheet, row, column, value, f"the setting {name}")

    def write_table(self, name: str, headers: Sequence[str], rows: Sequence[Row]) -> None:
        """Replace a table's data rows; rows that are left over become blank, missing ones are added below."""
        table = self._table(name)
        places = {str(title).casefold(): place for place, title in enumerate(headers)}
        self._grow(table, len(rows))
        for offset in range(self._last_row(table) - table.first_row + 1):
            row = rows[offset] if offset < len(rows) else None
            for position, title in enumerate(table.columns):
                place = places.get(title.casefold())
                value = row[place] if row is not None and place is not None else None
                self._put_in_table(table, offset, table.area.left + position, value)

    def append_row(self, name: str, values: Mapping[str, Cell]) -> None:
        """Add a data row: into the first of the blank rows at the table's end, else below it."""
        table = self._table(name)
        used = self._last_row(table) - table.first_row + 1 if table.header else 0
        while used and all(self._is_empty(table, used - 1, place) for place in range(len(table.columns))):
            used -= 1
        self._grow(table, used + 1)
        given = {column.casefold(): value for column, value in values.items()}
        for position, title in enumerate(table.columns):
            column = table.area.left + position
            if title.casefold() in given and not self._copy_formula(table, used, column):
                self._put_in_table(table, used, column, given[title.casefold()])
            elif title.casefold() not in given:
                self._copy_formula(table, used, column)

    def set_cells(self, name: str, row: int, values: Mapping[str, Cell]) -> None:
        """Write some columns of one data row, counted from 0; a formula is never overwritten."""
        table = self._table(name)
        for column, value in values.items():
            self._put_in_table(table, row, self._position(table, column), value)

    def content(self) -> bytes:
        """Return the file with the writes in it; every other part is copied as it is."""
        changed = self._changed_parts()
        return self.package.container.rewritten(changed) if changed else self.package.container.data

    def commit(self) -> None:
        """Save the writes atomically; without a path there is nothing to do."""
        if self.path is None or self.output is None or self._mark is None:
            return
        changed = self._changed_parts()
        content = self.package.container.rewritten(changed) if changed else self.package.container.data
        original = self.package.container.data
        Update(original, self.path, self.output, self._mark, self._ignore_lock).write(content, changed)

    # --- inside ---

    def _sheet(self, number: int) -> _Sheet:
        if number not in self._sheets:
            part = self.package.sheets[number].part
            text, encoding = decoded(self.package.container.read(part), part)
            scan = scan_sheet(text, encoding, self.package.strings, self.package.date1904, part)
            values = scan.values_within()
            formulas = {(cell.row, cell.column): cell for cell in scan.formulas}
            values.update({place: cell.old for place, cell in formulas.items()})
            self._sheets[number] = _Sheet(scan, values, formulas)
        return self._sheets[number]

    def _table(self, name: str) -> Table:
        table = self.package.tables.get(name.casefold())
        if table is None:
            raise BookError(Problem(ERROR, name, f"the workbook has no table {name}"))
        return table

    def _position(self, table: Table, column: str) -> int:
        for position, title in enumerate(table.columns):
            if title.casefold() == column.casefold():
                return table.area.left + position
        raise BookError(Problem(ERROR, table.name, f"the table {table.name} has no column {column}"))

    def _last_row(self, table: Table) -> int:
        return max(table.last_row, table.area.top + self._heights.get(table.name, 0))

    def _is_empty(self, table: Table, offset: int, place: int) -> bool:
        cell = (table.first_row + offset, table.area.left + place)
        sheet = self._sheet(table.sheet)
        return cell in sheet.formulas or sheet.values.get(cell) in (None, "")

    def _name_text(self, name: str) -> str | None:
        names = self.package.names
        found = names.get((-1, name.lower()))
        return (
            found
            if found is not None
            else next((text for (_, key), text in names.items() if key == name.lower()), None)
        )

    def _place(self, text: str) -> tuple[int, int, int] | None:
        match = _NAMED_CELL.match(text.lstrip("="))
        area = parse_area(match[3]) if match else None
        if match is None or area is None:
            return None
        sheet = (match[1] or match[2]).replace("''", "'").lower()
        number = self.package.sheet_index.get(sheet)
        return None if number is None else (number, area.top, area.left)

    def _where(self, sheet: int, row: int, column: int) -> str:
        data = TableData("", (), (), self.package.sheets[sheet].name, row, column)
        return data.address(-1, 0)

    def _put(self, number: int, row: int, column: int, value: Any, what: str) -> None:
        from rebalance_xl.recalc.sheets.splice_rows import REMOVED

        sheet = self._sheet(number)
        if (row, column) in sheet.formulas or (row, column) in sheet.new_formulas:
            where = self._where(number, row, column)
            raise BookError(Problem(ERROR, where, f"{what} is a formula; it is not overwritten"))
        if hasattr(value, "isoformat"):
            value = to_serial(value) - self.date_offset
        elif isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        before = sheet.values.get((row, column))
        if value == before and type(value) is type(before):
            return
        sheet.values[row, column] = value
        sheet.changes.setdefault(row, {})[column] = REMOVED if value is None else value

    def _put_in_table(self, table: Table, offset: int, column: int, value: Any) -> None:
        row = table.first_row + offset
        what = f"{table.name}[{table.columns[column - table.area.left]}]"
        sheet = self._sheet(table.sheet)
        if value is None and (row, column) in sheet.formulas:
            return
        self._put(table.sheet, row, column, value, what)
        if row > table.last_row and table.last_row >= table.first_row:
            sheet.like[row, column] = (table.last_row, column)

    def _copy_formula(self, table: Table, offset: int, column: int) -> bool:
        """Continue a calculated column into a new row; False where the column has no formula that can be copied."""
        sheet = self._sheet(table.sheet)
        row = table.first_row + offset
        if (row, column) in sheet.formulas:
            return True
        above = sheet.formulas.get((min(row - 1, table.last_row), column))
        if above is None or above.kind not in ("normal", "shared") or _CELL_REFERENCE.search(above.formula):
            return False
        sheet.new_formulas[row, column] = above.formula
        sheet.changes.setdefault(row, {})[column] = 0.0
        sheet.like[row, column] = (above.row, column)
        return True

    def _grow(self, table: Table, height: int) -> None:
        """Make room for data rows; what lies below the table is never overwritten."""
        first, last = self._last_row(table) + 1, table.first_row + height - 1
        if last < first:
            return
        if table.totals:
            message = f"the table {table.name} has a totals row and no room for {height} rows: add blank rows above it"
            raise BookError(Problem(ERROR, table.name, message))
        sheet = self._sheet(table.sheet)
        columns = range(table.area.left, table.area.right + 1)
        for row in range(first, last + 1):
            for column in columns:
                if sheet.values.get((row, column)) is not None or (row, column) in sheet.formulas:
                    where = self._where(table.sheet, row, column)
                    raise BookError(
                        Problem(ERROR, where, f"the table {table.name} has to grow, but this cell below it is in use")
                    )
        self._heights[table.name] = height

    def _changed_parts(self) -> dict[str, bytes]:
        changed = {}
        for number, sheet in self._sheets.items():
            if sheet.changes:
                text = spliced_cells(sheet.scan, sheet.changes, sheet.like, sheet.new_formulas)
                changed[self.package.sheets[number].part] = text.encode(sheet.scan.encoding)
        if self._heights:
            parts = table_parts(self.package)
            for name, height in self._heights.items():
                part = parts[name.casefold()]
                changed[part] = grown_table(
                    self.package.container.read(part), self.package.tables[name.casefold()], height
                )
        return changed


def _constant(name: str, text: str) -> Cell:
    text = text.lstrip("=").strip()
    if text.startswith("#REF!") or "#REF!" in text:
        return REF
    if len(text) >= 2 and text[0] == text[-1] == '"':
        return text[1:-1].replace('""', '"')
    if text.upper() in ("TRUE", "FALSE"):
        return text.upper() == "TRUE"
    try:
        return float(text)
    except ValueError:
        return CellError("#VALUE!", f"the name {name} does not stand for one cell ({text})")
