"""Letters and values: PROPER, which begins a word after anything that is no letter; N and T of arrays."""

from __future__ import annotations

from typing import Any

from rebalance_xl.cells import CellError
from rebalance_xl.recalc.native.arguments import is_number
from rebalance_xl.recalc.native.registry import worksheet


@worksheet("PROPER", kinds="text", override=True)
def proper(text: str) -> str:
    """Return a text with the first letter of every word in capitals and the others small."""
    out, inside = [], False
    for letter in text:
        out.append(letter.lower() if inside else letter.upper())
        inside = letter.isalpha()
    return "".join(out)


@worksheet("RXL.N", kinds="any")
def n(value: Any) -> Any:
    """Return a number as it is, TRUE as 1, an error as it is, anything else as 0."""
    if isinstance(value, CellError):
        return value
    return float(value) if isinstance(value, bool) or is_number(value) else 0.0


@worksheet("RXL.T", kinds="any")
def t(value: Any) -> Any:
    """Return a text or an error as it is, anything else as an empty text."""
    return value if isinstance(value, str | CellError) else ""
