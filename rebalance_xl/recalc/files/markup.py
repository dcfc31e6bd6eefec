"""Text and numbers as SpreadsheetML writes them."""

from __future__ import annotations

import re

ESCAPED_CHARACTER = re.compile(r"_x([0-9A-Fa-f]{4})_")
HALF_CHARACTER = re.compile("[\ud800-\udfff]")
FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)|\r")
_NAMED = (("&gt;", ">"), ("&lt;", "<"), ("&quot;", '"'), ("&apos;", "'"), ("&amp;", "&"))
_XML_ENTITY = re.compile(r"&(?:#x[0-9A-Fa-f]+|#[0-9]+|lt|gt|amp|quot|apos);")


def from_xml(text: str) -> str:
    """Return character data with its XML entities resolved."""
    if "&" not in text:
        return text
    if "&#" in text:
        return _XML_ENTITY.sub(lambda match: _character(match[0]), text)
    for entity, character in _NAMED:
        text = text.replace(entity, character)
        if "&" not in text:
            break
    return text


def _character(entity: str) -> str:
    if entity[1] != "#":
        return dict(_NAMED)[entity]
    number = int(entity[3:-1], 16) if entity[2] == "x" else int(entity[2:-1])
    return chr(number) if number <= 0x10FFFF else "\ufffd"


def unescaped(text: str) -> str:
    """Return a text with characters that are written as _x000D_ resolved.

    Two halves of a character are joined, and a half without the other becomes U+FFFD.
    """
    if "_x" not in text:
        return text
    text = ESCAPED_CHARACTER.sub(lambda match: chr(int(match[1], 16)), text)
    if HALF_CHARACTER.search(text) is None:
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def to_xml(text: str) -> str:
    """Return text escaped for XML character data."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def to_cell_text(text: str) -> str:
    """Return text escaped for a cell's value, control characters as _x000D_."""
    if len(text) > 32767:
        text = text[:32767]
    text = text.encode("utf-8", "replace").decode("utf-8")
    return to_xml(FORBIDDEN.sub(lambda match: f"_x{ord(match[0]):04X}_", text))


def number_text(value: float) -> str:
    """Return a finite number with as many digits as identify it, whole numbers without a point."""
    text = repr(value)
    if text[-2:] == ".0":
        return text[:-2] if text != "-0.0" else "0"
    return text.replace("e", "E") if "e" in text else text


def number_texts(values: list[float]) -> list[str]:
    """Return many finite numbers as :func:`number_text` writes them."""
    joined = repr(values)[1:-1] + ","  # faster than number by number
    if "-0.0," in joined:
        return [number_text(value) for value in values]
    return joined.replace(".0,", ",").replace("e", "E")[:-1].split(", ") if values else []
