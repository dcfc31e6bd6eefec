"""Calls of worksheet functions made ready: argument classes, arrays cell by cell, functions of the package."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..native import ALTERNATIVES, BLIND_TO_ERRORS
from ..references import MAX_COLUMNS, MAX_ROWS, Area
from .array_sizes import alike, fitted, joint, of_range
from .comparisons import COMPARISONS
from .compiling import Compiling
from .compiling_catalogue import argument_for_python, write_catalogue_call
from .compiling_file_questions import told_by_the_file, visible_rows
from .compiling_lambdas import write_caller, write_let, write_named_lambda
from .compiling_places import refuse_places, write_indirect, write_place
from .compiling_references import corner_of, defined, prefix_of, several, unclipped, write_at, write_spilled
from .faulty_places import ASKED, LOOK_INTO, seeing_faults
from .lambdas import CALLERS, EACH, LAMBDA, free_mark, parameter_mark
from .model_calls import missing_text
from .operands import (
    area_of,
    has_array_constant,
    needs_python,
    only,
    plain_name,
    whole,
)
from .parameter_classes import (
    ARRAY,
    CELL_BY_CELL,
    DISTRUSTED,
    ELEMENTWISE,
    GAP_DEFAULTS,
    LISTS,
    REFERENCE,
    SAME_SIZE,
    TRANSPARENT,
    VALUE,
    gives_one_value,
    lifts,
    parameter_class,
)
from .repairs import (
    APPROXIMATE,
    CAUGHT,
    found_place,
    is_computed_array,
    joins_cells,
    looks_approximately,
    may_end,
    repaired,
    shows_untagged_names,
)
from .template import ByCell, Out, Piece, text_of
from .tree import (
    Call,
    Expression,
    FormulaError,
    Group,
    Literal,
    Name,
    Operand,
    Ref,
    Span,
    Spilled,
    Structured,
    UnknownFunctionError,
)


def _from_google(arguments: Sequence[Expression | None]) -> bool:
    """Say whether an IFERROR stands for a formula of Google Sheets: the constant beside is its value at the export."""
    if len(arguments) != 2 or arguments[0] is None or arguments[1] is None:
        return False
    call = arguments[0].single
    google = isinstance(call, Call) and call.name.lower().endswith("xludf.dummyfunction")
    return google and all(isinstance(item, Literal | str) for item in arguments[1].items)


def _given(argument: Expression | None) -> Expression:
    assert argument is not None
    return argument


def write_call(c: Compiling, call: Call, wanted: str) -> Out:
    """Return a function call."""
    out = write_answer(c, call, wanted)
    name = plain_name(call.name)
    return seeing_faults(c, name, call.arguments, out, wanted) if name in LOOK_INTO or name in ASKED else out


def write_answer(c: Compiling, call: Call, wanted: str) -> Out:
    """Return a function call, which may take an error in the place of a range for an empty one."""
    name = plain_name(call.name)
    if name == "SINGLE" and len(call.arguments) == 1:
        return write_at(c, only(call.arguments[0]))
    if name == "ANCHORARRAY" and len(call.arguments) == 1:
        return write_spilled(c, only(call.arguments[0]), wanted)
    if name in CALLERS and call.arguments:
        return write_caller(c, name, call.arguments)
    if name == "LET" and len(call.arguments) > 2:
        return write_let(c, call.arguments, wanted)
    found = defined(c, Name(call.name)) if not call.name.startswith("_xl") else None
    if found is not None and plain_name(found[1].partition("(")[0].strip()) == "LAMBDA":
        return write_named_lambda(c, call, found)  # other names stand in nobody's way: Rate beside RATE(...)
    if name == "TEXT" and shows_untagged_names(call.arguments) and c.book.foreign_names():
        raise FormulaError("months and days have names of another language in this workbook")
    mended = repaired(name, call.arguments, c.careful)
    if mended is not None:
        return c.expression(mended, wanted)
    if name in ALTERNATIVES and len(call.arguments) >= ALTERNATIVES[name] and needs_python(name, call.arguments):
        name = f"RXL.{name}"
    implementation = c.book.registered(name)
    if implementation is not None:
        c.functions.add(name)
        if hasattr(implementation, "parameters"):
            return write_catalogue_call(c, name, implementation, call.arguments, wanted)
        arguments = call.arguments[:2] if name == "RXL.MATCH" else call.arguments
        return write_native_call(c, name, implementation, arguments, wanted)
    told = told_by_the_file(c, name, call.arguments)
    if told is not None:
        return told
    if name == "IFERROR" and _from_google(call.arguments):
        return c.expression(_given(call.arguments[1]), wanted)
    if name in DISTRUSTED or not c.book.knows(name):
        raise UnknownFunctionError(name)
    if name == "INDIRECT":
        return write_indirect(c, call, wanted)
    out = write_known_call(c, name, call, wanted)
    if name in ("CHAR", "CODE") and len(call.arguments) == 1 and c.book.on_macintosh():
        return of_either_system(c, name, _given(call.arguments[0]), out, wanted)
    if name == "CODE":  # beyond the characters of western Windows it is another number on every system
        c.functions.add("RXL.UNKNOWN")
        unknown = 'RXL.UNKNOWN("CODE of a character that western Windows lacks")'
        return Out(["IF(", *out.pieces, f">255,{unknown},", *out.pieces, ")"], out.single, out.size)
    return of_one_size(c, name, call, out) if name in SAME_SIZE else out


def of_either_system(c: Compiling, name: str, argument: Expression, out: Out, wanted: str) -> Out:
    """Return CHAR or CODE of a workbook that Excel for Macintosh wrote: beyond 127 its characters are not Windows'."""
    single = argument.single
    if name == "CHAR" and isinstance(single, Literal) and single.text.isdigit() and int(single.text) <= _LAST_SHARED:
        return out
    value = c.expression(argument, ARRAY if wanted == ARRAY else VALUE).pieces
    asked: list[Piece] = value if name == "CHAR" else ["UNICODE(", *value, ")"]
    c.functions.add("RXL.UNKNOWN")
    unknown = f'RXL.UNKNOWN("{name} beyond 127, which differs between Windows and Macintosh")'
    return Out(["IF(", *asked, f">{_LAST_SHARED},{unknown},", *out.pieces, ")"], out.single, out.size)


