"""Arithmetic and comparisons as Excel makes them to the last rule, for formulas that are computed the careful way.

The engine adds and compares faster; these are asked where that may show: texts that read as numbers, and numbers that
differ beyond the 15 digits that Excel looks at.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from operator import eq, ne
from typing import Any, Final

from ...cells import CellError
from .arguments import COMPARISONS, LONGEST, Rows, cells_of, each_once, general, to_number
from .criteria import pair_in_order
from .faults import UNDECIDED, Fault, number_fault, undecided_fault
from .reading import in_1904
from .registry import worksheet

_TRUTH: Final = {"TRUE": True, "FALSE": False}
_TOO_LONG: Final = CellError("#VALUE!", f"a text of more than {LONGEST} characters")


def _number(value: Any) -> Any:
    try:
        return to_number(value)
    except Fault as fault:
        if isinstance(value, str) and fault.error.code == "#VALUE!" and any(map(str.isdigit, value)):
            return CellError(UNDECIDED, f"a text that may be a number or a date elsewhere: {value[:40]!r}")
        return fault.error


def _counted(value: Any) -> Any:
    """Return what is shown, whose characters are counted; how many some are depends on the workbook's own way."""
    if value.__class__ is str and value and max(value) > "\uffff":
        raise undecided_fault(f"a character that counts as one or as two: {value[:20]!r}")
    return _shown(value)


def _shown(value: Any) -> Any:
    return general(value) if value.__class__ is float else value


def _cell_by_cell(answer: Callable[[Any], Any], value: Rows, *, date_offset: int = 0) -> Any:
    if date_offset and answer is _number:
        value = [list(map(in_1904, row)) for row in value]
    if len(value) == len(value[0]) == 1:
        return answer(value[0][0])
    return [list(map(answer, row)) for row in value]


#: What becomes of each cell: an operand of arithmetic a number (texts as VALUE reads them, blanks as 0, TRUE as 1), a
#: text TRUE or FALSE a truth value, anything but a number or an error 0, a blank 0, a joined text that no cell holds
#: #VALUE!, and a number a text of 15 digits.
_OF_CELLS: Final[dict[str, Callable[[Any], Any]]] = {
    "NUMBER": _number,
    "TRUTH": lambda cell: _TRUTH.get(cell.upper(), cell) if cell.__class__ is str else cell,
    "NUMERIC": lambda cell: cell if cell.__class__ is float or isinstance(cell, CellError) else 0.0,
    "FILLED": lambda cell: 0.0 if cell is None else cell,
    "FITTING": lambda cell: _TOO_LONG if cell.__class__ is str and len(cell) > LONGEST else cell,
    "SHOWN": _shown,
    "COUNTED": _counted,
}
for _name, _answer in _OF_CELLS.items():
    worksheet(f"RXL.{_name}", kinds="cells", dated=True)(partial(_cell_by_cell, _answer))


#: Whether there is a blank cell among some values.
worksheet("RXL.HOLES", kinds="range*")(lambda *values: any(None in row for rows in values for row in rows))
#: The first error among some values, 0 where there is none.
worksheet("RXL.FAULT", kinds="range*")(
    lambda *values: next((cell for rows in values for cell in cells_of(rows) if isinstance(cell, CellError)), 0.0)
)


@worksheet("RXL.POWER", kinds="number number")
def power(base: float, exponent: float) -> float:
    """Return a power; no power of 0 is 0 to the power of 0, and a negative one is a division by 0."""
    if base == exponent == 0:
        raise number_fault("0 to the power of 0")
    if base < 0 and exponent != int(exponent):
        raise number_fault(f"{base:.10g} to the power of {exponent:.10g}")
    return base**exponent


#: What stands for a value that the file does not tell: the cell keeps what it holds.
worksheet("RXL.UNKNOWN", kinds="text")(lambda what: CellError(UNDECIDED, f"it cannot be known from the file: {what}"))


@worksheet("RXL.COMPARE", kinds="cells text cells")
def compare(left: Rows, sign: str, right: Rows) -> Any:
    """Return whether comparisons hold: numbers to 15 digits, texts in any case, numbers before texts before FALSE."""
    test = COMPARISONS.get(sign)
    if test is None:
        return CellError("#VALUE!", f"{sign!r} compares nothing")
    if len(left) == len(left[0]) == len(right) == len(right[0]) == 1:
        return _compared(left[0][0], test, right[0][0])
    return each_once((left, right), lambda pairs: [_compared(one, test, other) for one, other in pairs])


def _compared(left: Any, test: Callable[[Any, Any], bool], right: Any) -> Any:
    if left.__class__ is right.__class__ is float and abs(left - right) > 1e-13 * abs(left):
        return test(left, right)
    for side in (left, right):
        if isinstance(side, CellError):
            return side
    one, other = _key(left, right), _key(right, left)
    if one[0] == other[0] == 1 and test not in (eq, ne):
        pair_in_order(one[1], other[1])
    return test(one, other)


def _key(value: Any, other: Any) -> tuple[int, Any]:
    """Return a key that orders values as comparisons do, a blank as the empty value of what it is compared with."""
    if value is None:
        value = "" if isinstance(other, str) else False if isinstance(other, bool) else 0.0
    if isinstance(value, str):
        return 1, value.casefold()
    return (2, value) if isinstance(value, bool) else (0, float(f"{value:.14e}"))
