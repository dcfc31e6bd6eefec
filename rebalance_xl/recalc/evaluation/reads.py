"""What the formulas of a workbook read: cells and areas taken from the text that the engine computes."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, field
from itertools import compress
from typing import Any, NamedTuple

from ..formulas.book_view import BookView
from ..formulas.compiling import Out, Template, written
from ..formulas.text import digit_classes, split_references
from ..references import MAX_COLUMNS, MAX_ROWS, Place, column_number
from ..sheets.formula_cells import FormulaCell, Formulas
from .spills import Anchor

_READS = re.compile(
    r"""\"(?:[^\"]|\"\")*\"
    |(?:(?P<sheet>'(?:[^']|'')*'|[^\W\d][\w.]*)!)?
     (?:\$?(?P<first>[A-Z]{1,3})(?:\$?(?P<top>[0-9]+))?:\$?(?P<last>[A-Z]{1,3})(?:\$?(?P<bottom>[0-9]+))?(?![\w(])
     |\$?(?P<only>[A-Z]{1,3})\$?(?P<row>[0-9]+)(?![\w(])
     |\$?(?P<upper>[0-9]+):\$?(?P<lower>[0-9]+))""",
    re.VERBOSE,
)
_FAR = re.compile(r"\b(OFFSET|INDIRECT|RXL\.PLACE)\(")
_ANYWHERE = re.compile(_FAR.pattern + r"|\):|:@?[A-Z.]+\(", re.IGNORECASE)

#: Rows of cells by sheet and column, rising.
Cells = dict[int, dict[int, list[int]]]


class Read(NamedTuple):
    """Cells that a formula reads."""

    sheet: int
    left: int
    right: int
    top: int
    bottom: int

    def met(self, cells: Cells) -> Iterator[tuple[tuple[int, int], int]]:
        """Yield those of some cells that are read: sheet and column, and row."""
        columns = cells.get(self.sheet, {})
        for column in (self.left,) if self.left == self.right else columns:
            rows = columns.get(column, ()) if self.left <= column <= self.right else ()
            for row in rows[bisect_left(rows, self.top) : bisect_right(rows, self.bottom)]:
                yield (self.sheet, column), row

    def meets(self, cells: Cells) -> bool:
        """Say whether any of some cells is among those read."""
        return next(self.met(cells), None) is not None


def reads_of(text: str, sheet: int, sheets: Callable[[str], Sequence[int]]) -> Iterator[Read]:
    """Yield what a formula reads, as far as its text tells: A1 references only, no names and tables.

    `sheets` tells the numbers of the sheets that a name in lower case may mean.
    """
    for match in _READS.finditer(text):
        named, first, top, last, bottom, only, row, upper, lower = match.groups()
        meant: Sequence[int] = [sheet]
        if named:
            meant = sheets((named[1:-1].replace("''", "'") if named[0] == "'" else named).lower())
        if only:
            column, number = column_number(only), int(row)
            area = column, column, number, number
        elif first:
            left, right = sorted((column_number(first), column_number(last)))
            numbers = [int(each) for each in (top, bottom) if each] or [1, MAX_ROWS]
            area = left, right, min(numbers), max(numbers)
        elif upper:
            top_row, bottom_row = sorted((int(upper), int(lower)))
            area = 1, MAX_COLUMNS, top_row, bottom_row
        else:
            continue  # a text
        for each in meant:
            yield Read(each, *area)


def reads_anywhere(text: str) -> bool:
    """Say whether a formula computes what it reads, as OFFSET and INDIRECT do."""
    return _ANYWHERE.search(text) is not None


def cells_at(places: Iterable[Place]) -> Cells:
    """Return cells ready to be looked up."""
    found: Cells = {}
    for sheet, row, column in sorted(places):
        found.setdefault(sheet, {}).setdefault(column, []).append(row)
    return found


@dataclass(slots=True)
class Alike:
    """Formula cells of one template and column whose texts, as they were first made ready, differ in digits only.

    Of those that leave a question open `columns` are what is read where the question depends on it, whole.
    """

    of: Formulas
    template: Template
    places: list[int]
    columns: list[Read]

    @property
    def cells(self) -> list[FormulaCell]:
        """The cells themselves."""
        return self.of.at(self.places)


def asked_in(cell: FormulaCell, parts: Iterable[Out]) -> str:
    """Return parts of a formula, as they are written in a cell, as far as they tell what they read."""
    references = split_references(cell.formula)[1]
    return " ".join(dict.fromkeys(written(part.read, cell.row, cell.column, references) for part in parts))


@dataclass(slots=True)
class Readers:
    """The formulas of a workbook by what they read."""

    book: BookView
    _groups: dict[tuple[str, frozenset[str]], list[Alike]] = field(default_factory=dict)
    _alike: dict[str, list[int]] = field(default_factory=dict)
    _columns: dict[tuple[str, int], list[Read]] = field(default_factory=dict)

    def sheets(self, name: str) -> Sequence[int]:
        """Return the number of the sheet that a name in lower case means, nothing for none."""
        number = self.book.sheet_index.get(name)
        return () if number is None else (number,)

    def groups(self, about: str = "", calling: frozenset[str] = frozenset()) -> list[Alike]:
        """Return the cells that the engine computes and that leave a question open, those alike together.

        They are all of them without a question, and those alone that call one of some functions where any are given.
        """
        if (about, calling) not in self._groups:
            found = self._groups[about, calling] = []
            for own in [scan.formulas for scan in self.book.scans]:
                asking = {each for each in {*own.templates} if each and (not about or about in each.asked)}
                asking = {each for each in asking if each.calls & calling} if calling else asking
                if not asking:
                    continue
                places = list(compress(range(len(own)), map(asking.__contains__, own.templates)))
                places = [place for place in places if own.lowered[place] is not None]
                alike: dict[tuple[Template, int, str], list[int]] = {}
                classes = digit_classes([str(own.lowered[place]) for place in places])
                for place, each in zip(places, classes, strict=True):
                    alike.setdefault((own.templates[place], own.columns[place], each), []).append(place)
                for (template, _, _), there in alike.items():
                    text = self._asked(own[there[0]], about)
                    found.append(Alike(own, template, there, self.columns_of(text, own.sheet)))
        return self._groups[about, calling]

    def columns_of(self, text: str, sheet: int) -> list[Read]:
        """Return the columns, whole, that a formula reads and all that differ from it in digits only."""
        key = digit_classes([text])[0], sheet
        if key not in self._columns:
            found = [(read.sheet, read.left, read.right) for read in reads_of(text, sheet, self._any_number)]
            far = {*_FAR.findall(text)}
            if far:  # any columns of the sheets that it names, of all sheets where a text names them
                sheets = {each for each, *_ in found} if far == {"OFFSET"} else range(len(self.book.scans))
                found = [(each, 1, MAX_COLUMNS) for each in sheets]
            self._columns[key] = [Read(*each, 1, MAX_ROWS) for each in dict.fromkeys(found)]
        return self._columns[key]

    def _any_number(self, name: str) -> Sequence[int]:
        """Return all sheets whose names differ from a name in digits only, because texts alike differ in them, too."""
        if not self._alike:
            for other, number in self.book.sheet_index.items():
                self._alike.setdefault(digit_classes([other])[0], []).append(number)
        return self._alike.get(digit_classes([name])[0], ())

    def of(self, cells: Cells, about: str = "", among: Sequence[Alike] | None = None) -> Iterator[FormulaCell]:
        """Yield the formula cells that certainly read any of some cells where a question depends on it."""
        for group in (self.groups(about) if among is None else among) if cells else ():
            if any(read.meets(cells) for read in group.columns):
                for cell in group.cells:
                    if cell.lowered is not None and self.reads(cell, cells, about):
                        yield cell

    def reads(self, cell: FormulaCell, cells: Cells, about: str = "") -> bool:
        """Say whether a formula cell reads any of some cells."""
        text = self._asked(cell, about)
        anywhere = about and reads_anywhere(text)
        reads = self.columns_of(text, cell.sheet) if anywhere else reads_of(text, cell.sheet, self.sheets)
        return any(read.meets(cells) for read in reads)

    def _asked(self, cell: FormulaCell, about: str) -> str:
        """Return what a question depends on in a cell, all of its formula without a question."""
        if about:
            return asked_in(cell, cell.template.parts(about))
        return cell.lowered if cell.lowered is not None else cell.formula


#: A sheet and a column.
Column = tuple[int, int]


class ColumnsRead:
    """What columns hold at the moment: each is read once, for all who ask while nothing is computed."""

    def __init__(self, book: BookView, anchors: Sequence[Anchor]) -> None:
        self.book, self._arrays = book, [each for each in anchors if each.active and each.rows]
        self._values: dict[Column, list[Any]] = {}
        self._kinds: dict[tuple[Column, type], set[Any]] = {}

    def of(self, reads: Iterable[Read]) -> set[Column]:
        """Return the columns that are read, as far as they are used."""
        found: set[Column] = set()
        for read in {*reads}:
            right = min(read.right, self.book.extent(read.sheet)[1])
            found.update((read.sheet, column) for column in range(read.left, right + 1))
        return found

    def values(self, column: Column) -> list[Any]:
        """Return what the cells of a column hold."""
        if column not in self._values:
            values = self._values[column] = self.book.column(*column)
            for area, rows in [(each.area, each.rows or ()) for each in self._arrays if each.cell.sheet == column[0]]:
                if area.left <= column[1] <= area.right:
                    values[area.top - 1 : area.bottom] = [row[column[1] - area.left] for row in rows]
        return self._values[column]

    def kind(self, columns: Iterable[Column], kind: type) -> set[Any]:
        """Return the values of one kind in some columns."""
        found: set[Any] = set()
        for column in columns:
            if (column, kind) not in self._kinds:
                self._kinds[column, kind] = {each for each in self.values(column) if each.__class__ is kind}
            found |= self._kinds[column, kind]
        return found

    def holding(self, columns: Iterable[Column], kind: type, wanted: Set[Any]) -> Cells:
        """Return the cells of some columns that hold one of some values, all of one kind."""
        found: Cells = {}
        for sheet, column in columns:
            if not wanted.isdisjoint(self.kind([(sheet, column)], kind)):
                held = enumerate(self.values((sheet, column)), 1)
                rows = [row for row, each in held if each.__class__ is kind and each in wanted]
                found.setdefault(sheet, {})[column] = rows
        return found
