"""A small book and a way to run the command in this process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import xlsxwriter

from rebalance_xl.cli import app


@dataclass(frozen=True, slots=True)
class Answer:
    """What a run of the command gave."""

    code: int
    out: str
    err: str


Run = Callable[..., Answer]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `rebalance-xl` with some words and return exit code and output."""

    def call(*words: object) -> Answer:
        capsys.readouterr()
        try:
            app([str(word) for word in words], prog_name="rebalance-xl")
            code = 0
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else 0
        out, err = capsys.readouterr()
        return Answer(code, out, err)

    return call


def write_book(path: Path, sol: float = 4000.0, extra: str = "") -> Path:
    """Write the practical example with formulas that have no right cached values yet."""
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("Book")
        rows = [["BTC", 5000.0, 0.45, 0.05], ["ETH", 3000.0, 0.3, 0.05], ["SOL", sol, 0.2, 0.05]]
        columns = [{"header": name} for name in ("Asset", "Value", "Target", "Band")]
        sheet.add_table(0, 0, 3, 3, {"name": "Portfolio", "columns": columns, "data": rows})
        sheet.write_dynamic_array_formula("F2:F4", "=TRIM_AMOUNT()", None, 0)
        sheet.write_formula("H2", "=SUM(Portfolio[Value])", None, 0)
        if extra:
            sheet.write_formula("I2", extra, None, 7)
    return path


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """Return the practical example as a file."""
    return write_book(tmp_path / "book.xlsx")
