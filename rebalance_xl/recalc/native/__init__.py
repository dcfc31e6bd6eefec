"""Excel functions that the calculation engine lacks or gets wrong, as pure functions.

The module of a function is imported when the function is first asked for: a book that needs none of them pays nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Final

from ..excel_functions import EXCEL_FUNCTIONS, valued

if TYPE_CHECKING:
    from .registry import NativeFunction

#: Functions that the engine answers rightly in their plain forms only: from a number of arguments on ``RXL.`` and the
#: name may be asked. And those that pass over errors in the range of an argument, with which the same is asked.
ALTERNATIVES: Final = {name: int(count) for name, count in valued("beside").items()}
BLIND_TO_ERRORS: Final = {name: int(place) for name, place in valued("passes-over").items()}

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
