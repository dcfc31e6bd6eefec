"""How a native function says that a cell shows an error."""

from __future__ import annotations

from functools import partial

from ...cells import CellError


class Fault(Exception):  # noqa: N818
    """Ends a native function with an error value, and a sentence that names the argument, its value and the range."""

    def __init__(self, code: str, reason: str = "") -> None:
        super().__init__(f"{code} {reason}".strip())
        self.error = CellError(code, reason)


#: The code of an answer that the file does not decide; the cell keeps its value.
UNDECIDED = "#UNDECIDED"
#: The faults of a number outside the range a function is defined on, of a value of the wrong type, and of a value that
#: depends on what no file tells, such as the language of a system.
number_fault, value_fault, undecided_fault = (partial(Fault, code) for code in ("#NUM!", "#VALUE!", UNDECIDED))
