"""Rows that many array formulas choose alike from columns of constants, looked for once and remembered.

In ``COUNT(IF((Data!$B$2:$B$9000=A2)*(Data!$C$2:$C$9000>0),Data!$D$2:$D$9000))`` the second test is the same wherever
the formula is filled down. An array has FALSE where tests are not met, which such functions pass over: they give the
same for the rows alone that meet the shared tests.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

from ..formulas.book_view import BookView
from ..sheets.formula_cells import FormulaCell
from .calls import KNOWN, NOTED
from .reads import READS, reads_of

#: So many formulas share rows that are remembered, of so many cells at least.
_FEWEST: Final = 4
_CELLS: Final = 1000
_TEXT: Final = r'"[^"]*"'
_INNER: Final = rf'\((?:[^()"]|{_TEXT}|\((?:[^()"]|{_TEXT})*\))*\)'
_FACTOR: Final = rf'\((?:[^()"]|{_TEXT}|{_INNER})+\)'
_AREA: Final = r"(?:'[^']*'!|\b\w+!)?\$?\b[A-Z]+\$?\d+:\$?[A-Z]+\$?\d+\b"
_CHOICE: Final = re.compile(
    rf"\b((?:AVERAGE|COUNT|MAX|MEDIAN|MIN|SUM)\(\+?IF\()({_FACTOR}(?:\*{_FACTOR})+),({_AREA})\)\)"
)
_NESTED: Final = re.compile(rf"{_TEXT}|{_INNER}")
_WORD: Final = re.compile(r"[^\W\d][\w.]*|[{}#@]")
#: Sheet names that would be taken for a part of the formula.
_ODD_NAME: Final = re.compile(r"'[^']*[()\"][^']*'!")


def share_rows(book: BookView, cells: Sequence[FormulaCell]) -> None:
    """Have the rows remembered that many array formulas choose alike."""
    texts = [(cell, str(cell.lowered)) for cell in cells if not _ODD_NAME.search(str(cell.lowered))]
    found = [(cell, match) for cell, text in texts for match in _CHOICE.finditer(text)]
    tests = [re.findall(_FACTOR, match[2]) for _, match in found]
    uses = Counter((cell.sheet, each) for (cell, _), own in zip(found, tests, strict=True) for each in {*own})
    often = {each for each, count in uses.items() if count >= _FEWEST and _of_constants(book, *each)}
    numbers: dict[tuple[int, str, tuple[str, ...]], int] = {}
    asked: dict[tuple[FormulaCell, str], tuple[int, str]] = {}
    for (cell, match), own in zip(found, tests, strict=True):
        same, others = ([each for each in own if ((cell.sheet, each) in often) == known] for known in (True, False))
        areas = tuple(dict.fromkeys([*re.findall(_AREA, "".join(others)), match[3]]))
        sure = all(map(_is_test, own)) and all(re.search(_AREA, each) and '"' not in each for each in others)
        if same and others and sure and _of_constants(book, cell.sheet, ",".join(areas)):
            number = numbers.setdefault((cell.sheet, "*".join(same), areas), len(numbers))
            noted = f"{NOTED}({number},{'*'.join(same)},{','.join(areas)})"
            rows = _of_rows(f"{match[1]}{'*'.join(others)},{match[3]}))", number, areas)
            shared = f"(+IF(IF({KNOWN}({number}),{NOTED}({number}),{noted}),{rows},{match[0]}))"
            asked[cell, match[0]] = number, shared
    counted = Counter(number for number, _ in asked.values())
    for (cell, text), (number, shared) in asked.items():
        if counted[number] >= _FEWEST:
            cell.lowered = str(cell.lowered).replace(text, shared)


def _of_rows(text: str, number: int, areas: Sequence[str]) -> str:
    """Return a text with what is remembered of the rows of areas in their places."""
    return re.sub(_AREA, lambda area: f"{NOTED}({number},{areas.index(area[0])})", text)


def _is_test(factor: str) -> bool:
    """Say whether a factor of a product is a test of cells, one by one."""
    test, words = _NESTED.sub("", factor[1:-1]), {*_WORD.findall(READS.sub("", factor))}
    known = words <= {"RXL.FOUND", "TRUE", "FALSE"}
    return known and (test == "RXL.FOUND" or re.search("[=<>]", test) is not None)


def _of_constants(book: BookView, sheet: int, text: str) -> bool:
    """Say whether many cells are read, and none with a formula."""
    reads = reads_of(text, sheet, lambda name: [book.sheet_index[name]] if name in book.sheet_index else [])
    areas = [(read, column) for read in reads for column in range(read.left, read.right + 1)]
    formulas = (book.scans[each.sheet].formulas.between(column, each.top, each.bottom) for each, column in areas)
    return sum(each.bottom - each.top + 1 for each, _ in areas) >= _CELLS and not any(formulas)
