"""Record of the Calc menu without an office: what it asks, and what a yes does to the book."""

from __future__ import annotations

import datetime as dt
from typing import Any, cast

import pytest

from rebalance_xl.book import actions
from rebalance_xl.book.memory import MemoryWorkbook
from rebalance_xl.hosts.calc import buttons
from tests.book.books import DAY, ETH_MARGIN, example, spot, workbook


class Answering:
    """A screen that keeps what it shows and gives one answer to every question."""

    def __init__(self, answer: bool) -> None:
        self.answer = answer
        self.said: list[str] = []

    def show(self, message: str, kind: str = "INFOBOX") -> None:
        """Keep a message."""
        self.said.append(message)

    def ask(self, question: str) -> bool:
        """Keep a question and answer it."""
        self.said.append(question)
        return self.answer

    def go_to(self, sheet: str) -> bool:
        """Find no sheet."""
        return False

    def command(self, url: str) -> None:
        """Run nothing."""


def recorded(book: MemoryWorkbook, answer: bool = True) -> list[str]:
    """Press Record on a book and return what is said."""
    screen = Answering(answer)
    buttons.record(cast(Any, book), screen, DAY)
    return screen.said


def entries(book: MemoryWorkbook) -> list[Any]:
    """Return the entries of the Journal."""
    return [row[1] for row in book.tables["Journal"][1:]]


def test_a_review_in_which_nothing_is_traded_is_recorded() -> None:
    """The question says so, and LastReview becomes the day."""
    settings = {"ReviewFrequency": "monthly", "LastReview": dt.date(2026, 8, 1)}
    book = workbook([spot("BTC", 6_000.0, 0.6), spot("ETH", 4_000.0, 0.4)], settings=settings)
    actions.rebalance(book)
    question, answer = recorded(book)
    assert question.startswith("Nothing was traded: record the review")
    assert answer.startswith("The review was recorded on 2026-09-30")
    assert book.settings["LastReview"] == dt.datetime(2026, 9, 30)
    assert entries(book) == ["PLAN", "EXECUTION"]


@pytest.mark.parametrize("answer", [True, False])
def test_a_book_that_changed_since_its_plan_is_recorded_after_a_yes_only(answer: bool) -> None:
    """The question says that quantities changed; No leaves everything, Yes goes on."""
    book = workbook(example(), [ETH_MARGIN])
    actions.rebalance(book)
    book.set_cells("Portfolio", 0, {"Quantity": 0.11})
    said = recorded(book, answer)
    assert "changed since this plan was written" in said[0]
    assert entries(book) == (["PLAN", "EXECUTION"] if answer else ["PLAN"])
    assert len(said) == (2 if answer else 1)


def test_a_plan_of_the_book_as_it_is_asks_for_its_fills_only() -> None:
    """The fills stand in the question, and nothing is said of changes."""
    book = workbook(example(), [ETH_MARGIN])
    actions.rebalance(book)
    question, answer = recorded(book)
    assert "SELL SOL: 1,600.00 (8 at 200), fee 0.00" in question
    assert "changed" not in question
    assert answer.startswith("The fills were recorded on 2026-09-30")
