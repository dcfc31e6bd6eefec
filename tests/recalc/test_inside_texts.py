"""Texts that stand inside their cells, as openpyxl and pandas write them, reach formulas unchanged."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import openpyxl
import pytest

from rebalance_xl.recalc.sheets import scan
from rebalance_xl.recalc.workbook import open_book, recalculate
from tests.recalc.books import rewrite, values

#: As the file has them; every one is also tried among all others.
TEXTS = (
    "a", "  both  ", " a", "a ", "&lt;b&gt;", "&#228;\u20ac", "&#32;a", "a&#10;", "1", "TRUE", "#N/A", "a\nb", "a  b",
    "_x0041_", "&quot;a&quot;",
)  # fmt: skip


def book(path: Path, texts: list[str], spaced: bool) -> Path:
    """Write a book with texts in column A and formulas that show them between bars in column B."""
    made = openpyxl.Workbook()
    made.active.title = "Sheet1"
    made.save(path)
    opening = '<t xml:space="preserve">' if spaced else "<t>"
    rows = "".join(
        f'<row r="{row}"><c r="A{row}" t="inlineStr"><is>{opening}{text}</t></is></c>'
        f'<c r="B{row}"><f>"|"&amp;A{row}&amp;"|"</f><v></v></c></row>'
        for row, text in enumerate(texts, start=1)
    )
    sheet = f"<sheetData>{rows}</sheetData>"
    return rewrite(
        path,
        {
            "xl/worksheets/sheet1.xml": lambda text: re.sub(
                "<sheetData></sheetData>|<sheetData ?/>", lambda _: sheet, text
            )
        },
    )


def shown(text: str) -> str:
    """Return what a cell shows."""
    return unescape(text).replace("_x0041_", "A")


@pytest.mark.parametrize("spaced", [False, True])
@pytest.mark.parametrize("arrays", [False, True])
@pytest.mark.parametrize("texts", [[text] for text in TEXTS] + [list(TEXTS), ["a", "b"] * 50])
def test_texts_reach_formulas(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, texts: list[str], arrays: bool, spaced: bool
) -> None:
    """No space, entity or escape is lost on the way."""
    if arrays:
        for name in ("BULK", "BULK_LOADED"):
            monkeypatch.setattr(scan, name, 0)
    path = book(tmp_path / "b.xlsx", texts, spaced)
    recalculate(path)
    found = values(path)
    assert [found[f"B{row}"] for row in range(1, len(texts) + 1)] == [f"|{shown(text)}|" for text in texts]


def test_books_of_openpyxl_are_read_fast(tmp_path: Path) -> None:
    """Its texts do not make a sheet one that has to be read piece by piece."""
    made = openpyxl.Workbook()
    for row in range(1, 9):
        made.active.append([row, f"name {row}", " & ", f"=A{row}*2"])
    made.save(tmp_path / "b.xlsx")
    assert b't="inlineStr"' in open_book((tmp_path / "b.xlsx").read_bytes())[1][0].text.encode()
    assert open_book((tmp_path / "b.xlsx").read_bytes())[1][0].plain
