"""What a workbook holds beside its cells: values of other workbooks, linked data types, pictures, data tables."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rebalance_xl.recalc.formulas.book_view import BookView
from rebalance_xl.recalc.workbook import open_book, recalculate
from tests.recalc.books import make, rewrite, values

SHEET, WORKBOOK = "xl/worksheets/sheet1.xml", "xl/workbook.xml"
RELATIONS = "xl/_rels/workbook.xml.rels"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
RICH = "http://schemas.microsoft.com/office/spreadsheetml/2017/richdata"

LINK = f"""<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<externalLink xmlns="{MAIN}"><externalBook xmlns:r="{OFFICE}" r:id="rId1">
<sheetNames><sheetName val="Prices"/><sheetName val="Old Prices"/><sheetName val="Empty"/>
<sheetName val="Lost"/></sheetNames>
<definedNames><definedName name="Rate" refersTo="='Old Prices'!$A$2"/></definedNames>
<sheetDataSet><sheetData sheetId="0"><row r="1"><cell r="A1" t="str"><v>Asset</v></cell><cell r="B1" t="str">
<v>Price</v></cell></row><row r="2"><cell r="A2" t="str"><v>BTC</v></cell><cell r="B2"><v>60000</v></cell></row>
<row r="3"><cell r="A3" t="str"><v>ETH</v></cell><cell r="B3"><v>3000</v></cell></row>
<row r="4"><cell r="A4" t="e"><v>#N/A</v></cell></row></sheetData>
<sheetData sheetId="1"><row r="1"><cell r="A1"><v>1</v></cell></row><row r="2"><cell r="A2"><v>2</v></cell></row>
</sheetData><sheetData sheetId="3" refreshError="1"/></sheetDataSet></externalBook></externalLink>"""


LINK_RELATIONS = f"""<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1"
 Type="{OFFICE}/externalLinkPath" Target="prices.xlsx" TargetMode="External"/></Relationships>"""


def with_link(path: Path, formula: str, old: Any = -1) -> Path:
    """Write a workbook with one formula in C1 and the values of another workbook."""

    def build(_: Any, sheet: Any) -> None:
        sheet.write("A1", 2)
        sheet.write_formula("C1", "=0+0", None, old)
        sheet.write_formula("D1", '=C1&""', None, "")

    relation = f'<Relationship Id="rId99" Type="{OFFICE}/externalLink" Target="externalLinks/externalLink7.xml"/>'
    text = formula.replace("&", "&amp;").replace("<", "&lt;")
    return rewrite(
        make(path, build),
        {
            SHEET: lambda xml: xml.replace("<f>0+0</f>", f"<f>{text}</f>"),
            RELATIONS: lambda xml: xml.replace("</Relationships>", relation + "</Relationships>"),
            WORKBOOK: lambda xml: xml.replace(
                "</sheets>",
                f'</sheets><externalReferences><externalReference xmlns:q="{OFFICE}" q:id="rId99"/>'
                "</externalReferences>",
            ),
            "xl/externalLinks/externalLink7.xml": LINK.encode(),
            "xl/externalLinks/_rels/externalLink7.xml.rels": LINK_RELATIONS.encode(),
        },
    )


@pytest.mark.parametrize(
    "formula, expected",
    [
        ("[1]Prices!B2*A1", 120000),
        ("SUM('[1]Old Prices'!$A$1:$A$3)", 3),
        ('VLOOKUP("ETH",[1]Prices!A1:B3,2,FALSE)', 3000),
        ("[1]Prices!C9", 0),
        ('SUMIF([1]Prices!$A:$A,"BTC",[1]Prices!$B:$B)', 60000),
        ("IFERROR([1]Prices!A4,5)", 5),
        ('INDEX([1]Prices!B1:B3,MATCH("BTC",[1]Prices!A1:A3,0))', 60000),
        ("[1]!Rate*10", 20),
        ("[0]Sheet1!A1+1", 3),
        ("SHEETS()", 1),
    ],
)
def test_values_cached_of_another_workbook_are_computed_with(tmp_path: Path, formula: str, expected: Any) -> None:
    """References to another workbook read what this one has cached of it, as Excel does without updating links."""
    path = with_link(tmp_path / "b.xlsx", formula)
    report = recalculate(path)
    assert values(path)["C1"] == expected
    assert report.kept == 0


@pytest.mark.parametrize(
    "formula, sheets",
    [
        ("[1]Prices!B2", ["rl_link_1_0"]),
        ("'[1]OLD prices'!A1", ["rl_link_1_1"]),
        ("[1]!Rate", ["rl_link_1_1"]),
        ("SUM([1]Prices:Empty!B2)", ["rl_link_1_0", "rl_link_1_1"]),
        ("A1", []),
    ],
)
def test_sheets_of_another_workbook_that_no_formula_mentions_are_not_read(
    tmp_path: Path, formula: str, sheets: list[str]
) -> None:
    """Formulas and the names in them tell which cached sheets are needed; whole runs of sheets may mean any."""
    book = BookView.of(*open_book(with_link(tmp_path / "b.xlsx", formula).read_bytes()))
    assert book.sheet_names == ["Sheet1", *sheets]


@pytest.mark.parametrize(
    "formula",
    ["[1]Empty!A1+1", "[1]Lost!A1+1", "[2]Prices!B2", "[1]!Unknown", "SUM([1]Prices:Empty!B2)", "[1]!Table1[Price]"],
)
def test_what_is_not_cached_of_another_workbook_is_kept(tmp_path: Path, formula: str) -> None:
    """Sheets, names and tables that are not cached are unknown: the cell keeps its value and names the cause."""
    path = with_link(tmp_path / "b.xlsx", formula, 77)
    report = recalculate(path)
    assert (values(path)["C1"], values(path)["D1"]) == (77, "77")
    assert (report.changed[0].cell, report.changed[0].status) == ("C1", "kept")
    assert "another workbook" in report.changed[0].cause or "engine-unsupported" in report.changed[0].cause


def metadata(count: int) -> bytes:
    """Return the metadata of so many rich values."""
    blocks = "".join(
        f'<bk><extLst><ext uri="{{3e2802c4-a4d2-4d8b-9148-e3be6c30e623}}"><x:rvb i="{number}"/></ext></extLst></bk>'
        for number in range(count)
    )
    listed = "".join(f'<bk><rc t="1" v="{number}"/></bk>' for number in range(count))
    return (
        f'<metadata xmlns="{MAIN}" xmlns:x="{RICH}"><metadataTypes count="1"><metadataType name="XLRICHVALUE"/>'
        f'</metadataTypes><futureMetadata name="XLRICHVALUE" count="{count}">{blocks}</futureMetadata>'
        f'<valueMetadata count="{count}">{listed}</valueMetadata></metadata>'
    ).encode()


def with_data_types(
    path: Path, formulas: dict[str, tuple[str, Any]], more: Callable[[Any], None] = lambda sheet: None
) -> Path:
    """Write a workbook whose A1 and A2 are linked data types, A3 a picture, A4 a formatted number, A5 #CALC!.

    Cells that hold the same number as one of these (9001, 9002, ...) are of the same kind.
    """

    def build(_: Any, sheet: Any) -> None:
        more(sheet)
        for row in range(1, 6):
            sheet.write(f"A{row}", 9000 + row)
            sheet.write(f"B{row}", row * 10)
        for cell, (formula, old) in formulas.items():
            sheet.write_formula(cell, formula, None, old)

    def mark(xml: str) -> str:
        for number, row in enumerate((1, 2, 3, 5), 1):
            marked = rf'<c r="\1" t="e" vm="{number}"><v>#VALUE!</v></c>'
            xml = re.sub(rf'<c r="(\w+)"><v>{9000 + row}</v></c>', marked, xml)
        return xml.replace('<c r="A4"><v>9004</v></c>', '<c r="A4" vm="5"><v>9004</v></c>')

    structures = (
        f'<rvStructures xmlns="{RICH}"><s t="_linkedentitycore"><k n="_DisplayString" t="s"/><k n="Price"/>'
        '<k n="Name" t="s"/></s><s t="_linkedentity"><k n="%cvi" t="r"/></s><s t="_localImage"><k n="i" t="i"/></s>'
        '<s t="_error"><k n="errorType" t="i"/></s><s t="_formattednumber"><k n="_Format" t="spb"/></s></rvStructures>'
    )
    rich = (
        f'<rvData xmlns="{RICH}"><rv s="1"><v>5</v></rv><rv s="0"><v>Coffee AG</v><v>17.25</v><v>KAF</v></rv>'
        '<rv s="2"><v>0</v></rv><rv s="3"><v>13</v></rv><rv s="4"><v>0</v></rv>'
        '<rv s="0"><v>Gold Co</v><v>42.5</v><v>GMC</v></rv></rvData>'
    )
    return rewrite(
        make(path, build),
        {
            SHEET: mark,
            "xl/metadata.xml": metadata(6),
            "xl/richData/rdrichvalue.xml": rich.encode(),
            "xl/richData/rdrichvaluestructure.xml": structures.encode(),
        },
    )


@pytest.mark.parametrize(
    "formula, expected",
    [
        ('A1&"!"', "Gold Co!"),
        ('COUNTIF(A1:A2,"coffee ag")', 1),
        ('SUMIFS(B1:B2,A1:A2,"Gold Co")', 10),
        ('MATCH("Coffee AG",A1:A2,0)', 2),
        ("ISERROR(A1)", False),
        ('A1="gold co"', True),
        ("SUM(A1:A2,B1)", 10),
        ("COUNTA(A1:A2)", 2),
        ('_FV(A1,"Price")*2', 85),
        ('_FV(A2,"Name")', "KAF"),
        ("A4+1", 9005),
        ("ISERROR(A5)", True),
        ("IFERROR(A5,3)", 3),
        ("B3*2", 60),
    ],
)
def test_linked_data_types_count_as_what_they_show(tmp_path: Path, formula: str, expected: Any) -> None:
    """An entity is its display string, its fields are known, formatted numbers are numbers, errors are errors."""
    path = with_data_types(tmp_path / "b.xlsx", {"D1": ("=" + formula, -1)})
    report = recalculate(path)
    assert values(path)["D1"] == expected
    assert report.kept == 0


@pytest.mark.parametrize(
    "formula", ["A3", "IF(ISBLANK(A3),1,2)", "COUNTA(A1:A3)", "SUM(A1:B3)", "IFERROR(A3,0)", '_FV(A1,"Volume")']
)
def test_what_reads_a_picture_or_a_field_that_is_not_there_is_kept(tmp_path: Path, formula: str) -> None:
    """Nobody can say what a picture counts as, or a field that the file does not hold."""
    path = with_data_types(tmp_path / "b.xlsx", {"D1": ("=" + formula, 77), "E1": ("=D1*2", 0)})
    report = recalculate(path)
    assert (values(path)["D1"], values(path)["E1"]) == (77, 154)
    assert [(row.cell, row.status) for row in report.changed] == [("D1", "kept"), ("E1", "changed")]


def test_an_array_that_holds_a_linked_data_type_anywhere_is_kept_whole(tmp_path: Path) -> None:
    """A sorted list of texts and linked data types keeps anchor and cells, and what reads them sees what they show."""

    def build(sheet: Any) -> None:
        sheet.write_column("F1", ["Ada", "Zinc", "Ask"])
        sheet.write_array_formula("D1:D3", "{=SORT(F1:F3)}", None, "Ada")
        sheet.write("D2", 9001)
        sheet.write("D3", "Zinc")

    formulas = {
        "E1": ('=D2&"/"&D3', ""),
        "E2": ('=MATCH("gold co",D1:D3,0)', 0),
        "E3": ("=COUNTA(D1:D3)", 0),
    }
    path = with_data_types(tmp_path / "b.xlsx", formulas, build)
    report = recalculate(path)
    found = values(path)
    assert [found[cell] for cell in ("D1", "D2", "D3", "E1", "E2", "E3")] == [
        "Ada", "#VALUE!", "Zinc", "Gold Co/Zinc", 2, 3
    ]  # fmt: skip
    assert [(row.cell, row.cause) for row in report.changed if row.status == "kept"] == [("D1", "linked-data-type")]


def with_table(path: Path, declaration: str, corner: str, extra: dict[str, Any] | None = None) -> Path:
    """Write a data table in C5:D6 with inputs above and beside it, and its sum in E1."""

    def build(_: Any, sheet: Any) -> None:
        sheet.write("A1", 2)
        sheet.write("A2", 3)
        sheet.write_row("C4", [10, 20])
        sheet.write_column("B5", [5, 6])
        sheet.write_formula(corner, "=A1*100+A2", None, -1)
        sheet.write_formula("C5", "=TABLE", None, -5)
        sheet.write_row("D5", [-5])
        sheet.write_row("C6", [-5, -5])
        sheet.write_formula("E1", "=SUM(C5:D6)", None, -1)
        for cell, content in (extra or {}).items():
            sheet.write_formula(cell, content, None, 0)

    table = f'<f t="dataTable" ref="C5:D6" {declaration}/>'
    return rewrite(make(path, build), {SHEET: lambda xml: xml.replace("<f>TABLE</f>", table)})


def test_a_data_table_of_two_inputs_is_computed(tmp_path: Path) -> None:
    """Every cell is the corner's formula with the inputs above and beside it, and readers use the new values."""
    path = with_table(tmp_path / "b.xlsx", 'dt2D="1" dtr="1" r1="A1" r2="A2"', "B4")
    report = recalculate(path)
    found = values(path)
    assert [found[cell] for cell in ("C5", "D5", "C6", "D6", "E1", "B4")] == [1005, 2005, 1006, 2006, 6022, 203]
    assert (found["A1"], found["A2"], report.kept) == (2, 3, 0)


