"""Formula cells made ready in bulk: shared formulas written out, shapes found in one pass, each shape lowered once."""

from __future__ import annotations

from collections.abc import Iterator

from ..sheets.formula_cells import FormulaCell, put
from ..sheets.sheet_scan import SheetScan
from .compiler import Lowering
from .filled_down import Fill, FilledColumn, filled_columns
from .parameter_classes import VALUE
from .template import Template
from .text import digit_classes, only_references_and_numbers, shift_formula, shift_reference, split_references
from .tree import FormulaError


def write_out(scan: SheetScan, singly: bool = False) -> None:
    """Give every cell its own formula text; those of a shared group are written out from the group's first cell.

    Singly, every formula is shifted as a whole, without what the cells of a group have in common.
    """
    own = scan.formulas
    texts, kinds, rows, columns = own.texts, own.kinds, own.rows, own.columns
    for place in [place for place, text in enumerate(texts) if text[:1] == "="]:
        if kinds.get(place) != "shared":
            texts[place] = texts[place][1:]
    masters: dict[str, tuple[int, str, list[str], bool]] = {}
    for place in sorted([place for place, kind in kinds.items() if kind == "shared"]):
        group = own.attributes[place].get("si", "")
        if texts[place]:
            shape, references = split_references(texts[place])
            plain = not singly and not any(mark in shape for mark in "\"'[") and ":" not in shape.replace("\0:\0", "")
            masters[group] = (place, shape, references, plain)
        elif group in masters:
            master, shape, references, plain = masters[group]
            away = rows[place] - rows[master], columns[place] - columns[master]
            if plain:
                parts = shape.split("\0")
                shifted = [shift_reference(each, *away) for each in references]
                texts[place] = parts[0] + "".join(map(str.__add__, shifted, parts[1:]))
            else:
                texts[place] = shift_formula(texts[master], *away)


def lower_sheet(lowering: Lowering, scan: SheetScan, sheet: int, filled: list[FilledColumn]) -> Iterator[FormulaCell]:
    """Lower a sheet's formulas; yield those that the caller has to lower otherwise (array formulas, data tables).

    `filled` gets the formulas filled down that are worked out, but whose cells have no text for the engine yet.
    """
    own = scan.formulas
    texts, templates, lowered = own.texts, own.templates, own.lowered
    if not lowering.singly:
        classes = digit_classes(texts)
        examples = dict(zip(classes, texts, strict=True))
        safe = {each: _safe_template(lowering, text, sheet) for each, text in examples.items()}
        templates[:] = map(safe.__getitem__, classes)
        lowered[:] = [None if template is None else text for text, template in zip(texts, templates, strict=True)]
    others = {place for place, kind in own.kinds.items() if kind != "shared"}
    for place in sorted(others):
        templates[place] = lowered[place] = None
        yield own[place]
    unsure = [place for place, template in enumerate(templates) if template is None and place not in others]
    if not lowering.singly:
        for column in filled_columns(own, unsure, sheet):
            if _worked_out(lowering, column):
                filled.append(column)
                put(templates, column.places, [column.template] * len(column.places))
        unsure = [place for place in unsure if templates[place] is None]
    known: dict[str, Template | FormulaError] = {}
    for place in unsure:
        shape, references = split_references(texts[place])
        if not shape:
            yield own[place]
            continue
        template = known.get(shape)
        if template is None:
            template = lower_shape(lowering, shape, references, sheet, VALUE)
            if not lowering.singly and (not isinstance(template, Template) or template.repeatable):
                known[shape] = template
        if not isinstance(template, Template):
            keep(own[place], template)
            continue
        templates[place] = template
        usual = template.verbatim and not lowering.singly
        lowered[place] = texts[place] if usual else template.render(references, own.rows[place], own.columns[place])


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
    rows, places = column.rows, column.places
    texts: list[str] = []
    for number in (0, len(places) // 2, -1):
        shape, references = split_references(column.of.texts[places[number]])
        template = lower_shape(lowering, shape, references, column.sheet, VALUE)
        if not isinstance(template, Template) or template.by_cell:
            return False
        if not template.fits(references, rows[number], column.column):
            return False
        texts.append(template.render(references, rows[number], column.column))
        column.template = column.template or template
    column.lowered = Fill.between(texts[0], rows[0], texts[-1], rows[-1])
    return column.lowered is not None and column.lowered.text(rows[len(places) // 2]) == texts[1]


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
