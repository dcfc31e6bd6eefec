"""The calculation engine (formualizer) behind a small surface."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import formualizer as fz

from ..references import Place
from .calls import Calls
from .engine_values import Settings, to_engine


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
        self.calls.notes.clear()
        run()
        telemetry = self.workbook.last_cycle_telemetry()
        self.looping = met or (telemetry is not None and telemetry.static_sccs > 0)
        if self.calls.interrupted:
            raise KeyboardInterrupt
