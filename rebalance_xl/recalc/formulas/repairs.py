"""Calls that the engine answers wrongly, written so that it answers as Excel does.

Each rule turns one call into another that means the same to Excel; the engine's own implementation stays in use.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ..native.criteria import plain_criterion
from ..native.faults import Fault
from ..native.format_language import shows_names, undecided
from ..native.reading import typed_number
from .operands import plain_name
from .parameter_classes import ELEMENTWISE
from .tree import Call, Expression, FormulaError, Group, Literal, Name, Operand, Ref, Spilled, Structured


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


#: Functions that show TRUE in small letters when it is their first argument.
_SMALL_LETTERS: Final = frozenset(("LEFT", "LEFTB", "RIGHT", "RIGHTB", "REPT", "CODE"))
#: Where the criteria stand: the first one and the step from one to the next.
_CRITERIA: Final = {
    **dict.fromkeys(("COUNTIF", "SUMIF", "AVERAGEIF"), (1, 99)),
    **dict.fromkeys(("SUMIFS", "AVERAGEIFS", "MAXIFS", "MINIFS"), (2, 2)),
    "COUNTIFS": (1, 2),
}
#: Functions of the engine that refuse numbers and dates in texts; the careful way reads them (not the holidays).
_TAKE_NUMBERS: Final = _set(
    """EDATE EOMONTH DAYS DAYS360 NETWORKDAYS NETWORKDAYS.INTL WORKDAY WORKDAY.INTL WEEKNUM ISOWEEKNUM YEARFRAC DATEDIF
    ROUND ROUNDUP ROUNDDOWN INT TRUNC ABS MOD POWER SQRT PMT PV FV NPER RATE EXP SIGN ISODD ISEVEN LN LOG LOG10 SIN COS
    TAN EVEN ODD FACT PDURATION RRI"""
)
#: Functions that skip a text given to them where Excel says #VALUE!.
_TOTALS: Final = _set(
    "SUM SUMSQ MAX MIN PRODUCT AVERAGE MEDIAN STDEV STDEV.S STDEV.P STDEVP VAR VAR.S VAR.P VARP GEOMEAN HARMEAN DEVSQ"
)
#: Functions whose wrong argument ends the whole formula in the engine instead of giving an error value.
_END_FORMULAS: Final = _set(
    """SUM SUMSQ SUMX2MY2 SUMX2PY2 SUMXMY2 REPT CHAR UNICHAR DEGREES RADIANS ACOSH ATANH SECH FISHER FISHERINV ERF
    ERF.PRECISE ERFC ERFC.PRECISE BESSELI BESSELJ BESSELK BESSELY"""
)
#: What functions that look at an error answer when their argument ends the formula.
CAUGHT: Final = {
    **dict.fromkeys(("ISERROR", "ISERR", "ISNONTEXT"), "TRUE"),
    **dict.fromkeys(("ISNA", "ISNUMBER", "ISTEXT", "ISLOGICAL", "ISBLANK"), "FALSE"),
    "TYPE": "16",
}
#: Functions that pick something by its number, and which argument that is.
_PICK: Final = {"CHOOSE": 0, "VLOOKUP": 2, "HLOOKUP": 2}
#: The first function of AGGREGATE that takes an array.
_TAKES_ARRAYS: Final = 14
#: Functions whose value is no reference.
_COMPUTE: Final = ELEMENTWISE | {"ROW", "COLUMN", "IF"}
#: What CELL can be asked without the program, the file's place and its formats.
_KNOWN_OF_CELLS: Final = frozenset(("address", "col", "row", "contents", "type"))

Arguments = Sequence[Expression | None]


def repaired(name: str, arguments: Arguments, careful: bool = False) -> Expression | None:
    """Return what a call is to be replaced by, None where the engine gets it right.

    Parameters
    ----------
    name : str
        The function, in capitals and without a prefix.
    arguments : sequence of Expression or None
        Its arguments; None for one that was left out.
    careful : bool
        Whether texts are read as numbers where the engine does not.

    Raises
    ------
    FormulaError
        Nothing in the file tells what the call gives.
    """
    if not arguments:
        return None
    first = arguments[0]
    if careful and name in _TAKE_NUMBERS:
        made = [_as_number(argument, place) for place, argument in enumerate(arguments)]
        return None if all(a is b for a, b in zip(made, arguments, strict=True)) else _call(name, made)
    if careful and name == "COUNT" and any(map(_may_be_error, arguments)):
        return _call(name, [_without_error(each) if _may_be_error(each) else each for each in arguments])
    if name == "AGGREGATE" and len(arguments) == 3 and _sums_an_array(arguments):
        return _literal("#VALUE!")
    if name in _CRITERIA:
        return _with_plain_criteria(name, arguments)
    if name in _SMALL_LETTERS:
        shown = _as_text(first)
        return None if shown is None else _call(name, [shown, *arguments[1:]])
    if name in ("N", "T"):
        if first is not None and isinstance(first.single, Ref) and first.single.kind != "cell":
            return _call(name, [_call("INDEX", [first, _literal("1"), _literal("1")])])  # of the first cell
        computed = first is not None and not isinstance(first.single, Ref | Structured | Name | Literal | Group)
        reference = first is not None and isinstance(first.single, Call) and first.single.name.upper() in _REFERENCES
        return _call(f"RXL.{name}", arguments) if computed and not reference else None
    if name in _TOTALS:
        return _without_texts(name, arguments)
    if name == "ERROR.TYPE" and may_end(first):
        group = Expression([Group([_given(first)])])
        otherwise = _call("IF", [_call("ISERROR", [first]), _literal("3"), _call("NA", [])])
        return _call("IFERROR", [_call("ERROR.TYPE", [group]), otherwise])
    if name == "MATCH" and len(arguments) > 2:
        kind = _as_match_type(arguments[2])
        if kind is not None:
            return _call("MATCH", [*arguments[:2], kind])
    if name in ("VLOOKUP", "HLOOKUP") and len(arguments) > 2 and _is_below_one(arguments[2]):
        found = _call(name, [*arguments[:2], _literal("1"), *arguments[3:]])  # nothing found comes first
        return _call("IF", [_call("ISNA", [found]), _call("NA", []), _literal("#VALUE!")])
    if careful and name in _PICK and len(arguments) > _PICK[name]:
        place = _PICK[name]
        number = _as_pick(arguments[place])
        return None if number is None else _call(name, [*arguments[:place], number, *arguments[place + 1 :]])
    if name == "LOOKUP" and len(arguments) == 3 and _is_range(arguments[1]) and _is_range(arguments[2]):
        return _call("INDEX", [arguments[2], _call("MATCH", arguments[:2])])
    if name == "TEXT" and len(arguments) == 2:
        shape = _given(arguments[1]).single if arguments[1] is not None else None
        reason = undecided(shape.text[1:-1].replace('""', '"')) if isinstance(shape, Literal) else ""
        if reason:
            raise FormulaError(reason)
    if name == "OFFSET" and len(arguments) > 3:
        upwards = _upwards(arguments, careful)
        return None if upwards is None else _call("OFFSET", upwards)
    if name == "CELL":
        _ask_the_cell(arguments)
    return None


#: Functions that give references.
_REFERENCES: Final = frozenset(("INDEX", "OFFSET", "INDIRECT", "CHOOSE", "IF"))


def _with_plain_criteria(name: str, arguments: Arguments) -> Expression | None:
    start, step = _CRITERIA[name]
    made = list(arguments)
    for place in range(start, len(made), step):
        made[place] = _plain(made[place])
    return None if all(a is b for a, b in zip(made, arguments, strict=True)) else _call(name, made)


def _plain(criterion: Expression | None) -> Expression | None:
    """Return a criterion as the engine reads it; a constant is written plainly at once."""
    single = criterion.single if criterion is not None else None
    if criterion is None or isinstance(single, Spilled) or _is_call(single, "RXL.CRITERION", "ANCHORARRAY"):
        return criterion
    if isinstance(single, Literal):
        if not single.text.startswith('"'):
            return (
                _call("RXL.CRITERION", [criterion]) if single.text.startswith("{") and '"' in single.text else criterion
            )
        text = single.text[1:-1].replace('""', '"')
        try:
            plain = plain_criterion(text)
        except Fault as fault:
            raise FormulaError(fault.error.reason) from None
        return criterion if plain == text else _literal('"' + plain.replace('"', '""') + '"')
    return _call("RXL.CRITERION", [criterion])


def _as_text(value: Expression | None) -> Expression | None:
    """Return a value joined to an empty text, which writes TRUE in capitals; None for what is a text already."""
    if value is None or any(isinstance(item, str) and item.strip() == "&" for item in value.items):
        return None
    if isinstance(value.single, Literal) and value.single.text.upper() not in ("TRUE", "FALSE"):
        return None
    whole: list[str | Operand] = list(value.items) if value.single is not None else [Group([value])]
    return Expression([*whole, "&", Literal('""')])


def _as_number(value: Expression | None, place: int) -> Expression | None:
    """Return a value read as a number, unless it is one already or stands for days that are a range."""
    single = value.single if value is not None else None
    if value is None or place > 1 or (isinstance(single, Literal) and not single.text.startswith('"')):
        return value
    if _is_call(single, "RXL.NUMBER"):
        return value
    return _call("RXL.NUMBER", [value])


def _may_be_error(value: Expression | None) -> bool:
    """Say whether a value may be an error by itself; COUNT passes over those in ranges, and in Excel over all."""
    single = value.single if value is not None else None
    return value is not None and not isinstance(single, Ref | Structured) and not _is_call(single, "IFERROR")


def _without_error(value: Expression | None) -> Expression:
    return _call("IFERROR", [value, _literal('""')])


def _without_texts(name: str, arguments: Arguments) -> Expression | None:
    """Return a call whose constant texts are the numbers they read as, or #VALUE!."""
    made: list[Expression | None] = []
    for argument in arguments:
        single = argument.single if argument is not None else None
        if isinstance(single, Literal) and single.text.startswith('"'):
            try:
                number = typed_number(single.text[1:-1].replace('""', '"'))
            except Fault as fault:
                raise FormulaError(fault.error.reason) from None
            made.append(_literal("#VALUE!" if number is None else repr(number)))
        else:
            made.append(argument)
    return None if all(a is b for a, b in zip(made, arguments, strict=True)) else _call(name, made)


