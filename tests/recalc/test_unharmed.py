"""Sheets that are not parsed again after a change, because it surely leaves well-formed rows well-formed."""

from __future__ import annotations

from typing import Any
from xml.parsers import expat

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from rebalance_xl.recalc.files.refusals import Refused
from rebalance_xl.recalc.sheets.splice import SheetChanges, spliced
from rebalance_xl.recalc.sheets.splice_rows import REMOVED, may_replace
from tests.recalc.test_splice import ATTRIBUTES, CELLS, FORMULA_CELLS, HEAD, ROW_TAGS, VALUES, blocks, scanned, sheets

ODD_TAGS = (
    '<row r="{0}" ht="1" ht="1">', '<row r="{0}" a="1&2">', '<row r="{0}" 1a="2">', '<row r="{0}" :a="&gt;">',
    '<row r="{0}" a²="1">',
)  # fmt: skip
ODD_CELLS = (
    "<f>A1&amp;1</f><v>1</v>", '<f>"&#9;"</f><v>1</v>', '<f>"&#1;"</f><v>1</v>', '<f>"\x01"</f><v>1</v>',
    '<f>"\n"</f><v>1</v>', '<f>"\uffff"</f><v>1</v>', '<f ca="1" ca="1">1</f><v>2</v>', '<f 1="1">1</f><v>2</v>',
)  # fmt: skip


def is_xml(text: str) -> bool:
    """Say what an XML parser says."""
    try:
        expat.ParserCreate().Parse(text.encode("utf-8"), True)
    except expat.ExpatError:
        return False
    return True


@given(
    sheets((*ROW_TAGS[:4], *ODD_TAGS), (*ATTRIBUTES[:4], ' x="1" x="1"'), (*CELLS, *FORMULA_CELLS, *ODD_CELLS)),
    st.lists(VALUES.filter(lambda value: value is not REMOVED), min_size=60, max_size=60),
    st.none() | blocks(VALUES),
)
def test_what_is_not_parsed_again_is_well_formed(
    text: str, values: list[Any], columns: dict[int, dict[int, Any]] | None
) -> None:
    """Whatever is written into whatever sheet, all of it is XML where what is left to be parsed is."""
    try:
        whole = scanned(text, True)
        for cell, value in zip(whole.formulas, values, strict=False):
            cell.value = value
        done, unproven = spliced(whole, SheetChanges(list(range(len(whole.formulas))), columns=columns or {}))
    except Refused:
        reject()
    assert is_xml(done) or not is_xml(unproven)


@pytest.mark.parametrize("columns", [{}, {3: {1: 7.0, 2: 2.5}}, {1: {1: 7.0}, 3: {1: True, 2: "a & b"}}])
def test_usual_rows_are_not_parsed_again(columns: dict[int, dict[int, Any]]) -> None:
    """Numbers over numbers, another type in a cell and new cells behind all others leave only what is around them."""
    rows = "".join(
        f'<row r="{row}" spans="1:2"><c r="A{row}"><v>{row}</v></c><c r="B{row}"><f>A{row}</f><v>0</v></c></row>'
        for row in (1, 2)
    )
    scan = scanned(f"{HEAD}{rows}</sheetData></worksheet>", True)
    scan.formulas.values[:] = [1.5, "text"]
    done, unproven = spliced(scan, SheetChanges([0, 1], columns=columns))
    assert '<c r="B1"><f>A1</f><v>1.5</v></c>' in done
    assert '<c r="B2" t="str"><f>A2</f><v>text</v></c>' in done
    assert unproven == done[: done.index("<row")] + "</sheetData></worksheet>"


@pytest.mark.parametrize(
    ("start", "end", "new", "allowed"),
    [
        (11, 12, "25", True),
        (11, 12, "<", False),
        (11, 12, "</v><v>", False),
        (8, 16, "", True),
        (8, 16, '<v a="1">x</v><is/>', True),
        (8, 11, '<v a="1">', True),
        (8, 11, "<w>", False),
        (8, 11, "<v>2</v>", False),
        (9, 10, "w", False),
        (11, 16, "3", False),
        (0, 8, '<c r="A1" t="str">', True),
        (16, 16, "<is>t</is>", True),
    ],
)
def test_pieces_that_may_be_replaced(start: int, end: int, new: str, allowed: bool) -> None:
    """A start tag by one of the same name, and whole content by other content; nothing across the border of a tag."""
    text = '<c r=""><v>1</v></c>'
    assert may_replace(text, start, end, new) is allowed
    assert not allowed or is_xml(text[:start] + new + text[end:])


@pytest.mark.parametrize("odd", [*ODD_TAGS, *ODD_CELLS])
def test_what_is_no_xml_is_refused_or_parsed_again(odd: str) -> None:
    """Rows that only a parser sees through are never taken for well-formed."""
    tag, cell = (odd, ODD_CELLS[0]) if odd in ODD_TAGS else (ROW_TAGS[0], odd)
    text = f'{HEAD}{tag.format(1)}<c r="A1">{cell}</c></row></sheetData></worksheet>'
    if is_xml(text):
        scanned(text, True)
        return
    with pytest.raises(Refused):
        scanned(text, True)
