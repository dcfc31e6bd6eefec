"""New cells and values spliced into sheets that were read with arrays: the text is what the XML parser leads to."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from rebalance_xl.cells import CellError
from rebalance_xl.recalc.files.parts import number_text, number_texts
from rebalance_xl.recalc.files.refusals import Refused
from rebalance_xl.recalc.references import column_letters
from rebalance_xl.recalc.sheets import scan
from rebalance_xl.recalc.sheets.cell_xml import Cells
from rebalance_xl.recalc.sheets.scan import scan_sheet
from rebalance_xl.recalc.sheets.sheet_scan import SheetScan
from rebalance_xl.recalc.sheets.splice import SheetChanges, spliced
from rebalance_xl.recalc.sheets.splice_rows import REMOVED

HEAD = '<worksheet><dimension ref="B2:C3"/><sheetData>'
ROW_TAGS = (
    '<row r="{0}">', '<row r="{0}" spans="1:5">', '<row r="{0}" spans="2:3" ht="15">',
    '<row r="{0}" ht="15" spans="1:1">',
    '<row r="{0}" spans="1:5 7:9">', '<row r="{0}"/>', '<row spans="1:5" r="{0}">', '<row r="{0}" x="ä" spans="3:4">',
)  # fmt: skip
CELLS = (
    "<v>1</v>", "<v>-2.5E-3</v>", "", "<v/>", '<v xml:space="preserve"> 7</v>', "<f>A1</f><v>1</v>", "<v></v>",
)  # fmt: skip
ATTRIBUTES = ("", "", ' s="3"', ' t="n"', ' s="3" t="n"', ' s="1" ', ' vm="1"', ' t="str"', ' cm="1"', ' t="b" s="1"')
VALUES = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["", " a & b ", "<ä>", True, False, CellError("#N/A"), REMOVED, 3, -0.0, 1e22, 5e-324]),
)


def scanned(text: str, bulk: bool) -> SheetScan:
    """Scan a sheet with arrays or cell by cell."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("BULK", "LOADS"):
            patch.setattr(scan, name, 0 if bulk else 2**60)
        return scan_sheet(text, "utf-8", [], False, "the part")


@st.composite
def sheets(draw: st.DrawFn, tags: tuple[str, ...], attributes: tuple[str, ...], cells: tuple[str, ...]) -> str:
    """Draw a sheet of up to twelve rows and six columns."""
    text = HEAD
    for row in range(1, draw(st.integers(2, 13))):
        if draw(st.integers(0, 11)) == 0:
            continue
        tag = draw(st.sampled_from(tags)).format(row)
        text += tag
        if tag.endswith("/>"):
            continue
        for column in sorted(draw(st.sets(st.integers(1, 6), max_size=4))):
            name = f"{column_letters(column)}{row + (draw(st.integers(0, 40)) == 0)}"
            text += f'<c r="{name}"{draw(st.sampled_from(attributes))}>{draw(st.sampled_from(cells))}</c>'
        text += "</row>"
    return text + "</sheetData><pageMargins/></worksheet>"


@st.composite
def blocks(draw: st.DrawFn, values: st.SearchStrategy[Any]) -> dict[int, dict[int, Any]]:
    """Draw the cells of an array, by column and row."""
    top, left = draw(st.integers(1, 12)), draw(st.integers(1, 8))
    bottom, right = top + draw(st.integers(0, 8)), left + draw(st.integers(0, 2))
    columns: dict[int, dict[int, Any]] = {}
    for column in range(left, right + 1):
        rows = [row for row in range(top, bottom + 1) if (row, column) != (top, left) or top == bottom]
        if rows:
            columns[column] = {row: draw(values) for row in rows}
    return columns or {left: {top: draw(values)}}


def outcome(text: str, columns: dict[int, dict[int, Any]], bulk: bool) -> str:
    """Return the spliced text, or why it is refused."""
    try:
        return spliced(scanned(text, bulk), SheetChanges(columns=columns))[0]
    except Refused as refused:
        return str(refused)


@given(sheets(ROW_TAGS, ATTRIBUTES, CELLS), blocks(VALUES))
def test_any_change_gives_the_same_text(text: str, columns: dict[int, dict[int, Any]]) -> None:
    """Whatever stands there and whatever is written, both ways give the same text or refuse alike."""
    assert outcome(text, columns, bulk=True) == outcome(text, columns, bulk=False)


@given(sheets(ROW_TAGS[:4], ATTRIBUTES[:3], CELLS[:2]), blocks(st.floats(allow_nan=False, allow_infinity=False)))
def test_numbers_over_usual_sheets(text: str, columns: dict[int, dict[int, Any]]) -> None:
    """The same for what is common: numbers behind or instead of numbers, in rows with and without spans."""
    assert outcome(text, columns, bulk=True) == outcome(text, columns, bulk=False)


