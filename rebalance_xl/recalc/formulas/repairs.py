"""Calls that the engine answers wrongly, written so that it answers as Excel does.

Each rule turns arguments or a whole call into others that mean the same to Excel; the engine's own implementation stays
in use. What replaces something is written as a formula in which a, b, c ... stand for the arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from typing import Final

from ..native.criteria import plain_criterion
from ..native.faults import Fault
from ..native.format_language import shows_names, undecided
from ..native.reading import typed_number
from .operands import bare, constant_text, operand_at, plain_name, whole_number
from .parameter_classes import ELEMENTWISE, names_in
from .parser import parsed
from .tree import (
    Arguments,
    Call,
    Cells,
    Expression,
    FormulaError,
    Group,
    Literal,
    Name,
    Operand,
    Ref,
    Spilled,
    Structured,
)

#: Functions whose wrong argument ends the whole formula in the engine instead of giving an error value.
_END_FORMULAS: Final = names_in(
    """SUM SUMSQ REPT CHAR UNICHAR DEGREES RADIANS ACOSH ATANH SECH FISHER FISHERINV ERF
    ERF.PRECISE ERFC ERFC.PRECISE BESSELI BESSELJ BESSELK BESSELY"""
)
#: What functions that look at an error answer when their argument ends the formula.
CAUGHT: Final = {
    **dict.fromkeys(("ISERROR", "ISERR", "ISNONTEXT"), "TRUE"),
    **dict.fromkeys(("ISNA", "ISNUMBER", "ISTEXT", "ISLOGICAL", "ISBLANK"), "FALSE"),
    "TYPE": "16",
}
#: The first function of AGGREGATE that takes an array.
_TAKES_ARRAYS: Final = 14
#: Functions whose value is no reference, and functions that give references.
_COMPUTE: Final = ELEMENTWISE | {"ROW", "COLUMN", "IF"}
_REFERENCES: Final = names_in("INDEX OFFSET INDIRECT CHOOSE IF")
#: What CELL can be asked without the program, the file's place and its formats.
_KNOWN_OF_CELLS: Final = names_in("address col row contents type")
#: Functions that look up approximately, and the argument that says so.
APPROXIMATE: Final = {"VLOOKUP": 3, "HLOOKUP": 3, "MATCH": 2}


def _made(text: str, **given: Expression | None) -> Expression:
    """Return a formula with parts of another in the place of its names."""
    made = _filled(parsed(text)[0], given)
    assert made is not None
    return made


def _filled(part: Expression | None, given: dict[str, Expression | None]) -> Expression | None:
    single = part.single if part is not None else None
    if part is None or (isinstance(single, Name) and single.text in given):
        return given[single.text] if isinstance(single, Name) else None
    return Expression([item if isinstance(item, str) else _operand(item, given) for item in part.items])


def _operand(item: Operand, given: dict[str, Expression | None]) -> Operand:
    value = given.get(item.text) if isinstance(item, Name) else None
    if value is not None:
        return value.single or Group([value])
    if isinstance(item, Group):
        return Group([each for member in item.members if (each := _filled(member, given)) is not None])
    return Call(item.name, [_filled(each, given) for each in item.arguments]) if isinstance(item, Call) else item


# --- arguments ----------------------------------------------------------------------------------------------------


def _as_number(value: Expression) -> Expression:
    """Return a text or truth value read as a number."""
    single = value.single
    number = isinstance(single, Literal) and single.text[0] not in '"TF'
    return value if number else _made("RXL.NUMBER(a)", a=value)


def _without_error(value: Expression) -> Expression:
    """Return a value that is no error by itself; COUNT passes over those in ranges, and in Excel over all."""
    return value if isinstance(value.single, Ref | Structured) else _made('IFERROR(a,"")', a=value)


def _as_criterion(criterion: Expression) -> Expression:
    """Return a criterion as the engine reads it; a constant is written plainly at once."""
    single = criterion.single
    if isinstance(single, Spilled):
        return criterion
    if not isinstance(single, Literal) or (single.text.startswith("{") and '"' in single.text):
        return _made("RXL.CRITERION(a)", a=criterion)
    text = constant_text(single)
    if text is None:
        return criterion
    try:
        plain = plain_criterion(text)
    except Fault as fault:
        raise FormulaError(fault.error.reason) from None
    return criterion if plain == text else _literal('"' + plain.replace('"', '""') + '"')


def _as_text(value: Expression) -> Expression:
    """Return a value joined to an empty text, which writes TRUE in capitals, unless it is a text already."""
    single = value.single
    constant = isinstance(single, Literal) and single.text.upper() not in ("TRUE", "FALSE")
    return value if constant or "&" in value.items else _made('a&""', a=value)


def as_shown(value: Expression) -> Expression:
    """Return what shows a value as a text: numbers in General format, everything else as it is."""
    single = value.single
    text = isinstance(single, Literal) and single.text.startswith(('"', "{"))
    return value if text else _made('IF(ISNUMBER(a),TEXT(a,"General"),a)', a=value)


def shows_generally(arguments: Arguments) -> bool:
    """Say whether a TEXT shows numbers as a text joined to them does."""
    shape = arguments[1].single if len(arguments) == 2 and arguments[1] is not None else None
    return isinstance(shape, Literal) and shape.text.lower() == '"general"'


def _as_text_argument(value: Expression) -> Expression:
    """Return a value for a text, unless it may be a range, which has to reach the function as it is."""
    single = value.single
    one = single is None or isinstance(single, Literal) or (isinstance(single, Ref) and single.kind == "cell")
    return as_shown(value) if one else value


def _as_total(value: Expression) -> Expression:
    """Return a constant text as the number it reads as, or #VALUE!; the engine passes over it."""
    text = constant_text(value.single)
    if text is None:
        return value
    try:
        number = typed_number(text)
    except Fault as fault:
        raise FormulaError(fault.error.reason) from None
    return _literal("#VALUE!" if number is None else repr(number))


