"""The toolbar in a real window on a virtual screen: a click on Rebalance writes the plan."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from . import screen as screens
from .books import write_book
from .office import Office
from .screen import Screen

pytestmark = pytest.mark.slow

MENU, BUTTON, TOOL_BAR = 34, 44, 63  # com.sun.star.accessibility.AccessibleRole


@pytest.fixture
def screen(tmp_path: Path) -> Iterator[Screen]:
    """Start a virtual screen."""
    reason = screens.why_not()
    if reason is not None:
        if "calc" in os.environ.get("REBALANCE_REQUIRE", "").split(","):
            pytest.fail(reason)
        pytest.skip(reason)
    with Screen(tmp_path) as running:
        yield running


def until(condition: Callable[[], Any], seconds: float = 60) -> Any:
    """Return what a condition gives as soon as that is true; fail when it never is."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "nothing happened"
        time.sleep(0.3)
    return found


def test_a_click_on_rebalance(libreoffice, extension, screen, tmp_path):
    """The toolbar has its three buttons, the menu is there; the click writes the plan and shows its summary."""
    folder = tmp_path / "office"
    folder.mkdir()
    with Office(folder, [extension], display=screen.display) as office:
        office.open(path=str(write_book(tmp_path / "book.xlsx")), hidden=False)

        def buttons(text: str) -> list[list[int]]:
            return [found for found in office.find(text=text) if found[2] == BUTTON and found[1] > 0]

        x, y, _ = until(lambda: buttons("Rebalance"))[0]
        assert until(lambda: buttons("Record execution..."))
        assert until(lambda: buttons("Check book"))
        until(lambda: {found[2] for found in office.find(text="Rebalancer")} == {MENU, TOOL_BAR})
        before, after = tmp_path / "before.png", tmp_path / "after.png"
        screen.photograph(before)
        screen.click(x, y)
        summary, ok = until(office.message)
        assert "SELL SOL: 1,600.00" in summary
        plan = office.cells(address="A2:C5", sheet="Plan")
        assert [(row[0]["text"], row[1]["text"], row[2]["value"]) for row in plan] == [
            ("SOL", "SELL", 1600.0),
            ("ETH", "BUY", 600.0),
            ("BTC", "BUY", 400.0),
            ("ETHUSDT", "OPEN LONG", 600.0),
        ]

        def changed() -> bool:
            screen.photograph(after)
            return after.read_bytes() != before.read_bytes()

        until(changed)
        screen.click(*ok)
        until(lambda: office.message() is None)
        until(lambda: office.active_sheet() == "Plan")
