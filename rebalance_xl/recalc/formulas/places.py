"""What texts mean: structured references, and in INDIRECT cells, names of the workbook and of its sheets, tables.

Table[Column], Table[[#Totals],[A]:[B]] and Table[@Column] become A1 areas, as what is written in R1C1 does.
"""

from __future__ import annotations

import re
from typing import Any, Final

from ...cells import CellError
from ..files.package import Table
from ..native.faults import UNDECIDED
from ..native.registry import NativeFunction
from ..references import MAX_COLUMNS, MAX_ROWS, Area, column_letters, quoted_sheet
from .book_view import BookView
from .operands import area_of, area_text, joined_areas, sheet_name
from .parameter_classes import implementation
from .text import is_fixed
from .tree import FormulaError

#: The functions that turn the text of an INDIRECT into an address that the engine reads, or, where it is likely a name,
#: into the number of what it means among what such names stand for.
PLACE, NAMED = "RXL.PLACE", "RXL.NAMED"
#: The most places that INDIRECT is written as a choice of.
_MOST_CHOICES: Final = 100

_PREFIX: Final = re.compile(r"((?:'(?:[^']|'')+'|[^'!:,() ]+)!)?(.*)", re.S)
_ENDS: Final = re.compile(r"((?:'(?:[^']|'')+'|[^'!:,() ]+)!)?([^!:]+)(?::((?:'(?:[^']|'')+'|[^'!:,() ]+)!)?([^!:]+))?")
_TABLE: Final = re.compile(r"([^\W\d][\w.]*)(?:\[(.*)\])?", re.S)
_COLUMNS: Final = re.compile(r"(?<![^!])([A-Z]{1,3}):([A-Z]{1,3})$")
_QUOTED: Final = re.compile(r"'(?:[^']|'')+'|\[.*\]")
_R1C1: Final = re.compile(r"(?:R(\[-?\d+\]|\d*))?(?:C(\[-?\d+\]|\d*))?", re.IGNORECASE)
#: Names that stand for something computed or for a constant are no references to INDIRECT.
_COMPUTED: Final = re.compile(r'.*(?:[-+*/^&<>={"]|[\w.]\().*|[\d.]+%?|TRUE|FALSE|#N/A', re.IGNORECASE | re.S)
_NOWHERE: Final = CellError("#REF!", "")


def implementation_in(book: BookView, name: str) -> Any:
    """Return what the package itself implements under a name in a workbook, None when nothing."""
    if name == NAMED:
        return NativeFunction(NAMED, Places(book).number, 4, 4, ("any",))
    return NativeFunction(PLACE, Places(book).address, 2, 6, ("any",)) if name == PLACE else implementation(name)


