"""The Python functions that the engine calls, and what is heard of them: why they gave errors, and how they failed."""

from __future__ import annotations

import marshal
import math
from hashlib import blake2b
from itertools import chain, compress
from types import NoneType
from typing import Any

import formualizer as fz

from ...cells import CellError
from ..formulas.compiling_catalogue import MISSING_TEXT
from ..formulas.lambdas import EACH, LAMBDA, Scratch, call
from ..formulas.parameter_classes import implementation
from ..native.faults import UNDECIDED
from ..references import Place
from .engine_values import ERROR_VALUES, FAILURES, TROUBLE, ModelGap, Settings, to_argument, to_engine

KEEP = "RXL.KEEP"
#: The functions that remember the rows that many formulas choose.
KNOWN, NOTED = "RXL.KNOWN", "RXL.NOTED"
#: The functions around a formula that is heard to fail, and why.
_BEGIN, _TELL = "RXL.BEGIN", "RXL.TELL"
#: So many answers of LAMBDAs are remembered: the engine asks again for what LET names each time that it is used.
_REMEMBERED = 256
#: Values that the engine takes as they are, numbers if they are finite.
_PLAIN = {float, str, bool, NoneType}


def listened(sheet: int, text: str) -> str:
    """Return a formula around which is heard why it fails, in the same words in each cell: so it is read fastest."""
    return text if text.startswith(_TELL) else f"{_TELL}({sheet},ROW(),COLUMN(),{_BEGIN}(ROW()),{text})"


def _given_back(value: Any) -> Any:
    """Return what a function got from the engine as it gives it back, also where it is no worksheet value."""
    if value.__class__ is dict and value.get("kind") in TROUBLE:
        return fz.LiteralValue.error(str(value["kind"]), None)
    return [list(map(to_engine, row)) for row in value] if value.__class__ is list else to_engine(value)


def _chosen(tests: Any, *columns: Any) -> list[Any]:
    """Return the rows of columns that meet tests, and two more of FALSE, which is in arrays where tests are not met.

    None are given where that is not as sure as if all were computed: with errors, blank cells, or other sizes.
    """
    every = (tests, *columns)
    if any(each.__class__ is not list or (len(each), len(each[0])) != (len(tests), 1) for each in every):
        return []
    rows = [[*compress(column, chain.from_iterable(tests))] for column in columns]
    unsure = dict in {*map(type, chain.from_iterable(chain(*every)))} or any([None] in each for each in rows)
    return [] if unsure else [[*each, [False], [False]] for each in rows]


