"""`rebalance-xl new`: a fresh copy of the workbook."""

from __future__ import annotations

from pathlib import Path

from rebalance_xl import terminal


def write_new(path: Path, force: bool) -> int:
    """Write a copy of Rebalancer.xlsm; returns the exit code."""
    from rebalance_xl.authoring.template import write_copy

    if path.suffix.lower() != ".xlsm":
        terminal.complain(f"{path} must end in .xlsm: the workbook holds macros")
        return 2
    if path.exists() and not force:
        terminal.complain(f"{path} exists; --force replaces it")
        return 1
    try:
        write_copy(path)
    except OSError as failure:
        terminal.complain(f"{path}: cannot be written: {failure.strerror or failure}")
        return 1
    terminal.say(f"{path}: written")
    return 0
