"""Who computes a function: the engine, or the catalogue and the native functions, to which the engine hands it back."""

from __future__ import annotations

from functools import cache
from typing import Any

import formualizer as fz

from ..native import MODULE_OF, native
from .parameter_classes import is_listed


def implementation(name: str) -> Any:
    """Return the catalogue function or the native function of a name, None when there is neither."""
    if name in MODULE_OF:
        return native(name)
    if is_listed(name):
        return None  # one of Excel's own: a book of these need not load the catalogue
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
