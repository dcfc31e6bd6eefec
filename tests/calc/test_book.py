"""The workbook interface on an open Calc document."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from .office import Office, OfficeError


class Port:
    """Calls the interface on a document; ``port.read_table("Plan")``."""

    def __init__(self, office: Office, name: str) -> None:
        self.office, self.name = office, name

    def __getattr__(self, call: str) -> Any:
        return lambda *arguments: self.office.port(call=call, arguments=arguments, name=self.name)


@pytest.fixture
def book(office: Office) -> Iterator[Office]:
    """Open a document with a Plan table in B2:D4, a cell below it, and a named cell."""
    office.new(name="book")
    office.put(address="B2:D4", values=[["Asset", "Action", "Amount"], ["BTC", "SELL", 1600], ["ETH", None, None]])
    office.table(table="Plan", address="B2:D4")
    office.put(address="B6", values=[["below"]])
    office.put(address="F1", values=[["target"]])
    office.name(label="TrimTo", content="$Sheet1.$F$1")
    office.name(label="MinTrade", content="25")
    yield office
    office.close_document(name="book")


@pytest.fixture
def port(book: Office) -> Port:
    """Return the interface on that document."""
    return Port(book, "book")


def shown(book: Office, address: str) -> list[list[object]]:
    """Return values, texts and errors of cells, None for an empty one."""
    cells = book.cells(address=address)
    return [[cell.get("value", cell.get("text", cell.get("shown"))) for cell in row] for row in cells]


def test_a_table_is_read_with_its_place(port):
    """Headers, rows and the address of the table come out; blanks are None; names match without case."""
    assert port.read_table("PLAN") == {
        "name": "Plan",
        "headers": ["Asset", "Action", "Amount"],
        "rows": [["BTC", "SELL", 1600.0], ["ETH", None, None]],
        "sheet": "Sheet1",
        "top": 2,
        "left": 2,
    }
    assert port.table_names() == ["Plan"]


def test_errors_and_flags_keep_their_kind(book, port):
    """An error value and a TRUE are read as such, not as a number or a blank."""
    book.formula(address="D3", formula="=1/0")
    book.formula(address="D4", formula="=TRUE()")
    assert [row[2] for row in port.read_table("Plan")["rows"]] == [{"error": "#DIV/0!"}, True]


def test_dates_of_a_1904_book(book, port):
    """A date goes into a 1904 book in its own count, is shown as a date, and comes back as the day it was."""
    book.origin_of_dates(year=1904, month=1, day=1)
    port.set_cells("Plan", 0, {"Amount": {"date": "2026-11-22T00:00:00"}})
    assert book.cells(address="D3")[0][0]["value"] == 46348 - 1462
    assert port.read_table("Plan")["rows"][0][2] == {"date": "2026-11-22T00:00:00"}


def test_names(book, port):
    """A named cell has a value and an address; a constant has a value; an unknown name is MISSING."""
    assert port.read_name("trimto") == "target"
    assert port.read_name("MinTrade") == 25.0
    assert port.read_name("Cooldown") == {"missing": True}
    assert port.name_address("TrimTo") == "Sheet1!F1"
    port.write_name("TrimTo", "edge")
    assert shown(book, "F1") == [["edge"]]


def test_a_longer_table_pushes_down_what_is_below(book, port):
    """Six rows instead of two: the cell below the table moves, the table covers all rows."""
    rows = [[f"A{number}", number] for number in range(6)]
    port.write_table("Plan", ["Asset", "Amount", "Unknown"], [[*row, "lost"] for row in rows])
    port.commit()
    assert port.read_table("Plan")["rows"] == [[name, None, float(number)] for name, number in rows]
    assert shown(book, "B8:B9") == [["A5"], [None]]
    assert ["below"] in shown(book, "B9:B12")


def test_a_shorter_table_leaves_nothing_behind(book, port):
    """One row instead of two: the second row is empty and no longer part of the table."""
    port.write_table("Plan", ["Asset"], [["BTC"]])
    assert port.read_table("Plan")["rows"] == [["BTC", None, None]]
    assert shown(book, "B4:D4") == [[None, None, None]]
    port.write_table("Plan", ["Asset"], [])
    assert port.read_table("Plan")["rows"] == [[None, None, None]]


def test_a_row_is_appended_into_the_blank_row_first(book, port):
    """The first row goes into the blank one, the next below it, with the formats of the row above."""
    port.write_table("Plan", ["Asset"], [])
    port.append_row("Plan", {"Asset": "BTC", "Amount": 5.0, "Unknown": 1.0})
    port.append_row("Plan", {"asset": "ETH"})
    assert port.read_table("Plan")["rows"] == [["BTC", None, 5.0], ["ETH", None, None]]


def test_formulas_are_known_as_such(book, port):
    """A formula is told from a typed value, so that a fill never overwrites it."""
    book.formula(address="D4", formula="=D3*2")
    assert port.is_formula("Plan", 1, "Amount") is True
    assert port.is_formula("Plan", 0, "Amount") is False
    assert port.is_formula("Plan", 0, "Fee") is False


def test_the_writes_are_one_step_to_undo(book, port):
    """Undo takes back everything up to the commit at once."""
    port.write_table("Plan", ["Asset"], [["X"], ["Y"], ["Z"]])
    port.write_name("TrimTo", "edge")
    port.commit()
    assert book.undo_titles()[0] == "Rebalance"
    book.undo()
    assert shown(book, "B3:D4") == [["BTC", "SELL", 1600.0], ["ETH", None, None]]
    assert shown(book, "F1") == [["target"]]


def test_abandoned_writes_are_taken_back(book, port):
    """After a failure in the middle the document is as it was, and the user's own last step is not undone."""
    book.typed(address="G1", formula="mine")
    port.set_cells("Plan", 0, {"Action": "BUY"})
    port.abandon()
    port.abandon()
    assert shown(book, "C3") == [["SELL"]]
    assert shown(book, "G1") == [["mine"]]


@pytest.mark.parametrize(
    ("call", "arguments", "message"),
    [
        ("write_table", ["Futures", ["Asset"], []], "no table Futures"),
        ("write_name", ["Cooldown", 3], "no named cell Cooldown"),
        ("set_cells", ["Plan", 7, {"Asset": "X"}], "row 8 is not there"),
    ],
)
def test_what_is_not_there_cannot_be_written(port, call, arguments, message):
    """The refusal names the table, the name or the row."""
    with pytest.raises(OfficeError, match=message):
        getattr(port, call)(*arguments)


def test_a_protected_sheet_is_refused(book, port):
    """A protected sheet stays as it is, and the message says what to do."""
    book.protect(sheet=0)
    with pytest.raises(OfficeError, match="Sheet1 is protected"):
        port.set_cells("Plan", 0, {"Action": "BUY"})
    assert shown(book, "C3") == [["SELL"]]
