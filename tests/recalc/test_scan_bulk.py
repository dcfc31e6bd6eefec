"""Large sheets are read with arrays: they find and refuse what an XML parser does."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebalance_xl.recalc.files.package import Package
from rebalance_xl.recalc.files.parts import decoded
from rebalance_xl.recalc.files.refusals import Refused
from rebalance_xl.recalc.references import Area, column_letters
from rebalance_xl.recalc.sheets import scan, scan_bulk
from rebalance_xl.recalc.sheets.scan import scan_sheet
from rebalance_xl.recalc.sheets.sheet_scan import SheetScan

STRINGS = ["zero", "one", "two & more"]
CELLS = (
    "", ' s="5"', ' t="inlineStr"', ' s="2" t="inlineStr"', ' t="s"', ' s="5" t="s"', ' t="str"', ' t="b"',
    ' s="12" t="e"', ' t="n"', ' cm="1"', ' vm="1"',
    ' t="d"', ' s="1" ', ' ph="1" t="str"', " s='1'", ' s="?"', ' s="ä"', ' x:y="1"', ' s="1" s2="a>b"',
)  # fmt: skip
FORMULAS = (
    "", "", "<f>A1+1</f>", "<f>A1&gt;1</f>", '<f>"ä"&amp;A1</f>', "<f></f>", "<f/>", '<f t="shared" si="0"/>',
    '<f t="shared" ref="A1:A9" si="0">SUM(B$1:B1)</f>', '<f t="array" ref="C1:C3">A1:A3*2</f>', '<f ca="1" >NOW()</f>',
    "<f >1</f>", "<f>1", "<f>a<f>b</f></f>",
)  # fmt: skip
VALUES = (
    "<v>1</v>", "<v>-2.5E-3</v>", "<v>0.1</v>", "<v></v>", "<v/>", "<v />", "", "<v>text</v>", "<v>1e999</v>",
    "<is><t>b &lt;_x0041_</t></is>", '<is><t xml:space="preserve"> b </t></is>',
    '<v xml:space="preserve"> a </v>', "<v>#N/A</v>", "<v>2024-01-31</v>", "<v>ä_x000D_&amp;&#228;</v>", "<v>9</v>",
    "<v>nan</v>", "<v> 7 </v>", "<v a='b'>1</v>", "<is><t> a</t></is>", "<is><t></t></is>",
    "<is><t/></is>", "<is></is>", "<is><t>\u00a0a</t></is>", "<is><t>a\r\n</t></is>", "<is><r><t>a</t></r></is>",
    "<is><t>a</t><t>b</t></is>", "<t>a</t>", "<is>a</is>", "<is><t x='1'>a</t></is>", "<is><t>\u00e4?</t></is>",
    "<v>1<!-- 2 --></v>", "<v><v>1</v></v>", "<v>&#49;</v>",
)  # fmt: skip
USUAL = (CELLS[:11], FORMULAS[:9], (*VALUES[:7], VALUES[8], VALUES[11], *VALUES[14:16]))
TEXTS = (
    "a", "b &lt;_x0041_", "\u00e4?", "?", "a  b", "1", "#N/A", "a\nb", " a", "\u00a0a", "a\r\nb", "\n", "", "&#32;a",
    "a ", "a\t", "a\u3000", "\u00e4\u3000", "&amp;#32;",
)  # fmt: skip


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read even the smallest sheets in several pieces."""
    monkeypatch.setattr(scan_bulk, "PIECE", 300)


def sheet_text(rows: str) -> str:
    """Return a worksheet with these rows."""
    return f"<worksheet><sheetData>{rows}</sheetData><pageMargins/></worksheet>"


#: How a sheet is read: with arrays, or by the XML parser.
WAYS = ("arrays", "parser")