#: The last character that Windows and Macintosh have in common.
_LAST_SHARED = 127


def of_one_size(c: Compiling, name: str, call: Call, out: Out) -> Out:
    """Return a call with criteria as #VALUE! where its ranges are not of one size."""
    places = [place for place in range(len(call.arguments)) if parameter_class(name, place) == REFERENCE]
    given = [call.arguments[place] for place in places]
    if len(given) < 2 or None in given:
        return out
    ranges = [c.expression(_given(each), REFERENCE) for each in given]
    for each, argument in zip(ranges, given, strict=True):
        if isinstance(_given(argument).single, Ref) and each.size is None:
            each.size = of_range(each.pieces)
    return alike(ranges, out)


def write_known_call(c: Compiling, name: str, call: Call, wanted: str) -> Out:
    """Return a call of a function that the engine has, or of what stands in for it where the engine goes wrong."""
    if wanted == ARRAY or any(has_array_constant(each) for each in call.arguments):
        by_cell = lifted(c, name, call.arguments)
        if by_cell is not None:
            return by_cell
    if name in APPROXIMATE and looks_approximately(name, call.arguments):
        return write_searched_again(c, name, call, wanted)
    if name in ("ROWS", "COLUMNS") and len(call.arguments) == 1:
        size = whole(call.arguments[0], name)
        if size is not None:
            return Out([str(size)], True)
    if c.careful and name in ASKED_FOR_ERRORS:  # the engine gives an error that is asked for; Excel counts it
        careful = "RXL.COUNTIFS" if name == "COUNTIF" else f"RXL.{name}"
        c.functions.add(careful)
        arguments = [*call.arguments, call.arguments[0]] if name in ("SUMIF", "AVERAGEIF") else call.arguments
        return write_native_call(c, careful, c.book.registered(careful), arguments[: _MOST.get(name)], wanted)
    watched = BLIND_TO_ERRORS.get(name)
    if watched is not None and watched < len(call.arguments):
        return write_seeing_errors(c, name, call, wanted, watched)
    out = write_engine_call(c, name, call, wanted)
    return fitting(c, out) if c.careful and name in JOINING else out


