"""Whole columns and rows whose cells are paired with those of others, which the engine ends in different places."""

from __future__ import annotations

from typing import Final

from ..references import MAX_COLUMNS, MAX_ROWS
from .compiling import Compiling, Out, call_of
from .compiling_names import meant
from .compiling_places import write_indirect
from .compiling_references import clipped, is_whole, unclipped
from .operands import constant_text, plain_name, sheet_name
from .parameter_classes import ARRAY, REFERENCE, SAME_SIZE, VALUE, parameter_class
from .tree import Arguments, Call, Expression, Literal, Name, Operand, Ref, Span, Structured, operands_in

#: Functions with criteria, which may be errors.
WITH_CRITERIA: Final = SAME_SIZE | {"COUNTIF", "SUMIF", "AVERAGEIF"}
#: Functions that pair the cells of several ranges.
_PAIRED: Final = WITH_CRITERIA.union(
    ("CORREL", "PEARSON", "SLOPE", "INTERCEPT", "RSQ", "STEYX", "FORECAST", "FORECAST.LINEAR", "COVAR", "T.TEST"),
    ("COVARIANCE.P", "COVARIANCE.S", "TTEST", "SUMXMY2", "SUMX2MY2", "SUMX2PY2"),
)
#: Functions of the engine that stop where the used cells of their first range's sheet end.
_OF_MANY: Final = {"SUMIF": "SUMIFS", "AVERAGEIF": "AVERAGEIFS"}


def sheet_of_range(c: Compiling, argument: Expression | None) -> int | None:
    """Return the sheet of a range that is written as cells, a table or a name; None for anything else."""
    _, operand = meant(c, argument.single if argument is not None else None)
    if isinstance(operand, Structured):
        table = c.book.tables.get(operand.table.lower())
        return table.sheet if table is not None else c.sheet if not operand.table else None
    if not isinstance(operand, Ref) or not operand.sheet:
        return c.sheet if isinstance(operand, Ref) else None
    return c.book.sheet_index.get(sheet_name(operand.sheet).lower())


def sheets_of_whole_ranges(c: Compiling, expression: Expression) -> frozenset[int]:
    """Return the sheets of the whole columns and rows in a formula, which are cut to one size together."""
    references = [operand for operand in operands_in(expression) if isinstance(operand, Ref | Name)]
    whole = [operand for operand in references if is_whole(meant(c, operand)[1])]
    sheets = [sheet_of_range(c, Expression([operand])) for operand in whole]
    return frozenset(sheet for sheet in sheets if sheet is not None)


def as_long_as_others(c: Compiling, name: str, arguments: Arguments, operand: Operand | None) -> Out | None:
    """Return a whole column or row whose cells are paired with others', with their end; None for anything else.

    The engine ends every one with its own last used cell, and takes as many rows of each as the first one has.
    """
    if name not in _PAIRED or len(arguments) < (3 if name in WITH_CRITERIA else 2):
        return None
    if name in WITH_CRITERIA and isinstance(operand, Call) and plain_name(operand.name) == "INDIRECT":
        return write_indirect(c, operand, VALUE, corners=True)
    inner, ref = meant(c, operand)
    if not is_whole(ref):
        return None
    computed = name in WITH_CRITERIA and any(
        parameter_class(name, place) == REFERENCE and each is not None and isinstance(each.single, Call | Span)
        for place, each in enumerate(arguments)
    )
    # A range that is computed has all rows; the engine takes minutes for a row of 16,384 cells.
    out = unclipped(inner, ref) if computed and ref.kind == "columns" else clipped(inner, ref)
    c.absorb(inner)
    return out


def longest_first(c: Compiling, name: str, arguments: Arguments) -> Arguments:
    """Return the arguments of COUNTIFS beginning with the sheet that goes furthest down.

    The engine stops where the used cells of the first range's sheet end, also where the criteria are met by blanks.
    """
    if name != "COUNTIFS" or len(arguments) < 4 or len(arguments) % 2:
        return arguments
    pairs = [
        (sheet_of_range(c, arguments[place]), arguments[place : place + 2]) for place in range(0, len(arguments), 2)
    ]
    bottoms = [c.book.extent(sheet)[0] for sheet, _ in pairs if sheet is not None]
    if len({sheet for sheet, _ in pairs}) == 1 or len(bottoms) < len(pairs):
        return arguments
    c.layout = True
    order = sorted(range(len(pairs)), key=lambda place: -bottoms[place])
    return [each for place in order for each in pairs[place][1]]


def sums_another_sheet(c: Compiling, name: str, arguments: Arguments) -> str:
    """Return the function of many criteria for a SUMIF or AVERAGEIF that sums the cells of another sheet, else ""."""
    if name not in _OF_MANY or len(arguments) != 3:
        return ""
    sheets = [sheet_of_range(c, arguments[0]), sheet_of_range(c, arguments[2])]
    return "" if None in sheets or sheets[0] == sheets[1] else _OF_MANY[name]


def with_blanks_below(c: Compiling, arguments: Arguments, out: Out, wanted: str) -> Out:
    """Return a COUNTIFS over whole columns or rows with the blank cells behind the last used one, where they count.

    A COUNTIF needs it where the package computes it, which ends with the last used cell.
    """
    given = [each for each in arguments if each is not None]
    ranges, criteria = given[::2], given[1::2]
    places = [meant(c, each.single)[1] for each in ranges]
    if len(given) < len(arguments) or not all(map(is_whole, places)) or not all(map(_may_meet_blanks, criteria)):
        return out
    c.layout = True
    down = isinstance(places[0], Ref) and places[0].kind == "columns"
    sheets = {sheet_of_range(c, each) for each in ranges}
    if c.careful or not out.single:  # the engine stops where one of these sheets ends, the package where all do
        sheets |= c.together
    used = max(c.book.extent(sheet)[not down] for sheet in sheets if sheet is not None)
    behind = (MAX_ROWS if down else MAX_COLUMNS) - max(used, 1)
    kind = ARRAY if wanted == ARRAY else VALUE
    asked = [c.expression(each, kind) for each in criteria]
    c.functions.add("RXL.BLANKS")
    counted = Out(call_of("RXL.BLANKS", [Out([str(behind)], True), *asked]), all(each.single for each in asked))
    return c.say("({0}+{1})", out, counted)


def _may_meet_blanks(criterion: Expression) -> bool:
    """Say whether blank cells may meet a criterion: all that it says for sure is how it begins."""
    first = criterion.items[0]
    if not isinstance(first, Literal):
        return True
    text = constant_text(first)
    if text is None:
        return "<>" in first.text or '""' in first.text
    return text in ("", "=") or text.startswith("<>")
