"""Binds the functions in a book from Excel to the extension, when Calc has opened it.

From LibreOffice 25.2 on Calc binds them itself. Calc 7.4 opens such a book with unknown names and would show
#NAME? at the next recalculation; setting the formulas again binds them. In every version single cells become
ranges of one cell where a blank is no 0 (see ``single_cells``). Setting a formula gets slower with the
number already set, so there is a limit; beyond it the names are rewritten in the file before it is opened.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from rebalance_xl.hosts.calc.formula_names import to_calc_names, to_excel_names, to_shown_names
from rebalance_xl.hosts.calc.single_cells import keep_blanks, keep_texts

__all__ = ["MOST_FORMULAS", "Rebound", "comes_from_excel", "rebind"]

_log = logging.getLogger("rebalance_xl.calc")
MOST_FORMULAS: Final = 3000
_FORMULA_CELLS: Final = 16  # com.sun.star.sheet.CellFlags.FORMULA


@dataclass
class Rebound:
    """What was done to a book: formulas bound, and those that were left because there are too many."""

    bound: int = 0
    left: int = 0

    def message(self) -> str:
        """Return what the user has to know, an empty text when nothing."""
        if not self.left:
            return ""
        return (
            f"This book has {self.bound + self.left:,} formulas with Rebalancer functions; {self.left:,} of them "
            "still show #NAME?, because this version of LibreOffice binds them slowly. Close it and run "
            "'rebalance-xl calc names BOOK -o COPY --to calc', then open the copy."
        )


def comes_from_excel(document: Any) -> bool:
    """Tell whether a document was loaded from one of Excel's file formats."""
    arguments = {each.Name: each.Value for each in document.getArgs()}
    return "Excel" in str(arguments.get("FilterName", "")) or "OOXML" in str(arguments.get("FilterName", ""))


def rebind(document: Any, most: int = MOST_FORMULAS) -> Rebound:
    """Bind the formulas, defined names and conditional formats of a document that name a function unbound.

    The document is not marked as changed, and nothing is left to undo.

    Parameters
    ----------
    document : com.sun.star.sheet.SpreadsheetDocument
        An open document.
    most : int
        How many formulas are bound at most.
    """
    done = Rebound()
    todo: list[tuple[Any, str, bool]] = []
    for sheet in (document.Sheets.getByIndex(index) for index in range(document.Sheets.getCount())):
        todo += _unbound_formulas(sheet)
    names = [(each, _bound(each.Content)) for each in _elements(document.NamedRanges)]
    changed_names = [(each, new) for each, new in names if new != each.Content]
    formats = list(_unbound_conditions(document))
    if not (todo or changed_names or formats):
        return done
    was_modified = document.isModified()
    automatic = document.isAutomaticCalculationEnabled()
    document.UndoManager.lock()
    document.lockControllers()
    document.enableAutomaticCalculation(False)
    try:
        for named, content in changed_names:
            named.Content = content
        for cells, formula, is_array in todo[:most]:
            if is_array:
                cells.setArrayFormula(formula)
            else:
                cells.setFormula(formula)
            done.bound += 1
        done.left = len(todo) - done.bound
        for condition, formula in formats:
            condition.Formula1 = formula
    finally:
        document.enableAutomaticCalculation(automatic)
        document.unlockControllers()
        document.UndoManager.unlock()
    if changed_names and not done.left:
        document.calculateAll()  # whoever uses a defined name has not noticed that it means something now
    document.setModified(was_modified)
    _log.info("%s formulas bound, %s left", done.bound, done.left)
    return done


def _bound(formula: str) -> str:
    """Return a formula whose functions are bound, and for which a blank cell stays blank.

    Where Calc has not bound it, it is Calc 7.4, whose texts from add-ins need help too.
    """
    named = to_calc_names(formula)
    return keep_blanks(formula if named == formula else keep_texts(named))


def _unbound_formulas(sheet: Any) -> Iterator[tuple[Any, str, bool]]:
    """Yield cells (for an array formula its whole area), the formula that binds, and whether it is an array."""
    arrays: set[tuple[int, int]] = set()
    for area in _elements(sheet.queryContentCells(_FORMULA_CELLS)):
        origin = area.getRangeAddress()
        for row, line in enumerate(area.getFormulaArray(), start=origin.StartRow):
            for column, formula in enumerate(line, start=origin.StartColumn):
                bound = _bound(formula)
                if bound == formula:
                    continue
                if not formula.startswith("{"):
                    yield sheet.getCellByPosition(column, row), bound, False
                elif (column, row) not in arrays:
                    cursor = sheet.createCursorByRange(sheet.getCellByPosition(column, row))
                    cursor.collapseToCurrentArray()
                    whole = cursor.getRangeAddress()
                    arrays |= {
                        (x, y)
                        for x in range(whole.StartColumn, whole.EndColumn + 1)
                        for y in range(whole.StartRow, whole.EndRow + 1)
                    }
                    cells = sheet.getCellRangeByPosition(
                        whole.StartColumn, whole.StartRow, whole.EndColumn, whole.EndRow
                    )
                    yield cells, bound[1:-1], True


def _unbound_conditions(document: Any) -> Iterator[tuple[Any, str]]:
    for sheet in _elements(document.Sheets):
        for each in sheet.ConditionalFormats.getConditionalFormats():
            for index in range(each.getCount()):
                condition = each.getByIndex(index)
                formula = getattr(condition, "Formula1", "")  # colour scales and icon sets have none
                # A condition is read as a user types it, and shows an unbound name in lower case.
                if formula and to_shown_names(formula) != formula:
                    yield condition, to_excel_names(_bound(formula))


def _elements(collection: Any) -> Iterator[Any]:
    for index in range(collection.getCount()):
        yield collection.getByIndex(index)
