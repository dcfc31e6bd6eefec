"""A recalculated workbook differs from the original in cached values only."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest

from rebalance_xl.recalc.workbook import recalculate
from tests.recalc.books import make, payloads, picture, rewrite, values, without_caches

SHEET = "xl/worksheets/sheet1.xml"


def _everything(book: Any, sheet: Any) -> None:
    bold = book.add_format({"bold": True, "num_format": "0.00%"})
    sheet.write_row(0, 0, ["Asset", "Value", "Share"], bold)
    for row, (name, value) in enumerate([("BTC", 5000), ("ETH & <co>", 3000), (" SOL ", 3600)], start=1):
        sheet.write(row, 0, name)
        sheet.write(row, 1, value)
        sheet.write_formula(row, 2, f"=B{row + 1}/SUM($B$2:$B$4)", bold, 0)
    sheet.write_formula("D2", '="a"&A3', None, "old")
    sheet.write_formula("D3", "=B2>B3", None, False)
    sheet.write_formula("D4", "=1/0", None, 7)
    sheet.conditional_format("C2:C4", {"type": "cell", "criteria": ">", "value": 0.3, "format": bold})
    sheet.data_validation("B2:B4", {"validate": "decimal", "criteria": ">", "value": 0})
    sheet.write_comment("B2", "A note with a line\nbreak")
    sheet.insert_image("F2", "picture.png", {"image_data": io.BytesIO(picture())})
    chart = book.add_chart({"type": "column"})
    chart.add_series({"values": "=Sheet1!$C$2:$C$4", "categories": "=Sheet1!$A$2:$A$4"})
    sheet.insert_chart("H2", chart)
    book.define_name("Total", "=Sheet1!$B$5")
    book.set_properties({"title": "Everything", "comments": "kept"})


@pytest.fixture
def rich_book(tmp_path: Path) -> Path:
    """Write a macro workbook with a chart, a picture, a comment, conditional formats and validation."""
    module = tmp_path / "vbaProject.bin"
    module.write_bytes(bytes(range(256)) * 40)

    def build(book: Any, sheet: Any) -> None:
        book.add_vba_project(str(module))
        _everything(book, sheet)

    return make(tmp_path / "rich.xlsm", build)


def test_every_other_member_is_copied_verbatim(rich_book: Path, tmp_path: Path) -> None:
    """The compressed bytes of every part but the sheet are the same."""
    recalculate(rich_book, tmp_path / "out.xlsm")
    before, after = payloads(rich_book), payloads(tmp_path / "out.xlsm")
    assert list(before) == list(after)
    assert "xl/vbaProject.bin" in before
    assert [name for name in before if before[name] != after[name]] == [SHEET]


def test_only_cached_values_differ_in_the_sheet(rich_book: Path, tmp_path: Path) -> None:
    """Without the cached values of its formulas the sheet is the same text."""
    recalculate(rich_book, tmp_path / "out.xlsm")
    assert without_caches(rich_book) == without_caches(tmp_path / "out.xlsm")


def test_values_of_every_type_are_written(rich_book: Path, tmp_path: Path) -> None:
    """Numbers, text, truth values and errors replace caches of other types."""
    recalculate(rich_book, tmp_path / "out.xlsm")
    found = values(tmp_path / "out.xlsm")
    assert found["C2"] == pytest.approx(5000 / 11600, rel=1e-15)
    assert found["D2"] == "aETH & <co>"
    assert found["D3"] is True
    assert found["D4"] == "#DIV/0!"


def test_a_second_recalculation_changes_no_byte(rich_book: Path, tmp_path: Path) -> None:
    """An up-to-date workbook is not rewritten in place, which the report says, and a copy of it is the same file."""
    assert recalculate(rich_book).output == rich_book
    content, stamp = rich_book.read_bytes(), rich_book.stat().st_mtime_ns
    again = recalculate(rich_book)
    recalculate(rich_book, tmp_path / "copy.xlsm")
    assert (again.stale, again.output) == (False, None)
    assert rich_book.stat().st_mtime_ns == stamp
    assert (tmp_path / "copy.xlsm").read_bytes() == content


def test_check_writes_nothing(rich_book: Path) -> None:
    """With check the report says stale and the file stays."""
    content = rich_book.read_bytes()
    report = recalculate(rich_book, check=True)
    assert report.stale
    assert report.output is None
    assert rich_book.read_bytes() == content


def test_seventeen_digits_survive(tmp_path: Path) -> None:
    """A number is written with all the digits that identify it."""
    path = make(tmp_path / "b.xlsx", lambda _, sheet: sheet.write_formula("A1", "=1/3", None, 0))
    recalculate(path)
    with zipfile.ZipFile(path) as archive:
        assert "<v>0.3333333333333333</v>" in archive.read(SHEET).decode()


@pytest.mark.parametrize(
    "xml, expected",
    [
        ('<row r="1"><c r="A1"><v>2</v></c><c r="B1"><f>A1*2</f><v>0</v></c></row>', 4),
        ("<row><c><v>2</v></c><c><f>A1*2</f><v>0</v></c></row>", 4),
        ('<row r="1"><c r="A1"><v>2</v></c><!-- <c r="B1"><f>A1</f></c> --><c r="B1"><f>A1*2</f></c></row>', 4),
        (
            '<row r="1"><c r="A1" t="inlineStr"><is><r><t>a</t></r><r><t>b</t></r></is></c>'
            '<c r="B1"><f>LEN(A1)</f></c></row>',
            2,
        ),
        ('<row r="1"><c r="A1" t="d"><v>2020-01-02</v></c><c r="B1"><f>A1+0</f><v/></c></row>', 43832),
        ('<row r="1"><c r="A1"><v><![CDATA[2]]></v></c><c r="B1"><f><![CDATA[A1*2]]></f><v>0</v></c></row>', 4),
        ("<row r='1'><c r='A1'><v>2</v></c><c r='B1' s='0'><f>A1*2</f><v>0</v></c></row>", 4),
        ('<row r="1"><c r="A1" s="0"/><c r="B1"><f>A1*2+1</f><v>0</v></c></row>', 1),
        ('<row r="1">\n <c r="A1">\n  <v>2</v>\n </c>\n <c r="B1">\n  <f>A1*2</f>\n  <v>0</v>\n </c>\n</row>', 4),
        ('<row r="1"><c r="A1" t="str"><v>x_x000D_y</v></c><c r="B1"><f>LEN(A1)</f><v>0</v></c></row>', 3),
    ],
)
def test_unusual_but_valid_cells(tmp_path: Path, xml: str, expected: float) -> None:
    """Missing references, comments, CDATA, rich inline text, ISO dates and other spellings are read and kept."""
    path = make(tmp_path / "b.xlsx", lambda _, sheet: sheet.write("A1", 1))
    start = xml.replace("<c r=", "<c r=")
    rewrite(
        path, {SHEET: lambda text: text.partition("<sheetData>")[0] + f"<sheetData>{start}</sheetData></worksheet>"}
    )
    recalculate(path)
    assert values(path)["B1"] == expected
    if "<!--" in xml:
        with zipfile.ZipFile(path) as archive:
            assert '<!-- <c r="B1"><f>A1</f></c> -->' in archive.read(SHEET).decode()


def test_prefixed_and_strict_namespaces(tmp_path: Path) -> None:
    """A sheet whose elements carry a prefix of the strict namespace is read and written with it."""
    path = make(tmp_path / "b.xlsx", lambda _, sheet: sheet.write("A1", 1))
    strict = "http://purl.oclc.org/ooxml/spreadsheetml/main"
    xml = (
        f'<x:worksheet xmlns:x="{strict}"><x:sheetData><x:row r="1"><x:c r="A1"><x:v>21</x:v></x:c>'
        '<x:c r="B1"><x:f>A1*2</x:f><x:v>0</x:v></x:c></x:row></x:sheetData></x:worksheet>'
    )
    rewrite(path, {SHEET: xml.encode()})
    report = recalculate(path)
    with zipfile.ZipFile(path) as archive:
        assert archive.read(SHEET).decode() == xml.replace("<x:v>0</x:v>", "<x:v>42</x:v>")
    assert [row.new for row in report.changed] == [42.0]


def test_names_of_sheets_that_need_quotes(tmp_path: Path) -> None:
    """Sheet names with apostrophes, ampersands and digits are found."""

    def build(book: Any, sheet: Any) -> None:
        other = book.add_worksheet("Q1 '26 & <x>")
        other.write("A1", 5)
        sheet.write_formula("A1", "='Q1 ''26 & <x>'!A1*2", None, 0)

    path = make(tmp_path / "b.xlsx", build)
    recalculate(path)
    assert values(path)["A1"] == 10
