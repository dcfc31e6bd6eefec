"""How results that are sentences name many things."""

from __future__ import annotations

from collections.abc import Iterable


def names_text(names: Iterable[str], joint: str = ", ", most: int = 3) -> str:
    """Return names in a row, each once; of a long row the first ones and how many more there are.

    Parameters
    ----------
    names
        Any number of names.
    joint
        What stands between them where all are said.
    most
        Names that are said before the rest is counted; one more is said rather than counted.

    Examples
    --------
    >>> names_text(["ETH", "ADA", "ETH"], " and "), names_text(["A", "B", "C", "D", "E", "F"])
    ('ETH and ADA', 'A, B, C and 3 more')
    """
    listed = list(dict.fromkeys(names))
    if len(listed) <= most + 1:
        return joint.join(listed)
    return f"{', '.join(listed[:most])} and {len(listed) - most} more"
