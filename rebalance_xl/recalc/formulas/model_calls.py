"""Calls of the package's own functions completed: the workbook's model, today's date, hidden arguments, gaps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

#: The text that stands for an argument that was not given; no user can type it.
MISSING_TEXT = "\ue000not given"

Out = TypeVar("Out")


def missing_text() -> str:
    """Return the formula text of an argument that was not given."""
    return f'"{MISSING_TEXT}"'


def omitted_text(declared: Sequence[Any], position: int) -> str:
    """Return the formula text of an omitted argument: its default where that is a plain constant."""
    if position >= len(declared):
        return missing_text()
    parameter = declared[position]
    plain = parameter.kind in ("number", "word") and not parameter.sum_of and not parameter.clock
    if plain and parameter.has_default and isinstance(parameter.default, str | float | int):
        default = parameter.default
        return f'"{default}"' if isinstance(default, str) else repr(float(default))
    return missing_text()


def fill_model(
    function: Any,
    given: Sequence[Out | None],
    from_model: Callable[[str], Out | None],
    from_text: Callable[[str], Out | None],
    hint: Callable[[str], str] = lambda model: "",
) -> list[Out | None]:
    """Return a call's arguments (None for one that was not given) with those that hosts supply.

    `from_model` turns a model expression into an argument, None when the workbook lacks it; `from_text` does so with
    formula text; `hint` says which name was probably meant by one that the workbook lacks.
    """
    parameters = function.parameters
    if len(given) <= len(parameters) and function.asks_book(given, None):
        whole = _whole_book(function, given, from_model, from_text)
        if whole:
            return whole
    filled: list[Out | None] = list(given) + [None] * (len(parameters) - len(given))
    no_data = all(filled[position] is None for position, parameter in enumerate(parameters) if parameter.data)
    if no_data and function.has_model:
        for position, parameter in enumerate(parameters):
            if filled[position] is None and parameter.model:
                filled[position] = from_model(parameter.model)
                if filled[position] is None and parameter.required and not parameter.clock:
                    filled[position] = from_text(f'"{MISSING_TEXT}:{parameter.model}{hint(parameter.model)}"')
    for position, parameter in enumerate(parameters):
        if filled[position] is None and parameter.clock:
            filled[position] = from_text("TODAY()")
    if len(given) <= len(parameters):
        filled += [from_model(parameter.model) for parameter in function.context]
    while filled and filled[-1] is None:
        filled.pop()
    return filled


def _whole_book(
    function: Any,
    given: Sequence[Out | None],
    from_model: Callable[[str], Out | None],
    from_text: Callable[[str], Out | None],
) -> list[Out | None]:
    """Return the arguments of a call that the whole book answers; nothing where the workbook lacks its table.

    They are the options as given, the mark, today where the function asks for a day, and each part of the book after
    its reference.
    """
    from ...catalogue import WHOLE_BOOK, asks_day, book_parts

    parts: list[Out | None] = []
    for place, reference in enumerate(book_parts(function)):
        out = from_model(reference)
        if out is not None:
            parts += [from_text(f'"{reference}"'), out]
        elif not place:
            return []
    blank = from_text(missing_text())  # its default is the book's own setting, not the function's
    options = [blank if each is None else each for each in given]
    options += [blank] * (len(function.parameters) - len(given))
    return [*options, from_text(f'"{WHOLE_BOOK}"'), from_text("TODAY()") if asks_day(function) else blank, *parts]
