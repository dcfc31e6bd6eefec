"""Whole calls that the engine answers wrongly, written as others, and questions about what calls are given."""

from __future__ import annotations

from typing import Final

from ..native import marked, numbered, of_form
from ..native.criteria import ERRORS
from ..native.format_language import undecided
from .operands import (
    MEDIAN,
    bare,
    constant_text,
    has_array_constant,
    is_call,
    is_range,
    literal,
    operand_at,
    plain_name,
    whole_number,
)
from .parameter_classes import ELEMENTWISE, TEXT, gives, names_in
from .repairs import as_total, made
from .tree import Arguments, Call, Cells, Expression, FormulaError, Group, Literal, Name, Named, Operand, Ref

#: The first function of AGGREGATE that takes an array.
_TAKES_ARRAYS: Final = 14
#: Functions whose value is no reference, and functions that give references.
_COMPUTE: Final = of_form("each", "mixed") | names_in("ROW COLUMN IF IFERROR IFNA IFS SWITCH")
_REFERENCES: Final = names_in("INDEX OFFSET INDIRECT CHOOSE IF")
#: What CELL can be asked without the program, the file's place and its formats.
_KNOWN_OF_CELLS: Final = names_in("address col row contents type")
#: Numbers for which western Windows has no character.
UNNAMED: Final = (129, 141, 143, 144, 157)
#: The arguments of which one is the result.
_RESULTS: Final = {**dict.fromkeys(("IF", "CHOOSE", "IFERROR", "IFNA"), slice(1, None)), "IFS": slice(1, None, 2)}
#: Totals that count texts and truth values.
_WITH_TEXTS: Final = names_in("AVERAGEA MAXA MINA STDEVA STDEVPA VARA VARPA")
#: Functions of regressions, and where their arguments end that may be left out for the numbers from 1 on.
_REGRESSIONS: Final = {"LINEST": 2, "LOGEST": 2, "TREND": 3, "GROWTH": 3}
#: Functions that look up approximately, and the argument that says so.
APPROXIMATE: Final = {"VLOOKUP": 3, "HLOOKUP": 3, "MATCH": 2}


