"""What a native function is, and the decorator that turns a plain Python function into one."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import repeat
from typing import Any, Final, TypeVar

from ...cells import MISSING, NA, CellError
from .arguments import KINDS, check, each_once, to_rows
from .faults import Fault
from .reading import in_1904

Kernel = Callable[..., Any]
KernelT = TypeVar("KernelT", bound=Kernel)


@dataclass(frozen=True, slots=True)
class NativeFunction:
    """A worksheet function of Excel that the package implements beside the engine.

    It is called with worksheet values and gives a worksheet value, a list of rows or a CellError (a number that is not
    finite is #NUM! to who asked); it never raises for bad input. The keyword ``date_offset`` is 1462 for books of the
    1904 date system. `max_args` is None where there is no limit. An argument of another kind than ``range`` and
    ``cells`` takes one value, and an array there gives an array of results; the last kind holds for all arguments that
    follow.
    """

    name: str
    callable: Callable[..., Any]
    min_args: int
    max_args: int | None
    kinds: tuple[str, ...]

    def takes_range(self, position: int) -> bool:
        """Tell whether the argument at a position (from 0) takes a range."""
        return self.kinds[min(position, len(self.kinds) - 1)] == "range"


#: The functions of the modules imported so far, by name.
REGISTERED: Final[dict[str, NativeFunction]] = {}


#: The kinds of arguments that take arrays as they are.
WHOLE: Final = ("range", "cells")
#: Defaults as they stand after an equals sign, besides whole numbers.
_DEFAULTS: Final = {"FALSE": False, "TRUE": True, "NONE": None, "NA": NA, "MISSING": MISSING}


def worksheet(*names: str, kinds: str, dates: bool = False, dated: bool = False) -> Callable[[KernelT], KernelT]:
    """Declare a Python function as a worksheet function; the function itself stays as it is.

    The `kinds` of its arguments are separated by blanks, some with ``=`` and a default (or it is the function's own);
    the last one may end in ``*`` and then repeats. `dates` tells that the result is a date, which the 1904 system
    counts from another day, `dated` that the function wants to know the date system, as the keyword ``date_offset``.

    >>> double = worksheet("X.DOUBLE", kinds="x basis=0")(lambda x, basis: 2 * x + basis)
    >>> REGISTERED["X.DOUBLE"].callable(4.0), REGISTERED.pop("X.DOUBLE").callable(4.0, 7.0).reason
    (8.0, 'basis is 7; it must lie between 0 and 4')
    """
    given = [kind.partition("=") for kind in kinds.split()]
    listed = tuple(kind.rstrip("*") for kind, _, _ in given)
    most = None if kinds.endswith("*") else len(listed)
    defaults = tuple(_DEFAULTS[word] if word in _DEFAULTS else int(word) for _, sign, word in given if sign)

    def declare(kernel: KernelT) -> KernelT:
        known: tuple[Any, ...] = defaults or getattr(kernel, "__defaults__", None) or ()
        invoke = _called(kernel, listed, known, dates, dated)
        for name in names:
            REGISTERED[name] = NativeFunction(name, invoke, len(listed) - len(known), most, listed)
        return kernel

    return declare


def _called(kernel: Kernel, names: tuple[str, ...], defaults: Sequence[Any], dates: bool, dated: bool) -> Kernel:
    kinds = [KINDS[name] for name in names]
    count = len(kinds)
    for place, default in enumerate(defaults, count - len(defaults)):
        kinds[place] = replace(kinds[place], left_out=repeat(default).__next__)
    limited = any(kind.allowed for kind in kinds)

    def answer(values: Sequence[Any], date_offset: int) -> Any:
        """Return what the kernel makes of some values, or the error value that what it raised stands for."""
        arguments: list[Any] = []
        try:
            for index, value in enumerate([*values, *[MISSING] * (count - len(values))]):
                kind = kinds[min(index, count - 1)]
                if value is MISSING:
                    arguments.append(kind.left_out())
                else:
                    in_days = date_offset and value.__class__ is str and not kind.texts
                    read = kind.read(in_1904(value) if in_days else value)
                    arguments.append(read + date_offset if kind.days else read)
            if limited:
                for named in zip(names, kinds, arguments, strict=False):
                    check(*named)
            result = kernel(*arguments, date_offset=date_offset) if dated else kernel(*arguments)
        except Fault as fault:
            return fault.error
        except ZeroDivisionError:
            return CellError("#DIV/0!", "a division by zero")
        except (ArithmeticError, ValueError) as error:
            return CellError("#NUM!", str(error))
        return result - date_offset if dates else result

    @functools.wraps(kernel)
    def invoke(*args: Any, date_offset: int = 0) -> Any:
        lifted = [
            place
            for place, value in enumerate(args)
            if isinstance(value, list | tuple) and names[min(place, count - 1)] not in WHOLE
        ]
        if lifted:
            return _lift(lambda filled: answer(filled, date_offset), args, lifted)
        return answer(args, date_offset)

    return invoke


def _lift(answer: Callable[[list[Any]], Any], values: Sequence[Any], lifted: list[int]) -> list[list[Any]]:
    """Answer cell by cell, once for the same values."""
    filled = list(values)

    def one(cells: tuple[Any, ...]) -> Any:
        for index, cell in zip(lifted, cells, strict=True):
            filled[index] = cell
        found = answer(filled)
        return found[0][0] if isinstance(found, list) else found

    return each_once([to_rows(values[index]) for index in lifted], lambda different: list(map(one, different)))
