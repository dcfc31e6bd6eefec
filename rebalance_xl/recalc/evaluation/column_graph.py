"""Which columns a workbook's columns of formulas read, and in which order they can be computed column by column."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ..formulas.filled_down import FilledColumn
from ..formulas.text import digit_classes
from ..references import MAX_ROWS
from ..sheets.sheet_scan import FormulaCell
from .reads import Read, reads_anywhere, reads_of

#: A sheet, a column, and which of the formulas filled down there, -1 for all its other formulas together.
Node = tuple[int, int, int]
#: More nodes than this are not worth the search.
MOST_NODES = 2000


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

    def meant(name: str) -> Sequence[int]:
        """Return the sheets that a name may mean in formulas that count as one."""
        return alike.get(digit_classes([name])[0], [])

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
        if reads_anywhere(text):
            graph.reads[sheet, column, -1].update(rows)
            continue
        for read in reads_of(text, sheet, meant):
            add((sheet, column, -1), read._replace(top=1, bottom=MAX_ROWS))
    for number, group in enumerate(filled):
        assert group.lowered is not None
        texts = [group.lowered.text(row) for row in (group.cells[0].row, group.cells[-1].row)]
        both = [list(reads_of(text, group.sheet, meant)) for text in texts]
        for first, last in zip(*both, strict=True):
            top, bottom = min(first.top, last.top), max(first.bottom, last.bottom)
            add((group.sheet, group.column, number), first._replace(top=top, bottom=bottom))
    return graph