class Places:
    """The cells, names and tables of a workbook by the texts that mean them."""

    def __init__(self, book: BookView) -> None:
        self.book = book
        self._numbers: dict[tuple[object, ...], dict[str, int]] = {}

    def choices(self, sheet: int, start: str, areas: bool) -> list[str]:
        """Return what names that begin so stand for, none where they are too many: single cells, or areas, too."""
        names = [name for scope, name in self.book.names if scope in (sheet, -1) and name.startswith(start.lower())]
        meant = [self.address(name, sheet) for name in names if sheet not in self.book.addressed]
        found = [*dict.fromkeys(each for each in meant if isinstance(each, str) and (areas or ":" not in each))]
        return found if len(found) <= _MOST_CHOICES else []

    def number(self, text: Any, sheet: float, start: str, areas: bool, date_offset: int = 0) -> Any:
        """Return the number of what a text means among the choices; that it is none of them is noted."""
        address = self.address(text, sheet)
        if isinstance(address, CellError):
            return address
        key = sheet, start, areas
        if key not in self._numbers:
            self._numbers[key] = {each: n for n, each in enumerate(self.choices(int(sheet), start, areas), 1)}
        if address in self._numbers[key]:
            return float(self._numbers[key][address])
        self.book.addressed.add(int(sheet))
        return _NOWHERE

    def address(
        self, text: Any, sheet: float, style: Any = True, row: float = 1.0, column: float = 1.0, corners: bool = False,
        date_offset: int = 0,
    ) -> Any:  # fmt: skip
        """Return the address that a text means: A1 text with a sheet, #REF! for what is no reference.

        With a style of FALSE or 0 the text is of the kind R1C1, relative to the formula's row and column. `corners` has
        whole columns written from the first to the last row: the engine ends each with its own last used cell else.
        """
        for value in (text, style):
            if isinstance(value, CellError):
                return value
        if not isinstance(text, str) or not text:
            return _NOWHERE
        if isinstance(style, str):
            return CellError(UNDECIDED, "INDIRECT with a style that is a text")
        found = self._cells(text, int(sheet), None if style else (int(row), int(column)))
        named = found if found is not None else self._named(text, int(sheet))
        if corners and isinstance(named, str):
            return _COLUMNS.sub(rf"\g<1>1:\g<2>{MAX_ROWS}", named)
        return _unknown(text) if named is None else named

    def _cells(self, text: str, sheet: int, from_cell: tuple[int, int] | None) -> str | None:
        """Return the address of cells written as such, of the kind R1C1 as seen from a cell."""
        match = _ENDS.fullmatch(text)
        if match is None:
            return None
        prefix, first, other, last = match.groups()
        if other and (not prefix or other.lower() != prefix.lower()):
            return None
        if from_cell is not None:
            ends = [_from_r1c1(end, *from_cell) for end in (first, last or first)]
            area = area_of(joined_areas(ends[0], ends[1], True))
        else:
            area = area_of(f"{first}:{last}" if last else first)
        if area is None or area.top < 1 or area.left < 1 or area.bottom > MAX_ROWS or area.right > MAX_COLUMNS:
            return None
        where = self._sheet(prefix, sheet)
        if where is None:
            return None
        return ("" if where == sheet else quoted_sheet(self.book.sheet_names[where]) + "!") + area_text(area)

    def _sheet(self, prefix: str | None, own: int) -> int | None:
        """Return the number of the sheet in a prefix, of the formula's own without one."""
        if not prefix:
            return own
        found = self.book.sheet_index.get(sheet_name(prefix).lower())
        return found if found is not None and found < self.book.sheet_count else None

    def _named(self, text: str, sheet: int) -> str | CellError | None:
        """Return the address of a defined name or a table."""
        prefix, rest = _PREFIX.fullmatch(text).groups()  # type: ignore[union-attr] # which matches everything
        where = self._sheet(prefix, sheet)
        if where is None:
            return None
        for scope in (where, -1):
            target = self.book.names.get((scope, rest.lower()))
            if target is not None:
                return self._target(target, sheet, rest)
        return None if prefix else self._table(text)

    def _target(self, target: str, sheet: int, name: str) -> str | CellError | None:
        """Return the address that a name stands for, None for one that INDIRECT cannot follow."""
        target = target.removeprefix("=")
        if "#REF!" in target.upper():
            return _NOWHERE
        corners = target.rpartition("!")[2]
        if "!" in target and area_of(corners) is not None and all(map(is_fixed, corners.split(":"))):
            return self._cells(target, sheet, None)
        table = self._table(target)
        if table is not None:
            return table
        if _COMPUTED.fullmatch(_QUOTED.sub("", target)):
            return None
        return CellError(UNDECIDED, f"INDIRECT of the name {name[:40]!r}, which stands for {target[:60]!r}")

    def _table(self, text: str) -> str | CellError | None:
        """Return the address of a table or of a part of it."""
        match = _TABLE.fullmatch(text)
        table = self.book.package.tables.get(match[1].lower()) if match is not None else None
        if match is None or table is None:
            return None
        try:
            found = resolve(table, match[2], quoted_sheet(self.book.sheet_names[table.sheet]) + "!", 0)
        except FormulaError:
            return _NOWHERE
        if found == "#VALUE!":
            return CellError(UNDECIDED, "INDIRECT of a table's own row")
        return _NOWHERE if found == "#REF!" else found.replace("$", "")


