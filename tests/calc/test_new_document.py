"""``rebalance-xl new BOOK.ods`` in Calc: rows can be added, figures and charts follow."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rebalance_xl.commands.new import write_new

from .office import Office

pytestmark = pytest.mark.slow


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
    drawn = opened.chart_values(sheet="Dashboard", index=0)
    weights = next(values for cells, values in drawn.items() if "$D$24" in cells)
    assert weights[:4] == pytest.approx([5000 / 14_000, 4000 / 14_000, 3000 / 14_000, 2000 / 14_000])
