"""What the formulas of a workbook read: cells and areas taken from the text that the engine computes."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import NamedTuple

from ..formulas.book_view import BookView
from ..formulas.compiling import Out, Template, written
from ..formulas.filled_down import FEWEST, Fill, FilledColumn
from ..formulas.text import digit_classes, split_references
from ..references import MAX_COLUMNS, MAX_ROWS, Place, column_number
from ..sheets.formula_cells import FormulaCell, Formulas, taken

READS = re.compile(
    r"""\"(?:[^\"]|\"\")*\"
    |(?:(?P<sheet>'(?:[^']|'')*'|[^\W\d][\w.]*)!)?
     (?:\$?(?P<first>[A-Z]{1,3})(?:\$?(?P<top>[0-9]+))?:\$?(?P<last>[A-Z]{1,3})(?:\$?(?P<bottom>[0-9]+))?(?![\w(])
     |\$?(?P<only>[A-Z]{1,3})\$?(?P<row>[0-9]+)(?![\w(])
     |\$?(?P<upper>[0-9]+):\$?(?P<lower>[0-9]+))""",
    re.VERBOSE,
)
_FAR = re.compile(r"\b(OFFSET|INDIRECT|RXL\.PLACE|RXL\.NAMED)\(")
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

    def joined(self, other: Read) -> Read:
        """Return the cells of two reads and all between them in their rows."""
        return self._replace(top=min(self.top, other.top), bottom=max(self.bottom, other.bottom))

    def meets(self, cells: Cells) -> bool:
        """Say whether any of some cells is among those read."""
        return next(self.met(cells), None) is not None


def reads_of(text: str, sheet: int, sheets: Callable[[str], Sequence[int]]) -> Iterator[Read]:
    """Yield what a formula reads, as far as its text tells: A1 references only, no names and tables.

    `sheets` tells the numbers of the sheets that a name in lower case may mean.
    """
    for match in READS.finditer(text):
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

    Of those that leave a question open `columns` are what is read where the question depends on it, whole, and `fill`
    is what is written there where it is filled down.
    """

    of: Formulas
    template: Template
    places: Sequence[int]
    fill: Fill | None = None
    columns: Sequence[Read] = ()

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
    """The formulas of a workbook by what they read; `filled` are those filled down."""

    book: BookView
    filled: Sequence[FilledColumn]
    _every: list[Alike] = field(default_factory=list)
    _groups: dict[str, list[Alike]] = field(default_factory=dict)
    _alike: dict[bytes, list[int]] = field(default_factory=dict)
    _columns: dict[tuple[bytes, int], list[Read]] = field(default_factory=dict)

    def sheets(self, name: str) -> Sequence[int]:
        """Return the number of the sheet that a name in lower case means, nothing for none."""
        number = self.book.sheet_index.get(name)
        return () if number is None else (number,)

    def groups(self, about: str = "") -> list[Alike]:
        """Return the cells that the engine computes and that leave a question open, or all, those alike together."""
        self._every = self._every or [*self._found()]
        if about not in self._groups:
            asking = [each for each in self._every if not about or about in each.template.asked]
            self._groups[about] = [self._asking(each, about) for each in asking]
        return self._groups[about]

    def _found(self) -> Iterator[Alike]:
        """Yield the cells that the engine computes, those alike together."""
        together: defaultdict[int, set[int]] = defaultdict(set)
        for column in self.filled:
            if column.template is not None and not (column.early or column.template.layout):
                together[column.of.sheet].update(column.places)
                yield Alike(column.of, column.template, column.places, column.lowered)
        for own in [scan.formulas for scan in self.book.scans]:
            places = [place for place, text in enumerate(own.lowered) if text is not None]
            places = [place for place in places if place not in together[own.sheet] and own.templates[place]]
            alike: dict[tuple[Template, int, bytes], list[int]] = {}
            classes = digit_classes([str(own.lowered[place]) for place in places])
            for place, each in zip(places, classes, strict=True):
                alike.setdefault((own.templates[place], own.columns[place], each), []).append(place)
            for (template, _, _), there in alike.items():
                yield Alike(own, template, there)

    def _asking(self, group: Alike, about: str) -> Alike:
        """Return cells alike with what they read where a question depends on it."""
        ends = group.of.at(group.places[place] for place in (0, len(group.places) // 2, -1))
        first, middle, last = (self._asked(cell, about, group.template) for cell in ends)
        fill = group.fill
        pieces = chain.from_iterable(part.read for part in group.template.parts(about))
        if about and (fill is not None or all(isinstance(piece, str) for piece in pieces)):
            fill = None if reads_anywhere(first) else Fill.between(first, ends[0].row, last, ends[2].row)
            fill = fill if fill is not None and fill.text(ends[1].row) == middle else None
        return replace(group, fill=fill, columns=self.columns_of(first, group.of.sheet))

    def texts(self, group: Alike, about: str) -> list[str]:
        """Return what a question depends on in each of some cells alike."""
        if group.fill is not None:
            return group.fill.texts(taken(group.of.rows, group.places))
        return [self._asked(cell, about, group.template) for cell in group.cells]

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

    def of(
        self, cells: Cells, about: str = "", groups: Sequence[Alike] | None = None, known: Container[FormulaCell] = ()
    ) -> Iterator[FormulaCell]:
        """Yield the formula cells, but those `known`, that certainly read some cells where a question depends on it."""
        for group in (self.groups(about) if groups is None else groups) if cells else ():
            if any(read.meets(cells) for read in group.columns):
                for cell in group.of.at(self._within_reach(group, group.places, cells)):
                    if cell.lowered is not None and cell not in known and self.reads(cell, cells, about):
                        yield cell

    def _within_reach(self, group: Alike, places: Sequence[int], cells: Cells) -> Sequence[int]:
        """Return the places at which formulas may read any of some cells.

        What is filled down reads between the first and the last cell nothing but what lies between what these read, so
        that it is halved as long as it may.
        """
        if group.fill is None or len(places) < FEWEST:
            return places
        texts = group.fill.texts([group.of.rows[place] for place in (places[0], places[-1])])
        first, last = (reads_of(text, group.of.sheet, self.sheets) for text in texts)
        if not any(one.joined(other).meets(cells) for one, other in zip(first, last, strict=True)):
            return ()
        half = len(places) // 2
        return [each for part in (places[:half], places[half:]) for each in self._within_reach(group, part, cells)]

    def among(self, some: Iterable[FormulaCell], cells: Cells) -> Iterator[FormulaCell]:
        """Yield those of some formula cells that read any of some cells."""
        for cell in some:
            columns = self.columns_of(self._asked(cell, "", cell.template), cell.sheet)
            if any(read.meets(cells) for read in columns) and self.reads(cell, cells):
                yield cell

    def reads(self, cell: FormulaCell, cells: Cells, about: str = "") -> bool:
        """Say whether a formula cell reads any of some cells."""
        text = self._asked(cell, about, cell.template)
        anywhere = about and reads_anywhere(text)
        reads = self.columns_of(text, cell.sheet) if anywhere else reads_of(text, cell.sheet, self.sheets)
        return any(read.meets(cells) for read in reads)

    def _asked(self, cell: FormulaCell, about: str, template: Template) -> str:
        """Return what a question depends on in a cell, all of its formula without a question."""
        if about:
            return asked_in(cell, template.parts(about))
        return cell.lowered if cell.lowered is not None else cell.formula