#: Functions with criteria, which may be errors.
ASKED_FOR_ERRORS = SAME_SIZE | {"COUNTIF", "SUMIF", "AVERAGEIF"}
_MOST = {"SUMIF": 3, "AVERAGEIF": 3}

#: Functions of the engine that make texts longer than a cell holds, where Excel says #VALUE!.
JOINING = frozenset(("CONCAT", "CONCATENATE", "SUBSTITUTE"))


def fitting(c: Compiling, out: Out) -> Out:
    """Return a joined text as an error where it is longer than a cell holds."""
    c.functions.add("RXL.FITTING")
    return Out(["RXL.FITTING(", *out.pieces, ")"], out.single, out.size)


def write_end(c: Compiling, operand: Operand) -> Out:
    """Return one end of a range or intersection, an INDIRECT as the engine takes it there."""
    if isinstance(operand, Call) and plain_name(operand.name) == "INDIRECT":
        return Out(["INDIRECT(", *write_place(c, operand), ")"], False)
    return c.operand(found_place(operand), REFERENCE)


def write_seeing_errors(c: Compiling, name: str, call: Call, wanted: str, watched: int) -> Out:
    """Return a call that the engine answers unless the range it sums holds errors, which it would pass over."""
    out = write_engine_call(c, name, call, wanted)
    summed = call.arguments[watched]
    implementation = c.book.registered(f"RXL.{name}")
    if summed is None or not isinstance(summed.single, Ref | Structured | Name):
        return out
    place = c.expression(summed, REFERENCE)
    if name in ("SUMIF", "AVERAGEIF"):
        place = as_large(c.expression(_given(call.arguments[0]), REFERENCE), place)
    tested = place.pieces
    c.functions.add(f"RXL.{name}")
    careful = write_native_call(c, f"RXL.{name}", implementation, call.arguments, wanted)
    return Out(["IF(ISERROR(SUM(", *tested, ")),", *careful.pieces, ",", *out.pieces, ")"], out.single)


def write_searched_again(c: Compiling, name: str, call: Call, wanted: str) -> Out:
    """Return an approximate look-up that passes over headings and unsorted cells as Excel's does.

    The engine finds nothing where Excel's search ends somewhere; what it finds is right among cells in rising order.
    Among others (`evaluation.look_ups` sees it) the formula is computed the careful way, without the engine's answer.
    """
    implementation = c.book.registered(f"RXL.{name}")
    c.functions.add(f"RXL.{name}")
    arguments = call.arguments[:2] if name == "MATCH" else call.arguments
    careful = write_native_call(c, f"RXL.{name}", implementation, arguments, wanted)
    if c.careful:
        return careful
    out = write_engine_call(c, name, call, wanted)
    return Out(["IFNA(", *out.pieces, ",", *careful.pieces, ")"], out.single)


def write_engine_call(c: Compiling, name: str, call: Call, wanted: str) -> Out:
    """Return a call of a function that the engine has."""
    pieces: list[Piece] = [name, "("]
    given: list[Out | str] = []
    single = True
    for position, argument in enumerate(call.arguments):
        if position:
            pieces.append(",")
        if argument is None:
            given.append(GAP_DEFAULTS.get((name, position), ""))
            pieces.append(GAP_DEFAULTS.get((name, position), ""))
            continue
        kind = ARRAY if wanted == ARRAY else parameter_class(name, position)
        if name in ("INDEX", "OFFSET") and position == 0:
            kind = ARRAY if name == "INDEX" and is_computed_array(argument) else REFERENCE
        through = TRANSPARENT.get(name)
        if through is not None and position >= through and wanted != ARRAY:
            kind = wanted
        inner = argument.single
        listed = several(c, inner) if inner is not None and name in LISTS else None
        if listed is not None:
            for number, each in enumerate(listed):
                pieces.extend([","] if number else [])
                pieces.extend(c.operand(each, kind).pieces)
            continue
        if name in ("SUBTOTAL", "AGGREGATE") and isinstance(inner, Ref | Structured):
            visible = visible_rows(c, name, call.arguments, inner)
            if visible is not None:
                pieces.append(visible)
                continue
        if name == "INDEX" and position == 0 and isinstance(inner, Ref) and inner.kind in ("columns", "rows"):
            pieces.extend(unclipped(c, inner).pieces)
            continue
        out = c.expression(argument, kind)
        if name in ("OFFSET", "INDEX") and position:
            refuse_places(name, argument, out)
        if name == "SUMPRODUCT" and counts_nothing(argument, c.careful):
            c.functions.add("RXL.NUMERIC")  # texts and truth values are 0 there, also those that read as numbers
            out = Out(["RXL.NUMERIC(", *out.pieces, ")"], out.single, out.size)
        given.append(out)
        skipped = wanted == ARRAY and name in ("AND", "OR", "XOR") and joins_cells(argument)
        pieces.extend(["IF({TRUE},", *out.pieces, ")"] if skipped else out.pieces)
        if parameter_class(name, position) != REFERENCE or through is not None:
            single = single and out.single
    pieces.append(")")
    if name in CELL_BY_CELL:
        return each_cell(c, name, given, gives_one_value(name, single))
    if name in CAUGHT and call.arguments and may_end(call.arguments[0]):
        pieces = ["IFERROR(", *pieces, f",{CAUGHT[name]})"]
    return Out(pieces, gives_one_value(name, single))


