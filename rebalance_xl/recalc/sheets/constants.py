"""The cells of a sheet that hold no formula."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Constants:
    """A sheet's cells without formulas, as three lists in step, in order of rows and columns."""

    rows: list[int] = field(default_factory=list)
    columns: list[int] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)
    errors: bool = False
