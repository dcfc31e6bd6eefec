"""Calls that the engine answers wrongly, written so that it answers as Excel does.

Each rule turns arguments into others that mean the same to Excel; the engine's own implementation stays in use. What
replaces something is written as a formula in which a, b, c ... stand for the arguments. `whole_calls` replaces calls.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ..native.criteria import plain_criterion
from ..native.faults import Fault
from ..native.reading import typed_number
from .operands import constant_text, is_range, literal
from .parameter_classes import names_in
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


def made(text: str, **given: Expression | None) -> Expression:
    """Return a formula with parts of another in the place of its names."""
    found = _filled(parsed(text)[0], given)
    assert found is not None
    return found


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
    return value if number else made("RXL.NUMBER(a)", a=value)


def _as_truth(value: Expression) -> Expression:
    """Return the texts TRUE and FALSE as truth values, anything else as it is."""
    single = value.single
    one = isinstance(single, Literal) or (isinstance(single, Ref) and single.kind == "cell") or single is None
    return made("RXL.TRUTH(a)", a=value) if one or isinstance(single, Call) else value


def _as_given_truth(value: Expression) -> Expression:
    """Return the same for AND and its like, which pass over texts in cells."""
    return value if isinstance(value.single, Cells) else _as_truth(value)


def _without_error(value: Expression) -> Expression:
    """Return a value that is no error by itself; COUNT passes over those in ranges, and in Excel over all."""
    return value if isinstance(value.single, Ref | Structured) else made('IFERROR(a,"")', a=value)


def _as_criterion(criterion: Expression) -> Expression:
    """Return a criterion as the engine reads it; a constant is written plainly at once."""
    single = criterion.single
    if isinstance(single, Spilled):
        return criterion
    if not isinstance(single, Literal) or (single.text.startswith("{") and '"' in single.text):
        return made("RXL.CRITERION(a)", a=criterion)
    text = constant_text(single)
    if text is None:
        return criterion
    try:
        typed_number(text.lstrip("<>="))  # what it is may depend on the author's system
        plain = plain_criterion(text)
    except Fault as fault:
        raise FormulaError(fault.error.reason) from None
    return criterion if plain == text else literal('"' + plain.replace('"', '""') + '"')


def _as_text(value: Expression) -> Expression:
    """Return a value joined to an empty text, which writes TRUE in capitals, unless it is a text already."""
    single = value.single
    constant = isinstance(single, Literal) and single.text.upper() not in ("TRUE", "FALSE")
    return value if constant or "&" in value.items else made('a&""', a=value)


def as_shown(value: Expression) -> Expression:
    """Return what shows a value as a text: numbers in General format, everything else as it is."""
    single = value.single
    text = isinstance(single, Literal) and single.text.startswith(('"', "{"))
    return value if text else made('IF(ISNUMBER(a),TEXT(a,"General"),a)', a=value)


def _as_text_argument(value: Expression) -> Expression:
    """Return a value for a text, unless it may be a range, which has to reach the function as it is."""
    single = value.single
    one = single is None or isinstance(single, Literal) or (isinstance(single, Ref) and single.kind == "cell")
    return as_shown(value) if one else value


def _as_joined(value: Expression) -> Expression:
    """Return the same for what is joined, also ranges as a whole."""
    return made("RXL.SHOWN(a)", a=value) if is_range(value.single) else _as_text_argument(value)


def _as_counted(value: Expression) -> Expression:
    """Return a value whose characters are counted: numbers as they are shown, no characters that count as two."""
    return made("RXL.COUNTED(a)", a=value)


def _as_counted_cells(value: Expression) -> Expression:
    """Return the same for parts of texts, of which a constant is cut between whole characters."""
    return value if isinstance(value.single, Literal) else _as_counted(value)


def _as_total(value: Expression) -> Expression:
    """Return a constant text as the number it reads as, or #VALUE!; the engine passes over it."""
    text = constant_text(value.single)
    if text is None:
        return value
    try:
        number = typed_number(text)
    except Fault as fault:
        raise FormulaError(fault.error.reason) from None
    return literal("#VALUE!" if number is None else repr(number))


def _as_whole(value: Expression) -> Expression:
    """Return a constant number without what stands behind its point, which the engine refuses."""
    text = value.single.text if isinstance(value.single, Literal) else ""
    return literal(text.partition(".")[0]) if text[:1].isdigit() else value


def _as_match_type(value: Expression) -> Expression:
    """Return the last argument of MATCH as a number: the engine takes FALSE for 1."""
    single = value.single
    if isinstance(single, Literal):
        return literal({"TRUE": "1", "FALSE": "0"}.get(single.text.upper(), single.text))
    return value if value.items[0] == "-" else made("a+0", a=value)