def _as_match_type(value: Expression) -> Expression:
    """Return the last argument of MATCH as a number: the engine takes FALSE for 1."""
    single = value.single
    if isinstance(single, Literal):
        words = {"TRUE": "1", "FALSE": "0"}
        return _literal(words.get(single.text.upper(), single.text))
    return value if value.items[0] == "-" else _made("a+0", a=value)


#: Functions, which of their arguments are changed, how, and whether in the careful way only.
_ARGUMENTS: Final[dict[str, tuple[slice, Callable[[Expression], Expression], bool]]] = {
    # refuse numbers and dates in texts (the holidays, which are a range, stay)
    **dict.fromkeys(
        names_in(
            """EDATE EOMONTH DAYS DAYS360 NETWORKDAYS NETWORKDAYS.INTL WORKDAY WORKDAY.INTL WEEKNUM ISOWEEKNUM YEARFRAC
            DATEDIF ROUND ROUNDUP ROUNDDOWN INT TRUNC ABS MOD POWER SQRT PMT PV FV NPER RATE EXP SIGN ISODD ISEVEN LN
            LOG LOG10 SIN COS TAN EVEN ODD FACT PDURATION RRI"""
        ),
        (slice(2), _as_number, True),
    ),
    "CHOOSE": (slice(1), _as_number, True),
    **dict.fromkeys(names_in("VLOOKUP HLOOKUP"), (slice(2, 3), _as_number, True)),
    "MATCH": (slice(2, 3), _as_match_type, False),
    "COUNT": (slice(None), _without_error, True),
    **dict.fromkeys(names_in("COUNTIF SUMIF AVERAGEIF"), (slice(1, 2), _as_criterion, False)),
    "COUNTIFS": (slice(1, None, 2), _as_criterion, False),
    **dict.fromkeys(names_in("SUMIFS AVERAGEIFS MAXIFS MINIFS"), (slice(2, None, 2), _as_criterion, False)),
    # show TRUE in small letters
    **dict.fromkeys(names_in("LEFT LEFTB RIGHT RIGHTB REPT CODE"), (slice(1), _as_text, False)),
    # take numbers for texts, as LEFT and the others above do
    **dict.fromkeys(names_in("CONCAT CONCATENATE"), (slice(None), _as_text_argument, True)),
    "TEXTJOIN": (slice(2, None), _as_text_argument, True),
    "SUBSTITUTE": (slice(3), _as_text_argument, True),
    **dict.fromkeys(names_in("MID REPLACE TRIM UPPER LOWER"), (slice(1), _as_text_argument, True)),
    # skip a text given to them where Excel says #VALUE!
    **dict.fromkeys(
        names_in(
            """SUM SUMSQ MAX MIN PRODUCT AVERAGE MEDIAN STDEV STDEV.S STDEV.P STDEVP VAR VAR.S VAR.P VARP GEOMEAN
            HARMEAN DEVSQ"""
        ),
        (slice(None), _as_total, False),
    ),
}


