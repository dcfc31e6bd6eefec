"""Texts that stand inside their cells, as openpyxl and pandas write them, reach formulas unchanged."""

from __future__ import annotations

import re
import zipfile
from html import unescape
from pathlib import Path
from xml.etree import ElementTree

import openpyxl
import pytest

from rebalance_xl.recalc.sheets import scan
from rebalance_xl.recalc.workbook import open_book, recalculate
from tests.recalc.books import make, rewrite, values

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
        for name in ("BULK", "LOADS"):
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


#: How a file writes characters that XML cannot hold, or would change, and the text that is meant.
ESCAPED = [
    ("a_x000D_b", "a\rb"), ("a_x000D_\r\nb", "a\r\nb"), ("a&#13;b", "a\rb"), ("a\r\nb", "a\nb"), ("a\rb", "a\nb"),
    ("a_x0001_b", "a\x01b"), ("a_x001F_b", "a\x1fb"), ("a_x005F_x000D_b", "a_x000D_b"), ("_x005F__", "__"),
    ("a_x005f_x0041_", "a_x0041_"), ("a_x000_b", "a_x000_b"), ("a_X000D_b", "a_X000D_b"), ("_xD83D__xDE00_", "😀"),
    ("a_xFFFF_", "a\uffff"), ("a\tb", "a\tb"), ("_x0009_b", "\tb"),
]  # fmt: skip
KINDS = {
    "s": '<c r="A{0}" t="s"><v>{2}</v></c>',
    "inlineStr": '<c r="A{0}" t="inlineStr"><is><t xml:space="preserve">{1}</t></is></c>',
    "str": '<c r="A{0}" t="str"><v>{1}</v></c>',
    "formula": '<c r="A{0}" t="str"><f>NOBODY.KNOWS()</f><v>{1}</v></c>',
}


@pytest.mark.parametrize("way", ["exactly", "in bulk", "plainly"])
@pytest.mark.parametrize("kind", KINDS)
def test_characters_that_xml_cannot_hold_are_read_and_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, way: str
) -> None:
    """Carriage returns and control characters reach formulas, and are written so that no reader of XML changes them."""
    if way == "in bulk":
        for name in ("BULK", "LOADS"):
            monkeypatch.setattr(scan, name, 0)
    path = make(tmp_path / "b.xlsx", lambda _, sheet: sheet.write_row("A1", ["some text", "=1"]))
    rows = "".join(
        f'<row r="{row}">{KINDS[kind].format(row, text, row - 1)}<c r="B{row}"><f>A{row}&amp;"|"</f><v></v></c>'
        f'<c r="C{row}"><f>LEN(A{row})</f><v></v></c><c r="D{row}"><f>CODE(MID(A{row},2,1))</f><v></v></c></row>'
        for row, (text, _) in enumerate(ESCAPED, start=1)
    )
    strings = "".join(f'<si><t xml:space="preserve">{text}</t></si>' for text, _ in ESCAPED)
    cells, items = (lambda _: f"<sheetData>{rows}</sheetData>"), (lambda _: strings)
    changes = {"xl/worksheets/sheet1.xml": lambda text: re.sub("<sheetData>.*</sheetData>", cells, text, flags=re.S)}
    if kind == "s":
        changes["xl/sharedStrings.xml"] = lambda text: re.sub("<si>.*</si>", items, text, flags=re.S)
    recalculate(rewrite(path, changes), plain=way == "plainly")
    with zipfile.ZipFile(path) as archive:
        root = ElementTree.fromstring(archive.read("xl/worksheets/sheet1.xml"))
    found = {cell.get("r"): cell.findtext("{*}v") or "" for cell in root.iter() if cell.tag.endswith("}c")}
    for row, (_, text) in enumerate(ESCAPED, start=1):
        written = re.sub("_x([0-9A-F]{4})_", lambda match: chr(int(match[1], 16)), found[f"B{row}"])
        counted = len(text) if max(text) <= "\uffff" else 0  # such a character counts as one or as two: kept
        assert (written, float(found[f"C{row}"] or 0)) == (f"{text}|", counted), (kind, text)
        if text[1:2] in ("\r", "\x01", "\x1f"):
            assert float(found[f"D{row}"]) == ord(text[1])
