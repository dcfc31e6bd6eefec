"""Cells whose computed value is not to be written as it is: each is decided on, and what reads it is computed again.

Of what keeps its old value in the end it is said whether what it reads has changed, and what reads it is told so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from itertools import chain
from typing import Any, Final

from ...cells import VALUE, CellError
from ..formulas.compiling import Template
from ..formulas.parameter_classes import implementation
from ..formulas.text import split_references
from ..native.faults import UNDECIDED
from ..references import Place
from ..sheets.formula_cells import FormulaCell
from ..sheets.linked import CACHED
from .calculation import Calculation
from .columns_read import ColumnsRead
from .decision import Action, decide
from .engine import Engine
from .engine_values import FAILURES, Trouble, from_engine
from .exchange import set_values
from .reads import Cells, cells_at, reads_anywhere, reads_of

#: Cells that depend on others decided on may need it themselves, but not endlessly.
_ROUNDS: Final = 12
#: More cells than this are not tried alone after the engine failed on all together.
_MOST_ALONE: Final = 5000
#: What stands between the cells of arithmetic with nothing but cells and numbers.
_OPERATORS: Final = re.compile(r"[-+*/().\d]+")

#: What is read in cells that have no value at all.
NOTHING_EARLIER: Final = "a cell that could not be computed and has no earlier value"


def settle_doubts(calculation: Calculation) -> None:
    """Decide on every error and failure, until nothing is open any more."""
    if _keep_readers(calculation):
        calculation.compute()
    for _ in range(_ROUNDS):
        if not _decide_on_odd(calculation):
            break
        calculation.compute()
    calculation.keep({cell: cell.value.cause for cell in calculation.odd if isinstance(cell.value, Trouble)})


def _decide_on_odd(calculation: Calculation) -> bool:
    """Decide on the errors and failures of a round; return whether there is anything to compute again."""
    failed = [each for each in calculation.spills.anchors if each.active and each.failure]
    calculation.keep({each.cell: decide(failure=each.failure)[1] for each in failed})
    open_cells = [cell for cell in calculation.odd if cell.lowered is not None]
    troubled = [cell for cell in open_cells if isinstance(cell.value, Trouble)]
    tried = [cell for cell in troubled if cell.value.cause != "circular"] if len(troubled) <= _MOST_ALONE else []
    set_values(calculation.engine, ((cell.where, cell.old) for cell in troubled if tried))
    alone = {cell for cell in tried if _works_alone(calculation.engine, cell)}
    doubtful = _doubtful(calculation, open_cells)
    unsure = {} if calculation.lowering.singly else _unsure(calculation, open_cells)
    again: list[FormulaCell] = []
    kept: dict[FormulaCell, str] = {}
    for cell in open_cells:
        if cell in alone:
            continue
        anchor = calculation.spills.at(cell.where)
        blocked, doubt = anchor is not None and anchor.active and anchor.blocked, doubtful.get(cell, "")
        action, cause = decide(
            answer=cell.value,
            old=cell.old,
            failure=unsure.get(cell, ""),
            doubtful=doubt,
            blocked=blocked,
            careful=cell.careful,
        )
        if action is Action.KEEP:
            kept[cell] = cause
        elif action is Action.AGAIN:
            again.append(cell)
    calculation.keep(kept)
    return compute_carefully(calculation, again) or bool(kept or troubled or failed)


def _works_alone(engine: Engine, cell: FormulaCell) -> bool:
    try:
        engine.set_formula(cell.where, str(cell.lowered))
        engine.evaluate_cells([cell.where])
        again = engine.read_cell(cell.where)
    except FAILURES:  # the engine cannot read the formula at all
        again = None
    if again is None or isinstance(from_engine(again), Trouble):
        engine.set_value(cell.where, cell.old)
        return False
    return True


def _doubtful(calculation: Calculation, cells: Sequence[FormulaCell]) -> dict[FormulaCell, str]:
    """Return for the errors that are not sure what they follow from: other workbooks, cells that kept an error."""
    sources = [cell for cell in calculation.kept() if cell.old.__class__ is CellError] if cells else []
    found: dict[FormulaCell, str] = {}
    waiting = [cell for cell in cells if cell.value.__class__ is CellError]
    while waiting and sources:
        sources = [*calculation.readers.among(waiting, cells_at(cell.where for cell in sources))]
        sources += [cell for cell in waiting if reads_anywhere(str(cell.lowered))]
        found.update(dict.fromkeys(sources, "reads a cell that kept an error"))
        waiting = [cell for cell in waiting if cell not in found]
    if calculation.book.sheet_count < len(calculation.book.scans):
        linked = [cell for cell in cells if CACHED in str(cell.lowered)]
        found.update(dict.fromkeys(linked, "reads another workbook, as it is cached"))
    return found


def _unsure(calculation: Calculation, cells: Sequence[FormulaCell]) -> dict[FormulaCell, str]:
    """Return for arithmetic which text in one of its cells may be a number, as the careful way would find."""
    number, offset = implementation("RXL.NUMBER").callable, calculation.engine.settings.date_offset
    columns = ColumnsRead(calculation.book, calculation.spills.anchors)
    found: dict[FormulaCell, str] = {}

    @cache
    def reason(text: str) -> str:
        answer = number(text, date_offset=offset)
        return answer.reason if answer.__class__ is CellError and answer.code == UNDECIDED else ""

    for cell in cells:
        if cell.value != VALUE or cell.old.__class__ is CellError or not _is_arithmetic(cell.template):
            continue
        reads = reads_of(" ".join(split_references(cell.formula)[1]), cell.sheet, calculation.readers.sheets)
        ones = (columns.values((read.sheet, read.left))[read.top - 1 : read.top] for read in reads)
        reasons = [reason(each) for each in chain.from_iterable(ones) if each.__class__ is str and reason(each)]
        if reasons:
            found[cell] = f"function-error: {reasons[-1]}"
    return found


def _is_arithmetic(template: Template | None) -> bool:
    """Say whether a formula is arithmetic with nothing but cells and numbers."""
    pieces = template.pieces if template is not None else [""]
    return all(each.__class__ is int or (isinstance(each, str) and _OPERATORS.fullmatch(each)) for each in pieces)


def _keep_readers(calculation: Calculation) -> bool:
    """Keep the cells that read what nobody can read, and what reads these when they have no value; say whether any."""
    empty = [cell.where for cell in calculation.kept() if cell.old is None and cell.formula]
    places = calculation.book.unreadable | dict.fromkeys(empty, NOTHING_EARLIER)
    any_kept = False
    while places:
        fresh: dict[Place, str] = {}
        by_cause: dict[str, list[Place]] = {}
        for place, cause in places.items():
            by_cause.setdefault(cause, []).append(place)
        for read, there in by_cause.items():
            reading = [*calculation.readers.of(cells_at(there))]
            calculation.keep(dict.fromkeys(reading, decide(unreadable=f"reads {read}")[1]))
            fresh.update((cell.where, NOTHING_EARLIER) for cell in reading if cell.old is None)
            any_kept = any_kept or bool(reading)
        places = fresh
    return any_kept


def compute_carefully(calculation: Calculation, cells: Iterable[FormulaCell]) -> bool:
    """Give cells the formula that is computed the careful way; return whether any formula has changed."""
    fresh = [cell for cell in dict.fromkeys(cells) if cell.lowered is not None and not cell.careful]
    for cell in fresh:
        cell.careful = True
    return calculation.lower_again(fresh)


def as_before(cell: FormulaCell) -> bool:
    """Say whether a cell shows what it showed before."""
    old: Any = cell.old
    return cell.value.__class__ is old.__class__ and bool(cell.value == old)


# --- what follows from old values -----------------------------------------------------------------------------------


def name_what_is_old(calculation: Calculation, inputs: Callable[[], Iterable[Place]] | None = None) -> None:
    """Say of kept cells whose inputs changed that their value is old, and of what reads them that it follows from it.

    `inputs` gives the cells without formulas that were changed before the calculation; it is asked only if any is kept.
    """
    kept = [cell for cell in calculation.kept() if cell.formula]
    if not kept:
        return
    computed = [cell for scan in calculation.book.scans for cell in scan.formulas.differing() if cell.status != "kept"]
    changed = cells_at([*(cell.where for cell in computed), *(inputs() if inputs is not None else ())])
    reached = [*calculation.readers.among(kept, changed)]
    for cell in reached:
        cell.cause += "; what it reads has changed"
    seen: set[FormulaCell] = set()
    while reached:
        cells = cells_at(cell.where for cell in reached)
        readers = [*calculation.readers.of(cells, known=seen), *_early_readers(calculation, cells)]
        reached = [cell for cell in readers if cell not in seen]
        seen.update(reached)
        for cell in reached:
            cell.cause = cell.cause or "from an old value"


def _early_readers(calculation: Calculation, cells: Cells) -> Iterable[FormulaCell]:
    """Yield the cells of columns computed without the engine that read any of some cells."""
    for column in calculation.readers.filled:
        if column.lowered is None or not column.early:
            continue
        for place, text in zip(column.places, column.lowered.texts(column.rows), strict=True):
            if any(read.meets(cells) for read in reads_of(text, column.of.sheet, calculation.readers.sheets)):
                yield column.of[place]