def repaired(name: str, arguments: Arguments, careful: bool = False) -> Arguments:
    """Return the arguments that a call is to be made with, where the careful way also reads texts as numbers.

    Raises
    ------
    FormulaError
        Nothing in the file tells what the call gives.
    """
    if name == "OFFSET":
        return _upwards(arguments, careful)
    if name not in _ARGUMENTS or (_ARGUMENTS[name][2] and not careful):
        return arguments
    places, change, _ = _ARGUMENTS[name]
    made = list(arguments)
    made[places] = [None if each is None else change(each) for each in made[places]]
    return made


def _upwards(arguments: Arguments, careful: bool) -> Arguments:
    """Return an OFFSET whose negative height or width goes up or to the left from its end, which the engine refuses.

    Only what begins with a minus may be negative; the careful way takes everything computed for it.
    """
    made = list(arguments)
    for start, size in ((1, 3), (2, 4)):
        given = made[size] if size < len(made) else None
        if given is not None and not isinstance(given.single, Literal) and (careful or given.items[0] == "-"):
            made[start] = _made("a+IF(b<0,b+1,0)", a=made[start] or _literal("0"), b=given)
            made[size] = _made("ABS(b)", b=given)
    return made


# --- whole calls --------------------------------------------------------------------------------------------------


def replaced(name: str, arguments: Arguments) -> Expression | None:
    """Return what stands for a whole call, None where the call itself is right.

    Raises
    ------
    FormulaError
        Nothing in the file tells what the call gives.
    """
    given = dict(zip("abcd", arguments, strict=False))
    first, second, third = (operand_at(arguments, place) for place in range(3))
    if name in ("N", "T") and arguments:
        if isinstance(first, Ref) and first.kind != "cell":
            return _made(f"{name}(INDEX(a,1,1))", **given)  # of the first cell
        computed = arguments[0] is not None and not isinstance(first, Cells | Literal | Group)
        return _made(f"RXL.{name}(a)", **given) if computed and not _is_call(first, _REFERENCES) else None
    if name == "ERROR.TYPE" and arguments and may_end(arguments[0]):
        return _made("IFERROR(ERROR.TYPE((a)),IF(ISERROR(a),3,NA()))", **given)
    if name in ("VLOOKUP", "HLOOKUP") and len(arguments) > 2 and _is_below_one(arguments[2]):
        mode = ",d" if len(arguments) > 3 else ""
        return _made(f"IF(ISNA({name}(a,b,1{mode})),NA(),#VALUE!)", **given)  # nothing found comes first
    if name == "LOOKUP" and len(arguments) == 3 and _is_range(second) and _is_range(third):
        return _made("INDEX(c,MATCH(a,b))", **given)
    if name == "AGGREGATE" and len(arguments) == 3 and (whole_number(first) or _TAKES_ARRAYS) < _TAKES_ARRAYS:
        array = arguments[2] is not None and (third is None or _is_call(third, ELEMENTWISE))
        return _literal("#VALUE!") if array else None
    if name == "TEXT" and len(arguments) == 2:
        reason = undecided(constant_text(second) or "")
        if reason:
            raise FormulaError(reason)
    if name == "CELL" and arguments:
        asked = first.text.strip('"').lower() if isinstance(first, Literal) else ""
        if asked not in _KNOWN_OF_CELLS:
            raise FormulaError(f"CELL asks for {asked or 'something computed'}, which the file does not tell")
        if asked == "address" and (not isinstance(second, Ref) or second.sheet):
            raise FormulaError("CELL asks for an address on another sheet, which names the file")
    return None


