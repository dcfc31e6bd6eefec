"""`rebalance-xl calc`: the extension for LibreOffice Calc."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from rebalance_xl import terminal
from rebalance_xl.recalc.refusals import Refused


def build(output: Path) -> int:
    """Write the extension; returns the exit code."""
    from rebalance_xl.hosts.calc import commands

    return _run(output, lambda: commands.build(output), "written")


def install() -> int:
    """Install the extension for this user; returns the exit code."""
    from rebalance_xl.hosts.calc import commands

    return _run("LibreOffice", commands.install, "the extension is installed; restart Calc")


def uninstall() -> int:
    """Remove the extension for this user; returns the exit code."""
    from rebalance_xl.hosts.calc import commands

    return _run("LibreOffice", commands.uninstall, "the extension is removed")


def names(book: Path, output: Path | None) -> int:
    """Give a book that Calc saved its Excel function names back; returns the exit code."""
    from rebalance_xl.hosts.calc import commands

    return _run(book, lambda: commands.rewrite_names(book, output or book), "function names are as Excel needs them")


def _run(what: object, action: Callable[[], Any], done: str) -> int:
    try:
        action()
    except (Refused, OSError, RuntimeError) as failure:
        terminal.complain(f"{what}: {failure}")
        return 1
    terminal.say(f"{what}: {done}")
    return 0
