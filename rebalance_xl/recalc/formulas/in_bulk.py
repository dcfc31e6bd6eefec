"""Formula cells made ready in bulk: shared formulas written out, shapes found in one pass, each shape lowered once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..sheets.formula_cells import FormulaCell, put
from ..sheets.sheet_scan import SheetScan
from .book_view import BookView
from .compiler import compiled
from .compiling import Template
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
        self._templates: dict[tuple[object, ...], Template | FormulaError] = {}
        self._literal_slots: dict[str, list[int]] = {}

    def template(
        self, shape: str, references: Sequence[str], sheet: int, mode: str, *, careful: bool = False
    ) -> Template | FormulaError:
        """Return the template of a shape on a sheet, or why there is none; the careful way when that is wanted."""
        key = self._key(shape, references, sheet, mode, careful)
        found = self._templates.get(key)
        if found is not None:
            return found
        try:
            parser = Parser(shape, references)
            self._literal_slots[shape] = parser.literal_slots
            found = compiled(self.book, sheet, parser.parse(), mode, careful)
            self.functions |= found.functions
        except FormulaError as error:
            found = error
        except (RecursionError, IndexError):
            found = FormulaError("the formula is nested too deeply, or gives a function too many arguments")
        if not self.singly:
            self._templates[self._key(shape, references, sheet, mode, careful)] = found
        return found

    def _key(self, shape: str, references: Sequence[str], sheet: int, mode: str, careful: bool) -> tuple[object, ...]:
        """Return what a template is remembered by: all but the cells that it is rendered for."""
        literal = [references[slot] for slot in self._literal_slots.get(shape, ())]
        by_name = sheet not in self.book.addressed
        return sheet, mode, careful and self.book.decimal_comma, careful, by_name, shape, *literal

    def forget_layout(self) -> None:
        """Drop what depended on used areas and spilled areas, because these have changed."""
        self._templates = {
            key: found for key, found in self._templates.items() if not (isinstance(found, Template) and found.layout)
        }


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
        shape, references = split_references(texts[place])
        if not shape:
            yield own[place]
            continue
        template = lowering.template(shape, references, own.sheet, VALUE)
        if not isinstance(template, Template):
            keep(own[place], template)
            continue
        templates[place] = template
        lowered[place] = template.render(references, own.rows[place], own.columns[place])


def worked_out(lowering: Lowering, column: FilledColumn, mode: str) -> bool:
    """Work out a formula filled down from some of its cells; False when each of its cells needs a look."""
    rows, places = column.rows, column.places
    texts: list[str] = []
    for number in (0, len(places) // 2, -1):
        shape, references = split_references(column.of.texts[places[number]])
        template = lowering.template(shape, references, column.of.sheet, mode)
        if not isinstance(template, Template) or not template.fits(rows[number], column.column, references):
            return False
        texts.append(template.render(references, rows[number], column.column))
        column.template = column.template or template
    column.lowered = Fill.between(texts[0], rows[0], texts[-1], rows[-1])
    return column.lowered is not None and column.lowered.text(rows[len(places) // 2]) == texts[1]


def keep(cell: FormulaCell, error: FormulaError) -> None:
    """Let a cell keep its cached value, with the cause."""
    cell.status, cell.lowered, cell.value = "kept", None, cell.old
    cell.cause = f"{error.cause}: {error}" if error.cause == "engine-unsupported" else error.cause
