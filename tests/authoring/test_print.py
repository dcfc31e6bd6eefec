"""What the pages of the workbook show on paper: text that can be read, sentences that fit into their rows."""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

pytest.importorskip("xlsxwriter", reason="XlsxWriter is not installed")
from rebalance_xl.authoring import styles

from .make_pictures import grown_book

#: Inches of paper (A4) across and along, less the margins; a column of one character is seven dots of 96 an inch.
ACROSS, ALONG = 8.27 - 0.5, 11.69 - 0.5
DOTS, CHARACTER = 96, 7
#: Points of the smallest text in a statement that people still read.
LEGIBLE = 6.5


def width_of(sheet: Worksheet) -> float:
    """Return the characters that the shown columns of a sheet take."""
    total = 0.0
    for column in range(1, sheet.max_column + 1):
        found = next((each for each in sheet.column_dimensions.values() if each.min <= column <= each.max), None)
        total += 9.14 if found is None else 0.0 if found.hidden else found.width
    return total


@pytest.mark.parametrize(
    "name", ["Portfolio", "Plan", "Futures", "Journal", "Stress", "Fills", "Functions", "Settings"]
)
def test_text_is_legible_on_paper(workbook: Path, name: str) -> None:
    """Fitted to the width of a page, no sheet's text gets smaller than what people read."""
    with warnings.catch_warnings(action="ignore"):
        sheet = openpyxl.load_workbook(workbook)[name]
    page = ALONG if sheet.page_setup.orientation == "landscape" else ACROSS
    pages = int(sheet.page_setup.fitToWidth or 1)
    scale = min(1.0, page * pages * DOTS / (width_of(sheet) * CHARACTER))
    sentences = name in ("Portfolio", "Plan", "Journal", "Stress")
    assert scale * (styles.SENTENCE_SIZE if sentences else styles.SIZE) >= LEGIBLE


@pytest.mark.slow
def test_reasons_fit_into_their_rows() -> None:
    """With 200 assets and 50 positions no reason, warning or trigger needs more lines than its row has."""
    with warnings.catch_warnings(action="ignore"):
        book = openpyxl.load_workbook(io.BytesIO(grown_book(200, 50)), data_only=True)
    seen = 0
    for name in ("Plan", "Portfolio"):
        sheet = book[name]
        column = next(cell for cell in sheet[4] if cell.value == "Reason")
        width = next(each for each in sheet.column_dimensions.values() if each.min <= column.column <= each.max).width
        lines = sheet.sheet_format.defaultRowHeight // (styles.SENTENCE_SIZE * 1.3)
        # Sentences take less than the zeros in which widths are counted, and break at words.
        room = lines * width * styles.SIZE / styles.SENTENCE_SIZE * 1.05
        for row in range(5, sheet.max_row + 1):
            text = sheet.cell(row, column.column).value
            if text:
                seen += 1
                assert len(text) <= room, (name, row, len(text), text)
    assert seen > 400