def _ask_the_cell(arguments: Arguments) -> None:
    asked, place = arguments[0], arguments[1] if len(arguments) > 1 else None
    kind = asked.single if asked is not None else None
    what = kind.text.strip('"').lower() if isinstance(kind, Literal) else ""
    if what not in _KNOWN_OF_CELLS:
        raise FormulaError(f"CELL asks for {what or 'something computed'}, which the file does not tell")
    if what == "address" and not (place is not None and isinstance(place.single, Ref) and not place.single.sheet):
        raise FormulaError("CELL asks for an address on another sheet, which names the file")


#: Functions that look up approximately, and the argument that says so.
APPROXIMATE: Final = {"VLOOKUP": 3, "HLOOKUP": 3, "MATCH": 2}


def looks_approximately(name: str, arguments: Arguments) -> bool:
    """Say whether a look-up ends at the last cell not above the value, as far as its constants tell."""
    place = APPROXIMATE[name]
    if len(arguments) <= place:
        return len(arguments) > 1
    chosen = arguments[place]
    mode = chosen.single if chosen is not None else None
    if not isinstance(mode, Literal):
        return False
    return mode.text.upper() in (("1",) if name == "MATCH" else ("TRUE", "1"))


def found_place(operand: Operand) -> Operand:
    """Return an XLOOKUP that is used as a reference as an INDEX, because the engine's gives the value alone."""
    if not _is_call(operand, "XLOOKUP") or not isinstance(operand, Call) or len(operand.arguments) < 3:
        return operand
    sought, place, given, *rest = operand.arguments
    if rest and rest[0] is not None:
        raise FormulaError("a reference that is a value where a look-up finds nothing")
    found = _call("XMATCH", [sought, place, *rest[1:]])
    upright = Expression([Call("COLUMNS", [place]), "=", Literal("1")])
    row, column = (_call("IF", [upright, *pair]) for pair in ((found, _literal("0")), (_literal("0"), found)))
    return Call("INDEX", [given, row, column])


