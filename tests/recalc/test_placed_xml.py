"""Where the elements of a sheet lie in its text, as the parser tells it that counts bytes."""

from __future__ import annotations

import re

import pytest

from rebalance_xl.recalc.files.refusals import Refused
from rebalance_xl.recalc.references import Area
from rebalance_xl.recalc.sheets.cell_xml import CellValues, PlacedXml, check_well_formed
from rebalance_xl.recalc.sheets.exact import read_exact, row_places
from rebalance_xl.recalc.sheets.sheet_scan import SheetScan

DECLARED = '<?xml version="1.0" encoding="UTF-8"?>\r\n'
#: Texts of one, two, three and four bytes a character, and marks between elements.
BETWEEN = ["", "é", "€uro", "😀 and é", "<!-- > é -->", "<?odd é?>", "<![CDATA[<c>€]]>"]


def scan_of(rows: str, before: str = DECLARED) -> SheetScan:
    """Return the scan of a sheet with some rows."""
    text = f"{before}<worksheet><sheetData>{rows}</sheetData></worksheet>"
    return read_exact(text, "utf-8", CellValues([], False), "the part")


@pytest.mark.parametrize("before", ["", DECLARED])
@pytest.mark.parametrize("between", BETWEEN)
def test_pieces_of_a_formula_cell_lie_where_they_are_told(between: str, before: str) -> None:
    """Start tag, formula, value and end are cut out of the text whole, whatever stands before them."""
    cell = f'<c r="B2" t="str"><f>A1&amp;"é"</f>{between}<v>old 😀</v></c>'
    scan = scan_of(f'<row r="1"><c r="A1" t="str"><v>ü{between}</v></c></row>{between}<row r="2">{cell}</row>', before)
    (found,) = scan.formulas
    spots = found.spots
    assert spots is not None
    assert scan.text[spots.start : found.end] == cell
    assert scan.text[spots.start : spots.tag_end] == '<c r="B2" t="str">'
    assert scan.text[spots.formula : spots.formula_end] == '<f>A1&amp;"é"</f>'
    assert scan.text[spots.value : spots.value_end] == "<v>old 😀</v>"
    assert (found.formula, found.old) == ('A1&"é"', "old 😀")


@pytest.mark.parametrize("between", BETWEEN)
@pytest.mark.parametrize("cell", ['<c r="A3"/>', '<c r="A3" s="1" />', '<c r="A3"></c>', '<c r="A3" x=">"><v/></c>'])
def test_rows_and_cells_lie_where_they_are_told(cell: str, between: str) -> None:
    """Rows, what is inside them and their cells are cut out of the text whole, empty elements too."""
    first, empty, last = f'<row r="1">{between}</row>', '<row r="2" ht=">"/>', f'<row r="3">{cell}{between}</row>'
    scan = scan_of(f"{between}{first}{empty}{between}{last}")
    places = row_places(scan)
    assert [scan.text[place.start : place.end] for place in places] == [first, empty, last]
    assert [scan.text[place.tag_end : place.inner_end] for place in places] == [between, "", f"{cell}{between}"]
    ((column, start, end),) = places[2].cells
    assert (column, scan.text[start:end]) == (1, cell)


def test_data_of_a_sheet_are_what_lies_between_its_tags() -> None:
    """An element without content is enclosed as a whole."""
    scan = scan_of("<row r='1'/>")
    assert scan.text[scan.start : scan.end] == "<row r='1'/>"
    text = '<worksheet>€<sheetData a=">" /></worksheet>'
    scan = read_exact(text, "utf-8", CellValues([], False), "the part")
    assert text[scan.start : scan.end] == '<sheetData a=">" />'


def test_elements_of_other_kinds_and_places_are_no_cells() -> None:
    """Rows and cells are read where they belong only; a value must not contain an element."""
    inner = (
        '<row r="1"><row r="2"><c r="A2"><v>1</v></c></row><x><c r="A1"><v>2</v></c></x><c r="B1"><v>3</v></c></row>'
    )
    assert scan_of(inner).values_within() == {(1, 2): 3.0}
    with pytest.raises(Refused, match="an element inside a value or formula"):
        scan_of('<row r="1"><c r="A1"><v>1<v>2</v></v></c></row>')


def test_what_is_no_xml_is_refused_with_its_part() -> None:
    """A tag that is not closed is told with the name of the part."""
    check_well_formed(f"{DECLARED}<a>é</a>", "xl/part.xml")
    with pytest.raises(Refused, match=r"xl/part\.xml is not well-formed XML"):
        check_well_formed(f"{DECLARED}<a>é", "xl/part.xml")


def test_areas_that_touch_do_not_meet() -> None:
    """Two areas meet when a cell is in both."""
    area = Area(2, 2, 4, 3)
    others = [Area(row, column, row, column) for row in range(1, 6) for column in range(1, 5)]
    assert {(each.top, each.left) for each in others if area.meets(each)} == set(area.cells())
    assert area.meets(Area(1, 1, 9, 9))
    assert not area.meets(Area(1, 1, 1, 9))


def test_places_among_letters_of_several_bytes() -> None:
    """Where the parser is in the text is told in letters, whatever their bytes."""
    text = '<?xml version="1.0"?><a>' + "aé漢😀\n<b/>" * 700 + "</a>"
    placed = PlacedXml(text, "a")
    found: list[int] = []
    placed.parser.StartElementHandler = lambda *_: found.append(placed.here())
    placed.parse()
    assert found == [match.start() for match in re.finditer("<[ab]", text)]
