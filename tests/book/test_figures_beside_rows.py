"""What stands beside a row that the plan cannot use: its error, in words, and never a blank that looks like nothing."""

from __future__ import annotations

from rebalance_xl.book.asked import BookAnswers
from rebalance_xl.book.figures import figure_table
from rebalance_xl.book.parts import BookParts
from rebalance_xl.cells import CellError, to_serial
from tests.book.books import DAY, perpetual, spot, stable, workbook


def test_a_row_that_cannot_be_used_shows_its_error_beside_it() -> None:
    """A Leverage of 0.5 is named in each figure; a sound row has numbers, a closed one without a mark has blanks."""
    rows = [
        perpetual("BTCUSDT", "BTC", "long", 100.0, Quantity=1.0, EntryPrice=100.0, Margin=50.0, Leverage=0.5),
        perpetual("ETHUSDT", "ETH", "long", 100.0, Quantity=1.0, EntryPrice=90.0, Margin=50.0),
        {"Symbol": "LUNAUSDT", "Asset": "LUNA", "Side": "long", "Quantity": 0.0},
    ]
    book = workbook([spot("BTC", 6_000.0, 0.6), stable(4_000.0, 0.4)], rows)
    asked = BookAnswers(BookParts.of_workbook(book), to_serial(DAY))
    names = ["Equity", "Funding a day"]
    broken, sound, closed = figure_table(asked, names)
    assert all(isinstance(cell, CellError) and "Leverage of BTCUSDT is 0.5" in cell.reason for cell in broken)
    assert sound == [60.0, 0.0]
    assert closed == ["", ""]
