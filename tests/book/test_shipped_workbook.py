"""The shipped workbook as a user's copy: plan, execution, empty plan; macros and charts untouched."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from rebalance_xl.book import actions
from rebalance_xl.book.problems import ERROR, WARNING
from rebalance_xl.hosts.file import FileWorkbook
from tests.book.books import amounts


@pytest.fixture
def copy(root: Path, tmp_path: Path) -> Path:
    path = tmp_path / "Rebalancer.xlsm"
    path.write_bytes((root / "workbook" / "Rebalancer.xlsm").read_bytes())
    return path


def test_the_shipped_book_is_sound(copy: Path) -> None:
    """Check finds neither errors nor warnings."""
    assert [str(each) for each in actions.check(FileWorkbook.open(copy)) if each.severity in (ERROR, WARNING)] == []


def test_sol_doubled_is_planned_recorded_and_done(copy: Path) -> None:
    """The plan of the practical example; once it is recorded there is nothing to do."""
    plan = actions.rebalance(FileWorkbook.open(copy))
    assert amounts(plan) == {
        "SOL": ("SELL", 1600.0),
        "BTC": ("BUY", 400.0),
        "ETH": ("BUY", 600.0),
        "ETHUSDT": (plan.trades[-1].action, 600.0),
    }
    assert plan.trades[-1].action.startswith("OPEN")
    actions.record(FileWorkbook.open(copy))
    after = actions.plan(FileWorkbook.open(copy))
    assert after.nothing_to_do
    assert all(line.reason for line in after.lines)


def test_macros_charts_and_other_sheets_are_copied_as_they_are(root: Path, copy: Path) -> None:
    """Only sheets and tables that the actions write to change."""
    before = zipfile.ZipFile(root / "workbook" / "Rebalancer.xlsm")
    actions.rebalance(FileWorkbook.open(copy))
    actions.record(FileWorkbook.open(copy))
    with zipfile.ZipFile(copy) as after:
        assert after.namelist() == before.namelist()
        changed = {name for name in before.namelist() if before.read(name) != after.read(name)}
    assert all(name.startswith(("xl/worksheets/sheet", "xl/tables/table")) for name in changed)
    assert "xl/vbaProject.bin" not in changed
    assert len(changed) <= 7
    before.close()
