"""Excel functions that the calculation engine lacks or gets wrong, as pure functions.

The module of a function is imported when the function is first asked for: a book that needs none of them pays nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Final

from rebalance_xl.recalc.excel_functions import EXCEL_FUNCTIONS

if TYPE_CHECKING:
    from rebalance_xl.recalc.native.registry import NativeFunction

#: Functions that the engine answers rightly in their plain forms only; the others are computed by ``RXL.`` and the
#: name: from a number of arguments on, LOOKUP in arrays and whole columns, MATCH of a constant in rising order.
ALTERNATIVES: Final[dict[str, int]] = {"AGGREGATE": 3, "XMATCH": 3, "XLOOKUP": 5, "LOOKUP": 2, "MATCH": 2}

#: Functions that pass over errors in the range of this argument; ``RXL.`` and the name is asked when there are some.
BLIND_TO_ERRORS: Final[dict[str, int]] = {
    **{"SUMIF": 2, "AVERAGEIF": 2, "SUMIFS": 0, "AVERAGEIFS": 0, "MAXIFS": 0, "MINIFS": 0}
}

#: The module of each function.
MODULE_OF: Final = {name: each.module for name, each in EXCEL_FUNCTIONS.items() if each.module != "-"}


def native(name: str) -> NativeFunction:
    """Return the function of a worksheet name.

    >>> native("MMULT").callable([[1.0, 2.0]], [[3.0], [4.0]])
    11.0
    """
    from rebalance_xl.recalc.native.registry import REGISTERED

    importlib.import_module(f"{__name__}.{MODULE_OF[name]}")
    return REGISTERED[name]
