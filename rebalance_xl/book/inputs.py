"""Inputs written before a recalculation: changes such as ``Portfolio[Price] where Asset=SOL = 200`` and price files."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rebalance_xl.book.interface import Cell, TableData, WorkbookPort
from rebalance_xl.book.model import read_book
from rebalance_xl.book.problems import BookError, Problem, errors_of, listing, nearest
from rebalance_xl.book.reading import UnreadableError, is_blank, value_of
from rebalance_xl.book.schema import SETTINGS, TABLES
from rebalance_xl.cells import MISSING
from rebalance_xl.table_files import TableFileError, read_table_file

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
    line
        The line of the price file that it comes from, 0 for none.
    """

    table: str
    column: str
    key: str
    wanted: str
    value: Cell
    optional: bool = False
    line: int = 0


def parse_change(text: str) -> Change:
    """Read a change as a person writes it.

    Parameters
    ----------
    text
        ``Table[Column] where Key=Wanted = Value``, ``Table[Column] = Value`` or ``Name = Value``.

    Raises
    ------
    ValueError
        If the text is none of these, the value was meant as a number and is none, or it is of another kind or range
        than the column or setting asks for.

    Examples
    --------
    >>> parse_change("Portfolio[Price] where Asset=SOL = 200").value
    200.0
    """
    match = _CHANGE.fullmatch(text)
    if match:
        key, wanted = (match["key"] or "").strip(), _unquoted(match["wanted"] or "")
        return _checked(Change(match["table"], match["column"].strip(), key, wanted, _new_value(match["value"])))
    match = _NAMED.fullmatch(text)
    if match:
        return _checked(Change("", match["name"], "", "", _new_value(match["value"])))
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


def _checked(change: Change) -> Change:
    """Return a change whose value is what its column or setting asks for, as far as the model knows it."""
    tables = {name.casefold(): table for name, table in TABLES.items()}
    settings = {name.casefold(): setting for name, setting in SETTINGS.items()}
    table = tables.get(change.table.casefold())
    columns = {column.name.casefold(): column for column in table.columns} if table else {}
    known = columns.get(change.column.casefold()) if change.table else settings.get(change.column.casefold())
    if known is not None and not is_blank(change.value):
        what = f"{table.name}[{known.name}]" if table else known.name
        try:
            value_of(change.value, known.kind, known.words, getattr(known, "aliases", None))
        except UnreadableError as why:
            raise ValueError(f"{what} would be wrong: it {why}".replace("it holds", "it would hold")) from None
    return change


#: Which column of which table a price file fills, by the file's key column.
_TARGETS = {"asset": ("Portfolio", "Asset", "Price"), "symbol": ("Futures", "Symbol", "MarkPrice")}


@dataclass(frozen=True, slots=True)
class PriceFile:
    """What a price file brings: its changes, and the titles of the columns that are not used."""

    path: Path
    changes: tuple[Change, ...]
    unused: tuple[str, ...] = ()


def read_prices(path: Path) -> PriceFile:
    """Read a price file: a table with the columns Asset and Price, or Symbol and MarkPrice, or all of them.

    Parameters
    ----------
    path
        The file; its first line names the columns. Encoding, delimiter and spelling of numbers are found out by
        :mod:`rebalance_xl.table_files`.

    Raises
    ------
    ValueError
        If it cannot be read for sure, has no such columns, a price is no number above 0, or two lines give one
        thing different prices.
    """
    table = read_table_file(path)
    pairs = [(key, target) for key, target in _TARGETS.items() if table.column(key) is not None]
    if not pairs:
        raise TableFileError(f"{path}: needs the columns Asset and Price, or Symbol and MarkPrice")
    places: list[tuple[int, int]] = []
    for key, (_, key_column, column) in pairs:
        place, source = table.column(key), table.column(column)
        source = table.column("Price") if source is None else source
        if place is None or source is None:
            raise TableFileError(f"{path}: has a column {key_column} but no column {column}")
        places.append((place, source))
    numbers = table.numbers({source for _, source in places})
    changes: list[Change] = []
    for (_, (name, key_column, column)), (place, source) in zip(pairs, places, strict=True):
        known: dict[str, float] = {}
        for row in table.rows:
            wanted, text = row.cells[place], row.cells[source]
            if not wanted or not text:
                continue
            value = numbers.read(row.line, text)
            if value is None or value <= 0:
                raise table.refuse(row.line, f'the price of {wanted} is "{text}"; allowed is a number above 0')
            if known.setdefault(wanted.casefold(), value) != value:
                before = f"{known[wanted.casefold()]:.12g}"
                raise table.refuse(row.line, f"{wanted} has the price {text} here and {before} above; give one")
            changes.append(Change(name, column, key_column, wanted, value, optional=True, line=row.line))
    used = {place for pair in places for place in pair}
    unused = [title for place, title in enumerate(table.headers) if title and place not in used]
    return PriceFile(path, tuple(changes), tuple(unused))


