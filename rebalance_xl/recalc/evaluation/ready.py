"""All formulas of a workbook made ready for the engine, and what can be computed before it: catalogue calls by column.

A call in a cell costs the engine's way into Python and back; a column of the same formula filled down is one call with
columns. What depends on cells that the engine has to compute first stays with the engine.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ...cells import MISSING, CellError
from ...column_calls import PerRow, takes_columns
from ..formulas.book_view import BookView
from ..formulas.compiling import Template
from ..formulas.filled_down import FilledColumn, filled_columns
from ..formulas.in_bulk import Lowering, keep, lower_sheet, worked_out, write_out
from ..formulas.operands import plain_name
from ..formulas.parameter_classes import ARRAY, SPILLING, implementation
from ..formulas.parser import Parser, parsed
from ..formulas.text import split_references
from ..formulas.tree import Call, FormulaError
from ..references import parse_area
from ..sheets.formula_cells import FormulaCell, Formulas, put
from .decision import decide
from .exchange import TINY
from .reads import Read, cells_at
from .row_formula import KnownCells, NotNowError, RowFormula
from .shared_rows import share_rows
from .spills import Spills

#: Larger array formulas than this are taken for one cell: their area is nonsense.
MAX_ARRAY = 4_000_000


def lower_book(book: BookView, lowering: Lowering, spills: Spills, spill_plain: bool) -> list[FilledColumn]:
    """Lower the formulas of a workbook and add its arrays to the spills.

    The formulas filled down that are worked out are returned; only the cells of arrays have their text for the engine.
    """
    for scan in book.scans:
        write_out(scan)
        for cell in scan.formulas.of_kind("array"):
            area = parse_area(cell.attributes.get("ref", ""))
            if area is None or area.size > MAX_ARRAY:
                area = cell.area
            spills.add(cell, area, cell.dynamic, written=area)
    _mark_linked(book, spills)
    filled: list[FilledColumn] = []
    for scan in book.scans:
        own: list[FilledColumn] = []
        if not lowering.singly:
            filled += _lower_filled_arrays(lowering, spills, scan.formulas)
        for cell in lower_sheet(lowering, scan, own):
            if cell.kind == "array":
                if cell.lowered is None:
                    _lower_array(lowering, spills, cell)
            else:
                empty = "it has no formula of its own, as the cells of an array that could not be computed"
                keep(cell, FormulaError("a data table" if cell.kind == "dataTable" else empty))
                if cell.kind == "linked":
                    cell.cause = decide(linked=True)[1]
        if spill_plain:
            texts = zip(scan.formulas.lowered, scan.formulas.texts, strict=True)
            spilling = [place for place, (made, text) in enumerate(texts) if made is not None and _may_spill(text)]
            for cell in scan.formulas.at(spilling):
                if cell.kind != "array":
                    _lower_array(lowering, spills, cell)
            own = [column for column in own if not _lower_arrays(lowering, spills, column)]
        filled += own
    if not (lowering.singly or book.package.iterate):
        arrays = [anchor.cell for anchor in spills.anchors if anchor.active]
        share_rows(book, [cell for cell in arrays if cell.template is not None and not cell.template.layout])
    return filled


def _mark_linked(book: BookView, spills: Spills) -> None:
    """Leave alone the formula cells that hold linked data types, and arrays of which any cell does."""
    entities = [place for place, linked in book.linked.items() if linked.shown.__class__ is not CellError]
    for sheet, row, column in entities:
        cell = book.scans[sheet].formulas.find(row, column)
        if cell is not None:
            cell.kind = "linked"
    places = cells_at(entities)
    for anchor in spills.anchors if entities else ():
        area = anchor.area
        if Read(anchor.cell.sheet, area.left, area.right, area.top, area.bottom).meets(places):
            anchor.cell.kind = "linked"


def _lower_arrays(lowering: Lowering, spills: Spills, column: FilledColumn) -> bool:
    """Lower a formula filled down whose cells may spill; False when it gives one value in each of them."""
    first = column.of.texts[column.places[0]]
    if not _may_spill(first):
        return False
    template, _ = lowering.lower(first, column.of.sheet, column.rows[0], column.column, ARRAY)
    if isinstance(template, Template) and template.single:
        return False
    for cell in column.of.at(column.places):
        _lower_array(lowering, spills, cell)
    return True


def _lower_filled_arrays(lowering: Lowering, spills: Spills, own: Formulas) -> Iterator[FilledColumn]:
    """Lower the array formulas of a sheet that are filled down, and yield them."""
    for column in filled_columns(own, sorted(place for place, kind in own.kinds.items() if kind == "array")):
        if worked_out(lowering, column, ARRAY) and column.template is not None and column.lowered is not None:
            for cell, text in zip(own.at(column.places), column.lowered.texts(column.rows), strict=True):
                _set_array(spills, cell, column.template, text)
            yield column


def _lower_array(lowering: Lowering, spills: Spills, cell: FormulaCell) -> None:
    """Lower a formula that fills several cells, or may do so."""
    found: tuple[Template | FormulaError, str] = (FormulaError("an empty formula"), "")
    template, text = lowering.lower(cell.formula, *cell.where, ARRAY) if cell.formula else found
    if not isinstance(template, Template):
        keep(cell, template)
        return
    _set_array(spills, cell, template, text)


def _set_array(spills: Spills, cell: FormulaCell, template: Template, text: str) -> None:
    """Give a cell the text that the engine computes, its array kept aside."""
    cell.template, cell.lowered = template, text
    anchor = spills.at(cell.where)
    if anchor is None:
        if template.single:
            return
        anchor = spills.add(cell, cell.area, True, written=None)
    anchor.active = True
    cell.lowered = anchor.kept(text)


def _may_spill(formula: str) -> bool:
    name = formula.partition("(")[0].strip().upper().removeprefix("_XLFN.").removeprefix("_XLWS.")
    return name in SPILLING or hasattr(implementation(name), "parameters")


#: An array does not read more cells than this without the engine.
MAX_CELLS = 4_000_000


def compute_early(known: KnownCells, filled: Sequence[FilledColumn]) -> None:
    """Compute the filled-down catalogue calls whose arguments are known already; the others go to the engine."""
    filled = [column for column in filled if column.of.lowered[column.places[0]] is None]
    at_once = not known.book.package.date1904  # columns at once know the 1900 system only
    waiting = [column for column in filled if at_once and _calls_columns(column)]
    before = -1
    while waiting and len(waiting) != before:
        before = len(waiting)
        waiting = [column for column in waiting if not _compute_column(known, column)]
    for column in filled:
        if not column.early:
            column.render()


def compute_arrays_early(known: KnownCells) -> dict[int, Any] | None:
    """Compute all arrays of a workbook, by the keys of their anchors; None when anything in it needs the engine."""
    anchors = [anchor for anchor in known.anchors if anchor.active]
    most = sum(anchor.cell.lowered is not None for anchor in anchors)
    if sum(len(scan.formulas) - scan.formulas.lowered.count(None) for scan in known.book.scans) > most:
        return None
    arrays: dict[int, Any] = {}
    for anchor in anchors:
        template = anchor.cell.template
        row, column, references = anchor.cell.row, anchor.cell.column, split_references(anchor.cell.formula)[1]
        if template is None or template.layout:
            return None
        text = template.render(references, row, column)
        try:
            arrays[anchor.key] = _array(known, anchor.cell, text)
        except (NotNowError, FormulaError, RecursionError):
            return None
    for anchor in anchors:
        anchor.cell.lowered, anchor.cell.early = None, True
    return arrays


def _array(known: KnownCells, cell: FormulaCell, text: str) -> Any:
    """Return what one call of a catalogue function with whole ranges gives."""
    expression, references = parsed(text)
    call = expression.single
    function = implementation(plain_name(call.name)) if isinstance(call, Call) else None
    if not isinstance(call, Call) or function is None or not hasattr(function, "parameters"):
        raise NotNowError
    evaluation = RowFormula(known, cell.sheet, [(each, None) for each in references], [cell.row], MAX_CELLS)
    arguments = [MISSING if each is None else evaluation.expression(each) for each in call.arguments]
    answer = function.call(*arguments)
    if isinstance(answer, CellError) and answer.reason.startswith("internal error"):
        raise NotNowError
    return answer


def _calls_columns(column: FilledColumn) -> bool:
    assert column.template is not None
    if column.template.layout:
        return False
    registered = [implementation(name) for name in column.template.functions]
    return bool(registered) and all(hasattr(each, "parameters") and takes_columns(each) for each in registered)


def _compute_column(known: KnownCells, column: FilledColumn) -> bool:
    """Compute a column when its arguments are known; False when they are not, or when it takes the engine."""
    assert column.lowered is not None
    top = column.rows[0]
    stems = [stem if offset is None else f"{stem}{top + offset}" for stem, offset in column.lowered.slots]
    try:
        expression = Parser(column.lowered.shape, stems).parse()
        values = RowFormula(known, column.of.sheet, column.lowered.slots, column.rows).expression(expression)
    except (NotNowError, FormulaError, RecursionError):
        return False
    answers = values if isinstance(values, PerRow) else [values] * len(column.places)
    if expression.single is None and any(each.__class__ is float and each and -TINY < each < TINY for each in answers):
        return False  # it may be the noise of a subtraction
    reasons = {at: each.reason for at, each in zip(column.places, answers, strict=True) if each.__class__ is CellError}
    failed = any(reason.startswith("internal error") for reason in reasons.values())
    if failed or not set(map(type, answers)) <= {float, str, bool, CellError}:
        return False
    own = column.of
    own.early.update(dict.fromkeys(column.places, True))
    put(own.values, column.places, answers)
    own.statuses.update(dict.fromkeys(reasons, "error"))
    own.causes.update(reasons)
    return True
