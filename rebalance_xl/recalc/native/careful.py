"""Arithmetic and comparisons as Excel makes them to the last rule, for formulas that are computed the careful way.

The engine adds and compares faster; these are asked where that may show: texts that read as numbers, and numbers that
differ beyond the 15 digits that Excel looks at.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from rebalance_xl.cells import CellError
from rebalance_xl.recalc.native.arguments import COMPARISONS, LONGEST, Rows, alike, general, to_number
from rebalance_xl.recalc.native.faults import UNDECIDED, Fault
from rebalance_xl.recalc.native.registry import worksheet

#: How the reason begins where a text may be a number that only its author's system can read.
AMBIGUOUS: Final = "a text that may be a number or a date elsewhere"
_TRUTH: Final = {"TRUE": True, "FALSE": False}
TOO_LONG: Final = CellError("#VALUE!", f"a text of more than {LONGEST} characters")


@worksheet("RXL.NUMBER", kinds="cells")
def number(value: Rows) -> Any:
    """Return operands of arithmetic as numbers: texts as VALUE reads them, blanks as 0, TRUE as 1."""
    if len(value) == 1 and len(value[0]) == 1:
        return _number(value[0][0])
    return [[cell if cell.__class__ is float else _number(cell) for cell in row] for row in value]


def _number(value: Any) -> Any:
    try:
        return to_number(value)
    except Fault as fault:
        if isinstance(value, str) and fault.error.code == "#VALUE!" and any(map(str.isdigit, value)):
            return CellError(UNDECIDED, f"{AMBIGUOUS}: {value[:40]!r}")
        return fault.error


@worksheet("RXL.TRUTH", kinds="cells")
def truth(value: Rows) -> Any:
    """Return the texts TRUE and FALSE as truth values, anything else as it is."""
    found = [[_TRUTH.get(cell.upper(), cell) if cell.__class__ is str else cell for cell in row] for row in value]
    return found if len(found) > 1 or len(found[0]) > 1 else found[0][0]


@worksheet("RXL.NUMERIC", kinds="cells")
def numeric(value: Rows) -> Any:
    """Return numbers and errors as they are, and 0 for everything else."""
    return [[cell if cell.__class__ is float or isinstance(cell, CellError) else 0.0 for cell in row] for row in value]


@worksheet("RXL.FITTING", kinds="cells")
def fitting(value: Rows) -> Any:
    """Return texts that were joined, #VALUE! for those that no cell holds."""
    found = [[TOO_LONG if cell.__class__ is str and len(cell) > LONGEST else cell for cell in row] for row in value]
    return found if len(value) > 1 or len(value[0]) > 1 else found[0][0]


@worksheet("RXL.SHOWN", kinds="cells")
def shown(value: Rows) -> Any:
    """Return numbers as texts of 15 digits, anything else as it is."""
    found = [[general(cell) if cell.__class__ is float else cell for cell in row] for row in value]
    return found if len(found) > 1 or len(found[0]) > 1 else found[0][0]


@worksheet("RXL.COUNTED", kinds="cells")
def counted(value: Rows) -> Any:
    """Return the same for texts whose characters are counted; how many some are depends on the workbook's own way."""
    for text in (cell for row in value for cell in row if cell.__class__ is str):
        if any(character > "\uffff" for character in text):
            raise Fault(UNDECIDED, f"a character that counts as one or as two: {text[:20]!r}")
    return shown(value)


@worksheet("RXL.POWER", kinds="number number")
def power(base: float, exponent: float) -> float:
    """Return a power; no power of 0 is 0 to the power of 0, and a negative one is a division by 0."""
    if base == exponent == 0:
        raise Fault("#NUM!", "0 to the power of 0")
    if base < 0 and exponent != int(exponent):
        raise Fault("#NUM!", f"{base:.10g} to the power of {exponent:.10g}")
    return base**exponent


@worksheet("RXL.UNKNOWN", kinds="text")
def unknown(what: str) -> Any:
    """Return what stands for a value that the file does not tell: the cell keeps what it holds."""
    return CellError(UNDECIDED, f"it cannot be known from the file: {what}")


@worksheet("RXL.COMPARE", kinds="cells text cells")
def compare(left: Rows, sign: str, right: Rows) -> Any:
    """Return whether comparisons hold: numbers to 15 digits, texts in any case, numbers before texts before FALSE."""
    test = COMPARISONS.get(sign)
    if test is None:
        return CellError("#VALUE!", f"{sign!r} compares nothing")
    if len(left) == len(left[0]) == len(right) == len(right[0]) == 1:
        return _compared(left[0][0], test, right[0][0])
    pairs = zip(*alike((left, right)), strict=True)
    return [[_compared(a, test, b) for a, b in zip(one, other, strict=True)] for one, other in pairs]


def _compared(left: Any, test: Callable[[Any, Any], bool], right: Any) -> Any:
    if left.__class__ is float and right.__class__ is float:
        if abs(left - right) > 1e-13 * abs(left):
            return test(left, right)
        return test(_key(left, right), _key(right, left))
    for side in (left, right):
        if isinstance(side, CellError):
            return side
    return test(_key(left, right), _key(right, left))


def _key(value: Any, other: Any) -> tuple[int, Any]:
    """Return a key that orders values as comparisons do, a blank as the empty value of what it is compared with."""
    if value is None:
        value = "" if isinstance(other, str) else False if isinstance(other, bool) else 0.0
    if isinstance(value, str):
        return 1, value.casefold()
    return (2, value) if isinstance(value, bool) else (0, float(f"{value:.14e}"))
