"""What follows from old values: kept cells whose inputs changed, and the cells that read these, are told so."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from ..references import Place
from ..sheets.formula_cells import FormulaCell
from .calculation import Calculation
from .doubts import as_before
from .reads import Cells, cells_at, reads_of

#: What the cause of a kept cell ends with when a cell that it reads has changed.
OLD_INPUTS: Final = "; what it reads has changed"
FROM_OLD: Final = "from an old value"


def name_what_is_old(calculation: Calculation, inputs: Callable[[], Iterable[Place]] | None = None) -> None:
    """Say of kept cells whose inputs changed that their value is old, and of what reads them that it follows from it.

    `inputs` gives the cells without formulas that were changed before the calculation; it is asked only if any is kept.
    """
    kept = [cell for cell in calculation.kept() if cell.formula]
    if not kept:
        return
    computed = [cell for cell in calculation.book.cells() if cell.status != "kept" and not as_before(cell)]
    changed = cells_at([*(cell.where for cell in computed), *(inputs() if inputs is not None else ())])
    reached = [cell for cell in kept if calculation.readers.reads(cell, changed)]
    for cell in reached:
        cell.cause += OLD_INPUTS
    seen: set[FormulaCell] = set()
    while reached:
        cells = cells_at(cell.where for cell in reached)
        readers = [*calculation.readers.of(cells), *_early_readers(calculation, cells)]
        reached = [cell for cell in readers if cell not in seen]
        seen.update(reached)
        for cell in reached:
            cell.cause = cell.cause or FROM_OLD


def _early_readers(calculation: Calculation, cells: Cells) -> Iterable[FormulaCell]:
    """Yield the cells of columns computed without the engine that read any of some cells."""
    for column in calculation.filled:
        if column.lowered is None or not column.early:
            continue
        for place, text in zip(column.places, column.lowered.texts(column.rows), strict=True):
            if any(read.meets(cells) for read in reads_of(text, column.sheet, calculation.readers.sheets)):
                yield column.of[place]
