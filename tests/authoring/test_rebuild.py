"""The committed workbook is what the sources make, and shows what the engine computes."""

from __future__ import annotations

import warnings
from pathlib import Path

import openpyxl
import pytest

from rebalance_xl.recalc.workbook import recalculate

pytest.importorskip("xlsxwriter", reason="XlsxWriter is not installed")


@pytest.fixture(scope="module")
def built() -> bytes:
    """Build the workbook."""
    from rebalance_xl.authoring.build import build

    return build()


@pytest.fixture(scope="module")
def shown(workbook: Path) -> openpyxl.Workbook:
    """Open the workbook with the values that its cells show."""
    with warnings.catch_warnings(action="ignore"):
        return openpyxl.load_workbook(workbook, data_only=True)


def column(book: openpyxl.Workbook, sheet: str, title: str, header: int = 4) -> list[object]:
    """Return what stands under a header until the first empty cell."""
    cells = book[sheet][header]
    letter = next(cell.column_letter for cell in cells if cell.value == title)
    values = (cell.value for cell in book[sheet][letter][header:])
    out: list[object] = []
    for value in values:
        if value is None:
            break
        out.append(value)
    return out


def test_a_rebuild_gives_the_committed_bytes(workbook: Path, parts: dict[str, bytes], built: bytes) -> None:
    """What is committed is what ``python -m rebalance_xl.authoring`` makes, byte for byte."""
    import zlib

    import xlsxwriter

    from rebalance_xl.authoring.package import read_parts

    version = f"XlsxWriter {xlsxwriter.__version__}"
    if version not in parts["docProps/core.xml"].decode():
        pytest.skip(f"built with another release than the installed {version}, which may write other bytes")
    assert read_parts(built) == parts
    if "zlib-ng" not in zlib.ZLIB_RUNTIME_VERSION:  # it packs the same parts into other bytes
        assert workbook.read_bytes() == built


def test_every_formula_shows_what_a_recalculation_gives(workbook: Path) -> None:
    """No cached value is stale, no formula gives an error, no function is unknown."""
    report = recalculate(workbook, check=True)
    assert [(row.sheet, row.cell, row.old, row.new, row.cause) for row in report.changed] == []
    assert (report.stale, report.errors, report.kept, report.unknown_functions) == (False, 0, 0, [])
    assert report.computed == report.formulas > 100


def test_every_formula_has_a_value(parts: dict[str, bytes]) -> None:
    """With macros disabled nothing is blank: the value of every formula is in the file."""
    from lxml import etree

    space = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    for name in (name for name in parts if name.startswith("xl/worksheets/sheet")):
        for cell in etree.fromstring(parts[name]).iter(f"{space}c"):
            if cell.find(f"{space}f") is not None:
                assert cell.find(f"{space}v") is not None, (name, cell.get("r"))


def test_it_opens_with_the_practical_example(shown: openpyxl.Workbook) -> None:
    """SOL doubled: 1,600 of it are to be sold, a gain of 800 is realised, BTC lacks 400 and ETH 600."""
    assert column(shown, "Portfolio", "Asset") == ["BTC", "ETH", "SOL", "USDT"]
    assert column(shown, "Portfolio", "Trim") == [0, 0, pytest.approx(1600), 0]
    assert column(shown, "Portfolio", "Short of target") == [pytest.approx(400), pytest.approx(600), 0, 0]
    assert column(shown, "Portfolio", "Realised gain") == [0, 0, pytest.approx(800), 0]
    assert column(shown, "Portfolio", "Flag") == ["HOLD", "HOLD", "TRIM", "HOLD"]


def test_it_opens_with_the_plan_of_the_example(shown: openpyxl.Workbook) -> None:
    """The Plan sheet holds variant 3: sell 1,600, buy 600 and 400, 600 of margin; money is conserved."""
    lines = list(zip(*(column(shown, "Plan", title) for title in ("Asset", "Action")), strict=True))
    amounts = [cell.value for cell in shown["Plan"]["C"][4:8]]
    assert lines[:4] == [("SOL", "SELL"), ("ETH", "BUY"), ("BTC", "BUY"), ("ETHUSDT", "OPEN LONG")]
    assert amounts == pytest.approx([1600, 600, 400, 600])
    assert [shown["Plan"]["H"][row].value for row in (4, 5, 6, 7)] == pytest.approx([0.20, 0.30, 0.45, 0.05])
    check = next(row for row in shown["Plan"].iter_rows(min_row=5, values_only=True) if row[1] == "CHECK")
    assert check[9].endswith("difference 0.00")


def test_the_dashboard_tells_the_state_of_the_book(shown: openpyxl.Workbook) -> None:
    """Value, trigger, money to sell, gain, reserve, next review and liquidation distance are there."""
    sheet = shown["Dashboard"]
    labels = {cell.value: sheet.cell(5, cell.column).value for cell in sheet[4] if cell.value}
    assert labels["BOOK VALUE"] == pytest.approx(12_000)
    assert labels["TRIGGER"] == "THRESHOLD"
    assert labels["TO SELL"] == pytest.approx(1600)
    assert labels["REALISED GAIN"] == pytest.approx(800)
    assert labels["RESERVE"] == "LOW"
    assert f"{labels['NEXT REVIEW']:%Y-%m-%d}" == "2026-12-02"
    assert labels["NEAREST LIQUIDATION"] == pytest.approx(1 - 1673.3601 / 2500, abs=1e-6)


def test_the_charts_draw_the_cells_they_name(shown: openpyxl.Workbook, parts: dict[str, bytes]) -> None:
    """The values stored in the charts are those of the sheet."""
    import re

    chart = parts["xl/charts/chart1.xml"].decode()
    drawn = [float(text) for text in re.findall(r"<c:v>([-0-9.e]+)</c:v>", chart)]
    weights = [shown["Dashboard"].cell(row, 4).value for row in range(24, 28)]
    assert shown["Dashboard"].cell(23, 4).value == "Weight"
    assert drawn[:4] == pytest.approx(weights)


def test_examples_on_the_functions_sheet_show_their_documented_answers(shown: openpyxl.Workbook) -> None:
    """The live examples give what the catalogue declares."""
    from rebalance_xl.cells import to_serial
    from rebalance_xl.functions import FUNCTIONS

    sheet = shown["Functions"]
    seen = 0
    for row in sheet.iter_rows(min_row=4):
        formula = row[1].value
        examples = [e for f in FUNCTIONS.values() for e in f.examples if e.formula == formula]
        if not examples or row[3].value == examples[0].expected:
            continue
        expected = examples[0].result
        first = expected[0][0] if isinstance(expected, list) else expected
        value = row[3].value
        if hasattr(value, "year"):
            value = to_serial(value)
        if isinstance(first, float | int) and not isinstance(first, bool):
            assert value == pytest.approx(first, rel=1e-9), formula
        else:
            assert ("" if value is None else value) == first, formula
        seen += 1
    assert seen >= len(FUNCTIONS)
