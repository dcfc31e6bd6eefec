"""One workbook calculated: formulas lowered and loaded, evaluated to a fixpoint with spills, and read back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from ...cells import CellError
from ..files.package import Package, Table
from ..formulas.compiler import Lowering
from ..formulas.filled_down import FilledColumn
from ..formulas.implementations import implementation
from ..formulas.in_bulk import keep, lower_shape, lower_sheet, write_out
from ..formulas.lambdas import LAMBDA
from ..formulas.parameter_classes import ARRAY
from ..formulas.places import PLACE, Places
from ..formulas.template import Template
from ..formulas.text import in_order, split_references
from ..formulas.tree import FormulaError
from ..native.format_language import shows_names
from ..references import Area, parse_area
from ..sheets.sheet_scan import FormulaCell, SheetScan
from . import engine as engines
from .decision import Finding, decide
from .early import compute_arrays_early, compute_early
from .engine import Engine, Settings, from_engine
from .exchange import load, read_values
from .known_cells import KnownCells
from .linked_data import Linked
from .reads import Readers, reads_anywhere
from .spills import Spills

#: Larger array formulas than this are taken for one cell: their area is nonsense.
MAX_ARRAY = 4_000_000

#: Functions that spill when a program that knows no dynamic arrays wrote them.
SPILLING = frozenset(
    {
        "FILTER", "SORT", "SORTBY", "UNIQUE", "SEQUENCE", "RANDARRAY", "VSTACK", "HSTACK", "TAKE", "DROP",
        "CHOOSEROWS", "CHOOSECOLS", "TOCOL", "TOROW", "WRAPROWS", "WRAPCOLS", "EXPAND", "TEXTSPLIT",
        "TRANSPOSE", "MMULT", "MINVERSE", "FREQUENCY", "LINEST", "TREND", "GROWTH",
    }
)  # fmt: skip

#: After so many cells whose computed references the engine does not come to an end with, all others are kept.
_UNSETTLED: Final = 3


@dataclass(slots=True)
class Calculation:
    """A workbook on its way through the engine; the outcome is in the scans' formula cells and in `spills`."""

    package: Package
    scans: list[SheetScan]
    now: dt.datetime
    spill_plain: bool = False
    singly: bool = False
    warnings: list[str] = field(default_factory=list)
    tables: dict[str, Table] = field(init=False)
    names: dict[tuple[int, str], str] = field(init=False)
    sheet_names: list[str] = field(init=False)
    sheet_index: dict[str, int] = field(init=False)
    sheet_count: int = field(init=False)
    lowering: Lowering = field(init=False)
    engine: Engine = field(init=False)
    spills: Spills = field(init=False)
    odd: list[tuple[int, FormulaCell]] = field(default_factory=list)
    showing: list[tuple[int, FormulaCell]] = field(default_factory=list)
    filled: list[FilledColumn] = field(default_factory=list)
    readers: Readers = field(init=False)
    careful: set[int] = field(default_factory=set)
    decimal_comma: bool = False
    unreadable: dict[tuple[int, int, int], str] = field(default_factory=dict)
    linked: dict[tuple[int, int, int], Linked] = field(default_factory=dict)
    _places: Any = field(init=False)
    _extents: dict[int, tuple[int, int]] = field(default_factory=dict)
    _foreign: bool | None = None
    _formulas: dict[tuple[int, int, int], FormulaCell] | None = None
    _hidden: dict[int, tuple[frozenset[int], frozenset[int]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Set up what lowering asks for, and the engine."""
        package = self.package
        self.tables = package.tables
        self.names = package.names
        self.sheet_names = [engines.sheet_name(sheet.name) for sheet in package.sheets]
        self.sheet_index = package.sheet_index
        self.sheet_count = len(self.sheet_names)
        self._add_other_workbooks()
        self.lowering = Lowering(self, self.singly)
        self._places = Places(self).function()
        self.readers = Readers(self.scans, self.sheet_index)
        settings = Settings(package.date1904, package.iterate, package.iterations, package.max_change, self.now)
        self.engine = Engine(self.sheet_names, settings)
        self.spills = Spills(self.scans, self.engine, self.extent, self._extents)

    def _add_other_workbooks(self) -> None:
        """Add what the workbook has cached of others as further sheets that nothing is written to."""
        if b"externalReference" not in self.package.container.read(self.package.part, keep=True):
            return
        from .external_links import external_links

        links = external_links(self.package)
        first = len(self.sheet_names)
        self.scans = [*self.scans, *links.scans]
        self.sheet_names = [*self.sheet_names, *links.names]
        own = {name: first + place for place, name in enumerate(links.names)}
        self.sheet_index = {**self.sheet_index, **{n: first + p for n, p in links.places.items()}, **own}
        self.names = {**self.names, **{(-1 - link, name): text for (link, name), text in links.defined.items()}}

    # --- what lowering asks -----------------------------------------------------------------------------------

    def extent(self, sheet: int) -> tuple[int, int]:
        """Return the last used row and column of a sheet."""
        if sheet not in self._extents:
            self._extents[sheet] = self.scans[sheet].extent()
        return self._extents[sheet]

    def knows(self, name: str) -> bool:
        """Say whether the engine has a function."""
        return engines.knows(name)

    def registered(self, name: str) -> Any:
        """Return what the package implements under a name, None when nothing."""
        return self._places if name == PLACE else implementation(name)

    def spilled_area(self, sheet: int, row: int, column: int) -> Area | None:
        """Return the area an anchor fills at the moment, None when the cell is no anchor."""
        anchor = self.spills.at(sheet, row, column)
        return None if anchor is None else anchor.area

    def foreign_names(self) -> bool:
        """Say whether cached texts show that months and days have names of another language here."""
        if self._foreign is None:
            shown = (both for scan in self.scans for both in zip(scan.formulas.olds, scan.formulas.texts, strict=True))
            self._foreign = any(shows_names(text) for old, text in shown if old.__class__ is str and not old.isascii())
        return self._foreign

    def on_macintosh(self) -> bool:
        """Say whether Excel for Macintosh wrote the workbook."""
        return self.package.on_macintosh

    def formula_at(self, sheet: int, row: int, column: int) -> str | None:
        """Return the formula of a cell as the formula bar shows it, None when it has none."""
        if self._formulas is None:
            self._formulas = {(number, cell.row, cell.column): cell for number, cell in self.cells()}
        cell = self._formulas.get((sheet, row, column))
        return None if cell is None else _shown(cell)

    def field_of(self, sheet: int, area: Area | None, name: str) -> str | None:
        """Return a field of a linked data type as formula text, None when it is not known."""
        from .linked_data import field_text

        return field_text(self.linked, sheet, area, name)

    def hidden_rows(self, sheet: int, filtered: bool) -> frozenset[int]:
        """Return the rows of a sheet that are not shown, or only those that a filter hides."""
        if sheet >= self.sheet_count:
            return frozenset()
        if sheet not in self._hidden:
            hidden = self.scans[sheet].hidden_rows()
            areas = [table.area for table in self.package.sheets[sheet].tables if table.filtered] if hidden else []
            own = self.scans[sheet].filtered_area() if hidden else None
            areas += [own] if own is not None else []
            by_filter = frozenset(row for row in hidden if any(area.top < row <= area.bottom for area in areas))
            self._hidden[sheet] = (hidden, by_filter)
        return self._hidden[sheet][filtered]

    # --- running ----------------------------------------------------------------------------------------------

    def cells(self) -> Iterator[tuple[int, FormulaCell]]:
        """Yield every formula cell with the number of its sheet."""
        for sheet, scan in enumerate(self.scans):
            for cell in scan.formulas:
                yield sheet, cell

    def kept(self) -> list[tuple[int, FormulaCell]]:
        """Return the formula cells that keep their cached values."""
        return [(sheet, c) for sheet, scan in enumerate(self.scans) for c in scan.formulas.with_status("kept")]

    def prepare(self) -> None:
        """Make every formula ready and hand all cells to the engine; what needs no engine is computed on the way."""
        for scan in self.scans:
            write_out(scan, self.singly)
        self._find_anchors()
        self._find_linked_data()
        self._lower()
        late = self.singly or self.package.date1904
        arrays = None if late else compute_arrays_early(self._known())
        if arrays is None:
            load(self.engine, self.package, self.scans, self.sheet_names, self.singly)
            self._register()
        else:
            self.engine.idle = True
            self.engine.kept.update(arrays)
        for (sheet, row, column), linked in self.linked.items():
            if linked.text is not None or linked.error:
                shown = linked.text if linked.text is not None else CellError(linked.error)
                self.engine.set_value(sheet, row, column, shown)

    def compute(self) -> None:
        """Let the engine compute what is not up to date, and read it."""
        self.settle()
        self.read()

    def release(self) -> None:
        """Let go of the engine and what only the calculation needed; the formula cells keep their values."""
        self.engine.close()
        del self.lowering, self._places, self.spills.extent  # these refer to this again: nothing is left to collect
        self.spills.taken = []
        for anchor in self.spills.anchors:
            anchor.rows = None

    def _find_anchors(self) -> None:
        for sheet, scan in enumerate(self.scans):
            for cell in scan.formulas.of_kind("array"):
                area = parse_area(cell.reference) or Area(cell.row, cell.column, cell.row, cell.column)
                if area.height * area.width > MAX_ARRAY:
                    area = Area(cell.row, cell.column, cell.row, cell.column)
                self.spills.add(sheet, cell, area, cell.dynamic, written=area)

    def _find_linked_data(self) -> None:
        """Set aside the cells that hold linked data types and pictures, and note which cells nobody can read."""
        for sheet, scan in enumerate(self.scans):
            self.unreadable.update({(sheet, *place): why for place, why in scan.unreadable.items()})
        if not any(scan.has_metadata and ("vm=" in scan.text or "vm =" in scan.text) for scan in self.scans):
            return
        from .linked_data import linked_cells

        self.linked = linked_cells(self.package, self.scans[: self.sheet_count])
        for (sheet, row, column), linked in self.linked.items():
            if linked.text is None and not linked.error:
                self.unreadable[sheet, row, column] = "a linked data type or a picture"
        entities = {place for place, linked in self.linked.items() if not linked.error}
        for sheet, cell in self.cells() if entities else ():
            if (sheet, cell.row, cell.column) in entities:
                cell.kind = "linked"
        for anchor in self.spills.anchors if entities else ():
            area = anchor.area  # an array that holds one of them anywhere cannot be written anew
            if any(place[0] == anchor.sheet and area.contains(place[1], place[2]) for place in entities):
                anchor.cell.kind = "linked"

    def _lower(self) -> None:
        filled: list[FilledColumn] = []
        for sheet, scan in enumerate(self.scans):
            own: list[FilledColumn] = []
            for cell in lower_sheet(self.lowering, scan, sheet, own):
                if cell.kind == "array":
                    self._lower_array(sheet, cell)
                else:
                    what = "a data table" if cell.kind == "dataTable" else "an empty formula"
                    keep(cell, FormulaError(what))
                    if cell.kind == "linked":
                        cell.cause = decide(Finding(linked=True))[1]
            if self.spill_plain:
                texts = zip(scan.formulas.lowered, scan.formulas.texts, strict=True)
                spilling = [place for place, (made, text) in enumerate(texts) if made is not None and _may_spill(text)]
                for cell in scan.formulas.at(spilling):
                    if cell.kind != "array":
                        self._lower_array(sheet, cell)
                own = [column for column in own if not self._lower_arrays(column)]
            filled += own
        if self.package.date1904:  # columns at once know the 1900 system only
            for column in filled:
                column.render()
            return
        self.filled = filled
        compute_early(self._known(), filled)

    def _known(self) -> KnownCells:
        """Return what is known without the engine at the moment."""
        linked = frozenset((sheet, column) for sheet, _, column in self.linked)
        return KnownCells(self.scans, self.sheet_index, self.spills.anchors, linked)

    def column(self, sheet: int, column: int) -> list[Any]:
        """Return what the cells of a column hold, from the first row to the last used one."""
        values: list[Any] = self.scans[sheet].column_values(column, 1, self.extent(sheet)[0])
        own = self.scans[sheet].formulas
        for place in own.in_column(column):
            values[own.rows[place] - 1] = own.values[place]
        return values

    def values(self, sheet: int, area: Area) -> list[list[Any]]:
        """Return what the cells of an area hold in the engine."""
        rows = self.engine.read_block(sheet, area.top, area.left, area.bottom, area.right)
        return [[from_engine(value) for value in row] for row in rows]

    def restore(self, sheet: int, row: int, column: int) -> None:
        """Give a cell in the engine what it is to hold: its formula or its value."""
        own = self.scans[sheet].formulas
        cell = next((own[place] for place in own.in_column(column) if own.rows[place] == row), None)
        if cell is None:
            self.engine.set_value(sheet, row, column, self.scans[sheet].column_values(column, row, row)[0])
        elif cell.lowered is not None:
            self.engine.set_formula(sheet, row, column, f"={cell.lowered}")
        else:
            self.engine.set_value(sheet, row, column, cell.value)

    def _lower_arrays(self, column: FilledColumn) -> bool:
        """Lower a formula filled down whose cells may spill; False when it gives one value in each of them."""
        first = column.of.texts[column.places[0]]
        if not _may_spill(first):
            return False
        template = lower_shape(self.lowering, *split_references(first), column.sheet, ARRAY)
        if isinstance(template, Template) and template.single:
            return False
        for cell in column.of.at(column.places):
            self._lower_array(column.sheet, cell)
        return True

    def _register(self) -> None:
        for name in sorted(self.lowering.functions):
            self.register(name)
        if self.spills.anchors:
            self.engine.register_keeper()

    def register(self, name: str) -> None:
        """Make a function that the package implements callable in the engine."""
        self.lowering.functions.add(name)
        self.engine.register(name, None if name == LAMBDA else self.registered(name))

    def _lower_array(self, sheet: int, cell: FormulaCell) -> None:
        shape, references = split_references(cell.formula)
        template: Template | FormulaError = FormulaError("an empty formula")
        if shape:
            template = lower_shape(self.lowering, shape, references, sheet, ARRAY)
        if not isinstance(template, Template):
            keep(cell, template)
            return
        cell.template = template
        cell.lowered = template.render(references, cell.row, cell.column)
        anchor = self.spills.at(sheet, cell.row, cell.column)
        if anchor is None:
            if template.single:
                return
            area = Area(cell.row, cell.column, cell.row, cell.column)
            anchor = self.spills.add(sheet, cell, area, True, written=None)
        anchor.active = True
        cell.lowered = anchor.kept(cell.lowered)

    def settle(self) -> None:
        """Let the engine compute until the spilled arrays do not change any more."""
        self._evaluate()
        if not self.spills.begin():
            return
        for _ in range(self.spills.max_rounds):
            changed, moved = self.spills.place_all()
            if moved:
                changed = self._relayout() or changed
            if not changed:
                return
            self._evaluate()
        self.warnings.append("the spilled arrays did not settle; some of them depend on themselves")

    def _evaluate(self) -> None:
        """Let the engine compute all but the areas of arrays, without the formulas that it fails on as a whole."""
        try:
            self.engine.evaluate()
            return
        except engines.FAILURES:
            pass
        for sheet, cell in self.cells():
            if cell.lowered is not None and ":" in cell.lowered:
                ordered = in_order(cell.lowered)
                if ordered != cell.lowered:
                    cell.lowered = ordered
                    self.engine.set_formula(sheet, cell.row, cell.column, "=" + ordered)
        try:
            self.engine.evaluate()
            return
        except engines.FAILURES:
            pass
        unsettled = 0
        for sheet, cell in self.cells():
            if cell.lowered is None or (unsettled >= _UNSETTLED and not reads_anywhere(cell.lowered)):
                continue
            try:
                if unsettled >= _UNSETTLED:  # each of them would be tried for seconds
                    raise FormulaError("references that depend on one another too deeply, or on random numbers")
                self.engine.evaluate_cell(sheet, cell.row, cell.column)
            except (*engines.FAILURES, FormulaError) as error:
                unsettled += "did not converge" in str(error)
                keep(cell, FormulaError(str(error)))
                self.engine.set_value(sheet, cell.row, cell.column, cell.old)
        self.engine.evaluate()

    def _relayout(self) -> bool:
        """Lower again the formulas that depend on used or spilled areas."""
        affected = [
            (sheet, cell)
            for sheet, cell in self.cells()
            if cell.lowered is not None and cell.template is not None and cell.template.layout
        ]
        if not affected:
            return False
        self.lowering.forget_layout()
        changed = False
        for sheet, cell in affected:
            anchor = self.spills.at(sheet, cell.row, cell.column)
            shape, references = split_references(cell.formula)
            mode = ARRAY if anchor is not None else "V"
            cell.template = self.lowering.template(shape, references, sheet, mode)
            text = cell.template.render(references, cell.row, cell.column)
            if anchor is not None and anchor.active:
                text = anchor.kept(text)
            if text != cell.lowered:
                cell.lowered = text
                self.engine.set_formula(sheet, cell.row, cell.column, "=" + text)
                changed = True
        return changed

    def read(self) -> None:
        """Read the engine's values into the formula cells.

        `odd` lists the errors and troubles among them, `showing` those that may show more than Excel's 15 digits.
        """
        self.odd, self.showing = [], []
        for sheet, scan in enumerate(self.scans):
            odd, showing = read_values(self.engine, scan.formulas, sheet, self.singly)
            self.odd += [(sheet, cell) for cell in scan.formulas.at(odd)]
            self.showing += [(sheet, cell) for cell in scan.formulas.at(showing)]
        self.spills.fill_children()
        self.spills.fill_early()


def _may_spill(formula: str) -> bool:
    name = formula.partition("(")[0].strip().upper().removeprefix("_XLFN.").removeprefix("_XLWS.")
    return name in SPILLING or hasattr(implementation(name), "parameters")


def _shown(cell: FormulaCell) -> str:
    """Return a formula as the formula bar shows it, an array formula of the old kind in braces."""
    formula = cell.formula
    for prefix in ("_xlfn.", "_xlws.", "_xlpm."):
        formula = formula.replace(prefix, "")
    return f"{{={formula}}}" if cell.kind == "array" and not cell.dynamic else f"={formula}"