def found_place(operand: Operand) -> Operand:
    """Return an XLOOKUP that is used as a reference as an INDEX, because the engine's gives the value alone."""
    if not isinstance(operand, Call) or not _is_call(operand, ("XLOOKUP",)) or len(operand.arguments) < 3:
        return operand
    given = dict(zip("abcdef", operand.arguments, strict=False))
    if given.get("d") is not None:
        raise FormulaError("a reference that is a value where a look-up finds nothing")
    found = f"XMATCH({','.join(name for name in given if name not in 'cd')})"
    made = _made(f"INDEX(c,IF(COLUMNS(b)=1,{found},0),IF(COLUMNS(b)=1,0,{found}))", **given).single
    return made or operand


# --- questions ----------------------------------------------------------------------------------------------------


def looks_approximately(name: str, arguments: Arguments) -> bool:
    """Say whether a look-up ends at the last cell not above the value, as far as its constants tell."""
    place = APPROXIMATE[name]
    if len(arguments) <= place:
        return len(arguments) > 1
    mode = operand_at(arguments, place)
    if not isinstance(mode, Literal):
        return False
    return mode.text[:1] in tuple("123456789") if name == "MATCH" else mode.text.upper() in ("TRUE", "1")


def takes_one_of_a_line(arguments: Arguments) -> bool:
    """Say whether an INDEX gives one cell of a range by one number, which must be in one row or column."""
    everything = arguments[1] is None or whole_number(operand_at(arguments, 1)) == 0
    return isinstance(operand_at(arguments, 0), Cells) and not everything


def joins_cells(argument: Expression) -> bool:
    """Say whether an argument is a text made of cells: in array formulas an array, whose texts AND and OR pass over."""
    return "&" in argument.items and any(isinstance(item, Cells) for item in argument.items)


def is_computed_array(value: Expression) -> bool:
    """Say whether INDEX is given something computed, which Excel makes an array of, rather than a reference."""
    operand = bare(value).single
    return operand is None or _is_call(operand, _COMPUTE)


def shows_untagged_names(arguments: Arguments) -> bool:
    """Say whether a TEXT shows names of months or days without a tag for their language."""
    return shows_names((constant_text(operand_at(arguments, 1)) or "").strip('"'))


def may_end(value: Expression | None) -> bool:
    """Say whether a value can end the whole formula in the engine where Excel has an error value."""
    calls = [item for item in value.items if isinstance(item, Call)] if value is not None else []
    return any(
        (plain_name(call.name) in _END_FORMULAS and any(map(_is_computed, call.arguments)))
        or any(map(may_end, call.arguments))
        for call in calls
    )


def _is_computed(value: Expression | None) -> bool:
    """Say whether a value may be a text that was written or computed, rather than the cells of a range."""
    single = value.single if value is not None else None
    if isinstance(single, Literal):
        return single.text.startswith(('"', "{"))
    return value is not None and not isinstance(single, Cells)


def _is_below_one(value: Expression | None) -> bool:
    """Say whether a constant is 0 or negative."""
    if value is None or not isinstance(value.items[-1], Literal) or value.items[-1].text[:1] not in "0123456789":
        return False
    return value.items[-1].text == "0" if len(value.items) == 1 else value.items[:-1] == ["-"]


def _is_range(operand: Operand | None) -> bool:
    return isinstance(operand, Structured) or (isinstance(operand, Ref) and operand.kind != "cell")


def _is_call(operand: Operand | None, names: Container[str]) -> bool:
    return isinstance(operand, Call) and plain_name(operand.name) in names


def _literal(text: str) -> Expression:
    return Expression([Literal(text)])
