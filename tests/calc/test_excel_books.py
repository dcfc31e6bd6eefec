"""Books from Excel calculate in Calc, and go back to Excel with their names."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter

from rebalance_xl.cells import CellError
from rebalance_xl.hosts.calc.formula_names import to_calc_names, to_excel_names
from rebalance_xl.hosts.calc.names_pass import rewrite_names
from rebalance_xl.hosts.calc.single_cells import keep_blanks, keep_texts, leave_texts
from rebalance_xl.recalc.files.refusals import Refused

from .books import write_book
from .office import Office
from .sheets import cell_value

XLSX = "Calc MS Excel 2007 XML"
EXPECTED = {
    "M2:M4": [[0.0], [0.0], [1600.0]],
    "N2": [[1600.0]],
    "O2": [["trim_amount(x)"]],
    "P2:P4": [[0.0], [0.0], [1600.0]],
    "Q2:Q4": [["HOLD"], ["HOLD"], ["TRIM"]],
    "R2": [["UNTARGETED"]],
    "S2": [[1600.0]],
}


def values(office: Office, address: str, name: str = "book") -> list[list[Any]]:
    """Return the values of some cells."""
    return [[cell_value(cell) for cell in row] for row in office.cells(address=address, name=name)]


@pytest.fixture
def book(office: Office, tmp_path: Path) -> Iterator[Office]:
    """Open a book from Excel."""
    office.open(path=str(write_book(tmp_path / "book.xlsx")))
    yield office
    office.close_document(name="book")


def formulas(path: Path) -> set[str]:
    """Return every formula of a file: cells, names, conditions."""
    book = openpyxl.load_workbook(path)
    found = {name.attr_text for name in book.defined_names.values()}
    for sheet in book:
        for row in sheet.iter_rows():
            found |= {getattr(cell.value, "text", cell.value) for cell in row if cell.data_type == "f"}
        for conditions in sheet.conditional_formatting:
            found |= {formula for rule in conditions.rules for formula in rule.formula}
    return {formula.removeprefix("=") for formula in found}


def binds_itself(office: Office) -> bool:
    """Tell whether this LibreOffice knows the functions of Excel files by itself."""
    return int(office.version().split(".")[0]) >= 24


@pytest.mark.parametrize("recalculated", [False, True])
def test_a_book_from_excel_calculates(book, recalculated):
    """Cells, arrays, names and structured references are bound on opening and survive a hard recalculation."""
    expected = dict(EXPECTED)
    if recalculated:
        book.calculate()
    elif binds_itself(book):
        expected["S2"] = [[7.0]]  # untouched, so Calc still shows what Excel has stored
    assert {address: values(book, address) for address in expected} == expected


def test_opening_leaves_no_trace(book):
    """The book is not marked as changed, and there is nothing to undo."""
    assert book.modified() is False
    assert book.undo_titles() == []


def test_a_changed_price_reaches_the_formulas(book):
    """The bound formulas depend on the cells they name."""
    book.put(address="E4", values=[[3000]])
    assert values(book, "M4") == [[pytest.approx(800.0)]]
    assert values(book, "N2") == [[pytest.approx(800.0)]]


def test_back_to_excel(book, tmp_path):
    """After the names pass a file that Calc saved has the formulas of the original."""
    saved = tmp_path / "saved.xlsx"
    book.save(path=str(saved), filter=XLSX)
    stored_names = any("REBALANCER" in formula for formula in formulas(saved))
    assert stored_names is not binds_itself(book)
    report = rewrite_names(saved)
    assert report.formulas == (0 if binds_itself(book) else 8)
    # Ranges of one cell stay; later versions write them as the cell itself.
    back = {re.sub(r"(\$?[A-Z]\d):\1", r"\1", formula) for formula in formulas(saved)}
    assert {
        "TRIM_AMOUNT(Portfolio[Value],Portfolio[Target],Portfolio[Band])",
        "TRIM_AMOUNT()",
        "DRIFT_FLAG(E2:E4,G2:G4,H2:H4)",
        "SUM(TRIM_AMOUNT(Book!$E$2:$E$4,Book!$G$2:$G$4))",
        'IF(TRIM_AMOUNT(E4,G4,H4,"midpoint",,12000)>0,"trim_amount(x)","no")',
        "TRIM_AMOUNT($E2,$G2,$H2,,,12000)>0",
    } <= back
    assert not any("rebalancer" in formula.lower() for formula in back)
    again = rewrite_names(saved)
    assert again.formulas == 0


def test_prepared_for_calc(office, tmp_path):
    """A file prepared by the names pass is bound when it is read, without a job that sets its formulas."""
    source = write_book(tmp_path / "book.xlsx")
    prepared = tmp_path / "prepared.xlsx"
    assert rewrite_names(source, prepared, "calc").formulas == 8
    office.open(path=str(prepared))
    office.calculate()
    assert {address: values(office, address) for address in EXPECTED} == EXPECTED
    office.close_document(name="book")


def test_nothing_else_in_the_file_changes(tmp_path):
    """Every other member keeps its compressed bytes; there and back gives the original formulas."""
    source = write_book(tmp_path / "book.xlsx")
    prepared, back = tmp_path / "prepared.xlsx", tmp_path / "back.xlsx"
    report = rewrite_names(source, prepared, "calc")
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(prepared) as new:
        assert old.namelist() == new.namelist()
        same = {name for name in old.namelist() if old.read(name) == new.read(name)}
        assert set(old.namelist()) - same == set(report.parts) == {"xl/workbook.xml", "xl/worksheets/sheet1.xml"}
    rewrite_names(prepared, back, "excel")
    assert {formula.replace("E4:E4", "E4") for formula in formulas(back)} >= {"TRIM_AMOUNT()"}


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04 cut off"])
def test_what_is_no_workbook_is_refused(tmp_path, content):
    """The file stays as it is and no other is written."""
    path = tmp_path / "book.xlsx"
    path.write_bytes(content)
    with pytest.raises(Refused):
        rewrite_names(path, tmp_path / "out.xlsx")
    assert path.read_bytes() == content
    assert [each.name for each in tmp_path.iterdir()] == ["book.xlsx"]


def test_a_document_of_another_kind_is_refused(tmp_path):
    """An .ods file holds names of its own, and is not reported as in order."""
    path = tmp_path / "book.ods"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", "<office/>")
    with pytest.raises(Refused, match=r"save it as \.xlsx first"):
        rewrite_names(path)


@pytest.mark.parametrize(
    ("excel", "calc"),
    [
        ("WEIGHT(A1:A3)", "ORG.REBALANCER.FUNCTIONS.WEIGHT(A1:A3)"),
        ('IF(A1="WEIGHT(1)",1,2)', 'IF(A1="WEIGHT(1)",1,2)'),
        ("'WEIGHT(1)'!A1+SUM(Table[WEIGHT(x)])", "'WEIGHT(1)'!A1+SUM(Table[WEIGHT(x)])"),
        (
            "SUM(T[A'']+T[WEIGHT('#x')])+WEIGHT(A1:A3)",
            "SUM(T[A'']+T[WEIGHT('#x')])+ORG.REBALANCER.FUNCTIONS.WEIGHT(A1:A3)",
        ),
        ("MY_WEIGHT(1)+WEIGHT+Book!WEIGHT(1)", "MY_WEIGHT(1)+WEIGHT+Book!WEIGHT(1)"),
        ("DRIFT(WEIGHT(A1:A2),B1:B2)", "ORG.REBALANCER.FUNCTIONS.DRIFT(ORG.REBALANCER.FUNCTIONS.WEIGHT(A1:A2),B1:B2)"),
    ],
)
def test_names_in_formulas(excel, calc):
    """Only calls of the functions are renamed: not texts, sheets, columns, names, or functions that end alike."""
    assert to_calc_names(excel) == calc
    assert to_excel_names(calc) == excel
    assert to_excel_names(calc.lower()).count("WEIGHT(") == calc.count("FUNCTIONS.WEIGHT(")


ROW = "Portfolio[[#This Row],[{}]]"
VALUE, TARGET, BAND = (ROW.format(column) for column in ("Value", "Target", "Band"))
SINGLE_CELLS = {
    "E2": (f"DRIFT_FLAG({VALUE},{TARGET},{BAND},,12000)", "UNTARGETED"),
    "F2": (f"TRIM_AMOUNT({VALUE},{TARGET},{BAND},,,12000)", 0.0),
    "E4": (f"DRIFT_FLAG({VALUE},{TARGET},{BAND},,12000)", "TRIM"),
    "H2": ('IF(E2="TRIM",1,0)', 0.0),
    "H4": ('IF(E4="TRIM",1,0)', 1.0),
    "I2": ("E2=E4", 0.0),
    "I4": ('COUNTIF(E2:E4,"TRIM")', 1.0),
    "J2": ("HEDGE_NOTIONAL(1000,0.5,L9)", 500.0),
    "J3": ("REALIZED_GAIN(100,1000,L9)", CellError("#N/A")),
    "J4": ('TRIM_AMOUNT(TARGET_VALUE(B4,1,B4),C4,D4,"target",,12000)', 1600.0),
    "K2": ('MATCH("TRIM",N2:N4,0)', 3.0),
}


@pytest.fixture
def rows_book(tmp_path: Path) -> Path:
    """Write a book whose formulas stand in the rows of its table, a row without a target among them."""
    path = tmp_path / "rows.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("Book")
        data = [("BTC", 5000, None, 0.05), ("ETH", 3000, 0.3, 0.05), ("SOL", 4000, 0.2, 0.05)]
        headers = [{"header": each} for each in ("Asset", "Value", "Target", "Band", "Flag", "Trim")]
        sheet.add_table("A1:F4", {"name": "Portfolio", "columns": headers, "data": data})
        for address, (formula, _) in SINGLE_CELLS.items():
            sheet.write_formula(address, f"={formula}", None, 7)
        sheet.write_array_formula("N2:N4", "{=DRIFT_FLAG(B2:B4,C2:C4,D2:D4,,12000)}", None, "cached")
        criteria = {"type": "formula", "criteria": '=DRIFT_FLAG($B2,$C2,$D2,,12000)="TRIM"'}
        sheet.conditional_format("A2:A4", {**criteria, "format": book.add_format({"bg_color": "#FF0000"})})
    return path


@pytest.mark.parametrize("prepared", [False, True])
def test_formulas_in_the_rows_of_a_table(office, rows_book, tmp_path, prepared):
    """A blank cell of a row stays blank and a flag equals its word, for a book opened as it is and a prepared one."""
    path = rows_book
    if prepared:
        path = tmp_path / "prepared.xlsx"
        rewrite_names(rows_book, path, "calc")
    office.open(path=str(path))
    office.calculate()
    answers = {address: values(office, address)[0][0] for address in SINGLE_CELLS}
    saved = tmp_path / "saved.xlsx"
    office.save(path=str(saved), filter=XLSX)
    office.close_document(name="book")
    assert answers == {address: expected for address, (_, expected) in SINGLE_CELLS.items()}
    rewrite_names(saved)
    back = formulas(saved)
    assert 'IF(E2="TRIM",1,0)' in back
    assert "DRIFT_FLAG(B2:B4,C2:C4,D2:D4,,12000)" in back
    assert not any('&""' in formula for formula in back)


CALLS = "ORG.REBALANCER.FUNCTIONS."


@pytest.mark.parametrize(
    ("formula", "kept"),
    [
        ("BASIS(B2;C2)", "BASIS(B2:B2;C2:C2)"),
        ("BASIS(Book!B2,'My book'!$C$2)", "BASIS(Book!B2:B2,'My book'!$C$2:$C$2)"),
        (f"BASIS({CALLS}TARGETVALUE(B2;C2;100);D2)", f"BASIS({CALLS}TARGETVALUE(B2:B2;C2:C2;100);D2:D2)"),
        ("TRIMAMOUNT(B2;C2;D2)", "TRIMAMOUNT(B2:B2;C2:C2;D2)"),
        ("BASIS(T[[#This Row];[A]];T[A])", "BASIS(T[[#This Row];[A]]:T[[#This Row];[A]];T[A])"),
        ("BASIS(T[[#This Row];[A '[%']]];B2)", "BASIS(T[[#This Row];[A '[%']]]:T[[#This Row];[A '[%']]];B2:B2)"),
        ("BASIS(T[A '[%']];'It''s'!B2)", "BASIS(T[A '[%']];'It''s'!B2:B2)"),
        ("BASIS(B2:B4;B2+1)", "BASIS(B2:B4;B2+1)"),
    ],
)
def test_single_cells_become_ranges_where_a_blank_is_no_zero(formula, kept):
    """Also inside calls of calls; a band has 0 for its default, so there a blank cell may be a 0."""
    assert keep_blanks(f"={CALLS}{formula}") == f"={CALLS}{kept}"


@pytest.mark.parametrize(
    ("formula", "kept"),
    [
        ('={0}DRIFTFLAG(B2;C2)="TRIM"', '=({0}DRIFTFLAG(B2;C2)&"")="TRIM"'),
        ("=LEN({0}REBALANCEREASON())", '=LEN(({0}REBALANCEREASON()&""))'),
        ('="{0}DRIFTFLAG(B2)"&{0}WEIGHT(B2;C2)', '="{0}DRIFTFLAG(B2)"&{0}WEIGHT(B2;C2)'),
        ("={0}DRIFTFLAG({0}WEIGHT(A2:A3);{0}WEIGHT(B2:B3))", '=({0}DRIFTFLAG({0}WEIGHT(A2:A3);{0}WEIGHT(B2:B3))&"")'),
    ],
)
def test_texts_are_joined_and_left_again(formula, kept):
    """The join is added once, around the call alone, and taken away whole."""
    formula, kept = formula.format(CALLS), kept.format(CALLS)
    assert keep_texts(formula) == keep_texts(kept) == kept
    assert leave_texts(kept) == formula
