"""Which columns a workbook's columns of formulas read, and in which order they can be computed column by column."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from ..formulas.filled_down import FilledColumn
from ..formulas.text import digit_classes
from ..references import MAX_COLUMNS, MAX_ROWS, column_number
from ..sheets.sheet_scan import FormulaCell

#: A sheet, a column, and which of the formulas filled down there, -1 for all its other formulas together.
Node = tuple[int, int, int]
#: More nodes than this are not worth the search.
MOST_NODES = 2000

_READS = re.compile(
    r"""\"(?:[^\"]|\"\")*\"
    |(?:(?P<sheet>'(?:[^']|'')*'|[^\W\d][\w.]*)!)?
     (?:\$?(?P<first>[A-Z]{1,3})(?:\$?(?P<top>[0-9]+))?:\$?(?P<last>[A-Z]{1,3})(?:\$?(?P<bottom>[0-9]+))?(?![\w(])
     |\$?(?P<only>[A-Z]{1,3})\$?(?P<row>[0-9]+)(?![\w(])
     |(?P<rows>\$?[0-9]+:\$?[0-9]+))""",
    re.VERBOSE,
)
_ANYWHERE = re.compile(r"\b(?:OFFSET|INDIRECT)\(|\):|:@?[A-Z.]+\(", re.IGNORECASE)


@dataclass(slots=True)
class ColumnGraph:
    """Columns of formulas and formulas filled down, and which of them each one reads."""

    reads: dict[Node, set[Node]] = field(default_factory=dict)

    def stages(self) -> dict[int, int]:
        """Return for the formulas filled down how many rounds of others must be over before each can be computed.

        Returns
        -------
        dict of int to int
            Without those that read themselves through others, or something that does. A column of other formulas may
            read itself, as running totals do.
        """
        waits = {node: len(read - {node} if node[2] < 0 else read) for node, read in self.reads.items()}
        readers: dict[Node, list[Node]] = {node: [] for node in self.reads}
        for node, read in self.reads.items():
            for each in read:
                readers[each].append(node)
        level = dict.fromkeys(self.reads, 0)
        stages: dict[int, int] = {}
        ready = [node for node, count in waits.items() if count == 0]
        while ready:
            node = ready.pop()
            if node[2] >= 0:
                stages[node[2]] = level[node]
            for reader in readers[node]:
                if reader != node:
                    level[reader] = max(level[reader], level[node] + (node[2] >= 0))
                    waits[reader] -= 1
                    if waits[reader] == 0:
                        ready.append(reader)
        return stages


def column_graph(
    formulas: Sequence[Sequence[tuple[FormulaCell, str]]],
    filled: Sequence[FilledColumn],
    sheet_names: Sequence[str],
    arrays: Iterable[tuple[int, int]],
) -> ColumnGraph | None:
    """Return which columns of formulas read which.

    Parameters
    ----------
    formulas : sequence of sequence of (FormulaCell, str)
        For every sheet its formula cells with what the engine would compute: A1 references, no names, no tables.
    filled : sequence of FilledColumn
        The formulas filled down that are looked at on their own; their cells are not among `formulas`.
    sheet_names : sequence of str
        The names of the sheets.
    arrays : iterable of (int, int)
        Sheet and column of arrays, which may fill any columns to the right.

    Returns
    -------
    ColumnGraph or None
        None where there are too many columns, or random numbers, which change whenever something else does.
        Formulas of a column that differ in digits only count as one.
    """
    representatives: dict[tuple[int, int, str], str] = {}
    rows: dict[Node, list[int]] = {}
    for sheet, cells in enumerate(formulas):
        classes = digit_classes([text for _, text in cells])
        for (cell, text), each in zip(cells, classes, strict=True):
            representatives.setdefault((sheet, cell.column, each), text)
            rows.setdefault((sheet, cell.column, -1), []).append(cell.row)
    for number, group in enumerate(filled):
        rows[group.sheet, group.column, number] = group.rows
    if len(rows) > MOST_NODES:
        return None
    nodes: dict[int, list[Node]] = {}
    for node in sorted(rows):
        nodes.setdefault(node[0], []).append(node)
    alike: dict[str, list[int]] = {}
    for sheet, each in enumerate(digit_classes([name.lower() for name in sheet_names])):
        alike.setdefault(each, []).append(sheet)
    spilling = list(arrays)
    graph = ColumnGraph({node: set() for node in rows})

    def add(reader: Node, read: Read) -> None:
        found = graph.reads[reader]
        for node in nodes.get(read.sheet, ()):
            if read.left <= node[1] <= read.right:
                own = rows[node]
                place = bisect_left(own, read.top)
                if place < len(own) and own[place] <= read.bottom:
                    found.add(node)
        for sheet, column in spilling:
            if sheet == read.sheet and column <= read.right:
                found.update(node for node in nodes.get(sheet, ()) if node[1] == column)

    for (sheet, column, _), text in representatives.items():
        if "RAND" in text.upper():
            return None
        if _ANYWHERE.search(text):
            graph.reads[sheet, column, -1].update(rows)
            continue
        for read in _reads(text, sheet, alike):
            add((sheet, column, -1), read.in_any_row())
    for number, group in enumerate(filled):
        assert group.lowered is not None
        texts = [group.lowered.text(row) for row in (group.cells[0].row, group.cells[-1].row)]
        both = [list(_reads(text, group.sheet, alike)) for text in texts]
        for first, last in zip(*both, strict=True):
            top, bottom = min(first.top, last.top), max(first.bottom, last.bottom)
            add((group.sheet, group.column, number), replace(first, top=top, bottom=bottom))
    return graph


@dataclass(frozen=True, slots=True)
class Read:
    """Cells that a formula reads."""

    sheet: int
    left: int
    right: int
    top: int
    bottom: int

    def in_any_row(self) -> Read:
        """Return the same columns whole."""
        return replace(self, top=1, bottom=MAX_ROWS)


def _reads(text: str, sheet: int, alike: dict[str, list[int]]) -> Iterator[Read]:
    """Yield what a formula reads; of sheets whose names differ in digits only it may be any."""
    for match in _READS.finditer(text):
        if match[0][0] == '"':
            continue
        sheets = [sheet]
        if match["sheet"]:
            name = match["sheet"]
            name = name[1:-1].replace("''", "'") if name[0] == "'" else name
            sheets = alike.get(digit_classes([name.lower()])[0], [])
        left, right, top, bottom = 1, MAX_COLUMNS, 1, MAX_ROWS
        if not match["rows"]:
            first = match["only"] or match["first"]
            ends = (column_number(first), column_number(match["last"] or first))
            left, right = min(ends), max(ends)
            numbers = [int(each) for each in (match["row"], match["top"], match["bottom"]) if each]
            if numbers:
                top, bottom = min(numbers), max(numbers)
        for each in sheets:
            yield Read(each, left, right, top, bottom)
