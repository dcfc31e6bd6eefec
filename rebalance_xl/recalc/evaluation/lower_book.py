"""All formulas of a workbook made ready for the engine, the cells found whose formulas fill several cells."""

from __future__ import annotations

from ..formulas.book_view import BookView
from ..formulas.compiling import Template
from ..formulas.filled_down import FilledColumn
from ..formulas.in_bulk import Lowering, keep, lower_sheet, write_out
from ..formulas.parameter_classes import ARRAY, SPILLING, implementation
from ..formulas.text import split_references
from ..formulas.tree import FormulaError
from ..references import parse_area
from ..sheets.formula_cells import FormulaCell
from .decision import Finding, decide
from .reads import Read, cells_at
from .spills import Spills

#: Larger array formulas than this are taken for one cell: their area is nonsense.
MAX_ARRAY = 4_000_000


def lower_book(book: BookView, lowering: Lowering, spills: Spills, spill_plain: bool) -> list[FilledColumn]:
    """Lower the formulas of a workbook and add its arrays to the spills.

    The formulas filled down that are worked out are returned; their cells have no text for the engine yet.
    """
    for scan in book.scans:
        write_out(scan)
        for cell in scan.formulas.of_kind("array"):
            area = parse_area(cell.reference)
            if area is None or area.size > MAX_ARRAY:
                area = cell.area
            spills.add(cell, area, cell.dynamic, written=area)
    _mark_linked(book, spills)
    filled: list[FilledColumn] = []
    for scan in book.scans:
        own: list[FilledColumn] = []
        for cell in lower_sheet(lowering, scan, scan.formulas.sheet, own):
            if cell.kind == "array":
                _lower_array(lowering, spills, cell)
            else:
                empty = "it has no formula of its own, as the cells of an array that could not be computed"
                keep(cell, FormulaError("a data table" if cell.kind == "dataTable" else empty))
                if cell.kind == "linked":
                    cell.cause = decide(Finding(linked=True))[1]
        if spill_plain:
            texts = zip(scan.formulas.lowered, scan.formulas.texts, strict=True)
            spilling = [place for place, (made, text) in enumerate(texts) if made is not None and _may_spill(text)]
            for cell in scan.formulas.at(spilling):
                if cell.kind != "array":
                    _lower_array(lowering, spills, cell)
            own = [column for column in own if not _lower_arrays(lowering, spills, column)]
        filled += own
    return filled


def _mark_linked(book: BookView, spills: Spills) -> None:
    """Leave alone the formula cells that hold linked data types, and arrays of which any cell does."""
    entities = [place for place, linked in book.linked.items() if not linked.error]
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
    template = lowering.template(*split_references(first), column.sheet, ARRAY)
    if isinstance(template, Template) and template.single:
        return False
    for cell in column.of.at(column.places):
        _lower_array(lowering, spills, cell)
    return True


def _lower_array(lowering: Lowering, spills: Spills, cell: FormulaCell) -> None:
    """Lower a formula that fills several cells, or may do so."""
    shape, references = split_references(cell.formula)
    empty = FormulaError("an empty formula")
    template = lowering.template(shape, references, cell.sheet, ARRAY) if shape else empty
    if not isinstance(template, Template):
        keep(cell, template)
        return
    cell.template = template
    cell.lowered = template.render(references, cell.row, cell.column)
    anchor = spills.at(cell.where)
    if anchor is None:
        if template.single:
            return
        anchor = spills.add(cell, cell.area, True, written=None)
    anchor.active = True
    cell.lowered = anchor.kept(cell.lowered)


def _may_spill(formula: str) -> bool:
    name = formula.partition("(")[0].strip().upper().removeprefix("_XLFN.").removeprefix("_XLWS.")
    return name in SPILLING or hasattr(implementation(name), "parameters")
