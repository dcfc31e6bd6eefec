"""The ribbon's actions on the shipped workbook, through the commands that write files."""

from __future__ import annotations

import json
import warnings
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from typer.testing import CliRunner

from rebalance_xl.cli import app


def run(*arguments: object) -> tuple[int, str]:
    """Run the command; its exit code and what it printed."""
    result = CliRunner().invoke(app, [str(each) for each in arguments])
    return result.exit_code, result.output


def rows(path: Path, sheet: str, first: int = 5) -> list[tuple[Any, ...]]:
    """Return the data rows of a sheet's table until the first empty one."""
    with warnings.catch_warnings(action="ignore"):
        book = openpyxl.load_workbook(path, data_only=True)
    found = []
    for row in book[sheet].iter_rows(min_row=first, values_only=True):
        if row[0] is None:
            break
        found.append(row)
    return found


@pytest.fixture(scope="module")
def planned(workbook: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Press Rebalance."""
    out = tmp_path_factory.mktemp("planned") / "planned.xlsm"
    code, text = run("plan", workbook, "--write", "-o", out)
    assert code == 0, text
    return out


@pytest.fixture(scope="module")
def recorded(planned: Path) -> Path:
    """Trade as planned, press Record execution."""
    out = planned.with_name("recorded.xlsm")
    code, text = run("record", planned, "-o", out)
    assert code == 0, text
    return out


def test_a_check_finds_nothing_wrong(workbook: Path) -> None:
    """The shipped book has no error and no warning."""
    code, text = run("check", workbook, "--as-of", "2026-11-20")
    assert code == 0
    assert "error" not in text.lower()
    assert "warning" not in text.lower()


def test_rebalance_writes_the_plan_that_is_shipped(workbook: Path, planned: Path) -> None:
    """The Plan sheet already holds what the button writes, so pressing it changes nothing there."""
    written, shipped = rows(planned, "Plan"), rows(workbook, "Plan")
    assert len(written) == len(shipped)
    for new, old in zip(written, shipped, strict=True):
        assert [each for each in new if isinstance(each, str)] == [each for each in old if isinstance(each, str)]
        numbers = [[each for each in row if isinstance(each, int | float)] for row in (new, old)]
        assert numbers[0] == pytest.approx(numbers[1], rel=1e-12)


def test_rebalance_adds_a_journal_row(planned: Path) -> None:
    """The Journal gets the trigger and the figures."""
    (row,) = rows(planned, "Journal")
    assert row[1:3] == ("PLAN", "THRESHOLD")
    assert row[3:7] == (12_000, 1_600, 1_000, 600)


def test_rebalance_overwrites_no_input(workbook: Path, planned: Path) -> None:
    """Quantities, prices, targets and settings are as before."""
    for sheet in ("Portfolio", "Futures", "Settings", "Venues", "Events"):
        assert rows(planned, sheet, 4) == rows(workbook, sheet, 4)


def test_record_books_the_fills(recorded: Path) -> None:
    """The end state is the one of the practical example: 5,400, 3,600, 2,400 and a margin of 600."""
    assert [row[6] for row in rows(recorded, "Portfolio")] == pytest.approx([5_400, 3_600, 2_400, 0])
    (position,) = rows(recorded, "Futures")
    assert position[6:8] == pytest.approx((0.72, 2_500))
    assert position[10] == pytest.approx(600)
    assert [row[1] for row in rows(recorded, "Journal")] == ["PLAN", "EXECUTION"]


def test_after_the_execution_there_is_nothing_to_do(recorded: Path) -> None:
    """The plan of the recorded book trades nothing and says why for every row."""
    code, text = run("plan", recorded, "--json")
    assert code == 0
    plan = json.loads(text)
    assert plan["trigger"]["kind"] == "NONE"
    assert {line["action"] for line in plan["lines"]} == {"HOLD"}
    assert all(line["reason"] for line in plan["lines"])


def test_the_written_books_are_calculated(planned: Path, recorded: Path) -> None:
    """What the actions write is a workbook whose formulas show the new state."""
    for path in (planned, recorded):
        code, text = run("recalc", path, "--check")
        assert code == 0, text


def test_macros_ribbon_and_charts_survive(workbook: Path, recorded: Path) -> None:
    """Every part other than sheets, tables and shared strings is untouched."""
    with zipfile.ZipFile(workbook) as before, zipfile.ZipFile(recorded) as after:
        assert before.namelist() == after.namelist()
        changed = {name for name in before.namelist() if before.read(name) != after.read(name)}
    allowed = ("xl/worksheets/sheet", "xl/tables/", "xl/sharedStrings", "xl/calcChain")
    assert [name for name in changed if not name.startswith(allowed)] == []