def replaced(name: str, arguments: Arguments) -> Expression | None:
    """Return what stands for a whole call, None where it is right itself; refused is what no file tells."""
    given = dict(zip("abcd", arguments, strict=False))
    first, second, third = (operand_at(arguments, place) for place in range(3))
    if name == "POWER" and len(arguments) == 2 and None not in arguments:
        return made("a^b", **given)
    if name == "CHAR" and whole_number(first) in UNNAMED:
        return made("UNICHAR(a)", **given)
    if name == "COUNTIFS" and len(arguments) == 2:
        return made("COUNTIF(a,b)", **given)  # which counts blank cells to the end of the sheet
    if name == "SWITCH" and len(arguments) > 2:
        return _as_tests(arguments)  # the engine passes over errors, blank cells that are "", and letters like É
    if name == "SUBTOTAL" and any(isinstance(each, Literal) and each.text.startswith("#") for each in (second, third)):
        return literal("#REF!")
    if name in _WITH_TEXTS and any(
        has_array_constant(each) or is_call(bare(each).single, ("IF",)) for each in arguments if each
    ):
        raise FormulaError("texts and truth values of arrays, which no source tells of")
    if name == "TYPE" and isinstance(first, Literal) and first.text.startswith("#"):
        return literal("16")
    if name == "TYPE" and arguments and not isinstance(first, Literal | Group) and not is_range(first):
        return made("IF(ISERROR(a),16,TYPE((a)))", **given)
    if name == "INDEX" and len(arguments) == 4:
        if whole_number(operand_at(arguments, 3)) != 1:
            raise FormulaError("INDEX of one among several areas")
        return Expression([Call(name, list(arguments[:3]))])
    if name == "TEXTJOIN" and arguments and (is_range(first) or has_array_constant(arguments[0])):
        raise FormulaError("TEXTJOIN with several delimiters")
    numbers = arguments[1 : _REGRESSIONS.get(name, 0)]
    if None in numbers:
        first_numbers = numbers[0] or made("SEQUENCE(ROWS(a),COLUMNS(a))", **given)
        given_numbers = [each or first_numbers for each in numbers]
        return Expression([Call(name, [arguments[0], *given_numbers, *arguments[1 + len(numbers) :]])])
    if numbers and not isinstance(first, Group):
        asked = "IF((ROWS(b)>1)*(COLUMNS(b)>1),RXL.COLLINEAR(a,b),FALSE)"
        call = f"{name}((a),b{',c,d'[: 2 * len(arguments) - 4]})"
        return made(f'IF({asked},RXL.UNKNOWN("which of the numbers are needless"),{call})', **given)
    if name in ("T.TEST", "TTEST") and not isinstance(first, Group):
        return made(f"IF(OR(COUNT(a)<2,COUNT(b)<2),#DIV/0!,{name}((a),b,c,d))", **given)
    if name in ("CHISQ.TEST", "CHITEST") and not isinstance(first, Group):
        return made(f"IF(ROWS(a)*COLUMNS(a)=1,NA(),{name}((a),b))", **given)
    holidays = operand_at(arguments, numbered("holidays").get(name, len(arguments)))
    if holidays is not None and not isinstance(holidays, Cells) and not is_call(holidays, ("RXL.HOLIDAYS",)):
        return with_holidays_read(name, arguments)
    if name == "TEXTJOIN" and (constant_text(second) or "TRUE").upper() not in ("TRUE", "FALSE"):
        passes = as_total(arguments[1] or literal("0"))
        is_none = isinstance(passes.single, Literal) and passes.single.text == "#VALUE!"
        return passes if is_none else Expression([Call(name, [arguments[0], passes, *arguments[2:]])])
    if name == "NETWORKDAYS.INTL" and constant_text(third) == "1111111":
        return made("0*(a+b)", **given)
    if name == "FIND" and len(arguments) == 3 and not constant_text(first) and not isinstance(first, Group):
        empty = "IF(AND(c>=1,c<LEN(b)+2),INT(c),#VALUE!)"
        return made(f"IF(LEN(a)=0,{empty},FIND((a),b,c))", **given)
    if name in ("N", "T") and arguments:
        if is_range(first) or isinstance(first, Name | Named):
            return made(f"{name}(INDEX(a,1,1))", **given)  # of the first cell
        computed = arguments[0] is not None and not isinstance(first, Cells | Literal | Group)
        return made(f"RXL.{name}(a)", **given) if computed and not is_call(first, _REFERENCES) else None
    if name == "ERROR.TYPE" and arguments and may_end(arguments[0]):
        return made("IFERROR(ERROR.TYPE((a)),IF(ISERROR(a),IF(ISNA(a),7,3),NA()))", **given)
    if name in ("VLOOKUP", "HLOOKUP") and len(arguments) > 2 and _is_below_one(arguments[2]):
        mode = ",d" if len(arguments) > 3 else ""
        return made(f"IF(ISNA({name}(a,b,1{mode})),NA(),#VALUE!)", **given)  # nothing found comes first
    if name == "LOOKUP" and len(arguments) == 3 and is_range(second) and is_range(third):
        return made("INDEX(c,MATCH(a,b))", **given)
    if name == "IFERROR" and isinstance(first, Call) and first.name.lower().endswith("xludf.dummyfunction"):
        # a formula of Google Sheets: the constant beside is its value at the export
        constant = arguments[1] if len(arguments) == 2 else None
        return constant if constant and all(isinstance(item, Literal | str) for item in constant.items) else None
    if name == "AGGREGATE":
        number = whole_number(first) or (MEDIAN if len(arguments) > 4 else _TAKES_ARRAYS)
        if number >= MEDIAN and len(arguments) > 3 + (number >= _TAKES_ARRAYS):
            raise FormulaError("the median or the like of several ranges")
        array = arguments[2:] and arguments[2] is not None and (third is None or is_call(third, ELEMENTWISE))
        return literal("#VALUE!") if array and len(arguments) == 3 and number < _TAKES_ARRAYS else None
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


def with_holidays_read(name: str, arguments: Arguments) -> Expression:
    """Return a count of working days whose holidays may be texts, which the engine passes over, as it does errors."""
    *others, days = arguments
    read = made("RXL.HOLIDAYS(a)", a=days)
    return made("IF(ISNUMBER(SUM(a)),b,SUM(a))", a=read, b=Expression([Call(name, [*others, read])]))


