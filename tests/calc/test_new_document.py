"""``rebalance-xl new BOOK.ods`` in Calc: rows can be added, figures and charts follow."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rebalance_xl.authoring.template import read_template
from rebalance_xl.commands.calc import convert
from rebalance_xl.commands.new import write_new
from tests.authoring.growing import assets, grown, positions, tiers

from .office import Office

pytestmark = pytest.mark.slow

#: The sheets with a table that a user fills.
TABLES = [
    "Portfolio", "Futures", "Plan", "Events", "Prices", "Venues", "MarginTiers", "Wallets", "CollateralTiers", "Lots",
    "CashFlows", "Journal", "Fills",
]  # fmt: skip


@pytest.fixture(scope="module")
def opened(office: Office, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """Open a new book in Calc and calculate it."""
    path: Path = tmp_path_factory.mktemp("new") / "Book.ods"
    assert write_new(path, False, as_of="2026-11-20") == 0
    office.open(path=str(path))
    office.calculate()
    yield office
    office.close_document()


def shown(office: Office, sheet: str, address: str) -> list[list[Any]]:
    """Return what cells show; an empty text is None."""
    cells = office.cells(address=address, sheet=sheet)
    return [[_shown(cell) for cell in row] for row in cells]


def _shown(cell: dict[str, Any]) -> Any:
    if "error" in cell:
        return cell["shown"]
    return cell.get("value", cell.get("text") or None)


def test_it_calculates_as_everywhere(opened: Office) -> None:
    """The example's figures are those of the other hosts: SOL is to be trimmed by 1,600."""
    flags = [row[0] for row in shown(opened, "Portfolio", "T5:T8")]
    assert flags == ["HOLD", "HOLD", "TRIM", "HOLD"]
    assert shown(opened, "Portfolio", "U5:U8") == [[0], [0], [pytest.approx(1600)], [0]]
    assert shown(opened, "Dashboard", "B5:D5")[0][0] == pytest.approx(12_000)
    assert shown(opened, "Dashboard", "D5") == [["THRESHOLD"]]


def test_a_row_is_added_with_formats_and_formulas(opened: Office) -> None:
    """A row inserted in the middle, copied from the one above, has figures; Dashboard and chart show it."""
    opened.repeat_row(sheet="Portfolio", row=7)
    opened.put(address="A8", values=[["ADA"]], sheet="Portfolio")
    opened.put(address="E8:F8", values=[[2000, 1]], sheet="Portfolio")
    opened.put(address="I8", values=[[0.05]], sheet="Portfolio")
    opened.calculate()
    assert [row[0] for row in shown(opened, "Portfolio", "A5:A9")] == ["BTC", "ETH", "SOL", "ADA", "USDT"]
    assert shown(opened, "Portfolio", "G8") == [[pytest.approx(2000)]]
    assert shown(opened, "Portfolio", "R8") == [[pytest.approx(2000 / 14_000)]]
    assert shown(opened, "Portfolio", "R9") == [[0]]
    assert opened.look(sheet="Portfolio", address="R8") == opened.look(sheet="Portfolio", address="R7")
    assert opened.look(sheet="Portfolio", address="E8") == opened.look(sheet="Portfolio", address="E7")
    assert [row[0] for row in shown(opened, "Dashboard", "B24:B28")] == ["BTC", "SOL", "ETH", "ADA", "USDT"]
    assert drawn(opened, 0) == pytest.approx([5000 / 14_000, 4000 / 14_000, 3000 / 14_000, 2000 / 14_000, 0])


def drawn(office: Office, chart: int) -> list[float]:
    """Return what the first series of a chart of the Dashboard draws, once LibreOffice is idle."""
    office.idle()
    return next(iter(office.chart_values(sheet="Dashboard", index=chart).values()))


@pytest.mark.parametrize(("count", "open_positions"), [(4, 0), (40, 1), (200, 50)])
def test_a_book_of_excel_is_converted(office: Office, tmp_path: Path, count: int, open_positions: int) -> None:
    """A grown .xlsm becomes an .ods whose charts draw what is there, and in whose tables rows can be inserted."""
    futures = positions(open_positions)
    tables = {"Portfolio": assets(count), "Futures": futures, "MarginTiers": tiers(futures)}
    book = tmp_path / "Grown.xlsm"
    book.write_bytes(grown(read_template(), tables))
    assert convert(book, tmp_path / "Grown.ods", force=False, ignore_lock=False) == 0
    office.open(path=str(tmp_path / "Grown.ods"), name="grown")
    try:
        charts = [office.chart_values(sheet="Dashboard", index=index, name="grown") for index in range(3)]
        lengths = [{len(values) for values in chart.values()} for chart in charts]
        assert lengths == [{min(count, 13)}, {min(count, 13)}, {max(1, min(open_positions, 13))}]
        assert not office.modified(name="grown")
        office.repeat_row(sheet="Portfolio", row=5, name="grown")
        office.put(address="A6", values=[["NEW"]], sheet="Portfolio", name="grown")
        office.put(address="I6", values=[[0]], sheet="Portfolio", name="grown")
        office.calculate(name="grown")
        weights = [cell["value"] for (cell,) in office.cells(address="R5:R6", sheet="Portfolio", name="grown")]
        assert weights[0] == weights[1] > 0  # as many coins at the same price
        for sheet in TABLES:
            office.repeat_row(sheet=sheet, row=5, name="grown")
    finally:
        office.close_document(name="grown")
