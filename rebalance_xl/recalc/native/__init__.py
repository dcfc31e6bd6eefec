"""Excel's functions: the table of all (``data/excel_functions.txt``), and those that the engine lacks or gets wrong.

The module of a function is imported when the function is first asked for: a book that needs none of them pays nothing.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from .registry import NativeFunction


class ExcelFunction(NamedTuple):
    """A line of the table: classes of parameters, form, what it certainly gives, the module that has it, marks."""

    parameters: str
    form: str
    gives: str
    module: str
    marks: tuple[str, ...]

    def parameter(self, position: int) -> str:
        """Return the class of the parameter at a position from 0: the last one is repeated, or those in brackets."""
        alone, bracket, repeated = self.parameters.rstrip(")").partition("(")
        again = repeated if bracket else alone[-1]
        return alone[position] if position < len(alone) else again[(position - len(alone)) % len(again)]

    def written(self) -> Iterator[tuple[str, slice]]:
        """Yield how some of the arguments are written for the engine, and which."""
        for word, places in (mark[:-1].split("[") for mark in self.marks if mark.endswith("]")):
            yield word, slice(*(int(each) if each else None for each in places.split(":")))

    def gap(self, position: int) -> str:
        """Return what an argument stands for that is left out in the middle, "" for what the engine takes it for."""
        return next((mark.partition("=")[2] for mark in self.marks if mark.startswith(f"gap[{position}]=")), "")


_FILE: Final = Path(__file__).parents[2] / "data" / "excel_functions.txt"

#: The functions by name, in capitals and without a prefix.
EXCEL_FUNCTIONS: Final = {
    name: ExcelFunction(parameters, form, gives, module, tuple(marks))
    for name, parameters, form, gives, module, *marks in (
        line.split() for line in _FILE.read_text(encoding="utf-8").splitlines() if not line.startswith("#")
    )
}


@cache
def marked(mark: str) -> frozenset[str]:
    """Return the functions with a mark."""
    return frozenset(name for name, function in EXCEL_FUNCTIONS.items() if mark in function.marks)


def of_form(*forms: str) -> frozenset[str]:
    """Return the functions of some forms."""
    return frozenset(name for name, function in EXCEL_FUNCTIONS.items() if function.form in forms)


@cache
def valued(mark: str) -> dict[str, str]:
    """Return the functions with a mark that has a value, and that."""
    pairs = ((name, *each.partition("=")[::2]) for name, own in EXCEL_FUNCTIONS.items() for each in own.marks)
    return {name: value for name, key, value in pairs if key == mark}


@cache
def numbered(mark: str) -> dict[str, int]:
    """Return the functions with a mark whose value is a number, and that."""
    return {name: int(value) for name, value in valued(mark).items()}


#: The module of each function.
MODULE_OF: Final = {name: each.module for name, each in EXCEL_FUNCTIONS.items() if each.module != "-"}


def native(name: str) -> NativeFunction:
    """Return the function of a worksheet name.

    >>> native("MMULT").callable([[1.0, 2.0]], [[3.0], [4.0]])
    11.0
    """
    from .registry import REGISTERED

    importlib.import_module(f"{__name__}.{MODULE_OF[name]}")
    return REGISTERED[name]
