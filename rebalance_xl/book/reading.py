"""Turns the cells of a table or a setting into typed values, naming the cell of everything that is wrong."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from rebalance_xl.book.interface import Cell, TableData, WorkbookPort
from rebalance_xl.book.problems import ERROR, NOTE, UNUSED, Problem, listing, nearest
from rebalance_xl.book.schema import (
    FLAG_WORDS,
    PLAN_ACTIONS,
    SETTINGS,
    TABLES,
    Column,
    Setting,
    Table,
)
from rebalance_xl.cells import MISSING, CellError, describe, to_serial
from rebalance_xl.functions.allocation import DESTINATIONS


class UnreadableError(Exception):
    """A cell that does not hold what its column asks for; the text says so."""


class NumberTextError(UnreadableError):
    """A number that is stored as text."""


@dataclass(frozen=True, slots=True)
class Record:
    """A data row with typed values; a bad cell reads as its default and is reported as a problem."""

    values: dict[str, Any]
    row: int
    table: TableData

    def __getitem__(self, column: str) -> Any:
        return self.values[column]

    def is_blank(self, column: str) -> bool:
        """Tell whether the row's cell in a column is blank; a cell that cannot be read is not."""
        place = self.table.column(column)
        return place is None or is_blank(self.table.rows[self.row][place])

    def where(self, column: str) -> str:
        """Return the address of the row's cell in a column, of its first cell where the column is missing."""
        return self.table.address(self.row, self.table.column(column) or 0)


def is_blank(value: object) -> bool:
    """Tell whether a cell is blank; text of spaces only, as formulas return it, is blank too."""
    return value is None or value is MISSING or (isinstance(value, str) and not value.strip())


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def number_of(value: object) -> float:
    """Return a cell as a number, or say why it is none."""
    if isinstance(value, CellError):
        raise UnreadableError(f"holds the error {value.code}" + (f": {value.reason}" if value.reason else ""))
    if isinstance(value, bool):
        raise UnreadableError(f"holds {describe(value)} where a number belongs")
    if isinstance(value, str):
        try:
            float(value.replace(",", "").replace("%", ""))
        except ValueError:
            raise UnreadableError(f"holds the text {describe(value)} where a number belongs") from None
        raise NumberTextError(f"holds the text {describe(value)} where a number belongs; enter it as a number")
    if isinstance(value, dt.date):
        raise UnreadableError(f"holds the date {value:%Y-%m-%d} where a number belongs")
    if isinstance(value, int | float):
        if math.isfinite(value):
            return float(value)
        raise UnreadableError(f"holds {value}, which is no finite number")
    raise UnreadableError(f"holds {describe(value)} where a number belongs")


def date_of(value: object) -> float:
    """Return a cell as the serial number of a day, or say why it is none."""
    if isinstance(value, dt.date):
        return to_serial(value)
    if isinstance(value, str):
        try:
            return to_serial(dt.datetime.fromisoformat(value.strip()))
        except ValueError:
            raise UnreadableError(f"holds the text {describe(value)} where a date belongs (2026-09-30)") from None
    number = number_of(value)
    if not 0 < number < 2_958_466:
        raise UnreadableError(f"holds {describe(number)} where a date belongs")
    return number


def word_of(value: object, words: tuple[str, ...], aliases: dict[str, str] | None = None) -> str:
    """Return a cell as one of the words allowed, or name the nearest."""
    if isinstance(value, CellError):
        raise UnreadableError(f"holds the error {value.code}" + (f": {value.reason}" if value.reason else ""))
    text = f"{value:g}" if isinstance(value, int | float) and not isinstance(value, bool) else str(value).strip()
    folded = {word.casefold(): word for word in words} | (aliases or {})
    found = folded.get(text.casefold())
    if found is not None:
        return found
    guess = nearest(text, words, cutoff=0.6)
    hint = f'; did you mean "{guess}"?' if guess else ""
    raise UnreadableError(f"holds {describe(text)}, which is none of {listing(words)}{hint}")