def _as_tests(arguments: Arguments) -> Expression:
    """Return a SWITCH as one test after the other, so that an error among its values ends it."""
    value, *rest = arguments
    found = rest.pop() if len(rest) % 2 else made("NA()")
    for tested, result in zip(rest[-2::-2], rest[::-2], strict=True):
        found = made("IF(rl_value=(a),b,c)", a=tested, b=result or literal("0"), c=found)
    return made("LET(rl_value,a,b)", a=value, b=found)


def given_directly(name: str, arguments: Arguments) -> Arguments:
    """Return what a total of single values is given, with texts that are computed as the number they read as.

    The engine passes over other texts, which is right for cells alone; one that is no number is #VALUE!.
    """
    return [each and _not_passed_over(each) for each in arguments] if name in marked("numbers") else arguments


def _not_passed_over(value: Expression) -> Expression:
    call = value.single
    if any(map(has_array_constant, [value, *(call.arguments if isinstance(call, Call) else ())])):
        return value
    if "&" in value.items or (isinstance(call, Call) and gives(plain_name(call.name)) == TEXT):
        return made("SUM(a)", a=value)
    results = _RESULTS.get(plain_name(call.name)) if isinstance(call, Call) else None
    if not isinstance(call, Call) or results is None:
        return as_total(value)
    chosen = list(call.arguments)
    chosen[results] = [each and _not_passed_over(each) for each in chosen[results]]
    return Expression([Call(call.name, chosen)])


def by_option(arguments: Arguments) -> Expression:
    """Return an AGGREGATE whose option is computed as a choice among the eight options."""
    first, option, *cells = arguments
    calls = [Call("AGGREGATE", [first, literal(str(number)), *cells]) for number in range(8)]
    return Expression([Call("CHOOSE", [made("a+1", a=option), *[Expression([call]) for call in calls]])])


def asks_for_errors(argument: Expression | None) -> bool:
    """Say whether an argument is a criterion that errors meet."""
    text = constant_text(operand_at([argument], 0))
    return text is not None and text.lstrip("<>=").upper() in ERRORS


def found_place(operand: Operand) -> Operand:
    """Return an XLOOKUP that is used as a reference as an INDEX, because the engine's gives the value alone."""
    if not isinstance(operand, Call) or not is_call(operand, ("XLOOKUP",)) or len(operand.arguments) < 3:
        return operand
    given = dict(zip("abcdef", operand.arguments, strict=False))
    if given.get("d") is not None:
        raise FormulaError("a reference that is a value where a look-up finds nothing")
    found = f"XMATCH({','.join(name for name in given if name not in 'cd')})"
    return made(f"INDEX(c,IF(COLUMNS(b)=1,{found},0),IF(COLUMNS(b)=1,0,{found}))", **given).single or operand


def looks_approximately(name: str, arguments: Arguments) -> bool | None:
    """Say whether a look-up ends at the last cell not above the value (True) or at an equal one (False).

    It is None where neither is sure. The rarer modes of XMATCH and XLOOKUP are not the engine's.
    """
    place = APPROXIMATE.get(name, 0)
    mode = arguments[place] if len(arguments) > place else literal("TRUE")
    if not place or mode is None or len(arguments) < 2:
        return False
    text = mode.single.text.upper() if isinstance(mode.single, Literal) else ""
    if name == "MATCH" and text[:1] in tuple("123456789"):
        return True
    return {"TRUE": True, "1": True, "FALSE": False, "0": False}.get(text)


def is_computed_array(value: Expression) -> bool:
    """Say whether INDEX is given something computed, which Excel makes an array of, rather than a reference."""
    operand = bare(value).single
    return operand is None or is_call(operand, _COMPUTE)


def may_end(value: Expression | None) -> bool:
    """Say whether a value can end the whole formula in the engine where Excel has an error value."""
    calls = [item for item in value.items if isinstance(item, Call)] if value is not None else []
    return any(plain_name(call.name) in marked("ends") or any(map(may_end, call.arguments)) for call in calls)


def _is_below_one(value: Expression | None) -> bool:
    """Say whether a constant is 0 or negative."""
    if value is None or not isinstance(value.items[-1], Literal) or value.items[-1].text[:1] not in "0123456789":
        return False
    return value.items[-1].text == "0" if len(value.items) == 1 else value.items[:-1] == ["-"]
