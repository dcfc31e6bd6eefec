"""Helpers that call native functions by their worksheet names."""

from __future__ import annotations

from typing import Any

from rebalance_xl.cells import CellError
from rebalance_xl.recalc.native import native


def call(name: str, *arguments: Any, **options: Any) -> Any:
    """Return what a native function answers to worksheet values."""
    return native(name).callable(*arguments, **options)


def error(code: str) -> CellError:
    """Return an error value to compare with (its reason does not count)."""
    return CellError(code)


def column(*cells: Any) -> list[list[Any]]:
    """Return cells as a column."""
    return [[cell] for cell in cells]


def row(*cells: Any) -> list[list[Any]]:
    """Return cells as a row."""
    return [list(cells)]