def joins_cells(argument: Expression) -> bool:
    """Say whether an argument is a text made of cells: in array formulas an array, whose texts AND and OR pass over."""
    signs = {item.strip() for item in argument.items if isinstance(item, str)}
    return "&" in signs and any(isinstance(item, Ref | Name | Structured) for item in argument.items)


def is_computed_array(value: Expression) -> bool:
    """Say whether INDEX is given something computed, which Excel makes an array of, rather than a reference."""
    operand = value.single
    while isinstance(operand, Group) and len(operand.members) == 1:
        value = operand.members[0]
        operand = value.single
    if isinstance(operand, Call):
        return plain_name(operand.name) in _COMPUTE
    return operand is None


def shows_untagged_names(arguments: Arguments) -> bool:
    """Say whether a TEXT shows names of months or days without a tag for their language."""
    shape = arguments[1].single if len(arguments) == 2 and arguments[1] is not None else None
    return isinstance(shape, Literal) and shows_names(shape.text.strip('"'))


def may_end(value: Expression | None) -> bool:
    """Say whether a value can end the whole formula in the engine where Excel has an error value."""
    return value is not None and any(_ends(item) for item in value.items)


def _ends(item: str | Operand) -> bool:
    if isinstance(item, Call):
        name = plain_name(item.name)
        if name in _END_FORMULAS and any(_is_computed(argument) for argument in item.arguments):
            return True
        return any(may_end(argument) for argument in item.arguments)
    return False


