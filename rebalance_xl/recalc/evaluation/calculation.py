"""One workbook calculated: evaluated to a fixpoint with its spills, read back, and computed again where a pass asks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import chain, compress
from typing import Final

from ...cells import CellError
from ..formulas.book_view import BookView
from ..formulas.in_bulk import Lowering
from ..formulas.parameter_classes import ARRAY, VALUE
from ..formulas.places import NAMED, implementation_in
from ..formulas.text import in_order
from ..formulas.tree import FormulaError
from ..references import Place
from ..sheets.formula_cells import FormulaCell
from .calls import listened
from .engine import Engine
from .engine_values import FAILURES
from .exchange import read_values, set_formulas, set_values
from .reads import Readers, reads_anywhere
from .spills import Spills

#: After so many cells whose computed references the engine does not come to an end with, all others are kept.
_UNSETTLED: Final = 3
#: The engine gives up after computing five references that follow from each other, and goes on when asked again.
_ATTEMPTS: Final = 8
_TOO_DEEP: Final = "references that depend on one another too deeply, or on random numbers"


@dataclass(slots=True)
class Calculation:
    """A workbook in the engine, on its way through the passes.

    The outcome is in the formula cells of `book` and in `spills`. Of the values read last `odd` are the errors and
    troubles, `showing` those that may show more than Excel's 15 digits, or -0.
    """

    book: BookView
    lowering: Lowering
    engine: Engine
    spills: Spills
    readers: Readers
    warnings: list[str] = field(default_factory=list)
    odd: list[FormulaCell] = field(default_factory=list)
    showing: list[FormulaCell] = field(default_factory=list)
    _registered: set[str] = field(default_factory=set)
    _addressed: set[int] = field(default_factory=set)

    def kept(self) -> list[FormulaCell]:
        """Return the formula cells that keep their cached values."""
        return [cell for scan in self.book.scans for cell in scan.formulas.with_status("kept")]

    def keep(self, causes: Mapping[FormulaCell, str]) -> None:
        """Let cells keep their cached values, in the engine, too."""
        set_values(self.engine, ((cell.where, cell.old) for cell in causes))
        for cell, cause in causes.items():
            cell.status, cell.cause, cell.value, cell.lowered = "kept", cause, cell.old, None
            anchor = self.spills.at(cell.where)
            if anchor is not None:
                self.spills.give_back(anchor)

    def compute(self) -> None:
        """Let the engine compute what is not up to date until no array changes any more, and read the values."""
        if not self.engine.settings.iterate:  # where loops go on from what their cells hold
            self.listen()
        self._settle()
        while self._put_addresses():
            self._settle()
        self.odd, self.showing = [], []
        for scan in self.book.scans:
            odd, showing = read_values(self.engine, scan.formulas, self.lowering.singly)
            self.odd += scan.formulas.at(odd)
            self.showing += scan.formulas.at(showing)
        self.spills.fill_children()
        self.spills.fill_early()

    def register(self) -> None:
        """Make the Python functions callable that formulas have come to need."""
        calls = self.engine.calls
        for name in sorted(self.lowering.functions - self._registered):
            calls.register(name, implementation_in(self.book, name))
        self._registered |= self.lowering.functions

    def lower_again(self, cells: Iterable[FormulaCell]) -> bool:
        """Work the formulas of some cells out anew; return whether the engine got any other text."""
        changed: dict[FormulaCell, str] = {}
        for cell in cells:
            anchor = self.spills.at(cell.where)
            mode = ARRAY if anchor is not None else VALUE
            template, text = self.lowering.lower(cell.formula, *cell.where, mode, careful=cell.careful)
            if isinstance(template, FormulaError):
                continue
            text = in_order(text)
            if anchor is not None and anchor.active:
                text = anchor.kept(text)
            heard = listened(cell.sheet, text) if cell.careful and template.functions else text
            if cell.lowered not in (text, heard):
                cell.template = template
                changed[cell] = heard
        self._set(changed)
        return bool(changed)

    def failing(self) -> list[FormulaCell]:
        """Return the cells whose functions gave errors with reasons, or may have failed."""
        calls = self.engine.calls
        told, anchors = calls.failed | calls.telling, [each for each in self.spills.anchors if each.active]
        errors = [cell for cell in self.odd if cell.value.__class__ is CellError and cell.lowered is not None]
        found = [cell for cell in errors if cell.template is not None and cell.template.functions & told]
        sound = {anchor.cell for anchor in anchors if anchor.key not in calls.failing}
        for own in [scan.formulas for scan in self.book.scans] if calls.failed else ():
            failed = {template for template in {*own.templates} if template and template.functions & calls.failed}
            places = compress(range(len(own)), map(failed.__contains__, own.templates))
            calling = own.at(place for place in places if own.lowered[place] is not None)
            found += [cell for cell in calling if cell not in sound]
        return [*dict.fromkeys(found)]

    def listen(self) -> bool:
        """Have it heard why functions fail where it was not when they did; return whether to compute these again."""
        texts = {cell: listened(cell.sheet, str(cell.lowered)) for cell in self.failing()}
        changed = {cell: text for cell, text in texts.items() if text != cell.lowered}
        self._set(changed)
        return bool(changed)

    def _put_addresses(self) -> bool:
        """Have INDIRECT find any cells where it was given more than names; return whether that is to be computed."""
        fresh = {*self.book.addressed} - self._addressed
        self._addressed |= fresh
        cells = chain.from_iterable(self.book.scans[sheet].formulas for sheet in sorted(fresh))
        return self.lower_again([cell for cell in cells if cell.lowered is not None and f"{NAMED}(" in cell.lowered])

    def _set(self, texts: Mapping[FormulaCell, str]) -> None:
        """Give the engine other texts for some cells."""
        given: list[tuple[Place, str]] = []
        for cell, text in sorted(texts.items(), key=lambda each: each[0].sheet):
            cell.lowered = text
            given.append((cell.where, text))
        if texts:
            self.register()
        set_formulas(self.engine, given, self.lowering.singly)

    def _settle(self) -> None:
        """Let the engine compute until the spilled arrays do not change any more."""
        self._evaluate()
        if not self.spills.begin():
            return
        for _ in range(self.spills.max_rounds):
            if not self._place_arrays():
                return
            self._evaluate()
        self.warnings.append("the spilled arrays did not settle; some of them depend on themselves")

    def _place_arrays(self) -> bool:
        """Write the arrays computed last into their cells; return whether anything is to be computed again."""
        changed, moved = self.spills.place_all()
        if moved:
            self.lowering.forget_layout()
            cells = [cell for cell in self.book.cells() if cell.lowered is not None and cell.template is not None]
            changed = self.lower_again(cell for cell in cells if cell.template.layout) or changed
        return changed

    def _comes_to_an_end(self) -> bool:
        """Let the engine compute all, asking it again where it gave up; return whether it has come to an end."""
        for _ in range(_ATTEMPTS):
            try:
                self.engine.evaluate()
            except FAILURES as error:
                if "did not converge" not in str(error):
                    return False
            else:
                return True
        return False

    def _evaluate(self) -> None:
        """Let the engine compute all but the areas of arrays, without the formulas that it fails on as a whole."""
        if self._comes_to_an_end():
            return
        for cell in self.book.cells():
            if cell.lowered is not None and ":" in cell.lowered:
                ordered = in_order(cell.lowered)
                if ordered != cell.lowered:
                    cell.lowered = ordered
                    set_formulas(self.engine, [(cell.where, ordered)], True)
        if self._comes_to_an_end():
            return
        unsettled = 0
        waiting = [[cell for cell in self.book.cells() if cell.lowered is not None]]
        while waiting:  # halved until each of those that it fails on stands alone
            some = waiting.pop()
            if unsettled >= _UNSETTLED:  # each of them would be tried for seconds
                far = [cell for cell in some if reads_anywhere(str(cell.lowered))]
                self.keep(dict.fromkeys(far, f"engine-unsupported: {_TOO_DEEP}"))
                continue
            try:
                self.engine.evaluate_cells([cell.where for cell in some])
            except FAILURES as error:
                half = len(some) // 2
                if half:
                    waiting += [some[half:], some[:half]]
                    continue
                unsettled += "did not converge" in str(error)
                self.keep({some[0]: f"engine-unsupported: {error}"})
        self.engine.evaluate()
