"""Worksheets whose rows are alike, as filling down makes them: one pattern reads a whole row.

That is several times faster than going from cell to cell. A sheet with too many kinds of rows, or one that is written
in any unusual way, is left to the readers that go cell by cell.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import repeat
from operator import lt

from ..files.markup import all_from_xml
from ..references import MAX_COLUMNS, MAX_ROWS, column_number
from .cell_values import attributes_of
from .row_runs import RowKind, RowRun, RowRuns
from .sheet_scan import FormulaCell, SheetScan

FAST_CELL = re.compile(
    r'<c r="([A-Z]+)([0-9]+)"((?: [\w:]+="[^"<]*")*) ?'
    r'(?:/>|>(?:(<f(?: [\w:]+="[^"<]*")* ?/?>)(?:([^<]*)</f>)?)?'
    r'(?:<v(?: xml:space="preserve")?>([^<]*)</v>|<v ?/>'
    r'|<is>(?:<t xml:space="preserve">|<t>(?!\s)(?=[^<]+(?<!\s)<))([^<]+)</t></is>)?</c>)'
)
_ROW = re.compile(r'<row r="([0-9]+)"(?: [^<>/]*)?>')
_EMPTY_ROW = re.compile(r'<row r="([0-9]+)"(?: [^<>/]*)?/>')
#: Rows read at a time.
_RUN = 4096
#: So many kinds of rows may there be at first, and one more for so many characters.
_KINDS = 6
_CHARACTERS = 2**16


@dataclass(slots=True)
class _FormulaColumn:
    """What the formula cells of a column have in common in one kind of row."""

    column: int
    attributes: dict[str, str]
    shape: dict[str, str] | None

    def cells(
        self, scan: SheetScan, rows: list[int], formulas: tuple[str, ...], data: tuple[str, ...], ends: list[int]
    ) -> list[FormulaCell]:
        """Return the cells of some rows."""
        kind = self.attributes.get("t", "n")
        values = scan.reader.alike(kind, data)
        cells = list(map(FormulaCell, rows, repeat(self.column), all_from_xml(formulas), values, ends, data))
        if self.shape is not None:
            for cell in cells:
                cell.attributes = self.shape
            if "t" in self.shape:
                for cell in cells:
                    cell.kind = self.shape["t"]
        if not self.attributes.keys().isdisjoint(("cm", "t", "vm")):
            for cell in cells:
                cell.dynamic = "cm" in self.attributes
                cell.type = kind
                if "vm" in self.attributes:
                    cell.data = None
        return cells


@dataclass(slots=True)
class _RowKind:
    """One kind of row: a pattern whose groups are its number, then formula, value and end of each formula cell."""

    pattern: re.Pattern[str]
    columns: list[_FormulaColumn]
    kind: RowKind

    def formulas(self, scan: SheetScan, matches: list[re.Match[str]], rows: list[int]) -> list[FormulaCell]:
        """Return the formula cells of some rows."""
        width = len(self.columns)
        if not width:
            return []
        groups = list(zip(*[match.groups() for match in matches], strict=True))
        cells: list[FormulaCell] = [None] * (width * len(rows))  # type: ignore[list-item]
        for place, column in enumerate(self.columns):
            group = 3 * place + 4
            ends = [match.end(group) for match in matches]
            cells[place::width] = column.cells(scan, rows, groups[group - 3], groups[group - 2], ends)
        return cells


@dataclass(slots=True)
class _Rows:
    scan: SheetScan
    formulas: list[FormulaCell] = field(default_factory=list)
    kinds: list[_RowKind] = field(default_factory=list)
    runs: list[RowRun] = field(default_factory=list)
    last: int = 0

    def read(self) -> bool:
        """Read all rows; say whether that was possible."""
        text, position, end = self.scan.text, self.scan.start, self.scan.end
        made = 0
        while position < end:
            after = self._run(position)
            if after < 0:
                return False
            if after == position:
                empty = _EMPTY_ROW.match(text, position, end)
                if empty is not None:
                    if not self._follows([int(empty[1])]):
                        return False
                    after = empty.end()
                else:
                    kind = _kind_of(text, position, end)
                    made += 1
                    if kind is None or made > _KINDS + (position - self.scan.start) // _CHARACTERS:
                        return False
                    self.kinds.insert(0, kind)
            position = after
        return position == end

    def _run(self, position: int) -> int:
        """Read rows of one kind; return where they end, the same position when no kind fits, -1 when it is odd."""
        text, end = self.scan.text, self.scan.end
        for place, kind in enumerate(self.kinds):
            match = kind.pattern.match
            found = match(text, position, end)
            if found is None:
                continue
            if place:
                self.kinds.insert(0, self.kinds.pop(place))
            start = position
            matches: list[re.Match[str]] = []
            while found is not None and len(matches) < _RUN:
                matches.append(found)
                position = found.end()
                found = match(text, position, end)
            rows = [int(each[1]) for each in matches]
            if not self._follows(rows):
                return -1
            self.formulas += kind.formulas(self.scan, matches, rows)
            self.runs.append(RowRun(kind.kind, rows, start, position))
            break
        return position

    def _follows(self, rows: list[int]) -> bool:
        """Say whether rows are in order and inside the sheet."""
        fine = rows[0] > self.last and rows[-1] <= MAX_ROWS and all(map(lt, rows, rows[1:]))
        self.last = rows[-1]
        return fine


def scan_rows(scan: SheetScan) -> bool:
    """Read the formula cells of a sheet whose rows are alike.

    Parameters
    ----------
    scan : SheetScan
        A sheet without prefixes whose text and bounds are known; on success its formula cells are set.

    Returns
    -------
    bool
        False when the rows are of too many kinds or any is written otherwise; nothing is set then.
    """
    rows = _Rows(scan)
    if has_odd_texts(scan) or not rows.read():
        return False
    scan.formulas = rows.formulas
    scan.runs = RowRuns(scan.text, scan.reader, rows.runs)
    scan.plain = True
    return True


def is_odd_text(cell: re.Match[str]) -> bool:
    """Say whether a cell found by `FAST_CELL` has its text inside although its type or a formula says otherwise."""
    return cell[7] is not None and (cell[4] is not None or ' t="inlineStr"' not in cell[3])


def has_odd_texts(scan: SheetScan) -> bool:
    """Say whether texts inside their cells may have spaces that the engine would drop: written as numbers, or CR."""
    text, start, end = scan.text, scan.start, scan.end
    if text.find("<is>", start, end) < 0:
        return False
    return text.find("&#", start, end) >= 0 or text.find("\r", start, end) >= 0


def _kind_of(text: str, position: int, end: int) -> _RowKind | None:
    """Return the kind of the row at a position, None when it is written in an unusual way."""
    row = _ROW.match(text, position, end)
    if row is None:
        return None
    pattern = [_ROW.pattern]
    columns: list[_FormulaColumn] = []
    constants: dict[int, tuple[int, str]] = {}
    at, last = row.end(), 0
    while not text.startswith("</row>", at):
        cell = FAST_CELL.match(text, at, end)
        if cell is None or cell[2] != row[1] or len(cell[1]) > 3 or is_odd_text(cell):
            return None
        column = column_number(cell[1])
        if not last < column <= MAX_COLUMNS:
            return None
        pattern += [f'<c r="{cell[1]}', r"\1"]
        at, last = cell.end(2), column
        formula, value = cell.span(5), cell.span(6)
        if cell[4]:
            for start, stop in (formula, value):
                if start >= 0:
                    pattern += [re.escape(text[at:start]), "([^<]*)"]
                    at = stop
                else:
                    pattern.append("()")
            shape = None if cell[4] == "<f>" else attributes_of(cell[4])
            columns.append(_FormulaColumn(column, attributes_of(cell[3]), shape))
        elif value[0] >= 0:
            pattern += [re.escape(text[at : value[0]]), "[^<]*"]
            at = value[1]
            constants[column] = (len(pattern) - 1, attributes_of(cell[3]).get("t", "n"))
        elif cell[7]:
            start, stop = cell.span(7)
            pattern += [re.escape(text[at:start]), "[^<]+" if text[start - 2] == '"' else r"(?!\s)[^<]+(?<!\s)"]
            at = stop
            constants[column] = (len(pattern) - 1, "inlineStr")
        elif attributes_of(cell[3]).get("t") == "str":  # a text without characters is a value
            pattern.append("")
            constants[column] = (len(pattern) - 1, "str")
        pattern += [re.escape(text[at : cell.end()]), "()" if cell[4] else ""]
        at = cell.end()
    pattern.append("</row>")
    return _RowKind(re.compile("".join(pattern)), columns, RowKind(pattern, constants))
