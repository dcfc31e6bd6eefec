"""Refresh on a document that is open in Calc: real ccxt over loopback, read and written through Calc's workbook."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rebalance_xl.book.interface import TableData
from rebalance_xl.cells import MISSING, CellError
from rebalance_xl.venues.buttons import apply, preview_refresh
from tests.venues.books import NOW, find, venue_book
from tests.venues.loopback import Venues, maker

from .office import Office


class OfficePort:
    """The workbook interface of the document in the other process; answers come back as they were."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def __getattr__(self, name: str) -> Any:
        def call(*arguments: Any) -> Any:
            return _value(self._office.port(call=name, arguments=[_plain(each) for each in arguments]))

        return call

    date_offset = 0.0

    def read_table(self, name: str) -> TableData | None:
        """Return a table as the interface declares it."""
        found = self._office.port(call="read_table", arguments=[name])
        if found is None:
            return None
        rows = tuple(tuple(_value(cell) for cell in row) for row in found.pop("rows"))
        return TableData(rows=rows, **{key: tuple(each) if key == "headers" else each for key, each in found.items()})


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return {"date": value.isoformat()} if isinstance(value, dt.date) else value


def _value(answer: Any) -> Any:
    if isinstance(answer, list):
        return [_value(each) for each in answer]
    if isinstance(answer, dict):
        if "error" in answer:
            return CellError(answer["error"])
        return MISSING if "missing" in answer else dt.datetime.fromisoformat(answer["date"])
    return answer


@pytest.fixture
def book(office: Office, tmp_path: Path) -> Iterator[Office]:
    """Open a book that names OKX and holds little."""
    office.open(path=str(venue_book(tmp_path / "book.xlsx", "okx")))
    yield office
    office.close_document(name="book")


def _portfolio(port: OfficePort) -> list[dict[str, Any]]:
    table = port.read_table("Portfolio")
    assert table is not None
    return [dict(zip(table.headers, row, strict=True)) for row in table.rows]


@pytest.mark.slow
def test_an_open_document_is_filled_after_the_preview(book: Office, okx: Venues) -> None:
    """The preview changes nothing; what it shows is what the cells hold after apply; again finds nothing new."""
    port = OfficePort(book)
    before = _portfolio(port)
    shown = preview_refresh(port, NOW, make=maker(okx))
    assert "(BTC okx Price): 80000 -> 90000" in shown.text
    assert _portfolio(port) == before
    apply(port, shown)
    assert find(_portfolio(port), Asset="BTC")["Price"] == 90000.0
    assert len(_portfolio(port)) > len(before)
    again = preview_refresh(port, NOW, make=maker(okx))
    assert not again.has_changes, again.text


def test_the_button_says_what_it_lacks_and_changes_nothing(book: Office) -> None:
    """LibreOffice's Python has no ccxt: the button says so, names the command, and leaves the book as it was."""
    port = OfficePort(book)
    before = _portfolio(port)
    book.dispatch(url="org.rebalancer.calc:refresh")
    assert "ccxt" in book.log_text()
    assert _portfolio(port) == before
