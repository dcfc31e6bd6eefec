"""The cells of the shipped workbook, filled with other books, are what ``plan`` says of the same file."""

from __future__ import annotations

import datetime as dt
import io
import warnings
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from rebalance_xl.book.model import read_book
from rebalance_xl.book.plan import make_plan
from rebalance_xl.book.schema import SETTINGS
from rebalance_xl.hosts.file import FileWorkbook
from rebalance_xl.recalc.workbook import recalculate

ROOT = Path(__file__).resolve().parents[2]
DAY = dt.date(2026, 11, 20)
FILLED = ("Portfolio", "Futures", "Events", "Venues", "MarginTiers", "Wallets", "CollateralTiers")


def filled(name: str, folder: Path) -> Path:
    """Return the shipped workbook with the tables of a fixture book, calculated."""
    path = folder / "Rebalancer.xlsm"
    path.write_bytes((ROOT / "workbook" / "Rebalancer.xlsm").read_bytes())
    source, target = FileWorkbook.open(ROOT / "tests" / "fixtures" / name), FileWorkbook.open(path)
    for table in FILLED:
        data, own = source.read_table(table), target.read_table(table)
        assert own is not None
        rows = data.rows if data is not None else [[None] * len(own.headers)]
        target.write_table(table, data.headers if data is not None else own.headers, rows)
    for setting in SETTINGS:
        target.write_name(setting, None)
    target.write_name("AsOf", dt.datetime(DAY.year, DAY.month, DAY.day))
    target.commit()
    recalculate(path, as_of=DAY)
    return path


def beside(book: openpyxl.Workbook, sheet: str, title: str, row: int) -> Any:
    """Return a figure beside a table, by its title and the table's row from 0."""
    place = [cell.column for cell in book[sheet][4] if cell.value == title][-1]
    return book[sheet].cell(5 + row, place).value


@pytest.mark.parametrize(
    "name",
    [
        "account_bybit_isolated.xlsx",
        *(
            pytest.param(each, marks=pytest.mark.slow)
            for each in ("account_single.xlsx", "account_coin_margined.xlsx", "account_okx_multi.xlsx")
        ),
    ],
)
def test_cells_of_the_workbook_are_the_plan(name: str, tmp_path: Path) -> None:
    """Dashboard, Portfolio and Futures show value, trigger, sales, prices, distances and margins of the plan."""
    path = filled(name, tmp_path)
    book = read_book(FileWorkbook.open(path), today=DAY)
    plan = make_plan(book)
    with warnings.catch_warnings(action="ignore"):  # openpyxl does not know every extension
        cells = openpyxl.load_workbook(io.BytesIO(path.read_bytes()), data_only=True)
    assert cells["Dashboard"]["B5"].value == pytest.approx(plan.totals.value)
    assert cells["Dashboard"]["D5"].value == plan.trigger.kind
    sold = sum(line.amount for line in plan.lines if line.action == "SELL")
    assert cells["Dashboard"]["F5"].value == pytest.approx(sold)
    for position, figures in zip(book.positions, plan.positions, strict=True):
        price = figures.liquidation_price
        shown = beside(cells, "Futures", "Liquidation price", position.row)
        assert shown == ("NEVER" if price == float("inf") else pytest.approx(price))
        assert beside(cells, "Futures", "Equity", position.row) == pytest.approx(figures.equity)
        assert beside(cells, "Futures", "Margin in money", position.row) == pytest.approx(figures.margin)
        if price != float("inf"):
            shown = beside(cells, "Futures", "Distance", position.row)
            assert shown == pytest.approx(figures.liquidation_distance)
    for holding in book.holdings:
        weight = beside(cells, "Portfolio", "Weight", holding.row)
        assert weight == pytest.approx(holding.value / plan.totals.value)
