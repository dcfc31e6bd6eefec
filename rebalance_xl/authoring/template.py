"""The finished workbook as it ships, for ``rebalance-xl new``; needs nothing that builds it."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from rebalance_xl.authoring.package import read_parts, write_parts
from rebalance_xl.authoring.variants import without_example, without_macros
from rebalance_xl.recalc.files.locks import new_file, remove_leftovers_once

_NAME = "Rebalancer.xlsm"
_CHECKOUT = Path(__file__).resolve().parents[2] / "workbook" / _NAME


def read_template() -> bytes:
    """Return the workbook: from the installed package, or from the checkout this module is in.

    Raises
    ------
    FileNotFoundError
        If neither has it.
    """
    installed = files("rebalance_xl") / "data" / _NAME
    if installed.is_file():
        return installed.read_bytes()
    return _CHECKOUT.read_bytes()


def new_book(*, macros: bool, example: bool) -> bytes:
    """Return a new book, not yet calculated.

    Parameters
    ----------
    macros
        Whether it has the ribbon's macros (.xlsm).
    example
        Whether its tables hold the example.
    """
    parts = read_parts(read_template())
    if not macros:
        parts = without_macros(parts)
    if not example:
        parts = without_example(parts)
    return write_parts(parts)


def write_file(path: Path, content: bytes) -> None:
    """Write a new file; one of that name is replaced in one step or not at all.

    Parameters
    ----------
    path, content
        Where to, in a folder that exists, and what.

    Raises
    ------
    OSError
        If it cannot be written; nothing is left behind then, and what a killed run left in the folder is removed.
    """
    remove_leftovers_once(path.parent)
    with new_file(path) as stream:
        stream.write(content)
