"""Venues on loopback, and a way to refresh a book from them."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.venues.books import NOW
from tests.venues.loopback import Venues, bodies_of, environment, maker, serving

Refresh = Callable[..., "Answer"]


class Answer:
    """What a run of `rebalance-xl refresh` gave."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def data(self) -> Any:
        """The JSON that was printed."""
        return json.loads(self.out)


@pytest.fixture
def server() -> Iterator[Venues]:
    """Serve all six venues with the bodies of the project."""
    pytest.importorskip("ccxt")
    venues = Venues({each: bodies_of(each) for each in ("binance", "bybit", "okx", "bingx", "weex", "mexc")})
    with serving(venues):
        yield venues


@pytest.fixture
def refresh(server: Venues, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Refresh:
    """Run the command on a book with keys in the environment."""
    from rebalance_xl.commands import refresh as command

    def run(book: Path, *, keyed: bool = True, now: dt.datetime = NOW, timeout: int = 20_000, **options: Any) -> Answer:
        for name, value in environment(*server.bodies).items():
            if keyed:
                monkeypatch.setenv(name, value)
            else:
                monkeypatch.delenv(name, raising=False)
        capsys.readouterr()
        made = maker(server, timeout=timeout)
        code = command.run(command.Request(book, make=made, now=now, **options))
        out, err = capsys.readouterr()
        return Answer(code, out, err)

    return run
