"""Books from Excel calculate in Calc, and go back to Excel with their names."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from rebalance_xl.hosts.calc.formula_names import to_calc_names, to_excel_names
from rebalance_xl.hosts.calc.names_pass import rewrite_names
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
    # Later versions write a range of one cell as the cell itself.
    back = {formula.replace("E4:E4", "E4").replace("G4:G4", "G4") for formula in formulas(saved)}
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


@pytest.mark.parametrize(
    ("excel", "calc"),
    [
        ("WEIGHT(A1:A3)", "ORG.REBALANCER.FUNCTIONS.WEIGHT(A1:A3)"),
        ('IF(A1="WEIGHT(1)",1,2)', 'IF(A1="WEIGHT(1)",1,2)'),
        ("'WEIGHT(1)'!A1+SUM(Table[WEIGHT(x)])", "'WEIGHT(1)'!A1+SUM(Table[WEIGHT(x)])"),
        ("MY_WEIGHT(1)+WEIGHT+Book!WEIGHT(1)", "MY_WEIGHT(1)+WEIGHT+Book!WEIGHT(1)"),
        ("DRIFT(WEIGHT(A1:A2),B1:B2)", "ORG.REBALANCER.FUNCTIONS.DRIFT(ORG.REBALANCER.FUNCTIONS.WEIGHT(A1:A2),B1:B2)"),
    ],
)
def test_names_in_formulas(excel, calc):
    """Only calls of the functions are renamed: not texts, sheets, columns, names, or functions that end alike."""
    assert to_calc_names(excel) == calc
    assert to_excel_names(calc) == excel
    assert to_excel_names(calc.lower()).count("WEIGHT(") == calc.count("FUNCTIONS.WEIGHT(")
