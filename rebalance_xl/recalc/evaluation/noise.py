"""Cells whose value shows more than Excel's 15 digits, computed again as Excel computes them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from ..formulas.compiler import Compiler
from ..formulas.fifteen_digits import last_difference, with_texts, without_noise
from ..formulas.parameter_classes import VALUE
from ..formulas.parser import Parser
from ..formulas.template import Piece, Template, merged
from ..formulas.text import split_references
from ..formulas.tree import FormulaError
from ..sheets.sheet_scan import FormulaCell
from .engine import FAILURES

if TYPE_CHECKING:
    from .calculation import Calculation

#: What is left over of a subtraction of amounts up to a thousand million is smaller than this.
TINY: Final = 1e-6
#: A text with more than 15 digits in it is longer than this.
SHORT: Final = 15
#: Excel writes no number with a decimal point in more than 15 digits.
_LONG_NUMBER: Final = re.compile(r"(?<![\d.])(?=\d*[.,])0*[.,]?0*[1-9](?:[.,]?\d){15,}")
#: Cells that depend on others computed again may need it themselves, but not endlessly.
_ROUNDS: Final = 5
#: From so many cells on, the whole column is computed again, because the engine takes blocks a hundred times faster.
_MANY: Final = 32


def is_tiny(value: object) -> bool:
    """Say whether a value may be nothing but the noise of a subtraction."""
    return value.__class__ is float and value != 0.0 and -TINY < value < TINY


def remove_noise(calculation: Calculation) -> None:
    """Compute the cells again whose value differs from Excel's by the noise beyond 15 digits, and all that read them.

    Parameters
    ----------
    calculation : Calculation
        Evaluated and read; books that iterate are left alone, because every computation is one more iteration.
    """
    if calculation.package.iterate or calculation.engine.idle:
        return
    done: set[int] = set()
    for _ in range(_ROUNDS):
        changed = False
        for (sheet, shape, difference), cells in _noisy(calculation, done).items():
            changed = _write_out(calculation, sheet, shape, difference, cells, done) or changed
        if not changed:
            return
        calculation.settle()
        calculation.read()


def _noisy(calculation: Calculation, done: set[int]) -> dict[tuple[int, str, bool], list[FormulaCell]]:
    """Return the cells whose value may be noise, or a text with noise in it, by sheet and shape of formula."""
    found: dict[tuple[int, str, bool], list[FormulaCell]] = {}
    for sheet, cell in calculation.showing:
        kind = cell.value.__class__
        if kind is str and not _LONG_NUMBER.search(cell.value):
            continue
        if cell.lowered is None or id(cell) in done or (cell.template is not None and cell.template.layout):
            continue
        done.add(id(cell))
        if calculation.spills.at(sheet, cell.row, cell.column) is None:
            found.setdefault((sheet, split_references(cell.formula)[0], kind is float), []).append(cell)
    return found


def _write_out(
    calculation: Calculation, sheet: int, shape: str, difference: bool, cells: list[FormulaCell], done: set[int]
) -> bool:
    """Give cells of one shape the written-out formula; False when it ends with no subtraction, or makes no text."""
    template = _template(calculation, sheet, shape, split_references(cells[0].formula)[1], difference)
    if template is None:
        return False
    changed: list[FormulaCell] = []
    if len(cells) >= _MANY:
        columns = {cell.column for cell in cells}
        others = [
            cell
            for cell in calculation.scans[sheet].formulas
            if cell.column in columns and cell.lowered is not None and id(cell) not in done
        ]
        others = [
            cell
            for cell in others
            if split_references(cell.formula)[0] == shape
            and calculation.spills.at(sheet, cell.row, cell.column) is None
        ]
        done.update(map(id, others))
        cells += others
    cells.sort(key=lambda cell: (cell.column, cell.row))
    for cell in cells:
        references = split_references(cell.formula)[1]
        own = template if template.repeatable else _template(calculation, sheet, shape, references, difference)
        if own is None:
            continue
        text = own.render(references, cell.row, cell.column)
        if text != cell.lowered:
            cell.lowered = text
            changed.append(cell)
    start = 0
    for place in range(1, len(changed) + 1):
        first, last = changed[start], changed[place - 1]
        if place < len(changed) and changed[place].column == last.column and changed[place].row == last.row + 1:
            continue
        block = [[f"={cell.lowered}"] for cell in changed[start:place]]
        with suppress(*FAILURES):  # what the engine does not take keeps its last bit
            if len(block) == 1:
                calculation.engine.set_formula(sheet, first.row, first.column, block[0][0])
            else:
                calculation.engine.set_formula_block(sheet, first.row, first.column, block)
        start = place
    return bool(changed)


def _template(
    calculation: Calculation, sheet: int, shape: str, references: Sequence[str], difference: bool
) -> Template | None:
    """Return a formula written out, None when there is nothing to write out."""
    compiler = Compiler(calculation, sheet)
    parser = Parser(shape, references)
    try:
        expression = parser.parse()
        if difference:
            place = last_difference(expression)
            if place is None:
                return None
            left = compiler.items(expression.items[:place], VALUE)
            right = compiler.items(expression.items[place + 1 :], VALUE)
            if not left.single or not right.single:
                return None
            before, between, after = without_noise(str(expression.items[place]))
            pieces: list[Piece] = [before, *left.pieces, between, *right.pieces, after]
        else:
            out = compiler.expression(with_texts(expression), VALUE)
            pieces = out.pieces if out.single else ["@(", *out.pieces, ")"]
    except (FormulaError, RecursionError):
        return None
    for name in sorted(compiler.functions - calculation.lowering.functions):
        calculation.register(name)
    return Template(merged(pieces), True, False, frozenset(), False, repeatable=not parser.literal_slots)
