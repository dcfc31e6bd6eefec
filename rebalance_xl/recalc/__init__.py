"""Headless recalculation: one workbook in, the same workbook with fresh cached values out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .refusals import Refused
    from .workbook import ChangedCell, Recalculation, recalculate

__all__ = ["ChangedCell", "Recalculation", "Refused", "recalculate"]


def __getattr__(name: str) -> Any:
    if name == "Refused":
        from .refusals import Refused

        return Refused
    if name in __all__:
        from . import workbook

        return getattr(workbook, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
