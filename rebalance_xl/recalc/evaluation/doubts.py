"""Cells whose computed value is not to be written as it is: each is decided on, and what reads it is computed again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from ...cells import CellError
from ..formulas.parameter_classes import ARRAY, VALUE
from ..formulas.text import split_references
from ..formulas.tree import FormulaError
from ..sheets.sheet_scan import FormulaCell
from .calculation import Calculation
from .decision import Action, Finding, decide
from .engine import FAILURES, Engine, Trouble, from_engine
from .exchange import set_formulas
from .reads import CACHED, Cells, cells_at, reads_anywhere

#: Cells that depend on others decided on may need it themselves, but not endlessly.
_ROUNDS: Final = 12
#: More cells than this are not tried alone after the engine failed on all together.
_MOST_ALONE: Final = 5000

#: What is read in cells that have no value at all.
NOTHING_EARLIER: Final = "a cell that could not be computed and has no earlier value"

Node = tuple[int, FormulaCell]


def settle_doubts(calculation: Calculation) -> None:
    """Decide on every error and failure, until nothing is open any more."""
    if _keep_readers(calculation):
        calculation.compute()
    for _ in range(_ROUNDS):
        if not _decide_on_odd(calculation):
            break
        calculation.compute()
    for sheet, cell in calculation.odd:
        if isinstance(cell.value, Trouble):
            keep(calculation, sheet, cell, cell.value.cause)


def _decide_on_odd(calculation: Calculation) -> bool:
    """Decide on the errors and failures of a round; return whether there is anything to compute again."""
    failed = [each for each in calculation.spills.anchors if each.active and each.failure]
    for each in failed:
        finding = Finding(answer=each.cell.value, old=each.cell.old, failure=each.failure)
        keep(calculation, each.sheet, each.cell, decide(finding)[1])
    open_cells = [(sheet, cell) for sheet, cell in calculation.odd if cell.lowered is not None]
    troubled = [(sheet, cell) for sheet, cell in open_cells if isinstance(cell.value, Trouble)]
    alone: set[int] = set()
    if troubled:
        for sheet, cell in troubled:
            calculation.engine.set_value(sheet, cell.row, cell.column, cell.old)
        if len(troubled) <= _MOST_ALONE:
            tried = [node for node in troubled if node[1].value.cause != "circular"]
            alone = {id(cell) for sheet, cell in tried if _works_alone(calculation.engine, sheet, cell)}
    doubtful = _doubtful(calculation, open_cells)
    again: list[Node] = []
    kept = False
    for sheet, cell in open_cells:
        if id(cell) in alone:
            continue
        anchor = calculation.spills.at(sheet, cell.row, cell.column)
        finding = Finding(
            answer=cell.value,
            old=cell.old,
            failure=cell.value.cause if isinstance(cell.value, Trouble) else "",
            doubtful=doubtful.get(id(cell), ""),
            blocked=anchor is not None and anchor.active and anchor.blocked,
            careful=id(cell) in calculation.careful,
        )
        action, cause = decide(finding)
        if action is Action.KEEP:
            keep(calculation, sheet, cell, cause)
            kept = True
        elif action is Action.AGAIN:
            again.append((sheet, cell))
    return compute_carefully(calculation, again) or kept or bool(troubled or failed)


def _works_alone(engine: Engine, sheet: int, cell: FormulaCell) -> bool:
    try:
        engine.set_formula(sheet, cell.row, cell.column, f"={cell.lowered}")
        engine.evaluate_cell(sheet, cell.row, cell.column)
        again = engine.read_block(sheet, cell.row, cell.column, cell.row, cell.column)[0][0]
    except FAILURES:  # the engine cannot read the formula at all
        again = None
    if again is None or isinstance(from_engine(again), Trouble):
        engine.set_value(sheet, cell.row, cell.column, cell.old)
        return False
    return True


def _doubtful(calculation: Calculation, cells: Sequence[Node]) -> dict[int, str]:
    """Return for the errors that are not sure what they follow from: other workbooks, cells that kept an error."""
    found = _following(calculation, cells) if cells else {}
    if calculation.sheet_count < len(calculation.scans):
        linked = [cell for _, cell in cells if CACHED in str(cell.lowered)]
        found.update({id(cell): "reads another workbook, as it is cached" for cell in linked})
    return found


def _following(calculation: Calculation, cells: Sequence[Node]) -> dict[int, str]:
    """Return for the errors that follow from a cell that kept an error, what they follow from."""
    sources = [(sheet, cell) for sheet, cell in calculation.kept() if cell.old.__class__ is CellError]
    if not sources:
        return {}
    found: dict[int, str] = {}
    waiting = [(sheet, cell) for sheet, cell in cells if cell.value.__class__ is CellError]
    while waiting:
        places = cells_at((sheet, cell.row, cell.column) for sheet, cell in sources)
        reached = [(sheet, cell) for sheet, cell in waiting if _may_read(calculation, sheet, cell, places)]
        if not reached:
            break
        for _, cell in reached:
            found[id(cell)] = "reads a cell that kept an error"
        waiting = [node for node in waiting if id(node[1]) not in found]
        sources = reached
    return found


def _may_read(calculation: Calculation, sheet: int, cell: FormulaCell, cells: Cells) -> bool:
    return reads_anywhere(str(cell.lowered)) or calculation.readers.reads(sheet, cell, cells)


def _keep_readers(calculation: Calculation) -> bool:
    """Keep the cells that read what nobody can read, and what reads these when they have no value; say whether any."""
    places = dict(calculation.unreadable)
    for sheet, cell in calculation.kept():
        if cell.old is None and cell.formula:
            places[sheet, cell.row, cell.column] = NOTHING_EARLIER
    any_kept = False
    while places:
        fresh: dict[tuple[int, int, int], str] = {}
        by_cause: dict[str, list[tuple[int, int, int]]] = {}
        for place, cause in places.items():
            by_cause.setdefault(cause, []).append(place)
        for read, there in by_cause.items():
            for sheet, cell in list(calculation.readers.of(cells_at(there))):
                action, cause = decide(Finding(answer=cell.value, old=cell.old, unreadable=f"reads {read}"))
                if action is Action.KEEP:
                    keep(calculation, sheet, cell, cause)
                    any_kept = True
                    if cell.old is None:
                        fresh[sheet, cell.row, cell.column] = NOTHING_EARLIER
        places = fresh
    return any_kept


def keep(calculation: Calculation, sheet: int, cell: FormulaCell, cause: str) -> None:
    """Let a cell keep its cached value, in the engine, too."""
    cell.status, cell.cause, cell.value, cell.lowered = "kept", cause, cell.old, None
    calculation.engine.set_value(sheet, cell.row, cell.column, cell.old)
    anchor = calculation.spills.at(sheet, cell.row, cell.column)
    if anchor is not None:
        calculation.spills.give_back(anchor)


def compute_carefully(calculation: Calculation, cells: Iterable[Node]) -> bool:
    """Give cells the formula that is computed the careful way; return whether any formula has changed."""
    changed: list[tuple[int, int, int, str]] = []
    lowering = calculation.lowering
    known = set(lowering.functions)
    for sheet, cell in cells:
        if id(cell) in calculation.careful or cell.lowered is None:
            continue
        calculation.careful.add(id(cell))
        anchor = calculation.spills.at(sheet, cell.row, cell.column)
        shape, references = split_references(cell.formula)
        try:
            template = lowering.template(shape, references, sheet, ARRAY if anchor else VALUE, careful=True)
        except FormulaError:
            continue
        for name in sorted(template.functions - known):
            calculation.register(name)
            known.add(name)
        text = template.render(references, cell.row, cell.column)
        if anchor is not None and anchor.active:
            text = anchor.kept(text)
        if text != cell.lowered:
            cell.lowered, cell.template = text, template
            changed.append((sheet, cell.column, cell.row, f"={text}"))
    calculation.readers.forget_shapes()
    for sheet in sorted({each[0] for each in changed}):
        set_formulas(calculation.engine, sheet, [own[1:] for own in changed if own[0] == sheet], calculation.singly)
    return bool(changed)


def explain_errors(calculation: Calculation) -> None:
    """Find the reasons of errors that functions gave; what a failed function gave is not written."""
    asked: list[Node] = []
    failed = calculation.engine.failed
    for sheet, cell in calculation.odd:
        if cell.value.__class__ is CellError and cell.status != "kept":
            cell.status = "error"
            if cell.template is not None and cell.template.functions and cell.lowered is not None:
                asked.append((sheet, cell))
    if failed:
        listed = {id(cell) for _, cell in asked}
        for sheet, cell in calculation.cells():
            calls = cell.template is not None and cell.lowered is not None and cell.template.functions & failed
            if calls and id(cell) not in listed:
                asked.append((sheet, cell))
    if not asked:
        return
    kept = False
    reasons = calculation.engine.reasons([(sheet, cell.row, str(cell.lowered)) for sheet, cell in asked])
    for (sheet, cell), (reason, failure) in zip(asked, reasons, strict=True):
        if failure and (cell.value.__class__ is CellError or not as_before(cell)):
            keep(calculation, sheet, cell, decide(Finding(answer=cell.value, old=cell.old, failure=failure))[1])
            kept = True
        elif cell.value.__class__ is CellError:
            cell.cause = reason
    if kept:
        calculation.compute()
        for _, cell in calculation.cells():
            if cell.status != "kept" and not cell.early:
                cell.status = "error" if cell.value.__class__ is CellError else "computed"


def as_before(cell: FormulaCell) -> bool:
    """Say whether a cell shows what it showed before."""
    old: Any = cell.old
    return cell.value.__class__ is old.__class__ and bool(cell.value == old)
