"""Which functions take ranges as they are, compute with whole arrays or always give one value, and who computes them.

Excel gives every parameter a class: a *value* parameter of an ordinary formula takes one cell of a range (implicit
intersection), a *reference* parameter takes the range, an *array* parameter makes everything inside it work on arrays.
The table of functions tells it (`native`).
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import formualizer as fz

from ..native import EXCEL_FUNCTIONS, ExcelFunction, marked, native, of_form

VALUE, REFERENCE, ARRAY = "V", "R", "A"


def names_in(words: str) -> frozenset[str]:
    """Return the names of functions in a text."""
    return frozenset(words.split())


#: Functions that spill also where a program without dynamic arrays wrote them.
SPILLING: Final = marked("spills")
#: One value per value: with single arguments a single result.
ELEMENTWISE: Final = of_form("each")
#: Functions that give references, or what stands there.
REFERENCE_MAKERS: Final = of_form("place")
#: Functions with criteria, which may be errors, and those of them whose ranges have to be of one size.
WITH_CRITERIA: Final = marked("criteria")
SAME_SIZE: Final = WITH_CRITERIA - {"COUNTIF", "SUMIF", "AVERAGEIF"}

#: Functions that pass one of their arguments through; the class of those is the class wanted of the call itself.
TRANSPARENT: Final[dict[str, int]] = {"IF": 1, "CHOOSE": 1, "IFERROR": 0, "IFNA": 0, "IFS": 0, "SWITCH": 0}

#: What functions and operators certainly give.
TEXT, NUMBER, WHOLE, TRUTH = "text", "number", "whole", "truth"

#: What the engine applies to several arrays by itself, which have to be of one size.
CELL_BY_CELL: Final = names_in("IF IFERROR IFNA")

_UNKNOWN: Final = ExcelFunction(REFERENCE, "-", "-", "-", ())

# In all of these a function's name is in capitals and without a prefix, and positions count from 0.


@cache
def parameter_class(name: str, position: int) -> str:
    """Return the class of a function's parameter; REFERENCE for a function that is not listed."""
    return EXCEL_FUNCTIONS.get(name, _UNKNOWN).parameter(position)


def gap_default(name: str, position: int) -> str:
    """Return what an argument stands for that is left out in the middle, "" where the engine knows it."""
    return EXCEL_FUNCTIONS.get(name, _UNKNOWN).gap(position)


def gives_one_value(name: str, single_arguments: bool) -> bool:
    """Say whether a call certainly gives one value, when every argument for a value parameter is one or not."""
    function = EXCEL_FUNCTIONS.get(name, _UNKNOWN)
    single = function.form in ("each", "mixed", "through") and "several" not in function.marks
    return function.form == "one" or (single and single_arguments)


def gives(name: str) -> str:
    """Return what a function certainly gives, errors aside: TEXT, TRUTH, WHOLE, other NUMBERs, or "" for anything."""
    return EXCEL_FUNCTIONS.get(name, _UNKNOWN).gives.strip("-")


def lifts(name: str) -> bool:
    """Say whether a function has to be called cell by cell where it is given arrays."""
    choosing = name in ("INDEX", "XLOOKUP", "CHOOSE", "SWITCH", "IFS")
    return name not in marked("lifted") and (EXCEL_FUNCTIONS.get(name, _UNKNOWN).form in ("each", "mixed") or choosing)


def takes_arrays(name: str) -> bool:
    """Say whether a function of single values gives an array where it is given one."""
    return name in marked("lifted") or lifts(name)


def implementation(name: str) -> Any:
    """Return the catalogue function or the native function of a name, None when there is neither."""
    function = EXCEL_FUNCTIONS.get(name)
    if function is not None:  # a book of Excel's own need not load the catalogue
        return native(name) if function.module != "-" else None
    from ...functions import FUNCTIONS

    return FUNCTIONS.get(name)


@cache
def engine_knows(name: str) -> bool:
    """Say whether the engine has a worksheet function, by asking it."""
    probe = fz.Workbook(mode=fz.WorkbookMode.Interactive)
    try:
        probe.sheet("S").set_formula(1, 1, f"={name}()")
        value = probe.evaluate_cell("S", 1, 1)
    except Exception:
        return False
    return not (isinstance(value, dict) and value.get("kind") in ("Name", "Error"))