def _unknown(text: str) -> CellError:
    """Return what a text is that means nothing here: #REF!, unless Excel may know more."""
    outside = _QUOTED.sub("", text)
    if re.search(r"#$|,|\w.* .*\w", outside, re.S) or re.search(r"\.xl\w+'?!", text, re.IGNORECASE):
        return CellError(UNDECIDED, f"INDIRECT of {text[:60]!r}")
    return _NOWHERE


def _from_r1c1(text: str, row: int, column: int) -> str:
    """Return one end of a reference of the kind R1C1, as seen from a cell, in A1, "" for another text."""
    match = _R1C1.fullmatch(text)
    if match is None or not text:
        return ""
    top, left = (
        None if part is None else own if not part else own + int(part[1:-1]) if part[0] == "[" else int(part)
        for part, own in zip(match.groups(), (row, column), strict=True)
    )
    first, last = (top, top) if top is not None else (1, MAX_ROWS)
    start, end = (left, left) if left is not None else (1, MAX_COLUMNS)
    return area_text(Area(first, start, last, end))


_PART: Final = re.compile(r"\[((?:'.|[^\]'])*)\]|([^,\[\]]+)", re.S)
_ESCAPE: Final = re.compile(r"'(.)", re.S)
_ITEMS: Final = ("#all", "#data", "#headers", "#totals", "#this row")


def split_specifier(inner: str) -> tuple[list[str], list[str]]:
    """Return the items (#totals, #this row for @) and the one or two column names between the outer brackets."""
    text = inner.strip()
    items: list[str] = []
    columns: list[str] = []
    if text.startswith("@"):
        items.append("#this row")
        text = text[1:].strip()
    if text.startswith("#"):
        return [*items, text.lower()], columns
    if text and not text.startswith("["):
        return items, [_ESCAPE.sub(r"\1", text)]
    for bracketed, bare in _PART.findall(text):
        if bracketed.strip().lower() in _ITEMS:
            items.append(bracketed.strip().lower())
        elif bracketed or bare.strip() not in ("", ":"):
            # XlsxWriter expands [@Price] to [[#This Row],Price], with a column that has no brackets of its own.
            columns.append(_ESCAPE.sub(r"\1", bracketed or bare.strip()))
    return items, columns


def resolve(table: Table, inner: str | None, prefix: str, row: int) -> str:
    """Return the A1 text of a structured reference for a formula in a row; None stands for the bare table name.

    A part that the table has not is ``#REF!``, the formula's own row is ``#VALUE!`` outside the data, a column that the
    table has not is refused.
    """
    items, columns = split_specifier(inner or "")
    places = [_column(table, column) for column in columns] or [0, table.area.width - 1]
    left, right = table.area.left + min(places), table.area.left + max(places)
    first, last = (f"${column_letters(column)}" for column in (left, right))
    if "#this row" in items:
        inside = table.first_row <= row <= table.last_row
        return prefix + first + (f"{row}:{last}{row}" if left < right else str(row)) if inside else "#VALUE!"
    spans = {
        "#all": (table.area.top, table.area.bottom),
        "#data": (table.first_row, max(table.first_row, table.last_row)),
        "#headers": (table.area.top, table.area.top) if table.header else None,
        "#totals": (table.area.bottom, table.area.bottom) if table.totals else None,
    }
    rows = [each for item in items or ["#data"] for each in spans.get(item) or (0,)]
    if 0 in rows:
        return "#REF!"
    several = left < right or min(rows) < max(rows)
    return f"{prefix}{first}${min(rows)}" + (f":{last}${max(rows)}" if several else "")


def _column(table: Table, column: str) -> int:
    """Return the place of a column in its table."""
    for name in (column.strip(), column):
        place = table.lookup.get(name.lower().replace("\n", " "))
        if place is not None:
            return place
    raise FormulaError(f"the table {table.name} has no column {column!r}")
