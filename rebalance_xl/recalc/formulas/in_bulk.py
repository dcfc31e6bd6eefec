"""Formula cells made ready in bulk: shared formulas written out, shapes found in one pass, each shape lowered once."""

from __future__ import annotations

from collections.abc import Iterator

from ..sheets.sheet_scan import FormulaCell, SheetScan
from .filled_down import Fill, FilledColumn, filled_columns
from .lowering import Lowering, Template
from .parameter_classes import VALUE
from .text import (
    digit_classes,
    only_references_and_numbers,
    shift_formula,
    shift_reference,
    split_references,
)
from .tree import (
    FormulaError,
)


def write_out(scan: SheetScan, singly: bool = False) -> None:
    """Give every cell its own formula text; those of a shared group are written out from the group's first cell.

    Parameters
    ----------
    scan : SheetScan
        A sheet as read; its formula cells are changed in place.
    singly : bool
        Shift every formula as a whole, without what the cells of a group have in common.
    """
    masters: dict[str, tuple[FormulaCell, str, list[str], bool]] = {}
    for cell in [each for each in scan.formulas if each.formula[:1] == "=" and each.kind != "shared"]:
        cell.formula = cell.formula[1:]
    for cell in [each for each in scan.unusual if each.kind == "shared"]:
        group = cell.attributes.get("si", "")
        if cell.formula:
            shape, references = split_references(cell.formula)
            plain = not singly and not any(mark in shape for mark in "\"'[") and ":" not in shape.replace("\0:\0", "")
            masters[group] = (cell, shape, references, plain)
        elif group in masters:
            master, shape, references, plain = masters[group]
            rows, columns = cell.row - master.row, cell.column - master.column
            if plain:
                parts = shape.split("\0")
                shifted = [shift_reference(each, rows, columns) for each in references]
                cell.formula = parts[0] + "".join(map(str.__add__, shifted, parts[1:]))
            else:
                cell.formula = shift_formula(master.formula, rows, columns)


def lower_sheet(lowering: Lowering, scan: SheetScan, sheet: int, filled: list[FilledColumn]) -> Iterator[FormulaCell]:
    """Lower a sheet's formulas; yield those that the caller has to lower otherwise (array formulas, data tables).

    Parameters
    ----------
    lowering : Lowering
        Of the workbook.
    scan : SheetScan
        The sheet.
    sheet : int
        Its number, from 0.
    filled : list of FilledColumn
        Gets the formulas filled down that are worked out, but whose cells have no text for the engine yet.

    Yields
    ------
    FormulaCell
        Cells that were left alone.
    """
    formulas = scan.formulas
    texts = [cell.formula for cell in formulas]
    classes = digit_classes(texts)
    examples = dict(zip(classes, texts, strict=True))
    safe = {each: _safe_template(lowering, text, sheet) for each, text in examples.items()}
    unsure: list[FormulaCell] = []
    for cell, text, known in zip(formulas, texts, map(safe.get, classes), strict=True):
        if known is None:
            unsure.append(cell)
        else:
            cell.template = known
            cell.lowered = text
    if not {cell.kind for cell in scan.unusual} <= {"shared"}:
        for cell in formulas:
            if cell.kind not in ("normal", "shared"):
                cell.template = cell.lowered = None
                yield cell
        unsure = [cell for cell in formulas if cell.template is None and cell.kind in ("normal", "shared")]
    for column in filled_columns(unsure, sheet):
        if _worked_out(lowering, column):
            filled.append(column)
            for cell in column.cells:
                cell.template = column.template
    unsure = [cell for cell in unsure if cell.template is None]
    templates: dict[str, Template | FormulaError] = {}
    for cell in unsure:
        shape, references = split_references(cell.formula)
        if not shape:
            yield cell
            continue
        template = templates.get(shape)
        if template is None:
            template = lower_shape(lowering, shape, references, sheet, VALUE)
            if not isinstance(template, Template) or template.repeatable:
                templates[shape] = template
        if not isinstance(template, Template):
            keep(cell, template)
            continue
        cell.template = template
        if template.verbatim:
            cell.lowered = cell.formula
        else:
            cell.lowered = template.render(references, cell.row, cell.column)


def lower_singly(lowering: Lowering, scan: SheetScan, sheet: int) -> Iterator[FormulaCell]:
    """Lower a sheet's formulas one by one, each worked out anew; yield those that the caller has to lower otherwise.

    Parameters
    ----------
    lowering : Lowering
        Of the workbook.
    scan : SheetScan
        The sheet.
    sheet : int
        Its number, from 0.

    Yields
    ------
    FormulaCell
        Cells that were left alone.
    """
    for cell in scan.formulas:
        shape, references = split_references(cell.formula)
        if cell.kind not in ("normal", "shared") or not shape:
            yield cell
            continue
        template = lower_shape(lowering, shape, references, sheet, VALUE)
        if isinstance(template, Template):
            cell.template = template
            cell.lowered = template.render(references, cell.row, cell.column)
        else:
            keep(cell, template)


def _safe_template(lowering: Lowering, formula: str, sheet: int) -> Template | None:
    """Return the template of a formula when every formula that differs in digits only goes to the engine as it is.

    Calls of the package's own functions are left out, because filled-down ones may not have to go there at all.
    """
    shape, references = split_references(formula)
    if not formula or not only_references_and_numbers(shape):
        return None
    try:
        template = lowering.template(shape, references, sheet, VALUE)
    except FormulaError:
        return None
    return template if template.verbatim and not template.functions else None


def _worked_out(lowering: Lowering, column: FilledColumn) -> bool:
    """Work out a formula filled down from some of its cells; False when each of its cells needs a look."""
    cells = column.cells
    texts: list[str] = []
    for cell in (cells[0], cells[len(cells) // 2], cells[-1]):
        shape, references = split_references(cell.formula)
        template = lower_shape(lowering, shape, references, column.sheet, VALUE)
        if not isinstance(template, Template) or template.by_cell:
            return False
        if not template.fits(references, cell.row, cell.column):
            return False
        texts.append(template.render(references, cell.row, cell.column))
        column.template = column.template or template
    column.lowered = Fill.between(texts[0], cells[0].row, texts[-1], cells[-1].row)
    return column.lowered is not None and column.lowered.text(cells[len(cells) // 2].row) == texts[1]


def lower_shape(
    lowering: Lowering, shape: str, references: list[str], sheet: int, mode: str
) -> Template | FormulaError:
    """Return the template of a shape, or why there is none."""
    try:
        return lowering.template(shape, references, sheet, mode)
    except FormulaError as error:
        return error


def keep(cell: FormulaCell, error: FormulaError) -> None:
    """Let a cell keep its cached value, with the cause."""
    cell.status, cell.lowered = "kept", None
    cell.cause = f"{error.cause}: {error}" if error.cause == "engine-unsupported" else error.cause