@pytest.mark.parametrize("bulk", [False, True])
def test_a_cell_in_the_row_of_others_is_refused(bulk: bool) -> None:
    """No number is replaced in a cell that stands in another row than its name says."""
    text = f'{HEAD}<row r="1"><c r="A2"><v>1</v></c></row></sheetData></worksheet>'
    assert outcome(text, {1: {2: 0.0}}, bulk) == "damaged: the cell A2 stands in row 1"


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({1: {2: 1.0}}, "A2:C3"),
        ({3: {9: 1.0}, 5: {2: 1.0}}, "B2:E9"),
        ({3: {9: REMOVED}, 5: {2: 1.0}}, "B2:E3"),
        ({3: {9: REMOVED}}, "B2:C3"),
    ],
)
def test_the_used_area_grows(columns: dict[int, dict[int, Any]], expected: str) -> None:
    """The declared area takes in the new cells, not the removed ones."""
    text = f'{HEAD}<row r="2"><c r="B2"><v>1</v></c></row></sheetData></worksheet>'
    for bulk in (True, False):
        assert outcome(text, columns, bulk).startswith(f'<worksheet><dimension ref="{expected}"/>')


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False)))
def test_many_numbers_are_written_like_one(values: list[float]) -> None:
    """Numbers written together read like numbers written alone."""
    assert number_texts(values) == [number_text(value) for value in values]


@pytest.mark.parametrize("values", [[], [-0.0], [0.0, -0.0, 1e22, 1e16, 1.5e-7, 100.0, 1e100, -3.0]])
def test_special_numbers(values: list[float]) -> None:
    """Zeros, whole numbers and exponents."""
    assert number_texts(values) == [number_text(value) for value in values]


FORMULA_CELLS = (
    "<f></f><v></v>", "<f>A1</f><v>1</v>", "<f>A1</f><v></v>", "<f>A1</f><v/>", "<f>A1</f><v />", "<f>A1</f>",
    '<f t="shared" si="0"/>', '<f t="shared" si="0"/><v>5</v>', '<f ca="1">A1&gt;2</f><v xml:space="preserve"> 7</v>',
    "<f/><v/>",
)  # fmt: skip


@given(
    sheets(ROW_TAGS[:2], (*ATTRIBUTES, ' x="a&gt;b" s="1"', ' t="e"', ' x=">"'), FORMULA_CELLS),
    st.lists(VALUES.filter(lambda value: value is not REMOVED), min_size=60, max_size=60),
    st.booleans(),
)
def test_formula_cells_change_their_type(text: str, values: list[Any], bulk: bool) -> None:
    """Read again, formula cells show what was written, and nothing else has changed."""
    try:
        whole = scanned(text, bulk)
    except Refused:  # a drawn cell may be there twice
        reject()
    for cell, value in zip(whole.formulas, values, strict=False):
        cell.value = value
    actual, _ = spliced(whole, SheetChanges(values=list(range(len(whole.formulas)))))
    again = scanned(actual, False)
    assert [(cell.formula, cell.kind, cell.attributes, cell.dynamic) for cell in again.formulas] == [
        (cell.formula, cell.kind, cell.attributes, cell.dynamic) for cell in whole.formulas
    ]
    assert [as_number(cell.old) for cell in again.formulas] == [as_number(cell.value) for cell in whole.formulas]
    before = scanned(text, False).within()
    assert vars_of(again.within()) == vars_of(before)


def as_number(value: Any) -> Any:
    """Return a whole number as the float that a file gives."""
    return float(value) if type(value) is int else value


def vars_of(constants: Cells) -> tuple[list[int], list[int], list[str]]:
    """Return constants in a form that compares."""
    return list(constants.rows), list(constants.columns), list(map(repr, constants.values))


@pytest.mark.parametrize("bulk", [False, True])
@pytest.mark.parametrize("own, expected", [("", "4"), (' s="9" customFormat="1"', "9"), (' s="9"', "4")])
def test_new_cells_take_the_format_of_their_row_or_column(bulk: bool, own: str, expected: str) -> None:
    """A cell that an array adds looks as if somebody had typed it there; one that is there keeps its format."""
    cols = '<cols><col min="1" max="1" width="9"/><col min="2" max="3" style="4" width="9"/></cols>'
    rows = f'<row r="1"{own}><c r="A1"><v>1</v></c></row><row r="2"{own}><c r="A2"><v>1</v></c><c r="B2" s="7"/></row>'
    text = f"<worksheet>{cols}<sheetData>{rows}</sheetData></worksheet>"
    out, _ = spliced(scanned(text, bulk), SheetChanges(columns={2: {1: 5.0, 2: 6.0, 3: 7.0}, 4: {1: 8.0}}))
    assert f'<c r="B1" s="{expected}"><v>5</v></c>' in out
    assert '<c r="B2" s="7"><v>6</v></c>' in out
    assert '<row r="3"><c r="B3" s="4"><v>7</v></c></row>' in out
    assert ('<c r="D1"><v>8</v></c>' in out) is (expected == "4")