def flag_of(value: object) -> bool:
    """Return a cell as yes or no."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float) and value in (0, 1):
        return bool(value)
    if isinstance(value, str) and value.strip().casefold() in FLAG_WORDS:
        return FLAG_WORDS[value.strip().casefold()]
    if isinstance(value, CellError):
        raise UnreadableError(f"holds the error {value.code}")
    raise UnreadableError(f"holds {describe(value)} where yes or no belongs")


def number_not_negative(value: object) -> float:
    """Return a cell as a number of 0 or more, or say why it is none."""
    number = number_of(value)
    if number < 0:
        raise UnreadableError(f"holds {describe(number)}; it cannot be negative")
    return number


def ratio_of(value: object) -> float | str:
    """Return a cell as a fraction from 0 to 1 or as the name of one."""
    if isinstance(value, str):
        return value.strip()
    number = number_not_negative(value)
    if number > 1:
        raise UnreadableError(f"holds {describe(number)}; a ratio lies between 0 and 1")
    return number


def value_of(value: Cell, kind: str, words: tuple[str, ...] = (), aliases: dict[str, str] | None = None) -> Any:
    """Return a cell that is not blank as its kind asks.

    Raises
    ------
    UnreadableError
        With what the cell holds and what belongs there.
    """
    if kind == "text":
        if isinstance(value, CellError):
            raise UnreadableError(f"holds the error {value.code}")
        return f"{value:.15g}" if isinstance(value, float) else str(value).strip()
    if kind == "word":
        return word_of(value, words, aliases)
    if kind == "flag":
        return flag_of(value)
    if kind == "lock":
        return number_not_negative(value) if _is_number(value) else flag_of(value)
    if kind == "ratio":
        return ratio_of(value)
    if kind == "date":
        return date_of(value)
    if kind == "frequency" and isinstance(value, str):
        return word_of(value, words)
    if kind == "destination" and isinstance(value, str):
        return DESTINATIONS[word_of(value, words)]
    number = number_of(value)
    if number < 0 and kind not in ("number", "fraction"):
        raise UnreadableError(f"holds {describe(number)}; it cannot be negative")
    if number == 0 and kind in ("price", "frequency"):
        raise UnreadableError("holds 0; it must be above 0")
    if kind == "destination" and number > 1:
        raise UnreadableError(f"holds {describe(number)}; a share of the band lies between 0 and 1")
    return number


def read_records(port: WorkbookPort, table: Table, problems: list[Problem]) -> list[Record] | None:
    """Return the typed rows of a table, None where there is no such table; findings go to `problems`."""
    data = port.read_table(table.name)
    if data is None:
        return None
    check_headers(data, table, problems)
    key = data.column(table.key)
    if key is None:
        return []
    records = []
    offset = port.date_offset
    for row, cells in enumerate(data.rows):
        if all(is_blank(cell) for cell in cells):
            continue
        values = {}
        for column in table.columns:
            place = data.column(column.name)
            values[column.name] = _read_cell(data, row, column, place, problems, offset)
        if is_blank(cells[key]):
            numbers = [cell for cell in cells if isinstance(cell, int | float) and not isinstance(cell, bool) and cell]
            if numbers:
                problems.append(
                    Problem(
                        ERROR,
                        data.address(row, key),
                        f"{table.name}[{table.key}] is blank in a row with figures",
                    )
                )
            continue
        if values[table.key] is not None:
            records.append(Record(values, row, data))
    return records


def check_number_texts(data: TableData | None, columns: Iterable[str], problems: list[Problem]) -> None:
    """Report numbers stored as text in columns of a table whose rows are read elsewhere, which would pass them over.

    Parameters
    ----------
    data
        The table; None where there is none.
    columns
        Headers of the columns that hold numbers.
    problems
        Receives an error for each such cell.
    """
    if data is None:
        return
    for column in columns:
        place = data.column(column)
        if place is None:
            continue
        for row, cells in enumerate(data.rows):
            try:
                number_of(cells[place])
            except NumberTextError as why:
                problems.append(Problem(ERROR, data.address(row, column), f"{data.name}[{column}] {why}"))
            except UnreadableError:
                continue


def _read_cell(
    data: TableData, row: int, column: Column, place: int | None, problems: list[Problem], offset: float
) -> Any:
    cell = None if place is None else data.rows[row][place]
    if is_blank(cell):
        return column.default
    try:
        value = value_of(cell, column.kind, column.words, column.aliases)
        return value + offset if column.kind == "date" and _is_number(cell) else value
    except UnreadableError as why:
        problems.append(Problem(ERROR, data.address(row, column.name), f"{data.name}[{column.name}] {why}"))
        return column.default


def check_headers(data: TableData, table: Table, problems: list[Problem]) -> None:
    """Report required columns that are missing, misspelt ones by their right name, and doubled ones."""
    known = {column.name.casefold() for column in table.columns}
    missing = [column for column in table.columns if data.column(column.name) is None]
    for position, header in enumerate(data.headers):
        if header.casefold() in known or not header.strip():
            continue
        guess = nearest(header, [column.name for column in missing], cutoff=0.75)
        if guess:
            problems.append(
                Problem(
                    ERROR,
                    data.address(-1, position),
                    f'table {data.name} has no column "{header}" in the model; did you mean "{guess}"?',
                )
            )
            missing = [column for column in missing if column.name != guess]
    problems.extend(
        Problem(ERROR, data.address(-1, 0), f"table {data.name} needs the column {column.name} ({column.help})")
        for column in missing
        if column.required
    )


def check_table_names(port: WorkbookPort, problems: list[Problem]) -> None:
    """Report a required table that is missing and a misspelt one, naming the nearest right spelling."""
    present = {name.casefold(): name for name in port.table_names()}
    missing = [table for name, table in TABLES.items() if name.casefold() not in present]
    strangers = [name for folded, name in present.items() if folded not in {t.casefold() for t in TABLES}]
    for stranger in strangers:
        guess = nearest(stranger, [table.name for table in missing], cutoff=0.75)
        if guess is None:
            guess = _table_by_columns(port, stranger, [table for table in missing if table.required])
        if guess is None:
            continue
        message = f'the table "{stranger}" is not one of the model; did you mean "{guess}"?'
        problems.append(Problem(ERROR, stranger, f"{message} Rename it under Table Design"))
        missing = [table for table in missing if table.name != guess]
    for table in missing:
        if table.required:
            tables = ", ".join(sorted(present.values())) or "none"
            problems.append(Problem(ERROR, table.name, f"the workbook has no table {table.name}; its tables: {tables}"))
    unused = [table.name for table in missing if not table.required]
    if unused:
        problems.append(Problem(NOTE, "", f"tables not in the workbook and not used: {', '.join(unused)}", UNUSED))


def _table_by_columns(port: WorkbookPort, stranger: str, wanted: Iterable[Table]) -> str | None:
    data = port.read_table(stranger)
    headers = {header.casefold() for header in data.headers} if data else set()
    for table in wanted:
        known = {column.name.casefold() for column in table.columns}
        if len(headers & known) >= 4 and table.key.casefold() in headers:
            return table.name
    return None


def read_settings(port: WorkbookPort, problems: list[Problem]) -> dict[str, Any]:
    """Return every setting by name, defaults for those that are missing or blank."""
    present = {name.casefold(): name for name in port.names()}
    absent = [name for name in SETTINGS if name.casefold() not in present]
    reserved = {name.casefold() for name in SETTINGS} | {"total"} | {action.casefold() for action in PLAN_ACTIONS}
    for folded, name in present.items():
        if folded in reserved or "!" in name or name.startswith("_"):
            continue
        guess = nearest(name, absent, cutoff=0.85)
        if guess:
            problems.append(
                Problem(
                    ERROR,
                    port.name_address(name),
                    f'the name "{name}" is no setting; did you mean "{guess}"?',
                )
            )
    return {name: _read_setting(port, setting, problems) for name, setting in SETTINGS.items()}


def _read_setting(port: WorkbookPort, setting: Setting, problems: list[Problem]) -> Any:
    value = port.read_name(setting.name)
    if value is MISSING or is_blank(value):
        return setting.default
    try:
        found = value_of(value, setting.kind, setting.words)
        offset = port.date_offset if setting.kind == "date" and _is_number(value) else 0.0
        return found + offset if offset else found
    except UnreadableError as why:
        problems.append(Problem(ERROR, port.name_address(setting.name), f"{setting.name} {why}"))
        return setting.default
