"""The commands of menu and toolbar, in a running Calc, against the same actions on a workbook in memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rebalance_xl.book import actions, schema
from rebalance_xl.book.forms import plan_rows
from rebalance_xl.book.memory import MemoryWorkbook
from rebalance_xl.cells import to_serial

from .books import FUTURES, PORTFOLIO, SETTINGS, write_book
from .office import Office

PLAN_COLUMNS = [column.name for column in schema.PLAN.columns]


def memory_book(**changes: Any) -> MemoryWorkbook:
    """Return the same book without a host."""
    tables = {}
    for name, columns in (("Portfolio", {**PORTFOLIO, **changes}), ("Futures", FUTURES)):
        tables[name] = [list(columns), *zip(*columns.values(), strict=True)]
    for table in (schema.PLAN, schema.JOURNAL):
        tables[table.name] = [[column.name for column in table.columns], [None for _ in table.columns]]
    return MemoryWorkbook(tables, SETTINGS)


@pytest.fixture
def book(office: Office, tmp_path: Path) -> Iterator[Office]:
    """Open the book."""
    office.open(path=str(write_book(tmp_path / "book.xlsx")))
    yield office
    office.close_document(name="book")


def table(office: Office, name: str) -> list[dict[str, Any]]:
    """Return a table of the open document as rows by header."""
    found = office.port(call="read_table", arguments=[name])
    return [dict(zip(found["headers"], row, strict=True)) for row in found["rows"]]


def press(office: Office, command: str) -> None:
    """Run a command as menu and toolbar do."""
    office.dispatch(url=f"org.rebalancer.calc:{command}")


def same(actual: Any, expected: Any) -> bool:
    """Tell whether two cells are equal, numbers to 12 digits and a blank text as a blank."""
    if isinstance(expected, float | int) and isinstance(actual, float):
        return actual == pytest.approx(float(expected), rel=1e-12, abs=1e-12)
    return (actual or None) == (expected or None)


def test_rebalance_writes_the_plan_of_the_command_line(book):
    """The Plan table holds the plan of the book, line by line; the Journal gets a row; inputs stay."""
    before = table(book, "Portfolio")
    press(book, "rebalance")
    expected = plan_rows(actions.plan(memory_book()))
    written = table(book, "Plan")
    assert len(written) == len(expected)
    for row, wanted in zip(written, expected, strict=True):
        differing = {
            name: (row[name], wanted.get(name)) for name in PLAN_COLUMNS if not same(row[name], wanted.get(name))
        }
        assert differing == {}
    trades = {row["Asset"]: row["Amount"] for row in written if row["Action"] in ("SELL", "BUY", "OPEN LONG")}
    assert trades == {"SOL": 1600.0, "BTC": 400.0, "ETH": 600.0, "ETHUSDT": 600.0}
    journal = table(book, "Journal")
    assert [(row["Date"], row["Entry"]) for row in journal] == [(to_serial(SETTINGS["AsOf"]), "PLAN")]
    assert table(book, "Portfolio") == before


def test_rebalance_twice_replaces_the_plan(book):
    """A second press writes the same plan again and a second Journal row; one Undo takes one press back."""
    press(book, "rebalance")
    first = table(book, "Plan")
    press(book, "rebalance")
    assert table(book, "Plan") == first
    assert len(table(book, "Journal")) == 2
    book.undo()
    assert len(table(book, "Journal")) == 1


def test_record_applies_the_fills(book):
    """After Rebalance and Record the book is on target, and a new plan has nothing to do."""
    press(book, "rebalance")
    press(book, "record")
    quantities = {row["Asset"]: row["Quantity"] for row in table(book, "Portfolio")}
    assert quantities["SOL"] == pytest.approx(15.0)
    assert quantities["BTC"] == pytest.approx(0.108)
    assert [row["Entry"] for row in table(book, "Journal")] == ["PLAN", "EXECUTION"]
    before = to_serial(SETTINGS["LastReview"]) if SETTINGS.get("LastReview") else None
    assert book.port(call="read_name", arguments=["LastReview"]) == before  # a threshold trade is no review


def test_a_refusal_leaves_the_book_as_it_was(office, tmp_path):
    """Targets that sum to 1.2 are refused: no plan, no Journal row, nothing to undo."""
    office.open(path=str(write_book(tmp_path / "book.xlsx", Target=[0.5, 0.4, 0.3])))
    press(office, "rebalance")
    assert all(cell is None for row in table(office, "Plan") for cell in row.values())
    assert all(cell is None for row in table(office, "Journal") for cell in row.values())
    assert office.undo_titles() == []
    assert "the targets sum to 1.2 " in office.log_text()
    office.close_document(name="book")


def test_check_names_the_cells(office, tmp_path):
    """A price that is text is reported with its cell."""
    office.open(path=str(write_book(tmp_path / "book.xlsx", Price=[50000, "?", 160])))
    press(office, "check")
    assert "Book!D3" in office.log_text()
    office.close_document(name="book")


def test_unknown_commands_and_functions_do_no_harm(book):
    """An unknown command is answered; Functions and About change nothing."""
    for command in ("nonsense", "about"):
        press(book, command)
    assert 'no command "nonsense"' in book.log_text()
    assert book.modified() is False
