"""The laws of the plan on books drawn by seed, as wide as traders keep them."""

from __future__ import annotations

import copy
import math
import os

import pytest

from rebalance_xl.book import actions
from rebalance_xl.book.memory import MemoryWorkbook
from rebalance_xl.book.model import Book, read_book
from rebalance_xl.book.plan import book_value, make_plan
from rebalance_xl.book.plan_data import Plan
from rebalance_xl.book.problems import BookError
from rebalance_xl.book.states import rows_by_asset
from rebalance_xl.book.walk import carry_out, decide
from tests.book.wide_books import wide_book

#: Books of a quick run, and of the slow one; REBALANCE_WIDE=20000 asks for as many seeds.
QUICK, SLOW = range(400), range(400, int(os.environ.get("REBALANCE_WIDE", "2000")))


def check_laws(seed: int) -> None:
    """Check every law on the book of a seed."""
    workbook = wide_book(seed)
    book = read_book(workbook)
    try:
        plan = make_plan(book)
    except BookError:
        return
    totals = plan.totals
    where = f"seed {seed}"
    assert totals.check == 0.0, where
    assert math.isclose(math.fsum(line.weight_before or 0.0 for line in plan.lines), 1.0, abs_tol=1e-9), where
    assert math.isclose(math.fsum(line.weight_after or 0.0 for line in plan.lines), 1.0, abs_tol=1e-9), where
    assert math.isclose(totals.value - totals.fees, totals.value_after, abs_tol=1e-6), where
    assert all(line.reason for line in plan.lines), where
    if plan.trigger.kind == "NONE":
        assert plan.nothing_to_do, where
    held = {row.row: row for row in book.holdings}
    out: dict[int, float] = {}
    for line in plan.lines:
        assert line.amount >= 0, where
        assert line.fee >= 0, where
        if line.action in ("SELL", "CONVERT") and line.row is not None:
            out[line.row] = out.get(line.row, 0.0) + (line.quantity or 0.0)
        if line.action in ("SELL", "BUY") and line.row is not None:
            assert held[line.row].target is not None, where
        if line.product == "spot" and line.weight_after is not None:
            assert line.weight_after >= -1e-9, where
    for row, units in out.items():
        free = (held[row].quantity or 0.0) * held[row].free_share
        assert units <= free * (1 + 1e-9) + 1e-12, where
    _check_reserve(seed, book, plan)
    _check_record(seed, workbook, book, plan)


def _check_reserve(seed: int, book: Book, plan: Plan) -> None:
    """Check that ReserveMin holds after the plan wherever it was there before."""
    low = book.settings.reserve_min
    debts = any(row.stable and row.value < 0 for row in book.holdings)
    if low is None or debts:
        return
    before = math.fsum(row.value for row in book.holdings if row.stable)
    after = math.fsum(line.weight_after or 0.0 for line in plan.lines if line.product == "cash")
    if before >= low * plan.totals.value:
        fees = math.fsum(line.fee for line in plan.lines if line.action == "TRANSFER")
        assert after * plan.totals.value_after >= low * plan.totals.value_after - fees - 0.01, f"seed {seed}"


def _check_record(seed: int, workbook: MemoryWorkbook, book: Book, plan: Plan) -> None:
    """Check that the recorded book is worth what the plan says, and as the walk from book to book leaves it."""
    where = f"seed {seed}"
    actions.rebalance(workbook)
    if plan.nothing_to_do:
        return
    before = copy.deepcopy(workbook.tables)
    done = actions.record(workbook)
    after = read_book(workbook)
    value = book_value(after)
    assert math.isclose(value, plan.totals.value_after, rel_tol=1e-9, abs_tol=0.01), where
    assert done.journal["Value"] == pytest.approx(value, abs=0.01), where
    walked = carry_out(book, decide(book))
    assert math.isclose(book_value(walked), value, rel_tol=1e-9, abs_tol=0.01), where
    mine = {key: math.fsum(row.quantity or 0.0 for row in rows) for key, rows in rows_by_asset(after.holdings).items()}
    for key, rows in rows_by_asset(walked.holdings).items():
        assert math.fsum(row.quantity or 0.0 for row in rows) == pytest.approx(
            mine.get(key, 0.0), rel=1e-9, abs=0.01
        ), where
    for one, other in zip(walked.positions, after.positions, strict=True):
        assert (one.quantity, one.margin) == pytest.approx((other.quantity, other.margin), rel=1e-9, abs=1e-9), where
    assert workbook.tables["Portfolio"] != before["Portfolio"] or workbook.tables["Futures"] != before["Futures"], where


def test_the_laws_hold_for_wide_books() -> None:
    """Money is conserved, weights sum to 1, locked units stay, ReserveMin holds, Record leaves what the plan says."""
    for seed in QUICK:
        check_laws(seed)


@pytest.mark.slow
def test_the_laws_hold_for_many_wide_books() -> None:
    """The same for every seed up to the number that REBALANCE_WIDE says."""
    for seed in SLOW:
        check_laws(seed)