def _is_computed(value: Expression | None) -> bool:
    """Say whether a value may be a text that was written or computed, rather than the cells of a range."""
    if value is None:
        return False
    single = value.single
    if isinstance(single, Literal):
        return single.text.startswith(('"', "{"))
    return not isinstance(single, Ref | Structured | Name)


def _sums_an_array(arguments: Arguments) -> bool:
    """Say whether an AGGREGATE that needs references is given something computed."""
    function, given = (each.single if each is not None else None for each in (arguments[0], arguments[2]))
    if not isinstance(function, Literal) or not function.text.isdigit() or int(function.text) >= _TAKES_ARRAYS:
        return False
    return arguments[2] is not None and (
        given is None or (isinstance(given, Call) and given.name.upper() in ELEMENTWISE)
    )


def _as_pick(value: Expression | None) -> Expression | None:
    """Return what picks something by its number as a number, None for what is one or nothing."""
    single = value.single if value is not None else None
    if value is None or _is_call(single, "RXL.NUMBER") or (isinstance(single, Literal) and single.text[:1].isdigit()):
        return None
    return _call("RXL.NUMBER", [value])


def _upwards(arguments: Arguments, careful: bool) -> list[Expression | None] | None:
    """Return an OFFSET whose negative height or width goes up or to the left from its end, which the engine refuses.

    Only what begins with a minus may be negative; the careful way takes everything computed for it.
    """
    made = [*arguments, *[None] * (5 - len(arguments))]
    for size, start in ((3, 1), (4, 2)):
        given = made[size]
        if given is None or isinstance(given.single, Literal) or _is_call(given.single, "ABS"):
            continue
        if careful or given.items[0] == "-":
            low = Expression([Group([given]), "<", Literal("0")])
            back = _call("IF", [low, Expression([Group([given]), "+", Literal("1")]), _literal("0")])
            moved = Group([made[start] or _literal("0")])
            made[start] = Expression([moved, "+", *back.items])
            made[size] = _call("ABS", [given])
    return None if made[: len(arguments)] == [*arguments] else made[: len(arguments)]


def _as_match_type(value: Expression | None) -> Expression | None:
    """Return the last argument of MATCH as a number, None for one: the engine takes FALSE for 1."""
    if value is None:
        return None
    if isinstance(value.single, Literal):
        words = {"TRUE": "1", "FALSE": "0"}
        return _literal(words[value.single.text.upper()]) if value.single.text.upper() in words else None
    if value.items[-2:] == ["+", Literal("0")] or value.items[:1] == ["-"]:
        return None
    return Expression([Group([value]), "+", Literal("0")])


def _is_below_one(value: Expression | None) -> bool:
    """Say whether a constant is 0 or negative."""
    if value is None or not isinstance(value.items[-1], Literal) or value.items[-1].text[:1] not in "0123456789":
        return False
    return value.items[-1].text == "0" if len(value.items) == 1 else value.items[:-1] == ["-"]


def _is_call(operand: Operand | None, *names: str) -> bool:
    return isinstance(operand, Call) and plain_name(operand.name) in names


def _is_range(value: Expression | None) -> bool:
    single = value.single if value is not None else None
    return isinstance(single, Structured) or (isinstance(single, Ref) and single.kind != "cell")


def _call(name: str, arguments: Arguments) -> Expression:
    return Expression([Call(name, list(arguments))])


def _literal(text: str) -> Expression:
    return Expression([Literal(text)])


def _given(value: Expression | None) -> Expression:
    assert value is not None
    return value
