"""Answers with anything in the place of anything: never a crash, never an absurd figure, never a zero for a price."""

from __future__ import annotations

import copy
import datetime as dt
import random
from pathlib import Path
from typing import Any

import pytest

from rebalance_xl.hosts.file import FileWorkbook
from rebalance_xl.venues.difference import Options, apply, compare
from rebalance_xl.venues.fetching import Wish, fetch
from rebalance_xl.venues.preparing import prepared
from tests.venues.books import NOW, rows_of, venue_book
from tests.venues.loopback import Venues, maker, secrets_of

ODD = (None, "", "x", 0, "0", -1, [], {}, True, "NaN", 1e308, "-5", "0.0001", [None], {"a": 1})
ABOVE_ZERO = ("Price", "MarkPrice", "EntryPrice", "VenueLiquidation", "Leverage", "ContractSize", "FundingHours")


def changed(body: Any, draw: random.Random) -> None:
    """Put odd values into some places of a body."""
    places: list[tuple[Any, Any]] = []

    def walk(value: Any) -> None:
        for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
            places.append((value, key))
            walk(value[key])

    walk(body)
    for _ in range(draw.choice([1, 1, 2, 4]) if places else 0):
        holder, key = draw.choice(places)
        holder[key] = copy.deepcopy(draw.choice(ODD))


def play(server: Venues, folder: Path, count: int, seed: int) -> None:
    """Refresh from bodies with odd values and look at the book that comes out."""
    draw = random.Random(seed)
    bodies = copy.deepcopy(server.bodies)
    books = {each: venue_book(folder / f"{each}.xlsx", each).read_bytes() for each in bodies}
    back = NOW - dt.timedelta(days=3)
    for _ in range(count):
        venue = draw.choice(list(bodies))
        server.bodies[venue] = copy.deepcopy(bodies[venue])
        changed(draw.choice(server.bodies[venue]["answers"])["body"], draw)
        wish = Wish(venue, venue, assets=("BTC",), closes=("BTC", "ETH"), closes_since=back, flows_since=back)
        reply = fetch(wish, NOW, secrets_of(venue), maker(server), sleep=lambda seconds: None)
        assert not [each.line for each in reply.faults if "Error)" in each.line]
        port = FileWorkbook.from_bytes(books[venue])
        apply(port, compare(port, prepared(port, reply.found, "USD"), Options(NOW)))
        written = FileWorkbook.from_bytes(port.content())
        for table in ("Portfolio", "Futures", "Wallets", "MarginTiers", "CashFlows", "Prices"):
            for row in rows_of(written, table):
                figures = {name: cell for name, cell in row.items() if isinstance(cell, float)}
                assert all(abs(cell) < 1e20 for cell in figures.values()), row
                assert all(figures[name] > 0 for name in ABOVE_ZERO if name in figures), row


def test_odd_answers(server: Venues, tmp_path: Path) -> None:
    """A sample of them."""
    play(server, tmp_path, 25, 3)


@pytest.mark.slow
def test_many_odd_answers(server: Venues, tmp_path: Path) -> None:
    """Three hundred of them."""
    play(server, tmp_path, 300, 7)