def outcome(text: str, way: str, strings: list[str] = STRINGS) -> tuple[Any, SheetScan | None]:
    """Return everything a scan finds, or its refusal."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("BULK", "LOADS"):
            patch.setattr(scan, name, 0 if way == "arrays" else 2**60)
        try:
            found = scan_sheet(text, "utf-8", strings, False, "the part")
        except Refused as refused:
            return str(refused), None
        formulas = [
            (
                (cell.row, cell.column, cell.formula, repr(cell.old), cell.end, cell.width),
                (cell.kind, cell.attributes, cell.type, cell.dynamic),
            )
            for cell in found.formulas
        ]
        constants = found.within()
        shown = (list(constants.rows), list(constants.columns), [repr(value) for value in constants.values])
        return (formulas, shown, sorted(found.unreadable.items()), found.plain), found


@st.composite
def rows_of(draw: st.DrawFn, cells: tuple[str, ...], formulas: tuple[str, ...], values: tuple[str, ...]) -> str:
    """Draw the rows of a sheet."""
    text, row = "", 0
    for _ in range(draw(st.integers(1, 8))):
        row += draw(st.sampled_from([1, 1, 1, 2, 90, 99_000]))
        tag = draw(st.sampled_from([f'<row r="{row}">', f'<row r="{row}" spans="1:9" ht="15">', f'<row r="{row}"/>']))
        text += tag
        if tag.endswith("/>"):
            continue
        column = 0
        for _ in range(draw(st.integers(0, 6))):
            column += draw(st.sampled_from([1, 1, 2, 25, 700]))
            opening = f'<c r="{column_letters(column)}{row}"{draw(st.sampled_from(cells))}'
            if draw(st.integers(0, 9)) == 0:
                text += opening + "/>"
            else:
                text += f"{opening}>{draw(st.sampled_from(formulas))}{draw(st.sampled_from(values))}</c>"
        text += "</row>"
    return text


def agree(text: str) -> bool:
    """Say whether both ways find the same.

    What is no XML may be read with arrays, since the result is parsed when it is written; and only the parser notices
    every constant that is no number.
    """
    (with_arrays, _), (by_parser, found) = (outcome(text, way) for way in WAYS)
    if isinstance(by_parser, str) and "not well-formed" in by_parser:
        return True
    return with_arrays == by_parser or (found is not None and bool(found.unreadable))


@given(rows_of(*USUAL))
def test_usual_sheets_are_read_with_arrays(rows: str) -> None:
    """What Excel writes does not fall back, and gives what the XML parser gives."""
    text = sheet_text(rows)
    expected, slow = outcome(text, "parser")
    actual, fast = outcome(text, "arrays")
    assert fast is not None
    assert slow is not None
    assert slow.table is None
    if not slow.unreadable:  # what is no number is told by the parser only
        assert fast.table is not None
        assert actual == expected


def test_sheets_of_many_styles_are_read_with_arrays() -> None:
    """However many different attributes the cells have, the sheet does not fall back."""
    cells = [f'<row r="{n}"><c r="A{n}" s="{n}" t="str"><f>B{n}</f><v>{n}</v></c></row>' for n in range(1, 1500)]
    (expected, _), (actual, fast) = (outcome(sheet_text("".join(cells)), way) for way in reversed(WAYS))
    assert fast is not None
    assert fast.table is not None
    assert actual == expected


def test_line_ends_in_formulas_are_read_with_arrays() -> None:
    """Line ends within formulas are one character each, as XML says, and the engine does not read that sheet itself."""
    rows = '<row r="1"><c r="A1"><f>1+\r\n2+\r3</f><v>6</v></c><c r="B1" t="str"><f>"a&#13;\r\nb"</f><v>x</v></c></row>'
    (expected, _), (actual, fast) = (outcome(sheet_text(rows), way) for way in reversed(WAYS))
    assert fast is not None
    assert (fast.table is not None, fast.plain) == (True, False)
    assert fast.formulas.texts == ["1+\n2+\n3", '"a\r\nb"']
    assert actual == expected


@given(rows_of(CELLS, FORMULAS, VALUES))
def test_unusual_sheets_give_the_same(rows: str) -> None:
    """Whatever stands in a sheet, both ways find the same or refuse with the same words."""
    text = sheet_text(rows).replace("<worksheet>", '<worksheet xmlns:x="urn:x">')
    found = [outcome(text, way)[0] for way in WAYS]
    assert found == [found[-1]] * len(WAYS)


@given(
    rows_of(*USUAL),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 12), st.sampled_from(
        ["", "<", ">", "/", '"', " ", "1", "A", "c", "</row>", "<row>", '<c r="A1">', "</c>", "<v>", "</v>", "<f>", "&"]
    )), min_size=1, max_size=3),
)  # fmt: skip
def test_damaged_sheets_give_the_same(rows: str, damage: list[tuple[float, int, str]]) -> None:
    """A sheet with pieces replaced is refused with the same words or read the same."""
    for place, length, new in damage:
        start = int(place * len(rows))
        rows = rows[:start] + new + rows[start + length :]
    assert agree(sheet_text(rows))


@given(rows_of(*USUAL), st.integers(1, 30), st.integers(1, 120), st.integers(0, 99_000), st.integers(0, 100))
def test_questions_about_areas(rows: str, column: int, top: int, height: int, width: int) -> None:
    """A column's values, an area's values, the used area and the constants themselves are the same."""
    fast, slow = (outcome(sheet_text(rows), way)[1] for way in WAYS)
    assert fast is not None
    assert slow is not None
    area = Area(top, column, top + height, column + width)
    assert fast.values_within(area) == slow.values_within(area)
    assert fast.column_values(column, top, top + height) == slow.column_values(column, top, top + height)
    assert list(map(list, fast.within(area))) == list(map(list, slow.within(area)))
    rows_used, columns_used = fast.extent()
    assert (rows_used >= slow.extent()[0], columns_used >= slow.extent()[1]) == (True, True)


@pytest.mark.parametrize("spaced", [False, True])
@pytest.mark.parametrize("text", TEXTS)
def test_texts_inside_their_cells(text: str, spaced: bool) -> None:
    """Texts that are no shared strings, as openpyxl writes them, are read like those in a sheet with a comment."""
    opening = '<t xml:space="preserve">' if spaced else "<t>"
    cells = f'<c r="A1" t="inlineStr"><is>{opening}{text}</t></is></c><c r="B1" s="1" t="inlineStr"/>'
    rows = f'<row r="1">{cells}<c r="C1"><f>A1</f><v>3</v></c></row>'
    expected, slowest = outcome(sheet_text(rows + "<!-- -->"), "parser")
    assert slowest is not None
    assert not slowest.plain
    for way in WAYS:
        found, fast = outcome(sheet_text(rows), way)
        assert fast is not None
        assert found[1] == expected[1]
        assert fast.plain == (text != "" and "\r" not in text and "&#" not in text and (spaced or text == text.strip()))


@pytest.mark.parametrize(
    "rows",
    [
        '<row r="1"><c r="B1"><v>1</v></c><c r="A1"><v>2</v></c></row>',
        '<row r="1"><c r="A1"><v>1</v></c><c r="A1"><v>2</v></c></row>',
        '<row r="2"><c r="A2"><f>1</f></c></row><row r="1"><c r="A1"><f>2</f></c></row>',
        '<row r="1"><c r="A0"><v>1</v></c></row>',
        '<row r="1"><c r="XFE1"><v>1</v></c></row>',
        '<row r="1"><c r="A1048577"><v>1</v></c></row>',
        '<row r="1"><c r="AAAA1"><v>1</v></c></row>',
        '<row r="1"><c r="A123456789012345678901"><v>1</v></c></row>',
        '<row r="1"><c r="a1"><v>1</v></c></row>',
        '<row r="1"><c r="$A$1"><v>1</v></c></row>',
        '<row r="1"><c><v>1</v></c></row>',
        '<row r="1"><c r="A1"><v>1</v></c>',
        '<c r="A1"><v>1</v></c>',
        '<row r="1"></row></row>',
        '<row r="1"><row r="2"></row></row>',
        '<rowx r="1"></rowx>',
        '<row r="1"> <c r="A1"><v>1</v></c></row>',
        '<row r="1"><c r="A1"><v>1</v></c></row>\n',
        '<row r="1"><c r="A1"><v>1</v></c><!-- <c r="B1"><v>1</v></c> --></row>',
        '<row r="1"><c r="A1"><v><![CDATA[1]]></v></c></row>',
        '<row r="1"><?pi?><c r="A1"><v>1</v></c></row>',
        '<row r="1"><c r="A1"><v>1</f></c></row>',
        '<row r="1"><c r="A1"><f>1</v></f></c></row>',
        '<row r="1"><c r="A1"><f t="x>y">1</f></c></row>',
        '<row r="1"><c r="A1"><f t=x>1</f></c></row>',
        '<row r="1"><c r="A1" s=1><v>1</v></c></row>',
        '<row r="1"><c r="A1"><v>1</v><f>2</f></c></row>',
        '<row r="1"><c r="A1"><f>1</f><f>2</f><v>1</v></c></row>',
        '<row r="1"><c r="A1"><v>1</v></c></row><extLst></extLst>',
        '<row r="1"><c r="A1"/><v>1</v></row>',
        '<row r="1"><c r="A1"/ ></row>',
        '<row r="1"><c  r="A1"/></row>',
        "x",
        "<",
        ">",
        "<>",
    ],
)  # fmt: skip
def test_what_only_the_parser_may_accept(rows: str) -> None:
    """Every oddity goes the slow way, which decides what it means."""
    text = sheet_text(rows)
    actual, fast = outcome(text, "arrays")
    assert actual == outcome(text, "parser")[0]
    assert fast is None or fast.table is None


def test_more_styles_than_groups() -> None:
    """Thousands of different attributes are told apart, or the sheet goes the slow way."""
    for count in (2000, 5000):
        cells = "".join(f'<row r="{n}"><c r="A{n}" s="{n}" t="b"><v>{n % 2}</v></c></row>' for n in range(1, count))
        text = sheet_text(cells)
        assert outcome(text, "arrays")[0] == outcome(text, "parser")[0]


def compare_books(paths: list[Path]) -> tuple[int, int]:
    """Compare both ways on all sheets of these books; return how many sheets and how many of them used arrays."""
    sheets = used = 0
    for path in paths:
        try:
            package = Package.open(path.read_bytes())
        except Refused:
            continue
        for sheet in package.sheets:
            text, _ = decoded(package.container.read(sheet.part), sheet.part)
            actual, fast = outcome(text, "arrays", package.strings)
            assert actual == outcome(text, "parser", package.strings)[0], f"{path.name} {sheet.name}"
            sheets += 1
            used += fast is not None and fast.table is not None
    return sheets, used


def test_the_books_of_this_project(root: Path) -> None:
    """The sheets of the books that come with the project are read the same both ways."""
    paths = [path for path in root.rglob("*.xls[xm]") if zipfile.is_zipfile(path)]
    sheets, used = compare_books(paths)
    assert 0 < used <= sheets


@pytest.mark.slow
def test_real_books(shared_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sheets of many real books are read the same both ways, most of them with arrays."""
    monkeypatch.setattr(scan_bulk, "PIECE", 2**14)
    paths = sorted(path for path in shared_dir.rglob("*.xls[xm]") if zipfile.is_zipfile(path))
    sheets, used = compare_books(paths)
    assert used > sheets / 2