class Calls:
    """The Python functions that a workbook's formulas call.

    `kept` are the arrays put aside by the keys of their anchors, `blocked` the anchors that show #SPILL! from their
    next computation on, `answered` what LAMBDAs gave, by what they were asked, `notes` the rows many formulas choose.
    `reason` is the first one that a function gave for an error, `failure` how one failed, `heard` both of the cells
    that were listened to; `telling` are the functions that gave any reason, `failed` those that failed, `failing` the
    arrays in which one did (or since the one before); `interrupted` tells that the user stopped the run.
    """

    def __init__(self, settings: Settings, workbook: fz.Workbook) -> None:
        self.settings = settings
        self.workbook = workbook
        self.kept: dict[int, Any] = {}
        self.blocked: set[int] = set()
        self.answered: dict[bytes, tuple[Any, str]] = {}
        self.notes: dict[float, Any] = {}
        self.reason = self.failure = ""
        self.heard: dict[Place, tuple[str, str]] = {}
        self.telling: set[str] = set()
        self.failed: set[str] = set()
        self.failing: set[int] = set()
        self._fails = self.interrupted = False

    def register_around(self) -> None:
        """Register what stands around formulas: what keeps an array aside and returns its corner, what hears faults."""

        def keep(key: float, value: Any) -> Any:
            (self.failing.add if self._fails else self.failing.discard)(int(key))
            self._fails = False
            if value.__class__ is dict and value.get("kind") in TROUBLE:
                return _given_back(value)
            self.kept[int(key)] = value
            if key in self.blocked:
                return ERROR_VALUES["#SPILL!"]
            corner = value
            if value.__class__ is list:
                corner = value[0][0] if value and value[0] else None
            return to_engine(corner)

        def begin(_: float) -> float:
            self.reason = self.failure = ""
            return 0.0

        def tell(sheet: float, row: float, column: float, _: float, value: Any) -> Any:
            self.heard[int(sheet), int(row), int(column)] = self.reason, self.failure
            return _given_back(value)

        def noted(key: float, *values: Any) -> Any:
            if len(values) == 1:
                return self.notes[key][int(values[0])]
            if values and not self._fails:  # else the formulas have to fail themselves
                self.notes[key] = _chosen(*values)
            return bool(self.notes.get(key))

        self.workbook.register_function(KNOWN, lambda key: key in self.notes, min_args=1, max_args=1)
        self.workbook.register_function(NOTED, noted, min_args=1)
        for name, function, count in ((KEEP, keep, 2), (_BEGIN, begin, 1), (_TELL, tell, 5)):
            self.workbook.register_function(name, function, min_args=count, max_args=count)

    def _register_lambda(self) -> None:
        """Register the caller of LAMBDAs, which computes each call in a workbook of its own."""

        def callback(*given: Any) -> Any:
            asked = blake2b(marshal.dumps(given, 2)).digest()  # tells all values apart, 1 from TRUE and 0 from -0 too
            if asked not in self.answered:
                if len(self.answered) == _REMEMBERED:
                    self.answered.clear()
                self.answered[asked] = self._called(*given)
            answer, failure = self.answered[asked]
            if failure:
                self._failed(LAMBDA, failure)
            return answer

        self.workbook.register_function(LAMBDA, callback, min_args=5)

    def _called(self, kind: str, body: str, used: str, depth: float, free: float, *arguments: Any) -> tuple[Any, str]:
        """Return what a call of a LAMBDA gives, for the engine, and how a function in it failed."""
        inner = Calls(self.settings, self.settings.new_workbook())
        inner.workbook.sheet("S")
        try:
            for name in used.split():
                inner.register(name, implementation(name))
            values = [None if each == MISSING_TEXT else each for each in arguments]
            scratch, count = Scratch(inner.workbook, int(depth), to_engine), int(free)
            answer = call(kind, body, scratch, values[:count], values[count:])
        except FAILURES as error:
            what = body.partition("(")[0] if kind == EACH else kind
            answer = inner._failed(LAMBDA, f"{what} failed: {type(error).__name__}: {error}")
        finally:
            del inner.workbook  # the two refer to each other through the engine, where nobody would notice
        if isinstance(answer, list):
            return [[to_engine(cell) for cell in row] for row in answer], inner.failure
        return to_engine(answer), inner.failure

    def register(self, name: str, implementation: Any) -> None:
        """Make a catalogue function, a native function or what calls LAMBDAs callable from formulas."""
        if name == LAMBDA:
            self._register_lambda()
            return
        offset, ours = self.settings.date_offset, hasattr(implementation, "parameters")
        compute = implementation.call if ours else implementation.callable
        fast = implementation.scalar_call if ours and not offset else None
        extra = {"date_offset": offset} if offset or not ours else {}
        least, most = (0, None) if ours else (implementation.min_args, implementation.max_args)

        def callback(*arguments: Any) -> Any:
            try:
                if fast is not None:
                    answer = fast(arguments)
                    if answer is not None:
                        return answer  # a finite float, a text or a truth value
                for argument in arguments:
                    kind = argument.__class__
                    if kind is not float and (kind is not str or argument[:1] == "\ue000"):
                        given = [*map(to_argument, arguments)]
                        lacking = [each for each in given if each.__class__ is ModelGap]
                        answer = lacking[0] if lacking else compute(*given, **extra)
                        break
                else:
                    answer = compute(*arguments, **extra)
            except KeyboardInterrupt:
                self.interrupted = True
                self.workbook.cancel()
                return ERROR_VALUES["#VALUE!"]
            except Exception as error:
                return self._failed(name, f"{name} failed: {type(error).__name__}: {error}")
            kind = answer.__class__
            if kind is float:
                return answer if answer - answer == 0 else ERROR_VALUES["#NUM!"]
            if kind is str or kind is bool:
                return answer
            return self._answer(name, answer)

        self.workbook.register_function(name, callback, min_args=least, max_args=most, allow_override_builtin=True)

    def _failed(self, name: str, failure: str) -> Any:
        """Note that a function could not answer, which is no error of the worksheet; return what stands for it."""
        self.failure, self._fails = failure, True
        self.failed.add(name)
        return ERROR_VALUES["#VALUE!"]

    def _answer(self, name: str, answer: Any) -> Any:
        if not isinstance(answer, list | tuple):
            return self._cell(name, answer)
        if not answer:
            return ERROR_VALUES["#VALUE!"]
        rows = answer if isinstance(answer[0], list | tuple) else [answer]
        cells = [*chain.from_iterable(rows)]
        if {*map(type, cells)} <= _PLAIN and math.isfinite(sum(each for each in cells if each.__class__ is float)):
            return [*map(list, rows)]
        return [[each if each.__class__ in (str, bool) else self._cell(name, each) for each in row] for row in rows]

    def _cell(self, name: str, value: Any) -> Any:
        if value.__class__ is float and value - value == 0:
            return value
        if value is None or isinstance(value, bool | str):
            return value
        if isinstance(value, CellError):
            if value.code == UNDECIDED or value.reason.startswith("internal error"):
                return self._failed(name, value.reason)
            if value.reason:
                self.telling.add(name)
                self.reason = self.reason or value.reason
            return ERROR_VALUES.get(value.code) or ERROR_VALUES["#VALUE!"]
        return float(value) if math.isfinite(value) else ERROR_VALUES["#NUM!"]
