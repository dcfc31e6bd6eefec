"""Inputs written before a recalculation: changes such as ``Portfolio[Price] where Asset=SOL = 200`` and price files."""

from __future__ import annotations

import csv
import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rebalance_xl.book.interface import Cell, TableData, WorkbookPort
from rebalance_xl.book.problems import BookError, listing, nearest
from rebalance_xl.cells import MISSING

_CHANGE = re.compile(
    r"""\s*(?P<table>[\w.\\?]+)\[(?P<column>[^\]]+)\]
        (?:\s+where\s+(?P<key>[^=]+?)\s*=\s*(?P<wanted>[^=]+?))?
        \s*=\s*(?P<value>.*)""",
    re.VERBOSE | re.IGNORECASE,
)
_NAMED = re.compile(r"\s*(?P<name>[\w.\\?]+)\s*=\s*(?P<value>.*)")
#: What people write for a number and a worksheet would keep as a text.
_MEANT_AS_NUMBER = re.compile(r"[$€£¥]?\s*[+-]?\d{1,3}(?:\d*|(?:[,' _]\d{3})*)(?:[.,]\d+)?\s*[%$€£¥]?")


@dataclass(frozen=True, slots=True)
class Change:
    """One input to write.

    Parameters
    ----------
    table, column
        The column to write, or an empty table and the defined name.
    key, wanted
        Only rows whose `key` column holds `wanted`; an empty key for every row.
    value
        What to write.
    optional
        No complaint when the table, column or row does not exist (price files hold more than one book).
    """

    table: str
    column: str
    key: str
    wanted: str
    value: Cell
    optional: bool = False


def parse_change(text: str) -> Change:
    """Read a change as a person writes it.

    Parameters
    ----------
    text
        ``Table[Column] where Key=Wanted = Value``, ``Table[Column] = Value`` or ``Name = Value``.

    Raises
    ------
    ValueError
        If the text is none of these, or the value was meant as a number and is none.

    Examples
    --------
    >>> parse_change("Portfolio[Price] where Asset=SOL = 200").value
    200.0
    """
    match = _CHANGE.fullmatch(text)
    if match:
        key, wanted = (match["key"] or "").strip(), _unquoted(match["wanted"] or "")
        return Change(match["table"], match["column"].strip(), key, wanted, _new_value(match["value"]))
    match = _NAMED.fullmatch(text)
    if match:
        return Change("", match["name"], "", "", _new_value(match["value"]))
    raise ValueError(
        f'"{text}" is no change; write "Table[Column] where Key=Value = New", "Table[Column] = New" or "Name = New"'
    )


def _unquoted(text: str) -> str:
    text = text.strip()
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text


def _new_value(text: str) -> Cell:
    value = read_value(text)
    if isinstance(value, str) and value == text.strip() and _MEANT_AS_NUMBER.fullmatch(value):
        raise ValueError(
            f'"{value}" is no number; write 1200.50 or 0.05, without separators, signs and percent (a text in quotes)'
        )
    return value


def read_value(text: str) -> Cell:
    """Return the worksheet value that a text stands for: a number, TRUE or FALSE, a date, a blank, or the text.

    Examples
    --------
    >>> read_value("0.05"), read_value("true"), read_value("2026-11-22"), read_value('"12"')
    (0.05, True, datetime.date(2026, 11, 22), '12')
    """
    text = text.strip()
    if not text:
        return None
    if _unquoted(text) != text:
        return _unquoted(text)
    if text.upper() in ("TRUE", "FALSE"):
        return text.upper() == "TRUE"
    try:
        number = float(text.replace("_", "x"))
    except ValueError:
        try:
            return dt.date.fromisoformat(text)
        except ValueError:
            return text
    return number if abs(number) < float("inf") else text


#: Which column of which table a price file fills, by the file's key column.
_TARGETS = {"asset": ("Portfolio", "Asset", "Price"), "symbol": ("Futures", "Symbol", "MarkPrice")}