def apply_changes(port: WorkbookPort, changes: Sequence[Change]) -> int:
    """Write the changes into a workbook (without committing) and return how many cells they touch.

    What follows from cached values elsewhere (sums of targets that formulas compute) is not known before the
    workbook is recalculated, and is left to `check`.

    Raises
    ------
    BookError
        If a table, column, name or row does not exist, or `check` would call an error in a row or name that is
        written what it did not before; nothing is committed then.
    """
    asked = [each for each in changes if not each.optional]
    before, places = (_errors(port), _places(port, asked)) if asked else ([], set())
    touched = _write(port, changes)
    wrong = [each for each in _errors(port) if each not in before and each.where.casefold() in places] if asked else []
    if wrong:
        raise BookError(wrong)
    return touched


def _write(port: WorkbookPort, changes: Sequence[Change]) -> int:
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


def without_row(port: WorkbookPort, changes: Sequence[Change]) -> list[str]:
    """Return what a price file brings that no row of a workbook asks for, each with its line.

    Parameters
    ----------
    port
        The workbook.
    changes
        Those of a :class:`PriceFile`, maybe with others.
    """
    found = []
    for change in changes:
        table = port.read_table(change.table) if change.optional else None
        if change.optional and (table is None or table.column(change.key) is None or not _rows(table, change)):
            found.append(f"{change.wanted} (line {change.line})")
    return found


def rows_without_price(port: WorkbookPort, changes: Sequence[Change]) -> list[str]:
    """Return a warning for each table in which some rows have no new price, so that their old one stays.

    Parameters
    ----------
    port
        The workbook.
    changes
        Those of a :class:`PriceFile`, maybe with others. Stablecoins need no price, nor do cells with formulas.
    """
    warnings: list[str] = []
    if not any(each.optional for each in changes):
        return warnings
    for name, key, column in _TARGETS.values():
        table = port.read_table(name)
        place = table.column(key) if table is not None else None
        price = table.column(column) if table is not None else None
        if table is None or place is None or price is None:
            continue
        kind = table.column("Kind") if name == "Portfolio" else None
        given = {each.wanted.casefold() for each in changes if _same(each.table, name) and _same(each.column, column)}
        missing = [
            str(row[place]).strip()
            for number, row in enumerate(table.rows)
            if _text(row[place]) not in {"", *given}
            and (kind is None or _text(row[kind]) != "stable")
            and not port.is_formula(name, number, column)
        ]
        if missing:
            warnings.append(f"no new {column} for {listing(missing)} of {name}: the old one stays")
    return warnings


def _errors(port: WorkbookPort) -> list[Problem]:
    """Return the errors that `check` finds in a workbook as it stands."""
    try:
        return errors_of(read_book(port).problems)
    except BookError as failure:
        return list(failure.problems)


def _places(port: WorkbookPort, changes: Sequence[Change]) -> set[str]:
    """Return the names and the cells of all rows that changes touch."""
    found: set[str] = set()
    for change in changes:
        table = port.read_table(change.table) if change.table else None
        if not change.table:
            found |= {change.column.casefold(), port.name_address(change.column).casefold()}
        elif table is not None and (not change.key or table.column(change.key) is not None):
            columns = range(len(table.headers))
            found |= {table.address(row, place).casefold() for row in _rows(table, change) for place in columns}
    return found


def _same(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()


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
