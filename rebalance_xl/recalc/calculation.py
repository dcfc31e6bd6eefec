"""One workbook calculated: formulas lowered and loaded, evaluated to a fixpoint with spills, and read back."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from ..cells import CellError
from . import engine as engines
from .engine import KEEP, Engine, Settings, Trouble, from_engine, rectangles, to_engine
from .formula_text import FormulaError, in_order, shift_formula, shift_reference, split_references
from .lowering import Lowering, Template
from .package import Package, Table
from .parameter_classes import ARRAY, LIFT, VALUE
from .references import MAX_COLUMNS, MAX_ROWS, Area, parse_area
from .scan import FormulaCell, SheetScan
from .spills import Anchor, blank_to_zero, fitted, occupied_by

MAX_ROUNDS = 200
MAX_REASONS = 2000
SPILL = CellError("#SPILL!", "the cells it would fill are not empty")


@dataclass(slots=True)
class CellResult:
    """What became of one formula cell."""

    sheet: int
    cell: FormulaCell
    text: str
    value: Any = None
    status: str = "computed"
    cause: str = ""
    engine_text: str = ""
    template: Template | None = None


@dataclass(slots=True)
class Calculation:
    """A workbook on its way through the engine."""

    package: Package
    scans: list[SheetScan]
    now: dt.datetime
    spill_plain: bool = False
    results: list[CellResult] = field(default_factory=list)
    anchors: list[Anchor] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    tables: dict[str, Table] = field(default_factory=dict)
    names: dict[tuple[int, str], str] = field(default_factory=dict)
    sheet_names: list[str] = field(default_factory=list)
    sheet_index: dict[str, int] = field(default_factory=dict)
    lowering: Lowering = field(init=False)
    engine: Engine = field(init=False)
    _extents: list[tuple[int, int]] = field(default_factory=list)
    _by_place: dict[tuple[int, int, int], Anchor] = field(default_factory=dict)
    _sources: list[tuple[str, list[str]]] = field(default_factory=list)
    _formulas: dict[tuple[int, int, int], str] | None = None
    _shadows: list[CellResult] = field(default_factory=list)
    _hidden: dict[int, tuple[frozenset[int], frozenset[int]]] = field(default_factory=dict)
    _taken: list[dict[tuple[int, int], Any]] | None = None

    def __post_init__(self) -> None:
        """Take over what lowering asks for."""
        self.tables = self.package.tables
        self.names = self.package.names
        self.sheet_names = [sheet.name for sheet in self.package.sheets]
        self.sheet_index = self.package.sheet_index
        self._extents = [(scan.bottom, scan.right) for scan in self.scans]

    # --- what lowering asks -----------------------------------------------------------------------------------

    def extent(self, sheet: int) -> tuple[int, int]:
        """Return the last used row and column of a sheet."""
        return self._extents[sheet]

    def knows(self, name: str) -> bool:
        """Say whether the engine has a function."""
        return engines.knows(name)

    def registered(self, name: str) -> Any:
        """Return what the package implements under a name, None when nothing."""
        return implementation(name)

    def spilled_area(self, sheet: int, row: int, column: int) -> Area | None:
        """Return the area an anchor fills at the moment, None when the cell is no anchor."""
        anchor = self._by_place.get((sheet, row, column))
        return None if anchor is None else anchor.area

    def formula_at(self, sheet: int, row: int, column: int) -> str | None:
        """Return the formula of a cell as the file has it, None when it has none."""
        if self._formulas is None:
            self._formulas = {(r.sheet, r.cell.row, r.cell.column): r.text for r in self.results}
        text = self._formulas.get((sheet, row, column))
        return None if text is None else _shown(text)

    def hidden_rows(self, sheet: int, filtered: bool) -> frozenset[int]:
        """Return the rows of a sheet that are not shown, or only those that a filter hides."""
        if sheet not in self._hidden:
            hidden = self.scans[sheet].hidden_rows()
            areas = [table.area for table in self.package.sheets[sheet].tables if table.filtered] if hidden else []
            own = self.scans[sheet].filtered_area() if hidden else None
            areas += [own] if own is not None else []
            by_filter = frozenset(row for row in hidden if any(area.top < row <= area.bottom for area in areas))
            self._hidden[sheet] = (hidden, by_filter)
        return self._hidden[sheet][filtered]

    # --- running ----------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Calculate everything; afterwards `results` and `anchors` hold the outcome."""
        self.lowering = Lowering(self)
        self._find_anchors()
        package = self.package
        settings = Settings(
            package.date1904, package.iterate, package.iterations, package.max_change, self.now
        )
        self.engine = Engine(self.sheet_names, settings)
        self._read_formulas()
        self._lower_all()
        self._load()
        self._settle()
        self._read()
        self._replace_troubles()
        self._explain()

    def _find_anchors(self) -> None:
        for sheet, scan in enumerate(self.scans):
            for cell in scan.formulas:
                if cell.kind != "array":
                    continue
                area = parse_area(cell.reference) or Area(cell.row, cell.column, cell.row, cell.column)
                if area.height * area.width > 4_000_000:
                    area = Area(cell.row, cell.column, cell.row, cell.column)
                anchor = Anchor(len(self.anchors), sheet, cell.row, cell.column, area, cell.dynamic, written=area)
                self.anchors.append(anchor)
                self._by_place[sheet, cell.row, cell.column] = anchor

    def _read_formulas(self) -> None:
        """Write out every formula's text; the formulas of a shared group come from its first cell."""
        for sheet, scan in enumerate(self.scans):
            masters: dict[str, tuple[FormulaCell, str, list[str], bool]] = {}
            for cell in scan.formulas:
                text = cell.formula
                shape: str | None = None
                references: list[str] = []
                if cell.kind == "shared":
                    group = cell.attributes.get("si", "")
                    if text:
                        shape, references = split_references(text)
                        plain = not ('"' in shape or "'" in shape or "[" in shape or ":" in shape.replace("\0:\0", ""))
                        masters[group] = (cell, shape, references, plain)
                    elif group in masters:
                        master, shape, source, plain = masters[group]
                        rows, columns = cell.row - master.row, cell.column - master.column
                        if plain:
                            references = [shift_reference(each, rows, columns) for each in source]
                            parts = shape.split("\0")
                            text = parts[0] + "".join(map(str.__add__, references, parts[1:]))
                        else:
                            text = shift_formula(master.formula, rows, columns)
                            shape = None
                if text[:1] == "=":
                    text, shape = text[1:], None
                if shape is None:
                    shape, references = split_references(text)
                result = CellResult(sheet, cell, text)
                if cell.kind == "dataTable" or not text:
                    what = "a data table" if cell.kind == "dataTable" else "an empty formula"
                    result.status, result.cause = "kept", f"engine-unsupported: {what}"
                    self._shadows.append(result)
                self.results.append(result)
                self._sources.append((shape, references))

    def _lower_all(self) -> None:
        used: set[str] = set()
        seen: set[int] = set()
        lower = self.lowering.template
        for result, (shape, references) in zip(self.results, self._sources, strict=True):
            if result.status == "kept":
                continue
            cell, text, sheet = result.cell, result.text, result.sheet
            mode = ARRAY if cell.kind == "array" or (self.spill_plain and self._spills(text)) else VALUE
            try:
                template = lower(shape, references, sheet, mode)
                rendered = text if template.verbatim else template.render(references, cell.row, cell.column)
            except FormulaError as error:
                result.status, result.cause = "kept", error.cause
                if error.cause == "engine-unsupported":
                    result.cause = f"engine-unsupported: {error}"
                continue
            if id(template) not in seen:
                seen.add(id(template))
                used |= template.functions
            result.template = template
            if mode == ARRAY:
                self._anchor(result, sheet, cell, template, rendered)
            else:
                result.engine_text = "=" + rendered
        self._sources = []
        for name in sorted(used):
            self.engine.register(name, implementation(name) if name != LIFT else None)
        if self.anchors:
            self.engine.register_keeper()

    def _spills(self, text: str) -> bool:
        """Say whether an ordinary formula may spill, which only books by other programs than Excel ask for."""
        name = text.partition("(")[0].strip().upper().removeprefix("_XLFN.").removeprefix("_XLWS.")
        return name in SPILLING or (implementation(name) is not None and hasattr(implementation(name), "parameters"))

    def _anchor(self, result: CellResult, sheet: int, cell: FormulaCell, template: Template, rendered: str) -> None:
        anchor = self._by_place.get((sheet, cell.row, cell.column))
        if anchor is None:
            if template.single:
                result.engine_text = "=" + rendered
                return
            area = Area(cell.row, cell.column, cell.row, cell.column)
            anchor = Anchor(len(self.anchors), sheet, cell.row, cell.column, area, True, new=True)
            self.anchors.append(anchor)
            self._by_place[sheet, cell.row, cell.column] = anchor
        anchor.active = True
        anchor.text = f"={KEEP}({anchor.key},{rendered})"
        result.engine_text = f"={KEEP}({anchor.key},{rendered})"

    def _load(self) -> None:
        engine = self.engine
        for sheet, scan in enumerate(self.scans):
            cells = ((row, column, to_engine(value)) for row in sorted(scan.rows) for column, value in scan.rows[row])
            for row, column, rows in rectangles(cells, 8):
                engine.set_block(sheet, row, column, rows)
        by_sheet: list[list[tuple[int, int, str]]] = [[] for _ in self.scans]
        for result in self.results:
            cell = result.cell
            if result.engine_text:
                by_sheet[result.sheet].append((cell.row, cell.column, result.engine_text))
            elif cell.old is not None:
                engine.set_value(result.sheet, cell.row, cell.column, cell.old)
        for sheet, formulas in enumerate(by_sheet):
            formulas.sort(key=lambda item: (item[0], item[1]))
            for row, column, rows in rectangles(formulas):
                engine.set_formula_block(sheet, row, column, rows)

    def _evaluate(self) -> None:
        """Let the engine compute, setting aside the formulas that it fails on as a whole."""
        try:
            self.engine.evaluate()
            return
        except engines.FAILURES:
            pass
        for result in self.results:
            if result.engine_text and result.status != "kept" and ":" in result.engine_text:
                ordered = in_order(result.engine_text)
                if ordered != result.engine_text:
                    result.engine_text = ordered
                    self.engine.set_formula(result.sheet, result.cell.row, result.cell.column, ordered)
        try:
            self.engine.evaluate()
            return
        except engines.FAILURES:
            pass
        for result in self.results:
            if not result.engine_text or result.status == "kept":
                continue
            cell = result.cell
            try:
                self.engine.workbook.evaluate_cell(self.sheet_names[result.sheet], cell.row, cell.column)
            except engines.FAILURES as error:
                result.status, result.cause = "kept", f"engine-unsupported: {error}"
                self.engine.set_value(result.sheet, cell.row, cell.column, cell.old)
        self.engine.evaluate()

    # --- spills -----------------------------------------------------------------------------------------------

    def _settle(self) -> None:
        engine = self.engine
        self._evaluate()
        if not any(anchor.active for anchor in self.anchors):
            return
        if self._taken is None:
            self._taken = occupied_by(self.scans, self.anchors)
        taken = self._taken
        for _ in range(MAX_ROUNDS):
            changed = False
            moved = False
            kept, engine.kept = engine.kept, {}
            for key, array in kept.items():
                anchor = self.anchors[key]
                before = anchor.area
                if self._place(anchor, array, taken):
                    changed = True
                moved = moved or anchor.area != before
            if moved:
                changed = self._relayout() or changed
            if not changed:
                return
            self._evaluate()
        self.warnings.append("the spilled arrays did not settle; some of them depend on themselves")

    def _place(self, anchor: Anchor, array: Any, taken: list[dict[tuple[int, int], Any]]) -> bool:
        """Write an anchor's array into the engine's cells; return whether any of them changed."""
        rows = array if array.__class__ is list else [[array]]
        turned = False
        if anchor.dynamic:
            height, width = len(rows), max(len(rows[0]), 1)
            area = Area(anchor.row, anchor.column, anchor.row + height - 1, anchor.column + width - 1)
            owned = taken[anchor.sheet]
            outside = area.bottom > MAX_ROWS or area.right > MAX_COLUMNS
            blocked = outside or anchor.is_blocked(area, owned)
            if blocked:
                area, rows = Area(anchor.row, anchor.column, anchor.row, anchor.column), [[SPILL]]
            if blocked != anchor.blocked:
                anchor.blocked = blocked
                self.engine.block(anchor.key, blocked)
                self.engine.set_formula(anchor.sheet, anchor.row, anchor.column, anchor.text)
                turned = True
        else:
            area = anchor.area
            rows = fitted(rows, area.height, area.width)
        rows = blank_to_zero(rows)
        if anchor.rows == rows and anchor.area == area:
            return turned
        engine, sheet = self.engine, anchor.sheet
        owned = taken[sheet]
        old_area = anchor.area
        wrote = turned
        if old_area.height > area.height or old_area.width > area.width:
            for row in range(old_area.top, old_area.bottom + 1):
                for column in range(old_area.left, old_area.right + 1):
                    if not area.contains(row, column) and owned.get((row, column)) is anchor:
                        engine.set_value(sheet, row, column, None)
                        del owned[row, column]
                        wrote = True
        if area.height * area.width > 1:
            wrote = True
            for row in range(area.top, area.bottom + 1):
                for column in range(area.left, area.right + 1):
                    owned[row, column] = anchor
            if area.width > 1:
                engine.set_block(sheet, area.top, area.left + 1, [[to_engine(v) for v in rows[0][1:]]])
            if area.height > 1:
                engine.set_block(sheet, area.top + 1, area.left, [[to_engine(v) for v in row] for row in rows[1:]])
        anchor.area, anchor.rows = area, rows
        bottom, right = self._extents[sheet]
        self._extents[sheet] = (max(bottom, area.bottom), max(right, area.right))
        return wrote

    def _relayout(self) -> bool:
        """Lower again the formulas that depend on used or spilled areas."""
        affected = [r for r in self.results if r.template is not None and r.template.layout and r.engine_text]
        if not affected:
            return False
        self.lowering.forget_layout()
        changed = False
        for result in affected:
            cell = result.cell
            mode = ARRAY if cell.kind == "array" or (result.engine_text.startswith(f"={KEEP}(")) else VALUE
            shape, references = split_references(result.text)
            result.template = self.lowering.template(shape, references, result.sheet, mode)
            text = result.template.render(references, cell.row, cell.column)
            anchor = self._by_place.get((result.sheet, cell.row, cell.column))
            text = f"={KEEP}({anchor.key},{text})" if anchor is not None and anchor.active else "=" + text
            if text != result.engine_text:
                result.engine_text = text
                if anchor is not None:
                    anchor.text = text
                self.engine.set_formula(result.sheet, cell.row, cell.column, text)
                changed = True
        return changed

    # --- reading ----------------------------------------------------------------------------------------------

    def _read(self) -> None:
        by_sheet: list[list[tuple[int, int, CellResult]]] = [[] for _ in self.scans]
        for result in self.results:
            if result.engine_text and result.status != "kept":
                by_sheet[result.sheet].append((result.cell.row, result.cell.column, result))
            else:
                result.value = result.cell.old
        for sheet, cells in enumerate(by_sheet):
            cells.sort(key=lambda item: (item[0], item[1]))
            for row, column, block in rectangles(cells):
                values = self.engine.read_block(
                    sheet, row, column, row + len(block) - 1, column + len(block[0]) - 1
                )
                for row_results, row_values in zip(block, values, strict=True):
                    for result, value in zip(row_results, row_values, strict=True):
                        if value.__class__ is not float and value.__class__ is not str:
                            value = from_engine(value)
                            if value is None:
                                value = 0.0
                        elif value.__class__ is float and value - value != 0:
                            value = CellError("#NUM!")
                        result.value = value

        for result in self._shadows:
            cell = result.cell
            owner = self._taken[result.sheet].get((cell.row, cell.column)) if self._taken is not None else None
            if isinstance(owner, Anchor) and owner.rows is not None:
                result.status, result.cause = "computed", ""
                result.value = owner.rows[cell.row - owner.area.top][cell.column - owner.area.left]

    def _replace_troubles(self) -> None:
        """Give cells the engine could not compute their cached value back, and compute the others with it."""
        engine = self.engine
        for _ in range(3):
            troubled = [r for r in self.results if isinstance(r.value, Trouble) and r.status != "kept"]
            if not troubled:
                return
            for result in troubled:
                engine.set_value(result.sheet, result.cell.row, result.cell.column, result.cell.old)
            retry = len(troubled) <= 5000
            for result in troubled:
                cell = result.cell
                cause = result.value.cause
                if cause != "circular" and retry:
                    engine.set_formula(result.sheet, cell.row, cell.column, result.engine_text)
                    engine.workbook.evaluate_cell(engine.names[result.sheet], cell.row, cell.column)
                    again = from_engine(engine.read_block(result.sheet, cell.row, cell.column, cell.row, cell.column)[0][0])
                    if not isinstance(again, Trouble):
                        continue
                    engine.set_value(result.sheet, cell.row, cell.column, cell.old)
                result.status, result.cause, result.value = "kept", cause, cell.old
                anchor = self._by_place.get((result.sheet, cell.row, cell.column))
                if anchor is not None:
                    anchor.active = False
            self._settle()
            self._read()
        for result in self.results:
            if isinstance(result.value, Trouble):
                result.status, result.cause, result.value = "kept", result.value.cause, result.cell.old

    def _explain(self) -> None:
        """Find the reasons of errors that the package's own functions gave."""
        asked = 0
        failed: list[CellResult] = []
        for result in self.results:
            if not isinstance(result.value, CellError) or result.status == "kept":
                continue
            result.status = "error"
            template = result.template
            if template is None or not template.functions:
                continue
            asked += 1
            if asked > MAX_REASONS:
                break
            cell = result.cell
            reason, failure = self.engine.reason_at(result.sheet, cell.row, cell.column, result.engine_text)
            if failure:
                result.cause = f"function-error: {failure}"
                failed.append(result)
            elif reason:
                result.cause = reason
        for anchor in self.anchors:
            if anchor.active and anchor.blocked:
                result = next(
                    r for r in self.results
                    if (r.sheet, r.cell.row, r.cell.column) == (anchor.sheet, anchor.row, anchor.column)
                )
                result.value, result.status, result.cause = SPILL, "error", "spill-blocked"
        if failed:
            for result in failed:
                result.status, result.value = "kept", result.cell.old
                self.engine.set_value(result.sheet, result.cell.row, result.cell.column, result.cell.old)
            self._settle()
            self._read()


SPILLING = frozenset(
    """FILTER SORT SORTBY UNIQUE SEQUENCE RANDARRAY VSTACK HSTACK TAKE DROP CHOOSEROWS CHOOSECOLS TOCOL TOROW WRAPROWS
    WRAPCOLS EXPAND TEXTSPLIT TRANSPOSE MMULT MINVERSE FREQUENCY LINEST TREND GROWTH""".split()
)


def implementation(name: str) -> Any:
    """Return the catalogue function or the native function of a name, None when there is neither."""
    from ..functions import FUNCTIONS

    found = FUNCTIONS.get(name)
    if found is not None:
        return found
    from .native import NATIVE

    return NATIVE[name] if name in NATIVE else None


def _shown(formula: str) -> str:
    """Return a formula as the formula bar shows it."""
    for prefix in ("_xlfn.", "_xlws.", "_xlpm."):
        formula = formula.replace(prefix, "")
    return formula
