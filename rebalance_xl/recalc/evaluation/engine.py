"""The calculation engine (formualizer) behind a small surface: load cells, evaluate, read values."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any

import formualizer as fz

from ...cells import MISSING, CellError
from ..files.markup import ERROR_CODES, ERROR_KINDS
from ..formulas.lambdas import LAMBDA
from ..formulas.model_calls import MISSING_TEXT
from ..native.faults import UNDECIDED
from ..references import MAX_COLUMNS

KEEP = "RXL.KEEP"
_BEGIN, _TELL = "RXL.BEGIN", "RXL.TELL"
#: Kinds of engine errors that are no worksheet errors, with the cause they are reported under.
TROUBLE = {"Circ": "circular", "NImpl": "engine-unsupported", "Error": "engine-unsupported"}
_ERROR_VALUES = {code: fz.LiteralValue.error(kind, None) for code, kind in ERROR_KINDS.items()}
_SEED = 20090103


FAILURES = (
    fz.ExcelEvaluationError,
    fz.FormualizerHostError,
    fz.ParserError,
    fz.TokenizerError,
    ValueError,
    RuntimeError,
)


class Trouble:
    """What a cell evaluated to when the engine could not compute it."""

    __slots__ = ("cause",)

    def __init__(self, cause: str) -> None:
        self.cause = cause


#: What stands for an answer where the engine gave none: blank cells come out as 0, so that nothing means a failure.
NOTHING = Trouble("engine-unsupported: the engine gave no value")
_TROUBLES = {kind: Trouble(cause) for kind, cause in TROUBLE.items()}
_ERRORS = {kind: CellError(code) for kind, code in ERROR_CODES.items()}


@dataclass(frozen=True, slots=True)
class Settings:
    """How a workbook calculates."""

    date1904: bool = False
    iterate: bool = False
    iterations: int = 100
    max_change: float = 0.001
    now: dt.datetime = dt.datetime(2000, 1, 1)
    seed: int = _SEED


def sheet_name(name: str) -> str:
    """Return what a sheet is called in the engine, which has a sheet of its own and tells capitals apart."""
    return "Sheet1" if name.lower() == "sheet1" else name


def to_engine(value: Any) -> Any:
    """Return a worksheet value as the engine takes it."""
    if value.__class__ is float or value.__class__ is str:
        return value
    if isinstance(value, CellError):
        return _ERROR_VALUES.get(value.code) or _ERROR_VALUES["#VALUE!"]
    return value


def from_engine(value: Any) -> Any:
    """Return what the engine computed as a worksheet value, or the trouble it had."""
    kind = value.__class__
    if kind is float:
        return value if value - value == 0 else _ERRORS["Num"]
    if kind is str or kind is bool or value is None:
        return value
    if kind is int:
        return float(value)
    if kind is dict:
        name = value.get("kind")
        return _ERRORS.get(name) or _TROUBLES.get(name) or _ERRORS["Value"]
    if kind is list:
        return [[from_engine(cell) for cell in row] for row in value]
    return _temporal(value)


def _temporal(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return (value - dt.datetime(1899, 12, 30)) / dt.timedelta(days=1)
    if isinstance(value, dt.date):
        return float((value - dt.date(1899, 12, 30)).days)
    if isinstance(value, dt.time):
        return (value.hour * 3600 + value.minute * 60 + value.second) / 86400
    if isinstance(value, dt.timedelta):
        return value / dt.timedelta(days=1)
    return _ERRORS["Value"]


@cache
def knows(name: str) -> bool:
    """Say whether the engine has a worksheet function, by asking it."""
    probe = fz.Workbook(mode=fz.WorkbookMode.Interactive)
    sheet = probe.sheet("S")
    try:
        sheet.set_formula(1, 1, f"={name}()")
        probe.evaluate_all()
        value = sheet.get_values(fz.RangeAddress("S", 1, 1, 1, 1))[0][0]
    except Exception:
        return False
    return not (isinstance(value, dict) and value.get("kind") in ("Name", "Error"))


class Engine:
    """One workbook inside the engine."""

    def __init__(self, sheets: Sequence[str], settings: Settings) -> None:
        config = fz.EvaluationConfig()
        config.enable_parallel = False
        config.cycle_detection = "runtime"
        config.workbook_seed = settings.seed
        if settings.date1904:
            config.date_system = "1904"
        if settings.iterate:
            config.cycle_policy = "iterate"
            config.iterate_max_iterations = max(1, min(settings.iterations, 32767))
            config.iterate_max_change = settings.max_change
        self.settings = settings
        mode = fz.WorkbookMode.Interactive
        self.mode = mode
        self.config = fz.WorkbookConfig(mode=mode, eval_config=config, enable_changelog=False)
        self.now = settings.now.replace(tzinfo=dt.UTC)
        self._adopt(fz.Workbook(mode=mode, config=self.config), sheets)
        self.date_offset = 1462 if settings.date1904 else 0
        self.reason = ""
        self.failure = ""
        self.interrupted = False
        self.idle = False
        self.kept: dict[int, Any] = {}
        self.blocked: set[int] = set()  # anchors that show #SPILL! from their next computation on
        self.failed: set[str] = set()

    def _adopt(self, workbook: fz.Workbook, sheets: Sequence[str]) -> None:
        self.workbook = workbook
        workbook.set_temporal_egress("serial")
        workbook.set_deterministic_clock(self.now)
        self.names = list(sheets)
        self.sheets = [workbook.sheet(name) for name in sheets]

    def close(self) -> None:
        """Let go of all cells."""
        self._adopt(fz.Workbook(mode=self.mode), self.names)
        self.kept.clear()

    def load(self, package: bytes) -> None:
        """Take all cells from a package, before any function is registered.

        Raises
        ------
        OSError
            The engine cannot read it.
        """
        self._adopt(fz.Workbook.from_bytes(package, mode=self.mode, config=self.config), self.names)

    # --- cells ------------------------------------------------------------------------------------------------

    def set_block(self, sheet: int, row: int, column: int, rows: list[list[Any]]) -> None:
        """Set the values of a rectangle."""
        if self.idle:
            return
        self.sheets[sheet].set_values_batch(row, column, len(rows), len(rows[0]), rows)

    def set_formula_block(self, sheet: int, row: int, column: int, rows: list[list[str]]) -> None:
        """Set the formulas of a rectangle without gaps; each begins with an equals sign."""
        self.sheets[sheet].set_formulas_batch(row, column, len(rows), len(rows[0]), rows)

    def set_value(self, sheet: int, row: int, column: int, value: Any) -> None:
        """Set one value."""
        self.sheets[sheet].set_values_batch(row, column, 1, 1, [[to_engine(value)]])

    def set_formula(self, sheet: int, row: int, column: int, text: str) -> None:
        """Set one formula."""
        self.sheets[sheet].set_formula(row, column, text)

    def evaluate(self) -> None:
        """Compute everything that is not up to date.

        Raises
        ------
        KeyboardInterrupt
            The user stopped the run while a Python function was being called.
        """
        self.workbook.evaluate_all()
        if self.interrupted:
            raise KeyboardInterrupt

    def has_unsettled_loops(self) -> bool:
        """Say whether a loop was left after the last pass although it still moved."""
        telemetry = self.workbook.last_cycle_telemetry()
        return telemetry is not None and telemetry.capped_sccs > 0

    def read_block(self, sheet: int, top: int, left: int, bottom: int, right: int) -> list[list[Any]]:
        """Return the engine's values of a rectangle, as the engine gives them."""
        return self.sheets[sheet].get_values(fz.RangeAddress(self.names[sheet], top, left, bottom, right))

    def evaluate_cell(self, sheet: int, row: int, column: int) -> None:
        """Compute one cell and what it needs."""
        self.workbook.evaluate_cell(self.names[sheet], row, column)

    def reasons(self, formulas: Sequence[tuple[int, int, str]]) -> list[tuple[str, str]]:
        """Compute formulas (sheet, row, text) once more, all in one round and beside the cells, to hear why they fail.

        Of each the first reason that a function gave for an error is returned, and how a function failed; "" for none.
        """
        found: list[tuple[str, str]] = [("", "")] * len(formulas)

        def begin() -> float:
            self.reason = self.failure = ""
            return 0.0

        def tell(number: float, _: Any, __: Any) -> float:
            found[int(number)] = (self.reason, self.failure)
            return 0.0

        self.workbook.register_function(_BEGIN, begin, min_args=0, max_args=0, volatile=True)
        self.workbook.register_function(_TELL, tell, min_args=3, max_args=3)
        columns: dict[tuple[int, int], int] = {}
        places: list[tuple[int, int, int]] = []
        for number, (sheet, row, text) in enumerate(formulas):
            column = columns[sheet, row] = columns.get((sheet, row), MAX_COLUMNS + 1) - 1
            places.append((sheet, row, column))
            with suppress(*FAILURES):
                self.set_formula(sheet, row, column, f"={_TELL}({number},{_BEGIN}(),{text})")
        kept = dict(self.kept)
        with suppress(*FAILURES):
            self.evaluate()
        self.kept = kept
        for sheet, row, column in places:
            self.set_value(sheet, row, column, None)
        return found

    # --- functions --------------------------------------------------------------------------------------------

    def register(self, name: str, implementation: Any) -> None:
        """Make a catalogue function, a native function or the caller of LAMBDAs callable from formulas."""
        if name == LAMBDA:
            self._register_lambda()
            return
        if hasattr(implementation, "parameters"):
            fast = implementation.scalar_call if not self.date_offset else None
            extra = {"date_offset": self.date_offset} if self.date_offset else {}
            self._register(name, implementation.call, 0, None, extra, fast)
        else:
            limits = implementation.min_args, implementation.max_args
            self._register(name, implementation.callable, *limits, {"date_offset": self.date_offset})

    def register_keeper(self) -> None:
        """Register the function that keeps an array aside and returns its corner."""

        def keep(key: float, value: Any) -> Any:
            if value.__class__ is dict and value.get("kind") in TROUBLE:
                return fz.LiteralValue.error(str(value["kind"]), None)
            self.kept[int(key)] = value
            if key in self.blocked:
                return _ERROR_VALUES["#SPILL!"]
            corner = value
            if value.__class__ is list:
                corner = value[0][0] if value and value[0] else None
            return to_engine(from_engine_error(corner)) if corner.__class__ is dict else corner

        self.workbook.register_function(KEEP, keep, min_args=2, max_args=2)

    def _register_lambda(self) -> None:
        from ..formulas.implementations import implementation
        from ..formulas.lambdas import EACH, Scratch, call

        def callback(kind: str, body: str, used: str, depth: float, free: float, *arguments: Any) -> Any:
            scratch = Engine(["S"], self.settings)
            try:
                for name in used.split():
                    scratch.register(name, None if name == LAMBDA else implementation(name))
                values = [None if each == MISSING_TEXT else each for each in arguments]
                count = int(free)
                answer = call(
                    kind, body, Scratch(scratch.workbook, int(depth), _settable), values[:count], values[count:]
                )
            except FAILURES as error:
                what = body.partition("(")[0] if kind == EACH else kind
                return self._failed(LAMBDA, f"{what} failed: {type(error).__name__}: {error}")
            if isinstance(answer, list):
                return [[_settable(cell) for cell in row] for row in answer]
            return _settable(answer)

        self.workbook.register_function(LAMBDA, callback, min_args=5)

    def _register(
        self,
        name: str,
        call: Callable[..., Any],
        least: int,
        most: int | None,
        extra: dict[str, int],
        fast: Callable[[Sequence[Any]], Any] | None = None,
    ) -> None:
        def callback(*arguments: Any) -> Any:
            try:
                if fast is not None:
                    answer = fast(arguments)
                    if answer is not None:
                        return answer  # a finite float, a text or a truth value
                for argument in arguments:
                    kind = argument.__class__
                    if kind is not float and (kind is not str or argument[:1] == "\ue000"):
                        given = [to_argument(each) for each in arguments]
                        lacking = next((each for each in given if each.__class__ is _ModelGap), None)
                        answer = call(*given, **extra) if lacking is None else lacking
                        break
                else:
                    answer = call(*arguments, **extra)
            except KeyboardInterrupt:
                self.interrupted = True
                self.workbook.cancel()
                return _ERROR_VALUES["#VALUE!"]
            except Exception as error:
                return self._failed(name, f"{name} failed: {type(error).__name__}: {error}")
            kind = answer.__class__
            if kind is float:
                return answer if answer - answer == 0 else _ERROR_VALUES["#NUM!"]
            if kind is str or kind is bool:
                return answer
            return self._answer(name, answer)

        self.workbook.register_function(name, callback, min_args=least, max_args=most, allow_override_builtin=True)

    def _failed(self, name: str, failure: str) -> Any:
        """Note that a function could not answer, which is no error of the worksheet; return what stands for it."""
        self.failure = f"function-error: {failure}"
        self.failed.add(name)
        return _ERROR_VALUES["#VALUE!"]

    def _answer(self, name: str, answer: Any) -> Any:
        if isinstance(answer, list | tuple):
            if not answer:
                return _ERROR_VALUES["#VALUE!"]
            if not isinstance(answer[0], list | tuple):
                answer = [answer]
            rows = []
            for row in answer:
                rows.append(
                    [
                        cell
                        if (cell.__class__ is float and cell - cell == 0) or cell.__class__ is str
                        else self._cell(name, cell)
                        for cell in row
                    ]
                )
            return rows
        return self._cell(name, answer)

    def _cell(self, name: str, value: Any) -> Any:
        if value is None or isinstance(value, bool | str):
            return value
        if isinstance(value, CellError):
            if value.code == UNDECIDED or value.reason.startswith("internal error"):
                return self._failed(name, value.reason)
            if value.reason and not self.reason:
                self.reason = value.reason
            return _ERROR_VALUES.get(value.code) or _ERROR_VALUES["#VALUE!"]
        try:
            number = float(value)
        except (TypeError, ValueError):
            return str(value)
        return number if math.isfinite(number) else _ERROR_VALUES["#NUM!"]


def from_engine_error(value: dict[str, Any]) -> CellError:
    """Return the worksheet error in an engine's error record."""
    return _ERRORS.get(str(value.get("kind"))) or _ERRORS["Value"]


class _ModelGap(CellError):  # noqa: N818 - a value, not an exception
    """What a call without arguments would have read from the workbook, which lacks it: the answer of the call."""

    __slots__ = ()


def _settable(value: Any) -> Any:
    return to_engine(from_engine_error(value)) if value.__class__ is dict else value


def to_argument(value: Any) -> Any:
    """Return what the engine holds as an argument of the package's own functions."""
    kind = value.__class__
    if kind is float or kind is bool or value is None:
        return value
    if kind is str:
        if not value.startswith(MISSING_TEXT):
            return value
        if len(value) == len(MISSING_TEXT):
            return MISSING
        return _ModelGap("#N/A", f"the workbook has no {value[len(MISSING_TEXT) + 1 :]}")
    if kind is dict:
        return from_engine_error(value)
    if kind is list:
        if dict in {cell.__class__ for row in value for cell in row}:
            return [[from_engine_error(cell) if cell.__class__ is dict else cell for cell in row] for row in value]
        return value
    if kind is int:
        return float(value)
    return _temporal(value)
