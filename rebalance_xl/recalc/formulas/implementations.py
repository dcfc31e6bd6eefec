"""Who computes a function that the engine hands back: the catalogue or the native functions."""

from __future__ import annotations

from typing import Any

from .parameter_classes import is_listed


def implementation(name: str) -> Any:
    """Return the catalogue function or the native function of a name, None when there is neither."""
    from ..native import NATIVE

    if name in NATIVE:
        return NATIVE[name]
    if is_listed(name):
        return None  # one of Excel's own: a book of these need not load the catalogue
    from ...functions import FUNCTIONS

    return FUNCTIONS.get(name)
