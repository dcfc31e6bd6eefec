"""The package around the sheets: ribbon, code names, references, dynamic arrays, validation."""

from __future__ import annotations

import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
from lxml import etree

from rebalance_xl.authoring.page import code_name
from rebalance_xl.book import schema
from rebalance_xl.functions import FUNCTIONS
from rebalance_xl.review import sheet as review_tables

MAIN = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
SHEETS = [
    "Dashboard", "Portfolio", "Futures", "Plan", "Stress", "Review", "Events", "Prices", "Venues", "MarginTiers",
    "Wallets", "CollateralTiers", "Lots", "CashFlows", "Journal", "Fills", "Settings", "Functions", "xlwings.conf",
]  # fmt: skip


def xml(parts: dict[str, bytes], name: str) -> etree._Element:
    """Parse a part."""
    return etree.fromstring(parts[name])


def sheet_parts(parts: dict[str, bytes]) -> dict[str, etree._Element]:
    """Return the worksheets by name; XlsxWriter numbers them in order."""
    return {name: xml(parts, f"xl/worksheets/sheet{number}.xml") for number, name in enumerate(SHEETS, 1)}


def tables(parts: dict[str, bytes]) -> dict[str, list[str]]:
    """Return the columns of each table."""
    found = {}
    for name in parts:
        if name.startswith("xl/tables/"):
            table = xml(parts, name)
            found[table.get("name")] = [column.get("name") for column in table.findall(".//m:tableColumn", MAIN)]
    return found


def test_sheets_and_their_code_names(parts: dict[str, bytes], sources: dict[str, str]) -> None:
    """Every sheet and the workbook name the module that belongs to them."""
    book = xml(parts, "xl/workbook.xml")
    assert [sheet.get("name") for sheet in book.findall(".//m:sheet", MAIN)] == SHEETS
    assert book.find("m:workbookPr", MAIN).get("codeName") == "ThisWorkbook"
    for name, sheet in sheet_parts(parts).items():
        assert sheet.find("m:sheetPr", MAIN).get("codeName") == code_name(name)
        assert code_name(name) in sources


def test_the_ribbon_and_its_callbacks(parts: dict[str, bytes], sources: dict[str, str]) -> None:
    """The ribbon is related to the package, and each callback is a public procedure of the right signature."""
    relations = parts["_rels/.rels"].decode()
    assert "http://schemas.microsoft.com/office/2007/relationships/ui/extensibility" in relations
    assert 'Target="customUI/customUI14.xml"' in relations
    ribbon = xml(parts, "customUI/customUI14.xml")
    assert ribbon.tag == "{http://schemas.microsoft.com/office/2009/07/customui}customUI"
    labels = [button.get("label") for button in ribbon.iter("{*}button")]
    assert labels == [
        "Refresh", "Rebalance", "Record execution", "Review", "Check book", "Functions", "About",
    ]  # fmt: skip
    module = sources["RibbonActions"]
    assert f"Public Sub {ribbon.get('onLoad')}(Ribbon As IRibbonUI)" in module
    for button in ribbon.iter("{*}button"):
        assert f"Public Sub {button.get('onAction')}(Control As IRibbonControl)" in module
    identifiers = [element.get("id") for element in ribbon.iter() if element.get("id")]
    assert len(identifiers) == len(set(identifiers))


def test_the_dashboard_button_calls_a_macro(parts: dict[str, bytes], sources: dict[str, str]) -> None:
    """The button on the sheet names a public procedure without arguments."""
    drawing = next(text for name, data in parts.items() if (text := data.decode("latin-1")) and "FmlaMacro" in text)
    assert "<x:FmlaMacro>[0]!RebalanceThisBook</x:FmlaMacro>" in drawing
    assert "Public Sub RebalanceThisBook()" in sources["RibbonActions"]


def test_excel_keeps_the_values_until_something_changes(parts: dict[str, bytes]) -> None:
    """No calculation on load: without macros the functions would all turn into #NAME?."""
    calculation = xml(parts, "xl/workbook.xml").find("m:calcPr", MAIN)
    assert dict(calculation.attrib) == {"calcId": "191029"}


def test_function_groups(parts: dict[str, bytes], sources: dict[str, str]) -> None:
    """The groups of the function wizard are declared after Excel's own, and each function is in one of them."""
    groups = xml(parts, "xl/workbook.xml").find("m:functionGroups", MAIN)
    count = int(groups.get("builtInGroupCount"))
    assert count == 19
    numbers = {int(n) for n in re.findall(r'VB_Invoke_Func = " \\n(\d+)"', sources["xlwings_udfs"])}
    assert numbers == set(range(count, count + len(groups)))
    assert max(len(group.get("name")) for group in groups) <= 32
    assert len(groups) == len({function.category for function in FUNCTIONS.values()})


