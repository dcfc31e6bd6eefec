"""The standard rules that are laid side by side, as changes of a book's settings: one list for every host."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable
from typing import Any, Final

from rebalance_xl.functions.allocation import BAND_KINDS
from rebalance_xl.functions.simulation.terms import Terms
from rebalance_xl.functions.triggers import FREQUENCIES

#: Wider than any drift: no row acts on its band.
NO_BAND: Final = 10.0
#: The band of every row, which is no setting but a column.
BAND: Final = "Band"
#: Holding trades nothing; the book's own settings stand beside it.
HOLD, OWN = "hold", "book"

_CALENDAR: Final = ((BAND, NO_BAND), ("BandKind", "absolute"), ("ReviewDrift", 0.0))
_NO_REVIEW: Final = ("ReviewFrequency", None)

#: Name and changes (setting or Band, value) of each rule.
STANDARD: Final[tuple[tuple[str, tuple[tuple[str, Any], ...]], ...]] = (
    ("weekly", (*_CALENDAR, ("ReviewFrequency", "weekly"))),
    ("monthly", (*_CALENDAR, ("ReviewFrequency", "monthly"))),
    ("quarterly", (*_CALENDAR, ("ReviewFrequency", "quarterly"))),
    ("threshold", (_NO_REVIEW,)),
    ("threshold, FundFrom none", (_NO_REVIEW, ("FundFrom", "none"))),
    ("relative 20 %", (_NO_REVIEW, ("BandKind", "relative"), (BAND, 0.2))),
    ("5/25", (_NO_REVIEW, ("BandKind", "5/25"))),
    ("threshold to the edge", (_NO_REVIEW, ("TrimTo", 1.0))),
)


def changed_terms(terms: Terms, changes: Iterable[tuple[str, Any]]) -> Terms:
    """Return the terms of a simulation with the changes of a standard rule.

    Parameters
    ----------
    terms
        Of the book's own settings.
    changes
        Setting or Band, and the value, as in :data:`STANDARD`.
    """
    found: dict[str, Any] = {}
    for name, value in changes:
        if name == BAND:
            found["band"] = value
        elif name == "BandKind":
            found["band_kind"] = BAND_KINDS[value]
        elif name == "ReviewDrift":
            found["review_drift"] = value
        elif name == "ReviewFrequency":
            found["frequency"] = math.nan if value is None else FREQUENCIES[value]
        elif name == "FundFrom":
            found["fund"] = value == "overweight"
        elif name == "TrimTo":
            found["trim_to"] = value
        else:
            raise KeyError(name)
    return dataclasses.replace(terms, **found)
