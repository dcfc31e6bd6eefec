"""Letters of every alphabet: UPPER, LOWER, PROPER; TRIM and REPLACE; N and T of arrays."""

from __future__ import annotations

from typing import Any

from rebalance_xl.cells import CellError
from rebalance_xl.recalc.native.arguments import LONGEST, is_number
from rebalance_xl.recalc.native.faults import value_fault
from rebalance_xl.recalc.native.registry import worksheet


@worksheet("PROPER", kinds="text")
def proper(text: str) -> str:
    """Return a text with the first letter of every word in capitals and the others small."""
    out, inside = [], False
    for letter in text:
        out.append(letter.lower() if inside else letter.upper())
        inside = letter.isalpha()
    return "".join(out)


@worksheet("UPPER", kinds="text")
def upper(text: str) -> str:
    """Return a text in capitals; letters without one of their own, such as the German sharp s, stay."""
    if text.isascii():
        return text.upper()
    return "".join(letter.upper() if len(letter.upper()) == 1 else letter for letter in text)


@worksheet("LOWER", kinds="text")
def lower(text: str) -> str:
    """Return a text in small letters."""
    return text.lower()


@worksheet("TRIM", kinds="text")
def trim(text: str) -> str:
    """Return a text without blanks around it and with single ones within; only the ordinary blank is one."""
    return " ".join(part for part in text.split(" ") if part)


@worksheet("REPLACE", kinds="text integer integer text")
def replace(old_text: str, start_num: int, num_chars: int, new_text: str) -> str:
    """Return a text with characters from a place on replaced; beyond its end the new text is added."""
    if start_num < 1 or num_chars < 0:
        raise value_fault(f"start_num is {start_num} and num_chars {num_chars}; they must be at least 1 and 0")
    made = old_text[: start_num - 1] + new_text + old_text[start_num - 1 + num_chars :]
    if len(made) > LONGEST:
        raise value_fault(f"the text would have {len(made)} characters; a cell holds {LONGEST}")
    return made


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
