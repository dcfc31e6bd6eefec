"""Sheets that are written in unusual ways: read as an XML parser reads them, written so that it reads them again."""

from __future__ import annotations

import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest

from rebalance_xl.recalc.files.refusals import Refused
from rebalance_xl.recalc.outcome import Recalculation
from rebalance_xl.recalc.workbook import recalculate
from tests.recalc.books import make

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
SHEET = "xl/worksheets/sheet1.xml"


def spelled(path: Path, sheet: str, more: str = "") -> Path:
    """Write a book whose only sheet has this text, or these rows."""
    made = make(path.with_name("made.xlsx"), lambda _, sheet: sheet.write("A1", 1))
    text = (
        sheet
        if sheet.startswith("<?")
        else f'<worksheet xmlns="{MAIN}"{more}><sheetData>{sheet}</sheetData></worksheet>'
    )
    with zipfile.ZipFile(made) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            target.writestr(name, text.encode() if name == SHEET else source.read(name))
    return path


def recalculated(path: Path) -> tuple[dict[str, str], bytes, Recalculation]:
    """Return the values that another XML parser finds in the result, its sheet, and the report."""
    report = recalculate(path)
    content = zipfile.ZipFile(path).read(SHEET)
    found = {}
    for cell in ElementTree.fromstring(content).iter(f"{{{MAIN}}}c"):
        value = cell.find(f"{{{MAIN}}}v")
        found[cell.get("r", "")] = "" if value is None else (value.text or "")
    return found, content, report


FORMULA = '<c r="B1"><f>A1*2</f><v>0</v></c>'
SPELLINGS = {
    "spaces": '<row r="1"><c r="A1"><v> 2\n</v></c>{formula}</row>',
    "an entity": '<row r="1"><c r="A1"><v>&#50;</v></c>{formula}</row>',
    "a plus": '<row r="1"><c r="A1"><v>+2.</v></c>{formula}</row>',
    "CDATA": '<row r="1"><c r="A1"><v><![CDATA[2]]></v></c>{formula}</row>',
    "a comment": '<row r="1"><c r="A1"><v>2<!-- 9 --></v></c><!-- <c r="B1"><f>9</f></c> -->{formula}</row>',
    "an instruction": '<row r="1"><?x <c r="A1"?><c r="A1"><v>2</v></c>{formula}</row>',
    "an extension": '<row r="1"><c r="A1"><v>2</v><extLst><ext uri="q" xmlns:e="urn:e"><e:v>7</e:v></ext></extLst></c>'
    '<c r="B1"><f>A1*2</f><extLst><ext uri="q"/></extLst></c></row>',
    "a second prefix": '<row r="1"><c r="A1"><v>2</v></c><x:c r="B1"><x:f>A1*2</x:f><x:v>0</x:v></x:c></row>',
    "a prefix of a row": f'<row r="1" xmlns:q="{MAIN}"><c r="A1"><v>2</v></c><q:c r="B1"><q:f>A1*2</q:f></q:c></row>',
    "a prefix inside": '<row r="1"><c r="A1"><v>2</v></c><c r="B1"><x:f>A1*2</x:f><x:v>0</x:v></c></row>',
    "a foreign cell": '<row r="1"><c r="A1"><v>2</v></c><y:c r="A1"><y:v>9</y:v></y:c>{formula}</row>',
    "a text inside": '<row r="1"><c r="A1"><v>2</v></c><c r="B1" t="inlineStr"><f>A1*2</f><is><t>zz</t></is></c></row>',
    "a row twice": '<row r="1"><c r="A1"><v>2</v></c></row><row r="1">{formula}</row>',
    "no names": "<row><c><v>2</v></c><c><f>A1*2</f></c></row>",
    "quotation marks": "<row r='1'><c r='A1' s='0'><v>2</v></c><c r='B1' t='str' ><f>A1*2</f><v>&gt;</v></c></row>",
}


@pytest.mark.parametrize("kind", sorted(SPELLINGS))
def test_spellings(kind: str, tmp_path: Path) -> None:
    """However a sheet is spelt, the value is right, and everything but the value stays."""
    sheet = SPELLINGS[kind].replace("{formula}", FORMULA)
    path = spelled(tmp_path / "b.xlsx", sheet, f' xmlns:x="{MAIN}" xmlns:y="urn:y"')
    before = zipfile.ZipFile(path).read(SHEET)
    found, content, report = recalculated(path)
    assert (report.formulas, report.kept) == (1, 0)
    assert (found.get("B1") or found.get("")) == "4"
    assert len(content) <= len(before) + 12
    assert content[: before.index(b"<row")] == before[: before.index(b"<row")]
    assert recalculate(path, check=True).stale is False