def counts_nothing(argument: Expression, careful: bool) -> bool:
    """Say whether an argument of SUMPRODUCT may hold texts or truth values, the careful way also in cells."""
    single = argument.single
    while isinstance(single, Group) and len(single.members) == 1:
        argument = single.members[0]
        single = argument.single
    if single is None:
        return any(isinstance(item, str) and item.strip() in (*COMPARISONS, "&") for item in argument.items)
    if isinstance(single, Literal):
        return not single.text[:1].isdigit()
    tests = isinstance(single, Call) and plain_name(single.name) in _TEST
    return tests or (careful and isinstance(single, Ref | Structured | Name))


#: Functions of one value that give truth values.
_TEST = frozenset(("EXACT", "ISBLANK", "ISERR", "ISERROR", "ISLOGICAL", "ISNA", "ISNUMBER", "ISTEXT", "NOT"))


def each_cell(c: Compiling, name: str, given: Sequence[Out | str], single: bool) -> Out:
    """Return a call that the engine makes cell by cell, on arrays that fit each other."""
    arrays = [out for out in given if isinstance(out, Out) and not out.single]
    test = given[0] if given else ""
    chosen = name == "IF" and isinstance(test, Out) and test.single

    def write(texts: Sequence[str]) -> str:
        return f"{name}({','.join(texts)})"

    if len(arrays) > 1 and not chosen:
        pieces = fitted(c, given, write, 0 if name == "IF" else None)
        return Out(pieces, single, joint(arrays))
    pieces = [name, "("]
    for place, out in enumerate(given):
        pieces += [","] if place else []
        pieces += [out] if isinstance(out, str) else out.pieces
    return Out([*pieces, ")"], single, None if chosen else joint(arrays))


def lifted(c: Compiling, name: str, arguments: Sequence[Expression | None]) -> Out | None:
    """Return a call that has to be made cell by cell on arrays, None where the engine or nobody has to."""
    if name in ("ROW", "COLUMN") and len(arguments) == 1 and arguments[0] is not None:
        operand = arguments[0].single
        # A computed reference, such as INDIRECT("1:"&A1), gives as many numbers as it has rows or columns.
        if isinstance(operand, Call | Span | Name | Structured | Spilled):
            place = c.operand(found_place(operand), REFERENCE).pieces
            before, after = ("ROWS(", "),1,ROW(") if name == "ROW" else ("1,COLUMNS(", "),COLUMN(")
            return Out([f"SEQUENCE({before}", *place, after, *place, "))"], False)
        return numbered(c, name, operand) if isinstance(operand, Ref) and operand.kind != "cell" else None
    if not lifts(name):
        return None
    marks: list[str] = []
    each: list[Out] = []
    whole: list[Out] = []
    depth = c.depth + 1
    for position, argument in enumerate(arguments):
        if argument is None:
            marks.append("")
            continue
        out = argument_for_python(c, argument, ARRAY)
        if position == 2 and name in ("SUMIF", "AVERAGEIF"):
            out = as_large(argument_for_python(c, _given(arguments[0]), ARRAY), out)
        if name in ("CHOOSE", "SWITCH", "IFS") or parameter_class(name, position) == VALUE:
            marks.append(parameter_mark(depth, len(each)))
            each.append(out)
        else:
            marks.append(free_mark(depth, len(whole)))
            whole.append(out)
    arrays = [out for out in each if not out.single]
    if not arrays:
        return None
    c.functions.add(LAMBDA)
    pieces: list[Piece] = [f'{LAMBDA}("{EACH}","{name}({",".join(marks)})","",{depth},{len(whole)}']
    for out in (*whole, *each):
        pieces += [",", *out.pieces]
    return Out([*pieces, ")"], False, joint(arrays))


