"""What the formulas of a workbook read: cells and areas taken from the text that the engine computes."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import compress
from typing import Any, NamedTuple

from ..formulas.book_view import BookView
from ..formulas.text import digit_classes
from ..references import MAX_COLUMNS, MAX_ROWS, Place, column_number
from ..sheets.formula_cells import FormulaCell, Formulas

_READS = re.compile(
    r"""\"(?:[^\"]|\"\")*\"
    |(?:(?P<sheet>'(?:[^']|'')*'|[^\W\d][\w.]*)!)?
     (?:\$?(?P<first>[A-Z]{1,3})(?:\$?(?P<top>[0-9]+))?:\$?(?P<last>[A-Z]{1,3})(?:\$?(?P<bottom>[0-9]+))?(?![\w(])
     |\$?(?P<only>[A-Z]{1,3})\$?(?P<row>[0-9]+)(?![\w(])
     |(?P<rows>\$?(?P<upper>[0-9]+):\$?(?P<lower>[0-9]+)))""",
    re.VERBOSE,
)
_ANYWHERE = re.compile(r"\b(?:OFFSET|INDIRECT)\(|\):|:@?[A-Z.]+\(", re.IGNORECASE)

#: Rows of cells by sheet and column, rising.
Cells = dict[int, dict[int, list[int]]]


class Read(NamedTuple):
    """Cells that a formula reads."""

    sheet: int
    left: int
    right: int
    top: int
    bottom: int

    def meets(self, cells: Cells) -> bool:
        """Say whether any of some cells is among those read."""
        columns = cells.get(self.sheet)
        if not columns:
            return False
        if self.left == self.right:
            rows = columns.get(self.left)
            return rows is not None and self._among(rows)
        return any(self.left <= column <= self.right and self._among(rows) for column, rows in columns.items())

    def _among(self, rows: Sequence[int]) -> bool:
        place = bisect_left(rows, self.top)
        return place < len(rows) and rows[place] <= self.bottom


def reads_of(text: str, sheet: int, sheets: Callable[[str], Sequence[int]]) -> Iterator[Read]:
    """Yield what a formula reads, as far as its text tells: A1 references only, no names and tables.

    `sheets` tells the numbers of the sheets that a name in lower case may mean.
    """
    for match in _READS.finditer(text):
        if match[0][0] == '"':
            continue
        meant: Sequence[int] = [sheet]
        if match["sheet"]:
            name = match["sheet"]
            meant = sheets((name[1:-1].replace("''", "'") if name[0] == "'" else name).lower())
        left, right, top, bottom = 1, MAX_COLUMNS, 1, MAX_ROWS
        if match["rows"]:
            ends = (int(match["upper"]), int(match["lower"]))
            top, bottom = min(ends), max(ends)
        else:
            first = match["only"] or match["first"]
            ends = (column_number(first), column_number(match["last"] or first))
            left, right = min(ends), max(ends)
            numbers = [int(each) for each in (match["row"], match["top"], match["bottom"]) if each]
            if numbers:
                top, bottom = min(numbers), max(numbers)
        for each in meant:
            yield Read(each, left, right, top, bottom)


def reads_anywhere(text: str) -> bool:
    """Say whether a formula computes what it reads, as OFFSET and INDIRECT do."""
    return _ANYWHERE.search(text) is not None


def cells_at(places: Iterable[Place]) -> Cells:
    """Return cells ready to be looked up."""
    found: Cells = {}
    for sheet, row, column in places:
        found.setdefault(sheet, {}).setdefault(column, []).append(row)
    for columns in found.values():
        for rows in columns.values():
            rows.sort()
    return found


@dataclass(slots=True)
class Alike:
    """Formula cells of one column whose texts, as they were first made ready, differ in digits only."""

    sheet: int
    of: Formulas
    places: list[int]
    texts: list[str]
    columns: list[Read]

    @property
    def cells(self) -> list[FormulaCell]:
        """The cells themselves."""
        return self.of.at(self.places)


@dataclass(slots=True)
class Readers:
    """The formulas of a workbook by what they read."""

    book: BookView
    _groups: dict[re.Pattern[str] | None, list[Alike]] = field(default_factory=dict)
    _known_shapes: list[dict[Any, int]] | None = None
    _alike: dict[str, list[int]] = field(default_factory=dict)
    _columns: dict[tuple[str, int], list[Read]] = field(default_factory=dict)

    def sheets(self, name: str) -> Sequence[int]:
        """Return the number of the sheet that a name in lower case means, nothing for none."""
        number = self.book.sheet_index.get(name)
        return () if number is None else (number,)

    def groups(self, having: re.Pattern[str] | None = None) -> list[Alike]:
        """Return the cells that the engine computes and whose formulas have something, those alike together.

        Digits do not matter to what is looked for.
        """
        if having not in self._groups:
            found = self._groups[having] = []
            for sheet, shapes in enumerate(self._shapes()):
                own = self.book.scans[sheet].formulas
                wanted = {
                    template
                    for template, place in shapes.items()
                    if having is None or having.search(str(own.lowered[place])) is not None
                }
                if not wanted:
                    continue
                having_it = compress(range(len(own)), map(wanted.__contains__, own.templates))
                places = [place for place in having_it if own.lowered[place] is not None]
                texts = [str(own.lowered[place]) for place in places]
                alike: dict[tuple[int, str], tuple[list[int], list[str]]] = {}
                for place, text, each in zip(places, texts, digit_classes(texts), strict=True):
                    group = alike.setdefault((own.columns[place], each), ([], []))
                    group[0].append(place)
                    group[1].append(text)
                found += [Alike(sheet, own, *both, self.columns(both[1][0], sheet)) for both in alike.values()]
        return self._groups[having]

    def _shapes(self) -> list[dict[Any, int]]:
        """Return for every sheet the place of one computed cell of each template."""
        if self._known_shapes is None:
            self._known_shapes = []
            for own in [scan.formulas for scan in self.book.scans]:
                shapes = dict(zip(own.templates, range(len(own)), strict=True))
                if None in own.lowered:
                    shapes = {own.templates[n]: n for n, text in enumerate(own.lowered) if text is not None}
                self._known_shapes.append(shapes)
        return self._known_shapes

    def forget_shapes(self) -> None:
        """Look at the templates again, because cells have got others."""
        self._known_shapes = None

    def columns(self, text: str, sheet: int) -> list[Read]:
        """Return the columns, whole, that a formula reads and all that differ from it in digits only."""
        if (text, sheet) not in self._columns:
            found = reads_of(text, sheet, self._any_number)
            whole = dict.fromkeys(Read(read.sheet, read.left, read.right, 1, MAX_ROWS) for read in found)
            self._columns[text, sheet] = list(whole)
        return self._columns[text, sheet]

    def _any_number(self, name: str) -> Sequence[int]:
        """Return all sheets whose names differ from a name in digits only, because texts alike differ in them, too."""
        if not self._alike:
            for other, number in self.book.sheet_index.items():
                self._alike.setdefault(digit_classes([other])[0], []).append(number)
        return self._alike.get(digit_classes([name])[0], ())

    def of(
        self, cells: Cells, among: Sequence[Alike] | None = None, part: Callable[[str], str] = str
    ) -> Iterator[FormulaCell]:
        """Yield the formula cells that certainly read any of some cells, in a part of their texts where one is told."""
        for group in self.groups() if among is None else among:
            if not any(read.meets(cells) for read in group.columns):
                continue
            for cell in group.cells:
                if cell.lowered is not None and self.reads(cell, cells, part):
                    yield cell

    def reads(self, cell: FormulaCell, cells: Cells, part: Callable[[str], str] = str) -> bool:
        """Say whether a formula cell reads any of some cells."""
        text = cell.lowered if cell.lowered is not None else cell.formula
        return any(read.meets(cells) for read in reads_of(part(text), cell.sheet, self.sheets))
