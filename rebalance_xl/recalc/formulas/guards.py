"""Calls that the engine answers wrongly for certain arguments only: where these are so, Excel's answer stands instead.

Ordinary calls stay the engine's: a guard asks about the arguments, and is left out where they are constants that need
none. What only exchanges one error for another is asked the careful way alone, in which every error is computed that
was not there before.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final, NamedTuple

from ..native import MODULE_OF, numbered
from .book_view import LONGEST_KEY
from .careful_way import note
from .cells_behind import with_cells_behind
from .compiling import Compiling, Out
from .compiling_catalogue import write_native_call
from .compiling_references import is_whole
from .operands import is_call, literal, operand_at, whole_number
from .parameter_classes import ARRAY, REFERENCE, TRUTH, VALUE
from .repairs import made
from .tree import Arguments, Call, Cells, Expression, Items, Literal, Operand
from .whole_calls import APPROXIMATE, UNNAMED, looks_approximately, with_holidays_read


class Guard(NamedTuple):
    """What stands around a call: {0} is the call, {1} and so on are its arguments, as many as are asked about.

    It is left out where the arguments from a place on, counted from 0, are constants.
    """

    text: str
    place: int
    asked: int = 1
    careful: bool = False
    about: str = ""  # the question on which it matters, in the careful way


def _no_truths(asked: int) -> Guard:
    """Return the guard of a function that was an add-in once and takes no truth values for numbers."""
    tests = ",".join(f"ISLOGICAL({{{place}}})" for place in range(1, asked + 1))
    return Guard(f'IF(OR({tests}),1+"-",{{0}})', 0, asked, careful=True, about="LOGICAL")


#: Errors are computed (1/0, SQRT(-1)): the engine is slow with constants that are errors.
GUARDS: Final[dict[str, Guard]] = {
    **dict.fromkeys(("PMT", "NPER"), Guard("IF({1}<=-1,SQRT(-1),{0})", 0)),
    **dict.fromkeys(("FACT", "COMBIN"), Guard("IF({1}<0,SQRT(-1),{0})", 0)),
    # divisions by 0; no source tells of the other periods at a rate of -1
    "PV": Guard('IF({1}=-1,IF({2}>0,({3}*0)/0,RXL.UNKNOWN("PV at a rate of -1")),{0})', 0, 3),
    "FV": Guard('IF(AND({1}=-1,{2}<=0),IF({2}<0,({3}*0)/0,RXL.UNKNOWN("FV at a rate of -1")),{0})', 0, 3),
    # Excel sums up from the next whole period on, the engine from the one before
    **dict.fromkeys(
        ("CUMIPMT", "CUMPRINC"), Guard('IF({2}+{4}=INT({2})+INT({4}),{0},RXL.UNKNOWN("parts of periods"))', 1, 5)
    ),
    "DDB": Guard('IF(AND({4}>0,{4}<1),RXL.UNKNOWN("DDB of a part of the first period"),{0})', 3, 4, careful=True),
    "RATE": Guard('IF(ISERR({0})*ISNUMBER({1}+{2}+{3}),RXL.UNKNOWN("RATE by another search"),{0})', 0, 3, careful=True),
    **dict.fromkeys(
        ("LARGE", "SMALL"),
        Guard('IF(IFERROR(({2}>1)*({2}-INT({2})),0)>0,RXL.UNKNOWN("the value between two places"),{0})', 1, 2),
    ),
    # operators alone go through arrays
    "CHAR": Guard(
        "".join(f'IF(({{1}}>={each})*({{1}}<{each + 1}),"{chr(each)}",' for each in UNNAMED)
        + "{0}"
        + ")" * len(UNNAMED),
        0,
    ),
    # beyond the characters of western Windows it is another number on every system
    "CODE": Guard('IF({0}>255,RXL.UNKNOWN("CODE of a character that western Windows lacks"),{0})', 0),
    **{name: _no_truths(count) for name, count in numbered("numbers-alone").items()},
    "LOG": Guard("IF(AND({1}>0,{2}+0=1),1/0,{0})", 1, 2, careful=True),
    "INDEX": Guard('IF({2}<0,1+"-",{0})', 1, 2, careful=True),
}
#: The same where Excel for Macintosh wrote the workbook: beyond 127 its characters are not those of Windows.
_ON_MACINTOSH: Final = {
    name: f'IF({asked}>127,RXL.UNKNOWN("{name} beyond 127, which differs between Windows and Macintosh"),{{0}})'
    for name, asked in (("CHAR", "{1}"), ("CODE", "UNICODE({1})"))
}

#: The arguments that are looked for. What Excel gives for a long text is told of most, for the others it is unknown.
_KEYS: Final = {
    **dict.fromkeys(("VLOOKUP", "HLOOKUP", "MATCH", "LOOKUP", "XLOOKUP", "XMATCH"), slice(0, 1)),
    **dict.fromkeys(("COUNTIF", "SUMIF", "AVERAGEIF"), slice(1, 2)),
    **dict.fromkeys(("SUMIFS", "AVERAGEIFS", "MAXIFS", "MINIFS"), slice(2, None, 2)),
    "COUNTIFS": slice(1, None, 2),
}
_IS_TOO_LONG: Final = f"IFERROR(LEN(a),0)>{LONGEST_KEY}"
_TOO_LONG: Final = 'IF({1},1+"-",{0})'
_MAYBE_TOO_LONG: Final = _TOO_LONG.replace('1+"-"', 'RXL.UNKNOWN("a long text that is looked for")')
_EARLY: Final = 'RXL.UNKNOWN("working days before March 1900")'
#: The engine passes over texts and errors among holidays.
_WITH_HOLIDAYS: Final = "IF(COUNT({1})<COUNTA({1}),{2},{0})"
#: The last cell of a sheet, which is blank, for a place in whole columns or rows beyond what a LAMBDA knows of them.
_BEYOND: Final = {
    "columns": "IF(AND({2}>ROWS({1}),{2}<=1048576),XFD1048576,{0})",
    "rows": "IF(AND({2}>COLUMNS({1}),{2}<=16384),XFD1048576,{0})",
}


def guarded(c: Compiling, name: str, arguments: Arguments, out: Out, wanted: str) -> Out:
    """Return a call with what has to be asked about its arguments, where it may matter."""
    out = with_cells_behind(c, name, arguments, out, wanted)
    first = operand_at(arguments, 0)
    if name == "INDEX" and c.depth and len(arguments) > 1 and is_whole(first):
        # the used cells are all that a LAMBDA has of whole columns
        place = arguments[2 if first.kind == "rows" and len(arguments) > 2 else 1] or literal("0")
        return c.say(_BEYOND[first.kind], out, c.operand(first, ARRAY), c.expression(place, VALUE))
    kind = ARRAY if wanted == ARRAY else VALUE
    alone = arguments[0] if len(arguments) == 1 else None
    if name in _ON_MACINTOSH and alone is not None and c.book.package.written_by("Microsoft Macintosh Excel"):
        return c.say(_ON_MACINTOSH[name], out, c.expression(alone, kind))
    holidays = operand_at(arguments, numbered("holidays").get(name, len(arguments)))
    if holidays is not None and not isinstance(holidays, Cells) and not is_call(holidays, ("RXL.HOLIDAYS",)):
        return out  # written with them, and asked about there
    count = numbered("dates").get(name, 0)
    if 0 < count <= len(arguments) and not c.book.package.date1904:
        dates = [c.expression(each or literal("0"), kind) for each in arguments[:count]]
        early = "+".join(f"({{{place}}}<61)" for place in range(1, count + 1))
        known = (
            write_native_call(c, f"RXL.{name}", arguments, wanted) if f"RXL.{name}" in MODULE_OF else c.say(_EARLY, out)
        )
        out = c.say(f"IF({early},{{{count + 1}}},{{0}})", out, *dates, known)
    if isinstance(holidays, Cells):
        read = c.expression(with_holidays_read(name, arguments), kind)
        return c.say(_WITH_HOLIDAYS, out, c.operand(holidays, REFERENCE), read)
    if name in _KEYS and c.book.long_texts:
        for key in arguments[_KEYS[name]]:
            if key is not None and not isinstance(key.single, Literal):
                said = _MAYBE_TOO_LONG if name in ("LOOKUP", "XLOOKUP", "XMATCH") else _TOO_LONG
                out = c.say(said, out, c.expression(made(_IS_TOO_LONG, a=key), kind))
    guard = GUARDS.get(name)
    if guard is None or (guard.careful and not c.careful and not guard.about) or len(arguments) <= guard.place:
        return out
    asked = [each or literal("0") for each in arguments[: guard.asked]]
    if len(asked) < guard.asked or all(map(_is_harmless, asked[guard.place :])):
        return out
    given = [c.expression(each, kind) for each in asked]
    if guard.about:
        for each in given:
            note(c, guard.about, each)
    matters = not guard.careful or c.careful or any(each.gives == TRUTH for each in given)
    return c.say(guard.text, out, *given) if matters else out


def _is_harmless(argument: Expression) -> bool:
    """Say whether an argument is a constant above 1, or below it."""
    single = argument.single
    return isinstance(single, Literal) and single.text[:1] in ".0123456789" and whole_number(single) != 1


# --- powers -----------------------------------------------------------------------------------------------------------


def with_powers(items: Items) -> Items:
    """Return operators and operands with a call in the place of each ^ at which 0 may be raised to 0 or below.

    The engine takes 0 to the power of 0 for 1.
    """
    found: list[str | Operand] = []
    base = term = 0  # where in them the base of a power begins, and what stands between operators
    for item in [*items, ""]:
        if isinstance(item, str) and item != "%" and len(found) > term and found[-1] not in ("+", "-"):
            if base < term and not _is_number(found[base : term - 1]) and not _is_number(found[term:]):
                sides: Arguments = [Expression(found[base : term - 1]), Expression(found[term:])]
                found[base:] = [Call("RXL.POWER", list(sides))]
            term = len(found) + 1
            base = base if item == "^" else term
        found.append(item)
    return found[:-1]


def _is_number(term: Items) -> bool:
    """Say whether operators and operands are a number above 0, as it is written."""
    last = term[-1]
    return len(term) == 1 and isinstance(last, Literal) and last.text[:1] in ".0123456789" and float(last.text) != 0


# --- look-ups: the engine's, and the careful way the package's among cells where that may differ ----------------------

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
    cells in rising order. Among others (`suspects` sees it) the careful way asks without its answer.
    """
    if name == "MATCH" and len(arguments) == 3 and arguments[2] is not None and arguments[2].items[:1] == ["-"]:
        return c.say("IFNA({0},{1})", engine(), write_native_call(c, "RXL.MATCHDOWN", arguments[:2], wanted))
    if not looks_approximately(name, arguments):
        return None
    python = write_native_call(c, f"RXL.{name}", arguments[: APPROXIMATE[name]], wanted)
    among = operand_at(arguments, 1)
    sought = c.expression(arguments[0] or literal("0"), ARRAY if wanted == ARRAY else VALUE)
    if isinstance(among, Cells):  # computed ones are searched as arrays anyway
        note(c, name, c.operand(among, REFERENCE))
        for about in ("ORDER", "LOGICAL"):  # to the engine truth values are numbers
            note(c, about, sought)
    return python if c.careful or sought.gives == TRUTH else c.say("IFNA({0},{1})", engine(), python)


def exactly(c: Compiling, name: str, arguments: Arguments, wanted: str) -> Out | None:
    """Return an exact look-up the careful way; the quick way notes it, where the engine takes near numbers for one."""
    sought, among = (*arguments, None, None)[:2]
    if name not in _EXACT or sought is None or among is None or looks_approximately(name, arguments) is not False:
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
