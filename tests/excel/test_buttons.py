"""The buttons of the ribbon on a live workbook: what they write and what their dialogs say."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

import pytest
import xlwings

from rebalance_xl.book import actions
from rebalance_xl.book.memory import MemoryWorkbook
from rebalance_xl.book.problems import BookError
from rebalance_xl.cells import to_serial
from rebalance_xl.hosts import excel, excel_buttons
from rebalance_xl.hosts.excel_book import ExcelWorkbook
from tests.book.books import DAY, ETH_MARGIN, example, spot, workbook

from .engine import Book, open_book

Press = Callable[[MemoryWorkbook], Book]


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Press:
    """Open a workbook in Excel, from which the next button is pressed."""

    def open_in_excel(memory: MemoryWorkbook) -> Book:
        book, behind = open_book(memory.tables, memory.settings)
        monkeypatch.setattr(xlwings.Book, "caller", lambda: book)
        monkeypatch.setattr(xlwings.engines, "active", xlwings.Engine(impl=behind.app.engine))
        return behind

    return open_in_excel


def same(rows: list[list[Any]], others: list[list[Any]]) -> bool:
    """Tell whether two tables hold the same, a blank text being blank."""

    def plain(value: Any) -> Any:
        if value == "":
            return None
        if isinstance(value, float | int) and not isinstance(value, bool):
            return round(float(value), 6)
        return to_serial(value) if hasattr(value, "year") else value

    return [[plain(cell) for cell in row] for row in rows] == [[plain(cell) for cell in row] for row in others]


def said(behind: Book) -> tuple[str, str]:
    """Return text and mode of the only dialog."""
    ((prompt, mode, _),) = behind.app.alerts
    return prompt, mode


def test_rebalance_writes_the_plan_of_the_practical_example(opened: Press) -> None:
    """SOL 1,600 is sold; Plan and Journal are as in any host; the inputs are as they were."""
    behind = opened(workbook(example(), [ETH_MARGIN]))
    before = behind.rows("Portfolio")
    excel.rebalance_button()
    expected = workbook(example(), [ETH_MARGIN])
    actions.rebalance(expected)
    assert same(behind.rows("Plan"), expected.tables["Plan"])
    assert same(behind.rows("Journal"), expected.tables["Journal"])
    assert behind.rows("Portfolio") == before
    sol = next(row for row in behind.rows("Plan") if row[0] == "SOL")
    assert sol[1:3] == ["SELL", 1600.0]
    text, mode = said(behind)
    assert mode == "info"
    assert "SELL SOL 1,600.00" in text
    assert "nothing else was changed" in text
    assert behind.shown == "Plan"


def test_rebalance_twice_replaces_the_plan_and_adds_a_journal_row(opened: Press) -> None:
    """The Plan table holds one plan, the Journal every one of them."""
    behind = opened(workbook(example(), [ETH_MARGIN]))
    excel.rebalance_button()
    first = behind.rows("Plan")
    excel.rebalance_button()
    assert behind.rows("Plan") == first
    assert len(behind.rows("Journal")) == 3


def test_record_applies_the_fills_and_leaves_nothing_to_do(opened: Press) -> None:
    """After Rebalance and Record the book is as in any host, and the next plan is empty."""
    behind = opened(workbook(example(), [ETH_MARGIN]))
    excel.rebalance_button()
    behind.app.alerts.clear()
    excel.record_button()
    expected = workbook(example(), [ETH_MARGIN])
    actions.rebalance(expected)
    actions.record(expected)
    for table in ("Portfolio", "Futures", "Plan", "Journal"):
        assert same(behind.rows(table), expected.tables[table]), table
    assert behind.sheet("Settings").shown((5, 3)) is None  # a trade over the band is no review
    (question, _, buttons), (answer, mode, _) = behind.app.alerts
    assert "Record these fills as executed?" in question
    assert "SELL SOL 1,600.00 (8 at 200)" in question
    assert buttons == "yes_no"
    assert (answer.startswith("Recorded 4 fills on 2026-09-30"), mode) == (True, "info")
    behind.app.alerts.clear()
    excel.rebalance_button()
    assert "Nothing to do." in said(behind)[0]


def test_record_asks_first(opened: Press) -> None:
    """With No, nothing is written."""
    behind = opened(workbook(example(), [ETH_MARGIN]))
    excel.rebalance_button()
    writes, behind.app.answer = behind.writes, "no"
    excel.record_button()
    assert behind.writes == writes


def test_a_review_in_which_nothing_is_traded_is_recorded(opened: Press) -> None:
    """The question says so, LastReview becomes the day, and the Journal gets a row."""
    rows = [spot("BTC", 6_000.0, 0.6), spot("ETH", 4_000.0, 0.4)]
    settings = {"ReviewFrequency": "monthly", "LastReview": dt.date(2026, 8, 1)}
    behind = opened(workbook(rows, settings=settings))
    excel.rebalance_button()
    behind.app.alerts.clear()
    excel.record_button()
    (question, *_), (answer, mode, _) = behind.app.alerts
    assert question.startswith("Record the review? Nothing was traded")
    assert answer.startswith("Recorded the review on 2026-09-30")
    assert mode == "info"
    assert [row[1] for row in behind.rows("Journal")[1:]] == ["PLAN", "EXECUTION"]
    behind.app.alerts.clear()
    excel.record_button()
    assert "nothing to record" in said(behind)[0]


@pytest.mark.parametrize("answer", ["yes", "no"])
def test_a_book_that_changed_since_its_plan_is_recorded_after_a_yes_only(opened: Press, answer: str) -> None:
    """The question says that quantities changed; No leaves everything, Yes goes on."""
    behind = opened(workbook(example(), [ETH_MARGIN]))
    excel.rebalance_button()
    behind.app.alerts.clear()
    port = ExcelWorkbook(xlwings.Book.caller())
    port.set_cells("Portfolio", 0, {"Quantity": 0.11})
    port.commit()
    behind.app.answer = answer
    excel.record_button()
    assert "changed since this plan was written" in behind.app.alerts[0][0]
    entries = [row[1] for row in behind.rows("Journal")[1:]]
    assert entries == (["PLAN", "EXECUTION"] if answer == "yes" else ["PLAN"])
    assert len(behind.app.alerts) == (2 if answer == "yes" else 1)


def test_record_without_a_plan(opened: Press) -> None:
    """There is nothing to record before Rebalance was pressed."""
    behind = opened(workbook(example()))
    excel.record_button()
    assert said(behind) == ("Plan: the Plan table holds nothing to record: press Rebalance first", "critical")


@pytest.mark.parametrize(
    "spoil, words",
    [
        (lambda book: book.tables.pop("Plan"), "no table Plan"),
        (lambda book: book.tables.pop("Portfolio"), "Portfolio"),
        (lambda book: book.tables["Portfolio"][1].__setitem__(5, None), "Price"),
        (lambda book: book.tables["Portfolio"].append(book.tables["Portfolio"][1]), "BTC"),
        (lambda book: book.tables["Portfolio"][1].__setitem__(7, 0.9), "the targets sum to 1.4"),
        (lambda book: book.tables["Portfolio"][0].__setitem__(7, "Tarrget"), "Target"),
    ],
    ids=["no plan table", "no portfolio", "blank price", "asset twice", "targets above 1", "misspelt column"],
)
def test_refusals_are_told_in_the_words_of_the_command_line(opened: Press, spoil: Any, words: str) -> None:
    """A broken book gets the sentences that every host prints, and not one cell is written."""
    broken, control = workbook(example()), workbook(example())
    spoil(broken)
    spoil(control)
    behind = opened(broken)
    excel.rebalance_button()
    with pytest.raises(BookError) as refusal:
        actions.rebalance(control)
    text, mode = said(behind)
    assert mode == "critical"
    assert words in text
    # The corner of a table differs from that in memory, the sentences do not.
    assert re.sub(r"![A-Z]+\d+", "", text) == re.sub(r"![A-Z]+\d+", "", str(refusal.value))
    assert behind.writes == 0


def test_check_lists_problems_with_their_cells(opened: Press) -> None:
    """A blank price is named by its cell in the workbook; a sound book says so."""
    rows = example()
    rows[1]["Price"] = None
    behind = opened(workbook(rows))
    excel.check_button()
    assert "ERROR Portfolio!G5" in said(behind)[0]
    sound = opened(workbook([spot("BTC", 500.0, 0.5), spot("ETH", 500.0, 0.5)], settings={"LastReview": DAY}))
    excel.check_button()
    assert "ERROR" not in said(sound)[0]


def test_long_messages_fit_into_a_message_box(opened: Press) -> None:
    """Forty broken rows are told in part, with how many more there are."""
    rows = [{**spot(f"COIN{number}", 10.0, 0.01), "Price": None} for number in range(40)]
    behind = opened(workbook(rows))
    excel.check_button()
    text, _ = said(behind)
    assert len(text) <= 1023
    assert "more lines." in text


def test_functions_button(opened: Press) -> None:
    """The Functions sheet comes to the front; where it cannot be shown the names are told."""
    behind = opened(MemoryWorkbook({"Functions": [["Function"], ["WEIGHT"]]}))
    excel.functions_button()
    assert (behind.shown, behind.app.alerts) == ("Functions", [])
    behind.sheet("Functions").hidden = True
    excel.functions_button()
    assert "TRIM_AMOUNT" in said(behind)[0]


def test_about_button(opened: Press) -> None:
    """The versions and the workbook are named."""
    behind = opened(MemoryWorkbook())
    excel.about_button()
    text, _ = said(behind)
    for part in ("Rebalancer 0.", f"xlwings {xlwings.__version__}", "Python 3.", "C:\\Book.xlsm"):
        assert part in text


def test_workbook_that_counts_from_1904(opened: Press, monkeypatch: pytest.MonkeyPatch) -> None:
    """The buttons refuse it, for they would write days four years off."""
    behind = opened(workbook(example()))
    monkeypatch.setattr(ExcelWorkbook, "has_1904_dates", lambda self: True)
    excel.rebalance_button()
    text, mode = said(behind)
    assert (text.startswith("This workbook counts its dates from 1904"), mode) == (True, "critical")
    assert behind.writes == 0


class ExcelRefusalError(Exception):
    """Has what pywin32 puts into its errors."""

    excepinfo = (0, "Microsoft Excel", "The cell is protected.", None, 0, -2146827284)


@pytest.mark.parametrize(
    "failure, words",
    [(ZeroDivisionError("division by zero"), "ZeroDivisionError: division by zero"),
     (ExcelRefusalError(-2147352567), "The cell is protected.")],
)  # fmt: skip
def test_failure_is_a_sentence(opened: Press, monkeypatch: pytest.MonkeyPatch, failure: Exception, words: str) -> None:
    """What nobody thought of is told in Excel's or Python's own words and logged, not thrown at Excel."""

    def fail(*_: Any, **__: Any) -> None:
        raise failure

    behind = opened(workbook(example()))
    monkeypatch.setattr(excel_buttons.actions, "check", fail)
    excel.check_button()
    text, mode = said(behind)
    assert text.splitlines()[0] == f"Rebalancer failed: {words}"
    assert "close the workbook without saving" in text
    assert mode == "critical"


class Preview:
    """What a refresh has found."""

    text = "BTC Quantity: 1 -> 2"

    def __init__(self, has_changes: bool) -> None:
        self.has_changes = has_changes


@pytest.mark.parametrize(("changes", "answer", "applied"), [(True, "yes", 1), (True, "no", 0), (False, "yes", 0)])
def test_refresh_writes_after_a_yes_only(
    opened: Press, monkeypatch: pytest.MonkeyPatch, changes: bool, answer: str, applied: int
) -> None:
    """What would change is shown; it is written once after a yes, and never without changes."""
    from rebalance_xl.venues import buttons

    written: list[Any] = []
    monkeypatch.setattr(buttons, "preview_refresh", lambda port: Preview(changes))
    monkeypatch.setattr(buttons, "apply", lambda port, found: written.append(found))
    behind = opened(workbook(example(), [ETH_MARGIN]))
    behind.app.answer = answer
    excel.refresh_button()
    assert "BTC Quantity: 1 -> 2" in behind.app.alerts[0][0]
    assert len(written) == applied
