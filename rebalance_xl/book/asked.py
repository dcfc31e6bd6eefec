"""A book with what worksheet formulas ask of it, each computed once and kept for the next formula."""

from __future__ import annotations

import dataclasses
from collections import OrderedDict
from functools import cached_property
from typing import Any, Final

from rebalance_xl.book.accounts import book_accounts
from rebalance_xl.book.decision import Decision, decide
from rebalance_xl.book.futures import Tiers, worth_of
from rebalance_xl.book.model import Book, read_book, require_sound
from rebalance_xl.book.parts import BookParts
from rebalance_xl.book.plan import described
from rebalance_xl.book.plan_data import Plan
from rebalance_xl.book.problems import ERROR
from rebalance_xl.book.rows import Position
from rebalance_xl.book.states import Worth
from rebalance_xl.functions.account import ReadyAccounts

_KEPT: Final = 4
_recent: OrderedDict[Any, BookAnswers] = OrderedDict()


class BookAnswers:
    """A book with what is asked of it, each computed once."""

    def __init__(self, parts: BookParts, today: float | None) -> None:
        self.parts = parts
        book = read_book(parts)
        self.book: Book = book if book.as_of is not None else dataclasses.replace(book, as_of=today)

    @cached_property
    def tiers(self) -> Tiers:
        """The margin tiers of its positions."""
        return Tiers.of(self.book)

    @cached_property
    def worth(self) -> Worth:
        """What it is worth, with the standing of every position."""
        return worth_of(self.book, self.tiers)

    @cached_property
    def decision(self) -> Decision:
        """The plan in numbers."""
        return decide(require_sound(self.book))

    @cached_property
    def plan(self) -> Plan:
        """The plan."""
        return described(self.decision)

    @cached_property
    def accounts(self) -> ReadyAccounts:
        """The derivatives accounts."""
        found = book_accounts(self.book, self.tiers.tables)
        return ReadyAccounts(tuple(dataclasses.replace(each.account, stated=each.given) for each in found))

    def problem_of(self, table: str, row: int, apart_from: str = "") -> str:
        """Return what is wrong with a row of a table, "" where nothing is but what is said to be about `apart_from`."""
        data = self.parts.read_table(table)
        assert data is not None
        cells = {data.address(row, column) for column in range(len(data.headers))}
        errors = [each for each in self.book.problems if each.severity == ERROR and each.where in cells]
        return "; ".join([each.message for each in errors if not apart_from or each.about != apart_from])

    def no_price(self, position: Position) -> str:
        """Return why a position has no liquidation price."""
        why = self.tiers.problem(position)
        if not why and self.book.venue(position.venue).account_mode == "given":
            why = f"the equity of the account at {position.venue} is given, not computed"
        return f"{position.symbol}: {why or 'there is no such price'}"

    def rows(self, table: str) -> int:
        """Return the rows of a table, blank ones included."""
        data = self.parts.read_table(table)
        return 0 if data is None else len(data.rows)

    def height(self, table: str) -> int:
        """Return the rows of a table up to its last one that holds anything."""
        data = self.parts.read_table(table)
        rows = [] if data is None else data.rows
        return max((i for i, row in enumerate(rows, 1) if any(cell not in (None, "") for cell in row)), default=0)


def answers_for(parts: BookParts, today: float | None) -> BookAnswers:
    """Return a book's answers, kept for the formulas that ask about the same book again."""
    # TRUE equals 1 and 1.0, but a Locked of TRUE is no unit: where the truth values stand is part of the key.
    truths = tuple(
        (table.name, i, j)
        for table in parts.tables
        if table.name != "Prices"
        for i, row in enumerate(table.rows)
        for j, cell in enumerate(row)
        if cell is True or cell is False
    )
    key = (parts, truths, today)
    found = _recent.get(key)
    if found is None:
        found = _recent[key] = BookAnswers(parts, today)
        while len(_recent) > _KEPT:
            _recent.popitem(last=False)
    else:
        _recent.move_to_end(key)
    return found
