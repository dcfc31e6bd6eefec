"""The calculation engine (formualizer) behind a small surface, and the Python functions that it calls."""

from __future__ import annotations

import marshal
import math
from collections.abc import Callable, Sequence
from hashlib import blake2b
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
#: So many answers of LAMBDAs are remembered: the engine asks again for what LET names each time that it is used.
_REMEMBERED = 256


class Calls:
    """The Python functions that a workbook's formulas call.

    `kept` are the arrays put aside by the keys of their anchors, `blocked` the anchors that show #SPILL! from their
    next computation on, `answered` what LAMBDAs gave, by what they were asked. `reason` is the first one that a
    function gave for an error, `failure` how one failed, `telling` which functions gave any reason, `failed` which
    failed, `failing` in which arrays (or since the one before); `interrupted` tells that the user stopped the run.
    """

    def __init__(self, settings: Settings, workbook: fz.Workbook) -> None:
        self.settings = settings
        self.workbook = workbook
        self.kept: dict[int, Any] = {}
        self.blocked: set[int] = set()
        self.answered: dict[bytes, tuple[Any, str]] = {}
        self.reason = self.failure = ""
        self.telling: set[str] = set()
        self.failed: set[str] = set()
        self.failing: set[int] = set()
        self._fails = self.interrupted = False

    def register_keeper(self) -> None:
        """Register the function that keeps an array aside and returns its corner."""

        def keep(key: float, value: Any) -> Any:
            (self.failing.add if self._fails else self.failing.discard)(int(key))
            self._fails = False
            if value.__class__ is dict and value.get("kind") in TROUBLE:
                return fz.LiteralValue.error(str(value["kind"]), None)
            self.kept[int(key)] = value
            if key in self.blocked:
                return ERROR_VALUES["#SPILL!"]
            corner = value
            if value.__class__ is list:
                corner = value[0][0] if value and value[0] else None
            return to_engine(corner)

        self.workbook.register_function(KEEP, keep, min_args=2, max_args=2)

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


class Engine:
    """One workbook inside the engine; `calls` are the Python functions that it calls.

    While it is `idle` it has no cells: what had to be computed was computed without it. It is `looping` when it has met
    a loop of formulas, or has not come to an end.
    """

    def __init__(self, sheets: Sequence[str], settings: Settings) -> None:
        self.settings = settings
        self.names = list(sheets)
        self.idle = self.looping = False
        workbook = settings.new_workbook()
        self.calls = Calls(settings, workbook)
        self._adopt(workbook)

    def _adopt(self, workbook: fz.Workbook) -> None:
        self.workbook = self.calls.workbook = workbook
        self.sheets = [workbook.sheet(name) for name in self.names]

    def close(self) -> None:
        """Let go of all cells."""
        self._adopt(fz.Workbook(mode=fz.WorkbookMode.Interactive))
        self.calls.kept.clear()
        self.calls.answered.clear()

    def load(self, package: bytes) -> None:
        """Take all cells from a package, before any function is registered; OSError where the engine cannot read it."""
        config = self.settings.config()
        loaded = fz.Workbook.from_bytes(package, mode=fz.WorkbookMode.Interactive, config=config)
        self._adopt(self.settings.adopted(loaded))

    def set_block(self, sheet: int, row: int, column: int, rows: list[list[Any]]) -> None:
        """Set the values of a rectangle."""
        self.sheets[sheet].set_values_batch(row, column, len(rows), len(rows[0]), rows)

    def set_formula_block(self, sheet: int, row: int, column: int, rows: list[list[str]]) -> None:
        """Set the formulas of a rectangle without gaps; each begins with an equals sign."""
        self.sheets[sheet].set_formulas_batch(row, column, len(rows), len(rows[0]), rows)

    def set_value(self, place: Place, value: Any) -> None:
        """Set one value."""
        sheet, row, column = place
        self.sheets[sheet].set_values_batch(row, column, 1, 1, [[to_engine(value)]])

    def set_formula(self, place: Place, text: str) -> None:
        """Set one formula, given without its equals sign."""
        sheet, row, column = place
        self.sheets[sheet].set_formula(row, column, f"={text}")

    def evaluate(self) -> None:
        """Compute everything that is not up to date."""
        self._compute(self.workbook.evaluate_all)

    def has_unsettled_loops(self) -> bool:
        """Say whether a loop was left after the last pass although it still moved."""
        telemetry = self.workbook.last_cycle_telemetry()
        return telemetry is not None and telemetry.capped_sccs > 0

    def read_block(self, sheet: int, top: int, left: int, bottom: int, right: int) -> list[list[Any]]:
        """Return the engine's values of a rectangle, as the engine gives them."""
        return self.sheets[sheet].get_values(fz.RangeAddress(self.names[sheet], top, left, bottom, right))

    def read_cell(self, place: Place) -> Any:
        """Return the engine's value of one cell."""
        sheet, row, column = place
        return self.read_block(sheet, row, column, row, column)[0][0]

    def evaluate_cells(self, places: Sequence[Place]) -> None:
        """Compute some cells and what they need."""
        cells = [(self.names[sheet], row, column) for sheet, row, column in places]
        self._compute(lambda: self.workbook.evaluate_cells(cells))

    def _compute(self, run: Callable[[], object]) -> None:
        """Let the engine compute and note loops; the user may stop it while a Python function is being called."""
        met, self.looping = self.looping, True
        run()
        telemetry = self.workbook.last_cycle_telemetry()
        self.looping = met or (telemetry is not None and telemetry.static_sccs > 0)
        if self.calls.interrupted:
            raise KeyboardInterrupt