def test_a_sheet_behind_a_comment(tmp_path: Path) -> None:
    """Cells inside a comment are no cells."""
    sheet = (
        f'<?xml version="1.0"?><x:worksheet xmlns:x="{MAIN}"><!-- <x:sheetData><x:row r="1"><x:c r="A1"><x:v>99</x:v>'
        '</x:c></x:row></x:sheetData> --><x:sheetData><x:row r="1"><x:c r="A1"><x:v>2</x:v></x:c>'
        '<x:c r="B1"><x:f>A1*2</x:f></x:c></x:row></x:sheetData></x:worksheet>'
    )
    found, content, _ = recalculated(spelled(tmp_path / "b.xlsx", sheet))
    assert found["B1"] == "4"
    assert b"<x:f>A1*2</x:f><x:v>4</x:v></x:c>" in content


@pytest.mark.parametrize("text", ["0x2", "2f", "1_0", "\u0662", "2\u00a0", "two"])
def test_what_is_no_number_is_not_computed_with(text: str, tmp_path: Path) -> None:
    """A cell without a type that holds no number keeps what reads it at its value, and says why."""
    path = spelled(
        tmp_path / "b.xlsx", f'<row r="1"><c r="A1"><v>{text}</v></c>{FORMULA}<c r="C1"><f>1+1</f></c></row>'
    )
    found, _, report = recalculated(path)
    assert (found["A1"], found["B1"], found["C1"]) == (text, "0", "2")
    assert [(each.cell, each.status) for each in report.changed if each.cell == "B1"] == [("B1", "kept")]


def test_half_a_character(tmp_path: Path) -> None:
    """A text that ends in half a character stays as it is, and other cells are computed."""
    path = spelled(
        tmp_path / "b.xlsx",
        '<row r="1"><c r="A1" t="inlineStr"><is><t>_xD83D_</t></is></c><c r="B1"><f>1+1</f></c>'
        '<c r="C1" t="str"><f>LEN("_xD83D__xDE00_")</f><v>x</v></c></row>',
    )
    found, content, _ = recalculated(path)
    assert found["B1"] == "2"
    assert b"<is><t>_xD83D_</t></is>" in content


@pytest.mark.parametrize(
    "sheet, message",
    [
        ('<row r="1"><c r="A1"><v>1</v></c><c r="A1"><v>2</v></c></row>', "has the cell A1 twice"),
        ('<row r="1"><c r="A1"><f>1</f></c></row><row r="1"><c r="A1"><v>2</v></c></row>', "has the cell A1 twice"),
        ('<row r="1"><c r="A1"><v>1<v>2</v></v></c></row>', "an element inside a value"),
        ('<row r="one"><c r="A1"><v>1</v></c></row>', "has a row called 'one'"),
        ('<row r="1"><c r="A1"><v>1 & 2</v></c></row>', "not well-formed"),
    ],
)
def test_what_the_format_forbids_is_refused(sheet: str, message: str, tmp_path: Path) -> None:
    """What no program can read for sure is refused in one line."""
    with pytest.raises(Refused, match=message):
        recalculate(spelled(tmp_path / "b.xlsx", sheet))


def test_line_breaks_are_those_of_xml(tmp_path: Path) -> None:
    """CR and LF in a file are one line break, as XML says."""
    path = spelled(tmp_path / "b.xlsx", '<row r="1"><c r="A1" t="str"><f>"a"&amp;CHAR(10)</f><v>a\r\n</v></c></row>')
    assert recalculate(path, check=True).stale is False


@pytest.mark.parametrize(
    "item",
    [
        "<si><t>one</t></si>",
        "<si ><t >one</t></si>",
        "<!-- two --><si><t>o<!-- three -->ne</t></si>",
        "<si><t><![CDATA[one]]></t></si>",
        f'<x:si xmlns:x="{MAIN}"><x:t>one</x:t></x:si>',
        "<si><r><rPr><b/></rPr><t>o</t></r><r><t>ne</t></r><rPh sb='0' eb='1'><t>two</t></rPh></si>",
    ],
)
def test_spellings_of_shared_texts(item: str, tmp_path: Path) -> None:
    """A text that sheets share is read however it is written, and those around it keep their numbers."""
    made = make(tmp_path / "made.xlsx", lambda _, sheet: (sheet.write("A1", "one"), sheet.write("B1", "=A1&1")))
    text = f'<sst xmlns="{MAIN}"><si/>{item}<si><t/></si></sst>'
    path = tmp_path / "b.xlsx"
    with zipfile.ZipFile(made) as source, zipfile.ZipFile(path, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "xl/sharedStrings.xml":
                content = text.encode()
            target.writestr(name, content.replace(b'<c r="A1" t="s"><v>0</v>', b'<c r="A1" t="s"><v>1</v>'))
    assert recalculated(path)[0]["B1"] == "one1"


def test_shared_texts_that_are_cut_off_are_refused(tmp_path: Path) -> None:
    """Half a list of texts is no list: nothing is computed from it."""
    made = make(tmp_path / "made.xlsx", lambda _, sheet: (sheet.write("A1", "one"), sheet.write("B1", "=A1&1")))
    path = tmp_path / "b.xlsx"
    with zipfile.ZipFile(made) as source, zipfile.ZipFile(path, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            target.writestr(name, content[: content.index(b"</si>")] if name == "xl/sharedStrings.xml" else content)
    with pytest.raises(Refused, match="not well-formed"):
        recalculate(path)
