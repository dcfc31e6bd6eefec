"""Write ``sample.xlsx``: the practical example as a book, saved before SOL doubled and not recalculated since.

Run ``python examples/make_sample.py`` from the checkout. The cached values are those of the book with SOL at 80,
when nothing was to be done; the price in it is 160, so a recalculation has something to show.
"""

from __future__ import annotations

import datetime as dt
import tempfile
from pathlib import Path
from typing import Any

import openpyxl
import xlsxwriter

from rebalance_xl.recalc.workbook import recalculate

SAMPLE = Path(__file__).with_name("sample.xlsx")
AS_OF = dt.datetime(2026, 11, 20)

PORTFOLIO = [
    # Asset, Sector, Kind, Venue, Quantity, Price, CostBasis, Target, Band, Priority, Locked
    ("BTC", "Store of value", "spot", "binance", 0.1, 50_000, 5_000, 0.45, 0.05, 1, "no"),
    ("ETH", "Smart contracts", "spot", "binance", 1.2, 2_500, 3_000, 0.30, 0.05, 2, "no"),
    ("SOL", "Smart contracts", "spot", "binance", 25, 160, 2_000, 0.20, 0.05, 3, "no"),
]
COLUMNS = ["Asset", "Sector", "Kind", "Venue", "Quantity", "Price", "CostBasis", "Target", "Band", "Priority", "Locked"]


def _row(name: str) -> str:
    return f"Portfolio[[#This Row],[{name}]]"


_BAND = ",".join(map(_row, ("Value", "Target", "Band")))
FORMULAS = {
    "Value": f"={_row('Quantity')}*{_row('Price')}",
    "Weight": f"=WEIGHT({_row('Value')},Total)",
    "Flag": f"=DRIFT_FLAG({_BAND},BandKind,Total)",
    "Trim": f"=TRIM_AMOUNT({_BAND},TrimTo,BandKind,Total)",
}
FUTURES = {
    "Symbol": "ETHUSDT",
    "Asset": "ETH",
    "Venue": "binance",
    "Side": "long",
    "Contract": "linear",
    "MarginMode": "isolated",
    "Quantity": 0,
    "EntryPrice": None,
    "MarkPrice": 2_500,
    "Leverage": 3,
    "Margin": 0,
    "FundingRate": 0.0001,
    "FundingHours": 8,
    "Expiry": None,
    "Target": 0.05,
    "HedgeRatio": None,
    "Priority": 4,
}
SETTINGS = {
    "AsOf": AS_OF,
    "LastReview": dt.datetime(2026, 11, 2),
    "ReviewFrequency": "monthly",
    "BandKind": "absolute",
    "TrimTo": "target",
    "BuyScope": "underweight",
    "DeployMethod": "priority",
    "MinTrade": 10,
    "Total": "=SUM(Portfolio[Value])+SUM(Futures[Margin])",
}
SUMMARY = [
    ("Value of the book", "=Total", "#,##0.00"),
    ("Largest position", "=INDEX(Portfolio[Asset],MATCH(MAX(Portfolio[Weight]),Portfolio[Weight],0))", "@"),
    ("Trigger", "=REBALANCE_TRIGGER()", "@"),
    ("To sell", "=SUM(TRIM_AMOUNT())", "#,##0.00"),
    ("Gain that the sale realises", "=SUM(REALIZED_GAIN())", "#,##0.00"),
    ("Needed by spot below target", "=SUM(ADD_AMOUNT(Portfolio[Value],Portfolio[Target],,,,Total))", "#,##0.00"),
    ("Left for futures margin", "=UNDEPLOYED()", "#,##0.00"),
    ("Missing", "=OVERCOMMITTED()", "#,##0.00"),
    ("Next review", "=NEXT_REVIEW(LastReview,ReviewFrequency)", "yyyy-mm-dd"),
    ("Days until then", "=NEXT_REVIEW(LastReview,ReviewFrequency)-AsOf", "0"),
]
FORMATS = {"Price": "#,##0.00", "CostBasis": "#,##0.00", "Value": "#,##0.00", "Trim": "#,##0.00"}
FORMATS |= {"Weight": "0.0%", "Target": "0.0%", "Band": "0.0%"}


