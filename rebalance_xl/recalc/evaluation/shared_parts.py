"""Products of tests that many array formulas share, such as those of whole columns, computed once and remembered.

``(Data!$B$2:$B$9000="x")*(Data!$C$2:$C$9000>0)`` is the same array wherever it stands. That its cells hold constants
makes it one at any time of a computation, that its factors are truth values lets them be multiplied before others.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import chain, groupby
from typing import Final

from ..formulas.book_view import BookView
from ..sheets.formula_cells import FormulaCell
from .calls import KNOWN, NOTED
from .reads import READS, reads_of

#: So many formulas share a part that is remembered, and so many cells it reads at least.
_FEWEST: Final = 4
_CELLS: Final = 1000
_TEXT: Final = r'"[^"]*"'
_INNER: Final = rf'\((?:[^()"]|{_TEXT}|\((?:[^()"]|{_TEXT})*\))*\)'
_FACTOR: Final = rf'\((?:[^()"]|{_TEXT}|{_INNER})+\)'
#: Factors in parentheses, between such operators and signs only as let them be multiplied first.
_PRODUCT: Final = re.compile(rf"(?<=[(,*]){_FACTOR}(?:\*{_FACTOR})*(?=[),*])")
_NESTED: Final = re.compile(rf"{_TEXT}|{_INNER}")
_WORD: Final = re.compile(r"[^\W\d][\w.]*|[{}#@]")
#: Sheet names that would be taken for a part of the formula.
_ODD_NAME: Final = re.compile(r"'[^']*[()\"][^']*'!")


def share_parts(book: BookView, cells: Sequence[FormulaCell]) -> None:
    """Have the parts of array formulas remembered that many of them share."""
    texts = [(cell, "" if _ODD_NAME.search(str(cell.lowered)) else str(cell.lowered)) for cell in cells]
    factors = [(cell, [re.findall(_FACTOR, each) for each in _PRODUCT.findall(text)]) for cell, text in texts]
    uses = Counter((cell.sheet, each) for cell, found in factors for each in {*chain.from_iterable(found)})
    shared = {each for each, count in uses.items() if count >= _FEWEST and _is_the_same(book, *each)}
    together = [
        (cell, [run for each in found for run in _together(cell.sheet, each, shared)]) for cell, found in factors
    ]
    runs = [(cell, dict.fromkeys(found)) for cell, found in together]
    counted = Counter((cell.sheet, run) for cell, found in runs for run in found)
    keys = {each: key for key, (each, count) in enumerate(counted.items()) if count >= _FEWEST}
    for cell, found in runs:
        for run in [each for each in found if (cell.sheet, each) in keys]:
            key = keys[cell.sheet, run]
            part = f"IF({KNOWN}({key}),{NOTED}({key}),{NOTED}({key},{run}))".replace("\\", r"\\")
            cell.lowered = re.sub(rf"(?<=[(,*]){re.escape(run)}(?=[),*])", part, str(cell.lowered))


def _together(sheet: int, factors: Sequence[str], shared: set[tuple[int, str]]) -> list[str]:
    """Return the products of neighbouring factors that are shared, those that only compare one thing aside."""
    runs = [[*run] for same, run in groupby(factors, lambda each: (sheet, each) in shared) if same]
    return ["*".join(run) for run in runs if len(run) > 1 or run[0].startswith("(RXL.")]


def _is_the_same(book: BookView, sheet: int, factor: str) -> bool:
    """Say whether a factor is a test of constants, and of many."""
    test, words = _NESTED.sub("", factor[1:-1]), {*_WORD.findall(READS.sub("", factor))}
    if not words <= {"RXL.FOUND", "TRUE", "FALSE"} or not (test == "RXL.FOUND" or re.search("[=<>]", test)):
        return False
    reads = reads_of(factor, sheet, lambda name: [book.sheet_index[name]] if name in book.sheet_index else [])
    areas = [(read, column) for read in reads for column in range(read.left, read.right + 1)]
    formulas = (book.scans[each.sheet].formulas.between(column, each.top, each.bottom) for each, column in areas)
    return sum(each.bottom - each.top + 1 for each, _ in areas) >= _CELLS and not any(formulas)