def as_large(tested: Out, summed: Out) -> Out:
    """Return a range to be summed as large as the one that is tested, from its own top left cell on."""

    def area(row: int, column: int, references: Sequence[str]) -> str:
        first, second = (
            "".join(text_of(piece, row, column, references) for piece in out.pieces) for out in (tested, summed)
        )
        (_, _, one), (prefix, mark, other) = (each.strip("()").rpartition("!") for each in (first, second))
        size, place = area_of(one), area_of(other)
        if size is None or place is None:
            return second
        bottom, right = place.top + size.height - 1, place.left + size.width - 1
        return prefix + mark + Area(place.top, place.left, min(bottom, MAX_ROWS), min(right, MAX_COLUMNS)).text()

    return Out([ByCell(area)], summed.single)


def numbered(c: Compiling, name: str, ref: Ref) -> Out | None:
    """Return ROW or COLUMN of a range as the numbers it stands for."""
    prefix = prefix_of(c, ref.sheet)
    if prefix is None:
        return None
    first, last = corner_of(c, ref.first), corner_of(c, ref.last if ref.last is not None else ref.first)
    extent = c.book.extent(c.sheet)

    def numbers(row: int, column: int, references: Sequence[str]) -> str:
        ends = [text_of(end, row, column, references) for end in (first, last)]
        area = area_of(f"{ends[0]}:{ends[1]}")
        if area is None:
            return f"{name}({ends[0]}:{ends[1]})"
        if name == "ROW":
            bottom = extent[0] if area.bottom == MAX_ROWS else area.bottom
            return f"SEQUENCE({max(bottom - area.top + 1, 1)},1,{area.top})"
        right = extent[1] if area.right == MAX_COLUMNS else area.right
        return f"SEQUENCE(1,{max(right - area.left + 1, 1)},{area.left})"

    def size(row: int, column: int, references: Sequence[str]) -> tuple[int, int] | None:
        area = area_of(":".join(text_of(end, row, column, references) for end in (first, last)))
        return None if area is None else (area.height, 1) if name == "ROW" else (1, area.width)

    return Out([numbers], False, size if ref.kind == "range" else None)


def write_native_call(
    c: Compiling, name: str, implementation: Any, arguments: Sequence[Expression | None], wanted: str
) -> Out:
    """Return a call of a function that the package implements beside the engine."""
    pieces: list[Piece] = [name, "("]
    arrays: list[Out] = []
    single = True
    for position, argument in enumerate(arguments):
        if position:
            pieces.append(",")
        if argument is None:
            pieces.append(missing_text())
            continue
        ranged = implementation.takes_range(position)
        listed = parameter_class(name, position)
        kind = ARRAY if wanted == ARRAY or listed == ARRAY else REFERENCE if ranged else VALUE
        through = TRANSPARENT.get(name)
        if through is not None and position >= through and wanted != ARRAY:
            kind = wanted
        out = argument_for_python(c, argument, kind)
        if position == 2 and name in ("RXL.SUMIF", "RXL.AVERAGEIF"):
            out = as_large(argument_for_python(c, _given(arguments[0]), kind), out)
        pieces.extend(out.pieces)
        arrays += [] if ranged or out.single else [out]
        single = single and (ranged or out.single)
    pieces.append(")")
    return Out(pieces, gives_one_value(name, single), joint(arrays) if name in ELEMENTWISE else None)
