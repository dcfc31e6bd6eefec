"""Look-ups made ready: the engine answers them, the careful way asks the package among cells where that may differ."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from .careful_way import note
from .compiling import Compiling, Out
from .compiling_catalogue import write_native_call
from .operands import is_call, literal, operand_at
from .parameter_classes import ARRAY, REFERENCE, VALUE
from .tree import Arguments, Cells, Literal
from .whole_calls import APPROXIMATE, looks_approximately

#: What answers exact look-ups the careful way, with how many of their arguments, and the mode that follows them.
_EXACT: Final = {
    "MATCH": ("RXL.XMATCH", 2, "2"),
    "XMATCH": ("RXL.XMATCH", 2, "0"),
    "XLOOKUP": ("RXL.XLOOKUP", 4, ""),
    "VLOOKUP": ("RXL.VLOOKUP", 3, "FALSE"),
    "HLOOKUP": ("RXL.HLOOKUP", 3, "FALSE"),
}
#: What gives numbers as they stand in cells, or as they would be typed.
_AS_TYPED: Final = frozenset(("MAX", "MIN", "LARGE", "SMALL", "ROUND", "ROUNDDOWN", "ROUNDUP"))


def approximately(c: Compiling, name: str, arguments: Arguments, wanted: str, engine: Callable[[], Out]) -> Out | None:
    """Return an approximate look-up, None for another call.

    The engine (`engine` writes that) finds nothing where Excel's search ends somewhere; what it finds is right among
    cells in rising order. Among others (`evaluation.look_ups` sees it) the careful way asks without its answer.
    """
    if name not in APPROXIMATE or not looks_approximately(name, arguments):
        return None
    python = write_native_call(c, f"RXL.{name}", arguments[: APPROXIMATE[name]], wanted)
    sought, among = arguments[0], operand_at(arguments, 1)
    if isinstance(among, Cells):  # computed ones are searched as arrays anyway
        note(c, name, c.operand(among, REFERENCE))
        if sought is not None:
            note(c, "ORDER", c.expression(sought, ARRAY if wanted == ARRAY else VALUE))
    return python if c.careful else c.say("IFNA({0},{1})", engine(), python)


def exactly(c: Compiling, name: str, arguments: Arguments, wanted: str) -> Out | None:
    """Return an exact look-up the careful way; the quick way notes it, where the engine takes near numbers for one."""
    sought, among = (*arguments, None, None)[:2]
    if name not in _EXACT or sought is None or among is None or not _is_exact(name, arguments):
        return None
    native, count, mode = _EXACT[name]
    if c.careful:
        return write_native_call(c, native, [*arguments[:count], *([literal(mode)] if mode else [])], wanted)
    about = "IN COLUMN" if name == "VLOOKUP" else "IN LINE"
    one, line = (ARRAY, ARRAY) if wanted == ARRAY else (VALUE, REFERENCE)
    out = c.expression(sought, one)
    out = replace(out, gives="") if is_call(sought.single, _AS_TYPED) else out
    note(c, about, out, c.expression(among, line))
    return None


def _is_exact(name: str, arguments: Arguments) -> bool:
    """Say whether a look-up finds the same value alone; the rarer modes of XMATCH and XLOOKUP are not the engine's."""
    if name not in APPROXIMATE:
        return True
    place = APPROXIMATE[name]
    mode = operand_at(arguments, place)
    omitted = len(arguments) > place and arguments[place] is None
    return omitted or (isinstance(mode, Literal) and mode.text.upper() in ("0", "FALSE"))