def read_prices(path: Path) -> list[Change]:
    """Read a price file: CSV with the columns Asset and Price, or Symbol and MarkPrice, or all of them.

    Parameters
    ----------
    path
        The file; its first line names the columns.

    Raises
    ------
    ValueError
        If it cannot be read, has no such columns, a price is no number above 0, or two lines give one thing
        different prices.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            lines = list(csv.DictReader(stream))
    except (OSError, UnicodeDecodeError, csv.Error) as failure:
        raise ValueError(f"{path}: cannot be read: {getattr(failure, 'strerror', None) or failure}") from None
    changes = []
    headers = {(name or "").strip().casefold(): name for name in (lines[0] if lines else {})}
    pairs = [(key, table) for key, table in _TARGETS.items() if key in headers]
    if not pairs:
        raise ValueError(f"{path}: needs the columns Asset and Price, or Symbol and MarkPrice")
    for key, (table, key_column, column) in pairs:
        source = headers.get(column.casefold()) or headers.get("price")
        if source is None:
            raise ValueError(f"{path}: has a column {key_column} but no column {column}")
        known: dict[str, float] = {}
        for number, line in enumerate(lines, start=2):
            wanted, text = (line[headers[key]] or "").strip(), (line[source] or "").strip()
            if not wanted or not text:
                continue
            value = read_value(text)
            if not isinstance(value, float) or value <= 0:
                raise ValueError(
                    f'{path}: line {number}: the price of {wanted} is "{text}"; allowed is a number above 0'
                )
            if known.setdefault(wanted.casefold(), value) != value:
                raise ValueError(
                    f"{path}: line {number}: {wanted} has the price {text} here and "
                    f"{known[wanted.casefold()]:.12g} above; give one"
                )
            changes.append(Change(table, column, key_column, wanted, value, optional=True))
    return changes


def apply_changes(port: WorkbookPort, changes: Sequence[Change]) -> int:
    """Write the changes into a workbook (without committing) and return how many cells they touch.

    Raises
    ------
    BookError
        If a table, column, name or row does not exist; nothing is committed then.
    """
    touched = 0
    for change in changes:
        if not change.table:
            if port.read_name(change.column) is MISSING:
                near = nearest(change.column, port.names())
                raise BookError(f"the book has no name {change.column}" + (f"; did you mean {near}?" if near else ""))
            port.write_name(change.column, change.value)
            touched += 1
            continue
        touched += _apply_to_table(port, change)
    return touched


def rows_without_price(port: WorkbookPort, changes: Sequence[Change]) -> list[str]:
    """Return a warning for each table in which some rows have no new price, so that their old one stays.

    Parameters
    ----------
    port
        The workbook.
    changes
        As :func:`read_prices` returns them, maybe with others. Stablecoins need no price.
    """
    warnings = []
    files = dict.fromkeys((each.table, each.key, each.column) for each in changes if each.optional)
    for name, key, column in files:
        table = port.read_table(name)
        place = table.column(key) if table is not None else None
        if table is None or place is None or table.column(column) is None:
            continue
        kind = table.column("Kind")
        given = {each.wanted.casefold() for each in changes if (each.table, each.key) == (name, key)}
        missing = [
            str(row[place]).strip()
            for row in table.rows
            if _text(row[place]) not in {"", *given} and (kind is None or _text(row[kind]) != "stable")
        ]
        if missing:
            warnings.append(f"no new {column} for {listing(missing)} of {name}: the old one stays")
    return warnings


def _apply_to_table(port: WorkbookPort, change: Change) -> int:
    table = port.read_table(change.table)
    if table is None:
        if change.optional:
            return 0
        raise BookError(f"the book has no table {change.table}; it has {listing(list(port.table_names())) or 'none'}")
    for column in filter(None, (change.column, change.key)):
        if table.column(column) is None:
            if change.optional:
                return 0
            near = nearest(column, table.headers)
            hint = f"did you mean {near}?" if near else f"it has {listing(list(table.headers))}"
            raise BookError(f"the table {table.name} has no column {column}; {hint}")
    rows = _rows(table, change)
    if not rows and not change.optional:
        raise BookError(f"the table {table.name} has no row where {change.key} is {change.wanted}")
    for row in rows:
        port.set_cells(table.name, row, {change.column: change.value})
    return len(rows)


def _rows(table: TableData, change: Change) -> list[int]:
    if not change.key:
        return list(range(len(table.rows)))
    place = table.column(change.key)
    assert place is not None
    return [i for i, row in enumerate(table.rows) if _text(row[place]) == change.wanted.casefold()]


def _text(cell: Cell) -> str:
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return str("" if cell is None else cell).strip().casefold()