def test_our_functions_are_dynamic_arrays(parts: dict[str, bytes]) -> None:
    """Each formula with one of the functions is one, else Excel shows an @ before it and nothing spills."""
    names = re.compile(r"\b(" + "|".join(FUNCTIONS) + r")\(")
    seen = 0
    for name, sheet in sheet_parts(parts).items():
        for cell in sheet.iter(f"{{{MAIN['m']}}}c"):
            formula = cell.find("m:f", MAIN)
            if formula is not None and names.search(formula.text or ""):
                assert (formula.get("t"), cell.get("cm")) == ("array", "1"), (name, cell.get("r"))
                seen += 1
    assert seen > 100


def test_functions_newer_than_excel_2007_carry_their_prefix(parts: dict[str, bytes]) -> None:
    """In a file Excel knows its newer functions only by that prefix; every name is ours or an old one."""
    old = {"AND", "DATE", "DAY", "IF", "IFERROR", "ISNUMBER", "MONTH", "RIGHT", "SUM", "SUMIF", "TODAY", "YEAR"}
    old |= {
        "ABS",
        "COUNT",
        "COUNTA",
        "COUNTIF",
        "COUNTIFS",
        "ERROR.TYPE",
        "INDEX",
        "INT",
        "LARGE",
        "LEN",
        "LOWER",
        "MATCH",
        "MAX",
    }
    old |= {"ROW", "SUBSTITUTE", "TRIM"}
    used = set()
    for name, data in parts.items():
        if name.startswith(("xl/worksheets/sheet", "xl/tables/")):
            for formula in re.findall(r"<(?:f|formula1?|calculatedColumnFormula)\b[^>]*>([^<]*)<", data.decode()):
                used |= set(re.findall(r"([A-Za-z_][\w.]*)\(", re.sub(r'"[^"]*"', "", formula)))
    assert used - set(FUNCTIONS) - old == set()


def test_structured_references_resolve(parts: dict[str, bytes]) -> None:
    """Every table and column that a formula, name or format refers to exists."""
    columns = tables(parts)
    texts = [parts["xl/workbook.xml"].decode()]
    texts += [data.decode() for name, data in parts.items() if name.startswith("xl/worksheets/sheet")]
    texts += [data.decode() for name, data in parts.items() if name.startswith("xl/tables/")]
    found = set()
    for text in texts:
        for formula in re.findall(
            r"<(?:f|formula1?|formula2|definedName|calculatedColumnFormula)\b[^>]*>([^<]*)<", text
        ):
            found |= set(re.findall(r"\b([A-Za-z]\w*)\[(?:\[#This Row\],)?\[?([A-Za-z]\w*)\]", formula))
    assert len(found) > 10
    assert [(table, column) for table, column in found if column not in columns.get(table, [])] == []


def test_names_point_at_cells_that_exist(parts: dict[str, bytes]) -> None:
    """Every setting of the schema, and Total, is a named cell."""
    book = xml(parts, "xl/workbook.xml")
    names = {
        name.get("name"): name.text for name in book.findall(".//m:definedName", MAIN) if not name.get("localSheetId")
    }
    assert set(names) == {*schema.SETTINGS, "Total"}
    for target in names.values():
        assert re.fullmatch(r"(Settings|Dashboard)!\$[A-Z]+\$\d+", target)


def test_tables_have_the_columns_of_the_design(parts: dict[str, bytes]) -> None:
    """The tables are those of the book's schema, with its spelling; a first book's columns stand before the folded."""
    found = {name: columns for name, columns in tables(parts).items() if not name.startswith("Review")}
    wanted = {name: {column.name for column in table.columns} for name, table in schema.TABLES.items()}
    assert {name: set(columns) for name, columns in found.items()} | {"Prices": {"Date"}} == wanted
    assert found["Portfolio"][:12] == [
        "Asset", "Sector", "Kind", "Venue", "Quantity", "Price", "Value", "CostBasis", "Target", "Band", "Locked",
        "Priority",
    ]  # fmt: skip
    assert found["Futures"][:14] == [
        "Symbol", "Asset", "Venue", "Side", "Contract", "MarginMode", "Quantity", "EntryPrice", "MarkPrice", "Leverage",
        "Margin", "Target", "HedgeRatio", "FundingRate",
    ]  # fmt: skip
    for name in set(found) - {"Portfolio", "Futures", "Prices"}:
        assert found[name] == [column.name for column in schema.TABLES[name].columns]


def test_tables_of_the_review(parts: dict[str, bytes]) -> None:
    """The tables of the sheet Review have the columns that the review writes."""
    found = {name: columns for name, columns in tables(parts).items() if name.startswith("Review")}
    assert found == {
        review_tables.NOTES: list(review_tables.NOTE_HEADERS),
        review_tables.VARIANTS: list(review_tables.VARIANT_HEADERS),
        review_tables.CURVES: list(review_tables.CURVE_HEADERS),
        review_tables.GRID: list(review_tables.GRID_HEADERS),
        review_tables.RETURNS: list(review_tables.RETURN_HEADERS),
        review_tables.BOOTSTRAP: list(review_tables.BOOTSTRAP_HEADERS),
        review_tables.BARS: list(review_tables.BAR_HEADERS),
    }