def test_a_data_table_over_random_numbers_is_kept(tmp_path: Path) -> None:
    """A simulation changes with every calculation by intent: its values stay, and the report says why."""
    path = with_table(tmp_path / "b.xlsx", 'dt2D="1" dtr="1" r1="A1" r2="A2"', "B4", {"F1": "=RAND()"})
    report = recalculate(path)
    assert values(path)["C5"] == -5
    assert [row.cause for row in report.changed if row.cell == "C5"] == [
        "data-table: random numbers change it with every calculation"
    ]


def test_a_data_table_that_the_workbook_does_not_calculate_is_kept(tmp_path: Path) -> None:
    """Workbooks may calculate everything but data tables, and Excel then leaves them."""
    path = with_table(tmp_path / "b.xlsx", 'dt2D="1" dtr="1" r1="A1" r2="A2"', "B4")
    rewrite(path, {WORKBOOK: lambda xml: xml.replace("<calcPr ", '<calcPr calcMode="autoNoTable" ')})
    recalculate(path)
    assert (values(path)["C5"], values(path)["E1"]) == (-5, -20)


def test_a_data_table_in_a_book_that_iterates(tmp_path: Path) -> None:
    """Without loops the table is computed there as elsewhere."""
    path = with_table(tmp_path / "b.xlsx", 'dt2D="1" dtr="1" r1="A1" r2="A2"', "B4")
    rewrite(path, {WORKBOOK: lambda xml: xml.replace("<calcPr ", '<calcPr iterate="1" ')})
    recalculate(path)
    found = values(path)
    assert [found[cell] for cell in ("C5", "D5", "C6", "D6", "E1")] == [1005, 2005, 1006, 2006, 6022]