#: Functions, which of their arguments are changed, how, and whether in the careful way only.
_ARGUMENTS: Final[dict[str, tuple[slice, Callable[[Expression], Expression], bool]]] = {
    # refuse numbers and dates in texts (the holidays, which are a range, stay)
    **dict.fromkeys(
        names_in(
            """EDATE EOMONTH DAYS DAYS360 NETWORKDAYS NETWORKDAYS.INTL WORKDAY WORKDAY.INTL WEEKNUM ISOWEEKNUM YEARFRAC
            DATEDIF ROUND ROUNDUP ROUNDDOWN INT TRUNC ABS MOD POWER SQRT PMT PV FV NPER RATE EXP SIGN ISODD ISEVEN LN
            LOG LOG10 SIN COS TAN EVEN ODD FACT COMBIN COMBINA PERMUT ATAN ATAN2 ASIN ACOS SINH COSH TANH ASINH DEGREES
            RADIANS SQRTPI FACTDOUBLE SLN EFFECT NOMINAL QUOTIENT DELTA GESTEP RANDBETWEEN GAUSS PHI"""
        ),
        (slice(2), _as_number, True),
    ),
    **dict.fromkeys(names_in("PDURATION RRI SYD DDB CUMIPMT CUMPRINC STANDARDIZE"), (slice(None), _as_number, True)),
    "CHOOSE": (slice(1), _as_number, True),
    "SUBTOTAL": (slice(1), _as_whole, False),
    **dict.fromkeys(names_in("SMALL LARGE"), (slice(1), _as_total, False)),
    "SORT": (slice(1), lambda value: made("RXL.SORTABLE(a)", a=value), False),
    **dict.fromkeys(names_in("IF NOT"), (slice(1), _as_truth, True)),
    "IFS": (slice(None, None, 2), _as_truth, True),
    **dict.fromkeys(names_in("AND OR XOR"), (slice(None), _as_given_truth, True)),
    **dict.fromkeys(names_in("VLOOKUP HLOOKUP"), (slice(2, 3), _as_number, True)),
    "MATCH": (slice(2, 3), _as_match_type, False),
    "COUNT": (slice(None), _without_error, True),
    **dict.fromkeys(names_in("COUNTIF SUMIF AVERAGEIF"), (slice(1, 2), _as_criterion, False)),
    "COUNTIFS": (slice(1, None, 2), _as_criterion, False),
    **dict.fromkeys(names_in("SUMIFS AVERAGEIFS MAXIFS MINIFS"), (slice(2, None, 2), _as_criterion, False)),
    # show TRUE in small letters
    **dict.fromkeys(names_in("LEFT LEFTB RIGHT RIGHTB REPT CODE"), (slice(1), _as_text, False)),
    # take numbers for texts, as LEFT and the others above do
    "CONCATENATE": (slice(None), _as_text_argument, True),
    "CONCAT": (slice(None), _as_joined, True),
    "TEXTJOIN": (slice(2, None), _as_joined, True),
    "SUBSTITUTE": (slice(3), _as_text_argument, True),
    **dict.fromkeys(names_in("MID REPLACE TRIM UPPER LOWER"), (slice(1), _as_text_argument, True)),
    # skip a text given to them where Excel says #VALUE!
    **dict.fromkeys(
        names_in(
            """SUM SUMSQ MAX MIN PRODUCT AVERAGE MEDIAN STDEV STDEV.S STDEV.P STDEVP VAR VAR.S VAR.P VARP GEOMEAN
            HARMEAN DEVSQ AVERAGEA MAXA MINA STDEVA STDEVPA VARA VARPA"""
        ),
        (slice(None), _as_total, False),
    ),
}


#: Functions that count characters, and the arguments they do it in.
_COUNTED: Final[dict[str, tuple[slice, Callable[[Expression], Expression]]]] = {
    "LEN": (slice(1), _as_counted),
    **dict.fromkeys(names_in("LEFT RIGHT MID REPLACE"), (slice(1), _as_counted_cells)),
    **dict.fromkeys(names_in("EXACT FIND SEARCH"), (slice(2), _as_counted)),
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
    table = [_ARGUMENTS[name][:2]] if name in _ARGUMENTS and (careful or not _ARGUMENTS[name][2]) else []
    table += [_COUNTED[name]] if careful and name in _COUNTED else []
    changed = list(arguments)
    for places, change in table:
        changed[places] = [None if each is None else change(each) for each in changed[places]]
    return changed


def _upwards(arguments: Arguments, careful: bool) -> Arguments:
    """Return an OFFSET whose negative height or width goes up or to the left from its end, which the engine refuses.

    Only what begins with a minus may be negative; the careful way takes everything computed for it.
    """
    changed = list(arguments)
    for start, size in ((1, 3), (2, 4)):
        given = changed[size] if size < len(changed) else None
        if given is not None and not isinstance(given.single, Literal) and (careful or given.items[0] == "-"):
            changed[start] = made("a+IF(b<0,b+1,0)", a=changed[start] or literal("0"), b=given)
            changed[size] = made("ABS(b)", b=given)
    return changed
