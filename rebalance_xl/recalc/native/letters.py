"""Letters: PROPER, which begins a word after anything that is no letter."""

from __future__ import annotations

from rebalance_xl.recalc.native.registry import worksheet


@worksheet("PROPER", kinds="text", override=True)
def proper(text: str) -> str:
    """Return a text with the first letter of every word in capitals and the others small."""
    out, inside = [], False
    for letter in text:
        out.append(letter.lower() if inside else letter.upper())
        inside = letter.isalpha()
    return "".join(out)
