"""Values as worksheets have them and as the engine (formualizer) has them, and the troubles that it may have."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from itertools import chain
from typing import Any

import formualizer as fz

from ...cells import ERROR_CODES, MISSING, CellError
from ..formulas.compiling_catalogue import MISSING_TEXT

#: Kinds of engine errors that are no worksheet errors, with the cause they are reported under.
TROUBLE = {"Circ": "circular"} | dict.fromkeys(("NImpl", "Error"), "engine-unsupported: the engine cannot compute it")
#: What the engine calls the errors of worksheets: #DIV/0! is Div.
_KINDS = {code: "".join(filter(str.isalpha, code)).capitalize() for code in ERROR_CODES if code != "#GETTING_DATA"}
ERROR_VALUES = {code: fz.LiteralValue.error(kind, None) for code, kind in _KINDS.items()}
#: What the engine raises when it cannot read or compute something.
FAILURES = (
    fz.ExcelEvaluationError,
    fz.FormualizerHostError,
    fz.ParserError,
    fz.TokenizerError,
    ValueError,
    RuntimeError,
)


@dataclass(slots=True, eq=False)
class Trouble:
    """What a cell evaluated to when the engine could not compute it."""

    cause: str


#: What stands for an answer where the engine gave none: blank cells come out as 0, so that nothing means a failure.
NOTHING = Trouble("engine-unsupported: the engine gave no value")
_TROUBLES = {kind: Trouble(cause) for kind, cause in TROUBLE.items()}
_ERRORS = {kind: CellError(code) for code, kind in _KINDS.items()}


@dataclass(frozen=True, slots=True)
class Settings:
    """How a workbook calculates."""

    date1904: bool = False
    iterate: bool = False
    iterations: int = 100
    max_change: float = 0.001
    now: dt.datetime = dt.datetime(2000, 1, 1)
    seed: int = 20090103

    @property
    def date_offset(self) -> int:
        """How many days the day 0 of the workbook lies after that of the 1900 system."""
        return 1462 if self.date1904 else 0

    def config(self) -> fz.WorkbookConfig:
        """Return what the engine is told."""
        config = fz.EvaluationConfig()
        config.enable_parallel = False
        config.cycle_detection = "runtime"
        config.workbook_seed = self.seed
        if self.date1904:
            config.date_system = "1904"
        if self.iterate:
            config.cycle_policy = "iterate"
            config.iterate_max_iterations = max(1, min(self.iterations, 32767))
            config.iterate_max_change = self.max_change
        return fz.WorkbookConfig(mode=fz.WorkbookMode.Interactive, eval_config=config, enable_changelog=False)

    def adopted(self, workbook: fz.Workbook) -> fz.Workbook:
        """Return a workbook of the engine with its clock set."""
        workbook.set_temporal_egress("serial")
        workbook.set_deterministic_clock(self.now.replace(tzinfo=dt.UTC))
        return workbook

    def new_workbook(self) -> fz.Workbook:
        """Return an empty workbook of the engine."""
        return self.adopted(fz.Workbook(mode=fz.WorkbookMode.Interactive, config=self.config()))


def to_engine(value: Any) -> Any:
    """Return a worksheet value, or what a function got from the engine, as the engine takes it."""
    if value.__class__ is float or value.__class__ is str:
        return value
    if value.__class__ is dict:
        value = from_engine_error(value)
    if isinstance(value, CellError):
        return ERROR_VALUES.get(value.code) or ERROR_VALUES["#VALUE!"]
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
    return _ERRORS["Value"]


def from_engine_error(value: dict[str, Any]) -> CellError:
    """Return the worksheet error in an engine's error record."""
    return _ERRORS.get(str(value.get("kind"))) or _ERRORS["Value"]


class ModelGap(CellError):  # noqa: N818 - a value, not an exception
    """What a call without arguments would have read from the workbook, which lacks it: the answer of the call."""

    __slots__ = ()


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
        return ModelGap("#N/A", f"the workbook has no {value[len(MISSING_TEXT) + 1 :]}")
    if kind is dict:
        return from_engine_error(value)
    if kind is list:
        if dict in {*map(type, chain.from_iterable(value))}:
            return [[from_engine_error(cell) if cell.__class__ is dict else cell for cell in row] for row in value]
        return value
    return float(value)
