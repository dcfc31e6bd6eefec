"""Headless recalculation: one workbook in, the same workbook with fresh cached values out.

`workbook` leads through it: a workbook's file is opened (`files`), its worksheets are read (`sheets`), its formulas are
made ready (`formulas`) and computed (`evaluation`, with the functions in `native` that the engine lacks), the outcome
is compared (`outcome`), spliced into the worksheets (`sheets`) and written (`files`). `batch` does that for many books.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .files.refusals import Refused
    from .workbook import ChangedCell, Recalculation, recalculate

__all__ = ["ChangedCell", "Recalculation", "Refused", "recalculate"]


def __getattr__(name: str) -> Any:
    if name == "Refused":
        from .files.refusals import Refused

        return Refused
    if name in __all__:
        from . import workbook

        return getattr(workbook, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
