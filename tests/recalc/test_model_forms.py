"""Functions without arguments: the workbook's own model stands in, and reacts to its changes."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from rebalance_xl.recalc.workbook import recalculate
from tests.recalc.books import make, rewrite, values

SHEET = "xl/worksheets/sheet1.xml"
HEADERS = ("Asset", "Quantity", "Price", "Value", "Target", "Band")
ROWS = [("BTC", 0.5, 10000, 0.5, 0.05), ("ETH", 3, 1000, 0.3, 0.05), ("SOL", 10, 360, 0.2, 0.05)]


def _portfolio(path: Path, formulas: dict[str, str], headers: tuple[str, ...] = HEADERS, **names: str) -> Path:
    def build(book: Any, sheet: Any) -> None:
        columns = [{"header": header} for header in headers]
        sheet.add_table(0, 0, len(ROWS), len(headers) - 1, {"name": "Portfolio", "columns": columns})
        for row, (asset, quantity, price, target, band) in enumerate(ROWS, start=1):
            sheet.write_row(row, 0, [asset, quantity, price])
            sheet.write_formula(row, 3, f"=B{row + 1}*C{row + 1}", None, 0)
            sheet.write(row, 4, target)
            if len(headers) > 5:
                sheet.write(row, 5, band)
        for name, target in names.items():
            book.define_name(name, target)
        for cell, formula in formulas.items():
            sheet.write_dynamic_array_formula(cell, formula, None, 0)

    return make(path, build)


def _column(path: Path, letter: str) -> list[Any]:
    found = values(path)
    return [found.get(f"{letter}{row}") for row in (2, 3, 4)]


def test_trim_amount_of_the_portfolio(tmp_path: Path) -> None:
    """One amount per row: SOL holds 3,600 of 11,600 against a target of 20 %."""
    path = _portfolio(tmp_path / "b.xlsx", {"H2": "=TRIM_AMOUNT()"})
    report = recalculate(path)
    assert report.spills == {"Sheet1!H2": "H2:H4"}
    assert _column(path, "H") == pytest.approx([0, 0, 3600 - 0.2 * 11600])


def test_it_reacts_to_a_changed_price(tmp_path: Path) -> None:
    """After SOL's price falls nothing is to be trimmed, after another recalculation."""
    path = _portfolio(tmp_path / "b.xlsx", {"H2": "=TRIM_AMOUNT()"})
    recalculate(path)
    rewrite(path, {SHEET: lambda xml: xml.replace("<v>360</v>", "<v>200</v>")})
    assert recalculate(path, check=True).stale
    recalculate(path)
    assert _column(path, "H") == [0, 0, 0]


def test_options_come_from_named_cells(tmp_path: Path) -> None:
    """TrimTo in the workbook changes the destination; the function written out gives the same."""
    written_out = '=TRIM_AMOUNT(Portfolio[Value],Portfolio[Target],Portfolio[Band],"midpoint")'
    path = _portfolio(tmp_path / "b.xlsx", {"H2": "=TRIM_AMOUNT()", "I2": written_out}, TrimTo='="midpoint"')
    recalculate(path)
    assert _column(path, "H") == pytest.approx([0, 0, 3600 - 0.225 * 11600])
    assert _column(path, "H") == _column(path, "I")


def test_an_optional_column_that_is_missing_is_left_out(tmp_path: Path) -> None:
    """Without a Band column the band is 0."""
    path = _portfolio(tmp_path / "b.xlsx", {"H2": "=TRIM_AMOUNT()"}, HEADERS[:5])
    recalculate(path)
    assert _column(path, "H") == pytest.approx([0, 0, 3600 - 0.2 * 11600])


def test_a_required_column_that_is_missing_is_named(tmp_path: Path) -> None:
    """#N/A with the reason where the model lacks what the function needs."""
    path = _portfolio(tmp_path / "b.xlsx", {"H2": "=TRIM_AMOUNT()"}, ("Asset", "Quantity", "Price", "Worth", "Target"))
    report = recalculate(path)
    assert values(path)["H2"] == "#N/A"
    (row,) = [row for row in report.changed if row.cell == "H2"]
    assert "Portfolio[Value]" in row.cause


def test_rows_of_a_table(tmp_path: Path) -> None:
    """Per-row calls with a gap among the arguments agree with the spilled call."""

    def build(book: Any, sheet: Any) -> None:
        columns = [{"header": header} for header in (*HEADERS, "Trim")]
        sheet.add_table(0, 0, 3, 6, {"name": "Portfolio", "columns": columns})
        for row, (asset, quantity, price, target, band) in enumerate(ROWS, start=1):
            sheet.write_row(row, 0, [asset, quantity, price, quantity * price, target, band])
            formula = "=TRIM_AMOUNT([@Value],[@Target],[@Band],,,SUM([Value]))"
            sheet.write_formula(
                row, 6, formula.replace("[@", "Portfolio[@").replace("([Value", "(Portfolio[Value"), None, 0
            )

    path = make(tmp_path / "b.xlsx", build)
    recalculate(path)
    assert _column(path, "G") == pytest.approx([0, 0, 3600 - 0.2 * 11600])


def test_the_date_defaults_to_today(tmp_path: Path) -> None:
    """An omitted as_of is TODAY(), which --as-of pins."""

    def build(_: Any, sheet: Any) -> None:
        sheet.write_datetime("A1", dt.datetime(2026, 1, 31))
        sheet.write_formula("B1", '=REVIEW_DUE(A1,"monthly")', None, False)

    path = make(tmp_path / "b.xlsx", build)
    recalculate(path, as_of=dt.date(2026, 2, 27))
    assert values(path)["B1"] is False
    recalculate(path, as_of=dt.date(2026, 2, 28))
    assert values(path)["B1"] is True


def test_the_workbooks_tiers_reach_the_function(tmp_path: Path) -> None:
    """A MarginTiers table of the workbook is handed to the functions that look tiers up."""

    def build(_: Any, sheet: Any) -> None:
        sheet.write_formula("A1", '=MAINTENANCE_MARGIN(1000,"binance:TESTUSDT")', None, 0)
        headers = ("Venue", "Symbol", "Unit", "Floor", "Cap", "MaxLeverage", "Rate", "Amount")
        sheet.add_table(
            "C1:J2",
            {
                "name": "MarginTiers",
                "columns": [{"header": header} for header in headers],
                "data": [["binance", "TESTUSDT", "notional", 0, 50000, 20, 0.04, 0]],
            },
        )

    path = make(tmp_path / "b.xlsx", build)
    report = recalculate(path)
    assert [row.cause for row in report.changed if row.cause] == []
    assert values(path)["A1"] == pytest.approx(40)


@pytest.mark.parametrize(
    "table, column, hint",
    [
        ("Portfolio", "Targets", "did you mean the column Targets, which is to be called Target?"),
        ("Portfolios", "Target", "did you mean the table Portfolios, which is to be called Portfolio?"),
    ],
)
def test_a_misspelt_column_or_table_is_named(tmp_path: Path, table: str, column: str, hint: str) -> None:
    """Where the model lacks a column or table, the reason names the one that was probably meant."""
    path = tmp_path / "book.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("Book")
        columns = [{"header": name} for name in ("Value", column)]
        sheet.add_table(0, 0, 2, 1, {"name": table, "columns": columns, "data": [[6000, 0.5], [4000, 0.5]]})
        sheet.write_dynamic_array_formula("D2:D3", "=DRIFT_FLAG()", None, 0)
    [row] = [row for row in recalculate(path).changed if row.cell == "D2"]
    assert str(row.new) == "#N/A"
    assert hint in row.cause
