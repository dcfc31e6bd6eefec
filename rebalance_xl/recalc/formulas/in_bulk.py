"""Formula cells made ready in bulk: shared formulas written out, shapes found in one pass, each shape lowered once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..sheets.formula_cells import FormulaCell, put
from ..sheets.sheet_scan import SheetScan
from .book_view import BookView
from .compiler import compiled
from .compiling import Cell, Template
from .filled_down import Fill, FilledColumn, filled_columns
from .parameter_classes import VALUE
from .parser import Parser
from .text import shift_formula, split_references
from .tree import FormulaError


def write_out(scan: SheetScan) -> None:
    """Give every cell its own formula text; those of a shared group are written out from the group's first cell."""
    own = scan.formulas
    texts, kinds, rows, columns = own.texts, own.kinds, own.rows, own.columns
    doubled = "\0=" in "\0".join(("", *texts))
    for place in [place for place, text in enumerate(texts) if text[:1] == "="] if doubled else ():
        if kinds.get(place) != "shared":
            texts[place] = texts[place][1:]
    masters: dict[str, int] = {}
    for place in sorted([place for place, kind in kinds.items() if kind == "shared"]):
        group = own.attributes[place].get("si", "")
        if texts[place]:
            masters[group] = place
        elif group in masters:
            master = masters[group]
            texts[place] = shift_formula(texts[master], rows[place] - rows[master], columns[place] - columns[master])


class Lowering:
    """Lowers the formulas of one workbook, remembering shapes; `functions` are those that have to be registered.

    Singly, nothing is remembered.
    """

    def __init__(self, book: BookView, singly: bool = False) -> None:
        self.book = book
        self.singly = singly
        self.functions: set[str] = set()
        self._templates: dict[tuple[object, ...], list[Template | FormulaError]] = {}
        self._literal_slots: dict[str, list[int]] = {}

    def lower(
        self, formula: str, sheet: int, row: int, column: int, mode: str, *, careful: bool = False
    ) -> tuple[Template | FormulaError, str]:
        """Return the template of a cell's formula and the engine's text, or why there is none.

        They are those of the careful way when that is wanted.
        """
        shape, references = split_references(formula)
        known = self._templates.get(self._key(shape, references, sheet, mode, careful), ())
        cell = (row, column, references)
        found = next((each for each in known if isinstance(each, FormulaError) or each.suits(*cell)), None)
        if found is None:
            found = self._template(shape, cell, sheet, mode, careful)
            if not self.singly:
                self._templates.setdefault(self._key(shape, references, sheet, mode, careful), []).append(found)
        return found, found.render(references, row, column) if isinstance(found, Template) else ""

    def _template(self, shape: str, cell: Cell, sheet: int, mode: str, careful: bool) -> Template | FormulaError:
        """Return the template of a shape, or why there is none."""
        try:
            parser = Parser(shape, cell[2])
            self._literal_slots[shape] = parser.literal_slots
            found = compiled(self.book, sheet, cell, parser.parse(), mode, careful)
        except FormulaError as error:
            return error
        except RecursionError:
            return FormulaError("the formula is nested too deeply")
        self.functions |= found.functions
        return found

    def _key(self, shape: str, references: Sequence[str], sheet: int, mode: str, careful: bool) -> tuple[object, ...]:
        """Return what a template is remembered by: all but the cells that it is rendered for."""
        literal = [references[slot] for slot in self._literal_slots.get(shape, ())]
        by_name = sheet not in self.book.addressed
        return sheet, mode, careful and self.book.decimal_comma, careful, by_name, shape, *literal

    def forget_layout(self) -> None:
        """Drop what depended on used areas and spilled areas, because these have changed."""
        for found in self._templates.values():
            found[:] = [each for each in found if isinstance(each, FormulaError) or not each.layout]


def lower_sheet(lowering: Lowering, scan: SheetScan, filled: list[FilledColumn]) -> Iterator[FormulaCell]:
    """Lower a sheet's formulas; yield those that the caller has to lower otherwise (array formulas, data tables).

    `filled` gets the formulas filled down that are worked out, but whose cells have no text for the engine yet.
    """
    own = scan.formulas
    texts, templates, lowered = own.texts, own.templates, own.lowered
    others = {place for place, kind in own.kinds.items() if kind != "shared"}
    for place in sorted(others):
        yield own[place]
    unsure: Sequence[int] = range(len(own))
    unsure = [place for place in unsure if place not in others] if others else unsure
    if not lowering.singly:
        for column in filled_columns(own, unsure):
            if worked_out(lowering, column, VALUE):
                filled.append(column)
                put(templates, column.places, [column.template] * len(column.places))
        unsure = [place for place in unsure if templates[place] is None] if None in templates else []
    for place in unsure:
        if not texts[place]:
            yield own[place]
            continue
        template, text = lowering.lower(texts[place], own.sheet, own.rows[place], own.columns[place], VALUE)
        if not isinstance(template, Template):
            keep(own[place], template)
            continue
        templates[place], lowered[place] = template, text


def worked_out(lowering: Lowering, column: FilledColumn, mode: str) -> bool:
    """Work out a formula filled down from some of its cells; False when each of its cells needs a look."""
    rows, places = column.rows, column.places
    texts: list[str] = []
    for number in (0, len(places) // 2, -1):
        formula = column.of.texts[places[number]]
        template, text = lowering.lower(formula, column.of.sheet, rows[number], column.column, mode)
        if not isinstance(template, Template) or template.by_cell or column.template not in (None, template):
            return False
        texts.append(text)
        column.template = template
    column.lowered = Fill.between(texts[0], rows[0], texts[-1], rows[-1])
    return column.lowered is not None and column.lowered.text(rows[len(places) // 2]) == texts[1]


def keep(cell: FormulaCell, error: FormulaError) -> None:
    """Let a cell keep its cached value, with the cause."""
    cell.status, cell.lowered, cell.value = "kept", None, cell.old
    cell.cause = f"{error.cause}: {error}" if error.cause == "engine-unsupported" else error.cause