@pytest.mark.parametrize("name", ["Portfolio", "Futures", "Plan", "Events", "Venues", "Journal"])
def test_enumerated_columns_are_validated(parts: dict[str, bytes], name: str) -> None:
    """A column of words, or of yes and no, offers exactly these in a list, also in rows yet to come."""
    sheet = sheet_parts(parts)[name]
    lists = {
        rule.get("sqref"): rule.find("m:formula1", MAIN).text.strip('"').split(",")
        for rule in sheet.findall(".//m:dataValidation[@type='list']", MAIN)
    }
    shown = tables(parts)[name]
    wanted = [schema.TABLES[name].column(column) for column in shown]
    words = {
        chr(ord("A") + shown.index(each.name)): list(each.words) if each.words else ["yes", "no"]
        for each in wanted
        if each.words or each.kind in ("flag", "lock")
    }
    assert {area[0]: choice for area, choice in lists.items()} == words
    assert all(int(area.rpartition(":")[2][1:]) > 200 for area in lists)


def test_every_book_sheet_is_ready_to_print_and_to_scroll(parts: dict[str, bytes]) -> None:
    """Panes are frozen at the headers, and a page is as wide as the sheet."""
    for name, sheet in sheet_parts(parts).items():
        assert sheet.find("m:pageSetup", MAIN).get("paperSize") == "9", name
        assert sheet.find("m:sheetPr/m:pageSetUpPr", MAIN).get("fitToPage") == "1", name
        if name != "xlwings.conf":
            assert sheet.find(".//m:pane", MAIN).get("state") == "frozen", name


@pytest.mark.slow
def test_openxml_audit_finds_nothing(workbook: Path) -> None:
    """The package is valid against the schemas."""
    audit = pytest.importorskip("openxml_audit", reason="openxml-audit is not installed")
    result = audit.OpenXmlValidator().validate(str(workbook))
    assert [str(error) for error in result.errors] == []
    assert result.is_valid


def test_the_configuration_begins_in_a1_without_a_gap(parts: dict[str, bytes], workbook: Path) -> None:
    """The settings stand where xlwings looks, and name the interpreter that the installer makes."""
    import openpyxl

    book = openpyxl.load_workbook(workbook, read_only=True)
    rows = list(book["xlwings.conf"].iter_rows(max_row=8, max_col=2, values_only=True))
    book.close()
    settings = {str(key).upper(): value for key, value in rows}
    assert settings["INTERPRETER_WIN"] == r"%LOCALAPPDATA%\Rebalancer\venv\Scripts\pythonw.exe"
    assert settings["UDF MODULES"] == "udfs"
    assert settings["USE UDF SERVER"] == "True"
    assert None not in [key for key, _ in rows]


def test_the_installer_makes_what_the_workbook_looks_for(root: Path) -> None:
    """The script's environment is the one of xlwings.conf, its xlwings the one that is pinned."""
    import tomllib

    from rebalance_xl.authoring.help_sheets import CONFIGURATION

    script = (root / "workbook" / "install.ps1").read_text(encoding="utf-8")
    pinned = [each for each in tomllib.loads((root / "pyproject.toml").read_text())["project"]["dependencies"]]
    version = next(each.partition("==")[2].partition(";")[0] for each in pinned if each.startswith("xlwings=="))
    assert f"$XlwingsVersion = '{version}'" in script
    folder = dict(CONFIGURATION)["Interpreter_Win"].removeprefix("%LOCALAPPDATA%\\").split("\\")
    assert folder == ["Rebalancer", "venv", "Scripts", "pythonw.exe"]
    assert "Join-Path $env:LOCALAPPDATA 'Rebalancer'" in script
    assert "Join-Path $Folder 'venv'" in script
    assert script.isascii(), "Windows PowerShell 5.1 reads a script without byte order mark as ANSI"


@pytest.mark.slow
def test_libreoffice_opens_it_with_all_sheets_and_modules(workbook: Path, tmp_path: Path) -> None:
    """LibreOffice loads the file without repair: every sheet, and the VBA modules with their kinds."""
    soffice = shutil.which("soffice")
    if soffice is None:
        pytest.skip("LibreOffice is not installed")
    subprocess.run(
        [soffice, f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}", "--headless",
         "--convert-to", "ods", "--outdir", str(tmp_path), str(workbook)],
        check=True, capture_output=True, timeout=180, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    with zipfile.ZipFile(tmp_path / "Rebalancer.ods") as converted:
        content = converted.read("content.xml").decode()
        modules = {
            Path(name).stem: converted.read(name).decode()
            for name in converted.namelist()
            if name.startswith("Basic/") and name.endswith(".xml") and "script-l" not in name
        }
    assert re.findall(r'<table:table table:name="([^"]+)"', content)[: len(SHEETS)] == SHEETS
    kinds = {name: re.search(r'script:moduleType="(\w+)"', text) for name, text in modules.items()}
    assert kinds["DashboardSheet"][1] == "document"
    assert kinds["Dictionary"][1] == "class"
    assert kinds["RibbonActions"][1] == "normal"
    assert {"ThisWorkbook", "ErrorMarks", "ModelTables", "FunctionHelp", "xlwings", "xlwings_udfs"} <= set(kinds)