def write(path: Path, sol_price: float, cached: dict[tuple[str, str], Any]) -> None:
    """Write the book with a price of SOL and given cached values."""
    book = xlsxwriter.Workbook(str(path))
    book.set_properties({"title": "Rebalancer sample", "author": "Rebalancer", "created": AS_OF})
    formats = {code: book.add_format({"num_format": code}) for code in {*FORMATS.values(), "yyyy-mm-dd", "0", "@"}}
    title = book.add_format({"bold": True, "font_size": 14})
    note = book.add_format({"italic": True, "font_color": "#666666"})

    def formula(sheet: Any, row: int, column: int, text: str, style: Any = None) -> None:
        cell = xlsxwriter.utility.xl_rowcol_to_cell(row, column)
        value = cached.get((sheet.name, cell), 0)
        if isinstance(value, dt.datetime):
            value = (value - dt.datetime(1899, 12, 30)).days
        sheet.write_formula(row, column, text, style, value)

    summary = book.add_worksheet("Summary")
    summary.set_column(0, 0, 30)
    summary.set_column(1, 1, 16)
    summary.set_column(2, 2, 100)
    summary.write_string(0, 0, "Rebalancer sample", title)
    summary.write_string(1, 0, "rebalance-xl recalc computes this sheet, rebalance-xl plan makes the plan", note)
    for row, (label, text, code) in enumerate(SUMMARY, 3):
        summary.write_string(row, 0, label)
        formula(summary, row, 1, text, formats[code])
    first = 4 + len(SUMMARY)
    summary.write_string(first - 1, 0, "Trades now, by =TRADE_AMOUNT()", title)
    for index in range(len(PORTFOLIO)):
        formula(summary, first + index, 0, f"=INDEX(Portfolio[Asset],{index + 1})")
    last, code = first + len(PORTFOLIO) - 1, formats["#,##0.00"]
    trades = [cached.get(("Summary", f"B{row + 1}"), 0) for row in range(first, last + 1)]
    summary.write_dynamic_array_formula(first, 1, last, 1, "=TRADE_AMOUNT()", code, trades[0])
    for index in range(1, len(PORTFOLIO)):
        summary.write_number(first + index, 1, trades[index], code)
    for index in range(len(PORTFOLIO)):
        arguments = ",".join(f"INDEX(Portfolio[{name}],{index + 1})" for name in ("Value", "Target", "Band"))
        formula(summary, first + index, 2, f"=REBALANCE_REASON({arguments},TrimTo,BandKind,Total)")

    portfolio = book.add_worksheet("Portfolio")
    headers = [*COLUMNS, *FORMULAS]
    options: list[dict[str, Any]] = [{"header": name, "formula": FORMULAS.get(name, "")} for name in headers]
    for option in options:
        if option["header"] in FORMATS:
            option["format"] = formats[FORMATS[option["header"]]]
    table = {"name": "Portfolio", "columns": options, "style": "Table Style Light 9"}
    portfolio.add_table(0, 0, len(PORTFOLIO), len(headers) - 1, table)
    portfolio.set_column(0, len(headers) - 1, 13)
    portfolio.freeze_panes(1, 1)
    for index, cells in enumerate(PORTFOLIO, 1):
        for column, (name, cell) in enumerate(zip(COLUMNS, cells, strict=True)):
            value = sol_price if (cells[0], name) == ("SOL", "Price") else cell
            portfolio.write(index, column, value, formats[FORMATS[name]] if name in FORMATS else None)
        for column, (name, text) in enumerate(FORMULAS.items(), len(COLUMNS)):
            formula(portfolio, index, column, text, formats[FORMATS[name]] if name in FORMATS else None)

    futures = book.add_worksheet("Futures")
    futures.add_table(0, 0, 1, len(FUTURES) - 1, {"name": "Futures", "columns": [{"header": name} for name in FUTURES]})
    futures.set_column(0, len(FUTURES) - 1, 13)
    for column, cell in enumerate(FUTURES.values()):
        if cell is not None:
            futures.write(1, column, cell)

    settings = book.add_worksheet("Settings")
    settings.set_column(0, 1, 18)
    for row, (name, value) in enumerate(SETTINGS.items()):
        settings.write_string(row, 0, name)
        if isinstance(value, str) and value.startswith("="):
            formula(settings, row, 1, value, formats["#,##0.00"])
        elif isinstance(value, dt.datetime):
            settings.write_datetime(row, 1, value, formats["yyyy-mm-dd"])
        else:
            settings.write(row, 1, value)
        book.define_name(name, f"=Settings!$B${row + 1}")
    book.close()


def cached_before(folder: Path) -> dict[tuple[str, str], Any]:
    """Return the values that the book showed when SOL stood at 80."""
    before = folder / "before.xlsx"
    write(before, 80, {})
    recalculate(before, as_of=AS_OF)
    sheets = openpyxl.load_workbook(before, data_only=True)
    return {(sheet.title, cell.coordinate): cell.value for sheet in sheets for row in sheet.iter_rows() for cell in row}


def main(target: Path = SAMPLE) -> None:
    """Write the sample."""
    with tempfile.TemporaryDirectory() as folder:
        cached = cached_before(Path(folder))
    write(target, 160, cached)


if __name__ == "__main__":
    main()
