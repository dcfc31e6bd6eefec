"""Calls that the engine answers wrongly, written so that it answers as Excel does.

Each rule turns arguments into others that mean the same to Excel; the engine's own implementation stays in use. What
replaces something is written as a formula in which a, b, c ... stand for the arguments. `whole_calls` replaces calls.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from ..native import EXCEL_FUNCTIONS
from ..native.criteria import plain_criterion
from ..native.faults import Fault
from ..native.reading import in_1904, typed_number
from . import tree
from .operands import constant_text, is_call, literal, plain_name, whole_number
from .parameter_classes import REFERENCE_MAKERS, TRANSPARENT
from .parser import parsed
from .tree import Arguments, Call, Expression, FormulaError, Group, Literal, Name, Ref, mapped


def made(text: str, **given: Expression | None) -> Expression:
    """Return a formula with parts of another in the place of its names; as arguments they may be left out."""

    def put(part: Any) -> Any:
        if isinstance(part, Name):
            return given.get(part.text, part)
        parts = part.items if isinstance(part, Expression) else part.members if isinstance(part, Group) else []
        if isinstance(part, Expression) and len(parts) == 1 and (parts[0] is None or isinstance(parts[0], Expression)):
            return parts[0]
        if None in parts:
            raise FormulaError("an argument is missing in the formula")
        if isinstance(part, Expression):
            part.items = [(each.single or Group([each])) if isinstance(each, Expression) else each for each in parts]
        return part

    found: Expression = mapped(parsed(text)[0], put)
    return found


# --- arguments ----------------------------------------------------------------------------------------------------


def _unless(stays: Callable[[Expression], object], text: str) -> Callable[[Expression], Expression]:
    """Return what writes an argument as a formula of it (a), unless it may stay as it is."""
    return lambda value: value if stays(value) else made(text, a=value)


def _may_be_place(value: Expression | None) -> bool:
    """Say whether a value may stand in cells, also behind a choice among several."""
    single = value.single if value is not None else None
    if isinstance(single, Call) and plain_name(single.name) in TRANSPARENT:
        return any(map(_may_be_place, single.arguments[TRANSPARENT[plain_name(single.name)] :]))
    return isinstance(single, tree.Cells) or is_call(single, REFERENCE_MAKERS)


def _is_written(value: Expression) -> bool:
    """Say whether a value is a text already, or a number that is written as one."""
    constant = isinstance(value.single, Literal) and value.single.text.upper() not in ("TRUE", "FALSE")
    return constant or "&" in value.items


def _asked(
    about: str, stays: Callable[[Expression], object] = lambda value: False
) -> Callable[[Expression], Expression]:
    """Return what has the careful way ask about an argument, unless it may stay as it is."""
    return lambda value: value if stays(value) else Expression(value.items, (*value.asks, about))


def _as_criterion(criterion: Expression) -> Expression:
    """Return a criterion as the engine reads it; a constant is written plainly at once."""
    single = criterion.single
    if isinstance(single, tree.Spilled):
        return criterion
    if not isinstance(single, Literal) or (single.text.startswith("{") and '"' in single.text):
        return made("RXL.CRITERION(a)", a=criterion)
    text = constant_text(single)
    if text is None:
        return criterion
    try:
        typed_number(text.lstrip("<>="))  # what it is may depend on the author's system
        if in_1904(text.lstrip("<>=")) != text.lstrip("<>="):
            return made("RXL.CRITERION(a)", a=criterion)
        plain = plain_criterion(text)
    except Fault as fault:
        raise FormulaError(fault.error.reason) from None
    return criterion if plain == text else literal('"' + plain.replace('"', '""') + '"')


def as_total(value: Expression) -> Expression:
    """Return a constant text as the number it reads as, or #VALUE!; the engine passes over it."""
    text = constant_text(value.single)
    if text is None:
        return value
    try:
        number = typed_number(text)
    except Fault as fault:
        raise FormulaError(fault.error.reason) from None
    return literal("#VALUE!" if number is None else repr(number))


def _as_match_type(value: Expression) -> Expression:
    """Return the last argument of MATCH as a number: the engine takes FALSE for 1."""
    single = value.single
    if isinstance(single, Literal):
        return literal({"TRUE": "1", "FALSE": "0"}.get(single.text.upper(), single.text))
    return value if value.items[0] == "-" else made("a+0", a=value)


def _is_no_text(value: Expression) -> bool:
    """Say whether a value that is counted is written as a number."""
    return isinstance(value.single, Literal) and value.single.text[0] not in '"TF'


#: The engine refuses numbers and dates in texts, shows TRUE in small letters, takes numbers in full digits for texts,
#: texts for 0, and counts characters otherwise. How arguments are changed for it, by the marks of the functions.
_CHANGES: Final[dict[str, Callable[[Expression], Expression]]] = {
    "number": _asked("ARGUMENT"),
    "cut-off": _unless(lambda value: whole_number(value.single) is not None, "TRUNC(a)"),
    "count": _unless(_is_no_text, "a+0"),
    "total": as_total,
    # the texts TRUE and FALSE as truth values; AND and its like pass over texts in cells
    "truth": _asked("TRUTH"),
    "given-truth": _asked(
        "TRUTH", lambda value: _may_be_place(value) or not isinstance(value.single, Literal | Call | None)
    ),
    "match-type": _as_match_type,
    "criterion": _as_criterion,
    # COUNT passes over errors in ranges, and in Excel over all
    "no-error": _asked("COUNTABLE", lambda value: isinstance(value.single, Ref | tree.Structured)),
    "error-as-text": _unless(lambda value: value.single is not None, 'IFERROR(a,"")'),
    "text": _unless(_is_written, 'a&""'),
    "shown": _asked("SHOWN"),
    # as they are shown, with no characters that count as two; of parts of texts a constant is cut as it is
    "counted": _asked("COUNTED"),
    "cut": _asked("COUNTED", lambda value: isinstance(value.single, Literal)),
}
_RULES_OF: Final = {
    name: [(places, _CHANGES[word]) for word, places in function.written()]
    for name, function in EXCEL_FUNCTIONS.items()
}


#: The place from which on look-ups are told their modes, and the usual ones.
_MODES: Final[dict[str, tuple[int, tuple[int | None, ...]]]] = {"XLOOKUP": (3, (None, 0, 1)), "XMATCH": (2, (0, 1))}


def repaired(name: str, arguments: Arguments, careful: bool = False) -> Arguments:
    """Return the arguments that a call is to be made with, marked where the careful way asks about them."""
    if name == "OFFSET":
        return _upwards(arguments, careful)
    if name == "SORT" and arguments:
        array, by, _, by_column = (*arguments, None, None, None)[:4]
        return [made("RXL.SORTABLE(a,b,c)", a=array, b=by, c=by_column), *arguments[1:]]
    first, modes = _MODES.get(name, (len(arguments), ()))
    changed = list(arguments)
    if modes and len(changed) > first + len(modes):
        raise FormulaError(f"{name} has {len(changed)} arguments")
    while len(changed) > first:  # the engine answers the plain form only
        last, mode = changed[-1], modes[len(changed) - first - 1]
        if last is not None and (mode is None or whole_number(last.single) != mode):
            break
        changed.pop()
    for places, change in _RULES_OF.get(name, ()):
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
