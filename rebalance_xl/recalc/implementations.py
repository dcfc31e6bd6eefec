"""Who computes a function that the engine hands back: the catalogue or the native functions."""

from __future__ import annotations

from typing import Any


def implementation(name: str) -> Any:
    """Return the catalogue function or the native function of a name, None when there is neither."""
    from ..functions import FUNCTIONS

    found = FUNCTIONS.get(name)
    if found is not None:
        return found
    from .native import NATIVE

    return NATIVE.get(name)
